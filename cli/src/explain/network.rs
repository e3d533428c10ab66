//! From a packet of a capture to what a UDP datagram carries.

use std::fmt;
use std::net::{IpAddr, SocketAddr};

use etherparse::{EtherType, LaxNetSlice, LaxSlicedPacket, TransportSlice};

use super::capture::Captured;

/// LINKTYPE_ numbers of the tcpdump registry.
mod link {
    pub(super) const NULL: u32 = 0;
    pub(super) const ETHERNET: u32 = 1;
    /// What BPF calls DLT_RAW on some systems.
    pub(super) const DLT_RAW: [u32; 2] = [12, 14];
    pub(super) const RAW: u32 = 101;
    pub(super) const LOOP: u32 = 108;
    pub(super) const LINUX_SLL: u32 = 113;
    pub(super) const IPV4: u32 = 228;
    pub(super) const IPV6: u32 = 229;
    pub(super) const LINUX_SLL2: u32 = 276;
}

/// From where to where.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct Flow {
    pub(crate) source: SocketAddr,
    pub(crate) destination: SocketAddr,
}

impl fmt::Display for Flow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} -> {}", self.source, self.destination)
    }
}

/// What a packet turned out to be.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Packet<'a> {
    Datagram {
        flow: Flow,
        payload: &'a [u8],
        is_whole: bool,
    },
    /// A piece of an IP packet: it would have to be put together.
    IpFragment,
    /// TCP, ARP, ICMP and so on.
    NotUdp,
    /// A link type that is not known here.
    UnknownLink,
}

/// Takes a packet apart.
pub(crate) fn packet<'a>(captured: &Captured<'a>) -> Packet<'a> {
    let octets = captured.octets;
    let of_type =
        |kind: u16, rest: &'a [u8]| Some(LaxSlicedPacket::from_ether_type(EtherType(kind), rest));
    let from_ip = |rest: &'a [u8]| LaxSlicedPacket::from_ip(rest).ok();
    let kind = |at: usize| {
        let octets = octets.get(at..at + 2)?;
        Some(u16::from_be_bytes(octets.try_into().ok()?))
    };
    let behind = |at: usize| octets.get(at..).unwrap_or_default();
    let sliced = match captured.link {
        link::ETHERNET => LaxSlicedPacket::from_ethernet(octets).ok(),
        // Cooked captures of Linux: the type of what follows stands last, or first.
        link::LINUX_SLL => kind(14).and_then(|kind| of_type(kind, behind(16))),
        link::LINUX_SLL2 => kind(0).and_then(|kind| of_type(kind, behind(20))),
        // A number of the operating system's; IP tells its version itself.
        link::NULL | link::LOOP => from_ip(behind(4)),
        link::RAW | link::IPV4 | link::IPV6 => from_ip(octets),
        raw if link::DLT_RAW.contains(&raw) => from_ip(octets),
        _ => return Packet::UnknownLink,
    };
    sliced.map_or(Packet::NotUdp, |sliced| datagram(&sliced, captured.is_cut))
}

fn datagram<'a>(sliced: &LaxSlicedPacket<'a>, is_cut: bool) -> Packet<'a> {
    let (source, destination): (IpAddr, IpAddr) = match &sliced.net {
        Some(LaxNetSlice::Ipv4(ip)) => {
            let header = ip.header();
            (
                header.source_addr().into(),
                header.destination_addr().into(),
            )
        }
        Some(LaxNetSlice::Ipv6(ip)) => {
            let header = ip.header();
            (
                header.source_addr().into(),
                header.destination_addr().into(),
            )
        }
        _ => return Packet::NotUdp,
    };
    let ip = sliced.ip_payload();
    if ip.is_some_and(|payload| payload.fragmented) {
        return Packet::IpFragment;
    }
    let Some(TransportSlice::Udp(udp)) = &sliced.transport else {
        return Packet::NotUdp;
    };
    let payload = udp.payload();
    // Its own length counts the header; what the link filled up is not in it.
    let said = usize::from(udp.length()).checked_sub(8);
    let is_whole = said.is_none_or(|said| udp.length() == 0 || said <= payload.len());
    Packet::Datagram {
        flow: Flow {
            source: SocketAddr::new(source, udp.source_port()),
            destination: SocketAddr::new(destination, udp.destination_port()),
        },
        payload,
        is_whole: is_whole && !is_cut && !ip.is_some_and(|payload| payload.incomplete),
    }
}

/// What a datagram carries, by its first octets (RFC 7983 section 7, RFC 5761 section 4).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Protocol<'a> {
    Stun,
    Zrtp,
    Dtls,
    Rtcp,
    Rtp,
    /// Data of a TURN relay: what is inside.
    TurnChannel(&'a [u8]),
    Other,
}

