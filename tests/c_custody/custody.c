/* Custody through C: over a file, and over a provider of functions; who decides, who writes down, and what is refused. The last argument is a folder that is not there yet. */
#ifndef MEDIASEAL_CUSTODY
#define MEDIASEAL_CUSTODY
#endif
#include "../c/check.h"

#include <sys/stat.h>

#define PASSPHRASE "correct horse battery staple"
#define PARAMS "$argon2id$v=19$m=8,t=1,p=1$AAECAwQFBgcICQoLDA0ODw"

static char folder[512], path[1024], url[1100];
static int destroyed_secrets, destroyed_authorizers, destroyed_audits, destroyed_providers;

static const char *in_folder(const char *name)
{
    snprintf(path, sizeof path, "%s/%s", folder, name);
    return path;
}

/* ---- what the application brings ---- */

static int reentrant;

static mediaseal_status secret(void *user_data, uint32_t kind, const char *asked, uint8_t *out, size_t capacity, size_t *out_len)
{
    const char *passphrase = user_data;
    mediaseal_provider *again;
    CHECK(kind == MEDIASEAL_SECRET_PASSPHRASE && strncmp(asked, "file:", 5) == 0 && capacity == MEDIASEAL_SECRET_MAX_LEN);
    STATUS(MEDIASEAL_ERR_REENTRANT, mediaseal_provider_open(asked, NULL, NULL, NULL, &again));
    reentrant++;
    if (!passphrase)
        return MEDIASEAL_ERR_PROVIDER_ACCESS;
    memcpy(out, passphrase, strlen(passphrase));
    *out_len = strlen(passphrase);
    return MEDIASEAL_OK;
}

static void secret_destroy(void *user_data)
{
    (void)user_data;
    destroyed_secrets++;
}

struct desk {
    int asked, refused_action;
    char last_resource[128], last_principal[64];
    uint32_t last_action, last_flags;
    size_t last_attributes;
    mediaseal_custody *custody;
};

static mediaseal_status authorize(void *user_data, const mediaseal_access_request *request)
{
    struct desk *desk = user_data;
    uint64_t count;
    CHECK(request->struct_size == sizeof *request && request->hour < 24);
    desk->asked++;
    desk->last_action = request->action;
    desk->last_flags = request->flags;
    desk->last_attributes = request->attribute_count;
    if (request->attribute_count)
        CHECK(strcmp(request->attributes[0].name, "ticket") == 0 && strcmp(request->attributes[0].value, "4711") == 0);
    snprintf(desk->last_resource, sizeof desk->last_resource, "%s", request->resource);
    snprintf(desk->last_principal, sizeof desk->last_principal, "%s", request->principal);
    if (desk->custody)
        STATUS(MEDIASEAL_ERR_REENTRANT, mediaseal_custody_unrecorded(desk->custody, &count));
    return (int)request->action == desk->refused_action ? MEDIASEAL_ERR_NOT_AUTHORIZED : MEDIASEAL_OK;
}

static void authorize_destroy(void *user_data)
{
    (void)user_data;
    destroyed_authorizers++;
}

struct log {
    int allowed, refused, failed, done, is_full;
};

static mediaseal_status audit(void *user_data, const mediaseal_audit_event *event)
{
    struct log *log = user_data;
    CHECK(event->struct_size == sizeof *event && event->unix_micros > 0 && event->action[0] && event->actor[0]);
    CHECK(!strstr(event->reason, PASSPHRASE));
    if (log->is_full)
        return MEDIASEAL_ERR_DISK_FULL;
    log->allowed += event->outcome == MEDIASEAL_OUTCOME_ALLOWED;
    log->done += event->outcome == MEDIASEAL_OUTCOME_DONE;
    log->refused += event->outcome == MEDIASEAL_OUTCOME_REFUSED;
    log->failed += event->outcome == MEDIASEAL_OUTCOME_FAILED;
    return MEDIASEAL_OK;
}

static void audit_destroy(void *user_data)
{
    (void)user_data;
    destroyed_audits++;
}

/* A provider of functions: it keeps DEKs in a table and hands tickets out, as a service that stores keys does. */
enum fault { NONE, AWAY, IN_CLEAR, TOO_FAR, TOO_LONG, NOTHING, OPENS_NOTHING, OPENS_TOO_FAR };
struct tickets {
    enum fault fault;
    int keks, rotated, destroyed;
    uint32_t last_state;
    size_t count;
    struct ticket {
        uint32_t version;
        uint8_t dek[32], context[256];
        size_t context_len;
    } table[64];
};

static mediaseal_status tickets_create(void *user_data, const mediaseal_kek_spec *spec)
{
    struct tickets *tickets = user_data;
    CHECK(spec->struct_size == sizeof *spec && spec->version == 1 && strcmp(spec->tenant, "acme") == 0 && strcmp(spec->region, "eu") == 0);
    tickets->keks++;
    return tickets->fault == AWAY ? MEDIASEAL_ERR_PROVIDER_UNAVAILABLE : MEDIASEAL_OK;
}

