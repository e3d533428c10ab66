//! Streams of real encoders, made when the program runs.

use std::{fs, path::Path};

use gstreamer as gst;
use mediaseal::{Codec, NalFormat};

use crate::{
    Fault,
    ffmpeg::{self, PICTURES, Passes},
    gst as pipelines, ivf,
};

/// Who encodes, and how.
pub(crate) enum Encoder {
    /// FFmpeg, with these arguments.
    Ffmpeg(&'static str, Passes),
    /// GStreamer, with these elements between pictures and file.
    GStreamer(&'static str),
}

/// How to make a stream.
pub(crate) struct Recipe {
    /// What it is of.
    pub(crate) codec: Codec,
    /// Encoder and variant.
    pub(crate) name: &'static str,
    encoder: Encoder,
}

const H264: Codec = Codec::H264(NalFormat::AnnexB);
const H265: Codec = Codec::H265(NalFormat::AnnexB);

const fn recipe(codec: Codec, name: &'static str, arguments: &'static str) -> Recipe {
    Recipe {
        codec,
        name,
        encoder: Encoder::Ffmpeg(arguments, Passes::One),
    }
}

const fn two_passes(codec: Codec, name: &'static str, arguments: &'static str) -> Recipe {
    Recipe {
        codec,
        name,
        encoder: Encoder::Ffmpeg(arguments, Passes::Two),
    }
}

const fn by_gstreamer(codec: Codec, name: &'static str, elements: &'static str) -> Recipe {
    Recipe {
        codec,
        name,
        encoder: Encoder::GStreamer(elements),
    }
}

/// Every stream.
pub(crate) const RECIPES: &[Recipe] = &[
    recipe(
        H264,
        "x264 baseline",
        "-c:v libx264 -preset veryfast -profile:v baseline -tune zerolatency -g 30 -x264-params sliced-threads=0",
    ),
    recipe(
        H264,
        "x264 main, 4 slices, AUD, SEI",
        "-c:v libx264 -preset veryfast -profile:v main -bf 2 -g 45 -x264-params slices=4:aud=1:nal-hrd=vbr:vbv-maxrate=2000:vbv-bufsize=1000:repeat-headers=1",
    ),
    recipe(
        H264,
        "x264 high, B pyramid, open GOP",
        "-c:v libx264 -preset veryfast -profile:v high -bf 3 -g 40 -x264-params b-pyramid=normal:open-gop=1:weightp=2",
    ),
    recipe(
        H264,
        "x264 high, forced key frames, slices of 400",
        "-c:v libx264 -preset veryfast -profile:v high -force_key_frames expr:gte(t,n_forced*0.3) -x264-params slice-max-size=400",
    ),
    recipe(
        H264,
        "x264 high, intra refresh",
        "-c:v libx264 -preset veryfast -profile:v high -tune zerolatency -g 30 -x264-params intra-refresh=1:sliced-threads=0",
    ),
    recipe(
        H264,
        "x264 high, interlaced",
        "-c:v libx264 -preset veryfast -profile:v high -flags +ildct+ilme -g 30",
    ),
    recipe(
        H264,
        "x264 high 10",
        "-c:v libx264 -preset veryfast -pix_fmt yuv420p10le -profile:v high10 -g 30",
    ),
    by_gstreamer(H264, "OpenH264", "openh264enc gop-size=30"),
    by_gstreamer(
        H264,
        "OpenH264, 4 slices",
        "openh264enc gop-size=30 slice-mode=n-slices num-slices=4",
    ),
    recipe(
        H265,
        "x265 main",
        "-c:v libx265 -preset ultrafast -x265-params log-level=none:keyint=30:repeat-headers=1",
    ),
    recipe(
        H265,
        "x265 main, 2 slices, AUD, SEI",
        "-c:v libx265 -preset ultrafast -x265-params log-level=none:keyint=30:slices=2:aud=1:hash=1:hrd=1:vbv-maxrate=2000:vbv-bufsize=1000:repeat-headers=1",
    ),
    recipe(
        H265,
        "x265 main, open GOP, B frames",
        "-c:v libx265 -preset ultrafast -x265-params log-level=none:keyint=30:min-keyint=30:open-gop=1:bframes=4:b-pyramid=1:repeat-headers=1",
    ),
    recipe(
        H265,
        "x265 main 10, zero latency",
        "-c:v libx265 -preset ultrafast -tune zerolatency -pix_fmt yuv420p10le -x265-params log-level=none:keyint=40",
    ),
    recipe(
        Codec::Vp8,
        "libvpx real time",
        "-c:v libvpx -deadline realtime -cpu-used 8 -b:v 800k -g 30",
    ),
    recipe(
        Codec::Vp8,
        "libvpx 8 token partitions, resilient",
        "-c:v libvpx -deadline realtime -cpu-used 8 -b:v 1500k -g 30 -slices 8 -error-resilient default+partitions",
    ),
    two_passes(
        Codec::Vp8,
        "libvpx hidden alt-ref frames",
        "-c:v libvpx -deadline good -cpu-used 4 -b:v 800k -g 40 -auto-alt-ref 1 -lag-in-frames 16 -arnr-maxframes 5",
    ),
    recipe(
        Codec::Vp8,
        "libvpx profile 3",
        "-c:v libvpx -deadline realtime -cpu-used 8 -b:v 800k -g 30 -profile:v 3",
    ),
    recipe(
        Codec::Vp8,
        "libvpx 3 temporal layers",
        "-c:v libvpx -deadline realtime -cpu-used 8 -b:v 800k -g 40 -error-resilient default -ts-parameters ts_number_layers=3:ts_target_bitrate=200,400,800:ts_rate_decimator=4,2,1:ts_periodicity=4:ts_layer_id=0,2,1,2:ts_layering_mode=3",
    ),
    recipe(
        Codec::Vp9,
        "libvpx real time",
        "-c:v libvpx-vp9 -deadline realtime -cpu-used 8 -b:v 800k -g 30",
    ),
    two_passes(
        Codec::Vp9,
        "libvpx hidden alt-ref frames",
        "-c:v libvpx-vp9 -deadline good -cpu-used 5 -b:v 800k -g 40 -auto-alt-ref 1 -lag-in-frames 16",
    ),
    recipe(
        Codec::Vp9,
        "libvpx profile 1 (4:4:4)",
        "-c:v libvpx-vp9 -deadline realtime -cpu-used 8 -b:v 800k -g 30 -pix_fmt yuv444p",
    ),
    recipe(
        Codec::Vp9,
        "libvpx profile 2 (10 bits)",
        "-c:v libvpx-vp9 -deadline realtime -cpu-used 8 -b:v 800k -g 30 -pix_fmt yuv420p10le",
    ),
    recipe(
        Codec::Vp9,
        "libvpx profile 3 (4:4:4, 10 bits)",
        "-c:v libvpx-vp9 -deadline realtime -cpu-used 8 -b:v 800k -g 30 -pix_fmt yuv444p10le",
    ),
    recipe(
        Codec::Vp9,
        "libvpx 3 temporal layers",
        "-c:v libvpx-vp9 -deadline realtime -cpu-used 8 -b:v 800k -g 40 -ts-parameters ts_number_layers=3:ts_target_bitrate=200,400,800:ts_rate_decimator=4,2,1:ts_periodicity=4:ts_layer_id=0,2,1,2:ts_layering_mode=3",
    ),
    recipe(
        Codec::Av1,
        "libaom real time",
        "-c:v libaom-av1 -usage realtime -cpu-used 8 -b:v 800k -g 30",
    ),
    recipe(
        Codec::Av1,
        "libaom hidden frames, 2 tiles",
        "-c:v libaom-av1 -usage good -cpu-used 8 -b:v 400k -g 40 -lag-in-frames 16 -tiles 2x1 -vf scale=192:108",
    ),
    recipe(Codec::Av1, "SVT-AV1", "-c:v libsvtav1 -preset 12 -g 30"),
    recipe(
        Codec::Av1,
        "rav1e",
        "-c:v librav1e -speed 10 -qp 120 -g 30 -rav1e-params low_latency=true",
    ),
    by_gstreamer(
        Codec::Opus,
        "libopus 20 ms",
        "audiotestsrc wave=pink-noise samplesperbuffer=960 num-buffers=100 ! audio/x-raw,rate=48000,channels=2 ! opusenc",
    ),
    by_gstreamer(
        Codec::Opus,
        "libopus 2.5 ms",
        "audiotestsrc wave=pink-noise samplesperbuffer=960 num-buffers=15 ! audio/x-raw,rate=48000,channels=1 ! opusenc frame-size=2.5 audio-type=restricted-lowdelay",
    ),
    by_gstreamer(
        Codec::Opus,
        "libopus 60 ms, in-band FEC",
        "audiotestsrc wave=red-noise samplesperbuffer=960 num-buffers=270 ! audio/x-raw,rate=16000,channels=1 ! opusenc frame-size=60 audio-type=voice bitrate=16000 inband-fec=true packet-loss-percentage=20",
    ),
    by_gstreamer(
        Codec::Opus,
        "libopus 20 ms, DTX",
        "audiotestsrc wave=ticks samplesperbuffer=960 num-buffers=150 ! audio/x-raw,rate=48000,channels=1 ! opusenc audio-type=voice bitrate=16000 dtx=true",
    ),
];

/// A stream of one encoder.
pub(crate) struct Stream {
    /// What it was made by.
    pub(crate) recipe: &'static Recipe,
    /// What its frames are to GStreamer.
    pub(crate) caps: gst::Caps,
    /// Its frames.
    pub(crate) frames: Vec<Vec<u8>>,
    /// A digest of each of its pictures or sounds.
    pub(crate) decoded: Vec<String>,
    /// The file that the encoder wrote, if it wrote one.
    file: Vec<u8>,
}

/// The names of files by codec.
fn extension(codec: Codec) -> &'static str {
    match codec {
        Codec::H264(_) => "h264",
        Codec::H265(_) => "hevc",
        _ => "ivf",
    }
}

/// The element that finds frames of NAL units and puts start codes before them.
fn parser(codec: Codec) -> &'static str {
    match codec {
        Codec::H265(_) => "h265parse ! video/x-h265,stream-format=byte-stream,alignment=au",
        _ => "h264parse ! video/x-h264,stream-format=byte-stream,alignment=au",
    }
}

