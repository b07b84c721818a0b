//! What the program costs with very many sockets, idle and changing, and how soon a change reaches
//! its readers. In a network namespace of its own, for which it needs root.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use serde_json::Value;

use super::holders::Holders;
use super::steady::report;
use crate::command::{build_procnet, command, succeed};
use crate::serving::Serving;
use crate::setup;

/// The word that makes xtask measure right where it is.
pub(super) const INSIDE: &str = "loaded-inside";

const PER_PROCESS: usize = 10_000;
/// A change that takes longer to be told was missed.
const PATIENCE: Duration = Duration::from_secs(5);
/// Nothing more is told of a connection's end after that.
const QUIET: Duration = Duration::from_millis(100);

pub(super) fn run(quick: bool) -> Result<()> {
    if !setup::is_root() {
        println!("skipped: a network namespace and kernel events need root");
        return Ok(());
    }
    let program = build_procnet(true)?;
    let own = std::env::current_exe().context("can't find xtask itself")?;
    let mut inside = command("unshare", &["--net", "sh", "-c"]);
    inside.arg("ip link set lo up && ulimit -n $(ulimit -Hn) && exec \"$0\" \"$@\"").arg(own);
    inside.args(["bench", INSIDE]).arg(program);
    succeed(inside.args(quick.then_some("--quick")))
}

pub(super) fn run_inside(program: &str, quick: bool) -> Result<()> {
    let (sockets, seconds, probes) = if quick { (20_000, 5, 50) } else { (100_000, 20, 300) };
    let period = Duration::from_secs(seconds);
    let mut holders = Holders::start(sockets, PER_PROCESS)?;
    let server = holders.add_server()?;
    let serving = Serving::start(Path::new(program), &["serve", "--port", "0"])?;
    // The first looks read every process and open every page of memory: not what is at rest.
    std::thread::sleep(Duration::from_secs(10));
    let load = std::fs::read_to_string("/proc/loadavg").unwrap_or_default();
    let load = load.split_whitespace().next().unwrap_or("unknown");
    println!("{sockets} idle sockets, {seconds} s each, load {load}:");
    report("no page open", serving.pid(), period)?;
    let port = server.rsplit(':').next().unwrap_or_default();
    let changes = follow(serving.url(), port)?;
    report("one page open", serving.pid(), period)?;
    let delays = probe(&server, &changes, probes)?;
    holders.add_churn(&server, sockets / 200)?;
    std::thread::sleep(Duration::from_secs(2));
    report("1 % of them new each second", serving.pid(), period)?;
    holders.end_last();
    let delay = |share: f64| {
        let place = (delays.len().saturating_sub(1) as f64 * share) as usize;
        delays.get(place).copied().unwrap_or_default().as_secs_f64() * 1000.0
    };
    println!(
        "  {} connections, connect to stream: median {:.1} ms, 99 % {:.1} ms, longest {:.1} ms",
        delays.len(),
        delay(0.5),
        delay(0.99),
        delay(1.0)
    );
    Ok(())
}

/// Reads the stream of a view of one port, as a page does; tells when an edge changed.
fn follow(url: &str, port: &str) -> Result<Receiver<Instant>> {
    let address = url.trim_start_matches("http://").trim_end_matches('/').to_owned();
    let mut stream = TcpStream::connect(&address).context("can't reach the stream")?;
    let request = format!(
        "GET /api/v1/stream?filter=port:{port}&group=process HTTP/1.0\r\nHost: {address}\r\n\r\n"
    );
    stream.write_all(request.as_bytes())?;
    let mut reader = BufReader::new(stream);
    let mut status = String::new();
    reader.read_line(&mut status)?;
    if !status.contains(" 200 ") {
        let mut answer = String::new();
        reader.take(4096).read_to_string(&mut answer)?;
        bail!("the stream was refused: {status}{answer}");
    }
    let (told, changes) = channel();
    std::thread::spawn(move || {
        for line in reader.lines().map_while(std::result::Result::ok) {
            let now = Instant::now();
            let Some(data) = line.strip_prefix("data: ") else { continue };
            if changes_edges(data) && told.send(now).is_err() {
                return;
            }
        }
    });
    Ok(changes)
}

fn changes_edges(message: &str) -> bool {
    fn is_filled(value: &Value) -> bool {
        match value {
            Value::Array(list) => !list.is_empty(),
            Value::Object(fields) => fields.values().any(is_filled),
            _ => false,
        }
    }
    let message: Option<Value> = serde_json::from_str(message).ok();
    message.is_some_and(|message| message.get("edges").is_some_and(is_filled))
}

/// How long connections take to be told to a reader of the stream, sorted.
fn probe(server: &str, changes: &Receiver<Instant>, probes: u64) -> Result<Vec<Duration>> {
    let mut delays = Vec::new();
    for number in 0..probes {
        // At another time of the frame than the last one.
        std::thread::sleep(Duration::from_micros(number * 7919 % 20_000));
        let began = Instant::now();
        let stream = TcpStream::connect(server).context("the probed server is gone")?;
        match changes.recv_timeout(PATIENCE) {
            Ok(told) => delays.push(told.saturating_duration_since(began)),
            Err(RecvTimeoutError::Timeout) => {
                bail!("a connection was not told within {PATIENCE:?}")
            }
            Err(RecvTimeoutError::Disconnected) => bail!("the stream ended"),
        }
        drop(stream);
        // Its end must have been told, or the next one may look as if nothing had changed.
        changes.recv_timeout(PATIENCE).context("the end of a connection was not told")?;
        while changes.recv_timeout(QUIET).is_ok() {}
    }
    delays.sort_unstable();
    Ok(delays)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_fills_the_edges_changes_them() {
        assert!(changes_edges(r#"{"edges":{"removed":[3],"added":{"id":[]}}}"#));
        assert!(changes_edges(r#"{"edges":{"changed":{"id":[1]}}}"#));
        assert!(!changes_edges(r#"{"edges":{"removed":[],"added":{"id":[]}},"nodes":[1]}"#));
        assert!(!changes_edges("nonsense"));
    }
}
