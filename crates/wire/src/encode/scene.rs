//! Scenes and deltas, field by field into columns.

use procnet_core::network::Scope;
use procnet_core::registry::{NODE_TYPES, PortClass, UDP_COLOR, UNIX_COLOR, node_type};
use procnet_core::view::scene::{Delta, Edge, Node, Scene, Summary};
use procnet_core::view::{Resolution, ViewSpec};
use procnet_core::{Degradation, Protocol, Timestamp};

use crate::columns::{
    EdgeColumns, EdgeSet, EdgeUpdates, NodeColumns, NodeSet, NodeUpdates, Sparse,
};
use crate::key::format_process_key;
use crate::live::{
    ClassInfo, DegradationInfo, DeltaMessage, GroupingInfo, HostInfo, Legend, SceneMessage,
    SummaryInfo, ToggleInfo, TypeInfo,
};

/// What stands around a scene: told whole with it, and in a delta only what changed.
#[derive(Clone, Copy, Debug)]
pub struct Surroundings<'a> {
    /// How nodes are grouped.
    pub grouping: &'a GroupingInfo,
    /// What the view shows.
    pub toggles: ToggleInfo,
    /// Types and port classes.
    pub legend: &'a Legend,
    /// What is currently not seen.
    pub degradations: &'a [DegradationInfo],
}

/// A whole scene.
pub fn scene_message(
    scene: &Scene,
    epoch: &str,
    at: Timestamp,
    host: &HostInfo,
    surroundings: Surroundings<'_>,
) -> SceneMessage {
    SceneMessage {
        epoch: epoch.to_owned(),
        revision: scene.revision,
        at: at.as_millis(),
        host: host.clone(),
        grouping: surroundings.grouping.clone(),
        toggles: surroundings.toggles,
        nodes: node_columns(scene.nodes.values()),
        edges: edge_columns(scene.edges.values()),
        summary: summary_info(&scene.summary),
        legend: surroundings.legend.clone(),
        degradations: surroundings.degradations.to_vec(),
    }
}

/// The difference between two scenes. The surroundings are left out: whoever sends it knows
/// which of them the client lacks.
pub fn delta_message(delta: &Delta, at: Timestamp) -> DeltaMessage {
    let nodes = &delta.nodes;
    let edges = &delta.edges;
    DeltaMessage {
        from: delta.from,
        to: delta.to,
        at: at.as_millis(),
        nodes: NodeUpdates {
            add: (!nodes.added.is_empty()).then(|| node_columns(nodes.added.iter())),
            set: node_set(&nodes.changed),
            del: nodes.removed.iter().map(|node| node.id.0).collect(),
        },
        edges: EdgeUpdates {
            add: (!edges.added.is_empty()).then(|| edge_columns(edges.added.iter())),
            set: edge_set(&edges.changed),
            del: edges.removed.iter().map(|edge| edge.id.0).collect(),
        },
        summary: (delta.summary.0 != delta.summary.1).then(|| summary_info(&delta.summary.1)),
        grouping: None,
        degradations: None,
        legend: None,
    }
}

/// Numbers about a scene.
pub fn summary_info(summary: &Summary) -> SummaryInfo {
    // Taken apart, so that a new field cannot be forgotten here.
    let &Summary {
        processes,
        sockets,
        listeners,
        links,
        hidden_links,
        muted_links,
        unattributed_sockets,
        lost_events,
        gaps,
    } = summary;
    SummaryInfo {
        processes,
        sockets,
        listeners,
        links,
        hidden_links,
        muted_links,
        unattributed_sockets,
        lost_events,
        gaps,
    }
}

/// How nodes are grouped, and how they were asked to be.
pub fn grouping_info(spec: &ViewSpec, resolution: Resolution) -> GroupingInfo {
    GroupingInfo {
        asked: spec.grouping.as_str().to_owned(),
        level: resolution.processes.as_str().to_owned(),
        remotes_asked: spec.remotes.as_str().to_owned(),
        remotes: resolution.remotes.as_str().to_owned(),
        budget: if spec.everything { "none" } else { "auto" }.to_owned(),
        coarsened: resolution.coarsened,
    }
}

/// What is not seen.
pub fn degradations<'a>(
    degradations: impl Iterator<Item = &'a Degradation>,
) -> Vec<DegradationInfo> {
    degradations
        .map(|d| DegradationInfo {
            id: d.id.to_owned(),
            message: d.message.to_string(),
            count: d.count,
        })
        .collect()
}

