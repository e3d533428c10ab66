//! Captures: the packets of a pcap or pcapng file, one at a time, in bounded memory.

use std::io::{self, Read};

use pcap_file::pcap::PcapReader;
use pcap_file::pcapng::PcapNgReader;
use pcap_file::pcapng::blocks::interface_description::InterfaceDescriptionOption;
use pcap_file::pcapng::blocks::{ENHANCED_PACKET_BLOCK, SIMPLE_PACKET_BLOCK};
use pcap_file::{Endianness, PcapError, TsResolution};

/// A packet as the capture has it.
#[derive(Debug)]
pub(crate) struct Captured<'a> {
    /// Link type, a LINKTYPE_ number of the tcpdump registry.
    pub(crate) link: u32,
    /// When it was seen, in microseconds since 1970; nothing where the capture does not say.
    pub(crate) micros: Option<u64>,
    pub(crate) octets: &'a [u8],
    /// Whether the capture kept only the front of it.
    pub(crate) is_cut: bool,
}

/// A capture that is being read.
pub(crate) enum Capture<R: Read> {
    Pcap(PcapReader<R>),
    Pcapng(PcapNgReader<R>),
}

/// Tells whether a file that begins so is a capture.
pub(crate) fn is_capture(front: &[u8]) -> bool {
    const MAGICS: [[u8; 4]; 5] = [
        [0xa1, 0xb2, 0xc3, 0xd4],
        [0xd4, 0xc3, 0xb2, 0xa1],
        [0xa1, 0xb2, 0x3c, 0x4d],
        [0x4d, 0x3c, 0xb2, 0xa1],
        PCAPNG,
    ];
    MAGICS.iter().any(|magic| front.starts_with(magic))
}

/// Most interfaces of a section: who says more wants memory and time.
const MAX_INTERFACES: usize = 1024;
/// A section header block.
const PCAPNG: [u8; 4] = [0x0a, 0x0d, 0x0d, 0x0a];

impl<R: Read> Capture<R> {
    /// Begins to read; `front` is what the file begins with.
    pub(crate) fn new(front: &[u8], reader: R) -> Result<Self, PcapError> {
        if front.starts_with(&PCAPNG) {
            PcapNgReader::new(reader).map(Self::Pcapng)
        } else {
            PcapReader::new(reader).map(Self::Pcap)
        }
    }

    /// The name of the format.
    pub(crate) const fn format(&self) -> &'static str {
        match self {
            Self::Pcap(_) => "pcap",
            Self::Pcapng(_) => "pcapng",
        }
    }

    /// Hands every packet to `take`.
    ///
    /// # Errors
    /// If the file is damaged, or ends within a packet; all packets before were handed over.
    pub(crate) fn read(&mut self, mut take: impl FnMut(&Captured<'_>)) -> Result<(), String> {
        let read = match self {
            Self::Pcap(reader) => read_pcap(reader, &mut take),
            Self::Pcapng(reader) => read_pcapng(reader, &mut take),
        };
        read.map_err(|error| describe(&error))
    }
}

/// What is wrong with a capture, in words.
pub(crate) fn describe(error: &PcapError) -> String {
    match error {
        PcapError::IoError(error) if error.kind() == io::ErrorKind::UnexpectedEof => {
            "it ends within a packet, or a packet says that it is longer than 8 MB".to_owned()
        }
        error => error.to_string(),
    }
}

