//! Versions, texts for numbers, constants for those who cannot include the header, and key material as octets.

use core::ffi::{c_char, c_void};

use zeroize::Zeroize;

use super::boundary::contain;
use super::constants::{CONSTANTS, STRUCTS};
use super::convert::{OctetsOut, Out, SizedOut, octets, octets_mut, text};
use super::numbers::{
    MEDIASEAL_ABI_VERSION, MEDIASEAL_TIER_AARCH64, MEDIASEAL_TIER_AES_NI, MEDIASEAL_TIER_PORTABLE,
    MEDIASEAL_TIER_VAES_256, MEDIASEAL_TIER_VAES_512, MEDIASEAL_VERDICT_NOT_IN_THIS_BUILD,
    MEDIASEAL_VERDICT_NOT_NEEDED, MEDIASEAL_VERDICT_NOT_ON_THIS_CPU, MEDIASEAL_VERDICT_SELECTED,
    MEDIASEAL_VERDICT_SELF_TEST_FAILED,
};
use super::status::{
    Fault, MEDIASEAL_ERR_NOT_UTF8, MEDIASEAL_ERR_UNKNOWN_VALUE, class_of, mediaseal_status,
};
use super::types::mediaseal_epoch;
use crate::cipher::{Tier, Verdict, cpu};
use crate::id::{Epoch, KeyId, MlsKid, RatchetedKid};
use crate::keys::{ChannelKey, EpochSecret, PassphraseParams};

const VERSION: &str = concat!(env!("CARGO_PKG_VERSION"), "\0");

/// Returns the version of the library, such as "0.1.0".
///
/// The text lives as long as the library. Any thread, also in callbacks. Since 0.1.
#[unsafe(no_mangle)]
pub extern "C" fn mediaseal_version() -> *const c_char {
    VERSION.as_ptr().cast()
}

/// Returns the version of this interface, MEDIASEAL_ABI_VERSION of the header that the library was built with.
///
/// A program that loads the library at run time compares it with its own and uses no other. Any thread, also in callbacks. Since 0.1.
#[unsafe(no_mangle)]
pub extern "C" fn mediaseal_abi_version() -> u32 {
    MEDIASEAL_ABI_VERSION
}

/// Returns the reaction that a status asks for, one of `MEDIASEAL_CLASS_…`.
///
/// A status that this version does not know is in the class of its hundreds, or else MEDIASEAL_CLASS_REPORT_A_BUG. Any thread, also in callbacks. Since 0.1.
#[unsafe(no_mangle)]
pub extern "C" fn mediaseal_status_class(status: mediaseal_status) -> u32 {
    class_of(status)
}

/// Returns the name of a status, such as "MEDIASEAL_ERR_DUPLICATE"; "unknown status" for a number that is none.
///
/// The text lives as long as the library. Any thread, also in callbacks. Since 0.1.
#[unsafe(no_mangle)]
pub extern "C" fn mediaseal_status_name(status: mediaseal_status) -> *const c_char {
    super::explain::name_of(status).as_ptr()
}

/// Returns one English sentence on a status that begins with the reaction it asks for; "unknown status" for a number that is none.
///
/// The text lives as long as the library and holds no secret. Any thread, also in callbacks. Since 0.1.
#[unsafe(no_mangle)]
pub extern "C" fn mediaseal_status_text(status: mediaseal_status) -> *const c_char {
    super::explain::text_of(status).as_ptr()
}

/// Writes the value of a constant of this header, by its name, to `out_value`: the function twin of every macro.
///
/// For bindings and for programs that load the library at run time. Borrows `name`, which ends with a zero octet.
///
/// Returns MEDIASEAL_OK; MEDIASEAL_ERR_UNKNOWN_VALUE if there is no such constant; MEDIASEAL_ERR_NULL_POINTER, MEDIASEAL_ERR_MISALIGNED,
/// MEDIASEAL_ERR_NOT_UTF8. Any thread, also in callbacks. Since 0.1.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mediaseal_constant(
    name: *const c_char,
    out_value: *mut i64,
) -> mediaseal_status {
    let out = Out::new(out_value, 0);
    contain(|| {
        let out = out?;
        let name = text(name)?;
        let (_, value) = CONSTANTS
            .iter()
            .find(|(known, _)| *known == name)
            .ok_or(Fault(MEDIASEAL_ERR_UNKNOWN_VALUE))?;
        out.write(*value);
        Ok(())
    })
}

