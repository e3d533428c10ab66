//! Rounds in which contenders take turns, and what is made of their times.

use std::{
    sync::atomic::{AtomicU64, Ordering},
    time::{Duration, Instant},
};

use crate::results::{Results, Row};

/// How long to measure.
#[derive(Clone, Copy, Debug)]
pub struct Plan {
    /// Whether this is the short run.
    pub quick: bool,
    /// Rounds; every contender has one turn in each.
    pub rounds: usize,
    /// About how long a turn takes.
    pub turn: Duration,
}

impl Plan {
    /// The rounds of a run, short or long.
    #[must_use]
    pub fn new(quick: bool) -> Self {
        Self {
            quick,
            rounds: if quick { 31 } else { 61 },
            turn: Duration::from_micros(if quick { 300 } else { 1000 }),
        }
    }

    /// The same with turns `factor` times as long.
    #[must_use]
    pub fn longer(self, factor: u32) -> Self {
        Self {
            turn: self.turn * factor,
            ..self
        }
    }

    /// The same with `rounds` rounds or more.
    #[must_use]
    pub fn at_least(self, rounds: usize) -> Self {
        Self {
            rounds: self.rounds.max(rounds),
            ..self
        }
    }
}

/// Someone whose calls are timed.
pub struct Contender<'a> {
    name: String,
    run: Box<dyn FnMut(u32, usize) -> Duration + 'a>,
}

impl<'a> Contender<'a> {
    /// `run` makes so many calls and says how long they took; what prepares them is not in that time.
    pub fn new(name: impl Into<String>, mut run: impl FnMut(u32) -> Duration + 'a) -> Self {
        Self::by_round(name, move |calls, _| run(calls))
    }

    /// The same, told the number of the round, for those that do it differently in each.
    pub fn by_round(name: impl Into<String>, run: impl FnMut(u32, usize) -> Duration + 'a) -> Self {
        Self {
            name: name.into(),
            run: Box::new(run),
        }
    }

    /// A contender whose calls need no preparing.
    pub fn calling(name: impl Into<String>, mut call: impl FnMut() + 'a) -> Self {
        Self::new(name, move |calls| {
            let began = Instant::now();
            for _ in 0..calls {
                call();
            }
            began.elapsed()
        })
    }

    /// As many calls as take about `turn`.
    fn calibrate(&mut self, turn: Duration) -> u32 {
        let mut calls = 1;
        loop {
            // Whoever is interrupted once is not slow.
            let took = (0..3)
                .map(|_| (self.run)(calls, 0))
                .min()
                .unwrap_or_default();
            let took = took.max(Duration::from_nanos(1));
            if took * 4 >= turn || calls >= 1 << 24 {
                let needed = f64::from(calls) * turn.as_secs_f64() / took.as_secs_f64();
                return (needed as u32).max(1);
            }
            calls *= 2;
        }
    }

    /// One turn; if somebody else had the core in it, it is had again, some times.
    fn turn(&mut self, calls: u32, round: usize) -> Duration {
        let mut best = Duration::MAX;
        for _ in 0..TRIES {
            let before = preemptions();
            best = best.min((self.run)(calls, round));
            TURNS.fetch_add(1, Ordering::Relaxed);
            if preemptions() == before {
                break;
            }
            DISTURBED.fetch_add(1, Ordering::Relaxed);
        }
        best
    }
}

/// Turns so far, and those of them in which another program had the core.
static TURNS: AtomicU64 = AtomicU64::new(0);
static DISTURBED: AtomicU64 = AtomicU64::new(0);

/// The share of turns, in percent, in which another program had the core.
#[must_use]
pub fn disturbed() -> f64 {
    let turns = TURNS.load(Ordering::Relaxed).max(1);
    DISTURBED.load(Ordering::Relaxed) as f64 * 100.0 / turns as f64
}

/// How often a turn is had again.
const TRIES: usize = 4;

/// How often the threads of this program, also those that ended, were made to leave their cores.
fn preemptions() -> i64 {
    #[cfg(target_os = "linux")]
    {
        // SAFETY: all zeros is a value of it.
        let mut usage: libc::rusage = unsafe { std::mem::zeroed() };
        // SAFETY: the place is writable.
        unsafe { libc::getrusage(libc::RUSAGE_SELF, &raw mut usage) };
        usage.ru_nivcsw
    }
    #[cfg(not(target_os = "linux"))]
    0
}

