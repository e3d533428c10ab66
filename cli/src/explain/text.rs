//! The report for people.

use std::collections::BTreeMap;
use std::io::{self, Write};

use super::findings::{Finding, Severity};
use super::report::{Apart, KidReport, Report, StreamReport};
use crate::table::Table;

/// KIDs that are listed of each stream.
const MOST_KIDS: usize = 4;
/// Widest line of prose.
const WIDTH: usize = 100;

impl Report {
    /// Writes it as a table and what to do.
    pub(crate) fn write_text(&self, out: &mut dyn Write) -> io::Result<()> {
        if !self.frames.is_empty() {
            self.write_frames(out)?;
        }
        for (number, input) in self.inputs.iter().enumerate() {
            let what = if input.format == "frames" {
                "frames"
            } else {
                "packets"
            };
            writeln!(
                out,
                "{}: {}, {} {what}",
                input.name, input.format, input.packets
            )?;
            if let Some(why) = &input.damaged {
                writeln!(out, "  damaged: {why}")?;
            }
            self.write_streams(number, out)?;
        }
        let apart = apart(&self.apart);
        if !apart.is_empty() {
            writeln!(out, "apart from that: {apart}")?;
        }
        writeln!(out)?;
        self.write_findings(out)
    }

    /// The streams of an input, by flow.
    fn write_streams(&self, input: usize, out: &mut dyn Write) -> io::Result<()> {
        let mut flows: BTreeMap<(&Option<String>, &Option<String>), Vec<&StreamReport>> =
            BTreeMap::new();
        for stream in self.streams.iter().filter(|stream| stream.input == input) {
            flows
                .entry((&stream.source, &stream.destination))
                .or_default()
                .push(stream);
        }
        for ((source, destination), streams) in flows {
            writeln!(out)?;
            if let (Some(source), Some(destination)) = (source, destination) {
                writeln!(out, "{source} -> {destination}")?;
            }
            let is_rtp = source.is_some();
            let mut columns = if is_rtp {
                vec!["SSRC", "PT", "packets", "lost"]
            } else {
                vec![]
            };
            columns.extend(["frames", "what it is"]);
            if self.has_keys {
                columns.extend(["opened", "not opened"]);
            }
            columns.extend(["KID", "CTR"]);
            let mut table = Table::new(&columns);
            for stream in streams {
                self.rows(stream, is_rtp, &mut table);
            }
            write!(out, "{}", table.text())?;
        }
        writeln!(out)
    }

    fn rows(&self, stream: &StreamReport, is_rtp: bool, table: &mut Table) {
        let mut row = Vec::new();
        if is_rtp {
            row.push(stream.ssrc.clone().unwrap_or_default());
            row.push(
                stream
                    .payload_type
                    .map_or(String::new(), |number| number.to_string()),
            );
            row.push(stream.packets.to_string());
            row.push(stream.lost.to_string());
        }
        row.push(stream.frames.to_string());
        row.push(stream.what());
        if self.has_keys {
            row.push(stream.opened.to_string());
            let failed: Vec<_> = stream
                .failed
                .iter()
                .map(|failure| format!("{} {}", failure.reason, failure.frames))
                .collect();
            row.push(failed.join(", "));
        }
        let before_kids = row.len();
        let mut listed = stream.kids.iter().take(MOST_KIDS);
        let first = listed
            .next()
            .map_or([String::new(), String::new()], kid_cells);
        row.extend(first);
        table.row(row);
        for kid in listed {
            let mut row = vec![String::new(); before_kids];
            row.extend(kid_cells(kid));
            table.row(row);
        }
        if let Some(more) = stream
            .kids
            .len()
            .checked_sub(MOST_KIDS)
            .filter(|more| *more > 0)
        {
            let mut row = vec![String::new(); before_kids];
            row.push(format!("and {more} more"));
            table.row(row);
        }
    }

    fn write_frames(&self, out: &mut dyn Write) -> io::Result<()> {
        let mut columns = vec!["stream", "packet", "octets", "KID", "CTR", "looks like"];
        if self.has_keys {
            columns.push("and");
        }
        let mut table = Table::new(&columns);
        for frame in &self.frames {
            let mut row = vec![
                self.streams
                    .get(frame.stream)
                    .and_then(|stream| stream.ssrc.clone())
                    .unwrap_or_default(),
                frame.packet.to_string(),
                frame.octets.to_string(),
                frame.kid.clone().unwrap_or_default(),
                frame.ctr.clone().unwrap_or_default(),
                frame.look_text.clone(),
            ];
            if self.has_keys {
                row.push(frame.text.clone().unwrap_or_default());
            }
            table.row(row);
        }
        write!(out, "{}", table.text())?;
        if self.frames_left_out > 0 {
            writeln!(out, "and {} more", self.frames_left_out)?;
        }
        writeln!(out)
    }

