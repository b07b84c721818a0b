//! Connections.

use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::Duration;

use procnet_core::SocketState;

use super::sockets::{gone, told};
use crate::expected::{Expected, link};
use crate::limits::Truth;
use crate::stage::{Actor, Stage};

/// Longer than the engine keeps a link that is gone.
const LONG: Duration = Duration::from_secs(60);

/// A server that listens there, and a client.
fn both(stage: &mut Stage, at: &str) -> (Actor, Actor, SocketAddr) {
    let (server, client) = (stage.start("server", &[]), stage.start("client", &[]));
    let there = stage.place(&server, format_args!("listen door {at}"));
    told(stage, "the listener", &[Expected::listener(there, &server)]);
    (server, client, there)
}

/// The client calls and is accepted: from where.
fn call(stage: &mut Stage, server: &Actor, client: &Actor, there: SocketAddr) -> SocketAddr {
    let near = stage.place(client, format_args!("connect call {there}"));
    let caller = stage.place(server, "accept door guest");
    assert_eq!(caller.port(), near.port());
    near
}

fn come_and_go(stage: &mut Stage, at: &str, links_are_told: bool) {
    let (server, client, there) = both(stage, at);
    let near = call(stage, &server, &client, there);
    let ends = [Expected::caller(near, there, &client), Expected::called(there, near, &server)];
    told(stage, "both ends of the connection", &ends);
    let port = there.port();
    assert_eq!(link(stage, &client, &server, port).is_ok(), links_are_told);

    stage.order(&client, "drop call");
    stage.order(&server, "drop guest");
    gone(stage, "the end of the connection", &ends);
    told(stage, "the listener that stays", &[Expected::listener(there, &server)]);
    if links_are_told {
        assert!(link(stage, &client, &server, port).is_ok_and(|link| link.is_stale()));
        stage.let_pass(LONG);
        assert!(link(stage, &client, &server, port).is_err(), "it is too old to be shown");
    }
}

pub(crate) fn connections_come_and_go(stage: &mut Stage) {
    come_and_go(stage, "127.0.0.1:0", true);
}

pub(crate) fn connections_over_ipv6(stage: &mut Stage) {
    let named = stage.who.tells(Truth::Tcp6Owner);
    come_and_go(stage, "[::1]:0", named);
}

pub(crate) fn a_listener_for_both_families(stage: &mut Stage) {
    let (server, client) = (stage.start("server", &[]), stage.start("client", &[]));
    let door = stage.place(&server, "listen-dual door");
    let listener = Expected::listener(door, &server);
    stage.until("a listener that takes IPv4 too", |stage| {
        let only_v6 = listener.is_told(stage)?.v6_only;
        if only_v6 { Err("it is said to take IPv6 alone".to_owned()) } else { Ok(()) }
    });
    let port = door.port();
    let four = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
    let six = SocketAddr::from((Ipv6Addr::LOCALHOST, port));
    let mut ends = Vec::new();
    for there in [four, six] {
        let name = if there.is_ipv4() { "four" } else { "six" };
        let near = stage.place(&client, format_args!("connect {name} {there}"));
        stage.place(&server, format_args!("accept door {name}"));
        ends.push(Expected::caller(near, there, &client));
        ends.push(Expected::called(there, near, &server).in_table_of_ipv6());
    }
    // Both are its connections, by whichever family: one link.
    told(stage, "the connections of both families", &ends);
    if stage.who.tells(Truth::Tcp6Owner) {
        let link = link(stage, &client, &server, port).expect("one link for both");
        assert_eq!(link.connections_in(SocketState::Established), 2, "{link:?}");
    }
    for name in ["four", "six"] {
        stage.order(&client, format_args!("drop {name}"));
        stage.order(&server, format_args!("drop {name}"));
    }
    gone(stage, "the end of the connections", &ends);
}

/// How often it is tried on a machine so busy that events are lost.
const ATTEMPTS: usize = 10;

pub(crate) fn connections_shorter_than_any_interval(stage: &mut Stage) {
    let (server, client, there) = both(stage, "127.0.0.1:0");
    // Nobody looks, or hears, while it lasts.
    for _ in 0..ATTEMPTS {
        let near = call(stage, &server, &client, there);
        stage.order(&client, "drop call");
        stage.order(&server, "drop guest");
        if !stage.who.tells(Truth::ShortLived) {
            stage.look_again();
            assert!(link(stage, &client, &server, there.port()).is_err(), "it was over: {near}");
            return;
        }
        let lost_or_told = |stage: &Stage| {
            if stage.has_lost() {
                return Ok(());
            }
            link(stage, &client, &server, there.port()).map(drop)
        };
        stage.until("a connection that is over", lost_or_told);
        if link(stage, &client, &server, there.port()).is_ok() {
            return;
        }
    }
    panic!("events were lost in each of {ATTEMPTS} attempts");
}

pub(crate) fn what_connections_carry(stage: &mut Stage) {
    const ASKED: u64 = 3000;
    const ANSWERED: u64 = 70_000;
    let (server, client, there) = both(stage, "127.0.0.1:0");
    let near = call(stage, &server, &client, there);
    stage.order(&client, format_args!("send call {ASKED}"));
    stage.order(&server, format_args!("receive guest {ASKED}"));
    stage.order(&server, format_args!("send guest {ANSWERED}"));
    stage.order(&client, format_args!("receive call {ANSWERED}"));
    let caller = Expected::caller(near, there, &client);
    let called = Expected::called(there, near, &server);
    let carried = if stage.who.tells(Truth::TcpBytes) { (ASKED, ANSWERED) } else { (0, 0) };
    stage.until("what was carried", |stage| {
        let near = caller.is_told(stage)?.counters;
        let far = called.is_told(stage)?.counters;
        let right = (near.sent_bytes, near.received_bytes) == carried
            && (far.received_bytes, far.sent_bytes) == carried;
        if right { Ok(()) } else { Err(format!("{near:?}, {far:?}")) }
    });
    stage.order(&client, "drop call");
    stage.order(&server, "drop guest");
}

pub(crate) fn an_orderly_end(stage: &mut Stage) {
    let (server, client, there) = both(stage, "127.0.0.1:0");
    let near = call(stage, &server, &client, there);
    let caller = Expected::caller(near, there, &client);
    let called = Expected::called(there, near, &server);
    told(stage, "both ends", &[caller.clone(), called.clone()]);

    stage.order(&client, "close call");
    stage.until("half an end", |stage| {
        let states = |it: &Expected| -> Vec<SocketState> {
            it.find(stage).into_iter().map(|(_, socket)| socket.state).collect()
        };
        let (near, far) = (states(&caller), states(&called));
        // Nobody holds the near end any more, and it may not be listed.
        let near_ends = near.iter().all(|state| *state == SocketState::FinWait2);
        let right = near_ends && far == [SocketState::CloseWait];
        if right { Ok(()) } else { Err(format!("{near:?}, {far:?}")) }
    });
    stage.order(&server, "close guest");
    stage.until("the whole end", |stage| {
        let left = caller.find(stage);
        called.is_gone(stage)?;
        // What lingers is nobody's, and no connection.
        let lingers = |state| matches!(state, SocketState::TimeWait | SocketState::Closed);
        let right = left.iter().all(|(_, socket)| lingers(socket.state));
        if right { Ok(()) } else { Err(format!("there still is {left:?}")) }
    });
}
