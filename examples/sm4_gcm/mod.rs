//! SM4-GCM (RFC 8998) as a custom cipher: a model for your own.
//!
//! A cipher is an AEAD over octets: it sees keys, nonces and data, and no frame, key id or counter.
//! `CheckedCipher::register` runs it through the conformance tests before any frame may meet it.

use aes_gcm::aead::consts::U12;
use aes_gcm::aead::{AeadInOut, KeyInit};
use aes_gcm::{AesGcm, Nonce, Tag};
use mediaseal::CipherSuite;
use mediaseal::cipher::{Cipher, CipherError, CipherKey, CostClass, Hash, KnownAnswer, Params};
use sm4::Sm4;

/// The suite number, from the range for private use: sender and receivers agree on what it means.
const SUITE: CipherSuite = CipherSuite::new(0xF001);

/// SM4 in Galois/Counter Mode, tag of 128 bits, with SM3 in the key schedule.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Sm4Gcm;

impl Cipher for Sm4Gcm {
    fn suite(&self) -> CipherSuite {
        SUITE
    }

    fn params(&self) -> Params {
        // SM4 without hardware support needs tens of microseconds for a packet.
        Params::new(16, 12, 16, Hash::Sm3).cost(CostClass::Slow)
    }

    fn new_key(&self, key: &[u8]) -> Result<Box<dyn CipherKey>, CipherError> {
        let gcm = AesGcm::new_from_slice(key).map_err(|_| CipherError::BadKeyLength)?;
        Ok(Box::new(Sm4GcmKey(gcm)))
    }

    fn known_answers(&self) -> Vec<KnownAnswer<'_>> {
        vec![KNOWN_ANSWER]
    }
}

/// A scheduled key. `AesGcm` is generic over the block cipher in spite of its name, compares tags in
/// constant time, and wipes its key on drop (feature `zeroize` of `aes-gcm` and `sm4`).
struct Sm4GcmKey(AesGcm<Sm4, U12>);

impl CipherKey for Sm4GcmKey {
    fn seal_in_place(
        &self,
        nonce: &[u8],
        aad: &[u8],
        data: &mut [u8],
        tag: &mut [u8],
    ) -> Result<(), CipherError> {
        let nonce = Nonce::<U12>::try_from(nonce).map_err(|_| CipherError::BadNonceLength)?;
        let tag: &mut Tag = tag.try_into().map_err(|_| CipherError::BadTagLength)?;
        *tag = self
            .0
            .encrypt_inout_detached(&nonce, aad, data.into())
            .map_err(|_| CipherError::TooLong)?;
        Ok(())
    }

    fn open_in_place(
        &self,
        nonce: &[u8],
        aad: &[u8],
        data: &mut [u8],
        tag: &[u8],
    ) -> Result<(), CipherError> {
        let opened = (|| {
            let nonce = Nonce::<U12>::try_from(nonce).map_err(|_| CipherError::BadNonceLength)?;
            let tag = <&Tag>::try_from(tag).map_err(|_| CipherError::BadTagLength)?;
            self.0
                .decrypt_inout_detached(&nonce, aad, (&mut *data).into(), tag)
                .map_err(|_| CipherError::AuthenticationFailed)
        })();
        if opened.is_err() {
            data.fill(0);
        }
        opened
    }
}

const KNOWN_ANSWER: KnownAnswer<'static> = KnownAnswer {
    name: "RFC 8998 A.1",
    key: &octets(0x0123_4567_89AB_CDEF_FEDC_BA98_7654_3210),
    nonce: &[
        0x00, 0x00, 0x12, 0x34, 0x56, 0x78, 0x00, 0x00, 0x00, 0x00, 0xAB, 0xCD,
    ],
    aad: &[
        0xFE, 0xED, 0xFA, 0xCE, 0xDE, 0xAD, 0xBE, 0xEF, 0xFE, 0xED, 0xFA, 0xCE, 0xDE, 0xAD, 0xBE,
        0xEF, 0xAB, 0xAD, 0xDA, 0xD2,
    ],
    plaintext: [
        octets(0xAAAA_AAAA_AAAA_AAAA_BBBB_BBBB_BBBB_BBBB),
        octets(0xCCCC_CCCC_CCCC_CCCC_DDDD_DDDD_DDDD_DDDD),
        octets(0xEEEE_EEEE_EEEE_EEEE_FFFF_FFFF_FFFF_FFFF),
        octets(0xEEEE_EEEE_EEEE_EEEE_AAAA_AAAA_AAAA_AAAA),
    ]
    .as_flattened(),
    ciphertext: [
        octets(0x17F3_99F0_8C67_D5EE_19D0_DC99_69C4_BB7D),
        octets(0x5FD4_6FD3_7564_8906_9157_B282_BB20_0735),
        octets(0xD827_10CA_5C22_F0CC_FA7C_BF93_D496_AC15),
        octets(0xA568_34CB_CF98_C397_B402_4A26_9123_3B8D),
    ]
    .as_flattened(),
    tag: &octets(0x83DE_3541_E4C2_B581_77E0_65A9_BF7B_62EC),
};

/// Writes 16 octets as the document prints them.
const fn octets(value: u128) -> [u8; 16] {
    value.to_be_bytes()
}
