//! A machine that tests build up event by event, and what they ask of its scenes.

#![allow(dead_code, reason = "every test uses some of it")]

use std::sync::Arc;
use std::time::Duration;

use procnet_core::engine::{Engine, EngineOptions};
use procnet_core::view::scene::{Node, Scene};
use procnet_core::view::{View, ViewSpec};
use procnet_core::{
    Attribution, Batch, Container, Counters, Endpoint, Event, HostId, Moment, NetnsId, Owner,
    Process, ProcessKey, Protocol, Socket, SocketIdentity, SocketKey, SocketState, Timestamp, Unit,
    UnknownOwner, User,
};

/// A machine that is built up event by event.
pub(crate) struct Machine {
    pub(crate) engine: Engine,
    sequence: u64,
    cookie: u64,
    now: Moment,
}

pub(crate) fn key(pid: u32) -> ProcessKey {
    ProcessKey { host: HostId::LOCAL, pid, started: u64::from(pid) }
}

impl Machine {
    pub(crate) fn new() -> Self {
        let engine = Engine::new(EngineOptions::default());
        Self { engine, sequence: 0, cookie: 0, now: Moment(1) }
    }

    pub(crate) fn tell(&mut self, events: Vec<Event>) {
        self.sequence += 1;
        let batch = Batch {
            host: HostId::LOCAL,
            sequence: self.sequence,
            at: Timestamp::default(),
            events,
        };
        self.engine.apply(batch, self.now);
    }

    pub(crate) fn start(&mut self, pid: u32, name: &str, parent: Option<u32>) {
        let mut process = Process::bare(key(pid), name);
        process.exe = Some(Arc::from(format!("/usr/bin/{name}")));
        process.parent = parent.map(key);
        process.user = Some(User { id: 1000, name: Some(Arc::from("alice")) });
        self.tell(vec![Event::ProcessStarted(Arc::new(process))]);
    }

    /// Opens a socket and returns its key. No remote: a listener.
    pub(crate) fn open(
        &mut self,
        protocol: Protocol,
        local: &str,
        remote: Option<&str>,
        pid: u32,
    ) -> SocketKey {
        let endpoint = |text: &str| {
            let (ip, port) = text.rsplit_once(':').unwrap();
            Endpoint::new(ip.trim_matches(['[', ']']).parse().unwrap(), port.parse().unwrap())
        };
        self.cookie += 1;
        let key_of_socket = SocketKey {
            host: HostId::LOCAL,
            netns: NetnsId(1),
            identity: SocketIdentity::Cookie(self.cookie),
        };
        let owner = Owner { process: key(pid), attribution: Attribution::Held };
        let listening = remote.is_none();
        self.tell(vec![Event::SocketOpened(Arc::new(Socket {
            key: key_of_socket,
            protocol,
            state: if listening { SocketState::Listen } else { SocketState::Established },
            local: endpoint(local),
            remote: remote.map(endpoint),
            v6_only: false,
            uid: Some(1000),
            owners: [owner].into_iter().collect(),
            unknown_owner: UnknownOwner::NotFound,
            role: None,
            counters: Counters::default(),
            opened: Timestamp::default(),
            remote_name: None,
            unix: None,
        }))]);
        key_of_socket
    }

    /// Tells by which name a socket's owner had asked for the remote end.
    pub(crate) fn name(&mut self, key: SocketKey, name: &str) {
        let graph = self.engine.graph();
        let socket = graph.socket(graph.socket_id(&key).unwrap()).unwrap();
        let named = Socket { remote_name: Some(name.into()), ..socket.clone() };
        self.tell(vec![Event::SocketOpened(Arc::new(named))]);
    }

    pub(crate) fn move_into(&mut self, pid: u32, container: Option<Arc<Container>>, unit: Unit) {
        let known = self.engine.graph().process(key(pid)).unwrap().process.clone();
        let unit = Some(Arc::new(unit));
        let process = Process { container, unit, ..(*known).clone() };
        self.tell(vec![Event::ProcessStarted(Arc::new(process))]);
    }

    pub(crate) fn tcp(&mut self, local: &str, remote: &str, pid: u32) -> SocketKey {
        self.open(Protocol::Tcp, local, Some(remote), pid)
    }

    pub(crate) fn listen(&mut self, local: &str, pid: u32) -> SocketKey {
        self.open(Protocol::Tcp, local, None, pid)
    }

    pub(crate) fn close(&mut self, key: SocketKey) {
        self.tell(vec![Event::SocketClosed { key, ending: None }]);
    }

    pub(crate) fn pass(&mut self, seconds: u64) {
        self.now = self.now.saturating_add(Duration::from_secs(seconds));
        self.engine.tick(self.now);
    }

    pub(crate) fn view(&self, spec: ViewSpec) -> View {
        View::new(spec, self.engine.graph())
    }

    pub(crate) fn update(&mut self, view: &mut View) {
        let changes = self.engine.take_changes();
        view.update(self.engine.graph(), &changes);
    }
}

pub(crate) fn node<'a>(scene: &'a Scene, label: &str) -> &'a Node {
    let found = scene.nodes.values().find(|node| &*node.label == label);
    assert!(found.is_some(), "no node `{label}` among {:?}", labels(scene));
    found.unwrap()
}

pub(crate) fn labels(scene: &Scene) -> Vec<&str> {
    let mut labels: Vec<&str> = scene.nodes.values().map(|node| &*node.label).collect();
    labels.sort_unstable();
    labels
}
