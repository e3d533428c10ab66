//! The few things that only the operating system gives.

#![allow(
    unsafe_code,
    reason = "system calls; each block states why it is sound"
)]

mod fork;

pub(crate) use fork::ForkGuard;
