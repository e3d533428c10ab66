//! What is measured: frames one by one, in batches, and chunks of recordings.

use std::time::{Duration, Instant};

use mediaseal::vault::Dek;
use mediaseal::vault::recording::Cobblestone;
use mediaseal::vault::recording::cobblestone::{CHUNK_LEN, CobblestoneError, Opener, Sealer};
use mediaseal::{
    BaseKey, BatchFrame, ChannelDecryptor, ChannelEncryptor, CheckedCipher, CipherSuite,
    CounterOrigin, DecryptJob, EncryptJob, Error, FrameBuf, FrameInfo, KeyId, KeyStore, Mode,
    SenderId, decrypt_batch, encrypt_batch,
};

/// A packet of speech, one of RTP, a key frame.
const OCTETS: [usize; 3] = [80, 1_200, 30_000];
/// Frames that are worth a batch.
const BATCH_OCTETS: [usize; 2] = [80, 1_200];
/// Frames of a batch.
const BATCH: u32 = 64;

/// Why a case could not be measured.
pub(super) type Failed = Box<dyn std::error::Error + Send + Sync>;

/// Something that is measured.
pub(super) trait Case {
    /// The suite, or what recordings are sealed with.
    fn suite(&self) -> String;
    /// What is done.
    fn operation(&self) -> &'static str;
    /// Octets of plaintext of a frame or chunk.
    fn octets(&self) -> usize;
    /// The least number of frames that can be measured.
    fn least(&self) -> u32 {
        8
    }
    /// How long it takes to do it to so many frames. What they need before stands outside of that.
    fn measure(&mut self, frames: u32) -> Result<Duration, Failed>;
}

/// All cases.
pub(super) fn all() -> Result<Vec<Box<dyn Case>>, Failed> {
    let mut cases: Vec<Box<dyn Case>> = Vec::new();
    for suite in CipherSuite::BUILTIN {
        for octets in OCTETS {
            cases.push(Box::new(Encrypt(Pair::new(suite, octets)?)));
            cases.push(Box::new(Decrypt(Pair::new(suite, octets)?)));
        }
        for octets in BATCH_OCTETS {
            cases.push(Box::new(BatchEncrypt(Pair::new(suite, octets)?)));
            cases.push(Box::new(BatchDecrypt(Pair::new(suite, octets)?)));
        }
    }
    for aead in [Cobblestone::Aes128, Cobblestone::Aes256] {
        cases.push(Box::new(Seal(aead)));
        cases.push(Box::new(Open(aead)));
    }
    Ok(cases)
}

/// Both ends of a stream.
struct Pair {
    suite: CipherSuite,
    plaintext: Vec<u8>,
    encryptor: ChannelEncryptor,
    decryptor: ChannelDecryptor,
    out: Vec<u8>,
}

impl Pair {
    fn new(suite: CipherSuite, octets: usize) -> Result<Self, Failed> {
        let cipher = CheckedCipher::builtin(suite)?.allow_short_tags();
        let (kid, key) = (KeyId::new(1), BaseKey::generate()?);
        let sending = KeyStore::raw_with(&cipher)?;
        sending.add_send(key.duplicate(), kid, CounterOrigin::FreshKey)?;
        sending.activate(kid)?;
        let receiving = KeyStore::raw_with(&cipher)?;
        receiving.add_receive(key, kid, SenderId::default())?;
        let room = octets + FrameBuf::HEADROOM + FrameBuf::TAILROOM;
        Ok(Self {
            suite,
            plaintext: vec![0x5a; octets],
            encryptor: ChannelEncryptor::new(&sending, Mode::Frame)?,
            decryptor: ChannelDecryptor::new(&receiving, Mode::Frame)?,
            out: vec![0; room],
        })
    }

    /// How many frames lie in a cache of 256 KiB together, as those that come from a network do.
    fn fit_the_cache(&self) -> u32 {
        let frames = (256 << 10) / self.plaintext.len().max(1);
        u32::try_from(frames).map_or(1, |frames| frames.max(1))
    }

    /// Frames that were never opened: a frame opens once.
    fn sealed(&mut self, frames: u32) -> Result<Vec<Vec<u8>>, Error> {
        let info = FrameInfo::default();
        (0..frames)
            .map(|_| self.encryptor.encrypt_to_vec(&info, &self.plaintext))
            .collect()
    }
}

struct Encrypt(Pair);
struct Decrypt(Pair);
struct BatchEncrypt(Pair);
struct BatchDecrypt(Pair);

impl Case for Encrypt {
    fn suite(&self) -> String {
        self.0.suite.to_string()
    }

    fn operation(&self) -> &'static str {
        "encrypt"
    }

    fn octets(&self) -> usize {
        self.0.plaintext.len()
    }

    fn measure(&mut self, frames: u32) -> Result<Duration, Failed> {
        let pair = &mut self.0;
        let info = FrameInfo::default();
        let began = Instant::now();
        for _ in 0..frames {
            pair.encryptor
                .encrypt_into(&info, &pair.plaintext, &mut pair.out)?;
        }
        Ok(began.elapsed())
    }
}

impl Case for Decrypt {
    fn suite(&self) -> String {
        self.0.suite.to_string()
    }

