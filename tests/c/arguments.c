/* Arguments that are wrong: NULL, closed, of another type, misaligned, overlapping, of impossible length, from other versions. */
#include "check.h"

/* What every function may be called with besides its object: good enough to come to the check of the object. */
static uint8_t key[32], octets_out[4096], challenge[16], answer[16];
static char text_out[4096];
static size_t len, count;
static uint64_t number;
static uint32_t small;
static mediaseal_generation generation = MEDIASEAL_GENERATION_INIT;
static mediaseal_channel_config channel_config = MEDIASEAL_CHANNEL_CONFIG_INIT;
static mediaseal_encryptor_config encryptor_config = MEDIASEAL_ENCRYPTOR_CONFIG_INIT;
static mediaseal_decryptor_config decryptor_config = MEDIASEAL_DECRYPTOR_CONFIG_INIT;
static mediaseal_event event = MEDIASEAL_EVENT_INIT;
static mediaseal_statistics statistics = MEDIASEAL_STATISTICS_INIT;
static mediaseal_failure failure = MEDIASEAL_FAILURE_INIT;
static mediaseal_key_frame_request request = MEDIASEAL_KEY_FRAME_REQUEST_INIT;
static mediaseal_diagnosis diagnosis = MEDIASEAL_DIAGNOSIS_INIT;
static mediaseal_cipher_params params = MEDIASEAL_CIPHER_PARAMS_INIT;
static mediaseal_channel *new_channel;
static mediaseal_key_store *new_key_store;
static mediaseal_encryptor *new_encryptor;
static mediaseal_decryptor *new_decryptor;
static mediaseal_sentinel *new_sentinel;
static mediaseal_proof *new_proof;
static mediaseal_proof_state proof_state = MEDIASEAL_PROOF_STATE_INIT;
static mediaseal_rtp_packet packet = MEDIASEAL_RTP_PACKET_INIT;
static mediaseal_rtp_ciphertext ciphertext = MEDIASEAL_RTP_CIPHERTEXT_INIT;
static mediaseal_expected alice = {(const uint8_t *)"alice", 5, MEDIASEAL_MEDIA_VIDEO, 0};

typedef mediaseal_status (*call_with)(void *object);

#define CALL(name, ...)                                                                           \
    static const char *const arguments_##name = #__VA_ARGS__;                                     \
    static mediaseal_status call_##name(void *object)                                             \
    {                                                                                             \
        return mediaseal_##name(__VA_ARGS__);                                                     \
    }
#define O object

