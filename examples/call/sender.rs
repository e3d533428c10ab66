//! The sending half of a participant: encrypts each frame whole and cuts it into datagrams.

use std::error::Error;
use std::net::UdpSocket;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use mediaseal::{ChannelEncryptor, FrameBuf, FrameInfo, KeyStore, Mode, Ssrc};

use crate::cost::Cost;
use crate::datagram;
use crate::gate::Gate;
use crate::stream::Stream;

/// What a participant sends with.
pub(crate) struct Sender<'a> {
    pub(crate) store: &'a KeyStore,
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
    /// Frames sent.
    pub(crate) frames: u64,
    /// Octets that encryption added to them.
    pub(crate) overhead: u64,
    /// Cost of the encrypting calls.
    pub(crate) cost: Cost,
}

/// An encryptor and a buffer for each stream, both used for every frame.
struct Outgoing<'a> {
    stream: &'a Stream,
    encryptor: ChannelEncryptor,
    storage: Vec<u8>,
    sent: Sent,
}

impl<'a> Outgoing<'a> {
    fn new(store: &KeyStore, stream: &'a Stream) -> Result<Self, mediaseal::Error> {
        let room = FrameBuf::HEADROOM + stream.media.longest_frame() + FrameBuf::TAILROOM;
        Ok(Self {
            stream,
            encryptor: ChannelEncryptor::new(store, Mode::Frame)?,
            storage: vec![0; room],
            sent: Sent::default(),
        })
    }
}

impl Sender<'_> {
    /// Sends all frames of `streams` in the order of their times: at these times, or with `fast` as soon
    /// as the relay has room.
    ///
    /// # Errors
    /// If a frame cannot be encrypted or sent.
    pub(crate) fn run(
        &self,
        streams: &[Stream],
        fast: bool,
        start: Instant,
    ) -> Result<Vec<Sent>, Box<dyn Error + Send + Sync>> {
        let mut outgoing = Vec::with_capacity(streams.len());
        for stream in streams {
            outgoing.push(Outgoing::new(self.store, stream)?);
        }
        for (due, at, number) in schedule(streams) {
            if !fast {
                thread::sleep((start + due).saturating_duration_since(Instant::now()));
            }
            self.send(&mut outgoing[at], number)?;
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
        let mut sealed = Ok(());
        outgoing.sent.cost.measure(|| {
            sealed = encryptor.encrypt_in_place(&info, &mut buf).map(|_| ());
        });
        sealed?;

        outgoing.sent.frames += 1;
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
