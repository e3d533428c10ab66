//! str0m: two WebRTC peers over a network in memory, in time of its own.

use std::{
    cmp::Reverse,
    collections::BinaryHeap,
    net::SocketAddr,
    time::{Duration, Instant},
};

use str0m::{
    Candidate, Event, Input, Output, Rtc, RtcConfig,
    format::{Codec, CodecExtra},
    media::{Direction, Frequency, MediaData, MediaKind, MediaTime, Mid, Pt},
    net::{Protocol, Receive},
};

use crate::{
    Fault,
    journey::{Arrival, Journey},
    network::Network,
};

/// Between two frames.
const INTERVAL: Duration = Duration::from_millis(20);
/// How long a packet is on its way at least.
const DISTANCE: Duration = Duration::from_millis(5);
/// After the last frame, until everything arrived that will.
const AFTERWARDS: Duration = Duration::from_secs(5);
/// How long it may take until the peers are connected.
const PATIENCE: Duration = Duration::from_secs(20);
/// Until an incomplete frame is given up. Retransmission takes less.
const GIVEN_UP: Duration = Duration::from_millis(500);

/// 15 bits (RFC 9628 section 4.2).
const MAX_PICTURE_ID: usize = 0x7FFF;

/// What happens to packets that the network loses.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Repair {
    /// Nothing.
    None,
    /// They are sent again (RFC 4588) when the receiver asks for them (NACK).
    Retransmission,
}

/// A datagram on its way.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Datagram {
    arrives: Instant,
    /// So that those of one time keep their order.
    number: u64,
    to_receiver: bool,
    octets: Vec<u8>,
}

/// Two peers.
struct Call {
    sender: Rtc,
    receiver: Rtc,
    /// When each of them is to be woken.
    wakes: [Instant; 2],
    now: Instant,
    datagrams: BinaryHeap<Reverse<Datagram>>,
    numbers: u64,
    received: Vec<MediaData>,
    network: Network,
    journey: Journey,
    repair: Repair,
    /// What identifies the stream, from its first packet on.
    ssrc: Option<[u8; 4]>,
    /// Ticks of its RTP clock between two frames.
    ticks: u32,
    has_media: bool,
}

const SENDER: ([u8; 4], u16) = ([192, 0, 2, 1], 1000);
const RECEIVER: ([u8; 4], u16) = ([192, 0, 2, 2], 2000);

/// Only this codec.
fn config(codec: Codec) -> RtcConfig {
    let config = Rtc::builder()
        .clear_codecs()
        .set_reordering_timeout_video(Some(GIVEN_UP));
    match codec {
        Codec::H264 => config.enable_h264(true),
        Codec::H265 => config.enable_h265(true),
        Codec::Vp8 => config.enable_vp8(true),
        Codec::Vp9 => config.enable_vp9(true),
        Codec::Av1 => config.enable_av1(true),
        _ => config.enable_opus(true, false),
    }
}

/// Sends frames from one peer to another.
///
/// # Errors
/// What str0m says. That its packetizer refuses a frame is told in the journey.
pub(crate) fn carry(
    codec: Codec,
    frames: &[Vec<u8>],
    network: impl Fn() -> Network,
    repair: Repair,
) -> Result<Journey, Fault> {
    loop {
        let (journey, picture_id) = call(codec, frames, network(), repair)?;
        // Its picture IDs begin anywhere, and where those of VP9 wrap it drops frames up to the next key frame, sealed or not: another call then.
        let wraps = |id: u16| usize::from(id) + frames.len() > MAX_PICTURE_ID;
        if !picture_id.is_some_and(wraps) {
            return Ok(journey);
        }
    }
}

/// One call, with the picture ID of its first frame if that is of VP9.
fn call(
    codec: Codec,
    frames: &[Vec<u8>],
    network: Network,
    repair: Repair,
) -> Result<(Journey, Option<u16>), Fault> {
    let now = Instant::now();
    let (kind, clock_rate) = match codec {
        Codec::Opus => (MediaKind::Audio, Frequency::FORTY_EIGHT_KHZ),
        _ => (MediaKind::Video, Frequency::NINETY_KHZ),
    };
    let mut call = Call {
        sender: config(codec).build(now),
        receiver: config(codec).build(now),
        wakes: [now; 2],
        now,
        datagrams: BinaryHeap::new(),
        numbers: 0,
        received: Vec::new(),
        network,
        journey: Journey::of(frames.len()),
        repair,
        ssrc: None,
        ticks: clock_rate.get() / 50,
        has_media: false,
    };
    let mid = call.connect(kind)?;
    let params = call.sender.writer(mid).ok_or("no media")?;
    let pt = params
        .payload_params()
        .find(|params| params.spec().codec == codec)
        .map(str0m::format::PayloadParams::pt)
        .ok_or("the codec was not agreed on")?;
    call.has_media = true;
    for (number, frame) in (0_u32..).zip(frames) {
        let time = MediaTime::new(u64::from(number * call.ticks), clock_rate);
        let went = call
            .write(mid, pt, time, frame)
            .and_then(|()| call.run_until(call.now + INTERVAL, |_| false));
        call.note(went);
    }
    let went = call.run_until(call.now + AFTERWARDS, |_| false);
    call.note(went);
    let Call {
        received,
        mut journey,
        ticks,
        ..
    } = call;
    let picture_id = received.first().and_then(|data| match data.codec_extra {
        CodecExtra::Vp9(extra) => Some(extra.pid),
        _ => None,
    });
    for data in received {
        journey.arrivals.push(Arrival {
            frame: usize::try_from(data.time.numer() / u64::from(ticks))?,
            is_key: data.is_keyframe(),
            octets: data.data.to_vec(),
        });
    }
    Ok((journey, picture_id))
}

