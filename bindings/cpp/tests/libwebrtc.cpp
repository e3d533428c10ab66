// Frames of libwebrtc through the adapter, against stand-ins of the same shape as its interfaces.

#include "check.hpp"

#include <mediaseal/libwebrtc.hpp>

#include <algorithm>
#include <atomic>
#include <optional>
#include <thread>

using namespace mediaseal;

namespace rtc {

// The shape of libwebrtc's types, in words of our own.
template <class T>
class ArrayView {
public:
    ArrayView() = default;
    ArrayView(T* data, std::size_t size) : data_(data), size_(size) {}
    template <class C>
    ArrayView(C& items) : data_(items.data()), size_(items.size()) {}
    T* data() const { return data_; }
    std::size_t size() const { return size_; }

private:
    T* data_ = nullptr;
    std::size_t size_ = 0;
};

enum class RefCountReleaseStatus { kDroppedLastRef, kOtherRefsRemained };

class RefCountInterface {
public:
    virtual void AddRef() const = 0;
    virtual RefCountReleaseStatus Release() const = 0;

protected:
    virtual ~RefCountInterface() = default;
};

std::atomic<int> alive{0};

template <class T>
class RefCountedObject : public T {
public:
    template <class... Arguments>
    explicit RefCountedObject(Arguments&&... arguments) : T(std::forward<Arguments>(arguments)...) {
        ++alive;
    }
    void AddRef() const override { ++count_; }
    RefCountReleaseStatus Release() const override {
        if (--count_ > 0) return RefCountReleaseStatus::kOtherRefsRemained;
        delete this;
        return RefCountReleaseStatus::kDroppedLastRef;
    }

protected:
    ~RefCountedObject() override { --alive; }

private:
    mutable std::atomic<int> count_{0};
};

template <class T>
class scoped_refptr {
public:
    explicit scoped_refptr(T* object) : object_(object) { object_->AddRef(); }
    scoped_refptr(const scoped_refptr& other) : scoped_refptr(other.object_) {}
    scoped_refptr& operator=(const scoped_refptr&) = delete;
    ~scoped_refptr() { object_->Release(); }
    T* operator->() const { return object_; }
    T& operator*() const { return *object_; }

private:
    T* object_;
};

template <class T, class... Arguments>
scoped_refptr<T> make_ref_counted(Arguments&&... arguments) {
    return scoped_refptr<T>(new RefCountedObject<T>(std::forward<Arguments>(arguments)...));
}

}  // namespace rtc

namespace cricket {
enum MediaType { MEDIA_TYPE_AUDIO, MEDIA_TYPE_VIDEO, MEDIA_TYPE_DATA, MEDIA_TYPE_UNSUPPORTED };
}

namespace webrtc {

class FrameEncryptorInterface : public rtc::RefCountInterface {
public:
    ~FrameEncryptorInterface() override = default;
    virtual int Encrypt(cricket::MediaType media_type, uint32_t ssrc, rtc::ArrayView<const uint8_t> additional_data,
                        rtc::ArrayView<const uint8_t> frame, rtc::ArrayView<uint8_t> encrypted_frame, size_t* bytes_written) = 0;
    virtual size_t GetMaxCiphertextByteSize(cricket::MediaType media_type, size_t frame_size) = 0;
};

class FrameDecryptorInterface : public rtc::RefCountInterface {
public:
    enum class Status { kOk, kRecoverable, kFailedToDecrypt, kUnknown };
    struct Result {
        Result(Status status, size_t bytes_written) : status(status), bytes_written(bytes_written) {}
        bool IsOk() const { return status == Status::kOk; }
        const Status status;
        const size_t bytes_written;
    };
    ~FrameDecryptorInterface() override = default;
    virtual Result Decrypt(cricket::MediaType media_type, const std::vector<uint32_t>& csrcs, rtc::ArrayView<const uint8_t> additional_data,
                           rtc::ArrayView<const uint8_t> encrypted_frame, rtc::ArrayView<uint8_t> frame) = 0;
    virtual size_t GetMaxPlaintextByteSize(cricket::MediaType media_type, size_t encrypted_frame_size) = 0;
};

}  // namespace webrtc

