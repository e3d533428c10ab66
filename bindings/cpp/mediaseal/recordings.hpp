/// @file
/// Recordings: written by who has no key of the call, verified by anybody, exported by owners. Header-only, over mediaseal.hpp, whose rules hold here too, and grants.hpp.
///
///   mediaseal::recording_options options;
///   options.owners = owners;                                                     // mediaseal::recipient, whom the recording is for
///   mediaseal::recorder recorder("/var/lib/app/call-7", options, machine);        // machine: the recorder's mediaseal::signer
///   recorder.add_track(0, mediaseal::codec::opus);
///   if (auto kid = recorder.write_frame({0, micros, true, "alice", ciphertext}))   // as it came
///       ask_for_grant("alice", *kid);                                             // signer::session_grant, then recorder.add_grant
///   recorder.finish();                                                            // and recorder.tick() twice a second until then
///
///   mediaseal::player player("/var/lib/app/call-7", owner, opening);             // opening: whose signatures are believed, own ciphers
///   while (auto frame = player.next_frame(0))
///       if (frame->status == MEDIASEAL_OK) decode(frame->micros, frame->octets);

#ifndef MEDIASEAL_RECORDINGS_HPP
#define MEDIASEAL_RECORDINGS_HPP

#include <mediaseal/grants.hpp>

namespace mediaseal {

namespace detail {

template <>
struct ending<mediaseal_recorder> {
    static void end(mediaseal_recorder* object) noexcept { mediaseal_recorder_free(object); }
};

template <>
struct ending<mediaseal_player> {
    static void end(mediaseal_player* object) noexcept { mediaseal_player_free(object); }
};

/// Ciphers as functions of C take them.
inline mediaseal_status handles_of(array_view<const cipher* const> ciphers, std::vector<const mediaseal_cipher*>& out) {
    out.reserve(ciphers.size());
    for (const cipher* one : ciphers) {
        if (one == nullptr) return MEDIASEAL_ERR_NULL_POINTER;
        out.push_back(one->native_handle());
    }
    return MEDIASEAL_OK;
}

}  // namespace detail

/// What a recording holds.
enum class recording_profile : std::uint32_t {
    frames = MEDIASEAL_PROFILE_FRAMES,  ///< Frames as they came, still encrypted: the recorder has no key of theirs.
    media = MEDIASEAL_PROFILE_MEDIA,    ///< Encoded media of a recorder that is a member of the call.
};

/// What a verification finds.
enum class recording_verdict : std::uint32_t {
    complete = MEDIASEAL_RECORDING_COMPLETE,      ///< It is whole and closed, and the signer that was given signed all of it.
    consistent = MEDIASEAL_RECORDING_CONSISTENT,  ///< It is whole and closed, and agrees with the signer that it names itself: nobody vouches for it.
    incomplete = MEDIASEAL_RECORDING_INCOMPLETE,  ///< What was committed is as it was written, but it was not closed.
    tampered = MEDIASEAL_RECORDING_TAMPERED,      ///< A part is not as it was written.
};

/// A recording that begins. It views what it names.
struct recording_options {
    recording_profile profile = recording_profile::frames;  ///< What it holds.
    array_view<const recipient> owners{};                   ///< Who opens it later; at least one.
    const char* region = nullptr;                           ///< Where its key may be used; nullptr where it is nowhere bound.
};

/// A frame to be recorded. It views what it names.
struct recorded_frame {
    std::uint32_t track = 0;   ///< The track, which recorder::try_add_track named.
    std::uint64_t micros = 0;  ///< Its time in microseconds, on a clock that all tracks share.
    bool key_frame = false;    ///< A decoder can begin with it.
    bytes_view sender{};       ///< Who sent it, as far as the recorder knows, 0 to 255 octets.
    bytes_view octets{};       ///< The frame: its ciphertext as it came, in the profile recording_profile::frames.
    bytes_view metadata{};     ///< What its sender bound to it: without the same octets nobody opens such a frame again.
};

/// What a recording is at its close, see mediaseal_recording_closed.
struct recording_closed : mediaseal_recording_closed {
    recording_closed() noexcept : mediaseal_recording_closed MEDIASEAL_RECORDING_CLOSED_INIT {}
};

/// What was cut back after a crash, see mediaseal_recovered.
struct recovered : mediaseal_recovered {
    recovered() noexcept : mediaseal_recovered MEDIASEAL_RECOVERED_INIT {}
};

/// What is found in a recording without any key of it, see mediaseal_recording_found.
struct recording_found : mediaseal_recording_found {
    recording_found() noexcept : mediaseal_recording_found MEDIASEAL_RECORDING_FOUND_INIT {}
    /// The verdict.
    recording_verdict is() const noexcept { return static_cast<recording_verdict>(verdict); }
};

/// What an export did, see mediaseal_export_report.
struct export_report : mediaseal_export_report {
    export_report() noexcept : mediaseal_export_report MEDIASEAL_EXPORT_REPORT_INIT {}
};

/// Hears how many of how many frames were read, every 256; true lets the export go on. An exception stops it, and the throwing form throws it. It must not call the library.
using export_listener = std::function<bool(std::uint64_t frames, std::uint64_t of)>;

/// What an export opens a recording with. It views what it names.
struct export_options {
    signer_public recorder{};                      ///< The recorder's signer, who gave the owner the recording's key.
    array_view<const signer_public> senders{};     ///< The senders' signers, whose grants of session keys are believed.
    array_view<const cipher* const> ciphers{};     ///< Ciphers for sessions of custom suites.
    const export_listener* progress = nullptr;     ///< Hears how far it is; nullptr if nobody needs to.
};

/// Writes a recording. One thread at a time.
class recorder : public owner<mediaseal_recorder> {
public:
    /// An empty owner.
    explicit recorder(std::nullptr_t) noexcept {}

