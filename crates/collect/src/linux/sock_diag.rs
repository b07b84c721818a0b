//! Reads the kernel's socket tables over netlink (sock_diag(7)).

mod find;

use std::io;
use std::os::fd::OwnedFd;
use std::time::Duration;

use procnet_core::Protocol;
use rustix::io::Errno;
use rustix::net::netlink::{self, SocketAddrNetlink};
use rustix::net::sockopt::{Timeout, set_socket_recv_buffer_size, set_socket_timeout};
use rustix::net::{AddressFamily, RecvFlags, SendFlags, SocketFlags, SocketType};

use crate::parse::SocketRow;
use crate::parse::inet_diag::{self, ALL_STATES, Family, NO_STATE, SOCK_DIAG_BY_FAMILY, SYN_SENT};
use crate::parse::netlink::{Messages, NLM_F_DUMP_INTR, NLMSG_DONE, NLMSG_ERROR, NLMSG_OVERRUN};
use crate::parse::unix_diag::{self, UnixRow};

/// The kernel fills at most 32 KiB per datagram today; what does not fit is noticed.
const BUFFER_LENGTH: usize = 256 * 1024;
/// A dump that was inconsistent is asked for again this many times, then taken as it is.
const RETRIES: u32 = 2;
/// The kernel answers at once; this only keeps a lost end of dump from blocking for ever.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(5);

/// Most sockets that one scan takes in, over all tables.
pub(super) const MAX_SOCKETS: usize = 1_000_000;

/// Memory for answers, used again for every dump.
#[derive(Debug)]
pub(super) struct Buffer(Vec<u8>);

impl Buffer {
    pub(super) fn new() -> Self {
        Self(vec![0; BUFFER_LENGTH])
    }
}

/// How a dump went.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Outcome {
    /// It stayed inconsistent or incomplete, in spite of the retries.
    pub(super) interrupted: bool,
    /// Rows that were left out because there were more than [`MAX_SOCKETS`].
    pub(super) left_out: u64,
}

/// A netlink socket. It stays bound to the network namespace that it was opened in, whatever
/// thread uses it.
#[derive(Debug)]
pub(super) struct DiagSocket {
    socket: OwnedFd,
    sequence: u32,
}

impl DiagSocket {
    /// Opens one in the calling thread's network namespace.
    pub(super) fn open() -> io::Result<Self> {
        let socket = rustix::net::socket_with(
            AddressFamily::NETLINK,
            SocketType::RAW,
            SocketFlags::CLOEXEC,
            Some(netlink::SOCK_DIAG),
        )?;
        // Connected to the kernel (port 0), it takes messages from nobody else.
        rustix::net::connect(&socket, &SocketAddrNetlink::new(0, 0))?;
        set_socket_timeout(&socket, Timeout::Recv, Some(ANSWER_TIMEOUT))?;
        // More is better, less works.
        let _ = set_socket_recv_buffer_size(&socket, 4 * BUFFER_LENGTH);
        Ok(Self { socket, sequence: 0 })
    }

    /// Appends every socket of one family and protocol that is in one of the `states` to `rows`.
    pub(super) fn dump(
        &mut self,
        family: Family,
        protocol: Protocol,
        states: u32,
        buffer: &mut Buffer,
        rows: &mut Vec<SocketRow>,
    ) -> io::Result<Outcome> {
        let start = rows.len();
        let mut tries = 0;
        loop {
            let outcome = self.dump_once(family, protocol, states, buffer, rows)?;
            if !outcome.interrupted || tries == RETRIES {
                return Ok(outcome);
            }
            tries += 1;
            rows.truncate(start);
        }
    }

    /// Appends every TCP socket of one family that waits for an answer to its SYN.
    pub(super) fn dump_connecting(
        &mut self,
        family: Family,
        buffer: &mut Buffer,
        rows: &mut Vec<SocketRow>,
    ) -> io::Result<Outcome> {
        self.dump_once(family, Protocol::Tcp, SYN_SENT, buffer, rows)
    }

    /// Whether the kernel answers for such sockets at all.
    pub(super) fn probe(
        &mut self,
        family: Family,
        protocol: Protocol,
        buffer: &mut Buffer,
    ) -> io::Result<()> {
        self.dump_once(family, protocol, NO_STATE, buffer, &mut Vec::new()).map(drop)
    }

