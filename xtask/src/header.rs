//! Makes `include/mediaseal.h` from `src/ffi/`, and holds the one that is checked in to it.

use std::{
    fs,
    path::{Path, PathBuf},
};

use crate::{
    parts::{Campaign, Halt},
    workspace::Workspace,
};

/// Titles of the header's sections, by the beginning of the names of their functions.
const SECTIONS: [(&str, &str); 15] = [
    (
        "mediaseal_version",
        "Versions, texts and numbers; keys as octets",
    ),
    (
        "mediaseal_cipher_",
        "Ciphers: built in, from C, from a loaded library",
    ),
    (
        "mediaseal_counter_store_",
        "Counters that survive a restart",
    ),
    ("mediaseal_key_store_", "Raw keys, as RFC 9605 has them"),
    ("mediaseal_channel_store_", "The channels of an application"),
    ("mediaseal_channel_", "One channel"),
    ("mediaseal_encryptor_", "Frames in, ciphertexts out"),
    ("mediaseal_decryptor_", "Ciphertexts in, frames out"),
    ("mediaseal_rtp_", "Ciphertexts in RTP payloads"),
    ("mediaseal_sentinel_", "Proof that what leaves is sealed"),
    ("mediaseal_recorder_", "Recordings"),
    ("mediaseal_recording_", "Recordings"),
    ("mediaseal_player_", "Recordings, frame by frame"),
    (
        "mediaseal_provider_",
        "Who holds key encryption keys (libraries with the feature custody)",
    ),
    (
        "mediaseal_custody_",
        "Keys in custody (libraries with the feature custody)",
    ),
];

/// Parts of the names of functions that hand keys over, whatever class they are of.
const GRANTS: [&str; 9] = [
    "mediaseal_identity_",
    "mediaseal_recipient_",
    "mediaseal_signer_",
    "mediaseal_grant_",
    "_channel_invite",
    "_channel_accept",
    "_channel_store_join",
    "_session_grant",
    "_receive_session",
];

/// Most characters in a line of a comment.
const WIDTH: usize = 100;

/// The sources, in the order in which the header tells of them.
const SOURCES: [&str; 29] = [
    "status",
    "numbers",
    "types",
    "general",
    "cipher",
    "counter_store",
    "key_store",
    "channel_store",
    "channel",
    "encryptor",
    "decryptor",
    "codec",
    "batch",
    "rtp",
    "diagnosis",
    "proof",
    "recording_types",
    "provider_types",
    "vault_types",
    "grants",
    "locked",
    "recordings",
    "player",
    "custody/provider",
    "custody/keychain",
    "custody/store",
    "custody/keks",
    "custody/inspect",
    "custody/keys",
];

/// Sources that are of libraries with a feature alone, by the beginning of their names.
const OF_FEATURES: [(&str, &str); 1] = [("custody/", "custody")];

/// The header that is checked in.
pub(crate) fn path(workspace: &Workspace) -> PathBuf {
    workspace.root.join("include/mediaseal.h")
}

/// Writes the header.
///
/// # Errors
/// A sentence, if it cannot be made or written.
pub(crate) fn write() -> Result<bool, String> {
    let workspace = Workspace::find()?;
    let header = make(&workspace)?;
    let path = path(&workspace);
    let unwritable = |error| format!("cannot write {}: {error}", path.display());
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder).map_err(unwritable)?;
    }
    fs::write(&path, header).map_err(unwritable)?;
    println!("include/mediaseal.h is written");
    Ok(true)
}

/// Holds the header that is checked in to the sources.
///
/// # Errors
/// Failed, with the first line that differs.
pub(crate) fn check(campaign: &mut Campaign) -> Result<String, Halt> {
    let made = make(&campaign.workspace)?;
    let path = path(&campaign.workspace);
    let held = fs::read_to_string(&path)
        .map_err(|error| Halt::Failed(format!("cannot read include/mediaseal.h: {error}")))?;
    if made == held {
        let functions = functions(&held).len();
        return Ok(format!("{functions} functions, as src/ffi/ has them"));
    }
    let line = made
        .lines()
        .zip(held.lines())
        .take_while(|(made, held)| made == held)
        .count()
        + 1;
    Err(Halt::Failed(format!(
        "include/mediaseal.h is not what src/ffi/ makes, from line {line} on; run `cargo xtask header`"
    )))
}

/// The names of the functions that a header declares for every library; those of libraries with a feature stand behind `#if`.
pub(crate) fn functions(header: &str) -> Vec<String> {
    let mut is_for_all = true;
    let lines = header.lines().filter(|line| {
        if line.contains("defined(MEDIASEAL_") {
            is_for_all = false;
        } else if line.starts_with("#endif") {
            is_for_all = true;
        }
        is_for_all
    });
    declared(lines)
}

