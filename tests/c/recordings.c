/* A recording through C, from a custom cipher to files that play: a recorder without a key of the call, anybody who verifies, an owner who exports. The last argument is a folder that is not there yet. */
#include "check.h"
#include "chacha.h"

#include <dirent.h>
#include <sys/stat.h>

#define SUITE 0xF042
#define FRAMES 300
#define FRAME_LEN 60

static char root[512], path[1200];

static const char *in_root(const char *name)
{
    snprintf(path, sizeof path, "%s/%s", root, name);
    return path;
}

/* ---- the application's cipher: ChaCha20-Poly1305 ---- */

static mediaseal_status key_new(void *user_data, const uint8_t *key, size_t key_len, void **out_key)
{
    uint8_t *copy = malloc(32);
    (void)user_data;
    CHECK(key_len == 32 && copy != NULL);
    memcpy(copy, key, 32);
    *out_key = copy;
    return MEDIASEAL_OK;
}

static void key_free(void *user_data, void *key)
{
    (void)user_data;
    mediaseal_wipe(key, 32);
    free(key);
}

static mediaseal_status chacha_seal(void *user_data, const void *key, const uint8_t *nonce, size_t nonce_len, const uint8_t *aad, size_t aad_len,
                                    uint8_t *data, size_t data_len, uint8_t *tag, size_t tag_len)
{
    (void)user_data, (void)nonce_len, (void)tag_len;
    chacha_xor(key, nonce, data, data_len);
    chacha_tag(key, nonce, aad, aad_len, data, data_len, tag);
    return MEDIASEAL_OK;
}

static mediaseal_status chacha_open(void *user_data, const void *key, const uint8_t *nonce, size_t nonce_len, const uint8_t *aad, size_t aad_len,
                                    uint8_t *data, size_t data_len, const uint8_t *tag, size_t tag_len)
{
    uint8_t expected[16], difference = 0;
    (void)user_data, (void)nonce_len;
    chacha_tag(key, nonce, aad, aad_len, data, data_len, expected);
    for (size_t i = 0; i < tag_len; i++)
        difference |= expected[i] ^ tag[i];
    if (difference)
        return MEDIASEAL_ERR_AUTHENTICATION_FAILED;
    chacha_xor(key, nonce, data, data_len);
    return MEDIASEAL_OK;
}

static mediaseal_cipher *own_cipher(void)
{
    static mediaseal_known_answer answer;
    mediaseal_cipher_vtable vtable = MEDIASEAL_CIPHER_VTABLE_INIT;
    mediaseal_refusal refusal = MEDIASEAL_REFUSAL_INIT;
    mediaseal_cipher *cipher;
    answer.key = CHACHA_KEY;
    answer.nonce = CHACHA_NONCE;
    answer.aad = CHACHA_AAD;
    answer.aad_len = sizeof CHACHA_AAD;
    answer.plaintext = (const uint8_t *)CHACHA_PLAINTEXT;
    answer.ciphertext = CHACHA_CIPHERTEXT;
    answer.data_len = sizeof CHACHA_CIPHERTEXT;
    answer.tag = CHACHA_TAG;
    vtable.suite = SUITE;
    vtable.key_len = 32;
    vtable.nonce_len = 12;
    vtable.tag_len = 16;
    vtable.hash = MEDIASEAL_HASH_SHA256;
    vtable.cost = MEDIASEAL_COST_FAST;
    vtable.known_answers = &answer;
    vtable.known_answers_count = 1;
    vtable.key_new = key_new;
    vtable.key_free = key_free;
    vtable.seal = chacha_seal;
    vtable.open = chacha_open;
    OK(mediaseal_cipher_register(&vtable, 0, &refusal, &cipher));
    return cipher;
}

/* ---- people ---- */

struct person {
    mediaseal_identity *identity;
    mediaseal_signer *signer;
    uint8_t half[MEDIASEAL_RECIPIENT_MAX_LEN], signs[MEDIASEAL_SIGNER_PUBLIC_LEN];
    mediaseal_recipient recipient;
};

static void make(struct person *p)
{
    OK(mediaseal_identity_generate(MEDIASEAL_KEM_X25519, &p->identity));
    OK(mediaseal_signer_generate(&p->signer));
    OK(mediaseal_identity_recipient(p->identity, p->half, sizeof p->half, &p->recipient.len));
    OK(mediaseal_signer_public(p->signer, p->signs));
    p->recipient.octets = p->half;
}

static void end(struct person *p)
{
    mediaseal_identity_free(p->identity);
    mediaseal_signer_free(p->signer);
}

static struct person alice, owner, machine, stranger;

