/* Every function used as it is meant to be: raw keys, channel keys, rotation, events, statistics, checks, batches, buffers. */
#include "check.h"

static void one_frame(mediaseal_encryptor *encryptor, mediaseal_decryptor *decryptor, const void *frame, size_t len)
{
    uint8_t sealed[2048], opened[2048];
    size_t sealed_len, opened_len, bound;
    OK(mediaseal_encryptor_bound(encryptor, len, &bound));
    CHECK(bound <= sizeof sealed);
    OK(mediaseal_encryptor_encrypt(encryptor, NULL, frame, len, sealed, bound, &sealed_len));
    CHECK(sealed_len > len && sealed_len <= bound);
    OK(mediaseal_decryptor_decrypt(decryptor, NULL, sealed, sealed_len, opened, sizeof opened, &opened_len, NULL));
    CHECK(opened_len == len && (len == 0 || memcmp(opened, frame, len) == 0));
    STATUS(MEDIASEAL_ERR_DUPLICATE,
           mediaseal_decryptor_decrypt(decryptor, NULL, sealed, sealed_len, opened, sizeof opened, &opened_len, NULL));
    CHECK(opened_len == 0);
}

static void raw_keys(void)
{
    for (uint32_t suite = 1; suite <= 8; suite++) {
        mediaseal_cipher *cipher;
        mediaseal_cipher_params params = MEDIASEAL_CIPHER_PARAMS_INIT;
        if (suite == 3 || suite == 8) {
            OK(mediaseal_cipher_builtin(suite, 0, &cipher));
            mediaseal_key_store *store;
            STATUS(MEDIASEAL_ERR_SHORT_TAG, mediaseal_key_store_new(cipher, &store));
            CHECK(store == NULL);
            mediaseal_cipher_free(cipher);
        }
        OK(mediaseal_cipher_builtin(suite, MEDIASEAL_CIPHER_ALLOW_SHORT_TAGS, &cipher));
        OK(mediaseal_cipher_describe(cipher, &params));
        CHECK(params.suite == suite && params.nonce_len == 12 && params.max_frame_len == UINT64_C(1) << 30);
        struct raw_pair pair = raw_pair(cipher);
        mediaseal_cipher_free(cipher);
        one_frame(pair.encryptor, pair.decryptor, "one encoded frame", 17);
        one_frame(pair.encryptor, pair.decryptor, NULL, 0);

        /* Rotation with raw keys. */
        uint8_t key[32];
        size_t len;
        OK(mediaseal_key_generate(key, sizeof key, &len));
        OK(mediaseal_key_store_add_receive(pair.receiving, key, len, 1, NAME("alice"), NOW + 60));
        OK(mediaseal_key_store_add_send(pair.sending, key, len, 1, MEDIASEAL_ORIGIN_FRESH_KEY, NULL));
        STATUS(MEDIASEAL_ERR_KID_IN_USE, mediaseal_key_store_add_send(pair.sending, key, len, 1, MEDIASEAL_ORIGIN_FRESH_KEY, NULL));
        STATUS(MEDIASEAL_ERR_SEND_AND_RECEIVE, mediaseal_key_store_add_receive(pair.sending, key, len, 1, NULL, 0, 0));
        OK(mediaseal_key_store_activate(pair.sending, 1));
        uint8_t sealed[64], opened[64];
        size_t sealed_len, opened_len;
        OK(mediaseal_encryptor_encrypt(pair.encryptor, NULL, (const uint8_t *)"x", 1, sealed, sizeof sealed, &sealed_len));
        STATUS(MEDIASEAL_ERR_NOT_YET_ACTIVE,
               mediaseal_decryptor_decrypt(pair.decryptor, NULL, sealed, sealed_len, opened, sizeof opened, &opened_len, NULL));
        OK(mediaseal_key_store_tick(pair.receiving, NOW + 61));
        OK(mediaseal_decryptor_decrypt(pair.decryptor, NULL, sealed, sealed_len, opened, sizeof opened, &opened_len, NULL));
        OK(mediaseal_key_store_retire_send(pair.sending, 0));
        STATUS(MEDIASEAL_ERR_UNKNOWN_SEND_KEY, mediaseal_key_store_retire_send(pair.sending, 0));
        OK(mediaseal_key_store_retire_send(pair.sending, 1));
        STATUS(MEDIASEAL_ERR_KEY_REUSED, mediaseal_key_store_add_send(pair.sending, key, len, 1, MEDIASEAL_ORIGIN_FRESH_KEY, NULL));
        STATUS(MEDIASEAL_ERR_NO_ACTIVE_KEY,
               mediaseal_encryptor_encrypt(pair.encryptor, NULL, (const uint8_t *)"x", 1, sealed, sizeof sealed, &sealed_len));
        OK(mediaseal_key_store_retire_receive(pair.receiving, 1));
        STATUS(MEDIASEAL_ERR_UNKNOWN_RECEIVE_KEY, mediaseal_key_store_retire_receive(pair.receiving, 1));
        OK(mediaseal_key_store_refuse_after_failures(pair.receiving));
        free_raw_pair(&pair);
    }
}

static void buffers(void)
{
    mediaseal_cipher *cipher;
    OK(mediaseal_cipher_builtin(MEDIASEAL_SUITE_AES_128_GCM_SHA256_128, 0, &cipher));
    struct raw_pair pair = raw_pair(cipher);
    uint8_t metadata[] = "codec=vp8";
    mediaseal_frame_info info = MEDIASEAL_FRAME_INFO_INIT;
    info.ssrc = 7;
    info.metadata = metadata;
    info.metadata_len = sizeof metadata;
    for (size_t len = 0; len < 200; len++) {
        uint8_t frame[200], buffer[300], other[300];
        for (size_t at = 0; at < len; at++)
            frame[at] = (uint8_t)(at * 7 + len);
        size_t overhead, sealed_len, opened_len, offset;
        OK(mediaseal_encryptor_next_overhead(pair.encryptor, &overhead));

        /* Exactly as large as needed, one buffer for input and output. */
        memcpy(buffer, frame, len);
        size_t needed = len + overhead;
        if (len > 0) {
            STATUS(MEDIASEAL_ERR_BUFFER_TOO_SMALL,
                   mediaseal_encryptor_encrypt(pair.encryptor, &info, buffer, len, buffer, needed - 1, &sealed_len));
            CHECK(memcmp(buffer, frame, len) == 0 && sealed_len == 0);
            mediaseal_failure failure = MEDIASEAL_FAILURE_INIT;
            OK(mediaseal_encryptor_last_failure(pair.encryptor, &failure));
            CHECK(failure.status == MEDIASEAL_ERR_BUFFER_TOO_SMALL && failure.needed == needed);
        }
        memset(buffer + needed, 0x5a, sizeof buffer - needed);
        OK(mediaseal_encryptor_encrypt(pair.encryptor, &info, buffer, len, buffer, needed, &sealed_len));
        CHECK(sealed_len == needed && buffer[needed] == 0x5a);
        mediaseal_opened opened = MEDIASEAL_OPENED_INIT;
        OK(mediaseal_decryptor_decrypt(pair.decryptor, &info, buffer, sealed_len, buffer, sealed_len, &opened_len, &opened));
        CHECK(opened_len == len && memcmp(buffer, frame, len) == 0);
        CHECK(opened.kid == 0 && opened.flags == 0 && opened.sender_len == 5 && memcmp(opened.sender, "alice", 5) == 0);

        /* In place with room around. */
        memcpy(buffer + MEDIASEAL_HEADROOM, frame, len);
        OK(mediaseal_encryptor_encrypt_in_place(pair.encryptor, &info, buffer, MEDIASEAL_HEADROOM + len + MEDIASEAL_TAILROOM,
                                                MEDIASEAL_HEADROOM, len, &offset, &sealed_len));
        CHECK(offset < MEDIASEAL_HEADROOM && offset + sealed_len <= MEDIASEAL_HEADROOM + len + MEDIASEAL_TAILROOM);
        memcpy(other, buffer, sizeof other);
        size_t plain_offset;
        OK(mediaseal_decryptor_decrypt_in_place(pair.decryptor, &info, buffer, sizeof buffer, offset, sealed_len, &plain_offset,
                                                &opened_len, NULL));
        CHECK(plain_offset == MEDIASEAL_HEADROOM && opened_len == len && memcmp(buffer + plain_offset, frame, len) == 0);

        /* Other metadata does not open; what was written is wiped. */
        info.metadata_len--;
        OK(mediaseal_encryptor_encrypt(pair.encryptor, &info, frame, len, other, sizeof other, &sealed_len));
        info.metadata_len++;
        memset(buffer, 0x77, sizeof buffer);
        STATUS(MEDIASEAL_ERR_AUTHENTICATION_FAILED,
               mediaseal_decryptor_decrypt(pair.decryptor, &info, other, sealed_len, buffer, sizeof buffer, &opened_len, NULL));
        for (size_t at = 0; at < len; at++)
            CHECK(buffer[at] == 0);
        CHECK(buffer[len] == 0x77 && opened_len == 0);
        mediaseal_failure failure = MEDIASEAL_FAILURE_INIT;
        OK(mediaseal_decryptor_last_failure(pair.decryptor, &failure));
        CHECK(failure.status == MEDIASEAL_ERR_AUTHENTICATION_FAILED && failure.ctr == 3 * len + 2);
    }
    mediaseal_statistics statistics = MEDIASEAL_STATISTICS_INIT;
    size_t count;
    OK(mediaseal_decryptor_statistics_count(pair.decryptor, &count));
    CHECK(count == 1);
    OK(mediaseal_decryptor_statistics(pair.decryptor, 0, &statistics));
    CHECK(statistics.ssrc == 7 && statistics.frames == 400 && statistics.authentication_failed == 200);
    CHECK(statistics.sender_len == 5 && strcmp((const char *)statistics.sender, "alice") == 0);
    CHECK(statistics.flags == (MEDIASEAL_HAS_LAST_KID | MEDIASEAL_HAS_WINDOW_HEAD) && statistics.window_head == 598);
    STATUS(MEDIASEAL_ERR_INDEX, mediaseal_decryptor_statistics(pair.decryptor, 1, &statistics));
    OK(mediaseal_decryptor_totals(pair.decryptor, &statistics));
    CHECK(statistics.octets == 2 * 199 * 100);
    OK(mediaseal_decryptor_unattributed(pair.decryptor, &statistics));
    CHECK(statistics.missing_key == 0 && statistics.frames == 0);
    OK(mediaseal_encryptor_statistics_count(pair.encryptor, &count));
    OK(mediaseal_encryptor_statistics(pair.encryptor, 0, &statistics));
    CHECK(count == 1 && statistics.frames == 600 && statistics.other == 199);
    OK(mediaseal_encryptor_totals(pair.encryptor, &statistics));
    CHECK(statistics.frames == 600);
    free_raw_pair(&pair);
    mediaseal_cipher_free(cipher);
}

