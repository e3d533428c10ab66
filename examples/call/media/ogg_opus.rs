//! Ogg Opus (RFC 7845): one Opus stream, one frame of the call a packet.

use std::io::{Cursor, ErrorKind};
use std::time::Duration;

use ogg::writing::PacketWriteEndInfo as End;
use ogg::{OggReadError, PacketReader, PacketWriter};

use super::{Fault, Frame, check_frame_len};

/// First octets of the file.
pub(super) const MAGIC: &[u8] = b"OggS";
/// Samples of the longest packet, 120 ms at 48 kHz (RFC 6716 section 3.2.5).
const MAX_PACKET_SAMPLES: u64 = 5760;

/// The two header packets, and where the sound ends.
#[derive(Debug)]
pub(super) struct Headers {
    head: Vec<u8>,
    tags: Vec<u8>,
    serial: u32,
    end_granule: u64,
}

/// Splits a file into Opus packets.
pub(super) fn parse(file: &[u8]) -> Result<(Headers, Vec<Frame>), Fault> {
    let mut reader = PacketReader::new(Cursor::new(file));
    let mut next = || reader.read_packet().map_err(explain);

    let head = next()?.ok_or("the Ogg file holds no packet")?;
    if !head.data.starts_with(b"OpusHead") || head.data.len() < 19 {
        return Err("the Ogg file holds no Opus stream".into());
    }
    let serial = head.stream_serial();
    let tags = next()?
        .filter(|tags| tags.data.starts_with(b"OpusTags"))
        .ok_or("the Opus stream ends before its comment header")?;

    let mut frames = Vec::new();
    let mut samples = 0;
    let mut end_granule = 0;
    while let Some(packet) = next()? {
        let number = frames.len();
        if packet.stream_serial() != serial {
            return Err("the Ogg file holds more than one stream".into());
        }
        check_frame_len(number, packet.data.len())?;
        let duration = packet_samples(&packet.data)
            .ok_or_else(|| format!("packet {number} is not an Opus packet"))?;
        frames.push(Frame {
            octets: packet.data.clone(),
            due: Duration::from_nanos(samples * 1_000_000_000 / 48_000),
            timestamp: samples,
        });
        samples += duration;
        end_granule = packet.absgp_page();
    }
    let headers = Headers {
        head: head.data,
        tags: tags.data,
        serial,
        end_granule,
    };
    Ok((headers, frames))
}

/// Says what the Ogg reader found wrong.
fn explain(fault: OggReadError) -> String {
    match fault {
        OggReadError::HashMismatch(..) => "a page of the Ogg file has a wrong checksum".into(),
        OggReadError::ReadError(error) if error.kind() == ErrorKind::UnexpectedEof => {
            "the Ogg file ends in the middle of a page".into()
        }
        fault => format!("the Ogg file is broken: {fault}"),
    }
}

/// Returns the samples at 48 kHz of one frame of a packet with this first octet (RFC 6716 table 2).
fn frame_samples(toc: u8) -> u64 {
    let (config, size) = (toc >> 3, (toc >> 3) & 3);
    match config {
        0..=11 => [480, 960, 1920, 2880][usize::from(size)],
        12..=15 => [480, 960][usize::from(size & 1)],
        _ => [120, 240, 480, 960][usize::from(size)],
    }
}

/// Returns the samples at 48 kHz of a packet, or nothing if no Opus packet starts like that.
fn packet_samples(packet: &[u8]) -> Option<u64> {
    let toc = *packet.first()?;
    let frames = match toc & 3 {
        0 => 1,
        1 | 2 => 2,
        _ => u64::from(packet.get(1)? & 0x3F),
    };
    let samples = frames * frame_samples(toc);
    (1..=MAX_PACKET_SAMPLES)
        .contains(&samples)
        .then_some(samples)
}

/// Makes a packet without sound, for which a decoder conceals the loss (RFC 7845 section 4.1).
fn concealment(toc: u8, samples: u64) -> Vec<u8> {
    let most = MAX_PACKET_SAMPLES / frame_samples(toc);
    let frames = (samples / frame_samples(toc)).clamp(1, most);
    match u8::try_from(frames) {
        Ok(frames @ 2..) => vec![toc | 3, frames],
        _ => vec![toc & !3],
    }
}

/// Makes a file of the packets that arrived; lost ones become concealment, so that time goes on.
pub(super) fn write(
    headers: &Headers,
    frames: &[Frame],
    arrived: &[Option<Vec<u8>>],
) -> Result<Vec<u8>, Fault> {
    let serial = headers.serial;
    let mut writer = PacketWriter::new(Vec::new());
    writer.write_packet(&headers.head[..], serial, End::EndPage, 0)?;
    writer.write_packet(&headers.tags[..], serial, End::EndPage, 0)?;

    let mut toc = arrived
        .iter()
        .flatten()
        .find_map(|packet| packet.first().copied());
    let mut granule = 0;
    for (number, (frame, packet)) in frames.iter().zip(arrived).enumerate() {
        let samples = packet_samples(&frame.octets).unwrap_or(0);
        let octets = match packet {
            Some(packet) => {
                toc = packet.first().copied().or(toc);
                packet.clone()
            }
            None => toc.map_or(Vec::new(), |toc| concealment(toc, samples)),
        };
        let is_last = number + 1 == frames.len();
        // The last granule position cuts off what the encoder padded, if the file said so.
        let trimmed = is_last && (granule + 1..granule + samples).contains(&headers.end_granule);
        granule = if trimmed {
            headers.end_granule
        } else {
            granule + samples
        };
        let end = match number {
            _ if is_last => End::EndStream,
            _ if number % 50 == 49 => End::EndPage,
            _ => End::NormalPacket,
        };
        writer.write_packet(octets, serial, end, granule)?;
    }
    Ok(writer.into_inner())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_follow_the_table_of_rfc_6716() {
        assert_eq!(packet_samples(&[0x08, 1]), Some(960));
        assert_eq!(packet_samples(&[0xF8, 1]), Some(960));
        assert_eq!(packet_samples(&[0x81, 1]), Some(240));
        assert_eq!(packet_samples(&[0xFB, 3, 0]), Some(2880));
        assert_eq!(packet_samples(&[0xFB, 0]), None);
        assert_eq!(packet_samples(&[0x1B, 63]), None);
        assert_eq!(packet_samples(&[]), None);
    }

    #[test]
    fn concealment_lasts_as_long_as_what_was_lost() {
        for samples in [960, 1920, 2880, 5760] {
            assert_eq!(packet_samples(&concealment(0xF8, samples)), Some(samples));
        }
    }
}
