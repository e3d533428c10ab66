// Recordings through C++: a call under a custom cipher, recorded without its key, verified by anybody, exported by its owner.

#include "chacha20_poly1305.hpp"
#include "check.hpp"

#include <mediaseal/recordings.hpp>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <random>

using namespace mediaseal;

namespace {

static_assert(std::is_nothrow_move_constructible_v<recorder> && !std::is_copy_constructible_v<recorder>);

constexpr std::uint32_t frames = 300;

octets opus_packet(std::uint32_t number) {
    octets packet = pattern(80, number + 1);
    packet[0] = 0xF8;  // 20 ms
    return packet;
}

octets contents(const std::filesystem::path& file) {
    std::ifstream stream(file, std::ios::binary);
    return octets(std::istreambuf_iterator<char>(stream), {});
}

void played(const std::string& folder, const identity& owner, const identity& other, const export_options& exporting, const signer_public& alice, const cipher& custom) {
    player_options opening;
    opening.recorder = exporting.recorder;
    CHECK_THROWS(player(folder.c_str(), other, opening), MEDIASEAL_ERR_GRANT_NO_STANZA);
    player refused(folder.c_str(), owner, opening);
    CHECK(refused.refresh().grants_refused == 1);
    const std::optional<played_frame> closed = refused.next_frame(1);
    CHECK(closed && closed->status == MEDIASEAL_ERR_GRANT_DOES_NOT_OPEN && closed->octets.size() == 0 && closed->sender.size() == 0 && closed->has_kid);
    const std::array<signer_public, 1> senders{alice};
    const std::array<const cipher*, 1> ciphers{&custom}, nothing{nullptr};
    opening.senders = senders;
    opening.ciphers = nothing;
    CHECK_THROWS(player(folder.c_str(), owner, opening), MEDIASEAL_ERR_NULL_POINTER);
    opening.ciphers = {};
    player without(folder.c_str(), owner, opening);
    CHECK(without.next_frame(1)->status == MEDIASEAL_ERR_UNSUPPORTED_SUITE);
    opening.ciphers = ciphers;
    player playing(folder.c_str(), owner, opening);
    const player_state state = playing.refresh();
    CHECK(state.is_closed == 1 && state.is_new == 0 && state.is_damaged == 0 && state.tracks == 1 && state.grants_refused == 0);
    const std::vector<recorded_track> tracks = playing.tracks();
    CHECK(tracks.size() == 1 && tracks[0].track == 1 && tracks[0].frames == frames && tracks[0].codec == static_cast<std::uint32_t>(codec::opus));
    for (int turn = 0; turn < 2; ++turn) {
        for (std::uint32_t number = 0; number < frames; ++number) {
            const std::optional<played_frame> frame = playing.next_frame(1);
            CHECK(frame && frame->status == MEDIASEAL_OK && frame->key_frame && frame->micros == number * 20'000ULL);
            CHECK(octets(frame->sender.begin(), frame->sender.end()) == octets({'a', 'l', 'i', 'c', 'e'}));
            CHECK(octets(frame->octets.begin(), frame->octets.end()) == opus_packet(number));
        }
        CHECK(!playing.next_frame(1));
        playing.seek(1, 0);
    }
    CHECK_THROWS(playing.next_frame(2), MEDIASEAL_ERR_RECORDING_TRACK);
    CHECK_THROWS(playing.seek(2, 0), MEDIASEAL_ERR_RECORDING_TRACK);
    playing.close();
    CHECK_THROWS(playing.next_frame(1), MEDIASEAL_ERR_CLOSED);
}

void a_call_is_recorded_verified_and_exported(const std::filesystem::path& root) {
    const std::string folder = (root / "call").string(), to = (root / "files").string();
    const signer machine = signer::generate(), alice = signer::generate(), stranger = signer::generate();
    const identity owner = identity::generate(kem::xwing), other = identity::generate(kem::x25519);
    const std::array<recipient, 1> owners{owner.recipient()};
    const cipher custom = cipher::register_custom(std::make_unique<chacha20_poly1305::cipher>());
    recording_options options;
    options.region = "eu";
    CHECK_THROWS(recorder(folder.c_str(), options, machine), MEDIASEAL_ERR_RECORDING_NO_OWNER);
    options.owners = owners;
    const signer none(nullptr);
    CHECK_THROWS(recorder(folder.c_str(), options, none), MEDIASEAL_ERR_NULL_POINTER);
    recorder recording(folder.c_str(), options, machine);
    CHECK_THROWS(recorder(folder.c_str(), options, machine), MEDIASEAL_ERR_RECORDING_ALREADY_THERE);
    CHECK_THROWS(recover_recording(folder.c_str()), MEDIASEAL_ERR_RECORDING_BUSY);
    recording.add_track(1, codec::opus);
    CHECK_THROWS(recording.add_track(1, codec::vp8), MEDIASEAL_ERR_RECORDING_TRACK);

    const channel_store store;
    channel_options call;
    call.id = "call";
    const channel channel(store, call);
    const octets secret = pattern(32, 5);
    generation_options first;
    first.number = 1;
    first.key = secret;
    first.cipher = &custom;
    channel.stage(first);
    store.tick(now);
    channel.activate(1);
    encryptor sealing(channel, {"alice", media::audio});
    for (std::uint32_t number = 0; number < frames; ++number) {
        const octets sealed = sealing.encrypt(opus_packet(number));
        const std::optional<std::uint64_t> missing = recording.write_frame({1, number * 20'000ULL, true, "alice", sealed});
        CHECK(missing.has_value() == (number == 0));
        if (missing) recording.add_grant(alice.session_grant(channel, *missing, owners));
        if (number % 40 == 0) recording.tick();
    }
    CHECK_THROWS(recording.write_frame({2, 0, true, "alice", "frame"}), MEDIASEAL_ERR_RECORDING_TRACK);
    CHECK_THROWS(recording.add_grant({}), MEDIASEAL_ERR_GRANT_FORM);
    recording.flush();
    const signer_public known = machine.public_half(), unknown = stranger.public_half();
    CHECK(verify_recording(folder.c_str(), &known).is() == recording_verdict::incomplete);
    const recording_closed closed = recording.finish();
    CHECK(closed.missing_grants == 0 && closed.frames_without_kid == 0);
    CHECK_THROWS(recording.tick(), MEDIASEAL_ERR_CLOSED);
    CHECK(verify_recording(folder.c_str(), &known).is() == recording_verdict::complete);
    CHECK(verify_recording(folder.c_str()).is() == recording_verdict::consistent);
    CHECK(verify_recording(folder.c_str(), &unknown).is() == recording_verdict::tampered);
    CHECK_THROWS(verify_recording(to.c_str()), MEDIASEAL_ERR_RECORDING_NOT_THERE);

    // Its owner, with the cipher and the sender's public half.
    export_options opening;
    const std::array<signer_public, 1> senders{alice.public_half()};
    const std::array<const cipher*, 1> ciphers{&custom};
    opening.recorder = known;
    opening.senders = senders;
    std::filesystem::create_directory(to);
    CHECK_THROWS(export_recording(folder.c_str(), to.c_str(), other, opening), MEDIASEAL_ERR_GRANT_NO_STANZA);
    CHECK(export_recording(folder.c_str(), to.c_str(), owner, opening).frames_left_out == frames);
    opening.ciphers = ciphers;
    const export_listener stops = [](std::uint64_t, std::uint64_t) { return false; };
    opening.progress = &stops;
    CHECK_THROWS(export_recording(folder.c_str(), to.c_str(), owner, opening), MEDIASEAL_ERR_STOPPED);
    std::filesystem::remove_all(to);
    std::filesystem::create_directory(to);
    const export_listener throws = [](std::uint64_t read, std::uint64_t) -> bool { throw read; };
    opening.progress = &throws;
    std::uint64_t thrown = 0;
    try {
        export_recording(folder.c_str(), to.c_str(), owner, opening);
    } catch (const std::uint64_t read) {
        thrown = read;
    }
    CHECK(thrown == 256);
    std::filesystem::remove_all(to);
    std::filesystem::create_directory(to);
    opening.progress = nullptr;
    const export_report report = export_recording(folder.c_str(), to.c_str(), owner, opening);
    CHECK(report.files == 1 && report.frames == frames && report.frames_left_out == 0);
    const octets file = contents(std::filesystem::path(to) / "alice.1.ogg");
    for (std::uint32_t number = 0; number < frames; ++number) CHECK(shows(file, opus_packet(number), 80));
    CHECK_THROWS(export_recording(folder.c_str(), to.c_str(), owner, opening), MEDIASEAL_ERR_RECORDING_ALREADY_THERE);

    played(folder, owner, other, opening, alice.public_half(), custom);

    // An octet that was altered is found, and where.
    const std::filesystem::path segment = std::filesystem::path(folder) / "0000000000.seg";
    octets altered = contents(segment);
    altered[500] ^= 1;
    std::ofstream(segment, std::ios::binary).write(reinterpret_cast<const char*>(altered.data()), static_cast<std::streamsize>(altered.size()));
    const recording_found found = verify_recording(folder.c_str(), &known);
    CHECK(found.is() == recording_verdict::tampered && std::string(found.place).find("segment 0") != std::string::npos);
}

void a_recorder_that_ends_leaves_what_was_committed(const std::filesystem::path& root) {
    const std::string folder = (root / "crash").string();
    const signer machine = signer::generate();
    const identity owner = identity::generate(kem::p256);
    const std::array<recipient, 1> owners{owner.recipient()};
    recording_options options;
    options.profile = recording_profile::media;
    options.owners = owners;
    {
        recorder recording(folder.c_str(), options, machine);
        recording.add_track(0, codec::opus);
        CHECK(!recording.write_frame({0, 0, true, "alice", opus_packet(0)}));
        recording.flush();
    }
    const signer_public known = machine.public_half();
    const recording_found found = verify_recording(folder.c_str(), &known);
    CHECK(found.is() == recording_verdict::incomplete && found.frames == 1);
    CHECK(recover_recording(folder.c_str()).closed_segments == 1);
    CHECK(recover_recording(folder.c_str()).closed_segments == 0);
    CHECK_THROWS(recorder::resume(folder.c_str(), identity::generate(kem::p256), machine), MEDIASEAL_ERR_GRANT_NO_STANZA);
    CHECK_THROWS(recorder::resume(folder.c_str(), owner, signer::generate()), MEDIASEAL_ERR_RECORDING_SIGNER);
    recovered done;
    recorder again = recorder::resume(folder.c_str(), owner, machine, &done);
    CHECK(done.closed_segments == 0 && done.set_aside == 0);
    CHECK(!again.write_frame({0, 20'000, true, "alice", opus_packet(1)}));
    again.finish();
    CHECK(verify_recording(folder.c_str(), &known).is() == recording_verdict::complete);
    CHECK_THROWS(recorder::resume(folder.c_str(), owner, machine), MEDIASEAL_ERR_RECORDING_CLOSED);
}

}  // namespace

int main() {
    const std::filesystem::path root = std::filesystem::temp_directory_path() / ("mediaseal-recordings-" + std::to_string(std::random_device()()));
    std::filesystem::create_directory(root);
    a_call_is_recorded_verified_and_exported(root);
    a_recorder_that_ends_leaves_what_was_committed(root);
    std::filesystem::remove_all(root);
    return finish("recordings");
}
