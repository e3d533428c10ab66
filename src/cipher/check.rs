//! What any cipher must pass before a KeyStore takes it: [`conformance`].
//!
//! It shows plumbing, not strength: that lengths are kept, that what is sealed opens, that each input
//! reaches the tag, that failure leaves nothing behind. It **cannot** show that the cipher is confidential,
//! that it runs in constant time, that it wipes its keys, or that it has no backdoor; a known answer only ties it to
//! the document its author names. Only review by cryptographers can show those.

use std::thread;

use sha2::{Digest, Sha256};

use super::property::{Property, Refusal};
use super::{Cipher, CipherError, CipherKey, CipherSuite, Params};

/// Round trips are tried at every length from 0 to this.
const EVERY_LENGTH_TO: usize = 2048;
/// And at these, where block counters carry and buffers grow.
const LARGE: [usize; 4] = [4095, 65_536, 65_553, (1 << 20) + 1];
/// Octets of guard in front of and behind every range that a cipher is given.
const GUARD: usize = 64;
const GUARD_OCTET: u8 = 0xA5;

type Checked = Result<(), Refusal>;

/// Fails with `property` at `at` unless `holds`.
fn require(holds: bool, property: Property, at: usize) -> Checked {
    if holds {
        Ok(())
    } else {
        Err(Refusal::new(property, at))
    }
}

/// Runs every check over `cipher`, built in or custom. The inputs are the same at each run.
///
/// # Errors
/// The first [`Property`] that does not hold, and where. What passing does not show stands at the
/// [top of this module](self).
pub fn conformance(cipher: &dyn Cipher) -> Checked {
    let params = cipher.params();
    check_params(cipher.suite(), params)?;
    let bench = Bench {
        cipher,
        params,
        key: octets("key", params.key_len),
        nonce: octets("nonce", params.nonce_len),
    };
    bench.known_answers()?;
    bench.wrong_lengths()?;
    let key = bench.new_key(&bench.key)?;
    let key = key.as_ref();
    bench.round_trips(key)?;
    bench.data_depends_on_inputs(key)?;
    bench.tag_depends_on_inputs(key)?;
    bench.alterations(key)?;
    bench.anywhere_in_memory(key)?;
    bench.deterministic(key)?;
    bench.two_threads(key)
}

fn check_params(suite: CipherSuite, params: Params) -> Checked {
    let in_range = (1..=Params::MAX_KEY_LEN).contains(&params.key_len)
        && (8..=Params::MAX_NONCE_LEN).contains(&params.nonce_len)
        && (4..=Params::MAX_TAG_LEN).contains(&params.tag_len)
        && params.limits.are_sane();
    require(
        in_range,
        Property::ParamsInRange,
        usize::from(suite.value()),
    )
}

/// `len` octets that look random and are the same at each run.
fn octets(name: &str, len: usize) -> Vec<u8> {
    let mut out = Vec::with_capacity(len + 32);
    let mut block = 0u64;
    while out.len() < len {
        let digest = Sha256::new()
            .chain_update(name)
            .chain_update(block.to_be_bytes())
            .finalize();
        out.extend_from_slice(&digest);
        block += 1;
    }
    out.truncate(len);
    out
}

/// One sealed message, with guards around data and tag while the cipher had them.
#[derive(Clone, PartialEq, Eq)]
struct Sealed {
    data: Vec<u8>,
    tag: Vec<u8>,
}

struct Bench<'a> {
    cipher: &'a dyn Cipher,
    params: Params,
    key: Vec<u8>,
    nonce: Vec<u8>,
}

/// A range between guards, `shift` octets further into its storage than the guard's length.
struct Guarded {
    storage: Vec<u8>,
    start: usize,
    len: usize,
}

impl Guarded {
    fn new(content: &[u8], shift: usize) -> Self {
        let start = GUARD + shift;
        let mut storage = vec![GUARD_OCTET; start + content.len() + GUARD];
        storage[start..start + content.len()].copy_from_slice(content);
        Self {
            storage,
            start,
            len: content.len(),
        }
    }

    fn content(&mut self) -> &mut [u8] {
        &mut self.storage[self.start..self.start + self.len]
    }

