//! HMAC of several messages at once, each under its own key, for CPUs that hash several states side by side.
//!
//! A lane hashes one message after the other: its inner blocks, then the outer one. Lanes of different lengths part ways and take
//! the next message each; when too few are busy, a narrower engine goes on with them.
//!
//! ```text
//!  SHA-256   AVX-512, 16 lanes ──► SHA-NI, 2 streams ──► one after the other
//!            SHA-NI, 2 streams                       ──►      (Zen 4, or without AVX-512)
//!            AVX-512 or AVX2 (8 lanes) alone         ──►      (without SHA-NI)
//!  SHA-512   AVX-512, 8 lanes, or AVX2, 4 lanes      ──► one after the other
//! ```
//!
//! On a Zen 4 a block of SHA-256 takes 18 ns in 16 lanes of AVX-512, 18 in two streams of SHA-NI, 17 to 20 in three or four, 35 in
//! 8 lanes of AVX2 and 35 alone; one of SHA-512 takes 44 ns in 8 lanes, 85 in 4 and 210 alone. Two streams lose least to messages
//! of different lengths.
#![allow(
    dead_code,
    reason = "the call that seals many frames at once takes this up; until then tests alone do"
)]

#[cfg(target_arch = "x86_64")]
use std::sync::atomic::{AtomicUsize, Ordering};

use zeroize::optimization_barrier;

#[cfg(target_arch = "x86_64")]
use super::x86::{Avx2, Avx512, ShaNi};
use super::{Sha2, Sha256, Sha512};
use crate::cipher::backend::hmac::{
    ASSEMBLED, FRAME_HEAD, Layout, Message, Midstates, outer_block,
};

/// Most lanes of an engine.
const MOST: usize = 16;

/// A message to be authenticated, and its MAC once that was done.
pub(crate) struct MacJob<'a, H: Sha2, const HEAD: usize = FRAME_HEAD> {
    midstates: &'a Midstates<H>,
    message: Message<'a, HEAD>,
    digest: H::Digest,
}

impl<'a, H: Sha2, const HEAD: usize> MacJob<'a, H, HEAD> {
    pub(crate) fn new(midstates: &'a Midstates<H>, message: Message<'a, HEAD>) -> Self {
        Self {
            midstates,
            message,
            digest: H::NO_DIGEST,
        }
    }

    /// The whole MAC, after [`mac_many`]; zeros before.
    pub(crate) fn digest(&self) -> &H::Digest {
        &self.digest
    }
}

/// Computes the MAC of each job: what [`Midstates::mac`] gives, most jobs side by side.
///
/// Jobs of similar lengths next to each other, the longest first, are done soonest.
pub(crate) fn mac_many<H: Lanes, const HEAD: usize>(jobs: &mut [MacJob<'_, H, HEAD>]) {
    if !jobs.is_empty() {
        run_tier(H::tier(), jobs);
    }
}

/// A way to hash side by side.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Tier {
    /// One after the other, as fast as the hash is on this CPU.
    Serial,
    /// The first while many lanes are busy, then the second.
    #[cfg(target_arch = "x86_64")]
    Avx512AndShaNi(Avx512, ShaNi),
    #[cfg(target_arch = "x86_64")]
    Avx512(Avx512),
    #[cfg(target_arch = "x86_64")]
    Avx2(Avx2),
    #[cfg(target_arch = "x86_64")]
    ShaNi(ShaNi),
    /// Four lanes without any instructions of their own, to test what is around them; wrong in the last one if so wanted.
    #[cfg(test)]
    Model { is_wrong: bool },
}

/// A hash that can be computed side by side.
pub(crate) trait Lanes: Sha2 {
    /// What may be used on this CPU, best first. Asks the CPU, which takes a virtual machine a long time.
    fn tiers() -> impl Iterator<Item = Tier>;

    /// The best that computes what [`Midstates::mac`] computes; tried once a process.
    fn tier() -> Tier;

    /// Works with the engines of `tier`, until too few lanes are busy for the last of them.
    fn run<const HEAD: usize>(tier: Tier, work: &mut Work<'_, '_, Self, HEAD>);
}

/// The best tier, whose number `choice` remembers. No lock, for a process may be forked while another thread is at it.
#[cfg(target_arch = "x86_64")]
fn chosen<H: Lanes>(choice: &AtomicUsize) -> Tier {
    if let Some(tier) = Tier::of_number(choice.load(Ordering::Relaxed)) {
        return tier;
    }
    let best = best::<H>(H::tiers());
    choice.store(best.number(), Ordering::Relaxed);
    best
}

