//! Icons that programs bring along, from the collector's word to the browser.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

mod support;

use std::sync::Arc;

use procnet_core::{Event, Icon, Process};
use serde_json::Value;
use support::Server;
use support::machine::{Machine, key};

const PICTURE: &[u8] = b"\x89PNG and so on";

/// Two processes of one program and one of another, which all talk to somebody.
fn programs(machine: &mut Machine) {
    for pid in [501, 502, 503] {
        machine.process(pid, if pid == 503 { "/bin/other" } else { "/bin/new" });
        machine.tcp(pid, &format!("192.0.2.1:48{pid}"), "203.0.113.5:443");
    }
}

fn tell(machine: &mut Machine, pid: u32, icon: Option<Arc<Icon>>) {
    let name = if pid == 503 { "other" } else { "new" };
    let process = Process { icon, ..Process::bare(key(pid), name) };
    machine.event(Event::ProcessStarted(Arc::new(process)));
}

/// The images of the nodes that stand for processes of that name.
fn images(server: &Server, view: &str, label: &str) -> Vec<String> {
    let scene = server.get(&format!("/api/v1/scene{view}")).json();
    let column = |name: &str| scene["nodes"][name].as_array().unwrap().clone();
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let labels = column("label").into_iter().map(|label| text(&label));
    let pairs = labels.zip(column("image"));
    pairs.filter(|(it, _)| it.starts_with(label)).map(|(_, image)| text(&image)).collect()
}

#[test]
fn a_node_shows_the_icon_of_its_program() {
    let mut server = Server::start();
    server.feed(programs);
    assert_eq!(images(&server, "", "new"), ["", ""]);

    // It is told later than the process.
    let icon = Arc::new(Icon::new("image/png", PICTURE));
    let mut stream = server.events("/api/v1/stream", &[]);
    assert_eq!(stream.news().name, "scene");
    server.feed(|machine| {
        for pid in [501, 502] {
            tell(machine, pid, Some(Arc::clone(&icon)));
        }
    });
    let url = format!("/api/v1/icons/{}", icon.id());
    let delta = stream.news().data;
    assert_eq!(delta["nodes"]["set"]["image"]["value"], serde_json::json!([url, url]));
    assert_eq!(images(&server, "", "new"), [url.clone(), url.clone()]);
    assert_eq!(images(&server, "", "other"), [""]);

    let reply = server.get(&url);
    assert_eq!((reply.status(), reply.body.as_slice()), (200, PICTURE));
    assert_eq!(reply.header("content-type"), Some("image/png"));
    assert_eq!(reply.header("x-content-type-options"), Some("nosniff"));
    assert_eq!(reply.header("cache-control"), Some("public, max-age=31536000, immutable"));
}

#[test]
fn a_group_shows_an_icon_if_all_of_it_has_the_same() {
    let mut server = Server::start();
    let icon = |bytes: &[u8]| Some(Arc::new(Icon::new("image/x-icon", bytes)));
    server.feed(programs);
    let view = "?group=family";
    for (others, same) in [(PICTURE, true), (b"another", false), (PICTURE, true)] {
        server.feed(|machine| {
            tell(machine, 501, icon(PICTURE));
            tell(machine, 502, icon(others));
        });
        let [image] = images(&server, view, "new ×2").try_into().unwrap();
        assert_eq!(!image.is_empty(), same);
    }
    server.feed(|machine| tell(machine, 502, None));
    assert_eq!(images(&server, view, "new ×2"), [""]);
}

#[test]
fn who_asks_for_another_gets_none() {
    let mut server = Server::start();
    server.feed(programs);
    let icon = Arc::new(Icon::new("image/png", PICTURE));
    let url = format!("/api/v1/icons/{}", icon.id());
    assert_eq!(server.get(&url).status(), 404);
    server.feed(|machine| tell(machine, 501, Some(Arc::clone(&icon))));
    assert_eq!(server.get(&url).status(), 200);
    for other in ["0000000000000000", "", "%2e%2e", "..%2f..%2fetc%2fpasswd", "C:%5cboot.ini"] {
        assert_eq!(server.get(&format!("/api/v1/icons/{other}")).status(), 404, "{other}");
    }
    assert_eq!(server.get(&format!("{url}?at=1")).status(), 400);
    assert_eq!(server.get_with(&url, &[("sec-fetch-site", "cross-site")]).status(), 403);

    // It goes with the last process that brings it along.
    server.feed(|machine| tell(machine, 501, None));
    assert_eq!(server.get(&url).status(), 404);
}
