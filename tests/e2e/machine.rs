//! This machine, for the tests that every system shares; and what only Linux has.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus, Stdio};

use tempfile::TempDir;

use crate::limits::Who;
use crate::program::Server;
use crate::puppet::{self, Puppet};
use crate::wait_for;
use crate::workload::program::{find, signal};

/// The program that was built for this test.
pub(crate) const PROCNET: &str = env!("CARGO_BIN_EXE_procnet");

/// Another copy of the program for the tests to run, and what they add to `ls` and `serve`: for
/// those tests that hold with every privilege and every collector.
pub(crate) const PROGRAM: &str = "PROCNET_E2E_PROGRAM";
pub(crate) const ARGUMENTS: &str = "PROCNET_E2E_ARGUMENTS";
/// Another copy of the puppets' program, for those who may not read ours.
pub(crate) const PUPPET: &str = "PROCNET_E2E_PUPPET";

/// How the names of programs end.
pub(crate) const EXE_SUFFIX: &str = "";

/// Who tells: in what these tests look at, both ways to collect tell the same.
pub(crate) fn who() -> Who {
    Who::scanning()
}

/// Nobody is asked for one: the system says who is asking.
pub(crate) fn token() -> Option<String> {
    None
}

/// Where tokens are kept, but for programs that run as others.
pub(crate) fn state() -> PathBuf {
    Path::new(env!("CARGO_TARGET_TMPDIR")).join("state")
}

/// The program that is tested, with these arguments.
pub(crate) fn command(arguments: &[&str]) -> Command {
    let mut command = Command::new(std::env::var_os(PROGRAM).unwrap_or_else(|| PROCNET.into()));
    command.args(arguments).env("STATE_DIRECTORY", state()).stdin(Stdio::null());
    if matches!(arguments.first(), Some(&("ls" | "serve"))) {
        command.args(std::env::var(ARGUMENTS).unwrap_or_default().split_whitespace());
    }
    command
}

/// The program that is tested, with nothing around it.
pub(crate) fn alone(folder: &Path) -> Command {
    let alone = folder.join("procnet");
    copy(Path::new(PROCNET), &alone);
    let mut command = Command::new(&alone);
    command.current_dir(folder).env_clear();
    command
}

/// Runs a program that is to be seen. On a rung of privilege it gets none of it: who has more may
/// not be looked at by who has less.
pub(crate) fn run(program: &Path) -> Command {
    if std::env::var_os(PROGRAM).is_none() {
        return Command::new(program);
    }
    let mut command = Command::new(find("setpriv").expect("the rung was made with it"));
    command.args(["--inh-caps=-all", "--ambient-caps=-all"]).arg(program);
    command
}

/// A new folder.
pub(crate) fn folder() -> TempDir {
    tempfile::tempdir().expect("a folder can be made")
}

/// A path as the program is told it.
pub(crate) fn path(path: &Path) -> String {
    path.display().to_string()
}

/// Gives the puppets' program another name.
pub(crate) fn puppet(folder: &Path, name: &str) -> PathBuf {
    let program = std::env::var_os(PUPPET).map_or_else(puppet::beside_this_test, PathBuf::from);
    puppet::named(&program, folder, name)
}

/// Ends a puppet without a warning.
pub(crate) fn kill(puppet: &mut Puppet) {
    puppet.kill();
}

/// Ends it as a service manager does.
pub(crate) fn terminate(server: &mut Server) -> ExitStatus {
    signal("TERM", server.running.pid());
    server.running.end()
}

/// Copies a program, for it to be run from there.
pub(crate) fn copy(program: &Path, to: &Path) {
    std::fs::copy(program, to).expect("the program can be copied");
    // Whatever another test starts meanwhile holds the copy open for writing until it has become
    // another program.
    let run = || Command::new(to).arg("--help").stdin(Stdio::null()).output();
    wait_for("the copy to be free", || match run() {
        Err(error) if error.kind() == std::io::ErrorKind::ExecutableFileBusy => None,
        ran => Some(ran.expect("the copy runs")),
    });
}

/// A process and all its descendants: servers hand connections to their children.
pub(crate) fn family(pid: u32) -> BTreeSet<u32> {
    let parents: Vec<(u32, u32)> = std::fs::read_dir("/proc")
        .expect("there is /proc")
        .flatten()
        .filter_map(|entry| entry.file_name().to_str()?.parse().ok())
        .filter_map(|pid: u32| Some((pid, parent(pid)?)))
        .collect();
    let mut family = BTreeSet::from([pid]);
    loop {
        let more: Vec<u32> = parents
            .iter()
            .filter(|(pid, parent)| family.contains(parent) && !family.contains(pid))
            .map(|(pid, _)| *pid)
            .collect();
        if more.is_empty() {
            return family;
        }
        family.extend(more);
    }
}

/// Field 4 of /proc/PID/stat (proc(5)); none if the process is gone.
fn parent(pid: u32) -> Option<u32> {
    let stat =
        std::fs::read_to_string(Path::new("/proc").join(pid.to_string()).join("stat")).ok()?;
    stat.rsplit_once(')')?.1.split_whitespace().nth(1)?.parse().ok()
}
