//! The control plane: channels of an application and their generations.

use mediaseal::{ChannelConfig, CheckedCipher, NewGeneration};
use wasm_bindgen::prelude::wasm_bindgen;

use crate::error::Outcome;
use crate::keys::{ChannelKey, suite};

#[wasm_bindgen(typescript_custom_section)]
const OPTIONS: &str = r"
/** A channel as all its members describe it: id, instance and clock are the same for all. */
export interface ChannelOptions {
    /** Names this call in the channel, by a name that never comes again: with it a relay cannot replay an earlier call of the same key. */
    instance?: string;
    /** Binds sessions to the hour, as `tick` tells it: all members or none. */
    clock?: boolean;
    /** How long the old generation still opens after a change; 10 by default. */
    graceSeconds?: bigint;
}

/** What of a generation differs from the defaults. */
export interface GenerationOptions {
    /** The cipher suite's number in the IANA registry; 4, AES-128-GCM, by default. */
    suite?: number;
    /** Allows suites whose tags have fewer than 64 bits. */
    allowShortTags?: boolean;
    /** Opens no frame before this time, in seconds since 1970. */
    opensAt?: bigint;
}
";

#[wasm_bindgen]
extern "C" {
    /// What of a channel differs from the defaults.
    #[wasm_bindgen(typescript_type = "ChannelOptions")]
    pub type ChannelOptions;

    #[wasm_bindgen(method, getter)]
    fn instance(this: &ChannelOptions) -> Option<String>;
    #[wasm_bindgen(method, getter)]
    fn clock(this: &ChannelOptions) -> Option<bool>;
    #[wasm_bindgen(method, getter, js_name = graceSeconds)]
    fn grace_seconds(this: &ChannelOptions) -> Option<u64>;

    /// What of a generation differs from the defaults.
    #[wasm_bindgen(typescript_type = "GenerationOptions")]
    pub type GenerationOptions;

    #[wasm_bindgen(method, getter)]
    fn suite(this: &GenerationOptions) -> Option<u16>;
    #[wasm_bindgen(method, getter, js_name = allowShortTags)]
    fn allow_short_tags(this: &GenerationOptions) -> Option<bool>;
    #[wasm_bindgen(method, getter, js_name = opensAt)]
    fn opens_at(this: &GenerationOptions) -> Option<u64>;
}

/// The channels of an application, with their keys.
#[wasm_bindgen]
pub struct ChannelStore(mediaseal::ChannelStore);

#[wasm_bindgen]
impl ChannelStore {
    /// Makes a store without channels.
    ///
    /// # Errors
    /// `MEDIASEAL_ERR_ENTROPY` if the browser gives no random octets.
    #[wasm_bindgen(constructor)]
    pub fn new() -> Outcome<Self> {
        Ok(Self(mediaseal::ChannelStore::new()?))
    }

    /// Opens a channel. It lives as long as its objects, encryptors and decryptors do.
    ///
    /// # Errors
    /// `MEDIASEAL_ERR_CHANNEL_NAME`; `MEDIASEAL_ERR_CHANNEL_OPEN` if a channel with this id and instance is open: use its object.
    pub fn channel(&self, id: &str, options: Option<ChannelOptions>) -> Outcome<Channel> {
        let mut config = ChannelConfig::new(id)?;
        if let Some(options) = options {
            if let Some(instance) = options.instance() {
                config = config.instance(instance)?;
            }
            if options.clock() == Some(true) {
                config = config.with_clock();
            }
            if let Some(seconds) = options.grace_seconds() {
                config = config.grace_seconds(seconds);
            }
        }
        Ok(Channel(self.0.channel(config)?))
    }