/// Where the rows of a comparison belong.
#[derive(Clone, Copy, Debug)]
pub struct Label<'a> {
    /// The table.
    pub bench: &'a str,
    /// What is done.
    pub op: &'a str,
    /// Octets of a packet.
    pub octets: usize,
    /// Streams, cores or packets a batch.
    pub count: usize,
}

/// Lets the contenders take turns, in another order each round, and adds the medians of the rounds to `results`.
pub fn interleave(
    results: &mut Results,
    plan: Plan,
    label: Label<'_>,
    contenders: Vec<Contender<'_>>,
) -> Rounds {
    let rounds = Rounds::of(plan, contenders);
    for (name, times) in &rounds.times {
        add(results, label, name, &mut times.clone());
    }
    rounds
}

/// Everyone's nanoseconds a call, round by round.
pub struct Rounds {
    times: Vec<(String, Vec<f64>)>,
}

impl Rounds {
    fn of(plan: Plan, mut contenders: Vec<Contender<'_>>) -> Self {
        let calls: Vec<u32> = contenders
            .iter_mut()
            .map(|contender| contender.calibrate(plan.turn))
            .collect();
        let mut times = vec![Vec::with_capacity(plan.rounds); contenders.len()];
        for round in 0..plan.rounds {
            for turn in 0..contenders.len() {
                let who = (round + turn) % contenders.len();
                let took = contenders[who].turn(calls[who], round);
                times[who].push(took.as_secs_f64() * 1e9 / f64::from(calls[who]));
            }
        }
        let names = contenders.into_iter().map(|contender| contender.name);
        Self {
            times: names.zip(times).collect(),
        }
    }

    /// What one took more than another, round by round; adds the median to `results`.
    pub fn add_difference(&self, results: &mut Results, label: Label<'_>, more: &str, less: &str) {
        let of = |who: &str| {
            self.times
                .iter()
                .find(|(name, _)| name == who)
                .map(|(_, times)| times)
        };
        if let (Some(mine), Some(theirs)) = (of(more), of(less)) {
            let mut differences: Vec<f64> = mine.iter().zip(theirs).map(|(a, b)| a - b).collect();
            add(results, label, more, &mut differences);
        }
    }
}

/// Adds the median of `figures` to `results`.
pub fn add(results: &mut Results, label: Label<'_>, who: &str, figures: &mut [f64]) {
    figures.sort_by(f64::total_cmp);
    let at = |tenths: usize| figures[(figures.len() - 1) * tenths / 10];
    results.rows.push(Row {
        bench: label.bench.to_owned(),
        op: label.op.to_owned(),
        octets: label.octets,
        count: label.count,
        who: who.to_owned(),
        median: at(5),
        low: at(1),
        high: at(9),
    });
}

/// The CPUs that this process might run on when it began.
#[must_use]
pub fn cpus() -> &'static [usize] {
    static CPUS: std::sync::OnceLock<Vec<usize>> = std::sync::OnceLock::new();
    CPUS.get_or_init(cpus_now)
}

fn cpus_now() -> Vec<usize> {
    // SAFETY: all zeros is an empty set.
    let mut set: libc::cpu_set_t = unsafe { std::mem::zeroed() };
    // SAFETY: the set is as large as it is said to be.
    if unsafe { libc::sched_getaffinity(0, size_of::<libc::cpu_set_t>(), &raw mut set) } != 0 {
        return vec![0];
    }
    (0..libc::CPU_SETSIZE as usize)
        // SAFETY: the index is below the size of the set.
        .filter(|cpu| unsafe { libc::CPU_ISSET(*cpu, &set) })
        .collect()
}

/// Keeps the calling thread on `cpu`.
pub fn pin(cpu: usize) {
    // SAFETY: all zeros is an empty set.
    let mut set: libc::cpu_set_t = unsafe { std::mem::zeroed() };
    // SAFETY: the CPU is one that the kernel named.
    unsafe { libc::CPU_SET(cpu, &mut set) };
    // SAFETY: the set is as large as it is said to be.
    let refused =
        unsafe { libc::sched_setaffinity(0, size_of::<libc::cpu_set_t>(), &raw const set) };
    assert_eq!(refused, 0, "this thread cannot be kept on one CPU");
}