static void packets(void)
{
    mediaseal_cipher *cipher;
    OK(mediaseal_cipher_builtin(MEDIASEAL_SUITE_AES_128_CTR_HMAC_SHA256_80, 0, &cipher));
    struct raw_pair pair = raw_pair(cipher);
    mediaseal_encryptor_config config = MEDIASEAL_ENCRYPTOR_CONFIG_INIT;
    mediaseal_encryptor *encryptor;
    config.mode = MEDIASEAL_MODE_COMPACT_PACKET;
    OK(mediaseal_encryptor_new(pair.sending, &config, &encryptor));
    uint8_t packet[1300] = {0}, sealed[1300];
    size_t overhead, len;
    OK(mediaseal_encryptor_next_overhead(encryptor, &overhead));
    CHECK(overhead <= 14);
    OK(mediaseal_encryptor_encrypt(encryptor, NULL, packet, 1200 - overhead, sealed, sizeof sealed, &len));
    CHECK(len == 1200);
    STATUS(MEDIASEAL_ERR_PACKET_TOO_LONG, mediaseal_encryptor_encrypt(encryptor, NULL, packet, 1190, sealed, sizeof sealed, &len));
    mediaseal_failure failure = MEDIASEAL_FAILURE_INIT;
    OK(mediaseal_encryptor_last_failure(encryptor, &failure));
    CHECK(failure.needed == 1190 + overhead - 1200);
    mediaseal_encryptor_free(encryptor);
    config.max_len = 10;
    STATUS(MEDIASEAL_ERR_PACKET_MAXIMUM, mediaseal_encryptor_new(pair.sending, &config, &encryptor));
    free_raw_pair(&pair);
    mediaseal_cipher_free(cipher);
}

static void codecs(void)
{
    mediaseal_cipher *cipher;
    OK(mediaseal_cipher_builtin(MEDIASEAL_SUITE_AES_128_GCM_SHA256_128, 0, &cipher));
    struct raw_pair pair = raw_pair(cipher);
    uint32_t codec = 0;
    OK(mediaseal_codec_from_name("video/h264", &codec));
    CHECK(codec == MEDIASEAL_CODEC_H264);
    STATUS(MEDIASEAL_ERR_UNKNOWN_VALUE, mediaseal_codec_from_name("PCMU", &codec));
    CHECK(codec == MEDIASEAL_CODEC_REFUSED);
    mediaseal_frame_info video = MEDIASEAL_FRAME_INFO_INIT, other = MEDIASEAL_FRAME_INFO_INIT;
    video.ssrc = 7;
    other.ssrc = 8;
    OK(mediaseal_encryptor_set_codec(pair.encryptor, 7, MEDIASEAL_CODEC_H264, MEDIASEAL_NAL_LENGTH_4));
    OK(mediaseal_decryptor_set_codec(pair.decryptor, 7, MEDIASEAL_CODEC_H264, MEDIASEAL_NAL_LENGTH_4));
    STATUS(MEDIASEAL_ERR_UNKNOWN_VALUE, mediaseal_encryptor_set_codec(pair.encryptor, 7, MEDIASEAL_CODEC_VP8, MEDIASEAL_NAL_LENGTH_4));
    STATUS(MEDIASEAL_ERR_UNKNOWN_VALUE, mediaseal_encryptor_set_codec(pair.encryptor, 7, MEDIASEAL_CODEC_REFUSED, 0));
    STATUS(MEDIASEAL_ERR_UNKNOWN_VALUE, mediaseal_decryptor_set_default_codec(pair.decryptor, MEDIASEAL_CODEC_H265, 3));

    /* A parameter set and a slice, with lengths. */
    const uint8_t frame[] = {0, 0, 0, 3, 0x67, 0x42, 0xC0, 0, 0, 0, 5, 0x65, 0x88, 0x84, 0x21, 0xA0};
    uint8_t sealed[256], opened[256], in_place[256];
    size_t bound, len, plain, offset;
    OK(mediaseal_encryptor_bound(pair.encryptor, sizeof frame, &bound));
    CHECK(bound <= sizeof sealed);
    OK(mediaseal_encryptor_encrypt(pair.encryptor, &video, frame, sizeof frame, sealed, bound, &len));
    CHECK(len <= bound && memcmp(sealed, frame, 8) == 0 && sealed[11] == 0x65);
    OK(mediaseal_decryptor_decrypt(pair.decryptor, &video, sealed, len, opened, sizeof frame, &plain, NULL));
    CHECK(plain == sizeof frame && memcmp(opened, frame, plain) == 0);
    STATUS(MEDIASEAL_ERR_DUPLICATE, mediaseal_decryptor_decrypt(pair.decryptor, &video, sealed, len, opened, sizeof frame, &plain, NULL));
    STATUS(MEDIASEAL_ERR_NO_CARRIER, mediaseal_decryptor_decrypt(pair.decryptor, &video, sealed, 7, opened, sizeof opened, &plain, NULL));
    STATUS(MEDIASEAL_ERR_NAL_FORMAT, mediaseal_encryptor_encrypt(pair.encryptor, &video, frame + 1, 9, sealed, sizeof sealed, &len));
    CHECK(len == 0);

    /* Wherever it lies in its buffer, and in one buffer. */
    memcpy(in_place, frame, sizeof frame);
    OK(mediaseal_encryptor_encrypt_in_place(pair.encryptor, &video, in_place, sizeof in_place, 0, sizeof frame, &offset, &len));
    OK(mediaseal_decryptor_decrypt_in_place(pair.decryptor, &video, in_place, sizeof in_place, offset, len, &offset, &plain, NULL));
    CHECK(plain == sizeof frame && memcmp(in_place + offset, frame, plain) == 0);
    memcpy(in_place, frame, sizeof frame);
    OK(mediaseal_encryptor_encrypt(pair.encryptor, &video, in_place, sizeof frame, in_place, sizeof in_place, &len));
    OK(mediaseal_decryptor_decrypt(pair.decryptor, &video, in_place, len, in_place, sizeof in_place, &plain, NULL));
    CHECK(plain == sizeof frame && memcmp(in_place, frame, plain) == 0);

    /* A batch has the form of its streams, and no stream is forgotten. */
    mediaseal_encrypt_job jobs[2] = {MEDIASEAL_ENCRYPT_JOB_INIT, MEDIASEAL_ENCRYPT_JOB_INIT};
    mediaseal_decrypt_job back[2] = {MEDIASEAL_DECRYPT_JOB_INIT, MEDIASEAL_DECRYPT_JOB_INIT};
    uint8_t batch[2][256];
    for (int job = 0; job < 2; job++) {
        jobs[job].encryptor = pair.encryptor;
        jobs[job].info = job == 0 ? &video : &other;
        jobs[job].plaintext = frame;
        jobs[job].plaintext_len = sizeof frame;
        jobs[job].out = batch[job];
        jobs[job].out_capacity = sizeof batch[job];
    }
    OK(mediaseal_encrypt_batch(jobs, 2));
    CHECK(memcmp(batch[0], frame, 8) == 0 && memcmp(batch[1], frame, 8) != 0);
    for (int job = 0; job < 2; job++) {
        back[job].decryptor = pair.decryptor;
        back[job].info = jobs[job].info;
        back[job].ciphertext = batch[job];
        back[job].ciphertext_len = jobs[job].out_len;
        back[job].out = batch[job];
        back[job].out_capacity = sizeof batch[job];
    }
    OK(mediaseal_decrypt_batch(back, 2));
    for (int job = 0; job < 2; job++)
        CHECK(back[job].out_len == sizeof frame && memcmp(batch[job], frame, sizeof frame) == 0);

    /* Each frame of a batch that is refused says whose it was. */
    mediaseal_failure failures[2] = {MEDIASEAL_FAILURE_INIT, MEDIASEAL_FAILURE_INIT};
    OK(mediaseal_encrypt_batch(jobs, 2));
    for (int job = 0; job < 2; job++) {
        back[job].ciphertext_len = jobs[job].out_len;
        back[job].failure = &failures[job];
    }
    batch[1][jobs[1].out_len - 1] ^= 1;
    STATUS(MEDIASEAL_ERR_AUTHENTICATION_FAILED, mediaseal_decrypt_batch(back, 2));
    CHECK(back[0].status == MEDIASEAL_OK && failures[0].status == MEDIASEAL_OK && failures[0].flags == 0);
    CHECK(failures[1].status == MEDIASEAL_ERR_AUTHENTICATION_FAILED && failures[1].ssrc == other.ssrc);
    CHECK(failures[1].flags == MEDIASEAL_FAILURE_HAS_HEADER && failures[1].sender_len == 5 && memcmp(failures[1].sender, "alice", 5) == 0);
    OK(mediaseal_encrypt_batch(jobs, 2));
    /* The counter has come to where headers are longer. */
    for (int job = 0; job < 2; job++)
        back[job].ciphertext_len = jobs[job].out_len;
    failures[1].struct_size = 3;
    STATUS(MEDIASEAL_ERR_STRUCT_SIZE, mediaseal_decrypt_batch(back, 2));
    CHECK(back[0].status == MEDIASEAL_OK && back[1].status == MEDIASEAL_ERR_STRUCT_SIZE);
    back[1].failure = NULL;
    OK(mediaseal_decrypt_batch(back + 1, 1));

    OK(mediaseal_encryptor_set_default_codec(pair.encryptor, MEDIASEAL_CODEC_REFUSED, MEDIASEAL_NAL_ANNEX_B));
    STATUS(MEDIASEAL_ERR_NO_CODEC, mediaseal_encryptor_encrypt(pair.encryptor, &other, frame, sizeof frame, sealed, sizeof sealed, &len));
    free_raw_pair(&pair);
    mediaseal_cipher_free(cipher);
}

