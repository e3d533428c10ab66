//! Whether the kernels take the same time whatever key and data are, seen from four sides; `docs/kernels.md` says what each can show.
//!
//! ```text
//! constant_time disassembly   no branch and no address depends on secrets, in the instructions of every kernel
//! constant_time steps         the same instructions in the same order for 1,000 keys and texts
//! constant_time all-steps     the same for every kind of call
//! constant_time secrets       under valgrind: no branch and no address depends on undefined memory
//! constant_time timing        Welch's t-test of fixed against random inputs
//! ```

#[cfg(all(target_arch = "x86_64", target_os = "linux"))]
mod disassembly;
#[cfg(all(target_arch = "x86_64", target_os = "linux"))]
mod instruction;
#[cfg(all(target_arch = "x86_64", target_os = "linux"))]
mod program;
#[cfg(all(target_arch = "x86_64", target_os = "linux"))]
mod secrets;
#[cfg(all(target_arch = "x86_64", target_os = "linux"))]
mod steps;
#[cfg(all(target_arch = "x86_64", target_os = "linux"))]
mod subject;
#[cfg(all(target_arch = "x86_64", target_os = "linux"))]
mod taint;
#[cfg(all(target_arch = "x86_64", target_os = "linux"))]
mod timing;

use std::process::ExitCode;

#[cfg(all(target_arch = "x86_64", target_os = "linux"))]
fn run(command: &str) -> Result<String, String> {
    mediaseal_kernel_tests::name_missing_tiers();
    match command {
        "disassembly" => disassembly::run(),
        "steps" => steps::run(false),
        "all-steps" => steps::run(true),
        "secrets" => secrets::run(),
        "timing" => timing::run(),
        unknown => Err(format!("unknown command {unknown}")),
    }
}

#[cfg(not(all(target_arch = "x86_64", target_os = "linux")))]
fn run(_command: &str) -> Result<String, String> {
    Err("this looks at x86-64 instructions on Linux alone".to_owned())
}

fn main() -> ExitCode {
    let command = std::env::args().nth(1).unwrap_or_default();
    match run(&command) {
        Ok(note) => {
            println!("{command}: {note}");
            ExitCode::SUCCESS
        }
        Err(reason) => {
            eprintln!("{command}: FAILED: {reason}");
            ExitCode::FAILURE
        }
    }
}
