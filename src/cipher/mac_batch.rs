//! The tags of several CTR-HMAC packets at once: one after the other, each would wait for its own chain of hashes.

use arrayvec::ArrayVec;

use super::CipherError;
use super::aes_ctr_hmac::{CtrHmac128, CtrHmac256, Key};
use super::backend::hmac::Message;
use super::backend::sha::lanes::{Lanes, MacJob, mac_many};
use super::backend::sha::{Sha256, Sha512};
use super::backend::{Keystream, Nonce};

/// Packets of a batch.
pub(crate) const MAX_PACKETS: usize = 16;
/// Octets of the longest tag of these suites, 80 bits.
pub(crate) const MAX_TAG_LEN: usize = 10;

/// Chooses how to hash side by side, and tries it, before the first batch does.
pub(super) fn select() {
    Sha256::tier();
    Sha512::tier();
}

/// A CTR-HMAC key of either size.
#[derive(Clone, Copy)]
pub(crate) enum CtrHmac<'a> {
    Sha256(&'a CtrHmac128),
    Sha512(&'a CtrHmac256),
}

impl CtrHmac<'_> {
    /// Adds the key stream to `data`.
    pub(crate) fn apply_keystream(self, nonce: Nonce, data: &mut [u8]) -> Result<(), CipherError> {
        match self {
            Self::Sha256(key) => key.apply_keystream(nonce, data),
            Self::Sha512(key) => key.apply_keystream(nonce, data),
        }
    }
}

/// A packet whose tag is wanted.
#[derive(Clone, Copy)]
pub(crate) struct Packet<'a> {
    pub(crate) key: CtrHmac<'a>,
    pub(crate) nonce: Nonce,
    pub(crate) aad: &'a [u8],
    pub(crate) ciphertext: &'a [u8],
}

/// Computes the tags of `packets`, each at the front of its place.
pub(crate) fn tags(packets: ArrayVec<Packet<'_>, MAX_PACKETS>) -> [[u8; MAX_TAG_LEN]; MAX_PACKETS] {
    let mut tags = [[0; MAX_TAG_LEN]; MAX_PACKETS];
    compute(&packets, &mut tags, |key| match key {
        CtrHmac::Sha256(key) => Some(key),
        CtrHmac::Sha512(_) => None,
    });
    compute(&packets, &mut tags, |key| match key {
        CtrHmac::Sha512(key) => Some(key),
        CtrHmac::Sha256(_) => None,
    });
    tags
}

/// Those whose key `of` takes.
fn compute<'a, C: Keystream + 'a, H: Lanes + 'a>(
    packets: &ArrayVec<Packet<'a>, MAX_PACKETS>,
    tags: &mut [[u8; MAX_TAG_LEN]; MAX_PACKETS],
    of: impl Fn(CtrHmac<'a>) -> Option<&'a Key<C, H>>,
) {
    let mut jobs = ArrayVec::<MacJob<'_, H>, MAX_PACKETS>::new();
    for packet in packets {
        if let Some(key) = of(packet.key) {
            let nonce = packet.nonce.octets();
            let message = Message::frame(key.tag_len(), &nonce, packet.aad, packet.ciphertext);
            jobs.push(MacJob::new(key.midstates(), message));
        }
    }
    mac_many(&mut jobs);
    let mut digests = jobs.iter();
    for (packet, tag) in packets.iter().zip(tags) {
        if of(packet.key).is_some()
            && let Some(job) = digests.next()
        {
            tag.copy_from_slice(&job.digest().as_ref()[..MAX_TAG_LEN]);
        }
    }
}
