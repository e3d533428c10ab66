//! The call as a picture: a lane a stream, a bar a frame, a mark each refusal.

use std::fmt::{self, Write};
use std::time::Duration;

use crate::events::Event;
use crate::refusal::Refusal;
use crate::report::{Report, Row};

const WIDTH: usize = 1280;
const LEFT: usize = 200;
const RIGHT: usize = 40;
const PLOT: usize = WIDTH - LEFT - RIGHT;
const TOP: usize = 198;
/// Height of the bars of a lane, of the row of marks under them, and of a whole lane.
const BARS: usize = 58;
const MARKS: usize = 22;
const LANE: usize = BARS + MARKS + 22;
const BOTTOM: usize = 64;

const INK: &str = "#1f2933";
const PALE_INK: &str = "#66727f";
const GRID: &str = "#dfe4ea";
const GROUND: &str = "#f5f7f9";
const DELIVERED: &str = "#3a7ca5";
const EVENT: &str = "#b4452c";
const LOST: &str = "#e0525f";

/// Colour, words and shape (around the origin) of a kind of refusal.
fn mark(reason: Refusal) -> (&'static str, &'static str, &'static str) {
    match reason {
        Refusal::Duplicate => ("#7d8597", "refused: duplicate", "M-4.5 4L0 -4.5L4.5 4Z"),
        Refusal::Replay => ("#e29a2d", "refused: replay", "M-4 -4H4V4H-4Z"),
        Refusal::Altered => ("#8545b5", "refused: altered", "M0 -5.5L5.5 0L0 5.5L-5.5 0Z"),
        Refusal::NoKey => ("#2a9d6f", "refused: no key", "M-4.5 -4H4.5L0 4.5Z"),
        Refusal::Other => ("#2b2d33", "refused: other", "M-4 -4L4 4M4 -4L-4 4"),
    }
}

/// Draws the call.
///
/// # Errors
/// None but those of writing to a string.
pub(crate) fn draw(report: &Report<'_>) -> Result<String, fmt::Error> {
    let ends = report.rows.iter().map(|row| row.stream.media.duration());
    let scale = Scale::new(ends.max().unwrap_or_default());
    let lanes = TOP + report.rows.len() * LANE;
    let height = lanes + BOTTOM;

    let [first, second] = subtitles(report);
    let mut svg = String::new();
    writeln!(
        svg,
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {height}\" width=\"{WIDTH}\" height=\"{height}\" \
         font-family=\"Inter, 'Segoe UI', 'Helvetica Neue', 'DejaVu Sans', sans-serif\" font-size=\"13\" fill=\"{INK}\">\n\
         <title>An encrypted call through a relay: frames delivered, lost and refused</title>\n\
         <rect width=\"{WIDTH}\" height=\"{height}\" fill=\"#ffffff\"/>\n\
         <text x=\"32\" y=\"44\" font-size=\"22\" font-weight=\"600\">An encrypted call through a hostile relay</text>\n\
         <text x=\"32\" y=\"68\" fill=\"{PALE_INK}\">{first}</text>\n\
         <text x=\"32\" y=\"87\" fill=\"{PALE_INK}\">{second}</text>"
    )?;
    draw_legend(&mut svg)?;
    scale.draw(&mut svg, lanes)?;
    for (number, event) in report.events.iter().enumerate() {
        // Neighbours on two lines, so that their titles do not touch.
        let label = TOP - 20 - 16 * (number % 2);
        draw_event(&mut svg, &scale, event, label, lanes)?;
    }
    for (lane, row) in report.rows.iter().enumerate() {
        draw_lane(&mut svg, &scale, row, TOP + lane * LANE)?;
    }
    writeln!(svg, "</svg>")?;
    Ok(svg)
}

