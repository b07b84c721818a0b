//! One story, as it happens on this machine and is told by its kernel; and the same story, as the
//! events of Windows and of macOS would tell it. What reaches the graph is the same.

use std::io;
use std::net::{SocketAddr, UdpSocket};
use std::sync::Arc;

use procnet_collect::differ::Draft;
use procnet_collect::parse::macos::sources::Sources;
use procnet_collect::parse::macos::statistics::{Description, Message};
use procnet_collect::parse::sighting::{Activity, ProcessSighting, Sighting};
use procnet_collect::parse::windows::etw::{NetworkChange, NetworkRecord};
use procnet_collect::sightings::Sightings;
use procnet_collect::{Differ, Snapshot};
use procnet_core::{
    Attribution, Counters, Endpoint, HostId, Moment, Owner, Process, ProcessKey, Protocol, Role,
    Socket, SocketState, Timestamp, UnknownOwner,
};

use crate::story::{Story, collector, settled};
use crate::workload::puppet::Puppet;

/// What is sent by who called, and by who was called.
const ASKED: u32 = 1000;
const ANSWERED: u32 = 30;

/// How often it is tried again when records are lost: a busy machine may skip a program's run.
const ATTEMPTS: usize = 10;

/// One exchange: who called, and who was called.
#[derive(Clone, Copy, Debug)]
struct Exchange {
    protocol: Protocol,
    client: (u32, Endpoint),
    server: (u32, Endpoint),
}

fn end(address: SocketAddr) -> Endpoint {
    Endpoint::new(address.ip(), address.port())
}

/// What was told of the ends of these exchanges, each in words, from opening to closing.
fn told(story: &Story, exchanges: &[Exchange]) -> Vec<String> {
    let ends = |socket: &&Socket| {
        exchanges.iter().any(|exchange| {
            let (client, server) = (exchange.client.1, exchange.server.1);
            let ends = (socket.local, socket.remote);
            socket.protocol == exchange.protocol
                && (ends == (client, Some(server)) || ends == (server, Some(client)))
        })
    };
    let mut told: Vec<String> = story
        .opened
        .values()
        .filter(ends)
        .filter_map(|socket| {
            let totals = (*story.closed.get(&socket.key)?)?;
            let owners: Vec<_> = socket
                .owners
                .iter()
                .map(|owner| (owner.process.pid, owner.attribution.as_str()))
                .collect();
            let bytes = (totals.sent_bytes, totals.received_bytes);
            let Socket { protocol, local, remote, role, .. } = socket;
            Some(format!("{protocol} {local} {remote:?} {role:?} {owners:?} {bytes:?}"))
        })
        .collect();
    told.sort_unstable();
    told
}

/// A machine that learns by sightings.
struct Other {
    sightings: Sightings,
    differ: Differ,
    story: Story,
    second: i64,
}

fn process(pid: u32) -> ProcessKey {
    ProcessKey { host: HostId::LOCAL, pid, started: 7 }
}

impl Other {
    fn new(pids: &[u32]) -> Self {
        let mut differ = Differ::new(HostId::LOCAL, Arc::from([]));
        differ.set_live();
        let sightings = Sightings::new(100);
        let mut other = Self { sightings, differ, story: Story::default(), second: 100 };
        other.snapshot(pids, Vec::new());
        other
    }

    fn snapshot(&mut self, pids: &[u32], sockets: Vec<Socket>) {
        let bare = |pid: &u32| Arc::new(Process::bare(process(*pid), "puppet"));
        let at = Timestamp::from_seconds(self.second);
        let processes: Vec<_> = pids.iter().map(bare).collect();
        let keys: Vec<ProcessKey> = processes.iter().map(|process| process.key).collect();
        let mut snapshot = Snapshot { at, processes, sockets, ..Snapshot::default() };
        self.story.apply(self.differ.diff(&mut snapshot));
        self.sightings.after_snapshot(at, &keys);
    }

    fn batch(&mut self, sightings: impl IntoIterator<Item = Sighting>) {
        self.second += 1;
        let now = u64::try_from(self.second).expect("after the beginning") * 1_000_000_000;
        self.sightings.begin(Moment(now));
        let mut draft = Draft::default();
        for sighting in sightings {
            self.sightings.socket(&sighting, &mut self.differ, &mut draft);
        }
        let describe = |sighting: ProcessSighting, parent| sighting.bare(parent);
        self.sightings.finish(0, &mut self.differ, &mut draft, describe);
        let batch = self.differ.batch(Timestamp::from_seconds(self.second), &mut draft);
        self.story.apply(batch);
    }
}

