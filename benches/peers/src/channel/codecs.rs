//! H.264 frames in their codec-aware form, and the same frames opaque.

use std::{
    hint::black_box,
    ops::Range,
    time::{Duration, Instant},
};

use mediaseal::{
    ChannelDecryptor, ChannelEncryptor, CipherSuite, Codec, FrameBuf, FrameInfo, Mode, NalFormat,
    Ssrc,
};

use super::{Through, stores};

/// Frames that are laid out and sealed before the clock is stopped: all of them stay in a second-level cache.
const ROW: usize = 8;
/// Octets before a frame that is laid out with room for what is put before it.
const ROOM: usize = 256;
/// The stream of all frames.
const STREAM: Ssrc = Ssrc::new(1);
/// The codec as encoders give it.
const H264: Codec = Codec::H264(NalFormat::AnnexB);

/// A sequence parameter set as an encoder writes it, constrained baseline of 640x360, and a picture parameter set.
const PARAMETER_SETS: [&[u8]; 2] = [
    &[
        0x67, 0x42, 0xC0, 0x1E, 0xD9, 0x00, 0xA0, 0x2F, 0xF9, 0x70, 0x11, 0x00, 0x00, 0x03, 0x00,
        0x01, 0x00, 0x00, 0x03, 0x00, 0x3C, 0x0F, 0x16, 0x2E, 0x48,
    ],
    &[0x68, 0xCB, 0x83, 0xCB, 0x20],
];

/// What a frame is of.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Picture {
    /// Parameter sets and a slice of an IDR picture.
    Key,
    /// A slice of another picture.
    Delta,
}

impl Picture {
    /// A frame of `len` octets: NAL units behind start codes, and a slice of random data with its escapes.
    ///
    /// # Panics
    /// If it is too short for what stands before the data.
    #[must_use]
    pub fn frame(self, len: usize) -> Vec<u8> {
        let mut frame = Vec::with_capacity(len);
        let (units, slice): (&[&[u8]], &[u8]) = match self {
            // first_mb_in_slice 0, slice_type 7 (I) or 5 (P), pic_parameter_set_id 0.
            Self::Key => (&PARAMETER_SETS, &[0x65, 0x88, 0x84]),
            Self::Delta => (&[], &[0x41, 0x9A, 0x24]),
        };
        for unit in units.iter().chain([&slice]) {
            frame.extend([0, 0, 0, 1]);
            frame.extend(*unit);
        }
        assert!(frame.len() < len, "no room for the slice's data");
        let mut random = 0x9E37_79B9_7F4A_7C15_u64;
        while frame.len() < len - 1 {
            random ^= random << 13;
            random ^= random >> 7;
            random ^= random << 17;
            let octet = (random >> 32) as u8;
            let is_due = octet < 4 && frame.ends_with(&[0, 0]);
            frame.push(if is_due { 3 } else { octet });
        }
        frame.push(0x80);
        frame
    }
}

/// In which form, and from where to where.
#[derive(Clone, Copy)]
pub struct Form {
    /// Codec-aware, or opaque.
    pub is_codec_aware: bool,
    /// By which calls.
    pub through: Through,
    /// Whether there is room before the frame for all that is put there, so that it need not move.
    pub has_room: bool,
}

/// A stream of frames of one picture.
pub struct Frames {
    encryptor: ChannelEncryptor,
    decryptor: ChannelDecryptor,
    form: Form,
    frame: Vec<u8>,
    offset: usize,
    /// Storages of frames, before and after they are sealed, and where the frames lie in them.
    row: Vec<(Vec<u8>, Range<usize>)>,
    /// As many, for what is made of them.
    out: Vec<Vec<u8>>,
}

impl Frames {
    /// A stream of AES-128-GCM frames, of which one has been there and back.
    ///
    /// # Panics
    /// If the library refuses, or the frame does not come back as it was, or not in its form.
    #[must_use]
    pub fn new(form: Form, picture: Picture, len: usize) -> Self {
        let (here, there) = stores(CipherSuite::AES_128_GCM_SHA256_128);
        let mut encryptor = ChannelEncryptor::new(&here, Mode::Frame).expect("the store is ready");
        let mut decryptor = ChannelDecryptor::new(&there, Mode::Frame).expect("the store is ready");
        if form.is_codec_aware {
            encryptor.set_codec(STREAM, H264).expect("it has frames");
            decryptor.set_codec(STREAM, H264).expect("it has frames");
        }
        let offset = if form.has_room {
            ROOM
        } else {
            FrameBuf::HEADROOM
        };
        let bound = encryptor.encrypted_len_bound(len);
        let storage = vec![0; offset + bound];
        let mut frames = Self {
            encryptor,
            decryptor,
            form,
            frame: picture.frame(len),
            offset,
            row: vec![(storage, 0..0); ROW],
            out: vec![vec![0; bound]; ROW],
        };
        frames.prove(picture);
        frames
    }

