/* A program of somebody else, who has mediaseal as a package: it seals a frame and opens it again. */

#include <stdio.h>
#include <string.h>

#include <mediaseal.h>

static int failures;

static void expect(mediaseal_status status, mediaseal_status wanted, const char *call)
{
    if (status != wanted) {
        fprintf(stderr, "%s: %s\n", call, mediaseal_status_name(status));
        failures++;
    }
}

int main(void)
{
    static const uint8_t channel_name[] = "standup";
    static const uint8_t alice[] = "alice";
    static const uint8_t frame[] = "an encoded frame";
    uint8_t key[MEDIASEAL_KEY_LEN];
    uint8_t sealed[sizeof frame + MEDIASEAL_HEADROOM + MEDIASEAL_TAILROOM];
    uint8_t opened[sizeof sealed];
    size_t len = 0;
    size_t sealed_len = 0;

    if (mediaseal_abi_version() != MEDIASEAL_ABI_VERSION) {
        fputs("header and library are of different interfaces\n", stderr);
        return 1;
    }
    expect(mediaseal_key_generate(key, sizeof key, &len), MEDIASEAL_OK, "key_generate");

    mediaseal_channel_store *stores[2] = { NULL, NULL };
    mediaseal_channel *channels[2] = { NULL, NULL };
    for (int member = 0; member < 2; member++) {
        mediaseal_channel_config config = MEDIASEAL_CHANNEL_CONFIG_INIT;
        mediaseal_generation generation = MEDIASEAL_GENERATION_INIT;
        config.id = channel_name;
        config.id_len = sizeof channel_name - 1;
        generation.number = 1;
        generation.key = key;
        generation.key_len = sizeof key;
        expect(mediaseal_channel_store_new(&stores[member]), MEDIASEAL_OK, "channel_store_new");
        expect(mediaseal_channel_open(stores[member], &config, &channels[member]), MEDIASEAL_OK, "channel_open");
        expect(mediaseal_channel_stage(channels[member], &generation), MEDIASEAL_OK, "channel_stage");
    }
    expect(mediaseal_wipe(key, sizeof key), MEDIASEAL_OK, "wipe");
    expect(mediaseal_channel_activate(channels[0], 1), MEDIASEAL_OK, "channel_activate");

    mediaseal_encryptor_config sending = MEDIASEAL_ENCRYPTOR_CONFIG_INIT;
    mediaseal_encryptor *encryptor = NULL;
    sending.sender = alice;
    sending.sender_len = sizeof alice - 1;
    sending.media = MEDIASEAL_MEDIA_VIDEO;
    expect(mediaseal_encryptor_new_for_channel(channels[0], &sending, &encryptor), MEDIASEAL_OK, "encryptor_new_for_channel");
    expect(mediaseal_encryptor_encrypt(encryptor, NULL, frame, sizeof frame, sealed, sizeof sealed, &sealed_len), MEDIASEAL_OK, "encrypt");

    mediaseal_expected expected = { alice, sizeof alice - 1, MEDIASEAL_MEDIA_VIDEO, 0 };
    mediaseal_decryptor_config receiving = MEDIASEAL_DECRYPTOR_CONFIG_INIT;
    mediaseal_decryptor *decryptor = NULL;
    receiving.expected = &expected;
    receiving.expected_count = 1;
    expect(mediaseal_decryptor_new_for_channel(channels[1], &receiving, &decryptor), MEDIASEAL_OK, "decryptor_new_for_channel");
    expect(mediaseal_decryptor_decrypt(decryptor, NULL, sealed, sealed_len, opened, sizeof opened, &len, NULL), MEDIASEAL_OK, "decrypt");
    if (len != sizeof frame || memcmp(opened, frame, sizeof frame) != 0) {
        fputs("the opened frame is another one\n", stderr);
        failures++;
    }
    expect(mediaseal_decryptor_decrypt(decryptor, NULL, sealed, sealed_len, opened, sizeof opened, &len, NULL), MEDIASEAL_ERR_DUPLICATE,
        "decrypt, once more");

    mediaseal_encryptor_free(encryptor);
    mediaseal_decryptor_free(decryptor);
    for (int member = 0; member < 2; member++) {
        mediaseal_channel_free(channels[member]);
        mediaseal_channel_store_free(stores[member]);
    }
    if (failures == 0) {
        printf("mediaseal %s: frame opened\n", mediaseal_version());
    }
    return failures == 0 ? 0 : 1;
}
