//! Any payloads under any sequence numbers into a reassembler, and any ciphertext cut and put together.

use mediaseal::format::rtp::{Content, Fragments, Progress, Reassembler, RtpInfo};

/// Octets of a payload at most.
const MAX_LEN: usize = 40;

/// Takes `input` for orders of four octets and a payload each, then for a ciphertext.
///
/// # Panics
/// If what comes out is not what went in.
pub fn rtp(input: &[u8]) {
    let (&packets, mut rest) = match input.split_first() {
        Some(parts) => parts,
        None => return,
    };
    let packets = usize::from(packets).max(2);
    let mut reassembler = Reassembler::new(packets, MAX_LEN).expect("sizes are in range");
    let mut given = 0;
    while let Some((&[high, low, kind, len], after)) = rest.split_first_chunk() {
        let (payload, after) = after.split_at(usize::from(len % 64).min(after.len()));
        let info = RtpInfo {
            sequence: u16::from_be_bytes([high, low]),
            timestamp: 0,
            payload_type: kind,
            marker: false,
        };
        given += payload.len().saturating_sub(1);
        match reassembler.push(info, payload) {
            Progress::Complete(complete) => {
                assert!(complete.ciphertext.len() <= given, "more than was given");
                assert!(complete.ciphertext.ends_with(&payload[1..]) || complete.last != info);
                given -= complete.ciphertext.len();
            }
            Progress::Refused | Progress::Waiting | Progress::Duplicate | Progress::OutOfRange => {}
        }
        rest = after;
    }

    let mut reassembler = Reassembler::new(512, MAX_LEN).expect("sizes are in range");
    let ciphertext = &input[..input.len().min(512 * (MAX_LEN - 1))];
    let fragments =
        Fragments::new(ciphertext, Content::Frame, MAX_LEN).expect("sizes are in range");
    let mut came = None;
    for (sequence, fragment) in fragments.enumerate() {
        let mut payload = [0; MAX_LEN];
        let len = fragment.write_to(&mut payload).expect("it fits");
        let info = RtpInfo {
            sequence: u16::try_from(sequence).expect("at most 512") ^ 0x8000,
            timestamp: 0,
            payload_type: 0,
            marker: fragment.is_last(),
        };
        if let Progress::Complete(complete) = reassembler.push(info, &payload[..len]) {
            came = Some(complete.ciphertext == ciphertext && complete.last.marker);
        }
    }
    assert_eq!(came, Some(true));
}
