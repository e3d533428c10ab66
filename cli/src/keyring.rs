//! Key files: what the command knows of keys.
//!
//! ```text
//!  # one key a line; what a line does not say, the options say
//!  mediaseal-epoch-1…                                         an epoch secret: it names its channel itself
//!  channel=standup generation=2 key=00112233…                 a channel key, in hexadecimal digits or base64
//!  0x1=00112233…                                              a raw base key under its KID
//! ```
//!
//! What cannot be read is named by its line and field, never by its text.

use mediaseal::{
    BaseKey, Channel, ChannelConfig, ChannelKey, ChannelStore, CheckedCipher, CipherSuite,
    EpochSecret, Error, KeyId, NewGeneration, SenderId,
};
use zeroize::Zeroizing;

use crate::suites;

/// Before an epoch secret as text.
const EPOCH: &str = "mediaseal-epoch-";

/// What a channel is called, the same for all its members.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ChannelName {
    pub(crate) id: Vec<u8>,
    pub(crate) instance: Vec<u8>,
    pub(crate) clock: bool,
}

/// What lines that do not say it are taken to mean.
#[derive(Clone, Debug, Default)]
pub(crate) struct Defaults {
    pub(crate) channel: Option<String>,
    pub(crate) instance: String,
    pub(crate) clock: bool,
    pub(crate) generation: u64,
    pub(crate) suite: Option<CipherSuite>,
}

/// A key and what it is of.
pub(crate) enum Key {
    Channel {
        channel: ChannelName,
        generation: u64,
        suite: CipherSuite,
        key: ChannelKey,
    },
    Epoch {
        channel: ChannelName,
        generation: u64,
        step: u32,
        suite: CipherSuite,
        text: Zeroizing<String>,
    },
    Raw {
        kid: KeyId,
        suite: CipherSuite,
        sender: SenderId,
        key: BaseKey,
    },
}

impl ChannelName {
    /// Opens the channel, in a store of its own.
    ///
    /// # Errors
    /// If the system gives no random octets.
    pub(crate) fn open(&self) -> Result<(ChannelStore, Channel), Error> {
        let store = ChannelStore::new()?;
        let config = ChannelConfig::new(&self.id)?.instance(&self.instance)?;
        let config = if self.clock {
            config.with_clock()
        } else {
            config
        };
        let channel = store.channel(config)?;
        Ok((store, channel))
    }
}

impl Key {
    /// The channel that it is of.
    pub(crate) const fn channel(&self) -> Option<&ChannelName> {
        match self {
            Self::Channel { channel, .. } | Self::Epoch { channel, .. } => Some(channel),
            Self::Raw { .. } => None,
        }
    }

    /// Stages the generation in its channel, or joins by the epoch secret. Raw keys change nothing.
    ///
    /// # Errors
    /// What the library, or `cipher` for the suite, has against it.
    pub(crate) fn stage(
        &self,
        channel: &Channel,
        cipher: impl Fn(CipherSuite) -> Result<CheckedCipher, Error>,
    ) -> Result<(), Error> {
        match self {
            Self::Channel {
                generation,
                suite,
                key,
                ..
            } => channel
                .stage(NewGeneration::new(*generation, key.duplicate()).cipher(&cipher(*suite)?)),
            Self::Epoch { text, suite, .. } => {
                channel.join(EpochSecret::from_text(text)?, Some(&cipher(*suite)?))
            }
            Self::Raw { .. } => Ok(()),
        }
    }
}

/// The cipher of a suite: `custom` if it is of that, else the built-in one. Looking is no sending: short tags need no opt-in here.
///
/// # Errors
/// If there is none.
pub(crate) fn cipher(
    suite: CipherSuite,
    custom: Option<&CheckedCipher>,
) -> Result<CheckedCipher, Error> {
    match custom {
        Some(custom) if custom.suite() == suite => Ok(custom.clone()),
        _ => CheckedCipher::builtin(suite).map(CheckedCipher::allow_short_tags),
    }
}

/// Reads the lines of a key file. `name` is what errors call it.
pub(crate) fn parse(name: &str, text: &str, defaults: &Defaults) -> Result<Vec<Key>, String> {
    let mut keys = Vec::new();
    for (number, line) in (1..).zip(text.lines()) {
        let line = line.trim();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        let key = Fields::read(line).and_then(|fields| fields.key(defaults));
        keys.push(key.map_err(|why| format!("{name}, line {number}: {why}"))?);
    }
    if keys.is_empty() {
        return Err(format!("{name}: there is no key in it"));
    }
    Ok(keys)
}

/// The fields of a line, as they stand.
#[derive(Default)]
struct Fields<'a> {
    key: Option<&'a str>,
    kid: Option<u64>,
    channel: Option<&'a str>,
    instance: Option<&'a str>,
    clock: Option<bool>,
    generation: Option<u64>,
    suite: Option<CipherSuite>,
    salt: Option<&'a str>,
    sender: Option<&'a str>,
}

