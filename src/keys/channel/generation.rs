//! One generation of a channel: its secrets by step, and which of them open and seal.

use std::collections::BTreeMap;
use std::sync::Arc;

use hmac::Hmac;
use hmac::digest::{FixedOutput, KeyInit, Update};
use sha2::Sha256;

use super::channel_key::ChannelKey;
use super::epoch::lp_len;
use super::index::Seen;
use crate::cipher::kdf::{self, Expander, MAX_HASH_LEN};
use crate::cipher::{CheckedCipher, CipherSuite, Hash};
use crate::id::{KeyId, Media, SenderId};
use crate::keys::schedule::{ADVANCE, CHANNEL, CHECK, CONFIRM, SESSION};
use crate::keys::secret::{Secret, with_wiped_stack};

/// Steps that a generation holds below its head.
pub(super) const MAX_BEHIND: u32 = 7;
/// Steps that it opens beyond its head.
pub(super) const LOOK_AHEAD: u32 = 8;

/// The secret of one step.
pub(crate) type StepSecret = Secret<32>;

/// A step that is held: its secret, and the same ready to derive sessions from.
pub(crate) struct Step {
    pub(super) secret: StepSecret,
    expander: Expander,
}

impl Step {
    fn new(secret: StepSecret) -> Arc<Self> {
        with_wiped_stack(|| {
            let expander = match Expander::new(secret.expose()) {
                Some(expander) => expander,
                None => unreachable!("32 octets are what HKDF-SHA256 takes"),
            };
            Arc::new(Self { secret, expander })
        })
    }
}

/// Derives step 0 of a generation:
///
/// ```text
/// secret[g,0] = HKDF-SHA256(salt = kdf_salt, ikm = channel key,
///               info = "mediaseal v1 channel" ‖ u8(len kdf_salt) ‖ lp(channel_id) ‖ lp(instance) ‖ u64(g), L = 32)
/// ```
pub(super) fn first_step(
    key: &ChannelKey,
    channel_id: &[u8],
    instance: &[u8],
    generation: u64,
) -> StepSecret {
    let salt = key.kdf_salt.expose();
    let salt_len = [u8::try_from(salt.len()).unwrap_or(u8::MAX)];
    with_wiped_stack(|| {
        let mut prk = Secret::<MAX_HASH_LEN>::zeroed();
        kdf::extract(Hash::Sha256, salt, key.octets.expose(), prk.expose_mut());
        expand(
            &prk.expose()[..32],
            &[
                CHANNEL.as_bytes(),
                &salt_len,
                &lp_len(channel_id),
                channel_id,
                &lp_len(instance),
                instance,
                &generation.to_be_bytes(),
            ],
        )
    })
}

/// Derives the next step: `secret[g,s+1] = HKDF-Expand(secret[g,s], "mediaseal v1 advance" ‖ u32(s+1), 32)`.
pub(super) fn next_step(secret: &StepSecret, next: u32) -> StepSecret {
    with_wiped_stack(|| expand(secret.expose(), &[ADVANCE.as_bytes(), &next.to_be_bytes()]))
}

/// Derives a session's base key into `base_key`, without allocating:
/// `HKDF-Expand(secret[g,s], "mediaseal v1 session" ‖ lp(sender_id) ‖ u8(media) ‖ u64(period) ‖ u64(KID), 32)`.
pub(crate) fn session_base_key(
    step: &Step,
    sender: &SenderId,
    media: Media,
    period: u64,
    kid: KeyId,
    base_key: &mut [u8],
) {
    let sender = sender.as_bytes();
    let expanded = step.expander.expand(
        &[
            SESSION.as_bytes(),
            &lp_len(sender),
            sender,
            &[media.value()],
            &period.to_be_bytes(),
            &kid.value().to_be_bytes(),
        ],
        base_key,
    );
    assert!(expanded, "HKDF gives 255 Nh octets, more than 32");
}

/// Derives what the safety code shows:
/// `HKDF-Expand(secret[g,s], "mediaseal v1 confirm" ‖ u16(suite) ‖ u8(clock), 32)`.
pub(super) fn confirm(secret: &StepSecret, suite: CipherSuite, clock: bool) -> StepSecret {
    of_suite(secret, CONFIRM, suite, clock)
}

/// Derives the key of key checks: `HKDF-Expand(secret[g,s], "mediaseal v1 check" ‖ u16(suite) ‖ u8(clock), 32)`.
///
/// Not `confirm`, of which a safety code shows 199 bits: with one answer the rest could be searched for.
pub(super) fn check_key(secret: &StepSecret, suite: CipherSuite, clock: bool) -> StepSecret {
    of_suite(secret, CHECK, suite, clock)
}

fn of_suite(secret: &StepSecret, label: &str, suite: CipherSuite, clock: bool) -> StepSecret {
    expand(
        secret.expose(),
        &[
            label.as_bytes(),
            &suite.value().to_be_bytes(),
            &[u8::from(clock)],
        ],
    )
}

