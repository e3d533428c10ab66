//! Runs the C programs of `tests/c`: with the sanitizers of clang, and under valgrind.

use std::{
    fs,
    path::{Path, PathBuf},
};

use crate::{
    command::{Finished, Invocation},
    native::{self, CLANG, Native},
    packages::{self, Program},
    parts::{Campaign, Halt},
    workspace,
};

/// A program of `tests/c`.
pub(crate) struct Test {
    /// Its source is `<name>.c`.
    name: &'static str,
    /// Whether its last argument is the path of a folder that is not there yet.
    takes_folder: bool,
    /// Arguments with the sanitizers.
    sanitized: &'static [&'static str],
    /// Arguments under valgrind, some fifty times slower.
    watched: &'static [&'static str],
    /// Arguments on another processor, which may be an emulated one.
    pub(crate) elsewhere: &'static [&'static str],
}

/// How long threads fight over objects under the sanitizers, in seconds.
const THREADS_SECONDS: &str = "60";

/// Every program.
const TESTS: [Test; 7] = [
    Test {
        name: "numbers",
        takes_folder: false,
        sanitized: &[],
        watched: &[],
        elsewhere: &[],
    },
    Test {
        name: "calls",
        takes_folder: true,
        sanitized: &[],
        watched: &[],
        elsewhere: &[],
    },
    Test {
        name: "arguments",
        takes_folder: true,
        sanitized: &[],
        watched: &[],
        elsewhere: &[],
    },
    Test {
        name: "faulty_cipher",
        takes_folder: false,
        sanitized: &[],
        watched: &["accepted"],
        elsewhere: &[],
    },
    Test {
        name: "grants",
        takes_folder: false,
        sanitized: &[],
        watched: &[],
        elsewhere: &[],
    },
    Test {
        name: "recordings",
        takes_folder: true,
        sanitized: &[],
        watched: &[],
        elsewhere: &[],
    },
    Test {
        name: "threads",
        takes_folder: false,
        sanitized: &[THREADS_SECONDS],
        watched: &["3"],
        elsewhere: &["2"],
    },
];

/// Builds and runs every program both ways.
///
/// # Errors
/// Skipped if there are no compilers or no valgrind; failed if a program does not build, fails, or a watcher reports anything.
pub(crate) fn run(campaign: &mut Campaign) -> Result<String, Halt> {
    let purpose = "testing the C interface";
    native::ensure_compilers(campaign, purpose)?;
    native::ensure_clang(campaign, purpose)?;
    let valgrind = [Program {
        name: "valgrind",
        package: "valgrind",
    }];
    packages::ensure(campaign, &valgrind, purpose)?;
    // Valgrind replaces functions of the C library, for which it needs their names.
    if !Path::new("/usr/lib/debug/.build-id").is_dir() {
        packages::install(
            campaign,
            &["libc6-dbg"],
            "valgrind needs the C library's names",
        )?;
    }
    let native = native::build(campaign)?;
    let folder = campaign.workspace.target.join("c-tests");
    if folder.is_dir() {
        fs::remove_dir_all(&folder)
            .map_err(|error| Halt::Failed(format!("{}: {error}", folder.display())))?;
    }
    manual(campaign, &native, &folder)?;
    let mut checks = 0;
    let tests = all(&campaign.workspace.root)?;
    for (test, source) in &tests {
        let sanitized = build(
            campaign,
            &native,
            source,
            CLANG,
            &["-fsanitize=address,undefined", "-fno-sanitize-recover=all"],
            &folder.join("sanitized"),
        )?;
        let program = Invocation::new(&sanitized, &folder);
        checks += test.run(campaign, program, test.sanitized, &folder.join("a"))?;

        let watched = build(campaign, &native, source, "gcc", &[], &folder.join("plain"))?;
        let program = Invocation::new("valgrind", &folder)
            .args(["--quiet", "--error-exitcode=99", "--leak-check=full"])
            // Rust keeps its record of the main thread by a pointer into its middle, which counts as possibly lost.
            .args(["--errors-for-leak-kinds=definite,indirect"])
            .args(["--show-leak-kinds=definite,indirect"])
            .args(["--fair-sched=yes"])
            .args([&watched]);
        checks += test.run(campaign, program, test.watched, &folder.join("b"))?;
    }
    Ok(format!(
        "the manual page and {} programs, {checks} checks, nothing reported by ASAN, UBSAN and valgrind",
        tests.len()
    ))
}

