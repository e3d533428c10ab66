//! What to do: one finding a fault and stream, in the order of their weight.

use serde::Serialize;

use super::reason;
use super::report::{Apart, InputReport, State, StreamReport};

/// How much a finding weighs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Severity {
    /// Media does not arrive, or is not protected.
    Fault,
    /// Good to know.
    Note,
}

/// Something that was found, and what to do about it.
#[derive(Debug, Serialize)]
pub(crate) struct Finding {
    pub(crate) severity: Severity,
    /// A stable name: a reason of the library, or one of those here.
    pub(crate) code: &'static str,
    /// The number of the stream, from 0; nothing for the whole input.
    pub(crate) stream: Option<usize>,
    pub(crate) what: String,
    #[serde(rename = "do")]
    pub(crate) advice: &'static str,
}

/// Everything worth saying.
pub(crate) fn all(streams: &[StreamReport], apart: &Apart, inputs: &[InputReport]) -> Vec<Finding> {
    let mut found = Vec::new();
    for (number, stream) in streams.iter().enumerate() {
        of_failures(number, stream, &mut found);
        of_looks(number, stream, &mut found);
        of_transport(number, stream, &mut found);
    }
    of_input(streams, apart, inputs, &mut found);
    found.sort_by_key(|finding| finding.severity);
    found
}

/// Repetitions that healthy calls have: up to a tenth, or a handful.
const fn are_few(frames: u64, tried: u64) -> bool {
    frames < 5 || frames * 10 <= tried
}

fn of_failures(number: usize, stream: &StreamReport, found: &mut Vec<Finding>) {
    for failure in &stream.failed {
        let is_note = reason::is_harmless(failure.reason)
            || (matches!(failure.reason, "duplicate" | "too_old")
                && are_few(failure.frames, stream.tried));
        let kids = if failure.reason == "no_such_key" {
            kids(stream)
        } else {
            String::new()
        };
        found.push(Finding {
            severity: if is_note {
                Severity::Note
            } else {
                Severity::Fault
            },
            code: failure.reason,
            stream: Some(number),
            what: format!(
                "{} of {} frames: {}{kids}",
                failure.frames, stream.tried, failure.text
            ),
            advice: reason::advice(failure.reason),
        });
    }
}

/// Which keys are missing.
fn kids(stream: &StreamReport) -> String {
    let missing = stream.kids.iter().filter(|kid| kid.opened == 0).take(3);
    let words: Vec<_> = missing
        .map(|kid| match &kid.channel {
            Some(parts) => format!(
                "{} (generation {} mod 16, step {} mod 16)",
                kid.kid, parts.generation_mod_16, parts.step_mod_16
            ),
            None => kid.kid.clone(),
        })
        .collect();
    if words.is_empty() {
        String::new()
    } else {
        format!(": {}", words.join(", "))
    }
}

fn of_looks(number: usize, stream: &StreamReport, found: &mut Vec<Finding>) {
    let mut add = |severity, code, what: String, advice| {
        found.push(Finding {
            severity,
            code,
            stream: Some(number),
            what,
            advice,
        });
    };
    let was_tried = stream.tried > 0;
    let in_clear = stream.looks.get("plaintext").copied().unwrap_or(0);
    match stream.state {
        State::InClear if !was_tried => add(
            Severity::Fault,
            "not_encrypted",
            format!(
                "{} frames look like {} in clear",
                stream.frames,
                stream.codec.unwrap_or("a codec")
            ),
            reason::advice("not_encrypted"),
        ),
        State::Sframe if in_clear > 0 && !was_tried => add(
            Severity::Fault,
            "not_encrypted",
            format!(
                "{in_clear} of {} frames look as if they were in clear, among encrypted ones",
                stream.frames
            ),
            reason::advice("not_encrypted"),
        ),
        State::FrameCryptor if !was_tried => add(
            Severity::Note,
            "frame_cryptor",
            "frames end as those of LiveKit's and Jitsi's frame cryptors".to_owned(),
            reason::advice("frame_cryptor"),
        ),
        State::Dave if !was_tried => add(
            Severity::Note,
            "dave",
            "frames end as those of Discord's DAVE".to_owned(),
            reason::advice("dave"),
        ),
        State::RtpPackets if !was_tried => add(
            Severity::Fault,
            "leading_octets",
            "these are RTP packets with their headers, no frames".to_owned(),
            reason::advice("leading_octets"),
        ),
        State::RtpFragments if !was_tried => add(
            Severity::Note,
            "rtp_fragment",
            "these are RTP payloads of SFrame, pieces of frames".to_owned(),
            "Put them together first (format::rtp::Reassembler), or give the capture itself.",
        ),
        State::NotRecognised if !was_tried => add(
            Severity::Note,
            "not_recognised",
            "its payloads are neither SFrame nor of a codec that is known here".to_owned(),
            reason::advice("not_recognised"),
        ),
        _ => {}
    }
    if !was_tried
        && stream.padded > 0
        && stream.padded * 20 >= stream.frames
        && stream.state == State::Sframe
    {
        add(
            Severity::Fault,
            "rtp_padding",
            format!(
                "{} of {} frames end as RTP padding does",
                stream.padded, stream.frames
            ),
            reason::advice("rtp_padding"),
        );
    }
}

