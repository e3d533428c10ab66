//! H.264 and H.265: parameter sets apart, NAL units behind lengths of four octets.

use std::collections::BTreeMap;

use zeroize::Zeroizing;

use super::{Bad, Config, MAX_PAIRS, Unit, add_pair, h264, h265};
use crate::format::codec::NalFormat;
use crate::format::codec::nal::Nals;

/// Most octets of a parameter set: two octets say its length.
const MAX_SET: usize = u16::MAX as usize;

/// Octets of a NAL unit that stay in clear under CENC at least: its length and header.
const CLEAR: usize = 4 + 2;
const BLOCK: usize = 16;

/// What a NAL unit is to a muxer.
pub(super) enum Kind {
    /// A part of a picture.
    Picture,
    /// A parameter set of this class: they are told apart by class and number.
    Set(u8),
    /// Anything else.
    Other,
}

/// The parameter sets of a stream, by class and number.
#[derive(Clone, Default, PartialEq, Eq)]
pub(super) struct Sets(BTreeMap<(u8, u8), Vec<u8>>);

impl Sets {
    /// Those of a class.
    pub(super) fn of(&self, class: usize) -> impl Iterator<Item = &Vec<u8>> {
        self.0
            .iter()
            .filter(move |((of, _), _)| usize::from(*of) == class)
            .map(|(_, set)| set)
    }
}

/// A stream of NAL units on its way into a file.
pub(in crate::vault::recording::export) struct NalStream {
    is_h265: bool,
    format: NalFormat,
    in_band: bool,
    /// As heard last.
    heard: Sets,
    /// As the file says.
    written: Sets,
}

impl NalStream {
    pub(super) fn new(is_h265: bool, format: NalFormat, in_band: bool) -> Self {
        Self {
            is_h265,
            format,
            in_band,
            heard: Sets::default(),
            written: Sets::default(),
        }
    }

    fn kind(&self, nal: &[u8]) -> Kind {
        if self.is_h265 {
            h265::kind(nal)
        } else {
            h264::kind(nal)
        }
    }

    fn config(&self) -> Option<Config> {
        if self.is_h265 {
            h265::config(&self.heard, self.in_band)
        } else {
            h264::config(&self.heard, self.in_band)
        }
    }

    /// Takes an access unit.
    pub(super) fn take(&mut self, frame: &[u8], key: bool) -> Result<Option<Unit>, Bad> {
        let mut nals = Nals::new(frame, self.format);
        let mut ranges = Vec::new();
        let mut has_picture = false;
        while let Some(range) = nals.next_nal().map_err(|_| Bad)? {
            let nal = &frame[range.clone()];
            match self.kind(nal) {
                Kind::Picture => has_picture = true,
                Kind::Set(class) => {
                    let id = if self.is_h265 {
                        h265::set_id(nal)
                    } else {
                        h264::set_id(nal)
                    };
                    let id = id.filter(|_| nal.len() <= MAX_SET).ok_or(Bad)?;
                    let before = self.heard.0.insert((class, id), nal.to_vec());
                    // A new one goes with the pictures where the file cannot say it at its front.
                    let is_said = before.as_deref() == Some(nal);
                    if !self.in_band && (key || is_said) {
                        continue;
                    }
                }
                Kind::Other => {}
            }
            if !nal.is_empty() {
                ranges.push(range);
            }
        }
        if !has_picture {
            return Ok(None);
        }
        let is_new = self.written.0.is_empty() || (!self.in_band && self.heard != self.written);
        let mut config = None;
        if key && is_new {
            config = Some(self.config().ok_or(Bad)?);
            self.written = self.heard.clone();
        }
        let len = ranges.iter().map(|range| 4 + range.len()).sum();
        let mut octets = Zeroizing::new(Vec::with_capacity(len));
        let mut protected: Vec<(usize, usize)> = Vec::new();
        for range in ranges {
            let nal_len = u32::try_from(range.len()).map_err(|_| Bad)?;
            // Whole blocks, so that each NAL unit begins one (ISO/IEC 23001-7 section 9.5.2.4).
            let secret = (range.len() + 4).saturating_sub(CLEAR) / BLOCK * BLOCK;
            let clear = range.len() + 4 - secret;
            add_pair(&mut protected, clear, secret);
            octets.extend_from_slice(&nal_len.to_be_bytes());
            octets.extend_from_slice(&frame[range]);
        }
        Ok(Some(Unit {
            config,
            octets,
            key,
            ticks: None,
            protected: Some(protected).filter(|pairs| pairs.len() <= MAX_PAIRS),
        }))
    }
}
