/// @file
/// mediaseal for C++17: the C interface with owners, views and exceptions. Header-only, over mediaseal.h and nothing else.
///
/// THE WHOLE SEQUENCE
///
///   mediaseal::channel_store store;                               // once a process; tick it once a second or a minute
///   mediaseal::channel_options standup;
///   standup.id = "standup";
///   standup.clock = true;                                         // the same for all members
///   mediaseal::channel channel(store, standup);
///   channel.stage({1, key});                                      // the customer's key, the same for all members
///   store.tick(seconds_since_1970);
///   channel.activate(1);
///
///   mediaseal::encryptor encryptor(channel, {"alice", mediaseal::media::video});     // in the thread that sends
///   std::vector<std::uint8_t> sealed = encryptor.encrypt(frame);
///
///   mediaseal::decryptor decryptor(channel, {{"alice", mediaseal::media::video}});   // in the thread that receives
///   std::vector<std::uint8_t> opened = decryptor.decrypt(sealed);
///
/// THE RULES (those of mediaseal.h hold as well)
///
/// Two forms  Each call that can fail has a throwing form, which returns its result and throws mediaseal::error, and a twin
///            `try_...(..., result &) noexcept`, which returns the status. Without exceptions (-fno-exceptions) the twins alone are there. What
///            a call does stands at the twin. A result is written on success; until then numbers are 0 and objects are empty.
/// Owners     cipher, counter_store, key_store, channel_store, channel, encryptor and decryptor own one object of the library and end it. They move and do
///            not copy. One that was moved from, or made from nullptr, is empty: its calls fail with MEDIASEAL_ERR_NULL_POINTER. The order in which
///            owners end does not matter. An owner that ends inside a callback, or while another thread is in a call with it, leaks its object.
/// Threads    `const` members: any threads at the same time. Other members: one thread at a time.
/// Views      bytes_view and mutable_bytes own nothing. Calls borrow what they view until they return, unless it says *copies*.
/// Buffers    Input and output begin at one address or have no octet in common (MEDIASEAL_ERR_OVERLAP).
/// ABI        Every object that is made checks that header and library fit, see check_abi.

#ifndef MEDIASEAL_HPP
#define MEDIASEAL_HPP

#include <mediaseal.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <functional>
#include <initializer_list>
#include <memory>
#include <new>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#if defined(__cpp_exceptions)
#include <exception>
#include <stdexcept>
#endif

namespace mediaseal {

// ==== Views ==========================================================================================================

namespace detail {

template <class T>
using bare = std::remove_cv_t<std::remove_reference_t<T>>;

template <class T>
inline constexpr bool is_octet = std::is_same_v<T, unsigned char> || std::is_same_v<T, std::byte>;

/// What the elements of a contiguous container are.
template <class C>
using element_of = std::remove_pointer_t<decltype(std::declval<C&>().data())>;

}  // namespace detail

/// Octets of somebody else, to be read: from std::vector, std::array, std::span, std::string_view, a literal, or pointer and length. Owns nothing.
class bytes_view {
public:
    /// No octets.
    constexpr bytes_view() noexcept = default;

    /// `size` octets at `data`, which may be nullptr if there are none.
    constexpr bytes_view(const std::uint8_t* data, std::size_t size) noexcept : data_(data), size_(size) {}

    /// The characters of a text, without the zero octet that ends it; nullptr is no text.
    bytes_view(const char* text) noexcept
        : data_(reinterpret_cast<const std::uint8_t*>(text)), size_(text == nullptr ? 0 : std::strlen(text)) {}

    /// All of an array.
    template <class T, std::size_t N, class = std::enable_if_t<detail::is_octet<T>>>
    bytes_view(const T (&octets)[N]) noexcept : data_(reinterpret_cast<const std::uint8_t*>(octets)), size_(N) {}

    /// All of a container of octets or characters that has data() and size().
    template <class C, class T = detail::bare<detail::element_of<const C>>,
              class = std::enable_if_t<detail::is_octet<T> || std::is_same_v<T, char>>>
    bytes_view(const C& octets) noexcept
        : data_(reinterpret_cast<const std::uint8_t*>(octets.data())), size_(octets.size()) {}

    /// Where they begin.
    constexpr const std::uint8_t* data() const noexcept { return data_; }
    /// How many.
    constexpr std::size_t size() const noexcept { return size_; }
    /// Whether there are none.
    constexpr bool empty() const noexcept { return size_ == 0; }
    /// The first.
    constexpr const std::uint8_t* begin() const noexcept { return data_; }
    /// Behind the last.
    constexpr const std::uint8_t* end() const noexcept { return data_ + size_; }
    /// One of them; `index` is below size().
    constexpr std::uint8_t operator[](std::size_t index) const noexcept { return data_[index]; }
    /// The same octets as characters.
    std::string_view text() const noexcept { return {reinterpret_cast<const char*>(data_), size_}; }

private:
    const std::uint8_t* data_ = nullptr;
    std::size_t size_ = 0;
};

/// Octets of somebody else, to be written. Owns nothing.
class mutable_bytes {
public:
    /// No octets.
    constexpr mutable_bytes() noexcept = default;

    /// `size` octets at `data`, which may be nullptr if there are none.
    constexpr mutable_bytes(std::uint8_t* data, std::size_t size) noexcept : data_(data), size_(size) {}

    /// All of an array.
    template <class T, std::size_t N, class = std::enable_if_t<detail::is_octet<T>>>
    mutable_bytes(T (&octets)[N]) noexcept : data_(reinterpret_cast<std::uint8_t*>(octets)), size_(N) {}

    /// All of a container of octets that has data() and size(): a vector's size counts, not its capacity.
    template <class C, class T = detail::element_of<C>, class = std::enable_if_t<detail::is_octet<T>>>
    mutable_bytes(C& octets) noexcept : data_(reinterpret_cast<std::uint8_t*>(octets.data())), size_(octets.size()) {}

    /// All of a temporary view, such as std::span.
    template <class C, class T = detail::element_of<const C>,
              class = std::enable_if_t<detail::is_octet<T> && !std::is_lvalue_reference_v<C>>, class = void>
    mutable_bytes(C&& octets) noexcept : data_(reinterpret_cast<std::uint8_t*>(octets.data())), size_(octets.size()) {}

    /// Where they begin.
    constexpr std::uint8_t* data() const noexcept { return data_; }
    /// How many.
    constexpr std::size_t size() const noexcept { return size_; }
    /// Whether there are none.
    constexpr bool empty() const noexcept { return size_ == 0; }
    /// The first.
    constexpr std::uint8_t* begin() const noexcept { return data_; }
    /// Behind the last.
    constexpr std::uint8_t* end() const noexcept { return data_ + size_; }
    /// One of them; `index` is below size().
    constexpr std::uint8_t& operator[](std::size_t index) const noexcept { return data_[index]; }

private:
    std::uint8_t* data_ = nullptr;
    std::size_t size_ = 0;
};

/// Several things of somebody else. Owns nothing; one that is made from a braced list lives until the call returns.
template <class T>
class array_view {
public:
    /// Nothing.
    constexpr array_view() noexcept = default;

    /// `size` things at `data`.
    constexpr array_view(T* data, std::size_t size) noexcept : data_(data), size_(size) {}

    /// All of an array.
    template <std::size_t N>
    constexpr array_view(T (&items)[N]) noexcept : data_(items), size_(N) {}

    /// All of a container that has data() and size().
    template <class C, class E = detail::element_of<C>,
              class = std::enable_if_t<std::is_same_v<std::remove_const_t<E>, std::remove_const_t<T>> &&
                                       std::is_convertible_v<E*, T*> && !std::is_same_v<detail::bare<C>, array_view>>>
    constexpr array_view(C&& items) noexcept : data_(items.data()), size_(items.size()) {}

    /// All of a braced list.
    template <class E = T, class = std::enable_if_t<std::is_const_v<E>>>
    constexpr array_view(std::initializer_list<std::remove_const_t<T>> items) noexcept : size_(items.size()) {
        data_ = items.begin();
    }

    /// Where they begin.
    constexpr T* data() const noexcept { return data_; }
    /// How many.
    constexpr std::size_t size() const noexcept { return size_; }
    /// The first.
    constexpr T* begin() const noexcept { return data_; }
    /// Behind the last.
    constexpr T* end() const noexcept { return data_ + size_; }

private:
    T* data_ = nullptr;
    std::size_t size_ = 0;
};

// ==== Numbers ========================================================================================================

/// What a status asks for.
enum class status_class : std::uint32_t {
    ok = MEDIASEAL_CLASS_OK,                            ///< Success.
    fix_the_call = MEDIASEAL_CLASS_FIX_THE_CALL,        ///< The calling code must change.
    fetch_a_key = MEDIASEAL_CLASS_FETCH_A_KEY,          ///< A key is missing, spent or not open yet.
    drop_the_packet = MEDIASEAL_CLASS_DROP_THE_PACKET,  ///< The frame is not good; drop it and go on.
    see_to_custody = MEDIASEAL_CLASS_SEE_TO_CUSTODY,    ///< A key at rest is not there, not in use, not allowed or not reached.
    report_a_bug = MEDIASEAL_CLASS_REPORT_A_BUG,        ///< A cipher, a disk, the system or the library failed.
};

/// Cipher suites of RFC 9605 and the IANA registry.
enum class suite : std::uint32_t {
    aes_128_ctr_hmac_sha256_80 = MEDIASEAL_SUITE_AES_128_CTR_HMAC_SHA256_80,  ///< Tag of 80 bits.
    aes_128_ctr_hmac_sha256_64 = MEDIASEAL_SUITE_AES_128_CTR_HMAC_SHA256_64,  ///< Tag of 64 bits.
    aes_128_ctr_hmac_sha256_32 = MEDIASEAL_SUITE_AES_128_CTR_HMAC_SHA256_32,  ///< Tag of 32 bits, a short tag.
    aes_128_gcm_sha256_128 = MEDIASEAL_SUITE_AES_128_GCM_SHA256_128,          ///< The default choice.
    aes_256_gcm_sha512_128 = MEDIASEAL_SUITE_AES_256_GCM_SHA512_128,          ///< The same with longer keys.
    aes_256_ctr_hmac_sha512_80 = MEDIASEAL_SUITE_AES_256_CTR_HMAC_SHA512_80,  ///< Tag of 80 bits.
    aes_256_ctr_hmac_sha512_64 = MEDIASEAL_SUITE_AES_256_CTR_HMAC_SHA512_64,  ///< Tag of 64 bits.
    aes_256_ctr_hmac_sha512_32 = MEDIASEAL_SUITE_AES_256_CTR_HMAC_SHA512_32,  ///< Tag of 32 bits, a short tag.
    private_first = MEDIASEAL_SUITE_PRIVATE_FIRST,                            ///< The first of custom ciphers.
    private_last = MEDIASEAL_SUITE_PRIVATE_LAST,                              ///< The last of custom ciphers.
};

/// Hash of a cipher's key schedule.
enum class hash : std::uint32_t {
    sha256 = MEDIASEAL_HASH_SHA256,  ///< SHA-256.
    sha512 = MEDIASEAL_HASH_SHA512,  ///< SHA-512.
    sm3 = MEDIASEAL_HASH_SM3,        ///< SM3 (GB/T 32905).
};

/// How long a cipher takes to make a key object.
enum class cost : std::uint32_t {
    fast = MEDIASEAL_COST_FAST,  ///< A few microseconds.
    slow = MEDIASEAL_COST_SLOW,  ///< Longer: never for a frame that has not authenticated. Announce sessions by channel::expect_session.
};

/// Who computes a built-in suite. Suite numbers, limits and every octet are the same.
enum class provider : std::uint32_t {
    mediaseal = 0,                          ///< mediaseal itself; cpu_text says what works on this CPU.
    aws_lc = MEDIASEAL_CIPHER_OVER_AWS_LC,  ///< AWS-LC, in a library that was built with its feature `aws-lc`.
};

/// A way to compute AES. All give the same octets.
enum class tier : std::uint32_t {
    vaes_512 = MEDIASEAL_TIER_VAES_512,  ///< x86-64 with AVX-512, VAES and VPCLMULQDQ.
    vaes_256 = MEDIASEAL_TIER_VAES_256,  ///< x86-64 with AVX2, VAES and VPCLMULQDQ.
    aes_ni = MEDIASEAL_TIER_AES_NI,      ///< x86-64 with AVX, AES-NI and PCLMULQDQ.
    aarch64 = MEDIASEAL_TIER_AARCH64,    ///< AArch64 with AES and PMULL.
    portable = MEDIASEAL_TIER_PORTABLE,  ///< Every CPU.
};

/// What became of a tier on this CPU.
enum class verdict : std::uint32_t {
    selected = MEDIASEAL_VERDICT_SELECTED,                    ///< It works, and all new keys use it.
    not_needed = MEDIASEAL_VERDICT_NOT_NEEDED,                ///< It was not looked at, because a faster one works.
    not_on_this_cpu = MEDIASEAL_VERDICT_NOT_ON_THIS_CPU,      ///< CPU or operating system lack it.
    not_in_this_build = MEDIASEAL_VERDICT_NOT_IN_THIS_BUILD,  ///< The library was built for another architecture.
    self_test_failed = MEDIASEAL_VERDICT_SELF_TEST_FAILED,    ///< It gave wrong octets and is not used. Report it.
};

/// What the octets of one call are.
enum class mode : std::uint32_t {
    frame = MEDIASEAL_MODE_FRAME,                    ///< Whole encoded frames.
    packet = MEDIASEAL_MODE_PACKET,                  ///< Payloads of one packet each, with a hard maximum.
    compact_packet = MEDIASEAL_MODE_COMPACT_PACKET,  ///< Packets with the least overhead; raw keys of suite 0x0001 with KIDs of 0 to 7.
};

/// What a sender sends.
enum class media : std::uint32_t {
    unspecified = MEDIASEAL_MEDIA_UNSPECIFIED,              ///< Not said.
    audio = MEDIASEAL_MEDIA_AUDIO,                          ///< Audio of a microphone.
    video = MEDIASEAL_MEDIA_VIDEO,                          ///< Video of a camera.
    data = MEDIASEAL_MEDIA_DATA,                            ///< Messages of a data channel.
    screen = MEDIASEAL_MEDIA_SCREEN,                        ///< Video of a shared screen.
    screen_audio = MEDIASEAL_MEDIA_SCREEN_AUDIO,            ///< Audio of a shared screen.
    application_first = MEDIASEAL_MEDIA_APPLICATION_FIRST,  ///< The first of the application's own.
    application_last = MEDIASEAL_MEDIA_APPLICATION_LAST,    ///< The last of the application's own.
};

/// What a stream's frames are, for those on the way who look into them.
enum class codec : std::uint32_t {
    opaque = MEDIASEAL_CODEC_OPAQUE,    ///< Octets that nobody looks into.
    h264 = MEDIASEAL_CODEC_H264,        ///< H.264, the NAL units of one access unit.
    h265 = MEDIASEAL_CODEC_H265,        ///< H.265, the NAL units of one access unit.
    vp8 = MEDIASEAL_CODEC_VP8,          ///< VP8.
    vp9 = MEDIASEAL_CODEC_VP9,          ///< VP9, one spatial layer a frame.
    av1 = MEDIASEAL_CODEC_AV1,          ///< AV1, the OBUs of one temporal unit, one spatial layer a frame.
    opus = MEDIASEAL_CODEC_OPUS,        ///< Opus.
    refused = MEDIASEAL_CODEC_REFUSED,  ///< As the default alone: frames of streams without a codec are refused.
};

/// What stands before each NAL unit.
enum class nal_format : std::uint32_t {
    annex_b = MEDIASEAL_NAL_ANNEX_B,    ///< Start codes, or the codec has no NAL units.
    length_1 = MEDIASEAL_NAL_LENGTH_1,  ///< Lengths of 1 octet.
    length_2 = MEDIASEAL_NAL_LENGTH_2,  ///< Lengths of 2 octets.
    length_4 = MEDIASEAL_NAL_LENGTH_4,  ///< Lengths of 4 octets.
};

/// What is known of the octets that an application sends.
enum class proof_status : std::uint32_t {
    sealing = MEDIASEAL_PROOF_SEALING,      ///< Encryptors seal, and what is sent was not observed.
    encrypted = MEDIASEAL_PROOF_ENCRYPTED,  ///< All that was observed is ciphertext of the store, and some of it was opened again.
    degraded = MEDIASEAL_PROOF_DEGRADED,    ///< Something left that is none. Stop sending, and look for what goes around the encryptor.
};

/// What is wrong with octets that were sent.
enum class leak : std::uint32_t {
    none = MEDIASEAL_LEAK_NONE,                    ///< Nothing.
    not_sealed = MEDIASEAL_LEAK_NOT_SEALED,        ///< They are no ciphertext, or of a CTR that was never given out.
    unknown_key = MEDIASEAL_LEAK_UNKNOWN_KEY,      ///< They have a header of a key that is not the store's.
    does_not_open = MEDIASEAL_LEAK_DOES_NOT_OPEN,  ///< They were changed after they were sealed, or sealed with other metadata.
};

/// What an SFrame ciphertext in RTP payloads is of.
enum class rtp_content : std::uint32_t {
    frame = MEDIASEAL_RTP_FRAME,    ///< A frame as the encoder gave it.
    packet = MEDIASEAL_RTP_PACKET,  ///< An RTP payload, as the codec's packetizer made it.
};

/// What became of an RTP packet.
enum class rtp_progress : std::uint32_t {
    none = 0,                                   ///< Nothing: the call was refused.
    complete = MEDIASEAL_RTP_COMPLETE,          ///< With it a ciphertext is complete.
    waiting = MEDIASEAL_RTP_WAITING,            ///< It waits for others.
    duplicate = MEDIASEAL_RTP_DUPLICATE,        ///< It came before.
    out_of_range = MEDIASEAL_RTP_OUT_OF_RANGE,  ///< Its number is too old, or far ahead; if the next one follows it, the sender started anew.
    refused = MEDIASEAL_RTP_REFUSED,            ///< It fits nothing.
};

/// What an event tells.
enum class event_type : std::uint32_t {
    none = MEDIASEAL_EVENT_NONE,                              ///< There is none.
    key_near_limit = MEDIASEAL_EVENT_KEY_NEAR_LIMIT,          ///< The send key kid() has used 75 % of its limit; bring the next key now.
    key_exhausted = MEDIASEAL_EVENT_KEY_EXHAUSTED,            ///< The send key kid() reached its limit and seals no more.
    replayed = MEDIASEAL_EVENT_REPLAYED,                      ///< An authentic frame from before kid() was last retired came again, the count()th time.
    many_authentication_failures = MEDIASEAL_EVENT_MANY_AUTHENTICATION_FAILURES,  ///< count() frames under kid() failed; a fresh key is advised.
    session_started = MEDIASEAL_EVENT_SESSION_STARTED,        ///< An encryptor begins session kid() of sender() and media(), in generation() at step().
    replay_history_lost = MEDIASEAL_EVENT_REPLAY_HISTORY_LOST,  ///< The list of replay floors was full and the oldest was dropped.
    events_lost = MEDIASEAL_EVENT_EVENTS_LOST,                ///< The queue was full and count() events were dropped.
    proof_changed = MEDIASEAL_EVENT_PROOF_CHANGED,            ///< What a sentinel has seen of what is sent has changed: proof() and leak(), after count() frames.
    stream_failing = MEDIASEAL_EVENT_STREAM_FAILING,          ///< Frames of stream ssrc() of sender() fail to open, the last by status(); said once, until one opens again.
    stream_recovered = MEDIASEAL_EVENT_STREAM_RECOVERED,      ///< Stream ssrc() of sender() opens again, after count() frames that were refused.
};

/// The reaction that a status asks for. Any thread, also in callbacks.
inline status_class class_of(mediaseal_status status) noexcept {
    return static_cast<status_class>(mediaseal_status_class(status));
}

/// The version of the library, such as "0.1.0". Any thread, also in callbacks.
inline const char* version() noexcept { return mediaseal_version(); }

/// Tells whether the library at hand speaks the interface that this header was written for.
///
/// It may not where the library is found at run time. Objects are then not made: MEDIASEAL_ERR_STRUCT_SIZE, or abi_mismatch. Any thread.
[[nodiscard]] inline bool check_abi() noexcept { return mediaseal_abi_version() == MEDIASEAL_ABI_VERSION; }

/// Finds a codec by the name of its RTP payload format ("H264", "opus") or its media type ("video/H264"). Returns MEDIASEAL_ERR_UNKNOWN_VALUE for a codec without a
/// codec-aware form: choose codec::opaque, or refuse the stream.
[[nodiscard]] inline mediaseal_status try_codec_from_name(const char* name, codec& out) noexcept {
    std::uint32_t number = 0;
    const mediaseal_status status = mediaseal_codec_from_name(name, &number);
    out = static_cast<codec>(number);
    return status;
}

/// Writes which tier computes AES in this process. Any thread, also in callbacks.
[[nodiscard]] inline mediaseal_status try_cpu_tier(tier& out) noexcept {
    std::uint32_t number = 0;
    const mediaseal_status status = mediaseal_cpu_tier(&number);
    out = static_cast<tier>(number);
    return status;
}

/// Writes what became of a tier on this CPU. Returns also MEDIASEAL_ERR_UNKNOWN_VALUE. Any thread, also in callbacks.
[[nodiscard]] inline mediaseal_status try_cpu_verdict(tier of, verdict& out) noexcept {
    std::uint32_t number = 0;
    const mediaseal_status status = mediaseal_cpu_verdict(static_cast<std::uint32_t>(of), &number);
    out = static_cast<verdict>(number);
    return status;
}

/// One line to be logged, such as "AES: VAES-512", with every tier whose self-test failed; empty if there was a fault inside the library. Any thread, also in
/// callbacks.
inline std::string cpu_text() {
    char text[MEDIASEAL_CPU_TEXT_MAX_LEN + 1];
    std::size_t len = 0;
    return mediaseal_cpu_text(text, sizeof text, &len) == MEDIASEAL_OK ? std::string(text, len) : std::string();
}

/// Zeroes octets in a way that no compiler leaves out. Any thread, also in callbacks and in keys of custom ciphers.
inline void wipe(mutable_bytes octets) noexcept {
    // It fails for no buffer that a view can have.
    static_cast<void>(mediaseal_wipe(octets.data(), octets.size()));
}

// ==== Errors =========================================================================================================

#if defined(__cpp_exceptions)

/// What throwing forms throw. It holds no key and no plaintext.
class error : public std::runtime_error {
public:
    /// The error of a status other than MEDIASEAL_OK.
    explicit error(mediaseal_status status) : error(status, mediaseal_status_text(status)) {}