#[cfg(target_arch = "x86_64")]
impl Tier {
    const fn number(self) -> usize {
        match self {
            Self::Avx512AndShaNi(..) => 2,
            Self::Avx512(_) => 3,
            Self::Avx2(_) => 4,
            Self::ShaNi(_) => 5,
            _ => 1,
        }
    }

    /// For each batch anew: asks for features that were detected before, and not for the order of the tiers, for which the CPU would have to be asked.
    #[inline]
    fn of_number(number: usize) -> Option<Self> {
        Some(match number {
            1 => Self::Serial,
            2 => Self::Avx512AndShaNi(Avx512::detect()?, ShaNi::detect()?),
            3 => Self::Avx512(Avx512::detect()?),
            4 => Self::Avx2(Avx2::detect()?),
            5 => Self::ShaNi(ShaNi::detect()?),
            _ => return None,
        })
    }
}

#[cfg(target_arch = "x86_64")]
impl Lanes for Sha256 {
    fn tiers() -> impl Iterator<Item = Tier> {
        let (avx512, sha_ni) = (Avx512::detect(), ShaNi::detect());
        let both = avx512
            .zip(sha_ni)
            .map(|(avx512, sha_ni)| Tier::Avx512AndShaNi(avx512, sha_ni));
        let streams = sha_ni.map(Tier::ShaNi);
        let [first, second] = if avx512.is_some_and(Avx512::is_half_as_wide) {
            [streams, both]
        } else {
            [both, streams]
        };
        let third = avx512.map(Tier::Avx512);
        let fourth = Avx2::detect().map(Tier::Avx2);
        [first, second, third, fourth].into_iter().flatten()
    }

    fn tier() -> Tier {
        static CHOICE: AtomicUsize = AtomicUsize::new(0);
        chosen::<Self>(&CHOICE)
    }

    fn run<const HEAD: usize>(tier: Tier, work: &mut Work<'_, '_, Self, HEAD>) {
        match tier {
            Tier::Avx512AndShaNi(avx512, sha_ni) => {
                // Where 16 lanes cost about what so many messages do in two streams: by the ports of Intel's cores, not measured.
                work.run(12, WordMajor::<u32, 16>::new(), |states, blocks, count| {
                    avx512.sha256(states, blocks, count);
                });
                Self::run(Tier::ShaNi(sha_ni), work);
            }
            Tier::Avx512(avx512) => {
                work.run(3, WordMajor::<u32, 16>::new(), |states, blocks, count| {
                    avx512.sha256(states, blocks, count);
                });
            }
            Tier::ShaNi(sha_ni) => {
                work.run(2, LaneMajor::<u32, 2>::new(), |states, blocks, count| {
                    sha_ni.sha256(states, blocks, count);
                });
            }
            Tier::Avx2(avx2) => {
                work.run(3, WordMajor::<u32, 8>::new(), |states, blocks, count| {
                    avx2.sha256(states, blocks, count);
                });
            }
            #[cfg(test)]
            Tier::Model { is_wrong } => run_model(is_wrong, work),
            _ => {}
        }
    }
}

#[cfg(target_arch = "x86_64")]
impl Lanes for Sha512 {
    fn tiers() -> impl Iterator<Item = Tier> {
        let avx512 = Avx512::detect().map(Tier::Avx512);
        let avx2 = Avx2::detect().map(Tier::Avx2);
        [avx512, avx2].into_iter().flatten()
    }

    fn tier() -> Tier {
        static CHOICE: AtomicUsize = AtomicUsize::new(0);
        chosen::<Self>(&CHOICE)
    }

    fn run<const HEAD: usize>(tier: Tier, work: &mut Work<'_, '_, Self, HEAD>) {
        match tier {
            Tier::Avx512(avx512) => {
                work.run(2, WordMajor::<u64, 8>::new(), |states, blocks, count| {
                    avx512.sha512(states, blocks, count);
                });
            }
            Tier::Avx2(avx2) => {
                work.run(2, WordMajor::<u64, 4>::new(), |states, blocks, count| {
                    avx2.sha512(states, blocks, count);
                });
            }
            #[cfg(test)]
            Tier::Model { is_wrong } => run_model(is_wrong, work),
            _ => {}
        }
    }
}

