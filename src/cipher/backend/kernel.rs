//! AES-GCM for small packets, once for every width of vector. `docs/kernels.md` derives what this file computes.
//!
//! A tier (`x86/vaes512.rs`, `x86/vaes256.rs`, `x86/aesni.rs`, `aarch64.rs`) says what a vector of `LANES` blocks is and how it is loaded, stored,
//! multiplied and sent through a round of AES; [`gcm_kernel`] makes the algorithm of that. It is a macro and no generic function, because the instructions
//! of a vector may only be used, without `unsafe`, in functions that name the same CPU features.
//!
//! ```text
//!  block    0          1 … 1 + ⌈n/16⌉ - 1             t - 1
//!         ┌──────────┬──────────────────────────────┬─────────┐
//!  GHASH  │ AAD      │ ciphertext                   │ lengths │   AAD: its last block; earlier ones are hashed before
//!  AES    │ J0 → tag │ counters 2, 3, …             │         │
//!         └──────────┴──────────────────────────────┴─────────┘
//!          first vector                    last vector
//! ```
//!
//! AES and GHASH run over the same vectors. In a packet of up to `FINISH_BLOCKS` blocks AES makes the mask of the tag where GHASH has the AAD: it is one pass of AES, one sum
//! of products and one reduction. Longer packets take passes of `PASS` vectors first, in which the rounds of AES go between the products of the pass before, and
//! AES makes the mask where GHASH has the lengths. Branches and addresses depend on lengths alone.

