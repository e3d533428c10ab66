//! Which frames of a KID were opened: a sliding window, moved only after authentication.
//!
//! ```text
//!      floor         start            bottom                    head
//!  ──────┴─────────────┴────────────────┴─────────────────────────┴──────► CTR
//!  Replayed │             TooOld        │  seen: Duplicate, else Fresh   Fresh
//! ```
//!
//! bottom = max(start, head − width + 1). The window belongs to the KID and lives in the KeyStore; decryptors on
//! several threads take turns by a lease, one atomic word that is held for the few instructions of looking
//! again and marking. Retiring the key closes the window for good, so that no frame in flight is marked after its head was read.

use std::sync::atomic::{AtomicBool, AtomicU8, AtomicU64, Ordering};
use std::thread;
use std::time::Duration;

use crate::id::Counter;

/// Frames that a window reaches back in frame mode.
pub(crate) const FRAME_WINDOW: u64 = 1024;
/// Packets that a window reaches back in packet mode.
pub(crate) const PACKET_WINDOW: u64 = 8192;
/// How far below the first authentic frame earlier ones are still let in.
const HEAD_START: u64 = 64;
/// Bits of the ring: every width is served from it.
const RING: u64 = PACKET_WINDOW;
const WORDS: usize = 128;
const _: () = assert!(WORDS as u64 * 64 == RING);

/// What the window says of a CTR.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    Fresh,
    Duplicate,
    TooOld,
    Replayed,
}

const IDLE: u8 = 0;
const BUSY: u8 = 1;
const CLOSED: u8 = 2;

/// The window of one KID.
pub(crate) struct ReplayWindow {
    /// `IDLE`, `BUSY` or `CLOSED`.
    lease: AtomicU8,
    started: AtomicBool,
    /// Below this nothing opens; set by the first authentic frame.
    start: AtomicU64,
    head: AtomicU64,
    /// The highest CTR opened before the key was last retired.
    floor: Option<u64>,
    ring: Box<[AtomicU64]>,
}

/// The right to look and mark, held for a few instructions.
pub(crate) struct Lease<'a> {
    window: &'a ReplayWindow,
}

/// Why there is no lease.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum NoLease {
    /// Other decryptors held it through 64 tries.
    Busy,
    /// The key was retired.
    Closed,
}

impl ReplayWindow {
    pub(crate) fn new(floor: Option<Counter>) -> Self {
        Self {
            lease: AtomicU8::new(IDLE),
            started: AtomicBool::new(false),
            start: AtomicU64::new(0),
            head: AtomicU64::new(0),
            floor: floor.map(Counter::value),
            ring: std::iter::repeat_with(AtomicU64::default)
                .take(WORDS)
                .collect(),
        }
    }

    /// Looks without a lease: true to what was marked before, perhaps not to what is being marked.
    #[inline]
    pub(crate) fn look(&self, ctr: Counter, width: u64) -> Verdict {
        let ctr = ctr.value();
        if self.floor.is_some_and(|floor| ctr <= floor) {
            return Verdict::Replayed;
        }
        if !self.started.load(Ordering::Acquire) {
            return Verdict::Fresh;
        }
        // Acquire: who sees a new head sees the bits that were cleared for it.
        let head = self.head.load(Ordering::Acquire);
        if ctr > head {
            return Verdict::Fresh;
        }
        let bottom = head
            .saturating_sub(width.min(RING) - 1)
            .max(self.start.load(Ordering::Relaxed));
        if ctr < bottom {
            return Verdict::TooOld;
        }
        let (word, bit) = place(ctr);
        if self.ring[word].load(Ordering::Relaxed) & bit == 0 {
            Verdict::Fresh
        } else {
            Verdict::Duplicate
        }
    }

