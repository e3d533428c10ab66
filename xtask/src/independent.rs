//! Has our own vectors computed again by programs that share no line with the library.

use crate::{
    command::{Finished, Invocation, cargo},
    parts::{Campaign, Halt},
    tools,
};

/// Runs the checks of `tests/vectors/mediaseal`, which need PyPI's `cryptography`: of channel keys, and of grants, also of such as the library seals
/// now.
///
/// # Errors
/// Skipped if Python is not to be had; failed at the first value that is another.
pub(crate) fn run(campaign: &mut Campaign) -> Result<String, Halt> {
    let root = campaign.workspace.root.clone();
    cargo(&root)
        .args(["test", "--release", "--workspace"])
        .args(["--test", "grant_vectors", "what_we_seal"])
        .run(&mut campaign.transcript)?
        .successful()?;
    let sealed = campaign
        .workspace
        .target
        .join("tmp/sealed-by-mediaseal.json");
    let keys = python(campaign)?
        .args(["tests/vectors/mediaseal/check.py"])
        .run(&mut campaign.transcript)?
        .successful()?;
    let grants = python(campaign)?
        .args(["tests/vectors/mediaseal/check_grants.py"])
        .args([sealed])
        .run(&mut campaign.transcript)?
        .successful()?;
    Ok(format!(
        "{} vectors of channel keys and {} grants are as computed",
        count(&keys, 5)?,
        count(&grants, 2)?
    ))
}

/// Python with HPKE.
fn python(campaign: &mut Campaign) -> Result<Invocation, Halt> {
    tools::python_with(
        campaign,
        "cryptography.hazmat.primitives.hpke",
        "cryptography>=50",
        "the independent check of our vectors",
    )
}

/// What a check counted, in at least `files` files.
fn count(finished: &Finished, files: usize) -> Result<u64, Halt> {
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
    if counts.len() < files || counts.contains(&0) {
        return Err(Halt::Failed(
            "not every file of vectors was read".to_owned(),
        ));
    }
    Ok(counts.iter().sum())
}
