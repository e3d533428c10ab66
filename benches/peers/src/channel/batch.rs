//! Many streams of mediaseal's whose frames are sealed by batch calls.

use std::{
    hint::black_box,
    time::{Duration, Instant},
};

use mediaseal::{
    BatchFrame, Channel, ChannelConfig, ChannelEncryptor, ChannelKey, ChannelStore, CipherSuite,
    EncryptJob, FrameBuf, FrameInfo, Media, Mode, NewGeneration, SenderId, encrypt_batch,
};

use super::{KEY, stores};

/// Streams with a key each, and room for the `N` frames of a batch.
pub struct Batch<const N: usize> {
    encryptors: Vec<ChannelEncryptor>,
    storages: Vec<Vec<u8>>,
    len: usize,
}

impl<const N: usize> Batch<N> {
    /// `streams` sessions of one channel, whose frames have `len` octets.
    ///
    /// # Panics
    /// If the library refuses.
    #[must_use]
    pub fn of_sessions(streams: usize, len: usize) -> Self {
        let channel = channel();
        let sender = SenderId::new("alice").expect("it is a name");
        let encryptors = (0..streams)
            .map(|_| {
                ChannelEncryptor::for_channel(&channel, sender.clone(), Media::AUDIO, Mode::Frame)
                    .expect("the channel is ready")
            })
            .collect();
        Self::new(encryptors, len)
    }

    /// `N` streams with a raw key each, of any suite.
    ///
    /// # Panics
    /// If the library refuses.
    #[must_use]
    pub fn of_raw_keys(suite: CipherSuite, len: usize) -> Self {
        let encryptors = (0..N)
            .map(|_| {
                let (here, _) = stores(suite);
                ChannelEncryptor::new(&here, Mode::Frame).expect("the store is ready")
            })
            .collect();
        Self::new(encryptors, len)
    }

    fn new(encryptors: Vec<ChannelEncryptor>, len: usize) -> Self {
        let storage = vec![7; len + FrameBuf::HEADROOM + FrameBuf::TAILROOM];
        let mut batch = Self {
            encryptors,
            storages: vec![storage; N],
            len,
        };
        batch.begin_sessions();
        batch
    }

    /// Seals a first frame of every stream, with which a session begins.
    fn begin_sessions(&mut self) {
        for encryptor in &mut self.encryptors {
            let mut frame = FrameBuf::new(&mut self.storages[0], FrameBuf::HEADROOM, self.len)
                .expect("it fits");
            encryptor
                .encrypt_in_place(&FrameInfo::default(), &mut frame)
                .expect("the key is there");
        }
    }

    /// Seals a frame of each of `N` streams, all of them different; with fewer streams several frames of each. Returns how long it took.
    ///
    /// # Panics
    /// If the library refuses.
    pub fn seal(&mut self, pick: impl FnMut(usize) -> usize) -> Duration {
        let streams = self.encryptors.len();
        let mut chosen: Vec<&mut ChannelEncryptor> = if streams <= N {
            self.encryptors.iter_mut().collect()
        } else {
            let picks = different(streams, pick);
            self.encryptors
                .get_disjoint_mut::<_, N>(picks)
                .expect("they are different")
                .into()
        };
        let per_stream = N.div_ceil(chosen.len());
        let began = Instant::now();
        let mut frames: Vec<_> = self
            .storages
            .iter_mut()
            .map(|storage| {
                let frame = FrameBuf::new(black_box(storage), FrameBuf::HEADROOM, self.len);
                BatchFrame::new(FrameInfo::default(), frame.expect("it fits"))
            })
            .collect();
        let mut jobs: Vec<_> = chosen
            .iter_mut()
            .zip(frames.chunks_mut(per_stream))
            .map(|(encryptor, frames)| EncryptJob::new(encryptor, frames))
            .collect();
        encrypt_batch(black_box(&mut jobs));
        let took = began.elapsed();
        assert!(
            frames
                .iter()
                .all(|frame| matches!(frame.result(), Some(Ok(_)))),
            "a frame was not sealed"
        );
        took
    }
}

/// `N` different numbers below `end`.
fn different<const N: usize>(end: usize, mut pick: impl FnMut(usize) -> usize) -> [usize; N] {
    let mut picks = [end; N];
    for index in 0..N {
        picks[index] = loop {
            let next = pick(end);
            if !picks[..index].contains(&next) {
                break next;
            }
        };
    }
    picks
}

fn channel() -> Channel {
    let store = ChannelStore::new().expect("the ciphers pass their self-tests");
    let config = ChannelConfig::new("streams").expect("it is a name");
    let channel = store.channel(config).expect("it is the first");
    let key = ChannelKey::from_slice(&[KEY; 2].concat()).expect("32 octets are a key");
    channel
        .stage(NewGeneration::new(1, key))
        .expect("it is the first generation");
    channel.activate(1).expect("it is staged");
    channel
}
