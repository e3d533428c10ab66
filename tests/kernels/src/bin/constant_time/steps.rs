//! Every instruction of a call, in order, by the processor's trap flag: for packets of one length the sequence must be the same.

use std::arch::asm;
use std::cell::Cell;
use std::hint::black_box;
use std::ptr;

use mediaseal::test_hooks::Tier;
use mediaseal_kernel_tests::{Dice, in_shares, kernels};

use crate::subject::{LENGTHS, Packet, Work, looks_up, stops_early};

/// Keys and packets a kind of call.
const PAIRS: u64 = 1000;

/// What every change is held to; a step takes long in a virtual machine.
const QUICK: [(usize, (usize, usize), Work); 3] = [
    (16, LENGTHS[0], Work::Open),
    (32, LENGTHS[0], Work::Refuse),
    (16, LENGTHS[1], Work::Seal),
];

thread_local! {
    /// A hash of the addresses so far.
    static TRACE: Cell<u64> = const { Cell::new(0) };
    /// How many there were.
    static COUNT: Cell<u64> = const { Cell::new(0) };
}

/// Adds the address of the instruction that comes next.
extern "C" fn note(_signal: i32, _info: *mut libc::siginfo_t, context: *mut libc::c_void) {
    let context = context.cast::<libc::ucontext_t>();
    // SAFETY: the system hands the interrupted thread's state to the handler.
    let registers = unsafe { &(*context).uc_mcontext.gregs };
    let address = registers[libc::REG_RIP as usize].cast_unsigned();
    TRACE.set(
        (TRACE.get() ^ address)
            .wrapping_mul(0x0100_0000_01B3)
            .rotate_left(5),
    );
    COUNT.set(COUNT.get() + 1);
}

fn install_handler() -> Result<(), String> {
    // SAFETY: zeros are a valid value of this structure of numbers.
    let mut action: libc::sigaction = unsafe { std::mem::zeroed() };
    action.sa_flags = libc::SA_SIGINFO;
    action.sa_sigaction = note as *const () as usize;
    // SAFETY: the handler touches nothing but two numbers of its thread.
    match unsafe { libc::sigaction(libc::SIGTRAP, &raw const action, ptr::null_mut()) } {
        0 => Ok(()),
        _ => Err("no handler for SIGTRAP".to_owned()),
    }
}

/// How many instructions `call` took, and their hash.
#[inline(never)]
fn trace(call: &mut dyn FnMut()) -> (u64, u64) {
    TRACE.set(0);
    COUNT.set(0);
    // SAFETY: with the trap flag set, the handler above runs after each instruction.
    unsafe { asm!("pushfq", "or qword ptr [rsp], 0x100", "popfq") };
    call();
    // SAFETY: clears the flag again.
    unsafe { asm!("pushfq", "and qword ptr [rsp], -0x101", "popfq") };
    (COUNT.get(), TRACE.get())
}

/// The trace of one call.
fn trace_of(packet: &mut Packet, work: Work) -> (u64, u64) {
    let (gcm, ctr) = (packet.gcm(), packet.ctr());
    let Packet {
        nonce,
        aad,
        text,
        tag,
        ..
    } = packet;
    match work {
        Work::Seal => trace(&mut || gcm.seal(nonce, aad, text, tag)),
        Work::Open | Work::Refuse => {
            let mut is_opened = false;
            let steps = trace(&mut || is_opened = gcm.open(nonce, aad, text, tag));
            assert_eq!(is_opened, work == Work::Open);
            steps
        }
        Work::Keystream => trace(&mut || ctr.apply_keystream(nonce, text)),
        Work::NewKey => {
            let (tier, key) = (packet.tier, &packet.key);
            let mut made = None;
            trace(&mut || made = mediaseal::test_hooks::Gcm::new(tier, key))
        }
    }
}

/// Traces all pairs of one kind of call: an error if two differ, else the instructions of a call.
fn same_for_all(
    tier: Tier,
    key_len: usize,
    lengths: (usize, usize),
    work: Work,
) -> Result<u64, String> {
    let mut dice = Dice::new(10, 11);
    // Whatever is set up at the first call.
    trace_of(
        &mut Packet::draw(tier, key_len, lengths, work, &mut dice),
        work,
    );
    let mut first = None;
    for pair in 0..PAIRS {
        let mut packet = Packet::draw(tier, key_len, lengths, work, &mut dice);
        let steps = trace_of(&mut packet, work);
        if *first.get_or_insert(steps) != steps {
            return Err(format!(
                "{tier}: {work:?} of {lengths:?} with {key_len} octets of key: pair {pair} took other instructions"
            ));
        }
    }
    Ok(first.map_or(0, |(count, _)| count))
}

/// Calls that do depend on data: the watch must see it.
fn positive_control() -> Result<(), String> {
    let secret = [3; 32];
    let mut other = secret;
    let mut trace_compare = |at: Option<usize>| {
        other = secret;
        if let Some(at) = at {
            other[at] = 4;
        }
        trace(&mut || {
            black_box(stops_early(&secret, &other));
        })
    };
    trace_compare(None);
    let same = trace_compare(None) == trace_compare(None);
    let differs = trace_compare(Some(3)) != trace_compare(Some(20));
    // Addresses are not watched here, but in the disassembly and under valgrind.
    black_box(looks_up(&[1; 256], &secret));
    if same && differs {
        Ok(())
    } else {
        Err(format!(
            "positive control: equal calls equal: {same}, early exit noticed: {differs}"
        ))
    }
}

pub(crate) fn run(all: bool) -> Result<String, String> {
    install_handler()?;
    positive_control()?;
    let mut kinds = Vec::new();
    for tier in kernels() {
        for lengths in LENGTHS {
            for work in Work::ALL {
                for key_len in [16, 32] {
                    if all || QUICK.contains(&(key_len, lengths, work)) {
                        kinds.push((tier, key_len, lengths, work));
                    }
                }
            }
        }
    }
    let steps = std::sync::Mutex::new(Vec::new());
    in_shares(kinds.len() as u64, |indices| {
        for index in indices {
            let (tier, key_len, lengths, work) = kinds[usize::try_from(index).expect("an index")];
            let result = same_for_all(tier, key_len, lengths, work).inspect(|count| {
                println!(
                    "{tier}: {work:?} of {lengths:?}, {key_len} octets of key: {count} instructions"
                );
            });
            steps.lock().expect("no panic").push(result);
        }
        0
    });
    let steps = steps.into_inner().expect("no panic");
    let all: u64 = steps
        .into_iter()
        .collect::<Result<Vec<_>, _>>()?
        .iter()
        .sum();
    let kinds = kinds.len() as u64;
    println!("vectors: equal traces of single steps: {}", kinds * PAIRS);
    Ok(format!(
        "{kinds} kinds of call, {PAIRS} keys and packets each, {all} instructions: equal traces; an early exit is noticed"
    ))
}
