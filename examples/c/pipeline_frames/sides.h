/* The two sides of the call and the wire between them; in an application they are on two devices. */
#ifndef SIDES_H
#define SIDES_H

#include <gst/gst.h>
#include <mediaseal.h>
#include <stdbool.h>

#include "../pipeline/member.h"
#include "../pipeline/tap.h"
#include "hooks.h"

/* The test sources. Each frame of video bears its number. */
enum { VIDEO_RATE = 30, AUDIO_RATE = 48000, AUDIO_HZ = 440, MARK_WIDTH = 16, MARK_BITS = 16 };

/* ---- near_side.c: sources, encoders, hooks, payloaders, sockets ---- */

typedef struct {
    GstElement *pipeline;
    tap *tap;
    hook audio, video;
    guint frames;         /* of video that were made */
    gint key_requests;  /* that somebody asked for; atomic */
} near_side;

/* Makes the near side, which sends to these ports of this machine. False if it failed, told on stderr. */
bool near_side_open(near_side *self, const member *from, const stream *audio, const stream *video, guint seconds, const guint16 ports[2], tap *tap);

/* Octets of the datagrams that were sent. */
guint64 near_side_sent(const near_side *self);

/* Makes the next frame of video a key frame. Any thread. */
void near_side_make_key_frame(near_side *self);

void near_side_close(near_side *self);

/* ---- far_side.c: sockets, depayloaders, hooks, decoders ---- */

typedef struct {
    GstElement *pipeline;
    tap *tap;
    near_side *near;     /* who is asked for key frames */
    gint loss, alter;    /* so many percent of the datagrams are lost, or altered */
    gint octets;         /* of the datagrams that came; this and the next are atomic */
    gint lost, altered;  /* datagrams */
    hook audio, video;
    guint frames;        /* of video that were decoded; each of the fields from here on is written by one thread */
    guint recognised;    /* that bore a number higher than the frame before */
    guint resumed;       /* and more than one higher: frames were missing before it */
    guint64 last_number;
    guint64 samples;     /* of audio that were decoded */
    guint64 crossings;   /* of zero, in them */
} far_side;

/* Makes the far side, with its sockets open. False if it failed, told on stderr. */
bool far_side_open(far_side *self, const member *to, const stream *audio, const stream *video, near_side *near, tap *tap);

/* The ports of its sockets. */
void far_side_ports(const far_side *self, guint16 ports[2]);

/* Counts a frame whose number the pipeline's message tells. */
void far_side_recognise(far_side *self, const GstStructure *message);

void far_side_close(far_side *self);

#endif
