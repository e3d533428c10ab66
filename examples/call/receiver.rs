//! The receiving half of a participant: reassembles, decrypts, compares with what was sent.

use std::error::Error;
use std::net::UdpSocket;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use mediaseal::{ChannelDecryptor, ErrorCounts, FrameBuf, FrameInfo, KeyStore, Mode, Ssrc};

use crate::cost::Cost;
use crate::datagram::{self, Header, MAX_DATAGRAM, Reassembler, Whole};
use crate::gate::Gate;
use crate::relay;
use crate::stream::Stream;

/// How long a read waits before it looks whether the call is over.
const TURN: Duration = Duration::from_millis(5);
/// With the relay done and nothing read for so long, datagrams under way are given up.
const LAST_CALL: Duration = Duration::from_secs(1);
/// Octets by which an encrypted frame may be longer than the longest plain one.
const MAX_OVERHEAD: usize = FrameBuf::HEADROOM + FrameBuf::TAILROOM;

/// What a participant receives with.
pub(crate) struct Receiver<'a> {
    pub(crate) store: &'a KeyStore,
    /// Connected to the relay.
    pub(crate) socket: &'a UdpSocket,
    /// Backpressure towards the relay.
    pub(crate) own: &'a Gate,
    pub(crate) relay_done: &'a AtomicBool,
    /// Frames delivered and refused so far in the whole call, for the progress line.
    pub(crate) progress: [&'a AtomicU64; 2],
}

/// Why the decryptor refused a frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Refusal {
    /// Opened before, less than a second of its stream ago.
    Duplicate,
    /// Opened before, longer ago; or too old for the replay window to know.
    Replay,
    /// Authentication failed: the frame, or where it claims to belong, was altered.
    Altered,
    /// Anything else, such as an altered KID that names no key.
    Other,
}

impl Refusal {
    /// All reasons, in the order in which the report lists them.
    pub(crate) const ALL: [Self; 4] = [Self::Duplicate, Self::Replay, Self::Altered, Self::Other];

    fn new(error: &mediaseal::Error, is_old: bool) -> Self {
        match error {
            mediaseal::Error::Duplicate { .. } if is_old => Self::Replay,
            mediaseal::Error::Duplicate { .. } => Self::Duplicate,
            mediaseal::Error::Replayed { .. } | mediaseal::Error::TooOld { .. } => Self::Replay,
            mediaseal::Error::AuthenticationFailed { .. } => Self::Altered,
            _ => Self::Other,
        }
    }
}

/// A refusal, and when it happened: at the newest frame that its stream had delivered.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Refused {
    pub(crate) reason: Refusal,
    pub(crate) at: Duration,
}

/// What became of one stream on the receiving side.
#[derive(Debug)]
pub(crate) struct Received {
    /// Complete frames that were handed to the decryptor.
    pub(crate) whole: u64,
    /// Frames that came out of it as they had been sent.
    pub(crate) exact: u64,
    /// Frames that came out of it in any other way.
    pub(crate) wrong: u64,
    /// Frames that it refused.
    pub(crate) refused: Vec<Refused>,
    /// The frames that arrived, one place a frame sent.
    pub(crate) frames: Vec<Option<Vec<u8>>>,
    /// Cost of the decrypting calls.
    pub(crate) cost: Cost,
    /// Datagrams that fitted no frame.
    pub(crate) malformed_datagrams: u64,
    newest: usize,
}

impl Received {
    fn new(frames: usize) -> Self {
        Self {
            whole: 0,
            exact: 0,
            wrong: 0,
            refused: Vec::new(),
            frames: vec![None; frames],
            cost: Cost::default(),
            malformed_datagrams: 0,
            newest: 0,
        }
    }

    /// Frames of which nothing usable came.
    pub(crate) fn lost(&self) -> u64 {
        self.frames.iter().filter(|frame| frame.is_none()).count() as u64
    }

    /// Frames refused for one reason.
    pub(crate) fn refused_for(&self, reason: Refusal) -> u64 {
        let same = |refused: &&Refused| refused.reason == reason;
        self.refused.iter().filter(same).count() as u64
    }
}

/// What became of all streams of a receiver.
#[derive(Debug)]
pub(crate) struct Receipt {
    pub(crate) streams: Vec<Received>,
    /// Datagrams that named no stream.
    pub(crate) strays: u64,
    /// The decryptor's own count of frames that it opened.
    pub(crate) opened: u64,
    /// The decryptor's own count of refusals, by error.
    pub(crate) errors: ErrorCounts,
}

