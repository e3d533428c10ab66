/* What is known of keys and kept of them, through C: histories, time, whole and damaged stores, shredding, passphrases, keychains. The last argument is a folder that is not there yet. */
#ifndef MEDIASEAL_CUSTODY
#define MEDIASEAL_CUSTODY
#endif
#ifndef MEDIASEAL_KEYCHAIN
#define MEDIASEAL_KEYCHAIN
#endif
#include "../c/check.h"

#include <sys/stat.h>

#define OLD "correct horse battery staple"
#define NEW "a staple, and no horse"
#define PARAMS "$argon2id$v=19$m=8,t=1,p=1$AAECAwQFBgcICQoLDA0ODw"
#define OTHER_PARAMS "$argon2id$v=19$m=8,t=2,p=1$DwECAwQFBgcICQoLDA0ODw"
#define MICROS UINT64_C(1000000)

static char folder[512], path[1024], url[1100];

static const char *in_folder(const char *name)
{
    snprintf(path, sizeof path, "%s/%s", folder, name);
    return path;
}

static const char *url_of(const char *name)
{
    snprintf(url, sizeof url, "file:%s/%s", folder, name);
    return url;
}

static mediaseal_status secret(void *user_data, uint32_t kind, const char *asked, uint8_t *out, size_t capacity, size_t *out_len)
{
    const char *passphrase = user_data;
    (void)asked;
    CHECK(kind == MEDIASEAL_SECRET_PASSPHRASE && capacity > strlen(passphrase));
    memcpy(out, passphrase, strlen(passphrase));
    *out_len = strlen(passphrase);
    return MEDIASEAL_OK;
}

static mediaseal_status open_file(const char *name, const char *passphrase, mediaseal_provider **out)
{
    return mediaseal_provider_open(url_of(name), secret, (void *)(uintptr_t)passphrase, NULL, out);
}

/* ---- a clock, and an audit log that holds its times to it ---- */

struct watch {
    uint64_t micros;
    int destroyed, asked;
};

static uint64_t now(void *user_data)
{
    struct watch *watch = user_data;
    uint64_t value;
    watch->asked++;
    value = watch->micros;
    return value;
}

static void watch_destroy(void *user_data)
{
    ((struct watch *)user_data)->destroyed++;
}

static mediaseal_status audit(void *user_data, const mediaseal_audit_event *event)
{
    const struct watch *watch = user_data;
    CHECK(event->unix_micros == watch->micros);
    return MEDIASEAL_OK;
}

static mediaseal_custody *custody_in(const char *name, const mediaseal_provider *provider, struct watch *watch, int is_new)
{
    mediaseal_custody *custody;
    mediaseal_custody_options options = MEDIASEAL_CUSTODY_OPTIONS_INIT;
    options.flags = MEDIASEAL_CUSTODY_EVERYBODY;
    options.providers = &provider;
    options.provider_count = 1;
    options.audit = audit;
    options.audit_user_data = watch;
    options.clock = now;
    options.clock_user_data = watch;
    options.clock_destroy = watch_destroy;
    if (is_new)
        OK(mediaseal_custody_create(in_folder(name), &options, &custody));
    else
        OK(mediaseal_custody_open(in_folder(name), &options, &custody));
    return custody;
}

static mediaseal_access ada(void)
{
    mediaseal_access access = MEDIASEAL_ACCESS_INIT;
    access.principal = "ada";
    return access;
}

static mediaseal_kek create(mediaseal_custody *custody, const char *purpose, uint64_t seconds)
{
    mediaseal_kek kek = MEDIASEAL_KEK_INIT;
    mediaseal_new_kek wanted = MEDIASEAL_NEW_KEK_INIT;
    mediaseal_access access = ada();
    wanted.tenant = "acme";
    wanted.purpose = purpose;
    wanted.cryptoperiod_seconds = seconds;
    OK(mediaseal_custody_create_kek(custody, &access, &wanted, &kek));
    return kek;
}

/* ---- histories ---- */

struct heard {
    size_t count;
    struct {
        uint32_t kind, state;
        uint64_t micros;
        char actor[32], reason[64];
    } changes[16];
    mediaseal_custody *custody;
};

