//! The frames of one sender on one track, on their way into one file after another.

use std::io::{self, Write};

use super::cenc::{Cenc, ClearKey};
use super::codec::{Config, Stream};
use super::mp4::Mp4;
use super::mux::{Mux, Sample, Sink};
use super::ogg::Ogg;
use super::report::{ExportError, ExportedFile, FileInfo, Reason};
use super::webm::WebM;
use super::{AudioFile, Options, Protection};
use crate::id::SenderId;
use crate::vault::recording::TrackFormat;

/// Makes files.
pub(super) type Sinks<'a> = dyn FnMut(&FileInfo) -> io::Result<Box<dyn Write>> + 'a;

/// The files of one sender on one track.
pub(super) struct SenderFiles<'a> {
    options: &'a Options,
    format: TrackFormat,
    stream: Stream,
    info: FileInfo,
    open: Option<OpenFile>,
}

struct OpenFile {
    mux: Box<dyn Mux>,
    frames: u64,
    micros: (u64, u64),
    key: Option<ClearKey>,
}

/// A frame of a track, decrypted.
#[derive(Clone, Copy)]
pub(super) struct Media<'a> {
    pub(super) octets: &'a [u8],
    pub(super) micros: u64,
    pub(super) key_frame: bool,
    /// The time that is zero in files.
    pub(super) origin: u64,
}

impl<'a> SenderFiles<'a> {
    /// Begins; nothing if no file takes the codec.
    pub(super) fn new(
        options: &'a Options,
        track: u16,
        format: TrackFormat,
        sender: SenderId,
    ) -> Option<Self> {
        let aac = options.aac_config.as_deref();
        let stream = Stream::of(format, options.parameter_sets, aac)?;
        let is_plain = options.protection.is_none();
        let extension = match stream {
            Stream::Vp8(_) => "webm",
            Stream::Opus(_) if is_plain && options.opus == AudioFile::Ogg => "ogg",
            _ => "mp4",
        };
        Some(Self {
            options,
            format,
            stream,
            info: FileInfo {
                track,
                format,
                sender,
                part: 0,
                extension,
            },
            open: None,
        })
    }

    /// Takes a frame. What cannot go into a file is said with its reason, and changes nothing.
    pub(super) fn take(
        &mut self,
        media: Media<'_>,
        sinks: &mut Sinks<'_>,
        done: &mut Vec<ExportedFile>,
    ) -> Result<Result<(), Reason>, ExportError> {
        let taken = self.stream.take(self.format, media.octets, media.key_frame);
        let Ok(units) = taken else {
            return Ok(Err(Reason::Bitstream));
        };
        let (mut is_late, mut is_written) = (false, false);
        for unit in units {
            if self.options.protection.is_some() && unit.protected.is_none() {
                return Ok(Err(Reason::NotProtectable));
            }
            if let Some(config) = &unit.config {
                self.finish(done)?;
                self.begin(config, sinks)?;
            }
            let Some(open) = &mut self.open else {
                is_late = true;
                continue;
            };
            let micros = media.micros.saturating_sub(media.origin);
            let sample = Sample {
                octets: unit.octets,
                // Several of one recorded frame follow one another, as their clock places them.
                micros,
                key: unit.key,
                ticks: unit.ticks,
                protected: unit.protected,
            };
            open.mux.write(sample).map_err(io_at(&self.info))?;
            is_written = true;
        }
        if is_late {
            return Ok(Err(Reason::BeforeKeyFrame));
        }
        // Headers alone are in the file in another form.
        if let Some(open) = self.open.as_mut().filter(|_| is_written) {
            if open.frames == 0 {
                open.micros = (media.micros, media.micros);
            }
            open.micros.0 = open.micros.0.min(media.micros);
            open.micros.1 = open.micros.1.max(media.micros);
            open.frames += 1;
        }
        Ok(Ok(()))
    }

    /// Begins the next file.
    fn begin(&mut self, config: &Config, sinks: &mut Sinks<'_>) -> Result<(), ExportError> {
        self.info.part += 1;
        let at = || io_at(&self.info);
        let key = match &self.options.protection {
            None => None,
            Some(Protection::Generate) => Some(ClearKey::generate()?),
            Some(Protection::Key(key)) => Some(key.clone()),
        };
        let cenc = key.clone().map(Cenc::new).transpose()?;
        let sink = Sink::new(sinks(&self.info).map_err(at())?);
        let mux: Box<dyn Mux> = match self.info.extension {
            "webm" => Box::new(WebM::begin(sink, config).map_err(at())?),
            "ogg" => Box::new(Ogg::begin(sink, config).map_err(at())?),
            _ => Box::new(Mp4::begin(sink, config, cenc).map_err(at())?),
        };
        self.open = Some(OpenFile {
            mux,
            frames: 0,
            micros: (0, 0),
            key,
        });
        Ok(())
    }

    /// Ends the file that is open.
    pub(super) fn finish(&mut self, done: &mut Vec<ExportedFile>) -> Result<(), ExportError> {
        if let Some(mut open) = self.open.take() {
            let octets = open.mux.finish().map_err(io_at(&self.info))?;
            done.push(ExportedFile {
                info: self.info.clone(),
                frames: open.frames,
                octets,
                micros: open.micros,
                key: open.key,
            });
        }
        Ok(())
    }
}

fn io_at(info: &FileInfo) -> impl FnOnce(io::Error) -> ExportError {
    let name = info.name();
    move |source| ExportError::File { name, source }
}
