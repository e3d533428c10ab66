//! What any cipher must pass before a KeyStore takes it: [`conformance`].
//!
//! It shows plumbing, not strength: that lengths are kept, that what is sealed opens, that each input
//! reaches ciphertext and tag, that failure leaves nothing behind. Inputs are sampled, so it finds mistakes and
//! not malice. It **cannot** show that the cipher is confidential, that it runs in constant time, that it wipes its keys, or
//! that it has no backdoor; a known answer only ties it to the document its author names. Only review by cryptographers can show
//! those.

mod bench;

use std::collections::HashSet;
use std::thread;

use bench::{Bench, Sealed, octets, require};

use super::property::{Property, Refusal};
use super::{Cipher, CipherKey, CipherSuite, Params};

/// Round trips are tried at every length from 0 to this.
const EVERY_LENGTH_TO: usize = 2048;
/// And at these, where block counters carry and buffers grow.
const LARGE: [usize; 4] = [4095, 65_536, 65_553, MIB + 1];
/// Lengths of AAD: the longest is 17 octets of header and the most metadata that a frame may have.
const AAD: [usize; 6] = [1, 17, 24, 67, 1000, 65_552];
const MIB: usize = 1 << 20;

type Checked = Result<(), Refusal>;

/// Runs every check over `cipher`, built in or custom. The inputs are the same at each run.
///
/// # Errors
/// The first [`Property`] that does not hold, and where. What passing does not show stands at the
/// [top of this module](self).
pub fn conformance(cipher: &dyn Cipher) -> Checked {
    conformance_with(cipher, cipher.suite(), cipher.params())
}

/// The same with suite and parameters as they were asked for once.
pub(super) fn conformance_with(cipher: &dyn Cipher, suite: CipherSuite, params: Params) -> Checked {
    let in_range = params.has_lengths_in_range() && params.limits.are_sane();
    require(
        in_range,
        Property::ParamsInRange,
        usize::from(suite.value()),
    )?;
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
    bench.data_depends_on_nonce(key)?;
    bench.data_depends_on_key(key)?;
    bench.no_repeated_blocks(key)?;
    bench.tag_depends_on_inputs(key)?;
    bench.altered_tags(key)?;
    bench.altered_data(key)?;
    bench.altered_aad(key)?;
    bench.lengths_count(key)?;
    bench.anywhere_in_memory(key)?;
    bench.deterministic(key)?;
    bench.two_threads(key)
}

/// Each value with one bit changed: every bit of every octet in turn.
fn each_bit_flipped(value: &[u8]) -> impl Iterator<Item = (usize, Vec<u8>)> {
    (0..value.len() * 8).map(|bit| (bit, with_bit_flipped(value, bit)))
}

fn with_bit_flipped(value: &[u8], bit: usize) -> Vec<u8> {
    let mut flipped = value.to_vec();
    flipped[bit / 8] ^= 1 << (bit % 8);
    flipped
}

/// Tells whether no block of 16 octets is the same in both.
fn every_block_differs(one: &[u8], other: &[u8]) -> bool {
    one.chunks_exact(16)
        .zip(other.chunks_exact(16))
        .all(|(one, other)| one != other)
}

