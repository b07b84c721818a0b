//! A real server on the loopback interface, fed by hand, and a plain client.

#![allow(dead_code, unused_imports, reason = "each test program uses its own part of it")]

#[path = "../../../wire/tests/support/mod.rs"]
pub(crate) mod machine;

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use procnet_core::view::Grouping;
use procnet_server::{Access, Live, ServeError, ServerOptions, Standing, ViewDefaults, serve};
use procnet_wire::live::HostInfo;
use serde_json::Value;
use tokio::sync::oneshot;

use machine::Machine;

/// Longer than anything here takes; a test that waits for it has failed.
const PATIENCE: Duration = Duration::from_secs(60);

pub(crate) struct Server {
    pub(crate) address: SocketAddr,
    pub(crate) live: Arc<Live>,
    machine: Machine,
    now: u64,
    shutdown: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<Result<(), ServeError>>>,
}

impl Server {
    /// A server that shows [`machine::everyday`] to everybody who could reach it.
    pub(crate) fn start() -> Self {
        Self::with_options(ServerOptions::default())
    }

    /// Where nobody is named who may ask, everybody may.
    pub(crate) fn with_options(mut options: ServerOptions) -> Self {
        if options.access.who_asks.is_none() && options.access.token.is_none() {
            let everybody = |_, _| Standing::Trusted;
            options.access = Access { who_asks: Some(Arc::new(everybody)), ..Access::default() };
        }
        let host = HostInfo {
            name: "box".to_owned(),
            os: "linux".to_owned(),
            version: "1.2.3".to_owned(),
        };
        let defaults =
            ViewDefaults { p2p_only: false, udp: false, unix: false, grouping: Grouping::Process };
        let live = Live::new(machine::engine("[]"), host, defaults);
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let address = listener.local_addr().unwrap();
        let (shutdown, ended) = oneshot::channel();
        let served = Arc::clone(&live);
        let thread = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_multi_thread()
                .worker_threads(2)
                .enable_all()
                .build()
                .unwrap();
            runtime.block_on(serve(listener, served, options, async {
                // An error: the test has ended without saying so.
                let _ = ended.await;
            }))
        });
        let mut server = Self {
            address,
            live,
            machine: machine::everyday(),
            now: 0,
            shutdown: Some(shutdown),
            thread: Some(thread),
        };
        server.feed(|_| ());
        server
    }

    /// Lets something happen on the machine.
    pub(crate) fn feed<R>(&mut self, happen: impl FnOnce(&mut Machine) -> R) -> R {
        let result = happen(&mut self.machine);
        self.now += 1;
        self.live.ingest([self.machine.batch()], machine::seconds(self.now));
        result
    }

    /// Lets time pass.
    pub(crate) fn wait(&mut self, seconds: u64) {
        self.now += seconds;
        self.live.tick(machine::seconds(self.now));
    }

    pub(crate) fn get(&self, target: &str) -> Reply {
        self.send("GET", target, &[], "")
    }

    pub(crate) fn get_with(&self, target: &str, headers: &[(&str, &str)]) -> Reply {
        self.send("GET", target, headers, "")
    }

    /// Sends a request as a browser's page or a script would; `headers` may replace `host`.
    pub(crate) fn send(
        &self,
        method: &str,
        target: &str,
        headers: &[(&str, &str)],
        body: &str,
    ) -> Reply {
        let mut stream = self.open(method, target, headers, body, true);
        let head = Head::read(&mut stream);
        let mut body = Vec::new();
        if head.header("transfer-encoding") == Some("chunked") {
            let deadline = Instant::now() + PATIENCE;
            while let Some(chunk) = read_chunk(&mut stream) {
                body.extend_from_slice(&chunk);
                assert!(Instant::now() < deadline, "{target} does not end: is it a stream?");
            }
        } else {
            stream.read_to_end(&mut body).unwrap();
        }
        Reply { head, body }
    }

    pub(crate) fn events(&self, target: &str, headers: &[(&str, &str)]) -> Events {
        let mut stream = self.open("GET", target, headers, "", false);
        let head = Head::read(&mut stream);
        assert_eq!(head.status, 200, "{head:?}");
        assert_eq!(head.header("content-type"), Some("text/event-stream"));
        Events { stream, text: String::new() }
    }

    pub(crate) fn connect(&self) -> TcpStream {
        let stream = TcpStream::connect(self.address).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        stream
    }

    fn open(
        &self,
        method: &str,
        target: &str,
        headers: &[(&str, &str)],
        body: &str,
        close: bool,
    ) -> BufReader<TcpStream> {
        let mut text = format!("{method} {target} HTTP/1.1\r\n");
        if !headers.iter().any(|(name, _)| *name == "host") {
            text += &format!("host: {}\r\n", self.address);
        }
        for (name, value) in headers {
            text += &format!("{name}: {value}\r\n");
        }
        if !body.is_empty() {
            text += &format!("content-length: {}\r\n", body.len());
        }
        if close {
            text += "connection: close\r\n";
        }
        text += "\r\n";
        text += body;
        let mut stream = self.connect();
        stream.write_all(text.as_bytes()).unwrap();
        BufReader::new(stream)
    }

    /// Asks the server to end, and waits until it has.
    pub(crate) fn end(&mut self) {
        drop(self.shutdown.take());
        if let Some(thread) = self.thread.take() {
            thread.join().unwrap().unwrap();
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            self.end();
        }
    }
}

