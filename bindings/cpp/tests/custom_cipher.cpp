// Ciphers of one's own by deriving: a real one, one that fails, one that throws, and those that are refused by name.

#include "check.hpp"
#include "chacha20_poly1305.hpp"

#include <stdexcept>

using namespace mediaseal;

namespace {

void the_rfc_vector_comes_out() {
    const chacha20_poly1305::key_object key(chacha20_poly1305::rfc_key);
    octets data(chacha20_poly1305::rfc_plaintext.begin(), chacha20_poly1305::rfc_plaintext.end());
    octets tag(16);
    CHECK_OK(key.seal(chacha20_poly1305::rfc_nonce, chacha20_poly1305::rfc_aad, data, tag));
    CHECK(same(data, chacha20_poly1305::rfc_ciphertext) && same(tag, chacha20_poly1305::rfc_tag));
    CHECK_OK(key.open(chacha20_poly1305::rfc_nonce, chacha20_poly1305::rfc_aad, data, tag));
    CHECK(same(data, chacha20_poly1305::rfc_plaintext));
}

void a_channel_runs_on_a_cipher_of_ones_own() {
    const octets secret = pattern(32, 1);
    {
        const cipher custom = cipher::register_custom(std::make_unique<chacha20_poly1305::cipher>());
        CHECK(chacha20_poly1305::alive == 1);
        const cipher_params params = custom.describe();
        CHECK(params.suite == suite::private_first && params.key_len == 32 && params.nonce_len == 12 && params.tag_len == 16);
        CHECK(params.max_blocks > 0);
        member alice(secret), bob(secret);
        const octets next = pattern(32, 2);
        for (const member* side : {&alice, &bob}) {
            generation_options on_custom{2, next, &custom};
            side->channel.stage(on_custom);
            side->channel.activate(2);
        }
        encryptor sealing(alice.channel, {"alice", media::video});
        decryptor opening(bob.channel, {{"alice", media::video}});
        for (std::uint32_t i = 0; i < 200; ++i) {
            const octets frame = pattern(i * 5, i);
            octets sealed = sealing.encrypt(frame, {1, "metadata"});
            CHECK(!shows(sealed, frame));
            CHECK(opening.decrypt(sealed, {1, "metadata"}) == frame);
            sealed = sealing.encrypt(frame);
            sealed.back() ^= 1;
            CHECK_THROWS(opening.decrypt(sealed), MEDIASEAL_ERR_AUTHENTICATION_FAILED);
        }
        // A joiner brings the cipher along.
        channel_store store;
        channel_options options{"standup"};
        options.clock = true;
        const channel joined(store, options);
        store.tick(now);
        const epoch_secret secret_of_2 = alice.channel.epoch_secret(2, 0);
        CHECK_THROWS(joined.join(secret_of_2), MEDIASEAL_ERR_UNSUPPORTED_SUITE);
        joined.join(secret_of_2, &custom);
        decryptor joiner(joined, {{"alice", media::video}});
        CHECK(same(joiner.decrypt(sealing.encrypt("later")), std::string("later")));
    }
    CHECK(chacha20_poly1305::alive == 0);
}

// A key that works until it is told to fail, by a status or by throwing.
class failing_key final : public custom_cipher_key {
public:
    failing_key(bytes_view key, const std::atomic<bool>& fails, bool throws) : inner_(key), fails_(fails), throws_(throws) {}

    mediaseal_status seal(bytes_view nonce, bytes_view aad, mutable_bytes data, mutable_bytes tag) const override {
        if (fails_) return fail();
        return inner_.seal(nonce, aad, data, tag);
    }
    mediaseal_status open(bytes_view nonce, bytes_view aad, mutable_bytes data, bytes_view tag) const override {
        if (fails_) {
            // Plaintext is there already when it fails.
            static_cast<void>(inner_.open(nonce, aad, data, tag));
            return fail();
        }
        return inner_.open(nonce, aad, data, tag);
    }

private:
    mediaseal_status fail() const {
        if (throws_) throw std::runtime_error("from a cipher");
        return MEDIASEAL_ERR_CIPHER_FAILED;
    }

