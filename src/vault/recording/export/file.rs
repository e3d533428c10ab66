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
    /// What the next file says: the frame that said it may have been left out.
    pending: Option<Config>,
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
            pending: None,
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
        for mut unit in units {
            let is_new = unit.config.is_some();
            if is_new {
                self.pending = unit.config.take();
            }
            if self.options.protection.is_some() && unit.protected.is_none() {
                return Ok(Err(Reason::NotProtectable));
            }
            if let Some(config) = self.pending.take_if(|_| is_new || unit.key) {
                self.finish(done)?;
                self.begin(&config, sinks)?;
            }
            // What refers to a frame that was to begin a file, and was left out, is in no file either.
            let Some(open) = self.open.as_mut().filter(|_| self.pending.is_none()) else {
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

#[cfg(test)]
mod tests {
    use std::io::sink;

    use super::{Media, SenderFiles};
    use crate::format::codec::{Codec, NalFormat};
    use crate::id::SenderId;
    use crate::vault::recording::TrackFormat;
    use crate::vault::recording::export::{Options, Protection, Reason};

    #[test]
    fn a_key_frame_that_is_left_out_leaves_its_parameters_to_the_next() {
        let options = Options::new().protect(Protection::Generate);
        let format = TrackFormat::of(Codec::H264(NalFormat::AnnexB));
        let sender = SenderId::new("alice").unwrap();
        let mut files = SenderFiles::new(&options, 0, format, sender).unwrap();
        // The example's camera: parameter sets, then a key frame of several slices or one.
        let camera = include_bytes!("../../../../examples/media/camera-h264.h264");
        let nals: Vec<&[u8]> = camera
            .windows(3)
            .enumerate()
            .filter(|(_, three)| *three == [0, 0, 1])
            .map(|(at, _)| &camera[at + 3..])
            .take(400)
            .collect();
        let first = |kind: u8| {
            let nal = *nals.iter().find(|nal| nal[0] & 0x1f == kind).unwrap();
            let len = nal.windows(3).position(|three| three == [0, 0, 1]);
            &nal[..len.unwrap_or(nal.len())]
        };
        let (sps, pps, slice, delta) = (first(7), first(8), first(5), first(1));
        let unit = |nals: &[&[u8]]| {
            let mut octets = Vec::new();
            for nal in nals {
                octets.extend_from_slice(&[0, 0, 0, 1]);
                octets.extend_from_slice(nal);
            }
            octets
        };
        let (mut done, mut micros) = (Vec::new(), 0);
        let mut take = |octets: &[u8], key_frame| {
            micros += 33_333;
            let media = Media {
                octets,
                micros,
                key_frame,
                origin: 0,
            };
            let taken = files.take(media, &mut |_| Ok(Box::new(sink())), &mut done);
            taken.unwrap()
        };
        // More slices than a sample's table has room for.
        let mut many = vec![sps, pps];
        many.resize(50, slice);
        assert_eq!(take(&unit(&many), true), Err(Reason::NotProtectable));
        assert_eq!(take(&unit(&[delta]), false), Err(Reason::BeforeKeyFrame));
        assert_eq!(take(&unit(&[sps, pps, slice]), true), Ok(()));
        assert_eq!(take(&unit(&[delta]), false), Ok(()));
        files.finish(&mut done).unwrap();
        assert_eq!((done.len(), done[0].frames), (1, 2));
    }
}
