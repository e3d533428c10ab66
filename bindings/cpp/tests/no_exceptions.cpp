// The noexcept half of the binding, built with -fno-exceptions -fno-rtti.

#include "check.hpp"
#include "chacha20_poly1305.hpp"

#include <mediaseal/grants.hpp>
#include <mediaseal/packet_observer.hpp>
#include <mediaseal/recordings.hpp>

#if defined(__cpp_exceptions) || defined(__cpp_rtti)
#error "this program is about -fno-exceptions -fno-rtti"
#endif

using namespace mediaseal;

namespace {

template <class T, class = void>
constexpr bool has_throwing_forms = false;
template <class T>
constexpr bool has_throwing_forms<T, std::void_t<decltype(std::declval<T&>().encrypt(bytes_view()))>> = true;

static_assert(!has_throwing_forms<encryptor>);
static_assert(!std::is_default_constructible_v<channel_store> && std::is_constructible_v<channel_store, std::nullptr_t>);

// What an SDK that hands out packets looks like.
struct sdk_observer {
    struct Packet {
        const unsigned char* buffer;
        unsigned int size;
    };
    virtual bool onSendAudioPacket(Packet& packet) = 0;
    virtual bool onSendVideoPacket(Packet& packet) = 0;
    virtual bool onReceiveAudioPacket(Packet& packet) = 0;
    virtual bool onReceiveVideoPacket(Packet& packet) = 0;

protected:
    ~sdk_observer() = default;
};

void a_channel_carries_frames() {
    key secret;
    CHECK_OK(key::try_generate(secret));
    member alice(secret), bob(secret);
    encryptor sealing(nullptr);
    decryptor opening(nullptr);
    CHECK_OK(encryptor::try_new(alice.channel, {"alice", media::video}, sealing));
    CHECK_OK(decryptor::try_new(bob.channel, {{"alice", media::video}}, {}, opening));
    std::array<std::uint8_t, 2000> sealed{}, back{};
    for (std::uint32_t i = 0; i < 200; ++i) {
        const octets frame = pattern(i * 5, i);
        std::size_t len = 0, plain_len = 0;
        opened told;
        CHECK_OK(sealing.try_encrypt(frame, sealed, len, {1, "metadata"}));
        CHECK(!shows({sealed.data(), len}, frame));
        CHECK_OK(opening.try_decrypt({sealed.data(), len}, back, plain_len, {1, "metadata"}, &told));
        CHECK(same({back.data(), plain_len}, frame) && told.sender.text() == "alice");
        CHECK_STATUS(opening.try_decrypt({sealed.data(), len}, back, plain_len), MEDIASEAL_ERR_DUPLICATE);
        CHECK(plain_len == 0);
    }
    statistics counters;
    CHECK_OK(opening.try_totals(counters));
    CHECK(counters.frames == 200);
    encryptor moved(std::move(sealing));
    std::size_t len = 0;
    CHECK_STATUS(sealing.try_encrypt("frame", sealed, len), MEDIASEAL_ERR_NULL_POINTER);
    CHECK_OK(moved.try_close());
    CHECK_STATUS(moved.try_encrypt("frame", sealed, len), MEDIASEAL_ERR_CLOSED);
    std::array<char, MEDIASEAL_SAFETY_CODE_LEN + 1> mine{}, theirs{};
    CHECK_OK(alice.channel.try_safety_code(mine));
    CHECK_OK(bob.channel.try_safety_code(theirs));
    CHECK(mine == theirs && mine[0] != '\0');
}

void a_custom_cipher_and_a_listener_work_without_exceptions() {
    std::unique_ptr<custom_cipher> own = std::make_unique<chacha20_poly1305::cipher>();
    cipher custom(nullptr);
    refusal why;
    CHECK_OK(cipher::try_register_custom(own, custom, &why));
    CHECK(own == nullptr && custom && why.property == nullptr);
    key base;
    CHECK_OK(key::try_from_hex("000102030405060708090a0b0c0d0e0f", base));
    key_store sending(nullptr), receiving(nullptr);
    CHECK_OK(key_store::try_new(custom, sending));
    CHECK_OK(key_store::try_new(custom, receiving));
    CHECK_OK(receiving.try_add_receive(base, 0, "alice"));
    CHECK_OK(sending.try_add_send(base, 0));
    CHECK_OK(sending.try_activate(0));
    encryptor sealing(nullptr);
    decryptor opening(nullptr);
    CHECK_OK(encryptor::try_new(sending, {}, sealing));
    CHECK_OK(decryptor::try_new(receiving, {}, opening));
    octets sealed(100), back(100);
    encrypt_job jobs[2];
    decrypt_job openings[2];
    for (int i = 0; i < 2; ++i) {
        jobs[i].encryptor = &sealing;
        jobs[i].plaintext = "frame";
        jobs[i].out = {sealed.data() + 50 * i, 50};
    }
    CHECK_OK(try_encrypt_batch(jobs));
    for (int i = 0; i < 2; ++i) {
        openings[i].decryptor = &opening;
        openings[i].ciphertext = {jobs[i].out.data(), jobs[i].out_len};
        openings[i].out = {back.data() + 50 * i, 50};
    }
    CHECK_OK(try_decrypt_batch(openings));
    CHECK(openings[1].out_len == 5 && same({openings[1].out.data(), 5}, std::string("frame")));

    member alice(base);
    int heard = 0;
    auto listener = std::make_unique<event_listener>([&heard](const event&) { ++heard; });
    CHECK_OK(alice.store.try_on_event(listener));
    CHECK(listener == nullptr);
    CHECK_OK(encryptor::try_new(alice.channel, {"alice", media::audio}, sealing));
    std::size_t len = 0;
    CHECK_OK(sealing.try_encrypt("frame", sealed, len));
    CHECK_OK(alice.store.try_deliver_events());
    CHECK(heard == 1);
    CHECK_OK(alice.store.try_on_event(listener));
}

void packets_of_an_sdk_are_sealed() {
    const octets secret = pattern(32, 9);
    member alice(secret), bob(secret);
    packet_observer<sdk_observer> sender(nullptr), receiver(nullptr);
    const octets payload = pattern(300, 1);
    sdk_observer::Packet packet{payload.data(), 300};
    CHECK(!sender.onSendAudioPacket(packet) && packet.size == 0);
    CHECK_OK(sender.try_use(alice.channel, "alice", {"bob"}));
    CHECK_OK(receiver.try_use(bob.channel, "bob", {"alice"}));
    packet = {payload.data(), 300};
    CHECK(sender.onSendAudioPacket(packet) && !shows({packet.buffer, packet.size}, payload));
    CHECK(receiver.onReceiveAudioPacket(packet) && same({packet.buffer, packet.size}, payload));
}

void keys_are_sealed_to_people() {
    identity bob(nullptr), same_bob(nullptr);
    signer ada(nullptr);
    CHECK_OK(identity::try_generate(kem::x25519, bob));
    CHECK_OK(signer::try_generate(ada));
    recipient half;
    signer_public known{};
    locked_key_text locked;
    CHECK_OK(bob.try_recipient(half));
    CHECK_OK(ada.try_public_half(known));
    CHECK_OK(bob.try_lock("open sesame", "$argon2id$v=19$m=8,t=1,p=1$AAECAwQFBgcICQoLDA0ODw", locked));
    CHECK_STATUS(identity::try_unlock(locked.text(), "open barley", same_bob), MEDIASEAL_ERR_GRANT_PASSPHRASE);
    CHECK_OK(identity::try_unlock(locked.text(), "open sesame", same_bob));
    data_key dek, opened;
    CHECK_OK(data_key::try_from_octets(pattern(32, 4), dek));
    octets grant(MEDIASEAL_GRANT_MAX_LEN);
    std::size_t len = 0;
    CHECK_OK(ada.try_grant_dek(dek, half, "recording 7", grant, len));
    grant.resize(len);
    CHECK_STATUS(same_bob.try_open_dek(grant, known, "recording 8", opened), MEDIASEAL_ERR_GRANT_SIGNATURE);
    CHECK_OK(same_bob.try_open_dek(grant, known, "recording 7", opened));
    CHECK(same(opened, dek));
    CHECK_OK(same_bob.try_close());
    CHECK_STATUS(same_bob.try_open_dek(grant, known, "recording 7", opened), MEDIASEAL_ERR_CLOSED);
    CHECK(opened.empty());
}

}  // namespace

int main() {
    keys_are_sealed_to_people();
    a_channel_carries_frames();
    a_custom_cipher_and_a_listener_work_without_exceptions();
    packets_of_an_sdk_are_sealed();
    return finish("no_exceptions");
}
