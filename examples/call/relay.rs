//! The relay between the participants, which nobody trusts: it looks for media in each datagram, and it
//! loses, delays, repeats, replays and alters them.
//!
//! ```text
//!  A ──► socket ──► look ──► lose? alter? hold back? twice? ──► B
//!                     │                                          (and from B to A)
//!                     └──► keep whole frames ──► again, a second or more later
//! ```

use std::io::{self, ErrorKind};
use std::net::{SocketAddr, UdpSocket};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use crate::datagram::{HEADER_LEN, Header, MAX_DATAGRAM};
use crate::gate::Gate;
use crate::impairments::{Chance, Impairments, noise};
use crate::watch::Watch;

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

/// One of the two participants, as the relay knows it.
pub(crate) struct Side<'a> {
    /// Where its datagrams come from and go to.
    pub(crate) address: SocketAddr,
    /// Backpressure towards it.
    pub(crate) gate: &'a Gate,
}

/// What the relay did and saw, in datagrams where nothing else is said.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Tally {
    pub(crate) received: u64,
    pub(crate) lost: u64,
    pub(crate) held_back: u64,
    pub(crate) duplicated: u64,
    pub(crate) altered: u64,
    /// Frames sent again.
    pub(crate) replayed: u64,
    /// Octets of encoded media that stood in a datagram.
    pub(crate) octets_seen: u64,
}

/// A datagram that others may overtake.
struct Held {
    to: usize,
    octets: Vec<u8>,
    after: u64,
    until: Instant,
}

/// A frame that is kept for a replay.
struct Kept {
    to: usize,
    first: Header,
    due: u32,
    spoiled: bool,
    datagrams: Vec<Vec<u8>>,
}

/// The relay's state.
pub(crate) struct Relay<'a> {
    socket: UdpSocket,
    incoming: &'a Gate,
    sides: [Side<'a>; 2],
    watch: &'a Watch,
    impairments: Impairments,
    /// Frames a second of each stream, by stream number - 1.
    rates: Vec<u32>,
    held: Vec<Held>,
    kept: Vec<Kept>,
    tally: Tally,
}

