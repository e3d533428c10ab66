//! Boxes of ISO/IEC 14496-12: a length, a name, what is in it.

/// Boxes that are being written.
#[derive(Default)]
pub(super) struct Boxes(pub(super) Vec<u8>);

impl Boxes {
    /// A box and what `fill` puts into it. What is written here is far below 4 GiB; a longer box says that it is as long as can be said.
    pub(super) fn boxed(&mut self, name: &[u8; 4], fill: impl FnOnce(&mut Self)) {
        let start = self.0.len();
        self.u32(0);
        self.put(name);
        fill(self);
        let len = u32::try_from(self.0.len() - start).unwrap_or(u32::MAX);
        self.0[start..start + 4].copy_from_slice(&len.to_be_bytes());
    }

    /// A box with version and flags.
    pub(super) fn full(
        &mut self,
        name: &[u8; 4],
        version: u8,
        flags: u32,
        fill: impl FnOnce(&mut Self),
    ) {
        self.boxed(name, |boxes| {
            boxes.u32(u32::from(version) << 24 | flags);
            fill(boxes);
        });
    }

    pub(super) fn put(&mut self, octets: &[u8]) {
        self.0.extend_from_slice(octets);
    }

    pub(super) fn zeros(&mut self, count: usize) {
        self.0.resize(self.0.len() + count, 0);
    }

    pub(super) fn u8(&mut self, value: u8) {
        self.0.push(value);
    }

    pub(super) fn u16(&mut self, value: u16) {
        self.put(&value.to_be_bytes());
    }

    pub(super) fn u32(&mut self, value: u32) {
        self.put(&value.to_be_bytes());
    }

    pub(super) fn u64(&mut self, value: u64) {
        self.put(&value.to_be_bytes());
    }
}
