//! The search for key octets where none may be.
//!
//! Tests and examples of a run use two fixed base keys, the canaries. Afterwards
//! everything that the run printed or wrote is searched for any 8 neighbouring octets
//! of them, in each form in which a program could have let them out: raw, hexadecimal,
//! decimal (Rust's `{:?}`), base64 at every alignment.

use std::{
    collections::{HashMap, HashSet},
    fs,
};

use crate::{
    parts::{Campaign, Halt},
    transcript::Transcript,
    workspace,
};

/// Octets of a canary.
const KEY_LEN: usize = 32;

/// How many neighbouring octets of a key count as a leak.
const WINDOW: usize = 8;

/// A canary, masked, so that neither this program's text nor its output contains it.
struct Canary {
    label: &'static str,
    masked: [u8; KEY_LEN],
}

/// The canaries that the tests use as base keys.
const CANARIES: [Canary; 2] = [
    Canary {
        label: "canary A",
        masked: [
            0x57, 0xc9, 0xb8, 0x50, 0xd5, 0x65, 0x54, 0x24, 0xab, 0x1d, 0x11, 0x37, 0x9f, 0x71,
            0x2d, 0xdc, 0x8d, 0x77, 0x2d, 0xfe, 0x83, 0xa9, 0x43, 0x45, 0xf4, 0x3e, 0x3e, 0x36,
            0xa1, 0xeb, 0x97, 0x6f,
        ],
    },
    Canary {
        label: "canary B",
        masked: [
            0xc3, 0x35, 0xd3, 0x90, 0x84, 0x1f, 0x5e, 0x20, 0xa5, 0x60, 0x21, 0xec, 0x9f, 0x7d,
            0x09, 0xbf, 0xf3, 0x67, 0x09, 0x00, 0xb2, 0xd9, 0x5f, 0xe7, 0x39, 0x8b, 0x9b, 0x0c,
            0x1e, 0xbd, 0x49, 0x9c,
        ],
    },
];

impl Canary {
    /// The key itself.
    fn key(&self) -> [u8; KEY_LEN] {
        let mut mask = 0x9d_u8;
        self.masked.map(|octet| {
            let key = octet ^ mask;
            mask = mask.wrapping_add(0x3b);
            key
        })
    }
}

/// The canaries in hexadecimal, to be given to an example; never to be printed.
pub(crate) fn keys_in_hex() -> [String; 2] {
    CANARIES.map(|canary| hexadecimal(&canary.key(), "", false))
}

/// `octets` as hexadecimal digits with `separator` between octets.
fn hexadecimal(octets: &[u8], separator: &str, upper: bool) -> String {
    let digits: Vec<_> = octets
        .iter()
        .map(|octet| {
            if upper {
                format!("{octet:02X}")
            } else {
                format!("{octet:02x}")
            }
        })
        .collect();
    digits.join(separator)
}

/// `octets` as decimal numbers, as `{:?}` prints them less its spaces.
fn decimal(octets: &[u8]) -> String {
    let numbers: Vec<_> = octets.iter().map(u8::to_string).collect();
    numbers.join(",")
}

/// The base64 digits that `octets` alone decide when `before` octets precede them.
fn base64(octets: &[u8], before: usize, alphabet: &[u8; 64]) -> Vec<u8> {
    let bits: Vec<u8> = std::iter::repeat_n(&0, before)
        .chain(octets)
        .flat_map(|octet| (0..8).rev().map(move |bit| octet >> bit & 1))
        .collect();
    bits.as_chunks::<6>()
        .0
        .iter()
        .skip((before * 8).div_ceil(6))
        .map(|digit| {
            let value = digit.iter().fold(0, |value, bit| value << 1 | bit);
            alphabet[usize::from(value)]
        })
        .collect()
}

/// The alphabet of base64, which ends in `last`.
fn alphabet(last: [u8; 2]) -> [u8; 64] {
    let mut alphabet = [0; 64];
    let digits = (b'A'..=b'Z').chain(b'a'..=b'z').chain(b'0'..=b'9');
    for (place, digit) in alphabet.iter_mut().zip(digits.chain(last)) {
        *place = digit;
    }
    alphabet
}

