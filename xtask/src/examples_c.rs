//! Builds the examples in C by the commands of their README, with gcc and clang, and runs them.

mod runs;

use std::{
    fs,
    num::NonZeroU32,
    path::{Path, PathBuf},
};

use runs::Run;

use crate::{
    canary,
    command::{Finished, Invocation, cargo},
    native,
    packages::{self, Program},
    parts::{Campaign, Halt},
    stage,
    workspace::{self, Workspace},
};

const PURPOSE: &str = "building the examples in C";

/// The programs that a build needs besides the compilers.
const PROGRAMS: [Program; 2] = [
    Program {
        name: "pkg-config",
        package: "pkg-config",
    },
    Program {
        name: "gst-inspect-1.0",
        package: "gstreamer1.0-tools",
    },
];

/// What pkg-config must know, and the Debian package that brings it.
const LIBRARIES: [(&str, &str); 5] = [
    ("libgcrypt", "libgcrypt20-dev"),
    ("gstreamer-1.0", "libgstreamer1.0-dev"),
    ("gstreamer-app-1.0", "libgstreamer-plugins-base1.0-dev"),
    ("gstreamer-rtp-1.0", "libgstreamer-plugins-base1.0-dev"),
    ("gstreamer-video-1.0", "libgstreamer-plugins-base1.0-dev"),
];

/// An element of each GStreamer package that the pipelines use, and the package.
const ELEMENTS: [(&str, &str); 4] = [
    ("opusenc", "gstreamer1.0-plugins-base"),
    ("rtph264pay", "gstreamer1.0-plugins-good"),
    ("openh264dec", "gstreamer1.0-plugins-bad"),
    ("x264enc", "gstreamer1.0-plugins-ugly"),
];

/// The programs that the README builds.
const BUILT: [&str; 6] = [
    "quickstart",
    "key_rotation",
    "custom_cipher",
    "libsm4_gcm.so",
    "pipeline/pipeline",
    "pipeline_frames/pipeline_frames",
];

/// Builds and runs all examples, as a part of `cargo xtask test`.
///
/// # Errors
/// Failed, naming each check that was not passed; skipped, if something to build with is missing.
pub(crate) fn run(campaign: &mut Campaign) -> Result<String, Halt> {
    let checks = check_all(campaign)?;
    if checks.failed.is_empty() {
        Ok(format!("{} builds and runs", checks.done))
    } else {
        Err(Halt::Failed(checks.failed.join("; ")))
    }
}

/// Builds and runs all examples, as a command of its own, and prints how many checks were passed as the last line.
///
/// # Errors
/// A sentence, if there is no checkout.
pub(crate) fn run_alone() -> Result<bool, String> {
    let mut campaign = Campaign::new(Workspace::find()?, NonZeroU32::MIN);
    let checks = match check_all(&mut campaign) {
        Ok(checks) => checks,
        Err(Halt::Failed(reason)) => return Err(reason),
        Err(Halt::Skipped(reason)) => return Err(format!("nothing was run: {reason}")),
    };
    for failure in &checks.failed {
        println!("examples-c: FAILED: {failure}");
    }
    let ok = checks.done - checks.failed.len();
    println!("examples-c: {ok} of {} ok", checks.done);
    Ok(checks.failed.is_empty())
}

/// What became of the checks.
#[derive(Default)]
struct Checks {
    done: usize,
    failed: Vec<String>,
}

impl Checks {
    /// Notes how a check ended; true if it was passed.
    ///
    /// # Errors
    /// Skipped, if it was.
    fn note(&mut self, name: &str, result: Result<(), Halt>) -> Result<bool, Halt> {
        self.done += 1;
        match result {
            Ok(()) => Ok(true),
            Err(Halt::Failed(reason)) => {
                self.failed.push(format!("{name}: {reason}"));
                Ok(false)
            }
            Err(skipped @ Halt::Skipped(_)) => Err(skipped),
        }
    }
}

/// One compiler's copy of the examples.
struct Build {
    compiler: &'static str,
    folder: PathBuf,
    /// Where the staged package has its libraries.
    libraries: PathBuf,
}

fn check_all(campaign: &mut Campaign) -> Result<Checks, Halt> {
    native::ensure_compilers(campaign, PURPOSE)?;
    native::ensure_clang(campaign, PURPOSE)?;
    packages::ensure(campaign, &PROGRAMS, PURPOSE)?;
    ensure_libraries(campaign)?;
    let root = campaign.workspace.root.clone();
    cargo(&root)
        .args(["build", "--release", "--workspace"])
        .args(["--example", "sm4_frames"])
        .run(&mut campaign.transcript)?
        .successful()?;
    let out = campaign.workspace.target.join("examples-c");
    // Installed as the README says, and found by pkg-config.
    let libraries = out.join("prefix/lib");
    stage::stage(campaign, &out.join("prefix"), false)?;
    let commands = commands(&root)?;

    let mut checks = Checks::default();
    for compiler in ["gcc", native::CLANG] {
        let build = Build {
            compiler,
            folder: out.join(compiler),
            libraries: libraries.clone(),
        };
        copy_sources(&root.join("examples/c"), &build.folder)?;
        let mut is_built = true;
        for command in &commands {
            let result = build.compile(campaign, command);
            is_built &= checks.note(&format!("{compiler}: {command}"), result)?;
        }
        if is_built {
            build.run_all(campaign, &mut checks)?;
        }
    }
    Ok(checks)
}

