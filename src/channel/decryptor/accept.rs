//! What becomes of a frame once its tag was checked.

use std::sync::Arc;

use super::ChannelDecryptor;
use crate::channel::course::OpenedFrame;
use crate::cipher::wipe_text;
use crate::error::Error;
use crate::format::sframe::Header;
use crate::frame::FrameInfo;
use crate::id::Media;
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
        if let Err(error) = self.marked(&key, info, header, marked) {
            wipe_text(data);
            return Err(error);
        }
        let index = self.statistics.count_frame(
            key.sender(),
            info.ssrc(),
            data.len(),
            key.kid(),
            key.window().head(),
        );
        if let Some(index) = index
            && !self.courses.is_calm(index)
        {
            self.went_on(index, &key, info, header, data);
        }
        self.last = Some(key);
        Ok(())
    }

    /// Notes a frame of a stream that is new, or whose last frames were refused, or that needs a key frame.
    #[cold]
    #[inline(never)]
    fn went_on(
        &mut self,
        index: usize,
        key: &RecvKey,
        info: &FrameInfo<'_>,
        header: Header,
        plaintext: &[u8],
    ) {
        let session = key.session();
        let frame = OpenedFrame {
            sender: key.sender(),
            stream: info.ssrc(),
            kid: header.kid(),
            ctr: header.ctr(),
            media: session.map_or(Media::UNSPECIFIED, |session| session.media),
            codec: self.codecs.of(info.ssrc()).ok().flatten(),
            is_session: session.is_some(),
            plaintext,
        };
        self.courses.opened(index, &frame, self.keys.events());
    }

    /// Counts a cipher that failed.
    pub(in crate::channel) fn cipher_failed(
        &mut self,
        key: &Arc<RecvKey>,
        info: &FrameInfo<'_>,
        header: Header,
    ) -> Error {
        let suite = key.suite();
        let error = Error::CipherFailed { suite };
        self.count(Some(key.sender()), Some(header), info, error)
    }

    /// Counts a frame that did not authenticate under `key`, which the caller wipes.
    pub(in crate::channel) fn refuse_tag(
        &mut self,
        key: &Arc<RecvKey>,
        info: &FrameInfo<'_>,
        header: Header,
    ) -> Error {
        key.count_failure();
        let error = Error::AuthenticationFailed {
            kid: key.kid(),
            ctr: header.ctr(),
        };
        self.count(Some(key.sender()), Some(header), info, error)
    }

    /// What became of the mark of a frame that authenticated.
    #[inline(always)]
    fn marked(
        &mut self,
        key: &Arc<RecvKey>,
        info: &FrameInfo<'_>,
        header: Header,
        marked: Result<Verdict, NoLease>,
    ) -> Result<(), Error> {
        let kid = key.kid();
        match marked {
            Ok(Verdict::Fresh) => Ok(()),
            Ok(verdict) => Err(self.refuse(key, info, header, verdict)),
            Err(NoLease::Busy) => {
                let error = Error::Contended { kid };
                Err(self.count(Some(key.sender()), Some(header), info, error))
            }
            Err(NoLease::Closed) => {
                self.keys.forget(key);
                let error = Error::RetiredKey { kid };
                Err(self.count(Some(key.sender()), Some(header), info, error))
            }
        }
    }

    /// Turns a verdict that is not fresh into its error, counted.
    pub(super) fn refuse(
        &mut self,
        key: &Arc<RecvKey>,
        info: &FrameInfo<'_>,
        header: Header,
        verdict: Verdict,
    ) -> Error {
        let (kid, ctr) = (key.kid(), header.ctr());
        let error = match verdict {
            Verdict::Fresh | Verdict::Duplicate => Error::Duplicate { kid, ctr },
            Verdict::TooOld => Error::TooOld { kid, ctr },
            Verdict::Replayed => {
                key.count_replay(ctr);
                Error::Replayed { kid, ctr }
            }
        };
        self.count(Some(key.sender()), Some(header), info, error)
    }
}