/* A sealed frame in RTP payloads, through a network that reorders, repeats and loses. */
static void rtp(void)
{
    enum { FRAMES = 40, MAX_LEN = 100 };
    mediaseal_cipher *cipher;
    OK(mediaseal_cipher_builtin(MEDIASEAL_SUITE_AES_128_GCM_SHA256_128, 0, &cipher));
    struct raw_pair pair = raw_pair(cipher);
    mediaseal_rtp_reassembler *reassembler;
    OK(mediaseal_rtp_reassembler_new(64, MAX_LEN, &reassembler));
    uint16_t sequence = 65500;
    unsigned opened = 0, repeated = 0, lost = 0;
    for (uint32_t number = 0; number < FRAMES; number++) {
        uint8_t frame[1000], sealed[1064], payloads[16][MAX_LEN];
        size_t frame_len = number * 25, len, payload_count, lengths[16];
        memset(frame, (int)number, sizeof frame);
        OK(mediaseal_encryptor_encrypt(pair.encryptor, NULL, frame, frame_len, sealed, sizeof sealed, &len));
        OK(mediaseal_rtp_payload_count(len, MAX_LEN, &payload_count));
        CHECK(payload_count == (len + MAX_LEN - 2) / (MAX_LEN - 1));
        for (size_t index = 0; index < payload_count; index++) {
            OK(mediaseal_rtp_payload(sealed, len, MEDIASEAL_RTP_FRAME, MAX_LEN, index, payloads[index], MAX_LEN, &lengths[index]));
            CHECK(lengths[index] <= MAX_LEN);
        }
        int is_lost = number % 7 == 3;
        lost += (unsigned)is_lost;
        /* Backwards, and each one twice. */
        for (size_t index = payload_count; index-- > 0;) {
            if (is_lost && index == payload_count / 2)
                continue;
            mediaseal_rtp_packet packet = MEDIASEAL_RTP_PACKET_INIT;
            mediaseal_rtp_ciphertext whole = MEDIASEAL_RTP_CIPHERTEXT_INIT;
            packet.timestamp = 3000 * number;
            packet.sequence = (uint16_t)(sequence + index);
            packet.payload_type = 96;
            packet.marker = index + 1 == payload_count;
            packet.payload = payloads[index];
            packet.payload_len = lengths[index];
            OK(mediaseal_rtp_reassembler_push(reassembler, &packet, &whole));
            if (whole.progress == MEDIASEAL_RTP_COMPLETE) {
                uint8_t back[1064];
                size_t plain;
                CHECK(whole.content == MEDIASEAL_RTP_FRAME && whole.timestamp == 3000 * number && whole.payload_type == 96);
                CHECK(whole.marker == 1 && whole.sequence == (uint16_t)(sequence + payload_count - 1));
                OK(mediaseal_decryptor_decrypt(pair.decryptor, NULL, whole.ciphertext, whole.ciphertext_len, back, sizeof back, &plain, NULL));
                CHECK(plain == frame_len && memcmp(back, frame, plain) == 0);
                opened++;
            } else {
                CHECK(whole.progress == MEDIASEAL_RTP_WAITING && whole.ciphertext == NULL);
            }
            OK(mediaseal_rtp_reassembler_push(reassembler, &packet, &whole));
            CHECK(whole.progress == MEDIASEAL_RTP_DUPLICATE);
            repeated++;
        }
        sequence = (uint16_t)(sequence + payload_count);
    }
    CHECK(opened + lost == FRAMES && lost == 6 && repeated > 100);
    uint8_t far[] = {0xC0, 1};
    mediaseal_rtp_packet stray = MEDIASEAL_RTP_PACKET_INIT;
    mediaseal_rtp_ciphertext whole = MEDIASEAL_RTP_CIPHERTEXT_INIT;
    stray.sequence = (uint16_t)(sequence + 20000);
    stray.payload = far;
    stray.payload_len = sizeof far;
    OK(mediaseal_rtp_reassembler_push(reassembler, &stray, &whole));
    CHECK(whole.progress == MEDIASEAL_RTP_OUT_OF_RANGE);
    mediaseal_rtp_reassembler_free(reassembler);
    free_raw_pair(&pair);
    mediaseal_cipher_free(cipher);
}

