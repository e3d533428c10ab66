/*
 *   encoder -> [seal_frame] -> payloader -> network -> jitter buffer -> depayloader -> [open_frame] -> decoder
 *
 * The frames are codec-aware: payloaders and depayloaders, and relays between them, handle the sealed frame as one of its codec.
 */
#include "hooks.h"

#include <gst/video/video.h>
#include <string.h>

#include "../try.h"

/* Between two requests for a key frame, in microseconds. */
enum { SHORTEST_PAUSE = 250000, LONGEST_PAUSE = 8000000 };

static void count_refusal(hook *self, mediaseal_status status)
{
    for (guint index = 0; index < HOOK_REASONS; index++) {
        if (self->refused[index].count == 0)
            self->refused[index].status = status;
        if (self->refused[index].status == status) {
            self->refused[index].count++;
            return;
        }
    }
}

/* Lists of buffers come to the hooks too, so that none goes around them. Elements with whole frames make none; it is dropped. */
static GstBuffer *frame_of(GstPadProbeInfo *probe)
{
    return probe->type & GST_PAD_PROBE_TYPE_BUFFER ? GST_PAD_PROBE_INFO_BUFFER(probe) : NULL;
}

/* Seals `frame`. Returns a buffer of its own for the result, with the frame's times and flags, or NULL if it was refused. */
static GstBuffer *sealed_copy(hook *self, GstBuffer *frame)
{
    GstBuffer *sealed = NULL;
    GstMapInfo in, out;
    size_t bound, len = 0;
    mediaseal_frame_info info = MEDIASEAL_FRAME_INFO_INIT;
    info.ssrc = self->ssrc;

    if (!gst_buffer_map(frame, &in, GST_MAP_READ))
        return NULL;
    mediaseal_status status = mediaseal_encryptor_bound(self->encryptor, in.size, &bound);
    if (status == MEDIASEAL_OK) {
        sealed = gst_buffer_new_allocate(NULL, bound, NULL);
        gst_buffer_copy_into(sealed, frame, GST_BUFFER_COPY_METADATA, 0, -1);
        gst_buffer_map(sealed, &out, GST_MAP_WRITE);
        status = mediaseal_encryptor_encrypt(self->encryptor, &info, in.data, in.size, out.data, out.size, &len);
        gst_buffer_unmap(sealed, &out);
        gst_buffer_set_size(sealed, (gssize)len);
    }
    gst_buffer_unmap(frame, &in);
    if (status != MEDIASEAL_OK) {
        count_refusal(self, status);
        gst_clear_buffer(&sealed);
    }
    return sealed;
}

/* Opens `frame`, likewise. */
static GstBuffer *opened_copy(hook *self, GstBuffer *frame)
{
    GstMapInfo in, out;
    size_t len = 0;
    mediaseal_frame_info info = MEDIASEAL_FRAME_INFO_INIT;
    info.ssrc = self->ssrc;

    if (!gst_buffer_map(frame, &in, GST_MAP_READ))
        return NULL;
    GstBuffer *opened = gst_buffer_new_allocate(NULL, in.size, NULL); /* a frame is never longer than it was sealed */
    gst_buffer_copy_into(opened, frame, GST_BUFFER_COPY_METADATA, 0, -1);
    gst_buffer_map(opened, &out, GST_MAP_WRITE);
    mediaseal_status status = mediaseal_decryptor_decrypt(self->decryptor, &info, in.data, in.size, out.data, out.size, &len, NULL);
    gst_buffer_unmap(opened, &out);
    gst_buffer_set_size(opened, (gssize)len);
    gst_buffer_unmap(frame, &in);
    if (status != MEDIASEAL_OK) {
        count_refusal(self, status);
        gst_clear_buffer(&opened);
    }
    return opened;
}

/* In front of the payloader. What cannot be sealed is dropped: there is no way on that sends it in clear. */
static GstPadProbeReturn seal_frame(GstPad *pad, GstPadProbeInfo *probe, gpointer data)
{
    (void)pad;
    hook *self = data;
    self->frames++;
    GstBuffer *frame = frame_of(probe), *sealed = frame == NULL ? NULL : sealed_copy(self, frame);
    if (sealed == NULL)
        return GST_PAD_PROBE_DROP;
    self->passed++;
    gst_buffer_unref(frame);
    GST_PAD_PROBE_INFO_DATA(probe) = sealed;
    return GST_PAD_PROBE_OK;
}

