/// @file
/// Keys in custody: who holds key encryption keys, data keys under them, and who may use them. Header-only, over mediaseal.hpp, whose rules hold here too, and grants.hpp.
///
/// Of libraries with the feature `custody`: MEDIASEAL_CUSTODY is defined before mediaseal.h is included; MEDIASEAL_PKCS11 and MEDIASEAL_KEYCHAIN as well for those features. All units of a
/// program define the same.
///
///   mediaseal::key_provider keks = mediaseal::key_provider::open("file:/var/lib/app/keks.db", ask_for_passphrase);
///   mediaseal::custody_options options;
///   options.providers = {&keks};
///   options.authorize = [](const mediaseal::access_request& request) { return may(request.principal, request.what); };
///   options.audit = [](const mediaseal::audit_event& event) { return write_down(event); };
///   mediaseal::custody custody = mediaseal::custody::open("/var/lib/app/custody.db", options);
///
///   const mediaseal::key_access ada{"ada"};
///   mediaseal::new_data_key fresh = custody.new_dek(ada, kek.id);
///   mediaseal::data_key same = custody.open_dek(ada, fresh.id);

#ifndef MEDIASEAL_CUSTODY_HPP
#define MEDIASEAL_CUSTODY_HPP

#include <mediaseal/grants.hpp>

#if !defined(MEDIASEAL_CUSTODY)
#error "define MEDIASEAL_CUSTODY before mediaseal.h is included, and link a library with the feature custody"
#endif

namespace mediaseal {

// ==== Numbers ========================================================================================================

/// States of a key (NIST SP 800-57).
enum class key_state : std::uint32_t {
    pre_activation = MEDIASEAL_KEY_STATE_PRE_ACTIVATION,  ///< Made, not used yet.
    active = MEDIASEAL_KEY_STATE_ACTIVE,                  ///< Wraps and unwraps.
    suspended = MEDIASEAL_KEY_STATE_SUSPENDED,            ///< Wraps nothing; unwraps if custody says so. May become active again.
    deactivated = MEDIASEAL_KEY_STATE_DEACTIVATED,        ///< Wraps nothing more, unwraps what it wrapped.
    compromised = MEDIASEAL_KEY_STATE_COMPROMISED,        ///< May be known to others; unwraps for key_access::accept_compromised alone.
    destroyed = MEDIASEAL_KEY_STATE_DESTROYED,            ///< Gone; a tombstone is left.
};

/// What changed about a key.
enum class key_change : std::uint32_t {
    state = MEDIASEAL_CHANGE_STATE,        ///< It got another state.
    archived = MEDIASEAL_CHANGE_ARCHIVED,  ///< It went into the archive, in the state that it has.
    restored = MEDIASEAL_CHANGE_RESTORED,  ///< It came out of the archive.
};

/// Where keys are computed with.
enum class protection : std::uint32_t {
    software = MEDIASEAL_PROTECTION_SOFTWARE,  ///< This process computes with the keys.
    hardware = MEDIASEAL_PROTECTION_HARDWARE,  ///< A module computes with them, and they do not leave it.
    remote = MEDIASEAL_PROTECTION_REMOTE,      ///< A service elsewhere computes with them.
};

/// Secrets that a provider asks for.
enum class secret_kind : std::uint32_t {
    passphrase = MEDIASEAL_SECRET_PASSPHRASE,                ///< The passphrase of a `file:` store.
    pin = MEDIASEAL_SECRET_PIN,                              ///< The user PIN of a token.
    access_key_id = MEDIASEAL_SECRET_ACCESS_KEY_ID,          ///< The access key id of a service.
    secret_access_key = MEDIASEAL_SECRET_SECRET_ACCESS_KEY,  ///< The secret access key of a service.
    session_token = MEDIASEAL_SECRET_SESSION_TOKEN,          ///< The session token of temporary credentials; most have none.
};

/// What somebody asks to do.
enum class action : std::uint32_t {
    manage_kek = MEDIASEAL_ACTION_MANAGE_KEK,                  ///< Make a KEK, a new version of one, or move it to another provider.
    change_state = MEDIASEAL_ACTION_CHANGE_STATE,              ///< Change the state of a KEK, archive it, bring it back.
    destroy = MEDIASEAL_ACTION_DESTROY,                        ///< Destroy a KEK or DEK.
    rewrap = MEDIASEAL_ACTION_REWRAP,                          ///< Wrap keys anew under the current version of their KEK; none is handed out.
    wrap = MEDIASEAL_ACTION_WRAP,                              ///< Make a DEK, wrap one, seal a record.
    unwrap = MEDIASEAL_ACTION_UNWRAP,                          ///< Open a DEK or a record.
    unwrap_compromised = MEDIASEAL_ACTION_UNWRAP_COMPROMISED,  ///< Open a DEK or record whose KEK is compromised.
    inspect = MEDIASEAL_ACTION_INSPECT,                        ///< Look at states and counts; no key is handed out.
};

/// Roles that are built in. Those of key administration, audit and use do not go together.
enum class role : std::uint32_t {
    viewer = MEDIASEAL_ROLE_VIEWER,        ///< Opens.
    recorder = MEDIASEAL_ROLE_RECORDER,    ///< Makes DEKs, wraps and seals; opens nothing.
    key_admin = MEDIASEAL_ROLE_KEY_ADMIN,  ///< Makes, rotates, moves, suspends and destroys keys; opens and seals nothing.
    auditor = MEDIASEAL_ROLE_AUDITOR,      ///< Looks at states.
};

/// What became of what was asked.
enum class outcome : std::uint32_t {
    allowed = MEDIASEAL_OUTCOME_ALLOWED,  ///< It was allowed and is done next. Recorded before the deed; if that fails, nothing is done.
    done = MEDIASEAL_OUTCOME_DONE,        ///< It was done.
    refused = MEDIASEAL_OUTCOME_REFUSED,  ///< A policy, a state or the authorizer refused it.
    failed = MEDIASEAL_OUTCOME_FAILED,    ///< It was tried and failed.
};

/// Who enforces a state.
enum class enforced : std::uint32_t {
    by_provider = MEDIASEAL_ENFORCED_BY_PROVIDER,  ///< Custody, and the provider itself.
    by_custody = MEDIASEAL_ENFORCED_BY_CUSTODY,    ///< Custody alone: the provider keeps no states.
    later = MEDIASEAL_ENFORCED_LATER,              ///< Custody; the provider could not be told yet, and try_tick tries again.
};

/// How a KEK is destroyed.
enum class destroy_mode : std::uint32_t {
    logical = MEDIASEAL_DESTROY_LOGICAL,      ///< Custody says so. A backup of its store undoes it.
    effective = MEDIASEAL_DESTROY_EFFECTIVE,  ///< The provider destroys the key. What it alone wrapped is gone for good.
};

/// What becomes of DEKs of the store that a destroyed KEK wraps.
enum class survivors : std::uint32_t {
    must_be_none = MEDIASEAL_SURVIVORS_MUST_BE_NONE,  ///< There must be none, or nothing is destroyed.
    are_lost = MEDIASEAL_SURVIVORS_ARE_LOST,          ///< They are lost with it, which is the purpose.
};

// ==== What is told ===================================================================================================

/// What else is known of an access or event: a name and a value.
using attribute = mediaseal_attribute;

/// One version of a KEK: `id`, and `version` counted from 1.
struct kek : mediaseal_kek {
    kek() noexcept : mediaseal_kek MEDIASEAL_KEK_INIT {}
};

/// What is known of one version of a KEK, see mediaseal_kek_info.
struct kek_info : mediaseal_kek_info {
    kek_info() noexcept : mediaseal_kek_info MEDIASEAL_KEK_INFO_INIT {}
    /// Copies what the library told.
    explicit kek_info(const mediaseal_kek_info& told) noexcept : mediaseal_kek_info(told) {}
    /// Its state.
    mediaseal::key_state key_state() const noexcept { return static_cast<mediaseal::key_state>(state); }
    /// Whether it is in the archive and opens nothing.
    bool is_archived() const noexcept { return (flags & MEDIASEAL_KEK_ARCHIVED) != 0; }
};

/// One change of a KEK, as its history keeps it.
struct kek_change {
    key_change kind = key_change::state;            ///< What changed.
    key_state state = key_state::pre_activation;    ///< The state after it.
    std::uint64_t unix_micros = 0;                  ///< When, in microseconds since 1970.
    std::string actor;                              ///< Who did it.
    std::string reason;                             ///< Why.
};

/// What a provider says of itself, see mediaseal_provider_info.
struct provider_info : mediaseal_provider_info {
    provider_info() noexcept : mediaseal_provider_info MEDIASEAL_PROVIDER_INFO_INIT {}
    /// Whether a key can leave it in a form that others can use.
    bool is_exportable() const noexcept { return (flags & MEDIASEAL_PROVIDER_EXPORTABLE) != 0; }
};

/// What is left of a destroyed key, see mediaseal_tombstone.
struct tombstone : mediaseal_tombstone {
    tombstone() noexcept : mediaseal_tombstone MEDIASEAL_TOMBSTONE_INIT {}
};

/// What custody::try_tick did, see mediaseal_tick_report.
struct tick_report : mediaseal_tick_report {
    tick_report() noexcept : mediaseal_tick_report MEDIASEAL_TICK_REPORT_INIT {}
};

/// How far a sweep is, see mediaseal_sweep_progress.
struct sweep_progress : mediaseal_sweep_progress {
    sweep_progress() noexcept : mediaseal_sweep_progress MEDIASEAL_SWEEP_PROGRESS_INIT {}
    /// Copies what the library told.
    explicit sweep_progress(const mediaseal_sweep_progress& told) noexcept : mediaseal_sweep_progress(told) {}
};

/// What custody::try_verify found whole, see mediaseal_verified.
struct verified : mediaseal_verified {
    verified() noexcept : mediaseal_verified MEDIASEAL_VERIFIED_INIT {}
};

// ==== What is asked ==================================================================================================

/// Who asks, as the application found out; custody believes it. It views what it names.
struct key_access {
    const char* principal = nullptr;                 ///< The principal, of at most 255 octets.
    bool mfa = false;                                ///< He proved himself by more than one factor.
    bool accept_compromised = false;                 ///< Open keys under compromised KEKs too; the audit log says so.
    const char* address = nullptr;                   ///< Where he asks from; nullptr if not known.
    array_view<const attribute> attributes{};        ///< What else the authorizer shall see.
};

/// A KEK to be made, of which there is one for each tenant, region and purpose. It views what it names.
struct new_kek {
    const char* tenant = nullptr;                ///< Whose keys it wraps; nullptr for nobody's in particular.
    const char* region = nullptr;                ///< Where it may be used; nullptr where it is nowhere bound.
    const char* purpose = nullptr;               ///< What for, as the application calls it; nullptr for no purpose.
    std::uint64_t activates_unix_micros = 0;     ///< When it becomes active, in microseconds since 1970; 0 for now.
    bool activate_by_hand = false;               ///< It becomes active by custody::try_set_state.
    std::uint64_t cryptoperiod_seconds = 0;      ///< How many seconds each version wraps once it is active; 0 for without end.
    const char* provider_scheme = nullptr;       ///< Scheme of the provider that makes it; nullptr, with provider_id, for the first one.
    const char* provider_id = nullptr;           ///< Id of that provider.
};

/// What a wrapped key is bound to, beside its KEK. It views what it names.
struct wrap_context {
    bytes_view purpose{};          ///< What the key is for, as octets of the application, at most 65,535: the same when it is unwrapped.
    const char* region = nullptr;  ///< Where the key may be used; nullptr where it is nowhere bound.
};

/// Where a record stands: it opens nowhere else. It views what it names.
struct record_place {
    const char* table = nullptr;   ///< The table.
    const char* column = nullptr;  ///< The column.
    bytes_view row_id{};           ///< What tells the row from others.
};

/// Id of a data key in custody. No secret.
using data_key_id = std::array<std::uint8_t, MEDIASEAL_DEK_ID_LEN>;

/// A data key that was made.
struct new_data_key {
    data_key_id id{};  ///< By which it is opened again.
    data_key key{};    ///< The key.
};

/// Octets on the heap that are wiped at their end. They cannot be copied, compared or printed.
class secret_buffer {
public:
    /// No octets.
    secret_buffer() noexcept = default;
    /// Takes over; `other` is empty.
    secret_buffer(secret_buffer&& other) noexcept : octets_(std::exchange(other.octets_, {})) {}
    /// Wipes these octets and takes over; `other` is empty.
    secret_buffer& operator=(secret_buffer&& other) noexcept {
        if (this != &other) {
            wipe(octets_);
            octets_ = std::exchange(other.octets_, {});
        }
        return *this;
    }
    secret_buffer(const secret_buffer&) = delete;
    secret_buffer& operator=(const secret_buffer&) = delete;
    ~secret_buffer() { wipe(octets_); }

