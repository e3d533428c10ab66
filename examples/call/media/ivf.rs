//! IVF: a 32-octet header, then length, timestamp and octets of each frame; little-endian.

use std::time::Duration;

use super::{Fault, Frame, MAX_PAUSE, check_frame_len};

/// First octets of the file.
pub(super) const MAGIC: &[u8] = b"DKIF";
const HEADER_LEN: usize = 32;

/// The file header, which a written file repeats but for its frame count.
#[derive(Debug)]
pub(super) struct Header {
    octets: [u8; HEADER_LEN],
    codec: &'static str,
}

impl Header {
    /// Returns the codec's name.
    pub(super) fn codec(&self) -> &'static str {
        self.codec
    }
}

/// Takes `N` octets off the front of `rest`.
fn take<const N: usize>(rest: &mut &[u8]) -> Option<[u8; N]> {
    let (taken, left) = rest.split_first_chunk()?;
    *rest = left;
    Some(*taken)
}

/// Splits a file into frames.
pub(super) fn parse(file: &[u8]) -> Result<(Header, Vec<Frame>), Fault> {
    let mut rest = file;
    let octets: [u8; HEADER_LEN] =
        take(&mut rest).ok_or("the IVF header ends before its 32 octets do")?;
    let codec = match &octets[8..12] {
        b"VP80" => "VP8",
        b"VP90" => "VP9",
        b"AV01" => "AV1",
        other => {
            let name = other.escape_ascii();
            return Err(format!("IVF with codec \"{name}\"; VP80, VP90 and AV01 are known").into());
        }
    };
    let mut fields = &octets[16..24];
    let rate = take(&mut fields).map_or(0, u32::from_le_bytes);
    let scale = take(&mut fields).map_or(0, u32::from_le_bytes);
    if rate == 0 || scale == 0 {
        return Err("the IVF header states no time base".into());
    }

    let mut frames: Vec<Frame> = Vec::new();
    let mut first_timestamp = None;
    while !rest.is_empty() {
        let number = frames.len();
        let truncated = || format!("the IVF file ends in the middle of frame {number}");
        let len = u32::from_le_bytes(take(&mut rest).ok_or_else(truncated)?);
        let timestamp = u64::from_le_bytes(take(&mut rest).ok_or_else(truncated)?);
        let len = usize::try_from(len)?;
        check_frame_len(number, len)?;
        let (octets, left) = rest.split_at_checked(len).ok_or_else(truncated)?;
        rest = left;

        let first = *first_timestamp.get_or_insert(timestamp);
        let before = frames.last().map_or(Duration::ZERO, |frame| frame.due);
        // Hidden frames may repeat a timestamp or step back; they are sent at once.
        let due = ticks(timestamp.saturating_sub(first), scale, rate)
            .map(|due| due.max(before))
            .filter(|due| *due - before <= MAX_PAUSE)
            .ok_or_else(|| format!("the timestamp of frame {number} jumps by over a minute"))?;
        frames.push(Frame {
            octets: octets.to_vec(),
            due,
            timestamp,
        });
    }
    Ok((Header { octets, codec }, frames))
}

/// Converts ticks of `scale / rate` seconds.
fn ticks(count: u64, scale: u32, rate: u32) -> Option<Duration> {
    let nanos = u128::from(count) * u128::from(scale) * 1_000_000_000 / u128::from(rate);
    u64::try_from(nanos).ok().map(Duration::from_nanos)
}

/// Makes a file of the frames that arrived, at their own timestamps.
pub(super) fn write(
    header: &Header,
    frames: &[Frame],
    arrived: &[Option<Vec<u8>>],
) -> Result<Vec<u8>, Fault> {
    let mut file = header.octets.to_vec();
    let count = u32::try_from(arrived.iter().flatten().count())?;
    file[24..28].copy_from_slice(&count.to_le_bytes());
    for (frame, octets) in frames.iter().zip(arrived) {
        let Some(octets) = octets else { continue };
        file.extend_from_slice(&u32::try_from(octets.len())?.to_le_bytes());
        file.extend_from_slice(&frame.timestamp.to_le_bytes());
        file.extend_from_slice(octets);
    }
    Ok(file)
}
