//! Enters other network namespaces, for as long as it takes to open a socket there.

use std::io;
use std::os::fd::AsFd;

use rustix::thread::{LinkNameSpaceType, move_into_link_name_space};

use super::procfs::Procfs;
use super::routes::Routes;
use super::sock_diag::DiagSocket;

/// A namespace to open a socket in, and processes that live there.
#[derive(Debug)]
pub(super) struct Destination {
    pub(super) netns: u64,
    pub(super) pids: Vec<u32>,
}

/// What is opened in a namespace.
#[derive(Debug)]
pub(super) struct Opened {
    pub(super) diag: DiagSocket,
    pub(super) routes: Option<Routes>,
}

/// Opens sockets in each namespace, on a thread of its own that ends with it: the calling thread
/// stays where it is. One answer per destination, in order.
pub(super) fn open_sockets(
    procfs: &Procfs,
    destinations: &[Destination],
) -> Vec<io::Result<Opened>> {
    std::thread::scope(|scope| {
        let builder = std::thread::Builder::new().name("procnet-netns".to_owned());
        let visit = || destinations.iter().map(|to| open_socket(procfs, to)).collect();
        match builder.spawn_scoped(scope, visit) {
            Ok(thread) => thread.join().unwrap_or_default(),
            Err(_) => Vec::new(),
        }
    })
}

/// Moves the calling thread.
fn open_socket(procfs: &Procfs, to: &Destination) -> io::Result<Opened> {
    let mut last = io::Error::from(io::ErrorKind::NotFound);
    for pid in &to.pids {
        match enter(procfs, *pid, to.netns).and_then(|()| DiagSocket::open()) {
            Ok(diag) => return Ok(Opened { diag, routes: Routes::open().ok() }),
            Err(error) => last = error,
        }
    }
    Err(last)
}

fn enter(procfs: &Procfs, pid: u32, netns: u64) -> io::Result<()> {
    let link = procfs.process(pid)?.open_netns()?;
    // The process may have moved on, or ended and been followed by another.
    if rustix::fs::fstat(&link)?.st_ino != netns {
        return Err(io::ErrorKind::NotFound.into());
    }
    Ok(move_into_link_name_space(link.as_fd(), Some(LinkNameSpaceType::Network))?)
}

/// Whether namespaces may be entered at all: enters the one that it is in, which takes the same
/// right.
pub(super) fn may_enter(procfs: &Procfs) -> bool {
    let probe = || -> io::Result<()> {
        let link = procfs.own()?.open_netns()?;
        Ok(move_into_link_name_space(link.as_fd(), Some(LinkNameSpaceType::Network))?)
    };
    std::thread::scope(|scope| {
        let builder = std::thread::Builder::new().name("procnet-netns".to_owned());
        builder
            .spawn_scoped(scope, probe)
            .is_ok_and(|thread| thread.join().is_ok_and(|entered| entered.is_ok()))
    })
}
