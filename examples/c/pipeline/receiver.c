/*
 *                                    +-> appsrc -> jitter buffer -> rtpopusdepay -> opusdec
 *   UDP -> open the payload in place +
 *                                    +-> appsrc -> jitter buffer -> rtph264depay -> openh264dec
 *
 * One thread takes everything from the socket, with one decryptor. What does not open never reaches a decoder: silence, not noise.
 */
#include <gio/gio.h>
#include <gst/app/app.h>
#include <gst/rtp/rtp.h>
#include <string.h>

#include "../try.h"
#include "pipeline.h"

enum { LONGEST_DATAGRAM = 2048, QUIET_USEC = 200000 };

struct receiver {
    GstElement *pipeline;
    GstAppSrc *audio, *video;
    GSocket *socket;
    guint16 port;
    mediaseal_decryptor *decryptor;
    tap *tap;
    GThread *thread;
    gint is_finishing; /* atomic */
    receiver_counts counts; /* each field is written by one thread */
};

static void count_refusal(receiver *self, mediaseal_status status)
{
    uint32_t reaction = mediaseal_status_class(status);
    if (reaction != MEDIASEAL_CLASS_DROP_THE_PACKET && reaction != MEDIASEAL_CLASS_FETCH_A_KEY)
        self->counts.is_broken = true;
    for (guint index = 0; index < RECEIVER_REASONS; index++) {
        if (self->counts.refused[index].count == 0)
            self->counts.refused[index].status = status;
        if (self->counts.refused[index].status == status) {
            self->counts.refused[index].count++;
            return;
        }
    }
    self->counts.is_broken = true; /* more reasons than a healthy or a wrong key can give */
}

/* Opens the payload of `packet` where it lies. Returns where the packet goes on, or NULL if it was refused. */
static GstAppSrc *open_packet(receiver *self, GstBuffer *packet)
{
    GstRTPBuffer rtp = GST_RTP_BUFFER_INIT;
    if (!gst_rtp_buffer_map(packet, GST_MAP_READWRITE, &rtp))
        return NULL; /* not RTP */
    gsize header_len = gst_rtp_buffer_get_header_len(&rtp), len = gst_rtp_buffer_get_payload_len(&rtp), opened_len;
    guint8 *payload = gst_rtp_buffer_get_payload(&rtp);
    mediaseal_opened opened = MEDIASEAL_OPENED_INIT;
    mediaseal_frame_info info = MEDIASEAL_FRAME_INFO_INIT;
    info.ssrc = gst_rtp_buffer_get_ssrc(&rtp);
    mediaseal_status status = mediaseal_decryptor_decrypt(self->decryptor, &info, payload, len, payload, len, &opened_len, &opened);
    gst_rtp_buffer_set_padding(&rtp, FALSE); /* What stood behind the payload is not authenticated, and cut off below. */
    gst_rtp_buffer_unmap(&rtp);
    if (status != MEDIASEAL_OK) {
        count_refusal(self, status);
        return NULL;
    }
    gst_buffer_set_size(packet, (gssize)(header_len + opened_len));
    /* What a packet carries is authenticated; its payload type is not. */
    return opened.media == MEDIASEAL_MEDIA_AUDIO ? self->audio : self->video;
}

/* The thread that hears the socket. */
static gpointer receive(gpointer data)
{
    receiver *self = data;
    guint8 datagram[LONGEST_DATAGRAM];
    for (;;) {
        if (!g_socket_condition_timed_wait(self->socket, G_IO_IN, QUIET_USEC, NULL, NULL)) {
            if (g_atomic_int_get(&self->is_finishing))
                break;
            continue;
        }
        gssize len = g_socket_receive(self->socket, (gchar *)datagram, sizeof datagram, NULL, NULL);
        if (len <= 0)
            continue;
        self->counts.packets++;
        tap_see(self->tap, datagram, (gsize)len);
        GstBuffer *packet = gst_buffer_new_memdup(datagram, (gsize)len);
        GstAppSrc *next = open_packet(self, packet);
        if (next == NULL) {
            gst_buffer_unref(packet);
            continue;
        }
        self->counts.opened++;
        gst_app_src_push_buffer(next, packet); /* takes the packet over */
    }
    gst_app_src_end_of_stream(self->audio);
    if (self->video != NULL)
        gst_app_src_end_of_stream(self->video);
    return NULL;
}

static void count_frame(GstElement *counter, GstBuffer *frame, gpointer data)
{
    (void)counter, (void)frame;
    ((receiver *)data)->counts.frames++;
}

/* Counts samples and changes of sign: a tone of f Hz has 2 f a second, noise has ten thousands. */
static void count_samples(GstElement *counter, GstBuffer *buffer, gpointer data)
{
    (void)counter;
    receiver *self = data;
    GstMapInfo map;
    if (!gst_buffer_map(buffer, &map, GST_MAP_READ))
        return;
    const gint16 *samples = (const gint16 *)(gconstpointer)map.data;
    gsize count = map.size / sizeof samples[0];
    for (gsize at = 1; at < count; at++)
        self->counts.crossings += (samples[at - 1] < 0) != (samples[at] < 0);
    self->counts.samples += count;
    gst_buffer_unmap(buffer, &map);
}

void receiver_recognise(receiver *self, const GstStructure *message)
{
    gboolean is_marked = FALSE;
    guint64 number = 0;
    gst_structure_get(message, "have-pattern", G_TYPE_BOOLEAN, &is_marked, "data", G_TYPE_UINT64, &number, NULL);
    if (is_marked && number > self->counts.last_number)
        self->counts.recognised++;
    self->counts.last_number = number;
}

