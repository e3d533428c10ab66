//! Key files of people and recorders: passphrases, identities, public keys, one a line. Nothing of what is in them is ever said.

use std::fs::OpenOptions;
use std::io::Write as _;
use std::path::Path;

use mediaseal::vault::grant::{GrantError, Identity, Recipient, Signer, SignerPublic};
use zeroize::Zeroizing;

use crate::input;
use crate::outcome::Failure;

const SIGNER_PUBLIC: &str = "public key of a signer (mediaseal-signer-pub-1…)";

/// Reads a passphrase: the first line of a file, without its end.
pub(crate) fn passphrase(path: &Path) -> Result<Zeroizing<String>, Failure> {
    let text = input::read_key_file(path)?;
    let line = text.lines().next().unwrap_or_default();
    if line.is_empty() {
        return Err(key_file(path, &"there is no passphrase in its first line"));
    }
    Ok(Zeroizing::new(line.to_owned()))
}

/// Reads identities, one a line; what begins with # is for people. Locked ones take a passphrase.
pub(crate) fn identities(path: &Path, passphrase: Option<&str>) -> Result<Vec<Identity>, Failure> {
    identities_in(path, &input::read_key_file(path)?, passphrase)
}

/// Reads identities out of the text of a key file; `path` is its name in what is said.
pub(crate) fn identities_in(
    path: &Path,
    text: &str,
    passphrase: Option<&str>,
) -> Result<Vec<Identity>, Failure> {
    lines_in(path, text, "identity (mediaseal-id-1…)", |line| {
        if !line.starts_with("mediaseal-locked-id-1") {
            return Identity::from_text(line).map_err(|error| error.to_string());
        }
        let passphrase = passphrase.ok_or("it is locked: --passphrase-file unlocks it")?;
        Identity::unlock(line, passphrase).map_err(|error| error.to_string())
    })
}

/// Reads the public keys of owners, one a line.
pub(crate) fn recipients(path: &Path) -> Result<Vec<Recipient>, Failure> {
    lines(path, "public key of an owner (mediaseal-pub-1…)", |line| {
        line.parse().map_err(|error: GrantError| error.to_string())
    })
}

/// Reads the public keys of senders, one a line.
pub(crate) fn signers_public(path: &Path) -> Result<Vec<SignerPublic>, Failure> {
    lines(path, SIGNER_PUBLIC, |line| {
        line.parse().map_err(|error: GrantError| error.to_string())
    })
}

/// Reads the one public key of who signs.
pub(crate) fn signer_public(path: &Path) -> Result<SignerPublic, Failure> {
    one(path, SIGNER_PUBLIC, signers_public(path)?)
}

/// Reads the one secret key of who signs. A locked one takes a passphrase.
pub(crate) fn signer(path: &Path, passphrase: Option<&str>) -> Result<Signer, Failure> {
    let what = "secret key of a signer (mediaseal-signer-1…)";
    let found = lines(path, what, |line| {
        if !line.starts_with("mediaseal-locked-signer-1") {
            return Signer::from_text(line).map_err(|error| error.to_string());
        }
        let passphrase = passphrase.ok_or("it is locked: --passphrase-file unlocks it")?;
        Signer::unlock(line, passphrase).map_err(|error| error.to_string())
    })?;
    one(path, what, found)
}

/// Names a key file that is none, without a word of what is in it.
fn key_file(path: &Path, why: &dyn std::fmt::Display) -> Failure {
    Failure::Usage(format!("{}: {why}", path.display()))
}

fn lines<T>(
    path: &Path,
    what: &str,
    read: impl Fn(&str) -> Result<T, String>,
) -> Result<Vec<T>, Failure> {
    lines_in(path, &input::read_key_file(path)?, what, read)
}

fn lines_in<T>(
    path: &Path,
    text: &str,
    what: &str,
    read: impl Fn(&str) -> Result<T, String>,
) -> Result<Vec<T>, Failure> {
    let mut found = Vec::new();
    for (number, line) in (1..).zip(text.lines()) {
        let line = line.trim();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        found.push(read(line).map_err(|why: String| {
            key_file(path, &format!("line {number} shall be the {what}: {why}"))
        })?);
    }
    if found.is_empty() {
        return Err(key_file(path, &format!("there is no {what} in it")));
    }
    Ok(found)
}

fn one<T>(path: &Path, what: &str, mut found: Vec<T>) -> Result<T, Failure> {
    match (found.pop(), found.is_empty()) {
        (Some(one), true) => Ok(one),
        _ => Err(key_file(
            path,
            &format!("there is more than one {what} in it"),
        )),
    }
}

/// Writes a file that was not there before; a secret one only its owner can read.
pub(crate) fn write_new(path: &Path, parts: &[&[u8]], is_secret: bool) -> Result<(), Failure> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    if is_secret {
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    }
    #[cfg(not(unix))]
    let _ = is_secret;
    let written = options.open(path).and_then(|mut file| {
        parts.iter().try_for_each(|part| file.write_all(part))?;
        file.sync_all()
    });
    written.map_err(|error| input::unreadable(path, &error))
}