    /// The octets, as long as this lives and is not moved.
    bytes_view octets() const& noexcept { return octets_; }
    bytes_view octets() const&& = delete;

private:
    friend class custody;

    std::vector<std::uint8_t> octets_;
};

// ==== What an application brings =====================================================================================

/// Something that somebody asks for. It is viewed until the authorizer returns.
struct access_request {
    action what;                              ///< What.
    bool mfa;                                 ///< He proved himself by more than one factor.
    bool accept_compromised;                  ///< He opens keys under compromised KEKs too.
    std::uint32_t hour;                       ///< The hour of the day in UTC, 0 to 23.
    std::string_view principal;               ///< Who asks.
    std::string_view address;                 ///< Where from; empty if not known.
    std::string_view resource;                ///< Of what: `kek/ID/VERSION`, `dek/ID`, `record/TABLE/COLUMN`.
    std::string_view tenant;                  ///< Whose keys.
    std::string_view region;                  ///< Where they may be used.
    std::string_view purpose;                 ///< What they are for.
    array_view<const attribute> attributes;   ///< What else is known of who asks.
};

/// Something that happened to a key. It never holds octets of one. It is viewed until the audit sink returns.
struct audit_event {
    mediaseal::outcome outcome;              ///< What became of it.
    std::uint64_t unix_micros;               ///< When, in microseconds since 1970.
    std::string_view actor;                  ///< Who did it: the principal, or `system`.
    std::string_view action;                 ///< What: `kek.create`, `dek.unwrap` and the like.
    std::string_view resource;               ///< To what, as in access_request.
    std::string_view reason;                 ///< Why it was done or refused; may be empty.
    array_view<const attribute> attributes;  ///< What else is known: tenant, region, purpose, address, mfa.
};

/// Whether an action passes. Any threads, several at once. It must not call the library. An exception refuses and goes no further.
using authorizer = std::function<bool(const access_request&)>;

/// Writes an event down; true once that is durable. With false, or an exception, nothing is done that needed the record. Any threads, several at once. It must not call the
/// library.
using audit_sink = std::function<bool(const audit_event&)>;

/// The time, in microseconds since 1970-01-01 00:00:00 UTC. Any threads, several at once. It must not call the library. An exception ends the program: without time nothing is safe.
using clock_source = std::function<std::uint64_t()>;

/// Writes the secret that the provider at `url` asks for into `out`, which the library wipes, and returns its octets of UTF-8; std::nullopt, or an exception, if there is none. Any
/// threads. It must not call the library, but may use mediaseal::wipe.
using secret_source = std::function<std::optional<std::size_t>(secret_kind kind, std::string_view url, mutable_bytes out)>;

/// Hears how far a sweep is, after each batch; true lets it go on. An exception stops it, and the throwing form throws it. It must not call the library.
using sweep_listener = std::function<bool(const sweep_progress&)>;

/// A keychain of the application's: derive from it. Entries by service and user, each with one secret.
///
/// Any threads call it. It must not call the library, but may use mediaseal::wipe. All return MEDIASEAL_OK, MEDIASEAL_ERR_KEY_NOT_FOUND if there is no such entry,
/// MEDIASEAL_ERR_PROVIDER_UNAVAILABLE if the keychain is locked or away; all else, and an exception, is MEDIASEAL_ERR_PROVIDER_FAILED.
class custom_keychain {
public:
    custom_keychain() = default;
    custom_keychain(const custom_keychain&) = delete;
    custom_keychain& operator=(const custom_keychain&) = delete;
    virtual ~custom_keychain() = default;

    /// Writes the secret of an entry to `out`, which the library wipes, and its length to `out_len`.
    [[nodiscard]] virtual mediaseal_status get(std::string_view service, std::string_view user, mutable_bytes out, std::size_t& out_len) = 0;
    /// Keeps a secret, durably, in the entry that is there or a new one.
    [[nodiscard]] virtual mediaseal_status set(std::string_view service, std::string_view user, bytes_view secret) = 0;
    /// Removes an entry.
    [[nodiscard]] virtual mediaseal_status remove(std::string_view service, std::string_view user) = 0;
};

/// What a KEK is for, as a provider is told. It is viewed until the function returns.
struct kek_spec {
    std::string_view id;       ///< The id.
    std::uint32_t version;     ///< The version, counted from 1.
    std::string_view tenant;   ///< Whose keys it wraps.
    std::string_view region;   ///< Where it may be used; empty where it is nowhere bound.
    std::string_view purpose;  ///< What for.
};

/// What a provider of the application's says of itself.
struct provider_description {
    std::string scheme;                                                   ///< What wrapped keys name: lower-case letters, digits and `-`, none of the library's own.
    std::string id;                                                       ///< This one of its kind, the same after each start; not secret, at most 255 octets.
    std::string region{};                                                 ///< Where it is, as policies name regions; empty where it does not say.
    mediaseal::protection protection = mediaseal::protection::software;   ///< Where it computes.
    bool exportable = false;                                              ///< A key can leave it in a form that others can use.
};

/// A provider of the application's: derive from it, and key_provider::from_custom. It holds KEKs and wraps with them.
///
/// Any threads call it, several at once. It must not call the library, but may use mediaseal::wipe. All return MEDIASEAL_OK or what there is to say, see mediaseal_provider_vtable; an
/// exception is MEDIASEAL_ERR_PROVIDER_FAILED and goes no further.
class custom_key_provider {
public:
    custom_key_provider() = default;
    custom_key_provider(const custom_key_provider&) = delete;
    custom_key_provider& operator=(const custom_key_provider&) = delete;
    virtual ~custom_key_provider() = default;

