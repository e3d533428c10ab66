//! What registers, flags and stack may hold at each instruction: public values, or whatever depends on secrets.
//!
//! Vectors are secret throughout, and so is all memory but the stack's public values and constant tables. A general register is secret once it was loaded from
//! such memory or came from a vector. An instruction that is not known is refused.

use std::collections::{BTreeMap, BTreeSet};

use crate::instruction::{Instruction, Operand, Place, RAX, RCX, RDI, RDX, RSI, RSP};

/// What a general register holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Value {
    /// Lengths, pointers and what is computed from them.
    Public,
    /// Nothing but zero.
    Zero,
    /// The address of a constant table.
    Table(u64),
    /// A number of the table of jumps at that address.
    Entry(u64),
    /// The target that this number means.
    Jump(u64),
    /// An address on the stack: from which mark, and how far. There is a new mark where the stack is aligned.
    Stack(u8, i64),
    /// Some address, perhaps on the stack.
    Somewhere,
    /// What a called function left in a register that is not for its result: no compiled code reads it.
    Garbage,
    Secret,
}

impl Value {
    pub(crate) fn is_secret(self) -> bool {
        matches!(self, Self::Secret | Self::Garbage)
    }

    fn is_address(self) -> bool {
        matches!(self, Self::Stack(..) | Self::Somewhere)
    }

    /// Either of the two.
    pub(crate) fn or(self, other: Self) -> Self {
        if self == other || other == Self::Garbage {
            self
        } else if self == Self::Garbage {
            other
        } else {
            self.with(other)
        }
    }

    /// What is computed from both.
    fn with(self, other: Self) -> Self {
        if self.is_secret() || other.is_secret() {
            Self::Secret
        } else if self.is_address() || other.is_address() {
            Self::Somewhere
        } else {
            Self::Public
        }
    }

    /// A part of it.
    fn part(self) -> Self {
        match self {
            Self::Secret | Self::Garbage => Self::Secret,
            Self::Zero => Self::Zero,
            _ => Self::Public,
        }
    }

    fn plus(self, distance: i64) -> Self {
        match self {
            Self::Stack(mark, offset) => Self::Stack(mark, offset.wrapping_add(distance)),
            Self::Table(at) => Self::Table(at.wrapping_add_signed(distance)),
            other => other.with(Self::Public),
        }
    }
}

/// What is known before an instruction.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct State {
    pub(crate) registers: [Value; 16],
    /// Whether the flags depend on secrets.
    pub(crate) flags: bool,
    /// Whether they say "zero" for certain.
    pub(crate) is_zero: bool,
    pub(crate) masks: [bool; 8],
    /// Octets of the stack that are not secret: the value they are of, and their place in it.
    pub(crate) stack: BTreeMap<(u8, i64), (Value, i64)>,
}

/// Octets of the stack that vectors are loaded from or stored to at fixed places: arrays that a store at a computed place may lie in.
///
/// All others are scalars and spilled registers, which have no computed places.
#[derive(Default)]
pub(crate) struct Arrays(BTreeSet<(u8, i64)>);

impl Arrays {
    /// Adds the places of `instruction`.
    pub(crate) fn note(&mut self, state: &State, instruction: &Instruction) {
        for operand in &instruction.operands {
            if let Operand::Memory(place) = operand
                && place.size >= 16
                && let Value::Stack(mark, offset) = state.address(place)
            {
                self.0.extend((0..place.size).map(|at| (mark, offset + at)));
            }
        }
    }
}

/// Octets of arguments on the stack that a function may have.
const ARGUMENTS: i64 = 96;
/// How far behind a pointer to the stack a called function may write: the kernels' return a vector or two blocks.
const WRITTEN: i64 = 64;

impl State {
    /// At the beginning of a function all of whose arguments are public.
    pub(crate) fn at_entry() -> Self {
        let mut registers = [Value::Public; 16];
        registers[RSP] = Value::Stack(0, 0);
        Self {
            registers,
            flags: false,
            is_zero: false,
            masks: [true; 8],
            stack: (0..ARGUMENTS)
                .map(|at| ((0, 8 + at), (Value::Public, at % 8)))
                .collect(),
        }
    }

