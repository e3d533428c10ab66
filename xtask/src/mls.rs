//! Runs `examples/mls`, a package outside the workspace: media under the keys of an MLS group.

use crate::{
    command::cargo,
    parts::{Campaign, Halt},
};

/// The example's package.
pub(crate) const MANIFEST: &str = "examples/mls/Cargo.toml";

/// Lints the example and runs it.
///
/// # Errors
/// Failed, if it does not build or run, clippy has something to say, or somebody opened what is not his.
pub(crate) fn run(campaign: &mut Campaign) -> Result<String, Halt> {
    let root = campaign.workspace.root.clone();
    let output = campaign.workspace.target.join("mls");
    cargo(&root)
        .env("CARGO_TARGET_DIR", &output)
        .args([
            "clippy",
            "--release",
            "--locked",
            "--manifest-path",
            MANIFEST,
        ])
        .args(["--", "-D", "warnings"])
        .run(&mut campaign.transcript)?
        .successful()?;
    let finished = cargo(&root)
        .env("CARGO_TARGET_DIR", &output)
        .args(["run", "--release", "--locked", "--manifest-path", MANIFEST])
        .run(&mut campaign.transcript)?
        .successful()?;
    let last = finished.stdout.lines().last().unwrap_or_default();
    verdict(last)
        .map_err(|wrong| Halt::Failed(format!("`{}` closes with {wrong:?}", finished.line)))
}

/// The counts of the example's last line, if it counts no frame that somebody opened who had left.
fn verdict(last: &str) -> Result<String, &str> {
    let counts = last
        .strip_prefix("mls: 4 clients, ")
        .and_then(|line| line.strip_suffix(" frames bit-exact, 0 opened by who had left"))
        .ok_or(last)?;
    let (epochs, frames) = counts.split_once(" epochs, ").ok_or(last)?;
    match (epochs.parse::<u64>(), frames.parse::<u64>()) {
        (Ok(8..), Ok(1000..)) => Ok(format!("{epochs} epochs, {frames} frames bit-exact")),
        _ => Err(last),
    }
}

#[cfg(test)]
mod tests {
    use super::verdict;

    #[test]
    fn only_a_call_that_nobody_overheard_passes() {
        let line = |epochs, frames, overheard| {
            format!(
                "mls: 4 clients, {epochs} epochs, {frames} frames bit-exact, {overheard} opened by who had left"
            )
        };
        assert!(verdict(&line(10, 2595, 0)).is_ok());
        for line in [
            line(10, 2595, 1),
            line(0, 2595, 0),
            line(10, 0, 0),
            String::new(),
        ] {
            assert!(verdict(&line).is_err(), "{line}");
        }
    }
}
