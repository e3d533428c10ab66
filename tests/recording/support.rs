//! What the tests of recordings share: a storage in memory that keeps a log of what was asked of it, a clock that stands, and what they record.

use std::collections::{BTreeMap, HashSet};
use std::io::{self, ErrorKind};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};

use mediaseal::vault::grant::{Identity, Kem, Signer};
use mediaseal::vault::recording::{
    Cobblestone, Frame, NewRecording, Profile, Reader, RecordingError, Storage, TrackFormat, Writer,
};
use mediaseal::vault::{Clock, Dek};
use mediaseal::{Codec, SenderId};

/// How much of something to do: the environment asks for the whole campaign (`cargo xtask verify recordings`).
pub(crate) fn size(variable: &str, usual: usize) -> usize {
    std::env::var(variable).map_or(usual, |text| text.parse().expect(variable))
}

/// A clock that the test moves.
#[derive(Default)]
pub(crate) struct TestClock(AtomicU64);

impl TestClock {
    pub(crate) fn new() -> Arc<Self> {
        let clock = Self::default();
        clock.0.store(1_800_000_000_000_000, Ordering::Relaxed);
        Arc::new(clock)
    }

    pub(crate) fn pass(&self, micros: u64) {
        self.0.fetch_add(micros, Ordering::Relaxed);
    }
}

impl Clock for TestClock {
    fn unix_micros(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

/// Something that changes files.
#[derive(Clone, Debug)]
pub(crate) enum Op {
    Create(String, Vec<u8>),
    Append(String, Vec<u8>),
    Sync(String),
    SyncNames,
    Rename(String, String),
    Delete(String),
}

#[derive(Default)]
struct State {
    files: BTreeMap<String, Vec<u8>>,
    log: Vec<Op>,
    calls: usize,
    /// The call that fails, counted from 0.
    fails_at: Option<usize>,
    /// Octets that all files may have together.
    capacity: Option<usize>,
}

/// Files in memory. A failing append may leave a part behind, as a disk does.
#[derive(Default)]
pub(crate) struct Memory(Mutex<State>);

struct Unlocked;

impl Memory {
    pub(crate) fn new() -> Arc<Self> {
        Arc::new(Self::default())
    }

    pub(crate) fn of(files: BTreeMap<String, Vec<u8>>) -> Arc<Self> {
        let memory = Self::default();
        memory.state().files = files;
        Arc::new(memory)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap()
    }

    pub(crate) fn files(&self) -> BTreeMap<String, Vec<u8>> {
        self.state().files.clone()
    }

    pub(crate) fn log(&self) -> Vec<Op> {
        self.state().log.clone()
    }

    pub(crate) fn fail_at(&self, call: Option<usize>) {
        let mut state = self.state();
        state.calls = 0;
        state.fails_at = call;
    }

    pub(crate) fn limit(&self, capacity: Option<usize>) {
        self.state().capacity = capacity;
    }

    pub(crate) fn change<T>(&self, name: &str, change: impl FnOnce(&mut Vec<u8>) -> T) -> T {
        change(self.state().files.get_mut(name).expect(name))
    }

    /// Counts a call, and fails if it is its turn.
    fn call(&self) -> io::Result<MutexGuard<'_, State>> {
        let mut state = self.state();
        let call = state.calls;
        state.calls += 1;
        if state.fails_at == Some(call) {
            return Err(io::Error::other("the disk fails"));
        }
        Ok(state)
    }
}

fn not_found() -> io::Error {
    ErrorKind::NotFound.into()
}

impl State {
    fn room(&self) -> usize {
        let used: usize = self.files.values().map(Vec::len).sum();
        self.capacity
            .map_or(usize::MAX, |capacity| capacity.saturating_sub(used))
    }
}

impl Storage for Memory {
    fn create_new(&self, name: &str, octets: &[u8]) -> io::Result<()> {
        let mut state = self.call()?;
        if state.files.contains_key(name) {
            return Err(ErrorKind::AlreadyExists.into());
        }
        let fits = octets.len().min(state.room());
        state.files.insert(name.to_owned(), octets[..fits].to_vec());
        if fits < octets.len() {
            return Err(ErrorKind::StorageFull.into());
        }
        state.log.push(Op::Create(name.to_owned(), octets.to_vec()));
        Ok(())
    }