/// Writes the octets that a struct of this header has in this library, by its name such as "mediaseal_frame_info", to `out_size`.
///
/// For bindings: a struct that they describe has this size at their version. Borrows `name`, which ends with a zero octet.
///
/// Returns MEDIASEAL_OK; MEDIASEAL_ERR_UNKNOWN_VALUE if there is no such struct; MEDIASEAL_ERR_NULL_POINTER, MEDIASEAL_ERR_MISALIGNED,
/// MEDIASEAL_ERR_NOT_UTF8. Any thread, also in callbacks. Since 0.1.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mediaseal_struct_size(
    name: *const c_char,
    out_size: *mut usize,
) -> mediaseal_status {
    let out = Out::new(out_size, 0);
    contain(|| {
        let out = out?;
        let name = text(name)?;
        let (_, size) = STRUCTS
            .iter()
            .find(|(known, _)| *known == name)
            .ok_or(Fault(MEDIASEAL_ERR_UNKNOWN_VALUE))?;
        out.write(*size);
        Ok(())
    })
}

/// Writes the tier that computes AES in this process, one of `MEDIASEAL_TIER_…`, to `out_tier`: for all new keys of built-in ciphers, but those with
/// MEDIASEAL_CIPHER_OVER_AWS_LC.
///
/// The first call of a process, or its first cipher, holds the tiers of the CPU to the portable one, which takes a fraction of a millisecond.
///
/// Returns MEDIASEAL_OK, MEDIASEAL_ERR_NULL_POINTER. Any thread, also in callbacks. Since 0.1.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mediaseal_cpu_tier(out_tier: *mut u32) -> mediaseal_status {
    let out = Out::new(out_tier, 0);
    contain(|| {
        let out = out?;
        out.write(number_of_tier(cpu().tier()));
        Ok(())
    })
}

/// Writes what became of a tier on this CPU, one of `MEDIASEAL_VERDICT_…`, to `out_verdict`. `tier` is one of `MEDIASEAL_TIER_…`.
///
/// Returns MEDIASEAL_OK, MEDIASEAL_ERR_UNKNOWN_VALUE if there is no such tier, MEDIASEAL_ERR_NULL_POINTER. Any thread, also in callbacks. Since 0.1.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mediaseal_cpu_verdict(
    tier: u32,
    out_verdict: *mut u32,
) -> mediaseal_status {
    let out = Out::new(out_verdict, 0);
    contain(|| {
        let out = out?;
        let candidate = cpu()
            .candidates()
            .iter()
            .find(|candidate| number_of_tier(candidate.tier) == tier)
            .copied()
            .ok_or(Fault(MEDIASEAL_ERR_UNKNOWN_VALUE))?;
        out.write(match candidate.verdict {
            Verdict::Selected => MEDIASEAL_VERDICT_SELECTED,
            Verdict::NotNeeded => MEDIASEAL_VERDICT_NOT_NEEDED,
            Verdict::NotOnThisCpu => MEDIASEAL_VERDICT_NOT_ON_THIS_CPU,
            Verdict::NotInThisBuild => MEDIASEAL_VERDICT_NOT_IN_THIS_BUILD,
            Verdict::SelfTestFailed => MEDIASEAL_VERDICT_SELF_TEST_FAILED,
        });
        Ok(())
    })
}

/// Writes one line to be logged, such as "AES: VAES-512", to `out`: the tier, and every tier whose self-test failed.
///
/// A zero octet stands behind it, which `out_len` does not count; MEDIASEAL_CPU_TEXT_MAX_LEN + 1 octets are enough.
///
/// Returns MEDIASEAL_OK, MEDIASEAL_ERR_BUFFER_TOO_SMALL, MEDIASEAL_ERR_NULL_POINTER. Any thread, also in callbacks. Since 0.1.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mediaseal_cpu_text(
    out: *mut c_char,
    capacity: usize,
    out_len: *mut usize,
) -> mediaseal_status {
    let out = OctetsOut::new(out.cast(), capacity, out_len);
    contain(|| {
        let out = out?;
        out.write_text(&cpu().to_string())
    })
}