/// Two lines of numbers under the title.
fn subtitles(report: &Report<'_>) -> [String; 2] {
    let sent = report.sum(|row| row.expected);
    let exact = report.sum(|row| row.received.exact);
    let wrong = report.sum(|row| row.received.wrong);
    let lost = report.sum(|row| row.lost);
    let refused = report.sum(|row| row.received.refused.len() as u64);
    let (cipher, relay) = (report.cipher, report.relay);
    [
        format!(
            "{cipher}: {sent} frames sent, {exact} delivered bit by bit, {wrong} wrong, {lost} lost; \
             {refused} altered or repeated frames refused"
        ),
        format!(
            "Relay: {} packets, of which {} lost, {} held back, {} sent twice, {} altered; {} frames replayed; \
             {} octets of media seen",
            relay.received,
            relay.lost,
            relay.held_back,
            relay.duplicated,
            relay.altered,
            relay.replayed,
            relay.octets_seen
        ),
    ]
}

/// Time to the right.
struct Scale {
    end: Duration,
    /// Seconds between two ticks.
    step: u64,
}

impl Scale {
    fn new(end: Duration) -> Self {
        let end = end.max(Duration::from_millis(100));
        let steps = [1, 2, 5, 10, 30, 60, 120, 300, 600, 1800, 3600];
        let fits = |step: &u64| end.as_secs() / step <= 15;
        let step = steps.into_iter().find(fits).unwrap_or(36_000);
        Self { end, step }
    }

    /// Returns the column of the plot, from 0 to `PLOT`.
    fn column(&self, at: Duration) -> usize {
        let column = at.as_nanos() * PLOT as u128 / self.end.as_nanos();
        usize::try_from(column).map_or(PLOT, |column| column.min(PLOT))
    }

    /// Draws the grid from the top of the lanes to `bottom`, and the axis under it.
    fn draw(&self, svg: &mut String, bottom: usize) -> fmt::Result {
        let axis = bottom - 8;
        for second in (0..=self.end.as_secs()).step_by(usize::try_from(self.step).unwrap_or(1)) {
            let x = LEFT + self.column(Duration::from_secs(second));
            let (top, label) = (TOP - 8, axis + 20);
            writeln!(
                svg,
                "<path d=\"M{x} {top}V{axis}\" stroke=\"{GRID}\"/>\
                 <text x=\"{x}\" y=\"{label}\" text-anchor=\"middle\" fill=\"{PALE_INK}\">{second}</text>"
            )?;
        }
        let (right, label) = (LEFT + PLOT, axis + 42);
        writeln!(
            svg,
            "<path d=\"M{LEFT} {axis}H{right}\" stroke=\"{PALE_INK}\"/>\
             <text x=\"{right}\" y=\"{label}\" text-anchor=\"end\" fill=\"{PALE_INK}\">seconds of media</text>"
        )
    }
}

/// Marks what happened at one moment, over all lanes.
fn draw_event(
    svg: &mut String,
    scale: &Scale,
    event: &Event,
    label: usize,
    bottom: usize,
) -> fmt::Result {
    let x = LEFT + scale.column(event.at);
    let (top, axis, title) = (label + 5, bottom - 8, event.title);
    writeln!(
        svg,
        "<path d=\"M{x} {top}V{axis}\" stroke=\"{EVENT}\" stroke-width=\"1.5\" stroke-dasharray=\"5 4\"/>\
         <text x=\"{x}\" y=\"{label}\" text-anchor=\"middle\" font-weight=\"600\" fill=\"{EVENT}\">{title}</text>"
    )
}

fn draw_legend(svg: &mut String) -> fmt::Result {
    let y = 124;
    let mut x = 32;
    for (colour, words) in [
        (
            DELIVERED,
            "delivered bit by bit (height: size of the frame)",
        ),
        (LOST, "lost"),
    ] {
        let (top, text) = (y - 11, x + 16);
        writeln!(
            svg,
            "<rect x=\"{x}\" y=\"{top}\" width=\"8\" height=\"13\" rx=\"1\" fill=\"{colour}\"/>\
             <text x=\"{text}\" y=\"{y}\">{words}</text>"
        )?;
        x = text + words.len() * 25 / 4 + 22;
    }
    for reason in Refusal::ALL {
        let (colour, words, shape) = mark(reason);
        let (middle, at, text) = (y - 4, x + 5, x + 17);
        writeln!(
            svg,
            "<path transform=\"translate({at} {middle})\" d=\"{shape}\" fill=\"{colour}\" stroke=\"{colour}\" stroke-width=\"1.5\"/>\
             <text x=\"{text}\" y=\"{y}\">{words}</text>"
        )?;
        x = text + words.len() * 25 / 4 + 22;
    }
    Ok(())
}

