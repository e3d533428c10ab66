// Frames through C++: channels and raw keys, every form of call, batches, statistics, rotation, refusals.

#include "check.hpp"

#include <cstring>

#if defined(__cpp_lib_span)
#include <span>
#endif

using namespace mediaseal;

namespace {

constexpr media video = media::video;

void a_channel_carries_frames() {
    const octets key = pattern(32, 1);
    member alice(key), bob(key);
    encryptor sealing(alice.channel, {"alice", video});
    decryptor opening(bob.channel, {{"alice", video}, {"alice", media::audio}});
    for (std::uint32_t i = 0; i < 300; ++i) {
        const octets frame = pattern(i * 7, i);
        const frame_info info{7, "metadata"};
        const octets sealed = sealing.encrypt(frame, info);
        CHECK(!shows(sealed, frame));
        CHECK(sealed.size() <= sealing.bound(frame.size()));
        opened told;
        const octets back = opening.decrypt(sealed, info, &told);
        CHECK(back == frame);
        CHECK(told.sender.text() == "alice" && told.media == video);
        CHECK(told.epoch && told.epoch->generation == 1 && told.epoch->step == 0);
        CHECK_THROWS(opening.decrypt(sealed, info), MEDIASEAL_ERR_DUPLICATE);
    }
    const statistics opened_counters = opening.statistics(0);
    CHECK(opened_counters.frames == 300 && opened_counters.ssrc == 7 && opened_counters.sender_name().text() == "alice");
    CHECK(opened_counters.has_last_kid() && opened_counters.has_window_head() && opened_counters.duplicate == 300);
    CHECK(opening.statistics_count() == 1);
    CHECK(sealing.totals().frames == 300 && sealing.statistics_count() == 1 && sealing.statistics(0).frames == 300);
    CHECK(opening.totals().duplicate == 300 && opening.unattributed().missing_key == 0);
    CHECK_THROWS(opening.statistics(1), MEDIASEAL_ERR_INDEX);
}

void every_form_of_call_does_the_same() {
    const octets key = pattern(16, 2);
    member alice(key), bob(key);
    encryptor sealing(alice.channel, {"alice", video});
    decryptor opening(bob.channel, {{"alice", video}});
    const octets frame = pattern(500, 3);

    std::array<std::uint8_t, 1000> buffer{};
    std::size_t len = sealing.encrypt(frame, buffer);
    CHECK(len == frame.size() + sealing.next_overhead() && len <= sealing.bound(frame.size()));
    std::array<std::uint8_t, 1000> out{};
    CHECK(opening.decrypt(bytes_view(buffer.data(), len), out) == frame.size());
    CHECK(same({out.data(), frame.size()}, frame));

    // In place, at an offset, and back; nothing outside is touched.
    std::vector<std::uint8_t> room(MEDIASEAL_HEADROOM + frame.size() + MEDIASEAL_TAILROOM, 0xEE);
    std::copy(frame.begin(), frame.end(), room.begin() + MEDIASEAL_HEADROOM);
    const range sealed = sealing.encrypt_in_place(room, {MEDIASEAL_HEADROOM, frame.size()});
    CHECK(!shows(room, frame));
    CHECK(sealed.size == len);
    for (std::size_t i = 0; i < sealed.offset; ++i) CHECK(room[i] == 0xEE);
    opened told;
    const range plain = opening.decrypt_in_place(room, sealed, {}, &told);
    CHECK(plain.size == frame.size() && same({room.data() + plain.offset, plain.size}, frame));
    CHECK(told.sender.text() == "alice");

    // One buffer for both, from its front.
    std::vector<std::uint8_t> one(frame);
    one.resize(frame.size() + 64);
    len = sealing.encrypt({one.data(), frame.size()}, one);
    CHECK(!shows(one, frame));
    CHECK(opening.decrypt({one.data(), len}, one) == frame.size() && same({one.data(), frame.size()}, frame));

    // The noexcept forms say what happened and leave 0 behind.
    static_assert(noexcept(sealing.try_encrypt(frame, one, len)));
    static_assert(noexcept(opening.try_decrypt(frame, one, len)));
    CHECK_STATUS(sealing.try_encrypt(frame, mutable_bytes(one.data(), 10), len), MEDIASEAL_ERR_BUFFER_TOO_SMALL);
    CHECK(len == 0 && sealing.last_failure().needed > sealing.last_failure().available);
    len = 5;
    CHECK_STATUS(sealing.try_encrypt({one.data() + 3, 100}, {one.data(), 200}, len), MEDIASEAL_ERR_OVERLAP);
    CHECK(len == 0);
    CHECK_THROWS(sealing.encrypt_in_place(room, {0, 100}), MEDIASEAL_ERR_HEADROOM);
    CHECK_THROWS(sealing.encrypt_in_place(room, {40, room.size()}), MEDIASEAL_ERR_RANGE_OUTSIDE_BUFFER);
    CHECK_THROWS(opening.decrypt_in_place(room, {room.size(), 1}), MEDIASEAL_ERR_RANGE_OUTSIDE_BUFFER);
}

void views_come_from_all_sorts_of_containers() {
    const key base = key::generate();
    const cipher gcm = cipher::builtin(suite::aes_256_gcm_sha512_128);
    const key_store sending(gcm), receiving(gcm);
    receiving.add_receive(base, 3, std::string("alice"));
    sending.add_send(base, 3);
    sending.activate(3);
    encryptor sealing(sending);
    decryptor opening(receiving);
    const std::string text = "one encoded frame";
    const std::uint8_t plain_array[] = {1, 2, 3};
    const std::array<std::byte, 2> of_bytes{std::byte{4}, std::byte{5}};
    CHECK(same(opening.decrypt(sealing.encrypt(text)), text));
    CHECK(same(opening.decrypt(sealing.encrypt("a literal")), std::string_view("a literal")));
    CHECK(same(opening.decrypt(sealing.encrypt(plain_array)), plain_array));
    CHECK(same(opening.decrypt(sealing.encrypt(of_bytes)), of_bytes));
    CHECK(opening.decrypt(sealing.encrypt(bytes_view())).empty());
    CHECK(bytes_view(static_cast<const char*>(nullptr)).empty());
#if defined(__cpp_lib_span)
    std::array<std::byte, 100> sealed{}, back{};
    const std::span<const char> characters(text);
    CHECK(same(opening.decrypt(sealing.encrypt(characters)), text));
    const std::size_t len = sealing.encrypt(std::as_bytes(characters), std::span<std::byte>(sealed).subspan(10));
    CHECK(opening.decrypt(std::span<const std::byte>(sealed).subspan(10, len), std::span<std::byte>(back)) == text.size());
    CHECK(std::memcmp(back.data(), text.data(), text.size()) == 0);
    const std::span<const std::uint8_t> as_span = bytes_view(text);
    CHECK(as_span.size() == text.size());
#endif
    static_assert(!std::is_convertible_v<const std::vector<std::uint8_t>&, mutable_bytes>);
    static_assert(!std::is_convertible_v<std::vector<std::uint8_t>, mutable_bytes>);
    static_assert(!std::is_convertible_v<std::vector<int>, bytes_view>);
    static_assert(!std::is_convertible_v<key, bytes_view> && std::is_convertible_v<const key&, bytes_view>);
}

void raw_keys_live_and_retire() {
    const cipher gcm = cipher::builtin(suite::aes_128_gcm_sha256_128);
    const cipher_params params = gcm.describe();
    CHECK(params.suite == suite::aes_128_gcm_sha256_128 && params.tag_len == 16 && params.hash == hash::sha256);
    CHECK_THROWS(key_store(cipher::builtin(suite::aes_128_ctr_hmac_sha256_32)), MEDIASEAL_ERR_SHORT_TAG);
    CHECK(key_store(cipher::builtin(suite::aes_128_ctr_hmac_sha256_32, true)).native_handle() != nullptr);
    CHECK_THROWS(cipher::builtin(suite::private_first), MEDIASEAL_ERR_UNSUPPORTED_SUITE);
    CHECK_THROWS(cipher::builtin(suite::aes_128_gcm_sha256_128, false, provider::aws_lc), MEDIASEAL_ERR_NOT_IN_THIS_BUILD);
    tier selected{};
    verdict why{};
    CHECK_OK(try_cpu_tier(selected));
    CHECK_OK(try_cpu_verdict(selected, why));
    CHECK(why == verdict::selected);
    CHECK_STATUS(try_cpu_verdict(static_cast<tier>(99), why), MEDIASEAL_ERR_UNKNOWN_VALUE);
    CHECK(cpu_text().rfind("AES: ", 0) == 0);

    const key first = key::generate(), second = key::generate();
    key_store sending(gcm), receiving(gcm);
    receiving.add_receive(first, 0, "alice");
    receiving.add_receive(second, 1, "alice", now + 100);
    receiving.tick(now);
    sending.add_send(first, 0);
    sending.add_send(second, 1);
    CHECK_THROWS(sending.add_send(first, 0), MEDIASEAL_ERR_KID_IN_USE);
    CHECK_THROWS(sending.add_receive(first, 0, "me"), MEDIASEAL_ERR_SEND_AND_RECEIVE);
    encryptor_options compact;
    compact.mode = mode::packet;
    compact.max_len = 300;
    encryptor sealing(sending, compact);
    decryptor opening(receiving, {mode::packet});
    const octets packet = pattern(200, 9);
    CHECK_THROWS(sealing.encrypt(packet), MEDIASEAL_ERR_NO_ACTIVE_KEY);
    sending.activate(0);
    const octets early = sealing.encrypt(packet);
    CHECK(opening.decrypt(early) == packet);
    CHECK_THROWS(sealing.encrypt(pattern(300, 1)), MEDIASEAL_ERR_PACKET_TOO_LONG);
    sending.activate(1);
    const octets later = sealing.encrypt(packet);
    CHECK_THROWS(opening.decrypt(later), MEDIASEAL_ERR_NOT_YET_ACTIVE);
    receiving.tick(now + 100);
    CHECK(opening.decrypt(later) == packet);
    receiving.retire_receive(0);
    CHECK_THROWS(opening.decrypt(early), MEDIASEAL_ERR_RETIRED_KEY);
    sending.retire_send(0);
    CHECK_THROWS(sending.retire_send(0), MEDIASEAL_ERR_UNKNOWN_SEND_KEY);
    receiving.refuse_after_failures();
    opening.refresh();
    sealing.refresh();
    CHECK(opening.last_failure().status == MEDIASEAL_ERR_RETIRED_KEY);
}

void what_fails_is_explained() {
    const octets key = pattern(32, 4);
    member alice(key), bob(key), carol(pattern(32, 5));
    encryptor sealing(alice.channel, {"alice", video});
    decryptor opening(bob.channel, {{"alice", video}});
    decryptor for_bob(bob.channel, {{"bob", video}});
    frame_info info;
    info.ssrc = 9;
    const octets frame = pattern(400, 6);
    octets sealed = sealing.encrypt(frame, info);
    CHECK(opening.explain(sealed, info).reason == MEDIASEAL_REASON_OPENS);
    const std::array<expected_sender, 1> suspected{{{"alice", video}}};
    const std::array<const channel*, 1> elsewhere{{&bob.channel}};
    suspects others;
    others.senders = suspected;
    const diagnosis told = for_bob.explain(sealed, info, others);
    CHECK(told.reason == MEDIASEAL_REASON_OTHER_SENDER && told.sender_name().text() == "alice");
    CHECK(std::string(told.words()) == "it is of alice, video");
    others.channels = elsewhere;
    decryptor apart(carol.channel, {{"alice", video}});
    CHECK(apart.explain(sealed, info, others).reason == MEDIASEAL_REASON_OTHER_CHANNEL);
    look first;
    CHECK(try_look_at(sealed, 0, first) == MEDIASEAL_OK && first.kind == MEDIASEAL_LOOK_SFRAME);

    CHECK(opening.decrypt(sealed, info) == frame);
    CHECK(!opening.need_key_frame(0));
    for (int i = 0; i < 6; i++) {
        sealed = sealing.encrypt(frame, info);
        sealed.back() ^= 1;
        CHECK_THROWS(opening.decrypt(sealed, info), MEDIASEAL_ERR_AUTHENTICATION_FAILED);
    }
    const failure why = opening.last_failure();
    CHECK(why.ssrc == 9 && why.ctr != 0 && why.sender_name().text() == "alice" && !why.conceal());
    CHECK(opening.decrypt(sealing.encrypt(frame, info), info) == frame);
    const key_frame_request request = opening.need_key_frame(1000);
    CHECK(request && request.ssrc == 9 && request.sender_name().text() == "alice");
    CHECK(!opening.need_key_frame(1400));
    unsigned failing = 0, recovered = 0;
    while (const auto told_event = bob.store.poll_event()) {
        failing += told_event->type() == event_type::stream_failing && told_event->ssrc() == 9;
        recovered += told_event->type() == event_type::stream_recovered && told_event->count() == 6;
    }
    CHECK(failing == 1 && recovered == 1);
}

void what_was_altered_leaves_nothing_behind() {
    const octets key = pattern(32, 4);
    member alice(key), bob(key), eve(pattern(32, 5));
    encryptor sealing(alice.channel, {"alice", video});
    decryptor opening(bob.channel, {{"alice", video}});
    decryptor wrong_key(eve.channel, {{"alice", video}});
    const octets frame = pattern(400, 6);
    const octets sealed = sealing.encrypt(frame);
    octets out(sealed.size(), 0xEE);
    std::size_t len = 9;
    // A channel that never had the key does not even know the session.
    CHECK_STATUS(wrong_key.try_decrypt(sealed, out, len), MEDIASEAL_ERR_AUTHENTICATION_FAILED);
    CHECK(len == 0 && !shows(out, frame));
    for (std::size_t at = sealed.size() - 60; at < sealed.size(); ++at) {
        octets altered(sealed);
        altered[at] ^= 1;
        std::fill(out.begin(), out.end(), std::uint8_t{0xEE});
        CHECK_STATUS(opening.try_decrypt(altered, out, len), MEDIASEAL_ERR_AUTHENTICATION_FAILED);
        CHECK(len == 0 && !shows(out, frame));
    }
    CHECK_STATUS(opening.try_decrypt(sealed, out, len, {0, "other metadata"}), MEDIASEAL_ERR_AUTHENTICATION_FAILED);
    CHECK_STATUS(opening.try_decrypt({sealed.data(), 5}, out, len), MEDIASEAL_ERR_TRUNCATED);
    CHECK(class_of(MEDIASEAL_ERR_TRUNCATED) == status_class::drop_the_packet);
    CHECK(opening.decrypt(sealed) == frame);
    CHECK(opening.unattributed().authentication_failed == 61 && opening.totals().authentication_failed == 61);
}

void many_frames_go_in_one_call() {
    const octets key = pattern(32, 8);
    member alice(key), bob(key);
    encryptor sealing(alice.channel, {"alice", video});
    decryptor opening(bob.channel, {{"alice", video}});
    constexpr std::size_t count = 50;
    std::vector<octets> frames, sealed, back;
    for (std::uint32_t i = 0; i < count; ++i) {
        frames.push_back(pattern(i, i));
        sealed.emplace_back(i + 64);
        back.emplace_back(i + 64);
    }
    std::vector<encrypt_job> sealings(count);
    for (std::size_t i = 0; i < count; ++i) {
        sealings[i].encryptor = &sealing;
        sealings[i].plaintext = frames[i];
        sealings[i].out = sealed[i];
    }
    sealings[20].out = {};
    sealings[40].encryptor = nullptr;
    CHECK_STATUS(try_encrypt_batch(sealings), MEDIASEAL_ERR_BUFFER_TOO_SMALL);
    CHECK(sealings[20].status == MEDIASEAL_ERR_BUFFER_TOO_SMALL && sealings[40].status == MEDIASEAL_ERR_NULL_POINTER);

    std::vector<decrypt_job> openings(count);
    std::vector<opened> told(count);
    std::vector<failure> refused(count);
    for (std::size_t i = 0; i < count; ++i) {
        if (i != 20 && i != 40) CHECK(sealings[i].status == MEDIASEAL_OK && !shows(sealed[i], frames[i]));
        openings[i].decryptor = &opening;
        openings[i].ciphertext = {sealed[i].data(), sealings[i].out_len};
        openings[i].out = back[i];
        openings[i].opened = &told[i];
        openings[i].failure = &refused[i];
    }
    CHECK_THROWS(decrypt_batch(openings), MEDIASEAL_ERR_TRUNCATED);
    for (std::size_t i = 0; i < count; ++i) {
        if (i == 20 || i == 40) {
            CHECK(openings[i].status == MEDIASEAL_ERR_TRUNCATED && openings[i].out_len == 0);
            CHECK(refused[i].status == MEDIASEAL_ERR_TRUNCATED && !refused[i].conceal());
        } else {
            CHECK(openings[i].status == MEDIASEAL_OK && same({back[i].data(), openings[i].out_len}, frames[i]));
            CHECK(told[i].media == video && told[i].epoch);
        }
    }
    CHECK_OK(try_encrypt_batch({}));
}

void packets_of_16_senders_are_told_apart_and_not_of_17() {
    const octets key = pattern(32, 10);
    member all(key);
    std::vector<std::string> names;
    for (int i = 0; i < 17; ++i) names.push_back("sender " + std::to_string(i));
    std::vector<expected_sender> expected;
    for (const std::string& name : names) expected.push_back({name, media::audio});
    CHECK_THROWS(decryptor(all.channel, expected), MEDIASEAL_ERR_EXPECTED_SENDERS);
    expected.pop_back();
    member receiver(key);
    decryptor opening(receiver.channel, expected, {mode::packet});
    for (int i = 0; i < 16; ++i) {
        encryptor sealing(all.channel, {names[static_cast<std::size_t>(i)], media::audio, mode::packet});
        opened told;
        CHECK(opening.decrypt(sealing.encrypt("payload"), {}, &told).size() == 7);
        CHECK(told.sender.text() == names[static_cast<std::size_t>(i)]);
    }
    encryptor unexpected(all.channel, {names[16], media::audio, mode::packet});
    CHECK_THROWS(opening.decrypt(unexpected.encrypt("payload")), MEDIASEAL_ERR_AUTHENTICATION_FAILED);
}

void frames_go_in_rtp_payloads() {
    const octets key = pattern(32, 11);
    member alice(key), bob(key);
    encryptor sealing(alice.channel, {"alice", video});
    decryptor opening(bob.channel, {{"alice", video}});
    CHECK_THROWS(rtp_reassembler(1, 100), MEDIASEAL_ERR_PACKET_MAXIMUM);
    rtp_reassembler reassembler(64, 100);
    std::uint16_t sequence = 65530;
    for (std::size_t size : {0u, 50u, 99u, 700u}) {
        const octets frame = pattern(size, 12);
        const octets sealed = sealing.encrypt(frame);
        const std::size_t count = rtp_payload_count(sealed.size(), 100);
        CHECK(count == (sealed.size() + 98) / 99);
        std::size_t complete = 0;
        for (std::size_t index = 0; index < count; ++index) {
            std::array<std::uint8_t, 100> payload{};
            const std::size_t len = rtp_payload(sealed, rtp_content::packet, 100, index, payload);
            const rtp_info info{sequence++, 7, 100, index + 1 == count};
            const bytes_view view(payload.data(), len);
            const rtp_ciphertext told = reassembler.push(info, view);
            if (told.progress == rtp_progress::complete) {
                ++complete;
                CHECK(told.content == rtp_content::packet && told.last.marker && told.last.sequence == info.sequence);
                CHECK(told.last.timestamp == 7 && told.last.payload_type == 100);
                std::size_t back = 0;
                CHECK_OK(opening.try_decrypt(told.octets, told.octets, back));
                CHECK(same({told.octets.data(), back}, frame));
            } else {
                CHECK(told.progress == rtp_progress::waiting && told.octets.empty());
            }
            CHECK(reassembler.push(info, view).progress == rtp_progress::duplicate);
        }
        CHECK(complete == 1);
        std::array<std::uint8_t, 100> payload{};
        CHECK_THROWS(rtp_payload(sealed, rtp_content::frame, 100, count, payload), MEDIASEAL_ERR_INDEX);
    }
    reassembler.close();
    CHECK_THROWS((void)reassembler.push({}, {}), MEDIASEAL_ERR_CLOSED);
}

void what_leaves_is_proven() {
    const octets key = pattern(32, 13);
    member alice(key);
    encryptor sealing(alice.channel, {"alice", video});
    sealing.set_codec(7, codec::vp8);
    sentinel watching(alice.channel);
    watching.set_codec(7, codec::vp8);
    proof proven = watching.proof();
    CHECK(proven.check(1).status == proof_status::sealing);
    const frame_info info{7, "number"};
    const octets frame = pattern(300, 14);
    for (int i = 0; i < 300; ++i) watching.observe_sent(sealing.encrypt(frame, info), info);
    const proof_state good = proven.check(5);
    CHECK(good.status == proof_status::encrypted && good.since == 5 && good.frames == 300 && good.leak == leak::none);
    watching.observe_sent(octets{}, info);
    CHECK(proven.check(6).status == proof_status::degraded && proven.check(6).leak == leak::not_sealed);
    watching.close();
    CHECK_STATUS(watching.try_observe_sent(frame, info), MEDIASEAL_ERR_CLOSED);
    CHECK(proven.check(7).status == proof_status::degraded);
    proven.close();
    CHECK_THROWS((void)proven.check(8), MEDIASEAL_ERR_CLOSED);
}

}  // namespace

int main() {
    a_channel_carries_frames();
    every_form_of_call_does_the_same();
    views_come_from_all_sorts_of_containers();
    raw_keys_live_and_retire();
    what_fails_is_explained();
    what_was_altered_leaves_nothing_behind();
    many_frames_go_in_one_call();
    packets_of_16_senders_are_told_apart_and_not_of_17();
    frames_go_in_rtp_payloads();
    what_leaves_is_proven();
    return finish("frames");
}
