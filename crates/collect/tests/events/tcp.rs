//! The life of a TCP connection.

use std::net::{TcpListener, TcpStream};

use procnet_core::{Attribution, Protocol, Role, SocketState};

use crate::common;
use crate::story::{collector, settled};

#[test]
fn listening_connecting_accepting_and_closing_are_told_with_their_parts() {
    let Some(mut collector) = collector() else { return };
    for address in ["127.0.0.1:0", "[::1]:0"] {
        let mut story = settled(&mut collector);
        let Ok(listener) = TcpListener::bind(address) else {
            common::unless(false, "IPv6 on loopback");
            continue;
        };
        let bound = listener.local_addr().unwrap();
        let client = TcpStream::connect(bound).unwrap();
        let near = client.local_addr().unwrap();
        // A snapshot in between may know them before their events are told, and knows less.
        let found = story.follow(&mut collector, |story| {
            let observed = |local, remote, role| {
                let socket = story.world.find(Protocol::Tcp, local, remote);
                socket.is_some_and(|s| s.role == role && s.state != SocketState::SynSent)
            };
            observed(bound, None, None)
                && observed(near, Some(bound), Some(Role::Client))
                && observed(bound, Some(near), Some(Role::Server))
                && [(bound, None), (near, Some(bound))].iter().all(|(local, remote)| {
                    let socket = story.world.find(Protocol::Tcp, *local, *remote);
                    socket.is_some_and(|s| s.attribution() == Attribution::Observed)
                })
        });
        assert!(found);
        let listening = story.world.find(Protocol::Tcp, bound, None).unwrap();
        assert_eq!(listening.role, None);
        let far = story.world.find(Protocol::Tcp, bound, Some(near)).unwrap();
        assert_eq!((far.role, far.owners.len()), (Some(Role::Server), 0), "nobody accepted it");
        let (server, _) = listener.accept().unwrap();
        let me = std::process::id();
        let found = story.follow(&mut collector, |story| {
            let far = story.world.find(Protocol::Tcp, bound, Some(near));
            far.and_then(|s| s.primary_owner()).is_some_and(|owner| {
                owner.process.pid == me && owner.attribution == Attribution::Observed
            })
        });
        assert!(found, "whoever accepts is told, though not a byte was sent");

        // A snapshot has nothing to correct in any of them.
        let again = settled(&mut collector);
        for (local, remote) in [(bound, None), (near, Some(bound)), (bound, Some(near))] {
            let told = story.world.find(Protocol::Tcp, local, remote).unwrap();
            let mut seen = again.world.find(Protocol::Tcp, local, remote).unwrap();
            // Bytes flow meanwhile, and why nobody is known means nothing where somebody is.
            (seen.counters, seen.unknown_owner) = (told.counters, told.unknown_owner);
            // So do the children of tests beside this one, until they have become other programs.
            let mut told = told.clone();
            for socket in [&mut seen, &mut told] {
                socket.owners.retain(|owner| owner.process.pid == me);
            }
            assert_eq!(seen, told);
        }
        drop((server, client, listener));
        let gone = story.follow(&mut collector, |story| {
            [(bound, None), (near, Some(bound)), (bound, Some(near))]
                .iter()
                .all(|(local, remote)| story.world.find(Protocol::Tcp, *local, *remote).is_none())
        });
        assert!(gone);
    }
}