CALL(cipher_describe, O, &params)
CALL(cipher_close, O)
CALL(key_store_new, O, &new_key_store)
CALL(counter_store_close, O)
CALL(key_store_add_send, O, key, 32, 1, MEDIASEAL_ORIGIN_FRESH_KEY, NULL)
CALL(key_store_add_receive, O, key, 32, 1, NULL, 0, 0)
CALL(key_store_activate, O, 0)
CALL(key_store_retire_send, O, 0)
CALL(key_store_retire_receive, O, 0)
CALL(key_store_refuse_after_failures, O)
CALL(key_store_tick, O, NOW)
CALL(key_store_poll_event, O, &event)
CALL(key_store_set_event_callback, O, NULL, NULL, NULL)
CALL(key_store_deliver_events, O)
CALL(encryptor_new, O, NULL, &new_encryptor)
CALL(decryptor_new, O, NULL, &new_decryptor)
CALL(sentinel_new, O, &new_sentinel)
CALL(key_store_close, O)
CALL(channel_store_tick, O, NOW)
CALL(channel_store_renew_sessions, O)
CALL(channel_store_poll_event, O, &event)
CALL(channel_store_set_event_callback, O, NULL, NULL, NULL)
CALL(channel_store_deliver_events, O)
CALL(channel_open, O, &channel_config, &new_channel)
CALL(channel_store_close, O)
CALL(channel_stage, O, &generation)
CALL(channel_join, O, octets_out, 100, NULL)
CALL(channel_join_text, O, "mediaseal-epoch-1", NULL)
CALL(channel_activate, O, 1)
CALL(channel_advance_to, O, 1, 1)
CALL(channel_epoch_secret, O, 1, 0, octets_out, sizeof octets_out, &len)
CALL(channel_epoch_text, O, 1, 0, text_out, sizeof text_out, &len)
CALL(channel_key, O, 1, octets_out, sizeof octets_out, &len)
CALL(channel_retire, O, 7)
CALL(channel_end_grace, O)
CALL(channel_sending, O, &number, &small)
CALL(channel_expect_session, O, 1, NULL, 0, 1)
CALL(channel_safety_code, O, text_out, sizeof text_out, &len)
CALL(channel_key_check, O, NULL, 0, challenge, answer)
CALL(channel_verify_key_check, O, NULL, 0, challenge, answer)
CALL(channel_replay_state, O, octets_out, sizeof octets_out, &len)
CALL(channel_import_replay_state, O, octets_out, 3)
CALL(encryptor_new_for_channel, O, &encryptor_config, &new_encryptor)
CALL(decryptor_new_for_channel, O, &decryptor_config, &new_decryptor)
CALL(sentinel_new_for_channel, O, &new_sentinel)
CALL(channel_close, O)
CALL(encryptor_encrypt, O, NULL, key, 32, octets_out, sizeof octets_out, &len)
CALL(encryptor_encrypt_in_place, O, NULL, octets_out, sizeof octets_out, 32, 10, &count, &len)
CALL(encryptor_bound, O, 10, &len)
CALL(encryptor_next_overhead, O, &len)
CALL(encryptor_refresh, O)
CALL(encryptor_set_codec, O, 1, MEDIASEAL_CODEC_VP8, MEDIASEAL_NAL_ANNEX_B)
CALL(encryptor_set_default_codec, O, MEDIASEAL_CODEC_OPAQUE, MEDIASEAL_NAL_ANNEX_B)
CALL(encryptor_last_failure, O, &failure)
CALL(encryptor_statistics_count, O, &count)
CALL(encryptor_statistics, O, 0, &statistics)
CALL(encryptor_totals, O, &statistics)
CALL(encryptor_close, O)
CALL(decryptor_decrypt, O, NULL, key, 32, octets_out, sizeof octets_out, &len, NULL)
CALL(decryptor_decrypt_in_place, O, NULL, octets_out, sizeof octets_out, 0, 10, &count, &len, NULL)
CALL(decryptor_refresh, O)
CALL(decryptor_set_codec, O, 1, MEDIASEAL_CODEC_VP8, MEDIASEAL_NAL_ANNEX_B)
CALL(decryptor_set_default_codec, O, MEDIASEAL_CODEC_OPAQUE, MEDIASEAL_NAL_ANNEX_B)
CALL(decryptor_last_failure, O, &failure)
CALL(decryptor_need_key_frame, O, NOW, &request)
CALL(decryptor_explain, O, NULL, key, 32, NULL, &diagnosis)
CALL(decryptor_statistics_count, O, &count)
CALL(decryptor_statistics, O, 0, &statistics)
CALL(decryptor_totals, O, &statistics)
CALL(decryptor_unattributed, O, &statistics)
CALL(decryptor_close, O)
CALL(rtp_reassembler_push, O, &packet, &ciphertext)
CALL(rtp_reassembler_close, O)
CALL(sentinel_set_codec, O, 1, MEDIASEAL_CODEC_VP8, MEDIASEAL_NAL_ANNEX_B)
CALL(sentinel_observe_sent, O, NULL, key, 32)
CALL(sentinel_refresh, O)
CALL(sentinel_proof, O, &new_proof)
CALL(sentinel_close, O)
CALL(proof_check, O, NOW, &proof_state)
CALL(proof_close, O)

#define OF_CIPHER(X) X(cipher_describe) X(key_store_new) X(cipher_close)
#define OF_COUNTER_STORE(X) X(counter_store_close)
#define OF_KEY_STORE(X)                                                                           \
    X(key_store_add_send) X(key_store_add_receive) X(key_store_activate) X(key_store_retire_send) \
    X(key_store_retire_receive) X(key_store_refuse_after_failures) X(key_store_tick)              \
    X(key_store_poll_event) X(key_store_set_event_callback) X(key_store_deliver_events)           \
    X(encryptor_new) X(decryptor_new) X(sentinel_new) X(key_store_close)
#define OF_CHANNEL_STORE(X)                                                                       \
    X(channel_store_tick) X(channel_store_renew_sessions) X(channel_store_poll_event)             \
    X(channel_store_set_event_callback) X(channel_store_deliver_events) X(channel_open)           \
    X(channel_store_close)
#define OF_CHANNEL(X)                                                                             \
    X(channel_stage) X(channel_join) X(channel_join_text) X(channel_activate)                     \
    X(channel_advance_to) X(channel_epoch_secret) X(channel_epoch_text) X(channel_key)            \
    X(channel_retire) X(channel_end_grace) X(channel_sending) X(channel_expect_session)           \
    X(channel_safety_code) X(channel_key_check) X(channel_verify_key_check)                       \
    X(channel_replay_state) X(channel_import_replay_state) X(encryptor_new_for_channel)           \
    X(decryptor_new_for_channel) X(sentinel_new_for_channel) X(channel_close)
#define OF_ENCRYPTOR(X)                                                                           \
    X(encryptor_set_codec) X(encryptor_set_default_codec)                                         \
    X(encryptor_encrypt) X(encryptor_encrypt_in_place) X(encryptor_bound)                         \
    X(encryptor_next_overhead) X(encryptor_refresh) X(encryptor_last_failure)                     \
    X(encryptor_statistics_count) X(encryptor_statistics) X(encryptor_totals) X(encryptor_close)
