//! Turns snapshots into events: what every polling collector needs, on any platform.

mod departed;
mod known;
mod listing;
mod live;

use std::collections::BTreeMap;
use std::sync::Arc;

use procnet_core::memory::{is_slack, roomy};
use procnet_core::{
    Attribution, Batch, Capability, Counters, Degradation, Endpoint, Event, HostId, NetnsId,
    Owners, Process, ProcessKey, Protocol, Socket, SocketKey, SocketState, Timestamp, UnknownOwner,
};
use rustc_hash::FxHashMap;

pub use live::Draft;

use self::departed::Departed;
use self::known::{KnownSocket, KnownSockets};
use crate::snapshot::Snapshot;

/// Most sockets that are remembered after their end was told.
const MAX_DEPARTED: usize = 262_144;
/// How long the kernel may list a connection after its end, and some more; in nanoseconds.
const MAX_LINGERING: i64 = 90 * 1_000_000_000;
/// Most sockets of one snapshot that may inherit an owner through their five-tuple.
const MAX_INFERRED: usize = 65_536;

/// Remembers the last snapshot and tells what the next one changed.
///
/// The first batch, and the one after [`Differ::request_resync`], begins with [`Event::Resync`]
/// and names everything. Within a batch processes start before sockets name them as owners, and
/// exit after the sockets; sockets close before others open.
#[derive(Debug)]
pub struct Differ {
    host: HostId,
    sequence: u64,
    resync: bool,
    /// Somebody tells of events too: what a snapshot lacks may only be about to be told.
    live: bool,
    /// Sockets that the last snapshot lacked.
    missed: Vec<SocketKey>,
    /// Sockets whose end was told, with the time of the last snapshot before that, or of the last
    /// one that named them since: the kernel keeps a connection that is over in its tables, in
    /// TIME_WAIT and under the same cookie.
    departed: Departed,
    /// When the last snapshot was taken.
    at: Timestamp,
    /// Marks what the current snapshot names, and what was told since it was begun; whatever bears
    /// an older mark is gone.
    generation: u32,
    /// How many of the known sockets bear that mark, but for flows.
    named: usize,
    capabilities: Arc<[Capability]>,
    sockets: KnownSockets,
    /// How many of them only events tell: no snapshot names what a socket exchanges with whom.
    flows: usize,
    processes: FxHashMap<ProcessKey, Known<Arc<Process>>>,
    degradations: BTreeMap<&'static str, Degradation>,
}

#[derive(Debug)]
struct Known<T> {
    generation: u32,
    value: T,
}

/// Takes in the sockets of one snapshot.
#[derive(Debug)]
pub struct Intake<'a> {
    differ: &'a mut Differ,
    snapshot: &'a Snapshot,
    /// Sockets that may inherit an owner.
    orphans: FxHashMap<FiveTuple, SocketKey>,
    alive: Vec<Event>,
}

impl Intake<'_> {
    /// Takes in one socket. What is said of a socket again replaces what was said.
    pub fn take(&mut self, mut socket: Socket) {
        let Differ { generation, named, live, sockets, processes, departed, .. } =
            &mut *self.differ;
        let generation = *generation;
        if let Some(known) = sockets.get_mut(&socket.key) {
            if known.generation != generation {
                known.generation = generation;
                *named += 1;
            }
            let before = known.socket();
            socket.opened = before.opened;
            self::live::keep_observed(before, &mut socket, self.snapshot.complete, |owner| {
                processes.get(owner).is_some_and(|known| known.generation == generation)
            });
            if is_orphan(&socket) && *live {
                // Its end is about to be told, and it ends as its owners' although they may have
                // ended before it.
                socket.owners.clone_from(&before.owners);
            } else if is_orphan(&socket) {
                socket.owners = inferred(processes, generation, &before.owners);
            }
            if !same_but_counters(before, &socket) {
                known.replace(Arc::new(socket));
                self.alive.push(Event::SocketOpened(Arc::clone(known.socket())));
            } else if before.counters != socket.counters {
                let (key, counters) = (socket.key, socket.counters);
                self.alive.push(Event::SocketCounted { key, counters });
                known.count(counters);
            }
            return;
        }
        if let Some(named) = departed.get_mut(&socket.key) {
            *named = self.snapshot.at;
            return;
        }
        if socket.opened == Timestamp::default() {
            socket.opened = self.snapshot.at;
        }
        if is_orphan(&socket) && self.orphans.len() < MAX_INFERRED {
            self.orphans.extend(five_tuple(&socket).map(|tuple| (tuple, socket.key)));
        }
        *named += 1;
        let socket = Arc::new(socket);
        self.alive.push(Event::SocketOpened(Arc::clone(&socket)));
        sockets.insert(KnownSocket::new(socket, generation));
    }

    /// What the socket has carried as far as that was told; `None` if it is not known.
    pub fn counters(&self, key: &SocketKey) -> Option<Counters> {
        self.differ.socket(key).map(|known| known.counters)
    }

    /// Takes in a socket that has not been taken in yet; false if it has, or if it is a connection
    /// whose end was told.
    pub fn complete(&mut self, socket: Socket) -> bool {
        let Differ { generation, sockets, departed, .. } = &*self.differ;
        let named = sockets.get(&socket.key).is_some_and(|known| known.generation == *generation);
        if named {
            return false;
        }
        let new = !departed.contains(&socket.key);
        self.take(socket);
        new
    }
}

