//! Who may do what: the hook that custody asks before it acts, and roles as a built-in answer.
//!
//! Where this sits: in the process that holds the store and the provider's secret. It keeps an honest program's users apart; it is no wall against
//! who can read the store's files and knows the passphrase or PIN. Walls are the HSM's and KMS's own policies.

use std::collections::BTreeMap;

use thiserror::Error;

/// What is asked of custody.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Action {
    /// Make a KEK, or a new version of one, or move it to another provider.
    ManageKek,
    /// Change the state of a KEK, archive it, bring it back.
    ChangeState,
    /// Destroy a KEK or DEK.
    Destroy,
    /// Wrap keys anew under the current version of their KEK. No key is handed out.
    Rewrap,
    /// Make a DEK, wrap one, seal a record.
    Wrap,
    /// Open a DEK or a record.
    Unwrap,
    /// Open a DEK or record whose KEK is compromised.
    UnwrapCompromised,
    /// Look at states, histories and counts. No key is handed out.
    Inspect,
}

impl Action {
    /// The name that stands in the audit log.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::ManageKek => "kek.manage",
            Self::ChangeState => "kek.state",
            Self::Destroy => "key.destroy",
            Self::Rewrap => "dek.rewrap",
            Self::Wrap => "dek.wrap",
            Self::Unwrap => "dek.unwrap",
            Self::UnwrapCompromised => "dek.unwrap-compromised",
            Self::Inspect => "key.inspect",
        }
    }
}

/// Who asks, and what is known of him: what the application found out, custody believes it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Access {
    /// The principal, as the application names him.
    pub principal: String,
    /// Whether he proved himself by more than one factor.
    pub mfa: bool,
    /// Where he asks from; empty if not known.
    pub address: String,
    /// What else the application's authorizer shall see.
    pub attributes: BTreeMap<String, String>,
    /// Also opens keys under compromised KEKs. The audit log says so.
    pub accept_compromised: bool,
}

impl Access {
    /// A principal of whom nothing else is known.
    #[must_use]
    pub fn of(principal: impl Into<String>) -> Self {
        Self {
            principal: principal.into(),
            ..Self::default()
        }
    }

    /// One who proved himself by more than one factor.
    #[must_use]
    pub fn with_mfa(mut self) -> Self {
        self.mfa = true;
        self
    }

    /// One who asks from this address.
    #[must_use]
    pub fn from_address(mut self, address: impl Into<String>) -> Self {
        self.address = address.into();
        self
    }

    /// One who accepts keys under compromised KEKs.
    #[must_use]
    pub fn accepting_compromised(mut self) -> Self {
        self.accept_compromised = true;
        self
    }
}

/// A question to an authorizer.
#[derive(Clone, Copy, Debug)]
pub struct AccessRequest<'a> {
    /// Who asks.
    pub access: &'a Access,
    /// For what.
    pub action: Action,
    /// Of what: `kek/ID/VERSION`, `dek/ID`, `record/TABLE/COLUMN`.
    pub resource: &'a str,
    /// Whose keys.
    pub tenant: &'a str,
    /// Where they may be used.
    pub region: &'a str,
    /// What they are for.
    pub purpose: &'a str,
    /// The hour of the day in UTC by custody's clock, 0 to 23.
    pub hour: u8,
}

/// Decides who may do what. It is asked before each action, with no lock held, and is not called back from within itself.
pub trait Authorizer: Send + Sync {
    /// Lets the action pass, or says why not. The reason is recorded and shown.
    ///
    /// # Errors
    /// [`Denied`] with the reason.
    fn authorize(&self, request: &AccessRequest<'_>) -> Result<(), Denied>;
}

/// Why somebody may not.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("{0}")]
pub struct Denied(pub String);

/// Lets everybody do everything: for programs that have one user, said in so many words.
#[derive(Clone, Copy, Debug, Default)]
pub struct Everybody;

impl Authorizer for Everybody {
    fn authorize(&self, _: &AccessRequest<'_>) -> Result<(), Denied> {
        Ok(())
    }
}

/// What a principal is there for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Role {
    /// Opens.
    Viewer,
    /// Makes DEKs, wraps and seals; opens nothing.
    Recorder,
    /// Makes, rotates, moves, suspends and destroys keys; opens nothing and seals nothing.
    KeyAdmin,
    /// Looks at states and histories.
    Auditor,
}

impl Role {
    /// What the role may do.
    #[must_use]
    pub const fn actions(self) -> &'static [Action] {
        match self {
            Self::Viewer => &[Action::Unwrap, Action::UnwrapCompromised],
            Self::Recorder => &[Action::Wrap],
            Self::KeyAdmin => &[
                Action::ManageKek,
                Action::ChangeState,
                Action::Destroy,
                Action::Rewrap,
                Action::Inspect,
            ],
            Self::Auditor => &[Action::Inspect],
        }
    }

    /// Whether one principal may have both: who manages keys does not use them, and who audits does neither.
    #[must_use]
    pub const fn goes_with(self, other: Self) -> bool {
        matches!(
            (self, other),
            (Self::Viewer | Self::Recorder, Self::Viewer | Self::Recorder)
                | (Self::KeyAdmin, Self::KeyAdmin)
                | (Self::Auditor, Self::Auditor)
        )
    }
}

/// Roles of principals, each for all tenants or one, with separation of duties.
#[derive(Clone, Debug, Default)]
pub struct Roles {
    given: BTreeMap<String, Vec<(Role, Option<String>)>>,
}

impl Roles {
    /// Nobody has a role.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Gives a principal a role, for one tenant or for all.
    ///
    /// # Errors
    /// [`Denied`] if he has a role that it does not go with, for whatever tenant.
    pub fn give(
        mut self,
        principal: &str,
        role: Role,
        tenant: Option<&str>,
    ) -> Result<Self, Denied> {
        let roles = self.given.entry(principal.to_owned()).or_default();
        if let Some((other, _)) = roles.iter().find(|(other, _)| !other.goes_with(role)) {
            return Err(Denied(format!(
                "{principal} is {other:?}, which does not go with {role:?}"
            )));
        }
        roles.push((role, tenant.map(str::to_owned)));
        Ok(self)
    }
}

impl Authorizer for Roles {
    fn authorize(&self, request: &AccessRequest<'_>) -> Result<(), Denied> {
        let roles = self.given.get(&request.access.principal);
        let may = roles.into_iter().flatten().any(|(role, tenant)| {
            role.actions().contains(&request.action)
                && tenant
                    .as_deref()
                    .is_none_or(|tenant| tenant == request.tenant)
        });
        if may {
            return Ok(());
        }
        Err(Denied(format!(
            "{:?} has no role for {} here",
            request.access.principal,
            request.action.name()
        )))
    }
}
