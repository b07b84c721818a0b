//! What remotes are called: one of them, a network, or the whole Internet.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::node_key::{Part, Remotes};
use super::scene::{Node, NodeKind};
use super::tally::{Member, NodeTally};
use crate::endpoint::Endpoint;
use crate::network::Scope;
use crate::registry::{EXTERNAL_TYPE, PortClass};

/// Most names that stand with a group of remotes.
const MAX_NAMES: usize = 2;

pub(super) fn describe_remotes(tally: &NodeTally, group: Remotes, part: &Part, node: &mut Node) {
    node.kind = if group.inbound { NodeKind::Client } else { NodeKind::Server };
    node.host = group.host;
    node.type_name = Arc::from(EXTERNAL_TYPE);
    node.stale = tally.live_links == 0;
    node.scope = Some(group.scope);
    let mut classes = PortClass::ALL.into_iter().filter(|c| tally.classes[*c as usize] > 0);
    node.country = tally.common(&tally.countries);
    node.network = tally.common(&tally.networks);
    node.class = classes.next().filter(|_| classes.next().is_none());

    let mut members = tally.members.keys();
    let (first, more) = (members.next(), members.next().is_some());
    let (label, detail) = match first {
        Some(Member::Remote(endpoint)) if !more => one(tally, *endpoint),
        _ => several(tally, group, part),
    };
    (node.label, node.detail) = (Arc::from(label), Arc::from(detail));
}

fn one(tally: &NodeTally, endpoint: Endpoint) -> (String, String) {
    let about = about(tally);
    let address = if endpoint.port == 0 { endpoint.ip.to_string() } else { endpoint.to_string() };
    let mut names = tally.names.keys();
    match (names.next(), names.next()) {
        // An address may have several names, and is whoever was asked for.
        (Some(name), None) => {
            let port =
                if endpoint.port == 0 { String::new() } else { format!(":{}", endpoint.port) };
            (format!("{name}{port}"), format!("{about} · {address}{}", evidence(tally)))
        }
        _ => (address, format!("{about}{}", some_of(&tally.names))),
    }
}

fn several(tally: &NodeTally, group: Remotes, part: &Part) -> (String, String) {
    let count = tally.members.len();
    let about = about(tally);
    let mut names = tally.names.keys();
    let same_name = names.next().filter(|_| names.next().is_none() && tally.all_named());
    match (part, same_name) {
        (Part::Address { ip, .. }, Some(name)) => {
            (name.to_string(), format!("{about} · {ip}, {count} ports{}", evidence(tally)))
        }
        (Part::Address { ip, .. }, None) => {
            (ip.to_string(), format!("{about} · {count} ports{}", some_of(&tally.names)))
        }
        (Part::Network(network), _) => {
            (format!("{network} ×{count}"), format!("{about}{}", some_of(&tally.names)))
        }
        // One name for all of them.
        (Part::All | Part::Endpoint { .. }, Some(name)) => {
            (format!("{name} ×{count}"), format!("{about}{}", evidence(tally)))
        }
        (Part::All | Part::Endpoint { .. }, None) => {
            let who = match (group.scope, group.inbound) {
                (Scope::Internet, true) => "Internet clients",
                (Scope::Private, true) => "Private clients",
                (scope, false) => scope.title(),
            };
            (format!("{who} ×{count}"), format!("{about}{}", some_of(&tally.names)))
        }
    }
}

/// That what it is called is what the name service says, where that is so.
const fn evidence(tally: &NodeTally) -> &'static str {
    if tally.reverse_names > 0 { " · by reverse DNS" } else { "" }
}

/// The port classes, `web, db`; of an unknown one that it is another.
fn about(tally: &NodeTally) -> String {
    let classes = PortClass::ALL.into_iter().filter(|c| tally.classes[*c as usize] > 0);
    classes.map(PortClass::as_str).collect::<Vec<_>>().join(", ")
}

/// ` · a.example, b.example +3`; nothing if there are none.
fn some_of(names: &BTreeMap<Arc<str>, u32>) -> String {
    let shown: Vec<&str> = names.keys().take(MAX_NAMES).map(|name| &**name).collect();
    match (shown.is_empty(), names.len().saturating_sub(shown.len())) {
        (true, _) => String::new(),
        (false, 0) => format!(" · {}", shown.join(", ")),
        (false, more) => format!(" · {} +{more}", shown.join(", ")),
    }
}
