//! What holds for everybody: the region, suspended keys, acting only what is recorded.

/// What custody does and refuses, whoever asks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Policy {
    pinned: Option<String>,
    unwrap_suspended: bool,
    fail_closed: bool,
    lazy_rewrap: bool,
}

impl Default for Policy {
    /// No region; suspended keys open nothing; nothing is done that cannot be recorded; keys are wrapped anew when they are opened.
    fn default() -> Self {
        Self {
            pinned: None,
            unwrap_suspended: false,
            fail_closed: true,
            lazy_rewrap: true,
        }
    }
}

impl Policy {
    /// Keys and providers of `region` alone: of `eu` that is `eu`, and what begins with `eu-`. Keys and providers that name no region are refused.
    #[must_use]
    pub fn pin(region: impl Into<String>) -> Self {
        Self {
            pinned: Some(region.into()),
            ..Self::default()
        }
    }

    /// Suspended keys unwrap all the same.
    #[must_use]
    pub fn unwrapping_suspended(mut self) -> Self {
        self.unwrap_suspended = true;
        self
    }

    /// What cannot be recorded is done all the same; [`Custody::unrecorded`](super::Custody::unrecorded) counts it.
    #[must_use]
    pub fn failing_open_without_audit(mut self) -> Self {
        self.fail_closed = false;
        self
    }

    /// A key that is opened stays wrapped as it was, until a sweep.
    #[must_use]
    pub fn without_lazy_rewrap(mut self) -> Self {
        self.lazy_rewrap = false;
        self
    }

    /// The region that everything must be of.
    #[must_use]
    pub fn pinned(&self) -> Option<&str> {
        self.pinned.as_deref()
    }

    pub(super) fn unwraps_suspended(&self) -> bool {
        self.unwrap_suspended
    }

    pub(super) fn is_fail_closed(&self) -> bool {
        self.fail_closed
    }

    pub(super) fn is_lazy(&self) -> bool {
        self.lazy_rewrap
    }

    /// Whether the policy lets something of `region` be used.
    #[must_use]
    pub fn allows(&self, region: &str) -> bool {
        self.pinned().is_none_or(|pinned| is_within(region, pinned))
    }
}

/// Whether `region` is `area`, or a part of it: `eu-central-1` is within `eu`.
pub(super) fn is_within(region: &str, area: &str) -> bool {
    match region.strip_prefix(area) {
        Some(rest) => rest.is_empty() || (!area.is_empty() && rest.starts_with('-')),
        None => false,
    }
}

#[cfg(test)]
mod tests {
    use super::Policy;

    #[test]
    fn a_pin_lets_its_region_and_parts_of_it_pass() {
        let policy = Policy::pin("eu");
        for region in ["eu", "eu-central-1", "eu-west"] {
            assert!(policy.allows(region), "{region}");
        }
        for region in ["", "us", "e", "europe", "EU", "eucentral", "us-eu"] {
            assert!(!policy.allows(region), "{region}");
        }
        assert!(!Policy::pin("").allows("eu"));
        assert!(Policy::default().allows("us"));
    }
}
