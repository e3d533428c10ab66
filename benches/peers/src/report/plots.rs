//! The pictures of the page.

use super::{
    plot::{Line, Plot},
    targets::best_kernel,
};
use crate::{
    channel::OURS,
    results::{Results, Row},
    sections::STREAMS_BATCH,
};

/// Every picture with the name of its file; those without figures are left out.
pub(super) fn all(results: &Results) -> Vec<(&'static str, String)> {
    let best = best_kernel(results);
    let of = |bench: &'static str, op: &'static str, ours: &str, title: &str| Picture {
        bench,
        op,
        ours: ours.to_owned(),
        title: title.to_owned(),
    };
    let pictures = [
        (
            "seal.svg",
            of(
                "aead",
                "seal",
                &best,
                "AES-128-GCM, seal in place: time a packet",
            ),
            Kind::Time,
        ),
        (
            "open.svg",
            of(
                "aead",
                "open",
                &best,
                "AES-128-GCM, open in place: time a packet",
            ),
            Kind::Time,
        ),
        (
            "seal-ratio.svg",
            of(
                "aead",
                "seal",
                &best,
                "AES-128-GCM, seal: how many times as fast as each peer",
            ),
            Kind::Ratio,
        ),
        (
            "same-tier.svg",
            of(
                "same-tier",
                "seal",
                "mediaseal AES-NI",
                "Everyone held to AES-NI: how many times as fast as each peer",
            ),
            Kind::Ratio,
        ),
        (
            "cold.svg",
            of(
                "cold",
                "seal",
                &best,
                "One call after other work: time a packet",
            ),
            Kind::Time,
        ),
        (
            "channel.svg",
            of(
                "channel",
                "encrypt",
                OURS,
                "Whole frames, encrypt: time a frame",
            ),
            Kind::Time,
        ),
        (
            "channel-ratio.svg",
            of(
                "channel",
                "encrypt",
                OURS,
                "Whole frames, encrypt: how many times as fast as each peer",
            ),
            Kind::Ratio,
        ),
        (
            "ctr-hmac.svg",
            of(
                "ctr-hmac",
                "seal",
                OURS,
                "AES-128-CTR with HMAC-SHA-256, seal: time a packet",
            ),
            Kind::Time,
        ),
        (
            "streams.svg",
            of(
                "streams",
                "seal",
                STREAMS_BATCH,
                "80 octets, streams visited at random: time a packet",
            ),
            Kind::Streams,
        ),
    ];
    pictures
        .into_iter()
        .filter_map(|(name, picture, kind)| Some((name, picture.plot(results, kind)?.svg())))
        .collect()
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// Nanoseconds by octets.
    Time,
    /// Their time over ours by octets.
    Ratio,
    /// Nanoseconds by streams.
    Streams,
}

struct Picture {
    bench: &'static str,
    op: &'static str,
    ours: String,
    title: String,
}

impl Picture {
    fn plot(&self, results: &Results, kind: Kind) -> Option<Plot> {
        let at = |row: &Row| {
            if kind == Kind::Streams {
                row.count
            } else {
                row.octets
            }
        };
        let points = |who: &str| -> Vec<(f64, f64)> {
            results
                .table(self.bench, self.op)
                .filter(|row| row.who == who)
                .map(|row| (at(row) as f64, row.median))
                .collect()
        };
        let mine = points(&self.ours);
        let mut names = vec![self.ours.as_str()];
        for row in results.table(self.bench, self.op) {
            if !names.contains(&row.who.as_str()) {
                names.push(&row.who);
            }
        }
        let lines: Vec<Line> = names
            .into_iter()
            .filter(|who| kind != Kind::Ratio || !who.starts_with(OURS))
            .filter(|who| !who.ends_with("portable") && !who.ends_with("VAES-256"))
            .map(|who| Line {
                name: who.to_owned(),
                is_ours: who.starts_with(OURS),
                points: points(who)
                    .into_iter()
                    .filter_map(|(x, theirs)| {
                        let ours = mine.iter().find(|point| point.0 == x)?.1;
                        Some((
                            x,
                            if kind == Kind::Ratio {
                                theirs / ours
                            } else {
                                theirs
                            },
                        ))
                    })
                    .collect(),
            })
            .filter(|line| !line.points.is_empty())
            .collect();
        let x_ticks = mine.iter().map(|point| point.0).collect();
        (mine.len() > 1 && !lines.is_empty()).then(|| Plot {
            title: self.title.clone(),
            x_label: if kind == Kind::Streams {
                "streams"
            } else {
                "octets of a packet"
            }
            .to_owned(),
            y_label: if kind == Kind::Ratio {
                "times as fast"
            } else {
                "nanoseconds a packet"
            }
            .to_owned(),
            x_ticks,
            par: (kind == Kind::Ratio).then_some(1.0),
            lines,
        })
    }
}
