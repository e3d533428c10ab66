//! How the examples in C are run, and how each run must end.

/// A run: its name, how to start it, and how its last line begins and ends.
pub(super) struct Run {
    pub(super) program: &'static str,
    pub(super) arguments: &'static [&'static str],
    pub(super) begins: &'static str,
    pub(super) ends: &'static str,
}

impl Run {
    const fn new(
        program: &'static str,
        arguments: &'static [&'static str],
        begins: &'static str,
        ends: &'static str,
    ) -> Self {
        Self {
            program,
            arguments,
            begins,
            ends,
        }
    }
}

/// Every run that takes no key and must succeed.
pub(super) fn all() -> impl Iterator<Item = Run> {
    one_shot()
        .into_iter()
        .chain(packets())
        .chain(encoded_frames())
}

fn one_shot() -> [Run; 5] {
    let carried =
        "custom_cipher: suite 0xF001 carried a frame; XOR 0x55 refused for DataDependsOnNonce: ";
    [
        Run::new(
            "quickstart",
            &[],
            "quickstart: 42 octets became ",
            " (retransmission).",
        ),
        Run::new(
            "key_rotation",
            &[],
            "key_rotation: one joined, one left, one restarted; ",
            "nothing else",
        ),
        Run::new("custom_cipher", &[], carried, ")"),
        Run::new(
            "custom_cipher",
            &["--library", "./libsm4_gcm.so"],
            carried,
            ")",
        ),
        Run::new("custom_cipher", &["--help"], "  -h, --help", "print this"),
    ]
}

fn packets() -> [Run; 5] {
    let run = |arguments, begins, ends| Run::new("pipeline/pipeline", arguments, begins, ends);
    let heard = |arguments| {
        run(
            arguments,
            "pipeline: 60 video frames and 2.0 s of audio decoded on the far side, ",
            "0 refused",
        )
    };
    let silent = |arguments| {
        run(
            arguments,
            "pipeline: wrong key: 0 frames decoded, ",
            " packets refused (MEDIASEAL_ERR_AUTHENTICATION_FAILED)",
        )
    };
    [
        heard(&["--seconds", "2"]),
        heard(&["--seconds", "2", "--video", "vp8"]),
        heard(&["--seconds", "2", "--cipher-library", "./libsm4_gcm.so"]),
        silent(&["--seconds", "2", "--wrong-key"]),
        silent(&[
            "--seconds",
            "2",
            "--wrong-key",
            "--cipher-library",
            "./libsm4_gcm.so",
        ]),
    ]
}

fn encoded_frames() -> [Run; 5] {
    let run = |arguments, begins, ends| {
        Run::new("pipeline_frames/pipeline_frames", arguments, begins, ends)
    };
    let heard = |arguments| {
        run(
            arguments,
            "pipeline_frames: 60 video frames and 2.0 s of audio decoded on the far side, ",
            "0 refused",
        )
    };
    [
        heard(&["--seconds", "2"]),
        heard(&["--seconds", "2", "--video", "vp8"]),
        run(
            &["--seconds", "1", "--wrong-key"],
            "pipeline_frames: wrong key: 0 frames decoded, ",
            " frames refused (MEDIASEAL_ERR_AUTHENTICATION_FAILED)",
        ),
        // How many get through is chance; the program itself asks for some, and for each to be as it was sent.
        run(
            &["--seconds", "3", "--loss", "2"],
            "pipeline_frames: ",
            " 0 altered; 0 refused",
        ),
        run(
            &["--seconds", "3", "--alter", "2", "--video", "vp8"],
            "pipeline_frames: ",
            " refused",
        ),
    ]
}