impl Call {
    /// Agrees on media and connects.
    fn connect(&mut self, kind: MediaKind) -> Result<Mid, Fault> {
        self.sender
            .add_local_candidate(Candidate::host(SENDER.into(), "udp")?);
        self.receiver
            .add_local_candidate(Candidate::host(RECEIVER.into(), "udp")?);
        let mut change = self.sender.sdp_api();
        let mid = change.add_media(kind, Direction::SendOnly, None, None, None);
        let (offer, pending) = change.apply().ok_or("nothing to offer")?;
        let answer = self.receiver.sdp_api().accept_offer(offer)?;
        self.sender.sdp_api().accept_answer(pending, answer)?;
        let is_connected = |call: &Self| call.sender.is_connected() && call.receiver.is_connected();
        self.run_until(self.now + PATIENCE, is_connected)?;
        if is_connected(self) {
            Ok(mid)
        } else {
            Err("the peers do not find each other".into())
        }
    }

    fn write(&mut self, mid: Mid, pt: Pt, time: MediaTime, frame: &[u8]) -> Result<(), Fault> {
        let writer = self.sender.writer(mid).ok_or("no media")?;
        writer.write(pt, self.now, time, frame)?;
        self.poll(false)
    }

    /// Notes why a peer does not take frames.
    fn note(&mut self, went: Result<(), Fault>) {
        if let Err(error) = went {
            self.journey.fault.get_or_insert(error.to_string());
        }
    }

    /// Lets time pass until `end`, or until something is so.
    fn run_until(&mut self, end: Instant, is_done: impl Fn(&Self) -> bool) -> Result<(), Fault> {
        while !is_done(self) {
            let arrives = self.datagrams.peek().map(|Reverse(next)| next.arrives);
            let [sender, receiver] = self.wakes;
            let wakes = sender.min(receiver);
            let next = arrives.map_or(wakes, |arrives| arrives.min(wakes));
            if next > end {
                self.now = end;
                return Ok(());
            }
            self.now = self.now.max(next);
            if arrives == Some(next) {
                self.deliver()?;
            } else {
                let is_receiver = receiver < sender;
                let input = Input::Timeout(self.now);
                self.peer(is_receiver).handle_input(input)?;
                self.poll(is_receiver)?;
            }
        }
        Ok(())
    }

    fn peer(&mut self, is_receiver: bool) -> &mut Rtc {
        if is_receiver {
            &mut self.receiver
        } else {
            &mut self.sender
        }
    }

    fn deliver(&mut self) -> Result<(), Fault> {
        let Some(Reverse(datagram)) = self.datagrams.pop() else {
            return Ok(());
        };
        let (source, destination) = if datagram.to_receiver {
            (SENDER, RECEIVER)
        } else {
            (RECEIVER, SENDER)
        };
        let receive = Receive::new(
            Protocol::Udp,
            SocketAddr::from(source),
            SocketAddr::from(destination),
            &datagram.octets,
        )?;
        let input = Input::Receive(self.now, receive);
        self.peer(datagram.to_receiver).handle_input(input)?;
        self.poll(datagram.to_receiver)
    }

    /// Takes everything that a peer has to say.
    fn poll(&mut self, is_receiver: bool) -> Result<(), Fault> {
        loop {
            match self.peer(is_receiver).poll_output()? {
                Output::Timeout(at) => {
                    // Time passes, whatever a peer says.
                    let at = at.max(self.now + Duration::from_micros(100));
                    self.wakes[usize::from(is_receiver)] = at;
                    return Ok(());
                }
                Output::Transmit(datagram) => self.transmit(!is_receiver, &datagram.contents),
                Output::Event(Event::MediaData(data)) => self.received.push(data),
                Output::Event(_) => {}
            }
        }
    }

    fn transmit(&mut self, to_receiver: bool, octets: &[u8]) {
        let mut delay = DISTANCE;
        if to_receiver
            && self.has_media
            && let Some((ssrc, timestamp)) = rtp(octets)
        {
            // The first packet of all is one of the stream.
            let is_stream = *self.ssrc.get_or_insert(ssrc) == ssrc;
            if is_stream {
                let frame = usize::try_from(timestamp / self.ticks).unwrap_or(usize::MAX);
                self.journey.sent(frame);
                match self.network.delay(frame) {
                    Some(jitter) => delay += jitter,
                    None => {
                        let is_sent_again = self.repair == Repair::Retransmission;
                        self.journey.lost(frame, is_sent_again);
                        return;
                    }
                }
            } else if self.repair == Repair::None {
                return;
            }
        }
        self.numbers += 1;
        self.datagrams.push(Reverse(Datagram {
            arrives: self.now + delay,
            number: self.numbers,
            to_receiver,
            octets: octets.to_vec(),
        }));
    }
}

/// SSRC and timestamp of a datagram, if it is RTP and not RTCP (RFC 5761).
fn rtp(octets: &[u8]) -> Option<([u8; 4], u32)> {
    let is_rtp = matches!(octets, [0x80..=0xBF, kind, ..] if !(192..=223).contains(kind));
    let timestamp = octets.get(4..8)?.try_into().ok()?;
    let ssrc = octets.get(8..12)?.try_into().ok()?;
    is_rtp.then_some((ssrc, u32::from_be_bytes(timestamp)))
}