    /// The same, where there is more to tell.
    error(mediaseal_status status, const std::string& text)
        : std::runtime_error(std::string(mediaseal_status_name(status)) + ": " + text), status_(status) {}

    /// The number.
    mediaseal_status status() const noexcept { return status_; }
    /// Its name, such as "MEDIASEAL_ERR_DUPLICATE". It lives as long as the library.
    const char* name() const noexcept { return mediaseal_status_name(status_); }
    /// What to do about it.
    mediaseal::status_class status_class() const noexcept { return class_of(status_); }

private:
    mediaseal_status status_;
};

/// Header and library do not fit, see check_abi.
class abi_mismatch : public error {
public:
    /// The error of an object that was not made.
    abi_mismatch() : error(MEDIASEAL_ERR_STRUCT_SIZE, "the library has another MEDIASEAL_ABI_VERSION than this program's header") {}
};

#endif

namespace detail {

/// Whether objects may be made.
inline mediaseal_status fits() noexcept { return check_abi() ? MEDIASEAL_OK : MEDIASEAL_ERR_STRUCT_SIZE; }

#if defined(__cpp_exceptions)
inline void check(mediaseal_status status) {
    if (status != MEDIASEAL_OK) throw error(status);
}

/// The same for a call that makes an object.
inline void check_made(mediaseal_status status) {
    if (status == MEDIASEAL_ERR_STRUCT_SIZE && !check_abi()) throw abi_mismatch();
    check(status);
}
#endif

/// How objects end whose owners stand in headers of their own.
template <class Handle>
struct ending;

struct freer {
    template <class Handle>
    void operator()(Handle* object) const noexcept {
        ending<Handle>::end(object);
    }
    void operator()(mediaseal_cipher* object) const noexcept { mediaseal_cipher_free(object); }
    void operator()(mediaseal_counter_store* object) const noexcept { mediaseal_counter_store_free(object); }
    void operator()(mediaseal_key_store* object) const noexcept { mediaseal_key_store_free(object); }
    void operator()(mediaseal_channel_store* object) const noexcept { mediaseal_channel_store_free(object); }
    void operator()(mediaseal_channel* object) const noexcept { mediaseal_channel_free(object); }
    void operator()(mediaseal_encryptor* object) const noexcept { mediaseal_encryptor_free(object); }
    void operator()(mediaseal_decryptor* object) const noexcept { mediaseal_decryptor_free(object); }
    void operator()(mediaseal_sentinel* object) const noexcept { mediaseal_sentinel_free(object); }
    void operator()(mediaseal_proof* object) const noexcept { mediaseal_proof_free(object); }
    void operator()(mediaseal_rtp_reassembler* object) const noexcept { mediaseal_rtp_reassembler_free(object); }
};

/// A text that went into a buffer with a zero octet behind it, and is wiped.
template <std::size_t Capacity>
class zero_ended {
public:
    zero_ended() noexcept = default;
    zero_ended(const zero_ended&) = delete;
    zero_ended& operator=(const zero_ended&) = delete;
    ~zero_ended() { wipe(mutable_bytes(reinterpret_cast<std::uint8_t*>(text_), sizeof text_)); }

    /// False if it is too long or has a zero octet inside, where the library would see its end.
    bool assign(std::string_view text) noexcept {
        if (text.size() > Capacity || text.find('\0') != std::string_view::npos) return false;
        if (!text.empty()) std::memcpy(text_, text.data(), text.size());
        text_[text.size()] = '\0';
        return true;
    }

    const char* c_str() const noexcept { return text_; }

private:
    char text_[Capacity + 1] = {};
};

}  // namespace detail

/// Owns one object of the library, or none.
template <class Handle>
class owner {
public:
    /// Takes over; `other` is empty afterwards.
    owner(owner&& other) noexcept = default;
    /// Ends what this owns and takes over; `other` is empty afterwards.
    owner& operator=(owner&& other) noexcept = default;
    owner(const owner&) = delete;
    owner& operator=(const owner&) = delete;

    /// Whether there is an object; it may be closed.
    explicit operator bool() const noexcept { return handle_ != nullptr; }

    /// The object, for functions of mediaseal.h; it stays this owner's. nullptr if there is none.
    Handle* native_handle() const noexcept { return handle_.get(); }

protected:
    owner() noexcept = default;
    ~owner() = default;

    /// Ends what `out` owns, and makes another by `make`.
    template <class Owner, class Make>
    static mediaseal_status renew(Owner& out, Make make) noexcept {
        out.handle_.reset();
        mediaseal_status status = detail::fits();
        if (status != MEDIASEAL_OK) return status;
        Handle* handle = nullptr;
        status = make(&handle);
        out.handle_.reset(handle);
        return status;
    }

private:
    std::unique_ptr<Handle, detail::freer> handle_;
};

// ==== Keys ===========================================================================================================

/// Octets that are wiped when they end or move away. They cannot be copied, compared or printed.
template <std::size_t Capacity>
class secret_octets {
public:
    /// No octets.
    secret_octets() noexcept = default;
    /// Takes over; `other` is wiped and empty.
    secret_octets(secret_octets&& other) noexcept { take(other); }
    /// Wipes these octets and takes over; `other` is wiped and empty.
    secret_octets& operator=(secret_octets&& other) noexcept {
        if (this != &other) take(other);
        return *this;
    }
    secret_octets(const secret_octets&) = delete;
    secret_octets& operator=(const secret_octets&) = delete;
    ~secret_octets() { clear(); }

    /// The octets, as long as this lives and is not moved.
    bytes_view octets() const& noexcept { return {octets_.data(), size_}; }
    bytes_view octets() const&& = delete;
    /// The same, where a call borrows or copies them.
    operator bytes_view() const& noexcept { return octets(); }
    operator bytes_view() const&& = delete;
    /// How many.
    std::size_t size() const noexcept { return size_; }
    /// Whether there are none.
    bool empty() const noexcept { return size_ == 0; }

    /// Wipes them now.
    void clear() noexcept {
        wipe(octets_);
        size_ = 0;
    }

protected:
    /// Replaces them by what `fill(out, capacity, out_len)` of the library writes.
    template <class Fill>
    mediaseal_status refill(Fill fill) noexcept {
        clear();
        const mediaseal_status status = fill(octets_.data(), octets_.size(), &size_);
        if (status != MEDIASEAL_OK) clear();
        return status;
    }

private:
    void take(secret_octets& other) noexcept {
        octets_ = other.octets_;
        size_ = other.size_;
        other.clear();
    }

    std::array<std::uint8_t, Capacity> octets_{};
    std::size_t size_ = 0;
};

/// A base key or channel key: MEDIASEAL_KEY_MIN_LEN to MEDIASEAL_KEY_MAX_LEN octets, wiped at its end. An empty one is refused wherever a key is needed.
class key : public secret_octets<MEDIASEAL_KEY_MAX_LEN> {
public:
    /// Makes a key of MEDIASEAL_KEY_LEN octets from the operating system's generator. Returns also MEDIASEAL_ERR_ENTROPY. Any thread.
    [[nodiscard]] static mediaseal_status try_generate(key& out) noexcept { return out.refill(mediaseal_key_generate); }

    /// Copies octets; the caller wipes his own. Returns also MEDIASEAL_ERR_KEY_LENGTH. Any thread.
    [[nodiscard]] static mediaseal_status try_from_octets(bytes_view octets, key& out) noexcept {
        return out.refill([&](std::uint8_t* to, std::size_t, std::size_t* len) noexcept -> mediaseal_status {
            if (octets.size() < MEDIASEAL_KEY_MIN_LEN || octets.size() > MEDIASEAL_KEY_MAX_LEN) return MEDIASEAL_ERR_KEY_LENGTH;
            std::memcpy(to, octets.data(), octets.size());
            *len = octets.size();
            return MEDIASEAL_OK;
        });
    }

    /// Reads hexadecimal digits of either case, in time that depends on their number alone. The caller wipes them.
    ///
    /// Returns also MEDIASEAL_ERR_KEY_TEXT, MEDIASEAL_ERR_KEY_LENGTH. Any thread.
    [[nodiscard]] static mediaseal_status try_from_hex(std::string_view digits, key& out) noexcept {
        return read(digits, out, mediaseal_key_from_hex);
    }

    /// Reads base64 (RFC 4648 section 4), with or without padding. Otherwise as try_from_hex.
    [[nodiscard]] static mediaseal_status try_from_base64(std::string_view digits, key& out) noexcept {
        return read(digits, out, mediaseal_key_from_base64);
    }

    /// Derives a key from 1 to 1024 octets of UTF-8 by Argon2id, with the parameters that passphrase_params_generate made for the channel.
    ///
    /// Takes 64 MiB and some 0.2 s by default: not for a media thread. The caller wipes the passphrase. Returns also MEDIASEAL_ERR_PASSPHRASE_LENGTH,
    /// MEDIASEAL_ERR_PASSPHRASE_PARAMS, MEDIASEAL_ERR_NOT_UTF8. Any thread.
    [[nodiscard]] static mediaseal_status try_from_passphrase(bytes_view passphrase, const char* params, key& out) noexcept {
        return out.refill([&](std::uint8_t* to, std::size_t capacity, std::size_t* len) noexcept {
            return mediaseal_key_from_passphrase(passphrase.data(), passphrase.size(), params, to, capacity, len);
        });
    }

#if defined(__cpp_exceptions)
    /// As try_generate.
    [[nodiscard]] static key generate() { return make([](key& out) { return try_generate(out); }); }
    /// As try_from_octets.
    [[nodiscard]] static key from_octets(bytes_view octets) {
        return make([&](key& out) { return try_from_octets(octets, out); });
    }
    /// As try_from_hex.
    [[nodiscard]] static key from_hex(std::string_view digits) {
        return make([&](key& out) { return try_from_hex(digits, out); });
    }
    /// As try_from_base64.
    [[nodiscard]] static key from_base64(std::string_view digits) {
        return make([&](key& out) { return try_from_base64(digits, out); });
    }
    /// As try_from_passphrase.
    [[nodiscard]] static key from_passphrase(bytes_view passphrase, const char* params) {
        return make([&](key& out) { return try_from_passphrase(passphrase, params, out); });
    }
#endif

private:
    friend class channel;