    /// Takes in another way to the same instruction; tells whether that changed anything.
    pub(crate) fn join(&mut self, other: &Self) -> bool {
        let before = self.clone();
        for (value, other) in self.registers.iter_mut().zip(other.registers) {
            *value = value.or(other);
        }
        self.flags |= other.flags;
        self.is_zero &= other.is_zero;
        for (mask, other) in self.masks.iter_mut().zip(other.masks) {
            *mask |= other;
        }
        self.stack
            .retain(|at, (value, octet)| match other.stack.get(at) {
                Some((other, place)) => {
                    *value = if place == octet {
                        value.or(*other)
                    } else {
                        value.with(*other).part()
                    };
                    !value.is_secret()
                }
                None => false,
            });
        *self != before
    }

    /// What a function that is called here finds.
    pub(crate) fn for_callee(&self) -> Self {
        let mut entry = Self::at_entry();
        for (value, given) in entry.registers.iter_mut().zip(self.registers) {
            *value = given.part();
        }
        entry.registers[RSP] = Value::Stack(0, 0);
        entry.stack.clear();
        if let Value::Stack(mark, offset) = self.registers[RSP] {
            for at in 0..ARGUMENTS {
                if let Some((value, octet)) = self.stack.get(&(mark, offset + at)) {
                    entry.stack.insert((0, 8 + at), (value.part(), *octet));
                }
            }
        }
        entry
    }

    /// Forgets what a called function with these registers for `arguments` may have changed.
    pub(crate) fn after_call(&mut self, arguments: &[usize], arrays: &Arrays) {
        for register in arguments {
            match self.registers[*register] {
                Value::Stack(mark, offset) => {
                    self.stack.retain(|(of, at), _| {
                        *of != mark || !(offset..offset + WRITTEN).contains(at)
                    });
                }
                Value::Somewhere => self.stack.retain(|at, _| !arrays.0.contains(at)),
                _ => {}
            }
        }
        for register in [RCX, RSI, RDI, 8, 9, 10, 11] {
            self.registers[register] = Value::Garbage;
        }
        (self.registers[RAX], self.registers[RDX]) = (Value::Secret, Value::Secret);
        self.flags = true;
        self.is_zero = false;
        self.masks = [true; 8];
    }

    /// The address that `place` means.
    fn address(&self, place: &Place) -> Value {
        if let Some(fixed) = place.fixed {
            return Value::Table(fixed);
        }
        let base = place.base.map(|base| self.registers[base]);
        let index = place.index.map(|index| self.registers[index]);
        match (base, index) {
            (None, None) => Value::Public,
            (Some(only), None) => only.plus(place.displacement),
            (None, Some(index)) => index.with(Value::Public),
            // An element of a table.
            (Some(Value::Table(at)), Some(index)) if !index.is_secret() && !index.is_address() => {
                Value::Table(at)
            }
            (Some(index), Some(Value::Table(at))) if !index.is_secret() && !index.is_address() => {
                Value::Table(at)
            }
            (Some(base), Some(index)) => base.with(index),
        }
    }

    fn load(&self, place: &Place) -> Value {
        match self.address(place) {
            Value::Table(at) if place.size == 4 && place.index.is_some() => Value::Entry(at),
            Value::Table(_) => Value::Public,
            Value::Stack(mark, offset) => {
                let octets = (0..place.size).map(|at| self.stack.get(&(mark, offset + at)));
                let mut found = None;
                for (at, octet) in octets.enumerate() {
                    let Some((value, of)) = octet else {
                        return Value::Secret;
                    };
                    let is_next = usize::try_from(*of) == Ok(at);
                    found = match found {
                        None if is_next => Some(*value),
                        Some(before) if before == *value && is_next => Some(before),
                        _ => Some(Value::Public),
                    };
                }
                found.map_or(Value::Secret, |value| {
                    if place.size == 8 { value } else { value.part() }
                })
            }
            _ => Value::Secret,
        }
    }

    fn store(&mut self, place: &Place, value: Value, arrays: &Arrays) {
        match self.address(place) {
            Value::Stack(mark, offset) => {
                for at in 0..place.size {
                    if value.is_secret() {
                        self.stack.remove(&(mark, offset + at));
                    } else {
                        self.stack.insert((mark, offset + at), (value, at));
                    }
                }
            }
            Value::Somewhere if value.is_secret() => {
                self.stack
                    .retain(|at, _| place.size >= 16 && !arrays.0.contains(at));
            }
            _ => {}
        }
    }

    pub(crate) fn read(&self, operand: &Operand) -> Value {
        match operand {
            Operand::General(register, 8) => self.registers[*register],
            Operand::General(register, _) => self.registers[*register].part(),
            Operand::Vector => Value::Secret,
            Operand::Mask(mask) if self.masks[*mask] => Value::Secret,
            Operand::Mask(_) | Operand::Number(_) | Operand::Target(_) => Value::Public,
            Operand::Memory(place) => self.load(place),
        }
    }

