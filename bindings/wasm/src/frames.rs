//! Octets between JavaScript's memory and ours, in storage that is kept from frame to frame.

use js_sys::Uint8Array;
use mediaseal::{Error, FrameInfo, Ssrc};

/// What goes in, and what comes out.
#[derive(Default)]
pub(crate) struct Storage {
    plain: Vec<u8>,
    sealed: Vec<u8>,
}

impl Storage {
    /// Takes plaintext over, lets `seal` write at most `room` octets, and returns those that it wrote. The plaintext is wiped.
    pub(crate) fn seal(
        &mut self,
        frame: &Uint8Array,
        room: usize,
        seal: impl FnOnce(&[u8], &mut [u8]) -> Result<usize, Error>,
    ) -> Result<&[u8], Error> {
        let plain = take(&mut self.plain, frame);
        let sealed = at_least(&mut self.sealed, room);
        let len = seal(plain, sealed);
        plain.fill(0);
        Ok(&sealed[..len?])
    }

    /// Takes a ciphertext over, lets `open` write at most `room` octets, and hands those that it wrote to `give`. They are wiped.
    pub(crate) fn open<T>(
        &mut self,
        frame: &Uint8Array,
        room: usize,
        open: impl FnOnce(&[u8], &mut [u8]) -> Result<usize, Error>,
        give: impl FnOnce(&[u8]) -> T,
    ) -> Result<T, Error> {
        let sealed = take(&mut self.sealed, frame);
        let plain = at_least(&mut self.plain, room);
        let len = open(sealed, plain)?;
        let given = give(&plain[..len]);
        plain[..len].fill(0);
        Ok(given)
    }
}

/// What is said of a frame besides its octets.
pub(crate) fn info(stream: u32, metadata: Option<&Vec<u8>>) -> FrameInfo<'_> {
    let info = FrameInfo::new(Ssrc::new(stream));
    match metadata {
        Some(metadata) => info.metadata(metadata),
        None => info,
    }
}

/// The octets of an array, as Rust counts.
pub(crate) fn len(array: &Uint8Array) -> usize {
    usize::try_from(array.length()).unwrap_or(usize::MAX)
}

/// Puts `octets` at the front of an array that has room for them, and says how many they are.
pub(crate) fn put(octets: &[u8], array: &Uint8Array) -> u32 {
    // As long as an array, whose length has 32 bits.
    let len = u32::try_from(octets.len()).unwrap_or(u32::MAX);
    array.subarray(0, len).copy_from(octets);
    len
}

fn take<'a>(storage: &'a mut Vec<u8>, frame: &Uint8Array) -> &'a mut [u8] {
    let taken = at_least(storage, len(frame));
    frame.copy_to(taken);
    taken
}

/// The first `len` octets, which stay where they are as long as frames do not grow.
fn at_least(storage: &mut Vec<u8>, len: usize) -> &mut [u8] {
    if storage.len() < len {
        storage.resize(len, 0);
    }
    &mut storage[..len]
}
