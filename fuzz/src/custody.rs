//! What custody may be handed in as: URLs, wrapped keys, records, and stores that somebody altered.

use std::{
    fs,
    path::{Path, PathBuf},
    sync::{Arc, OnceLock},
};

use mediaseal::vault::{
    Dek, WrapContext, WrappedKey,
    audit::{AuditError, AuditEvent, CallbackSink},
    custody::{
        Access, Custody, CustodyOptions, DekId, Everybody, FileProvider, KeyProvider, NewKek,
        ProviderUrl, RecordPlace,
    },
};

use super::Orders;

const PASSPHRASE: &str = "of the fuzzer's own";
/// The least that there can be: what is tried here is not Argon2.
const COST: &str = "$argon2id$v=19$m=8,t=1,p=1$c2l4dGVlbiBvY3RldHMuLg";
const RECORD: &[u8] = b"patient is well";
const PLACE: RecordPlace<'_> = RecordPlace {
    table: "calls",
    column: "notes",
    row_id: b"4711",
};

/// Custody with a key, a data key, a wrapped key and a record.
struct Genuine {
    custody: Custody,
    access: Access,
    dek: (DekId, Dek),
    wrapped: WrappedKey,
    record: Vec<u8>,
    provider: Arc<dyn KeyProvider>,
    folder: PathBuf,
    /// The files of both stores.
    store: Vec<u8>,
    keys: Vec<u8>,
}

fn context() -> WrapContext {
    WrapContext {
        purpose: b"an export".to_vec(),
        region: "eu".to_owned(),
    }
}

fn options(provider: &Arc<dyn KeyProvider>) -> CustodyOptions {
    let nowhere = CallbackSink::new(|_: &AuditEvent| Ok::<(), AuditError>(()));
    CustodyOptions::new(Arc::clone(provider), Arc::new(Everybody), Arc::new(nowhere))
}

fn genuine() -> &'static Genuine {
    static GENUINE: OnceLock<Genuine> = OnceLock::new();
    GENUINE.get_or_init(|| {
        let folder = std::env::temp_dir().join(format!("mediaseal-fuzz-{}", std::process::id()));
        drop(fs::remove_dir_all(&folder));
        fs::create_dir_all(&folder).expect("a folder");
        let cost = COST.parse().expect("parameters");
        let keys = FileProvider::create(folder.join("keys"), "eu", PASSPHRASE, &cost);
        let provider: Arc<dyn KeyProvider> = Arc::new(keys.expect("a store"));
        let custody = Custody::create(folder.join("store"), options(&provider)).expect("a store");
        let access = Access::of("fuzzer");
        let new = NewKek::new("acme", "eu", "calls");
        let kek = custody.create_kek(&access, &new).expect("a key");
        let dek = custody.new_dek(&access, &kek.id).expect("a data key");
        let given = Dek::from_bytes(&[7; 32]);
        let wrapped = custody.wrap(&access, &kek.id, &given, &context());
        let record = custody.seal_record(&access, &dek.0, &PLACE, RECORD);
        // What lies in a log beside the file is none of what is altered here: whole stores are, each by one connection alone.
        let read = |name: &str| whole(&folder, name);
        let (store, keys) = (read("store"), read("keys"));
        Genuine {
            custody,
            access,
            dek,
            wrapped: wrapped.expect("a wrapped key"),
            record: record.expect("a record"),
            provider,
            folder: folder.clone(),
            store,
            keys,
        }
    })
}

/// The octets of a store, with what its write-ahead log has: closing a copy's last connection writes that in.
fn whole(folder: &Path, name: &str) -> Vec<u8> {
    let copy = folder.join(format!("{name}-copy"));
    for end in ["", "-wal"] {
        let from = folder.join(format!("{name}{end}"));
        if from.exists() {
            let to = folder.join(format!("{name}-copy{end}"));
            fs::copy(from, to).expect("a copy");
        }
    }
    if name == "keys" {
        drop(FileProvider::open(&copy, PASSPHRASE).expect("the same"));
    } else {
        let cost = COST.parse().expect("parameters");
        let other = folder.join("other");
        let keys = FileProvider::create(&other, "eu", PASSPHRASE, &cost);
        let provider: Arc<dyn KeyProvider> = Arc::new(keys.expect("a store"));
        drop(Custody::open(&copy, options(&provider)).expect("the same"));
    }
    fs::read(&copy).expect("a copy")
}

/// Takes `input` for what its first octet says: a provider's URL, a wrapped key, changes of a record, of a wrapped key, of the store of custody or of a
/// `file:` provider. What is read is written as it came, and nothing opens but what is genuine, as what it is.
///
/// # Panics
/// If it is not so, or if a reader panics.
pub fn custody(input: &[u8]) {
    let Some((kind, rest)) = input.split_first() else {
        return;
    };
    match kind % 6 {
        0 => url(rest),
        1 => wrapped_key(rest),
        2 => record(rest),
        3 => altered_wrapped_key(rest),
        4 => store(rest),
        _ => keys(rest),
    }
}

