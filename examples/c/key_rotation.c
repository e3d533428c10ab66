/*
 * The life of channel keys: a member joins, a member leaves, a device restarts. Nobody sends a key over the channel itself.
 *
 * README.md has the command line.
 */
#include <mediaseal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "try.h"

/* The clock of this example, in seconds since 1970; an application passes the system's. */
static const uint64_t now = 1800000000;
enum { GRACE = 10, TEXT_MAX = 64 };

/* One member's side of the channel. */
typedef struct {
    const char *name;
    mediaseal_channel_store *store;
    mediaseal_channel *channel;
} member;

/* A sealed frame on its way. */
typedef struct {
    uint8_t octets[TEXT_MAX + MEDIASEAL_HEADROOM + MEDIASEAL_TAILROOM];
    size_t len;
} sealed_frame;

/* Runs inside of mediaseal_channel_store_tick, and must not call the library. */
static void hear(void *user_data, const mediaseal_event *event)
{
    const member *listener = user_data;
    if (event->type == MEDIASEAL_EVENT_SESSION_STARTED)
        printf("   (event at %s's: a session of %.*s begins in generation %llu, step %lu)\n", listener->name, (int)event->sender_len,
               (const char *)event->sender, (unsigned long long)event->generation, (unsigned long)event->step);
    else
        printf("   (event at %s's: number %lu)\n", listener->name, (unsigned long)event->type);
}

/* Opens the channel for `member`, whose fields are NULL but for the name; no key is staged yet. */
static bool open_channel(member *member)
{
    bool is_open = false;
    mediaseal_channel_config config = MEDIASEAL_CHANNEL_CONFIG_INIT;

    /* Equal for all members. The instance is new for each call: nothing of an earlier one opens in it. */
    config.id = (const uint8_t *)"board meeting";
    config.id_len = strlen("board meeting");
    config.instance = (const uint8_t *)"2027-01-15T08:00Z";
    config.instance_len = strlen("2027-01-15T08:00Z");
    config.flags = MEDIASEAL_CHANNEL_CLOCK;
    config.grace_seconds = GRACE;

    TRY(mediaseal_channel_store_new(&member->store));
    TRY(mediaseal_channel_store_set_event_callback(member->store, hear, member, NULL));
    TRY(mediaseal_channel_open(member->store, &config, &member->channel));
    TRY(mediaseal_channel_store_tick(member->store, now));
    is_open = true;
done:
    return is_open;
}

static void close_channel(member *member)
{
    mediaseal_channel_free(member->channel);
    mediaseal_channel_store_free(member->store);
    member->channel = NULL;
    member->store = NULL;
}

static mediaseal_status stage(const member *member, uint64_t number, const uint8_t *key, size_t key_len)
{
    mediaseal_generation generation = MEDIASEAL_GENERATION_INIT;
    generation.number = number;
    generation.key = key;
    generation.key_len = key_len;
    return mediaseal_channel_stage(member->channel, &generation);
}

static mediaseal_status new_encryptor(const member *sender, mediaseal_encryptor **out_encryptor)
{
    mediaseal_encryptor_config config = MEDIASEAL_ENCRYPTOR_CONFIG_INIT;
    config.sender = (const uint8_t *)sender->name;
    config.sender_len = strlen(sender->name);
    config.media = MEDIASEAL_MEDIA_AUDIO;
    return mediaseal_encryptor_new_for_channel(sender->channel, &config, out_encryptor);
}

/* Makes a decryptor for what `sender` says. */
static mediaseal_status new_decryptor(const member *listener, const member *sender, mediaseal_decryptor **out_decryptor)
{
    mediaseal_expected expected = { (const uint8_t *)sender->name, strlen(sender->name), MEDIASEAL_MEDIA_AUDIO, 0 };
    mediaseal_decryptor_config config = MEDIASEAL_DECRYPTOR_CONFIG_INIT;
    config.expected = &expected;
    config.expected_count = 1;
    return mediaseal_decryptor_new_for_channel(listener->channel, &config, out_decryptor);
}

static mediaseal_status say(mediaseal_encryptor *encryptor, const char *text, sealed_frame *out)
{
    return mediaseal_encryptor_encrypt(encryptor, NULL, (const uint8_t *)text, strlen(text), out->octets, sizeof out->octets, &out->len);
}

