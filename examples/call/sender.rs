//! The sending half of a participant: encrypts each frame whole and cuts it into datagrams.

use std::error::Error;
use std::net::UdpSocket;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use mediaseal::{ChannelEncryptor, Counter, FrameBuf, FrameInfo, KeyId, Mode, SenderId, Ssrc};

use crate::clock::Clock;
use crate::cost::Cost;
use crate::datagram;
use crate::gate::Gate;
use crate::member::Member;
use crate::script::{RESTARTS, STREAM, TURN};
use crate::stream::Stream;

/// What a participant sends with.
pub(crate) struct Sender<'a> {
    pub(crate) member: &'a Member,
    /// Connected to the relay.
    pub(crate) socket: &'a UdpSocket,
    /// Backpressure of the relay.
    pub(crate) relay: &'a Gate,
    /// Frames sent so far in the whole call, for the progress line.
    pub(crate) progress: &'a AtomicU64,
}

/// What became of one stream on the sending side.
#[derive(Debug, Default)]
pub(crate) struct Sent {
    /// What each frame that was sent was sealed with.
    pub(crate) sealed: Vec<(KeyId, Counter)>,
    /// Octets that encryption added to them.
    pub(crate) overhead: u64,
    /// Cost of the encrypting calls.
    pub(crate) cost: Cost,
}

impl Sent {
    /// Frames sent.
    pub(crate) fn frames(&self) -> u64 {
        self.sealed.len() as u64
    }
}

/// An encryptor and a buffer for each stream, both used for every frame.
struct Outgoing<'a> {
    stream: &'a Stream,
    encryptor: ChannelEncryptor,
    storage: Vec<u8>,
    sent: Sent,
}

impl<'a> Outgoing<'a> {
    fn new(member: &Member, stream: &'a Stream) -> Result<Self, mediaseal::Error> {
        let room = FrameBuf::HEADROOM + stream.media.longest_frame() + FrameBuf::TAILROOM;
        Ok(Self {
            stream,
            encryptor: encryptor(member, stream)?,
            storage: vec![0; room],
            sent: Sent::default(),
        })
    }
}

/// Makes an encryptor; each has sessions of its own, however many of one sender there are.
fn encryptor(member: &Member, stream: &Stream) -> Result<ChannelEncryptor, mediaseal::Error> {
    let sender = SenderId::new(member.who.name())?;
    ChannelEncryptor::for_channel(&member.channel, sender, stream.kind, Mode::Frame)
}

impl Sender<'_> {
    /// Sends all frames of `streams` in the order of their times: at these times, or with a fast clock as
    /// soon as the relay has room.
    ///
    /// # Errors
    /// If a frame cannot be encrypted or sent.
    pub(crate) fn run(
        &self,
        streams: &[Stream],
        clock: &Clock,
    ) -> Result<Vec<Sent>, Box<dyn Error + Send + Sync>> {
        let party = clock.attend();
        let mut outgoing = Vec::with_capacity(streams.len());
        for stream in streams {
            outgoing.push(Outgoing::new(self.member, stream)?);
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
                    outgoing.encryptor = encryptor(self.member, outgoing.stream)?;
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
    fn send(
        &self,
        outgoing: &mut Outgoing<'_>,
        number: usize,
    ) -> Result<(), Box<dyn Error + Send + Sync>> {
        let plain = &outgoing.stream.media.frames[number].octets;
        let stream = outgoing.stream.number;
        let frame = u32::try_from(number)?;

        let offset = FrameBuf::HEADROOM;
        outgoing.storage[offset..offset + plain.len()].copy_from_slice(plain);
        let mut buf = FrameBuf::new(&mut outgoing.storage, offset, plain.len())?;
        let metadata = datagram::metadata(stream, frame);
        let info = FrameInfo::new(Ssrc::new(stream)).metadata(&metadata);
        let encryptor = &mut outgoing.encryptor;
        let session = outgoing.sent.sealed.last().map(|(kid, _)| *kid);
        let mut sealed = Err(mediaseal::Error::NoActiveKey);
        outgoing.sent.cost.measure(|| {
            sealed = encryptor.encrypt_in_place(&info, &mut buf);
            sealed.is_ok_and(|sealed| Some(sealed.kid) != session)
        });
        let sealed = sealed?;
        if Some(sealed.kid) != session {
            self.member.announce();
        }

        outgoing.sent.sealed.push((sealed.kid, sealed.ctr));
        outgoing.sent.overhead += (buf.len() - plain.len()) as u64;
        self.progress.fetch_add(1, Ordering::Relaxed);
        datagram::cut(stream, frame, buf.as_slice(), |datagram| {
            self.relay.enter();
            self.socket.send(datagram)?;
            Ok(())
        })
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
