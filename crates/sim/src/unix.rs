//! UNIX sockets of a simulated machine: a bus, a journal, databases' paths, socket pairs.

use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;
use std::time::Duration;

use fastrand::Rng;
use procnet_core::{
    Attribution, Counters, Endpoint, Event, HostId, NetnsId, Owner, ProcessKey, Protocol, Socket,
    SocketIdentity, SocketKey, SocketState, UnixKind, UnixSocket, UnknownOwner,
};

use crate::belonging::Belonging;
use crate::services::Role;
use crate::world::{NETNS, World};

/// Cookies and inodes of UNIX sockets begin here: far from those of the others.
const FIRST_NUMBER: u64 = 1 << 40;
/// How seldom a listener is restarted, measured by how often connections are replaced.
const RESTARTS: f64 = 0.2;
/// Connections to each listener, and socket pairs.
const CONNECTIONS: usize = 3;

/// The UNIX sockets of a world.
#[derive(Clone, Debug)]
pub(crate) struct UnixWorld {
    random: Rng,
    next: u64,
    listeners: Vec<Listener>,
    connections: Vec<UnixConnection>,
}

/// A name at which somebody waits.
#[derive(Clone, Debug)]
struct Listener {
    key: SocketKey,
    inode: u64,
    name: Arc<str>,
    kind: UnixKind,
    netns: NetnsId,
    owners: Vec<ProcessKey>,
    /// Whose clients are of one stack; else anybody's.
    stack: Option<usize>,
}

/// What is open of a connection, and to what it was: `None` for a socket pair.
#[derive(Clone, Debug)]
struct UnixConnection {
    sockets: Vec<SocketKey>,
    listener: Option<usize>,
}

impl UnixWorld {
    pub(crate) fn new(seed: u64) -> Self {
        Self {
            random: Rng::with_seed(seed ^ 0x5eed),
            next: FIRST_NUMBER,
            listeners: Vec::new(),
            connections: Vec::new(),
        }
    }
}

impl World {
    /// Listeners and connections that a world begins with.
    pub(crate) fn populate_unix(&mut self, init: ProcessKey) {
        let root = (0, "root");
        let mut daemon = |name: &str, exe: &str, unit: &str| {
            self.start(name, exe, &[exe], root, Some(init), &Belonging::unit(unit))
        };
        let bus = daemon("dbus-daemon", "/usr/bin/dbus-daemon", "dbus.service");
        let journal = "/lib/systemd/systemd-journald";
        let journal = daemon("systemd-journal", journal, "systemd-journald.service");
        let stream = UnixKind::Stream;
        self.add_listener("/run/dbus/system_bus_socket", stream, NETNS, &[init, bus], None);
        let log = "/run/systemd/journal/dev-log";
        self.add_listener(log, UnixKind::Datagram, NETNS, &[init, journal], None);
        self.add_listener("@/org/varlink/simulated", UnixKind::SeqPacket, NETNS, &[init], None);
        for service in self.services.clone() {
            let path = match service.port {
                _ if service.role == Role::App => continue,
                5432 => "/run/postgresql/.s.PGSQL.5432".to_owned(),
                3306 => "/run/mysqld/mysqld.sock".to_owned(),
                6379 => format!("/run/redis/redis-{}.sock", service.stack),
                _ => continue,
            };
            // Whoever waits at a path waits there alone.
            let waits = self
                .unix
                .as_ref()
                .is_some_and(|unix| unix.listeners.iter().any(|listener| *listener.name == *path));
            if !waits {
                let (netns, stack) = (service.netns, Some(service.stack));
                self.add_listener(&path, stream, netns, &service.acceptors, stack);
            }
        }
        let listeners = self.unix.as_ref().map_or(0, |unix| unix.listeners.len());
        for listener in (0..listeners).map(Some).chain([None]) {
            for _ in 0..CONNECTIONS {
                self.connect_unix(listener);
            }
        }
    }

    fn add_listener(
        &mut self,
        name: &str,
        kind: UnixKind,
        netns: NetnsId,
        owners: &[ProcessKey],
        stack: Option<usize>,
    ) {
        let name: Arc<str> = Arc::from(name);
        let told = Told { name: Some(Arc::clone(&name)), kind, peer: None };
        let Some((key, inode)) = self.open_unix(netns, SocketState::Listen, told, owners) else {
            return;
        };
        if let Some(unix) = &mut self.unix {
            let owners = owners.to_vec();
            unix.listeners.push(Listener { key, inode, name, kind, netns, owners, stack });
        }
    }

