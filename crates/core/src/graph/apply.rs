//! How events change the graph.

use std::sync::Arc;
use std::time::Duration;

use super::changes::SocketChangeKind;
use super::link::Contribution;
use super::resolve::Resolution;
use super::{
    Changes, Graph, Link, LinkId, Party, ProcessEntry, SocketEntry, SocketId, Totals, index,
};
use crate::capability::{Capability, Degradation};
use crate::event::Ending;
use crate::key::{HostId, ProcessKey, SocketKey};
use crate::memory::is_slack;
use crate::process::{Process, User};
use crate::registry::ServicePorts;
use crate::rules::RuleSet;
use crate::socket::{Counters, Socket, SocketState, UnknownOwner};
use crate::time::{Moment, Timestamp};

/// Most users that are remembered.
const MAX_USERS: usize = 65_536;

/// Why a connection leaves its link.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Detach {
    /// It is over: the link goes stale with its last one. `carried_on`: the connection's other
    /// end is still there.
    Closed { carried_on: bool },
    /// It turned out to belong to another link: one that loses its last connection that way
    /// vanishes at once.
    Moved,
}

/// Most rounds of drawing conclusions from conclusions.
const MAX_ROUNDS: usize = 8;

impl Graph {
    pub(crate) fn new(service_ports: ServicePorts, track_sockets: bool) -> Self {
        Self { service_ports, track_sockets, ..Self::default() }
    }

    /// The same where no machine has been told of: what a whole truth does not tell again stays, and so
    /// do the numbers that were given away.
    pub(crate) fn emptied(&self) -> Self {
        Self {
            addresses: self.addresses.clone(),
            interfaces: self.interfaces.clone(),
            next_link: self.next_link,
            capabilities: Arc::clone(&self.capabilities),
            degradations: self.degradations.clone(),
            totals: Totals {
                gaps: self.totals.gaps,
                lost_events: self.totals.lost_events,
                ..Totals::default()
            },
            at: self.at,
            first_looks: self.first_looks.clone(),
            ..Self::new(self.service_ports.clone(), self.track_sockets)
        }
    }

    pub(crate) fn take_changes(&mut self) -> Changes {
        std::mem::take(&mut self.changes)
    }

    /// Notes the time of a batch that begins.
    pub(crate) fn begin(&mut self, host: HostId, at: Timestamp) {
        self.at = at;
        self.first_looks.entry(host).or_insert(at);
        self.changes.applied = true;
    }

    pub(crate) fn start_process(&mut self, process: Arc<Process>, rules: &RuleSet) {
        let process = rules.masked(process);
        let key = process.key;
        let classification = rules.classify(&process);
        if let Some(parent) = process.parent {
            self.children.insert((parent, key));
        }
        self.pids.insert((key.host, key.pid), key);
        if let Some(user) = &process.user
            && user.name.is_some()
        {
            self.note_user(key.host, user.clone());
        }
        let entry = ProcessEntry {
            process,
            type_name: classification.type_name,
            label: classification.label,
            alive: true,
        };
        if let Some(before) = self.processes.insert(key, entry)
            && let Some(parent) = before.process.parent
            && self.processes[&key].process.parent != Some(parent)
        {
            self.children.remove(&(parent, key));
        }
        self.changes.processes.insert(key);
    }

    /// Remembers a user. There are few, but a hostile source could invent many.
    fn note_user(&mut self, host: HostId, user: User) {
        if self.users.len() < MAX_USERS || self.users.contains_key(&(host, user.id)) {
            self.users.insert((host, user.id), user);
        }
    }

    pub(crate) fn exit_process(&mut self, key: ProcessKey) {
        let Some(entry) = self.processes.get_mut(&key) else { return };
        entry.alive = false;
        self.changes.processes.insert(key);
        self.forget_process(key);
    }

    /// Applies other rules to every process.
    pub(crate) fn classify_again(&mut self, rules: &RuleSet) {
        for (key, entry) in &mut self.processes {
            let process = rules.masked(Arc::clone(&entry.process));
            if !Arc::ptr_eq(&process, &entry.process) {
                entry.process = process;
                self.changes.processes.insert(*key);
            }
            let classification = rules.classify(&entry.process);
            if entry.type_name != classification.type_name || entry.label != classification.label {
                entry.type_name = classification.type_name;
                entry.label = classification.label;
                self.changes.processes.insert(*key);
            }
        }
    }