/// The legend of the built-in types. `image` names the URL of a type's own icon, if it has one.
pub fn base_legend(image: &dyn Fn(&str) -> Option<String>) -> Legend {
    Legend {
        types: NODE_TYPES.iter().map(|info| legend_type(info.name, image)).collect(),
        classes: PortClass::ALL
            .into_iter()
            .map(|class| ClassInfo {
                name: class.as_str().to_owned(),
                title: class.title().to_owned(),
                color: class.color().to_owned(),
                ports: class.ports().to_vec(),
            })
            .collect(),
        udp_color: UDP_COLOR.to_owned(),
        unix_color: UNIX_COLOR.to_owned(),
    }
}

/// The legend's row of a type, built-in or invented by a rule.
pub fn legend_type(name: &str, image: &dyn Fn(&str) -> Option<String>) -> TypeInfo {
    let info = node_type(name);
    TypeInfo {
        name: name.to_owned(),
        title: info.title.to_owned(),
        color: info.color.to_owned(),
        icon: info.icon.to_owned(),
        image: image(name),
    }
}

/// Where the icon of that id is served; nothing for none.
fn icon_url(id: &str) -> String {
    if id.is_empty() { String::new() } else { format!("/api/v1/icons/{id}") }
}

/// One list of fields makes the whole columns and the changed ones, so that they cannot differ.
macro_rules! encode {
    ($Thing:ident, $columns:ident -> $Columns:ident, $set:ident -> $Set:ident {
        $( $field:ident : |$thing:ident| $value:expr ),* $(,)?
    }) => {
        /// Things as columns, in the order given.
        pub fn $columns<'a>(things: impl Iterator<Item = &'a $Thing>) -> $Columns {
            let mut columns = $Columns::default();
            for thing in things {
                columns.id.push(thing.id.0);
                $( columns.$field.push({ let $thing = thing; $value }); )*
            }
            columns
        }

        /// The fields that changed, each with the things that it changed of.
        fn $set(changed: &[($Thing, $Thing)]) -> Option<$Set> {
            let mut set = $Set::default();
            let mut any = false;
            for (before, after) in changed {
                let id = after.id.0;
                $(
                    let new = { let $thing = after; $value };
                    if new != { let $thing = before; $value } {
                        any = true;
                        set.$field.get_or_insert_with(Sparse::default).push(id, new);
                    }
                )*
            }
            any.then_some(set)
        }
    };
}

encode!(Node, node_columns -> NodeColumns, node_set -> NodeSet {
    key: |n| n.key.to_string(),
    kind: |n| n.kind.as_str().to_owned(),
    label: |n| n.label.to_string(),
    detail: |n| n.detail.to_string(),
    r#type: |n| n.type_name.to_string(),
    program: |n| n.program.to_string(),
    image: |n| icon_url(&n.icon),
    class: |n| n.class.map_or("", PortClass::as_str).to_owned(),
    scope: |n| n.scope.map_or("", Scope::as_str).to_owned(),
    user: |n| n.user.to_string(),
    container: |n| n.container.to_string(),
    country: |n| n.country.to_string(),
    network: |n| n.network.to_string(),
    unit: |n| n.unit.to_string(),
    host: |n| n.host.0,
    count: |n| n.count,
    expandable: |n| n.expandable,
    parent: |n| n.parent.to_string(),
    processes: |n| n.processes.iter().map(|key| format_process_key(*key)).collect::<Vec<_>>(),
    listeners: |n| n.listeners.iter().map(ToString::to_string).collect::<Vec<_>>(),
    listener_count: |n| n.listener_count,
    sockets: |n| n.sockets,
    since: |n| n.since.as_millis(),
    stale: |n| n.stale,
});

encode!(Edge, edge_columns -> EdgeColumns, edge_set -> EdgeSet {
    key: |e| e.key.to_string(),
    from: |e| e.from.0,
    to: |e| e.to.0,
    protocol: |e| e.protocol.as_str().to_owned(),
    class: |e| e.class.as_str().to_owned(),
    port: |e| e.port,
    service: |e| e.service.to_owned(),
    path: |e| e.path.as_deref().unwrap_or_default().to_owned(),
    sockets: |e| e.sockets,
    links: |e| e.links,
    state: |e| state_name(e).to_owned(),
    to_server: |e| e.to_server,
    to_client: |e| e.to_client,
    rtt_us: |e| e.rtt_us,
    retransmits: |e| e.retransmits,
    stale: |e| e.stale,
    since: |e| e.since.as_millis(),
    evidence: |e| e.evidence.as_str().to_owned(),
    attribution: |e| e.attribution.as_str().to_owned(),
});

/// A UDP edge has no state but that it is UDP, and one of UNIX sockets none but that.
const fn state_name(edge: &Edge) -> &'static str {
    match edge.protocol {
        Protocol::Tcp => edge.state.as_str(),
        Protocol::Udp => "UDP",
        Protocol::Unix => "UNIX",
    }
}
