//! Connections that live for a millisecond, from several processes to several.

use std::collections::BTreeMap;
use std::net::IpAddr;

use procnet_core::{Attribution, Protocol, Role, Socket, SocketState};

use crate::story::{Story, collector};
use crate::workload::crowd::{Client, Crowd, SIDE, gather};
use crate::workload::{ANSWER, CONNECTIONS, QUESTION};

#[test]
fn twenty_thousand_short_connections_have_the_right_process_at_both_ends() {
    let Some(mut collector) = collector() else { return };
    let Some(Crowd { servers, clients, .. }) = &gather() else { return };
    let mut story = Story::default();
    let started = story.follow(&mut collector, |story| {
        servers.iter().all(|server| story.world.has_process(server.process.id()))
    });
    assert!(started);
    story.ports = servers.iter().map(|server| server.port).collect();
    for client in clients {
        client.process.go_on();
    }
    let all = 2 * SIDE * CONNECTIONS;
    let complete = story.follow(&mut collector, |story| {
        clients.iter().all(Client::is_done) && (story.told >= all || story.lost > 0)
    });
    let (told, lost) = (story.told, story.lost);
    eprintln!("{told} of {all} ends told, {lost} records lost");
    assert!(complete, "{told} of {all} ends were told, and nothing was lost");

    let server_at = |port| servers.iter().find(|server| server.port == port);
    let client_at = |ip| clients.iter().find(|client| IpAddr::V4(client.address) == ip);
    // Whose end it must be, by its addresses.
    let owner = |socket: &Socket| {
        let remote = socket.remote.filter(|_| socket.protocol == Protocol::Tcp)?;
        if let (Some(_), Some(client)) = (server_at(remote.port), client_at(socket.local.ip)) {
            return Some((Role::Client, client.process.id()));
        }
        let server = server_at(socket.local.port)?;
        client_at(remote.ip).map(|_| (Role::Server, server.process.id()))
    };
    let mut wrong = Vec::new();
    let mut counted: BTreeMap<(u32, u16, IpAddr), usize> = BTreeMap::new();
    for socket in story.closed.keys().filter_map(|key| story.opened.get(key)) {
        let Some((role, pid)) = owner(socket) else { continue };
        if socket.role.is_none() {
            continue; // What is left in TIME_WAIT, by a snapshot.
        }
        let (server_port, client_ip, received, sent) = match role {
            Role::Client => (socket.remote.unwrap().port, socket.local.ip, ANSWER, QUESTION),
            Role::Server => (socket.local.port, socket.remote.unwrap().ip, QUESTION, ANSWER),
        };
        let totals = story.closed[&socket.key].unwrap_or_default();
        let right = socket.role == Some(role)
            && socket.owners.len() == 1
            && socket.owners[0].process.pid == pid
            // A snapshot between a connection's end and the telling of it finds it closing.
            && (socket.owners[0].attribution == Attribution::Observed
                || socket.state != SocketState::Established)
            && totals.received_bytes == received.len() as u64
            && totals.sent_bytes == sent.len() as u64;
        // What was lost of it is not known, but nothing wrong is told either.
        let vague = lost > 0 && socket.owners.iter().all(|owner| owner.process.pid == pid);
        if right {
            *counted.entry((pid, server_port, client_ip)).or_default() += 1;
        } else if !vague && wrong.len() < 5 {
            let owners = &socket.owners;
            wrong.push(format!("{:?} of {pid}: {owners:?} {totals:?}", (role, socket.state)));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
    if lost == 0 {
        // Both ends of every client's connections to every server.
        assert_eq!(counted.len(), 2 * SIDE * SIDE);
        assert!(counted.values().all(|count| *count == CONNECTIONS / SIDE), "{counted:?}");
    }
    let over = story.follow(&mut collector, |story| {
        let mut sockets = story.world.sockets.values();
        sockets.all(|socket| socket.state == SocketState::TimeWait || owner(socket).is_none())
    });
    assert!(over, "connections are told that have ended");
}
