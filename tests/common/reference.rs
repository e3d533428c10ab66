//! AES key schedule and GHASH as their standards define them, bit by bit: slow, and nothing in common with the kernels.

#![allow(
    dead_code,
    unreachable_pub,
    reason = "each test uses its part, and one of them is a crate of its own"
)]

/// A block as GHASH sees it: the first bit of the first octet is the highest, and stands for x^0.
#[must_use]
pub fn element(block: &[u8; 16]) -> u128 {
    u128::from_be_bytes(*block)
}

/// The product in the field of GHASH, SP 800-38D section 6.3.
#[must_use]
pub fn multiply(x: u128, y: u128) -> u128 {
    let (mut product, mut shifted) = (0, y);
    for bit in (0..128).rev() {
        if x >> bit & 1 == 1 {
            product ^= shifted;
        }
        shifted = times_x(shifted);
    }
    product
}

/// The product with x.
#[must_use]
pub fn times_x(value: u128) -> u128 {
    value >> 1 ^ if value & 1 == 1 { 0xE1 << 120 } else { 0 }
}

/// The products of `y` with x^0 … x^127.
#[must_use]
pub fn products(y: u128) -> [u128; 128] {
    let mut next = y;
    std::array::from_fn(|_| {
        let product = next;
        next = times_x(next);
        product
    })
}

/// How many of `values` are linearly independent.
#[must_use]
pub fn rank(values: &[u128]) -> usize {
    let mut basis = [0_u128; 128];
    let mut rank = 0;
    for &value in values {
        let mut value = value;
        while value != 0 {
            let lead = value.leading_zeros() as usize;
            if basis[lead] == 0 {
                basis[lead] = value;
                rank += 1;
                break;
            }
            value ^= basis[lead];
        }
    }
    rank
}

fn byte_product(mut a: u8, mut b: u8) -> u8 {
    let mut product = 0;
    while b != 0 {
        if b & 1 == 1 {
            product ^= a;
        }
        a = a << 1 ^ if a & 0x80 == 0 { 0 } else { 0x1B };
        b >>= 1;
    }
    product
}

/// The S-box, FIPS 197 section 5.1.1.
fn substitute(value: u8) -> u8 {
    // value^254 is its inverse.
    let (mut inverse, mut power) = (1, value);
    for bit in 0..8 {
        if 254 >> bit & 1 == 1 {
            inverse = byte_product(inverse, power);
        }
        power = byte_product(power, power);
    }
    (1..5).fold(inverse, |sum, turn| sum ^ inverse.rotate_left(turn)) ^ 0x63
}

/// The round keys of a key of 16 or 32 octets, FIPS 197 section 5.2.
#[must_use]
pub fn round_keys(key: &[u8]) -> Vec<[u8; 16]> {
    let words_of_key = key.len() / 4;
    let mut words: Vec<[u8; 4]> = key
        .chunks_exact(4)
        .map(|word| std::array::from_fn(|at| word[at]))
        .collect();
    let mut constant = 1;
    for index in words_of_key..4 * (words_of_key + 7) {
        let mut word = words[index - 1];
        if index % words_of_key == 0 {
            word.rotate_left(1);
            word = word.map(substitute);
            word[0] ^= constant;
            constant = byte_product(constant, 2);
        } else if words_of_key > 6 && index % words_of_key == 4 {
            word = word.map(substitute);
        }
        let before = words[index - words_of_key];
        words.push(std::array::from_fn(|at| word[at] ^ before[at]));
    }
    words
        .chunks_exact(4)
        .map(|four| std::array::from_fn(|at| four[at / 4][at % 4]))
        .collect()
}

/// One block of AES, FIPS 197 section 5.1.
#[must_use]
pub fn encrypt_block(round_keys: &[[u8; 16]], mut block: [u8; 16]) -> [u8; 16] {
    let add = |block: [u8; 16], key: &[u8; 16]| std::array::from_fn(|at| block[at] ^ key[at]);
    let last = round_keys.len() - 1;
    block = add(block, &round_keys[0]);
    for (round, key) in round_keys.iter().enumerate().skip(1) {
        let bytes = block.map(substitute);
        block = std::array::from_fn(|at| bytes[(at + 4 * (at % 4)) % 16]);
        if round < last {
            let column = block;
            block = std::array::from_fn(|at| {
                let of = |turn: usize| column[at / 4 * 4 + (at + turn) % 4];
                byte_product(of(0), 2) ^ byte_product(of(1), 3) ^ of(2) ^ of(3)
            });
        }
        block = add(block, key);
    }
    block
}

/// H, the hash key of AES-GCM with `key`.
#[must_use]
pub fn hash_key(key: &[u8]) -> u128 {
    element(&encrypt_block(&round_keys(key), [0; 16]))
}

/// A power of H as the contexts keep it, times x and in reversed bit order, and its D = that times x^-64 in the reversed order.
#[must_use]
pub fn kept(power: u128) -> [[u8; 16]; 2] {
    // Dividing by x in the order of GHASH is multiplying in the kernels' order, where a product is one x short.
    let divide = |value: u128| {
        if value >> 127 == 1 {
            (value ^ 0xE1 << 120) << 1 | 1
        } else {
            value << 1
        }
    };
    let h = divide(power);
    let d = (0..64).fold(h, |value, _| times_x(value));
    [h.to_le_bytes(), d.to_le_bytes()]
}

#[cfg(test)]
mod tests {
    use super::{encrypt_block, multiply, round_keys, times_x};

    /// FIPS 197, appendices C.1 and C.3.
    #[test]
    fn aes_is_that_of_the_standard() {
        let plain: [u8; 16] = std::array::from_fn(|at| 0x11 * u8::try_from(at).unwrap());
        let key: Vec<u8> = (0..32).collect();
        let encrypt =
            |len: usize| u128::from_be_bytes(encrypt_block(&round_keys(&key[..len]), plain));
        assert_eq!(encrypt(16), 0x69c4_e0d8_6a7b_0430_d8cd_b780_70b4_c55a);
        assert_eq!(encrypt(32), 0x8ea2_b7ca_5167_45bf_eafc_4990_4b49_6089);
    }

    /// The GCM specification by McGrew and Viega, test case 2: GHASH of one block of ciphertext.
    #[test]
    fn products_are_those_of_the_standard() {
        let h = 0x66e9_4bd4_ef8a_2c3b_884c_fa59_ca34_2b2e;
        let x = multiply(0x0388_dace_60b6_a392_f328_c2b9_71b2_fe78, h);
        assert_eq!(x, 0x5e2e_c746_9170_6288_2c85_b068_5353_deb7);
        assert_eq!(
            multiply(x ^ 0x80, h),
            0xf38c_bb1a_d692_23dc_c345_7ae5_b6b0_f885
        );
        assert_eq!(multiply(1 << 127, h), h, "x^0 is one");
        assert_eq!(multiply(1 << 126, h), times_x(h));
    }
}
