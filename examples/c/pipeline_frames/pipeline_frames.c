/*
 * A call from capture to playback with GStreamer: each encoded frame of audio and video is encrypted in front of its payloader, as a
 * codec-aware frame, and decrypted behind its depayloader; RTP, jitter buffer and relays are as without. With the wrong key the far side
 * stays silent and says why; frames that the network loses do not stop the others.
 *
 * Begin with hooks.c: there is all that an application adds to its own pipeline. ../README.md has the command line, and says when to
 * encrypt packets instead.
 */
#include <stdlib.h>
#include <string.h>

#include "../try.h"
#include "sides.h"

/* How long the far side may take to finish, in seconds, and how often is looked whether all has come, in milliseconds. */
enum { PATIENCE = 15, LOOK_MSEC = 50 };

typedef struct {
    gint seconds, loss, alter;
    char *video;
    gboolean is_wrong_key;
} options;

typedef struct {
    member alice, bob;
    near_side near;
    far_side far;
    GMainLoop *loop;
    bool is_finished, has_failed;
} call;

static bool parse(int argc, char **argv, options *options)
{
    GOptionEntry entries[] = {
        { "seconds", 0, 0, G_OPTION_ARG_INT, &options->seconds, "how long the call lasts [5]", "N" },
        { "video", 0, 0, G_OPTION_ARG_STRING, &options->video, "h264 or vp8 [h264]", "CODEC" },
        { "loss", 0, 0, G_OPTION_ARG_INT, &options->loss, "lose so many percent of the datagrams [0]", "N" },
        { "alter", 0, 0, G_OPTION_ARG_INT, &options->alter, "alter so many percent of them [0]", "N" },
        { "wrong-key", 0, 0, G_OPTION_ARG_NONE, &options->is_wrong_key, "give the receiver another key", NULL },
        { NULL, 0, 0, G_OPTION_ARG_NONE, NULL, NULL, NULL },
    };
    GError *error = NULL;
    GOptionContext *context = g_option_context_new("- an encrypted call from capture to playback, frame by frame");
    g_option_context_add_main_entries(context, entries, NULL);
    g_option_context_add_group(context, gst_init_get_option_group());
    bool is_good = g_option_context_parse(context, &argc, &argv, &error);
    g_option_context_free(context);
    if (!is_good) {
        g_printerr("pipeline_frames: %s\n", error->message);
        g_error_free(error);
    } else if (argc > 1) {
        g_printerr("pipeline_frames: unexpected %s\n", argv[1]);
        is_good = false;
    } else if (options->seconds < 1 || options->seconds > 2000) {
        g_printerr("pipeline_frames: --seconds is 1 to 2000\n");
        is_good = false;
    } else if (options->loss < 0 || options->loss > 50 || options->alter < 0 || options->alter > 50) {
        g_printerr("pipeline_frames: --loss and --alter are 0 to 50\n");
        is_good = false;
    } else if (options->is_wrong_key && options->loss + options->alter > 0) {
        g_printerr("pipeline_frames: with --wrong-key nothing arrives anyway\n");
        is_good = false;
    } else if (strcmp(options->video, "h264") != 0 && strcmp(options->video, "vp8") != 0) {
        g_printerr("pipeline_frames: --video is h264 or vp8\n");
        is_good = false;
    }
    return is_good;
}

static void give_up(call *call)
{
    call->has_failed = true;
    g_main_loop_quit(call->loop);
}

static gboolean tick(gpointer data)
{
    call *call = data;
    if (!member_tick(&call->alice, &call->bob) || !member_tick(&call->bob, &call->alice))
        give_up(call);
    return G_SOURCE_CONTINUE;
}

static gboolean lose_patience(gpointer data)
{
    call *call = data;
    g_printerr("pipeline_frames: the far side does not come to an end; of %" G_GUINT64_FORMAT " octets that were sent %d came\n",
               near_side_sent(&call->near), g_atomic_int_get(&call->far.octets));
    give_up(call);
    return G_SOURCE_CONTINUE;
}

/* UDP has no end of stream: it has come when all that was sent has. */
static gboolean finish(gpointer data)
{
    call *call = data;
    if ((guint64)g_atomic_int_get(&call->far.octets) < near_side_sent(&call->near))
        return G_SOURCE_CONTINUE;
    gst_element_send_event(call->far.pipeline, gst_event_new_eos());
    return G_SOURCE_REMOVE;
}

