//! Has our own vectors computed again by programs that share no line with the library.

use crate::{
    command::{Finished, Invocation, cargo},
    parts::{Campaign, Halt},
    tools,
};

/// Runs the checks of `tests/vectors/mediaseal` and `tests/vectors/recording`, which need PyPI's `cryptography`: of channel keys; of an audit log; of grants and
/// of recordings, also of such as the library makes now.
///
/// # Errors
/// Skipped if Python is not to be had; failed at the first value that is another.
pub(crate) fn run(campaign: &mut Campaign) -> Result<String, Halt> {
    let channel_keys = channel_keys(campaign)?;
    let grants = grants(campaign)?;
    let audit = audit(campaign)?;
    let recordings = recordings(campaign)?;
    Ok(format!("{channel_keys}; {grants}; {audit}; {recordings}"))
}

/// Channel keys.
fn channel_keys(campaign: &mut Campaign) -> Result<String, Halt> {
    let finished = python(campaign)?
        .args(["tests/vectors/mediaseal/check.py"])
        .run(&mut campaign.transcript)?
        .successful()?;
    Ok(format!(
        "{} vectors of channel keys are as computed",
        count(&finished, 5)?
    ))
}

/// Grants: those of the vectors, and some that the library has just sealed.
fn grants(campaign: &mut Campaign) -> Result<String, Halt> {
    make(campaign, "grant_vectors", "what_we_seal")?;
    let sealed = campaign
        .workspace
        .target
        .join("tmp/sealed-by-mediaseal.json");
    let finished = python(campaign)?
        .args(["tests/vectors/mediaseal/check_grants.py"])
        .args([sealed])
        .run(&mut campaign.transcript)?
        .successful()?;
    Ok(format!("{} grants too", count(&finished, 2)?))
}

/// An audit log.
fn audit(campaign: &mut Campaign) -> Result<String, Halt> {
    let finished = python(campaign)?
        .args(["tests/vectors/mediaseal/check_audit.py"])
        .run(&mut campaign.transcript)?
        .successful()?;
    Ok(format!(
        "{} records of an audit log are as they should be",
        count(&finished, 1)?
    ))
}

/// Recordings: those of the vectors, and some that the library has just written.
fn recordings(campaign: &mut Campaign) -> Result<String, Halt> {
    make(campaign, "recording", "what_another_program_is_to_read")?;
    let written = campaign.workspace.target.join("tmp/recordings");
    let folders = ["whole", "crashed", "cobblestone-128"].map(|name| written.join(name));
    let finished = python(campaign)?
        .args(["-B", "tests/vectors/recording/check.py"])
        .args(folders)
        .run(&mut campaign.transcript)?
        .successful()?;
    let count = |prefix: &str| -> u64 {
        finished
            .stdout
            .lines()
            .filter_map(|line| {
                let (_, count) = line.strip_prefix(prefix)?.rsplit_once(": ")?;
                count.trim_end_matches(" frames").parse::<u64>().ok()
            })
            .sum()
    };
    let (vectors, frames) = (count("vectors: mediaseal recording"), count("recording "));
    if vectors < 10 || frames < 900 {
        return Err(Halt::Failed(format!(
            "only {vectors} vectors and {frames} frames of recordings were read"
        )));
    }
    Ok(format!(
        "{vectors} recordings and changes of them are judged alike, {frames} frames of ours read"
    ))
}

/// Has one test of the library leave what another program is to read.
fn make(campaign: &mut Campaign, test: &str, name: &str) -> Result<(), Halt> {
    let root = campaign.workspace.root.clone();
    cargo(&root)
        .args(["test", "--release", "--workspace"])
        .args(["--test", test, name])
        .run(&mut campaign.transcript)?
        .successful()?;
    Ok(())
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
