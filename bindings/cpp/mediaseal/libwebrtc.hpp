/// @file
/// mediaseal for libwebrtc: its FrameEncryptorInterface and FrameDecryptorInterface. Header-only; it includes no header of libwebrtc but takes its names from you:
///
///   struct libwebrtc {
///       using encryptor_interface = webrtc::FrameEncryptorInterface;
///       using decryptor_interface = webrtc::FrameDecryptorInterface;
///       using media_type = cricket::MediaType;                                          // webrtc::MediaType in later versions
///       template <class T> using array_view = rtc::ArrayView<T>;                        // webrtc::ArrayView or std::span in later versions
///       static constexpr media_type audio = cricket::MEDIA_TYPE_AUDIO, video = cricket::MEDIA_TYPE_VIDEO;
///   };
///
///   mediaseal::encryptor sealing(channel, {"alice", mediaseal::media::video});
///   sender->SetFrameEncryptor(rtc::make_ref_counted<mediaseal::libwebrtc_encryptor<libwebrtc>>(std::move(sealing), mediaseal::media::video));
///   mediaseal::decryptor opening(channel, {{"bob", mediaseal::media::video}});
///   receiver->SetFrameDecryptor(rtc::make_ref_counted<mediaseal::libwebrtc_decryptor<libwebrtc>>(std::move(opening), mediaseal::media::video));
///
/// libwebrtc's own packetizers look into frames of VP8, H.264 and AV1: frames that are sealed as they are arrive for Opus and VP9 alone. So set the codec that was
/// negotiated, on both sides, as often as it changes:
///
///   mediaseal::codec codec = mediaseal::codec::opaque;
///   if (mediaseal::try_codec_from_name("H264", codec) == MEDIASEAL_OK) sealing_adapter->try_set_codec(ssrc, codec);
///
/// Set CryptoOptions::SFrame::require_frame_encryption, so that libwebrtc sends nothing before an encryptor is set.

#ifndef MEDIASEAL_LIBWEBRTC_HPP
#define MEDIASEAL_LIBWEBRTC_HPP

#include <mediaseal.hpp>

#include <functional>
#include <mutex>

namespace mediaseal {

/// How a frame of libwebrtc is sealed and opened. Both sides use the same.
struct libwebrtc_options {
    /// Authenticate libwebrtc's additional data with the frame. Off, because relays rewrite it: frames that passed one would then be refused.
    bool authenticate_additional_data = false;
    /// Decryptor: the stream that statistics name, which libwebrtc does not tell. An encryptor counts by the SSRC that it is told.
    std::uint32_t ssrc = 0;
};

namespace detail {

/// How two buffers lie to each other.
inline bool overlap_in_part(bytes_view input, mutable_bytes out) noexcept {
    if (input.empty() || out.empty() || input.data() == out.data()) return false;
    const std::less<const std::uint8_t*> before;
    return before(input.data(), out.data() + out.size()) && before(out.data(), input.data() + input.size());
}

/// Lends `input`, or a copy of it in `scratch` if `out` lies on a part of it.
inline bytes_view apart_from(bytes_view input, mutable_bytes out, std::vector<std::uint8_t>& scratch) {
    if (!overlap_in_part(input, out)) return input;
    scratch.assign(input.begin(), input.end());
    return scratch;
}

/// Whether libwebrtc's media type is that of what the encryptor or decryptor is for.
template <class Types>
bool fits_media(media what, typename Types::media_type type) noexcept {
    switch (what) {
        case media::audio:
        case media::screen_audio: return type == Types::audio;
        case media::video:
        case media::screen: return type == Types::video;
        default: return true;
    }
}

}  // namespace detail

/// An encryptor as libwebrtc calls it, for one sender's frames. Make it by rtc::make_ref_counted.
///
/// Threads: any; calls take turns.
template <class Types>
class libwebrtc_encryptor : public Types::encryptor_interface {
public:
    using media_type = typename Types::media_type;
    template <class T>
    using view = typename Types::template array_view<T>;

