/*
 *   audiotestsrc -> opusenc -> rtpopuspay -> appsink -+
 *                                                     +-> seal the payload, RTP header in clear -> UDP
 *   videotestsrc -> x264enc -> rtph264pay -> appsink -+
 *
 * Each appsink has a thread of its own, and so an encryptor of its own: that is all there is to know about threads.
 */
#include <gio/gio.h>
#include <gst/app/app.h>
#include <gst/rtp/rtp.h>
#include <string.h>

#include "../try.h"
#include "pipeline.h"

typedef struct {
    sender *owner;
    mediaseal_encryptor *encryptor;
    guint packets, dropped;
    gsize longest;
} stream;

struct sender {
    GstElement *pipeline;
    GSocket *socket;
    tap *tap;
    stream audio, video;
    guint frames;
};

/* Seals the payload of one RTP packet and sends it. What cannot be sealed is dropped: there is no way on that sends it in clear. */
static void seal_and_send(stream *stream, GstBuffer *packet)
{
    sender *self = stream->owner;
    GstRTPBuffer rtp = GST_RTP_BUFFER_INIT;
    if (!gst_rtp_buffer_map(packet, GST_MAP_READ, &rtp)) {
        stream->dropped++;
        return;
    }
    /* The header has 12 octets, and more with CSRCs or an extension; all of it stays as it is, for relays to read. */
    guint8 datagram[PIPELINE_DATAGRAM_MAX];
    gsize header_len = gst_rtp_buffer_get_header_len(&rtp), payload_len = gst_rtp_buffer_get_payload_len(&rtp), sealed_len = 0;
    const guint8 *payload = gst_rtp_buffer_get_payload(&rtp);
    mediaseal_frame_info info = MEDIASEAL_FRAME_INFO_INIT;
    info.ssrc = gst_rtp_buffer_get_ssrc(&rtp);

    mediaseal_status status = MEDIASEAL_ERR_BUFFER_TOO_SMALL;
    if (header_len < sizeof datagram && gst_buffer_extract(packet, 0, datagram, header_len) == header_len) {
        datagram[0] &= (guint8)~0x20; /* The payload goes without padding, so the header must not announce any. */
        tap_expect(self->tap, payload, payload_len);
        status = mediaseal_encryptor_encrypt(stream->encryptor, &info, payload, payload_len, datagram + header_len,
                                             sizeof datagram - header_len, &sealed_len);
    }
    gst_rtp_buffer_unmap(&rtp);

    if (status != MEDIASEAL_OK) {
        stream->dropped++;
        g_printerr("a packet is dropped: %s\n", mediaseal_status_text(status));
        return;
    }
    gsize len = header_len + sealed_len;
    if (g_socket_send(self->socket, (const gchar *)datagram, len, NULL, NULL) != (gssize)len) {
        stream->dropped++;
        return;
    }
    stream->packets++;
    stream->longest = MAX(stream->longest, len);
}

static GstFlowReturn take_packet(GstAppSink *sink, gpointer data)
{
    GstSample *sample = gst_app_sink_pull_sample(sink);
    if (sample == NULL)
        return GST_FLOW_EOS;
    seal_and_send(data, gst_sample_get_buffer(sample));
    gst_sample_unref(sample);
    return GST_FLOW_OK;
}

/* Gives each frame its number, as black and white marks that a codec leaves legible. */
static GstPadProbeReturn number_frame(GstPad *pad, GstPadProbeInfo *info, gpointer data)
{
    (void)info;
    sender *self = data;
    guint64 number = ++self->frames;
    GstElement *mark = gst_pad_get_parent_element(pad);
    g_object_set(mark, "pattern-data", number & ((1u << PIPELINE_MARK_BITS) - 1), NULL);
    gst_object_unref(mark);
    return GST_PAD_PROBE_OK;
}

