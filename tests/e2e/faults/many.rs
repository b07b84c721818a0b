//! Very many sockets that open and close at once.

use std::path::Path;
use std::process::Command;

use super::truth;
use crate::machine;
use crate::program::Server;
use crate::puppet::{Puppet, address};
use crate::skip;
use crate::workload::program::is_root;

/// How many sockets there are at a time; others, if this names a number.
const SOCKETS: usize = 20_000;
const SOCKETS_VARIABLE: &str = "PROCNET_FAULT_SOCKETS";
/// How many of them one process holds: not all may hold more.
const PER_PROCESS: usize = 4_000;
/// How many callers wait at a time, so that none is turned away.
const AT_ONCE: usize = 100;

/// Two puppets that may hold so many: as root in a network namespace of their own, to leave the ports
/// of this one to others.
fn pair(program: &Path) -> [Puppet; 2] {
    let many = r#"ulimit -n "$(ulimit -Hn)" && exec "$0""#;
    let start = |launcher: &[&str], first: &str| {
        let words = [launcher, &["sh", "-c"]].concat();
        let mut command = Command::new(words[0]);
        command.args(&words[1..]).arg(format!("{first}{many}")).arg(program);
        Puppet::start(&mut command)
    };
    if !is_root() {
        return [start(&[], ""), start(&[], "")];
    }
    let server = start(&["unshare", "--net"], "ip link set lo up && ");
    let client = start(&["nsenter", "--net", "--target", &server.pid().to_string()], "");
    [server, client]
}

#[test]
fn very_many_sockets_that_open_and_close_at_once_end_in_the_truth() {
    let descriptors = procnet_collect::raise_descriptor_limit();
    if descriptors.is_none_or(|limit| limit < 2 * PER_PROCESS as u64) {
        return skip::<()>("thousands of descriptors are needed").unwrap_or_default();
    }
    let sockets = std::env::var(SOCKETS_VARIABLE).ok();
    let sockets = sockets.map_or(SOCKETS, |sockets| sockets.parse().unwrap());
    let folder = machine::folder();
    let program = machine::puppet(folder.path(), "fault-many");
    let servers = super::COLLECTORS.map(|collector| Server::start(&["--collector", collector]));
    let mut pairs: Vec<[Puppet; 2]> =
        (0..sockets.div_ceil(2 * PER_PROCESS)).map(|_| pair(&program)).collect();
    let pids: Vec<u32> = pairs.iter().flatten().map(Puppet::pid).collect();

    // Each pair in a thread of its own.
    std::thread::scope(|scope| {
        for [server, client] in &mut pairs {
            scope.spawn(move || {
                let door = address(&server.order("listen\tdoor\t127.0.0.1:0"));
                for turn in 0..PER_PROCESS / AT_ONCE {
                    let name = format!("{}{turn}-", if turn == 0 { "stays" } else { "goes" });
                    client.order(format_args!("connect-many\t{name}\t{door}\t{AT_ONCE}"));
                    server.order(format_args!("accept-many\tdoor\t{name}\t{AT_ONCE}"));
                }
            });
        }
    });
    assert!(truth::held(&pids).len() >= sockets);
    for server in &servers {
        truth::settle(server, &pids);
    }
    for pair in &mut pairs {
        for puppet in pair {
            puppet.order("drop-many\tgoes");
        }
    }
    let left = truth::held(&pids).len();
    assert_eq!(left, pairs.len() * (2 * AT_ONCE + 1));
    for server in &servers {
        truth::settle(server, &pids);
    }
}
