//! What UDP sockets exchange with peers that they are not connected to, from the first datagram to
//! the end (G12).

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use aya::maps::{HashMap, MapData};
use procnet_core::{
    Counters, Ending, Endpoint, HostId, NetnsId, Owner, Owners, Protocol, Role, Socket,
    SocketIdentity, SocketKey, SocketState, Timestamp, UnknownOwner,
};

use rustc_hash::FxHashMap;

use super::batch;
use crate::differ::Draft;
use crate::parse::kernel_flow::{self, FLOW_LENGTH, KernelFlow, Key};
use crate::parse::kernel_record::KernelProcess;
use crate::platform::scan::Scanner;

/// How often the counts are read while there are any.
const INTERVAL: Duration = Duration::from_secs(1);
/// Reading them takes at most one part in so many of the time.
const MIN_REST: u32 = 50;
/// An exchange without datagrams ends after so long.
const IDLE: Duration = Duration::from_secs(60);
/// And after so long where there is not room for many more, or where its socket is gone.
const SHORT_IDLE: Duration = Duration::from_secs(5);
/// And after so long where the socket at its other end, on this machine, is gone.
const ALONE_IDLE: Duration = Duration::from_secs(2);
/// How long, and of how many, it is remembered that they went: the other end may be yet to begin.
const REMEMBERED: Duration = Duration::from_secs(5);
const MAX_REMEMBERED: usize = 8192;
/// Most questions about routes for one batch; others are asked later.
const MAX_QUESTIONS: usize = 256;

/// What the kernel counts, by key.
pub(super) struct FlowCounts(HashMap<MapData, Key, [u8; FLOW_LENGTH]>);

impl FlowCounts {
    pub(super) fn new(map: HashMap<MapData, Key, [u8; FLOW_LENGTH]>) -> Self {
        Self(map)
    }

    fn get(&self, key: &Key, remote: Endpoint) -> Option<KernelFlow> {
        kernel_flow::parse(&self.0.get(key, 0).ok()?, remote)
    }

    /// All of them. What changes meanwhile may be missing, or twice.
    fn all(&self, most: usize) -> Vec<(Key, KernelFlow)> {
        let one_by_one = |_| self.0.iter().take(most).filter_map(Result::ok).collect();
        let counted = batch::read_all(&self.0, most).unwrap_or_else(one_by_one);
        counted
            .into_iter()
            .filter_map(|(key, bytes)| {
                let (_, remote) = kernel_flow::parse_key(&key)?;
                Some((key, kernel_flow::parse(&bytes, remote)?))
            })
            .collect()
    }

    fn remove(&mut self, key: &Key) {
        // What is gone already is gone.
        let _ = self.0.remove(key);
    }
}

/// An exchange that was told.
#[derive(Debug)]
struct Known {
    socket: SocketKey,
    counters: Counters,
    ends: Ends,
    /// Nobody is left at its other end.
    alone: bool,
}

/// Local and remote end, and where that means something: loopback, in one network namespace.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct Ends {
    within: Option<NetnsId>,
    local: Endpoint,
    remote: Endpoint,
}

impl Ends {
    fn new(netns: NetnsId, local: Endpoint, remote: Endpoint) -> Self {
        Self { within: remote.ip.is_loopback().then_some(netns), local, remote }
    }

    /// As the other end has them.
    const fn flip(self) -> Self {
        Self { local: self.remote, remote: self.local, ..self }
    }
}

/// All exchanges.
pub(super) struct Flows {
    counts: FlowCounts,
    /// Most at once.
    limit: usize,
    known: BTreeMap<Key, Known>,
    by_ends: FxHashMap<Ends, Key>,
    /// Exchanges whose other end went before they were told.
    abandoned: FxHashMap<Ends, Instant>,
    next_look: Instant,
    /// Records were lost: what is counted may not have been told.
    lost: bool,
    /// The first snapshot. Who began is known only of what came after it.
    since: Option<Timestamp>,
    questions: usize,
}

impl std::fmt::Debug for Flows {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Flows").field("known", &self.known.len()).finish_non_exhaustive()
    }
}

impl Flows {
    pub(super) fn new(counts: FlowCounts, limit: u32) -> Self {
        Self {
            counts,
            limit: usize::try_from(limit).unwrap_or(usize::MAX),
            known: BTreeMap::new(),
            by_ends: FxHashMap::default(),
            abandoned: FxHashMap::default(),
            next_look: Instant::now(),
            lost: false,
            since: None,
            questions: MAX_QUESTIONS,
        }
    }

    /// A snapshot was taken; records that follow tell of what came after it.
    pub(super) fn after_snapshot(&mut self, at: Timestamp) {
        self.since.get_or_insert(at);
    }

    /// Something was lost.
    pub(super) fn after_loss(&mut self) {
        self.lost = true;
        self.next_look = Instant::now();
    }

