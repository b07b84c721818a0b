//! Running `procnet`, wherever that is: `crate::machine` says how.

use std::io::{BufRead, BufReader};
use std::process::{Child, ChildStdout, Command, ExitStatus, Output, Stdio};
use std::sync::{Arc, Mutex, mpsc};
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::http::{self, Answer};
use crate::machine::{self, command};
use crate::{PATIENCE, wait_for};

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
    /// What it asks for, where it can't know who is asking.
    pub(crate) token: Option<String>,
}

impl Server {
    /// The page's address for a browser.
    pub(crate) fn page(&self) -> String {
        let token = self.token.as_ref().map(|token| format!("?token={token}"));
        format!("http://{}/{}", self.address, token.unwrap_or_default())
    }

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
            let url = messages.iter().find_map(|line| line.split_once("procnet: serving "));
            if let Some((_, url)) = url.and_then(|(_, url)| url.split_once("://")) {
                break url.trim_end_matches('/').to_owned();
            }
            assert!(Instant::now() < deadline, "no address of a page: {messages:?}");
            std::thread::sleep(Duration::from_millis(50));
        };
        Self { running, address, token: machine::token() }
    }

    pub(crate) fn get(&self, path: &str) -> Answer {
        http::request(&self.address, self.token.as_deref(), "GET", path, None)
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

    /// All that is told of a process that owns a socket.
    pub(crate) fn process(&self, pid: u32) -> Value {
        let key = wait_for(&format!("a socket of process {pid}"), || {
            let sockets = self.json(&format!("/api/v1/sockets?udp=1&filter=pid:{pid}"));
            let rows = sockets["sockets"].as_array()?;
            let owners = rows.iter().filter_map(|row| row["owners"].as_array()).flatten();
            let mut keys = owners.filter(|o| o["pid"] == pid).filter_map(|o| o["key"].as_str());
            keys.next().map(str::to_owned)
        });
        self.json(&format!("/api/v1/processes/{key}"))
    }
}

/// Asks for something to be done, with a body of JSON.
pub(crate) fn post(server: &Server, path: &str, body: Option<&str>) -> Answer {
    http::request(&server.address, server.token.as_deref(), "POST", path, body)
}
