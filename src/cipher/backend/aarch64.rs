//! One block a vector: AES and PMULL of little-endian AArch64, whose 32 registers hold all blocks of a small packet.

use core::arch::aarch64::*;
use core::arch::asm;
use core::hint::black_box;
use std::arch::is_aarch64_feature_detected as has;

use super::context::{Block, FIRST_COUNTER, GcmContext, POWERS, REDUCTION};
use super::kernel::gcm_kernel;
use super::partial;

type Vector = uint8x16_t;

const LANES: usize = 1;
/// A round of AES begins with its key.
const EARLY_KEYS: usize = 1;
/// Vectors of a pass.
const PASS: usize = 8;
/// Blocks that are finished in one pass.
const FINISH_BLOCKS: usize = 12;
/// Vectors that AES takes at once when it finishes.
const BATCH: usize = 12;

macro_rules! primitives {
    ($features:literal) => {
        #[inline]
        #[target_feature(enable = $features)]
        fn zero() -> Vector {
            vdupq_n_u8(0)
        }

        #[inline]
        #[target_feature(enable = $features)]
        fn xor(a: Vector, b: Vector) -> Vector {
            veorq_u8(a, b)
        }

        #[inline]
        #[target_feature(enable = $features)]
        fn xor3(a: Vector, b: Vector, c: Vector) -> Vector {
            veorq_u8(a, veorq_u8(b, c))
        }

        #[inline]
        #[target_feature(enable = $features)]
        fn aes_round(block: Vector, key: Vector) -> Vector {
            vaesmcq_u8(vaeseq_u8(block, key))
        }

        /// The last round, with the last two keys.
        #[inline]
        #[target_feature(enable = $features)]
        fn aes_last_round(block: Vector, (begin, end): (Vector, Vector)) -> Vector {
            veorq_u8(vaeseq_u8(block, begin), end)
        }

        // Products of 64 by 64 bits: the half of the first factor, then that of the second. Both must be low or both high, so the first is turned:
        // that is the factor which a sum of products has in common.
        #[inline]
        #[target_feature(enable = $features)]
        fn multiply_low_low(a: Vector, b: Vector) -> Vector {
            let (a, b) = (vreinterpretq_u64_u8(a), vreinterpretq_u64_u8(b));
            vreinterpretq_u8_p128(vmull_p64(vgetq_lane_u64::<0>(a), vgetq_lane_u64::<0>(b)))
        }

        #[inline]
        #[target_feature(enable = $features)]
        fn multiply_high_low(a: Vector, b: Vector) -> Vector {
            multiply_low_low(swap_halves(a), b)
        }

        #[inline]
        #[target_feature(enable = $features)]
        fn multiply_low_high(a: Vector, b: Vector) -> Vector {
            multiply_high_high(swap_halves(a), b)
        }

        #[inline]
        #[target_feature(enable = $features)]
        fn multiply_high_high(a: Vector, b: Vector) -> Vector {
            let (a, b) = (vreinterpretq_p64_u8(a), vreinterpretq_p64_u8(b));
            vreinterpretq_u8_p128(vmull_high_p64(a, b))
        }

        #[inline]
        #[target_feature(enable = $features)]
        fn swap_halves(a: Vector) -> Vector {
            vextq_u8::<8>(a, a)
        }

        #[inline]
        #[target_feature(enable = $features)]
        fn reverse_octets(a: Vector) -> Vector {
            swap_halves(vrev64q_u8(a))
        }

        #[inline]
        #[target_feature(enable = $features)]
        fn broadcast(block: &Block) -> Vector {
            // SAFETY: a reference to 16 octets.
            unsafe { vld1q_u8(block.as_ptr()) }
        }

        #[inline]
        #[target_feature(enable = $features)]
        fn broadcast_value(value: u128) -> Vector {
            vreinterpretq_u8_p128(value)
        }

        #[inline]
        #[target_feature(enable = $features)]
        fn from_value(value: u128) -> Vector {
            vreinterpretq_u8_p128(value)
        }

        #[inline]
        #[target_feature(enable = $features)]
        fn first_block(a: Vector) -> Block {
            let mut block = [0; 16];
            put(&mut block, a);
            block
        }

        /// The sum of the lanes.
        #[inline]
        #[target_feature(enable = $features)]
        fn fold(a: Vector) -> Vector {
            a
        }

        /// The u32 counter `first`, big-endian, in the last octets.
        #[inline]
        #[target_feature(enable = $features)]
        fn counters(first: u32) -> Vector {
            vreinterpretq_u8_u32(vsetq_lane_u32::<3>(first.swap_bytes(), vdupq_n_u32(0)))
        }

        /// Counts on by one; nothing is carried out of the last octet.
        #[inline]
        #[target_feature(enable = $features)]
        fn add_to_last_octet(a: Vector) -> Vector {
            vaddq_u8(a, vsetq_lane_u8::<15>(1, zero()))
        }

        /// A block of two u64, the low one first.
        #[inline]
        #[target_feature(enable = $features)]
        fn in_lane((low, high): (u64, u64), _lane: usize) -> Vector {
            vreinterpretq_u8_u64(vcombine_u64(vcreate_u64(low), vcreate_u64(high)))
        }

        /// `a` with lane `lane` of `b`.
        #[inline]
        #[target_feature(enable = $features)]
        fn replace_lane(_a: Vector, _lane: usize, b: Vector) -> Vector {
            b
        }

        /// Lane `lane` of `a`, zeros in the others.
        #[inline]
        #[target_feature(enable = $features)]
        fn only_lane(a: Vector, _lane: usize) -> Vector {
            a
        }

        /// # Safety
        /// 16 octets can be read at `at`.
        #[inline]
        #[target_feature(enable = $features)]
        unsafe fn load(at: *const u8) -> Vector {
            // SAFETY: the caller's promise.
            unsafe { vld1q_u8(at) }
        }

        /// # Safety
        /// 16 octets can be written at `at`.
        #[inline]
        #[target_feature(enable = $features)]
        unsafe fn store(at: *mut u8, a: Vector) {
            // SAFETY: the caller's promise.
            unsafe { vst1q_u8(at, a) };
        }

        /// # Safety
        /// `len` octets, at most 16, can be read at `at`.
        #[inline]
        #[target_feature(enable = $features)]
        unsafe fn load_part(at: *const u8, len: usize) -> Vector {
            // SAFETY: the caller's promise.
            vreinterpretq_u8_p128(unsafe { partial::read(at, len) })
        }

        /// # Safety
        /// `len` octets, at most 16, can be written at `at`.
        #[inline]
        #[target_feature(enable = $features)]
        unsafe fn store_part(at: *mut u8, len: usize, a: Vector) {
            // SAFETY: the caller's promise.
            unsafe { partial::write(at, len, vreinterpretq_p128_u8(a)) };
        }

        /// Zeros all but the first `len` octets (at most 16).
        #[inline]
        #[target_feature(enable = $features)]
        fn keep(a: Vector, len: usize) -> Vector {
            vreinterpretq_u8_p128(partial::keep(vreinterpretq_p128_u8(a), len))
        }

        // The first vector of a packet has no text.

        /// # Safety
        /// None is needed; other tiers do.
        #[inline]
        #[target_feature(enable = $features)]
        unsafe fn load_behind_first(_at: *const u8, _len: usize) -> Vector {
            zero()
        }

        /// # Safety
        /// None is needed; other tiers do.
        #[inline]
        #[target_feature(enable = $features)]
        unsafe fn store_behind_first(_at: *mut u8, _len: usize, _a: Vector) {}

        #[inline]
        #[target_feature(enable = $features)]
        fn keep_behind_first(_a: Vector, _len: usize) -> Vector {
            zero()
        }
    };
}

