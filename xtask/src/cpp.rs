//! Builds the C++ binding's tests with every compiler, standard and sanitizer, and runs them.

use std::{
    fs,
    path::{Path, PathBuf},
};

use crate::{
    command::{Finished, Invocation},
    header,
    native::{self, Native},
    parts::{Campaign, Halt},
    workspace,
};

/// Where the binding lies.
const FOLDER: &str = "bindings/cpp";

/// One program of `bindings/cpp/tests`.
struct Program {
    /// Its source, without the ending.
    name: &'static str,
    /// What it is built with besides.
    flags: &'static [&'static str],
    /// Further sources.
    sources: &'static [&'static str],
}

impl Program {
    /// All its sources.
    fn sources(&self) -> Vec<PathBuf> {
        [self.name]
            .iter()
            .chain(self.sources)
            .map(|name| PathBuf::from(format!("{FOLDER}/tests/{name}.cpp")))
            .collect()
    }
}

const PROGRAMS: [Program; 9] = [
    plain("abi"),
    plain("custom_cipher"),
    plain("frames"),
    plain("grants"),
    Program {
        name: "keys",
        flags: &[],
        sources: &["second_unit"],
    },
    plain("libwebrtc"),
    Program {
        name: "no_exceptions",
        flags: &["-fno-exceptions", "-fno-rtti"],
        sources: &[],
    },
    plain("packet_observer"),
    plain("recordings"),
];

const fn plain(name: &'static str) -> Program {
    Program {
        name,
        flags: &[],
        sources: &[],
    }
}

/// Functions for those who cannot include the header; the binding includes it.
const NOT_FOR_CPP: [&str; 2] = ["mediaseal_constant", "mediaseal_struct_size"];

/// The headers of the binding that are over the C interface; the others are adapters over these.
const HEADERS: [&str; 4] = [
    "mediaseal.hpp",
    "mediaseal/grants.hpp",
    "mediaseal/recordings.hpp",
    "mediaseal/custody.hpp",
];

/// The marks of the features that `mediaseal/custody.hpp` has functions of.
const OF_CUSTODY: [&str; 3] = [
    "-DMEDIASEAL_CUSTODY",
    "-DMEDIASEAL_PKCS11",
    "-DMEDIASEAL_KEYCHAIN",
];

/// Beginnings of the names of numbers that the binding has as enumerations or options.
const NUMBERS: [&str; 28] = [
    "MEDIASEAL_CLASS_",
    "MEDIASEAL_SUITE_",
    "MEDIASEAL_HASH_",
    "MEDIASEAL_COST_",
    "MEDIASEAL_MODE_",
    "MEDIASEAL_MEDIA_",
    "MEDIASEAL_ORIGIN_",
    "MEDIASEAL_CHANNEL_",
    "MEDIASEAL_GENERATION_",
    "MEDIASEAL_EVENT_",
    "MEDIASEAL_KEY_STATE_",
    "MEDIASEAL_CHANGE_",
    "MEDIASEAL_PROTECTION_",
    "MEDIASEAL_PROVIDER_",
    "MEDIASEAL_SECRET_",
    "MEDIASEAL_ACTION_",
    "MEDIASEAL_ROLE_",
    "MEDIASEAL_OUTCOME_",
    "MEDIASEAL_ACCESS_",
    "MEDIASEAL_CUSTODY_",
    "MEDIASEAL_ENFORCED_",
    "MEDIASEAL_DESTROY_",
    "MEDIASEAL_SURVIVORS_",
    "MEDIASEAL_KEM_",
    "MEDIASEAL_PROFILE_",
    "MEDIASEAL_TRACK_",
    "MEDIASEAL_RECORDED_",
    "MEDIASEAL_RECORDING_",
];

/// How the programs are built.
struct Build<'a> {
    /// The folder that they are written to.
    name: &'a str,
    compiler: &'a str,
    flags: &'a [&'a str],
}