/// The safety code: `confirm` as a big-endian integer mod 10^60, in 12 groups of 5 digits.
pub(super) fn safety_code(confirm: &StepSecret) -> String {
    // Long division by 10^5, twelve times: each remainder is a group, the last first.
    let mut number = *confirm.expose();
    let mut groups = [0u32; 12];
    for group in groups.iter_mut().rev() {
        let mut remainder = 0u32;
        for octet in &mut number {
            let value = (remainder << 8) | u32::from(*octet);
            *octet = u8::try_from(value / 100_000).unwrap_or(0);
            remainder = value % 100_000;
        }
        *group = remainder;
    }
    zeroize::Zeroize::zeroize(&mut number);
    groups.map(|group| format!("{group:05}")).join(" ")
}

/// The answer of a key check: the first 16 octets of HMAC-SHA256(check key, lp(sender_id) ‖ challenge).
pub(super) fn key_check(
    check_key: &StepSecret,
    sender: &SenderId,
    challenge: &[u8; 16],
) -> [u8; 16] {
    let mut mac = match Hmac::<Sha256>::new_from_slice(check_key.expose()) {
        Ok(mac) => mac,
        Err(_) => unreachable!("HMAC takes keys of any length"),
    };
    mac.update(&lp_len(sender.as_bytes()));
    mac.update(sender.as_bytes());
    mac.update(challenge);
    let full = mac.finalize_fixed();
    let mut answer = [0; 16];
    answer.copy_from_slice(&full[..16]);
    answer
}

fn expand(prk: &[u8], info: &[&[u8]]) -> StepSecret {
    let mut secret = Secret::zeroed();
    let expanded = kdf::expand(Hash::Sha256, prk, info, secret.expose_mut());
    assert!(expanded, "HKDF gives 255 Nh octets, more than 32");
    secret
}

/// What a generation is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Phase {
    /// Opens (from `opens_at` on), does not seal.
    Staged,
    /// Opens and seals.
    Active,
    /// Opens, until grace ends.
    Grace,
}

/// A generation: base ≤ send ≤ head, head − base ≤ 7, with the secrets of base to head + 8.
pub(super) struct Generation {
    pub(super) number: u64,
    pub(super) cipher: CheckedCipher,
    pub(super) phase: Phase,
    /// Before this time, in seconds since 1970, nothing opens.
    pub(super) opens_at: Option<u64>,
    /// When the grace of the whole generation ends (`Phase::Grace`), or that of the steps below the sending one; nothing before the first
    /// tick after it began.
    pub(super) grace_ends: Option<u64>,
    /// Whether steps below the sending one are in grace.
    pub(super) steps_in_grace: bool,
    pub(super) base: u32,
    pub(super) send: u32,
    pub(super) head: u32,
    pub(super) secrets: BTreeMap<u32, Arc<Step>>,
    /// The channel key, where the application asked to keep it.
    pub(super) root: Option<ChannelKey>,
    pub(super) seen: Arc<Seen>,
}

impl Generation {
    pub(super) fn new(
        number: u64,
        cipher: CheckedCipher,
        step: u32,
        secret: StepSecret,
        opens_at: Option<u64>,
    ) -> Self {
        let mut generation = Self {
            number,
            cipher,
            phase: Phase::Staged,
            opens_at,
            grace_ends: None,
            steps_in_grace: false,
            base: step,
            send: step,
            head: step,
            secrets: BTreeMap::from([(step, Step::new(secret))]),
            root: None,
            seen: Arc::default(),
        };
        generation.look_ahead();
        generation
    }

    /// Derives the secrets up to head + 8.
    pub(super) fn look_ahead(&mut self) {
        let until = self.head.saturating_add(LOOK_AHEAD);
        while let Some((&last, secret)) = self.secrets.last_key_value()
            && last < until
        {
            let next = Step::new(next_step(&secret.secret, last + 1));
            self.secrets.insert(last + 1, next);
        }
    }

    /// Raises head to what decryptors saw, within head − base ≤ 7. Tells whether it moved.
    pub(super) fn raise_head(&mut self) -> bool {
        let seen = self.seen.latest_step();
        let head = seen
            .min(self.base.saturating_add(MAX_BEHIND))
            .max(self.head);
        let moved = head != self.head;
        self.head = head;
        self.look_ahead();
        moved
    }

    /// Ends the grace of steps below the sending one: their secrets are wiped.
    pub(super) fn drop_steps_below_send(&mut self) {
        self.base = self.send;
        self.secrets = self.secrets.split_off(&self.base);
        self.steps_in_grace = false;
    }

    /// A step that is held or in reach.
    pub(super) fn step(&self, step: u32) -> Option<&Arc<Step>> {
        self.secrets.get(&step)
    }

    pub(super) fn is_open(&self) -> bool {
        self.opens_at.is_none()
    }

    /// Opens if its time has come. A clock that goes back closes nothing.
    pub(super) fn open_for_good(&mut self, now: Option<u64>) {
        self.opens_at = self.opens_at.filter(|&at| now.is_none_or(|now| now < at));
    }
}