    /// Takes over an encryptor of mode::frame that was made for `what`; with media::unspecified frames of every media type are sealed.
    explicit libwebrtc_encryptor(encryptor by, media what = media::unspecified, libwebrtc_options options = {}) noexcept
        : by_(std::move(by)), what_(what), options_(options) {}

    /// Seals `frame` into `encrypted_frame`, which may be the same buffer, lie apart or overlap. Returns 0, or the status for which nothing may be sent.
    ///
    /// On failure `bytes_written` is 0 and `encrypted_frame` is zeroed: who overlooks it sends zeros. A frame of another media type is refused with
    /// MEDIASEAL_ERR_UNKNOWN_VALUE.
    int Encrypt(media_type type, std::uint32_t ssrc, view<const std::uint8_t> additional_data, view<const std::uint8_t> frame,
                view<std::uint8_t> encrypted_frame, std::size_t* bytes_written) noexcept override {
        const std::lock_guard<std::mutex> turn(turn_);
        const bytes_view input(frame.data(), frame.size());
        const mutable_bytes out(encrypted_frame.data(), encrypted_frame.size());
        std::size_t len = 0;
        frame_info info;
        info.ssrc = ssrc;
        if (options_.authenticate_additional_data) info.metadata = {additional_data.data(), additional_data.size()};
        mediaseal_status status = MEDIASEAL_ERR_NULL_POINTER;
        if (!detail::fits_media<Types>(what_, type)) {
            status = MEDIASEAL_ERR_UNKNOWN_VALUE;
        } else if (bytes_written != nullptr) {
            status = by_.try_encrypt(detail::apart_from(input, out, scratch_), out, len, info);
        }
        // A copy of the frame in clear.
        wipe(scratch_);
        scratch_.clear();
        if (bytes_written != nullptr) *bytes_written = len;
        if (status != MEDIASEAL_OK) wipe(out);
        last_status_ = status;
        return status;
    }

    /// The most octets that a frame of `frame_size` becomes: Encrypt needs no larger buffer. 0 if nothing can be sealed.
    std::size_t GetMaxCiphertextByteSize(media_type type, std::size_t frame_size) noexcept override {
        const std::lock_guard<std::mutex> turn(turn_);
        std::size_t bound = 0;
        if (!detail::fits_media<Types>(what_, type) || by_.try_bound(frame_size, bound) != MEDIASEAL_OK) return 0;
        return bound;
    }

    /// As encryptor::try_set_codec, between two frames of whichever thread.
    [[nodiscard]] mediaseal_status try_set_codec(std::uint32_t ssrc, codec what, nal_format format = nal_format::annex_b) noexcept {
        const std::lock_guard<std::mutex> turn(turn_);
        return by_.try_set_codec(ssrc, what, format);
    }

    /// How the last frame ended.
    mediaseal_status last_status() const noexcept {
        const std::lock_guard<std::mutex> turn(turn_);
        return last_status_;
    }

    /// As encryptor::try_totals.
    [[nodiscard]] mediaseal_status try_totals(statistics& out) noexcept {
        const std::lock_guard<std::mutex> turn(turn_);
        return by_.try_totals(out);
    }

private:
    mutable std::mutex turn_;
    encryptor by_;
    const media what_;
    const libwebrtc_options options_;
    std::vector<std::uint8_t> scratch_;
    mediaseal_status last_status_ = MEDIASEAL_OK;
};

/// A decryptor as libwebrtc calls it, for one receiver's frames. Make it by rtc::make_ref_counted.
///
/// Threads: any; calls take turns.
template <class Types>
class libwebrtc_decryptor : public Types::decryptor_interface {
public:
    using media_type = typename Types::media_type;
    using result = typename Types::decryptor_interface::Result;
    using result_status = typename Types::decryptor_interface::Status;
    template <class T>
    using view = typename Types::template array_view<T>;

    /// Takes over a decryptor of mode::frame that expects `what`; with media::unspecified frames of every media type are opened.
    explicit libwebrtc_decryptor(decryptor by, media what = media::unspecified, libwebrtc_options options = {}) noexcept
        : by_(std::move(by)), what_(what), options_(options) {}

