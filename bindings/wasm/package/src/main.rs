//! Writes the package of `mediaseal-wasm`: the module, the JavaScript and the types that wasm-bindgen makes of it, and what is written by hand.
//!
//! `mediaseal-wasm-package MODULE.wasm FOLDER`

use std::{
    env, fs,
    path::{Path, PathBuf},
    process::ExitCode,
};

use anyhow::{Context, Result, bail};
use wasm_bindgen_cli_support::Bindgen;

/// What is written by hand, by file name.
const BY_HAND: [(&str, &str); 5] = [
    ("error.js", include_str!("../../js/error.js")),
    ("index.d.ts", include_str!("../../js/index.d.ts")),
    ("index.js", include_str!("../../js/index.js")),
    ("transform.d.ts", include_str!("../../js/transform.d.ts")),
    ("transform.js", include_str!("../../js/transform.js")),
];

fn main() -> ExitCode {
    match run(&env::args().skip(1).collect::<Vec<_>>()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("mediaseal-wasm-package: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(arguments: &[String]) -> Result<()> {
    let [module, folder] = arguments else {
        bail!("usage: mediaseal-wasm-package MODULE.wasm FOLDER");
    };
    write(Path::new(module), &PathBuf::from(folder))
}

fn write(module: &Path, folder: &Path) -> Result<()> {
    Bindgen::new()
        .input_path(module)
        .web(true)?
        // Who calls init() without an argument gets the module that lies beside it.
        .omit_default_module_path(false)
        .typescript(true)
        .out_name("mediaseal")
        // Names of functions are half as long as the code.
        .remove_name_section(true)
        .remove_producers_section(true)
        .generate(folder)
        .with_context(|| module.display().to_string())?;
    for (name, text) in BY_HAND {
        let file = folder.join(name);
        fs::write(&file, text).with_context(|| file.display().to_string())?;
    }
    // What Rust has as a heading is a tag in JavaScript.
    for name in ["mediaseal.js", "mediaseal.d.ts"] {
        let file = folder.join(name);
        let text = fs::read_to_string(&file)?;
        let text = text.replace("# Errors\n     * ", "@throws MediasealError ");
        fs::write(&file, text).with_context(|| file.display().to_string())?;
    }
    let manifest = folder.join("package.json");
    fs::write(&manifest, package_json()).with_context(|| manifest.display().to_string())
}

/// What npm, bundlers and browsers' import maps want to know.
fn package_json() -> String {
    format!(
        r#"{{
  "name": "mediaseal",
  "version": "{}",
  "description": "Client-side media encryption for calls: SFrame (RFC 9605) with keys that the customer owns",
  "license": "{}",
  "type": "module",
  "main": "index.js",
  "types": "index.d.ts",
  "sideEffects": false
}}
"#,
        env!("CARGO_PKG_VERSION"),
        env!("CARGO_PKG_LICENSE"),
    )
}
