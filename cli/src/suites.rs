//! Cipher suites and codecs by names for people.

use mediaseal::CipherSuite;
use mediaseal::{Codec, NalFormat};

/// The built-in suites, by the names that the options of the examples have.
const SHORT: [(&str, CipherSuite); 8] = [
    ("aes-128-gcm", CipherSuite::AES_128_GCM_SHA256_128),
    ("aes-256-gcm", CipherSuite::AES_256_GCM_SHA512_128),
    (
        "aes-128-ctr-hmac-80",
        CipherSuite::AES_128_CTR_HMAC_SHA256_80,
    ),
    (
        "aes-128-ctr-hmac-64",
        CipherSuite::AES_128_CTR_HMAC_SHA256_64,
    ),
    (
        "aes-128-ctr-hmac-32",
        CipherSuite::AES_128_CTR_HMAC_SHA256_32,
    ),
    (
        "aes-256-ctr-hmac-80",
        CipherSuite::AES_256_CTR_HMAC_SHA512_80,
    ),
    (
        "aes-256-ctr-hmac-64",
        CipherSuite::AES_256_CTR_HMAC_SHA512_64,
    ),
    (
        "aes-256-ctr-hmac-32",
        CipherSuite::AES_256_CTR_HMAC_SHA512_32,
    ),
];

/// Reads a suite: a name as above, the registered name, or its number (0x0004).
pub(crate) fn suite(text: &str) -> Result<CipherSuite, String> {
    let short = SHORT
        .iter()
        .find(|(name, _)| name.eq_ignore_ascii_case(text));
    let registered = || {
        let mut all = CipherSuite::BUILTIN.into_iter();
        all.find(|suite| {
            suite
                .name()
                .is_some_and(|name| name.eq_ignore_ascii_case(text))
        })
    };
    if let Some(suite) = short.map(|(_, suite)| *suite).or_else(registered) {
        return Ok(suite);
    }
    let number = text
        .strip_prefix("0x")
        .map(|digits| u16::from_str_radix(digits, 16));
    number
        .and_then(Result::ok)
        .map(CipherSuite::new)
        .ok_or_else(|| {
            let names: Vec<_> = SHORT.iter().map(|(name, _)| *name).collect();
            format!(
                "no cipher suite; there are {}, or a number such as 0xf001",
                names.join(", ")
            )
        })
}

/// The name of a suite that [`suite`] reads.
pub(crate) fn name(suite: CipherSuite) -> String {
    let short = SHORT.iter().find(|(_, known)| *known == suite);
    short.map_or_else(
        || format!("{:#06x}", suite.value()),
        |(name, _)| (*name).to_owned(),
    )
}

/// Reads a codec: the name of its RTP payload format, with the form of NAL units where there are any.
pub(crate) fn codec(text: &str) -> Result<Codec, String> {
    let lower = text.to_ascii_lowercase();
    let (name, form) = lower.split_once('-').unwrap_or((&lower, ""));
    let format = match form {
        "" => NalFormat::AnnexB,
        "length1" => NalFormat::Length1,
        "length2" => NalFormat::Length2,
        "length4" => NalFormat::Length4,
        _ => return Err(unknown_codec()),
    };
    match (name, form) {
        ("h264", _) => Ok(Codec::H264(format)),
        ("h265", _) => Ok(Codec::H265(format)),
        ("opaque", "") => Ok(Codec::Opaque),
        (_, "") => name.parse().map_err(|_| unknown_codec()),
        _ => Err(unknown_codec()),
    }
}

fn unknown_codec() -> String {
    "no codec; there are opaque, h264, h265, vp8, vp9, av1, opus; h264-length4 for NAL units behind lengths".to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read() {
        assert_eq!(
            suite("AES-256-gcm"),
            Ok(CipherSuite::AES_256_GCM_SHA512_128)
        );
        assert_eq!(
            suite("AES_128_GCM_SHA256_128"),
            Ok(CipherSuite::AES_128_GCM_SHA256_128)
        );
        assert_eq!(suite("0xf001"), Ok(CipherSuite::new(0xf001)));
        for known in CipherSuite::BUILTIN
            .into_iter()
            .chain([CipherSuite::new(0xf00d)])
        {
            assert_eq!(suite(&name(known)), Ok(known));
        }
        assert!(suite("rot13").is_err());
        assert!(suite("0x10004").is_err());
        assert_eq!(codec("H264"), Ok(Codec::H264(NalFormat::AnnexB)));
        assert_eq!(codec("h265-length4"), Ok(Codec::H265(NalFormat::Length4)));
        assert_eq!(codec("opaque"), Ok(Codec::Opaque));
        assert_eq!(codec("vp9"), Ok(Codec::Vp9));
        assert!(codec("vp9-length4").is_err());
        assert!(codec("h266").is_err());
    }
}
