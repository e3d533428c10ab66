//! Every length of text and AAD at every alignment, with guard pages around text, AAD and key.

use std::mem::{align_of, size_of};
use std::ops::Range;

use mediaseal::test_hooks::{Bare, Ctr, Gcm, Tier};
use mediaseal_kernel_tests::{
    Dice, guarded::Guarded, in_shares, kernels, name_missing_tiers, scale::scale,
};

use crate::{Ring, report};

const AAD_MAX: usize = 64;
const ALIGNMENTS: usize = 64;
const NONCE: [u8; 12] = [0xFF; 12];
/// What lies around a text and may not change.
const AROUND: u8 = 0xA5;
/// Octets on either side of a text that are looked at.
const LOOKED_AT: usize = 64;

/// A key of a kernel whose last octet lies before a guard page.
struct GuardedKey<const RK: usize> {
    memory: Guarded,
    at: usize,
}

impl<const RK: usize> GuardedKey<RK> {
    fn new(key: Bare<RK>) -> Self {
        let mut memory = Guarded::new(size_of::<Bare<RK>>());
        let at = memory.size() - size_of::<Bare<RK>>();
        assert_eq!(at % align_of::<Bare<RK>>(), 0, "whole cache lines");
        #[allow(clippy::cast_ptr_alignment, reason = "asserted above")]
        let place = memory.all()[at..].as_mut_ptr().cast::<Bare<RK>>();
        // SAFETY: memory of this size and alignment, which is `memory`'s own.
        unsafe { place.write(key) };
        Self { memory, at }
    }

    fn key(&mut self) -> &Bare<RK> {
        #[allow(clippy::cast_ptr_alignment, reason = "asserted in `new`")]
        let place = self.memory.all()[self.at..].as_ptr().cast::<Bare<RK>>();
        // SAFETY: `new` wrote it there.
        unsafe { &*place }
    }
}

/// Where octets lie: so many before the guard page behind them, or at the guard page in front.
#[derive(Clone, Copy, Debug)]
enum Place {
    BeforeGuard(usize),
    BehindGuard,
}

impl Place {
    /// All: with every gap the start takes every alignment, and at either end a guard is touched.
    fn all() -> impl Iterator<Item = Self> {
        let gaps = (0..ALIGNMENTS).step_by(scale().alignment_step);
        gaps.map(Self::BeforeGuard).chain([Self::BehindGuard])
    }

    /// Where a text lies in memory of `size` octets.
    fn of_text(self, size: usize, len: usize) -> Range<usize> {
        let begin = match self {
            Self::BeforeGuard(gap) => size - gap - len,
            Self::BehindGuard => 0,
        };
        begin..begin + len
    }

    /// Where its AAD lies: at the guard behind, and for each second gap at other alignments.
    fn of_aad(self, size: usize, len: usize) -> Range<usize> {
        let begin = match self {
            Self::BeforeGuard(gap) if gap % 2 == 0 => size - len,
            Self::BeforeGuard(gap) => gap,
            Self::BehindGuard => 0,
        };
        begin..begin + len
    }
}

/// Memory for a text and an AAD.
struct Room {
    text: Guarded,
    aad: Guarded,
}

impl Room {
    fn new(text_max: usize) -> Self {
        let mut room = Self {
            text: Guarded::new(text_max + ALIGNMENTS + LOOKED_AT),
            aad: Guarded::new(AAD_MAX),
        };
        room.text.all().fill(AROUND);
        room
    }

    /// Lays out `text` and `aad`, lets `work` see whether all is right, and looks around.
    fn with(
        &mut self,
        place: Place,
        (aad, text): (&[u8], &[u8]),
        work: impl FnOnce(&[u8], &mut [u8]) -> bool,
    ) -> Result<u64, Place> {
        let aad_at = place.of_aad(self.aad.size(), aad.len());
        let text_at = place.of_text(self.text.size(), text.len());
        let aad_there = &mut self.aad.all()[aad_at];
        aad_there.copy_from_slice(aad);
        let all = self.text.all();
        all[text_at.clone()].copy_from_slice(text);
        let is_right = work(aad_there, &mut all[text_at.clone()]);
        let before = text_at.start.saturating_sub(LOOKED_AT)..text_at.start;
        let behind = text_at.end..all.len().min(text_at.end + LOOKED_AT);
        let is_untouched = [before, behind].into_iter().all(|part| {
            all[part]
                .iter()
                .fold(0, |sum, octet| sum | (octet ^ AROUND))
                == 0
        });
        all[text_at].fill(AROUND);
        if is_right && is_untouched {
            Ok(1)
        } else {
            Err(place)
        }
    }
}

/// What the other libraries make of a packet.
struct Expected<'a> {
    aad: &'a [u8],
    text: &'a [u8],
    sealed: Vec<u8>,
    tag: [u8; 16],
}

