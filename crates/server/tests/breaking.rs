//! A panic in the midst of the engine's work: it is told once, the map is made anew, and whoever looks
//! sees the truth again.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test fails by panicking, and its helpers with it"
)]

mod support;

use std::io::{self, Write};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

use procnet_core::Event;
use serde_json::Value;
use support::machine::{Machine, everyday};
use support::{Reply, Server};

/// A log in memory.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// What the map shows, but for since when.
fn map(server: &Server) -> (Value, Value) {
    let graph = |reply: Reply| reply.json();
    let mut scene = graph(server.get("/api/v1/scene?udp=1&listeners=1"));
    for part in ["nodes", "edges"] {
        scene[part].as_object_mut().unwrap().remove("since");
    }
    let told = ["nodes", "edges", "summary"].map(|part| scene[part].clone());
    let sockets = graph(server.get("/api/v1/sockets?udp=1"))["sockets"].clone();
    (Value::from(told.to_vec()), sockets)
}

/// Everything about the machine, as a source tells it that was asked to.
fn whole_truth(machine: &mut Machine) {
    let mut all = everyday();
    machine.event(Event::Resync);
    for event in all.batch().events {
        machine.event(event);
    }
}

fn degradations(of: &Value) -> Vec<(String, String)> {
    let all = of["degradations"].as_array().unwrap().iter();
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    all.map(|one| (text(&one["id"]), text(&one["message"]))).collect()
}

#[test]
fn e7_a_map_that_breaks_off_is_made_anew_and_shows_the_truth() {
    let mut server = Server::start();
    let truth = map(&server);
    let mut stream = server.events("/api/v1/stream?udp=1", &[]);
    assert_eq!(stream.news().name, "scene");

    // Whoever hears of new remotes is called in the midst of it: the graph has changed, and no view
    // has been told.
    let breaks = Arc::new(AtomicBool::new(true));
    let once = Arc::clone(&breaks);
    server.live.on_remotes(move |_| {
        if once.swap(false, Ordering::Relaxed) {
            panic!("injected");
        }
    });
    let wish = server.live.resync_wish();
    assert!(!wish.take());
    server.feed(|machine| machine.tcp(100, "192.0.2.1:40099", "203.0.113.99:443"));
    assert!(!breaks.load(Ordering::Relaxed), "it broke off");

    // Streams end, so that browsers come back; what comes by then is not shown in part.
    assert!(std::iter::from_fn(|| stream.next()).all(|event| event.name == "heartbeat"));
    server.feed(|machine| {
        machine.process(777, "/bin/half");
    });
    let empty = server.get("/api/v1/scene?udp=1").json();
    assert_eq!(empty["nodes"]["id"].as_array().map(Vec::len), Some(0), "{empty}");
    let [(id, message)] = degradations(&empty).try_into().unwrap();
    assert!(id == "map-anew" && message.contains("made anew"), "{id}: {message}");
    assert_eq!(server.get("/healthz").status(), 200);

    // The source is asked once, and what it tells is the whole map.
    assert!(wish.take() && !wish.take());
    server.feed(whole_truth);
    assert_eq!(map(&server), truth);
    let mut stream = server.events("/api/v1/stream?udp=1", &[]);
    let scene = stream.news();
    assert_eq!((scene.name.as_str(), degradations(&scene.data).len()), ("scene", 1));
    server.feed(|machine| {
        machine.process(900, "/bin/after");
        machine.listen(900, "127.0.0.1:9009");
    });
    assert_eq!(stream.news().name, "delta", "and goes on");
}

#[test]
fn e7_a_batch_that_breaks_it_again_and_again_leaves_it_answering() {
    let mut server = Server::start();
    let truth = map(&server);
    let log = Log::default();
    let writer = log.clone();
    let logged =
        tracing_subscriber::fmt().with_ansi(false).with_writer(move || writer.clone()).finish();
    tracing::subscriber::with_default(logged, || {
        for _ in 0..5 {
            let batches = std::iter::once_with(|| panic!("injected"));
            server.live.ingest(batches, support::machine::seconds(2));
            assert_eq!(server.get("/healthz").status(), 200);
        }
    });
    let text = String::from_utf8(log.0.lock().unwrap().clone()).unwrap();
    assert_eq!(text.matches("injected").count(), 1, "{text}");
    assert!(text.contains("breaking.rs:") && text.contains("report it"), "{text}");
    let scene = server.get("/api/v1/scene").json();
    assert_eq!(scene["degradations"][0]["count"], 5, "{scene}");
    assert!(!server.live.resync_wish().take(), "who breaks off again waits");
    server.feed(whole_truth);
    assert_eq!(map(&server), truth);
}
