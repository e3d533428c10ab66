//! Codecs by their names.

#![allow(
    missing_docs,
    reason = "wasm-bindgen adds a variant and a function to enumerations of text"
)]

use mediaseal::{Codec, NalFormat as Core};
use wasm_bindgen::prelude::wasm_bindgen;

/// What stands before each NAL unit of H.264 and H.265.
#[wasm_bindgen]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NalFormat {
    /// Start codes of 3 or 4 octets: what browsers exchange.
    AnnexB = "annexB",
    /// A length of 1 octet.
    Length1 = "length1",
    /// A length of 2 octets.
    Length2 = "length2",
    /// A length of 4 octets: what MP4 files use.
    Length4 = "length4",
}

/// Reads a codec's name as signalling has it, or "opaque"; `nal_format` is for H.264 and H.265 alone.
///
/// # Errors
/// A sentence on what is not known.
pub(crate) fn codec(name: &str, nal_format: Option<NalFormat>) -> Result<Codec, String> {
    let codec = if name.eq_ignore_ascii_case(Codec::Opaque.name()) {
        Codec::Opaque
    } else {
        name.parse()
            .map_err(|unknown| format!("{unknown}: {name}"))?
    };
    let format = match nal_format {
        None => return Ok(codec),
        Some(NalFormat::AnnexB) => Core::AnnexB,
        Some(NalFormat::Length1) => Core::Length1,
        Some(NalFormat::Length2) => Core::Length2,
        Some(NalFormat::Length4) => Core::Length4,
        Some(_) => return Err("there is no such form of NAL units".to_owned()),
    };
    match codec {
        Codec::H264(_) => Ok(Codec::H264(format)),
        Codec::H265(_) => Ok(Codec::H265(format)),
        _ => Err(format!("{name} has no NAL units")),
    }
}