#[cfg(not(target_arch = "x86_64"))]
macro_rules! serial {
    ($($hash:ty)*) => {$(
        impl Lanes for $hash {
            fn tiers() -> impl Iterator<Item = Tier> {
                std::iter::empty()
            }

            fn tier() -> Tier {
                Tier::Serial
            }

            fn run<const HEAD: usize>(tier: Tier, work: &mut Work<'_, '_, Self, HEAD>) {
                match (tier, work) {
                    #[cfg(test)]
                    (Tier::Model { is_wrong }, work) => run_model(is_wrong, work),
                    _ => {}
                }
            }
        }
    )*};
}

#[cfg(not(target_arch = "x86_64"))]
serial!(Sha256 Sha512);

#[cfg(test)]
fn run_model<H: Sha2, const HEAD: usize>(is_wrong: bool, work: &mut Work<'_, '_, H, HEAD>) {
    work.run(
        2,
        LaneMajor::<H::Word, 4>::new(),
        |states, blocks, count| {
            for (state, blocks) in states.iter_mut().zip(blocks) {
                H::compress(state, &blocks[..count]);
            }
            if is_wrong {
                states[3].reverse();
            }
        },
    );
}

/// Computes the jobs with the engines of `tier`.
pub(crate) fn run_tier<H: Lanes, const HEAD: usize>(tier: Tier, jobs: &mut [MacJob<'_, H, HEAD>]) {
    let mut work = Work::new(jobs);
    H::run(tier, &mut work);
    work.finish();
}

/// The first tier that agrees with [`Midstates::mac`]: an engine may not be trusted because it is there.
fn best<H: Lanes>(mut tiers: impl Iterator<Item = Tier>) -> Tier {
    tiers
        .find(|tier| agrees::<H>(*tier))
        .unwrap_or(Tier::Serial)
}

/// Compares `tier` over more messages than lanes, each of another length and under another key.
fn agrees<H: Lanes>(tier: Tier) -> bool {
    const COUNT: usize = MOST + 4;
    static OCTETS: [u8; 1024] = {
        let mut octets = [0; 1024];
        let (mut at, mut octet) = (0, 0_u8);
        while at < octets.len() {
            octets[at] = octet;
            octet = octet.wrapping_mul(77).wrapping_add(101);
            at += 1;
        }
        octets
    };
    let keys: [Midstates<H>; COUNT] = std::array::from_fn(|at| Midstates::new(&OCTETS[at..][..32]));
    let mut jobs: [MacJob<'_, H>; COUNT] = std::array::from_fn(|at| {
        let nonce = OCTETS[3 * at..].first_chunk().unwrap_or(&[0; 12]);
        let (aad, ciphertext) = (
            &OCTETS[at..][..2 * at],
            &OCTETS[7 * at..][..23 * (COUNT - at)],
        );
        MacJob::new(&keys[at], Message::frame(10, nonce, aad, ciphertext))
    });
    run_tier(tier, &mut jobs);
    jobs.iter().all(|job| {
        let expected = job.midstates.mac(&job.message);
        job.digest.as_ref() == expected.as_ref()
    })
}

/// The states of `N` lanes, as an engine wants them.
trait States<W, const N: usize> {
    type Raw: Copy;

    fn raw(&mut self) -> &mut Self::Raw;
    fn get(&self, lane: usize) -> [W; 8];
    fn set(&mut self, lane: usize, state: &[W; 8]);
}

/// Word `w` of lane `l` at `[w][l]`.
struct WordMajor<W, const N: usize>([[W; N]; 8]);

impl<W: Copy + Default, const N: usize> WordMajor<W, N> {
    fn new() -> Self {
        Self([[W::default(); N]; 8])
    }
}

impl<W: Copy + Default, const N: usize> States<W, N> for WordMajor<W, N> {
    type Raw = [[W; N]; 8];

    fn raw(&mut self) -> &mut Self::Raw {
        &mut self.0
    }

    fn get(&self, lane: usize) -> [W; 8] {
        // Not `map`, which copies all of the states.
        let mut state = [W::default(); 8];
        for (word, words) in state.iter_mut().zip(&self.0) {
            *word = words[lane];
        }
        state
    }

    fn set(&mut self, lane: usize, state: &[W; 8]) {
        for (words, word) in self.0.iter_mut().zip(state) {
            words[lane] = *word;
        }
    }
}

