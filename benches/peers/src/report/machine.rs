//! What the figures were taken on and with.

use std::{fs, process::Command};

use crate::{results::Results, rounds::Plan};

/// An empty run on this machine.
#[must_use]
pub fn machine(plan: Plan) -> Results {
    Results {
        cpu: cpu(),
        cpu_features: features(),
        rustc: rustc(),
        quick: plan.quick,
        rounds: plan.rounds,
        ..Results::default()
    }
}

/// The class of the processor: what it says of itself, with family and model, and nothing of the machine around it.
fn cpu() -> String {
    let info = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let field = |name: &str| {
        info.lines().find_map(|line| {
            let (key, value) = line.split_once(':')?;
            (key.trim() == name).then(|| value.trim().to_owned())
        })
    };
    match (field("model name"), field("cpu family"), field("model")) {
        (Some(name), Some(family), Some(model)) => {
            format!("{name}, family {family}, model {model}")
        }
        _ => std::env::consts::ARCH.to_owned(),
    }
}

#[cfg(target_arch = "x86_64")]
fn features() -> Vec<String> {
    let has = [
        ("AES-NI", is_x86_feature_detected!("aes")),
        ("PCLMULQDQ", is_x86_feature_detected!("pclmulqdq")),
        ("AVX2", is_x86_feature_detected!("avx2")),
        ("AVX-512", is_x86_feature_detected!("avx512f")),
        ("VAES", is_x86_feature_detected!("vaes")),
        ("VPCLMULQDQ", is_x86_feature_detected!("vpclmulqdq")),
        ("SHA-NI", is_x86_feature_detected!("sha")),
    ];
    has.into_iter()
        .filter(|(_, has)| *has)
        .map(|(name, _)| name.to_owned())
        .collect()
}

#[cfg(not(target_arch = "x86_64"))]
fn features() -> Vec<String> {
    Vec::new()
}

/// "1.95.0"
fn rustc() -> String {
    let output = Command::new("rustc").arg("--version").output();
    let text = output.map(|output| String::from_utf8_lossy(&output.stdout).into_owned());
    text.ok()
        .and_then(|text| text.split(' ').nth(1).map(str::to_owned))
        .unwrap_or_default()
}

/// The versions of the crates, as the lock files have them.
#[must_use]
pub fn versions() -> Vec<(String, String)> {
    const NAMES: [(&str, &str); 9] = [
        ("aws-lc-rs", "aws-lc-rs"),
        ("ring", "ring"),
        ("graviola", "graviola"),
        ("boring", "BoringSSL (boring)"),
        ("davey", "davey"),
        ("webrtc-srtp", "webrtc-srtp"),
        ("rtc-srtp", "rtc-srtp"),
        ("aws-lc-sys", "AWS-LC (aws-lc-sys)"),
        ("hmac", "RustCrypto hmac"),
    ];
    let peers = include_str!("../../Cargo.lock");
    let mut versions: Vec<_> = NAMES
        .iter()
        .flat_map(|(name, shown)| newest(peers, name).map(|version| ((*shown).to_owned(), version)))
        .collect();
    versions
        .extend(newest(peers, "aes-gcm").map(|version| ("RustCrypto aes-gcm".to_owned(), version)));
    let sframe = include_str!("../../../sframe/Cargo.lock");
    versions.extend(newest(sframe, "sframe").map(|version| ("sframe".to_owned(), version)));
    versions
}

/// The last version of `name` in a lock file, which lists them in their order.
fn newest(lock: &str, name: &str) -> Option<String> {
    let wanted = format!("name = \"{name}\"");
    let mut lines = lock.lines();
    let mut version = None;
    while let Some(line) = lines.next() {
        if line == wanted {
            version = lines
                .next()
                .and_then(|line| line.strip_prefix("version = "))
                .map(|version| version.trim_matches('"').to_owned());
        }
    }
    version
}