#define OF_DECRYPTOR(X)                                                                           \
    X(decryptor_set_codec) X(decryptor_set_default_codec)                                         \
    X(decryptor_decrypt) X(decryptor_decrypt_in_place) X(decryptor_refresh)                       \
    X(decryptor_last_failure) X(decryptor_need_key_frame) X(decryptor_explain)                    \
    X(decryptor_statistics_count) X(decryptor_statistics)                                         \
    X(decryptor_totals) X(decryptor_unattributed) X(decryptor_close)
#define OF_REASSEMBLER(X) X(rtp_reassembler_push) X(rtp_reassembler_close)
#define OF_SENTINEL(X)                                                                            \
    X(sentinel_set_codec) X(sentinel_observe_sent) X(sentinel_refresh) X(sentinel_proof)          \
    X(sentinel_close)
#define OF_PROOF(X) X(proof_check) X(proof_close)

struct entry {
    const char *name;
    const char *const *arguments;
    call_with call;
};
#define ENTRY(name) {#name, &arguments_##name, call_##name},
static const struct entry of_cipher[] = {OF_CIPHER(ENTRY)};
static const struct entry of_counter_store[] = {OF_COUNTER_STORE(ENTRY)};
static const struct entry of_key_store[] = {OF_KEY_STORE(ENTRY)};
static const struct entry of_channel_store[] = {OF_CHANNEL_STORE(ENTRY)};
static const struct entry of_channel[] = {OF_CHANNEL(ENTRY)};
static const struct entry of_encryptor[] = {OF_ENCRYPTOR(ENTRY)};
static const struct entry of_decryptor[] = {OF_DECRYPTOR(ENTRY)};
static const struct entry of_reassembler[] = {OF_REASSEMBLER(ENTRY)};
static const struct entry of_sentinel[] = {OF_SENTINEL(ENTRY)};
static const struct entry of_proof[] = {OF_PROOF(ENTRY)};

enum { TYPES = 10 };

/* One object of every type, and its functions. */
static struct {
    const char *name;
    void *object;
    const struct entry *entries;
    size_t count;
} types[TYPES];

#define TYPE(index, its_name, its_object, its_entries)                                            \
    types[index].name = its_name;                                                                 \
    types[index].object = its_object;                                                             \
    types[index].entries = its_entries;                                                           \
    types[index].count = sizeof its_entries / sizeof *its_entries

/* Whether `argument` is one of the function's. */
static int has(const struct entry *entry, const char *argument)
{
    return strstr(*entry->arguments, argument) != NULL;
}

static void expect(mediaseal_status expected, const struct entry *entry, void *object, const char *what)
{
    static char poison;
    len = count = number = small = 99;
    new_channel = (mediaseal_channel *)&poison;
    new_key_store = (mediaseal_key_store *)&poison;
    new_encryptor = (mediaseal_encryptor *)&poison;
    new_decryptor = (mediaseal_decryptor *)&poison;
    new_sentinel = (mediaseal_sentinel *)&poison;
    new_proof = (mediaseal_proof *)&poison;
    mediaseal_status status = entry->call(object);
    checks++;
    if (status != expected) {
        fprintf(stderr, "mediaseal_%s with %s: %s in place of %s\n", entry->name, what, mediaseal_status_name(status),
                mediaseal_status_name(expected));
        exit(1);
    }
    /* A refused call leaves 0 and NULL where its results go, and touches nothing else. */
    CHECK(len == (has(entry, "&len") ? 0u : 99u));
    CHECK(count == (has(entry, "&count") ? 0u : 99u));
    CHECK(number == (has(entry, "&number") ? 0u : 99u));
    CHECK(small == (has(entry, "&small") ? 0u : 99u));
    CHECK((new_channel == NULL) == has(entry, "&new_channel"));
    CHECK((new_key_store == NULL) == has(entry, "&new_key_store"));
    CHECK((new_encryptor == NULL) == has(entry, "&new_encryptor"));
    CHECK((new_decryptor == NULL) == has(entry, "&new_decryptor"));
    CHECK((new_sentinel == NULL) == has(entry, "&new_sentinel"));
    CHECK((new_proof == NULL) == has(entry, "&new_proof"));
}

