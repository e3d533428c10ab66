//! Recordings in folders, and the keys that open them: identities like age's, a passphrase, a provider's key encryption key.

use std::cell::OnceCell;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::Args;
use mediaseal::vault::Dek;
use mediaseal::vault::grant::{Envelope, GrantError, Identity, SignerPublic, Stanza};
use mediaseal::vault::recording::{
    Header, LocalStorage, Place, Profile, Reader, RecordingError, TrackFormat, envelope, header,
    wrap_context,
};
use zeroize::Zeroizing;

use crate::input;
use crate::key_files::{identities, identities_in, passphrase, signer_public};
use crate::outcome::{Failure, note};
use crate::provider::Provider;
use crate::table::plain;

/// What opens a recording.
#[derive(Args)]
#[command(next_help_heading = "Keys")]
pub(crate) struct Keys {
    /// The secret half of an owner's key pair (mediaseal-id-1…, one a line); may be given several times, and each is tried
    #[arg(short = 'i', long = "identity", value_name = "FILE")]
    pub(crate) identities: Vec<PathBuf>,
    /// The passphrase of locked identities or of the provider (a token's PIN), whichever is given; else of the recording itself
    #[arg(long, value_name = "FILE")]
    pub(crate) passphrase_file: Option<PathBuf>,
    /// The public key of somebody other than the recorder who shared the recording, and whom you trust to; may be given several times
    #[arg(long, value_name = "FILE")]
    pub(crate) shared_by: Vec<PathBuf>,
    #[command(flatten)]
    pub(crate) provider: Provider,
    #[arg(skip)]
    read: Read,
}

/// What was read of the key files. A pipe, or standard input, has it once.
#[derive(Default)]
struct Read {
    passphrase: OnceCell<Zeroizing<String>>,
    identities: OnceCell<Vec<Zeroizing<String>>>,
}

/// Whose recordings are believed.
#[derive(Args)]
pub(crate) struct Trust {
    /// The recorder's public key (mediaseal-signer-pub-1…); without it nobody vouches for who recorded
    #[arg(long, value_name = "FILE")]
    pub(crate) signer: Option<PathBuf>,
}

/// A recording whose header and envelope could be read.
pub(crate) struct Recording {
    pub(crate) path: PathBuf,
    pub(crate) storage: Arc<LocalStorage>,
    pub(crate) header: Header,
    pub(crate) envelope: Envelope,
}

/// Uses a folder that is there.
pub(crate) fn storage(path: &Path) -> Result<Arc<LocalStorage>, Failure> {
    LocalStorage::open(path)
        .map(Arc::new)
        .map_err(|_| input::unreadable(path, &"there is no such folder"))
}

/// Names the recording in what the library says of it.
pub(crate) fn failed(path: &Path, error: &RecordingError) -> Failure {
    let what = match error {
        RecordingError::Damaged(Place::Envelope) => {
            "its envelope, which says who can open it, is damaged or altered".to_owned()
        }
        RecordingError::NotThere => "there is no recording in this folder".to_owned(),
        error => plain(&error.to_string()),
    };
    input::unreadable(path, &what)
}

impl Recording {
    /// Reads what a recording says of itself and who can open it. Nothing of it is authenticated before [`Self::reader`].
    pub(crate) fn open(path: &Path) -> Result<Self, Failure> {
        let storage = storage(path)?;
        let header = header(&*storage).map_err(|error| failed(path, &error))?;
        let envelope = envelope(&*storage).map_err(|error| failed(path, &error))?;
        Ok(Self {
            path: path.to_owned(),
            storage,
            header,
            envelope,
        })
    }

