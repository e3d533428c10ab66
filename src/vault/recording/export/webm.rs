//! WebM for VP8: EBML elements (RFC 8794) of Matroska (RFC 9559), segment and clusters of unknown length, so that nothing is written twice.

use std::io::{self, Write};

use super::codec::{Config, Shape};
use super::mux::{Mux, Sample, Sink};

/// A cluster ends before a key frame, and before a block's time would not fit into 16 bits.
const MAX_CLUSTER_MILLIS: u64 = 30_000;

/// One octet of length, all ones: unknown.
const UNKNOWN: u8 = 0xff;

/// A file that is being written.
pub(super) struct WebM {
    sink: Sink,
    /// When the cluster begins, in milliseconds.
    cluster: Option<u64>,
}

/// An element with its content.
fn element(id: &[u8], content: &[u8]) -> Vec<u8> {
    let len = u32::try_from(content.len()).unwrap_or(u32::MAX);
    let mut out = id.to_vec();
    // Eight octets of length would reach further than any frame; five do for 4 GiB.
    out.push(0x08);
    out.extend_from_slice(&len.to_be_bytes());
    out.extend_from_slice(content);
    out
}

fn number(id: &[u8], value: u64) -> Vec<u8> {
    element(id, &value.to_be_bytes())
}

impl WebM {
    /// Begins a file with its front.
    pub(super) fn begin(mut sink: Sink, config: &Config) -> io::Result<Self> {
        let Shape::Video { width, height } = config.shape else {
            return Err(io::ErrorKind::Unsupported.into());
        };
        let ebml = [
            number(&[0x42, 0x86], 1),
            number(&[0x42, 0xf7], 1),
            number(&[0x42, 0xf2], 4),
            number(&[0x42, 0xf3], 8),
            element(&[0x42, 0x82], b"webm"),
            number(&[0x42, 0x87], 4),
            number(&[0x42, 0x85], 2),
        ]
        .concat();
        let info = [
            // A millisecond, in nanoseconds.
            number(&[0x2a, 0xd7, 0xb1], 1_000_000),
            element(&[0x4d, 0x80], b"mediaseal"),
            element(&[0x57, 0x41], b"mediaseal"),
        ]
        .concat();
        let video = [
            number(&[0xb0], width.into()),
            number(&[0xba], height.into()),
        ]
        .concat();
        let entry = [
            number(&[0xd7], 1),
            number(&[0x73, 0xc5], 1),
            number(&[0x83], 1),
            number(&[0x9c], 0),
            element(&[0x86], b"V_VP8"),
            element(&[0xe0], &video),
        ]
        .concat();
        sink.write_all(&element(&[0x1a, 0x45, 0xdf, 0xa3], &ebml))?;
        sink.write_all(&[0x18, 0x53, 0x80, 0x67, UNKNOWN])?;
        sink.write_all(&element(&[0x15, 0x49, 0xa9, 0x66], &info))?;
        let tracks = element(&[0xae], &entry);
        sink.write_all(&element(&[0x16, 0x54, 0xae, 0x6b], &tracks))?;
        Ok(Self {
            sink,
            cluster: None,
        })
    }
}

impl Mux for WebM {
    fn write(&mut self, sample: Sample) -> io::Result<()> {
        let millis = sample.micros / 1_000;
        let fits = |start: &u64| {
            millis
                .checked_sub(*start)
                .is_some_and(|since| since < MAX_CLUSTER_MILLIS)
        };
        let start = match self.cluster.filter(fits) {
            Some(start) if !sample.key => start,
            _ => {
                self.sink.write_all(&[0x1f, 0x43, 0xb6, 0x75, UNKNOWN])?;
                self.sink.write_all(&number(&[0xe7], millis))?;
                self.cluster = Some(millis);
                millis
            }
        };
        let since = i16::try_from(millis.saturating_sub(start)).unwrap_or(i16::MAX);
        let len = u32::try_from(sample.octets.len() + 4).map_err(io::Error::other)?;
        // SimpleBlock of track 1.
        self.sink.write_all(&[0xa3, 0x08])?;
        self.sink.write_all(&len.to_be_bytes())?;
        self.sink.write_all(&[0x81])?;
        self.sink.write_all(&since.to_be_bytes())?;
        self.sink.write_all(&[if sample.key { 0x80 } else { 0 }])?;
        self.sink.write_all(&sample.octets)
    }

    fn finish(&mut self) -> io::Result<u64> {
        self.sink.flush()?;
        Ok(self.sink.len())
    }
}