/// The number of a tier.
fn number_of_tier(tier: Tier) -> u32 {
    match tier {
        Tier::Vaes512 => MEDIASEAL_TIER_VAES_512,
        Tier::Vaes256 => MEDIASEAL_TIER_VAES_256,
        Tier::AesNi => MEDIASEAL_TIER_AES_NI,
        Tier::Aarch64 => MEDIASEAL_TIER_AARCH64,
        Tier::Portable => MEDIASEAL_TIER_PORTABLE,
    }
}

/// Zeroes `len` octets in a way that no compiler leaves out.
///
/// For copies of keys and of plaintext. `octets` may be NULL if `len` is 0.
///
/// Returns MEDIASEAL_OK, MEDIASEAL_ERR_NULL_POINTER, MEDIASEAL_ERR_LENGTH. Any thread, also in callbacks. Since 0.1.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mediaseal_wipe(octets: *mut c_void, len: usize) -> mediaseal_status {
    contain(|| {
        octets_mut(octets.cast(), len)?.zeroize();
        Ok(())
    })
}

/// Makes a key of MEDIASEAL_KEY_LEN octets from the operating system's generator, for a channel or as a base key.
///
/// Writes to `out` and the length to `out_len`; `capacity` is at least MEDIASEAL_KEY_LEN. The caller wipes it after use.
///
/// Returns MEDIASEAL_OK, MEDIASEAL_ERR_BUFFER_TOO_SMALL, MEDIASEAL_ERR_ENTROPY, MEDIASEAL_ERR_NULL_POINTER. Any thread, also in callbacks. Since 0.1.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mediaseal_key_generate(
    out: *mut u8,
    capacity: usize,
    out_len: *mut usize,
) -> mediaseal_status {
    let out = OctetsOut::new(out, capacity, out_len);
    contain(|| {
        let out = out?;
        out.write(&ChannelKey::generate()?.to_bytes())
    })
}

/// Reads a key from hexadecimal digits of either case, in time that depends on their number alone.
///
/// Borrows `digits`, 32 to 128 of them, which end with a zero octet. Writes 16 to 64 octets to `out` and their number to `out_len`; the caller wipes both
/// after use.
///
/// Returns MEDIASEAL_OK, MEDIASEAL_ERR_KEY_TEXT, MEDIASEAL_ERR_KEY_LENGTH, MEDIASEAL_ERR_BUFFER_TOO_SMALL, MEDIASEAL_ERR_NOT_UTF8,
/// MEDIASEAL_ERR_NULL_POINTER. Any thread, also in callbacks. Since 0.1.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mediaseal_key_from_hex(
    digits: *const c_char,
    out: *mut u8,
    capacity: usize,
    out_len: *mut usize,
) -> mediaseal_status {
    let out = OctetsOut::new(out, capacity, out_len);
    contain(|| {
        let out = out?;
        out.write(&ChannelKey::from_hex(text(digits)?)?.to_bytes())
    })
}

/// Reads a key from base64 (RFC 4648 section 4, with or without padding), in time that depends on its length alone.
///
/// Borrows `digits`, which end with a zero octet. Writes 16 to 64 octets to `out` and their number to `out_len`; the caller wipes both after use.
///
/// Returns MEDIASEAL_OK, MEDIASEAL_ERR_KEY_TEXT, MEDIASEAL_ERR_KEY_LENGTH, MEDIASEAL_ERR_BUFFER_TOO_SMALL, MEDIASEAL_ERR_NOT_UTF8,
/// MEDIASEAL_ERR_NULL_POINTER. Any thread, also in callbacks. Since 0.1.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mediaseal_key_from_base64(
    digits: *const c_char,
    out: *mut u8,
    capacity: usize,
    out_len: *mut usize,
) -> mediaseal_status {
    let out = OctetsOut::new(out, capacity, out_len);
    contain(|| {
        let out = out?;
        out.write(&ChannelKey::from_base64(text(digits)?)?.to_bytes())
    })
}

