//! What people type, and the end.

use std::process::Command;

use crate::machine::{PROCNET, terminate};
use crate::program::{Running, Server, procnet};
use crate::workload::program::signal;

#[test]
fn signals_end_it_cleanly() {
    for name in ["INT", "TERM"] {
        let mut server = Server::start(&[]);
        // An open page must not hold it up.
        let stream = std::net::TcpStream::connect(&server.address).unwrap();
        use std::io::Write;
        write!(&stream, "GET /api/v1/stream HTTP/1.1\r\nHost: {}\r\n\r\n", server.address).unwrap();
        signal(name, server.running.pid());
        assert!(server.running.end().success(), "{name}: {:?}", server.running.messages());
    }
}

#[test]
fn the_demo_serves_a_simulated_machine() {
    let server = Server::start_as(Command::new(PROCNET).arg("demo"), &["--size", "small"]);
    crate::wait_for("links of the simulated machine", || {
        let scene = server.json("/api/v1/scene");
        assert_eq!(scene["host"]["os"], "simulated");
        (scene["summary"]["links"].as_u64()? > 5).then_some(())
    });
}

#[test]
fn messages_can_be_silenced_and_the_address_still_comes() {
    let mut server = Server::start(&["--log", "error"]);
    assert!(terminate(&mut server).success());
    let messages = server.running.messages();
    assert_eq!(messages.len(), 1, "{messages:?}");
    // The table of processes is for those who ask.
    let mut quiet = Running::start(Command::new(PROCNET).args(["ls", "--log", "off"]));
    assert!(quiet.end().success());
    assert_eq!(quiet.messages(), [""; 0]);
}

#[test]
fn the_licences_of_everything_inside_can_be_read() {
    let text = String::from_utf8(procnet(&["licences"]).stdout).unwrap();
    assert!(text.starts_with("MIT License"));
    for library in ["axum 0.", "tokio 1.", "regex 1.", "Mozilla Public\nLicense", "\npreact\n"] {
        assert!(text.contains(library), "{library}");
    }
}
