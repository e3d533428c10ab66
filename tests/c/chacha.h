/* ChaCha20-Poly1305 (RFC 8439): an honest custom cipher for the tests, plain and slow. */
#ifndef CHACHA_H
#define CHACHA_H

#include <stdint.h>
#include <string.h>

static uint32_t load32(const uint8_t *at)
{
    return (uint32_t)at[0] | (uint32_t)at[1] << 8 | (uint32_t)at[2] << 16 | (uint32_t)at[3] << 24;
}

static void store32(uint8_t *at, uint32_t value)
{
    for (int octet = 0; octet < 4; octet++)
        at[octet] = (uint8_t)(value >> (8 * octet));
}

#define ROTATE(x, n) ((x) << (n) | (x) >> (32 - (n)))
#define QUARTER(a, b, c, d)                                                                       \
    a += b, d = ROTATE(d ^ a, 16), c += d, b = ROTATE(b ^ c, 12), a += b, d = ROTATE(d ^ a, 8),   \
        c += d, b = ROTATE(b ^ c, 7)

/* RFC 8439 section 2.3 */
static void chacha_block(const uint8_t key[32], uint32_t counter, const uint8_t nonce[12], uint8_t out[64])
{
    uint32_t start[16] = {0x61707865, 0x3320646e, 0x79622d32, 0x6b206574}, x[16];
    for (int word = 0; word < 8; word++)
        start[4 + word] = load32(key + 4 * word);
    start[12] = counter;
    for (int word = 0; word < 3; word++)
        start[13 + word] = load32(nonce + 4 * word);
    memcpy(x, start, sizeof x);
    for (int round = 0; round < 10; round++) {
        for (int i = 0; i < 4; i++)
            QUARTER(x[i], x[4 + i], x[8 + i], x[12 + i]);
        for (int i = 0; i < 4; i++)
            QUARTER(x[i], x[4 + (i + 1) % 4], x[8 + (i + 2) % 4], x[12 + (i + 3) % 4]);
    }
    for (int word = 0; word < 16; word++)
        store32(out + 4 * word, x[word] + start[word]);
}

static void chacha_xor(const uint8_t key[32], const uint8_t nonce[12], uint8_t *data, size_t len)
{
    uint8_t stream[64];
    for (size_t at = 0; at < len; at++) {
        if (at % 64 == 0)
            chacha_block(key, (uint32_t)(at / 64 + 1), nonce, stream);
        data[at] ^= stream[at % 64];
    }
}

/* Poly1305 of RFC 8439 section 2.5, in limbs of 26 bits. */
struct poly {
    uint32_t r[5], h[5];
    uint8_t pad[16];
};

static void poly_begin(struct poly *poly, const uint8_t key[32])
{
    memset(poly, 0, sizeof *poly);
    poly->r[0] = load32(key) & 0x3ffffff;
    poly->r[1] = load32(key + 3) >> 2 & 0x3ffff03;
    poly->r[2] = load32(key + 6) >> 4 & 0x3ffc0ff;
    poly->r[3] = load32(key + 9) >> 6 & 0x3f03fff;
    poly->r[4] = load32(key + 12) >> 8 & 0x00fffff;
    memcpy(poly->pad, key + 16, 16);
}

/* Takes 16 octets. */
static void poly_block(struct poly *poly, const uint8_t block[16])
{
    uint32_t *h = poly->h;
    const uint32_t *r = poly->r;
    uint64_t d[5], carry = 0;
    h[0] += load32(block) & 0x3ffffff;
    h[1] += load32(block + 3) >> 2 & 0x3ffffff;
    h[2] += load32(block + 6) >> 4 & 0x3ffffff;
    h[3] += load32(block + 9) >> 6 & 0x3ffffff;
    h[4] += load32(block + 12) >> 8 | 1 << 24;
    for (int i = 0; i < 5; i++) {
        d[i] = 0;
        for (int j = 0; j < 5; j++)
            d[i] += (uint64_t)h[j] * (j <= i ? r[i - j] : 5 * (uint64_t)r[5 + i - j]);
    }
    for (int i = 0; i < 5; i++) {
        d[i] += carry;
        h[i] = (uint32_t)d[i] & 0x3ffffff;
        carry = d[i] >> 26;
    }
    h[0] += (uint32_t)carry * 5;
    h[1] += h[0] >> 26;
    h[0] &= 0x3ffffff;
}

/* Takes octets, and zeros up to a multiple of 16. */
static void poly_padded(struct poly *poly, const uint8_t *octets, size_t len)
{
    for (size_t at = 0; at < len; at += 16) {
        uint8_t block[16] = {0};
        memcpy(block, octets + at, len - at < 16 ? len - at : 16);
        poly_block(poly, block);
    }
}