    fn append(&self, name: &str, octets: &[u8]) -> io::Result<()> {
        let mut state = match self.call() {
            Ok(state) => state,
            Err(error) => {
                // A part of it was written.
                let mut state = self.state();
                let file = state.files.get_mut(name).ok_or_else(not_found)?;
                file.extend_from_slice(&octets[..octets.len() / 2]);
                return Err(error);
            }
        };
        let fits = octets.len().min(state.room());
        let file = state.files.get_mut(name).ok_or_else(not_found)?;
        file.extend_from_slice(&octets[..fits]);
        if fits < octets.len() {
            return Err(ErrorKind::StorageFull.into());
        }
        state.log.push(Op::Append(name.to_owned(), octets.to_vec()));
        Ok(())
    }

    fn sync(&self, name: &str) -> io::Result<()> {
        self.call()?.log.push(Op::Sync(name.to_owned()));
        Ok(())
    }

    fn sync_names(&self) -> io::Result<()> {
        self.call()?.log.push(Op::SyncNames);
        Ok(())
    }

    fn rename(&self, from: &str, to: &str) -> io::Result<()> {
        let mut state = self.call()?;
        let file = state.files.remove(from).ok_or_else(not_found)?;
        state.files.insert(to.to_owned(), file);
        state.log.push(Op::Rename(from.to_owned(), to.to_owned()));
        Ok(())
    }

    fn read(&self, name: &str, offset: u64, len: usize) -> io::Result<Vec<u8>> {
        let state = self.call()?;
        let file = state.files.get(name).ok_or_else(not_found)?;
        let from = usize::try_from(offset).unwrap().min(file.len());
        Ok(file[from..].iter().take(len).copied().collect())
    }

    fn len(&self, name: &str) -> io::Result<u64> {
        let state = self.call()?;
        state
            .files
            .get(name)
            .map(|file| file.len() as u64)
            .ok_or_else(not_found)
    }

    fn list(&self) -> io::Result<Vec<String>> {
        Ok(self.call()?.files.keys().cloned().collect())
    }

    fn delete(&self, name: &str) -> io::Result<()> {
        let mut state = self.call()?;
        state.files.remove(name).ok_or_else(not_found)?;
        state.log.push(Op::Delete(name.to_owned()));
        Ok(())
    }

    fn lock(&self) -> io::Result<Box<dyn Send>> {
        drop(self.call()?);
        Ok(Box::new(Unlocked))
    }
}

/// The people of a recording.
pub(crate) struct People {
    pub(crate) owner: Identity,
    pub(crate) recorder: Arc<Signer>,
}

impl People {
    pub(crate) fn new() -> Self {
        Self {
            owner: Identity::generate(Kem::X25519).unwrap(),
            recorder: Arc::new(Signer::generate().unwrap()),
        }
    }

    /// Begins a recording and returns its key as well.
    pub(crate) fn start(
        &self,
        profile: Profile,
        storage: &Arc<Memory>,
        clock: &Arc<TestClock>,
    ) -> Result<(Writer, Dek), RecordingError> {
        self.start_with(Cobblestone::Aes256, profile, storage, clock)
    }

    pub(crate) fn start_with(
        &self,
        aead: Cobblestone,
        profile: Profile,
        storage: &Arc<Memory>,
        clock: &Arc<TestClock>,
    ) -> Result<(Writer, Dek), RecordingError> {
        let mut new =
            NewRecording::draw(profile, aead, "eu", Arc::clone(&self.recorder), &**clock)?;
        new.add_recipient(self.owner.recipient())?;
        let dek = Dek::from_bytes(new.dek().expose());
        let writer = new.start(storage.clone(), clock.clone())?;
        Ok((writer, dek))
    }

    pub(crate) fn resume(
        &self,
        storage: &Arc<Memory>,
        dek: &Dek,
        clock: &Arc<TestClock>,
    ) -> Result<Writer, RecordingError> {
        Writer::resume(
            storage.clone(),
            dek,
            Arc::clone(&self.recorder),
            clock.clone(),
        )
    }
}

/// A frame that was, or will be, recorded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Sent {
    pub(crate) track: u16,
    pub(crate) sender: SenderId,
    pub(crate) micros: u64,
    pub(crate) key_frame: bool,
    pub(crate) metadata: Vec<u8>,
    pub(crate) octets: Vec<u8>,
}

