//! Ogg for Opus (RFC 7845).

use std::io::{self, Write};

use ogg::writing::{PacketWriteEndInfo, PacketWriter};

use super::codec::{Config, Shape};
use super::mux::{AudioClock, Mux, Sample, Sink};

/// A page ends after so many packets, which is about a second.
const PAGE: u32 = 50;
/// One stream a file, so any number does.
const SERIAL: u32 = 1;

/// A file that is being written. A packet is held back until it is known what follows it.
pub(super) struct Ogg {
    writer: PacketWriter<'static, Sink>,
    clock: AudioClock,
    held: Option<(Sample, u64)>,
    in_page: u32,
}

impl Ogg {
    /// Begins a file with its headers.
    pub(super) fn begin(sink: Sink, config: &Config) -> io::Result<Self> {
        let Shape::Audio {
            rate,
            channels,
            pre_skip,
        } = config.shape
        else {
            return Err(io::ErrorKind::Unsupported.into());
        };
        let mut writer = PacketWriter::new(sink);
        let mut head = b"OpusHead\x01".to_vec();
        head.push(channels);
        head.extend_from_slice(&pre_skip.to_le_bytes());
        head.extend_from_slice(&rate.to_le_bytes());
        head.extend_from_slice(&[0, 0, 0]);
        let mut tags = b"OpusTags".to_vec();
        tags.extend_from_slice(&9_u32.to_le_bytes());
        tags.extend_from_slice(b"mediaseal");
        tags.extend_from_slice(&0_u32.to_le_bytes());
        for header in [head, tags] {
            writer.write_packet(header, SERIAL, PacketWriteEndInfo::EndPage, 0)?;
        }
        Ok(Self {
            writer,
            clock: AudioClock::new(rate),
            held: None,
            in_page: 0,
        })
    }

    fn write_held(&mut self, end: PacketWriteEndInfo) -> io::Result<()> {
        let Some((sample, granule)) = self.held.take() else {
            return Ok(());
        };
        self.in_page += 1;
        if !matches!(end, PacketWriteEndInfo::NormalPacket) {
            self.in_page = 0;
        }
        let octets = sample.octets.to_vec();
        self.writer.write_packet(octets, SERIAL, end, granule)
    }
}

impl Mux for Ogg {
    fn write(&mut self, sample: Sample) -> io::Result<()> {
        let ticks = sample.ticks.unwrap_or_default();
        let (at, pauses) = self.clock.place(sample.micros, ticks);
        let end = if pauses || self.in_page + 1 >= PAGE {
            PacketWriteEndInfo::EndPage
        } else {
            PacketWriteEndInfo::NormalPacket
        };
        self.write_held(end)?;
        // Positions are those of ends, and count what is skipped.
        self.held = Some((sample, at.saturating_add(ticks.into())));
        Ok(())
    }

    fn finish(&mut self) -> io::Result<u64> {
        self.write_held(PacketWriteEndInfo::EndStream)?;
        let sink = self.writer.inner_mut();
        sink.flush()?;
        Ok(sink.len())
    }
}
