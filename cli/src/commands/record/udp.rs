//! A socket's datagrams, taken while the disk is at work.

use std::io;
use std::net::{SocketAddr, ToSocketAddrs, UdpSocket};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::mpsc::{SyncSender, TrySendError};
use std::time::Duration;

use mediaseal::vault::{Clock, SystemClock};

use crate::explain::network::Flow;
use crate::outcome::Failure;

/// Datagrams that wait while the disk is slow, and their octets.
pub(super) const WAITING: usize = 4_096;
const WAITING_OCTETS: usize = 32 << 20;
/// How often a writer is ticked.
pub(super) const TICK: Duration = Duration::from_millis(100);

/// Binds a socket to HOST:PORT, or to a port of 127.0.0.1.
pub(super) fn listen(address: &str) -> Result<UdpSocket, Failure> {
    let usage = |why: &dyn std::fmt::Display| Failure::Usage(format!("--udp {address}: {why}"));
    let full = match address.parse::<u16>() {
        Ok(port) => format!("127.0.0.1:{port}"),
        Err(_) => address.to_owned(),
    };
    let addresses: Vec<SocketAddr> = full
        .to_socket_addrs()
        .map_err(|error| usage(&error))?
        .collect();
    let socket = UdpSocket::bind(&addresses[..]).map_err(|error| usage(&error))?;
    socket
        .set_read_timeout(Some(TICK))
        .map_err(|error| usage(&error))?;
    Ok(socket)
}

/// A datagram, between whom, and when it came.
pub(super) type Datagram = (Flow, Vec<u8>, u64);

/// Takes datagrams while the disk is at work.
pub(super) struct Receiver {
    pub(super) socket: UdpSocket,
    pub(super) address: SocketAddr,
    pub(super) stop: Arc<AtomicBool>,
    pub(super) dropped: Arc<AtomicU64>,
    /// Octets of datagrams that wait.
    pub(super) waiting: Arc<AtomicUsize>,
}

impl Receiver {
    pub(super) fn run(self, datagrams: &SyncSender<Datagram>) -> io::Result<()> {
        let mut octets = vec![0; usize::from(u16::MAX)];
        while !self.stop.load(Ordering::Relaxed) {
            let (len, source) = match self.socket.recv_from(&mut octets) {
                Ok(received) => received,
                Err(error)
                    if matches!(
                        error.kind(),
                        io::ErrorKind::WouldBlock
                            | io::ErrorKind::TimedOut
                            | io::ErrorKind::Interrupted
                            // What Windows says of a datagram that was sent elsewhere.
                            | io::ErrorKind::ConnectionReset
                    ) =>
                {
                    continue;
                }
                Err(error) => return Err(error),
            };
            let flow = Flow {
                source,
                destination: self.address,
            };
            // This thread alone adds to it.
            if self.waiting.load(Ordering::Relaxed) + len > WAITING_OCTETS {
                self.dropped.fetch_add(1, Ordering::Relaxed);
                continue;
            }
            self.waiting.fetch_add(len, Ordering::Relaxed);
            let datagram = (flow, octets[..len].to_vec(), SystemClock.unix_micros());
            match datagrams.try_send(datagram) {
                Ok(()) => {}
                Err(TrySendError::Full(_)) => {
                    self.waiting.fetch_sub(len, Ordering::Relaxed);
                    self.dropped.fetch_add(1, Ordering::Relaxed);
                }
                Err(TrySendError::Disconnected(_)) => break,
            }
        }
        Ok(())
    }
}