impl Sent {
    pub(crate) fn frame(&self) -> Frame<'_> {
        Frame {
            track: self.track,
            sender: &self.sender,
            micros: self.micros,
            key_frame: self.key_frame,
            metadata: &self.metadata,
            octets: &self.octets,
        }
    }
}

/// Octets that look random, the same for the same seed.
pub(crate) fn noise(seed: u64, len: usize) -> Vec<u8> {
    let mut random = Random(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1);
    let mut octets = Vec::with_capacity(len + 8);
    while octets.len() < len {
        octets.extend_from_slice(&random.next().to_le_bytes());
    }
    octets.truncate(len);
    octets
}

/// Numbers that look random (xorshift64*).
pub(crate) struct Random(pub(crate) u64);

impl Random {
    pub(crate) fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_f491_4f6c_dd1d)
    }

    pub(crate) fn below(&mut self, end: usize) -> usize {
        usize::try_from(self.next() % end.max(1) as u64).unwrap()
    }
}

/// Frames of two senders on two tracks, 20 ms apart, of lengths about `len`.
pub(crate) fn frames(seed: u64, count: usize, len: usize) -> Vec<Sent> {
    let mut random = Random(seed | 1);
    (0..count)
        .map(|index| {
            let track = u16::try_from(index % 2).unwrap();
            let sender = ["alice", "bob"][usize::from(random.below(4) == 0)];
            Sent {
                track,
                sender: SenderId::new(sender).unwrap(),
                micros: index as u64 * 20_000,
                key_frame: index % 50 < 2,
                metadata: noise(seed, [0, 9, 40][index % 3]),
                octets: noise(seed ^ (index as u64) << 20, len / 2 + random.below(len)),
            }
        })
        .collect()
}

pub(crate) fn add_tracks(writer: &mut Writer) {
    writer.add_track(0, TrackFormat::of(Codec::Opus)).unwrap();
    writer.add_track(1, TrackFormat::of(Codec::Vp8)).unwrap();
}

/// Records frames, the clock going with them, and closes.
pub(crate) fn record(people: &People, storage: &Arc<Memory>, frames: &[Sent]) -> Dek {
    let clock = TestClock::new();
    let (mut writer, dek) = people.start(Profile::Media, storage, &clock).unwrap();
    add_tracks(&mut writer);
    for sent in frames {
        clock.pass(20_000);
        writer.write_frame(&sent.frame()).unwrap();
    }
    writer.finish().unwrap();
    dek
}

/// Every frame of a track that opens, and whatever did not.
pub(crate) fn read_track(reader: &mut Reader, track: u16) -> (Vec<Sent>, Vec<RecordingError>) {
    let (mut sent, mut errors) = (Vec::new(), Vec::new());
    let Ok(start) = reader.start_of(track) else {
        return (sent, errors);
    };
    for frame in reader.frames(start) {
        match frame {
            Ok(frame) => sent.push(Sent {
                track: frame.track,
                sender: frame.sender.clone(),
                micros: frame.micros,
                key_frame: frame.key_frame,
                metadata: frame.metadata.clone(),
                octets: frame.octets.clone(),
            }),
            Err(error) => errors.push(error),
        }
    }
    (sent, errors)
}

/// Those of a track.
pub(crate) fn of_track(frames: &[Sent], track: u16) -> Vec<Sent> {
    frames
        .iter()
        .filter(|sent| sent.track == track)
        .cloned()
        .collect()
}

/// Notes the salt of every message that a log begins, and insists that each is new: a message's key and nonces follow from its salt.
pub(crate) fn note_salts(log: &[Op], salts: &mut HashSet<[u8; 24]>) -> usize {
    let mut noted = 0;
    for op in log {
        if let Op::Create(name, octets) = op
            && (name.ends_with(".seg") || name.ends_with(".tail"))
        {
            let salt = octets[..24].try_into().unwrap();
            assert!(salts.insert(salt), "{name}: a salt was used before");
            noted += 1;
        }
    }
    noted
}
