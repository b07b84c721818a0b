//! What the kernel's records mean: sockets and processes that open, change and end.

use std::sync::Arc;

use procnet_core::text::{MAX_NAME, sanitized};
use procnet_core::{
    Attribution, Ending, Event, GapReason, HostId, NetnsId, Owner, Owners, Process, ProcessKey,
    Protocol, Role, Socket, SocketIdentity, SocketKey, SocketState, Timestamp, UnknownOwner,
};
use rustc_hash::FxHashMap;

use super::connecting::Connecting;
use super::flows::{FlowCounts, Flows};
use crate::differ::Draft;
use crate::parse::kernel_record::{
    KernelProcess, KernelRecord, ProcessChange, ProcessRecord, SocketChange, SocketRecord,
    until_nul,
};
use crate::platform::scan::Scanner;

/// Most processes of one batch that are looked into; the others keep what the kernel told of
/// them until the next snapshot.
const MAX_EXAMINED: usize = 1024;

/// Puts one batch together from records.
#[derive(Debug)]
pub(super) struct Tracker {
    flows: Flows,
    connecting: Connecting,
    /// Processes to be told of with this batch.
    news: FxHashMap<ProcessKey, News>,
    /// Processes that ended in this batch. They are told one batch later: what they held ends
    /// after them.
    ended: Vec<ProcessKey>,
    ended_before: Vec<ProcessKey>,
    /// Processes that were forked in this batch.
    forked: Vec<ProcessKey>,
}

/// What the kernel told of a process.
#[derive(Debug, Default)]
struct News {
    comm: [u8; 16],
    uid: Option<u32>,
    parent: Option<ProcessKey>,
    file: Option<Arc<str>>,
    /// It gave itself its name.
    renamed: bool,
    /// It may have become something else than what is known of it.
    changed: bool,
}

impl Tracker {
    pub(super) fn new(flows: FlowCounts, max_flows: u32) -> Self {
        Self {
            flows: Flows::new(flows, max_flows),
            connecting: Connecting::default(),
            news: FxHashMap::default(),
            ended: Vec::new(),
            ended_before: Vec::new(),
            forked: Vec::new(),
        }
    }

    /// A snapshot was taken at this time.
    pub(super) fn after_snapshot(&mut self, at: Timestamp) {
        self.flows.after_snapshot(at);
    }

    /// Takes in one record.
    pub(super) fn record(
        &mut self,
        record: &KernelRecord<'_>,
        scanner: &mut Scanner,
        draft: &mut Draft,
    ) {
        match record {
            KernelRecord::Process(process) => self.process(process, scanner),
            KernelRecord::Socket(socket) => self.socket(socket, scanner, draft),
            KernelRecord::Flow(told) => {
                let owner = self.owner(&told.process, scanner);
                self.flows.told(told.cookie, told.remote, &told.flow, Some(owner), scanner, draft);
            }
        }
    }

    /// The processes that were forked since the last call.
    pub(super) fn take_forked(&mut self) -> Vec<ProcessKey> {
        std::mem::take(&mut self.forked)
    }

    /// Ends the batch: says who the processes are that came up in it.
    pub(super) fn finish(&mut self, lost: u64, scanner: &mut Scanner, draft: &mut Draft) {
        if lost > 0 {
            draft.note(Event::Gap { lost, reason: GapReason::Kernel });
            self.flows.after_loss();
        }
        self.flows.look(scanner, draft);
        self.connecting.look(scanner, draft);
        self.tell_processes(scanner, draft);
        for key in std::mem::replace(&mut self.ended_before, std::mem::take(&mut self.ended)) {
            scanner.differ_mut().process_exited(key, draft);
        }
    }

    fn process(&mut self, record: &ProcessRecord<'_>, scanner: &Scanner) {
        let key = key_of(&record.process, scanner);
        if record.kind == ProcessChange::Exited {
            self.ended.push(key);
            return;
        }
        if record.kind == ProcessChange::Forked {
            self.forked.push(key);
        }
        let news = self.news.entry(key).or_default();
        news.comm = record.process.comm;
        news.renamed = record.kind == ProcessChange::Renamed;
        news.uid = Some(record.uid);
        news.changed = true;
        if let Some((pid, started)) = record.parent {
            let parent = KernelProcess { pid, started, comm: [0; 16] };
            news.parent = Some(key_of(&parent, scanner));
        }
        if let Some(file) = record.file {
            news.file = Some(sanitized(file, MAX_NAME));
        }
    }

