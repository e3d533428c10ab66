/*
 *   audiotestsrc -> opusenc -> [hook] rtpopuspay -> udpsink
 *
 *   videotestsrc -> x264enc -> [hook] rtph264pay -> udpsink
 */
#include <gst/video/video.h>
#include <string.h>

#include "../try.h"
#include "sides.h"

/* How long a key frame that was asked for does for others who ask, in nanoseconds. */
enum { KEY_FRAME_NSEC = 200000000 };

/* The picture moves everywhere, so that frames take several packets. */
static char *describe(const stream *audio, const stream *video, guint seconds, const guint16 ports[2])
{
    GString *text = g_string_new(NULL);
    g_string_append_printf(text,
                           "audiotestsrc is-live=true wave=sine freq=%d samplesperbuffer=%d num-buffers=%u "
                           "! audio/x-raw,rate=%d,channels=1 ! opusenc name=audio_encoder "
                           "! rtpopuspay name=audio_payloader pt=111 ssrc=%u ! udpsink name=audio_out host=127.0.0.1 port=%d sync=false async=false ",
                           AUDIO_HZ, AUDIO_RATE / 100, seconds * 100, AUDIO_RATE, audio->ssrc, ports[0]);
    g_string_append_printf(text,
                           "videotestsrc is-live=true pattern=zone-plate kx2=20 ky2=20 kt=2 num-buffers=%u "
                           "! video/x-raw,format=I420,width=640,height=360,framerate=%d/1 "
                           "! simplevideomark name=mark pattern-width=%d pattern-data-count=%d ! queue ! ",
                           seconds * VIDEO_RATE, VIDEO_RATE, MARK_WIDTH, MARK_BITS);
    if (strcmp(video->codec, "H264") == 0)
        g_string_append_printf(text,
                               "x264enc name=video_encoder min-force-key-unit-interval=%d tune=zerolatency speed-preset=ultrafast key-int-max=%d bitrate=1500 "
                               "! video/x-h264,profile=constrained-baseline,stream-format=byte-stream,alignment=au ! rtph264pay config-interval=-1 ",
                               KEY_FRAME_NSEC, VIDEO_RATE);
    else
        g_string_append_printf(text,
                               "vp8enc name=video_encoder min-force-key-unit-interval=%d deadline=1 keyframe-max-dist=%d target-bitrate=1500000 "
                               "! rtpvp8pay ",
                               KEY_FRAME_NSEC, VIDEO_RATE);
    g_string_append_printf(text, "name=video_payloader pt=96 ssrc=%u ! udpsink name=video_out host=127.0.0.1 port=%d sync=false async=false",
                           video->ssrc, ports[1]);
    return g_string_free(text, FALSE);
}

/* Gives each frame its number, as black and white marks that a codec leaves legible. */
static GstPadProbeReturn number_frame(GstPad *pad, GstPadProbeInfo *probe, gpointer data)
{
    (void)probe;
    near_side *self = data;
    guint64 number = ++self->frames;
    GstElement *mark = gst_pad_get_parent_element(pad);
    g_object_set(mark, "pattern-data", number & ((1u << MARK_BITS) - 1), NULL);
    gst_object_unref(mark);
    return GST_PAD_PROBE_OK;
}

/* Tells the tap which octets of a frame it must not see. Of VP8 and Opus, what is shown is shorter than what it looks for. */
static GstPadProbeReturn expect_frame(GstPad *pad, GstPadProbeInfo *probe, gpointer data)
{
    (void)pad;
    near_side *self = data;
    GstMapInfo map;
    if (!gst_buffer_map(gst_pad_probe_info_get_buffer(probe), &map, GST_MAP_READ))
        return GST_PAD_PROBE_DROP;
    tap_expect(self->tap, map.data, map.size);
    gst_buffer_unmap(gst_pad_probe_info_get_buffer(probe), &map);
    return GST_PAD_PROBE_OK;
}

/* Returns where the next start code is, or the end. */
static gsize start_code(const GstMapInfo *map, gsize at)
{
    for (; at + 3 <= map->size; at++)
        if (map->data[at] == 0 && map->data[at + 1] == 0 && map->data[at + 2] == 1)
            return at;
    return map->size;
}

