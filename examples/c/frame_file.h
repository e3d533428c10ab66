/* Sealed frames in a file, so that custom_cipher.c and its counterpart in Rust (tests/peers/examples/sm4_frames.rs) can show that each opens what the other seals. */
#ifndef FRAME_FILE_H
#define FRAME_FILE_H

#include <mediaseal.h>
#include <stdbool.h>

/* How many frames a file holds. */
enum { FRAME_FILE_FRAMES = 12 };

/*
 * Seals the test frames with `cipher` and a base key into the file at `path`. Both are borrowed.
 *
 * `key` has sealed nothing before and seals this file alone. Tells on stderr what went wrong.
 */
bool frame_file_seal(const mediaseal_cipher *cipher, const uint8_t *key, size_t key_len, const char *path);

/* Opens such a file, whoever wrote it. True if every frame is the test frame bit by bit, and with one bit altered was refused. */
bool frame_file_open(const mediaseal_cipher *cipher, const uint8_t *key, size_t key_len, const char *path);

#endif