static void objects(const char *folder)
{
    static mediaseal_cipher *cipher;
    static mediaseal_counter_store *counters;
    struct member member = join(key);
    OK(mediaseal_cipher_builtin(4, 0, &cipher));
    OK(mediaseal_counter_store_create(folder, &counters));
    struct raw_pair pair = raw_pair(cipher);
    TYPE(0, "a cipher", cipher, of_cipher);
    TYPE(1, "a counter store", counters, of_counter_store);
    TYPE(2, "a key store", pair.sending, of_key_store);
    TYPE(3, "a channel store", member.store, of_channel_store);
    TYPE(4, "a channel", member.channel, of_channel);
    TYPE(5, "an encryptor", pair.encryptor, of_encryptor);
    TYPE(6, "a decryptor", pair.decryptor, of_decryptor);
    static mediaseal_rtp_reassembler *reassembler;
    OK(mediaseal_rtp_reassembler_new(512, 1200, &reassembler));
    TYPE(7, "a reassembler", reassembler, of_reassembler);
    static mediaseal_sentinel *sentinel;
    static mediaseal_proof *proof;
    OK(mediaseal_sentinel_new_for_channel(member.channel, &sentinel));
    OK(mediaseal_sentinel_proof(sentinel, &proof));
    TYPE(8, "a sentinel", sentinel, of_sentinel);
    TYPE(9, "a proof", proof, of_proof);
    generation.number = 5;
    generation.key = key;
    generation.key_len = sizeof key;
    channel_config.id = key;
    channel_config.id_len = 3;
    decryptor_config.expected = &alice;
    decryptor_config.expected_count = 1;
    /* Not an object, and aligned. */
    static uint64_t zeros[64];
    for (int type = 0; type < TYPES; type++) {
        for (size_t at = 0; at < types[type].count; at++) {
            const struct entry *entry = &types[type].entries[at];
            expect(MEDIASEAL_ERR_NULL_POINTER, entry, NULL, "NULL");
            expect(MEDIASEAL_ERR_MISALIGNED, entry, (char *)types[type].object + 1, "a misaligned object");
            expect(MEDIASEAL_ERR_BAD_HANDLE, entry, zeros, "what is no object");
            for (int other = 0; other < TYPES; other++)
                if (other != type)
                    expect(MEDIASEAL_ERR_BAD_HANDLE, entry, types[other].object, types[other].name);
        }
    }
    /* What is no object of the type is not freed. */
    mediaseal_encryptor_free((mediaseal_encryptor *)(void *)pair.decryptor);
    mediaseal_channel_free((mediaseal_channel *)(void *)member.store);
    mediaseal_cipher_free((mediaseal_cipher *)(void *)zeros);
    OK(mediaseal_decryptor_refresh(pair.decryptor));
    mediaseal_cipher_free(NULL);
    mediaseal_counter_store_free(NULL);
    mediaseal_key_store_free(NULL);
    mediaseal_channel_store_free(NULL);
    mediaseal_channel_free(NULL);
    mediaseal_encryptor_free(NULL);
    mediaseal_decryptor_free(NULL);
    mediaseal_rtp_reassembler_free(NULL);
    mediaseal_sentinel_free(NULL);
    mediaseal_proof_free(NULL);

    /* Closed: every function says so, and closing again is no error. */
    for (int type = 0; type < TYPES; type++) {
        const struct entry *close = &types[type].entries[types[type].count - 1];
        expect(MEDIASEAL_OK, close, types[type].object, "an open object");
        for (size_t at = 0; at + 1 < types[type].count; at++)
            expect(MEDIASEAL_ERR_CLOSED, &types[type].entries[at], types[type].object, "a closed object");
        expect(MEDIASEAL_OK, close, types[type].object, "a closed object");
    }
    free_raw_pair(&pair);
    leave(&member);
    mediaseal_cipher_free(cipher);
    mediaseal_counter_store_free(counters);
    mediaseal_rtp_reassembler_free(reassembler);
    mediaseal_sentinel_free(sentinel);
    mediaseal_proof_free(proof);
}