    /// Sends one frame there and back.
    fn prove(&mut self, picture: Picture) {
        self.renew();
        let len = self.encrypt_at(0).expect("the key is there");
        let (storage, range) = &mut self.row[0];
        if self.form.through == Through::Into {
            storage[..len].copy_from_slice(&self.out[0][..len]);
            *range = 0..len;
        }
        let sealed = &storage[range.clone()];
        let shown: &[u8] = match (self.form.is_codec_aware, picture) {
            (false, _) => &[],
            (true, Picture::Key) => &[0, 0, 0, 1, 0x67],
            (true, Picture::Delta) => &[0, 0, 0, 1, 0x41],
        };
        assert!(sealed.starts_with(shown), "the frame has another form");
        let secret = &self.frame[self.frame.len() / 2..][..64];
        assert!(!sealed.windows(64).any(|piece| piece == secret));
        assert!(self.decrypt_at(0), "the frame was refused");
        let opened = match self.form.through {
            Through::InPlace => &self.row[0].0[self.row[0].1.clone()],
            Through::Into => &self.out[0][..self.frame.len()],
        };
        assert_eq!(opened, self.frame, "another frame came back");
    }

    /// Puts the frame into its storages once more.
    fn renew(&mut self) {
        let range = self.offset..self.offset + self.frame.len();
        for (storage, lies) in &mut self.row {
            storage[range.clone()].copy_from_slice(&self.frame);
            *lies = range.clone();
        }
    }

    /// Seals the frame of one storage, and tells the octets of the result.
    #[inline(always)]
    fn encrypt_at(&mut self, index: usize) -> Option<usize> {
        let info = FrameInfo::new(STREAM);
        let (storage, range) = &mut self.row[index];
        match self.form.through {
            Through::InPlace => FrameBuf::new(black_box(storage), range.start, range.len())
                .and_then(|mut frame| {
                    self.encryptor
                        .encrypt_in_place(black_box(&info), &mut frame)?;
                    *range = frame.offset()..frame.offset() + frame.len();
                    Ok(frame.len())
                }),
            Through::Into => self.encryptor.encrypt_into(
                black_box(&info),
                black_box(&storage[range.clone()]),
                black_box(&mut self.out[index]),
            ),
        }
        .ok()
    }

    /// Puts the frame into its storages and seals it there.
    fn lay_out(&mut self) {
        self.renew();
        for (storage, range) in &mut self.row {
            let mut frame = FrameBuf::new(storage, range.start, range.len()).expect("it fits");
            self.encryptor
                .encrypt_in_place(&FrameInfo::new(STREAM), &mut frame)
                .expect("the key is there");
            *range = frame.offset()..frame.offset() + frame.len();
        }
    }

    /// Opens the frame of one storage.
    #[inline(always)]
    fn decrypt_at(&mut self, index: usize) -> bool {
        let info = FrameInfo::new(STREAM);
        let (storage, range) = &mut self.row[index];
        match self.form.through {
            Through::InPlace => FrameBuf::new(black_box(storage), range.start, range.len())
                .and_then(|mut frame| {
                    self.decryptor
                        .decrypt_in_place(black_box(&info), &mut frame)?;
                    *range = frame.offset()..frame.offset() + frame.len();
                    Ok(())
                }),
            Through::Into => self
                .decryptor
                .decrypt_into(
                    black_box(&info),
                    black_box(&storage[range.clone()]),
                    black_box(&mut self.out[index]),
                )
                .map(|_| ()),
        }
        .is_ok()
    }
}

/// Encrypts frames, each as it comes from the encoder.
pub fn encrypting_frames(mut frames: Frames) -> impl FnMut(u32) -> Duration {
    in_rows(move |now| {
        frames.renew();
        let began = Instant::now();
        let sealed = (0..now).all(|index| frames.encrypt_at(index).is_some());
        let took = began.elapsed();
        assert!(sealed, "a frame was not sealed");
        took
    })
}

/// Decrypts frames; sealing them is not in the time.
pub fn decrypting_frames(mut frames: Frames) -> impl FnMut(u32) -> Duration {
    in_rows(move |now| {
        frames.lay_out();
        let began = Instant::now();
        let genuine = (0..now).all(|index| frames.decrypt_at(index));
        let took = began.elapsed();
        assert!(genuine, "an honest frame was refused");
        took
    })
}

/// Makes calls, no more than a row at once.
fn in_rows(mut row: impl FnMut(usize) -> Duration) -> impl FnMut(u32) -> Duration {
    move |calls| {
        let mut left = calls as usize;
        let mut took = Duration::ZERO;
        while left > 0 {
            let now = left.min(ROW);
            took += row(now);
            left -= now;
        }
        took
    }
}
