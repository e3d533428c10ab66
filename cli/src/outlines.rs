//! What `mediaseal ls` and `mediaseal info` show of recordings: names in JSON are for ever.

use std::path::Path;

use data_encoding::HEXLOWER;
use mediaseal::vault::grant::Stanza;
use mediaseal::vault::recording::{
    Cobblestone, Outline, RecordingError, SegmentEnd, Storage, TrackInfo, envelope, granted,
    outline,
};
use serde::Serialize;

use crate::outcome::Failure;
use crate::recordings::{self, codec_name, profile_name};
use crate::table::plain;

/// A recording, without its segments.
#[derive(Serialize)]
pub(crate) struct Summary {
    pub(crate) recording: String,
    pub(crate) id: String,
    /// Microseconds since 1970.
    pub(crate) created: u64,
    /// The same, in UTC.
    pub(crate) begin: String,
    /// Microseconds from the first frame to the last.
    pub(crate) length: u64,
    pub(crate) profile: &'static str,
    /// What seals it.
    pub(crate) cipher: &'static str,
    /// Where its key may be used; empty where it is nowhere bound.
    pub(crate) region: String,
    /// The public key of the recorder that it names.
    pub(crate) recorder: String,
    /// closed, open (its recorder is at work, or crashed) or damaged.
    pub(crate) state: &'static str,
    /// Where it is damaged.
    pub(crate) damage: Option<String>,
    /// Octets of all files.
    pub(crate) size: u64,
    pub(crate) frames: u64,
    pub(crate) records: u64,
    pub(crate) signed_records: u64,
    pub(crate) segments: usize,
    pub(crate) tracks: Vec<TrackReport>,
    pub(crate) owners: Vec<Owner>,
    /// KIDs of sessions whose keys the owners were granted.
    pub(crate) grants: Vec<String>,
}

/// A track.
#[derive(Serialize)]
pub(crate) struct TrackReport {
    pub(crate) track: u16,
    pub(crate) codec: String,
    pub(crate) frames: u64,
    /// Octets of frames with their heads.
    pub(crate) octets: u64,
    /// The time of the first and the last frame in microseconds.
    pub(crate) first: Option<u64>,
    pub(crate) last: Option<u64>,
}

/// Who can open it.
#[derive(Serialize)]
pub(crate) struct Owner {
    /// recipient, kek, passphrase or unknown.
    pub(crate) kind: &'static str,
    /// The recipient's or the key encryption key's id.
    pub(crate) id: Option<String>,
    pub(crate) version: Option<u32>,
    /// The scheme of the key encryption key's provider.
    pub(crate) provider: Option<String>,
    /// What it takes to try a passphrase.
    pub(crate) cost: Option<String>,
}

/// A part of a track.
#[derive(Serialize)]
pub(crate) struct SegmentReport {
    pub(crate) segment: u64,
    pub(crate) track: u16,
    /// open, ended or recovered.
    pub(crate) end: &'static str,
    pub(crate) frames: u32,
    pub(crate) octets: u64,
    pub(crate) commits: u64,
    pub(crate) first: u64,
    pub(crate) last: u64,
}

impl Summary {
    /// Reads what anybody can of a recording.
    pub(crate) fn read(path: &Path) -> Result<(Self, Outline), Failure> {
        let storage = recordings::storage(path)?;
        let failed = |error: RecordingError| recordings::failed(path, &error);
        let outline = outline(&*storage).map_err(failed)?;
        let mut damage = outline.damage.as_ref().map(ToString::to_string);
        let owners = match envelope(&*storage) {
            Ok(envelope) => envelope.stanzas().iter().map(Owner::of).collect(),
            Err(error) => {
                damage = damage.or_else(|| Some(plain(&error.to_string())));
                Vec::new()
            }
        };
        let names = storage
            .list()
            .map_err(|error| crate::input::unreadable(path, &error))?;
        let size = names.iter().filter_map(|name| storage.len(name).ok()).sum();
        let grants = granted(&*storage).map_err(failed)?;
        let header = &outline.header;
        let times = outline.tracks.iter().filter_map(|track| track.micros);
        let first = times.clone().map(|(first, _)| first).min();
        let last = times.map(|(_, last)| last).max();
        let length = first
            .zip(last)
            .map_or(0, |(first, last)| last.saturating_sub(first));
        let state = match (&damage, outline.is_closed) {
            (Some(_), _) => "damaged",
            (None, true) => "closed",
            (None, false) => "open",
        };
        let recorder = mediaseal::vault::grant::SignerPublic::from_bytes(header.signer());
        let summary = Self {
            recording: path.display().to_string(),
            id: HEXLOWER.encode(header.id()),
            created: header.created(),
            begin: utc(header.created()),
            length,
            profile: profile_name(header.profile()),
            cipher: match header.aead() {
                Cobblestone::Aes128 => "Cobblestone-128",
                Cobblestone::Aes256 => "Cobblestone-256",
            },
            region: header.region().to_owned(),
            recorder: recorder.map_or(String::new(), |recorder| recorder.to_string()),
            state,
            damage,
            size,
            frames: outline.tracks.iter().map(|track| track.frames).sum(),
            records: outline.records,
            signed_records: outline.checkpoints.last().copied().unwrap_or(0),
            segments: outline.segments.len(),
            tracks: outline.tracks.iter().map(TrackReport::of).collect(),
            owners,
            grants: grants
                .iter()
                .map(|kid| format!("{:016x}", kid.value()))
                .collect(),
        };
        Ok((summary, outline))
    }
}

