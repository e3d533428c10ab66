//! The receiving half of a participant: reassembles, decrypts, compares with what was sent.

use std::collections::BTreeMap;
use std::error::Error;
use std::net::UdpSocket;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc;
use std::time::{Duration, Instant};

use mediaseal::format::rtp::{Complete, Progress, Reassembler};
use mediaseal::{ChannelDecryptor, FrameBuf, FrameInfo, KeyId, SenderId, Ssrc};

use crate::cost::Cost;
use crate::gate::Gate;
use crate::member::{Announcement, Member};
use crate::pieces::Assembler;
use crate::refusal::{Names, Refusal, Refused, name_of};
use crate::relay;
use crate::rtp::{self, Header, MAX_DATAGRAM, MAX_PAYLOAD};
use crate::script::{Act, Stage};
use crate::stream::Stream;
use crate::wire::Wire;

/// How long a read waits before it looks whether the call is over.
const TURN: Duration = Duration::from_millis(5);
/// With the relay done and nothing read for so long, datagrams under way are given up.
const LAST_CALL: Duration = Duration::from_secs(1);
/// Octets by which an encrypted frame may be longer than the longest plain one: the hint of a codec-aware one too.
const MAX_OVERHEAD: usize = FrameBuf::HEADROOM + FrameBuf::TAILROOM + 8192;
/// Packets that a stream keeps at least: those of the seconds that the relay holds some back.
const MIN_PACKETS: usize = 512;

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
    pub(crate) wire: Wire,
}

/// What became of one stream on the receiving side.
#[derive(Debug)]
pub(crate) struct Received {
    /// What was complete and handed to the decryptor: frames, or packets in packet mode.
    pub(crate) whole: u64,
    /// What it opened of them.
    pub(crate) opened: u64,
    /// Frames that came out of it as they had been sent.
    pub(crate) exact: u64,
    /// Frames that came out of it in any other way.
    pub(crate) wrong: u64,
    /// Frames or packets that it refused.
    pub(crate) refused: Vec<Refused>,
    /// The frames that arrived, one place a frame sent.
    pub(crate) frames: Vec<Option<Vec<u8>>>,
    /// Cost of the decrypting calls.
    pub(crate) cost: Cost,
    /// RTP packets that had come already.
    pub(crate) repeated: u64,
    /// RTP packets that fitted nothing.
    pub(crate) malformed: u64,
    newest: usize,
    /// The newest frame's.
    session: Option<KeyId>,
}

impl Received {
    fn new(frames: usize) -> Self {
        Self {
            whole: 0,
            opened: 0,
            exact: 0,
            wrong: 0,
            refused: Vec::new(),
            frames: vec![None; frames],
            cost: Cost::default(),
            repeated: 0,
            malformed: 0,
            newest: 0,
            session: None,
        }
    }

