//! `procnet ls --watch`: what is there, then what opens, changes and closes.

use std::io::{self, Write};
use std::rc::Rc;
use std::time::Duration;

use anyhow::Result;
use procnet_core::SocketKey;
use procnet_core::filter::Filter;
use procnet_core::graph::{Graph, SocketChange, SocketChangeKind};
use procnet_wire::encode::{socket_row, socket_row_of};
use procnet_wire::rows::{GapRow, OwnerRow, SocketEventRow};
use rustc_hash::FxHashMap;

use super::users::Users;
use super::{Format, csv, json, sorted, table, width};
use crate::machine::Machine;
use crate::stop::Stop;

/// How soon it is noticed that the program is to end.
const LONGEST_WAIT: Duration = Duration::from_millis(100);

/// Runs until it is told to stop, or nobody reads any more.
pub(super) fn run(
    machine: &mut Machine,
    filter: &Filter,
    format: Format,
    stop: &Stop,
    out: &mut impl Write,
) -> Result<()> {
    let mut writer = Writer { format, out };
    let mut shown = Shown::default();
    writer.begin()?;
    let engine = machine.engine();
    engine.take_changes();
    let users = Users::of(engine.graph());
    for event in shown.what_is_there(engine.graph(), filter) {
        writer.event(&event, &users)?;
    }
    writer.out.flush()?;
    let mut gaps = Gaps::of(engine.graph());
    let mut told = String::new();
    while !stop.is_stopped() {
        match machine.look(LONGEST_WAIT) {
            Ok(true) => told.clear(),
            Ok(false) => continue,
            Err(error) => {
                // The same trouble at each look is told once.
                let message = error.to_string();
                if told != message {
                    tracing::warn!("{message}");
                    told = message;
                }
                continue;
            }
        }
        let engine = machine.engine();
        let changes = engine.take_changes();
        if changes.sockets.is_empty() && gaps == Gaps::of(engine.graph()) {
            continue;
        }
        let graph = engine.graph();
        let users = Users::of(graph);
        if let Some(gap) = gaps.new_in(graph) {
            writer.gap(&gap)?;
        }
        for change in &changes.sockets {
            if let Some(event) = shown.event(graph, change, filter) {
                writer.event(&event, &users)?;
            }
        }
        shown.people.forget_the_gone();
        writer.out.flush()?;
    }
    Ok(())
}

/// The losses that have been told.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Gaps {
    count: u64,
    lost: u64,
}

impl Gaps {
    fn of(graph: &Graph) -> Self {
        let totals = graph.totals();
        Self { count: totals.gaps, lost: totals.lost_events }
    }

    fn new_in(&mut self, graph: &Graph) -> Option<GapRow> {
        let before = std::mem::replace(self, Self::of(graph));
        (before != *self).then(|| GapRow {
            event: "gap".to_owned(),
            at: graph.at().as_millis(),
            lost: self.lost.saturating_sub(before.lost),
        })
    }
}

/// Which sockets the reader knows. One that comes to fit the filter opens, one that no longer
/// fits closes: so every `closed` has its `opened`.
#[derive(Default)]
struct Shown {
    sockets: FxHashMap<SocketKey, Vec<Rc<OwnerRow>>>,
    people: People,
}

/// Who holds the sockets that the reader knows. A socket often closes because its process has
/// ended, and then the graph knows its name no more.
#[derive(Default)]
struct People(FxHashMap<String, Rc<OwnerRow>>);

impl People {
    /// Remembers those whom the graph can name, and names those whom it no longer can.
    fn meet(&mut self, owners: &mut [OwnerRow]) -> Vec<Rc<OwnerRow>> {
        let meet_one = |owner: &mut OwnerRow| {
            let known = self.0.get(&owner.key);
            if let Some(known) = known.filter(|known| is_nameless(owner) || ***known == *owner) {
                owner.clone_from(known);
                return Rc::clone(known);
            }
            let person = Rc::new(owner.clone());
            self.0.insert(owner.key.clone(), Rc::clone(&person));
            person
        };
        owners.iter_mut().map(meet_one).collect()
    }