/* Each refusal says whose frame it was; a stream that fails and opens again is one event each; a decoder that lacks a key frame is told, at most twice a second. */
static void course(void)
{
    mediaseal_cipher *cipher;
    OK(mediaseal_cipher_builtin(MEDIASEAL_SUITE_AES_128_GCM_SHA256_128, 0, &cipher));
    struct raw_pair pair = raw_pair(cipher);
    mediaseal_decryptor *opening = pair.decryptor;
    OK(mediaseal_decryptor_set_codec(opening, 7, MEDIASEAL_CODEC_VP8, MEDIASEAL_NAL_ANNEX_B));
    OK(mediaseal_encryptor_set_codec(pair.encryptor, 7, MEDIASEAL_CODEC_VP8, MEDIASEAL_NAL_ANNEX_B));
    mediaseal_frame_info info = MEDIASEAL_FRAME_INFO_INIT;
    info.ssrc = 7;
    uint8_t delta[40] = {0x11}, key[40] = {0x10, 0, 0, 0x9d, 1, 0x2a}, sealed[164], opened[164];
    size_t len;
    mediaseal_key_frame_request request = MEDIASEAL_KEY_FRAME_REQUEST_INIT;
    OK(mediaseal_decryptor_need_key_frame(opening, 0, &request));
    CHECK(request.is_needed == 0 && request.sender == NULL);

    /* It begins in its middle. */
    OK(mediaseal_encryptor_encrypt(pair.encryptor, &info, delta, sizeof delta, sealed, sizeof sealed, &len));
    OK(mediaseal_decryptor_decrypt(opening, &info, sealed, len, opened, sizeof opened, &len, NULL));
    OK(mediaseal_decryptor_need_key_frame(opening, 1000, &request));
    CHECK(request.is_needed == 1 && request.ssrc == 7 && request.sender_len == 5 && memcmp(request.sender, "alice", 5) == 0);
    OK(mediaseal_decryptor_need_key_frame(opening, 1499, &request));
    CHECK(request.is_needed == 0);
    OK(mediaseal_decryptor_need_key_frame(opening, 1500, &request));
    CHECK(request.is_needed == 1);
    OK(mediaseal_encryptor_encrypt(pair.encryptor, &info, key, sizeof key, sealed, sizeof sealed, &len));
    OK(mediaseal_decryptor_decrypt(opening, &info, sealed, len, opened, sizeof opened, &len, NULL));
    OK(mediaseal_decryptor_need_key_frame(opening, 9000, &request));
    CHECK(request.is_needed == 0);

    /* Frames are refused, then one opens. */
    mediaseal_failure failure = MEDIASEAL_FAILURE_INIT;
    for (int i = 0; i < 20; i++) {
        OK(mediaseal_encryptor_encrypt(pair.encryptor, &info, delta, sizeof delta, sealed, sizeof sealed, &len));
        sealed[len - 1] ^= 1;
        STATUS(MEDIASEAL_ERR_AUTHENTICATION_FAILED, mediaseal_decryptor_decrypt(opening, &info, sealed, len, opened, sizeof opened, &len, NULL));
        OK(mediaseal_decryptor_last_failure(opening, &failure));
        CHECK(failure.status == MEDIASEAL_ERR_AUTHENTICATION_FAILED && failure.ssrc == 7 && failure.ctr == (uint64_t)i + 2);
        CHECK(failure.flags == MEDIASEAL_FAILURE_HAS_HEADER && failure.sender_len == 5 && memcmp(failure.sender, "alice", 5) == 0);
    }
    OK(mediaseal_encryptor_encrypt(pair.encryptor, &info, delta, sizeof delta, sealed, sizeof sealed, &len));
    OK(mediaseal_decryptor_decrypt(opening, &info, sealed, len, opened, sizeof opened, &len, NULL));
    OK(mediaseal_decryptor_need_key_frame(opening, 9000, &request));
    CHECK(request.is_needed == 1 && request.ssrc == 7);

    /* Audio that fails is to be concealed. */
    info.ssrc = 8;
    OK(mediaseal_decryptor_set_codec(opening, 8, MEDIASEAL_CODEC_OPUS, MEDIASEAL_NAL_ANNEX_B));
    OK(mediaseal_encryptor_set_codec(pair.encryptor, 8, MEDIASEAL_CODEC_OPUS, MEDIASEAL_NAL_ANNEX_B));
    OK(mediaseal_encryptor_encrypt(pair.encryptor, &info, delta, sizeof delta, sealed, sizeof sealed, &len));
    sealed[len - 1] ^= 1;
    STATUS(MEDIASEAL_ERR_AUTHENTICATION_FAILED, mediaseal_decryptor_decrypt(opening, &info, sealed, len, opened, sizeof opened, &len, NULL));
    OK(mediaseal_decryptor_last_failure(opening, &failure));
    CHECK(failure.flags == (MEDIASEAL_FAILURE_HAS_HEADER | MEDIASEAL_FAILURE_CONCEAL));

    mediaseal_event event = MEDIASEAL_EVENT_INIT;
    OK(mediaseal_key_store_poll_event(pair.receiving, &event));
    CHECK(event.type == MEDIASEAL_EVENT_STREAM_FAILING && event.ssrc == 7 && event.status == MEDIASEAL_ERR_AUTHENTICATION_FAILED);
    CHECK(event.sender_len == 5 && memcmp(event.sender, "alice", 5) == 0);
    OK(mediaseal_key_store_poll_event(pair.receiving, &event));
    CHECK(event.type == MEDIASEAL_EVENT_STREAM_RECOVERED && event.ssrc == 7 && event.count == 20 && event.status == MEDIASEAL_OK);
    OK(mediaseal_key_store_poll_event(pair.receiving, &event));
    CHECK(event.type == MEDIASEAL_EVENT_NONE);
    free_raw_pair(&pair);
    mediaseal_cipher_free(cipher);
}

/* Why a frame does not open, in numbers and words. */
static void diagnosis(void)
{
    mediaseal_cipher *cipher;
    OK(mediaseal_cipher_builtin(MEDIASEAL_SUITE_AES_128_GCM_SHA256_128, 0, &cipher));
    struct raw_pair pair = raw_pair(cipher);
    mediaseal_decryptor *opening = pair.decryptor;
    mediaseal_frame_info info = MEDIASEAL_FRAME_INFO_INIT, other = MEDIASEAL_FRAME_INFO_INIT;
    info.ssrc = other.ssrc = 7;
    info.metadata = (const uint8_t *)"ours";
    info.metadata_len = 4;
    uint8_t frame[100] = {0, 0, 0, 1, 0x65, 0x88}, sealed[256];
    size_t len;
    OK(mediaseal_encryptor_encrypt(pair.encryptor, &info, frame, sizeof frame, sealed, sizeof sealed, &len));

    mediaseal_diagnosis told = MEDIASEAL_DIAGNOSIS_INIT;
    OK(mediaseal_decryptor_explain(opening, &info, sealed, len, NULL, &told));
    CHECK(told.reason == MEDIASEAL_REASON_OPENS && told.flags == MEDIASEAL_DIAGNOSIS_HAS_HEADER && told.ssrc == 7 && told.ctr == 0);
    CHECK(told.sender_len == 5 && memcmp(told.sender, "alice", 5) == 0 && strcmp((const char *)told.text, "it opens") == 0);
    memset(sealed + len, 0, 5);
    sealed[len + 4] = 5;
    OK(mediaseal_decryptor_explain(opening, &info, sealed, len + 5, NULL, &told));
    CHECK(told.reason == MEDIASEAL_REASON_TRAILING_OCTETS && told.octets == 5 && (told.flags & MEDIASEAL_DIAGNOSIS_RTP_PADDING) != 0);
    OK(mediaseal_decryptor_explain(opening, &info, frame, sizeof frame, NULL, &told));
    CHECK(told.reason == MEDIASEAL_REASON_NOT_ENCRYPTED && told.codec == MEDIASEAL_CODEC_H264 && told.nal_format == MEDIASEAL_NAL_ANNEX_B);
    OK(mediaseal_decryptor_explain(opening, &info, NULL, 0, NULL, &told));
    CHECK(told.reason == MEDIASEAL_REASON_EMPTY);

    const mediaseal_metadata suspected[] = {{(const uint8_t *)"theirs", 6}, {(const uint8_t *)"ours", 4}};
    mediaseal_suspects suspects = MEDIASEAL_SUSPECTS_INIT;
    suspects.metadata = suspected;
    suspects.metadata_count = 2;
    OK(mediaseal_decryptor_explain(opening, &other, sealed, len, &suspects, &told));
    CHECK(told.reason == MEDIASEAL_REASON_OTHER_METADATA && told.suspect == 1 && (told.flags & MEDIASEAL_DIAGNOSIS_HAS_SUSPECT) != 0);
    OK(mediaseal_decryptor_explain(opening, &other, sealed, len, NULL, &told));
    CHECK(told.reason == MEDIASEAL_REASON_WRONG_KEY);
    suspects.reserved = 1;
    STATUS(MEDIASEAL_ERR_UNKNOWN_VALUE, mediaseal_decryptor_explain(opening, &other, sealed, len, &suspects, &told));
    CHECK(told.reason == 0);
    suspects.reserved = 0;
    suspects.metadata_count = SIZE_MAX;
    STATUS(MEDIASEAL_ERR_LENGTH, mediaseal_decryptor_explain(opening, &other, sealed, len, &suspects, &told));
    suspects.metadata_count = 0;
    suspects.channel_count = 1;
    STATUS(MEDIASEAL_ERR_NULL_POINTER, mediaseal_decryptor_explain(opening, &other, sealed, len, &suspects, &told));
    const mediaseal_channel *none = NULL;
    suspects.channels = &none;
    STATUS(MEDIASEAL_ERR_NULL_POINTER, mediaseal_decryptor_explain(opening, &other, sealed, len, &suspects, &told));

    /* After all that, it opens once. */
    uint8_t opened[256];
    OK(mediaseal_decryptor_decrypt(opening, &info, sealed, len, opened, sizeof opened, &len, NULL));
    OK(mediaseal_decryptor_explain(opening, &info, sealed, len + 17, NULL, &told));
    CHECK(told.reason == MEDIASEAL_REASON_DUPLICATE);

    mediaseal_look look = MEDIASEAL_LOOK_INIT;
    OK(mediaseal_look_at(frame, sizeof frame, 0, &look));
    CHECK(look.kind == MEDIASEAL_LOOK_PLAINTEXT && look.codec == MEDIASEAL_CODEC_H264 && strcmp((const char *)look.text, "H264 in clear") == 0);
    STATUS(MEDIASEAL_ERR_INDEX, mediaseal_look_at(frame, sizeof frame, 99, &look));
    CHECK(look.kind == 0);
    OK(mediaseal_look_at(NULL, 0, 0, &look));
    CHECK(look.kind == MEDIASEAL_LOOK_EMPTY);
    STATUS(MEDIASEAL_ERR_NULL_POINTER, mediaseal_look_at(NULL, 1, 0, &look));
    free_raw_pair(&pair);
    mediaseal_cipher_free(cipher);
}