impl TrackReport {
    fn of(track: &TrackInfo) -> Self {
        Self {
            track: track.track,
            codec: codec_name(track.format),
            frames: track.frames,
            octets: track.octets,
            first: track.micros.map(|(first, _)| first),
            last: track.micros.map(|(_, last)| last),
        }
    }
}

impl Owner {
    fn of(stanza: &Stanza) -> Self {
        let mut owner = Self {
            kind: "unknown",
            id: None,
            version: None,
            provider: None,
            cost: None,
        };
        match stanza {
            Stanza::Hpke(grant) => {
                owner.kind = "recipient";
                owner.id = Some(grant.recipient().to_string());
            }
            Stanza::Provider(wrapped) => {
                owner.kind = "kek";
                owner.id = Some(wrapped.kek_id.clone());
                owner.version = Some(wrapped.kek_version);
                owner.provider = Some(wrapped.provider.clone());
            }
            Stanza::Passphrase(sealed) => {
                owner.kind = "passphrase";
                owner.cost = Some(sealed.params().to_string());
            }
            _ => {}
        }
        owner
    }
}

impl SegmentReport {
    pub(crate) fn all(outline: &Outline) -> Vec<Self> {
        let of = |segment: &mediaseal::vault::recording::SegmentInfo| Self {
            segment: segment.segment,
            track: segment.track,
            end: match segment.end {
                SegmentEnd::Open => "open",
                SegmentEnd::Ended => "ended",
                SegmentEnd::Recovered => "recovered",
                _ => "unknown",
            },
            frames: segment.frames,
            octets: segment.octets,
            commits: segment.commits,
            first: segment.micros.0,
            last: segment.micros.1,
        };
        outline.segments.iter().map(of).collect()
    }
}

/// A time of so many microseconds since 1970 in UTC, to the second.
pub(crate) fn utc(micros: u64) -> String {
    let seconds = micros / 1_000_000;
    let (mut days, of_day) = (seconds / 86_400, seconds % 86_400);
    let is_leap = |year: u64| {
        year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400))
    };
    // 400 years have 146,097 days, wherever they begin.
    let mut year = 1970 + 400 * (days / 146_097);
    days %= 146_097;
    loop {
        let of_year = if is_leap(year) { 366 } else { 365 };
        if days < of_year {
            break;
        }
        days -= of_year;
        year += 1;
    }
    let february = if is_leap(year) { 29 } else { 28 };
    let mut month = 1;
    for of_month in [31, february, 31, 30, 31, 30, 31, 31, 30, 31, 30] {
        if days < of_month {
            break;
        }
        days -= of_month;
        month += 1;
    }
    format!(
        "{year:04}-{month:02}-{:02} {:02}:{:02}:{:02}Z",
        days + 1,
        of_day / 3_600,
        of_day / 60 % 60,
        of_day % 60
    )
}

/// So many microseconds, as players show them; nothing for none.
pub(crate) fn length(micros: u64) -> String {
    if micros == 0 {
        return String::new();
    }
    let millis = micros / 1_000;
    let (seconds, millis) = (millis / 1_000, millis % 1_000);
    format!(
        "{}:{:02}:{:02}.{millis:03}",
        seconds / 3_600,
        seconds / 60 % 60,
        seconds % 60
    )
}

#[cfg(test)]
mod tests {
    use super::{length, utc};

    #[test]
    fn times_are_written() {
        for (seconds, text) in [
            (0, "1970-01-01 00:00:00Z"),
            (951_782_399, "2000-02-28 23:59:59Z"),
            (951_782_400, "2000-02-29 00:00:00Z"),
            (1_709_251_199, "2024-02-29 23:59:59Z"),
            (1_735_689_599, "2024-12-31 23:59:59Z"),
            (4_107_542_400, "2100-03-01 00:00:00Z"),
            (253_402_300_800, "10000-01-01 00:00:00Z"),
        ] {
            assert_eq!(utc(seconds * 1_000_000), text);
        }
        assert!(utc(u64::MAX).ends_with('Z'));
        assert_eq!(
            (length(3_661_001_999).as_str(), length(0).as_str()),
            ("1:01:01.001", "")
        );
    }
}