    fn forget_the_gone(&mut self) {
        self.0.retain(|_, person| Rc::strong_count(person) > 1);
    }
}

fn is_nameless(owner: &OwnerRow) -> bool {
    owner.name.is_empty()
}

impl Shown {
    fn what_is_there(&mut self, graph: &Graph, filter: &Filter) -> Vec<SocketEventRow> {
        let mut events = Vec::new();
        for id in sorted(graph, filter) {
            if let (Some(socket), Some(mut row)) = (graph.socket(id), socket_row(graph, id)) {
                let people = self.people.meet(&mut row.owners);
                self.sockets.insert(socket.key, people);
                events.push(SocketEventRow {
                    event: "opened".to_owned(),
                    at: graph.at().as_millis(),
                    socket: row,
                    duration_ms: None,
                });
            }
        }
        events
    }

    fn event(
        &mut self,
        graph: &Graph,
        change: &SocketChange,
        filter: &Filter,
    ) -> Option<SocketEventRow> {
        let key = &change.socket.key;
        let known = self.sockets.contains_key(key);
        let fits = change.kind != SocketChangeKind::Closed
            && (filter.is_empty() || filter.matches(&graph.change_subject(change)));
        let name = match (known, fits) {
            (false, true) => "opened",
            (true, true) => "changed",
            (true, false) => "closed",
            (false, false) => return None,
        };
        let mut row = socket_row_of(graph, &change.socket, change.direction, change.evidence);
        let people = self.people.meet(&mut row.owners);
        if fits {
            self.sockets.insert(*key, people);
        } else {
            self.sockets.remove(key);
        }
        let ended = change.kind == SocketChangeKind::Closed;
        Some(SocketEventRow {
            event: name.to_owned(),
            at: change.at.as_millis(),
            socket: row,
            duration_ms: ended.then(|| change.at.millis_since(change.socket.opened)),
        })
    }
}

/// Writes events in one of the formats.
struct Writer<'a, W> {
    format: Format,
    out: &'a mut W,
}

impl<W: Write> Writer<'_, W> {
    fn begin(&mut self) -> io::Result<()> {
        match self.format {
            Format::Csv => csv::write_event_header(self.out),
            Format::Json | Format::Table => Ok(()),
        }
    }

    fn event(&mut self, event: &SocketEventRow, users: &Users) -> io::Result<()> {
        match self.format {
            Format::Json => json::write_event(event, self.out),
            Format::Csv => csv::write_event(event, users, self.out),
            Format::Table => table::write_event(event, users, width(), self.out),
        }
    }

    fn gap(&mut self, gap: &GapRow) -> io::Result<()> {
        match self.format {
            Format::Json => json::write_event(gap, self.out),
            Format::Csv => csv::write_gap(gap, self.out),
            Format::Table => table::write_gap(gap, self.out),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn owner(name: &str, label: &str) -> OwnerRow {
        OwnerRow {
            pid: 7,
            name: name.to_owned(),
            exe: None,
            user: None,
            started: 0,
            key: "7-1".to_owned(),
            label: label.to_owned(),
            container: None,
            unit: None,
        }
    }

    #[test]
    fn whoever_has_ended_keeps_the_name_until_its_sockets_are_told() {
        let mut people = People::default();
        let held = people.meet(&mut [owner("nginx", "nginx")]);
        people.forget_the_gone();

        let mut ended = [owner("", "PID 7")];
        let closing = people.meet(&mut ended);
        assert_eq!(ended[0].name, "nginx");

        drop((held, closing));
        people.forget_the_gone();
        let mut unmet = [owner("", "PID 7")];
        people.meet(&mut unmet);
        assert_eq!(unmet[0].label, "PID 7");
    }

    #[test]
    fn a_process_that_becomes_another_program_is_told_as_that() {
        let mut people = People::default();
        let before = people.meet(&mut [owner("sh", "sh")]);
        let mut after = [owner("nginx", "nginx")];
        people.meet(&mut after);
        assert_eq!((after[0].name.as_str(), before[0].name.as_str()), ("nginx", "sh"));
    }
}
