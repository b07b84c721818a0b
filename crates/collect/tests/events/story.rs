//! What a collector tells, folded into a story that a test can wait for.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use procnet_collect::{CollectOptions, Collector, CollectorKind, ScanOptions, host_facts};
use procnet_core::{
    Batch, Counters, Endpoint, Event, Owner, Protocol, Role, Socket, SocketKey, SocketState,
};

use crate::common::{self, World};

/// No condition is waited for longer.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

/// What the tests ask for. Whatever else happens on this machine, its records should find room,
/// also while a snapshot takes long.
pub(crate) fn options() -> CollectOptions {
    CollectOptions { ring_bytes: 64 * 1024 * 1024, ..CollectOptions::default() }
}

pub(crate) fn collector() -> Option<Collector> {
    collector_with(options())
}

/// One that reads all descriptor tables with each snapshot, lest a test wait for it.
pub(crate) fn collector_that_rereads() -> Option<Collector> {
    let scan = ScanOptions { rescan_millis: 0, ..ScanOptions::default() };
    let reconcile = Duration::from_secs(1);
    collector_with(CollectOptions { scan, reconcile, ..options() })
}

/// One that looks at tables only when it begins, when that is asked for, and after a loss.
pub(crate) fn collector_between_snapshots() -> Option<Collector> {
    let interval = Duration::from_secs(3600);
    collector_with(CollectOptions { interval, reconcile: interval, ..options() })
}

/// One that learns by events.
pub(crate) fn collector_with(options: CollectOptions) -> Option<Collector> {
    let root = host_facts().uid == 0;
    common::unless(root, "root, for events from the kernel");
    let options = CollectOptions { kind: CollectorKind::Events, ..options };
    root.then(|| Collector::new(options).expect("this kernel tells of events"))
}

/// All that was told of each socket, and who was told of.
#[derive(Default)]
pub(crate) struct Story {
    pub(crate) world: World,
    begun: bool,
    pub(crate) opened: BTreeMap<SocketKey, Socket>,
    pub(crate) closed: BTreeMap<SocketKey, Option<Counters>>,
    pub(crate) lost: u64,
    /// How often the whole truth was told.
    pub(crate) resyncs: usize,
    /// The ports of the test's servers.
    pub(crate) ports: Vec<u16>,
    /// How many ends of their connections were told from opening to closing, by an event each.
    pub(crate) told: usize,
}

impl Story {
    pub(crate) fn apply(&mut self, batch: Batch) {
        // What comes before everything is told is about what an earlier story knows.
        self.begun |= batch.events.first() == Some(&Event::Resync);
        if !self.begun {
            return;
        }
        for event in &batch.events {
            match event {
                Event::SocketOpened(socket) => {
                    drop(self.opened.insert(socket.key, (**socket).clone()));
                }
                Event::SocketClosed { key, ending } => {
                    self.closed.insert(*key, ending.map(|ending| ending.totals));
                    let ends = self.opened.get(key).is_some_and(|socket| {
                        let ports = [Some(socket.local.port), socket.remote.map(|to| to.port)];
                        socket.role.is_some()
                            && ports.into_iter().flatten().any(|port| self.ports.contains(&port))
                    });
                    self.told += usize::from(ends && ending.is_some());
                }
                Event::Resync => self.resyncs += 1,
                Event::Gap { lost, .. } => self.lost += lost,
                _ => {}
            }
        }
        self.world.apply(batch);
    }

    /// Follows until `done`, which is asked after each batch and each quiet frame.
    pub(crate) fn follow(
        &mut self,
        collector: &mut Collector,
        mut done: impl FnMut(&Self) -> bool,
    ) -> bool {
        let end = Instant::now() + PATIENCE;
        while Instant::now() < end {
            if let Some(batch) = collector.next(Duration::from_millis(20)).expect("it collects") {
                self.apply(batch);
            }
            if done(self) {
                return true;
            }
        }
        false
    }

    /// Follows until exactly these ends are told: each as one socket, with its role and owners.
    pub(crate) fn shows(&mut self, collector: &mut Collector, ends: &[End]) {
        let shown = |story: &Self, end: &End| end.is_shown(&story.world, story.lost > 0);
        if self.follow(collector, |story| ends.iter().all(|end| shown(story, end))) {
            return;
        }
        for end in ends.iter().filter(|end| !shown(self, end)) {
            let told = end.sockets(&self.world);
            let told: Vec<_> = told.iter().map(|s| (s.state, s.role, &s.owners)).collect();
            eprintln!("{end:?} is told as {told:?}");
        }
        let all = ends.iter().all(|end| shown(self, end));
        assert!(all, "not all ends are told as they are; {} records lost", self.lost);
    }