static mediaseal_status tickets_rotate(void *user_data, const mediaseal_kek_spec *current)
{
    struct tickets *tickets = user_data;
    CHECK(current->version >= 1 && strncmp(current->id, "kek-", 4) == 0);
    tickets->rotated++;
    return MEDIASEAL_OK;
}

static mediaseal_status tickets_wrap(void *user_data, const char *kek_id, uint32_t kek_version, const uint8_t *dek, const uint8_t *context,
                                     size_t context_len, uint8_t *out, size_t capacity, size_t *out_len)
{
    struct tickets *tickets = user_data;
    CHECK(strncmp(kek_id, "kek-", 4) == 0 && context_len <= 256 && capacity >= 4096);
    if (tickets->fault == AWAY)
        return MEDIASEAL_ERR_PROVIDER_UNAVAILABLE;
    if (tickets->fault == NOTHING)
        return MEDIASEAL_OK;
    struct ticket *ticket = &tickets->table[tickets->count++ % 64];
    ticket->version = kek_version;
    memcpy(ticket->dek, dek, 32);
    memcpy(ticket->context, context, context_len);
    ticket->context_len = context_len;
    memset(out, 0x5A, 48);
    out[0] = (uint8_t)(ticket - tickets->table);
    *out_len = tickets->fault == TOO_LONG ? capacity + 1 : 48;
    if (tickets->fault == IN_CLEAR)
        memcpy(out + 3, dek, 32);
    if (tickets->fault == TOO_FAR)
        out[capacity] = 0;
    return MEDIASEAL_OK;
}

static mediaseal_status tickets_unwrap(void *user_data, const char *kek_id, uint32_t kek_version, const uint8_t *wrapped, size_t wrapped_len,
                                       const uint8_t *context, size_t context_len, uint8_t *out_dek)
{
    struct tickets *tickets = user_data;
    (void)kek_id;
    if (tickets->fault == AWAY)
        return MEDIASEAL_ERR_PROVIDER_UNAVAILABLE;
    if (tickets->fault == OPENS_NOTHING)
        return MEDIASEAL_OK;
    const struct ticket *ticket = &tickets->table[wrapped[0] % 64];
    if (wrapped_len != 48 || wrapped[47] != 0x5A || ticket->version != kek_version || ticket->context_len != context_len ||
        memcmp(ticket->context, context, context_len) != 0)
        return MEDIASEAL_ERR_WRAPPED_KEY;
    memcpy(out_dek, ticket->dek, 32);
    if (tickets->fault == OPENS_TOO_FAR)
        out_dek[32] = 0;
    return MEDIASEAL_OK;
}

static mediaseal_status tickets_set_state(void *user_data, const char *kek_id, uint32_t kek_version, uint32_t state, uint32_t *out_enforcement)
{
    struct tickets *tickets = user_data;
    (void)kek_id;
    (void)kek_version;
    tickets->last_state = state;
    *out_enforcement = MEDIASEAL_ENFORCED_BY_PROVIDER;
    return tickets->fault == AWAY ? MEDIASEAL_ERR_PROVIDER_UNAVAILABLE : MEDIASEAL_OK;
}

static mediaseal_status tickets_destroy_kek(void *user_data, const char *kek_id, uint32_t kek_version, uint64_t *out_gone_unix_micros)
{
    struct tickets *tickets = user_data;
    (void)kek_id;
    (void)kek_version;
    tickets->destroyed++;
    *out_gone_unix_micros = UINT64_C(4000000000000000);
    return MEDIASEAL_OK;
}

static void tickets_destroy(void *user_data)
{
    (void)user_data;
    destroyed_providers++;
}

static mediaseal_provider_vtable vtable_of(struct tickets *tickets)
{
    mediaseal_provider_vtable vtable = MEDIASEAL_PROVIDER_VTABLE_INIT;
    vtable.protection = MEDIASEAL_PROTECTION_REMOTE;
    vtable.scheme = "tickets";
    vtable.id = "counter 3";
    vtable.region = "eu-central-1";
    vtable.user_data = tickets;
    vtable.create_kek = tickets_create;
    vtable.rotate = tickets_rotate;
    vtable.wrap = tickets_wrap;
    vtable.unwrap = tickets_unwrap;
    vtable.set_state = tickets_set_state;
    vtable.destroy_kek = tickets_destroy_kek;
    vtable.destroy = tickets_destroy;
    return vtable;
}

/* ---- the tests ---- */

static mediaseal_access access_of(const char *principal)
{
    mediaseal_access access = MEDIASEAL_ACCESS_INIT;
    access.principal = principal;
    return access;
}

static mediaseal_new_kek new_kek(void)
{
    mediaseal_new_kek new_kek = MEDIASEAL_NEW_KEK_INIT;
    new_kek.tenant = "acme";
    new_kek.region = "eu";
    new_kek.purpose = "patients";
    return new_kek;
}

static mediaseal_wrap_context wrap_context(void)
{
    mediaseal_wrap_context context = MEDIASEAL_WRAP_CONTEXT_INIT;
    context.purpose = (const uint8_t *)"recording 7";
    context.purpose_len = 11;
    context.region = "eu";
    return context;
}

