//! Namespaces that end with the processes in them.

use std::fmt::Display;
use std::process::{Command, Stdio};

use super::puppet::Puppet;
use crate::common;

/// Whether this machine makes namespaces of such a kind: an option of `unshare`.
pub(crate) fn can_unshare(kind: &str) -> bool {
    let mut command = Command::new("unshare");
    let done = command.args([kind, "--fork", "true"]).stderr(Stdio::null()).status();
    let possible = done.is_ok_and(|status| status.success());
    common::unless(possible, &format!("unshare {kind}"));
    possible
}

/// A puppet in a network namespace of its own, whose loopback works.
pub(crate) fn network() -> Option<Puppet> {
    let puppet = can_unshare("--net").then(|| Puppet::start_by(&["unshare", "--net"]))?;
    ip(&puppet, "link set lo up");
    Some(puppet)
}

/// Has `ip` do something in a puppet's network namespace.
pub(crate) fn ip(inside: &Puppet, words: impl Display) {
    let pid = inside.pid().to_string();
    let words = words.to_string();
    let mut command = Command::new("nsenter");
    command.args(["--net", "--target", &pid, "ip"]).args(words.split(' '));
    let status = command.status().expect("nsenter is there");
    assert!(status.success(), "ip {words}");
}
