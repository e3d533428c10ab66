//! What a writer does late, after another took its lock over; and stores and objects that are not as they ought to be.

use std::fmt;
use std::io::ErrorKind;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;

use async_trait::async_trait;
use futures_util::stream::BoxStream;
use mediaseal::vault::recording::object::object_store::memory::InMemory;
use mediaseal::vault::recording::object::object_store::path::Path;
use mediaseal::vault::recording::object::object_store::{
    CopyOptions, GetOptions, GetResult, ListResult, MultipartUpload, ObjectMeta, ObjectStore,
    ObjectStoreExt, PutMode, PutMultipartOptions, PutOptions, PutPayload, PutResult, Result,
};
use mediaseal::vault::recording::object::{ObjectOptions, ObjectStorage};
use mediaseal::vault::recording::{Storage, Verdict, verify};

use crate::recordings::{OFTEN, begin, objects, over, resume};
use crate::support::{People, TestClock, add_tracks, frames};

type Meanwhile = Box<dyn FnOnce() + Send>;

/// A store in which something happens just before one request is done.
struct Stalling {
    store: Arc<dyn ObjectStore>,
    /// Requests that are done before it.
    left: AtomicUsize,
    meanwhile: Mutex<Option<Meanwhile>>,
    /// Whether it makes objects over others whatever it is asked.
    ignores_conditions: bool,
}

impl fmt::Debug for Stalling {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Stalling")
    }
}

impl fmt::Display for Stalling {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a store that stalls")
    }
}

impl Stalling {
    fn over(store: &Arc<dyn ObjectStore>) -> Arc<Self> {
        Arc::new(Self {
            store: Arc::clone(store),
            left: AtomicUsize::new(0),
            meanwhile: Mutex::default(),
            ignores_conditions: false,
        })
    }

    /// Lets something happen before the request that comes after `left` others.
    fn stall(&self, left: usize, meanwhile: Meanwhile) {
        self.left.store(left, Ordering::Relaxed);
        *self.meanwhile.lock().unwrap() = Some(meanwhile);
    }

    /// Whether what was to happen has.
    fn is_over(&self) -> bool {
        self.meanwhile.lock().unwrap().take().is_none()
    }

    fn turn(&self) {
        let mut meanwhile = self.meanwhile.lock().unwrap();
        if meanwhile.is_none() {
            return;
        }
        let left = self.left.load(Ordering::Relaxed);
        if let Some(less) = left.checked_sub(1) {
            self.left.store(less, Ordering::Relaxed);
        } else if let Some(meanwhile) = meanwhile.take() {
            // Another process, where no asynchronous code runs.
            thread::spawn(meanwhile).join().unwrap();
        }
    }
}

#[async_trait]
impl ObjectStore for Stalling {
    async fn put_opts(
        &self,
        location: &Path,
        payload: PutPayload,
        mut options: PutOptions,
    ) -> Result<PutResult> {
        self.turn();
        if self.ignores_conditions {
            options.mode = PutMode::Overwrite;
        }
        self.store.put_opts(location, payload, options).await
    }

    async fn put_multipart_opts(
        &self,
        location: &Path,
        options: PutMultipartOptions,
    ) -> Result<Box<dyn MultipartUpload>> {
        self.store.put_multipart_opts(location, options).await
    }

    async fn get_opts(&self, location: &Path, options: GetOptions) -> Result<GetResult> {
        self.turn();
        self.store.get_opts(location, options).await
    }

    fn delete_stream(
        &self,
        locations: BoxStream<'static, Result<Path>>,
    ) -> BoxStream<'static, Result<Path>> {
        self.turn();
        self.store.delete_stream(locations)
    }

    fn list(&self, prefix: Option<&Path>) -> BoxStream<'static, Result<ObjectMeta>> {
        self.turn();
        self.store.list(prefix)
    }

    async fn list_with_delimiter(&self, prefix: Option<&Path>) -> Result<ListResult> {
        self.store.list_with_delimiter(prefix).await
    }

    async fn copy_opts(&self, from: &Path, to: &Path, options: CopyOptions) -> Result<()> {
        self.store.copy_opts(from, to, options).await
    }
}

fn me() -> ObjectOptions {
    ObjectOptions::new().owner("me").pace(OFTEN)
}

/// A storage whose requests can be stalled, and what stalls them.
fn stalled(store: &Arc<dyn ObjectStore>) -> (Arc<ObjectStorage>, Arc<Stalling>) {
    let stalling = Stalling::over(store);
    let through: Arc<dyn ObjectStore> = stalling.clone();
    (over(&through, &me()), stalling)
}

/// Writes a file anew, as a recovery does.
fn rewrite(storage: &ObjectStorage, octets: &[u8]) -> std::io::Result<()> {
    match storage.delete("manifest.new") {
        Err(error) if error.kind() != ErrorKind::NotFound => return Err(error),
        _ => storage.create_new("manifest.new", b"")?,
    }
    storage.append("manifest.new", octets)?;
    storage.sync("manifest.new")?;
    storage.rename("manifest.new", "manifest")
}

#[test]
fn a_late_renaming_takes_the_place_of_nothing() {
    let mut told = 0;
    for left in 0.. {
        let store: Arc<dyn ObjectStore> = Arc::new(InMemory::new());
        let (first, stalling) = stalled(&store);
        let _held = first.lock().unwrap();
        first.create_new("manifest", b"").unwrap();
        first.append("manifest", b"one two").unwrap();
        first.sync("manifest").unwrap();
        let second = over(&store, &me());
        let taking = Arc::clone(&second);
        stalling.stall(
            left,
            Box::new(move || {
                let held = taking.lock().unwrap();
                rewrite(&taking, b"one").unwrap();
                std::mem::forget(held);
            }),
        );
        let done = rewrite(&first, b"one");
        let was_stalled = stalling.is_over();
        if was_stalled {
            told += usize::from(done.is_err());
            // The second goes on with what it knows to be there.
            second.append("manifest", b" three").unwrap();
            second.sync("manifest").unwrap();
        }
        let found = over(&store, &ObjectOptions::new()).read("manifest", 0, 99);
        let expected: &[u8] = if was_stalled { b"one three" } else { b"one" };
        assert_eq!(found.unwrap(), expected, "request {left}: {done:?}");
        if !was_stalled {
            break;
        }
    }
    assert!(told > 5, "{told}");
}