namespace {

struct types {
    using encryptor_interface = webrtc::FrameEncryptorInterface;
    using decryptor_interface = webrtc::FrameDecryptorInterface;
    using media_type = cricket::MediaType;
    template <class T>
    using array_view = rtc::ArrayView<T>;
    static constexpr media_type audio = cricket::MEDIA_TYPE_AUDIO, video = cricket::MEDIA_TYPE_VIDEO;
};

using sealer = libwebrtc_encryptor<types>;
using opener = libwebrtc_decryptor<types>;
using verdict = webrtc::FrameDecryptorInterface::Status;

constexpr cricket::MediaType audio = cricket::MEDIA_TYPE_AUDIO;
constexpr cricket::MediaType video = cricket::MEDIA_TYPE_VIDEO;

rtc::scoped_refptr<sealer> sealing_for(const member& of, const char* name, media what, libwebrtc_options options = {}) {
    return rtc::make_ref_counted<sealer>(encryptor(of.channel, {name, what}), what, options);
}

rtc::scoped_refptr<opener> opening_for(const member& of, const char* name, media what, libwebrtc_options options = {}) {
    return rtc::make_ref_counted<opener>(decryptor(of.channel, {{name, what}}), what, options);
}

// As libwebrtc sends: a buffer of the most octets, cut to what was written.
octets sent(webrtc::FrameEncryptorInterface& by, cricket::MediaType type, const octets& frame, const octets& additional = {}) {
    octets out(by.GetMaxCiphertextByteSize(type, frame.size()), 0xEE);
    std::size_t len = 77;
    if (by.Encrypt(type, 1234, additional, frame, out, &len) != 0) {
        CHECK(len == 0 && is_zero(out));
        return {};
    }
    out.resize(len);
    return out;
}

// As libwebrtc receives video: into the front of the buffer that holds the ciphertext.
std::optional<octets> received(webrtc::FrameDecryptorInterface& by, cricket::MediaType type, octets sealed, const octets& additional = {}) {
    const std::size_t most = by.GetMaxPlaintextByteSize(type, sealed.size());
    CHECK(most <= sealed.size());
    const auto result = by.Decrypt(type, {}, additional, sealed, rtc::ArrayView<std::uint8_t>(sealed.data(), most));
    CHECK(result.IsOk() || result.bytes_written == 0);
    if (!result.IsOk()) return std::nullopt;
    sealed.resize(result.bytes_written);
    return sealed;
}

void frames_pass_through_a_bad_network() {
    const octets secret = pattern(32, 1);
    member alice(secret), bob(secret);
    const auto by = sealing_for(alice, "alice", media::video);
    const auto at = opening_for(bob, "alice", media::video);
    std::vector<std::pair<std::uint32_t, octets>> network;
    dice luck(3);
    std::uint32_t lost = 0, repeated = 0;
    const auto frame_of = [](std::uint32_t number) { return pattern(dice(number).below(9000), number); };
    for (std::uint32_t number = 0; number < 3000; ++number) {
        const octets frame = frame_of(number);
        const octets sealed = sent(*by, video, frame);
        CHECK(sealed.size() > frame.size() && !shows({sealed.data(), sealed.size()}, {frame.data(), std::min<std::size_t>(frame.size(), 200)}, 16));
        if (luck.below(10) == 0) {
            ++lost;
            continue;
        }
        network.emplace_back(number, sealed);
        if (luck.below(10) == 0) {
            ++repeated;
            network.emplace_back(number, sealed);
        }
    }
    jumble(network, 100, luck);
    std::uint32_t opened = 0, dropped = 0, altered = 0;
    for (const auto& [number, sealed] : network) {
        if (luck.below(10) == 0) {
            octets bad(sealed);
            bad[luck.below(static_cast<std::uint32_t>(bad.size()))] ^= 0x10;
            CHECK(!received(*at, video, bad));
            ++altered;
        }
        if (const std::optional<octets> frame = received(*at, video, sealed)) {
            ++opened;
            CHECK(*frame == frame_of(number));
        } else {
            ++dropped;
            CHECK_STATUS(at->last_status(), MEDIASEAL_ERR_DUPLICATE);
        }
    }
    CHECK(opened == 3000 - lost && dropped == repeated && repeated > 100);
    statistics totals;
    CHECK_OK(by->try_totals(totals));
    CHECK(totals.frames == 3000);
    CHECK_OK(at->try_totals(totals));
    // What was altered in its header may look like a repetition or like a key that is not there.
    const std::uint64_t refused = totals.authentication_failed + totals.duplicate + totals.too_old + totals.missing_key + totals.stale_session +
                                  totals.clock_mismatch + totals.malformed + totals.truncated + totals.retired_key + totals.reflected;
    CHECK(totals.frames == opened && totals.duplicate >= dropped && refused == dropped + altered && altered > 100);
    CHECK(by->last_status() == MEDIASEAL_OK);
}

void verdicts_tell_a_bad_frame_from_a_bad_key() {
    const octets secret = pattern(32, 2);
    member alice(secret), bob(secret), eve(pattern(32, 3));
    const auto by = sealing_for(alice, "alice", media::video);
    const auto at = opening_for(bob, "alice", media::video);
    const auto at_eve = opening_for(eve, "alice", media::video);
    const octets frame = pattern(500, 4), sealed = sent(*by, video, frame);
    octets out(sealed.size(), 0xEE);
    const auto judged = [&](opener& who, const octets& what) {
        std::fill(out.begin(), out.end(), std::uint8_t{0xEE});
        const auto result = who.Decrypt(video, {}, {}, what, out);
        CHECK(result.IsOk() == (result.bytes_written > 0));
        CHECK(result.IsOk() || !shows(out, frame));
        return result.status;
    };
    CHECK(judged(*at_eve, sealed) == verdict::kFailedToDecrypt && at_eve->last_status() == MEDIASEAL_ERR_AUTHENTICATION_FAILED);
    CHECK(judged(*at, sealed) == verdict::kOk && same({out.data(), frame.size()}, frame));
    CHECK(judged(*at, sealed) == verdict::kRecoverable && at->last_status() == MEDIASEAL_ERR_DUPLICATE);
    CHECK(judged(*at, {}) == verdict::kRecoverable && at->last_status() == MEDIASEAL_ERR_TRUNCATED);
    octets altered(sent(*by, video, frame));
    altered[altered.size() - 1] ^= 1;
    CHECK(judged(*at, altered) == verdict::kFailedToDecrypt && at->last_status() == MEDIASEAL_ERR_AUTHENTICATION_FAILED);

    // A generation that has not come: nothing changes in the buffer, and the frame opens when it is there.
    const octets next = pattern(32, 5);
    alice.channel.stage({2, next});
    alice.channel.activate(2);
    const octets early = sent(*by, video, frame);
    octets buffer(early);
    CHECK(at->Decrypt(video, {}, {}, buffer, buffer).status == verdict::kFailedToDecrypt);
    CHECK(at->last_status() == MEDIASEAL_ERR_MISSING_KEY && buffer == early);
    bob.channel.stage({2, next});
    CHECK(received(*at, video, buffer) == frame);

    // Another list of senders: the window stays.
    at->replace(decryptor(bob.channel, {{"alice", media::video}, {"carol", media::video}}));
    CHECK(!received(*at, video, early));
    CHECK_STATUS(at->last_status(), MEDIASEAL_ERR_DUPLICATE);
}

void nothing_is_sent_that_could_not_be_sealed() {
    channel_store store;
    channel_options options{"standup"};
    const channel without_keys(store, options);
    const octets frame = pattern(300, 6);
    const auto keyless = rtc::make_ref_counted<sealer>(encryptor(without_keys, {"alice", media::video}), media::video);
    octets out(1000, 0xEE);
    std::size_t len = 5;
    CHECK(keyless->Encrypt(video, 1, {}, frame, out, &len) == MEDIASEAL_ERR_NO_ACTIVE_KEY);
    CHECK(len == 0 && is_zero(out));
    // In place too: the frame is gone, it does not stay where a ciphertext is looked for.
    octets in_place(frame);
    in_place.resize(400);
    CHECK(keyless->Encrypt(video, 1, {}, rtc::ArrayView<const std::uint8_t>(in_place.data(), 300), in_place, &len) != 0);
    CHECK(is_zero(in_place));

    const octets secret = pattern(32, 7);
    member alice(secret);
    const auto by = sealing_for(alice, "alice", media::video);
    out.assign(1000, 0xEE);
    CHECK(by->Encrypt(audio, 1, {}, frame, out, &len) == MEDIASEAL_ERR_UNKNOWN_VALUE && is_zero(out));
    CHECK(by->Encrypt(video, 1, {}, frame, out, nullptr) == MEDIASEAL_ERR_NULL_POINTER);
    CHECK(by->GetMaxCiphertextByteSize(audio, 10) == 0);
    octets tight(frame.size() + 5, 0xEE);
    CHECK(by->Encrypt(video, 1, {}, frame, tight, &len) == MEDIASEAL_ERR_BUFFER_TOO_SMALL && is_zero(tight) && len == 0);
    const auto none = rtc::make_ref_counted<sealer>(encryptor(nullptr));
    CHECK(none->GetMaxCiphertextByteSize(video, 10) == 0 && sent(*none, video, frame).empty());
    const auto closed = rtc::make_ref_counted<opener>(decryptor(nullptr));
    CHECK(!received(*closed, video, frame));
}

void the_largest_sizes_are_bounds() {
    const octets secret = pattern(32, 8);
    member alice(secret), bob(secret);
    const auto by = sealing_for(alice, "alice", media::audio);
    const auto at = opening_for(bob, "alice", media::audio);
    for (std::uint32_t len = 0; len < 400; ++len) {
        const octets frame = pattern(len, len);
        const octets sealed = sent(*by, audio, frame);
        CHECK(!sealed.empty() && sealed.size() <= by->GetMaxCiphertextByteSize(audio, len));
        CHECK(by->GetMaxCiphertextByteSize(audio, len) <= len + MEDIASEAL_HEADROOM + MEDIASEAL_TAILROOM);
        CHECK(received(*at, audio, sealed) == frame);
    }
    CHECK(!received(*at, video, sent(*by, audio, pattern(10, 1))));
}

void output_may_alias_input_anywhere() {
    const octets secret = pattern(32, 9);
    member alice(secret), bob(secret);
    const auto by = sealing_for(alice, "alice", media::video);
    const auto at = opening_for(bob, "alice", media::video);
    const octets frame = pattern(200, 10);
    // The frame at 100, the ciphertext from every place before and behind on.
    for (std::size_t at_out = 0; at_out <= 320; ++at_out) {
        octets memory(700, 0xEE);
        std::copy(frame.begin(), frame.end(), memory.begin() + 100);
        std::size_t len = 0;
        const rtc::ArrayView<const std::uint8_t> input(memory.data() + 100, frame.size());
        const rtc::ArrayView<std::uint8_t> out(memory.data() + at_out, 260);
        CHECK(by->Encrypt(video, 1, {}, input, out, &len) == 0);
        const octets sealed(memory.begin() + static_cast<std::ptrdiff_t>(at_out), memory.begin() + static_cast<std::ptrdiff_t>(at_out + len));
        CHECK(!shows(sealed, frame));
        // And back, from 150 to the same places.
        octets back(700, 0xEE);
        std::copy(sealed.begin(), sealed.end(), back.begin() + 150);
        const auto result = at->Decrypt(video, {}, {}, rtc::ArrayView<const std::uint8_t>(back.data() + 150, sealed.size()),
                                        rtc::ArrayView<std::uint8_t>(back.data() + at_out, sealed.size()));
        CHECK(result.IsOk() && same({back.data() + at_out, result.bytes_written}, frame));
    }
}

void packetizers_find_what_they_read() {
    const octets secret = pattern(32, 12);
    member alice(secret), bob(secret);
    const auto by = sealing_for(alice, "alice", media::video);
    const auto at = opening_for(bob, "alice", media::video);
    CHECK_OK(by->try_set_codec(1234, codec::vp8));
    octets frame = pattern(700, 13);
    frame[0] &= 0xFE;
    const octets sealed = sent(*by, video, frame);
    CHECK(same({sealed.data(), 10}, {frame.data(), 10}) && !shows(sealed, {frame.data() + 10, 100}, 16));
    CHECK(!received(*at, video, sealed));
    CHECK_OK(at->try_set_codec(codec::vp8));
    CHECK(received(*at, video, sealed) == frame);
    CHECK(!received(*at, video, octets(sealed.begin(), sealed.begin() + 13)));
    CHECK_STATUS(at->last_status(), MEDIASEAL_ERR_NO_CARRIER);
    CHECK_OK(at->replace(decryptor(bob.channel, {{"alice", media::video}})));
    CHECK(received(*at, video, sent(*by, video, frame)) == frame);
    codec found = codec::opaque;
    CHECK(try_codec_from_name("video/AV1", found) == MEDIASEAL_OK && found == codec::av1);
    CHECK(try_codec_from_name("ulpfec", found) == MEDIASEAL_ERR_UNKNOWN_VALUE);
}

void additional_data_counts_only_where_it_was_asked_for() {
    const octets secret = pattern(32, 11), frame = pattern(100, 12), header{1, 2, 3}, rewritten{1, 2, 4};
    member alice(secret), bob(secret);
    const auto by = sealing_for(alice, "alice", media::video);
    const auto at = opening_for(bob, "alice", media::video);
    CHECK(received(*at, video, sent(*by, video, frame, header), rewritten) == frame);
    libwebrtc_options strict;
    strict.authenticate_additional_data = true;
    const auto strict_by = sealing_for(alice, "alice", media::video, strict);
    const auto strict_at = opening_for(bob, "alice", media::video, strict);
    const octets sealed = sent(*strict_by, video, frame, header);
    CHECK(!received(*strict_at, video, sealed, rewritten));
    CHECK_STATUS(strict_at->last_status(), MEDIASEAL_ERR_AUTHENTICATION_FAILED);
    CHECK(received(*strict_at, video, sealed, header) == frame);
    CHECK(!received(*at, video, sent(*strict_by, video, frame, header), header));
}

void many_threads_take_turns() {
    const octets secret = pattern(32, 13);
    member alice(secret);
    const auto by = sealing_for(alice, "alice", media::screen);
    std::vector<std::thread> threads;
    std::atomic<unsigned> failed{0};
    for (int thread = 0; thread < 4; ++thread) {
        // Each holds a reference of its own.
        threads.emplace_back([by, &failed] {
            octets out(400);
            const octets frame = pattern(300, 1);
            for (int i = 0; i < 500; ++i) {
                std::size_t len = 0;
                if (by->Encrypt(video, 1, {}, frame, out, &len) != 0) ++failed;
            }
        });
    }
    for (std::thread& thread : threads) thread.join();
    statistics totals;
    CHECK_OK(by->try_totals(totals));
    CHECK(failed == 0 && totals.frames == 2000);
}

}  // namespace

int main() {
    frames_pass_through_a_bad_network();
    verdicts_tell_a_bad_frame_from_a_bad_key();
    nothing_is_sent_that_could_not_be_sealed();
    the_largest_sizes_are_bounds();
    output_may_alias_input_anywhere();
    packetizers_find_what_they_read();
    additional_data_counts_only_where_it_was_asked_for();
    many_threads_take_turns();
    CHECK(rtc::alive == 0);
    return finish("libwebrtc");
}
