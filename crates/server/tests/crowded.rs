//! Thousands of clients that mean no good: the owner is served all the while, and when they go
//! everything of theirs goes too.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test fails by panicking, and its helpers with it"
)]

mod support;

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::sync::Arc;
use std::time::{Duration, Instant};

use procnet_server::{Access, ServerOptions, Standing};
use support::Server;

/// Longer than anything here takes; a test that waits for it has failed.
const PATIENCE: Duration = Duration::from_secs(60);

/// A server of so many places, where who comes from a port of the list may ask.
fn small(connections: usize, standing: Standing) -> Server {
    let access =
        Access { who_asks: Some(Arc::new(move |_, _| standing.clone())), ..Access::default() };
    let connections = Some(connections);
    Server::with_options(ServerOptions { access, connections, ..ServerOptions::default() })
}

fn half_open(server: &Server) -> TcpStream {
    let mut stream = server.connect();
    stream.write_all(b"GET / HTTP/1.1\r\nhost: local").unwrap();
    stream
}

fn streaming(server: &Server) -> TcpStream {
    let mut stream = server.connect();
    stream.write_all(b"GET /api/v1/stream HTTP/1.1\r\nhost: localhost\r\n\r\n").unwrap();
    let mut status = [0; 12];
    stream.read_exact(&mut status).unwrap();
    assert_eq!(&status, b"HTTP/1.1 200");
    stream
}

#[test]
fn whoever_waits_for_nothing_makes_room() {
    let server = small(40, Standing::Trusted);
    let streams: Vec<TcpStream> = (0..20).map(|_| streaming(&server)).collect();
    let mut idle: Vec<TcpStream> = Vec::new();
    for _ in 0..100 {
        idle.push(half_open(&server));
    }
    // Eight times over there were more than there is room for, and still:
    for _ in 0..10 {
        assert_eq!(server.get("/healthz").status(), 200);
    }
    let health = server.get("/healthz").json();
    assert_eq!(health["streams"], streams.len(), "no stream had to go");
    // At the latest after their time for headers all are ended; reading would time out otherwise.
    for stream in &mut idle {
        let mut rest = Vec::new();
        let ended = stream.read_to_end(&mut rest);
        let timed_out = ended.is_err_and(|error| error.kind() == std::io::ErrorKind::WouldBlock);
        assert!(!timed_out && !rest.starts_with(b"HTTP/1.1 200"));
    }
}

#[test]
fn streams_leave_room_for_requests() {
    let server = small(40, Standing::Trusted);
    let _streams: Vec<TcpStream> = (0..20).map(|_| streaming(&server)).collect();
    assert_eq!(server.get("/api/v1/stream").status(), 503);
    assert_eq!(server.get("/healthz").status(), 200);
}

#[test]
fn strangers_keep_nobody_out() {
    use std::sync::atomic::{AtomicBool, Ordering};
    let trusted = Arc::new(AtomicBool::new(false));
    let asked = Arc::clone(&trusted);
    let who_asks = move |_, _| {
        if asked.load(Ordering::SeqCst) {
            Standing::Trusted
        } else {
            Standing::Stranger("uid 7".into())
        }
    };
    let access = Access { who_asks: Some(Arc::new(who_asks)), ..Access::default() };
    let options = ServerOptions { access, connections: Some(40), ..ServerOptions::default() };
    let server = Server::with_options(options);
    let mut strangers: Vec<TcpStream> = (0..200).map(|_| half_open(&server)).collect();
    // The last of them has come: it is answered.
    let last = strangers.last_mut().unwrap();
    last.write_all(b"host\r\n\r\n").unwrap();
    let mut status = [0; 12];
    last.read_exact(&mut status).unwrap();
    assert_eq!(&status, b"HTTP/1.1 401");
    trusted.store(true, Ordering::SeqCst);
    let stream = streaming(&server);
    for _ in 0..100 {
        assert_eq!(server.get("/healthz").status(), 200);
    }
    drop((strangers, stream));
    let deadline = Instant::now() + PATIENCE;
    while server.get("/healthz").json()["streams"] != 0 {
        assert!(Instant::now() < deadline, "the stream is still there");
        std::thread::sleep(Duration::from_millis(50));
    }
}
