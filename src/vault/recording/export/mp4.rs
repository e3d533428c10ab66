//! Fragmented MP4 (ISO/IEC 14496-12 section 8.8): a front that names the codec, then fragments that each can be played when they have come.

use std::io::{self, Write};

use super::boxes::Boxes;
use super::cenc::Cenc;
use super::codec::{Config, Shape};
use super::mux::{AudioClock, Mux, Sample, Sink};

/// Ticks a second of pictures: the recording's own.
const VIDEO_SCALE: u32 = 1_000_000;
/// A fragment ends before a key frame, and at the latest with so many octets or samples, or so many microseconds.
const MAX_OCTETS: usize = 8 << 20;
const MAX_SAMPLES: usize = 2_000;
const MAX_VIDEO_MICROS: u64 = 10_000_000;
const AUDIO_MICROS: u64 = 2_000_000;
/// How long the last picture of all is shown.
const LAST_MICROS: u64 = 33_333;

/// The matrix that changes nothing.
const MATRIX: [u32; 9] = [0x1_0000, 0, 0, 0, 0x1_0000, 0, 0, 0, 0x4000_0000];

/// sample_depends_on: nothing; or others, and no sync sample.
const SYNC: u32 = 0x0200_0000;
const NOT_SYNC: u32 = 0x0101_0000;

struct Placed {
    sample: Sample,
    /// When it is decoded, in ticks; sound alone has it before its fragment ends.
    at: u64,
}

/// A file that is being written.
pub(super) struct Mp4 {
    sink: Sink,
    clock: Option<AudioClock>,
    cenc: Option<Cenc>,
    pending: Vec<Placed>,
    pending_octets: usize,
    fragments: u32,
    /// Nothing of the next fragment is decoded before.
    next_at: u64,
}

impl Mp4 {
    /// Begins a file with its front.
    pub(super) fn begin(mut sink: Sink, config: &Config, cenc: Option<Cenc>) -> io::Result<Self> {
        let front = front(config, cenc.as_ref());
        sink.write_all(&front.0)?;
        let clock = match config.shape {
            Shape::Audio { rate, .. } => Some(AudioClock::new(rate)),
            Shape::Video { .. } => None,
        };
        Ok(Self {
            sink,
            clock,
            cenc,
            pending: Vec::new(),
            pending_octets: 0,
            fragments: 0,
            next_at: 0,
        })
    }

    /// Whether a sample of this time begins a fragment.
    fn is_full(&self, sample: &Sample, pauses: bool) -> bool {
        let Some(first) = self.pending.first() else {
            return false;
        };
        let spans = sample.micros.saturating_sub(first.sample.micros);
        let is_over = if self.clock.is_some() {
            pauses || spans >= AUDIO_MICROS
        } else {
            sample.key || spans >= MAX_VIDEO_MICROS
        };
        is_over
            || self.pending.len() >= MAX_SAMPLES
            || self.pending_octets.saturating_add(sample.octets.len()) > MAX_OCTETS
    }

    /// Writes a fragment; `next` is the time of what follows it.
    fn flush(&mut self, next: Option<u64>) -> io::Result<()> {
        let mut samples = std::mem::take(&mut self.pending);
        self.pending_octets = 0;
        if samples.is_empty() {
            return Ok(());
        }
        if self.clock.is_none() {
            self.place_pictures(&mut samples);
        }
        let entries = self.entries(&samples, next);
        self.fragments = self.fragments.saturating_add(1);
        let subsamples = self.cenc.as_mut().map(|cenc| {
            let encrypt = |placed: &mut Placed| cenc.encrypt(&mut placed.sample);
            samples.iter_mut().map(encrypt).collect::<Vec<_>>()
        });
        let at = samples.first().map_or(0, |first| first.at);
        let mut data_offset = None;
        let mut auxiliary_offset = None;
        let mut moof = Boxes::default();
        moof.boxed(b"moof", |moof| {
            moof.full(b"mfhd", 0, 0, |mfhd| mfhd.u32(self.fragments));
            moof.boxed(b"traf", |traf| {
                // Offsets count from the front of this box.
                traf.full(b"tfhd", 0, 0x02_0000, |tfhd| tfhd.u32(1));
                traf.full(b"tfdt", 1, 0, |tfdt| tfdt.u64(at));
                traf.full(b"trun", 1, 0xf01, |trun| {
                    trun.u32(u32::try_from(entries.len()).unwrap_or(u32::MAX));
                    data_offset = Some(trun.0.len());
                    trun.u32(0);
                    for entry in &entries {
                        entry.iter().for_each(|field| trun.u32(*field));
                    }
                });
                if let Some(subsamples) = &subsamples {
                    auxiliary_offset = Cenc::tables(traf, subsamples);
                }
            });
        });
        let len = moof.0.len();
        patch(&mut moof, data_offset, len + 8);
        if let Some((place, offset)) = auxiliary_offset {
            patch(&mut moof, Some(place), offset);
        }
        let octets: usize = samples
            .iter()
            .map(|placed| placed.sample.octets.len())
            .sum();
        let mdat = u32::try_from(octets + 8).map_err(io::Error::other)?;
        moof.u32(mdat);
        moof.put(b"mdat");
        self.sink.write_all(&moof.0)?;
        for placed in &samples {
            self.sink.write_all(&placed.sample.octets)?;
        }
        Ok(())
    }

