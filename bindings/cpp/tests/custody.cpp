// Keys in custody through C++: over a file, over a class of the application, over a keychain. The argument is a folder that is not there yet.

#include <mediaseal/custody.hpp>

#include "chacha20_poly1305.hpp"
#include "check.hpp"

#include <atomic>
#include <chrono>
#include <filesystem>
#include <map>
#include <mutex>
#include <random>
#include <stdexcept>

using namespace mediaseal;

namespace {

template <class T>
constexpr bool moves_and_does_not_copy = std::is_nothrow_move_constructible_v<T> && std::is_nothrow_move_assignable_v<T> &&
                                         !std::is_copy_constructible_v<T> && !std::is_copy_assignable_v<T>;

static_assert(moves_and_does_not_copy<key_provider> && moves_and_does_not_copy<custody>);
static_assert(moves_and_does_not_copy<data_key> && moves_and_does_not_copy<new_data_key> && moves_and_does_not_copy<secret_buffer>);

constexpr const char* cheap = "$argon2id$v=19$m=8,t=1,p=1$AAECAwQFBgcICQoLDA0ODw";
constexpr const char* cheap_too = "$argon2id$v=19$m=8,t=2,p=1$DwECAwQFBgcICQoLDA0ODw";
constexpr std::uint64_t micros = 1'000'000;

std::filesystem::path folder;

std::string in_folder(const char* name) { return (folder / name).string(); }

// A counter that functions of the application hold, so that it is seen when they end.
struct token {
    explicit token(std::atomic<int>& count) : count_(count) { ++count_; }
    ~token() { --count_; }
    token(const token&) = delete;
    token& operator=(const token&) = delete;

private:
    std::atomic<int>& count_;
};

// A provider as an application may write one: KEKs in its memory, ChaCha20-Poly1305 over them.
class own_provider final : public custom_key_provider {
public:
    enum class mood { well, away, throws, describes_badly };

    explicit own_provider(std::atomic<int>& alive, std::atomic<mood>& how) : alive_(alive), how_(how) {}
    ~own_provider() override {
        for (auto& known : keks_) wipe(known.second);
    }

    provider_description describe() const override {
        if (how_ == mood::describes_badly) throw std::runtime_error("cannot say");
        return {"own", "rack 3", "eu-west-1", protection::software, true};
    }

    mediaseal_status create_kek(const kek_spec& spec) override {
        if (const mediaseal_status trouble = in_trouble()) return trouble;
        if (spec.tenant != "acme" || spec.version == 0) return MEDIASEAL_ERR_VAULT_ARGUMENT;
        const std::lock_guard<std::mutex> lock(mutex_);
        const auto name = std::make_pair(std::string(spec.id), spec.version);
        if (gone_.count(name) != 0 || keks_.count(name) != 0) return MEDIASEAL_ERR_KEY_EXISTS;
        random(keks_[name]);
        return MEDIASEAL_OK;
    }

    mediaseal_status wrap(std::string_view kek_id, std::uint32_t kek_version, bytes_view dek, bytes_view context, mutable_bytes out,
                          std::size_t& out_len) override {
        if (const mediaseal_status trouble = in_trouble()) return trouble;
        const std::lock_guard<std::mutex> lock(mutex_);
        const auto kek = keks_.find({std::string(kek_id), kek_version});
        if (kek == keks_.end()) return MEDIASEAL_ERR_KEY_NOT_FOUND;
        if (out.size() < 12 + dek.size() + 16) return MEDIASEAL_ERR_BUFFER_TOO_SMALL;
        std::array<std::uint8_t, 12> nonce{};
        random(nonce);
        std::copy(nonce.begin(), nonce.end(), out.begin());
        std::copy(dek.begin(), dek.end(), out.begin() + 12);
        const chacha20_poly1305::key_object sealing(kek->second);
        out_len = 12 + dek.size() + 16;
        return sealing.seal(nonce, context, {out.data() + 12, dek.size()}, {out.data() + 12 + dek.size(), 16});
    }

