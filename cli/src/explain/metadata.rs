//! Metadata of frames: what both sides take it from.

use std::str::FromStr;

use super::stream::Header;

/// Octets made anew for each frame, such as `ssrc+timestamp`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Metadata(Vec<Part>);

#[derive(Clone, Debug, PartialEq, Eq)]
enum Part {
    Octets(Vec<u8>),
    Ssrc,
    Timestamp,
    Sequence,
    PayloadType,
}

impl Metadata {
    /// The metadata of a frame; what its header would say is zero where it has none.
    pub(crate) fn octets(&self, header: Option<&Header>) -> Vec<u8> {
        let mut octets = Vec::new();
        for part in &self.0 {
            match part {
                Part::Octets(fixed) => octets.extend_from_slice(fixed),
                Part::Ssrc => octets.extend(header.map_or(0, |header| header.ssrc).to_be_bytes()),
                Part::Timestamp => {
                    octets.extend(header.map_or(0, |header| header.timestamp).to_be_bytes());
                }
                Part::Sequence => {
                    octets.extend(header.map_or(0, |header| header.sequence).to_be_bytes());
                }
                Part::PayloadType => octets.push(header.map_or(0, |header| header.payload_type)),
            }
        }
        octets
    }
}

impl FromStr for Metadata {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let part = |part: &str| match part.split_once(':') {
            None => match part {
                "ssrc" => Ok(Part::Ssrc),
                "timestamp" => Ok(Part::Timestamp),
                "sequence" => Ok(Part::Sequence),
                "pt" => Ok(Part::PayloadType),
                _ => Err("parts are ssrc, timestamp, sequence, pt, text:… and hex:…".to_owned()),
            },
            Some(("text", text)) => Ok(Part::Octets(text.as_bytes().to_vec())),
            Some(("hex", digits)) => {
                let octets = data_encoding::HEXLOWER_PERMISSIVE.decode(digits.as_bytes());
                octets
                    .map(Part::Octets)
                    .map_err(|_| "hex: wants hexadecimal digits".to_owned())
            }
            Some(_) => Err("parts are ssrc, timestamp, sequence, pt, text:… and hex:…".to_owned()),
        };
        text.split('+')
            .map(part)
            .collect::<Result<_, _>>()
            .map(Self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn metadata_is_made_of_parts() {
        let header = Header {
            ssrc: 0x0102_0304,
            payload_type: 96,
            sequence: 7,
            timestamp: 9,
            marker: true,
        };
        let octets = |text: &str| {
            text.parse::<Metadata>()
                .map(|metadata| metadata.octets(Some(&header)))
        };
        assert_eq!(octets("ssrc+timestamp"), Ok(vec![1, 2, 3, 4, 0, 0, 0, 9]));
        assert_eq!(
            octets("text:a b+pt+sequence+hex:ff00"),
            Ok(vec![b'a', b' ', b'b', 96, 0, 7, 255, 0])
        );
        assert_eq!(octets("text:"), Ok(Vec::new()));
        assert!(
            octets("").is_err()
                && octets("SSRC").is_err()
                && octets("hex:f").is_err()
                && octets("file:x").is_err()
        );
    }
}
