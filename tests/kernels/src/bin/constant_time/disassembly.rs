//! Follows secrets through the instructions of the kernels, as they stand in this program.

use std::collections::{BTreeMap, BTreeSet};
use std::hint::black_box;

use crate::instruction::{Instruction, Operand, RCX, RDI, RDX, RSI};
use crate::program::{Callee, Function, Program};
use crate::subject::{looks_up, stops_early};
use crate::taint::{Arrays, State, Value};

/// In the names of all functions of the kernels.
const KERNELS: &str = "mediaseal6cipher7backend3x86";
/// Tiers, as names have them, and how many functions each has at least that are called from outside: `seal`, `open` and `apply_keystream` for both key sizes.
const TIERS: [&str; 3] = ["vaes512", "vaes256", "aesni"];
const CALLED: [&str; 6] = [
    "4seal17h",
    "4open17h",
    "15apply_keystream17h",
    "10expand_12817h",
    "10expand_25617h",
    "11make_powers17h",
];
/// Not constant-time, and to be noticed.
const CONTROLS: [&str; 2] = ["stops_early", "looks_up"];

/// What is wrong, and where.
type Findings = BTreeSet<String>;

/// Follows `function`, of which the arrays `known` are known, from `entry` on; what it calls gets its own entry. Returns the arrays of its stack.
fn follow(
    program: &Program,
    (address, function): (u64, &Function),
    entry: &State,
    known: &Arrays,
    findings: &mut Findings,
    calls: &mut Vec<(u64, State)>,
) -> Arrays {
    let mut arrays = Arrays::default();
    let mut states: BTreeMap<u64, State> = BTreeMap::from([(address, entry.clone())]);
    let mut open = BTreeSet::from([address]);
    let mut report = |instruction: &Instruction, what: &str| {
        findings.insert(format!("{}: {what}: {}", function.name, instruction.line));
    };
    while let Some(at) = open.pop_first() {
        let Some(instruction) = function.code.get(&at) else {
            continue;
        };
        let mut state = states[&at].clone();
        arrays.note(&state, instruction);
        if state.has_secret_address(instruction) {
            report(instruction, "a secret address");
        }
        let mut next = Vec::new();
        let following = function.code.range(at + 1..).next().map(|(at, _)| *at);
        let is_jump = instruction.name.starts_with('j');
        match instruction.operands.as_slice() {
            [Operand::Target(target)] if is_jump => {
                if instruction.name != "jmp" && state.flags {
                    report(instruction, "a branch on secrets");
                }
                if function.code.contains_key(target) {
                    next.push(*target);
                } else {
                    calls.push((*target, state.for_callee()));
                }
            }
            [target] if is_jump => match state.read(target) {
                Value::Jump(table) => next.extend(program.jumps(table, function)),
                _ => report(instruction, "a jump that cannot be followed"),
            },
            [target] if instruction.name == "call" => {
                let callee = match target {
                    Operand::Target(address) => Some(Callee::Known(*address)),
                    Operand::Memory(place) => place.fixed.and_then(|at| program.through(at)),
                    _ => None,
                };
                let mut arguments = vec![RDI, RSI, RDX, RCX, 8, 9];
                match callee {
                    Some(Callee::Known(address)) if program.functions.contains_key(&address) => {
                        calls.push((address, state.for_callee()));
                        arguments = program.functions[&address].arguments();
                    }
                    // It does not come back.
                    Some(Callee::Known(address)) if is_end(program.name(address)) => continue,
                    Some(Callee::Known(address)) => {
                        report(instruction, &format!("calls {}", program.name(address)));
                    }
                    Some(Callee::Named(name)) if is_copy(&name) => {
                        if [RDI, RDX]
                            .iter()
                            .any(|register| state.registers[*register].is_secret())
                            || (!name.starts_with("memset") && state.registers[RSI].is_secret())
                        {
                            report(instruction, "a copy from, to or of secret length");
                        }
                    }
                    Some(Callee::Named(name)) => report(instruction, &format!("calls {name}")),
                    None => report(instruction, "a call that cannot be followed"),
                }
                state.after_call(&arguments, known);
            }
            _ => {}
        }
        if !is_jump
            && instruction.name != "call"
            && let Err(what) = state.step(instruction, known)
        {
            report(instruction, &what);
        }
        let is_certain = state.is_zero && instruction.name == "je";
        if !instruction.ends() && !is_certain {
            next.extend(following);
        }
        if state.is_zero && instruction.name == "jne" {
            next.retain(|target| Some(*target) == following);
        }
        for target in next {
            let is_new = match states.get_mut(&target) {
                Some(known) => known.join(&state),
                None => {
                    states.insert(target, state.clone());
                    true
                }
            };
            if is_new {
                open.insert(target);
            }
        }
    }
    arrays
}

