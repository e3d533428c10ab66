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

#[cfg(test)]
mod tests {
    use super::{Codec, Core, NalFormat, codec};

    #[test]
    fn codecs_have_the_names_of_signalling() {
        assert_eq!(codec("video/VP8", None), Ok(Codec::Vp8));
        assert_eq!(codec("OPUS", None), Ok(Codec::Opus));
        assert_eq!(codec("opaque", None), Ok(Codec::Opaque));
        assert_eq!(
            codec("H264", Some(NalFormat::Length4)),
            Ok(Codec::H264(Core::Length4))
        );
    }

    #[test]
    fn what_is_not_known_is_refused_by_name() {
        for (name, format) in [("VP10", None), ("", None), ("VP8", Some(NalFormat::AnnexB))] {
            let refusal = codec(name, format).unwrap_err();
            assert!(refusal.contains(name), "{refusal}");
        }
    }
}
