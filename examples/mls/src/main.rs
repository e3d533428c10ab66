//! Media under the keys of an MLS group (RFC 9420): four clients join and leave while media flow.
//!
//! MLS is openmls, each client with a provider of its own; what goes between them are octets of MLS messages. After each commit a client
//! asks its exporter for the base key of the epoch (RFC 9605 section 5.2) and enters it. Frames go to everybody, also to those who have left
//! and those who are not in yet: who may open them is decided by keys alone.
//!
//! `cargo run --release` prints a table of epochs, and ends with a line that says what was opened and by whom.

mod client;

use std::process::ExitCode;

use client::{Client, Failure, Mail};

/// Frames that each member sends in each epoch.
const FRAMES: usize = 50;

/// What happens to the group, one commit each.
enum Change {
    Joins(&'static str),
    Leaves(&'static str),
    /// A member renews his keys, so that what was stolen from him before is worth nothing any more.
    Updates(&'static str),
}

/// Counts over the whole call.
#[derive(Default)]
struct Counts {
    epochs: usize,
    exact: usize,
    late: usize,
    /// Frames that somebody opened who had left, or had not joined yet, when they were sealed.
    by_outsiders: usize,
    refused: usize,
}

fn main() -> ExitCode {
    match call() {
        Ok(counts) if counts.by_outsiders == 0 => {
            println!(
                "mls: 4 clients, {} epochs, {} frames bit-exact, {} opened by who had left",
                counts.epochs, counts.exact, counts.by_outsiders
            );
            ExitCode::SUCCESS
        }
        Ok(counts) => {
            eprintln!("{} frames opened by outsiders", counts.by_outsiders);
            ExitCode::FAILURE
        }
        Err(failure) => {
            eprintln!("{failure}");
            ExitCode::FAILURE
        }
    }
}

fn call() -> Result<Counts, Failure> {
    let mut clients = Vec::new();
    for name in ["alice", "bob", "carol", "dave"] {
        clients.push(Client::new(name)?);
    }
    let mut counts = Counts::default();
    client(&mut clients, "alice")?.found()?;
    println!(
        "{:>5}  {:<28} {:<24} {:>7} {:>5} {:>8}",
        "epoch", "members", "by", "opened", "late", "refused"
    );
    one_epoch(&mut clients, &[], "alice founds", &mut counts)?;
    for change in [
        Change::Joins("bob"),
        Change::Joins("carol"),
        Change::Updates("bob"),
        Change::Joins("dave"),
        Change::Leaves("carol"),
        Change::Updates("alice"),
        Change::Leaves("bob"),
        Change::Joins("carol"),
        Change::Leaves("dave"),
    ] {
        // Sealed before the change and delivered after it, as happens on a network.
        let late = frames(&mut clients, 5)?;
        let by = commit(&mut clients, &change)?;
        one_epoch(&mut clients, &late, &by, &mut counts)?;
    }
    Ok(counts)
}

/// A frame on the network: who sent it, what it was, and who was in the group then.
struct Sent {
    from: String,
    plaintext: Vec<u8>,
    sealed: Vec<u8>,
    members: Vec<String>,
}

/// One commit, made by a member who stays, and delivered to all.
fn commit(clients: &mut [Client], change: &Change) -> Result<String, Failure> {
    let (mail, by, who) = match change {
        Change::Joins(who) => {
            let package = client(clients, who)?.key_package()?;
            let host = host(clients, who)?;
            (
                host.add(&package)?,
                format!("{} adds {who}", host.name()),
                *who,
            )
        }
        Change::Leaves(who) => {
            let host = host(clients, who)?;
            (
                host.remove(who)?,
                format!("{} removes {who}", host.name()),
                *who,
            )
        }
        Change::Updates(who) => (
            client(clients, who)?.update()?,
            format!("{who} updates"),
            *who,
        ),
    };
    let Mail {
        commit,
        welcome,
        from,
    } = mail;
    for receiver in clients.iter_mut() {
        if receiver.name() != from && receiver.is_member() {
            receiver.receive(&commit)?;
        }
    }
    if let Some(welcome) = welcome {
        client(clients, who)?.join(&welcome)?;
    }
    Ok(by)
}

/// Everybody sends in an epoch and everybody tries to open all of it, with what is late of the epoch before.
fn one_epoch(
    clients: &mut [Client],
    late: &[Sent],
    by: &str,
    counts: &mut Counts,
) -> Result<(), Failure> {
    let now = frames(clients, FRAMES)?;
    let before = (counts.exact, counts.late, counts.refused);
    for (frame, is_late) in late
        .iter()
        .map(|f| (f, true))
        .chain(now.iter().map(|f| (f, false)))
    {
        for receiver in clients
            .iter_mut()
            .filter(|receiver| receiver.name() != frame.from)
        {
            // Who was a member when it was sealed has its key. Who was removed since may open it still, and need not.
            let was_in = frame.members.iter().any(|name| name == receiver.name());
            match receiver.open(&frame.sealed) {
                Some(_) if !was_in => counts.by_outsiders += 1,
                Some(opened) if opened != frame.plaintext => {
                    return Err(Failure::new("a frame came out as another"));
                }
                Some(_) if receiver.is_member() => {
                    counts.exact += 1;
                    counts.late += usize::from(is_late);
                }
                None if was_in && receiver.is_member() => {
                    return Err(Failure::new("a member could not open a frame"));
                }
                _ => counts.refused += 1,
            }
        }
    }
    counts.epochs += 1;
    let members: Vec<_> = clients.iter().filter(|client| client.is_member()).collect();
    let epochs: Vec<_> = members.iter().filter_map(|client| client.epoch()).collect();
    if epochs.windows(2).any(|pair| pair[0] != pair[1]) || epochs.len() != members.len() {
        return Err(Failure::new("members are in different epochs"));
    }
    let names: Vec<_> = members.iter().map(|client| client.name()).collect();
    println!(
        "{:>5}  {:<28} {:<24} {:>7} {:>5} {:>8}",
        epochs.first().copied().unwrap_or_default(),
        names.join(" "),
        by,
        counts.exact - before.0,
        counts.late - before.1,
        counts.refused - before.2
    );
    Ok(())
}

/// Has each member seal `count` frames, of sizes from nothing to some thousand octets.
fn frames(clients: &mut [Client], count: usize) -> Result<Vec<Sent>, Failure> {
    let members: Vec<_> = clients
        .iter()
        .filter(|client| client.is_member())
        .map(|client| client.name().to_owned())
        .collect();
    let mut sent = Vec::new();
    for client in clients.iter_mut().filter(|client| client.is_member()) {
        for number in 0..count {
            let octet = u8::try_from(number % 251).unwrap_or_default();
            let plaintext = vec![octet; number * number];
            sent.push(Sent {
                from: client.name().to_owned(),
                sealed: client.seal(&plaintext)?,
                plaintext,
                members: members.clone(),
            });
        }
    }
    Ok(sent)
}

fn client<'a>(clients: &'a mut [Client], name: &str) -> Result<&'a mut Client, Failure> {
    clients
        .iter_mut()
        .find(|client| client.name() == name)
        .ok_or_else(|| Failure::new("nobody has this name"))
}

/// The first member who is not `who`.
fn host<'a>(clients: &'a mut [Client], who: &str) -> Result<&'a mut Client, Failure> {
    clients
        .iter_mut()
        .find(|client| client.is_member() && client.name() != who)
        .ok_or_else(|| Failure::new("the group has nobody else"))
}
