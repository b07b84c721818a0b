//! One simulated machine: application stacks, their users on the internet, and time that passes.

use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;
use std::time::Duration;

use fastrand::Rng;
use procnet_core::{
    Attribution, Batch, Capability, CapabilityState, Counters, Ending, Endpoint, Event, HostId,
    NetnsId, Owner, Process, ProcessKey, Protocol, Socket, SocketIdentity, SocketKey, SocketState,
    Timestamp, UnknownOwner, User,
};

use crate::belonging::Belonging;
use crate::services::Role;
use crate::unix::UnixWorld;

/// How much is going on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Size {
    /// One application: a few dozen sockets.
    Small,
    /// A few applications: several hundred sockets.
    Medium,
    /// A busy server: several thousand sockets.
    Large,
    /// More than anybody wants to look at: about fifty thousand sockets.
    Huge,
}

impl Size {
    /// Every size.
    pub const ALL: [Self; 4] = [Self::Small, Self::Medium, Self::Large, Self::Huge];

    /// `small`, `medium`, `large`, or `huge`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Small => "small",
            Self::Medium => "medium",
            Self::Large => "large",
            Self::Huge => "huge",
        }
    }

    /// Stacks and sockets.
    const fn scale(self) -> (usize, usize) {
        match self {
            Self::Small => (1, 60),
            Self::Medium => (5, 600),
            Self::Large => (24, 5_000),
            Self::Huge => (120, 50_000),
        }
    }
}

/// How a world is made.
#[derive(Clone, Copy, Debug)]
pub struct WorldOptions {
    /// The same seed gives the same world.
    pub seed: u64,
    /// How many application stacks.
    pub stacks: usize,
    /// About how many sockets; never fewer than the stacks need.
    pub sockets: usize,
    /// What share of the connections is replaced in a second.
    pub churn_per_second: f64,
    /// What share of the connections carries bytes in a second.
    pub traffic_per_second: f64,
    /// Whether there are UNIX sockets too.
    pub unix: bool,
}

impl WorldOptions {
    /// A world of a size, at a natural pace.
    pub const fn of_size(size: Size, seed: u64) -> Self {
        let (stacks, sockets) = size.scale();
        Self { seed, stacks, sockets, churn_per_second: 0.01, traffic_per_second: 0.2, unix: false }
    }

    /// A world with about so many sockets.
    pub const fn of_sockets(sockets: usize, seed: u64) -> Self {
        let stacks = if sockets < 4_000 { 1 + sockets / 200 } else { 20 + sockets / 1_000 };
        Self { seed, stacks, sockets, churn_per_second: 0.01, traffic_per_second: 0.2, unix: false }
    }
}

/// A service that can be connected to.
#[derive(Clone, Debug)]
pub(crate) struct Service {
    pub(crate) role: Role,
    pub(crate) stack: usize,
    /// Containers have a network namespace of their own.
    pub(crate) netns: NetnsId,
    pub(crate) address: IpAddr,
    pub(crate) port: u16,
    /// Who accepts: the workers, or the process itself.
    pub(crate) acceptors: Vec<ProcessKey>,
    /// Who connects to others.
    pub(crate) callers: Vec<ProcessKey>,
}

#[derive(Clone, Debug)]
struct Connection {
    /// The sockets of the client's end, and those of the server's.
    near: Vec<SocketKey>,
    far: Vec<SocketKey>,
    plan: Plan,
}

impl Connection {
    fn sockets(&self) -> impl Iterator<Item = &SocketKey> {
        self.near.iter().chain(&self.far)
    }
}

/// Who talks to whom: what a closed connection is replaced by.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Plan {
    /// One service of a stack calls another.
    Local { client: usize, server: usize },
    /// Somebody on the internet calls a proxy.
    Inbound { server: usize },
    /// A service calls somebody on the internet.
    Outbound { client: usize, port: u16, protocol: Protocol },
    /// A service asks for a name, from a fresh socket that is connected to nobody.
    Lookup { client: usize },
}

/// One simulated machine.
#[derive(Clone, Debug)]
pub struct World {
    pub(crate) options: WorldOptions,
    pub(crate) random: Rng,
    /// The socket of the machine's own resolver, and who holds it.
    pub(crate) resolver: Option<(SocketKey, ProcessKey)>,
    sequence: u64,
    pub(crate) at: Timestamp,
    next_pid: u32,
    next_cookie: u64,
    next_port: u16,
    ticks: u64,
    pub(crate) processes: Vec<Arc<Process>>,
    pub(crate) services: Vec<Service>,
    pub(crate) sockets: std::collections::BTreeMap<SocketKey, Socket>,
    connections: Vec<Connection>,
    pub(crate) unix: Option<UnixWorld>,
    pub(crate) pending: Vec<Event>,
    started: bool,
}

