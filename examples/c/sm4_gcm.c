#include "sm4_gcm.h"

#include <gcrypt.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

enum { KEY_LEN = 16, NONCE_LEN = 12, TAG_LEN = 16, IDLE_MAX = 4 };

/*
 * One key serves many threads at once, and a libgcrypt handle serves one: it holds nonce and running tag. Opening a handle for each frame would double the
 * cost of an audio frame, a lock would make threads wait for each other. So handles that are done wait in slots, which are taken and refilled
 * by one atomic exchange; who finds none opens another.
 */
typedef struct {
    uint8_t octets[KEY_LEN];
    _Atomic(gcry_cipher_hd_t) idle[IDLE_MAX];
} sm4_key;

static gcry_cipher_hd_t take_handle(sm4_key *key)
{
    for (size_t slot = 0; slot < IDLE_MAX; slot++) {
        gcry_cipher_hd_t handle = atomic_exchange(&key->idle[slot], NULL);
        if (handle != NULL)
            return handle;
    }
    gcry_cipher_hd_t handle;
    if (gcry_cipher_open(&handle, GCRY_CIPHER_SM4, GCRY_CIPHER_MODE_GCM, 0) != 0)
        return NULL;
    if (gcry_cipher_setkey(handle, key->octets, KEY_LEN) != 0) {
        gcry_cipher_close(handle);
        return NULL;
    }
    return handle;
}

static void give_back(sm4_key *key, gcry_cipher_hd_t handle)
{
    for (size_t slot = 0; slot < IDLE_MAX; slot++) {
        gcry_cipher_hd_t empty = NULL;
        if (atomic_compare_exchange_strong(&key->idle[slot], &empty, handle))
            return;
    }
    gcry_cipher_close(handle); /* wipes it */
}

static void key_free(void *user_data, void *opaque)
{
    (void)user_data;
    sm4_key *key = opaque;
    for (size_t slot = 0; slot < IDLE_MAX; slot++)
        gcry_cipher_close(atomic_exchange(&key->idle[slot], NULL)); /* wipes it; NULL does nothing */
    /* Not mediaseal_wipe: the loadable cipher is not linked to mediaseal. A plain memset before free may be left out. */
    volatile uint8_t *octets = key->octets;
    for (size_t at = 0; at < KEY_LEN; at++)
        octets[at] = 0;
    free(key);
}

static mediaseal_status key_new(void *user_data, const uint8_t *octets, size_t len, void **out_key)
{
    sm4_key *key = malloc(sizeof *key);
    if (key == NULL)
        return MEDIASEAL_ERR_CIPHER_FAILED;
    memcpy(key->octets, octets, len); /* the library says `key_len` of the vtable, always */
    for (size_t slot = 0; slot < IDLE_MAX; slot++)
        atomic_init(&key->idle[slot], NULL);

    /* The first frame then finds a handle. */
    gcry_cipher_hd_t handle = take_handle(key);
    if (handle == NULL) {
        key_free(user_data, key);
        return MEDIASEAL_ERR_CIPHER_FAILED;
    }
    give_back(key, handle);
    *out_key = key;
    return MEDIASEAL_OK;
}

static mediaseal_status seal(void *user_data, const void *key, const uint8_t *nonce, size_t nonce_len, const uint8_t *aad, size_t aad_len,
                             uint8_t *data, size_t data_len, uint8_t *tag, size_t tag_len)
{
    (void)user_data;
    sm4_key *sm4 = (sm4_key *)key; /* only its slots change */
    gcry_cipher_hd_t handle = take_handle(sm4);
    if (handle == NULL)
        return MEDIASEAL_ERR_CIPHER_FAILED;
    gcry_error_t error = gcry_cipher_setiv(handle, nonce, nonce_len);
    if (error == 0)
        error = gcry_cipher_authenticate(handle, aad, aad_len);
    if (error == 0)
        error = gcry_cipher_encrypt(handle, data, data_len, NULL, 0);
    if (error == 0)
        error = gcry_cipher_gettag(handle, tag, tag_len);
    give_back(sm4, handle);
    return error == 0 ? MEDIASEAL_OK : MEDIASEAL_ERR_CIPHER_FAILED;
}

static mediaseal_status open(void *user_data, const void *key, const uint8_t *nonce, size_t nonce_len, const uint8_t *aad, size_t aad_len,
                             uint8_t *data, size_t data_len, const uint8_t *tag, size_t tag_len)
{
    (void)user_data;
    sm4_key *sm4 = (sm4_key *)key;
    gcry_cipher_hd_t handle = take_handle(sm4);
    if (handle == NULL)
        return MEDIASEAL_ERR_CIPHER_FAILED;
    gcry_error_t error = gcry_cipher_setiv(handle, nonce, nonce_len);
    if (error == 0)
        error = gcry_cipher_authenticate(handle, aad, aad_len);
    if (error == 0)
        error = gcry_cipher_decrypt(handle, data, data_len, NULL, 0);
    if (error == 0)
        error = gcry_cipher_checktag(handle, tag, tag_len); /* in constant time */
    give_back(sm4, handle);
    if (error == 0)
        return MEDIASEAL_OK;
    /* The library zeroes `data`. */
    return gcry_err_code(error) == GPG_ERR_CHECKSUM ? MEDIASEAL_ERR_AUTHENTICATION_FAILED : MEDIASEAL_ERR_CIPHER_FAILED;
}

