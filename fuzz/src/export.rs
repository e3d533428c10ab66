//! What a recording may hold where it says that frames of a codec are in it.

use std::{
    cell::RefCell,
    collections::HashMap,
    io::{self, Write},
    ops::ControlFlow,
    rc::Rc,
    sync::{
        Arc, Mutex, OnceLock,
        atomic::{AtomicU64, Ordering},
    },
};

use mediaseal::{
    SenderId,
    vault::{
        Clock, Dek,
        grant::{Identity, Kem, Signer},
        recording::{
            Cobblestone, Frame, NewRecording, Profile, Reader, TrackFormat, envelope,
            export::{
                AudioFile, ClearKey, Options, ParameterSets, Protection, SessionKeys, export,
            },
            header, wrap_context,
        },
    },
};

use super::{Orders, recordings::Memory};

/// Whose recording it is, and who recorded it: the same for all inputs.
fn people() -> &'static (Identity, Arc<Signer>) {
    static PEOPLE: OnceLock<(Identity, Arc<Signer>)> = OnceLock::new();
    PEOPLE.get_or_init(|| {
        let identity = Identity::generate(Kem::X25519).expect("random octets");
        (
            identity,
            Arc::new(Signer::generate().expect("random octets")),
        )
    })
}

/// Goes on by a millisecond whenever it is asked.
struct Ticking(AtomicU64);

impl Clock for Ticking {
    fn unix_micros(&self) -> u64 {
        self.0.fetch_add(1_000, Ordering::Relaxed)
    }
}

/// Takes `input` for frames of the codec that its first octets name, records and exports them: u16(format) ‖ u8(options) ‖ lp8(AAC configuration), and of each
/// frame u8(flags) ‖ u16(length) ‖ octets. Files are told as they are, each frame is in one or is said to be left out, and boxes fill an MP4 to its last octet.
///
/// # Panics
/// If it is not so, or if a parser panics.
pub fn export_frames(input: &[u8]) {
    let Some((front, rest)) = input.split_first_chunk::<3>() else {
        return;
    };
    let format = TrackFormat::from_value(u16::from_be_bytes([front[0], front[1]]));
    if format.is_codec_aware() {
        return;
    }
    let mut orders = Orders(rest);
    let specific = orders.octets();
    let (storage, frames) = recorded(format, orders.0);
    let (identity, recorder) = people();
    let context = wrap_context(&header(&*storage).expect("its own header"));
    let dek: Dek = envelope(&*storage)
        .and_then(|envelope| {
            Ok(envelope.open_by_identity(identity, &[*recorder.public()], &context)?)
        })
        .expect("its own envelope");
    let mut reader = Reader::open(storage, &dek).expect("its own recording");
    let files = Files::default();
    let kept = files.clone();
    let report = export(
        &mut reader,
        &SessionKeys::new(),
        &options(front[2], specific),
        &mut |file| Ok(kept.begin(file.name())),
        &mut |_| ControlFlow::Continue(()),
    )
    .expect("memory takes all of it");
    assert_eq!(report.damaged, 0);
    let told = report.frames_left_out() + report.frames();
    assert!(told <= frames, "a frame was counted twice");
    let files = files.0.borrow();
    assert_eq!(files.len(), report.files.len(), "a file was written over");
    for file in &report.files {
        let octets = files[&file.info.name()].borrow();
        assert_eq!(octets.len() as u64, file.octets);
        match file.info.extension {
            "mp4" => boxes(&octets),
            "ogg" => assert!(octets.starts_with(b"OggS")),
            "webm" => assert!(octets.starts_with(&[0x1a, 0x45, 0xdf, 0xa3])),
            other => panic!("no such file: {other}"),
        }
    }
}

fn options(choice: u8, specific: &[u8]) -> Options {
    let mut options = Options::new();
    if choice & 1 != 0 {
        options = options.parameter_sets(ParameterSets::InBand);
    }
    if choice & 2 != 0 {
        options = options.opus(AudioFile::Mp4);
    }
    if choice & 4 != 0 {
        options = options.protect(Protection::Key(ClearKey::new([1; 16], [2; 16])));
    }
    if !specific.is_empty() {
        options = options.aac_config(specific);
    }
    options
}

/// Records what the input says are frames. Returns how many were taken.
fn recorded(format: TrackFormat, mut input: &[u8]) -> (Arc<Memory>, u64) {
    let (identity, recorder) = people();
    let storage = Arc::new(Memory(Mutex::new(HashMap::new())));
    let clock: Arc<dyn Clock> = Arc::new(Ticking(AtomicU64::new(1)));
    let mut new = NewRecording::draw(
        Profile::Media,
        Cobblestone::Aes128,
        "",
        Arc::clone(recorder),
        &*clock,
    )
    .expect("random octets");
    new.add_recipient(identity.recipient()).expect("an owner");
    let mut writer = new
        .start(Arc::<Memory>::clone(&storage), clock)
        .expect("memory takes all of it");
    writer.add_track(0, format).expect("the only track");
    let sender = SenderId::new("a").expect("a name");
    let (mut frames, mut micros) = (0, 0_u64);
    while let [flags, high, low, rest @ ..] = input {
        let len = usize::from(u16::from_be_bytes([*high, *low])).min(rest.len());
        let (octets, behind) = rest.split_at(len);
        // Most follow one another; some come from far away, in both directions.
        micros = match flags >> 1 & 3 {
            0 | 1 => micros.saturating_add(20_000),
            2 => micros.saturating_add(1 << (flags >> 3)),
            _ => micros.saturating_sub(1 << (flags >> 3)),
        };
        let frame = Frame {
            track: 0,
            sender: &sender,
            micros,
            key_frame: flags & 1 != 0,
            metadata: if flags & 0x80 != 0 { octets } else { &[] },
            octets,
        };
        writer.write_frame(&frame).expect("memory takes all of it");
        frames += 1;
        input = behind;
    }
    writer.finish().expect("memory takes all of it");
    (storage, frames)
}

/// Boxes of ISO/IEC 14496-12, one behind the other to the last octet; those of fragments hold others.
fn boxes(mut octets: &[u8]) {
    while !octets.is_empty() {
        let (front, _) = octets.split_first_chunk::<8>().expect("the front of a box");
        let [a, b, c, d, kind @ ..] = *front;
        let len = usize::try_from(u32::from_be_bytes([a, b, c, d])).expect("a length");
        assert!(
            len >= 8 && len <= octets.len(),
            "a box of {len} octets in {}",
            octets.len()
        );
        let (this, rest) = octets.split_at(len);
        if matches!(
            &kind,
            b"moof" | b"traf" | b"moov" | b"trak" | b"mdia" | b"minf" | b"stbl" | b"mvex"
        ) {
            boxes(&this[8..]);
        }
        octets = rest;
    }
}

/// The octets of a file, while it is written and afterwards.
type Octets = Rc<RefCell<Vec<u8>>>;

/// Files in memory, by their names.
#[derive(Clone, Default)]
struct Files(Rc<RefCell<HashMap<String, Octets>>>);

impl Files {
    fn begin(&self, name: String) -> Box<dyn Write> {
        let file = Rc::new(RefCell::new(Vec::new()));
        self.0.borrow_mut().insert(name, Rc::clone(&file));
        Box::new(Open(file))
    }
}

/// A file that is being written.
struct Open(Octets);

impl Write for Open {
    fn write(&mut self, octets: &[u8]) -> io::Result<usize> {
        self.0.borrow_mut().extend_from_slice(octets);
        Ok(octets.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
