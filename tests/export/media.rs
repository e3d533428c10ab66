//! Streams of real encoders, cut into frames, and what ffmpeg makes of files.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use mediaseal::vault::recording::TrackFormat;
use mediaseal::{Codec, NalFormat};
use ogg::reading::PacketReader;

/// A stream of an encoder.
#[derive(Clone)]
pub(crate) struct Stream {
    pub(crate) name: &'static str,
    pub(crate) format: TrackFormat,
    /// The file that the encoder wrote.
    pub(crate) original: PathBuf,
    pub(crate) frames: Vec<Vec<u8>>,
    /// When each is shown, in microseconds.
    pub(crate) micros: Vec<u64>,
}

impl Stream {
    fn new(name: &'static str, format: TrackFormat, original: PathBuf, each: u64) -> Self {
        let file = fs::read(&original).unwrap();
        let frames = match format.codec() {
            Some(Codec::H264(_)) => access_units(&file, |header| header & 0x1f == 9),
            Some(Codec::H265(_)) => access_units(&file, |header| header >> 1 == 35),
            Some(Codec::Opus) => packets(&file),
            None => adts(&file),
            _ => ivf(&file),
        };
        assert!(frames.len() > 20, "{name}: {} frames", frames.len());
        let micros = (0..frames.len() as u64).map(|index| index * each).collect();
        Self {
            name,
            format,
            original,
            frames,
            micros,
        }
    }

    pub(crate) const fn is_audio(&self) -> bool {
        matches!(self.format.codec_number(), 6 | 7)
    }
}

/// Where this test keeps what it makes.
pub(crate) fn folder(name: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR"))
        .join("export")
        .join(name);
    fs::create_dir_all(&folder).unwrap();
    folder
}

fn example(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("examples/media")
        .join(name)
}

/// Runs a program of ffmpeg, which must not complain, and returns what it printed.
pub(crate) fn run(program: &str, arguments: &[&str]) -> Vec<u8> {
    let output = Command::new(program)
        .args(["-hide_banner", "-loglevel", "error"])
        .args(arguments)
        // An encoder that tells of itself.
        .env("SVT_LOG", "1")
        .output()
        .expect("ffmpeg is installed: cargo xtask test export sees to it");
    let complaint = String::from_utf8_lossy(&output.stderr);
    assert!(
        output.status.success() && complaint.is_empty(),
        "{program} {arguments:?}: {complaint}"
    );
    output.stdout
}

/// Two seconds by an encoder of ffmpeg.
fn encode(folder: &Path, file: &str, arguments: &[&str]) -> PathBuf {
    let path = folder.join(file);
    let source = if arguments.contains(&"-c:a") {
        "sine=frequency=440:duration=2:sample_rate=48000"
    } else {
        "testsrc2=size=322x182:rate=30:duration=2"
    };
    let front = ["-nostdin", "-y", "-f", "lavfi", "-i", source];
    let end = ["-threads", "2", path.to_str().unwrap()];
    run("ffmpeg", &[&front[..], arguments, &end].concat());
    path
}

/// One stream of each codec: H.264, H.265, VP8, VP9, AV1, Opus, AAC.
pub(crate) fn streams() -> Vec<Stream> {
    static STREAMS: OnceLock<Vec<Stream>> = OnceLock::new();
    STREAMS.get_or_init(|| make(&folder("originals"))).clone()
}

fn make(folder: &Path) -> Vec<Stream> {
    let annex_b = NalFormat::AnnexB;
    let video = ["-pix_fmt", "yuv420p", "-g", "30"];
    let h265 = encode(
        folder,
        "x265.h265",
        &[
            &video[..],
            &["-c:v", "libx265", "-preset", "ultrafast", "-x265-params"],
            &["aud=1:repeat-headers=1:bframes=0:log-level=none"],
        ]
        .concat(),
    );
    let vp9 = encode(
        folder,
        "libvpx.ivf",
        &[
            &video[..],
            &["-c:v", "libvpx-vp9", "-deadline", "realtime", "-cpu-used"],
            &["8", "-b:v", "300k"],
        ]
        .concat(),
    );
    let aac = encode(
        folder,
        "lavc.aac",
        &["-c:a", "aac", "-ac", "2", "-f", "adts"],
    );
    let frame = 1_000_000 / 30;
    vec![
        Stream::new(
            "h264",
            TrackFormat::of(Codec::H264(annex_b)),
            example("camera-h264.h264"),
            frame,
        ),
        Stream::new("h265", TrackFormat::of(Codec::H265(annex_b)), h265, frame),
        Stream::new(
            "vp8",
            TrackFormat::of(Codec::Vp8),
            example("camera-vp8.ivf"),
            frame,
        ),
        Stream::new("vp9", TrackFormat::of(Codec::Vp9), vp9, frame),
        Stream::new(
            "av1",
            TrackFormat::of(Codec::Av1),
            example("screen-av1.ivf"),
            40_000,
        ),
        Stream::new(
            "opus",
            TrackFormat::of(Codec::Opus),
            example("speech.ogg"),
            20_000,
        ),
        Stream::new("aac", TrackFormat::numbered(TrackFormat::AAC), aac, 21_333),
    ]
}

