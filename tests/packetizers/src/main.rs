//! Codec-aware frames of real encoders through real RTP packetizers; `docs/codecs.md` says what is compared.

mod cells;
mod ffmpeg;
mod gst;
mod ivf;
mod journey;
mod network;
mod report;
mod seal;
mod streams;
mod webrtc;

use std::{
    collections::BTreeMap,
    env,
    error::Error,
    path::{Path, PathBuf},
    process::ExitCode,
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
};

use cells::{Cell, PACKETIZERS};
use streams::{RECIPES, Recipe};

/// What went wrong.
pub(crate) type Fault = Box<dyn Error + Send + Sync>;

const HELP: &str = "\
usage: mediaseal-packetizers [--markdown] [--folder FOLDER] [CODEC]...

Encodes small streams, seals their frames in their codec's form, sends them through packetizers,
a network and depacketizers, and compares what is opened then, bit by bit, with what the encoder
gave. CODEC: H264 H265 VP8 VP9 AV1 opus; all unless some are named.
  --markdown        the matrix as tables of Markdown
  --folder FOLDER   where streams and pictures are written
";

/// Streams that are worked on at a time. Most of their time they wait.
const WORKERS: usize = 6;

/// The command line, understood.
struct Request {
    is_markdown: bool,
    folder: PathBuf,
    only: Vec<String>,
}

/// Reads the command line, without the program's own name; nothing, if help is asked for.
fn parse(mut arguments: impl Iterator<Item = String>) -> Result<Option<Request>, Fault> {
    let mut request = Request {
        is_markdown: false,
        folder: env::temp_dir().join("mediaseal-packetizers"),
        only: Vec::new(),
    };
    while let Some(argument) = arguments.next() {
        match argument.as_str() {
            "-h" | "--help" => return Ok(None),
            "--markdown" => request.is_markdown = true,
            "--folder" => {
                request.folder = arguments.next().ok_or("--folder needs a path")?.into();
            }
            name if RECIPES.iter().any(|recipe| recipe.codec.name() == name) => {
                request.only.push(argument);
            }
            unknown => return Err(format!("{unknown} is no codec here; see --help").into()),
        }
    }
    Ok(Some(request))
}

fn main() -> ExitCode {
    let verdict = parse(env::args().skip(1)).and_then(|request| match request {
        Some(request) => run(&request),
        None => {
            print!("{HELP}");
            Ok(true)
        }
    });
    match verdict {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("codecs: {error}");
            ExitCode::FAILURE
        }
    }
}

/// Makes all cells and prints them; true if none is wrong.
fn run(request: &Request) -> Result<bool, Fault> {
    gst::start()?;
    let pictures = ffmpeg::draw(&request.folder)?;
    let recipes: Vec<_> = RECIPES
        .iter()
        .enumerate()
        .filter(|(_, recipe)| {
            let codec = recipe.codec.name();
            request.only.is_empty() || request.only.iter().any(|name| name == codec)
        })
        .collect();
    let next = AtomicUsize::new(0);
    let done = Mutex::new(BTreeMap::new());
    thread::scope(|scope| {
        for _ in 0..WORKERS {
            scope.spawn(|| {
                while let Some(&(number, recipe)) =
                    recipes.get(next.fetch_add(1, Ordering::Relaxed))
                {
                    let cells = cells_of(number, recipe, &pictures, &request.folder);
                    let mut done = done.lock().unwrap_or_else(PoisonError::into_inner);
                    done.insert(number, cells);
                }
            });
        }
    });
    let done = done.into_inner().unwrap_or_else(PoisonError::into_inner);
    if done.len() != recipes.len() {
        return Err("a stream was given up".into());
    }
    let mut cells = Vec::new();
    for stream in done.into_values() {
        cells.extend(stream?);
    }
    if request.is_markdown {
        print!("{}", report::markdown(&cells));
    } else {
        print!("{}", report::lines(&cells));
    }
    println!("{}", report::losses(&cells));
    let asked_for = cells.iter().filter(|cell| cell.is_asked_for).count();
    let wrong = cells.iter().filter(|cell| cell.is_wrong()).count();
    println!("codecs: {} cells ok, {wrong} wrong", asked_for - wrong);
    Ok(wrong == 0 && asked_for > 0)
}

/// A stream through each packetizer that takes it.
fn cells_of(
    number: usize,
    recipe: &'static Recipe,
    pictures: &Path,
    folder: &Path,
) -> Result<Vec<Cell>, Fault> {
    let named = |what: &str, error: Fault| {
        Fault::from(format!(
            "{} of {}, {what}: {error}",
            recipe.codec.name(),
            recipe.name
        ))
    };
    let stream = recipe
        .make(number, pictures, folder)
        .map_err(|error| named("encoding", error))?;
    eprintln!(
        "{} of {}: {} frames",
        recipe.codec.name(),
        recipe.name,
        stream.frames.len()
    );
    PACKETIZERS
        .iter()
        .filter(|packetizer| packetizer.takes(&stream))
        .map(|packetizer| {
            let cell = packetizer.cell(&stream, folder);
            cell.map_err(|error| named(packetizer.name, error))
        })
        .collect()
}