    template <class Read>
    static mediaseal_status read(std::string_view digits, key& out, Read from) noexcept {
        // Two digits an octet are the most that either form has.
        detail::zero_ended<2 * MEDIASEAL_KEY_MAX_LEN> text;
        return out.refill([&](std::uint8_t* to, std::size_t capacity, std::size_t* len) noexcept -> mediaseal_status {
            if (!text.assign(digits)) return MEDIASEAL_ERR_KEY_TEXT;
            return from(text.c_str(), to, capacity, len);
        });
    }

#if defined(__cpp_exceptions)
    template <class Make>
    static key make(Make fill) {
        key made;
        detail::check(fill(made));
        return made;
    }
#endif
};

/// The secret of one step of a generation, as octets, wiped at its end.
class epoch_secret : public secret_octets<MEDIASEAL_EPOCH_SECRET_MAX_LEN> {
    friend class channel;
};

/// The same as key text, wiped at its end.
class epoch_text : public secret_octets<MEDIASEAL_EPOCH_TEXT_MAX_LEN + 1> {
public:
    /// The characters, as long as this lives and is not moved.
    std::string_view text() const& noexcept { return octets().text(); }
    std::string_view text() const&& = delete;

private:
    friend class channel;
};

/// Makes the cost and the salt of a new passphrase: a text that travels beside the channel and is no secret, with a zero octet behind it.
///
/// Returns MEDIASEAL_OK, MEDIASEAL_ERR_ENTROPY. Any thread.
[[nodiscard]] inline mediaseal_status try_passphrase_params_generate(std::array<char, MEDIASEAL_PASSPHRASE_PARAMS_MAX_LEN + 1>& out) noexcept {
    std::size_t len = 0;
    return mediaseal_passphrase_params_generate(out.data(), out.size(), &len);
}

/// Writes the KID of a member of an MLS group (RFC 9605 section 5.2). Returns also MEDIASEAL_ERR_KID_LAYOUT, MEDIASEAL_ERR_KID_OUT_OF_RANGE. Any thread.
[[nodiscard]] inline mediaseal_status try_kid_mls(std::uint32_t sender_bits, std::uint32_t epoch_bits, std::uint64_t context,
                                                  std::uint32_t sender_index, std::uint64_t epoch, std::uint64_t& out_kid) noexcept {
    return mediaseal_kid_mls(sender_bits, epoch_bits, context, sender_index, epoch, &out_kid);
}

/// Writes the KID of a ratcheted sender key (RFC 9605 section 5.1). Returns also MEDIASEAL_ERR_KID_LAYOUT, MEDIASEAL_ERR_KID_OUT_OF_RANGE. Any thread.
[[nodiscard]] inline mediaseal_status try_kid_ratcheted(std::uint32_t step_bits, std::uint64_t generation, std::uint64_t step,
                                                        std::uint64_t& out_kid) noexcept {
    return mediaseal_kid_ratcheted(step_bits, generation, step, &out_kid);
}

/// What an MLS KID names; the epoch is that modulo 2^epoch_bits.
struct mls_kid {
    std::uint64_t context = 0;       ///< Context of the group.
    std::uint64_t sender_index = 0;  ///< Leaf index of the sender.
    std::uint64_t epoch = 0;         ///< Low bits of the epoch.
};

/// What a ratcheted KID names; the step is that modulo 2^step_bits.
struct ratcheted_kid {
    std::uint64_t generation = 0;  ///< Key generation.
    std::uint64_t step = 0;        ///< Low bits of the ratchet step.
};

/// Writes what try_kid_mls put together. Returns also MEDIASEAL_ERR_KID_LAYOUT. Any thread.
[[nodiscard]] inline mediaseal_status try_kid_mls_split(std::uint32_t sender_bits, std::uint32_t epoch_bits, std::uint64_t kid,
                                                        mls_kid& out) noexcept {
    return mediaseal_kid_mls_split(sender_bits, epoch_bits, kid, &out.context, &out.sender_index, &out.epoch);
}

/// Writes what try_kid_ratcheted put together. Returns also MEDIASEAL_ERR_KID_LAYOUT. Any thread.
[[nodiscard]] inline mediaseal_status try_kid_ratcheted_split(std::uint32_t step_bits, std::uint64_t kid, ratcheted_kid& out) noexcept {
    return mediaseal_kid_ratcheted_split(step_bits, kid, &out.generation, &out.step);
}

/// What an epoch secret says of itself, for a joiner: which generation to activate and which cipher to pass. Not authenticated before frames open.
struct epoch_description {
    mediaseal::suite suite{};      ///< The suite: that of the cipher to pass if it is a custom one.
    std::uint64_t generation = 0;  ///< The generation's number.
    std::uint32_t step = 0;        ///< Its step.
};

/// Reads what an epoch secret, as octets, says of itself. Returns also MEDIASEAL_ERR_EPOCH_OCTETS, MEDIASEAL_ERR_EPOCH_FORMAT. Any thread.
[[nodiscard]] inline mediaseal_status try_describe_epoch(bytes_view secret, epoch_description& out) noexcept {
    mediaseal_epoch told = MEDIASEAL_EPOCH_INIT;
    const mediaseal_status status = mediaseal_epoch_describe(secret.data(), secret.size(), &told);
    out = {static_cast<mediaseal::suite>(told.suite), told.generation, told.step};
    return status;
}

/// The same for key text, "mediaseal-epoch-1...". Returns also MEDIASEAL_ERR_EPOCH_TEXT.
[[nodiscard]] inline mediaseal_status try_describe_epoch_text(std::string_view text, epoch_description& out) noexcept {
    mediaseal_epoch told = MEDIASEAL_EPOCH_INIT;
    detail::zero_ended<MEDIASEAL_EPOCH_TEXT_MAX_LEN> ended;
    const mediaseal_status status = ended.assign(text) ? mediaseal_epoch_describe_text(ended.c_str(), &told) : MEDIASEAL_ERR_EPOCH_TEXT;
    out = {static_cast<mediaseal::suite>(told.suite), told.generation, told.step};
    return status;
}

#if defined(__cpp_exceptions)
/// As try_passphrase_params_generate.
[[nodiscard]] inline std::string passphrase_params_generate() {
    std::array<char, MEDIASEAL_PASSPHRASE_PARAMS_MAX_LEN + 1> text{};
    detail::check(try_passphrase_params_generate(text));
    return text.data();
}
/// As try_kid_mls.
[[nodiscard]] inline std::uint64_t kid_mls(std::uint32_t sender_bits, std::uint32_t epoch_bits, std::uint64_t context,
                                           std::uint32_t sender_index, std::uint64_t epoch) {
    std::uint64_t kid = 0;
    detail::check(try_kid_mls(sender_bits, epoch_bits, context, sender_index, epoch, kid));
    return kid;
}
/// As try_kid_ratcheted.
[[nodiscard]] inline std::uint64_t kid_ratcheted(std::uint32_t step_bits, std::uint64_t generation, std::uint64_t step) {
    std::uint64_t kid = 0;
    detail::check(try_kid_ratcheted(step_bits, generation, step, kid));
    return kid;
}
/// As try_kid_mls_split.
[[nodiscard]] inline mls_kid kid_mls_split(std::uint32_t sender_bits, std::uint32_t epoch_bits, std::uint64_t kid) {
    mls_kid named;
    detail::check(try_kid_mls_split(sender_bits, epoch_bits, kid, named));
    return named;
}
/// As try_kid_ratcheted_split.
[[nodiscard]] inline ratcheted_kid kid_ratcheted_split(std::uint32_t step_bits, std::uint64_t kid) {
    ratcheted_kid named;
    detail::check(try_kid_ratcheted_split(step_bits, kid, named));
    return named;
}
/// As try_describe_epoch.
[[nodiscard]] inline epoch_description describe_epoch(bytes_view secret) {
    epoch_description told;
    detail::check(try_describe_epoch(secret, told));
    return told;
}
/// As try_describe_epoch_text.
[[nodiscard]] inline epoch_description describe_epoch_text(std::string_view text) {
    epoch_description told;
    detail::check(try_describe_epoch_text(text, told));
    return told;
}
#endif

// ==== Ciphers ========================================================================================================

/// Suite, lengths and limits of a cipher. For a custom one, 0 in a limit means the default.
struct cipher_params {
    mediaseal::suite suite = mediaseal::suite::private_first;  ///< Custom: private_first to private_last.
    std::uint32_t key_len = 0;                                 ///< Octets of key (Nk), 1 to 128.
    std::uint32_t nonce_len = 0;                               ///< Octets of nonce (Nn), 8 to 32.
    std::uint32_t tag_len = 0;                                 ///< Octets of tag (Nt), 4 to 32; under 16 is a short tag.
    mediaseal::hash hash = mediaseal::hash::sha256;            ///< Hash of the key schedule.
    mediaseal::cost cost = mediaseal::cost::fast;              ///< How long a key object takes.
    std::uint64_t max_frame_len = 0;                           ///< Octets of plaintext in one seal.
    std::uint64_t max_seals = 0;                               ///< Seals under one key.
    std::uint64_t max_blocks = 0;                              ///< Blocks of 16 octets under one key, AAD and one block a frame included.
    std::uint64_t max_open_failures = 0;                       ///< Authentication failures after which an event advises a fresh key.
};

/// One known answer of a custom cipher, from a published document or an independent implementation.
struct known_answer {
    bytes_view key{};         ///< cipher_params::key_len octets.
    bytes_view nonce{};       ///< cipher_params::nonce_len octets.
    bytes_view aad{};         ///< Any number of octets.
    bytes_view plaintext{};   ///< At least one octet.
    bytes_view ciphertext{};  ///< As long as the plaintext.
    bytes_view tag{};         ///< cipher_params::tag_len octets.
};

/// A key of a custom cipher: derive from it. Its destructor wipes the key and throws nothing.
///
/// Lengths are always those of the cipher's cipher_params. Any threads at once call it. It must not call the library, but may use mediaseal::wipe.
class custom_cipher_key {
public:
    custom_cipher_key() = default;
    custom_cipher_key(const custom_cipher_key&) = delete;
    custom_cipher_key& operator=(const custom_cipher_key&) = delete;
    virtual ~custom_cipher_key() = default;

    /// Encrypts `data` in place and writes the tag over `nonce`, `aad` and the ciphertext.
    ///
    /// Returns MEDIASEAL_OK, or anything else if it failed. An exception counts as a failure and goes no further.
    [[nodiscard]] virtual mediaseal_status seal(bytes_view nonce, bytes_view aad, mutable_bytes data, mutable_bytes tag) const = 0;

    /// Compares the tag in constant time and decrypts `data` in place. The library zeroes `data` if it failed.
    ///
    /// Returns MEDIASEAL_OK; MEDIASEAL_ERR_AUTHENTICATION_FAILED if the tag is wrong; anything else if it failed. An exception counts as a failure.
    [[nodiscard]] virtual mediaseal_status open(bytes_view nonce, bytes_view aad, mutable_bytes data, bytes_view tag) const = 0;
};

/// A custom cipher: an AEAD whose ciphertext is as long as its plaintext, with a tag apart. Derive from it, and cipher::register_custom.
///
/// The library supplies nonces, AAD, headers, replay protection, rotation, limits and statistics; the cipher transforms octets.
class custom_cipher {
public:
    custom_cipher() = default;
    custom_cipher(const custom_cipher&) = delete;
    custom_cipher& operator=(const custom_cipher&) = delete;
    virtual ~custom_cipher() = default;

    /// Suite, lengths and limits; asked for once.
    virtual cipher_params params() const = 0;

    /// At least one known answer; asked for once, and viewed until registration ends.
    virtual std::vector<known_answer> known_answers() const = 0;

    /// Runs the key schedule over `key`, of which it copies what it needs. nullptr or an exception means that it failed. Any threads at once.
    virtual std::unique_ptr<custom_cipher_key> new_key(bytes_view key) const = 0;
};

/// What a custom cipher lacks. The texts live as long as the library; they are nullptr if none was named.
struct refusal {
    const char* property = nullptr;  ///< Name of the property that does not hold, such as "DataDependsOnNonce".
    const char* text = nullptr;      ///< What should hold, in one sentence.
    std::uint32_t at = 0;            ///< Length of the data, number of the bit or index of the case at which it was seen.
};

#if defined(__cpp_exceptions)

/// A custom cipher was refused.
class cipher_refused : public error {
public:
    /// The error of a refusal that was named.
    explicit cipher_refused(const refusal& why)
        : error(MEDIASEAL_ERR_CIPHER_REFUSED,
                std::string(why.property) + " at " + std::to_string(why.at) + " does not hold: " + why.text),
          why_(why) {}

    /// Name of the property that does not hold, such as "DataDependsOnNonce".
    const char* property() const noexcept { return why_.property; }
    /// What should hold, in one sentence.
    const char* text() const noexcept { return why_.text; }
    /// Length of the data, number of the bit or index of the case at which it was seen.
    std::uint32_t at() const noexcept { return why_.at; }

private:
    refusal why_;
};

#endif

namespace detail {

/// Runs code of the application that may throw.
template <class Run>
mediaseal_status shielded(Run run, mediaseal_status failed = MEDIASEAL_ERR_CIPHER_FAILED) noexcept {
#if defined(__cpp_exceptions)
    try {
        return run();
    } catch (...) {
        return failed;
    }
#else
    static_cast<void>(failed);
    return run();
#endif
}

/// The functions of a vtable: from C to a derived class.
struct cipher_thunks {
    static mediaseal_status key_new(void* user_data, const std::uint8_t* key, std::size_t key_len, void** out_key) noexcept {
        return shielded([&]() -> mediaseal_status {
            *out_key = static_cast<custom_cipher*>(user_data)->new_key({key, key_len}).release();
            return *out_key == nullptr ? MEDIASEAL_ERR_CIPHER_FAILED : MEDIASEAL_OK;
        });
    }

    static void key_free(void*, void* key) noexcept { delete static_cast<custom_cipher_key*>(key); }

    static mediaseal_status seal(void*, const void* key, const std::uint8_t* nonce, std::size_t nonce_len, const std::uint8_t* aad,
                                 std::size_t aad_len, std::uint8_t* data, std::size_t data_len, std::uint8_t* tag,
                                 std::size_t tag_len) noexcept {
        return shielded([&] {
            return static_cast<const custom_cipher_key*>(key)->seal({nonce, nonce_len}, {aad, aad_len}, {data, data_len}, {tag, tag_len});
        });
    }

    static mediaseal_status open(void*, const void* key, const std::uint8_t* nonce, std::size_t nonce_len, const std::uint8_t* aad,
                                 std::size_t aad_len, std::uint8_t* data, std::size_t data_len, const std::uint8_t* tag,
                                 std::size_t tag_len) noexcept {
        return shielded([&] {
            return static_cast<const custom_cipher_key*>(key)->open({nonce, nonce_len}, {aad, aad_len}, {data, data_len}, {tag, tag_len});
        });
    }

    static void destroy(void* user_data) noexcept { delete static_cast<custom_cipher*>(user_data); }
};

/// Known answers as C has them, or none if a length is not that of `params`: the library then names what is missing.
inline std::vector<mediaseal_known_answer> c_answers(const std::vector<known_answer>& answers, const cipher_params& params) {
    std::vector<mediaseal_known_answer> converted;
    converted.reserve(answers.size());
    for (const known_answer& answer : answers) {
        const bool fits = answer.key.size() == params.key_len && answer.nonce.size() == params.nonce_len &&
                          answer.tag.size() == params.tag_len && answer.ciphertext.size() == answer.plaintext.size();
        if (!fits) return {};
        converted.push_back({answer.key.data(), answer.nonce.data(), answer.aad.data(), answer.aad.size(), answer.plaintext.data(),
                             answer.ciphertext.data(), answer.plaintext.size(), answer.tag.data()});
    }
    return converted;
}

inline refusal cpp_refusal(const mediaseal_refusal& why) noexcept { return {why.property, why.text, why.at}; }

constexpr std::uint32_t cipher_flags(bool allow_short_tags) noexcept { return allow_short_tags ? MEDIASEAL_CIPHER_ALLOW_SHORT_TAGS : 0; }

}  // namespace detail

/// A cipher that stores and generations may use: built in, or a custom one that passed the conformance check.
///
/// `allow_short_tags` accepts tags under 8 octets (built in) or under 16 (custom). With a 32-bit tag one forgery in 2^32 tries succeeds: for audio only.
class cipher : public owner<mediaseal_cipher> {
public:
    /// An empty owner.
    explicit cipher(std::nullptr_t) noexcept {}

    /// Makes a built-in cipher. Returns also MEDIASEAL_ERR_UNSUPPORTED_SUITE, MEDIASEAL_ERR_NOT_IN_THIS_BUILD for a provider that the library lacks. Any thread.
    [[nodiscard]] static mediaseal_status try_builtin(mediaseal::suite suite, cipher& out, bool allow_short_tags = false,
                                                      mediaseal::provider provider = mediaseal::provider::mediaseal) noexcept {
        const std::uint32_t flags = detail::cipher_flags(allow_short_tags) | static_cast<std::uint32_t>(provider);
        return renew(out, [&](mediaseal_cipher** handle) noexcept {
            return mediaseal_cipher_builtin(static_cast<std::uint32_t>(suite), flags, handle);
        });
    }

    /// Registers a custom cipher: runs the conformance check, which takes from milliseconds to about a second, off the media threads.
    ///
    /// The check shows plumbing, not strength. It cannot show that the cipher is confidential, runs in constant time, wipes its keys or has no back door.
    ///
    /// Consumes `custom`, on success alone; it ends when the last key made with it has ended. With MEDIASEAL_ERR_CIPHER_REFUSED the property that does not hold
    /// goes to `out_refusal`, which may be nullptr.
    ///
    /// Returns also MEDIASEAL_ERR_CIPHER_REFUSED, MEDIASEAL_ERR_UNKNOWN_VALUE, MEDIASEAL_ERR_CIPHER_FAILED if params or known_answers throw. Any thread.
    [[nodiscard]] static mediaseal_status try_register_custom(std::unique_ptr<custom_cipher>& custom, cipher& out,
                                                              refusal* out_refusal = nullptr, bool allow_short_tags = false) noexcept {
        if (out_refusal != nullptr) *out_refusal = refusal();
        mediaseal_refusal why = MEDIASEAL_REFUSAL_INIT;
        const mediaseal_status status = renew(out, [&](mediaseal_cipher** handle) noexcept {
            if (custom == nullptr) return mediaseal_status{MEDIASEAL_ERR_NULL_POINTER};
            return detail::shielded([&] {
                const cipher_params params = custom->params();
                const std::vector<mediaseal_known_answer> answers = detail::c_answers(custom->known_answers(), params);
                const mediaseal_cipher_vtable vtable = vtable_of(*custom, params, answers);
                return mediaseal_cipher_register(&vtable, detail::cipher_flags(allow_short_tags), &why, handle);
            });
        });
        // After a panic nobody knows whose it is: a leak is better than an end that comes twice.
        if (status == MEDIASEAL_OK || status == MEDIASEAL_ERR_PANIC) static_cast<void>(custom.release());
        if (out_refusal != nullptr) *out_refusal = detail::cpp_refusal(why);
        return status;
    }

    /// Loads a custom cipher from the shared library at `path`, UTF-8, which exports mediaseal_cipher_library_v1, and registers it.
    ///
    /// The path comes from the application or its command line, never from the contents of a file: loading runs the library's code. The library stays loaded
    /// as long as a key of the cipher lives. Returns also MEDIASEAL_ERR_CIPHER_LIBRARY, and what try_register_custom returns. Any thread.
    [[nodiscard]] static mediaseal_status try_load(const char* path, cipher& out, refusal* out_refusal = nullptr,
                                                   bool allow_short_tags = false) noexcept {
        mediaseal_refusal why = MEDIASEAL_REFUSAL_INIT;
        const mediaseal_status status = renew(out, [&](mediaseal_cipher** handle) noexcept {
            return mediaseal_cipher_load(path, detail::cipher_flags(allow_short_tags), &why, handle);
        });
        if (out_refusal != nullptr) *out_refusal = detail::cpp_refusal(why);
        return status;
    }

    /// Writes suite, lengths and limits. Returns also MEDIASEAL_ERR_CLOSED.
    [[nodiscard]] mediaseal_status try_describe(cipher_params& out) const noexcept {
        out = cipher_params();
        mediaseal_cipher_params params = MEDIASEAL_CIPHER_PARAMS_INIT;
        const mediaseal_status status = mediaseal_cipher_describe(native_handle(), &params);
        if (status != MEDIASEAL_OK) return status;
        out = {static_cast<mediaseal::suite>(params.suite),
               params.key_len,
               params.nonce_len,
               params.tag_len,
               static_cast<mediaseal::hash>(params.hash),
               static_cast<mediaseal::cost>(params.cost),
               params.max_frame_len,
               params.max_seals,
               params.max_blocks,
               params.max_open_failures};
        return status;
    }

