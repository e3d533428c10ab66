/* Custom ciphers that are honest, lack a property, or go wrong after they were accepted: named where that is possible, and never more than their own frames. */
#include "check.h"

#include "chacha.h"

/* How a cipher goes wrong, from the moment it is told to. */
enum fault {
    HONEST,
    SEAL_FAILS,
    SEAL_SAYS_NONSENSE,
    WRITES_BEHIND_DATA,
    WRITES_IN_FRONT_OF_TAG,
    WRITES_BEHIND_TAG,
    DOES_NOTHING,
    TAGS_ALONE,
    SEALS_GARBAGE,
    CALLS_BACK,
    OPEN_FAILS_WITH_PLAINTEXT,
    OPEN_WRITES_BEHIND_DATA,
    KEY_NEW_FAILS,
    KEY_NEW_GIVES_NULL,
    /* Those that registration finds. */
    IGNORES_NONCE,
    IGNORES_AAD,
    XORS,
    ACCEPTS_ANY_TAG
};

static struct {
    enum fault fault;
    unsigned keys, destroyed;
    mediaseal_status called_back;
    mediaseal_key_store *store;
    mediaseal_encryptor *encryptor;
} now;

static mediaseal_status key_new(void *user_data, const uint8_t *key, size_t key_len, void **out_key)
{
    CHECK(user_data == &now && key_len == 32);
    if (now.fault == KEY_NEW_FAILS)
        return 1;
    if (now.fault == KEY_NEW_GIVES_NULL)
        return MEDIASEAL_OK;
    uint8_t *copy = malloc(32);
    memcpy(copy, key, 32);
    *out_key = copy;
    now.keys++;
    return MEDIASEAL_OK;
}

static void key_free(void *user_data, void *key)
{
    CHECK(user_data == &now);
    OK(mediaseal_wipe(key, 32));
    CHECK(((uint8_t *)key)[0] == 0 && ((uint8_t *)key)[31] == 0);
    free(key);
    now.keys--;
}

static void destroy(void *user_data)
{
    CHECK(user_data == &now && now.keys == 0);
    now.destroyed++;
}

static mediaseal_status seal(void *user_data, const void *key, const uint8_t *nonce, size_t nonce_len, const uint8_t *aad, size_t aad_len,
                             uint8_t *data, size_t data_len, uint8_t *tag, size_t tag_len)
{
    static const uint8_t zeros[12];
    CHECK(user_data == &now && nonce_len == 12 && tag_len == 16);
    if (now.fault == XORS) {
        for (size_t at = 0; at < data_len; at++)
            data[at] ^= 0x55;
        memset(tag, 0x55, 16);
        return MEDIASEAL_OK;
    }
    if (now.fault == IGNORES_NONCE)
        nonce = zeros;
    if (now.fault == DOES_NOTHING)
        return MEDIASEAL_OK;
    if (now.fault != TAGS_ALONE)
        chacha_xor(key, nonce, data, data_len);
    chacha_tag(key, nonce, aad, now.fault == IGNORES_AAD ? 0 : aad_len, data, data_len, tag);
    switch (now.fault) {
    case SEAL_FAILS: return MEDIASEAL_ERR_CIPHER_FAILED;
    case SEAL_SAYS_NONSENSE: return -12345;
    case WRITES_BEHIND_DATA: data[data_len] ^= 1; break;
    case WRITES_IN_FRONT_OF_TAG: tag[-1] = 0; break;
    case WRITES_BEHIND_TAG: tag[16] = 0; break;
    case SEALS_GARBAGE: memset(data, 0xee, data_len); break;
    case CALLS_BACK: now.called_back = mediaseal_key_store_activate(now.store, 0); break;
    default: break;
    }
    if (now.fault == CALLS_BACK) {
        size_t len;
        uint8_t out[64];
        STATUS(MEDIASEAL_ERR_REENTRANT, mediaseal_encryptor_encrypt(now.encryptor, NULL, out, 1, out, sizeof out, &len));
        STATUS(MEDIASEAL_ERR_REENTRANT, mediaseal_encryptor_close(now.encryptor));
        mediaseal_encryptor_free(now.encryptor); /* leaves it as it is */
        CHECK(strcmp(mediaseal_status_name(0), "MEDIASEAL_OK") == 0);
    }
    return MEDIASEAL_OK;
}