    /// What it says of itself; asked for once.
    virtual provider_description describe() const = 0;

    /// Makes a KEK, durably.
    [[nodiscard]] virtual mediaseal_status create_kek(const kek_spec& spec) = 0;

    /// Makes the version after that of `current`, which stays usable. Unless overridden, create_kek makes it.
    [[nodiscard]] virtual mediaseal_status rotate(const kek_spec& current) {
        kek_spec next = current;
        ++next.version;
        return create_kek(next);
    }

    /// Wraps the MEDIASEAL_DEK_LEN octets of `dek`, authenticating `context` with them: writes to `out`, and the length to `out_len`. It keeps no copy of `dek`.
    [[nodiscard]] virtual mediaseal_status wrap(std::string_view kek_id, std::uint32_t kek_version, bytes_view dek, bytes_view context, mutable_bytes out,
                                                std::size_t& out_len) = 0;

    /// Opens what wrap made, if it was made for `context`: MEDIASEAL_DEK_LEN octets to `out_dek`, and nothing before they authenticate.
    [[nodiscard]] virtual mediaseal_status unwrap(std::string_view kek_id, std::uint32_t kek_version, bytes_view wrapped, bytes_view context,
                                                  mutable_bytes out_dek) = 0;

    /// Hears the new state of a KEK, and writes enforced::by_provider if it refuses by itself what the state forbids. Unless overridden, it keeps no states.
    [[nodiscard]] virtual mediaseal_status set_state(std::string_view kek_id, std::uint32_t kek_version, key_state state, enforced& out) {
        static_cast<void>(kek_id);
        static_cast<void>(kek_version);
        static_cast<void>(state);
        out = enforced::by_custody;
        return MEDIASEAL_OK;
    }

    /// Destroys one version of a KEK for good; for one that is gone already, the same answer once more. If it goes later, when, in microseconds since 1970.
    [[nodiscard]] virtual mediaseal_status destroy_kek(std::string_view kek_id, std::uint32_t kek_version, std::uint64_t& out_gone_unix_micros) = 0;
};

namespace detail {

template <>
struct ending<mediaseal_provider> {
    static void end(mediaseal_provider* object) noexcept { mediaseal_provider_free(object); }
};
template <>
struct ending<mediaseal_custody> {
    static void end(mediaseal_custody* object) noexcept { mediaseal_custody_free(object); }
};

/// Ends what the library took over.
template <class T>
void end_of(void* user_data) noexcept {
    delete static_cast<T*>(user_data);
}

inline mediaseal_status ask_secret(void* user_data, std::uint32_t kind, const char* url, std::uint8_t* out, std::size_t capacity,
                                   std::size_t* out_len) noexcept {
    return shielded(
        [&]() -> mediaseal_status {
            const std::optional<std::size_t> len = (*static_cast<secret_source*>(user_data))(static_cast<secret_kind>(kind), url, {out, capacity});
            if (!len) return MEDIASEAL_ERR_PROVIDER_ACCESS;
            *out_len = *len;
            return MEDIASEAL_OK;
        },
        MEDIASEAL_ERR_PROVIDER_ACCESS);
}

inline mediaseal_status ask_authorizer(void* user_data, const mediaseal_access_request* told) noexcept {
    return shielded(
        [&]() -> mediaseal_status {
            const access_request request{static_cast<action>(told->action),
                                         (told->flags & MEDIASEAL_ACCESS_MFA) != 0,
                                         (told->flags & MEDIASEAL_ACCESS_ACCEPT_COMPROMISED) != 0,
                                         told->hour,
                                         told->principal,
                                         told->address,
                                         told->resource,
                                         told->tenant,
                                         told->region,
                                         told->purpose,
                                         {told->attributes, told->attribute_count}};
            return (*static_cast<authorizer*>(user_data))(request) ? MEDIASEAL_OK : MEDIASEAL_ERR_NOT_AUTHORIZED;
        },
        MEDIASEAL_ERR_NOT_AUTHORIZED);
}

inline mediaseal_status write_audit(void* user_data, const mediaseal_audit_event* told) noexcept {
    return shielded(
        [&]() -> mediaseal_status {
            const audit_event event{static_cast<outcome>(told->outcome),
                                    told->unix_micros,
                                    told->actor,
                                    told->action,
                                    told->resource,
                                    told->reason,
                                    {told->attributes, told->attribute_count}};
            return (*static_cast<audit_sink*>(user_data))(event) ? MEDIASEAL_OK : MEDIASEAL_ERR_AUDIT;
        },
        MEDIASEAL_ERR_AUDIT);
}

inline std::uint64_t ask_clock(void* user_data) noexcept { return (*static_cast<clock_source*>(user_data))(); }

/// The functions of a vtable: from C to a derived class.
struct keychain_thunks {
    static mediaseal_status get(void* user_data, const char* service, const char* user, std::uint8_t* out, std::size_t capacity,
                                std::size_t* out_len) noexcept {
        return shielded([&] { return static_cast<custom_keychain*>(user_data)->get(service, user, {out, capacity}, *out_len); },
                        MEDIASEAL_ERR_PROVIDER_FAILED);
    }
    static mediaseal_status set(void* user_data, const char* service, const char* user, const std::uint8_t* secret, std::size_t len) noexcept {
        return shielded([&] { return static_cast<custom_keychain*>(user_data)->set(service, user, {secret, len}); }, MEDIASEAL_ERR_PROVIDER_FAILED);
    }
    static mediaseal_status remove(void* user_data, const char* service, const char* user) noexcept {
        return shielded([&] { return static_cast<custom_keychain*>(user_data)->remove(service, user); }, MEDIASEAL_ERR_PROVIDER_FAILED);
    }
};

/// The same of a provider.
struct provider_thunks {
    static kek_spec spec_of(const mediaseal_kek_spec& told) { return {told.id, told.version, told.tenant, told.region, told.purpose}; }

    static mediaseal_status create_kek(void* user_data, const mediaseal_kek_spec* spec) noexcept {
        return shielded([&] { return static_cast<custom_key_provider*>(user_data)->create_kek(spec_of(*spec)); }, MEDIASEAL_ERR_PROVIDER_FAILED);
    }
    static mediaseal_status rotate(void* user_data, const mediaseal_kek_spec* current) noexcept {
        return shielded([&] { return static_cast<custom_key_provider*>(user_data)->rotate(spec_of(*current)); }, MEDIASEAL_ERR_PROVIDER_FAILED);
    }
    static mediaseal_status wrap(void* user_data, const char* kek_id, std::uint32_t kek_version, const std::uint8_t* dek, const std::uint8_t* context,
                                 std::size_t context_len, std::uint8_t* out, std::size_t capacity, std::size_t* out_len) noexcept {
        return shielded(
            [&] {
                return static_cast<custom_key_provider*>(user_data)->wrap(kek_id, kek_version, {dek, MEDIASEAL_DEK_LEN}, {context, context_len},
                                                                          {out, capacity}, *out_len);
            },
            MEDIASEAL_ERR_PROVIDER_FAILED);
    }
    static mediaseal_status unwrap(void* user_data, const char* kek_id, std::uint32_t kek_version, const std::uint8_t* wrapped, std::size_t wrapped_len,
                                   const std::uint8_t* context, std::size_t context_len, std::uint8_t* out_dek) noexcept {
        return shielded(
            [&] {
                return static_cast<custom_key_provider*>(user_data)->unwrap(kek_id, kek_version, {wrapped, wrapped_len}, {context, context_len},
                                                                            {out_dek, MEDIASEAL_DEK_LEN});
            },
            MEDIASEAL_ERR_PROVIDER_FAILED);
    }
    static mediaseal_status set_state(void* user_data, const char* kek_id, std::uint32_t kek_version, std::uint32_t state,
                                      std::uint32_t* out_enforcement) noexcept {
        return shielded(
            [&] {
                enforced by = enforced::by_custody;
                const mediaseal_status status =
                    static_cast<custom_key_provider*>(user_data)->set_state(kek_id, kek_version, static_cast<key_state>(state), by);
                *out_enforcement = static_cast<std::uint32_t>(by);
                return status;
            },
            MEDIASEAL_ERR_PROVIDER_FAILED);
    }
    static mediaseal_status destroy_kek(void* user_data, const char* kek_id, std::uint32_t kek_version, std::uint64_t* out_gone) noexcept {
        return shielded([&] { return static_cast<custom_key_provider*>(user_data)->destroy_kek(kek_id, kek_version, *out_gone); },
                        MEDIASEAL_ERR_PROVIDER_FAILED);
    }
};

/// Whether the library took over what was given to it. After a panic nobody knows whose it is: a leak is better than an end that comes twice.
constexpr bool is_taken(mediaseal_status status) noexcept { return status == MEDIASEAL_OK || status == MEDIASEAL_ERR_PANIC; }

inline mediaseal_access c_access(const key_access& given) noexcept {
    mediaseal_access converted = MEDIASEAL_ACCESS_INIT;
    if (given.mfa) converted.flags |= MEDIASEAL_ACCESS_MFA;
    if (given.accept_compromised) converted.flags |= MEDIASEAL_ACCESS_ACCEPT_COMPROMISED;
    converted.principal = given.principal;
    converted.address = given.address;
    converted.attributes = given.attributes.data();
    converted.attribute_count = given.attributes.size();
    return converted;
}

inline mediaseal_wrap_context c_context(const wrap_context& given) noexcept {
    mediaseal_wrap_context converted = MEDIASEAL_WRAP_CONTEXT_INIT;
    converted.purpose = given.purpose.data();
    converted.purpose_len = given.purpose.size();
    converted.region = given.region;
    return converted;
}

inline mediaseal_record_place c_place(const record_place& given) noexcept {
    mediaseal_record_place converted = MEDIASEAL_RECORD_PLACE_INIT;
    converted.table = given.table;
    converted.column = given.column;
    converted.row_id = given.row_id.data();
    converted.row_id_len = given.row_id.size();
    return converted;
}

/// What a sweep calls, and what it threw.
struct sweeping {
    const sweep_listener* listener;
#if defined(__cpp_exceptions)
    std::exception_ptr thrown{};
#endif