/// Tells what a datagram carries.
pub(crate) fn protocol(payload: &[u8]) -> Protocol<'_> {
    match payload {
        [0..=3, _, _, _, 0x21, 0x12, 0xa4, 0x42, ..] => Protocol::Stun,
        [16..=19, _, _, _, b'Z', b'R', b'T', b'P', ..] => Protocol::Zrtp,
        // Change cipher spec to heartbeat, or a ciphertext of version 1.3; versions are 254.x.
        [20..=24, 0xfe, ..] | [25..=63, ..] => Protocol::Dtls,
        [0x40..=0x4f, _, high, low, data @ ..] => {
            let len = usize::from(u16::from_be_bytes([*high, *low]));
            data.get(..len)
                .map_or(Protocol::Other, Protocol::TurnChannel)
        }
        [128..=191, 192..=223, ..] if payload.len() >= 8 => Protocol::Rtcp,
        [128..=191, ..] if payload.len() >= 12 => Protocol::Rtp,
        _ => Protocol::Other,
    }
}

/// Whether what a datagram begins with leaves it open that RTP is in it.
pub(crate) fn may_be_rtp(front: &[u8]) -> bool {
    match front {
        // A TURN channel, which may have RTP inside.
        [0x40..=0x4f, ..] => true,
        // RTCP is told by its second octet.
        [128..=191, 192..=223, ..] => false,
        [first, ..] => (128..=191).contains(first),
        [] => true,
    }
}

#[cfg(test)]
mod tests {
    use etherparse::{IpFragOffset, Ipv4Header, PacketBuilder, ip_number};

    use super::*;

    fn udp(payload: &[u8]) -> Vec<u8> {
        let mut octets = Vec::new();
        let builder = PacketBuilder::ipv4([10, 0, 0, 1], [10, 0, 0, 2], 64).udp(1, 2);
        builder.write(&mut octets, payload).unwrap();
        octets
    }

    fn of(link: u32, octets: &[u8], is_cut: bool) -> Packet<'_> {
        packet(&Captured {
            link,
            micros: None,
            octets,
            is_cut,
        })
    }

    #[test]
    fn datagrams_are_found_behind_each_link() {
        let ip = udp(b"hello");
        let mut tagged = vec![0; 12];
        tagged.extend([0x81, 0, 0, 7, 8, 0]);
        for (link, front) in [
            (101, vec![]),
            (12, vec![]),
            (228, vec![]),
            (0, vec![2, 0, 0, 0]),
            (108, vec![0, 0, 0, 2]),
            (1, [&[0; 12][..], &[8, 0]].concat()),
            (1, tagged),
        ] {
            let octets = [&front[..], &ip, &[0; 3]].concat();
            let found = of(link, &octets, false);
            let Packet::Datagram {
                flow,
                payload: b"hello",
                is_whole: true,
            } = found
            else {
                panic!("{link}: {found:?}");
            };
            assert_eq!(flow.to_string(), "10.0.0.1:1 -> 10.0.0.2:2");
            for len in 0..octets.len() {
                // Whatever is missing, nothing is made up.
                if let Packet::Datagram {
                    payload, is_whole, ..
                } = of(link, &octets[..len], false)
                {
                    assert!(
                        b"hello".starts_with(payload) && is_whole == (payload == b"hello"),
                        "{link}, {len}"
                    );
                }
            }
        }
        assert_eq!(of(147, &ip, false), Packet::UnknownLink);
        assert!(matches!(
            of(101, &ip, true),
            Packet::Datagram {
                is_whole: false,
                ..
            }
        ));
        assert_eq!(
            of(1, &[&[0; 12][..], &[8, 6], &[0; 28]].concat(), false),
            Packet::NotUdp
        );
    }

    #[test]
    fn pieces_of_ip_packets_are_not_taken_for_datagrams() {
        let mut header = Ipv4Header::new(16, 64, ip_number::UDP, [1; 4], [2; 4]).unwrap();
        for (offset, more) in [(0, true), (4, false)] {
            header.more_fragments = more;
            header.fragment_offset = IpFragOffset::try_new(offset).unwrap();
            let octets = [&header.to_bytes()[..], &[0, 1, 0, 2, 0, 40, 0, 0], &[7; 8]].concat();
            assert_eq!(of(101, &octets, false), Packet::IpFragment);
        }
    }

    #[test]
    fn what_datagrams_carry_is_told_by_their_first_octets() {
        let rtp = [&[0x80, 96][..], &[0; 12]].concat();
        let channel = [&[0x40, 1, 0, 14][..], &rtp].concat();
        for (octets, expected) in [
            (&[0, 1, 0, 0, 0x21, 0x12, 0xa4, 0x42, 9][..], Protocol::Stun),
            (&[0x10, 0, 0, 1, b'Z', b'R', b'T', b'P', 1], Protocol::Zrtp),
            (&[22, 0xfe, 0xfd, 0], Protocol::Dtls),
            (&[0x81, 201, 0, 1, 0, 0, 0, 1], Protocol::Rtcp),
            (&rtp, Protocol::Rtp),
            (&channel, Protocol::TurnChannel(&rtp)),
            (&channel[..9], Protocol::Other),
            (&[0x10, 0, 0, 1, 1, 1, 1, 1], Protocol::Other),
            (&[0x80, 96, 0], Protocol::Other),
            (&[], Protocol::Other),
        ] {
            assert_eq!(protocol(octets), expected, "{octets:02x?}");
        }
    }
}
