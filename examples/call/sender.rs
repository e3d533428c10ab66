//! The sending half of a participant: encrypts each frame, whole or in pieces, and sends it in RTP packets.

use std::error::Error;
use std::net::UdpSocket;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use mediaseal::format::rtp::Fragments;
use mediaseal::{ChannelEncryptor, Counter, FrameBuf, FrameInfo, KeyId, SenderId, Ssrc};

use crate::clock::Clock;
use crate::cost::Cost;
use crate::gate::Gate;
use crate::member::Member;
use crate::pieces;
use crate::rtp::{self, HEADER_LEN, Header, MAX_DATAGRAM, MAX_PAYLOAD};
use crate::script::{RESTARTS, STREAM, TURN};
use crate::stream::Stream;
use crate::wire::Wire;

type Failure = Box<dyn Error + Send + Sync>;

/// What a participant sends with.
pub(crate) struct Sender<'a> {
    pub(crate) member: &'a Member,
    /// Connected to the relay.
    pub(crate) socket: &'a UdpSocket,
    /// Backpressure of the relay.
    pub(crate) relay: &'a Gate,
    /// Frames sent so far in the whole call, for the progress line.
    pub(crate) progress: &'a AtomicU64,
    pub(crate) wire: Wire,
}

/// What became of one stream on the sending side.
#[derive(Debug, Default)]
pub(crate) struct Sent {
    /// The session that each frame was sealed in.
    pub(crate) sessions: Vec<KeyId>,
    /// KID and CTR of all that was sealed.
    pub(crate) sealed: Vec<(KeyId, Counter)>,
    /// Octets that encryption added to them.
    pub(crate) overhead: u64,
    /// Cost of the encrypting calls.
    pub(crate) cost: Cost,
}

impl Sent {
    /// Frames sent.
    pub(crate) fn frames(&self) -> u64 {
        self.sessions.len() as u64
    }
}

/// An encryptor and a buffer for each stream, both used for every frame.
struct Outgoing<'a> {
    stream: &'a Stream,
    encryptor: ChannelEncryptor,
    storage: Vec<u8>,
    sequence: u16,
    sent: Sent,
}

impl<'a> Outgoing<'a> {
    fn new(member: &Member, stream: &'a Stream, wire: Wire) -> Result<Self, mediaseal::Error> {
        let encryptor = encryptor(member, stream, wire)?;
        let room = encryptor.encrypted_len_bound(stream.media.longest_frame());
        Ok(Self {
            stream,
            storage: vec![0; room.max(MAX_DATAGRAM) + FrameBuf::HEADROOM + FrameBuf::TAILROOM],
            encryptor,
            sequence: stream.rtp.first_sequence,
            sent: Sent::default(),
        })
    }
}

/// Makes an encryptor; each has sessions of its own, however many of one sender there are.
fn encryptor(
    member: &Member,
    stream: &Stream,
    wire: Wire,
) -> Result<ChannelEncryptor, mediaseal::Error> {
    let sender = SenderId::new(member.who.name())?;
    let mut encryptor =
        ChannelEncryptor::for_channel(&member.channel, sender, stream.kind, wire.mode())?;
    if let Some(codec) = wire.codec_of(stream) {
        encryptor.set_codec(Ssrc::new(stream.rtp.ssrc), codec)?;
    }
    Ok(encryptor)
}

