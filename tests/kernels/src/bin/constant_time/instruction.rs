//! One line of objdump (Intel syntax), understood.

use std::str::FromStr;

/// The registers of 64 bits, in the order of their numbers here.
const NAMES: [&str; 16] = [
    "rax", "rcx", "rdx", "rbx", "rsp", "rbp", "rsi", "rdi", "r8", "r9", "r10", "r11", "r12", "r13",
    "r14", "r15",
];
/// Their lower halves, quarters and last octets, as far as no rule gives them.
const SMALLER: [[&str; 8]; 3] = [
    ["eax", "ecx", "edx", "ebx", "esp", "ebp", "esi", "edi"],
    ["ax", "cx", "dx", "bx", "sp", "bp", "si", "di"],
    ["al", "cl", "dl", "bl", "spl", "bpl", "sil", "dil"],
];

pub(crate) const RAX: usize = 0;
pub(crate) const RCX: usize = 1;
pub(crate) const RDX: usize = 2;
pub(crate) const RSP: usize = 4;
pub(crate) const RSI: usize = 6;
pub(crate) const RDI: usize = 7;

/// A place in memory: base + index · scale + displacement.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Place {
    /// Octets that are read or written.
    pub(crate) size: i64,
    pub(crate) base: Option<usize>,
    pub(crate) index: Option<usize>,
    pub(crate) displacement: i64,
    /// The address itself, where the instruction says it relative to its own.
    pub(crate) fixed: Option<u64>,
    /// The index is a vector: many addresses.
    pub(crate) is_many: bool,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Operand {
    /// A general register, and how many octets of it.
    General(usize, i64),
    /// A vector register.
    Vector,
    /// A mask register.
    Mask(usize),
    Number(i64),
    Memory(Place),
    /// Where a jump or call goes.
    Target(u64),
}

/// An instruction.
#[derive(Clone, Debug)]
pub(crate) struct Instruction {
    pub(crate) address: u64,
    pub(crate) name: String,
    pub(crate) operands: Vec<Operand>,
    /// The mask that selects the octets of a vector.
    pub(crate) mask: Option<usize>,
    pub(crate) line: String,
}

fn general(word: &str) -> Option<Operand> {
    if let Some(number) = NAMES.iter().position(|name| *name == word) {
        return Some(Operand::General(number, 8));
    }
    for (names, size) in SMALLER.iter().zip([4, 2, 1]) {
        if let Some(number) = names.iter().position(|name| *name == word) {
            return Some(Operand::General(number, size));
        }
    }
    if let Some(number) = ["ah", "ch", "dh", "bh"]
        .iter()
        .position(|name| *name == word)
    {
        return Some(Operand::General(number, 1));
    }
    let (number, size) = match word.strip_prefix('r')? {
        rest if rest.ends_with('d') => (rest.strip_suffix('d')?, 4),
        rest if rest.ends_with('w') => (rest.strip_suffix('w')?, 2),
        rest if rest.ends_with('b') => (rest.strip_suffix('b')?, 1),
        _ => return None,
    };
    let number: usize = number.parse().ok()?;
    (8..16)
        .contains(&number)
        .then_some(Operand::General(number, size))
}

fn number(word: &str) -> Option<i64> {
    let (is_negative, word) = match word.strip_prefix('-') {
        Some(word) => (true, word),
        None => (false, word),
    };
    let value = match word.strip_prefix("0x") {
        Some(hex) => u64::from_str_radix(hex, 16).ok()?.cast_signed(),
        None => i64::from_str(word).ok()?,
    };
    Some(if is_negative {
        value.wrapping_neg()
    } else {
        value
    })
}

fn is_vector(word: &str) -> bool {
    ["xmm", "ymm", "zmm"]
        .iter()
        .any(|name| word.starts_with(name))
}

/// `QWORD PTR [rsp+rax*8+0x10]`; `fixed` is the address that objdump wrote behind it.
fn place(word: &str, fixed: Option<u64>) -> Option<Place> {
    let (kind, rest) = word.split_once('[')?;
    let sum = rest.strip_suffix(']')?;
    let size = match kind.split_whitespace().next() {
        Some("BYTE") => 1,
        Some("WORD") => 2,
        Some("DWORD") => 4,
        Some("QWORD") => 8,
        Some("XMMWORD") => 16,
        Some("YMMWORD") => 32,
        None | Some("ZMMWORD") => 64,
        Some(_) => return None,
    };
    let mut place = Place {
        size,
        base: None,
        index: None,
        displacement: 0,
        fixed: None,
        is_many: false,
    };
    // Minus signs become parts of numbers.
    for part in sum
        .replace('-', "+-")
        .split('+')
        .filter(|part| !part.is_empty())
    {
        let (register, scale) = part
            .split_once('*')
            .map_or((part, ""), |(register, scale)| (register, scale));
        if let Some(Operand::General(register, 8)) = general(register) {
            if scale.is_empty() && place.base.is_none() {
                place.base = Some(register);
            } else {
                place.index = Some(register);
            }
        } else if is_vector(register) {
            place.is_many = true;
        } else if register == "rip" {
            place.fixed = Some(fixed?);
        } else if register != "riz" {
            place.displacement = place.displacement.wrapping_add(number(part)?);
        }
    }
    Some(place)
}

