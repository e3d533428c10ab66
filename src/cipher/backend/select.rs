//! Which kernel works here: what the CPU has, what the self-test says, and the report of both.

use std::fmt;
#[cfg(feature = "test-hooks")]
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};

use super::context::{Block, GcmContext};
use super::{Aad, self_test};

/// A way to compute AES-GCM and AES-CTR. All give the same octets.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Tier {
    /// x86-64 with AVX-512, VAES and VPCLMULQDQ: four blocks at once.
    Vaes512,
    /// x86-64 with AVX2, VAES and VPCLMULQDQ: two blocks at once.
    Vaes256,
    /// x86-64 with AVX, AES-NI and PCLMULQDQ.
    AesNi,
    /// AArch64 with AES and PMULL.
    Aarch64,
    /// Every CPU: the RustCrypto crates, which find AES instructions themselves and are constant time without.
    Portable,
}

impl Tier {
    /// All tiers, the fastest first.
    pub const ALL: [Self; 5] = [
        Self::Vaes512,
        Self::Vaes256,
        Self::AesNi,
        Self::Aarch64,
        Self::Portable,
    ];

    /// Returns the name, such as "VAES-512".
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Vaes512 => "VAES-512",
            Self::Vaes256 => "VAES-256",
            Self::AesNi => "AES-NI",
            Self::Aarch64 => "AArch64 AES",
            Self::Portable => "portable",
        }
    }
}

impl fmt::Display for Tier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// What became of a tier on this CPU.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Verdict {
    /// It works: all new keys use it.
    Selected,
    /// It was not looked at, because a faster one works.
    NotNeeded,
    /// The CPU lacks its instructions, or the operating system does not keep their registers.
    NotOnThisCpu,
    /// This library was built for another architecture.
    NotInThisBuild,
    /// It gave other octets than the portable tier and is not used. Report it: the CPU, the compiler or this library is at fault.
    SelfTestFailed,
}

impl Verdict {
    /// Returns what it means, in a few words.
    #[must_use]
    pub const fn text(self) -> &'static str {
        match self {
            Self::Selected => "selected",
            Self::NotNeeded => "not needed: a faster one works",
            Self::NotOnThisCpu => "not on this CPU or operating system",
            Self::NotInThisBuild => "not in this build",
            Self::SelfTestFailed => "SELF-TEST FAILED, not used",
        }
    }
}

/// A tier and what became of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct Candidate {
    /// The tier.
    pub tier: Tier,
    /// Whether it works here, and why not.
    pub verdict: Verdict,
}

/// Which tier computes AES on this CPU, and why.
///
/// Its `Display` is one line to be logged, such as `AES: VAES-512`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Cpu {
    candidates: [Candidate; Tier::ALL.len()],
}

impl Cpu {
    /// Returns the tier that all new keys use.
    #[must_use]
    pub fn tier(&self) -> Tier {
        self.candidates
            .iter()
            .find(|candidate| candidate.verdict == Verdict::Selected)
            .map_or(Tier::Portable, |candidate| candidate.tier)
    }

    /// Returns every tier with its verdict, the fastest first.
    #[must_use]
    pub fn candidates(&self) -> &[Candidate] {
        &self.candidates
    }

    /// Returns what became of `tier`.
    #[must_use]
    pub fn verdict(&self, tier: Tier) -> Verdict {
        self.candidates
            .iter()
            .find(|candidate| candidate.tier == tier)
            .map_or(Verdict::NotInThisBuild, |candidate| candidate.verdict)
    }
}

impl fmt::Display for Cpu {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "AES: {}", self.tier())?;
        for candidate in &self.candidates {
            if candidate.verdict == Verdict::SelfTestFailed {
                write!(f, "; {}: {}", candidate.tier, candidate.verdict.text())?;
            }
        }
        Ok(())
    }
}

