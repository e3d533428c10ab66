//! The call itself: its threads, from the first frame to the last.

use std::io;
use std::net::UdpSocket;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc;
use std::thread::{self, ScopedJoinHandle};
use std::time::Duration;

use mediaseal::{ChannelKey, CheckedCipher};

use crate::Failure;
use crate::clock::{Abandoned, Clock};
use crate::gate::Gate;
use crate::impairments::Impairments;
use crate::member::{Announcement, Control, KeyPath, Member};
use crate::passing::Passing;
use crate::progress::Progress;
use crate::receiver::{Receipt, Receiver};
use crate::recorder::{Granting, Recorded, Recording};
use crate::relay::{Relay, Tally};
use crate::script::Stage;
use crate::sender::{Sender, Sent};
use crate::stream::{Participant, Stream};
use crate::surroundings::{Side, Surroundings};
use crate::watch::Watch;
use crate::wire::Wire;

/// Those who meet: two senders and three control threads.
const PARTIES: usize = 5;

/// What a call is made of.
pub(crate) struct Plan<'a> {
    /// The streams of A, then those of B.
    pub(crate) streams: &'a [Stream],
    pub(crate) cipher: &'a CheckedCipher,
    pub(crate) watch: &'a Watch,
    pub(crate) impairments: Impairments,
    pub(crate) fast: bool,
    pub(crate) wire: Wire,
}

/// What a call leaves behind.
pub(crate) struct Outcome {
    pub(crate) members: [Member; 3],
    /// By stream.
    pub(crate) sent: Vec<Sent>,
    /// By participant.
    pub(crate) receipts: Vec<Receipt>,
    pub(crate) relay: Tally,
    /// Datagrams that were lost on their way to or from the relay.
    pub(crate) lost_elsewhere: u64,
    /// When the last turn began.
    pub(crate) last_turn: Duration,
    /// What became of the recording, if one was to be made.
    pub(crate) recorded: Option<Result<Recorded, Failure>>,
}

/// Raises a flag however its thread ends, so that no other thread waits for ever.
struct RaiseOnDrop<'a>(&'a AtomicBool);

impl Drop for RaiseOnDrop<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Release);
    }
}

/// Makes the members; A and B have `key` as generation 1. The other half is what each hears.
fn members(
    cipher: &CheckedCipher,
    key: &ChannelKey,
    mut granting: [Option<Granting>; 2],
) -> Result<([Member; 3], [mpsc::Receiver<Announcement>; 3]), Failure> {
    let mut instance = [0; 16];
    getrandom::fill(&mut instance)?;
    let (paths, inboxes): (Vec<_>, Vec<_>) = Participant::ALL
        .map(|_| mpsc::channel())
        .into_iter()
        .unzip();
    let mut members = Vec::new();
    for who in Participant::ALL {
        let others = Participant::ALL.into_iter().filter(|other| *other != who);
        let peers = others.map(|other| paths[other as usize].clone()).collect();
        let grants = granting.get_mut(who as usize).and_then(Option::take);
        let member = Member::new(who, cipher, &instance, peers, grants)?;
        if Participant::SENDERS.contains(&who) {
            member.stage(1, key.duplicate())?;
            member.channel.activate(1)?;
        }
        members.push(member);
    }
    let three = "there are three participants";
    Ok((
        members.try_into().map_err(|_| three)?,
        inboxes.try_into().map_err(|_| three)?,
    ))
}

