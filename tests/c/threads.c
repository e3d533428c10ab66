/* 8 threads encrypt, decrypt, make and close objects of one channel, while its keys rotate under them. Seconds: the first argument, or 60. */
#include "check.h"

#include <pthread.h>
#include <stdatomic.h>
#include <time.h>

enum { THREADS = 8 };

static struct member alice, bob;
static atomic_bool over;
static _Atomic(mediaseal_encryptor *) target[THREADS];
static atomic_ulong frames, refused, closed_under_way;
static atomic_ullong generation_now;

/* What a frame may meet while keys change, between `sealed_in` and now; anything else is a fault. */
static int is_expected(mediaseal_status status, unsigned long long sealed_in)
{
    switch (status) {
    /* A thread that did not run for so long meets a generation that has the same low 4 bits in a KID. */
    case MEDIASEAL_ERR_AUTHENTICATION_FAILED: return atomic_load(&generation_now) - sealed_in >= 14;
    case MEDIASEAL_OK:
    case MEDIASEAL_ERR_RETIRED_KEY:
    case MEDIASEAL_ERR_MISSING_KEY:
    case MEDIASEAL_ERR_CONTENDED: return 1;
    default: return 0;
    }
}

static void *media(void *argument)
{
    size_t thread = (size_t)argument;
    uint8_t frame[200], sealed[300], opened[300];
    unsigned long ok = 0, bad = 0, closed = 0;
    memset(frame, (int)thread, sizeof frame);
    while (!atomic_load(&over)) {
        mediaseal_encryptor *encryptor = alice_sends(&alice, MEDIASEAL_MODE_PACKET);
        mediaseal_decryptor *decryptor = alice_is_heard(&bob, MEDIASEAL_MODE_PACKET);
        atomic_store(&target[thread], encryptor);
        for (int at = 0; at < 200; at++) {
            size_t len, opened_len;
            unsigned long long sealed_in = atomic_load(&generation_now);
            mediaseal_status status = mediaseal_encryptor_encrypt(encryptor, NULL, frame, sizeof frame, sealed, sizeof sealed, &len);
            if (status == MEDIASEAL_ERR_CLOSED) {
                closed++;
                break;
            }
            if (status != MEDIASEAL_OK) {
                fprintf(stderr, "encrypt: %s\n", mediaseal_status_name(status));
                abort();
            }
            status = mediaseal_decryptor_decrypt(decryptor, NULL, sealed, len, opened, sizeof opened, &opened_len, NULL);
            if (!is_expected(status, sealed_in)) {
                fprintf(stderr, "decrypt: %s\n", mediaseal_status_name(status));
                abort();
            }
            if (status == MEDIASEAL_OK) {
                ok++;
                if (opened_len != sizeof frame || memcmp(opened, frame, sizeof frame) != 0)
                    abort();
            } else {
                bad++;
            }
        }
        /* Whoever takes it out of the slot is the one who may use it last. */
        if (atomic_exchange(&target[thread], NULL) == encryptor)
            mediaseal_encryptor_free(encryptor);
        mediaseal_decryptor_free(decryptor);
    }
    atomic_fetch_add(&frames, ok);
    atomic_fetch_add(&refused, bad);
    atomic_fetch_add(&closed_under_way, closed);
    return NULL;
}

/* Closes encryptors that other threads are using. They free what they find in their slot; what was taken out of it is freed at the end. */
static void *closer(void *argument)
{
    static mediaseal_encryptor *taken[1 << 16];
    size_t count = 0;
    (void)argument;
    struct timespec pause = {0, 3000000};
    for (size_t thread = 0; !atomic_load(&over); thread = (thread + 1) % THREADS) {
        mediaseal_encryptor *encryptor = count < sizeof taken / sizeof *taken ? atomic_exchange(&target[thread], NULL) : NULL;
        if (encryptor) {
            OK(mediaseal_encryptor_close(encryptor));
            taken[count++] = encryptor;
        }
        nanosleep(&pause, NULL);
    }
    return taken;
}

int main(int argc, char **argv)
{
    double seconds = argc > 1 ? atof(argv[1]) : 60;
    uint8_t key[32];
    size_t len;
    pthread_t threads[THREADS + 1];
    OK(mediaseal_key_generate(key, sizeof key, &len));
    alice = join(key);
    bob = join(key);
    for (size_t thread = 0; thread < THREADS; thread++)
        CHECK(pthread_create(&threads[thread], NULL, media, (void *)thread) == 0);
    CHECK(pthread_create(&threads[THREADS], NULL, closer, NULL) == 0);

    /* A slow machine gets more time for the same. */
    const uint64_t least_generations = 11;
    double elapsed;
    struct timespec began, at, pause = {0, 10000000};
    uint64_t generation = 1, clock = NOW;
    clock_gettime(CLOCK_MONOTONIC, &began);
    do {
        /* The receivers know a key before the sender uses it, and the former one until grace ends. */
        OK(mediaseal_key_generate(key, sizeof key, &len));
        generation++;
        atomic_store(&generation_now, generation);
        stage(&bob, generation, key);
        stage(&alice, generation, key);
        OK(mediaseal_channel_activate(bob.channel, generation));
        OK(mediaseal_channel_activate(alice.channel, generation));
        nanosleep(&pause, NULL);
        OK(mediaseal_channel_advance_to(bob.channel, generation, 1));
        OK(mediaseal_channel_advance_to(alice.channel, generation, 1));
        clock += 6;
        OK(mediaseal_channel_store_tick(bob.store, clock));
        OK(mediaseal_channel_store_tick(alice.store, clock));
        OK(mediaseal_channel_end_grace(bob.channel));
        OK(mediaseal_channel_end_grace(alice.channel));
        mediaseal_event event = MEDIASEAL_EVENT_INIT;
        do
            OK(mediaseal_channel_store_poll_event(alice.store, &event));
        while (event.type != MEDIASEAL_EVENT_NONE);
        clock_gettime(CLOCK_MONOTONIC, &at);
        elapsed = (double)(at.tv_sec - began.tv_sec) + 1e-9 * (double)(at.tv_nsec - began.tv_nsec);
    } while (elapsed < seconds || (generation < least_generations && elapsed < 20 * seconds));
    atomic_store(&over, 1);
    for (int thread = 0; thread < THREADS; thread++)
        CHECK(pthread_join(threads[thread], NULL) == 0);
    void *taken;
    CHECK(pthread_join(threads[THREADS], &taken) == 0);
    for (mediaseal_encryptor **encryptor = taken; *encryptor; encryptor++)
        mediaseal_encryptor_free(*encryptor);
    leave(&alice);
    leave(&bob);
    CHECK(frames > refused && generation >= least_generations);
    fprintf(stderr, "threads: %lu frames, %lu refused, %lu encryptors closed in use, %llu keys\n", (unsigned long)frames, (unsigned long)refused,
            (unsigned long)closed_under_way, (unsigned long long)generation);
    DONE("threads");
}