static mediaseal_recording_options options_of(uint32_t profile)
{
    mediaseal_recording_options options = MEDIASEAL_RECORDING_OPTIONS_INIT;
    options.profile = profile;
    options.owners = &owner.recipient;
    options.owner_count = 1;
    options.region = "eu";
    return options;
}

/* An Opus packet of 20 ms, of its own octets. */
static void made_up(uint8_t *frame, uint32_t number)
{
    uint32_t state = number * 2654435761u + 1;
    frame[0] = 0xF8;
    for (size_t i = 1; i < FRAME_LEN; i++) {
        state = state * 1664525u + 1013904223u;
        frame[i] = (uint8_t)(state >> 24);
    }
}

static uint32_t verdict_of(const char *name, const uint8_t *signer, mediaseal_recording_found *found)
{
    memset(found, 0, sizeof *found);
    found->struct_size = sizeof *found;
    OK(mediaseal_recording_verify(in_root(name), signer, found));
    return found->verdict;
}

static uint8_t *contents(const char *name, size_t *len)
{
    FILE *file = fopen(in_root(name), "rb");
    uint8_t *octets = malloc(1 << 20);
    CHECK(file != NULL && octets != NULL);
    *len = fread(octets, 1, 1 << 20, file);
    CHECK(fclose(file) == 0 && *len > 0 && *len < 1 << 20);
    return octets;
}

static int is_in(const uint8_t *octets, size_t len, const uint8_t *what, size_t what_len)
{
    for (size_t at = 0; at + what_len <= len; at++)
        if (memcmp(octets + at, what, what_len) == 0)
            return 1;
    return 0;
}

static mediaseal_recorded_frame frame_of(uint32_t track, uint32_t number, const uint8_t *octets, size_t len)
{
    mediaseal_recorded_frame frame = MEDIASEAL_RECORDED_FRAME_INIT;
    frame.flags = MEDIASEAL_RECORDED_KEY_FRAME;
    frame.track = track;
    frame.micros = number * UINT64_C(20000);
    frame.sender = (const uint8_t *)"alice";
    frame.sender_len = 5;
    frame.octets = octets;
    frame.len = len;
    return frame;
}

static mediaseal_player_options player_of_call(const mediaseal_cipher *const *cipher)
{
    mediaseal_player_options options = MEDIASEAL_PLAYER_OPTIONS_INIT;
    options.recorder = machine.signs;
    options.senders = alice.signs;
    options.sender_count = 1;
    options.ciphers = cipher;
    options.cipher_count = 1;
    return options;
}

/* Somebody follows the call: without a grant of its session a frame is told, and not opened; `opened` is what it is with one. */
static void await_grant(mediaseal_recorder *recorder, const mediaseal_cipher *cipher, const mediaseal_written *written, const uint8_t *opened)
{
    static mediaseal_player *player;
    static const mediaseal_cipher *own;
    mediaseal_player_state state = MEDIASEAL_PLAYER_STATE_INIT;
    mediaseal_played_frame played = MEDIASEAL_PLAYED_FRAME_INIT;
    if (opened == NULL) {
        own = cipher;
        mediaseal_player_options options = player_of_call(&own);
        OK(mediaseal_player_new(in_root("call"), owner.identity, &options, &player));
        OK(mediaseal_player_refresh(player, &state));
        CHECK(state.is_new == 0);
        OK(mediaseal_recorder_flush(recorder));
        OK(mediaseal_player_refresh(player, &state));
        CHECK(state.is_new == 1 && state.is_closed == 0 && state.grants_refused == 0);
        OK(mediaseal_player_next_frame(player, 3, &played));
        CHECK(played.status == MEDIASEAL_ERR_MISSING_KEY && played.has_kid == 1 && played.kid == written->kid);
        CHECK(played.octets == NULL && played.sender == NULL && played.sender_len == 0);
        return;
    }
    OK(mediaseal_player_refresh(player, &state));
    STATUS(MEDIASEAL_ERR_INDEX, mediaseal_player_next_frame(player, 3, &played));
    CHECK(played.status == MEDIASEAL_ERR_NOT_BEGUN);
    OK(mediaseal_player_seek(player, 3, 0));
    OK(mediaseal_player_next_frame(player, 3, &played));
    CHECK(played.status == MEDIASEAL_OK && played.len == FRAME_LEN && memcmp(played.octets, opened, FRAME_LEN) == 0);
    mediaseal_player_free(player);
}