/// A form of some octets of a canary that must not be found.
struct Needle {
    canary: &'static str,
    form: &'static str,
    octets: Vec<u8>,
}

/// All forms of `window`, some neighbouring octets of the canary `label`.
fn forms(label: &'static str, window: &[u8]) -> Vec<Needle> {
    let needle = |form, octets| Needle {
        canary: label,
        form,
        octets,
    };
    let mut needles = vec![
        needle("raw", window.to_vec()),
        needle("decimal", decimal(window).into_bytes()),
    ];
    for separator in ["", ":", ",", "-"] {
        for upper in [false, true] {
            let digits = hexadecimal(window, separator, upper);
            needles.push(needle("hexadecimal", digits.into_bytes()));
        }
    }
    for (form, last) in [("base64", *b"+/"), ("base64url", *b"-_")] {
        let alphabet = alphabet(last);
        for before in 0..3 {
            needles.push(needle(form, base64(window, before, &alphabet)));
        }
    }
    needles
}

/// Something found.
#[derive(Debug, PartialEq, Eq)]
struct Find {
    canary: &'static str,
    form: &'static str,
    /// Where, in octets from the beginning; white space not counted if `packed`.
    offset: usize,
    packed: bool,
}

/// The search for all forms of all canaries at once.
struct Search {
    /// All needles by their first octets.
    needles: HashMap<[u8; WINDOW], Vec<Needle>>,
    /// The first two octets of all needles: most places are ruled out by these.
    beginnings: HashSet<[u8; 2]>,
}

impl Search {
    fn new() -> Self {
        let mut needles: HashMap<_, Vec<_>> = HashMap::new();
        let mut beginnings = HashSet::new();
        for canary in &CANARIES {
            for window in canary.key().windows(WINDOW) {
                for needle in forms(canary.label, window) {
                    // Every form is at least as long as the octets it shows.
                    if let Some(first) = needle.octets.first_chunk::<WINDOW>() {
                        beginnings.insert([first[0], first[1]]);
                        needles.entry(*first).or_default().push(needle);
                    }
                }
            }
        }
        Self {
            needles,
            beginnings,
        }
    }

    /// The first form of a canary in `octets`, if any.
    ///
    /// Looks once at the octets as they are, and once without their white space, so
    /// that neither spaces in a list nor the end of a line hides anything.
    fn find(&self, octets: &[u8]) -> Option<Find> {
        if let Some(find) = self.find_in(octets, false) {
            return Some(find);
        }
        let packed: Vec<u8> = octets
            .iter()
            .copied()
            .filter(|octet| !octet.is_ascii_whitespace())
            .collect();
        self.find_in(&packed, true)
    }

    fn find_in(&self, octets: &[u8], packed: bool) -> Option<Find> {
        octets
            .windows(WINDOW)
            .enumerate()
            .filter(|(_, window)| self.beginnings.contains(&window[..2]))
            .find_map(|(offset, window)| {
                let needle = self
                    .needles
                    .get(window)?
                    .iter()
                    .find(|needle| octets[offset..].starts_with(&needle.octets))?;
                Some(Find {
                    canary: needle.canary,
                    form: needle.form,
                    offset,
                    packed,
                })
            })
    }

    /// A sentence on what was found in `octets`, which came from `source`.
    fn complaint(&self, source: &str, octets: &[u8]) -> Option<String> {
        let find = self.find(octets)?;
        let counted = if find.packed {
            " (white space not counted)"
        } else {
            ""
        };
        Some(format!(
            "{source} shows octets of {} in {} form at offset {}{counted}",
            find.canary, find.form, find.offset
        ))
    }

    /// A sentence for each entry of `transcript` that shows a canary.
    fn complaints(&self, transcript: &Transcript) -> Vec<String> {
        transcript
            .entries()
            .iter()
            .filter_map(|entry| self.complaint(&entry.source, &entry.octets))
            .collect()
    }
}

