/// @file
/// Keys sealed to people and recorders: key pairs, grants, invitations. Header-only, over mediaseal.hpp, whose rules hold here too.
///
///   mediaseal::identity bob = mediaseal::identity::generate(mediaseal::kem::x25519);   // bob's, once; kept by lock() under a passphrase
///   mediaseal::signer alice = mediaseal::signer::generate();                           // alice's
///
///   std::vector<std::uint8_t> invitation = alice.invite(channel, bob.recipient());      // over any path
///   mediaseal::channel bobs = bob.join(bobs_store, invitation, alice.public_half());    // if alice's public half came by a path that bob trusts
///   bobs.activate(1);

#ifndef MEDIASEAL_GRANTS_HPP
#define MEDIASEAL_GRANTS_HPP

#include <mediaseal.hpp>

namespace mediaseal {

namespace detail {

template <>
struct ending<mediaseal_identity> {
    static void end(mediaseal_identity* object) noexcept { mediaseal_identity_free(object); }
};
template <>
struct ending<mediaseal_signer> {
    static void end(mediaseal_signer* object) noexcept { mediaseal_signer_free(object); }
};

#if defined(__cpp_exceptions)
/// What `call(out, capacity, out_len)` writes, asked for its length first.
template <class Call>
std::vector<std::uint8_t> written_by(Call call) {
    std::size_t len = 0;
    check(call(nullptr, 0, &len));
    std::vector<std::uint8_t> out(len);
    check(call(out.data(), out.size(), &len));
    out.resize(len);
    return out;
}
#endif

}  // namespace detail

/// Key encapsulation mechanisms (RFC 9180).
enum class kem : std::uint32_t {
    p256 = MEDIASEAL_KEM_P256,      ///< P-256.
    x25519 = MEDIASEAL_KEM_X25519,  ///< X25519.
    xwing = MEDIASEAL_KEM_XWING,    ///< X-Wing, X25519 and ML-KEM-768, for keys that must outlive quantum computers.
};

/// A text of at most `MaxLen` characters, wiped at its end. It cannot be copied, compared or printed.
template <std::size_t MaxLen>
class secret_text : public secret_octets<MaxLen + 1> {
public:
    /// The characters, as long as this lives and is not moved.
    std::string_view text() const& noexcept { return this->octets().text(); }
    std::string_view text() const&& = delete;

private:
    friend class identity;
    friend class signer;
};

/// A secret key as text.
using secret_key_text = secret_text<MEDIASEAL_SECRET_KEY_TEXT_MAX_LEN>;
/// A secret key under a passphrase, as text that may be kept in a file.
using locked_key_text = secret_text<MEDIASEAL_LOCKED_KEY_TEXT_MAX_LEN>;

/// A data encryption key, MEDIASEAL_DEK_LEN octets, wiped at its end.
class data_key : public secret_octets<MEDIASEAL_DEK_LEN> {
public:
    /// Copies octets; the caller wipes his own. Returns also MEDIASEAL_ERR_KEY_LENGTH. Any thread.
    [[nodiscard]] static mediaseal_status try_from_octets(bytes_view octets, data_key& out) noexcept {
        return out.refill([&](std::uint8_t* to, std::size_t capacity, std::size_t* len) noexcept -> mediaseal_status {
            if (octets.size() != capacity) return MEDIASEAL_ERR_KEY_LENGTH;
            std::memcpy(to, octets.data(), capacity);
            *len = capacity;
            return MEDIASEAL_OK;
        });
    }

#if defined(__cpp_exceptions)
    /// As try_from_octets.
    [[nodiscard]] static data_key from_octets(bytes_view octets) {
        data_key made;
        detail::check(try_from_octets(octets, made));
        return made;
    }
#endif

private:
    friend class identity;
    friend class custody;

    /// Replaces the key by what `fill(out)` writes, MEDIASEAL_DEK_LEN octets.
    template <class Fill>
    mediaseal_status refill_whole(Fill fill) noexcept {
        return refill([&](std::uint8_t* to, std::size_t capacity, std::size_t* len) noexcept {
            *len = capacity;
            return fill(to);
        });
    }
};

/// The public half of an identity: whom a key is sealed to. No secret.
class recipient {
public:
    /// Nobody.
    recipient() noexcept = default;