static void buffers(void)
{
    mediaseal_cipher *cipher;
    OK(mediaseal_cipher_builtin(4, 0, &cipher));
    struct raw_pair pair = raw_pair(cipher);
    mediaseal_encryptor *e = pair.encryptor;
    mediaseal_decryptor *d = pair.decryptor;
    uint8_t buffer[512];
    mediaseal_frame_info info = MEDIASEAL_FRAME_INFO_INIT;
    memset(buffer, 1, sizeof buffer);

    STATUS(MEDIASEAL_ERR_NULL_POINTER, mediaseal_encryptor_encrypt(e, NULL, NULL, 1, buffer, sizeof buffer, &len));
    STATUS(MEDIASEAL_ERR_NULL_POINTER, mediaseal_encryptor_encrypt(e, NULL, buffer, 1, NULL, 100, &len));
    STATUS(MEDIASEAL_ERR_NULL_POINTER, mediaseal_encryptor_encrypt(e, NULL, buffer, 1, buffer, sizeof buffer, NULL));
    STATUS(MEDIASEAL_ERR_BUFFER_TOO_SMALL, mediaseal_encryptor_encrypt(e, NULL, buffer, 1, NULL, 0, &len));
    mediaseal_failure last = MEDIASEAL_FAILURE_INIT;
    OK(mediaseal_encryptor_last_failure(e, &last));
    CHECK(last.status == MEDIASEAL_ERR_BUFFER_TOO_SMALL && last.needed == 18 && last.available == 0);
    STATUS(MEDIASEAL_ERR_BUFFER_TOO_SMALL, mediaseal_encryptor_encrypt(e, NULL, buffer, 100, buffer, 50, &len));
    OK(mediaseal_encryptor_last_failure(e, &last));
    CHECK(last.status == MEDIASEAL_ERR_BUFFER_TOO_SMALL && last.needed == 117 && last.available == 50);
    STATUS(MEDIASEAL_ERR_BUFFER_TOO_SMALL, mediaseal_decryptor_decrypt(d, NULL, buffer, 100, buffer, 50, &len, NULL));
    OK(mediaseal_decryptor_last_failure(d, &last));
    CHECK(last.status == MEDIASEAL_ERR_BUFFER_TOO_SMALL && last.needed == 100 && last.available == 50);
    STATUS(MEDIASEAL_ERR_LENGTH, mediaseal_encryptor_encrypt(e, NULL, buffer, SIZE_MAX, buffer, sizeof buffer, &len));
    STATUS(MEDIASEAL_ERR_LENGTH, mediaseal_encryptor_encrypt(e, NULL, buffer, SIZE_MAX / 2 + 1, buffer, sizeof buffer, &len));
    STATUS(MEDIASEAL_ERR_LENGTH, mediaseal_encryptor_encrypt(e, NULL, buffer, 1, buffer, SIZE_MAX, &len));
    STATUS(MEDIASEAL_ERR_MISALIGNED,
           mediaseal_encryptor_encrypt(e, NULL, buffer, 1, buffer, sizeof buffer, (size_t *)(void *)((char *)&buffer[64] + 1)));

    /* Overlap by one octet on either side; touching is none. */
    STATUS(MEDIASEAL_ERR_OVERLAP, mediaseal_encryptor_encrypt(e, NULL, buffer + 99, 10, buffer, 100, &len));
    OK(mediaseal_encryptor_last_failure(e, &last));
    CHECK(last.status == MEDIASEAL_ERR_OVERLAP && last.needed == 0);
    STATUS(MEDIASEAL_ERR_OVERLAP, mediaseal_encryptor_encrypt(e, NULL, buffer, 10, buffer + 9, 100, &len));
    STATUS(MEDIASEAL_ERR_OVERLAP, mediaseal_encryptor_encrypt(e, NULL, buffer + 10, 10, buffer, 100, &len));
    OK(mediaseal_encryptor_encrypt(e, NULL, buffer + 100, 10, buffer, 100, &len));
    STATUS(MEDIASEAL_ERR_OVERLAP, mediaseal_decryptor_decrypt(d, NULL, buffer, len, buffer + 1, 100, &len, NULL));
    info.metadata = buffer + 20;
    info.metadata_len = 4;
    STATUS(MEDIASEAL_ERR_OVERLAP, mediaseal_encryptor_encrypt(e, &info, buffer + 200, 10, buffer, 100, &len));
    STATUS(MEDIASEAL_ERR_OVERLAP, mediaseal_encryptor_encrypt_in_place(e, &info, buffer, 100, 30, 10, &count, &len));
    STATUS(MEDIASEAL_ERR_OVERLAP, mediaseal_decryptor_decrypt(d, &info, buffer + 200, 30, buffer, 100, &len, NULL));
    STATUS(MEDIASEAL_ERR_OVERLAP, mediaseal_decryptor_decrypt_in_place(d, &info, buffer, 100, 0, 30, &count, &len, NULL));
    info.metadata = NULL;
    STATUS(MEDIASEAL_ERR_NULL_POINTER, mediaseal_encryptor_encrypt(e, &info, buffer, 10, buffer, 100, &len));
    info.metadata = octets_out;
    info.metadata_len = MEDIASEAL_METADATA_MAX_LEN + 1;
    uint8_t *metadata = calloc(1, info.metadata_len);
    info.metadata = metadata;
    STATUS(MEDIASEAL_ERR_METADATA_TOO_LONG, mediaseal_encryptor_encrypt(e, &info, buffer, 10, buffer, 100, &len));
    free(metadata);

    STATUS(MEDIASEAL_ERR_RANGE_OUTSIDE_BUFFER, mediaseal_encryptor_encrypt_in_place(e, NULL, buffer, 100, 60, 41, &count, &len));
    STATUS(MEDIASEAL_ERR_RANGE_OUTSIDE_BUFFER, mediaseal_encryptor_encrypt_in_place(e, NULL, buffer, 100, SIZE_MAX, 2, &count, &len));
    STATUS(MEDIASEAL_ERR_HEADROOM, mediaseal_encryptor_encrypt_in_place(e, NULL, buffer, 100, 0, 10, &count, &len));
    STATUS(MEDIASEAL_ERR_TAILROOM, mediaseal_encryptor_encrypt_in_place(e, NULL, buffer, 100, 20, 80, &count, &len));
    STATUS(MEDIASEAL_ERR_TRUNCATED, mediaseal_decryptor_decrypt(d, NULL, NULL, 0, buffer, 100, &len, NULL));
    STATUS(MEDIASEAL_ERR_TRUNCATED, mediaseal_decryptor_decrypt(d, NULL, buffer, 1, buffer, 100, &len, NULL));

    /* Names. */
    memset(octets_out, 'x', 256);
    STATUS(MEDIASEAL_ERR_SENDER_ID_TOO_LONG, mediaseal_key_store_add_receive(pair.receiving, key, 32, 9, octets_out, 256, 0));
    OK(mediaseal_key_store_add_receive(pair.receiving, key, 32, 9, octets_out, 255, 0));
    STATUS(MEDIASEAL_ERR_KEY_LENGTH, mediaseal_key_store_add_receive(pair.receiving, key, 15, 10, NULL, 0, 0));
    STATUS(MEDIASEAL_ERR_NULL_POINTER, mediaseal_key_store_add_receive(pair.receiving, NULL, 16, 10, NULL, 0, 0));
    STATUS(MEDIASEAL_ERR_CLOCK_UNSET, mediaseal_key_store_tick(pair.receiving, 3599));
    int64_t value;
    STATUS(MEDIASEAL_ERR_UNKNOWN_VALUE, mediaseal_constant("MEDIASEAL_NONE", &value));
    STATUS(MEDIASEAL_ERR_UNKNOWN_VALUE, mediaseal_struct_size("mediaseal_none", &len));
    CHECK(strcmp(mediaseal_status_name(12345), "unknown status") == 0);
    CHECK(mediaseal_status_class(12345) == MEDIASEAL_CLASS_REPORT_A_BUG);
    CHECK(mediaseal_status_class(377) == MEDIASEAL_CLASS_DROP_THE_PACKET);
    OK(mediaseal_wipe(NULL, 0));
    STATUS(MEDIASEAL_ERR_NULL_POINTER, mediaseal_wipe(NULL, 1));
    free_raw_pair(&pair);
    mediaseal_cipher_free(cipher);
}