/* Prints what becomes of a frame; false if it is not what `expected` says. */
static bool show(const char *who, mediaseal_decryptor *decryptor, const sealed_frame *frame, mediaseal_status expected)
{
    uint8_t text[sizeof frame->octets];
    size_t len;
    mediaseal_status status = mediaseal_decryptor_decrypt(decryptor, NULL, frame->octets, frame->len, text, sizeof text, &len, NULL);
    if (status == MEDIASEAL_OK)
        printf("   %s opens \"%.*s\"\n", who, (int)len, (const char *)text);
    else
        printf("   %s does not: %s: %s\n", who, mediaseal_status_name(status), mediaseal_status_text(status));
    if (status != expected)
        fprintf(stderr, "%s was expected\n", mediaseal_status_name(expected));
    return status == expected;
}

/* Before any media, two members see that their keys are equal: people by a safety code, devices by a key check. */
static bool compare_keys(const member *alice, const member *bob)
{
    bool are_equal = false;
    char code[MEDIASEAL_SAFETY_CODE_LEN + 1], other[MEDIASEAL_SAFETY_CODE_LEN + 1];
    size_t code_len, other_len, challenge_len;
    TRY(mediaseal_channel_safety_code(alice->channel, code, sizeof code, &code_len));
    TRY(mediaseal_channel_safety_code(bob->channel, other, sizeof other, &other_len));
    printf("   both read to each other: %s\n", code);
    EXPECT(strcmp(code, other) == 0, "the safety codes differ");

    /* A challenge is random octets, of which a generated key has enough. */
    uint8_t challenge[MEDIASEAL_KEY_LEN], answer[MEDIASEAL_KEY_CHECK_LEN];
    const uint8_t *name = (const uint8_t *)bob->name;
    TRY(mediaseal_key_generate(challenge, sizeof challenge, &challenge_len));
    TRY(mediaseal_channel_key_check(bob->channel, name, strlen(bob->name), challenge, answer));
    TRY(mediaseal_channel_verify_key_check(alice->channel, name, strlen(bob->name), challenge, answer));
    printf("   Bob's device answers Alice's key check\n");
    are_equal = true;
done:
    return are_equal;
}

/* Hands the secret of a step to a joiner, who opens nothing earlier. The text takes a path that only he can read. */
static bool let_in(const member *host, uint64_t generation, uint32_t step, const member *joiner)
{
    bool is_in = false;
    char text[MEDIASEAL_EPOCH_TEXT_MAX_LEN + 1];
    size_t text_len;
    TRY(mediaseal_channel_epoch_text(host->channel, generation, step, text, sizeof text, &text_len));
    printf("   a key text of %zu characters, handed to %s alone\n", text_len, joiner->name);
    TRY(mediaseal_channel_join_text(joiner->channel, text, NULL));
    TRY(mediaseal_channel_activate(joiner->channel, generation));
    is_in = true;
done:
    mediaseal_wipe(text, sizeof text);
    return is_in;
}