    /// Drops an ended process that nothing touches any more.
    fn forget_process(&mut self, key: ProcessKey) {
        if self.links_of(Party::Process(key)).next().is_some()
            || self.listening_as(Party::Process(key))
        {
            return;
        }
        if let Some(entry) = self.processes.get(&key)
            && !entry.alive
        {
            if let Some(parent) = entry.process.parent {
                self.children.remove(&(parent, key));
            }
            self.processes.remove(&key);
            if self.pids.get(&(key.host, key.pid)) == Some(&key) {
                self.pids.remove(&(key.host, key.pid));
            }
            self.changes.processes.insert(key);
        }
    }

    fn listening_as(&self, party: Party) -> bool {
        self.listeners_of(party).next().is_some()
    }

    pub(crate) fn open_socket(&mut self, mut socket: Arc<Socket>) {
        // The invariant of `Owners`; a source that breaks it must not break the indexes.
        if !socket.owners.is_sorted_by_key(|owner| owner.process)
            || socket.owners.windows(2).any(|two| two[0].process == two[1].process)
        {
            let owners = &mut Arc::make_mut(&mut socket).owners;
            owners.sort_unstable();
            owners.dedup_by_key(|owner| owner.process);
        }
        if let (true, Some(uid)) = (socket.owners.is_empty(), socket.uid)
            && self.user(socket.key.host, uid).is_none()
        {
            self.note_user(socket.key.host, User { id: uid, name: None });
        }
        if let Some(id) = self.socket_id(&socket.key) {
            self.change_socket(id, socket);
            return;
        }
        self.record(SocketChangeKind::Opened, &socket, socket.opened);
        let index = self.sockets.insert(SocketEntry {
            socket,
            resolution: Resolution::NONE,
            link: None,
            remembered_role: None,
            remembered_peer: None,
        });
        let Ok(index) = u32::try_from(index) else {
            self.sockets.remove(index);
            return; // 2^32 sockets: no machine has them.
        };
        let id = SocketId(index);
        self.socket_ids.insert(id, &self.sockets);
        self.enter(id);
    }

    fn change_socket(&mut self, id: SocketId, socket: Arc<Socket>) {
        let entry = &mut self.sockets[id.index()];
        let before = &entry.socket;
        if *before == socket {
            entry.socket = socket;
            return;
        }
        let structural = before.local != socket.local
            || before.remote != socket.remote
            || before.owners != socket.owners
            || before.unknown_owner != socket.unknown_owner
            || before.is_listener() != socket.is_listener()
            || (before.state == SocketState::TimeWait) != (socket.state == SocketState::TimeWait)
            || before.v6_only != socket.v6_only
            || before.uid != socket.uid
            || before.role != socket.role
            || before.protocol != socket.protocol
            || before.unix != socket.unix;
        self.record(SocketChangeKind::Changed, &socket, self.at);
        if structural {
            self.leave(id);
            self.sockets[id.index()].socket = socket;
            self.enter(id);
        } else {
            self.sockets[id.index()].socket = socket;
            self.dirty.insert(id);
        }
    }

    pub(crate) fn count_socket(&mut self, key: &SocketKey, counters: Counters) {
        let Some(id) = self.socket_id(key) else { return };
        let entry = &mut self.sockets[id.index()];
        if entry.socket.counters == counters {
            return;
        }
        Arc::make_mut(&mut entry.socket).counters = counters;
        self.dirty.insert(id);
        if self.track_sockets {
            let socket = Arc::clone(&self.sockets[id.index()].socket);
            self.record(SocketChangeKind::Changed, &socket, self.at);
        }
    }