/* Records a call of alice's under `cipher`, and hands her grant over. */
static void record(const mediaseal_cipher *cipher)
{
    static const uint8_t key[32] = {7};
    mediaseal_recording_options options = options_of(0);
    mediaseal_recorder *recorder, *second;
    STATUS(MEDIASEAL_ERR_UNKNOWN_VALUE, mediaseal_recorder_new(in_root("call"), &options, machine.signer, &recorder));
    options = options_of(MEDIASEAL_PROFILE_FRAMES);
    options.owner_count = 0;
    STATUS(MEDIASEAL_ERR_RECORDING_NO_OWNER, mediaseal_recorder_new(in_root("call"), &options, machine.signer, &recorder));
    struct stat nothing;
    CHECK(recorder == NULL && stat(in_root("call"), &nothing) != 0);
    options.owner_count = 1;
    OK(mediaseal_recorder_new(in_root("call"), &options, machine.signer, &recorder));
    STATUS(MEDIASEAL_ERR_RECORDING_ALREADY_THERE, mediaseal_recorder_new(in_root("call"), &options, machine.signer, &second));
    STATUS(MEDIASEAL_ERR_RECORDING_BUSY, mediaseal_recording_recover(in_root("call"), NULL));
    OK(mediaseal_recorder_add_track(recorder, 3, MEDIASEAL_CODEC_OPUS, MEDIASEAL_NAL_ANNEX_B, 0));
    STATUS(MEDIASEAL_ERR_RECORDING_TRACK, mediaseal_recorder_add_track(recorder, 3, MEDIASEAL_CODEC_OPUS, MEDIASEAL_NAL_ANNEX_B, 0));
    STATUS(MEDIASEAL_ERR_RECORDING_TRACK, mediaseal_recorder_add_track(recorder, 65536, MEDIASEAL_CODEC_OPUS, MEDIASEAL_NAL_ANNEX_B, 0));
    STATUS(MEDIASEAL_ERR_UNKNOWN_VALUE, mediaseal_recorder_add_track(recorder, 4, MEDIASEAL_CODEC_OPUS, MEDIASEAL_NAL_ANNEX_B, 2));
    STATUS(MEDIASEAL_ERR_UNKNOWN_VALUE, mediaseal_recorder_add_track(recorder, 4, 99, MEDIASEAL_NAL_ANNEX_B, 0));

    mediaseal_channel_store *store;
    mediaseal_channel *channel;
    mediaseal_encryptor *encryptor;
    mediaseal_channel_config config = MEDIASEAL_CHANNEL_CONFIG_INIT;
    mediaseal_generation generation = MEDIASEAL_GENERATION_INIT;
    mediaseal_encryptor_config sending = MEDIASEAL_ENCRYPTOR_CONFIG_INIT;
    OK(mediaseal_channel_store_new(&store));
    config.id = (const uint8_t *)"call";
    config.id_len = 4;
    OK(mediaseal_channel_open(store, &config, &channel));
    generation.number = 1;
    generation.key = key;
    generation.key_len = sizeof key;
    generation.cipher = cipher;
    OK(mediaseal_channel_stage(channel, &generation));
    OK(mediaseal_channel_store_tick(store, NOW));
    OK(mediaseal_channel_activate(channel, 1));
    sending.sender = (const uint8_t *)"alice";
    sending.sender_len = 5;
    sending.media = MEDIASEAL_MEDIA_AUDIO;
    OK(mediaseal_encryptor_new_for_channel(channel, &sending, &encryptor));

    uint8_t frame[FRAME_LEN], sealed[200], session[4096];
    size_t sealed_len, session_len;
    for (uint32_t number = 0; number < FRAMES; number++) {
        mediaseal_written written = MEDIASEAL_WRITTEN_INIT;
        made_up(frame, number);
        const uint8_t bound[] = {3, (uint8_t)number};
        mediaseal_frame_info info = MEDIASEAL_FRAME_INFO_INIT;
        info.metadata = bound;
        info.metadata_len = number % 2 == 0 ? sizeof bound : 0;
        OK(mediaseal_encryptor_encrypt(encryptor, &info, frame, sizeof frame, sealed, sizeof sealed, &sealed_len));
        mediaseal_recorded_frame recorded = frame_of(3, number, sealed, sealed_len);
        recorded.metadata = info.metadata;
        recorded.metadata_len = info.metadata_len;
        OK(mediaseal_recorder_write_frame(recorder, &recorded, &written));
        CHECK(written.misses_grant == (number == 0));
        if (written.misses_grant) {
            await_grant(recorder, cipher, &written, NULL);
            /* Its sender is asked, and grants it to the owners. */
            OK(mediaseal_channel_session_grant(channel, written.kid, &owner.recipient, 1, alice.signer, session, sizeof session, &session_len));
            STATUS(MEDIASEAL_ERR_GRANT_FORM, mediaseal_recorder_add_grant(recorder, session, session_len - 1));
            OK(mediaseal_recorder_add_grant(recorder, session, session_len));
            await_grant(recorder, cipher, &written, frame);
            OK(mediaseal_channel_session_grant(channel, written.kid, &owner.recipient, 1, alice.signer, session, sizeof session, &session_len));
            STATUS(MEDIASEAL_ERR_RECORDING_ALREADY_THERE, mediaseal_recorder_add_grant(recorder, session, session_len));
        }
        if (number % 50 == 0)
            OK(mediaseal_recorder_tick(recorder));
    }
    mediaseal_recorded_frame wrong = frame_of(9, 0, sealed, sealed_len);
    STATUS(MEDIASEAL_ERR_RECORDING_TRACK, mediaseal_recorder_write_frame(recorder, &wrong, NULL));
    wrong = frame_of(3, 0, sealed, sealed_len);
    wrong.flags = 2;
    STATUS(MEDIASEAL_ERR_UNKNOWN_VALUE, mediaseal_recorder_write_frame(recorder, &wrong, NULL));
    wrong = frame_of(3, 0, NULL, 5);
    STATUS(MEDIASEAL_ERR_NULL_POINTER, mediaseal_recorder_write_frame(recorder, &wrong, NULL));
    wrong = frame_of(3, 0, sealed, sealed_len);
    wrong.sender_len = 256;
    wrong.sender = session;
    STATUS(MEDIASEAL_ERR_SENDER_ID_TOO_LONG, mediaseal_recorder_write_frame(recorder, &wrong, NULL));

    mediaseal_recording_found found;
    OK(mediaseal_recorder_flush(recorder));
    CHECK(verdict_of("call", machine.signs, &found) == MEDIASEAL_RECORDING_INCOMPLETE && found.frames == FRAMES);
    mediaseal_recording_closed closed = MEDIASEAL_RECORDING_CLOSED_INIT;
    OK(mediaseal_recorder_finish(recorder, &closed));
    CHECK(closed.segments >= 1 && closed.missing_grants == 0 && closed.frames_without_kid == 0 && closed.too_many_sessions == 0);
    STATUS(MEDIASEAL_ERR_CLOSED, mediaseal_recorder_finish(recorder, &closed));
    STATUS(MEDIASEAL_ERR_CLOSED, mediaseal_recorder_tick(recorder));
    OK(mediaseal_recorder_close(recorder));
    mediaseal_recorder_free(recorder);
    mediaseal_encryptor_free(encryptor);
    mediaseal_channel_free(channel);
    mediaseal_channel_store_free(store);
}

