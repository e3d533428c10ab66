// ChaCha20-Poly1305 (RFC 8439) as a custom cipher, written for these tests: a real AEAD that the library does not have.

#ifndef MEDIASEAL_TESTS_CHACHA20_POLY1305_HPP
#define MEDIASEAL_TESTS_CHACHA20_POLY1305_HPP

#include <mediaseal.hpp>

#include <array>
#include <atomic>
#include <cstdint>
#include <cstring>
#include <memory>
#include <string_view>
#include <vector>

namespace chacha20_poly1305 {

using mediaseal::bytes_view;
using mediaseal::mutable_bytes;

inline std::uint32_t load(const std::uint8_t* at) noexcept {
    return static_cast<std::uint32_t>(at[0]) | static_cast<std::uint32_t>(at[1]) << 8 | static_cast<std::uint32_t>(at[2]) << 16 |
           static_cast<std::uint32_t>(at[3]) << 24;
}

inline void store(std::uint8_t* at, std::uint32_t word) noexcept {
    for (int i = 0; i < 4; ++i) at[i] = static_cast<std::uint8_t>(word >> (8 * i));
}

inline std::uint32_t rotate(std::uint32_t word, int bits) noexcept { return word << bits | word >> (32 - bits); }

inline void quarter_round(std::uint32_t* s, int a, int b, int c, int d) noexcept {
    s[a] += s[b], s[d] = rotate(s[d] ^ s[a], 16);
    s[c] += s[d], s[b] = rotate(s[b] ^ s[c], 12);
    s[a] += s[b], s[d] = rotate(s[d] ^ s[a], 8);
    s[c] += s[d], s[b] = rotate(s[b] ^ s[c], 7);
}

// RFC 8439 section 2.3.
inline void block(const std::uint8_t key[32], const std::uint8_t nonce[12], std::uint32_t counter, std::uint8_t out[64]) noexcept {
    std::uint32_t initial[16] = {0x61707865, 0x3320646e, 0x79622d32, 0x6b206574};
    for (int i = 0; i < 8; ++i) initial[4 + i] = load(key + 4 * i);
    initial[12] = counter;
    for (int i = 0; i < 3; ++i) initial[13 + i] = load(nonce + 4 * i);
    std::uint32_t state[16];
    std::memcpy(state, initial, sizeof state);
    for (int round = 0; round < 10; ++round) {
        for (int i = 0; i < 4; ++i) quarter_round(state, i, 4 + i, 8 + i, 12 + i);
        for (int i = 0; i < 4; ++i) quarter_round(state, i, 4 + (i + 1) % 4, 8 + (i + 2) % 4, 12 + (i + 3) % 4);
    }
    for (int i = 0; i < 16; ++i) store(out + 4 * i, state[i] + initial[i]);
}

inline void add_key_stream(const std::uint8_t key[32], const std::uint8_t nonce[12], mutable_bytes data) noexcept {
    std::uint8_t stream[64];
    std::uint32_t counter = 1;
    for (std::size_t at = 0; at < data.size(); at += 64, ++counter) {
        block(key, nonce, counter, stream);
        for (std::size_t i = 0; i < 64 && at + i < data.size(); ++i) data[at + i] ^= stream[i];
    }
}

// RFC 8439 section 2.5, in five limbs of 26 bits.
class poly1305 {
public:
    explicit poly1305(const std::uint8_t key[32]) noexcept {
        r_[0] = load(key) & 0x3ffffff;
        r_[1] = load(key + 3) >> 2 & 0x3ffff03;
        r_[2] = load(key + 6) >> 4 & 0x3ffc0ff;
        r_[3] = load(key + 9) >> 6 & 0x3f03fff;
        r_[4] = load(key + 12) >> 8 & 0x00fffff;
        std::memcpy(pad_, key + 16, sizeof pad_);
    }

    // Octets, filled up with zeros to a block.
    void padded(bytes_view octets) noexcept {
        for (std::size_t at = 0; at < octets.size(); at += 16) {
            std::uint8_t whole[16] = {};
            std::memcpy(whole, octets.data() + at, octets.size() - at < 16 ? octets.size() - at : 16);
            absorb(whole);
        }
    }

