//! Holds `src/` to the architecture: who may import whom, and what may stand where.
//!
//! The rules are data in `architecture/rules.rs`. A failure names file and line.

#![cfg(test)]

#[path = "architecture/paths.rs"]
mod paths;
#[path = "architecture/rules.rs"]
mod rules;
#[path = "architecture/source.rs"]
mod source;

use std::{fs, path::Path};

use rules::{IMPORT_TABLE, Offence, RootNames, offences, root_names};

/// Every source below `folder`: its path from `src/` on, and its text.
fn sources(folder: &Path, prefix: &str, found: &mut Vec<(String, String)>) -> std::io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let name = format!("{prefix}{}", entry.file_name().to_string_lossy());
        if entry.file_type()?.is_dir() {
            sources(&entry.path(), &format!("{name}/"), found)?;
        } else if name.ends_with(".rs") {
            found.push((name, fs::read_to_string(entry.path())?));
        }
    }
    Ok(())
}

/// The sources of the crate, sorted by path.
fn crate_sources() -> Vec<(String, String)> {
    let mut found = Vec::new();
    sources(
        &Path::new(env!("CARGO_MANIFEST_DIR")).join("src"),
        "",
        &mut found,
    )
    .expect("src/ can be read");
    found.sort();
    found
}

#[test]
fn src_obeys_the_architecture() {
    let sources = crate_sources();
    let (_, lib) = sources
        .iter()
        .find(|(file, _)| file == "lib.rs")
        .expect("src/lib.rs is there");
    let root = root_names(lib);
    let found: Vec<String> = sources
        .iter()
        .flat_map(|(file, source)| offences(file, source, &root))
        .map(|offence| offence.to_string())
        .collect();
    assert!(
        found.is_empty(),
        "{} lines break the architecture:\n{}",
        found.len(),
        found.join("\n")
    );
}

#[test]
fn every_module_of_the_core_is_looked_at() {
    let sources = crate_sources();
    for module in [
        "error", "id", "frame", "event", "os", "cipher", "keys", "format", "channel", "ffi",
    ] {
        let is_there = sources.iter().any(|(file, _)| {
            *file == format!("{module}.rs") || file.starts_with(&format!("{module}/"))
        });
        assert!(is_there, "no source of module {module} was found");
    }
}

#[test]
fn the_lexer_keeps_its_place_in_every_source() {
    // A literal or comment that it read wrongly would swallow a bracket sooner or later.
    for (file, source) in crate_sources() {
        let mut open = Vec::new();
        for token in source::tokens(&source) {
            match token.text.as_str() {
                "(" | "[" | "{" => open.push(token),
                ")" | "]" | "}" => {
                    let opened = open.pop().map(|token| token.text);
                    let pair = format!("{}{}", opened.unwrap_or_default(), token.text);
                    let line = token.line;
                    assert!(
                        ["()", "[]", "{}"].contains(&&*pair),
                        "src/{file}:{line}: {pair}"
                    );
                }
                _ => {}
            }
        }
        assert!(open.is_empty(), "src/{file}: never closed: {open:?}");
    }
}

#[test]
fn the_import_table_has_no_cycle() {
    // Rows only name modules of which no path leads back.
    fn reaches(from: &str, to: &str) -> bool {
        IMPORT_TABLE
            .iter()
            .filter(|(module, _)| *module == from)
            .flat_map(|(_, imports)| *imports)
            .any(|import| *import == to || reaches(import, to))
    }
    for (module, _) in IMPORT_TABLE {
        assert!(
            !reaches(module, module),
            "{module} imports itself in the end"
        );
    }
}

/// What the checker says of `source` as the text of `file`.
fn complaints(file: &str, source: &str) -> Vec<Offence> {
    let root = RootNames::from([
        ("KeyStore".to_owned(), "keys".to_owned()),
        ("Error".to_owned(), "error".to_owned()),
    ]);
    offences(file, source, &root)
}

/// Asserts that the checker names `line` of `source` with a complaint that contains `word`.
#[track_caller]
fn assert_named(file: &str, source: &str, line: usize, word: &str) {
    let found = complaints(file, source);
    assert!(
        found.len() == 1
            && found[0].line == line
            && found[0].file == file
            && found[0].complaint.contains(word),
        "{file}: expected line {line} with {word:?}, found {found:?}\n{source}"
    );
}

/// Asserts that the checker has nothing against `source`.
#[track_caller]
fn assert_clean(file: &str, source: &str) {
    assert_eq!(complaints(file, source), [], "{file}\n{source}");
}

