//! What the server writes into its log. A program of its own, for the log is the process's.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test fails by panicking, and its helpers with it"
)]

mod support;

use std::io::{self, Write};
use std::sync::{Arc, Mutex};

use support::Server;

/// A log in memory.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Log {
    fn text(&self) -> String {
        String::from_utf8(self.0.lock().unwrap().clone()).unwrap()
    }
}

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[test]
fn parity_row_22_the_log_names_the_manifest_and_the_vendor_files() {
    let log = Log::default();
    let writer = log.clone();
    tracing_subscriber::fmt().with_ansi(false).with_writer(move || writer.clone()).init();
    let server = Server::start();
    assert_eq!(server.get("/vendor/manifest.json").status(), 200);
    assert_eq!(server.get("/").status(), 200);
    assert_eq!(server.get("/vendor/nothing.js").status(), 404);
    server.get_with("/api/graph", &[("host", "evil.example")]);
    let text = log.text();
    let lines = |part: &str| text.lines().filter(|line| line.contains(part)).count();
    assert_eq!(lines("vendor manifest found"), 1, "{text}");
    assert_eq!(lines("served a vendor file"), 1, "{text}");
    assert_eq!(lines("path=\"vendor/manifest.json\""), 1, "{text}");
    assert_eq!(lines("refused a request"), 1, "{text}");
}