    /// Begins a recording in `folder`, which is made for this user alone on Unix if it is not there and holds no recording yet. Shares `machine`, which signs what was recorded.
    ///
    /// Returns also MEDIASEAL_ERR_RECORDING_ALREADY_THERE, MEDIASEAL_ERR_RECORDING_NO_OWNER, MEDIASEAL_ERR_RECORDING_IO, MEDIASEAL_ERR_DISK_FULL, MEDIASEAL_ERR_GRANT_KEY, MEDIASEAL_ERR_OUT_OF_MEMORY. Any thread.
    [[nodiscard]] static mediaseal_status try_new(const char* folder, const recording_options& options, const signer& machine, recorder& out) noexcept {
        return renew(out, [&](mediaseal_recorder** handle) noexcept {
            return detail::shielded(
                [&] {
                    std::vector<mediaseal_recipient> owners;
                    owners.reserve(options.owners.size());
                    for (const recipient& one : options.owners) owners.push_back({one.octets().data(), one.octets().size()});
                    mediaseal_recording_options given = MEDIASEAL_RECORDING_OPTIONS_INIT;
                    given.profile = static_cast<std::uint32_t>(options.profile);
                    given.owners = owners.data();
                    given.owner_count = owners.size();
                    given.region = options.region;
                    return mediaseal_recorder_new(folder, &given, machine.native_handle(), handle);
                },
                MEDIASEAL_ERR_OUT_OF_MEMORY);
        });
    }

    /// Goes on with the recording in `folder`, whose recorder is gone: recovers it, and continues in new segments. `who` is an owner, `machine` the signer that it was begun with. `done`, which may be
    /// nullptr, gets what was cut back or set aside.
    ///
    /// Returns also MEDIASEAL_ERR_RECORDING_CLOSED if it was finished, MEDIASEAL_ERR_RECORDING_SIGNER, MEDIASEAL_ERR_RECORDING_DAMAGED: nothing was signed then; MEDIASEAL_ERR_GRANT_NO_STANZA, MEDIASEAL_ERR_RECORDING_BUSY,
    /// MEDIASEAL_ERR_RECORDING_NOT_THERE, MEDIASEAL_ERR_RECORDING_IO. Any thread.
    [[nodiscard]] static mediaseal_status try_resume(const char* folder, const identity& who, const signer& machine, recorder& out, recovered* done = nullptr) noexcept {
        if (done != nullptr) *done = recovered();
        return renew(out, [&](mediaseal_recorder** handle) noexcept {
            return mediaseal_recorder_resume(folder, who.native_handle(), machine.native_handle(), handle, done);
        });
    }