/// Searches everything that the run printed or wrote for the canaries.
///
/// # Errors
/// Failed, naming each place and form but no octet of a key; also if the search does
/// not find what was planted for it, or if no test uses the canaries.
pub(crate) fn search(campaign: &mut Campaign) -> Result<String, Halt> {
    let search = Search::new();
    let forms = find_what_was_planted(&search, campaign)?;
    let users = sources_with_canaries(&search, campaign)?;

    let mut complaints = search.complaints(&campaign.transcript);
    let mut files = 0;
    let written = campaign.workspace.call_output();
    if written.is_dir() {
        for file in workspace::files_below(&written)? {
            complaints
                .extend(search.complaint(&file.display().to_string(), &workspace::read(&file)?));
            files += 1;
        }
    }
    if complaints.is_empty() {
        Ok(format!(
            "{} octets of output and {files} files show no key; {forms} planted forms were \
             found; {users} sources use the keys",
            campaign.transcript.len()
        ))
    } else {
        Err(Halt::Failed(complaints.join("; ")))
    }
}

/// Plants every form of every canary in a transcript and in a file, and finds each.
///
/// Returns how many were planted.
fn find_what_was_planted(search: &Search, campaign: &Campaign) -> Result<usize, Halt> {
    let around = |octets: &[u8]| [b"before ", octets, b" behind"].concat();
    let mut transcript = Transcript::default();
    let mut planted = 0;
    for canary in &CANARIES {
        for window in canary.key().windows(WINDOW) {
            for needle in forms(canary.label, window) {
                transcript.record(needle.form.to_owned(), around(&needle.octets));
                planted += 1;
            }
        }
    }
    let found = search.complaints(&transcript).len();

    let file = campaign.workspace.target.join("xtask-planted-canary");
    let unusable = |error| Halt::Failed(format!("{}: {error}", file.display()));
    fs::write(&file, around(&CANARIES[0].key())).map_err(unusable)?;
    let in_file = search.complaint("", &workspace::read(&file)?);
    fs::remove_file(&file).map_err(unusable)?;

    if found == planted && in_file.is_some() && search.find(b"nothing to see here").is_none() {
        Ok(planted)
    } else {
        Err(Halt::Failed(format!(
            "the search itself is broken: of {planted} planted forms it found {found}"
        )))
    }
}

/// How many sources under `tests/` contain the canaries; the search would be idle without.
fn sources_with_canaries(search: &Search, campaign: &Campaign) -> Result<usize, Halt> {
    let mut sources = 0;
    for file in workspace::files_below(&campaign.workspace.root.join("tests"))? {
        if file.extension().is_some_and(|extension| extension == "rs")
            && search.find(&workspace::read(&file)?).is_some()
        {
            sources += 1;
        }
    }
    if sources == 0 {
        return Err(Halt::Failed(
            "no source under tests/ uses a canary, so that there is nothing to leak".to_owned(),
        ));
    }
    Ok(sources)
}

#[cfg(test)]
mod tests {
    use super::{CANARIES, Search, alphabet, base64};

    #[test]
    fn base64_digits_are_those_of_rfc_4648() {
        let standard = alphabet(*b"+/");
        assert_eq!(base64(b"foobar", 0, &standard), b"Zm9vYmFy");
        // "?foobar" and "??foobar" give P2Zvb2Jhcg== and Pz9mb29iYXI=; the digits
        // that the question marks have a part in, and the unfinished ones, are left out.
        assert_eq!(base64(b"foobar", 1, &standard), b"Zvb2Jhc");
        assert_eq!(base64(b"foobar", 2, &standard), b"mb29iYX");
        assert_eq!(base64(&[0xfb, 0xff], 0, &alphabet(*b"-_")), b"-_");
    }

    #[test]
    fn lists_and_dumps_of_octets_are_found_whatever_their_layout() {
        let search = Search::new();
        let key = &CANARIES[1].key()[3..20];
        for shown in [
            format!("{key:?}"),
            format!("{key:#?}"),
            format!("{key:02x?}"),
            format!("{key:02X?}"),
        ] {
            let find = search.find(shown.as_bytes()).map(|find| find.canary);
            assert_eq!(find, Some("canary B"));
        }
    }

    #[test]
    fn seven_octets_are_no_find_and_eight_are() {
        let search = Search::new();
        let key = CANARIES[0].key();
        assert_eq!(search.find(&key[5..12]), None);
        assert_eq!(search.find(&key[5..13]).map(|find| find.offset), Some(0));
    }
}
