//! End to end: the program as people run it, over programs that really talk to each other.
//!
//! All traffic stays on loopback, and only processes that were started here are ended, by pid.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

mod access;
mod attacks;
mod command_line;
mod containers;
#[path = "../control_group/mod.rs"]
mod control_group;
mod crowd;
mod exports;
mod faults;
#[path = "../machine/http.rs"]
mod http;
mod ladder;
#[expect(dead_code, reason = "the conformance suite uses more of it")]
#[path = "../../crates/collect/tests/conformance/limits.rs"]
mod limits;
mod listing;
mod machine;
mod map;
mod names;
#[path = "../parity/mod.rs"]
mod parity;
mod privilege;
#[path = "../machine/program.rs"]
mod program;
#[path = "../puppet/mod.rs"]
mod puppet;
mod secrets;
mod watching;
#[expect(dead_code, reason = "the screenshot uses more of it")]
#[path = "../workload/mod.rs"]
mod workload;

use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::{Duration, Instant};

use workload::{Failure, Ports, Workload};

/// How long something may take to show: far longer than it ever takes, for machines are busy.
const PATIENCE: Duration = Duration::from_secs(60);

/// The one workload, started by the first test that needs it and ended with the last.
fn shared_workload() -> Option<Arc<Workload>> {
    static RUNNING: Mutex<Weak<Workload>> = Mutex::new(Weak::new());
    let mut running = RUNNING.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(workload) = running.upgrade() {
        return Some(workload);
    }
    match Workload::start(Ports::Free) {
        Ok(workload) => {
            let workload = Arc::new(workload);
            *running = Arc::downgrade(&workload);
            Some(workload)
        }
        Err(missing @ Failure::Missing(_)) => skip(&missing.to_string()),
        Err(failure) => panic!("the workload does not start: {failure}"),
    }
}

/// Says that a test can't run here; with CI set that is a failure.
fn skip<T>(why: &str) -> Option<T> {
    let ci = std::env::var("CI").is_ok_and(|value| !value.is_empty() && value != "false");
    assert!(!ci, "may not be skipped in CI: {why}");
    eprintln!("SKIPPED: {why}");
    None
}

/// Asks until there is an answer.
fn wait_for<T>(what: &str, mut ask: impl FnMut() -> Option<T>) -> T {
    let deadline = Instant::now() + PATIENCE;
    loop {
        if let Some(answer) = ask() {
            return answer;
        }
        assert!(Instant::now() < deadline, "{what} did not come");
        std::thread::sleep(Duration::from_millis(100));
    }
}