    fn write(&mut self, operand: &Operand, value: Value, arrays: &Arrays) {
        match operand {
            Operand::General(register, 8) => self.registers[*register] = value,
            Operand::General(register, 4) => self.registers[*register] = value.part(),
            Operand::General(register, _) => {
                self.registers[*register] = self.registers[*register].with(value).part();
            }
            Operand::Mask(mask) => self.masks[*mask] = value.is_secret(),
            Operand::Memory(place) => self.store(place, value, arrays),
            Operand::Vector | Operand::Number(_) | Operand::Target(_) => {}
        }
    }

    /// Whether an address or a mask of `instruction` is secret.
    pub(crate) fn has_secret_address(&self, instruction: &Instruction) -> bool {
        instruction.operands.iter().any(|operand| {
            let Operand::Memory(place) = operand else {
                return false;
            };
            let is_masked_by_secret = instruction.mask.is_some_and(|mask| self.masks[mask]);
            let registers = [place.base, place.index];
            let mut registers = registers.iter().flatten();
            instruction.name != "lea"
                && (place.is_many
                    || is_masked_by_secret
                    || registers.any(|register| self.registers[*register].is_secret()))
        })
    }

    /// What all operands give together.
    fn all(&self, operands: &[Operand]) -> Value {
        operands
            .iter()
            .fold(Value::Public, |all, operand| all.with(self.read(operand)))
    }

