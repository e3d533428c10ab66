//! A client: its state in the MLS group, its keys of the epochs, and both directions of media.

use std::fmt;

use mediaseal::{
    BaseKey, ChannelDecryptor, ChannelEncryptor, CipherSuite, CounterOrigin, Epoch, FrameInfo,
    KeyStore, MlsEpochs, MlsKid, MlsMember, Mode, SenderId,
};
use openmls::prelude::tls_codec::{Deserialize as _, Serialize as _};
use openmls::prelude::{
    BasicCredential, Ciphersuite, CredentialWithKey, KeyPackage, KeyPackageIn, LeafNodeParameters,
    MlsGroup, MlsGroupCreateConfig, MlsGroupJoinConfig, MlsMessageBodyIn, MlsMessageIn,
    MlsMessageOut, OpenMlsProvider, ProcessedMessageContent, ProtocolVersion, StagedWelcome,
};
use openmls_basic_credential::SignatureKeyPair;
use openmls_rust_crypto::OpenMlsRustCrypto;

const MLS_SUITE: Ciphersuite = Ciphersuite::MLS_128_DHKEMX25519_AES128GCM_SHA256_Ed25519;
const SFRAME_SUITE: CipherSuite = CipherSuite::AES_128_GCM_SHA256_128;
/// S and E of the KIDs: up to 256 members, and 16 epochs told apart.
const KID_BITS: (u32, u32) = (8, 4);
/// Epochs before the last one whose late frames still open.
const PAST_EPOCHS: usize = 1;

/// Why the example stopped.
#[derive(Debug)]
pub(crate) struct Failure(String);

