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
        let got = self.wait(async { self.store.get_opts(path, options).await?.bytes().await });
        let octets = match got {
            // No range has an octet of an empty object (RFC 9110 section 15.5.17).
            Err(error) if at == 0 && is_behind_end(&error) => {
                match self.wait(self.store.head(path)) {
                    Ok(found) if found.size == 0 => return Ok(Bytes::new()),
                    _ => return Err(error),
                }
            }
            got => got?,
        };
        if octets.len() > most {
            return Err(ErrorKind::InvalidData.into());
        }
        Ok(octets)
    }

    /// Makes an object. That it is made is known even when the answer was lost, by its octets. Another writer's that has the very same ones counts as made here: heads and
    /// locks have random octets of their own, parts of one file may be the same, and then it is the same which of the two there is.
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

    /// Insists that the store makes no second object of the name of one that is there.
    pub(super) fn refuses_another(&self, path: &Path) -> io::Result<()> {
        let payload = PutPayload::from_static(b"a store that takes this keeps no lock");
        let put = self.store.put_opts(path, payload, PutMode::Create.into());
        match self.wait(put) {
            Ok(_) => {
                self.delete(path)?;
                let error =
                    "the store does not honour If-None-Match: it cannot keep a second writer out";
                Err(io::Error::new(ErrorKind::Unsupported, error))
            }
            Err(error) if error.kind() == ErrorKind::AlreadyExists => Ok(()),
            Err(error) => Err(error),
        }
    }

    /// The version of an object, if it is there.
    pub(super) fn version(&self, path: &Path) -> io::Result<Option<UpdateVersion>> {
        match self.wait(self.store.head(path)) {
            Ok(found) => Ok(Some(UpdateVersion {
                e_tag: found.e_tag,
                version: found.version,
            })),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Makes an object whose octets no other has, in the place of the version that was seen, or of none.
    pub(super) fn swap(
        &self,
        path: &Path,
        seen: Option<UpdateVersion>,
        octets: Vec<u8>,
    ) -> io::Result<()> {
        let Some(seen) = seen else {
            return self.create(path, octets);
        };
        let octets = Bytes::from(octets);
        let payload = PutPayload::from_bytes(octets.clone());
        let put = self
            .store
            .put_opts(path, payload, PutMode::Update(seen).into());
        match self.wait(put) {
            // It may have been done, and asked for again because its answer was lost.
            Err(error) if error.kind() == ErrorKind::AlreadyExists => {
                match self.get(path, 0, octets.len().saturating_add(1)) {
                    Ok(there) if there == octets => Ok(()),
                    _ => Err(error),
                }
            }
            put => put.map(|_| ()),
        }
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

/// Whether it may be that a range was asked for of an object that has no octets. No kind says so: these are the texts of HTTP's status and of the store in memory.
fn is_behind_end(error: &io::Error) -> bool {
    let text = error.to_string();
    let is_said = |said| text.contains(said);
    error.kind() == ErrorKind::Other
        && (is_said("status code: 416") || is_said("Wanted range starting at 0,"))
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
