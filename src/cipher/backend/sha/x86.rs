//! The compression functions of many messages at once, on x86.
//!
//! A vector holds the same word of every message; a block is transposed as it is loaded. No branch and no address depends on
//! anything but the count of blocks. The compiler keeps to the features that a function names; that the CPU has them is what the
//! three types stand for.
#![allow(
    unsafe_code,
    reason = "loads, stores, and calls of what a CPU may not have"
)]

use std::arch::x86_64::*;

/// AVX-512: this CPU has it, and the system saves its registers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Avx512(());

/// AVX2, likewise.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Avx2(());

/// The SHA-256 instructions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct ShaNi(());

impl Avx512 {
    pub(super) fn detect() -> Option<Self> {
        let is_here = is_x86_feature_detected!("avx512f") && is_x86_feature_detected!("avx512bw");
        is_here.then_some(Self(()))
    }

    /// Whether this CPU does 512 bits in two halves: AMD's family 19h (Zen 4), where SHA-NI is faster.
    pub(super) fn is_half_as_wide(self) -> bool {
        const AUTHENTIC_AMD: [u32; 3] = [0x6874_7541, 0x444D_4163, 0x6974_6E65];
        let (vendor, version) = (cpuid(0), cpuid(1).eax);
        let family = ((version >> 8) & 0xF) + ((version >> 20) & 0xFF);
        [vendor.ebx, vendor.ecx, vendor.edx] == AUTHENTIC_AMD && family == 0x19
    }

    /// Hashes the first `count` blocks of each slice, of which each has at least so many.
    #[inline]
    pub(super) fn sha256(
        self,
        states: &mut [[u32; 16]; 8],
        blocks: &[&[[u8; 64]]; 16],
        count: usize,
    ) {
        // SAFETY: `self` was made where these features are.
        unsafe { sha256_avx512(states, blocks, count) }
    }

    /// Hashes the first `count` blocks of each slice, of which each has at least so many.
    #[inline]
    pub(super) fn sha512(
        self,
        states: &mut [[u64; 8]; 8],
        blocks: &[&[[u8; 128]]; 8],
        count: usize,
    ) {
        // SAFETY: `self` was made where these features are.
        unsafe { sha512_avx512(states, blocks, count) }
    }
}

#[allow(unused_unsafe, reason = "safe in newer versions of Rust")]
fn cpuid(leaf: u32) -> CpuidResult {
    // SAFETY: every x86-64 has the instruction.
    unsafe { __cpuid(leaf) }
}

impl Avx2 {
    pub(super) fn detect() -> Option<Self> {
        is_x86_feature_detected!("avx2").then_some(Self(()))
    }

    /// Hashes the first `count` blocks of each slice, of which each has at least so many.
    #[inline]
    pub(super) fn sha256(
        self,
        states: &mut [[u32; 8]; 8],
        blocks: &[&[[u8; 64]]; 8],
        count: usize,
    ) {
        // SAFETY: `self` was made where this feature is.
        unsafe { sha256_avx2(states, blocks, count) }
    }

    /// Hashes the first `count` blocks of each slice, of which each has at least so many.
    #[inline]
    pub(super) fn sha512(
        self,
        states: &mut [[u64; 4]; 8],
        blocks: &[&[[u8; 128]]; 4],
        count: usize,
    ) {
        // SAFETY: `self` was made where this feature is.
        unsafe { sha512_avx2(states, blocks, count) }
    }
}

impl ShaNi {
    pub(super) fn detect() -> Option<Self> {
        let is_here = is_x86_feature_detected!("sha")
            && is_x86_feature_detected!("ssse3")
            && is_x86_feature_detected!("sse4.1");
        is_here.then_some(Self(()))
    }

    /// Hashes the first `count` blocks of each slice, of which each has at least so many.
    #[inline]
    pub(super) fn sha256<const N: usize>(
        self,
        states: &mut [[u32; 8]; N],
        blocks: &[&[[u8; 64]]; N],
        count: usize,
    ) {
        // SAFETY: `self` was made where these features are.
        unsafe { sha256_ni(states, blocks, count) }
    }
}

/// The constants of SHA-256, FIPS 180-4 section 4.2.2.
static K256: [[u32; 16]; 4] = [
    [
        0x428a_2f98,
        0x7137_4491,
        0xb5c0_fbcf,
        0xe9b5_dba5,
        0x3956_c25b,
        0x59f1_11f1,
        0x923f_82a4,
        0xab1c_5ed5,
        0xd807_aa98,
        0x1283_5b01,
        0x2431_85be,
        0x550c_7dc3,
        0x72be_5d74,
        0x80de_b1fe,
        0x9bdc_06a7,
        0xc19b_f174,
    ],
    [
        0xe49b_69c1,
        0xefbe_4786,
        0x0fc1_9dc6,
        0x240c_a1cc,
        0x2de9_2c6f,
        0x4a74_84aa,
        0x5cb0_a9dc,
        0x76f9_88da,
        0x983e_5152,
        0xa831_c66d,
        0xb003_27c8,
        0xbf59_7fc7,
        0xc6e0_0bf3,
        0xd5a7_9147,
        0x06ca_6351,
        0x1429_2967,
    ],
    [
        0x27b7_0a85,
        0x2e1b_2138,
        0x4d2c_6dfc,
        0x5338_0d13,
        0x650a_7354,
        0x766a_0abb,
        0x81c2_c92e,
        0x9272_2c85,
        0xa2bf_e8a1,
        0xa81a_664b,
        0xc24b_8b70,
        0xc76c_51a3,
        0xd192_e819,
        0xd699_0624,
        0xf40e_3585,
        0x106a_a070,
    ],
    [
        0x19a4_c116,
        0x1e37_6c08,
        0x2748_774c,
        0x34b0_bcb5,
        0x391c_0cb3,
        0x4ed8_aa4a,
        0x5b9c_ca4f,
        0x682e_6ff3,
        0x748f_82ee,
        0x78a5_636f,
        0x84c8_7814,
        0x8cc7_0208,
        0x90be_fffa,
        0xa450_6ceb,
        0xbef9_a3f7,
        0xc671_78f2,
    ],
];