    void lengths(std::uint64_t aad_len, std::uint64_t data_len) noexcept {
        std::uint8_t whole[16];
        for (int i = 0; i < 8; ++i) {
            whole[i] = static_cast<std::uint8_t>(aad_len >> (8 * i));
            whole[8 + i] = static_cast<std::uint8_t>(data_len >> (8 * i));
        }
        absorb(whole);
    }

    void finish(std::uint8_t tag[16]) noexcept {
        carry();
        carry();
        // h - p, if that is not negative.
        std::uint64_t less[5];
        std::uint64_t over = 5;
        for (int i = 0; i < 5; ++i) {
            less[i] = h_[i] + over;
            over = less[i] >> 26;
            less[i] &= 0x3ffffff;
        }
        const std::uint64_t reduced = 0 - over;
        for (int i = 0; i < 5; ++i) h_[i] = (h_[i] & ~reduced) | (less[i] & reduced);
        const std::uint64_t words[4] = {h_[0] | h_[1] << 26, h_[1] >> 6 | h_[2] << 20, h_[2] >> 12 | h_[3] << 14, h_[3] >> 18 | h_[4] << 8};
        std::uint64_t sum = 0;
        for (int i = 0; i < 4; ++i) {
            sum += (words[i] & 0xffffffff) + load(pad_ + 4 * i);
            store(tag + 4 * i, static_cast<std::uint32_t>(sum));
            sum >>= 32;
        }
    }

private:
    void absorb(const std::uint8_t whole[16]) noexcept {
        h_[0] += load(whole) & 0x3ffffff;
        h_[1] += load(whole + 3) >> 2 & 0x3ffffff;
        h_[2] += load(whole + 6) >> 4 & 0x3ffffff;
        h_[3] += load(whole + 9) >> 6 & 0x3ffffff;
        h_[4] += load(whole + 12) >> 8 | 1U << 24;
        std::uint64_t product[5] = {};
        for (int i = 0; i < 5; ++i) {
            for (int j = 0; j < 5; ++j) product[(i + j) % 5] += h_[i] * (i + j < 5 ? r_[j] : 5 * r_[j]);
        }
        std::memcpy(h_, product, sizeof h_);
        carry();
    }

    void carry() noexcept {
        for (int i = 0; i < 5; ++i) {
            const std::uint64_t over = h_[i] >> 26;
            h_[i] &= 0x3ffffff;
            h_[(i + 1) % 5] += i < 4 ? over : 5 * over;
        }
    }

    std::uint64_t r_[5];
    std::uint64_t h_[5] = {};
    std::uint8_t pad_[16];
};

class key_object final : public mediaseal::custom_cipher_key {
public:
    explicit key_object(bytes_view key) { std::memcpy(key_, key.data(), sizeof key_); }
    ~key_object() override { mediaseal::wipe(key_); }

    mediaseal_status seal(bytes_view nonce, bytes_view aad, mutable_bytes data, mutable_bytes tag) const override {
        add_key_stream(key_, nonce.data(), data);
        authenticate(nonce, aad, {data.data(), data.size()}, tag.data());
        return MEDIASEAL_OK;
    }

    mediaseal_status open(bytes_view nonce, bytes_view aad, mutable_bytes data, bytes_view tag) const override {
        std::uint8_t expected[16];
        authenticate(nonce, aad, {data.data(), data.size()}, expected);
        std::uint8_t difference = 0;
        for (std::size_t i = 0; i < sizeof expected; ++i) difference = static_cast<std::uint8_t>(difference | (expected[i] ^ tag[i]));
        if (difference != 0) return MEDIASEAL_ERR_AUTHENTICATION_FAILED;
        add_key_stream(key_, nonce.data(), data);
        return MEDIASEAL_OK;
    }

private:
    void authenticate(bytes_view nonce, bytes_view aad, bytes_view data, std::uint8_t* tag) const noexcept {
        std::uint8_t first[64];
        block(key_, nonce.data(), 0, first);
        poly1305 sum(first);
        sum.padded(aad);
        sum.padded(data);
        sum.lengths(aad.size(), data.size());
        sum.finish(tag);
        mediaseal::wipe(first);
    }

