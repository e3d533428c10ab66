//! What is watched: one call of a kernel, and calls that are not constant-time, which every watch must notice.

use std::hint::black_box;

use mediaseal::test_hooks::{Ctr, Gcm, Tier};
use mediaseal_kernel_tests::Dice;

/// What is done with a packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Work {
    Seal,
    Open,
    /// With a tag that is wrong.
    Refuse,
    Keystream,
    /// Schedules the key.
    NewKey,
}

impl Work {
    pub(crate) const ALL: [Self; 5] = [
        Self::Seal,
        Self::Open,
        Self::Refuse,
        Self::Keystream,
        Self::NewKey,
    ];
}

/// Lengths of AAD and text: within one pass, and with long AAD and several passes in every tier.
pub(crate) const LENGTHS: [(usize, usize); 2] = [(12, 20), (40, 200)];

/// A key and a packet, ready for the work.
pub(crate) struct Packet {
    pub(crate) tier: Tier,
    pub(crate) key: Vec<u8>,
    pub(crate) nonce: [u8; 12],
    pub(crate) aad: Vec<u8>,
    pub(crate) text: Vec<u8>,
    pub(crate) tag: [u8; 16],
}

impl Clone for Packet {
    fn clone(&self) -> Self {
        Self {
            tier: self.tier,
            key: self.key.clone(),
            nonce: self.nonce,
            aad: self.aad.clone(),
            text: self.text.clone(),
            tag: self.tag,
        }
    }

    /// Keeps the memory that it has.
    fn clone_from(&mut self, other: &Self) {
        self.tier = other.tier;
        self.key.clone_from(&other.key);
        self.nonce = other.nonce;
        self.aad.clone_from(&other.aad);
        self.text.clone_from(&other.text);
        self.tag = other.tag;
    }
}

impl Packet {
    /// Random, and sealed if it is to be opened.
    pub(crate) fn draw(
        tier: Tier,
        key_len: usize,
        (aad, text): (usize, usize),
        work: Work,
        dice: &mut Dice,
    ) -> Self {
        let mut packet = Self {
            tier,
            key: dice.octets(key_len),
            nonce: [7; 12],
            aad: dice.octets(aad),
            text: dice.octets(text),
            tag: [0; 16],
        };
        if matches!(work, Work::Open | Work::Refuse) {
            let mut tag = [0; 16];
            let key = packet.gcm();
            key.seal(&packet.nonce, &packet.aad, &mut packet.text, &mut tag);
            if work == Work::Refuse {
                // The first difference lies anywhere.
                let at = dice.below(16);
                for octet in &mut tag[at..] {
                    *octet ^= 0x80 | dice.array::<1>()[0];
                }
            }
            packet.tag = tag;
        }
        packet
    }

    pub(crate) fn gcm(&self) -> Gcm {
        Gcm::new(self.tier, &self.key).expect("a tier of this CPU")
    }

    pub(crate) fn ctr(&self) -> Ctr {
        Ctr::new(self.tier, &self.key).expect("a tier of this CPU")
    }
}

/// Compares octet by octet and stops at the first difference: what no watch may let pass.
#[inline(never)]
pub(crate) fn stops_early(a: &[u8], b: &[u8]) -> bool {
    for (a, b) in a.iter().zip(b) {
        if black_box(a) != black_box(b) {
            return false;
        }
    }
    true
}

/// Looks octets up in a table: its addresses depend on them.
#[inline(never)]
pub(crate) fn looks_up(table: &[u8; 256], octets: &[u8]) -> u8 {
    octets
        .iter()
        .fold(0, |sum, octet| sum ^ black_box(table)[usize::from(*octet)])
}
