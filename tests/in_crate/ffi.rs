//! What only the inside of the library can cause: panics, at every entry and while an object is in use.

use core::ffi::CStr;
use core::ptr::null_mut;
use std::collections::BTreeSet;

use super::boundary::injected::{Place, ask};
use super::cipher::mediaseal_cipher;
#[cfg(feature = "keychain")]
use super::custody::keychain;
#[cfg(feature = "custody")]
use super::custody::{inspect, keks, keys, provider, store};
use super::decryptor::mediaseal_decryptor;
use super::encryptor::mediaseal_encryptor;
#[cfg(feature = "recording")]
use super::grants;
use super::key_store::mediaseal_key_store;
#[cfg(feature = "recording")]
use super::locked;
use super::numbers::*;
use super::status::*;
use super::{
    batch, channel, channel_store, cipher, codec, counter_store, decryptor, diagnosis, encryptor,
    general, key_store, proof, rtp,
};
#[cfg(feature = "recording")]
use super::{player, recordings};
use crate::cipher::{Tier, Verdict};
use crate::error::{Class, Error, StoreFault};

/// An argument that says nothing.
trait Zero {
    const ZERO: Self;
}

impl<T> Zero for *const T {
    const ZERO: Self = core::ptr::null();
}

impl<T> Zero for *mut T {
    const ZERO: Self = null_mut();
}

impl<T> Zero for Option<T> {
    const ZERO: Self = None;
}

impl Zero for u32 {
    const ZERO: Self = 0;
}

impl Zero for u64 {
    const ZERO: Self = 0;
}

impl Zero for usize {
    const ZERO: Self = 0;
}