static void hear(void *user_data, const mediaseal_kek_change *change)
{
    struct heard *heard = user_data;
    uint64_t count;
    CHECK(change->struct_size == sizeof *change && heard->count < 16);
    STATUS(MEDIASEAL_ERR_REENTRANT, mediaseal_custody_unrecorded(heard->custody, &count));
    heard->changes[heard->count].kind = change->kind;
    heard->changes[heard->count].state = change->state;
    heard->changes[heard->count].micros = change->unix_micros;
    snprintf(heard->changes[heard->count].actor, 32, "%s", change->actor);
    snprintf(heard->changes[heard->count].reason, 64, "%s", change->reason);
    heard->count++;
}

static struct heard history_of(mediaseal_custody *custody, const char *id, uint32_t version)
{
    struct heard heard;
    mediaseal_access access = ada();
    memset(&heard, 0, sizeof heard);
    heard.custody = custody;
    OK(mediaseal_custody_history(custody, &access, id, version, hear, &heard));
    CHECK(heard.count > 0);
    return heard;
}

/* Changes octets of a file that are there once, as who has the disk may. */
static void falsify(const char *file, const char *from, const char *to)
{
    FILE *stream = fopen(file, "r+b");
    CHECK(stream != NULL && strlen(from) == strlen(to));
    static char octets[1 << 20];
    size_t len = fread(octets, 1, sizeof octets, stream), times = 0;
    for (size_t at = 0; at + strlen(from) <= len; at++) {
        if (memcmp(octets + at, from, strlen(from)) == 0) {
            CHECK(fseek(stream, (long)at, SEEK_SET) == 0 && fwrite(to, 1, strlen(to), stream) == strlen(to));
            times++;
        }
    }
    CHECK(times >= 1 && fclose(stream) == 0);
}

/* Time is what the application's clock says, and a history has all of it; one that was altered is told from a whole one. */
static void histories(const mediaseal_provider *provider)
{
    struct watch watch = {NOW * MICROS, 0, 0};
    mediaseal_access access = ada();
    mediaseal_custody *custody = custody_in("history.db", provider, &watch, 1);
    mediaseal_kek kek = create(custody, "patients", 60);
    uint8_t id[MEDIASEAL_DEK_ID_LEN], dek[MEDIASEAL_DEK_LEN];
    OK(mediaseal_custody_new_dek(custody, &access, kek.id, id, dek));
    struct heard heard = history_of(custody, kek.id, 1);
    size_t born = heard.count;
    CHECK(heard.changes[born - 1].state == MEDIASEAL_KEY_STATE_ACTIVE && heard.changes[born - 1].micros == NOW * MICROS);
    CHECK(strcmp(heard.changes[born - 1].actor, "ada") == 0);

    /* Its period is over by this clock alone: the system's is years behind or ahead. */
    watch.micros += 59 * MICROS;
    mediaseal_tick_report report = MEDIASEAL_TICK_REPORT_INIT;
    OK(mediaseal_custody_tick(custody, &report));
    CHECK(report.changed == 0);
    watch.micros += MICROS;
    OK(mediaseal_custody_tick(custody, &report));
    CHECK(report.changed == 1 && watch.asked > 0);
    STATUS(MEDIASEAL_ERR_KEY_STATE, mediaseal_custody_new_dek(custody, &access, kek.id, id, dek));
    watch.micros += MICROS;
    OK(mediaseal_custody_archive_kek(custody, &access, kek.id, 1, "put aside"));
    watch.micros += MICROS;
    OK(mediaseal_custody_restore_kek(custody, &access, kek.id, 1, "a patient asks"));
    heard = history_of(custody, kek.id, 1);
    CHECK(heard.count == born + 3);
    CHECK(heard.changes[born].kind == MEDIASEAL_CHANGE_STATE && heard.changes[born].state == MEDIASEAL_KEY_STATE_DEACTIVATED);
    CHECK(heard.changes[born].micros == (NOW + 60) * MICROS && strcmp(heard.changes[born].actor, "ada") != 0);
    CHECK(heard.changes[born + 1].kind == MEDIASEAL_CHANGE_ARCHIVED && heard.changes[born + 1].micros == (NOW + 61) * MICROS);
    CHECK(strcmp(heard.changes[born + 1].reason, "put aside") == 0 && heard.changes[born + 1].state == MEDIASEAL_KEY_STATE_DEACTIVATED);
    CHECK(heard.changes[born + 2].kind == MEDIASEAL_CHANGE_RESTORED && strcmp(heard.changes[born + 2].reason, "a patient asks") == 0);
    STATUS(MEDIASEAL_ERR_KEY_NOT_FOUND, mediaseal_custody_history(custody, &access, kek.id, 2, hear, &heard));
    STATUS(MEDIASEAL_ERR_NULL_POINTER, mediaseal_custody_history(custody, &access, kek.id, 1, NULL, NULL));

    mediaseal_verified verified = MEDIASEAL_VERIFIED_INIT;
    OK(mediaseal_custody_verify(custody, &access, &verified));
    CHECK(verified.keks == 1 && verified.deks == 1 && verified.tombstones == 0);
    OK(mediaseal_custody_verify(custody, &access, NULL));
    CHECK(watch.destroyed == 0);
    mediaseal_custody_free(custody);
    CHECK(watch.destroyed == 1);

    falsify(in_folder("history.db"), "a patient asks", "a patron asks!");
    custody = custody_in("history.db", provider, &watch, 0);
    heard.count = 0;
    STATUS(MEDIASEAL_ERR_VAULT_DAMAGED, mediaseal_custody_verify(custody, &access, &verified));
    CHECK(verified.keks == 0 && verified.deks == 0);
    STATUS(MEDIASEAL_ERR_VAULT_DAMAGED, mediaseal_custody_history(custody, &access, kek.id, 1, hear, &heard));
    CHECK(heard.count == 0);
    mediaseal_custody_free(custody);
    CHECK(watch.destroyed == 2);
}

