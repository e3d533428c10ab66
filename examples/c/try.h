/*
 * How these examples check: each call is tried, and a failure says which call and why and goes to the function's end, at `done`.
 *
 * There everything is freed and wiped once, whatever was reached: objects begin as NULL, the mediaseal_..._free functions take NULL, and their
 * order does not matter.
 */
#ifndef TRY_H
#define TRY_H

#include <mediaseal.h>
#include <stdio.h>

/* Makes a call of the library that must succeed. */
#define TRY(call)                                                                                                  \
    do {                                                                                                           \
        mediaseal_status try_status = (call);                                                                      \
        if (try_status != MEDIASEAL_OK) {                                                                          \
            fprintf(stderr, "%s:%d: %s\n    %s: %s\n", __FILE__, __LINE__, #call, mediaseal_status_name(try_status), \
                    mediaseal_status_text(try_status));                                                            \
            goto done;                                                                                             \
        }                                                                                                          \
    } while (0)

/* Asks for anything else that must be so. */
#define EXPECT(condition, complaint)                                          \
    do {                                                                      \
        if (!(condition)) {                                                   \
            fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, (complaint)); \
            goto done;                                                        \
        }                                                                     \
    } while (0)

#endif
