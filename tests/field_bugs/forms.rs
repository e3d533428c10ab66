//! A frame by every form of call, since a bug may be in one of them.

use mediaseal::{
    BatchFrame, ChannelDecryptor, ChannelEncryptor, DecryptJob, EncryptJob, Error, FrameBuf,
    FrameInfo, decrypt_batch, encrypt_batch,
};

/// What was in a buffer before anything was written to it.
const FILL: u8 = 0xEE;

/// Offers a frame to be sealed by every form of call. All refuse it alike, and no buffer of their own has anything in it then.
#[track_caller]
pub(crate) fn none_seals(
    encryptor: &mut ChannelEncryptor,
    info: &FrameInfo<'_>,
    frame: &[u8],
) -> Error {
    let refused = encryptor.encrypt_to_vec(info, frame).unwrap_err();
    let room = encryptor.encrypted_len_bound(frame.len()).max(frame.len()) + 64;

    let mut out = vec![FILL; room];
    let into = encryptor.encrypt_into(info, frame, &mut out);
    assert_eq!(into, Err(refused));
    assert!(out.iter().all(|&octet| octet == FILL), "written to");

    let mut storage = vec![FILL; room];
    storage[..frame.len()].copy_from_slice(frame);
    let at_front = encryptor.encrypt_at_front(info, &mut storage, frame.len());
    assert_eq!(at_front, Err(refused));

    let offset = FrameBuf::HEADROOM.min(room - frame.len());
    let mut storage = vec![FILL; room];
    storage[offset..offset + frame.len()].copy_from_slice(frame);
    let mut buffer = FrameBuf::new(&mut storage, offset, frame.len()).unwrap();
    let in_place = encryptor.encrypt_in_place(info, &mut buffer);
    assert_eq!(in_place.map(|_| ()), Err(refused));

    let mut frames = [BatchFrame::new(*info, buffer)];
    encrypt_batch(&mut [EncryptJob::new(encryptor, &mut frames)]);
    let [sealed] = frames;
    assert!(matches!(sealed.result(), Some(Err(error)) if *error == refused));
    refused
}

/// Offers octets to be opened by every form of call. All refuse them alike, and no buffer of their own has anything in it then but zeros.
#[track_caller]
pub(crate) fn none_opens(
    decryptor: &mut ChannelDecryptor,
    info: &FrameInfo<'_>,
    octets: &[u8],
) -> Error {
    let frames = decryptor.totals().frames;
    let refused = decryptor.decrypt_to_vec(info, octets).unwrap_err();

    let mut out = vec![FILL; octets.len()];
    let into = decryptor.decrypt_into(info, octets, &mut out).map(|_| ());
    assert_eq!(into, Err(refused));
    assert!(out.iter().all(|&octet| matches!(octet, 0 | FILL)));

    let mut storage = octets.to_vec();
    let at_front = decryptor
        .decrypt_at_front(info, &mut storage, octets.len())
        .map(|_| ());
    assert_eq!(at_front, Err(refused));
    is_untouched_or_spoilt(&storage, octets);

    let mut storage = octets.to_vec();
    let mut buffer = FrameBuf::new(&mut storage, 0, octets.len()).unwrap();
    let in_place = decryptor.decrypt_in_place(info, &mut buffer).map(|_| ());
    assert_eq!(in_place, Err(refused));
    assert_eq!(buffer.len(), octets.len());
    is_untouched_or_spoilt(&storage, octets);

    let mut storage = octets.to_vec();
    let buffer = FrameBuf::new(&mut storage, 0, octets.len()).unwrap();
    let mut batch = [BatchFrame::new(*info, buffer)];
    decrypt_batch(&mut [DecryptJob::new(decryptor, &mut batch)]);
    assert!(matches!(batch[0].result(), Some(Err(error)) if *error == refused));
    let [batch] = batch;
    drop(batch);
    is_untouched_or_spoilt(&storage, octets);

    assert_eq!(decryptor.totals().frames, frames, "counted as a frame");
    refused
}

/// What was refused in place holds what came, or zeros, and never what a cipher made of it.
#[track_caller]
fn is_untouched_or_spoilt(storage: &[u8], came: &[u8]) {
    let mut pairs = storage.iter().zip(came);
    assert!(pairs.all(|(&left, &came)| left == came || left == 0));
}