    /// Reads "mediaseal-pub-1...". Returns also MEDIASEAL_ERR_GRANT_TEXT, MEDIASEAL_ERR_GRANT_KEY, MEDIASEAL_ERR_GRANT_KEM. Any thread.
    [[nodiscard]] static mediaseal_status try_from_text(std::string_view text, recipient& out) noexcept {
        out.len_ = 0;
        detail::zero_ended<max_text> ended;
        if (!ended.assign(text)) return MEDIASEAL_ERR_GRANT_TEXT;
        return mediaseal_recipient_from_text(ended.c_str(), out.octets_.data(), out.octets_.size(), &out.len_);
    }

    /// Copies octets, which are looked at when something is sealed to them. Returns also MEDIASEAL_ERR_GRANT_KEY for too many. Any thread.
    [[nodiscard]] static mediaseal_status try_from_octets(bytes_view octets, recipient& out) noexcept {
        out.len_ = 0;
        if (octets.size() > out.octets_.size()) return MEDIASEAL_ERR_GRANT_KEY;
        if (!octets.empty()) std::memcpy(out.octets_.data(), octets.data(), octets.size());
        out.len_ = octets.size();
        return MEDIASEAL_OK;
    }

    /// The octets, as long as this lives.
    bytes_view octets() const& noexcept { return {octets_.data(), len_}; }
    bytes_view octets() const&& = delete;

    /// Whether both are the same public half.
    friend bool operator==(const recipient& left, const recipient& right) noexcept {
        return left.len_ == right.len_ && std::memcmp(left.octets_.data(), right.octets_.data(), left.len_) == 0;
    }
    /// Whether they are two.
    friend bool operator!=(const recipient& left, const recipient& right) noexcept { return !(left == right); }

#if defined(__cpp_exceptions)
    /// As try_from_text.
    [[nodiscard]] static recipient from_text(std::string_view text) {
        recipient made;
        detail::check(try_from_text(text, made));
        return made;
    }
    /// As try_from_octets.
    [[nodiscard]] static recipient from_octets(bytes_view octets) {
        recipient made;
        detail::check(try_from_octets(octets, made));
        return made;
    }
    /// The same as text, "mediaseal-pub-1...".
    [[nodiscard]] std::string text() const {
        std::size_t len = 0;
        detail::check(mediaseal_recipient_to_text(octets_.data(), len_, nullptr, 0, &len));
        std::string made(len + 1, '\0');
        detail::check(mediaseal_recipient_to_text(octets_.data(), len_, &made[0], made.size(), &len));
        made.resize(len);
        return made;
    }
#endif

private:
    friend class identity;

    static constexpr std::size_t max_text = 2 * MEDIASEAL_RECIPIENT_MAX_LEN;

    std::array<std::uint8_t, MEDIASEAL_RECIPIENT_MAX_LEN> octets_{};
    std::size_t len_ = 0;
};

/// The public half of a signer: who gives a key. No secret.
using signer_public = std::array<std::uint8_t, MEDIASEAL_SIGNER_PUBLIC_LEN>;

/// The secret half of a key pair: opens what was sealed to its public one. It is wiped at its end.
class identity : public owner<mediaseal_identity> {
public:
    /// An empty owner.
    explicit identity(std::nullptr_t) noexcept {}

    /// Draws a key pair. Returns also MEDIASEAL_ERR_ENTROPY. Any thread.
    [[nodiscard]] static mediaseal_status try_generate(mediaseal::kem kem, identity& out) noexcept {
        return renew(out, [&](mediaseal_identity** handle) noexcept { return mediaseal_identity_generate(static_cast<std::uint32_t>(kem), handle); });
    }

    /// Reads "mediaseal-id-1...", which the caller wipes. Returns also MEDIASEAL_ERR_GRANT_TEXT, MEDIASEAL_ERR_GRANT_KEM, MEDIASEAL_ERR_GRANT_KEY. Any thread.
    [[nodiscard]] static mediaseal_status try_from_text(std::string_view text, identity& out) noexcept {
        detail::zero_ended<MEDIASEAL_SECRET_KEY_TEXT_MAX_LEN> ended;
        return renew(out, [&](mediaseal_identity** handle) noexcept -> mediaseal_status {
            if (!ended.assign(text)) return MEDIASEAL_ERR_GRANT_TEXT;
            return mediaseal_identity_from_text(ended.c_str(), handle);
        });
    }