    /// Follows until the closing of each of these ends was told by an event, with these totals of
    /// bytes received and sent.
    pub(crate) fn closes(
        &mut self,
        collector: &mut Collector,
        ends: &[End],
        totals: &[(u64, u64)],
    ) {
        assert_eq!(ends.len(), totals.len());
        let told = |story: &Self| ends.iter().map(|end| end.totals(story)).collect::<Vec<_>>();
        let closed = self.follow(collector, |story| {
            // What was lost is closed by a snapshot, which counts nothing and sees TIME_WAIT.
            let lost = story.lost > 0;
            let gone = |socket: &&Socket| lost && socket.state == SocketState::TimeWait;
            ends.iter().all(|end| end.sockets(&story.world).iter().all(gone))
                && (lost || told(story).iter().all(|totals| !totals.is_empty()))
        });
        let told = told(self);
        assert!(closed, "{ends:?} are told as closed with {told:?}; {} records lost", self.lost);
        for ((end, told), expected) in ends.iter().zip(told).zip(totals) {
            let right = if self.lost > 0 { told.len() < 2 } else { told.len() == 1 };
            let right = right && told.iter().all(|totals| totals == expected);
            assert!(right, "{end:?} closed with {told:?} rather than {expected:?}");
        }
    }
}

/// One end of a connection, or a listener, as it must be told.
#[derive(Clone, Debug)]
pub(crate) struct End {
    local: Endpoint,
    remote: Option<Endpoint>,
    role: Option<Role>,
    /// Sorted.
    owners: Vec<u32>,
}

impl End {
    pub(crate) fn client(near: SocketAddr, far: SocketAddr, owners: &[u32]) -> Self {
        Self::new(near, Some(far), Some(Role::Client), owners)
    }

    pub(crate) fn server(near: SocketAddr, far: SocketAddr, owners: &[u32]) -> Self {
        Self::new(near, Some(far), Some(Role::Server), owners)
    }

    pub(crate) fn listener(at: SocketAddr, owners: &[u32]) -> Self {
        Self::new(at, None, None, owners)
    }

    /// It was there before anybody watched: nobody saw who called and who was called.
    pub(crate) fn without_role(self) -> Self {
        Self { role: None, ..self }
    }

    fn new(
        local: SocketAddr,
        remote: Option<SocketAddr>,
        role: Option<Role>,
        owners: &[u32],
    ) -> Self {
        let end = |address: SocketAddr| Endpoint::new(address.ip(), address.port());
        let mut owners = owners.to_vec();
        owners.sort_unstable();
        Self { local: end(local), remote: remote.map(end), role, owners }
    }

    pub(crate) fn has_addresses_of(&self, socket: &Socket) -> bool {
        socket.protocol == Protocol::Tcp
            && (socket.local, socket.remote) == (self.local, self.remote)
    }

    /// All that is told at its addresses.
    pub(crate) fn sockets<'a>(&self, world: &'a World) -> Vec<&'a Socket> {
        world.sockets.values().filter(|socket| self.has_addresses_of(socket)).collect()
    }

    /// The bytes received and sent with which it was told as closed; of each time it was.
    fn totals(&self, story: &Story) -> Vec<(u64, u64)> {
        let ours = story.opened.values().filter(|socket| self.has_addresses_of(socket));
        let totals = ours.filter_map(|socket| *story.closed.get(&socket.key)?);
        totals.map(|totals| (totals.received_bytes, totals.sent_bytes)).collect()
    }

    /// With `lost` records who called may be unknown: the snapshot that made up for them can't
    /// tell. Who owns the socket it can.
    fn is_shown(&self, world: &World, lost: bool) -> bool {
        let sockets = self.sockets(world);
        let [socket] = sockets.as_slice() else { return false };
        let mut owners: Vec<u32> = socket.owners.iter().map(|owner| owner.process.pid).collect();
        owners.sort_unstable();
        let known = |owner: &Owner| world.processes.contains_key(&owner.process);
        let role = socket.role == self.role || lost && socket.role.is_none();
        role && owners == self.owners && socket.owners.iter().all(known)
    }
}

/// Lets the first snapshot pass.
pub(crate) fn settled(collector: &mut Collector) -> Story {
    let mut story = Story::default();
    let me = std::process::id();
    collector.request_resync();
    assert!(story.follow(collector, |story| story.world.has_process(me)));
    story
}
