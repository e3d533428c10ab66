//! SRTP of the crates webrtc-srtp and rtc-srtp.

use super::{Channel, KEY, SALT, Visitor};

/// Octets of an RTP header.
pub(super) const HEADER: usize = 12;
/// Packets that may come late.
pub(super) const WINDOW: usize = 128;
const SSRC: u32 = 0x0102_0304;

pub(super) fn visit(visitor: &mut impl Visitor) {
    visitor.visit("webrtc-srtp", WebRtc::new);
    visitor.visit("rtc-srtp (ring)", |len| {
        Rtc::new(len, &rtc_srtp::crypto::providers::RingCrypto)
    });
    visitor.visit("rtc-srtp (aws-lc)", |len| {
        Rtc::new(len, &rtc_srtp::crypto::providers::AwsLcRsCrypto)
    });
}

/// A packet with its header, all zeros behind it.
pub(super) fn packet(len: usize) -> Vec<u8> {
    let mut packet = vec![7; HEADER + len];
    packet[0] = 0x80;
    packet[1] = 111;
    packet[8..HEADER].copy_from_slice(&SSRC.to_be_bytes());
    packet
}

/// Writes the number of the next packet.
#[inline(always)]
pub(super) fn number(packet: &mut [u8], sequence: u16) {
    packet[2..4].copy_from_slice(&sequence.to_be_bytes());
}

struct WebRtc {
    sender: webrtc_srtp::context::Context,
    receiver: webrtc_srtp::context::Context,
    header: rtp::header::Header,
    packet: Vec<u8>,
    frames: Vec<(rtp::header::Header, Vec<u8>)>,
}

impl WebRtc {
    fn new(len: usize) -> Self {
        use webrtc_srtp::{context::Context, option, protection_profile::ProtectionProfile};
        let context = || {
            let window = Some(option::srtp_replay_protection(WINDOW));
            Context::new(&KEY, &SALT, ProtectionProfile::AeadAes128Gcm, window, None)
                .expect("a key")
        };
        Self {
            sender: context(),
            receiver: context(),
            header: rtp::header::Header {
                version: 2,
                payload_type: 111,
                ssrc: SSRC,
                ..Default::default()
            },
            packet: packet(len),
            frames: Vec::new(),
        }
    }

    #[inline(always)]
    fn seal(&mut self) -> bytes::Bytes {
        self.header.sequence_number = self.header.sequence_number.wrapping_add(1);
        number(&mut self.packet, self.header.sequence_number);
        self.sender
            .encrypt_rtp_with_header(&self.packet, &self.header)
            .expect("sealing does not fail")
    }
}

impl Channel for WebRtc {
    #[inline(always)]
    fn encrypt(&mut self) {
        self.seal();
    }

    fn lay_out(&mut self, count: usize) {
        self.frames.clear();
        for _ in 0..count {
            let sealed = self.seal().to_vec();
            self.frames.push((self.header.clone(), sealed));
        }
    }

    #[inline(always)]
    fn decrypt(&mut self, index: usize) -> bool {
        let (header, frame) = &self.frames[index];
        self.receiver.decrypt_rtp_with_header(frame, header).is_ok()
    }
}

struct Rtc {
    sender: rtc_srtp::context::Context,
    receiver: rtc_srtp::context::Context,
    header: rtc_rtp::Header,
    packet: Vec<u8>,
    frames: Vec<(rtc_rtp::Header, Vec<u8>)>,
}

impl Rtc {
    fn new(len: usize, crypto: &dyn rtc_srtp::crypto::RTCCrypto) -> Self {
        use rtc_srtp::{context::Context, option, protection_profile::ProtectionProfile};
        let context = || {
            let window = Some(option::srtp_replay_protection(WINDOW));
            Context::new(
                &KEY,
                &SALT,
                ProtectionProfile::AeadAes128Gcm,
                window,
                None,
                crypto,
            )
            .expect("a key")
        };
        Self {
            sender: context(),
            receiver: context(),
            header: rtc_rtp::Header {
                version: 2,
                payload_type: 111,
                ssrc: SSRC,
                ..Default::default()
            },
            packet: packet(len),
            frames: Vec::new(),
        }
    }

    #[inline(always)]
    fn seal(&mut self) -> bytes::BytesMut {
        self.header.sequence_number = self.header.sequence_number.wrapping_add(1);
        number(&mut self.packet, self.header.sequence_number);
        self.sender
            .encrypt_rtp_with_header(&self.packet, &self.header)
            .expect("sealing does not fail")
    }
}

impl Channel for Rtc {
    #[inline(always)]
    fn encrypt(&mut self) {
        self.seal();
    }

    fn lay_out(&mut self, count: usize) {
        self.frames.clear();
        for _ in 0..count {
            let sealed = self.seal().to_vec();
            self.frames.push((self.header.clone(), sealed));
        }
    }

    #[inline(always)]
    fn decrypt(&mut self, index: usize) -> bool {
        let (header, frame) = &self.frames[index];
        self.receiver.decrypt_rtp_with_header(frame, header).is_ok()
    }
}
