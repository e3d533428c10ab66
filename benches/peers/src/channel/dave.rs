//! davey (DAVE): a group of two, with a voice gateway that proposes to add the second.

use std::num::NonZeroU16;

use davey::{Codec, DaveSession, MediaType, ProposalsOperationType};
use openmls::prelude::{tls_codec::Serialize, *};
use openmls_basic_credential::SignatureKeyPair;
use openmls_rust_crypto::OpenMlsRustCrypto;

use super::{Channel, Visitor};

const GROUP: u64 = 1;
const ALICE: u64 = 1001;
const BOB: u64 = 1002;

pub(super) fn visit(visitor: &mut impl Visitor) {
    visitor.visit("davey", Dave::new);
}

struct Dave {
    alice: DaveSession,
    bob: DaveSession,
    payload: Vec<u8>,
    sealed: Vec<u8>,
    opened: Vec<u8>,
    frames: Vec<Vec<u8>>,
}

impl Dave {
    fn new(len: usize) -> Self {
        let (alice, bob) = group();
        Self {
            alice,
            bob,
            payload: vec![7; len],
            sealed: Vec::new(),
            opened: vec![0; len + 64],
            frames: Vec::new(),
        }
    }
}

impl Channel for Dave {
    #[inline(always)]
    fn encrypt(&mut self) {
        let sealed = self.alice.encrypt_into(
            MediaType::AUDIO,
            Codec::OPUS,
            &self.payload,
            &mut self.sealed,
        );
        sealed.expect("the group is ready");
    }

    fn lay_out(&mut self, count: usize) {
        self.frames.resize_with(count, Vec::new);
        for frame in &mut self.frames {
            self.alice
                .encrypt_into(MediaType::AUDIO, Codec::OPUS, &self.payload, frame)
                .expect("the group is ready");
        }
    }

    #[inline(always)]
    fn decrypt(&mut self, index: usize) -> bool {
        self.bob
            .decrypt_into(
                ALICE,
                MediaType::AUDIO,
                &self.frames[index],
                &mut self.opened,
            )
            .is_ok()
    }
}

/// Two sessions that have each other's keys.
fn group() -> (DaveSession, DaveSession) {
    let suite = Ciphersuite::MLS_128_DHKEMP256_AES128GCM_SHA256_P256;
    let signer = SignatureKeyPair::new(suite.signature_algorithm()).expect("a key");
    let gateway = ExternalSender::new(
        signer.public().into(),
        BasicCredential::new(vec![0, 1, 1, 0]).into(),
    );
    let gateway = gateway.tls_serialize_detached().expect("it is short");
    let session = |user| {
        let version = NonZeroU16::MIN;
        let mut session = DaveSession::new(version, user, GROUP, None).expect("a session");
        session.set_external_sender(&gateway).expect("a gateway");
        session
    };
    let (mut alice, mut bob) = (session(ALICE), session(BOB));
    let package = bob.create_key_package().expect("a key package");
    let package = KeyPackageIn::tls_deserialize_exact_bytes(&package)
        .expect("its own format")
        .validate(
            OpenMlsRustCrypto::default().crypto(),
            ProtocolVersion::Mls10,
        )
        .expect("its own signature");
    let proposal = ExternalProposal::new_add::<OpenMlsRustCrypto>(
        package,
        GroupId::from_slice(&GROUP.to_be_bytes()),
        GroupEpoch::from(0),
        &signer,
        SenderExtensionIndex::new(0),
    )
    .expect("a proposal");
    let proposal = proposal.tls_serialize_detached().expect("it is short");
    let proposal = VLBytes::new(proposal)
        .tls_serialize_detached()
        .expect("it is short");
    let members = [ALICE, BOB];
    let commit = alice
        .process_proposals(ProposalsOperationType::APPEND, &proposal, Some(&members))
        .expect("a proposal")
        .expect("a commit");
    assert!(
        alice
            .process_commit(&commit.commit)
            .expect("its own commit")
    );
    bob.process_welcome(&commit.welcome.expect("a welcome"), Some(&members))
        .expect("a welcome");
    for session in [&mut alice, &mut bob] {
        session.prepare_transition(0, 1).expect("a group");
    }
    (alice, bob)
}
