//! Programs that stop: procnet itself for a while, procnet for good, and thousands of others while it
//! reads what they say.

use std::io::{BufRead, BufReader, Write};
use std::net::TcpStream;
use std::process::{Command, Stdio};
use std::time::Duration;

use super::{COLLECTORS, Players, free_port, start_at};
use crate::machine;
use crate::program::Server;
use crate::wait_for;
use crate::workload::program::signal;

/// For how long it is stopped, in seconds; more, if this names more. Longer than a request's headers
/// may take, and than a stream may be silent.
const SUSPENDED: u64 = 6;
const SUSPENDED_VARIABLE: &str = "PROCNET_FAULT_SECONDS";
/// How many processes end while procnet looks at them.
const SHORT_LIVED: usize = 1_500;

/// A stream of the map, from the beginning or from where another one ended.
struct Stream(BufReader<TcpStream>);

impl Stream {
    fn open(server: &Server, last: Option<&str>) -> Self {
        let mut stream = TcpStream::connect(&server.address).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(240))).unwrap();
        let last = last.map(|last| format!("Last-Event-ID: {last}\r\n")).unwrap_or_default();
        let host = &server.address;
        write!(stream, "GET /api/v1/stream HTTP/1.1\r\nHost: {host}\r\n{last}\r\n").unwrap();
        Self(BufReader::new(stream))
    }

    /// The rest of the next line that begins with that; `None` at the end of the stream.
    fn next(&mut self, beginning: &str) -> Option<String> {
        let mut line = Vec::new();
        loop {
            line.clear();
            if self.0.read_until(b'\n', &mut line).unwrap_or(0) == 0 {
                return None;
            }
            let line = String::from_utf8_lossy(&line);
            if let Some(rest) = line.strip_prefix(beginning) {
                return Some(rest.trim_end().to_owned());
            }
        }
    }
}

#[test]
fn suspended_and_resumed_it_shows_the_truth() {
    let seconds = std::env::var(SUSPENDED_VARIABLE).ok();
    let seconds = seconds.map_or(SUSPENDED, |seconds| seconds.parse().unwrap());
    let mut players = Players::enter();
    players.play();
    let servers = COLLECTORS.map(|collector| Server::start(&["--collector", collector]));
    let mut streams = servers.each_ref().map(|server| Stream::open(server, None));
    for (server, stream) in servers.iter().zip(&mut streams) {
        players.settle(server);
        assert_eq!(stream.next("event: ").as_deref(), Some("scene"));
        signal("STOP", server.running.pid());
    }
    players.play();
    std::thread::sleep(Duration::from_secs(seconds));
    players.play();
    players.leave();
    players.play();
    for (server, stream) in servers.iter().zip(&mut streams) {
        signal("CONT", server.running.pid());
        players.settle(server);
        assert!(stream.next("event: delta").is_some(), "who looked goes on looking");
    }
}

#[test]
fn killed_and_started_again_it_shows_the_truth_and_who_looked_comes_back() {
    let mut players = Players::enter();
    players.play();
    let port = free_port();
    let mut server = start_at(port, r#"exec "$0" "$@""#, &[]);
    players.settle(&server);
    let mut stream = Stream::open(&server, None);
    let last = stream.next("id: ").expect("a scene has an id");

    signal("KILL", server.running.pid());
    server.running.end();
    drop(server);
    players.play();
    players.leave();
    // It ends; until then it tells what it told.
    while stream.next("event: ").is_some() {}
    // As a browser does until somebody is there.
    assert!(TcpStream::connect(("127.0.0.1", port)).is_err());

    let server = start_at(port, r#"exec "$0" "$@""#, &[]);
    let mut stream = Stream::open(&server, Some(&last));
    assert_eq!(stream.next("event: ").as_deref(), Some("scene"), "what was before counts no more");
    players.settle(&server);
    players.play();
    players.settle(&server);
    assert!(stream.next("event: delta").is_some());
}

#[test]
fn processes_that_end_while_they_are_read_leave_nothing() {
    let mut players = Players::enter();
    let servers = COLLECTORS.map(|collector| Server::start(&["--collector", collector]));
    let script = format!("i=0; while [ $i -lt {SHORT_LIVED} ]; do /bin/true; i=$((i+1)); done");
    let mut churns = [0, 1].map(|_| {
        let mut shell = Command::new("sh");
        shell.args(["-c", &script]).stdin(Stdio::null()).spawn().expect("there is a shell")
    });
    players.play();
    for churn in &mut churns {
        wait_for("so many processes to end", || churn.try_wait().unwrap());
    }
    players.play();
    for server in &servers {
        players.settle(server);
        let trouble = server.json("/api/v1/scene")["degradations"].clone();
        assert!(!trouble.to_string().contains("collecting"), "{trouble}");
        let pid = server.running.pid();
        assert!(machine::family(pid).contains(&pid), "it lives");
    }
}