static uint32_t stop(void *user_data, const mediaseal_sweep_progress *progress)
{
    CHECK(progress->struct_size == sizeof *progress && progress->total > 0);
    ++*(int *)user_data;
    return 1;
}

static void count_keks(void *user_data, const mediaseal_kek_info *kek)
{
    CHECK(kek->struct_size == sizeof *kek && strcmp(kek->tenant, "acme") == 0);
    ++*(int *)user_data;
}

/* The whole life of a key over the providers that `options` has. */
static void life(const char *name, mediaseal_custody_options *options, struct desk *desk, struct log *log)
{
    mediaseal_custody *custody;
    mediaseal_access access = access_of("ada");
    mediaseal_attribute ticket = {"ticket", "4711"};
    access.flags = MEDIASEAL_ACCESS_MFA;
    access.attributes = &ticket;
    access.attribute_count = 1;
    int before = destroyed_authorizers + destroyed_audits;
    STATUS(MEDIASEAL_ERR_KEY_NOT_FOUND, mediaseal_custody_open(in_folder(name), options, &custody));
    CHECK(custody == NULL && destroyed_authorizers + destroyed_audits == before);
    OK(mediaseal_custody_create(in_folder(name), options, &custody));
    desk->custody = custody;

    /* A KEK, and that there is one of a use. */
    mediaseal_kek kek = MEDIASEAL_KEK_INIT, next = MEDIASEAL_KEK_INIT;
    mediaseal_new_kek wanted = new_kek();
    OK(mediaseal_custody_create_kek(custody, &access, &wanted, &kek));
    CHECK(kek.version == 1 && strncmp(kek.id, "kek-", 4) == 0 && strlen(kek.id) <= MEDIASEAL_KEK_ID_MAX_LEN);
    CHECK(desk->last_action == MEDIASEAL_ACTION_MANAGE_KEK && desk->last_flags == MEDIASEAL_ACCESS_MFA && desk->last_attributes == 1);
    CHECK(strcmp(desk->last_principal, "ada") == 0 && log->allowed > 0);
    STATUS(MEDIASEAL_ERR_VAULT_ARGUMENT, mediaseal_custody_create_kek(custody, &access, &wanted, &next));
    wanted.flags = 2;
    STATUS(MEDIASEAL_ERR_UNKNOWN_VALUE, mediaseal_custody_create_kek(custody, &access, &wanted, &next));

    /* A DEK of the store, and one of the caller's. */
    uint8_t id[MEDIASEAL_DEK_ID_LEN], dek[32], again[32], zero[32] = {0}, wrapped[MEDIASEAL_WRAPPED_KEY_MAX_LEN];
    size_t len, len_after;
    OK(mediaseal_custody_new_dek(custody, &access, kek.id, id, dek));
    CHECK(memcmp(dek, zero, 32) != 0);
    OK(mediaseal_custody_open_dek(custody, &access, id, again));
    CHECK(memcmp(dek, again, 32) == 0);
    mediaseal_wrap_context context = wrap_context();
    OK(mediaseal_custody_wrap(custody, &access, kek.id, dek, &context, wrapped, sizeof wrapped, &len));
    STATUS(MEDIASEAL_ERR_BUFFER_TOO_SMALL, mediaseal_custody_wrap(custody, &access, kek.id, dek, &context, wrapped, 10, &len_after));
    CHECK(len_after == 0);
    memset(again, 7, 32);
    OK(mediaseal_custody_unwrap(custody, &access, wrapped, len, &context, again));
    CHECK(memcmp(dek, again, 32) == 0);
    context.region = "us";
    STATUS(MEDIASEAL_ERR_REGION_FORBIDDEN, mediaseal_custody_unwrap(custody, &access, wrapped, len, &context, again));
    CHECK(memcmp(again, zero, 32) == 0);
    context.region = "eu";
    context.purpose_len = 10;
    STATUS(MEDIASEAL_ERR_WRAPPED_KEY, mediaseal_custody_unwrap(custody, &access, wrapped, len, &context, again));
    context.purpose_len = 11;
    wrapped[len - 1] ^= 1;
    STATUS(MEDIASEAL_ERR_WRAPPED_KEY, mediaseal_custody_unwrap(custody, &access, wrapped, len, &context, again));
    wrapped[len - 1] ^= 1;
    STATUS(MEDIASEAL_ERR_WRAPPED_KEY_FORM, mediaseal_custody_unwrap(custody, &access, wrapped, len - 1, &context, again));
    STATUS(MEDIASEAL_ERR_WRAPPED_KEY_FORM, mediaseal_custody_unwrap(custody, &access, NULL, 0, &context, again));

    /* A record, which opens at its place alone. */
    mediaseal_record_place place = MEDIASEAL_RECORD_PLACE_INIT;
    place.table = "patients";
    place.column = "diagnosis";
    place.row_id = (const uint8_t *)"42";
    place.row_id_len = 2;
    uint8_t record[128], opened[128];
    size_t record_len;
    STATUS(MEDIASEAL_ERR_BUFFER_TOO_SMALL, mediaseal_custody_seal_record(custody, &access, id, &place, NAME("healthy"), record, 65, &record_len));
    OK(mediaseal_custody_seal_record(custody, &access, id, &place, NAME("healthy"), record, sizeof record, &record_len));
    CHECK(record_len == 7 + MEDIASEAL_RECORD_OVERHEAD);
    OK(mediaseal_custody_open_record(custody, &access, &place, record, record_len, opened, 7, &len_after));
    CHECK(len_after == 7 && memcmp(opened, "healthy", 7) == 0 && strcmp(desk->last_resource, "record/patients/diagnosis") == 0);
    STATUS(MEDIASEAL_ERR_BUFFER_TOO_SMALL, mediaseal_custody_open_record(custody, &access, &place, record, record_len, opened, 6, &len_after));
    place.row_id_len = 1;
    memset(opened, 7, sizeof opened);
    STATUS(MEDIASEAL_ERR_WRAPPED_KEY, mediaseal_custody_open_record(custody, &access, &place, record, record_len, opened, sizeof opened, &len_after));
    CHECK(len_after == 0 && opened[0] == 7);
    place.row_id_len = 2;
    STATUS(MEDIASEAL_ERR_VAULT_ARGUMENT, mediaseal_custody_open_record(custody, &access, &place, record, 12, opened, sizeof opened, &len_after));

    /* Who decides, and the log: without either nothing is done. */
    int asked = desk->asked, refused = log->refused;
    desk->refused_action = MEDIASEAL_ACTION_UNWRAP;
    STATUS(MEDIASEAL_ERR_NOT_AUTHORIZED, mediaseal_custody_open_dek(custody, &access, id, again));
    CHECK(memcmp(again, zero, 32) == 0 && desk->asked == asked + 1 && log->refused == refused + 1);
    desk->refused_action = 0;
    log->is_full = 1;
    STATUS(MEDIASEAL_ERR_AUDIT, mediaseal_custody_open_dek(custody, &access, id, again));
    CHECK(memcmp(again, zero, 32) == 0);
    log->is_full = 0;
    OK(mediaseal_custody_open_dek(custody, &access, id, again));

    /* Rotation: what was wrapped opens, and can be wrapped anew. */
    OK(mediaseal_custody_rotate_kek(custody, &access, kek.id, &next));
    CHECK(next.version == 2 && strcmp(next.id, kek.id) == 0);
    OK(mediaseal_custody_unwrap(custody, &access, wrapped, len, &context, again));
    OK(mediaseal_custody_rewrap(custody, &access, wrapped, len, &context, wrapped, sizeof wrapped, &len));
    OK(mediaseal_custody_unwrap(custody, &access, wrapped, len, &context, again));
    CHECK(memcmp(dek, again, 32) == 0);
    mediaseal_kek_info info = MEDIASEAL_KEK_INFO_INIT;
    OK(mediaseal_custody_describe_kek(custody, &access, kek.id, 1, &info));
    CHECK(info.state == MEDIASEAL_KEY_STATE_DEACTIVATED && info.deks == 1 && strcmp(info.purpose, "patients") == 0);
    int stopped = 0, keks = 0;
    mediaseal_sweep_progress progress = MEDIASEAL_SWEEP_PROGRESS_INIT;
    STATUS(MEDIASEAL_ERR_VAULT_ARGUMENT, mediaseal_custody_sweep(custody, &access, kek.id, 0, NULL, NULL, NULL));
    STATUS(MEDIASEAL_ERR_STOPPED, mediaseal_custody_sweep(custody, &access, kek.id, 100, stop, &stopped, &progress));
    CHECK(stopped == 1 && progress.done == 1);
    OK(mediaseal_custody_sweep(custody, &access, kek.id, 100, NULL, NULL, &progress));
    OK(mediaseal_custody_describe_kek(custody, &access, kek.id, 0, &info));
    CHECK(info.version == 2 && info.state == MEDIASEAL_KEY_STATE_ACTIVE && info.deks == 1);
    OK(mediaseal_custody_list_keks(custody, &access, count_keks, &keks));
    CHECK(keks == 2);
    OK(mediaseal_custody_open_record(custody, &access, &place, record, record_len, opened, sizeof opened, &len_after));

    /* States: one table, and destruction at its end. */
    uint32_t enforced;
    STATUS(MEDIASEAL_ERR_KEY_TRANSITION, mediaseal_custody_set_state(custody, &access, kek.id, 1, MEDIASEAL_KEY_STATE_ACTIVE, "no", &enforced));
    STATUS(MEDIASEAL_ERR_UNKNOWN_VALUE, mediaseal_custody_set_state(custody, &access, kek.id, 2, 7, "no", NULL));
    OK(mediaseal_custody_set_state(custody, &access, kek.id, 2, MEDIASEAL_KEY_STATE_SUSPENDED, "lunch", &enforced));
    CHECK(enforced == MEDIASEAL_ENFORCED_BY_CUSTODY || enforced == MEDIASEAL_ENFORCED_BY_PROVIDER);
    STATUS(MEDIASEAL_ERR_KEY_STATE, mediaseal_custody_open_dek(custody, &access, id, again));
    OK(mediaseal_custody_set_state(custody, &access, kek.id, 2, MEDIASEAL_KEY_STATE_ACTIVE, "back", NULL));
    OK(mediaseal_custody_archive_kek(custody, &access, kek.id, 1, "old"));
    OK(mediaseal_custody_restore_kek(custody, &access, kek.id, 1, "needed"));
    STATUS(MEDIASEAL_ERR_VAULT_ARGUMENT, mediaseal_custody_restore_kek(custody, &access, kek.id, 1, "needed"));
    mediaseal_tombstone tombstone = MEDIASEAL_TOMBSTONE_INIT;
    STATUS(MEDIASEAL_ERR_KEY_TRANSITION, mediaseal_custody_destroy_kek(custody, &access, kek.id, 2, MEDIASEAL_DESTROY_EFFECTIVE,
                                                                       MEDIASEAL_SURVIVORS_ARE_LOST, "no", &tombstone));
    STATUS(MEDIASEAL_ERR_UNKNOWN_VALUE, mediaseal_custody_destroy_kek(custody, &access, kek.id, 1, 0, 0, "no", &tombstone));
    OK(mediaseal_custody_destroy_kek(custody, &access, kek.id, 1, MEDIASEAL_DESTROY_EFFECTIVE, MEDIASEAL_SURVIVORS_MUST_BE_NONE, "over", &tombstone));
    CHECK(tombstone.mode == MEDIASEAL_DESTROY_EFFECTIVE && tombstone.unix_micros > 0 && tombstone.gone_unix_micros > 0);
    STATUS(MEDIASEAL_ERR_KEY_DESTROYED, mediaseal_custody_destroy_kek(custody, &access, kek.id, 1, MEDIASEAL_DESTROY_EFFECTIVE,
                                                                      MEDIASEAL_SURVIVORS_MUST_BE_NONE, "over", NULL));
    mediaseal_tick_report report = MEDIASEAL_TICK_REPORT_INIT;
    OK(mediaseal_custody_tick(custody, &report));
    CHECK(report.failed == 0 && report.first_failure == MEDIASEAL_OK);
    OK(mediaseal_custody_destroy_dek(custody, &access, id, "over", &tombstone));
    STATUS(MEDIASEAL_ERR_KEY_DESTROYED, mediaseal_custody_open_dek(custody, &access, id, again));
    STATUS(MEDIASEAL_ERR_KEY_NOT_FOUND, mediaseal_custody_rotate_kek(custody, &access, "kek-none", &next));

    /* Its end, once. */
    uint64_t unrecorded;
    OK(mediaseal_custody_unrecorded(custody, &unrecorded));
    desk->custody = NULL;
    OK(mediaseal_custody_close(custody));
    OK(mediaseal_custody_close(custody));
    STATUS(MEDIASEAL_ERR_CLOSED, mediaseal_custody_tick(custody, NULL));
    CHECK(destroyed_authorizers + destroyed_audits == before + 2);
    mediaseal_custody_free(custody);
    CHECK(destroyed_authorizers + destroyed_audits == before + 2);
}