    fn socket(&mut self, record: &SocketRecord, scanner: &mut Scanner, draft: &mut Draft) {
        if record.protocol == Protocol::Udp && !scanner.tells_udp() {
            return;
        }
        let netns = NetnsId(u64::from(record.netns));
        let identity = SocketIdentity::Cookie(record.cookie);
        let key = SocketKey { host: HostId::LOCAL, netns, identity };
        if record.kind == SocketChange::Closed {
            if record.protocol == Protocol::Udp {
                self.flows.socket_closed(&key, record.at, scanner, draft);
            }
            self.closed(&key, record, scanner, draft);
            return;
        }
        if !scanner.identifies_by_cookie(netns) {
            // Scanning knows its sockets by another identity; they must not be told twice.
            return;
        }
        if record.kind == SocketChange::Connecting && record.local.port == 0 {
            self.connecting.began(key);
        }
        let owner = record.process.map(|process| self.owner(&process, scanner));
        let at = scanner.wall_clock(record.at);
        let differ = scanner.differ_mut();
        let known = differ.change_socket(&key, draft, |socket| change(socket, record, owner, at));
        if !known {
            draft.open_new(opened(key, record, owner, at));
        }
    }

    fn closed(
        &mut self,
        key: &SocketKey,
        record: &SocketRecord,
        scanner: &mut Scanner,
        draft: &mut Draft,
    ) {
        let known = scanner.differ_mut().drafted(key, draft);
        let unowned = known.is_some_and(|socket| socket.owners.is_empty());
        // Refused, or never answered: only now its port is told.
        let portless = known.is_some_and(|socket| socket.local.port == 0 && record.local.port != 0);
        let process = record.process.filter(|_| unowned);
        if portless || process.is_some() {
            let owner = process.map(|process| self.owner(&process, scanner));
            scanner.differ_mut().change_socket(key, draft, |socket| {
                socket.owners.extend(owner);
                if portless {
                    socket.local = record.local;
                }
                true
            });
        }
        let ending = Ending { totals: record.counters, at: scanner.wall_clock(record.at) };
        scanner.differ_mut().socket_closed(*key, Some(ending), draft);
    }

    /// The process as an owner; it is told before the socket is.
    fn owner(&mut self, process: &KernelProcess, scanner: &mut Scanner) -> Owner {
        let key = key_of(process, scanner);
        if !scanner.differ_mut().knows_process(&key) {
            let news = self.news.entry(key).or_default();
            if news.comm == [0; 16] {
                news.comm = process.comm;
            }
        }
        Owner { process: key, attribution: Attribution::Observed }
    }

    fn tell_processes(&mut self, scanner: &mut Scanner, draft: &mut Draft) {
        let mut news: Vec<(ProcessKey, News)> = self.news.drain().collect();
        news.retain(|(key, news)| news.changed || !scanner.differ_mut().knows_process(key));
        // Parents first, as far as they are among them.
        news.sort_unstable_by_key(|(key, _)| (key.started, key.pid));
        let keys: Vec<ProcessKey> = news.iter().map(|(key, _)| *key).collect();
        let looked_into = keys.get(..MAX_EXAMINED).unwrap_or(&keys);
        let mut details = scanner.look_into(looked_into);
        for (key, news) in news {
            let process = match details.remove(&key.pid) {
                Some(details) => scanner.describe(key, details, news.parent),
                None => gone(key, news, scanner),
            };
            scanner.differ_mut().process_started(process, draft);
        }
    }
}