    static std::uint32_t hear(void* user_data, const mediaseal_sweep_progress* told) noexcept {
        sweeping& self = *static_cast<sweeping*>(user_data);
#if defined(__cpp_exceptions)
        try {
            return (*self.listener)(sweep_progress(*told)) ? 0 : 1;
        } catch (...) {
            self.thrown = std::current_exception();
            return 1;
        }
#else
        return (*self.listener)(sweep_progress(*told)) ? 0 : 1;
#endif
    }

    mediaseal_sweep_callback callback() const noexcept { return listener != nullptr && *listener ? hear : nullptr; }

#if defined(__cpp_exceptions)
    void check(mediaseal_status status) const {
        if (thrown != nullptr) std::rethrow_exception(thrown);
        detail::check(status);
    }
#endif
};

/// Collects what a call tells one by one.
template <class Told, class Item, class Convert>
struct collecting {
    std::vector<Item>& out;
    Convert convert;
    bool failed = false;

    static void hear(void* user_data, const Told* told) noexcept {
        collecting& self = *static_cast<collecting*>(user_data);
        const mediaseal_status status = shielded(
            [&]() -> mediaseal_status {
                if (!self.failed) self.out.push_back(self.convert(*told));
                return MEDIASEAL_OK;
            },
            MEDIASEAL_ERR_OUT_OF_MEMORY);
        self.failed = self.failed || status != MEDIASEAL_OK;
    }

    mediaseal_status end(mediaseal_status status) noexcept {
        if (status == MEDIASEAL_OK && failed) status = MEDIASEAL_ERR_OUT_OF_MEMORY;
        if (status != MEDIASEAL_OK) out.clear();
        return status;
    }
};

}  // namespace detail

// ==== Providers ======================================================================================================

/// Holds KEKs and uses them: a file, a module, a service, a file with its master key in a keychain, or a class of the application.
class key_provider : public owner<mediaseal_provider> {
public:
    /// An empty owner.
    explicit key_provider(std::nullptr_t) noexcept {}

    /// Makes a store of KEKs in the file `path`, for this user alone on Unix, sealed under a passphrase with the parameters that passphrase_params_generate made. `region` is where it is;
    /// nullptr if it does not matter. It is opened later by "file:PATH".
    ///
    /// Returns also MEDIASEAL_ERR_VAULT_ARGUMENT if there is a store already, MEDIASEAL_ERR_PASSPHRASE_LENGTH, MEDIASEAL_ERR_PASSPHRASE_PARAMS, MEDIASEAL_ERR_PROVIDER_UNAVAILABLE. Any thread.
    [[nodiscard]] static mediaseal_status try_create_file(const char* path, const char* region, bytes_view passphrase, const char* params,
                                                          key_provider& out) noexcept {
        return renew(out, [&](mediaseal_provider** handle) noexcept {
            return mediaseal_provider_create_file(path, region, passphrase.data(), passphrase.size(), params, handle);
        });
    }

    /// Opens the provider that a URL names; it makes none. `secrets`, which is asked for secrets, is consumed, on success alone; it may be nullptr where none are needed.
    ///
    /// Returns also MEDIASEAL_ERR_VAULT_ARGUMENT, MEDIASEAL_ERR_PROVIDER_ACCESS for a secret that is missing or wrong, MEDIASEAL_ERR_PROVIDER_UNAVAILABLE, MEDIASEAL_ERR_VAULT_DAMAGED. Any thread.
    [[nodiscard]] static mediaseal_status try_open(const char* url, std::unique_ptr<secret_source>& secrets, key_provider& out) noexcept {
        return with_secrets(secrets, out, [&](mediaseal_secret_callback ask, mediaseal_destructor end, mediaseal_provider** handle) noexcept {
            return mediaseal_provider_open(url, ask, secrets.get(), end, handle);
        });
    }

#if defined(MEDIASEAL_PKCS11)
    /// Opens a token of the PKCS #11 module at the absolute path `module`, "pkcs11:token=...". The module's code runs in this process: the path comes from the application. The rest is as in
    /// try_open.
    ///
    /// Returns also MEDIASEAL_ERR_PROVIDER_UNSUPPORTED for a token without AES-GCM and AES-KW, MEDIASEAL_ERR_PROVIDER_FAILED for a file that is no module. Any thread.
    [[nodiscard]] static mediaseal_status try_open_pkcs11(const char* module, const char* url, std::unique_ptr<secret_source>& secrets,
                                                          key_provider& out) noexcept {
        return with_secrets(secrets, out, [&](mediaseal_secret_callback ask, mediaseal_destructor end, mediaseal_provider** handle) noexcept {
            return mediaseal_provider_open_pkcs11(module, url, ask, secrets.get(), end, handle);
        });
    }
#endif

#if defined(MEDIASEAL_KEYCHAIN)
    /// Makes a store of KEKs in a file and puts its master key into `keychain`: "keychain:PATH?service=NAME&user=NAME[&region=REGION]". Consumes `keychain`, on success alone.
    ///
    /// Returns also MEDIASEAL_ERR_VAULT_ARGUMENT for a URL that is none, or if entry or file is there already, MEDIASEAL_ERR_PROVIDER_UNAVAILABLE, MEDIASEAL_ERR_PROVIDER_FAILED. Any thread.
    [[nodiscard]] static mediaseal_status try_create_keychain(const char* url, std::unique_ptr<custom_keychain>& keychain, key_provider& out) noexcept {
        return with_keychain(keychain, out, [&](const mediaseal_keychain_vtable* vtable, mediaseal_provider** handle) noexcept {
            return mediaseal_provider_create_keychain(url, vtable, handle);
        });
    }

    /// Opens what try_create_keychain made. Consumes `keychain`, on success alone.
    ///
    /// Returns also MEDIASEAL_ERR_PROVIDER_ACCESS if the keychain has no master key of this name, or another file's, and what try_create_keychain returns. Any thread.
    [[nodiscard]] static mediaseal_status try_open_keychain(const char* url, std::unique_ptr<custom_keychain>& keychain, key_provider& out) noexcept {
        return with_keychain(keychain, out, [&](const mediaseal_keychain_vtable* vtable, mediaseal_provider** handle) noexcept {
            return mediaseal_provider_open_keychain(url, vtable, handle);
        });
    }

    /// Takes a new master key, under which all KEKs are sealed anew. Returns also MEDIASEAL_ERR_PROVIDER_UNSUPPORTED for a provider of another kind.
    [[nodiscard]] mediaseal_status try_rotate_master() const noexcept { return mediaseal_provider_rotate_master(native_handle()); }
#endif

    /// Makes a provider of a class of the application. Consumes `custom`, on success alone; it ends when the last custody over it has ended.
    ///
    /// Returns also MEDIASEAL_ERR_VAULT_ARGUMENT for names that there cannot be, MEDIASEAL_ERR_PROVIDER_FAILED if describe throws. Any thread.
    [[nodiscard]] static mediaseal_status try_from_custom(std::unique_ptr<custom_key_provider>& custom, key_provider& out) noexcept {
        const mediaseal_status status = renew(out, [&](mediaseal_provider** handle) noexcept {
            if (custom == nullptr) return mediaseal_status{MEDIASEAL_ERR_NULL_POINTER};
            return detail::shielded(
                [&] {
                    const provider_description said = custom->describe();
                    mediaseal_provider_vtable vtable = MEDIASEAL_PROVIDER_VTABLE_INIT;
                    vtable.protection = static_cast<std::uint32_t>(said.protection);
                    vtable.flags = said.exportable ? MEDIASEAL_PROVIDER_EXPORTABLE : 0;
                    vtable.scheme = said.scheme.c_str();
                    vtable.id = said.id.c_str();
                    vtable.region = said.region.c_str();
                    vtable.user_data = custom.get();
                    vtable.create_kek = detail::provider_thunks::create_kek;
                    vtable.rotate = detail::provider_thunks::rotate;
                    vtable.wrap = detail::provider_thunks::wrap;
                    vtable.unwrap = detail::provider_thunks::unwrap;
                    vtable.set_state = detail::provider_thunks::set_state;
                    vtable.destroy_kek = detail::provider_thunks::destroy_kek;
                    vtable.destroy = detail::end_of<custom_key_provider>;
                    return mediaseal_provider_new(&vtable, handle);
                },
                MEDIASEAL_ERR_PROVIDER_FAILED);
        });
        if (detail::is_taken(status)) static_cast<void>(custom.release());
        return status;
    }