/// The network namespace of what runs in no container.
pub(crate) const NETNS: NetnsId = NetnsId(4_026_531_840);
/// What a packet carries of an Ethernet frame's 1,500 bytes.
const PAYLOAD: u64 = 1_448;
/// 2026-01-01T00:00:00Z, in seconds.
const EPOCH: i64 = 1_767_225_600;

impl World {
    /// A world before its first step.
    pub fn new(options: WorldOptions) -> Self {
        let mut world = Self {
            options,
            random: Rng::with_seed(options.seed),
            resolver: None,
            sequence: 0,
            at: Timestamp::from_seconds(EPOCH),
            next_pid: 300,
            next_cookie: 1,
            next_port: 32_768,
            ticks: 100,
            processes: Vec::new(),
            services: Vec::new(),
            sockets: std::collections::BTreeMap::new(),
            connections: Vec::new(),
            unix: options.unix.then(|| UnixWorld::new(options.seed)),
            pending: Vec::new(),
            started: false,
        };
        world.populate();
        world
    }

    /// Sets the wall clock, so that a demo shows today's ages.
    pub fn set_wall_clock(&mut self, now: Timestamp) {
        let shift = now.0.saturating_sub(self.at.0);
        for process in &mut self.processes {
            let process = Arc::make_mut(process);
            process.started = Timestamp(process.started.0.saturating_add(shift));
        }
        for socket in self.sockets.values_mut() {
            socket.opened = Timestamp(socket.opened.0.saturating_add(shift));
        }
        self.at = now;
    }

    /// How many sockets there are.
    pub fn socket_count(&self) -> usize {
        self.sockets.len()
    }

    /// The whole truth, as a resync tells it.
    pub fn resync(&mut self) -> Batch {
        self.pending.clear();
        self.started = true;
        let mut events = vec![Event::Resync, Event::Capabilities(capabilities())];
        events.extend(self.processes.iter().cloned().map(Event::ProcessStarted));
        events.extend(self.sockets.values().cloned().map(|s| Event::SocketOpened(Arc::new(s))));
        self.batch(events)
    }

    /// Lets `elapsed` pass and tells what happened; the first time, everything.
    pub fn step(&mut self, elapsed: Duration) -> Batch {
        self.at = self.at.saturating_add(elapsed);
        self.ticks += u64::try_from(elapsed.as_millis() / 10).unwrap_or(0);
        if !self.started {
            return self.resync();
        }
        let share = |per_second: f64, n: usize| per_second * elapsed.as_secs_f64() * n as f64;
        let replaced = self.whole(share(self.options.churn_per_second, self.connections.len()));
        for _ in 0..replaced {
            let index = self.random.usize(..self.connections.len());
            let connection = self.connections.swap_remove(index);
            self.close(&connection);
            self.connect(connection.plan);
        }
        let busy = self.whole(share(self.options.traffic_per_second, self.connections.len()));
        for _ in 0..busy {
            let index = self.random.usize(..self.connections.len());
            self.carry(index);
        }
        if self.random.f64() < 0.02 * elapsed.as_secs_f64() * self.options.stacks as f64 {
            self.restart_an_app();
        }
        self.step_unix(elapsed);
        let events = std::mem::take(&mut self.pending);
        self.batch(events)
    }

    /// A whole number whose mean is `n`.
    fn whole(&mut self, n: f64) -> usize {
        let floor = n.floor();
        // A count of connections: small and not negative.
        floor as usize + usize::from(self.random.f64() < n - floor)
    }

    fn batch(&mut self, events: Vec<Event>) -> Batch {
        self.sequence += 1;
        Batch { host: HostId::LOCAL, sequence: self.sequence, at: self.at, events }
    }

    pub(crate) fn start(
        &mut self,
        name: &str,
        exe: &str,
        arguments: &[&str],
        user: (u32, &str),
        parent: Option<ProcessKey>,
        belonging: &Belonging,
    ) -> ProcessKey {
        self.next_pid = if self.next_pid > 4_000_000 { 300 } else { self.next_pid + 1 };
        self.ticks += 1;
        let key = ProcessKey { host: HostId::LOCAL, pid: self.next_pid, started: self.ticks };
        let process = belonging.give(Process {
            exe: Some(Arc::from(exe)),
            arguments: arguments.iter().map(|a| Arc::from(*a)).collect(),
            user: Some(User { id: user.0, name: Some(Arc::from(user.1)) }),
            parent,
            started: self.at,
            ..Process::bare(key, name)
        });
        let process = Arc::new(process);
        self.processes.push(process.clone());
        self.pending.push(Event::ProcessStarted(process));
        key
    }

