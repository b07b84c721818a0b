//! What idles is remembered once: the graph shares it with its source.

#![expect(clippy::unwrap_used, reason = "what fails here fails the test")]

use std::sync::Arc;

use procnet_core::engine::{Engine, EngineOptions};
use procnet_core::{
    Batch, Counters, Endpoint, Event, HostId, Moment, NetnsId, Owners, Protocol, Socket,
    SocketIdentity, SocketKey, SocketState, Timestamp, UnknownOwner,
};

fn socket() -> Socket {
    let endpoint = |ip: &str, port| Endpoint::new(ip.parse().unwrap(), port);
    let identity = SocketIdentity::Cookie(1);
    Socket {
        key: SocketKey { host: HostId::LOCAL, netns: NetnsId(1), identity },
        protocol: Protocol::Tcp,
        state: SocketState::Established,
        local: endpoint("192.0.2.1", 40_000),
        remote: Some(endpoint("198.51.100.9", 443)),
        v6_only: false,
        uid: None,
        owners: Owners::new(),
        unknown_owner: UnknownOwner::NotFound,
        role: None,
        counters: Counters::default(),
        opened: Timestamp::default(),
        remote_name: None,
        unix: None,
    }
}

#[test]
fn a_socket_is_shared_with_its_source_until_it_carries_something() {
    let mut engine = Engine::new(EngineOptions::default());
    let mut sequence = 0;
    let mut tell = |event| {
        sequence += 1;
        let (host, at) = (HostId::LOCAL, Timestamp::default());
        engine.apply(Batch { host, sequence, at, events: vec![event] }, Moment::default());
    };
    let told = Arc::new(socket());
    tell(Event::SocketOpened(Arc::clone(&told)));
    assert_eq!(Arc::strong_count(&told), 2);
    let again = Arc::new(socket());
    tell(Event::SocketOpened(Arc::clone(&again)));
    assert_eq!((Arc::strong_count(&told), Arc::strong_count(&again)), (1, 2));
    let counters = Counters { sent_bytes: 5, ..Counters::default() };
    tell(Event::SocketCounted { key: again.key, counters });
    assert_eq!((Arc::strong_count(&again), again.counters), (1, Counters::default()));
}