    /// Writes what it says of itself. Returns also MEDIASEAL_ERR_CLOSED.
    [[nodiscard]] mediaseal_status try_describe(provider_info& out) const noexcept {
        out = provider_info();
        return mediaseal_provider_describe(native_handle(), &out);
    }

    /// Changes the passphrase of a `file:` store. Copies of the old file still open with the old one, and other objects over the same file are refused until they are opened anew.
    ///
    /// Returns also MEDIASEAL_ERR_PROVIDER_ACCESS if `from` is wrong, MEDIASEAL_ERR_PROVIDER_UNSUPPORTED for a provider of another kind, MEDIASEAL_ERR_PASSPHRASE_LENGTH,
    /// MEDIASEAL_ERR_PASSPHRASE_PARAMS: nothing is changed then.
    [[nodiscard]] mediaseal_status try_change_passphrase(bytes_view from, bytes_view to, const char* params) const noexcept {
        return mediaseal_provider_change_passphrase(native_handle(), from.data(), from.size(), to.data(), to.size(), params);
    }

    /// Looks whether the file of a `file:` store is whole, and every KEK in it opens. Returns also MEDIASEAL_ERR_VAULT_DAMAGED, MEDIASEAL_ERR_PROVIDER_UNSUPPORTED.
    [[nodiscard]] mediaseal_status try_verify() const noexcept { return mediaseal_provider_verify(native_handle()); }

    /// Ends its use by this object; custody that was opened with it goes on with it.
    [[nodiscard]] mediaseal_status try_close() noexcept { return mediaseal_provider_close(native_handle()); }

#if defined(__cpp_exceptions)
    /// As try_create_file.
    [[nodiscard]] static key_provider create_file(const char* path, const char* region, bytes_view passphrase, const char* params) {
        key_provider made(nullptr);
        detail::check_made(try_create_file(path, region, passphrase, params, made));
        return made;
    }
    /// As try_open.
    [[nodiscard]] static key_provider open(const char* url, secret_source secrets = {}) {
        key_provider made(nullptr);
        std::unique_ptr<secret_source> asked = std::make_unique<secret_source>(std::move(secrets));
        detail::check_made(try_open(url, asked, made));
        return made;
    }
#if defined(MEDIASEAL_PKCS11)
    /// As try_open_pkcs11.
    [[nodiscard]] static key_provider open_pkcs11(const char* module, const char* url, secret_source secrets) {
        key_provider made(nullptr);
        std::unique_ptr<secret_source> asked = std::make_unique<secret_source>(std::move(secrets));
        detail::check_made(try_open_pkcs11(module, url, asked, made));
        return made;
    }
#endif
#if defined(MEDIASEAL_KEYCHAIN)
    /// As try_create_keychain.
    [[nodiscard]] static key_provider create_keychain(const char* url, std::unique_ptr<custom_keychain> keychain) {
        key_provider made(nullptr);
        detail::check_made(try_create_keychain(url, keychain, made));
        return made;
    }
    /// As try_open_keychain.
    [[nodiscard]] static key_provider open_keychain(const char* url, std::unique_ptr<custom_keychain> keychain) {
        key_provider made(nullptr);
        detail::check_made(try_open_keychain(url, keychain, made));
        return made;
    }
    /// As try_rotate_master.
    void rotate_master() const { detail::check(try_rotate_master()); }
#endif
    /// As try_from_custom.
    [[nodiscard]] static key_provider from_custom(std::unique_ptr<custom_key_provider> custom) {
        key_provider made(nullptr);
        detail::check_made(try_from_custom(custom, made));
        return made;
    }
    /// As try_describe.
    [[nodiscard]] provider_info describe() const {
        provider_info info;
        detail::check(try_describe(info));
        return info;
    }
    /// As try_change_passphrase.
    void change_passphrase(bytes_view from, bytes_view to, const char* params) const { detail::check(try_change_passphrase(from, to, params)); }
    /// As try_verify.
    void verify() const { detail::check(try_verify()); }
    /// As try_close.
    void close() { detail::check(try_close()); }
#endif

private:
    template <class Open>
    static mediaseal_status with_secrets(std::unique_ptr<secret_source>& secrets, key_provider& out, Open open) noexcept {
        const bool asks = secrets != nullptr && *secrets;
        const mediaseal_status status = renew(out, [&](mediaseal_provider** handle) noexcept {
            return asks ? open(detail::ask_secret, detail::end_of<secret_source>, handle) : open(nullptr, nullptr, handle);
        });
        if (asks && detail::is_taken(status)) static_cast<void>(secrets.release());
        return status;
    }

#if defined(MEDIASEAL_KEYCHAIN)
    template <class Open>
    static mediaseal_status with_keychain(std::unique_ptr<custom_keychain>& keychain, key_provider& out, Open open) noexcept {
        const mediaseal_status status = renew(out, [&](mediaseal_provider** handle) noexcept -> mediaseal_status {
            if (keychain == nullptr) return MEDIASEAL_ERR_NULL_POINTER;
            mediaseal_keychain_vtable vtable = MEDIASEAL_KEYCHAIN_VTABLE_INIT;
            vtable.user_data = keychain.get();
            vtable.get = detail::keychain_thunks::get;
            vtable.set = detail::keychain_thunks::set;
            vtable.remove = detail::keychain_thunks::remove;
            vtable.destroy = detail::end_of<custom_keychain>;
            return open(&vtable, handle);
        });
        if (detail::is_taken(status)) static_cast<void>(keychain.release());
        return status;
    }
#endif
};

// ==== Custody ========================================================================================================

/// A role of a principal. It views what it names.
struct role_of {
    const char* principal = nullptr;  ///< The principal.
    mediaseal::role role{};           ///< The role.
    const char* tenant = nullptr;     ///< The tenant that it is for; nullptr for all.
};

/// What custody is opened with. Who decides is said once: by `authorize`, by `roles`, or by `everybody`. Functions are copied.
struct custody_options {
    std::vector<const key_provider*> providers;  ///< At least one: the first is where new KEKs are made. Custody keeps them in use, whatever becomes of these objects.
    authorizer authorize;                        ///< Decides, if the application does.
    std::vector<role_of> roles;                  ///< Roles, if these decide.
    bool everybody = false;                      ///< Everybody may do everything, said in so many words; for programs of one user.
    audit_sink audit;                            ///< Writes events down; never empty.
    clock_source clock;                          ///< Tells the time, for systems with a clock of their own and for tests; the system's if empty.
    const char* pinned_region = nullptr;         ///< Keys and providers of this region alone; nullptr for all.
    bool unwrap_suspended = false;               ///< Suspended keys unwrap all the same.
    bool no_lazy_rewrap = false;                 ///< A key that is opened stays wrapped as it was, until a sweep.
};

/// Keys in custody: KEKs of tenants, regions and purposes, DEKs under them, and who may use them.
///
/// Every call on behalf of somebody may also return MEDIASEAL_ERR_NOT_AUTHORIZED, MEDIASEAL_ERR_AUDIT, MEDIASEAL_ERR_VAULT_BUSY, MEDIASEAL_ERR_DISK_FULL, MEDIASEAL_ERR_VAULT_DAMAGED,
/// MEDIASEAL_ERR_VAULT_STORE, MEDIASEAL_ERR_FORKED, MEDIASEAL_ERR_CLOSED, and what the provider says (`MEDIASEAL_ERR_PROVIDER_...`).
class custody : public owner<mediaseal_custody> {
public:
    /// An empty owner.
    explicit custody(std::nullptr_t) noexcept {}

    /// Makes a store in the file `path`, for this user alone on Unix, and opens it. Copies `options`.
    ///
    /// Returns also MEDIASEAL_ERR_VAULT_ARGUMENT if there is a store already, a provider is given twice or not at all, who decides is said not once, or roles do not go together;
    /// MEDIASEAL_ERR_NULL_POINTER without an audit sink, MEDIASEAL_ERR_OUT_OF_MEMORY. Any thread.
    [[nodiscard]] static mediaseal_status try_create(const char* path, const custody_options& options, custody& out) noexcept {
        return begin(options, out, [&](const mediaseal_custody_options* given, mediaseal_custody** handle) noexcept {
            return mediaseal_custody_create(path, given, handle);
        });
    }

    /// Opens the store in the file `path`. It makes none. Returns also MEDIASEAL_ERR_KEY_NOT_FOUND if there is none, and what try_create returns. Any thread.
    [[nodiscard]] static mediaseal_status try_open(const char* path, const custody_options& options, custody& out) noexcept {
        return begin(options, out, [&](const mediaseal_custody_options* given, mediaseal_custody** handle) noexcept {
            return mediaseal_custody_open(path, given, handle);
        });
    }

    /// Does what time asks for: activates keys whose time has come, deactivates those whose cryptoperiod is over. Call it once a minute or so.
    [[nodiscard]] mediaseal_status try_tick(tick_report& out) const noexcept {
        out = tick_report();
        return mediaseal_custody_tick(native_handle(), &out);
    }