/// The constants of SHA-512, FIPS 180-4 section 4.2.3.
static K512: [[u64; 16]; 5] = [
    [
        0x428a_2f98_d728_ae22,
        0x7137_4491_23ef_65cd,
        0xb5c0_fbcf_ec4d_3b2f,
        0xe9b5_dba5_8189_dbbc,
        0x3956_c25b_f348_b538,
        0x59f1_11f1_b605_d019,
        0x923f_82a4_af19_4f9b,
        0xab1c_5ed5_da6d_8118,
        0xd807_aa98_a303_0242,
        0x1283_5b01_4570_6fbe,
        0x2431_85be_4ee4_b28c,
        0x550c_7dc3_d5ff_b4e2,
        0x72be_5d74_f27b_896f,
        0x80de_b1fe_3b16_96b1,
        0x9bdc_06a7_25c7_1235,
        0xc19b_f174_cf69_2694,
    ],
    [
        0xe49b_69c1_9ef1_4ad2,
        0xefbe_4786_384f_25e3,
        0x0fc1_9dc6_8b8c_d5b5,
        0x240c_a1cc_77ac_9c65,
        0x2de9_2c6f_592b_0275,
        0x4a74_84aa_6ea6_e483,
        0x5cb0_a9dc_bd41_fbd4,
        0x76f9_88da_8311_53b5,
        0x983e_5152_ee66_dfab,
        0xa831_c66d_2db4_3210,
        0xb003_27c8_98fb_213f,
        0xbf59_7fc7_beef_0ee4,
        0xc6e0_0bf3_3da8_8fc2,
        0xd5a7_9147_930a_a725,
        0x06ca_6351_e003_826f,
        0x1429_2967_0a0e_6e70,
    ],
    [
        0x27b7_0a85_46d2_2ffc,
        0x2e1b_2138_5c26_c926,
        0x4d2c_6dfc_5ac4_2aed,
        0x5338_0d13_9d95_b3df,
        0x650a_7354_8baf_63de,
        0x766a_0abb_3c77_b2a8,
        0x81c2_c92e_47ed_aee6,
        0x9272_2c85_1482_353b,
        0xa2bf_e8a1_4cf1_0364,
        0xa81a_664b_bc42_3001,
        0xc24b_8b70_d0f8_9791,
        0xc76c_51a3_0654_be30,
        0xd192_e819_d6ef_5218,
        0xd699_0624_5565_a910,
        0xf40e_3585_5771_202a,
        0x106a_a070_32bb_d1b8,
    ],
    [
        0x19a4_c116_b8d2_d0c8,
        0x1e37_6c08_5141_ab53,
        0x2748_774c_df8e_eb99,
        0x34b0_bcb5_e19b_48a8,
        0x391c_0cb3_c5c9_5a63,
        0x4ed8_aa4a_e341_8acb,
        0x5b9c_ca4f_7763_e373,
        0x682e_6ff3_d6b2_b8a3,
        0x748f_82ee_5def_b2fc,
        0x78a5_636f_4317_2f60,
        0x84c8_7814_a1f0_ab72,
        0x8cc7_0208_1a64_39ec,
        0x90be_fffa_2363_1e28,
        0xa450_6ceb_de82_bde9,
        0xbef9_a3f7_b2c6_7915,
        0xc671_78f2_e372_532b,
    ],
    [
        0xca27_3ece_ea26_619c,
        0xd186_b8c7_21c0_c207,
        0xeada_7dd6_cde0_eb1e,
        0xf57d_4f7f_ee6e_d178,
        0x06f0_67aa_7217_6fba,
        0x0a63_7dc5_a2c8_98a6,
        0x113f_9804_bef9_0dae,
        0x1b71_0b35_131c_471b,
        0x28db_77f5_2304_7d84,
        0x32ca_ab7b_40c7_2493,
        0x3c9e_be0a_15c9_bebc,
        0x431d_67c4_9c10_0d4c,
        0x4cc5_d4be_cb3e_42b6,
        0x597f_299c_fc65_7e2a,
        0x5fcb_6fab_3ad6_faec,
        0x6c44_198c_4a47_5817,
    ],
];

