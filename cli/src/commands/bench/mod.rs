//! `mediaseal bench`.

mod cases;

use std::io::Write;
use std::time::Duration;

use clap::Args;
use serde::Serialize;

use crate::outcome::{Failure, Verdict, json};
use crate::table::Table;
use cases::{Case, Failed};

/// How long one measurement of a case is meant to last.
const SLICE: Duration = Duration::from_micros(1_200);
/// Most frames of one measurement.
const MAX_FRAMES: u32 = 4_096;

const EXAMPLES: &str = "\
Examples:
  mediaseal bench                        a few seconds
  mediaseal bench --rounds 51            longer, and steadier
  mediaseal bench --json | jq '.cases[] | select(.octets == 1200)'

Each round measures every case for about a millisecond, one case after the other, so that what disturbs the machine falls on all of them alike. A number
is the median of the rounds. One thread; frames lie in the cache, and recordings are sealed without a disk. It says how this build runs on this machine
now, and nothing of other libraries: cargo xtask bench compares with those, side by side.";

/// Measure quickly how fast frames are sealed and opened on this machine
#[derive(Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Arguments {
    /// How many rounds
    #[arg(long, value_name = "NUMBER", default_value_t = 11, value_parser = clap::value_parser!(u16).range(3..=1001))]
    rounds: u16,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// What was measured, as JSON has it: names here are for ever.
#[derive(Serialize)]
struct Report {
    version: &'static str,
    architecture: &'static str,
    system: &'static str,
    /// The kernels for AES.
    tier: &'static str,
    rounds: u16,
    cases: Vec<Measured>,
}

/// One case: nanoseconds a frame or chunk.
#[derive(Clone, Serialize)]
struct Measured {
    suite: String,
    /// encrypt, decrypt, batch_encrypt, batch_decrypt; seal and open of recordings.
    operation: &'static str,
    octets: usize,
    /// Frames of one measurement.
    frames: u32,
    median_ns: u64,
    lowest_ns: u64,
    highest_ns: u64,
    /// Million octets of plaintext a second, by the median.
    megabytes_per_second: u64,
}

impl Arguments {
    pub(crate) fn run(&self, out: &mut dyn Write) -> Result<Verdict, Failure> {
        let failed = |error: Failed| Failure::Unreadable(error.to_string());
        let mut cases = cases::all().map_err(failed)?;
        let mut frames = Vec::new();
        for case in &mut cases {
            frames.push(calibrate(&mut **case).map_err(failed)?);
        }
        let mut times = vec![Vec::new(); cases.len()];
        for _ in 0..self.rounds {
            for ((case, frames), times) in cases.iter_mut().zip(&frames).zip(&mut times) {
                times.push(case.measure(*frames).map_err(failed)?);
            }
        }
        let measured = cases.iter().zip(&frames).zip(&mut times);
        let report = Report {
            version: env!("CARGO_PKG_VERSION"),
            architecture: std::env::consts::ARCH,
            system: std::env::consts::OS,
            tier: mediaseal::cpu().tier().name(),
            rounds: self.rounds,
            cases: measured
                .map(|((case, frames), times)| Measured::of(&**case, *frames, times))
                .collect(),
        };
        if self.json {
            json(out, &report)?;
        } else {
            report.write_text(out)?;
        }
        Ok(Verdict::Well)
    }
}

/// How many frames of a case take about the time of a measurement. What runs for the first time runs here.
fn calibrate(case: &mut dyn Case) -> Result<u32, Failed> {
    let mut frames = case.least();
    loop {
        let took = case.measure(frames)?;
        if took >= SLICE / 2 || frames >= MAX_FRAMES {
            return Ok(frames);
        }
        frames = frames.saturating_mul(2);
    }
}

impl Measured {
    fn of(case: &dyn Case, frames: u32, times: &mut [Duration]) -> Self {
        times.sort_unstable();
        let each = |time: Option<&Duration>| {
            let nanos = time.map_or(0, Duration::as_nanos);
            let frames = u128::from(frames.max(1));
            u64::try_from((nanos + frames / 2) / frames).unwrap_or(u64::MAX)
        };
        let median_ns = each(times.get(times.len() / 2));
        let octets = case.octets();
        let milli = u64::try_from(octets)
            .unwrap_or(u64::MAX)
            .saturating_mul(1_000);
        Self {
            suite: case.suite(),
            operation: case.operation(),
            octets,
            frames,
            median_ns,
            lowest_ns: each(times.first()),
            highest_ns: each(times.last()),
            megabytes_per_second: milli / median_ns.max(1),
        }
    }
}

impl Report {
    fn write_text(&self, out: &mut dyn Write) -> Result<(), Failure> {
        let (version, architecture, system) = (self.version, self.architecture, self.system);
        writeln!(
            out,
            "mediaseal {version}, {architecture}, {system}; AES by {}; medians of {} rounds, nanoseconds a frame\n",
            self.tier, self.rounds
        )?;
        let (recordings, frames): (Vec<_>, Vec<_>) = self
            .cases
            .iter()
            .partition(|case| matches!(case.operation, "seal" | "open"));
        let mut table = Table::new(&[
            "suite",
            "octets",
            "encrypt",
            "decrypt",
            "encrypt MB/s",
            "decrypt MB/s",
            "batch encrypt",
            "batch decrypt",
        ]);
        let mut rows: Vec<(&str, usize)> = Vec::new();
        for case in &frames {
            let row = (&*case.suite, case.octets);
            if !rows.contains(&row) {
                rows.push(row);
            }
        }
        for (suite, octets) in rows {
            let of = |operation: &str| {
                frames.iter().find(|case| {
                    (&*case.suite, case.octets, case.operation) == (suite, octets, operation)
                })
            };
            let time =
                |operation| of(operation).map_or(String::new(), |case| case.median_ns.to_string());
            let speed = |operation| {
                of(operation).map_or(String::new(), |case| case.megabytes_per_second.to_string())
            };
            table.row(vec![
                suite.to_owned(),
                octets.to_string(),
                time("encrypt"),
                time("decrypt"),
                speed("encrypt"),
                speed("decrypt"),
                time("batch_encrypt"),
                time("batch_decrypt"),
            ]);
        }
        write!(out, "{}", table.text())?;
        writeln!(out, "\nrecordings, nanoseconds a chunk, without a disk\n")?;
        let mut table = Table::new(&["suite", "octets", "operation", "ns", "MB/s"]);
        for case in recordings {
            table.row(vec![
                case.suite.clone(),
                case.octets.to_string(),
                case.operation.to_owned(),
                case.median_ns.to_string(),
                case.megabytes_per_second.to_string(),
            ]);
        }
        write!(out, "{}", table.text())?;
        let spread = |case: &&Measured| {
            let above = case.highest_ns.saturating_sub(case.median_ns);
            above.saturating_mul(100) / case.median_ns.max(1)
        };
        let widest = self.cases.iter().map(|case| spread(&case)).max();
        writeln!(
            out,
            "\nThe slowest round of a case took up to {} % more than its median. Beside other libraries: cargo xtask bench",
            widest.unwrap_or(0)
        )?;
        Ok(())
    }
}
