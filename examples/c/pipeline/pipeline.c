/*
 * A call from capture to playback with GStreamer: audio and video are encoded, packetized, encrypted packet by packet, sent over UDP, decrypted,
 * decoded and looked at. With the wrong key the far side stays silent and says why.
 *
 * Begin with seal_and_send in sender.c and open_packet in receiver.c: there is all that an application adds to its own pipeline.
 * ../README.md has the command line.
 */
#include <stdlib.h>
#include <string.h>

#include "../try.h"
#include "pipeline.h"

/* How long the far side may take to finish, in seconds. */
enum { PATIENCE = 15 };

typedef struct {
    gint seconds;
    char *video, *cipher_library;
    gboolean is_wrong_key, is_shown;
} options;

/* The two sides and what happens to them; in an application they are on two devices. */
typedef struct {
    member near_side, far_side;
    sender *sender;
    receiver *receiver;
    GMainLoop *loop;
    bool is_finished, has_failed;
} call;

static bool parse(int argc, char **argv, options *options)
{
    GOptionEntry entries[] = {
        { "seconds", 0, 0, G_OPTION_ARG_INT, &options->seconds, "how long the call lasts [5]", "N" },
        { "video", 0, 0, G_OPTION_ARG_STRING, &options->video, "h264, vp8 or none [h264]", "CODEC" },
        { "wrong-key", 0, 0, G_OPTION_ARG_NONE, &options->is_wrong_key, "give the receiver another key", NULL },
        { "cipher-library", 0, 0, G_OPTION_ARG_FILENAME, &options->cipher_library,
          "encrypt with a cipher from a shared library; its code is run, so name only files that you trust", "PATH" },
        { "show", 0, 0, G_OPTION_ARG_NONE, &options->is_shown, "play what arrives on the desktop", NULL },
        { NULL, 0, 0, G_OPTION_ARG_NONE, NULL, NULL, NULL },
    };
    GError *error = NULL;
    GOptionContext *context = g_option_context_new("- an encrypted call from capture to playback");
    g_option_context_add_main_entries(context, entries, NULL);
    g_option_context_add_group(context, gst_init_get_option_group());
    bool is_good = g_option_context_parse(context, &argc, &argv, &error);
    g_option_context_free(context);
    if (!is_good) {
        g_printerr("pipeline: %s\n", error->message);
        g_error_free(error);
    } else if (argc > 1) {
        g_printerr("pipeline: unexpected %s\n", argv[1]);
        is_good = false;
    } else if (options->seconds < 1 || options->seconds > 2000) {
        g_printerr("pipeline: --seconds is 1 to 2000\n");
        is_good = false;
    } else if (strcmp(options->video, "h264") != 0 && strcmp(options->video, "vp8") != 0 && strcmp(options->video, "none") != 0) {
        g_printerr("pipeline: --video is h264, vp8 or none\n");
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
    if (!member_tick(&call->near_side, &call->far_side) || !member_tick(&call->far_side, &call->near_side))
        give_up(call);
    return G_SOURCE_CONTINUE;
}

static gboolean lose_patience(gpointer data)
{
    g_printerr("pipeline: the far side does not come to an end\n");
    give_up(data);
    return G_SOURCE_CONTINUE;
}

/* Hears what either pipeline tells. */
static gboolean hear(GstBus *bus, GstMessage *message, gpointer data)
{
    (void)bus;
    call *call = data;
    const GstStructure *structure = gst_message_get_structure(message);
    bool is_far = gst_object_has_as_ancestor(GST_MESSAGE_SRC(message), GST_OBJECT(receiver_pipeline(call->receiver)));

    switch (GST_MESSAGE_TYPE(message)) {
    case GST_MESSAGE_ERROR: {
        GError *error = NULL;
        gst_message_parse_error(message, &error, NULL);
        g_printerr("pipeline: %s: %s\n", GST_MESSAGE_SRC_NAME(message), error->message);
        g_error_free(error);
        give_up(call);
        break;
    }
    case GST_MESSAGE_EOS:
        if (GST_MESSAGE_SRC(message) == GST_OBJECT(sender_pipeline(call->sender))) {
            receiver_finish(call->receiver);
        } else {
            call->is_finished = true;
            g_main_loop_quit(call->loop);
        }
        break;
    case GST_MESSAGE_ELEMENT:
        if (is_far && gst_structure_has_name(structure, "GstSimpleVideoMarkDetect"))
            receiver_recognise(call->receiver, structure);
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

/* Names the reasons for which packets were refused into `out`. Returns how many packets those are. */
static guint name_reasons(const receiver_counts *far_side, GString *out)
{
    guint refused = 0;
    for (guint index = 0; index < RECEIVER_REASONS && far_side->refused[index].count > 0; index++) {
        refused += far_side->refused[index].count;
        g_string_append_printf(out, "%s%s", index == 0 ? "" : ", ", mediaseal_status_name(far_side->refused[index].status));
        g_printerr("refused: %u packets: %s: %s\n", far_side->refused[index].count, mediaseal_status_name(far_side->refused[index].status),
                   mediaseal_status_text(far_side->refused[index].status));
    }
    return refused;
}

/* Looks at what was counted, and prints the last line. */
static bool judge(const options *options, const sender_counts *near_side, const receiver_counts *far_side, const tap_counts *wire)
{
    bool is_good = false;
    GString *reasons = g_string_new(NULL);
    guint refused = name_reasons(far_side, reasons);
    g_printerr("sent: %u packets, the longest datagram %zu octets; %u dropped\n", near_side->packets, (size_t)near_side->longest,
               near_side->dropped);
    g_printerr("decoded: %u of %u frames of video, %u recognised by their number; %.2f s of audio\n", far_side->frames, near_side->frames,
               far_side->recognised, (double)far_side->samples / PIPELINE_AUDIO_RATE);
    g_printerr("on the wire: %" G_GUINT64_FORMAT " octets of media searched for, %" G_GUINT64_FORMAT " found in clear\n", wire->searched,
               wire->in_clear);
    EXPECT(near_side->packets > 0 && near_side->dropped == 0, "a packet was not sent");
    EXPECT(near_side->longest <= PIPELINE_DATAGRAM_MAX, "a datagram is too long");
    EXPECT(far_side->opened + refused == far_side->packets && !far_side->is_broken, "a packet was refused for a reason that is none of its own");
    EXPECT(wire->searched > 0 && wire->control == wire->searched, "the search for media is broken");
    EXPECT(wire->in_clear == 0, "media went over the wire in clear");

    if (options->is_wrong_key) {
        EXPECT(far_side->opened == 0 && far_side->frames == 0 && far_side->samples == 0, "something was heard with the wrong key");
        EXPECT(refused > 0, "nothing arrived");
        printf("pipeline: wrong key: %u frames decoded, %u packets refused (%s)\n", far_side->frames, refused, reasons->str);
    } else {
        EXPECT(refused == 0, "packets were refused");
        EXPECT(far_side->packets == near_side->packets, "the network lost packets");
        EXPECT(far_side->frames == near_side->frames, "not every frame was decoded");
        EXPECT(far_side->recognised == far_side->frames && far_side->last_number <= near_side->frames, "a decoded frame is not the one that was sent");
        double seconds = (double)far_side->samples / PIPELINE_AUDIO_RATE;
        EXPECT(seconds > options->seconds - 0.1 && seconds < options->seconds + 0.2, "the audio has another length");
        double hertz = (double)far_side->crossings / seconds / 2;
        EXPECT(hertz > PIPELINE_AUDIO_HZ * 0.98 && hertz < PIPELINE_AUDIO_HZ * 1.02, "the audio is not the tone that was sent");
        printf("pipeline: %u video frames and %.1f s of audio decoded on the far side, %u refused\n", far_side->frames, seconds, refused);
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
    mediaseal_cipher *cipher = NULL;
    uint8_t key[MEDIASEAL_KEY_LEN];
    size_t key_len;

    if (!parse(argc, argv, &options)) {
        exit_code = 2;
        goto done;
    }
    if (options.cipher_library != NULL)
        TRY(mediaseal_cipher_load(options.cipher_library, 0, NULL, &cipher));

    /* One key for both sides, or one each. The customer's own path brings it to them. */
    TRY(mediaseal_key_generate(key, sizeof key, &key_len));
    if (!member_open(&call.near_side, "alice", key, key_len, cipher))
        goto done;
    if (options.is_wrong_key)
        TRY(mediaseal_key_generate(key, sizeof key, &key_len));
    if (!member_open(&call.far_side, "bob", key, key_len, cipher))
        goto done;
    TRY(mediaseal_wipe(key, sizeof key));

    call.receiver = receiver_new(&call.far_side, &call.near_side, options.video, options.is_shown, wire);
    if (call.receiver == NULL)
        goto done;
    call.sender = sender_new(&call.near_side, options.video, (guint)options.seconds, receiver_port(call.receiver), wire);
    if (call.sender == NULL)
        goto done;

    tick(&call); /* the encryptors' first sessions begin, and the far side hears of them */
    g_timeout_add_seconds(1, tick, &call);
    g_timeout_add_seconds((guint)options.seconds + PATIENCE, lose_patience, &call);
    start(&call, receiver_pipeline(call.receiver));
    start(&call, sender_pipeline(call.sender));
    if (!call.has_failed)
        g_main_loop_run(call.loop);
    EXPECT(call.is_finished && !call.has_failed, "the call broke off");

    sender_counts sent = sender_result(call.sender);
    receiver_counts received = receiver_result(call.receiver);
    tap_counts tapped = tap_result(wire);
    if (judge(&options, &sent, &received, &tapped))
        exit_code = EXIT_SUCCESS;
done:
    mediaseal_wipe(key, sizeof key);
    sender_free(call.sender);
    receiver_free(call.receiver);
    member_close(&call.near_side);
    member_close(&call.far_side);
    mediaseal_cipher_free(cipher);
    tap_free(wire);
    g_main_loop_unref(call.loop);
    g_free(options.video);
    g_free(options.cipher_library);
    return exit_code;
}
