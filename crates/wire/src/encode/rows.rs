//! Sockets as rows.

use procnet_core::graph::{Direction, Evidence, Graph, SocketId};
use procnet_core::{
    Attribution, Container, Endpoint, Manager, Owner, Socket, SocketIdentity, Unit, UnixSocket,
};

use crate::key::format_process_key;
use crate::rows::{ContainerRow, EndpointRow, OwnerRow, SocketRow, UnitRow, UnixRow};

/// A socket of the graph.
pub fn socket_row(graph: &Graph, id: SocketId) -> Option<SocketRow> {
    let (direction, evidence) = graph.direction(id);
    let service = graph.service_name(id);
    graph.socket(id).map(|socket| {
        let mut row = socket_row_of(graph, socket, direction, evidence);
        if let (Some(unix), Some(service)) = (&mut row.unix, service) {
            unix.service = Some(service.to_string());
        }
        row
    })
}

/// A socket that need not be in the graph any more: one that has just closed, say. Its owners
/// are named as far as the graph still knows them.
pub fn socket_row_of(
    graph: &Graph,
    socket: &Socket,
    direction: Direction,
    evidence: Option<Evidence>,
) -> SocketRow {
    let primary = socket.primary_owner();
    let others = socket.owners.iter().copied().filter(|owner| Some(*owner) != primary);
    let unknown_owner = match socket.attribution() {
        Attribution::Unknown(reason) => Some(reason.as_str().to_owned()),
        _ => None,
    };
    let name = graph.remote_name(socket);
    let about = socket.remote.and_then(|remote| graph.address(remote.ip));
    SocketRow {
        protocol: socket.protocol.as_str().to_owned(),
        state: socket.state.as_str().to_owned(),
        local: match &socket.unix {
            None => endpoint_row(socket.local),
            Some(_) => EndpointRow { ip: String::new(), port: 0 },
        },
        v6_only: socket.v6_only,
        remote: socket.remote.map(endpoint_row),
        remote_name: name.map(|(name, _)| name.to_string()),
        name_evidence: name.map(|(_, evidence)| evidence.as_str().to_owned()),
        country: about.map(|about| about.country.to_string()).filter(|text| !text.is_empty()),
        network: about.map(|about| about.network.to_string()).filter(|text| !text.is_empty()),
        interface: graph.interface(socket).map(|name| name.to_string()),
        unix: socket.unix.as_deref().map(unix_row),
        direction: direction.as_str().to_owned(),
        evidence: evidence.map_or("none", Evidence::as_str).to_owned(),
        owners: primary.into_iter().chain(others).map(|o| owner_row(graph, o)).collect(),
        attribution: socket.attribution().as_str().to_owned(),
        unknown_owner,
        uid: socket.uid,
        rx_bytes: socket.counters.received_bytes,
        tx_bytes: socket.counters.sent_bytes,
        rx_packets: socket.counters.received_packets,
        tx_packets: socket.counters.sent_packets,
        rtt_us: socket.counters.rtt_us,
        retransmits: socket.counters.retransmits,
        netns: socket.key.netns.0,
        cookie: match socket.key.identity {
            SocketIdentity::Cookie(cookie) | SocketIdentity::Flow { cookie, .. } => cookie,
            SocketIdentity::Inode(_) | SocketIdentity::Tuple { .. } => 0,
        },
        opened: socket.opened.as_millis(),
    }
}

fn endpoint_row(endpoint: Endpoint) -> EndpointRow {
    EndpointRow { ip: endpoint.ip.to_string(), port: endpoint.port }
}

fn unix_row(unix: &UnixSocket) -> UnixRow {
    UnixRow {
        path: unix.name.as_deref().map(str::to_owned),
        service: unix.name.as_deref().map(str::to_owned),
        r#type: unix.kind.as_str().to_owned(),
        inode: unix.inode,
        peer_inode: unix.peer,
    }
}

/// A container, as JSON has it.
pub(super) fn container_row(container: &Container) -> ContainerRow {
    ContainerRow {
        runtime: container.runtime.as_str().to_owned(),
        id: container.id.to_string(),
        name: container.name.as_deref().map(str::to_owned),
        pod: container.pod.as_deref().map(str::to_owned),
    }
}

/// A unit, as JSON has it.
pub(super) fn unit_row(unit: &Unit) -> UnitRow {
    UnitRow {
        name: unit.name.to_string(),
        manager: unit.manager.as_str().to_owned(),
        uid: match unit.manager {
            Manager::System => None,
            Manager::User(uid) => Some(uid),
        },
        application: unit.application.as_deref().map(str::to_owned),
        within: unit.within.as_deref().map(str::to_owned),
    }
}

fn owner_row(graph: &Graph, owner: Owner) -> OwnerRow {
    let pid = owner.process.pid;
    let key = format_process_key(owner.process);
    match graph.process(owner.process) {
        Some(entry) => OwnerRow {
            pid,
            name: entry.process.name.to_string(),
            exe: entry.process.exe.as_deref().map(str::to_owned),
            user: entry.process.user.as_ref().map(|user| user.label().to_string()),
            started: entry.process.started.as_millis(),
            key,
            label: entry.label.to_string(),
            container: entry.process.container.as_deref().map(container_row),
            unit: entry.process.unit.as_deref().map(unit_row),
        },
        // Sockets can be told before their processes.
        None => OwnerRow {
            pid,
            name: String::new(),
            exe: None,
            user: None,
            started: 0,
            key,
            label: format!("PID {pid}"),
            container: None,
            unit: None,
        },
    }
}
