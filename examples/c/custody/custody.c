/*
 * Keys from generation to destruction, over a file and over a provider of this program's own: generate, wrap, use, rotate, destroy; a field of a database that
 * opens at its place alone; and a key that is granted to a person.
 *
 *   master key (under a passphrase) --> KEK of a tenant, region and purpose --> DEK --> a field, a recording
 *                                                                                +----> a grant: sealed to a person
 */
#ifndef MEDIASEAL_CUSTODY
#define MEDIASEAL_CUSTODY
#endif
#include "../try.h"

#include <string.h>

#include "deposit.h"

#define STEP(...)                     \
    do {                              \
        steps++;                      \
        fprintf(stderr, __VA_ARGS__); \
    } while (0)

static int steps;

/* Brings the passphrase; a real program asks its user, or the system's keychain. */
static mediaseal_status secret(void *user_data, uint32_t kind, const char *url, uint8_t *out, size_t capacity, size_t *out_len)
{
    const char *passphrase = user_data;
    size_t len = strlen(passphrase);
    (void)url;
    if (kind != MEDIASEAL_SECRET_PASSPHRASE || len > capacity)
        return MEDIASEAL_ERR_PROVIDER_ACCESS;
    memcpy(out, passphrase, len);
    *out_len = len;
    return MEDIASEAL_OK;
}

/* Lets nobody open a key without a second factor. */
static mediaseal_status authorize(void *user_data, const mediaseal_access_request *request)
{
    (void)user_data;
    int is_opening = request->action == MEDIASEAL_ACTION_UNWRAP || request->action == MEDIASEAL_ACTION_UNWRAP_COMPROMISED;
    return is_opening && !(request->flags & MEDIASEAL_ACCESS_MFA) ? MEDIASEAL_ERR_NOT_AUTHORIZED : MEDIASEAL_OK;
}

/* Counts what an audit log would write down. */
static mediaseal_status audit(void *user_data, const mediaseal_audit_event *event)
{
    (void)event;
    ++*(unsigned long *)user_data;
    return MEDIASEAL_OK;
}

/* The life of a key at one provider; `store` is a file that is not there yet. 0 if all went well. */
static int live(const mediaseal_provider *provider, const char *store, unsigned long *events)
{
    int failed = 1;
    mediaseal_custody *custody = NULL;
    uint8_t dek[MEDIASEAL_DEK_LEN], again[MEDIASEAL_DEK_LEN], dek_id[MEDIASEAL_DEK_ID_LEN], wrapped[MEDIASEAL_WRAPPED_KEY_MAX_LEN], record[256], plain[256];
    size_t wrapped_len, record_len, plain_len;
    mediaseal_kek kek = MEDIASEAL_KEK_INIT, next = MEDIASEAL_KEK_INIT;
    mediaseal_provider_info info = MEDIASEAL_PROVIDER_INFO_INIT;
    mediaseal_access access = MEDIASEAL_ACCESS_INIT, careless = MEDIASEAL_ACCESS_INIT;
    access.principal = careless.principal = "ada";
    access.flags = MEDIASEAL_ACCESS_MFA;
    mediaseal_custody_options options = MEDIASEAL_CUSTODY_OPTIONS_INIT;
    options.pinned_region = "eu";
    options.providers = &provider;
    options.provider_count = 1;
    options.authorize = authorize;
    options.audit = audit;
    options.audit_user_data = events;
    TRY(mediaseal_provider_describe(provider, &info));
    TRY(mediaseal_custody_create(store, &options, &custody));

    mediaseal_new_kek wanted = MEDIASEAL_NEW_KEK_INIT;
    wanted.tenant = "clinic";
    wanted.region = "eu";
    wanted.purpose = "recordings";
    TRY(mediaseal_custody_create_kek(custody, &access, &wanted, &kek));
    STEP("%s: made %s version %u\n", info.scheme, kek.id, (unsigned)kek.version);

    mediaseal_wrap_context context = MEDIASEAL_WRAP_CONTEXT_INIT;
    context.purpose = (const uint8_t *)"recording 7";
    context.purpose_len = 11;
    context.region = "eu";
    TRY(mediaseal_custody_new_dek(custody, &access, kek.id, dek_id, dek));
    TRY(mediaseal_custody_wrap(custody, &access, kek.id, dek, &context, wrapped, sizeof wrapped, &wrapped_len));
    TRY(mediaseal_custody_unwrap(custody, &access, wrapped, wrapped_len, &context, again));
    EXPECT(memcmp(dek, again, sizeof dek) == 0, "another key came back");
    STEP("%s: a key wrapped to %zu octets, and opened\n", info.scheme, wrapped_len);
    EXPECT(mediaseal_custody_unwrap(custody, &careless, wrapped, wrapped_len, &context, again) == MEDIASEAL_ERR_NOT_AUTHORIZED,
           "opened without a second factor");
    STEP("%s: without a second factor it stays shut\n", info.scheme);

    mediaseal_record_place place = MEDIASEAL_RECORD_PLACE_INIT;
    place.table = "patients";
    place.column = "notes";
    place.row_id = (const uint8_t *)"42";
    place.row_id_len = 2;
    TRY(mediaseal_custody_seal_record(custody, &access, dek_id, &place, (const uint8_t *)"allergic to bees", 16, record, sizeof record, &record_len));
    TRY(mediaseal_custody_open_record(custody, &access, &place, record, record_len, plain, sizeof plain, &plain_len));
    EXPECT(plain_len == 16 && memcmp(plain, "allergic to bees", 16) == 0, "another field came back");
    place.row_id = (const uint8_t *)"43";
    EXPECT(mediaseal_custody_open_record(custody, &access, &place, record, record_len, plain, sizeof plain, &plain_len) == MEDIASEAL_ERR_WRAPPED_KEY,
           "a field opened in another row");
    STEP("%s: a field sealed, and opened in its own row alone\n", info.scheme);

    TRY(mediaseal_custody_rotate_kek(custody, &access, kek.id, &next));
    TRY(mediaseal_custody_rewrap(custody, &access, wrapped, wrapped_len, &context, wrapped, sizeof wrapped, &wrapped_len));
    TRY(mediaseal_custody_sweep(custody, &access, kek.id, 1000, NULL, NULL, NULL));
    STEP("%s: version %u; its keys were wrapped anew, no data was touched\n", info.scheme, (unsigned)next.version);

    TRY(mediaseal_custody_destroy_kek(custody, &access, kek.id, kek.version, MEDIASEAL_DESTROY_EFFECTIVE, MEDIASEAL_SURVIVORS_MUST_BE_NONE, "rotated", NULL));
    TRY(mediaseal_custody_open_dek(custody, &access, dek_id, again));
    EXPECT(memcmp(dek, again, sizeof dek) == 0, "the key was lost with the version before");
    TRY(mediaseal_custody_set_state(custody, &access, next.id, next.version, MEDIASEAL_KEY_STATE_DEACTIVATED, "the clinic leaves", NULL));
    TRY(mediaseal_custody_destroy_kek(custody, &access, next.id, next.version, MEDIASEAL_DESTROY_EFFECTIVE, MEDIASEAL_SURVIVORS_ARE_LOST, "the clinic leaves",
                                      NULL));
    EXPECT(mediaseal_custody_unwrap(custody, &access, wrapped, wrapped_len, &context, again) == MEDIASEAL_ERR_KEY_DESTROYED, "a destroyed key opens");
    STEP("%s: destroyed, and what it wrapped with it\n", info.scheme);
    failed = 0;
done:
    mediaseal_custody_free(custody);
    mediaseal_wipe(dek, sizeof dek);
    mediaseal_wipe(again, sizeof again);
    mediaseal_wipe(plain, sizeof plain);
    return failed;
}