impl<'a> Expected<'a> {
    fn new(portable: &Gcm, ring: &Ring, aad: &'a [u8], text: &'a [u8]) -> Self {
        let (mut sealed, mut tag) = (text.to_vec(), [0; 16]);
        portable.seal(&NONCE, aad, &mut sealed, &mut tag);
        let mut confirmed = text.to_vec();
        assert_eq!(ring.seal(&NONCE, aad, &mut confirmed), tag, "ring");
        assert_eq!(confirmed, sealed, "ring");
        Self {
            aad,
            text,
            sealed,
            tag,
        }
    }

    /// Seals and opens at every place.
    fn check<const RK: usize>(&self, key: &Bare<RK>, room: &mut Room) -> Result<u64, Place> {
        Place::all()
            .map(|place| {
                room.with(place, (self.aad, self.text), |aad, data| {
                    let is_sealed = key.seal(&NONCE, aad, data) == self.tag && data == self.sealed;
                    is_sealed && key.open(&NONCE, aad, data, &self.tag) && data == self.text
                })
            })
            .sum()
    }
}

/// Keys of both sizes, from the same octets.
fn keys() -> ([u8; 16], [u8; 32], Vec<u8>, Vec<u8>) {
    let mut dice = Dice::new(1, 2);
    let text = dice.octets(scale().text_max);
    (dice.array(), dice.array(), text, dice.octets(AAD_MAX))
}

/// The lengths of AAD that are tried.
fn aads() -> impl Iterator<Item = usize> + Clone {
    (0..=AAD_MAX).step_by(scale().aad_step)
}

#[test]
fn every_length_at_every_alignment_between_guard_pages() {
    name_missing_tiers();
    let (short, long, text, aad) = keys();
    let texts = text.len() as u64 + 1;
    let pairs = texts * aads().count() as u64;
    let places = Place::all().count() as u64;
    let run = |tier: Tier| {
        in_shares(texts, |lens| {
            let others = [&short[..], &long]
                .map(|key| (Gcm::new(Tier::Portable, key).unwrap(), Ring::new(key)));
            let mut room = Room::new(text.len());
            let mut keys = (tier != Tier::Portable).then(|| {
                (
                    GuardedKey::new(Bare::new_128(tier, &short).unwrap()),
                    GuardedKey::new(Bare::new_256(tier, &long).unwrap()),
                )
            });
            let mut count = 0;
            for len in lens {
                let text = &text[..usize::try_from(len).unwrap()];
                for aad in aads().map(|aad_len| &aad[..aad_len]) {
                    let [of_128, of_256] = others
                        .each_ref()
                        .map(|(portable, ring)| Expected::new(portable, ring, aad, text));
                    let done = match &mut keys {
                        Some((key_128, key_256)) => of_128
                            .check(key_128.key(), &mut room)
                            .and_then(|done| Ok(done + of_256.check(key_256.key(), &mut room)?)),
                        None => Ok(2),
                    };
                    let aad = aad.len();
                    count += done.unwrap_or_else(|place| {
                        panic!("{tier}: text of {len}, AAD of {aad}, {place:?}")
                    });
                }
            }
            count
        })
    };
    for tier in kernels() {
        report(
            "lengths and alignments",
            tier,
            run(tier),
            2 * pairs * places,
        );
    }
    report(
        "lengths, against ring",
        Tier::Portable,
        run(Tier::Portable),
        2 * pairs,
    );
}

#[test]
fn key_streams_of_every_length_at_every_alignment_between_guard_pages() {
    let (short, long, text, _) = keys();
    let mut room = Room::new(text.len());
    for tier in kernels() {
        let mut count = 0;
        let bare = (
            Bare::new_128(tier, &short).unwrap(),
            Bare::new_256(tier, &long).unwrap(),
        );
        for key in [&short[..], &long] {
            let gcm = Gcm::new(Tier::Portable, key).unwrap();
            let (from_0, mut from_2) = (Ctr::new(tier, key).unwrap(), text.clone());
            gcm.seal(&NONCE, &[], &mut from_2, &mut [0; 16]);
            let mut expected = text.clone();
            let ctr = Ctr::new(Tier::Portable, key).unwrap();
            ctr.apply_keystream(&NONCE, &mut expected);
            for len in 0..=text.len() {
                for place in Place::all() {
                    let result = room.with(place, (&[], &text[..len]), |_, data| {
                        from_0.apply_keystream(&NONCE, data);
                        let is_right = data == &expected[..len];
                        data.copy_from_slice(&text[..len]);
                        if key.len() == 16 {
                            bare.0.undo_open(&NONCE, data);
                        } else {
                            bare.1.undo_open(&NONCE, data);
                        }
                        is_right && data == &from_2[..len]
                    });
                    count += result.unwrap_or_else(|place| panic!("{tier}: {len} at {place:?}"));
                }
            }
        }
        let expected = 2 * (text.len() as u64 + 1) * Place::all().count() as u64;
        report("lengths and alignments, AES-CTR", tier, count, expected);
    }
}
