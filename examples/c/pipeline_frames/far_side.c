/*
 *   udpsrc -> jitter buffer -> rtpopusdepay [hook] -> opusdec
 *
 *   udpsrc -> jitter buffer -> rtph264depay [hook] -> openh264dec
 *
 * The wire ends at udpsrc: there the tap looks at each datagram, and some are lost if the command line says so.
 */
#include <gst/video/video.h>
#include <string.h>

#include "../try.h"
#include "sides.h"

/* Octets that a socket keeps: nothing is lost on this machine but on purpose. */
enum { SOCKET_ROOM = 1 << 20 };

static char *describe(const stream *video)
{
    bool is_h264 = strcmp(video->codec, "H264") == 0;
    GString *text = g_string_new(NULL);
    g_string_append_printf(text,
                           "udpsrc name=audio_in address=127.0.0.1 port=0 buffer-size=%d "
                           "caps=application/x-rtp,media=audio,encoding-name=OPUS,clock-rate=%d,payload=111 "
                           "! rtpjitterbuffer latency=100 do-lost=true ! rtpopusdepay name=audio_depayloader ! opusdec plc=true "
                           "! audioconvert ! audioresample ! audio/x-raw,format=S16LE,rate=%d,channels=1 "
                           "! identity name=samples signal-handoffs=true ! fakesink sync=false async=false ",
                           SOCKET_ROOM, AUDIO_RATE, AUDIO_RATE);
    g_string_append_printf(text,
                           "udpsrc name=video_in address=127.0.0.1 port=0 buffer-size=%d "
                           "caps=application/x-rtp,media=video,encoding-name=%s,clock-rate=90000,payload=96 "
                           "! rtpjitterbuffer latency=100 do-lost=true ! %s name=video_depayloader wait-for-keyframe=true request-keyframe=true ! %s "
                           "! identity name=frames signal-handoffs=true ! simplevideomarkdetect pattern-width=%d pattern-data-count=%d "
                           "! fakesink sync=false async=false",
                           SOCKET_ROOM, video->codec, is_h264 ? "rtph264depay" : "rtpvp8depay",
                           is_h264 ? "video/x-h264,stream-format=byte-stream,alignment=au ! h264parse ! openh264dec" : "vp8dec", MARK_WIDTH,
                           MARK_BITS);
    return g_string_free(text, FALSE);
}

/* A datagram comes from the wire, if it is not lost there, or somebody alters a bit in the middle of its payload. */
static GstPadProbeReturn take_datagram(GstPad *pad, GstPadProbeInfo *probe, gpointer data)
{
    (void)pad;
    far_side *self = data;
    GstMapInfo map;
    if (!gst_buffer_map(gst_pad_probe_info_get_buffer(probe), &map, GST_MAP_READWRITE))
        return GST_PAD_PROBE_DROP;
    tap_see(self->tap, map.data, map.size);
    g_atomic_int_add(&self->octets, (gint)map.size);
    bool is_lost = g_random_int_range(0, 100) < self->loss;
    if (is_lost) {
        g_atomic_int_inc(&self->lost);
    } else if (g_random_int_range(0, 100) < self->alter) {
        map.data[map.size / 2] ^= 0x10;
        g_atomic_int_inc(&self->altered);
    }
    gst_buffer_unmap(gst_pad_probe_info_get_buffer(probe), &map);
    return is_lost ? GST_PAD_PROBE_DROP : GST_PAD_PROBE_OK;
}

/* Depayloader and hook ask for key frames by an event. In a call that is RTCP's picture loss indication, which rtpbin makes of it. */
static GstPadProbeReturn ask_for_key_frame(GstPad *pad, GstPadProbeInfo *probe, gpointer data)
{
    (void)pad;
    far_side *self = data;
    if (gst_video_event_is_force_key_unit(gst_pad_probe_info_get_event(probe)))
        near_side_make_key_frame(self->near);
    return GST_PAD_PROBE_OK;
}

static void count_frame(GstElement *counter, GstBuffer *frame, gpointer data)
{
    (void)counter, (void)frame;
    ((far_side *)data)->frames++;
}