/// The frames that fall on one column of the picture.
#[derive(Clone, Default)]
struct Column {
    frames: usize,
    lost: usize,
    /// Octets of the longest frame that arrived, plus one; 0 if none did.
    longest: usize,
}

/// Draws one stream with its upper edge at `top`.
fn draw_lane(svg: &mut String, scale: &Scale, row: &Row<'_>, top: usize) -> fmt::Result {
    let Row {
        stream, received, ..
    } = row;
    let media = &stream.media;
    let (bottom, marks) = (top + BARS, top + BARS + MARKS / 2);
    let (from, to) = (stream.sender.name(), row.to.name());
    writeln!(
        svg,
        "<text x=\"32\" y=\"{}\" font-weight=\"600\">{}</text>\
         <text x=\"32\" y=\"{}\" fill=\"{PALE_INK}\">{from} to {to}, {}</text>\
         <text x=\"32\" y=\"{}\" fill=\"{PALE_INK}\">{} of {} frames</text>",
        top + 14,
        media.name,
        top + 33,
        media.codec(),
        top + 52,
        received.exact,
        row.expected,
    )?;
    writeln!(
        svg,
        "<rect x=\"{LEFT}\" y=\"{top}\" width=\"{PLOT}\" height=\"{}\" fill=\"{GROUND}\" fill-opacity=\"0.7\"/>",
        BARS + MARKS
    )?;

    // One bar a column of the picture at most, so that an hour makes no longer file than a minute.
    let mut columns = vec![Column::default(); PLOT + 1];
    for (frame, arrived) in media.frames.iter().zip(&received.frames) {
        let column = &mut columns[scale.column(frame.due)];
        column.frames += 1;
        match arrived {
            Some(octets) => column.longest = column.longest.max(octets.len() + 1),
            None => column.lost += 1,
        }
    }
    let (mut delivered, mut gone) = (String::new(), String::new());
    let longest = media.longest_frame() + 1;
    for (number, column) in columns.into_iter().enumerate() {
        let x = LEFT + number;
        if column.longest > 0 {
            // By the square root, or key frames would press all others flat.
            let height = 2 + (column.longest * (BARS - 4) * (BARS - 4) / longest).isqrt();
            write!(delivered, "M{x} {bottom}v-{height}")?;
        }
        if column.lost > 0 {
            write!(
                gone,
                "M{x} {top}v{}",
                (BARS * column.lost).div_ceil(column.frames)
            )?;
        }
    }
    // Bars that would stand closer than this touch instead, or gaps and bars would flicker.
    let spacing = PLOT.div_ceil(media.frames.len().max(1));
    let width = if spacing < 3 {
        spacing
    } else {
        (spacing - 1).min(6)
    };
    for (path, colour) in [(delivered, DELIVERED), (gone, LOST)] {
        writeln!(
            svg,
            "<path d=\"{path}\" stroke=\"{colour}\" stroke-width=\"{width}\" shape-rendering=\"crispEdges\"/>"
        )?;
    }
    let mut last_marks = [None; Refusal::ALL.len()];
    for refused in &received.refused {
        let (colour, _, shape) = mark(refused.reason);
        // Equal marks that would cover each other are drawn once.
        let place = Some(scale.column(refused.at) / 3);
        if std::mem::replace(&mut last_marks[refused.reason as usize], place) == place {
            continue;
        }
        let x = LEFT + scale.column(refused.at);
        writeln!(
            svg,
            "<path transform=\"translate({x} {marks})\" d=\"{shape}\" fill=\"{colour}\" fill-opacity=\"0.85\" stroke=\"#ffffff\" stroke-width=\"0.8\"/>"
        )?;
    }
    Ok(())
}
