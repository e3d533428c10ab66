/* Keys sealed to people: key pairs as text, a data key, an invitation to a channel, the key of a session to its owners. */
#include "check.h"

#define CONTEXT NAME("recording 7")

struct person {
    mediaseal_identity *identity;
    mediaseal_signer *signer;
    uint8_t recipient[MEDIASEAL_RECIPIENT_MAX_LEN], public_half[MEDIASEAL_SIGNER_PUBLIC_LEN];
    size_t recipient_len;
};

static struct person person(uint32_t kem)
{
    struct person p;
    memset(&p, 0, sizeof p);
    OK(mediaseal_identity_generate(kem, &p.identity));
    OK(mediaseal_signer_generate(&p.signer));
    OK(mediaseal_identity_recipient(p.identity, p.recipient, sizeof p.recipient, &p.recipient_len));
    OK(mediaseal_signer_public(p.signer, p.public_half));
    return p;
}

static void end(struct person *p)
{
    mediaseal_identity_free(p->identity);
    mediaseal_signer_free(p->signer);
}

/* Every key goes to text and comes back as what it was; text of another kind, or with a letter changed, does not. */
static void texts(uint32_t kem)
{
    struct person p = person(kem);
    char secret[256], signer[256], public_text[4096];
    size_t len, again_len;
    uint8_t again[MEDIASEAL_RECIPIENT_MAX_LEN], public_half[MEDIASEAL_SIGNER_PUBLIC_LEN];
    mediaseal_identity *identity;
    mediaseal_signer *same;
    OK(mediaseal_identity_to_text(p.identity, NULL, 0, &len));
    STATUS(MEDIASEAL_ERR_BUFFER_TOO_SMALL, mediaseal_identity_to_text(p.identity, secret, len, &again_len));
    OK(mediaseal_identity_to_text(p.identity, secret, sizeof secret, &len));
    CHECK(strncmp(secret, "mediaseal-id-1", 14) == 0 && strlen(secret) == len);
    OK(mediaseal_identity_from_text(secret, &identity));
    OK(mediaseal_identity_recipient(identity, again, sizeof again, &again_len));
    CHECK(again_len == p.recipient_len && memcmp(again, p.recipient, again_len) == 0);
    mediaseal_identity_free(identity);
    STATUS(MEDIASEAL_ERR_GRANT_TEXT, mediaseal_signer_from_text(secret, &same));
    secret[len - 3] = secret[len - 3] == 'a' ? 'b' : 'a';
    STATUS(MEDIASEAL_ERR_GRANT_TEXT, mediaseal_identity_from_text(secret, &identity));
    CHECK(identity == NULL && same == NULL);

    OK(mediaseal_signer_to_text(p.signer, signer, sizeof signer, &len));
    OK(mediaseal_signer_from_text(signer, &same));
    OK(mediaseal_signer_public(same, public_half));
    CHECK(memcmp(public_half, p.public_half, sizeof public_half) == 0);
    mediaseal_signer_free(same);

    OK(mediaseal_recipient_to_text(p.recipient, p.recipient_len, public_text, sizeof public_text, &len));
    CHECK(strncmp(public_text, "mediaseal-pub-1", 15) == 0);
    OK(mediaseal_recipient_from_text(public_text, again, sizeof again, &again_len));
    CHECK(again_len == p.recipient_len && memcmp(again, p.recipient, again_len) == 0);
    STATUS(MEDIASEAL_ERR_GRANT_KEY, mediaseal_recipient_to_text(p.recipient, p.recipient_len - 1, public_text, sizeof public_text, &len));
    mediaseal_wipe(secret, sizeof secret);
    mediaseal_wipe(signer, sizeof signer);
    end(&p);
}

