//! GStreamer: pipelines from their description, fed and emptied here; payloaders, jitter buffer and depayloaders.

use std::time::Duration;

use gstreamer::{self as gst, prelude::*};
use gstreamer_app::{AppSink, AppSrc};

use crate::{
    Fault,
    journey::{Arrival, Journey},
    network::{Network, SPACING},
};

/// How long a pipeline may take.
const PATIENCE: gst::ClockTime = gst::ClockTime::from_seconds(15);
/// Between two frames. Short, for the jitter buffer waits in real time for packets that do not come.
const INTERVAL: Duration = Duration::from_millis(4);
/// Longer than any packet is late, on a machine that has other things to do.
const LATENCY_MS: u32 = 400;
/// What frame number 1 has for a timestamp when it is taken out again.
const FRAME_NUMBER: gst::ClockTime = gst::ClockTime::from_mseconds(1);

/// Starts GStreamer and registers the elements that are compiled into this program.
///
/// # Errors
/// What GStreamer says.
pub(crate) fn start() -> Result<(), Fault> {
    gst::init()?;
    // Depayloaders of GStreamer 1.22 complain of themselves at each lost packet.
    gst::glib::log_set_handler(
        Some("GStreamer"),
        gst::glib::LogLevels::LEVEL_CRITICAL,
        false,
        false,
        |_, _, _| {},
    );
    gstrsrtp::plugin_register_static()?;
    Ok(())
}

/// What a pipeline gave out.
pub(crate) struct Output {
    /// In the order of their coming.
    pub(crate) samples: Vec<gst::Sample>,
    /// Why it stopped early.
    pub(crate) fault: Option<String>,
}

impl Output {
    /// The octets of each sample, if the pipeline came to its end.
    ///
    /// # Errors
    /// Why it did not.
    pub(crate) fn frames(self) -> Result<Vec<Vec<u8>>, Fault> {
        match self.fault {
            Some(fault) => Err(fault.into()),
            None => self.samples.iter().map(octets).collect(),
        }
    }
}

/// The octets of a sample.
///
/// # Errors
/// A sentence, if there are none to read.
pub(crate) fn octets(sample: &gst::Sample) -> Result<Vec<u8>, Fault> {
    let map = sample.buffer().ok_or("a sample without buffer")?;
    Ok(map.map_readable()?.to_vec())
}

/// Runs `description` to its end. Its source `in` gets `samples`, its sink `out` is emptied; `prepare` may look at it before.
///
/// # Errors
/// What GStreamer says of the description. That elements fail is told in the output.
pub(crate) fn run(
    description: &str,
    samples: &[gst::Sample],
    prepare: impl FnOnce(&gst::Bin) -> Result<(), Fault>,
) -> Result<Output, Fault> {
    let pipeline = gst::parse::launch(description)?
        .downcast::<gst::Pipeline>()
        .map_err(|_| "no pipeline")?;
    prepare(pipeline.upcast_ref())?;
    let sink = pipeline
        .by_name("out")
        .and_downcast::<AppSink>()
        .ok_or("no sink")?;
    sink.set_sync(false);
    // It is emptied afterwards.
    sink.set_wait_on_eos(false);
    pipeline.set_state(gst::State::Playing)?;
    let source = pipeline.by_name("in").and_downcast::<AppSrc>();
    if let Some(source) = source {
        source.set_max_bytes(0);
        // Who refuses says why on the bus.
        if samples
            .iter()
            .all(|sample| source.push_sample(sample).is_ok())
        {
            source.end_of_stream().ok();
        }
    }
    let fault = wait(&pipeline);
    let mut samples = Vec::new();
    while let Some(sample) = sink.try_pull_sample(gst::ClockTime::ZERO) {
        samples.push(sample);
    }
    pipeline.set_state(gst::State::Null)?;
    Ok(Output { samples, fault })
}