    /// Names a track, of 0 to 65,535: what its frames are, and whether they are ciphertext in the form of the codec. Returns also MEDIASEAL_ERR_RECORDING_TRACK if its number is taken, or 1,024 are.
    [[nodiscard]] mediaseal_status try_add_track(std::uint32_t track, codec what, nal_format format = nal_format::annex_b, bool codec_aware = false) noexcept {
        return mediaseal_recorder_add_track(native_handle(), track, static_cast<std::uint32_t>(what), static_cast<std::uint32_t>(format),
                                            codec_aware ? MEDIASEAL_TRACK_CODEC_AWARE : 0);
    }

    /// Keeps what signer::try_session_grant made of a session's key for the owners. Returns also MEDIASEAL_ERR_RECORDING_ALREADY_THERE if another one was handed over, which is kept; MEDIASEAL_ERR_GRANT_FORM.
    [[nodiscard]] mediaseal_status try_add_grant(bytes_view session) noexcept {
        return mediaseal_recorder_add_grant(native_handle(), session.data(), session.size());
    }

    /// Records a frame. `out_missing` becomes the KID of its session if this is the first frame of one whose key no owner was granted: ask its sender now, or nobody will open its frames.
    ///
    /// Returns also MEDIASEAL_ERR_RECORDING_TRACK, MEDIASEAL_ERR_FRAME_TOO_LONG, MEDIASEAL_ERR_SENDER_ID_TOO_LONG: drop the frame; after any other status the recorder has stopped.
    [[nodiscard]] mediaseal_status try_write_frame(const recorded_frame& frame, std::optional<std::uint64_t>& out_missing) noexcept {
        out_missing.reset();
        mediaseal_recorded_frame given = MEDIASEAL_RECORDED_FRAME_INIT;
        given.flags = frame.key_frame ? MEDIASEAL_RECORDED_KEY_FRAME : 0;
        given.track = frame.track;
        given.micros = frame.micros;
        given.sender = frame.sender.data();
        given.sender_len = frame.sender.size();
        given.octets = frame.octets.data();
        given.len = frame.octets.size();
        given.metadata = frame.metadata.data();
        given.metadata_len = frame.metadata.size();
        mediaseal_written written = MEDIASEAL_WRITTEN_INIT;
        const mediaseal_status status = mediaseal_recorder_write_frame(native_handle(), &given, &written);
        if (status == MEDIASEAL_OK && written.misses_grant != 0) out_missing = written.kid;
        return status;
    }

    /// Commits what has waited long enough. Call it at least twice a second: then a crash costs at most the last second or 256 KiB. Returns also MEDIASEAL_ERR_RECORDING_IO, MEDIASEAL_ERR_DISK_FULL, after these
    /// MEDIASEAL_ERR_RECORDING_STOPPED; MEDIASEAL_ERR_CLOSED.
    [[nodiscard]] mediaseal_status try_tick() noexcept { return mediaseal_recorder_tick(native_handle()); }

    /// Commits everything now. Returns what try_tick returns.
    [[nodiscard]] mediaseal_status try_flush() noexcept { return mediaseal_recorder_flush(native_handle()); }

    /// Closes the recording: ends its segments and signs the whole. The recorder is of no use afterwards, whatever this returns. Returns what try_tick returns.
    [[nodiscard]] mediaseal_status try_finish(recording_closed& out) noexcept {
        out = recording_closed();
        return mediaseal_recorder_finish(native_handle(), &out);
    }