int main(void)
{
    int exit_code = EXIT_FAILURE;
    member alice = { "alice", NULL, NULL }, bob = { "bob", NULL, NULL }, carol = { "carol", NULL, NULL };
    member *const staying[] = { &alice, &bob };
    mediaseal_encryptor *from_alice = NULL;
    mediaseal_decryptor *to_bob = NULL, *to_carol = NULL;
    uint8_t key[MEDIASEAL_KEY_LEN], *replay_state = NULL;
    size_t key_len, replay_state_len;

    printf("1. The customer's key reaches Alice and Bob on a path of the customer's own.\n");
    TRY(mediaseal_key_generate(key, sizeof key, &key_len));
    for (size_t index = 0; index < 2; index++) {
        if (!open_channel(staying[index]))
            goto done;
        TRY(stage(staying[index], 1, key, key_len));
        TRY(mediaseal_channel_activate(staying[index]->channel, 1));
    }
    TRY(mediaseal_wipe(key, sizeof key));

    printf("2. Before any media, they see that their keys are equal.\n");
    if (!compare_keys(&alice, &bob))
        goto done;

    printf("3. Alice speaks.\n");
    sealed_frame first, second, third, fourth, on_its_way, too_late;
    TRY(new_encryptor(&alice, &from_alice));
    TRY(new_decryptor(&bob, &alice, &to_bob));
    TRY(mediaseal_channel_store_tick(alice.store, now + 1)); /* tells the event */
    TRY(say(from_alice, "good morning", &first));
    if (!show("Bob", to_bob, &first, MEDIASEAL_OK))
        goto done;

    printf("4. Carol joins: first all advance, then she gets the secret of the new step.\n");
    TRY(mediaseal_channel_advance_to(alice.channel, 1, 1));
    TRY(mediaseal_channel_advance_to(bob.channel, 1, 1));
    if (!open_channel(&carol) || !let_in(&alice, 1, 1, &carol))
        goto done;
    TRY(new_decryptor(&carol, &alice, &to_carol));
    TRY(mediaseal_channel_store_deliver_events(alice.store)); /* or wait for the next tick */
    TRY(say(from_alice, "welcome, Carol", &second));
    if (!show("Carol", to_carol, &first, MEDIASEAL_ERR_RETIRED_KEY) || !show("Carol", to_carol, &second, MEDIASEAL_OK) ||
        !show("Bob", to_bob, &second, MEDIASEAL_OK))
        goto done;

    printf("5. Carol leaves: a fresh key, staged on every side before any side seals with it.\n");
    TRY(say(from_alice, "goodbye, Carol", &on_its_way));
    TRY(say(from_alice, "this frame takes its time", &too_late));
    TRY(mediaseal_key_generate(key, sizeof key, &key_len));
    TRY(stage(&alice, 2, key, key_len));
    TRY(stage(&bob, 2, key, key_len));
    TRY(mediaseal_channel_activate(alice.channel, 2));
    TRY(mediaseal_channel_activate(bob.channel, 2));
    TRY(mediaseal_channel_store_deliver_events(alice.store));
    TRY(say(from_alice, "among ourselves", &third));
    if (!show("Bob", to_bob, &third, MEDIASEAL_OK) || !show("Carol", to_carol, &third, MEDIASEAL_ERR_MISSING_KEY))
        goto done;
    printf("   Within grace, frames of the former key that are on their way still open:\n");
    if (!show("Bob", to_bob, &on_its_way, MEDIASEAL_OK))
        goto done;

    printf("6. %d seconds later the former key is retired and wiped.\n", GRACE);
    for (uint64_t seconds = 1; seconds <= 1 + GRACE; seconds++)
        TRY(mediaseal_channel_store_tick(bob.store, now + seconds));
    if (!show("Bob", to_bob, &too_late, MEDIASEAL_ERR_RETIRED_KEY))
        goto done;

    printf("7. Bob's device restarts. What it keeps holds no secret: how far it had heard whom.\n");
    TRY(mediaseal_channel_replay_state(bob.channel, NULL, 0, &replay_state_len));
    replay_state = malloc(replay_state_len);
    EXPECT(replay_state != NULL, "out of memory");
    TRY(mediaseal_channel_replay_state(bob.channel, replay_state, replay_state_len, &replay_state_len));
    mediaseal_decryptor_free(to_bob);
    to_bob = NULL;
    close_channel(&bob);

    if (!open_channel(&bob))
        goto done;
    TRY(mediaseal_channel_import_replay_state(bob.channel, replay_state, replay_state_len)); /* before keys are staged */
    TRY(stage(&bob, 2, key, key_len));
    TRY(mediaseal_wipe(key, sizeof key));
    TRY(mediaseal_channel_activate(bob.channel, 2));
    TRY(new_decryptor(&bob, &alice, &to_bob));
    printf("   A relay sends again what Bob heard before:\n");
    if (!show("Bob", to_bob, &third, MEDIASEAL_ERR_REPLAYED))
        goto done;
    TRY(say(from_alice, "are you back?", &fourth));
    if (!show("Bob", to_bob, &fourth, MEDIASEAL_OK))
        goto done;

    printf("key_rotation: one joined, one left, one restarted; each opened what it may and nothing else\n");
    exit_code = EXIT_SUCCESS;
done:
    mediaseal_wipe(key, sizeof key);
    free(replay_state);
    mediaseal_encryptor_free(from_alice);
    mediaseal_decryptor_free(to_bob);
    mediaseal_decryptor_free(to_carol);
    close_channel(&alice);
    close_channel(&bob);
    close_channel(&carol);
    return exit_code;
}
