//! IVF: 32 octets, then length, timestamp and octets of each frame; little-endian.

use crate::Fault;

const HEADER_LEN: usize = 32;
/// Octets between a frame's length and the frame.
const TIMESTAMP_LEN: usize = 8;

/// The frames of a file.
///
/// # Errors
/// A sentence, if it ends too early.
pub(crate) fn read(file: &[u8]) -> Result<Vec<Vec<u8>>, Fault> {
    let cut = || Fault::from("an IVF file ends within a frame");
    let mut rest = file.get(HEADER_LEN..).ok_or_else(cut)?;
    let mut frames = Vec::new();
    while !rest.is_empty() {
        let (len, after) = rest.split_first_chunk().ok_or_else(cut)?;
        let len = usize::try_from(u32::from_le_bytes(*len))?;
        let after = after.get(TIMESTAMP_LEN..).ok_or_else(cut)?;
        let (frame, after) = after.split_at_checked(len).ok_or_else(cut)?;
        frames.push(frame.to_vec());
        rest = after;
    }
    Ok(frames)
}

/// A file of `frames` with the header of `like`.
///
/// # Errors
/// If a frame is too long, or `like` has no header.
pub(crate) fn write(like: &[u8], frames: &[Vec<u8>]) -> Result<Vec<u8>, Fault> {
    let header = like.get(..HEADER_LEN).ok_or("no IVF header")?;
    let mut file = header.to_vec();
    for (number, frame) in (0_u64..).zip(frames) {
        file.extend_from_slice(&u32::try_from(frame.len())?.to_le_bytes());
        file.extend_from_slice(&number.to_le_bytes());
        file.extend_from_slice(frame);
    }
    Ok(file)
}

#[cfg(test)]
mod tests {
    use super::{HEADER_LEN, read, write};

    #[test]
    fn what_is_written_is_read_again() -> Result<(), crate::Fault> {
        let header = [7; HEADER_LEN];
        let frames = [vec![1, 2, 3], vec![], vec![4; 300]];
        let file = write(&header, &frames)?;
        assert_eq!(read(&file)?, frames);
        for len in [0, HEADER_LEN - 1, HEADER_LEN + 5, file.len() - 1] {
            assert!(read(&file[..len]).is_err(), "{len}");
        }
        Ok(())
    }
}