    /// Ends its use, from any thread. One that was not finished leaves what a crash would.
    [[nodiscard]] mediaseal_status try_close() noexcept { return mediaseal_recorder_close(native_handle()); }

#if defined(__cpp_exceptions)
    /// As try_new.
    recorder(const char* folder, const recording_options& options, const signer& machine) { detail::check_made(try_new(folder, options, machine, *this)); }
    /// As try_resume.
    [[nodiscard]] static recorder resume(const char* folder, const identity& who, const signer& machine, recovered* done = nullptr) {
        recorder made(nullptr);
        detail::check_made(try_resume(folder, who, machine, made, done));
        return made;
    }
    /// As try_add_track.
    void add_track(std::uint32_t track, codec what, nal_format format = nal_format::annex_b, bool codec_aware = false) {
        detail::check(try_add_track(track, what, format, codec_aware));
    }
    /// As try_add_grant.
    void add_grant(bytes_view session) { detail::check(try_add_grant(session)); }
    /// As try_write_frame.
    std::optional<std::uint64_t> write_frame(const recorded_frame& frame) {
        std::optional<std::uint64_t> missing;
        detail::check(try_write_frame(frame, missing));
        return missing;
    }
    /// As try_tick.
    void tick() { detail::check(try_tick()); }
    /// As try_flush.
    void flush() { detail::check(try_flush()); }
    /// As try_finish.
    recording_closed finish() {
        recording_closed closed;
        detail::check(try_finish(closed));
        return closed;
    }
    /// As try_close.
    void close() { detail::check(try_close()); }
#endif
};

/// Checks hashes, chain and signatures of the recording in `folder`, without any key of it. `machine` is the recorder's signer that the caller trusts; nullptr if he has none: then it is at best recording_verdict::consistent.
///
/// Returns MEDIASEAL_OK, whatever the verdict; MEDIASEAL_ERR_RECORDING_NOT_THERE, MEDIASEAL_ERR_RECORDING_VERSION, MEDIASEAL_ERR_RECORDING_IO. Any thread.
[[nodiscard]] inline mediaseal_status try_verify_recording(const char* folder, const signer_public* machine, recording_found& out) noexcept {
    out = recording_found();
    return mediaseal_recording_verify(folder, machine == nullptr ? nullptr : machine->data(), &out);
}

/// Closes the segments of a recording where their last commits are, after a crash of its recorder. It needs no key.
///
/// Returns also MEDIASEAL_ERR_RECORDING_DAMAGED if more is missing than a crash can take, MEDIASEAL_ERR_RECORDING_BUSY, MEDIASEAL_ERR_RECORDING_NOT_THERE, MEDIASEAL_ERR_RECORDING_IO. Any thread.
[[nodiscard]] inline mediaseal_status try_recover_recording(const char* folder, recovered& out) noexcept {
    out = recovered();
    return mediaseal_recording_recover(folder, &out);
}

namespace detail {

/// What an export calls, and what it threw.
struct exporting {
    const export_listener* listener;
#if defined(__cpp_exceptions)
    std::exception_ptr thrown{};
#endif

