/* Somebody on the wire who looks for media in what goes by. */
#ifndef TAP_H
#define TAP_H

#include <glib.h>

typedef struct tap tap;

typedef struct {
    guint64 datagrams; /* that were searched */
    guint64 searched;  /* octets of media that were looked for in them */
    guint64 control;   /* those that the same search finds in the media themselves: all, or it is broken */
    guint64 in_clear;  /* those found in datagrams */
    guint64 shown;     /* those found there that are in clear by design */
} tap_counts;

tap *tap_new(void);
void tap_free(tap *self);

/* Tells the tap what is about to be sealed. Any thread. */
void tap_expect(tap *self, const guint8 *media, gsize len);

/* Tells it of octets that are in clear by design. Any thread. */
void tap_expect_shown(tap *self, const guint8 *octets, gsize len);

/* Searches a datagram for all of that, wherever it stands. Any thread. */
void tap_see(tap *self, const guint8 *datagram, gsize len);

tap_counts tap_result(tap *self);

#endif
