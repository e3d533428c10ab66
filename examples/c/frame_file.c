/*
 * Each frame in the file is its length in 4 octets, the first the highest, and then header, ciphertext and tag. Plaintexts and metadata are
 * made up the same on both sides.
 */
#include "frame_file.h"

#include <stdlib.h>
#include <string.h>

#include "try.h"

enum { KID = 0x1234, METADATA_LEN = 20, LONGEST = 100000, SEALED_MAX = LONGEST + MEDIASEAL_HEADROOM + MEDIASEAL_TAILROOM };

static const size_t lengths[FRAME_FILE_FRAMES] = { 0, 1, 15, 16, 17, 80, 160, 1000, 1200, 4096, 20000, LONGEST };

/* Writes plaintext `number` to `frame`, and to `info` the metadata that every second one has. */
static void make_frame(size_t number, uint8_t *frame, uint8_t metadata[METADATA_LEN], mediaseal_frame_info *info)
{
    for (size_t at = 0; at < lengths[number]; at++)
        frame[at] = (uint8_t)(31 * number + 7 * at + (at >> 8));
    memset(metadata, (int)(0x60 + number), METADATA_LEN);
    info->ssrc = 1;
    info->metadata = metadata;
    info->metadata_len = number % 2 == 0 ? 0 : METADATA_LEN;
}

bool frame_file_seal(const mediaseal_cipher *cipher, const uint8_t *key, size_t key_len, const char *path)
{
    bool is_written = false;
    mediaseal_key_store *store = NULL;
    mediaseal_encryptor *encryptor = NULL;
    uint8_t *frame = malloc(LONGEST), *sealed = malloc(SEALED_MAX);
    FILE *file = fopen(path, "wb");
    EXPECT(frame != NULL && sealed != NULL, "out of memory");
    EXPECT(file != NULL, "the file cannot be written");

    TRY(mediaseal_key_store_new(cipher, &store));
    TRY(mediaseal_key_store_add_send(store, key, key_len, KID, MEDIASEAL_ORIGIN_FRESH_KEY, NULL));
    TRY(mediaseal_key_store_activate(store, KID));
    TRY(mediaseal_encryptor_new(store, NULL, &encryptor));
    for (size_t number = 0; number < FRAME_FILE_FRAMES; number++) {
        mediaseal_frame_info info = MEDIASEAL_FRAME_INFO_INIT;
        uint8_t metadata[METADATA_LEN];
        make_frame(number, frame, metadata, &info);

        size_t len;
        TRY(mediaseal_encryptor_encrypt(encryptor, &info, frame, lengths[number], sealed, SEALED_MAX, &len));
        const uint8_t prefix[4] = { (uint8_t)(len >> 24), (uint8_t)(len >> 16), (uint8_t)(len >> 8), (uint8_t)len };
        EXPECT(fwrite(prefix, sizeof prefix, 1, file) == 1 && fwrite(sealed, len, 1, file) == 1, "the file cannot be written");
    }
    int closed = fclose(file);
    file = NULL;
    EXPECT(closed == 0, "the file cannot be written");
    is_written = true;
done:
    if (file != NULL)
        fclose(file);
    mediaseal_encryptor_free(encryptor);
    mediaseal_key_store_free(store);
    free(frame);
    free(sealed);
    return is_written;
}

bool frame_file_open(const mediaseal_cipher *cipher, const uint8_t *key, size_t key_len, const char *path)
{
    bool is_exact = false;
    mediaseal_key_store *store = NULL;
    mediaseal_decryptor *decryptor = NULL;
    uint8_t *frame = malloc(LONGEST), *sealed = malloc(SEALED_MAX), *opened = malloc(SEALED_MAX);
    FILE *file = fopen(path, "rb");
    EXPECT(frame != NULL && sealed != NULL && opened != NULL, "out of memory");
    EXPECT(file != NULL, "the file cannot be read");

    TRY(mediaseal_key_store_new(cipher, &store));
    TRY(mediaseal_key_store_add_receive(store, key, key_len, KID, (const uint8_t *)"peer", strlen("peer"), 0));
    TRY(mediaseal_decryptor_new(store, NULL, &decryptor));
    for (size_t number = 0; number < FRAME_FILE_FRAMES; number++) {
        mediaseal_frame_info info = MEDIASEAL_FRAME_INFO_INIT;
        uint8_t metadata[METADATA_LEN], prefix[4];
        make_frame(number, frame, metadata, &info);

        EXPECT(fread(prefix, sizeof prefix, 1, file) == 1, "the file ends too early");
        size_t len = (size_t)prefix[0] << 24 | (size_t)prefix[1] << 16 | (size_t)prefix[2] << 8 | prefix[3], opened_len;
        EXPECT(len > 0 && len <= SEALED_MAX && fread(sealed, len, 1, file) == 1, "the file is no file of sealed frames");

        sealed[len - 1] ^= 1;
        mediaseal_status altered = mediaseal_decryptor_decrypt(decryptor, &info, sealed, len, opened, SEALED_MAX, &opened_len, NULL);
        EXPECT(altered == MEDIASEAL_ERR_AUTHENTICATION_FAILED, "a frame with one bit altered was not refused for that");
        sealed[len - 1] ^= 1;
        TRY(mediaseal_decryptor_decrypt(decryptor, &info, sealed, len, opened, SEALED_MAX, &opened_len, NULL));
        EXPECT(opened_len == lengths[number] && memcmp(opened, frame, opened_len) == 0, "a frame came out altered");
    }
    EXPECT(fgetc(file) == EOF, "the file goes on behind its last frame");
    is_exact = true;
done:
    if (file != NULL)
        fclose(file);
    mediaseal_decryptor_free(decryptor);
    mediaseal_key_store_free(store);
    free(frame);
    free(sealed);
    free(opened);
    return is_exact;
}