/// Builds and runs everything.
///
/// # Errors
/// Skipped, if there is no compiler and none can be installed; failed, if something is missing in the binding, a compiler or sanitizer complains, or a check does not hold.
pub(crate) fn run(campaign: &mut Campaign) -> Result<String, Halt> {
    is_complete(campaign)?;
    native::ensure_compilers(campaign, "the C++ binding")?;
    native::ensure_clang(campaign, "the C++ binding")?;
    let native = native::build(campaign)?;
    let clang = native::CLANG.replacen("clang", "clang++", 1);
    let builds = [
        Build {
            name: "gcc-17",
            compiler: "g++",
            flags: &["-std=c++17", "-O1"],
        },
        Build {
            name: "clang-sanitized",
            compiler: &clang,
            flags: &[
                "-std=c++20",
                "-O1",
                "-fno-omit-frame-pointer",
                "-fsanitize=address,undefined",
                "-fno-sanitize-recover=all",
            ],
        },
    ];
    let mut checks = 0;
    for build in &builds {
        for program in &PROGRAMS {
            checks += build_and_run(campaign, &native, build, program)?;
        }
        readme(campaign, &native, build)?;
    }
    // What the other standards say of the same sources.
    for (compiler, standard) in [("g++", "-std=c++20"), (&*clang, "-std=c++17")] {
        for program in &PROGRAMS {
            let root = campaign.workspace.root.clone();
            Invocation::new(compiler, &root)
                .args(["-fsyntax-only", "-Wall", "-Wextra", "-Wpedantic", "-Werror"])
                .args([standard, "-Iinclude", "-Ibindings/cpp"])
                .args(program.flags)
                .args(program.sources())
                .run(&mut campaign.transcript)?
                .successful()?;
        }
    }
    // The header of custody, whose library is another; `custody` runs its test.
    for (compiler, flags) in [
        ("g++", &["-std=c++17"][..]),
        (&*clang, &["-std=c++20", "-fno-exceptions", "-fno-rtti"]),
    ] {
        let root = campaign.workspace.root.clone();
        Invocation::new(compiler, &root)
            .args(["-fsyntax-only", "-Wall", "-Wextra", "-Wpedantic", "-Werror"])
            .args(["-x", "c++", "-Iinclude", "-Ibindings/cpp"])
            .args(flags)
            .args(OF_CUSTODY)
            .args([format!("{FOLDER}/mediaseal/custody.hpp")])
            .run(&mut campaign.transcript)?
            .successful()?;
    }
    println!("cpp: {checks} checks ok");
    Ok(format!(
        "{} programs under g++ and clang++ in C++17 and C++20, {checks} checks, 0 reports of sanitizers",
        PROGRAMS.len() + 1
    ))
}

/// Builds the test of `mediaseal/custody.hpp` with both compilers, links it to a library with the features of it, runs it with the sanitizers of clang, and returns how many checks it
/// made. Its stores go into `stores`.
///
/// # Errors
/// Failed, if a compiler or sanitizer complains, or a check does not hold.
pub(crate) fn custody(
    campaign: &mut Campaign,
    library: &Native,
    stores: &Path,
) -> Result<u64, Halt> {
    let root = campaign.workspace.root.clone();
    let source = PathBuf::from(format!("{FOLDER}/tests/custody.cpp"));
    Invocation::new("g++", &root)
        .args(["-fsyntax-only", "-Wall", "-Wextra", "-Wpedantic", "-Werror"])
        .args(["-std=c++17", "-Iinclude", "-Ibindings/cpp"])
        .args(OF_CUSTODY)
        .args([&source])
        .run(&mut campaign.transcript)?
        .successful()?;
    let clang = native::CLANG.replacen("clang", "clang++", 1);
    let include = format!("-I{FOLDER}");
    let mut flags = vec![
        include.as_str(),
        "-std=c++20",
        "-O1",
        "-fno-omit-frame-pointer",
        "-fsanitize=address,undefined",
        "-fno-sanitize-recover=all",
    ];
    flags.extend(OF_CUSTODY);
    let out = campaign.workspace.target.join("cpp/custody");
    native::compile(campaign, library, &clang, &flags, &[&source], &out)?;
    let finished = Invocation::new(&out, &root)
        .env("ASAN_OPTIONS", "detect_leaks=1")
        .args([stores])
        .run(&mut campaign.transcript)?
        .successful()?;
    if is_reported(&finished.stderr) {
        return Err(Halt::Failed(format!(
            "`{}`: a sanitizer reports",
            finished.line
        )));
    }
    checks_of("custody", &finished)
}