static uint32_t stop(void *user_data, const mediaseal_export_progress *progress)
{
    CHECK(progress->struct_size == sizeof *progress && progress->of == FRAMES && progress->frames == 256);
    return (uint32_t)++*(int *)user_data;
}

/* What an owner gets, and nobody else, and not without what it takes. */
static void export(const mediaseal_cipher *cipher)
{
    char to[600], recording[600];
    snprintf(to, sizeof to, "%s/files", root);
    snprintf(recording, sizeof recording, "%s/call", root);
    mediaseal_export_options options = MEDIASEAL_EXPORT_OPTIONS_INIT;
    mediaseal_export_report report = MEDIASEAL_EXPORT_REPORT_INIT;
    options.recorder = machine.signs;
    options.senders = alice.signs;
    options.sender_count = 1;
    options.ciphers = &cipher;
    options.cipher_count = 1;
    /* Nothing to be exported comes to a folder: it need not be there. */
    STATUS(MEDIASEAL_ERR_RECORDING_NOT_THERE, mediaseal_recording_export(recording, to, owner.identity, &options, &report));
    CHECK(mkdir(to, 0700) == 0);
    STATUS(MEDIASEAL_ERR_RECORDING_NOT_THERE, mediaseal_recording_export(in_root("none"), to, owner.identity, &options, &report));
    STATUS(MEDIASEAL_ERR_GRANT_NO_STANZA, mediaseal_recording_export(recording, to, stranger.identity, &options, &report));
    options.recorder = stranger.signs;
    STATUS(MEDIASEAL_ERR_GRANT_SIGNATURE, mediaseal_recording_export(recording, to, owner.identity, &options, &report));
    options.recorder = NULL;
    STATUS(MEDIASEAL_ERR_NULL_POINTER, mediaseal_recording_export(recording, to, owner.identity, &options, &report));
    options.recorder = machine.signs;
    options.sender_count = SIZE_MAX;
    STATUS(MEDIASEAL_ERR_LENGTH, mediaseal_recording_export(recording, to, owner.identity, &options, &report));
    options.sender_count = 1;
    CHECK(report.files == 0);

    /* Without the cipher, and by a signer who is not known: everything is left out, and nothing written. */
    options.cipher_count = 0;
    OK(mediaseal_recording_export(recording, to, owner.identity, &options, &report));
    CHECK(report.files == 0 && report.frames_left_out == FRAMES && report.grants_refused == 0);
    options.cipher_count = 1;
    options.senders = stranger.signs;
    OK(mediaseal_recording_export(recording, to, owner.identity, &options, &report));
    CHECK(report.files == 0 && report.frames_left_out == FRAMES && report.grants_refused == 1);
    options.senders = alice.signs;

    OK(mediaseal_recording_export(recording, to, owner.identity, &options, &report));
    CHECK(report.files == 1 && report.frames == FRAMES && report.frames_left_out == 0 && report.damaged == 0);
    size_t len;
    uint8_t *file = contents("files/alice.3.ogg", &len), frame[FRAME_LEN];
    struct stat mode;
    CHECK(memcmp(file, "OggS", 4) == 0 && stat(in_root("files/alice.3.ogg"), &mode) == 0 && (mode.st_mode & 077) == 0);
    for (uint32_t number = 0; number < FRAMES; number++) {
        made_up(frame, number);
        CHECK(is_in(file, len, frame, sizeof frame));
    }
    free(file);
    STATUS(MEDIASEAL_ERR_RECORDING_ALREADY_THERE, mediaseal_recording_export(recording, to, owner.identity, &options, &report));
    int stopped = 0;
    options.progress = stop;
    options.progress_user_data = &stopped;
    CHECK(remove(in_root("files/alice.3.ogg")) == 0);
    STATUS(MEDIASEAL_ERR_STOPPED, mediaseal_recording_export(recording, to, owner.identity, &options, &report));
    CHECK(stopped == 1 && report.files == 0);
}

