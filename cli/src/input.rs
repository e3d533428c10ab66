//! Reading inputs, in bounds.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use zeroize::Zeroizing;

use crate::outcome::Failure;

/// Most octets of a frame file: 2^30 and its overhead is the most that a sender may seal, and hexadecimal digits are twice that; nobody has frames near it.
pub(crate) const MAX_FRAME: u64 = 64 << 20;
/// Most octets of a key file.
const MAX_KEY_FILE: u64 = 64 << 10;

/// Opens a file, or standard input for "-".
pub(crate) fn open(path: &Path) -> Result<Box<dyn Read>, Failure> {
    if path.as_os_str() == "-" {
        return Ok(Box::new(io::stdin().lock()));
    }
    let file = File::open(path).map_err(|error| unreadable(path, &error))?;
    Ok(Box::new(file))
}

/// Names an input that cannot be read.
pub(crate) fn unreadable(path: &Path, why: &dyn std::fmt::Display) -> Failure {
    Failure::Unreadable(format!("{}: {why}", path.display()))
}

/// Reads all of `reader`, up to a bound.
pub(crate) fn read_bounded(reader: &mut dyn Read, most: u64) -> io::Result<Vec<u8>> {
    let mut octets = Vec::new();
    let read = reader
        .take(most.saturating_add(1))
        .read_to_end(&mut octets)?;
    if u64::try_from(read).unwrap_or(u64::MAX) > most {
        let what = format!("more than {most} octets");
        return Err(io::Error::new(io::ErrorKind::InvalidData, what));
    }
    Ok(octets)
}

/// Reads a key file, which is wiped when dropped.
pub(crate) fn read_key_file(path: &Path) -> Result<Zeroizing<String>, Failure> {
    let mut reader = open(path)?;
    // All room at once: a vector that grows leaves copies behind.
    let most = usize::try_from(MAX_KEY_FILE).unwrap_or(usize::MAX);
    let mut octets = Zeroizing::new(vec![0; most + 1]);
    let mut len = 0;
    loop {
        match reader.read(&mut octets[len..]) {
            Ok(0) => break,
            Ok(read) => len += read,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(unreadable(path, &error)),
        }
        if len > most {
            return Err(unreadable(
                path,
                &format!("more than {most} octets are no key file"),
            ));
        }
    }
    let text = std::str::from_utf8(&octets[..len]);
    let text = text.map_err(|_| unreadable(path, &"a key file is text, and this is not"))?;
    Ok(Zeroizing::new(text.to_owned()))
}
