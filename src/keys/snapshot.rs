//! What a store of raw keys shows the data plane, and how far its retired keys had opened.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;

use crate::error::Error;
use crate::id::{Counter, KeyId};

use super::key::SendKey;
use super::recv_key::RecvKey;

/// Retired receive keys whose highest CTR is remembered.
const MAX_FLOORS: usize = 65_536;

/// A receive key as the store has it.
#[derive(Clone)]
pub(super) enum Receive {
    Open(Arc<RecvKey>),
    NotYet(Arc<RecvKey>, u64),
    Retired,
}

/// How far retired receive keys had opened, the last ones alone.
#[derive(Default)]
pub(super) struct Floors {
    order: VecDeque<[u8; 32]>,
    pub(super) highest: HashMap<[u8; 32], Counter>,
}

impl Floors {
    /// Remembers a floor. Tells whether another was lost for it.
    pub(super) fn insert(&mut self, mark: [u8; 32], highest: Counter) -> bool {
        if self.highest.insert(mark, highest).is_some() {
            self.order.retain(|other| *other != mark);
        }
        self.order.push_back(mark);
        if self.order.len() <= MAX_FLOORS {
            return false;
        }
        self.order
            .pop_front()
            .is_some_and(|oldest| self.highest.remove(&oldest).is_some())
    }
}

/// What the data plane sees: immutable, replaced whole.
#[derive(Default)]
pub(crate) struct Snapshot {
    pub(crate) version: u64,
    pub(crate) send: Option<Arc<SendKey>>,
    /// Whether a key with too many failures opens nothing more.
    pub(super) refuses_after_failures: bool,
    pub(super) receive: Box<[(KeyId, Receive)]>,
    pub(super) own: Box<[KeyId]>,
}

impl Snapshot {
    /// Finds the key that opens frames of `kid`, or says why there is none.
    #[inline]
    pub(crate) fn recv_key(&self, kid: KeyId) -> Result<&Arc<RecvKey>, Error> {
        match self.receive.binary_search_by_key(&kid, |(kid, _)| *kid) {
            Ok(index) => match &self.receive[index].1 {
                Receive::Open(key)
                    if self.refuses_after_failures && key.is_over_integrity_limit() =>
                {
                    Err(Error::IntegrityLimit { kid })
                }
                Receive::Open(key) => Ok(key),
                Receive::NotYet(..) => Err(Error::NotYetActive { kid }),
                Receive::Retired => Err(Error::RetiredKey { kid }),
            },
            Err(_) if self.own.binary_search(&kid).is_ok() => Err(Error::Reflected { kid }),
            Err(_) => Err(Error::MissingKey { kid }),
        }
    }
}
