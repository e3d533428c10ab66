//! The targets, and whether they are met.

use super::tables::Table;
use crate::{
    aead,
    channel::OURS,
    ctr_hmac,
    results::Results,
    sections::{
        ALONE, CTR_HMAC_BATCH, FRAME, OBSERVED, OPAQUE_IN_PLACE, OPAQUE_INTO, STREAMS_BATCH,
        codec_aware,
    },
};

/// What a figure must be.
#[derive(Clone, Copy)]
enum Bound {
    /// So many times as fast as the peer, or more.
    Times(f64),
    /// No more than so much.
    AtMost(f64),
}

/// One line of the list.
struct Target {
    what: String,
    unit: &'static str,
    floor: Bound,
    stretch: Bound,
    /// The figure and what it was taken against; nothing if it was not measured.
    figure: Option<(f64, String)>,
}

impl Bound {
    fn is_met(self, figure: f64) -> bool {
        match self {
            Self::Times(least) => figure >= least,
            Self::AtMost(most) => figure <= most,
        }
    }

    fn shown(self, unit: &str) -> String {
        match self {
            Self::Times(value) => format!("{value}×"),
            Self::AtMost(value) => format!("≤ {value}{unit}"),
        }
    }
}

impl Target {
    fn verdict(&self) -> String {
        let Some((figure, _)) = self.figure else {
            return "not measured".to_owned();
        };
        if self.stretch.is_met(figure) {
            "met, stretch too".to_owned()
        } else if self.floor.is_met(figure) {
            "met".to_owned()
        } else {
            match self.floor {
                Bound::Times(least) => format!("missed by {:.2}×", least - figure),
                Bound::AtMost(most) => format!("missed by {}", self.rounded(figure - most)),
            }
        }
    }

    fn figure(&self) -> String {
        match (&self.figure, self.floor) {
            (None, _) => "–".to_owned(),
            (Some((figure, _)), Bound::Times(_)) => format!("{figure:.2}×"),
            (Some((figure, _)), Bound::AtMost(_)) => self.rounded(*figure),
        }
    }

    fn rounded(&self, figure: f64) -> String {
        let decimals = if self.unit == "×" { 2 } else { 1 };
        format!("{figure:.decimals$}{}", self.unit)
    }
}

/// Every target with its verdict.
pub(super) fn table(results: &Results) -> Table {
    let rows = all(results)
        .iter()
        .map(|target| {
            let against = target.figure.as_ref().map_or("", |(_, against)| against);
            let unit = target.unit;
            vec![
                target.what.clone(),
                target.floor.shown(unit),
                target.stretch.shown(unit),
                target.figure(),
                target.verdict(),
                against.to_owned(),
            ]
        })
        .collect();
    Table {
        title: "Targets".to_owned(),
        head: [
            "target",
            "floor",
            "stretch",
            "measured",
            "verdict",
            "worst case",
        ]
        .map(str::to_owned)
        .to_vec(),
        rows,
    }
}

/// The three that most targets name.
const THREE: [&str; 3] = ["ring", "BoringSSL", "aws-lc-rs"];

