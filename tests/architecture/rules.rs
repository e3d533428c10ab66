//! The rules of the architecture, each as data, and the check of one file against them.

use std::{collections::HashMap, fmt};

use crate::{
    paths::{Import, Path, paths},
    source::{Kind, Token, end_of_bracket, tokens, without_tests},
};

/// The import table of ARCHITECTURE.md: a module, and the modules that it may import.
///
/// A change to this table is a change to the architecture.
pub(crate) const IMPORT_TABLE: [(&str, &[&str]); 11] = [
    ("error", &["id"]),
    ("id", &[]),
    ("frame", &["error", "id"]),
    ("event", &["error", "id"]),
    ("os", &["error"]),
    ("cipher", &["error"]),
    ("keys", &["error", "id", "event", "os", "cipher"]),
    ("format", &["error", "id", "frame", "cipher"]),
    ("channel", ALL_BUT_THE_EDGES),
    (
        "vault",
        &[
            "error", "id", "frame", "event", "os", "cipher", "keys", "format",
        ],
    ),
    ("ffi", &[EVERYTHING]),
];

/// What the channel may import: all but what lies beyond it.
const ALL_BUT_THE_EDGES: &[&str] = &[
    "error", "id", "frame", "event", "os", "cipher", "keys", "format",
];

/// Stands in the table for every module.
const EVERYTHING: &str = "everything";

/// An edge that one file alone may have.
const EXCEPTIONS: [(&str, &str); 1] = [("vault/recording/export/open.rs", "channel")];

/// Something outside the crate that only some files may name.
struct Outside {
    /// The path of what is meant, or of the module that holds it.
    path: &'static [&'static str],
    /// Files, or folders with a slash at the end, that may name it.
    allowed_in: &'static [&'static str],
    /// Why the others may not.
    reason: &'static str,
}

impl Outside {
    /// What is said where it may not be named.
    fn complaint(&self) -> String {
        format!("`{}`: {}", self.path.join("::"), self.reason)
    }
}

/// What lies outside the crate and is not for every file.
const OUTSIDE: [Outside; 9] = [
    Outside {
        path: &["std", "fs"],
        allowed_in: &["keys/counter_store.rs", "vault/", "ffi/foreign_cipher.rs"],
        reason: "files are for the counter store, the vault and loadable ciphers",
    },
    Outside {
        path: &["std", "io"],
        allowed_in: &["error.rs", "os/", "keys/counter_store.rs", "vault/", "ffi/"],
        reason: "ciphers, formats and the channel do no I/O",
    },
    Outside {
        path: &["std", "net"],
        allowed_in: &[],
        reason: "the network is the application's",
    },
    Outside {
        path: &["std", "env"],
        allowed_in: &[],
        reason: "the caller passes what the library shall know",
    },
    Outside {
        path: &["std", "thread"],
        allowed_in: &["cipher/check.rs", "keys/replay.rs"],
        reason: "the library starts no threads",
    },
    Outside {
        path: &["std", "time", "SystemTime"],
        allowed_in: &["vault/clock.rs"],
        reason: "the caller passes the time",
    },
    Outside {
        path: &["std", "time", "Instant"],
        allowed_in: &[],
        reason: "the caller passes the time",
    },
    Outside {
        path: &["getrandom"],
        allowed_in: &["os/", "keys/", "vault/"],
        reason: "random octets are for keys and for what is sealed at rest",
    },
    Outside {
        path: &["rand_core"],
        allowed_in: &["os/", "keys/", "vault/"],
        reason: "random octets are for keys and for what is sealed at rest",
    },
];

/// What of `std::thread` some files may name, by the last two parts of its path.
const THREADS: [Outside; 4] = [
    Outside {
        path: &["thread", "spawn"],
        allowed_in: &[],
        reason: "the library starts no threads",
    },
    Outside {
        path: &["thread", "Builder"],
        allowed_in: &[],
        reason: "the library starts no threads",
    },
    Outside {
        path: &["thread", "scope"],
        allowed_in: &["cipher/check.rs"],
        reason: "only the check of a cipher compares what two threads see",
    },
    Outside {
        path: &["thread", "sleep"],
        allowed_in: &["keys/replay.rs"],
        reason: "only who closes a replay window waits, for a decryptor that is marking",
    },
];

