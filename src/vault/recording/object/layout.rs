//! How files lie in an object store, which has neither appending nor renaming.
//!
//! ```text
//!  files/<name>             "MSOBJ\0\0\1" ‖ generation(16) ‖ the file's first octets
//!  parts/<generation>/<at>  octets of the file from `at` on (20 decimal digits)
//!  moves/<name>             generation(16) ‖ the name that it gets
//!  lock                     token(16) ‖ whose it is
//! ```

use std::io::{self, ErrorKind};

use object_store::path::Path;

/// Octets before the content of a file's head.
pub(super) const HEAD_LEN: usize = MAGIC.len() + GENERATION_LEN;
/// Most octets of content in a head.
pub(super) const MAX_INLINE: usize = 1 << 20;

const MAGIC: &[u8; 8] = b"MSOBJ\0\0\x01";
const GENERATION_LEN: usize = 16;
/// Digits of the place of a part.
const DIGITS: usize = 20;

/// What tells the octets of a file from those of another that had its name.
pub(super) type Generation = [u8; GENERATION_LEN];

/// Octets of a file that lie in an object of their own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Part {
    pub(super) at: u64,
    pub(super) len: u64,
}

impl Part {
    pub(super) const fn end(self) -> u64 {
        self.at.saturating_add(self.len)
    }
}

/// Names of objects below a prefix.
#[derive(Clone, Debug)]
pub(super) struct Layout(Path);

impl Layout {
    pub(super) const fn new(prefix: Path) -> Self {
        Self(prefix)
    }

    fn at(&self, rest: &str) -> Option<Path> {
        let prefix = self.0.as_ref();
        let separator = if prefix.is_empty() { "" } else { "/" };
        Path::parse(format!("{prefix}{separator}{rest}")).ok()
    }

    /// Of a name that a storage takes, the object of this kind.
    fn named(&self, kind: &str, name: &str) -> Option<Path> {
        is_name(name).then(|| self.at(&format!("{kind}/{name}")))?
    }

    pub(super) fn file(&self, name: &str) -> Option<Path> {
        self.named("files", name)
    }

    pub(super) fn moving(&self, name: &str) -> Option<Path> {
        self.named("moves", name)
    }

    pub(super) fn parts(&self, generation: &Generation) -> Option<Path> {
        let generation = u128::from_be_bytes(*generation);
        self.at(&format!("parts/{generation:032x}"))
    }

    pub(super) fn part(&self, generation: &Generation, at: u64) -> Option<Path> {
        let generation = u128::from_be_bytes(*generation);
        self.at(&format!("parts/{generation:032x}/{at:0DIGITS$}"))
    }

    pub(super) fn lock(&self) -> Option<Path> {
        self.at("lock")
    }

    pub(super) fn folder(&self, kind: &str) -> Option<Path> {
        self.at(kind)
    }

    /// What stands behind a folder and its slash in the name of an object.
    pub(super) fn below<'a>(&self, kind: &str, object: &'a Path) -> Option<&'a str> {
        let folder = self.at(kind)?;
        let rest = object.as_ref().strip_prefix(folder.as_ref())?;
        rest.strip_prefix('/')
    }
}

/// Whether a storage takes a name, which leads nowhere outside of its prefix.
pub(super) fn is_name(name: &str) -> bool {
    let is_letter = |octet: u8| octet.is_ascii_alphanumeric() || matches!(octet, b'.' | b'-');
    let is_part = |part: &str| !matches!(part, "" | "." | "..") && part.bytes().all(is_letter);
    name.split('/').count() <= 2 && name.split('/').all(is_part)
}

/// Where a part begins, by the end of its object's name.
pub(super) fn part_at(name: &str) -> Option<u64> {
    let at = name.parse().ok()?;
    (format!("{at:0DIGITS$}") == name).then_some(at)
}

/// The head of a file.
pub(super) fn head(generation: &Generation, content: &[u8]) -> Vec<u8> {
    [MAGIC, &generation[..], content].concat()
}

