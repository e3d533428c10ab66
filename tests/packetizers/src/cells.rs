//! The cells of the matrix: each stream through each packetizer that takes its codec.

use std::{collections::BTreeMap, path::Path, thread};

use gstreamer as gst;
use mediaseal::{Codec, NalFormat};
use str0m::format::Codec as WebRtcCodec;

use crate::{
    Fault,
    gst::{self as pipelines, Payload},
    journey::{Journey, Verdict},
    network::Network,
    seal::Members,
    streams::Stream,
    webrtc::{self, Repair},
};

/// Of a hundred packets, so many are lost in a run with loss.
const LOSS_PERCENT: u8 = 6;
const SEED: u64 = 9605;

/// What frames go through.
pub(crate) enum Way {
    /// GStreamer's payloader and depayloader.
    Payload(Payload<'static>),
    /// str0m.
    WebRtc(WebRtcCodec, Repair),
    /// An element of GStreamer that takes and gives frames.
    Element(&'static str),
}

/// A packetizer, with its settings.
pub(crate) struct Packetizer {
    /// What the matrix calls it.
    pub(crate) name: &'static str,
    codec: &'static str,
    /// What puts the frames into the form that it is to get, if the encoder's is not that.
    reformat: Option<(&'static str, NalFormat)>,
    way: Way,
    /// Whether sealed frames have to come through.
    is_asked_for: bool,
}

const fn payload(
    codec: &'static str,
    name: &'static str,
    payloader: &'static str,
    depayloader: &'static str,
) -> Packetizer {
    Packetizer {
        name,
        codec,
        reformat: None,
        way: Way::Payload(Payload {
            payloader,
            depayloader,
            clock_rate: 90_000,
            is_in_parts: false,
        }),
        is_asked_for: true,
    }
}

const fn web_rtc(
    codec: &'static str,
    name: &'static str,
    kind: WebRtcCodec,
    repair: Repair,
) -> Packetizer {
    Packetizer {
        name,
        codec,
        reformat: None,
        way: Way::WebRtc(kind, repair),
        is_asked_for: true,
    }
}

const fn element(codec: &'static str, name: &'static str, is_asked_for: bool) -> Packetizer {
    Packetizer {
        name,
        codec,
        reformat: None,
        way: Way::Element(name),
        is_asked_for,
    }
}

const STR0M: &str = "str0m";
const STR0M_RTX: &str = "str0m, RTX";

/// Every packetizer.
pub(crate) const PACKETIZERS: &[Packetizer] = &[
    payload(
        "H264",
        "rtph264pay",
        "rtph264pay mtu=1200",
        "rtph264depay ! video/x-h264,stream-format=byte-stream,alignment=au",
    ),
    payload(
        "H264",
        "rtph264pay, small",
        "rtph264pay mtu=300 aggregate-mode=zero-latency config-interval=-1",
        "rtph264depay ! video/x-h264,stream-format=byte-stream,alignment=au",
    ),
    Packetizer {
        reformat: Some((
            "h264parse ! video/x-h264,stream-format=avc,alignment=au",
            NalFormat::Length4,
        )),
        ..payload(
            "H264",
            "rtph264pay, avc",
            "rtph264pay mtu=1200 aggregate-mode=max-stap config-interval=1",
            "rtph264depay ! video/x-h264,stream-format=avc,alignment=au",
        )
    },
    element("H264", "h264parse", true),
    web_rtc("H264", STR0M, WebRtcCodec::H264, Repair::None),
    web_rtc("H264", STR0M_RTX, WebRtcCodec::H264, Repair::Retransmission),
    payload(
        "H265",
        "rtph265pay",
        "rtph265pay mtu=1200",
        "rtph265depay ! video/x-h265,stream-format=byte-stream,alignment=au",
    ),
    payload(
        "H265",
        "rtph265pay, small",
        "rtph265pay mtu=300 aggregate-mode=zero-latency config-interval=-1",
        "rtph265depay ! video/x-h265,stream-format=byte-stream,alignment=au",
    ),
    Packetizer {
        reformat: Some((
            "h265parse ! video/x-h265,stream-format=hvc1,alignment=au",
            NalFormat::Length4,
        )),
        ..payload(
            "H265",
            "rtph265pay, hvc1",
            "rtph265pay mtu=1200 aggregate-mode=max config-interval=1",
            "rtph265depay ! video/x-h265,stream-format=hvc1,alignment=au",
        )
    },
    element("H265", "h265parse", true),
    web_rtc("H265", STR0M, WebRtcCodec::H265, Repair::None),
    web_rtc("H265", STR0M_RTX, WebRtcCodec::H265, Repair::Retransmission),
    payload(
        "VP8",
        "rtpvp8pay",
        "rtpvp8pay mtu=1200 picture-id-mode=15-bit",
        "rtpvp8depay",
    ),
    payload(
        "VP8",
        "rtpvp8pay, small",
        "rtpvp8pay mtu=300",
        "rtpvp8depay",
    ),
    payload(
        "VP8",
        "rtpvp8pay2",
        "rtpvp8pay2 mtu=1200 picture-id-mode=15-bit",
        "rtpvp8depay2",
    ),
    web_rtc("VP8", STR0M, WebRtcCodec::Vp8, Repair::None),
    web_rtc("VP8", STR0M_RTX, WebRtcCodec::Vp8, Repair::Retransmission),
    payload(
        "VP9",
        "rtpvp9pay",
        "rtpvp9pay mtu=1200 picture-id-mode=15-bit",
        "rtpvp9depay",
    ),
    payload(
        "VP9",
        "rtpvp9pay, small",
        "rtpvp9pay mtu=300",
        "rtpvp9depay",
    ),
    payload(
        "VP9",
        "rtpvp9pay2",
        "rtpvp9pay2 mtu=1200 picture-id-mode=15-bit",
        "rtpvp9depay2",
    ),
    // These read all of a frame's header, which nobody but the receiver can.
    element("VP9", "vp9parse", false),
    web_rtc("VP9", STR0M, WebRtcCodec::Vp9, Repair::None),
    web_rtc("VP9", STR0M_RTX, WebRtcCodec::Vp9, Repair::Retransmission),
    Packetizer {
        way: Way::Payload(Payload {
            payloader: "rtpav1pay mtu=1200",
            depayloader: "rtpav1depay",
            clock_rate: 90_000,
            is_in_parts: true,
        }),
        ..payload("AV1", "rtpav1pay", "", "")
    },
    Packetizer {
        way: Way::Payload(Payload {
            payloader: "rtpav1pay mtu=300",
            depayloader: "rtpav1depay",
            clock_rate: 90_000,
            is_in_parts: true,
        }),
        ..payload("AV1", "rtpav1pay, small", "", "")
    },
    element("AV1", "av1parse", false),
    web_rtc("AV1", STR0M, WebRtcCodec::Av1, Repair::None),
    web_rtc("AV1", STR0M_RTX, WebRtcCodec::Av1, Repair::Retransmission),
    Packetizer {
        way: Way::Payload(Payload {
            payloader: "rtpopuspay",
            depayloader: "rtpopusdepay",
            clock_rate: 48_000,
            is_in_parts: false,
        }),
        ..payload("opus", "rtpopuspay", "", "")
    },
    Packetizer {
        way: Way::Payload(Payload {
            payloader: "rtpopuspay dtx=true",
            depayloader: "rtpopusdepay",
            clock_rate: 48_000,
            is_in_parts: false,
        }),
        ..payload("opus", "rtpopuspay, dtx", "", "")
    },
    web_rtc("opus", STR0M, WebRtcCodec::Opus, Repair::None),
];

/// What came of a cell.
pub(crate) struct Cell {
    /// Encoder and variant.
    pub(crate) stream: &'static str,
    /// The codec's name.
    pub(crate) codec: &'static str,
    /// What the frames went through.
    pub(crate) packetizer: &'static str,
    /// Sealed, without loss.
    pub(crate) lossless: Verdict,
    /// Sealed, with loss.
    pub(crate) lossy: Option<Verdict>,
    /// Pictures or sounds that decode of what arrived without loss.
    pub(crate) decoded: usize,
    /// Which frames are marked as key frames.
    pub(crate) keys: Keys,
    /// Frames that arrive in clear.
    in_clear: usize,
    /// Sealed as opaque, without loss, and why that stopped if it did.
    pub(crate) opaque: (Verdict, Option<String>),
    /// Which of those are marked as key frames.
    pub(crate) opaque_keys: Keys,
    /// Whether the frames have to come through.
    pub(crate) is_asked_for: bool,
    /// What must not be.
    pub(crate) wrong: Vec<String>,
}

impl Cell {
    /// Frames that the payloader leaves out if they are in clear.
    pub(crate) const fn left_out(&self) -> usize {
        self.lossless.total.saturating_sub(self.in_clear)
    }

    /// Whether it has what must not be.
    pub(crate) fn is_wrong(&self) -> bool {
        self.is_asked_for && !self.wrong.is_empty()
    }
}

/// How depacketizers mark sealed frames, beside the same frames in clear.
pub(crate) struct Keys {
    /// Key frames, in clear.
    pub(crate) in_clear: usize,
    /// Of those, how many are not marked when they are sealed.
    pub(crate) missed: usize,
    /// Frames that are marked as key frames only when they are sealed.
    pub(crate) added: usize,
}

impl Keys {
    /// Compares how frames are marked. Those of VP8 say themselves what they are; the marks in clear would not do: of nine partitions GStreamer's rtpvp8pay writes the
    /// last one's number into three bits, and its rtpvp8depay takes that partition for a frame, often for a key frame.
    fn of(codec: Codec, frames: &[Vec<u8>], clear: &Journey, sealed: &Journey) -> Self {
        let clear: BTreeMap<usize, bool> = if codec == Codec::Vp8 {
            let keys = frames
                .iter()
                .map(|frame| codec.is_key_frame(frame) == Some(true));
            keys.enumerate().collect()
        } else {
            clear.keys()
        };
        let sealed = sealed.keys();
        let count = |is_in_clear: bool, is_sealed: bool| {
            let marked = clear.iter().filter(|(frame, is_key)| {
                let is_marked = sealed.get(frame).copied().unwrap_or_default();
                (**is_key, is_marked) == (is_in_clear, is_sealed)
            });
            marked.count()
        };
        let missed = count(true, false);
        Self {
            in_clear: missed + count(true, true),
            missed,
            added: count(false, true),
        }
    }
}

impl Packetizer {
    /// Whether it takes frames of `stream`.
    pub(crate) fn takes(&self, stream: &Stream) -> bool {
        self.codec == stream.recipe.codec.name()
    }

    /// Whether it only looks at frames and cuts none.
    pub(crate) const fn is_parser(&self) -> bool {
        matches!(self.way, Way::Element(_))
    }

    fn carry(&self, caps: &gst::Caps, frames: &[Vec<u8>], loss: u8) -> Result<Journey, Fault> {
        let network = || Network::new(loss, frames.len(), SEED);
        match &self.way {
            Way::Payload(payload) => payload.carry(caps, frames, &mut network()),
            Way::WebRtc(codec, repair) => webrtc::carry(*codec, frames, network, *repair),
            Way::Element(element) => pipelines::pass(element, caps, frames),
        }
    }

    /// Sends `stream` through: in clear for comparison, sealed without and with loss, and opaque.
    ///
    /// # Errors
    /// What hinders the comparison; what is wrong with frames stands in the cell.
    pub(crate) fn cell(&self, stream: &Stream, folder: &Path) -> Result<Cell, Fault> {
        let form = Form::of(self, stream)?;
        let clear = self.carry(&form.caps, &form.frames, 0)?;
        let (journey, lossless) = self.sealed(&form, form.codec, 0)?;
        let mut wrong = lossless.wrong.clone();
        wrong.extend(
            clear
                .fault
                .as_ref()
                .map(|fault| format!("in clear: {fault}")),
        );
        wrong.extend(journey.fault.clone());
        if form.frames.is_empty() || lossless.exact != form.frames.len() {
            wrong.push(format!(
                "{} of {} frames",
                lossless.exact,
                form.frames.len()
            ));
        }

        let keys = Keys::of(form.codec, &form.frames, &clear, &journey);
        // Parsers read on where no packetizer does; how they mark frames is told, not asked for.
        if keys.missed > 0 && !self.is_parser() {
            wrong.push(format!("{} key frames are not marked", keys.missed));
        }

        let decoded = form
            .decode(stream, &lossless.opened, folder)
            .unwrap_or_else(|error| {
                wrong.push(error.to_string());
                Vec::new()
            });
        if decoded != stream.decoded {
            wrong.push("what arrived decodes to something else".to_owned());
        }

        let lossy = if self.is_parser() {
            None
        } else {
            let (journey, verdict) = self.sealed(&form, form.codec, LOSS_PERCENT)?;
            wrong.extend(journey.fault);
            wrong.extend(verdict.wrong.iter().cloned());
            if verdict.withheld > 0 || verdict.exact == 0 || journey.lost_packets == 0 {
                wrong.push(format!(
                    "with {} lost packets {} whole frames arrived, {} opened",
                    journey.lost_packets, verdict.whole, verdict.exact
                ));
            }
            Some(verdict)
        };

        let (journey, verdict) = self.sealed(&form, Codec::Opaque, 0)?;
        Ok(Cell {
            stream: stream.recipe.name,
            codec: self.codec,
            packetizer: self.name,
            lossless,
            lossy,
            decoded: decoded.len(),
            keys,
            in_clear: clear.keys().len(),
            opaque_keys: Keys::of(form.codec, &form.frames, &clear, &journey),
            opaque: (verdict, journey.fault),
            is_asked_for: self.is_asked_for,
            wrong,
        })
    }

    fn sealed(&self, form: &Form, codec: Codec, loss: u8) -> Result<(Journey, Verdict), Fault> {
        let mut members = Members::new(codec)?;
        let sealed: Result<Vec<_>, _> = form
            .frames
            .iter()
            .map(|frame| members.seal(frame))
            .collect();
        let journey = self.carry(&form.caps, &sealed?, loss)?;
        let verdict = journey.judge(&form.frames, |sealed| members.open(sealed));
        Ok((journey, verdict))
    }
}

/// A stream in the form that a packetizer is to get.
struct Form {
    caps: gst::Caps,
    codec: Codec,
    frames: Vec<Vec<u8>>,
    is_reformatted: bool,
}

impl Form {
    fn of(packetizer: &Packetizer, stream: &Stream) -> Result<Self, Fault> {
        let codec = stream.recipe.codec;
        let Some((element, format)) = packetizer.reformat else {
            return Ok(Self {
                caps: stream.caps.clone(),
                codec,
                frames: stream.frames.clone(),
                is_reformatted: false,
            });
        };
        let (caps, frames) = pipelines::reformat(element, &stream.caps, &stream.frames)?;
        let codec = match codec {
            Codec::H265(_) => Codec::H265(format),
            _ => Codec::H264(format),
        };
        Ok(Self {
            caps,
            codec,
            frames,
            is_reformatted: true,
        })
    }

    /// A digest of each picture or sound that `opened` decodes to.
    fn decode(
        &self,
        stream: &Stream,
        opened: &[Vec<u8>],
        folder: &Path,
    ) -> Result<Vec<String>, Fault> {
        let path = folder.join(format!("{:?}", thread::current().id()));
        if !self.is_reformatted {
            return stream.decode(opened, &path);
        }
        let (_, frames) = pipelines::reformat(stream.parser(), &self.caps, opened)?;
        stream.decode(&frames, &path)
    }
}

#[cfg(test)]
mod tests {
    use mediaseal::Codec;

    use super::Keys;
    use crate::journey::{Arrival, Journey};

    const KEY: &[u8] = &[0x10, 0, 0, 0x9d, 1, 0x2a];
    const DELTA: &[u8] = &[0x11, 0, 0];

    fn marked(marks: [bool; 4]) -> Journey {
        let mut journey = Journey::of(marks.len());
        for (frame, is_key) in marks.into_iter().enumerate() {
            journey.arrivals.push(Arrival {
                frame,
                octets: Vec::new(),
                is_key,
            });
        }
        journey
    }

    #[test]
    fn marks_are_compared_with_those_in_clear_or_with_what_vp8_says() {
        let frames = [KEY, KEY, DELTA, DELTA].map(<[u8]>::to_vec);
        let clear = marked([true, false, true, false]);
        let sealed = marked([false, true, false, true]);
        let compared = |codec| {
            let keys = Keys::of(codec, &frames, &clear, &sealed);
            (keys.in_clear, keys.missed, keys.added)
        };
        assert_eq!(compared(Codec::Vp8), (2, 1, 1));
        assert_eq!(compared(Codec::Vp9), (2, 2, 2));
        assert_eq!(
            Keys::of(
                Codec::Vp8,
                &frames,
                &marked([false; 4]),
                &marked([false; 4])
            )
            .missed,
            2
        );
    }
}
