//! Where the sockets of each network namespace are read from: a netlink socket that was opened
//! there, or the text tables of a process that lives there.

use std::collections::BTreeMap;
use std::io;
use std::net::IpAddr;
use std::ops::Range;

use procnet_core::memory::{is_slack, roomy};
use procnet_core::{NetnsId, Protocol};
use rustc_hash::FxHashMap;
use rustix::io::Errno;

use super::examine::Netns;
use super::netns::{Destination, may_enter, open_sockets};
use super::processes::Processes;
use super::procfs::{ProcessDirectory, Procfs, Reader};
use super::routes::Routes;
use super::sock_diag::{Buffer, DiagSocket, MAX_SOCKETS, Outcome};
use crate::CollectError;
use crate::parse::inet_diag::{ALL_STATES, Family, NO_STATE};
use crate::parse::unix_diag::UnixRow;
use crate::parse::{SocketRow, net_table, unix_table};

/// Most network namespaces that are read.
pub(super) const MAX_NAMESPACES: usize = 1024;
/// Processes that are tried for entering one namespace.
const MAX_DOORS: usize = 4;
/// No text table is read further than this; it suffices for [`MAX_SOCKETS`] rows or so.
const MAX_TABLE: usize = 192 * 1024 * 1024;

/// The kernel's tables, with the file that shows each.
const TABLES: [(Family, Protocol, &std::ffi::CStr); 4] = [
    (Family::V4, Protocol::Tcp, c"net/tcp"),
    (Family::V6, Protocol::Tcp, c"net/tcp6"),
    (Family::V4, Protocol::Udp, c"net/udp"),
    (Family::V6, Protocol::Udp, c"net/udp6"),
];

/// The sockets of one scan: rows, and which of them are in which namespace.
#[derive(Debug, Default)]
pub(super) struct Rows {
    pub(super) rows: Vec<SocketRow>,
    pub(super) namespaces: Vec<(NetnsId, Range<usize>)>,
    /// UNIX sockets, if they are asked for.
    pub(super) unix: Vec<(NetnsId, UnixRow)>,
}

impl Rows {
    pub(super) fn clear(&mut self) {
        // What is in it is what the next scan will bring, more or less.
        let used = self.rows.len();
        self.rows.clear();
        if is_slack(self.rows.capacity(), used) {
            self.rows.shrink_to(roomy(used));
        }
        self.namespaces.clear();
        let used = self.unix.len();
        self.unix.clear();
        if is_slack(self.unix.capacity(), used) {
            self.unix.shrink_to(roomy(used));
        }
    }

    fn end_namespace(&mut self, netns: u64, start: usize) {
        self.namespaces.push((NetnsId(netns), start..self.rows.len()));
    }

    /// Every row with its namespace.
    pub(super) fn iter(&self) -> impl Iterator<Item = (NetnsId, &SocketRow)> {
        self.namespaces.iter().flat_map(|(netns, range)| {
            self.rows.get(range.clone()).unwrap_or_default().iter().map(|row| (*netns, row))
        })
    }
}

/// What could not be read, or not well, in one scan.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Shortfall {
    /// Dumps that stayed inconsistent.
    pub(super) interrupted: u64,
    /// Sockets beyond [`MAX_SOCKETS`].
    pub(super) sockets: u64,
    /// Namespaces that could not be read.
    pub(super) hidden: u64,
    /// Namespaces beyond [`MAX_NAMESPACES`].
    pub(super) namespaces: u64,
    /// Namespaces whose UNIX sockets could not be read.
    pub(super) unix: u64,
}

impl Shortfall {
    fn add(&mut self, outcome: Outcome) {
        self.interrupted += u64::from(outcome.interrupted);
        self.sockets += outcome.left_out;
    }
}

/// Which sockets are asked for, as masks of state numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct States {
    pub(super) tcp: u32,
    pub(super) udp: u32,
}

/// One namespace's source.
#[derive(Debug)]
struct Source {
    socket: Option<DiagSocket>,
    routes: Option<Routes>,
    /// Kernels may lack the module for a table ([`TABLES`]); then its file is read.
    no_diag: [bool; TABLES.len()],
    no_unix_diag: bool,
    /// Processes that live there.
    pids: Vec<u32>,
    /// Entering by these processes was refused; it is not tried again before others come.
    refused: bool,
}