    /// Reads what try_lock wrote. Takes the memory and time that the text says.
    ///
    /// Returns also MEDIASEAL_ERR_GRANT_TEXT, MEDIASEAL_ERR_GRANT_PASSPHRASE for another passphrase, MEDIASEAL_ERR_PASSPHRASE_LENGTH. Any thread.
    [[nodiscard]] static mediaseal_status try_unlock(std::string_view text, bytes_view passphrase, identity& out) noexcept {
        detail::zero_ended<MEDIASEAL_LOCKED_KEY_TEXT_MAX_LEN> ended;
        return renew(out, [&](mediaseal_identity** handle) noexcept -> mediaseal_status {
            if (!ended.assign(text)) return MEDIASEAL_ERR_GRANT_TEXT;
            return mediaseal_identity_unlock(ended.c_str(), passphrase.data(), passphrase.size(), handle);
        });
    }

    /// Writes the secret key as text. Returns also MEDIASEAL_ERR_CLOSED.
    [[nodiscard]] mediaseal_status try_to_text(secret_key_text& out) const noexcept {
        return out.refill([&](std::uint8_t* to, std::size_t capacity, std::size_t* len) noexcept {
            return mediaseal_identity_to_text(native_handle(), reinterpret_cast<char*>(to), capacity, len);
        });
    }

    /// Writes the secret key under a passphrase of 1 to 1024 octets of UTF-8, with the parameters that passphrase_params_generate made for this key alone.
    ///
    /// Takes the memory and time that they say. Returns also MEDIASEAL_ERR_PASSPHRASE_LENGTH, MEDIASEAL_ERR_PASSPHRASE_PARAMS, MEDIASEAL_ERR_CLOSED.
    [[nodiscard]] mediaseal_status try_lock(bytes_view passphrase, const char* params, locked_key_text& out) const noexcept {
        return out.refill([&](std::uint8_t* to, std::size_t capacity, std::size_t* len) noexcept {
            return mediaseal_identity_lock(native_handle(), passphrase.data(), passphrase.size(), params, reinterpret_cast<char*>(to), capacity, len);
        });
    }

    /// Writes the public half: what keys are sealed to. Returns also MEDIASEAL_ERR_CLOSED.
    [[nodiscard]] mediaseal_status try_recipient(mediaseal::recipient& out) const noexcept {
        out.len_ = 0;
        return mediaseal_identity_recipient(native_handle(), out.octets_.data(), out.octets_.size(), &out.len_);
    }

    /// Opens a grant of a data encryption key that `from` signed for `context`. Nothing of it leaves before signature and seal are right.
    ///
    /// Returns also MEDIASEAL_ERR_GRANT_SIGNATURE, MEDIASEAL_ERR_GRANT_RECIPIENT, MEDIASEAL_ERR_GRANT_DOES_NOT_OPEN, MEDIASEAL_ERR_GRANT_PAYLOAD for another kind of key,
    /// MEDIASEAL_ERR_GRANT_FORM, MEDIASEAL_ERR_CLOSED.
    [[nodiscard]] mediaseal_status try_open_dek(bytes_view grant, const signer_public& from, bytes_view context, data_key& out) const noexcept {
        return out.refill_whole([&](std::uint8_t* to) noexcept {
            return mediaseal_grant_open_dek(native_handle(), grant.data(), grant.size(), from.data(), context.data(), context.size(), to);
        });
    }

    /// Takes an invitation to a channel that is open, from the step on that was sealed. `custom` is nullptr for a built-in suite.
    ///
    /// Returns what try_open_dek and channel::try_join return.
    [[nodiscard]] mediaseal_status try_accept(const channel& into, bytes_view invitation, const signer_public& inviter,
                                              const cipher* custom = nullptr) const noexcept {
        if (custom != nullptr && !*custom) return MEDIASEAL_ERR_NULL_POINTER;
        return mediaseal_channel_accept(into.native_handle(), invitation.data(), invitation.size(), native_handle(), inviter.data(),
                                        custom == nullptr ? nullptr : custom->native_handle());
    }

