//! What the kernel's records mean: sockets and processes that open, change and end.

use std::sync::Arc;

use procnet_core::text::{MAX_NAME, sanitized};
use procnet_core::{
    Attribution, Event, GapReason, HostId, NetnsId, Owner, Owners, Process, ProcessKey, Protocol,
    Role, Socket, SocketIdentity, SocketKey, SocketState, UnknownOwner,
};
use rustc_hash::FxHashMap;

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
#[derive(Debug, Default)]
pub(super) struct Tracker {
    /// Processes to be told of with this batch.
    news: FxHashMap<ProcessKey, News>,
    /// Processes that ended in this batch. They are told one batch later: what they held ends
    /// after them.
    ended: Vec<ProcessKey>,
    ended_before: Vec<ProcessKey>,
}

/// What the kernel told of a process.
#[derive(Debug, Default)]
struct News {
    comm: [u8; 16],
    uid: Option<u32>,
    parent: Option<ProcessKey>,
    file: Option<Arc<str>>,
    /// It may have become something else than what is known of it.
    changed: bool,
}

impl Tracker {
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
        }
    }

    /// Ends the batch: says who the processes are that came up in it.
    pub(super) fn finish(&mut self, lost: u64, scanner: &mut Scanner, draft: &mut Draft) {
        if lost > 0 {
            draft.note(Event::Gap { lost, reason: GapReason::Kernel });
        }
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
        let news = self.news.entry(key).or_default();
        news.comm = record.process.comm;
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
        let known = scanner.differ_mut().socket(&key).cloned();
        if record.kind == SocketChange::Closed {
            let Some(known) = known else { return };
            if let Some(process) = record.process.filter(|_| known.owners.is_empty()) {
                let owner = self.owner(&process, scanner);
                let told = Socket { owners: Owners::from_elem(owner, 1), ..known };
                scanner.differ_mut().socket_opened(told, draft);
            }
            scanner.differ_mut().socket_closed(key, Some(record.counters), draft);
            return;
        }
        if !scanner.identifies_by_cookie(netns) {
            // Scanning knows its sockets by another identity; they must not be told twice.
            return;
        }
        let owner = record.process.map(|process| self.owner(&process, scanner));
        let socket = opened(key, record, owner, known, scanner.wall_clock(record.at));
        scanner.differ_mut().socket_opened(socket, draft);
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
                None => {
                    let name = news.file.as_deref().and_then(|file| file.rsplit('/').next());
                    let name = match name.filter(|name| !name.is_empty()) {
                        Some(name) => Arc::from(name),
                        None => sanitized(until_nul(&news.comm), MAX_NAME),
                    };
                    Arc::new(Process {
                        exe: news.file,
                        user: news.uid.map(|uid| scanner.user(uid)),
                        parent: news.parent,
                        started: scanner.started(&key),
                        ..Process::bare(key, name)
                    })
                }
            };
            scanner.differ_mut().process_started(process, draft);
        }
    }
}

fn key_of(process: &KernelProcess, scanner: &Scanner) -> ProcessKey {
    let started = scanner.ticks(process.started);
    ProcessKey { host: HostId::LOCAL, pid: process.pid, started }
}

/// What is known of the socket after this record.
fn opened(
    key: SocketKey,
    record: &SocketRecord,
    owner: Option<Owner>,
    known: Option<Socket>,
    at: procnet_core::Timestamp,
) -> Socket {
    // Who connects or listens anew begins a new life with the same cookie.
    let known = known.filter(|known| {
        let again = matches!(record.kind, SocketChange::Connecting | SocketChange::Listening);
        !again || known.state == SocketState::SynSent
    });
    let role = match record.kind {
        SocketChange::Connecting | SocketChange::Connected => Some(Role::Client),
        SocketChange::Accepted => Some(Role::Server),
        SocketChange::Listening | SocketChange::Used | SocketChange::Closed => None,
    };
    let mut owners = known.as_ref().map(|known| known.owners.clone()).unwrap_or_default();
    if let Some(owner) = owner {
        // Where the opener is known, whoever uses the socket too got it from there.
        let attribution =
            if owners.is_empty() { Attribution::Observed } else { Attribution::Inherited };
        match owners.iter_mut().find(|known| known.process == owner.process) {
            Some(known) => known.attribution = known.attribution.min(attribution),
            None => owners.push(Owner { attribution, ..owner }),
        }
        owners.sort_unstable();
    }
    Socket {
        key,
        protocol: record.protocol,
        state: record.state,
        local: record.local,
        remote: record.remote,
        v6_only: record.v6_only,
        // Until it is accepted, the kernel's tables name no user either.
        uid: if owners.is_empty() { None } else { Some(record.uid) },
        owners,
        // Accepted by nobody yet.
        unknown_owner: UnknownOwner::Kernel,
        role: role.or(known.as_ref().and_then(|known| known.role)),
        counters: record.counters,
        opened: known.map_or(at, |known| known.opened),
    }
}