/// What a socket in TIME_WAIT shares with the socket that it was.
type FiveTuple = (NetnsId, Protocol, Endpoint, Endpoint);

impl Differ {
    /// A differ that has seen nothing yet.
    pub fn new(host: HostId, capabilities: Arc<[Capability]>) -> Self {
        Self {
            host,
            sequence: 0,
            resync: true,
            live: false,
            missed: Vec::new(),
            departed: Departed::default(),
            at: Timestamp::default(),
            generation: 0,
            named: 0,
            capabilities,
            sockets: KnownSockets::default(),
            flows: 0,
            processes: FxHashMap::default(),
            degradations: BTreeMap::new(),
        }
    }

    /// The next batch tells the whole truth again.
    pub fn request_resync(&mut self) {
        self.resync = true;
    }

    /// What the batches say that the source can see.
    pub fn capabilities(&self) -> &[Capability] {
        &self.capabilities
    }

    /// Tells what changed since the last snapshot. Costs about one hash lookup per socket;
    /// allocates only for what changed.
    pub fn diff(&mut self, snapshot: &mut Snapshot) -> Batch {
        let mut sockets = std::mem::take(&mut snapshot.sockets);
        self.sockets.reserve(sockets.len().saturating_sub(self.sockets.len()));
        self.begin();
        let batch = self.diff_from(snapshot, |intake| {
            for socket in sockets.drain(..) {
                intake.take(socket);
            }
            true
        });
        snapshot.sockets = sockets;
        batch
    }

    /// Begins a snapshot that is taken little by little, while events go on being told: what they
    /// tell from now on is known, whatever the snapshot says of it.
    pub fn begin(&mut self) {
        self.generation = self.generation.wrapping_add(1);
        self.named = 0;
    }

