//! The lock of a writer: an object that it makes and deletes.

use std::io::{self, ErrorKind};
use std::sync::Arc;

use super::{MAX_LOCK, Shared, State, TOKEN, lost};
use crate::error::Error;

/// What holds the lock.
pub(super) struct Held {
    shared: Arc<Shared>,
    token: [u8; TOKEN],
}

impl Drop for Held {
    fn drop(&mut self) {
        let mut state = self.shared.state();
        state.held = None;
        // What the next writer finds is not what this one remembers.
        state.files.clear();
        if !state.is_lost {
            self.shared.unlock(&self.token);
        }
        state.is_lost = false;
    }
}

impl Shared {
    /// Takes the lock.
    pub(super) fn lock(shared: &Arc<Self>) -> io::Result<Held> {
        let mut state = shared.state();
        if state.held.is_some() {
            return Err(ErrorKind::WouldBlock.into());
        }
        let mut token = [0; TOKEN];
        getrandom::fill(&mut token).map_err(|_| io::Error::other(Error::EntropyUnavailable))?;
        let path = shared.layout.lock().ok_or(ErrorKind::InvalidInput)?;
        let octets = [&token[..], shared.owner.as_bytes()].concat();
        match shared.objects.create(&path, octets.clone()) {
            Err(error) if error.kind() == ErrorKind::AlreadyExists => {
                let there = shared.objects.get(&path, 0, MAX_LOCK).map_err(is_busy)?;
                let is_own =
                    !shared.owner.is_empty() && there.get(TOKEN..) == Some(shared.owner.as_bytes());
                if !is_own {
                    return Err(ErrorKind::WouldBlock.into());
                }
                let replaced = shared.objects.replace(&path, &there, octets);
                replaced.map_err(is_busy)?;
            }
            made => made?,
        }
        state.held = Some(token);
        state.is_lost = false;
        // What others wrote since is not what this storage remembers.
        state.files.clear();
        drop(state);
        let held = Held {
            shared: Arc::clone(shared),
            token,
        };
        // A store that would take a second lock keeps nobody out.
        shared.objects.refuses_another(&path)?;
        shared.settle()?;
        Ok(held)
    }

    fn unlock(&self, token: &[u8; TOKEN]) {
        let Some(path) = self.layout.lock() else {
            return;
        };
        // Nobody can be told, and a lock that is left is what `break_lock` is for. It is looked at just before, because no deletion is conditional.
        if let Ok(there) = self.objects.get(&path, 0, MAX_LOCK)
            && there.starts_with(token)
        {
            self.objects.delete(&path).ok();
        }
    }

    /// Insists that the lock is still this writer's.
    pub(super) fn check_lock(&self, state: &mut State) -> io::Result<()> {
        let Some(token) = state.held else {
            return Ok(());
        };
        let path = self.layout.lock().ok_or(ErrorKind::InvalidInput)?;
        let is_ours = match self.objects.get(&path, 0, MAX_LOCK) {
            Ok(there) => there.starts_with(&token),
            Err(error) if error.kind() == ErrorKind::NotFound => false,
            Err(error) => return Err(error),
        };
        if is_ours {
            return Ok(());
        }
        state.is_lost = true;
        Err(lost())
    }
}

/// Of another writer who was faster, be it to end.
fn is_busy(error: io::Error) -> io::Error {
    match error.kind() {
        ErrorKind::AlreadyExists | ErrorKind::NotFound => ErrorKind::WouldBlock.into(),
        _ => error,
    }
}
