//! Opus: durations (RFC 6716 section 3.1), the identification header (RFC 7845 section 5.1), "Encapsulation of Opus in ISO Base Media File Format".

use zeroize::Zeroizing;

use super::{Bad, Config, Shape, Unit};
use crate::vault::recording::export::boxes::Boxes;

/// Samples a second, whatever the encoder was given.
pub(in crate::vault::recording::export) const RATE: u32 = 48_000;
/// Most samples of a packet: 120 ms.
const MAX_TICKS: u32 = 5_760;

#[derive(Default)]
pub(in crate::vault::recording::export) struct OpusStream {
    head: Option<Head>,
    is_said: bool,
}

#[derive(Clone, Copy)]
struct Head {
    channels: u8,
    pre_skip: u16,
}

impl OpusStream {
    /// Takes a packet. Headers as files have them, recorded among the packets, are read and left out.
    pub(super) fn take(&mut self, packet: &[u8]) -> Result<Option<Unit>, Bad> {
        if let Some(head) = packet.strip_prefix(b"OpusHead") {
            if !self.is_said {
                self.head = Some(head_of(head).ok_or(Bad)?);
            }
            return Ok(None);
        }
        if packet.starts_with(b"OpusTags") {
            return Ok(None);
        }
        let ticks = ticks(packet).ok_or(Bad)?;
        let config = (!self.is_said).then(|| self.config());
        self.is_said = true;
        Ok(Some(Unit {
            config,
            octets: Zeroizing::new(packet.to_vec()),
            key: true,
            ticks: Some(ticks),
            protected: Some(Vec::new()),
        }))
    }

    fn config(&self) -> Config {
        // Two channels lose nothing of a stream that may change between one and two at any packet (RFC 7587 section 6.1).
        let head = self.head.unwrap_or(Head {
            channels: 2,
            pre_skip: 0,
        });
        let mut boxes = Boxes::default();
        boxes.boxed(b"dOps", |dops| {
            dops.put(&[0, head.channels]);
            dops.u16(head.pre_skip);
            dops.u32(RATE);
            // No gain, mapping family 0.
            dops.put(&[0, 0, 0]);
        });
        Config {
            entry: *b"Opus",
            shape: Shape::Audio {
                rate: RATE,
                channels: head.channels,
                pre_skip: head.pre_skip,
            },
            boxes: boxes.0,
        }
    }
}

/// Reads what follows the magic.
fn head_of(head: &[u8]) -> Option<Head> {
    let [version, channels, low, high, _, _, _, _, _, _, mapping, ..] = *head else {
        return None;
    };
    (version >> 4 == 0 && mapping == 0 && (1..=2).contains(&channels)).then_some(Head {
        channels,
        pre_skip: u16::from_le_bytes([low, high]),
    })
}

/// How long a packet sounds.
fn ticks(packet: &[u8]) -> Option<u32> {
    let toc = *packet.first()?;
    let size = u32::from(toc >> 3 & 3);
    let each = match toc >> 3 {
        0..=11 => [480, 960, 1_920, 2_880][usize::from(toc >> 3 & 3)],
        12..=15 => 480 << (size & 1),
        _ => 120 << size,
    };
    let count = match toc & 3 {
        0 => 1,
        1 | 2 => 2,
        _ => u32::from(packet.get(1)? & 0x3f),
    };
    Some(each * count).filter(|ticks| (1..=MAX_TICKS).contains(ticks))
}

#[cfg(test)]
mod tests {
    use super::ticks;

    #[test]
    fn durations_of_rfc_6716() {
        // SILK 60 ms; hybrid 10 and 20 ms; CELT 2.5 and 20 ms; two of 20 ms; three of 20 ms.
        for (packet, expected) in [
            (&[3 << 3][..], Some(2_880)),
            (&[12 << 3], Some(480)),
            (&[13 << 3 | 4], Some(960)),
            (&[16 << 3], Some(120)),
            (&[31 << 3], Some(960)),
            (&[31 << 3 | 1], Some(1_920)),
            (&[31 << 3 | 3, 3], Some(2_880)),
            (&[31 << 3 | 3, 7], None),
            (&[31 << 3 | 3, 0], None),
            (&[31 << 3 | 3], None),
            (&[], None),
        ] {
            assert_eq!(ticks(packet), expected, "{packet:?}");
        }
    }
}