/* RFC 8998, appendix A.1. */
static const uint8_t answer_key[KEY_LEN] = { 0x01, 0x23, 0x45, 0x67, 0x89, 0xAB, 0xCD, 0xEF, 0xFE, 0xDC, 0xBA, 0x98, 0x76, 0x54, 0x32, 0x10 };
static const uint8_t answer_nonce[NONCE_LEN] = { 0x00, 0x00, 0x12, 0x34, 0x56, 0x78, 0x00, 0x00, 0x00, 0x00, 0xAB, 0xCD };
static const uint8_t answer_aad[20] = { 0xFE, 0xED, 0xFA, 0xCE, 0xDE, 0xAD, 0xBE, 0xEF, 0xFE, 0xED,
                                        0xFA, 0xCE, 0xDE, 0xAD, 0xBE, 0xEF, 0xAB, 0xAD, 0xDA, 0xD2 };
static const uint8_t answer_plaintext[64] = {
    0xAA, 0xAA, 0xAA, 0xAA, 0xAA, 0xAA, 0xAA, 0xAA, 0xBB, 0xBB, 0xBB, 0xBB, 0xBB, 0xBB, 0xBB, 0xBB, 0xCC, 0xCC, 0xCC, 0xCC, 0xCC, 0xCC,
    0xCC, 0xCC, 0xDD, 0xDD, 0xDD, 0xDD, 0xDD, 0xDD, 0xDD, 0xDD, 0xEE, 0xEE, 0xEE, 0xEE, 0xEE, 0xEE, 0xEE, 0xEE, 0xFF, 0xFF, 0xFF, 0xFF,
    0xFF, 0xFF, 0xFF, 0xFF, 0xEE, 0xEE, 0xEE, 0xEE, 0xEE, 0xEE, 0xEE, 0xEE, 0xAA, 0xAA, 0xAA, 0xAA, 0xAA, 0xAA, 0xAA, 0xAA,
};
static const uint8_t answer_ciphertext[64] = {
    0x17, 0xF3, 0x99, 0xF0, 0x8C, 0x67, 0xD5, 0xEE, 0x19, 0xD0, 0xDC, 0x99, 0x69, 0xC4, 0xBB, 0x7D, 0x5F, 0xD4, 0x6F, 0xD3, 0x75, 0x64,
    0x89, 0x06, 0x91, 0x57, 0xB2, 0x82, 0xBB, 0x20, 0x07, 0x35, 0xD8, 0x27, 0x10, 0xCA, 0x5C, 0x22, 0xF0, 0xCC, 0xFA, 0x7C, 0xBF, 0x93,
    0xD4, 0x96, 0xAC, 0x15, 0xA5, 0x68, 0x34, 0xCB, 0xCF, 0x98, 0xC3, 0x97, 0xB4, 0x02, 0x4A, 0x26, 0x91, 0x23, 0x3B, 0x8D,
};
static const uint8_t answer_tag[TAG_LEN] = { 0x83, 0xDE, 0x35, 0x41, 0xE4, 0xC2, 0xB5, 0x81, 0x77, 0xE0, 0x65, 0xA9, 0xBF, 0x7B, 0x62, 0xEC };

static const mediaseal_known_answer answers[] = { {
    .key = answer_key,
    .nonce = answer_nonce,
    .aad = answer_aad,
    .aad_len = sizeof answer_aad,
    .plaintext = answer_plaintext,
    .ciphertext = answer_ciphertext,
    .data_len = sizeof answer_plaintext,
    .tag = answer_tag,
} };

/* Number, lengths and hash are those of examples/sm4_gcm/mod.rs: each opens what the other seals. */
static const mediaseal_cipher_vtable vtable = {
    .struct_size = sizeof vtable,
    .suite = 0xF001,
    .key_len = KEY_LEN,
    .nonce_len = NONCE_LEN,
    .tag_len = TAG_LEN,
    .hash = MEDIASEAL_HASH_SM3,
    .cost = MEDIASEAL_COST_SLOW,
    .known_answers = answers,
    .known_answers_count = sizeof answers / sizeof answers[0],
    .key_new = key_new,
    .key_free = key_free,
    .seal = seal,
    .open = open,
};

const mediaseal_cipher_vtable *sm4_gcm_vtable(void)
{
    if (!gcry_control(GCRYCTL_INITIALIZATION_FINISHED_P)) {
        if (gcry_check_version(GCRYPT_VERSION) == NULL)
            return NULL;
        gcry_control(GCRYCTL_DISABLE_SECMEM, 0);
        gcry_control(GCRYCTL_INITIALIZATION_FINISHED, 0);
    }
    return gcry_cipher_test_algo(GCRY_CIPHER_SM4) == 0 ? &vtable : NULL;
}
