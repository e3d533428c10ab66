/* What the C tests share: checks that count, and objects ready to use. Each program includes it once. */
#ifndef CHECK_H
#define CHECK_H

#include <mediaseal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static atomic_ulong checks;

/* Ends the program unless `condition` holds. */
#define CHECK(condition)                                                                          \
    do {                                                                                          \
        checks++;                                                                                 \
        if (!(condition)) {                                                                       \
            fprintf(stderr, "%s:%d: does not hold: %s\n", __FILE__, __LINE__, #condition);        \
            exit(1);                                                                              \
        }                                                                                         \
    } while (0)

/* Ends the program unless `call` returns `expected`. */
#define STATUS(expected, call)                                                                    \
    do {                                                                                          \
        mediaseal_status got_ = (call);                                                           \
        checks++;                                                                                 \
        if (got_ != (expected)) {                                                                 \
            fprintf(stderr, "%s:%d: %s: %s in place of %s\n", __FILE__, __LINE__, #call,          \
                    mediaseal_status_name(got_), mediaseal_status_name(expected));                \
            exit(1);                                                                              \
        }                                                                                         \
    } while (0)

#define OK(call) STATUS(MEDIASEAL_OK, call)

/* The last line of a program. */
#define DONE(name)                                                                                \
    do {                                                                                          \
        printf(name ": %lu checks ok\n", (unsigned long)checks);                                                 \
        return 0;                                                                                 \
    } while (0)

#define UNUSED_HELPER __attribute__((unused))
#define NAME(text) (const uint8_t *)(text), (sizeof(text) - 1)
#define NOW UINT64_C(1800000000)

/* A member of a channel. */
struct member {
    mediaseal_channel_store *store;
    mediaseal_channel *channel;
};

UNUSED_HELPER static void stage(const struct member *member, uint64_t number, const uint8_t key[32])
{
    mediaseal_generation generation = MEDIASEAL_GENERATION_INIT;
    generation.number = number;
    generation.key = key;
    generation.key_len = 32;
    OK(mediaseal_channel_stage(member->channel, &generation));
}

/* Joins the channel "c" with `key` as generation 1, with a clock. */
UNUSED_HELPER static struct member join(const uint8_t key[32])
{
    struct member member = {NULL, NULL};
    mediaseal_channel_config config = MEDIASEAL_CHANNEL_CONFIG_INIT;
    OK(mediaseal_channel_store_new(&member.store));
    config.id = (const uint8_t *)"c";
    config.id_len = 1;
    config.flags = MEDIASEAL_CHANNEL_CLOCK;
    OK(mediaseal_channel_open(member.store, &config, &member.channel));
    stage(&member, 1, key);
    OK(mediaseal_channel_store_tick(member.store, NOW));
    OK(mediaseal_channel_activate(member.channel, 1));
    return member;
}

UNUSED_HELPER static void leave(struct member *member)
{
    mediaseal_channel_store_free(member->store);
    mediaseal_channel_free(member->channel);
}

/* Who seals as alice. */
UNUSED_HELPER static mediaseal_encryptor *alice_sends(const struct member *member, uint32_t mode)
{
    mediaseal_encryptor *encryptor = NULL;
    mediaseal_encryptor_config config = MEDIASEAL_ENCRYPTOR_CONFIG_INIT;
    config.mode = mode;
    config.sender = (const uint8_t *)"alice";
    config.sender_len = 5;
    config.media = MEDIASEAL_MEDIA_VIDEO;
    OK(mediaseal_encryptor_new_for_channel(member->channel, &config, &encryptor));
    return encryptor;
}

/* Who expects alice. */
UNUSED_HELPER static mediaseal_decryptor *alice_is_heard(const struct member *member, uint32_t mode)
{
    mediaseal_decryptor *decryptor = NULL;
    mediaseal_expected alice = {(const uint8_t *)"alice", 5, MEDIASEAL_MEDIA_VIDEO, 0};
    mediaseal_decryptor_config config = MEDIASEAL_DECRYPTOR_CONFIG_INIT;
    config.mode = mode;
    config.expected = &alice;
    config.expected_count = 1;
    OK(mediaseal_decryptor_new_for_channel(member->channel, &config, &decryptor));
    return decryptor;
}

/* A pair of raw stores, sending and receiving under KID 0 with one key. */
struct raw_pair {
    mediaseal_key_store *sending;
    mediaseal_key_store *receiving;
    mediaseal_encryptor *encryptor;
    mediaseal_decryptor *decryptor;
};

UNUSED_HELPER static struct raw_pair raw_pair(const mediaseal_cipher *cipher)
{
    struct raw_pair pair = {NULL, NULL, NULL, NULL};
    uint8_t key[32];
    size_t len;
    OK(mediaseal_key_generate(key, sizeof key, &len));
    OK(mediaseal_key_store_new(cipher, &pair.sending));
    OK(mediaseal_key_store_new(cipher, &pair.receiving));
    OK(mediaseal_key_store_add_send(pair.sending, key, len, 0, MEDIASEAL_ORIGIN_FRESH_KEY, NULL));
    OK(mediaseal_key_store_activate(pair.sending, 0));
    OK(mediaseal_key_store_add_receive(pair.receiving, key, len, 0, NAME("alice"), 0));
    OK(mediaseal_wipe(key, sizeof key));
    OK(mediaseal_encryptor_new(pair.sending, NULL, &pair.encryptor));
    OK(mediaseal_decryptor_new(pair.receiving, NULL, &pair.decryptor));
    return pair;
}

UNUSED_HELPER static void free_raw_pair(struct raw_pair *pair)
{
    mediaseal_key_store_free(pair->sending);
    mediaseal_key_store_free(pair->receiving);
    mediaseal_encryptor_free(pair->encryptor);
    mediaseal_decryptor_free(pair->decryptor);
}

#endif
