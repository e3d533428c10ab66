//! Gives the shared library its soname and pages of 16 KiB, which Android 15 and Apple's and Arm's kernels use.

use std::env;

/// The first number of the shared library's version, which its soname carries. It changes with `MEDIASEAL_ABI_VERSION`.
const SONAME: &str = "libmediaseal.so.0";

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    let system = env::var("CARGO_CFG_TARGET_OS").unwrap_or_default();
    if matches!(system.as_str(), "linux" | "android" | "freebsd") {
        // Android packs only libraries whose names end in .so.
        let soname = if system == "android" {
            "libmediaseal.so"
        } else {
            SONAME
        };
        println!("cargo::rustc-cdylib-link-arg=-Wl,-soname,{soname}");
        println!("cargo::rustc-cdylib-link-arg=-Wl,-z,max-page-size=16384");
    }
}
