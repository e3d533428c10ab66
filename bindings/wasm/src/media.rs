//! What a session carries.

#![allow(
    missing_docs,
    reason = "wasm-bindgen adds a variant and a function to enumerations of text"
)]

use mediaseal::Media as Core;
use wasm_bindgen::prelude::wasm_bindgen;

use crate::error::{MediasealError, Outcome};

/// What a session carries; it is part of its key, so that one sender's audio does not pass for his screen.
#[wasm_bindgen]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Media {
    /// Not said.
    Unspecified = "unspecified",
    /// Audio of a microphone.
    Audio = "audio",
    /// Video of a camera.
    Video = "video",
    /// Messages of a data channel.
    Data = "data",
    /// Video of a shared screen.
    Screen = "screen",
    /// Audio of a shared screen.
    ScreenAudio = "screen-audio",
}

impl Media {
    pub(crate) fn to_core(self) -> Outcome<Core> {
        Ok(match self {
            Self::Unspecified => Core::UNSPECIFIED,
            Self::Audio => Core::AUDIO,
            Self::Video => Core::VIDEO,
            Self::Data => Core::DATA,
            Self::Screen => Core::SCREEN,
            Self::ScreenAudio => Core::SCREEN_AUDIO,
            _ => return Err(MediasealError::unknown_value("there is no such media")),
        })
    }

    /// Nothing for an application's own kind, which this binding has no name for.
    pub(crate) fn of_core(media: Core) -> Option<Self> {
        [
            Self::Unspecified,
            Self::Audio,
            Self::Video,
            Self::Data,
            Self::Screen,
            Self::ScreenAudio,
        ]
        .into_iter()
        .find(|known| known.to_core().is_ok_and(|core| core == media))
    }
}