/// Where `unsafe` may stand.
const UNSAFE_ALLOWED_IN: [&str; 3] = ["ffi/", "os/", "cipher/backend/"];

/// Where state outside of objects may stand.
const STATICS_ALLOWED_IN: [&str; 3] = ["os/", "cipher/backend/", "ffi/boundary.rs"];

/// Where a thread may remember something: that it is inside of a callback.
const THREAD_LOCALS_ALLOWED_IN: [&str; 1] = ["ffi/boundary.rs"];

/// Types that make a `static` changeable.
const CHANGEABLE: [&str; 7] = [
    "Mutex", "RwLock", "OnceLock", "LazyLock", "Once", "Cell", "RefCell",
];

/// Where files may be longer than `MAX_LINES`.
const LONG_FILES_ALLOWED_IN: [&str; 1] = ["cipher/backend/"];

/// How many lines a file may have.
const MAX_LINES: usize = 500;

/// Where a public function may take a nonce: the seam for custom ciphers.
const NONCES_ALLOWED_IN: [&str; 1] = ["cipher/"];

/// Last words of names that no public parameter may have elsewhere.
const COUNTER_NAMES: [&str; 4] = ["nonce", "iv", "ctr", "counter"];

/// Types that no public parameter may have elsewhere.
const COUNTER_TYPES: [&str; 2] = ["Counter", "Nonce"];

/// A line that breaks a rule.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Offence {
    /// The file, from `src/` on.
    pub(crate) file: String,
    /// The line, counted from 1.
    pub(crate) line: usize,
    /// What is wrong with it.
    pub(crate) complaint: String,
}

impl fmt::Display for Offence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "src/{}:{}: {}", self.file, self.line, self.complaint)
    }
}

/// The names that the root of the crate re-exports, each with the module it comes from.
pub(crate) type RootNames = HashMap<String, String>;

/// The names that `lib.rs` re-exports.
pub(crate) fn root_names(lib: &str) -> RootNames {
    let mut names = RootNames::new();
    for path in paths(&without_tests(&tokens(lib)), &[]) {
        let parts = match path.parts.as_slice() {
            [first, rest @ ..] if first == "crate" => rest,
            parts => parts,
        };
        if let (Some(Import::Named(name)), [module, _, ..]) = (&path.import, parts) {
            names.insert(name.clone(), module.clone());
        }
    }
    names
}

/// Checks `source`, the text of `file` (its path below `src/`), against every rule.
pub(crate) fn offences(file: &str, source: &str, root: &RootNames) -> Vec<Offence> {
    let all = tokens(source);
    let code = without_tests(&all);
    let module = module_of(file);
    let paths = paths(&code, &module);
    let mut offences = Vec::new();
    let mut report = |line, complaint| {
        offences.push(Offence {
            file: file.to_owned(),
            line,
            complaint,
        });
    };
    for path in &paths {
        if let Some(complaint) = edge(file, &module, path, root).or_else(|| outside(file, path)) {
            report(path.line, complaint);
        }
    }
    for (line, complaint) in unsafe_code(file, source, &all)
        .into_iter()
        .chain(detours(&code))
        .chain(statics(file, &code))
        .chain(thread_locals(file, &code))
        .chain(counters_in_parameters(file, &code))
        .chain(length(file, source))
    {
        report(line, complaint);
    }
    // One line may name a module several times.
    offences.dedup();
    offences
}

/// Whether `file` is one of `places`: files, or folders with a slash at the end.
fn is_in(file: &str, places: &[&str]) -> bool {
    places
        .iter()
        .any(|place| file == *place || (place.ends_with('/') && file.starts_with(place)))
}

/// The module that `file` is: `keys/key.rs` is `keys::key`, `lib.rs` the root.
fn module_of(file: &str) -> Vec<String> {
    let stem = file.strip_suffix(".rs").unwrap_or(file);
    let mut module: Vec<_> = stem.split('/').map(str::to_owned).collect();
    if matches!(module.last().map(String::as_str), Some("mod" | "lib")) {
        module.pop();
    }
    module
}

