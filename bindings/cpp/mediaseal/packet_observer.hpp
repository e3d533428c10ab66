/// @file
/// mediaseal for SDKs that lend out packets: four callbacks, each with a buffer's address and size that it may replace. Header-only.
///
///   class IPacketObserver {                                       // the SDK's, or any class of this shape
///       struct Packet { const unsigned char* buffer; unsigned int size; };
///       virtual bool onSendAudioPacket(Packet& packet) = 0;       // and onSendVideoPacket, onReceiveAudioPacket, onReceiveVideoPacket
///   };
///
///   mediaseal::packet_observer<agora::rtc::IPacketObserver> observer(channel, "alice", {"bob", "carol"});
///   engine->registerPacketObserver(&observer);
///
/// Such packets name neither sender nor stream: a received one is tried for each expected sender, at most MEDIASEAL_EXPECTED_MAX (more by
/// channel::expect_session). Have the SDK keep payloads so short that header and tag fit into the maximum: MEDIASEAL_HEADROOM + MEDIASEAL_TAILROOM octets
/// shorter is always enough, encryptor::next_overhead says it exactly.

#ifndef MEDIASEAL_PACKET_OBSERVER_HPP
#define MEDIASEAL_PACKET_OBSERVER_HPP

#include <mediaseal.hpp>

#include <limits>
#include <mutex>

namespace mediaseal {

/// What a packet_observer does.
enum class packet_stage : std::size_t {
    send_audio,     ///< Seals audio.
    send_video,     ///< Seals video.
    receive_audio,  ///< Opens audio.
    receive_video,  ///< Opens video.
};

/// What became of the packets of one stage.
struct packet_counts {
    std::uint64_t passed = 0;                     ///< Sealed or opened.
    std::uint64_t dropped = 0;                    ///< Refused.
    mediaseal_status last_status = MEDIASEAL_OK;  ///< Why the last refused one was; MEDIASEAL_OK if none was.
};

namespace detail {

/// Packets that were made here and lent to the SDK, each until `slots` later ones were.
class packet_ring {
public:
    static constexpr std::size_t slots = 4;

    packet_ring() = default;
    packet_ring(const packet_ring&) = delete;
    packet_ring& operator=(const packet_ring&) = delete;
    ~packet_ring() {
        // Opened packets are plaintext.
        wipe(octets_);
        for (std::vector<std::uint8_t>& octets : former_) wipe(octets);
    }

    /// Makes room for packets of `max_len` octets. Those that are lent out stay where they are.
    void reserve(std::size_t max_len) {
        if (octets_.size() == slots * max_len) return;
        std::vector<std::uint8_t> octets(slots * max_len);
        former_.push_back(std::move(octets_));
        octets_ = std::move(octets);
    }

    /// The slot whose packet was lent out longest ago.
    mutable_bytes next() noexcept {
        const std::size_t len = octets_.size() / slots;
        const std::size_t slot = next_++ % slots;
        return {octets_.data() + slot * len, len};
    }

private:
    std::vector<std::uint8_t> octets_;
    std::vector<std::vector<std::uint8_t>> former_;
    std::size_t next_ = 0;
};

}  // namespace detail

/// Seals what an SDK sends and opens what it receives, in packet mode, for an interface of the shape above.
///
/// A callback returns true and puts a packet of its own in place of the SDK's, or returns false and empties the packet: an SDK that sends it nevertheless sends
/// nothing. Nothing passes in clear, also while there are no keys. A packet that was handed back stays valid for three more calls of the same callback, also over
/// try_use, and no longer than the observer lives.
///
/// Threads: callbacks may come from any threads; those of one kind take turns. So do the other members, which are not for callbacks.
template <class Interface, class Packet = typename Interface::Packet>
class packet_observer : public Interface {
public:
    /// An observer that drops every packet until try_use.
    explicit packet_observer(std::nullptr_t) noexcept {}

    packet_observer(const packet_observer&) = delete;
    packet_observer& operator=(const packet_observer&) = delete;

    /// Uses `channel`: seals as `me`, and opens what `others` send. Again, with a new list, when somebody comes or goes; packets in between wait.
    ///
    /// `max_len` is the most octets of a sealed packet; 0 means MEDIASEAL_PACKET_MAX_LEN_DEFAULT. Copies `me` and `others`. On failure all stays as it was. Returns
    /// what encryptor::try_new and decryptor::try_new return.
    [[nodiscard]] mediaseal_status try_use(const channel& channel, bytes_view me, array_view<const bytes_view> others,
                                           std::size_t max_len = 0) noexcept {
        std::array<expected_sender, MEDIASEAL_EXPECTED_MAX> expected{};
        if (others.size() > expected.size()) return MEDIASEAL_ERR_EXPECTED_SENDERS;
        return renew(
            max_len, [&](media what, encryptor& out) { return encryptor::try_new(channel, {me, what, mode::packet, max_len}, out); },
            [&](media what, decryptor& out) {
                for (std::size_t i = 0; i < others.size(); ++i) expected[i] = {others.data()[i], what};
                return decryptor::try_new(channel, {expected.data(), others.size()}, {mode::packet}, out);
            });
    }