fn of_transport(number: usize, stream: &StreamReport, found: &mut Vec<Finding>) {
    if stream.repeated_late > 0 && !are_few(stream.repeated_late, stream.packets) {
        found.push(Finding {
            severity: Severity::Fault,
            code: "repeated_late",
            stream: Some(number),
            what: format!(
                "{} packets came again a second or more later",
                stream.repeated_late
            ),
            advice: "Somebody sends recorded packets again: find out who. Receivers refuse them as duplicates, too old or replayed.",
        });
    }
    let mut add = |code, what: String, advice| {
        found.push(Finding {
            severity: Severity::Note,
            code,
            stream: Some(number),
            what,
            advice,
        });
    };
    if stream.lost > 0 {
        let all = stream.packets + stream.lost;
        add(
            "lost",
            format!("{} of {all} packets are missing", stream.lost),
            "Lost on the way, or not captured. Frames of which a packet is missing cannot be opened.",
        );
    }
    let at_once = stream.repeated - stream.repeated_late;
    if !are_few(at_once, stream.packets) {
        add(
            "repeated",
            format!("{at_once} of {} packets came twice", stream.packets),
            "Retransmission repeats a few. Half of all mean that the capture saw each packet on two interfaces (-i any). They are looked at once.",
        );
    }
    if stream.frames_incomplete > stream.lost {
        add(
            "incomplete",
            format!("{} frames are not whole", stream.frames_incomplete),
            "More than the missing packets explain: look at the packetizer, or whether this is another payload format (--wire).",
        );
    }
}

fn of_input(
    streams: &[StreamReport],
    apart: &Apart,
    inputs: &[InputReport],
    found: &mut Vec<Finding>,
) {
    let mut add = |code, what: String, advice| {
        found.push(Finding {
            severity: Severity::Note,
            code,
            stream: None,
            what,
            advice,
        });
    };
    if apart.dtls > 0
        && streams
            .iter()
            .any(|stream| stream.state == State::NotRecognised)
    {
        add(
            "srtp",
            "there is a DTLS handshake, so the media is likely under SRTP".to_owned(),
            "SRTP hides what is in RTP payloads: capture before it is applied, such as with a browser's RTP dump, or write frames to files where the application has them.",
        );
    }
    if apart.cut_by_capture > 0 {
        add(
            "cut_by_capture",
            format!(
                "of {} packets the capture has the beginning alone",
                apart.cut_by_capture
            ),
            "Capture again with whole packets (tcpdump -s 0).",
        );
    }
    if apart.ip_fragments > 0 {
        add(
            "ip_fragments",
            format!(
                "{} packets are pieces of IP packets, which are not put together here",
                apart.ip_fragments
            ),
            "Send smaller packets (1200 octets), or capture where they are whole.",
        );
    }
    if apart.unknown_link > 0 {
        add(
            "unknown_link",
            format!(
                "{} packets are of a link type that is not known here",
                apart.unknown_link
            ),
            "Known are Ethernet, Linux cooked captures (any), raw IP and loopback: convert the capture, such as with editcap -T.",
        );
    }
    if apart.streams_left_out > 0 || apart.flows_without_keys > 0 {
        add(
            "left_out",
            format!(
                "{} packets of more streams were not looked at, {} frames of more flows not tried",
                apart.streams_left_out, apart.flows_without_keys
            ),
            "Filter the capture to the calls in question (tcpdump -r IN -w OUT port N).",
        );
    }
    let has_capture = inputs.iter().any(|input| input.format != "frames");
    if has_capture && streams.is_empty() {
        add(
            "no_rtp",
            "there is no RTP in it".to_owned(),
            "Look at the ports and the interface of the capture.",
        );
    }
}
