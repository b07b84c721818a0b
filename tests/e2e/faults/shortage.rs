//! What runs out: descriptors, and room for the log.

use std::io::Write as _;
use std::net::TcpStream;
use std::process::Command;

use super::{COLLECTORS, Players, free_port, start_at};
use crate::machine::terminate;
use crate::program::Server;
use crate::wait_for;

/// How many more descriptors than it has it may open.
const FREE: usize = 25;
/// How many clients come.
const CLIENTS: usize = 100;

/// Lets the server have so many descriptors more than now.
fn limit(server: &Server) {
    let pid = server.running.pid();
    let now = std::fs::read_dir(format!("/proc/{pid}/fd")).unwrap().count();
    let mut prlimit = Command::new("prlimit");
    prlimit.args(["--pid", &pid.to_string(), &format!("--nofile={}:", now + FREE)]);
    assert!(prlimit.status().expect("there is prlimit").success());
}

#[test]
fn without_descriptors_nobody_is_taken_for_gone_and_then_it_shows_the_truth() {
    let mut players = Players::enter();
    players.play();
    let servers = COLLECTORS.map(|collector| Server::start(&["--collector", collector]));
    let mut clients: Vec<TcpStream> = Vec::new();
    for server in &servers {
        players.settle(server);
        limit(server);
        let request = format!("GET /api/v1/stream HTTP/1.1\r\nHost: {}\r\n\r\n", server.address);
        clients.extend((0..CLIENTS).map(|_| {
            let mut client = TcpStream::connect(&server.address).unwrap();
            // Those that are turned away may be so at once.
            let _ = client.write_all(request.as_bytes());
            client
        }));
    }
    for server in &servers {
        wait_for("descriptors to run out", || {
            let told = server.running.messages();
            told.iter().any(|line| line.contains("cannot accept a connection")).then_some(())
        });
    }
    players.play();
    players.leave();
    players.play();
    drop(clients);
    for server in &servers {
        players.settle(server);
        wait_for("what is not seen to be over", || {
            let trouble = server.json("/api/v1/scene")["degradations"].clone();
            (!trouble.to_string().contains("collecting-fails")).then_some(())
        });
    }
    players.play();
    for server in &servers {
        players.settle(server);
    }
}

/// Every write to `/dev/full` fails as on a disk that is full, from the first line on.
#[test]
fn with_no_room_for_the_log_it_goes_on_and_ends_well() {
    let mut players = Players::enter();
    players.play();
    let logless = r#"exec "$0" "$@" 2>/dev/full"#;
    let mut server = start_at(free_port(), logless, &["--log", "trace"]);
    players.settle(&server);
    players.play();
    players.leave();
    players.settle(&server);
    assert_eq!(server.get("/healthz").status, 200);
    assert!(terminate(&mut server).success());
}
