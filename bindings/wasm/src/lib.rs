//! mediaseal for JavaScript, through WebAssembly: channel keys, raw keys, and frames sealed and opened in the form of their codec.
//!
//! Names are those of the Rust crate in camelCase. Every object has `free()`, which wipes its keys at once; a key that is not freed is wiped when the
//! JavaScript engine collects its object, which may be never. Methods throw `MediasealError`.

mod channel;
mod codec;
mod decryptor;
mod encryptor;
mod error;
mod frames;
mod keys;
mod media;

pub use channel::{Channel, ChannelOptions, ChannelStore, GenerationOptions};
pub use codec::NalFormat;
pub use decryptor::{ChannelDecryptor, ExpectedSender};
pub use encryptor::ChannelEncryptor;
pub use error::MediasealError;
pub use keys::{BaseKey, ChannelKey, KeyStore};
pub use media::Media;

use wasm_bindgen::prelude::wasm_bindgen;

/// Lets a failure inside of the library arrive in JavaScript as an error with a name, not as a bare trap.
#[wasm_bindgen(start)]
pub fn start() {
    std::panic::set_hook(Box::new(|panic| {
        let message = format!("the library failed inside: {panic}");
        wasm_bindgen::throw_val(error::named(
            "MEDIASEAL_ERR_PANIC",
            mediaseal::Class::ReportABug,
            &message,
        ));
    }));
}