/// Makes sure of the libraries and plugins that the examples use.
fn ensure_libraries(campaign: &mut Campaign) -> Result<(), Halt> {
    let root = campaign.workspace.root.clone();
    let lacks = |program: &str, name: &str| {
        Invocation::new(program, &root)
            .args(["--exists", name])
            .run_silently()
            .map(|finished| !finished.status.success())
    };
    let mut missing = Vec::new();
    for (program, wanted) in [
        ("pkg-config", LIBRARIES.as_slice()),
        ("gst-inspect-1.0", ELEMENTS.as_slice()),
    ] {
        for (name, package) in wanted {
            if lacks(program, name)? && !missing.contains(package) {
                missing.push(package);
            }
        }
    }
    if missing.is_empty() {
        return Ok(());
    }
    let need = format!("{PURPOSE} needs libgcrypt and GStreamer");
    packages::install(campaign, &missing, &need)
}

/// The build commands of the README.
fn commands(root: &Path) -> Result<Vec<String>, Halt> {
    let readme = workspace::read(&root.join("examples/c/README.md"))?;
    let commands: Vec<_> = String::from_utf8_lossy(&readme)
        .lines()
        .filter(|line| line.starts_with("cc "))
        .map(str::to_owned)
        .collect();
    let names = |program: &&str| {
        let output = format!(" -o {program} ");
        commands.iter().any(|command| command.contains(&output))
    };
    if BUILT.iter().all(names) {
        Ok(commands)
    } else {
        Err(Halt::Failed(
            "the README of the examples in C does not say how to build each".to_owned(),
        ))
    }
}

/// Copies the sources to `folder`, from which all else is removed.
fn copy_sources(sources: &Path, folder: &Path) -> Result<(), Halt> {
    if folder.is_dir() {
        fs::remove_dir_all(folder)
            .map_err(|error| Halt::Failed(format!("{}: {error}", folder.display())))?;
    }
    for source in workspace::files_below(sources)? {
        if let Ok(name) = source.strip_prefix(sources)
            && source
                .extension()
                .is_some_and(|kind| kind == "c" || kind == "h")
        {
            write(&folder.join(name), &workspace::read(&source)?)?;
        }
    }
    Ok(())
}

/// Writes a file, and its folder if there is none.
fn write(file: &Path, octets: &[u8]) -> Result<(), Halt> {
    let unwritable = |error| Halt::Failed(format!("{}: {error}", file.display()));
    if let Some(folder) = file.parent() {
        fs::create_dir_all(folder).map_err(unwritable)?;
    }
    fs::write(file, octets).map_err(unwritable)
}

impl Build {
    /// Runs a build command of the README, with this compiler and every warning an error.
    fn compile(&self, campaign: &mut Campaign, command: &str) -> Result<(), Halt> {
        let compiler = self.compiler;
        let strict = format!("cc() {{ {compiler} -Wall -Wextra -Wpedantic -Werror \"$@\"; }}; ");
        Invocation::new("sh", &self.folder)
            .args(["-c", &format!("{strict}{command}")])
            .env("PKG_CONFIG_PATH", self.libraries.join("pkgconfig"))
            .run(&mut campaign.transcript)?
            .successful()?;
        Ok(())
    }

    fn program(&self, name: &str) -> Invocation {
        Invocation::new(self.folder.join(name), &self.folder)
            .env("LD_LIBRARY_PATH", &self.libraries)
    }

    /// Runs what was built.
    fn run_all(&self, campaign: &mut Campaign, checks: &mut Checks) -> Result<(), Halt> {
        for run in runs::all() {
            let name = format!(
                "{}: {} {}",
                self.compiler,
                run.program,
                run.arguments.join(" ")
            );
            let result = self.one(campaign, &run);
            checks.note(&name, result)?;
        }
        let compiler = self.compiler;
        let refused = self.refuses(campaign);
        checks.note(&format!("{compiler}: what must be refused"), refused)?;
        let result = self.exchange_frames(campaign);
        checks.note(&format!("{compiler}: frames between C and Rust"), result)?;
        Ok(())
    }