impl Failure {
    pub(crate) fn new(what: &str) -> Self {
        Self(what.to_owned())
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl<E: std::error::Error> From<E> for Failure {
    fn from(error: E) -> Self {
        Self(error.to_string())
    }
}

/// What a commit sends: octets, as they go over a delivery service.
pub(crate) struct Mail {
    /// Who made the commit.
    pub(crate) from: String,
    /// For the members.
    pub(crate) commit: Vec<u8>,
    /// For who joins.
    pub(crate) welcome: Option<Vec<u8>>,
}

/// One client.
pub(crate) struct Client {
    name: &'static str,
    mls: OpenMlsRustCrypto,
    credential: CredentialWithKey,
    signer: SignatureKeyPair,
    group: Option<MlsGroup>,
    keys: MlsEpochs,
    encryptor: ChannelEncryptor,
    decryptor: ChannelDecryptor,
}

impl Client {
    pub(crate) fn new(name: &'static str) -> Result<Self, Failure> {
        let mls = OpenMlsRustCrypto::default();
        let signer = SignatureKeyPair::new(MLS_SUITE.signature_algorithm())?;
        signer.store(mls.storage())?;
        let credential = CredentialWithKey {
            credential: BasicCredential::new(name.into()).into(),
            signature_key: signer.public().into(),
        };
        let store = KeyStore::raw(SFRAME_SUITE)?;
        let layout = MlsKid::new(KID_BITS.0, KID_BITS.1)?;
        Ok(Self {
            name,
            mls,
            credential,
            signer,
            group: None,
            keys: MlsEpochs::new(&store, layout, PAST_EPOCHS)?,
            encryptor: ChannelEncryptor::new(&store, Mode::Frame)?,
            decryptor: ChannelDecryptor::new(&store, Mode::Frame)?,
        })
    }

    pub(crate) fn name(&self) -> &'static str {
        self.name
    }

    pub(crate) fn is_member(&self) -> bool {
        self.group.is_some()
    }

    /// The epoch that it seals in.
    pub(crate) fn epoch(&self) -> Option<u64> {
        self.keys.epoch().map(Epoch::value)
    }

    /// Founds the group, alone in it.
    pub(crate) fn found(&mut self) -> Result<(), Failure> {
        let config = MlsGroupCreateConfig::builder()
            .ciphersuite(MLS_SUITE)
            .use_ratchet_tree_extension(true)
            .build();
        let group = MlsGroup::new(&self.mls, &self.signer, &config, self.credential.clone())?;
        self.group = Some(group);
        self.enter()
    }

    /// A key package, by which others let it in.
    pub(crate) fn key_package(&self) -> Result<Vec<u8>, Failure> {
        let package = KeyPackage::builder().build(
            MLS_SUITE,
            &self.mls,
            &self.signer,
            self.credential.clone(),
        )?;
        Ok(package.key_package().tls_serialize_detached()?)
    }

    /// Adds who gave `package`.
    pub(crate) fn add(&mut self, package: &[u8]) -> Result<Mail, Failure> {
        let package = KeyPackageIn::tls_deserialize_exact(package)?
            .validate(self.mls.crypto(), ProtocolVersion::Mls10)?;
        let group = self
            .group
            .as_mut()
            .ok_or_else(|| Failure::new("no group"))?;
        let (commit, welcome, _) = group.add_members(&self.mls, &self.signer, &[package])?;
        self.commit(&commit, Some(&welcome))
    }

    /// Removes the member `name`.
    pub(crate) fn remove(&mut self, name: &str) -> Result<Mail, Failure> {
        let group = self
            .group
            .as_mut()
            .ok_or_else(|| Failure::new("no group"))?;
        let leaf = group
            .members()
            .find(|member| member.credential.serialized_content() == name.as_bytes())
            .ok_or_else(|| Failure::new("no such member"))?;
        let (commit, ..) = group.remove_members(&self.mls, &self.signer, &[leaf.index])?;
        self.commit(&commit, None)
    }

    /// Renews its own keys.
    pub(crate) fn update(&mut self) -> Result<Mail, Failure> {
        let group = self
            .group
            .as_mut()
            .ok_or_else(|| Failure::new("no group"))?;
        let bundle = group.self_update(&self.mls, &self.signer, LeafNodeParameters::default())?;
        let commit = bundle.into_commit();
        self.commit(&commit, None)
    }

    /// Enters the epoch of its own commit.
    fn commit(
        &mut self,
        commit: &MlsMessageOut,
        welcome: Option<&MlsMessageOut>,
    ) -> Result<Mail, Failure> {
        let group = self
            .group
            .as_mut()
            .ok_or_else(|| Failure::new("no group"))?;
        group.merge_pending_commit(&self.mls)?;
        self.enter()?;
        Ok(Mail {
            from: self.name.to_owned(),
            commit: commit.to_bytes()?,
            welcome: welcome.map(MlsMessageOut::to_bytes).transpose()?,
        })
    }

    /// Takes somebody else's commit, and leaves if it says so.
    pub(crate) fn receive(&mut self, commit: &[u8]) -> Result<(), Failure> {
        let group = self
            .group
            .as_mut()
            .ok_or_else(|| Failure::new("no group"))?;
        let message = MlsMessageIn::tls_deserialize_exact(commit)?.try_into_protocol_message()?;
        let processed = group.process_message(&self.mls, message)?;
        let ProcessedMessageContent::StagedCommitMessage(staged) = processed.into_content() else {
            return Err(Failure::new("no commit"));
        };
        group.merge_staged_commit(&self.mls, *staged)?;
        if group.is_active() {
            self.enter()
        } else {
            // MLS forgets the group, so that it can be joined again. The media keys stay, as those of somebody who does not play by the rules.
            if let Some(mut group) = self.group.take() {
                group.delete(self.mls.storage())?;
            }
            Ok(())
        }
    }

    /// Joins by a welcome.
    pub(crate) fn join(&mut self, welcome: &[u8]) -> Result<(), Failure> {
        let MlsMessageBodyIn::Welcome(welcome) =
            MlsMessageIn::tls_deserialize_exact(welcome)?.extract()
        else {
            return Err(Failure::new("no welcome"));
        };
        let config = MlsGroupJoinConfig::builder()
            .use_ratchet_tree_extension(true)
            .build();
        let staged = StagedWelcome::new_from_welcome(&self.mls, &config, welcome, None)?;
        self.group = Some(staged.into_group(&self.mls)?);
        self.enter()
    }

    /// The one step from MLS to SFrame: the exporter's secret of the epoch, and who is in it.
    fn enter(&mut self) -> Result<(), Failure> {
        let group = self
            .group
            .as_ref()
            .ok_or_else(|| Failure::new("no group"))?;
        let secret = group.export_secret(
            self.mls.crypto(),
            MlsEpochs::EXPORTER_LABEL,
            &[],
            self.keys.base_key_len(),
        )?;
        let mut members: Vec<MlsMember> = Vec::new();
        for member in group.members() {
            let name = SenderId::new(member.credential.serialized_content())?;
            members.push((member.index.u32(), name));
        }
        self.keys.set_epoch(
            Epoch::new(group.epoch().as_u64()),
            BaseKey::from_slice(&secret)?,
            group.own_leaf_index().u32(),
            // This process made or took the commit that began the epoch, just now.
            CounterOrigin::FreshKey,
            &members,
        )?;
        Ok(())
    }

    pub(crate) fn seal(&mut self, frame: &[u8]) -> Result<Vec<u8>, Failure> {
        Ok(self
            .encryptor
            .encrypt_to_vec(&FrameInfo::default(), frame)?)
    }

    /// The frame, if it has a key for it.
    pub(crate) fn open(&mut self, sealed: &[u8]) -> Option<Vec<u8>> {
        self.decryptor
            .decrypt_to_vec(&FrameInfo::default(), sealed)
            .ok()
    }
}