fn url(input: &[u8]) {
    let Ok(text) = std::str::from_utf8(input) else {
        return;
    };
    let Ok(url) = text.parse::<ProviderUrl>() else {
        return;
    };
    let written = url.to_string();
    // Encoding makes some longer than a URL may be.
    if written.len() <= 4_096 {
        assert_eq!(written.parse::<ProviderUrl>().as_ref().ok(), Some(&url));
    }
    let known = url.only(&["region"]).is_ok();
    assert!(!known || url.query().iter().all(|(name, _)| name == "region"));
    let path = url.path().unwrap_or_default();
    assert!(!path.chars().any(char::is_control));
    let attributes = url.path_attributes().unwrap_or_default();
    for (at, (name, _)) in attributes.iter().enumerate() {
        assert!(attributes[..at].iter().all(|(other, _)| other != name));
    }
    #[cfg(feature = "pkcs11")]
    drop(mediaseal::vault::custody::pkcs11::TokenName::from_url(&url));
    #[cfg(feature = "awskms")]
    {
        use mediaseal::vault::custody::{SecretKind, awskms};
        use zeroize::Zeroizing;
        // Opening asks nobody; only a URL of KMS passes.
        let none = |_: SecretKind, _: &ProviderUrl| None::<Zeroizing<String>>;
        let opened = awskms::KmsProvider::open(&url, none, &awskms::KmsOptions::default());
        assert!(opened.is_err() || url.scheme() == "awskms");
    }
}

fn wrapped_key(input: &[u8]) {
    if let Ok(wrapped) = WrappedKey::from_bytes(input) {
        assert_eq!(wrapped.to_bytes().expect("as it was read"), input);
        let text = wrapped.to_text().expect("as it was read");
        assert_eq!(WrappedKey::from_text(&text).expect("its own text"), wrapped);
        refused_or_genuine(&wrapped);
    }
    if let Ok(text) = std::str::from_utf8(input)
        && let Ok(wrapped) = WrappedKey::from_text(text)
    {
        assert_eq!(wrapped.to_text().expect("as it was read"), text);
    }
}

fn refused_or_genuine(wrapped: &WrappedKey) {
    let genuine = genuine();
    let opened = genuine.custody.unwrap(&genuine.access, wrapped, &context());
    assert_eq!(opened.is_ok(), *wrapped == genuine.wrapped);
    // A provider is not asked about the name that it goes by.
    if let Ok(dek) = genuine.provider.unwrap(wrapped, &context()) {
        assert_eq!(dek.expose(), &[7; 32]);
    }
}

fn altered_wrapped_key(input: &[u8]) {
    let octets = genuine().wrapped.to_bytes().expect("octets");
    let altered = altered(&octets, input);
    if let Ok(wrapped) = WrappedKey::from_bytes(&altered) {
        refused_or_genuine(&wrapped);
    }
}

fn record(input: &[u8]) {
    let genuine = genuine();
    let altered = altered(&genuine.record, input);
    let opened = genuine
        .custody
        .open_record(&genuine.access, &PLACE, &altered);
    assert_eq!(opened.is_ok(), altered == genuine.record);
    assert!(opened.is_err() || opened.is_ok_and(|opened| *opened == RECORD));
    let elsewhere = RecordPlace {
        row_id: input,
        ..PLACE
    };
    let opened = genuine
        .custody
        .open_record(&genuine.access, &elsewhere, &altered);
    assert!(opened.is_err() || input == PLACE.row_id);
}

/// A store of custody whose file was altered: it says so, or gives the key out that it has.
fn store(input: &[u8]) {
    let genuine = genuine();
    let path = genuine.folder.join("altered-store");
    place(&path, &altered(&genuine.store, input));
    let Ok(custody) = Custody::open(&path, options(&genuine.provider)) else {
        return;
    };
    let access = &genuine.access;
    drop(custody.verify(access));
    for info in custody.keks(access).unwrap_or_default() {
        drop(custody.history(access, &info.spec.kek));
        drop(custody.tombstone(access, &info.spec.kek));
    }
    if let Ok(opened) = custody.open_dek(access, &genuine.dek.0) {
        assert_eq!(opened.expose(), genuine.dek.1.expose());
    }
    if let Ok(opened) = custody.open_record(access, &PLACE, &genuine.record) {
        assert_eq!(*opened, RECORD);
    }
}

/// The file of a `file:` provider that was altered, likewise. What says how much Argon2 costs stays as it is: its bounds are much for a fuzzer.
fn keys(input: &[u8]) {
    let genuine = genuine();
    let octets = altered(&genuine.keys, input);
    let cost = COST.as_bytes();
    if !octets.windows(cost.len()).any(|octets| octets == cost) {
        return;
    }
    let path = genuine.folder.join("altered-keys");
    place(&path, &octets);
    let Ok(provider) = FileProvider::open(&path, PASSPHRASE) else {
        return;
    };
    drop(provider.verify());
    if let Ok(dek) = provider.unwrap(&genuine.wrapped, &context()) {
        assert_eq!(dek.expose(), &[7; 32]);
    }
}

/// Puts a store alone at a path: no log of another lies beside it.
fn place(path: &Path, octets: &[u8]) {
    for end in ["-wal", "-shm", "-journal"] {
        let mut beside = path.as_os_str().to_owned();
        beside.push(end);
        drop(fs::remove_file(beside));
    }
    fs::write(path, octets).expect("a file");
}

/// Changes of octets, each u16(where) ‖ u8(what it is XORed with); the first octet says whether the end is cut or goes on.
fn altered(octets: &[u8], input: &[u8]) -> Vec<u8> {
    let mut octets = octets.to_vec();
    let mut orders = Orders(input);
    match orders.below(8) {
        1 => octets.truncate(orders.below(256) * octets.len() / 256),
        2 => octets.extend_from_slice(orders.octets()),
        _ => {}
    }
    while let [high, low, change, rest @ ..] = orders.0 {
        let at = usize::from(u16::from_be_bytes([*high, *low]));
        let len = octets.len().max(1);
        if let Some(octet) = octets.get_mut(at % len) {
            *octet ^= change;
        }
        orders.0 = rest;
    }
    octets
}
