//! `procnet ls --watch`: what is there, then what opens, changes and closes.

use std::io::{self, Write};
use std::time::Duration;

use anyhow::Result;
use procnet_core::Timestamp;
use procnet_core::filter::Filter;
use procnet_core::graph::{Graph, SocketChange, SocketChangeKind};
use procnet_wire::encode::{socket_row, socket_row_of};
use procnet_wire::rows::{SocketEventRow, SocketRow};
use rustc_hash::FxHashSet;

use super::{Format, csv, json, sorted, table, width};
use crate::machine::Machine;
use crate::stop::Stop;

/// Runs until it is told to stop, or nobody reads any more.
pub(super) fn run(
    machine: &mut Machine,
    filter: &Filter,
    format: Format,
    interval: Duration,
    stop: &Stop,
    out: &mut impl Write,
) -> Result<()> {
    let mut writer = Writer { format, out };
    let mut shown = Shown::default();
    writer.begin()?;
    let engine = machine.engine();
    engine.take_changes();
    for event in shown.what_is_there(engine.graph(), filter) {
        writer.event(&event)?;
    }
    writer.out.flush()?;
    let mut told = String::new();
    while !stop.wait(interval) {
        if let Err(error) = machine.look() {
            // The same trouble each second is told once.
            let message = error.to_string();
            if told != message {
                tracing::warn!("{message}");
                told = message;
            }
            continue;
        }
        told.clear();
        let engine = machine.engine();
        let changes = engine.take_changes();
        for change in &changes.sockets {
            if let Some(event) = shown.event(engine.graph(), change, filter) {
                writer.event(&event)?;
            }
        }
        writer.out.flush()?;
    }
    Ok(())
}

/// Which sockets the reader knows. One that comes to fit the filter opens, one that no longer
/// fits closes: so every `closed` has its `opened`.
#[derive(Default)]
struct Shown {
    keys: FxHashSet<procnet_core::SocketKey>,
}

impl Shown {
    fn what_is_there(&mut self, graph: &Graph, filter: &Filter) -> Vec<SocketEventRow> {
        let mut events = Vec::new();
        for id in sorted(graph, filter) {
            if let (Some(socket), Some(row)) = (graph.socket(id), socket_row(graph, id)) {
                self.keys.insert(socket.key);
                events.push(event("opened", graph.at(), row));
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
        let known = self.keys.contains(key);
        let fits = change.kind != SocketChangeKind::Closed
            && (filter.is_empty()
                || graph.socket_id(key).is_some_and(|id| filter.matches(&graph.subject(id))));
        let name = match (known, fits) {
            (false, true) => "opened",
            (true, true) => "changed",
            (true, false) => "closed",
            (false, false) => return None,
        };
        if fits {
            self.keys.insert(*key);
        } else {
            self.keys.remove(key);
        }
        let row = socket_row_of(graph, &change.socket, change.direction, change.evidence);
        Some(event(name, graph.at(), row))
    }
}

fn event(name: &str, at: Timestamp, socket: SocketRow) -> SocketEventRow {
    SocketEventRow { event: name.to_owned(), at: at.as_millis(), socket }
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

    fn event(&mut self, event: &SocketEventRow) -> io::Result<()> {
        match self.format {
            Format::Json => json::write_event(event, self.out),
            Format::Csv => csv::write_event(event, self.out),
            Format::Table => {
                let mark = match event.event.as_str() {
                    "opened" => '+',
                    "closed" => '-',
                    _ => '~',
                };
                table::write_event(mark, &event.socket, width(), self.out)
            }
        }
    }
}
