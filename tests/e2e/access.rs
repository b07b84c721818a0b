//! Who may ask, asked by other users of this machine.

use std::collections::BTreeSet;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::os::unix::process::CommandExt;
use std::process::{Command, Stdio};
use std::time::Duration;

use serde_json::Value;

use crate::machine::{PROCNET, command, copy, state};
use crate::program::{Server, procnet};
use crate::skip;
use crate::workload::program::{find, is_root};

/// Users whom nobody else is.
pub(crate) const STRANGER: u32 = 54_321;
const OTHER: u32 = 54_322;

/// Sends bytes as they are, and returns what comes back, as text.
pub(crate) fn exchange(address: &str, request: &[u8]) -> String {
    let mut stream = TcpStream::connect(address).expect("procnet accepts");
    stream.set_read_timeout(Some(Duration::from_secs(60))).expect("a timeout can be set");
    // It may be refused before all of it is there.
    let _ = stream.write_all(request);
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer);
    String::from_utf8_lossy(&answer).into_owned()
}

/// The same, from a process of another user.
pub(crate) fn exchange_as(user: u32, address: &str, request: &[u8]) -> String {
    let port = address.rsplit(':').next().unwrap();
    let script = "exec 3<>/dev/tcp/127.0.0.1/$0 && cat >&3; exec timeout 60 cat <&3";
    let mut client = Command::new(find("bash").expect("there is bash"))
        .args(["-c", script, port])
        .uid(user)
        .gid(user)
        .current_dir("/")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .expect("bash starts");
    // It may be refused before all of it is there.
    let _ = client.stdin.take().expect("stdin is a pipe").write_all(request);
    let answer = client.wait_with_output().expect("bash ends").stdout;
    String::from_utf8_lossy(&answer).into_owned()
}

/// As a client without any configuration asks.
fn plain(target: &str, more: &str) -> Vec<u8> {
    format!("GET {target} HTTP/1.1\r\nHost: localhost\r\n{more}Connection: close\r\n\r\n").into()
}

pub(crate) fn status(answer: &str) -> &str {
    answer.split(' ').nth(1).unwrap_or_default()
}

fn needs_root() -> bool {
    is_root() || skip::<()>("processes of other users are needed: run as root").is_some()
}

#[test]
fn the_owner_needs_no_configuration() {
    let server = Server::start(&[]);
    assert_eq!(status(&exchange(&server.address, &plain("/", ""))), "200");
    let Some(curl) = find("curl").ok().or_else(|| skip("curl is needed")) else { return };
    let url = format!("http://{}/api/graph", server.address);
    let output = Command::new(curl).args(["--silent", "--fail", &url]).output().unwrap();
    assert!(output.status.success());
    let graph: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert!(graph["nodes"].is_array());
}

#[test]
fn another_user_gets_nothing_by_any_route() {
    if !needs_root() {
        return;
    }
    let server = Server::start(&[]);
    let document = server.json("/api/v1/openapi.json");
    let mut asked = BTreeSet::new();
    for (path, methods) in document["paths"].as_object().unwrap() {
        let target = path.replace("{key}", "1-1").replace("{id}", "1").replace("{name}", "app.png");
        for method in methods.as_object().unwrap().keys() {
            asked.insert((method.to_uppercase(), target.clone()));
        }
    }
    assert!(asked.contains(&("GET".to_owned(), "/api/v1/stream".to_owned())), "{asked:?}");
    asked
        .extend(["/", "/vendor/manifest.json", "/nothing"].map(|path| ("GET".into(), path.into())));
    for (method, target) in asked {
        let request = format!("{method} {target} HTTP/1.1\r\nHost: localhost\r\n\r\n");
        let answer = exchange_as(STRANGER, &server.address, request.as_bytes());
        assert_eq!(status(&answer), "401", "{method} {target}: {answer}");
        assert!(answer.contains("procnet token"), "{answer}");
        assert!(!answer.contains("nodes"), "{answer}");
    }
    // It fills no log.
    let told = server.running.messages().iter().filter(|line| line.contains("refused")).count();
    assert!((1..=21).contains(&told), "{told}");
}

#[test]
fn who_is_named_may_ask_and_so_may_who_ran_sudo() {
    if !needs_root() {
        return;
    }
    let stranger = STRANGER.to_string();
    let named = Server::start(&["--allow-user", &stranger]);
    let by_sudo = Server::start_as(command(&["serve"]).env("SUDO_UID", &stranger), &[]);
    for server in [&named, &by_sudo] {
        let ask = |user| exchange_as(user, &server.address, &plain("/healthz", ""));
        assert_eq!(status(&ask(STRANGER)), "200");
        assert_eq!(status(&ask(OTHER)), "401");
    }
}

