//! The paths that a source names: in `use` items and in the code itself.

use crate::source::{Kind, Token, end_of_bracket};

/// A path as it is written, with `self` and `super` resolved.
#[derive(Clone, Debug)]
pub(crate) struct Path {
    /// Its parts; the first is `crate` for what lies in this crate.
    pub(crate) parts: Vec<String>,
    /// The line that it ends in, counted from 1.
    pub(crate) line: usize,
    /// How a `use` item brings it in; `None` for a path in the code.
    pub(crate) import: Option<Import>,
}

/// How a `use` item brings a path in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Import {
    /// Under a name: its own, or the one behind `as`.
    Named(String),
    /// With everything in it: `*`.
    Glob,
}

/// The paths of a file whose module is `module` (without `crate`), inline modules included.
pub(crate) fn paths(tokens: &[Token], module: &[String]) -> Vec<Path> {
    let mut reader = Reader {
        tokens,
        at: 0,
        found: Vec::new(),
    };
    let mut module: Vec<String> = module.to_vec();
    // Where the inline modules that are open now end.
    let mut ends: Vec<usize> = Vec::new();
    while reader.at < tokens.len() {
        while ends.last().is_some_and(|end| *end <= reader.at) {
            ends.pop();
            module.pop();
        }
        if let Some((name, open)) = inline_module(tokens, reader.at) {
            module.push(name);
            ends.push(end_of_bracket(tokens, open));
            reader.at = open + 1;
            continue;
        }
        let before = reader.found.len();
        if tokens[reader.at].is("use") && !is_precise_capture(tokens, reader.at) {
            reader.at += 1;
            reader.use_tree(&[]);
        } else {
            reader.code_path();
        }
        for path in &mut reader.found[before..] {
            resolve(&mut path.parts, &module);
        }
    }
    reader.found
}

/// Name and opening bracket of the inline module that begins at `at`, if one does.
fn inline_module(tokens: &[Token], at: usize) -> Option<(String, usize)> {
    let name = tokens.get(at + 1)?;
    let is_one = tokens[at].is("mod") && name.kind == Kind::Word && tokens.get(at + 2)?.is("{");
    is_one.then(|| (name.text.clone(), at + 2))
}

/// Whether the `use` at `at` is a bound, as in `impl Trait + use<'a>`.
fn is_precise_capture(tokens: &[Token], at: usize) -> bool {
    tokens.get(at + 1).is_some_and(|token| token.is("<"))
}

/// Writes `parts` from the root of the crate on, if they begin with `self` or `super`.
fn resolve(parts: &mut Vec<String>, module: &[String]) {
    let mut base = module.to_vec();
    let relative = parts
        .iter()
        .take_while(|part| *part == "self" || *part == "super")
        .count();
    if relative == 0 {
        return;
    }
    for part in parts.drain(..relative) {
        if part == "super" {
            base.pop();
        }
    }
    base.insert(0, "crate".to_owned());
    parts.splice(0..0, base);
}

/// Tokens that are being read.
struct Reader<'a> {
    tokens: &'a [Token],
    at: usize,
    found: Vec<Path>,
}

impl Reader<'_> {
    fn next_is(&self, text: &str) -> bool {
        self.tokens.get(self.at).is_some_and(|token| token.is(text))
    }

    /// Takes the next token if it is `text`.
    fn take(&mut self, text: &str) -> bool {
        let is_next = self.next_is(text);
        self.at += usize::from(is_next);
        is_next
    }

    /// Takes the next token if it is a word.
    fn word(&mut self) -> Option<&Token> {
        let token = self.tokens.get(self.at)?;
        (token.kind == Kind::Word).then(|| {
            self.at += 1;
            token
        })
    }

    /// Reads what stands behind `use`, or in the braces of a `use`, behind `prefix`.
    fn use_tree(&mut self, prefix: &[String]) {
        let mut parts = prefix.to_vec();
        self.take("::");
        loop {
            let line = self.tokens.get(self.at).map_or(0, |token| token.line);
            if self.take("*") {
                let import = Some(Import::Glob);
                self.found.push(Path {
                    parts,
                    line,
                    import,
                });
                return;
            }
            if self.take("{") {
                while self.at < self.tokens.len() && !self.take("}") {
                    self.use_tree(&parts);
                    self.take(",");
                }
                return;
            }
            let Some(name) = self.word().map(|token| token.text.clone()) else {
                self.at += 1;
                return;
            };
            // `a::{self}` is `a`.
            if name != "self" || parts.is_empty() {
                parts.push(name);
            }
            if !self.take("::") {
                let own_name = parts.last().cloned().unwrap_or_default();
                let name = if self.take("as") {
                    self.word().map(|token| token.text.clone())
                } else {
                    Some(own_name)
                };
                let import = Some(Import::Named(name.unwrap_or_default()));
                self.found.push(Path {
                    parts,
                    line,
                    import,
                });
                return;
            }
        }
    }

    /// Reads a path in the code, or passes one token.
    fn code_path(&mut self) {
        let Some(first) = self.word() else {
            self.at += 1;
            return;
        };
        let (mut parts, mut line) = (vec![first.text.clone()], first.line);
        loop {
            let behind = self.at;
            if !self.take("::") {
                break;
            }
            let Some(next) = self.word() else {
                self.at = behind + 1;
                break;
            };
            parts.push(next.text.clone());
            line = next.line;
        }
        if parts.len() > 1 {
            self.found.push(Path {
                parts,
                line,
                import: None,
            });
        }
    }
}