static void plays(mediaseal_player *player, uint32_t from)
{
    mediaseal_played_frame played = MEDIASEAL_PLAYED_FRAME_INIT;
    uint8_t frame[FRAME_LEN];
    for (uint32_t number = from; number < FRAMES; number++) {
        made_up(frame, number);
        OK(mediaseal_player_next_frame(player, 3, &played));
        CHECK(played.status == MEDIASEAL_OK && played.track == 3 && played.flags == MEDIASEAL_RECORDED_KEY_FRAME);
        CHECK(played.micros == number * UINT64_C(20000) && played.sender_len == 5 && memcmp(played.sender, "alice", 5) == 0);
        CHECK(played.len == FRAME_LEN && memcmp(played.octets, frame, FRAME_LEN) == 0);
    }
    played.len = 1;
    STATUS(MEDIASEAL_ERR_INDEX, mediaseal_player_next_frame(player, 3, &played));
    CHECK(played.status == MEDIASEAL_ERR_NOT_BEGUN && played.len == 0 && played.octets == NULL);
}

/* The same frames one by one, from any time on, without a file of them. */
static void play(const mediaseal_cipher *cipher)
{
    mediaseal_player_options options = player_of_call(&cipher);
    mediaseal_player *player;
    mediaseal_player_state state = MEDIASEAL_PLAYER_STATE_INIT;
    mediaseal_recorded_track track = MEDIASEAL_RECORDED_TRACK_INIT;
    mediaseal_played_frame played = MEDIASEAL_PLAYED_FRAME_INIT;
    STATUS(MEDIASEAL_ERR_RECORDING_NOT_THERE, mediaseal_player_new(in_root("none"), owner.identity, &options, &player));
    STATUS(MEDIASEAL_ERR_GRANT_NO_STANZA, mediaseal_player_new(in_root("call"), stranger.identity, &options, &player));
    options.recorder = stranger.signs;
    STATUS(MEDIASEAL_ERR_GRANT_SIGNATURE, mediaseal_player_new(in_root("call"), owner.identity, &options, &player));
    options.recorder = machine.signs;
    options.reserved = 1;
    STATUS(MEDIASEAL_ERR_UNKNOWN_VALUE, mediaseal_player_new(in_root("call"), owner.identity, &options, &player));
    options.reserved = 0;
    options.sender_count = SIZE_MAX;
    STATUS(MEDIASEAL_ERR_LENGTH, mediaseal_player_new(in_root("call"), owner.identity, &options, &player));
    options.sender_count = 1;
    CHECK(player == NULL);

    /* Neither without the cipher, nor for a sender who is not known. */
    options.cipher_count = 0;
    OK(mediaseal_player_new(in_root("call"), owner.identity, &options, &player));
    OK(mediaseal_player_next_frame(player, 3, &played));
    CHECK(played.status == MEDIASEAL_ERR_UNSUPPORTED_SUITE && played.octets == NULL && played.len == 0 && played.sender_len == 0);
    mediaseal_player_free(player);
    options.cipher_count = 1;
    options.senders = stranger.signs;
    OK(mediaseal_player_new(in_root("call"), owner.identity, &options, &player));
    OK(mediaseal_player_next_frame(player, 3, &played));
    CHECK(played.status == MEDIASEAL_ERR_GRANT_DOES_NOT_OPEN && played.octets == NULL && played.sender_len == 0);
    OK(mediaseal_player_refresh(player, &state));
    CHECK(state.grants_refused == 1);
    mediaseal_player_free(player);

    options = player_of_call(&cipher);
    OK(mediaseal_player_new(in_root("call"), owner.identity, &options, &player));
    OK(mediaseal_player_refresh(player, &state));
    CHECK(state.is_new == 0 && state.is_closed == 1 && state.is_damaged == 0 && state.tracks == 1 && state.grants_refused == 0);
    OK(mediaseal_player_track(player, 0, &track));
    CHECK(track.track == 3 && track.codec == MEDIASEAL_CODEC_OPUS && track.nal_format == MEDIASEAL_NAL_ANNEX_B && track.flags == 0);
    CHECK(track.frames == FRAMES && track.octets > FRAMES * FRAME_LEN && track.first_micros == 0 && track.last_micros == (FRAMES - 1) * UINT64_C(20000));
    STATUS(MEDIASEAL_ERR_INDEX, mediaseal_player_track(player, 1, &track));
    plays(player, 0);
    OK(mediaseal_player_seek(player, 3, 0));
    plays(player, 0);
    OK(mediaseal_player_seek(player, 3, UINT64_MAX));
    plays(player, FRAMES);
    STATUS(MEDIASEAL_ERR_RECORDING_TRACK, mediaseal_player_seek(player, 4, 0));
    STATUS(MEDIASEAL_ERR_RECORDING_TRACK, mediaseal_player_seek(player, 65536 + 3, 0));
    STATUS(MEDIASEAL_ERR_RECORDING_TRACK, mediaseal_player_next_frame(player, 65536 + 3, &played));
    STATUS(MEDIASEAL_ERR_NULL_POINTER, mediaseal_player_next_frame(player, 3, NULL));
    played.struct_size = 1;
    STATUS(MEDIASEAL_ERR_STRUCT_SIZE, mediaseal_player_next_frame(player, 3, &played));
    OK(mediaseal_player_close(player));
    played.struct_size = sizeof played;
    STATUS(MEDIASEAL_ERR_CLOSED, mediaseal_player_next_frame(player, 3, &played));
    CHECK(played.status == MEDIASEAL_ERR_NOT_BEGUN);
    STATUS(MEDIASEAL_ERR_BAD_HANDLE, mediaseal_recorder_tick((mediaseal_recorder *)(void *)player));
    mediaseal_player_free(player);
    mediaseal_player_free(NULL);
}