    /// Ends the use of the cipher, from any thread; stores and generations that were made with it go on. Closing twice is no error.
    [[nodiscard]] mediaseal_status try_close() noexcept { return mediaseal_cipher_close(native_handle()); }

#if defined(__cpp_exceptions)
    /// As try_builtin.
    [[nodiscard]] static cipher builtin(mediaseal::suite suite, bool allow_short_tags = false,
                                        mediaseal::provider provider = mediaseal::provider::mediaseal) {
        cipher made(nullptr);
        detail::check_made(try_builtin(suite, made, allow_short_tags, provider));
        return made;
    }
    /// As try_register_custom. Throws cipher_refused with the reason if the cipher is refused; `custom` ends in any case of failure.
    [[nodiscard]] static cipher register_custom(std::unique_ptr<custom_cipher> custom, bool allow_short_tags = false) {
        cipher made(nullptr);
        refusal why;
        check_accepted(try_register_custom(custom, made, &why, allow_short_tags), why);
        return made;
    }
    /// As try_load. Throws cipher_refused with the reason if the cipher is refused.
    [[nodiscard]] static cipher load(const char* path, bool allow_short_tags = false) {
        cipher made(nullptr);
        refusal why;
        check_accepted(try_load(path, made, &why, allow_short_tags), why);
        return made;
    }
    /// As try_describe.
    [[nodiscard]] cipher_params describe() const {
        cipher_params params;
        detail::check(try_describe(params));
        return params;
    }
    /// As try_close.
    void close() { detail::check(try_close()); }
#endif

private:
    static mediaseal_cipher_vtable vtable_of(custom_cipher& custom, const cipher_params& params,
                                             const std::vector<mediaseal_known_answer>& answers) noexcept {
        mediaseal_cipher_vtable vtable = MEDIASEAL_CIPHER_VTABLE_INIT;
        vtable.suite = static_cast<std::uint32_t>(params.suite);
        vtable.key_len = params.key_len;
        vtable.nonce_len = params.nonce_len;
        vtable.tag_len = params.tag_len;
        vtable.hash = static_cast<std::uint32_t>(params.hash);
        vtable.cost = static_cast<std::uint32_t>(params.cost);
        vtable.max_frame_len = params.max_frame_len;
        vtable.max_seals = params.max_seals;
        vtable.max_blocks = params.max_blocks;
        vtable.max_open_failures = params.max_open_failures;
        vtable.known_answers = answers.data();
        vtable.known_answers_count = answers.size();
        vtable.user_data = &custom;
        vtable.destroy = detail::cipher_thunks::destroy;
        vtable.key_new = detail::cipher_thunks::key_new;
        vtable.key_free = detail::cipher_thunks::key_free;
        vtable.seal = detail::cipher_thunks::seal;
        vtable.open = detail::cipher_thunks::open;
        return vtable;
    }

#if defined(__cpp_exceptions)
    static void check_accepted(mediaseal_status status, const refusal& why) {
        if (status == MEDIASEAL_ERR_CIPHER_REFUSED && why.property != nullptr && why.text != nullptr) throw cipher_refused(why);
        detail::check_made(status);
    }
#endif
};

// ==== Events =========================================================================================================

/// Something that happened to keys or streams. What the type does not name is 0 or empty. A value of its own, without memory elsewhere.
class event {
public:
    /// Copies what the library told, as far as both know it.
    explicit event(const mediaseal_event& told) noexcept {
        std::memcpy(&told_, &told, told.struct_size < sizeof told_ ? told.struct_size : sizeof told_);
        told_.struct_size = static_cast<std::uint32_t>(sizeof told_);
    }

    /// What happened; a newer library may tell of more than event_type names.
    event_type type() const noexcept { return static_cast<event_type>(told_.type); }
    /// KID concerned.
    std::uint64_t kid() const noexcept { return told_.kid; }
    /// CTR concerned.
    std::uint64_t ctr() const noexcept { return told_.ctr; }
    /// How many.
    std::uint64_t count() const noexcept { return told_.count; }
    /// Generation of a session.
    std::uint64_t generation() const noexcept { return told_.generation; }
    /// Step of a session.
    std::uint32_t step() const noexcept { return told_.step; }
    /// Media of a session.
    mediaseal::media media() const noexcept { return static_cast<mediaseal::media>(told_.media); }
    /// What a sentinel has seen.
    proof_status proof() const noexcept { return static_cast<proof_status>(told_.proof); }
    /// What was wrong with octets that were sent.
    mediaseal::leak leak() const noexcept { return static_cast<mediaseal::leak>(told_.leak); }
    /// The stream that fails or opens again.
    std::uint32_t ssrc() const noexcept { return told_.ssrc; }
    /// Why it fails.
    mediaseal_status status() const noexcept { return told_.status; }
    /// Sender of a session or stream, as long as this event lives.
    bytes_view sender() const& noexcept { return {told_.sender, told_.sender_len}; }
    bytes_view sender() const&& = delete;

private:
    mediaseal_event told_ = MEDIASEAL_EVENT_INIT;
};

/// Hears of events, in the thread that ticks or delivers, one event at a time.
///
/// It must not call the library, and what it captures must own no object of the library: it ends inside of a callback. An exception that leaves it goes no
/// further at first; the events behind it are told; then the throwing form of tick or deliver_events throws it (the first, if there were several) and the
/// `try_` form drops it.
using event_listener = std::function<void(const event&)>;

namespace detail {

#if defined(__cpp_exceptions)
/// What a listener threw in this thread.
inline std::exception_ptr& thrown_by_listener() noexcept {
    thread_local std::exception_ptr thrown;
    return thrown;
}

/// Ends a call that told events.
inline void check_told(mediaseal_status status, const std::exception_ptr& thrown) {
    check(status);
    if (thrown != nullptr) std::rethrow_exception(thrown);
}
#endif

inline void hear(void* user_data, const mediaseal_event* told) noexcept {
    const event_listener& listener = *static_cast<event_listener*>(user_data);
#if defined(__cpp_exceptions)
    try {
        listener(event(*told));
    } catch (...) {
        if (thrown_by_listener() == nullptr) thrown_by_listener() = std::current_exception();
    }
#else
    listener(event(*told));
#endif
}

inline void end_listener(void* user_data) noexcept { delete static_cast<event_listener*>(user_data); }

/// Sets or unsets a listener by `set(callback, user_data, destroy)`.
template <class Set>
mediaseal_status set_listener(std::unique_ptr<event_listener>& listener, Set set) noexcept {
    if (listener == nullptr || !*listener) return set(nullptr, nullptr, nullptr);
    const mediaseal_status status = set(hear, listener.get(), end_listener);
    // After a panic nobody knows whose it is: a leak is better than an end that comes twice.
    if (status == MEDIASEAL_OK || status == MEDIASEAL_ERR_PANIC) static_cast<void>(listener.release());
    return status;
}

/// Polls by `poll(out_event)`.
template <class Poll>
mediaseal_status poll_event(std::optional<event>& out, Poll poll) noexcept {
    out.reset();
    mediaseal_event told = MEDIASEAL_EVENT_INIT;
    const mediaseal_status status = poll(&told);
    if (status == MEDIASEAL_OK && told.type != MEDIASEAL_EVENT_NONE) out.emplace(told);
    return status;
}

/// Runs a call that may tell events, and drops what a listener threw.
template <class Tell>
mediaseal_status tell(Tell tell) noexcept {
    const mediaseal_status status = tell();
#if defined(__cpp_exceptions)
    thrown_by_listener() = nullptr;
#endif
    return status;
}

#if defined(__cpp_exceptions)
/// Runs a call that may tell events, and throws what a listener threw.
template <class Tell>
void tell_or_throw(Tell tell) {
    thrown_by_listener() = nullptr;
    const mediaseal_status status = tell();
    const std::exception_ptr thrown = std::exchange(thrown_by_listener(), nullptr);
    check_told(status, thrown);
}
#endif

}  // namespace detail

// ==== Raw keys =======================================================================================================

/// A folder of counters for raw keys that survive a restart, locked for this process until the last key store that uses it has ended as well.
class counter_store : public owner<mediaseal_counter_store> {
public:
    /// An empty owner.
    explicit counter_store(std::nullptr_t) noexcept {}

    /// Makes a new counter store in the folder `path`, UTF-8, which is made too if it is not there. Writes files: not for a media thread.
    ///
    /// Returns also MEDIASEAL_ERR_COUNTER_STORE_ALREADY_THERE, MEDIASEAL_ERR_COUNTER_STORE_LOCKED, MEDIASEAL_ERR_COUNTER_STORE_IO. Any thread.
    [[nodiscard]] static mediaseal_status try_create(const char* path, counter_store& out) noexcept {
        return renew(out, [&](mediaseal_counter_store** handle) noexcept { return mediaseal_counter_store_create(path, handle); });
    }

    /// Opens the counter store in the folder `path`. It makes none: a wrong path must not look like a store whose keys are all new.
    ///
    /// Returns also MEDIASEAL_ERR_COUNTER_STORE_NOT_THERE, MEDIASEAL_ERR_COUNTER_STORE_LOCKED, MEDIASEAL_ERR_COUNTER_STORE_IO. Any thread.
    [[nodiscard]] static mediaseal_status try_open(const char* path, counter_store& out) noexcept {
        return renew(out, [&](mediaseal_counter_store** handle) noexcept { return mediaseal_counter_store_open(path, handle); });
    }

    /// Ends the use of the counter store, from any thread; key stores that use it go on. Closing twice is no error.
    [[nodiscard]] mediaseal_status try_close() noexcept { return mediaseal_counter_store_close(native_handle()); }

#if defined(__cpp_exceptions)
    /// As try_create.
    [[nodiscard]] static counter_store create(const char* path) {
        counter_store made(nullptr);
        detail::check_made(try_create(path, made));
        return made;
    }
    /// As try_open.
    [[nodiscard]] static counter_store open(const char* path) {
        counter_store made(nullptr);
        detail::check_made(try_open(path, made));
        return made;
    }
    /// As try_close.
    void close() { detail::check(try_close()); }
#endif
};

/// Raw keys: the application brings a base key for each KID, and vouches for both (RFC 9605).
class key_store : public owner<mediaseal_key_store> {
public:
    /// An empty owner.
    explicit key_store(std::nullptr_t) noexcept {}

    /// Makes an empty store for keys of `cipher`, which it borrows. Returns also MEDIASEAL_ERR_SHORT_TAG, MEDIASEAL_ERR_ENTROPY, MEDIASEAL_ERR_CLOSED. Any thread.
    [[nodiscard]] static mediaseal_status try_new(const cipher& cipher, key_store& out) noexcept {
        return renew(out, [&](mediaseal_key_store** handle) noexcept { return mediaseal_key_store_new(cipher.native_handle(), handle); });
    }

    /// Adds a key to seal with, which has sealed nothing under this KID, here or anywhere: only the application can know. It seals nothing before try_activate.
    ///
    /// Copies `base_key`; the caller wipes his own. Returns also MEDIASEAL_ERR_KID_IN_USE, MEDIASEAL_ERR_KEY_REUSED, MEDIASEAL_ERR_SEND_AND_RECEIVE,
    /// MEDIASEAL_ERR_KEY_LENGTH, MEDIASEAL_ERR_CIPHER_FAILED, MEDIASEAL_ERR_CLOSED.
    [[nodiscard]] mediaseal_status try_add_send(bytes_view base_key, std::uint64_t kid) const noexcept {
        return mediaseal_key_store_add_send(native_handle(), base_key.data(), base_key.size(), kid, MEDIASEAL_ORIGIN_FRESH_KEY, nullptr);
    }

    /// The same for a key that may have sealed before: the counter store knows, and keeps it over restarts. Writes a file: not for a media thread.
    ///
    /// Returns what the other form returns, and `MEDIASEAL_ERR_COUNTER_STORE_...`.
    [[nodiscard]] mediaseal_status try_add_send(bytes_view base_key, std::uint64_t kid, const counter_store& counters) const noexcept {
        return mediaseal_key_store_add_send(native_handle(), base_key.data(), base_key.size(), kid, MEDIASEAL_ORIGIN_COUNTER_STORE,
                                            counters.native_handle());
    }

    /// Adds a key to open with, and names the sender whom the application knows to hold it. It opens from the tick of `opens_at` on, 0 for at once.
    ///
    /// Copies `base_key` and `sender`. Returns also MEDIASEAL_ERR_KID_IN_USE, MEDIASEAL_ERR_SEND_AND_RECEIVE, MEDIASEAL_ERR_KEY_LENGTH,
    /// MEDIASEAL_ERR_SENDER_ID_TOO_LONG, MEDIASEAL_ERR_CIPHER_FAILED, MEDIASEAL_ERR_CLOSED.
    [[nodiscard]] mediaseal_status try_add_receive(bytes_view base_key, std::uint64_t kid, bytes_view sender,
                                                   std::uint64_t opens_at = 0) const noexcept {
        return mediaseal_key_store_add_receive(native_handle(), base_key.data(), base_key.size(), kid, sender.data(), sender.size(), opens_at);
    }

    /// Makes a send key the one that seals, from the next frame of every encryptor on. Returns also MEDIASEAL_ERR_UNKNOWN_SEND_KEY, MEDIASEAL_ERR_CLOSED.
    [[nodiscard]] mediaseal_status try_activate(std::uint64_t kid) const noexcept { return mediaseal_key_store_activate(native_handle(), kid); }

    /// Retires a send key. Returns also MEDIASEAL_ERR_UNKNOWN_SEND_KEY, MEDIASEAL_ERR_CLOSED.
    [[nodiscard]] mediaseal_status try_retire_send(std::uint64_t kid) const noexcept { return mediaseal_key_store_retire_send(native_handle(), kid); }

    /// Retires a receive key: its frames are MEDIASEAL_ERR_RETIRED_KEY from now on. Returns also MEDIASEAL_ERR_UNKNOWN_RECEIVE_KEY, MEDIASEAL_ERR_CLOSED.
    [[nodiscard]] mediaseal_status try_retire_receive(std::uint64_t kid) const noexcept {
        return mediaseal_key_store_retire_receive(native_handle(), kid);
    }

    /// Opens nothing more under a key once 4,096 frames failed authentication under it. Off by default. Returns also MEDIASEAL_ERR_CLOSED.
    [[nodiscard]] mediaseal_status try_refuse_after_failures() const noexcept {
        return mediaseal_key_store_refuse_after_failures(native_handle());
    }

    /// Tells the time, in seconds since 1970, and then the events that wait to the listener, if there is one. At least once a minute, off the media threads.
    ///
    /// Returns also MEDIASEAL_ERR_CLOCK_UNSET, `MEDIASEAL_ERR_COUNTER_STORE_...`, MEDIASEAL_ERR_FORKED, MEDIASEAL_ERR_CLOSED.
    [[nodiscard]] mediaseal_status try_tick(std::uint64_t unix_seconds) const noexcept {
        return detail::tell([&] { return mediaseal_key_store_tick(native_handle(), unix_seconds); });
    }

    /// Takes the oldest event, if there is one. Who polls, sets no listener. Returns also MEDIASEAL_ERR_CLOSED.
    [[nodiscard]] mediaseal_status try_poll_event(std::optional<event>& out) const noexcept {
        return detail::poll_event(out, [&](mediaseal_event* told) { return mediaseal_key_store_poll_event(native_handle(), told); });
    }

    /// Sets who hears the events; nullptr unsets. When it returns, no former listener is running or will run again.
    ///
    /// Consumes `listener`, on success alone. Returns also MEDIASEAL_ERR_CLOSED.
    [[nodiscard]] mediaseal_status try_on_event(std::unique_ptr<event_listener>& listener) const noexcept {
        return detail::set_listener(listener, [&](auto callback, void* user_data, auto destroy) {
            return mediaseal_key_store_set_event_callback(native_handle(), callback, user_data, destroy);
        });
    }

    /// Tells the events that wait to the listener now. Returns also MEDIASEAL_ERR_CLOSED.
    [[nodiscard]] mediaseal_status try_deliver_events() const noexcept {
        return detail::tell([&] { return mediaseal_key_store_deliver_events(native_handle()); });
    }

    /// Ends the use of the store, from any thread; its encryptors and decryptors go on. Closing twice is no error.
    [[nodiscard]] mediaseal_status try_close() noexcept { return mediaseal_key_store_close(native_handle()); }

#if defined(__cpp_exceptions)
    /// As try_new.
    explicit key_store(const cipher& cipher) { detail::check_made(try_new(cipher, *this)); }
    /// As try_add_send.
    void add_send(bytes_view base_key, std::uint64_t kid) const { detail::check(try_add_send(base_key, kid)); }
    /// As try_add_send.
    void add_send(bytes_view base_key, std::uint64_t kid, const counter_store& counters) const {
        detail::check(try_add_send(base_key, kid, counters));
    }
    /// As try_add_receive.
    void add_receive(bytes_view base_key, std::uint64_t kid, bytes_view sender, std::uint64_t opens_at = 0) const {
        detail::check(try_add_receive(base_key, kid, sender, opens_at));
    }
    /// As try_activate.
    void activate(std::uint64_t kid) const { detail::check(try_activate(kid)); }
    /// As try_retire_send.
    void retire_send(std::uint64_t kid) const { detail::check(try_retire_send(kid)); }
    /// As try_retire_receive.
    void retire_receive(std::uint64_t kid) const { detail::check(try_retire_receive(kid)); }
    /// As try_refuse_after_failures.
    void refuse_after_failures() const { detail::check(try_refuse_after_failures()); }
    /// As try_tick; throws what a listener threw.
    void tick(std::uint64_t unix_seconds) const {
        detail::tell_or_throw([&] { return mediaseal_key_store_tick(native_handle(), unix_seconds); });
    }
    /// As try_poll_event.
    [[nodiscard]] std::optional<event> poll_event() const {
        std::optional<event> told;
        detail::check(try_poll_event(told));
        return told;
    }
    /// As try_on_event; an empty listener unsets.
    void on_event(event_listener listener) const {
        auto owned = std::make_unique<event_listener>(std::move(listener));
        detail::check(try_on_event(owned));
    }
    /// As try_deliver_events; throws what a listener threw.
    void deliver_events() const {
        detail::tell_or_throw([&] { return mediaseal_key_store_deliver_events(native_handle()); });
    }
    /// As try_close.
    void close() { detail::check(try_close()); }
#endif
};

// ==== Channels =======================================================================================================

/// The channels of an application, with their keys.
class channel_store : public owner<mediaseal_channel_store> {
public:
    /// An empty owner.
    explicit channel_store(std::nullptr_t) noexcept {}