/// Waits for the end, or for the reason why there will be none.
fn wait(pipeline: &gst::Pipeline) -> Option<String> {
    let Some(bus) = pipeline.bus() else {
        return Some("no bus".to_owned());
    };
    let ends = [gst::MessageType::Eos, gst::MessageType::Error];
    match bus.timed_pop_filtered(PATIENCE, &ends) {
        None => Some(format!("not at its end after {PATIENCE}")),
        Some(message) => match message.view() {
            gst::MessageView::Error(error) => {
                let name = message.src().map(|source| source.name().to_string());
                let name = name.unwrap_or_default();
                Some(format!("{name}: {}", error.error()))
            }
            _ => None,
        },
    }
}

/// Frames as samples of `caps`, each at its time.
///
/// # Errors
/// If GStreamer does not know the caps.
pub(crate) fn samples(caps: &gst::Caps, frames: &[Vec<u8>]) -> Vec<gst::Sample> {
    let mut at = gst::ClockTime::ZERO;
    let mut timed = |frame: &Vec<u8>| {
        let mut buffer = gst::Buffer::from_slice(frame.clone());
        if let Some(buffer) = buffer.get_mut() {
            buffer.set_pts(at);
            buffer.set_dts(at);
        }
        at += clock_time(INTERVAL);
        gst::Sample::builder().buffer(&buffer).caps(caps).build()
    };
    frames.iter().map(&mut timed).collect()
}

fn clock_time(duration: Duration) -> gst::ClockTime {
    gst::ClockTime::try_from(duration).unwrap_or(gst::ClockTime::MAX)
}

/// A payloader with its depayloader.
pub(crate) struct Payload<'a> {
    /// The payloader, with its properties.
    pub(crate) payloader: &'a str,
    /// The depayloader, and what follows it.
    pub(crate) depayloader: &'a str,
    /// Ticks of its RTP clock in a second.
    pub(crate) clock_rate: u32,
    /// Whether the depayloader gives out a frame in parts, that the time tells to belong together.
    pub(crate) is_in_parts: bool,
}

impl Payload<'_> {
    /// Sends frames that are `caps` through payloader, network, jitter buffer and depayloader.
    ///
    /// # Errors
    /// What GStreamer says of the pipelines. That an element refuses the frames is told in the journey.
    pub(crate) fn carry(
        &self,
        caps: &gst::Caps,
        frames: &[Vec<u8>],
        network: &mut Network,
    ) -> Result<Journey, Fault> {
        let mut journey = Journey::of(frames.len());
        let description = format!(
            "appsrc name=in format=time ! {} seqnum-offset=0 timestamp-offset=0 ssrc=1 ! appsink name=out",
            self.payloader
        );
        let packets = run(&description, &samples(caps, frames), |_| Ok(()))?;
        journey.fault = packets.fault;
        let Some(caps) = packets
            .samples
            .last()
            .and_then(|sample| sample.caps_owned())
        else {
            return Ok(journey);
        };

        let mut arriving = Vec::new();
        let mut last = (0, 0);
        for packet in &packets.samples {
            let octets = octets(packet)?;
            let frame = self.frame_of(&octets)?;
            // Packets of a frame follow one another as on a wire.
            last = match last {
                (of, place) if of == frame => (frame, place + 1),
                _ => (frame, 0),
            };
            let sent = INTERVAL * u32::try_from(frame)? + SPACING * last.1;
            journey.sent(frame);
            match network.delay(frame) {
                Some(delay) => arriving.push((sent + delay, frame, octets)),
                None => journey.lost(frame, false),
            }
        }
        arriving.sort_by_key(|(at, ..)| *at);
        let samples: Vec<_> = arriving
            .into_iter()
            .map(|(at, _, octets)| {
                let mut buffer = gst::Buffer::from_slice(octets);
                if let Some(buffer) = buffer.get_mut() {
                    buffer.set_pts(clock_time(at));
                    buffer.set_dts(clock_time(at));
                }
                gst::Sample::builder().buffer(&buffer).caps(&caps).build()
            })
            .collect();

        let description = format!(
            "appsrc name=in format=time is-live=true ! rtpjitterbuffer name=jitter latency={LATENCY_MS} faststart-min-packets=1 do-lost=true ! {} ! appsink name=out",
            self.depayloader
        );
        let ticks = self.ticks();
        let arrived = run(&description, &samples, |pipeline| {
            number_frames(pipeline, ticks)
        })?;
        journey.fault = journey.fault.or(arrived.fault);
        for sample in &arrived.samples {
            let arrival = arrival(sample)?;
            match journey.arrivals.last_mut() {
                Some(last) if self.is_in_parts && last.frame == arrival.frame => {
                    last.octets.extend_from_slice(&arrival.octets);
                }
                _ => journey.arrivals.push(arrival),
            }
        }
        Ok(journey)
    }

    /// Between the timestamps of two frames.
    fn ticks(&self) -> u32 {
        self.clock_rate / 250
    }

    /// Which frame a packet is of.
    fn frame_of(&self, packet: &[u8]) -> Result<usize, Fault> {
        let timestamp = packet.get(4..8).ok_or("a packet without header")?;
        let timestamp: [u8; 4] = timestamp.try_into()?;
        Ok(usize::try_from(
            u32::from_be_bytes(timestamp) / self.ticks(),
        )?)
    }
}

