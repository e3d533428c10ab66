//! `mediaseal share`.

use std::io::Write;
use std::path::PathBuf;

use clap::Args;

use crate::key_files;
use crate::outcome::{Failure, Verdict, json};
use crate::recordings::{Keys, Recording, Trust};
use crate::sessions::{self, Senders};
use crate::sharing::{self, SharedBy};

const EXAMPLES: &str = "\
The recording's key is sealed to who is to have it, and so is the key of each of its sessions that you can open. You sign that; who opens it names your
public key: --shared-by. Nothing of the recording is copied or encrypted anew, and `mediaseal verify` says of it what it said before.

What was shared cannot be called back: `mediaseal rewrap --remove` keeps people from opening this copy from then on, not what they opened or copied.

Exit status: 0 all of it is shared; 1 the keys of some sessions are not, as you cannot open them yourself; 2, 3 nothing is.

Examples:
  mediaseal share call-17 -i me.key --with alice.pub                       signed by me.signer, which is made if it is not there
  mediaseal share call-17 -i me.key --with alice.pub --signing-key my.key  signed by a key that Alice knows
  mediaseal export call-17 -i alice.key --shared-by me.signer.pub --to .   what Alice does then";

/// Let somebody more open a recording
#[derive(Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Arguments {
    /// The recording, whose recorder is done
    #[arg(value_name = "DIR")]
    folder: PathBuf,
    /// With whom: a file of public keys (mediaseal-pub-1…, one a line); may be given several times
    #[arg(long, value_name = "FILE", required = true)]
    with: Vec<PathBuf>,
    /// Print JSON
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    trust: Trust,
    #[command(flatten)]
    senders: Senders,
    #[command(flatten)]
    by: SharedBy,
    #[command(flatten)]
    keys: Keys,
}

impl Arguments {
    pub(crate) fn run(&self, out: &mut dyn Write) -> Result<Verdict, Failure> {
        let recording = Recording::open(&self.folder)?;
        let mut recipients = Vec::new();
        for path in &self.with {
            recipients.extend(key_files::recipients(path)?);
        }
        let dek = recording.dek(&self.keys, &self.trust)?;
        // Whose header it is was not authenticated before.
        drop(recording.reader(&dek)?);
        let identities = sessions::identities(&self.keys)?;
        let believed = self.senders.find(&recording, &self.keys)?;
        let (signer, public) = self.by.signer(&self.keys)?;
        let signers = &believed.signers;
        let mut shared =
            sharing::share(&recording, &dek, &identities, signers, &recipients, &signer)?;
        shared.signed_by_file = Some(public.display().to_string());
        if self.json {
            json(out, &shared)?;
        } else {
            shared.write_text(out)?;
        }
        Ok(if shared.sessions_not_shared.is_empty() {
            Verdict::Well
        } else {
            Verdict::Faults
        })
    }
}
