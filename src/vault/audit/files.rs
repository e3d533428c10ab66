//! The files of a log: their names, and the octets of those that are not text.
//!
//! ```text
//! header       "MSAUD\0\0\1" ‖ id(16) ‖ u64(created, µs) ‖ signer(32) ‖ u8(n) ‖ n × lp(grant of k[0])
//! records      each record's line of JSON, and a newline
//! index        of each record: u64(where its line ends in `records`) ‖ leaf hash(32) ‖ mac(32), which is 0 until the record stands
//! checkpoints  signed notes
//! state        "MSAUS\0\0\1" ‖ u64(i) ‖ k[i](32) ‖ SHA-256(all before): the key of the next record, written over that of the last
//! lock         nothing
//! ```

use std::fs::{File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::Path;

use sha2::{Digest, Sha256};
use zeroize::{Zeroize, Zeroizing};

use super::chain::{Chain, MAC_LEN};
use super::error::AuditLogError;
use crate::keys::schedule::SEALED_AUDIT;
use crate::vault::grant::{Grant, Recipient, Signer, SignerPublic};
use crate::vault::transparency::{TransparencyError, TreeHash, VerifierKey};

pub(super) const HEADER: &str = "header";
pub(super) const RECORDS: &str = "records";
pub(super) const INDEX: &str = "index";
pub(super) const CHECKPOINTS: &str = "checkpoints";
pub(super) const STATE: &str = "state";
pub(super) const LOCK: &str = "lock";

const HEADER_MAGIC: &[u8; 8] = b"MSAUD\0\0\x01";
const STATE_MAGIC: &[u8; 8] = b"MSAUS\0\0\x01";
const MAX_AUDITORS: usize = 16;
/// Octets of the longest header.
const MAX_HEADER: usize = 8 + 16 + 8 + 32 + 1 + MAX_AUDITORS * (2 + Grant::MAX_LEN);
const STATE_LEN: usize = 8 + 8 + 32 + 32;
/// Octets of an entry of the index.
pub(super) const ENTRY_LEN: usize = 8 + 32 + MAC_LEN;
/// Where the MAC is in an entry.
pub(super) const MAC_AT: usize = 8 + 32;

/// What is fixed when a log is made.
pub(super) struct Header {
    pub(super) id: [u8; 16],
    pub(super) created: u64,
    pub(super) signer: SignerPublic,
    pub(super) grants: Vec<Grant>,
    /// SHA-256 of its octets, which record 0 repeats.
    pub(super) hash: [u8; 32],
}

impl Header {
    /// Makes a header with `first`, sealed to the auditors; returns its octets too.
    pub(super) fn new(
        id: [u8; 16],
        created: u64,
        first: &crate::vault::grant::Payload,
        auditors: &[Recipient],
        signer: &Signer,
    ) -> Result<(Self, Vec<u8>), AuditLogError> {
        let count = u8::try_from(auditors.len())
            .ok()
            .filter(|count| (1..=MAX_AUDITORS).contains(&usize::from(*count)))
            .ok_or(AuditLogError::Auditors)?;
        let context = grant_context(&id, created);
        let grants = auditors
            .iter()
            .map(|auditor| Grant::seal(first, auditor, signer, &context))
            .collect::<Result<Vec<_>, _>>()?;
        let mut octets = HEADER_MAGIC.to_vec();
        octets.extend_from_slice(&id);
        octets.extend_from_slice(&created.to_be_bytes());
        octets.extend_from_slice(signer.public().as_bytes());
        octets.push(count);
        for grant in &grants {
            let grant = grant.to_bytes();
            let len = u16::try_from(grant.len()).map_err(|_| AuditLogError::Auditors)?;
            octets.extend_from_slice(&len.to_be_bytes());
            octets.extend_from_slice(&grant);
        }
        let header = Self {
            id,
            created,
            signer: *signer.public(),
            grants,
            hash: Sha256::digest(&octets).into(),
        };
        Ok((header, octets))
    }

    /// Reads the octets of a header.
    pub(super) fn decode(octets: &[u8]) -> Option<Self> {
        let (magic, rest) = octets.split_first_chunk::<8>()?;
        let (id, rest) = rest.split_first_chunk()?;
        let (created, rest) = rest.split_first_chunk()?;
        let (signer, rest) = rest.split_first_chunk()?;
        let (count, mut rest) = rest.split_first()?;
        if magic != HEADER_MAGIC || !(1..=MAX_AUDITORS).contains(&usize::from(*count)) {
            return None;
        }
        let mut grants = Vec::new();
        for _ in 0..*count {
            let (len, after) = rest.split_first_chunk()?;
            let (grant, after) = after.split_at_checked(usize::from(u16::from_be_bytes(*len)))?;
            grants.push(Grant::from_bytes(grant).ok()?);
            rest = after;
        }
        if !rest.is_empty() {
            return None;
        }
        Some(Self {
            id: *id,
            created: u64::from_be_bytes(*created),
            signer: SignerPublic::from_bytes(signer).ok()?,
            grants,
            hash: Sha256::digest(octets).into(),
        })
    }

    /// Reads the header of the log in `folder`.
    pub(super) fn read(folder: &Path) -> Result<Self, AuditLogError> {
        let octets = read_at_most(&folder.join(HEADER), MAX_HEADER)?;
        Self::decode(&octets).ok_or(AuditLogError::Damaged(HEADER))
    }

    /// What the grants of the first key are for.
    pub(super) fn grant_context(&self) -> Vec<u8> {
        grant_context(&self.id, self.created)
    }

    /// The name of the log in its checkpoints.
    pub(super) fn origin(&self) -> String {
        format!("mediaseal/audit/{}", hex(&self.id))
    }

    /// By which its checkpoints are verified, if `signer` is trusted.
    pub(super) fn verifier_key(
        &self,
        signer: &SignerPublic,
    ) -> Result<VerifierKey, TransparencyError> {
        VerifierKey::new(&self.origin(), signer)
    }
}

fn grant_context(id: &[u8; 16], created: u64) -> Vec<u8> {
    [SEALED_AUDIT.as_bytes(), id, &created.to_be_bytes()].concat()
}

/// An entry of the index.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) struct Entry {
    /// Where the record's line ends, its newline included.
    pub(super) end: u64,
    pub(super) leaf: TreeHash,
    pub(super) mac: [u8; MAC_LEN],
}

