//! How much a view shows: within its budget always, and where it chooses its grouping itself no more
//! than reads well.

use super::View;
use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::sync::Arc;

use super::node_key::{Kept, NodeKey};
use super::spec::{LEGIBLE_EDGES, LEGIBLE_NODES};
use crate::graph::{Graph, Party};
use crate::program::program_of_all;
use crate::registry::DEFAULT_TYPE;

/// Share of the budget that a finer level may fill when a view returns to it: below this, it does
/// not go back and forth.
const RETURN_PERCENT: usize = 75;

/// How much of what reads well a view may come to before it becomes coarser under the eyes of whoever
/// looks at it: a picture that is a little too full is read more easily than one that changed.
pub(super) const LEAVE_PERCENT: usize = 135;

/// How many of the busiest programs stay nodes by themselves where the rest is joined.
const KEPT: usize = 12;

/// How much a scene shows.
#[derive(Clone, Copy, Debug)]
struct Size {
    locals: usize,
    remotes: usize,
    edges: usize,
}

impl View {
    /// How much of everything there is now.
    fn size(&self) -> Size {
        let nodes = self.nodes.values().filter(|node| !node.members.is_empty());
        let mut size = Size { locals: 0, remotes: 0, edges: 0 };
        for node in nodes {
            match node.key {
                NodeKey::Remote { .. } => size.remotes += 1,
                _ => size.locals += 1,
            }
        }
        size.edges = self.edges.values().filter(|edge| !edge.links.is_empty()).count();
        size
    }

    /// Whether nodes, and whether edges, are within so much of `most`. What was asked to be
    /// expanded comes on top of it.
    fn fits(&self, size: Size, most: (usize, usize), percent: usize) -> (bool, bool) {
        let within = |count: usize, most: usize| {
            count.saturating_sub(self.expanded_members) * 100 <= most.saturating_mul(percent)
        };
        (within(size.locals + size.remotes, most.0), within(size.edges, most.1))
    }

    const fn budget(&self) -> (usize, usize) {
        (self.spec.max_nodes, self.spec.max_edges)
    }

    /// How much reads well, which is never more than the budget.
    fn legible(&self) -> (usize, usize) {
        (self.spec.max_nodes.min(LEGIBLE_NODES), self.spec.max_edges.min(LEGIBLE_EDGES))
    }

    /// One step coarser if the view shows more than it may, or more than reads well.
    fn coarsen(&mut self, legible_percent: usize) -> bool {
        let there = self.size();
        let (nodes, edges) = self.fits(there, self.budget(), 100);
        if !nodes || !edges {
            return self.ladder.coarsen(there.locals, there.remotes, !nodes);
        }
        self.fits(there, self.legible(), legible_percent) != (true, true)
            && self.ladder.soften(there.locals, there.remotes)
    }

    pub(super) fn keep_within_budget(&mut self, graph: &Graph, legible_percent: usize) {
        let size = graph.link_count() + graph.process_count() + self.listening.len();
        let mut changed = false;
        // Once it has to change, it changes to what reads well.
        let mut percent = legible_percent;
        while self.coarsen(percent) {
            self.take_level(graph);
            self.coarsened_at = size;
            percent = 100;
            changed = true;
        }
        // A finer level is tried only when the graph has shrunk well below what was too much.
        if !changed && size < self.coarsened_at / 4 * 3 {
            while let Some(step) = self.ladder.refine() {
                self.take_level(graph);
                self.coarsened_at = size;
                let there = self.size();
                let reads_well = !self.ladder.would_soften(step)
                    || self.fits(there, self.legible(), RETURN_PERCENT) == (true, true);
                if self.fits(there, self.budget(), RETURN_PERCENT) != (true, true) || !reads_well {
                    self.ladder.redo(step);
                    self.take_level(graph);
                    break;
                }
            }
        }
    }

    fn take_level(&mut self, graph: &Graph) {
        self.level = self.ladder.level();
        self.kept = if self.level.keeps_busiest() { self.busiest(graph) } else { Kept::new() };
        self.rebuild(graph);
    }

    /// The programs of no known type with the most connections of those that the view shows.
    fn busiest(&self, graph: &Graph) -> Kept {
        let mut connections: BTreeMap<Arc<str>, u64> = BTreeMap::new();
        for (link, share) in &self.shares {
            let Some(key) = graph.link(*link).map(|link| link.key) else { continue };
            for party in [key.client, key.server] {
                let Party::Process(process) = party else { continue };
                let Some(entry) = graph.process(process) else { continue };
                if &*entry.type_name == DEFAULT_TYPE {
                    let count = connections.entry(program_of_all(&entry.process)).or_default();
                    *count += u64::from(share.connections.max(1));
                }
            }
        }
        let mut programs: Vec<(Reverse<u64>, Arc<str>)> =
            connections.into_iter().map(|(program, count)| (Reverse(count), program)).collect();
        programs.sort_unstable();
        programs.into_iter().take(KEPT).map(|(_, program)| program).collect()
    }
}
