//! How a node is described: label, detail, type, listeners.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::describe_remotes::describe_remotes;
use super::node_key::NodeKey;
use super::scene::{MAX_NODE_DETAILS, Node, NodeId, NodeKind};
use super::spec::ViewSpec;
use super::tally::{Member, NodeTally};
use crate::container::Container;
use crate::graph::{Graph, ProcessEntry, listener_text};
use crate::key::{HostId, ProcessKey};
use crate::process::User;
use crate::program::program;
use crate::socket::{Protocol, Socket};

/// The node as it is shown.
pub(crate) fn describe(graph: &Graph, spec: &ViewSpec, id: NodeId, tally: &NodeTally) -> Node {
    let count = u32::try_from(tally.members.len()).unwrap_or(u32::MAX);
    let mut node = Node {
        id,
        key: tally.text.clone(),
        kind: NodeKind::Process,
        label: Arc::from(""),
        detail: Arc::from(""),
        type_name: Arc::from("app"),
        program: Arc::from(""),
        icon: Arc::from(""),
        class: None,
        scope: None,
        user: Arc::from(""),
        container: Arc::from(""),
        unit: Arc::from(""),
        country: Arc::from(""),
        network: Arc::from(""),
        host: HostId::LOCAL,
        count,
        expandable: tally.key.is_group() && count > 1,
        parent: tally.parent.clone(),
        processes: Vec::new(),
        listeners: Vec::new(),
        listener_count: 0,
        sockets: tally.sockets,
        since: tally.first_seen,
        stale: false,
    };
    match &tally.key {
        NodeKey::Remote { group, part } => describe_remotes(tally, *group, part, &mut node),
        NodeKey::Unattributed { host, uid, .. } => {
            node.kind = NodeKind::Unattributed;
            node.host = *host;
            let user = user_name(graph, *host, *uid);
            node.label = Arc::from(format!("programs of {user}"));
            node.detail = Arc::from("not visible to this user");
            node.user = user;
            add_listeners(graph, spec, tally, &mut node);
        }
        NodeKey::Process { .. }
        | NodeKey::Tree { .. }
        | NodeKey::Container { .. }
        | NodeKey::Unit { .. }
        | NodeKey::Family { .. }
        | NodeKey::Executable { .. }
        | NodeKey::Others { .. }
        | NodeKey::User { .. }
        | NodeKey::Host { .. } => {
            describe_processes(graph, tally, &mut node);
            add_listeners(graph, spec, tally, &mut node);
        }
    }
    node
}

fn describe_processes(graph: &Graph, tally: &NodeTally, node: &mut Node) {
    let keys = || {
        tally.members.keys().filter_map(|member| match member {
            Member::Process { key, .. } => Some(*key),
            _ => None,
        })
    };
    node.processes = keys().take(MAX_NODE_DETAILS).collect();
    let Some(first) = node.processes.first().copied() else { return };
    node.host = first.host;
    // A tree is named after its root even if only the root's children are connected.
    let named_after = match &tally.key {
        NodeKey::Tree { root } if graph.process(*root).is_some() => *root,
        _ => first,
    };
    let entry = graph.process(named_after);
    let container = common_container(graph, keys());
    let unit = common(graph, keys(), |entry| entry.process.unit.as_ref());
    node.container = Arc::from(container.map_or("", Container::label));
    node.unit = unit.map_or_else(|| Arc::from(""), |unit| Arc::from(unit.label()));
    let name: Arc<str> = match &tally.key {
        NodeKey::User { user, .. } => user.clone().unwrap_or_else(|| Arc::from("unknown user")),
        NodeKey::Others { user, .. } => {
            Arc::from(format!("others of {}", user.as_deref().unwrap_or("unknown user")))
        }
        NodeKey::Host { .. } => Arc::from("this machine"),
        NodeKey::Container { .. } => node.container.clone(),
        // A container's scope is called as the container is.
        NodeKey::Unit { name, .. } => match container {
            Some(container) if name.contains(&*container.id) => node.container.clone(),
            _ => node.unit.clone(),
        },
        NodeKey::Executable { program, .. } => {
            common(graph, keys(), |entry| Some(&entry.label)).unwrap_or(program).clone()
        }
        _ => entry.map_or_else(|| Arc::from(format!("pid {}", first.pid)), |e| e.label.clone()),
    };
    let count = tally.members.len();
    let counted =
        if count > 1 { format!("{count} processes") } else { format!("PID {}", first.pid) };
    node.label = if count > 1 { Arc::from(format!("{name} ×{count}")) } else { name };
    node.detail = match &tally.key {
        // What runs in there says more than how many do.
        NodeKey::Container { .. } | NodeKey::Unit { .. } => {
            common(graph, keys(), |entry| Some(&entry.label)).map_or(counted.into(), Arc::clone)
        }
        NodeKey::Process { .. } | NodeKey::Tree { .. } if !node.container.is_empty() => {
            Arc::from(format!("{counted} · {}", node.container))
        }
        _ => Arc::from(counted),
    };
    match &tally.key {
        NodeKey::Others { .. } | NodeKey::User { .. } | NodeKey::Host { .. } => {}
        NodeKey::Container { .. } | NodeKey::Unit { .. } => {
            let common = common(graph, keys(), |entry| Some(&entry.type_name));
            node.type_name = common.map_or_else(|| Arc::from("service"), Arc::clone);
        }
        _ => {
            if let Some(entry) = entry {
                node.type_name = entry.type_name.clone();
            }
        }
    }
    if let Some(entry) = graph.process(first) {
        node.since = entry.process.started;
    }
    node.program = common_program(graph, keys());
    let icon = common(graph, keys(), |entry| entry.process.icon.as_ref());
    node.icon = icon.map_or_else(|| Arc::from(""), |icon| Arc::clone(icon.id()));
    let user = common(graph, keys(), |entry| entry.process.user.as_ref());
    node.user = user.map_or_else(|| Arc::from(""), User::label);
    // A process of which nothing is known yet is not known to have ended.
    node.stale = keys().all(|key| graph.process(key).is_some_and(|e| !e.alive));
}

