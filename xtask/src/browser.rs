//! `cargo xtask browser`, and the part `browser` of `cargo xtask test`: mediaseal as WebAssembly in headless Chromium.
//!
//! The page and what drives it are in `bindings/wasm/browser`; here is what has to be there before.

use std::{
    fs,
    num::NonZeroU32,
    path::{Path, PathBuf},
};

use crate::{
    command::Invocation,
    packages::{self, Program},
    parts::{Campaign, Halt},
    wasm,
    workspace::Workspace,
};

/// Where the page lies.
const FOLDER: &str = "bindings/wasm/browser";

/// What of the package needs no browser.
const TESTS: &str = "bindings/wasm/tests/package.test.mjs";

/// What plays pages.
pub(crate) const PROGRAMS: [Program; 3] = [
    Program {
        name: "chromium",
        package: "chromium",
    },
    Program {
        name: "node",
        package: "nodejs",
    },
    Program {
        name: "npm",
        package: "npm",
    },
];

/// The page that `cargo xtask bench` writes too, and the marks between which the figures of the browser stand.
const PERFORMANCE: &str = "docs/performance.md";
const BEGIN: &str = "<!-- browser: cargo xtask browser --measure -->\n";
const END: &str = "<!-- /browser -->\n";

/// Makes the calls; the last line printed says how many frames were compared. Or measures, prints the table last, and writes it down.
///
/// # Errors
/// A sentence, if something does not build, run or show what it must.
pub(crate) fn command(measures: bool) -> Result<bool, String> {
    let mut campaign = Campaign::new(Workspace::find()?, NonZeroU32::MIN);
    let done = if measures {
        measure(&mut campaign)
    } else {
        run(&mut campaign).map(|_| ())
    };
    match done {
        Ok(()) => Ok(true),
        Err(Halt::Failed(reason) | Halt::Skipped(reason)) => Err(reason),
    }
}

/// Makes a call for each codec and kind of layers, and holds every frame that arrives to what was sent.
///
/// # Errors
/// Failed, if a frame is wrong or a call shows too little; skipped, if there is no Chromium and none can be installed.
pub(crate) fn run(campaign: &mut Campaign) -> Result<String, Halt> {
    let output = prepare(campaign)?;
    Invocation::new("node", &output)
        .env("MEDIASEAL_PACKAGE", output.join("mediaseal"))
        .args(["--test"])
        .args([campaign.workspace.root.join(TESTS)])
        .run(&mut campaign.transcript)?
        .successful()?;
    let finished = page(campaign, &output)
        .run(&mut campaign.transcript)?
        .successful()?;
    let frames = exact_frames(&finished.stdout)?;
    Ok(format!("{frames} frames bit-exact, 0 wrong"))
}

/// The frames that the last line of `stdout` counts.
fn exact_frames(stdout: &str) -> Result<u64, Halt> {
    let line = stdout.lines().last().unwrap_or_default();
    line.strip_prefix("browser: ")
        .and_then(|counts| counts.strip_suffix(" frames bit-exact, 0 wrong"))
        .and_then(|count| count.parse().ok())
        .filter(|count| *count > 0)
        .ok_or_else(|| Halt::Failed(format!("the page reports: {line}")))
}

/// Measures beside WebCrypto.
fn measure(campaign: &mut Campaign) -> Result<(), Halt> {
    let output = prepare(campaign)?;
    let finished = page(campaign, &output)
        .args(["--measure"])
        .run(&mut campaign.transcript)?
        .successful()?;
    let file = campaign.workspace.root.join(PERFORMANCE);
    let failed = |error| Halt::Failed(format!("{PERFORMANCE}: {error}"));
    let text = fs::read_to_string(&file).map_err(failed)?;
    let text = between_marks(&text, &finished.stdout)
        .ok_or_else(|| Halt::Failed(format!("{PERFORMANCE} has not the marks of the browser")))?;
    fs::write(&file, text).map_err(failed)
}

/// `text` with `table` between the marks.
fn between_marks(text: &str, table: &str) -> Option<String> {
    let (before, rest) = text.split_once(BEGIN)?;
    let (_, after) = rest.split_once(END)?;
    Some(format!("{before}{BEGIN}\n{}\n\n{END}{after}", table.trim()))
}

/// Node with the program that drives the browser, whose table or last line it prints.
fn page(campaign: &Campaign, output: &Path) -> Invocation {
    Invocation::new("node", output).args([campaign.workspace.root.join(FOLDER).join("run.mjs")])
}

/// Sees that browser, driver and package are there; returns the folder that they work in.
fn prepare(campaign: &mut Campaign) -> Result<PathBuf, Halt> {
    packages::ensure(campaign, &PROGRAMS, "the page in the browser")?;
    let output = campaign.workspace.target.join("browser");
    install_driver(campaign, &output)?;
    wasm::package(campaign, &output.join("mediaseal"))?;
    Ok(output)
}

/// Installs what drives the browser into a folder.
pub(crate) fn install_driver(campaign: &mut Campaign, output: &Path) -> Result<(), Halt> {
    let from = campaign.workspace.root.join(FOLDER);
    let copied = fs::create_dir_all(output).and_then(|()| {
        for file in ["package.json", "package-lock.json"] {
            fs::copy(from.join(file), output.join(file))?;
        }
        Ok(())
    });
    copied.map_err(|error| Halt::Failed(format!("{}: {error}", output.display())))?;
    Invocation::new("npm", output)
        .args(["ci", "--ignore-scripts", "--no-audit", "--no-fund"])
        .run(&mut campaign.transcript)?
        .successful()?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::{BEGIN, END, between_marks, exact_frames};

    #[test]
    fn a_page_without_frames_or_with_wrong_ones_fails() {
        let good = "npm said this\nbrowser: 12 frames bit-exact, 0 wrong\n";
        assert!(matches!(exact_frames(good), Ok(12)));
        for bad in [
            "",
            "browser: 0 frames bit-exact, 0 wrong",
            "browser: 12 frames bit-exact, 1 wrong",
            "browser: 12 frames bit-exact, 0 wrong\nand then this",
        ] {
            assert!(exact_frames(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_table_takes_the_place_of_the_last_one_alone() {
        let page = format!("before\n{BEGIN}old\n{END}after\n");
        let new = format!("before\n{BEGIN}\n| new |\n\n{END}after\n");
        assert_eq!(between_marks(&page, "| new |\n").as_deref(), Some(&*new));
        assert_eq!(between_marks(&new, "| new |\n"), Some(new));
        assert_eq!(between_marks("no marks", "| new |"), None);
    }
}
