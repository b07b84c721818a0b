//! A Windows machine, as Wine is one on this one.

use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus, Stdio};

use tempfile::TempDir;

use crate::limits::Who;
use crate::program::Server;
use crate::puppet::Puppet;

/// How the names of programs end.
pub(crate) const EXE_SUFFIX: &str = ".exe";

/// Who tells.
pub(crate) fn who() -> Who {
    Who::WineScan
}

/// What `cargo xtask windows test` says in the environment.
pub(crate) fn named(variable: &str) -> PathBuf {
    let value = std::env::var_os(variable);
    PathBuf::from(value.unwrap_or_else(|| panic!("{variable}: run `cargo xtask windows test`")))
}

/// Runs a program, under Wine.
pub(crate) fn run(program: &Path) -> Command {
    let mut command = Command::new(named("PROCNET_WINE"));
    command.arg(program).stdin(Stdio::null());
    command
}

/// The folder where it keeps the token.
fn state() -> PathBuf {
    Path::new(env!("CARGO_TARGET_TMPDIR")).join("windows-state")
}

/// The file with the token, as a Windows program sees it.
pub(crate) fn token_file() -> String {
    path(&state().join("token"))
}

/// What it asks for: Wine does not say whose the sockets of Linux' programs are. It is there when the
/// page is.
pub(crate) fn token() -> Option<String> {
    let text = std::fs::read_to_string(state().join("token")).expect("there is a token");
    Some(text.trim().to_owned())
}

/// The program that is tested, with these arguments.
pub(crate) fn command(arguments: &[&str]) -> Command {
    let mut command = run(&named("PROCNET_WINDOWS_PROGRAM"));
    command.args(arguments).env("STATE_DIRECTORY", path(&state()));
    command
}

/// The program that is tested, with nothing around it.
pub(crate) fn alone(folder: &Path) -> Command {
    let alone = folder.join("procnet.exe");
    std::fs::copy(named("PROCNET_WINDOWS_PROGRAM"), &alone).expect("the program can be copied");
    let mut command = run(&alone);
    command.current_dir(folder).env("STATE_DIRECTORY", path(&state()));
    command
}

/// A new folder, whose name not everybody can write.
pub(crate) fn folder() -> TempDir {
    let within = Path::new(env!("CARGO_TARGET_TMPDIR"));
    let mut names = tempfile::Builder::new();
    names.prefix("Программа 測試 é ").tempdir_in(within).expect("a folder can be made")
}

/// A path as a Windows program sees it: Wine shows it the machine's files as a drive of their own.
pub(crate) fn path(path: &Path) -> String {
    format!("Z:{}", path.to_str().expect("a path is text").replace('/', "\\"))
}

/// Gives the puppets' program another name. Wine would take links to it for each other.
pub(crate) fn puppet(folder: &Path, name: &str) -> PathBuf {
    let program = folder.join(name);
    std::fs::copy(named("PROCNET_WINDOWS_PUPPET"), &program).expect("a puppet can be copied");
    program
}

/// Ends a puppet as Windows does that. A signal would not do: Wine takes a program for running
/// while a child of it does.
pub(crate) fn kill(puppet: &mut Puppet) {
    let mut taskkill = run(Path::new("taskkill.exe"));
    let ended = taskkill.args(["/f", "/pid", &puppet.pid().to_string()]).output();
    let ended = ended.expect("taskkill runs");
    assert!(ended.status.success(), "{}", String::from_utf8_lossy(&ended.stdout));
    puppet.wait();
}

/// Presses Ctrl-C, which is what Wine takes that signal for, and waits for the end.
pub(crate) fn interrupt(server: &mut Server) -> ExitStatus {
    let pid = server.running.pid().to_string();
    let signalled = Command::new("kill").args(["-INT", &pid]).status().expect("kill runs");
    assert!(signalled.success());
    server.running.end()
}