static void numbers(void)
{
    mediaseal_cipher *cipher, *none;
    struct member member = join(key);
    OK(mediaseal_cipher_builtin(4, 0, &cipher));
    STATUS(MEDIASEAL_ERR_UNSUPPORTED_SUITE, mediaseal_cipher_builtin(0, 0, &none));
    STATUS(MEDIASEAL_ERR_UNSUPPORTED_SUITE, mediaseal_cipher_builtin(9, 0, &none));
    STATUS(MEDIASEAL_ERR_UNSUPPORTED_SUITE, mediaseal_cipher_builtin(0x10004, 0, &none));
    STATUS(MEDIASEAL_ERR_UNKNOWN_VALUE, mediaseal_cipher_builtin(4, 4, &none));
    STATUS(MEDIASEAL_ERR_UNSUPPORTED_SUITE, mediaseal_cipher_builtin(9, MEDIASEAL_CIPHER_OVER_AWS_LC, &none));
    STATUS(MEDIASEAL_ERR_NOT_IN_THIS_BUILD, mediaseal_cipher_builtin(4, MEDIASEAL_CIPHER_OVER_AWS_LC, &none));
    CHECK(none == NULL);
    struct raw_pair pair = raw_pair(cipher);
    mediaseal_encryptor_config sending = MEDIASEAL_ENCRYPTOR_CONFIG_INIT;
    sending.mode = 3;
    STATUS(MEDIASEAL_ERR_UNKNOWN_VALUE, mediaseal_encryptor_new(pair.sending, &sending, &new_encryptor));
    sending.mode = MEDIASEAL_MODE_FRAME;
    sending.max_len = 1200;
    STATUS(MEDIASEAL_ERR_UNKNOWN_VALUE, mediaseal_encryptor_new(pair.sending, &sending, &new_encryptor));
    sending.max_len = 0;
    sending.media = MEDIASEAL_MEDIA_AUDIO;
    STATUS(MEDIASEAL_ERR_UNKNOWN_VALUE, mediaseal_encryptor_new(pair.sending, &sending, &new_encryptor));
    for (uint32_t media = 0; media < 300; media++) {
        int is_known = media <= 5 || (media >= 128 && media <= 255);
        sending.media = media;
        STATUS(is_known ? MEDIASEAL_OK : MEDIASEAL_ERR_UNKNOWN_VALUE,
               mediaseal_encryptor_new_for_channel(member.channel, &sending, &new_encryptor));
        mediaseal_encryptor_free(new_encryptor);
    }
    sending.media = 0;
    sending.mode = MEDIASEAL_MODE_COMPACT_PACKET;
    STATUS(MEDIASEAL_ERR_COMPACT_PROFILE, mediaseal_encryptor_new_for_channel(member.channel, &sending, &new_encryptor));
    mediaseal_decryptor_config receiving = MEDIASEAL_DECRYPTOR_CONFIG_INIT;
    STATUS(MEDIASEAL_ERR_EXPECTED_SENDERS, mediaseal_decryptor_new_for_channel(member.channel, &receiving, &new_decryptor));
    receiving.expected_count = 17;
    STATUS(MEDIASEAL_ERR_EXPECTED_SENDERS, mediaseal_decryptor_new_for_channel(member.channel, &receiving, &new_decryptor));
    receiving.expected_count = 1;
    STATUS(MEDIASEAL_ERR_NULL_POINTER, mediaseal_decryptor_new_for_channel(member.channel, &receiving, &new_decryptor));
    receiving.expected = &alice;
    STATUS(MEDIASEAL_ERR_UNKNOWN_VALUE, mediaseal_decryptor_new(pair.receiving, &receiving, &new_decryptor));
    mediaseal_channel_config config = MEDIASEAL_CHANNEL_CONFIG_INIT;
    STATUS(MEDIASEAL_ERR_CHANNEL_NAME, mediaseal_channel_open(member.store, &config, &new_channel));
    config.id = key;
    config.id_len = 4;
    config.flags = 8;
    STATUS(MEDIASEAL_ERR_UNKNOWN_VALUE, mediaseal_channel_open(member.store, &config, &new_channel));
    config.flags = MEDIASEAL_CHANNEL_NO_GRACE;
    config.grace_seconds = 1;
    STATUS(MEDIASEAL_ERR_UNKNOWN_VALUE, mediaseal_channel_open(member.store, &config, &new_channel));
    config.grace_seconds = 0;
    OK(mediaseal_channel_open(member.store, &config, &new_channel));
    mediaseal_generation wrong = MEDIASEAL_GENERATION_INIT;
    wrong.number = 1;
    wrong.key = key;
    wrong.key_len = 32;
    wrong.flags = 4;
    STATUS(MEDIASEAL_ERR_UNKNOWN_VALUE, mediaseal_channel_stage(new_channel, &wrong));
    wrong.flags = 0;
    STATUS(MEDIASEAL_ERR_CHANNEL_KEY_REUSED, mediaseal_channel_stage(new_channel, &wrong));
    wrong.flags = MEDIASEAL_GENERATION_SHARE_KEY;
    wrong.kdf_salt = key;
    wrong.kdf_salt_len = 3;
    STATUS(MEDIASEAL_ERR_KDF_SALT_LENGTH, mediaseal_channel_stage(new_channel, &wrong));
    wrong.kdf_salt_len = 16;
    OK(mediaseal_channel_stage(new_channel, &wrong));
    mediaseal_channel_free(new_channel);
    free_raw_pair(&pair);
    leave(&member);
    mediaseal_cipher_free(cipher);
}

