//! What becomes of a frame once its tag was checked.

use std::sync::Arc;

use super::ChannelDecryptor;
use crate::cipher::wipe_text;
use crate::error::Error;
use crate::format::sframe::Header;
use crate::frame::FrameInfo;
use crate::id::Counter;
use crate::keys::recv_key::RecvKey;
use crate::keys::replay::{NoLease, Verdict};

impl ChannelDecryptor {
    /// Looks again, marks the window and counts: only then is a frame that authenticated the caller's.
    #[inline(always)]
    pub(in crate::channel) fn accept(
        &mut self,
        key: Arc<RecvKey>,
        info: &FrameInfo<'_>,
        header: Header,
        data: &mut [u8],
    ) -> Result<(), Error> {
        let marked = key
            .window()
            .lease()
            .and_then(|lease| lease.mark(header.ctr(), self.mode.window()));
        if let Err(error) = self.marked(&key, info, header.ctr(), marked) {
            wipe_text(data);
            return Err(error);
        }
        self.statistics.count_frame(
            key.sender(),
            info.ssrc(),
            data.len(),
            key.kid(),
            key.window().head(),
        );
        self.last = Some(key);
        Ok(())
    }

    /// Counts a cipher that failed.
    pub(in crate::channel) fn cipher_failed(
        &mut self,
        key: &Arc<RecvKey>,
        info: &FrameInfo<'_>,
    ) -> Error {
        let suite = key.suite();
        self.count(Some(key.sender()), info, Error::CipherFailed { suite })
    }

    /// Counts a frame that did not authenticate under `key`, which the caller wipes.
    pub(in crate::channel) fn refuse_tag(
        &mut self,
        key: &Arc<RecvKey>,
        info: &FrameInfo<'_>,
        ctr: Counter,
    ) -> Error {
        key.count_failure();
        let kid = key.kid();
        self.count(
            Some(key.sender()),
            info,
            Error::AuthenticationFailed { kid, ctr },
        )
    }

    /// What became of the mark of a frame that authenticated.
    #[inline(always)]
    fn marked(
        &mut self,
        key: &Arc<RecvKey>,
        info: &FrameInfo<'_>,
        ctr: Counter,
        marked: Result<Verdict, NoLease>,
    ) -> Result<(), Error> {
        let kid = key.kid();
        match marked {
            Ok(Verdict::Fresh) => Ok(()),
            Ok(verdict) => Err(self.refuse(key, info, ctr, verdict)),
            Err(NoLease::Busy) => {
                Err(self.count(Some(key.sender()), info, Error::Contended { kid }))
            }
            Err(NoLease::Closed) => {
                self.keys.forget(key);
                Err(self.count(Some(key.sender()), info, Error::RetiredKey { kid }))
            }
        }
    }

    /// Turns a verdict that is not fresh into its error, counted.
    pub(super) fn refuse(
        &mut self,
        key: &Arc<RecvKey>,
        info: &FrameInfo<'_>,
        ctr: Counter,
        verdict: Verdict,
    ) -> Error {
        let kid = key.kid();
        let error = match verdict {
            Verdict::Fresh | Verdict::Duplicate => Error::Duplicate { kid, ctr },
            Verdict::TooOld => Error::TooOld { kid, ctr },
            Verdict::Replayed => {
                key.count_replay(ctr);
                Error::Replayed { kid, ctr }
            }
        };
        self.count(Some(key.sender()), info, error)
    }
}
