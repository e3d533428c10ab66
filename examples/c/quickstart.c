/* The least: two members of a channel, one frame there and back, and a replay refused. README.md has the command line. */
#include <mediaseal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "try.h"

/* What one member has: both would be on a device of their own. */
typedef struct {
    mediaseal_channel_store *store;
    mediaseal_channel *channel;
} member;

static bool join(member *member, const uint8_t *key, size_t key_len)
{
    bool is_joined = false;
    mediaseal_channel_config config = MEDIASEAL_CHANNEL_CONFIG_INIT;
    mediaseal_generation generation = MEDIASEAL_GENERATION_INIT;

    config.id = (const uint8_t *)"standup";
    config.id_len = strlen("standup");
    config.flags = MEDIASEAL_CHANNEL_CLOCK;
    generation.number = 1;
    generation.key = key;
    generation.key_len = key_len;

    TRY(mediaseal_channel_store_new(&member->store));
    TRY(mediaseal_channel_open(member->store, &config, &member->channel));
    TRY(mediaseal_channel_stage(member->channel, &generation));
    TRY(mediaseal_channel_store_tick(member->store, (uint64_t)time(NULL))); /* in an application a timer's work */
    TRY(mediaseal_channel_activate(member->channel, 1));
    is_joined = true;
done:
    return is_joined;
}

int main(void)
{
    int exit_code = EXIT_FAILURE;
    member alice = { NULL, NULL }, bob = { NULL, NULL };
    mediaseal_encryptor *encryptor = NULL;
    mediaseal_decryptor *decryptor = NULL;

    /* The customer's key, which the application brings to every member. */
    uint8_t key[MEDIASEAL_KEY_LEN];
    size_t key_len;
    TRY(mediaseal_key_generate(key, sizeof key, &key_len));
    if (!join(&alice, key, key_len) || !join(&bob, key, key_len))
        goto done;

    mediaseal_encryptor_config sending = MEDIASEAL_ENCRYPTOR_CONFIG_INIT;
    sending.sender = (const uint8_t *)"alice";
    sending.sender_len = strlen("alice");
    sending.media = MEDIASEAL_MEDIA_VIDEO;
    TRY(mediaseal_encryptor_new_for_channel(alice.channel, &sending, &encryptor));

    mediaseal_expected from_alice = { sending.sender, sending.sender_len, MEDIASEAL_MEDIA_VIDEO, 0 };
    mediaseal_decryptor_config receiving = MEDIASEAL_DECRYPTOR_CONFIG_INIT;
    receiving.expected = &from_alice;
    receiving.expected_count = 1;
    TRY(mediaseal_decryptor_new_for_channel(bob.channel, &receiving, &decryptor));

    const uint8_t frame[] = "one encoded frame, as the encoder made it";
    uint8_t sealed[sizeof frame + MEDIASEAL_HEADROOM + MEDIASEAL_TAILROOM], opened[sizeof sealed];
    size_t sealed_len, opened_len;
    TRY(mediaseal_encryptor_encrypt(encryptor, NULL, frame, sizeof frame, sealed, sizeof sealed, &sealed_len));
    TRY(mediaseal_decryptor_decrypt(decryptor, NULL, sealed, sealed_len, opened, sizeof opened, &opened_len, NULL));
    EXPECT(opened_len == sizeof frame && memcmp(opened, frame, sizeof frame) == 0, "the frame came back altered");

    mediaseal_status again = mediaseal_decryptor_decrypt(decryptor, NULL, sealed, sealed_len, opened, sizeof opened, &opened_len, NULL);
    EXPECT(mediaseal_status_class(again) == MEDIASEAL_CLASS_DROP_THE_PACKET, "a frame opened twice");
    printf("quickstart: %zu octets became %zu and came back; a second time: %s: %s\n", sizeof frame, sealed_len,
           mediaseal_status_name(again), mediaseal_status_text(again));
    exit_code = EXIT_SUCCESS;
done:
    mediaseal_wipe(key, sizeof key);
    mediaseal_encryptor_free(encryptor);
    mediaseal_decryptor_free(decryptor);
    mediaseal_channel_free(alice.channel);
    mediaseal_channel_free(bob.channel);
    mediaseal_channel_store_free(alice.store);
    mediaseal_channel_store_free(bob.store);
    return exit_code;
}