    /// Makes a store without channels. Returns also MEDIASEAL_ERR_ENTROPY. Any thread.
    [[nodiscard]] static mediaseal_status try_new(channel_store& out) noexcept {
        return renew(out, [](mediaseal_channel_store** handle) noexcept { return mediaseal_channel_store_new(handle); });
    }

    /// Tells the time, in seconds since 1970, to every channel, and then the events that wait to the listener, if there is one.
    ///
    /// At least once a minute, off the media threads: it opens what waits for its time, ends grace, and prepares the next sessions of encryptors. Returns also
    /// MEDIASEAL_ERR_CLOCK_UNSET, MEDIASEAL_ERR_ENTROPY, MEDIASEAL_ERR_FORKED, MEDIASEAL_ERR_CLOSED.
    [[nodiscard]] mediaseal_status try_tick(std::uint64_t unix_seconds) const noexcept {
        return detail::tell([&] { return mediaseal_channel_store_tick(native_handle(), unix_seconds); });
    }

    /// Makes every encryptor begin a new session with its next frame: when the process image may run twice, as after a snapshot was resumed.
    ///
    /// Returns also MEDIASEAL_ERR_ENTROPY, MEDIASEAL_ERR_FORKED, MEDIASEAL_ERR_CLOSED.
    [[nodiscard]] mediaseal_status try_renew_sessions() const noexcept { return mediaseal_channel_store_renew_sessions(native_handle()); }

    /// Takes the oldest event, if there is one. Who polls, sets no listener. Returns also MEDIASEAL_ERR_CLOSED.
    [[nodiscard]] mediaseal_status try_poll_event(std::optional<event>& out) const noexcept {
        return detail::poll_event(out, [&](mediaseal_event* told) { return mediaseal_channel_store_poll_event(native_handle(), told); });
    }

    /// Sets who hears the events; nullptr unsets. When it returns, no former listener is running or will run again.
    ///
    /// Consumes `listener`, on success alone. Returns also MEDIASEAL_ERR_CLOSED.
    [[nodiscard]] mediaseal_status try_on_event(std::unique_ptr<event_listener>& listener) const noexcept {
        return detail::set_listener(listener, [&](auto callback, void* user_data, auto destroy) {
            return mediaseal_channel_store_set_event_callback(native_handle(), callback, user_data, destroy);
        });
    }

    /// Tells the events that wait to the listener now. Returns also MEDIASEAL_ERR_CLOSED.
    [[nodiscard]] mediaseal_status try_deliver_events() const noexcept {
        return detail::tell([&] { return mediaseal_channel_store_deliver_events(native_handle()); });
    }

    /// Ends the use of the store, from any thread; its channels, encryptors and decryptors go on and are ticked no more. Closing twice is no error.
    [[nodiscard]] mediaseal_status try_close() noexcept { return mediaseal_channel_store_close(native_handle()); }

#if defined(__cpp_exceptions)
    /// As try_new.
    channel_store() { detail::check_made(try_new(*this)); }
    /// As try_tick; throws what a listener threw.
    void tick(std::uint64_t unix_seconds) const {
        detail::tell_or_throw([&] { return mediaseal_channel_store_tick(native_handle(), unix_seconds); });
    }
    /// As try_renew_sessions.
    void renew_sessions() const { detail::check(try_renew_sessions()); }
    /// As try_poll_event.
    [[nodiscard]] std::optional<event> poll_event() const {
        std::optional<event> told;
        detail::check(try_poll_event(told));
        return told;
    }
    /// As try_on_event; an empty listener unsets.
    void on_event(event_listener listener) const {
        auto owned = std::make_unique<event_listener>(std::move(listener));
        detail::check(try_on_event(owned));
    }
    /// As try_deliver_events; throws what a listener threw.
    void deliver_events() const {
        detail::tell_or_throw([&] { return mediaseal_channel_store_deliver_events(native_handle()); });
    }
    /// As try_close.
    void close() { detail::check(try_close()); }
#endif
};

/// A channel as all its members describe it. Views are copied when the channel is opened.
struct channel_options {
    bytes_view id{};                        ///< The channel's name, 1 to 255 octets.
    bytes_view instance{};                  ///< The application's name of this call, which never comes again, 0 to 255 octets.
    bool clock = false;                   ///< Bind sessions to the hour that ticks tell. All members use it or none.
    bool refuse_after_failures = false;   ///< Open nothing more under a generation once 4,096 frames failed authentication under it.
    bool no_grace = false;                ///< Grace ends at the first tick after a change.
    std::uint64_t grace_seconds = 0;      ///< How long the old generation or steps still open, from the first tick after a change; 0 means 10.
    std::size_t max_sessions = 0;         ///< Sessions heard that are kept; 0 means 65,536.
};

/// A generation to be staged. Views are copied then; the caller wipes his own key.
struct generation_options {
    std::uint64_t number = 0;              ///< Its number, never used before in this channel.
    bytes_view key{};                        ///< The channel key.
    const mediaseal::cipher* cipher = nullptr;  ///< The cipher, borrowed; nullptr for AES-128-GCM.
    bytes_view kdf_salt{};                   ///< The salt of the first extraction, 16 to 64 octets that need not be secret, or none.
    std::uint64_t opens_at = 0;            ///< Open no frame before this time, in seconds since 1970; 0 for at once.
    bool keep_root = false;                ///< Keep the channel key, for channel::channel_key.
    bool share_key = false;                ///< Allow the same channel key on several channel ids of one store.
};

/// A generation of a channel and a step of it.
struct epoch {
    std::uint64_t generation = 0;  ///< The generation's number.
    std::uint32_t step = 0;        ///< Its step.
};

/// What a member sends to another to have his keys checked, and what comes back.
using key_check_octets = std::array<std::uint8_t, MEDIASEAL_KEY_CHECK_LEN>;

class identity;

/// One channel: stage a generation, activate it, and the former one is in grace and then retired.
class channel : public owner<mediaseal_channel> {
public:
    /// An empty owner.
    explicit channel(std::nullptr_t) noexcept {}

    /// Opens a channel. Copies `options`. Returns also MEDIASEAL_ERR_CHANNEL_OPEN, MEDIASEAL_ERR_CHANNEL_NAME, MEDIASEAL_ERR_CLOSED.
    [[nodiscard]] static mediaseal_status try_open(const channel_store& store, const channel_options& options, channel& out) noexcept {
        mediaseal_channel_config config = MEDIASEAL_CHANNEL_CONFIG_INIT;
        if (options.clock) config.flags |= MEDIASEAL_CHANNEL_CLOCK;
        if (options.refuse_after_failures) config.flags |= MEDIASEAL_CHANNEL_REFUSE_AFTER_FAILURES;
        if (options.no_grace) config.flags |= MEDIASEAL_CHANNEL_NO_GRACE;
        config.id = options.id.data();
        config.id_len = options.id.size();
        config.instance = options.instance.data();
        config.instance_len = options.instance.size();
        config.grace_seconds = options.grace_seconds;
        config.max_sessions = options.max_sessions;
        return renew(out, [&](mediaseal_channel** handle) noexcept { return mediaseal_channel_open(store.native_handle(), &config, handle); });
    }

    /// Stages a generation: it opens frames, from `opens_at` on, and does not seal. Stage it on every side, then activate it. The same key again is no error.
    ///
    /// Copies `options`. Returns also MEDIASEAL_ERR_KEY_LENGTH, MEDIASEAL_ERR_KDF_SALT_LENGTH, MEDIASEAL_ERR_GENERATION_RETIRED,
    /// MEDIASEAL_ERR_GENERATION_SLOT_BUSY, MEDIASEAL_ERR_GENERATION_CONFLICT, MEDIASEAL_ERR_CHANNEL_KEY_REUSED, MEDIASEAL_ERR_SHORT_TAG, MEDIASEAL_ERR_CLOSED.
    [[nodiscard]] mediaseal_status try_stage(const generation_options& options) const noexcept {
        mediaseal_generation generation = MEDIASEAL_GENERATION_INIT;
        if (options.keep_root) generation.flags |= MEDIASEAL_GENERATION_KEEP_ROOT;
        if (options.share_key) generation.flags |= MEDIASEAL_GENERATION_SHARE_KEY;
        generation.number = options.number;
        generation.key = options.key.data();
        generation.key_len = options.key.size();
        generation.kdf_salt = options.kdf_salt.data();
        generation.kdf_salt_len = options.kdf_salt.size();
        generation.opens_at = options.opens_at;
        if (options.cipher != nullptr) {
            // An empty cipher must not look like the default.
            if (!*options.cipher) return MEDIASEAL_ERR_NULL_POINTER;
            generation.cipher = options.cipher->native_handle();
        }
        return mediaseal_channel_stage(native_handle(), &generation);
    }

    /// Stages a generation from the secret of one of its steps, which a member handed over. `custom` is nullptr for a built-in suite.
    ///
    /// Returns also MEDIASEAL_ERR_EPOCH_OCTETS, MEDIASEAL_ERR_EPOCH_FORMAT, MEDIASEAL_ERR_EPOCH_MISMATCH, MEDIASEAL_ERR_UNSUPPORTED_SUITE, and what try_stage returns.
    [[nodiscard]] mediaseal_status try_join(bytes_view secret, const cipher* custom = nullptr) const noexcept {
        if (custom != nullptr && !*custom) return MEDIASEAL_ERR_NULL_POINTER;
        return mediaseal_channel_join(native_handle(), secret.data(), secret.size(), custom == nullptr ? nullptr : custom->native_handle());
    }

    /// The same with the secret as key text, "mediaseal-epoch-1...". Returns also MEDIASEAL_ERR_EPOCH_TEXT, and what try_join returns.
    [[nodiscard]] mediaseal_status try_join_text(std::string_view secret, const cipher* custom = nullptr) const noexcept {
        if (custom != nullptr && !*custom) return MEDIASEAL_ERR_NULL_POINTER;
        detail::zero_ended<MEDIASEAL_EPOCH_TEXT_MAX_LEN> text;
        if (!text.assign(secret)) return MEDIASEAL_ERR_EPOCH_TEXT;
        return mediaseal_channel_join_text(native_handle(), text.c_str(), custom == nullptr ? nullptr : custom->native_handle());
    }

    /// Makes a staged generation the one that seals, from the next frame of every encryptor on. The former one still opens, until grace ends.
    ///
    /// Returns also MEDIASEAL_ERR_UNKNOWN_GENERATION, MEDIASEAL_ERR_NOT_OPEN_YET, MEDIASEAL_ERR_CLOSED; after the change has happened, if a session of it cannot be
    /// made: MEDIASEAL_ERR_ENTROPY, MEDIASEAL_ERR_FORKED, MEDIASEAL_ERR_CIPHER_FAILED.
    [[nodiscard]] mediaseal_status try_activate(std::uint64_t generation) const noexcept {
        return mediaseal_channel_activate(native_handle(), generation);
    }

    /// Moves the sending step of a generation ahead: who joins at it opens nothing earlier. Absolute, so saying it twice changes nothing.
    ///
    /// Returns also MEDIASEAL_ERR_UNKNOWN_GENERATION, MEDIASEAL_ERR_GRACE_OPEN, MEDIASEAL_ERR_ENTROPY, MEDIASEAL_ERR_FORKED, MEDIASEAL_ERR_CLOSED.
    [[nodiscard]] mediaseal_status try_advance_to(std::uint64_t generation, std::uint32_t step) const noexcept {
        return mediaseal_channel_advance_to(native_handle(), generation, step);
    }

    /// Writes the secret of a held step, which a joiner gets over a path that only he can read.
    ///
    /// Returns also MEDIASEAL_ERR_UNKNOWN_GENERATION, MEDIASEAL_ERR_UNKNOWN_STEP, MEDIASEAL_ERR_CLOSED.
    [[nodiscard]] mediaseal_status try_epoch_secret(std::uint64_t generation, std::uint32_t step, mediaseal::epoch_secret& out) const noexcept {
        return out.refill([&](std::uint8_t* to, std::size_t capacity, std::size_t* len) noexcept {
            return mediaseal_channel_epoch_secret(native_handle(), generation, step, to, capacity, len);
        });
    }

    /// Writes the same as key text. Returns what try_epoch_secret returns.
    [[nodiscard]] mediaseal_status try_epoch_text(std::uint64_t generation, std::uint32_t step, mediaseal::epoch_text& out) const noexcept {
        return out.refill([&](std::uint8_t* to, std::size_t capacity, std::size_t* len) noexcept {
            return mediaseal_channel_epoch_text(native_handle(), generation, step, reinterpret_cast<char*>(to), capacity, len);
        });
    }

    /// Writes the channel key of a generation that was staged with keep_root. Returns also MEDIASEAL_ERR_ROOT_NOT_KEPT, MEDIASEAL_ERR_CLOSED.
    [[nodiscard]] mediaseal_status try_channel_key(std::uint64_t generation, key& out) const noexcept {
        return out.refill([&](std::uint8_t* to, std::size_t capacity, std::size_t* len) noexcept {
            return mediaseal_channel_key(native_handle(), generation, to, capacity, len);
        });
    }

    /// Retires a generation at once: it opens and seals nothing more, and its number does not come again.
    ///
    /// Returns also MEDIASEAL_ERR_UNKNOWN_GENERATION, MEDIASEAL_ERR_CLOSED.
    [[nodiscard]] mediaseal_status try_retire(std::uint64_t generation) const noexcept {
        return mediaseal_channel_retire(native_handle(), generation);
    }

    /// Ends every grace now: the former generation is retired, and the steps below the sending ones are wiped. Returns also MEDIASEAL_ERR_CLOSED.
    [[nodiscard]] mediaseal_status try_end_grace() const noexcept { return mediaseal_channel_end_grace(native_handle()); }

    /// Writes the generation that seals and its step. Returns also MEDIASEAL_ERR_NO_ACTIVE_KEY, MEDIASEAL_ERR_CLOSED.
    [[nodiscard]] mediaseal_status try_sending(epoch& out) const noexcept {
        return mediaseal_channel_sending(native_handle(), &out.generation, &out.step);
    }

    /// Announces who sends under a KID, as the sender's event_type::session_started told: decryptors then open it for this sender, whom they need not expect.
    ///
    /// The announcement is not trusted: a frame opens for this sender or not at all. Copies `sender`. Returns also MEDIASEAL_ERR_EXPECTED_SENDERS,
    /// MEDIASEAL_ERR_SENDER_ID_TOO_LONG, MEDIASEAL_ERR_UNKNOWN_VALUE, MEDIASEAL_ERR_CLOSED.
    [[nodiscard]] mediaseal_status try_expect_session(std::uint64_t kid, bytes_view sender, mediaseal::media media) const noexcept {
        return mediaseal_channel_expect_session(native_handle(), kid, sender.data(), sender.size(), static_cast<std::uint32_t>(media));
    }

    /// Writes the safety code of the generation that seals, which members read to each other, and a zero octet behind it. Equal codes mean equal keys.
    ///
    /// Returns also MEDIASEAL_ERR_NO_ACTIVE_KEY, MEDIASEAL_ERR_CLOSED.
    [[nodiscard]] mediaseal_status try_safety_code(std::array<char, MEDIASEAL_SAFETY_CODE_LEN + 1>& out) const noexcept {
        std::size_t len = 0;
        return mediaseal_channel_safety_code(native_handle(), out.data(), out.size(), &len);
    }

    /// Answers a key check, over any path and before any media: `sender` is this member's name, `challenge` what the asker chose at random.
    ///
    /// Returns also MEDIASEAL_ERR_NO_ACTIVE_KEY, MEDIASEAL_ERR_SENDER_ID_TOO_LONG, MEDIASEAL_ERR_CLOSED.
    [[nodiscard]] mediaseal_status try_key_check(bytes_view sender, const key_check_octets& challenge, key_check_octets& out) const noexcept {
        return mediaseal_channel_key_check(native_handle(), sender.data(), sender.size(), challenge.data(), out.data());
    }

    /// Compares the answer to a key check with that of `sender` and the same keys, in constant time.
    ///
    /// Returns MEDIASEAL_OK if it is that answer, MEDIASEAL_ERR_KEY_CHECK_FAILED if it is another; also what try_key_check returns.
    [[nodiscard]] mediaseal_status try_verify_key_check(bytes_view sender, const key_check_octets& challenge,
                                                        const key_check_octets& answer) const noexcept {
        return mediaseal_channel_verify_key_check(native_handle(), sender.data(), sender.size(), challenge.data(), answer.data());
    }

    /// Writes what must outlive the process, so that nothing opened before opens again after a restart. It holds no secret; keep it where nobody else can change it.
    ///
    /// With an empty `out` of nullptr the octets needed go to `out_len`; they may grow between two calls. Returns also MEDIASEAL_ERR_BUFFER_TOO_SMALL,
    /// MEDIASEAL_ERR_CLOSED.
    [[nodiscard]] mediaseal_status try_replay_state(mutable_bytes out, std::size_t& out_len) const noexcept {
        return mediaseal_channel_replay_state(native_handle(), out.data(), out.size(), &out_len);
    }