    pub(crate) fn listen(
        &mut self,
        netns: NetnsId,
        protocol: Protocol,
        local: Endpoint,
        owners: &[ProcessKey],
    ) -> SocketKey {
        self.open(netns, protocol, SocketState::Listen, local, None, owners)
    }

    pub(crate) fn open(
        &mut self,
        netns: NetnsId,
        protocol: Protocol,
        state: SocketState,
        local: Endpoint,
        remote: Option<Endpoint>,
        owners: &[ProcessKey],
    ) -> SocketKey {
        let key = self.next_key(netns);
        let socket = self.socket(key, protocol, state, local, remote, owners);
        self.tell(socket)
    }

    fn next_key(&mut self, netns: NetnsId) -> SocketKey {
        let identity = SocketIdentity::Cookie(self.next_cookie);
        self.next_cookie += 1;
        SocketKey { host: HostId::LOCAL, netns, identity }
    }

    pub(crate) fn socket(
        &mut self,
        key: SocketKey,
        protocol: Protocol,
        state: SocketState,
        local: Endpoint,
        remote: Option<Endpoint>,
        owners: &[ProcessKey],
    ) -> Socket {
        let held =
            |process: &ProcessKey| Owner { process: *process, attribution: Attribution::Held };
        let mut owners: procnet_core::Owners = owners.iter().map(held).collect();
        owners.sort_unstable();
        let connected = state != SocketState::Listen && protocol == Protocol::Tcp;
        let rtt_us = if connected { 40 + self.random.u32(..30_000) } else { 0 };
        Socket {
            key,
            protocol,
            state,
            local,
            remote,
            v6_only: false,
            uid: None,
            owners,
            unknown_owner: UnknownOwner::NotFound,
            role: None,
            counters: Counters { rtt_us, ..Counters::default() },
            opened: self.at,
            remote_name: None,
            unix: None,
        }
    }

    /// Tells of a socket, or tells it anew.
    pub(crate) fn tell(&mut self, socket: Socket) -> SocketKey {
        let key = socket.key;
        self.sockets.insert(key, socket.clone());
        self.pending.push(Event::SocketOpened(Arc::new(socket)));
        key
    }

    pub(crate) fn connect(&mut self, plan: Plan) {
        let established = SocketState::Established;
        let port = self.ephemeral_port();
        let (near, far) = match plan {
            Plan::Local { client, server } => {
                let (near, far) = (self.services[client].netns, self.services[server].netns);
                let caller = self.pick_caller(client);
                let (acceptor, to) = self.pick_acceptor(server);
                let own = if near == far { to.ip } else { self.services[client].address };
                let from = Endpoint::new(own, port);
                (
                    vec![self.open(near, Protocol::Tcp, established, from, Some(to), &[caller])],
                    vec![self.open(far, Protocol::Tcp, established, to, Some(from), &[acceptor])],
                )
            }
            Plan::Inbound { server } => {
                let (acceptor, to) = self.pick_acceptor(server);
                let from = Endpoint::new(self.public_address(), port);
                // The proxy has a public address of its own.
                let netns = self.services[server].netns;
                let ours =
                    self.open(netns, Protocol::Tcp, established, to, Some(from), &[acceptor]);
                (Vec::new(), vec![ours])
            }
            Plan::Outbound { client, port: to, protocol } => {
                let caller = self.pick_caller(client);
                let from = Endpoint::new(self.services[client].address, port);
                let to = Endpoint::new(self.public_address(), to);
                let state = if self.random.u8(..) < 8 && protocol == Protocol::Tcp {
                    SocketState::SynSent
                } else {
                    established
                };
                let key = self.next_key(self.services[client].netns);
                let socket = self.socket(key, protocol, state, from, Some(to), &[caller]);
                (vec![self.tell(Socket { remote_name: name_of(to), ..socket })], Vec::new())
            }
            Plan::Lookup { client } => self.look_up(client, port),
        };
        self.connections.push(Connection { near, far, plan });
    }

    fn close(&mut self, connection: &Connection) {
        for key in connection.sockets() {
            if let Some(socket) = self.sockets.remove(key) {
                let ending = Some(Ending { totals: socket.counters, at: self.at });
                self.pending.push(Event::SocketClosed { key: *key, ending });
            }
        }
    }

    /// Some bytes go each way.
    fn carry(&mut self, connection: usize) {
        let (up, down) = (self.random.u64(40..4_000), self.random.u64(100..200_000));
        let Connection { near, far, .. } = self.connections[connection].clone();
        let ends = near.into_iter().map(|key| (key, up, down));
        for (key, sent, received) in ends.chain(far.into_iter().map(|key| (key, down, up))) {
            let Some(socket) = self.sockets.get_mut(&key) else { continue };
            socket.counters.sent_bytes += sent;
            socket.counters.received_bytes += received;
            socket.counters.sent_packets += sent.div_ceil(PAYLOAD);
            socket.counters.received_packets += received.div_ceil(PAYLOAD);
            self.pending.push(Event::SocketCounted { key, counters: socket.counters });
        }
    }