/* What a recorder writes is followed by a player while it is written, and what was altered is not played. */
static void follow(void)
{
    mediaseal_recording_options options = options_of(MEDIASEAL_PROFILE_MEDIA);
    mediaseal_player_options opening = player_of_call(NULL);
    opening.cipher_count = 0;
    mediaseal_recorder *recorder;
    mediaseal_player *player;
    mediaseal_player_state state = MEDIASEAL_PLAYER_STATE_INIT;
    mediaseal_played_frame played = MEDIASEAL_PLAYED_FRAME_INIT;
    uint8_t frame[FRAME_LEN];
    OK(mediaseal_recorder_new(in_root("growing"), &options, machine.signer, &recorder));
    OK(mediaseal_player_new(in_root("growing"), owner.identity, &opening, &player));
    OK(mediaseal_recorder_add_track(recorder, 0, MEDIASEAL_CODEC_OPUS, MEDIASEAL_NAL_ANNEX_B, 0));
    for (uint32_t number = 0; number < 40; number++) {
        made_up(frame, number);
        mediaseal_recorded_frame recorded = frame_of(0, number, frame, sizeof frame);
        OK(mediaseal_recorder_write_frame(recorder, &recorded, NULL));
        if (number % 10 != 9)
            continue;
        OK(mediaseal_recorder_flush(recorder));
        OK(mediaseal_player_refresh(player, &state));
        CHECK(state.is_new == 1 && state.is_closed == 0 && state.tracks == 1);
        for (uint32_t read = number - 9; read <= number; read++) {
            made_up(frame, read);
            OK(mediaseal_player_next_frame(player, 0, &played));
            CHECK(played.status == MEDIASEAL_OK && played.len == FRAME_LEN && memcmp(played.octets, frame, FRAME_LEN) == 0);
            CHECK(played.sender_len == 5 && memcmp(played.sender, "alice", 5) == 0);
        }
        STATUS(MEDIASEAL_ERR_INDEX, mediaseal_player_next_frame(player, 0, &played));
    }
    OK(mediaseal_recorder_finish(recorder, NULL));
    mediaseal_recorder_free(recorder);
    OK(mediaseal_player_refresh(player, &state));
    CHECK(state.is_new == 1 && state.is_closed == 1);
    STATUS(MEDIASEAL_ERR_INDEX, mediaseal_player_next_frame(player, 0, &played));
    mediaseal_player_free(player);

    FILE *file = fopen(in_root("growing/0000000000.seg"), "r+b");
    CHECK(file != NULL && fseek(file, 500, SEEK_SET) == 0);
    int octet = fgetc(file);
    CHECK(octet != EOF && fseek(file, 500, SEEK_SET) == 0 && fputc(octet ^ 1, file) != EOF && fclose(file) == 0);
    OK(mediaseal_player_new(in_root("growing"), owner.identity, &opening, &player));
    STATUS(MEDIASEAL_ERR_RECORDING_DAMAGED, mediaseal_player_next_frame(player, 0, &played));
    for (;;) {
        mediaseal_status status = mediaseal_player_next_frame(player, 0, &played);
        if (status == MEDIASEAL_ERR_INDEX)
            break;
        CHECK(status == MEDIASEAL_OK || status == MEDIASEAL_ERR_RECORDING_DAMAGED);
    }
    mediaseal_player_free(player);
}