/// What is wrong with `path` as an edge between modules of this crate.
fn edge(file: &str, module: &[String], path: &Path, root: &RootNames) -> Option<String> {
    // The root re-exports what it likes.
    let own = module.first()?;
    let Some((_, allowed)) = IMPORT_TABLE.iter().find(|(name, _)| name == own) else {
        return Some(format!("module `{own}` has no row in the import table"));
    };
    let [first, inside @ ..] = path.parts.as_slice() else {
        return None;
    };
    if first != "crate" {
        return None;
    }
    let Some(name) = inside.first() else {
        return Some("the root of the crate is imported whole, which hides edges".to_owned());
    };
    let is_module = IMPORT_TABLE.iter().any(|(module, _)| module == name);
    let target = if is_module {
        name
    } else if let Some(module) = root.get(name) {
        module
    } else {
        return Some(format!(
            "`crate::{name}` cannot be told to belong to a module: write its full path"
        ));
    };
    let is_allowed = target == own
        || allowed.contains(&target.as_str())
        || allowed.contains(&EVERYTHING)
        || EXCEPTIONS.contains(&(file, target));
    (!is_allowed).then(|| format!("`{own}` must not import `{target}`"))
}

/// What is wrong with `path` as a path out of this crate.
fn outside(file: &str, path: &Path) -> Option<String> {
    let parts: Vec<&str> = path.parts.iter().map(String::as_str).collect();
    let names_thread = |thread: &&Outside| parts.windows(2).any(|pair| pair == thread.path);
    if let Some(thread) = THREADS
        .iter()
        .filter(names_thread)
        .find(|thread| !is_in(file, thread.allowed_in))
    {
        return Some(thread.complaint());
    }
    if parts == ["std"] || parts == ["core"] {
        return Some(format!(
            "`{}` is imported whole, which hides paths",
            parts[0]
        ));
    }
    // An import of the module around something brings that in as well.
    let brings_in = |wanted: &[&str]| {
        parts.starts_with(wanted) || (path.import.is_some() && wanted.starts_with(&parts))
    };
    OUTSIDE
        .iter()
        .find(|outside| brings_in(outside.path) && !is_in(file, outside.allowed_in))
        .map(Outside::complaint)
}

/// Lines with `unsafe` in the wrong place or without a word on why it is sound.
fn unsafe_code(file: &str, source: &str, tokens: &[Token]) -> Vec<(usize, String)> {
    let lines: Vec<&str> = source.lines().map(str::trim).collect();
    let mut found = Vec::new();
    for (at, token) in tokens.iter().enumerate() {
        if !token.is("unsafe") {
            continue;
        }
        let opens = tokens
            .get(at + 1)
            .is_some_and(|next| next.is("{") || next.is("impl"));
        if !is_in(file, &UNSAFE_ALLOWED_IN) {
            found.push((
                token.line,
                "`unsafe` outside ffi, os and cipher/backend".to_owned(),
            ));
        } else if opens && !is_explained(&lines, token.line) {
            found.push((
                token.line,
                "`unsafe` without `// SAFETY:` above it".to_owned(),
            ));
        }
    }
    found
}

/// Whether the comment above the statement or item in `line` says `SAFETY:`.
fn is_explained(lines: &[&str], line: usize) -> bool {
    let above = lines[..line - 1].iter().rev();
    // The lines of the same statement or item before `unsafe`, attributes included.
    let mut above = above.skip_while(|line| {
        !line.starts_with("//")
            && (line.starts_with("#[") || !line.ends_with([';', '{', '}', ',']))
            && !line.is_empty()
    });
    above
        .by_ref()
        .take_while(|line| line.starts_with("//"))
        .any(|line| line.starts_with("// SAFETY:"))
}

/// Ways around the import table: sources from elsewhere, and other names for the crate.
fn detours(tokens: &[Token]) -> Vec<(usize, String)> {
    let detours: [(&[&str], &str); 3] = [
        (
            &["#", "[", "path"],
            "`#[path]` outside tests hides a module's place",
        ),
        (&["include", "!"], "`include!` hides a source"),
        (
            &["extern", "crate", "self"],
            "a second name for the crate hides edges",
        ),
    ];
    let mut found = Vec::new();
    for at in 0..tokens.len() {
        for (words, complaint) in detours {
            let rest = &tokens[at..];
            if rest.len() >= words.len()
                && words.iter().zip(rest).all(|(word, token)| token.is(word))
            {
                found.push((tokens[at].line, complaint.to_owned()));
            }
        }
    }
    found
}