impl Sender<'_> {
    /// Sends all frames of `streams` in the order of their times: at these times, or with a fast clock as
    /// soon as the relay has room.
    ///
    /// # Errors
    /// If a frame cannot be encrypted or sent.
    pub(crate) fn run(&self, streams: &[Stream], clock: &Clock) -> Result<Vec<Sent>, Failure> {
        let party = clock.attend();
        let mut outgoing = Vec::with_capacity(streams.len());
        for stream in streams {
            outgoing.push(Outgoing::new(self.member, stream, self.wire)?);
        }
        let mut frames = schedule(streams).into_iter().peekable();
        for turn in clock.turns() {
            clock.sleep_until(turn);
            party.meet()?;
            party.meet()?;
            if turn == RESTARTS {
                // As after a crash: nothing of the old encryptor is needed, no nonce comes again.
                let restarts = |outgoing: &&mut Outgoing<'_>| outgoing.stream.number == STREAM;
                for outgoing in outgoing.iter_mut().filter(restarts) {
                    outgoing.encryptor = encryptor(self.member, outgoing.stream, self.wire)?;
                }
            }
            while let Some((due, at, number)) = frames.next_if(|(due, ..)| *due < turn + TURN) {
                clock.sleep_until(due);
                self.send(&mut outgoing[at], number)?;
            }
        }
        Ok(outgoing.into_iter().map(|outgoing| outgoing.sent).collect())
    }

    /// Encrypts and sends one frame.
    fn send(&self, outgoing: &mut Outgoing<'_>, number: usize) -> Result<(), Failure> {
        let plain = &outgoing.stream.media.frames[number].octets;
        let timestamp = outgoing.stream.rtp.timestamp(number);
        let front = FrameBuf::HEADROOM;
        match self.wire {
            Wire::Frames | Wire::CodecAware => {
                outgoing.storage[front..front + plain.len()].copy_from_slice(plain);
                self.seal_and_send(outgoing, plain.len(), plain.len(), timestamp, true)
                    .map_err(|error| {
                        format!("frame {number} of {}: {error}", outgoing.stream.media.name)
                    })?;
            }
            Wire::Packets => {
                for (header, piece) in pieces::cut(plain)? {
                    let len = pieces::write((header, piece), &mut outgoing.storage[front..]);
                    let is_last = header.index + 1 == header.count;
                    self.seal_and_send(outgoing, len, piece.len(), timestamp, is_last)?;
                }
            }
        }
        let session = outgoing.sent.sealed.last().map(|(kid, _)| *kid);
        outgoing.sent.sessions.extend(session);
        self.progress.fetch_add(1, Ordering::Relaxed);
        Ok(())
    }

    /// Seals the `len` octets that stand in the storage, `of_media` of them a frame's own, and sends them.
    fn seal_and_send(
        &self,
        outgoing: &mut Outgoing<'_>,
        len: usize,
        of_media: usize,
        timestamp: u32,
        ends_frame: bool,
    ) -> Result<(), Failure> {
        let Outgoing {
            stream,
            encryptor,
            storage,
            sequence,
            sent,
            ..
        } = outgoing;
        let ssrc = stream.rtp.ssrc;
        let mut buf = FrameBuf::new(storage, FrameBuf::HEADROOM, len)?;
        let metadata = rtp::metadata(ssrc, timestamp);
        let info = FrameInfo::new(Ssrc::new(ssrc)).metadata(&metadata);
        let session = sent.sealed.last().map(|(kid, _)| *kid);
        let mut sealed = Err(mediaseal::Error::NoActiveKey);
        sent.cost.measure(|| {
            sealed = encryptor.encrypt_in_place(&info, &mut buf);
            sealed.is_ok_and(|sealed| Some(sealed.kid) != session)
        });
        let sealed = sealed?;
        if Some(sealed.kid) != session {
            self.member.announce()?;
        }
        sent.sealed.push((sealed.kid, sealed.ctr));
        sent.overhead += (buf.len() - of_media) as u64;

        let mut datagram = [0; MAX_DATAGRAM];
        for fragment in Fragments::new(buf.as_slice(), self.wire.content(), MAX_PAYLOAD)? {
            let header = Header {
                ssrc,
                sequence: *sequence,
                timestamp,
                payload_type: stream.rtp.payload_type,
                marker: ends_frame && fragment.is_last(),
            };
            *sequence = sequence.wrapping_add(1);
            header.write_to(&mut datagram)?;
            let len = HEADER_LEN + fragment.write_to(&mut datagram[HEADER_LEN..])?;
            self.relay.enter();
            self.socket.send(&datagram[..len])?;
        }
        Ok(())
    }
}

/// Orders the frames of several streams by the time they are due: time, stream, frame.
fn schedule(streams: &[Stream]) -> Vec<(Duration, usize, usize)> {
    let of_stream = |(at, stream): (usize, &Stream)| {
        let frames = stream.media.frames.iter().enumerate();
        frames
            .map(|(number, frame)| (frame.due, at, number))
            .collect::<Vec<_>>()
    };
    let mut all: Vec<_> = streams.iter().enumerate().flat_map(of_stream).collect();
    all.sort_unstable();
    all
}
