//! `procnet ls`: the truth of the map as a table, for people and for scripts.

mod csv;
mod json;
mod table;
mod users;
mod watch;

use std::io::{self, BufWriter, ErrorKind, IsTerminal, Write};

use anyhow::Result;
use procnet_collect::CollectOptions;
use procnet_core::filter::Filter;
use procnet_core::graph::{Graph, SocketId};
use procnet_wire::encode::socket_row;
use procnet_wire::rows::SocketRow;

use self::users::Users;
use crate::machine::{self, Knowledge, Machine, fallback};
use crate::options::ListOptions;
use crate::stop::Stop;
use crate::usage::UsageError;

/// How sockets are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Format {
    Table,
    Json,
    Csv,
}

pub(crate) fn run(options: &ListOptions) -> Result<()> {
    let filter = parse_filter(&options.filter)?;
    let format = match (options.json, options.csv) {
        (true, _) => Format::Json,
        (_, true) => Format::Csv,
        _ => Format::Table,
    };
    let knowledge = Knowledge::load(&options.knowledge)?;
    let mut collect = collect(options);
    collect.scan.masking = knowledge.rules.masking().clone();
    let asked = collect.kind;
    let mut machine = Machine::look_once(&knowledge, options.watch, collect)?;
    if let Some(reason) = fallback(machine.collector(), asked) {
        tracing::info!("{reason}");
    }
    let stop = Stop::default();
    if options.watch {
        machine::relinquish(machine.collector().kind())?;
        stop.on_signals()?;
    }
    machine.ask_for_names(&knowledge.names);
    let mut out = BufWriter::new(io::stdout().lock());
    let written = if options.watch {
        watch::run(&mut machine, &filter, format, &stop, &mut out)
    } else {
        list(machine.engine().graph(), &filter, format, &mut out).map_err(Into::into)
    };
    written.or_else(unless_nobody_reads)
}

fn collect(options: &ListOptions) -> CollectOptions {
    let mut asked = options.collecting.collect();
    asked.scan.unix = options.unix;
    if options.watch { asked } else { machine::for_one_look(asked) }
}

/// A reader that has seen enough, such as `head`, is no error.
pub(crate) fn unless_nobody_reads(error: anyhow::Error) -> Result<()> {
    match error.downcast_ref::<io::Error>() {
        Some(io) if io.kind() == ErrorKind::BrokenPipe => Ok(()),
        Some(_) => Err(error.context("can't write to stdout")),
        None => Err(error),
    }
}

pub(crate) fn parse_filter(words: &[String]) -> Result<Filter, UsageError> {
    Filter::parse(&words.join(" ")).map_err(|error| UsageError(format!("bad filter: {error}")))
}

fn list(graph: &Graph, filter: &Filter, format: Format, out: &mut impl Write) -> io::Result<()> {
    let rows: Vec<SocketRow> =
        sorted(graph, filter).into_iter().filter_map(|id| socket_row(graph, id)).collect();
    let users = Users::of(graph);
    match format {
        Format::Json => json::write(&rows, out),
        Format::Csv => csv::write(&rows, &users, out),
        Format::Table => table::write(&rows, &users, width(), out),
    }?;
    out.flush()
}

/// The columns of the terminal, if it is one.
fn width() -> Option<usize> {
    if !io::stdout().is_terminal() {
        return None;
    }
    terminal_size::terminal_size().map(|(width, _)| usize::from(width.0))
}

/// The sockets that the filter lets through: listeners first, then by addresses and paths.
fn sorted(graph: &Graph, filter: &Filter) -> Vec<SocketId> {
    let mut found: Vec<_> = graph
        .sockets()
        .filter(|(id, _)| filter.is_empty() || filter.matches(&graph.subject(*id)))
        .map(|(id, socket)| {
            let name = socket.unix.as_ref().and_then(|unix| unix.name.clone());
            let order = (!socket.is_listener(), socket.protocol, socket.local, socket.remote, name);
            ((order, socket.key), id)
        })
        .collect();
    found.sort_unstable();
    found.into_iter().map(|(_, id)| id).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bad_filter_is_one_line() {
        let error = parse_filter(&["prot:5432".to_owned()]).unwrap_err().to_string();
        assert!(error.starts_with("bad filter: ") && !error.contains('\n'), "{error}");
        assert!(parse_filter(&["port:5432".to_owned(), "state:listen".to_owned()]).is_ok());
        assert!(parse_filter(&[]).unwrap().is_empty());
    }

    #[test]
    fn a_closed_pipe_is_no_error() {
        let closed = io::Error::from(ErrorKind::BrokenPipe);
        assert!(unless_nobody_reads(closed.into()).is_ok());
        let full = io::Error::from(ErrorKind::StorageFull);
        assert!(unless_nobody_reads(full.into()).is_err());
    }
}