/* What leaves is looked at, and what is wrong with it told. */
static void proof(void)
{
    mediaseal_cipher *cipher;
    OK(mediaseal_cipher_builtin(MEDIASEAL_SUITE_AES_128_GCM_SHA256_128, 0, &cipher));
    struct raw_pair pair = raw_pair(cipher);
    mediaseal_sentinel *sentinel;
    mediaseal_proof *proof;
    OK(mediaseal_sentinel_new(pair.sending, &sentinel));
    OK(mediaseal_sentinel_proof(sentinel, &proof));
    mediaseal_proof_state state = MEDIASEAL_PROOF_STATE_INIT;
    OK(mediaseal_proof_check(proof, NOW, &state));
    CHECK(state.state == MEDIASEAL_PROOF_SEALING);

    uint8_t frame[100] = {0, 0, 0, 1, 0x65}, sealed[164];
    size_t len;
    mediaseal_frame_info info = MEDIASEAL_FRAME_INFO_INIT;
    info.ssrc = 7;
    info.metadata = (const uint8_t *)"metadata";
    info.metadata_len = 8;
    for (int i = 0; i < 300; i++) {
        OK(mediaseal_encryptor_encrypt(pair.encryptor, &info, frame, sizeof frame, sealed, sizeof sealed, &len));
        OK(mediaseal_sentinel_observe_sent(sentinel, &info, sealed, len));
    }
    OK(mediaseal_proof_check(proof, NOW + 1, &state));
    CHECK(state.state == MEDIASEAL_PROOF_ENCRYPTED && state.since == NOW + 1 && state.frames == 300 && state.leak == MEDIASEAL_LEAK_NONE);
    /* 0x65 reads as KID 6. */
    OK(mediaseal_sentinel_observe_sent(sentinel, NULL, frame + 4, sizeof frame - 4));
    OK(mediaseal_proof_check(proof, NOW + 2, &state));
    CHECK(state.state == MEDIASEAL_PROOF_DEGRADED && state.leak == MEDIASEAL_LEAK_UNKNOWN_KEY && state.kid == 6);
    /* All of it reads as KID 0, CTR 0, which the store has: it is opened again, and does not. */
    OK(mediaseal_sentinel_observe_sent(sentinel, NULL, frame, sizeof frame));
    OK(mediaseal_proof_check(proof, NOW + 2, &state));
    CHECK(state.state == MEDIASEAL_PROOF_DEGRADED && state.leak == MEDIASEAL_LEAK_DOES_NOT_OPEN && state.kid == 0);
    OK(mediaseal_sentinel_observe_sent(sentinel, NULL, NULL, 0));
    OK(mediaseal_proof_check(proof, NOW + 2, &state));
    CHECK(state.state == MEDIASEAL_PROOF_DEGRADED && state.leak == MEDIASEAL_LEAK_NOT_SEALED);
    sealed[len - 1] ^= 1;
    OK(mediaseal_sentinel_observe_sent(sentinel, &info, sealed, len));
    OK(mediaseal_proof_check(proof, NOW + 2, &state));
    CHECK(state.state == MEDIASEAL_PROOF_DEGRADED && state.leak == MEDIASEAL_LEAK_DOES_NOT_OPEN && state.ctr == 299);
    STATUS(MEDIASEAL_ERR_LENGTH, mediaseal_sentinel_observe_sent(sentinel, NULL, frame, SIZE_MAX));
    STATUS(MEDIASEAL_ERR_NULL_POINTER, mediaseal_sentinel_observe_sent(sentinel, NULL, NULL, 1));

    unsigned changes = 0, states = 0;
    mediaseal_event event = MEDIASEAL_EVENT_INIT;
    do {
        OK(mediaseal_key_store_poll_event(pair.sending, &event));
        if (event.type == MEDIASEAL_EVENT_PROOF_CHANGED) {
            changes++;
            states = states * 10 + event.proof;
        }
    } while (event.type != MEDIASEAL_EVENT_NONE);
    CHECK(changes == 2 && states == 23);
    /* The proof may outlive all else. */
    mediaseal_sentinel_free(sentinel);
    free_raw_pair(&pair);
    mediaseal_cipher_free(cipher);
    OK(mediaseal_proof_check(proof, NOW + 3, &state));
    CHECK(state.state == MEDIASEAL_PROOF_DEGRADED);
    mediaseal_proof_free(proof);
}

struct heard {
    unsigned events;
    unsigned sessions;
    unsigned destroyed;
    uint64_t kid;
    mediaseal_status reentered;
    const mediaseal_channel_store *store;
};

static void hear(void *user_data, const mediaseal_event *event)
{
    struct heard *heard = user_data;
    heard->events++;
    if (event->type == MEDIASEAL_EVENT_SESSION_STARTED) {
        heard->sessions++;
        heard->kid = event->kid;
        CHECK(event->sender_len == 5 && strcmp((const char *)event->sender, "alice") == 0);
        CHECK(event->media == MEDIASEAL_MEDIA_VIDEO && event->flags == MEDIASEAL_HAS_EPOCH);
    }
    heard->reentered = mediaseal_channel_store_tick(heard->store, NOW);
}

static void end_hearing(void *user_data)
{
    ((struct heard *)user_data)->destroyed++;
}

