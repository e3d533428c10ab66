//! This program's own functions, as objdump shows them, and its tables.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::process::Command;
use std::{env, fs};

use crate::instruction::{Instruction, Operand, RCX, RDI, RDX, RSI};

/// A function.
pub(crate) struct Function {
    pub(crate) name: String,
    pub(crate) code: BTreeMap<u64, Instruction>,
}

impl Function {
    /// The registers that hand arguments to it: those that it reads before it writes them.
    pub(crate) fn arguments(&self) -> Vec<usize> {
        let handed = [RDI, RSI, RDX, RCX, 8, 9].into_iter();
        handed.filter(|register| self.takes(*register)).collect()
    }

    fn takes(&self, register: usize) -> bool {
        let mut open: Vec<u64> = self.code.keys().next().copied().into_iter().collect();
        let mut seen = BTreeSet::new();
        while let Some(at) = open.pop() {
            let Some(instruction) = self.code.get(&at).filter(|_| seen.insert(at)) else {
                continue;
            };
            let (reads, writes) = instruction.uses(register);
            // What a call or a jump to elsewhere hands on counts as read.
            let leaves = match instruction.operands.first() {
                Some(Operand::Target(target)) => !self.code.contains_key(target),
                Some(_) => instruction.name == "jmp" || instruction.name == "call",
                None => false,
            };
            if reads || leaves {
                return true;
            }
            if let Some(Operand::Target(target)) = instruction.operands.first() {
                open.push(*target);
            }
            if !writes && !instruction.ends() {
                open.extend(self.code.range(at + 1..).next().map(|(at, _)| *at));
            }
        }
        false
    }
}

/// What is known of this program.
pub(crate) struct Program {
    /// Functions that were looked at, by their address.
    pub(crate) functions: BTreeMap<u64, Function>,
    /// Every function's name, by its address.
    names: HashMap<u64, String>,
    /// Where a pointer that is filled in at the start leads: an address, or a name of the C library.
    pointers: HashMap<u64, Result<u64, String>>,
    image: Vec<u8>,
    /// Address, offset in the file and length of what is loaded.
    loaded: Vec<[u64; 3]>,
}

/// Where a call goes.
pub(crate) enum Callee {
    Known(u64),
    Named(String),
}

fn objdump(arguments: &[&str]) -> Result<String, String> {
    let exe = env::current_exe().map_err(|error| error.to_string())?;
    let output = Command::new("objdump")
        .args(arguments)
        .arg(exe)
        .output()
        .map_err(|error| format!("objdump: {error}"))?;
    if output.status.success() {
        Ok(String::from_utf8_lossy(&output.stdout).into_owned())
    } else {
        Err(format!("objdump: {}", output.status))
    }
}

impl Program {
    /// Reads the functions whose names `wanted` accepts.
    pub(crate) fn read(wanted: impl Fn(&str) -> bool) -> Result<Self, String> {
        let exe = env::current_exe().map_err(|error| error.to_string())?;
        let image = fs::read(exe).map_err(|error| error.to_string())?;
        let mut program = Self {
            functions: BTreeMap::new(),
            names: HashMap::new(),
            pointers: HashMap::new(),
            loaded: loaded(&image).ok_or("not an ELF file of 64 bits")?,
            image,
        };
        for line in objdump(&["--syms"])?.lines() {
            // Address, flags, section, size, name.
            let words: Vec<_> = line.split_whitespace().collect();
            let (Some(address), Some(name)) = (words.first(), words.last()) else {
                continue;
            };
            if let (true, Ok(address)) =
                (words.contains(&".text"), u64::from_str_radix(address, 16))
            {
                program.names.insert(address, (*name).to_owned());
            }
        }
        for line in objdump(&["--dynamic-reloc"])?.lines() {
            let words: Vec<_> = line.split_whitespace().collect();
            let [at, _, value] = words[..] else {
                continue;
            };
            let Ok(at) = u64::from_str_radix(at, 16) else {
                continue;
            };
            let value = match value.strip_prefix("*ABS*+0x") {
                Some(address) => u64::from_str_radix(address, 16).map_err(|_| value.to_owned()),
                None => Err(value.to_owned()),
            };
            program.pointers.insert(at, value);
        }
        let names: Vec<_> = program
            .names
            .iter()
            .map(|(at, name)| (*at, name.clone()))
            .collect();
        for (address, name) in names.into_iter().filter(|(_, name)| wanted(name)) {
            let text = objdump(&[
                "--no-show-raw-insn",
                "--disassembler-options=intel",
                &format!("--disassemble={name}"),
            ])?;
            let mut code = BTreeMap::new();
            let mut is_here = false;
            for line in text.lines() {
                if line.ends_with(">:") {
                    // A local name may stand for several functions.
                    is_here = line.starts_with(&format!("{address:016x} "));
                } else if is_here && let Some(instruction) = Instruction::read(line)? {
                    code.insert(instruction.address, instruction);
                }
            }
            program.functions.insert(address, Function { name, code });
        }
        Ok(program)
    }

    pub(crate) fn name(&self, address: u64) -> &str {
        self.names.get(&address).map_or("?", String::as_str)
    }

    /// Where a call through the pointer at `at` goes.
    pub(crate) fn through(&self, at: u64) -> Option<Callee> {
        match self.pointers.get(&at)? {
            Ok(address) => Some(Callee::Known(*address)),
            Err(name) => Some(Callee::Named(name.clone())),
        }
    }

    /// The targets of a table of jumps at `table`: offsets from itself, as long as they lead into `function`.
    pub(crate) fn jumps(&self, table: u64, function: &Function) -> Vec<u64> {
        let mut targets = Vec::new();
        for index in 0.. {
            let Some(offset) = self.number_at(table + 4 * index) else {
                break;
            };
            let target = table.wrapping_add_signed(i64::from(offset));
            if !function.code.contains_key(&target) {
                break;
            }
            targets.push(target);
        }
        targets
    }

    fn number_at(&self, address: u64) -> Option<i32> {
        let [from, offset, _] = self
            .loaded
            .iter()
            .find(|[from, _, len]| (*from..*from + *len).contains(&address))?;
        let at = usize::try_from(address - from + offset).ok()?;
        Some(i32::from_le_bytes(
            self.image.get(at..at + 4)?.try_into().ok()?,
        ))
    }
}

/// The loaded parts of an ELF file of 64 bits.
fn loaded(image: &[u8]) -> Option<Vec<[u64; 3]>> {
    let number = |at: usize, len: usize| {
        let octets = image.get(at..at + len)?;
        Some(
            octets
                .iter()
                .rev()
                .fold(0_u64, |sum, octet| sum << 8 | u64::from(*octet)),
        )
    };
    if image.get(..5)? != b"\x7FELF\x02" {
        return None;
    }
    let headers = usize::try_from(number(32, 8)?).ok()?;
    let size = usize::try_from(number(54, 2)?).ok()?;
    let count = usize::try_from(number(56, 2)?).ok()?;
    let mut loaded = Vec::new();
    for header in (0..count).map(|index| headers + size * index) {
        if number(header, 4)? == 1 {
            loaded.push([
                number(header + 16, 8)?,
                number(header + 8, 8)?,
                number(header + 32, 8)?,
            ]);
        }
    }
    Some(loaded)
}
