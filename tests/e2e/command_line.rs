//! What people type: help, mistakes, and the end.

use std::net::TcpListener;
use std::process::Command;

use crate::program::{PROCNET, Running, Server, procnet};
use crate::workload::program::signal;

/// It ends with code 2 and says one line on stderr that contains `told`.
fn refuses(arguments: &[&str], told: &str) {
    let output = procnet(arguments);
    let error = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(2), "{arguments:?}: {error}");
    assert_eq!(error.lines().count(), 1, "{arguments:?}: {error}");
    assert!(error.starts_with("procnet: ") && error.contains(told), "{arguments:?}: {error}");
    assert!(output.stdout.is_empty());
}

#[test]
fn parity_row_19_a_bad_option_is_one_line_and_code_2() {
    refuses(&["--port", "http"], "a port number from 0 to 65535");
    refuses(&["--interval", "0"], "seconds from 0.1 to 3600");
    refuses(&["--port", "-1"], "a port number from 0 to 65535");
    refuses(&["--svc-ports", "80,x"], "port numbers from 1 to 65535");
    refuses(&["--svc-ports", ""], "port numbers from 1 to 65535");
    refuses(&["--log", "blah="], "error, warn, info, debug, trace");
    refuses(&["--group-by", "colour"], "process");
    refuses(&["--no-such-option"], "--no-such-option");
    refuses(&["ls", "prot:1"], "bad filter");
    let folder = tempfile::tempdir().unwrap();
    let missing = folder.path().join("icons").display().to_string();
    refuses(&["--port", "0", "--icons-dir", &missing], &missing);
    refuses(&["--port", "0", "--rules", "no-such-rules.yaml"], "no-such-rules.yaml");
    let broken = folder.path().join("rules.yaml");
    std::fs::write(&broken, "- match_name: x\n  type: app\n- match_name: '/(/'\n  type: y\n")
        .unwrap();
    refuses(&["--port", "0", "--rules", &broken.display().to_string()], "line 3");
}

#[test]
fn a_port_in_use_is_one_line_and_code_2() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    refuses(&["--port", &port], "in use");
}

#[test]
fn help_and_version_are_no_errors() {
    for arguments in [&["--help"][..], &["--version"], &["ls", "--help"], &["man"]] {
        let output = procnet(arguments);
        assert!(output.status.success(), "{arguments:?}");
        assert!(!output.stdout.is_empty() && output.stderr.is_empty(), "{arguments:?}");
    }
    let help = String::from_utf8(procnet(&["--help"]).stdout).unwrap();
    for taught in ["procnet ls port:5432", "--icons-dir", "procnet demo", "[default: 8765]"] {
        assert!(help.contains(taught), "{taught} is not in the help");
    }
    for shell in ["bash", "zsh", "fish"] {
        let script = String::from_utf8(procnet(&["completions", shell]).stdout).unwrap();
        assert!(script.contains("svc-ports"), "{shell}");
    }
}

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
    assert!(server.terminate().success());
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
    for library in ["axum 0.", "tokio 1.", "regex 1."] {
        assert!(text.contains(library), "{library}");
    }
}
