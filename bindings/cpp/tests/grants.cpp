// Keys sealed to people, through C++: key pairs as text and under passphrases, data keys, invitations, sessions of owners.

#include "check.hpp"

#include <mediaseal/grants.hpp>

using namespace mediaseal;

namespace {

template <class T>
constexpr bool moves_and_does_not_copy = std::is_nothrow_move_constructible_v<T> && std::is_nothrow_move_assignable_v<T> &&
                                         !std::is_copy_constructible_v<T> && !std::is_copy_assignable_v<T>;

static_assert(moves_and_does_not_copy<identity> && moves_and_does_not_copy<signer>);
static_assert(moves_and_does_not_copy<data_key> && moves_and_does_not_copy<secret_key_text> && moves_and_does_not_copy<locked_key_text>);
static_assert(std::is_copy_constructible_v<recipient>);

constexpr const char* cheap = "$argon2id$v=19$m=8,t=1,p=1$AAECAwQFBgcICQoLDA0ODw";

void keys_go_to_text_and_under_passphrases(kem which) {
    const identity made = identity::generate(which);
    const secret_key_text text = made.to_text();
    CHECK(text.text().substr(0, 14) == "mediaseal-id-1");
    CHECK(identity::from_text(text.text()).recipient() == made.recipient());
    const locked_key_text locked = made.lock("open sesame", cheap);
    CHECK(locked.text().substr(0, 21) == "mediaseal-locked-id-1");
    CHECK(identity::unlock(locked.text(), "open sesame").recipient() == made.recipient());
    CHECK_THROWS(identity::unlock(locked.text(), "open barley"), MEDIASEAL_ERR_GRANT_PASSPHRASE);
    CHECK_THROWS(identity::unlock(text.text(), "open sesame"), MEDIASEAL_ERR_GRANT_TEXT);
    CHECK_THROWS(identity::from_text(locked.text()), MEDIASEAL_ERR_GRANT_TEXT);
    CHECK_THROWS(identity::from_text(std::string(5000, 'a')), MEDIASEAL_ERR_GRANT_TEXT);
    CHECK_THROWS(identity::from_text(std::string(text.text()) + std::string(1, '\0')), MEDIASEAL_ERR_GRANT_TEXT);
    CHECK_THROWS(made.lock("", cheap), MEDIASEAL_ERR_PASSPHRASE_LENGTH);
    CHECK_THROWS(made.lock("open sesame", "cheap"), MEDIASEAL_ERR_PASSPHRASE_PARAMS);

    const std::string named = made.recipient().text();
    CHECK(named.substr(0, 15) == "mediaseal-pub-1");
    CHECK(recipient::from_text(named) == made.recipient());
    CHECK(recipient::from_text(named) != identity::generate(which).recipient());
    CHECK_THROWS(recipient::from_text(text.text()), MEDIASEAL_ERR_GRANT_TEXT);
    CHECK_THROWS(recipient::from_octets(octets(5000)), MEDIASEAL_ERR_GRANT_KEY);
    CHECK_THROWS(recipient().text(), MEDIASEAL_ERR_GRANT_KEY);

    const signer signing = signer::generate();
    const secret_key_text signer_text = signing.to_text();
    CHECK(signer::from_text(signer_text.text()).public_half() == signing.public_half());
    CHECK_THROWS(signer::from_text(text.text()), MEDIASEAL_ERR_GRANT_TEXT);
    const locked_key_text locked_signer = signing.lock("open sesame", cheap);
    CHECK(signer::unlock(locked_signer.text(), "open sesame").public_half() == signing.public_half());
    CHECK_THROWS(signer::unlock(locked_signer.text(), "open barley"), MEDIASEAL_ERR_GRANT_PASSPHRASE);
    CHECK_THROWS(signer::unlock(locked.text(), "open sesame"), MEDIASEAL_ERR_GRANT_TEXT);

    // Text is wiped where it was when it moves.
    secret_key_text first = made.to_text();
    const std::uint8_t* const was = first.octets().data();
    const secret_key_text second = std::move(first);
    CHECK(first.empty() && second.text() == text.text() && is_zero({was, 40}));
}

void a_data_key_opens_for_whom_it_was_sealed(kem which) {
    const identity bob = identity::generate(which), eve = identity::generate(which);
    const signer ada = signer::generate(), mallory = signer::generate();
    const data_key dek = data_key::from_octets(pattern(MEDIASEAL_DEK_LEN, 7));
    const octets grant = ada.grant_dek(dek, bob.recipient(), "recording 7");
    CHECK(grant.size() <= MEDIASEAL_GRANT_MAX_LEN && !shows(grant, dek));
    const data_key opened = bob.open_dek(grant, ada.public_half(), "recording 7");
    CHECK(same(opened, dek));
    CHECK_THROWS(bob.open_dek(grant, ada.public_half(), "recording 8"), MEDIASEAL_ERR_GRANT_SIGNATURE);
    CHECK_THROWS(bob.open_dek(grant, mallory.public_half(), "recording 7"), MEDIASEAL_ERR_GRANT_SIGNATURE);
    CHECK_THROWS(eve.open_dek(grant, ada.public_half(), "recording 7"), MEDIASEAL_ERR_GRANT_RECIPIENT);
    CHECK_THROWS(bob.open_dek({}, ada.public_half(), "recording 7"), MEDIASEAL_ERR_GRANT_FORM);
    CHECK_THROWS(ada.grant_dek(pattern(31, 7), bob.recipient(), "recording 7"), MEDIASEAL_ERR_KEY_LENGTH);
    CHECK_THROWS(ada.grant_dek(dek, recipient(), "recording 7"), MEDIASEAL_ERR_GRANT_KEY);
    CHECK_THROWS(data_key::from_octets(pattern(33, 7)), MEDIASEAL_ERR_KEY_LENGTH);

    // What does not open leaves nothing of what was there before.
    data_key out = data_key::from_octets(pattern(MEDIASEAL_DEK_LEN, 8));
    CHECK_STATUS(eve.try_open_dek(grant, ada.public_half(), "recording 7", out), MEDIASEAL_ERR_GRANT_RECIPIENT);
    CHECK(out.empty());
    std::array<std::uint8_t, 10> small{};
    std::size_t len = 7;
    CHECK_STATUS(ada.try_grant_dek(dek, bob.recipient(), "recording 7", small, len), MEDIASEAL_ERR_BUFFER_TOO_SMALL);
    CHECK(len == 0 && is_zero(small));
}

void an_invitation_lets_one_in_and_owners_read_what_was_recorded() {
    const octets secret = pattern(32, 1);
    const member hers(secret);
    const identity bob = identity::generate(kem::xwing), eve = identity::generate(kem::p256);
    const signer ada = signer::generate(), mallory = signer::generate();
    const octets invitation = ada.invite(hers.channel, bob.recipient());

    const channel_store his;
    CHECK_THROWS(eve.join(his, invitation, ada.public_half()), MEDIASEAL_ERR_GRANT_RECIPIENT);
    CHECK_THROWS(bob.join(his, invitation, mallory.public_half()), MEDIASEAL_ERR_GRANT_SIGNATURE);
    const channel bobs = bob.join(his, invitation, ada.public_half());
    CHECK_THROWS(bob.join(his, invitation, ada.public_half()), MEDIASEAL_ERR_CHANNEL_OPEN);
    bob.accept(bobs, invitation, ada.public_half());
    his.tick(now);
    const cipher none(nullptr);
    CHECK_THROWS(bob.accept(bobs, invitation, ada.public_half(), &none), MEDIASEAL_ERR_NULL_POINTER);
    encryptor sealing(hers.channel, {"ada", media::video});
    decryptor opening(bobs, {{"ada", media::video}});
    const octets frame = pattern(500, 3), sealed = sealing.encrypt(frame);
    CHECK(same(opening.decrypt(sealed), frame));

    // The recorder has frames and grants; who owns the recording opens them, without the channel.
    std::uint64_t kid = 0;
    while (const std::optional<event> happened = hers.store.poll_event()) {
        if (happened->type() == event_type::session_started) kid = happened->kid();
    }
    CHECK(kid != 0);
    const std::array<recipient, 2> owners{bob.recipient(), eve.recipient()};
    CHECK_THROWS(ada.session_grant(hers.channel, kid + 1, owners), MEDIASEAL_ERR_UNKNOWN_SEND_KEY);
    const octets session = ada.session_grant(hers.channel, kid, owners);
    const key_store keys(cipher::builtin(suite::aes_128_gcm_sha256_128));
    const std::array<signer_public, 1> known{ada.public_half()}, wrong{mallory.public_half()};
    CHECK_THROWS(eve.receive_session(keys, session, wrong), MEDIASEAL_ERR_GRANT_SIGNATURE);
    CHECK_THROWS(eve.receive_session(keys, session, {}), MEDIASEAL_ERR_GRANT_SIGNATURE);
    CHECK_THROWS(identity::generate(kem::x25519).receive_session(keys, session, known), MEDIASEAL_ERR_GRANT_NO_STANZA);
    CHECK(eve.receive_session(keys, session, known) == kid);
    decryptor later(keys);
    CHECK(same(later.decrypt(sealed), frame));
}

void owners_end_once_and_close() {
    identity one = identity::generate(kem::x25519);
    identity two = std::move(one);
    CHECK(!one && two);
    CHECK_THROWS(one.to_text(), MEDIASEAL_ERR_NULL_POINTER);
    two.close();
    two.close();
    CHECK_THROWS(two.to_text(), MEDIASEAL_ERR_CLOSED);
    CHECK_THROWS(two.lock("open sesame", cheap), MEDIASEAL_ERR_CLOSED);
    signer signing = signer::generate();
    signing.close();
    CHECK_THROWS(signing.public_half(), MEDIASEAL_ERR_CLOSED);
    CHECK_THROWS(signing.grant_dek(pattern(32, 1), recipient(), "x"), MEDIASEAL_ERR_CLOSED);
    CHECK_THROWS(identity::generate(static_cast<kem>(1)), MEDIASEAL_ERR_GRANT_KEM);
}

}  // namespace

int main() {
    for (const kem which : {kem::p256, kem::x25519, kem::xwing}) {
        keys_go_to_text_and_under_passphrases(which);
        a_data_key_opens_for_whom_it_was_sealed(which);
    }
    an_invitation_lets_one_in_and_owners_read_what_was_recorded();
    owners_end_once_and_close();
    return finish("grants");
}