/* A key under a passphrase: it opens with that alone, and every letter of it counts. */
static void locked(uint32_t kem)
{
    static const char params[] = "$argon2id$v=19$m=8,t=1,p=1$AAECAwQFBgcICQoLDA0ODw";
    struct person p = person(kem);
    char text[MEDIASEAL_LOCKED_KEY_TEXT_MAX_LEN + 1], signer_text[MEDIASEAL_LOCKED_KEY_TEXT_MAX_LEN + 1], clear[MEDIASEAL_SECRET_KEY_TEXT_MAX_LEN + 1];
    char again[MEDIASEAL_SECRET_KEY_TEXT_MAX_LEN + 1];
    size_t len, asked, clear_len, again_len;
    mediaseal_identity *identity;
    mediaseal_signer *signer;
    uint8_t public_half[MEDIASEAL_SIGNER_PUBLIC_LEN];
    OK(mediaseal_identity_lock(p.identity, NAME("open sesame"), params, NULL, 0, &asked));
    OK(mediaseal_identity_lock(p.identity, NAME("open sesame"), params, text, sizeof text, &len));
    CHECK(asked == len && strlen(text) == len && strncmp(text, "mediaseal-locked-id-1", 21) == 0);
    STATUS(MEDIASEAL_ERR_BUFFER_TOO_SMALL, mediaseal_identity_lock(p.identity, NAME("open sesame"), params, signer_text, len, &asked));
    STATUS(MEDIASEAL_ERR_PASSPHRASE_LENGTH, mediaseal_identity_lock(p.identity, NULL, 0, params, text, sizeof text, &asked));
    STATUS(MEDIASEAL_ERR_PASSPHRASE_PARAMS, mediaseal_identity_lock(p.identity, NAME("open sesame"), "none", text, sizeof text, &asked));
    STATUS(MEDIASEAL_ERR_NOT_UTF8, mediaseal_identity_lock(p.identity, NAME("\xff"), params, text, sizeof text, &asked));
    CHECK(asked == 0);
    OK(mediaseal_identity_to_text(p.identity, clear, sizeof clear, &clear_len));
    CHECK(strstr(text, clear + 14) == NULL);
    OK(mediaseal_identity_unlock(text, NAME("open sesame"), &identity));
    OK(mediaseal_identity_to_text(identity, again, sizeof again, &again_len));
    CHECK(clear_len == again_len && memcmp(clear, again, clear_len) == 0);
    mediaseal_identity_free(identity);
    STATUS(MEDIASEAL_ERR_GRANT_PASSPHRASE, mediaseal_identity_unlock(text, NAME("open barley"), &identity));
    STATUS(MEDIASEAL_ERR_GRANT_TEXT, mediaseal_identity_unlock(clear, NAME("open sesame"), &identity));
    STATUS(MEDIASEAL_ERR_GRANT_TEXT, mediaseal_signer_unlock(text, NAME("open sesame"), &signer));
    STATUS(MEDIASEAL_ERR_GRANT_TEXT, mediaseal_identity_from_text(text, &identity));
    text[len / 2] = text[len / 2] == 'a' ? 'b' : 'a';
    STATUS(MEDIASEAL_ERR_GRANT_TEXT, mediaseal_identity_unlock(text, NAME("open sesame"), &identity));
    CHECK(identity == NULL && signer == NULL);

    OK(mediaseal_signer_lock(p.signer, NAME("open sesame"), params, signer_text, sizeof signer_text, &len));
    CHECK(strncmp(signer_text, "mediaseal-locked-signer-1", 25) == 0);
    STATUS(MEDIASEAL_ERR_GRANT_PASSPHRASE, mediaseal_signer_unlock(signer_text, NAME("open barley"), &signer));
    OK(mediaseal_signer_unlock(signer_text, NAME("open sesame"), &signer));
    OK(mediaseal_signer_public(signer, public_half));
    CHECK(memcmp(public_half, p.public_half, sizeof public_half) == 0);
    mediaseal_signer_free(signer);
    OK(mediaseal_identity_close(p.identity));
    STATUS(MEDIASEAL_ERR_CLOSED, mediaseal_identity_lock(p.identity, NAME("open sesame"), params, text, sizeof text, &len));
    OK(mediaseal_signer_close(p.signer));
    STATUS(MEDIASEAL_ERR_CLOSED, mediaseal_signer_lock(p.signer, NAME("open sesame"), params, text, sizeof text, &len));
    STATUS(MEDIASEAL_ERR_BAD_HANDLE, mediaseal_signer_lock((mediaseal_signer *)(void *)p.identity, NAME("open sesame"), params, text, sizeof text, &len));
    mediaseal_wipe(clear, sizeof clear);
    mediaseal_wipe(again, sizeof again);
    end(&p);
}

