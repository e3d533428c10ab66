/* All that an application adds to its own pipeline: a hook in front of each payloader, and one behind each depayloader. */
#ifndef HOOKS_H
#define HOOKS_H

#include <gst/gst.h>
#include <mediaseal.h>
#include <stdbool.h>

enum { HOOK_REASONS = 8 };

/* What both sides know of a stream from signalling. */
typedef struct {
    const char *sender;
    uint32_t media;
    guint32 ssrc;      /* of its RTP packets */
    const char *codec; /* by its name in RTP: "H264", "VP8", "opus" */
} stream;

/* One stream at one side. A hook runs in the thread of its stream, so it has an encryptor or decryptor of its own. */
typedef struct {
    mediaseal_encryptor *encryptor;
    mediaseal_decryptor *decryptor;
    guint32 ssrc;
    bool is_waiting; /* for a key frame */
    gint64 next_request, pause; /* when one is asked for again, and how long after that, in microseconds */
    guint frames;    /* that came to the hook */
    guint passed;    /* and were handed on, sealed or opened */
    guint skipped;   /* opened, and not handed on: they refer to a frame that did not open */
    struct {
        mediaseal_status status;
        guint count;
    } refused[HOOK_REASONS]; /* why frames were neither sealed nor opened */
} hook;

/* Seals each frame that goes into `payloader`. False if it failed, told on stderr. */
bool hook_payloader(hook *self, GstElement *payloader, const mediaseal_channel *channel, const stream *stream);

/* Opens each frame that comes out of `depayloader`. False if it failed, told on stderr. */
bool hook_depayloader(hook *self, GstElement *depayloader, const mediaseal_channel *channel, const stream *stream);

/* Frees what there is, after the pipeline was stopped. */
void hook_free(hook *self);

#endif
