/*
 * A provider of the application's own: a deposit that keeps the keys it is given and hands receipts out, as services that store secrets do.
 *
 * This one keeps them in memory, where yours would call the service. A receipt names the row and repeats nothing of the key.
 */
#ifndef DEPOSIT_H
#define DEPOSIT_H

#include <mediaseal.h>

#define DEPOSIT_ROWS 32
#define DEPOSIT_CONTEXT_MAX 256

struct deposit_row {
    int is_used;
    char kek_id[MEDIASEAL_KEK_ID_MAX_LEN + 1];
    uint32_t kek_version;
    uint8_t dek[MEDIASEAL_DEK_LEN];
    uint8_t context[DEPOSIT_CONTEXT_MAX];
    size_t context_len;
};

struct deposit {
    struct deposit_row rows[DEPOSIT_ROWS];
};

/* The vtable over `deposit`, which must live as long as the provider. */
mediaseal_provider_vtable deposit_vtable(struct deposit *deposit);

#endif