static mediaseal_provider *file_provider(void)
{
    mediaseal_provider *provider;
    static char wrong[] = "wrong", right[] = PASSPHRASE;
    STATUS(MEDIASEAL_ERR_PASSPHRASE_PARAMS, mediaseal_provider_create_file(in_folder("keks.db"), "eu-north-1", NAME(PASSPHRASE), "x", &provider));
    OK(mediaseal_provider_create_file(in_folder("keks.db"), "eu-north-1", NAME(PASSPHRASE), PARAMS, &provider));
    mediaseal_provider_free(provider);
    STATUS(MEDIASEAL_ERR_VAULT_ARGUMENT, mediaseal_provider_create_file(in_folder("keks.db"), "eu-north-1", NAME(PASSPHRASE), PARAMS, &provider));
    snprintf(url, sizeof url, "file:%s?region=eu-north-1", in_folder("keks.db"));
    STATUS(MEDIASEAL_ERR_PROVIDER_ACCESS, mediaseal_provider_open(url, NULL, NULL, NULL, &provider));
    STATUS(MEDIASEAL_ERR_PROVIDER_ACCESS, mediaseal_provider_open(url, secret, NULL, secret_destroy, &provider));
    STATUS(MEDIASEAL_ERR_PROVIDER_ACCESS, mediaseal_provider_open(url, secret, wrong, secret_destroy, &provider));
    CHECK(destroyed_secrets == 0 && provider == NULL);
    STATUS(MEDIASEAL_ERR_VAULT_ARGUMENT, mediaseal_provider_open("gopher:x", secret, right, secret_destroy, &provider));
    STATUS(MEDIASEAL_ERR_VAULT_ARGUMENT, mediaseal_provider_open("file:/none/none.db", secret, right, secret_destroy, &provider));
    OK(mediaseal_provider_open(url, secret, right, secret_destroy, &provider));
    CHECK(destroyed_secrets == 1 && reentrant >= 3);
    mediaseal_provider_info info = MEDIASEAL_PROVIDER_INFO_INIT;
    OK(mediaseal_provider_describe(provider, &info));
    CHECK(strcmp(info.scheme, "file") == 0 && strcmp(info.region, "eu-north-1") == 0 && info.protection == MEDIASEAL_PROTECTION_SOFTWARE);
    return provider;
}

