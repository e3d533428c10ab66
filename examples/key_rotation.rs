//! The life of channel keys: a member joins, a member leaves, a device restarts. Nobody sends a key over the channel itself.
//!
//! Run it with `cargo run --release --example key_rotation`.

use std::error::Error as StdError;

use mediaseal::{Channel, ChannelConfig, ChannelKey, ChannelStore, EpochSecret, NewGeneration};
use mediaseal::{ChannelDecryptor, ChannelEncryptor, FrameInfo, Media, Mode, SenderId, Ssrc};

/// The clock of this example, in seconds since 1970; an application passes the system's.
const NOW: u64 = 1_800_000_000;
const GRACE: u64 = 10;

/// One member's side of the channel.
struct Member {
    name: SenderId,
    store: ChannelStore,
    channel: Channel,
}

impl Member {
    fn new(name: &str) -> Result<Self, mediaseal::Error> {
        // Equal for all members. The instance is new for each call: nothing of an earlier one opens in it.
        let config = ChannelConfig::new("board meeting")?
            .instance("2027-01-15T08:00Z")?
            .with_clock()
            .grace_seconds(GRACE);
        let store = ChannelStore::new()?;
        let channel = store.channel(config)?;
        store.tick(NOW)?;
        let name = SenderId::new(name)?;
        Ok(Self {
            name,
            store,
            channel,
        })
    }

    fn encryptor(&self) -> Result<ChannelEncryptor, mediaseal::Error> {
        ChannelEncryptor::for_channel(&self.channel, self.name.clone(), Media::AUDIO, Mode::Frame)
    }

    /// Makes a decryptor for what `sender` says.
    fn decryptor(&self, sender: &Self) -> Result<ChannelDecryptor, mediaseal::Error> {
        let expected = [(sender.name.clone(), Media::AUDIO)];
        ChannelDecryptor::for_channel(&self.channel, &expected, Mode::Frame)
    }
}

fn info() -> FrameInfo<'static> {
    FrameInfo::new(Ssrc::new(1))
}

/// Prints what becomes of a frame, and fails if it is not what the line says.
fn show(
    who: &str,
    decryptor: &mut ChannelDecryptor,
    frame: &[u8],
    opens: bool,
) -> Result<(), Box<dyn StdError>> {
    let result = decryptor.decrypt_to_vec(&info(), frame);
    match &result {
        Ok(text) => println!("   {who} opens {:?}", String::from_utf8_lossy(text)),
        Err(error) => println!("   {who} does not: {error}"),
    }
    if result.is_ok() == opens {
        Ok(())
    } else {
        Err("the other way round was expected".into())
    }
}

fn main() -> Result<(), Box<dyn StdError>> {
    println!("1. The customer's key reaches Alice and Bob on a path of the customer's own.");
    let key = ChannelKey::generate()?;
    let (alice, bob) = (Member::new("alice")?, Member::new("bob")?);
    for member in [&alice, &bob] {
        member
            .channel
            .stage(NewGeneration::new(1, key.duplicate()))?;
        member.channel.activate(1)?;
    }
    drop(key);

    println!("2. Before any media, they see that their keys are equal.");
    let code = alice.channel.safety_code()?;
    println!("   both read to each other: {code}");
    if code != bob.channel.safety_code()? {
        return Err("the safety codes differ".into());
    }
    let mut challenge = [0; 16];
    getrandom::fill(&mut challenge)?;
    let answer = bob.channel.key_check(&bob.name, &challenge)?;
    let is_bob = alice
        .channel
        .verify_key_check(&bob.name, &challenge, &answer)?;
    println!("   Bob's device answers Alice's key check: {is_bob}");

    println!("3. Alice speaks.");
    let mut from_alice = alice.encryptor()?;
    let mut to_bob = bob.decryptor(&alice)?;
    let first = from_alice.encrypt_to_vec(&info(), b"good morning")?;
    show("Bob", &mut to_bob, &first, true)?;

    println!("4. Carol joins: first all advance, then she gets the secret of the new step.");
    for member in [&alice, &bob] {
        member.channel.advance_to(1, 1)?;
    }
    let text = alice.channel.epoch_secret(1, 1)?.to_text();
    println!(
        "   a key text of {} characters, handed to her alone",
        text.len()
    );
    let carol = Member::new("carol")?;
    carol.channel.join(EpochSecret::from_text(&text)?, None)?;
    carol.channel.activate(1)?;
    let mut to_carol = carol.decryptor(&alice)?;
    show("Carol", &mut to_carol, &first, false)?;
    let second = from_alice.encrypt_to_vec(&info(), b"welcome, Carol")?;
    show("Carol", &mut to_carol, &second, true)?;
    show("Bob", &mut to_bob, &second, true)?;

    println!("5. Carol leaves: a fresh key, staged on every side before any side seals with it.");
    let on_its_way = from_alice.encrypt_to_vec(&info(), b"goodbye, Carol")?;
    let too_late = from_alice.encrypt_to_vec(&info(), b"this frame takes its time")?;
    let key = ChannelKey::generate()?;
    for member in [&alice, &bob] {
        member
            .channel
            .stage(NewGeneration::new(2, key.duplicate()))?;
    }
    for member in [&alice, &bob] {
        member.channel.activate(2)?;
    }
    let third = from_alice.encrypt_to_vec(&info(), b"among ourselves")?;
    show("Bob", &mut to_bob, &third, true)?;
    show("Carol", &mut to_carol, &third, false)?;
    println!("   Within grace, frames of the former key that are on their way still open:");
    show("Bob", &mut to_bob, &on_its_way, true)?;

    println!("6. {GRACE} seconds later the former key is retired and wiped.");
    for seconds in 1..=1 + GRACE {
        bob.store.tick(NOW + seconds)?;
    }
    show("Bob", &mut to_bob, &too_late, false)?;

    println!("7. Bob's device restarts. What it keeps holds no secret: how far it had heard whom.");
    let replay_state = bob.channel.replay_state();
    drop((to_bob, bob));
    let bob = Member::new("bob")?;
    bob.channel.import_replay_state(&replay_state)?;
    bob.channel.stage(NewGeneration::new(2, key))?;
    bob.channel.activate(2)?;
    let mut to_bob = bob.decryptor(&alice)?;
    println!("   A relay sends again what Bob heard before:");
    show("Bob", &mut to_bob, &third, false)?;
    let fourth = from_alice.encrypt_to_vec(&info(), b"are you back?")?;
    show("Bob", &mut to_bob, &fourth, true)
}
