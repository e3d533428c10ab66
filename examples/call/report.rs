//! The result of a call in words and numbers, and whether it may count as good.

use std::fmt::{self, Write};

use mediaseal::ErrorCounts;

use crate::cost::Cost;
use crate::receiver::{Receipt, Received, Refusal};
use crate::relay::Tally;
use crate::sender::Sent;
use crate::stream::Stream;
use crate::watch::Watch;

/// A stream with what became of it on both sides.
pub(crate) struct Row<'a> {
    pub(crate) stream: &'a Stream,
    pub(crate) sent: &'a Sent,
    pub(crate) received: &'a Received,
}

/// Reads one count.
type ErrorField = fn(&ErrorCounts) -> u64;

/// Everything that a call leaves behind.
pub(crate) struct Report<'a> {
    /// Name of the cipher.
    pub(crate) cipher: &'static str,
    pub(crate) rows: Vec<Row<'a>>,
    pub(crate) receipts: &'a [Receipt],
    pub(crate) relay: Tally,
    /// Datagrams that the operating system lost.
    pub(crate) lost_elsewhere: u64,
    /// Octets that the relay's look-out found in the datagram that was not encrypted.
    pub(crate) self_check: usize,
    /// What the look-out knew.
    pub(crate) watch: &'a Watch,
}