    /// How a stream is called, with its receiver where several have the same.
    fn name(&self, stream: &StreamReport) -> String {
        let same = |other: &&StreamReport| {
            other.ssrc == stream.ssrc && other.payload_type == stream.payload_type
        };
        let is_alone = self.streams.iter().filter(same).count() == 1;
        match &stream.destination {
            Some(destination) if !is_alone => format!("{} to {destination}", stream.name()),
            _ => stream.name(),
        }
    }

    fn write_findings(&self, out: &mut dyn Write) -> io::Result<()> {
        if self.findings.is_empty() {
            return writeln!(out, "Nothing is wrong with what was seen.");
        }
        for (severity, title) in [
            (Severity::Fault, "What to do"),
            (Severity::Note, "Good to know"),
        ] {
            let mut some = self
                .findings
                .iter()
                .filter(|finding| finding.severity == severity)
                .peekable();
            if some.peek().is_none() {
                continue;
            }
            writeln!(out, "{title}")?;
            // The same advice stands below all that it is for.
            let mut kinds: Vec<(&str, Vec<&Finding>)> = Vec::new();
            for finding in some {
                match kinds.iter_mut().find(|(code, _)| *code == finding.code) {
                    Some((_, same)) => same.push(finding),
                    None => kinds.push((finding.code, vec![finding])),
                }
            }
            for (code, same) in kinds {
                for finding in &same {
                    let of = finding.stream.and_then(|stream| self.streams.get(stream));
                    let of = of.map_or(String::new(), |stream| format!("{}: ", self.name(stream)));
                    writeln!(out, "- {of}{} [{code}]", finding.what)?;
                }
                let advice = same.first().map_or("", |finding| finding.advice);
                for line in wrap(advice, WIDTH - 2) {
                    writeln!(out, "  {line}")?;
                }
            }
        }
        if !self.has_keys {
            writeln!(
                out,
                "No key was given: with --key-file it is said of each frame whether it opens, and why not."
            )?;
        }
        Ok(())
    }
}

/// A KID and its counters.
fn kid_cells(kid: &KidReport) -> [String; 2] {
    let of = kid.channel.as_ref().map_or(String::new(), |parts| {
        format!(
            " (g {}, s {}, hour {})",
            parts.generation_mod_16, parts.step_mod_16, parts.period_mod_4
        )
    });
    // Those of a channel without a clock begin anywhere, with up to 17 digits.
    let numbers = kid
        .first_ctr
        .parse::<u64>()
        .ok()
        .zip(kid.last_ctr.parse::<u64>().ok());
    let ctr = match numbers {
        Some((first, last)) if first == last => first.to_string(),
        Some((first, last)) if first < 1 << 32 => format!("{first} to {last}"),
        Some((first, last)) => format!("{first} +{}", last - first),
        None => String::new(),
    };
    [format!("{}{of}", kid.kid), ctr]
}

fn apart(apart: &Apart) -> String {
    let counts = [
        (apart.stun, "STUN"),
        (apart.dtls, "DTLS"),
        (apart.zrtp, "ZRTP"),
        (apart.rtcp, "RTCP"),
        (apart.turn_channel, "through TURN"),
        (apart.malformed_rtp, "no good RTP"),
        (apart.cut_by_capture, "cut by the capture"),
        (apart.ip_fragments, "IP fragments"),
        (apart.other_udp, "other UDP"),
        (apart.not_udp, "not UDP"),
        (apart.unknown_link, "of an unknown link type"),
    ];
    let words: Vec<_> = counts
        .iter()
        .filter(|(count, _)| *count > 0)
        .map(|(count, what)| format!("{count} {what}"))
        .collect();
    words.join(", ")
}

/// Breaks prose into lines.
fn wrap(text: &str, width: usize) -> Vec<String> {
    let mut lines = vec![String::new()];
    for word in text.split(' ') {
        let is_full = lines
            .last()
            .is_some_and(|line| !line.is_empty() && line.len() + 1 + word.len() > width);
        if is_full {
            lines.push(String::new());
        }
        if let Some(line) = lines.last_mut() {
            if !line.is_empty() {
                line.push(' ');
            }
            line.push_str(word);
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::wrap;

    #[test]
    fn prose_is_broken_between_words() {
        assert_eq!(wrap("a bb ccc dddd", 6), ["a bb", "ccc", "dddd"]);
        assert_eq!(wrap("longer than that", 4), ["longer", "than", "that"]);
    }
}
