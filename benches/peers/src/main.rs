//! Measures mediaseal beside its peers and writes what it found as JSON: `cargo xtask bench` runs it.

use std::{env, fs, path::PathBuf, process::ExitCode};

use bench_peers::{
    aead, allocations, channel, report,
    results::Results,
    rounds::{Plan, cpus, disturbed, pin},
    sections::{CHILD, SECTIONS, run_child},
};

#[global_allocator]
static ALLOCATOR: allocations::Counting = allocations::Counting;

/// The command line, understood.
struct Request {
    quick: bool,
    is_child: bool,
    /// Where the figures go.
    json: PathBuf,
    /// Where the page and its pictures go.
    docs: Option<PathBuf>,
    /// Whether the figures of the last run are shown, and nothing is measured.
    again: bool,
    /// The tables; empty means all.
    only: Vec<String>,
}

fn parse(mut arguments: impl Iterator<Item = String>) -> Result<Request, String> {
    let mut request = Request {
        quick: false,
        is_child: false,
        json: PathBuf::from("results.json"),
        docs: None,
        again: false,
        only: Vec::new(),
    };
    while let Some(argument) = arguments.next() {
        let mut value = || arguments.next().ok_or(format!("{argument} needs a path"));
        match argument.as_str() {
            "--quick" => request.quick = true,
            "--again" => request.again = true,
            "--json" => request.json = value()?.into(),
            "--docs" => request.docs = Some(value()?.into()),
            CHILD => request.is_child = true,
            name if SECTIONS.iter().any(|section| section.name == name) => {
                request.only.push(argument)
            }
            unknown => return Err(format!("there is no table {unknown}")),
        }
    }
    Ok(request)
}

fn main() -> ExitCode {
    match parse(env::args().skip(1)).and_then(|request| run(&request)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("bench: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run(request: &Request) -> Result<(), String> {
    let plan = Plan::new(request.quick);
    if request.is_child {
        pin_to_first();
        let mut results = Results::default();
        run_child(&mut results, plan);
        let json = serde_json::to_string(&results).map_err(|error| error.to_string())?;
        println!("{json}");
        return Ok(());
    }
    let results = if request.again {
        let json =
            fs::read(&request.json).map_err(|error| format!("no figures to show: {error}"))?;
        serde_json::from_slice(&json).map_err(|error| error.to_string())?
    } else {
        let results = measure(request, plan);
        let json = serde_json::to_vec_pretty(&results).map_err(|error| error.to_string())?;
        fs::write(&request.json, json).map_err(|error| error.to_string())?;
        results
    };
    report::print(&results);
    if let Some(docs) = &request.docs {
        report::write(&results, docs)
            .map_err(|error| format!("the page could not be written: {error}"))?;
    }
    Ok(())
}

fn pin_to_first() {
    if let Some(&first) = cpus().first() {
        pin(first);
    }
}

fn measure(request: &Request, plan: Plan) -> Results {
    let mut results = report::machine(plan);
    results.cores = cpus().len();
    results.versions = report::versions();
    results.versions.extend(aead::loaded_versions());
    results.versions.extend(channel::loaded_versions());
    aead::everyone(&mut aead::Prove(&mut results));
    for section in SECTIONS {
        if request.only.is_empty() || request.only.iter().any(|name| name == section.name) {
            eprintln!("measuring: {}", section.name);
            // The table of several cores needs them all; the others stay on one.
            if section.name != "cores" {
                pin_to_first();
            }
            (section.run)(&mut results, plan);
        }
    }
    results.disturbed = disturbed();
    results
}