/// All namespaces' sources.
#[derive(Debug)]
pub(super) struct Sources {
    own: u64,
    own_source: Source,
    others: BTreeMap<u64, Source>,
    may_enter: bool,
    buffer: Buffer,
    udp: bool,
    unix: bool,
}

impl Sources {
    pub(super) fn new(procfs: &Procfs, reader: &mut Reader, udp: bool, unix: bool) -> Self {
        let mut buffer = Buffer::new();
        let mut own_source = Source::new();
        own_source.socket = DiagSocket::open().ok();
        own_source.routes = Routes::open().ok();
        own_source.probe(&mut buffer);
        Self {
            own: procfs.own().and_then(|own| own.netns(reader)).unwrap_or(0),
            own_source,
            others: BTreeMap::new(),
            may_enter: may_enter(procfs),
            buffer,
            udp,
            unix,
        }
    }

    /// Whether other namespaces are entered, rather than seen through `/proc/PID/net`.
    pub(super) fn may_enter(&self) -> bool {
        self.may_enter
    }

    /// Whether the own namespace is read over netlink.
    pub(super) fn has_diag(&self) -> bool {
        self.own_source.tells_cookies()
    }

    /// Whether the last scan saw the namespace's sockets, with their cookies: one that nobody
    /// lives in is seen by nobody, though its sockets may be told of.
    pub(super) fn sees(&self, netns: u64) -> bool {
        netns == self.own && self.own_source.tells_cookies()
            || self.others.get(&netns).is_some_and(Source::tells_cookies)
    }

    /// The local address that the kernel chooses towards `remote` in this namespace.
    pub(super) fn local_towards(
        &mut self,
        netns: u64,
        remote: IpAddr,
        budget: &mut usize,
    ) -> Option<IpAddr> {
        let source =
            if netns == self.own { &mut self.own_source } else { self.others.get_mut(&netns)? };
        source.routes.as_mut()?.local_towards(remote, budget)
    }

    /// Whether UNIX sockets are told with their peers.
    pub(super) fn has_unix_diag(&self) -> bool {
        self.own_source.socket.is_some() && !self.own_source.no_unix_diag
    }

    /// Whether UNIX sockets are read too, from the next scan on.
    pub(super) fn set_unix(&mut self, unix: bool) {
        self.unix = unix;
    }

    pub(super) fn tells_unix(&self) -> bool {
        self.unix
    }

    pub(super) fn tells_udp(&self) -> bool {
        self.udp
    }

    /// Whether a namespace's sockets are, or would be, read over netlink, which tells cookies.
    pub(super) fn identifies_by_cookie(&self, netns: u64) -> bool {
        if netns == self.own {
            return self.own_source.tells_cookies();
        }
        self.others.get(&netns).map_or(self.may_enter, Source::tells_cookies)
    }

    /// Reads the namespace that this program lives in.
    pub(super) fn read_own(
        &mut self,
        procfs: &Procfs,
        rows: &mut Rows,
        shortfall: &mut Shortfall,
    ) -> Result<(), CollectError> {
        if self.own_source.socket.is_none() {
            self.own_source.socket = DiagSocket::open().ok();
        }
        let start = rows.rows.len();
        if let Some(routes) = &mut self.own_source.routes {
            routes.forget();
        }
        let tables = self.tables();
        let result = procfs.own().map_err(io::Error::from).and_then(|directory| {
            self.own_source.read(tables, &[directory], &mut self.buffer, &mut rows.rows, shortfall)
        });
        if let Err(source) = result {
            self.own_source.socket = None;
            return Err(CollectError::Sockets { operation: "read the socket tables", source });
        }
        rows.end_namespace(self.own, start);
        if self.unix {
            self.read_own_unix(procfs, rows, shortfall);
        }
        Ok(())
    }