impl Bench<'_> {
    /// Lengths out of `lens` that the cipher takes.
    fn allowed<'a>(&'a self, lens: &'a [usize]) -> impl Iterator<Item = usize> + 'a {
        let most = self.params.limits.max_frame_len;
        lens.iter().copied().filter(move |&len| len <= most)
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
            let opens = self.opens_to(
                key.as_ref(),
                answer.nonce,
                answer.aad,
                &expected,
                answer.plaintext,
                0,
            )?;
            require(sealed == expected && opens, Property::KnownAnswer, index)?;
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
        let refused = |nonce: &[u8], mut tag: Vec<u8>| {
            let sealed = key.seal_in_place(nonce, b"", &mut data.clone(), &mut tag);
            let opened = key.open_in_place(nonce, b"", &mut data.clone(), &tag);
            sealed.is_err() && opened.is_err()
        };
        let (nonce_len, tag_len) = (self.params.nonce_len, self.params.tag_len);
        for len in [0, nonce_len - 1, nonce_len + 1] {
            refuses(refused(&octets("nonce", len), vec![0; tag_len]), len)?;
        }
        for len in [0, tag_len - 1, tag_len + 1] {
            refuses(refused(&self.nonce, vec![0; len]), len)?;
        }
        Ok(())
    }

    fn round_trips(&self, key: &dyn CipherKey) -> Checked {
        let plaintext = octets("plaintext", MIB + 1);
        let aad = octets("aad", 67);
        let every: Vec<usize> = (0..=EVERY_LENGTH_TO).chain(LARGE).collect();
        for len in self.allowed(&every) {
            let (aad, plaintext) = (&aad[..len % (aad.len() + 1)], &plaintext[..len]);
            let sealed = self.seal(key, &self.nonce, aad, plaintext)?;
            let opens = self.opens_to(key, &self.nonce, aad, &sealed, plaintext, 0)?;
            require(opens, Property::RoundTrip, len)?;
        }
        Ok(())
    }

    /// Every bit of the nonce changes every block, and counters as mediaseal makes them give no keystream twice.
    fn data_depends_on_nonce(&self, key: &dyn CipherKey) -> Checked {
        let property = Property::DataDependsOnNonce;
        let zeros = [0; 1200];
        let sealed = self.seal(key, &self.nonce, b"", &zeros)?;
        for (bit, nonce) in each_bit_flipped(&self.nonce) {
            let other = self.seal(key, &nonce, b"", &zeros)?;
            require(
                every_block_differs(&sealed.data, &other.data),
                property,
                bit,
            )?;
        }
        let mut seen = HashSet::new();
        for ctr in 0..4096u16 {
            let mut nonce = self.nonce.clone();
            let at = nonce.len() - 2;
            for (octet, ctr) in nonce[at..].iter_mut().zip(ctr.to_be_bytes()) {
                *octet ^= ctr;
            }
            let keystream = self.seal(key, &nonce, b"", &[0; 16])?.data;
            require(seen.insert(keystream), property, usize::from(ctr))?;
        }
        Ok(())
    }

    fn data_depends_on_key(&self, key: &dyn CipherKey) -> Checked {
        let zeros = [0; 1200];
        let sealed = self.seal(key, &self.nonce, b"", &zeros)?;
        let other = self.new_key(&octets("other key", self.params.key_len))?;
        let other = self.seal(other.as_ref(), &self.nonce, b"", &zeros)?;
        require(
            every_block_differs(&sealed.data, &other.data),
            Property::DataDependsOnKey,
            0,
        )
    }

    /// Zeros show the keystream: it repeats at no distance within 64 KiB, and in no whole block within a MiB.
    fn no_repeated_blocks(&self, key: &dyn CipherKey) -> Checked {
        let len = (MIB + 32).min(self.params.limits.max_frame_len);
        let keystream = self.seal(key, &self.nonce, b"", &vec![0; len])?.data;
        let repeats = |runs: Vec<&[u8]>| {
            let mut runs = runs;
            runs.sort_unstable();
            runs.windows(2).any(|pair| pair[0] == pair[1])
        };
        let near = &keystream[..len.min(1 << 16)];
        require(
            !repeats(near.windows(16).collect()) && !repeats(keystream.chunks_exact(16).collect()),
            Property::NoRepeatedBlocks,
            len,
        )
    }

    fn tag_depends_on_inputs(&self, key: &dyn CipherKey) -> Checked {
        let (aad, data) = (octets("aad", 40), octets("data", 100));
        let sealed = self.seal(key, &self.nonce, &aad, &data)?;
        // An empty message leaves the tag nothing but key and nonce to depend on.
        let empty = self.seal(key, &self.nonce, b"", b"")?;
        let other = self.new_key(&octets("other key", self.params.key_len))?;
        let other = self.seal(other.as_ref(), &self.nonce, b"", b"")?;
        require(other.tag != empty.tag, Property::TagDependsOnKey, 0)?;
        // A part of the key may serve encryption alone: it shows in the tag through the data.
        for (bit, other) in each_bit_flipped(&self.key) {
            let other = self.new_key(&other)?;
            let tag = self.seal(other.as_ref(), &self.nonce, &aad, &data)?.tag;
            require(tag != sealed.tag, Property::TagDependsOnKey, bit)?;
        }
        for (bit, nonce) in each_bit_flipped(&self.nonce) {
            let tag = self.seal(key, &nonce, b"", b"")?.tag;
            require(tag != empty.tag, Property::TagDependsOnNonce, bit)?;
        }
        for len in 0..aad.len() {
            let tag = self.seal(key, &self.nonce, &aad[..len], &data)?.tag;
            require(tag != sealed.tag, Property::TagDependsOnAad, len)?;
        }
        for len in 0..data.len() {
            let tag = self.seal(key, &self.nonce, &aad, &data[..len])?.tag;
            require(tag != sealed.tag, Property::TagDependsOnData, len)?;
        }
        Ok(())
    }

    fn altered_tags(&self, key: &dyn CipherKey) -> Checked {
        let data = octets("data", MIB + 1);
        for len in self.allowed(&[0, 1, 15, 16, 17, 1200, 4095, 65_553, MIB + 1]) {
            let sealed = self.seal(key, &self.nonce, b"aad", &data[..len])?;
            let bits = self.params.tag_len * 8;
            // Long messages are costly, and their tags are made like the others: the first bit and the last.
            let step = if len > 4095 { bits - 1 } else { 1 };
            for bit in (0..bits).step_by(step) {
                let altered = Sealed {
                    tag: with_bit_flipped(&sealed.tag, bit),
                    ..sealed.clone()
                };
                self.refuse(key, b"aad", &altered, Property::EveryTagBit, bit)?;
            }
        }
        Ok(())
    }

    /// Every octet of short data, and of long data those where an implementation changes its way.
    fn altered_data(&self, key: &dyn CipherKey) -> Checked {
        let data = octets("data", MIB + 1);
        let lens: Vec<usize> = (1..=100).chain([1200, 1499, 2047]).chain(LARGE).collect();
        for len in self.allowed(&lens) {
            let sealed = self.seal(key, &self.nonce, b"aad", &data[..len])?;
            let places: Vec<usize> = if len <= 100 {
                (0..len).collect()
            } else {
                [
                    0,
                    15,
                    16,
                    127,
                    1023,
                    1151,
                    1498,
                    1500,
                    4094,
                    4096,
                    65_535,
                    len / 2,
                    len - 2,
                    len - 1,
                ]
                .into_iter()
                .filter(|&place| place < len)
                .collect()
            };
            for place in places {
                // 3 and 8 have no common factor, so each bit of an octet has its turn.
                let bit = place * 8 + (place * 3 + len) % 8;
                let altered = Sealed {
                    data: with_bit_flipped(&sealed.data, bit),
                    ..sealed.clone()
                };
                self.refuse(key, b"aad", &altered, Property::AlteredData, bit)?;
            }
        }
        Ok(())
    }

    fn altered_aad(&self, key: &dyn CipherKey) -> Checked {
        let data = octets("data", 64);
        for len in AAD {
            let aad = octets("aad", len);
            let sealed = self.seal(key, &self.nonce, &aad, &data)?;
            let step = (len / 67).max(1);
            for place in (0..len).step_by(step).chain([len - 1]) {
                let altered = with_bit_flipped(&aad, place * 8 + place % 8);
                self.refuse(key, &altered, &sealed, Property::AlteredAad, place)?;
            }
        }
        Ok(())
    }

    /// Octets cannot be added, cut off, or moved between AAD and data.
    fn lengths_count(&self, key: &dyn CipherKey) -> Checked {
        for (aad_len, len) in [(0, 1), (1, 15), (15, 16), (16, 17), (40, 100)] {
            let (aad, data) = (octets("aad", aad_len), octets("data", len));
            let sealed = self.seal(key, &self.nonce, &aad, &data)?;
            let longer_aad = [&aad[..], &[0]].concat();
            self.refuse(key, &longer_aad, &sealed, Property::AlteredAad, aad_len)?;
            let with_data = |data: Vec<u8>| Sealed {
                data,
                tag: sealed.tag.clone(),
            };
            let longer = with_data([&sealed.data[..], &[0]].concat());
            self.refuse(key, &aad, &longer, Property::AlteredData, len * 8)?;
            let shorter = with_data(sealed.data[..len - 1].to_vec());
            self.refuse(key, &aad, &shorter, Property::AlteredData, len * 8)?;

            let property = Property::TagSeparatesAadFromData;
            let moved = with_data(sealed.data[1..].to_vec());
            let longer_aad = [&aad[..], &sealed.data[..1]].concat();
            self.refuse(key, &longer_aad, &moved, property, len)?;
            if let Some((&last, shorter_aad)) = aad.split_last() {
                let moved = with_data([&[last], &sealed.data[..]].concat());
                self.refuse(key, shorter_aad, &moved, property, len)?;
            }
        }
        Ok(())
    }

    fn anywhere_in_memory(&self, key: &dyn CipherKey) -> Checked {
        let data = octets("data", 333);
        let expected = self.seal(key, &self.nonce, b"aad", &data)?;
        for shift in 1..64 {
            let sealed = self.seal_shifted(key, &self.nonce, b"aad", &data, shift)?;
            let opens = self.opens_to(key, &self.nonce, b"aad", &expected, &data, shift)?;
            require(
                sealed == expected && opens,
                Property::InPlaceAnywhere,
                shift,
            )?;
        }
        Ok(())
    }

    fn deterministic(&self, key: &dyn CipherKey) -> Checked {
        let data = octets("data", 333);
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
        let data = octets("data", 1200);
        let lens: Vec<usize> = (0..256).map(|round| (round * 7) % 1200).collect();
        let run = || -> Result<Vec<Sealed>, Refusal> {
            lens.iter()
                .map(|&len| {
                    let nonce = with_bit_flipped(&self.nonce, len % (self.nonce.len() * 8));
                    let sealed = self.seal(key, &nonce, b"aad", &data[..len])?;
                    let opens = self.opens_to(key, &nonce, b"aad", &sealed, &data[..len], 0)?;
                    require(opens, Property::SameOnTwoThreads, len)?;
                    Ok(sealed)
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