    chacha20_poly1305::key_object inner_;
    const std::atomic<bool>& fails_;
    bool throws_;
};

class failing_cipher : public chacha20_poly1305::cipher {
public:
    failing_cipher(const std::atomic<bool>& fails, bool throws) : fails_(fails), throws_(throws) {}
    std::unique_ptr<custom_cipher_key> new_key(bytes_view key) const override {
        if (fails_ && throws_) throw 42;
        if (fails_) return nullptr;
        return std::make_unique<failing_key>(key, fails_, throws_);
    }

private:
    const std::atomic<bool>& fails_;
    bool throws_;
};

void a_cipher_that_fails_or_throws_fails_its_own_frames_alone() {
    for (const bool throws : {false, true}) {
        std::atomic<bool> fails{false};
        const cipher custom = cipher::register_custom(std::make_unique<failing_cipher>(fails, throws));
        const key base = key::generate(), other = key::generate();
        const key_store sending(custom), receiving(custom);
        receiving.add_receive(base, 0, "alice");
        sending.add_send(base, 0);
        sending.activate(0);
        encryptor sealing(sending);
        decryptor opening(receiving);
        const octets frame = pattern(300, 3);
        const octets before = sealing.encrypt(frame), lost = sealing.encrypt(frame);
        CHECK(opening.decrypt(before) == frame);

        fails = true;
        octets out(frame.size() + 64, 0xEE);
        std::size_t len = 0;
        CHECK_STATUS(sealing.try_encrypt(frame, out, len), MEDIASEAL_ERR_CIPHER_FAILED);
        CHECK(len == 0 && !shows(out, frame));
        octets in_place(MEDIASEAL_HEADROOM + frame.size() + MEDIASEAL_TAILROOM);
        std::copy(frame.begin(), frame.end(), in_place.begin() + MEDIASEAL_HEADROOM);
        range where;
        CHECK_STATUS(sealing.try_encrypt_in_place(in_place, {MEDIASEAL_HEADROOM, frame.size()}, where), MEDIASEAL_ERR_CIPHER_FAILED);
        CHECK(!shows(in_place, frame));
        out.assign(out.size(), 0xEE);
        CHECK(opening.try_decrypt(lost, out, len) != MEDIASEAL_OK);
        CHECK(len == 0 && !shows(out, frame));
        CHECK_THROWS(receiving.add_receive(other, 1, "alice"), MEDIASEAL_ERR_CIPHER_FAILED);

        fails = false;
        const octets after = sealing.encrypt(frame);
        CHECK(opening.decrypt(after) == frame);
    }
    CHECK(chacha20_poly1305::alive == 0);
}

// What must never carry media: each octet XOR 0x55, and a tag that is always the same.
class xor_key final : public custom_cipher_key {
    mediaseal_status seal(bytes_view, bytes_view, mutable_bytes data, mutable_bytes tag) const override {
        for (std::uint8_t& octet : data) octet ^= 0x55;
        std::fill(tag.begin(), tag.end(), std::uint8_t{0x55});
        return MEDIASEAL_OK;
    }
    mediaseal_status open(bytes_view nonce, bytes_view aad, mutable_bytes data, bytes_view) const override {
        octets tag(16);
        return seal(nonce, aad, data, tag);
    }
};

class xor_cipher final : public chacha20_poly1305::cipher {
    std::vector<known_answer> known_answers() const override {
        static const octets zeros(32), plain{0, 1, 2}, sealed{0x55, 0x54, 0x57}, tag(16, 0x55);
        return {{zeros, {zeros.data(), 12}, {}, plain, sealed, tag}};
    }
    std::unique_ptr<custom_cipher_key> new_key(bytes_view) const override { return std::make_unique<xor_key>(); }
};

// Ignores what it is given as a nonce.
class nonce_blind_key final : public custom_cipher_key {
public:
    explicit nonce_blind_key(bytes_view key) : inner_(key) {}
    mediaseal_status seal(bytes_view, bytes_view aad, mutable_bytes data, mutable_bytes tag) const override {
        return inner_.seal(chacha20_poly1305::rfc_nonce, aad, data, tag);
    }
    mediaseal_status open(bytes_view, bytes_view aad, mutable_bytes data, bytes_view tag) const override {
        return inner_.open(chacha20_poly1305::rfc_nonce, aad, data, tag);
    }

private:
    chacha20_poly1305::key_object inner_;
};

class nonce_blind_cipher final : public chacha20_poly1305::cipher {
    std::unique_ptr<custom_cipher_key> new_key(bytes_view key) const override { return std::make_unique<nonce_blind_key>(key); }
};

// Has answers of another length, or none, or throws in place of answering.
class badly_described_cipher final : public chacha20_poly1305::cipher {
public:
    explicit badly_described_cipher(int fault) : fault_(fault) {}
    cipher_params params() const override {
        cipher_params params = chacha20_poly1305::cipher::params();
        if (fault_ == 3) params.suite = suite::aes_128_gcm_sha256_128;
        if (fault_ == 4) params.nonce_len = 33;
        if (fault_ == 5) params.hash = static_cast<hash>(77);
        if (fault_ == 6) params.tag_len = 15;
        return params;
    }
    std::vector<known_answer> known_answers() const override {
        if (fault_ == 0) return {};
        if (fault_ == 2) throw std::runtime_error("from a cipher");
        std::vector<known_answer> answers = chacha20_poly1305::cipher::known_answers();
        if (fault_ == 1) answers[0].key = {chacha20_poly1305::rfc_key.data(), 31};
        return answers;
    }

private:
    int fault_;
};

template <class Cipher, class... Arguments>
std::string refused(Arguments... arguments) {
    try {
        static_cast<void>(cipher::register_custom(std::make_unique<Cipher>(arguments...)));
        return "accepted";
    } catch (const cipher_refused& error) {
        const std::string what = error.what();
        CHECK(what.find(error.property()) != std::string::npos && what.find(error.text()) != std::string::npos);
        CHECK(error.status() == MEDIASEAL_ERR_CIPHER_REFUSED && error.status_class() == status_class::fix_the_call);
        return error.property();
    } catch (const error& error) {
        return error.name();
    }
}

void faulty_ciphers_are_refused_by_name() {
    CHECK(refused<xor_cipher>() == "DataDependsOnNonce");
    CHECK(refused<nonce_blind_cipher>() == "DataDependsOnNonce");
    CHECK(refused<badly_described_cipher>(0) == "HasKnownAnswer");
    CHECK(refused<badly_described_cipher>(1) == "HasKnownAnswer");
    CHECK(refused<badly_described_cipher>(2) == "MEDIASEAL_ERR_CIPHER_FAILED");
    CHECK(refused<badly_described_cipher>(3) == "SuiteIsPrivate");
    CHECK(refused<badly_described_cipher>(4) == "ParamsInRange");
    CHECK(refused<badly_described_cipher>(5) == "MEDIASEAL_ERR_UNKNOWN_VALUE");
    CHECK(refused<badly_described_cipher>(6) == "HasKnownAnswer");
    CHECK(refused<chacha20_poly1305::cipher>() == "accepted");

    // What was refused stays its owner's.
    std::unique_ptr<custom_cipher> faulty = std::make_unique<xor_cipher>();
    cipher none(nullptr);
    refusal why;
    CHECK_STATUS(cipher::try_register_custom(faulty, none, &why), MEDIASEAL_ERR_CIPHER_REFUSED);
    CHECK(faulty != nullptr && !none && std::string(why.property) == "DataDependsOnNonce" && why.text != nullptr);
    faulty.reset();
    CHECK_STATUS(cipher::try_register_custom(faulty, none, &why), MEDIASEAL_ERR_NULL_POINTER);
    CHECK(why.property == nullptr);
    CHECK(chacha20_poly1305::alive == 0);
    CHECK_THROWS(cipher::load("/no/such/library.so"), MEDIASEAL_ERR_CIPHER_LIBRARY);
    CHECK_THROWS(none.describe(), MEDIASEAL_ERR_NULL_POINTER);
}

}  // namespace

int main() {
    the_rfc_vector_comes_out();
    a_channel_runs_on_a_cipher_of_ones_own();
    a_cipher_that_fails_or_throws_fails_its_own_frames_alone();
    faulty_ciphers_are_refused_by_name();
    return finish("custom_cipher");
}
