//! What follows the size in an AV1 frame header (bitstream specification section 5.9, names as there).

use super::av1_frame::{Header, INTER_FRAME, NONE, References, Tiles};

impl Header<'_, '_> {
    /// A number below `end`, ns(n).
    fn below(&mut self, end: u32) -> Option<u32> {
        let len = end.checked_ilog2()? + 1;
        let short = (1_u64 << len) - u64::from(end);
        let value = self.bits.u(len - 1)?;
        if u64::from(value) < short {
            return Some(value);
        }
        let long = (u64::from(value) << 1) - short + u64::from(self.bits.bit()?);
        u32::try_from(long).ok()
    }

    /// A count that grows by one with each set bit.
    fn increments(&mut self, from: u32, to: u32) -> Option<u32> {
        let mut value = from;
        while value < to && self.bits.bit()? {
            value += 1;
        }
        Some(value)
    }

    /// tile_info()
    pub(super) fn tile_info(&mut self) -> Option<Tiles> {
        let shift = if self.sequence.large_superblocks {
            7
        } else {
            6
        };
        let blocks = |len: u32| len.div_ceil(8).div_ceil(1 << (shift - 3));
        let (columns, rows) = (blocks(self.size.width), blocks(self.size.height));
        let most_width = 4096 >> shift;
        let area = columns.checked_mul(rows)?;
        let least_columns = tile_log2(most_width, columns);
        let least = least_columns.max(tile_log2((4096 * 2304) >> (2 * shift), area));
        let (tile_columns, tile_rows, log2);
        if self.bits.bit()? {
            let columns_log2 = self.increments(least_columns, tile_log2(1, columns.min(64)))?;
            let rows_from = least.saturating_sub(columns_log2);
            let rows_log2 = self.increments(rows_from, tile_log2(1, rows.min(64)))?;
            // Tiles of one size, of which the last may be smaller.
            let count = |blocks: u32, log2: u32| blocks.div_ceil(blocks.div_ceil(1 << log2).max(1));
            tile_columns = count(columns, columns_log2);
            tile_rows = count(rows, rows_log2);
            log2 = columns_log2 + rows_log2;
        } else {
            let (count, widest) = self.tile_sizes(columns, most_width)?;
            let most_area = if least > 0 { area >> (least + 1) } else { area };
            tile_columns = count;
            (tile_rows, _) = self.tile_sizes(rows, (most_area / widest).max(1))?;
            log2 = tile_log2(1, tile_columns) + tile_log2(1, tile_rows);
        }
        let mut size_octets = 0;
        if log2 > 0 {
            self.bits.skip(log2)?;
            size_octets = usize::from(self.bits.u8(2)?) + 1;
        }
        Some(Tiles {
            count: usize::try_from(tile_columns.checked_mul(tile_rows)?).ok()?,
            bits: log2,
            size_octets,
        })
    }

    /// Sizes of tiles in one direction, one after another: how many, and the largest.
    fn tile_sizes(&mut self, blocks: u32, most: u32) -> Option<(u32, u32)> {
        let (mut start, mut count, mut largest) = (0, 0, 1);
        while start < blocks {
            let size = self.below((blocks - start).min(most))? + 1;
            largest = largest.max(size);
            start += size;
            count += 1;
        }
        Some((count, largest))
    }

    /// quantization_params(). Whether no plane differs from the others.
    pub(super) fn quantization(&mut self) -> Option<bool> {
        self.base_q = self.bits.u8(8)?;
        let mut is_plain = self.is_no_delta()?;
        if !self.sequence.mono {
            let apart = self.sequence.separate_uv && self.bits.bit()?;
            for _ in 0..if apart { 4 } else { 2 } {
                is_plain &= self.is_no_delta()?;
            }
        }
        if self.bits.bit()? {
            self.bits.skip(4 + 4)?;
            if self.sequence.separate_uv {
                self.bits.skip(4)?;
            }
        }
        Some(is_plain)
    }

    /// read_delta_q(): whether it is zero.
    fn is_no_delta(&mut self) -> Option<bool> {
        Some(!self.bits.bit()? || self.bits.u(7)? == 0)
    }

