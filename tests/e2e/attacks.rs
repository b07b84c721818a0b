//! HTTP as nobody honest sends it, at the real program: from outside, in the name of the owner's
//! browser, and from another user of this machine.

use crate::access::{STRANGER, exchange, exchange_as, status};
use crate::machine;
use crate::program::Server;
use crate::skip;
use crate::workload::program::is_root;

/// What a refusal may be. Nothing else is said to any of these, and the connection ends.
const REFUSALS: [&str; 10] = ["400", "403", "404", "405", "408", "411", "413", "414", "421", "431"];

fn get(target: &str, headers: &str) -> Vec<u8> {
    format!("GET {target} HTTP/1.1\r\nHost: localhost\r\n{headers}Connection: close\r\n\r\n").into()
}

fn post(headers: &str, body: &str) -> Vec<u8> {
    format!("POST /api/reload_rules HTTP/1.1\r\nHost: localhost\r\n{headers}Connection: close\r\n\r\n{body}")
        .into()
}

/// Each with a name. All would be served, or do harm, if what guards against it were not there.
fn attacks() -> Vec<(String, Vec<u8>)> {
    let mut attacks: Vec<(String, Vec<u8>)> = Vec::new();
    let mut add = |name: &str, bytes: Vec<u8>| attacks.push((name.to_owned(), bytes));

    for host in [
        "evil.example",
        "localhost.evil.example",
        "127.0.0.1.evil.example",
        "2130706433",
        "0x7f000001",
        "0.0.0.0",
        "[::ffff:7f00:1].evil.example",
        "localhost@evil.example",
        "localhost, evil.example",
        "",
    ] {
        let request =
            format!("GET /api/graph HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n");
        add(&format!("rebinding {host:?}"), request.into());
    }
    add("no host", b"GET /api/graph HTTP/1.0\r\n\r\n".to_vec());
    add("two hosts", get("/api/graph", "Host: evil.example\r\n"));
    add("another host in the target", get("http://evil.example/api/graph", ""));
    add(
        "another host's authority",
        b"CONNECT evil.example:80 HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
            .to_vec(),
    );
    add("a user in the target", get("http://localhost@evil.example/", ""));

    for origin in ["http://evil.example", "null", "http://localhost.evil.example", "file://"] {
        add(&format!("page of {origin}"), get("/api/graph", &format!("Origin: {origin}\r\n")));
        let form = format!("Origin: {origin}\r\nContent-Type: text/plain\r\nContent-Length: 2\r\n");
        add(&format!("form of {origin}"), post(&form, "{}"));
        add(
            &format!("stream of {origin}"),
            get("/api/v1/stream", &format!("Origin: {origin}\r\n")),
        );
    }
    for site in ["cross-site", "same-site", "anything"] {
        let site = format!("Sec-Fetch-Site: {site}\r\n");
        add("cross-site stream", get("/api/v1/stream", &site));
        add(
            "cross-site script",
            get("/api/v1/scene", &(site.clone() + "Sec-Fetch-Dest: script\r\n")),
        );
        add("cross-site post", post(&(site + "Content-Length: 0\r\n"), ""));
    }
    add(
        "frame",
        get(
            "/",
            "Sec-Fetch-Site: cross-site\r\nSec-Fetch-Mode: navigate\r\nSec-Fetch-Dest: iframe\r\n",
        ),
    );

    for target in [
        "/../../../../etc/passwd",
        "/%2e%2e/%2e%2e/%2e%2e/etc/passwd",
        "/assets/../../../etc/passwd",
        "/assets/..%2f..%2f..%2f..%2fetc%2fpasswd",
        "/assets/%2fetc%2fpasswd",
        "/assets/..%5c..%5cetc%5cpasswd",
        "/assets/%252e%252e%252fetc%252fpasswd",
        "/vendor/..;/..;/etc/passwd",
        "//etc/passwd",
        "/vendor/%00",
        "/api/v1/processes/..%2f..%2fetc%2fpasswd",
        "/api/v1/icons/..%2f..%2fetc%2fpasswd",
    ] {
        add(&format!("traversal {target}"), get(target, ""));
    }
    for path in ["/etc/passwd", "../../etc/passwd", "rules.yaml"] {
        let body = format!("{{\"path\":\"{path}\"}}");
        let length = format!("Content-Length: {}\r\n", body.len());
        add(&format!("rules from {path}"), post(&length, &body));
    }

    let smuggled = "0\r\n\r\nGET /api/graph HTTP/1.1\r\nHost: localhost\r\n\r\n";
    add("length and chunks", post("Content-Length: 5\r\nTransfer-Encoding: chunked\r\n", smuggled));
    add("chunks and length", post("Transfer-Encoding: chunked\r\nContent-Length: 5\r\n", smuggled));
    add("chunks", post("Transfer-Encoding: chunked\r\n", "0\r\n\r\n"));
    add("chunks twice", post("Transfer-Encoding: chunked, chunked\r\n", "0\r\n\r\n"));
    add("chunks under another name", post("Transfer-Encoding: xchunked\r\n", smuggled));
    add("chunks after a bare line feed", post("X: a\nTransfer-Encoding: chunked\r\n", smuggled));
    add("two lengths", post("Content-Length: 0\r\nContent-Length: 5\r\n", "12345"));
    add("two lengths in one", post("Content-Length: 0, 5\r\n", "12345"));
    add("a length with a sign", post("Content-Length: +5\r\n", "12345"));
    add("a length below zero", post("Content-Length: -1\r\n", ""));
    add("a folded header", get("/api/graph", "X-Folded: a\r\n b\r\n"));
    add("a blank before a colon", get("/api/graph", "X-Blank : a\r\n"));
    add("a header without a name", get("/api/graph", ": a\r\n"));
    add("a NUL in a header", get("/api/graph", "X-Nul: a\0b\r\n"));
    add("a bare carriage return", get("/api/graph", "X: a\rHost: evil.example\r\n"));
    add("another host after a bare line feed", get("/api/graph", "X: a\nHost: evil.example\r\n"));

    add("a long target", get(&format!("/{}", "a".repeat(100_000)), ""));
    add("a long header", get("/api/graph", &format!("X: {}\r\n", "a".repeat(100_000))));
    add("many headers", get("/api/graph", &"X: a\r\n".repeat(2_000)));
    add("a large body", post("Content-Length: 100000\r\n", &"a".repeat(100_000)));
    add("an immense body", post("Content-Length: 18446744073709551615\r\n", "a"));
    add(
        "a body longer than there are numbers",
        post("Content-Length: 99999999999999999999\r\n", "a"),
    );

    add("invalid UTF-8 in a query", get("/api/v1/scene?filter=%ff%fe", ""));
    add("a NUL in a path", get("/api/graph%00.html", ""));
    add(
        "invalid UTF-8 in a host",
        [b"GET / HTTP/1.1\r\nHost: \xff\xfe\r\n\r\n".as_slice()].concat(),
    );
    add(
        "invalid UTF-8 in an origin",
        [b"GET / HTTP/1.1\r\nHost: localhost\r\nOrigin: \xff\r\n\r\n".as_slice()].concat(),
    );

    for method in ["GET", "HEAD", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "BREW"] {
        let request = format!(
            "{method} /api/reload_rules HTTP/1.1\r\nHost: localhost\r\nX-HTTP-Method-Override: POST\r\nConnection: close\r\n\r\n"
        );
        add(&format!("{method} instead of POST"), request.into());
    }
    add("POST instead of GET", b"POST /api/graph HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\nConnection: close\r\n\r\n".to_vec());
    add(
        "no JSON",
        post("Content-Type: application/x-www-form-urlencoded\r\nContent-Length: 6\r\n", "path=x"),
    );
    add("JSON of another kind", post("Content-Length: 8\r\n", "[1,2,3]\n"));

    add("no HTTP", b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n".to_vec());
    add("HTTP/2", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".to_vec());
    add("HTTP/0.9", b"GET /api/graph\r\n\r\n".to_vec());
    add("HTTP/9.9", b"GET /api/graph HTTP/9.9\r\nHost: localhost\r\n\r\n".to_vec());
    add(
        "an upgrade to nothing",
        get("/api/reload_rules", "Connection: upgrade\r\nUpgrade: websocket\r\n"),
    );
    attacks
}

fn is_refusal(answer: &str, refusals: &[&str]) -> bool {
    // Nothing at all is an answer too: the connection was ended.
    let refused = answer.is_empty() || refusals.contains(&status(answer));
    let leaks = ["root:", "\"nodes\"", "event: scene", "\"ok\":true"];
    refused
        && leaks.iter().all(|leak| !answer.contains(leak))
        // What follows in the same bytes is no request of its own.
        && answer.matches("HTTP/1.").count() <= 1
        && !answer.to_ascii_lowercase().contains("access-control-allow")
}

#[test]
fn no_attack_is_answered() {
    let folder = machine::folder();
    let rules = folder.path().join("own.yaml");
    std::fs::write(&rules, "[]").unwrap();
    let icons = folder.path().display().to_string();
    let server = Server::start(&["--icons-dir", &icons, "--rules", rules.to_str().unwrap()]);
    let wrong: Vec<String> = attacks()
        .into_iter()
        .filter_map(|(name, bytes)| {
            let answer = exchange(&server.address, &bytes);
            (!is_refusal(&answer, &REFUSALS)).then(|| format!("{name}: {}", brief(&answer)))
        })
        .collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert_eq!(server.get("/healthz").status, 200, "the owner is served as before");
}

#[test]
fn no_attack_of_another_user_is_answered() {
    if !is_root() {
        return skip::<()>("processes of other users are needed: run as root").unwrap_or_default();
    }
    let server = Server::start(&[]);
    let refusals: Vec<&str> = REFUSALS.into_iter().chain(["401"]).collect();
    let wrong: Vec<String> = attacks()
        .into_iter()
        .filter_map(|(name, bytes)| {
            let answer = exchange_as(STRANGER, &server.address, &bytes);
            (!is_refusal(&answer, &refusals)).then(|| format!("{name}: {}", brief(&answer)))
        })
        .collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert_eq!(server.get("/healthz").status, 200, "the owner is served as before");
}

fn brief(answer: &str) -> String {
    answer.chars().take(200).collect::<String>().escape_debug().to_string()
}
