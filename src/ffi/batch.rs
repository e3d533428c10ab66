//! Many frames of many channels in one call.

use core::mem::align_of;

use arrayvec::ArrayVec;

use super::batch_jobs::{OpeningJob, SealingJob};
use super::boundary::{contain, is_in_callback};
use super::convert::{Out, Sized32, sized, struct_size};
use super::handle::peek_exclusive;
use super::status::{
    Fault, MEDIASEAL_ERR_LENGTH, MEDIASEAL_ERR_NOT_BEGUN, MEDIASEAL_ERR_REENTRANT,
    MEDIASEAL_ERR_STRUCT_SIZE, MEDIASEAL_OK, Outcome, mediaseal_status,
};
use super::types::{mediaseal_decrypt_job, mediaseal_encrypt_job};
use crate::channel::batch::{CONTEXT_AHEAD, KEY_AHEAD, LookAhead, STAGE_AHEAD};
use crate::channel::{ChannelDecryptor, ChannelEncryptor};
use crate::cipher::mac_batch::{MAX_PACKETS, MAX_TAG_LEN, Packet, tags};
use crate::cipher::prefetch_at;

/// Seals many frames, of one encryptor or many, in the order of `jobs`.
///
/// Each job is what mediaseal_encryptor_encrypt does, and ends for itself: `status` and `out_len` of every job are written, whatever happened to the others. Jobs are laid out one behind
/// the other at the distance that `struct_size` of the first tells, and all have the same. A buffer that a job writes belongs to that job alone. If the batch itself is
/// refused, no job is begun: each then has the status MEDIASEAL_ERR_NOT_BEGUN, unless `jobs` is NULL or misaligned or its first `struct_size` impossible.
///
/// Returns MEDIASEAL_OK if all jobs ended so, else the status of the first that did not; MEDIASEAL_ERR_NULL_POINTER, MEDIASEAL_ERR_MISALIGNED, MEDIASEAL_ERR_STRUCT_SIZE,
/// MEDIASEAL_ERR_LENGTH, MEDIASEAL_ERR_REENTRANT for the batch itself. Exclusive use of the encryptors and of `jobs`. Since 0.1.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mediaseal_encrypt_batch(
    jobs: *mut mediaseal_encrypt_job,
    count: usize,
) -> mediaseal_status {
    contain(|| Jobs::new(jobs, count)?.run())
}

/// Opens many frames, of one decryptor or many, in the order of `jobs`.
///
/// Each job is what mediaseal_decryptor_decrypt does, and ends for itself: `status` and `out_len` of every job are written, whatever happened to the others. Jobs are laid out one behind
/// the other at the distance that `struct_size` of the first tells, and all have the same. A buffer that a job writes belongs to that job alone. If the batch itself is
/// refused, no job is begun: each then has the status MEDIASEAL_ERR_NOT_BEGUN, unless `jobs` is NULL or misaligned or its first `struct_size` impossible.
///
/// Returns MEDIASEAL_OK if all jobs ended so, else the status of the first that did not; MEDIASEAL_ERR_NULL_POINTER, MEDIASEAL_ERR_MISALIGNED, MEDIASEAL_ERR_STRUCT_SIZE,
/// MEDIASEAL_ERR_LENGTH, MEDIASEAL_ERR_REENTRANT for the batch itself. Exclusive use of the decryptors and of `jobs`. Since 0.1.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mediaseal_decrypt_batch(
    jobs: *mut mediaseal_decrypt_job,
    count: usize,
) -> mediaseal_status {
    contain(|| Jobs::new(jobs, count)?.run())
}

/// A job of either kind: where its results go, and what it works with.
trait Job: Sized32 {
    type Stage: LookAhead + 'static;
    /// What a job keeps whose tag is computed beside others.
    type Waiting;