impl Entry {
    pub(super) fn encode(&self) -> [u8; ENTRY_LEN] {
        let mut octets = [0; ENTRY_LEN];
        octets[..8].copy_from_slice(&self.end.to_be_bytes());
        octets[8..MAC_AT].copy_from_slice(&self.leaf);
        octets[MAC_AT..].copy_from_slice(&self.mac);
        octets
    }

    pub(super) fn decode(octets: &[u8; ENTRY_LEN]) -> Self {
        let mut entry = Self {
            end: 0,
            leaf: [0; 32],
            mac: [0; MAC_LEN],
        };
        let mut end = [0; 8];
        end.copy_from_slice(&octets[..8]);
        entry.end = u64::from_be_bytes(end);
        entry.leaf.copy_from_slice(&octets[8..MAC_AT]);
        entry.mac.copy_from_slice(&octets[MAC_AT..]);
        entry
    }

    /// Whether the MAC was never written: the record did not come to stand.
    pub(super) fn is_unfinished(&self) -> bool {
        self.mac == [0; MAC_LEN]
    }
}

/// Writes the chain's state over the one before.
pub(super) fn write_state(file: &mut File, chain: &Chain) -> io::Result<()> {
    let mut octets = Zeroizing::new([0; STATE_LEN]);
    octets[..8].copy_from_slice(STATE_MAGIC);
    octets[8..16].copy_from_slice(&chain.step().to_be_bytes());
    octets[16..48].copy_from_slice(chain.key());
    let digest = Sha256::digest(&octets[..48]);
    octets[48..].copy_from_slice(&digest);
    write_at(file, 0, octets.as_slice())
}

/// Reads the chain's state. `None`: the octets are none.
pub(super) fn decode_state(octets: &[u8]) -> Option<Chain> {
    let octets: &[u8; STATE_LEN] = octets.try_into().ok()?;
    let (step, key) = (
        octets[8..16].try_into().ok()?,
        octets[16..48].try_into().ok()?,
    );
    let is_whole = octets[..8] == *STATE_MAGIC && *Sha256::digest(&octets[..48]) == octets[48..];
    is_whole.then(|| Chain::at(u64::from_be_bytes(step), key))
}

/// Reads the chain's state from its file.
pub(super) fn read_state(folder: &Path) -> Result<Chain, AuditLogError> {
    let mut octets = read_at_most(&folder.join(STATE), STATE_LEN)?;
    let state = decode_state(&octets);
    octets.zeroize();
    state.ok_or(AuditLogError::Damaged(STATE))
}

/// Reads a file that has at most `len` octets; one octet more of a longer one, so that it is seen to be.
pub(super) fn read_at_most(path: &Path, len: usize) -> Result<Vec<u8>, AuditLogError> {
    let mut octets = Vec::with_capacity(len.saturating_add(1));
    let limit = u64::try_from(len).unwrap_or(u64::MAX).saturating_add(1);
    let file = File::open(path).map_err(|error| match error.kind() {
        io::ErrorKind::NotFound => AuditLogError::NotThere,
        _ => error.into(),
    })?;
    file.take(limit).read_to_end(&mut octets)?;
    Ok(octets)
}

pub(super) fn write_at(file: &mut File, at: u64, octets: &[u8]) -> io::Result<()> {
    file.seek(SeekFrom::Start(at))?;
    file.write_all(octets)
}

/// Opens a file of the log to be read and written, for this user only on Unix.
pub(super) fn open_file(folder: &Path, name: &str, is_new: bool) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options
        .read(true)
        .write(true)
        .create(is_new)
        .truncate(is_new);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(folder.join(name))
}

pub(super) fn hex(octets: &[u8]) -> String {
    octets.iter().map(|octet| format!("{octet:02x}")).collect()
}