static mediaseal_status open(void *user_data, const void *key, const uint8_t *nonce, size_t nonce_len, const uint8_t *aad, size_t aad_len,
                             uint8_t *data, size_t data_len, const uint8_t *tag, size_t tag_len)
{
    static const uint8_t zeros[12];
    uint8_t expected[16], difference = 0;
    CHECK(user_data == &now && nonce_len == 12 && tag_len == 16);
    if (now.fault == XORS)
        return seal(user_data, key, nonce, nonce_len, aad, aad_len, data, data_len, expected, 16);
    if (now.fault == IGNORES_NONCE)
        nonce = zeros;
    chacha_tag(key, nonce, aad, now.fault == IGNORES_AAD ? 0 : aad_len, data, data_len, expected);
    for (int octet = 0; octet < 16; octet++)
        difference |= expected[octet] ^ tag[octet];
    if (now.fault == OPEN_FAILS_WITH_PLAINTEXT) {
        chacha_xor(key, nonce, data, data_len);
        return 17;
    }
    if (difference && now.fault != ACCEPTS_ANY_TAG)
        return MEDIASEAL_ERR_AUTHENTICATION_FAILED;
    chacha_xor(key, nonce, data, data_len);
    if (now.fault == OPEN_WRITES_BEHIND_DATA)
        data[data_len] ^= 1;
    return MEDIASEAL_OK;
}

static mediaseal_known_answer answer = {CHACHA_KEY,        CHACHA_NONCE, CHACHA_AAD, sizeof CHACHA_AAD, (const uint8_t *)CHACHA_PLAINTEXT,
                                        CHACHA_CIPHERTEXT, 114,          CHACHA_TAG};

static mediaseal_cipher_vtable vtable(void)
{
    mediaseal_cipher_vtable table = MEDIASEAL_CIPHER_VTABLE_INIT;
    table.suite = 0xF123;
    table.key_len = 32;
    table.nonce_len = 12;
    table.tag_len = 16;
    table.hash = MEDIASEAL_HASH_SHA256;
    table.known_answers = &answer;
    table.known_answers_count = 1;
    table.user_data = &now;
    table.key_new = key_new;
    table.key_free = key_free;
    table.seal = seal;
    table.open = open;
    table.destroy = destroy;
    return table;
}

/* Registers what must be refused for `property`. */
static void refused(const char *property, const mediaseal_cipher_vtable *table)
{
    mediaseal_refusal refusal = MEDIASEAL_REFUSAL_INIT;
    mediaseal_cipher *cipher = (mediaseal_cipher *)&now;
    STATUS(MEDIASEAL_ERR_CIPHER_REFUSED, mediaseal_cipher_register(table, 0, &refusal, &cipher));
    CHECK(cipher == NULL && now.destroyed == 0 && now.keys == 0);
    if (strcmp(refusal.property, property) != 0) {
        fprintf(stderr, "refused for %s in place of %s\n", refusal.property, property);
        exit(1);
    }
    CHECK(strlen(refusal.text) > 10);
    STATUS(MEDIASEAL_ERR_CIPHER_REFUSED, mediaseal_cipher_register(table, 0, NULL, &cipher));
}