/* A vtable that lacks something is not taken, and its user_data stays the caller's. */
static void vtables(struct tickets *tickets)
{
    mediaseal_provider *provider;
    mediaseal_provider_vtable vtable = vtable_of(tickets);
    vtable.wrap = NULL;
    STATUS(MEDIASEAL_ERR_NULL_POINTER, mediaseal_provider_new(&vtable, &provider));
    vtable = vtable_of(tickets);
    vtable.scheme = "file";
    STATUS(MEDIASEAL_ERR_VAULT_ARGUMENT, mediaseal_provider_new(&vtable, &provider));
    vtable.scheme = "No";
    STATUS(MEDIASEAL_ERR_VAULT_ARGUMENT, mediaseal_provider_new(&vtable, &provider));
    vtable = vtable_of(tickets);
    vtable.protection = 0;
    STATUS(MEDIASEAL_ERR_UNKNOWN_VALUE, mediaseal_provider_new(&vtable, &provider));
    vtable = vtable_of(tickets);
    vtable.struct_size = 8;
    STATUS(MEDIASEAL_ERR_STRUCT_SIZE, mediaseal_provider_new(&vtable, &provider));
    CHECK(destroyed_providers == 0 && provider == NULL);
}

/* A provider that does not do what it says is found out, and nothing of it is used. */
static void faults(mediaseal_provider *provider, mediaseal_custody_options *options, struct tickets *tickets)
{
    mediaseal_custody *custody;
    mediaseal_access access = access_of("ada");
    mediaseal_new_kek wanted = new_kek();
    mediaseal_kek kek = MEDIASEAL_KEK_INIT;
    mediaseal_wrap_context context = wrap_context();
    uint8_t dek[32] = {1, 2, 3}, again[32], zero[32] = {0}, wrapped[9216];
    size_t len, none;
    (void)provider;
    OK(mediaseal_custody_create(in_folder("faults.db"), options, &custody));
    tickets->fault = AWAY;
    STATUS(MEDIASEAL_ERR_PROVIDER_UNAVAILABLE, mediaseal_custody_create_kek(custody, &access, &wanted, &kek));
    tickets->fault = NONE;
    OK(mediaseal_custody_create_kek(custody, &access, &wanted, &kek));
    OK(mediaseal_custody_wrap(custody, &access, kek.id, dek, &context, wrapped, sizeof wrapped, &len));
    static const enum fault wrapping[] = {IN_CLEAR, TOO_FAR, TOO_LONG, NOTHING};
    for (size_t i = 0; i < 4; i++) {
        uint8_t other[9216] = {0};
        tickets->fault = wrapping[i];
        STATUS(MEDIASEAL_ERR_PROVIDER_FAILED, mediaseal_custody_wrap(custody, &access, kek.id, dek, &context, other, sizeof other, &none));
        CHECK(none == 0 && other[0] == 0);
    }
    tickets->fault = AWAY;
    STATUS(MEDIASEAL_ERR_PROVIDER_UNAVAILABLE, mediaseal_custody_unwrap(custody, &access, wrapped, len, &context, again));
    static const enum fault opening[] = {OPENS_NOTHING, OPENS_TOO_FAR};
    for (size_t i = 0; i < 2; i++) {
        tickets->fault = opening[i];
        STATUS(MEDIASEAL_ERR_PROVIDER_FAILED, mediaseal_custody_unwrap(custody, &access, wrapped, len, &context, again));
        CHECK(memcmp(again, zero, 32) == 0);
    }
    tickets->fault = NONE;
    OK(mediaseal_custody_unwrap(custody, &access, wrapped, len, &context, again));
    CHECK(memcmp(again, dek, 32) == 0);
    mediaseal_custody_free(custody);
}

