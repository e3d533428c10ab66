//! Frames in, SFrame ciphertexts out.

use js_sys::Uint8Array;
use mediaseal::{Mode, SenderId, Ssrc};
use wasm_bindgen::prelude::wasm_bindgen;

use crate::channel::Channel;
use crate::codec::{NalFormat, codec};
use crate::error::{MediasealError, Outcome};
use crate::frames::{self, Storage};
use crate::keys::KeyStore;
use crate::media::Media;

/// Seals frames: those of one sender's streams of one kind of media, or those of a store of raw keys.
#[wasm_bindgen]
pub struct ChannelEncryptor {
    core: mediaseal::ChannelEncryptor,
    storage: Storage,
}

#[wasm_bindgen]
impl ChannelEncryptor {
    /// Makes an encryptor for the raw keys of a store.
    ///
    /// # Errors
    /// None today.
    #[wasm_bindgen(constructor)]
    pub fn new(store: &KeyStore) -> Outcome<Self> {
        Ok(Self {
            core: mediaseal::ChannelEncryptor::new(&store.0, Mode::Frame)?,
            storage: Storage::default(),
        })
    }

    /// Makes an encryptor for what `sender` sends of one kind of media in a channel. It seals in sessions of its own: as many encryptors as you like,
    /// restarted as often as you like, repeat no nonce.
    ///
    /// # Errors
    /// `MEDIASEAL_ERR_SENDER_ID_TOO_LONG`; `MEDIASEAL_ERR_UNKNOWN_VALUE` for media that has no name.
    #[wasm_bindgen(js_name = forChannel)]
    pub fn for_channel(channel: &Channel, sender: &str, media: Media) -> Outcome<Self> {
        let sender = SenderId::new(sender)?;
        let media = media.to_core()?;
        let core =
            mediaseal::ChannelEncryptor::for_channel(&channel.0, sender, media, Mode::Frame)?;
        Ok(Self {
            core,
            storage: Storage::default(),
        })
    }

    /// Sets the codec of a stream ("VP8", "VP9", "H264", "AV1", "opus", also "video/VP8", or "opaque"), so that its frames pass those who look into
    /// them: packetizers, relays. The other side sets the same; it is authenticated with each frame.
    ///
    /// # Errors
    /// `MEDIASEAL_ERR_UNKNOWN_VALUE` for a codec without a codec-aware form; `MEDIASEAL_ERR_CODEC_STREAMS` for more than 1,024 streams.
    #[wasm_bindgen(js_name = setCodec)]
    pub fn set_codec(
        &mut self,
        stream: u32,
        name: &str,
        nal_format: Option<NalFormat>,
    ) -> Outcome<()> {
        let codec = codec(name, nal_format).map_err(|why| MediasealError::unknown_value(&why))?;
        Ok(self.core.set_codec(Ssrc::new(stream), codec)?)
    }

    /// Refuses the frames of streams for which no codec is set, in place of sealing them as opaque.
    ///
    /// # Errors
    /// None today.
    #[wasm_bindgen(js_name = requireCodec)]
    pub fn require_codec(&mut self) -> Outcome<()> {
        Ok(self.core.set_default_codec(None)?)
    }

    /// Returns the most octets that a frame of `len` octets becomes.
    #[must_use]
    #[wasm_bindgen(js_name = encryptedLenBound)]
    pub fn encrypted_len_bound(&self, len: usize) -> usize {
        self.core.encrypted_len_bound(len)
    }

    /// Seals a frame. `metadata` is authenticated with it and not sent: both sides pass the same.
    ///
    /// # Errors
    /// `MEDIASEAL_ERR_NO_ACTIVE_KEY` and others of "fetch-a-key": bring a key. Those of "fix-the-call", such as `MEDIASEAL_ERR_NAL_FORMAT`: the frame is
    /// not of the codec that was set. Send nothing then: nothing goes in clear.
    pub fn encrypt(
        &mut self,
        stream: u32,
        frame: &Uint8Array,
        metadata: Option<Vec<u8>>,
    ) -> Outcome<Uint8Array> {
        let room = self.room(frame);
        Ok(Uint8Array::from(self.seal(
            stream,
            frame,
            room,
            metadata.as_ref(),
        )?))
    }

    /// Seals a frame into `out` and returns how many octets were written to its front. It may be the frame's own array, if that has room for more.
    ///
    /// # Errors
    /// `MEDIASEAL_ERR_BUFFER_TOO_SMALL`: nothing was written and no counter spent; the others as `encrypt`.
    #[wasm_bindgen(js_name = encryptInto)]
    pub fn encrypt_into(
        &mut self,
        stream: u32,
        frame: &Uint8Array,
        out: &Uint8Array,
        metadata: Option<Vec<u8>>,
    ) -> Outcome<u32> {
        let room = self.room(frame).min(frames::len(out));
        Ok(frames::put(
            self.seal(stream, frame, room, metadata.as_ref())?,
            out,
        ))
    }

    /// The KID in the header of the frame that was sealed last, and its CTR, `[kid, ctr]`; nothing before the first.
    #[must_use]
    #[wasm_bindgen(getter, js_name = lastHeader)]
    pub fn last_header(&self) -> Option<Vec<u64>> {
        let totals = self.core.totals();
        Some(vec![totals.last_kid?.value(), totals.window_head?.value()])
    }

    fn room(&mut self, frame: &Uint8Array) -> usize {
        // The tag may have become longer with the key.
        self.core.refresh();
        self.core.encrypted_len_bound(frames::len(frame))
    }

    fn seal(
        &mut self,
        stream: u32,
        frame: &Uint8Array,
        room: usize,
        metadata: Option<&Vec<u8>>,
    ) -> Result<&[u8], mediaseal::Error> {
        let info = frames::info(stream, metadata);
        let core = &mut self.core;
        self.storage.seal(frame, room, |plain, sealed| {
            core.encrypt_into(&info, plain, sealed)
        })
    }
}
