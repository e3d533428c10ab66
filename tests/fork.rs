//! A forked process does not go on with its parent's counters.
#![cfg(unix)]
#![allow(unsafe_code, reason = "fork and waitpid are unsafe calls")]
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod common;

use common::{GCM, Pair, info, key_b, store};
use mediaseal::{ChannelEncryptor, CounterOrigin, CounterStore, Error, KeyId, Mode};

/// Runs `child` in a fork and returns its exit status.
fn in_fork(child: impl FnOnce() -> bool) -> i32 {
    // SAFETY: the child allocates, which glibc allows after a fork of a process with several threads, and leaves by _exit, so
    // that nothing of the test harness runs in it.
    let pid = unsafe { libc::fork() };
    assert!(pid >= 0, "fork failed");
    if pid == 0 {
        let held = std::panic::catch_unwind(std::panic::AssertUnwindSafe(child)).unwrap_or(false);
        // SAFETY: leaves the process at once.
        unsafe { libc::_exit(i32::from(!held)) };
    }
    let mut status = -1;
    // SAFETY: `pid` is a child of this process and `status` is writable.
    let waited = unsafe { libc::waitpid(pid, &mut status, 0) };
    assert_eq!(waited, pid);
    status
}

#[test]
fn a_child_seals_nothing_with_inherited_keys_and_all_with_its_own() {
    let mut pair = Pair::gcm();
    pair.seal("before");
    let status = in_fork(|| {
        let refused = pair.encryptor.encrypt_to_vec(&info(), b"child");
        if refused != Err(Error::Forked) || pair.send.tick(1_000_000) != Err(Error::Forked) {
            return false;
        }
        // A key added to an inherited store is the child's own.
        let kid = KeyId::new(6);
        pair.send
            .add_send(key_b(), kid, CounterOrigin::FreshKey)
            .unwrap();
        pair.send.activate(kid).unwrap();
        let grandchild = || {
            let own = store(GCM);
            own.add_send(key_b(), kid, CounterOrigin::FreshKey).unwrap();
            own.activate(kid).unwrap();
            let mut own = ChannelEncryptor::new(&own, Mode::Frame).unwrap();
            pair.encryptor.encrypt_to_vec(&info(), b"grandchild") == Err(Error::Forked)
                && own.encrypt_to_vec(&info(), b"own").is_ok()
        };
        in_fork(grandchild) == 0 && pair.encryptor.encrypt_to_vec(&info(), b"child").is_ok()
    });
    assert_eq!(status, 0);
    let after = pair
        .encryptor
        .encrypt_to_vec(&info(), b"parent goes on")
        .unwrap();
    assert_eq!(
        after[0], 0x01,
        "KID 0, CTR 1: the child spent nothing of it"
    );
}

#[test]
fn a_child_claims_no_counters_from_an_inherited_store() {
    let folder = std::env::temp_dir().join(format!("mediaseal-fork-{}", std::process::id()));
    let counters = CounterStore::create(&folder).unwrap();
    let kid = KeyId::new(8);
    let status = in_fork(|| {
        let own = store(GCM);
        own.add_send(key_b(), kid, CounterOrigin::Store(&counters)) == Err(Error::Forked)
    });
    assert_eq!(status, 0);
    let own = store(GCM);
    own.add_send(key_b(), kid, CounterOrigin::Store(&counters))
        .unwrap();
    drop((own, counters));
    std::fs::remove_dir_all(folder).unwrap();
}

/// A test above that could not fail would pass here too.
#[test]
fn the_harness_reports_a_failing_child() {
    assert_ne!(in_fork(|| false), 0);
    assert_ne!(in_fork(|| panic!("expected by this test")), 0);
}