    /// Gives pictures the times at which they are decoded: those at which they are shown, in their order.
    fn place_pictures(&mut self, samples: &mut [Placed]) {
        let mut shown: Vec<u64> = samples.iter().map(|placed| placed.sample.micros).collect();
        shown.sort_unstable();
        for (placed, shown) in samples.iter_mut().zip(shown) {
            placed.at = shown.max(self.next_at);
            self.next_at = placed.at.saturating_add(1);
        }
    }

    /// Duration, size, flags and time to be shown of each sample.
    fn entries(&self, samples: &[Placed], next: Option<u64>) -> Vec<[u32; 4]> {
        let mut entries = Vec::with_capacity(samples.len());
        for (index, Placed { sample, at }) in samples.iter().enumerate() {
            let end = match (samples.get(index + 1), sample.ticks) {
                (_, Some(ticks)) => at.saturating_add(ticks.into()),
                (Some(next), None) => next.at,
                (None, None) => next
                    .filter(|next| next > at)
                    .unwrap_or(at.saturating_add(LAST_MICROS)),
            };
            let duration = u32::try_from(end.saturating_sub(*at)).unwrap_or(u32::MAX);
            let shown = if self.clock.is_some() {
                *at
            } else {
                sample.micros
            };
            // Two's complement: it may be shown before the time that it got.
            let offset = i128::from(shown) - i128::from(*at);
            let offset = i32::try_from(offset).unwrap_or(0);
            entries.push([
                duration,
                u32::try_from(sample.octets.len()).unwrap_or(u32::MAX),
                if sample.key { SYNC } else { NOT_SYNC },
                u32::from_be_bytes(offset.to_be_bytes()),
            ]);
        }
        entries
    }
}

/// Writes a number where there was room left for it.
fn patch(boxes: &mut Boxes, place: Option<usize>, value: usize) {
    let value = u32::try_from(value).unwrap_or(u32::MAX);
    if let Some(field) = place.and_then(|place| boxes.0.get_mut(place..place + 4)) {
        field.copy_from_slice(&value.to_be_bytes());
    }
}

impl Mux for Mp4 {
    fn write(&mut self, sample: Sample) -> io::Result<()> {
        let (at, pauses) = match (&mut self.clock, sample.ticks) {
            (Some(clock), Some(ticks)) => clock.place(sample.micros, ticks),
            _ => (0, false),
        };
        if self.is_full(&sample, pauses) {
            self.flush(Some(sample.micros))?;
        }
        self.pending_octets = self.pending_octets.saturating_add(sample.octets.len());
        self.pending.push(Placed { sample, at });
        Ok(())
    }

    fn finish(&mut self) -> io::Result<u64> {
        self.flush(None)?;
        self.sink.flush()?;
        Ok(self.sink.len())
    }
}

