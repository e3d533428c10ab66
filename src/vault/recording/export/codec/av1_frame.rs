//! AV1 frame headers, read to their end, so that tiles are found (bitstream specification section 5.9; names as there).

use crate::format::codec::bits::Bits;

use super::av1_sequence::Sequence;

/// Of frame types: those that refer to no other, and one that switches.
const KEY_FRAME: u8 = 0;
pub(super) const INTER_FRAME: u8 = 1;
const INTRA_ONLY_FRAME: u8 = 2;
const SWITCH_FRAME: u8 = 3;
/// primary_ref_frame of a frame that begins anew.
pub(super) const NONE: u8 = 7;
/// Quantizer differences of segments, as far as they are given.
pub(super) type SegmentQ = [Option<i32>; 8];

/// What later headers need of a frame.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Reference {
    pub(super) is_valid: bool,
    pub(super) frame_type: u8,
    pub(super) upscaled_width: u32,
    pub(super) height: u32,
    pub(super) order_hint: u32,
    pub(super) segment_q: SegmentQ,
}

/// What of a header its tile groups need.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Tiles {
    /// Their number.
    pub(super) count: usize,
    /// Bits of a tile's number.
    pub(super) bits: u32,
    /// Octets of a tile's size.
    pub(super) size_octets: usize,
}

/// The frames that headers may refer to.
#[derive(Default)]
pub(super) struct References(pub(super) [Reference; 8]);

/// Width before and after upscaling, and height.
#[derive(Clone, Copy, Default)]
pub(super) struct Size {
    pub(super) upscaled_width: u32,
    pub(super) width: u32,
    pub(super) height: u32,
}

/// One header on its way.
pub(super) struct Header<'a, 'b> {
    pub(super) bits: &'a mut Bits<'b>,
    pub(super) sequence: &'a Sequence,
    pub(super) frame_type: u8,
    pub(super) is_shown: bool,
    pub(super) is_showable: bool,
    pub(super) resilient: bool,
    pub(super) size_override: bool,
    pub(super) order_hint: u32,
    pub(super) primary: u8,
    pub(super) references: [usize; 7],
    pub(super) allows_intrabc: bool,
    pub(super) high_precision: bool,
    pub(super) size: Size,
    pub(super) base_q: u8,
    pub(super) segment_q: SegmentQ,
    pub(super) coded_lossless: bool,
}

impl References {
    /// Reads a header; no tiles if it only shows a frame of before. Nothing if it is not to be understood.
    pub(super) fn read(
        &mut self,
        bits: &mut Bits<'_>,
        sequence: &Sequence,
        layers: (u8, u8),
    ) -> Option<Option<Tiles>> {
        let mut header = Header {
            bits,
            sequence,
            frame_type: KEY_FRAME,
            is_shown: true,
            is_showable: false,
            resilient: true,
            size_override: false,
            order_hint: 0,
            primary: NONE,
            references: [0; 7],
            allows_intrabc: false,
            high_precision: false,
            size: Size::default(),
            base_q: 0,
            segment_q: [None; 8],
            coded_lossless: false,
        };
        if !sequence.reduced {
            if header.bits.bit()? {
                let shown = usize::from(header.bits.u8(3)?);
                header.temporal_point()?;
                if let Some(id) = sequence.frame_ids {
                    header.bits.skip(id.len)?;
                }
                let shown = self.0[shown];
                if !shown.is_valid {
                    return None;
                }
                if shown.frame_type == KEY_FRAME {
                    self.0 = [shown; 8];
                }
                return Some(None);
            }
            header.frame_type = header.bits.u8(2)?;
            header.is_shown = header.bits.bit()?;
            if header.is_shown {
                header.temporal_point()?;
                header.is_showable = header.frame_type != KEY_FRAME;
            } else {
                header.is_showable = header.bits.bit()?;
            }
            let begins = header.frame_type == KEY_FRAME && header.is_shown;
            header.resilient = header.frame_type == SWITCH_FRAME || begins || header.bits.bit()?;
        }
        let (refresh, tiles) = header.rest(self, layers)?;
        let reference = Reference {
            is_valid: true,
            frame_type: header.frame_type,
            upscaled_width: header.size.upscaled_width,
            height: header.size.height,
            order_hint: header.order_hint,
            segment_q: header.segment_q,
        };
        for (index, slot) in self.0.iter_mut().enumerate() {
            if refresh >> index & 1 == 1 {
                *slot = reference;
            }
        }
        Some(Some(tiles))
    }
}

impl Header<'_, '_> {
    pub(super) fn skip_if(&mut self, count: u32) -> Option<()> {
        if self.bits.bit()? {
            self.bits.skip(count)?;
        }
        Some(())
    }

    fn temporal_point(&mut self) -> Option<()> {
        match self.sequence.decoder_model {
            Some(model) if !model.equal_interval => self.bits.skip(model.presentation_len),
            _ => Some(()),
        }
    }

    pub(super) const fn is_intra(&self) -> bool {
        matches!(self.frame_type, KEY_FRAME | INTRA_ONLY_FRAME)
    }