impl<'a> Relay<'a> {
    /// Makes a relay that reads from `socket`.
    ///
    /// # Errors
    /// If the socket refuses a timeout.
    pub(crate) fn new(
        socket: UdpSocket,
        incoming: &'a Gate,
        sides: [Side<'a>; 2],
        watch: &'a Watch,
        impairments: Impairments,
        rates: Vec<u32>,
    ) -> io::Result<Self> {
        socket.set_read_timeout(Some(TURN))?;
        Ok(Self {
            socket,
            incoming,
            sides,
            watch,
            impairments,
            rates,
            held: Vec::new(),
            kept: Vec::new(),
            tally: Tally::default(),
        })
    }

    /// Relays until all senders are done and all datagrams have gone on.
    ///
    /// # Errors
    /// If the socket fails.
    pub(crate) fn run(mut self, senders_done: &AtomicBool) -> io::Result<Tally> {
        let mut datagram = [0; 2 * MAX_DATAGRAM];
        let mut last_read = Instant::now();
        loop {
            if let Some((len, from)) = read(&self.socket, &mut datagram)? {
                last_read = Instant::now();
                if let Some(sender) = self.sides.iter().position(|side| side.address == from) {
                    self.incoming.leave();
                    self.relay(1 - sender, &mut datagram[..len])?;
                }
            } else if senders_done.load(Ordering::Acquire)
                && (self.incoming.is_empty() || last_read.elapsed() > LAST_CALL)
            {
                self.release(|_| true)?;
                return Ok(self.tally);
            }
            let (now, received) = (Instant::now(), self.tally.received);
            self.release(|held| held.after <= received || held.until <= now)?;
        }
    }

    /// Does with one datagram whatever chance has in store for it.
    fn relay(&mut self, to: usize, datagram: &mut [u8]) -> io::Result<()> {
        self.tally.received += 1;
        self.tally.octets_seen += self.watch.octets_seen(datagram) as u64;
        let Some((header, _)) = Header::parse(datagram) else {
            return Ok(());
        };
        let happens = |chance| self.impairments.happens(chance, header);
        let (lose, alter) = (happens(Chance::Loss), happens(Chance::Tamper));
        let (twice, hold_back) = (happens(Chance::Duplicate), happens(Chance::Reorder));
        self.keep(to, header, datagram, lose || alter);
        self.replay_due(header)?;

        if lose {
            self.tally.lost += 1;
            return Ok(());
        }
        if alter {
            self.tally.altered += 1;
            self.flip_a_bit(header, datagram);
        }
        if twice {
            self.tally.duplicated += 1;
            self.forward(to, datagram)?;
        }
        if hold_back {
            self.tally.held_back += 1;
            let overtakers = 1 + self.impairments.below(12, Chance::HoldBack, header);
            self.held.push(Held {
                to,
                octets: datagram.to_vec(),
                after: self.tally.received + u64::from(overtakers),
                until: Instant::now() + LONGEST_HOLD,
            });
            return Ok(());
        }
        self.forward(to, datagram)
    }

    /// Flips one bit, in the example's header or in the encrypted frame.
    fn flip_a_bit(&self, header: Header, datagram: &mut [u8]) {
        let bits = u32::try_from(datagram.len() * 8).unwrap_or(u32::MAX);
        let bit = self.impairments.below(bits, Chance::TamperedBit, header);
        if let Some(octet) = usize::try_from(bit / 8)
            .ok()
            .and_then(|at| datagram.get_mut(at))
        {
            *octet ^= 1 << (bit % 8);
        }
    }

    /// Keeps the datagrams of a frame that is to be replayed. One of which the receiver did not get
    /// everything would not come a second time, and is left out.
    fn keep(&mut self, to: usize, header: Header, datagram: &[u8], spoiled: bool) {
        let first = Header {
            index: 0,
            count: 0,
            ..header
        };
        if !self.impairments.happens(Chance::Replay, first) {
            return;
        }
        let at = match self.kept.iter().position(|kept| kept.first == first) {
            Some(at) => at,
            None if self.kept.len() < MAX_KEPT => {
                let ages = u32::try_from(REPLAY_AGES.len()).unwrap_or(1);
                let age = self.impairments.below(ages, Chance::ReplayAge, first);
                let seconds = usize::try_from(age).map_or(1, |at| REPLAY_AGES[at]);
                let stream = header
                    .stream
                    .checked_sub(1)
                    .and_then(|at| usize::try_from(at).ok());
                let rate = stream
                    .and_then(|at| self.rates.get(at))
                    .copied()
                    .unwrap_or(1);
                self.kept.push(Kept {
                    to,
                    first,
                    due: header
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

    /// Sends kept frames again for which this datagram's frame is late enough.
    fn replay_due(&mut self, header: Header) -> io::Result<()> {
        let is_due = |kept: &Kept| kept.first.stream == header.stream && kept.due <= header.frame;
        while let Some(at) = self.kept.iter().position(is_due) {
            let kept = self.kept.swap_remove(at);
            if kept.spoiled {
                continue;
            }
            self.tally.replayed += 1;
            for datagram in &kept.datagrams {
                self.forward(kept.to, datagram)?;
            }
        }
        Ok(())
    }

    /// Sends on the datagrams that were held back and are `due` now.
    fn release(&mut self, due: impl Fn(&Held) -> bool) -> io::Result<()> {
        while let Some(at) = self.held.iter().position(&due) {
            let held = self.held.remove(at);
            self.forward(held.to, &held.octets)?;
        }
        Ok(())
    }

    fn forward(&self, to: usize, datagram: &[u8]) -> io::Result<()> {
        let side = &self.sides[to];
        side.gate.enter();
        self.socket.send_to(datagram, side.address).map(|_| ())
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

/// Shows that the relay's look-out works: sends `frame` once as it is and once covered with noise,
/// through real sockets. Returns the octets looked at.
///
/// # Errors
/// If the frame as it is is not seen completely, or anything of the covered one is.
pub(crate) fn check_watch(watch: &Watch, frame: &[u8]) -> io::Result<usize> {
    let (from, to) = (
        UdpSocket::bind("127.0.0.1:0")?,
        UdpSocket::bind("127.0.0.1:0")?,
    );
    to.set_read_timeout(Some(LAST_CALL))?;
    let header = Header {
        stream: 1,
        frame: 0,
        index: 0,
        count: 1,
    }
    .to_octets();
    let piece = &frame[..frame.len().min(MAX_DATAGRAM - HEADER_LEN)];
    let covered: Vec<u8> = piece
        .iter()
        .zip(noise())
        .map(|(octet, noise)| octet ^ noise)
        .collect();

    for (sent, expected) in [(piece, piece.len()), (&covered, 0)] {
        from.send_to(&[&header, sent].concat(), to.local_addr()?)?;
        let mut datagram = [0; MAX_DATAGRAM];
        let len = read(&to, &mut datagram)?.map_or(0, |(len, _)| len);
        let seen = watch.octets_seen(&datagram[..len]);
        if seen != expected || len != HEADER_LEN + sent.len() {
            let what =
                format!("the relay's look-out saw {seen} octets of media where {expected} are");
            return Err(io::Error::other(what));
        }
    }
    Ok(piece.len())
}
