//! Without privilege: it runs, shows what it can, and says what it cannot see and why.

use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Command, Stdio};

use serde_json::Value;

use crate::machine::{PROCNET, copy};
use crate::program::Server;
use crate::workload::program::{account, is_root};
use crate::{shared_workload, skip, wait_for};

/// `procnet` as nobody. The copy is for those who may not read our folders.
fn unprivileged(folder: &Path) -> Option<Command> {
    if !is_root() {
        return skip("other users' processes are needed: run as root");
    }
    let Ok(Some(nobody)) = account(&["nobody"]) else { return skip("there is no user nobody") };
    std::os::unix::fs::chown(folder, Some(nobody.uid), Some(nobody.gid)).unwrap();
    let program = folder.join("procnet");
    if !program.exists() {
        copy(Path::new(PROCNET), &program);
    }
    let mut command = Command::new(program);
    command.uid(nobody.uid).gid(nobody.gid).current_dir(folder).stdin(Stdio::null());
    Some(command)
}

#[test]
fn a_plain_user_sees_sockets_without_owners_and_is_told_why() {
    let Some(workload) = shared_workload() else { return };
    let folder = tempfile::tempdir().unwrap();
    let Some(mut command) = unprivileged(folder.path()) else { return };
    let output = command
        .args(["ls", &format!("port:{} state:listen", workload.redis.port), "--json"])
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let rows: Value = serde_json::from_slice(&output.stdout).unwrap();
    let row = &rows[0];
    assert_eq!(row["owners"], Value::Array(Vec::new()), "{row}");
    assert_eq!(
        (&row["attribution"], &row["unknown_owner"]),
        (&"unknown".into(), &"no permission".into())
    );
    assert_eq!(row["uid"], 0, "the kernel tells whose it is");
}

#[test]
fn doctor_and_page_tell_a_plain_user_what_is_missing_and_how_to_get_it() {
    let folder = tempfile::tempdir().unwrap();
    let Some(mut command) = unprivileged(folder.path()) else { return };
    let output = command.arg("doctor").output().unwrap();
    assert!(output.status.success());
    let text = String::from_utf8(output.stdout).unwrap();
    for told in ["as nobody (uid ", "partial", "more:\n  sudo setcap", "http://127.0.0.1:8765/"] {
        assert!(text.contains(told), "{told} is not in:\n{text}");
    }
    let Some(mut command) = unprivileged(folder.path()) else { return };
    let server = Server::start_as(command.arg("serve"), &[]);
    let owners = wait_for("the capabilities", || {
        let known = server.json("/api/v1/capabilities");
        let all = known["capabilities"].as_array()?.clone();
        all.into_iter().find(|capability| capability["id"] == "socket-owners")
    });
    assert_eq!(owners["state"], "partial", "{owners}");
    assert!(owners["reason"].as_str().is_some_and(|reason| reason.len() > 20), "{owners}");
    assert!(owners["remedy"].as_str().is_some_and(|remedy| remedy.contains("setcap")), "{owners}");
    let messages = server.running.messages();
    let limits = messages.iter().filter(|line| line.contains("not wholly visible: ")).count();
    assert_eq!(limits, 1, "{messages:?}");
}
