//! What was measured, as it is written to disk.

use serde::{Deserialize, Serialize};

/// One figure.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Row {
    /// The table that it belongs to, such as `aead` or `channel`.
    pub bench: String,
    /// What was done, such as `seal`.
    pub op: String,
    /// Octets of a packet; 0 where there is none.
    pub octets: usize,
    /// Streams, cores or packets a batch; 1 where there is one.
    pub count: usize,
    /// Who did it.
    pub who: String,
    /// The median: nanoseconds a packet, or octets in the tables that count octets.
    pub median: f64,
    /// The 10th percentile of the rounds.
    pub low: f64,
    /// The 90th percentile of the rounds.
    pub high: f64,
}

/// Someone who was not measured.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Absent {
    /// Who.
    pub who: String,
    /// Why.
    pub why: String,
}

/// A whole run.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Results {
    /// The class of the processor.
    pub cpu: String,
    /// Cores that this program may use.
    pub cores: usize,
    /// What the processor has of what matters here.
    pub cpu_features: Vec<String>,
    /// The compiler.
    pub rustc: String,
    /// Whether this was the short run.
    pub quick: bool,
    /// Rounds of each comparison.
    pub rounds: usize,
    /// The share of turns, in percent, in which another program had the core: how busy the machine was.
    #[serde(default)]
    pub disturbed: f64,
    /// Each peer's version.
    pub versions: Vec<(String, String)>,
    /// Every figure.
    pub rows: Vec<Row>,
    /// Who is missing.
    pub absent: Vec<Absent>,
}

impl Results {
    /// The figure of one contender.
    #[must_use]
    pub fn find(
        &self,
        bench: &str,
        op: &str,
        octets: usize,
        count: usize,
        who: &str,
    ) -> Option<&Row> {
        self.rows.iter().find(|row| {
            row.bench == bench
                && row.op == op
                && row.octets == octets
                && row.count == count
                && row.who == who
        })
    }

    /// The figures of one table, in the order of measuring.
    pub fn table<'a>(&'a self, bench: &'a str, op: &'a str) -> impl Iterator<Item = &'a Row> {
        self.rows
            .iter()
            .filter(move |row| row.bench == bench && row.op == op)
    }

    /// Notes that someone is missing, once.
    pub fn is_absent(&mut self, who: &str, why: &str) {
        if self.absent.iter().all(|absent| absent.who != who) {
            self.absent.push(Absent {
                who: who.to_owned(),
                why: why.to_owned(),
            });
        }
    }

    /// Takes over what a child process measured.
    pub fn absorb(&mut self, other: Self) {
        self.rows.extend(other.rows);
        for absent in other.absent {
            self.is_absent(&absent.who, &absent.why);
        }
    }
}
