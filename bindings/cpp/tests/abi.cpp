// A program whose header is of another ABI version than the library makes no object.

#include <mediaseal.h>

#undef MEDIASEAL_ABI_VERSION
#define MEDIASEAL_ABI_VERSION 0x7fffffffU

#include "check.hpp"

using namespace mediaseal;

int main() {
    CHECK(!check_abi());
    channel_store store(nullptr);
    CHECK_STATUS(channel_store::try_new(store), MEDIASEAL_ERR_STRUCT_SIZE);
    CHECK(!store);
    bool told = false;
    try {
        channel_store made;
    } catch (const abi_mismatch& error) {
        told = std::string(error.what()).find("MEDIASEAL_ABI_VERSION") != std::string::npos;
    }
    CHECK(told);
    CHECK_THROWS(cipher::builtin(suite::aes_128_gcm_sha256_128), MEDIASEAL_ERR_STRUCT_SIZE);
    CHECK_THROWS(counter_store::open("nowhere"), MEDIASEAL_ERR_STRUCT_SIZE);
    return finish("abi");
}