/// Word `w` of lane `l` at `[l][w]`.
struct LaneMajor<W, const N: usize>([[W; 8]; N]);

impl<W: Copy + Default, const N: usize> LaneMajor<W, N> {
    fn new() -> Self {
        Self([[W::default(); 8]; N])
    }
}

impl<W: Copy, const N: usize> States<W, N> for LaneMajor<W, N> {
    type Raw = [[W; 8]; N];

    fn raw(&mut self) -> &mut Self::Raw {
        &mut self.0
    }

    fn get(&self, lane: usize) -> [W; 8] {
        self.0[lane]
    }

    fn set(&mut self, lane: usize, state: &[W; 8]) {
        self.0[lane] = *state;
    }
}

/// A job under way.
struct Lane<'a, H: Sha2> {
    job: usize,
    layout: Layout<'a, H>,
    /// The next block; the outer one comes after the last.
    at: usize,
}

/// Jobs, and how far they are.
pub(crate) struct Work<'j, 'a, H: Sha2, const HEAD: usize> {
    jobs: &'j mut [MacJob<'a, H, HEAD>],
    /// The first job that was not begun.
    next: usize,
    /// Jobs that an engine left to a narrower one.
    paused: [Option<Lane<'a, H>>; MOST],
    paused_states: [[H::Word; 8]; MOST],
    paused_count: usize,
}

impl<'j, 'a, H: Sha2, const HEAD: usize> Work<'j, 'a, H, HEAD> {
    #[inline]
    fn new(jobs: &'j mut [MacJob<'a, H, HEAD>]) -> Self {
        Self {
            jobs,
            next: 0,
            paused: [const { None }; MOST],
            paused_states: [H::INITIAL; MOST],
            paused_count: 0,
        }
    }

    /// The next job for a free lane, with its state.
    #[inline]
    fn take(&mut self) -> Option<(Lane<'a, H>, [H::Word; 8])> {
        if let Some(last) = self.paused_count.checked_sub(1) {
            self.paused_count = last;
            return Some((self.paused[last].take()?, self.paused_states[last]));
        }
        let job = self.jobs.get(self.next)?;
        let lane = Lane {
            job: self.next,
            layout: Layout::new(&job.message),
            at: 0,
        };
        self.next += 1;
        Some((lane, *job.midstates.inner()))
    }

    /// Hashes in `N` lanes with `compress` while `least` of them are busy.
    ///
    /// `compress` hashes the first blocks of each slice, as many as it is told, into the state of its lane.
    #[inline]
    fn run<S: States<H::Word, N>, const N: usize>(
        &mut self,
        least: usize,
        mut states: S,
        compress: impl Fn(&mut S::Raw, &[&[H::Block]; N], usize),
    ) {
        if self.jobs.len() - self.next + self.paused_count < least {
            return;
        }
        let no_state = *states.raw();
        let mut lanes: [Option<Lane<'a, H>>; N] = [const { None }; N];
        let mut assembled = [[H::ZEROS; ASSEMBLED]; N];
        loop {
            let mut busy = 0;
            for (at, lane) in lanes.iter_mut().enumerate() {
                if lane.is_none()
                    && let Some((next, state)) = self.take()
                {
                    states.set(at, &state);
                    *lane = Some(next);
                }
                busy += usize::from(lane.is_some());
            }
            if busy < least {
                break;
            }
            // A free lane repeats what the last busy one hashes, and nobody looks.
            let mut blocks: [&[H::Block]; N] = [&[]; N];
            let mut count = usize::MAX;
            let mut last: &[H::Block] = &[];
            for (at, (lane, assembled)) in lanes.iter().zip(&mut assembled).enumerate() {
                if let Some(lane) = lane {
                    let job = &self.jobs[lane.job];
                    last = if lane.at < lane.layout.count() {
                        lane.layout
                            .next(&job.message, H::BLOCK_LEN, lane.at, assembled)
                    } else {
                        outer_block::<H>(&states.get(at), &mut assembled[0]);
                        states.set(at, job.midstates.outer());
                        &assembled[..1]
                    };
                    count = count.min(last.len());
                }
                blocks[at] = last;
            }
            for (blocks, lane) in blocks.iter_mut().zip(&lanes) {
                if lane.is_none() {
                    *blocks = last;
                }
            }
            compress(states.raw(), &blocks, count);
            for (at, slot) in lanes.iter_mut().enumerate() {
                if let Some(lane) = slot {
                    lane.at += count;
                    if lane.at > lane.layout.count() {
                        self.jobs[lane.job].digest = H::digest(&states.get(at));
                        *slot = None;
                    }
                }
            }
        }
        for (at, lane) in lanes.into_iter().enumerate() {
            if let Some(lane) = lane {
                self.paused[self.paused_count] = Some(lane);
                self.paused_states[self.paused_count] = states.get(at);
                self.paused_count += 1;
            }
        }
        // Inner digests, and states that were the keys'. As in `Midstates::finish`, what an engine spills is not reached.
        for blocks in &mut assembled {
            blocks[0] = H::ZEROS;
        }
        *states.raw() = no_state;
        optimization_barrier(&assembled);
        optimization_barrier(states.raw());
    }

    /// Does what is left, one after the other.
    #[inline]
    fn finish(&mut self) {
        while let Some((lane, mut state)) = self.take() {
            let job = &mut self.jobs[lane.job];
            job.digest = job
                .midstates
                .finish(&job.message, &lane.layout, lane.at, state);
            state = H::INITIAL;
            optimization_barrier(&state);
        }
        self.paused_states = [H::INITIAL; MOST];
        optimization_barrier(&self.paused_states);
    }
}