static void dek(uint32_t kem)
{
    struct person ada = person(kem), bob = person(kem);
    uint8_t key[MEDIASEAL_DEK_LEN] = {1, 2, 3}, opened[MEDIASEAL_DEK_LEN], zero[MEDIASEAL_DEK_LEN] = {0}, grant[MEDIASEAL_GRANT_MAX_LEN];
    size_t len, none;
    STATUS(MEDIASEAL_ERR_BUFFER_TOO_SMALL, mediaseal_grant_dek(ada.signer, key, bob.recipient, bob.recipient_len, CONTEXT, grant, 10, &none));
    CHECK(none == 0);
    OK(mediaseal_grant_dek(ada.signer, key, bob.recipient, bob.recipient_len, CONTEXT, grant, sizeof grant, &len));
    for (size_t i = 0; i + sizeof key <= len; i++)
        CHECK(memcmp(grant + i, key, sizeof key) != 0);
    OK(mediaseal_grant_open_dek(bob.identity, grant, len, ada.public_half, CONTEXT, opened));
    CHECK(memcmp(opened, key, sizeof key) == 0);
    STATUS(MEDIASEAL_ERR_GRANT_RECIPIENT, mediaseal_grant_open_dek(ada.identity, grant, len, ada.public_half, CONTEXT, opened));
    CHECK(memcmp(opened, zero, sizeof zero) == 0);
    STATUS(MEDIASEAL_ERR_GRANT_SIGNATURE, mediaseal_grant_open_dek(bob.identity, grant, len, bob.public_half, CONTEXT, opened));
    STATUS(MEDIASEAL_ERR_GRANT_SIGNATURE, mediaseal_grant_open_dek(bob.identity, grant, len, ada.public_half, NAME("recording 8"), opened));
    STATUS(MEDIASEAL_ERR_GRANT_FORM, mediaseal_grant_open_dek(bob.identity, grant, len - 1, ada.public_half, CONTEXT, opened));
    STATUS(MEDIASEAL_ERR_GRANT_FORM, mediaseal_grant_open_dek(bob.identity, NULL, 0, ada.public_half, CONTEXT, opened));
    STATUS(MEDIASEAL_ERR_GRANT_KEY, mediaseal_grant_open_dek(bob.identity, grant, len, zero, CONTEXT, opened));
    for (size_t i = 0; i < len; i += 7) {
        grant[i] ^= 0x20;
        CHECK(mediaseal_grant_open_dek(bob.identity, grant, len, ada.public_half, CONTEXT, opened) != MEDIASEAL_OK);
        CHECK(memcmp(opened, zero, sizeof zero) == 0);
        grant[i] ^= 0x20;
    }
    STATUS(MEDIASEAL_ERR_NULL_POINTER, mediaseal_grant_open_dek(bob.identity, grant, len, ada.public_half, CONTEXT, NULL));
    OK(mediaseal_identity_close(bob.identity));
    STATUS(MEDIASEAL_ERR_CLOSED, mediaseal_grant_open_dek(bob.identity, grant, len, ada.public_half, CONTEXT, opened));
    OK(mediaseal_signer_close(ada.signer));
    STATUS(MEDIASEAL_ERR_CLOSED, mediaseal_grant_dek(ada.signer, key, bob.recipient, bob.recipient_len, CONTEXT, grant, sizeof grant, &len));
    end(&ada);
    end(&bob);
}

/* Seals a frame as ada in `channel`, and tells its session. */
static mediaseal_encryptor *say(mediaseal_channel_store *store, mediaseal_channel *channel, uint8_t *out, size_t capacity, size_t *len, uint64_t *kid)
{
    mediaseal_encryptor_config config = MEDIASEAL_ENCRYPTOR_CONFIG_INIT;
    mediaseal_encryptor *encryptor;
    mediaseal_event event = MEDIASEAL_EVENT_INIT;
    config.sender = (const uint8_t *)"ada";
    config.sender_len = 3;
    config.media = MEDIASEAL_MEDIA_VIDEO;
    OK(mediaseal_encryptor_new_for_channel(channel, &config, &encryptor));
    OK(mediaseal_encryptor_encrypt(encryptor, NULL, NAME("a frame"), out, capacity, len));
    *kid = 0;
    do {
        OK(mediaseal_channel_store_poll_event(store, &event));
        if (event.type == MEDIASEAL_EVENT_SESSION_STARTED)
            *kid = event.kid;
    } while (event.type != MEDIASEAL_EVENT_NONE);
    CHECK(*kid != 0);
    return encryptor;
}

