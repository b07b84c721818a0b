//! Who is at the other end of a connection, by the kernel's list of TCP sockets.

use std::net::SocketAddr;

use procnet_core::Protocol;

use super::kernel::Kernel;
use crate::callers::{Caller, UnknownCaller};
use crate::macos::{System as _, caller};

/// Asks who is at the other end of connections.
#[derive(Debug, Default)]
pub struct Callers {
    kernel: Kernel,
    list: Vec<u8>,
}

impl Callers {
    /// Nothing has to be opened. No privilege is needed, though without it newer systems may list
    /// the own sockets only: others' callers are unknown then.
    pub fn new() -> std::io::Result<Self> {
        Ok(Self::default())
    }

    /// Who holds the other end of the connection whose ends are `local`, ours, and `remote`.
    pub fn of(&mut self, local: SocketAddr, remote: SocketAddr) -> Result<Caller, UnknownCaller> {
        self.kernel.sockets(Protocol::Tcp, &mut self.list).map_err(UnknownCaller::Refused)?;
        caller::between(local, remote, &self.list)
    }
}