/* A data key for a person: sealed to him, signed by who gives it. */
static int grant(void)
{
    int failed = 1;
    mediaseal_identity *bob = NULL;
    mediaseal_signer *ada = NULL;
    uint8_t recipient[MEDIASEAL_RECIPIENT_MAX_LEN], ada_public[MEDIASEAL_SIGNER_PUBLIC_LEN], grant[MEDIASEAL_GRANT_MAX_LEN];
    uint8_t dek[MEDIASEAL_DEK_LEN], again[MEDIASEAL_DEK_LEN];
    size_t recipient_len, grant_len, len;
    const uint8_t *context = (const uint8_t *)"recording 7";
    TRY(mediaseal_key_generate(dek, sizeof dek, &len));
    TRY(mediaseal_identity_generate(MEDIASEAL_KEM_XWING, &bob));
    TRY(mediaseal_identity_recipient(bob, recipient, sizeof recipient, &recipient_len));
    TRY(mediaseal_signer_generate(&ada));
    TRY(mediaseal_signer_public(ada, ada_public));
    TRY(mediaseal_grant_dek(ada, dek, recipient, recipient_len, context, 11, grant, sizeof grant, &grant_len));
    TRY(mediaseal_grant_open_dek(bob, grant, grant_len, ada_public, context, 11, again));
    EXPECT(memcmp(dek, again, sizeof dek) == 0, "another key was granted");
    STEP("grant: a key in %zu octets, sealed to bob and signed by ada\n", grant_len);
    failed = 0;
done:
    mediaseal_identity_free(bob);
    mediaseal_signer_free(ada);
    mediaseal_wipe(dek, sizeof dek);
    mediaseal_wipe(again, sizeof again);
    return failed;
}

int main(int argc, char **argv)
{
    int failed = 1;
    static struct deposit deposit;
    static char passphrase[] = "seven words that nobody else would say";
    unsigned long events = 0;
    char keks[1024], url[1100], file_store[1024], deposit_store[1024], params[MEDIASEAL_PASSPHRASE_PARAMS_MAX_LEN + 1];
    size_t len;
    mediaseal_provider *file = NULL, *own = NULL;
    if (argc != 2) {
        fputs("usage: custody FOLDER\n\nThe stores are made in FOLDER, which is empty.\n", stderr);
        return 2;
    }
    snprintf(keks, sizeof keks, "%s/keks.db", argv[1]);
    snprintf(url, sizeof url, "file:%s", keks);
    snprintf(file_store, sizeof file_store, "%s/custody-file.db", argv[1]);
    snprintf(deposit_store, sizeof deposit_store, "%s/custody-deposit.db", argv[1]);

    TRY(mediaseal_passphrase_params_generate(params, sizeof params, &len));
    TRY(mediaseal_provider_create_file(keks, "eu-central-1", (const uint8_t *)passphrase, strlen(passphrase), params, &file));
    mediaseal_provider_free(file);
    TRY(mediaseal_provider_open(url, secret, passphrase, NULL, &file));
    STEP("file: opened under its passphrase\n");
    EXPECT(live(file, file_store, &events) == 0, "the keys over the file");

    mediaseal_provider_vtable vtable = deposit_vtable(&deposit);
    TRY(mediaseal_provider_new(&vtable, &own));
    EXPECT(live(own, deposit_store, &events) == 0, "the keys over the deposit");
    EXPECT(grant() == 0, "the grant");
    printf("custody: %d steps ok, %lu events recorded\n", steps, events);
    failed = 0;
done:
    mediaseal_provider_free(file);
    mediaseal_provider_free(own);
    return failed;
}
