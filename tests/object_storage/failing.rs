//! An object store whose requests fail when told, done or not: every state in which a writer can be killed between two requests.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use async_trait::async_trait;
use futures_util::StreamExt;
use futures_util::stream::BoxStream;
use mediaseal::vault::Dek;
use mediaseal::vault::recording::object::object_store::memory::InMemory;
use mediaseal::vault::recording::object::object_store::path::Path;
use mediaseal::vault::recording::object::object_store::{
    CopyOptions, Error, GetOptions, GetResult, ListResult, MultipartUpload, ObjectMeta,
    ObjectStore, PutMultipartOptions, PutOptions, PutPayload, PutResult, Result,
};
use mediaseal::vault::recording::object::{ObjectOptions, ObjectStorage};
use mediaseal::vault::recording::{Reader, RecordingError};

use crate::recordings::{OFTEN, begin, is_whole, objects, over, resume};
use crate::support::{People, Sent, TestClock, add_tracks, frames};

/// What becomes of the request whose turn it is, and of all behind it.
#[derive(Clone, Copy, Debug)]
enum Fault {
    /// It is not done.
    Before,
    /// It is done, and its answer is lost.
    After,
}

#[derive(Debug)]
struct Failing {
    store: Arc<dyn ObjectStore>,
    calls: AtomicUsize,
    fails_at: usize,
    fault: Fault,
}

impl fmt::Display for Failing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a store that fails")
    }
}

fn broken() -> Error {
    Error::Generic {
        store: "failing",
        source: "the connection broke".into(),
    }
}

impl Failing {
    fn over(store: &Arc<dyn ObjectStore>, fails_at: usize, fault: Fault) -> Arc<Self> {
        Arc::new(Self {
            store: Arc::clone(store),
            calls: AtomicUsize::new(0),
            fails_at,
            fault,
        })
    }

    /// Counts a request; whether it is done, and whether it is answered.
    fn turn(&self) -> (bool, bool) {
        let call = self.calls.fetch_add(1, Ordering::Relaxed);
        match call.cmp(&self.fails_at) {
            std::cmp::Ordering::Less => (true, true),
            std::cmp::Ordering::Equal => (matches!(self.fault, Fault::After), false),
            std::cmp::Ordering::Greater => (false, false),
        }
    }
}

#[async_trait]
impl ObjectStore for Failing {
    async fn put_opts(
        &self,
        location: &Path,
        payload: PutPayload,
        options: PutOptions,
    ) -> Result<PutResult> {
        let (is_done, is_answered) = self.turn();
        if is_done {
            let put = self.store.put_opts(location, payload, options).await;
            if is_answered {
                return put;
            }
        }
        Err(broken())
    }

    async fn put_multipart_opts(
        &self,
        _: &Path,
        _: PutMultipartOptions,
    ) -> Result<Box<dyn MultipartUpload>> {
        Err(broken())
    }

    async fn get_opts(&self, location: &Path, options: GetOptions) -> Result<GetResult> {
        match self.turn() {
            (true, true) => self.store.get_opts(location, options).await,
            _ => Err(broken()),
        }
    }

    fn delete_stream(
        &self,
        locations: BoxStream<'static, Result<Path>>,
    ) -> BoxStream<'static, Result<Path>> {
        let (is_done, is_answered) = self.turn();
        match (is_done, is_answered) {
            (true, true) => self.store.delete_stream(locations),
            // Some are deleted, and then it breaks.
            (true, false) => {
                let some = self.store.delete_stream(locations.take(1).boxed());
                some.chain(futures_util::stream::iter([Err(broken())]))
                    .boxed()
            }
            _ => futures_util::stream::iter([Err(broken())]).boxed(),
        }
    }

    fn list(&self, prefix: Option<&Path>) -> BoxStream<'static, Result<ObjectMeta>> {
        match self.turn() {
            (true, true) => self.store.list(prefix),
            _ => futures_util::stream::iter([Err(broken())]).boxed(),
        }
    }

    async fn list_with_delimiter(&self, _: Option<&Path>) -> Result<ListResult> {
        Err(broken())
    }

    async fn copy_opts(&self, _: &Path, _: &Path, _: CopyOptions) -> Result<()> {
        Err(broken())
    }
}

