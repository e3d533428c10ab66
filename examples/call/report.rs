//! The result of a call in words and numbers, and whether it may count as good.

use std::fmt::{self, Write};

use crate::cost::Cost;
use crate::events::Event;
use crate::hint;
use crate::media::Frame;
use crate::receiver::{Receipt, Received};
use crate::refusal::{Names, Refusal, listed};
use crate::relay::Tally;
use crate::sender::Sent;
use crate::stream::{Participant, Stream};
use crate::watch::Watch;
use crate::wire::Wire;

/// A stream and one of its receivers, with what became of it on both sides.
pub(crate) struct Row<'a> {
    pub(crate) stream: &'a Stream,
    pub(crate) to: Participant,
    pub(crate) sent: &'a Sent,
    pub(crate) received: &'a Received,
    /// Frames that the receiver was to get: those sealed while it was a member.
    pub(crate) expected: u64,
    /// Those of which nothing usable came.
    pub(crate) lost: u64,
}

impl<'a> Row<'a> {
    /// Adds up what became of the frames that `is_expected`.
    pub(crate) fn new(
        stream: &'a Stream,
        to: Participant,
        sent: &'a Sent,
        received: &'a Received,
        is_expected: impl Fn(usize) -> bool,
    ) -> Self {
        let expected = || (0..sent.sessions.len()).filter(|frame| is_expected(*frame));
        let is_lost = |frame: &usize| received.frames.get(*frame).is_none_or(Option::is_none);
        Self {
            stream,
            to,
            sent,
            received,
            expected: expected().count() as u64,
            lost: expected().filter(is_lost).count() as u64,
        }
    }
}

/// Everything that a call leaves behind.
pub(crate) struct Report<'a> {
    /// Name of the cipher.
    pub(crate) cipher: &'static str,
    pub(crate) wire: Wire,
    /// The streams of A and B to each other.
    pub(crate) rows: Vec<Row<'a>>,
    /// The same streams to C.
    pub(crate) rows_to_c: Vec<Row<'a>>,
    /// What happened besides.
    pub(crate) events: &'a [Event],
    pub(crate) receipts: &'a [Receipt],
    pub(crate) relay: Tally,
    /// Packets that the operating system lost.
    pub(crate) lost_elsewhere: u64,
    /// Octets that the relay's look-out found in the packet that was not encrypted.
    pub(crate) self_check: usize,
    /// What the look-out knew.
    pub(crate) watch: &'a Watch,
}