impl Recipe {
    /// Encodes `pictures`, with what it writes in `folder`.
    ///
    /// # Errors
    /// What the encoder says; a sentence, if it gave other pictures than it got.
    pub(crate) fn make(
        &'static self,
        number: usize,
        pictures: &Path,
        folder: &Path,
    ) -> Result<Stream, Fault> {
        if self.codec == Codec::Opus {
            return self.make_sound();
        }
        let path = folder.join(format!("stream{number}.{}", extension(self.codec)));
        match self.encoder {
            Encoder::Ffmpeg(arguments, passes) => {
                ffmpeg::encode(pictures, arguments, passes, &path)?;
            }
            Encoder::GStreamer(elements) => {
                let description = format!(
                    "filesrc location={} ! y4mdec ! {elements} ! tee name=t ! queue ! filesink location={} t. ! queue ! appsink name=out",
                    pictures.display(),
                    path.display()
                );
                pipelines::run(&description, &[], |_| Ok(()))?.frames()?;
            }
        }
        let decoded = ffmpeg::decode(&path)?;
        if decoded.len() != PICTURES {
            return Err(format!("{} pictures of {PICTURES}", decoded.len()).into());
        }
        let file = fs::read(&path)?;
        let (caps, frames) = match self.codec {
            Codec::H264(_) | Codec::H265(_) => access_units(&path, parser(self.codec))?,
            Codec::Vp8 => (video("video/x-vp8"), ivf::read(&file)?),
            Codec::Vp9 => (video("video/x-vp9"), ivf::read(&file)?),
            _ => (
                gst::Caps::builder("video/x-av1")
                    .field("parsed", true)
                    .field("stream-format", "obu-stream")
                    .field("alignment", "tu")
                    .field("width", 320)
                    .field("height", 180)
                    .field("framerate", gst::Fraction::new(30, 1))
                    .build(),
                ivf::read(&file)?,
            ),
        };
        Ok(Stream {
            recipe: self,
            caps,
            frames,
            decoded,
            file,
        })
    }