/* Hears what either pipeline tells. */
static gboolean hear(GstBus *bus, GstMessage *message, gpointer data)
{
    (void)bus;
    call *call = data;
    const GstStructure *structure = gst_message_get_structure(message);

    switch (GST_MESSAGE_TYPE(message)) {
    case GST_MESSAGE_ERROR: {
        GError *error = NULL;
        gst_message_parse_error(message, &error, NULL);
        g_printerr("pipeline_frames: %s: %s\n", GST_MESSAGE_SRC_NAME(message), error->message);
        g_error_free(error);
        give_up(call);
        break;
    }
    case GST_MESSAGE_EOS:
        if (GST_MESSAGE_SRC(message) == GST_OBJECT(call->near.pipeline)) {
            g_timeout_add(LOOK_MSEC, finish, call);
        } else {
            call->is_finished = true;
            g_main_loop_quit(call->loop);
        }
        break;
    case GST_MESSAGE_ELEMENT:
        if (gst_structure_has_name(structure, "GstSimpleVideoMarkDetect"))
            far_side_recognise(&call->far, structure);
        break;
    default:
        break;
    }
    return G_SOURCE_CONTINUE;
}

static void start(call *call, GstElement *pipeline)
{
    GstBus *bus = gst_element_get_bus(pipeline);
    gst_bus_add_watch(bus, hear, call);
    gst_object_unref(bus);
    if (gst_element_set_state(pipeline, GST_STATE_PLAYING) == GST_STATE_CHANGE_FAILURE)
        call->has_failed = true;
}

/* Adds to `reasons` why frames of a stream were refused, each once. Returns how many frames those are; `is_healthy` is false if a call was wrong. */
static guint count_refused(const hook *hook, const char *what, GString *reasons, bool *is_healthy)
{
    guint refused = 0;
    for (guint index = 0; index < HOOK_REASONS && hook->refused[index].count > 0; index++) {
        mediaseal_status status = hook->refused[index].status;
        uint32_t reaction = mediaseal_status_class(status);
        *is_healthy = *is_healthy && (reaction == MEDIASEAL_CLASS_DROP_THE_PACKET || reaction == MEDIASEAL_CLASS_FETCH_A_KEY);
        refused += hook->refused[index].count;
        if (strstr(reasons->str, mediaseal_status_name(status)) == NULL)
            g_string_append_printf(reasons, "%s%s", reasons->len == 0 ? "" : ", ", mediaseal_status_name(status));
        g_printerr("refused: %u frames of %s: %s: %s\n", hook->refused[index].count, what, mediaseal_status_name(status),
                   mediaseal_status_text(status));
    }
    return refused;
}

/* Looks at what was counted, and prints the last line. */
static bool judge(const options *options, const near_side *near, const far_side *far, const tap_counts *wire)
{
    bool is_good = false, is_healthy = true;
    GString *reasons = g_string_new(NULL);
    guint refused = count_refused(&far->audio, "audio", reasons, &is_healthy);
    refused += count_refused(&far->video, "video", reasons, &is_healthy);
    guint opened = far->audio.passed + far->video.passed + far->video.skipped, came = far->audio.frames + far->video.frames;
    double seconds = (double)far->samples / AUDIO_RATE;
    g_printerr("sealed: %u of %u frames of video, %u of %u of audio, in %" G_GUINT64_FORMAT " datagrams; %d key frames asked for\n",
               near->video.passed, near->frames, near->audio.passed, near->audio.frames, wire->datagrams, near->key_requests);
    g_printerr("opened: %u frames of video, %u of audio\n", far->video.passed + far->video.skipped, far->audio.passed);
    g_printerr("decoded: %u frames of video, %u recognised by their number, %u of them behind missing ones; %.2f s of audio\n", far->frames,
               far->recognised, far->resumed, seconds);
    g_printerr("on the wire: %" G_GUINT64_FORMAT " octets of media searched for, %" G_GUINT64_FORMAT " found in clear; %" G_GUINT64_FORMAT
               " of parameter sets, which are shown\n", wire->searched, wire->in_clear, wire->shown);
    EXPECT(near->video.passed == near->frames && near->video.frames == near->frames && near->audio.passed == near->audio.frames,
           "a frame was not sealed");
    EXPECT(opened + refused == came && is_healthy, "a frame was refused for a reason that is none of its own");
    EXPECT(wire->searched > 0 && wire->control == wire->searched, "the search for media is broken");
    EXPECT(wire->in_clear == 0, "media went over the wire in clear");
    EXPECT((wire->shown > 0) == (strcmp(options->video, "h264") == 0), "the search of datagrams does not find what is shown, or more");

    if (options->is_wrong_key) {
        EXPECT(opened == 0 && far->frames == 0 && far->samples == 0, "something was heard with the wrong key");
        EXPECT(far->audio.frames > 0 && far->video.frames > 0, "nothing arrived");
        printf("pipeline_frames: wrong key: 0 frames decoded, %u frames refused (%s)\n", refused, reasons->str);
        is_good = true;
        goto done;
    }
    EXPECT(far->frames == far->video.passed, "not every frame that was opened was decoded");
    EXPECT(far->recognised == far->frames && far->last_number <= near->frames, "a decoded frame is not the one that was sent");
    EXPECT(seconds > options->seconds - 0.1 && seconds < options->seconds + 0.2, "the audio has another length");
    double hertz = (double)far->crossings / seconds / 2;
    EXPECT(hertz > AUDIO_HZ * 0.98 && hertz < AUDIO_HZ * 1.02, "the audio is not the tone that was sent");
    if (options->loss + options->alter == 0) {
        EXPECT(refused == 0, "frames were refused");
        EXPECT(far->frames == near->frames && far->audio.passed == near->audio.passed, "frames were lost");
        printf("pipeline_frames: %u video frames and %.1f s of audio decoded on the far side, %u refused\n", far->frames, seconds, refused);
    } else {
        EXPECT((far->lost > 0) == (options->loss > 0) && (far->altered > 0) == (options->alter > 0), "no datagram was lost, or altered");
        EXPECT(refused <= (guint)far->altered, "frames were refused that nobody altered");
        EXPECT(refused > 0 || options->alter == 0 || options->loss > 0, "no altered frame was refused");
        EXPECT(far->resumed > 0, "the picture did not go on after a loss");
        printf("pipeline_frames: %u of %u video frames and %.1f s of audio decoded on the far side; %d datagrams lost, %d altered; %u refused\n",
               far->frames, near->frames, seconds, far->lost, far->altered, refused);
    }
    is_good = true;
done:
    g_string_free(reasons, TRUE);
    return is_good;
}