    /// Where the object of a job lies that is not looked at yet.
    fn object(&self) -> *const u8;
    /// The encryptor or decryptor of a job whose turn comes soon.
    fn stage<'a>(&self) -> Option<&'a Self::Stage>;
    fn status(job: *mut Self) -> *mut mediaseal_status;
    fn out_len(job: *mut Self) -> *mut usize;
    /// Runs the job, or begins it.
    fn begin(&self, len: &Out<usize>) -> Result<Option<Self::Waiting>, Fault>;
    /// Tells whether the job must not begin before `waiting` has ended.
    fn waits_for(&self, waiting: &Self::Waiting) -> bool;
    /// What is to be authenticated of a job that waits.
    fn packet<'a>(&self, waiting: &'a Self::Waiting) -> Option<Packet<'a>>;
    /// Ends a job whose tag is computed.
    fn finish(&self, waiting: Self::Waiting, tag: &[u8; MAX_TAG_LEN], len: &Out<usize>) -> Outcome;
}

impl Job for mediaseal_encrypt_job {
    type Stage = ChannelEncryptor;
    type Waiting = SealingJob;

    fn object(&self) -> *const u8 {
        self.encryptor.cast()
    }

    fn stage<'a>(&self) -> Option<&'a ChannelEncryptor> {
        peek_exclusive(self.encryptor).map(|sealer| &sealer.encryptor)
    }

    fn status(job: *mut Self) -> *mut mediaseal_status {
        // SAFETY: the address of a field; `Jobs` saw that the job is there.
        unsafe { &raw mut (*job).status }
    }

    fn out_len(job: *mut Self) -> *mut usize {
        // SAFETY: as above.
        unsafe { &raw mut (*job).out_len }
    }

    fn begin(&self, len: &Out<usize>) -> Result<Option<SealingJob>, Fault> {
        self.begin(len)
    }

    fn waits_for(&self, _waiting: &SealingJob) -> bool {
        false
    }

    fn packet<'a>(&self, waiting: &'a SealingJob) -> Option<Packet<'a>> {
        self.packet(waiting)
    }

    fn finish(&self, waiting: SealingJob, tag: &[u8; MAX_TAG_LEN], len: &Out<usize>) -> Outcome {
        self.finish(waiting, tag, len)
    }
}

impl Job for mediaseal_decrypt_job {
    type Stage = ChannelDecryptor;
    type Waiting = OpeningJob;

    fn object(&self) -> *const u8 {
        self.decryptor.cast()
    }

    fn stage<'a>(&self) -> Option<&'a ChannelDecryptor> {
        peek_exclusive(self.decryptor).map(|opener| &opener.decryptor)
    }

    fn status(job: *mut Self) -> *mut mediaseal_status {
        // SAFETY: the address of a field; `Jobs` saw that the job is there.
        unsafe { &raw mut (*job).status }
    }

    fn out_len(job: *mut Self) -> *mut usize {
        // SAFETY: as above.
        unsafe { &raw mut (*job).out_len }
    }

    fn begin(&self, len: &Out<usize>) -> Result<Option<OpeningJob>, Fault> {
        self.begin(len)
    }

    fn waits_for(&self, waiting: &OpeningJob) -> bool {
        // A duplicate is one when its original has been marked.
        self.header() == Some(waiting.header())
    }

    fn packet<'a>(&self, waiting: &'a OpeningJob) -> Option<Packet<'a>> {
        self.packet(waiting)
    }

    fn finish(&self, waiting: OpeningJob, tag: &[u8; MAX_TAG_LEN], len: &Out<usize>) -> Outcome {
        self.finish(waiting, tag, len)
    }
}

/// Jobs of the caller, as far apart as his version of the struct is long.
struct Jobs<T> {
    first: *mut T,
    count: usize,
    distance: usize,
}