/// Runs relay, senders, receivers and control threads until everything is sent and received.
///
/// `keys` are those of the generations 1 and 2.
///
/// # Errors
/// If a socket or the channel fails.
pub(crate) fn talk(
    plan: &Plan<'_>,
    keys: [ChannelKey; 2],
    recording: Option<Recording>,
) -> Result<Outcome, Failure> {
    let [key, next_key] = keys;
    let (recorder, to_recorder, granting) = match recording {
        Some(recording) => (
            Some(recording.recorder),
            Some(recording.path),
            recording.granting.map(Some),
        ),
        None => (None, None, [None, None]),
    };
    let (members, inboxes) = members(plan.cipher, &key, granting)?;
    drop(key);
    let relay_socket = bind()?;
    let sockets = [bind()?, bind()?, bind()?];
    let (to_relay, gates) = (Gate::default(), [(); 3].map(|()| Gate::default()));
    let mut addresses = Vec::new();
    for socket in &sockets {
        socket.connect(relay_socket.local_addr()?)?;
        addresses.push(socket.local_addr()?);
    }
    let ends = plan.streams.iter().map(|stream| stream.media.duration());
    let clock = Clock::new(plan.fast, PARTIES, ends.max().unwrap_or_default());
    let (stage, played) = (Stage::default(), AtomicU64::new(0));
    let around = Surroundings {
        incoming: &to_relay,
        sides: Participant::ALL.map(|who| Side {
            address: addresses[who as usize],
            gate: &gates[who as usize],
        }),
        clock: &clock,
        stage: &stage,
        played: &played,
        watch: plan.watch,
    };
    let passing = |stream| Passing::new(stream, plan.wire.codec_of(stream));
    let passing = plan.streams.iter().map(passing).collect();
    let relay = Relay::new(relay_socket, around, plan.impairments, passing, to_recorder)?;
    let (senders_done, relay_done) = (AtomicBool::new(false), AtomicBool::new(false));
    let progress = Progress::new(plan.streams);
    let of_c = [AtomicU64::new(0), AtomicU64::new(0)];

    let (hands_over, joins) = mpsc::channel();
    let key_paths = [
        KeyPath::HandsOver(hands_over),
        KeyPath::None,
        KeyPath::Joins(joins),
    ];
    let controls = members
        .iter()
        .zip(key_paths)
        .map(|(member, key_path)| Control {
            member,
            next_key: (member.who != Participant::C).then(|| next_key.duplicate()),
            key_path,
        });
    let controls: Vec<_> = controls.collect();
    drop(next_key);
    let receivers = members.iter().zip(inboxes).map(|(member, inbox)| Receiver {
        member,
        inbox,
        socket: &sockets[member.who as usize],
        own: &gates[member.who as usize],
        relay_done: &relay_done,
        stage: &stage,
        progress: match member.who {
            Participant::A | Participant::B => [&progress.delivered, &progress.refused],
            Participant::C => [&of_c[0], &of_c[1]],
        },
        wire: plan.wire,
    });
    let receivers: Vec<_> = receivers.collect();
    let of_a = |stream: &Stream| stream.sender == Participant::A;
    let (from_a, from_b) = plan.streams.split_at(plan.streams.partition_point(of_a));

    let (sent, receipts, relay, recorded) = thread::scope(|scope| {
        let recorder = recorder.map(|recorder| scope.spawn(|| recorder.run(&relay_done)));
        let relay = scope.spawn(|| {
            let _done = RaiseOnDrop(&relay_done);
            relay.run(&senders_done)
        });
        let receivers = receivers
            .into_iter()
            .map(|receiver| scope.spawn(move || receiver.run(plan.streams)));
        let receivers: Vec<_> = receivers.collect();
        let senders = [from_a, from_b].map(|streams| {
            let who = if streams.iter().any(of_a) {
                Participant::A
            } else {
                Participant::B
            };
            let sender = Sender {
                member: &members[who as usize],
                socket: &sockets[who as usize],
                relay: &to_relay,
                progress: &progress.sent,
                wire: plan.wire,
            };
            let clock = &clock;
            scope.spawn(move || sender.run(streams, clock))
        });
        let controls = controls
            .into_iter()
            .map(|control| scope.spawn(|| control.run(&clock, |at| around.settle(at))));
        let controls: Vec<_> = controls.collect();
        progress.watch(|| senders.iter().all(ScopedJoinHandle::is_finished));
        let (mut sent, mut failures) = (Vec::new(), Vec::new());
        for sender in senders {
            match join(sender) {
                Ok(streams) => sent.extend(streams),
                Err(failure) => failures.push(failure),
            }
        }
        failures.extend(
            controls
                .into_iter()
                .filter_map(|control| join(control).err()),
        );
        senders_done.store(true, Ordering::Release);
        let relay = join(relay);
        let receipts = receivers.into_iter().map(join).collect::<Result<_, _>>();
        let recorded = recorder.map(join);
        // Who was left alone says so; the cause is another's.
        failures.sort_by_key(|failure| failure.is::<Abandoned>());
        match failures.into_iter().next() {
            Some(failure) => Err(failure),
            None => Ok((sent, receipts?, relay?, recorded)),
        }
    })?;
    let gates = gates.iter().chain([&to_relay]);
    let lost_elsewhere = gates.map(Gate::given_up).sum();
    let last_turn = clock.turns().last().unwrap_or_default();
    Ok(Outcome {
        members,
        sent,
        receipts,
        relay,
        lost_elsewhere,
        last_turn,
        recorded,
    })
}

fn bind() -> io::Result<UdpSocket> {
    UdpSocket::bind("127.0.0.1:0")
}

/// Waits for a thread; a panic in it has been printed and ends the call.
fn join<T, E: Into<Failure>>(thread: ScopedJoinHandle<'_, Result<T, E>>) -> Result<T, Failure> {
    match thread.join() {
        Ok(result) => result.map_err(Into::into),
        Err(_) => Err("a thread of the call panicked".into()),
    }
}
