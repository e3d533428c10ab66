// A program of somebody else, who has mediaseal as a package and writes C++: it seals a frame and opens it again.

#include <mediaseal.hpp>
#include <mediaseal/libwebrtc.hpp>
#include <mediaseal/packet_observer.hpp>

#include <cstdint>
#include <cstdio>
#include <vector>

static mediaseal::channel join(const mediaseal::channel_store& store, const mediaseal::key& key)
{
    mediaseal::channel_options standup;
    standup.id = "standup";
    mediaseal::channel channel(store, standup);
    channel.stage({1, key});
    channel.activate(1);
    return channel;
}

int main()
{
    const mediaseal::key key = mediaseal::key::generate();
    const mediaseal::channel_store hers, his;
    const mediaseal::channel alice = join(hers, key), bob = join(his, key);
    mediaseal::encryptor encryptor(alice, {"alice", mediaseal::media::video});
    mediaseal::decryptor decryptor(bob, {{"alice", mediaseal::media::video}});
    const std::vector<std::uint8_t> sealed = encryptor.encrypt("an encoded frame");
    if (decryptor.decrypt(sealed).size() != sizeof "an encoded frame" - 1) {
        return 1;
    }
    try {
        return decryptor.decrypt(sealed).empty() ? 2 : 3;
    } catch (const mediaseal::error& error) {
        if (error.status() != MEDIASEAL_ERR_DUPLICATE) {
            return 4;
        }
    }
    std::printf("mediaseal %s: frame opened\n", mediaseal_version());
    return 0;
}
