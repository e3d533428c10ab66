//! Keys in custody against the real thing: SoftHSM, moto in the place of AWS KMS and S3, gnome-keyring; and the example.

use std::{fs, num::NonZeroU32, path::PathBuf};

use crate::{
    c_tests,
    cargo_test::Tally,
    command::{Invocation, cargo},
    cpp,
    native::{self, Native},
    packages::{self, Program},
    parts::{Campaign, Halt},
    tools,
};

/// The features of all providers, and of S3, which moto plays as well.
const FEATURES: &str = "custody,pkcs11,awskms,keychain,s3";

/// The library and the command, always both: what one of them alone is built with is another build of nearly all that they need.
const PACKAGES: [&str; 4] = ["--package", "mediaseal", "--package", "mediaseal-cli"];

const PURPOSE: &str = "keys in custody";

/// What the tests run.
const PROGRAMS: [Program; 8] = [
    // A module that fails when told is written in C.
    Program {
        name: "cc",
        package: "gcc",
    },
    Program {
        name: "openssl",
        package: "openssl",
    },
    Program {
        name: "softhsm2-util",
        package: "softhsm2",
    },
    Program {
        name: "dbus-run-session",
        package: "dbus",
    },
    Program {
        name: "dbus-send",
        package: "dbus",
    },
    Program {
        name: "gnome-keyring-daemon",
        package: "gnome-keyring",
    },
    // A terminal that the command asks at.
    Program {
        name: "script",
        package: "bsdutils",
    },
    Program {
        name: "secret-tool",
        package: "libsecret-tools",
    },
];

/// The AWS that the tests speak to; they find it in the environment of `tools`.
const MOTO: &str = "moto[kms,s3,server]==5.2.5";

/// What shows that it is there.
const MOTO_MODULES: &str = "moto.kms.responses, moto.s3.responses, flask";

/// Recordings in S3, of which moto plays the other side.
const OBJECT_STORAGE: &str = "object_storage";

/// Installs what the tests run, lints the library and the command with all providers and builds their documentation, runs the tests of custody (of both), and the example.
///
/// # Errors
/// Skipped if something is missing that cannot be installed; failed if clippy has something to say, a test fails, or the example.
pub(crate) fn run(campaign: &mut Campaign) -> Result<String, Halt> {
    packages::ensure(campaign, &PROGRAMS, PURPOSE)?;
    tools::python_with(campaign, MOTO_MODULES, MOTO, PURPOSE)?;
    let root = campaign.workspace.root.clone();
    let command = |name: &str| {
        cargo(&root)
            .args([name, "--release"])
            .args(PACKAGES)
            .args(["--features", FEATURES])
    };
    command("clippy")
        .args(["--all-targets", "--", "-D", "warnings"])
        .run(&mut campaign.transcript)?
        .successful()?;
    command("doc")
        .env("RUSTDOCFLAGS", "-D warnings")
        .args(["--no-deps"])
        .run(&mut campaign.transcript)?
        .successful()?;
    // Apart from the tally of all tests, which has some of these without the features.
    let mut tally = Tally::default();
    let in_crate = command("test")
        .args([
            "--lib",
            "--no-fail-fast",
            "--",
            "--show-output",
            "vault::custody",
            "ffi::tests",
        ])
        .run(&mut campaign.transcript)?;
    tally.read(&in_crate.stdout);
    let mut tests = command("test")
        .args(["--no-fail-fast", "--example", "custody"])
        // Seeds of its fuzz target, which the tests without these features pass over.
        .args(["--test", "fuzz_corpus"]);
    for name in test_programs(campaign)? {
        tests = tests.args(["--test", &name]);
    }
    let tests = tests
        .args(["--", "--show-output"])
        .run(&mut campaign.transcript)?;
    tally.read(&tests.stdout);
    if !tally.failures.is_empty() {
        return Err(Halt::Failed(tally.failures.join(", ")));
    }
    in_crate.successful()?;
    tests.successful()?;
    if tally.passed == 0 || tally.vectors.is_empty() {
        return Err(Halt::Failed("no test or no vector was run".to_owned()));
    }
    if tally.ignored > 0 {
        return Err(Halt::Failed(format!("{} tests are ignored", tally.ignored)));
    }
    command("build")
        .args(["--example", "custody"])
        .run(&mut campaign.transcript)?
        .successful()?;
    let example = Invocation::new(campaign.workspace.example("custody"), &root)
        .run(&mut campaign.transcript)?
        .successful()?;
    let last = example.stdout.lines().last().unwrap_or_default();
    let steps = steps(last)
        .ok_or_else(|| Halt::Failed(format!("the example custody closes with {last:?}")))?;
    let vectors: u64 = tally.vectors.values().sum();
    let checks = through_c(campaign)?;
    Ok(format!(
        "{} tests with {vectors} vectors, {steps} steps of the example, {checks} checks through C and C++",
        tally.passed
    ))
}