/// Whether a function of this name is the end of the program.
fn is_end(name: &str) -> bool {
    ["panic", "_fail", "unwrap_failed", "overflow"]
        .iter()
        .any(|part| name.contains(part))
}

/// Whether it is one of the C library that reads and writes what its arguments say.
fn is_copy(name: &str) -> bool {
    ["memcpy", "memmove", "memset"]
        .iter()
        .any(|part| name.starts_with(part))
}

/// Follows all functions that `is_called` from outside, and what they call.
fn findings(program: &Program, is_called: impl Fn(&str) -> bool) -> (Findings, BTreeSet<u64>) {
    let mut findings = Findings::new();
    let called = program
        .functions
        .iter()
        .filter(|(_, function)| is_called(&function.name));
    let mut entries: BTreeMap<u64, State> = called
        .map(|(address, _)| (*address, State::at_entry()))
        .collect();
    let mut open: BTreeSet<u64> = entries.keys().copied().collect();
    while let Some(address) = open.pop_first() {
        let Some(function) = program.functions.get(&address) else {
            findings.insert(format!("jumps to {}", program.name(address)));
            continue;
        };
        let mut calls = Vec::new();
        let entry = &entries[&address];
        let function = (address, function);
        // Once for the arrays of its stack, and then in earnest.
        let (none, mut unused) = (Arrays::default(), (Findings::new(), Vec::new()));
        let arrays = follow(
            program,
            function,
            entry,
            &none,
            &mut unused.0,
            &mut unused.1,
        );
        follow(program, function, entry, &arrays, &mut findings, &mut calls);
        for (callee, state) in calls {
            let is_new = match entries.get_mut(&callee) {
                Some(known) => known.join(&state),
                None => {
                    entries.insert(callee, state);
                    true
                }
            };
            if is_new {
                open.insert(callee);
            }
        }
    }
    (findings, entries.into_keys().collect())
}

pub(crate) fn run() -> Result<String, String> {
    // So that they are in the program.
    black_box((stops_early(&[1], &[1]), looks_up(&[1; 256], &[1])));
    let program = Program::read(|name| {
        name.contains(KERNELS) || CONTROLS.iter().any(|control| name.contains(control))
    })?;
    for (control, expected) in CONTROLS
        .into_iter()
        .zip(["a branch on secrets", "a secret address"])
    {
        let (found, _) = findings(&program, |name| name.contains(control));
        if !found.iter().any(|finding| finding.contains(expected)) {
            return Err(format!("positive control: {control} is not noticed"));
        }
    }
    let (found, reached) = findings(&program, |name| {
        name.contains(KERNELS) && CALLED.iter().any(|called| name.contains(called))
    });
    for finding in found.iter().take(40) {
        println!("{finding}");
    }
    if !found.is_empty() {
        return Err(format!("{} findings", found.len()));
    }
    let mut notes = Vec::new();
    for tier in TIERS {
        let of_tier = |called: &str| {
            let functions = reached.iter().map(|address| &program.functions[address]);
            functions
                .filter(|function| function.name.contains(tier) && function.name.contains(called))
                .count()
        };
        for called in &CALLED[..3] {
            if of_tier(called) < 2 {
                return Err(format!("{tier}: {called} is not there for both key sizes"));
            }
        }
        let functions = of_tier("");
        let instructions: usize = reached
            .iter()
            .map(|address| &program.functions[address])
            .filter(|function| function.name.contains(tier))
            .map(|function| function.code.len())
            .sum();
        println!("vectors: instructions followed, {tier}: {instructions}");
        notes.push(format!(
            "{tier} {functions} functions of {instructions} instructions"
        ));
    }
    Ok(format!(
        "{}: no branch, address, shift or division depends on secrets; both controls are noticed",
        notes.join(", ")
    ))
}