    /// Joins by an invitation: opens its channel in `store` and stages the generation; channel::activate it to seal.
    ///
    /// Returns what try_accept returns, MEDIASEAL_ERR_CHANNEL_OPEN if the channel is open in this store.
    [[nodiscard]] mediaseal_status try_join(const channel_store& store, bytes_view invitation, const signer_public& inviter, channel& out,
                                            const cipher* custom = nullptr) const noexcept {
        if (custom != nullptr && !*custom) return MEDIASEAL_ERR_NULL_POINTER;
        return channel::renew(out, [&](mediaseal_channel** handle) noexcept {
            return mediaseal_channel_store_join(store.native_handle(), invitation.data(), invitation.size(), native_handle(), inviter.data(),
                                                custom == nullptr ? nullptr : custom->native_handle(), handle);
        });
    }

    /// Opens a session's key as an owner and adds it to `store`, of the session's suite, for receiving; the key itself is not handed out. `signers` are the senders that he
    /// knows.
    ///
    /// Returns also MEDIASEAL_ERR_GRANT_NO_STANZA, MEDIASEAL_ERR_GRANT_PAYLOAD for a store of another suite, and what try_open_dek and key_store::try_add_receive return.
    [[nodiscard]] mediaseal_status try_receive_session(const key_store& store, bytes_view session, array_view<const signer_public> signers,
                                                       std::uint64_t& out_kid) const noexcept {
        // Arrays of octets lie one behind the other.
        const std::uint8_t* const first = signers.size() == 0 ? nullptr : signers.data()->data();
        return mediaseal_key_store_receive_session(store.native_handle(), session.data(), session.size(), native_handle(), first, signers.size(),
                                                   &out_kid);
    }

    /// Ends its use, and wipes it once no call uses it. Any thread, at any time.
    [[nodiscard]] mediaseal_status try_close() noexcept { return mediaseal_identity_close(native_handle()); }

#if defined(__cpp_exceptions)
    /// As try_generate.
    [[nodiscard]] static identity generate(mediaseal::kem kem) {
        identity made(nullptr);
        detail::check_made(try_generate(kem, made));
        return made;
    }
    /// As try_from_text.
    [[nodiscard]] static identity from_text(std::string_view text) {
        identity made(nullptr);
        detail::check_made(try_from_text(text, made));
        return made;
    }
    /// As try_unlock.
    [[nodiscard]] static identity unlock(std::string_view text, bytes_view passphrase) {
        identity made(nullptr);
        detail::check_made(try_unlock(text, passphrase, made));
        return made;
    }
    /// As try_to_text.
    [[nodiscard]] secret_key_text to_text() const {
        secret_key_text text;
        detail::check(try_to_text(text));
        return text;
    }
    /// As try_lock.
    [[nodiscard]] locked_key_text lock(bytes_view passphrase, const char* params) const {
        locked_key_text text;
        detail::check(try_lock(passphrase, params, text));
        return text;
    }
    /// As try_recipient.
    [[nodiscard]] mediaseal::recipient recipient() const {
        mediaseal::recipient half;
        detail::check(try_recipient(half));
        return half;
    }
    /// As try_open_dek.
    [[nodiscard]] data_key open_dek(bytes_view grant, const signer_public& from, bytes_view context) const {
        data_key opened;
        detail::check(try_open_dek(grant, from, context, opened));
        return opened;
    }
    /// As try_accept.
    void accept(const channel& into, bytes_view invitation, const signer_public& inviter, const cipher* custom = nullptr) const {
        detail::check(try_accept(into, invitation, inviter, custom));
    }
    /// As try_join.
    [[nodiscard]] channel join(const channel_store& store, bytes_view invitation, const signer_public& inviter, const cipher* custom = nullptr) const {
        channel made(nullptr);
        detail::check_made(try_join(store, invitation, inviter, made, custom));
        return made;
    }
    /// As try_receive_session; returns the KID.
    std::uint64_t receive_session(const key_store& store, bytes_view session, array_view<const signer_public> signers) const {
        std::uint64_t kid = 0;
        detail::check(try_receive_session(store, session, signers, kid));
        return kid;
    }
    /// As try_close.
    void close() { detail::check(try_close()); }
#endif
};

/// The secret half of a signature key pair (Ed25519): says who gives a key. It is wiped at its end.
class signer : public owner<mediaseal_signer> {
public:
    /// An empty owner.
    explicit signer(std::nullptr_t) noexcept {}