#[test]
fn a_late_deletion_finds_another_file_s_name() {
    let name = "0000000003.seg";
    // What is found, its parts, and the lock: behind that is the deletion itself, which nothing can stop.
    for left in 0..3 {
        let store: Arc<dyn ObjectStore> = Arc::new(InMemory::new());
        over(&store, &me()).create_new(name, b"nobody's").unwrap();
        let (first, stalling) = stalled(&store);
        let _held = first.lock().unwrap();
        let second = over(&store, &me());
        stalling.stall(
            left,
            Box::new(move || {
                let held = second.lock().unwrap();
                second.delete(name).unwrap();
                second.create_new(name, b"the second's").unwrap();
                std::mem::forget(held);
            }),
        );
        first.delete(name).unwrap_err();
        assert!(stalling.is_over());
        let found = over(&store, &ObjectOptions::new()).read(name, 0, 99);
        assert_eq!(found.unwrap(), b"the second's", "request {left}");
    }
}

#[test]
fn numbers_of_files_that_were_there_are_not_given_again() {
    let store: Arc<dyn ObjectStore> = Arc::new(InMemory::new());
    let (people, clock) = (People::new(), TestClock::new());
    let (writer, dek) = begin(&people, &over(&store, &me()), &clock).unwrap();
    std::mem::forget(writer);
    let storage = over(&store, &me());
    // Never committed; and somebody else's, who would leave no number.
    let names = [
        "0000000007.seg",
        "0000000009.000001.tail",
        "18446744073709551615.seg",
    ];
    for name in names {
        storage.create_new(name, b"x").unwrap();
    }
    let mut writer = resume(&people, &storage, &dek, &clock).unwrap();
    add_tracks(&mut writer);
    for one in frames(1, 4, 300) {
        writer.write_frame(&one.frame()).unwrap();
    }
    writer.finish().unwrap();
    let mut segments = storage.list().unwrap();
    segments.retain(|name| name.ends_with(".seg"));
    segments.sort_unstable();
    assert_eq!(segments, ["0000000010.seg", "0000000011.seg"]);
    let found = verify(&*storage, Some(people.recorder.public())).unwrap();
    assert_eq!(found.verdict, Verdict::Complete);
}

pub(crate) fn put(store: &Arc<dyn ObjectStore>, name: &str, octets: &'static [u8]) {
    let runtime = tokio::runtime::Builder::new_current_thread().build();
    let path = Path::from(name);
    let put = store.put(&path, octets.into());
    runtime.unwrap().block_on(put).unwrap();
}

#[test]
fn an_empty_object_is_a_file_without_octets() {
    let store: Arc<dyn ObjectStore> = Arc::new(InMemory::new());
    let (people, clock) = (People::new(), TestClock::new());
    let storage = over(&store, &me());
    let (mut writer, dek) = begin(&people, &storage, &clock).unwrap();
    add_tracks(&mut writer);
    for one in frames(1, 4, 300) {
        writer.write_frame(&one.frame()).unwrap();
    }
    writer.flush().unwrap();
    drop(writer);
    // A lock that says nothing keeps others out until it is broken.
    put(&store, "calls/17/lock", b"");
    let other = over(&store, &me());
    assert_eq!(
        other.lock().map(|_| ()).unwrap_err().kind(),
        ErrorKind::WouldBlock
    );
    assert!(other.break_lock().unwrap());
    assert!(!other.break_lock().unwrap());
    resume(&people, &other, &dek, &clock)
        .unwrap()
        .finish()
        .unwrap();
    for name in ["manifest", "checkpoints", "0000000000.seg"] {
        put(&store, &format!("calls/17/files/{name}"), b"");
        let storage = over(&store, &me());
        assert_eq!(storage.len(name).unwrap(), 0);
        assert_eq!(storage.read(name, 0, 9).unwrap(), b"");
        let found = verify(&*storage, Some(people.recorder.public())).unwrap();
        assert_ne!(found.verdict, Verdict::Complete, "{name}");
    }
}

#[test]
fn a_store_that_makes_a_second_lock_is_refused() {
    let store: Arc<dyn ObjectStore> = Arc::new(InMemory::new());
    let mut stalling = Stalling::over(&store);
    Arc::get_mut(&mut stalling).unwrap().ignores_conditions = true;
    let through: Arc<dyn ObjectStore> = stalling;
    let refused = over(&through, &me()).lock().map(|_| ()).unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::Unsupported);
    assert_eq!(objects(&store), Vec::<String>::new());
}

#[test]
fn a_lock_that_goes_while_it_is_looked_at_was_busy() {
    let store: Arc<dyn ObjectStore> = Arc::new(InMemory::new());
    let (late, stalling) = stalled(&store);
    let held = over(&store, &me()).lock().unwrap();
    // It is not made, it is looked at, and then at whose it is.
    stalling.stall(2, Box::new(move || drop(held)));
    let busy = late.lock().map(|_| ()).unwrap_err();
    assert!(stalling.is_over());
    assert_eq!(busy.kind(), ErrorKind::WouldBlock);
    drop(late.lock().unwrap());
}