fn read_pcap<R: Read>(
    reader: &mut PcapReader<R>,
    take: &mut impl FnMut(&Captured<'_>),
) -> Result<(), PcapError> {
    let header = reader.header();
    let link = u32::from(header.datalink);
    while let Some(packet) = reader.next_raw_packet() {
        let packet = packet?;
        let fraction = match header.ts_resolution {
            TsResolution::MicroSecond => packet.ts_frac,
            TsResolution::NanoSecond => packet.ts_frac / 1000,
        };
        take(&Captured {
            link,
            micros: Some(u64::from(packet.ts_sec) * 1_000_000 + u64::from(fraction)),
            octets: &packet.data,
            is_cut: packet.incl_len < packet.orig_len,
        });
    }
    Ok(())
}

fn read_pcapng<R: Read>(
    reader: &mut PcapNgReader<R>,
    take: &mut impl FnMut(&Captured<'_>),
) -> Result<(), PcapError> {
    loop {
        let endianness = reader.section().endianness;
        // What an interface is has to be known before its packets, and cannot be asked while one of them is borrowed.
        let interfaces: Vec<_> = reader.interfaces().iter().map(Interface::of).collect();
        let count = interfaces.len();
        if count > MAX_INTERFACES {
            return Err(PcapError::InvalidField(
                "it has more interfaces than any machine",
            ));
        }
        loop {
            let Some(block) = reader.next_raw_block() else {
                return Ok(());
            };
            let block = block?;
            match block.type_ {
                ENHANCED_PACKET_BLOCK => enhanced(&block.body, endianness, &interfaces, take)?,
                SIMPLE_PACKET_BLOCK => simple(&block.body, endianness, &interfaces, take)?,
                // A new section or interface, or nothing that matters here.
                _ => {}
            }
            drop(block);
            if reader.interfaces().len() != count || reader.section().endianness != endianness {
                break;
            }
        }
    }
}

/// What an interface says of its packets.
struct Interface {
    link: u32,
    resolution: u8,
    snap_len: u32,
}

impl Interface {
    fn of(
        block: &pcap_file::pcapng::blocks::interface_description::InterfaceDescriptionBlock<'_>,
    ) -> Self {
        let resolution = block.options.iter().find_map(|option| match option {
            InterfaceDescriptionOption::IfTsResol(resolution) => Some(*resolution),
            _ => None,
        });
        Self {
            link: u32::from(block.linktype),
            resolution: resolution.unwrap_or(6),
            snap_len: block.snaplen,
        }
    }

    /// Microseconds of so many units.
    fn micros(&self, units: u64) -> Option<u64> {
        let power = u32::from(self.resolution & 0x7f);
        let per_second = if self.resolution & 0x80 == 0 {
            10_u128.checked_pow(power)?
        } else {
            1_u128.checked_shl(power)?
        };
        u64::try_from(u128::from(units).checked_mul(1_000_000)? / per_second.max(1)).ok()
    }
}

const fn cut_short() -> PcapError {
    PcapError::InvalidField("a block of a packet is shorter than what it says of itself")
}

fn word(body: &[u8], at: usize, endianness: Endianness) -> Result<u32, PcapError> {
    let octets: [u8; 4] = body
        .get(at..at + 4)
        .and_then(|octets| octets.try_into().ok())
        .ok_or_else(cut_short)?;
    Ok(match endianness {
        Endianness::Big => u32::from_be_bytes(octets),
        Endianness::Little => u32::from_le_bytes(octets),
    })
}

/// The first `len` octets of what follows.
fn packet(body: &[u8], at: usize, len: u32) -> Result<&[u8], PcapError> {
    let len = usize::try_from(len).map_err(|_| cut_short())?;
    body.get(at..)
        .and_then(|rest| rest.get(..len))
        .ok_or_else(cut_short)
}

/// An enhanced packet block (draft-ietf-opsawg-pcapng section 4.3), without its options: none of them is asked, so none can be wrong.
fn enhanced(
    body: &[u8],
    endianness: Endianness,
    interfaces: &[Interface],
    take: &mut impl FnMut(&Captured<'_>),
) -> Result<(), PcapError> {
    let word = |at| word(body, at, endianness);
    let id = word(0)?;
    let interface = usize::try_from(id).ok().and_then(|id| interfaces.get(id));
    let interface = interface.ok_or(PcapError::InvalidInterfaceId(id))?;
    let units = u64::from(word(4)?) << 32 | u64::from(word(8)?);
    let (captured, original) = (word(12)?, word(16)?);
    take(&Captured {
        link: interface.link,
        micros: interface.micros(units),
        octets: packet(body, 20, captured)?,
        is_cut: captured < original,
    });
    Ok(())
}

/// A simple packet block (section 4.4): of the first interface, without a time.
fn simple(
    body: &[u8],
    endianness: Endianness,
    interfaces: &[Interface],
    take: &mut impl FnMut(&Captured<'_>),
) -> Result<(), PcapError> {
    let interface = interfaces.first().ok_or(PcapError::InvalidInterfaceId(0))?;
    let original = word(body, 0, endianness)?;
    let bound = if interface.snap_len == 0 {
        u32::MAX
    } else {
        interface.snap_len
    };
    let captured = original.min(bound);
    take(&Captured {
        link: interface.link,
        micros: None,
        octets: packet(body, 4, captured)?,
        is_cut: captured < original,
    });
    Ok(())
}
