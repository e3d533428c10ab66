//! Objects, one request after another: what `object_store` does for whoever waits.

use std::io::{self, ErrorKind};
use std::sync::Arc;

use bytes::Bytes;
use futures_util::{StreamExt, TryStreamExt, stream};
use object_store::path::Path;
use object_store::{
    Error, GetOptions, GetRange, ObjectMeta, ObjectStore, ObjectStoreExt, PutMode, PutPayload,
    UpdateVersion,
};
use tokio::runtime::{Builder, Handle, Runtime};

/// An object store, and what waits for it.
pub(super) struct Objects {
    store: Arc<dyn ObjectStore>,
    /// Of the thread that asks: it starts no other.
    runtime: Option<Runtime>,
}

impl Objects {
    pub(super) fn new(store: Arc<dyn ObjectStore>) -> io::Result<Self> {
        // Between attempts it waits for a while.
        let runtime = Builder::new_current_thread().enable_time().build()?;
        Ok(Self {
            store,
            runtime: Some(runtime),
        })
    }

    fn wait<T>(&self, work: impl Future<Output = object_store::Result<T>>) -> io::Result<T> {
        if Handle::try_current().is_ok() {
            let error =
                "this storage waits, which asynchronous code must not: call it by spawn_blocking";
            return Err(io::Error::other(error));
        }
        let runtime = self.runtime.as_ref().ok_or(ErrorKind::BrokenPipe)?;
        runtime.block_on(work).map_err(as_io)
    }

    /// Octets of an object from `at` on, at most `most`.
    pub(super) fn get(&self, path: &Path, at: u64, most: usize) -> io::Result<Bytes> {
        let end = at.checked_add(most as u64).ok_or(ErrorKind::InvalidInput)?;
        let options = GetOptions::new().with_range(Some(GetRange::Bounded(at..end)));
        let octets =
            self.wait(async { self.store.get_opts(path, options).await?.bytes().await })?;
        if octets.len() > most {
            return Err(ErrorKind::InvalidData.into());
        }
        Ok(octets)
    }

    /// Makes an object. Whether it was this call that made it is known even when the answer was lost: no other call has these octets.
    pub(super) fn create(&self, path: &Path, octets: Vec<u8>) -> io::Result<()> {
        let octets = Bytes::from(octets);
        let payload = PutPayload::from_bytes(octets.clone());
        let made = self.wait(self.store.put_opts(path, payload, PutMode::Create.into()));
        let Err(error) = made else {
            return Ok(());
        };
        if matches!(
            error.kind(),
            ErrorKind::PermissionDenied | ErrorKind::Unsupported | ErrorKind::NotFound
        ) {
            return Err(error);
        }
        match self.get(path, 0, octets.len().saturating_add(1)) {
            Ok(there) if there == octets => Ok(()),
            Ok(_) => Err(ErrorKind::AlreadyExists.into()),
            Err(_) => Err(error),
        }
    }

    /// Makes an object in the place of whatever has its name.
    pub(super) fn put(&self, path: &Path, octets: Vec<u8>) -> io::Result<()> {
        self.wait(self.store.put(path, octets.into())).map(|_| ())
    }

    /// Makes an object in the place of one whose octets are `before`, and of no other.
    pub(super) fn replace(&self, path: &Path, before: &[u8], octets: Vec<u8>) -> io::Result<()> {
        let (there, version) = self.wait(async {
            let found = self.store.get(path).await?;
            let version = UpdateVersion {
                e_tag: found.meta.e_tag.clone(),
                version: found.meta.version.clone(),
            };
            // A lock is short, whoever wrote it.
            if found.meta.size > before.len() as u64 {
                return Ok((Bytes::new(), version));
            }
            Ok((found.bytes().await?, version))
        })?;
        if there != before {
            return Err(ErrorKind::AlreadyExists.into());
        }
        let mode = PutMode::Update(version).into();
        self.wait(self.store.put_opts(path, octets.into(), mode))
            .map(|_| ())
    }

    /// Deletes an object, if it is there.
    pub(super) fn delete(&self, path: &Path) -> io::Result<()> {
        match self.wait(self.store.delete(path)) {
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
            deleted => deleted,
        }
    }

    /// Deletes objects, those that are there.
    pub(super) fn delete_all(&self, paths: Vec<Path>) -> io::Result<()> {
        if paths.is_empty() {
            return Ok(());
        }
        let paths = stream::iter(paths.into_iter().map(Ok)).boxed();
        let mut deleted = self.store.delete_stream(paths);
        self.wait(async {
            while let Some(one) = deleted.next().await {
                match one {
                    Ok(_) | Err(Error::NotFound { .. }) => {}
                    Err(error) => return Err(error),
                }
            }
            Ok(())
        })
    }

    /// All objects of a folder and below.
    pub(super) fn list(&self, folder: &Path) -> io::Result<Vec<ObjectMeta>> {
        self.wait(self.store.list(Some(folder)).try_collect())
    }
}

impl Drop for Objects {
    fn drop(&mut self) {
        // Dropped like any other value it would panic where asynchronous code runs.
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

fn as_io(error: Error) -> io::Error {
    let kind = match &error {
        Error::NotFound { .. } => ErrorKind::NotFound,
        Error::AlreadyExists { .. } | Error::Precondition { .. } => ErrorKind::AlreadyExists,
        Error::PermissionDenied { .. } | Error::Unauthenticated { .. } => {
            ErrorKind::PermissionDenied
        }
        Error::NotSupported { .. } | Error::NotImplemented { .. } => ErrorKind::Unsupported,
        _ => ErrorKind::Other,
    };
    io::Error::new(kind, error)
}
