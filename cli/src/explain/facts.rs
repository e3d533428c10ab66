//! What is known of a stream: counted frame by frame, in bounded memory.

use std::collections::BTreeMap;

use mediaseal::KeyId;
use mediaseal::format::looks::Look;
use mediaseal::format::sframe::Header;

use super::reason;
use super::stream::Frame;
use super::world::Outcome;

/// Most KIDs, senders and kinds of failure that are told apart in a stream; the rest is counted together.
const MOST_KIDS: usize = 64;
const MOST_SENDERS: usize = 64;
const MOST_FAILURES: usize = 128;

/// Frames of one KID.
#[derive(Clone, Debug)]
pub(crate) struct KidFacts {
    pub(crate) kid: KeyId,
    pub(crate) frames: u64,
    pub(crate) first_ctr: u64,
    pub(crate) last_ctr: u64,
    pub(crate) opened: u64,
}

/// Frames that were refused for one reason.
#[derive(Clone, Debug)]
pub(crate) struct Failure {
    pub(crate) reason: &'static str,
    /// What the first of them was told.
    pub(crate) text: String,
    pub(crate) kid: Option<KeyId>,
    pub(crate) frames: u64,
    /// Of them looked at themselves; the others failed in the same way as many of these.
    pub(crate) explained: u64,
    /// Number of the first packet, or frame.
    pub(crate) first: u64,
}

/// A stream, or frames from files.
#[derive(Debug, Default)]
pub(crate) struct Facts {
    pub(crate) frames: u64,
    /// By what they look like first.
    pub(crate) looks: BTreeMap<&'static str, u64>,
    /// Frames that have these marks, whatever they look like first.
    pub(crate) cryptor: u64,
    pub(crate) dave: u64,
    pub(crate) padded: u64,
    /// The codec of frames in clear.
    pub(crate) plaintext: Option<&'static str>,
    /// The codec of codec-aware frames.
    pub(crate) carried: Option<&'static str>,
    pub(crate) kids: Vec<KidFacts>,
    /// Frames of KIDs beyond those.
    pub(crate) more_kids: u64,
    pub(crate) tried: u64,
    pub(crate) opened: u64,
    pub(crate) senders: BTreeMap<String, u64>,
    pub(crate) failures: Vec<Failure>,
}

/// The name of a look in JSON, for ever.
pub(crate) const fn look_name(look: &Look) -> &'static str {
    match look {
        Look::Empty => "empty",
        Look::Sframe { .. } => "sframe",
        Look::CodecAware { .. } => "codec_aware",
        Look::Plaintext { .. } => "plaintext",
        Look::RtpPacket { .. } => "rtp_packet",
        Look::RtpFragment { .. } => "rtp_fragment",
        Look::RtpPadding { .. } => "rtp_padding",
        Look::FrameCryptor { .. } => "frame_cryptor",
        Look::Dave { .. } => "dave",
        _ => "other",
    }
}

/// KID and CTR that a frame claims, if it looks as if it had them.
pub(crate) fn claimed(octets: &[u8], looks: &[Look], is_sframe: bool) -> Option<(KeyId, u64)> {
    let carried = looks.iter().find_map(|look| match look {
        Look::CodecAware { kid, ctr, .. } => Some((*kid, ctr.value())),
        _ => None,
    });
    let header = || {
        Header::parse(octets)
            .ok()
            .map(|(header, _)| (header.kid(), header.ctr().value()))
    };
    let likeliest = matches!(looks.first(), Some(Look::Sframe { .. }));
    carried.or_else(|| (is_sframe || likeliest).then(header).flatten())
}

impl Facts {
    /// Counts a frame.
    pub(crate) fn add(
        &mut self,
        frame: &Frame,
        looks: &[Look],
        claimed: Option<(KeyId, u64)>,
        outcome: &Outcome,
    ) {
        self.frames += 1;
        // A short KID may read as a codec's first octet now and then; that its stream has it speaks against that.
        let is_of_stream = claimed.is_some_and(|(kid, _)| {
            self.kids
                .iter()
                .any(|known| known.kid == kid && known.frames > 1)
        });
        let first = match looks.first() {
            Some(Look::Plaintext { .. }) if is_of_stream => "sframe",
            Some(look) => look_name(look),
            None => "unknown",
        };
        *self.looks.entry(first).or_default() += 1;
        for look in looks {
            match look {
                Look::FrameCryptor { .. } => self.cryptor += 1,
                Look::Dave { .. } => self.dave += 1,
                Look::RtpPadding { .. } => self.padded += 1,
                Look::Plaintext { codec } if !is_of_stream => {
                    self.plaintext = self.plaintext.or(Some(codec.name()));
                }
                Look::CodecAware { codec, .. } => {
                    self.carried = self.carried.or(Some(codec.name()));
                }
                _ => {}
            }
        }
        let was_opened = matches!(outcome, Outcome::Opened { .. });
        if let Some((kid, ctr)) = claimed {
            self.add_kid(kid, ctr, was_opened);
        }
        match outcome {
            Outcome::NotTried => {}
            Outcome::Opened { sender, .. } => {
                self.tried += 1;
                self.opened += 1;
                if self.senders.len() < MOST_SENDERS || self.senders.contains_key(sender) {
                    *self.senders.entry(sender.clone()).or_default() += 1;
                }
            }
            Outcome::Refused {
                reason,
                text,
                is_explained,
            } => {
                self.tried += 1;
                let kid = claimed.map(|(kid, _)| kid);
                self.add_failure(reason, text, kid, frame.number, *is_explained);
            }
        }
    }