impl<T: Job> Jobs<T> {
    /// Looks at every job, and marks all as not begun, before one is.
    fn new(first: *mut T, count: usize) -> Result<Self, Fault> {
        if count == 0 {
            return Ok(Self {
                first,
                count,
                distance: 0,
            });
        }
        let distance = struct_size(first)?;
        if !distance.is_multiple_of(align_of::<T>()) {
            return Err(Fault(MEDIASEAL_ERR_STRUCT_SIZE));
        }
        let fits = distance
            .checked_mul(count)
            .filter(|len| isize::try_from(*len).is_ok())
            .is_some_and(|len| first.addr().checked_add(len).is_some());
        if !fits {
            return Err(Fault(MEDIASEAL_ERR_LENGTH));
        }
        let jobs = Self {
            first,
            count,
            distance,
        };
        let mut is_uniform = true;
        for index in 0..count {
            let job = jobs.at(index);
            Out::new(T::status(job), MEDIASEAL_ERR_NOT_BEGUN)?;
            Out::new(T::out_len(job), 0)?;
            is_uniform &= struct_size(job) == Ok(distance);
        }
        if !is_uniform {
            Err(Fault(MEDIASEAL_ERR_STRUCT_SIZE))
        } else if is_in_callback() {
            Err(Fault(MEDIASEAL_ERR_REENTRANT))
        } else {
            Ok(jobs)
        }
    }

    fn at(&self, index: usize) -> *mut T {
        self.first.wrapping_byte_add(index * self.distance)
    }

    /// Asks the cache for what the jobs behind `index` need.
    fn look_ahead(&self, index: usize) {
        let job = |ahead: usize| {
            let index = index
                .checked_add(ahead)
                .filter(|&index| index < self.count)?;
            sized(self.at(index)).ok()
        };
        if let Some(job) = job(STAGE_AHEAD) {
            // A handle is its stage and little more.
            prefetch_at(job.object(), size_of::<T::Stage>());
        }
        if let Some(stage) = job(KEY_AHEAD).and_then(|job| job.stage()) {
            stage.prefetch_key();
        }
        if let Some(stage) = job(CONTEXT_AHEAD).and_then(|job| job.stage()) {
            stage.prefetch_context();
        }
    }

    /// Runs each job, and holds back a panic of it; the first that failed says how the batch ended.
    fn run(&self) -> Outcome {
        let mut waiting = ArrayVec::<(usize, T, T::Waiting), MAX_PACKETS>::new();
        for index in 0..self.count {
            let place = self.at(index);
            self.look_ahead(index);
            let mut begun = None;
            let status = contain(|| {
                let job = sized(place)?;
                if waiting.iter().any(|(_, _, before)| job.waits_for(before)) {
                    self.finish(&mut waiting)?;
                }
                begun = job
                    .begin(&Out::new(T::out_len(place), 0)?)?
                    .map(|waiting| (index, job, waiting));
                Ok(())
            });
            match begun {
                Some(begun) => waiting.push(begun),
                None => {
                    Out::new(T::status(place), status)?;
                }
            }
            if waiting.is_full() {
                self.finish(&mut waiting)?;
            }
        }
        self.finish(&mut waiting)?;
        (0..self.count).try_for_each(|index| {
            // SAFETY: `new` saw that the job is there, and each has its status.
            match unsafe { T::status(self.at(index)).read() } {
                MEDIASEAL_OK => Ok(()),
                status => Err(Fault(status)),
            }
        })
    }

    /// Computes the tags of the jobs that wait, and ends them.
    fn finish(&self, waiting: &mut ArrayVec<(usize, T, T::Waiting), MAX_PACKETS>) -> Outcome {
        let packets = waiting
            .iter()
            .filter_map(|(_, job, waiting)| job.packet(waiting))
            .collect::<ArrayVec<_, MAX_PACKETS>>();
        if packets.len() != waiting.len() {
            // They are what they were when the jobs began.
            return Err(Fault(MEDIASEAL_ERR_LENGTH));
        }
        let tags = tags(packets);
        for ((index, job, waiting), tag) in waiting.drain(..).zip(&tags) {
            let place = self.at(index);
            let status = contain(|| job.finish(waiting, tag, &Out::new(T::out_len(place), 0)?));
            Out::new(T::status(place), status)?;
        }
        Ok(())
    }
}
