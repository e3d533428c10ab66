//! Keys change under 20 % loss and heavy reordering: no frame that arrives within grace is lost, none opens after it.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod common;

use std::collections::{BTreeMap, HashSet};

use mediaseal::{
    Channel, ChannelConfig, ChannelDecryptor, ChannelEncryptor, ChannelKey, ChannelStore, Error,
    FrameInfo, Media, Mode, NewGeneration, SenderId,
};

use common::Dice;

const NOW: u64 = 1_800_000_000;
/// Frames a second.
const RATE: u64 = 50;
const SECONDS: u64 = 600;
const GRACE: u64 = 10;
/// The network delays a frame by up to so many seconds: a little less than grace, and now and then much longer.
const DELAY: u64 = 8;
const LONG_DELAY: u64 = 60;

struct Member {
    store: ChannelStore,
    channel: Channel,
}

impl Member {
    fn new() -> Self {
        let store = ChannelStore::new().unwrap();
        let config = ChannelConfig::new("room")
            .unwrap()
            .with_clock()
            .grace_seconds(GRACE);
        let channel = store.channel(config).unwrap();
        store.tick(NOW).unwrap();
        Self { store, channel }
    }

    fn stage(&self, generation: u64) {
        let octet = u8::try_from(generation).unwrap();
        let key = ChannelKey::from_slice(&[octet; 32]).unwrap();
        self.channel
            .stage(NewGeneration::new(generation, key))
            .unwrap();
    }
}

/// A frame under way: its number, its generation and step, its octets.
type InFlight = (u64, (u64, u32), Vec<u8>);

/// A change that a member makes at a second: sender and receivers some seconds apart.
#[derive(Clone, Copy)]
enum Change {
    Stage(u64),
    Activate(u64),
    Advance(u64, u32),
}

impl Change {
    fn apply(self, member: &Member) {
        match self {
            Self::Stage(generation) => member.stage(generation),
            Self::Activate(generation) => member.channel.activate(generation).unwrap(),
            Self::Advance(generation, step) => member.channel.advance_to(generation, step).unwrap(),
        }
    }
}

#[test]
fn no_frame_is_lost_in_grace_and_none_opens_after_it() {
    let (sender, receiver) = (Member::new(), Member::new());
    // Every 40 seconds a fresh generation, made before break; between them two advances. The receiver follows up to 3 seconds late.
    let mut changes: BTreeMap<u64, Vec<(bool, Change)>> = BTreeMap::new();
    let mut at = |second: u64, for_sender: bool, change: Change| {
        changes
            .entry(second)
            .or_default()
            .push((for_sender, change));
    };
    for generation in 1..=SECONDS / 40 {
        let start = (generation - 1) * 40;
        for for_sender in [true, false] {
            at(start, for_sender, Change::Stage(generation));
        }
        let lags = [(true, 0), (false, generation % 4)];
        for (for_sender, lag) in lags {
            at(start + 2 + lag, for_sender, Change::Activate(generation));
            at(start + 15 + lag, for_sender, Change::Advance(generation, 1));
            at(start + 27 + lag, for_sender, Change::Advance(generation, 2));
        }
    }

    let name = SenderId::new("alice").unwrap();
    let mut encryptor = ChannelEncryptor::for_channel(
        &sender.channel,
        name.clone(),
        Media::AUDIO,
        Mode::PACKET_1200,
    )
    .unwrap();
    let mut decryptor = ChannelDecryptor::for_channel(
        &receiver.channel,
        &[(name, Media::AUDIO)],
        Mode::PACKET_1200,
    )
    .unwrap();
    let mut dice = Dice(7);
    // Arrival time in ticks of the rate → frames (number, generation and step, octets).
    let mut network: BTreeMap<u64, Vec<InFlight>> = BTreeMap::new();
    let mut retired: BTreeMap<(u64, u32), u64> = BTreeMap::new();
    let (mut sent, mut opened, mut too_late, mut epochs) = (0u64, 0u64, 0u64, HashSet::new());
    for second in 0..SECONDS + LONG_DELAY {
        for (for_sender, change) in changes.get(&second).into_iter().flatten() {
            if !for_sender {
                // What the receiver leaves behind opens until grace ends at its first tick after it.
                if let Some(before) = receiver.channel.sending() {
                    let is_left = match change {
                        Change::Stage(_) => false,
                        Change::Activate(next) => *next != before.0,
                        Change::Advance(generation, step) => (*generation, *step) != before,
                    };
                    if is_left {
                        for step in 0..=before.1 {
                            retired.entry((before.0, step)).or_insert(second + GRACE);
                        }
                    }
                }
            }
            change.apply(if *for_sender { &sender } else { &receiver });
        }
        sender.store.tick(NOW + second).unwrap();
        receiver.store.tick(NOW + second).unwrap();
        for part in 0..RATE {
            let now = second * RATE + part;
            if (2..SECONDS).contains(&second) {
                let octets = encryptor
                    .encrypt_to_vec(&FrameInfo::default(), &sent.to_be_bytes())
                    .unwrap();
                let epoch = sender.channel.sending().unwrap();
                epochs.insert(epoch);
                // 20 % are lost; 1 in 50 comes late.
                if dice.roll(5) != 0 {
                    let delay = if dice.roll(50) == 0 {
                        LONG_DELAY
                    } else {
                        DELAY
                    };
                    let arrival = now + dice.roll(delay * RATE);
                    network
                        .entry(arrival)
                        .or_default()
                        .push((sent, epoch, octets));
                }
                sent += 1;
            }
            for (number, epoch, octets) in network.remove(&now).unwrap_or_default() {
                let is_over = retired.get(&epoch).is_some_and(|&end| end <= second);
                let result = decryptor.decrypt_to_vec(&FrameInfo::default(), &octets);
                match result {
                    Ok(plaintext) => {
                        assert_eq!(plaintext, number.to_be_bytes());
                        assert!(
                            !is_over,
                            "frame {number} of {epoch:?} opened after grace, in second {second}"
                        );
                        opened += 1;
                    }
                    Err(Error::RetiredKey { .. } | Error::MissingKey { .. }) => {
                        assert!(
                            is_over,
                            "frame {number} of {epoch:?} was lost in second {second}: {result:?}"
                        );
                        too_late += 1;
                    }
                    Err(other) => panic!("frame {number} of {epoch:?} in second {second}: {other}"),
                }
            }
        }
    }
    assert!(network.is_empty(), "everything arrived");
    assert_eq!(epochs.len(), 45, "15 generations of 3 steps");
    assert!(opened > sent * 3 / 4, "{opened} of {sent}");
    assert!(too_late > 50, "{too_late} came after grace");
}