/* Tells the decoder of a frame that does not come, as depayloaders do of lost packets, so that it can conceal it. */
static void tell_gap(const hook *self, GstPad *pad, GstBuffer *frame)
{
    if (self->passed > 0 && frame != NULL && GST_BUFFER_PTS_IS_VALID(frame))
        gst_pad_push_event(pad, gst_event_new_gap(GST_BUFFER_PTS(frame), GST_BUFFER_DURATION(frame)));
}

/* Asks upstream, as depayloaders do after a loss; less and less often, so that who has no key does not make all frames key frames. */
static void ask_for_key_frame(hook *self, GstPad *pad)
{
    gint64 now = g_get_monotonic_time();
    if (now < self->next_request)
        return;
    self->pause = CLAMP(2 * self->pause, SHORTEST_PAUSE, LONGEST_PAUSE);
    self->next_request = now + self->pause;
    gst_pad_send_event(pad, gst_video_event_new_upstream_force_key_unit(GST_CLOCK_TIME_NONE, TRUE, 0));
}

/* Behind the depayloader. What does not open never reaches the decoder, nor what refers to it: silence and a still picture, not noise. */
static GstPadProbeReturn open_frame(GstPad *pad, GstPadProbeInfo *probe, gpointer data)
{
    hook *self = data;
    self->frames++;
    GstBuffer *frame = frame_of(probe), *opened = frame == NULL ? NULL : opened_copy(self, frame);
    if (opened == NULL) {
        self->is_waiting = true;
        tell_gap(self, pad, frame);
    }
    /* The depayloader sees which frames are key frames, though it cannot read them. */
    if (self->is_waiting && (opened == NULL || GST_BUFFER_FLAG_IS_SET(opened, GST_BUFFER_FLAG_DELTA_UNIT))) {
        self->skipped += opened != NULL;
        gst_clear_buffer(&opened);
        ask_for_key_frame(self, pad);
        return GST_PAD_PROBE_DROP;
    }
    self->is_waiting = false;
    self->pause = 0;
    self->passed++;
    gst_buffer_unref(frame);
    GST_PAD_PROBE_INFO_DATA(probe) = opened;
    return GST_PAD_PROBE_OK;
}

static void add_probe(GstElement *element, const char *name, GstPadProbeCallback callback, hook *self)
{
    GstPad *pad = gst_element_get_static_pad(element, name);
    gst_pad_add_probe(pad, GST_PAD_PROBE_TYPE_BUFFER | GST_PAD_PROBE_TYPE_BUFFER_LIST, callback, self, NULL);
    gst_object_unref(pad);
}

bool hook_payloader(hook *self, GstElement *payloader, const mediaseal_channel *channel, const stream *stream)
{
    bool is_hooked = false;
    uint32_t codec;
    mediaseal_encryptor_config config = MEDIASEAL_ENCRYPTOR_CONFIG_INIT;
    config.media = stream->media;
    config.sender = (const uint8_t *)stream->sender;
    config.sender_len = strlen(stream->sender);
    self->ssrc = stream->ssrc;

    TRY(mediaseal_encryptor_new_for_channel(channel, &config, &self->encryptor));
    TRY(mediaseal_codec_from_name(stream->codec, &codec));
    TRY(mediaseal_encryptor_set_codec(self->encryptor, self->ssrc, codec, MEDIASEAL_NAL_ANNEX_B));
    add_probe(payloader, "sink", seal_frame, self);
    is_hooked = true;
done:
    return is_hooked;
}

bool hook_depayloader(hook *self, GstElement *depayloader, const mediaseal_channel *channel, const stream *stream)
{
    bool is_hooked = false;
    uint32_t codec;
    mediaseal_expected expected = { (const uint8_t *)stream->sender, strlen(stream->sender), stream->media, 0 };
    mediaseal_decryptor_config config = MEDIASEAL_DECRYPTOR_CONFIG_INIT;
    config.expected = &expected;
    config.expected_count = 1;
    self->ssrc = stream->ssrc;

    TRY(mediaseal_decryptor_new_for_channel(channel, &config, &self->decryptor));
    TRY(mediaseal_codec_from_name(stream->codec, &codec));
    TRY(mediaseal_decryptor_set_codec(self->decryptor, self->ssrc, codec, MEDIASEAL_NAL_ANNEX_B));
    add_probe(depayloader, "src", open_frame, self);
    is_hooked = true;
done:
    return is_hooked;
}

void hook_free(hook *self)
{
    mediaseal_encryptor_free(self->encryptor);
    mediaseal_decryptor_free(self->decryptor);
}
