//! What a folder that should hold a recording may hold.

use std::{
    collections::HashMap,
    io::{self, ErrorKind},
    sync::{Arc, Mutex, MutexGuard},
};

use mediaseal::vault::{
    Dek, WrappedKey,
    recording::{Reader, Storage, Verdict, envelope, header, recover, verify},
};

/// The files of a folder, by the first octet of what the input says of each. The first is the key that the recording may have.
const NAMES: [&str; 10] = [
    "dek",
    "header",
    "envelope",
    "manifest",
    "checkpoints",
    "0000000000.seg",
    "0000000001.seg",
    "0000000000.000000.tail",
    "0000000000.000001.tail",
    "new",
];

/// Any octets as the files of a recording, each behind u8(name) ‖ u16(length): it is verified, read and recovered. Nobody vouches for it, nothing that was damaged is delivered,
/// and what recovery has closed it need not close again.
///
/// # Panics
/// If it is not so, or if a reader panics.
pub fn recordings(input: &[u8]) {
    if let Ok(wrapped) = WrappedKey::from_bytes(input) {
        assert_eq!(wrapped.to_bytes().expect("as it was read"), input);
    }
    let mut files = folder(input);
    let dek = files.remove(NAMES[0]);
    let storage = Arc::new(Memory(Mutex::new(files)));
    if header(&*storage).is_err() {
        return;
    }
    // Its octets are what is checked here.
    drop(envelope(&*storage));
    if let Ok(found) = verify(&*storage, None) {
        assert_ne!(found.verdict, Verdict::Complete, "nobody was named");
    }
    if let Some(dek) = dek.as_deref().and_then(|dek| dek.try_into().ok()) {
        read(&storage, &Dek::from_bytes(dek));
    }
    if recover(&*storage).is_ok() {
        let again = recover(&*storage).expect("it is whole now");
        assert_eq!((again.closed_segments, again.discarded), (0, 0));
    }
}

/// Goes through all tracks; damage costs a chunk at most, and never the end.
fn read(storage: &Arc<Memory>, dek: &Dek) {
    let Ok(mut reader) = Reader::open(Arc::<Memory>::clone(storage), dek) else {
        return;
    };
    let tracks: Vec<u16> = reader.tracks().map(|track| track.track).collect();
    for track in tracks {
        let mut cursor = reader.start_of(track).expect("it has this track");
        let mut damaged = 0;
        loop {
            match reader.next_frame(&mut cursor) {
                Ok(Some(_)) => {}
                Ok(None) => break,
                Err(_) => damaged += 1,
            }
            assert!(damaged < 1000, "it goes on past what is damaged");
        }
    }
}

fn folder(mut input: &[u8]) -> HashMap<String, Vec<u8>> {
    let mut files = HashMap::new();
    while let [name, high, low, rest @ ..] = input {
        let len = usize::from(u16::from_be_bytes([*high, *low])).min(rest.len());
        let (octets, behind) = rest.split_at(len);
        let name = NAMES[usize::from(*name) % NAMES.len()];
        files.insert(name.to_owned(), octets.to_vec());
        input = behind;
    }
    files
}

/// Files in memory.
pub(super) struct Memory(pub(super) Mutex<HashMap<String, Vec<u8>>>);

impl Memory {
    fn files(&self) -> MutexGuard<'_, HashMap<String, Vec<u8>>> {
        self.0.lock().expect("nobody panics with it")
    }
}

fn absent() -> io::Error {
    ErrorKind::NotFound.into()
}

impl Storage for Memory {
    fn create_new(&self, name: &str, octets: &[u8]) -> io::Result<()> {
        if self.files().contains_key(name) {
            return Err(ErrorKind::AlreadyExists.into());
        }
        self.files().insert(name.to_owned(), octets.to_vec());
        Ok(())
    }

    fn append(&self, name: &str, octets: &[u8]) -> io::Result<()> {
        let mut files = self.files();
        files.get_mut(name).ok_or_else(absent)?.extend(octets);
        Ok(())
    }

    fn sync(&self, _: &str) -> io::Result<()> {
        Ok(())
    }

    fn sync_names(&self) -> io::Result<()> {
        Ok(())
    }

    fn rename(&self, from: &str, to: &str) -> io::Result<()> {
        let octets = self.files().remove(from).ok_or_else(absent)?;
        self.files().insert(to.to_owned(), octets);
        Ok(())
    }

    fn read(&self, name: &str, offset: u64, len: usize) -> io::Result<Vec<u8>> {
        let files = self.files();
        let octets = files.get(name).ok_or_else(absent)?;
        let from = usize::try_from(offset).map_or(octets.len(), |from| from.min(octets.len()));
        let to = from.saturating_add(len).min(octets.len());
        Ok(octets[from..to].to_vec())
    }

    fn len(&self, name: &str) -> io::Result<u64> {
        let files = self.files();
        Ok(files.get(name).ok_or_else(absent)?.len() as u64)
    }

    fn list(&self) -> io::Result<Vec<String>> {
        Ok(self.files().keys().cloned().collect())
    }

    fn delete(&self, name: &str) -> io::Result<()> {
        self.files().remove(name).map(drop).ok_or_else(absent)
    }

    fn lock(&self) -> io::Result<Box<dyn Send>> {
        Ok(Box::new(()))
    }
}
