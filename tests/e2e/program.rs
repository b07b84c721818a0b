//! Running `procnet`.

use std::collections::BTreeSet;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, ChildStdout, Command, ExitStatus, Output, Stdio};
use std::sync::{Arc, Mutex, mpsc};
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::http::{self, Answer};
use crate::workload::program::signal;
use crate::{PATIENCE, wait_for};

/// The program that was built for this test.
pub(crate) const PROCNET: &str = env!("CARGO_BIN_EXE_procnet");

/// Another copy of the program for the tests to run, and what they add to `ls` and `serve`: for
/// those tests that hold with every privilege and every collector.
pub(crate) const PROGRAM: &str = "PROCNET_E2E_PROGRAM";
pub(crate) const ARGUMENTS: &str = "PROCNET_E2E_ARGUMENTS";

/// The program that is tested, with these arguments.
pub(crate) fn command(arguments: &[&str]) -> Command {
    let mut command = Command::new(std::env::var_os(PROGRAM).unwrap_or_else(|| PROCNET.into()));
    command.args(arguments).stdin(Stdio::null());
    if matches!(arguments.first(), Some(&("ls" | "serve"))) {
        command.args(std::env::var(ARGUMENTS).unwrap_or_default().split_whitespace());
    }
    command
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

/// Runs it to its end.
pub(crate) fn procnet(arguments: &[&str]) -> Output {
    command(arguments).output().expect("procnet runs")
}

/// Runs it to its end, which must be good, and reads what it printed as JSON.
pub(crate) fn procnet_json(arguments: &[&str]) -> Value {
    let output = procnet(arguments);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).expect("procnet prints JSON")
}

/// A running `procnet` whose lines are read as they come.
pub(crate) struct Running {
    child: Child,
    unread: Option<ChildStdout>,
    lines: Option<mpsc::Receiver<String>>,
    messages: Arc<Mutex<Vec<String>>>,
}

impl Running {
    pub(crate) fn start(command: &mut Command) -> Self {
        let mut running = Self::start_unread(command);
        let output = BufReader::new(running.unread.take().expect("stdout is a pipe"));
        let (sender, lines) = mpsc::channel();
        std::thread::spawn(move || {
            // It ends, and closes the pipe, when nobody takes the lines any more.
            let _ = output.lines().map_while(Result::ok).try_for_each(|line| sender.send(line));
        });
        running.lines = Some(lines);
        running
    }

    /// Its stdout is a pipe that stays open and that nobody reads.
    pub(crate) fn start_unread(command: &mut Command) -> Self {
        let mut child = command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("procnet starts");
        let unread = child.stdout.take();
        let messages = Arc::new(Mutex::new(Vec::new()));
        let errors = BufReader::new(child.stderr.take().expect("stderr is a pipe"));
        let heard = Arc::clone(&messages);
        std::thread::spawn(move || {
            for line in errors.lines().map_while(Result::ok) {
                heard.lock().expect("nobody panics with it").push(line);
            }
        });
        Self { child, unread, lines: None, messages }
    }

    /// The next line of stdout that `wanted` takes.
    pub(crate) fn line<T>(&self, what: &str, wanted: impl Fn(&str) -> Option<T>) -> T {
        let lines = self.lines.as_ref().expect("the output is still read");
        let deadline = Instant::now() + PATIENCE;
        loop {
            let left = deadline.saturating_duration_since(Instant::now());
            let line = lines.recv_timeout(left).unwrap_or_else(|_| {
                panic!("{what} did not come; stderr: {:?}", self.messages());
            });
            if let Some(found) = wanted(&line) {
                return found;
            }
        }
    }

    /// Reads no further: the program gets a broken pipe.
    pub(crate) fn stop_reading(&mut self) {
        self.lines = None;
    }

    /// What it has said on stderr so far.
    pub(crate) fn messages(&self) -> Vec<String> {
        self.messages.lock().expect("nobody panics with it").clone()
    }

    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Waits for its end.
    pub(crate) fn end(&mut self) -> ExitStatus {
        wait_for("the end of procnet", || self.child.try_wait().expect("it can be waited for"))
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // Fails only if it has ended.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A serving `procnet`.
pub(crate) struct Server {
    pub(crate) running: Running,
    pub(crate) address: String,
}

impl Server {
    /// `procnet serve` on any free port, looking five times a second.
    pub(crate) fn start(arguments: &[&str]) -> Self {
        Self::start_as(&mut command(&["serve"]), arguments)
    }

    pub(crate) fn start_as(command: &mut Command, arguments: &[&str]) -> Self {
        command.args(["--port", "0", "--interval", "0.2"]).args(arguments);
        let running = Running::start(command);
        let deadline = Instant::now() + PATIENCE;
        let address = loop {
            let messages = running.messages();
            let url = messages.iter().find_map(|line| line.split_once("serving http://"));
            if let Some((_, url)) = url {
                break url.trim_end_matches('/').to_owned();
            }
            assert!(Instant::now() < deadline, "no address of a page: {messages:?}");
            std::thread::sleep(Duration::from_millis(50));
        };
        Self { running, address }
    }

    pub(crate) fn get(&self, path: &str) -> Answer {
        http::request(&self.address, "GET", path, None)
    }

    pub(crate) fn json(&self, path: &str) -> Value {
        let answer = self.get(path);
        assert_eq!(answer.status, 200, "{path}: {}", answer.text());
        answer.json()
    }

    /// The edges of /api/graph that satisfy `wanted`, as soon as there is one.
    pub(crate) fn edges(&self, path: &str, wanted: impl Fn(&Value) -> bool) -> Vec<Value> {
        wait_for("an edge", || {
            let graph = self.json(path);
            let edges = graph["edges"].as_array()?;
            let found: Vec<Value> = edges.iter().filter(|e| wanted(e)).cloned().collect();
            (!found.is_empty()).then_some(found)
        })
    }

    /// The node of a process in /api/graph, as soon as it is there.
    pub(crate) fn node(&self, pid: u32, wanted: impl Fn(&Value) -> bool) -> Value {
        let id = pid.to_string();
        wait_for(&format!("the node of process {pid}"), || {
            let graph = self.json("/api/graph?udp=1");
            let nodes = graph["nodes"].as_array()?;
            nodes.iter().find(|node| node["id"] == *id && wanted(node)).cloned()
        })
    }

    /// Ends it as a service manager does.
    pub(crate) fn terminate(&mut self) -> ExitStatus {
        signal("TERM", self.running.pid());
        self.running.end()
    }
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