static char *describe(const char *video, bool show)
{
    GString *text = g_string_new(NULL);
    g_string_append_printf(text,
                           "appsrc name=audio is-live=true format=time do-timestamp=true "
                           "caps=application/x-rtp,media=audio,encoding-name=OPUS,clock-rate=%d,payload=111 "
                           "! rtpjitterbuffer latency=100 ! rtpopusdepay ! opusdec ! audioconvert ! audioresample "
                           "! audio/x-raw,format=S16LE,rate=%d,channels=1 ! identity name=samples signal-handoffs=true ! %s ",
                           PIPELINE_AUDIO_RATE, PIPELINE_AUDIO_RATE,
                           show ? "queue ! audioconvert ! autoaudiosink" : "fakesink sync=false async=false");
    if (strcmp(video, "none") == 0)
        return g_string_free(text, FALSE);
    bool is_h264 = strcmp(video, "h264") == 0;
    g_string_append_printf(text,
                           "appsrc name=video is-live=true format=time do-timestamp=true "
                           "caps=application/x-rtp,media=video,encoding-name=%s,clock-rate=90000,payload=96 "
                           "! rtpjitterbuffer latency=100 ! %s ! identity name=frames signal-handoffs=true "
                           "! simplevideomarkdetect pattern-width=%d pattern-data-count=%d ! %s",
                           is_h264 ? "H264" : "VP8", is_h264 ? "rtph264depay ! video/x-h264,stream-format=avc,alignment=au ! h264parse ! openh264dec" : "rtpvp8depay ! vp8dec",
                           PIPELINE_MARK_WIDTH, PIPELINE_MARK_BITS,
                           show ? "queue ! videoconvert ! autovideosink" : "fakesink sync=false async=false");
    return g_string_free(text, FALSE);
}

static void connect_counter(receiver *self, const char *name, GCallback counter)
{
    GstElement *element = gst_bin_get_by_name(GST_BIN(self->pipeline), name);
    if (element == NULL)
        return;
    g_signal_connect(element, "handoff", counter, self);
    gst_object_unref(element);
}

receiver *receiver_new(const member *to, const member *from, const char *video, bool show, tap *tap)
{
    bool is_made = false;
    receiver *self = g_new0(receiver, 1);
    GError *error = NULL;
    char *description = describe(video, show);
    GInetAddress *here = g_inet_address_new_loopback(G_SOCKET_FAMILY_IPV4);
    GSocketAddress *any_port = g_inet_socket_address_new(here, 0), *bound = NULL;
    self->tap = tap;

    const uint8_t *name = (const uint8_t *)from->name;
    mediaseal_expected expected[] = { { name, strlen(from->name), MEDIASEAL_MEDIA_AUDIO, 0 },
                                      { name, strlen(from->name), MEDIASEAL_MEDIA_VIDEO, 0 } };
    mediaseal_decryptor_config config = MEDIASEAL_DECRYPTOR_CONFIG_INIT;
    config.mode = MEDIASEAL_MODE_PACKET;
    config.expected = expected;
    config.expected_count = strcmp(video, "none") == 0 ? 1 : 2;
    TRY(mediaseal_decryptor_new_for_channel(to->channel, &config, &self->decryptor));

    self->pipeline = gst_parse_launch(description, &error);
    EXPECT(error == NULL, error->message);
    self->audio = GST_APP_SRC(gst_bin_get_by_name(GST_BIN(self->pipeline), "audio"));
    self->video = (GstAppSrc *)gst_bin_get_by_name(GST_BIN(self->pipeline), "video");
    connect_counter(self, "samples", G_CALLBACK(count_samples));
    connect_counter(self, "frames", G_CALLBACK(count_frame));

    self->socket = g_socket_new(G_SOCKET_FAMILY_IPV4, G_SOCKET_TYPE_DATAGRAM, G_SOCKET_PROTOCOL_UDP, &error);
    EXPECT(error == NULL, error->message);
    EXPECT(g_socket_bind(self->socket, any_port, FALSE, &error), error->message);
    bound = g_socket_get_local_address(self->socket, &error);
    EXPECT(error == NULL, error->message);
    self->port = g_inet_socket_address_get_port(G_INET_SOCKET_ADDRESS(bound));
    self->thread = g_thread_new("receive", receive, self);
    is_made = true;
done:
    g_clear_error(&error);
    g_clear_object(&bound);
    g_free(description);
    g_object_unref(here);
    g_object_unref(any_port);
    if (is_made)
        return self;
    receiver_free(self);
    return NULL;
}

GstElement *receiver_pipeline(const receiver *self)
{
    return self->pipeline;
}

guint16 receiver_port(const receiver *self)
{
    return self->port;
}

void receiver_finish(receiver *self)
{
    g_atomic_int_set(&self->is_finishing, 1);
}

receiver_counts receiver_result(const receiver *self)
{
    return self->counts;
}

void receiver_free(receiver *self)
{
    if (self == NULL)
        return;
    /* First its threads end, then what they use. */
    receiver_finish(self);
    if (self->thread != NULL)
        g_thread_join(self->thread);
    if (self->pipeline != NULL)
        gst_element_set_state(self->pipeline, GST_STATE_NULL);
    g_clear_object(&self->audio);
    g_clear_object(&self->video);
    g_clear_object(&self->pipeline);
    g_clear_object(&self->socket);
    mediaseal_decryptor_free(self->decryptor);
    g_free(self);
}