    fn operation(&self) -> &'static str {
        "decrypt"
    }

    fn octets(&self) -> usize {
        self.0.plaintext.len()
    }

    fn measure(&mut self, frames: u32) -> Result<Duration, Failed> {
        let pair = &mut self.0;
        let info = FrameInfo::default();
        let mut took = Duration::ZERO;
        let mut left = frames;
        while left > 0 {
            let some = pair.fit_the_cache().min(left);
            let sealed = pair.sealed(some)?;
            let began = Instant::now();
            for frame in &sealed {
                pair.decryptor.decrypt_into(&info, frame, &mut pair.out)?;
            }
            took += began.elapsed();
            left -= some;
        }
        Ok(took)
    }
}

impl Case for BatchEncrypt {
    fn suite(&self) -> String {
        self.0.suite.to_string()
    }

    fn operation(&self) -> &'static str {
        "batch_encrypt"
    }

    fn octets(&self) -> usize {
        self.0.plaintext.len()
    }

    fn least(&self) -> u32 {
        BATCH
    }

    fn measure(&mut self, frames: u32) -> Result<Duration, Failed> {
        let pair = &mut self.0;
        let octets = pair.plaintext.len();
        let mut took = Duration::ZERO;
        let mut storages = vec![pair.out.clone(); usize::try_from(BATCH)?];
        for _ in 0..frames / BATCH {
            let mut batch = storages
                .iter_mut()
                .map(|storage| {
                    let frame = FrameBuf::new(storage, FrameBuf::HEADROOM, octets)?;
                    Ok(BatchFrame::new(FrameInfo::default(), frame))
                })
                .collect::<Result<Vec<_>, Error>>()?;
            let mut jobs = [EncryptJob::new(&mut pair.encryptor, &mut batch)];
            let began = Instant::now();
            encrypt_batch(&mut jobs);
            took += began.elapsed();
            all_done(&batch)?;
        }
        Ok(took)
    }
}

impl Case for BatchDecrypt {
    fn suite(&self) -> String {
        self.0.suite.to_string()
    }

    fn operation(&self) -> &'static str {
        "batch_decrypt"
    }

    fn octets(&self) -> usize {
        self.0.plaintext.len()
    }

    fn least(&self) -> u32 {
        BATCH
    }

    fn measure(&mut self, frames: u32) -> Result<Duration, Failed> {
        let pair = &mut self.0;
        let mut took = Duration::ZERO;
        for _ in 0..frames / BATCH {
            let mut sealed = pair.sealed(BATCH)?;
            let mut batch = sealed
                .iter_mut()
                .map(|storage| {
                    let len = storage.len();
                    let frame = FrameBuf::new(storage, 0, len)?;
                    Ok(BatchFrame::new(FrameInfo::default(), frame))
                })
                .collect::<Result<Vec<_>, Error>>()?;
            let mut jobs = [DecryptJob::new(&mut pair.decryptor, &mut batch)];
            let began = Instant::now();
            decrypt_batch(&mut jobs);
            took += began.elapsed();
            all_done(&batch)?;
        }
        Ok(took)
    }
}

/// A frame that failed was not measured.
fn all_done<T>(batch: &[BatchFrame<'_, T>]) -> Result<(), Failed> {
    for frame in batch {
        match frame.result() {
            Some(Ok(_)) => {}
            Some(Err(error)) => return Err(error.to_string().into()),
            None => return Err("a frame of a batch was passed over".into()),
        }
    }
    Ok(())
}

struct Seal(Cobblestone);
struct Open(Cobblestone);

impl Case for Seal {
    fn suite(&self) -> String {
        name(self.0).to_owned()
    }

    fn operation(&self) -> &'static str {
        "seal"
    }

    fn octets(&self) -> usize {
        CHUNK_LEN
    }

    fn measure(&mut self, frames: u32) -> Result<Duration, Failed> {
        let dek = Dek::generate()?;
        let mut sealer = Sealer::new(self.0, key(self.0, &dek), b"bench")?;
        let mut chunk = vec![0x5a; CHUNK_LEN];
        let mut took = Duration::ZERO;
        for _ in 0..frames {
            chunk.truncate(CHUNK_LEN);
            let began = Instant::now();
            sealer.seal_chunk(&mut chunk)?;
            took += began.elapsed();
        }
        Ok(took)
    }
}

impl Case for Open {
    fn suite(&self) -> String {
        name(self.0).to_owned()
    }

    fn operation(&self) -> &'static str {
        "open"
    }

    fn octets(&self) -> usize {
        CHUNK_LEN
    }

    fn measure(&mut self, frames: u32) -> Result<Duration, Failed> {
        let dek = Dek::generate()?;
        let key = key(self.0, &dek);
        let mut sealer = Sealer::new(self.0, key, b"bench")?;
        let mut sealed = vec![0x5a; CHUNK_LEN];
        sealer.seal_chunk(&mut sealed)?;
        let opener = Opener::new(self.0, key, b"bench", sealer.preamble())?;
        let mut took = Duration::ZERO;
        for _ in 0..frames {
            let mut chunk = sealed.clone();
            let began = Instant::now();
            let opened: Result<(), CobblestoneError> = opener.open_chunk(0, &mut chunk);
            took += began.elapsed();
            opened?;
        }
        Ok(took)
    }
}

/// The octets of a key that a variant takes.
fn key(aead: Cobblestone, dek: &Dek) -> &[u8] {
    &dek.expose()[..aead.key_len().min(Dek::LEN)]
}

fn name(aead: Cobblestone) -> &'static str {
    match aead {
        Cobblestone::Aes128 => "Cobblestone-128",
        _ => "Cobblestone-256",
    }
}