/// Derives a key of MEDIASEAL_KEY_LEN octets from a passphrase by Argon2id (RFC 9106), with the parameters that mediaseal_passphrase_params_generate made for the
/// channel.
///
/// Borrows `passphrase`, 1 to 1024 octets of UTF-8, and `params`, which ends with a zero octet. Takes 64 MiB and some 0.2 s by default: not for a media thread.
/// Writes to `out` and the length to `out_len`; the caller wipes passphrase and key after use.
///
/// Returns MEDIASEAL_OK, MEDIASEAL_ERR_PASSPHRASE_LENGTH, MEDIASEAL_ERR_PASSPHRASE_PARAMS, MEDIASEAL_ERR_OUT_OF_MEMORY, MEDIASEAL_ERR_BUFFER_TOO_SMALL, MEDIASEAL_ERR_NOT_UTF8,
/// MEDIASEAL_ERR_NULL_POINTER, MEDIASEAL_ERR_LENGTH. Any thread, also in callbacks. Since 0.1.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mediaseal_key_from_passphrase(
    passphrase: *const u8,
    passphrase_len: usize,
    params: *const c_char,
    out: *mut u8,
    capacity: usize,
    out_len: *mut usize,
) -> mediaseal_status {
    let out = OctetsOut::new(out, capacity, out_len);
    contain(|| {
        let out = out?;
        let params: PassphraseParams = text(params)?.parse()?;
        let passphrase = core::str::from_utf8(octets(passphrase, passphrase_len)?)
            .map_err(|_| Fault(MEDIASEAL_ERR_NOT_UTF8))?;
        out.write(&ChannelKey::from_passphrase(passphrase, &params)?.to_bytes())
    })
}

/// Makes the cost and the salt of a new passphrase, as the PHC string that travels beside the channel and is no secret.
///
/// Writes the text and a zero octet to `out`, and its length without that octet to `out_len`; MEDIASEAL_PASSPHRASE_PARAMS_MAX_LEN + 1 octets are enough.
///
/// Returns MEDIASEAL_OK, MEDIASEAL_ERR_BUFFER_TOO_SMALL, MEDIASEAL_ERR_ENTROPY, MEDIASEAL_ERR_NULL_POINTER. Any thread, also in callbacks. Since 0.1.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mediaseal_passphrase_params_generate(
    out: *mut c_char,
    capacity: usize,
    out_len: *mut usize,
) -> mediaseal_status {
    let out = OctetsOut::new(out.cast(), capacity, out_len);
    contain(|| {
        let out = out?;
        out.write_text(&PassphraseParams::generate()?.to_string())
    })
}

/// Writes the KID of a member of an MLS group (RFC 9605 section 5.2) to `out_kid`: context ‖ `sender_bits` bits of sender index ‖ `epoch_bits` bits of epoch.
///
/// The epoch is taken modulo 2^epoch_bits.
///
/// Returns MEDIASEAL_OK, MEDIASEAL_ERR_KID_LAYOUT, MEDIASEAL_ERR_KID_OUT_OF_RANGE, MEDIASEAL_ERR_NULL_POINTER, MEDIASEAL_ERR_MISALIGNED. Any thread, also in callbacks. Since 0.1.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mediaseal_kid_mls(
    sender_bits: u32,
    epoch_bits: u32,
    context: u64,
    sender_index: u32,
    epoch: u64,
    out_kid: *mut u64,
) -> mediaseal_status {
    let out = Out::new(out_kid, 0);
    contain(|| {
        let out = out?;
        let kid =
            MlsKid::new(sender_bits, epoch_bits)?.kid(context, sender_index, Epoch::new(epoch))?;
        out.write(kid.value());
        Ok(())
    })
}

/// Writes the KID of a ratcheted sender key (RFC 9605 section 5.1) to `out_kid`: key generation ‖ `step_bits` bits of ratchet step, taken modulo 2^step_bits.
///
/// Returns MEDIASEAL_OK, MEDIASEAL_ERR_KID_LAYOUT, MEDIASEAL_ERR_KID_OUT_OF_RANGE, MEDIASEAL_ERR_NULL_POINTER, MEDIASEAL_ERR_MISALIGNED. Any thread, also in callbacks. Since 0.1.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mediaseal_kid_ratcheted(
    step_bits: u32,
    generation: u64,
    step: u64,
    out_kid: *mut u64,
) -> mediaseal_status {
    let out = Out::new(out_kid, 0);
    contain(|| {
        let out = out?;
        out.write(RatchetedKid::new(step_bits)?.kid(generation, step)?.value());
        Ok(())
    })
}