/* Counts samples and changes of sign: a tone of f Hz has 2 f a second, noise has ten thousands. */
static void count_samples(GstElement *counter, GstBuffer *buffer, gpointer data)
{
    (void)counter;
    far_side *self = data;
    GstMapInfo map;
    if (!gst_buffer_map(buffer, &map, GST_MAP_READ))
        return;
    const gint16 *samples = (const gint16 *)(gconstpointer)map.data;
    gsize count = map.size / sizeof samples[0];
    for (gsize at = 1; at < count; at++)
        self->crossings += (samples[at - 1] < 0) != (samples[at] < 0);
    self->samples += count;
    gst_buffer_unmap(buffer, &map);
}

void far_side_recognise(far_side *self, const GstStructure *message)
{
    gboolean is_marked = FALSE;
    guint64 number = 0;
    gst_structure_get(message, "have-pattern", G_TYPE_BOOLEAN, &is_marked, "data", G_TYPE_UINT64, &number, NULL);
    if (is_marked && number > self->last_number) {
        self->recognised++;
        self->resumed += number > self->last_number + 1;
    }
    self->last_number = number;
}

static GstElement *element(const far_side *self, const char *name)
{
    return gst_bin_get_by_name(GST_BIN(self->pipeline), name);
}

static void connect_counter(far_side *self, const char *name, GCallback counter)
{
    GstElement *identity = element(self, name);
    g_signal_connect(identity, "handoff", counter, self);
    gst_object_unref(identity);
}

static void add_probe(far_side *self, const char *name, GstPadProbeType type, GstPadProbeCallback callback)
{
    GstElement *source = element(self, name);
    GstPad *pad = gst_element_get_static_pad(source, "src");
    gst_pad_add_probe(pad, type, callback, self, NULL);
    gst_object_unref(pad);
    gst_object_unref(source);
}

static bool hook_stream(far_side *self, hook *hook, const char *name, const member *to, const stream *stream)
{
    GstElement *depayloader = element(self, name);
    bool is_hooked = hook_depayloader(hook, depayloader, to->channel, stream);
    gst_object_unref(depayloader);
    return is_hooked;
}

bool far_side_open(far_side *self, const member *to, const stream *audio, const stream *video, near_side *near, tap *tap)
{
    bool is_open = false;
    GError *error = NULL;
    char *description = describe(video);
    self->tap = tap;
    self->near = near;

    self->pipeline = gst_parse_launch(description, &error);
    EXPECT(error == NULL, error->message);
    if (!hook_stream(self, &self->audio, "audio_depayloader", to, audio) || !hook_stream(self, &self->video, "video_depayloader", to, video))
        goto done;
    add_probe(self, "audio_in", GST_PAD_PROBE_TYPE_BUFFER, take_datagram);
    add_probe(self, "video_in", GST_PAD_PROBE_TYPE_BUFFER, take_datagram);
    add_probe(self, "video_in", GST_PAD_PROBE_TYPE_EVENT_UPSTREAM, ask_for_key_frame);
    connect_counter(self, "samples", G_CALLBACK(count_samples));
    connect_counter(self, "frames", G_CALLBACK(count_frame));
    EXPECT(gst_element_set_state(self->pipeline, GST_STATE_READY) == GST_STATE_CHANGE_SUCCESS, "a socket or decoder cannot be opened");
    is_open = true;
done:
    g_clear_error(&error);
    g_free(description);
    return is_open;
}

void far_side_ports(const far_side *self, guint16 ports[2])
{
    static const char *const names[] = { "audio_in", "video_in" };
    for (guint index = 0; index < G_N_ELEMENTS(names); index++) {
        gint port;
        GstElement *source = element(self, names[index]);
        g_object_get(source, "port", &port, NULL);
        gst_object_unref(source);
        ports[index] = (guint16)port;
    }
}

void far_side_close(far_side *self)
{
    /* First its threads end, then what they use. */
    if (self->pipeline != NULL)
        gst_element_set_state(self->pipeline, GST_STATE_NULL);
    g_clear_object(&self->pipeline);
    hook_free(&self->audio);
    hook_free(&self->video);
}
