/* SM4-GCM (RFC 8998) over libgcrypt as a custom cipher: a model for your own. */
#ifndef SM4_GCM_H
#define SM4_GCM_H

#include <mediaseal.h>

/*
 * Returns the cipher for mediaseal_cipher_register, or NULL if libgcrypt has no SM4. It lives as long as the program.
 *
 * Initializes libgcrypt if nobody has: call it in one thread, before keys are made.
 */
const mediaseal_cipher_vtable *sm4_gcm_vtable(void);

#endif
