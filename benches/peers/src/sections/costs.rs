//! What a frame must not cost: memory from the allocator, and calls of the system.

use std::ops::Range;

use crate::{
    allocations,
    channel::{Channel, OURS, Ours},
    results::Results,
    rounds::{Label, Plan, add},
};

const FRAMES: usize = 10_000;

pub(super) fn run(results: &mut Results, _: Plan) {
    let label = |op| Label {
        bench: "costs",
        op,
        octets: 80,
        count: 1,
    };
    let mut ours = Ours::new(80);
    ours.lay_out(FRAMES);
    // The first frame of a stream may cost what no other does.
    frames(&mut ours, 0..1);
    let before = allocations::count();
    frames(&mut ours, 1..FRAMES);
    let allocated = (allocations::count() - before) as f64 / (FRAMES - 1) as f64;
    add(results, label("allocations"), OURS, &mut [allocated]);
    match calls_the_system() {
        Ok(calls) => add(
            results,
            label("system calls"),
            OURS,
            &mut [f64::from(u8::from(calls))],
        ),
        Err(why) => results.is_absent("system calls", why),
    }
}

/// Both directions, with frames that lie ready.
fn frames(ours: &mut Ours, which: Range<usize>) {
    for index in which {
        ours.encrypt();
        assert!(ours.decrypt(index));
    }
}

/// Whether the frames of a child process call the system, for which the kernel would kill it.
#[cfg(target_os = "linux")]
fn calls_the_system() -> Result<bool, &'static str> {
    // SAFETY: this program has one thread now.
    let child = unsafe { libc::fork() };
    if child == 0 {
        // After the fork: keys of before it are refused.
        let mut ours = Ours::new(80);
        ours.lay_out(FRAMES);
        frames(&mut ours, 0..1);
        // SAFETY: from here on only `exit` is called, which the strict mode allows.
        unsafe {
            if libc::prctl(libc::PR_SET_SECCOMP, libc::SECCOMP_MODE_STRICT) != 0 {
                libc::_exit(2);
            }
        }
        frames(&mut ours, 1..FRAMES);
        // SAFETY: it ends this process.
        unsafe { libc::syscall(libc::SYS_exit, 0) };
    }
    let mut status = 0;
    // SAFETY: the child is ours.
    if child < 0 || unsafe { libc::waitpid(child, &raw mut status, 0) } != child {
        return Err("no child process could be had");
    }
    if libc::WIFSIGNALED(status) {
        return Ok(true);
    }
    if libc::WEXITSTATUS(status) == 0 {
        Ok(false)
    } else {
        Err("the kernel has no strict seccomp")
    }
}

#[cfg(not(target_os = "linux"))]
fn calls_the_system() -> Result<bool, &'static str> {
    Err("only Linux has strict seccomp")
}