    /// Writes how many events could not be written down and were not needed to be, such as refusals.
    [[nodiscard]] mediaseal_status try_unrecorded(std::uint64_t& out) const noexcept { return mediaseal_custody_unrecorded(native_handle(), &out); }

    /// Makes a KEK. If an earlier call for the same was cut short, this one finishes it. Returns also MEDIASEAL_ERR_VAULT_ARGUMENT, MEDIASEAL_ERR_REGION_FORBIDDEN, MEDIASEAL_ERR_KEY_NOT_FOUND.
    [[nodiscard]] mediaseal_status try_create_kek(const key_access& who, const new_kek& wanted, kek& out) const noexcept {
        out = kek();
        mediaseal_new_kek given = MEDIASEAL_NEW_KEK_INIT;
        if (wanted.activate_by_hand) given.flags |= MEDIASEAL_NEW_KEK_ACTIVATE_BY_HAND;
        given.tenant = wanted.tenant;
        given.region = wanted.region;
        given.purpose = wanted.purpose;
        given.activates_unix_micros = wanted.activates_unix_micros;
        given.cryptoperiod_seconds = wanted.cryptoperiod_seconds;
        given.provider_scheme = wanted.provider_scheme;
        given.provider_id = wanted.provider_id;
        const mediaseal_access asking = detail::c_access(who);
        return mediaseal_custody_create_kek(native_handle(), &asking, &given, &out);
    }

    /// Makes the next version of a KEK, active at once, and deactivates the one before. Returns also MEDIASEAL_ERR_KEY_NOT_FOUND, MEDIASEAL_ERR_KEY_STATE, MEDIASEAL_ERR_KEY_DESTROYED.
    [[nodiscard]] mediaseal_status try_rotate_kek(const key_access& who, const char* kek_id, kek& out) const noexcept {
        out = kek();
        const mediaseal_access asking = detail::c_access(who);
        return mediaseal_custody_rotate_kek(native_handle(), &asking, kek_id, &out);
    }

    /// Moves a KEK to another provider of custody, which key_provider::try_describe names: the next version is made there. Returns what try_rotate_kek returns.
    [[nodiscard]] mediaseal_status try_move_kek(const key_access& who, const char* kek_id, const char* provider_scheme, const char* provider_id,
                                                kek& out) const noexcept {
        out = kek();
        const mediaseal_access asking = detail::c_access(who);
        return mediaseal_custody_move_kek(native_handle(), &asking, kek_id, provider_scheme, provider_id, &out);
    }

    /// Writes all versions of all KEKs as they are at this moment, the latest version of each first. Returns also MEDIASEAL_ERR_OUT_OF_MEMORY.
    [[nodiscard]] mediaseal_status try_list_keks(const key_access& who, std::vector<kek_info>& out) const noexcept {
        out.clear();
        const mediaseal_access asking = detail::c_access(who);
        const auto convert = [](const mediaseal_kek_info& told) { return kek_info(told); };
        detail::collecting<mediaseal_kek_info, kek_info, decltype(convert)> all{out, convert};
        return all.end(mediaseal_custody_list_keks(native_handle(), &asking, decltype(all)::hear, &all));
    }

    /// Writes what is known of one version of a KEK; version 0 stands for the latest. Returns also MEDIASEAL_ERR_KEY_NOT_FOUND.
    [[nodiscard]] mediaseal_status try_describe_kek(const key_access& who, const char* kek_id, std::uint32_t version, kek_info& out) const noexcept {
        out = kek_info();
        const mediaseal_access asking = detail::c_access(who);
        return mediaseal_custody_describe_kek(native_handle(), &asking, kek_id, version, &out);
    }

    /// Writes every change of one version of a KEK, the oldest first, each link checked.
    ///
    /// Returns also MEDIASEAL_ERR_KEY_NOT_FOUND, MEDIASEAL_ERR_VAULT_DAMAGED if a link is missing or altered, or a state was skipped, MEDIASEAL_ERR_OUT_OF_MEMORY.
    [[nodiscard]] mediaseal_status try_history(const key_access& who, const char* kek_id, std::uint32_t version, std::vector<kek_change>& out) const noexcept {
        out.clear();
        const mediaseal_access asking = detail::c_access(who);
        const auto convert = [](const mediaseal_kek_change& told) {
            return kek_change{static_cast<key_change>(told.kind), static_cast<key_state>(told.state), told.unix_micros, told.actor, told.reason};
        };
        detail::collecting<mediaseal_kek_change, kek_change, decltype(convert)> all{out, convert};
        return all.end(mediaseal_custody_history(native_handle(), &asking, kek_id, version, decltype(all)::hear, &all));
    }

    /// Gives one version of a KEK another state, for a reason that its history keeps; `out`, which may be nullptr, says who enforces it. Returns also MEDIASEAL_ERR_KEY_TRANSITION,
    /// MEDIASEAL_ERR_KEY_NOT_FOUND, MEDIASEAL_ERR_KEY_DESTROYED.
    [[nodiscard]] mediaseal_status try_set_state(const key_access& who, const char* kek_id, std::uint32_t version, key_state state, const char* reason,
                                                 enforced* out = nullptr) const noexcept {
        const mediaseal_access asking = detail::c_access(who);
        std::uint32_t by = 0;
        const mediaseal_status status =
            mediaseal_custody_set_state(native_handle(), &asking, kek_id, version, static_cast<std::uint32_t>(state), reason, &by);
        if (out != nullptr) *out = static_cast<enforced>(by);
        return status;
    }

    /// Puts a deactivated or compromised version of a KEK into the archive: it opens nothing until try_restore_kek. Returns also MEDIASEAL_ERR_KEY_STATE.
    [[nodiscard]] mediaseal_status try_archive_kek(const key_access& who, const char* kek_id, std::uint32_t version, const char* reason) const noexcept {
        const mediaseal_access asking = detail::c_access(who);
        return mediaseal_custody_archive_kek(native_handle(), &asking, kek_id, version, reason);
    }

    /// Takes a version of a KEK out of the archive, in the state that it went in with. Returns also MEDIASEAL_ERR_VAULT_ARGUMENT if it is not archived.
    [[nodiscard]] mediaseal_status try_restore_kek(const key_access& who, const char* kek_id, std::uint32_t version, const char* reason) const noexcept {
        const mediaseal_access asking = detail::c_access(who);
        return mediaseal_custody_restore_kek(native_handle(), &asking, kek_id, version, reason);
    }

    /// Destroys one version of a KEK, which is in pre-activation, deactivated or compromised, and leaves a tombstone. Returns also MEDIASEAL_ERR_KEY_TRANSITION, MEDIASEAL_ERR_KEY_STATE if DEKs are
    /// left that must not be, MEDIASEAL_ERR_KEY_DESTROYED.
    [[nodiscard]] mediaseal_status try_destroy_kek(const key_access& who, const char* kek_id, std::uint32_t version, destroy_mode mode,
                                                   mediaseal::survivors survivors, const char* reason, mediaseal::tombstone& out) const noexcept {
        out = mediaseal::tombstone();
        const mediaseal_access asking = detail::c_access(who);
        return mediaseal_custody_destroy_kek(native_handle(), &asking, kek_id, version, static_cast<std::uint32_t>(mode),
                                             static_cast<std::uint32_t>(survivors), reason, &out);
    }

    /// Writes what is left of a destroyed version of a KEK. Returns also MEDIASEAL_ERR_KEY_NOT_FOUND, also for one that is not destroyed.
    [[nodiscard]] mediaseal_status try_tombstone(const key_access& who, const char* kek_id, std::uint32_t version, mediaseal::tombstone& out) const noexcept {
        out = mediaseal::tombstone();
        const mediaseal_access asking = detail::c_access(who);
        return mediaseal_custody_tombstone(native_handle(), &asking, kek_id, version, &out);
    }

    /// Wraps all DEKs of the store that are under former versions of a KEK anew under the current one, `batch` (1 to 10,000) in a transaction; `hear` may be empty. It can be stopped, killed and
    /// begun again. Returns also MEDIASEAL_ERR_STOPPED, MEDIASEAL_ERR_KEY_STATE.
    [[nodiscard]] mediaseal_status try_sweep(const key_access& who, const char* kek_id, std::uint32_t batch, const sweep_listener& hear,
                                             sweep_progress& out) const noexcept {
        detail::sweeping listening{&hear};
        return sweep_by(who, kek_id, batch, listening, out);
    }

    /// Looks at every page, row and link of the store. Returns also MEDIASEAL_ERR_VAULT_DAMAGED.
    [[nodiscard]] mediaseal_status try_verify(const key_access& who, verified& out) const noexcept {
        out = verified();
        const mediaseal_access asking = detail::c_access(who);
        return mediaseal_custody_verify(native_handle(), &asking, &out);
    }