    fn make_sound(&'static self) -> Result<Stream, Fault> {
        let (Encoder::Ffmpeg(elements, _) | Encoder::GStreamer(elements)) = self.encoder;
        let encoded = pipelines::run(&format!("{elements} ! appsink name=out"), &[], |_| Ok(()))?;
        let first = encoded
            .samples
            .first()
            .and_then(|sample| sample.caps_owned());
        let caps = first.ok_or("no sound was encoded")?;
        let frames = encoded.frames()?;
        let decoded = decode_sound(&caps, &frames)?;
        Ok(Stream {
            recipe: self,
            caps,
            frames,
            decoded,
            file: Vec::new(),
        })
    }
}

fn video(name: &str) -> gst::Caps {
    gst::Caps::builder(name)
        .field("width", 320)
        .field("height", 180)
        .field("framerate", gst::Fraction::new(30, 1))
        .build()
}

/// The frames of a file of NAL units.
fn access_units(path: &Path, parser: &str) -> Result<(gst::Caps, Vec<Vec<u8>>), Fault> {
    let description = format!(
        "filesrc location={} ! {parser} ! appsink name=out",
        path.display()
    );
    let parsed = pipelines::run(&description, &[], |_| Ok(()))?;
    let caps = parsed.samples.last().and_then(|sample| sample.caps_owned());
    Ok((caps.ok_or("no frame was found")?, parsed.frames()?))
}

/// A digest of each frame of sound.
fn decode_sound(caps: &gst::Caps, frames: &[Vec<u8>]) -> Result<Vec<String>, Fault> {
    let description = "appsrc name=in format=time ! opusdec ! appsink name=out";
    let samples = pipelines::samples(caps, frames);
    let decoded = pipelines::run(description, &samples, |_| Ok(()))?.frames()?;
    // Sounds are compared whole; a digest would only be shorter.
    Ok(decoded
        .iter()
        .map(|sound| format!("{sound:02x?}"))
        .collect())
}

impl Stream {
    /// The element that finds frames of NAL units and puts start codes before them.
    pub(crate) fn parser(&self) -> &'static str {
        parser(self.recipe.codec)
    }

    /// A digest of each picture or sound that `frames` decode to, which are byte streams if they are NAL units.
    ///
    /// # Errors
    /// What the decoder complains of.
    pub(crate) fn decode(&self, frames: &[Vec<u8>], path: &Path) -> Result<Vec<String>, Fault> {
        let file = match self.recipe.codec {
            Codec::Opus => return decode_sound(&self.caps, frames),
            Codec::H264(_) | Codec::H265(_) => frames.concat(),
            _ => ivf::write(&self.file, frames)?,
        };
        let path = path.with_extension(extension(self.recipe.codec));
        fs::write(&path, file)?;
        let decoded = ffmpeg::decode(&path);
        fs::remove_file(&path)?;
        decoded
    }
}