#[test]
fn forbidden_edges_are_named_however_they_are_written() {
    for (file, source, line) in [
        ("cipher/kdf.rs", "use crate::keys::schedule;", 1),
        ("cipher/kdf.rs", "\nuse super::super::keys;", 2),
        ("cipher/mod.rs", "use super::keys::KeyStore;", 1),
        (
            "cipher/mod.rs",
            "use crate::{\n    error::Error,\n    keys::KeyStore,\n};",
            3,
        ),
        (
            "cipher/mod.rs",
            "fn f() {\n    crate::keys::derive();\n}",
            2,
        ),
        ("cipher/mod.rs", "fn f(k: &crate::KeyStore) {}", 1),
        ("cipher/mod.rs", "use crate::KeyStore as Store;", 1),
        (
            "cipher/mod.rs",
            "mod inner {\n    use super::super::keys::*;\n}",
            2,
        ),
        (
            "cipher/mod.rs",
            "macro_rules! m { () => { $crate::keys::f() } }",
            1,
        ),
        (
            "cipher/mod.rs",
            "#[cfg(test)]\nmod tests {}\nuse crate::keys;",
            3,
        ),
        ("cipher/mod.rs", "#[cfg(not(test))]\nuse crate::keys;", 2),
        (
            "cipher/mod.rs",
            "const A: char = '\"'; use crate::keys; const B: char = '\"';",
            1,
        ),
        ("cipher/mod.rs", "pub(crate) use crate::keys::Secret;", 1),
    ] {
        assert_named(file, source, line, "`cipher` must not import `keys`");
    }
    assert_named(
        "keys/key.rs",
        "use crate::format::sframe;",
        1,
        "`keys` must not import `format`",
    );
    assert_named(
        "format/sframe.rs",
        "use crate::keys::Secret;",
        1,
        "`format` must not import `keys`",
    );
    assert_named(
        "id.rs",
        "use crate::error::Error;",
        1,
        "`id` must not import `error`",
    );
    assert_named(
        "error.rs",
        "use crate::ffi;",
        1,
        "`error` must not import `ffi`",
    );
    assert_named(
        "channel/mod.rs",
        "use crate::vault;",
        1,
        "`channel` must not import `vault`",
    );
    assert_named(
        "vault/mod.rs",
        "use crate::channel;",
        1,
        "`vault` must not import `channel`",
    );
}

#[test]
fn edges_that_cannot_be_judged_are_offences() {
    for source in [
        "use crate::*;",
        "use crate::{self as root};",
        "use super::*;",
    ] {
        assert_named("cipher/mod.rs", source, 1, "hides edges");
    }
    assert_named("cipher/mod.rs", "use crate::Unknown;", 1, "full path");
    assert_named("novel.rs", "use std::fmt;", 1, "no row");
    assert_named(
        "keys/mod.rs",
        "#[path = \"../format/sframe.rs\"]\nmod s;",
        1,
        "`#[path]`",
    );
    assert_named("keys/mod.rs", "include!(\"x.rs\");", 1, "`include!`");
    assert_named(
        "lib.rs",
        "extern crate self as mediaseal;",
        1,
        "second name",
    );
}

#[test]
fn allowed_edges_comments_strings_and_tests_are_no_offences() {
    assert_clean(
        "keys/key.rs",
        "use crate::cipher::CipherKey;\nuse super::secret::Secret;",
    );
    assert_clean(
        "cipher/mod.rs",
        "// use crate::keys;\n/* crate::keys /* */ crate::keys */",
    );
    assert_clean(
        "cipher/mod.rs",
        "/// See [`crate::keys::KeyStore`].\npub struct S;",
    );
    assert_clean(
        "cipher/mod.rs",
        "const S: &str = \"crate::keys\"; const R: &str = r#\"\"crate::keys\"#;",
    );
    assert_clean(
        "cipher/mod.rs",
        "#[cfg(test)]\nmod tests {\n use crate::keys::KeyStore; \n}",
    );
    assert_clean(
        "cipher/mod.rs",
        "#[cfg(test)]\n#[allow(unused)]\nuse crate::keys;",
    );
    assert_clean(
        "cipher/mod.rs",
        "mod inner { use super::Cipher; use super::super::error::Error; }",
    );
    assert_clean("cipher/mod.rs", "use crate::Error;");
    assert_clean(
        "channel/decryptor.rs",
        "use crate::{cipher, format, frame::FrameBuf, keys};",
    );
    assert_clean("vault/recording/export/open.rs", "use crate::channel;");
    assert_clean("ffi/mod.rs", "use crate::{channel, vault, keys};");
    assert_clean(
        "lib.rs",
        "pub use channel::ChannelEncryptor; pub use crate::keys::KeyStore;",
    );
}