static void refusals(void)
{
    mediaseal_cipher *cipher;
    mediaseal_cipher_vtable table = vtable();
    struct {
        uint32_t *field;
        uint32_t value;
        const char *property;
    } wrong[] = {
        {&table.suite, 4, "SuiteIsPrivate"},        {&table.suite, 0xEFFF, "SuiteIsPrivate"},
        {&table.key_len, 0, "ParamsInRange"},       {&table.key_len, 129, "ParamsInRange"},
        {&table.key_len, UINT32_MAX, "ParamsInRange"}, {&table.nonce_len, UINT32_MAX, "ParamsInRange"},
        {&table.tag_len, UINT32_MAX, "ParamsInRange"}, {&table.nonce_len, 7, "ParamsInRange"},
        {&table.nonce_len, 33, "ParamsInRange"},    {&table.tag_len, 3, "ParamsInRange"},
        {&table.tag_len, 33, "ParamsInRange"},
    };
    answer.data_len = 114;
    for (size_t at = 0; at < sizeof wrong / sizeof *wrong; at++) {
        table = vtable();
        *wrong[at].field = wrong[at].value;
        refused(wrong[at].property, &table);
    }
    table = vtable();
    table.known_answers_count = 0;
    refused("HasKnownAnswer", &table);
    table = vtable();
    table.max_frame_len = 100;
    refused("ParamsInRange", &table);
    table = vtable();
    answer.tag = CHACHA_KEY;
    refused("KnownAnswer", &table);
    answer.tag = CHACHA_TAG;

    struct {
        enum fault fault;
        const char *property;
    } faults[] = {
        {SEAL_FAILS, "KnownAnswer"},         {SEAL_SAYS_NONSENSE, "KnownAnswer"}, {WRITES_BEHIND_TAG, "KnownAnswer"},
        {WRITES_IN_FRONT_OF_TAG, "KnownAnswer"}, {DOES_NOTHING, "KnownAnswer"}, {TAGS_ALONE, "KnownAnswer"}, {SEALS_GARBAGE, "KnownAnswer"},  {KEY_NEW_FAILS, "KnownAnswer"},
        {KEY_NEW_GIVES_NULL, "KnownAnswer"}, {OPEN_FAILS_WITH_PLAINTEXT, "KnownAnswer"}, {IGNORES_NONCE, "KnownAnswer"},
        {ACCEPTS_ANY_TAG, "EveryTagBit"},
    };
    for (size_t at = 0; at < sizeof faults / sizeof *faults; at++) {
        now.fault = faults[at].fault;
        refused(faults[at].property, &table);
    }

    /* The same with known answers of their own making: their authors believe them. */
    static uint8_t own_ciphertext[114], own_tag[16];
    mediaseal_known_answer rfc = answer;
    struct {
        enum fault fault;
        const char *property;
    } believed[] = {
        {XORS, "DataDependsOnNonce"},
        {IGNORES_NONCE, "DataDependsOnNonce"},
        {IGNORES_AAD, "TagDependsOnAad"},
        {SEALS_GARBAGE, "KnownAnswer"},
    };
    for (size_t at = 0; at < sizeof believed / sizeof *believed; at++) {
        now.fault = believed[at].fault;
        memcpy(own_ciphertext, CHACHA_PLAINTEXT, 114);
        OK(seal(&now, CHACHA_KEY, CHACHA_NONCE, 12, CHACHA_AAD, 12, own_ciphertext, 114, own_tag, 16));
        answer.ciphertext = own_ciphertext;
        answer.tag = own_tag;
        refused(believed[at].property, &table);
    }
    answer = rfc;
    now.fault = HONEST;

    table = vtable();
    table.seal = NULL;
    STATUS(MEDIASEAL_ERR_NULL_POINTER, mediaseal_cipher_register(&table, 0, NULL, &cipher));
    table = vtable();
    table.hash = 0;
    STATUS(MEDIASEAL_ERR_UNKNOWN_VALUE, mediaseal_cipher_register(&table, 0, NULL, &cipher));
    table = vtable();
    table.cost = 2;
    STATUS(MEDIASEAL_ERR_UNKNOWN_VALUE, mediaseal_cipher_register(&table, 0, NULL, &cipher));
    table = vtable();
    table.known_answers = NULL;
    STATUS(MEDIASEAL_ERR_NULL_POINTER, mediaseal_cipher_register(&table, 0, NULL, &cipher));
    table = vtable();
    table.struct_size--;
    STATUS(MEDIASEAL_ERR_STRUCT_SIZE, mediaseal_cipher_register(&table, 0, NULL, &cipher));
    STATUS(MEDIASEAL_ERR_NULL_POINTER, mediaseal_cipher_register(NULL, 0, NULL, &cipher));
    table = vtable();
    STATUS(MEDIASEAL_ERR_UNKNOWN_VALUE, mediaseal_cipher_register(&table, 4, NULL, &cipher));
    CHECK(now.destroyed == 0 && now.keys == 0);
}

/* Seals a frame of 40 octets in the middle of `buffer`, with the given fault. */
static mediaseal_status seal_in_place(struct raw_pair *pair, enum fault fault, uint8_t buffer[128], size_t *offset, size_t *len)
{
    memset(buffer, 0x11, 128);
    now.fault = fault;
    mediaseal_status status = mediaseal_encryptor_encrypt_in_place(pair->encryptor, NULL, buffer, 128, 30, 40, offset, len);
    now.fault = HONEST;
    return status;
}