    pub(crate) fn close_socket(&mut self, key: &SocketKey, ending: Option<Ending>, now: Moment) {
        let Some(id) = self.socket_ids.remove(key, &self.sockets) else { return };
        if let Some(ending) = ending {
            Arc::make_mut(&mut self.sockets[id.index()].socket).counters = ending.totals;
        }
        if ending.is_some() || self.dirty.contains(&id) {
            // What lived for less than a batch must have been on the map too, and each end must have
            // known the other.
            self.settle(id, now);
            if let Some(pair) = self.pair(id)
                && self.dirty.contains(&pair)
            {
                self.settle(pair, now);
            }
        }
        if self.track_sockets {
            let socket = Arc::clone(&self.sockets[id.index()].socket);
            self.record(SocketChangeKind::Closed, &socket, ending.map_or(self.at, |end| end.at));
            self.complete_last(id);
        }
        let pair = self.pair(id);
        self.leave(id);
        self.detach(id, Detach::Closed { carried_on: pair.is_some() }, now);
        self.dirty.remove(&id);
        self.sockets.remove(id.index());
        if let Some(pair) = pair {
            // At once: it may be closed by the next event, and then its bytes must be counted.
            self.settle(pair, now);
        }
    }

    pub(crate) fn note_gap(&mut self, lost: u64) {
        self.totals.gaps = self.totals.gaps.saturating_add(1);
        self.totals.lost_events = self.totals.lost_events.saturating_add(lost);
    }

    pub(crate) fn set_capabilities(&mut self, capabilities: Arc<[Capability]>) {
        self.capabilities = capabilities;
    }

    pub(crate) fn set_degradation(&mut self, host: HostId, degradation: Degradation) {
        if degradation.count == 0 {
            self.degradations.remove(&(host, degradation.id));
        } else {
            self.degradations.insert((host, degradation.id), degradation);
        }
    }

    /// The keys of all sockets and processes of a host: what a resync must name, or they are gone.
    pub(crate) fn keys_of(&self, host: HostId) -> (Vec<SocketKey>, Vec<ProcessKey>) {
        let sockets = self.sockets().map(|(_, s)| s.key).filter(|key| key.host == host).collect();
        let processes = self
            .processes
            .iter()
            .filter(|(key, entry)| key.host == host && entry.alive)
            .map(|(key, _)| *key)
            .collect();
        (sockets, processes)
    }

    /// Draws the conclusions of everything that was applied.
    pub(crate) fn settle_all(&mut self, now: Moment) {
        // What a socket remembers may turn its pair once; more rounds than a few would mean that two
        // ends contradict each other for ever, and a wrong arrow is better than a hung engine.
        for _ in 0..MAX_ROUNDS {
            if self.dirty.is_empty() {
                break;
            }
            let mut dirty: Vec<SocketId> = self.dirty.drain().collect();
            // In a fixed order: link numbers are handed out here.
            dirty.sort_unstable();
            for id in dirty {
                if self.sockets.contains(id.index()) {
                    self.settle(id, now);
                }
            }
        }
        // A connection that only moved leaves no trace of the link to which it never belonged.
        for id in std::mem::take(&mut self.emptied) {
            if self.links.get(&id).is_some_and(|l| l.is_stale() && l.stale_since.is_none()) {
                self.remove_link(id);
            }
        }
        if self.track_sockets {
            self.complete_recorded();
        }
        self.shrink();
    }

    /// Gives back what a flood of sockets once needed.
    fn shrink(&mut self) {
        let used = self.sockets.len();
        if is_slack(self.sockets.capacity(), used) {
            // Numbers stay: only what lies behind the last socket goes.
            self.sockets.shrink_to_fit();
        }
        self.socket_ids.shrink(&self.sockets);
        self.indexes.shrink();
    }

    /// Drops links that have been stale for long enough.
    pub(crate) fn expire(&mut self, now: Moment, stale_after: Duration) {
        while let Some((since, id)) = self.stale.first().copied() {
            if now.saturating_since(since) < stale_after {
                break;
            }
            self.stale.remove(&(since, id));
            self.remove_link(id);
        }
    }

    fn remove_link(&mut self, id: LinkId) {
        let Some(link) = self.links.remove(&id) else { return };
        self.link_ids.remove(&link.key);
        self.changes.links.insert(id);
        self.changes.applied = true;
        self.indexes.unix.release_name(link.key.name);
        for party in [link.key.client, link.key.server] {
            self.link_parties.remove(&(party, id));
        }
        for party in [link.key.client, link.key.server] {
            if let Party::Process(key) = party {
                self.forget_process(key);
            }
        }
    }

