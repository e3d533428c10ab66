//! Two members of one channel: who seals, and who opens.

use mediaseal::{
    Channel, ChannelConfig, ChannelDecryptor, ChannelEncryptor, ChannelKey, ChannelStore, Codec,
    Error, FrameInfo, Media, Mode, NewGeneration, SenderId, Ssrc,
};

/// Some time at which both have the channel open.
const UNIX_SECONDS: u64 = 1_800_000_000;

/// A sender and a receiver of one stream.
pub(crate) struct Members {
    // Channels end with their stores.
    _stores: [ChannelStore; 2],
    encryptor: ChannelEncryptor,
    decryptor: ChannelDecryptor,
}

impl Members {
    /// Two members who have agreed on `codec`.
    ///
    /// # Errors
    /// What the library says.
    pub(crate) fn new(codec: Codec) -> Result<Self, Error> {
        let key = ChannelKey::generate()?;
        let (alices_store, alices) = member(key.duplicate())?;
        let (bobs_store, bobs) = member(key)?;
        let alice = SenderId::new("alice")?;
        let media = Media::VIDEO;
        let mut encryptor =
            ChannelEncryptor::for_channel(&alices, alice.clone(), media, Mode::Frame)?;
        let mut decryptor = ChannelDecryptor::for_channel(&bobs, &[(alice, media)], Mode::Frame)?;
        encryptor.set_codec(ssrc(), codec)?;
        decryptor.set_codec(ssrc(), codec)?;
        Ok(Self {
            _stores: [alices_store, bobs_store],
            encryptor,
            decryptor,
        })
    }

    /// Seals a frame.
    ///
    /// # Errors
    /// What the library says.
    pub(crate) fn seal(&mut self, frame: &[u8]) -> Result<Vec<u8>, Error> {
        self.encryptor
            .encrypt_to_vec(&FrameInfo::new(ssrc()), frame)
    }

    /// Opens a frame.
    ///
    /// # Errors
    /// What the library says.
    pub(crate) fn open(&mut self, sealed: &[u8]) -> Result<Vec<u8>, Error> {
        self.decryptor
            .decrypt_to_vec(&FrameInfo::new(ssrc()), sealed)
    }
}

const fn ssrc() -> Ssrc {
    Ssrc::new(1)
}

fn member(key: ChannelKey) -> Result<(ChannelStore, Channel), Error> {
    let store = ChannelStore::new()?;
    let channel = store.channel(ChannelConfig::new("packetizers")?.with_clock())?;
    channel.stage(NewGeneration::new(1, key))?;
    store.tick(UNIX_SECONDS)?;
    channel.activate(1)?;
    Ok((store, channel))
}
