//! Asks the kernel which local address it would send from: what a socket that is bound to none has
//! towards one peer. Nothing is sent.

use std::io;
use std::net::IpAddr;
use std::os::fd::OwnedFd;
use std::time::Duration;

use rustc_hash::FxHashMap;
use rustix::net::netlink::SocketAddrNetlink;
use rustix::net::sockopt::{Timeout, set_socket_timeout};
use rustix::net::{AddressFamily, RecvFlags, SendFlags, SocketFlags, SocketType};

use crate::parse::netlink::{Messages, NLMSG_ERROR};
use crate::parse::route;

/// An answer fits many times over.
const BUFFER_LENGTH: usize = 8192;
/// The kernel answers at once; this only keeps a lost answer from blocking for ever.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(1);
/// Most answers that are kept.
const MAX_KNOWN: usize = 4096;

/// A netlink socket for questions about routes, with the answers that it got. It stays in the
/// network namespace that it was opened in, whatever thread uses it.
#[derive(Debug)]
pub(super) struct Routes {
    socket: OwnedFd,
    sequence: u32,
    /// `None`: there is no route.
    known: FxHashMap<IpAddr, Option<IpAddr>>,
}

impl Routes {
    /// Opens one in the calling thread's network namespace.
    pub(super) fn open() -> io::Result<Self> {
        let socket = rustix::net::socket_with(
            AddressFamily::NETLINK,
            SocketType::RAW,
            SocketFlags::CLOEXEC,
            // NETLINK_ROUTE is the protocol number 0.
            None,
        )?;
        // Connected to the kernel (port 0), it takes messages from nobody else.
        rustix::net::connect(&socket, &SocketAddrNetlink::new(0, 0))?;
        set_socket_timeout(&socket, Timeout::Recv, Some(ANSWER_TIMEOUT))?;
        Ok(Self { socket, sequence: 0, known: FxHashMap::default() })
    }

    /// Routes change: asks again from now on.
    pub(super) fn forget(&mut self) {
        self.known.clear();
    }

    /// The local address towards `remote`. Asks the kernel only if `budget` is left, and takes one
    /// from it.
    pub(super) fn local_towards(&mut self, remote: IpAddr, budget: &mut usize) -> Option<IpAddr> {
        if let Some(known) = self.known.get(&remote) {
            return *known;
        }
        *budget = budget.checked_sub(1)?;
        // No route, or no answer: until they are forgotten, both mean the same.
        let local = self.ask(remote).ok().flatten();
        if self.known.len() >= MAX_KNOWN {
            self.known.clear();
        }
        self.known.insert(remote, local);
        local
    }

    fn ask(&mut self, remote: IpAddr) -> io::Result<Option<IpAddr>> {
        self.sequence = self.sequence.wrapping_add(1);
        let request = route::request(remote, self.sequence);
        rustix::io::retry_on_intr(|| {
            rustix::net::send(&self.socket, &request, SendFlags::empty())
        })?;
        let mut buffer = [0; BUFFER_LENGTH];
        loop {
            let (length, _) = rustix::io::retry_on_intr(|| {
                rustix::net::recv(&self.socket, &mut buffer[..], RecvFlags::empty())
            })?;
            let datagram = buffer.get(..length).unwrap_or_default();
            if datagram.is_empty() {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            let mut messages = Messages::new(datagram).filter(|m| m.sequence == self.sequence);
            // An answer to an earlier question that came too late is left out.
            match messages.find(|m| matches!(m.kind, route::RTM_NEWROUTE | NLMSG_ERROR)) {
                Some(message) if message.kind == NLMSG_ERROR => return Ok(None),
                Some(message) => return Ok(route::parse(message.payload)),
                None => {}
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn towards_loopback_it_is_loopback() {
        let mut routes = Routes::open().expect("netlink is there");
        let loopback: IpAddr = "127.0.0.1".parse().unwrap();
        let mut budget = 1;
        assert_eq!(routes.local_towards(loopback, &mut budget), Some(loopback));
        assert_eq!(budget, 0);
        assert_eq!(routes.local_towards(loopback, &mut budget), Some(loopback), "it is known now");
        routes.forget();
        assert_eq!(routes.local_towards(loopback, &mut budget), None, "it may not ask");
    }
}