    /// An exchange began, or somebody else takes part in it.
    pub(super) fn told(
        &mut self,
        cookie: u64,
        remote: Endpoint,
        flow: &KernelFlow,
        owner: Option<Owner>,
        scanner: &mut Scanner,
        draft: &mut Draft,
    ) {
        let netns = NetnsId(u64::from(flow.netns));
        if !scanner.tells_udp() || !scanner.identifies_by_cookie(netns) {
            return;
        }
        let key = SocketKey {
            host: HostId::LOCAL,
            netns,
            identity: SocketIdentity::Flow { cookie, remote },
        };
        let before = scanner.differ_mut().drafted(&key, draft);
        let mut owners: Owners = before.map(|known| known.owners.clone()).unwrap_or_default();
        let counters = before.map_or(flow.counters, |known| known.counters);
        if let Some(owner) = owner
            && !owners.iter().any(|known| known.process == owner.process)
        {
            owners.push(owner);
            owners.sort_unstable();
        }
        let opened = scanner.wall_clock(flow.opened);
        let role = self.note_role(cookie, netns, opened, flow.sent_first, scanner, draft);
        let local = self.complete(netns, flow.local, remote, scanner);
        let socket = Socket {
            key,
            protocol: Protocol::Udp,
            state: SocketState::Established,
            local,
            remote: Some(remote),
            v6_only: false,
            uid: Some(flow.uid),
            owners,
            unknown_owner: UnknownOwner::NotFound,
            role,
            counters,
            opened,
            remote_name: None,
            unix: None,
        };
        self.remember(kernel_flow::key(cookie, remote), key, counters, local, remote);
        scanner.differ_mut().socket_opened(socket, draft);
    }

    /// Remembers that an exchange was told, or its better known end.
    fn remember(
        &mut self,
        key: Key,
        socket: SocketKey,
        counters: Counters,
        local: Endpoint,
        remote: Endpoint,
    ) {
        let ends = Ends::new(socket.netns, local, remote);
        let before = self.forget(&key);
        let is_new = before.is_none();
        self.by_ends.insert(ends, key);
        let alone = self.abandoned.remove(&ends).is_some() || before.is_some_and(|it| it.alone);
        self.known.insert(key, Known { socket, counters, ends, alone });
        // Who begins again is there again.
        if is_new && let Some(other) = self.by_ends.get(&ends.flip()) {
            let other = self.known.get_mut(other);
            other.into_iter().for_each(|other| other.alone = false);
        }
    }

    fn forget(&mut self, key: &Key) -> Option<Known> {
        let known = self.known.remove(key)?;
        if self.by_ends.get(&known.ends) == Some(key) {
            self.by_ends.remove(&known.ends);
        }
        Some(known)
    }

    /// The socket that had these ends is gone: whoever is at the other one is alone now.
    fn abandon(&mut self, ends: Ends) {
        let ends = ends.flip();
        if let Some(other) = self.by_ends.get(&ends).and_then(|key| self.known.get_mut(key)) {
            other.alone = true;
        } else if self.abandoned.len() < MAX_REMEMBERED {
            self.abandoned.insert(ends, Instant::now());
        }
    }

    /// Who began, where that was seen; and what it says of the socket (V6).
    fn note_role(
        &self,
        cookie: u64,
        netns: NetnsId,
        opened: Timestamp,
        sent_first: bool,
        scanner: &mut Scanner,
        draft: &mut Draft,
    ) -> Option<Role> {
        let since = self.since?;
        let identity = SocketIdentity::Cookie(cookie);
        let key = SocketKey { host: HostId::LOCAL, netns, identity };
        let socket = scanner.differ_mut().drafted(&key, draft);
        let is_new = socket.is_some_and(|socket| socket.opened > since);
        if !is_new && opened < since.saturating_add(IDLE) {
            return None; // What is seen first may be an answer.
        }
        let role = if sent_first { Role::Client } else { Role::Server };
        scanner.differ_mut().change_socket(&key, draft, |socket| {
            let becomes = socket.is_listener()
                && match (socket.role, role) {
                    (None, Role::Client) => is_new,
                    (before, Role::Server) => before != Some(Role::Server),
                    (Some(_), Role::Client) => false,
                };
            if becomes {
                socket.role = Some(role);
            }
            becomes
        });
        Some(role)
    }

    /// The local end, with the address that the kernel chooses towards `remote` where none is set.
    fn complete(
        &mut self,
        netns: NetnsId,
        local: Endpoint,
        remote: Endpoint,
        scanner: &mut Scanner,
    ) -> Endpoint {
        if !local.ip.is_unspecified() {
            return local;
        }
        let ip = scanner.local_towards(netns, remote.ip, &mut self.questions);
        ip.map_or(local, |ip| Endpoint::new(ip, local.port))
    }

