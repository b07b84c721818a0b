//! Reads the tables of sockets: `GetExtendedTcpTable` and `GetExtendedUdpTable`.
#![allow(unsafe_code, reason = "the tables are written by a foreign function")]

use std::ffi::c_void;
use std::io;

use windows_sys::Win32::Foundation::{
    ERROR_INSUFFICIENT_BUFFER, ERROR_NO_DATA, ERROR_NOT_SUPPORTED, NO_ERROR,
};
use windows_sys::Win32::NetworkManagement::IpHelper::{
    GetExtendedTcpTable, GetExtendedUdpTable, TCP_TABLE_OWNER_MODULE_ALL, UDP_TABLE_OWNER_MODULE,
};
use windows_sys::Win32::Networking::WinSock::{AF_INET, AF_INET6};

use super::buffer::{Answer, Buffer};
use crate::parse::windows::tables::{Detail, Rows, Table};

/// One of the four tables, as it was read last.
#[derive(Debug)]
pub(super) struct SocketTable {
    table: Table,
    buffer: Buffer,
}

impl SocketTable {
    pub(super) fn new(table: Table) -> Self {
        Self { table, buffer: Buffer::default() }
    }

    /// Its transport protocol.
    pub(super) fn table(&self) -> Table {
        self.table
    }

    /// Reads it anew. When that fails, it has no rows.
    pub(super) fn read(&mut self) -> io::Result<()> {
        let table = self.table;
        self.buffer.fill(0, |to, room| read(table, to, room))?;
        let length = self.rows().length();
        self.buffer.keep(length);
        Ok(())
    }

    /// What was read.
    pub(super) fn rows(&self) -> Rows<'_> {
        Rows::new(self.table, Detail::Module, self.buffer.bytes())
    }
}

fn read(table: Table, to: *mut c_void, room: u32) -> io::Result<Answer> {
    let family = u32::from(match table {
        Table::Tcp4 | Table::Udp4 => AF_INET,
        Table::Tcp6 | Table::Udp6 => AF_INET6,
    });
    let mut length = room;
    // In no order: sorting is work, and the differ needs none.
    let sorted = 0;
    let status = match table {
        // SAFETY: `to` points to `room` bytes that nobody else uses, `length` says so, and no
        // more than that is written.
        Table::Tcp4 | Table::Tcp6 => unsafe {
            GetExtendedTcpTable(to, &mut length, sorted, family, TCP_TABLE_OWNER_MODULE_ALL, 0)
        },
        // SAFETY: the same.
        Table::Udp4 | Table::Udp6 => unsafe {
            GetExtendedUdpTable(to, &mut length, sorted, family, UDP_TABLE_OWNER_MODULE, 0)
        },
    };
    match status {
        // How long it is, the table says itself.
        NO_ERROR => Ok(Answer::Fits(room as usize)),
        ERROR_INSUFFICIENT_BUFFER => Ok(Answer::Needs(length as usize)),
        // No sockets, or no such protocol on this machine.
        ERROR_NO_DATA | ERROR_NOT_SUPPORTED => Ok(Answer::Fits(0)),
        error => Err(io::Error::from_raw_os_error(error.cast_signed())),
    }
}
