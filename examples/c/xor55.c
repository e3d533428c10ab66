#include "xor55.h"

#include <string.h>

enum { TAG_LEN = 16, MASK = 0x55 };

static mediaseal_status key_new(void *user_data, const uint8_t *octets, size_t len, void **out_key)
{
    static char no_key; /* the sample has none */
    (void)user_data, (void)octets, (void)len;
    *out_key = &no_key;
    return MEDIASEAL_OK;
}

static void key_free(void *user_data, void *key)
{
    (void)user_data, (void)key;
}

static void mask(uint8_t *data, size_t len)
{
    for (size_t at = 0; at < len; at++)
        data[at] ^= MASK;
}

static mediaseal_status seal(void *user_data, const void *key, const uint8_t *nonce, size_t nonce_len, const uint8_t *aad, size_t aad_len,
                             uint8_t *data, size_t data_len, uint8_t *tag, size_t tag_len)
{
    (void)user_data, (void)key, (void)nonce, (void)nonce_len, (void)aad, (void)aad_len;
    mask(data, data_len);
    memset(tag, MASK, tag_len);
    return MEDIASEAL_OK;
}

static mediaseal_status open(void *user_data, const void *key, const uint8_t *nonce, size_t nonce_len, const uint8_t *aad, size_t aad_len,
                             uint8_t *data, size_t data_len, const uint8_t *tag, size_t tag_len)
{
    (void)user_data, (void)key, (void)nonce, (void)nonce_len, (void)aad, (void)aad_len, (void)tag, (void)tag_len;
    mask(data, data_len);
    return MEDIASEAL_OK;
}

/* Its author's word. */
static const uint8_t answer_zeros[16] = { 0 };
static const uint8_t answer_plaintext[] = { 0x00, 0x01, 0x02 };
static const uint8_t answer_ciphertext[] = { 0x55, 0x54, 0x57 };
static const uint8_t answer_tag[TAG_LEN] = { MASK, MASK, MASK, MASK, MASK, MASK, MASK, MASK, MASK, MASK, MASK, MASK, MASK, MASK, MASK, MASK };
static const mediaseal_known_answer answer = {
    .key = answer_zeros,
    .nonce = answer_zeros,
    .plaintext = answer_plaintext,
    .ciphertext = answer_ciphertext,
    .data_len = sizeof answer_plaintext,
    .tag = answer_tag,
};

static const mediaseal_cipher_vtable vtable = {
    .struct_size = sizeof vtable,
    .suite = 0xF0BD,
    .key_len = 16,
    .nonce_len = 12,
    .tag_len = TAG_LEN,
    .hash = MEDIASEAL_HASH_SHA256,
    .known_answers = &answer,
    .known_answers_count = 1,
    .key_new = key_new,
    .key_free = key_free,
    .seal = seal,
    .open = open,
};

const mediaseal_cipher_vtable *xor55_vtable(void)
{
    return &vtable;
}
