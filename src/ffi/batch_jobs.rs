//! The frames of a batch, one by one.

use super::convert::{Io, Out, SizedOut, octets, octets_mut};
use super::decryptor::Opener;
use super::encryptor::{Info, Sealer};
use super::failure::Refused;
use super::handle::with_exclusive;
use super::status::{Fault, MEDIASEAL_ERR_LENGTH, Outcome};
use super::types::{mediaseal_decrypt_job, mediaseal_encrypt_job, mediaseal_opened};
use crate::channel::Opened;
use crate::channel::batch::{Begun, Opening, Sealing};
use crate::cipher::mac_batch::{MAX_TAG_LEN, Packet};
use crate::error::Error;
use crate::format::sframe::Header;
use crate::frame::{FrameBuf, FrameInfo};
use crate::id::Ssrc;

/// A job of a batch whose tag is computed beside others.
pub(super) struct SealingJob {
    sealing: Sealing,
    header_len: usize,
    len: usize,
    ssrc: Ssrc,
}

impl mediaseal_encrypt_job {
    /// Seals the frame, or begins to.
    pub(super) fn begin(&self, len: &Out<usize>) -> Result<Option<SealingJob>, Fault> {
        let mut waiting = None;
        with_exclusive(self.encryptor, |sealer| {
            let begun = sealer.begin(self);
            match sealer.told(begun)? {
                Ok(sealed_len) => len.write(sealed_len),
                Err(job) => waiting = Some(job),
            }
            Ok(())
        })?;
        Ok(waiting)
    }

    /// What is to be authenticated.
    pub(super) fn packet<'a>(&self, waiting: &'a SealingJob) -> Option<Packet<'a>> {
        let out = octets(self.out, self.out_capacity).ok()?;
        let text = out.get(waiting.header_len..)?.get(..waiting.len)?;
        waiting.sealing.packet(text)
    }

    /// Ends a frame whose tag is computed.
    pub(super) fn finish(
        &self,
        waiting: SealingJob,
        tag: &[u8; MAX_TAG_LEN],
        len: &Out<usize>,
    ) -> Outcome {
        with_exclusive(self.encryptor, |sealer| {
            let out = octets_mut(self.out, self.out_capacity)?;
            let mut frame = FrameBuf::new(out, waiting.header_len, waiting.len)?;
            let info = FrameInfo::new(waiting.ssrc);
            let sealing = waiting.sealing;
            let sealed = sealing.finish(&mut sealer.encryptor, tag, &info, &mut frame);
            len.write(sealed.len);
            Ok(())
        })
    }
}

impl Sealer {
    /// Seals the frame of a job and returns its octets, or what it waits with.
    fn begin(&mut self, job: &mediaseal_encrypt_job) -> Result<Result<usize, SealingJob>, Refused> {
        let len = job.plaintext_len;
        if self.encryptor.has_codecs() {
            let (plaintext, out) = ((job.plaintext, len), (job.out, job.out_capacity));
            return self.seal(job.info, plaintext, out).map(Ok);
        }
        let info = Info::new(job.info, job.out, job.out_capacity)?;
        let io = Io::new(job.plaintext, len, job.out, job.out_capacity)?;
        let ready = self
            .encryptor
            .ready_into(&info.frame, len, job.out_capacity)?;
        let header_len = ready.header.len();
        let out = match io {
            Io::Apart(plaintext, out) => {
                out[header_len..][..len].copy_from_slice(plaintext);
                out
            }
            Io::Same(buffer) => {
                buffer.copy_within(..len, header_len);
                // What is left of the frame in front of its new place must not outlive a failure.
                ready.header.write_to(&mut buffer[..header_len]);
                buffer
            }
        };
        let mut frame = FrameBuf::new(out, header_len, len)?;
        match Sealing::begin(&mut self.encryptor, ready, &info.frame, &mut frame) {
            Begun::Ended(sealed) => Ok(Ok(sealed?.len)),
            Begun::Waits(sealing) => Ok(Err(SealingJob {
                sealing,
                header_len,
                len,
                ssrc: info.frame.ssrc(),
            })),
        }
    }
}

/// A job of a batch whose tag is checked beside others.
pub(super) struct OpeningJob {
    opening: Opening,
    len: usize,
    ssrc: Ssrc,
}

impl OpeningJob {
    pub(super) fn header(&self) -> Header {
        self.opening.header()
    }
}

impl mediaseal_decrypt_job {
    /// The header of the frame, if it has one.
    pub(super) fn header(&self) -> Option<Header> {
        let ciphertext = octets(self.ciphertext, self.ciphertext_len).ok()?;
        Header::parse(ciphertext).ok().map(|(header, _)| header)
    }

