//! Connections that live for a millisecond, from several processes to several.

use std::collections::BTreeMap;

use procnet_core::{Attribution, Protocol, Role, SocketState};

use crate::story::{Story, collector};
use crate::workload::{CONNECTIONS, child, told};

/// Pairs of a client and a server process.
const PAIRS: usize = 4;

#[test]
fn twenty_thousand_short_connections_have_the_right_process_at_both_ends() {
    let Some(mut collector) = collector() else { return };
    let mut story = Story::default();
    let mut servers = Vec::new();
    let mut clients = Vec::new();
    for _ in 0..PAIRS {
        let (server, mut output) = child("workload::serve", &[]);
        let port = told(&mut output, "port: ");
        let (client, answers) = child("workload::ask", &[("PROCNET_TEST_PORT", port.clone())]);
        servers.push((server, output, port.parse::<u16>().unwrap()));
        clients.push((client, answers));
    }
    story.follow(&mut collector, |story| {
        servers.iter().all(|(server, ..)| story.world.has_process(server.id()))
    });
    for (client, _) in &clients {
        client.go_on();
    }
    let ports: Vec<u16> = servers.iter().map(|(_, _, port)| *port).collect();
    story.ports.clone_from(&ports);
    let all = 2 * PAIRS * CONNECTIONS;
    let complete = story.follow(&mut collector, |story| story.told >= all);
    let (told, lost) = (story.told, story.lost);
    eprintln!("{told} of {all} ends told, {lost} records lost");
    assert!(complete || lost > 0, "{told} of {all} ends were told, and nothing was lost");
    let mut wrong = Vec::new();
    let mut counted: BTreeMap<(u32, Role), usize> = BTreeMap::new();
    for socket in story.closed.keys().filter_map(|key| story.opened.get(key)) {
        let Some(remote) = socket.remote.filter(|_| socket.protocol == Protocol::Tcp) else {
            continue;
        };
        let (pair, role) = match (
            ports.iter().position(|port| *port == remote.port),
            ports.iter().position(|port| *port == socket.local.port),
        ) {
            (Some(pair), _) => (pair, Role::Client),
            (_, Some(pair)) => (pair, Role::Server),
            _ => continue,
        };
        if socket.role.is_none() {
            continue; // What is left in TIME_WAIT, by a snapshot.
        }
        let pid = match role {
            Role::Client => clients[pair].0.id(),
            Role::Server => servers[pair].0.id(),
        };
        let totals = story.closed[&socket.key].unwrap_or_default();
        let bytes = match role {
            Role::Client => (5, 3),
            Role::Server => (3, 5),
        };
        let right = socket.role == Some(role)
            && socket.owners.len() == 1
            && socket.owners[0].process.pid == pid
            // A snapshot between a connection's end and the telling of it finds it in TIME_WAIT.
            && (socket.owners[0].attribution == Attribution::Observed
                || socket.state == SocketState::TimeWait)
            && (totals.received_bytes, totals.sent_bytes) == bytes;
        if right {
            *counted.entry((pid, role)).or_default() += 1;
        } else if wrong.len() < 5 {
            wrong.push((socket.clone(), totals, pid));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
    if story.lost == 0 {
        assert_eq!(counted.len(), 2 * PAIRS);
        assert!(counted.values().all(|count| *count == CONNECTIONS), "{counted:?}");
    }
}
