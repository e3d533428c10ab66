//! VP8 (RFC 6386 section 9.1).

use zeroize::Zeroizing;

use super::{Bad, Config, Shape, Unit};

#[derive(Default)]
pub(in crate::vault::recording::export) struct Vp8Stream(Option<Config>);

impl Vp8Stream {
    pub(super) fn take(&mut self, frame: &[u8], key: bool) -> Result<Unit, Bad> {
        // Frame tag, start code, sizes with their scaling.
        let config = match (key, frame) {
            (false, _) => None,
            (true, [_, _, _, 0x9d, 0x01, 0x2a, w0, w1, h0, h1, ..]) => {
                let size = |low, high| u16::from_le_bytes([low, high]) & 0x3fff;
                let (width, height) = (size(*w0, *w1), size(*h0, *h1));
                Some(Config {
                    entry: *b"vp08",
                    shape: Shape::Video { width, height },
                    boxes: Vec::new(),
                })
            }
            _ => return Err(Bad),
        };
        // Sizes may change at any key frame and the file go on: its front says the first.
        let is_first = self.0.is_none();
        if is_first {
            self.0.clone_from(&config);
        }
        Ok(Unit {
            config: config.filter(|_| is_first),
            octets: Zeroizing::new(frame.to_vec()),
            key,
            ticks: None,
            // It goes into WebM, which common encryption is not for.
            protected: None,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::Vp8Stream;

    #[test]
    fn a_key_frame_without_its_start_code_is_refused() {
        assert!(Vp8Stream::default().take(&[0; 9], true).is_err());
    }
}
