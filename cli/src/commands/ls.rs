//! `mediaseal ls`.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};

use clap::Args;

use crate::input;
use crate::outcome::{Failure, Verdict, json};
use crate::outlines::{Owner, Summary, length};
use crate::table::{Table, plain};

const EXAMPLES: &str = "\
It takes no key, and checks nothing: mediaseal verify does. A recording that is open is being recorded, or its recorder crashed (mediaseal recover).

Examples:
  mediaseal ls call-17 call-18
  mediaseal ls recordings                      all that lie in this folder
  mediaseal ls recordings --json | jq '.[] | select(.state == \"open\") | .recording'

Exit status: 0; 3 if one cannot be read, and the others are listed.";

/// List recordings
#[derive(Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Arguments {
    /// Recordings, or folders that hold some
    #[arg(value_name = "DIR", required = true)]
    folders: Vec<PathBuf>,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

impl Arguments {
    pub(crate) fn run(&self, out: &mut dyn Write) -> Result<Verdict, Failure> {
        let (mut found, mut failed) = (Vec::new(), None);
        for folder in &self.folders {
            for path in recordings_in(folder)? {
                match Summary::read(&path) {
                    Ok((summary, _)) => found.push(summary),
                    // The first is told, and keeps none of the others from being listed.
                    Err(failure) => failed = failed.or(Some(failure)),
                }
            }
        }
        if self.json {
            json(out, &found)?;
        } else {
            let columns = [
                "recording",
                "begin",
                "length",
                "profile",
                "tracks",
                "size",
                "owners",
                "state",
            ];
            let mut table = Table::new(&columns);
            for summary in &found {
                table.row(vec![
                    plain(&summary.recording),
                    summary.begin.clone(),
                    length(summary.length),
                    summary.profile.to_owned(),
                    summary.tracks.len().to_string(),
                    summary.size.to_string(),
                    owners(&summary.owners),
                    summary.state.to_owned(),
                ]);
            }
            write!(out, "{}", table.text())?;
        }
        out.flush()?;
        failed.map_or(Ok(Verdict::Well), Err)
    }
}

/// The recording that a folder is, or those that lie in it.
fn recordings_in(folder: &Path) -> Result<Vec<PathBuf>, Failure> {
    if is_recording(folder) {
        return Ok(vec![folder.to_owned()]);
    }
    let unreadable = |error: std::io::Error| input::unreadable(folder, &error);
    let mut paths = Vec::new();
    for entry in fs::read_dir(folder).map_err(unreadable)? {
        let path = entry.map_err(unreadable)?.path();
        if is_recording(&path) {
            paths.push(path);
        }
    }
    if paths.is_empty() {
        return Err(input::unreadable(folder, &"there is no recording in it"));
    }
    paths.sort_unstable();
    Ok(paths)
}

fn is_recording(folder: &Path) -> bool {
    folder.join("header").is_file() && folder.join("manifest").is_file()
}

/// The first owners, short: eight digits of a recipient tell people apart.
fn owners(owners: &[Owner]) -> String {
    const SHOWN: usize = 2;
    let short = |owner: &Owner| match owner.kind {
        "passphrase" => "passphrase".to_owned(),
        _ => {
            let id = owner.id.as_deref().unwrap_or(owner.kind);
            plain(&id.chars().take(12).collect::<String>())
        }
    };
    let mut text = owners
        .iter()
        .take(SHOWN)
        .map(short)
        .collect::<Vec<_>>()
        .join(", ");
    if owners.len() > SHOWN {
        text.push_str(&format!(" and {} more", owners.len() - SHOWN));
    }
    if owners.is_empty() {
        text.push_str("nobody");
    }
    text
}