/// Generation and content of a head, if it is one.
///
/// # Errors
/// [`ErrorKind::Unsupported`] for one of another version.
pub(super) fn parse_head(octets: &[u8]) -> io::Result<Option<(Generation, &[u8])>> {
    let (version, name) = MAGIC.split_last().unwrap_or((&1, b""));
    let Some((found, rest)) = octets.strip_prefix(name).and_then(<[u8]>::split_first) else {
        return Ok(None);
    };
    if found != version {
        return Err(ErrorKind::Unsupported.into());
    }
    let parsed = rest.split_first_chunk();
    Ok(parsed.map(|(generation, rest)| (*generation, rest)))
}

/// Generation of a file that is being renamed, and the name that it gets.
pub(super) fn parse_move(octets: &[u8]) -> Option<(Generation, &str)> {
    let (generation, to) = octets.split_first_chunk()?;
    let to = std::str::from_utf8(to).ok().filter(|to| is_name(to))?;
    Some((*generation, to))
}

/// The parts that follow one another without a gap from `at` on. A part that lies in the one before it was merged into that.
pub(super) fn chain(mut parts: Vec<Part>, at: u64) -> Vec<Part> {
    parts.sort_unstable_by_key(|part| part.at);
    let (mut end, mut chained) = (at, Vec::new());
    for part in parts {
        if part.end() <= end {
            continue;
        }
        if part.at != end {
            break;
        }
        end = part.end();
        chained.push(part);
    }
    chained
}

#[cfg(test)]
mod tests {
    use super::{Part, chain, head, is_name, parse_head, parse_move, part_at};

    #[test]
    fn names_lead_nowhere_else() {
        for name in [
            "header",
            "0000000001.seg",
            "grants/0123456789abcdef",
            "a-b.c",
        ] {
            assert!(is_name(name), "{name}");
        }
        for name in [
            "", "/", "a/", "/a", "a//b", ".", "..", "../a", "a/..", "a/./b", "a/b/c", "a\\b",
            "a b", "ä", "a\0", "a%2fb",
        ] {
            assert!(!is_name(name), "{name}");
        }
    }

    #[test]
    fn parts_end_at_the_first_gap() {
        let part = |at, len| Part { at, len };
        let parts = vec![
            part(30, 5),
            part(10, 20),
            part(15, 5),
            part(36, 1),
            part(56, 9),
        ];
        assert_eq!(chain(parts, 10), [part(10, 20), part(30, 5)]);
        // One that begins in another and ends behind it was never written.
        assert_eq!(chain(vec![part(0, 9), part(5, 9)], 0), [part(0, 9)]);
        assert_eq!(chain(vec![part(1, 9)], 0), []);
        assert_eq!(
            chain(vec![part(u64::MAX, 9), part(0, u64::MAX)], 0).len(),
            1
        );
    }

    #[test]
    fn what_is_no_head_move_or_part_is_refused() {
        let written = head(&[7; 16], b"content");
        let parsed = parse_head(&written).unwrap();
        assert_eq!(parsed, Some(([7; 16], &b"content"[..])));
        for len in 0..24 {
            assert_eq!(parse_head(&written[..len]).unwrap(), None);
        }
        let mut newer = written;
        newer[7] = 2;
        assert!(parse_head(&newer).is_err());
        let moving = [&[7; 16][..], b"header"].concat();
        assert_eq!(parse_move(&moving), Some(([7; 16], "header")));
        assert_eq!(parse_move(&moving[..16]), None);
        assert_eq!(parse_move(&[&moving[..16], b"../x"].concat()), None);
        assert_eq!(part_at("00000000000000000056"), Some(56));
        for name in [
            "56",
            "+0000000000000000056",
            "00000000000000000056.x",
            "18446744073709551616",
        ] {
            assert_eq!(part_at(name), None);
        }
    }
}