impl Instruction {
    /// Reads a line such as `  6ba0ac:\tvmovdqa YMMWORD PTR [rsp+0x120],ymm0`; nothing if it is no instruction.
    ///
    /// # Errors
    /// The line, if it is an instruction that this cannot read.
    pub(crate) fn read(line: &str) -> Result<Option<Self>, String> {
        let Some((address, text)) = line.split_once(":\t") else {
            return Ok(None);
        };
        let Ok(address) = u64::from_str_radix(address.trim(), 16) else {
            return Ok(None);
        };
        let unread = || format!("cannot read: {line}");
        let (text, comment) = text.split_once('#').unwrap_or((text, ""));
        let fixed = comment
            .split_whitespace()
            .next()
            .and_then(|word| u64::from_str_radix(word, 16).ok());
        let mut words = text.trim().splitn(2, ' ');
        let mut name = words.next().unwrap_or_default().to_owned();
        let mut rest = words.next().unwrap_or_default().trim().to_owned();
        while [
            "data16", "cs", "notrack", "bnd", "rep", "repz", "repnz", "lock",
        ]
        .contains(&name.as_str())
        {
            if name.starts_with("rep") {
                // `repz ret` is a return, the others are loops.
                if !rest.starts_with("ret") {
                    name = format!("{name} {rest}");
                    break;
                }
            }
            let (next, after) = rest.split_once(' ').unwrap_or((&rest, ""));
            (name, rest) = (next.to_owned(), after.trim().to_owned());
        }
        let mut mask = None;
        let mut operands = Vec::new();
        if name != "nop" && !name.starts_with("rep") {
            for word in rest
                .split(',')
                .map(str::trim)
                .filter(|word| !word.is_empty())
            {
                let (word, braces) = word.split_once('{').unwrap_or((word, ""));
                if let Some(number) = braces.strip_prefix('k') {
                    let number = number.split('}').next().unwrap_or_default();
                    mask = Some(number.parse().map_err(|_| unread())?);
                }
                let word = word.trim();
                let mask_register = word
                    .strip_prefix('k')
                    .and_then(|number| number.parse().ok());
                operands.push(if let Some(register) = general(word) {
                    register
                } else if is_vector(word) {
                    Operand::Vector
                } else if let Some(number) = mask_register {
                    Operand::Mask(number)
                } else if word.contains('[') {
                    Operand::Memory(place(word, fixed).ok_or_else(unread)?)
                } else if let Some((target, _)) = word.split_once(" <") {
                    Operand::Target(u64::from_str_radix(target, 16).map_err(|_| unread())?)
                } else {
                    Operand::Number(number(word).ok_or_else(unread)?)
                });
            }
        }
        Ok(Some(Self {
            address,
            name,
            operands,
            mask,
            line: line.trim().to_owned(),
        }))
    }

    /// Whether it reads `register`, and whether it writes it; one that does both counts as reading alone.
    pub(crate) fn uses(&self, register: usize) -> (bool, bool) {
        let is_it = |operand: &Operand| matches!(operand, Operand::General(number, _) if *number == register);
        let addresses = |operand: &Operand| matches!(operand, Operand::Memory(place) if place.base == Some(register) || place.index == Some(register));
        let names = self
            .operands
            .iter()
            .filter(|operand| is_it(operand))
            .count();
        let is_target = self.operands.first().is_some_and(is_it);
        let replaces = ["mov", "movabs", "movzx", "movsx", "movsxd", "lea", "pop"]
            .contains(&self.name.as_str());
        let is_zeroed = self.name == "xor" && names == 2;
        let writes = is_target && ((replaces && names == 1) || is_zeroed);
        let reads = self.operands.iter().any(addresses) || (names > 0 && !writes);
        (reads, writes)
    }

    /// Whether it never goes on to the next.
    pub(crate) fn ends(&self) -> bool {
        ["jmp", "ret", "ud2", "hlt", "int3"].contains(&self.name.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::{Instruction, Operand, Place, RAX, RSP};

    #[test]
    fn lines_of_objdump_are_understood() {
        let read = |line| Instruction::read(line).unwrap().unwrap();
        let store = read("  6ba0ac:\tvmovdqu8 ZMMWORD PTR [rsp+rax*8-0x10]{k2},zmm0");
        assert_eq!((store.address, store.mask), (0x6b_a0ac, Some(2)));
        let place = Place {
            size: 64,
            base: Some(RSP),
            index: Some(RAX),
            displacement: -16,
            fixed: None,
            is_many: false,
        };
        assert_eq!(store.operands, [Operand::Memory(place), Operand::Vector]);
        let call = read("  10:\tcall   QWORD PTR [rip+0x83b8b]        # 73dca0 <_DYNAMIC+0x270>");
        let Operand::Memory(place) = &call.operands[0] else {
            panic!("{call:?}");
        };
        assert_eq!(place.fixed, Some(0x73_dca0));
        let jump = read("  10:\tjae    6ba0fb <_ZN9mediaseal+0x8b>");
        assert_eq!(jump.operands, [Operand::Target(0x6b_a0fb)]);
        assert!(
            Instruction::read("Disassembly of section .text:")
                .unwrap()
                .is_none()
        );
        assert!(Instruction::read("  10:\tmov    eax,%gs").is_err());
    }
}
