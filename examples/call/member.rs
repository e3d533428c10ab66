//! A participant's side of the channel: its keys, and the thread that changes them.

use std::collections::HashMap;
use std::error::Error;
use std::sync::mpsc::{Receiver, Sender};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use mediaseal::vault::grant::GrantError;
use mediaseal::{
    Channel, ChannelConfig, ChannelKey, ChannelStore, CheckedCipher, EpochSecret, Event, KeyId,
    Media, NewGeneration, SenderId,
};
use zeroize::Zeroizing;

use crate::clock::Clock;
use crate::recorder::Granting;
use crate::script::{GRACE_SECONDS, JOINS, LEAVES, STARTED, TURN};
use crate::stream::Participant;

type Failure = Box<dyn Error + Send + Sync>;

/// A session that its sender tells the others of, over the signalling path of the call: here a queue in memory.
///
/// It is not trusted. Ciphers that are slow need it; with the others a receiver finds out by itself.
pub(crate) struct Announcement {
    kid: KeyId,
    sender: SenderId,
    media: Media,
}

/// A participant in the channel; shared by its threads.
pub(crate) struct Member {
    pub(crate) who: Participant,
    pub(crate) channel: Channel,
    store: ChannelStore,
    cipher: CheckedCipher,
    /// The other participants' ends of the signalling path.
    peers: Vec<Sender<Announcement>>,
    /// Whom the keys of sessions are granted to, if the call is recorded.
    grants: Option<Granting>,
    /// Generation and step of each session that was announced.
    sessions: Mutex<HashMap<KeyId, (u64, u32)>>,
}

impl Member {
    /// Opens the channel, with a clock, and without keys.
    ///
    /// `instance` is new for each call, so that nothing of an earlier one opens although the customer's key is the same.
    ///
    /// # Errors
    /// If the system gives no random octets.
    pub(crate) fn new(
        who: Participant,
        cipher: &CheckedCipher,
        instance: &[u8],
        peers: Vec<Sender<Announcement>>,
        grants: Option<Granting>,
    ) -> Result<Self, mediaseal::Error> {
        let config = ChannelConfig::new("mediaseal/examples/call")?
            .instance(instance)?
            .with_clock()
            .grace_seconds(GRACE_SECONDS);
        let store = ChannelStore::new()?;
        let channel = store.channel(config)?;
        store.tick(STARTED)?;
        Ok(Self {
            who,
            channel,
            store,
            cipher: cipher.clone(),
            peers,
            grants,
            sessions: Mutex::default(),
        })
    }

    /// Stages a generation.
    ///
    /// # Errors
    /// If the channel refuses it.
    pub(crate) fn stage(&self, number: u64, key: ChannelKey) -> Result<(), mediaseal::Error> {
        self.channel
            .stage(NewGeneration::new(number, key).cipher(&self.cipher))
    }

    /// Tells the others of the sessions that have begun, and grants their keys to the owners of the recording. Whoever seals calls it before the first
    /// frame of a session leaves.
    ///
    /// # Errors
    /// If a session's key cannot be granted.
    pub(crate) fn announce(&self) -> Result<(), GrantError> {
        // Locked over the whole of it: who comes second knows that what the first one took has been told.
        let mut sessions = self.sessions.lock().unwrap_or_else(PoisonError::into_inner);
        while let Some(event) = self.store.poll_event() {
            let Event::SessionStarted {
                kid,
                sender,
                media,
                generation,
                step,
            } = event
            else {
                continue;
            };
            sessions.insert(kid, (generation, step));
            if let Some(grants) = &self.grants {
                grants.grant(&self.channel, kid)?;
            }
            for peer in &self.peers {
                let sender = sender.clone();
                // A peer that has hung up needs no news.
                peer.send(Announcement { kid, sender, media }).ok();
            }
        }
        Ok(())
    }

    /// Takes what the others announced.
    ///
    /// # Errors
    /// If the channel takes no more.
    pub(crate) fn hear(&self, inbox: &Receiver<Announcement>) -> Result<(), mediaseal::Error> {
        while let Ok(Announcement { kid, sender, media }) = inbox.try_recv() {
            self.channel.expect_session(kid, sender, media)?;
        }
        Ok(())
    }

    /// Returns generation and step of a session of this member.
    pub(crate) fn epoch_of(&self, kid: KeyId) -> Option<(u64, u32)> {
        let sessions = self.sessions.lock().unwrap_or_else(PoisonError::into_inner);
        sessions.get(&kid).copied()
    }
}

/// A path on which only two participants can read.
pub(crate) enum KeyPath {
    HandsOver(Sender<Zeroizing<String>>),
    Joins(Receiver<Zeroizing<String>>),
    None,
}

/// The control thread of a participant.
pub(crate) struct Control<'a> {
    pub(crate) member: &'a Member,
    /// The key of generation 2, for those who stay.
    pub(crate) next_key: Option<ChannelKey>,
    pub(crate) key_path: KeyPath,
}

impl Control<'_> {
    /// Acts at the start of each turn; `settle` waits until all that was sent before has arrived, where the clock runs ahead of the network.
    ///
    /// # Errors
    /// If the channel refuses something, or another party ends early.
    pub(crate) fn run(
        mut self,
        clock: &Clock,
        settle: impl Fn(Duration) + Sync,
    ) -> Result<(), Failure> {
        let party = clock.attend();
        for at in clock.turns() {
            party.meet()?;
            settle(at);
            self.act(at)?;
            party.meet()?;
        }
        Ok(())
    }

    fn act(&mut self, at: Duration) -> Result<(), Failure> {
        let channel = &self.member.channel;
        self.member.store.tick(STARTED + at.as_secs())?;
        if at == JOINS {
            match &self.key_path {
                // Advance first: who gets the secret of step 1 opens nothing of step 0.
                KeyPath::HandsOver(path) => {
                    channel.advance_to(1, 1)?;
                    path.send(channel.epoch_secret(1, 1)?.to_text())?;
                }
                KeyPath::Joins(path) => {
                    let secret = EpochSecret::from_text(&path.recv()?)?;
                    channel.join(secret, Some(&self.member.cipher))?;
                    channel.activate(1)?;
                }
                KeyPath::None => channel.advance_to(1, 1)?,
            }
        }
        // Staged on every side before any side seals with it.
        if at + TURN == LEAVES
            && let Some(key) = self.next_key.take()
        {
            self.member.stage(2, key)?;
        }
        if at == LEAVES && !matches!(self.key_path, KeyPath::Joins(_)) {
            channel.activate(2)?;
        }
        self.member.announce()?;
        Ok(())
    }
}