static char *describe(const char *video, guint seconds)
{
    GString *text = g_string_new(NULL);
    g_string_append_printf(text,
                           "audiotestsrc is-live=true wave=sine freq=%d samplesperbuffer=%d num-buffers=%u "
                           "! audio/x-raw,rate=%d,channels=1 ! opusenc ! rtpopuspay pt=111 mtu=%d ! appsink name=audio sync=false ",
                           PIPELINE_AUDIO_HZ, PIPELINE_AUDIO_RATE / 100, seconds * 100, PIPELINE_AUDIO_RATE, PIPELINE_MTU);
    if (strcmp(video, "none") == 0)
        return g_string_free(text, FALSE);

    g_string_append_printf(text,
                           "videotestsrc is-live=true pattern=ball num-buffers=%u "
                           "! video/x-raw,format=I420,width=640,height=360,framerate=%d/1 "
                           "! simplevideomark name=mark pattern-width=%d pattern-data-count=%d ! queue ! ",
                           seconds * PIPELINE_VIDEO_RATE, PIPELINE_VIDEO_RATE, PIPELINE_MARK_WIDTH, PIPELINE_MARK_BITS);
    if (strcmp(video, "h264") == 0)
        g_string_append_printf(text,
                               "x264enc tune=zerolatency speed-preset=ultrafast key-int-max=%d bitrate=1500 "
                               "! video/x-h264,profile=constrained-baseline ! rtph264pay pt=96 mtu=%d config-interval=-1 ",
                               PIPELINE_VIDEO_RATE, PIPELINE_MTU);
    else
        g_string_append_printf(text, "vp8enc deadline=1 keyframe-max-dist=%d target-bitrate=1500000 ! rtpvp8pay pt=96 mtu=%d ",
                               PIPELINE_VIDEO_RATE, PIPELINE_MTU);
    g_string_append(text, "! appsink name=video sync=false");
    return g_string_free(text, FALSE);
}

/* Makes the encryptor of one appsink and connects them. */
static bool connect_stream(sender *self, stream *stream, const char *name, const member *from, uint32_t media)
{
    bool is_connected = false;
    GstElement *sink = gst_bin_get_by_name(GST_BIN(self->pipeline), name);
    mediaseal_encryptor_config config = MEDIASEAL_ENCRYPTOR_CONFIG_INIT;
    config.mode = MEDIASEAL_MODE_PACKET;
    config.media = media;
    config.sender = (const uint8_t *)from->name;
    config.sender_len = strlen(from->name);
    TRY(mediaseal_encryptor_new_for_channel(from->channel, &config, &stream->encryptor));

    stream->owner = self;
    GstAppSinkCallbacks callbacks = { .new_sample = take_packet };
    gst_app_sink_set_callbacks(GST_APP_SINK(sink), &callbacks, stream, NULL);
    is_connected = true;
done:
    gst_object_unref(sink);
    return is_connected;
}

sender *sender_new(const member *from, const char *video, guint seconds, guint16 port, tap *tap)
{
    bool is_made = false;
    sender *self = g_new0(sender, 1);
    GError *error = NULL;
    char *description = describe(video, seconds);
    GInetAddress *here = g_inet_address_new_loopback(G_SOCKET_FAMILY_IPV4);
    GSocketAddress *far_side = g_inet_socket_address_new(here, port);
    self->tap = tap;

    self->pipeline = gst_parse_launch(description, &error);
    EXPECT(error == NULL, error->message);
    self->socket = g_socket_new(G_SOCKET_FAMILY_IPV4, G_SOCKET_TYPE_DATAGRAM, G_SOCKET_PROTOCOL_UDP, &error);
    EXPECT(error == NULL, error->message);
    EXPECT(g_socket_connect(self->socket, far_side, NULL, &error), error->message);
    if (!connect_stream(self, &self->audio, "audio", from, MEDIASEAL_MEDIA_AUDIO))
        goto done;

    GstElement *mark = gst_bin_get_by_name(GST_BIN(self->pipeline), "mark");
    if (mark != NULL) {
        GstPad *pad = gst_element_get_static_pad(mark, "sink");
        gst_pad_add_probe(pad, GST_PAD_PROBE_TYPE_BUFFER, number_frame, self, NULL);
        gst_object_unref(pad);
        gst_object_unref(mark);
        if (!connect_stream(self, &self->video, "video", from, MEDIASEAL_MEDIA_VIDEO))
            goto done;
    }
    is_made = true;
done:
    g_clear_error(&error);
    g_free(description);
    g_object_unref(here);
    g_object_unref(far_side);
    if (is_made)
        return self;
    sender_free(self);
    return NULL;
}

GstElement *sender_pipeline(const sender *self)
{
    return self->pipeline;
}

sender_counts sender_result(const sender *self)
{
    return (sender_counts){ .frames = self->frames,
                            .packets = self->audio.packets + self->video.packets,
                            .dropped = self->audio.dropped + self->video.dropped,
                            .longest = MAX(self->audio.longest, self->video.longest) };
}

void sender_free(sender *self)
{
    if (self == NULL)
        return;
    /* First its threads end, then what they use. */
    if (self->pipeline != NULL)
        gst_element_set_state(self->pipeline, GST_STATE_NULL);
    g_clear_object(&self->pipeline);
    g_clear_object(&self->socket);
    mediaseal_encryptor_free(self->audio.encryptor);
    mediaseal_encryptor_free(self->video.encryptor);
    g_free(self);
}
