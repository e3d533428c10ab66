/* One member of the channel, and what a timer does for it. */
#ifndef MEMBER_H
#define MEMBER_H

#include <mediaseal.h>
#include <stdbool.h>

typedef struct {
    const char *name;
    mediaseal_channel_store *store;
    mediaseal_channel *channel;
} member;

/* Opens the channel for `name`, with the channel key in use. `cipher` is NULL for the default. False if it failed, told on stderr. */
bool member_open(member *self, const char *name, const uint8_t *key, size_t key_len, const mediaseal_cipher *cipher);

/* What a timer does once a second: tells the time, and tells `other` which sessions began, as a call's signalling would. */
bool member_tick(member *self, member *other);

/* Frees what there is. */
void member_close(member *self);

#endif
