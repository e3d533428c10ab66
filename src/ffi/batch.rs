//! Many frames of many channels in one call.

use core::mem::{align_of, size_of};
use core::ptr;

use super::boundary::enter;
use super::convert::{Out, Sized32};
use super::decryptor::decrypt_job;
use super::encryptor::encrypt_job;
use super::status::{
    Fault, MEDIASEAL_ERR_LENGTH, MEDIASEAL_ERR_MISALIGNED, MEDIASEAL_ERR_NULL_POINTER,
    MEDIASEAL_ERR_STRUCT_SIZE, MEDIASEAL_OK, Outcome, mediaseal_status,
};
use super::types::{mediaseal_decrypt_job, mediaseal_encrypt_job};

/// Seals many frames, of one encryptor or many, in the order of `jobs`.
///
/// Each job is what mediaseal_encryptor_encrypt does, and ends for itself: `status` and `out_len` of every job are written, whatever happened to the others. Jobs are laid out one behind
/// the other at the distance that `struct_size` of the first tells, and all have the same. A buffer that a job writes belongs to that job alone.
///
/// Returns MEDIASEAL_OK if all jobs ended so, else the status of the first that did not; MEDIASEAL_ERR_NULL_POINTER, MEDIASEAL_ERR_MISALIGNED, MEDIASEAL_ERR_STRUCT_SIZE,
/// MEDIASEAL_ERR_LENGTH, after which no job was begun. Exclusive use of the encryptors and of `jobs`. Since 0.1.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mediaseal_encrypt_batch(
    jobs: *mut mediaseal_encrypt_job,
    count: usize,
) -> mediaseal_status {
    enter(|| {
        let jobs = Jobs::new(jobs, count)?;
        jobs.run(|job| {
            // SAFETY: `Jobs` saw that the place is not NULL, aligned and large enough.
            let what = unsafe { ptr::read(job) };
            // SAFETY: a field of the place that `Jobs` looked at.
            let len = Out::new(unsafe { &raw mut (*job).out_len }, 0)?;
            let outcome = encrypt_job(
                what.encryptor,
                what.info,
                (what.plaintext, what.plaintext_len),
                (what.out, what.out_capacity),
                &len,
            );
            // SAFETY: a field of the place that `Jobs` looked at.
            unsafe { (*job).status = status_of(outcome) };
            outcome
        })
    })
}

/// Opens many frames, of one decryptor or many, in the order of `jobs`.
///
/// Each job is what mediaseal_decryptor_decrypt does, and ends for itself: `status` and `out_len` of every job are written, whatever happened to the others. Jobs are laid out one behind
/// the other at the distance that `struct_size` of the first tells, and all have the same. A buffer that a job writes belongs to that job alone.
///
/// Returns MEDIASEAL_OK if all jobs ended so, else the status of the first that did not; MEDIASEAL_ERR_NULL_POINTER, MEDIASEAL_ERR_MISALIGNED, MEDIASEAL_ERR_STRUCT_SIZE,
/// MEDIASEAL_ERR_LENGTH, after which no job was begun. Exclusive use of the decryptors and of `jobs`. Since 0.1.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mediaseal_decrypt_batch(
    jobs: *mut mediaseal_decrypt_job,
    count: usize,
) -> mediaseal_status {
    enter(|| {
        let jobs = Jobs::new(jobs, count)?;
        jobs.run(|job| {
            // SAFETY: `Jobs` saw that the place is not NULL, aligned and large enough.
            let what = unsafe { ptr::read(job) };
            // SAFETY: a field of the place that `Jobs` looked at.
            let len = Out::new(unsafe { &raw mut (*job).out_len }, 0)?;
            let outcome = decrypt_job(
                what.decryptor,
                what.info,
                (what.ciphertext, what.ciphertext_len),
                (what.out, what.out_capacity),
                &len,
                what.opened,
            );
            // SAFETY: a field of the place that `Jobs` looked at.
            unsafe { (*job).status = status_of(outcome) };
            outcome
        })
    })
}

const fn status_of(outcome: Outcome) -> mediaseal_status {
    match outcome {
        Ok(()) => MEDIASEAL_OK,
        Err(Fault(status)) => status,
    }
}

/// Jobs of the caller, as far apart as his version of the struct is long.
struct Jobs<T> {
    first: *mut T,
    count: usize,
    distance: usize,
}

impl<T: Sized32> Jobs<T> {
    /// Looks at every job before one is begun.
    fn new(first: *mut T, count: usize) -> Result<Self, Fault> {
        if count == 0 {
            return Ok(Self {
                first,
                count,
                distance: 0,
            });
        }
        if first.is_null() {
            return Err(Fault(MEDIASEAL_ERR_NULL_POINTER));
        }
        if !first.addr().is_multiple_of(align_of::<T>()) {
            return Err(Fault(MEDIASEAL_ERR_MISALIGNED));
        }
        // SAFETY: not NULL and aligned; a `Sized32` begins with this field.
        let struct_size = unsafe { ptr::read(first.cast::<u32>()) };
        let distance =
            usize::try_from(struct_size).map_err(|_| Fault(MEDIASEAL_ERR_STRUCT_SIZE))?;
        // Fields that this version does not know would be left undone: no job asks for that unseen.
        if distance != size_of::<T>() {
            return Err(Fault(MEDIASEAL_ERR_STRUCT_SIZE));
        }
        let fits = distance
            .checked_mul(count)
            .and_then(|len| first.addr().checked_add(len))
            .is_some_and(|_| isize::try_from(distance * count).is_ok());
        if !fits {
            return Err(Fault(MEDIASEAL_ERR_LENGTH));
        }
        let jobs = Self {
            first,
            count,
            distance,
        };
        for index in 0..count {
            // SAFETY: the caller lends `count` jobs, and each begins with this field.
            if unsafe { ptr::read(jobs.at(index).cast::<u32>()) } != struct_size {
                return Err(Fault(MEDIASEAL_ERR_STRUCT_SIZE));
            }
        }
        Ok(jobs)
    }

    fn at(&self, index: usize) -> *mut T {
        self.first.wrapping_byte_add(index * self.distance)
    }

    /// Runs each job; the first that failed says how the batch ended.
    fn run(&self, run: impl Fn(*mut T) -> Outcome) -> Outcome {
        let mut ended = Ok(());
        for index in 0..self.count {
            let outcome = run(self.at(index));
            ended = ended.and(outcome);
        }
        ended
    }
}