primitives!("neon,aes");
gcm_kernel!("neon,aes", [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11], 12);

#[inline]
#[target_feature(enable = "neon")]
fn put(block: &mut Block, value: Vector) {
    // SAFETY: a reference to 16 octets.
    unsafe { vst1q_u8(block.as_mut_ptr(), value) };
}

/// SubWord of the last word of `key`, FIPS 197 section 5.2, in each word. AESE also shifts rows, which does nothing to equal columns.
#[inline]
#[target_feature(enable = "neon,aes")]
fn substituted_last_word(key: Vector) -> uint32x4_t {
    let words = vdupq_laneq_u32::<3>(vreinterpretq_u32_u8(key));
    vreinterpretq_u32_u8(vaeseq_u8(vreinterpretq_u8_u32(words), zero()))
}

/// The sums of 1, 2, 3 and 4 words that the key schedule of FIPS 197 makes, with `word` in each.
#[inline]
#[target_feature(enable = "neon,aes")]
fn next_round_key(mut key: Vector, word: uint32x4_t) -> Vector {
    key = xor(key, vextq_u8::<12>(zero(), key));
    key = xor(key, vextq_u8::<8>(zero(), key));
    xor(key, vreinterpretq_u8_u32(word))
}

/// What is added for a round key: SubWord(RotWord(the last word of `key`)) and the constant of the round.
#[inline]
#[target_feature(enable = "neon,aes")]
fn round_word(key: Vector, constant: u32) -> uint32x4_t {
    let word = substituted_last_word(key);
    let turned = vsriq_n_u32::<8>(vshlq_n_u32::<24>(word), word);
    veorq_u32(turned, vdupq_n_u32(constant))
}