/* ---- shredding ---- */

static uint32_t stop(void *user_data, const mediaseal_sweep_progress *progress)
{
    CHECK(progress->struct_size == sizeof *progress && progress->total == 1);
    return (uint32_t)++*(int *)user_data;
}

static void shredding(const mediaseal_provider *provider)
{
    struct watch watch = {NOW * MICROS, 0, 0};
    mediaseal_access access = ada();
    mediaseal_custody *custody = custody_in("shred.db", provider, &watch, 1);
    mediaseal_kek kek = create(custody, "patients", 0), other = create(custody, "notes", 0);
    uint8_t ids[3][MEDIASEAL_DEK_ID_LEN], deks[3][MEDIASEAL_DEK_LEN], elsewhere[MEDIASEAL_DEK_ID_LEN], dek[MEDIASEAL_DEK_LEN];
    uint8_t nobody[MEDIASEAL_DEK_ID_LEN] = {7};
    uint32_t destroyed = 9;
    int stopped = 0;
    for (int i = 0; i < 3; i++)
        OK(mediaseal_custody_new_dek(custody, &access, kek.id, ids[i], deks[i]));
    OK(mediaseal_custody_new_dek(custody, &access, other.id, elsewhere, dek));

    /* What is refused destroys nothing. */
    STATUS(MEDIASEAL_ERR_VAULT_ARGUMENT, mediaseal_custody_shred(custody, &access, kek.id, elsewhere, 1, "asked to", NULL, NULL, &destroyed));
    STATUS(MEDIASEAL_ERR_KEY_NOT_FOUND, mediaseal_custody_shred(custody, &access, kek.id, nobody, 1, "asked to", NULL, NULL, &destroyed));
    STATUS(MEDIASEAL_ERR_LENGTH, mediaseal_custody_shred(custody, &access, kek.id, ids[0], SIZE_MAX, "asked to", NULL, NULL, &destroyed));
    STATUS(MEDIASEAL_ERR_NULL_POINTER, mediaseal_custody_shred(custody, &access, kek.id, NULL, 1, "asked to", NULL, NULL, &destroyed));
    STATUS(MEDIASEAL_ERR_NULL_POINTER, mediaseal_custody_shred(custody, &access, kek.id, ids[0], 1, NULL, NULL, NULL, &destroyed));
    CHECK(destroyed == 0);
    for (int i = 0; i < 3; i++)
        OK(mediaseal_custody_open_dek(custody, &access, ids[i], dek));

    /* Two of three go, with the version that wrapped them; stopped in the middle, it is called again. */
    STATUS(MEDIASEAL_ERR_STOPPED, mediaseal_custody_shred(custody, &access, kek.id, ids[0], 2, "asked to", stop, &stopped, &destroyed));
    CHECK(stopped == 1 && destroyed == 0);
    OK(mediaseal_custody_shred(custody, &access, kek.id, ids[0], 2, "asked to", NULL, NULL, &destroyed));
    CHECK(destroyed == 2);
    STATUS(MEDIASEAL_ERR_KEY_DESTROYED, mediaseal_custody_open_dek(custody, &access, ids[0], dek));
    STATUS(MEDIASEAL_ERR_KEY_DESTROYED, mediaseal_custody_open_dek(custody, &access, ids[1], dek));
    OK(mediaseal_custody_open_dek(custody, &access, ids[2], dek));
    CHECK(memcmp(dek, deks[2], sizeof dek) == 0);
    mediaseal_tombstone tombstone = MEDIASEAL_TOMBSTONE_INIT;
    for (uint32_t version = 1; version <= 2; version++) {
        OK(mediaseal_custody_tombstone(custody, &access, kek.id, version, &tombstone));
        CHECK(tombstone.mode == MEDIASEAL_DESTROY_EFFECTIVE && tombstone.unix_micros == watch.micros && tombstone.gone_unix_micros == watch.micros);
    }
    STATUS(MEDIASEAL_ERR_KEY_NOT_FOUND, mediaseal_custody_tombstone(custody, &access, kek.id, 3, &tombstone));
    STATUS(MEDIASEAL_ERR_KEY_NOT_FOUND, mediaseal_custody_tombstone(custody, &access, kek.id, 4, &tombstone));
    CHECK(tombstone.unix_micros == 0);
    mediaseal_verified verified = MEDIASEAL_VERIFIED_INIT;
    OK(mediaseal_custody_verify(custody, &access, &verified));
    CHECK(verified.keks == 4 && verified.deks == 2 && verified.tombstones == 4);
    mediaseal_custody_free(custody);
}

