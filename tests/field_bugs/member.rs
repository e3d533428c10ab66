//! One member's side of a channel.

use mediaseal::{
    Channel, ChannelConfig, ChannelDecryptor, ChannelEncryptor, ChannelKey, ChannelStore, Media,
    Mode, NewGeneration, SenderId,
};

/// The time of every first tick.
pub(crate) const NOW: u64 = 1_800_000_000;

pub(crate) struct Member {
    pub(crate) store: ChannelStore,
    pub(crate) channel: Channel,
}

impl Member {
    /// A channel with a clock and no key.
    pub(crate) fn new() -> Self {
        Self::of(ChannelConfig::new("room").unwrap().with_clock())
    }

    pub(crate) fn of(config: ChannelConfig) -> Self {
        let store = ChannelStore::new().unwrap();
        let channel = store.channel(config).unwrap();
        store.tick(NOW).unwrap();
        Self { store, channel }
    }

    /// The same, sealing under generation 1.
    pub(crate) fn sealing() -> Self {
        let member = Self::new();
        member.stage(1, 7);
        member.channel.activate(1).unwrap();
        member
    }

    pub(crate) fn stage(&self, generation: u64, octet: u8) {
        let key = ChannelKey::from_slice(&[octet; 32]).unwrap();
        self.channel
            .stage(NewGeneration::new(generation, key))
            .unwrap();
    }

    pub(crate) fn encryptor(&self, sender: &str) -> ChannelEncryptor {
        let sender = SenderId::new(sender).unwrap();
        ChannelEncryptor::for_channel(&self.channel, sender, Media::VIDEO, Mode::Frame).unwrap()
    }

    pub(crate) fn decryptor(&self, sender: &str) -> ChannelDecryptor {
        let expected = [(SenderId::new(sender).unwrap(), Media::VIDEO)];
        ChannelDecryptor::for_channel(&self.channel, &expected, Mode::Frame).unwrap()
    }
}
