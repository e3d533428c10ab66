//! Keys of an MLS group, epoch by epoch (RFC 9605 section 5.2).
//!
//! ```text
//!  MLS epoch ──► base_key = MLS-Exporter("SFrame 1.0 Base Key", "", AEAD.Nk)        one for all members
//!                    │
//!                    └─► KID = context ‖ sender index ‖ epoch mod 2^E               one a member: sends under his own, opens the others'
//! ```

use std::collections::{BTreeSet, VecDeque};
use std::fmt;

use super::{BaseKey, CounterOrigin, KeyStore};
use crate::error::{Error, Misuse};
use crate::id::{Epoch, InvalidId, KeyId, MlsKid, SenderId};

/// A member of an MLS group: his leaf index, and the name under which his frames are reported.
pub type MlsMember = (u32, SenderId);

/// Puts the keys of an MLS group into a [`KeyStore`], one epoch after another.
///
/// MLS itself is the application's: after each commit it asks its MLS library for the exporter's secret and calls [`set_epoch`](Self::set_epoch). Who has left
/// does not get the next secret; who joins has no earlier one.
pub struct MlsEpochs {
    store: KeyStore,
    layout: MlsKid,
    context: u64,
    past: usize,
    held: VecDeque<Held>,
}

/// The keys of one epoch.
struct Held {
    epoch: Epoch,
    send: Option<KeyId>,
    receive: Vec<KeyId>,
}

impl MlsEpochs {
    /// The label for the MLS exporter; its context is empty.
    pub const EXPORTER_LABEL: &'static str = "SFrame 1.0 Base Key";

    /// Begins without an epoch. KIDs have `layout`, and 0 as their context; `past` epochs before the last one still open, at most 2^E − 1.
    ///
    /// # Errors
    /// [`InvalidId::KidLayout`] if E bits do not tell so many epochs apart; [`Misuse::UnsupportedSuite`] if the store's suite has keys longer than
    /// [`BaseKey::MAX_LEN`], as have 0x0006 to 0x0008, which RFC 9605 does not define.
    pub fn new(store: &KeyStore, layout: MlsKid, past: usize) -> Result<Self, Error> {
        let nk = store.params().key_len;
        if !(BaseKey::MIN_LEN..=BaseKey::MAX_LEN).contains(&nk) {
            let suite = store.suite().value();
            return Err(Misuse::UnsupportedSuite { suite }.into());
        }
        let last = u64::try_from(past).map_err(|_| InvalidId::KidLayout)?;
        let (.., low) = layout.split(layout.kid(0, 0, Epoch::new(last))?);
        if low != last {
            return Err(InvalidId::KidLayout.into());
        }
        Ok(Self {
            store: store.clone(),
            layout,
            context: 0,
            past,
            held: VecDeque::new(),
        })
    }

    /// Sets the context of the KIDs: an application that sends several streams without coordination gives each its own store and context.
    ///
    /// # Errors
    /// [`InvalidId::KidOutOfRange`] if it does not fit the layout.
    pub fn with_context(mut self, context: u64) -> Result<Self, Error> {
        self.layout.kid(context, 0, Epoch::new(0))?;
        self.context = context;
        Ok(self)
    }

    /// Returns how many octets to ask the exporter for: Nk of the store's suite.
    #[must_use]
    pub fn base_key_len(&self) -> usize {
        self.store.params().key_len
    }

    /// Returns the epoch that seals.
    #[must_use]
    pub fn epoch(&self) -> Option<Epoch> {
        self.held.back().map(|held| held.epoch)
    }