    fn guards_hold(&self) -> bool {
        let behind = self.start + self.len;
        let is_guard = |octet: &u8| *octet == GUARD_OCTET;
        self.storage[..self.start].iter().all(is_guard)
            && self.storage[behind..].iter().all(is_guard)
    }
}

impl Bench<'_> {
    fn new_key(&self, key: &[u8]) -> Result<Box<dyn CipherKey>, Refusal> {
        self.cipher
            .new_key(key)
            .map_err(|_| Refusal::new(Property::RoundTrip, key.len()))
    }

    /// Seals `plaintext`, checking the guards. A failing seal is a failing round trip.
    fn seal(
        &self,
        key: &dyn CipherKey,
        nonce: &[u8],
        aad: &[u8],
        plaintext: &[u8],
    ) -> Result<Sealed, Refusal> {
        self.seal_shifted(key, nonce, aad, plaintext, 0)
    }

    fn seal_shifted(
        &self,
        key: &dyn CipherKey,
        nonce: &[u8],
        aad: &[u8],
        plaintext: &[u8],
        shift: usize,
    ) -> Result<Sealed, Refusal> {
        let mut data = Guarded::new(plaintext, shift);
        let mut tag = Guarded::new(&vec![0; self.params.tag_len], shift);
        key.seal_in_place(nonce, aad, data.content(), tag.content())
            .map_err(|_| Refusal::new(Property::RoundTrip, plaintext.len()))?;
        require(
            data.guards_hold() && tag.guards_hold(),
            Property::WritesInsideOnly,
            plaintext.len(),
        )?;
        Ok(Sealed {
            data: data.content().to_vec(),
            tag: tag.content().to_vec(),
        })
    }

    /// Opens and returns the result and the data as they are afterwards.
    fn open(
        &self,
        key: &dyn CipherKey,
        nonce: &[u8],
        aad: &[u8],
        sealed: &Sealed,
    ) -> Result<(Result<(), CipherError>, Vec<u8>), Refusal> {
        let mut data = Guarded::new(&sealed.data, 0);
        let result = key.open_in_place(nonce, aad, data.content(), &sealed.tag);
        require(
            data.guards_hold(),
            Property::WritesInsideOnly,
            sealed.data.len(),
        )?;
        Ok((result, data.content().to_vec()))
    }

    /// Expects that `sealed` does not open, and that nothing is left of it.
    fn refuse(
        &self,
        key: &dyn CipherKey,
        nonce: &[u8],
        aad: &[u8],
        sealed: &Sealed,
        property: Property,
        at: usize,
    ) -> Checked {
        let (result, data) = self.open(key, nonce, aad, sealed)?;
        require(
            result == Err(CipherError::AuthenticationFailed),
            property,
            at,
        )?;
        require(
            data.iter().all(|&octet| octet == 0),
            Property::WipedOnFailure,
            data.len(),
        )
    }

    fn known_answers(&self) -> Checked {
        let answers = self.cipher.known_answers();
        require(!answers.is_empty(), Property::HasKnownAnswer, 0)?;
        for (index, answer) in answers.iter().enumerate() {
            require(
                answer.key.len() == self.params.key_len
                    && answer.nonce.len() == self.params.nonce_len
                    && answer.tag.len() == self.params.tag_len
                    && answer.plaintext.len() == answer.ciphertext.len()
                    && !answer.plaintext.is_empty(),
                Property::HasKnownAnswer,
                index,
            )?;
            let failed = Refusal::new(Property::KnownAnswer, index);
            let key = self.cipher.new_key(answer.key).map_err(|_| failed)?;
            let expected = Sealed {
                data: answer.ciphertext.to_vec(),
                tag: answer.tag.to_vec(),
            };
            let sealed = self
                .seal(key.as_ref(), answer.nonce, answer.aad, answer.plaintext)
                .map_err(|_| failed)?;
            let (opened, plaintext) =
                self.open(key.as_ref(), answer.nonce, answer.aad, &expected)?;
            require(
                sealed == expected && opened.is_ok() && plaintext == answer.plaintext,
                Property::KnownAnswer,
                index,
            )?;
        }
        Ok(())
    }

    fn wrong_lengths(&self) -> Checked {
        let refuses = |holds, at| require(holds, Property::RefusesWrongLengths, at);
        for len in [0, self.params.key_len - 1, self.params.key_len + 1] {
            refuses(self.cipher.new_key(&octets("key", len)).is_err(), len)?;
        }
        let key = self.new_key(&self.key)?;
        let data = octets("data", 64);
        for len in [0, self.params.nonce_len - 1, self.params.nonce_len + 1] {
            let nonce = octets("nonce", len);
            let mut tag = vec![0; self.params.tag_len];
            let sealed = key.seal_in_place(&nonce, b"", &mut data.clone(), &mut tag);
            let opened = key.open_in_place(&nonce, b"", &mut data.clone(), &tag);
            refuses(sealed.is_err() && opened.is_err(), len)?;
        }
        for len in [0, self.params.tag_len - 1, self.params.tag_len + 1] {
            let mut tag = vec![0; len];
            let sealed = key.seal_in_place(&self.nonce, b"", &mut data.clone(), &mut tag);
            let opened = key.open_in_place(&self.nonce, b"", &mut data.clone(), &tag);
            refuses(sealed.is_err() && opened.is_err(), len)?;
        }
        Ok(())
    }

    fn round_trips(&self, key: &dyn CipherKey) -> Checked {
        let most = self.params.limits.max_frame_len;
        let largest = LARGE[LARGE.len() - 1].min(most);
        let plaintext = octets("plaintext", largest.max(EVERY_LENGTH_TO));
        let aad = octets("aad", 67);
        let large = LARGE.into_iter().chain([largest]);
        for len in (0..=EVERY_LENGTH_TO)
            .chain(large)
            .filter(|&len| len <= most)
        {
            let aad = &aad[..len % (aad.len() + 1)];
            let sealed = self.seal(key, &self.nonce, aad, &plaintext[..len])?;
            let (opened, data) = self.open(key, &self.nonce, aad, &sealed)?;
            require(
                opened.is_ok() && data == plaintext[..len],
                Property::RoundTrip,
                len,
            )?;
        }
        Ok(())
    }

    fn data_depends_on_inputs(&self, key: &dyn CipherKey) -> Checked {
        let zeros = vec![0; 4096.min(self.params.limits.max_frame_len)];
        let sealed = self.seal(key, &self.nonce, b"", &zeros)?;
        // Every octet of the nonce must reach the data: a cipher that uses a part of it repeats keystream.
        for index in 0..self.params.nonce_len {
            let mut nonce = self.nonce.clone();
            nonce[index] ^= 1;
            let other = self.seal(key, &nonce, b"", &zeros)?;
            require(
                sealed.data != other.data,
                Property::DataDependsOnNonce,
                index,
            )?;
        }
        let other_key = self.new_key(&octets("other key", self.params.key_len))?;
        let other = self.seal(other_key.as_ref(), &self.nonce, b"", &zeros)?;
        require(sealed.data != other.data, Property::DataDependsOnKey, 0)?;

        let mut blocks: Vec<_> = sealed.data.chunks_exact(16).collect();
        blocks.sort_unstable();
        let repeated = blocks.windows(2).position(|pair| pair[0] == pair[1]);
        require(
            repeated.is_none(),
            Property::NoRepeatedBlocks,
            repeated.unwrap_or(0),
        )
    }

    fn tag_depends_on_inputs(&self, key: &dyn CipherKey) -> Checked {
        let (aad, data) = (octets("aad", 40), octets("data", 100));
        let data = &data[..data.len().min(self.params.limits.max_frame_len)];
        let sealed = self.seal(key, &self.nonce, &aad, data)?;

        let mut other_key = self.key.clone();
        for index in 0..other_key.len() {
            other_key[index] ^= 1;
            let other = self.new_key(&other_key)?;
            let tag = self.seal(other.as_ref(), &self.nonce, &aad, data)?.tag;
            // A part of the key may serve encryption alone, and then shows in the tag through the data.
            require(tag != sealed.tag, Property::TagDependsOnKey, index)?;
            other_key[index] ^= 1;
        }
        // An empty message leaves the tag nothing but nonce and AAD to depend on.
        let empty = self.seal(key, &self.nonce, b"", b"")?;
        for index in 0..self.params.nonce_len {
            let mut nonce = self.nonce.clone();
            nonce[index] ^= 1;
            let tag = self.seal(key, &nonce, b"", b"")?.tag;
            require(tag != empty.tag, Property::TagDependsOnNonce, index)?;
        }
        for len in 0..aad.len() {
            let tag = self.seal(key, &self.nonce, &aad[..len], data)?.tag;
            require(tag != sealed.tag, Property::TagDependsOnAad, len)?;
        }
        for len in 0..data.len() {
            let tag = self.seal(key, &self.nonce, &aad, &data[..len])?.tag;
            require(tag != sealed.tag, Property::TagDependsOnData, len)?;
        }
        // Ciphertext octets offered as AAD: only the lengths tell the two apart.
        let moved = Sealed {
            data: sealed.data[1..].to_vec(),
            tag: sealed.tag.clone(),
        };
        let longer_aad = [&aad[..], &sealed.data[..1]].concat();
        self.refuse(
            key,
            &self.nonce,
            &longer_aad,
            &moved,
            Property::TagSeparatesAadFromData,
            data.len(),
        )
    }

    fn alterations(&self, key: &dyn CipherKey) -> Checked {
        for len in [0, 1, 15, 16, 17, 1200].map(|len| len.min(self.params.limits.max_frame_len)) {
            let (aad, data) = (octets("aad", 24), octets("data", len));
            let sealed = self.seal(key, &self.nonce, &aad, &data)?;
            for bit in 0..self.params.tag_len * 8 {
                let mut altered = sealed.clone();
                altered.tag[bit / 8] ^= 1 << (bit % 8);
                let property = Property::EveryTagBit;
                self.refuse(key, &self.nonce, &aad, &altered, property, bit)?;
            }
            // 37 and 8 have no common factor, so every bit position of an octet is met.
            for bit in (0..len * 8).step_by(37) {
                let mut altered = sealed.clone();
                altered.data[bit / 8] ^= 1 << (bit % 8);
                let property = Property::AlteredData;
                self.refuse(key, &self.nonce, &aad, &altered, property, bit)?;
            }
            for bit in (0..aad.len() * 8).step_by(5) {
                let mut altered = aad.clone();
                altered[bit / 8] ^= 1 << (bit % 8);
                let property = Property::AlteredAad;
                self.refuse(key, &self.nonce, &altered, &sealed, property, bit)?;
            }
        }
        Ok(())
    }

    fn anywhere_in_memory(&self, key: &dyn CipherKey) -> Checked {
        let data = octets("data", 333.min(self.params.limits.max_frame_len));
        let expected = self.seal(key, &self.nonce, b"aad", &data)?;
        for shift in 1..64 {
            let sealed = self.seal_shifted(key, &self.nonce, b"aad", &data, shift)?;
            require(sealed == expected, Property::InPlaceAnywhere, shift)?;
        }
        Ok(())
    }

    fn deterministic(&self, key: &dyn CipherKey) -> Checked {
        let data = octets("data", 333.min(self.params.limits.max_frame_len));
        let expected = self.seal(key, &self.nonce, b"aad", &data)?;
        for round in 0..4 {
            let same_key = self.new_key(&self.key)?;
            let sealed = self.seal(same_key.as_ref(), &self.nonce, b"aad", &data)?;
            let again = self.seal(key, &self.nonce, b"aad", &data)?;
            require(
                sealed == expected && again == expected,
                Property::Deterministic,
                round,
            )?;
        }
        Ok(())
    }

    fn two_threads(&self, key: &dyn CipherKey) -> Checked {
        let lens: Vec<usize> = (0..256)
            .map(|round| (round * 7) % 1500)
            .filter(|&len| len <= self.params.limits.max_frame_len)
            .collect();
        let data = octets("data", 1500);
        let run = || -> Result<Vec<Sealed>, Refusal> {
            lens.iter()
                .map(|&len| {
                    let mut nonce = self.nonce.clone();
                    nonce[0] ^= data[len % 256];
                    self.seal(key, &nonce, b"aad", &data[..len])
                })
                .collect()
        };
        let expected = run()?;
        let same = |result: thread::Result<Result<Vec<Sealed>, Refusal>>| {
            require(
                result.is_ok_and(|sealed| sealed.is_ok_and(|sealed| sealed == expected)),
                Property::SameOnTwoThreads,
                lens.len(),
            )
        };
        thread::scope(|scope| {
            let (one, two) = (scope.spawn(run), scope.spawn(run));
            let (one, two) = (one.join(), two.join());
            same(one)?;
            same(two)
        })
    }
}