/// Makes `seal`, `open` and `apply_keystream` of a tier whose functions need the CPU features `$features`.
macro_rules! gcm_kernel {
    ($features:literal, [$($vectors:literal),*], $most:literal) => {
        // Rounds of AES begin with their keys (as on Arm, 1) or end with them (as on x86, 0).
        const _: () = assert!(EARLY_KEYS <= 1);
        /// Octets of a vector.
        const WIDTH: usize = 16 * LANES;
        /// Vectors that are summed up before a reduction: 8 blocks.
        const GROUP: usize = 8 / LANES;
        const _: () = assert!(PASS == GROUP || PASS == 2 * GROUP);
        // A longer packet has more than FINISH_BLOCKS - 2 blocks of text, the last perhaps of one octet, and the first group takes 8 whole ones.
        const _: () = assert!(FINISH_BLOCKS >= 8 + 2 && FINISH_BLOCKS <= POWERS);
        const _: () = assert!(FINISH_BLOCKS <= $most * LANES);

        /// Sums of products, not reduced: the value is `r` + `f`·x^-64.
        #[derive(Clone, Copy)]
        struct Sums {
            r: Vector,
            f: Vector,
        }

        impl Sums {
            #[inline]
            #[target_feature(enable = $features)]
            fn zero() -> Self {
                Self { r: zero(), f: zero() }
            }

            /// Adds `m` times the power whose H and D (= H·x^-64) are given.
            #[inline]
            #[target_feature(enable = $features)]
            fn add(self, m: Vector, h: Vector, d: Vector) -> Self {
                Self {
                    r: xor3(self.r, multiply_low_high(m, d), multiply_high_high(m, h)),
                    f: xor3(self.f, multiply_low_low(m, d), multiply_high_low(m, h)),
                }
            }

            #[inline]
            #[target_feature(enable = $features)]
            fn reduce(self) -> Vector {
                let p = broadcast(&REDUCTION);
                xor3(self.r, swap_halves(self.f), multiply_low_low(self.f, p))
            }
        }

        /// The counter blocks of a packet, a vector at a time.
        #[derive(Clone, Copy)]
        struct Counters {
            /// Nonce ‖ u32 zero in every lane.
            nonce: Vector,
            /// The counters of the next vector.
            next: Vector,
            /// The counter of its first lane.
            first: u32,
        }

        impl Counters {
            /// `nonce` as memory has it, in the low 96 bits; `first` is under 255 - `LANES`.
            #[inline]
            #[target_feature(enable = $features)]
            fn new(nonce: u128, first: u32) -> Self {
                let nonce = broadcast_value(nonce);
                let next = xor(nonce, counters(first));
                Self { nonce, next, first }
            }

            /// The next `N` vectors, each with `key` added.
            #[inline]
            #[target_feature(enable = $features)]
            #[allow(clippy::cast_possible_truncation, reason = "LANES and N are small")]
            fn take<const N: usize>(&mut self, key: Vector) -> [Vector; N] {
                let mut blocks = [zero(); N];
                let count = N as u32 * LANES as u32;
                let first = self.first;
                self.first = first.wrapping_add(count);
                if (first & 0xFF) + count > 0xFF {
                    // A carry out of the last octet: each vector from its number.
                    let mut first = first;
                    for block in &mut blocks {
                        *block = xor3(self.nonce, counters(first), key);
                        first = first.wrapping_add(LANES as u32);
                    }
                    self.next = xor(self.nonce, counters(first));
                    return blocks;
                }
                for block in &mut blocks {
                    *block = xor(self.next, key);
                    self.next = add_to_last_octet(self.next);
                }
                blocks
            }
        }

        /// What a block gets before its first round: the first key, unless each round begins with its key.
        #[inline]
        #[target_feature(enable = $features)]
        fn first_key(key: Vector) -> Vector {
            if EARLY_KEYS == 0 { key } else { zero() }
        }

        #[inline]
        #[target_feature(enable = $features)]
        fn encrypt_blocks<const RK: usize, const N: usize>(
            round_keys: &[Block; RK],
            mut blocks: [Vector; N],
        ) -> [Vector; N] {
            for round_key in &round_keys[1 - EARLY_KEYS..RK - 1 - EARLY_KEYS] {
                let key = broadcast(round_key);
                for block in &mut blocks {
                    *block = aes_round(*block, key);
                }
            }
            let keys = (broadcast(&round_keys[RK - 2]), broadcast(&round_keys[RK - 1]));
            for block in &mut blocks {
                *block = aes_last_round(*block, keys);
            }
            blocks
        }

        /// H^`power` and its D, for each lane the same.
        #[inline]
        #[target_feature(enable = $features)]
        fn power_for_all<const RK: usize>(context: &GcmContext<RK>, power: usize) -> (Vector, Vector) {
            let at = POWERS - power;
            (broadcast(&context.powers[at]), broadcast(&context.shifted[at]))
        }

        /// H^`power` and its D in the first lane, the next lower powers in the others. Lanes beyond H^1 hold other octets of the context, to be multiplied by zero.
        #[inline]
        #[target_feature(enable = $features)]
        fn powers_from<const RK: usize>(context: &GcmContext<RK>, power: usize) -> (Vector, Vector) {
            debug_assert!((1..=POWERS).contains(&power));
            let offset = 16 * (POWERS - power);
            let octets = core::ptr::from_ref(context).cast::<u8>();
            // SAFETY: power is 1 to POWERS; behind both tables the context has more than three blocks more.
            let h = unsafe { load(octets.wrapping_add(GcmContext::<RK>::POWERS_AT + offset)) };
            // SAFETY: as above.
            let d = unsafe { load(octets.wrapping_add(GcmContext::<RK>::SHIFTED_AT + offset)) };
            (h, d)
        }

        /// GHASH of all blocks of the AAD but the last, in the first lane; and the last block, filled up with zeros.
        #[inline(never)]
        #[target_feature(enable = $features)]
        fn hash_long_aad<const RK: usize>(context: &GcmContext<RK>, aad: &[u8]) -> ([u8; 16], [u8; 16]) {
            let before = aad.len().saturating_sub(1) / 16;
            let (mut front, last) = aad.split_at(16 * before);
            let mut sum = zero();
            while !front.is_empty() {
                let (group, rest) = front.split_at(front.len().min(16 * POWERS));
                let mut sums = Sums::zero();
                for (index, part) in group.chunks(WIDTH).enumerate() {
                    // SAFETY: `part` has that many octets.
                    let octets = unsafe { load_part(part.as_ptr(), part.len()) };
                    let m = xor(reverse_octets(octets), if index == 0 { sum } else { zero() });
                    let (h, d) = powers_from(context, group.len() / 16 - LANES * index);
                    sums = sums.add(m, h, d);
                }
                sum = fold(sums.reduce());
                front = rest;
            }
            let mut end = [0; 16];
            end[..last.len()].copy_from_slice(last);
            (first_block(sum), end)
        }

        /// [`hash_long_aad`], or the only block, which is `short`.
        #[inline]
        #[target_feature(enable = $features)]
        fn hash_aad<const RK: usize>(
            context: &GcmContext<RK>,
            short: u128,
            aad: &[u8],
        ) -> (Vector, Vector) {
            if aad.len() <= 16 {
                return (zero(), from_value(short));
            }
            let (sum, last) = hash_long_aad(context, aad);
            (from_value(u128::from_le_bytes(sum)), from_value(u128::from_le_bytes(last)))
        }

        /// Bits of text and of AAD, as the halves of a reversed block. Slices have less than 2^63 octets, and the text less than 2^36.
        #[inline]
        #[target_feature(enable = $features)]
        fn lengths(aad: &[u8], text: &[u8]) -> (u64, u64) {
            ((text.len() as u64) << 3, (aad.len() as u64) << 3)
        }

        /// The last `NV` vectors: counters, text, block of lengths, tag. Returns the tag.
        ///
        /// `at` is where the text of the first lane would lie and `left` the octets from there on: with `FIRST` one block more than the text has, and `sum` the hash
        /// before it, in its first lane; else `aad` is nothing.
        ///
        /// # Safety
        /// The text lies there, and it ends in the last of `NV` vectors or the one before it.
        #[inline]
        #[target_feature(enable = $features)]
        #[allow(clippy::too_many_arguments, reason = "the state of a packet, in registers")]
        unsafe fn finish<const RK: usize, const SEAL: bool, const NV: usize, const FIRST: bool>(
            context: &GcmContext<RK>,
            mut counters: Counters,
            sum: Vector,
            aad: Vector,
            at: *mut u8,
            left: usize,
            lengths: (u64, u64),
        ) -> [u8; 16] {
            let total = left.div_ceil(16) + 1;
            let last_lane = (total - 1) & (LANES - 1);
            let round_keys = &context.round_keys;
            let key = first_key(broadcast(&round_keys[0]));
            let mut blocks: [Vector; NV] = counters.take(key);
            if !FIRST {
                let first_counter = xor3(counters.nonce, broadcast(&FIRST_COUNTER), key);
                blocks[NV - 1] = replace_lane(blocks[NV - 1], last_lane, first_counter);
            }
            // With one lane the last vector is the block of lengths, for which AES has nothing to do but the mask of the tag.
            let encrypted = if LANES == 1 && FIRST { NV - 1 } else { NV };
            let mut sums = Sums::zero();
            let mut start = 0;
            while start < NV {
                let end = if start + BATCH < NV { start + BATCH } else { NV };
                let batch = &mut blocks[start..if end < encrypted { end } else { encrypted }];
                for round_key in &round_keys[1 - EARLY_KEYS..RK - 1 - EARLY_KEYS] {
                    let key = broadcast(round_key);
                    for block in &mut *batch {
                        *block = aes_round(*block, key);
                    }
                }
                let keys = (broadcast(&round_keys[RK - 2]), broadcast(&round_keys[RK - 1]));
                for block in batch {
                    *block = aes_last_round(*block, keys);
                }
                for index in start..end {
                    let block = blocks[index];
                    let place = at.wrapping_add(WIDTH * index);
                    let mut m;
                    if FIRST && index == 0 {
                        let text = (left - 16).min(WIDTH - 16);
                        // SAFETY: that many octets of the text begin one block behind `place`.
                        let before = unsafe { load_behind_first(place, text) };
                        let after = xor(before, block);
                        // SAFETY: as above.
                        unsafe { store_behind_first(place, text, after) };
                        let hashed = if SEAL { keep_behind_first(after, text) } else { before };
                        m = xor(hashed, aad);
                    } else if index + 2 < NV {
                        // SAFETY: only the last two vectors can be cut short.
                        let before = unsafe { load(place) };
                        let after = xor(before, block);
                        // SAFETY: as above.
                        unsafe { store(place, after) };
                        m = if SEAL { after } else { before };
                    } else if LANES == 1 && index + 1 == NV {
                        m = zero();
                    } else {
                        let text = left.saturating_sub(WIDTH * index).min(WIDTH);
                        // SAFETY: that many octets of the text begin at `place`.
                        let before = unsafe { load_part(place, text) };
                        let after = xor(before, block);
                        // SAFETY: as above.
                        unsafe { store_part(place, text, after) };
                        m = if SEAL { keep(after, text) } else { before };
                    }
                    m = reverse_octets(m);
                    if index + 1 == NV {
                        m = xor(m, in_lane(lengths, last_lane));
                    }
                    if index == 0 {
                        m = xor(m, sum);
                    }
                    let (h, d) = powers_from(context, total.wrapping_sub(LANES * index));
                    sums = sums.add(m, h, d);
                }
                start = end;
            }
            let hash = reverse_octets(sums.reduce());
            first_block(if FIRST {
                xor(fold(hash), blocks[0])
            } else {
                fold(xor(hash, only_lane(blocks[NV - 1], last_lane)))
            })
        }

        /// [`finish`] for `vectors` vectors.
        ///
        /// # Safety
        /// As of [`finish`], with the least `vectors` that hold text and block of lengths.
        #[inline]
        #[target_feature(enable = $features)]
        #[allow(clippy::too_many_arguments, reason = "the state of a packet, in registers")]
        unsafe fn finish_in<const RK: usize, const SEAL: bool, const FIRST: bool>(
            vectors: usize,
            context: &GcmContext<RK>,
            counters: Counters,
            sum: Vector,
            aad: Vector,
            at: *mut u8,
            left: usize,
            lengths: (u64, u64),
        ) -> [u8; 16] {
            match vectors {
                // SAFETY: the caller's promise.
                $($vectors => unsafe {
                    finish::<RK, SEAL, $vectors, FIRST>(context, counters, sum, aad, at, left, lengths)
                },)*
                // SAFETY: the caller's promise.
                _ => unsafe {
                    finish::<RK, SEAL, $most, FIRST>(context, counters, sum, aad, at, left, lengths)
                },
            }
        }

        /// Adds key stream to the text of a pass, takes what is to be hashed from it, and goes on.
        ///
        /// # Safety
        /// That much text lies at `at`.
        #[inline]
        #[target_feature(enable = $features)]
        unsafe fn apply<const SEAL: bool, const N: usize>(
            blocks: [Vector; N],
            (next_to_last_key, last_key): (Vector, Vector),
            at: &mut *mut u8,
            left: &mut usize,
        ) -> [Vector; N] {
            let mut hashed = [zero(); N];
            for index in 0..N {
                let place = at.wrapping_add(WIDTH * index);
                // SAFETY: the caller's promise.
                let before = unsafe { load(place) };
                // AddRoundKey comes last: the text goes in with the key.
                let keys = (next_to_last_key, xor(last_key, before));
                let after = aes_last_round(blocks[index], keys);
                // SAFETY: the caller's promise.
                unsafe { store(place, after) };
                hashed[index] = reverse_octets(if SEAL { after } else { before });
            }
            *at = at.wrapping_add(WIDTH * N);
            *left -= WIDTH * N;
            hashed
        }

        /// Hashes the vectors of a pass after `sum`, and between their products encrypts those of the next pass, all rounds but the last.
        ///
        /// Between passes each lane has a sum of its own, of every `LANES`th block. With `LAST` they become one, in the first lane.
        #[inline]
        #[target_feature(enable = $features)]
        fn hash_and_encrypt<const RK: usize, const HASHED: usize, const N: usize, const LAST: bool>(
            context: &GcmContext<RK>,
            keys: &[Vector; RK],
            mut sum: Vector,
            hashed: [Vector; HASHED],
            mut blocks: [Vector; N],
        ) -> (Vector, [Vector; N]) {
            let share = if HASHED == 0 { 0 } else { (RK - 2) / HASHED };
            let mut round = 1;
            for group in 0..HASHED / GROUP {
                let mut sums = Sums::zero();
                // The first vector last, for it waits for the group before.
                for index in (0..GROUP).rev() {
                    let m = hashed[group * GROUP + index];
                    let m = if index == 0 { xor(m, sum) } else { m };
                    let power = LANES * (GROUP - index);
                    let (h, d) = if LAST && group + 1 == HASHED / GROUP {
                        powers_from(context, power)
                    } else {
                        power_for_all(context, power)
                    };
                    sums = sums.add(m, h, d);
                    let end = round + share;
                    while round < end {
                        for block in &mut blocks {
                            *block = aes_round(*block, keys[round - EARLY_KEYS]);
                        }
                        round += 1;
                    }
                }
                sum = sums.reduce();
            }
            while round < RK - 1 {
                for block in &mut blocks {
                    *block = aes_round(*block, keys[round - EARLY_KEYS]);
                }
                round += 1;
            }
            (if LAST { fold(sum) } else { sum }, blocks)
        }

        /// Packets of more than `FINISH_BLOCKS` blocks.
        #[inline(never)]
        #[target_feature(enable = $features)]
        fn long<const RK: usize, const SEAL: bool>(
            context: &GcmContext<RK>,
            nonce: u128,
            short: u128,
            aad: &[u8],
            text: &mut [u8],
        ) -> [u8; 16] {
            let lengths = lengths(aad, text);
            let mut counters = Counters::new(nonce, 2);
            let (before, aad) = hash_aad(context, short, aad);
            let (h, d) = powers_from(context, 1);
            let mut sum = Sums::zero().add(xor(before, reverse_octets(aad)), h, d).reduce();
            let (mut at, mut left) = (text.as_mut_ptr(), text.len());
            let mut keys = [zero(); RK];
            for (key, round_key) in keys.iter_mut().zip(&context.round_keys) {
                *key = broadcast(round_key);
            }
            let (first, last) = (first_key(keys[0]), (keys[RK - 2], keys[RK - 1]));
            if PASS == GROUP || left >= WIDTH * PASS {
                let blocks: [Vector; PASS] = counters.take(first);
                let (_, blocks) = hash_and_encrypt::<RK, 0, _, false>(context, &keys, sum, [], blocks);
                // SAFETY: there is a pass of text: more than FINISH_BLOCKS - 2 blocks and an octet are a group.
                let mut hashed = unsafe { apply::<SEAL, PASS>(blocks, last, &mut at, &mut left) };
                while left >= WIDTH * PASS {
                    let next = counters.take(first);
                    let (hash, blocks) =
                        hash_and_encrypt::<RK, PASS, PASS, false>(context, &keys, sum, hashed, next);
                    sum = hash;
                    // SAFETY: there is a pass of text.
                    hashed = unsafe { apply::<SEAL, PASS>(blocks, last, &mut at, &mut left) };
                }
                (sum, _) = hash_and_encrypt::<RK, _, 0, true>(context, &keys, sum, hashed, []);
            }
            if PASS > GROUP && left.div_ceil(16) + 1 > FINISH_BLOCKS {
                let blocks: [Vector; GROUP] = counters.take(first);
                let (_, blocks) = hash_and_encrypt::<RK, 0, _, false>(context, &keys, sum, [], blocks);
                // SAFETY: there is a group of text: more than FINISH_BLOCKS - 2 blocks and an octet.
                let hashed = unsafe { apply::<SEAL, GROUP>(blocks, last, &mut at, &mut left) };
                (sum, _) = hash_and_encrypt::<RK, _, 0, true>(context, &keys, sum, hashed, []);
            }
            let vectors = (left.div_ceil(16) + 1).div_ceil(LANES);
            // SAFETY: `left` octets of text are left, at `at`.
            unsafe {
                finish_in::<RK, SEAL, false>(vectors, context, counters, sum, zero(), at, left, lengths)
            }
        }

        /// Encrypts or decrypts `text` in place and returns the tag of the ciphertext. AAD of up to 16 octets is taken from `short`.
        #[inline]
        #[target_feature(enable = $features)]
        fn crypt<const RK: usize, const SEAL: bool>(
            context: &GcmContext<RK>,
            nonce: u128,
            short: u128,
            aad: &[u8],
            text: &mut [u8],
        ) -> [u8; 16] {
            let left = text.len() + 16;
            let total = left.div_ceil(16) + 1;
            if total > FINISH_BLOCKS {
                return long::<RK, SEAL>(context, nonce, short, aad, text);
            }
            let lengths = lengths(aad, text);
            let counters = Counters::new(nonce, 1);
            let (sum, aad) = hash_aad(context, short, aad);
            let at = text.as_mut_ptr().wrapping_sub(16);
            let vectors = total.div_ceil(LANES);
            // SAFETY: all of the text, one block behind `at`.
            unsafe {
                finish_in::<RK, SEAL, true>(vectors, context, counters, sum, aad, at, left, lengths)
            }
        }

        /// Encrypts `text` in place and returns the tag.
        #[target_feature(enable = $features)]
        pub(in super::super) fn seal<const RK: usize>(
            context: &GcmContext<RK>,
            nonce: u128,
            short: u128,
            aad: &[u8],
            text: &mut [u8],
        ) -> [u8; 16] {
            crypt::<RK, true>(context, nonce, short, aad, text)
        }

        /// Decrypts `text` in place, whatever it is, and returns the tag it should have had.
        #[target_feature(enable = $features)]
        pub(in super::super) fn open<const RK: usize>(
            context: &GcmContext<RK>,
            nonce: u128,
            short: u128,
            aad: &[u8],
            text: &mut [u8],
        ) -> [u8; 16] {
            crypt::<RK, false>(context, nonce, short, aad, text)
        }

        /// Adds the key stream of the counters from `first` on.
        #[target_feature(enable = $features)]
        pub(in super::super) fn apply_keystream<const RK: usize>(
            round_keys: &[Block; RK],
            nonce: u128,
            first: u32,
            text: &mut [u8],
        ) {
            let mut counters = Counters::new(nonce, first);
            let key = first_key(broadcast(&round_keys[0]));
            let (mut at, mut left) = (text.as_mut_ptr(), text.len());
            while left >= WIDTH * PASS {
                let blocks: [Vector; PASS] = encrypt_blocks(round_keys, counters.take(key));
                for (index, block) in blocks.iter().enumerate() {
                    let place = at.wrapping_add(WIDTH * index);
                    // SAFETY: a whole pass of text is left.
                    let before = unsafe { load(place) };
                    // SAFETY: as above.
                    unsafe { store(place, xor(before, *block)) };
                }
                at = at.wrapping_add(WIDTH * PASS);
                left -= WIDTH * PASS;
            }
            if left == 0 {
                return;
            }
            let blocks: [Vector; PASS] = encrypt_blocks(round_keys, counters.take(key));
            for (index, block) in blocks.iter().enumerate() {
                let place = at.wrapping_add(WIDTH * index);
                let part = left.saturating_sub(WIDTH * index).min(WIDTH);
                // SAFETY: that many octets of the text begin at `place`.
                let before = unsafe { load_part(place, part) };
                // SAFETY: as above.
                unsafe { store_part(place, part, xor(before, *block)) };
            }
        }
    };
}

pub(super) use gcm_kernel;