/// Writes which context, sender index and epoch (modulo 2^epoch_bits) an MLS KID names: what mediaseal_kid_mls put together.
///
/// Returns MEDIASEAL_OK, MEDIASEAL_ERR_KID_LAYOUT, MEDIASEAL_ERR_NULL_POINTER, MEDIASEAL_ERR_MISALIGNED. Any thread, also in callbacks. Since 0.1.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mediaseal_kid_mls_split(
    sender_bits: u32,
    epoch_bits: u32,
    kid: u64,
    out_context: *mut u64,
    out_sender_index: *mut u64,
    out_epoch: *mut u64,
) -> mediaseal_status {
    contain(|| {
        let outs = [out_context, out_sender_index, out_epoch].map(|out| Out::new(out, 0));
        let [context, sender_index, epoch] = outs;
        let (context, sender_index, epoch) = (context?, sender_index?, epoch?);
        let split = MlsKid::new(sender_bits, epoch_bits)?.split(KeyId::new(kid));
        context.write(split.0);
        sender_index.write(split.1);
        epoch.write(split.2);
        Ok(())
    })
}

/// Writes which key generation and ratchet step (modulo 2^step_bits) a KID names: what mediaseal_kid_ratcheted put together.
///
/// Returns MEDIASEAL_OK, MEDIASEAL_ERR_KID_LAYOUT, MEDIASEAL_ERR_NULL_POINTER, MEDIASEAL_ERR_MISALIGNED. Any thread, also in callbacks. Since 0.1.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mediaseal_kid_ratcheted_split(
    step_bits: u32,
    kid: u64,
    out_generation: *mut u64,
    out_step: *mut u64,
) -> mediaseal_status {
    contain(|| {
        let (generation, step) = (Out::new(out_generation, 0), Out::new(out_step, 0));
        let (generation, step) = (generation?, step?);
        let split = RatchetedKid::new(step_bits)?.split(KeyId::new(kid));
        generation.write(split.0);
        step.write(split.1);
        Ok(())
    })
}

/// Writes what an epoch secret, as octets, says of itself to `out_epoch`: for a joiner, before mediaseal_channel_join.
///
/// Borrows `epoch_secret`. What it says is not authenticated before frames open.
///
/// Returns MEDIASEAL_OK, MEDIASEAL_ERR_EPOCH_OCTETS, MEDIASEAL_ERR_EPOCH_FORMAT, MEDIASEAL_ERR_NULL_POINTER, MEDIASEAL_ERR_STRUCT_SIZE. Any thread, also in callbacks.
/// Since 0.1.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mediaseal_epoch_describe(
    epoch_secret: *const u8,
    epoch_secret_len: usize,
    out_epoch: *mut mediaseal_epoch,
) -> mediaseal_status {
    contain(|| {
        let out = SizedOut::new(out_epoch)?;
        let epoch = EpochSecret::from_bytes(octets(epoch_secret, epoch_secret_len)?)?;
        out.write(&mediaseal_epoch::of(&epoch));
        Ok(())
    })
}

/// The same for key text, "mediaseal-epoch-1...", which ends with a zero octet.
///
/// Returns what mediaseal_epoch_describe returns, and MEDIASEAL_ERR_EPOCH_TEXT, MEDIASEAL_ERR_NOT_UTF8. Any thread, also in callbacks. Since 0.1.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mediaseal_epoch_describe_text(
    epoch_text: *const c_char,
    out_epoch: *mut mediaseal_epoch,
) -> mediaseal_status {
    contain(|| {
        let out = SizedOut::new(out_epoch)?;
        out.write(&mediaseal_epoch::of(&EpochSecret::from_text(text(
            epoch_text,
        )?)?));
        Ok(())
    })
}

impl mediaseal_epoch {
    fn of(epoch: &EpochSecret) -> Self {
        Self {
            struct_size: 0,
            suite: epoch.suite().value().into(),
            generation: epoch.generation(),
            step: epoch.step(),
            reserved: 0,
        }
    }
}