/* The same for H.264, NAL unit by NAL unit: parameter sets (types 7, 8, 13 and 15) are shown; of slices less than what the tap looks for. */
static GstPadProbeReturn expect_nal_units(GstPad *pad, GstPadProbeInfo *probe, gpointer data)
{
    (void)pad;
    near_side *self = data;
    GstMapInfo map;
    if (!gst_buffer_map(gst_pad_probe_info_get_buffer(probe), &map, GST_MAP_READ))
        return GST_PAD_PROBE_DROP;
    for (gsize at = start_code(&map, 0); at + 3 < map.size;) {
        gsize begin = at + 3, type = map.data[begin] & 0x1F;
        at = start_code(&map, begin);
        if (type == 7 || type == 8 || type == 13 || type == 15)
            tap_expect_shown(self->tap, map.data + begin, at - begin);
        else
            tap_expect(self->tap, map.data + begin, at - begin);
    }
    gst_buffer_unmap(gst_pad_probe_info_get_buffer(probe), &map);
    return GST_PAD_PROBE_OK;
}

static void add_probe(near_side *self, const char *element, const char *name, GstPadProbeCallback callback)
{
    GstElement *found = gst_bin_get_by_name(GST_BIN(self->pipeline), element);
    GstPad *pad = gst_element_get_static_pad(found, name);
    gst_pad_add_probe(pad, GST_PAD_PROBE_TYPE_BUFFER, callback, self, NULL);
    gst_object_unref(pad);
    gst_object_unref(found);
}

static bool hook_stream(near_side *self, hook *hook, const char *name, const member *from, const stream *stream)
{
    GstElement *payloader = gst_bin_get_by_name(GST_BIN(self->pipeline), name);
    bool is_hooked = hook_payloader(hook, payloader, from->channel, stream);
    gst_object_unref(payloader);
    return is_hooked;
}

bool near_side_open(near_side *self, const member *from, const stream *audio, const stream *video, guint seconds, const guint16 ports[2], tap *tap)
{
    bool is_open = false;
    GError *error = NULL;
    char *description = describe(audio, video, seconds, ports);
    self->tap = tap;

    self->pipeline = gst_parse_launch(description, &error);
    EXPECT(error == NULL, error->message);
    if (!hook_stream(self, &self->audio, "audio_payloader", from, audio) || !hook_stream(self, &self->video, "video_payloader", from, video))
        goto done;
    add_probe(self, "mark", "sink", number_frame);
    add_probe(self, "audio_encoder", "src", expect_frame);
    add_probe(self, "video_encoder", "src", strcmp(video->codec, "H264") == 0 ? expect_nal_units : expect_frame);
    is_open = true;
done:
    g_clear_error(&error);
    g_free(description);
    return is_open;
}

guint64 near_side_sent(const near_side *self)
{
    guint64 total = 0;
    static const char *const names[] = { "audio_out", "video_out" };
    for (guint index = 0; index < G_N_ELEMENTS(names); index++) {
        guint64 octets;
        GstElement *out = gst_bin_get_by_name(GST_BIN(self->pipeline), names[index]);
        g_object_get(out, "bytes-served", &octets, NULL);
        gst_object_unref(out);
        total += octets;
    }
    return total;
}

void near_side_make_key_frame(near_side *self)
{
    GstElement *encoder = gst_bin_get_by_name(GST_BIN(self->pipeline), "video_encoder");
    g_atomic_int_inc(&self->key_requests);
    gst_element_send_event(encoder, gst_video_event_new_upstream_force_key_unit(GST_CLOCK_TIME_NONE, TRUE, 0));
    gst_object_unref(encoder);
}

void near_side_close(near_side *self)
{
    /* First its threads end, then what they use. */
    if (self->pipeline != NULL)
        gst_element_set_state(self->pipeline, GST_STATE_NULL);
    g_clear_object(&self->pipeline);
    hook_free(&self->audio);
    hook_free(&self->video);
}
