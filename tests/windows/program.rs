//! Running Windows programs under Wine.

use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Output, Stdio};
use std::sync::mpsc;
use std::time::Instant;

use serde_json::Value;

use crate::http::{self, Answer};
use crate::{PATIENCE, wait_for};

/// What `cargo xtask windows test` says in the environment.
fn named(variable: &str) -> PathBuf {
    let value = std::env::var_os(variable);
    PathBuf::from(value.unwrap_or_else(|| panic!("{variable}: run `cargo xtask windows test`")))
}

/// That program, under Wine.
fn wine(program: &Path) -> Command {
    let mut command = Command::new(named("PROCNET_WINE"));
    command.arg(program).stdin(Stdio::null());
    command
}

/// Runs the program that is tested to its end.
pub(crate) fn procnet(arguments: &[&str]) -> Output {
    let program = named("PROCNET_WINDOWS_PROGRAM");
    wine(&program).args(arguments).output().expect("Wine runs procnet")
}

/// A new folder of that name.
pub(crate) fn folder(name: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    std::fs::create_dir_all(&folder).expect("a folder can be made");
    folder
}

/// A path as a Windows program sees it: Wine shows it the machine's files as a drive of their own.
pub(crate) fn windows_path(path: &Path) -> String {
    format!("Z:{}", path.to_str().expect("a path is text").replace('/', "\\"))
}

/// A running program, ended with this.
struct Running(Child);

impl Running {
    fn start(command: &mut Command) -> Self {
        Self(command.spawn().expect("Wine starts a program"))
    }

    fn is_over(&mut self) -> bool {
        self.0.try_wait().expect("it can be waited for").is_some()
    }

    fn wait(&mut self) -> ExitStatus {
        wait_for("the end of a program", || self.0.try_wait().expect("it can be waited for"))
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // Fails only if it has ended.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// The lines of `output` as they come. They are read to the end, lest the program waits for that.
fn lines(output: impl Read + Send + 'static) -> mpsc::Receiver<String> {
    let (sender, lines) = mpsc::channel();
    std::thread::spawn(move || {
        for line in BufReader::new(output).lines().map_while(Result::ok) {
            // Nobody takes them any more after the one that was waited for.
            let _ = sender.send(line);
        }
    });
    lines
}

/// The first line that `wanted` takes.
fn line<T>(what: &str, lines: &mpsc::Receiver<String>, wanted: impl Fn(&str) -> Option<T>) -> T {
    let deadline = Instant::now() + PATIENCE;
    let mut heard = Vec::new();
    loop {
        let left = deadline.saturating_duration_since(Instant::now());
        let Ok(line) = lines.recv_timeout(left) else { panic!("{what} did not come: {heard:?}") };
        if let Some(found) = wanted(&line) {
            return found;
        }
        heard.push(line);
    }
}

/// A serving `procnet.exe`.
pub(crate) struct Procnet {
    running: Running,
    pub(crate) address: String,
}

impl Procnet {
    /// On any free port, looking five times a second.
    pub(crate) fn serve(arguments: &[&str]) -> Self {
        let mut command = wine(&named("PROCNET_WINDOWS_PROGRAM"));
        command.args(["serve", "--port", "0", "--interval", "0.2"]).args(arguments);
        let mut running = Running::start(command.stdout(Stdio::null()).stderr(Stdio::piped()));
        let said = lines(running.0.stderr.take().expect("stderr is a pipe"));
        let address = line("the address of the page", &said, |line| {
            let (_, url) = line.split_once("serving http://")?;
            Some(url.trim().trim_end_matches('/').to_owned())
        });
        Self { running, address }
    }

    /// Presses Ctrl-C, which is what Wine takes that signal for, and waits for the end.
    pub(crate) fn interrupt(&mut self) -> ExitStatus {
        let pid = self.running.0.id().to_string();
        let signalled = Command::new("kill").args(["-INT", &pid]).status().expect("kill runs");
        assert!(signalled.success());
        self.running.wait()
    }

    pub(crate) fn get(&self, path: &str) -> Answer {
        http::request(&self.address, "GET", path, None)
    }

    pub(crate) fn json(&self, path: &str) -> Value {
        let answer = self.get(path);
        assert_eq!(answer.status, 200, "{path}: {}", answer.text());
        answer.json()
    }

    /// All that is told of a process that owns a socket.
    pub(crate) fn process(&self, pid: u32) -> Value {
        let key = wait_for(&format!("a socket of process {pid}"), || {
            let sockets = self.json("/api/v1/sockets");
            let rows = sockets["sockets"].as_array()?;
            let owners = rows.iter().filter_map(|row| row["owners"].as_array()).flatten();
            let mut keys = owners.filter(|o| o["pid"] == pid).filter_map(|o| o["key"].as_str());
            keys.next().map(str::to_owned)
        });
        self.json(&format!("/api/v1/processes/{key}"))
    }
}

/// A running `talker.exe` and where its sockets are.
pub(crate) struct Talker {
    running: Running,
    pub(crate) path: PathBuf,
    pub(crate) pid: u32,
    pub(crate) client: u32,
    pub(crate) tcp4: u16,
    pub(crate) tcp6: u16,
    pub(crate) udp4: u16,
    pub(crate) udp6: u16,
}

impl Talker {
    /// A copy of it with that name.
    pub(crate) fn start(folder: &Path, name: &str, arguments: &[&str]) -> Self {
        let path = folder.join(name);
        std::fs::copy(named("PROCNET_WINDOWS_TALKER"), &path).expect("the talker can be copied");
        let mut running = Running::start(
            wine(&path)
                .arg("serve")
                .args(arguments)
                .stdout(Stdio::piped())
                .stderr(Stdio::inherit()),
        );
        let said = lines(running.0.stdout.take().expect("stdout is a pipe"));
        let numbers: Vec<u32> = line("the talker's word", &said, |line| {
            line.strip_prefix("talking ")?.split_whitespace().map(|n| n.parse().ok()).collect()
        });
        let [pid, client, ports @ ..] = numbers.as_slice() else { panic!("{numbers:?}") };
        let ports: Vec<u16> = ports.iter().map(|port| u16::try_from(*port).unwrap()).collect();
        let [tcp4, tcp6, udp4, udp6] = ports[..] else { panic!("{numbers:?}") };
        Self { running, path, pid: *pid, client: *client, tcp4, tcp6, udp4, udp6 }
    }

    /// Ends it without a warning; its client follows.
    pub(crate) fn kill(&mut self) {
        kill(self.pid);
        self.running.wait();
    }
}

/// Ends a program as Windows does that. A signal would not do: Wine takes a program for running
/// while a child of it does.
pub(crate) fn kill(pid: u32) {
    let mut taskkill = wine(Path::new("taskkill.exe"));
    let ended = taskkill.args(["/f", "/pid", &pid.to_string()]).output().expect("taskkill runs");
    assert!(ended.status.success(), "{}", String::from_utf8_lossy(&ended.stdout));
}

impl Drop for Talker {
    fn drop(&mut self) {
        if !self.running.is_over() && !std::thread::panicking() {
            self.kill();
        }
    }
}