#[cfg(test)]
mod tests {
    use ::hmac::{Hmac, KeyInit, Mac};

    use super::*;

    /// Octets that differ from call to call, and are the same in every run.
    struct Random(u64);

    impl Random {
        fn below(&mut self, end: usize) -> usize {
            self.0 ^= self.0 << 13;
            self.0 ^= self.0 >> 7;
            self.0 ^= self.0 << 17;
            usize::try_from(self.0 >> 33).unwrap() % end
        }

        fn octets(&mut self, len: usize) -> Vec<u8> {
            (0..len).map(|_| self.below(256).to_le_bytes()[0]).collect()
        }
    }

    /// A hash, and the one of another author that it must agree with.
    trait Peer: Lanes {
        fn of_peer(key: &[u8], message: &[u8]) -> Vec<u8>;
    }

    impl Peer for Sha256 {
        fn of_peer(key: &[u8], message: &[u8]) -> Vec<u8> {
            let mut mac = Hmac::<sha2::Sha256>::new_from_slice(key).unwrap();
            mac.update(message);
            mac.finalize().into_bytes().to_vec()
        }
    }

    impl Peer for Sha512 {
        fn of_peer(key: &[u8], message: &[u8]) -> Vec<u8> {
            let mut mac = Hmac::<sha2::Sha512>::new_from_slice(key).unwrap();
            mac.update(message);
            mac.finalize().into_bytes().to_vec()
        }
    }

    struct Frame {
        key: Vec<u8>,
        nonce: [u8; 12],
        aad: Vec<u8>,
        ciphertext: Vec<u8>,
    }

    impl Frame {
        fn random(random: &mut Random, aad_len: usize, ciphertext_len: usize) -> Self {
            Self {
                key: random.octets(64),
                nonce: *random.octets(12).first_chunk().unwrap(),
                aad: random.octets(aad_len),
                ciphertext: random.octets(ciphertext_len),
            }
        }

        /// What RFC 9605 section 4.5.1 authenticates.
        fn octets(&self) -> Vec<u8> {
            let lengths = [self.aad.len(), self.ciphertext.len(), 10];
            let lengths = lengths.map(|len| u64::try_from(len).unwrap().to_be_bytes());
            [
                lengths.as_flattened(),
                &self.nonce,
                &self.aad,
                &self.ciphertext,
            ]
            .concat()
        }
    }

    /// All tiers of this CPU, and those of every CPU.
    fn tiers<H: Lanes>() -> Vec<Tier> {
        let right = [Tier::Serial, Tier::Model { is_wrong: false }];
        H::tiers().chain(right).collect()
    }

    #[track_caller]
    fn assert_all_tiers_agree<H: Peer>(frames: &[Frame]) {
        let expected: Vec<_> = frames
            .iter()
            .map(|frame| H::of_peer(&frame.key, &frame.octets()))
            .collect();
        let keys: Vec<_> = frames
            .iter()
            .map(|frame| Midstates::<H>::new(&frame.key))
            .collect();
        for tier in tiers::<H>() {
            let mut jobs: Vec<_> = frames
                .iter()
                .zip(&keys)
                .map(|(frame, key)| {
                    let message = Message::frame(10, &frame.nonce, &frame.aad, &frame.ciphertext);
                    MacJob::new(key, message)
                })
                .collect();
            run_tier(tier, &mut jobs);
            for (at, (job, expected)) in jobs.iter().zip(&expected).enumerate() {
                assert_eq!(
                    job.digest().as_ref(),
                    expected,
                    "{tier:?}, job {at} of {}, {} octets of AAD, {} of ciphertext",
                    frames.len(),
                    frames[at].aad.len(),
                    frames[at].ciphertext.len(),
                );
            }
        }
    }