static void going_wrong(void)
{
    mediaseal_cipher *cipher;
    mediaseal_cipher_vtable table = vtable();
    OK(mediaseal_cipher_register(&table, 0, NULL, &cipher));
    struct raw_pair pair = raw_pair(cipher), other = raw_pair(cipher);
    mediaseal_cipher_free(cipher);
    now.store = other.sending;
    now.encryptor = other.encryptor;
    CHECK(now.destroyed == 0);
    uint8_t buffer[128], opened[128];
    size_t offset, len, opened_len;

    /* What fails is zeroed, spends a counter, and the next frame goes. */
    const enum fault failing[] = {SEAL_FAILS, SEAL_SAYS_NONSENSE, WRITES_BEHIND_DATA, WRITES_IN_FRONT_OF_TAG, WRITES_BEHIND_TAG, DOES_NOTHING, TAGS_ALONE};
    for (size_t at = 0; at < sizeof failing / sizeof *failing; at++) {
        STATUS(MEDIASEAL_ERR_CIPHER_FAILED, seal_in_place(&pair, failing[at], buffer, &offset, &len));
        for (int octet = 0; octet < 128; octet++) {
            int is_frame = octet >= 30 && octet < 70, is_tag = octet >= 70 && octet < 86;
            CHECK(is_frame || is_tag ? buffer[octet] == 0 : buffer[octet] == 0x11);
        }
        CHECK(len == 0 && offset == 0);
        OK(seal_in_place(&pair, HONEST, buffer, &offset, &len));
        OK(mediaseal_decryptor_decrypt(pair.decryptor, NULL, buffer + offset, len, opened, sizeof opened, &opened_len, NULL));
        CHECK(opened_len == 40 && opened[39] == 0x11);
    }
    mediaseal_statistics totals = MEDIASEAL_STATISTICS_INIT;
    OK(mediaseal_encryptor_totals(pair.encryptor, &totals));
    CHECK(totals.frames == 7 && totals.other == 7 && totals.window_head == 13);

    /* Garbage is the cipher's own frame, and does not open. */
    OK(seal_in_place(&pair, SEALS_GARBAGE, buffer, &offset, &len));
    STATUS(MEDIASEAL_ERR_AUTHENTICATION_FAILED,
           mediaseal_decryptor_decrypt(pair.decryptor, NULL, buffer + offset, len, opened, sizeof opened, &opened_len, NULL));

    /* A call back is refused, and the frame goes. */
    OK(seal_in_place(&pair, CALLS_BACK, buffer, &offset, &len));
    CHECK(now.called_back == MEDIASEAL_ERR_REENTRANT);
    OK(mediaseal_decryptor_decrypt(pair.decryptor, NULL, buffer + offset, len, opened, sizeof opened, &opened_len, NULL));
    OK(mediaseal_encryptor_refresh(other.encryptor));

    /* An opening that fails hands out nothing of what it made, in another buffer and in place. */
    const enum fault opening[] = {OPEN_FAILS_WITH_PLAINTEXT, OPEN_WRITES_BEHIND_DATA};
    for (size_t at = 0; at < 2; at++) {
        OK(seal_in_place(&pair, HONEST, buffer, &offset, &len));
        memset(opened, 0x22, sizeof opened);
        now.fault = opening[at];
        if (opening[at] == OPEN_FAILS_WITH_PLAINTEXT) {
            STATUS(MEDIASEAL_ERR_CIPHER_FAILED,
                   mediaseal_decryptor_decrypt(pair.decryptor, NULL, buffer + offset, len, opened, sizeof opened, &opened_len, NULL));
            for (int octet = 0; octet < 40; octet++)
                CHECK(opened[octet] == 0);
            CHECK(opened[40] == 0x22);
        }
        STATUS(MEDIASEAL_ERR_CIPHER_FAILED, mediaseal_decryptor_decrypt_in_place(pair.decryptor, NULL, buffer, 128, offset, len, &offset,
                                                                                &opened_len, NULL));
        now.fault = HONEST;
        for (int octet = 30; octet < 70; octet++)
            CHECK(buffer[octet] == 0);
    }

    /* A key that cannot be made is an error of the call that needs it. */
    uint8_t key[32] = {9};
    now.fault = KEY_NEW_FAILS;
    STATUS(MEDIASEAL_ERR_CIPHER_FAILED, mediaseal_key_store_add_receive(pair.receiving, key, 32, 5, NULL, 0, 0));
    now.fault = KEY_NEW_GIVES_NULL;
    STATUS(MEDIASEAL_ERR_CIPHER_FAILED, mediaseal_key_store_add_send(pair.sending, key, 32, 5, MEDIASEAL_ORIGIN_FRESH_KEY, NULL));
    now.fault = HONEST;
    OK(mediaseal_key_store_add_receive(pair.receiving, key, 32, 5, NULL, 0, 0));

    free_raw_pair(&pair);
    CHECK(now.destroyed == 0);
    free_raw_pair(&other);
    CHECK(now.destroyed == 1 && now.keys == 0);
}