/// What all processes have in common; `None` if they differ or one has none.
fn common<'a, T: PartialEq>(
    graph: &'a Graph,
    mut keys: impl Iterator<Item = ProcessKey>,
    property: impl Fn(&'a ProcessEntry) -> Option<&'a T>,
) -> Option<&'a T> {
    let of = |key| graph.process(key).and_then(&property);
    let first = of(keys.next()?)?;
    keys.all(|key| of(key) == Some(first)).then_some(first)
}

/// The container that all processes run in. Those that ended early may not know its name.
fn common_container(graph: &Graph, keys: impl Iterator<Item = ProcessKey>) -> Option<&Container> {
    let mut common: Option<&Container> = None;
    for key in keys {
        let container = graph.process(key)?.process.container.as_deref()?;
        match common {
            Some(known) if (known.runtime, &known.id) != (container.runtime, &container.id) => {
                return None;
            }
            Some(known) if known.name.is_some() => {}
            _ => common = Some(container),
        }
    }
    common
}

/// The program that all processes run, as file names go on any system: `nginx`, `chrome`.
fn common_program(graph: &Graph, mut keys: impl Iterator<Item = ProcessKey>) -> Arc<str> {
    let of = |key| graph.process(key).map(|entry| program(&entry.process));
    let Some(first) = keys.next().and_then(of) else { return Arc::from("") };
    let all = keys.all(|key| of(key).is_some_and(|other| other.eq_ignore_ascii_case(first)));
    Arc::from(if all { first.to_ascii_lowercase() } else { String::new() })
}

fn user_name(graph: &Graph, host: HostId, uid: Option<u32>) -> Arc<str> {
    let Some(uid) = uid else { return Arc::from("unknown users") };
    let name = graph.user(host, uid).and_then(|user| user.name.clone());
    name.unwrap_or_else(|| Arc::from(format!("uid {uid}")))
}

fn add_listeners(graph: &Graph, spec: &ViewSpec, tally: &NodeTally, node: &mut Node) {
    let mut texts: BTreeSet<(Protocol, u16, Arc<str>)> = BTreeSet::new();
    for party in tally.parties.keys() {
        for listener in graph.listeners_of(*party) {
            if shows_listener(spec, listener) {
                texts.insert((
                    listener.protocol,
                    listener.local.port,
                    Arc::from(listener_text(listener)),
                ));
            }
        }
    }
    node.listener_count = u32::try_from(texts.len()).unwrap_or(u32::MAX);
    node.listeners = texts.into_iter().take(MAX_NODE_DETAILS).map(|(_, _, text)| text).collect();
}

/// True if the view tells of such a listener at all.
pub(crate) fn shows_listener(spec: &ViewSpec, listener: &Socket) -> bool {
    crate::graph::offers_service(listener) && spec.shows(listener.protocol)
}
