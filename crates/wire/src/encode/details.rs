//! One process with everything that is known of it; capabilities; help.

use procnet_core::facet::{Facet, FacetValue};
use procnet_core::filter::{FIELDS, FieldKind};
use procnet_core::graph::{Graph, ProcessEntry};
use procnet_core::{Capability, ProcessKey};

use super::rows::{container_row, unit_row};
use super::{degradations, socket_row};
use crate::answers::{FacetList, FacetRow, FacetValueRow, FilterField, FilterHelp};
use crate::key::format_process_key;
use crate::rows::{CapabilityList, CapabilityRow, ProcessDetails, ProcessSummary};

/// Most sockets that a process's details list.
pub const MAX_PROCESS_SOCKETS: usize = 1_000;
/// Most ancestors, and most children, that a process's details list. Also ends a chain of
/// parents that a confused source has closed into a ring.
pub const MAX_RELATIVES: usize = 256;

/// Everything about one process, if the graph knows it.
pub fn process_details(graph: &Graph, key: ProcessKey) -> Option<ProcessDetails> {
    let entry = graph.process(key)?;
    let process = &entry.process;
    let sockets = graph.sockets_of(key);
    let parents = std::iter::successors(parent(graph, entry), |entry| parent(graph, entry));
    Some(ProcessDetails {
        key: format_process_key(key),
        pid: key.pid,
        name: process.name.to_string(),
        label: entry.label.to_string(),
        r#type: entry.type_name.to_string(),
        exe: process.exe.as_deref().map(str::to_owned),
        arguments: process.arguments.iter().map(ToString::to_string).collect(),
        masked: process.masked,
        revealed: process
            .revealed
            .as_ref()
            .map(|arguments| arguments.iter().map(ToString::to_string).collect()),
        user: process.user.as_ref().map(|user| user.label().to_string()),
        uid: process.user.as_ref().map(|user| user.id),
        started: process.started.as_millis(),
        cgroup: process.cgroup.as_deref().map(str::to_owned),
        container: process.container.as_deref().map(container_row),
        unit: process.unit.as_deref().map(unit_row),
        alive: entry.alive,
        parents: parents.take(MAX_RELATIVES).map(process_summary).collect(),
        children: graph
            .children(key)
            .into_iter()
            .filter_map(|child| graph.process(child))
            .take(MAX_RELATIVES)
            .map(process_summary)
            .collect(),
        socket_count: u32::try_from(sockets.len()).unwrap_or(u32::MAX),
        sockets: sockets
            .into_iter()
            .take(MAX_PROCESS_SOCKETS)
            .filter_map(|id| socket_row(graph, id))
            .collect(),
    })
}

fn parent<'a>(graph: &'a Graph, entry: &ProcessEntry) -> Option<&'a ProcessEntry> {
    graph.process(entry.process.parent?)
}

fn process_summary(entry: &ProcessEntry) -> ProcessSummary {
    ProcessSummary {
        key: format_process_key(entry.process.key),
        pid: entry.process.key.pid,
        name: entry.process.name.to_string(),
        label: entry.label.to_string(),
    }
}

/// What can and what cannot be seen.
pub fn capability_list(graph: &Graph) -> CapabilityList {
    CapabilityList {
        capabilities: graph.capabilities().iter().map(capability_row).collect(),
        degradations: degradations(graph.degradations()),
    }
}

/// One thing that can or cannot be seen.
pub fn capability_row(capability: &Capability) -> CapabilityRow {
    CapabilityRow {
        id: capability.id.to_owned(),
        title: capability.title.to_owned(),
        state: capability.state.as_str().to_owned(),
        reason: capability.reason.to_string(),
        remedy: capability.remedy.as_deref().map(str::to_owned),
    }
}

/// What there is to ask for.
pub fn facet_list(facets: Vec<Facet>) -> FacetList {
    let value = |value: FacetValue| FacetValueRow {
        value: value.value,
        filter: value.filter,
        count: value.count,
    };
    let row = |facet: Facet| FacetRow {
        field: facet.field.to_owned(),
        values: facet.values.into_iter().map(value).collect(),
        others: facet.others,
    };
    FacetList { facets: facets.into_iter().map(row).collect() }
}

/// The table of the filter language.
pub fn filter_help() -> FilterHelp {
    let owned = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect();
    FilterHelp {
        fields: FIELDS
            .iter()
            .map(|info| FilterField {
                name: info.name.to_owned(),
                aliases: owned(info.aliases),
                kind: info.kind.as_str().to_owned(),
                operators: owned(info.operators()),
                words: match info.kind {
                    FieldKind::Choice(words) => {
                        words.iter().map(|word| word.name.to_owned()).collect()
                    }
                    FieldKind::Text | FieldKind::Number(_) | FieldKind::Address => Vec::new(),
                },
                help: info.help.to_owned(),
                example: info.example.to_owned(),
            })
            .collect(),
    }
}
