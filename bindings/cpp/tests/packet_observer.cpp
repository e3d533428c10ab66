// Packets of an SDK through the adapter: loss, disorder, replay, forgery, wrong keys and the edge of 1,200 octets.

#include "check.hpp"

#include <mediaseal/packet_observer.hpp>

#include <atomic>
#include <optional>
#include <thread>

using namespace mediaseal;

namespace sdk {

// The shape that SDKs of real-time calls offer, in words of our own.
class IPacketObserver {
public:
    struct Packet {
        const unsigned char* buffer;
        unsigned int size;
    };
    virtual bool onSendAudioPacket(Packet& packet) = 0;
    virtual bool onSendVideoPacket(Packet& packet) = 0;
    virtual bool onReceiveAudioPacket(Packet& packet) = 0;
    virtual bool onReceiveVideoPacket(Packet& packet) = 0;

protected:
    ~IPacketObserver() = default;
};

using callback = bool (IPacketObserver::*)(IPacketObserver::Packet&);

// What the SDK would send or decode: nothing if the callback says so, whatever the packet holds.
std::optional<octets> asked(IPacketObserver& observer, callback on, const octets& packet) {
    IPacketObserver::Packet lent{packet.data(), static_cast<unsigned int>(packet.size())};
    const bool passes = (observer.*on)(lent);
    // An SDK that ignores the answer has nothing to send either.
    CHECK(lent.buffer != packet.data() && lent.buffer != nullptr && (passes || lent.size == 0));
    if (!passes) return std::nullopt;
    return octets(lent.buffer, lent.buffer + lent.size);
}

constexpr callback send_audio = &IPacketObserver::onSendAudioPacket;
constexpr callback send_video = &IPacketObserver::onSendVideoPacket;
constexpr callback receive_audio = &IPacketObserver::onReceiveAudioPacket;
constexpr callback receive_video = &IPacketObserver::onReceiveVideoPacket;

}  // namespace sdk

