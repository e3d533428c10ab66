//! Runs the examples, as a reader of the README would, and looks at what they say.

use std::fs;

use crate::{
    canary,
    command::cargo,
    command::{Finished, Invocation},
    parts::{Campaign, Halt},
};

/// Builds and runs every example; `call` with each of its ciphers and with a key of ours.
///
/// # Errors
/// Failed, if one does not build, does not exit 0, or counts anything but exact frames.
pub(crate) fn run(campaign: &mut Campaign) -> Result<String, Halt> {
    let root = campaign.workspace.root.clone();
    cargo(&root)
        .args(["build", "--release", "--examples"])
        .run(&mut campaign.transcript)?
        .successful()?;
    for name in ["quickstart", "custom_cipher", "key_rotation"] {
        example(campaign, name)
            .run(&mut campaign.transcript)?
            .successful()?;
    }
    let [key_a, key_b] = canary::keys_in_hex();
    let out = campaign.workspace.call_output();
    if out.is_dir() {
        fs::remove_dir_all(&out)
            .map_err(|error| Halt::Failed(format!("{}: {error}", out.display())))?;
    }
    // Each call writes to a folder of its own, so that all of them are searched for keys.
    let call = |name: &str| {
        example(campaign, "call")
            .args(["--fast", "--out"])
            .args([out.join(name)])
    };
    let calls = [
        call("default"),
        call("codec-aware").args(["--codec-aware"]),
        call("packet-mode").args(["--packet-mode"]),
        call("sm4").args(["--cipher", "sm4"]),
        call("own-keys")
            .args(["--key"])
            .secret_arg(&key_a, "<canary A>")
            .args(["--key"])
            .secret_arg(&key_b, "<canary B>"),
    ];
    let mut exact = 0;
    for call in calls {
        exact += exact_frames(&call.run(&mut campaign.transcript)?.successful()?)?;
    }
    Ok(format!("8 runs, {exact} frames of calls bit-exact"))
}

/// The example `name`, to be run at the root of the checkout.
pub(crate) fn example(campaign: &Campaign, name: &str) -> Invocation {
    let workspace = &campaign.workspace;
    Invocation::new(workspace.example(name), &workspace.root)
}

/// The frames that `call` found bit-exact, if its last line counts nothing else.
///
/// # Errors
/// Failed, quoting the line.
pub(crate) fn exact_frames(call: &Finished) -> Result<u64, Halt> {
    let last = call.stdout.lines().last().unwrap_or_default();
    last.strip_prefix("call: ")
        .and_then(|line| {
            line.strip_suffix(" frames bit-exact, 0 wrong, 0 plaintext octets seen by the relay")
        })
        .and_then(|frames| frames.parse().ok())
        .filter(|frames| *frames > 0)
        .ok_or_else(|| Halt::Failed(format!("`{}` closes with {last:?}", call.line)))
}

#[cfg(test)]
mod tests {
    use std::process::ExitStatus;

    use super::exact_frames;
    use crate::command::Finished;

    fn closing_with(line: &str) -> Option<u64> {
        exact_frames(&Finished {
            line: "call".to_owned(),
            status: ExitStatus::default(),
            stdout: format!("call: something else\n{line}\n"),
            stderr: String::new(),
        })
        .ok()
    }

    #[test]
    fn only_a_line_that_counts_exact_frames_alone_is_accepted() {
        let line = |exact: &str, wrong: u8, seen: u8| {
            closing_with(&format!(
                "call: {exact} frames bit-exact, {wrong} wrong, {seen} plaintext octets seen by the relay"
            ))
        };
        assert_eq!(line("12", 0, 0), Some(12));
        assert_eq!(line("0", 0, 0), None);
        assert_eq!(line("12", 1, 0), None);
        assert_eq!(line("12", 0, 1), None);
        assert_eq!(line("many", 0, 0), None);
        assert_eq!(closing_with("call: done"), None);
    }
}