/// What an element makes of frames that are `caps`, and what they are then.
///
/// # Errors
/// What GStreamer says.
pub(crate) fn reformat(
    element: &str,
    caps: &gst::Caps,
    frames: &[Vec<u8>],
) -> Result<(gst::Caps, Vec<Vec<u8>>), Fault> {
    let description = format!("appsrc name=in format=time ! {element} ! appsink name=out");
    let output = run(&description, &samples(caps, frames), |_| Ok(()))?;
    let caps = output.samples.last().and_then(|sample| sample.caps_owned());
    Ok((caps.ok_or("no frame came out")?, output.frames()?))
}

/// Sends frames that are `caps` through an element that takes and gives frames.
///
/// # Errors
/// What GStreamer says of the pipeline. That the element refuses the frames is told in the journey.
pub(crate) fn pass(element: &str, caps: &gst::Caps, frames: &[Vec<u8>]) -> Result<Journey, Fault> {
    let mut journey = Journey::of(frames.len());
    let description = format!("appsrc name=in format=time ! {element} ! appsink name=out");
    let passed = run(&description, &samples(caps, frames), |_| Ok(()))?;
    journey.fault = passed.fault;
    for (number, sample) in passed.samples.iter().enumerate() {
        journey.sent(number);
        let mut arrival = arrival(sample)?;
        arrival.frame = number;
        journey.arrivals.push(arrival);
    }
    Ok(journey)
}

/// Gives packets that leave the jitter buffer their frame's number for a timestamp, which depayloaders hand on.
fn number_frames(pipeline: &gst::Bin, ticks: u32) -> Result<(), Fault> {
    let pad = pipeline
        .by_name("jitter")
        .and_then(|jitter| jitter.static_pad("src"))
        .ok_or("no jitter buffer")?;
    pad.add_probe(gst::PadProbeType::BUFFER, move |_, info| {
        if let Some(gst::PadProbeData::Buffer(buffer)) = &mut info.data {
            let buffer = buffer.make_mut();
            let mut timestamp = [0; 4];
            if buffer.copy_to_slice(4, &mut timestamp).is_ok() {
                let frame = u32::from_be_bytes(timestamp) / ticks;
                buffer.set_pts(FRAME_NUMBER * u64::from(frame));
            }
        }
        gst::PadProbeReturn::Ok
    });
    Ok(())
}

/// What a sample is of, and whether it is marked as a key frame.
fn arrival(sample: &gst::Sample) -> Result<Arrival, Fault> {
    let buffer = sample.buffer().ok_or("a sample without buffer")?;
    let number = buffer.pts().ok_or("a frame without timestamp")? / FRAME_NUMBER.nseconds();
    Ok(Arrival {
        frame: usize::try_from(number.nseconds())?,
        is_key: !buffer.flags().contains(gst::BufferFlags::DELTA_UNIT),
        octets: octets(sample)?,
    })
}