/* Roles, regions, and options that say nothing or too much. */
static void options_(mediaseal_provider *file, mediaseal_custody_options good, struct log *log)
{
    mediaseal_custody *custody;
    mediaseal_custody_options options = good;
    options.audit = NULL;
    STATUS(MEDIASEAL_ERR_NULL_POINTER, mediaseal_custody_create(in_folder("no.db"), &options, &custody));
    options = good;
    options.flags = MEDIASEAL_CUSTODY_EVERYBODY;
    STATUS(MEDIASEAL_ERR_VAULT_ARGUMENT, mediaseal_custody_create(in_folder("no.db"), &options, &custody));
    options.flags = 64;
    STATUS(MEDIASEAL_ERR_UNKNOWN_VALUE, mediaseal_custody_create(in_folder("no.db"), &options, &custody));
    options = good;
    options.authorize = NULL;
    STATUS(MEDIASEAL_ERR_VAULT_ARGUMENT, mediaseal_custody_create(in_folder("no.db"), &options, &custody));
    options = good;
    options.provider_count = 0;
    STATUS(MEDIASEAL_ERR_VAULT_ARGUMENT, mediaseal_custody_create(in_folder("no.db"), &options, &custody));
    const mediaseal_provider *twice[] = {file, file};
    options.providers = twice;
    options.provider_count = 2;
    STATUS(MEDIASEAL_ERR_VAULT_ARGUMENT, mediaseal_custody_create(in_folder("no.db"), &options, &custody));

    mediaseal_role_of roles[] = {{"kim", NULL, MEDIASEAL_ROLE_KEY_ADMIN, 0}, {"rec", "acme", MEDIASEAL_ROLE_RECORDER, 0}, {"kim", NULL, MEDIASEAL_ROLE_VIEWER, 0}};
    options.providers = twice;
    options.provider_count = 1;
    options.authorize = NULL;
    options.roles = roles;
    options.role_count = 3;
    options.pinned_region = "eu";
    STATUS(MEDIASEAL_ERR_VAULT_ARGUMENT, mediaseal_custody_create(in_folder("roles.db"), &options, &custody));
    options.role_count = 2;
    OK(mediaseal_custody_create(in_folder("roles.db"), &options, &custody));
    mediaseal_access kim = access_of("kim"), rec = access_of("rec"), eve = access_of("eve");
    mediaseal_new_kek wanted = new_kek();
    mediaseal_kek kek = MEDIASEAL_KEK_INIT, other = MEDIASEAL_KEK_INIT;
    uint8_t id[16], dek[32], again[32];
    STATUS(MEDIASEAL_ERR_NOT_AUTHORIZED, mediaseal_custody_create_kek(custody, &eve, &wanted, &kek));
    STATUS(MEDIASEAL_ERR_NOT_AUTHORIZED, mediaseal_custody_create_kek(custody, &rec, &wanted, &kek));
    OK(mediaseal_custody_create_kek(custody, &kim, &wanted, &kek));
    int refused = log->refused;
    wanted.region = "us-east-1";
    STATUS(MEDIASEAL_ERR_REGION_FORBIDDEN, mediaseal_custody_create_kek(custody, &kim, &wanted, &other));
    CHECK(log->refused == refused + 1 && other.version == 0);
    STATUS(MEDIASEAL_ERR_NOT_AUTHORIZED, mediaseal_custody_new_dek(custody, &kim, kek.id, id, dek));
    OK(mediaseal_custody_new_dek(custody, &rec, kek.id, id, dek));
    STATUS(MEDIASEAL_ERR_NOT_AUTHORIZED, mediaseal_custody_open_dek(custody, &rec, id, again));
    mediaseal_custody_free(custody);
}