    /// Destroys DEKs of one KEK so that no backup brings them back: its former versions are destroyed at their provider, `out_destroyed` in number, once all other DEKs have moved. Cut short, it is called
    /// again with the same ones.
    ///
    /// Returns also MEDIASEAL_ERR_VAULT_ARGUMENT if there is none, if one is under another KEK, or is destroyed and not known to have been under this one, MEDIASEAL_ERR_KEY_NOT_FOUND, MEDIASEAL_ERR_KEY_STATE, MEDIASEAL_ERR_STOPPED.
    [[nodiscard]] mediaseal_status try_shred(const key_access& who, const char* kek_id, array_view<const data_key_id> deks, const char* reason,
                                             const sweep_listener& hear, std::uint32_t& out_destroyed) const noexcept {
        detail::sweeping listening{&hear};
        return shred_by(who, kek_id, deks, reason, listening, out_destroyed);
    }

    /// Makes a DEK under the current version of a KEK. It is in the store when this returns. Returns also MEDIASEAL_ERR_KEY_NOT_FOUND, MEDIASEAL_ERR_KEY_STATE, MEDIASEAL_ERR_REGION_FORBIDDEN.
    [[nodiscard]] mediaseal_status try_new_dek(const key_access& who, const char* kek_id, new_data_key& out) const noexcept {
        const mediaseal_access asking = detail::c_access(who);
        return out.key.refill_whole([&](std::uint8_t* to) noexcept {
            return mediaseal_custody_new_dek(native_handle(), &asking, kek_id, out.id.data(), to);
        });
    }

    /// Opens a DEK of the store. Returns also MEDIASEAL_ERR_KEY_NOT_FOUND, MEDIASEAL_ERR_KEY_DESTROYED, MEDIASEAL_ERR_KEY_STATE, MEDIASEAL_ERR_KEY_ARCHIVED.
    [[nodiscard]] mediaseal_status try_open_dek(const key_access& who, const data_key_id& id, data_key& out) const noexcept {
        const mediaseal_access asking = detail::c_access(who);
        return out.refill_whole([&](std::uint8_t* to) noexcept { return mediaseal_custody_open_dek(native_handle(), &asking, id.data(), to); });
    }

    /// Destroys a DEK of the store logically: a backup of the store undoes it as long as its KEK is there; try_shred ends that too. Returns what try_open_dek returns.
    [[nodiscard]] mediaseal_status try_destroy_dek(const key_access& who, const data_key_id& id, const char* reason, mediaseal::tombstone& out) const noexcept {
        out = mediaseal::tombstone();
        const mediaseal_access asking = detail::c_access(who);
        return mediaseal_custody_destroy_dek(native_handle(), &asking, id.data(), reason, &out);
    }

    /// Wraps a key of the caller's, MEDIASEAL_DEK_LEN octets, for `context`. The store keeps nothing of it. MEDIASEAL_WRAPPED_KEY_MAX_LEN octets of room are always enough. Returns also
    /// MEDIASEAL_ERR_KEY_LENGTH, MEDIASEAL_ERR_BUFFER_TOO_SMALL, MEDIASEAL_ERR_WRAPPED_KEY_FORM, and what try_new_dek returns.
    [[nodiscard]] mediaseal_status try_wrap(const key_access& who, const char* kek_id, bytes_view dek, const wrap_context& context, mutable_bytes out,
                                            std::size_t& out_len) const noexcept {
        out_len = 0;
        if (dek.size() != MEDIASEAL_DEK_LEN) return MEDIASEAL_ERR_KEY_LENGTH;
        const mediaseal_access asking = detail::c_access(who);
        const mediaseal_wrap_context bound = detail::c_context(context);
        return mediaseal_custody_wrap(native_handle(), &asking, kek_id, dek.data(), &bound, out.data(), out.size(), &out_len);
    }

    /// Opens a key that was wrapped for `context`. Returns also MEDIASEAL_ERR_WRAPPED_KEY for another context or altered octets, MEDIASEAL_ERR_WRAPPED_KEY_FORM, and what try_open_dek returns.
    [[nodiscard]] mediaseal_status try_unwrap(const key_access& who, bytes_view wrapped, const wrap_context& context, data_key& out) const noexcept {
        const mediaseal_access asking = detail::c_access(who);
        const mediaseal_wrap_context bound = detail::c_context(context);
        return out.refill_whole([&](std::uint8_t* to) noexcept {
            return mediaseal_custody_unwrap(native_handle(), &asking, wrapped.data(), wrapped.size(), &bound, to);
        });
    }

    /// Wraps a wrapped key anew under the current version of its KEK, without handing it out. Returns what try_wrap and try_unwrap return.
    [[nodiscard]] mediaseal_status try_rewrap(const key_access& who, bytes_view wrapped, const wrap_context& context, mutable_bytes out,
                                              std::size_t& out_len) const noexcept {
        const mediaseal_access asking = detail::c_access(who);
        const mediaseal_wrap_context bound = detail::c_context(context);
        return mediaseal_custody_rewrap(native_handle(), &asking, wrapped.data(), wrapped.size(), &bound, out.data(), out.size(), &out_len);
    }

    /// Seals a field of a database for one place, under a DEK of the store: MEDIASEAL_RECORD_OVERHEAD octets more than the plaintext, which has at most MEDIASEAL_RECORD_MAX_LEN. Returns also
    /// MEDIASEAL_ERR_BUFFER_TOO_SMALL before anything is done, MEDIASEAL_ERR_VAULT_ARGUMENT, and what try_open_dek returns.
    [[nodiscard]] mediaseal_status try_seal_record(const key_access& who, const data_key_id& dek, const record_place& place, bytes_view plaintext,
                                                   mutable_bytes out, std::size_t& out_len) const noexcept {
        const mediaseal_access asking = detail::c_access(who);
        const mediaseal_record_place at = detail::c_place(place);
        return mediaseal_custody_seal_record(native_handle(), &asking, dek.data(), &at, plaintext.data(), plaintext.size(), out.data(), out.size(),
                                             &out_len);
    }

    /// Opens a record of one place, into room of MEDIASEAL_RECORD_OVERHEAD octets less than it has, which the caller wipes. Nothing of it leaves before it authenticates.
    ///
    /// Returns also MEDIASEAL_ERR_BUFFER_TOO_SMALL before anything is done, MEDIASEAL_ERR_WRAPPED_KEY if it stands in another place or was altered, MEDIASEAL_ERR_VAULT_ARGUMENT if it is no record, and
    /// what try_open_dek returns.
    [[nodiscard]] mediaseal_status try_open_record(const key_access& who, const record_place& place, bytes_view record, mutable_bytes out,
                                                   std::size_t& out_len) const noexcept {
        const mediaseal_access asking = detail::c_access(who);
        const mediaseal_record_place at = detail::c_place(place);
        return mediaseal_custody_open_record(native_handle(), &asking, &at, record.data(), record.size(), out.data(), out.size(), &out_len);
    }