    mediaseal_status unwrap(std::string_view kek_id, std::uint32_t kek_version, bytes_view wrapped, bytes_view context, mutable_bytes out_dek) override {
        if (const mediaseal_status trouble = in_trouble()) return trouble;
        const std::lock_guard<std::mutex> lock(mutex_);
        const auto name = std::make_pair(std::string(kek_id), kek_version);
        if (gone_.count(name) != 0) return MEDIASEAL_ERR_KEY_DESTROYED;
        const auto kek = keks_.find(name);
        if (kek == keks_.end()) return MEDIASEAL_ERR_KEY_NOT_FOUND;
        if (wrapped.size() != 12 + out_dek.size() + 16) return MEDIASEAL_ERR_WRAPPED_KEY;
        std::array<std::uint8_t, MEDIASEAL_DEK_LEN> opened{};
        std::copy(wrapped.begin() + 12, wrapped.begin() + 12 + opened.size(), opened.begin());
        const chacha20_poly1305::key_object opening(kek->second);
        const mediaseal_status status = opening.open({wrapped.data(), 12}, context, opened, {wrapped.data() + 12 + opened.size(), 16});
        if (status == MEDIASEAL_OK) std::copy(opened.begin(), opened.end(), out_dek.begin());
        wipe(opened);
        return status == MEDIASEAL_OK ? MEDIASEAL_OK : MEDIASEAL_ERR_WRAPPED_KEY;
    }

    mediaseal_status destroy_kek(std::string_view kek_id, std::uint32_t kek_version, std::uint64_t&) override {
        if (const mediaseal_status trouble = in_trouble()) return trouble;
        const std::lock_guard<std::mutex> lock(mutex_);
        const auto name = std::make_pair(std::string(kek_id), kek_version);
        const auto kek = keks_.find(name);
        if (kek != keks_.end()) {
            wipe(kek->second);
            keks_.erase(kek);
        }
        gone_[name] = true;
        return MEDIASEAL_OK;
    }

private:
    using name = std::pair<std::string, std::uint32_t>;

    mediaseal_status in_trouble() const {
        if (how_ == mood::throws) throw std::runtime_error("out of order");
        return how_ == mood::away ? MEDIASEAL_ERR_PROVIDER_UNAVAILABLE : MEDIASEAL_OK;
    }

    template <std::size_t N>
    static void random(std::array<std::uint8_t, N>& out) {
        std::random_device device;
        for (std::uint8_t& octet : out) octet = static_cast<std::uint8_t>(device());
    }

    token alive_;
    std::atomic<mood>& how_;
    std::mutex mutex_;
    std::map<name, std::array<std::uint8_t, 32>> keks_;
    std::map<name, bool> gone_;
};

// What a custody is opened with here: a clock that stands, a log that counts, and who decides.
struct desk {
    std::atomic<int> held{0};
    std::atomic<std::uint64_t> time{now * micros};
    std::atomic<int> asked{0}, written{0}, refused{0};
    std::atomic<bool> log_is_full{false}, log_throws{false}, decider_throws{false};
    action never = static_cast<action>(0);

