/* What the parts of pipeline.c tell each other. */
#ifndef PIPELINE_H
#define PIPELINE_H

#include <gst/gst.h>
#include <mediaseal.h>
#include <stdbool.h>

#include "member.h"
#include "tap.h"

/* Most octets of a datagram; the payloaders' `mtu` is lower by PIPELINE_ROOM, for header and tag. */
enum { PIPELINE_DATAGRAM_MAX = MEDIASEAL_PACKET_MAX_LEN_DEFAULT, PIPELINE_ROOM = 40, PIPELINE_MTU = PIPELINE_DATAGRAM_MAX - PIPELINE_ROOM };

/* The test sources. Each frame of video bears its number. */
enum { PIPELINE_VIDEO_RATE = 30, PIPELINE_AUDIO_RATE = 48000, PIPELINE_AUDIO_HZ = 440, PIPELINE_MARK_WIDTH = 16, PIPELINE_MARK_BITS = 16 };

/* ---- sender.c: sources, encoders, payloaders, encryptors, socket ---- */

typedef struct sender sender;

typedef struct {
    guint frames;  /* of video that were made */
    guint packets; /* sent, all sealed */
    guint dropped; /* not sealed and so not sent */
    gsize longest; /* datagram, in octets */
} sender_counts;

/* Makes the sending side, which sends to `port` of this machine. `video` is "h264", "vp8" or "none". NULL if it failed, told on stderr. */
sender *sender_new(const member *from, const char *video, guint seconds, guint16 port, tap *tap);
GstElement *sender_pipeline(const sender *self);

/* Call it when the pipeline has told end-of-stream. */
sender_counts sender_result(const sender *self);
void sender_free(sender *self);

/* ---- receiver.c: socket, decryptor, depayloaders, decoders ---- */

typedef struct receiver receiver;

enum { RECEIVER_REASONS = 8 };

typedef struct {
    guint packets;    /* that came */
    guint opened;     /* and were handed on */
    guint frames;     /* of video that were decoded */
    guint recognised; /* that bore a number higher than the frame before */
    guint64 last_number;
    guint64 samples;   /* of audio that were decoded */
    guint64 crossings; /* of zero, in them */
    bool is_broken;   /* a status that asks for another reaction than dropping the packet or bringing a key */
    struct {
        mediaseal_status status;
        guint count;
    } refused[RECEIVER_REASONS]; /* why packets were refused */
} receiver_counts;

/* Makes the receiving side, which hears what `sender` sends to receiver_port. `show` plays it on the desktop. NULL if it failed, told on stderr. */
receiver *receiver_new(const member *to, const member *from, const char *video, bool show, tap *tap);
GstElement *receiver_pipeline(const receiver *self);
guint16 receiver_port(const receiver *self);

/* Takes what is still in the socket and then ends the stream: the pipeline's end-of-stream message follows. */
void receiver_finish(receiver *self);

/* Counts a frame whose number the pipeline's message tells. */
void receiver_recognise(receiver *self, const GstStructure *message);

/* Call it when the pipeline has told end-of-stream. */
receiver_counts receiver_result(const receiver *self);
void receiver_free(receiver *self);

#endif