    /// Enters a socket into the indexes and marks what its coming may decide.
    pub(super) fn enter(&mut self, id: SocketId) {
        self.indexes.insert(id, &self.sockets[id.index()].socket);
        self.count(id, true);
        self.mark(id);
    }

    /// Takes a socket out of the indexes and marks what its going may decide.
    fn leave(&mut self, id: SocketId) {
        self.mark(id);
        self.count(id, false);
        self.indexes.remove(id, &self.sockets[id.index()].socket);
    }

    fn count(&mut self, id: SocketId, coming: bool) {
        let socket = &self.sockets[id.index()].socket;
        let step = |count: &mut u32| *count = if coming { *count + 1 } else { *count - 1 };
        if socket.is_listener() {
            if super::offers_service(socket) {
                step(&mut self.totals.listeners);
            }
            if let Some(party) = Self::party_of(socket) {
                if coming {
                    self.listening.insert((party, id));
                } else {
                    self.listening.remove(&(party, id));
                }
                self.changes.listeners.insert(party);
                if let (Party::Process(key), false) = (party, coming) {
                    self.forget_process(key);
                }
            }
        }
        let socket = &self.sockets[id.index()].socket;
        if socket.owners.is_empty() && socket.unknown_owner != UnknownOwner::Kernel {
            step(&mut self.totals.unattributed);
        }
    }

    /// Marks a socket and all whose resolution depends on it.
    fn mark(&mut self, id: SocketId) {
        self.dirty.insert(id);
        let socket = &self.sockets[id.index()].socket;
        let space = index::Space::of(socket);
        if let Some(unix) = &socket.unix {
            let index = &self.indexes.unix;
            self.dirty.extend(index.neighbours(socket, unix));
            if socket.is_listener() {
                for namesake in index.namesakes(socket, unix) {
                    self.dirty.insert(namesake);
                    let socket = &self.sockets[namesake.index()].socket;
                    if let Some(unix) = &socket.unix {
                        self.dirty.extend(index.neighbours(socket, unix));
                    }
                }
            }
        } else if socket.is_listener() {
            for connected in self.indexes.connected_on(space, socket.local.port) {
                self.dirty.insert(connected);
                // The other end may be in another namespace, and believes this one.
                let socket = &self.sockets[connected.index()].socket;
                self.dirty.extend(self.indexes.mirrored(socket));
            }
        } else {
            self.dirty.extend(self.indexes.mirrored(socket));
            // Whether a pair across namespaces is the only one.
            self.dirty.extend(self.indexes.alike(socket));
        }
    }

    /// Resolves one socket and brings its link up to date.
    fn settle(&mut self, id: SocketId, now: Moment) {
        let resolution = self.resolve(id);
        let entry = &mut self.sockets[id.index()];
        let role = match (resolution.direction, resolution.evidence) {
            (_, Some(super::Evidence::ServicePort | super::Evidence::Undirected) | None) => {
                entry.remembered_role
            }
            (super::Direction::Outbound, _) => Some(crate::socket::Role::Client),
            (super::Direction::Inbound, _) => Some(crate::socket::Role::Server),
            _ => entry.remembered_role,
        };
        let remembered = entry.remembered_role != role;
        entry.remembered_role = role;
        let pair = resolution.pair.and_then(|p| Self::party_of(&self.sockets[p.index()].socket));
        // Of an end that nobody holds it is its listener who tells whose it was.
        let far = || resolution.far_party().filter(|far| !matches!(far, Party::Remote { .. }));
        let peer = pair.or_else(far);
        if peer.is_some() {
            self.sockets[id.index()].remembered_peer = peer;
        }
        let entry = &mut self.sockets[id.index()];
        if entry.resolution != resolution {
            let same_link = match (&entry.resolution.contribution, &resolution.contribution) {
                (Some(before), Some(after)) => before.link == after.link,
                (None, None) => true,
                _ => false,
            };
            if same_link {
                self.recount(id, resolution);
            } else {
                let socket = &self.sockets[id.index()].socket;
                let hung_up = socket.unix.is_some() && resolution.pair.is_none();
                let why = if hung_up || Self::party_of(socket).is_none() {
                    // Nobody is behind the socket any more, or at its other end: it is over.
                    Detach::Closed { carried_on: resolution.pair.is_some() }
                } else {
                    Detach::Moved
                };
                self.detach(id, why, now);
                self.sockets[id.index()].resolution = resolution;
                self.attach(id);
            }
        }
        self.name_remote(id);
        if remembered {
            // The other end may believe what is remembered here.
            let socket = &self.sockets[id.index()].socket;
            let pairs = self.indexes.mirrored(socket).iter().copied();
            self.dirty.extend(pairs.filter(|pair| *pair != id));
            if let Some(unix) = &socket.unix {
                self.dirty.extend(self.indexes.unix.neighbours(socket, unix));
            }
        }
    }

