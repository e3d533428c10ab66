/*
 * Brings a cipher of one's own: SM4-GCM is accepted and carries a frame; a sample that only XORs is refused, with the property that it lacks.
 *
 * To write your own, start from sm4_gcm.c. README.md has the command line.
 */
#include <mediaseal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "frame_file.h"
#include "sm4_gcm.h"
#include "try.h"
#include "xor55.h"

static const char usage[] =
    "Encrypts with a cipher that the program brings itself.\n"
    "\n"
    "usage: custom_cipher [OPTIONS]\n"
    "\n"
    "  --library PATH   take the cipher from a shared library in place of this program's SM4-GCM;\n"
    "                   its code is run, so name only files that you trust\n"
    "  --key HEX        base key for --seal and --open, 32 to 128 hexadecimal digits, for one file;\n"
    "                   for tests: others on this machine can read a command line\n"
    "  --seal FILE      seal test frames into FILE\n"
    "  --open FILE      open such a file, from this program or from its counterpart in Rust\n"
    "  -h, --help       print this\n";

typedef struct {
    const char *library, *key, *seal, *open;
    bool is_help;
} options;

/* Reads the command line; false if it is not good. */
static bool parse(int argc, char **argv, options *options)
{
    for (int at = 1; at < argc; at++) {
        const char **value = strcmp(argv[at], "--library") == 0 ? &options->library
                             : strcmp(argv[at], "--key") == 0   ? &options->key
                             : strcmp(argv[at], "--seal") == 0  ? &options->seal
                             : strcmp(argv[at], "--open") == 0  ? &options->open
                                                                : NULL;
        if (strcmp(argv[at], "-h") == 0 || strcmp(argv[at], "--help") == 0)
            options->is_help = true;
        else if (value == NULL || ++at == argc)
            return false;
        else
            *value = argv[at];
    }
    bool has_file = options->seal != NULL || options->open != NULL;
    return options->is_help || (has_file == (options->key != NULL) && (options->seal == NULL || options->open == NULL));
}

/* Makes the cipher that the options name; tells which property is missing if it is refused. */
static mediaseal_status make_cipher(const char *library, mediaseal_cipher **out_cipher)
{
    mediaseal_refusal refusal = MEDIASEAL_REFUSAL_INIT;
    mediaseal_status status = library != NULL ? mediaseal_cipher_load(library, 0, &refusal, out_cipher)
                                              : mediaseal_cipher_register(sm4_gcm_vtable(), 0, &refusal, out_cipher);
    if (status == MEDIASEAL_ERR_CIPHER_REFUSED)
        fprintf(stderr, "refused for %s: %s\n", refusal.property, refusal.text);
    return status;
}

/* Carries a frame from one store to another. From here on the cipher is used like a built-in one. */
static bool carry_a_frame(const mediaseal_cipher *cipher)
{
    bool is_carried = false;
    mediaseal_key_store *alice = NULL, *bob = NULL;
    mediaseal_encryptor *encryptor = NULL;
    mediaseal_decryptor *decryptor = NULL;
    const uint64_t kid = 0;

    uint8_t key[MEDIASEAL_KEY_LEN];
    size_t key_len;
    TRY(mediaseal_key_generate(key, sizeof key, &key_len));
    TRY(mediaseal_key_store_new(cipher, &alice));
    TRY(mediaseal_key_store_add_send(alice, key, key_len, kid, MEDIASEAL_ORIGIN_FRESH_KEY, NULL));
    TRY(mediaseal_key_store_activate(alice, kid));
    TRY(mediaseal_key_store_new(cipher, &bob));
    TRY(mediaseal_key_store_add_receive(bob, key, key_len, kid, (const uint8_t *)"alice", strlen("alice"), 0));
    TRY(mediaseal_encryptor_new(alice, NULL, &encryptor));
    TRY(mediaseal_decryptor_new(bob, NULL, &decryptor));

    const uint8_t frame[] = "one encoded frame";
    uint8_t sealed[sizeof frame + MEDIASEAL_HEADROOM + MEDIASEAL_TAILROOM], opened[sizeof sealed];
    size_t sealed_len, opened_len;
    TRY(mediaseal_encryptor_encrypt(encryptor, NULL, frame, sizeof frame, sealed, sizeof sealed, &sealed_len));
    TRY(mediaseal_decryptor_decrypt(decryptor, NULL, sealed, sealed_len, opened, sizeof opened, &opened_len, NULL));
    EXPECT(opened_len == sizeof frame && memcmp(opened, frame, sizeof frame) == 0, "the frame came back altered");
    fprintf(stderr, "a frame of %zu octets became %zu and came back\n", sizeof frame, sealed_len);
    is_carried = true;
done:
    mediaseal_wipe(key, sizeof key);
    mediaseal_encryptor_free(encryptor);
    mediaseal_decryptor_free(decryptor);
    mediaseal_key_store_free(alice);
    mediaseal_key_store_free(bob);
    return is_carried;
}

/* Offers the XOR sample, which must be refused, and writes why to `out_refusal`. */
static bool refuse_the_sample(mediaseal_refusal *out_refusal)
{
    mediaseal_cipher *cipher = NULL;
    mediaseal_status status = mediaseal_cipher_register(xor55_vtable(), 0, out_refusal, &cipher);
    mediaseal_cipher_free(cipher);
    if (status != MEDIASEAL_ERR_CIPHER_REFUSED)
        fprintf(stderr, "the XOR sample was not refused: %s\n", mediaseal_status_name(status));
    return status == MEDIASEAL_ERR_CIPHER_REFUSED;
}

int main(int argc, char **argv)
{
    int exit_code = EXIT_FAILURE;
    mediaseal_cipher *cipher = NULL;
    uint8_t key[MEDIASEAL_KEY_MAX_LEN];
    size_t key_len = 0;

    options options = { NULL, NULL, NULL, NULL, false };
    if (!parse(argc, argv, &options)) {
        fputs(usage, stderr);
        return 2;
    }
    if (options.is_help) {
        fputs(usage, stdout);
        return EXIT_SUCCESS;
    }
    if (options.key != NULL)
        TRY(mediaseal_key_from_hex(options.key, key, sizeof key, &key_len));

    TRY(make_cipher(options.library, &cipher));
    mediaseal_cipher_params params = MEDIASEAL_CIPHER_PARAMS_INIT;
    TRY(mediaseal_cipher_describe(cipher, &params));
    fprintf(stderr, "the cipher is accepted as suite 0x%04X: key %u, nonce %u, tag %u octets\n", (unsigned)params.suite,
            (unsigned)params.key_len, (unsigned)params.nonce_len, (unsigned)params.tag_len);

    if (options.seal != NULL) {
        if (!frame_file_seal(cipher, key, key_len, options.seal))
            goto done;
        printf("custom_cipher: %d frames sealed\n", FRAME_FILE_FRAMES);
    } else if (options.open != NULL) {
        if (!frame_file_open(cipher, key, key_len, options.open))
            goto done;
        printf("custom_cipher: %d frames bit-exact, each refused with one bit altered\n", FRAME_FILE_FRAMES);
    } else {
        mediaseal_refusal refusal = MEDIASEAL_REFUSAL_INIT;
        if (!carry_a_frame(cipher) || !refuse_the_sample(&refusal))
            goto done;
        printf("custom_cipher: suite 0x%04X carried a frame; XOR 0x55 refused for %s: %s\n", (unsigned)params.suite, refusal.property,
               refusal.text);
    }
    exit_code = EXIT_SUCCESS;
done:
    mediaseal_wipe(key, sizeof key);
    mediaseal_cipher_free(cipher);
    return exit_code;
}
