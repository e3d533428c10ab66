//! SFrame ciphertexts in, frames and their senders out.

use js_sys::Uint8Array;
use mediaseal::{Mode, SenderId, Ssrc};
use wasm_bindgen::prelude::{JsValue, wasm_bindgen};

use crate::channel::Channel;
use crate::codec::{NalFormat, codec};
use crate::error::{MediasealError, Outcome};
use crate::frames::{self, Storage};
use crate::keys::KeyStore;
use crate::media::Media;

#[wasm_bindgen(typescript_custom_section)]
const EXPECTED: &str = r"
/** Whose frames a decryptor opens, and of what. */
export interface ExpectedSender {
    /** The sender's name, as its encryptor has it. */
    sender: string;
    /** What it sends. */
    media: Media;
}
";

#[wasm_bindgen]
extern "C" {
    /// Whose frames a decryptor opens, and of what.
    #[wasm_bindgen(typescript_type = "ExpectedSender")]
    pub type ExpectedSender;

    #[wasm_bindgen(method, getter, catch)]
    fn sender(this: &ExpectedSender) -> Result<Option<String>, JsValue>;
    #[wasm_bindgen(method, getter, catch)]
    fn media(this: &ExpectedSender) -> Result<Option<Media>, JsValue>;
}

/// Opens frames: those of the senders that it expects in a channel, or those of a store of raw keys.
#[wasm_bindgen]
pub struct ChannelDecryptor {
    core: mediaseal::ChannelDecryptor,
    storage: Storage,
    last: Option<Last>,
}

/// What the last frame turned out to be.
struct Last {
    kid: u64,
    ctr: u64,
    sender: SenderId,
    media: mediaseal::Media,
}

#[wasm_bindgen]
impl ChannelDecryptor {
    /// Makes a decryptor for the raw keys of a store.
    ///
    /// # Errors
    /// None today.
    #[wasm_bindgen(constructor)]
    pub fn new(store: &KeyStore) -> Outcome<Self> {
        Ok(Self::of(mediaseal::ChannelDecryptor::new(
            &store.0,
            Mode::Frame,
        )?))
    }

    /// Makes a decryptor for what 1 to 16 senders send in a channel.
    ///
    /// # Errors
    /// `MEDIASEAL_ERR_EXPECTED_SENDERS` for none or more; `MEDIASEAL_ERR_SENDER_ID_TOO_LONG`; `MEDIASEAL_ERR_UNKNOWN_VALUE` for media that has no name.
    #[wasm_bindgen(js_name = forChannel)]
    pub fn for_channel(channel: &Channel, expected: Vec<ExpectedSender>) -> Outcome<Self> {
        let expected: Outcome<Vec<_>> = expected.iter().map(ExpectedSender::to_core).collect();
        Ok(Self::of(mediaseal::ChannelDecryptor::for_channel(
            &channel.0,
            &expected?,
            Mode::Frame,
        )?))
    }

    /// Sets the codec of a stream, as its sender did. A frame whose sender set another is refused.
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

    /// Refuses the frames of streams for which no codec is set, in place of opening them as opaque.
    ///
    /// # Errors
    /// None today.
    #[wasm_bindgen(js_name = requireCodec)]
    pub fn require_codec(&mut self) -> Outcome<()> {
        Ok(self.core.set_default_codec(None)?)
    }

    /// Opens a frame. `metadata` is what its sender passed.
    ///
    /// # Errors
    /// Those of "fetch-a-key", such as `MEDIASEAL_ERR_MISSING_KEY`: fetch the key, keep the frame if you like. Those of "drop-the-packet", such as
    /// `MEDIASEAL_ERR_AUTHENTICATION_FAILED` and `MEDIASEAL_ERR_DUPLICATE`: drop the frame.
    pub fn decrypt(
        &mut self,
        stream: u32,
        frame: &Uint8Array,
        metadata: Option<Vec<u8>>,
    ) -> Outcome<Uint8Array> {
        let room = frames::len(frame);
        Ok(self.open(stream, frame, room, metadata.as_ref(), |opened| {
            Uint8Array::from(opened)
        })?)
    }

    /// Opens a frame into `out` and returns how many octets were written to its front. It may be the frame's own array.
    ///
    /// # Errors
    /// `MEDIASEAL_ERR_BUFFER_TOO_SMALL`: nothing was written, and the frame may be tried again; the others as `decrypt`.
    #[wasm_bindgen(js_name = decryptInto)]
    pub fn decrypt_into(
        &mut self,
        stream: u32,
        frame: &Uint8Array,
        out: &Uint8Array,
        metadata: Option<Vec<u8>>,
    ) -> Outcome<u32> {
        let room = frames::len(frame).min(frames::len(out));
        Ok(self.open(stream, frame, room, metadata.as_ref(), |opened| {
            frames::put(opened, out)
        })?)
    }

    /// Whose frame was opened last, by its key; nothing before the first.
    #[must_use]
    #[wasm_bindgen(getter, js_name = lastSender)]
    pub fn last_sender(&self) -> Option<String> {
        let last = self.last.as_ref()?;
        Some(String::from_utf8_lossy(last.sender.as_bytes()).into_owned())
    }

    /// What the session of that frame carries; nothing also for an application's own kind.
    #[must_use]
    #[wasm_bindgen(getter, js_name = lastMedia)]
    pub fn last_media(&self) -> Option<Media> {
        Media::of_core(self.last.as_ref()?.media)
    }

    /// The KID in the header of that frame, and its CTR, `[kid, ctr]`.
    #[must_use]
    #[wasm_bindgen(getter, js_name = lastHeader)]
    pub fn last_header(&self) -> Option<Vec<u64>> {
        let last = self.last.as_ref()?;
        Some(vec![last.kid, last.ctr])
    }

    fn of(core: mediaseal::ChannelDecryptor) -> Self {
        Self {
            core,
            storage: Storage::default(),
            last: None,
        }
    }

    fn open<T>(
        &mut self,
        stream: u32,
        frame: &Uint8Array,
        room: usize,
        metadata: Option<&Vec<u8>>,
        give: impl FnOnce(&[u8]) -> T,
    ) -> Result<T, mediaseal::Error> {
        let info = frames::info(stream, metadata);
        let (core, last) = (&mut self.core, &mut self.last);
        let open = |sealed: &[u8], plain: &mut [u8]| {
            let opened = core.decrypt_into(&info, sealed, plain)?;
            *last = Some(Last {
                kid: opened.kid.value(),
                ctr: opened.ctr.value(),
                sender: opened.sender.clone(),
                media: opened.media,
            });
            Ok(opened.len)
        };
        self.storage.open(frame, room, open, give)
    }
}

impl ExpectedSender {
    fn to_core(&self) -> Outcome<(SenderId, mediaseal::Media)> {
        let unknown = || {
            MediasealError::unknown_value("an expected sender is an object with sender and media")
        };
        let sender = self.sender().ok().flatten().ok_or_else(unknown)?;
        let media = self.media().ok().flatten().ok_or_else(unknown)?;
        Ok((SenderId::new(sender)?, media.to_core()?))
    }
}