    /// Enters an epoch: opens frames of its `members` (`own`, if it is among them, is passed over), seals under `own` from the next frame on, and retires epochs that are
    /// further back than `past`, or whose KIDs come again.
    ///
    /// `base_key` is MLS-Exporter([`EXPORTER_LABEL`](Self::EXPORTER_LABEL), "", [`base_key_len`](Self::base_key_len)) of this epoch. `origin` is
    /// [`CounterOrigin::FreshKey`] for an epoch that this process enters for the first time and no process entered before; a client that resumes a group within an
    /// epoch counts in a [`CounterStore`](super::CounterStore), or commits an update first.
    ///
    /// # Errors
    /// [`Misuse::BaseKeyLength`] for a wrong length; [`Misuse::GenerationRetired`] for an epoch at or before the last; [`InvalidId::KidOutOfRange`] for
    /// an index that the layout has no bits for; [`Misuse::KidInUse`] for an index that comes twice; else as [`KeyStore::add_receive`] and
    /// [`KeyStore::add_send`]. The former epoch then goes on as it was.
    pub fn set_epoch(
        &mut self,
        epoch: Epoch,
        base_key: BaseKey,
        own: u32,
        origin: CounterOrigin<'_>,
        members: &[MlsMember],
    ) -> Result<(), Error> {
        let len = base_key.expose().len();
        if len != self.base_key_len() {
            return Err(Misuse::BaseKeyLength { len }.into());
        }
        if self.epoch().is_some_and(|last| epoch <= last) {
            return Err(Misuse::GenerationRetired.into());
        }
        let own_kid = self.layout.kid(self.context, own, epoch)?;
        let mut kids = BTreeSet::new();
        let mut others = Vec::new();
        for (index, sender) in members {
            let kid = self.layout.kid(self.context, *index, epoch)?;
            if !kids.insert(kid) {
                return Err(Misuse::KidInUse { kid }.into());
            }
            if *index != own {
                others.push((kid, sender));
            }
        }
        //= https://www.rfc-editor.org/rfc/rfc9605#section-5.2
        //# receivers MUST remove an old epoch when a new epoch with the same low-order E bits is introduced.
        let slot = |epoch| self.layout.kid(self.context, own, epoch);
        let is_same_slot = |held: &Held| slot(held.epoch) == slot(epoch);
        let (gone, kept) = self.held.drain(..).partition(is_same_slot);
        self.held = kept;
        self.retire(gone);
        let mut added = Held {
            epoch,
            send: None,
            receive: Vec::new(),
        };
        let result = self.add(&mut added, base_key, own_kid, origin, &others);
        if result.is_err() {
            self.retire(VecDeque::from([added]));
            return result;
        }
        for former in &mut self.held {
            if let Some(kid) = former.send.take() {
                // One that the application retired by itself is gone already.
                self.store.retire_send(kid).unwrap_or_default();
            }
        }
        self.held.push_back(added);
        let far = self.held.len().saturating_sub(self.past + 1);
        let gone = self.held.drain(..far).collect();
        self.retire(gone);
        Ok(())
    }

    /// Retires every epoch but the last: what leavers and late frames still bring of the others is refused from now on.
    pub fn end_grace(&mut self) {
        let past = self.held.len().saturating_sub(1);
        let gone = self.held.drain(..past).collect();
        self.retire(gone);
    }

    /// Leaves: retires all keys. Nothing is sealed and nothing opened before the next epoch.
    pub fn leave(&mut self) {
        let gone = std::mem::take(&mut self.held);
        self.retire(gone);
    }

    /// Adds the keys of an epoch and seals under it. What was added so far is in `added`.
    fn add(
        &self,
        added: &mut Held,
        base_key: BaseKey,
        own: KeyId,
        origin: CounterOrigin<'_>,
        others: &[(KeyId, &SenderId)],
    ) -> Result<(), Error> {
        for (kid, sender) in others {
            self.store
                .add_receive(base_key.duplicate(), *kid, (*sender).clone())?;
            added.receive.push(*kid);
        }
        self.store.add_send(base_key, own, origin)?;
        added.send = Some(own);
        self.store.activate(own)
    }

    /// Retires the keys of epochs that are gone. Those that the application retired by itself are gone already.
    fn retire(&self, gone: VecDeque<Held>) {
        for held in gone {
            if let Some(kid) = held.send {
                self.store.retire_send(kid).unwrap_or_default();
            }
            for kid in held.receive {
                self.store.retire_receive(kid).unwrap_or_default();
            }
        }
    }
}

impl fmt::Debug for MlsEpochs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let epochs: Vec<_> = self.held.iter().map(|held| held.epoch).collect();
        f.debug_struct("MlsEpochs")
            .field("layout", &self.layout)
            .field("context", &self.context)
            .field("epochs", &epochs)
            .finish_non_exhaustive()
    }
}