    fn one(&self, campaign: &mut Campaign, run: &Run) -> Result<(), Halt> {
        let finished = self
            .program(run.program)
            .args(run.arguments)
            .run(&mut campaign.transcript)?
            .successful()?;
        closes_with(&finished, run.begins, run.ends)
    }

    /// Files that are no cipher, and options that are none.
    fn refuses(&self, campaign: &mut Campaign) -> Result<(), Halt> {
        for (program, option) in [
            ("custom_cipher", "--library"),
            ("pipeline/pipeline", "--cipher-library"),
        ] {
            let finished = self
                .program(program)
                .args([option, "sm4_gcm.c"])
                .run(&mut campaign.transcript)?;
            fails_with(&finished, 1, "MEDIASEAL_ERR_CIPHER_LIBRARY")?;
        }
        for program in [
            "custom_cipher",
            "pipeline/pipeline",
            "pipeline_frames/pipeline_frames",
        ] {
            let finished = self
                .program(program)
                .args(["--no-such-option"])
                .run(&mut campaign.transcript)?;
            fails_with(&finished, 2, "")?;
        }
        Ok(())
    }

    /// SM4-GCM from C and from Rust: each opens what the other sealed, but neither under another key nor what was altered on its way.
    fn exchange_frames(&self, campaign: &mut Campaign) -> Result<(), Halt> {
        let [key_a, key_b] = canary::keys_in_hex();
        // A key seals one file.
        for (file, from, readers, key, other) in [
            (
                "from-c",
                Side::Linked,
                [Side::Rust, Side::Loaded],
                &key_a,
                &key_b,
            ),
            (
                "from-rust",
                Side::Rust,
                [Side::Linked, Side::Loaded],
                &key_b,
                &key_a,
            ),
        ] {
            let path = self.folder.join(file);
            let sealed = self.exchange(campaign, from, key, "--seal", file)?;
            closes_with(&sealed.successful()?, "", ": 12 frames sealed")?;
            let good = workspace::read(&path)?;
            let mut altered = good.clone();
            altered[good.len() / 2] ^= 0x10;
            for to in readers {
                let opened = self.exchange(campaign, to, key, "--open", file)?;
                let exact = ": 12 frames bit-exact, each refused with one bit altered";
                closes_with(&opened.successful()?, "", exact)?;
                let refused = self.exchange(campaign, to, other, "--open", file)?;
                fails_with(&refused, 1, to.reason())?;
                write(&path, &altered)?;
                let refused = self.exchange(campaign, to, key, "--open", file)?;
                fails_with(&refused, 1, to.reason())?;
                write(&path, &good)?;
            }
            campaign.transcript.record(format!("frames {file}"), good);
        }
        Ok(())
    }

    /// Runs one side's program on a file of frames.
    fn exchange(
        &self,
        campaign: &mut Campaign,
        side: Side,
        key: &str,
        mode: &str,
        file: &str,
    ) -> Result<Finished, Halt> {
        let program = match side {
            Side::Rust => Invocation::new(campaign.workspace.example("sm4_frames"), &self.folder),
            Side::Linked => self.program("custom_cipher"),
            Side::Loaded => self
                .program("custom_cipher")
                .args(["--library", "./libsm4_gcm.so"]),
        };
        program
            .args(["--key"])
            .secret_arg(key, "<canary>")
            .args([mode, file])
            .run(&mut campaign.transcript)
    }
}

/// Who seals or opens a file of frames with SM4-GCM.
#[derive(Clone, Copy)]
enum Side {
    /// Rust, by `tests/peers/examples/sm4_frames.rs`.
    Rust,
    /// C, with the cipher in the program.
    Linked,
    /// C, with the cipher from a shared library.
    Loaded,
}

impl Side {
    /// How this side names what it refuses.
    fn reason(self) -> &'static str {
        match self {
            Self::Rust => "AuthenticationFailed",
            Self::Linked | Self::Loaded => "MEDIASEAL_ERR_AUTHENTICATION_FAILED",
        }
    }
}

/// Asks for the last line of what a program printed.
fn closes_with(finished: &Finished, begins: &str, ends: &str) -> Result<(), Halt> {
    let last = finished.stdout.lines().last().unwrap_or_default();
    let is_expected = last
        .strip_prefix(begins)
        .is_some_and(|rest| rest.ends_with(ends));
    if is_expected {
        Ok(())
    } else {
        Err(Halt::Failed(format!(
            "`{}` closes with {last:?}",
            finished.line
        )))
    }
}

/// Asks for an exit status other than 0, and for a word in what the program complained of.
fn fails_with(finished: &Finished, code: i32, word: &str) -> Result<(), Halt> {
    if finished.status.code() == Some(code) && finished.stderr.contains(word) {
        Ok(())
    } else {
        Err(Halt::Failed(format!(
            "`{}`: {}, where exit status {code} with {word:?} was to come",
            finished.line, finished.status
        )))
    }
}
