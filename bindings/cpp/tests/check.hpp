// What the test programs share: a check that counts, channels for two members, octets that differ.

#ifndef MEDIASEAL_TESTS_CHECK_HPP
#define MEDIASEAL_TESTS_CHECK_HPP

#include <mediaseal.hpp>

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <utility>
#include <vector>

using octets = std::vector<std::uint8_t>;

inline unsigned long checks = 0;
inline unsigned long failures = 0;

inline void note(bool holds, const char* what, const char* file, int line) {
    ++checks;
    if (holds) return;
    if (++failures > 20) return;
    std::fprintf(stderr, "%s:%d: does not hold: %s\n", file, line, what);
}

inline void note_status(mediaseal_status status, mediaseal_status expected, const char* what, const char* file, int line) {
    ++checks;
    if (status == expected) return;
    if (++failures > 20) return;
    std::fprintf(stderr, "%s:%d: %s: %s in place of %s\n", file, line, what, mediaseal_status_name(status), mediaseal_status_name(expected));
}

#define CHECK(condition) note((condition), #condition, __FILE__, __LINE__)
#define CHECK_STATUS(call, expected) note_status((call), (expected), #call, __FILE__, __LINE__)
#define CHECK_OK(call) CHECK_STATUS(call, MEDIASEAL_OK)

// The call throws mediaseal::error with this status.
#define CHECK_THROWS(call, expected)                                          \
    do {                                                                      \
        mediaseal_status thrown = MEDIASEAL_OK;                               \
        try {                                                                 \
            static_cast<void>(call);                                          \
        } catch (const mediaseal::error& error) {                             \
            thrown = error.status();                                          \
        }                                                                     \
        note_status(thrown, (expected), #call, __FILE__, __LINE__);           \
    } while (false)

// Ends a program: the last line says how many checks were made.
inline int finish(const char* name) {
    std::printf("cpp %s: %lu checks %s\n", name, checks, failures == 0 ? "ok" : "made");
    if (failures > 0) std::fprintf(stderr, "cpp %s: %lu of them FAILED (20 are shown)\n", name, failures);
    return failures == 0 && checks > 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

// Some time after 1970, as a tick tells it.
constexpr std::uint64_t now = 1'800'000'000;

// Octets that differ from place to place and from `seed` to `seed`.
inline octets pattern(std::size_t len, std::uint32_t seed) {
    octets made(len);
    std::uint32_t state = seed * 2654435761U + 12345;
    for (std::uint8_t& octet : made) {
        state = state * 1664525U + 1013904223U;
        octet = static_cast<std::uint8_t>(state >> 24);
    }
    return made;
}

// Whether `len` neighbouring octets of `plain` are to be seen in `seen`.
inline bool shows(mediaseal::bytes_view seen, mediaseal::bytes_view plain, std::size_t len = 8) {
    if (plain.size() < len) return false;
    for (std::size_t at = 0; at + len <= plain.size(); ++at) {
        if (std::search(seen.begin(), seen.end(), plain.begin() + at, plain.begin() + at + len) != seen.end()) return true;
    }
    return false;
}

inline bool is_zero(mediaseal::bytes_view seen) {
    return std::all_of(seen.begin(), seen.end(), [](std::uint8_t octet) { return octet == 0; });
}

inline bool same(mediaseal::bytes_view left, mediaseal::bytes_view right) {
    return std::equal(left.begin(), left.end(), right.begin(), right.end());
}

// Small random numbers, the same in every run.
class dice {
public:
    explicit dice(std::uint64_t seed) : state_(seed) {}
    std::uint32_t below(std::uint32_t bound) {
        state_ = state_ * 6364136223846793005U + 1442695040888963407U;
        return static_cast<std::uint32_t>((state_ >> 33) % bound);
    }

private:
    std::uint64_t state_;
};

// Brings things out of order, none more than `reach` places.
template <class T>
void jumble(std::vector<T>& things, std::uint32_t reach, dice& luck) {
    std::vector<std::pair<std::size_t, std::size_t>> arrivals;
    for (std::size_t i = 0; i < things.size(); ++i) arrivals.emplace_back(i + luck.below(reach), i);
    std::sort(arrivals.begin(), arrivals.end());
    std::vector<T> jumbled;
    for (const auto& arrival : arrivals) jumbled.push_back(std::move(things[arrival.second]));
    things = std::move(jumbled);
}

// One member's side of a channel: a store of its own, with generation 1 under `key` active.
struct member {
    mediaseal::channel_store store{nullptr};
    mediaseal::channel channel{nullptr};

    explicit member(mediaseal::bytes_view key, bool clock = true) {
        mediaseal::channel_options options;
        options.id = "standup";
        options.clock = clock;
        mediaseal::generation_options first;
        first.number = 1;
        first.key = key;
        CHECK_OK(mediaseal::channel_store::try_new(store));
        CHECK_OK(mediaseal::channel::try_open(store, options, channel));
        CHECK_OK(channel.try_stage(first));
        CHECK_OK(store.try_tick(now));
        CHECK_OK(channel.try_activate(1));
    }
};

#endif
