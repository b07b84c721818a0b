//! A small machine, told as events: processes and sockets by hand.

#![allow(dead_code, reason = "each test program uses its own part of it")]

use std::sync::Arc;

use procnet_core::engine::{Engine, EngineOptions};
use procnet_core::event::{Batch, Event};
use procnet_core::rules::RuleSet;
use procnet_core::{
    Attribution, Counters, Endpoint, HostId, Moment, NetnsId, Owner, Process, ProcessKey, Protocol,
    Socket, SocketIdentity, SocketKey, SocketState, Timestamp, UnixKind, UnixSocket, UnknownOwner,
    User,
};

/// 2026-01-01T00:00:00Z.
pub(crate) const START: i64 = 1_767_225_600;

/// Collects events into batches.
#[derive(Default)]
pub(crate) struct Machine {
    events: Vec<Event>,
    sequence: u64,
    cookie: u64,
}

pub(crate) fn key(pid: u32) -> ProcessKey {
    ProcessKey { host: HostId::LOCAL, pid, started: u64::from(pid) * 10 }
}

pub(crate) fn end(text: &str) -> Endpoint {
    let address: std::net::SocketAddr = text.parse().unwrap();
    Endpoint::new(address.ip(), address.port())
}

impl Machine {
    pub(crate) fn process(&mut self, pid: u32, command: &str) -> &mut Self {
        let arguments: Vec<Arc<str>> = command.split(' ').map(Arc::from).collect();
        let name = arguments[0].rsplit('/').next().unwrap();
        self.events.push(Event::ProcessStarted(Arc::new(Process {
            arguments: arguments.clone().into(),
            exe: Some(Arc::from(format!("/usr/bin/{name}"))),
            user: Some(User { id: 33, name: Some(Arc::from("www-data")) }),
            started: Timestamp::from_seconds(START),
            ..Process::bare(key(pid), name)
        })));
        self
    }

    pub(crate) fn exit(&mut self, pid: u32) -> &mut Self {
        self.events.push(Event::ProcessExited(key(pid)));
        self
    }

    pub(crate) fn socket(
        &mut self,
        owner: Option<u32>,
        protocol: Protocol,
        state: SocketState,
        local: &str,
        remote: Option<&str>,
    ) -> SocketKey {
        self.cookie += 1;
        let key = SocketKey {
            host: HostId::LOCAL,
            netns: NetnsId(1),
            identity: SocketIdentity::Cookie(self.cookie),
        };
        self.events.push(Event::SocketOpened(Arc::new(Socket {
            key,
            protocol,
            state,
            local: end(local),
            remote: remote.map(end),
            v6_only: false,
            uid: Some(33),
            owners: owner
                .map(|pid| Owner { process: self::key(pid), attribution: Attribution::Held })
                .into_iter()
                .collect(),
            unknown_owner: UnknownOwner::NoPermission,
            role: None,
            counters: Counters {
                received_bytes: 10,
                sent_bytes: 20,
                received_packets: 3,
                sent_packets: 4,
                rtt_us: 30,
                retransmits: 0,
            },
            opened: Timestamp::from_seconds(START),
            remote_name: None,
            unix: None,
        })));
        key
    }

    /// A connection of processes at a path, and the listener there.
    pub(crate) fn unix(&mut self, client: u32, server: u32, path: &str) {
        let first = self.cookie + 1;
        for (name, peer, owner, state) in [
            (Some(path), None, server, SocketState::Listen),
            (Some(path), Some(first + 2), server, SocketState::Established),
            (None, Some(first + 1), client, SocketState::Established),
        ] {
            self.socket(Some(owner), Protocol::Unix, state, "0.0.0.0:0", None);
            let Some(Event::SocketOpened(socket)) = self.events.last_mut() else { return };
            let socket = Arc::make_mut(socket);
            socket.unix = Some(Arc::new(UnixSocket {
                name: name.map(Arc::from),
                kind: UnixKind::Stream,
                inode: self.cookie,
                peer,
            }));
            socket.counters = Counters::default();
        }
    }

    pub(crate) fn listen(&mut self, pid: u32, local: &str) -> SocketKey {
        self.socket(Some(pid), Protocol::Tcp, SocketState::Listen, local, None)
    }

    pub(crate) fn tcp(&mut self, pid: u32, local: &str, remote: &str) -> SocketKey {
        self.socket(Some(pid), Protocol::Tcp, SocketState::Established, local, Some(remote))
    }

    /// Both ends of a connection on this machine.
    pub(crate) fn pair(
        &mut self,
        client: u32,
        server: u32,
        local: &str,
        remote: &str,
    ) -> [SocketKey; 2] {
        [self.tcp(client, local, remote), self.tcp(server, remote, local)]
    }

    pub(crate) fn close(&mut self, key: SocketKey) -> &mut Self {
        self.events.push(Event::SocketClosed { key, ending: None });
        self
    }

    pub(crate) fn event(&mut self, event: Event) -> &mut Self {
        self.events.push(event);
        self
    }

    pub(crate) fn batch(&mut self) -> Batch {
        self.sequence += 1;
        Batch {
            host: HostId::LOCAL,
            sequence: self.sequence,
            at: Timestamp::from_seconds(START + i64::try_from(self.sequence).unwrap()),
            events: std::mem::take(&mut self.events),
        }
    }
}

pub(crate) fn seconds(seconds: u64) -> Moment {
    Moment(seconds * 1_000_000_000)
}

/// An engine without built-in rules, so that types are what a test says.
pub(crate) fn engine(rules: &str) -> Engine {
    let rules = Arc::new(RuleSet::parse("rules.yaml", rules).unwrap());
    Engine::new(EngineOptions { rules, ..EngineOptions::default() })
}

/// A web server, an application, a database, a cache, remote clients and remote services.
pub(crate) fn everyday() -> Machine {
    let mut machine = Machine::default();
    machine
        .process(100, "/usr/sbin/nginx -g daemon")
        .process(200, "/usr/bin/python3 app.py")
        .process(300, "/usr/lib/postgres -D /data")
        .process(400, "/usr/bin/redis-server");
    machine.listen(100, "0.0.0.0:443");
    machine.listen(200, "127.0.0.1:8000");
    machine.listen(300, "127.0.0.1:5432");
    machine.listen(400, "127.0.0.1:6379");
    machine.tcp(100, "192.0.2.1:443", "198.51.100.7:50001");
    machine.tcp(100, "192.0.2.1:443", "198.51.100.7:50002");
    machine.pair(100, 200, "127.0.0.1:40001", "127.0.0.1:8000");
    machine.pair(200, 300, "127.0.0.1:40002", "127.0.0.1:5432");
    machine.pair(200, 300, "127.0.0.1:40003", "127.0.0.1:5432");
    machine.pair(200, 300, "127.0.0.1:40004", "127.0.0.1:5432");
    machine.tcp(200, "192.0.2.1:40005", "203.0.113.5:443");
    machine.socket(
        Some(200),
        Protocol::Udp,
        SocketState::Established,
        "192.0.2.1:40006",
        Some("203.0.113.53:53"),
    );
    machine
}
