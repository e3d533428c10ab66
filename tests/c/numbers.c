/* Every number of the header: what it is, for ever, and the function twin of every macro. The table is abi.inc. */
#include "check.h"

static void constant(const char *name, int64_t macro, int64_t for_ever)
{
    int64_t twin = -1;
    OK(mediaseal_constant(name, &twin));
    if (macro != for_ever || twin != for_ever) {
        fprintf(stderr, "%s: %lld in the header, %lld in the library, %lld for ever\n", name, (long long)macro, (long long)twin,
                (long long)for_ever);
        exit(1);
    }
    checks++;
}

static void size(const char *name, size_t here, size_t for_ever)
{
    size_t twin = 0;
    OK(mediaseal_struct_size(name, &twin));
    /* The table has the sizes where a pointer has 8 octets. */
    if (here != twin || (sizeof(void *) == 8 && here != for_ever)) {
        fprintf(stderr, "%s: %zu octets in the header, %zu in the library, %zu for ever\n", name, here, twin, for_ever);
        exit(1);
    }
    checks++;
}

static void initializer(const char *name, uint32_t struct_size, size_t here)
{
    if (struct_size != here) {
        fprintf(stderr, "the _INIT of %s says %u octets, it has %zu\n", name, (unsigned)struct_size, here);
        exit(1);
    }
    checks++;
}

int main(void)
{
#define NUMBER(name, value) constant(#name, (int64_t)(name), value);
#define STRUCT(name, octets) size(#name, sizeof(name), octets);
#define INITIALIZER(name, macro)                                                                  \
    {                                                                                             \
        name value = macro;                                                                       \
        initializer(#name, value.struct_size, sizeof value);                                      \
    }
#include "abi.inc"
    CHECK(MEDIASEAL_SAFETY_CODE_LEN == 12 * 5 + 11);
    DONE("numbers");
}
