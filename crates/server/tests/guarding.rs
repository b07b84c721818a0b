//! Nobody gets past the guard, by any route, and nobody holds the server up.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test fails by panicking, and its helpers with it"
)]

mod support;

use std::io::{Read as _, Write as _};

use procnet_server::ServerOptions;
use support::Server;

/// One target per route.
const ROUTES: &[(&str, &str)] = &[
    ("GET", "/"),
    ("GET", "/vendor/manifest.json"),
    ("GET", "/api/graph"),
    ("POST", "/api/reload_rules"),
    ("GET", "/api/v1/scene"),
    ("GET", "/api/v1/stream"),
    ("GET", "/api/v1/sockets"),
    ("GET", "/api/v1/processes/200-2000"),
    ("GET", "/api/v1/capabilities"),
    ("GET", "/api/v1/filter"),
    ("GET", "/api/v1/openapi.json"),
    ("GET", "/assets/app.png"),
    ("GET", "/healthz"),
    ("GET", "/nothing"),
    ("OPTIONS", "/api/graph"),
];

#[test]
fn every_route_is_guarded() {
    let server = Server::start();
    let own = format!("http://{}", server.address);
    for (method, target) in ROUTES {
        let status = |headers: &[(&str, &str)]| {
            let reply = server.send(method, target, headers, "");
            assert!(reply.json()["error"].is_string(), "{method} {target}");
            reply.status()
        };
        assert_eq!(status(&[("host", "evil.example")]), 421, "{method} {target}");
        assert_eq!(status(&[("host", "127.0.0.1.evil.example:80")]), 421, "{method} {target}");
        assert_eq!(status(&[("origin", "http://evil.example")]), 403, "{method} {target}");
        assert_eq!(status(&[("origin", "null")]), 403, "{method} {target}");
        assert_eq!(status(&[("origin", &own.replace("127.0.0.1", "localhost"))]), 403);
        assert_eq!(status(&[("sec-fetch-site", "cross-site")]), 403, "{method} {target}");
        assert_eq!(status(&[("sec-fetch-site", "same-site")]), 403, "{method} {target}");
    }
    let own_headers = [("origin", own.as_str()), ("sec-fetch-site", "same-origin")];
    assert_eq!(server.get_with("/api/graph", &own_headers).status(), 200);
}

#[test]
fn a_link_on_another_site_opens_the_page() {
    let server = Server::start();
    let navigation = [
        ("sec-fetch-site", "cross-site"),
        ("sec-fetch-mode", "navigate"),
        ("sec-fetch-dest", "document"),
    ];
    assert_eq!(server.get_with("/", &navigation).status(), 200);
    assert_eq!(server.get_with("/api/graph", &navigation).status(), 403);
}

#[test]
fn further_names_can_be_allowed() {
    let server = Server::with_options(ServerOptions {
        allowed_hosts: vec!["map.example.org".to_owned()],
        ..ServerOptions::default()
    });
    let named = |host: &str| server.get_with("/healthz", &[("host", host)]).status();
    assert_eq!(named("map.example.org:8765"), 200);
    assert_eq!(named("other.example.org:8765"), 421);
    assert_eq!(named("localhost:1"), 200);
}

#[test]
fn every_answer_carries_the_security_headers_and_no_cors() {
    let server = Server::start();
    let foreign: &[(&str, &str)] = &[("host", "evil.example")];
    let answers = ROUTES
        .iter()
        .filter(|(_, target)| !target.ends_with("stream"))
        .map(|(method, target)| server.send(method, target, &[], ""))
        .chain([server.get_with("/api/v1/stream", foreign)]);
    for answer in answers {
        let policy = answer.header("content-security-policy").unwrap();
        assert!(policy.starts_with("default-src 'none'; script-src 'self'; style-src 'self';"));
        assert!(policy.contains("frame-ancestors 'none'") && !policy.contains("unsafe"));
        assert_eq!(answer.header("x-content-type-options"), Some("nosniff"));
        assert_eq!(answer.header("referrer-policy"), Some("no-referrer"));
        assert_eq!(answer.header("cross-origin-opener-policy"), Some("same-origin"));
        assert_eq!(answer.header("cross-origin-resource-policy"), Some("same-origin"));
        assert!(answer.header("permissions-policy").is_some());
        assert_eq!(answer.header("access-control-allow-origin"), None);
    }
}

#[test]
fn half_sent_headers_are_cut_off() {
    let server = Server::start();
    let mut half_open: Vec<_> = (0..20)
        .map(|_| {
            let mut stream = server.connect();
            stream.write_all(b"GET /healthz HTTP/1.1\r\nhost: localhost\r\nx-slow: ").unwrap();
            stream
        })
        .collect();
    for stream in &mut half_open {
        // The server ends the connection; if it did not, reading would end in an error.
        let mut rest = Vec::new();
        stream.read_to_end(&mut rest).unwrap();
        assert!(!rest.starts_with(b"HTTP/1.1 200"));
    }
    assert_eq!(server.get("/healthz").status(), 200);
}

#[test]
fn garbage_is_answered_or_cut_off() {
    let server = Server::start();
    for garbage in [
        &b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03"[..],
        b"GET / HTTP/9.9\r\n\r\n",
        b"\r\n\r\n\r\n",
        b"GET /%ff%00 HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n",
        b"GET /api/v1/scene?filter=%ff HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n",
        b"POST /api/reload_rules HTTP/1.1\r\nhost: localhost\r\ncontent-length: 99999999999\r\n\r\n",
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    ] {
        let mut stream = server.connect();
        stream.write_all(garbage).unwrap();
        let _ = stream.shutdown(std::net::Shutdown::Write);
        let mut rest = Vec::new();
        // A reset is as good an end as any other.
        let _ = stream.read_to_end(&mut rest);
        assert!(!rest.starts_with(b"HTTP/1.1 2"), "{}", String::from_utf8_lossy(&rest));
    }
    let long = format!("/?{}", "x".repeat(100_000));
    let mut stream = server.connect();
    let _ = stream.write_all(format!("GET {long} HTTP/1.1\r\nhost: localhost\r\n\r\n").as_bytes());
    let mut rest = Vec::new();
    let _ = stream.read_to_end(&mut rest);
    assert!(!rest.starts_with(b"HTTP/1.1 2"));
    assert_eq!(server.get("/healthz").status(), 200);
}

#[test]
fn it_ends_with_open_streams_and_half_sent_requests() {
    let mut server = Server::start();
    let mut events = server.events("/api/v1/stream", &[]);
    assert_eq!(events.news().name, "scene");
    let mut half = server.connect();
    half.write_all(b"GET / HTTP/1.1\r\n").unwrap();
    server.end();
    while events.next().is_some() {}
    assert!(std::net::TcpStream::connect(server.address).is_err());
}
