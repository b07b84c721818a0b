//! Processes that make the traffic: this program again, told by a role what to do.

pub(crate) mod crowd;
pub(crate) mod namespace;
mod orders;
pub(crate) mod puppet;
mod ring;

use std::io::{BufRead, BufReader, Read as _, Write as _};
use std::net::{Ipv4Addr, SocketAddrV4, TcpListener, TcpStream};
use std::process::{ChildStdout, Command, Stdio};

use rustix::net::{AddressFamily, SocketFlags, SocketType};

use crate::common::Child;

/// Connections that `serve` answers and `ask` makes.
pub(crate) const CONNECTIONS: usize = 5_000;
pub(crate) const QUESTION: &[u8] = b"ask";
pub(crate) const ANSWER: &[u8] = b"fine!";

/// Where `ask` finds the servers' ports: it asks each in turn.
const PORT: &str = "PROCNET_TEST_PORT";
/// The address that it asks from, if it is not the usual one.
const FROM: &str = "PROCNET_TEST_FROM";

/// This program, as `launcher` executes it: `unshare`, for example, with its options. Without a
/// launcher, by itself.
fn program(launcher: &[&str], role: &str) -> Command {
    let program = std::env::current_exe().expect("this program has a path");
    let mut command = match launcher.split_first() {
        Some((launcher, options)) => {
            let mut command = Command::new(launcher);
            command.args(options).arg(program);
            command
        }
        None => Command::new(program),
    };
    command.args(part(role));
    command
}

/// What makes this program play one of its roles: an ignored test, by its full name.
fn part(role: &str) -> [&str; 5] {
    ["--exact", role, "--ignored", "--nocapture", "--test-threads=1"]
}

/// A child that runs one of the ignored tests of this program, told by `role`.
pub(crate) fn child(role: &str, environment: &[(&str, String)]) -> (Child, BufReader<ChildStdout>) {
    child_by(&[], role, environment)
}

/// A child that `launcher` executes.
pub(crate) fn child_by(
    launcher: &[&str],
    role: &str,
    environment: &[(&str, String)],
) -> (Child, BufReader<ChildStdout>) {
    let mut command = program(launcher, role);
    command
        .envs(environment.iter().map(|(name, value)| (name, value)))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped());
    let mut child = Child::spawn(&mut command);
    let output = BufReader::new(child.take_output());
    (child, output)
}

/// The rest of the line that begins with `word`.
pub(crate) fn told(output: &mut impl BufRead, word: &str) -> String {
    let mut line = String::new();
    loop {
        line.clear();
        assert!(output.read_line(&mut line).expect("the child speaks") > 0, "no {word}");
        if let Some((_, rest)) = line.split_once(word) {
            return rest.trim().to_owned();
        }
    }
}

#[test]
#[ignore = "a child of the other tests"]
fn serve() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    println!("port: {}", listener.local_addr().unwrap().port());
    for _ in 0..CONNECTIONS {
        let (mut stream, _) = listener.accept().unwrap();
        let mut question = [0; QUESTION.len()];
        stream.read_exact(&mut question).unwrap();
        stream.write_all(ANSWER).unwrap();
    }
    std::io::stdin().read_to_end(&mut Vec::new()).unwrap();
}

#[test]
#[ignore = "a child of the other tests"]
fn ask() {
    let ports = std::env::var(PORT).unwrap();
    let ports: Vec<u16> = ports.split(' ').map(|port| port.parse().unwrap()).collect();
    let from = std::env::var(FROM).map_or(Ipv4Addr::LOCALHOST, |from| from.parse().unwrap());
    // Begins when it is told to.
    std::io::stdin().read_exact(&mut [0]).unwrap();
    for port in ports.iter().cycle().take(CONNECTIONS) {
        let socket = rustix::net::socket_with(
            AddressFamily::INET,
            SocketType::STREAM,
            SocketFlags::CLOEXEC,
            None,
        );
        let socket = socket.unwrap();
        rustix::net::bind(&socket, &SocketAddrV4::new(from, 0)).unwrap();
        rustix::net::connect(&socket, &SocketAddrV4::new(Ipv4Addr::LOCALHOST, *port)).unwrap();
        let mut stream = TcpStream::from(socket);
        stream.write_all(QUESTION).unwrap();
        let mut answer = [0; ANSWER.len()];
        stream.read_exact(&mut answer).unwrap();
    }
    println!("asked: all");
    std::io::stdin().read_to_end(&mut Vec::new()).unwrap();
}