    /// Appends every UNIX socket to `rows`, with what is made of it.
    pub(super) fn dump_unix<T>(
        &mut self,
        buffer: &mut Buffer,
        rows: &mut Vec<T>,
        make: impl Fn(UnixRow) -> T,
    ) -> io::Result<Outcome> {
        let start = rows.len();
        let mut tries = 0;
        loop {
            let outcome = self.ask(
                |sequence| unix_diag::request(ALL_STATES, sequence),
                buffer,
                |payload| {
                    let room = rows.len() < MAX_SOCKETS;
                    if room {
                        rows.extend(unix_diag::parse(payload).map(&make));
                    }
                    room
                },
            )?;
            if !outcome.interrupted || tries == RETRIES {
                return Ok(outcome);
            }
            tries += 1;
            rows.truncate(start);
        }
    }

    /// Whether the kernel answers for UNIX sockets at all.
    pub(super) fn probe_unix(&mut self, buffer: &mut Buffer) -> io::Result<()> {
        self.ask(|sequence| unix_diag::request(NO_STATE, sequence), buffer, |_| true).map(drop)
    }

    /// One dump, always read to its end, so that the next one starts clean.
    fn dump_once(
        &mut self,
        family: Family,
        protocol: Protocol,
        states: u32,
        buffer: &mut Buffer,
        rows: &mut Vec<SocketRow>,
    ) -> io::Result<Outcome> {
        let request = |sequence| inet_diag::request(family, protocol, states, sequence);
        self.ask(request, buffer, |payload| take_row(protocol, payload, rows))
    }

    /// Sends a request for a dump and hands every answer to `take`, which says whether there was
    /// room for it.
    fn ask<const N: usize>(
        &mut self,
        request: impl FnOnce(u32) -> [u8; N],
        buffer: &mut Buffer,
        take: impl FnMut(&[u8]) -> bool,
    ) -> io::Result<Outcome> {
        self.sequence = self.sequence.wrapping_add(1);
        let request = request(self.sequence);
        rustix::io::retry_on_intr(|| {
            rustix::net::send(&self.socket, &request, SendFlags::empty())
        })?;
        let receive = |buffer: &mut [u8]| {
            rustix::io::retry_on_intr(|| {
                rustix::net::recv(&self.socket, &mut *buffer, RecvFlags::TRUNC)
            })
        };
        gather(self.sequence, buffer, receive, take)
    }
}

/// Receives one dump to its end. `receive` says how much it received, and of how much.
fn gather(
    sequence: u32,
    buffer: &mut Buffer,
    mut receive: impl FnMut(&mut [u8]) -> rustix::io::Result<(usize, usize)>,
    mut take: impl FnMut(&[u8]) -> bool,
) -> io::Result<Outcome> {
    let mut outcome = Outcome::default();
    loop {
        let (length, whole_length) = match receive(buffer.0.as_mut_slice()) {
            Ok(lengths) => lengths,
            // Messages were dropped, but the dump goes on.
            Err(Errno::NOBUFS) => {
                outcome.interrupted = true;
                continue;
            }
            Err(error) => return Err(error.into()),
        };
        if length == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        outcome.interrupted |= whole_length > length;
        let datagram = buffer.0.get(..length).unwrap_or_default();
        if read_datagram(datagram, sequence, &mut take, &mut outcome)? {
            return Ok(outcome);
        }
    }
}

/// Takes in one answer, if there is room.
fn take_row(protocol: Protocol, payload: &[u8], rows: &mut Vec<SocketRow>) -> bool {
    let room = rows.len() < MAX_SOCKETS;
    if room {
        rows.extend(inet_diag::parse(protocol, payload));
    }
    room
}

/// Takes in one datagram of a dump; true if it was the last one.
fn read_datagram(
    datagram: &[u8],
    sequence: u32,
    take: &mut impl FnMut(&[u8]) -> bool,
    outcome: &mut Outcome,
) -> io::Result<bool> {
    let mut messages = Messages::new(datagram);
    for message in messages.by_ref() {
        if message.sequence != sequence {
            continue;
        }
        outcome.interrupted |= message.flags & NLM_F_DUMP_INTR != 0;
        match message.kind {
            SOCK_DIAG_BY_FAMILY => outcome.left_out += u64::from(!take(message.payload)),
            NLMSG_OVERRUN => outcome.interrupted = true,
            NLMSG_DONE => {
                return message.error().map_or(Ok(true), |e| Err(io::Error::from_raw_os_error(e)));
            }
            NLMSG_ERROR => {
                let code = message.error().unwrap_or(Errno::IO.raw_os_error());
                return Err(io::Error::from_raw_os_error(code));
            }
            _ => {}
        }
    }
    outcome.interrupted |= messages.malformed();
    Ok(false)
}

#[cfg(test)]
mod tests;
