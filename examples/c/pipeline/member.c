#include "member.h"

#include <glib.h>
#include <string.h>

#include "../try.h"

bool member_open(member *self, const char *name, const uint8_t *key, size_t key_len, const mediaseal_cipher *cipher)
{
    bool is_open = false;
    mediaseal_channel_config config = MEDIASEAL_CHANNEL_CONFIG_INIT;
    mediaseal_generation generation = MEDIASEAL_GENERATION_INIT;

    config.id = (const uint8_t *)"pipeline";
    config.id_len = strlen("pipeline");
    config.flags = MEDIASEAL_CHANNEL_CLOCK;
    generation.number = 1;
    generation.key = key;
    generation.key_len = key_len;
    generation.cipher = cipher;

    self->name = name;
    TRY(mediaseal_channel_store_new(&self->store));
    TRY(mediaseal_channel_open(self->store, &config, &self->channel));
    TRY(mediaseal_channel_stage(self->channel, &generation));
    TRY(mediaseal_channel_store_tick(self->store, (uint64_t)(g_get_real_time() / G_USEC_PER_SEC)));
    TRY(mediaseal_channel_activate(self->channel, 1));
    is_open = true;
done:
    return is_open;
}

bool member_tick(member *self, member *other)
{
    bool is_told = false;
    mediaseal_event event = MEDIASEAL_EVENT_INIT;
    TRY(mediaseal_channel_store_tick(self->store, (uint64_t)(g_get_real_time() / G_USEC_PER_SEC)));
    do {
        TRY(mediaseal_channel_store_poll_event(self->store, &event));
        /* Ciphers of MEDIASEAL_COST_SLOW need this: no key of theirs is made for a session that nobody announced. */
        if (event.type == MEDIASEAL_EVENT_SESSION_STARTED)
            TRY(mediaseal_channel_expect_session(other->channel, event.kid, event.sender, event.sender_len, event.media));
    } while (event.type != MEDIASEAL_EVENT_NONE);
    is_told = true;
done:
    return is_told;
}

void member_close(member *self)
{
    mediaseal_channel_free(self->channel);
    mediaseal_channel_store_free(self->store);
}
