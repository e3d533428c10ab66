//! `mediaseal export`.

mod report;

use std::fs::{self, File, OpenOptions};
use std::io::{self, BufWriter, Write};
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::{Args, ValueEnum};
use mediaseal::CheckedCipher;
use mediaseal::vault::recording::export::{
    AudioFile, ClearKey, ExportError, FileInfo, Options, ParameterSets, Protection, Reason,
    Report as Exported, SessionKeys, export,
};
use mediaseal::vault::recording::{Profile, Reader};
use zeroize::Zeroizing;

use self::report::Report;
use crate::input;
use crate::outcome::{Failure, Verdict, json, note};
use crate::progress::Watched;
use crate::recordings::{self, Keys, Recording, Trust};
use crate::sessions::{self, Senders};

const EXAMPLES: &str = "\
Writes one file that players play for each sender and track, SENDER.TRACK.mp4, .webm or .ogg; nothing is encoded anew. In recordings of the profile `frames`
every frame is opened with the keys that its sender granted to the identity, and one that does not authenticate is in no file.

Nobody can verify an export: it is a plain copy. Keep the recording, and verify that.

Exit status: 0 all that can be played is in files; 1 something is not, or the
recording is damaged or was not closed, and it is said what and why; 2 the command line is not good, or a file is
there already; 3 the recording cannot be read, or the key does not open it.

Examples:
  mediaseal export call-17 -i me.key --to media                                 what everybody sent, as far as it was granted to me
  mediaseal export call-17 -i me.key --cipher-library ./libsm4.so --to media    sealed with a cipher of one's own
  mediaseal export call-17 -i me.key --sender-signer team.pub --to media        of senders whom I know alone
  mediaseal export call-17 -i me.key --cenc --clearkey-to key.json --to media   encrypted again, for players with ClearKey
  mediaseal export call-17 -i alice.key --shared-by bob.signer.pub --to media   as somebody with whom Bob shared it";

/// Make files that players play of a recording
#[derive(Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Arguments {
    /// The recording
    #[arg(value_name = "DIR")]
    folder: PathBuf,
    /// The folder for the files, made if it is not there; no file in it is replaced
    #[arg(long, value_name = "FOLDER")]
    to: PathBuf,
    /// Export this track alone; may be given several times
    #[arg(long, value_name = "NUMBER")]
    track: Vec<u16>,
    /// What Opus goes into
    #[arg(long, value_enum, default_value_t = Opus::Ogg)]
    opus: Opus,
    /// Leave parameter sets of H.264 and H.265 with the key frames (avc3, hev1): one file, whatever changes
    #[arg(long)]
    in_band: bool,
    /// A custom cipher from this shared library, whose code then runs here; may be given several times
    #[arg(long, value_name = "FILE")]
    cipher_library: Vec<PathBuf>,
    /// Encrypt the files (common encryption, cenc), each under a key of its own
    #[arg(long, requires = "clearkey_to")]
    cenc: bool,
    /// Where to write the keys of encrypted files, as a ClearKey licence: a file that is not there yet. Who has it plays them
    #[arg(long, value_name = "FILE", requires = "cenc")]
    clearkey_to: Option<PathBuf>,
    /// Print JSON
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    trust: Trust,
    #[command(flatten)]
    senders: Senders,
    #[command(flatten)]
    keys: Keys,
}

/// What Opus goes into, by name.
#[derive(Clone, Copy, Debug, ValueEnum)]
enum Opus {
    Ogg,
    Mp4,
}

impl Arguments {
    pub(crate) fn run(&self, out: &mut dyn Write) -> Result<Verdict, Failure> {
        let recording = Recording::open(&self.folder)?;
        let dek = recording.dek(&self.keys, &self.trust)?;
        let storage = Arc::clone(&recording.storage);
        let watched = Watched::new(storage as _, "exporting", 1);
        let failed = |error| recordings::failed(&self.folder, &error);
        let mut reader = Reader::open(Arc::new(watched), &dek).map_err(failed)?;
        drop(dek);
        let (keys, senders_from) = self.session_keys(&recording, &reader)?;
        let licence = self
            .clearkey_to
            .as_deref()
            .map(Licence::begin)
            .transpose()?;
        let mut files = Files::begin(&self.to)?;
        let exported = export(
            &mut reader,
            &keys,
            &self.options(),
            &mut |info| files.add(info),
            &mut |_| ControlFlow::Continue(()),
        );
        let exported = exported.map_err(|error| self.explain(error))?;
        if let Some(licence) = licence {
            licence.write(&exported)?;
        }
        files.keep()?;
        let verdict = verdict(&exported);
        let report = Report::of(&exported, &keys, senders_from);
        if self.json {
            json(out, &report)?;
        } else {
            report.write_text(out)?;
        }
        Ok(verdict)
    }

    /// Opens what was granted, where frames are ciphertext.
    fn session_keys(
        &self,
        recording: &Recording,
        reader: &Reader,
    ) -> Result<(SessionKeys, Option<PathBuf>), Failure> {
        let mut keys = SessionKeys::new();
        for path in &self.cipher_library {
            let cipher = CheckedCipher::load(path)
                .map_err(|error| Failure::Usage(format!("{}: {error}", path.display())))?;
            keys.add_cipher(cipher);
        }
        if recording.header.profile() != Profile::Frames {
            return Ok((keys, None));
        }
        let identities = sessions::identities(&self.keys)?;
        if identities.is_empty() {
            note(
                "its frames are sealed by their senders, who granted their keys to identities: without --identity none opens",
            );
        }
        let believed = self.senders.find(recording, &self.keys)?;
        for identity in &identities {
            keys.open_grants(reader, identity, &believed.signers)
                .map_err(|error| recordings::failed(&self.folder, &error))?;
        }
        Ok((keys, believed.beside))
    }