/// Builds and runs one program in one way, and returns how many checks it made.
fn build_and_run(
    campaign: &mut Campaign,
    native: &Native,
    build: &Build<'_>,
    program: &Program,
) -> Result<u64, Halt> {
    let sources = program.sources();
    let sources: Vec<&Path> = sources.iter().map(PathBuf::as_path).collect();
    let finished = compile_and_run(
        campaign,
        native,
        build,
        program.flags,
        &sources,
        program.name,
    )?;
    checks_of(program.name, &finished)
}

/// Builds and runs the program in the README.
fn readme(campaign: &mut Campaign, native: &Native, build: &Build<'_>) -> Result<(), Halt> {
    let file = campaign.workspace.root.join(FOLDER).join("README.md");
    let text = workspace::read(&file)?;
    let text = String::from_utf8_lossy(&text);
    let program = first_program(&text)
        .ok_or_else(|| Halt::Failed("the C++ README shows no program".to_owned()))?;
    let source = campaign.workspace.target.join("cpp/readme.cpp");
    let unwritable = |error| Halt::Failed(format!("{}: {error}", source.display()));
    if let Some(folder) = source.parent() {
        fs::create_dir_all(folder).map_err(unwritable)?;
    }
    fs::write(&source, program).map_err(unwritable)?;
    compile_and_run(campaign, native, build, &[], &[&source], "readme")?;
    Ok(())
}

fn compile_and_run(
    campaign: &mut Campaign,
    native: &Native,
    build: &Build<'_>,
    flags: &[&str],
    sources: &[&Path],
    name: &str,
) -> Result<Finished, Halt> {
    let include = format!("-I{FOLDER}");
    let mut all = vec![include.as_str()];
    all.extend(build.flags);
    all.extend(flags);
    let out = campaign
        .workspace
        .target
        .join("cpp")
        .join(build.name)
        .join(name);
    native::compile(campaign, native, build.compiler, &all, sources, &out)?;
    let root = campaign.workspace.root.clone();
    let finished = Invocation::new(&out, &root)
        .env("ASAN_OPTIONS", "detect_leaks=1")
        .env("UBSAN_OPTIONS", "print_stacktrace=1")
        .run(&mut campaign.transcript)?
        .successful()?;
    if is_reported(&finished.stderr) {
        return Err(Halt::Failed(format!(
            "`{}`: a sanitizer reports",
            finished.line
        )));
    }
    Ok(finished)
}

/// Whether a sanitizer has anything to say.
fn is_reported(stderr: &str) -> bool {
    stderr.contains("Sanitizer") || stderr.contains("runtime error:")
}

/// How many checks the program `name` made, if its last line says that all hold.
///
/// # Errors
/// Failed, quoting the line.
fn checks_of(name: &str, finished: &Finished) -> Result<u64, Halt> {
    let last = finished.stdout.lines().last().unwrap_or_default();
    last.strip_prefix(&format!("cpp {name}: "))
        .and_then(|line| line.strip_suffix(" checks ok")?.parse().ok())
        .filter(|checks| *checks > 0)
        .ok_or_else(|| Halt::Failed(format!("`{}` closes with {last:?}", finished.line)))
}