    /// Finds the key of the recording by what was given.
    pub(crate) fn dek(&self, keys: &Keys, trust: &Trust) -> Result<Dek, Failure> {
        if !keys.are_given() {
            return Err(Failure::Usage(format!(
                "{}: it takes a key to open it: --identity, --passphrase-file or --provider (mediaseal cat --help). It is for {}",
                self.path.display(),
                self.owners()
            )));
        }
        let givers = self.givers(keys, trust)?;
        let context = wrap_context(&self.header);
        let passphrase = keys.passphrase()?;
        let mut refused = String::new();
        let mut refuse = |what: &dyn std::fmt::Display, why: &dyn std::fmt::Display| {
            // Writing to a string does not fail.
            write!(refused, "\n  {what}: {}", plain(&why.to_string())).ok();
        };
        for file in &keys.identities {
            for identity in keys.identities_of(file, passphrase.as_ref())? {
                match self.envelope.open_by_identity(&identity, &givers, &context) {
                    Ok(dek) => return Ok(dek),
                    Err(GrantError::NoStanza) => {
                        let id = identity.recipient().id();
                        refuse(&file.display(), &format!("it is not for {id}"));
                    }
                    Err(GrantError::Signature) => {
                        let why = "neither the recorder nor anybody of --shared-by gave it to this identity";
                        refuse(&file.display(), &why);
                    }
                    Err(error) => refuse(&file.display(), &error),
                }
            }
        }
        if let Some(url) = &keys.provider.url {
            let wrapped = |stanza: &Stanza| match stanza {
                Stanza::Provider(wrapped) => Some(wrapped.clone()),
                _ => None,
            };
            let stanzas: Vec<_> = self.envelope.stanzas().iter().filter_map(wrapped).collect();
            let unwrapped = keys
                .provider
                .unwrap(passphrase.as_ref(), &stanzas, &context)?;
            match unwrapped {
                Ok(dek) => return Ok(dek),
                Err(why) => refuse(&plain(url), &why),
            }
        }
        if let Some(passphrase) = passphrase.filter(|_| keys.passphrase_is_the_recordings()) {
            match self.envelope.open_by_passphrase(&passphrase, &context) {
                Ok(dek) => return Ok(dek),
                Err(GrantError::NoStanza) => refuse(&"the passphrase", &"it is for none"),
                Err(error) => refuse(&"the passphrase", &error),
            }
        }
        Err(Failure::Unreadable(format!(
            "{}: nothing that was given opens it:{refused}\nit is for {}",
            self.path.display(),
            self.owners()
        )))
    }

    /// Opens it for reading: from here on what comes is authentic.
    pub(crate) fn reader(&self, dek: &Dek) -> Result<Reader, Failure> {
        Reader::open(Arc::clone(&self.storage) as _, dek)
            .map_err(|error| failed(&self.path, &error))
    }

    /// What is wrong with a manifest that is no chain to its end: what it says behind is not read, and nobody knows what that is.
    pub(crate) fn damage(&self, reader: &Reader) -> Option<Failure> {
        let place = reader.damage()?;
        Some(input::unreadable(
            &self.path,
            &format!("{place} is not as it was written; what was recorded behind it is missing"),
        ))
    }

    /// Says that its recorder did not close it, if that is so.
    pub(crate) fn note_open(&self, reader: &Reader) {
        if reader.damage().is_none() && !reader.is_closed() {
            note(&format!(
                "{}: its recorder did not close it: it is still written, or was cut short by a crash, or by somebody; its end is missing",
                self.path.display()
            ));
        }
    }

    /// Who is believed to give the recording's key: the recorder, under the key that the caller trusts if he named one, and whom he named beside.
    fn givers(&self, keys: &Keys, trust: &Trust) -> Result<Vec<SignerPublic>, Failure> {
        let recorder = self.recorder()?;
        if let Some(path) = &trust.signer
            && signer_public(path)? != recorder
        {
            return Err(Failure::Unreadable(format!(
                "{}: the recorder of {} is not this signer, but says it is {recorder}",
                path.display(),
                self.path.display()
            )));
        }
        let mut givers = vec![recorder];
        for path in &keys.shared_by {
            givers.push(signer_public(path)?);
        }
        Ok(givers)
    }