    /// Uses another decryptor from the next frame on, as when somebody else is expected. If the stream's codec was set, it gets it too; returns how that ended.
    mediaseal_status replace(decryptor by) noexcept {
        const std::lock_guard<std::mutex> turn(turn_);
        by_ = std::move(by);
        return has_codec_ ? by_.try_set_default_codec(codec_, format_) : MEDIASEAL_OK;
    }

    /// Opens `encrypted_frame` into `frame`, which may be the same buffer, lie apart or overlap.
    ///
    /// kOk; kRecoverable if this frame alone is bad (such as a repeated one) and the stream stays decryptable; kFailedToDecrypt if the stream cannot be opened
    /// with the keys at hand, or the frame was altered. A frame that is not opened leaves no plaintext in `frame`; where its key is missing, nothing has changed and
    /// it may be tried again.
    result Decrypt(media_type type, const std::vector<std::uint32_t>&, view<const std::uint8_t> additional_data,
                   view<const std::uint8_t> encrypted_frame, view<std::uint8_t> frame) noexcept override {
        const std::lock_guard<std::mutex> turn(turn_);
        const bytes_view input(encrypted_frame.data(), encrypted_frame.size());
        const mutable_bytes out(frame.data(), frame.size());
        std::size_t len = 0;
        frame_info info;
        info.ssrc = options_.ssrc;
        if (options_.authenticate_additional_data) info.metadata = {additional_data.data(), additional_data.size()};
        mediaseal_status status = MEDIASEAL_ERR_UNKNOWN_VALUE;
        if (detail::fits_media<Types>(what_, type)) status = by_.try_decrypt(detail::apart_from(input, out, scratch_), out, len, info);
        last_status_ = status;
        return result(verdict(status), len);
    }

    /// Sets the codec of what is received, as its sender did. Returns what decryptor::try_set_default_codec returns.
    [[nodiscard]] mediaseal_status try_set_codec(codec what, nal_format format = nal_format::annex_b) noexcept {
        const std::lock_guard<std::mutex> turn(turn_);
        const mediaseal_status status = by_.try_set_default_codec(what, format);
        if (status != MEDIASEAL_OK) return status;
        has_codec_ = true;
        codec_ = what;
        format_ = format;
        return status;
    }

    /// The most octets that a ciphertext of `encrypted_frame_size` octets opens to, and the least buffer in which it is opened in place.
    std::size_t GetMaxPlaintextByteSize(media_type, std::size_t encrypted_frame_size) noexcept override { return encrypted_frame_size; }

    /// How the last frame ended.
    mediaseal_status last_status() const noexcept {
        const std::lock_guard<std::mutex> turn(turn_);
        return last_status_;
    }

    /// As decryptor::try_totals.
    [[nodiscard]] mediaseal_status try_totals(statistics& out) noexcept {
        const std::lock_guard<std::mutex> turn(turn_);
        return by_.try_totals(out);
    }

private:
    static result_status verdict(mediaseal_status status) noexcept {
        switch (status) {
            case MEDIASEAL_OK: return result_status::kOk;
            case MEDIASEAL_ERR_DUPLICATE:
            case MEDIASEAL_ERR_REPLAYED:
            case MEDIASEAL_ERR_TOO_OLD:
            case MEDIASEAL_ERR_TRUNCATED:
            case MEDIASEAL_ERR_NOT_MINIMAL:
            case MEDIASEAL_ERR_TOO_LONG:
            case MEDIASEAL_ERR_NO_CARRIER:
            case MEDIASEAL_ERR_SECOND_CARRIER:
            case MEDIASEAL_ERR_CARRIER:
            case MEDIASEAL_ERR_REFLECTED:
            case MEDIASEAL_ERR_CONTENDED: return result_status::kRecoverable;
            default: return result_status::kFailedToDecrypt;
        }
    }

    mutable std::mutex turn_;
    decryptor by_;
    const media what_;
    const libwebrtc_options options_;
    std::vector<std::uint8_t> scratch_;
    mediaseal_status last_status_ = MEDIASEAL_OK;
    bool has_codec_ = false;
    codec codec_ = codec::opaque;
    nal_format format_ = nal_format::annex_b;
};

}  // namespace mediaseal

#endif
