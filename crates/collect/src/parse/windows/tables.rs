//! The socket tables of `GetExtendedTcpTable` and `GetExtendedUdpTable` (`tcpmib.h`, `udpmib.h`):
//! a number of rows, padding where the rows have eight-byte fields, and the rows.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use procnet_core::{
    Attribution, Counters, Endpoint, Owner, Owners, ProcessKey, Protocol, Socket, SocketKey,
    SocketState, Timestamp, UnknownOwner,
};

use super::super::netlink::array;
use super::super::row::peer;
use super::super::sighting::tuple_key;
use super::timestamp;

/// The pid that Windows writes where no process holds the socket any more.
const NOBODY: u32 = 0;

/// Which of the four tables.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Table {
    /// TCP over IPv4.
    Tcp4,
    /// TCP over IPv6.
    Tcp6,
    /// UDP over IPv4.
    Udp4,
    /// UDP over IPv6.
    Udp6,
}

impl Table {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Tcp4, Self::Tcp6, Self::Udp4, Self::Udp6];

    /// Its transport protocol.
    pub const fn protocol(self) -> Protocol {
        match self {
            Self::Tcp4 | Self::Tcp6 => Protocol::Tcp,
            Self::Udp4 | Self::Udp6 => Protocol::Udp,
        }
    }
}

/// How much of each row was asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Detail {
    /// `OWNER_PID` tables: who holds it.
    Pid,
    /// `OWNER_MODULE` tables: also since when, and for which service.
    Module,
}

/// Where the fields lie in a table's rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Layout {
    first: usize,
    length: usize,
    state: Option<usize>,
    local: usize,
    remote: Option<usize>,
    pid: usize,
    created: usize,
    module: usize,
}

impl Layout {
    const fn of(table: Table, detail: Detail) -> Self {
        // Without modules a row ends after the pid.
        let (state, local, remote, pid, created, module, length) = match table {
            Table::Tcp4 => (Some(0), 4, Some(12), 20, 24, 32, 160),
            Table::Tcp6 => (Some(48), 0, Some(24), 52, 56, 64, 192),
            Table::Udp4 => (None, 0, None, 8, 16, 32, 160),
            Table::Udp6 => (None, 0, None, 24, 32, 48, 176),
        };
        let (first, length) = match detail {
            Detail::Pid => (4, pid + 4),
            Detail::Module => (8, length),
        };
        Self { first, length, state, local, remote, pid, created, module }
    }
}

/// A socket as a table tells it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TableRow {
    /// Transport protocol.
    pub protocol: Protocol,
    /// Where it is in its life. UDP sockets have no remote end in the tables, and so listen.
    pub state: SocketState,
    /// The local end.
    pub local: Endpoint,
    /// The interface that the local address belongs to, for a link-local one; else 0.
    pub local_scope: u32,
    /// The remote end, if there is one.
    pub remote: Option<Endpoint>,
    /// The interface that the remote address is reached by, for a link-local one; else 0.
    pub remote_scope: u32,
    /// Who holds it; 0 for nobody, 4 for the system itself.
    pub pid: u32,
    /// When it was bound or connected, where the table says so.
    pub created: Option<Timestamp>,
    /// Which of a process' services it is for, where the table says so: a number that the service
    /// manager gave.
    pub service_tag: Option<u32>,
}

impl TableRow {
    /// The socket's identity: Windows gives it no handle of its own.
    pub fn key(&self) -> SocketKey {
        tuple_key(self.protocol, self.local, self.remote, self.pid)
    }

    /// The socket, held by `owner`: the process that has the row's pid, if it is known.
    pub fn socket(&self, owner: Option<ProcessKey>) -> Socket {
        let held = |process| Owner { process, attribution: Attribution::Held };
        let unknown_owner =
            if self.pid == NOBODY { UnknownOwner::Kernel } else { UnknownOwner::NotFound };
        Socket {
            key: self.key(),
            protocol: self.protocol,
            state: self.state,
            local: self.local,
            remote: self.remote,
            // The tables don't tell, and a listener may take both.
            v6_only: false,
            uid: None,
            owners: owner.filter(|_| self.pid != NOBODY).map(held).into_iter().collect::<Owners>(),
            unknown_owner,
            role: None,
            counters: Counters::default(),
            opened: self.created.unwrap_or_default(),
            remote_name: None,
            unix: None,
        }
    }
}

/// The one row of a connection with those ends. None if there are two: then neither is for sure.
pub fn row_between(rows: Rows<'_>, local: Endpoint, remote: Endpoint) -> Option<TableRow> {
    let mut rows = rows.filter(|row| {
        Endpoint::new(row.local.ip, row.local.port) == local
            && row.remote.map(|end| Endpoint::new(end.ip, end.port)) == Some(remote)
    });
    let found = rows.next()?;
    rows.next().is_none().then_some(found)
}

