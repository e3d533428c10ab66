//! Fields of a database, sealed and bound to their place.
//!
//! ```text
//! u8(1) ‖ lp(DEK id) ‖ nonce(24) ‖ XAES-256-GCM(DEK, AAD = lp(table) ‖ lp(column) ‖ lp(row id))
//! ```
//!
//! A record names its DEK by id, so a KEK is rotated without touching records: only the DEK's row is wrapped anew.

use zeroize::Zeroizing;

use super::access::{Access, Action};
use super::core::{Custody, Subject, said};
use super::dek_id::DekId;
use super::deks::unwrapping;
use super::error::{CustodyError, ProviderError};
use super::software::SoftwareKey;

/// Version of the form.
const VERSION: u8 = 1;
/// Octets in front of the nonce: version, length of the DEK's id, id.
const HEAD: usize = 1 + 2 + 16;
/// Octets that a sealed record has more than its plaintext.
const OVERHEAD: usize = HEAD + 24 + 16;
/// Most octets of a record: a database field, not a file.
const MAX_RECORD: usize = 16 << 20;

/// Where a record stands: it opens nowhere else.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RecordPlace<'a> {
    /// The table.
    pub table: &'a str,
    /// The column.
    pub column: &'a str,
    /// What identifies the row: its primary key as octets.
    pub row_id: &'a [u8],
}

impl RecordPlace<'_> {
    fn authenticated(&self) -> Result<Vec<u8>, CustodyError> {
        let mut octets = Vec::new();
        for part in [self.table.as_bytes(), self.column.as_bytes(), self.row_id] {
            let len = u16::try_from(part.len()).map_err(|_| {
                CustodyError::Invalid("table, column and row id have at most 65,535 octets".into())
            })?;
            octets.extend_from_slice(&len.to_be_bytes());
            octets.extend_from_slice(part);
        }
        Ok(octets)
    }

    fn resource(&self) -> String {
        let short = |name: &str| name.chars().take(64).collect::<String>();
        format!("record/{}/{}", short(self.table), short(self.column))
    }
}

impl Custody {
    /// Seals `plaintext` (at most 16 MiB) for one place under a DEK of the store. The sealed record has 59 octets more.
    ///
    /// # Errors
    /// [`CustodyError::StateForbids`] if no version of the DEK's KEK is active, or the one that wraps the DEK is compromised,
    /// whatever `access` accepts: then nothing new is sealed; else as [`Self::open_dek`].
    pub fn seal_record(
        &self,
        access: &Access,
        dek_id: &DekId,
        place: &RecordPlace<'_>,
        plaintext: &[u8],
    ) -> Result<Vec<u8>, CustodyError> {
        if plaintext.len() > MAX_RECORD {
            return Err(CustodyError::Invalid("a record has at most 16 MiB".into()));
        }
        let aad = place.authenticated()?;
        let inner = &self.inner;
        let (row, kek) = inner.dek(dek_id)?;
        let resource = place.resource();
        let subject = Subject::of(&kek.spec, &resource);
        inner.act(access, (Action::Wrap, "record.seal"), subject, || {
            inner.current(&kek.spec.kek.id)?;
            let context = dek_id.context(&kek.spec.region);
            // Who accepts compromised keys opens what they sealed; nothing new is sealed under them.
            let sealing = Access {
                accept_compromised: false,
                ..access.clone()
            };
            let dek = inner.unwrap_with(&sealing, &kek, &row.wrapped, &context)?;
            inner.rewrap_on_access(access, &row, &kek, &dek, dek_id);
            let sealed = SoftwareKey::from_dek(&dek).seal(&aad, plaintext)?;
            let mut record = Vec::with_capacity(HEAD + sealed.len());
            record.push(VERSION);
            record.extend_from_slice(&16_u16.to_be_bytes());
            record.extend_from_slice(dek_id.as_bytes());
            record.extend_from_slice(&sealed);
            // Nothing is acknowledged that was sealed under a key destroyed meanwhile: it would never open.
            inner.dek(dek_id)?;
            Ok(record)
        })
    }

    /// Opens a record of one place. Nothing of it leaves before it is authenticated; what is returned is zeroed on drop.
    ///
    /// # Errors
    /// [`CustodyError::Invalid`] if it is no record; [`ProviderError::DoesNotAuthenticate`] (within [`CustodyError::Provider`]) if it stands in
    /// another place than it was sealed for, or was altered; else as [`Self::open_dek`].
    pub fn open_record(
        &self,
        access: &Access,
        place: &RecordPlace<'_>,
        record: &[u8],
    ) -> Result<Zeroizing<Vec<u8>>, CustodyError> {
        let (dek_id, sealed) = parse(record)?;
        let aad = place.authenticated()?;
        let inner = &self.inner;
        let resource = place.resource();
        let (row, kek) = inner.sought(access, "record.open", &resource, inner.dek(&dek_id))?;
        let subject = Subject::of(&kek.spec, &resource);
        let action = unwrapping(&kek, access, "record.open");
        inner.act(access, action, subject, || {
            let context = dek_id.context(&kek.spec.region);
            let dek = inner.unwrap_with(access, &kek, &row.wrapped, &context)?;
            inner.rewrap_on_access(access, &row, &kek, &dek, &dek_id);
            let mut plaintext = Zeroizing::new(vec![0; record.len() - OVERHEAD]);
            if !SoftwareKey::from_dek(&dek).open_into(&aad, sealed, &mut plaintext) {
                return Err(said(ProviderError::DoesNotAuthenticate));
            }
            // Nobody destroyed its key meanwhile.
            inner.dek(&dek_id)?;
            Ok(plaintext)
        })
    }
}

/// The DEK that a record names, without opening it.
///
/// # Errors
/// [`CustodyError::Invalid`] if it is no record.
pub fn dek_of_record(record: &[u8]) -> Result<DekId, CustodyError> {
    Ok(parse(record)?.0)
}

fn parse(record: &[u8]) -> Result<(DekId, &[u8]), CustodyError> {
    let refused = || CustodyError::Invalid("these octets are no sealed record".into());
    if !(OVERHEAD..=OVERHEAD + MAX_RECORD).contains(&record.len()) {
        return Err(refused());
    }
    let (head, sealed) = record.split_at_checked(HEAD).ok_or_else(refused)?;
    let [version, len_high, len_low, id @ ..] = head else {
        return Err(refused());
    };
    if *version != VERSION || u16::from_be_bytes([*len_high, *len_low]) != 16 {
        return Err(refused());
    }
    let id = id.try_into().map_err(|_| refused())?;
    Ok((DekId::from_bytes(id), sealed))
}