/* ---- passphrases ---- */

static void passphrases(void)
{
    struct watch watch = {NOW * MICROS, 0, 0};
    mediaseal_access access = ada();
    mediaseal_provider *provider, *other, *again;
    OK(mediaseal_provider_create_file(in_folder("keys.db"), NULL, NAME(OLD), PARAMS, &provider));
    OK(open_file("keys.db", OLD, &other));
    mediaseal_custody *custody = custody_in("passphrases.db", provider, &watch, 1);
    mediaseal_kek kek = create(custody, "patients", 0);
    uint8_t id[MEDIASEAL_DEK_ID_LEN], dek[MEDIASEAL_DEK_LEN], opened[MEDIASEAL_DEK_LEN];
    OK(mediaseal_custody_new_dek(custody, &access, kek.id, id, dek));
    OK(mediaseal_provider_verify(provider));
    STATUS(MEDIASEAL_ERR_PROVIDER_ACCESS, mediaseal_provider_change_passphrase(provider, NAME(NEW), NAME(NEW), OTHER_PARAMS));
    STATUS(MEDIASEAL_ERR_PASSPHRASE_PARAMS, mediaseal_provider_change_passphrase(provider, NAME(OLD), NAME(NEW), "x"));
    STATUS(MEDIASEAL_ERR_PASSPHRASE_LENGTH, mediaseal_provider_change_passphrase(provider, NAME(OLD), NULL, 0, OTHER_PARAMS));
    STATUS(MEDIASEAL_ERR_NOT_UTF8, mediaseal_provider_change_passphrase(provider, NAME(OLD), NAME("\xff"), OTHER_PARAMS));
    OK(open_file("keys.db", OLD, &again));
    mediaseal_provider_free(again);

    OK(mediaseal_provider_change_passphrase(provider, NAME(OLD), NAME(NEW), OTHER_PARAMS));
    STATUS(MEDIASEAL_ERR_PROVIDER_ACCESS, open_file("keys.db", OLD, &again));
    OK(open_file("keys.db", NEW, &again));
    OK(mediaseal_provider_verify(again));
    OK(mediaseal_provider_verify(provider));
    STATUS(MEDIASEAL_ERR_PROVIDER_ACCESS, mediaseal_provider_verify(other));
    /* Custody goes on with the object by which it was changed. */
    OK(mediaseal_custody_open_dek(custody, &access, id, opened));
    CHECK(memcmp(dek, opened, sizeof dek) == 0);
    mediaseal_custody_free(custody);
    mediaseal_provider_free(again);
    mediaseal_provider_free(other);
    OK(mediaseal_provider_close(provider));
    STATUS(MEDIASEAL_ERR_CLOSED, mediaseal_provider_verify(provider));
    STATUS(MEDIASEAL_ERR_CLOSED, mediaseal_provider_change_passphrase(provider, NAME(NEW), NAME(OLD), PARAMS));
    mediaseal_provider_free(provider);
}

