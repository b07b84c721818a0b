//! The calls of a Mac's kernel.
#![allow(unsafe_code, reason = "tables are written by foreign functions")]

use std::ffi::{CStr, c_int, c_void};
use std::io;
use std::os::fd::{AsRawFd, OwnedFd};
use std::ptr::null_mut;
use std::sync::Arc;
use std::time::SystemTime;

use nix::sys::socket::{
    AddressFamily, MsgFlags, SockFlag, SockProtocol, SockType, SysControlAddr, connect, recv, send,
    setsockopt, socket, sockopt::RcvBuf,
};
use nix::unistd::{Uid, User, geteuid};
use procnet_core::text::{MAX_NAME, sanitized};
use procnet_core::{Protocol, Timestamp};

use crate::macos::System;
use crate::parse::macos::socket_info::{DESCRIPTOR_LENGTH, SOCKET_INFO_LENGTH};
use crate::parse::macos::statistics::CONTROL_NAME;

/// `PROC_PIDFDSOCKETINFO` of `sys/proc_info.h`.
const SOCKET_INFO: c_int = 3;
/// Most bytes that one table may have.
const MAX_TABLE: usize = 256 << 20;
/// Tables grow while they are asked for: so often is it asked again.
const MAX_ATTEMPTS: usize = 8;
/// Most descriptors of one process that are looked at.
const MAX_DESCRIPTORS: usize = 65_536;
/// Longest arguments of a process that are read: what follows is its environment.
const MAX_ARGUMENTS_LENGTH: usize = 64 << 10;
/// Longest message of the network statistics, and what the kernel shall keep of them for us.
const MAX_MESSAGES: usize = 64 << 10;
const KEPT_MESSAGES: usize = 1 << 20;

/// This machine.
#[derive(Debug, Default)]
pub(super) struct Kernel {
    statistics: Option<OwnedFd>,
}

impl System for Kernel {
    fn processes(&mut self, to: &mut Vec<u8>) -> io::Result<()> {
        let name = [libc::CTL_KERN, libc::KERN_PROC, libc::KERN_PROC_ALL];
        table(to, |to| sysctl(&name, to))
    }

    fn path(&mut self, pid: u32, to: &mut Vec<u8>) -> io::Result<()> {
        let (pid, room) = (id(pid)?, libc::PROC_PIDPATHINFO_MAXSIZE as usize);
        clear(to, room);
        // SAFETY: `to` may be written to, and no more than its length is.
        let length = unsafe { libc::proc_pidpath(pid, to.as_mut_ptr().cast(), room as u32) };
        written(to, length)
    }

    fn arguments(&mut self, pid: u32, to: &mut Vec<u8>) -> io::Result<()> {
        clear(to, MAX_ARGUMENTS_LENGTH);
        let length = sysctl(&[libc::CTL_KERN, libc::KERN_PROCARGS2, id(pid)?], to)?;
        to.truncate(length);
        Ok(())
    }

    fn account(&mut self, uid: u32) -> Option<Arc<str>> {
        let user = User::from_uid(Uid::from_raw(uid)).ok()??;
        Some(sanitized(user.name.as_bytes(), MAX_NAME))
    }

    fn sockets(&mut self, protocol: Protocol, to: &mut Vec<u8>) -> io::Result<()> {
        let name = match protocol {
            Protocol::Tcp => c"net.inet.tcp.pcblist_n",
            Protocol::Udp => c"net.inet.udp.pcblist_n",
            Protocol::Unix => return Err(io::ErrorKind::Unsupported.into()),
        };
        table(to, |to| sysctl_by_name(name, to))
    }

    fn descriptors(&mut self, pid: u32, to: &mut Vec<u8>) -> io::Result<()> {
        let pid = id(pid)?;
        let mut room = 256 * DESCRIPTOR_LENGTH;
        loop {
            clear(to, room);
            // SAFETY: `to` may be written to, and no more than its length is.
            let length = unsafe {
                let place = to.as_mut_ptr().cast();
                libc::proc_pidinfo(pid, libc::PROC_PIDLISTFDS, 0, place, room as c_int)
            };
            written(to, length)?;
            // A full buffer is one that may have been too short.
            if to.len() < room || room >= MAX_DESCRIPTORS * DESCRIPTOR_LENGTH {
                return Ok(());
            }
            room *= 4;
        }
    }

    fn socket(&mut self, pid: u32, descriptor: i32, to: &mut Vec<u8>) -> io::Result<()> {
        let pid = id(pid)?;
        clear(to, SOCKET_INFO_LENGTH);
        // SAFETY: `to` may be written to, and no more than its length is.
        let length = unsafe {
            let (place, room) = (to.as_mut_ptr().cast(), SOCKET_INFO_LENGTH as c_int);
            libc::proc_pidfdinfo(pid, descriptor, SOCKET_INFO, place, room)
        };
        written(to, length)
    }