/* From one provider to another: what was wrapped follows by a sweep. */
static void move(mediaseal_provider *file, mediaseal_provider *functions, mediaseal_custody_options options)
{
    const mediaseal_provider *both[] = {file, functions};
    mediaseal_custody *custody;
    mediaseal_access access = access_of("ada");
    mediaseal_new_kek wanted = new_kek();
    mediaseal_kek kek = MEDIASEAL_KEK_INIT, next = MEDIASEAL_KEK_INIT;
    mediaseal_kek_info info = MEDIASEAL_KEK_INFO_INIT;
    mediaseal_sweep_progress progress = MEDIASEAL_SWEEP_PROGRESS_INIT;
    uint8_t id[16], dek[32], again[32];
    options.providers = both;
    options.provider_count = 2;
    OK(mediaseal_custody_create(in_folder("move.db"), &options, &custody));
    OK(mediaseal_custody_create_kek(custody, &access, &wanted, &kek));
    OK(mediaseal_custody_new_dek(custody, &access, kek.id, id, dek));
    STATUS(MEDIASEAL_ERR_KEY_NOT_FOUND, mediaseal_custody_move_kek(custody, &access, kek.id, "tickets", "none", &next));
    OK(mediaseal_custody_describe_kek(custody, &access, kek.id, 0, &info));
    CHECK(strcmp(info.provider_scheme, "file") == 0);
    wanted.purpose = "notes";
    wanted.provider_scheme = "tickets";
    wanted.provider_id = "counter 3";
    OK(mediaseal_custody_create_kek(custody, &access, &wanted, &kek));
    OK(mediaseal_custody_new_dek(custody, &access, kek.id, id, dek));
    mediaseal_provider_info to = MEDIASEAL_PROVIDER_INFO_INIT;
    OK(mediaseal_provider_describe(file, &to));
    OK(mediaseal_custody_move_kek(custody, &access, kek.id, to.scheme, to.id, &next));
    OK(mediaseal_custody_sweep(custody, &access, kek.id, 10, NULL, NULL, &progress));
    CHECK(progress.done == 1 && progress.failed == 0);
    OK(mediaseal_custody_open_dek(custody, &access, id, again));
    CHECK(memcmp(dek, again, 32) == 0);
    OK(mediaseal_custody_describe_kek(custody, &access, kek.id, 0, &info));
    CHECK(info.version == 2 && strcmp(info.provider_scheme, "file") == 0);
    mediaseal_custody_free(custody);
}