fn all(results: &Results) -> Vec<Target> {
    let best = best_kernel(results);
    let bare =
        |op: &'static str, octets, peers: &[&str]| ratio(results, "aead", op, octets, &best, peers);
    let both = |sizes: &[usize], peers: &[&str]| {
        worst(
            sizes
                .iter()
                .flat_map(|&octets| [bare("seal", octets, peers), bare("open", octets, peers)]),
        )
    };
    let every_peer: Vec<&str> = peers(results, "aead");
    let mut targets = vec![
        times(
            "AEAD, 20 to 160 B, the best of ring, BoringSSL, aws-lc-rs",
            3.0,
            5.0,
            both(&[20, 80, 160], &THREE),
        ),
        times(
            "AEAD, 1200 and 1400 B, aws-lc-rs and ring",
            2.0,
            2.5,
            both(&[1200, 1400], &["aws-lc-rs", "ring"]),
        ),
        times(
            "AEAD, 1200 and 1400 B, BoringSSL",
            1.7,
            2.0,
            both(&[1200, 1400], &["BoringSSL"]),
        ),
        times(
            "AEAD, 16 KiB and 128 KiB, the best of all",
            0.97,
            1.1,
            both(&[16_384, 131_072], &every_peer),
        ),
    ];
    for (octets, floor, stretch) in [(80, 2.5, 4.0), (1200, 1.0, 1.2)] {
        for (others, named) in [
            (
                &["aws-lc-rs", "BoringSSL", "OpenSSL"][..],
                "the best of aws-lc-rs, BoringSSL, OpenSSL",
            ),
            (&["ipsec-mb"], "ipsec-mb"),
        ] {
            let ours = "mediaseal AES-NI";
            let figure = worst(
                ["seal", "open"].map(|op| ratio(results, "same-tier", op, octets, ours, others)),
            );
            targets.push(times(
                &format!("AES-NI only, {octets} B, {named}"),
                floor,
                stretch,
                figure,
            ));
        }
    }
    for (octets, floor, stretch) in [(80, 7.0, 10.0), (1200, 3.0, 3.5)] {
        let others: Vec<&str> = peers(results, "channel")
            .into_iter()
            .filter(|who| who.starts_with("sframe"))
            .collect();
        let figure = ratio(results, "channel", "encrypt", octets, OURS, &others);
        let what = format!("channel encrypt, {octets} B, the crate sframe with its best backend");
        targets.push(times(&what, floor, stretch, figure));
    }
    // What codec-aware frames need beside the cipher is the less, the slower the cipher is.
    let most = if best.contains("512") { 1.3 } else { 1.6 };
    for (way, opaque, most) in [
        ("in place", OPAQUE_IN_PLACE, most),
        ("into another buffer", OPAQUE_INTO, 1.8),
    ] {
        targets.push(at_most(
            &format!("encrypt H.264 frames codec-aware, {FRAME} B, beside {opaque}"),
            "×",
            most,
            most,
            slowest(
                results,
                "codecs",
                "encrypt",
                FRAME,
                opaque,
                codec_aware(way),
            ),
        ));
    }
    let observed = || std::iter::once(OBSERVED.to_owned());
    targets.push(at_most(
        "encrypt with a sentinel beside it, 1200 B",
        "×",
        1.03,
        1.02,
        slowest(results, "proof", "encrypt", 1200, ALONE, observed()),
    ));
    for op in ["encrypt", "decrypt"] {
        let figure = added(results, "added by channel", op, OURS);
        let what = format!("channel {op} on top of the bare kernel, 80 B");
        targets.push(at_most(&what, " ns", 25.0, 12.0, figure));
    }
    for op in ["encrypt", "decrypt"] {
        let figure = added(results, "added by C", op, "C");
        targets.push(at_most(
            &format!("{op} through C on top of Rust, 80 B"),
            " ns",
            5.0,
            3.5,
            figure,
        ));
    }
    for op in ["allocations", "system calls"] {
        let figure = results
            .find("costs", op, 80, 1, OURS)
            .map(|row| (row.median, String::new()));
        targets.push(at_most(&format!("{op} a frame"), "", 0.0, 0.0, figure));
    }
    let octets = results.find("memory", "kernel context", 0, 1, OURS);
    targets.push(at_most(
        "key context, octets",
        " B",
        640.0,
        512.0,
        octets.map(|row| (row.median, String::new())),
    ));
    let setup = results.find("keys", "set up", 0, 1, &best);
    targets.push(at_most(
        "key set up",
        " ns",
        200.0,
        110.0,
        setup.map(|row| (row.median, String::new())),
    ));
    for (peer, floor, stretch) in [("ring", 2.0, 3.0), ("aws-lc-rs", 3.5, 5.0)] {
        let figure = ratio_at(
            results,
            "streams",
            "seal",
            80,
            100_000,
            STREAMS_BATCH,
            &[peer],
        );
        let what = format!("100,000 random streams, 80 B, batches of whole frames, bare {peer}");
        targets.push(times(&what, floor, stretch, figure));
    }
    let others = peers(results, "ctr-hmac");
    let ctr = |ours: &str| {
        worst([80, 1200].map(|octets| ratio(results, "ctr-hmac", "seal", octets, ours, &others)))
    };
    targets.push(times(
        "CTR-HMAC, one frame, the best library",
        1.0,
        1.1,
        ctr(ctr_hmac::BARE),
    ));
    targets.push(times(
        "CTR-HMAC, batches of 16, the best library",
        1.7,
        2.3,
        ctr(CTR_HMAC_BATCH),
    ));
    targets
}