static void channels(void)
{
    uint8_t key[32], next_key[32], out[1024];
    size_t len;
    OK(mediaseal_key_generate(key, sizeof key, &len));
    OK(mediaseal_key_generate(next_key, sizeof next_key, &len));
    struct member alice = join(key), bob = join(key);
    mediaseal_encryptor *encryptor = alice_sends(&alice, MEDIASEAL_MODE_FRAME);
    mediaseal_decryptor *decryptor = alice_is_heard(&bob, MEDIASEAL_MODE_FRAME);

    struct heard heard = {0, 0, 0, 0, MEDIASEAL_OK, alice.store};
    OK(mediaseal_channel_store_set_event_callback(alice.store, hear, &heard, end_hearing));
    one_frame(encryptor, decryptor, "first", 5);
    OK(mediaseal_channel_store_deliver_events(alice.store));
    CHECK(heard.sessions == 1 && heard.reentered == MEDIASEAL_ERR_REENTRANT);

    /* Equal keys, equal codes; an answer to a key check is one member's. */
    char code[MEDIASEAL_SAFETY_CODE_LEN + 1], other_code[MEDIASEAL_SAFETY_CODE_LEN + 1];
    OK(mediaseal_channel_safety_code(alice.channel, code, sizeof code, &len));
    CHECK(len == MEDIASEAL_SAFETY_CODE_LEN && strlen(code) == len);
    OK(mediaseal_channel_safety_code(bob.channel, other_code, sizeof other_code, &len));
    CHECK(strcmp(code, other_code) == 0);
    STATUS(MEDIASEAL_ERR_BUFFER_TOO_SMALL, mediaseal_channel_safety_code(alice.channel, code, MEDIASEAL_SAFETY_CODE_LEN, &len));
    const uint8_t challenge[MEDIASEAL_KEY_CHECK_LEN] = "what 16 octets?";
    uint8_t answer[MEDIASEAL_KEY_CHECK_LEN];
    OK(mediaseal_channel_key_check(alice.channel, NAME("alice"), challenge, answer));
    OK(mediaseal_channel_verify_key_check(bob.channel, NAME("alice"), challenge, answer));
    STATUS(MEDIASEAL_ERR_KEY_CHECK_FAILED, mediaseal_channel_verify_key_check(bob.channel, NAME("carol"), challenge, answer));

    /* A joiner at step 2, by octets and by text, opens nothing earlier. */
    uint64_t generation;
    uint32_t step;
    OK(mediaseal_channel_advance_to(alice.channel, 1, 2));
    OK(mediaseal_channel_advance_to(bob.channel, 1, 2));
    OK(mediaseal_channel_sending(alice.channel, &generation, &step));
    CHECK(generation == 1 && step == 2);
    OK(mediaseal_channel_epoch_secret(alice.channel, 1, 2, NULL, 0, &len));
    CHECK(len <= MEDIASEAL_EPOCH_SECRET_MAX_LEN);
    OK(mediaseal_channel_epoch_secret(alice.channel, 1, 2, out, sizeof out, &len));
    mediaseal_epoch epoch = MEDIASEAL_EPOCH_INIT;
    OK(mediaseal_epoch_describe(out, len, &epoch));
    CHECK(epoch.generation == 1 && epoch.step == 2 && epoch.suite == MEDIASEAL_SUITE_AES_128_GCM_SHA256_128);
    STATUS(MEDIASEAL_ERR_EPOCH_OCTETS, mediaseal_epoch_describe(out, len - 1, &epoch));
    CHECK(epoch.generation == 0 && epoch.suite == 0 && epoch.struct_size == sizeof epoch);
    struct member carol = {NULL, NULL};
    OK(mediaseal_channel_store_new(&carol.store));
    mediaseal_channel_config config = MEDIASEAL_CHANNEL_CONFIG_INIT;
    config.id = (const uint8_t *)"c";
    config.id_len = 1;
    config.flags = MEDIASEAL_CHANNEL_CLOCK;
    OK(mediaseal_channel_open(carol.store, &config, &carol.channel));
    mediaseal_channel *again;
    STATUS(MEDIASEAL_ERR_CHANNEL_OPEN, mediaseal_channel_open(carol.store, &config, &again));
    CHECK(again == NULL);
    OK(mediaseal_channel_store_tick(carol.store, NOW));
    OK(mediaseal_channel_join(carol.channel, out, len, NULL));
    STATUS(MEDIASEAL_ERR_EPOCH_OCTETS, mediaseal_channel_join(carol.channel, out, len - 1, NULL));
    char text[MEDIASEAL_EPOCH_TEXT_MAX_LEN + 1];
    OK(mediaseal_channel_epoch_text(alice.channel, 1, 2, text, sizeof text, &len));
    CHECK(strncmp(text, "mediaseal-epoch-1", 17) == 0 && strlen(text) == len);
    OK(mediaseal_epoch_describe_text(text, &epoch));
    CHECK(epoch.generation == 1 && epoch.step == 2);
    OK(mediaseal_channel_join_text(carol.channel, text, NULL));
    text[20] ^= 1;
    STATUS(MEDIASEAL_ERR_EPOCH_TEXT, mediaseal_channel_join_text(carol.channel, text, NULL));
    mediaseal_decryptor *carols = alice_is_heard(&carol, MEDIASEAL_MODE_FRAME);
    one_frame(encryptor, carols, "second", 6);
    one_frame(encryptor, decryptor, "third", 5);

    /* A fresh generation keeps out who does not get it. */
    stage(&alice, 2, next_key);
    stage(&bob, 2, next_key);
    OK(mediaseal_channel_activate(alice.channel, 2));
    OK(mediaseal_channel_activate(bob.channel, 2));
    one_frame(encryptor, decryptor, "fourth", 6);
    uint8_t sealed[128], opened[128];
    size_t sealed_len;
    OK(mediaseal_encryptor_encrypt(encryptor, NULL, (const uint8_t *)"x", 1, sealed, sizeof sealed, &sealed_len));
    STATUS(MEDIASEAL_ERR_MISSING_KEY,
           mediaseal_decryptor_decrypt(carols, NULL, sealed, sealed_len, opened, sizeof opened, &len, NULL));
    mediaseal_decryptor *own = alice_is_heard(&alice, MEDIASEAL_MODE_FRAME);
    STATUS(MEDIASEAL_ERR_REFLECTED,
           mediaseal_decryptor_decrypt(own, NULL, sealed, sealed_len, opened, sizeof opened, &len, NULL));
    mediaseal_decryptor_free(own);
    OK(mediaseal_channel_end_grace(alice.channel));
    STATUS(MEDIASEAL_ERR_UNKNOWN_GENERATION, mediaseal_channel_retire(alice.channel, 1));
    OK(mediaseal_channel_retire(bob.channel, 1));

    /* The channel key can be read back only if that was said; and what must outlive the process. */
    STATUS(MEDIASEAL_ERR_ROOT_NOT_KEPT, mediaseal_channel_key(alice.channel, 2, out, sizeof out, &len));
    mediaseal_generation kept = MEDIASEAL_GENERATION_INIT;
    kept.number = 3;
    kept.key = key;
    kept.key_len = sizeof key;
    kept.flags = MEDIASEAL_GENERATION_KEEP_ROOT;
    OK(mediaseal_channel_stage(alice.channel, &kept));
    OK(mediaseal_channel_key(alice.channel, 3, out, sizeof out, &len));
    CHECK(len == sizeof key && memcmp(out, key, sizeof key) == 0);
    OK(mediaseal_channel_replay_state(bob.channel, NULL, 0, &len));
    uint8_t *state = malloc(len);
    OK(mediaseal_channel_replay_state(bob.channel, state, len, &len));
    STATUS(MEDIASEAL_ERR_BUFFER_TOO_SMALL, mediaseal_channel_replay_state(bob.channel, state, len - 1, &len));
    OK(mediaseal_channel_replay_state(bob.channel, NULL, 0, &len));
    struct member restarted = {NULL, NULL};
    OK(mediaseal_channel_store_new(&restarted.store));
    OK(mediaseal_channel_open(restarted.store, &config, &restarted.channel));
    STATUS(MEDIASEAL_ERR_REPLAY_STATE, mediaseal_channel_import_replay_state(restarted.channel, state, len - 1));
    OK(mediaseal_channel_import_replay_state(restarted.channel, state, len));
    free(state);
    OK(mediaseal_channel_store_tick(restarted.store, NOW));
    stage(&restarted, 2, next_key);
    OK(mediaseal_channel_expect_session(restarted.channel, heard.kid, NAME("alice"), MEDIASEAL_MEDIA_VIDEO));
    STATUS(MEDIASEAL_ERR_UNKNOWN_VALUE, mediaseal_channel_expect_session(restarted.channel, 1, NULL, 0, 77));

    OK(mediaseal_channel_store_renew_sessions(alice.store));
    one_frame(encryptor, decryptor, "fifth", 5);
    OK(mediaseal_encryptor_refresh(encryptor));
    OK(mediaseal_decryptor_refresh(decryptor));
    OK(mediaseal_channel_store_tick(alice.store, NOW + 1));
    CHECK(heard.sessions >= 3 && heard.destroyed == 0);
    STATUS(MEDIASEAL_ERR_NULL_POINTER, mediaseal_channel_store_set_event_callback(alice.store, NULL, &heard, end_hearing));
    OK(mediaseal_channel_store_set_event_callback(alice.store, NULL, NULL, NULL));
    CHECK(heard.destroyed == 1);
    mediaseal_event event = MEDIASEAL_EVENT_INIT;
    OK(mediaseal_channel_store_poll_event(alice.store, &event));
    CHECK(event.type == MEDIASEAL_EVENT_NONE);
    OK(mediaseal_channel_store_renew_sessions(alice.store));
    OK(mediaseal_channel_store_poll_event(alice.store, &event));
    CHECK(event.type == MEDIASEAL_EVENT_SESSION_STARTED && event.generation == 2);

    /* A callback that is not unset ends with its store. */
    struct heard last = {0, 0, 0, 0, MEDIASEAL_OK, bob.store};
    OK(mediaseal_channel_store_set_event_callback(bob.store, hear, &last, end_hearing));

    /* Any order of freeing. */
    leave(&alice);
    mediaseal_decryptor_free(carols);
    leave(&restarted);
    leave(&bob);
    CHECK(last.destroyed == 1);
    one_frame(encryptor, decryptor, "after the stores", 16);
    mediaseal_encryptor_free(encryptor);
    mediaseal_decryptor_free(decryptor);
    leave(&carol);
}