    custody_options options(std::vector<const key_provider*> providers) {
        custody_options options;
        options.providers = std::move(providers);
        const auto held_by = std::make_shared<token>(held);
        options.authorize = [this, held_by](const access_request& request) {
            ++asked;
            if (decider_throws) throw std::runtime_error("no decision");
            if (request.principal != "ada" || request.hour != (time / micros / 3600) % 24) return false;
            if (request.attributes.size() > 0 && std::string_view(request.attributes.begin()->value) != "4711") return false;
            return request.what != never && !request.resource.empty();
        };
        options.audit = [this, held_by](const audit_event& event) {
            if (log_throws) throw std::runtime_error("no log");
            if (log_is_full || event.unix_micros != time || event.actor.empty() || event.action.empty()) return false;
            ++written;
            if (event.outcome == outcome::refused) ++refused;
            return true;
        };
        options.clock = [this, held_by] { return time.load(); };
        return options;
    }
};

const key_access ada{"ada"};

new_kek wanted(const char* purpose = "patients") {
    new_kek kek;
    kek.tenant = "acme";
    kek.region = "eu";
    kek.purpose = purpose;
    return kek;
}

secret_source passphrase_is(const char* passphrase) {
    return [passphrase](secret_kind kind, std::string_view url, mutable_bytes out) -> std::optional<std::size_t> {
        if (kind != secret_kind::passphrase || url.substr(0, 5) != "file:") return std::nullopt;
        const std::string_view text = passphrase;
        if (text.empty()) throw std::runtime_error("nobody knows");
        std::copy(text.begin(), text.end(), out.begin());
        return text.size();
    };
}

// The whole life of a key over one provider.
void keys_live_and_die(const char* store, const key_provider& provider) {
    desk desk;
    const std::string path = in_folder(store);
    CHECK_THROWS(custody::open(path.c_str(), desk.options({&provider})), MEDIASEAL_ERR_KEY_NOT_FOUND);
    CHECK(desk.held == 0);
    {
        const custody keys = custody::create(path.c_str(), desk.options({&provider}));
        CHECK(desk.held == 1);
        CHECK_THROWS(keys.create_kek({"eve"}, wanted()), MEDIASEAL_ERR_NOT_AUTHORIZED);
        CHECK(desk.refused == 1);
        const kek first = keys.create_kek(ada, wanted());
        CHECK(first.version == 1);
        CHECK_THROWS(keys.create_kek(ada, wanted()), MEDIASEAL_ERR_VAULT_ARGUMENT);

        // Data keys: of the store, and of the caller.
        const new_data_key made = keys.new_dek(ada, first.id);
        const data_key opened = keys.open_dek(ada, made.id);
        CHECK(same(opened, made.key) && !is_zero(made.key));
        const wrap_context context{"recording 7", "eu"};
        const octets wrapped = keys.wrap(ada, first.id, made.key, context);
        CHECK(!shows(wrapped, made.key));
        const data_key unwrapped = keys.unwrap(ada, wrapped, context);
        CHECK(same(unwrapped, made.key));
        CHECK_THROWS(keys.unwrap(ada, wrapped, {"recording 8", "eu"}), MEDIASEAL_ERR_WRAPPED_KEY);
        CHECK_THROWS(keys.wrap(ada, first.id, pattern(31, 1), context), MEDIASEAL_ERR_KEY_LENGTH);
        data_key nothing = data_key::from_octets(pattern(32, 1));
        CHECK_STATUS(keys.try_unwrap(ada, {}, context, nothing), MEDIASEAL_ERR_WRAPPED_KEY_FORM);
        CHECK(nothing.empty());

        // Records, each at its place.
        const record_place place{"patients", "diagnosis", "42"}, elsewhere{"patients", "diagnosis", "43"};
        const octets record = keys.seal_record(ada, made.id, place, "healthy");
        CHECK(record.size() == 7 + MEDIASEAL_RECORD_OVERHEAD && !shows(record, "healthy", 7));
        const secret_buffer plain = keys.open_record(ada, place, record);
        CHECK(plain.octets().text() == "healthy");
        CHECK_THROWS(keys.open_record(ada, elsewhere, record), MEDIASEAL_ERR_WRAPPED_KEY);
        CHECK_THROWS(keys.open_record(ada, place, octets(3)), MEDIASEAL_ERR_VAULT_ARGUMENT);
        const octets empty = keys.seal_record(ada, made.id, place, {});
        const secret_buffer none = keys.open_record(ada, place, empty);
        CHECK(none.octets().empty());

        // Who decides, and the log: without either nothing is done, whatever they throw.
        desk.never = action::unwrap;
        CHECK_THROWS(keys.open_dek(ada, made.id), MEDIASEAL_ERR_NOT_AUTHORIZED);
        desk.never = static_cast<action>(0);
        desk.decider_throws = true;
        CHECK_THROWS(keys.open_dek(ada, made.id), MEDIASEAL_ERR_NOT_AUTHORIZED);
        desk.decider_throws = false;
        desk.log_is_full = true;
        CHECK_THROWS(keys.open_dek(ada, made.id), MEDIASEAL_ERR_AUDIT);
        desk.log_is_full = false;
        desk.log_throws = true;
        CHECK_THROWS(keys.open_dek(ada, made.id), MEDIASEAL_ERR_AUDIT);
        desk.log_throws = false;
        const std::array<attribute, 1> ticket{{{"ticket", "4711"}}}, other_ticket{{{"ticket", "4712"}}};
        key_access with_ticket = ada;
        with_ticket.attributes = ticket;
        with_ticket.mfa = true;
        CHECK(!keys.open_dek(with_ticket, made.id).empty());
        with_ticket.attributes = other_ticket;
        CHECK_THROWS(keys.open_dek(with_ticket, made.id), MEDIASEAL_ERR_NOT_AUTHORIZED);
        CHECK(keys.unrecorded() == 0);

        // Rotation; a sweep that is stopped by a listener, and by what it throws.
        const kek second = keys.rotate_kek(ada, first.id);
        CHECK(second.version == 2 && std::string(second.id) == first.id);
        CHECK_THROWS(keys.sweep(ada, first.id, 0), MEDIASEAL_ERR_VAULT_ARGUMENT);
        CHECK_THROWS(keys.sweep(ada, first.id, 10, [](const sweep_progress&) { return false; }), MEDIASEAL_ERR_STOPPED);
        keys.rotate_kek(ada, first.id);
        bool thrown = false;
        try {
            keys.sweep(ada, first.id, 10, [](const sweep_progress& progress) -> bool { throw progress.total; });
        } catch (const std::uint64_t total) {
            thrown = total == 1;
        }
        CHECK(thrown);
        keys.rotate_kek(ada, first.id);
        int batches = 0;
        const sweep_progress swept = keys.sweep(ada, first.id, 10, [&](const sweep_progress&) { return ++batches > 0; });
        CHECK(swept.done == 1 && swept.failed == 0 && batches == 1);
        const octets rewrapped = keys.rewrap(ada, wrapped, context);
        const data_key again = keys.unwrap(ada, rewrapped, context);
        CHECK(same(again, made.key));
        const std::vector<kek_info> listed = keys.list_keks(ada);
        CHECK(listed.size() == 4 && listed[0].version == 4 && listed[0].key_state() == key_state::active && listed[0].deks == 1);
        CHECK(keys.describe_kek(ada, first.id, 1).key_state() == key_state::deactivated);
        CHECK_THROWS(keys.describe_kek(ada, "kek-none"), MEDIASEAL_ERR_KEY_NOT_FOUND);

        // States, their history, and the archive.
        desk.time += micros;
        keys.set_state(ada, first.id, 4, key_state::suspended, "lunch");
        CHECK_THROWS(keys.open_dek(ada, made.id), MEDIASEAL_ERR_KEY_STATE);
        keys.set_state(ada, first.id, 4, key_state::active, "back");
        CHECK_THROWS(keys.set_state(ada, first.id, 1, key_state::active, "no"), MEDIASEAL_ERR_KEY_TRANSITION);
        keys.archive_kek(ada, first.id, 1, "old");
        CHECK(keys.describe_kek(ada, first.id, 1).is_archived());
        keys.restore_kek(ada, first.id, 1, "needed");
        const std::vector<kek_change> history = keys.history(ada, first.id, 1);
        CHECK(history.size() >= 4 && history.back().kind == key_change::restored && history.back().reason == "needed");
        CHECK(history.back().actor == "ada" && history.back().unix_micros == (now + 1) * micros);
        CHECK(history[history.size() - 2].kind == key_change::archived && history[history.size() - 3].state == key_state::deactivated);
        CHECK_THROWS(keys.history(ada, first.id, 9), MEDIASEAL_ERR_KEY_NOT_FOUND);

        // Destruction: of a version, of a data key, and of one that no backup brings back.
        CHECK_THROWS(keys.tombstone(ada, first.id, 1), MEDIASEAL_ERR_KEY_NOT_FOUND);
        const tombstone left = keys.destroy_kek(ada, first.id, 1, destroy_mode::effective, survivors::must_be_none, "over");
        CHECK(left.unix_micros == desk.time && left.gone_unix_micros == desk.time);
        CHECK(keys.tombstone(ada, first.id, 1).unix_micros == left.unix_micros);
        const new_data_key kept = keys.new_dek(ada, first.id), logical = keys.new_dek(ada, first.id);
        keys.destroy_dek(ada, logical.id, "over");
        CHECK_THROWS(keys.open_dek(ada, logical.id), MEDIASEAL_ERR_KEY_DESTROYED);
        const std::array<data_key_id, 1> victims{made.id}, nobody{};
        CHECK_THROWS(keys.shred(ada, first.id, nobody, "asked to"), MEDIASEAL_ERR_KEY_NOT_FOUND);
        CHECK(keys.shred(ada, first.id, victims, "asked to") == 3);
        CHECK_THROWS(keys.open_dek(ada, made.id), MEDIASEAL_ERR_KEY_DESTROYED);
        const data_key survivor = keys.open_dek(ada, kept.id);
        CHECK(same(survivor, kept.key));
        CHECK_THROWS(keys.unwrap(ada, rewrapped, context), MEDIASEAL_ERR_KEY_DESTROYED);
        const verified whole = keys.verify(ada);
        CHECK(whole.keks == 5 && whole.deks == 1 && whole.tombstones == 6);
        CHECK(keys.tick().failed == 0);
        CHECK(desk.asked > 0 && desk.written > 0 && desk.held == 1);
    }
    CHECK(desk.held == 0);
    custody later = custody::open(path.c_str(), desk.options({&provider}));
    CHECK(later.list_keks(ada).size() == 5);
    later.close();
    CHECK_THROWS(later.list_keks(ada), MEDIASEAL_ERR_CLOSED);
}

void options_say_once_who_decides(const key_provider& provider) {
    desk desk;
    const std::string path = in_folder("options.db");
    custody_options options = desk.options({&provider});
    options.everybody = true;
    CHECK_THROWS(custody::create(path.c_str(), options), MEDIASEAL_ERR_VAULT_ARGUMENT);
    options = desk.options({&provider});
    options.audit = nullptr;
    CHECK_THROWS(custody::create(path.c_str(), options), MEDIASEAL_ERR_NULL_POINTER);
    options = desk.options({});
    CHECK_THROWS(custody::create(path.c_str(), options), MEDIASEAL_ERR_VAULT_ARGUMENT);
    options = desk.options({nullptr});
    CHECK_THROWS(custody::create(path.c_str(), options), MEDIASEAL_ERR_NULL_POINTER);
    const key_provider none(nullptr);
    options = desk.options({&none});
    CHECK_THROWS(custody::create(path.c_str(), options), MEDIASEAL_ERR_NULL_POINTER);

    options = desk.options({&provider});
    options.authorize = nullptr;
    options.roles = {{"kim", role::key_admin}, {"rec", role::recorder, "acme"}};
    options.pinned_region = "eu";
    options.clock = nullptr;  // the system's
    options.audit = [](const audit_event& event) { return event.unix_micros > now * micros / 2; };
    const custody keys = custody::create(path.c_str(), options);
    CHECK_THROWS(keys.create_kek({"rec"}, wanted()), MEDIASEAL_ERR_NOT_AUTHORIZED);
    const kek made = keys.create_kek({"kim"}, wanted());
    new_kek far = wanted();
    far.region = "us-east-1";
    CHECK_THROWS(keys.create_kek({"kim"}, far), MEDIASEAL_ERR_REGION_FORBIDDEN);
    CHECK_THROWS(keys.new_dek({"kim"}, made.id), MEDIASEAL_ERR_NOT_AUTHORIZED);
    const new_data_key sealed_with = keys.new_dek({"rec"}, made.id);
    CHECK_THROWS(keys.open_dek({"rec"}, sealed_with.id), MEDIASEAL_ERR_NOT_AUTHORIZED);
}

key_provider file_provider() {
    const std::string path = in_folder("keks.db"), url = "file:" + path;
    CHECK_THROWS(key_provider::create_file(path.c_str(), nullptr, "correct horse", "x"), MEDIASEAL_ERR_PASSPHRASE_PARAMS);
    key_provider made = key_provider::create_file(path.c_str(), "eu-north-1", "correct horse", cheap);
    CHECK_THROWS(key_provider::create_file(path.c_str(), nullptr, "correct horse", cheap), MEDIASEAL_ERR_VAULT_ARGUMENT);
    CHECK_THROWS(key_provider::open(url.c_str()), MEDIASEAL_ERR_PROVIDER_ACCESS);
    CHECK_THROWS(key_provider::open(url.c_str(), passphrase_is("wrong")), MEDIASEAL_ERR_PROVIDER_ACCESS);
    CHECK_THROWS(key_provider::open(url.c_str(), passphrase_is("")), MEDIASEAL_ERR_PROVIDER_ACCESS);
    CHECK_THROWS(key_provider::open("gopher:x", passphrase_is("correct horse")), MEDIASEAL_ERR_VAULT_ARGUMENT);
    CHECK_THROWS(made.change_passphrase("wrong", "a staple", cheap_too), MEDIASEAL_ERR_PROVIDER_ACCESS);
    made.change_passphrase("correct horse", "a staple", cheap_too);
    CHECK_THROWS(key_provider::open(url.c_str(), passphrase_is("correct horse")), MEDIASEAL_ERR_PROVIDER_ACCESS);
    key_provider opened = key_provider::open(url.c_str(), passphrase_is("a staple"));
    opened.verify();
    CHECK_THROWS(opened.rotate_master(), MEDIASEAL_ERR_PROVIDER_UNSUPPORTED);
    CHECK_THROWS(key_provider::open_pkcs11("/none.so", "pkcs11:token=x", passphrase_is("1234")), MEDIASEAL_ERR_PROVIDER_FAILED);
    const provider_info info = opened.describe();
    CHECK(std::string(info.scheme) == "file" && std::string(info.region) == "eu-north-1" && info.is_exportable());
    return opened;
}

void a_provider_of_the_application_does_as_well(const key_provider& file) {
    std::atomic<int> alive{0};
    std::atomic<own_provider::mood> how{own_provider::mood::describes_badly};
    CHECK_THROWS(key_provider::from_custom(std::make_unique<own_provider>(alive, how)), MEDIASEAL_ERR_PROVIDER_FAILED);
    CHECK_THROWS(key_provider::from_custom(nullptr), MEDIASEAL_ERR_NULL_POINTER);
    CHECK(alive == 0);
    how = own_provider::mood::well;
    std::unique_ptr<custom_key_provider> given = std::make_unique<own_provider>(alive, how);
    key_provider own(nullptr);
    CHECK_OK(key_provider::try_from_custom(given, own));
    CHECK(given == nullptr && alive == 1);
    CHECK(std::string(own.describe().scheme) == "own" && own.describe().is_exportable());
    CHECK_THROWS(own.verify(), MEDIASEAL_ERR_PROVIDER_UNSUPPORTED);
    keys_live_and_die("own.db", own);

    // What it throws goes no further, and nothing is lost by it.
    desk desk;
    const custody keys = custody::create(in_folder("moods.db").c_str(), desk.options({&own, &file}));
    const kek made = keys.create_kek(ada, wanted());
    const new_data_key dek = keys.new_dek(ada, made.id);
    how = own_provider::mood::throws;
    CHECK_THROWS(keys.open_dek(ada, dek.id), MEDIASEAL_ERR_PROVIDER_FAILED);
    CHECK_THROWS(keys.new_dek(ada, made.id), MEDIASEAL_ERR_PROVIDER_FAILED);
    CHECK_THROWS(keys.create_kek(ada, wanted("notes")), MEDIASEAL_ERR_PROVIDER_FAILED);
    how = own_provider::mood::away;
    CHECK_THROWS(keys.open_dek(ada, dek.id), MEDIASEAL_ERR_PROVIDER_UNAVAILABLE);
    how = own_provider::mood::well;
    own.close();
    CHECK_THROWS(own.describe(), MEDIASEAL_ERR_CLOSED);
    const data_key opened = keys.open_dek(ada, dek.id);
    CHECK(same(opened, dek.key));

    // From one to the other.
    const provider_info to = file.describe();
    const kek moved = keys.move_kek(ada, made.id, to.scheme, to.id);
    CHECK(moved.version == 2 && keys.sweep(ada, made.id).done == 1);
    how = own_provider::mood::away;
    const data_key at_the_other = keys.open_dek(ada, dek.id);
    CHECK(same(at_the_other, dek.key) && alive == 1);
}

// A keychain in memory.
class own_keychain final : public custom_keychain {
public:
    struct shelf {
        std::map<std::pair<std::string, std::string>, octets> entries;
        std::atomic<int> alive{0};
        bool throws = false;
    };

