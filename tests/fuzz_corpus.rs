//! Replays the seeds of the fuzz targets, with what the targets do, in every run.

#![cfg(test)]

#[allow(unreachable_pub, reason = "it is a crate of its own elsewhere")]
#[path = "../fuzz/src/lib.rs"]
mod targets;

use std::{fs, path::Path};

/// Runs `target` over each seed of `name`, of which there must be at least `least`.
fn replay(name: &str, target: fn(&[u8]), least: usize) {
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("fuzz/corpus")
        .join(name);
    let mut seeds: Vec<_> = fs::read_dir(corpus)
        .expect("the corpus is there")
        .map(|entry| entry.expect("an entry").path())
        .collect();
    seeds.sort();
    for seed in &seeds {
        println!("{name}: {:?}", seed.file_name());
        target(&fs::read(seed).expect("a seed"));
    }
    assert!(seeds.len() >= least, "{name}: {} seeds", seeds.len());
    println!("vectors: fuzz seeds, {name}: {}", seeds.len());
}

#[test]
fn header_seeds_parse_to_what_encode_writes() {
    replay("header", targets::header, 20);
}

#[cfg(feature = "capi")]
#[test]
fn seeds_of_c_calls_do_what_the_header_says() {
    replay("c_boundary", targets::c_boundary, 8);
}

#[test]
fn key_seeds_are_written_as_they_were_read() {
    replay("keys", targets::keys, 20);
}

#[test]
fn decryptor_seeds_open_nothing_but_genuine_frames() {
    replay("decryptor", targets::decryptor, 20);
}

#[test]
fn codec_seeds_come_out_bit_by_bit() {
    replay("codecs", targets::codecs, 20);
}

#[test]
fn rtp_seeds_come_together_again() {
    replay("rtp", targets::rtp, 8);
}

#[cfg(feature = "recording")]
#[test]
fn grant_seeds_are_written_as_they_were_read() {
    replay("grants", targets::grants, 20);
}

#[cfg(feature = "recording")]
#[test]
fn recording_seeds_are_verified_read_and_recovered() {
    replay("recordings", targets::recordings, 8);
}

#[cfg(feature = "recording")]
#[test]
fn record_seeds_have_one_form() {
    replay("records", targets::records, 10);
}

#[cfg(feature = "recording")]
#[test]
fn export_seeds_become_files_that_are_whole() {
    replay("export", targets::export_frames, 12);
}

#[cfg(feature = "custody")]
#[test]
fn custody_seeds_open_nothing_but_what_is_genuine() {
    replay("custody", targets::custody, 20);
}
