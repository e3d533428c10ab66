/* No application needs this file: it proves of the example what mediaseal promises, that nothing goes out in clear. */
#include <string.h>

#include "pipeline.h"

enum { PIECE = 16, SHORTEST = 8 }; /* fewer octets than that may occur by chance */

struct tap {
    GMutex lock;
    GHashTable *expected; /* payloads by SSRC and sequence number */
    tap_counts counts;
};

tap *tap_new(void)
{
    tap *self = g_new0(tap, 1);
    g_mutex_init(&self->lock);
    self->expected = g_hash_table_new_full(g_int64_hash, g_int64_equal, g_free, (GDestroyNotify)g_bytes_unref);
    return self;
}

void tap_free(tap *self)
{
    if (self == NULL)
        return;
    g_hash_table_unref(self->expected);
    g_mutex_clear(&self->lock);
    g_free(self);
}

static gint64 name_of(guint32 ssrc, guint16 sequence)
{
    return (gint64)ssrc << 16 | sequence;
}

static bool contains(const guint8 *hay, gsize hay_len, const guint8 *piece, gsize piece_len)
{
    for (const guint8 *end = hay + hay_len; (gsize)(end - hay) >= piece_len; hay++) {
        hay = memchr(hay, piece[0], (gsize)(end - hay) - piece_len + 1);
        if (hay == NULL)
            return false;
        if (memcmp(hay, piece, piece_len) == 0)
            return true;
    }
    return false;
}

/* Returns how many octets of `payload` stand in `hay`, piece by piece. */
static guint64 found(const guint8 *hay, gsize hay_len, const guint8 *payload, gsize len)
{
    guint64 octets = 0;
    for (gsize at = 0; len - at >= SHORTEST; at += MIN((gsize)PIECE, len - at)) {
        gsize piece_len = MIN((gsize)PIECE, len - at);
        if (contains(hay, hay_len, payload + at, piece_len))
            octets += piece_len;
    }
    return octets;
}

void tap_expect(tap *self, guint32 ssrc, guint16 sequence, const guint8 *payload, gsize len)
{
    gint64 *name = g_new(gint64, 1);
    *name = name_of(ssrc, sequence);
    g_mutex_lock(&self->lock);
    g_hash_table_replace(self->expected, name, g_bytes_new(payload, len));
    g_mutex_unlock(&self->lock);
}

void tap_see(tap *self, guint32 ssrc, guint16 sequence, const guint8 *datagram, gsize len)
{
    gint64 name = name_of(ssrc, sequence);
    g_mutex_lock(&self->lock);
    GBytes *expected = g_hash_table_lookup(self->expected, &name);
    if (expected != NULL) {
        gsize payload_len;
        const guint8 *payload = g_bytes_get_data(expected, &payload_len);
        gsize odd = payload_len % PIECE;
        self->counts.searched += odd < SHORTEST ? payload_len - odd : payload_len;
        self->counts.control += found(payload, payload_len, payload, payload_len);
        self->counts.in_clear += found(datagram, len, payload, payload_len);
        g_hash_table_remove(self->expected, &name);
    }
    g_mutex_unlock(&self->lock);
}

tap_counts tap_result(tap *self)
{
    g_mutex_lock(&self->lock);
    tap_counts counts = self->counts;
    g_mutex_unlock(&self->lock);
    return counts;
}