    /// Tells the time, `Date.now() / 1000`, to every channel. Call it at least once a minute: it opens what waits for its time, ends grace, and prepares
    /// the next sessions of encryptors, so that no frame has to.
    ///
    /// # Errors
    /// `MEDIASEAL_ERR_CLOCK_UNSET` under 3600; `MEDIASEAL_ERR_ENTROPY` if a next session cannot be made (its encryptor tries again).
    pub fn tick(&self, unix_seconds: f64) -> Outcome<()> {
        Ok(self.0.tick(whole_seconds(unix_seconds))?)
    }

    /// Makes every encryptor begin a new session with its next frame.
    ///
    /// # Errors
    /// As `tick`, without the clock.
    #[wasm_bindgen(js_name = renewSessions)]
    pub fn renew_sessions(&self) -> Outcome<()> {
        Ok(self.0.renew_sessions()?)
    }
}

/// One channel: stage, activate, grace, retire.
#[wasm_bindgen]
pub struct Channel(pub(crate) mediaseal::Channel);

#[wasm_bindgen]
impl Channel {
    /// Stages a generation by its number and its channel key, which stays yours: it opens frames and does not seal. Stage it on every side, then
    /// `activate`.
    ///
    /// # Errors
    /// `MEDIASEAL_ERR_GENERATION_RETIRED`, `MEDIASEAL_ERR_GENERATION_SLOT_BUSY`, `MEDIASEAL_ERR_GENERATION_CONFLICT`,
    /// `MEDIASEAL_ERR_CHANNEL_KEY_REUSED`, `MEDIASEAL_ERR_SHORT_TAG`, `MEDIASEAL_ERR_UNSUPPORTED_SUITE`.
    pub fn stage(
        &self,
        number: u64,
        key: &ChannelKey,
        options: Option<GenerationOptions>,
    ) -> Outcome<()> {
        let mut generation = NewGeneration::new(number, key.0.duplicate());
        if let Some(options) = options {
            let mut cipher = CheckedCipher::builtin(suite(options.suite()))?;
            if options.allow_short_tags() == Some(true) {
                cipher = cipher.allow_short_tags();
            }
            generation = generation.cipher(&cipher);
            if let Some(seconds) = options.opens_at() {
                generation = generation.opens_at(seconds);
            }
        }
        Ok(self.0.stage(generation)?)
    }

    /// Makes a generation the one that seals. The former one is in grace: it opens until grace ends, or until `retire` where the channel has no clock.
    ///
    /// # Errors
    /// `MEDIASEAL_ERR_UNKNOWN_GENERATION`; `MEDIASEAL_ERR_NOT_OPEN_YET`; `MEDIASEAL_ERR_ENTROPY`.
    pub fn activate(&self, number: u64) -> Outcome<()> {
        Ok(self.0.activate(number)?)
    }

    /// Seals at step `step` of a generation from now on: every member calls it with the same number.
    ///
    /// # Errors
    /// `MEDIASEAL_ERR_UNKNOWN_GENERATION`; `MEDIASEAL_ERR_GRACE_OPEN`.
    #[wasm_bindgen(js_name = advanceTo)]
    pub fn advance_to(&self, number: u64, step: u32) -> Outcome<()> {
        Ok(self.0.advance_to(number, step)?)
    }

    /// Drops a generation and its keys at once; its number does not come again.
    ///
    /// # Errors
    /// `MEDIASEAL_ERR_UNKNOWN_GENERATION`.
    pub fn retire(&self, number: u64) -> Outcome<()> {
        Ok(self.0.retire(number)?)
    }

    /// Returns twelve groups of five digits for people to compare: equal if both sides hold the same keys.
    ///
    /// # Errors
    /// `MEDIASEAL_ERR_NO_ACTIVE_KEY` if no generation seals.
    #[wasm_bindgen(js_name = safetyCode)]
    pub fn safety_code(&self) -> Outcome<String> {
        Ok(self.0.safety_code()?)
    }
}

/// Seconds as the core has them: what is no time is 0, which it refuses.
#[allow(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "fractions are cut, and `as` saturates"
)]
const fn whole_seconds(seconds: f64) -> u64 {
    seconds as u64
}
