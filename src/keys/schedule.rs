//! The key schedule, with every label in one table.

use zeroize::Zeroize;

use crate::cipher::kdf::{self, MAX_HASH_LEN, UnsaltedHkdf};
use crate::cipher::{CipherSuite, Hash, Params};
use crate::id::KeyId;

use super::secret::{Secret, with_wiped_stack};

/// Label of `sframe_key`, RFC 9605 section 4.4.2.
pub(crate) const SFRAME_KEY: &str = "SFrame 1.0 Secret key ";
/// Label of `sframe_salt`, RFC 9605 section 4.4.2.
pub(crate) const SFRAME_SALT: &str = "SFrame 1.0 Secret salt ";
/// Label of the name under which a CounterStore keeps a key.
pub(crate) const COUNTER_RECORD: &str = "mediaseal v1 counter record";
/// Label of the mark by which a KeyStore recognises a (base key, KID) again.
pub(crate) const KEY_MARK: &str = "mediaseal v1 key mark";

/// Label of step 0 of a generation.
pub(crate) const CHANNEL: &str = "mediaseal v1 channel";
/// Label of the way from a step to the next.
pub(crate) const ADVANCE: &str = "mediaseal v1 advance";
/// Label of a session's base key.
pub(crate) const SESSION: &str = "mediaseal v1 session";
/// Label of the value behind a safety code.
pub(crate) const CONFIRM: &str = "mediaseal v1 confirm";
/// Label of the key of key checks.
pub(crate) const CHECK: &str = "mediaseal v1 check";
/// Label in front of the octets in the checksum of an epoch secret's text.
pub(crate) const EPOCH_TEXT: &str = "mediaseal v1 epoch text";

/// Label in front of what the signature of a grant covers.
#[cfg(feature = "recording")]
pub(crate) const GRANT: &str = "mediaseal v1 grant";
/// Label in front of HPKE's `info` in a grant.
#[cfg(feature = "recording")]
pub(crate) const HPKE_GRANT: &str = "mediaseal v1 hpke grant";
/// Label in front of the octets in the checksum of a grant's text. It does not begin as [`GRANT`] does.
#[cfg(feature = "recording")]
pub(crate) const GRANT_TEXT: &str = "mediaseal v1 text of grant";
/// Label in front of a recipient key in its id.
#[cfg(feature = "recording")]
pub(crate) const RECIPIENT_ID: &str = "mediaseal v1 recipient id";
/// Label in front of the octets in the checksum of a recipient's text.
#[cfg(feature = "recording")]
pub(crate) const RECIPIENT_TEXT: &str = "mediaseal v1 recipient text";
/// Label in front of the octets in the checksum of an identity's text.
#[cfg(feature = "recording")]
pub(crate) const IDENTITY_TEXT: &str = "mediaseal v1 identity text";
/// Label in front of the octets in the checksum of a signer's text.
#[cfg(feature = "recording")]
pub(crate) const SIGNER_TEXT: &str = "mediaseal v1 signer text";
/// Label in front of the octets in the checksum of a signer's public text.
#[cfg(feature = "recording")]
pub(crate) const VERIFIER_TEXT: &str = "mediaseal v1 verifier text";
/// Label of a locked identity: in the checksum of its text, and before its KEM in what is authenticated.
#[cfg(feature = "recording")]
pub(crate) const LOCKED_IDENTITY: &str = "mediaseal v1 locked identity";
/// Label of a locked signer, likewise.
#[cfg(feature = "recording")]
pub(crate) const LOCKED_SIGNER: &str = "mediaseal v1 locked signer";
/// Label of the KEK and the commitment of a passphrase stanza.
#[cfg(feature = "recording")]
pub(crate) const PASSPHRASE_STANZA: &str = "mediaseal v1 passphrase stanza";
/// Label of the keys of a message in chunks, as C2SP's chunked encryption has it.
#[cfg(feature = "recording")]
pub(crate) const COBBLESTONE: &str = "c2sp.org/chunked-encryption@v1+";
/// Label of the key of a recording's header.
#[cfg(feature = "recording")]
pub(crate) const RECORDING_HEADER: &str = "mediaseal v1 header";
/// Label of the input key of a recording that is sealed with keys of 16 octets.
#[cfg(feature = "recording")]
pub(crate) const RECORDING_KEY_128: &str = "mediaseal v1 recording key 128";
/// Label in front of a segment's context.
#[cfg(feature = "recording")]
pub(crate) const SEGMENT: &str = "mediaseal v1 segment";

/// Label of the way from one key of an audit log's MAC chain to the next.
#[cfg(feature = "recording")]
pub(crate) const AUDIT: &str = "mediaseal v1 audit";
/// Label of an audit log's id, which commits to the first key of its MAC chain.
#[cfg(feature = "recording")]
pub(crate) const AUDIT_ID: &str = "mediaseal v1 id of audit log";
/// Label in front of what the first key of an audit log's MAC chain is sealed for.
#[cfg(feature = "recording")]
pub(crate) const SEALED_AUDIT: &str = "mediaseal v1 sealed audit";

/// Label in front of the octets in the checksum of a wrapped key's text.
#[cfg(feature = "recording")]
pub(crate) const WRAPPED_TEXT: &str = "mediaseal v1 text of wrapped key";