/// State of a thread where there may be none.
fn thread_locals(file: &str, tokens: &[Token]) -> Vec<(usize, String)> {
    tokens
        .windows(2)
        .filter(|pair| pair[0].is("thread_local") && pair[1].is("!"))
        .filter(|_| !is_in(file, &THREAD_LOCALS_ALLOWED_IN))
        .map(|pair| {
            let complaint = "the library keeps no state outside of objects".to_owned();
            (pair[0].line, complaint)
        })
        .collect()
}

/// Changeable statics where there may be none.
fn statics(file: &str, tokens: &[Token]) -> Vec<(usize, String)> {
    let is_changeable = |token: &Token| {
        CHANGEABLE.iter().any(|name| token.is(name)) || token.text.starts_with("Atomic")
    };
    let mut found = Vec::new();
    for (at, token) in tokens.iter().enumerate() {
        // `&'static` is a lifetime.
        let is_item = token.is("static") && !(at > 0 && tokens[at - 1].is("'"));
        if !is_item || is_in(file, &STATICS_ALLOWED_IN) {
            continue;
        }
        let declared = tokens[at + 1..]
            .iter()
            .take_while(|token| !token.is("=") && !token.is(";"));
        if declared
            .into_iter()
            .any(|token| token.is("mut") || is_changeable(token))
        {
            found.push((
                token.line,
                "a changeable `static`: the library keeps no state outside of objects".to_owned(),
            ));
        }
    }
    found
}

/// Public functions outside the cipher seam that take a nonce or a counter.
fn counters_in_parameters(file: &str, tokens: &[Token]) -> Vec<(usize, String)> {
    if is_in(file, &NONCES_ALLOWED_IN) {
        return Vec::new();
    }
    let mut found = Vec::new();
    let mut end_of_public_trait = 0;
    for at in 0..tokens.len() {
        let is_public =
            tokens[at].is("pub") && !tokens.get(at + 1).is_some_and(|next| next.is("("));
        let mut item = at + usize::from(is_public);
        while tokens.get(item).is_some_and(|token| {
            token.kind == Kind::Literal
                || ["const", "async", "unsafe", "extern"]
                    .iter()
                    .any(|word| token.is(word))
        }) {
            item += 1;
        }
        let Some(keyword) = tokens.get(item) else {
            continue;
        };
        if is_public && keyword.is("trait") {
            let open = (item..tokens.len()).find(|at| tokens[*at].is("{"));
            end_of_public_trait = open.map_or(item, |open| end_of_bracket(tokens, open));
        }
        let is_public_function =
            keyword.is("fn") && (is_public || (item == at && at < end_of_public_trait));
        if is_public_function {
            found.extend(counters_of_function(tokens, item));
        }
    }
    found
}

/// The parameters of the function whose `fn` stands at `at` that are a nonce or a counter.
fn counters_of_function(tokens: &[Token], at: usize) -> Vec<(usize, String)> {
    // Generics may hold parentheses, as in `F: Fn(u8)`, but only between `<` and `>`.
    let mut angles = 0_usize;
    let open = (at..tokens.len()).find(|at| match tokens[*at].text.as_str() {
        "<" => {
            angles += 1;
            false
        }
        ">" if !tokens[at - 1].is("-") => {
            angles = angles.saturating_sub(1);
            false
        }
        "(" => angles == 0,
        _ => false,
    });
    let Some(open) = open else {
        return Vec::new();
    };
    let close = end_of_bracket(tokens, open) - 1;
    let parameters = &tokens[open + 1..close];
    let mut found = Vec::new();
    for (at, token) in parameters.iter().enumerate() {
        let is_name = parameters.get(at + 1).is_some_and(|next| next.is(":"))
            && token.kind == Kind::Word
            && token
                .text
                .rsplit('_')
                .next()
                .is_some_and(|last| COUNTER_NAMES.contains(&last));
        let is_type = COUNTER_TYPES.iter().any(|name| token.is(name));
        if is_name || is_type {
            found.push((
                token.line,
                format!(
                    "public parameter with `{}`: nonces and counters are made inside",
                    token.text
                ),
            ));
        }
    }
    found
}

/// Whether the file is too long.
fn length(file: &str, source: &str) -> Option<(usize, String)> {
    let lines = source.lines().count();
    (lines > MAX_LINES && !is_in(file, &LONG_FILES_ALLOWED_IN)).then(|| {
        (
            lines,
            format!("{lines} lines where {MAX_LINES} are the most"),
        )
    })
}