/// Holds the binding to the header: every function and every number of it is there.
fn is_complete(campaign: &Campaign) -> Result<(), Halt> {
    let read = |path: &Path| -> Result<String, Halt> {
        Ok(String::from_utf8_lossy(&workspace::read(path)?).into_owned())
    };
    let header = read(&header::path(&campaign.workspace))?;
    let mut binding = String::new();
    for file in HEADERS {
        binding += &read(&campaign.workspace.root.join(FOLDER).join(file))?;
    }
    let missing = missing(&header, &binding);
    if missing.is_empty() {
        return Ok(());
    }
    Err(Halt::Failed(format!(
        "the C++ binding has no {}",
        missing.join(", no ")
    )))
}

/// The functions and numbers of `header` that `binding` does not use.
fn missing(header: &str, binding: &str) -> Vec<String> {
    let code: String = binding
        .lines()
        .map(|line| line.split("//").next().unwrap_or_default())
        .collect::<Vec<_>>()
        .join("\n");
    let words: Vec<&str> = code
        .split(|c: char| !c.is_ascii_alphanumeric() && c != '_')
        .collect();
    let numbers = header
        .lines()
        .filter_map(|line| line.strip_prefix("#define ")?.split_once(' '))
        .filter(|(name, value)| {
            NUMBERS.iter().any(|begin| name.starts_with(begin))
                && !name.ends_with("_MAX_LEN")
                && value.starts_with(|c: char| c.is_ascii_digit())
        })
        .map(|(name, _)| name.to_owned());
    header::all_functions(header)
        .into_iter()
        .filter(|name| !NOT_FOR_CPP.contains(&name.as_str()))
        .chain(numbers)
        .filter(|name| !words.contains(&name.as_str()))
        .collect()
}

/// The first C++ program that a text shows.
fn first_program(text: &str) -> Option<&str> {
    let (_, rest) = text.split_once("```cpp\n")?;
    let (program, _) = rest.split_once("```")?;
    Some(program)
}

#[cfg(test)]
mod tests {
    use std::process::ExitStatus;

    use super::{checks_of, first_program, is_reported, missing};
    use crate::command::Finished;

    #[test]
    fn only_a_line_that_counts_checks_that_hold_is_accepted() {
        let closing_with = |line: &str| {
            checks_of(
                "keys",
                &Finished {
                    line: "keys".to_owned(),
                    status: ExitStatus::default(),
                    stdout: format!("something else\n{line}\n"),
                    stderr: String::new(),
                },
            )
            .ok()
        };
        assert_eq!(closing_with("cpp keys: 12 checks ok"), Some(12));
        assert_eq!(closing_with("cpp keys: 0 checks ok"), None);
        assert_eq!(closing_with("cpp keys: 12 checks made"), None);
        assert_eq!(closing_with("cpp other: 12 checks ok"), None);
    }

    #[test]
    fn what_the_binding_lacks_is_named() {
        let header = "#define MEDIASEAL_MEDIA_AUDIO 1\n#define MEDIASEAL_MEDIA_VIDEO 2\n\
                      mediaseal_status mediaseal_one(void);\nmediaseal_status mediaseal_two(void);\n\
                      #if defined(MEDIASEAL_CUSTODY)\nmediaseal_status mediaseal_three(void);\n#endif\n";
        let binding = "x = MEDIASEAL_MEDIA_AUDIO; mediaseal_one(); // mediaseal_two MEDIASEAL_MEDIA_VIDEO\n\
                       mediaseal_two_more();";
        assert_eq!(
            missing(header, binding),
            ["mediaseal_two", "mediaseal_three", "MEDIASEAL_MEDIA_VIDEO"]
        );
    }

    #[test]
    fn reports_of_sanitizers_are_seen() {
        assert!(is_reported(
            "==1==ERROR: AddressSanitizer: heap-use-after-free"
        ));
        assert!(is_reported(
            "a.cpp:1:2: runtime error: signed integer overflow"
        ));
        assert!(!is_reported("a.cpp:1: does not hold"));
    }

    #[test]
    fn the_first_program_of_a_text_is_found() {
        assert_eq!(
            first_program("a\n```sh\nls\n```\n```cpp\nint x;\n```\n"),
            Some("int x;\n")
        );
        assert_eq!(first_program("nothing"), None);
    }
}