#[test]
fn files_clocks_threads_and_randomness_stay_where_they_belong() {
    for (file, source, word) in [
        ("keys/key.rs", "use std::fs;", "std::fs"),
        ("keys/key.rs", "use std::{fmt, fs::File};", "std::fs"),
        ("keys/key.rs", "fn f() { std::fs::read(p); }", "std::fs"),
        ("channel/mod.rs", "use std::io;", "std::io"),
        ("channel/mod.rs", "use std::net::UdpSocket;", "std::net"),
        ("keys/mod.rs", "use std::thread;", "std::thread"),
        (
            "cipher/check.rs",
            "fn f() { std::thread::spawn(g); }",
            "thread::spawn",
        ),
        (
            "cipher/check.rs",
            "use std::thread;\nfn f() { thread::spawn(g); }",
            "thread::spawn",
        ),
        (
            "cipher/check.rs",
            "fn f() { std::thread::sleep(d); }",
            "thread::sleep",
        ),
        (
            "keys/replay.rs",
            "use std::thread;\nfn f() { thread::scope(|s| g(s)); }",
            "thread::scope",
        ),
        (
            "channel/mod.rs",
            "use std::time::{Duration, Instant};",
            "std::time::Instant",
        ),
        (
            "channel/mod.rs",
            "fn f() { std::time::SystemTime::now(); }",
            "std::time::SystemTime",
        ),
        ("channel/mod.rs", "use std::time;", "std::time"),
        ("channel/mod.rs", "use std::time::*;", "std::time"),
        ("channel/mod.rs", "use std as s;", "imported whole"),
        (
            "cipher/mod.rs",
            "fn f() { getrandom::fill(b); }",
            "getrandom",
        ),
    ] {
        let found = complaints(file, source);
        assert!(
            found.len() == 1 && found[0].complaint.contains(word),
            "{file}: {source}: {found:?}"
        );
    }
    assert_clean(
        "keys/counter_store.rs",
        "use std::fs::File; use std::io::Write;",
    );
    assert_clean(
        "cipher/check.rs",
        "fn f() { std::thread::scope(|s| { s.spawn(g); }); }",
    );
    assert_clean(
        "keys/replay.rs",
        "use std::thread;\nfn f() { thread::sleep(d); }",
    );
    assert_clean("channel/mod.rs", "use std::time::Duration;");
}

#[test]
fn unsafe_code_stays_in_its_folders_and_says_why_it_is_sound() {
    assert_named(
        "keys/secret.rs",
        "fn f() { unsafe { g() } }",
        1,
        "outside ffi",
    );
    assert_named(
        "cipher/aes_gcm.rs",
        "unsafe impl Send for S {}",
        1,
        "outside ffi",
    );
    assert_named(
        "os/memory.rs",
        "fn f() {\n    unsafe { g() }\n}",
        2,
        "SAFETY",
    );
    assert_named(
        "os/memory.rs",
        "// SAFETY: yes.\nfn f() {\n    unsafe { g() }\n}",
        3,
        "SAFETY",
    );
    assert_named(
        "os/memory.rs",
        "// It is sound.\nunsafe impl Send for S {}",
        2,
        "SAFETY",
    );
    assert_clean(
        "os/memory.rs",
        "fn f() {\n    // SAFETY: g asks nothing.\n    unsafe { g() }\n}",
    );
    assert_clean(
        "cipher/backend/x86.rs",
        "fn f() {\n    // SAFETY: checked above,\n    // in full.\n    let x =\n        unsafe { g() };\n}",
    );
}

#[test]
fn state_outside_of_objects_is_the_fork_guards_alone() {
    assert_named(
        "keys/mod.rs",
        "static S: Mutex<u8> = Mutex::new(0);",
        1,
        "static",
    );
    assert_named(
        "keys/mod.rs",
        "static S: AtomicU64 = AtomicU64::new(0);",
        1,
        "static",
    );
    assert_named("keys/mod.rs", "thread_local! { }", 1, "no state");
    assert_clean("ffi/boundary.rs", "thread_local! { }");
    assert_clean("os/fork.rs", "static S: AtomicU64 = AtomicU64::new(0);");
    assert_clean(
        "keys/mod.rs",
        "static S: [u8; 2] = [0; 2]; fn f(s: &'static Mutex<u8>) {}",
    );
}

#[test]
fn no_public_function_takes_a_nonce_or_a_counter() {
    for source in [
        "pub fn seal(nonce: &[u8]) {}",
        "pub const fn new(kid: u64, ctr: u64) {}",
        "pub fn open<F: Fn(u8) -> u8>(f: F, start_counter: u64) {}",
        "pub fn open(at: Counter) {}",
        "pub trait T { fn open(&self, iv: &[u8]); }",
        "pub extern \"C\" fn open(iv: *const u8) {}",
    ] {
        assert_named("channel/mod.rs", source, 1, "public parameter");
    }
    assert_named(
        "ffi/mod.rs",
        "pub unsafe extern \"C\" fn open(iv: *const u8) {}",
        1,
        "public parameter",
    );
    assert_clean("channel/mod.rs", "pub(crate) fn seal(nonce: &[u8]) {}");
    assert_clean("channel/mod.rs", "fn seal(ctr: Counter) {}");
    assert_clean(
        "keys/mod.rs",
        "pub fn open(store: &CounterStore, counter_store: u8) -> Counter {}",
    );
    assert_clean(
        "cipher/mod.rs",
        "pub trait CipherKey { fn seal(&self, nonce: &[u8]); }",
    );
}

#[test]
fn long_files_are_named() {
    let long = "// line\n".repeat(501);
    assert_named("keys/mod.rs", &long, 501, "501 lines");
    assert_clean("cipher/backend/x86.rs", &long);
    assert_clean("keys/mod.rs", &"// line\n".repeat(500));
}