static void batches(void)
{
    enum { STREAMS = 16, FRAMES = 4, JOBS = STREAMS * FRAMES };
    /* Suites whose frames end one by one, and suites whose tags are computed side by side. */
    static const uint32_t suites[] = {MEDIASEAL_SUITE_AES_256_GCM_SHA512_128, MEDIASEAL_SUITE_AES_128_CTR_HMAC_SHA256_80,
                                      MEDIASEAL_SUITE_AES_256_CTR_HMAC_SHA512_64};
    struct raw_pair pairs[STREAMS];
    for (int stream = 0; stream < STREAMS; stream++) {
        mediaseal_cipher *cipher;
        OK(mediaseal_cipher_builtin(suites[stream % 3], 0, &cipher));
        pairs[stream] = raw_pair(cipher);
        mediaseal_cipher_free(cipher);
    }
    static mediaseal_encrypt_job encrypt[JOBS];
    static mediaseal_decrypt_job decrypt[JOBS];
    static mediaseal_opened opened[JOBS];
    static uint8_t buffers[JOBS][128], elsewhere[JOBS][128];
    for (int job = 0; job < JOBS; job++) {
        mediaseal_encrypt_job sealing = MEDIASEAL_ENCRYPT_JOB_INIT;
        mediaseal_decrypt_job opening = MEDIASEAL_DECRYPT_JOB_INIT;
        mediaseal_opened nothing = MEDIASEAL_OPENED_INIT;
        memset(buffers[job], job, 60);
        sealing.encryptor = pairs[job % STREAMS].encryptor;
        sealing.plaintext = buffers[job];
        sealing.plaintext_len = 60;
        /* Every other frame goes to a buffer of its own, and comes back. */
        sealing.out = job % 2 ? elsewhere[job] : buffers[job];
        sealing.out_capacity = sizeof buffers[job];
        encrypt[job] = sealing;
        opening.decryptor = pairs[job % STREAMS].decryptor;
        opening.ciphertext = sealing.out;
        opening.out = buffers[job];
        opening.out_capacity = sizeof buffers[job];
        opening.opened = &opened[job];
        opened[job] = nothing;
        decrypt[job] = opening;
    }
    OK(mediaseal_encrypt_batch(encrypt, JOBS));
    for (int job = 0; job < JOBS; job++) {
        CHECK(encrypt[job].status == MEDIASEAL_OK && encrypt[job].out_len > 60);
        decrypt[job].ciphertext_len = encrypt[job].out_len;
    }
    encrypt[5].out[encrypt[5].out_len - 1] ^= 1;
    encrypt[6].out[encrypt[6].out_len - 1] ^= 1;
    encrypt[7].out[encrypt[7].out_len - 1] ^= 1;
    decrypt[9].out_capacity = 3;
    decrypt[10].out_capacity = 3;
    decrypt[13].out_capacity = 3;
    /* The same frame once more, under another suite each. */
    for (int job = JOBS - 3; job < JOBS; job++) {
        decrypt[job].ciphertext = decrypt[job - STREAMS].ciphertext;
        decrypt[job].ciphertext_len = decrypt[job - STREAMS].ciphertext_len;
        if (decrypt[job].ciphertext == decrypt[job - STREAMS].out) {
            memcpy(elsewhere[job], decrypt[job].ciphertext, decrypt[job].ciphertext_len);
            decrypt[job].ciphertext = elsewhere[job];
        }
    }
    STATUS(MEDIASEAL_ERR_AUTHENTICATION_FAILED, mediaseal_decrypt_batch(decrypt, JOBS));
    for (int job = 0; job < JOBS; job++) {
        if (job >= 5 && job <= 7) {
            CHECK(decrypt[job].status == MEDIASEAL_ERR_AUTHENTICATION_FAILED && decrypt[job].out_len == 0);
            CHECK(buffers[job][0] != job || buffers[job][59] != job || job % 2);
        } else if (job >= JOBS - 3) {
            CHECK(decrypt[job].status == MEDIASEAL_ERR_DUPLICATE && decrypt[job].out_len == 0);
        } else if (job == 9 || job == 10 || job == 13) {
            CHECK(decrypt[job].status == MEDIASEAL_ERR_BUFFER_TOO_SMALL && decrypt[job].out_len == 0);
        } else {
            CHECK(decrypt[job].status == MEDIASEAL_OK && decrypt[job].out_len == 60);
            CHECK(buffers[job][0] == job && buffers[job][59] == job && opened[job].sender_len == 5);
        }
    }
    OK(mediaseal_encrypt_batch(NULL, 0));
    STATUS(MEDIASEAL_ERR_NULL_POINTER, mediaseal_encrypt_batch(NULL, 1));
    /* A batch that is refused leaves no job that looks done. */
    encrypt[3].struct_size = 8;
    STATUS(MEDIASEAL_ERR_STRUCT_SIZE, mediaseal_encrypt_batch(encrypt, JOBS));
    for (int job = 0; job < JOBS; job++)
        CHECK(encrypt[job].status == MEDIASEAL_ERR_NOT_BEGUN && encrypt[job].out_len == 0);
    encrypt[3].struct_size = encrypt[0].struct_size;
    encrypt[0].struct_size = 8;
    STATUS(MEDIASEAL_ERR_STRUCT_SIZE, mediaseal_encrypt_batch(encrypt, JOBS));
    encrypt[0].struct_size = encrypt[1].struct_size;
    STATUS(MEDIASEAL_ERR_LENGTH, mediaseal_encrypt_batch(encrypt, SIZE_MAX / 64));
    STATUS(MEDIASEAL_ERR_MISALIGNED, mediaseal_encrypt_batch((mediaseal_encrypt_job *)(void *)((char *)encrypt + 1), 1));

    /* Jobs of a program that is newer than the library. */
    struct {
        mediaseal_encrypt_job known;
        uint64_t later;
    } newer[2] = {{MEDIASEAL_ENCRYPT_JOB_INIT, 0}, {MEDIASEAL_ENCRYPT_JOB_INIT, 0}};
    for (int job = 0; job < 2; job++) {
        newer[job].known = encrypt[job];
        newer[job].known.struct_size = sizeof newer[0];
    }
    OK(mediaseal_encrypt_batch(&newer[0].known, 2));
    CHECK(newer[1].known.status == MEDIASEAL_OK && newer[1].known.out_len > 60);
    newer[0].later = 1;
    STATUS(MEDIASEAL_ERR_STRUCT_SIZE, mediaseal_encrypt_batch(&newer[0].known, 2));
    CHECK(newer[0].known.out_len == 0 && newer[1].known.status == MEDIASEAL_OK);

    encrypt[1].encryptor = NULL;
    encrypt[2].out_capacity = 0;
    STATUS(MEDIASEAL_ERR_NULL_POINTER, mediaseal_encrypt_batch(encrypt, 3));
    CHECK(encrypt[0].status == MEDIASEAL_OK && encrypt[1].out_len == 0 && encrypt[2].status == MEDIASEAL_ERR_BUFFER_TOO_SMALL);
    for (int stream = 0; stream < STREAMS; stream++)
        free_raw_pair(&pairs[stream]);
}