static void poly_end(struct poly *poly, uint8_t tag[16])
{
    uint32_t *h = poly->h, g[5], carry = 0;
    for (int pass = 0; pass < 2; pass++) {
        for (int i = 0; i < 5; i++) {
            h[i] += carry;
            carry = h[i] >> 26;
            h[i] &= 0x3ffffff;
        }
        carry *= 5;
    }
    h[0] += carry;
    carry = 5;
    for (int i = 0; i < 5; i++) {
        g[i] = h[i] + carry;
        carry = g[i] >> 26;
        g[i] &= 0x3ffffff;
    }
    uint32_t keep = carry - 1; /* all ones if h is below 2^130 - 5 */
    for (int i = 0; i < 5; i++)
        h[i] = (h[i] & keep) | (g[i] & ~keep);
    uint32_t words[4] = {h[0] | h[1] << 26, h[1] >> 6 | h[2] << 20, h[2] >> 12 | h[3] << 14, h[3] >> 18 | h[4] << 8};
    uint64_t sum = 0;
    for (int word = 0; word < 4; word++) {
        sum += (uint64_t)words[word] + load32(poly->pad + 4 * word);
        store32(tag + 4 * word, (uint32_t)sum);
        sum >>= 32;
    }
}

/* RFC 8439 section 2.8 */
static void chacha_tag(const uint8_t key[32], const uint8_t nonce[12], const uint8_t *aad, size_t aad_len, const uint8_t *data,
                       size_t data_len, uint8_t tag[16])
{
    uint8_t first[64], lengths[16] = {0};
    struct poly poly;
    chacha_block(key, 0, nonce, first);
    poly_begin(&poly, first);
    poly_padded(&poly, aad, aad_len);
    poly_padded(&poly, data, data_len);
    for (int octet = 0; octet < 8; octet++) {
        lengths[octet] = (uint8_t)((uint64_t)aad_len >> (8 * octet));
        lengths[8 + octet] = (uint8_t)((uint64_t)data_len >> (8 * octet));
    }
    poly_block(&poly, lengths);
    poly_end(&poly, tag);
}

/* RFC 8439 section 2.8.2 */
static const uint8_t CHACHA_KEY[32] = {0x80, 0x81, 0x82, 0x83, 0x84, 0x85, 0x86, 0x87, 0x88, 0x89, 0x8a, 0x8b, 0x8c, 0x8d, 0x8e, 0x8f,
                                       0x90, 0x91, 0x92, 0x93, 0x94, 0x95, 0x96, 0x97, 0x98, 0x99, 0x9a, 0x9b, 0x9c, 0x9d, 0x9e, 0x9f};
static const uint8_t CHACHA_NONCE[12] = {7, 0, 0, 0, 0x40, 0x41, 0x42, 0x43, 0x44, 0x45, 0x46, 0x47};
static const uint8_t CHACHA_AAD[12] = {0x50, 0x51, 0x52, 0x53, 0xc0, 0xc1, 0xc2, 0xc3, 0xc4, 0xc5, 0xc6, 0xc7};
static const char CHACHA_PLAINTEXT[] = "Ladies and Gentlemen of the class of '99: If I could offer you only one tip for the future, "
                                       "sunscreen would be it.";
static const uint8_t CHACHA_CIPHERTEXT[114] = {
    0xd3, 0x1a, 0x8d, 0x34, 0x64, 0x8e, 0x60, 0xdb, 0x7b, 0x86, 0xaf, 0xbc, 0x53, 0xef, 0x7e, 0xc2, 0xa4, 0xad, 0xed, 0x51, 0x29, 0x6e, 0x08,
    0xfe, 0xa9, 0xe2, 0xb5, 0xa7, 0x36, 0xee, 0x62, 0xd6, 0x3d, 0xbe, 0xa4, 0x5e, 0x8c, 0xa9, 0x67, 0x12, 0x82, 0xfa, 0xfb, 0x69, 0xda, 0x92,
    0x72, 0x8b, 0x1a, 0x71, 0xde, 0x0a, 0x9e, 0x06, 0x0b, 0x29, 0x05, 0xd6, 0xa5, 0xb6, 0x7e, 0xcd, 0x3b, 0x36, 0x92, 0xdd, 0xbd, 0x7f, 0x2d,
    0x77, 0x8b, 0x8c, 0x98, 0x03, 0xae, 0xe3, 0x28, 0x09, 0x1b, 0x58, 0xfa, 0xb3, 0x24, 0xe4, 0xfa, 0xd6, 0x75, 0x94, 0x55, 0x85, 0x80, 0x8b,
    0x48, 0x31, 0xd7, 0xbc, 0x3f, 0xf4, 0xde, 0xf0, 0x8e, 0x4b, 0x7a, 0x9d, 0xe5, 0x76, 0xd2, 0x65, 0x86, 0xce, 0xc6, 0x4b, 0x61, 0x16};
static const uint8_t CHACHA_TAG[16] = {0x1a, 0xe1, 0x0b, 0x59, 0x4f, 0x09, 0xe2, 0x6a, 0x7e, 0x90, 0x2e, 0xcb, 0xd0, 0x60, 0x06, 0x91};

#endif
