//! A program that talks, for the test of the program for Windows to watch.
//!
//! `talker serve …` listens on TCP and UDP, over IPv4 and IPv6, starts itself once more as its only
//! client, says on stdout where everything is, and goes on until somebody ends it. The client goes
//! with it.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

use std::io::{ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream, UdpSocket};
use std::process::{Command, Stdio};

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match arguments.first().map(String::as_str) {
        Some("serve") => serve(&arguments[1..]),
        Some("call") => call(&arguments[1..]),
        other => panic!("expected serve or call, not {other:?}"),
    }
}

fn serve(rest: &[String]) {
    let listeners = ["127.0.0.1:0", "[::1]:0"].map(|address| used(TcpListener::bind(address)));
    let datagrams = ["127.0.0.1:0", "[::1]:0"].map(|address| UdpSocket::bind(address).unwrap());
    for socket in &datagrams {
        socket.set_nonblocking(true).unwrap();
        nothing_yet(socket.recv(&mut [0; 8]).map(drop));
    }
    let addresses = listeners.each_ref().map(|l| l.local_addr().unwrap());
    let mut client = Command::new(std::env::current_exe().unwrap())
        .arg("call")
        .args(addresses.map(|address| address.to_string()))
        .args(rest)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let accepted = listeners.each_ref().map(|listener| listener.accept().unwrap().0);
    let mut told = [0; 1];
    client.stdout.as_mut().unwrap().read_exact(&mut told).unwrap();
    let ports = |addresses: &[SocketAddr]| {
        addresses.iter().map(|address| format!(" {}", address.port())).collect::<String>()
    };
    let datagrams = datagrams.each_ref().map(|socket| socket.local_addr().unwrap());
    println!(
        "talking {} {}{}{}",
        std::process::id(),
        client.id(),
        ports(&addresses),
        ports(&datagrams)
    );
    // Nobody reads it. So the end of the client is abrupt: no TIME_WAIT comes after it.
    for mut stream in &accepted {
        stream.write_all(&[0]).unwrap();
    }
    // The client ends with its stdin.
    let _held = client.stdin.take();
    client.wait().unwrap();
    loop {
        std::thread::park();
    }
}

fn call(addresses: &[String]) {
    let streams: Vec<TcpStream> = addresses
        .iter()
        .map_while(|address| address.parse::<SocketAddr>().ok())
        .map(|address| TcpStream::connect(address).unwrap())
        .collect();
    streams.iter().for_each(use_once);
    print!(".");
    std::io::stdout().flush().unwrap();
    // Ends with the server, which has the other end.
    std::io::stdin().read_to_end(&mut Vec::new()).unwrap();
}

/// Receives nothing.
fn use_once(mut stream: &TcpStream) {
    stream.set_nonblocking(true).unwrap();
    nothing_yet(stream.read(&mut [0; 8]).map(drop));
    stream.set_nonblocking(false).unwrap();
}

/// A listener that has been used: a listener receives nothing, and says so.
fn used(listener: std::io::Result<TcpListener>) -> TcpListener {
    let listener = listener.unwrap();
    listener.set_nonblocking(true).unwrap();
    // The same handle, taken for that of a connection.
    let mut stream = TcpStream::from(Handle::from(listener));
    stream.read(&mut [0; 8]).unwrap_err();
    stream.set_nonblocking(false).unwrap();
    TcpListener::from(Handle::from(stream))
}

#[cfg(not(windows))]
use std::os::fd::OwnedFd as Handle;
#[cfg(windows)]
use std::os::windows::io::OwnedSocket as Handle;

/// Wine knows the process that a socket belongs to only once that process has used it.
fn nothing_yet(outcome: std::io::Result<()>) {
    assert_eq!(outcome.unwrap_err().kind(), ErrorKind::WouldBlock);
}