static void rtp(void)
{
    uint8_t payload[100], whole[3] = {0xC0, 1, 2};
    mediaseal_rtp_reassembler *none = NULL;
    STATUS(MEDIASEAL_ERR_PACKET_MAXIMUM, mediaseal_rtp_payload_count(10, 1, &count));
    STATUS(MEDIASEAL_ERR_PACKET_MAXIMUM, mediaseal_rtp_payload(key, 32, MEDIASEAL_RTP_FRAME, 0, 0, payload, sizeof payload, &len));
    STATUS(MEDIASEAL_ERR_UNKNOWN_VALUE, mediaseal_rtp_payload(key, 32, 2, 100, 0, payload, sizeof payload, &len));
    STATUS(MEDIASEAL_ERR_INDEX, mediaseal_rtp_payload(key, 32, MEDIASEAL_RTP_FRAME, 20, 2, payload, sizeof payload, &len));
    STATUS(MEDIASEAL_ERR_INDEX, mediaseal_rtp_payload(key, 32, MEDIASEAL_RTP_FRAME, 20, SIZE_MAX, payload, sizeof payload, &len));
    STATUS(MEDIASEAL_ERR_BUFFER_TOO_SMALL, mediaseal_rtp_payload(key, 32, MEDIASEAL_RTP_FRAME, 100, 0, payload, 32, &len));
    STATUS(MEDIASEAL_ERR_OVERLAP, mediaseal_rtp_payload(payload + 99, 1, MEDIASEAL_RTP_FRAME, 100, 0, payload, sizeof payload, &len));
    STATUS(MEDIASEAL_ERR_LENGTH, mediaseal_rtp_payload(key, SIZE_MAX, MEDIASEAL_RTP_FRAME, 100, 0, payload, sizeof payload, &len));
    CHECK(len == 0 && count == 0);
    STATUS(MEDIASEAL_ERR_PACKET_MAXIMUM, mediaseal_rtp_reassembler_new(1, 100, &none));
    STATUS(MEDIASEAL_ERR_PACKET_MAXIMUM, mediaseal_rtp_reassembler_new(32769, 100, &none));
    STATUS(MEDIASEAL_ERR_PACKET_MAXIMUM, mediaseal_rtp_reassembler_new(2, 65536, &none));
    CHECK(none == NULL);

    mediaseal_rtp_reassembler *reassembler;
    OK(mediaseal_rtp_reassembler_new(2, 100, &reassembler));
    mediaseal_rtp_packet from = MEDIASEAL_RTP_PACKET_INIT;
    mediaseal_rtp_ciphertext told = MEDIASEAL_RTP_CIPHERTEXT_INIT;
    /* Nothing at all is no fault of the call. */
    OK(mediaseal_rtp_reassembler_push(reassembler, &from, &told));
    CHECK(told.progress == MEDIASEAL_RTP_REFUSED && told.ciphertext == NULL);
    from.payload = whole;
    from.payload_len = sizeof whole;
    from.marker = 2;
    STATUS(MEDIASEAL_ERR_UNKNOWN_VALUE, mediaseal_rtp_reassembler_push(reassembler, &from, &told));
    from.marker = 1;
    from.reserved = 1;
    STATUS(MEDIASEAL_ERR_UNKNOWN_VALUE, mediaseal_rtp_reassembler_push(reassembler, &from, &told));
    from.reserved = 0;
    from.struct_size = 4;
    STATUS(MEDIASEAL_ERR_STRUCT_SIZE, mediaseal_rtp_reassembler_push(reassembler, &from, &told));
    from.struct_size = sizeof from;
    STATUS(MEDIASEAL_ERR_NULL_POINTER, mediaseal_rtp_reassembler_push(reassembler, &from, NULL));
    OK(mediaseal_rtp_reassembler_push(reassembler, &from, &told));
    CHECK(told.progress == MEDIASEAL_RTP_COMPLETE && told.ciphertext_len == 2 && told.marker == 1);
    from.sequence = 1;
    from.payload = told.ciphertext + 1;
    STATUS(MEDIASEAL_ERR_OVERLAP, mediaseal_rtp_reassembler_push(reassembler, &from, &told));
    CHECK(told.progress == 0);
    mediaseal_rtp_reassembler_free(reassembler);
}