/* ---- a keychain of the application's ---- */

enum mood { WELL, LOCKED, FORGETS, BROKEN, TOO_MUCH };
struct keychain {
    enum mood mood;
    int destroyed, sets;
    struct entry {
        char service[64], user[64];
        uint8_t secret[256];
        size_t len;
        int is_there;
    } entries[4];
};

static struct entry *entry_of(struct keychain *keychain, const char *service, const char *user)
{
    for (size_t i = 0; i < 4; i++) {
        struct entry *entry = &keychain->entries[i];
        if (entry->is_there && strcmp(entry->service, service) == 0 && strcmp(entry->user, user) == 0)
            return entry;
    }
    return NULL;
}

static mediaseal_status keychain_get(void *user_data, const char *service, const char *user, uint8_t *out, size_t capacity, size_t *out_len)
{
    struct keychain *keychain = user_data;
    const struct entry *entry = entry_of(keychain, service, user);
    CHECK(capacity == MEDIASEAL_SECRET_MAX_LEN);
    if (keychain->mood == LOCKED)
        return MEDIASEAL_ERR_PROVIDER_UNAVAILABLE;
    if (keychain->mood == BROKEN)
        return MEDIASEAL_ERR_PANIC;
    if (!entry)
        return MEDIASEAL_ERR_KEY_NOT_FOUND;
    memcpy(out, entry->secret, entry->len);
    *out_len = keychain->mood == TOO_MUCH ? capacity + 1 : entry->len;
    return MEDIASEAL_OK;
}

static mediaseal_status keychain_set(void *user_data, const char *service, const char *user, const uint8_t *octets, size_t len)
{
    struct keychain *keychain = user_data;
    struct entry *entry = entry_of(keychain, service, user);
    CHECK(len <= sizeof entry->secret);
    keychain->sets++;
    if (keychain->mood == FORGETS)
        return MEDIASEAL_OK;
    for (size_t i = 0; !entry && i < 4; i++)
        if (!keychain->entries[i].is_there)
            entry = &keychain->entries[i];
    CHECK(entry != NULL);
    snprintf(entry->service, sizeof entry->service, "%s", service);
    snprintf(entry->user, sizeof entry->user, "%s", user);
    memcpy(entry->secret, octets, len);
    entry->len = len;
    entry->is_there = 1;
    return MEDIASEAL_OK;
}

static mediaseal_status keychain_remove(void *user_data, const char *service, const char *user)
{
    struct entry *entry = entry_of(user_data, service, user);
    if (!entry)
        return MEDIASEAL_ERR_KEY_NOT_FOUND;
    OK(mediaseal_wipe(entry->secret, sizeof entry->secret));
    entry->is_there = 0;
    return MEDIASEAL_OK;
}

static void keychain_destroy(void *user_data)
{
    ((struct keychain *)user_data)->destroyed++;
}

