//! Who may ask: nobody unknown gets anything, by any route; who has the token gets everything.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test fails by panicking, and its helpers with it"
)]

mod support;

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use procnet_server::{Access, ServerOptions, Standing, Tls, Token};
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};
use support::Server;

fn with_token(standing: Standing) -> (Server, Token) {
    let token = Token::generate().unwrap();
    let access = Access {
        who_asks: Some(Arc::new(move |_, _| standing.clone())),
        token: Some(token.clone()),
        advice: "Ask alice.".to_owned(),
        secure: false,
    };
    (Server::with_options(ServerOptions { access, ..ServerOptions::default() }), token)
}

/// Every route of the published document, and what it does not list: the page, what belongs to it,
/// and what is not there.
fn targets() -> Vec<(String, String)> {
    let document: serde_json::Value = serde_json::to_value(procnet_server::openapi()).unwrap();
    let mut targets = Vec::new();
    for (path, methods) in document["paths"].as_object().unwrap() {
        for method in methods.as_object().unwrap().keys() {
            let target = path.replace("{key}", "200-2000").replace("{id}", "1");
            targets.push((method.to_uppercase(), target.replace("{name}", "app.png")));
        }
    }
    assert!(targets.len() > 8, "{targets:?}");
    assert!(targets.iter().any(|(_, target)| target == "/api/v1/stream"));
    for path in
        ["/", "/index.html", "/vendor/manifest.json", "/nothing", "/api/nothing", "/assets/x"]
    {
        for method in ["GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "PATCH", "TRACE"] {
            targets.push((method.to_owned(), path.to_owned()));
        }
    }
    targets
}

#[test]
fn who_is_unknown_gets_nothing_by_any_route() {
    for standing in [Standing::Stranger("uid 7".into()), Standing::Unknown("it hides".into())] {
        let (server, _) = with_token(standing);
        for (method, target) in targets() {
            for headers in
                [&[][..], &[("cookie", "procnet_1=x")], &[("authorization", "Basic eA==")]]
            {
                let reply = server.send(&method, &target, headers, "");
                assert_eq!(reply.status(), 401, "{method} {target} {headers:?}");
                assert_eq!(reply.header("www-authenticate"), Some("Bearer realm=\"procnet\""));
                if method != "HEAD" {
                    let told = reply.json()["error"].as_str().unwrap().to_owned();
                    assert!(told.ends_with("Ask alice."), "{told}");
                }
            }
        }
    }
}

#[test]
fn the_token_opens_every_route() {
    let (server, token) = with_token(Standing::Unknown("it hides".into()));
    let bearer = format!("Bearer {}", token.text());
    for (method, target) in targets() {
        if target == "/api/v1/stream" {
            continue;
        }
        let reply = server.send(&method, &target, &[("authorization", &bearer)], "");
        assert_ne!(reply.status(), 401, "{method} {target}");
    }
    let mut events = server.events("/api/v1/stream", &[("authorization", &bearer)]);
    assert_eq!(events.news().name, "scene");
}

#[test]
fn a_browser_exchanges_the_token_once() {
    let (server, token) = with_token(Standing::Stranger("uid 7".into()));
    let page = server.get_with("/", &[("accept", "text/html")]);
    assert_eq!(page.status(), 401);
    assert!(page.text().starts_with("<!doctype html>") && page.text().contains("Ask alice."));

    let answer = server.get(&format!("/?token={}", token.text()));
    assert_eq!((answer.status(), answer.header("location")), (303, Some("/")));
    assert_eq!(answer.header("cache-control"), Some("no-store"));
    let cookie = answer.header("set-cookie").unwrap();
    assert!(cookie.starts_with(&format!("procnet_{}=", server.address.port())), "{cookie}");
    let shown = cookie.split(';').next().unwrap();
    assert_eq!(server.get_with("/", &[("cookie", shown)]).status(), 200);
    let mut events = server.events("/api/v1/stream", &[("cookie", shown)]);
    assert_eq!(events.news().name, "scene");

    // Another page has the browser show it all the same: that does not help it.
    let foreign = [("cookie", shown), ("origin", "http://evil.example")];
    assert_eq!(server.get_with("/api/graph", &foreign).status(), 403);
    let rebound = [("cookie", shown), ("host", "evil.example")];
    assert_eq!(server.get_with("/api/graph", &rebound).status(), 421);
}