    /// Opens the frame, or begins to.
    pub(super) fn begin(&self, len: &Out<usize>) -> Result<Option<OpeningJob>, Fault> {
        let mut waiting = None;
        with_exclusive(self.decryptor, |opener| {
            let told = SizedOut::optional(self.opened)?;
            // A wrong one is refused before the frame is touched.
            SizedOut::optional(self.failure)?;
            match opener.begin(self) {
                Ok(Ok(opened)) => {
                    len.write(opened.len);
                    if let Some(told) = told {
                        told.write(&mediaseal_opened::of(&opened));
                    }
                }
                Ok(Err(job)) => waiting = Some(job),
                Err(refused) => return Err(self.refused(opener, refused)),
            }
            Ok(())
        })?;
        Ok(waiting)
    }

    /// What is to be authenticated.
    pub(super) fn packet<'a>(&self, waiting: &'a OpeningJob) -> Option<Packet<'a>> {
        let text = octets(self.out, self.out_capacity).ok()?;
        waiting.opening.packet(text.get(..waiting.len)?)
    }

    /// Ends a frame whose tag should be `expected`.
    pub(super) fn finish(
        &self,
        waiting: OpeningJob,
        expected: &[u8; MAX_TAG_LEN],
        len: &Out<usize>,
    ) -> Outcome {
        with_exclusive(self.decryptor, |opener| {
            let told = SizedOut::optional(self.opened)?;
            let out = octets_mut(self.out, self.out_capacity)?;
            let data = out
                .get_mut(..waiting.len)
                .ok_or(Fault(MEDIASEAL_ERR_LENGTH))?;
            let (info, header) = (FrameInfo::new(waiting.ssrc), waiting.header());
            let decryptor = &mut opener.decryptor;
            let opened = waiting
                .opening
                .finish(decryptor, expected, &info, data)
                .and_then(|()| decryptor.opened(header, waiting.len));
            match opened {
                Ok(opened) => {
                    len.write(opened.len);
                    if let Some(told) = told {
                        told.write(&mediaseal_opened::of(&opened));
                    }
                    Ok(())
                }
                Err(error) => Err(self.refused(opener, error.into())),
            }
        })
    }

    /// Notes and tells that the frame was refused.
    fn refused(&self, opener: &mut Opener, refused: Refused) -> Fault {
        opener.last = Some(refused);
        match SizedOut::optional(self.failure) {
            Ok(Some(told)) => told.write(&opener.failure()),
            Ok(None) => {}
            Err(fault) => return fault,
        }
        refused.into()
    }
}

impl Opener {
    /// Opens the frame of a job, or returns what it waits with: then its ciphertext lies in front of the job's buffer.
    fn begin(
        &mut self,
        job: &mediaseal_decrypt_job,
    ) -> Result<Result<Opened<'_>, OpeningJob>, Refused> {
        let sealed_len = job.ciphertext_len;
        if self.decryptor.has_codecs() {
            let (ciphertext, out) = ((job.ciphertext, sealed_len), (job.out, job.out_capacity));
            return self.open(job.info, ciphertext, out).map(Ok);
        }
        let info = Info::new(job.info, job.out, job.out_capacity)?;
        let io = Io::new(job.ciphertext, sealed_len, job.out, job.out_capacity)?;
        if let Io::Same(buffer) = &io
            && buffer.len() < sealed_len
        {
            let (needed, available) = (sealed_len, buffer.len());
            return Err(Error::BufferTooSmall { needed, available }.into());
        }
        let octets = match &io {
            Io::Apart(ciphertext, _) => ciphertext,
            Io::Same(buffer) => &buffer[..sealed_len],
        };
        let candidate = self.decryptor.candidate(&info.frame, octets)?;
        let (header_len, len) = (candidate.header_len, candidate.plaintext_len);
        let (header, rest) = octets.split_at(header_len);
        let opening = (len <= job.out_capacity)
            .then(|| Opening::begin(&candidate, &info.frame, header, &rest[len..]))
            .flatten();
        let Some(opening) = opening else {
            let frame = &info.frame;
            return Ok(Ok(match io {
                Io::Apart(ciphertext, out) => self
                    .decryptor
                    .open_into(candidate, frame, ciphertext, out)?,
                Io::Same(buffer) => self
                    .decryptor
                    .open_at_front(candidate, frame, buffer, sealed_len)?,
            }));
        };
        match io {
            Io::Apart(ciphertext, out) => {
                out[..len].copy_from_slice(&ciphertext[header_len..][..len]);
            }
            Io::Same(buffer) => {
                buffer.copy_within(header_len..header_len + len, 0);
            }
        }
        let ssrc = info.frame.ssrc();
        Ok(Err(OpeningJob { opening, len, ssrc }))
    }
}