    /// Takes over what try_replay_state wrote, before generations are staged. Returns also MEDIASEAL_ERR_REPLAY_STATE, MEDIASEAL_ERR_CLOSED.
    [[nodiscard]] mediaseal_status try_import_replay_state(bytes_view state) const noexcept {
        return mediaseal_channel_import_replay_state(native_handle(), state.data(), state.size());
    }

    /// Ends the use of this channel object, from any thread; its encryptors and decryptors go on. Closing twice is no error.
    [[nodiscard]] mediaseal_status try_close() noexcept { return mediaseal_channel_close(native_handle()); }

#if defined(__cpp_exceptions)
    /// As try_open.
    channel(const channel_store& store, const channel_options& options) { detail::check_made(try_open(store, options, *this)); }
    /// As try_stage.
    void stage(const generation_options& options) const { detail::check(try_stage(options)); }
    /// As try_join.
    void join(bytes_view secret, const cipher* custom = nullptr) const { detail::check(try_join(secret, custom)); }
    /// As try_join_text.
    void join_text(std::string_view secret, const cipher* custom = nullptr) const { detail::check(try_join_text(secret, custom)); }
    /// As try_activate.
    void activate(std::uint64_t generation) const { detail::check(try_activate(generation)); }
    /// As try_advance_to.
    void advance_to(std::uint64_t generation, std::uint32_t step) const { detail::check(try_advance_to(generation, step)); }
    /// As try_epoch_secret.
    [[nodiscard]] mediaseal::epoch_secret epoch_secret(std::uint64_t generation, std::uint32_t step) const {
        mediaseal::epoch_secret secret;
        detail::check(try_epoch_secret(generation, step, secret));
        return secret;
    }
    /// As try_epoch_text.
    [[nodiscard]] mediaseal::epoch_text epoch_text(std::uint64_t generation, std::uint32_t step) const {
        mediaseal::epoch_text text;
        detail::check(try_epoch_text(generation, step, text));
        return text;
    }
    /// As try_channel_key.
    [[nodiscard]] key channel_key(std::uint64_t generation) const {
        key root;
        detail::check(try_channel_key(generation, root));
        return root;
    }
    /// As try_retire.
    void retire(std::uint64_t generation) const { detail::check(try_retire(generation)); }
    /// As try_end_grace.
    void end_grace() const { detail::check(try_end_grace()); }
    /// As try_sending.
    [[nodiscard]] epoch sending() const {
        epoch now;
        detail::check(try_sending(now));
        return now;
    }
    /// As try_expect_session.
    void expect_session(std::uint64_t kid, bytes_view sender, mediaseal::media media) const {
        detail::check(try_expect_session(kid, sender, media));
    }
    /// As try_safety_code.
    [[nodiscard]] std::string safety_code() const {
        std::array<char, MEDIASEAL_SAFETY_CODE_LEN + 1> text{};
        detail::check(try_safety_code(text));
        return text.data();
    }
    /// As try_key_check.
    [[nodiscard]] key_check_octets key_check(bytes_view sender, const key_check_octets& challenge) const {
        key_check_octets answer{};
        detail::check(try_key_check(sender, challenge, answer));
        return answer;
    }
    /// As try_verify_key_check: throws unless it is the answer.
    void verify_key_check(bytes_view sender, const key_check_octets& challenge, const key_check_octets& answer) const {
        detail::check(try_verify_key_check(sender, challenge, answer));
    }
    /// As try_replay_state.
    [[nodiscard]] std::vector<std::uint8_t> replay_state() const {
        std::vector<std::uint8_t> state;
        for (;;) {
            std::size_t len = 0;
            detail::check(try_replay_state({}, len));
            state.resize(len);
            const mediaseal_status status = try_replay_state(state, len);
            if (status == MEDIASEAL_ERR_BUFFER_TOO_SMALL) continue;
            detail::check(status);
            state.resize(len);
            return state;
        }
    }
    /// As try_import_replay_state.
    void import_replay_state(bytes_view state) const { detail::check(try_import_replay_state(state)); }
    /// As try_close.
    void close() { detail::check(try_close()); }
#endif

private:
    friend class identity;
};

// ==== Frames =========================================================================================================

/// What the application knows of a frame besides its octets.
struct frame_info {
    std::uint32_t ssrc = 0;  ///< The stream that the frame belongs to. It separates statistics and is not authenticated.
    bytes_view metadata{};     ///< Octets that are authenticated with the frame and not sent with it: both sides pass the same.
};

/// Where a frame lies in a buffer.
struct range {
    std::size_t offset = 0;  ///< Octets in front of it.
    std::size_t size = 0;    ///< Octets of it.
};

/// What an encryptor is made for. Views are copied.
struct encryptor_options {
    bytes_view sender{};                                         ///< In a channel: the sender's name, which may be empty. With raw keys empty.
    mediaseal::media media = mediaseal::media::unspecified;    ///< In a channel: what is sent. With raw keys unspecified.
    mediaseal::mode mode = mediaseal::mode::frame;             ///< Frames or packets.
    std::size_t max_len = 0;                                   ///< Packets: most octets of header, ciphertext and tag together; 0 means MEDIASEAL_PACKET_MAX_LEN_DEFAULT.
};

/// What a decryptor is made for.
struct decryptor_options {
    mediaseal::mode mode = mediaseal::mode::frame;  ///< Frames or packets: it sets how far the replay window reaches back.
};

/// A sender and what he sends.
struct expected_sender {
    bytes_view sender{};                                       ///< The sender's name, which may be empty.
    mediaseal::media media = mediaseal::media::unspecified;  ///< What he sends.
};

/// What an opened frame turned out to be: all of it authenticated.
struct opened {
    std::uint64_t kid = 0;                                   ///< KID of the frame.
    std::uint64_t ctr = 0;                                   ///< CTR of the frame.
    std::optional<mediaseal::epoch> epoch{};                   ///< Generation and step of the channel; none with raw keys.
    mediaseal::media media = mediaseal::media::unspecified;  ///< What the session carries.
    bytes_view sender{};                                       ///< Whose key opened the frame. It lives until the next call with this decryptor.
};

/// Counters of one sender and stream, see mediaseal_statistics for each.
struct statistics : mediaseal_statistics {
    statistics() noexcept : mediaseal_statistics MEDIASEAL_STATISTICS_INIT {}

    /// The authenticated sender, as long as this lives; empty for raw keys at an encryptor.
    bytes_view sender_name() const& noexcept { return {sender, sender_len}; }
    bytes_view sender_name() const&& = delete;
    /// Whether last_kid is set.
    bool has_last_kid() const noexcept { return (flags & MEDIASEAL_HAS_LAST_KID) != 0; }
    /// Whether window_head is set.
    bool has_window_head() const noexcept { return (flags & MEDIASEAL_HAS_WINDOW_HEAD) != 0; }
};

/// Why the last frame of an encryptor or decryptor was refused, see mediaseal_failure.
struct failure : mediaseal_failure {
    failure() noexcept : mediaseal_failure MEDIASEAL_FAILURE_INIT {}
    /// Who sends under the frame's KID, until the decryptor's next call; empty if nobody is known.
    bytes_view sender_name() const noexcept { return {sender, sender_len}; }
    /// Whether audio is missing now that the decoder should conceal.
    bool conceal() const noexcept { return (flags & MEDIASEAL_FAILURE_CONCEAL) != 0; }
};

/// A stream whose decoder waits for a key frame, see mediaseal_key_frame_request.
struct key_frame_request : mediaseal_key_frame_request {
    key_frame_request() noexcept : mediaseal_key_frame_request MEDIASEAL_KEY_FRAME_REQUEST_INIT {}
    /// Who is to send it, until the decryptor's next call.
    bytes_view sender_name() const noexcept { return {sender, sender_len}; }
    /// Whether there is such a stream.
    explicit operator bool() const noexcept { return is_needed != 0; }
};

/// What a frame may be of that the decryptor does not expect, see mediaseal_suspects: at most MEDIASEAL_EXPECTED_MAX senders and as many channels. It borrows what it names.
struct suspects {
    array_view<const expected_sender> senders;         ///< Senders, and what they send.
    array_view<const channel* const> channels;         ///< Other channels.
    array_view<const mediaseal_metadata> metadata;     ///< Other metadata; none at all is always tried.
};

/// What a frame turned out to be, see mediaseal_diagnosis.
struct diagnosis : mediaseal_diagnosis {
    diagnosis() noexcept : mediaseal_diagnosis MEDIASEAL_DIAGNOSIS_INIT {}
    /// Whose key opened it, or would have, as long as this lives.
    bytes_view sender_name() const& noexcept { return {sender, sender_len}; }
    bytes_view sender_name() const&& = delete;
    /// Why it does not open, in English, as long as this lives.
    const char* words() const& noexcept { return reinterpret_cast<const char*>(text); }
    const char* words() const&& = delete;
};

/// Something that octets look like, see mediaseal_look.
struct look : mediaseal_look {
    look() noexcept : mediaseal_look MEDIASEAL_LOOK_INIT {}
    /// The same in English, as long as this lives.
    const char* words() const& noexcept { return reinterpret_cast<const char*>(text); }
    const char* words() const&& = delete;
};

/// Writes what octets look like to somebody who has no key: number `index`, from 0, of the answers, the likeliest first. Returns also MEDIASEAL_ERR_INDEX behind the last. Any thread, also in
/// callbacks.
[[nodiscard]] inline mediaseal_status try_look_at(bytes_view octets, std::size_t index, look& out) noexcept {
    return mediaseal_look_at(octets.data(), octets.size(), index, &out);
}

namespace detail {

inline mediaseal_frame_info c_info(const frame_info& info) noexcept {
    mediaseal_frame_info converted = MEDIASEAL_FRAME_INFO_INIT;
    converted.ssrc = info.ssrc;
    converted.metadata = info.metadata.data();
    converted.metadata_len = info.metadata.size();
    return converted;
}

inline mediaseal_encryptor_config c_config(const encryptor_options& options) noexcept {
    mediaseal_encryptor_config config = MEDIASEAL_ENCRYPTOR_CONFIG_INIT;
    config.mode = static_cast<std::uint32_t>(options.mode);
    config.max_len = options.max_len;
    config.media = static_cast<std::uint32_t>(options.media);
    config.sender = options.sender.data();
    config.sender_len = options.sender.size();
    return config;
}

inline void tell_opened(opened* out, const mediaseal_opened& told) noexcept {
    if (out == nullptr) return;
    out->kid = told.kid;
    out->ctr = told.ctr;
    out->epoch.reset();
    if ((told.flags & MEDIASEAL_HAS_EPOCH) != 0) out->epoch = epoch{told.generation, told.step};
    out->media = static_cast<media>(told.media);
    out->sender = {told.sender, told.sender_len};
}

}  // namespace detail

/// Seals the frames of one thread's streams. Nothing ever goes out in clear.
class encryptor : public owner<mediaseal_encryptor> {
public:
    /// An empty owner.
    explicit encryptor(std::nullptr_t) noexcept {}

    /// Makes an encryptor for what one sender sends of one kind of media in `channel`, in sessions of its own: as many as you like repeat no nonce.
    ///
    /// Copies `options`. Returns also MEDIASEAL_ERR_PACKET_MAXIMUM, MEDIASEAL_ERR_COMPACT_PROFILE, MEDIASEAL_ERR_UNKNOWN_VALUE, MEDIASEAL_ERR_SENDER_ID_TOO_LONG,
    /// MEDIASEAL_ERR_CLOSED.
    [[nodiscard]] static mediaseal_status try_new(const channel& channel, const encryptor_options& options, encryptor& out) noexcept {
        const mediaseal_encryptor_config config = detail::c_config(options);
        return renew(out, [&](mediaseal_encryptor** handle) noexcept {
            return mediaseal_encryptor_new_for_channel(channel.native_handle(), &config, handle);
        });
    }

    /// Makes an encryptor for raw keys. Returns what the other form returns.
    [[nodiscard]] static mediaseal_status try_new(const key_store& store, const encryptor_options& options, encryptor& out) noexcept {
        const mediaseal_encryptor_config config = detail::c_config(options);
        return renew(out, [&](mediaseal_encryptor** handle) noexcept { return mediaseal_encryptor_new(store.native_handle(), &config, handle); });
    }

    /// Seals a frame into `out` and writes the octets of the result to `out_len`.
    ///
    /// `out` begins where `plaintext` does, which is then overwritten, or has no octet in common with it. On success it begins with header, ciphertext and tag. If
    /// the arguments are refused it is unchanged and no counter is spent; if the cipher fails what was written is zeroed and one counter is spent. Allocates
    /// nothing, but at the first frame of a stream or session and after a change of keys.
    ///
    /// Returns also MEDIASEAL_ERR_BUFFER_TOO_SMALL, MEDIASEAL_ERR_PACKET_TOO_LONG, MEDIASEAL_ERR_FRAME_TOO_LONG, MEDIASEAL_ERR_METADATA_TOO_LONG,
    /// MEDIASEAL_ERR_OVERLAP, MEDIASEAL_ERR_CLOCK_UNSET, MEDIASEAL_ERR_NO_ACTIVE_KEY, MEDIASEAL_ERR_KEY_EXHAUSTED, MEDIASEAL_ERR_FORKED,
    /// MEDIASEAL_ERR_CIPHER_FAILED, `MEDIASEAL_ERR_COUNTER_STORE_...`, MEDIASEAL_ERR_BUSY, MEDIASEAL_ERR_CLOSED; of streams with a codec MEDIASEAL_ERR_NO_CODEC,
    /// MEDIASEAL_ERR_NAL_FORMAT, MEDIASEAL_ERR_NAL_TYPE, MEDIASEAL_ERR_SLICE_HEADER, MEDIASEAL_ERR_OBU, MEDIASEAL_ERR_SPATIAL_LAYERS, MEDIASEAL_ERR_CARRIER_TOO_LONG.
    [[nodiscard]] mediaseal_status try_encrypt(bytes_view plaintext, mutable_bytes out, std::size_t& out_len, const frame_info& info = {}) noexcept {
        const mediaseal_frame_info converted = detail::c_info(info);
        return mediaseal_encryptor_encrypt(native_handle(), &converted, plaintext.data(), plaintext.size(), out.data(), out.size(), &out_len);
    }

    /// Seals a frame where it lies in `buffer`, so that nothing is moved; `sealed` tells where header, ciphertext and tag lie afterwards.
    ///
    /// MEDIASEAL_HEADROOM octets in front of the frame and MEDIASEAL_TAILROOM behind it are always enough; of a stream with a codec
    /// a buffer of try_bound octets is, wherever the frame lies in it. If the cipher fails, the frame is zeroed. Returns what
    /// try_encrypt returns, with MEDIASEAL_ERR_HEADROOM, MEDIASEAL_ERR_TAILROOM, MEDIASEAL_ERR_RANGE_OUTSIDE_BUFFER for MEDIASEAL_ERR_BUFFER_TOO_SMALL.
    [[nodiscard]] mediaseal_status try_encrypt_in_place(mutable_bytes buffer, range frame, range& sealed, const frame_info& info = {}) noexcept {
        const mediaseal_frame_info converted = detail::c_info(info);
        return mediaseal_encryptor_encrypt_in_place(native_handle(), &converted, buffer.data(), buffer.size(), frame.offset, frame.size,
                                                    &sealed.offset, &sealed.size);
    }

    /// Writes the most octets that a frame of `len` octets becomes: the capacity to give. Returns also MEDIASEAL_ERR_BUSY, MEDIASEAL_ERR_CLOSED.
    [[nodiscard]] mediaseal_status try_bound(std::size_t len, std::size_t& out_bound) noexcept {
        return mediaseal_encryptor_bound(native_handle(), len, &out_bound);
    }

    /// Writes the exact octets that header and tag add to the next frame. Returns also MEDIASEAL_ERR_NO_ACTIVE_KEY, MEDIASEAL_ERR_CLOCK_UNSET,
    /// MEDIASEAL_ERR_BUSY, MEDIASEAL_ERR_CLOSED.
    [[nodiscard]] mediaseal_status try_next_overhead(std::size_t& out_overhead) noexcept {
        return mediaseal_encryptor_next_overhead(native_handle(), &out_overhead);
    }

    /// Sets the codec of a stream, so that its frames pass those who look into them: packetizers and relays. The other side sets the same. Returns also
    /// MEDIASEAL_ERR_CODEC_OF_PACKETS, MEDIASEAL_ERR_CODEC_STREAMS, MEDIASEAL_ERR_UNKNOWN_VALUE, MEDIASEAL_ERR_BUSY, MEDIASEAL_ERR_CLOSED.
    [[nodiscard]] mediaseal_status try_set_codec(std::uint32_t ssrc, codec what, nal_format format = nal_format::annex_b) noexcept {
        return mediaseal_encryptor_set_codec(native_handle(), ssrc, static_cast<std::uint32_t>(what), static_cast<std::uint32_t>(format));
    }

    /// Sets the codec of streams for which none is set: codec::opaque at first. With codec::refused their frames are refused. Returns also
    /// MEDIASEAL_ERR_CODEC_OF_PACKETS, MEDIASEAL_ERR_UNKNOWN_VALUE, MEDIASEAL_ERR_BUSY, MEDIASEAL_ERR_CLOSED.
    [[nodiscard]] mediaseal_status try_set_default_codec(codec what, nal_format format = nal_format::annex_b) noexcept {
        return mediaseal_encryptor_set_default_codec(native_handle(), static_cast<std::uint32_t>(what), static_cast<std::uint32_t>(format));
    }

    /// Takes over changes of the keys now, so that a retired key is wiped though no frame comes. Returns also MEDIASEAL_ERR_BUSY, MEDIASEAL_ERR_CLOSED.
    [[nodiscard]] mediaseal_status try_refresh() noexcept { return mediaseal_encryptor_refresh(native_handle()); }