/* Alters one octet of a segment, and puts it back. */
static void verify(void)
{
    mediaseal_recording_found found;
    CHECK(verdict_of("call", machine.signs, &found) == MEDIASEAL_RECORDING_COMPLETE);
    CHECK(found.frames == FRAMES && found.records > 0 && found.signed_records == found.records && found.place[0] == '\0');
    CHECK(verdict_of("call", NULL, &found) == MEDIASEAL_RECORDING_CONSISTENT);
    CHECK(verdict_of("call", stranger.signs, &found) == MEDIASEAL_RECORDING_TAMPERED && found.place[0] != '\0');
    STATUS(MEDIASEAL_ERR_RECORDING_NOT_THERE, mediaseal_recording_verify(in_root("none"), NULL, &found));
    STATUS(MEDIASEAL_ERR_NULL_POINTER, mediaseal_recording_verify(NULL, NULL, &found));
    STATUS(MEDIASEAL_ERR_NULL_POINTER, mediaseal_recording_verify(in_root("call"), NULL, NULL));

    char segment[1200] = "";
    DIR *folder = opendir(in_root("call"));
    CHECK(folder != NULL);
    for (const struct dirent *entry; (entry = readdir(folder)) != NULL;) {
        if (strstr(entry->d_name, ".seg"))
            snprintf(segment, sizeof segment, "%s/call/%.200s", root, entry->d_name);
    }
    closedir(folder);
    CHECK(segment[0] != '\0');
    for (int turn = 0; turn < 2; turn++) {
        FILE *file = fopen(segment, "r+b");
        CHECK(file != NULL && fseek(file, 1000, SEEK_SET) == 0);
        int octet = fgetc(file);
        CHECK(octet != EOF && fseek(file, 1000, SEEK_SET) == 0 && fputc(octet ^ 1, file) != EOF && fclose(file) == 0);
        uint32_t expected = turn == 0 ? MEDIASEAL_RECORDING_TAMPERED : MEDIASEAL_RECORDING_COMPLETE;
        CHECK(verdict_of("call", machine.signs, &found) == expected);
        CHECK((turn == 0) == (strstr(found.place, "segment") != NULL));
    }
}