/// A process that `/proc` no longer shows, as the kernel's records told it.
fn gone(key: ProcessKey, news: News, scanner: &mut Scanner) -> Arc<Process> {
    let file = news.file.as_deref().filter(|_| !news.renamed);
    let name = file.and_then(|file| file.rsplit('/').next());
    let name = match name.filter(|name| !name.is_empty()) {
        Some(name) => Arc::from(name),
        None => sanitized(until_nul(&news.comm), MAX_NAME),
    };
    if news.renamed
        && news.file.is_none()
        && let Some(known) = scanner.differ_mut().process(&key)
    {
        return Arc::new(Process { name, ..Process::clone(known) });
    }
    let bare = Process {
        exe: news.file,
        user: news.uid.map(|uid| scanner.user(uid)),
        parent: news.parent,
        started: scanner.started(&key),
        ..Process::bare(key, name)
    };
    // A fork keeps the control group, so where it was not seen itself it is where its parent is.
    let differ = scanner.differ_mut();
    let seen = differ.process(&key).or_else(|| differ.process(news.parent.as_ref()?));
    Arc::new(match seen {
        Some(Process { cgroup, container, unit, .. }) => Process {
            cgroup: cgroup.clone(),
            container: container.clone(),
            unit: unit.clone(),
            ..bare
        },
        None => bare,
    })
}

pub(super) fn key_of(process: &KernelProcess, scanner: &Scanner) -> ProcessKey {
    let started = scanner.ticks(process.started);
    ProcessKey { host: HostId::LOCAL, pid: process.pid, started }
}

/// A socket that was not known before this record.
fn opened(key: SocketKey, record: &SocketRecord, owner: Option<Owner>, at: Timestamp) -> Socket {
    Socket {
        key,
        protocol: record.protocol,
        state: record.state,
        local: record.local,
        remote: record.remote,
        v6_only: record.v6_only,
        // Until it is accepted, the kernel's tables name no user either.
        uid: owner.map(|_| record.uid),
        owners: owner.into_iter().collect(),
        // Accepted by nobody yet.
        unknown_owner: UnknownOwner::Kernel,
        role: role(record.kind),
        counters: record.counters,
        opened: at,
        remote_name: None,
        unix: None,
    }
}

fn role(kind: SocketChange) -> Option<Role> {
    match kind {
        SocketChange::Connecting | SocketChange::Connected => Some(Role::Client),
        SocketChange::Accepted => Some(Role::Server),
        SocketChange::Listening | SocketChange::Used | SocketChange::Closed => None,
    }
}

/// Brings what is known of a socket up to date; true if that changed it.
fn change(socket: &mut Socket, record: &SocketRecord, owner: Option<Owner>, at: Timestamp) -> bool {
    // Who connects or listens anew begins a new life with the same cookie.
    let again = matches!(record.kind, SocketChange::Connecting | SocketChange::Listening);
    if again && socket.state != SocketState::SynSent {
        *socket = opened(socket.key, record, owner, at);
        return true;
    }
    let owners_changed = owner.is_some_and(|owner| add_owner(&mut socket.owners, owner));
    let uid = if socket.owners.is_empty() { None } else { Some(record.uid) };
    let role = role(record.kind).or(socket.role);
    let same = socket.state == record.state
        && socket.local == record.local
        && socket.remote == record.remote
        && socket.v6_only == record.v6_only
        && socket.uid == uid
        && socket.role == role
        && socket.counters == record.counters
        && socket.unknown_owner == UnknownOwner::Kernel;
    if same && !owners_changed {
        return false;
    }
    socket.state = record.state;
    socket.local = record.local;
    socket.remote = record.remote;
    socket.v6_only = record.v6_only;
    socket.uid = uid;
    socket.role = role;
    socket.counters = record.counters;
    socket.unknown_owner = UnknownOwner::Kernel;
    true
}

/// Adds somebody who was seen with the socket; true if that says more than was known.
fn add_owner(owners: &mut Owners, owner: Owner) -> bool {
    let others = || owners.iter().filter(|known| known.process != owner.process);
    // Where the opener is known, whoever uses the socket too got it from there.
    let attribution =
        if others().next().is_none() { Attribution::Observed } else { Attribution::Inherited };
    let opened_by_another = others().any(|known| known.attribution == Attribution::Observed);
    match owners.iter_mut().find(|known| known.process == owner.process) {
        Some(known) if known.attribution == Attribution::Held && opened_by_another => {
            known.attribution = attribution;
        }
        Some(known) if known.attribution <= attribution => return false,
        Some(known) => known.attribution = attribution,
        None => owners.push(Owner { attribution, ..owner }),
    }
    owners.sort_unstable();
    true
}
