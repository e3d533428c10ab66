//! Has our own vectors computed again by a program that shares no line with the library.

use crate::{
    parts::{Campaign, Halt},
    tools,
};

/// Runs the check of `tests/vectors/mediaseal`, which needs PyPI's `cryptography`.
///
/// # Errors
/// Skipped if Python is not to be had; failed at the first value that is another.
pub(crate) fn run(campaign: &mut Campaign) -> Result<String, Halt> {
    let python = tools::python_with(
        campaign,
        "cryptography.hazmat.primitives.kdf.argon2",
        "cryptography>=46",
        "the independent check of our vectors",
    )?;
    let finished = python
        .args(["tests/vectors/mediaseal/check.py"])
        .run(&mut campaign.transcript)?
        .successful()?;
    let counts: Vec<u64> = finished
        .stdout
        .lines()
        .filter_map(|line| {
            line.strip_prefix("vectors: ")?
                .rsplit_once(": ")?
                .1
                .parse()
                .ok()
        })
        .collect();
    if counts.len() < 5 || counts.contains(&0) {
        return Err(Halt::Failed(
            "not every file of vectors was read".to_owned(),
        ));
    }
    let sum: u64 = counts.iter().sum();
    Ok(format!("{sum} vectors of channel keys are as computed"))
}