    /// The socket is gone, that many nanoseconds after boot, and with it all that it exchanged.
    pub(super) fn socket_closed(
        &mut self,
        socket: &SocketKey,
        at: u64,
        scanner: &mut Scanner,
        draft: &mut Draft,
    ) {
        let SocketIdentity::Cookie(cookie) = socket.identity else { return };
        if let Some(known) = scanner.differ_mut().drafted(socket, draft)
            && let Some(remote) = known.remote
        {
            self.abandon(Ends::new(socket.netns, known.local, remote));
        }
        let (first, last) = kernel_flow::keys_of(cookie);
        let keys: Vec<Key> = self.known.range(first..=last).map(|(key, _)| *key).collect();
        for key in keys {
            let totals = self.final_counters(&key);
            if let Some(known) = self.end(&key, totals, at, scanner, draft) {
                self.abandon(known.ends);
            }
        }
    }

    fn final_counters(&self, key: &Key) -> Option<Counters> {
        let (_, remote) = kernel_flow::parse_key(key)?;
        self.counts.get(key, remote).map(|flow| flow.counters)
    }

    fn end(
        &mut self,
        key: &Key,
        totals: Option<Counters>,
        at: u64,
        scanner: &mut Scanner,
        draft: &mut Draft,
    ) -> Option<Known> {
        self.counts.remove(key);
        let known = self.forget(key)?;
        let totals = totals.unwrap_or(known.counters);
        let ending = Ending { totals, at: scanner.wall_clock(at) };
        scanner.differ_mut().socket_closed(known.socket, Some(ending), draft);
        Some(known)
    }

    /// Reads the counts, if it is time to.
    pub(super) fn look(&mut self, scanner: &mut Scanner, draft: &mut Draft) {
        self.questions = MAX_QUESTIONS;
        let start = Instant::now();
        let idle = self.known.is_empty() && self.abandoned.is_empty() && !self.lost;
        if idle || start < self.next_look || self.since.is_none() {
            return;
        }
        self.abandoned.retain(|_, went| start.duration_since(*went) < REMEMBERED);
        self.lost = false;
        let counted = self.counts.all(self.limit);
        let now = since_boot();
        let crowded = counted.len() >= self.limit / 4 * 3;
        let patience = if crowded { SHORT_IDLE } else { IDLE };
        for (key, flow) in counted {
            let quiet = now.saturating_sub(Duration::from_nanos(flow.used));
            if quiet >= patience {
                self.end(&key, Some(flow.counters), flow.used, scanner, draft);
            } else if self.known.contains_key(&key) {
                self.update(&key, &flow, quiet, scanner, draft);
            } else if let Some((cookie, remote)) = kernel_flow::parse_key(&key) {
                let owner = known_owner(&flow, scanner);
                self.told(cookie, remote, &flow, owner, scanner, draft);
            }
        }
        self.next_look = Instant::now() + INTERVAL.max(start.elapsed() * MIN_REST);
    }

    fn update(
        &mut self,
        key: &Key,
        flow: &KernelFlow,
        quiet: Duration,
        scanner: &mut Scanner,
        draft: &mut Draft,
    ) {
        let Some(known) = self.known.get_mut(key) else { return };
        let socket = known.socket;
        if known.counters != flow.counters {
            known.counters = flow.counters;
            scanner.differ_mut().socket_counted(socket, flow.counters, draft);
        }
        let SocketIdentity::Flow { cookie, remote } = socket.identity else { return };
        let carrier = SocketKey { identity: SocketIdentity::Cookie(cookie), ..socket };
        let over = known.alone && quiet >= ALONE_IDLE
            // Its socket's end was not told.
            || quiet >= SHORT_IDLE && scanner.differ_mut().drafted(&carrier, draft).is_none();
        if over {
            self.end(key, Some(flow.counters), flow.used, scanner, draft);
            return;
        }
        let told = scanner.differ_mut().drafted(&socket, draft);
        if let Some(told) = told.filter(|told| told.local.ip.is_unspecified()).cloned() {
            let local = self.complete(socket.netns, told.local, remote, scanner);
            if local != told.local {
                self.remember(*key, socket, flow.counters, local, remote);
                scanner.differ_mut().socket_opened(Socket { local, ..told }, draft);
            }
        }
    }
}

/// Who began the exchange, if that process is known.
fn known_owner(flow: &KernelFlow, scanner: &mut Scanner) -> Option<Owner> {
    let (pid, started) = flow.process;
    let process = KernelProcess { pid, started, comm: [0; 16] };
    let key = super::tracker::key_of(&process, scanner);
    let attribution = procnet_core::Attribution::Observed;
    scanner.differ_mut().knows_process(&key).then_some(Owner { process: key, attribution })
}

/// The kernel's clock for all that the programs tell.
fn since_boot() -> Duration {
    let now = rustix::time::clock_gettime(rustix::time::ClockId::Boottime);
    Duration::new(u64::try_from(now.tv_sec).unwrap_or(0), u32::try_from(now.tv_nsec).unwrap_or(0))
}