    /// The connection stays in its link, but what it adds changed.
    fn recount(&mut self, id: SocketId, resolution: Resolution) {
        let entry = &mut self.sockets[id.index()];
        if let (Some(link_id), Some(before), Some(after)) =
            (entry.link, &entry.resolution.contribution, &resolution.contribution)
            && before != after
            && let Some(link) = self.links.get_mut(&link_id)
        {
            link.subtract(before, false);
            link.add(after);
            self.changes.links.insert(link_id);
        }
        entry.resolution = resolution;
    }

    fn attach(&mut self, id: SocketId) {
        let Some(first) = &self.sockets[id.index()].resolution.contribution else { return };
        let link_id = match self.link_ids.get(&first.link) {
            Some(link_id) => *link_id,
            None => {
                let first = Contribution::clone(first);
                let known = self.sockets[id.index()].socket.opened;
                let since =
                    if known == Timestamp::default() { self.at } else { known.min(self.at) };
                self.make_link(&first, since)
            }
        };
        let entry = &mut self.sockets[id.index()];
        let Some(contribution) = &entry.resolution.contribution else { return };
        if let Some(link) = self.links.get_mut(&link_id) {
            if let Some(since) = link.stale_since.take() {
                self.stale.remove(&(since, link_id));
            }
            link.add(contribution);
        }
        entry.link = Some(link_id);
        self.link_sockets.insert((link_id, id));
        self.changes.links.insert(link_id);
    }

    fn make_link(&mut self, first: &Contribution, since: Timestamp) -> LinkId {
        let (id, key) = (LinkId(self.next_link), first.link);
        self.next_link = self.next_link.wrapping_add(1);
        let mut link = Link::new(first, since);
        link.know(self.meet_remote(&key));
        self.links.insert(id, link);
        self.link_ids.insert(key, id);
        self.link_parties.insert((key.client, id));
        self.link_parties.insert((key.server, id));
        self.indexes.unix.hold_name(key.name);
        id
    }

    /// Names the remote end of a socket's link as the socket does.
    fn name_remote(&mut self, id: SocketId) {
        let SocketEntry { socket, link, .. } = &self.sockets[id.index()];
        let (Some(name), Some(link_id)) = (&socket.remote_name, *link) else { return };
        if self.links.get_mut(&link_id).is_some_and(|link| link.name_remote(name)) {
            self.changes.links.insert(link_id);
        }
    }

    fn detach(&mut self, id: SocketId, why: Detach, now: Moment) {
        let entry = &mut self.sockets[id.index()];
        let Some(link_id) = entry.link.take() else { return };
        let Some(contribution) = entry.resolution.contribution.take() else { return };
        self.link_sockets.remove(&(link_id, id));
        self.changes.links.insert(link_id);
        let Some(link) = self.links.get_mut(&link_id) else { return };
        // If the other end carries on, it brings the same bytes along.
        link.subtract(&contribution, why == Detach::Closed { carried_on: false });
        if link.connections > 0 {
            return;
        }
        if why == Detach::Moved {
            self.emptied.push(link_id);
        } else {
            link.stale_since = Some(now);
            self.stale.insert((now, link_id));
        }
    }
}