impl Report<'_> {
    /// Sums one number over the media of A and B.
    pub(crate) fn sum(&self, number: impl Fn(&Row<'_>) -> u64) -> u64 {
        let media = self.rows.iter().filter(|row| !row.stream.is_data());
        media.map(number).sum()
    }

    /// Key frames that were sent on streams which the relay can look into.
    fn key_frames(&self) -> u64 {
        let of_row = |row: &Row<'_>| {
            let Some(codec) = self.wire.codec_of(row.stream) else {
                return 0;
            };
            let frames = row.stream.media.frames.iter();
            let is_key = |frame: &&Frame| hint::is_key_frame(codec, &frame.octets);
            frames.filter(is_key).count() as u64
        };
        self.rows.iter().map(of_row).sum()
    }

    fn all_rows(&self) -> impl Iterator<Item = &Row<'_>> {
        self.rows.iter().chain(&self.rows_to_c)
    }

    /// Returns what is wrong with the call, one sentence each; nothing if all is well.
    pub(crate) fn faults(&self) -> Vec<String> {
        let mut faults = Vec::new();
        for row in self.all_rows() {
            let Row {
                stream,
                received,
                expected,
                lost,
                ..
            } = row;
            let (from, to) = (stream.number, row.to.name());
            let name = format!("stream {from} ({}) to {to}", stream.media.name);
            let (exact, wrong) = (received.exact, received.wrong);
            if wrong > 0 {
                faults.push(format!(
                    "{name}: {wrong} frames came out other than they were sent"
                ));
            }
            if exact == 0 && *expected > 0 {
                faults.push(format!("{name}: no frame arrived"));
            }
            if *expected != exact + wrong + lost {
                faults.push(format!(
                    "{name}: {expected} sent is not {exact} exact + {wrong} wrong + {lost} lost"
                ));
            }
            let (whole, refused) = (received.whole, received.refused.len() as u64);
            let opened = received.opened;
            if whole != opened + refused {
                faults.push(format!(
                    "{name}: {whole} received is not {opened} opened + {refused} refused"
                ));
            }
            if self.wire != Wire::Packets && opened != exact + wrong {
                faults.push(format!(
                    "{name}: {opened} opened is not {exact} exact + {wrong} wrong"
                ));
            }
        }
        for (receipt, who) in self.receipts.iter().zip(Participant::ALL) {
            let counted = receipt
                .acts
                .iter()
                .fold([0; 2], |[opened, refused], tried| {
                    [
                        opened + tried.opened,
                        refused + tried.refused.values().sum::<u64>(),
                    ]
                });
            if receipt.counts != counted {
                let (of, own) = (who.name(), receipt.counts);
                faults.push(format!(
                    "the decryptor of {of} counts {own:?} opened and refused, the receiver {counted:?}"
                ));
            }
        }
        let events = self.events.iter().flat_map(|event| &event.faults);
        faults.extend(events.cloned());
        let (recognised, key_frames) = (self.relay.key_frames, self.key_frames());
        if recognised != key_frames {
            faults.push(format!(
                "the relay took {recognised} frames for key frames, of {key_frames} that it could see"
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
        let wrong: u64 = self.all_rows().map(|row| row.received.wrong).sum();
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
        let (cipher, wire) = (self.cipher, self.wire.name());
        writeln!(out, "Call encrypted with {cipher}, in {wire} over RTP.\n")?;
        self.write_frames(out)?;
        self.write_events(out)?;
        self.write_cost(out)?;
        self.write_relay(out)
    }

    fn write_frames(&self, out: &mut String) -> fmt::Result {
        writeln!(
            out,
            "{:29}{:-^34}  {:>9}  {:-^46}",
            "",
            " frames sent ",
            self.wire.units(),
            " of which refused as "
        )?;
        writeln!(
            out,
            "{:29}{:>7}{:>11}{:>8}{:>8}  {:>9}{:>11}{:>9}{:>10}{:>9}{:>9}",
            "stream",
            "sent",
            "bit-exact",
            "wrong",
            "lost",
            "received",
            "duplicate",
            "replay",
            "altered",
            "no key",
            "other"
        )?;
        for (rows, all) in [(&self.rows, "A and B, all"), (&self.rows_to_c, "to C, all")] {
            let mut total = [0; 10];
            for row in rows {
                let received = row.received;
                let [duplicate, replay, altered, no_key, other] =
                    Refusal::ALL.map(|reason| received.refused_for(reason));
                let numbers = [
                    row.expected,
                    received.exact,
                    received.wrong,
                    row.lost,
                    received.whole,
                    duplicate,
                    replay,
                    altered,
                    no_key,
                    other,
                ];
                total
                    .iter_mut()
                    .zip(numbers)
                    .for_each(|(sum, number)| *sum += number);
                write_frame_numbers(out, &title(row), numbers)?;
            }
            write_frame_numbers(out, all, total)?;
        }
        let mut names = Names::new();
        for tried in self.receipts.iter().flat_map(|receipt| &receipt.acts) {
            for (name, count) in &tried.refused {
                *names.entry(name).or_default() += count;
            }
        }
        let names = listed(&names);
        writeln!(out, "\nRefused by the three receivers, by error: {names}.")
    }

    fn write_events(&self, out: &mut String) -> fmt::Result {
        writeln!(out)?;
        for event in self.events {
            let (title, at) = (event.title, event.at.as_secs());
            writeln!(out, "{title}: {} (at {at} s)", event.what)?;
        }
        Ok(())
    }

    fn write_cost(&self, out: &mut String) -> fmt::Result {
        writeln!(
            out,
            "\n{:29}{:-^19}  {:-^21}  {:-^24}",
            "",
            " octets a frame ",
            format!(" µs a {}, median ", self.wire.unit()),
            format!(" allocations a {} ", self.wire.unit())
        )?;
        writeln!(
            out,
            "{:29}{:>8}{:>11}  {:>10}{:>11}  {:>12}{:>12}",
            "stream", "media", "overhead", "encrypt", "decrypt", "encrypt", "decrypt"
        )?;
        for row in &self.rows {
            let Row {
                stream,
                sent,
                received,
                ..
            } = row;
            let octets = stream
                .media
                .frames
                .iter()
                .map(|frame| frame.octets.len() as u64)
                .sum();
            writeln!(
                out,
                "{:29}{:>8.1}{:>11.1}  {:>10}{:>11}  {:>12}{:>12}",
                title(row),
                ratio(octets, sent.frames()),
                ratio(sent.overhead, sent.frames()),
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
            key_frames,
        } = self.relay;
        let strays: u64 = self.receipts.iter().map(|receipt| receipt.strays).sum();
        let streams = || self.receipts.iter().flat_map(|receipt| &receipt.streams);
        let malformed = strays + streams().map(|received| received.malformed).sum::<u64>();
        let repeated: u64 = streams().map(|received| received.repeated).sum();
        writeln!(
            out,
            "\nRelay: {received} packets, of which {lost} lost, {held_back} held back, {duplicated} sent twice, \
             {altered} altered; {replayed} frames replayed.\n\
             Receivers: {repeated} packets came twice; {malformed} fitted nothing, as their clear header was altered.\n\
             Look-out: {octets_seen} octets of media in all packets; it knows {} runs of 16 octets,\n\
             and found {} of {} octets of a packet that was not encrypted.",
            self.watch.len(),
            self.self_check,
            self.self_check
        )?;
        if self.wire == Wire::CodecAware {
            writeln!(
                out,
                "Shown by design: {} runs of parameter sets and sequence headers, which it did not look for;\n\
                 with them the relay recognised {key_frames} of {} key frames.",
                self.watch.shown(),
                self.key_frames()
            )?;
        }
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
                "Besides the relay, the operating system lost {lost} packets."
            )?;
        }
        Ok(())
    }
}

fn write_frame_numbers(out: &mut String, title: &str, numbers: [u64; 10]) -> fmt::Result {
    let [
        sent,
        exact,
        wrong,
        lost,
        whole,
        duplicate,
        replay,
        altered,
        no_key,
        other,
    ] = numbers;
    writeln!(
        out,
        "{title:29}{sent:>7}{exact:>11}{wrong:>8}{lost:>8}  {whole:>9}{duplicate:>11}{replay:>9}{altered:>10}{no_key:>9}{other:>9}"
    )
}

fn title(row: &Row<'_>) -> String {
    let (stream, media) = (row.stream, &row.stream.media);
    let to = match row.to {
        Participant::A | Participant::B => "",
        Participant::C => "to C: ",
    };
    let name = format!(
        "{to}{} {} {}",
        stream.sender.name(),
        stream.number,
        media.name
    );
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