namespace {

using observer = packet_observer<sdk::IPacketObserver>;

octets payload_of(std::uint32_t number) {
    dice sizes(number);
    octets payload = pattern(20 + sizes.below(1100), number);
    for (int i = 0; i < 4; ++i) payload[static_cast<std::size_t>(i)] = static_cast<std::uint8_t>(number >> (8 * i));
    return payload;
}

// Two senders' packets reach a third through a network that loses, repeats, reorders and alters some.
void packets_pass_through_a_bad_network() {
    const octets secret = pattern(32, 1);
    member alice(secret), bob(secret), carol(secret);
    observer from_alice(alice.channel, "alice", {"bob", "carol"});
    observer from_bob(bob.channel, "bob", {"alice", "carol"});
    observer at_carol(carol.channel, "carol", {"alice", "bob"});
    struct sent {
        octets sealed;
        std::uint32_t number;
        bool video;
        unsigned deliveries;
    };
    std::vector<sent> network;
    dice luck(7);
    constexpr std::uint32_t count = 6000;
    std::uint64_t sealed_count = 0, lost = 0, repeated = 0;
    for (std::uint32_t number = 0; number < count; ++number) {
        observer& from = number % 2 == 0 ? from_alice : from_bob;
        const bool video = luck.below(3) != 0;
        const octets payload = payload_of(number);
        const std::optional<octets> sealed = sdk::asked(from, video ? sdk::send_video : sdk::send_audio, payload);
        CHECK(sealed && sealed->size() <= MEDIASEAL_PACKET_MAX_LEN_DEFAULT && !shows(*sealed, {payload.data(), payload.size()}, 16));
        if (!sealed) continue;
        ++sealed_count;
        if (luck.below(10) == 0) {
            ++lost;
            continue;
        }
        network.push_back({*sealed, number, video, 0});
        if (luck.below(10) == 0) {
            ++repeated;
            network.push_back(network.back());
        }
    }
    // The replay window of packets reaches back 8,192.
    jumble(network, 1000, luck);
    std::vector<unsigned> deliveries(count);
    std::uint64_t delivered = 0, dropped = 0, altered = 0;
    for (const sent& packet : network) {
        const sdk::callback receive = packet.video ? sdk::receive_video : sdk::receive_audio;
        if (luck.below(20) == 0) {
            octets bad(packet.sealed);
            bad[luck.below(static_cast<std::uint32_t>(bad.size()))] ^= static_cast<std::uint8_t>(1U << luck.below(8));
            CHECK(!sdk::asked(at_carol, receive, bad));
            ++altered;
        }
        const std::optional<octets> opened = sdk::asked(at_carol, receive, packet.sealed);
        if (opened) {
            ++delivered;
            ++deliveries[packet.number];
            CHECK(*opened == payload_of(packet.number));
        } else {
            ++dropped;
        }
    }
    CHECK(delivered == sealed_count - lost && dropped == repeated && altered > 100 && repeated > 100);
    for (const unsigned times : deliveries) CHECK(times <= 1);
    const packet_counts audio = at_carol.counts(packet_stage::receive_audio), video = at_carol.counts(packet_stage::receive_video);
    CHECK(audio.passed + video.passed == delivered && audio.dropped + video.dropped == dropped + altered);
    CHECK(class_of(video.last_status) == status_class::drop_the_packet);
    CHECK(from_alice.counts(packet_stage::send_audio).dropped == 0 && from_alice.counts(packet_stage::send_video).passed > 0);

    // A whole call again: nothing of it passes, also after the list of members was renewed.
    at_carol.use(carol.channel, "carol", {"alice", "bob", "dave"});
    for (std::size_t i = 0; i < 1000; ++i) {
        const sent& packet = network[network.size() - 1 - i];
        CHECK(!sdk::asked(at_carol, packet.video ? sdk::receive_video : sdk::receive_audio, packet.sealed));
    }
    CHECK(at_carol.counts(packet_stage::receive_video).last_status == MEDIASEAL_ERR_DUPLICATE);
    // Audio is not video, and what one sends comes back as nobody's.
    const std::optional<octets> audio_packet = sdk::asked(from_alice, sdk::send_audio, payload_of(1));
    CHECK(audio_packet && !sdk::asked(at_carol, sdk::receive_video, *audio_packet));
    CHECK(!sdk::asked(from_alice, sdk::receive_audio, *audio_packet));
    CHECK(from_alice.counts(packet_stage::receive_audio).last_status == MEDIASEAL_ERR_REFLECTED);
    CHECK(sdk::asked(at_carol, sdk::receive_audio, *audio_packet) == payload_of(1));
}

void nothing_passes_without_the_right_key() {
    const octets right = pattern(32, 2), wrong = pattern(32, 3);
    member alice(right), eve(wrong);
    observer from_alice(alice.channel, "alice", {"eve"});
    observer at_eve(eve.channel, "eve", {"alice"});
    observer keyless(nullptr);
    const octets payload = payload_of(5);
    for (const sdk::callback on : {sdk::send_audio, sdk::send_video, sdk::receive_audio, sdk::receive_video}) {
        CHECK(!sdk::asked(keyless, on, payload));
    }
    CHECK(keyless.counts(packet_stage::send_video).last_status == MEDIASEAL_ERR_NULL_POINTER);
    for (int i = 0; i < 500; ++i) {
        const std::optional<octets> sealed = sdk::asked(from_alice, sdk::send_video, payload);
        CHECK(sealed && !sdk::asked(at_eve, sdk::receive_video, *sealed));
    }
    CHECK(at_eve.counts(packet_stage::receive_video).dropped == 500);
    CHECK(at_eve.counts(packet_stage::receive_video).last_status == MEDIASEAL_ERR_AUTHENTICATION_FAILED);
    // Packets that were never sealed are no packets.
    for (std::uint32_t i = 0; i < 500; ++i) CHECK(!sdk::asked(at_eve, sdk::receive_audio, pattern(i, i)));

    // No key to seal with: the packet is dropped, and does not go out as it is.
    channel_store store;
    channel_options options{"standup"};
    const channel without_keys(store, options);
    keyless.use(without_keys, "alice", {"bob"});
    CHECK(!sdk::asked(keyless, sdk::send_audio, payload));
    CHECK(keyless.counts(packet_stage::send_audio).last_status == MEDIASEAL_ERR_NO_ACTIVE_KEY);
    CHECK_THROWS(keyless.use(without_keys, "alice", std::vector<bytes_view>(17, "x")), MEDIASEAL_ERR_EXPECTED_SENDERS);
    CHECK_THROWS(keyless.use(without_keys, "alice", {}), MEDIASEAL_ERR_EXPECTED_SENDERS);
    CHECK_THROWS(keyless.use(without_keys, "alice", {"bob"}, 70'000), MEDIASEAL_ERR_PACKET_MAXIMUM);
    CHECK_THROWS(keyless.use(without_keys, "alice", {"bob"}, 3), MEDIASEAL_ERR_PACKET_MAXIMUM);
}

void the_maximum_is_kept_to_the_octet() {
    const octets secret = pattern(32, 4);
    member alice(secret), bob(secret);
    observer from_alice(alice.channel, "alice", {"bob"});
    observer at_bob(bob.channel, "bob", {"alice"});
    std::size_t largest = 0;
    for (std::size_t len = MEDIASEAL_PACKET_MAX_LEN_DEFAULT - MEDIASEAL_HEADROOM - MEDIASEAL_TAILROOM; len < 1300; ++len) {
        const octets payload = pattern(len, static_cast<std::uint32_t>(len));
        const std::optional<octets> sealed = sdk::asked(from_alice, sdk::send_video, payload);
        if (sealed) {
            CHECK(sealed->size() <= MEDIASEAL_PACKET_MAX_LEN_DEFAULT && len == std::max(len, largest));
            CHECK(sdk::asked(at_bob, sdk::receive_video, *sealed) == payload);
            largest = len;
            if (sealed->size() == MEDIASEAL_PACKET_MAX_LEN_DEFAULT) break;
        }
    }
    // One octet more does not pass, and costs nothing.
    CHECK(!sdk::asked(from_alice, sdk::send_video, pattern(largest + 1, 1)));
    CHECK(from_alice.counts(packet_stage::send_video).last_status == MEDIASEAL_ERR_PACKET_TOO_LONG);
    const std::optional<octets> exact = sdk::asked(from_alice, sdk::send_video, pattern(largest, 2));
    CHECK(exact && exact->size() == MEDIASEAL_PACKET_MAX_LEN_DEFAULT);
    CHECK(!sdk::asked(at_bob, sdk::receive_video, octets(MEDIASEAL_PACKET_MAX_LEN_DEFAULT + 1)));
    CHECK(at_bob.counts(packet_stage::receive_video).last_status == MEDIASEAL_ERR_TOO_LONG);
    CHECK(sdk::asked(at_bob, sdk::receive_video, *exact) == pattern(largest, 2));
    CHECK(!sdk::asked(at_bob, sdk::receive_video, {}));
    // A packet of no octets is sealed like any other.
    const std::optional<octets> empty = sdk::asked(from_alice, sdk::send_audio, {});
    CHECK(empty && !empty->empty() && sdk::asked(at_bob, sdk::receive_audio, *empty) == octets());
    // A lie about the buffer is no reason to read it.
    sdk::IPacketObserver::Packet nowhere{nullptr, 100};
    CHECK(!from_alice.onSendAudioPacket(nowhere) && nowhere.size == 0);
}

void a_packet_handed_back_stays_until_the_next_call() {
    const octets secret = pattern(32, 5);
    member alice(secret), bob(secret);
    observer from_alice(alice.channel, "alice", {"bob"});
    observer at_bob(bob.channel, "bob", {"alice"});
    const octets audio = payload_of(1), video = payload_of(2), more = payload_of(3);
    sdk::IPacketObserver::Packet first{audio.data(), static_cast<unsigned>(audio.size())};
    sdk::IPacketObserver::Packet second{video.data(), static_cast<unsigned>(video.size())};
    CHECK(from_alice.onSendAudioPacket(first) && from_alice.onSendVideoPacket(second));
    const octets sealed(first.buffer, first.buffer + first.size);
    sdk::IPacketObserver::Packet opened = first;
    CHECK(at_bob.onReceiveAudioPacket(opened) && same({opened.buffer, opened.size}, audio));
    CHECK(at_bob.onReceiveVideoPacket(second) && same({second.buffer, second.size}, video));
    // Three later calls of one callback leave it alone, and those of the others in any number.
    for (int i = 0; i < 3; ++i) CHECK(sdk::asked(from_alice, sdk::send_audio, more).has_value());
    for (int i = 0; i < 20; ++i) CHECK(sdk::asked(from_alice, sdk::send_video, more).has_value());
    CHECK(same({first.buffer, first.size}, sealed) && same({opened.buffer, opened.size}, audio));
    // So does another list of members, or another maximum.
    for (const std::size_t max_len : {0, 1000, 1200, 1300}) {
        from_alice.use(alice.channel, "alice", {"bob", "carol"}, max_len);
        at_bob.use(bob.channel, "bob", {"alice", "carol"}, max_len);
        CHECK(same({first.buffer, first.size}, sealed) && same({opened.buffer, opened.size}, audio));
    }
    // A packet that the SDK hands in again from our own buffer is sealed again.
    CHECK(from_alice.onSendAudioPacket(first) && first.size > sealed.size());
}

void raw_keys_serve_as_well() {
    const key mine = key::generate(), hers = key::generate();
    const cipher suite_1 = cipher::builtin(suite::aes_128_ctr_hmac_sha256_80);
    const key_store here(suite_1), there(suite_1);
    here.add_send(mine, 1);
    here.add_receive(hers, 2, "bob");
    here.activate(1);
    there.add_send(hers, 2);
    there.add_receive(mine, 1, "alice");
    there.activate(2);
    observer at_alice(here), at_bob(there, 400);
    const octets payload = pattern(350, 6);
    const std::optional<octets> there_way = sdk::asked(at_alice, sdk::send_audio, payload);
    CHECK(there_way && sdk::asked(at_bob, sdk::receive_audio, *there_way) == payload);
    const std::optional<octets> back = sdk::asked(at_bob, sdk::send_video, payload);
    CHECK(back && sdk::asked(at_alice, sdk::receive_video, *back) == payload);
    CHECK(!sdk::asked(at_bob, sdk::send_video, pattern(400, 6)));
}

void callbacks_may_come_from_many_threads() {
    const octets secret = pattern(32, 7);
    member alice(secret), bob(secret);
    observer from_alice(alice.channel, "alice", {"bob"});
    observer at_bob(bob.channel, "bob", {"alice"});
    std::vector<std::thread> threads;
    std::atomic<unsigned> wrong{0};
    for (std::uint32_t thread = 0; thread < 4; ++thread) {
        threads.emplace_back([&, thread] {
            for (std::uint32_t i = 0; i < 500; ++i) {
                const octets payload = payload_of(thread * 1000 + i);
                sdk::IPacketObserver::Packet packet{payload.data(), static_cast<unsigned>(payload.size())};
                // Others may have used the slot since, so only the answer counts here.
                if (!(thread % 2 == 0 ? from_alice.onSendAudioPacket(packet) : from_alice.onSendVideoPacket(packet))) ++wrong;
            }
        });
    }
    threads.emplace_back([&] {
        for (int i = 0; i < 50; ++i) {
            if (from_alice.try_use(alice.channel, "alice", {"bob"}) != MEDIASEAL_OK) ++wrong;
        }
    });
    for (std::thread& thread : threads) thread.join();
    CHECK(wrong == 0 && from_alice.counts(packet_stage::send_audio).passed == 1000 && from_alice.counts(packet_stage::send_video).passed == 1000);
}

}  // namespace

int main() {
    packets_pass_through_a_bad_network();
    nothing_passes_without_the_right_key();
    the_maximum_is_kept_to_the_octet();
    a_packet_handed_back_stays_until_the_next_call();
    raw_keys_serve_as_well();
    callbacks_may_come_from_many_threads();
    return finish("packet_observer");
}