    fn connect(&mut self) -> io::Result<()> {
        self.statistics = None;
        let control = socket(
            AddressFamily::System,
            SockType::Datagram,
            SockFlag::empty(),
            SockProtocol::KextControl,
        )?;
        let address = SysControlAddr::from_name(control.as_raw_fd(), CONTROL_NAME, 0)?;
        connect(control.as_raw_fd(), &address)?;
        // With less it works too, but loses more.
        let _ = setsockopt(&control, RcvBuf, &KEPT_MESSAGES);
        self.statistics = Some(control);
        Ok(())
    }

    fn ask(&mut self, message: &[u8]) -> io::Result<()> {
        let control = self.statistics.as_ref().ok_or(io::ErrorKind::NotConnected)?;
        send(control.as_raw_fd(), message, MsgFlags::MSG_DONTWAIT)?;
        Ok(())
    }

    fn hear(&mut self, to: &mut Vec<u8>) -> io::Result<()> {
        let control = self.statistics.as_ref().ok_or(io::ErrorKind::NotConnected)?;
        clear(to, MAX_MESSAGES);
        match recv(control.as_raw_fd(), to, MsgFlags::MSG_DONTWAIT).map_err(io::Error::from) {
            Ok(0) => Err(io::ErrorKind::ConnectionAborted.into()),
            Ok(length) => {
                to.truncate(length);
                Ok(())
            }
            Err(error)
                if matches!(
                    error.kind(),
                    io::ErrorKind::WouldBlock | io::ErrorKind::Interrupted
                ) =>
            {
                to.clear();
                Ok(())
            }
            Err(error) => Err(error),
        }
    }

    fn is_root(&self) -> bool {
        geteuid().is_root()
    }

    fn now(&self) -> Timestamp {
        let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        Timestamp(i64::try_from(since.as_nanos()).unwrap_or(i64::MAX))
    }
}

fn id(pid: u32) -> io::Result<c_int> {
    c_int::try_from(pid).map_err(|_| io::ErrorKind::NotFound.into())
}

/// Makes it so many zeros.
fn clear(buffer: &mut Vec<u8>, length: usize) {
    buffer.clear();
    buffer.resize(length, 0);
}

/// Of a function of `libproc`, which returns how many bytes it wrote, or 0 where it failed.
fn written(to: &mut Vec<u8>, length: c_int) -> io::Result<()> {
    match usize::try_from(length) {
        Ok(length) if length > 0 => {
            to.truncate(length);
            Ok(())
        }
        _ => {
            to.clear();
            Err(io::Error::last_os_error())
        }
    }
}

/// Fills the buffer with a table, of which `read` tells the length where it is given no room.
fn table(to: &mut Vec<u8>, mut read: impl FnMut(&mut [u8]) -> io::Result<usize>) -> io::Result<()> {
    for _ in 0..MAX_ATTEMPTS {
        let needed = read(&mut [])?;
        // Some more, for what is added until it is read.
        let room = needed + needed / 8 + 4096;
        if room > MAX_TABLE {
            return Err(io::ErrorKind::FileTooLarge.into());
        }
        clear(to, room);
        match read(to) {
            Ok(length) => {
                to.truncate(length);
                return Ok(());
            }
            Err(error) if error.raw_os_error() == Some(libc::ENOMEM) => {}
            Err(error) => return Err(error),
        }
    }
    to.clear();
    Err(io::Error::new(io::ErrorKind::ResourceBusy, "it grows faster than it can be read"))
}

/// Reads what is called `name`, and returns how many bytes were written: without room, how many it
/// would be.
fn sysctl(name: &[c_int], to: &mut [u8]) -> io::Result<usize> {
    // The call does not write to the name, whatever its type says.
    let (start, count) = (name.as_ptr().cast_mut(), name.len() as u32);
    let mut length = to.len();
    // SAFETY: `name` has `count` numbers; the place is null or may be written to, and no more than
    // `length` bytes are, which may be written to itself; nothing is set.
    let status = unsafe { libc::sysctl(start, count, place(to), &raw mut length, null_mut(), 0) };
    if status == 0 { Ok(length) } else { Err(io::Error::last_os_error()) }
}

/// The same of what has a name in words.
fn sysctl_by_name(name: &CStr, to: &mut [u8]) -> io::Result<usize> {
    let mut length = to.len();
    // SAFETY: `name` ends with a NUL; the rest is as above.
    let status =
        unsafe { libc::sysctlbyname(name.as_ptr(), place(to), &raw mut length, null_mut(), 0) };
    if status == 0 { Ok(length) } else { Err(io::Error::last_os_error()) }
}

/// Where to write: nowhere, if there is no room.
fn place(to: &mut [u8]) -> *mut c_void {
    if to.is_empty() { null_mut() } else { to.as_mut_ptr().cast() }
}
