//! `mediaseal shred`.

use std::io::{self, BufRead, Read, Write};
use std::path::{Path, PathBuf};

use clap::Args;
use mediaseal::vault::grant::Stanza;
use mediaseal::vault::recording::{RecordingError, envelope, shred};
use serde::Serialize;

use crate::input;
use crate::outcome::{Failure, Verdict, json, note};
use crate::recordings;
use crate::table::plain;

const EXAMPLES: &str = "\
Takes away every key that lies with a recording: who could open it, and the keys of its sessions. What is left is noise, which `mediaseal verify` still
verifies.

That is logical destruction. It does not reach backups, snapshots, replicas and other copies of the folder, nor the blocks that a disk may keep of files that
were replaced; nor what somebody opened, exported or copied before. It is effective where the recording's key was never wrapped by anything but a key encryption
key that is then destroyed at its provider (`mediaseal key destroy`), in each version that ever wrapped it: that reaches every copy. What wraps it now is said on
standard error before anything is destroyed; who was removed, and former versions, are known to nobody but copies.

Exit status: 0 done; 2 not confirmed; 3 it cannot be done, and another try goes on where this one failed.

Examples:
  mediaseal shred call-17          asks for the name of the recording
  mediaseal shred call-17 --yes    does not ask";

/// Destroy the keys of a recording, so that nobody opens it any more
#[derive(Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Arguments {
    /// The recording, whose recorder is done
    #[arg(value_name = "DIR")]
    folder: PathBuf,
    /// Do not ask
    #[arg(long)]
    yes: bool,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// What was done, as JSON has it: names here are for ever.
#[derive(Serialize)]
struct Report {
    /// Who could open it.
    owners: Vec<String>,
    grants: u64,
    /// Always logical: it is effective once `keks` are destroyed, and if nobody else could open it.
    destruction: &'static str,
    /// Key encryption keys that wrapped its key.
    keks: Vec<String>,
    /// Whether its envelope named nobody but `keks`: destroying them reaches every copy then, if it never named anybody else, nor another version.
    keks_alone: bool,
}

impl Arguments {
    pub(crate) fn run(&self, out: &mut dyn Write) -> Result<Verdict, Failure> {
        let storage = recordings::storage(&self.folder)?;
        if !self.yes {
            confirm(&self.folder)?;
        }
        let kek = |stanza: &Stanza| match stanza {
            Stanza::Provider(_) => Some(recordings::stanza_name(stanza)),
            _ => None,
        };
        // Before anything is gone: what has to be destroyed besides is known nowhere else then.
        if let Ok(there) = envelope(&*storage) {
            let keks: Vec<_> = there.stanzas().iter().filter_map(kek).collect();
            if !keks.is_empty() {
                note(&format!("its key is wrapped by {}", keks.join(", ")));
            }
        }
        let shredded = shred(&*storage).map_err(|error| match error {
            RecordingError::Busy => {
                input::unreadable(&self.folder, &"a recorder is at work on it: end that first")
            }
            RecordingError::Changing => input::unreadable(
                &self.folder,
                &"somebody else is changing who can open it: try again",
            ),
            error => recordings::failed(&self.folder, &error),
        })?;
        let keks: Vec<String> = shredded.stanzas.iter().filter_map(kek).collect();
        let report = Report {
            owners: { shredded.stanzas.iter() }
                .map(recordings::stanza_name)
                .collect(),
            grants: shredded.grants,
            destruction: "logical",
            keks_alone: !keks.is_empty() && keks.len() == shredded.stanzas.len(),
            keks,
        };
        if self.json {
            json(out, &report)?;
        } else {
            report.write_text(out)?;
        }
        Ok(Verdict::Well)
    }
}

impl Report {
    fn write_text(&self, out: &mut dyn Write) -> io::Result<()> {
        for owner in &self.owners {
            writeln!(out, "destroyed: the key of {owner}")?;
        }
        writeln!(
            out,
            "destroyed: the keys of {} sessions. What is left is noise.",
            self.grants
        )?;
        writeln!(
            out,
            "Logically: backups, snapshots and other copies of the folder still open, and so may blocks that the disk keeps of replaced files; \
             what was opened, exported or copied before stays as it is."
        )?;
        if self.keks_alone {
            writeln!(
                out,
                "Effective, for every copy, if its envelope never named anybody else, nor another version, once this is destroyed at its provider (mediaseal key destroy): {}",
                self.keks.join(", ")
            )?;
        }
        Ok(())
    }
}

/// Asks for the recording's name, which nobody types by mistake.
fn confirm(folder: &Path) -> Result<(), Failure> {
    const MOST: u64 = 4096;
    let whole = folder.canonicalize();
    let whole = whole.map_err(|error| input::unreadable(folder, &error))?;
    let name = whole.file_name().unwrap_or_default().to_string_lossy();
    let asked = format!(
        "Nobody will open {} any more, and this cannot be undone. Its name confirms it: ",
        plain(&name)
    );
    let mut error = io::stderr().lock();
    // Who sees no question gives no answer.
    drop(
        error
            .write_all(asked.as_bytes())
            .and_then(|()| error.flush()),
    );
    let mut line = String::new();
    let mut input = io::BufReader::new(io::stdin().lock().take(MOST));
    let read = input.read_line(&mut line);
    if read.is_ok() && !name.is_empty() && line.trim_end_matches(['\r', '\n']) == name {
        Ok(())
    } else {
        Err(Failure::Usage(
            "not confirmed, and nothing was changed: type the recording's name, or say --yes"
                .to_owned(),
        ))
    }
}