/// A tier other than the portable one that this CPU has. The value is the proof: only [`Kernel::of`] makes one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kernel {
    #[cfg(target_arch = "x86_64")]
    Vaes512(Detected),
    #[cfg(target_arch = "x86_64")]
    Vaes256(Detected),
    #[cfg(target_arch = "x86_64")]
    AesNi(Detected),
    #[cfg(all(target_arch = "aarch64", target_endian = "little"))]
    Aarch64(Detected),
}

/// Only this module makes one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Detected(());

impl Kernel {
    /// The kernel of `tier`, if this CPU has it.
    pub(crate) fn of(tier: Tier) -> Result<Self, Verdict> {
        #[cfg(target_arch = "x86_64")]
        {
            use std::arch::is_x86_feature_detected as has;
            // What is detected is also kept by the operating system: the standard library reads XCR0.
            let aes_ni =
                has!("aes") && has!("pclmulqdq") && has!("ssse3") && has!("sse4.1") && has!("avx");
            let vaes_256 = aes_ni && has!("avx2") && has!("vaes") && has!("vpclmulqdq");
            let vaes_512 = vaes_256
                && has!("bmi2")
                && has!("avx512f")
                && has!("avx512bw")
                && has!("avx512vl")
                && has!("avx512dq");
            let found = match tier {
                Tier::Vaes512 => vaes_512.then_some(Self::Vaes512(Detected(()))),
                Tier::Vaes256 => vaes_256.then_some(Self::Vaes256(Detected(()))),
                Tier::AesNi => aes_ni.then_some(Self::AesNi(Detected(()))),
                Tier::Aarch64 | Tier::Portable => return Err(Verdict::NotInThisBuild),
            };
            found.ok_or(Verdict::NotOnThisCpu)
        }
        #[cfg(all(target_arch = "aarch64", target_endian = "little"))]
        {
            use std::arch::is_aarch64_feature_detected as has;
            match tier {
                Tier::Aarch64 if has!("aes") => Ok(Self::Aarch64(Detected(()))),
                Tier::Aarch64 => Err(Verdict::NotOnThisCpu),
                _ => Err(Verdict::NotInThisBuild),
            }
        }
        #[cfg(not(any(
            target_arch = "x86_64",
            all(target_arch = "aarch64", target_endian = "little")
        )))]
        {
            _ = tier;
            Err(Verdict::NotInThisBuild)
        }
    }
}

/// Calls a function of the kernel's module.
macro_rules! dispatch {
    ($kernel:expr, $function:ident($($argument:expr),*), $set_up:ident) => {
        match $kernel {
            #[cfg(target_arch = "x86_64")]
            // SAFETY: the value is the proof that the CPU has the features.
            Kernel::Vaes512(_) => unsafe { dispatch!(@ x86 $set_up vaes512 $function($($argument),*)) },
            #[cfg(target_arch = "x86_64")]
            // SAFETY: as above.
            Kernel::Vaes256(_) => unsafe { dispatch!(@ x86 $set_up vaes256 $function($($argument),*)) },
            #[cfg(target_arch = "x86_64")]
            // SAFETY: as above.
            Kernel::AesNi(_) => unsafe { dispatch!(@ x86 $set_up aesni $function($($argument),*)) },
            #[cfg(all(target_arch = "aarch64", target_endian = "little"))]
            Kernel::Aarch64(_) => super::aarch64::with_data_independent_timing(|| {
                // SAFETY: as above.
                unsafe { super::aarch64::$function($($argument),*) }
            }),
        }
    };
    (@ x86 packet $module:ident $function:ident($($argument:expr),*)) => {
        super::x86::$module::$function($($argument),*)
    };
    // Making a context is the same for all tiers of x86.
    (@ x86 key $module:ident $function:ident($($argument:expr),*)) => {
        super::x86::$function($($argument),*)
    };
}