#[test]
fn a_plain_user_serves_that_user_and_root() {
    if !needs_root() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    std::os::unix::fs::chown(folder.path(), Some(STRANGER), Some(STRANGER)).unwrap();
    let program = folder.path().join("procnet");
    copy(PROCNET.as_ref(), &program);
    let mut command = Command::new(program);
    command.arg("serve").uid(STRANGER).gid(STRANGER).current_dir(folder.path());
    command.env("HOME", folder.path()).env_remove("XDG_STATE_HOME");
    let server = Server::start_as(&mut command, &[]);
    assert_eq!(server.get("/healthz").status, 200, "root may do everything anyway");
    let ask = |user, more: &str| exchange_as(user, &server.address, &plain("/healthz", more));
    assert_eq!(status(&ask(STRANGER, "")), "200");
    assert_eq!(status(&ask(OTHER, "")), "401");
    let token = std::fs::read_to_string(folder.path().join(".local/state/procnet/token")).unwrap();
    let bearer = format!("Authorization: Bearer {}\r\n", token.trim());
    assert_eq!(status(&ask(OTHER, &bearer)), "200");
}

#[test]
fn the_token_survives_and_lets_in_who_has_it() {
    if !needs_root() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("token");
    let file = file.to_str().unwrap();
    let mut printed = BTreeSet::new();
    for _ in 0..2 {
        let server = Server::start(&["--token-file", file]);
        let page = format!("http://{}/", server.address);
        let told = procnet(&["token", "--token-file", file, "--address", &page]);
        let url = String::from_utf8(told.stdout).unwrap();
        let (start, token) = url.trim().split_once("?token=").unwrap();
        assert_eq!((start, token.len()), (page.as_str(), 64));
        let opened =
            exchange_as(STRANGER, &server.address, &plain(&format!("/?token={token}"), ""));
        assert_eq!(status(&opened), "303", "{opened}");
        let cookie = opened.lines().find_map(|line| line.strip_prefix("set-cookie: ")).unwrap();
        let cookie = format!("Cookie: {}\r\n", cookie.split(';').next().unwrap());
        let page = exchange_as(STRANGER, &server.address, &plain("/", &cookie));
        assert_eq!(status(&page), "200");
        let without = exchange_as(STRANGER, &server.address, &plain("/", ""));
        assert_eq!(status(&without), "401");
        let messages = server.running.messages();
        assert!(messages.iter().all(|line| !line.contains(token)), "a secret is in no log");
        printed.insert(token.to_owned());
    }
    assert_eq!(printed.len(), 1, "it is the same after a restart");
}

#[test]
fn a_proxy_proves_nothing() {
    let server = Server::start(&["--behind-proxy", "map.example"]);
    assert_eq!(server.get("/healthz").status, 401);
    let token = std::fs::read_to_string(state().join("token")).unwrap();
    let ask = |host: &str, more: &str| {
        let request = format!("GET / HTTP/1.0\r\nHost: {host}\r\n{more}\r\n");
        status(&exchange(&server.address, request.as_bytes())).to_owned()
    };
    let bearer = format!("Authorization: Bearer {}\r\n", token.trim());
    assert_eq!(ask("map.example", &bearer), "200");
    assert_eq!(ask("map.example", ""), "401");
    assert_eq!(ask("evil.example", &bearer), "421");
}

#[test]
fn beyond_loopback_there_is_no_plain_http() {
    let refused = procnet(&["serve", "--bind", "0.0.0.0", "--port", "0"]);
    assert_eq!(refused.status.code(), Some(2));
    let told = String::from_utf8(refused.stderr).unwrap();
    assert_eq!(told.lines().count(), 1, "{told}");
    assert!(told.contains("--tls-cert") && told.contains("--behind-proxy"), "{told}");
}

#[test]
fn a_certificate_of_its_own_is_told_by_its_fingerprint() {
    let Some(curl) = find("curl").ok().or_else(|| skip("curl is needed")) else { return };
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("token");
    let mut fingerprints = BTreeSet::new();
    for _ in 0..2 {
        let server = Server::start(&[
            "--bind",
            "0.0.0.0",
            "--tls-self-signed",
            "--token-file",
            file.to_str().unwrap(),
        ]);
        let told = |what: &str| {
            crate::wait_for(what, || {
                let messages = server.running.messages();
                messages.into_iter().find(|line| line.contains(what))
            })
        };
        fingerprints
            .insert(told("SHA-256 fingerprint is ").split(" is ").nth(1).unwrap().to_owned());
        let url = format!("https://{}/healthz", server.address);
        let token = std::fs::read_to_string(&file).unwrap();
        let ask = |header: &str| {
            let mut curl = Command::new(&curl);
            curl.args(["--silent", "--insecure", "--output", "/dev/null"]);
            curl.args(["--write-out", "%{http_code}", "--header", header, &url]);
            String::from_utf8(curl.output().unwrap().stdout).unwrap()
        };
        assert_eq!(ask("X-Nothing: x"), "401");
        assert_eq!(ask(&format!("Authorization: Bearer {}", token.trim())), "200");
    }
    assert_eq!(fingerprints.len(), 1, "{fingerprints:?}");
    assert_eq!(fingerprints.first().unwrap().len(), 95);
}