/// A function by its name, and a call of it with arguments that say nothing.
type Entry = (&'static str, fn() -> mediaseal_status);

macro_rules! entry {
    ($module:ident::$name:ident($($argument:tt)*)) => {
        // SAFETY: NULL and 0 are arguments that every function checks for.
        (stringify!($name), || unsafe { $module::$name($(entry!(@ $argument)),*) })
    };
    (@ _) => {
        Zero::ZERO
    };
}

/// Every function that returns a status.
fn entries() -> Vec<Entry> {
    let mut entries: Vec<Entry> = vec![
        entry!(general::mediaseal_constant(_ _)),
        entry!(general::mediaseal_struct_size(_ _)),
        entry!(general::mediaseal_cpu_tier(_)),
        entry!(general::mediaseal_cpu_verdict(_ _)),
        entry!(general::mediaseal_cpu_text(_ _ _)),
        entry!(general::mediaseal_wipe(_ _)),
        entry!(general::mediaseal_key_generate(_ _ _)),
        entry!(general::mediaseal_key_from_hex(_ _ _ _)),
        entry!(general::mediaseal_key_from_base64(_ _ _ _)),
        entry!(general::mediaseal_key_from_passphrase(_ _ _ _ _ _)),
        entry!(general::mediaseal_passphrase_params_generate(_ _ _)),
        entry!(general::mediaseal_kid_mls(_ _ _ _ _ _)),
        entry!(general::mediaseal_kid_ratcheted(_ _ _ _)),
        entry!(general::mediaseal_kid_mls_split(_ _ _ _ _ _)),
        entry!(general::mediaseal_kid_ratcheted_split(_ _ _ _)),
        entry!(general::mediaseal_epoch_describe(_ _ _)),
        entry!(general::mediaseal_epoch_describe_text(_ _)),
        entry!(cipher::mediaseal_cipher_builtin(_ _ _)),
        entry!(cipher::mediaseal_cipher_register(_ _ _ _)),
        entry!(cipher::mediaseal_cipher_load(_ _ _ _)),
        entry!(cipher::mediaseal_cipher_describe(_ _)),
        entry!(cipher::mediaseal_cipher_close(_)),
        entry!(counter_store::mediaseal_counter_store_create(_ _)),
        entry!(counter_store::mediaseal_counter_store_open(_ _)),
        entry!(counter_store::mediaseal_counter_store_close(_)),
        entry!(key_store::mediaseal_key_store_new(_ _)),
        entry!(key_store::mediaseal_key_store_add_send(_ _ _ _ _ _)),
        entry!(key_store::mediaseal_key_store_add_receive(_ _ _ _ _ _ _)),
        entry!(key_store::mediaseal_key_store_activate(_ _)),
        entry!(key_store::mediaseal_key_store_retire_send(_ _)),
        entry!(key_store::mediaseal_key_store_retire_receive(_ _)),
        entry!(key_store::mediaseal_key_store_refuse_after_failures(_)),
        entry!(key_store::mediaseal_key_store_tick(_ _)),
        entry!(key_store::mediaseal_key_store_poll_event(_ _)),
        entry!(key_store::mediaseal_key_store_set_event_callback(_ _ _ _)),
        entry!(key_store::mediaseal_key_store_deliver_events(_)),
        entry!(key_store::mediaseal_key_store_close(_)),
        entry!(channel_store::mediaseal_channel_store_new(_)),
        entry!(channel_store::mediaseal_channel_store_tick(_ _)),
        entry!(channel_store::mediaseal_channel_store_renew_sessions(_)),
        entry!(channel_store::mediaseal_channel_store_poll_event(_ _)),
        entry!(channel_store::mediaseal_channel_store_set_event_callback(_ _ _ _)),
        entry!(channel_store::mediaseal_channel_store_deliver_events(_)),
        entry!(channel_store::mediaseal_channel_store_close(_)),
        entry!(channel::mediaseal_channel_open(_ _ _)),
        entry!(channel::mediaseal_channel_stage(_ _)),
        entry!(channel::mediaseal_channel_join(_ _ _ _)),
        entry!(channel::mediaseal_channel_join_text(_ _ _)),
        entry!(channel::mediaseal_channel_activate(_ _)),
        entry!(channel::mediaseal_channel_advance_to(_ _ _)),
        entry!(channel::mediaseal_channel_epoch_secret(_ _ _ _ _ _)),
        entry!(channel::mediaseal_channel_epoch_text(_ _ _ _ _ _)),
        entry!(channel::mediaseal_channel_key(_ _ _ _ _)),
        entry!(channel::mediaseal_channel_retire(_ _)),
        entry!(channel::mediaseal_channel_end_grace(_)),
        entry!(channel::mediaseal_channel_sending(_ _ _)),
        entry!(channel::mediaseal_channel_expect_session(_ _ _ _ _)),
        entry!(channel::mediaseal_channel_safety_code(_ _ _ _)),
        entry!(channel::mediaseal_channel_key_check(_ _ _ _ _)),
        entry!(channel::mediaseal_channel_verify_key_check(_ _ _ _ _)),
        entry!(channel::mediaseal_channel_replay_state(_ _ _ _)),
        entry!(channel::mediaseal_channel_import_replay_state(_ _ _)),
        entry!(channel::mediaseal_channel_close(_)),
        entry!(encryptor::mediaseal_encryptor_new(_ _ _)),
        entry!(encryptor::mediaseal_encryptor_new_for_channel(_ _ _)),
        entry!(encryptor::mediaseal_encryptor_encrypt(_ _ _ _ _ _ _)),
        entry!(encryptor::mediaseal_encryptor_encrypt_in_place(_ _ _ _ _ _ _ _)),
        entry!(encryptor::mediaseal_encryptor_bound(_ _ _)),
        entry!(encryptor::mediaseal_encryptor_next_overhead(_ _)),
        entry!(encryptor::mediaseal_encryptor_refresh(_)),
        entry!(encryptor::mediaseal_encryptor_last_failure(_ _)),
        entry!(encryptor::mediaseal_encryptor_statistics_count(_ _)),
        entry!(encryptor::mediaseal_encryptor_statistics(_ _ _)),
        entry!(encryptor::mediaseal_encryptor_totals(_ _)),
        entry!(encryptor::mediaseal_encryptor_close(_)),
        entry!(decryptor::mediaseal_decryptor_new(_ _ _)),
        entry!(decryptor::mediaseal_decryptor_new_for_channel(_ _ _)),
        entry!(decryptor::mediaseal_decryptor_decrypt(_ _ _ _ _ _ _ _)),
        entry!(decryptor::mediaseal_decryptor_decrypt_in_place(_ _ _ _ _ _ _ _ _)),
        entry!(decryptor::mediaseal_decryptor_refresh(_)),
        entry!(decryptor::mediaseal_decryptor_last_failure(_ _)),
        entry!(decryptor::mediaseal_decryptor_statistics_count(_ _)),
        entry!(decryptor::mediaseal_decryptor_statistics(_ _ _)),
        entry!(decryptor::mediaseal_decryptor_totals(_ _)),
        entry!(decryptor::mediaseal_decryptor_unattributed(_ _)),
        entry!(decryptor::mediaseal_decryptor_close(_)),
        entry!(codec::mediaseal_codec_from_name(_ _)),
        entry!(codec::mediaseal_encryptor_set_codec(_ _ _ _)),
        entry!(codec::mediaseal_encryptor_set_default_codec(_ _ _)),
        entry!(codec::mediaseal_decryptor_set_codec(_ _ _ _)),
        entry!(codec::mediaseal_decryptor_set_default_codec(_ _ _)),
        entry!(rtp::mediaseal_rtp_payload_count(_ _ _)),
        entry!(rtp::mediaseal_rtp_payload(_ _ _ _ _ _ _ _)),
        entry!(rtp::mediaseal_rtp_reassembler_new(_ _ _)),
        entry!(rtp::mediaseal_rtp_reassembler_push(_ _ _)),
        entry!(rtp::mediaseal_rtp_reassembler_close(_)),
        entry!(diagnosis::mediaseal_decryptor_explain(_ _ _ _ _ _)),
        entry!(diagnosis::mediaseal_look_at(_ _ _ _)),
        entry!(decryptor::mediaseal_decryptor_need_key_frame(_ _ _)),
        entry!(proof::mediaseal_sentinel_new(_ _)),
        entry!(proof::mediaseal_sentinel_new_for_channel(_ _)),
        entry!(proof::mediaseal_sentinel_set_codec(_ _ _ _)),
        entry!(proof::mediaseal_sentinel_observe_sent(_ _ _ _)),
        entry!(proof::mediaseal_sentinel_refresh(_)),
        entry!(proof::mediaseal_sentinel_proof(_ _)),
        entry!(proof::mediaseal_sentinel_close(_)),
        entry!(proof::mediaseal_proof_check(_ _ _)),
        entry!(proof::mediaseal_proof_close(_)),
        entry!(batch::mediaseal_encrypt_batch(_ _)),
        entry!(batch::mediaseal_decrypt_batch(_ _)),
    ];
    entries.extend(grant_entries());
    entries.extend(custody_entries());
    entries
}

/// Those of libraries with the feature `recording`, which is one of the defaults: the header has no mark for it.
#[cfg(feature = "recording")]
fn grant_entries() -> Vec<Entry> {
    vec![
        entry!(grants::mediaseal_identity_generate(_ _)),
        entry!(grants::mediaseal_identity_from_text(_ _)),
        entry!(grants::mediaseal_identity_to_text(_ _ _ _)),
        entry!(grants::mediaseal_identity_recipient(_ _ _ _)),
        entry!(grants::mediaseal_identity_close(_)),
        entry!(grants::mediaseal_recipient_to_text(_ _ _ _ _)),
        entry!(grants::mediaseal_recipient_from_text(_ _ _ _)),
        entry!(grants::mediaseal_signer_generate(_)),
        entry!(grants::mediaseal_signer_from_text(_ _)),
        entry!(grants::mediaseal_signer_to_text(_ _ _ _)),
        entry!(grants::mediaseal_signer_public(_ _)),
        entry!(grants::mediaseal_signer_close(_)),
        entry!(recordings::mediaseal_recorder_new(_ _ _ _)),
        entry!(recordings::mediaseal_recorder_resume(_ _ _ _ _)),
        entry!(recordings::mediaseal_recorder_add_track(_ _ _ _ _)),
        entry!(recordings::mediaseal_recorder_add_grant(_ _ _)),
        entry!(recordings::mediaseal_recorder_write_frame(_ _ _)),
        entry!(recordings::mediaseal_recorder_tick(_)),
        entry!(recordings::mediaseal_recorder_flush(_)),
        entry!(recordings::mediaseal_recorder_finish(_ _)),
        entry!(recordings::mediaseal_recorder_close(_)),
        entry!(recordings::mediaseal_recording_verify(_ _ _)),
        entry!(recordings::mediaseal_recording_recover(_ _)),
        entry!(recordings::mediaseal_recording_export(_ _ _ _ _)),
        entry!(player::mediaseal_player_new(_ _ _ _)),
        entry!(player::mediaseal_player_refresh(_ _)),
        entry!(player::mediaseal_player_track(_ _ _)),
        entry!(player::mediaseal_player_seek(_ _ _)),
        entry!(player::mediaseal_player_next_frame(_ _ _)),
        entry!(player::mediaseal_player_close(_)),
        entry!(locked::mediaseal_identity_lock(_ _ _ _ _ _ _)),
        entry!(locked::mediaseal_identity_unlock(_ _ _ _)),
        entry!(locked::mediaseal_signer_lock(_ _ _ _ _ _ _)),
        entry!(locked::mediaseal_signer_unlock(_ _ _ _)),
        entry!(grants::mediaseal_grant_dek(_ _ _ _ _ _ _ _ _)),
        entry!(grants::mediaseal_grant_open_dek(_ _ _ _ _ _ _)),
        entry!(grants::mediaseal_channel_invite(_ _ _ _ _ _ _)),
        entry!(grants::mediaseal_channel_accept(_ _ _ _ _ _)),
        entry!(grants::mediaseal_channel_store_join(_ _ _ _ _ _ _)),
        entry!(grants::mediaseal_channel_session_grant(_ _ _ _ _ _ _ _)),
        entry!(grants::mediaseal_key_store_receive_session(_ _ _ _ _ _ _)),
    ]
}

#[cfg(not(feature = "recording"))]
fn grant_entries() -> Vec<Entry> {
    Vec::new()
}

/// Those of libraries with the feature `custody`.
#[cfg(feature = "custody")]
fn custody_entries() -> Vec<Entry> {
    let entries: Vec<Entry> = vec![
        entry!(provider::mediaseal_provider_create_file(_ _ _ _ _ _)),
        entry!(provider::mediaseal_provider_open(_ _ _ _ _)),
        entry!(provider::mediaseal_provider_new(_ _)),
        entry!(provider::mediaseal_provider_describe(_ _)),
        entry!(provider::mediaseal_provider_change_passphrase(_ _ _ _ _ _)),
        entry!(provider::mediaseal_provider_verify(_)),
        entry!(provider::mediaseal_provider_close(_)),
        entry!(store::mediaseal_custody_create(_ _ _)),
        entry!(store::mediaseal_custody_open(_ _ _)),
        entry!(store::mediaseal_custody_tick(_ _)),
        entry!(store::mediaseal_custody_unrecorded(_ _)),
        entry!(store::mediaseal_custody_close(_)),
        entry!(keks::mediaseal_custody_create_kek(_ _ _ _)),
        entry!(keks::mediaseal_custody_rotate_kek(_ _ _ _)),
        entry!(keks::mediaseal_custody_move_kek(_ _ _ _ _ _)),
        entry!(keks::mediaseal_custody_list_keks(_ _ _ _)),
        entry!(keks::mediaseal_custody_describe_kek(_ _ _ _ _)),
        entry!(keks::mediaseal_custody_set_state(_ _ _ _ _ _ _)),
        entry!(keks::mediaseal_custody_archive_kek(_ _ _ _ _)),
        entry!(keks::mediaseal_custody_restore_kek(_ _ _ _ _)),
        entry!(keks::mediaseal_custody_destroy_kek(_ _ _ _ _ _ _ _)),
        entry!(keks::mediaseal_custody_sweep(_ _ _ _ _ _ _)),
        entry!(inspect::mediaseal_custody_history(_ _ _ _ _ _)),
        entry!(inspect::mediaseal_custody_tombstone(_ _ _ _ _)),
        entry!(inspect::mediaseal_custody_verify(_ _ _)),
        entry!(inspect::mediaseal_custody_shred(_ _ _ _ _ _ _ _ _)),
        entry!(keys::mediaseal_custody_new_dek(_ _ _ _ _)),
        entry!(keys::mediaseal_custody_open_dek(_ _ _ _)),
        entry!(keys::mediaseal_custody_destroy_dek(_ _ _ _ _)),
        entry!(keys::mediaseal_custody_wrap(_ _ _ _ _ _ _ _)),
        entry!(keys::mediaseal_custody_unwrap(_ _ _ _ _ _)),
        entry!(keys::mediaseal_custody_rewrap(_ _ _ _ _ _ _ _)),
        entry!(keys::mediaseal_custody_seal_record(_ _ _ _ _ _ _ _ _)),
        entry!(keys::mediaseal_custody_open_record(_ _ _ _ _ _ _ _)),
    ];
    #[cfg(feature = "pkcs11")]
    let entries = {
        let mut entries = entries;
        entries.push(entry!(provider::mediaseal_provider_open_pkcs11(_ _ _ _ _ _)));
        entries
    };
    #[cfg(feature = "keychain")]
    let entries = {
        let mut entries = entries;
        entries.push(entry!(keychain::mediaseal_provider_create_keychain(_ _ _)));
        entries.push(entry!(keychain::mediaseal_provider_open_keychain(_ _ _)));
        entries.push(entry!(keychain::mediaseal_provider_rotate_master(_)));
        entries
    };
    entries
}

#[cfg(not(feature = "custody"))]
fn custody_entries() -> Vec<Entry> {
    Vec::new()
}

/// What is declared for libraries with a feature, and whether this one has it.
const FEATURES: [(&str, bool); 3] = [
    ("MEDIASEAL_CUSTODY", cfg!(feature = "custody")),
    ("MEDIASEAL_PKCS11", cfg!(feature = "pkcs11")),
    ("MEDIASEAL_KEYCHAIN", cfg!(feature = "keychain")),
];

/// Functions that return no status: they free, or look a text or number up.
const WITHOUT_STATUS: [&str; 19] = [
    "mediaseal_version",
    "mediaseal_abi_version",
    "mediaseal_status_class",
    "mediaseal_status_name",
    "mediaseal_status_text",
    "mediaseal_cipher_free",
    "mediaseal_counter_store_free",
    "mediaseal_key_store_free",
    "mediaseal_channel_store_free",
    "mediaseal_channel_free",
    "mediaseal_encryptor_free",
    "mediaseal_decryptor_free",
    "mediaseal_rtp_reassembler_free",
    "mediaseal_sentinel_free",
    "mediaseal_proof_free",
    "mediaseal_identity_free",
    "mediaseal_signer_free",
    "mediaseal_recorder_free",
    "mediaseal_player_free",
];

/// Those of libraries with the feature `custody`.
const CUSTODY_WITHOUT_STATUS: [&str; 2] = ["mediaseal_provider_free", "mediaseal_custody_free"];

#[test]
fn a_panic_at_any_entry_becomes_a_status() {
    for (name, call) in entries() {
        ask(Place::Entry);
        assert_eq!(call(), MEDIASEAL_ERR_PANIC, "{name}");
        assert_ne!(call(), MEDIASEAL_ERR_PANIC, "{name}: the next call");
    }
}

#[test]
fn arguments_that_say_nothing_are_refused_by_every_function() {
    // What has nothing to do is no error.
    let may_succeed = [
        "mediaseal_wipe",
        "mediaseal_encrypt_batch",
        "mediaseal_decrypt_batch",
    ];
    for (name, call) in entries() {
        let expected = if may_succeed.contains(&name) {
            MEDIASEAL_OK
        } else {
            MEDIASEAL_ERR_NULL_POINTER
        };
        assert_eq!(call(), expected, "{name}");
    }
}

#[cfg(feature = "recording")]
#[test]
fn the_table_has_every_function_of_the_header() {
    let header = include_str!("../../include/mediaseal.h");
    let mut is_built = true;
    let declared: BTreeSet<&str> = header
        .lines()
        .filter(|line| {
            if line.starts_with("#if ") {
                let lacks = |(name, has): &(&str, bool)| !has && line.contains(name);
                is_built = !FEATURES.iter().any(lacks);
            } else if line.starts_with("#endif") {
                is_built = true;
            }
            is_built
        })
        .filter(|line| !line.starts_with([' ', '#', '/', '}']) && !line.starts_with("typedef"))
        .filter_map(|line| line.split_once('(')?.0.rsplit([' ', '*']).next())
        .filter(|name| name.starts_with("mediaseal_"))
        .collect();
    let tested: BTreeSet<&str> = entries()
        .iter()
        .map(|(name, _)| *name)
        .chain(WITHOUT_STATUS)
        .chain(
            CUSTODY_WITHOUT_STATUS
                .into_iter()
                .filter(|_| cfg!(feature = "custody")),
        )
        .collect();
    assert_eq!(declared, tested);
    assert!(declared.len() > 90);
}

/// A store with a cipher, an encryptor and a decryptor of it.
struct Objects {
    cipher: *mut mediaseal_cipher,
    store: *mut mediaseal_key_store,
    encryptor: *mut mediaseal_encryptor,
    decryptor: *mut mediaseal_decryptor,
}

impl Objects {
    fn new() -> Self {
        let (mut cipher, mut store) = (null_mut(), null_mut());
        let (mut encryptor, mut decryptor) = (null_mut(), null_mut());
        let config = core::ptr::null();
        // SAFETY: every pointer is to a local of its type, or was made by the call before.
        let made = unsafe {
            [
                cipher::mediaseal_cipher_builtin(4, 0, &raw mut cipher),
                key_store::mediaseal_key_store_new(cipher, &raw mut store),
                encryptor::mediaseal_encryptor_new(store, config, &raw mut encryptor),
                decryptor::mediaseal_decryptor_new(store, core::ptr::null(), &raw mut decryptor),
            ]
        };
        assert_eq!(made, [MEDIASEAL_OK; 4]);
        Self {
            cipher,
            store,
            encryptor,
            decryptor,
        }
    }
}

impl Drop for Objects {
    fn drop(&mut self) {
        // SAFETY: made in `new`, and this is their last use.
        unsafe {
            cipher::mediaseal_cipher_free(self.cipher);
            key_store::mediaseal_key_store_free(self.store);
            encryptor::mediaseal_encryptor_free(self.encryptor);
            decryptor::mediaseal_decryptor_free(self.decryptor);
        }
    }
}

#[test]
fn a_panic_while_an_object_is_in_use_poisons_that_object_alone() {
    let objects = Objects::new();
    // SAFETY: the objects live as long as this test.
    let refresh = || unsafe { encryptor::mediaseal_encryptor_refresh(objects.encryptor) };
    // SAFETY: as above.
    let other = || unsafe { decryptor::mediaseal_decryptor_refresh(objects.decryptor) };
    // SAFETY: as above.
    let tick = || unsafe { key_store::mediaseal_key_store_tick(objects.store, 1_800_000_000) };

    ask(Place::Object);
    assert_eq!(refresh(), MEDIASEAL_ERR_PANIC);
    assert_eq!(refresh(), MEDIASEAL_ERR_POISONED);
    assert_eq!((other(), tick()), (MEDIASEAL_OK, MEDIASEAL_OK));
    // SAFETY: as above.
    let close = unsafe { encryptor::mediaseal_encryptor_close(objects.encryptor) };
    assert_eq!(close, MEDIASEAL_ERR_POISONED);

    ask(Place::Object);
    assert_eq!(tick(), MEDIASEAL_ERR_PANIC);
    assert_eq!(tick(), MEDIASEAL_ERR_POISONED);
    assert_eq!(other(), MEDIASEAL_OK);
}

#[test]
fn the_version_is_the_packages() {
    // SAFETY: a text that lives as long as the library.
    let version = unsafe { CStr::from_ptr(general::mediaseal_version()) };
    assert_eq!(version.to_str(), Ok(env!("CARGO_PKG_VERSION")));
    let numbers =
        format!("{MEDIASEAL_VERSION_MAJOR}.{MEDIASEAL_VERSION_MINOR}.{MEDIASEAL_VERSION_PATCH}");
    assert_eq!(numbers, env!("CARGO_PKG_VERSION"));
}

#[test]
fn the_hundreds_of_a_status_are_the_class_of_its_error() {
    let kid = crate::KeyId::new(1);
    for error in [
        Error::from(crate::error::Misuse::KeyText),
        Error::MissingKey { kid },
        Error::NoActiveKey,
        Error::Forked,
        Error::Reflected { kid },
        Error::Truncated { len: 0, needed: 1 },
        Error::BufferTooSmall {
            needed: 1,
            available: 0,
        },
        Error::CipherFailed { suite: 1 },
        Error::EntropyUnavailable,
        Error::CounterStore(StoreFault::NotThere),
        Error::CounterStore(StoreFault::Locked),
        Error::CounterStore(StoreFault::RolledBack),
    ] {
        let class = match error.class() {
            Class::FixTheCall => MEDIASEAL_CLASS_FIX_THE_CALL,
            Class::FetchAKey => MEDIASEAL_CLASS_FETCH_A_KEY,
            Class::DropThePacket => MEDIASEAL_CLASS_DROP_THE_PACKET,
            Class::ReportABug => MEDIASEAL_CLASS_REPORT_A_BUG,
        };
        assert_eq!(class_of(status_of(&error)), class, "{error}");
    }
}

#[test]
fn lengths_of_the_header_are_those_of_the_library() {
    assert_eq!(MEDIASEAL_HEADROOM, crate::FrameBuf::HEADROOM);
    assert_eq!(MEDIASEAL_TAILROOM, crate::FrameBuf::TAILROOM);
    assert_eq!(MEDIASEAL_KEY_MIN_LEN, crate::ChannelKey::MIN_LEN);
    assert_eq!(MEDIASEAL_KEY_MAX_LEN, crate::ChannelKey::MAX_LEN);
    assert_eq!(MEDIASEAL_SENDER_ID_MAX_LEN, crate::SenderId::MAX_LEN);
    assert_eq!(MEDIASEAL_EXPECTED_MAX, crate::keys::channel::MAX_EXPECTED);
}

#[test]
fn what_is_said_of_the_cpu_in_c_is_what_rust_says() {
    let cpu = crate::cpu();
    let (mut tier, mut verdicts, mut verdict) = (0, Vec::new(), 0);
    // SAFETY: the pointer is to a local.
    let status = unsafe { general::mediaseal_cpu_tier(&raw mut tier) };
    assert_eq!(status, MEDIASEAL_OK);
    for number in MEDIASEAL_TIER_VAES_512..=MEDIASEAL_TIER_PORTABLE {
        // SAFETY: as above.
        let status = unsafe { general::mediaseal_cpu_verdict(number, &raw mut verdict) };
        assert_eq!(status, MEDIASEAL_OK);
        assert_eq!(verdict == MEDIASEAL_VERDICT_SELECTED, number == tier);
        verdicts.push(verdict);
    }
    let expected: Vec<u32> = cpu
        .candidates()
        .iter()
        .map(|candidate| match candidate.verdict {
            Verdict::Selected => MEDIASEAL_VERDICT_SELECTED,
            Verdict::NotNeeded => MEDIASEAL_VERDICT_NOT_NEEDED,
            Verdict::NotOnThisCpu => MEDIASEAL_VERDICT_NOT_ON_THIS_CPU,
            Verdict::NotInThisBuild => MEDIASEAL_VERDICT_NOT_IN_THIS_BUILD,
            Verdict::SelfTestFailed => MEDIASEAL_VERDICT_SELF_TEST_FAILED,
        })
        .collect();
    assert_eq!(verdicts, expected, "numbers are in the order of the tiers");
    for number in [0, MEDIASEAL_TIER_PORTABLE + 1] {
        // SAFETY: as above.
        let status = unsafe { general::mediaseal_cpu_verdict(number, &raw mut verdict) };
        assert_eq!((status, verdict), (MEDIASEAL_ERR_UNKNOWN_VALUE, 0));
    }
    // The longest line: every tier but the portable one failed.
    let longest: usize = Tier::ALL
        .iter()
        .map(|tier| tier.name().len() + 4 + Verdict::SelfTestFailed.text().len())
        .sum();
    assert!("AES: portable".len() + longest <= MEDIASEAL_CPU_TEXT_MAX_LEN);
}

#[test]
fn aws_lc_is_there_if_it_was_built_in_and_only_for_built_in_suites() {
    let expected = if cfg!(feature = "aws-lc") {
        MEDIASEAL_OK
    } else {
        MEDIASEAL_ERR_NOT_IN_THIS_BUILD
    };
    let flags = MEDIASEAL_CIPHER_OVER_AWS_LC | MEDIASEAL_CIPHER_ALLOW_SHORT_TAGS;
    for (suite, expected) in (1..=8)
        .map(|suite| (suite, expected))
        .chain([(9, MEDIASEAL_ERR_UNSUPPORTED_SUITE)])
    {
        let mut cipher = null_mut();
        // SAFETY: the pointer is to a local.
        let status = unsafe { cipher::mediaseal_cipher_builtin(suite, flags, &raw mut cipher) };
        assert_eq!(status, expected, "suite {suite}");
        assert_eq!(cipher.is_null(), status != MEDIASEAL_OK);
        // SAFETY: made above or NULL, and this is its last use.
        unsafe { cipher::mediaseal_cipher_free(cipher) };
    }
}
