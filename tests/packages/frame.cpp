// A program of somebody else, who has mediaseal as a package and writes C++.

#include <cstdio>

#include <mediaseal.hpp>

int main()
{
    std::printf("mediaseal %s: frame opened\n", mediaseal_version());
    return mediaseal_abi_version() == MEDIASEAL_ABI_VERSION ? 0 : 1;
}