    /// Behind error_resilient_mode. Returns refresh_frame_flags and the tiles.
    fn rest(&mut self, refs: &mut References, layers: (u8, u8)) -> Option<(u8, Tiles)> {
        let sequence = self.sequence;
        if self.frame_type == KEY_FRAME && self.is_shown {
            for slot in &mut refs.0 {
                (slot.is_valid, slot.order_hint) = (false, 0);
            }
        }
        let no_cdf_update = self.bits.bit()?;
        let screen = match sequence.screen_content {
            None => self.bits.bit()?,
            Some(forced) => forced,
        };
        let integer_mv = screen
            && match sequence.integer_mv {
                None => self.bits.bit()?,
                Some(forced) => forced,
            };
        if let Some(id) = sequence.frame_ids {
            self.bits.skip(id.len)?;
        }
        self.size_override =
            self.frame_type == SWITCH_FRAME || (!sequence.reduced && self.bits.bit()?);
        self.order_hint = self.bits.u(sequence.order_hint_bits)?;
        if !self.is_intra() && !self.resilient {
            self.primary = self.bits.u8(3)?;
        }
        if let Some(model) = sequence.decoder_model
            && self.bits.bit()?
        {
            for point in sequence.points.iter().filter(|point| point.has_model) {
                let (temporal, spatial) =
                    (point.idc >> layers.0 & 1, point.idc >> (layers.1 + 8) & 1);
                if point.idc == 0 || (temporal == 1 && spatial == 1) {
                    self.bits.skip(model.removal_len)?;
                }
            }
        }
        let takes_all =
            self.frame_type == SWITCH_FRAME || (self.frame_type == KEY_FRAME && self.is_shown);
        let refresh = if takes_all { 0xff } else { self.bits.u8(8)? };
        if (!self.is_intra() || refresh != 0xff) && self.resilient && sequence.order_hint_bits > 0 {
            for slot in &mut refs.0 {
                let hint = self.bits.u(sequence.order_hint_bits)?;
                if hint != slot.order_hint || !slot.is_valid {
                    // A frame that was lost: only its place in the order is known.
                    *slot = Reference {
                        order_hint: hint,
                        ..Reference::default()
                    };
                }
            }
        }
        let mut has_ref_mvs = false;
        if self.is_intra() {
            self.frame_size()?;
            self.skip_if(32)?;
            if screen && self.size.upscaled_width == self.size.width {
                self.allows_intrabc = self.bits.bit()?;
            }
        } else {
            self.inter(refs, integer_mv)?;
            has_ref_mvs = !self.resilient && sequence.has_ref_mvs;
        }
        if has_ref_mvs {
            self.bits.skip(1)?;
        }
        if !sequence.reduced && !no_cdf_update {
            self.bits.skip(1)?;
        }
        if self.primary != NONE {
            let from = *self.references.get(usize::from(self.primary))?;
            self.segment_q = refs.0.get(from)?.segment_q;
        }
        let tiles = self.tile_info()?;
        let all_plain = self.quantization()?;
        self.segmentation()?;
        self.deltas()?;
        self.coded_lossless = all_plain && (0..8).all(|segment| self.q_index(segment) == 0);
        self.filters()?;
        self.modes(refs)?;
        self.film_grain()?;
        Some((refresh, tiles))
    }

    /// Of a frame that refers to others: references, size, how motion is said.
    fn inter(&mut self, refs: &References, integer_mv: bool) -> Option<()> {
        // frame_refs_short_signaling leaves references to be found: encoders seldom do, and such frames are not read.
        if self.sequence.order_hint_bits > 0 && self.bits.bit()? {
            return None;
        }
        for index in 0..7 {
            self.references[index] = usize::from(self.bits.u8(3)?);
            if let Some(id) = self.sequence.frame_ids {
                self.bits.skip(id.delta_len)?;
            }
        }
        if self.size_override && !self.resilient {
            self.size_with_refs(refs)?;
        } else {
            self.frame_size()?;
            self.skip_if(32)?;
        }
        self.high_precision = !integer_mv && self.bits.bit()?;
        if !self.bits.bit()? {
            self.bits.skip(2)?;
        }
        // is_motion_mode_switchable
        self.bits.skip(1)
    }

    fn frame_size(&mut self) -> Option<()> {
        let sequence = self.sequence;
        let (mut width, mut height) = (sequence.width, sequence.height);
        if self.size_override {
            width = self.bits.u(sequence.width_bits)?.checked_add(1)?;
            height = self.bits.u(sequence.height_bits)?.checked_add(1)?;
        }
        self.superres(width, height)
    }

    fn size_with_refs(&mut self, refs: &References) -> Option<()> {
        for index in 0..7 {
            if self.bits.bit()? {
                let reference = refs.0.get(self.references[index])?;
                let (width, height) = (reference.upscaled_width, reference.height);
                return (reference.is_valid).then(|| self.superres(width, height))?;
            }
        }
        self.frame_size()?;
        self.skip_if(32)
    }

    fn superres(&mut self, upscaled_width: u32, height: u32) -> Option<()> {
        let mut width = upscaled_width;
        if self.sequence.has_superres && self.bits.bit()? {
            let denominator = self.bits.u(3)? + 9;
            width = (upscaled_width.checked_mul(8)? + denominator / 2) / denominator;
        }
        self.size = Size {
            upscaled_width,
            width,
            height,
        };
        Some(())
    }
}