    fn every_length_in_every_lane<H: Peer>() {
        let random = &mut Random(1);
        // `first` takes every value, so each length comes to each place.
        for first in 0..=300 {
            let frames: Vec<_> = (0..17)
                .map(|at| Frame::random(random, at, (first + 19 * at) % 301))
                .collect();
            assert_all_tiers_agree::<H>(&frames);
        }
    }

    #[test]
    fn sha256_of_every_length_in_every_lane() {
        every_length_in_every_lane::<Sha256>();
    }

    #[test]
    fn sha512_of_every_length_in_every_lane() {
        every_length_in_every_lane::<Sha512>();
    }

    fn one_length_in_all_lanes<H: Peer>() {
        let random = &mut Random(2);
        for len in 0..=300 {
            let frames: Vec<_> = (0..16).map(|_| Frame::random(random, 9, len)).collect();
            assert_all_tiers_agree::<H>(&frames);
        }
    }

    #[test]
    fn sha256_of_one_length_in_all_lanes() {
        one_length_in_all_lanes::<Sha256>();
    }

    #[test]
    fn sha512_of_one_length_in_all_lanes() {
        one_length_in_all_lanes::<Sha512>();
    }

    fn any_number_of_any_lengths<H: Peer>() {
        let random = &mut Random(3);
        for count in 0..=50 {
            for aad_end in [1, 20, 300] {
                let frames: Vec<_> = (0..count)
                    .map(|_| {
                        let (aad_len, end) = (random.below(aad_end), 1 << random.below(13));
                        let len = random.below(end + 1);
                        Frame::random(random, aad_len, len)
                    })
                    .collect();
                assert_all_tiers_agree::<H>(&frames);
            }
        }
    }

    #[test]
    fn sha256_of_any_number_of_any_lengths() {
        any_number_of_any_lengths::<Sha256>();
    }

    #[test]
    fn sha512_of_any_number_of_any_lengths() {
        any_number_of_any_lengths::<Sha512>();
    }

    fn the_call_uses_a_tier_that_agrees<H: Peer>() {
        let tier = H::tier();
        assert_eq!(tier, H::tiers().next().unwrap_or(Tier::Serial));
        #[cfg(target_arch = "x86_64")]
        for tier in H::tiers().chain([Tier::Serial]) {
            assert_eq!(Tier::of_number(tier.number()), Some(tier));
        }
        let frame = Frame::random(&mut Random(4), 5, 600);
        let key = Midstates::<H>::new(&frame.key);
        let message = Message::frame(10, &frame.nonce, &frame.aad, &frame.ciphertext);
        let mut jobs: [_; 20] = std::array::from_fn(|_| MacJob::new(&key, message));
        mac_many(&mut jobs);
        let expected = H::of_peer(&frame.key, &frame.octets());
        for job in &jobs {
            assert_eq!(job.digest().as_ref(), expected);
        }
    }

    #[test]
    fn the_call_uses_the_best_tier_of_this_cpu() {
        the_call_uses_a_tier_that_agrees::<Sha256>();
        the_call_uses_a_tier_that_agrees::<Sha512>();
    }

    fn a_wrong_tier_is_passed_over<H: Lanes>() {
        let wrong = Tier::Model { is_wrong: true };
        let right = Tier::Model { is_wrong: false };
        assert!(!agrees::<H>(wrong));
        assert_eq!(best::<H>([wrong, right].into_iter()), right);
        assert_eq!(best::<H>([wrong].into_iter()), Tier::Serial);
        for tier in tiers::<H>() {
            assert_eq!(best::<H>([wrong, tier].into_iter()), tier);
        }
    }

    #[test]
    fn a_tier_that_computes_wrong_is_passed_over() {
        a_wrong_tier_is_passed_over::<Sha256>();
        a_wrong_tier_is_passed_over::<Sha512>();
    }
}