    /// segmentation_params()
    pub(super) fn segmentation(&mut self) -> Option<()> {
        if !self.bits.bit()? {
            self.segment_q = [None; 8];
            return Some(());
        }
        if self.primary != NONE {
            if self.bits.bit()? {
                self.bits.skip(1)?;
            }
            if !self.bits.bit()? {
                return Some(());
            }
        }
        for segment in 0..8 {
            self.segment_q[segment] = None;
            if self.bits.bit()? {
                // Two's complement of nine bits.
                let value = i32::try_from(self.bits.u(9)?).ok()?;
                self.segment_q[segment] = Some(if value < 256 { value } else { value - 512 });
            }
            for len in [7, 7, 7, 7, 3, 0, 0] {
                self.skip_if(len)?;
            }
        }
        Some(())
    }

    pub(super) fn q_index(&self, segment: usize) -> i32 {
        let base = i32::from(self.base_q);
        let delta = self.segment_q.get(segment).copied().flatten();
        (base + delta.unwrap_or(0)).clamp(0, 255)
    }

    /// delta_q_params(), delta_lf_params()
    pub(super) fn deltas(&mut self) -> Option<()> {
        if self.base_q > 0 && self.bits.bit()? {
            self.bits.skip(2)?;
            if !self.allows_intrabc {
                self.skip_if(3)?;
            }
        }
        Some(())
    }

    /// loop_filter_params(), cdef_params(), lr_params(), read_tx_mode()
    pub(super) fn filters(&mut self) -> Option<()> {
        let sequence = self.sequence;
        let is_filtered = !self.coded_lossless && !self.allows_intrabc;
        if is_filtered {
            let levels = self.bits.u(12)?;
            if !sequence.mono && levels > 0 {
                self.bits.skip(12)?;
            }
            self.bits.skip(3)?;
            if self.bits.bit()? && self.bits.bit()? {
                for _ in 0..8 + 2 {
                    self.skip_if(7)?;
                }
            }
        }
        if is_filtered && sequence.has_cdef {
            self.bits.skip(2)?;
            let count = 1 << self.bits.u(2)?;
            let each = if sequence.mono { 6 } else { 12 };
            self.bits.skip(count * each)?;
        }
        let all_lossless = self.coded_lossless && self.size.width == self.size.upscaled_width;
        if !all_lossless && !self.allows_intrabc && sequence.has_restoration {
            let (mut restores, mut restores_chroma) = (false, false);
            for plane in 0..if sequence.mono { 1 } else { 3 } {
                if self.bits.u(2)? > 0 {
                    restores = true;
                    restores_chroma |= plane > 0;
                }
            }
            if restores {
                // lr_unit_shift, and lr_unit_extra_shift where blocks are small.
                if self.bits.bit()? && !sequence.large_superblocks {
                    self.bits.skip(1)?;
                }
                if restores_chroma && sequence.subsampled == (true, true) {
                    self.bits.skip(1)?;
                }
            }
        }
        if self.coded_lossless {
            Some(())
        } else {
            self.bits.skip(1)
        }
    }

    /// From frame_reference_mode() to global_motion_params().
    pub(super) fn modes(&mut self, refs: &References) -> Option<()> {
        let selects = !self.is_intra() && self.bits.bit()?;
        if selects && self.allows_skip_mode(refs)? {
            self.bits.skip(1)?;
        }
        if !self.is_intra() && !self.resilient && self.sequence.has_warped_motion {
            self.bits.skip(1)?;
        }
        self.bits.skip(1)?;
        if self.is_intra() {
            return Some(());
        }
        for _ in 0..7 {
            self.global_motion()?;
        }
        Some(())
    }