    /// Takes a frame that was opened, and compares it with the one that was sent.
    fn take(&mut self, stream: &Stream, timestamp: u32, octets: &[u8]) {
        let number = stream.rtp.frame(timestamp);
        let sent = number.and_then(|number| stream.media.frames.get(number));
        match sent {
            Some(sent) if sent.octets == octets => self.exact += 1,
            _ => self.wrong += 1,
        }
        if let Some(number) = number
            && let Some(place) = self.frames.get_mut(number)
        {
            *place = Some(octets.to_vec());
            self.newest = self.newest.max(number);
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
    /// Where frames were cut before they were sealed.
    assembler: Assembler,
    received: Received,
}

impl<'a> Incoming<'a> {
    fn new(stream: &'a Stream) -> Result<Self, mediaseal::Misuse> {
        Ok(Self {
            stream,
            reassembler: Reassembler::new(packets_of(stream), MAX_PAYLOAD)?,
            assembler: Assembler::new(stream.media.longest_frame()),
            received: Received::new(stream.media.frames.len()),
        })
    }
}

/// Returns how many packets of a stream are kept to be put together.
pub(crate) fn packets_of(stream: &Stream) -> usize {
    let longest = stream.media.longest_frame();
    // Twice the longest frame: what is lost and what comes in between has numbers too.
    let packets = 2 * (2 * longest + MAX_OVERHEAD).div_ceil(MAX_PAYLOAD - 1);
    packets.clamp(MIN_PACKETS, 1 << 15)
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
        let mut incoming = streams
            .iter()
            .map(Incoming::new)
            .collect::<Result<Vec<_>, _>>()?;
        let mut datagram = [0; 2 * MAX_DATAGRAM];
        let mut last_read = Instant::now();
        self.socket.set_read_timeout(Some(TURN))?;
        loop {
            if let Some((len, _)) = relay::read(self.socket, &mut datagram)? {
                last_read = Instant::now();
                // A session is announced before its first frame is sent.
                self.member.hear(&self.inbox)?;
                let packet = Header::parse(&datagram[..len]);
                let known = packet.and_then(|(header, payload)| {
                    let of_header = |at: &&mut Incoming<'_>| at.stream.rtp.ssrc == header.ssrc;
                    let incoming = incoming.iter_mut().find(of_header)?;
                    Some((incoming, header, payload))
                });
                match known {
                    Some((incoming, header, payload)) => {
                        self.accept(&mut decryptor, incoming, header, payload, &mut receipt)?;
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
        let received = incoming.into_iter().map(|incoming| incoming.received);
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
        let mode = self.wire.mode();
        let mut decryptor = ChannelDecryptor::for_channel(&self.member.channel, &expected, mode)?;
        for stream in streams {
            if let Some(codec) = self.wire.codec_of(stream) {
                decryptor.set_codec(Ssrc::new(stream.rtp.ssrc), codec)?;
            }
        }
        Ok(decryptor)
    }

    /// Takes an RTP packet; if something is complete with it, decrypts that in place and compares what it is of with what was sent.
    fn accept(
        &self,
        decryptor: &mut ChannelDecryptor,
        incoming: &mut Incoming<'_>,
        header: Header,
        payload: &[u8],
        receipt: &mut Receipt,
    ) -> Result<(), mediaseal::Error> {
        let Incoming {
            stream,
            reassembler,
            assembler,
            received,
        } = incoming;
        let complete = match reassembler.push(header.info(), payload) {
            Progress::Complete(complete) if complete.content == self.wire.content() => complete,
            Progress::Waiting => return Ok(()),
            Progress::Duplicate => {
                received.repeated += 1;
                return Ok(());
            }
            Progress::Complete(_) | Progress::OutOfRange | Progress::Refused => {
                received.malformed += 1;
                return Ok(());
            }
        };
        let timestamp = complete.last.timestamp;
        let opened = self.open(decryptor, stream, received, complete, receipt)?;
        let is_delivery = self.stage.act().is_delivery();
        let Some(opened) = opened.filter(|_| is_delivery) else {
            return Ok(());
        };
        received.opened += 1;
        match self.wire {
            Wire::Frames | Wire::CodecAware => {
                received.take(stream, timestamp, opened);
                self.progress[0].fetch_add(1, Ordering::Relaxed);
            }
            Wire::Packets => {
                if let Some(whole) = assembler.accept(timestamp, opened) {
                    received.take(stream, timestamp, whole.octets());
                    assembler.recycle(whole);
                    self.progress[0].fetch_add(1, Ordering::Relaxed);
                }
            }
        }
        Ok(())
    }

    /// Decrypts a ciphertext in place; nothing if it is refused.
    fn open<'c>(
        &self,
        decryptor: &mut ChannelDecryptor,
        stream: &Stream,
        received: &mut Received,
        complete: Complete<'c>,
        receipt: &mut Receipt,
    ) -> Result<Option<&'c [u8]>, mediaseal::Error> {
        let act = self.stage.act();
        let frames = &stream.media.frames;
        let tried = &mut receipt.acts[act as usize];
        tried.frames += 1;
        received.whole += u64::from(act.is_delivery());

        let Complete {
            ciphertext, last, ..
        } = complete;
        let len = ciphertext.len();
        let mut buf = FrameBuf::new(ciphertext, 0, len)?;
        let metadata = rtp::metadata(stream.rtp.ssrc, last.timestamp);
        let info = FrameInfo::new(Ssrc::new(stream.rtp.ssrc)).metadata(&metadata);
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
                    let number = stream.rtp.frame(last.timestamp).unwrap_or(usize::MAX);
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
                Ok(None)
            }
            Ok((_, epoch)) => {
                tried.opened += 1;
                *receipt.epochs.entry(epoch.unwrap_or_default()).or_default() += 1;
                let (start, len) = (buf.offset(), buf.len());
                Ok(ciphertext.get(start..start + len))
            }
        }
    }
}
