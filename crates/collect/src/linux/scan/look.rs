//! One look at all sockets, which takes a while: what a walk over all descriptors has told so far.

use std::io;
use std::time::Instant;

use procnet_core::{
    Attribution, HostId, NetnsId, Owner, Owners, ProcessKey, Protocol, Socket, SocketIdentity,
    SocketKey, Timestamp, UnknownOwner,
};

use super::key;
use super::reconcile::Reconciled;
use crate::differ::{Differ, Intake};
use crate::parse::SocketRow;
use crate::parse::kernel_record::ListedSocket;
use crate::parse::kernel_walk::{HeldSocket, Holder, KernelRow, Told};
use crate::parse::unix_diag::UnixRow;
use crate::platform::ebpf::{Iterators, Walk};
use crate::platform::processes::Processes;
use crate::platform::sock_diag::MAX_SOCKETS;
use crate::platform::sources::Shortfall;

/// Most holders that one look takes in, beside those that only confirm what is known.
const MAX_HOLDERS: usize = 1_000_000;

/// A look that has begun.
#[derive(Debug)]
pub(in crate::platform) struct Look {
    began: Instant,
    walk: Walk,
    /// What was remembered from the look before.
    pub(super) before: Reconciled,
    /// Whether connections that linger after their end were asked for.
    pub(super) lingering: bool,
    pub(super) shortfall: Shortfall,
    /// Who holds what, but for the one holder of a socket that is as it was known.
    holders: Vec<Holder>,
    changed: Vec<ListedSocket>,
    /// Who holds which UNIX socket.
    unix: Vec<Holder>,
    /// What there was no room for.
    left_out: u64,
    /// How many UDP sockets were told.
    udp: usize,
    /// Whether handshakes have begun somewhere that are not finished.
    half_open: bool,
}

impl Look {
    pub(super) fn new(
        began: Instant,
        walk: Walk,
        before: Reconciled,
        lingering: bool,
        shortfall: Shortfall,
    ) -> Self {
        Self {
            began,
            walk,
            before,
            lingering,
            shortfall,
            holders: Vec::new(),
            changed: Vec::new(),
            unix: Vec::new(),
            left_out: 0,
            udp: 0,
            half_open: false,
        }
    }

    /// Takes in what the walk tells until then; true if that was all.
    pub(super) fn receive(
        &mut self,
        until: Instant,
        processes: &Processes,
        differ: &mut Differ,
        with_udp: bool,
    ) -> io::Result<bool> {
        let clock = processes.clock();
        let Self { walk, holders, changed, unix, left_out, udp, half_open, .. } = self;
        let ended = walk.receive(until, |held| {
            let HeldSocket { holder, protocol, told, .. } = held;
            *half_open |= held.half_open;
            if protocol == Protocol::Unix {
                if unix.len() < MAX_HOLDERS {
                    unix.push(holder);
                } else {
                    *left_out += 1;
                }
                return;
            }
            let is_udp = protocol == Protocol::Udp;
            if is_udp && !with_udp {
                return;
            }
            *udp += usize::from(is_udp && told != Told::Elsewhere);
            match told {
                Told::Unchanged => {
                    let started = clock.ticks_of(holder.started);
                    let process = ProcessKey { host: HostId::LOCAL, pid: holder.pid, started };
                    if differ.confirm(&key_of(holder.netns, holder.cookie), &process) {
                        return;
                    }
                }
                Told::Changed(_) if changed.len() >= MAX_SOCKETS => {
                    *left_out += 1;
                    return;
                }
                Told::Changed(socket) => changed.push(socket),
                Told::Elsewhere => {}
            }
            if holders.len() < MAX_HOLDERS {
                holders.push(holder);
            } else {
                *left_out += 1;
            }
        })?;
        if ended {
            holders.sort_unstable();
            holders.dedup();
            changed.sort_unstable_by_key(|socket| socket.cookie);
            unix.sort_unstable();
            unix.dedup();
        }
        Ok(ended)
    }

    pub(in crate::platform) fn began(&self) -> Instant {
        self.began
    }

    /// What there was no room for.
    pub(super) fn left_out(&self) -> u64 {
        self.left_out
    }

    /// How many UDP sockets were told.
    pub(super) fn udp(&self) -> usize {
        self.udp
    }

    /// Whether handshakes have begun that are not finished: nobody holds them yet.
    pub(super) fn half_open(&self) -> bool {
        self.half_open
    }

    /// Whether all holders are known.
    pub(super) fn knows_holders(&self, processes: &Processes) -> bool {
        let mut holders = self.holders.iter().chain(&self.unix);
        holders.all(|holder| process(holder.pid, holder.started, processes).is_some())
    }

    /// Takes in all that changed. False if a socket was said to be as it was known, and is not
    /// known.
    pub(super) fn tell(&self, processes: &Processes, intake: &mut Intake<'_>) -> bool {
        for socket in &self.changed {
            let first = self.holders.partition_point(|holder| holder.cookie < socket.cookie);
            let holders = self.holders.get(first..).unwrap_or_default().iter();
            let holders = holders.take_while(|holder| holder.cookie == socket.cookie);
            intake.take_listed(described(socket, holders, processes));
        }
        let mut known = true;
        for holders in self.holders.chunk_by(|one, other| one.cookie == other.cookie) {
            let Some(Holder { cookie, netns, .. }) = holders.first() else { continue };
            if self.changed.binary_search_by_key(cookie, |socket| socket.cookie).is_err() {
                let owners = owners(holders.iter(), None, processes);
                known &= intake.take_holders(&key_of(*netns, *cookie), owners);
            }
        }
        known
    }