#[derive(Debug)]
pub(crate) struct Head {
    pub(crate) status: u16,
    headers: Vec<(String, String)>,
}

impl Head {
    fn read(stream: &mut BufReader<TcpStream>) -> Self {
        let mut line = || {
            let mut line = String::new();
            stream.read_line(&mut line).unwrap();
            line.trim_end().to_owned()
        };
        let status = line();
        let status = status.split(' ').nth(1).unwrap_or_else(|| panic!("{status:?}"));
        let headers = std::iter::from_fn(|| {
            let line = line();
            let (name, value) = line.split_once(':')?;
            Some((name.to_ascii_lowercase(), value.trim().to_owned()))
        });
        Self { status: status.parse().unwrap(), headers: headers.collect() }
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let mut values = self.headers.iter().filter(|(n, _)| n == name).map(|(_, v)| v.as_str());
        let value = values.next();
        assert_eq!(values.next(), None, "{name} stands twice");
        value
    }
}

#[derive(Debug)]
pub(crate) struct Reply {
    pub(crate) head: Head,
    pub(crate) body: Vec<u8>,
}

impl Reply {
    pub(crate) fn status(&self) -> u16 {
        self.head.status
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.head.header(name)
    }

    pub(crate) fn text(&self) -> &str {
        std::str::from_utf8(&self.body).unwrap()
    }

    /// What is readable of a body that is no text.
    pub(crate) fn text_lossy(&self) -> String {
        String::from_utf8_lossy(&self.body).chars().filter(|c| c.is_ascii()).collect()
    }

    pub(crate) fn json(&self) -> Value {
        assert_eq!(self.header("content-type"), Some("application/json"), "{self:?}");
        serde_json::from_slice(&self.body).unwrap()
    }
}

fn read_chunk(stream: &mut BufReader<TcpStream>) -> Option<Vec<u8>> {
    let mut size = String::new();
    stream.read_line(&mut size).unwrap();
    let size = usize::from_str_radix(size.trim(), 16).ok()?;
    let mut chunk = vec![0; size + 2];
    stream.read_exact(&mut chunk).unwrap();
    chunk.truncate(size);
    (size > 0).then_some(chunk)
}

/// A stream of server-sent events.
pub(crate) struct Events {
    stream: BufReader<TcpStream>,
    text: String,
}

#[derive(Debug)]
pub(crate) struct Event {
    pub(crate) name: String,
    pub(crate) id: Option<String>,
    pub(crate) data: Value,
}

impl Events {
    /// The next event; `None` at the end.
    pub(crate) fn next(&mut self) -> Option<Event> {
        loop {
            if let Some((event, rest)) = self.text.split_once("\n\n") {
                let field = |name: &str| {
                    event.lines().find_map(|line| line.strip_prefix(&format!("{name}: ")))
                };
                let parsed = field("event").map(|name| Event {
                    name: name.to_owned(),
                    id: field("id").map(str::to_owned),
                    data: serde_json::from_str(field("data").unwrap()).unwrap(),
                });
                self.text = rest.to_owned();
                match parsed {
                    Some(event) => return Some(event),
                    None => continue,
                }
            }
            let chunk = read_chunk(&mut self.stream)?;
            self.text += &String::from_utf8(chunk).unwrap();
        }
    }

    /// The next event that is no heartbeat.
    pub(crate) fn news(&mut self) -> Event {
        loop {
            let event = self.next().expect("the stream goes on");
            if event.name != "heartbeat" {
                return event;
            }
        }
    }
}