#[test]
fn guessing_is_slowed_down_and_sessions_are_not() {
    let (server, token) = with_token(Standing::Unknown("it hides".into()));
    let cookie = server.get(&format!("/?token={}", token.text()));
    let cookie = cookie.header("set-cookie").unwrap().split(';').next().unwrap().to_owned();
    let wrong = [("authorization", "Bearer 00")];
    let answers: Vec<u16> = (0..12).map(|_| server.get_with("/healthz", &wrong).status()).collect();
    assert_eq!((answers[0], answers[11]), (401, 429), "{answers:?}");
    let slowed = server.get("/?token=00");
    assert_eq!((slowed.status(), slowed.header("retry-after")), (429, Some("60")));
    assert_eq!(server.get_with("/healthz", &[("cookie", &cookie)]).status(), 200);
}

#[test]
fn each_connection_is_asked_about_once() {
    let asked = Arc::new(AtomicUsize::new(0));
    let counting = Arc::clone(&asked);
    let who_asks = move |_, _| {
        counting.fetch_add(1, Ordering::Relaxed);
        Standing::Trusted
    };
    let access = Access { who_asks: Some(Arc::new(who_asks)), ..Access::default() };
    let server = Server::with_options(ServerOptions { access, ..ServerOptions::default() });
    let mut stream = server.connect();
    for _ in 0..5 {
        stream.write_all(b"GET /healthz HTTP/1.1\r\nhost: localhost\r\n\r\n").unwrap();
        let mut answer = [0; 12];
        stream.read_exact(&mut answer).unwrap();
        assert_eq!(&answer, b"HTTP/1.1 200");
        let mut rest = Vec::new();
        let mut byte = [0];
        while !rest.ends_with(b"}") {
            stream.read_exact(&mut byte).unwrap();
            rest.push(byte[0]);
        }
    }
    assert_eq!(asked.load(Ordering::Relaxed), 1);
}

#[test]
fn by_tls_everything_is_as_without_and_plain_http_is_refused() {
    let pem = Tls::self_signed(vec!["localhost".to_owned()]).unwrap();
    let tls = Tls::from_pem(pem.as_bytes(), pem.as_bytes()).unwrap();
    let token = Token::generate().unwrap();
    let access = Access { token: Some(token.clone()), secure: true, ..Access::default() };
    let options = ServerOptions { access, tls: Some(tls), ..ServerOptions::default() };
    let server = Server::with_options(options);

    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_slice(pem.as_bytes()).unwrap()).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    let config = Arc::new(config);
    let ask = |target: &str, headers: &str| {
        let name = "localhost".try_into().unwrap();
        let connection = ClientConnection::new(Arc::clone(&config), name).unwrap();
        let mut stream = StreamOwned::new(connection, server.connect());
        write!(stream, "GET {target} HTTP/1.0\r\nHost: localhost\r\n{headers}\r\n").unwrap();
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).unwrap();
        String::from_utf8_lossy(&answer).into_owned()
    };
    assert!(ask("/healthz", "").starts_with("HTTP/1.0 401"));
    let bearer = format!("Authorization: Bearer {}\r\n", token.text());
    assert!(ask("/healthz", &bearer).starts_with("HTTP/1.0 200"));
    let opened = ask(&format!("/?token={}", token.text()), "");
    assert!(opened.starts_with("HTTP/1.0 303") && opened.contains("; Secure"), "{opened}");

    let mut plain: TcpStream = server.connect();
    plain
        .write_all(format!("GET / HTTP/1.0\r\nHost: localhost\r\n{bearer}\r\n").as_bytes())
        .unwrap();
    let mut answer = Vec::new();
    // A reset is as good an end as any other.
    let _ = plain.read_to_end(&mut answer);
    assert!(!answer.starts_with(b"HTTP/"), "{}", String::from_utf8_lossy(&answer));
}
