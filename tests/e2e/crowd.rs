//! A thousand clients of each kind that a server fears, at once: the owner is served all the while, and
//! when they go nothing of them stays.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use crate::faults::Players;
use crate::program::Server;
use crate::{skip, wait_for};

const EACH: usize = 1_000;
/// Of the streaming ones, those that never read.
const DEAF: usize = 100;

fn connect(server: &Server) -> TcpStream {
    let stream = TcpStream::connect(&server.address).expect("procnet accepts");
    stream.set_read_timeout(Some(Duration::from_secs(60))).expect("a timeout can be set");
    stream
}

fn descriptors(server: &Server) -> usize {
    let folder = format!("/proc/{}/fd", server.running.pid());
    std::fs::read_dir(folder).expect("it runs").count()
}

#[test]
fn a_thousand_of_each_kind_keep_nobody_out_and_leave_nothing() {
    if procnet_collect::raise_descriptor_limit().is_none_or(|limit| limit < 4 * EACH as u64) {
        return skip::<()>("thousands of descriptors are needed").unwrap_or_default();
    }
    let server = Server::start(&[]);
    assert_eq!(server.get("/healthz").status, 200);
    let mut players = Players::enter();
    players.play();
    let before = wait_for("the first look", || {
        let now = descriptors(&server);
        std::thread::sleep(Duration::from_millis(500));
        (now == descriptors(&server)).then_some(now)
    });

    let request = format!("GET /api/v1/stream HTTP/1.1\r\nHost: {}\r\n\r\n", server.address);
    let mut streaming: Vec<TcpStream> = Vec::new();
    for number in 0..EACH {
        let mut stream = connect(&server);
        stream.write_all(request.as_bytes()).unwrap();
        if number >= DEAF {
            let mut status = [0; 12];
            stream.read_exact(&mut status).unwrap();
            assert_eq!(&status, b"HTTP/1.1 200", "stream {number}");
        }
        streaming.push(stream);
    }
    let half_open: Vec<TcpStream> = (0..EACH).map(|_| connect(&server)).collect();
    let mut slow: Vec<TcpStream> = (0..EACH).map(|_| connect(&server)).collect();
    let mut answered = 0;
    for byte in request.bytes().take(20) {
        for stream in &mut slow {
            // It may have been ended meanwhile: that is what is to happen to it.
            let _ = stream.write_all(&[byte]);
        }
        answered += usize::from(server.get("/healthz").status == 200);
        answered += usize::from(server.get("/api/graph").status == 200);
    }
    assert_eq!(answered, 40);
    let streams = server.json("/healthz")["streams"].as_u64().unwrap();
    assert_eq!(streams, EACH as u64, "all of them are served");

    players.play();
    players.leave();
    players.settle(&server);
    drop((streaming, half_open, slow));
    wait_for("what they held to be released", || {
        let streams = server.json("/healthz")["streams"].as_u64();
        (streams == Some(0) && descriptors(&server) <= before + 8).then_some(())
    });
    players.play();
    players.settle(&server);
}