static void channels(void)
{
    const uint8_t key[32] = {9};
    struct person ada = person(MEDIASEAL_KEM_X25519), bob = person(MEDIASEAL_KEM_XWING), eve = person(MEDIASEAL_KEM_P256);
    struct member member = join(key);
    uint8_t invitation[MEDIASEAL_GRANT_MAX_LEN], sealed[200], opened[200], session[8192];
    size_t len, sealed_len, opened_len, session_len;
    uint64_t kid, got;
    OK(mediaseal_channel_invite(member.channel, bob.recipient, bob.recipient_len, ada.signer, invitation, sizeof invitation, &len));

    /* Bob joins; nobody else does, and by nobody else's signature. */
    mediaseal_channel_store *store;
    mediaseal_channel *channel;
    OK(mediaseal_channel_store_new(&store));
    STATUS(MEDIASEAL_ERR_GRANT_RECIPIENT, mediaseal_channel_store_join(store, invitation, len, eve.identity, ada.public_half, NULL, &channel));
    STATUS(MEDIASEAL_ERR_GRANT_SIGNATURE, mediaseal_channel_store_join(store, invitation, len, bob.identity, eve.public_half, NULL, &channel));
    CHECK(channel == NULL);
    OK(mediaseal_channel_store_join(store, invitation, len, bob.identity, ada.public_half, NULL, &channel));
    OK(mediaseal_channel_store_tick(store, NOW));
    mediaseal_channel *twice;
    STATUS(MEDIASEAL_ERR_CHANNEL_OPEN, mediaseal_channel_store_join(store, invitation, len, bob.identity, ada.public_half, NULL, &twice));
    OK(mediaseal_channel_accept(channel, invitation, len, bob.identity, ada.public_half, NULL));
    mediaseal_encryptor *encryptor = say(member.store, member.channel, sealed, sizeof sealed, &sealed_len, &kid);
    mediaseal_expected expected = {(const uint8_t *)"ada", 3, MEDIASEAL_MEDIA_VIDEO, 0};
    mediaseal_decryptor_config config = MEDIASEAL_DECRYPTOR_CONFIG_INIT;
    mediaseal_decryptor *decryptor;
    config.expected = &expected;
    config.expected_count = 1;
    OK(mediaseal_decryptor_new_for_channel(channel, &config, &decryptor));
    OK(mediaseal_decryptor_decrypt(decryptor, NULL, sealed, sealed_len, opened, sizeof opened, &opened_len, NULL));
    CHECK(opened_len == 7 && memcmp(opened, "a frame", 7) == 0);
    mediaseal_decryptor_free(decryptor);

    /* Bob and Eve own what a recorder keeps: the session's key opens the frame without the channel. */
    mediaseal_recipient owners[] = {{bob.recipient, bob.recipient_len}, {eve.recipient, eve.recipient_len}};
    STATUS(MEDIASEAL_ERR_UNKNOWN_SEND_KEY, mediaseal_channel_session_grant(member.channel, kid + 1, owners, 2, ada.signer, session, sizeof session, &session_len));
    OK(mediaseal_channel_session_grant(member.channel, kid, owners, 2, ada.signer, session, sizeof session, &session_len));
    mediaseal_cipher *cipher;
    mediaseal_key_store *keys;
    OK(mediaseal_cipher_builtin(MEDIASEAL_SUITE_AES_128_GCM_SHA256_128, 0, &cipher));
    OK(mediaseal_key_store_new(cipher, &keys));
    STATUS(MEDIASEAL_ERR_GRANT_NO_STANZA, mediaseal_key_store_receive_session(keys, session, session_len, ada.identity, ada.public_half, 1, &got));
    STATUS(MEDIASEAL_ERR_GRANT_SIGNATURE, mediaseal_key_store_receive_session(keys, session, session_len, eve.identity, eve.public_half, 1, &got));
    STATUS(MEDIASEAL_ERR_GRANT_FORM, mediaseal_key_store_receive_session(keys, session, session_len - 1, eve.identity, ada.public_half, 1, &got));
    STATUS(MEDIASEAL_ERR_LENGTH, mediaseal_key_store_receive_session(keys, session, session_len, eve.identity, ada.public_half, SIZE_MAX, &got));
    CHECK(got == 0);
    OK(mediaseal_key_store_receive_session(keys, session, session_len, eve.identity, ada.public_half, 1, &got));
    CHECK(got == kid);
    OK(mediaseal_decryptor_new(keys, NULL, &decryptor));
    OK(mediaseal_decryptor_decrypt(decryptor, NULL, sealed, sealed_len, opened, sizeof opened, &opened_len, NULL));
    CHECK(opened_len == 7 && memcmp(opened, "a frame", 7) == 0);
    mediaseal_decryptor_free(decryptor);
    mediaseal_encryptor_free(encryptor);
    mediaseal_key_store_free(keys);
    mediaseal_cipher_free(cipher);
    mediaseal_channel_free(channel);
    mediaseal_channel_store_free(store);
    leave(&member);
    end(&ada);
    end(&bob);
    end(&eve);
}

int main(void)
{
    static const uint32_t kems[] = {MEDIASEAL_KEM_P256, MEDIASEAL_KEM_X25519, MEDIASEAL_KEM_XWING};
    mediaseal_identity *identity;
    STATUS(MEDIASEAL_ERR_GRANT_KEM, mediaseal_identity_generate(1, &identity));
    STATUS(MEDIASEAL_ERR_GRANT_KEM, mediaseal_identity_generate(65536 + 32, &identity));
    STATUS(MEDIASEAL_ERR_BAD_HANDLE, mediaseal_identity_close((mediaseal_identity *)(void *)kems));
    mediaseal_identity_free(NULL);
    mediaseal_signer_free(NULL);
    for (size_t i = 0; i < 3; i++) {
        texts(kems[i]);
        locked(kems[i]);
        dek(kems[i]);
    }
    channels();
    DONE("grants");
}