/// The rows of one table.
#[derive(Clone, Debug)]
pub struct Rows<'a> {
    table: Table,
    detail: Detail,
    layout: Layout,
    rest: &'a [u8],
    /// How many rows are still to come, says the table.
    told: u32,
    unreadable: u32,
}

impl<'a> Rows<'a> {
    /// Walks the rows of a table. The buffer may be longer than the table.
    pub fn new(table: Table, detail: Detail, buffer: &'a [u8]) -> Self {
        let layout = Layout::of(table, detail);
        let told = array(buffer, 0).map_or(0, u32::from_le_bytes);
        let rest = buffer.get(layout.first..).unwrap_or_default();
        Self { table, detail, layout, rest, told, unreadable: 0 }
    }

    /// How many bytes the table has, with the rows that are still to come.
    pub fn length(&self) -> usize {
        self.layout.first + self.rest.len().min(self.told as usize * self.layout.length)
    }

    /// How many of the rows that the table claimed to have were none, so far: of a state that does
    /// not exist, or beyond the buffer's end.
    pub fn unreadable(&self) -> u32 {
        self.unreadable
    }

    fn row(&self, row: &[u8]) -> Option<TableRow> {
        let layout = &self.layout;
        let (local, local_scope) = self.endpoint(row, layout.local)?;
        let state = match layout.state {
            Some(offset) => tcp_state(u32::from_le_bytes(array(row, offset)?))?,
            None if local.port == 0 => SocketState::Closed,
            None => SocketState::Listen,
        };
        // What stands in a listener's remote fields means nothing.
        let (remote, remote_scope) = match layout.remote {
            Some(offset) if state != SocketState::Listen => {
                let (remote, scope) = self.endpoint(row, offset)?;
                (peer(remote), scope)
            }
            _ => (None, 0),
        };
        let (created, service_tag) = match self.detail {
            Detail::Pid => (None, None),
            Detail::Module => {
                let created = timestamp(u64::from_le_bytes(array(row, layout.created)?));
                // The tag is the first of sixteen numbers, and has 32 bits.
                let tag = u32::from_le_bytes(array(row, layout.module)?);
                (created, (tag != 0).then_some(tag))
            }
        };
        Some(TableRow {
            protocol: self.table.protocol(),
            state,
            local,
            local_scope,
            remote,
            remote_scope,
            pid: u32::from_le_bytes(array(row, layout.pid)?),
            created,
            service_tag,
        })
    }

    /// An address, with its scope where it has one, and a port.
    fn endpoint(&self, row: &[u8], offset: usize) -> Option<(Endpoint, u32)> {
        let (ip, scope, port) = match self.table {
            Table::Tcp4 | Table::Udp4 => {
                let address: [u8; 4] = array(row, offset)?;
                (IpAddr::V4(Ipv4Addr::from(address)), 0, offset + 4)
            }
            Table::Tcp6 | Table::Udp6 => {
                let address: [u8; 16] = array(row, offset)?;
                let address = Ipv6Addr::from(address);
                // Others have none, whatever stands there.
                let scoped = address.is_unicast_link_local() || address.is_multicast();
                let scope = if scoped { u32::from_le_bytes(array(row, offset + 16)?) } else { 0 };
                (IpAddr::V6(address), scope, offset + 20)
            }
        };
        // Of the port's 32 bits only the first 16 are ever written.
        Some((Endpoint::new(ip, u16::from_be_bytes(array(row, port)?)), scope))
    }
}

impl Iterator for Rows<'_> {
    type Item = TableRow;

    fn next(&mut self) -> Option<TableRow> {
        while self.told > 0 {
            let Some((row, rest)) = self.rest.split_at_checked(self.layout.length) else {
                self.unreadable = self.unreadable.saturating_add(std::mem::take(&mut self.told));
                return None;
            };
            self.told -= 1;
            self.rest = rest;
            if let Some(row) = self.row(row) {
                return Some(row);
            }
            self.unreadable = self.unreadable.saturating_add(1);
        }
        None
    }
}

/// Translates `MIB_TCP_STATE`. `None` for a number that does not exist.
fn tcp_state(number: u32) -> Option<SocketState> {
    Some(match number {
        // 12 is a block of memory that is about to be freed, 100 a socket that is merely bound.
        1 | 12 | 100 => SocketState::Closed,
        2 => SocketState::Listen,
        3 => SocketState::SynSent,
        4 => SocketState::SynReceived,
        5 => SocketState::Established,
        6 => SocketState::FinWait1,
        7 => SocketState::FinWait2,
        8 => SocketState::CloseWait,
        9 => SocketState::Closing,
        10 => SocketState::LastAck,
        11 => SocketState::TimeWait,
        _ => return None,
    })
}

#[cfg(test)]
mod tests;