/// Round keys of AES-128, FIPS 197 section 5.2.
#[target_feature(enable = "neon,aes")]
pub(super) fn expand_128(key: &[u8; 16], round_keys: &mut [Block; 11]) {
    const CONSTANTS: [u32; 10] = [0x01, 0x02, 0x04, 0x08, 0x10, 0x20, 0x40, 0x80, 0x1B, 0x36];
    let (first, rest) = round_keys.split_at_mut(1);
    first[0] = *key;
    let mut last = broadcast(key);
    for (round_key, constant) in rest.iter_mut().zip(CONSTANTS) {
        last = next_round_key(last, round_word(last, constant));
        put(round_key, last);
    }
}

/// Round keys of AES-256, FIPS 197 section 5.2.
#[target_feature(enable = "neon,aes")]
pub(super) fn expand_256(key: &[u8; 32], round_keys: &mut [Block; 15]) {
    const CONSTANTS: [u32; 7] = [0x01, 0x02, 0x04, 0x08, 0x10, 0x20, 0x40];
    let (given, rest) = round_keys.split_at_mut(2);
    let (first, second) = key.split_at(16);
    given[0].copy_from_slice(first);
    given[1].copy_from_slice(second);
    let (mut even, mut odd) = (broadcast(&given[0]), broadcast(&given[1]));
    for (pair, constant) in rest.chunks_mut(2).zip(CONSTANTS) {
        even = next_round_key(even, round_word(odd, constant));
        odd = next_round_key(odd, substituted_last_word(even));
        for (round_key, value) in pair.iter_mut().zip([even, odd]) {
            put(round_key, value);
        }
    }
}

/// D = H·x^-64.
#[inline]
#[target_feature(enable = "neon,aes")]
fn shifted(h: Vector) -> Vector {
    xor(swap_halves(h), multiply_low_low(h, broadcast(&REDUCTION)))
}

/// a·b·x^-128, with D of b.
#[inline]
#[target_feature(enable = "neon,aes")]
fn multiply(a: Vector, b: Vector, d: Vector) -> Vector {
    Sums::zero().add(a, b, d).reduce()
}

/// h·x: what makes the reversed bit order of GHASH a plain product.
#[inline]
#[target_feature(enable = "neon,aes")]
fn times_x(h: Vector) -> Vector {
    let value = vreinterpretq_p128_u8(h);
    let carry = 0u128.wrapping_sub(value >> 127);
    vreinterpretq_u8_p128((value << 1) ^ (carry & 0xC200_0000_0000_0000_0000_0000_0000_0001))
}

