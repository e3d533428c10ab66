//! H.264 frames in their codec-aware form beside the same frames opaque.

use std::time::Duration;

use crate::{
    channel::{Form, Frames, Picture, Through, decrypting_frames, encrypting_frames},
    results::Results,
    rounds::{Contender, Label, Plan, interleave},
};

/// The octets of a frame that the targets are stated for.
pub const FRAME: usize = 30_000;
/// The frames that are measured.
const SIZES: [usize; 3] = [1200, 6000, FRAME];

/// Opaque frames, where they lie: what the others are compared with.
pub const OPAQUE_IN_PLACE: &str = "opaque, in place";
/// Opaque frames, from one buffer to another.
pub const OPAQUE_INTO: &str = "opaque, into another buffer";
/// The rows of codec-aware frames: how they are called, and what is special about each.
const WAYS: [(&str, Through, bool); 3] = [
    ("in place", Through::InPlace, true),
    ("in place, moved", Through::InPlace, false),
    ("into another buffer", Through::Into, true),
];
const PICTURES: [(&str, Picture); 2] =
    [("key frame", Picture::Key), ("delta frame", Picture::Delta)];

/// The names of the codec-aware contenders of one way: "in place", "in place, moved" or "into another buffer".
pub fn codec_aware(way: &str) -> impl Iterator<Item = String> {
    PICTURES
        .map(|(picture, _)| format!("{picture}, {way}"))
        .into_iter()
}

pub(super) fn run(results: &mut Results, plan: Plan) {
    for octets in SIZES {
        for op in ["encrypt", "decrypt"] {
            let mut contenders = vec![
                contender(
                    op,
                    octets,
                    OPAQUE_IN_PLACE,
                    opaque(Through::InPlace),
                    Picture::Delta,
                ),
                contender(
                    op,
                    octets,
                    OPAQUE_INTO,
                    opaque(Through::Into),
                    Picture::Delta,
                ),
            ];
            for (way, through, has_room) in WAYS {
                // Opening moves nothing, wherever the frame lies.
                if op == "decrypt" && !has_room {
                    continue;
                }
                let form = Form {
                    is_codec_aware: true,
                    through,
                    has_room,
                };
                for ((_, picture), name) in PICTURES.into_iter().zip(codec_aware(way)) {
                    contenders.push(contender(op, octets, &name, form, picture));
                }
            }
            let label = Label {
                bench: "codecs",
                op,
                octets,
                count: 1,
            };
            interleave(results, plan.at_least(41), label, contenders);
        }
    }
}

fn opaque(through: Through) -> Form {
    Form {
        is_codec_aware: false,
        through,
        has_room: true,
    }
}

fn contender(
    op: &str,
    octets: usize,
    name: &str,
    form: Form,
    picture: Picture,
) -> Contender<'static> {
    let frames = Frames::new(form, picture, octets);
    let run: Box<dyn FnMut(u32) -> Duration> = if op == "encrypt" {
        Box::new(encrypting_frames(frames))
    } else {
        Box::new(decrypting_frames(frames))
    };
    Contender::new(name, run)
}