    fn add_kid(&mut self, kid: KeyId, ctr: u64, was_opened: bool) {
        let full = self.kids.len() >= MOST_KIDS;
        match self.kids.iter_mut().find(|known| known.kid == kid) {
            Some(known) => {
                known.frames += 1;
                known.first_ctr = known.first_ctr.min(ctr);
                known.last_ctr = known.last_ctr.max(ctr);
                known.opened += u64::from(was_opened);
            }
            None if full => self.more_kids += 1,
            None => self.kids.push(KidFacts {
                kid,
                frames: 1,
                first_ctr: ctr,
                last_ctr: ctr,
                opened: u64::from(was_opened),
            }),
        }
    }

    fn add_failure(
        &mut self,
        reason: &'static str,
        text: &str,
        kid: Option<KeyId>,
        number: u64,
        is_explained: bool,
    ) {
        let full = self.failures.len() >= MOST_FAILURES;
        let same =
            |failure: &&mut Failure| failure.reason == reason && (failure.kid == kid || full);
        // Other senders and channels are told apart by what was said of them.
        let is_told_apart = matches!(
            reason,
            "other_sender" | "other_channel" | "other_metadata" | "other_codec"
        );
        let found = self
            .failures
            .iter_mut()
            .find(|failure| same(failure) && (!is_told_apart || failure.text == text || full));
        if let Some(failure) = found {
            failure.frames += 1;
            failure.explained += u64::from(is_explained);
        } else if !full {
            self.failures.push(Failure {
                reason,
                text: text.to_owned(),
                kid,
                frames: 1,
                explained: u64::from(is_explained),
                first: number,
            });
        }
    }

    /// Tells whether most frames have the trailer of another product.
    pub(crate) const fn is_cryptor(&self) -> bool {
        self.cryptor * 10 >= self.frames * 8 && self.frames > 0
    }

    /// Tells whether most frames have the footer of DAVE.
    pub(crate) const fn is_dave(&self) -> bool {
        self.dave * 10 >= self.frames * 8 && self.frames > 0
    }

    /// Looks back, when all frames were seen: what one frame could not tell, the others do. `others` is what the stream is if it is none of ours.
    pub(crate) fn settle(
        &mut self,
        in_clear: Option<&'static str>,
        others: Option<(&'static str, &str)>,
    ) {
        for failure in &mut self.failures {
            let kid = failure
                .kid
                .and_then(|kid| self.kids.iter().find(|known| known.kid == kid));
            // Others of its KID opened, before or after.
            if failure.reason == "wrong_key" && kid.is_some_and(|known| known.opened > 0) {
                failure.reason = "altered";
                "it was altered on its way".clone_into(&mut failure.text);
            }
            // The library calls it altered because the generation opened other sessions; of this one nothing ever opened.
            let never_opened = kid.is_some_and(|known| known.opened == 0 && known.frames > 1);
            if failure.reason == "altered" && never_opened {
                failure.reason = "wrong_key";
                "nothing of its session opens: its sender has another key"
                    .clone_into(&mut failure.text);
            }
            if reason::is_proved(failure.reason) {
                continue;
            }
            if let Some(codec) = in_clear {
                failure.reason = "not_encrypted";
                failure.text =
                    format!("it is not encrypted: {codec} in clear, as the stream's other frames");
            } else if let Some((reason, text)) = others {
                failure.reason = reason;
                text.clone_into(&mut failure.text);
            }
        }
        if in_clear.is_some() || others.is_some() {
            // They were no headers.
            self.kids.clear();
            self.more_kids = 0;
        }
        let mut merged: Vec<Failure> = Vec::new();
        for failure in self.failures.drain(..) {
            let same = |known: &&mut Failure| {
                known.reason == failure.reason
                    && (known.text == failure.text
                        || !matches!(
                            failure.reason,
                            "other_sender" | "other_channel" | "other_metadata" | "other_codec"
                        ))
            };
            match merged.iter_mut().find(same) {
                Some(known) => {
                    known.frames += failure.frames;
                    known.explained += failure.explained;
                    known.first = known.first.min(failure.first);
                }
                None => merged.push(failure),
            }
        }
        merged.sort_by_key(|failure| std::cmp::Reverse(failure.frames));
        self.failures = merged;
    }
}
