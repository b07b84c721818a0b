//! Sockets without connections.

use std::net::SocketAddr;

use crate::expected::Expected;
use crate::limits::Truth;
use crate::puppet::address;
use crate::stage::Stage;

/// Waits until each is as it must be.
pub(super) fn told(stage: &mut Stage, what: &str, expected: &[Expected]) {
    stage.until(what, |stage| expected.iter().try_for_each(|it| it.is_told(stage).map(drop)));
}

/// Waits until each is gone.
pub(super) fn gone(stage: &mut Stage, what: &str, expected: &[Expected]) {
    stage.until(what, |stage| expected.iter().try_for_each(|it| it.is_gone(stage)));
}

pub(crate) fn listeners_come_and_go(stage: &mut Stage) {
    let actor = stage.start("listener", &[]);
    let places = ["127.0.0.1:0", "0.0.0.0:0", "[::1]:0", "[::]:0"];
    let mut expected = Vec::new();
    for (index, at) in places.into_iter().enumerate() {
        let at = stage.place(&actor, format_args!("listen l{index} {at}"));
        expected.push(Expected::listener(at, &actor));
    }
    told(stage, "each listener", &expected);

    // Only the last takes no IPv4, and says so.
    stage.until("which take IPv6 alone", |stage| {
        let only_v6 = expected.iter().map(|it| Ok(it.is_told(stage)?.v6_only));
        let only_v6 = only_v6.collect::<Result<Vec<bool>, String>>()?;
        let tells = stage.who.tells(Truth::OnlyV6);
        let right = only_v6 == [false, false, tells, tells];
        if right { Ok(()) } else { Err(format!("{only_v6:?}")) }
    });

    stage.order(&actor, "drop l0");
    stage.order(&actor, "drop l2");
    gone(stage, "the end of two listeners", &[expected[0].clone(), expected[2].clone()]);
    told(stage, "the others", &[expected[1].clone(), expected[3].clone()]);

    // The same place again is another socket.
    let again = stage.place(&actor, format_args!("listen l0 127.0.0.1:0"));
    told(stage, "a new listener", &[Expected::listener(again, &actor)]);
}

pub(crate) fn udp_sockets_and_their_peers(stage: &mut Stage) {
    let server = stage.start("udp-server", &[]);
    let client = stage.start("udp-client", &[]);
    for at in ["127.0.0.1:0", "[::1]:0"] {
        let there = stage.place(&server, format_args!("bind server {at}"));
        let near = stage.place(&client, format_args!("bind client {at}"));
        let (bound, still) = (Expected::bound(there, &server), Expected::bound(near, &client));
        told(stage, "two bound sockets", &[bound.clone(), still.clone()]);

        stage.order(&client, format_args!("join client {there}"));
        let joined = Expected::joined(near, there, &client);
        if stage.who.tells(Truth::JoinedPeer) {
            told(stage, "a peer", &[joined]);
        } else {
            stage.look_again();
            told(stage, "a socket without its peer", &[still]);
        }

        let far = stage.place(&client, format_args!("bind other {at}"));
        stage.order(&client, format_args!("send-to other {there} 30"));
        stage.order(&server, "receive-one server");
        stage.order(&server, format_args!("send-to server {far} 20"));
        stage.order(&client, "receive-one other");
        if stage.who.tells(Truth::UdpPeers) {
            stage.until("both ends of an exchange", |stage| {
                exchange(stage, far, there)?;
                exchange(stage, there, far)
            });
        } else {
            stage.look_again();
            assert!(exchange(stage, far, there).is_err(), "a table lists no exchange");
        }

        for order in ["drop client", "drop other"] {
            stage.order(&client, order);
        }
        stage.order(&server, "drop server");
        gone(
            stage,
            "the end of all sockets",
            &[
                bound,
                Expected::bound(near, &client),
                Expected::joined(near, there, &client),
                Expected::bound(far, &client),
            ],
        );
    }
}

/// Somebody at `near` exchanges datagrams with somebody at `far`.
fn exchange(stage: &Stage, near: SocketAddr, far: SocketAddr) -> Result<(), String> {
    let is_it = |end: procnet_core::Endpoint, address: SocketAddr| {
        (end.ip, end.port) == (address.ip(), address.port())
    };
    let found = stage.graph().sockets().any(|(_, socket)| {
        socket.key.is_flow()
            && is_it(socket.local, near)
            && socket.remote.is_some_and(|remote| is_it(remote, far))
    });
    if found { Ok(()) } else { Err(format!("no exchange of {near} with {far}")) }
}

/// The addresses of an answer.
fn addresses(answer: &str) -> Vec<SocketAddr> {
    answer.split(' ').map(address).collect()
}

/// So many of one kind that its table outgrows whatever room it began with: 64 KiB in Windows'
/// collector, where a row takes 160 bytes.
const MANY: usize = 450;
/// Of each other kind.
const MORE: usize = 50;

pub(crate) fn many_sockets_in_growing_tables(stage: &mut Stage) {
    let actor = stage.start("hoarder", &[]);
    let first = stage.place(&actor, "listen first 127.0.0.1:0");
    told(stage, "one listener", &[Expected::listener(first, &actor)]);

    let mut expected = Vec::new();
    for (prefix, at, udp) in [("a", "127.0.0.1:0", MANY), ("b", "[::1]:0", MORE)] {
        let listeners = stage.order(&actor, format_args!("listen-many t{prefix} {at} {MORE}"));
        let datagrams = stage.order(&actor, format_args!("bind-many u{prefix} {at} {udp}"));
        expected.extend(addresses(&listeners).into_iter().map(|at| Expected::listener(at, &actor)));
        expected.extend(addresses(&datagrams).into_iter().map(|at| Expected::bound(at, &actor)));
    }
    assert_eq!(expected.len(), MANY + 3 * MORE);
    told(stage, "all of many sockets", &expected);

    for (prefix, count) in [("ta", MORE), ("tb", MORE), ("ua", MANY), ("ub", MORE)] {
        assert_eq!(stage.order(&actor, format_args!("drop-many {prefix}")), count.to_string());
    }
    gone(stage, "the end of many sockets", &expected);
    told(stage, "the one that stayed", &[Expected::listener(first, &actor)]);
}