/* A struct of a program that is older or newer than the library. */
static void versions(void)
{
    struct newer {
        mediaseal_frame_info known;
        uint64_t later;
    } newer = {MEDIASEAL_FRAME_INFO_INIT, 0};
    mediaseal_cipher *cipher;
    OK(mediaseal_cipher_builtin(4, 0, &cipher));
    struct raw_pair pair = raw_pair(cipher);
    uint8_t sealed[64];
    newer.known.struct_size = sizeof newer;
    OK(mediaseal_encryptor_encrypt(pair.encryptor, &newer.known, key, 32, sealed, sizeof sealed, &len));
    newer.later = 1;
    STATUS(MEDIASEAL_ERR_STRUCT_SIZE, mediaseal_encryptor_encrypt(pair.encryptor, &newer.known, key, 32, sealed, sizeof sealed, &len));
    newer.known.struct_size = 0;
    STATUS(MEDIASEAL_ERR_STRUCT_SIZE, mediaseal_encryptor_encrypt(pair.encryptor, &newer.known, key, 32, sealed, sizeof sealed, &len));
    newer.known.struct_size = sizeof(mediaseal_frame_info) - 1;
    STATUS(MEDIASEAL_ERR_STRUCT_SIZE, mediaseal_encryptor_encrypt(pair.encryptor, &newer.known, key, 32, sealed, sizeof sealed, &len));
    newer.known.struct_size = UINT32_MAX;
    STATUS(MEDIASEAL_ERR_STRUCT_SIZE, mediaseal_encryptor_encrypt(pair.encryptor, &newer.known, key, 32, sealed, sizeof sealed, &len));
    struct newer_out {
        mediaseal_failure known;
        uint64_t later;
    } out = {MEDIASEAL_FAILURE_INIT, 77};
    out.known.struct_size = sizeof out;
    OK(mediaseal_encryptor_last_failure(pair.encryptor, &out.known));
    CHECK(out.later == 0 && out.known.struct_size == sizeof out && out.known.status == MEDIASEAL_ERR_STRUCT_SIZE);
    out.known.struct_size = 3;
    STATUS(MEDIASEAL_ERR_STRUCT_SIZE, mediaseal_encryptor_last_failure(pair.encryptor, &out.known));
    free_raw_pair(&pair);
    mediaseal_cipher_free(cipher);
}

int main(int argc, char **argv)
{
    CHECK(argc == 2);
    objects(argv[1]);
    buffers();
    numbers();
    rtp();
    versions();
    DONE("arguments");
}