impl Report<'_> {
    /// Sums one number over all streams.
    pub(crate) fn sum(&self, number: impl Fn(&Row<'_>) -> u64) -> u64 {
        self.rows.iter().map(number).sum()
    }

    /// Returns what is wrong with the call, one sentence each; nothing if all is well.
    pub(crate) fn faults(&self) -> Vec<String> {
        let mut faults = Vec::new();
        for Row {
            stream,
            sent,
            received,
        } in &self.rows
        {
            let name = format!("stream {} ({})", stream.number, stream.media.name);
            let (exact, wrong, lost) = (received.exact, received.wrong, received.lost());
            if wrong > 0 {
                faults.push(format!(
                    "{name}: {wrong} frames came out other than they were sent"
                ));
            }
            if exact == 0 {
                faults.push(format!("{name}: no frame arrived"));
            }
            if sent.frames != exact + wrong + lost {
                let sent = sent.frames;
                faults.push(format!(
                    "{name}: {sent} sent is not {exact} exact + {wrong} wrong + {lost} lost"
                ));
            }
            let (whole, refused) = (received.whole, received.refused.len() as u64);
            if whole != exact + wrong + refused {
                faults.push(format!("{name}: {whole} received is not {exact} exact + {wrong} wrong + {refused} refused"));
            }
        }
        let opened: u64 = self.receipts.iter().map(|receipt| receipt.opened).sum();
        let refused: u64 = self
            .receipts
            .iter()
            .map(|receipt| receipt.errors.total())
            .sum();
        let delivered = self.sum(|row| row.received.exact + row.received.wrong);
        let turned_away = self.sum(|row| row.received.refused.len() as u64);
        if (opened, refused) != (delivered, turned_away) {
            faults.push(format!(
                "the decryptors count {opened} opened and {refused} refused, the receivers {delivered} and {turned_away}"
            ));
        }
        if self.relay.octets_seen > 0 {
            faults.push(format!(
                "the relay saw {} octets of media",
                self.relay.octets_seen
            ));
        }
        faults
    }

    /// Returns the last line of the output.
    pub(crate) fn summary(&self) -> String {
        let exact = self.sum(|row| row.received.exact);
        let wrong = self.sum(|row| row.received.wrong);
        let seen = self.relay.octets_seen;
        format!(
            "call: {exact} frames bit-exact, {wrong} wrong, {seen} plaintext octets seen by the relay"
        )
    }

    /// Writes the tables and what the relay did.
    ///
    /// # Errors
    /// None but those of `out`.
    pub(crate) fn write(&self, out: &mut String) -> fmt::Result {
        writeln!(out, "Call encrypted with {}.\n", self.cipher)?;
        self.write_frames(out)?;
        self.write_cost(out)?;
        self.write_relay(out)
    }

    fn write_frames(&self, out: &mut String) -> fmt::Result {
        writeln!(
            out,
            "{:29}{:-^34}  {:>9}  {:-^38}",
            "", " frames sent ", "complete", " of which refused as "
        )?;
        writeln!(
            out,
            "{:29}{:>7}{:>11}{:>8}{:>8}  {:>9}{:>11}{:>9}{:>10}{:>10}",
            "stream",
            "sent",
            "bit-exact",
            "wrong",
            "lost",
            "received",
            "duplicate",
            "replay",
            "altered",
            "other"
        )?;
        let mut total = [0; 9];
        for Row {
            stream,
            sent,
            received,
        } in &self.rows
        {
            let [duplicate, replay, altered, other] =
                Refusal::ALL.map(|reason| received.refused_for(reason));
            let numbers = [
                sent.frames,
                received.exact,
                received.wrong,
                received.lost(),
                received.whole,
                duplicate,
                replay,
                altered,
                other,
            ];
            total
                .iter_mut()
                .zip(numbers)
                .for_each(|(sum, number)| *sum += number);
            write_frame_numbers(out, &title(stream), numbers)?;
        }
        write_frame_numbers(out, "all", total)?;
        let mut errors = String::new();
        for (name, count) in self.refusals_by_error() {
            let separator = if errors.is_empty() { "" } else { ", " };
            write!(errors, "{separator}{name} {count}")?;
        }
        let errors = if errors.is_empty() { "none" } else { &errors };
        writeln!(out, "\nRefused, by error: {errors}.")
    }

    fn write_cost(&self, out: &mut String) -> fmt::Result {
        writeln!(
            out,
            "\n{:29}{:-^19}  {:-^21}  {:-^24}",
            "", " octets a frame ", " µs a frame, median ", " allocations a frame "
        )?;
        writeln!(
            out,
            "{:29}{:>8}{:>11}  {:>10}{:>11}  {:>12}{:>12}",
            "stream", "media", "overhead", "encrypt", "decrypt", "encrypt", "decrypt"
        )?;
        for Row {
            stream,
            sent,
            received,
        } in &self.rows
        {
            let octets = stream
                .media
                .frames
                .iter()
                .map(|frame| frame.octets.len() as u64)
                .sum();
            writeln!(
                out,
                "{:29}{:>8.1}{:>11.1}  {:>10}{:>11}  {:>12}{:>12}",
                title(stream),
                ratio(octets, sent.frames),
                ratio(sent.overhead, sent.frames),
                micros(&sent.cost),
                micros(&received.cost),
                allocations(&sent.cost),
                allocations(&received.cost),
            )?;
        }
        Ok(())
    }

    fn write_relay(&self, out: &mut String) -> fmt::Result {
        let Tally {
            received,
            lost,
            held_back,
            duplicated,
            altered,
            replayed,
            octets_seen,
        } = self.relay;
        let strays: u64 = self.receipts.iter().map(|receipt| receipt.strays).sum();
        let malformed = self.sum(|row| row.received.malformed_datagrams) + strays;
        writeln!(
            out,
            "\nRelay: {received} datagrams, of which {lost} lost, {held_back} held back, {duplicated} sent twice, \
             {altered} altered; {replayed} frames replayed.\n\
             Receivers: datagrams that fitted no frame, as their clear header was altered: {malformed}.\n\
             Look-out: {octets_seen} octets of media in all datagrams; it knows {} runs of 16 octets,\n\
             and found {} of {} octets of a datagram that was not encrypted.",
            self.watch.len(),
            self.self_check,
            self.self_check
        )?;
        if self.watch.too_short() > 0 {
            let short = self.watch.too_short();
            writeln!(
                out,
                "{short} frames of fewer than 16 octets could not be looked for."
            )?;
        }
        if self.lost_elsewhere > 0 {
            let lost = self.lost_elsewhere;
            writeln!(
                out,
                "Besides the relay, the operating system lost {lost} datagrams."
            )?;
        }
        Ok(())
    }

    /// Adds the refusals of both receivers up, leaving out what did not happen.
    fn refusals_by_error(&self) -> impl Iterator<Item = (&'static str, u64)> {
        let fields: [(&'static str, ErrorField); 12] = [
            ("Duplicate", |errors| errors.duplicate),
            ("Replayed", |errors| errors.replayed),
            ("TooOld", |errors| errors.too_old),
            ("AuthenticationFailed", |errors| {
                errors.authentication_failed
            }),
            ("MissingKey", |errors| errors.missing_key),
            ("RetiredKey", |errors| errors.retired_key),
            ("NotYetActive", |errors| errors.not_yet_active),
            ("Reflected", |errors| errors.reflected),
            ("Malformed", |errors| errors.malformed),
            ("Truncated", |errors| errors.truncated),
            ("Contended", |errors| errors.contended),
            ("other", |errors| errors.other),
        ];
        let count = |field: ErrorField| {
            self.receipts
                .iter()
                .map(|receipt| field(&receipt.errors))
                .sum()
        };
        fields
            .into_iter()
            .map(move |(name, field)| (name, count(field)))
            .filter(|(_, count)| *count > 0)
    }
}

fn write_frame_numbers(out: &mut String, title: &str, numbers: [u64; 9]) -> fmt::Result {
    let [
        sent,
        exact,
        wrong,
        lost,
        whole,
        duplicate,
        replay,
        altered,
        other,
    ] = numbers;
    writeln!(
        out,
        "{title:29}{sent:>7}{exact:>11}{wrong:>8}{lost:>8}  {whole:>9}{duplicate:>11}{replay:>9}{altered:>10}{other:>10}"
    )
}

fn title(stream: &Stream) -> String {
    let media = &stream.media;
    let name = format!("{} {} {}", stream.sender.name(), stream.number, media.name);
    format!("{name:22.22} {}", media.codec())
}

fn ratio(number: u64, of: u64) -> f64 {
    let real = |number| f64::from(u32::try_from(number).unwrap_or(u32::MAX));
    real(number) / real(of.max(1))
}

fn micros(cost: &Cost) -> String {
    format!("{:.1}", cost.median().as_secs_f64() * 1e6)
}

fn allocations(cost: &Cost) -> String {
    match cost.allocations() {
        (0, _) => "0".into(),
        (count, calls) => format!("{:.2}", ratio(count, calls)),
    }
}