    /// Takes in a UNIX socket, with those that hold it. One that nobody does was closed after it had
    /// been listed, or is on its way from one process to another.
    pub(super) fn tell_unix(
        &self,
        netns: NetnsId,
        row: &UnixRow,
        processes: &Processes,
        intake: &mut Intake<'_>,
    ) {
        let inode = row.socket.inode;
        let first = self.unix.partition_point(|holder| holder.cookie < inode);
        let holders = self.unix.get(first..).unwrap_or_default().iter();
        let holders = holders.take_while(|holder| holder.cookie == inode);
        let owners = owners(holders, None, processes);
        let accepted = inode != 0;
        let unknown = if accepted { UnknownOwner::NotFound } else { UnknownOwner::Kernel };
        let alive = |owner: &Owner| {
            processes.get(owner.process.pid).is_some_and(|entry| entry.key == owner.process)
        };
        let owners = match intake.known(&super::unix::key(netns, row)) {
            Some(known) if owners.is_empty() && accepted => {
                known.owners.iter().copied().filter(alive).collect()
            }
            _ => owners,
        };
        intake.take(super::unix::socket(netns, row, owners, unknown));
    }

    /// Takes in what is remembered of sockets that nobody was found to hold: on their way from one
    /// process to another, accepted into a ring, or not accepted yet.
    pub(super) fn tell_unheld(
        &self,
        iterators: &Iterators,
        processes: &Processes,
        with_udp: bool,
        intake: &mut Intake<'_>,
    ) -> io::Result<()> {
        iterators.list_unheld(|row| {
            if let KernelRow::Listed(socket) = row
                && (socket.protocol != Protocol::Udp || with_udp)
            {
                intake.take_listed(described(&socket, std::iter::empty(), processes));
            }
        })
    }
}

fn key_of(netns: u32, cookie: u64) -> SocketKey {
    let identity = SocketIdentity::Cookie(cookie);
    SocketKey { host: HostId::LOCAL, netns: NetnsId(u64::from(netns)), identity }
}

/// A process of that id and start, in nanoseconds since boot, if it has been looked into.
fn process(pid: u32, started: u64, processes: &Processes) -> Option<ProcessKey> {
    let entry = processes.get(pid)?;
    let same = entry.key.started == processes.clock().ticks_of(started);
    (same && entry.process.is_some()).then_some(entry.key)
}

/// Who holds a socket; `seen` was seen opening, accepting or using it.
fn owners<'a>(
    holders: impl Iterator<Item = &'a Holder>,
    seen: Option<(u32, u64)>,
    processes: &Processes,
) -> Owners {
    let owner = |holder: &Holder| {
        let observed = seen == Some((holder.pid, holder.started));
        let attribution = if observed { Attribution::Observed } else { Attribution::Held };
        let process = process(holder.pid, holder.started, processes)?;
        Some(Owner { process, attribution })
    };
    let mut owners: Owners = holders.filter_map(owner).collect();
    owners.sort_unstable();
    owners
}

/// A listed socket, with those that hold it.
fn described<'a>(
    socket: &ListedSocket,
    holders: impl Iterator<Item = &'a Holder>,
    processes: &Processes,
) -> Socket {
    let mut holders = holders.peekable();
    let mut owners_found = Owners::new();
    if socket.held {
        let nobody = holders.peek().is_none();
        owners_found = owners(holders, socket.process.filter(|_| socket.process_seen), processes);
        // It has been opened since the descriptors were walked over, or is on its way.
        let noted = socket.process.filter(|_| nobody);
        let noted = noted.and_then(|(pid, started)| process(pid, started, processes));
        let attribution = Attribution::Observed;
        owners_found.extend(noted.map(|process| Owner { process, attribution }));
    }
    Socket {
        key: key_of(socket.netns, socket.cookie),
        protocol: socket.protocol,
        state: socket.state,
        local: socket.local,
        remote: socket.remote,
        v6_only: socket.v6_only,
        uid: socket.held.then_some(socket.uid),
        owners: owners_found,
        unknown_owner: if socket.held { UnknownOwner::NotFound } else { UnknownOwner::Kernel },
        role: None,
        counters: socket.counters,
        opened: Timestamp::default(),
        remote_name: None,
        unix: None,
    }
}

/// A socket that no process holds, or that came up after the descriptors were walked over.
pub(super) fn unheld(netns: NetnsId, row: &SocketRow) -> Socket {
    let held = row.inode != 0;
    Socket {
        key: key(netns, row),
        protocol: row.protocol,
        state: row.state,
        local: row.local,
        remote: row.remote,
        v6_only: row.v6_only,
        uid: row.uid,
        owners: Owners::new(),
        unknown_owner: if held { UnknownOwner::NotFound } else { UnknownOwner::Kernel },
        role: None,
        counters: row.counters,
        opened: Timestamp::default(),
        remote_name: None,
        unix: None,
    }
}