    /// Writes why the last refused frame was refused, in numbers. Returns also MEDIASEAL_ERR_BUSY, MEDIASEAL_ERR_CLOSED.
    [[nodiscard]] mediaseal_status try_last_failure(failure& out) noexcept { return mediaseal_encryptor_last_failure(native_handle(), &out); }

    /// Writes how many streams are counted apart. Returns also MEDIASEAL_ERR_BUSY, MEDIASEAL_ERR_CLOSED.
    [[nodiscard]] mediaseal_status try_statistics_count(std::size_t& out) noexcept {
        return mediaseal_encryptor_statistics_count(native_handle(), &out);
    }

    /// Writes the counters of stream `index`, in the order in which the streams began. Returns also MEDIASEAL_ERR_INDEX, MEDIASEAL_ERR_BUSY, MEDIASEAL_ERR_CLOSED.
    [[nodiscard]] mediaseal_status try_statistics(std::size_t index, mediaseal::statistics& out) noexcept {
        return mediaseal_encryptor_statistics(native_handle(), index, &out);
    }

    /// Writes the counters over all streams. Returns also MEDIASEAL_ERR_BUSY, MEDIASEAL_ERR_CLOSED.
    [[nodiscard]] mediaseal_status try_totals(mediaseal::statistics& out) noexcept { return mediaseal_encryptor_totals(native_handle(), &out); }

    /// Ends the use of the encryptor and wipes what it holds, from any thread. Closing twice is no error. Returns also MEDIASEAL_ERR_BUSY (try again).
    [[nodiscard]] mediaseal_status try_close() noexcept { return mediaseal_encryptor_close(native_handle()); }

#if defined(__cpp_exceptions)
    /// As try_new.
    encryptor(const channel& channel, const encryptor_options& options) { detail::check_made(try_new(channel, options, *this)); }
    /// As try_new.
    explicit encryptor(const key_store& store, const encryptor_options& options = {}) { detail::check_made(try_new(store, options, *this)); }
    /// As try_encrypt; returns the octets of the result.
    std::size_t encrypt(bytes_view plaintext, mutable_bytes out, const frame_info& info = {}) {
        std::size_t len = 0;
        detail::check(try_encrypt(plaintext, out, len, info));
        return len;
    }
    /// As try_encrypt, into a new vector.
    [[nodiscard]] std::vector<std::uint8_t> encrypt(bytes_view plaintext, const frame_info& info = {}) {
        std::vector<std::uint8_t> sealed(bound(plaintext.size()));
        sealed.resize(encrypt(plaintext, mutable_bytes(sealed), info));
        return sealed;
    }
    /// As try_encrypt_in_place; returns where the result lies.
    [[nodiscard]] range encrypt_in_place(mutable_bytes buffer, range frame, const frame_info& info = {}) {
        range sealed;
        detail::check(try_encrypt_in_place(buffer, frame, sealed, info));
        return sealed;
    }
    /// As try_bound.
    [[nodiscard]] std::size_t bound(std::size_t len) {
        std::size_t most = 0;
        detail::check(try_bound(len, most));
        return most;
    }
    /// As try_next_overhead.
    [[nodiscard]] std::size_t next_overhead() {
        std::size_t overhead = 0;
        detail::check(try_next_overhead(overhead));
        return overhead;
    }
    /// As try_set_codec.
    void set_codec(std::uint32_t ssrc, codec what, nal_format format = nal_format::annex_b) { detail::check(try_set_codec(ssrc, what, format)); }
    /// As try_set_default_codec.
    void set_default_codec(codec what, nal_format format = nal_format::annex_b) { detail::check(try_set_default_codec(what, format)); }
    /// As try_refresh.
    void refresh() { detail::check(try_refresh()); }
    /// As try_last_failure.
    [[nodiscard]] failure last_failure() {
        failure last;
        detail::check(try_last_failure(last));
        return last;
    }
    /// As try_statistics_count.
    [[nodiscard]] std::size_t statistics_count() {
        std::size_t count = 0;
        detail::check(try_statistics_count(count));
        return count;
    }
    /// As try_statistics.
    [[nodiscard]] mediaseal::statistics statistics(std::size_t index) {
        mediaseal::statistics counters;
        detail::check(try_statistics(index, counters));
        return counters;
    }
    /// As try_totals.
    [[nodiscard]] mediaseal::statistics totals() {
        mediaseal::statistics counters;
        detail::check(try_totals(counters));
        return counters;
    }
    /// As try_close.
    void close() { detail::check(try_close()); }
#endif
};

/// Opens the frames of one thread's streams, of any number of senders. A refused frame leaves no plaintext anywhere.
class decryptor : public owner<mediaseal_decryptor> {
public:
    /// An empty owner.
    explicit decryptor(std::nullptr_t) noexcept {}

    /// Makes a decryptor for what 1 to MEDIASEAL_EXPECTED_MAX pairs of sender and media send in `channel`. More are announced by channel::expect_session.
    ///
    /// Copies `expected`. Returns also MEDIASEAL_ERR_EXPECTED_SENDERS, MEDIASEAL_ERR_UNKNOWN_VALUE, MEDIASEAL_ERR_SENDER_ID_TOO_LONG, MEDIASEAL_ERR_CLOSED.
    [[nodiscard]] static mediaseal_status try_new(const channel& channel, array_view<const expected_sender> expected,
                                                  const decryptor_options& options, decryptor& out) noexcept {
        std::array<mediaseal_expected, MEDIASEAL_EXPECTED_MAX> converted{};
        mediaseal_decryptor_config config = MEDIASEAL_DECRYPTOR_CONFIG_INIT;
        config.mode = static_cast<std::uint32_t>(options.mode);
        config.expected = converted.data();
        config.expected_count = expected.size();
        return renew(out, [&](mediaseal_decryptor** handle) noexcept {
            if (expected.size() > converted.size()) return mediaseal_status{MEDIASEAL_ERR_EXPECTED_SENDERS};
            auto* to = converted.data();
            for (const expected_sender& from : expected) {
                *to++ = {from.sender.data(), from.sender.size(), static_cast<std::uint32_t>(from.media), 0};
            }
            return mediaseal_decryptor_new_for_channel(channel.native_handle(), &config, handle);
        });
    }

    /// Makes a decryptor for raw keys. Returns also MEDIASEAL_ERR_UNKNOWN_VALUE, MEDIASEAL_ERR_CLOSED.
    [[nodiscard]] static mediaseal_status try_new(const key_store& store, const decryptor_options& options, decryptor& out) noexcept {
        mediaseal_decryptor_config config = MEDIASEAL_DECRYPTOR_CONFIG_INIT;
        config.mode = static_cast<std::uint32_t>(options.mode);
        return renew(out, [&](mediaseal_decryptor** handle) noexcept { return mediaseal_decryptor_new(store.native_handle(), &config, handle); });
    }

    /// Opens a frame into `out` and writes the octets of the plaintext to `out_len`. The length of the ciphertext is always enough.
    ///
    /// `out` begins where `ciphertext` does, which is then overwritten, or has no octet in common with it. `out_opened` may be nullptr. If the frame is refused, `out`
    /// is unchanged or zeroed where it was written to; if its key is missing or not open yet, or it is malformed or truncated, nothing has changed and it may be
    /// tried again. Allocates nothing, but at the first frame of a stream or session and after a change of keys.
    ///
    /// Returns also a status of status_class::drop_the_packet; MEDIASEAL_ERR_MISSING_KEY, MEDIASEAL_ERR_NOT_YET_ACTIVE, MEDIASEAL_ERR_INTEGRITY_LIMIT;
    /// MEDIASEAL_ERR_BUFFER_TOO_SMALL, MEDIASEAL_ERR_METADATA_TOO_LONG, MEDIASEAL_ERR_OVERLAP; MEDIASEAL_ERR_CIPHER_FAILED; MEDIASEAL_ERR_BUSY,
    /// MEDIASEAL_ERR_CLOSED.
    [[nodiscard]] mediaseal_status try_decrypt(bytes_view ciphertext, mutable_bytes out, std::size_t& out_len, const frame_info& info = {},
                                               opened* out_opened = nullptr) noexcept {
        const mediaseal_frame_info converted = detail::c_info(info);
        mediaseal_opened told = MEDIASEAL_OPENED_INIT;
        const mediaseal_status status = mediaseal_decryptor_decrypt(native_handle(), &converted, ciphertext.data(), ciphertext.size(),
                                                                    out.data(), out.size(), &out_len, out_opened == nullptr ? nullptr : &told);
        detail::tell_opened(out_opened, told);
        return status;
    }

    /// Opens a frame where it lies in `buffer`, so that nothing is moved; `plaintext` tells where it lies afterwards.
    ///
    /// If the frame is refused it is unchanged, or its ciphertext is zeroed or spoilt. Returns what try_decrypt returns, with MEDIASEAL_ERR_RANGE_OUTSIDE_BUFFER for
    /// MEDIASEAL_ERR_BUFFER_TOO_SMALL.
    [[nodiscard]] mediaseal_status try_decrypt_in_place(mutable_bytes buffer, range frame, range& plaintext, const frame_info& info = {},
                                                        opened* out_opened = nullptr) noexcept {
        const mediaseal_frame_info converted = detail::c_info(info);
        mediaseal_opened told = MEDIASEAL_OPENED_INIT;
        const mediaseal_status status =
            mediaseal_decryptor_decrypt_in_place(native_handle(), &converted, buffer.data(), buffer.size(), frame.offset, frame.size,
                                                 &plaintext.offset, &plaintext.size, out_opened == nullptr ? nullptr : &told);
        detail::tell_opened(out_opened, told);
        return status;
    }

    /// Sets the codec of a stream, as its sender did by encryptor::try_set_codec. Returns also
    /// MEDIASEAL_ERR_CODEC_OF_PACKETS, MEDIASEAL_ERR_CODEC_STREAMS, MEDIASEAL_ERR_UNKNOWN_VALUE, MEDIASEAL_ERR_BUSY, MEDIASEAL_ERR_CLOSED.
    [[nodiscard]] mediaseal_status try_set_codec(std::uint32_t ssrc, codec what, nal_format format = nal_format::annex_b) noexcept {
        return mediaseal_decryptor_set_codec(native_handle(), ssrc, static_cast<std::uint32_t>(what), static_cast<std::uint32_t>(format));
    }

    /// Sets the codec of streams for which none is set: codec::opaque at first. With codec::refused their frames are refused. Returns also
    /// MEDIASEAL_ERR_CODEC_OF_PACKETS, MEDIASEAL_ERR_UNKNOWN_VALUE, MEDIASEAL_ERR_BUSY, MEDIASEAL_ERR_CLOSED.
    [[nodiscard]] mediaseal_status try_set_default_codec(codec what, nal_format format = nal_format::annex_b) noexcept {
        return mediaseal_decryptor_set_default_codec(native_handle(), static_cast<std::uint32_t>(what), static_cast<std::uint32_t>(format));
    }

    /// Takes over changes of the keys now, so that a retired key is wiped though no frame comes. Returns also MEDIASEAL_ERR_BUSY, MEDIASEAL_ERR_CLOSED.
    [[nodiscard]] mediaseal_status try_refresh() noexcept { return mediaseal_decryptor_refresh(native_handle()); }

    /// Writes why the last refused frame was refused, in numbers. Returns also MEDIASEAL_ERR_BUSY, MEDIASEAL_ERR_CLOSED.
    [[nodiscard]] mediaseal_status try_last_failure(failure& out) noexcept { return mediaseal_decryptor_last_failure(native_handle(), &out); }

    /// Writes a stream whose decoder cannot go on without a key frame, at most every 500 ms of `now_ms`; call again until there is none. Returns also
    /// MEDIASEAL_ERR_BUSY, MEDIASEAL_ERR_CLOSED.
    [[nodiscard]] mediaseal_status try_need_key_frame(std::uint64_t now_ms, key_frame_request& out) noexcept {
        return mediaseal_decryptor_need_key_frame(native_handle(), now_ms, &out);
    }

    /// Tells why a frame does not open, or that it does; nothing changes. It takes as long as hundreds of frames and allocates: it is for support. Returns also
    /// MEDIASEAL_ERR_EXPECTED_SENDERS, MEDIASEAL_ERR_SENDER_ID_TOO_LONG, MEDIASEAL_ERR_UNKNOWN_VALUE, MEDIASEAL_ERR_BUSY, MEDIASEAL_ERR_CLOSED.
    [[nodiscard]] mediaseal_status try_explain(bytes_view octets, diagnosis& out, const frame_info& info = {}, const suspects& others = {}) noexcept {
        std::array<mediaseal_expected, MEDIASEAL_EXPECTED_MAX> senders{};
        std::array<const mediaseal_channel*, MEDIASEAL_EXPECTED_MAX> channels{};
        if (others.senders.size() > senders.size() || others.channels.size() > channels.size()) return MEDIASEAL_ERR_EXPECTED_SENDERS;
        auto* to = senders.data();
        for (const expected_sender& from : others.senders) {
            *to++ = {from.sender.data(), from.sender.size(), static_cast<std::uint32_t>(from.media), 0};
        }
        auto* handles = channels.data();
        for (const channel* from : others.channels) *handles++ = from->native_handle();
        mediaseal_suspects converted = MEDIASEAL_SUSPECTS_INIT;
        converted.senders = senders.data();
        converted.sender_count = others.senders.size();
        converted.channels = channels.data();
        converted.channel_count = others.channels.size();
        converted.metadata = others.metadata.data();
        converted.metadata_count = others.metadata.size();
        const mediaseal_frame_info c = detail::c_info(info);
        return mediaseal_decryptor_explain(native_handle(), &c, octets.data(), octets.size(), &converted, &out);
    }

    /// Writes how many streams are counted apart. Returns also MEDIASEAL_ERR_BUSY, MEDIASEAL_ERR_CLOSED.
    [[nodiscard]] mediaseal_status try_statistics_count(std::size_t& out) noexcept {
        return mediaseal_decryptor_statistics_count(native_handle(), &out);
    }

    /// Writes the counters of stream `index`, in the order of their first authentic frames. Returns also MEDIASEAL_ERR_INDEX, MEDIASEAL_ERR_BUSY,
    /// MEDIASEAL_ERR_CLOSED.
    [[nodiscard]] mediaseal_status try_statistics(std::size_t index, mediaseal::statistics& out) noexcept {
        return mediaseal_decryptor_statistics(native_handle(), index, &out);
    }

    /// Writes the counters over all streams. Returns also MEDIASEAL_ERR_BUSY, MEDIASEAL_ERR_CLOSED.
    [[nodiscard]] mediaseal_status try_totals(mediaseal::statistics& out) noexcept { return mediaseal_decryptor_totals(native_handle(), &out); }

    /// Writes the refusals that belong to no stream: no key, no header, or no authentic frame so far. Returns also MEDIASEAL_ERR_BUSY, MEDIASEAL_ERR_CLOSED.
    [[nodiscard]] mediaseal_status try_unattributed(mediaseal::statistics& out) noexcept {
        return mediaseal_decryptor_unattributed(native_handle(), &out);
    }