/// What the manual page takes for granted.
const MANUAL_BEGINS: &str = "\
#include <mediaseal.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
static void drop_the_frame(const char *reason) { fputs(reason, stderr); exit(1); }
static void play(const uint8_t *frame, size_t len) { (void)frame; (void)len; exit(2); }
static void ask_for_a_key(void) { exit(3); }
static void report(const char *reason) { fputs(reason, stderr); exit(4); }
int main(void) {
const uint8_t key[32] = { 1 }, next_key[32] = { 2 }, frame[100] = { 3 };
const size_t frame_len = sizeof frame;
uint8_t sealed[200], opened[200];
";

/// And how it ends: it is written for two members, and one that gets his own frame back refuses it.
const MANUAL_ENDS: &str = "\
puts(mediaseal_status_name(status));
return 0;
}
";

/// Compiles and runs the sequence on the header's manual page as it stands there.
fn manual(campaign: &mut Campaign, native: &Native, folder: &Path) -> Result<(), Halt> {
    let unusable = |error: std::io::Error| Halt::Failed(format!("the manual page: {error}"));
    let header = fs::read_to_string(native.include.join("mediaseal.h")).map_err(unusable)?;
    let sequence: Vec<&str> = header
        .lines()
        .skip_while(|line| *line != " * THE WHOLE SEQUENCE")
        .skip(1)
        .take_while(|line| *line == " *" || line.starts_with(" *   "))
        .map(|line| line.trim_start_matches(" *"))
        .filter(|line| !line.contains("#include"))
        .collect();
    let program = [MANUAL_BEGINS, &sequence.join("\n"), "\n", MANUAL_ENDS].concat();
    let source = folder.join("manual.c");
    fs::create_dir_all(folder).map_err(unusable)?;
    fs::write(&source, program).map_err(unusable)?;
    let out = folder.join("manual");
    let flags = ["-std=c11", "-fsanitize=address,undefined"];
    native::compile(campaign, native, CLANG, &flags, &[&source], &out)?;
    let finished = Invocation::new(&out, folder)
        .run(&mut campaign.transcript)?
        .successful()?;
    if finished.stdout == "MEDIASEAL_ERR_REFLECTED\n" {
        Ok(())
    } else {
        Err(Halt::Failed(format!(
            "the manual page's sequence ends with {:?}",
            finished.stdout
        )))
    }
}

fn build(
    campaign: &mut Campaign,
    native: &Native,
    source: &Path,
    compiler: &str,
    flags: &[&str],
    folder: &Path,
) -> Result<PathBuf, Halt> {
    let program = folder.join(source.file_stem().unwrap_or_default());
    let standard = ["-std=c11", "-D_POSIX_C_SOURCE=200809L", "-O1"];
    let flags: Vec<_> = standard.iter().chain(flags).copied().collect();
    native::compile(campaign, native, compiler, &flags, &[source], &program)?;
    Ok(program)
}

/// Every test, with its source.
///
/// # Errors
/// Failed, if `tests/c` has a program that no test names, or lacks one.
pub(crate) fn all(root: &Path) -> Result<Vec<(&'static Test, PathBuf)>, Halt> {
    let mut sources = workspace::files_below(&root.join("tests/c"))?;
    sources.retain(|file| file.extension().is_some_and(|kind| kind == "c"));
    if sources.len() != TESTS.len() {
        let (programs, tests) = (sources.len(), TESTS.len());
        return Err(Halt::Failed(format!(
            "tests/c has {programs} programs, and {tests} are run"
        )));
    }
    sources
        .into_iter()
        .map(|source| {
            TESTS
                .iter()
                .find(|test| source.file_stem().is_some_and(|stem| stem == test.name))
                .map(|test| (test, source.clone()))
                .ok_or_else(|| Halt::Failed(format!("nothing runs {}", source.display())))
        })
        .collect()
}

impl Test {
    /// Runs a program to its end and returns how many checks it made. `folder` is where its own, if it takes one, lies.
    ///
    /// # Errors
    /// Failed, if it fails or checks nothing.
    pub(crate) fn run(
        &self,
        campaign: &mut Campaign,
        program: Invocation,
        arguments: &[&str],
        folder: &Path,
    ) -> Result<u64, Halt> {
        let program = program.args(arguments);
        let program = if self.takes_folder {
            program.args([folder.with_extension(self.name)])
        } else {
            program
        };
        let finished = program.run(&mut campaign.transcript)?.successful()?;
        checks_of(self.name, &finished)
    }
}

/// Reads the last line, `<name>: <count> checks ok`.
pub(crate) fn checks_of(name: &str, finished: &Finished) -> Result<u64, Halt> {
    let last = finished.stdout.lines().last().unwrap_or_default();
    last.strip_prefix(name)
        .and_then(|line| line.strip_prefix(": ")?.strip_suffix(" checks ok"))
        .and_then(|count| count.parse().ok())
        .filter(|count| *count > 0)
        .ok_or_else(|| Halt::Failed(format!("`{}` closes with {last:?}", finished.line)))
}
