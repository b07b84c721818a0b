//! Processes that make the traffic: this program again, told by a role what to do.

use std::io::{BufRead, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::process::{ChildStdout, Command, Stdio};

use crate::common::Child;

/// Connections that [`serve`] answers and [`ask`] makes.
pub(crate) const CONNECTIONS: usize = 5_000;

/// A child that runs one of the ignored tests of this program, told by `role`.
pub(crate) fn child(role: &str, environment: &[(&str, String)]) -> (Child, BufReader<ChildStdout>) {
    let program = std::env::current_exe().expect("this program has a path");
    let mut command = Command::new(program);
    command
        .args(["--exact", role, "--ignored", "--nocapture", "--test-threads=1"])
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
        let mut request = [0; 3];
        stream.read_exact(&mut request).unwrap();
        stream.write_all(b"fine!").unwrap();
    }
    std::io::stdin().read_to_end(&mut Vec::new()).unwrap();
}

#[test]
#[ignore = "a child of the other tests"]
fn ask() {
    let port: u16 = std::env::var("PROCNET_TEST_PORT").unwrap().parse().unwrap();
    // Begins when it is told to.
    std::io::stdin().read_exact(&mut [0]).unwrap();
    for _ in 0..CONNECTIONS {
        let mut stream = TcpStream::connect(("127.0.0.1", port)).unwrap();
        stream.write_all(b"ask").unwrap();
        let mut answer = [0; 5];
        stream.read_exact(&mut answer).unwrap();
    }
    println!("asked: all");
    std::io::stdin().read_to_end(&mut Vec::new()).unwrap();
}