/// `ftyp` and `moov`.
fn front(config: &Config, cenc: Option<&Cenc>) -> Boxes {
    let (scale, width, height) = match config.shape {
        Shape::Video { width, height } => (VIDEO_SCALE, width, height),
        Shape::Audio { rate, .. } => (rate, 0, 0),
    };
    let is_video = width > 0;
    let mut boxes = Boxes::default();
    boxes.boxed(b"ftyp", |ftyp| {
        ftyp.put(b"iso6");
        ftyp.u32(0);
        ftyp.put(b"iso6cmfcmp41");
    });
    boxes.boxed(b"moov", |moov| {
        moov.full(b"mvhd", 0, 0, |mvhd| {
            mvhd.zeros(8);
            mvhd.u32(1_000);
            mvhd.u32(0);
            mvhd.u32(0x1_0000);
            mvhd.u16(0x100);
            mvhd.zeros(10);
            MATRIX.iter().for_each(|value| mvhd.u32(*value));
            mvhd.zeros(24);
            mvhd.u32(2);
        });
        moov.boxed(b"trak", |trak| {
            // Enabled, in the movie.
            trak.full(b"tkhd", 0, 3, |tkhd| {
                tkhd.zeros(8);
                tkhd.u32(1);
                tkhd.zeros(4 + 4 + 8 + 2 + 2);
                tkhd.u16(if is_video { 0 } else { 0x100 });
                tkhd.zeros(2);
                MATRIX.iter().for_each(|value| tkhd.u32(*value));
                tkhd.u32(u32::from(width) << 16);
                tkhd.u32(u32::from(height) << 16);
            });
            if let Shape::Audio { pre_skip, .. } = config.shape
                && pre_skip > 0
            {
                trak.boxed(b"edts", |edts| {
                    edts.full(b"elst", 0, 0, |elst| {
                        elst.u32(1);
                        elst.u32(0);
                        elst.u32(pre_skip.into());
                        elst.u32(0x1_0000);
                    });
                });
            }
            trak.boxed(b"mdia", |mdia| media(mdia, config, scale, cenc));
        });
        moov.boxed(b"mvex", |mvex| {
            mvex.full(b"trex", 0, 0, |trex| {
                trex.u32(1);
                trex.u32(1);
                trex.zeros(12);
            });
        });
        if let Some(cenc) = cenc {
            cenc.pssh(moov);
        }
    });
    boxes
}

fn media(mdia: &mut Boxes, config: &Config, scale: u32, cenc: Option<&Cenc>) {
    let is_video = matches!(config.shape, Shape::Video { .. });
    mdia.full(b"mdhd", 0, 0, |mdhd| {
        mdhd.zeros(8);
        mdhd.u32(scale);
        mdhd.u32(0);
        // "und", undetermined.
        mdhd.u16(0x55c4);
        mdhd.u16(0);
    });
    mdia.full(b"hdlr", 0, 0, |hdlr| {
        hdlr.u32(0);
        hdlr.put(if is_video { b"vide" } else { b"soun" });
        hdlr.zeros(12);
        hdlr.put(b"mediaseal\0");
    });
    mdia.boxed(b"minf", |minf| {
        if is_video {
            minf.full(b"vmhd", 0, 1, |vmhd| vmhd.zeros(8));
        } else {
            minf.full(b"smhd", 0, 0, |smhd| smhd.zeros(4));
        }
        minf.boxed(b"dinf", |dinf| {
            dinf.full(b"dref", 0, 0, |dref| {
                dref.u32(1);
                // In this file.
                dref.full(b"url ", 0, 1, |_| ());
            });
        });
        minf.boxed(b"stbl", |stbl| {
            stbl.full(b"stsd", 0, 0, |stsd| {
                stsd.u32(1);
                entry(stsd, config, cenc);
            });
            stbl.full(b"stts", 0, 0, |stts| stts.u32(0));
            stbl.full(b"stsc", 0, 0, |stsc| stsc.u32(0));
            stbl.full(b"stsz", 0, 0, |stsz| stsz.zeros(8));
            stbl.full(b"stco", 0, 0, |stco| stco.u32(0));
        });
    });
}

/// The sample entry.
fn entry(stsd: &mut Boxes, config: &Config, cenc: Option<&Cenc>) {
    let name = match (cenc, config.shape) {
        (None, _) => &config.entry,
        (Some(_), Shape::Video { .. }) => b"encv",
        (Some(_), Shape::Audio { .. }) => b"enca",
    };
    stsd.boxed(name, |entry| {
        entry.zeros(6);
        entry.u16(1);
        match config.shape {
            Shape::Video { width, height } => {
                entry.zeros(16);
                entry.u16(width);
                entry.u16(height);
                // 72 dots an inch.
                entry.u32(0x48_0000);
                entry.u32(0x48_0000);
                entry.u32(0);
                entry.u16(1);
                entry.zeros(32);
                entry.u16(24);
                entry.u16(0xffff);
            }
            Shape::Audio { rate, channels, .. } => {
                entry.zeros(8);
                entry.u16(channels.into());
                entry.u16(16);
                entry.zeros(4);
                // 16.16 bits; what does not fit is said in the codec's own box alone.
                entry.u32(u16::try_from(rate).map_or(0, u32::from) << 16);
            }
        }
        entry.put(&config.boxes);
        if let Some(cenc) = cenc {
            cenc.scheme(entry, config.entry);
        }
    });
}
