//! The relay between the participants, which nobody trusts: it looks for media in each packet, and it
//! loses, delays, repeats, replays and alters them.
//!
//! ```text
//!  A ──► socket ──► look ──► lose? alter? hold back? twice? ──► B, C
//!                     │                                          (and from B to A, C)
//!                     └──► keep whole frames ──► again, a second or more later
//! ```
//!
//! That is by chance. Besides, it has a part to play when members come and go: see [`crate::script`].

use std::io::{self, ErrorKind};
use std::net::{SocketAddr, UdpSocket};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::SyncSender;
use std::time::{Duration, Instant};

use crate::impairments::{Chance, Impairments, Place};
use crate::passing::{Passing, Shifts};
use crate::recorder::Handed;
use crate::rtp::{self, Header, MAX_DATAGRAM};
use crate::script::{Act, HOLDS_BACK, JOINS, LEAVES, REFLECTED, RESTARTS, STREAM};
use crate::stream::Participant;
use crate::surroundings::{Side, Surroundings};

/// How long a read waits; also how late a datagram that is held back may be.
const TURN: Duration = Duration::from_millis(5);
/// A datagram that is held back goes on after this time even if none overtook it.
const LONGEST_HOLD: Duration = Duration::from_millis(30);
/// Ages of replayed frames, in seconds of their stream.
const REPLAY_AGES: [u32; 8] = [1, 1, 1, 2, 2, 3, 5, 10];
/// Most frames kept for a replay at a time.
const MAX_KEPT: usize = 256;
/// With all senders done and nothing read for so long, datagrams under way are given up.
const LAST_CALL: Duration = Duration::from_secs(1);

/// What the relay did and saw, in packets where nothing else is said.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Tally {
    pub(crate) received: u64,
    pub(crate) lost: u64,
    pub(crate) held_back: u64,
    pub(crate) duplicated: u64,
    pub(crate) altered: u64,
    /// Frames sent again.
    pub(crate) replayed: u64,
    /// Octets of encoded media that stood in a packet.
    pub(crate) octets_seen: u64,
    /// Frames of the senders that it took for key frames.
    pub(crate) key_frames: u64,
}

/// A packet that others may overtake.
struct Held {
    from: usize,
    octets: Vec<u8>,
    shifts: Shifts,
    after: u64,
    until: Instant,
}

/// A frame that is kept for a replay.
struct Kept {
    from: usize,
    /// Of its first packet.
    place: Place,
    due: u32,
    spoiled: bool,
    datagrams: Vec<Vec<u8>>,
}

/// A frame of A's first stream as it passed.
struct Copied {
    frame: u32,
    /// Packets that it has, once the last one came.
    count: Option<usize>,
    datagrams: Vec<(Vec<u8>, Shifts)>,
}

/// The relay's state.
pub(crate) struct Relay<'a> {
    socket: UdpSocket,
    around: Surroundings<'a>,
    impairments: Impairments,
    passing: Vec<Passing>,
    /// To the recorder, if there is one.
    recorder: Option<SyncSender<Handed>>,
    held: Vec<Held>,
    kept: Vec<Kept>,
    /// Time of the media, as far as the relay has played its part.
    time: Duration,
    /// What A's first stream sent before its restart, but for lost and altered datagrams.
    session: Vec<Copied>,
    /// What is to come late, the same.
    late: Vec<Copied>,
    tally: Tally,
}

impl<'a> Relay<'a> {
    /// Makes a relay that reads from `socket`.
    ///
    /// # Errors
    /// If the socket refuses a timeout.
    pub(crate) fn new(
        socket: UdpSocket,
        around: Surroundings<'a>,
        impairments: Impairments,
        passing: Vec<Passing>,
        recorder: Option<SyncSender<Handed>>,
    ) -> io::Result<Self> {
        socket.set_read_timeout(Some(TURN))?;
        Ok(Self {
            socket,
            around,
            impairments,
            passing,
            recorder,
            held: Vec::new(),
            kept: Vec::new(),
            time: Duration::ZERO,
            session: Vec::new(),
            late: Vec::new(),
            tally: Tally::default(),
        })
    }

    /// Relays until all senders are done and all datagrams have gone on.
    ///
    /// # Errors
    /// If the socket fails.
    pub(crate) fn run(mut self, senders_done: &AtomicBool) -> io::Result<Tally> {
        let around = self.around;
        let mut datagram = [0; 2 * MAX_DATAGRAM];
        let mut last_read = Instant::now();
        loop {
            // Asked first: afterwards, the time does not change any more.
            let is_over = senders_done.load(Ordering::Acquire);
            let read = read(&self.socket, &mut datagram)?;
            self.play_parts()?;
            if let Some((len, from)) = read {
                last_read = Instant::now();
                let is_sender = |side: &Side<'_>| side.address == from;
                if let Some(from) = around.sides.iter().position(is_sender)
                    && !self.relay(from, &mut datagram[..len])?
                {
                    around.incoming.leave();
                }
            } else if is_over && (around.incoming.is_empty() || last_read.elapsed() > LAST_CALL) {
                self.release(|_| true)?;
                return Ok(self.tally);
            }
            let (now, received) = (Instant::now(), self.tally.received);
            self.release(|held| held.after <= received || held.until <= now)?;
        }
    }