    std::uint8_t key_[32];
};

// RFC 8439 section 2.8.2.
inline constexpr std::array<std::uint8_t, 32> rfc_key = {0x80, 0x81, 0x82, 0x83, 0x84, 0x85, 0x86, 0x87, 0x88, 0x89, 0x8a,
                                                         0x8b, 0x8c, 0x8d, 0x8e, 0x8f, 0x90, 0x91, 0x92, 0x93, 0x94, 0x95,
                                                         0x96, 0x97, 0x98, 0x99, 0x9a, 0x9b, 0x9c, 0x9d, 0x9e, 0x9f};
inline constexpr std::array<std::uint8_t, 12> rfc_nonce = {0x07, 0, 0, 0, 0x40, 0x41, 0x42, 0x43, 0x44, 0x45, 0x46, 0x47};
inline constexpr std::array<std::uint8_t, 12> rfc_aad = {0x50, 0x51, 0x52, 0x53, 0xc0, 0xc1, 0xc2, 0xc3, 0xc4, 0xc5, 0xc6, 0xc7};
inline constexpr std::string_view rfc_plaintext =
    "Ladies and Gentlemen of the class of '99: If I could offer you only one tip for the future, sunscreen would be it.";
inline constexpr std::array<std::uint8_t, 114> rfc_ciphertext = {
    0xd3, 0x1a, 0x8d, 0x34, 0x64, 0x8e, 0x60, 0xdb, 0x7b, 0x86, 0xaf, 0xbc, 0x53, 0xef, 0x7e, 0xc2, 0xa4, 0xad, 0xed, 0x51, 0x29, 0x6e, 0x08,
    0xfe, 0xa9, 0xe2, 0xb5, 0xa7, 0x36, 0xee, 0x62, 0xd6, 0x3d, 0xbe, 0xa4, 0x5e, 0x8c, 0xa9, 0x67, 0x12, 0x82, 0xfa, 0xfb, 0x69, 0xda, 0x92,
    0x72, 0x8b, 0x1a, 0x71, 0xde, 0x0a, 0x9e, 0x06, 0x0b, 0x29, 0x05, 0xd6, 0xa5, 0xb6, 0x7e, 0xcd, 0x3b, 0x36, 0x92, 0xdd, 0xbd, 0x7f, 0x2d,
    0x77, 0x8b, 0x8c, 0x98, 0x03, 0xae, 0xe3, 0x28, 0x09, 0x1b, 0x58, 0xfa, 0xb3, 0x24, 0xe4, 0xfa, 0xd6, 0x75, 0x94, 0x55, 0x85, 0x80, 0x8b,
    0x48, 0x31, 0xd7, 0xbc, 0x3f, 0xf4, 0xde, 0xf0, 0x8e, 0x4b, 0x7a, 0x9d, 0xe5, 0x76, 0xd2, 0x65, 0x86, 0xce, 0xc6, 0x4b, 0x61, 0x16};
inline constexpr std::array<std::uint8_t, 16> rfc_tag = {0x1a, 0xe1, 0x0b, 0x59, 0x4f, 0x09, 0xe2, 0x6a,
                                                         0x7e, 0x90, 0x2e, 0xcb, 0xd0, 0x60, 0x06, 0x91};

// How many ciphers there are now.
inline std::atomic<int> alive{0};

class cipher : public mediaseal::custom_cipher {
public:
    cipher() { ++alive; }
    ~cipher() override { --alive; }

    mediaseal::cipher_params params() const override {
        mediaseal::cipher_params params;
        params.key_len = 32;
        params.nonce_len = 12;
        params.tag_len = 16;
        return params;
    }

    std::vector<mediaseal::known_answer> known_answers() const override {
        return {{rfc_key, rfc_nonce, rfc_aad, rfc_plaintext, rfc_ciphertext, rfc_tag}};
    }

    std::unique_ptr<mediaseal::custom_cipher_key> new_key(bytes_view key) const override { return std::make_unique<key_object>(key); }
};

}  // namespace chacha20_poly1305

#endif