    /// An application is deployed anew: its process ends with all its connections, and another
    /// takes its place.
    fn restart_an_app(&mut self) {
        let apps: Vec<usize> = (0..self.services.len())
            .filter(|service| self.services[*service].role == Role::App)
            .collect();
        let Some(service) = apps.get(self.random.usize(..apps.len().max(1))).copied() else {
            return;
        };
        let Some(old) = self.services[service].callers.first().copied() else { return };
        let touches = |sockets: &std::collections::BTreeMap<SocketKey, Socket>, key: &SocketKey| {
            sockets.get(key).is_some_and(|s| s.owners.iter().any(|o| o.process == old))
        };
        let (gone, kept): (Vec<_>, Vec<_>) = std::mem::take(&mut self.connections)
            .into_iter()
            .partition(|c| c.sockets().any(|key| touches(&self.sockets, key)));
        self.connections = kept;
        for connection in &gone {
            self.close(connection);
        }
        let listeners: Vec<SocketKey> = self
            .sockets
            .values()
            .filter(|s| s.is_listener() && s.owners.iter().any(|o| o.process == old))
            .map(|s| s.key)
            .collect();
        for key in listeners {
            self.sockets.remove(&key);
            self.pending.push(Event::SocketClosed { key, ending: None });
        }
        let Some(index) = self.processes.iter().position(|p| p.key == old) else { return };
        self.close_unix_of(old);
        let process = self.processes.swap_remove(index);
        self.pending.push(Event::ProcessExited(old));
        let user = process
            .user
            .as_ref()
            .map_or((0, "root"), |u| (u.id, u.name.as_deref().unwrap_or("root")));
        let arguments: Vec<&str> = process.arguments.iter().map(|a| &**a).collect();
        let exe = process.exe.as_deref().unwrap_or_default();
        let belonging = Belonging::of(&process);
        let new = self.start(&process.name, exe, &arguments, user, process.parent, &belonging);
        self.services[service].callers = vec![new];
        self.services[service].acceptors = vec![new];
        let (address, port) = (self.services[service].address, self.services[service].port);
        self.listen(
            self.services[service].netns,
            Protocol::Tcp,
            Endpoint::new(address, port),
            &[new],
        );
        for connection in gone {
            self.connect(connection.plan);
        }
    }

    pub(crate) fn pick_caller(&mut self, service: usize) -> ProcessKey {
        let callers = &self.services[service].callers;
        callers[self.random.usize(..callers.len())]
    }

    fn pick_acceptor(&mut self, service: usize) -> (ProcessKey, Endpoint) {
        let service = &self.services[service];
        let acceptor = service.acceptors[self.random.usize(..service.acceptors.len())];
        (acceptor, Endpoint::new(service.address, service.port))
    }

    fn ephemeral_port(&mut self) -> u16 {
        self.next_port = if self.next_port >= 60_999 { 32_768 } else { self.next_port + 1 };
        self.next_port
    }

    /// An address out of the blocks for documentation and benchmarks (RFC 5737, RFC 2544): no
    /// real host is ever named.
    pub(crate) fn public_address(&mut self) -> IpAddr {
        let low = self.random.u8(1..255);
        IpAddr::V4(match self.random.u8(..4) {
            0 => Ipv4Addr::new(192, 0, 2, low),
            1 => Ipv4Addr::new(198, 51, 100, low),
            2 => Ipv4Addr::new(203, 0, 113, low),
            _ => Ipv4Addr::new(198, 18 + self.random.u8(..2), self.random.u8(..), low),
        })
    }
}

fn capabilities() -> Arc<[Capability]> {
    Arc::from([Capability {
        id: "simulated",
        title: "Simulated machine",
        state: CapabilityState::Full,
        reason: Arc::from("nothing here is real: this is a demonstration"),
        remedy: None,
    }])
}

/// The names that outbound connections ask for (RFC 2606).
const NAMES: [&str; 6] = [
    "api.payments.example",
    "objects.storage.example",
    "packages.example.org",
    "metrics.example.com",
    "login.example.net",
    "push.mobile.example",
];

/// The name by which an address was asked for; some are asked for by number.
fn name_of(remote: Endpoint) -> Option<Arc<str>> {
    let last = match remote.ip {
        IpAddr::V4(ip) => ip.octets()[3],
        IpAddr::V6(ip) => ip.octets()[15],
    };
    NAMES.get(usize::from(last % 8)).map(|name| Arc::from(*name))
}