    fn read_own_unix(&mut self, procfs: &Procfs, rows: &mut Rows, shortfall: &mut Shortfall) {
        let directory: Vec<ProcessDirectory> = procfs.own().into_iter().collect();
        let netns = NetnsId(self.own);
        let Self { own_source, buffer, .. } = self;
        own_source.read_unix(netns, &directory, buffer, &mut rows.unix, shortfall);
    }

    /// Reads the UNIX sockets of all namespaces that are known, if they are asked for: those that
    /// [`Sources::read_states`] found last.
    pub(super) fn read_unix(
        &mut self,
        procfs: &Procfs,
        rows: &mut Rows,
        shortfall: &mut Shortfall,
    ) {
        if !self.unix {
            return;
        }
        self.read_own_unix(procfs, rows, shortfall);
        for (netns, source) in &mut self.others {
            let directories: Vec<ProcessDirectory> =
                source.pids.iter().filter_map(|pid| procfs.process(*pid).ok()).collect();
            let (netns, buffer) = (NetnsId(*netns), &mut self.buffer);
            source.read_unix(netns, &directories, buffer, &mut rows.unix, shortfall);
        }
    }

    /// Reads every other namespace that a process lives in.
    pub(super) fn read_others(
        &mut self,
        procfs: &Procfs,
        processes: &Processes,
        rows: &mut Rows,
        shortfall: &mut Shortfall,
    ) {
        self.find(procfs, processes, shortfall);
        self.enter_new(procfs);
        let tables = self.tables();
        for (netns, source) in &mut self.others {
            if let Some(routes) = &mut source.routes {
                routes.forget();
            }
            let start = rows.rows.len();
            let directories: Vec<ProcessDirectory> =
                source.pids.iter().filter_map(|pid| procfs.process(*pid).ok()).collect();
            let result =
                source.read(tables, &directories, &mut self.buffer, &mut rows.rows, shortfall);
            if result.is_err() {
                rows.rows.truncate(start);
                source.socket = None;
                // If its last process has just ended, nothing is hidden.
                shortfall.hidden += u64::from(!directories.is_empty());
                continue;
            }
            rows.end_namespace(*netns, start);
            if self.unix {
                let (netns, buffer) = (NetnsId(*netns), &mut self.buffer);
                source.read_unix(netns, &directories, buffer, &mut rows.unix, shortfall);
            }
        }
    }

    /// Appends the namespace's TCP sockets that wait for an answer, as far as they can be seen.
    pub(super) fn read_connecting(&mut self, netns: u64, rows: &mut Vec<SocketRow>) {
        let source = if netns == self.own {
            Some(&mut self.own_source)
        } else {
            self.others.get_mut(&netns)
        };
        let Some(socket) = source.and_then(|source| source.socket.as_mut()) else { return };
        for family in [Family::V4, Family::V6] {
            // What can't be read now is told by the next snapshot.
            let _ = socket.dump_connecting(family, &mut self.buffer, rows);
        }
    }

    /// Reads the sockets that are in the `states` of their namespace, as far as they can be read
    /// over netlink.
    pub(super) fn read_states(
        &mut self,
        procfs: &Procfs,
        processes: &Processes,
        states: impl Fn(NetnsId) -> States,
        rows: &mut Rows,
        shortfall: &mut Shortfall,
    ) {
        if self.own_source.socket.is_none() {
            self.own_source.socket = DiagSocket::open().ok();
        }
        self.find(procfs, processes, shortfall);
        self.enter_new(procfs);
        let own = std::iter::once((&self.own, &mut self.own_source));
        for (netns, source) in own.chain(&mut self.others) {
            if source.socket.is_none() {
                continue;
            }
            let start = rows.rows.len();
            let wanted = states(NetnsId(*netns));
            match source.read_states(wanted, &mut self.buffer, &mut rows.rows, shortfall) {
                Ok(()) => rows.namespaces.push((NetnsId(*netns), start..rows.rows.len())),
                Err(_) => {
                    rows.rows.truncate(start);
                    source.socket = None;
                }
            }
        }
    }

    fn tables(&self) -> usize {
        if self.udp { TABLES.len() } else { 2 }
    }