    /// Takes the lease, or gives up after 64 tries.
    #[inline]
    pub(crate) fn lease(&self) -> Result<Lease<'_>, NoLease> {
        for _ in 0..64 {
            match self
                .lease
                .compare_exchange(IDLE, BUSY, Ordering::Acquire, Ordering::Relaxed)
            {
                Ok(_) => return Ok(Lease { window: self }),
                Err(CLOSED) => return Err(NoLease::Closed),
                Err(_) => std::hint::spin_loop(),
            }
        }
        Err(NoLease::Busy)
    }

    /// Closes the window for good and returns the highest CTR that was opened. Waits for a decryptor that is marking.
    pub(crate) fn close(&self) -> Option<Counter> {
        // A lease is held for a few instructions. One that lasts a second is of a thread that a fork left behind.
        for _ in 0..20_000 {
            match self.lease() {
                // Not given back: it goes from busy to closed.
                Ok(lease) => {
                    std::mem::forget(lease);
                    break;
                }
                Err(NoLease::Closed) => break,
                Err(NoLease::Busy) => thread::sleep(Duration::from_micros(50)),
            }
        }
        self.lease.store(CLOSED, Ordering::Release);
        self.head()
    }

    /// Tells whether the window was closed: its key opens nothing more.
    #[inline]
    pub(crate) fn is_closed(&self) -> bool {
        self.lease.load(Ordering::Relaxed) == CLOSED
    }

    /// The highest CTR that was opened, in this window or before it.
    #[inline]
    pub(crate) fn head(&self) -> Option<Counter> {
        let head = self
            .started
            .load(Ordering::Acquire)
            .then(|| self.head.load(Ordering::Relaxed));
        head.max(self.floor).map(Counter::new)
    }
}

impl Lease<'_> {
    /// Looks again and, if the frame is fresh, marks it; then gives the lease back. Call it only for a frame that authenticated.
    ///
    /// `NoLease::Closed` if the window was closed by force meanwhile: its highest CTR may have been read before this frame was marked.
    #[inline]
    pub(crate) fn mark(self, ctr: Counter, width: u64) -> Result<Verdict, NoLease> {
        let verdict = self.look_and_mark(ctr, width);
        let window = self.window;
        std::mem::forget(self);
        window
            .lease
            .compare_exchange(BUSY, IDLE, Ordering::Release, Ordering::Relaxed)
            .map(|_| verdict)
            .map_err(|_| NoLease::Closed)
    }

    #[inline]
    fn look_and_mark(&self, ctr: Counter, width: u64) -> Verdict {
        let window = self.window;
        let verdict = window.look(ctr, width);
        if verdict != Verdict::Fresh {
            return verdict;
        }
        let ctr = ctr.value();
        let (word, bit) = place(ctr);
        if !window.started.load(Ordering::Relaxed) {
            let start = ctr.saturating_sub(HEAD_START);
            window.start.store(start, Ordering::Relaxed);
            window.head.store(ctr, Ordering::Relaxed);
            window.ring[word].store(bit, Ordering::Relaxed);
            window.started.store(true, Ordering::Release);
            return verdict;
        }
        let head = window.head.load(Ordering::Relaxed);
        if ctr > head {
            window.clear_after(head, ctr);
            window.head.store(ctr, Ordering::Release);
        }
        let seen = window.ring[word].load(Ordering::Relaxed);
        window.ring[word].store(seen | bit, Ordering::Relaxed);
        verdict
    }
}

impl Drop for Lease<'_> {
    fn drop(&mut self) {
        // Not if the window was closed by force meanwhile: it stays closed.
        self.window
            .lease
            .compare_exchange(BUSY, IDLE, Ordering::Release, Ordering::Relaxed)
            .ok();
    }
}

impl ReplayWindow {
    /// Clears the bits of `old_head + 1 ..= new_head`, which stood for counters one ring earlier.
    #[inline]
    fn clear_after(&self, old_head: u64, new_head: u64) {
        if new_head - old_head >= RING {
            for word in &self.ring {
                word.store(0, Ordering::Relaxed);
            }
            return;
        }
        let mut ctr = old_head;
        while ctr < new_head {
            ctr += 1;
            let (word, bit) = place(ctr);
            let in_word = ctr % 64;
            let last = new_head.min(ctr + (63 - in_word));
            // Bits in_word ..= in_word + (last − ctr) of this word.
            let run = u64::MAX >> (63 - (last - ctr));
            let keep = !(run << in_word);
            debug_assert!(keep & bit == 0);
            let seen = self.ring[word].load(Ordering::Relaxed);
            self.ring[word].store(seen & keep, Ordering::Relaxed);
            ctr = last;
        }
    }
}

/// Word and bit of a CTR in the ring.
#[allow(
    clippy::cast_possible_truncation,
    reason = "the quotient is under WORDS"
)]
#[inline]
const fn place(ctr: u64) -> (usize, u64) {
    let index = ctr % RING;
    ((index / 64) as usize, 1 << (index % 64))
}