    static std::uint32_t hear(void* user_data, const mediaseal_export_progress* told) noexcept {
        exporting& self = *static_cast<exporting*>(user_data);
#if defined(__cpp_exceptions)
        try {
            return (*self.listener)(told->frames, told->of) ? 0 : 1;
        } catch (...) {
            self.thrown = std::current_exception();
            return 1;
        }
#else
        return (*self.listener)(told->frames, told->of) ? 0 : 1;
#endif
    }
};

inline mediaseal_status export_by(const char* folder, const char* to, const identity& who, const export_options& options, exporting& listening,
                                  export_report& out) noexcept {
    out = export_report();
    return shielded(
        [&]() -> mediaseal_status {
            std::vector<const mediaseal_cipher*> ciphers;
            if (const mediaseal_status status = handles_of(options.ciphers, ciphers); status != MEDIASEAL_OK) return status;
            mediaseal_export_options given = MEDIASEAL_EXPORT_OPTIONS_INIT;
            given.recorder = options.recorder.data();
            given.senders = options.senders.size() == 0 ? nullptr : options.senders.data()->data();
            given.sender_count = options.senders.size();
            given.ciphers = ciphers.data();
            given.cipher_count = ciphers.size();
            if (listening.listener != nullptr && *listening.listener) {
                given.progress = exporting::hear;
                given.progress_user_data = &listening;
            }
            return mediaseal_recording_export(folder, to, who.native_handle(), &given, &out);
        },
        MEDIASEAL_ERR_OUT_OF_MEMORY);
}

}  // namespace detail

/// Writes a file that players play for each track and sender of the recording in `folder` into the folder `to`, which is there. `who` is an owner. What does not open is left out and counted. An export is a plain copy that
/// nobody can verify any more: keep the recording.
///
/// Returns also MEDIASEAL_ERR_GRANT_NO_STANZA for an identity that is no owner's, MEDIASEAL_ERR_GRANT_SIGNATURE for another recorder's, MEDIASEAL_ERR_RECORDING_ALREADY_THERE for a file, MEDIASEAL_ERR_RECORDING_NOT_THERE,
/// MEDIASEAL_ERR_RECORDING_DAMAGED, MEDIASEAL_ERR_STOPPED, MEDIASEAL_ERR_RECORDING_IO, MEDIASEAL_ERR_DISK_FULL. Any thread.
[[nodiscard]] inline mediaseal_status try_export_recording(const char* folder, const char* to, const identity& who, const export_options& options,
                                                           export_report& out) noexcept {
    detail::exporting listening{options.progress};
    return detail::export_by(folder, to, who, options, listening, out);
}

/// What a player opens a recording with. It views what it names.
struct player_options {
    signer_public recorder{};                   ///< The recorder's signer, who gave the owner the recording's key.
    array_view<const signer_public> senders{};  ///< The senders' signers, whose grants of session keys are believed.
    array_view<const cipher* const> ciphers{};  ///< Ciphers for sessions of custom suites.
};

/// What a player has before it, see mediaseal_player_state.
struct player_state : mediaseal_player_state {
    player_state() noexcept : mediaseal_player_state MEDIASEAL_PLAYER_STATE_INIT {}
};

/// A track of a recording, see mediaseal_recorded_track.
struct recorded_track : mediaseal_recorded_track {
    recorded_track() noexcept : mediaseal_recorded_track MEDIASEAL_RECORDED_TRACK_INIT {}
};

/// A frame to be played. Sender and octets live until the next call with its player but try_close.
struct played_frame {
    mediaseal_status status = MEDIASEAL_ERR_NOT_BEGUN;  ///< MEDIASEAL_OK; or why it did not open, see mediaseal_played_frame: then there are neither octets nor a sender.
    std::uint32_t track = 0;                            ///< The track.
    bool has_kid = false;                               ///< It is encrypted, and names a session. Nobody vouches for that where it did not open.
    std::uint64_t kid = 0;                              ///< The KID of that session.
    std::uint64_t micros = 0;                           ///< Its time in microseconds, on the clock of all tracks.
    bool key_frame = false;                             ///< A decoder can begin with it, as far as the recorder knew.
    bytes_view sender{};                                ///< In whose name the key was granted that opened it; in the profile recording_profile::media whom the recorder named.
    bytes_view octets{};                                ///< What the encoder gave.
};

/// Plays a recording frame by frame, closed or growing, each track at a place of its own. One thread at a time.
class player : public owner<mediaseal_player> {
public:
    /// An empty owner.
    explicit player(std::nullptr_t) noexcept {}

    /// Opens the recording in `folder`, to be played from the first frame of each track on. `who` is an owner.
    ///
    /// Returns also MEDIASEAL_ERR_GRANT_NO_STANZA for an identity that is no owner's, MEDIASEAL_ERR_GRANT_SIGNATURE for another recorder's, MEDIASEAL_ERR_RECORDING_NOT_THERE, MEDIASEAL_ERR_RECORDING_DAMAGED, MEDIASEAL_ERR_RECORDING_IO. Any thread.
    [[nodiscard]] static mediaseal_status try_new(const char* folder, const identity& who, const player_options& options, player& out) noexcept {
        return renew(out, [&](mediaseal_player** handle) noexcept {
            return detail::shielded(
                [&]() -> mediaseal_status {
                    std::vector<const mediaseal_cipher*> ciphers;
                    if (const mediaseal_status status = detail::handles_of(options.ciphers, ciphers); status != MEDIASEAL_OK) return status;
                    mediaseal_player_options given = MEDIASEAL_PLAYER_OPTIONS_INIT;
                    given.recorder = options.recorder.data();
                    given.senders = options.senders.size() == 0 ? nullptr : options.senders.data()->data();
                    given.sender_count = options.senders.size();
                    given.ciphers = ciphers.data();
                    given.cipher_count = ciphers.size();
                    return mediaseal_player_new(folder, who.native_handle(), &given, handle);
                },
                MEDIASEAL_ERR_OUT_OF_MEMORY);
        });
    }

    /// Reads what was recorded and granted since. A recording that grows is followed by calling this once in a while, and each track is then read to its end: also the last time, when it is closed. Returns also MEDIASEAL_ERR_RECORDING_IO, MEDIASEAL_ERR_CLOSED.
    [[nodiscard]] mediaseal_status try_refresh(player_state& out) noexcept {
        out = player_state();
        return mediaseal_player_refresh(native_handle(), &out);
    }