    /// Draws a key pair. Returns also MEDIASEAL_ERR_ENTROPY. Any thread.
    [[nodiscard]] static mediaseal_status try_generate(signer& out) noexcept { return renew(out, mediaseal_signer_generate); }

    /// Reads "mediaseal-signer-1...", which the caller wipes. Returns also MEDIASEAL_ERR_GRANT_TEXT. Any thread.
    [[nodiscard]] static mediaseal_status try_from_text(std::string_view text, signer& out) noexcept {
        detail::zero_ended<MEDIASEAL_SECRET_KEY_TEXT_MAX_LEN> ended;
        return renew(out, [&](mediaseal_signer** handle) noexcept -> mediaseal_status {
            if (!ended.assign(text)) return MEDIASEAL_ERR_GRANT_TEXT;
            return mediaseal_signer_from_text(ended.c_str(), handle);
        });
    }

    /// Reads what try_lock wrote, as identity::try_unlock does.
    [[nodiscard]] static mediaseal_status try_unlock(std::string_view text, bytes_view passphrase, signer& out) noexcept {
        detail::zero_ended<MEDIASEAL_LOCKED_KEY_TEXT_MAX_LEN> ended;
        return renew(out, [&](mediaseal_signer** handle) noexcept -> mediaseal_status {
            if (!ended.assign(text)) return MEDIASEAL_ERR_GRANT_TEXT;
            return mediaseal_signer_unlock(ended.c_str(), passphrase.data(), passphrase.size(), handle);
        });
    }

    /// Writes the secret key as text. Returns also MEDIASEAL_ERR_CLOSED.
    [[nodiscard]] mediaseal_status try_to_text(secret_key_text& out) const noexcept {
        return out.refill([&](std::uint8_t* to, std::size_t capacity, std::size_t* len) noexcept {
            return mediaseal_signer_to_text(native_handle(), reinterpret_cast<char*>(to), capacity, len);
        });
    }

    /// Writes the secret key under a passphrase, as identity::try_lock does.
    [[nodiscard]] mediaseal_status try_lock(bytes_view passphrase, const char* params, locked_key_text& out) const noexcept {
        return out.refill([&](std::uint8_t* to, std::size_t capacity, std::size_t* len) noexcept {
            return mediaseal_signer_lock(native_handle(), passphrase.data(), passphrase.size(), params, reinterpret_cast<char*>(to), capacity, len);
        });
    }

    /// Writes the public half. Returns also MEDIASEAL_ERR_CLOSED.
    [[nodiscard]] mediaseal_status try_public_half(signer_public& out) const noexcept { return mediaseal_signer_public(native_handle(), out.data()); }

    /// Seals a data encryption key, MEDIASEAL_DEK_LEN octets, to `to`. It opens for the same `context` alone, which both sides know. MEDIASEAL_GRANT_MAX_LEN octets of room are
    /// always enough.
    ///
    /// Returns also MEDIASEAL_ERR_KEY_LENGTH, MEDIASEAL_ERR_GRANT_KEY, MEDIASEAL_ERR_GRANT_KEM, MEDIASEAL_ERR_GRANT_TOO_LONG, MEDIASEAL_ERR_BUFFER_TOO_SMALL, MEDIASEAL_ERR_CLOSED.
    [[nodiscard]] mediaseal_status try_grant_dek(bytes_view dek, const recipient& to, bytes_view context, mutable_bytes out,
                                                 std::size_t& out_len) const noexcept {
        return grant_dek_to(dek, to, context, out.data(), out.size(), &out_len);
    }

    /// Invites `to`: seals the secret of the step that the channel seals with now. He opens and seals from that step on. MEDIASEAL_GRANT_MAX_LEN octets of room are always enough.
    ///
    /// Returns also MEDIASEAL_ERR_NO_ACTIVE_KEY, and what try_grant_dek returns.
    [[nodiscard]] mediaseal_status try_invite(const channel& into, const recipient& to, mutable_bytes out, std::size_t& out_len) const noexcept {
        return invite_to(into, to, out.data(), out.size(), &out_len);
    }