/// Every label. None may equal or prefix another.
#[cfg(test)]
pub(crate) const LABELS: &[&str] = &[
    SFRAME_KEY,
    SFRAME_SALT,
    COUNTER_RECORD,
    KEY_MARK,
    CHANNEL,
    ADVANCE,
    SESSION,
    CONFIRM,
    CHECK,
    EPOCH_TEXT,
    #[cfg(feature = "recording")]
    GRANT,
    #[cfg(feature = "recording")]
    HPKE_GRANT,
    #[cfg(feature = "recording")]
    GRANT_TEXT,
    #[cfg(feature = "recording")]
    RECIPIENT_ID,
    #[cfg(feature = "recording")]
    RECIPIENT_TEXT,
    #[cfg(feature = "recording")]
    IDENTITY_TEXT,
    #[cfg(feature = "recording")]
    SIGNER_TEXT,
    #[cfg(feature = "recording")]
    VERIFIER_TEXT,
    #[cfg(feature = "recording")]
    LOCKED_IDENTITY,
    #[cfg(feature = "recording")]
    LOCKED_SIGNER,
    #[cfg(feature = "recording")]
    PASSPHRASE_STANZA,
    #[cfg(feature = "recording")]
    AUDIT,
    #[cfg(feature = "recording")]
    AUDIT_ID,
    #[cfg(feature = "recording")]
    SEALED_AUDIT,
    COBBLESTONE,
    #[cfg(feature = "recording")]
    RECORDING_HEADER,
    #[cfg(feature = "recording")]
    RECORDING_KEY_128,
    #[cfg(feature = "recording")]
    SEGMENT,
    #[cfg(feature = "recording")]
    WRAPPED_TEXT,
];

/// What a base key becomes under a KID, in memory that is used again for the next.
pub(crate) struct SframeSecrets {
    hkdf: UnsaltedHkdf,
    key: Secret<{ Params::MAX_KEY_LEN }>,
    key_len: usize,
    salt: Secret<{ Params::MAX_NONCE_LEN }>,
    salt_len: usize,
}

impl SframeSecrets {
    pub(crate) fn new() -> Self {
        Self {
            hkdf: UnsaltedHkdf::new(Hash::Sha256),
            key: Secret::zeroed(),
            key_len: 0,
            salt: Secret::zeroed(),
            salt_len: 0,
        }
    }

    /// Derives `sframe_key` and `sframe_salt` (RFC 9605 section 4.4.2), without allocating:
    ///
    /// ```text
    /// sframe_secret = HKDF-Extract("", base_key)
    /// sframe_key    = HKDF-Expand(sframe_secret, "SFrame 1.0 Secret key "  ‖ u64(KID) ‖ u16(suite), Nk)
    /// sframe_salt   = HKDF-Expand(sframe_secret, "SFrame 1.0 Secret salt " ‖ u64(KID) ‖ u16(suite), Nn)
    /// ```
    ///
    /// `params` are checked ones, so that both lengths are within what HKDF can give.
    pub(crate) fn derive(
        &mut self,
        base_key: &[u8],
        kid: KeyId,
        suite: CipherSuite,
        params: &Params,
    ) {
        if self.hkdf.hash() != params.hash {
            self.hkdf = UnsaltedHkdf::new(params.hash);
        }
        (self.key_len, self.salt_len) = (params.key_len, params.nonce_len);
        let kid = kid.value().to_be_bytes();
        let suite = suite.value().to_be_bytes();
        let label = |label: &'static str| [label.as_bytes(), &kid, &suite];
        let key = &mut self.key.expose_mut()[..params.key_len];
        let salt = &mut self.salt.expose_mut()[..params.nonce_len];
        let outputs = [
            (&label(SFRAME_KEY)[..], key),
            (&label(SFRAME_SALT)[..], salt),
        ];
        let expanded = self.hkdf.derive(base_key, outputs);
        assert!(
            expanded,
            "HKDF gives 255 Nh octets, more than any key or nonce has"
        );
    }

    pub(crate) fn key(&self) -> &[u8] {
        &self.key.expose()[..self.key_len]
    }

    pub(crate) fn salt(&self) -> &[u8] {
        &self.salt.expose()[..self.salt_len]
    }

    /// Wipes what was derived last.
    pub(crate) fn wipe(&mut self) {
        self.key.expose_mut().zeroize();
        self.salt.expose_mut().zeroize();
    }
}

/// Names a (base key, KID) by 32 octets that tell nothing of the key to who does not know `salt`.
pub(crate) fn fingerprint(label: &str, salt: &[u8], base_key: &[u8], kid: KeyId) -> [u8; 32] {
    with_wiped_stack(|| {
        let mut secret = Secret::<MAX_HASH_LEN>::zeroed();
        kdf::extract(Hash::Sha256, salt, base_key, secret.expose_mut());
        let mut name = [0; 32];
        let expanded = kdf::expand(
            Hash::Sha256,
            &secret.expose()[..32],
            &[label.as_bytes(), &kid.value().to_be_bytes()],
            &mut name,
        );
        assert!(expanded, "HKDF gives 255 Nh octets, more than 32");
        name
    })
}

#[cfg(test)]
mod tests {
    use super::LABELS;

    #[test]
    fn no_label_equals_or_prefixes_another() {
        for (index, label) in LABELS.iter().enumerate() {
            for (other_index, other) in LABELS.iter().enumerate() {
                assert!(
                    index == other_index || !other.starts_with(label),
                    "{label:?} prefixes {other:?}"
                );
            }
        }
    }
}