static void keys_as_text(void)
{
    uint8_t key[MEDIASEAL_KEY_MAX_LEN];
    char params[MEDIASEAL_PASSPHRASE_PARAMS_MAX_LEN + 1];
    size_t len;
    OK(mediaseal_key_from_hex("000102030405060708090a0b0c0d0e0F", key, sizeof key, &len));
    CHECK(len == 16 && key[15] == 15);
    STATUS(MEDIASEAL_ERR_KEY_TEXT, mediaseal_key_from_hex("000102030405060708090a0b0c0d0e0", key, sizeof key, &len));
    STATUS(MEDIASEAL_ERR_KEY_LENGTH, mediaseal_key_from_hex("00", key, sizeof key, &len));
    STATUS(MEDIASEAL_ERR_BUFFER_TOO_SMALL, mediaseal_key_from_hex("000102030405060708090a0b0c0d0e0f", key, 15, &len));
    OK(mediaseal_key_from_base64("AAECAwQFBgcICQoLDA0ODw==", key, sizeof key, &len));
    CHECK(len == 16 && key[14] == 14);
    STATUS(MEDIASEAL_ERR_KEY_TEXT, mediaseal_key_from_base64("AAECAwQFBgcICQoLDA0OD*==", key, sizeof key, &len));
    STATUS(MEDIASEAL_ERR_NOT_UTF8, mediaseal_key_from_hex("\xff", key, sizeof key, &len));
    OK(mediaseal_passphrase_params_generate(params, sizeof params, &len));
    CHECK(strncmp(params, "$argon2id$v=19$m=65536,t=3,p=4$", 31) == 0 && strlen(params) == len);
    OK(mediaseal_key_from_passphrase(NAME("password"), "$argon2id$v=19$m=8,t=1,p=1$c29tZXNhbHQtc29tZXNhbHQ", key, sizeof key, &len));
    CHECK(len == MEDIASEAL_KEY_LEN);
    STATUS(MEDIASEAL_ERR_PASSPHRASE_PARAMS, mediaseal_key_from_passphrase(NAME("password"), "$argon2i$", key, sizeof key, &len));
    STATUS(MEDIASEAL_ERR_PASSPHRASE_LENGTH,
           mediaseal_key_from_passphrase(NULL, 0, "$argon2id$v=19$m=8,t=1,p=1$c29tZXNhbHQtc29tZXNhbHQ", key, sizeof key, &len));
    OK(mediaseal_wipe(key, sizeof key));
    CHECK(key[0] == 0 && key[31] == 0);

    uint64_t kid;
    OK(mediaseal_kid_mls(3, 4, 1, 2, 21, &kid));
    CHECK(kid == (1 << 7 | 2 << 4 | 5));
    STATUS(MEDIASEAL_ERR_KID_OUT_OF_RANGE, mediaseal_kid_mls(3, 4, 1, 8, 21, &kid));
    STATUS(MEDIASEAL_ERR_KID_LAYOUT, mediaseal_kid_mls(0, 4, 1, 8, 21, &kid));
    uint64_t context, sender_index, epoch;
    OK(mediaseal_kid_mls(3, 4, 1, 2, 21, &kid));
    OK(mediaseal_kid_mls_split(3, 4, kid, &context, &sender_index, &epoch));
    CHECK(context == 1 && sender_index == 2 && epoch == 5);
    OK(mediaseal_kid_ratcheted(8, 2, 257, &kid));
    CHECK(kid == (2 << 8 | 1));
    uint64_t ratcheted_generation, step;
    OK(mediaseal_kid_ratcheted_split(8, kid, &ratcheted_generation, &step));
    CHECK(ratcheted_generation == 2 && step == 1);
    STATUS(MEDIASEAL_ERR_KID_LAYOUT, mediaseal_kid_ratcheted_split(64, kid, &ratcheted_generation, &step));
    CHECK(ratcheted_generation == 0 && step == 0);
}

static void counters(const char *folder)
{
    mediaseal_counter_store *store, *second;
    mediaseal_cipher *cipher;
    mediaseal_key_store *keys;
    const uint8_t key[32] = {7};
    STATUS(MEDIASEAL_ERR_COUNTER_STORE_NOT_THERE, mediaseal_counter_store_open(folder, &store));
    OK(mediaseal_counter_store_create(folder, &store));
    STATUS(MEDIASEAL_ERR_COUNTER_STORE_ALREADY_THERE, mediaseal_counter_store_create(folder, &second));
    STATUS(MEDIASEAL_ERR_COUNTER_STORE_LOCKED, mediaseal_counter_store_open(folder, &second));
    OK(mediaseal_cipher_builtin(4, 0, &cipher));
    uint64_t last = 0;
    for (int run = 0; run < 3; run++) {
        OK(mediaseal_key_store_new(cipher, &keys));
        STATUS(MEDIASEAL_ERR_UNKNOWN_VALUE, mediaseal_key_store_add_send(keys, key, 32, 1, 0, store));
        STATUS(MEDIASEAL_ERR_UNKNOWN_VALUE, mediaseal_key_store_add_send(keys, key, 32, 1, MEDIASEAL_ORIGIN_FRESH_KEY, store));
        OK(mediaseal_key_store_add_send(keys, key, 32, 1, MEDIASEAL_ORIGIN_COUNTER_STORE, store));
        STATUS(MEDIASEAL_ERR_KID_IN_USE, mediaseal_key_store_add_send(keys, key, 32, 1, MEDIASEAL_ORIGIN_COUNTER_STORE, store));
        OK(mediaseal_key_store_activate(keys, 1));
        mediaseal_encryptor *encryptor;
        mediaseal_statistics totals = MEDIASEAL_STATISTICS_INIT;
        uint8_t sealed[64];
        size_t len;
        OK(mediaseal_encryptor_new(keys, NULL, &encryptor));
        OK(mediaseal_encryptor_encrypt(encryptor, NULL, (const uint8_t *)"x", 1, sealed, sizeof sealed, &len));
        OK(mediaseal_encryptor_totals(encryptor, &totals));
        CHECK(run == 0 || totals.window_head > last);
        last = totals.window_head;
        mediaseal_encryptor_free(encryptor);
        mediaseal_key_store_free(keys);
    }
    OK(mediaseal_counter_store_close(store));
    OK(mediaseal_counter_store_close(store));
    mediaseal_counter_store_free(store);
    OK(mediaseal_counter_store_open(folder, &store));
    mediaseal_counter_store_free(store);
    mediaseal_cipher_free(cipher);
}

static void cpu(void)
{
    char text[MEDIASEAL_CPU_TEXT_MAX_LEN + 1];
    size_t len;
    uint32_t tier, verdict;
    OK(mediaseal_cpu_tier(&tier));
    OK(mediaseal_cpu_verdict(tier, &verdict));
    CHECK(verdict == MEDIASEAL_VERDICT_SELECTED);
    OK(mediaseal_cpu_verdict(MEDIASEAL_TIER_PORTABLE, &verdict));
    CHECK(verdict == (tier == MEDIASEAL_TIER_PORTABLE ? MEDIASEAL_VERDICT_SELECTED : MEDIASEAL_VERDICT_NOT_NEEDED));
    OK(mediaseal_cpu_text(text, sizeof text, &len));
    CHECK(strlen(text) == len && strncmp(text, "AES: ", 5) == 0);
    /* A tier whose self-test fails is a fault of this machine or build. */
    CHECK(strstr(text, "FAILED") == NULL);
    OK(mediaseal_cpu_text(NULL, 0, &len));
    CHECK(strlen(text) == len);
    STATUS(MEDIASEAL_ERR_BUFFER_TOO_SMALL, mediaseal_cpu_text(text, len, &len));
    STATUS(MEDIASEAL_ERR_UNKNOWN_VALUE, mediaseal_cpu_verdict(0, &verdict));
    STATUS(MEDIASEAL_ERR_UNKNOWN_VALUE, mediaseal_cpu_verdict(MEDIASEAL_TIER_PORTABLE + 1, &verdict));
}

int main(int argc, char **argv)
{
    CHECK(mediaseal_abi_version() == MEDIASEAL_ABI_VERSION);
    CHECK(MEDIASEAL_VERSION_AT_LEAST(0, 1) && !MEDIASEAL_VERSION_AT_LEAST(9, 0));
    cpu();
    keys_as_text();
    raw_keys();
    buffers();
    packets();
    codecs();
    rtp();
    course();
    diagnosis();
    proof();
    channels();
    batches();
    if (argc == 2)
        counters(argv[1]);
    DONE("calls");
}