    /// Finds out which namespaces there are; forgets the sources of those that are gone, for an
    /// open socket keeps a namespace alive.
    fn find(&mut self, procfs: &Procfs, processes: &Processes, shortfall: &mut Shortfall) {
        let mut found: BTreeMap<u64, Vec<u32>> = BTreeMap::new();
        let mut marked: BTreeMap<u64, Vec<u32>> = BTreeMap::new();
        for (pid, entry) in processes.iter() {
            let pids = match entry.netns {
                Some(Netns::Known(netns)) if netns == self.own => continue,
                Some(Netns::Known(netns)) => found.entry(netns).or_default(),
                Some(Netns::Marked(mark)) => marked.entry(mark).or_default(),
                None => continue,
            };
            if pids.len() < MAX_DOORS {
                pids.push(pid);
            }
        }
        if !marked.is_empty() {
            let mark_of = |pids: &[u32]| {
                let mut directories = pids.iter().filter_map(|pid| procfs.process(*pid).ok());
                directories.find_map(|directory| directory.netns_mark().ok())
            };
            let known: FxHashMap<u64, u64> = found
                .iter()
                .filter_map(|(netns, pids)| Some((mark_of(pids)?, *netns)))
                .chain(procfs.own().and_then(|own| own.netns_mark()).ok().map(|m| (m, self.own)))
                .collect();
            for (mark, pids) in marked {
                match known.get(&mark) {
                    // A process with a link that can be read is the better way in.
                    Some(_) => {}
                    None => drop(found.insert(mark, pids)),
                }
            }
        }
        shortfall.namespaces = found.len().saturating_sub(MAX_NAMESPACES) as u64;
        self.others.retain(|netns, _| found.contains_key(netns));
        for (netns, mut pids) in found.into_iter().take(MAX_NAMESPACES) {
            pids.sort_unstable();
            let source = self.others.entry(netns).or_insert_with(Source::new);
            if source.pids != pids {
                source.pids = pids;
                source.refused = false;
            }
        }
    }

    fn enter_new(&mut self, procfs: &Procfs) {
        if !self.may_enter {
            return;
        }
        let destinations: Vec<Destination> = self
            .others
            .iter()
            .filter(|(_, source)| source.socket.is_none() && !source.refused)
            .map(|(netns, source)| Destination { netns: *netns, pids: source.pids.clone() })
            .collect();
        if destinations.is_empty() {
            return;
        }
        for (to, socket) in destinations.iter().zip(open_sockets(procfs, &destinations)) {
            let Some(source) = self.others.get_mut(&to.netns) else { continue };
            source.refused = socket.is_err();
            if let Ok(opened) = socket {
                source.socket = Some(opened.diag);
                source.routes = opened.routes;
            }
        }
    }
}

impl Source {
    fn new() -> Self {
        Self {
            socket: None,
            routes: None,
            no_diag: [false; TABLES.len()],
            no_unix_diag: false,
            pids: Vec::new(),
            refused: false,
        }
    }

    fn tells_cookies(&self) -> bool {
        self.socket.is_some() && !self.no_diag.contains(&true)
    }

    /// Finds out which tables the kernel tells over netlink.
    fn probe(&mut self, buffer: &mut Buffer) {
        let Some(socket) = &mut self.socket else { return };
        for ((family, protocol, _), no_diag) in TABLES.iter().zip(&mut self.no_diag) {
            let answer = socket.probe(*family, *protocol, buffer);
            *no_diag = answer.is_err_and(|error| is_unsupported(&error));
        }
        self.no_unix_diag = socket.probe_unix(buffer).is_err_and(|error| is_unsupported(&error));
    }

