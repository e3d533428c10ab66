//! How far the call is, on standard error.

use std::io::{self, IsTerminal, Write};
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use crate::stream::Stream;

/// How often it looks whether the call is over.
const TURN: Duration = Duration::from_millis(20);
/// How often a line on a terminal is written anew; elsewhere a new line comes ten times less often.
const REFRESH: Duration = Duration::from_millis(500);

/// Numbers of the whole call, counted by its threads as they go.
pub(crate) struct Progress {
    total: u64,
    pub(crate) sent: AtomicU64,
    pub(crate) delivered: AtomicU64,
    pub(crate) refused: AtomicU64,
}

impl Progress {
    /// Starts at zero.
    pub(crate) fn new(streams: &[Stream]) -> Self {
        let frames = streams
            .iter()
            .map(|stream| stream.media.frames.len() as u64);
        Self {
            total: frames.sum(),
            sent: AtomicU64::new(0),
            delivered: AtomicU64::new(0),
            refused: AtomicU64::new(0),
        }
    }

    /// Shows the numbers until `is_over`.
    pub(crate) fn watch(&self, is_over: impl Fn() -> bool) {
        let start = Instant::now();
        let mut terminal = io::stderr().is_terminal().then(io::stderr);
        let refresh = if terminal.is_some() {
            REFRESH
        } else {
            10 * REFRESH
        };
        let mut next_line = refresh;
        while !is_over() {
            let elapsed = start.elapsed();
            if elapsed >= next_line {
                next_line += refresh;
                let line = self.line(elapsed);
                // A progress line that cannot be written is no reason to end the call.
                match &mut terminal {
                    Some(terminal) => write!(terminal, "\r{line}\x1b[K").ok(),
                    None => writeln!(io::stderr(), "{line}").ok(),
                };
            }
            thread::sleep(TURN);
        }
        if let Some(terminal) = &mut terminal {
            write!(terminal, "\r\x1b[K").ok();
        }
    }

    fn line(&self, elapsed: Duration) -> String {
        let now = |number: &AtomicU64| number.load(Ordering::Relaxed);
        format!(
            "{:5.1} s  {} of {} frames sent, {} delivered, {} refused",
            elapsed.as_secs_f64(),
            now(&self.sent),
            self.total,
            now(&self.delivered),
            now(&self.refused)
        )
    }
}