    /// A track: number `index`, from 0, in the order of their numbers. Returns also MEDIASEAL_ERR_INDEX behind the last one.
    [[nodiscard]] mediaseal_status try_track(std::size_t index, recorded_track& out) noexcept {
        out = recorded_track();
        return mediaseal_player_track(native_handle(), index, &out);
    }

    /// Goes to where a segment of the track begins at or before `micros`; frames before `micros` come first. A segment begins with a key frame where the stream has one at least every five seconds, and is below 13 Mbit/s: if its first frame is none,
    /// seek to a microsecond before that. Returns also MEDIASEAL_ERR_RECORDING_TRACK.
    [[nodiscard]] mediaseal_status try_seek(std::uint32_t track, std::uint64_t micros) noexcept { return mediaseal_player_seek(native_handle(), track, micros); }

    /// The next frame of a track. Returns MEDIASEAL_OK, also for a frame that did not open; MEDIASEAL_ERR_INDEX at the end of what is recorded so far; MEDIASEAL_ERR_RECORDING_DAMAGED: the next call goes on behind it; MEDIASEAL_ERR_RECORDING_TRACK,
    /// MEDIASEAL_ERR_RECORDING_IO, MEDIASEAL_ERR_CLOSED.
    [[nodiscard]] mediaseal_status try_next_frame(std::uint32_t track, played_frame& out) noexcept {
        out = played_frame();
        mediaseal_played_frame frame = MEDIASEAL_PLAYED_FRAME_INIT;
        const mediaseal_status status = mediaseal_player_next_frame(native_handle(), track, &frame);
        out.status = frame.status;
        if (status != MEDIASEAL_OK) return status;
        out.track = frame.track;
        out.has_kid = frame.has_kid != 0;
        out.kid = frame.kid;
        out.micros = frame.micros;
        out.key_frame = (frame.flags & MEDIASEAL_RECORDED_KEY_FRAME) != 0;
        out.sender = bytes_view(frame.sender, frame.sender_len);
        out.octets = bytes_view(frame.octets, frame.len);
        return status;
    }

    /// Ends its use, from any thread.
    [[nodiscard]] mediaseal_status try_close() noexcept { return mediaseal_player_close(native_handle()); }

#if defined(__cpp_exceptions)
    /// As try_new.
    player(const char* folder, const identity& who, const player_options& options) { detail::check_made(try_new(folder, who, options, *this)); }
    /// As try_refresh.
    player_state refresh() {
        player_state state;
        detail::check(try_refresh(state));
        return state;
    }
    /// All tracks.
    std::vector<recorded_track> tracks() {
        std::vector<recorded_track> all;
        recorded_track one;
        mediaseal_status status = MEDIASEAL_OK;
        while ((status = try_track(all.size(), one)) == MEDIASEAL_OK) all.push_back(one);
        if (status != MEDIASEAL_ERR_INDEX) detail::check(status);
        return all;
    }
    /// As try_seek.
    void seek(std::uint32_t track, std::uint64_t micros) { detail::check(try_seek(track, micros)); }
    /// As try_next_frame, without a frame at the end of what is recorded so far.
    std::optional<played_frame> next_frame(std::uint32_t track) {
        played_frame frame;
        const mediaseal_status status = try_next_frame(track, frame);
        if (status == MEDIASEAL_ERR_INDEX) return std::nullopt;
        detail::check(status);
        return frame;
    }
    /// As try_close.
    void close() { detail::check(try_close()); }
#endif
};

#if defined(__cpp_exceptions)
/// As try_verify_recording.
[[nodiscard]] inline recording_found verify_recording(const char* folder, const signer_public* machine = nullptr) {
    recording_found found;
    detail::check(try_verify_recording(folder, machine, found));
    return found;
}
/// As try_recover_recording.
inline recovered recover_recording(const char* folder) {
    recovered done;
    detail::check(try_recover_recording(folder, done));
    return done;
}
/// As try_export_recording.
inline export_report export_recording(const char* folder, const char* to, const identity& who, const export_options& options) {
    export_report report;
    detail::exporting listening{options.progress};
    const mediaseal_status status = detail::export_by(folder, to, who, options, listening, report);
    if (listening.thrown != nullptr) std::rethrow_exception(listening.thrown);
    detail::check(status);
    return report;
}
#endif

}  // namespace mediaseal

#endif