/// Compression functions of several messages over vectors of `$ops`.
macro_rules! compress_lanes {
    ($(#[$doc:meta])* $name:ident, $features:literal, $ops:ident, $word:ty, $lanes:literal, $block:literal, $k:ident) => {
        $(#[$doc])*
        #[target_feature(enable = $features)]
        fn $name(
            states: &mut [[$word; $lanes]; 8],
            blocks: &[&[[u8; $block]]; $lanes],
            count: usize,
        ) {
            let mut blocks = *blocks;
            for blocks in &mut blocks {
                *blocks = &blocks[..count];
            }
            let mut saved = [$ops::zero(); 8];
            for (vector, words) in saved.iter_mut().zip(states.iter()) {
                *vector = $ops::load(words);
            }
            for at in 0..count {
                let mut w = $ops::transposed(&blocks, at);
                let [mut a, mut b, mut c, mut d, mut e, mut f, mut g, mut h] = saved;
                macro_rules! round {
                    ($a:ident $b:ident $c:ident $d:ident $e:ident $f:ident $g:ident $h:ident, $k_t:expr, $w_t:expr) => {
                        let sum = $ops::add($h, $ops::add($ops::splat($k_t), $w_t));
                        let t1 = $ops::add(
                            $ops::add(sum, $ops::ch($e, $f, $g)),
                            $ops::big_sigma_1($e),
                        );
                        $d = $ops::add($d, t1);
                        $h = $ops::add(
                            t1,
                            $ops::add($ops::big_sigma_0($a), $ops::maj($a, $b, $c)),
                        );
                    };
                }
                macro_rules! sixteen_rounds {
                    ($k_s:expr, $w_t:ident) => {
                        round!(a b c d e f g h, $k_s[0], $w_t!(0, 1, 9, 14));
                        round!(h a b c d e f g, $k_s[1], $w_t!(1, 2, 10, 15));
                        round!(g h a b c d e f, $k_s[2], $w_t!(2, 3, 11, 0));
                        round!(f g h a b c d e, $k_s[3], $w_t!(3, 4, 12, 1));
                        round!(e f g h a b c d, $k_s[4], $w_t!(4, 5, 13, 2));
                        round!(d e f g h a b c, $k_s[5], $w_t!(5, 6, 14, 3));
                        round!(c d e f g h a b, $k_s[6], $w_t!(6, 7, 15, 4));
                        round!(b c d e f g h a, $k_s[7], $w_t!(7, 8, 0, 5));
                        round!(a b c d e f g h, $k_s[8], $w_t!(8, 9, 1, 6));
                        round!(h a b c d e f g, $k_s[9], $w_t!(9, 10, 2, 7));
                        round!(g h a b c d e f, $k_s[10], $w_t!(10, 11, 3, 8));
                        round!(f g h a b c d e, $k_s[11], $w_t!(11, 12, 4, 9));
                        round!(e f g h a b c d, $k_s[12], $w_t!(12, 13, 5, 10));
                        round!(d e f g h a b c, $k_s[13], $w_t!(13, 14, 6, 11));
                        round!(c d e f g h a b, $k_s[14], $w_t!(14, 15, 7, 12));
                        round!(b c d e f g h a, $k_s[15], $w_t!(15, 0, 8, 13));
                    };
                }
                // The words of the block first, then each from those 16, 15, 7 and 2 rounds before.
                macro_rules! given {
                    ($t:literal, $t15:literal, $t7:literal, $t2:literal) => {
                        w[$t]
                    };
                }
                macro_rules! scheduled {
                    ($t:literal, $t15:literal, $t7:literal, $t2:literal) => {{
                        w[$t] = $ops::add(
                            $ops::add(w[$t], w[$t7]),
                            $ops::add($ops::small_sigma_0(w[$t15]), $ops::small_sigma_1(w[$t2])),
                        );
                        w[$t]
                    }};
                }
                let [first, rest @ ..] = &$k;
                sixteen_rounds!(first, given);
                for k in rest {
                    sixteen_rounds!(k, scheduled);
                }
                for (vector, addend) in saved.iter_mut().zip([a, b, c, d, e, f, g, h]) {
                    *vector = $ops::add(*vector, addend);
                }
            }
            for (words, vector) in states.iter_mut().zip(saved) {
                $ops::store(words, vector);
            }
        }
    };
}

compress_lanes!(
    /// SHA-256 of 16 messages.
    sha256_avx512, "avx512f,avx512bw", wide_u32, u32, 16, 64, K256
);
compress_lanes!(
    /// SHA-512 of 8 messages.
    sha512_avx512, "avx512f,avx512bw", wide_u64, u64, 8, 128, K512
);
compress_lanes!(
    /// SHA-256 of 8 messages.
    sha256_avx2, "avx2", half_u32, u32, 8, 64, K256
);
compress_lanes!(
    /// SHA-512 of 4 messages.
    sha512_avx2, "avx2", half_u64, u64, 4, 128, K512
);

/// The functions of FIPS 180-4 section 4.1, where a rotation and an operation on three inputs are one instruction each.
macro_rules! wide_functions {
    ($ror:ident, $srl:ident, $big_0:expr, $big_1:expr, $small_0:expr, $small_1:expr) => {
        #[inline]
        #[target_feature(enable = "avx512f")]
        pub(super) fn zero() -> __m512i {
            _mm512_setzero_si512()
        }

        #[inline]
        #[target_feature(enable = "avx512f")]
        pub(super) fn ch(e: __m512i, f: __m512i, g: __m512i) -> __m512i {
            _mm512_ternarylogic_epi64::<0xCA>(e, f, g)
        }

        #[inline]
        #[target_feature(enable = "avx512f")]
        pub(super) fn maj(a: __m512i, b: __m512i, c: __m512i) -> __m512i {
            _mm512_ternarylogic_epi64::<0xE8>(a, b, c)
        }

        #[inline]
        #[target_feature(enable = "avx512f")]
        fn xor3(x: __m512i, y: __m512i, z: __m512i) -> __m512i {
            _mm512_ternarylogic_epi64::<0x96>(x, y, z)
        }

        #[inline]
        #[target_feature(enable = "avx512f")]
        pub(super) fn big_sigma_0(x: __m512i) -> __m512i {
            const BY: [i32; 3] = $big_0;
            xor3(
                $ror::<{ BY[0] }>(x),
                $ror::<{ BY[1] }>(x),
                $ror::<{ BY[2] }>(x),
            )
        }

        #[inline]
        #[target_feature(enable = "avx512f")]
        pub(super) fn big_sigma_1(x: __m512i) -> __m512i {
            const BY: [i32; 3] = $big_1;
            xor3(
                $ror::<{ BY[0] }>(x),
                $ror::<{ BY[1] }>(x),
                $ror::<{ BY[2] }>(x),
            )
        }

        #[inline]
        #[target_feature(enable = "avx512f")]
        pub(super) fn small_sigma_0(x: __m512i) -> __m512i {
            const BY: ([i32; 2], u32) = $small_0;
            xor3(
                $ror::<{ BY.0[0] }>(x),
                $ror::<{ BY.0[1] }>(x),
                $srl::<{ BY.1 }>(x),
            )
        }

        #[inline]
        #[target_feature(enable = "avx512f")]
        pub(super) fn small_sigma_1(x: __m512i) -> __m512i {
            const BY: ([i32; 2], u32) = $small_1;
            xor3(
                $ror::<{ BY.0[0] }>(x),
                $ror::<{ BY.0[1] }>(x),
                $srl::<{ BY.1 }>(x),
            )
        }
    };
}

/// The same with AVX2, where a rotation is two shifts of the `$bits` of a word.
macro_rules! half_functions {
    ($bits:literal, $sll:ident, $srl:ident, $big_0:expr, $big_1:expr, $small_0:expr, $small_1:expr) => {
        #[inline]
        #[target_feature(enable = "avx2")]
        pub(super) fn zero() -> __m256i {
            _mm256_setzero_si256()
        }

        #[inline]
        #[target_feature(enable = "avx2")]
        pub(super) fn ch(e: __m256i, f: __m256i, g: __m256i) -> __m256i {
            _mm256_xor_si256(g, _mm256_and_si256(e, _mm256_xor_si256(f, g)))
        }

        #[inline]
        #[target_feature(enable = "avx2")]
        pub(super) fn maj(a: __m256i, b: __m256i, c: __m256i) -> __m256i {
            // The second XOR is the first one of the next round.
            let (bc, ab) = (_mm256_xor_si256(b, c), _mm256_xor_si256(a, b));
            _mm256_xor_si256(b, _mm256_and_si256(ab, bc))
        }

        #[inline]
        #[target_feature(enable = "avx2")]
        fn xor3(x: __m256i, y: __m256i, z: __m256i) -> __m256i {
            _mm256_xor_si256(_mm256_xor_si256(x, y), z)
        }

        /// Rotates to the right by `R`; `L` is the rest of the word.
        #[inline]
        #[target_feature(enable = "avx2")]
        fn ror<const R: i32, const L: i32>(x: __m256i) -> __m256i {
            _mm256_xor_si256($srl::<R>(x), $sll::<L>(x))
        }

        #[inline]
        #[target_feature(enable = "avx2")]
        pub(super) fn big_sigma_0(x: __m256i) -> __m256i {
            const BY: [i32; 3] = $big_0;
            xor3(
                ror::<{ BY[0] }, { $bits - BY[0] }>(x),
                ror::<{ BY[1] }, { $bits - BY[1] }>(x),
                ror::<{ BY[2] }, { $bits - BY[2] }>(x),
            )
        }

        #[inline]
        #[target_feature(enable = "avx2")]
        pub(super) fn big_sigma_1(x: __m256i) -> __m256i {
            const BY: [i32; 3] = $big_1;
            xor3(
                ror::<{ BY[0] }, { $bits - BY[0] }>(x),
                ror::<{ BY[1] }, { $bits - BY[1] }>(x),
                ror::<{ BY[2] }, { $bits - BY[2] }>(x),
            )
        }

        #[inline]
        #[target_feature(enable = "avx2")]
        pub(super) fn small_sigma_0(x: __m256i) -> __m256i {
            const BY: ([i32; 2], i32) = $small_0;
            xor3(
                ror::<{ BY.0[0] }, { $bits - BY.0[0] }>(x),
                ror::<{ BY.0[1] }, { $bits - BY.0[1] }>(x),
                $srl::<{ BY.1 }>(x),
            )
        }

        #[inline]
        #[target_feature(enable = "avx2")]
        pub(super) fn small_sigma_1(x: __m256i) -> __m256i {
            const BY: ([i32; 2], i32) = $small_1;
            xor3(
                ror::<{ BY.0[0] }, { $bits - BY.0[0] }>(x),
                ror::<{ BY.0[1] }, { $bits - BY.0[1] }>(x),
                $srl::<{ BY.1 }>(x),
            )
        }
    };
}

/// Four vectors of four quarters each, transposed.
#[inline]
#[target_feature(enable = "avx512f")]
fn quarters_transposed(rows: [__m512i; 4]) -> [__m512i; 4] {
    let [low_01, low_23] = [
        _mm512_shuffle_i32x4::<0x44>(rows[0], rows[1]),
        _mm512_shuffle_i32x4::<0x44>(rows[2], rows[3]),
    ];
    let [high_01, high_23] = [
        _mm512_shuffle_i32x4::<0xEE>(rows[0], rows[1]),
        _mm512_shuffle_i32x4::<0xEE>(rows[2], rows[3]),
    ];
    [
        _mm512_shuffle_i32x4::<0x88>(low_01, low_23),
        _mm512_shuffle_i32x4::<0xDD>(low_01, low_23),
        _mm512_shuffle_i32x4::<0x88>(high_01, high_23),
        _mm512_shuffle_i32x4::<0xDD>(high_01, high_23),
    ]
}

/// The 64 octets at `octets`.
#[inline]
#[target_feature(enable = "avx512f")]
fn load_512(octets: &[u8; 64]) -> __m512i {
    // SAFETY: 64 octets may be read; any alignment will do.
    unsafe { _mm512_loadu_si512(octets.as_ptr().cast()) }
}

/// The 32 octets at `octets`.
#[inline]
#[target_feature(enable = "avx2")]
fn load_256(octets: &[u8; 32]) -> __m256i {
    // SAFETY: 32 octets may be read; any alignment will do.
    unsafe { _mm256_loadu_si256(octets.as_ptr().cast()) }
}

/// 16 words of 32 bits.
mod wide_u32 {
    use super::*;

    wide_functions!(
        _mm512_ror_epi32,
        _mm512_srli_epi32,
        [2, 13, 22],
        [6, 11, 25],
        ([7, 18], 3),
        ([17, 19], 10)
    );

    #[inline]
    #[target_feature(enable = "avx512f")]
    pub(super) fn add(x: __m512i, y: __m512i) -> __m512i {
        _mm512_add_epi32(x, y)
    }

    #[inline]
    #[target_feature(enable = "avx512f")]
    pub(super) fn splat(word: u32) -> __m512i {
        _mm512_set1_epi32(word.cast_signed())
    }

    #[inline]
    #[target_feature(enable = "avx512f")]
    pub(super) fn load(words: &[u32; 16]) -> __m512i {
        // SAFETY: 64 octets may be read; any alignment will do.
        unsafe { _mm512_loadu_si512(words.as_ptr().cast()) }
    }

    #[inline]
    #[target_feature(enable = "avx512f")]
    pub(super) fn store(words: &mut [u32; 16], vector: __m512i) {
        // SAFETY: 64 octets may be written; any alignment will do.
        unsafe { _mm512_storeu_si512(words.as_mut_ptr().cast(), vector) };
    }

    /// Word `t` of each message's block `at`, in vector `t`.
    #[inline]
    #[target_feature(enable = "avx512f,avx512bw")]
    pub(super) fn transposed(blocks: &[&[[u8; 64]]; 16], at: usize) -> [__m512i; 16] {
        let [u0, u1, u2, u3] = four_lanes::<0>(blocks, at);
        let [v0, v1, v2, v3] = four_lanes::<4>(blocks, at);
        let [x0, x1, x2, x3] = four_lanes::<8>(blocks, at);
        let [y0, y1, y2, y3] = four_lanes::<12>(blocks, at);
        let [w0, w4, w8, w12] = quarters_transposed([u0, v0, x0, y0]);
        let [w1, w5, w9, w13] = quarters_transposed([u1, v1, x1, y1]);
        let [w2, w6, w10, w14] = quarters_transposed([u2, v2, x2, y2]);
        let [w3, w7, w11, w15] = quarters_transposed([u3, v3, x3, y3]);
        [
            w0, w1, w2, w3, w4, w5, w6, w7, w8, w9, w10, w11, w12, w13, w14, w15,
        ]
    }

    /// Of the messages from `FIRST` on: in quarter `q` of vector `t`, word 4`q` + `t` of all four.
    #[inline]
    #[target_feature(enable = "avx512f,avx512bw")]
    fn four_lanes<const FIRST: usize>(blocks: &[&[[u8; 64]]; 16], at: usize) -> [__m512i; 4] {
        let big_endian =
            _mm512_broadcast_i32x4(_mm_set_epi64x(0x0C0D_0E0F_0809_0A0B, 0x0405_0607_0001_0203));
        let [r0, r1, r2, r3] = [
            _mm512_shuffle_epi8(load_512(&blocks[FIRST][at]), big_endian),
            _mm512_shuffle_epi8(load_512(&blocks[FIRST + 1][at]), big_endian),
            _mm512_shuffle_epi8(load_512(&blocks[FIRST + 2][at]), big_endian),
            _mm512_shuffle_epi8(load_512(&blocks[FIRST + 3][at]), big_endian),
        ];
        let [low_01, low_23] = [_mm512_unpacklo_epi32(r0, r1), _mm512_unpacklo_epi32(r2, r3)];
        let [high_01, high_23] = [_mm512_unpackhi_epi32(r0, r1), _mm512_unpackhi_epi32(r2, r3)];
        [
            _mm512_unpacklo_epi64(low_01, low_23),
            _mm512_unpackhi_epi64(low_01, low_23),
            _mm512_unpacklo_epi64(high_01, high_23),
            _mm512_unpackhi_epi64(high_01, high_23),
        ]
    }
}

/// 8 words of 64 bits.
mod wide_u64 {
    use super::*;

    wide_functions!(
        _mm512_ror_epi64,
        _mm512_srli_epi64,
        [28, 34, 39],
        [14, 18, 41],
        ([1, 8], 7),
        ([19, 61], 6)
    );

    #[inline]
    #[target_feature(enable = "avx512f")]
    pub(super) fn add(x: __m512i, y: __m512i) -> __m512i {
        _mm512_add_epi64(x, y)
    }

    #[inline]
    #[target_feature(enable = "avx512f")]
    pub(super) fn splat(word: u64) -> __m512i {
        _mm512_set1_epi64(word.cast_signed())
    }

    #[inline]
    #[target_feature(enable = "avx512f")]
    pub(super) fn load(words: &[u64; 8]) -> __m512i {
        // SAFETY: 64 octets may be read; any alignment will do.
        unsafe { _mm512_loadu_si512(words.as_ptr().cast()) }
    }

    #[inline]
    #[target_feature(enable = "avx512f")]
    pub(super) fn store(words: &mut [u64; 8], vector: __m512i) {
        // SAFETY: 64 octets may be written; any alignment will do.
        unsafe { _mm512_storeu_si512(words.as_mut_ptr().cast(), vector) };
    }

    /// Word `t` of each message's block `at`, in vector `t`.
    #[inline]
    #[target_feature(enable = "avx512f,avx512bw")]
    pub(super) fn transposed(blocks: &[&[[u8; 128]]; 8], at: usize) -> [__m512i; 16] {
        let [w0, w1, w2, w3, w4, w5, w6, w7] = half_transposed::<0>(blocks, at);
        let [w8, w9, w10, w11, w12, w13, w14, w15] = half_transposed::<1>(blocks, at);
        [
            w0, w1, w2, w3, w4, w5, w6, w7, w8, w9, w10, w11, w12, w13, w14, w15,
        ]
    }

    #[inline]
    #[target_feature(enable = "avx512f,avx512bw")]
    fn half_transposed<const HALF: usize>(blocks: &[&[[u8; 128]]; 8], at: usize) -> [__m512i; 8] {
        let [u0, u1] = two_lanes::<0, HALF>(blocks, at);
        let [v0, v1] = two_lanes::<2, HALF>(blocks, at);
        let [x0, x1] = two_lanes::<4, HALF>(blocks, at);
        let [y0, y1] = two_lanes::<6, HALF>(blocks, at);
        let [w0, w2, w4, w6] = quarters_transposed([u0, v0, x0, y0]);
        let [w1, w3, w5, w7] = quarters_transposed([u1, v1, x1, y1]);
        [w0, w1, w2, w3, w4, w5, w6, w7]
    }

    /// Of the messages from `FIRST` on: in quarter `q` of vector `t`, word 2`q` + `t` of the half block of both.
    #[inline]
    #[target_feature(enable = "avx512f,avx512bw")]
    fn two_lanes<const FIRST: usize, const HALF: usize>(
        blocks: &[&[[u8; 128]]; 8],
        at: usize,
    ) -> [__m512i; 2] {
        let big_endian =
            _mm512_broadcast_i32x4(_mm_set_epi64x(0x0809_0A0B_0C0D_0E0F, 0x0001_0203_0405_0607));
        let even = load_512(&blocks[FIRST][at].as_chunks().0[HALF]);
        let odd = load_512(&blocks[FIRST + 1][at].as_chunks().0[HALF]);
        let even = _mm512_shuffle_epi8(even, big_endian);
        let odd = _mm512_shuffle_epi8(odd, big_endian);
        [
            _mm512_unpacklo_epi64(even, odd),
            _mm512_unpackhi_epi64(even, odd),
        ]
    }
}

/// 8 words of 32 bits.
mod half_u32 {
    use super::*;

    half_functions!(
        32,
        _mm256_slli_epi32,
        _mm256_srli_epi32,
        [2, 13, 22],
        [6, 11, 25],
        ([7, 18], 3),
        ([17, 19], 10)
    );

    #[inline]
    #[target_feature(enable = "avx2")]
    pub(super) fn add(x: __m256i, y: __m256i) -> __m256i {
        _mm256_add_epi32(x, y)
    }

    #[inline]
    #[target_feature(enable = "avx2")]
    pub(super) fn splat(word: u32) -> __m256i {
        _mm256_set1_epi32(word.cast_signed())
    }

    #[inline]
    #[target_feature(enable = "avx2")]
    pub(super) fn load(words: &[u32; 8]) -> __m256i {
        // SAFETY: 32 octets may be read; any alignment will do.
        unsafe { _mm256_loadu_si256(words.as_ptr().cast()) }
    }

    #[inline]
    #[target_feature(enable = "avx2")]
    pub(super) fn store(words: &mut [u32; 8], vector: __m256i) {
        // SAFETY: 32 octets may be written; any alignment will do.
        unsafe { _mm256_storeu_si256(words.as_mut_ptr().cast(), vector) };
    }

    /// Word `t` of each message's block `at`, in vector `t`.
    #[inline]
    #[target_feature(enable = "avx2")]
    pub(super) fn transposed(blocks: &[&[[u8; 64]]; 8], at: usize) -> [__m256i; 16] {
        let big_endian = _mm256_broadcastsi128_si256(_mm_set_epi64x(
            0x0C0D_0E0F_0809_0A0B,
            0x0405_0607_0001_0203,
        ));
        let mut words = [zero(); 16];
        for half in 0..2 {
            let mut fours = [zero(); 8];
            for lane in [0, 4] {
                let row = |row: usize| {
                    let octets = &blocks[lane + row][at].as_chunks().0[half];
                    _mm256_shuffle_epi8(load_256(octets), big_endian)
                };
                let [r0, r1, r2, r3] = [row(0), row(1), row(2), row(3)];
                let [low_01, low_23] =
                    [_mm256_unpacklo_epi32(r0, r1), _mm256_unpacklo_epi32(r2, r3)];
                let [high_01, high_23] =
                    [_mm256_unpackhi_epi32(r0, r1), _mm256_unpackhi_epi32(r2, r3)];
                fours[lane] = _mm256_unpacklo_epi64(low_01, low_23);
                fours[lane + 1] = _mm256_unpackhi_epi64(low_01, low_23);
                fours[lane + 2] = _mm256_unpacklo_epi64(high_01, high_23);
                fours[lane + 3] = _mm256_unpackhi_epi64(high_01, high_23);
            }
            let words = &mut words[8 * half..][..8];
            for t in 0..4 {
                words[t] = _mm256_permute2x128_si256::<0x20>(fours[t], fours[t + 4]);
                words[t + 4] = _mm256_permute2x128_si256::<0x31>(fours[t], fours[t + 4]);
            }
        }
        words
    }
}

/// 4 words of 64 bits.
mod half_u64 {
    use super::*;

    half_functions!(
        64,
        _mm256_slli_epi64,
        _mm256_srli_epi64,
        [28, 34, 39],
        [14, 18, 41],
        ([1, 8], 7),
        ([19, 61], 6)
    );

    #[inline]
    #[target_feature(enable = "avx2")]
    pub(super) fn add(x: __m256i, y: __m256i) -> __m256i {
        _mm256_add_epi64(x, y)
    }

    #[inline]
    #[target_feature(enable = "avx2")]
    pub(super) fn splat(word: u64) -> __m256i {
        _mm256_set1_epi64x(word.cast_signed())
    }

    #[inline]
    #[target_feature(enable = "avx2")]
    pub(super) fn load(words: &[u64; 4]) -> __m256i {
        // SAFETY: 32 octets may be read; any alignment will do.
        unsafe { _mm256_loadu_si256(words.as_ptr().cast()) }
    }

    #[inline]
    #[target_feature(enable = "avx2")]
    pub(super) fn store(words: &mut [u64; 4], vector: __m256i) {
        // SAFETY: 32 octets may be written; any alignment will do.
        unsafe { _mm256_storeu_si256(words.as_mut_ptr().cast(), vector) };
    }

    /// Word `t` of each message's block `at`, in vector `t`.
    #[inline]
    #[target_feature(enable = "avx2")]
    pub(super) fn transposed(blocks: &[&[[u8; 128]]; 4], at: usize) -> [__m256i; 16] {
        let big_endian = _mm256_broadcastsi128_si256(_mm_set_epi64x(
            0x0809_0A0B_0C0D_0E0F,
            0x0001_0203_0405_0607,
        ));
        let mut words = [zero(); 16];
        for quarter in 0..4 {
            let row = |row: usize| {
                let octets = &blocks[row][at].as_chunks().0[quarter];
                _mm256_shuffle_epi8(load_256(octets), big_endian)
            };
            let [r0, r1, r2, r3] = [row(0), row(1), row(2), row(3)];
            let [even_01, even_23] = [_mm256_unpacklo_epi64(r0, r1), _mm256_unpacklo_epi64(r2, r3)];
            let [odd_01, odd_23] = [_mm256_unpackhi_epi64(r0, r1), _mm256_unpackhi_epi64(r2, r3)];
            let words = &mut words[4 * quarter..][..4];
            words[0] = _mm256_permute2x128_si256::<0x20>(even_01, even_23);
            words[1] = _mm256_permute2x128_si256::<0x20>(odd_01, odd_23);
            words[2] = _mm256_permute2x128_si256::<0x31>(even_01, even_23);
            words[3] = _mm256_permute2x128_si256::<0x31>(odd_01, odd_23);
        }
        words
    }
}

/// SHA-256 of `N` messages with the SHA instructions, which wait for each other less so.
#[target_feature(enable = "sha,ssse3,sse4.1")]
fn sha256_ni<const N: usize>(states: &mut [[u32; 8]; N], blocks: &[&[[u8; 64]]; N], count: usize) {
    let big_endian = _mm_set_epi64x(0x0C0D_0E0F_0809_0A0B, 0x0405_0607_0001_0203);
    let (mut abef, mut cdgh) = ([_mm_setzero_si128(); N], [_mm_setzero_si128(); N]);
    for lane in 0..N {
        let [dcba, hgfe] = load_halves(&states[lane]);
        let (cdab, efgh) = (
            _mm_shuffle_epi32::<0xB1>(dcba),
            _mm_shuffle_epi32::<0x1B>(hgfe),
        );
        abef[lane] = _mm_alignr_epi8::<8>(cdab, efgh);
        cdgh[lane] = _mm_blend_epi16::<0xF0>(efgh, cdab);
    }
    let mut blocks = *blocks;
    for blocks in &mut blocks {
        *blocks = &blocks[..count];
    }
    #[allow(clippy::needless_range_loop, reason = "the same of every lane")]
    for at in 0..count {
        let (saved_abef, saved_cdgh) = (abef, cdgh);
        let mut w = [[_mm_setzero_si128(); 4]; N];
        for lane in 0..N {
            let quarters = blocks[lane][at].as_chunks().0;
            for (words, octets) in w[lane].iter_mut().zip(quarters) {
                *words = _mm_shuffle_epi8(load_128(octets), big_endian);
            }
        }
        macro_rules! four_rounds {
            ($k_s:expr, $quarter:literal) => {
                let k = load_k(&$k_s.as_chunks().0[$quarter]);
                for lane in 0..N {
                    let sum = _mm_add_epi32(w[lane][$quarter], k);
                    cdgh[lane] = _mm_sha256rnds2_epu32(cdgh[lane], abef[lane], sum);
                    let sum = _mm_shuffle_epi32::<0x0E>(sum);
                    abef[lane] = _mm_sha256rnds2_epu32(abef[lane], cdgh[lane], sum);
                }
            };
        }
        macro_rules! four_scheduled_rounds {
            ($k_s:expr, $quarter:literal, $q12:literal, $q8:literal, $q4:literal) => {
                for words in &mut w {
                    let t7 = _mm_alignr_epi8::<4>(words[$q4], words[$q8]);
                    let sum = _mm_add_epi32(_mm_sha256msg1_epu32(words[$quarter], words[$q12]), t7);
                    words[$quarter] = _mm_sha256msg2_epu32(sum, words[$q4]);
                }
                four_rounds!($k_s, $quarter);
            };
        }
        let [first, rest @ ..] = &K256;
        four_rounds!(first, 0);
        four_rounds!(first, 1);
        four_rounds!(first, 2);
        four_rounds!(first, 3);
        for k in rest {
            four_scheduled_rounds!(k, 0, 1, 2, 3);
            four_scheduled_rounds!(k, 1, 2, 3, 0);
            four_scheduled_rounds!(k, 2, 3, 0, 1);
            four_scheduled_rounds!(k, 3, 0, 1, 2);
        }
        for lane in 0..N {
            abef[lane] = _mm_add_epi32(abef[lane], saved_abef[lane]);
            cdgh[lane] = _mm_add_epi32(cdgh[lane], saved_cdgh[lane]);
        }
    }
    for lane in 0..N {
        let (feba, dchg) = (
            _mm_shuffle_epi32::<0x1B>(abef[lane]),
            _mm_shuffle_epi32::<0xB1>(cdgh[lane]),
        );
        let dcba = _mm_blend_epi16::<0xF0>(feba, dchg);
        let hgfe = _mm_alignr_epi8::<8>(dchg, feba);
        store_halves(&mut states[lane], [dcba, hgfe]);
    }
}

/// The 16 octets at `octets`.
#[inline]
#[target_feature(enable = "sse2")]
fn load_128(octets: &[u8; 16]) -> __m128i {
    // SAFETY: 16 octets may be read; any alignment will do.
    unsafe { _mm_loadu_si128(octets.as_ptr().cast()) }
}

/// Four constants.
#[inline]
#[target_feature(enable = "sse2")]
fn load_k(words: &[u32; 4]) -> __m128i {
    // SAFETY: 16 octets may be read; any alignment will do.
    unsafe { _mm_loadu_si128(words.as_ptr().cast()) }
}

/// Both halves of a state.
#[inline]
#[target_feature(enable = "sse2")]
fn load_halves(state: &[u32; 8]) -> [__m128i; 2] {
    let [low, high] = [state[..4].as_ptr(), state[4..].as_ptr()];
    [
        // SAFETY: four words may be read; any alignment will do.
        unsafe { _mm_loadu_si128(low.cast()) },
        // SAFETY: four words may be read; any alignment will do.
        unsafe { _mm_loadu_si128(high.cast()) },
    ]
}

#[inline]
#[target_feature(enable = "sse2")]
fn store_halves(state: &mut [u32; 8], [low, high]: [__m128i; 2]) {
    let (low_words, high_words) = state.split_at_mut(4);
    // SAFETY: four words may be written; any alignment will do.
    unsafe { _mm_storeu_si128(low_words.as_mut_ptr().cast(), low) };
    // SAFETY: four words may be written; any alignment will do.
    unsafe { _mm_storeu_si128(high_words.as_mut_ptr().cast(), high) };
}