/* A custom cipher on the way that most applications go: channel keys, sessions, rotation. */
static void in_channels(void)
{
    mediaseal_cipher *cipher;
    mediaseal_cipher_vtable table = vtable();
    now.destroyed = 0;
    OK(mediaseal_cipher_register(&table, 0, NULL, &cipher));
    uint8_t key[32] = {1}, sealed[128], opened[128];
    size_t len;
    struct member alice = join(key), bob = join(key);
    for (uint64_t number = 2; number < 5; number++) {
        mediaseal_generation generation = MEDIASEAL_GENERATION_INIT;
        key[1] = (uint8_t)number;
        generation.number = number;
        generation.key = key;
        generation.key_len = sizeof key;
        generation.cipher = cipher;
        OK(mediaseal_channel_stage(alice.channel, &generation));
        OK(mediaseal_channel_stage(bob.channel, &generation));
        OK(mediaseal_channel_activate(alice.channel, number));
        OK(mediaseal_channel_activate(bob.channel, number));
        mediaseal_encryptor *encryptor = alice_sends(&alice, MEDIASEAL_MODE_PACKET);
        mediaseal_decryptor *decryptor = alice_is_heard(&bob, MEDIASEAL_MODE_PACKET);
        for (int frame = 0; frame < 20; frame++) {
            OK(mediaseal_encryptor_encrypt(encryptor, NULL, key, 32, sealed, sizeof sealed, &len));
            OK(mediaseal_decryptor_decrypt(decryptor, NULL, sealed, len, opened, sizeof opened, &len, NULL));
            CHECK(len == 32 && memcmp(opened, key, 32) == 0);
        }
        /* The session of a cipher whose keys cannot be made does not start, and nothing goes in clear. */
        now.fault = KEY_NEW_FAILS;
        OK(mediaseal_channel_advance_to(alice.channel, number, 0));
        mediaseal_encryptor *second = alice_sends(&alice, MEDIASEAL_MODE_PACKET);
        memset(sealed, 0x33, sizeof sealed);
        STATUS(MEDIASEAL_ERR_CIPHER_FAILED, mediaseal_encryptor_encrypt(second, NULL, key, 32, sealed, sizeof sealed, &len));
        CHECK(sealed[0] == 0x33 && sealed[40] == 0x33 && len == 0);
        now.fault = HONEST;
        OK(mediaseal_encryptor_encrypt(second, NULL, key, 32, sealed, sizeof sealed, &len));
        mediaseal_encryptor_free(second);
        mediaseal_encryptor_free(encryptor);
        mediaseal_decryptor_free(decryptor);
    }
    mediaseal_cipher_free(cipher);
    leave(&alice);
    CHECK(now.destroyed == 0);
    leave(&bob);
    CHECK(now.destroyed == 1 && now.keys == 0);
}

/* What is no library with a cipher, and names that the system would search for. */
static void loading(const char *self)
{
    const char *none[] = {"", "none", "./none.so", "/", "libm.so.6", "libgcc_s.so.1", "/dev/null", self};
    mediaseal_refusal refusal = MEDIASEAL_REFUSAL_INIT;
    mediaseal_cipher *cipher;
    for (size_t at = 0; at < sizeof none / sizeof *none; at++) {
        STATUS(MEDIASEAL_ERR_CIPHER_LIBRARY, mediaseal_cipher_load(none[at], 0, &refusal, &cipher));
        CHECK(cipher == NULL && refusal.property == NULL && refusal.text == NULL);
    }
    STATUS(MEDIASEAL_ERR_NOT_UTF8, mediaseal_cipher_load("\xff.so", 0, NULL, &cipher));
    STATUS(MEDIASEAL_ERR_NULL_POINTER, mediaseal_cipher_load(NULL, 0, NULL, &cipher));
    STATUS(MEDIASEAL_ERR_UNKNOWN_VALUE, mediaseal_cipher_load("none", 2, NULL, &cipher));
}

/* With the argument "accepted" those alone that are accepted: each refusal takes a check of conformance, which valgrind makes slow. */
int main(int argc, char **argv)
{
    if (argc < 2 || strcmp(argv[1], "accepted") != 0)
        refusals();
    going_wrong();
    in_channels();
    loading(argv[0]);
    DONE("faulty_cipher");
}