#[cfg_attr(
    not(any(
        target_arch = "x86_64",
        all(target_arch = "aarch64", target_endian = "little")
    )),
    allow(unused_variables, reason = "there is no kernel, and no call")
)]
impl Kernel {
    pub(super) fn expand_128(self, key: &[u8; 16], round_keys: &mut [Block; 11]) {
        dispatch!(self, expand_128(key, round_keys), key);
    }

    pub(super) fn expand_256(self, key: &[u8; 32], round_keys: &mut [Block; 15]) {
        dispatch!(self, expand_256(key, round_keys), key);
    }

    pub(super) fn make_powers<const RK: usize>(self, context: &mut GcmContext<RK>) {
        dispatch!(self, make_powers(context), key);
    }

    #[inline]
    pub(super) fn seal<const RK: usize>(
        self,
        context: &GcmContext<RK>,
        nonce: u128,
        aad: Aad<'_>,
        text: &mut [u8],
    ) -> Block {
        dispatch!(
            self,
            seal(context, nonce, aad.short, aad.octets, text),
            packet
        )
    }

    #[inline]
    pub(super) fn open<const RK: usize>(
        self,
        context: &GcmContext<RK>,
        nonce: u128,
        aad: Aad<'_>,
        text: &mut [u8],
    ) -> Block {
        dispatch!(
            self,
            open(context, nonce, aad.short, aad.octets, text),
            packet
        )
    }

    #[inline]
    pub(super) fn apply_keystream<const RK: usize>(
        self,
        round_keys: &[Block; RK],
        nonce: u128,
        first: u32,
        text: &mut [u8],
    ) {
        dispatch!(
            self,
            apply_keystream(round_keys, nonce, first, text),
            packet
        );
    }
}

/// What was found out at the first key of the process.
struct Selection {
    cpu: Cpu,
    kernel: Option<Kernel>,
}

/// Looks at the tiers, the fastest first, and takes the first that is here and passes its self-test.
fn select(passes: impl Fn(Kernel) -> bool, most: Tier) -> Selection {
    let mut selection = Selection {
        cpu: Cpu {
            candidates: Tier::ALL.map(|tier| Candidate {
                tier,
                verdict: Verdict::NotNeeded,
            }),
        },
        kernel: None,
    };
    let mut is_found = false;
    let mut is_allowed = false;
    for candidate in &mut selection.cpu.candidates {
        let tier = candidate.tier;
        is_allowed |= tier == most;
        candidate.verdict = match Kernel::of(tier) {
            _ if is_found => Verdict::NotNeeded,
            _ if tier == Tier::Portable => Verdict::Selected,
            Err(verdict) => verdict,
            Ok(_) if !is_allowed => Verdict::NotNeeded,
            Ok(kernel) if passes(kernel) => {
                selection.kernel = Some(kernel);
                is_found = true;
                Verdict::Selected
            }
            Ok(_) => Verdict::SelfTestFailed,
        };
    }
    selection
}

/// Finds out once a process. No lock: a process that is forked while another of its threads is at it would wait for that thread for ever. Two that come at
/// once find the same.
fn selection() -> Selection {
    static VERDICTS: AtomicU32 = AtomicU32::new(0);
    let known = VERDICTS.load(Ordering::Relaxed);
    if known != 0 {
        return Selection::of(known);
    }
    let selection = select(self_test::passes, fastest_allowed());
    VERDICTS.store(selection.verdicts(), Ordering::Relaxed);
    selection
}

impl Selection {
    /// The verdicts in one number: an octal digit each, the first tier lowest.
    fn verdicts(&self) -> u32 {
        self.cpu
            .candidates
            .iter()
            .rev()
            .fold(0, |number, candidate| {
                number << 3 | candidate.verdict.digit()
            })
    }

    fn of(mut verdicts: u32) -> Self {
        let candidates = Tier::ALL.map(|tier| {
            let verdict = Verdict::of_digit(verdicts & 7);
            verdicts >>= 3;
            Candidate { tier, verdict }
        });
        let cpu = Cpu { candidates };
        Self {
            cpu,
            kernel: Kernel::of(cpu.tier()).ok(),
        }
    }
}