fn times(what: &str, floor: f64, stretch: f64, figure: Option<(f64, String)>) -> Target {
    Target {
        what: what.to_owned(),
        unit: "×",
        floor: Bound::Times(floor),
        stretch: Bound::Times(stretch),
        figure,
    }
}

fn at_most(
    what: &str,
    unit: &'static str,
    floor: f64,
    stretch: f64,
    figure: Option<(f64, String)>,
) -> Target {
    Target {
        what: what.to_owned(),
        unit,
        floor: Bound::AtMost(floor),
        stretch: Bound::AtMost(stretch),
        figure,
    }
}

/// The name of our best kernel in this run.
pub(super) fn best_kernel(results: &Results) -> String {
    results
        .table("aead", "seal")
        .chain(results.table("keys", "set up"))
        .find(|row| row.who.starts_with(OURS))
        .map_or_else(|| aead::best_kernel().name(), |row| row.who.clone())
}

/// Everyone in a table who is not mediaseal.
pub(super) fn peers<'a>(results: &'a Results, bench: &str) -> Vec<&'a str> {
    let mut peers: Vec<&str> = Vec::new();
    for row in results.rows.iter().filter(|row| row.bench == bench) {
        if !row.who.starts_with(OURS) && !peers.contains(&row.who.as_str()) {
            peers.push(&row.who);
        }
    }
    peers
}

/// How many times as fast as the fastest of `peers`, and where that was.
fn ratio(
    results: &Results,
    bench: &str,
    op: &str,
    octets: usize,
    ours: &str,
    peers: &[&str],
) -> Option<(f64, String)> {
    ratio_at(results, bench, op, octets, 1, ours, peers)
}

fn ratio_at(
    results: &Results,
    bench: &str,
    op: &str,
    octets: usize,
    count: usize,
    ours: &str,
    peers: &[&str],
) -> Option<(f64, String)> {
    let mine = results.find(bench, op, octets, count, ours)?.median;
    let fastest = peers
        .iter()
        .filter_map(|peer| results.find(bench, op, octets, count, peer))
        .min_by(|a, b| a.median.total_cmp(&b.median))?;
    Some((
        fastest.median / mine,
        format!("{op} {octets} B, {}", fastest.who),
    ))
}

/// How many times as long as `than` the slowest of `ours` takes, and which that is; nothing if one is missing.
fn slowest(
    results: &Results,
    bench: &str,
    op: &str,
    octets: usize,
    than: &str,
    ours: impl Iterator<Item = String>,
) -> Option<(f64, String)> {
    let theirs = results.find(bench, op, octets, 1, than)?.median;
    ours.map(|who| {
        let mine = results.find(bench, op, octets, 1, &who)?.median;
        Some((mine / theirs, who))
    })
    .collect::<Option<Vec<_>>>()?
    .into_iter()
    .max_by(|a, b| a.0.total_cmp(&b.0))
}

/// The least of some ratios; nothing if one is missing.
fn worst(figures: impl IntoIterator<Item = Option<(f64, String)>>) -> Option<(f64, String)> {
    figures
        .into_iter()
        .collect::<Option<Vec<_>>>()?
        .into_iter()
        .min_by(|a, b| a.0.total_cmp(&b.0))
}

/// The nanoseconds that something adds to 80 octets.
fn added(results: &Results, bench: &str, op: &str, who: &str) -> Option<(f64, String)> {
    let row = results.find(bench, op, 80, 1, who)?;
    Some((row.median, String::new()))
}