    /// Seals the base key of session `kid` of this side, which event_type::session_started told of, to `owners`: what a recorder keeps beside frames that it cannot open.
    ///
    /// Returns also MEDIASEAL_ERR_UNKNOWN_SEND_KEY if the session is not of this side or gone, and what try_grant_dek returns.
    [[nodiscard]] mediaseal_status try_session_grant(const channel& of, std::uint64_t kid, array_view<const recipient> owners, mutable_bytes out,
                                                     std::size_t& out_len) const noexcept {
        return session_grant_to(of, kid, owners, out.data(), out.size(), &out_len);
    }

    /// Ends its use, and wipes it once no call uses it. Any thread, at any time.
    [[nodiscard]] mediaseal_status try_close() noexcept { return mediaseal_signer_close(native_handle()); }

#if defined(__cpp_exceptions)
    /// As try_generate.
    [[nodiscard]] static signer generate() {
        signer made(nullptr);
        detail::check_made(try_generate(made));
        return made;
    }
    /// As try_from_text.
    [[nodiscard]] static signer from_text(std::string_view text) {
        signer made(nullptr);
        detail::check_made(try_from_text(text, made));
        return made;
    }
    /// As try_unlock.
    [[nodiscard]] static signer unlock(std::string_view text, bytes_view passphrase) {
        signer made(nullptr);
        detail::check_made(try_unlock(text, passphrase, made));
        return made;
    }
    /// As try_to_text.
    [[nodiscard]] secret_key_text to_text() const {
        secret_key_text text;
        detail::check(try_to_text(text));
        return text;
    }
    /// As try_lock.
    [[nodiscard]] locked_key_text lock(bytes_view passphrase, const char* params) const {
        locked_key_text text;
        detail::check(try_lock(passphrase, params, text));
        return text;
    }
    /// As try_public_half.
    [[nodiscard]] signer_public public_half() const {
        signer_public half{};
        detail::check(try_public_half(half));
        return half;
    }
    /// As try_grant_dek.
    [[nodiscard]] std::vector<std::uint8_t> grant_dek(bytes_view dek, const recipient& to, bytes_view context) const {
        return detail::written_by([&](std::uint8_t* out, std::size_t capacity, std::size_t* len) {
            return grant_dek_to(dek, to, context, out, capacity, len);
        });
    }
    /// As try_invite.
    [[nodiscard]] std::vector<std::uint8_t> invite(const channel& into, const recipient& to) const {
        return detail::written_by([&](std::uint8_t* out, std::size_t capacity, std::size_t* len) { return invite_to(into, to, out, capacity, len); });
    }
    /// As try_session_grant.
    [[nodiscard]] std::vector<std::uint8_t> session_grant(const channel& of, std::uint64_t kid, array_view<const recipient> owners) const {
        return detail::written_by([&](std::uint8_t* out, std::size_t capacity, std::size_t* len) {
            return session_grant_to(of, kid, owners, out, capacity, len);
        });
    }
    /// As try_close.
    void close() { detail::check(try_close()); }
#endif

private:
    mediaseal_status grant_dek_to(bytes_view dek, const recipient& to, bytes_view context, std::uint8_t* out, std::size_t capacity,
                                  std::size_t* len) const noexcept {
        *len = 0;
        if (dek.size() != MEDIASEAL_DEK_LEN) return MEDIASEAL_ERR_KEY_LENGTH;
        const bytes_view half = to.octets();
        return mediaseal_grant_dek(native_handle(), dek.data(), half.data(), half.size(), context.data(), context.size(), out, capacity, len);
    }

    mediaseal_status invite_to(const channel& into, const recipient& to, std::uint8_t* out, std::size_t capacity, std::size_t* len) const noexcept {
        const bytes_view half = to.octets();
        return mediaseal_channel_invite(into.native_handle(), half.data(), half.size(), native_handle(), out, capacity, len);
    }

    mediaseal_status session_grant_to(const channel& of, std::uint64_t kid, array_view<const recipient> owners, std::uint8_t* out,
                                      std::size_t capacity, std::size_t* len) const noexcept {
        *len = 0;
        return detail::shielded([&] {
            std::vector<mediaseal_recipient> converted;
            converted.reserve(owners.size());
            for (const recipient& one : owners) converted.push_back({one.octets().data(), one.octets().size()});
            return mediaseal_channel_session_grant(of.native_handle(), kid, converted.data(), converted.size(), native_handle(), out, capacity, len);
        }, MEDIASEAL_ERR_OUT_OF_MEMORY);
    }
};

}  // namespace mediaseal

#endif