/// Runs `tests/c_custody`, the C++ test of custody and the example in C with the sanitizers of clang, linked to the library that the example in Rust was built with.
fn through_c(campaign: &mut Campaign) -> Result<u64, Halt> {
    native::ensure_clang(campaign, PURPOSE)?;
    let root = campaign.workspace.root.clone();
    cargo(&root)
        .args(["build", "--release", "--lib"])
        .args(PACKAGES)
        .args(["--features", FEATURES])
        .run(&mut campaign.transcript)?
        .successful()?;
    let library = Native {
        include: root.join("include"),
        archive: campaign.workspace.target.join("release/libmediaseal.a"),
    };
    let folder = campaign.workspace.target.join("c-custody");
    let failed = |error: std::io::Error| Halt::Failed(format!("{}: {error}", folder.display()));
    if folder.is_dir() {
        fs::remove_dir_all(&folder).map_err(failed)?;
    }
    fs::create_dir_all(folder.join("example-stores")).map_err(failed)?;
    let flags = [
        "-std=c11",
        "-D_POSIX_C_SOURCE=200809L",
        "-O1",
        "-fsanitize=address,undefined",
        "-fno-sanitize-recover=all",
    ];
    let mut build = |sources: &[&str], name: &str| {
        let sources: Vec<_> = sources.iter().map(|source| root.join(source)).collect();
        let sources: Vec<_> = sources.iter().map(PathBuf::as_path).collect();
        let out = folder.join(name);
        native::compile(campaign, &library, native::CLANG, &flags, &sources, &out).map(|()| out)
    };
    let tests = [
        (
            "custody",
            build(&["tests/c_custody/custody.c"], "test-custody")?,
        ),
        (
            "keeping",
            build(&["tests/c_custody/keeping.c"], "test-keeping")?,
        ),
    ];
    let sources = [
        "examples/c/custody/custody.c",
        "examples/c/custody/deposit.c",
    ];
    let example = build(&sources, "example")?;
    let finished = Invocation::new(&example, &folder)
        .args([folder.join("example-stores")])
        .run(&mut campaign.transcript)?
        .successful()?;
    let last = finished.stdout.lines().last().unwrap_or_default();
    if !last.starts_with("custody: 14 steps ok, ") {
        return Err(Halt::Failed(format!(
            "the example in C closes with {last:?}"
        )));
    }
    let mut checks = 0;
    for (name, test) in tests {
        let finished = Invocation::new(&test, &folder)
            .args([folder.join(format!("stores-{name}"))])
            .run(&mut campaign.transcript)?
            .successful()?;
        checks += c_tests::checks_of(name, &finished)?;
    }
    native::ensure_compilers(campaign, PURPOSE)?;
    checks += cpp::custody(campaign, &library, &folder.join("stores-cpp"))?;
    Ok(checks)
}

/// The test programs of custody, by their files, and that of recordings in S3. The command's are called as some of these are, and run with them.
fn test_programs(campaign: &Campaign) -> Result<Vec<String>, Halt> {
    let folder = campaign.workspace.root.join("tests");
    let unreadable = |error| Halt::Failed(format!("{}: {error}", folder.display()));
    let mut names = Vec::new();
    for entry in fs::read_dir(&folder).map_err(unreadable)? {
        let name = entry.map_err(unreadable)?.file_name();
        let name = name.to_string_lossy();
        if let Some(name) = name.strip_suffix(".rs")
            && name.starts_with("custody")
        {
            names.push(name.to_owned());
        }
    }
    names.push(OBJECT_STORAGE.to_owned());
    names.sort();
    Ok(names)
}

/// How many steps the last line of the example counts.
fn steps(last: &str) -> Option<NonZeroU32> {
    last.strip_prefix("custody: ")?
        .strip_suffix(" steps ok")?
        .parse()
        .ok()
}

#[cfg(test)]
mod tests {
    use super::steps;

    #[test]
    fn only_a_line_that_counts_steps_is_accepted() {
        assert_eq!(
            steps("custody: 13 steps ok").map(std::num::NonZero::get),
            Some(13)
        );
        for line in [
            "custody: 0 steps ok",
            "custody: steps ok",
            "custody: 3 steps",
            "",
        ] {
            assert_eq!(steps(line), None, "{line}");
        }
    }
}
