//! The replay window against a model that forgets nothing: a set of all that was opened.

use std::collections::HashSet;

use proptest::prelude::*;

use crate::id::Counter;
use crate::keys::replay::{FRAME_WINDOW, NoLease, PACKET_WINDOW, ReplayWindow, Verdict};

const STEPS: u32 = 1_000_000;

#[derive(Default)]
struct Model {
    opened: HashSet<u64>,
    start: u64,
    head: Option<u64>,
    floor: Option<u64>,
}

impl Model {
    fn judge(&self, ctr: u64, width: u64) -> Verdict {
        if self.floor.is_some_and(|floor| ctr <= floor) {
            return Verdict::Replayed;
        }
        let Some(head) = self.head else {
            return Verdict::Fresh;
        };
        if ctr > head {
            Verdict::Fresh
        } else if ctr < self.start || head - ctr >= width {
            Verdict::TooOld
        } else if self.opened.contains(&ctr) {
            Verdict::Duplicate
        } else {
            Verdict::Fresh
        }
    }

    fn open(&mut self, ctr: u64) {
        if self.head.is_none() {
            self.start = ctr.saturating_sub(64);
        }
        self.opened.insert(ctr);
        self.head = self.head.max(Some(ctr));
    }
}

/// Where the next frame comes from, seen from the head of the window.
#[derive(Clone, Copy, Debug)]
enum Arrival {
    Ahead(u64),
    Behind(u64),
    Anywhere(u64),
}

fn arrival() -> impl Strategy<Value = Arrival> {
    prop_oneof![
        6 => (1..4u64).prop_map(Arrival::Ahead),
        2 => (1..200u64).prop_map(Arrival::Ahead),
        1 => (1..20_000u64).prop_map(Arrival::Ahead),
        6 => (0..70u64).prop_map(Arrival::Behind),
        3 => (1000..1050u64).prop_map(Arrival::Behind),
        3 => (8150..8250u64).prop_map(Arrival::Behind),
        1 => (0..u64::MAX).prop_map(Arrival::Behind),
        1 => (u64::MAX - 50_000..=u64::MAX).prop_map(Arrival::Anywhere),
    ]
}

fn run(
    arrivals: &[(Arrival, bool, bool)],
    first: u64,
    floor: Option<u64>,
) -> Result<(), TestCaseError> {
    let window = ReplayWindow::new(floor.map(Counter::new));
    let mut model = Model {
        floor,
        ..Model::default()
    };
    for &(arrival, wide, authentic) in arrivals {
        let head = model.head.unwrap_or(first);
        let ctr = match arrival {
            Arrival::Ahead(by) => head.saturating_add(by),
            Arrival::Behind(by) => head.saturating_sub(by),
            Arrival::Anywhere(ctr) => ctr,
        };
        let width = if wide { PACKET_WINDOW } else { FRAME_WINDOW };
        let expected = model.judge(ctr, width);
        prop_assert_eq!(
            window.look(Counter::new(ctr), width),
            expected,
            "look at {}",
            ctr
        );
        // A frame that fails authentication is only looked at.
        if authentic {
            let lease = window.lease().unwrap();
            prop_assert_eq!(
                lease.mark(Counter::new(ctr), width),
                Ok(expected),
                "mark {}",
                ctr
            );
            if expected == Verdict::Fresh {
                model.open(ctr);
            }
        }
        let head = model.head.max(model.floor).map(Counter::new);
        prop_assert_eq!(window.head(), head);
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: STEPS / 500, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_window_agrees_with_the_model_through_a_million_steps(
        arrivals in proptest::collection::vec((arrival(), any::<bool>(), prop::bool::weighted(0.8)), 500),
        first in prop_oneof![0..200u64, any::<u64>()],
        floor in prop_oneof![Just(None), (0..300u64).prop_map(Some), any::<u64>().prop_map(Some)],
    ) {
        run(&arrivals, first, floor)?;
    }
}

#[test]
fn a_busy_window_is_given_up_after_a_bounded_wait() {
    let window = ReplayWindow::new(None);
    let held = window.lease().unwrap();
    assert_eq!(window.lease().err(), Some(NoLease::Busy));
    drop(held);
    assert!(window.lease().is_ok());
}

#[test]
fn a_closed_window_marks_nothing_more() {
    let window = ReplayWindow::new(None);
    assert_eq!(
        window.lease().unwrap().mark(Counter::new(7), FRAME_WINDOW),
        Ok(Verdict::Fresh)
    );
    assert_eq!(window.close(), Some(Counter::new(7)));
    assert_eq!(window.lease().err(), Some(NoLease::Closed));
    assert_eq!(
        window.close(),
        Some(Counter::new(7)),
        "again, and it does not wait"
    );
    // Closed by force under a lease that somebody holds: his frame is not delivered, and the window stays closed.
    let stalled = ReplayWindow::new(None);
    let lease = stalled.lease().unwrap();
    stalled.close();
    assert_eq!(
        lease.mark(Counter::new(1), FRAME_WINDOW),
        Err(NoLease::Closed)
    );
    assert!(stalled.is_closed());
}

#[test]
fn one_bit_at_every_place_of_the_ring() {
    // Each CTR is marked alone and found alone: no other bit of the window answers for it.
    for start in [0, 1, 63, 64, 8191, 8192, 1 << 40] {
        let window = ReplayWindow::new(None);
        let mark = |ctr| {
            window
                .lease()
                .unwrap()
                .mark(Counter::new(ctr), PACKET_WINDOW)
        };
        assert_eq!(mark(start), Ok(Verdict::Fresh));
        for step in 1..=3 * PACKET_WINDOW {
            let ctr = start + 2 * step;
            assert_eq!(mark(ctr), Ok(Verdict::Fresh));
            assert_eq!(
                window.look(Counter::new(ctr), PACKET_WINDOW),
                Verdict::Duplicate
            );
            assert_eq!(
                window.look(Counter::new(ctr - 1), PACKET_WINDOW),
                Verdict::Fresh
            );
            assert_eq!(
                window.look(Counter::new(ctr + 1), PACKET_WINDOW),
                Verdict::Fresh
            );
        }
    }
}