    /// Reads the UNIX sockets; that they can't be read keeps nothing else from being told.
    fn read_unix(
        &mut self,
        netns: NetnsId,
        directories: &[ProcessDirectory],
        buffer: &mut Buffer,
        rows: &mut Vec<(NetnsId, UnixRow)>,
        shortfall: &mut Shortfall,
    ) {
        let start = rows.len();
        if let Some(socket) = self.socket.as_mut().filter(|_| !self.no_unix_diag) {
            match socket.dump_unix(buffer, rows, |row| (netns, row)) {
                Ok(outcome) => return shortfall.add(outcome),
                Err(error) => {
                    rows.truncate(start);
                    self.no_unix_diag = is_unsupported(&error);
                    if !self.no_unix_diag {
                        // What is left of the answer must not be taken for the next one's.
                        self.socket = None;
                        shortfall.unix += 1;
                        return;
                    }
                }
            }
        }
        let mut tables =
            directories.iter().map(|directory| directory.table(c"net/unix", MAX_TABLE));
        let Some(Ok(text)) = tables.find(Result::is_ok) else {
            shortfall.unix += u64::from(!directories.is_empty());
            return;
        };
        let free = MAX_SOCKETS.saturating_sub(start);
        rows.extend(unix_table::rows(&text).take(free).map(|row| (netns, row)));
        if rows.len() - start == free {
            shortfall.sockets += unix_table::rows(&text).skip(free).count() as u64;
        }
    }

    /// Reads what is in these states, over netlink.
    fn read_states(
        &mut self,
        states: States,
        buffer: &mut Buffer,
        rows: &mut Vec<SocketRow>,
        shortfall: &mut Shortfall,
    ) -> io::Result<()> {
        let Some(socket) = &mut self.socket else { return Ok(()) };
        for ((family, protocol, _), no_diag) in TABLES.iter().zip(&mut self.no_diag) {
            let states = match protocol {
                Protocol::Tcp => states.tcp,
                Protocol::Udp => states.udp,
                Protocol::Unix => NO_STATE,
            };
            if *no_diag || states == NO_STATE {
                continue;
            }
            let start = rows.len();
            match socket.dump(*family, *protocol, states, buffer, rows) {
                Ok(outcome) => shortfall.add(outcome),
                Err(error) if is_unsupported(&error) => {
                    rows.truncate(start);
                    *no_diag = true;
                }
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    /// Reads the first `tables` of [`TABLES`].
    fn read(
        &mut self,
        tables: usize,
        directories: &[ProcessDirectory],
        buffer: &mut Buffer,
        rows: &mut Vec<SocketRow>,
        shortfall: &mut Shortfall,
    ) -> io::Result<()> {
        let each = TABLES.iter().zip(&mut self.no_diag).take(tables);
        for ((family, protocol, file), no_diag) in each {
            let start = rows.len();
            if let Some(socket) = self.socket.as_mut().filter(|_| !*no_diag) {
                match socket.dump(*family, *protocol, ALL_STATES, buffer, rows) {
                    Ok(outcome) => {
                        shortfall.add(outcome);
                        continue;
                    }
                    Err(error) => {
                        rows.truncate(start);
                        *no_diag = is_unsupported(&error);
                        if !*no_diag {
                            return Err(error);
                        }
                    }
                }
            }
            read_table(*protocol, file, directories, rows, shortfall)?;
        }
        Ok(())
    }
}

/// True if the kernel has no `sock_diag` for such sockets, as opposed to having failed.
fn is_unsupported(error: &io::Error) -> bool {
    let unsupported = [Errno::NOENT, Errno::OPNOTSUPP, Errno::AFNOSUPPORT, Errno::PROTONOSUPPORT];
    Errno::from_io_error(error).is_some_and(|errno| unsupported.contains(&errno))
}

fn read_table(
    protocol: Protocol,
    file: &std::ffi::CStr,
    directories: &[ProcessDirectory],
    rows: &mut Vec<SocketRow>,
    shortfall: &mut Shortfall,
) -> io::Result<()> {
    let mut last = io::Error::from(io::ErrorKind::NotFound);
    for directory in directories {
        match directory.table(file, MAX_TABLE) {
            Ok(text) => {
                let free = MAX_SOCKETS.saturating_sub(rows.len());
                let before = rows.len();
                rows.extend(net_table::rows(protocol, &text).take(free));
                if rows.len() - before == free {
                    shortfall.sockets += net_table::rows(protocol, &text).skip(free).count() as u64;
                }
                return Ok(());
            }
            // A kernel without IPv6 has no such table, and no such sockets.
            Err(error)
                if error.kind() == io::ErrorKind::NotFound && file.to_bytes().ends_with(b"6") =>
            {
                return Ok(());
            }
            Err(error) => last = error,
        }
    }
    Err(last)
}