/* Arguments that are none, on every function that takes custody. */
static void arguments(const mediaseal_provider *provider)
{
    /* Another type's object, and NULL. */
    const mediaseal_custody *other = (const mediaseal_custody *)(const void *)provider;
    const mediaseal_custody *objects[] = {NULL, other};
    const mediaseal_status expected[] = {MEDIASEAL_ERR_NULL_POINTER, MEDIASEAL_ERR_BAD_HANDLE};
    mediaseal_access access = access_of("ada");
    mediaseal_new_kek wanted = new_kek();
    mediaseal_kek kek = MEDIASEAL_KEK_INIT;
    mediaseal_kek_info info = MEDIASEAL_KEK_INFO_INIT;
    mediaseal_tombstone tombstone = MEDIASEAL_TOMBSTONE_INIT;
    mediaseal_wrap_context context = wrap_context();
    mediaseal_record_place place = MEDIASEAL_RECORD_PLACE_INIT;
    uint8_t id[16] = {0}, dek[32] = {0}, octets[128] = {0};
    size_t len;
    uint64_t count;
    for (int i = 0; i < 2; i++) {
        const mediaseal_custody *o = objects[i];
        mediaseal_status s = expected[i];
        STATUS(s, mediaseal_custody_create_kek(o, &access, &wanted, &kek));
        STATUS(s, mediaseal_custody_rotate_kek(o, &access, "k", &kek));
        STATUS(s, mediaseal_custody_move_kek(o, &access, "k", "file", "x", &kek));
        STATUS(s, mediaseal_custody_list_keks(o, &access, count_keks, NULL));
        STATUS(s, mediaseal_custody_describe_kek(o, &access, "k", 1, &info));
        STATUS(s, mediaseal_custody_set_state(o, &access, "k", 1, 2, "r", NULL));
        STATUS(s, mediaseal_custody_archive_kek(o, &access, "k", 1, "r"));
        STATUS(s, mediaseal_custody_restore_kek(o, &access, "k", 1, "r"));
        STATUS(s, mediaseal_custody_destroy_kek(o, &access, "k", 1, 1, 1, "r", NULL));
        STATUS(s, mediaseal_custody_sweep(o, &access, "k", 1, NULL, NULL, NULL));
        STATUS(s, mediaseal_custody_tick(o, NULL));
        STATUS(s, mediaseal_custody_history(o, &access, "k", 1, NULL, NULL));
        STATUS(s, mediaseal_custody_tombstone(o, &access, "k", 1, &tombstone));
        STATUS(s, mediaseal_custody_verify(o, &access, NULL));
        STATUS(s, mediaseal_custody_shred(o, &access, "k", id, 1, "r", NULL, NULL, NULL));
        STATUS(s, mediaseal_custody_unrecorded(o, &count));
        STATUS(s, mediaseal_custody_new_dek(o, &access, "k", id, dek));
        STATUS(s, mediaseal_custody_open_dek(o, &access, id, dek));
        STATUS(s, mediaseal_custody_destroy_dek(o, &access, id, "r", NULL));
        STATUS(s, mediaseal_custody_wrap(o, &access, "k", dek, &context, octets, 128, &len));
        STATUS(s, mediaseal_custody_unwrap(o, &access, octets, 128, &context, dek));
        STATUS(s, mediaseal_custody_rewrap(o, &access, octets, 128, &context, octets, 128, &len));
        STATUS(s, mediaseal_custody_seal_record(o, &access, id, &place, octets, 1, octets, 128, &len));
        STATUS(s, mediaseal_custody_open_record(o, &access, &place, octets, 100, octets, 128, &len));
        STATUS(s, mediaseal_custody_close((mediaseal_custody *)(uintptr_t)o));
    }
    mediaseal_custody_free(NULL);
    mediaseal_provider_free(NULL);
}

int main(int argc, char **argv)
{
    CHECK(argc == 2);
    snprintf(folder, sizeof folder, "%s", argv[1]);
    CHECK(mkdir(folder, 0700) == 0);
    static struct tickets tickets;
    static struct desk desk;
    static struct log log;
    mediaseal_provider *file = file_provider(), *functions;
    vtables(&tickets);
    mediaseal_provider_vtable vtable = vtable_of(&tickets);
    OK(mediaseal_provider_new(&vtable, &functions));
    arguments(file);

    const mediaseal_provider *one[] = {file};
    mediaseal_custody_options options = MEDIASEAL_CUSTODY_OPTIONS_INIT;
    options.providers = one;
    options.provider_count = 1;
    options.authorize = authorize;
    options.authorize_user_data = &desk;
    options.authorize_destroy = authorize_destroy;
    options.audit = audit;
    options.audit_user_data = &log;
    options.audit_destroy = audit_destroy;
    life("file.db", &options, &desk, &log);
    options_(file, options, &log);
    one[0] = functions;
    life("functions.db", &options, &desk, &log);
    CHECK(tickets.rotated == 1 && tickets.destroyed == 1);
    STATUS(MEDIASEAL_ERR_PROVIDER_UNSUPPORTED, mediaseal_provider_verify(functions));
    STATUS(MEDIASEAL_ERR_PROVIDER_UNSUPPORTED, mediaseal_provider_change_passphrase(functions, NAME("a"), NAME("b"), PARAMS));
    faults(functions, &options, &tickets);
    move(file, functions, options);

    OK(mediaseal_provider_close(file));
    mediaseal_provider_free(file);
    mediaseal_provider_free(functions);
    CHECK(destroyed_providers == 1);
    DONE("custody");
}