static void keychains(const mediaseal_provider *file)
{
    struct watch watch = {NOW * MICROS, 0, 0};
    mediaseal_access access = ada();
    static struct keychain keychain;
    mediaseal_keychain_vtable vtable = MEDIASEAL_KEYCHAIN_VTABLE_INIT;
    mediaseal_provider *provider;
    char where[1400], elsewhere[1400];
    snprintf(where, sizeof where, "keychain:%s?service=app&user=ada&region=eu", in_folder("chain.db"));
    snprintf(elsewhere, sizeof elsewhere, "keychain:%s?service=app&user=eve", in_folder("chain2.db"));
    vtable.user_data = &keychain;
    vtable.get = keychain_get;
    vtable.set = keychain_set;
    vtable.destroy = keychain_destroy;
    STATUS(MEDIASEAL_ERR_NULL_POINTER, mediaseal_provider_create_keychain(where, &vtable, &provider));
    vtable.remove = keychain_remove;
    STATUS(MEDIASEAL_ERR_VAULT_ARGUMENT, mediaseal_provider_create_keychain("file:/x", &vtable, &provider));
    STATUS(MEDIASEAL_ERR_PROVIDER_ACCESS, mediaseal_provider_open_keychain(where, &vtable, &provider));
    static const struct {
        enum mood mood;
        mediaseal_status status;
    } moods[] = {{LOCKED, MEDIASEAL_ERR_PROVIDER_UNAVAILABLE}, {FORGETS, MEDIASEAL_ERR_PROVIDER_FAILED}, {BROKEN, MEDIASEAL_ERR_PROVIDER_FAILED}};
    for (size_t i = 0; i < 3; i++) {
        keychain.mood = moods[i].mood;
        STATUS(moods[i].status, mediaseal_provider_create_keychain(elsewhere, &vtable, &provider));
    }
    keychain.mood = WELL;
    CHECK(provider == NULL && keychain.destroyed == 0);
    OK(mediaseal_provider_create_keychain(where, &vtable, &provider));
    STATUS(MEDIASEAL_ERR_PROVIDER_UNSUPPORTED, mediaseal_provider_verify(provider));
    STATUS(MEDIASEAL_ERR_PROVIDER_UNSUPPORTED, mediaseal_provider_rotate_master(file));
    mediaseal_provider_info info = MEDIASEAL_PROVIDER_INFO_INIT;
    OK(mediaseal_provider_describe(provider, &info));
    CHECK(strcmp(info.scheme, "keychain") == 0 && strcmp(info.region, "eu") == 0);

    mediaseal_custody *custody = custody_in("chained.db", provider, &watch, 1);
    mediaseal_kek kek = create(custody, "patients", 0);
    uint8_t id[MEDIASEAL_DEK_ID_LEN], dek[MEDIASEAL_DEK_LEN], opened[MEDIASEAL_DEK_LEN];
    OK(mediaseal_custody_new_dek(custody, &access, kek.id, id, dek));
    struct entry before = *entry_of(&keychain, "app", "ada");
    OK(mediaseal_provider_rotate_master(provider));
    const struct entry *after = entry_of(&keychain, "app", "ada");
    CHECK(before.len == after->len && memcmp(before.secret, after->secret, before.len) != 0);
    OK(mediaseal_custody_open_dek(custody, &access, id, opened));
    CHECK(memcmp(dek, opened, sizeof dek) == 0);
    mediaseal_custody_free(custody);
    mediaseal_provider_free(provider);
    CHECK(keychain.destroyed == 1);

    /* Later, in another program. */
    keychain.mood = LOCKED;
    STATUS(MEDIASEAL_ERR_PROVIDER_UNAVAILABLE, mediaseal_provider_open_keychain(where, &vtable, &provider));
    keychain.mood = TOO_MUCH;
    STATUS(MEDIASEAL_ERR_PROVIDER_FAILED, mediaseal_provider_open_keychain(where, &vtable, &provider));
    keychain.mood = WELL;
    STATUS(MEDIASEAL_ERR_VAULT_ARGUMENT, mediaseal_provider_create_keychain(where, &vtable, &provider));
    OK(mediaseal_provider_open_keychain(where, &vtable, &provider));
    custody = custody_in("chained.db", provider, &watch, 0);
    memset(opened, 0, sizeof opened);
    OK(mediaseal_custody_open_dek(custody, &access, id, opened));
    CHECK(memcmp(dek, opened, sizeof dek) == 0);
    mediaseal_custody_free(custody);
    mediaseal_provider_free(provider);
    /* Another's master key opens nothing. */
    entry_of(&keychain, "app", "ada")->secret[25] ^= 1;
    CHECK(mediaseal_provider_open_keychain(where, &vtable, &provider) != MEDIASEAL_OK && provider == NULL);
    CHECK(keychain.destroyed == 2);
}

int main(int argc, char **argv)
{
    CHECK(argc == 2);
    snprintf(folder, sizeof folder, "%s", argv[1]);
    CHECK(mkdir(folder, 0700) == 0);
    mediaseal_provider *provider;
    OK(mediaseal_provider_create_file(in_folder("keks.db"), NULL, NAME(OLD), PARAMS, &provider));
    histories(provider);
    shredding(provider);
    passphrases();
    keychains(provider);
    mediaseal_provider_free(provider);
    DONE("keeping");
}