    explicit own_keychain(shelf& shelf) : shelf_(shelf), alive_(shelf.alive) {}

    mediaseal_status get(std::string_view service, std::string_view user, mutable_bytes out, std::size_t& out_len) override {
        if (shelf_.throws) throw std::runtime_error("no keychain");
        const auto entry = shelf_.entries.find({std::string(service), std::string(user)});
        if (entry == shelf_.entries.end()) return MEDIASEAL_ERR_KEY_NOT_FOUND;
        std::copy(entry->second.begin(), entry->second.end(), out.begin());
        out_len = entry->second.size();
        return MEDIASEAL_OK;
    }
    mediaseal_status set(std::string_view service, std::string_view user, bytes_view secret) override {
        shelf_.entries[{std::string(service), std::string(user)}] = octets(secret.begin(), secret.end());
        return MEDIASEAL_OK;
    }
    mediaseal_status remove(std::string_view service, std::string_view user) override {
        return shelf_.entries.erase({std::string(service), std::string(user)}) == 1 ? MEDIASEAL_OK : MEDIASEAL_ERR_KEY_NOT_FOUND;
    }

private:
    shelf& shelf_;
    token alive_;
};

void a_master_key_may_be_in_a_keychain() {
    own_keychain::shelf shelf;
    const std::string url = "keychain:" + in_folder("chain.db") + "?service=app&user=ada";
    const auto keychain = [&] { return std::make_unique<own_keychain>(shelf); };
    CHECK_THROWS(key_provider::open_keychain(url.c_str(), keychain()), MEDIASEAL_ERR_PROVIDER_ACCESS);
    shelf.throws = true;
    CHECK_THROWS(key_provider::create_keychain(url.c_str(), keychain()), MEDIASEAL_ERR_PROVIDER_FAILED);
    CHECK_THROWS(key_provider::create_keychain(url.c_str(), nullptr), MEDIASEAL_ERR_NULL_POINTER);
    shelf.throws = false;
    CHECK(shelf.alive == 0 && shelf.entries.empty());
    desk desk;
    data_key_id id{};
    octets key;
    {
        const key_provider provider = key_provider::create_keychain(url.c_str(), keychain());
        CHECK(shelf.alive == 1 && shelf.entries.size() == 1);
        const custody keys = custody::create(in_folder("chained.db").c_str(), desk.options({&provider}));
        const new_data_key made = keys.new_dek(ada, keys.create_kek(ada, wanted()).id);
        id = made.id;
        key.assign(made.key.octets().begin(), made.key.octets().end());
        const auto before = shelf.entries;
        provider.rotate_master();
        CHECK(shelf.entries.size() == 1 && shelf.entries != before);
    }
    CHECK(shelf.alive == 0);
    const key_provider provider = key_provider::open_keychain(url.c_str(), keychain());
    const custody keys = custody::open(in_folder("chained.db").c_str(), desk.options({&provider}));
    const data_key opened = keys.open_dek(ada, id);
    CHECK(same(opened, key));
}

}  // namespace

int main(int argc, char** argv) {
    CHECK(argc == 2);
    if (argc != 2) return finish("custody");
    folder = argv[1];
    CHECK(std::filesystem::create_directory(folder));
    const key_provider file = file_provider();
    keys_live_and_die("file.db", file);
    options_say_once_who_decides(file);
    a_provider_of_the_application_does_as_well(file);
    a_master_key_may_be_in_a_keychain();
    return finish("custody");
}