/* A recorder that ends without a word leaves what was committed; one of the other profile records what it is given. */
static void crash(void)
{
    mediaseal_recording_options options = options_of(MEDIASEAL_PROFILE_MEDIA);
    mediaseal_recorder *recorder;
    mediaseal_recording_found found;
    mediaseal_recovered recovered = MEDIASEAL_RECOVERED_INIT;
    uint8_t frame[FRAME_LEN];
    OK(mediaseal_recorder_new(in_root("media"), &options, machine.signer, &recorder));
    OK(mediaseal_recorder_add_track(recorder, 0, MEDIASEAL_CODEC_OPUS, MEDIASEAL_NAL_ANNEX_B, 0));
    for (uint32_t number = 0; number < 20; number++) {
        made_up(frame, number);
        mediaseal_recorded_frame recorded = frame_of(0, number, frame, sizeof frame);
        OK(mediaseal_recorder_write_frame(recorder, &recorded, NULL));
        if (number == 9)
            OK(mediaseal_recorder_flush(recorder));
    }
    OK(mediaseal_recorder_close(recorder));
    STATUS(MEDIASEAL_ERR_CLOSED, mediaseal_recorder_tick(recorder));
    mediaseal_recorder_free(recorder);
    CHECK(verdict_of("media", machine.signs, &found) == MEDIASEAL_RECORDING_INCOMPLETE && found.frames == 10);
    OK(mediaseal_recording_recover(in_root("media"), &recovered));
    CHECK(recovered.closed_segments == 1);
    OK(mediaseal_recording_recover(in_root("media"), &recovered));
    CHECK(recovered.closed_segments == 0 && recovered.discarded == 0);
    STATUS(MEDIASEAL_ERR_RECORDING_NOT_THERE, mediaseal_recording_recover(in_root("none"), &recovered));

    /* Another recorder goes on, who has an owner's key and the signer's; nobody else does. */
    STATUS(MEDIASEAL_ERR_GRANT_NO_STANZA, mediaseal_recorder_resume(in_root("media"), stranger.identity, machine.signer, &recorder, NULL));
    STATUS(MEDIASEAL_ERR_RECORDING_SIGNER, mediaseal_recorder_resume(in_root("media"), owner.identity, stranger.signer, &recorder, NULL));
    STATUS(MEDIASEAL_ERR_RECORDING_NOT_THERE, mediaseal_recorder_resume(in_root("none"), owner.identity, machine.signer, &recorder, NULL));
    STATUS(MEDIASEAL_ERR_RECORDING_CLOSED, mediaseal_recorder_resume(in_root("call"), owner.identity, machine.signer, &recorder, NULL));
    CHECK(recorder == NULL);
    recovered.set_aside = 7;
    OK(mediaseal_recorder_resume(in_root("media"), owner.identity, machine.signer, &recorder, &recovered));
    CHECK(recovered.closed_segments == 0 && recovered.discarded == 0 && recovered.set_aside == 0);
    STATUS(MEDIASEAL_ERR_RECORDING_TRACK, mediaseal_recorder_add_track(recorder, 0, MEDIASEAL_CODEC_OPUS, MEDIASEAL_NAL_ANNEX_B, 0));
    for (uint32_t number = 10; number < 20; number++) {
        made_up(frame, number);
        mediaseal_recorded_frame recorded = frame_of(0, number, frame, sizeof frame);
        OK(mediaseal_recorder_write_frame(recorder, &recorded, NULL));
    }
    /* It ends without a word as well: whoever goes on is told what was closed. */
    OK(mediaseal_recorder_flush(recorder));
    mediaseal_recorder_free(recorder);
    OK(mediaseal_recorder_resume(in_root("media"), owner.identity, machine.signer, &recorder, &recovered));
    CHECK(recovered.closed_segments == 1 && recovered.set_aside == 0);
    OK(mediaseal_recorder_finish(recorder, NULL));
    mediaseal_recorder_free(recorder);
    CHECK(verdict_of("media", machine.signs, &found) == MEDIASEAL_RECORDING_COMPLETE && found.frames == 20 && found.set_aside == 0);
    /* What was set aside is told, and is no part of it. */
    CHECK(mkdir(in_root("media/aside"), 0700) == 0);
    FILE *aside = fopen(in_root("media/aside/0000000005.seg.0123456789abcdef"), "wb");
    CHECK(aside != NULL && fclose(aside) == 0);
    CHECK(verdict_of("media", machine.signs, &found) == MEDIASEAL_RECORDING_COMPLETE && found.set_aside == 1);

    char to[600];
    mediaseal_export_options exporting = MEDIASEAL_EXPORT_OPTIONS_INIT;
    mediaseal_export_report report = MEDIASEAL_EXPORT_REPORT_INIT;
    exporting.recorder = machine.signs;
    snprintf(to, sizeof to, "%s/media files", root);
    CHECK(mkdir(to, 0700) == 0);
    OK(mediaseal_recording_export(in_root("media"), to, owner.identity, &exporting, &report));
    CHECK(report.files == 1 && report.frames == 20 && report.damaged == 0);
    /* What is not in clear in the recording is so in its export, and the other way round. */
    size_t len;
    uint8_t *file = contents("media files/alice.0.ogg", &len);
    made_up(frame, 19);
    CHECK(is_in(file, len, frame, sizeof frame));
    free(file);
    file = contents("media/0000000000.seg", &len);
    CHECK(!is_in(file, len, frame + 1, 16));
    free(file);
}

int main(int argc, char **argv)
{
    CHECK(argc == 2);
    snprintf(root, sizeof root, "%s", argv[1]);
    CHECK(mkdir(root, 0700) == 0);
    make(&alice);
    make(&owner);
    make(&machine);
    make(&stranger);
    mediaseal_cipher *cipher = own_cipher();
    STATUS(MEDIASEAL_ERR_BAD_HANDLE, mediaseal_recorder_tick((mediaseal_recorder *)(void *)cipher));
    mediaseal_recorder_free(NULL);
    record(cipher);
    verify();
    export(cipher);
    play(cipher);
    follow();
    crash();
    mediaseal_cipher_free(cipher);
    end(&alice);
    end(&owner);
    end(&machine);
    end(&stranger);
    DONE("recordings");
}
