//! AV1 sequence headers (bitstream specification section 5.5).

use crate::format::codec::bits::Bits;

/// What a sequence header says.
#[derive(Clone)]
pub(super) struct Sequence {
    pub(super) profile: u8,
    pub(super) level: u8,
    pub(super) tier: u8,
    /// reduced_still_picture_header
    pub(super) reduced: bool,
    pub(super) decoder_model: Option<DecoderModel>,
    pub(super) points: Vec<OperatingPoint>,
    pub(super) width_bits: u32,
    pub(super) height_bits: u32,
    pub(super) width: u32,
    pub(super) height: u32,
    pub(super) frame_ids: Option<FrameIds>,
    pub(super) large_superblocks: bool,
    pub(super) has_warped_motion: bool,
    pub(super) has_ref_mvs: bool,
    /// Nothing if frames have no place in an order.
    pub(super) order_hint_bits: u32,
    /// Nothing if each frame says it.
    pub(super) screen_content: Option<bool>,
    /// Nothing if each frame says it.
    pub(super) integer_mv: Option<bool>,
    pub(super) has_superres: bool,
    pub(super) has_cdef: bool,
    pub(super) has_restoration: bool,
    pub(super) high_depth: bool,
    pub(super) twelve: bool,
    pub(super) mono: bool,
    /// Whether chroma has half the samples, across and down.
    pub(super) subsampled: (bool, bool),
    pub(super) position: u8,
    pub(super) separate_uv: bool,
    pub(super) has_film_grain: bool,
}

/// Lengths in bits of times that frames say.
#[derive(Clone, Copy)]
pub(super) struct DecoderModel {
    pub(super) equal_interval: bool,
    pub(super) delay_len: u32,
    pub(super) removal_len: u32,
    pub(super) presentation_len: u32,
}

#[derive(Clone, Copy)]
pub(super) struct OperatingPoint {
    pub(super) idc: u32,
    pub(super) has_model: bool,
}

/// Lengths in bits of the numbers of frames, and of differences of them.
#[derive(Clone, Copy)]
pub(super) struct FrameIds {
    pub(super) len: u32,
    pub(super) delta_len: u32,
}

impl Sequence {
    /// Reads the payload of a sequence header.
    pub(super) fn read(payload: &[u8]) -> Option<Self> {
        let bits = &mut Bits::new(payload);
        let profile = bits.u8(3)?;
        bits.skip(1)?;
        let reduced = bits.bit()?;
        let mut sequence = Self {
            profile,
            level: 0,
            tier: 0,
            reduced,
            decoder_model: None,
            points: Vec::new(),
            width_bits: 0,
            height_bits: 0,
            width: 0,
            height: 0,
            frame_ids: None,
            large_superblocks: false,
            has_warped_motion: false,
            has_ref_mvs: false,
            order_hint_bits: 0,
            screen_content: None,
            integer_mv: None,
            has_superres: false,
            has_cdef: false,
            has_restoration: false,
            high_depth: false,
            twelve: false,
            mono: false,
            subsampled: (true, true),
            position: 0,
            separate_uv: false,
            has_film_grain: false,
        };
        if reduced {
            sequence.level = bits.u8(5)?;
        } else {
            sequence.operating_points(bits)?;
        }
        sequence.sizes(bits)?;
        sequence.large_superblocks = bits.bit()?;
        bits.skip(2)?;
        if !reduced {
            sequence.tools(bits)?;
        }
        sequence.has_superres = bits.bit()?;
        sequence.has_cdef = bits.bit()?;
        sequence.has_restoration = bits.bit()?;
        sequence.colour(bits)?;
        sequence.has_film_grain = bits.bit()?;
        Some(sequence)
    }

    /// Timing and operating points; level and tier of the first.
    fn operating_points(&mut self, bits: &mut Bits<'_>) -> Option<()> {
        if bits.bit()? {
            bits.skip(64)?;
            let equal_interval = bits.bit()?;
            if equal_interval {
                bits.ue()?;
            }
            if bits.bit()? {
                let delay_len = bits.u(5)? + 1;
                bits.skip(32)?;
                self.decoder_model = Some(DecoderModel {
                    equal_interval,
                    delay_len,
                    removal_len: bits.u(5)? + 1,
                    presentation_len: bits.u(5)? + 1,
                });
            }
        }
        let has_delay = bits.bit()?;
        for point in 0..=bits.u(5)? {
            let idc = bits.u(12)?;
            let level = bits.u8(5)?;
            let tier = if level > 7 { bits.u8(1)? } else { 0 };
            if point == 0 {
                (self.level, self.tier) = (level, tier);
            }
            let mut has_model = false;
            if let Some(model) = self.decoder_model {
                has_model = bits.bit()?;
                if has_model {
                    bits.skip(2 * model.delay_len + 1)?;
                }
            }
            if has_delay && bits.bit()? {
                bits.skip(4)?;
            }
            self.points.push(OperatingPoint { idc, has_model });
        }
        Some(())
    }

    fn sizes(&mut self, bits: &mut Bits<'_>) -> Option<()> {
        (self.width_bits, self.height_bits) = (bits.u(4)? + 1, bits.u(4)? + 1);
        self.width = bits.u(self.width_bits)?.checked_add(1)?;
        self.height = bits.u(self.height_bits)?.checked_add(1)?;
        if !self.reduced && bits.bit()? {
            let delta_len = bits.u(4)? + 2;
            let len = bits.u(3)? + 1 + delta_len;
            self.frame_ids = Some(FrameIds { len, delta_len });
        }
        Some(())
    }

    /// From enable_interintra_compound to order_hint_bits.
    fn tools(&mut self, bits: &mut Bits<'_>) -> Option<()> {
        bits.skip(2)?;
        self.has_warped_motion = bits.bit()?;
        bits.skip(1)?;
        let has_order_hint = bits.bit()?;
        if has_order_hint {
            bits.skip(1)?;
            self.has_ref_mvs = bits.bit()?;
        }
        self.screen_content = if bits.bit()? { None } else { Some(bits.bit()?) };
        if self.screen_content != Some(false) && !bits.bit()? {
            self.integer_mv = Some(bits.bit()?);
        }
        if has_order_hint {
            self.order_hint_bits = bits.u(3)? + 1;
        }
        Some(())
    }

    /// color_config()
    fn colour(&mut self, bits: &mut Bits<'_>) -> Option<()> {
        self.high_depth = bits.bit()?;
        self.twelve = self.profile == 2 && self.high_depth && bits.bit()?;
        self.mono = self.profile != 1 && bits.bit()?;
        let mut described = [2; 3];
        if bits.bit()? {
            described = [bits.u8(8)?, bits.u8(8)?, bits.u8(8)?];
        }
        if self.mono {
            return bits.skip(1);
        }
        // sRGB: BT.709 primaries, its transfer, identity.
        let is_rgb = described == [1, 13, 0];
        if !is_rgb {
            bits.skip(1)?;
        }
        self.subsampled = match self.profile {
            _ if is_rgb => (false, false),
            0 => (true, true),
            1 => (false, false),
            2 if self.twelve => {
                let across = bits.bit()?;
                (across, across && bits.bit()?)
            }
            2 => (true, false),
            _ => return None,
        };
        if self.subsampled == (true, true) {
            self.position = bits.u8(2)?;
        }
        self.separate_uv = bits.bit()?;
        Some(())
    }
}
