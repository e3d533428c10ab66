//! What was exported and what was left out, in words and as JSON.

use std::io::{self, Write};
use std::path::PathBuf;

use mediaseal::vault::recording::export::{Reason, Report as Exported, SessionKeys};
use serde::Serialize;

use crate::recordings::codec_family;
use crate::table::{Table, plain};

/// What was done, as JSON has it: names here are for ever.
#[derive(Serialize)]
pub(super) struct Report {
    files: Vec<FileReport>,
    /// Frames that are in no file.
    left_out: Vec<LeftOutReport>,
    /// Grants that did not open for any identity.
    refused_grants: Vec<RefusedReport>,
    /// Places where the recording is damaged.
    damaged: u64,
    /// Whether its recorder closed it: else its end is missing.
    is_closed: bool,
    /// The file beside the recording that named the senders, if nobody else did.
    senders_from: Option<String>,
    notice: &'static str,
}

#[derive(Serialize)]
struct FileReport {
    name: String,
    sender: String,
    track: u16,
    codec: String,
    frames: u64,
    octets: u64,
    /// Microseconds, as recorded.
    first_micros: u64,
    last_micros: u64,
    /// The id of the key it is encrypted under.
    clearkey_kid: Option<String>,
}

#[derive(Serialize)]
struct LeftOutReport {
    track: u16,
    sender: Option<String>,
    kid: Option<String>,
    reason: &'static str,
    frames: u64,
}

#[derive(Serialize)]
struct RefusedReport {
    kid: String,
    why: String,
}

/// A reason as JSON has it.
fn name(reason: Reason) -> &'static str {
    match reason {
        Reason::NoGrant => "no-grant",
        Reason::GrantRefused => "grant-refused",
        Reason::UnknownSuite => "unknown-suite",
        Reason::NotAuthentic => "not-authentic",
        Reason::Duplicate => "duplicate",
        Reason::Malformed => "malformed",
        Reason::CipherFailed => "cipher-failed",
        Reason::Codec => "codec",
        Reason::Bitstream => "bitstream",
        Reason::BeforeKeyFrame => "before-key-frame",
        Reason::NotProtectable => "not-protectable",
        Reason::TooManyFiles => "too-many-files",
        _ => "other",
    }
}

/// What to do about frames that are left out.
fn advice(reason: &str) -> &'static str {
    match reason {
        "no-grant" => "their sender granted the session to nobody",
        "grant-refused" => {
            "the session was granted to others, or by somebody whom neither --sender-signer nor --shared-by names"
        }
        "unknown-suite" => "they are sealed with a custom cipher: --cipher-library brings it",
        "not-authentic" => "they are not what their sender sealed",
        "duplicate" => "they are in a file already",
        "malformed" => "they are no encrypted frames",
        "cipher-failed" => "the cipher did not work",
        "codec" => "no media file takes them: data, or a codec that was not named",
        "bitstream" => "they are no frames of their track's codec",
        "before-key-frame" => "no decoder can begin before the first key frame",
        "not-protectable" => "their codec has no form under common encryption: leave out --cenc",
        "too-many-files" => "there are more senders than files may be open: --track",
        _ => "a reason of a newer version",
    }
}

impl Report {
    pub(super) fn of(
        exported: &Exported,
        keys: &SessionKeys,
        senders_from: Option<PathBuf>,
    ) -> Self {
        let files = exported.files.iter().map(|file| FileReport {
            name: file.info.name(),
            sender: file.info.sender.to_string(),
            track: file.info.track,
            codec: codec_family(file.info.format),
            frames: file.frames,
            octets: file.octets,
            first_micros: file.micros.0,
            last_micros: file.micros.1,
            clearkey_kid: { &file.key }
                .as_ref()
                .map(|key| data_encoding::HEXLOWER.encode(key.kid())),
        });
        let left_out = exported.left_out.iter().map(|left| LeftOutReport {
            track: left.track,
            sender: left.sender.as_ref().map(ToString::to_string),
            kid: left.kid.map(|kid| kid.to_string()),
            reason: name(left.reason),
            frames: left.frames,
        });
        let refused = keys.refused().iter().map(|(kid, why)| RefusedReport {
            kid: kid.to_string(),
            why: why.to_string(),
        });
        Self {
            files: files.collect(),
            left_out: left_out.collect(),
            refused_grants: refused.collect(),
            damaged: exported.damaged,
            is_closed: exported.is_closed,
            senders_from: senders_from.map(|path| path.display().to_string()),
            notice: Exported::NOTICE,
        }
    }

    pub(super) fn write_text(&self, out: &mut dyn Write) -> io::Result<()> {
        if !self.files.is_empty() {
            let mut table = Table::new(&["file", "sender", "codec", "frames", "octets", "seconds"]);
            for file in &self.files {
                let micros = file.last_micros.saturating_sub(file.first_micros);
                table.row(vec![
                    file.name.clone(),
                    plain(&file.sender),
                    file.codec.clone(),
                    file.frames.to_string(),
                    file.octets.to_string(),
                    format!("{}.{}", micros / 1_000_000, micros / 100_000 % 10),
                ]);
            }
            out.write_all(table.text().as_bytes())?;
        }
        // Sessions of one track and reason in one line: JSON has them each.
        let mut lines: Vec<(u16, &str, u64, usize)> = Vec::new();
        for left in &self.left_out {
            let same =
                |line: &&mut (u16, &str, u64, usize)| (line.0, line.1) == (left.track, left.reason);
            match lines.iter_mut().find(same) {
                Some(line) => {
                    line.2 = line.2.saturating_add(left.frames);
                    line.3 += 1;
                }
                None => lines.push((left.track, left.reason, left.frames, 1)),
            }
        }
        for (track, reason, frames, sessions) in lines {
            let why = advice(reason);
            writeln!(
                out,
                "left out: track {track}, {frames} frames of {sessions} sessions: {why}"
            )?;
        }
        if self.damaged > 0 {
            let damaged = self.damaged;
            writeln!(
                out,
                "damaged: {damaged} places of the recording; what was there is missing"
            )?;
        }
        if !self.is_closed {
            writeln!(
                out,
                "not closed: the recording is still written, was cut short by a crash, or by somebody; its end is missing"
            )?;
        }
        writeln!(out, "{}", self.notice)
    }
}