    fn options(&self) -> Options {
        let mut options = Options::new();
        if !self.track.is_empty() {
            options = options.tracks(&self.track);
        }
        if self.in_band {
            options = options.parameter_sets(ParameterSets::InBand);
        }
        if let Opus::Mp4 = self.opus {
            options = options.opus(AudioFile::Mp4);
        }
        if self.cenc {
            options = options.protect(Protection::Generate);
        }
        options
    }

    fn explain(&self, error: ExportError) -> Failure {
        match error {
            ExportError::Recording(error) => recordings::failed(&self.folder, &error),
            ExportError::File { name, source } => {
                let path = self.to.join(name);
                match source.kind() {
                    io::ErrorKind::AlreadyExists => Failure::Usage(format!(
                        "{} (or .part of it) is there already: export into another folder",
                        path.display()
                    )),
                    _ => input::unreadable(&path, &source),
                }
            }
            error => input::unreadable(&self.folder, &error),
        }
    }
}

/// The files of an export, which have their names when all of it is done.
struct Files {
    folder: PathBuf,
    /// Their names meanwhile, and then.
    begun: Vec<(PathBuf, PathBuf)>,
}

impl Files {
    fn begin(folder: &Path) -> Result<Self, Failure> {
        let mut builder = fs::DirBuilder::new();
        builder.recursive(true);
        // What is in it is media in clear.
        #[cfg(unix)]
        std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
        builder
            .create(folder)
            .map_err(|error| input::unreadable(folder, &error))?;
        Ok(Self {
            folder: folder.to_owned(),
            begun: Vec::new(),
        })
    }

    fn add(&mut self, info: &FileInfo) -> io::Result<Box<dyn Write>> {
        let path = self.folder.join(info.name());
        let meanwhile = self.folder.join(format!("{}.part", info.name()));
        if fs::symlink_metadata(&path).is_ok() {
            return Err(io::ErrorKind::AlreadyExists.into());
        }
        let file = new_file(&meanwhile)?;
        self.begun.push((meanwhile, path));
        Ok(Box::new(BufWriter::new(file)))
    }

    fn keep(mut self) -> Result<(), Failure> {
        while let Some((meanwhile, path)) = self.begun.last() {
            let synced = File::open(meanwhile).and_then(|file| file.sync_all());
            synced
                .and_then(|()| fs::rename(meanwhile, path))
                .map_err(|error| input::unreadable(path, &error))?;
            self.begun.pop();
        }
        Ok(())
    }
}

impl Drop for Files {
    /// What is not whole does not stay.
    fn drop(&mut self) {
        for (meanwhile, _) in &self.begun {
            drop(fs::remove_file(meanwhile));
        }
    }
}

/// Makes a file that was not there, for this user alone.
fn new_file(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

/// The keys of encrypted files, in one ClearKey licence.
struct Licence {
    path: PathBuf,
    /// Nothing once it is written.
    file: Option<File>,
}

impl Licence {
    fn begin(path: &Path) -> Result<Self, Failure> {
        let file = new_file(path).map_err(|error| match error.kind() {
            io::ErrorKind::AlreadyExists => {
                Failure::Usage(format!("{} is there already", path.display()))
            }
            _ => input::unreadable(path, &error),
        })?;
        Ok(Self {
            path: path.to_owned(),
            file: Some(file),
        })
    }

    fn write(mut self, exported: &Exported) -> Result<(), Failure> {
        const FRONT: &str = r#"{"keys":["#;
        const END: &str = r#"],"type":"temporary"}"#;
        let licences = exported.files.iter().filter_map(|file| file.key.as_ref());
        let licences: Vec<Zeroizing<String>> = licences.map(ClearKey::to_json).collect();
        // All room at once, so that no copy stays behind.
        let room = licences.iter().map(|json| json.len() + 1).sum::<usize>();
        let mut all = Zeroizing::new(String::with_capacity(FRONT.len() + room + END.len() + 1));
        all.push_str(FRONT);
        for (number, json) in licences.iter().enumerate() {
            let key = json.strip_prefix(FRONT);
            let key = key.and_then(|rest| rest.strip_suffix(END));
            let key = key.ok_or_else(|| {
                input::unreadable(&self.path, &"the library gives licences of another form")
            })?;
            if number > 0 {
                all.push(',');
            }
            all.push_str(key);
        }
        all.push_str(END);
        all.push('\n');
        if let Some(file) = &mut self.file {
            let written = file.write_all(all.as_bytes());
            written
                .and_then(|()| file.sync_all())
                .map_err(|error| input::unreadable(&self.path, &error))?;
        }
        self.file = None;
        Ok(())
    }
}

impl Drop for Licence {
    fn drop(&mut self) {
        if self.file.is_some() {
            drop(fs::remove_file(&self.path));
        }
    }
}

/// Whether all that players can play is in files.
fn verdict(exported: &Exported) -> Verdict {
    let is_of_no_use = |reason| {
        matches!(
            reason,
            Reason::Duplicate | Reason::BeforeKeyFrame | Reason::Codec
        )
    };
    let is_whole = exported.damaged == 0 && exported.is_closed && !exported.files.is_empty() && {
        &exported.left_out
    }
    .iter()
    .all(|left| is_of_no_use(left.reason));
    if is_whole {
        Verdict::Well
    } else {
        Verdict::Faults
    }
}
