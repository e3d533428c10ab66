//! A recording that does not fit into memory: what seeking in it costs.

use std::io;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use mediaseal::SenderId;
use mediaseal::vault::recording::{
    Cobblestone, Frame, LocalStorage, NewRecording, Profile, Reader, Storage, Verdict, cobblestone,
    verify,
};

use crate::support::{People, Random, TestClock, add_tracks, noise, size};

/// A folder whose reads are counted.
struct Counted {
    folder: LocalStorage,
    reads: AtomicU64,
    octets: AtomicU64,
}

impl Counted {
    fn in_folder(path: &Path) -> Arc<Self> {
        Arc::new(Self {
            folder: LocalStorage::create(path).unwrap(),
            reads: AtomicU64::new(0),
            octets: AtomicU64::new(0),
        })
    }

    /// How often was read since the last call, and how many octets.
    fn take(&self) -> (u64, u64) {
        let reads = self.reads.swap(0, Ordering::Relaxed);
        (reads, self.octets.swap(0, Ordering::Relaxed))
    }
}

impl Storage for Counted {
    fn create_new(&self, name: &str, octets: &[u8]) -> io::Result<()> {
        self.folder.create_new(name, octets)
    }

    fn append(&self, name: &str, octets: &[u8]) -> io::Result<()> {
        self.folder.append(name, octets)
    }

    fn sync(&self, name: &str) -> io::Result<()> {
        self.folder.sync(name)
    }

    fn sync_names(&self) -> io::Result<()> {
        self.folder.sync_names()
    }

    fn rename(&self, from: &str, to: &str) -> io::Result<()> {
        self.folder.rename(from, to)
    }

    fn read(&self, name: &str, offset: u64, len: usize) -> io::Result<Vec<u8>> {
        let octets = self.folder.read(name, offset, len)?;
        self.reads.fetch_add(1, Ordering::Relaxed);
        self.octets
            .fetch_add(octets.len() as u64, Ordering::Relaxed);
        Ok(octets)
    }

    fn len(&self, name: &str) -> io::Result<u64> {
        self.folder.len(name)
    }

    fn list(&self) -> io::Result<Vec<String>> {
        self.folder.list()
    }

    fn delete(&self, name: &str) -> io::Result<()> {
        self.folder.delete(name)
    }

    fn lock(&self) -> io::Result<Box<dyn Send>> {
        self.folder.lock()
    }
}

/// Microseconds between two frames.
const STEP: u64 = 5_000;
/// Octets of a frame.
const FRAME: usize = 8_000;

/// The frame of a number: its track, and its octets out of noise.
fn octets(noise: &[u8], number: u64) -> &[u8] {
    let from = usize::try_from(number % 4_096).unwrap();
    &noise[from..from + FRAME]
}

#[test]
fn a_seek_in_a_large_recording_reads_three_chunks_at_most() {
    let total = size("MEDIASEAL_SEEK_OCTETS", 48 << 20);
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("large-recording");
    std::fs::remove_dir_all(&folder).ok();
    let (people, clock) = (People::new(), TestClock::new());
    let storage = Counted::in_folder(&folder);
    let mut new = NewRecording::draw(
        Profile::Media,
        Cobblestone::default(),
        "",
        Arc::clone(&people.recorder),
        &*clock,
    )
    .unwrap();
    new.add_recipient(people.owner.recipient()).unwrap();
    let dek = mediaseal::vault::Dek::from_bytes(new.dek().expose());
    let mut writer = new.start(storage.clone(), clock.clone()).unwrap();
    add_tracks(&mut writer);
    let noise = noise(91, FRAME + 4_096);
    let sender = SenderId::new("alice").unwrap();
    let frames = (total / FRAME) as u64;
    for number in 0..frames {
        clock.pass(STEP);
        let frame = Frame {
            track: u16::try_from(number % 2).unwrap(),
            sender: &sender,
            micros: number * STEP,
            key_frame: number % 50 < 2,
            metadata: &[],
            octets: octets(&noise, number),
        };
        writer.write_frame(&frame).unwrap();
    }
    writer.finish().unwrap();

    let mut reader = Reader::open(storage.clone(), &dek).unwrap();
    let chunk = cobblestone::SEALED_CHUNK_LEN as u64;
    let mut random = Random(92);
    let mut most = (0, 0);
    for _ in 0..2_000 {
        let wanted = random.next() % frames;
        let track = u16::try_from(wanted % 2).unwrap();
        let before = reader.chunks_opened();
        storage.take();
        let mut cursor = reader.seek(track, wanted * STEP).unwrap();
        assert_eq!(storage.take(), (0, 0), "the index is in memory");
        let found = reader.next_frame(&mut cursor).unwrap().unwrap();
        let (chunks, (reads, read)) = (reader.chunks_opened() - before, storage.take());
        // A chunk each, and the head of the segment and of its tail.
        assert!(chunks <= 3 && reads <= 5, "{chunks} chunks, {reads} reads");
        assert!(read <= 3 * chunk + 256, "{read} octets");
        most = (most.0.max(chunks), most.1.max(read));
        let number = found.micros / STEP;
        assert!(number <= wanted && (wanted - number) * STEP <= 1_000_000);
        assert_eq!(found.octets, octets(&noise, number));
    }
    for _ in 0..2_000 {
        let from = random.next() % (total as u64 / 2 - 1_000);
        let mut one = [0; 1_000];
        storage.take();
        reader.read_at(0, from, &mut one).unwrap();
        assert!(storage.take().1 <= 2 * chunk + 256);
    }
    if total <= 64 << 20 {
        let found = verify(&*storage, Some(people.recorder.public())).unwrap();
        assert_eq!(found.verdict, Verdict::Complete);
    }
    println!(
        "seek in {total} octets: at most {} chunks, {} octets read",
        most.0, most.1
    );
    std::fs::remove_dir_all(folder).unwrap();
}