int main(int argc, char **argv)
{
    int exit_code = EXIT_FAILURE;
    options options = { .seconds = 5, .video = g_strdup("h264") };
    call call = { .loop = g_main_loop_new(NULL, FALSE) };
    tap *wire = tap_new();
    uint8_t key[MEDIASEAL_KEY_LEN];
    size_t key_len;
    guint16 ports[2];

    if (!parse(argc, argv, &options)) {
        exit_code = 2;
        goto done;
    }
    stream audio = { .sender = "alice", .media = MEDIASEAL_MEDIA_AUDIO, .ssrc = 0xA0D10001, .codec = "opus" };
    stream video = { .sender = "alice", .media = MEDIASEAL_MEDIA_VIDEO, .ssrc = 0x71DE0001, .codec = strcmp(options.video, "vp8") == 0 ? "VP8" : "H264" };

    /* One key for both sides, or one each. The customer's own path brings it to them. */
    TRY(mediaseal_key_generate(key, sizeof key, &key_len));
    if (!member_open(&call.alice, "alice", key, key_len, NULL))
        goto done;
    if (options.is_wrong_key)
        TRY(mediaseal_key_generate(key, sizeof key, &key_len));
    if (!member_open(&call.bob, "bob", key, key_len, NULL))
        goto done;
    TRY(mediaseal_wipe(key, sizeof key));

    call.far.loss = options.loss;
    call.far.alter = options.alter;
    if (!far_side_open(&call.far, &call.bob, &audio, &video, &call.near, wire))
        goto done;
    far_side_ports(&call.far, ports);
    if (!near_side_open(&call.near, &call.alice, &audio, &video, (guint)options.seconds, ports, wire))
        goto done;

    g_timeout_add_seconds(1, tick, &call);
    g_timeout_add_seconds((guint)options.seconds + PATIENCE, lose_patience, &call);
    start(&call, call.far.pipeline);
    start(&call, call.near.pipeline);
    if (!call.has_failed)
        g_main_loop_run(call.loop);
    EXPECT(call.is_finished && !call.has_failed, "the call broke off");

    /* Its threads end before what they counted is read. */
    gst_element_set_state(call.near.pipeline, GST_STATE_NULL);
    gst_element_set_state(call.far.pipeline, GST_STATE_NULL);
    tap_counts tapped = tap_result(wire);
    if (judge(&options, &call.near, &call.far, &tapped))
        exit_code = EXIT_SUCCESS;
done:
    mediaseal_wipe(key, sizeof key);
    far_side_close(&call.far);
    near_side_close(&call.near);
    member_close(&call.alice);
    member_close(&call.bob);
    tap_free(wire);
    g_main_loop_unref(call.loop);
    g_free(options.video);
    return exit_code;
}