/// One stream on its way in.
struct Incoming<'a> {
    stream: &'a Stream,
    reassembler: Reassembler,
    received: Received,
}

impl<'a> Incoming<'a> {
    fn new(stream: &'a Stream) -> Self {
        Self {
            stream,
            reassembler: Reassembler::new(stream.media.longest_frame() + MAX_OVERHEAD),
            received: Received::new(stream.media.frames.len()),
        }
    }
}

impl Receiver<'_> {
    /// Receives the `streams` of the other participant until the relay is done.
    ///
    /// # Errors
    /// If the decryptor cannot be made or the socket fails.
    pub(crate) fn run(&self, streams: &[Stream]) -> Result<Receipt, Box<dyn Error + Send + Sync>> {
        let mut decryptor = ChannelDecryptor::new(self.store, Mode::Frame)?;
        let mut incoming: Vec<_> = streams.iter().map(Incoming::new).collect();
        let mut strays = 0;
        let mut datagram = [0; 2 * MAX_DATAGRAM];
        let mut last_read = Instant::now();
        self.socket.set_read_timeout(Some(TURN))?;
        loop {
            if let Some((len, _)) = relay::read(self.socket, &mut datagram)? {
                last_read = Instant::now();
                self.own.leave();
                let header = Header::parse(&datagram[..len]);
                let known = header.and_then(|(header, piece)| {
                    let of_header = |at: &&mut Incoming<'_>| at.stream.number == header.stream;
                    let incoming = incoming.iter_mut().find(of_header)?;
                    Some((incoming, header, piece))
                });
                match known {
                    Some((incoming, header, piece)) => {
                        if let Some(mut whole) = incoming.reassembler.accept(header, piece) {
                            self.open(&mut decryptor, incoming, header.frame, &mut whole)?;
                            incoming.reassembler.recycle(whole);
                        }
                    }
                    None => strays += 1,
                }
            } else if self.relay_done.load(Ordering::Acquire)
                && (self.own.is_empty() || last_read.elapsed() > LAST_CALL)
            {
                break;
            }
        }
        let received = incoming.into_iter().map(|incoming| Received {
            malformed_datagrams: incoming.reassembler.malformed,
            ..incoming.received
        });
        Ok(Receipt {
            streams: received.collect(),
            strays,
            opened: decryptor.totals().frames,
            errors: decryptor.totals().errors,
        })
    }

    /// Decrypts a complete frame in place and compares it with the one that was sent.
    fn open(
        &self,
        decryptor: &mut ChannelDecryptor,
        incoming: &mut Incoming<'_>,
        frame: u32,
        whole: &mut Whole,
    ) -> Result<(), mediaseal::Error> {
        let stream = incoming.stream.number;
        let number = usize::try_from(frame).unwrap_or(usize::MAX);
        let frames = &incoming.stream.media.frames;
        let received = &mut incoming.received;
        received.whole += 1;

        let octets = whole.octets();
        let len = octets.len();
        let mut buf = FrameBuf::new(octets, 0, len)?;
        let metadata = datagram::metadata(stream, frame);
        let info = FrameInfo::new(Ssrc::new(stream)).metadata(&metadata);
        let mut opened = Ok(());
        received.cost.measure(|| {
            opened = decryptor.decrypt_in_place(&info, &mut buf).map(|_| ());
        });

        if let Err(error) = opened {
            let newest = frames
                .get(received.newest)
                .map_or(Duration::ZERO, |frame| frame.due);
            let due = frames.get(number).map_or(newest, |frame| frame.due);
            let is_old = newest.saturating_sub(due) >= Duration::from_secs(1);
            let reason = Refusal::new(&error, is_old);
            received.refused.push(Refused { reason, at: newest });
            self.progress[1].fetch_add(1, Ordering::Relaxed);
            return Ok(());
        }
        match frames.get(number) {
            Some(sent) if sent.octets == buf.as_slice() => received.exact += 1,
            _ => received.wrong += 1,
        }
        if let Some(place) = received.frames.get_mut(number) {
            *place = Some(buf.as_slice().to_vec());
            received.newest = received.newest.max(number);
        }
        self.progress[0].fetch_add(1, Ordering::Relaxed);
        Ok(())
    }
}