    /// Like [`Differ::diff`], with sockets that `list` hands over one by one instead of those of
    /// the snapshot: it need not hold them all at once. It returns false if it could not tell all
    /// of them: then nothing is missed. Ends what [`Differ::begin`] began.
    pub fn diff_from(
        &mut self,
        snapshot: &Snapshot,
        list: impl FnOnce(&mut Intake<'_>) -> bool,
    ) -> Batch {
        let whole = std::mem::take(&mut self.resync);
        self.sequence += 1;
        let mut events = Vec::new();
        if whole {
            let told = snapshot.processes.len() + self.sockets.len();
            events.reserve(told + snapshot.degradations.len() + 2);
            events.push(Event::Resync);
            events.push(Event::Capabilities(Arc::clone(&self.capabilities)));
        }
        self.diff_degradations(&snapshot.degradations, whole, &mut events);
        self.start_processes(&snapshot.processes, whole, &mut events);
        self.diff_sockets(snapshot, list, whole, &mut events);
        self.end_processes(whole, &mut events);
        Batch { host: self.host, sequence: self.sequence, at: snapshot.at, events }
    }

    fn diff_degradations(&mut self, now: &[Degradation], whole: bool, events: &mut Vec<Event>) {
        let mut before = std::mem::take(&mut self.degradations);
        for degradation in now.iter().filter(|degradation| degradation.count > 0) {
            let old = before.remove(degradation.id);
            if whole || old.as_ref() != Some(degradation) {
                events.push(Event::Degraded(degradation.clone()));
            }
            self.degradations.insert(degradation.id, degradation.clone());
        }
        if !whole {
            let over = before.into_values();
            events.extend(over.map(|old| Event::Degraded(Degradation { count: 0, ..old })));
        }
    }

    fn start_processes(&mut self, now: &[Arc<Process>], whole: bool, events: &mut Vec<Event>) {
        let generation = self.generation;
        for process in now {
            let mut told = whole;
            let known = self
                .processes
                .entry(process.key)
                .and_modify(|known| {
                    known.generation = generation;
                    if !Arc::ptr_eq(&known.value, process) {
                        let process = live::keep_parent(&known.value, process);
                        told |= known.value != process;
                        known.value = process;
                    }
                })
                .or_insert_with(|| {
                    told = true;
                    Known { generation, value: Arc::clone(process) }
                });
            if told {
                events.push(Event::ProcessStarted(Arc::clone(&known.value)));
            }
        }
    }

    fn end_processes(&mut self, whole: bool, events: &mut Vec<Event>) {
        let generation = self.generation;
        self.processes.retain(|key, known| {
            let alive = known.generation == generation;
            if !alive && !whole {
                events.push(Event::ProcessExited(*key));
            }
            alive
        });
    }

    fn diff_sockets(
        &mut self,
        snapshot: &Snapshot,
        list: impl FnOnce(&mut Intake<'_>) -> bool,
        whole: bool,
        events: &mut Vec<Event>,
    ) {
        let generation = self.generation;
        let mut intake =
            Intake { differ: self, snapshot, orphans: FxHashMap::default(), alive: Vec::new() };
        let all = list(&mut intake);
        let Intake { orphans, mut alive, .. } = intake;
        self.adopt(&orphans, &mut alive);
        // What two snapshots in turn do not name does not linger; one may have been interrupted.
        let before = std::mem::replace(&mut self.at, snapshot.at);
        let oldest = Timestamp(snapshot.at.0.saturating_sub(MAX_LINGERING));
        let oldest = if snapshot.lingering { oldest.max(before) } else { oldest };
        self.departed.forget_before(oldest);
        self.missed.clear();
        if self.named + self.flows < self.sockets.len() {
            self.sockets.retain(|known| {
                let key = known.socket().key;
                let lives = known.generation == generation || key.is_flow();
                let asked = snapshot.lingering || known.socket().state != SocketState::TimeWait;
                if lives || !(all && asked) {
                    return true; // Or nobody knows.
                }
                if self.live {
                    self.missed.push(key);
                    return true;
                }
                if !whole {
                    events.push(Event::SocketClosed { key, ending: None });
                }
                false
            });
            let used = self.sockets.len();
            if is_slack(self.sockets.capacity(), used) {
                self.sockets.shrink_to(roomy(used));
            }
        }
        if whole {
            // Whoever is told everything is told all that is known.
            events.reserve(self.sockets.len());
            let known = self.sockets.values().map(|known| Arc::clone(known.socket()));
            events.extend(known.map(Event::SocketOpened));
            return;
        }
        // What closed comes first: an address that is in use again is its new socket's.
        events.append(&mut alive);
    }

    /// Gives sockets that nobody holds, and that were not known under their key, the owners of
    /// the socket with the same five-tuple that has just gone.
    fn adopt(&mut self, orphans: &FxHashMap<FiveTuple, SocketKey>, events: &mut Vec<Event>) {
        if orphans.is_empty() {
            return;
        }
        let generation = self.generation;
        let former = |known: &KnownSocket| {
            let socket = known.socket();
            let gone = known.generation != generation && !socket.owners.is_empty();
            let heir = *orphans.get(&five_tuple(socket).filter(|_| gone)?)?;
            let owners = inferred(&self.processes, generation, &socket.owners);
            Some((heir, owners, socket.opened))
        };
        let inheritances: Vec<_> = self.sockets.values().filter_map(former).collect();
        for (heir, owners, opened) in inheritances {
            let Some(known) = self.sockets.get_mut(&heir) else { continue };
            if is_orphan(known.socket()) {
                let socket = Socket { owners, opened, ..Socket::clone(known.socket()) };
                known.replace(Arc::new(socket));
                events.push(Event::SocketOpened(Arc::clone(known.socket())));
            }
        }
    }
}

/// True for a socket that outlived its descriptor: the kernel sees to its closing.
fn is_orphan(socket: &Socket) -> bool {
    socket.owners.is_empty()
        && socket.unknown_owner == UnknownOwner::Kernel
        && matches!(
            socket.state,
            SocketState::TimeWait
                | SocketState::FinWait1
                | SocketState::FinWait2
                | SocketState::Closing
                | SocketState::LastAck
        )
}

fn five_tuple(socket: &Socket) -> Option<FiveTuple> {
    Some((socket.key.netns, socket.protocol, socket.local, socket.remote?))
}

/// Those of a former socket's owners that still live.
fn inferred(
    processes: &FxHashMap<ProcessKey, Known<Arc<Process>>>,
    generation: u32,
    former: &Owners,
) -> Owners {
    former
        .iter()
        .filter(|owner| {
            processes.get(&owner.process).is_some_and(|known| known.generation == generation)
        })
        .map(|owner| procnet_core::Owner {
            process: owner.process,
            attribution: Attribution::Inferred,
        })
        .collect()
}

/// True if only the counters may differ. Both have the same key and opening time.
fn same_but_counters(a: &Socket, b: &Socket) -> bool {
    a.state == b.state
        && a.owners == b.owners
        && (a.unknown_owner == b.unknown_owner || !a.owners.is_empty())
        && a.remote == b.remote
        && a.remote_name == b.remote_name
        && a.local == b.local
        && a.uid == b.uid
        && a.v6_only == b.v6_only
        && a.protocol == b.protocol
        && a.role == b.role
        && a.unix == b.unix
}

#[cfg(test)]
mod tests;
