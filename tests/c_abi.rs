//! Holds `include/mediaseal.h` to what was promised: every number has its place in the table that never changes, every text is the one that
//! the library says, every item is explained. (`cargo xtask test header` holds the header to the sources, `tests/c/` what the functions do.)

#![cfg(all(test, feature = "capi"))]
#![allow(unsafe_code, reason = "calls C functions as a C program would")]

use std::collections::BTreeSet;
use std::ffi::{CStr, CString, c_char};

use mediaseal as _;

const HEADER: &str = include_str!("../include/mediaseal.h");
const TABLE: &str = include_str!("c/abi.inc");

unsafe extern "C" {
    fn mediaseal_constant(name: *const c_char, out_value: *mut i64) -> i32;
    safe fn mediaseal_status_name(status: i32) -> *const c_char;
    safe fn mediaseal_status_text(status: i32) -> *const c_char;
    safe fn mediaseal_status_class(status: i32) -> u32;
}

/// A text that lives as long as the library.
fn text(pointer: *const c_char) -> &'static str {
    assert!(!pointer.is_null());
    // SAFETY: the header says that the text ends with a zero octet and lives as long as the library.
    let text = unsafe { CStr::from_ptr(pointer) };
    text.to_str().unwrap()
}

/// The macros of the header that are numbers.
fn numbers() -> Vec<(&'static str, i64)> {
    HEADER
        .lines()
        .filter_map(|line| {
            let (name, value) = line.strip_prefix("#define ")?.split_once(' ')?;
            Some((name, value.parse().ok()?))
        })
        .collect()
}

/// The entries of the table that begin with `kind`.
fn entries(kind: &str) -> BTreeSet<(&'static str, &'static str)> {
    TABLE
        .lines()
        .filter_map(|line| line.strip_prefix(kind)?.strip_suffix(')')?.split_once(", "))
        .collect()
}

#[test]
fn every_number_stands_in_the_table_and_has_its_function_twin() {
    let table = entries("NUMBER(");
    for (name, value) in numbers() {
        let digits = value.to_string();
        assert!(
            table.contains(&(name, digits.as_str())),
            "tests/c/abi.inc needs NUMBER({name}, {value}), or had another value: then programs break"
        );
        let c_name = CString::new(name).unwrap();
        let mut twin = -1;
        // SAFETY: both pointers are to locals.
        let status = unsafe { mediaseal_constant(c_name.as_ptr(), &raw mut twin) };
        assert_eq!((status, twin), (0, value), "{name}");
    }
    assert_eq!(
        table.len(),
        numbers().len(),
        "a number of the table is gone from the header"
    );
    assert!(table.len() > 150);
}

#[test]
fn every_struct_stands_in_the_table() {
    let declared: BTreeSet<&str> = HEADER
        .lines()
        .filter_map(|line| line.strip_prefix("typedef struct ")?.strip_suffix(" {"))
        .collect();
    let table: BTreeSet<&str> = entries("STRUCT(").iter().map(|(name, _)| *name).collect();
    assert_eq!(declared, table);
    let initialized: BTreeSet<&str> = entries("INITIALIZER(")
        .iter()
        .map(|(name, _)| *name)
        .collect();
    let without: Vec<_> = declared.difference(&initialized).copied().collect();
    assert_eq!(
        without,
        ["mediaseal_expected", "mediaseal_known_answer"],
        "elements of arrays have no struct_size"
    );
}

#[test]
fn the_library_says_of_a_status_what_the_header_says() {
    let comments = comments();
    let mut statuses = 0;
    for (name, value) in numbers() {
        let is_status = name == "MEDIASEAL_OK" || name.starts_with("MEDIASEAL_ERR_");
        let Some(status) = i32::try_from(value).ok().filter(|_| is_status) else {
            continue;
        };
        assert_eq!(text(mediaseal_status_name(status)), name);
        let comment = comments
            .iter()
            .find(|(item, _)| item.starts_with(&format!("#define {name} ")))
            .map(|(_, comment)| comment.as_str());
        assert_eq!(comment, Some(text(mediaseal_status_text(status))));
        let class = mediaseal_status_class(status);
        assert_eq!(class, u32::try_from(status).unwrap() / 100, "{name}");
        statuses += 1;
    }
    assert!(statuses > 75);
    assert_eq!(text(mediaseal_status_name(-1)), "unknown status");
}

/// Every item that a comment precedes, by its first line, and the comment in one line.
fn comments() -> Vec<(&'static str, String)> {
    let mut found = Vec::new();
    let mut comment: Option<String> = None;
    let mut is_open = false;
    for line in HEADER.lines() {
        let words = line.trim();
        if words == "/**" {
            is_open = true;
            comment = Some(String::new());
        } else if is_open && words == "*/" {
            is_open = false;
        } else if is_open {
            let text = comment.get_or_insert_default();
            if !text.is_empty() {
                text.push(' ');
            }
            text.push_str(words.trim_start_matches('*').trim());
        } else if let Some(comment) = comment.take() {
            found.push((words, comment));
        }
    }
    found
}

#[test]
fn every_item_of_the_header_is_explained() {
    let explained: BTreeSet<&str> = comments()
        .iter()
        .filter(|(_, comment)| !comment.is_empty())
        .map(|(item, _)| *item)
        .collect();
    let mut is_comment = false;
    let mut brackets = 0;
    let mut items = 0;
    for line in HEADER.lines() {
        let words = line.trim();
        if words.starts_with("/*") {
            is_comment = !words.ends_with("*/");
            continue;
        }
        if is_comment {
            is_comment = !words.ends_with("*/");
            continue;
        }
        // A line that goes on with what an earlier one began is no item.
        let begins = brackets == 0;
        brackets += words.matches('(').count();
        brackets -= words.matches(')').count();
        let is_item = begins
            && !line.is_empty()
            && (words.starts_with("#define MEDIASEAL_")
                || words.starts_with("typedef ")
                || (words.ends_with([';', ',', '(']) && !words.starts_with(['}', '(', '{'])));
        if is_item && words != "#define MEDIASEAL_H" {
            items += 1;
            assert!(explained.contains(words), "without a comment: {line}");
        }
    }
    assert!(items > 400, "{items} items");
}

#[test]
fn every_function_tells_of_its_statuses_threads_and_version() {
    for (item, comment) in comments() {
        if item.starts_with("mediaseal_status mediaseal_") {
            for word in ["Returns ", "Since 0."] {
                assert!(comment.contains(word), "{item}: nothing of {word:?}");
            }
            let threads = ["Exclusive use of", "Any thread", "Any threads at once"];
            assert!(
                threads.iter().any(|word| comment.contains(word)),
                "{item}: nothing on threads"
            );
        }
    }
}
