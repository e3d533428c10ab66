//! The receiving half of a participant: reassembles, decrypts, compares with what was sent.

use std::collections::BTreeMap;
use std::error::Error;
use std::net::UdpSocket;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc;
use std::time::{Duration, Instant};

use mediaseal::{ChannelDecryptor, FrameBuf, FrameInfo, KeyId, Mode, SenderId, Ssrc};

use crate::cost::Cost;
use crate::datagram::{self, Header, MAX_DATAGRAM, Reassembler, Whole};
use crate::gate::Gate;
use crate::member::{Announcement, Member};
use crate::refusal::{Names, Refusal, Refused, name_of};
use crate::relay;
use crate::script::{Act, Stage};
use crate::stream::Stream;

/// How long a read waits before it looks whether the call is over.
const TURN: Duration = Duration::from_millis(5);
/// With the relay done and nothing read for so long, datagrams under way are given up.
const LAST_CALL: Duration = Duration::from_secs(1);
/// Octets by which an encrypted frame may be longer than the longest plain one.
const MAX_OVERHEAD: usize = FrameBuf::HEADROOM + FrameBuf::TAILROOM;

/// What a participant receives with.
pub(crate) struct Receiver<'a> {
    pub(crate) member: &'a Member,
    /// What the others announce.
    pub(crate) inbox: mpsc::Receiver<Announcement>,
    /// Connected to the relay.
    pub(crate) socket: &'a UdpSocket,
    /// Backpressure towards the relay.
    pub(crate) own: &'a Gate,
    pub(crate) relay_done: &'a AtomicBool,
    pub(crate) stage: &'a Stage,
    /// Frames delivered and refused so far, for the progress line.
    pub(crate) progress: [&'a AtomicU64; 2],
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
    /// The newest frame's.
    session: Option<KeyId>,
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
            session: None,
        }
    }

    /// Frames refused for one reason.
    pub(crate) fn refused_for(&self, reason: Refusal) -> u64 {
        let same = |refused: &&Refused| refused.reason == reason;
        self.refused.iter().filter(same).count() as u64
    }
}

/// What became of the frames of one of the relay's acts.
#[derive(Debug, Default)]
pub(crate) struct Tried {
    pub(crate) frames: u64,
    pub(crate) opened: u64,
    pub(crate) refused: Names,
}

/// What became of all that came to a receiver.
#[derive(Debug)]
pub(crate) struct Receipt {
    /// All streams of the call: its own stay empty.
    pub(crate) streams: Vec<Received>,
    /// By act.
    pub(crate) acts: [Tried; Act::COUNT],
    /// Frames opened by generation and step.
    pub(crate) epochs: BTreeMap<(u64, u32), u64>,
    /// Datagrams that named no stream.
    pub(crate) strays: u64,
    /// The decryptor's own counts of frames that it opened and refused.
    pub(crate) counts: [u64; 2],
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
    /// Receives what comes of `streams` until the relay is done.
    ///
    /// # Errors
    /// If the decryptor cannot be made or the socket fails.
    pub(crate) fn run(self, streams: &[Stream]) -> Result<Receipt, Box<dyn Error + Send + Sync>> {
        let mut decryptor = self.decryptor(streams)?;
        let mut receipt = Receipt {
            streams: Vec::new(),
            acts: Default::default(),
            epochs: BTreeMap::new(),
            strays: 0,
            counts: [0; 2],
        };
        let mut incoming: Vec<_> = streams.iter().map(Incoming::new).collect();
        let mut datagram = [0; 2 * MAX_DATAGRAM];
        let mut last_read = Instant::now();
        self.socket.set_read_timeout(Some(TURN))?;
        loop {
            if let Some((len, _)) = relay::read(self.socket, &mut datagram)? {
                last_read = Instant::now();
                // A session is announced before its first frame is sent.
                self.member.hear(&self.inbox)?;
                let header = Header::parse(&datagram[..len]);
                let known = header.and_then(|(header, piece)| {
                    let of_header = |at: &&mut Incoming<'_>| at.stream.number == header.stream;
                    let incoming = incoming.iter_mut().find(of_header)?;
                    Some((incoming, header, piece))
                });
                match known {
                    Some((incoming, header, piece)) => {
                        if let Some(mut whole) = incoming.reassembler.accept(header, piece) {
                            let frame = header.frame;
                            self.open(&mut decryptor, incoming, frame, &mut whole, &mut receipt)?;
                            incoming.reassembler.recycle(whole);
                        }
                    }
                    None => receipt.strays += 1,
                }
                self.own.leave();
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
        receipt.streams = received.collect();
        let totals = decryptor.totals();
        receipt.counts = [totals.frames, totals.errors.total()];
        Ok(receipt)
    }

    /// Makes a decryptor for all that the others send.
    fn decryptor(&self, streams: &[Stream]) -> Result<ChannelDecryptor, mediaseal::Error> {
        let mut expected = Vec::new();
        for stream in streams {
            let pair = (SenderId::new(stream.sender.name())?, stream.kind);
            if stream.sender != self.member.who && !expected.contains(&pair) {
                expected.push(pair);
            }
        }
        ChannelDecryptor::for_channel(&self.member.channel, &expected, Mode::Frame)
    }

    /// Decrypts a complete frame in place and compares it with the one that was sent.
    fn open(
        &self,
        decryptor: &mut ChannelDecryptor,
        incoming: &mut Incoming<'_>,
        frame: u32,
        whole: &mut Whole,
        receipt: &mut Receipt,
    ) -> Result<(), mediaseal::Error> {
        let act = self.stage.act();
        let stream = incoming.stream.number;
        let number = usize::try_from(frame).unwrap_or(usize::MAX);
        let frames = &incoming.stream.media.frames;
        let received = &mut incoming.received;
        let tried = &mut receipt.acts[act as usize];
        tried.frames += 1;
        received.whole += u64::from(act.is_delivery());

        let octets = whole.octets();
        let len = octets.len();
        let mut buf = FrameBuf::new(octets, 0, len)?;
        let metadata = datagram::metadata(stream, frame);
        let info = FrameInfo::new(Ssrc::new(stream)).metadata(&metadata);
        let mut opened = Err(mediaseal::Error::NoActiveKey);
        let session = &mut received.session;
        received.cost.measure(|| {
            let result = decryptor.decrypt_in_place(&info, &mut buf);
            opened = result.map(|opened| (opened.kid, opened.epoch));
            opened.is_ok_and(|(kid, _)| session.replace(kid) != Some(kid))
        });

        match opened {
            Err(error) => {
                let name = name_of(&error);
                *tried.refused.entry(name).or_default() += 1;
                if act.is_delivery() {
                    let newest = frames
                        .get(received.newest)
                        .map_or(Duration::ZERO, |frame| frame.due);
                    let due = frames.get(number).map_or(newest, |frame| frame.due);
                    let is_old = newest.saturating_sub(due) >= Duration::from_secs(1);
                    received.refused.push(Refused {
                        reason: Refusal::new(&error, is_old),
                        name,
                        frame: number,
                        at: newest,
                    });
                    self.progress[1].fetch_add(1, Ordering::Relaxed);
                }
            }
            Ok((_, epoch)) => {
                tried.opened += 1;
                *receipt.epochs.entry(epoch.unwrap_or_default()).or_default() += 1;
                if !act.is_delivery() {
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
            }
        }
        Ok(())
    }
}