    /// Uses raw keys, which name their senders: one active send key for audio and video.
    ///
    /// Otherwise as with a channel. Returns what encryptor::try_new and decryptor::try_new return.
    [[nodiscard]] mediaseal_status try_use(const key_store& store, std::size_t max_len = 0) noexcept {
        return renew(
            max_len, [&](media, encryptor& out) { return encryptor::try_new(store, {{}, media::unspecified, mode::packet, max_len}, out); },
            [&](media, decryptor& out) { return decryptor::try_new(store, {mode::packet}, out); });
    }

#if defined(__cpp_exceptions)
    /// As try_use.
    packet_observer(const channel& channel, bytes_view me, array_view<const bytes_view> others, std::size_t max_len = 0) {
        use(channel, me, others, max_len);
    }
    /// As try_use.
    explicit packet_observer(const key_store& store, std::size_t max_len = 0) { use(store, max_len); }
    /// As try_use.
    void use(const channel& channel, bytes_view me, array_view<const bytes_view> others, std::size_t max_len = 0) {
        detail::check_made(try_use(channel, me, others, max_len));
    }
    /// As try_use.
    void use(const key_store& store, std::size_t max_len = 0) { detail::check_made(try_use(store, max_len)); }
#endif

    /// Seals an audio packet.
    bool onSendAudioPacket(Packet& packet) noexcept override { return send_audio_.pass(packet); }
    /// Seals a video packet.
    bool onSendVideoPacket(Packet& packet) noexcept override { return send_video_.pass(packet); }
    /// Opens an audio packet.
    bool onReceiveAudioPacket(Packet& packet) noexcept override { return receive_audio_.pass(packet); }
    /// Opens a video packet.
    bool onReceiveVideoPacket(Packet& packet) noexcept override { return receive_video_.pass(packet); }

    /// What became of the packets of one stage so far.
    packet_counts counts(packet_stage stage) const noexcept {
        switch (stage) {
            case packet_stage::send_audio: return send_audio_.counts();
            case packet_stage::send_video: return send_video_.counts();
            case packet_stage::receive_audio: return receive_audio_.counts();
            default: return receive_video_.counts();
        }
    }

private:
    /// Makes all four stages anew by `seal` and `open`, or none.
    template <class Seal, class Open>
    mediaseal_status renew(std::size_t max_len, Seal seal, Open open) noexcept {
        // What is longer goes through no network as one packet.
        if (max_len > std::numeric_limits<std::uint16_t>::max()) return MEDIASEAL_ERR_PACKET_MAXIMUM;
        encryptor sealing[2] = {encryptor(nullptr), encryptor(nullptr)};
        decryptor opening[2] = {decryptor(nullptr), decryptor(nullptr)};
        constexpr media kinds[2] = {media::audio, media::video};
        for (std::size_t i = 0; i < 2; ++i) {
            mediaseal_status status = seal(kinds[i], sealing[i]);
            if (status == MEDIASEAL_OK) status = open(kinds[i], opening[i]);
            if (status != MEDIASEAL_OK) return status;
        }
        if (max_len == 0) max_len = MEDIASEAL_PACKET_MAX_LEN_DEFAULT;
        send_audio_.replace(std::move(sealing[0]), max_len);
        send_video_.replace(std::move(sealing[1]), max_len);
        receive_audio_.replace(std::move(opening[0]), max_len);
        receive_video_.replace(std::move(opening[1]), max_len);
        return MEDIASEAL_OK;
    }

    static mediaseal_status transform(encryptor& by, bytes_view packet, mutable_bytes out, std::size_t& out_len) noexcept {
        return by.try_encrypt(packet, out, out_len);
    }
    static mediaseal_status transform(decryptor& by, bytes_view packet, mutable_bytes out, std::size_t& out_len) noexcept {
        // No honest packet is longer than the maximum.
        if (by && packet.size() > out.size()) return MEDIASEAL_ERR_TOO_LONG;
        return by.try_decrypt(packet, out, out_len);
    }

    /// One callback.
    template <class By>
    class stage {
    public:
        bool pass(Packet& packet) noexcept {
            const std::lock_guard<std::mutex> turn(turn_);
            const mutable_bytes out = ring_.next();
            std::size_t out_len = 0;
            const mediaseal_status status = transform(by_, {packet.buffer, packet.size}, out, out_len);
            packet.buffer = status == MEDIASEAL_OK ? out.data() : &nothing;
            packet.size = static_cast<decltype(packet.size)>(status == MEDIASEAL_OK ? out_len : 0);
            if (status == MEDIASEAL_OK) {
                ++counts_.passed;
                return true;
            }
            ++counts_.dropped;
            counts_.last_status = status;
            return false;
        }

        void replace(By by, std::size_t max_len) noexcept {
            const std::lock_guard<std::mutex> turn(turn_);
            by_ = std::move(by);
            ring_.reserve(max_len);
        }

        packet_counts counts() const noexcept {
            const std::lock_guard<std::mutex> turn(turn_);
            return counts_;
        }

    private:
        static constexpr unsigned char nothing = 0;
        mutable std::mutex turn_;
        By by_{nullptr};
        detail::packet_ring ring_;
        packet_counts counts_;
    };

    stage<encryptor> send_audio_, send_video_;
    stage<decryptor> receive_audio_, receive_video_;
};

}  // namespace mediaseal

#endif
