/* The "encryption" that an RTC vendor's documentation gives as its sample: each octet XOR 0x55. It must never carry media. */
#ifndef XOR55_H
#define XOR55_H

#include <mediaseal.h>

/* Returns the sample dressed as a cipher. It lives as long as the program. */
const mediaseal_cipher_vtable *xor55_vtable(void);

#endif
