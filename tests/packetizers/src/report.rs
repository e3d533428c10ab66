//! The matrix, for a terminal and for a page.

use std::fmt::Write;

use crate::{cells::Cell, journey::Verdict};

/// One line a cell.
pub(crate) fn lines(cells: &[Cell]) -> String {
    let mut text = format!(
        "{:5} {:45} {:18} {:>9} {:>8} {:>19} {:>28} {:>9}\n",
        "codec",
        "stream",
        "packetizer",
        "bit-exact",
        "decoded",
        "key frames",
        "with loss",
        "opaque"
    );
    for cell in cells {
        let Cell {
            codec,
            stream,
            packetizer,
            decoded,
            ..
        } = cell;
        let line = format!(
            "{codec:5} {stream:45} {packetizer:18} {:>9} {decoded:>8} {:>19} {:>28} {:>9}",
            exact(cell),
            keys(cell),
            lossy(cell),
            opaque(cell),
        );
        text.push_str(line.trim_end());
        text.push('\n');
        if let Some(fault) = &cell.opaque.1 {
            writeln!(text, "      opaque: {fault}").ok();
        }
        if cell.left_out() > 0 {
            writeln!(text, "      in clear {} are left out", cell.left_out()).ok();
        }
        for wrong in cell.wrong.iter().take(5) {
            // Writing to a string does not fail.
            let is = if cell.is_asked_for { "wrong" } else { "found" };
            writeln!(text, "      {is}: {wrong}").ok();
        }
    }
    text
}

/// Frames that came out bit by bit, of all.
fn exact(cell: &Cell) -> String {
    format!("{}/{}", cell.lossless.exact, cell.lossless.total)
}

/// Key frames, and what is marked otherwise than in clear.
fn keys(cell: &Cell) -> String {
    let mut text = cell.keys.in_clear.to_string();
    for (number, what) in [(cell.keys.missed, "missed"), (cell.keys.added, "more")] {
        if number > 0 {
            write!(text, ", {number} {what}").ok();
        }
    }
    text
}

/// Frames that came out, of those that were whole, and what was refused.
fn lossy(cell: &Cell) -> String {
    cell.lossy.as_ref().map_or_else(String::new, |verdict| {
        let refused = match verdict.refused {
            0 => String::new(),
            refused => format!(", {refused} refused"),
        };
        format!("{}/{} whole{refused}", verdict.exact, verdict.whole)
    })
}

/// Frames that came out without a codec, of all.
fn opaque(cell: &Cell) -> String {
    let (verdict, _) = &cell.opaque;
    format!("{}/{}", verdict.exact, verdict.total)
}

/// A table for each codec in Markdown: streams in rows, packetizers in columns.
pub(crate) fn markdown(cells: &[Cell]) -> String {
    let mut text = String::new();
    let mut codecs: Vec<_> = cells.iter().map(|cell| cell.codec).collect();
    codecs.dedup();
    for codec in codecs {
        let cells: Vec<_> = cells.iter().filter(|cell| cell.codec == codec).collect();
        let mut streams: Vec<_> = cells.iter().map(|cell| cell.stream).collect();
        streams.dedup();
        let columns: Vec<_> = cells
            .iter()
            .filter(|cell| streams.first() == Some(&cell.stream))
            .map(|cell| cell.packetizer)
            .collect();
        let row = |name: &str, content: &dyn Fn(&str) -> String| {
            let columns: Vec<_> = columns.iter().map(|column| content(column)).collect();
            format!("| {name} | {} |\n", columns.join(" | "))
        };
        text.push_str(&row(codec, &|column| column.to_owned()));
        text.push_str(&row("---", &|_| "---".to_owned()));
        for stream in &streams {
            text.push_str(&row(stream, &|column| {
                let of = |cell: &&&Cell| cell.stream == *stream && cell.packetizer == column;
                cells
                    .iter()
                    .find(of)
                    .map_or_else(String::new, |cell| in_page(cell))
            }));
        }
        text.push_str(&row("*opaque*", &|column| {
            let of = cells.iter().filter(|cell| cell.packetizer == column);
            let (mut exact, mut total, mut others) = (0, 0, 0);
            for cell in of {
                exact += cell.opaque.0.exact;
                total += cell.opaque.0.total;
                others += cell.opaque_keys.missed + cell.opaque_keys.added;
            }
            if exact == total && others > 0 {
                format!("{exact}/{total}, {others} marked otherwise")
            } else {
                format!("{exact}/{total}")
            }
        }));
        text.push('\n');
    }
    text
}

/// A cell of a table.
fn in_page(cell: &Cell) -> String {
    let mut text = exact(cell);
    if let Some(verdict) = &cell.lossy {
        write!(text, ", {}/{}", verdict.exact, verdict.whole).ok();
    }
    for (number, what) in [(cell.keys.missed, "not"), (cell.keys.added, "more")] {
        if number > 0 {
            write!(text, ", {number} {what} marked").ok();
        }
    }
    if cell.left_out() > 0 {
        write!(text, ", {} fewer in clear", cell.left_out()).ok();
    }
    if cell.is_wrong() {
        text.push_str(", **wrong**");
    }
    text
}

/// What loss did, over all cells.
pub(crate) fn losses(cells: &[Cell]) -> String {
    let lossy: Vec<_> = cells
        .iter()
        .filter_map(|cell| cell.lossy.as_ref())
        .collect();
    let sum =
        |count: fn(&Verdict) -> usize| lossy.iter().map(|verdict| count(verdict)).sum::<usize>();
    format!(
        "with loss: {} frames, {} of them whole, {} opened bit by bit, {} damaged ones refused, {} whole ones not given out",
        sum(|verdict| verdict.total),
        sum(|verdict| verdict.whole),
        sum(|verdict| verdict.exact),
        sum(|verdict| verdict.refused),
        sum(|verdict| verdict.withheld)
    )
}
