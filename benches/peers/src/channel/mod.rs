//! Whole frames: header, counter, limits, and on the way back key lookup and replay window.

mod batch;
mod codecs;
mod dave;
mod libsrtp;
mod ours;
mod sframe_crate;
mod srtp;

use std::time::{Duration, Instant};

pub use batch::Batch;
pub use codecs::{Form, Frames, Picture, decrypting_frames, encrypting_frames};
pub use ours::stores;
pub use ours::{Ours, Through};

/// The AES-128-GCM key of every stream.
pub const KEY: [u8; 16] = [0x42; 16];
/// The salt of the SRTP streams.
const SALT: [u8; 12] = [0x24; 12];

/// A stream with both its ends, in the way that is fastest for its library.
pub trait Channel {
    /// Seals one frame and forgets it.
    fn encrypt(&mut self);

    /// Seals `count` frames and keeps them to be opened.
    fn lay_out(&mut self, count: usize);

    /// Opens one of them and says whether it was genuine. Each is opened once, in their order.
    fn decrypt(&mut self, index: usize) -> bool;
}

/// What is done with each of the libraries.
pub trait Visitor {
    /// Meets a library, and how it makes a stream of frames of so many octets of payload.
    fn visit<C: Channel + 'static>(&mut self, who: &str, new: impl Fn(usize) -> C);

    /// Learns that one is missing.
    fn absent(&mut self, who: &str, why: &str);
}

/// Meets mediaseal and everyone else.
pub fn everyone(visitor: &mut impl Visitor) {
    visitor.visit(OURS, Ours::new);
    sframe_crate::visit(visitor);
    dave::visit(visitor);
    srtp::visit(visitor);
    libsrtp::visit(visitor);
}

/// The name of mediaseal's channel among the contenders.
pub const OURS: &str = "mediaseal";

/// Versions of what is loaded.
#[must_use]
pub fn loaded_versions() -> Vec<(String, String)> {
    libsrtp::version().into_iter().collect()
}

/// Frames that are opened before the clock is stopped and new ones are sealed.
pub const FRAMES_IN_A_ROW: usize = 64;

/// Encrypts frames back to back.
pub fn encrypting<C: Channel>(mut channel: C) -> impl FnMut(u32) -> Duration {
    move |calls| {
        let began = Instant::now();
        for _ in 0..calls {
            channel.encrypt();
        }
        began.elapsed()
    }
}

/// Decrypts frames back to back; sealing them is not in the time.
pub fn decrypting<C: Channel>(mut channel: C) -> impl FnMut(u32) -> Duration {
    move |calls| {
        let mut left = calls as usize;
        let mut took = Duration::ZERO;
        let mut genuine = true;
        while left > 0 {
            let now = left.min(FRAMES_IN_A_ROW);
            channel.lay_out(now);
            let began = Instant::now();
            for index in 0..now {
                genuine &= channel.decrypt(index);
            }
            took += began.elapsed();
            left -= now;
        }
        assert!(genuine, "an honest frame was refused");
        took
    }
}
