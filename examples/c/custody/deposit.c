#include "deposit.h"

#include <stdio.h>
#include <string.h>

/* A receipt: a word that says what it is, then the row; as long as a wrapped key at least. */
#define RECEIPT "mediaseal example: receipt of a deposited key, row "
#define RECEIPT_LEN (sizeof RECEIPT)

static mediaseal_status create_kek(void *user_data, const mediaseal_kek_spec *spec)
{
    (void)user_data;
    return strlen(spec->id) <= MEDIASEAL_KEK_ID_MAX_LEN ? MEDIASEAL_OK : MEDIASEAL_ERR_PROVIDER_UNSUPPORTED;
}

static mediaseal_status wrap(void *user_data, const char *kek_id, uint32_t kek_version, const uint8_t *dek, const uint8_t *context, size_t context_len,
                             uint8_t *out, size_t capacity, size_t *out_len)
{
    struct deposit *deposit = user_data;
    if (context_len > DEPOSIT_CONTEXT_MAX || capacity < RECEIPT_LEN)
        return MEDIASEAL_ERR_PROVIDER_UNSUPPORTED;
    for (size_t i = 0; i < DEPOSIT_ROWS; i++) {
        struct deposit_row *row = &deposit->rows[i];
        if (row->is_used)
            continue;
        row->is_used = 1;
        snprintf(row->kek_id, sizeof row->kek_id, "%s", kek_id);
        row->kek_version = kek_version;
        memcpy(row->dek, dek, sizeof row->dek);
        memcpy(row->context, context, context_len);
        row->context_len = context_len;
        memcpy(out, RECEIPT, RECEIPT_LEN - 1);
        out[RECEIPT_LEN - 1] = (uint8_t)i;
        *out_len = RECEIPT_LEN;
        return MEDIASEAL_OK;
    }
    return MEDIASEAL_ERR_PROVIDER_UNAVAILABLE;
}

static mediaseal_status unwrap(void *user_data, const char *kek_id, uint32_t kek_version, const uint8_t *wrapped, size_t wrapped_len, const uint8_t *context,
                               size_t context_len, uint8_t *out_dek)
{
    const struct deposit *deposit = user_data;
    if (wrapped_len != RECEIPT_LEN || memcmp(wrapped, RECEIPT, RECEIPT_LEN - 1) != 0 || wrapped[RECEIPT_LEN - 1] >= DEPOSIT_ROWS)
        return MEDIASEAL_ERR_WRAPPED_KEY;
    const struct deposit_row *row = &deposit->rows[wrapped[RECEIPT_LEN - 1]];
    if (!row->is_used || strcmp(row->kek_id, kek_id) != 0 || row->kek_version != kek_version || row->context_len != context_len ||
        memcmp(row->context, context, context_len) != 0)
        return MEDIASEAL_ERR_WRAPPED_KEY;
    memcpy(out_dek, row->dek, sizeof row->dek);
    return MEDIASEAL_OK;
}

/* What the KEK held is gone with it. */
static mediaseal_status destroy_kek(void *user_data, const char *kek_id, uint32_t kek_version, uint64_t *out_gone_unix_micros)
{
    struct deposit *deposit = user_data;
    for (size_t i = 0; i < DEPOSIT_ROWS; i++) {
        struct deposit_row *row = &deposit->rows[i];
        if (row->is_used && row->kek_version == kek_version && strcmp(row->kek_id, kek_id) == 0) {
            /* A write that nobody reads is one that a compiler leaves out, unless it is told. */
            volatile uint8_t *octets = row->dek;
            for (size_t at = 0; at < sizeof row->dek; at++)
                octets[at] = 0;
            row->is_used = 0;
        }
    }
    *out_gone_unix_micros = 0;
    return MEDIASEAL_OK;
}

mediaseal_provider_vtable deposit_vtable(struct deposit *deposit)
{
    mediaseal_provider_vtable vtable = MEDIASEAL_PROVIDER_VTABLE_INIT;
    vtable.protection = MEDIASEAL_PROTECTION_REMOTE;
    vtable.scheme = "deposit";
    vtable.id = "example";
    vtable.region = "eu-central-1";
    vtable.user_data = deposit;
    vtable.create_kek = create_kek;
    vtable.wrap = wrap;
    vtable.unwrap = unwrap;
    vtable.destroy_kek = destroy_kek;
    return vtable;
}
