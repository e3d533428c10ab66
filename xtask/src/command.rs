//! Runs a command, shows or logs what it prints as it prints it, and keeps a copy.

use std::{
    ffi::OsStr,
    io::{self, Read, Write},
    path::Path,
    process::{Command, ExitStatus, Stdio},
    thread,
};

use crate::{parts::Halt, transcript::Transcript};

/// What a finished command left.
pub(crate) struct Finished {
    /// The command line, for messages.
    pub(crate) line: String,
    /// How it ended.
    pub(crate) status: ExitStatus,
    /// Everything it printed on standard output.
    pub(crate) stdout: String,
    /// Everything it printed on standard error.
    pub(crate) stderr: String,
}

impl Finished {
    /// This, if the command exited 0.
    ///
    /// # Errors
    /// The command line and its exit status, if it did not.
    pub(crate) fn successful(self) -> Result<Self, Halt> {
        if self.status.success() {
            Ok(self)
        } else {
            Err(Halt::Failed(format!("`{}`: {}", self.line, self.status)))
        }
    }
}

/// A command in the making.
pub(crate) struct Invocation {
    command: Command,
    line: String,
}

impl Invocation {
    /// `program`, to be run in `folder` without standard input.
    pub(crate) fn new(program: impl AsRef<OsStr>, folder: &Path) -> Self {
        let program = program.as_ref();
        let mut command = Command::new(program);
        command.current_dir(folder).stdin(Stdio::null());
        // The whole path of a program of ours says nothing that its name does not.
        let name = Path::new(program).file_name().unwrap_or(program);
        Self {
            command,
            line: name.to_string_lossy().into_owned(),
        }
    }

    /// Adds arguments that messages may show.
    pub(crate) fn args<A: AsRef<OsStr>>(mut self, arguments: impl IntoIterator<Item = A>) -> Self {
        for argument in arguments {
            let argument = argument.as_ref();
            self.line.push(' ');
            self.line.push_str(&argument.to_string_lossy());
            self.command.arg(argument);
        }
        self
    }

    /// Adds an argument that is shown as `shown`.
    pub(crate) fn secret_arg(mut self, argument: &str, shown: &str) -> Self {
        self.line.push(' ');
        self.line.push_str(shown);
        self.command.arg(argument);
        self
    }

    /// Sets a variable of the command's environment.
    pub(crate) fn env(mut self, name: &str, value: impl AsRef<OsStr>) -> Self {
        self.command.env(name, value);
        self
    }

    /// Runs the command to its end, shows or logs its output as `transcript` has it, and keeps a
    /// copy there.
    ///
    /// # Errors
    /// The command line and the reason, if the command could not be started or listened to.
    pub(crate) fn run(mut self, transcript: &mut Transcript) -> Result<Finished, Halt> {
        println!("$ {}", self.line);
        let line = self.line;
        let failed = |error: io::Error| Halt::Failed(format!("`{line}`: {error}"));
        transcript.announce(&line).map_err(failed)?;
        let out = transcript.sink(io::stdout()).map_err(failed)?;
        let err = transcript.sink(io::stderr()).map_err(failed)?;
        let mut child = self
            .command
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .map_err(failed)?;
        let (stdout, stderr) = (child.stdout.take(), child.stderr.take());
        let (stdout, stderr) = thread::scope(|scope| {
            let stdout = scope.spawn(|| copy(stdout, out));
            let stderr = scope.spawn(|| copy(stderr, err));
            (stdout.join(), stderr.join())
        });
        let lost = || io::Error::other("the thread that listened to it ended early");
        let stdout = stdout.map_err(|_| lost()).flatten().map_err(failed)?;
        let stderr = stderr.map_err(|_| lost()).flatten().map_err(failed)?;
        let status = child.wait().map_err(failed)?;
        let finished = Finished {
            status,
            stdout: String::from_utf8_lossy(&stdout).into_owned(),
            stderr: String::from_utf8_lossy(&stderr).into_owned(),
            line,
        };
        transcript.record(format!("standard output of `{}`", finished.line), stdout);
        transcript.record(format!("standard error of `{}`", finished.line), stderr);
        Ok(finished)
    }

    /// Runs the command to its end without showing or keeping what it prints.
    ///
    /// # Errors
    /// The command line and the reason, if the command could not be started.
    pub(crate) fn run_silently(mut self) -> Result<Finished, Halt> {
        let output = self
            .command
            .output()
            .map_err(|error| Halt::Failed(format!("`{}`: {error}", self.line)))?;
        Ok(Finished {
            line: self.line,
            status: output.status,
            stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
            stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
        })
    }
}

/// Copies `from` to `to` as it comes, and returns all of it.
fn copy(from: Option<impl Read>, mut to: impl Write) -> io::Result<Vec<u8>> {
    let mut seen = Vec::new();
    let Some(mut from) = from else {
        return Ok(seen);
    };
    let mut chunk = [0; 4096];
    loop {
        let len = from.read(&mut chunk)?;
        if len == 0 {
            return Ok(seen);
        }
        seen.extend_from_slice(&chunk[..len]);
        to.write_all(&chunk[..len])?;
        to.flush()?;
    }
}

/// `cargo` at the root of the checkout.
pub(crate) fn cargo(root: &Path) -> Invocation {
    Invocation::new("cargo", root)
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::Invocation;
    use crate::transcript::Transcript;

    #[test]
    fn what_a_command_prints_is_kept() {
        let mut transcript = Transcript::default();
        let finished = Invocation::new("sh", Path::new("."))
            .args(["-c", "echo out; echo err >&2; exit 3"])
            .run(&mut transcript)
            .unwrap();
        assert_eq!(finished.stdout, "out\n");
        assert_eq!(finished.stderr, "err\n");
        assert_eq!(finished.status.code(), Some(3));
        assert!(finished.successful().is_err());
        let kept: Vec<_> = transcript
            .entries()
            .iter()
            .map(|entry| entry.octets.as_slice())
            .collect();
        assert_eq!(kept, [b"out\n", b"err\n"]);
    }

    #[test]
    fn a_secret_argument_is_passed_but_not_shown() {
        let finished = Invocation::new("echo", Path::new("."))
            .secret_arg("swordfish", "<key>")
            .run_silently()
            .unwrap();
        assert_eq!(finished.stdout, "swordfish\n");
        assert_eq!(finished.line, "echo <key>");
    }
}