    /// Does with one packet whatever chance has in store for it; tells whether it stays here.
    fn relay(&mut self, from: usize, datagram: &mut [u8]) -> io::Result<bool> {
        self.tally.received += 1;
        self.tally.octets_seen += self.around.watch.octets_seen(datagram) as u64;
        let Some((header, payload)) = Header::parse(datagram) else {
            return Ok(false);
        };
        let is_of = |passing: &Passing| passing.is_of(header);
        let Some(at) = self.passing.iter().position(is_of) else {
            return Ok(false);
        };
        if let Some(recorder) = &self.recorder {
            // A recorder that failed says so itself; the call goes on.
            let packet = Handed::Packet(at, self.time, datagram.to_vec());
            recorder.send(packet).ok();
        }
        let place = self.passing[at].place(header);
        if place.index == 0 {
            // Between two frames, so that nothing comes into the middle of one.
            self.replay_due(place)?;
        }
        let passing = &mut self.passing[at];
        let (shifts, rate) = (passing.pass(header), passing.rate);
        self.tally.key_frames += u64::from(passing.shows_key_frame(payload));
        let happens = |chance| self.impairments.happens(chance, place);
        let (lose, alter) = (happens(Chance::Loss), happens(Chance::Tamper));
        let (twice, hold_back) = (happens(Chance::Duplicate), happens(Chance::Reorder));
        let is_copied = place.stream == STREAM && !lose && !alter;
        let comes_late = is_copied && (HOLDS_BACK..LEAVES).contains(&self.time);
        self.keep(from, place, rate, datagram, lose || alter || comes_late);

        if lose {
            self.tally.lost += 1;
            return Ok(false);
        }
        if is_copied && self.time < RESTARTS {
            copy(&mut self.session, place, header, datagram, shifts);
        }
        if comes_late {
            copy(&mut self.late, place, header, datagram, shifts);
            return Ok(false);
        }
        if alter {
            self.tally.altered += 1;
            self.flip_a_bit(place, datagram);
        }
        if twice {
            self.tally.duplicated += 1;
            self.forward(from, datagram, shifts)?;
        }
        if hold_back {
            self.tally.held_back += 1;
            let overtakers = 1 + self.impairments.below(12, Chance::HoldBack, place);
            self.held.push(Held {
                from,
                octets: datagram.to_vec(),
                shifts,
                after: self.tally.received + u64::from(overtakers),
                until: Instant::now() + LONGEST_HOLD,
            });
            return Ok(true);
        }
        self.forward(from, datagram, shifts)?;
        Ok(false)
    }

    /// Does what the script wants of the relay by now.
    fn play_parts(&mut self) -> io::Result<()> {
        let now = self.around.clock.time();
        for (at, act) in Act::SCHEDULE {
            if (self.time < at) && (at <= now) {
                self.play(act)?;
            }
        }
        self.time = now;
        let played = u64::try_from(now.as_millis()).unwrap_or(u64::MAX);
        self.around.played.store(played, Ordering::Release);
        Ok(())
    }

    /// Sends frames of A's first stream once more, or late, while nothing else is under way.
    fn play(&mut self, act: Act) -> io::Result<()> {
        let Self {
            session,
            late,
            passing,
            ..
        } = self;
        let (frames, to): (Vec<_>, &[Participant]) = match act {
            Act::Relay => return Ok(()),
            Act::Reflect => {
                let is_whole = |copied: &&Copied| copied.count == Some(copied.datagrams.len());
                let newest = session.iter().rev().filter(is_whole);
                (newest.take(REFLECTED).collect(), &[Participant::A])
            }
            Act::ShowThePast => (session.iter().collect(), &[Participant::C]),
            Act::Replay => (session.iter().collect(), &[Participant::B]),
            Act::DeliverLate => (late.iter().collect(), &[Participant::B, Participant::C]),
            Act::DeliverTooLate => (late.iter().collect(), &[Participant::B]),
        };
        let mut sent = Vec::new();
        for (datagram, shifts) in frames.into_iter().flat_map(|copied| &copied.datagrams) {
            for to in to {
                let shift = match act {
                    Act::DeliverLate => shifts[*to as usize],
                    _ => shift_behind(passing, *to, datagram),
                };
                sent.push((*to as usize, datagram.clone(), shift));
            }
        }
        self.wait_for_receivers();
        self.around.stage.set(act);
        for (to, datagram, shift) in sent {
            self.send(to, &datagram, shift)?;
        }
        self.wait_for_receivers();
        self.around.stage.set(Act::Relay);
        Ok(())
    }

    fn wait_for_receivers(&self) {
        for side in &self.around.sides {
            side.gate.wait_until_empty();
        }
    }

    /// Flips one bit, in clear headers or in what is sealed.
    fn flip_a_bit(&self, place: Place, datagram: &mut [u8]) {
        let bits = u32::try_from(datagram.len() * 8).unwrap_or(u32::MAX);
        let bit = self.impairments.below(bits, Chance::TamperedBit, place);
        if let Some(octet) = usize::try_from(bit / 8)
            .ok()
            .and_then(|at| datagram.get_mut(at))
        {
            *octet ^= 1 << (bit % 8);
        }
    }