/// VP9 of profile 1, whose frames do without those before them where they can.
pub(crate) fn vp9_of_profile_1(folder: &Path) -> Stream {
    let file = encode(
        folder,
        "profile1.ivf",
        &[
            "-pix_fmt",
            "yuv444p",
            "-g",
            "30",
            "-c:v",
            "libvpx-vp9",
            "-deadline",
            "realtime",
            "-cpu-used",
            "8",
            "-error-resilient",
            "1",
            "-lag-in-frames",
            "0",
            "-b:v",
            "300k",
        ],
    );
    Stream::new(
        "profile 1",
        TrackFormat::of(Codec::Vp9),
        file,
        1_000_000 / 30,
    )
}

/// AV1 with several tiles; with frames that are never shown, motion of the whole picture and film grain; of another encoder. With the most tiles of a frame.
pub(crate) fn av1_of_all_kinds(folder: &Path) -> Vec<(Stream, usize)> {
    let grainy = ["-lag-in-frames", "16", "-denoise-noise-level", "30"];
    let kinds: [(&'static str, &[&str], usize); 3] = [
        (
            "tiles.ivf",
            &["-usage", "realtime", "-cpu-used", "8", "-tiles", "2x2"],
            4,
        ),
        (
            "grainy.ivf",
            &[&["-usage", "good", "-cpu-used", "6"], &grainy[..]].concat(),
            1,
        ),
        ("svt.ivf", &["-preset", "10"], 1),
    ];
    kinds
        .into_iter()
        .map(|(name, arguments, tiles)| {
            let encoder = if name == "svt.ivf" {
                "libsvtav1"
            } else {
                "libaom-av1"
            };
            let front = [
                "-pix_fmt", "yuv420p", "-g", "30", "-b:v", "300k", "-c:v", encoder,
            ];
            let file = encode(folder, name, &[&front[..], arguments].concat());
            let format = TrackFormat::of(Codec::Av1);
            (Stream::new(name, format, file, 1_000_000 / 30), tiles)
        })
        .collect()
}

/// H.264 whose pictures are not sent in the order in which they are shown.
pub(crate) fn reordered(folder: &Path) -> Stream {
    let matroska = encode(
        folder,
        "x264.mkv",
        &[
            "-pix_fmt", "yuv420p", "-g", "30", "-c:v", "libx264", "-preset", "veryfast", "-bf", "3",
        ],
    );
    let (matroska, annex_b) = (matroska.to_str().unwrap(), folder.join("x264.h264"));
    run(
        "ffmpeg",
        &[
            "-nostdin",
            "-y",
            "-i",
            matroska,
            "-c",
            "copy",
            "-bsf:v",
            "h264_mp4toannexb,h264_metadata=aud=insert",
            annex_b.to_str().unwrap(),
        ],
    );
    let times = run(
        "ffprobe",
        &[
            "-show_entries",
            "packet=pts_time",
            "-of",
            "csv=p=0",
            matroska,
        ],
    );
    let format = TrackFormat::of(Codec::H264(NalFormat::AnnexB));
    let mut stream = Stream::new("reordered", format, annex_b, 1);
    stream.micros = String::from_utf8(times)
        .unwrap()
        .lines()
        .map(|line| {
            // Milliseconds, as Matroska has them.
            let (seconds, rest) = line.trim_matches(',').split_once('.').unwrap();
            seconds.parse::<u64>().unwrap() * 1_000_000 + rest.parse::<u64>().unwrap()
        })
        .collect();
    assert_eq!(stream.micros.len(), stream.frames.len());
    assert!(!stream.micros.is_sorted());
    stream
}

/// The same with lengths of four octets in the place of start codes.
pub(crate) fn with_lengths(stream: &Stream) -> Stream {
    let format = match stream.format.codec() {
        Some(Codec::H264(_)) => Codec::H264(NalFormat::Length4),
        Some(Codec::H265(_)) => Codec::H265(NalFormat::Length4),
        _ => panic!("no NAL units"),
    };
    let convert = |frame: &Vec<u8>| {
        let mut out = Vec::new();
        for (start, end) in nals(frame) {
            out.extend_from_slice(&u32::try_from(end - start).unwrap().to_be_bytes());
            out.extend_from_slice(&frame[start..end]);
        }
        out
    };
    Stream {
        name: "lengths",
        format: TrackFormat::of(format),
        original: stream.original.clone(),
        frames: stream.frames.iter().map(convert).collect(),
        micros: stream.micros.clone(),
    }
}

/// Where NAL units begin and end.
fn nals(octets: &[u8]) -> Vec<(usize, usize)> {
    let mut starts = Vec::new();
    let mut at = 0;
    while at + 3 <= octets.len() {
        if octets[at..at + 3] == [0, 0, 1] {
            starts.push(at + 3);
            at += 3;
        } else {
            at += 1;
        }
    }
    let mut found = Vec::new();
    for (index, &start) in starts.iter().enumerate() {
        let mut end = starts.get(index + 1).map_or(octets.len(), |next| next - 3);
        while end > start && octets[end - 1] == 0 {
            end -= 1;
        }
        found.push((start, end));
    }
    found
}

/// Access units, each from its delimiter on.
fn access_units(file: &[u8], is_delimiter: fn(u8) -> bool) -> Vec<Vec<u8>> {
    let mut units: Vec<Vec<u8>> = Vec::new();
    for (start, end) in nals(file) {
        if is_delimiter(file[start]) {
            units.push(Vec::new());
        }
        let unit = units.last_mut().unwrap();
        unit.extend_from_slice(&[0, 0, 0, 1]);
        unit.extend_from_slice(&file[start..end]);
    }
    units
}

fn ivf(file: &[u8]) -> Vec<Vec<u8>> {
    let mut rest = &file[32..];
    let mut frames = Vec::new();
    while !rest.is_empty() {
        let len = u32::from_le_bytes(rest[..4].try_into().unwrap()) as usize;
        frames.push(rest[12..12 + len].to_vec());
        rest = &rest[12 + len..];
    }
    frames
}

/// Packets of an Ogg file, its headers among them.
fn packets(file: &[u8]) -> Vec<Vec<u8>> {
    let mut reader = PacketReader::new(std::io::Cursor::new(file));
    let mut packets = Vec::new();
    while let Some(packet) = reader.read_packet().unwrap() {
        packets.push(packet.data);
    }
    packets
}

fn adts(file: &[u8]) -> Vec<Vec<u8>> {
    let mut rest = file;
    let mut frames = Vec::new();
    while !rest.is_empty() {
        let len = u32::from_be_bytes(rest[2..6].try_into().unwrap()) >> 5 & 0x1fff;
        let (frame, behind) = rest.split_at(len as usize);
        frames.push(frame.to_vec());
        rest = behind;
    }
    frames
}

/// A digest of each picture that ffmpeg decodes, in the order in which they are shown.
pub(crate) fn pictures(input: &[&str], file: &Path) -> Vec<String> {
    let file = file.to_str().unwrap();
    let end = [
        "-i",
        file,
        "-fps_mode",
        "passthrough",
        "-f",
        "framemd5",
        "-",
    ];
    let printed = run("ffmpeg", &[&["-nostdin"], input, &end].concat());
    String::from_utf8(printed)
        .unwrap()
        .lines()
        .filter(|line| !line.starts_with('#'))
        .map(|line| line.rsplit(',').next().unwrap().trim().to_owned())
        .collect()
}

/// The sound that ffmpeg decodes.
pub(crate) fn sound(input: &[&str], file: &Path) -> Vec<u8> {
    let end = ["-i", file.to_str().unwrap(), "-f", "s16le", "-"];
    run("ffmpeg", &[&["-nostdin"], input, &end].concat())
}

/// Insists that a file decodes to what the encoder's own does.
pub(crate) fn assert_same(stream: &Stream, input: &[&str], file: &Path) {
    let name = stream.name;
    if stream.is_audio() {
        let (expected, found) = (sound(&[], &stream.original), sound(input, file));
        assert!(expected.len() > 100_000, "{name}");
        assert!(found.starts_with(&expected), "{name}: other sound");
        // An Ogg file may cut its last packet, of 20 ms in two channels at most; a recording has packets.
        let more = found.len() - expected.len();
        assert!(more < 960 * 2 * 2, "{name}: {more} octets more");
    } else {
        let (expected, found) = (pictures(&[], &stream.original), pictures(input, file));
        assert_eq!(expected.len(), stream.frames.len(), "{name}");
        assert!(expected == found, "{name}: other pictures");
    }
}