impl Verdict {
    const fn digit(self) -> u32 {
        match self {
            Self::Selected => 1,
            Self::NotNeeded => 2,
            Self::NotOnThisCpu => 3,
            Self::NotInThisBuild => 4,
            Self::SelfTestFailed => 5,
        }
    }

    const fn of_digit(digit: u32) -> Self {
        match digit {
            1 => Self::Selected,
            2 => Self::NotNeeded,
            3 => Self::NotOnThisCpu,
            5 => Self::SelfTestFailed,
            _ => Self::NotInThisBuild,
        }
    }
}

/// The fastest tier that may be taken.
#[cfg(not(feature = "test-hooks"))]
fn fastest_allowed() -> Tier {
    Tier::ALL[0]
}

/// The fastest tier that may be taken: what a test said, or the environment of the compiler, or any.
#[cfg(feature = "test-hooks")]
fn fastest_allowed() -> Tier {
    let built_for = option_env!("MEDIASEAL_TIER")
        .and_then(|name| Tier::ALL.into_iter().find(|tier| tier.name() == name));
    *FORCED.get_or_init(|| built_for.unwrap_or(Tier::ALL[0]))
}

#[cfg(feature = "test-hooks")]
static FORCED: OnceLock<Tier> = OnceLock::new();

/// Lets new keys use no faster tier than this. False if there has been a key, or another call.
#[cfg(feature = "test-hooks")]
pub(crate) fn force(tier: Tier) -> bool {
    FORCED.set(tier).is_ok()
}

/// The kernel that new keys use, or nothing for the portable tier.
///
/// The first call of the process compares kernels with the portable tier, which takes a fraction of a millisecond.
pub(crate) fn selected() -> Option<Kernel> {
    selection().kernel
}

/// Returns which tier computes AES on this CPU, and why.
///
/// The first call of the process, or the first key, runs the self-tests: a fraction of a millisecond.
///
/// ```
/// println!("{}", mediaseal::cpu()); // AES: VAES-512
/// ```
#[must_use]
pub fn cpu() -> Cpu {
    selection().cpu
}

#[cfg(test)]
mod tests {
    use super::{Kernel, Selection, Tier, Verdict, select, self_test};

    /// The tiers that this CPU has, the portable one last.
    fn here() -> Vec<Tier> {
        Tier::ALL
            .into_iter()
            .filter(|&tier| tier == Tier::Portable || Kernel::of(tier).is_ok())
            .collect()
    }

    #[test]
    fn a_tier_that_fails_its_self_test_is_reported_and_the_next_is_taken() {
        let here = here();
        for broken in 0..here.len() {
            let passes = |kernel: Kernel| {
                !here[..broken]
                    .iter()
                    .any(|&tier| Kernel::of(tier) == Ok(kernel))
            };
            let selection = select(passes, Tier::ALL[0]);
            assert_eq!(selection.cpu.tier(), here[broken]);
            for (index, &tier) in here.iter().enumerate() {
                let expected = match index {
                    index if index < broken => Verdict::SelfTestFailed,
                    index if index == broken => Verdict::Selected,
                    _ => Verdict::NotNeeded,
                };
                assert_eq!(selection.cpu.verdict(tier), expected, "{tier}");
            }
            let kernel = selection.kernel;
            assert_eq!(kernel, Kernel::of(here[broken]).ok());
            let again = Selection::of(selection.verdicts());
            assert_eq!(again.cpu, selection.cpu);
            let line = selection.cpu.to_string();
            assert_eq!(line.contains("SELF-TEST FAILED"), broken > 0, "{line}");
        }
    }

    #[test]
    fn every_tier_can_be_forced() {
        for tier in here() {
            let selection = select(self_test::passes, tier);
            assert_eq!(selection.cpu.tier(), tier);
        }
    }
}