    /// Whether there are frames before and after this one, or two before it (section 5.9.22).
    fn allows_skip_mode(&self, refs: &References) -> Option<bool> {
        if self.sequence.order_hint_bits == 0 {
            return Some(false);
        }
        let distance = |a: u32, b: u32| self.distance(a, b);
        let (mut before, mut after, mut second) = (None, None, None);
        for index in self.references {
            let hint = refs.0.get(index)?.order_hint;
            match distance(hint, self.order_hint).cmp(&0) {
                std::cmp::Ordering::Less
                    if before.is_none_or(|before| distance(hint, before) > 0) =>
                {
                    before = Some(hint);
                }
                std::cmp::Ordering::Greater
                    if after.is_none_or(|after| distance(hint, after) < 0) =>
                {
                    after = Some(hint);
                }
                _ => {}
            }
        }
        let Some(before) = before else {
            return Some(false);
        };
        if after.is_some() {
            return Some(true);
        }
        for index in self.references {
            let hint = refs.0.get(index)?.order_hint;
            if distance(hint, before) < 0 {
                second = Some(hint);
            }
        }
        Some(second.is_some())
    }

    /// get_relative_dist()
    fn distance(&self, a: u32, b: u32) -> i64 {
        let half = 1_i64 << (self.sequence.order_hint_bits - 1);
        let difference = i64::from(a) - i64::from(b);
        (difference & (half - 1)) - (difference & half)
    }

    /// The motion of one reference.
    fn global_motion(&mut self) -> Option<()> {
        if !self.bits.bit()? {
            return Some(());
        }
        let (mut turns, mut shears) = (true, false);
        if !self.bits.bit()? {
            turns = !self.bits.bit()?;
            shears = turns;
        }
        let high = u32::from(self.high_precision);
        // Parameters 2 and 3, 4 and 5, 0 and 1.
        let shifts = if turns { 12 } else { 8 + high };
        let counts = [(turns, 12), (shears, 12), (true, shifts)];
        for (_, len) in counts.into_iter().filter(|(is_there, _)| *is_there) {
            for _ in 0..2 {
                self.subexp((2 << len) + 1)?;
            }
        }
        Some(())
    }

    /// decode_subexp(): a number below `end`.
    fn subexp(&mut self, end: u32) -> Option<()> {
        let (mut step, mut least) = (0, 0);
        loop {
            let len: u32 = if step == 0 { 3 } else { 2 + step };
            let size = 1_u32 << len;
            if end <= least + 3 * size {
                return self.below(end - least).map(|_| ());
            }
            if !self.bits.bit()? {
                return self.bits.skip(len);
            }
            step += 1;
            least += size;
        }
    }

    /// film_grain_params()
    pub(super) fn film_grain(&mut self) -> Option<()> {
        let sequence = self.sequence;
        if !sequence.has_film_grain || (!self.is_shown && !self.is_showable) || !self.bits.bit()? {
            return Some(());
        }
        self.bits.skip(16)?;
        if self.frame_type == INTER_FRAME && !self.bits.bit()? {
            return self.bits.skip(3);
        }
        let luma = self.bits.u(4)?;
        self.bits.skip(16 * luma)?;
        let from_luma = !sequence.mono && self.bits.bit()?;
        let (mut blue, mut red) = (0, 0);
        let is_halved = sequence.subsampled == (true, true);
        if !sequence.mono && !from_luma && (!is_halved || luma > 0) {
            blue = self.bits.u(4)?;
            self.bits.skip(16 * blue)?;
            red = self.bits.u(4)?;
            self.bits.skip(16 * red)?;
        }
        self.bits.skip(2)?;
        let lag = self.bits.u(2)?;
        let of_luma = 2 * lag * (lag + 1);
        let mut of_chroma = of_luma;
        if luma > 0 {
            of_chroma += 1;
            self.bits.skip(8 * of_luma)?;
        }
        for points in [blue, red] {
            if from_luma || points > 0 {
                self.bits.skip(8 * of_chroma)?;
            }
        }
        self.bits.skip(2 + 2)?;
        for points in [blue, red] {
            if points > 0 {
                self.bits.skip(8 + 8 + 9)?;
            }
        }
        self.bits.skip(2)
    }
}

/// tile_log2(): how often `size` is doubled until it reaches `target`.
fn tile_log2(size: u32, target: u32) -> u32 {
    let mut log2 = 0;
    while u64::from(size) << log2 < u64::from(target) {
        log2 += 1;
    }
    log2
}