    /// What happens among the UNIX sockets at a step.
    pub(crate) fn step_unix(&mut self, elapsed: Duration) {
        let Some(unix) = &mut self.unix else { return };
        let churn = self.options.churn_per_second * elapsed.as_secs_f64();
        let replaced = unix.connections.iter().filter(|_| unix.random.f64() < churn).count();
        for _ in 0..replaced {
            let Some(unix) = &mut self.unix else { return };
            if unix.connections.is_empty() {
                break;
            }
            let chosen = unix.random.usize(..unix.connections.len());
            let how = unix.random.u8(..4);
            let mut connection = unix.connections.swap_remove(chosen);
            let listener = connection.listener;
            if how == 0 && connection.sockets.len() == 2 {
                // One end hangs up; the other stays for a while.
                if let Some(gone) = connection.sockets.pop() {
                    self.close_unix(gone);
                }
                if let Some(left) = connection.sockets.first().copied() {
                    self.hang_up(left);
                }
                if let Some(unix) = &mut self.unix {
                    unix.connections.push(connection);
                }
                continue;
            }
            for key in connection.sockets {
                self.close_unix(key);
            }
            self.connect_unix(listener);
        }
        self.restart_a_listener(churn * RESTARTS);
    }

    /// Now and then a listener closes and comes back: with its name, but as another socket.
    fn restart_a_listener(&mut self, probability: f64) {
        let Some(unix) = &mut self.unix else { return };
        if unix.listeners.is_empty() || unix.random.f64() >= probability {
            return;
        }
        let index = unix.random.usize(..unix.listeners.len());
        let Some(listener) = unix.listeners.get(index).cloned() else { return };
        self.close_unix(listener.key);
        if listener.kind == UnixKind::Datagram {
            let clients: Vec<SocketKey> = self
                .sockets
                .values()
                .filter(|s| s.unix.as_ref().is_some_and(|u| u.peer == Some(listener.inode)))
                .map(|socket| socket.key)
                .collect();
            for client in clients {
                self.hang_up(client);
            }
        }
        let Listener { name, kind, netns, owners, .. } = listener;
        let told = Told { name: Some(name), kind, peer: None };
        let opened = self.open_unix(netns, SocketState::Listen, told, &owners);
        let listeners = self.unix.as_mut().map(|unix| &mut unix.listeners);
        if let (Some((key, inode)), Some(listener)) =
            (opened, listeners.and_then(|all| all.get_mut(index)))
        {
            (listener.key, listener.inode) = (key, inode);
        }
    }

    /// Closes what a process held that has ended.
    pub(crate) fn close_unix_of(&mut self, process: ProcessKey) {
        let Some(unix) = &mut self.unix else { return };
        let held = |key: &SocketKey| {
            self.sockets.get(key).is_some_and(|s| s.owners.iter().any(|o| o.process == process))
        };
        let (gone, kept): (Vec<_>, Vec<_>) = std::mem::take(&mut unix.connections)
            .into_iter()
            .partition(|connection| connection.sockets.iter().any(held));
        unix.connections = kept;
        for key in gone.iter().flat_map(|connection| &connection.sockets) {
            self.close_unix(*key);
        }
        for connection in gone {
            self.connect_unix(connection.listener);
        }
    }

    fn connect_unix(&mut self, to: Option<usize>) {
        let Some(unix) = &mut self.unix else { return };
        let random = &mut unix.random;
        let listener = to.and_then(|to| unix.listeners.get(to)).cloned();
        let stack = listener.as_ref().and_then(|listener| listener.stack);
        let callers = self.services.iter().filter(|service| Some(service.stack) == stack);
        let callers = callers.filter(|service| matches!(service.role, Role::App | Role::Worker));
        let mut callers: Vec<ProcessKey> =
            callers.flat_map(|service| service.callers.iter().copied()).collect();
        if callers.is_empty() {
            callers = self.processes.iter().map(|process| process.key).collect();
        }
        let Some(caller) = callers.get(random.usize(..callers.len().max(1))).copied() else {
            return;
        };
        let autobound = random.u8(..4) == 0;
        let backwards = random.bool();
        let Some(listener) = listener else {
            self.pair_with_parent(caller);
            return;
        };
        let Listener { name, kind, netns, owners, inode, .. } = listener;
        // The kernel's name for whom nobody named, as clients of X11 and D-Bus have it.
        let own = autobound.then(|| Arc::from(format!("@{:05x}", self.next_unix() & 0xf_ffff)));
        let client = Told { name: own, kind, peer: None };
        let Some(&acceptor) = owners.last() else { return };
        let sockets = if kind == UnixKind::Datagram {
            let told = Told { peer: Some(inode), ..client };
            let opened = self.open_unix(NETNS, SocketState::Established, told, &[caller]);
            opened.map(|(key, _)| vec![key]).unwrap_or_default()
        } else {
            let server = Told { name: Some(name), kind, peer: None };
            self.open_unix_pair([(NETNS, client, caller), (netns, server, acceptor)], backwards)
        };
        self.note_unix(sockets, to);
    }

