//! Finds one socket by both of its ends, without a dump.

use std::io;

use procnet_core::{Endpoint, Protocol};
use rustix::io::Errno;
use rustix::net::{RecvFlags, SendFlags};

use super::DiagSocket;
use crate::parse::SocketRow;
use crate::parse::inet_diag::{self, SOCK_DIAG_BY_FAMILY};
use crate::parse::netlink::{Messages, NLMSG_ERROR};

/// One answer is some 300 bytes.
const ANSWER_LENGTH: usize = 8 * 1024;

impl DiagSocket {
    /// The TCP socket with those ends. Where there is none the kernel may answer with the listener
    /// that a connection to `local` would reach.
    pub(in crate::platform) fn find_tcp(
        &mut self,
        local: Endpoint,
        remote: Endpoint,
    ) -> io::Result<Option<SocketRow>> {
        self.sequence = self.sequence.wrapping_add(1);
        let request = inet_diag::request_one(local, remote, self.sequence);
        rustix::io::retry_on_intr(|| {
            rustix::net::send(&self.socket, &request, SendFlags::empty())
        })?;
        let mut buffer = [0; ANSWER_LENGTH];
        loop {
            let (length, _) = rustix::io::retry_on_intr(|| {
                rustix::net::recv(&self.socket, buffer.as_mut_slice(), RecvFlags::TRUNC)
            })?;
            if length == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            let answer = buffer.get(..length).unwrap_or_default();
            // What an earlier request was too impatient to wait for is passed over.
            let ours = Messages::new(answer).find(|message| message.sequence == self.sequence);
            let Some(message) = ours else { continue };
            return match (message.kind, message.error()) {
                (SOCK_DIAG_BY_FAMILY, _) => Ok(inet_diag::parse(Protocol::Tcp, message.payload)),
                (NLMSG_ERROR, Some(code)) if code == Errno::NOENT.raw_os_error() => Ok(None),
                (NLMSG_ERROR, Some(code)) => Err(io::Error::from_raw_os_error(code)),
                _ => Err(io::ErrorKind::InvalidData.into()),
            };
        }
    }
}