impl<'a> Fields<'a> {
    fn read(line: &'a str) -> Result<Self, String> {
        let mut fields = Self::default();
        let mut rest = line;
        while !rest.is_empty() {
            let (field, behind) = field(rest)?;
            rest = behind.trim_start();
            fields.take(field)?;
        }
        Ok(fields)
    }

    fn take(&mut self, (name, value): (&str, &'a str)) -> Result<(), String> {
        let twice = |is_there: bool| is_there.then(|| format!("{name} stands there twice"));
        let refused = match name {
            "" | "key" => twice(self.key.replace(value).is_some()),
            "kid" => twice(
                self.kid
                    .replace(number(value).ok_or("kid is no number")?)
                    .is_some(),
            ),
            "channel" => twice(self.channel.replace(value).is_some()),
            "instance" => twice(self.instance.replace(value).is_some()),
            "generation" => {
                let number = number(value).ok_or("generation is no number")?;
                twice(self.generation.replace(number).is_some())
            }
            "suite" => twice(self.suite.replace(suites::suite(value)?).is_some()),
            "salt" => twice(self.salt.replace(value).is_some()),
            "sender" => twice(self.sender.replace(value).is_some()),
            "clock" => {
                let clock = match value {
                    "yes" => true,
                    "no" => false,
                    _ => return Err("clock is yes or no".to_owned()),
                };
                twice(self.clock.replace(clock).is_some())
            }
            // A KID in front of its key; field() lets nothing else through.
            kid => {
                let kid = number(kid).ok_or("a field has no name that is known")?;
                let again = self.kid.replace(kid).is_some() || self.key.replace(value).is_some();
                again.then(|| "there are two keys".to_owned())
            }
        };
        refused.map_or(Ok(()), Err)
    }

    fn key(self, defaults: &Defaults) -> Result<Key, String> {
        let text = self.key.ok_or("there is no key in it")?;
        let suite = self.suite.or(defaults.suite);
        let suite = suite.unwrap_or(CipherSuite::AES_128_GCM_SHA256_128);
        if let Some(kid) = self.kid {
            if self.channel.is_some()
                || self.generation.is_some()
                || self.instance.is_some()
                || self.salt.is_some()
            {
                return Err("a raw key has a kid and no channel".to_owned());
            }
            let sender = SenderId::new(self.sender.unwrap_or_default());
            return Ok(Key::Raw {
                kid: KeyId::new(kid),
                suite,
                sender: sender.map_err(|error| error.to_string())?,
                key: base_key(text)?,
            });
        }
        if self.sender.is_some() {
            return Err("a sender belongs to a raw key; for channels give --sender".to_owned());
        }
        if text.starts_with(EPOCH) {
            return self.epoch(text);
        }
        let id = self.channel.or(defaults.channel.as_deref());
        let id = id.ok_or("of which channel? Say channel=… in the line, or --channel")?;
        let instance = self.instance.unwrap_or(&defaults.instance);
        let key = channel_key(text)?;
        let key = match self.salt {
            None => key,
            Some(salt) => {
                let salt = data_encoding::HEXLOWER_PERMISSIVE.decode(salt.as_bytes());
                let salt = salt.map_err(|_| "salt is not in hexadecimal digits")?;
                key.with_kdf_salt(&salt)
                    .map_err(|error| error.to_string())?
            }
        };
        Ok(Key::Channel {
            channel: ChannelName {
                id: id.as_bytes().to_vec(),
                instance: instance.as_bytes().to_vec(),
                clock: self.clock.unwrap_or(defaults.clock),
            },
            generation: self.generation.unwrap_or(defaults.generation),
            suite,
            key,
        })
    }

    fn epoch(self, text: &str) -> Result<Key, String> {
        let epoch = EpochSecret::from_text(text).map_err(|error| error.to_string())?;
        let others = [
            self.channel.is_some(),
            self.instance.is_some(),
            self.clock.is_some(),
        ];
        let others = others.contains(&true) || self.generation.is_some() || self.suite.is_some();
        if others || self.salt.is_some() {
            return Err("an epoch secret names channel, generation and suite itself".to_owned());
        }
        Ok(Key::Epoch {
            channel: ChannelName {
                id: epoch.channel_id().to_vec(),
                instance: epoch.instance().to_vec(),
                clock: epoch.has_clock(),
            },
            generation: epoch.generation(),
            step: epoch.step(),
            suite: epoch.suite(),
            text: Zeroizing::new(text.to_owned()),
        })
    }
}

/// The names that fields have.
const NAMES: [&str; 9] = [
    "key",
    "kid",
    "channel",
    "instance",
    "clock",
    "generation",
    "suite",
    "salt",
    "sender",
];

/// A field's name and value.
type Field<'a> = (&'a str, &'a str);

/// The first field of a line, and what stands behind it. A value in quotes may hold spaces.
fn field(line: &str) -> Result<(Field<'_>, &str), String> {
    let word_end = |text: &str| text.find(char::is_whitespace).unwrap_or(text.len());
    let named = line.split_once('=').filter(|(name, _)| {
        // Base64 ends in the same sign.
        NAMES.contains(name) || number(name).is_some()
    });
    let Some((name, value)) = named else {
        let (word, rest) = line.split_at(word_end(line));
        return Ok((("", word), rest));
    };
    if let Some(quoted) = value.strip_prefix('"') {
        let (value, rest) = quoted
            .split_once('"')
            .ok_or("a quotation mark is missing")?;
        return Ok(((name, value), rest));
    }
    let (value, rest) = value.split_at(word_end(value));
    Ok(((name, value), rest))
}

/// Reads a number, decimal or hexadecimal behind 0x.
pub(crate) fn number(text: &str) -> Option<u64> {
    match text.strip_prefix("0x") {
        Some(digits) if !digits.starts_with('+') => u64::from_str_radix(digits, 16).ok(),
        Some(_) => None,
        None if text.starts_with('+') => None,
        // 32 digits and more are a key.
        None => text.parse().ok(),
    }
}

/// Reads a channel key in hexadecimal digits or base64.
pub(crate) fn channel_key(text: &str) -> Result<ChannelKey, String> {
    let hex = ChannelKey::from_hex(text);
    let key = hex.or_else(|_| ChannelKey::from_base64(text));
    key.map_err(|error| {
        format!("the key cannot be read, neither as hexadecimal digits nor as base64: {error}")
    })
}

fn base_key(text: &str) -> Result<BaseKey, String> {
    BaseKey::from_hex(text).or_else(|_| {
        let octets = channel_key(text)?.to_bytes();
        BaseKey::from_slice(&octets).map_err(|error| error.to_string())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEX: &str = "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f";

    fn defaults() -> Defaults {
        Defaults {
            channel: Some("standup".into()),
            generation: 1,
            ..Defaults::default()
        }
    }

    fn parse_one(line: &str) -> Result<Key, String> {
        let mut keys = parse("keys", line, &defaults())?;
        assert_eq!(keys.len(), 1);
        keys.pop().ok_or_else(String::new)
    }

    #[test]
    fn channel_keys_are_read_with_what_they_say_of_themselves() {
        let expected = ChannelKey::from_hex(HEX).unwrap();
        for line in [
            HEX.to_owned(),
            "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=".to_owned(),
            format!("key={HEX}"),
            format!("  channel=standup   key=\"{HEX}\" generation=0x1"),
        ] {
            let Ok(Key::Channel {
                channel,
                generation,
                key,
                ..
            }) = parse_one(&line)
            else {
                panic!("{line}");
            };
            assert!(
                key == expected && generation == 1 && channel.id == b"standup" && !channel.clock
            );
        }
        let line = format!(
            "channel=\"Monday's call\" instance=i7 clock=yes generation=9 suite=aes-256-gcm {HEX}"
        );
        let Ok(Key::Channel {
            channel,
            generation,
            suite,
            ..
        }) = parse_one(&line)
        else {
            panic!("{line}");
        };
        assert_eq!(channel.id, b"Monday's call");
        assert_eq!(
            (channel.instance, channel.clock, generation),
            (b"i7".to_vec(), true, 9)
        );
        assert_eq!(suite, CipherSuite::AES_256_GCM_SHA512_128);
    }

    #[test]
    fn raw_keys_have_a_kid() {
        for line in [
            format!("0x1f={HEX}"),
            format!("31={HEX}"),
            format!("kid=31 key={HEX} sender=alice"),
        ] {
            assert!(
                matches!(parse_one(&line), Ok(Key::Raw { kid, .. }) if kid.value() == 31),
                "{line}"
            );
        }
    }

    #[test]
    fn what_cannot_be_read_is_named_and_never_shown() {
        let secret = "ffeeddccbbaa99887766554433221100";
        for line in [
            format!("{secret}0"),
            format!("{secret} {secret}"),
            format!("key={secret} key={secret}"),
            format!("chanel={secret}"),
            format!("kid={secret}"),
            format!("channel=\"{secret}"),
            format!("clock={secret} {secret}"),
            format!("generation={secret} {secret}"),
            format!("suite={secret} {secret}"),
            format!("salt={secret}z {secret}"),
            format!("kid=1 channel=a {secret}"),
            format!("sender=a {secret}"),
            format!("mediaseal-epoch-1{secret}"),
            "channel=a".to_owned(),
        ] {
            let why = parse("keys", &format!("# two keys\n\n{line}"), &defaults()).err();
            let why = why.unwrap_or_else(|| panic!("{line} was read"));
            assert!(why.starts_with("keys, line 3: "), "{why}");
            assert!(!why.contains("ffee"), "{why}");
        }
        assert!(parse("keys", "# none\n", &defaults()).is_err());
        let nameless = Defaults::default();
        assert!(parse("keys", secret, &nameless).is_err_and(|why| why.contains("--channel")));
    }
}