/// The names of all functions that a header declares, for whatever library.
pub(crate) fn all_functions(header: &str) -> Vec<String> {
    declared(header.lines())
}

fn declared<'a>(lines: impl Iterator<Item = &'a str>) -> Vec<String> {
    lines
        .filter(|line| !line.starts_with([' ', '#', '/', '}']) && !line.starts_with("typedef"))
        .filter_map(|line| {
            let (before, _) = line.split_once('(')?;
            let name = before.rsplit([' ', '*']).next()?;
            name.starts_with("mediaseal_").then(|| name.to_owned())
        })
        .collect()
}

/// The header as `src/ffi/` has it now.
///
/// # Errors
/// A sentence, if cbindgen does not understand the sources.
pub(crate) fn make(workspace: &Workspace) -> Result<String, String> {
    let failed = |error: &dyn std::fmt::Display| format!("cbindgen: {error}");
    let config = cbindgen::Config::from_file(workspace.root.join("cbindgen.toml"))
        .map_err(|error| failed(&error))?;
    let mut builder = cbindgen::Builder::new().with_config(config);
    for source in SOURCES {
        let path = workspace.root.join(format!("src/ffi/{source}.rs"));
        let feature = OF_FEATURES
            .iter()
            .find(|(beginning, _)| source.starts_with(beginning));
        builder = builder.with_src(match feature {
            Some((_, feature)) => of_feature(workspace, &path, feature)?,
            None => path,
        });
    }
    let bindings = builder.generate().map_err(|error| failed(&error))?;
    let mut octets = Vec::new();
    bindings.write(&mut octets);
    let header = String::from_utf8(octets).map_err(|error| failed(&error))?;
    Ok(with_sections(&with_initializers(&plain(&header))))
}

/// Whether a function hands keys over.
fn is_of_grants(name: &str) -> bool {
    GRANTS.iter().any(|part| name.contains(part))
}

/// A copy of a source in which everything is of a feature, as the module that it is has it.
fn of_feature(workspace: &Workspace, source: &Path, feature: &str) -> Result<PathBuf, String> {
    let failed = |error: std::io::Error| format!("{}: {error}", source.display());
    let text = fs::read_to_string(source).map_err(failed)?;
    let folder = workspace.target.join("header");
    fs::create_dir_all(&folder).map_err(failed)?;
    let name = source.file_name().unwrap_or_default();
    let copy = folder.join(name);
    let text = format!("#[cfg(feature = \"{feature}\")]\npub mod gated {{\n{text}\n}}\n");
    fs::write(&copy, text).map_err(failed)?;
    Ok(copy)
}

/// The header in ASCII, with types by the names that it gives them.
fn plain(header: &str) -> String {
    let header = header.replace('…', "...").replace('‖', "then");
    let lines: Vec<_> = header
        .lines()
        .map(|line| {
            if line.starts_with("typedef struct") {
                line.to_owned()
            } else {
                line.replace("struct mediaseal_", "mediaseal_")
            }
        })
        .collect();
    rewrapped(&lines)
}

/// The lines with those of comments filled anew, paragraph by paragraph. The manual page, which begins with `/*`, keeps its layout.
fn rewrapped(lines: &[String]) -> String {
    let mut out = String::new();
    let mut lines = lines.iter();
    while let Some(line) = lines.next() {
        out.push_str(line);
        out.push('\n');
        if line.trim() != "/**" {
            continue;
        }
        let indent = &line[..line.len() - line.trim_start().len()];
        let mut paragraph = String::new();
        for line in lines.by_ref() {
            let words = line.trim().trim_start_matches('*').trim();
            let is_end = line.trim() == "*/";
            if is_end || words.is_empty() {
                fill(&mut out, indent, &paragraph);
                paragraph.clear();
                out.push_str(indent);
                out.push_str(if is_end { " */\n" } else { " *\n" });
            } else {
                paragraph.push_str(words);
                paragraph.push(' ');
            }
            if is_end {
                break;
            }
        }
    }
    out
}

/// Writes a paragraph of a comment in lines of at most `WIDTH` characters.
fn fill(out: &mut String, indent: &str, paragraph: &str) {
    let mut line = String::new();
    for word in paragraph.split_whitespace() {
        if !line.is_empty() && indent.len() + 3 + line.len() + 1 + word.len() > WIDTH {
            out.push_str(&format!("{indent} * {line}\n"));
            line.clear();
        }
        if !line.is_empty() {
            line.push(' ');
        }
        line.push_str(word);
    }
    if !line.is_empty() {
        out.push_str(&format!("{indent} * {line}\n"));
    }
}

