//! Rust source as tokens: enough of a lexer to see names, paths and brackets.

/// What kind of token it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// A name or a keyword.
    Word,
    /// `::`, or a single other character.
    Symbol,
    /// A number, character or string; its text is not kept.
    Literal,
}

/// One token.
#[derive(Clone, Debug)]
pub(crate) struct Token {
    /// Its text; empty for a literal.
    pub(crate) text: String,
    /// What kind it is.
    pub(crate) kind: Kind,
    /// The line that it begins in, counted from 1.
    pub(crate) line: usize,
}

impl Token {
    /// Whether this is the word or symbol `text`.
    pub(crate) fn is(&self, text: &str) -> bool {
        self.kind != Kind::Literal && self.text == text
    }
}

/// The tokens of `source`, without comments.
pub(crate) fn tokens(source: &str) -> Vec<Token> {
    let mut lexer = Lexer {
        rest: source,
        line: 1,
    };
    std::iter::from_fn(|| lexer.token()).collect()
}

/// Source that is being read.
struct Lexer<'a> {
    rest: &'a str,
    line: usize,
}

impl Lexer<'_> {
    /// The next token, if the source has not ended.
    fn token(&mut self) -> Option<Token> {
        self.skip_blanks_and_comments();
        let line = self.line;
        let first = self.rest.chars().next()?;
        let (text, kind) = if let Some(len) = self.literal_len() {
            self.advance(len);
            (String::new(), Kind::Literal)
        } else if first.is_alphabetic() || first == '_' {
            let word = self.rest;
            self.advance(word_len(word));
            (word[..word_len(word)].to_owned(), Kind::Word)
        } else if self.rest.starts_with("::") {
            self.advance(2);
            ("::".to_owned(), Kind::Symbol)
        } else {
            self.advance(first.len_utf8());
            (first.to_string(), Kind::Symbol)
        };
        Some(Token { text, kind, line })
    }

    /// Goes on by `len` octets.
    fn advance(&mut self, len: usize) {
        let (passed, rest) = self.rest.split_at(len);
        self.line += passed.matches('\n').count();
        self.rest = rest;
    }

    fn skip_blanks_and_comments(&mut self) {
        loop {
            let blanks = self.rest.len() - self.rest.trim_start().len();
            self.advance(blanks);
            if self.rest.starts_with("//") {
                self.advance(self.rest.find('\n').unwrap_or(self.rest.len()));
            } else if self.rest.starts_with("/*") {
                self.advance(block_comment_len(self.rest));
            } else {
                return;
            }
        }
    }

    /// The length of the literal that comes next, if one does.
    fn literal_len(&self) -> Option<usize> {
        let rest = self.rest;
        let first = rest.chars().next()?;
        if first.is_ascii_digit() {
            return Some(number_len(rest));
        }
        // b"…", c"…", r"…", br#"…"#, b'…'
        let prefix = rest.len() - rest.trim_start_matches(['b', 'c', 'r']).len();
        let is_raw = rest[..prefix].contains('r');
        let literal = &rest[prefix..];
        let len = if prefix > 2 {
            return None;
        } else if is_raw {
            raw_string_len(literal)?
        } else if literal.starts_with('"') {
            quoted_len(literal, '"')?
        } else if literal.starts_with('\'') && !is_lifetime(literal) {
            quoted_len(literal, '\'')?
        } else {
            return None;
        };
        Some(prefix + len)
    }
}

/// The length of the name that `text` begins with.
fn word_len(text: &str) -> usize {
    text.find(|letter: char| !letter.is_alphanumeric() && letter != '_')
        .unwrap_or(text.len())
}

/// The length of the number that `text` begins with; `0..4` is not one number.
fn number_len(text: &str) -> usize {
    let whole = word_len(text);
    let rest = &text[whole..];
    let fraction = rest
        .strip_prefix('.')
        .filter(|rest| rest.starts_with(|digit: char| digit.is_ascii_digit()));
    fraction.map_or(whole, |fraction| whole + 1 + word_len(fraction))
}

/// The length of the block comment, with those inside it, that `text` begins with.
fn block_comment_len(text: &str) -> usize {
    let (mut depth, mut at) = (0, 0);
    while at < text.len() {
        let rest = &text.as_bytes()[at..];
        if rest.starts_with(b"/*") {
            depth += 1;
            at += 2;
        } else if rest.starts_with(b"*/") {
            depth -= 1;
            at += 2;
            if depth == 0 {
                return at;
            }
        } else {
            at += 1;
        }
    }
    text.len()
}

/// The length of `"…"` or `##"…"##`, if `text` begins with it.
fn raw_string_len(text: &str) -> Option<usize> {
    let hashes = text.len() - text.trim_start_matches('#').len();
    let content = text[hashes..].strip_prefix('"')?;
    let end = format!("\"{}", "#".repeat(hashes));
    Some(hashes + 1 + content.find(&end)? + end.len())
}

/// The length of the quoted text that `text` begins with.
fn quoted_len(text: &str, quote: char) -> Option<usize> {
    let mut escaped = false;
    for (at, letter) in text.char_indices().skip(1) {
        if escaped {
            escaped = false;
        } else if letter == '\\' {
            escaped = true;
        } else if letter == quote {
            return Some(at + 1);
        }
    }
    None
}

/// Whether the quote that `text` begins with starts a lifetime or label, not a character.
fn is_lifetime(text: &str) -> bool {
    let mut letters = text.chars().skip(1);
    let (first, second) = (letters.next(), letters.next());
    first.is_some_and(|letter| letter.is_alphabetic() || letter == '_') && second != Some('\'')
}

/// `tokens` without the items that are compiled for tests alone.
pub(crate) fn without_tests(tokens: &[Token]) -> Vec<Token> {
    let mut kept = Vec::new();
    let mut at = 0;
    while at < tokens.len() {
        if is_test_attribute(&tokens[at..]) {
            at = end_of_item(tokens, at);
        } else {
            kept.push(tokens[at].clone());
            at += 1;
        }
    }
    kept
}

/// Whether `tokens` begin with `#[cfg(test)]` or `#[cfg(all(test, …))]`.
fn is_test_attribute(tokens: &[Token]) -> bool {
    let begins_with = |words: &[&str]| {
        tokens.len() > words.len() && words.iter().zip(tokens).all(|(word, token)| token.is(word))
    };
    begins_with(&["#", "[", "cfg", "(", "test", ")"])
        || begins_with(&["#", "[", "cfg", "(", "all", "(", "test", ","])
}

/// Where the item with attributes that begins at `at` ends.
fn end_of_item(tokens: &[Token], mut at: usize) -> usize {
    while at + 1 < tokens.len() && tokens[at].is("#") {
        at = end_of_bracket(tokens, at + 1);
    }
    while at < tokens.len() {
        match tokens[at].text.as_str() {
            ";" => return at + 1,
            "{" => return end_of_bracket(tokens, at),
            "(" | "[" => at = end_of_bracket(tokens, at),
            _ => at += 1,
        }
    }
    at
}

/// The place behind the bracket that closes the one at `open`.
pub(crate) fn end_of_bracket(tokens: &[Token], open: usize) -> usize {
    let mut depth = 0;
    for (at, token) in tokens.iter().enumerate().skip(open) {
        match token.text.as_str() {
            "(" | "[" | "{" => depth += 1,
            ")" | "]" | "}" => depth -= 1,
            _ => {}
        }
        if depth == 0 {
            return at + 1;
        }
    }
    tokens.len()
}
