//! The program for Windows, watched from outside: it runs under Wine, and what it says of puppets is
//! compared with what those do. `cargo xtask windows test` builds both and runs this in a network
//! namespace where nobody else talks.
//!
//! What every system must do is in `parity`; what Wine can't tell, in `limits`.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

#[path = "../machine/http.rs"]
mod http;
mod icons;
#[expect(dead_code, reason = "the conformance suite uses more of it")]
#[path = "../../crates/collect/tests/conformance/limits.rs"]
mod limits;
mod machine;
#[path = "../parity/mod.rs"]
mod parity;
#[expect(dead_code, reason = "the end-to-end tests use more of it")]
#[path = "../machine/program.rs"]
mod program;
#[expect(dead_code, reason = "the conformance suite uses more of it")]
#[path = "../puppet/mod.rs"]
mod puppet;
mod resources;
mod service;

use std::time::{Duration, Instant};

use program::{Server, procnet, procnet_json};
use serde_json::Value;

/// How long something may take to show: far longer than it ever takes, for machines are busy.
const PATIENCE: Duration = Duration::from_secs(120);

/// Asks until there is an answer.
fn wait_for<T>(what: &str, mut ask: impl FnMut() -> Option<T>) -> T {
    let deadline = Instant::now() + PATIENCE;
    loop {
        if let Some(answer) = ask() {
            return answer;
        }
        assert!(Instant::now() < deadline, "{what} did not come");
        std::thread::sleep(Duration::from_millis(250));
    }
}

#[test]
fn what_can_be_seen_is_told() {
    let told = procnet_json(&["doctor", "--json"]);
    assert_eq!(
        (&told["os"], &told["collecting"]["collector"]),
        (&"Windows".into(), &"scan".into())
    );
    assert_eq!(told["effective_capabilities"], Value::Null);
    assert!(told["kernel"].as_str().is_some_and(|kernel| kernel.matches('.').count() == 2));
    let state = |id: &str| {
        let known = told["capabilities"].as_array().unwrap().iter();
        let known = known.clone().find(|known| known["id"] == id);
        known.unwrap_or_else(|| panic!("no {id} in {told}"))["state"].clone()
    };
    assert_eq!(["socket-list", "socket-owners"].map(state), ["full", "full"]);
    assert_eq!(["kernel-events", "tcp-counters", "udp-peers"].map(state), ["missing"; 3]);
    assert_eq!(told["degradations"], Value::Array(Vec::new()));
}

#[test]
fn ctrl_c_ends_it_in_peace() {
    let mut server = Server::start(&[]);
    assert_eq!(server.get("/healthz").status, 200);
    assert_eq!(machine::interrupt(&mut server).code(), Some(0));
}

#[test]
fn events_that_cannot_be_had_are_no_silent_scan() {
    let events = procnet(&["ls", "--collector", "bpf"]);
    assert_eq!(events.status.code(), Some(2), "{}", String::from_utf8_lossy(&events.stderr));
}
