//! Tables of ratios: how many times as long as mediaseal everyone takes.

use super::targets::{best_kernel, peers};
use crate::{
    channel::OURS,
    results::Results,
    sections::{ALONE, OPAQUE_IN_PLACE, STREAMS_BATCH},
};

/// A table, to be printed or written.
pub(super) struct Table {
    /// What it shows.
    pub(super) title: String,
    /// Its columns.
    pub(super) head: Vec<String>,
    /// Its rows.
    pub(super) rows: Vec<Vec<String>>,
}

impl Table {
    /// Columns of one width, the first to the left and the others to the right, but for words.
    pub(super) fn plain(&self) -> String {
        let widths: Vec<usize> = (0..self.head.len())
            .map(|column| {
                let cells = self.rows.iter().filter_map(|row| row.get(column));
                cells
                    .chain([&self.head[column]])
                    .map(|cell| cell.chars().count())
                    .max()
                    .unwrap_or(0)
            })
            .collect();
        let line = |row: &[String]| {
            let mut line = String::new();
            for (column, cell) in row.iter().enumerate() {
                let room = " ".repeat(widths[column] - cell.chars().count());
                if self.is_text(column) {
                    line.push_str(cell);
                    line.push_str(&room);
                } else {
                    line.push_str(&room);
                    line.push_str(cell);
                }
                line.push_str("  ");
            }
            line.truncate(line.trim_end().len());
            line
        };
        let mut lines = vec![line(&self.head)];
        lines.extend(self.rows.iter().map(|row| line(row)));
        lines.join("\n")
    }

    /// The table in Markdown.
    pub(super) fn markdown(&self) -> String {
        let line = |row: &[String]| format!("| {} |\n", row.join(" | "));
        let rule: Vec<String> = (0..self.head.len())
            .map(|column| if self.is_text(column) { "---" } else { "---:" }.to_owned())
            .collect();
        let mut text = line(&self.head);
        text.push_str(&line(&rule));
        text.extend(self.rows.iter().map(|row| line(row)));
        text
    }

    fn is_text(&self, column: usize) -> bool {
        column == 0 || ["verdict", "worst case"].contains(&self.head[column].as_str())
    }
}

/// Every table but that of the targets.
pub(super) fn all(results: &Results) -> Vec<Table> {
    let best = best_kernel(results);
    let mut tables = Vec::new();
    for (bench, ours, what) in [
        ("aead", best.as_str(), "AES-128-GCM, back to back"),
        ("aead-256", &best, "AES-256-GCM, back to back"),
        ("isolated", &best, "AES-128-GCM, one call at a time, warm"),
        (
            "cold",
            &best,
            "AES-128-GCM, one call at a time, after other work",
        ),
        (
            "same-tier",
            "mediaseal AES-NI",
            "AES-128-GCM, everyone held to AES-NI and PCLMULQDQ",
        ),
        ("channel", OURS, "Whole frames"),
        ("codecs", OPAQUE_IN_PLACE, "H.264 frames, codec-aware"),
        ("proof", ALONE, "Frames that a sentinel observes"),
        (
            "ctr-hmac",
            OURS,
            "AES-128-CTR with HMAC-SHA-256, tags of 80 bits",
        ),
    ] {
        for op in ["seal", "open", "encrypt", "decrypt"] {
            let title = format!("{what}: {op}, time as a multiple of {ours}'s, by octets");
            tables.extend(by(results, bench, op, ours, &title, |row| row.octets));
        }
    }
    let title =
        format!("Random streams, 80 B: seal, time as a multiple of {STREAMS_BATCH}, by streams");
    tables.extend(by(
        results,
        "streams",
        "seal",
        STREAMS_BATCH,
        &title,
        |row| row.count,
    ));
    for octets in [80, 1200] {
        tables.extend(cores(results, octets));
    }
    let title = format!("Taking a key, time as a multiple of {best}'s");
    tables.extend(by(results, "keys", "set up", &best, &title, |_| 0));
    for (op, what) in [
        ("context", "Octets of a key's context"),
        ("stream, both ends", "Octets of a stream, both ends"),
        (
            "sender: store and encryptor",
            "Octets of a sender: store, key and encryptor",
        ),
    ] {
        tables.extend(octets(results, op, what));
    }
    tables
}

/// Rows of everyone, columns of what `column` finds, cells of ratios to `ours`.
fn by(
    results: &Results,
    bench: &str,
    op: &str,
    ours: &str,
    title: &str,
    column: impl Fn(&crate::results::Row) -> usize,
) -> Option<Table> {
    let mut columns: Vec<usize> = results.table(bench, op).map(&column).collect();
    columns.dedup();
    columns.sort_unstable();
    columns.dedup();
    let mut names: Vec<&str> = Vec::new();
    for row in results.table(bench, op) {
        if !names.contains(&row.who.as_str()) {
            names.push(&row.who);
        }
    }
    let cell = |who: &str, at: usize| {
        results
            .table(bench, op)
            .find(|row| row.who == who && column(row) == at)
            .map(|row| row.median)
    };
    let rows: Vec<Vec<String>> = names
        .into_iter()
        .map(|who| {
            let ratios = columns
                .iter()
                .map(|&at| match (cell(who, at), cell(ours, at)) {
                    (Some(theirs), Some(mine)) => format!("{:.2}", theirs / mine),
                    _ => "–".to_owned(),
                });
            std::iter::once(who.to_owned()).chain(ratios).collect()
        })
        .collect();
    let head = columns.iter().map(|at| {
        if *at == 0 {
            "ratio".to_owned()
        } else {
            grouped(*at)
        }
    });
    (!rows.is_empty()).then(|| Table {
        title: title.to_owned(),
        head: std::iter::once(String::new()).chain(head).collect(),
        rows,
    })
}

/// How much more everyone does on two cores than on one.
fn cores(results: &Results, octets: usize) -> Option<Table> {
    let best = best_kernel(results);
    let mut names = peers(results, "cores");
    names.splice(0..0, [best.as_str(), OURS]);
    let rows: Vec<Vec<String>> = names
        .into_iter()
        .filter_map(|who| {
            let at = |count| {
                results
                    .find("cores", "seal", octets, count, who)
                    .map(|row| row.median)
            };
            let mine = |count| {
                results
                    .find("cores", "seal", octets, count, &best)
                    .map(|row| row.median)
            };
            Some(vec![
                who.to_owned(),
                format!("{:.2}", at(1)? / mine(1)?),
                format!("{:.2}", at(2)? / mine(2)?),
                format!("{:.2}", at(1)? / at(2)?),
            ])
        })
        .collect();
    (!rows.is_empty()).then(|| Table {
        title: format!("One core and two, {octets} B: seal, time a packet as a multiple of {best}'s, and what the second core brings"),
        head: ["", "1 core", "2 cores", "2 cores : 1 core"].map(str::to_owned).to_vec(),
        rows,
    })
}

/// Octets, as they are.
fn octets(results: &Results, op: &str, title: &str) -> Option<Table> {
    let rows: Vec<Vec<String>> = results
        .table("memory", op)
        .map(|row| vec![row.who.clone(), grouped(row.median.round() as usize)])
        .collect();
    (!rows.is_empty()).then(|| Table {
        title: title.to_owned(),
        head: vec![String::new(), "octets".to_owned()],
        rows,
    })
}

/// 131,072
pub(super) fn grouped(number: usize) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}