/// Records and closes, unless a request fails; `safe` tells how many frames were committed.
fn record(
    people: &People,
    store: &Arc<dyn ObjectStore>,
    kept: &mut Option<Dek>,
    sent: &[Sent],
    safe: &mut usize,
) -> std::result::Result<(), RecordingError> {
    let clock = TestClock::new();
    let storage = over(store, &ObjectOptions::new().owner("me").pace(OFTEN));
    let mut writer = match kept {
        Some(dek) => resume(people, &storage, dek, &clock)?,
        None => {
            let (writer, dek) = begin(people, &storage, &clock)?;
            *kept = Some(dek);
            writer
        }
    };
    if writer.tracks().count() == 0 {
        add_tracks(&mut writer);
    }
    for (index, one) in sent.iter().enumerate().skip(*safe) {
        clock.pass(1_000_000);
        writer.write_frame(&one.frame())?;
        if index % 2 == 1 {
            writer.flush()?;
            *safe = index + 1;
        }
    }
    writer.finish().map(|_| ())
}

#[test]
fn a_writer_may_be_cut_off_at_every_request() {
    let people = People::new();
    // Even in number, so that the last is safe.
    let sent = frames(5, 16, 30_000);
    for fault in [Fault::Before, Fault::After] {
        let mut cut = 0;
        for call in 0.. {
            let store: Arc<dyn ObjectStore> = Arc::new(InMemory::new());
            let failing: Arc<dyn ObjectStore> = Failing::over(&store, call, fault);
            let (mut dek, mut safe) = (None, 0);
            let done = record(&people, &failing, &mut dek, &sent, &mut safe);
            if done.is_ok() {
                is_whole(
                    &people,
                    over(&store, &ObjectOptions::new()),
                    &dek.unwrap(),
                    &sent,
                );
                break;
            }
            cut += 1;
            // Another process of the same owner, over what is there.
            let known = safe;
            let finished = match dek {
                Some(dek) => dek,
                None => {
                    // It was cut off while it began.
                    let (mut again, mut none) = (None, 0);
                    let begun = record(&people, &store, &mut again, &sent, &mut none);
                    match begun {
                        Ok(()) => {
                            is_whole(
                                &people,
                                over(&store, &ObjectOptions::new()),
                                &again.unwrap(),
                                &sent,
                            );
                            continue;
                        }
                        // Its header is there, and the key went with the process.
                        Err(RecordingError::AlreadyThere) => continue,
                        Err(error) => panic!("call {call}, {fault:?}: {error}"),
                    }
                }
            };
            let clock = TestClock::new();
            let storage = over(&store, &ObjectOptions::new().owner("me").pace(OFTEN));
            let resumed = resume(&people, &storage, &finished, &clock);
            let mut writer = match resumed {
                Ok(writer) => writer,
                // Its last request closed it.
                Err(RecordingError::Closed) => {
                    is_whole(
                        &people,
                        over(&store, &ObjectOptions::new()),
                        &finished,
                        &sent,
                    );
                    continue;
                }
                Err(error) => panic!("call {call}, {fault:?}: {error}"),
            };
            if writer.tracks().count() == 0 {
                add_tracks(&mut writer);
            }
            let there = present(&storage, &finished);
            assert!(
                there >= known && there <= sent.len(),
                "call {call}, {fault:?}: {there} of {known}"
            );
            for one in &sent[there..] {
                writer.write_frame(&one.frame()).unwrap();
            }
            writer.finish().unwrap();
            is_whole(
                &people,
                over(&store, &ObjectOptions::new()),
                &finished,
                &sent,
            );
            let leftover = objects(&store);
            assert!(
                !leftover
                    .iter()
                    .any(|name| name.contains("/moves/") || name.ends_with("/lock")),
                "{leftover:?}"
            );
        }
        assert!(cut > 100, "{cut}");
        println!("{cut} requests failed, {fault:?}");
    }
}

/// Frames that are there: they were sent in turn on two tracks.
fn present(storage: &Arc<ObjectStorage>, dek: &Dek) -> usize {
    let reader = Reader::open(storage.clone(), dek).unwrap();
    let frames: u64 = reader.tracks().map(|track| track.frames).sum();
    usize::try_from(frames).unwrap()
}