    /// Ends the use of custody: calls that begin later return MEDIASEAL_ERR_CLOSED.
    [[nodiscard]] mediaseal_status try_close() noexcept { return mediaseal_custody_close(native_handle()); }

#if defined(__cpp_exceptions)
    /// As try_create.
    [[nodiscard]] static custody create(const char* path, const custody_options& options) {
        custody made(nullptr);
        detail::check_made(try_create(path, options, made));
        return made;
    }
    /// As try_open.
    [[nodiscard]] static custody open(const char* path, const custody_options& options) {
        custody made(nullptr);
        detail::check_made(try_open(path, options, made));
        return made;
    }
    /// As try_tick.
    tick_report tick() const {
        tick_report report;
        detail::check(try_tick(report));
        return report;
    }
    /// As try_unrecorded.
    [[nodiscard]] std::uint64_t unrecorded() const {
        std::uint64_t count = 0;
        detail::check(try_unrecorded(count));
        return count;
    }
    /// As try_create_kek.
    kek create_kek(const key_access& who, const new_kek& wanted) const {
        kek made;
        detail::check(try_create_kek(who, wanted, made));
        return made;
    }
    /// As try_rotate_kek.
    kek rotate_kek(const key_access& who, const char* kek_id) const {
        kek made;
        detail::check(try_rotate_kek(who, kek_id, made));
        return made;
    }
    /// As try_move_kek.
    kek move_kek(const key_access& who, const char* kek_id, const char* provider_scheme, const char* provider_id) const {
        kek made;
        detail::check(try_move_kek(who, kek_id, provider_scheme, provider_id, made));
        return made;
    }
    /// As try_list_keks.
    [[nodiscard]] std::vector<kek_info> list_keks(const key_access& who) const {
        std::vector<kek_info> keks;
        detail::check(try_list_keks(who, keks));
        return keks;
    }
    /// As try_describe_kek.
    [[nodiscard]] kek_info describe_kek(const key_access& who, const char* kek_id, std::uint32_t version = 0) const {
        kek_info info;
        detail::check(try_describe_kek(who, kek_id, version, info));
        return info;
    }
    /// As try_history.
    [[nodiscard]] std::vector<kek_change> history(const key_access& who, const char* kek_id, std::uint32_t version) const {
        std::vector<kek_change> changes;
        detail::check(try_history(who, kek_id, version, changes));
        return changes;
    }
    /// As try_set_state.
    enforced set_state(const key_access& who, const char* kek_id, std::uint32_t version, key_state state, const char* reason) const {
        enforced by = enforced::by_custody;
        detail::check(try_set_state(who, kek_id, version, state, reason, &by));
        return by;
    }
    /// As try_archive_kek.
    void archive_kek(const key_access& who, const char* kek_id, std::uint32_t version, const char* reason) const {
        detail::check(try_archive_kek(who, kek_id, version, reason));
    }
    /// As try_restore_kek.
    void restore_kek(const key_access& who, const char* kek_id, std::uint32_t version, const char* reason) const {
        detail::check(try_restore_kek(who, kek_id, version, reason));
    }
    /// As try_destroy_kek.
    mediaseal::tombstone destroy_kek(const key_access& who, const char* kek_id, std::uint32_t version, destroy_mode mode, mediaseal::survivors survivors,
                                     const char* reason) const {
        mediaseal::tombstone left;
        detail::check(try_destroy_kek(who, kek_id, version, mode, survivors, reason, left));
        return left;
    }
    /// As try_tombstone.
    [[nodiscard]] mediaseal::tombstone tombstone(const key_access& who, const char* kek_id, std::uint32_t version) const {
        mediaseal::tombstone left;
        detail::check(try_tombstone(who, kek_id, version, left));
        return left;
    }
    /// As try_sweep.
    sweep_progress sweep(const key_access& who, const char* kek_id, std::uint32_t batch = 1000, const sweep_listener& hear = {}) const {
        sweep_progress progress;
        detail::sweeping listening{&hear};
        const mediaseal_status status = sweep_by(who, kek_id, batch, listening, progress);
        listening.check(status);
        return progress;
    }
    /// As try_verify.
    verified verify(const key_access& who) const {
        verified found;
        detail::check(try_verify(who, found));
        return found;
    }
    /// As try_shred; returns how many versions were destroyed.
    std::uint32_t shred(const key_access& who, const char* kek_id, array_view<const data_key_id> deks, const char* reason,
                        const sweep_listener& hear = {}) const {
        std::uint32_t destroyed = 0;
        detail::sweeping listening{&hear};
        const mediaseal_status status = shred_by(who, kek_id, deks, reason, listening, destroyed);
        listening.check(status);
        return destroyed;
    }
    /// As try_new_dek.
    [[nodiscard]] new_data_key new_dek(const key_access& who, const char* kek_id) const {
        new_data_key made;
        detail::check(try_new_dek(who, kek_id, made));
        return made;
    }
    /// As try_open_dek.
    [[nodiscard]] data_key open_dek(const key_access& who, const data_key_id& id) const {
        data_key opened;
        detail::check(try_open_dek(who, id, opened));
        return opened;
    }
    /// As try_destroy_dek.
    mediaseal::tombstone destroy_dek(const key_access& who, const data_key_id& id, const char* reason) const {
        mediaseal::tombstone left;
        detail::check(try_destroy_dek(who, id, reason, left));
        return left;
    }
    /// As try_wrap.
    [[nodiscard]] std::vector<std::uint8_t> wrap(const key_access& who, const char* kek_id, bytes_view dek, const wrap_context& context) const {
        return filled(MEDIASEAL_WRAPPED_KEY_MAX_LEN,
                      [&](mutable_bytes out, std::size_t& len) { return try_wrap(who, kek_id, dek, context, out, len); });
    }
    /// As try_unwrap.
    [[nodiscard]] data_key unwrap(const key_access& who, bytes_view wrapped, const wrap_context& context) const {
        data_key opened;
        detail::check(try_unwrap(who, wrapped, context, opened));
        return opened;
    }
    /// As try_rewrap.
    [[nodiscard]] std::vector<std::uint8_t> rewrap(const key_access& who, bytes_view wrapped, const wrap_context& context) const {
        return filled(MEDIASEAL_WRAPPED_KEY_MAX_LEN, [&](mutable_bytes out, std::size_t& len) { return try_rewrap(who, wrapped, context, out, len); });
    }
    /// As try_seal_record.
    [[nodiscard]] std::vector<std::uint8_t> seal_record(const key_access& who, const data_key_id& dek, const record_place& place, bytes_view plaintext) const {
        if (plaintext.size() > MEDIASEAL_RECORD_MAX_LEN) throw error(MEDIASEAL_ERR_VAULT_ARGUMENT);
        return filled(plaintext.size() + MEDIASEAL_RECORD_OVERHEAD,
                      [&](mutable_bytes out, std::size_t& len) { return try_seal_record(who, dek, place, plaintext, out, len); });
    }
    /// As try_open_record; the plaintext is wiped at its end.
    [[nodiscard]] secret_buffer open_record(const key_access& who, const record_place& place, bytes_view record) const {
        if (record.size() < MEDIASEAL_RECORD_OVERHEAD) throw error(MEDIASEAL_ERR_VAULT_ARGUMENT);
        if (record.size() > MEDIASEAL_RECORD_MAX_LEN + MEDIASEAL_RECORD_OVERHEAD) throw error(MEDIASEAL_ERR_VAULT_ARGUMENT);
        secret_buffer opened;
        // Never grown: what a vector leaves behind is not wiped. One octet more, because an empty room asks for the length.
        opened.octets_.resize(record.size() - MEDIASEAL_RECORD_OVERHEAD + 1);
        std::size_t len = 0;
        detail::check(try_open_record(who, place, record, opened.octets_, len));
        opened.octets_.resize(len);
        return opened;
    }
    /// As try_close.
    void close() { detail::check(try_close()); }
#endif

private:
    mediaseal_status sweep_by(const key_access& who, const char* kek_id, std::uint32_t batch, detail::sweeping& listening, sweep_progress& out) const noexcept {
        out = sweep_progress();
        const mediaseal_access asking = detail::c_access(who);
        return mediaseal_custody_sweep(native_handle(), &asking, kek_id, batch, listening.callback(), &listening, &out);
    }

    mediaseal_status shred_by(const key_access& who, const char* kek_id, array_view<const data_key_id> deks, const char* reason,
                              detail::sweeping& listening, std::uint32_t& out_destroyed) const noexcept {
        const mediaseal_access asking = detail::c_access(who);
        // Arrays of octets lie one behind the other.
        const std::uint8_t* const first = deks.size() == 0 ? nullptr : deks.data()->data();
        return mediaseal_custody_shred(native_handle(), &asking, kek_id, first, deks.size(), reason, listening.callback(), &listening, &out_destroyed);
    }

#if defined(__cpp_exceptions)
    template <class Call>
    static std::vector<std::uint8_t> filled(std::size_t room, Call call) {
        std::vector<std::uint8_t> out(room);
        std::size_t len = 0;
        detail::check(call(mutable_bytes(out), len));
        out.resize(len);
        return out;
    }
#endif

    template <class Begin>
    static mediaseal_status begin(const custody_options& options, custody& out, Begin open) noexcept {
        std::unique_ptr<authorizer> decides;
        std::unique_ptr<audit_sink> writes;
        std::unique_ptr<clock_source> tells;
        const mediaseal_status status = renew(out, [&](mediaseal_custody** handle) noexcept {
            return detail::shielded(
                [&]() -> mediaseal_status {
                    mediaseal_custody_options given = MEDIASEAL_CUSTODY_OPTIONS_INIT;
                    if (options.everybody) given.flags |= MEDIASEAL_CUSTODY_EVERYBODY;
                    if (options.unwrap_suspended) given.flags |= MEDIASEAL_CUSTODY_UNWRAP_SUSPENDED;
                    if (options.no_lazy_rewrap) given.flags |= MEDIASEAL_CUSTODY_NO_LAZY_REWRAP;
                    given.pinned_region = options.pinned_region;
                    std::vector<const mediaseal_provider*> providers;
                    for (const key_provider* provider : options.providers) {
                        if (provider == nullptr) return MEDIASEAL_ERR_NULL_POINTER;
                        providers.push_back(provider->native_handle());
                    }
                    given.providers = providers.data();
                    given.provider_count = providers.size();
                    std::vector<mediaseal_role_of> roles;
                    for (const role_of& one : options.roles) roles.push_back({one.principal, one.tenant, static_cast<std::uint32_t>(one.role), 0});
                    given.roles = roles.data();
                    given.role_count = roles.size();
                    if (options.authorize) {
                        decides = std::make_unique<authorizer>(options.authorize);
                        given.authorize = detail::ask_authorizer;
                        given.authorize_user_data = decides.get();
                        given.authorize_destroy = detail::end_of<authorizer>;
                    }
                    if (options.audit) {
                        writes = std::make_unique<audit_sink>(options.audit);
                        given.audit = detail::write_audit;
                        given.audit_user_data = writes.get();
                        given.audit_destroy = detail::end_of<audit_sink>;
                    }
                    if (options.clock) {
                        tells = std::make_unique<clock_source>(options.clock);
                        given.clock = detail::ask_clock;
                        given.clock_user_data = tells.get();
                        given.clock_destroy = detail::end_of<clock_source>;
                    }
                    return open(&given, handle);
                },
                MEDIASEAL_ERR_OUT_OF_MEMORY);
        });
        if (detail::is_taken(status)) {
            static_cast<void>(decides.release());
            static_cast<void>(writes.release());
            static_cast<void>(tells.release());
        }
        return status;
    }
};

}  // namespace mediaseal

#endif