    /// Executes `instruction`, which is neither jump nor call, in a function with these `arrays`.
    ///
    /// # Errors
    /// What is wrong: a time that depends on secrets, or an instruction that is not known.
    pub(crate) fn step(
        &mut self,
        instruction: &Instruction,
        arrays: &Arrays,
    ) -> Result<(), String> {
        let name = instruction.name.as_str();
        let operands = instruction.operands.as_slice();
        self.is_zero = match (name, operands) {
            ("test", [a, b]) => a == b && self.read(a) == Value::Zero,
            ("xor" | "sub", [a, b]) => a == b,
            ("mov" | "lea", _) => self.is_zero,
            _ => false,
        };
        let secret_flags = if self.flags {
            Value::Secret
        } else {
            Value::Public
        };
        match (name, operands) {
            ("nop" | "endbr64" | "vzeroupper" | "lfence" | "ud2" | "ret" | "xchg", _)
                if name != "xchg" || operands.first() == operands.last() => {}
            (prefetch, _) if prefetch.starts_with("prefetch") => {}
            ("lea", [target, Operand::Memory(place)]) => {
                let address = self.address(place);
                let address = if place.index.is_some() {
                    address.with(Value::Public)
                } else {
                    address
                };
                self.write(target, address, arrays);
            }
            ("mov" | "movabs" | "movzx" | "movsx" | "movsxd" | "movbe", [target, source]) => {
                self.write(target, self.read(source), arrays);
            }
            ("push", [source]) => {
                let value = self.read(source);
                self.registers[RSP] = self.registers[RSP].plus(-8);
                self.store(&top(), value, arrays);
            }
            ("pop", [target]) => {
                let value = self.load(&top());
                self.registers[RSP] = self.registers[RSP].plus(8);
                self.write(target, value, arrays);
            }
            ("xchg", [first, second]) => {
                let (a, b) = (self.read(first), self.read(second));
                self.write(first, b, arrays);
                self.write(second, a, arrays);
            }
            ("bswap" | "not", [target]) => self.write(target, self.read(target).part(), arrays),
            ("cqo" | "cdq" | "cdqe" | "cwde", _) => {
                self.registers[RDX] = self.registers[RAX].part().or(self.registers[RDX].part());
            }
            (set, [target]) if set.starts_with("set") => self.write(target, secret_flags, arrays),
            (cmov, [target, source]) if cmov.starts_with("cmov") => {
                let value = self.read(target).or(self.read(source));
                self.write(
                    target,
                    if self.flags { Value::Secret } else { value },
                    arrays,
                );
            }
            ("cmp" | "test" | "bt", operands) => self.flags = self.all(operands).is_secret(),
            ("xor" | "sub", [a, b]) if a == b => {
                self.write(a, Value::Zero, arrays);
                self.flags = false;
            }
            ("add" | "sub", [target, Operand::Number(number)]) => {
                let value = self.read(target);
                let distance = if name == "add" {
                    *number
                } else {
                    number.wrapping_neg()
                };
                self.flags = value.is_secret();
                self.write(target, value.plus(distance), arrays);
            }
            ("and", [target @ Operand::General(RSP, 8), Operand::Number(_)]) => {
                let Value::Stack(mark, _) = self.registers[RSP] else {
                    return Err("a stack that cannot be followed".to_owned());
                };
                self.write(target, Value::Stack(mark + 1, 0), arrays);
                self.flags = false;
            }
            ("add", [target, source]) => {
                let value = match (self.read(target), self.read(source)) {
                    (Value::Entry(at), Value::Table(table))
                    | (Value::Table(table), Value::Entry(at))
                        if at == table =>
                    {
                        Value::Jump(table)
                    }
                    (a, b) => a.with(b),
                };
                self.flags = value.is_secret();
                self.write(target, value, arrays);
            }
            ("adc" | "sbb", [target, source]) => {
                let value = if target == source {
                    secret_flags
                } else {
                    self.read(target).with(self.read(source)).with(secret_flags)
                };
                self.flags = value.is_secret();
                self.write(target, value, arrays);
            }
            ("shl" | "shr" | "sar" | "rol" | "ror" | "shld" | "shrd", operands) => {
                if let Some(Operand::General(RCX, 1)) = operands.last()
                    && self.registers[RCX].is_secret()
                {
                    return Err("a shift by a secret".to_owned());
                }
                let value = self.all(operands);
                self.flags = value.is_secret();
                self.write(&operands[0], value, arrays);
            }
            ("sub" | "and" | "or" | "xor", [target, _]) => {
                let value = self.all(operands);
                self.flags = value.is_secret();
                self.write(target, value, arrays);
            }
            ("imul", [target, sources @ ..]) if !sources.is_empty() => {
                let value = if sources.len() == 1 {
                    self.all(operands)
                } else {
                    self.all(sources)
                };
                self.flags = value.is_secret();
                self.write(target, value, arrays);
            }
            ("inc" | "dec" | "neg", [target]) => {
                let value = self.read(target);
                self.flags = value.is_secret();
                self.write(target, value.with(Value::Public), arrays);
            }
            ("mul" | "imul", [source]) => {
                let value = self.read(source).with(self.registers[RAX]).part();
                (self.registers[RAX], self.registers[RDX]) = (value, value);
                self.flags = value.is_secret();
            }
            ("div" | "idiv", [source]) => {
                let value = self
                    .read(source)
                    .with(self.registers[RAX])
                    .with(self.registers[RDX]);
                if value.is_secret() {
                    return Err("a division of secrets".to_owned());
                }
                (self.registers[RAX], self.registers[RDX]) = (Value::Public, Value::Public);
            }
            (
                "bzhi" | "andn" | "bextr" | "lzcnt" | "tzcnt" | "popcnt" | "bsf" | "bsr",
                [target, sources @ ..],
            ) => {
                let value = self.all(sources);
                self.flags = value.is_secret();
                self.write(target, value, arrays);
            }
            ("shlx" | "shrx" | "sarx" | "rorx" | "pdep" | "pext", [target, sources @ ..]) => {
                self.write(target, self.all(sources), arrays);
            }
            (mask, operands) if mask.starts_with('k') => {
                let [target, sources @ ..] = operands else {
                    return Err("not known".to_owned());
                };
                if mask.starts_with("kortest") || mask.starts_with("ktest") {
                    self.flags = self.all(operands).is_secret();
                } else {
                    self.write(target, self.all(sources), arrays);
                }
            }
            (vector, [target, ..]) if is_vector(vector, operands) => {
                if vector.contains("test")
                    || vector.contains("comis")
                    || vector.contains("cmpestr")
                    || vector.contains("cmpistr")
                {
                    self.flags = true;
                }
                self.write(target, Value::Secret, arrays);
            }
            _ => return Err("an instruction that is not known".to_owned()),
        }
        Ok(())
    }
}

/// The top of the stack.
fn top() -> Place {
    Place {
        size: 8,
        base: Some(RSP),
        index: None,
        displacement: 0,
        fixed: None,
        is_many: false,
    }
}

/// Whether this is an instruction on vectors: it names one, or all of them in its letters.
fn is_vector(name: &str, operands: &[Operand]) -> bool {
    name.starts_with('v') || operands.contains(&Operand::Vector)
}
