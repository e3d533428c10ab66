//! The states of keys: the table of SP 800-57 against every pair, and against any order of calls.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod custody_support;

use custody_support::{Kit, admin};
use mediaseal::vault::custody::{CustodyError, DestroyMode, KekRef, KeyState, NewKek, Survivors};
use proptest::prelude::*;

use KeyState::{Active, Compromised, Deactivated, Destroyed, PreActivation, Suspended};

/// NIST SP 800-57 part 1 revision 5, figure 3 and section 7.3, as the specification has it: written here once more, apart from the code.
const ALLOWED: [(KeyState, KeyState); 12] = [
    (PreActivation, Active),
    (PreActivation, Compromised),
    (PreActivation, Destroyed),
    (Active, Suspended),
    (Active, Deactivated),
    (Active, Compromised),
    (Suspended, Active),
    (Suspended, Deactivated),
    (Suspended, Compromised),
    (Deactivated, Compromised),
    (Deactivated, Destroyed),
    (Compromised, Destroyed),
];

/// How a key gets to a state from pre-activation.
fn way_to(state: KeyState) -> &'static [KeyState] {
    match state {
        Active => &[Active],
        Suspended => &[Active, Suspended],
        Deactivated => &[Active, Deactivated],
        Compromised => &[Compromised],
        Destroyed => &[Destroyed],
        _ => &[],
    }
}

fn new_kek(kit: &Kit, purpose: &str) -> KekRef {
    let new = NewKek {
        activation: mediaseal::vault::custody::Activation::ByHand,
        ..NewKek::new("acme", "", purpose)
    };
    kit.custody.create_kek(&admin(), &new).unwrap()
}

fn set(kit: &Kit, kek: &KekRef, state: KeyState) -> Result<(), CustodyError> {
    if state == Destroyed {
        let (mode, survivors) = (DestroyMode::Effective, Survivors::AreLost);
        let destroyed = kit
            .custody
            .destroy_kek(&admin(), kek, mode, survivors, "test");
        return destroyed.map(drop);
    }
    kit.custody
        .set_state(&admin(), kek, state, "test")
        .map(drop)
}

#[test]
fn every_pair_of_states_is_allowed_or_refused_as_the_table_says() {
    let kit = Kit::new("pairs");
    let mut allowed = 0;
    for from in KeyState::ALL {
        for to in KeyState::ALL {
            let kek = new_kek(&kit, &format!("{from} to {to}"));
            for state in way_to(from) {
                set(&kit, &kek, *state).unwrap();
            }
            let before = kit.custody.history(&admin(), &kek).unwrap();
            let changed = set(&kit, &kek, to);
            let after = kit.custody.history(&admin(), &kek).unwrap();
            assert_eq!(
                changed.is_ok(),
                ALLOWED.contains(&(from, to)),
                "{from} {to}"
            );
            assert_eq!(from.may_become(to), changed.is_ok());
            match changed {
                Ok(()) => {
                    allowed += 1;
                    assert_eq!(after.len(), before.len() + 1);
                    assert_eq!(after.last().unwrap().state, to);
                }
                Err(error) => {
                    assert_eq!(after, before);
                    let is_clear = match from {
                        Destroyed => matches!(error, CustodyError::KeyDestroyed { .. }),
                        _ => matches!(
                            error,
                            CustodyError::NoSuchTransition { from: was, to: asked, .. }
                                if (was, asked) == (from, to)
                        ),
                    };
                    assert!(is_clear, "{from} {to}: {error}");
                }
            }
        }
    }
    assert_eq!(allowed, 12);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

    /// Whatever is asked in whatever order: the key is where the table says, wraps and unwraps as its state says, and its history is whole.
    #[test]
    fn any_order_of_calls_keeps_to_the_table(calls in prop::collection::vec(0..6_usize, 1..12)) {
        let kit = Kit::new("any-order");
        let kek = new_kek(&kit, "x");
        let mut state = PreActivation;
        let mut dek = None;
        for call in calls {
            let to = KeyState::ALL[call];
            let changed = set(&kit, &kek, to);
            prop_assert_eq!(changed.is_ok(), ALLOWED.contains(&(state, to)), "{} {}", state, to);
            if changed.is_ok() {
                state = to;
            }
            let made = kit.custody.new_dek(&admin(), &kek.id);
            prop_assert_eq!(made.is_ok(), state == Active, "{}", state);
            dek = made.ok().map(|(id, _)| id).or(dek);
            if let Some(id) = &dek {
                let opens = kit.custody.open_dek(&admin(), id).is_ok();
                prop_assert_eq!(opens, matches!(state, Active | Deactivated), "{}", state);
                let accepting = admin().accepting_compromised();
                let opens = kit.custody.open_dek(&accepting, id).is_ok();
                prop_assert_eq!(opens, matches!(state, Active | Deactivated | Compromised), "{}", state);
            }
            let history = kit.custody.history(&admin(), &kek).unwrap();
            prop_assert_eq!(history[0].state, PreActivation);
            for pair in history.windows(2) {
                prop_assert!(ALLOWED.contains(&(pair[0].state, pair[1].state)));
            }
            prop_assert_eq!(history.last().unwrap().state, state);
        }
        kit.custody.verify(&admin()).unwrap();
    }
}