    /// A socket pair that a process shares with its parent.
    fn pair_with_parent(&mut self, child: ProcessKey) {
        let parent = self.processes.iter().find(|process| process.key == child);
        let Some(parent) = parent.and_then(|process| process.parent) else { return };
        let end = || Told { name: None, kind: UnixKind::Stream, peer: None };
        let sockets = self.open_unix_pair([(NETNS, end(), parent), (NETNS, end(), child)], false);
        self.note_unix(sockets, None);
    }

    fn note_unix(&mut self, sockets: Vec<SocketKey>, listener: Option<usize>) {
        if let Some(unix) = &mut self.unix {
            unix.connections.push(UnixConnection { sockets, listener });
        }
    }

    /// Opens both ends of a connection, each naming the other.
    fn open_unix_pair(
        &mut self,
        ends: [(NetnsId, Told, ProcessKey); 2],
        backwards: bool,
    ) -> Vec<SocketKey> {
        let first = self.next_unix();
        let inodes = [first, first + 1];
        self.next_unix();
        let mut keys = Vec::new();
        let mut ends: Vec<_> =
            ends.into_iter().zip([(inodes[0], inodes[1]), (inodes[1], inodes[0])]).collect();
        if backwards {
            ends.reverse();
        }
        for ((netns, told, owner), (inode, peer)) in ends {
            let told = Told { peer: Some(peer), ..told };
            keys.push(self.tell_unix(netns, SocketState::Established, told, &[owner], inode));
        }
        if backwards {
            keys.reverse();
        }
        keys
    }

    fn open_unix(
        &mut self,
        netns: NetnsId,
        state: SocketState,
        told: Told,
        owners: &[ProcessKey],
    ) -> Option<(SocketKey, u64)> {
        self.unix.as_ref()?;
        let inode = self.next_unix();
        Some((self.tell_unix(netns, state, told, owners, inode), inode))
    }

    fn tell_unix(
        &mut self,
        netns: NetnsId,
        state: SocketState,
        told: Told,
        owners: &[ProcessKey],
        inode: u64,
    ) -> SocketKey {
        let key = SocketKey { host: HostId::LOCAL, netns, identity: SocketIdentity::Cookie(inode) };
        let held =
            |process: &ProcessKey| Owner { process: *process, attribution: Attribution::Held };
        let mut owners: procnet_core::Owners = owners.iter().map(held).collect();
        owners.sort_unstable();
        let Told { name, kind, peer } = told;
        let socket = Socket {
            key,
            protocol: Protocol::Unix,
            state,
            local: Endpoint::new(IpAddr::V4(Ipv4Addr::UNSPECIFIED), 0),
            remote: None,
            v6_only: false,
            uid: None,
            owners,
            unknown_owner: UnknownOwner::NotFound,
            role: None,
            counters: Counters::default(),
            opened: self.at,
            remote_name: None,
            unix: Some(Arc::new(UnixSocket { name, kind, inode, peer })),
        };
        self.sockets.insert(key, socket.clone());
        self.pending.push(Event::SocketOpened(Arc::new(socket)));
        key
    }

    /// The socket's peer has gone.
    fn hang_up(&mut self, key: SocketKey) {
        let Some(socket) = self.sockets.get_mut(&key) else { return };
        if let Some(unix) = &mut socket.unix {
            Arc::make_mut(unix).peer = None;
        }
        socket.state = SocketState::CloseWait;
        self.pending.push(Event::SocketOpened(Arc::new(socket.clone())));
    }

    fn close_unix(&mut self, key: SocketKey) {
        if self.sockets.remove(&key).is_some() {
            self.pending.push(Event::SocketClosed { key, ending: None });
        }
    }

    fn next_unix(&mut self) -> u64 {
        self.unix.as_mut().map_or(0, |unix| {
            unix.next += 1;
            unix.next
        })
    }
}

/// What tells a new UNIX socket from others.
#[derive(Clone, Debug)]
struct Told {
    name: Option<Arc<str>>,
    kind: UnixKind,
    peer: Option<u64>,
}