    /// Ends the use of the decryptor and wipes what it holds, from any thread. Closing twice is no error. Returns also MEDIASEAL_ERR_BUSY (try again).
    [[nodiscard]] mediaseal_status try_close() noexcept { return mediaseal_decryptor_close(native_handle()); }

#if defined(__cpp_exceptions)
    /// As try_new.
    decryptor(const channel& channel, array_view<const expected_sender> expected, const decryptor_options& options = {}) {
        detail::check_made(try_new(channel, expected, options, *this));
    }
    /// As try_new.
    explicit decryptor(const key_store& store, const decryptor_options& options = {}) { detail::check_made(try_new(store, options, *this)); }
    /// As try_decrypt; returns the octets of the plaintext.
    std::size_t decrypt(bytes_view ciphertext, mutable_bytes out, const frame_info& info = {}, opened* out_opened = nullptr) {
        std::size_t len = 0;
        detail::check(try_decrypt(ciphertext, out, len, info, out_opened));
        return len;
    }
    /// As try_decrypt, into a new vector.
    [[nodiscard]] std::vector<std::uint8_t> decrypt(bytes_view ciphertext, const frame_info& info = {}, opened* out_opened = nullptr) {
        std::vector<std::uint8_t> plaintext(ciphertext.size());
        plaintext.resize(decrypt(ciphertext, mutable_bytes(plaintext), info, out_opened));
        return plaintext;
    }
    /// As try_decrypt_in_place; returns where the plaintext lies.
    [[nodiscard]] range decrypt_in_place(mutable_bytes buffer, range frame, const frame_info& info = {}, opened* out_opened = nullptr) {
        range plaintext;
        detail::check(try_decrypt_in_place(buffer, frame, plaintext, info, out_opened));
        return plaintext;
    }
    /// As try_set_codec.
    void set_codec(std::uint32_t ssrc, codec what, nal_format format = nal_format::annex_b) { detail::check(try_set_codec(ssrc, what, format)); }
    /// As try_set_default_codec.
    void set_default_codec(codec what, nal_format format = nal_format::annex_b) { detail::check(try_set_default_codec(what, format)); }
    /// As try_refresh.
    void refresh() { detail::check(try_refresh()); }
    /// As try_last_failure.
    [[nodiscard]] failure last_failure() {
        failure last;
        detail::check(try_last_failure(last));
        return last;
    }
    /// As try_need_key_frame.
    [[nodiscard]] key_frame_request need_key_frame(std::uint64_t now_ms) {
        key_frame_request request;
        detail::check(try_need_key_frame(now_ms, request));
        return request;
    }
    /// As try_explain.
    [[nodiscard]] diagnosis explain(bytes_view octets, const frame_info& info = {}, const suspects& others = {}) {
        diagnosis told;
        detail::check(try_explain(octets, told, info, others));
        return told;
    }
    /// As try_statistics_count.
    [[nodiscard]] std::size_t statistics_count() {
        std::size_t count = 0;
        detail::check(try_statistics_count(count));
        return count;
    }
    /// As try_statistics.
    [[nodiscard]] mediaseal::statistics statistics(std::size_t index) {
        mediaseal::statistics counters;
        detail::check(try_statistics(index, counters));
        return counters;
    }
    /// As try_totals.
    [[nodiscard]] mediaseal::statistics totals() {
        mediaseal::statistics counters;
        detail::check(try_totals(counters));
        return counters;
    }
    /// As try_unattributed.
    [[nodiscard]] mediaseal::statistics unattributed() {
        mediaseal::statistics counters;
        detail::check(try_unattributed(counters));
        return counters;
    }
    /// As try_close.
    void close() { detail::check(try_close()); }
#endif
};

// ==== Many frames in one call ========================================================================================

/// One frame to be sealed by encrypt_batch. Views and encryptor are borrowed until that returns.
struct encrypt_job {
    mediaseal::encryptor* encryptor = nullptr;  ///< The encryptor; several jobs may name the same.
    bytes_view plaintext{};                       ///< The frame.
    mutable_bytes out{};                          ///< Where the result goes: it begins where `plaintext` does, or lies apart. It belongs to this job alone.
    frame_info info{};                            ///< As for encryptor::try_encrypt.
    mediaseal_status status = MEDIASEAL_OK;     ///< Written: how this job ended.
    std::size_t out_len = 0;                    ///< Written: octets of the result, 0 if the job failed.
};

/// One frame to be opened by decrypt_batch. Views and decryptor are borrowed until that returns.
struct decrypt_job {
    mediaseal::decryptor* decryptor = nullptr;  ///< The decryptor; several jobs may name the same.
    bytes_view ciphertext{};                      ///< Header, ciphertext and tag.
    mutable_bytes out{};                          ///< Where the frame goes: it begins where `ciphertext` does, or lies apart. It belongs to this job alone.
    frame_info info{};                            ///< As for decryptor::try_decrypt.
    mediaseal::opened* opened = nullptr;        ///< Written if not nullptr. Its sender lives until the decryptor's next job.
    mediaseal::failure* failure = nullptr;      ///< Written if the frame is refused and this is not nullptr. Its sender lives until the decryptor's next job.
    mediaseal_status status = MEDIASEAL_OK;     ///< Written: how this job ended.
    std::size_t out_len = 0;                    ///< Written: octets of the frame, 0 if the job failed.
};

namespace detail {

inline void convert(const encrypt_job& job, mediaseal_encrypt_job& to) noexcept {
    to = MEDIASEAL_ENCRYPT_JOB_INIT;
    to.encryptor = job.encryptor == nullptr ? nullptr : job.encryptor->native_handle();
    to.plaintext = job.plaintext.data();
    to.plaintext_len = job.plaintext.size();
}

inline void convert(const decrypt_job& job, mediaseal_decrypt_job& to) noexcept {
    to = MEDIASEAL_DECRYPT_JOB_INIT;
    to.decryptor = job.decryptor == nullptr ? nullptr : job.decryptor->native_handle();
    to.ciphertext = job.ciphertext.data();
    to.ciphertext_len = job.ciphertext.size();
    to.failure = job.failure;
}

inline void ask_for_opened(const encrypt_job&, mediaseal_encrypt_job&, mediaseal_opened&) noexcept {}
inline void ask_for_opened(const decrypt_job& job, mediaseal_decrypt_job& to, mediaseal_opened& told) noexcept {
    told = MEDIASEAL_OPENED_INIT;
    if (job.opened != nullptr) to.opened = &told;
}
inline void tell_opened(const encrypt_job&, const mediaseal_opened&) noexcept {}
inline void tell_opened(const decrypt_job& job, const mediaseal_opened& told) noexcept { tell_opened(job.opened, told); }

/// Hands jobs to the library, some at a time, so that nothing is allocated.
template <class CJob, class Job>
mediaseal_status run_batch(array_view<Job> jobs, mediaseal_status (*call)(CJob*, std::size_t)) noexcept {
    constexpr std::size_t at_once = 16;
    mediaseal_status ended = MEDIASEAL_OK;
    for (std::size_t first = 0; first < jobs.size(); first += at_once) {
        const std::size_t count = jobs.size() - first < at_once ? jobs.size() - first : at_once;
        Job* const some = jobs.data() + first;
        CJob converted[at_once];
        mediaseal_frame_info infos[at_once];
        mediaseal_opened told[at_once];
        for (std::size_t i = 0; i < count; ++i) {
            convert(some[i], converted[i]);
            infos[i] = c_info(some[i].info);
            converted[i].info = &infos[i];
            converted[i].out = some[i].out.data();
            converted[i].out_capacity = some[i].out.size();
            ask_for_opened(some[i], converted[i], told[i]);
        }
        const mediaseal_status status = call(converted, count);
        for (std::size_t i = 0; i < count; ++i) {
            some[i].status = converted[i].status;
            some[i].out_len = converted[i].out_len;
            tell_opened(some[i], told[i]);
        }
        if (ended == MEDIASEAL_OK) ended = status;
    }
    return ended;
}

}  // namespace detail

/// Seals many frames, of one encryptor or many, in the order of `jobs`. Each job ends for itself: status and out_len of every job are written.
///
/// Returns MEDIASEAL_OK if all jobs ended so, else the status of the first that did not. Exclusive use of the encryptors and of `jobs`. Allocates nothing.
[[nodiscard]] inline mediaseal_status try_encrypt_batch(array_view<encrypt_job> jobs) noexcept {
    return detail::run_batch(jobs, mediaseal_encrypt_batch);
}

/// Opens many frames, of one decryptor or many, in the order of `jobs`. Each job ends for itself: status and out_len of every job are written.
///
/// Returns MEDIASEAL_OK if all jobs ended so, else the status of the first that did not. Exclusive use of the decryptors and of `jobs`. Allocates nothing.
[[nodiscard]] inline mediaseal_status try_decrypt_batch(array_view<decrypt_job> jobs) noexcept {
    return detail::run_batch(jobs, mediaseal_decrypt_batch);
}

#if defined(__cpp_exceptions)
/// As try_encrypt_batch: throws the first status that was not MEDIASEAL_OK, after all jobs ended.
inline void encrypt_batch(array_view<encrypt_job> jobs) { detail::check(try_encrypt_batch(jobs)); }
/// As try_decrypt_batch: throws the first status that was not MEDIASEAL_OK, after all jobs ended.
inline void decrypt_batch(array_view<decrypt_job> jobs) { detail::check(try_decrypt_batch(jobs)); }
#endif

// ==== Proof that what leaves is sealed ================================================================================

/// What is known of the octets that an application sends.
struct proof_state {
    proof_status status = proof_status::sealing;    ///< How things stand.
    mediaseal::leak leak = mediaseal::leak::none;   ///< For proof_status::degraded, what was wrong; the last such.
    std::uint64_t since = 0;                        ///< For proof_status::encrypted, since when, in seconds since 1970.
    std::uint64_t frames = 0;                       ///< For proof_status::encrypted, frames that were observed.
    std::uint64_t kid = 0;                          ///< For leak::unknown_key and leak::does_not_open, the KID in the header.
    std::uint64_t ctr = 0;                          ///< For leak::does_not_open, the CTR in the header.
};

/// What a sentinel has seen, for any thread. It may outlive the sentinel.
class proof : public owner<mediaseal_proof> {
public:
    /// An empty owner.
    explicit proof(std::nullptr_t) noexcept {}

    /// Opens the frame that waits for it, and writes how things stand. `unix_seconds` is the time now, in seconds since 1970. Call it about once a second, off the
    /// media threads; each change is also an event of the store. Any threads at once.
    [[nodiscard]] mediaseal_status try_check(std::uint64_t unix_seconds, proof_state& out) const noexcept {
        mediaseal_proof_state told = MEDIASEAL_PROOF_STATE_INIT;
        const mediaseal_status status = mediaseal_proof_check(native_handle(), unix_seconds, &told);
        out = {static_cast<proof_status>(told.state), static_cast<mediaseal::leak>(told.leak), told.since, told.frames, told.kid, told.ctr};
        return status;
    }

    /// Ends its use: calls that begin later return MEDIASEAL_ERR_CLOSED. Any thread, at any time.
    [[nodiscard]] mediaseal_status try_close() noexcept { return mediaseal_proof_close(native_handle()); }

#if defined(__cpp_exceptions)
    /// As try_check.
    [[nodiscard]] proof_state check(std::uint64_t unix_seconds) const {
        proof_state state;
        detail::check(try_check(unix_seconds, state));
        return state;
    }
    /// As try_close.
    void close() { detail::check(try_close()); }
#endif

private:
    friend class sentinel;
};

/// Looks at what one thread hands to the network: every octet of it must be a ciphertext of one store. It belongs where the octets leave, behind all that could go
/// wrong between encryptor and socket.
class sentinel : public owner<mediaseal_sentinel> {
public:
    /// An empty owner.
    explicit sentinel(std::nullptr_t) noexcept {}

    /// Makes a sentinel for what encryptors of a channel seal. Returns also MEDIASEAL_ERR_CLOSED.
    [[nodiscard]] static mediaseal_status try_new(const channel& channel, sentinel& out) noexcept {
        return renew(out, [&](mediaseal_sentinel** handle) noexcept { return mediaseal_sentinel_new_for_channel(channel.native_handle(), handle); });
    }

    /// Makes a sentinel for what encryptors of a store of raw keys seal. Returns also MEDIASEAL_ERR_CLOSED.
    [[nodiscard]] static mediaseal_status try_new(const key_store& store, sentinel& out) noexcept {
        return renew(out, [&](mediaseal_sentinel** handle) noexcept { return mediaseal_sentinel_new(store.native_handle(), handle); });
    }

    /// Sets the codec of a stream, as by encryptor::try_set_codec.
    [[nodiscard]] mediaseal_status try_set_codec(std::uint32_t ssrc, codec what, nal_format format = nal_format::annex_b) noexcept {
        return mediaseal_sentinel_set_codec(native_handle(), ssrc, static_cast<std::uint32_t>(what), static_cast<std::uint32_t>(format));
    }

    /// Looks at a frame, or at an RTP payload in packet mode; `info` is what the encryptor was given. The octets are never refused: proof::try_check tells.
    [[nodiscard]] mediaseal_status try_observe_sent(bytes_view octets, const frame_info& info = {}) noexcept {
        const mediaseal_frame_info converted = detail::c_info(info);
        return mediaseal_sentinel_observe_sent(native_handle(), &converted, octets.data(), octets.size());
    }

    /// Takes over changes of the keys now, so that a retired key is wiped though nothing is sent.
    [[nodiscard]] mediaseal_status try_refresh() noexcept { return mediaseal_sentinel_refresh(native_handle()); }

    /// Makes an object by which any thread asks what this has seen.
    [[nodiscard]] mediaseal_status try_proof(mediaseal::proof& out) noexcept {
        return mediaseal::proof::renew(out, [&](mediaseal_proof** handle) noexcept { return mediaseal_sentinel_proof(native_handle(), handle); });
    }

    /// Ends its use: calls that begin later return MEDIASEAL_ERR_CLOSED. Any thread, at any time.
    [[nodiscard]] mediaseal_status try_close() noexcept { return mediaseal_sentinel_close(native_handle()); }

#if defined(__cpp_exceptions)
    /// As try_new.
    explicit sentinel(const channel& channel) { detail::check_made(try_new(channel, *this)); }
    /// As try_new.
    explicit sentinel(const key_store& store) { detail::check_made(try_new(store, *this)); }
    /// As try_set_codec.
    void set_codec(std::uint32_t ssrc, codec what, nal_format format = nal_format::annex_b) { detail::check(try_set_codec(ssrc, what, format)); }
    /// As try_observe_sent.
    void observe_sent(bytes_view octets, const frame_info& info = {}) { detail::check(try_observe_sent(octets, info)); }
    /// As try_refresh.
    void refresh() { detail::check(try_refresh()); }
    /// As try_proof.
    [[nodiscard]] mediaseal::proof proof() {
        mediaseal::proof made(nullptr);
        detail::check_made(try_proof(made));
        return made;
    }
    /// As try_close.
    void close() { detail::check(try_close()); }
#endif
};

// ==== Ciphertexts in RTP payloads ====================================================================================

/// Writes how many RTP payloads of at most `max_len` octets carry a ciphertext, after draft-ietf-avtcore-rtp-sframe-02. Returns also
/// MEDIASEAL_ERR_PACKET_MAXIMUM.
[[nodiscard]] inline mediaseal_status try_rtp_payload_count(std::size_t ciphertext_len, std::size_t max_len, std::size_t& out_count) noexcept {
    return mediaseal_rtp_payload_count(ciphertext_len, max_len, &out_count);
}

/// Writes payload number `index`, from 0, to `payload` and its octets to `out_len`. Returns also MEDIASEAL_ERR_INDEX behind the last one,
/// MEDIASEAL_ERR_BUFFER_TOO_SMALL (`max_len` is always enough), MEDIASEAL_ERR_PACKET_MAXIMUM, MEDIASEAL_ERR_OVERLAP.
[[nodiscard]] inline mediaseal_status try_rtp_payload(bytes_view ciphertext, rtp_content content, std::size_t max_len, std::size_t index,
                                                      mutable_bytes payload, std::size_t& out_len) noexcept {
    return mediaseal_rtp_payload(ciphertext.data(), ciphertext.size(), static_cast<std::uint32_t>(content), max_len, index, payload.data(),
                                 payload.size(), &out_len);
}

/// What an RTP header says of a payload.
struct rtp_info {
    std::uint16_t sequence = 0;     ///< Sequence number.
    std::uint32_t timestamp = 0;    ///< Timestamp.
    std::uint8_t payload_type = 0;  ///< Payload type.
    bool marker = false;            ///< Marker bit.
};

/// What became of an RTP packet; with rtp_progress::complete a ciphertext, which lives until the reassembler's next call.
struct rtp_ciphertext {
    rtp_progress progress = rtp_progress::none;  ///< What follows is set for rtp_progress::complete alone.
    rtp_content content = rtp_content::frame;    ///< Of what it is.
    rtp_info last{};                             ///< The header of its last packet.
    mutable_bytes octets{};                      ///< The ciphertext, to be opened here or elsewhere. Nothing of it is authenticated before.
};

/// Puts the RTP payloads of one stream (SSRC) together again, whatever was lost or came in another order, in memory that is taken once.
class rtp_reassembler : public owner<mediaseal_rtp_reassembler> {
public:
    /// An empty owner.
    explicit rtp_reassembler(std::nullptr_t) noexcept {}

    /// Makes one that keeps the last `packets` packets, 2 to 32,768, whose payloads have at most `max_len` octets, 2 to 65,535. Returns also
    /// MEDIASEAL_ERR_PACKET_MAXIMUM.
    [[nodiscard]] static mediaseal_status try_new(std::size_t packets, std::size_t max_len, rtp_reassembler& out) noexcept {
        return renew(out, [&](mediaseal_rtp_reassembler** handle) noexcept { return mediaseal_rtp_reassembler_new(packets, max_len, handle); });
    }

    /// Takes a payload without padding. It is no error if it fits nothing. Returns also MEDIASEAL_ERR_OVERLAP if it lies in what was lent,
    /// MEDIASEAL_ERR_BUSY, MEDIASEAL_ERR_CLOSED.
    [[nodiscard]] mediaseal_status try_push(const rtp_info& info, bytes_view payload, rtp_ciphertext& out) noexcept {
        mediaseal_rtp_packet packet = MEDIASEAL_RTP_PACKET_INIT;
        packet.timestamp = info.timestamp;
        packet.sequence = info.sequence;
        packet.payload_type = info.payload_type;
        packet.marker = info.marker ? 1 : 0;
        packet.payload = payload.data();
        packet.payload_len = payload.size();
        mediaseal_rtp_ciphertext told = MEDIASEAL_RTP_CIPHERTEXT_INIT;
        const mediaseal_status status = mediaseal_rtp_reassembler_push(native_handle(), &packet, &told);
        out.progress = static_cast<rtp_progress>(told.progress);
        out.content = static_cast<rtp_content>(told.content);
        out.last = {told.sequence, told.timestamp, told.payload_type, told.marker != 0};
        out.octets = {told.ciphertext, told.ciphertext_len};
        return status;
    }

    /// Ends its use: calls that begin later return MEDIASEAL_ERR_CLOSED. Any thread, at any time.
    [[nodiscard]] mediaseal_status try_close() noexcept { return mediaseal_rtp_reassembler_close(native_handle()); }

#if defined(__cpp_exceptions)
    /// As try_new.
    rtp_reassembler(std::size_t packets, std::size_t max_len) { detail::check_made(try_new(packets, max_len, *this)); }
    /// As try_push.
    [[nodiscard]] rtp_ciphertext push(const rtp_info& info, bytes_view payload) {
        rtp_ciphertext told;
        detail::check(try_push(info, payload, told));
        return told;
    }
    /// As try_close.
    void close() { detail::check(try_close()); }
#endif
};

#if defined(__cpp_exceptions)
/// As try_rtp_payload_count.
[[nodiscard]] inline std::size_t rtp_payload_count(std::size_t ciphertext_len, std::size_t max_len) {
    std::size_t count = 0;
    detail::check(try_rtp_payload_count(ciphertext_len, max_len, count));
    return count;
}
/// As try_rtp_payload; returns the octets of the payload.
inline std::size_t rtp_payload(bytes_view ciphertext, rtp_content content, std::size_t max_len, std::size_t index, mutable_bytes payload) {
    std::size_t len = 0;
    detail::check(try_rtp_payload(ciphertext, content, max_len, index, payload, len));
    return len;
}
#endif

}  // namespace mediaseal

#endif
