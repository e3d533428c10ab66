//! Holds `include/mediaseal.h` to what was promised: every number has its place in the table that never changes, every text is the one that
//! the library says, every item is explained. (`cargo xtask test header` holds the header to the sources, `tests/c/` what the functions do.)

#![cfg(all(test, feature = "capi"))]
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]
#![allow(
    clippy::multiple_unsafe_ops_per_block,
    reason = "one call after the other, all for the same reason sound"
)]
#![allow(unsafe_code, reason = "calls C functions as a C program would")]

use std::collections::BTreeSet;
use std::ffi::{CStr, CString, c_char, c_void};
use std::ptr::{null, null_mut};

use mediaseal as _;

const HEADER: &str = include_str!("../include/mediaseal.h");
const TABLE: &str = include_str!("c/abi.inc");

unsafe extern "C" {
    fn mediaseal_constant(name: *const c_char, out_value: *mut i64) -> i32;
    fn mediaseal_cipher_builtin(suite: u32, flags: u32, out: *mut *mut c_void) -> i32;
    fn mediaseal_key_store_new(cipher: *const c_void, out: *mut *mut c_void) -> i32;
    fn mediaseal_key_store_add_send(
        store: *const c_void,
        key: *const u8,
        len: usize,
        kid: u64,
        origin: u32,
        counters: *const c_void,
    ) -> i32;
    fn mediaseal_key_store_add_receive(
        store: *const c_void,
        key: *const u8,
        len: usize,
        kid: u64,
        sender: *const u8,
        sender_len: usize,
        opens_at: u64,
    ) -> i32;
    fn mediaseal_key_store_activate(store: *const c_void, kid: u64) -> i32;
    fn mediaseal_encryptor_new(
        store: *const c_void,
        config: *const c_void,
        out: *mut *mut c_void,
    ) -> i32;
    fn mediaseal_decryptor_new(
        store: *const c_void,
        config: *const c_void,
        out: *mut *mut c_void,
    ) -> i32;
    fn mediaseal_encryptor_encrypt(
        encryptor: *mut c_void,
        info: *const c_void,
        plaintext: *const u8,
        len: usize,
        out: *mut u8,
        capacity: usize,
        out_len: *mut usize,
    ) -> i32;
    fn mediaseal_decryptor_decrypt(
        decryptor: *mut c_void,
        info: *const c_void,
        ciphertext: *const u8,
        len: usize,
        out: *mut u8,
        capacity: usize,
        out_len: *mut usize,
        out_opened: *mut c_void,
    ) -> i32;
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
        [
            "mediaseal_attribute",
            "mediaseal_expected",
            "mediaseal_known_answer",
            "mediaseal_metadata",
            "mediaseal_recipient",
            "mediaseal_role_of"
        ],
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

#[test]
fn ten_thousand_frames_through_c_allocate_nothing() {
    let key = [7; 32];
    let [
        mut cipher,
        mut sending,
        mut receiving,
        mut encryptor,
        mut decryptor,
    ] = [null_mut(); 5];
    // SAFETY: as the header asks: every pointer is to a local or was made by the call before. The objects are left to the end of the process.
    let made = unsafe {
        [
            mediaseal_cipher_builtin(4, 0, &raw mut cipher),
            mediaseal_key_store_new(cipher, &raw mut sending),
            mediaseal_key_store_new(cipher, &raw mut receiving),
            mediaseal_key_store_add_send(sending, key.as_ptr(), 32, 0, 1, null()),
            mediaseal_key_store_activate(sending, 0),
            mediaseal_key_store_add_receive(receiving, key.as_ptr(), 32, 0, null(), 0, 0),
            mediaseal_encryptor_new(sending, null(), &raw mut encryptor),
            mediaseal_decryptor_new(receiving, null(), &raw mut decryptor),
        ]
    };
    assert_eq!(made, [0; 8]);
    let (mut sealed, mut opened) = ([0; 1400], [0; 1400]);
    let mut one_frame = |n: usize| {
        let (mut len, mut opened_len) = (0, 0);
        let (out, back) = (sealed.as_mut_ptr(), opened.as_mut_ptr());
        // SAFETY: the arrays have the octets that the lengths say, and the objects are those made above.
        let statuses = unsafe {
            [
                mediaseal_encryptor_encrypt(
                    encryptor,
                    null(),
                    key.as_ptr(),
                    n % 33,
                    out,
                    1400,
                    &raw mut len,
                ),
                mediaseal_decryptor_decrypt(
                    decryptor,
                    null(),
                    out,
                    len,
                    back,
                    1400,
                    &raw mut opened_len,
                    null_mut(),
                ),
                mediaseal_decryptor_decrypt(
                    decryptor,
                    null(),
                    out,
                    len,
                    back,
                    1400,
                    &raw mut opened_len,
                    null_mut(),
                ),
            ]
        };
        assert_eq!(statuses, [0, 0, 302], "the third is a duplicate");
    };
    // The first frame of a stream is outside the steady state.
    one_frame(0);
    let allocations = allocation_counter::measure(|| (0..10_000).for_each(&mut one_frame));
    assert_eq!(allocations.count_total, 0);
}