/// The exchanges as Windows would tell them.
fn on_windows(exchanges: &[Exchange]) -> Story {
    let pids: Vec<u32> = exchanges.iter().flat_map(|it| [it.client.0, it.server.0]).collect();
    let mut other = Other::new(&pids);
    // The tables name the sockets of UDP, not with whom they speak.
    let of_udp = |exchange: &&Exchange| exchange.protocol == Protocol::Udp;
    let bound = exchanges.iter().filter(of_udp).flat_map(|it| [it.client, it.server]);
    let bound = bound.map(|(pid, local)| bound_since(pid, local, other.second + 1)).collect();
    other.second += 2;
    other.snapshot(&pids, bound);

    // As the provider writes them: TCP's source is its own end; a datagram's is its sender's.
    for exchange in exchanges {
        let Exchange { protocol, client, server } = *exchange;
        let at = Timestamp::from_seconds(other.second);
        let record = |change, (pid, source): (u32, Endpoint), destination, size| {
            NetworkRecord { change, protocol, at, pid, size, source, destination }
                .sighting(|ip| ip == client.1.ip || ip == server.1.ip)
        };
        use NetworkChange::{Accepted, Connected, Disconnected, Received, Sent};
        if protocol == Protocol::Tcp {
            other.batch([
                record(Connected, client, server.1, 0),
                record(Accepted, server, client.1, 0),
                record(Sent, client, server.1, ASKED),
            ]);
            other.batch([
                record(Received, server, client.1, ASKED),
                record(Sent, server, client.1, ANSWERED),
                record(Received, client, server.1, ANSWERED),
            ]);
            other.batch([
                record(Disconnected, client, server.1, 0),
                record(Disconnected, server, client.1, 0),
            ]);
        } else {
            other.batch([
                record(Sent, client, server.1, ASKED),
                record(Received, (server.0, client.1), server.1, ASKED),
                record(Sent, server, client.1, ANSWERED),
                record(Received, (client.0, server.1), client.1, ANSWERED),
            ]);
        }
    }
    for pid in pids {
        other.sightings.process(ProcessSighting::Exited(process(pid)));
    }
    // Who ends is told one batch later, after what it held.
    other.batch([]);
    other.batch([]);
    other.story
}

fn bound_since(pid: u32, local: Endpoint, second: i64) -> Socket {
    let opened = Timestamp::from_seconds(second);
    let activity = Activity::Present(SocketState::Listen);
    let protocol = Protocol::Udp;
    let sighting = Sighting { at: opened, pid, protocol, local, remote: None, activity };
    let owner = Owner { process: process(pid), attribution: Attribution::Held };
    Socket {
        key: sighting.key(),
        protocol,
        state: SocketState::Listen,
        local,
        remote: None,
        v6_only: false,
        uid: None,
        owners: [owner].into_iter().collect(),
        unknown_owner: UnknownOwner::NotFound,
        role: None,
        counters: Counters::default(),
        opened,
        remote_name: None,
        unix: None,
    }
}

/// The connections as macOS would tell them.
fn on_macos(exchanges: &[Exchange]) -> Story {
    let pids: Vec<u32> = exchanges.iter().flat_map(|it| [it.client.0, it.server.0]).collect();
    let mut other = Other::new(&pids);
    let mut sources = Sources::default();
    for (exchange, number) in exchanges.iter().zip(1_u64..) {
        let Exchange { protocol, client, server } = *exchange;
        let ends = [
            (number * 2, client, server.1, Role::Client, (ASKED, ANSWERED)),
            (number * 2 + 1, server, client.1, Role::Server, (ANSWERED, ASKED)),
        ];
        let at = Timestamp::from_seconds(other.second);
        let mut told = Vec::new();
        for (source, (pid, local), remote, role, (sent, received)) in ends {
            let description = Description {
                protocol,
                state: SocketState::Established,
                local,
                remote: Some(remote),
                role: Some(role),
                pid,
                effective_pid: pid,
                uid: None,
                name: b"puppet",
            };
            let counters = Counters {
                sent_bytes: u64::from(sent),
                received_bytes: u64::from(received),
                ..Counters::default()
            };
            let messages = [
                Message::Described { source, description },
                Message::Counted { source, counters },
                Message::Removed { source },
            ];
            for message in &messages {
                sources.take(message, at, |sighting| told.push(sighting));
            }
        }
        other.batch(told);
    }
    other.story
}

/// Has the story happen on this machine.
fn happen() -> io::Result<[Exchange; 2]> {
    let me = std::process::id();

    let (mut server, mut client) = (Puppet::start(), Puppet::start());
    let far = server.listen("door", "127.0.0.1:0");
    let near = client.connect("call", far);
    server.accept("door", "guest");
    client.order(format_args!("send call {ASKED}"));
    server.order(format_args!("receive guest {ASKED}"));
    server.order(format_args!("send guest {ANSWERED}"));
    client.order(format_args!("receive call {ANSWERED}"));
    client.order("close call");
    server.order("close guest");
    let tcp = Exchange {
        protocol: Protocol::Tcp,
        client: (client.pid(), end(near)),
        server: (server.pid(), end(far)),
    };

    let asked = UdpSocket::bind("127.0.0.1:0")?;
    let asks = UdpSocket::bind("127.0.0.1:0")?;
    let udp = Exchange {
        protocol: Protocol::Udp,
        client: (me, end(asks.local_addr()?)),
        server: (me, end(asked.local_addr()?)),
    };
    let mut buffer = [0; ASKED as usize];
    asks.send_to(&buffer, asked.local_addr()?)?;
    let (length, from) = asked.recv_from(&mut buffer)?;
    assert_eq!(length, buffer.len());
    asked.send_to(&buffer[..ANSWERED as usize], from)?;
    asks.recv_from(&mut buffer)?;
    Ok([tcp, udp])
}

#[test]
fn a_story_is_told_alike_by_every_system() {
    let Some(mut collector) = collector() else { return };
    for _ in 0..ATTEMPTS {
        let mut story = settled(&mut collector);
        let all = happen().expect("UDP over loopback");
        let complete = |story: &Story| told(story, &all).len() == 4;
        let followed = story.follow(&mut collector, |story| story.lost > 0 || complete(story));
        if story.lost > 0 {
            continue;
        }
        let here = told(&story, &all);
        assert!(followed, "{here:?}");
        assert_eq!(here, told(&on_windows(&all), &all));
        let [tcp, _] = all;
        assert_eq!(told(&story, &[tcp]), told(&on_macos(&[tcp]), &[tcp]));
        return;
    }
    panic!("records were lost in each of {ATTEMPTS} attempts");
}
