/*
 * No application needs this file: it proves of the examples what mediaseal promises, that no media go out in clear.
 *
 * Media are cut into pieces; at each octet of a datagram it is asked whether one of them begins there. So a piece is found in whatever
 * packet and place it stands.
 */
#include "tap.h"

#include <stdbool.h>
#include <string.h>

/* Fewer octets than a PIECE may occur by chance. Media of the last PIECES to 2 * PIECES pieces are remembered: seconds, more than packets take. */
enum { PIECE = 16, PIECES = 1 << 17 };

/* What is remembered: pieces and, as values, whether they are in clear by design. The older ones go when there are enough younger. */
struct tap {
    GMutex lock;
    GHashTable *younger, *older;
    tap_counts counts;
};

static guint hash(gconstpointer piece)
{
    guint64 halves[2];
    memcpy(halves, piece, PIECE);
    guint64 mixed = (halves[0] ^ halves[1] * 0x9E3779B97F4A7C15u) * 0xD1342543DE82EF95u;
    return (guint)(mixed >> 32);
}

static gboolean is_same(gconstpointer a, gconstpointer b)
{
    return memcmp(a, b, PIECE) == 0;
}

static GHashTable *new_pieces(void)
{
    return g_hash_table_new_full(hash, is_same, g_free, NULL);
}

tap *tap_new(void)
{
    tap *self = g_new0(tap, 1);
    g_mutex_init(&self->lock);
    self->younger = new_pieces();
    self->older = new_pieces();
    return self;
}

void tap_free(tap *self)
{
    if (self == NULL)
        return;
    g_hash_table_unref(self->younger);
    g_hash_table_unref(self->older);
    g_mutex_clear(&self->lock);
    g_free(self);
}

static void remember(tap *self, const guint8 *octets, gsize len, bool is_shown)
{
    for (gsize at = 0; len - at >= PIECE; at += PIECE)
        g_hash_table_replace(self->younger, g_memdup2(octets + at, PIECE), GINT_TO_POINTER(is_shown));
    if (g_hash_table_size(self->younger) >= PIECES) {
        g_hash_table_unref(self->older);
        self->older = self->younger;
        self->younger = new_pieces();
    }
}

/* Adds how many octets of what is remembered stand in `octets`. */
static void find(const tap *self, const guint8 *octets, gsize len, guint64 *secret, guint64 *shown)
{
    for (gsize at = 0; len >= PIECE && at <= len - PIECE;) {
        gpointer is_shown;
        if (g_hash_table_lookup_extended(self->younger, octets + at, NULL, &is_shown)
            || g_hash_table_lookup_extended(self->older, octets + at, NULL, &is_shown)) {
            *(is_shown ? shown : secret) += PIECE;
            at += PIECE;
        } else {
            at++;
        }
    }
}

void tap_expect(tap *self, const guint8 *media, gsize len)
{
    g_mutex_lock(&self->lock);
    remember(self, media, len, false);
    self->counts.searched += len - len % PIECE;
    find(self, media, len, &self->counts.control, &self->counts.control);
    g_mutex_unlock(&self->lock);
}

void tap_expect_shown(tap *self, const guint8 *octets, gsize len)
{
    g_mutex_lock(&self->lock);
    remember(self, octets, len, true);
    g_mutex_unlock(&self->lock);
}

void tap_see(tap *self, const guint8 *datagram, gsize len)
{
    g_mutex_lock(&self->lock);
    self->counts.datagrams++;
    find(self, datagram, len, &self->counts.in_clear, &self->counts.shown);
    g_mutex_unlock(&self->lock);
}

tap_counts tap_result(tap *self)
{
    g_mutex_lock(&self->lock);
    tap_counts counts = self->counts;
    g_mutex_unlock(&self->lock);
    return counts;
}