/// Adds an `_INIT` macro behind every struct that begins with `struct_size`.
fn with_initializers(header: &str) -> String {
    let mut out = String::new();
    let mut fields: Option<Vec<String>> = None;
    for line in header.lines() {
        out.push_str(line);
        out.push('\n');
        if line.starts_with("typedef struct mediaseal_") && line.ends_with('{') {
            fields = Some(Vec::new());
        } else if let Some(name) = line
            .strip_prefix("} mediaseal_")
            .and_then(|rest| rest.strip_suffix(';'))
        {
            let fields = fields.take().unwrap_or_default();
            if fields
                .first()
                .is_some_and(|field| field == "uint32_t struct_size;")
            {
                let macro_name = name.to_uppercase();
                let zeros: Vec<_> = fields[1..].iter().map(|field| zero(field)).collect();
                out.push_str(&format!("\n/**\n * A mediaseal_{name} with every default.\n */\n\
                     #define MEDIASEAL_{macro_name}_INIT \\\n    {{ (uint32_t)sizeof(mediaseal_{name}), {} }}\n",
                    zeros.join(", ")));
            }
        } else if let Some(fields) = &mut fields {
            let field = line.trim();
            // A function pointer spans lines; its first has its name.
            let is_field =
                !field.starts_with(['/', '*']) && (field.ends_with(';') || field.contains("(*"));
            let is_tail_of_function = field.ends_with(");") && !field.contains("(*");
            if is_field && !is_tail_of_function {
                fields.push(field.to_owned());
            }
        }
    }
    out
}

/// The initializer of a field that says nothing.
fn zero(field: &str) -> &'static str {
    if field.contains('[') {
        "{ 0 }"
    } else if field.contains('*') || field.contains("mediaseal_destructor") {
        "NULL"
    } else {
        "0"
    }
}

/// Puts a title above the first function of each class.
fn with_sections(header: &str) -> String {
    let section_of = |name: &str| {
        SECTIONS
            .iter()
            .find(|(beginning, _)| name.starts_with(beginning))
            .map(|(_, title)| *title)
    };
    let lines: Vec<&str> = header.lines().collect();
    let mut titles: Vec<Option<&str>> = vec![None; lines.len()];
    let mut last = "";
    for (at, line) in lines.iter().enumerate() {
        let Some(name) = functions(line).into_iter().next() else {
            continue;
        };
        let title = if name.ends_with("_batch") {
            Some("Many frames in one call")
        } else if name.contains("_codec") {
            Some("Codecs: frames that packetizers and relays can read")
        } else if name.ends_with("_explain") || name == "mediaseal_look_at" {
            Some("Why a frame does not open, and what octets look like")
        } else if is_of_grants(&name) {
            Some("Keys sealed to people and recorders")
        } else {
            section_of(&name)
        };
        let Some(title) = title.filter(|title| *title != last) else {
            continue;
        };
        last = title;
        let comment = lines[..at]
            .iter()
            .rposition(|line| line.starts_with("/**"))
            .unwrap_or(at);
        titles[comment] = Some(title);
    }
    let mut out = String::new();
    for (line, title) in lines.iter().zip(titles) {
        if let Some(title) = title {
            out.push_str(&format!(
                "/* ==== {title} {:=<1$} */\n\n",
                "",
                110 - title.len()
            ));
        }
        out.push_str(line);
        out.push('\n');
    }
    out
}

#[cfg(test)]
mod tests {
    use super::{all_functions, functions, with_initializers};

    #[test]
    fn functions_are_found_and_types_are_not() {
        let header = "typedef int32_t (*mediaseal_hook)(void *user_data);\n\
                      mediaseal_status mediaseal_cipher_close(mediaseal_cipher *cipher);\n\
                      const char *mediaseal_version(void);\n\
                      #if defined(MEDIASEAL_CUSTODY)\n\
                      mediaseal_status mediaseal_custody_close(mediaseal_custody *custody);\n\
                      #endif\n\
                      #define MEDIASEAL_F(x) (x)\n";
        assert_eq!(
            functions(header),
            ["mediaseal_cipher_close", "mediaseal_version"]
        );
        assert_eq!(
            all_functions(header),
            [
                "mediaseal_cipher_close",
                "mediaseal_version",
                "mediaseal_custody_close"
            ]
        );
    }

    #[test]
    fn an_initializer_names_every_field() {
        let made = with_initializers(
            "typedef struct mediaseal_x {\n    /**\n     * Size; of it.\n     */\n    uint32_t struct_size;\n    \
             const uint8_t *key;\n    uint8_t name[4];\n    int32_t (*f)(void *a,\n        int b);\n} mediaseal_x;\n",
        );
        assert!(
            made.contains("{ (uint32_t)sizeof(mediaseal_x), NULL, { 0 }, NULL }"),
            "{made}"
        );
    }
}
