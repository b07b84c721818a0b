//! Secrets in command lines are hidden before anything keeps them.

use std::process::Command;

use crate::program::{Server, procnet};
use crate::wait_for;
use crate::workload::program::{self, Program};

/// In no command line but the one that it is given in: not even in that of this test.
fn secret() -> String {
    format!("s3cr-{}-{}", std::process::id(), "et")
}

/// A program that is given the secret in every way that there is, and listens.
fn holder(secret: &str) -> Option<(Program, u16)> {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    drop(listener);
    let Ok(python) = program::find("python3") else {
        return crate::skip("python3 is not there");
    };
    let server = format!(
        "import socket,time; s=socket.create_server((\"127.0.0.1\",{port})); print(\"ready\",flush=True); time.sleep(600)"
    );
    let mut command = Command::new(python);
    command.args([
        "-c",
        &server,
        &format!("--password={secret}"),
        "--token",
        secret,
        &format!("DB_PASSWORD={secret}"),
        &format!("postgres://me:{secret}@db/shop"),
        &format!("Authorization: Bearer {secret}"),
        &format!("Server=db;Password={secret};Database=shop"),
        &format!("sh -c \"mysql -p{secret} shop\""),
        "--corp-licence",
        &format!("licence {secret}"),
    ]);
    let program = Program::start_and_wait_for_line("holder", command, port, "ready").unwrap();
    Some((program, port))
}

/// Hides what only this test knows to be a secret.
const RULES: &str =
    "- mask: '/licence (\\S+)/'\n- match_cmd: --corp-licence\n  type: service\n  label: Holder\n";

#[test]
fn c28_a_password_appears_nowhere() {
    let secret = secret();
    let Some((holder, port)) = holder(&secret) else { return };
    let folder = tempfile::tempdir().unwrap();
    let rules = folder.path().join("rules.yaml");
    std::fs::write(&rules, RULES).unwrap();
    let rules = rules.to_str().unwrap();
    let server = Server::start(&["--rules", rules, "--log", "trace"]);
    let details = wait_for("the command line of the holder", || {
        let details = server.process(holder.pid());
        (!details["arguments"].as_array()?.is_empty()).then_some(details)
    });
    assert_eq!(details["masked"], 8, "{details}");
    assert_eq!(details.get("revealed"), None);
    assert_eq!((&details["label"], &details["type"]), (&"Holder".into(), &"service".into()));
    let arguments = details["arguments"].to_string();
    for shown in ["--password=••••", "\"DB_PASSWORD=••••\"", "://me:••••@db/shop", "licence ••••"]
    {
        assert!(arguments.contains(shown), "{arguments}");
    }
    let filter = format!("filter=port:{port}");
    for path in [
        format!("/api/v1/processes/{}", details["key"].as_str().unwrap()),
        "/api/graph?udp=1&unix=1".to_owned(),
        "/api/v1/scene?group=process".to_owned(),
        format!("/api/v1/sockets?{filter}"),
        format!("/api/v1/export?format=json&group=process&{filter}"),
        format!("/api/v1/export?format=graphml&group=process&{filter}"),
    ] {
        let answer = server.get(&path);
        assert_eq!(answer.status, 200, "{path}");
        assert!(!answer.text().contains(&secret), "{path}: {}", answer.text());
    }
    // Nor can it be found out by asking.
    let found = server.json(&format!("/api/v1/sockets?filter=cmd:{secret}"));
    assert_eq!(found["total"], 0, "{found}");
    assert!(server.running.messages().iter().all(|line| !line.contains(&secret)));
    let port = format!("port:{port}");
    for arguments in [
        ["ls", "--json", "--rules", rules, &port],
        ["ls", "--csv", "--rules", rules, &port],
        ["export", "--group-by=process", "--rules", rules, &port],
    ] {
        let output = procnet(&arguments);
        let printed = String::from_utf8([output.stdout, output.stderr].concat()).unwrap();
        assert!(printed.contains(&holder.pid().to_string()), "{printed}");
        assert!(!printed.contains(&secret), "{printed}");
    }
}

#[test]
fn c28_its_owner_may_have_it_shown() {
    let secret = secret();
    let Some((holder, _)) = holder(&secret) else { return };
    let server = Server::start(&["--show-secrets"]);
    let details = wait_for("the command line as it is", || {
        let details = server.process(holder.pid());
        details.get("revealed").is_some().then_some(details)
    });
    assert!(!details["arguments"].to_string().contains(&format!("--password={secret}")));
    assert!(details["revealed"].to_string().contains(&format!("--password={secret}")));
}
