//! Everyone held to AES-NI and PCLMULQDQ: a process of its own, whose environment takes the rest away.

use std::{env, process::Command};

use super::back_to_back::Gather;
use crate::{
    aead,
    results::Results,
    rounds::{Label, Plan, interleave},
};

/// The argument that makes this program the child.
pub const CHILD: &str = "--same-tier-child";

const SIZES: [usize; 5] = [20, 80, 160, 1200, 16_384];

pub(super) fn run(results: &mut Results, plan: Plan) {
    match child(plan) {
        Ok(child) => results.absorb(child),
        Err(why) => results.is_absent("the AES-NI tier", &why),
    }
}

fn child(plan: Plan) -> Result<Results, String> {
    let program = env::current_exe().map_err(|error| error.to_string())?;
    let (variable, value) = aead::WITHOUT_VAES;
    let mut command = Command::new(program);
    command.arg(CHILD).env(variable, value);
    if plan.quick {
        command.arg("--quick");
    }
    let output = command.output().map_err(|error| error.to_string())?;
    if !output.status.success() {
        return Err(String::from_utf8_lossy(&output.stderr).into_owned());
    }
    serde_json::from_slice(&output.stdout).map_err(|error| error.to_string())
}

/// Measures in this process.
pub(super) fn run_here(results: &mut Results, plan: Plan) {
    if !cfg!(target_arch = "x86_64") {
        results.is_absent("the AES-NI tier", "this is no x86-64");
        return;
    }
    for octets in SIZES {
        for op in ["seal", "open"] {
            let mut gather = Gather::new(16, octets, op);
            aead::same_tier(&mut gather);
            let label = Label {
                bench: "same-tier",
                op,
                octets,
                count: 1,
            };
            interleave(results, plan, label, gather.contenders);
        }
    }
}