    /// Keeps the packets of a frame that is to be replayed. One of which the receiver did not get
    /// everything would not come a second time, and is left out.
    fn keep(&mut self, from: usize, place: Place, rate: u32, datagram: &[u8], spoiled: bool) {
        let first = Place { index: 0, ..place };
        if !self.impairments.happens(Chance::Replay, first) {
            return;
        }
        let at = match self.kept.iter().position(|kept| kept.place == first) {
            Some(at) => at,
            None if self.kept.len() < MAX_KEPT => {
                let ages = u32::try_from(REPLAY_AGES.len()).unwrap_or(1);
                let age = self.impairments.below(ages, Chance::ReplayAge, first);
                let seconds = usize::try_from(age).map_or(1, |at| REPLAY_AGES[at]);
                self.kept.push(Kept {
                    from,
                    place: first,
                    due: place
                        .frame
                        .saturating_add(rate.saturating_mul(seconds))
                        .saturating_add(1),
                    spoiled: false,
                    datagrams: Vec::new(),
                });
                self.kept.len() - 1
            }
            None => return,
        };
        self.kept[at].spoiled |= spoiled;
        self.kept[at].datagrams.push(datagram.to_vec());
    }

    /// Sends kept frames again for which the frame that comes is late enough.
    fn replay_due(&mut self, place: Place) -> io::Result<()> {
        let is_due = |kept: &Kept| kept.place.stream == place.stream && kept.due <= place.frame;
        while let Some(at) = self.kept.iter().position(is_due) {
            let kept = self.kept.swap_remove(at);
            if kept.spoiled {
                continue;
            }
            self.tally.replayed += 1;
            for datagram in &kept.datagrams {
                let passing = &mut self.passing;
                let shifts = Participant::ALL.map(|to| shift_behind(passing, to, datagram));
                self.forward(kept.from, datagram, shifts)?;
            }
        }
        Ok(())
    }

    /// Sends on the packets that were held back and are `due` now.
    fn release(&mut self, due: impl Fn(&Held) -> bool) -> io::Result<()> {
        while let Some(at) = self.held.iter().position(&due) {
            let held = self.held.remove(at);
            self.forward(held.from, &held.octets, held.shifts)?;
            self.around.incoming.leave();
        }
        Ok(())
    }

    /// Sends a packet to all who are there; C, once it came, although it has left.
    fn forward(&self, from: usize, datagram: &[u8], shifts: Shifts) -> io::Result<()> {
        for to in Participant::ALL {
            let is_there = to != Participant::C || self.time >= JOINS;
            if to as usize != from && is_there {
                self.send(to as usize, datagram, shifts[to as usize])?;
            }
        }
        Ok(())
    }

    /// Sends a packet under a sequence number that is so much higher.
    fn send(&self, to: usize, datagram: &[u8], shift: u16) -> io::Result<()> {
        let mut shifted = [0; 2 * MAX_DATAGRAM];
        let shifted = &mut shifted[..datagram.len()];
        shifted.copy_from_slice(datagram);
        rtp::shift_sequence(shifted, shift);
        let side = &self.around.sides[to];
        side.gate.enter();
        self.socket.send_to(shifted, side.address).map(|_| ())
    }
}

/// Makes room behind all packets of a stream that went to a participant, for one that goes there again.
fn shift_behind(passing: &mut [Passing], to: Participant, datagram: &[u8]) -> u16 {
    let Some((header, _)) = Header::parse(datagram) else {
        return 0;
    };
    let of_header = passing.iter_mut().find(|passing| passing.is_of(header));
    of_header.map_or(0, |passing| passing.insert(to, header))
}

/// Adds a packet to the frame it belongs to.
fn copy(to: &mut Vec<Copied>, place: Place, header: Header, datagram: &[u8], shifts: Shifts) {
    if to.last().is_none_or(|newest| newest.frame != place.frame) {
        to.push(Copied {
            frame: place.frame,
            count: None,
            datagrams: Vec::new(),
        });
    }
    if let Some(newest) = to.last_mut() {
        newest.datagrams.push((datagram.to_vec(), shifts));
        if header.marker {
            newest.count = Some(usize::from(place.index) + 1);
        }
    }
}

/// Reads a datagram, or nothing if none comes within the socket's timeout.
///
/// # Errors
/// If the socket fails otherwise.
pub(crate) fn read(
    socket: &UdpSocket,
    datagram: &mut [u8],
) -> io::Result<Option<(usize, SocketAddr)>> {
    match socket.recv_from(datagram) {
        Ok(read) => Ok(Some(read)),
        Err(error) => match error.kind() {
            // Refused and reset tell of an earlier datagram that found no reader.
            ErrorKind::WouldBlock
            | ErrorKind::TimedOut
            | ErrorKind::Interrupted
            | ErrorKind::ConnectionRefused
            | ErrorKind::ConnectionReset => Ok(None),
            _ => Err(error),
        },
    }
}
