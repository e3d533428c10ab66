/* What makes sm4_gcm.c a loadable cipher, for mediaseal_cipher_load. It is not linked to mediaseal. */
#include "sm4_gcm.h"

const mediaseal_cipher_vtable *mediaseal_cipher_library_v1(uint32_t abi_version);

/* Returns the cipher, or NULL to a library whose interface is of another version. */
const mediaseal_cipher_vtable *mediaseal_cipher_library_v1(uint32_t abi_version)
{
    return abi_version == MEDIASEAL_ABI_VERSION ? sm4_gcm_vtable() : NULL;
}
