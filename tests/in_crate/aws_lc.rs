//! AWS-LC against the built-in ciphers: every octet, and a channel with one on each side.

use super::{ciphers, with_flip};
use crate::cipher::{CipherError, CipherKey};
use crate::{
    ChannelConfig, ChannelDecryptor, ChannelEncryptor, ChannelKey, ChannelStore, CheckedCipher,
    CipherSuite, FrameInfo, Media, Mode, NewGeneration, Provider, SenderId, Ssrc,
};

/// Octets without a pattern, the same at each run.
struct Octets(u64);

impl Octets {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    fn take(&mut self, len: usize) -> Vec<u8> {
        (0..len).map(|_| self.next().to_le_bytes()[3]).collect()
    }

    fn below(&mut self, bound: usize) -> usize {
        usize::try_from(self.next() >> 33).unwrap() % bound
    }
}

/// Ciphertext and tag.
fn seal(
    key: &dyn CipherKey,
    nonce: &[u8],
    aad: &[u8],
    data: &[u8],
    tag_len: usize,
) -> (Vec<u8>, Vec<u8>) {
    let (mut data, mut tag) = (data.to_vec(), vec![0; tag_len]);
    key.seal_in_place(nonce, aad, &mut data, &mut tag).unwrap();
    (data, tag)
}

#[test]
fn every_suite_gives_the_same_octets_at_every_length() {
    let mut random = Octets(0x9E37_79B9_7F4A_7C15);
    for suite in CipherSuite::BUILTIN {
        let [own, aws_lc] = ciphers(suite).collect::<Vec<_>>().try_into().unwrap();
        assert_eq!(own.params(), aws_lc.params());
        let tag_len = own.params().tag_len;
        for len in 0..=2048 {
            let key = random.take(own.params().key_len);
            let keys = [&own, &aws_lc].map(|cipher| cipher.cipher().new_key(&key).unwrap());
            let aad_len = random.below(65);
            let (nonce, aad) = (random.take(12), random.take(aad_len));
            let plaintext = random.take(len);
            let sealed = keys
                .each_ref()
                .map(|key| seal(key.as_ref(), &nonce, &aad, &plaintext, tag_len));
            assert_eq!(sealed[0], sealed[1], "{suite}, {aad_len} and {len} octets");
            let wrong = with_flip(&sealed[0].1, random.below(tag_len));
            for (key, (ciphertext, tag)) in keys.iter().zip(sealed.into_iter().rev()) {
                let mut data = ciphertext.clone();
                assert_eq!(key.open_in_place(&nonce, &aad, &mut data, &tag), Ok(()));
                assert_eq!(data, plaintext);
                data = ciphertext;
                assert_eq!(
                    key.open_in_place(&nonce, &aad, &mut data, &wrong),
                    Err(CipherError::AuthenticationFailed)
                );
                assert_eq!(data, vec![0; len], "{suite}: zeroed");
            }
        }
    }
}

/// A member of a channel whose generation 1 has this cipher.
fn member(cipher: &CheckedCipher) -> (ChannelStore, crate::Channel) {
    let store = ChannelStore::new().unwrap();
    let config = ChannelConfig::new("standup").unwrap().with_clock();
    let channel = store.channel(config).unwrap();
    let key = ChannelKey::from_slice(&[7; 32]).unwrap();
    let generation = NewGeneration::new(1, key).cipher(cipher);
    channel.stage(generation).unwrap();
    store.tick(1_800_000_000).unwrap();
    channel.activate(1).unwrap();
    (store, channel)
}

#[test]
fn a_channel_has_aws_lc_on_one_side_and_the_kernels_on_the_other() {
    let mut random = Octets(0x2545_F491_4F6C_DD1D);
    for suite in CipherSuite::BUILTIN {
        let members = [Provider::Mediaseal, Provider::AwsLc].map(|provider| {
            let cipher = CheckedCipher::builtin_over(suite, provider).unwrap();
            member(&cipher.allow_short_tags())
        });
        for (sending, receiving) in [(0, 1), (1, 0)] {
            let alice = SenderId::new("alice").unwrap();
            let bob = SenderId::new("bob").unwrap();
            let mut encryptor = ChannelEncryptor::for_channel(
                &members[sending].1,
                alice.clone(),
                Media::VIDEO,
                Mode::Frame,
            )
            .unwrap();
            // The session is not announced: bob's is tried first, and leaves the ciphertext as it came.
            let expected = [(bob, Media::VIDEO), (alice, Media::VIDEO)];
            let mut decryptor =
                ChannelDecryptor::for_channel(&members[receiving].1, &expected, Mode::Frame)
                    .unwrap();
            for round in 0..200 {
                let len = random.below(3000);
                let (frame, metadata) = (random.take(len), random.take(round % 40));
                let info = FrameInfo::new(Ssrc::new(1)).metadata(&metadata);
                let mut sealed = encryptor.encrypt_to_vec(&info, &frame).unwrap();
                if round % 3 == 0 {
                    let at = sealed.len() - 1 - random.below(4);
                    sealed[at] ^= 1;
                    assert!(decryptor.decrypt_to_vec(&info, &sealed).is_err());
                    sealed[at] ^= 1;
                }
                assert_eq!(decryptor.decrypt_to_vec(&info, &sealed).unwrap(), frame);
                assert!(decryptor.decrypt_to_vec(&info, &sealed).is_err(), "twice");
            }
        }
    }
}