/// Fills in the powers of H, which the round keys give.
#[target_feature(enable = "neon,aes")]
pub(super) fn make_powers<const RK: usize>(context: &mut GcmContext<RK>) {
    let [hash_key] = encrypt_blocks(
        &context.round_keys,
        [first_key(broadcast(&context.round_keys[0]))],
    );
    let first = times_x(reverse_octets(hash_key));
    let square = multiply(first, first, shifted(first));
    let square_shifted = shifted(square);
    // Two chains of odd and even powers, for they do not wait for one another.
    let (mut odd, mut even) = (first, square);
    for pair in (0..POWERS / 2).rev() {
        put(&mut context.powers[2 * pair + 1], odd);
        put(&mut context.shifted[2 * pair + 1], shifted(odd));
        put(&mut context.powers[2 * pair], even);
        put(&mut context.shifted[2 * pair], shifted(even));
        odd = multiply(odd, square, square_shifted);
        even = multiply(even, square, square_shifted);
    }
}

/// Calls `kernel` with data-independent timing, where the CPU has it (FEAT_DIT of Armv8.4) and the system says so: how long AES, PMULL, sums, loads and
/// stores take is then promised not to depend on their data.
///
/// At each call, not once a key: the bit belongs to the thread, a key goes from thread to thread, and the caller's own code is not to be slowed down.
/// A thread that has set the bit itself pays for a look at it alone.
#[inline]
pub(super) fn with_data_independent_timing<T>(kernel: impl FnOnce() -> T) -> T {
    let timing = DataIndependentTiming::set();
    // What the kernel returns is computed here and not later.
    let result = black_box(kernel());
    drop(timing);
    result
}

/// PSTATE.DIT as it was before, to be restored on drop.
struct DataIndependentTiming {
    was_missing: bool,
}

/// Where the register DIT has the bit of that name.
const DIT: u64 = 1 << 24;

impl DataIndependentTiming {
    #[inline]
    fn set() -> Self {
        let was_missing = has!("dit") && read_dit() & DIT == 0;
        if was_missing {
            write_dit(DIT);
            speculation_barrier();
        }
        Self { was_missing }
    }
}

impl Drop for DataIndependentTiming {
    #[inline]
    fn drop(&mut self) {
        if self.was_missing {
            write_dit(0);
        }
    }
}

// None of these says `nomem`: loads and stores stay on their side. S3_3_C4_C2_5 is DIT, to assemblers of all ages.

/// For CPUs with FEAT_DIT.
#[inline]
fn read_dit() -> u64 {
    let value;
    // SAFETY: reads a register that programs may read.
    unsafe { asm!("mrs {}, S3_3_C4_C2_5", out(reg) value, options(nostack, preserves_flags)) };
    value
}

/// For CPUs with FEAT_DIT.
#[inline]
fn write_dit(value: u64) {
    // SAFETY: programs may set this bit, which changes how long instructions take and nothing else.
    unsafe { asm!("msr S3_3_C4_C2_5, {}", in(reg) value, options(nostack, preserves_flags)) };
}

/// What comes next is not begun before DIT is set: Apple asks for it ("Writing ARM64 code for Apple platforms").
#[inline]
fn speculation_barrier() {
    if has!("sb") {
        // SAFETY: the instruction `sb`, which the CPU has; it waits and changes nothing.
        unsafe { asm!(".inst 0xd50330ff", options(nostack, preserves_flags)) };
    } else {
        // SAFETY: they wait and change nothing.
        unsafe { asm!("dsb nsh", "isb", options(nostack, preserves_flags)) };
    }
}

#[cfg(test)]
mod tests {
    use super::{DIT, has, read_dit, with_data_independent_timing, write_dit};

    #[test]
    fn data_independent_timing_is_set_for_the_kernel_alone() {
        let is_set = || has!("dit") && read_dit() & DIT != 0;
        assert!(!is_set());
        assert_eq!(with_data_independent_timing(is_set), has!("dit"));
        assert!(!is_set());
        if has!("dit") {
            write_dit(DIT);
            assert!(with_data_independent_timing(is_set));
            assert!(is_set(), "a thread that set it keeps it");
            write_dit(0);
        }
    }
}