    /// The recorder's public key, as the header has it: nobody vouches for it.
    pub(crate) fn recorder(&self) -> Result<SignerPublic, Failure> {
        SignerPublic::from_bytes(self.header.signer())
            .map_err(|error| input::unreadable(&self.path, &format!("its recorder's key: {error}")))
    }

    /// Who can open it, in words.
    pub(crate) fn owners(&self) -> String {
        let names: Vec<_> = self.envelope.stanzas().iter().map(stanza_name).collect();
        if names.is_empty() {
            "nobody".to_owned()
        } else {
            names.join(", ")
        }
    }
}

/// What a stanza is of, in words.
pub(crate) fn stanza_name(stanza: &Stanza) -> String {
    match stanza {
        Stanza::Hpke(grant) => format!("recipient {}", grant.recipient()),
        Stanza::Provider(wrapped) => format!(
            "{} version {} of a provider {}:",
            plain(&wrapped.kek_id),
            wrapped.kek_version,
            plain(&wrapped.provider)
        ),
        Stanza::Passphrase(_) => "a passphrase".to_owned(),
        _ => "somebody of a newer version".to_owned(),
    }
}

impl Keys {
    /// Whether anything was given that may open a recording.
    pub(crate) fn are_given(&self) -> bool {
        !self.identities.is_empty() || self.passphrase_file.is_some() || self.provider.url.is_some()
    }

    fn passphrase_is_the_recordings(&self) -> bool {
        self.identities.is_empty() && self.provider.url.is_none()
    }

    /// The passphrase, if one was given.
    pub(crate) fn passphrase(&self) -> Result<Option<Zeroizing<String>>, Failure> {
        let Some(path) = &self.passphrase_file else {
            return Ok(None);
        };
        if let Some(there) = self.read.passphrase.get() {
            return Ok(Some(there.clone()));
        }
        let read = passphrase(path)?;
        Ok(Some(self.read.passphrase.get_or_init(|| read).clone()))
    }

    /// The identities of one of the files that were given.
    pub(crate) fn identities_of(
        &self,
        file: &Path,
        passphrase: Option<&Zeroizing<String>>,
    ) -> Result<Vec<Identity>, Failure> {
        let texts = if let Some(there) = self.read.identities.get() {
            there
        } else {
            let read = self
                .identities
                .iter()
                .map(|path| input::read_key_file(path));
            let read = read.collect::<Result<_, _>>()?;
            self.read.identities.get_or_init(|| read)
        };
        let at = self.identities.iter().position(|path| path == file);
        let passphrase = passphrase.map(|text| text.as_str());
        match at.and_then(|at| texts.get(at)) {
            Some(text) => identities_in(file, text, passphrase),
            None => identities(file, passphrase),
        }
    }
}

/// The path of a file beside a folder: its name, a dot, and `end`. Nothing for a path that does not end in a name, such as `.` or `..`: what is put together
/// from it would lie in the folder.
pub(crate) fn beside(folder: &Path, end: &str) -> Option<PathBuf> {
    let mut name = folder.file_name()?.to_owned();
    name.push(".");
    name.push(end);
    Some(folder.with_file_name(name))
}

/// The name of a profile, as JSON has it.
pub(crate) const fn profile_name(profile: Profile) -> &'static str {
    match profile {
        Profile::Frames => "frames",
        Profile::Media => "media",
        _ => "unknown",
    }
}

/// What the frames of a track are, in words.
pub(crate) fn codec_name(format: TrackFormat) -> String {
    let name = codec_family(format);
    if format.is_codec_aware() {
        format!("{name}, codec-aware")
    } else {
        name
    }
}

/// The codec of a track, however its frames are sealed.
pub(crate) fn codec_family(format: TrackFormat) -> String {
    let name = match format.codec_number() {
        0 => "opaque",
        1 => "h264",
        2 => "h265",
        3 => "vp8",
        4 => "vp9",
        5 => "av1",
        6 => "opus",
        TrackFormat::AAC => "aac",
        TrackFormat::PCM => "pcm",
        number => return format!("codec {number}"),
    };
    name.to_owned()
}
