//! Real dumps, whole and damaged, through the reader of datagrams.

use std::io::{Read as _, Write as _};
use std::net::{Ipv6Addr, Shutdown, TcpListener, TcpStream, UdpSocket};

use proptest::prelude::*;

use super::*;
use crate::parse::inet_diag::ALL_STATES;

const TCP4: &[u8] = include_bytes!("../../../tests/fixtures/tcp4.bin");
const TCP6: &[u8] = include_bytes!("../../../tests/fixtures/tcp6.bin");
const UDP4: &[u8] = include_bytes!("../../../tests/fixtures/udp4.bin");

fn datagrams(fixture: &[u8]) -> Vec<Vec<u8>> {
    let mut rest = fixture;
    let mut datagrams = Vec::new();
    while let Some((length, after)) = rest.split_first_chunk::<4>() {
        let (datagram, after) = after.split_at(u32::from_le_bytes(*length) as usize);
        datagrams.push(datagram.to_vec());
        rest = after;
    }
    datagrams
}

/// Reads a dump, whose requests all have sequence number 1.
fn read(datagrams: &[Vec<u8>], protocol: Protocol) -> io::Result<(Vec<SocketRow>, Outcome, bool)> {
    let (mut rows, mut outcome) = (Vec::new(), Outcome::default());
    for datagram in datagrams {
        if read_datagram(
            datagram,
            1,
            &mut |payload: &[u8]| take_row(protocol, payload, &mut rows),
            &mut outcome,
        )? {
            return Ok((rows, outcome, true));
        }
    }
    Ok((rows, outcome, false))
}

#[test]
fn a_real_dump_is_read_to_its_end() {
    for (fixture, protocol) in [(TCP4, Protocol::Tcp), (TCP6, Protocol::Tcp), (UDP4, Protocol::Udp)]
    {
        let (rows, outcome, done) = read(&datagrams(fixture), protocol).unwrap();
        assert!(done && !rows.is_empty());
        assert_eq!(outcome, Outcome::default());
    }
}

#[test]
fn an_interrupted_dump_says_so() {
    let mut datagrams = datagrams(TCP4);
    datagrams[0][6] |= NLM_F_DUMP_INTR.to_ne_bytes()[0];
    let (rows, outcome, _) = read(&datagrams, Protocol::Tcp).unwrap();
    assert!(outcome.interrupted && !rows.is_empty());
}

#[test]
fn a_cut_off_datagram_counts_as_interrupted() {
    let mut datagrams = datagrams(TCP4);
    let length = datagrams[0].len();
    datagrams[0].truncate(length - 8);
    assert!(read(&datagrams, Protocol::Tcp).unwrap().1.interrupted);
}

/// The same dump as the answer to another request.
fn renumbered(fixture: &[u8], sequence: u32) -> Vec<Vec<u8>> {
    let mut datagrams = datagrams(fixture);
    for datagram in &mut datagrams {
        let mut at = 0;
        while let Some(length) = datagram.get(at..at + 4).map(|l| l.try_into().unwrap()) {
            datagram[at + 8..at + 12].copy_from_slice(&sequence.to_ne_bytes());
            at += (u32::from_ne_bytes(length) as usize).next_multiple_of(4).max(16);
        }
    }
    datagrams
}

/// A kernel that answers each request for a dump as `answer` says, which is told its number.
fn kernel(
    answer: impl Fn(u32) -> Vec<Vec<u8>> + Send + 'static,
) -> (DiagSocket, std::thread::JoinHandle<u32>) {
    let flags = SocketFlags::CLOEXEC;
    let (ours, theirs) =
        rustix::net::socketpair(AddressFamily::UNIX, SocketType::SEQPACKET, flags, None).unwrap();
    let thread = std::thread::spawn(move || {
        let mut asked = 0;
        let mut request = [0; 256];
        // It ends when nobody can ask any more.
        while rustix::net::recv(&theirs, &mut request, RecvFlags::empty()).is_ok_and(|(n, _)| n > 0)
        {
            asked += 1;
            for datagram in answer(asked) {
                rustix::net::send(&theirs, &datagram, SendFlags::empty()).unwrap();
            }
        }
        asked
    });
    (DiagSocket { socket: ours, sequence: 0 }, thread)
}

/// What a dump from it comes to, and how often it was asked.
fn dump(
    (mut socket, thread): (DiagSocket, std::thread::JoinHandle<u32>),
) -> (Vec<SocketRow>, Outcome, u32) {
    let mut rows = Vec::new();
    let mut buffer = Buffer::new();
    let outcome =
        socket.dump(Family::V4, Protocol::Tcp, ALL_STATES, &mut buffer, &mut rows).unwrap();
    drop(socket);
    (rows, outcome, thread.join().unwrap())
}

fn interrupted(fixture: &[u8], sequence: u32) -> Vec<Vec<u8>> {
    let mut datagrams = renumbered(fixture, sequence);
    datagrams[0][6] |= NLM_F_DUMP_INTR.to_ne_bytes()[0];
    datagrams
}

#[test]
fn a_dump_that_is_interrupted_is_asked_for_again_and_is_the_truth() {
    let (truth, ..) = read(&datagrams(TCP4), Protocol::Tcp).unwrap();
    let (rows, outcome, asked) = dump(kernel(|number| match number {
        1 | 2 => interrupted(TCP4, number),
        _ => renumbered(TCP4, number),
    }));
    assert_eq!((rows, outcome, asked), (truth, Outcome::default(), 3));
}

#[test]
fn a_dump_that_stays_interrupted_is_taken_and_says_so() {
    let (truth, ..) = read(&datagrams(TCP4), Protocol::Tcp).unwrap();
    let (rows, outcome, asked) = dump(kernel(|number| interrupted(TCP4, number)));
    assert_eq!((rows, outcome.interrupted, asked), (truth, true, RETRIES + 1));
}

#[test]
fn answers_that_the_kernel_had_no_room_for_make_the_dump_incomplete() {
    let datagrams = datagrams(TCP4);
    let mut answers = std::iter::once(Err(Errno::NOBUFS)).chain(datagrams.iter().map(Ok));
    let mut rows = Vec::new();
    let receive = |buffer: &mut [u8]| {
        let datagram = answers.next().expect("the dump ends")?;
        buffer[..datagram.len()].copy_from_slice(datagram);
        Ok((datagram.len(), datagram.len()))
    };
    let take = |payload: &[u8]| take_row(Protocol::Tcp, payload, &mut rows);
    let outcome = gather(1, &mut Buffer::new(), receive, take).unwrap();
    assert!(outcome.interrupted, "it is asked for again");
    assert_eq!(rows, read(&datagrams, Protocol::Tcp).unwrap().0, "and read to its end by then");
}

#[test]
fn answers_to_an_older_request_are_passed_over() {
    let datagrams = datagrams(TCP4);
    let (mut rows, mut outcome) = (Vec::new(), Outcome::default());
    let end = read_datagram(
        &datagrams[0],
        2,
        &mut |p: &[u8]| take_row(Protocol::Tcp, p, &mut rows),
        &mut outcome,
    )
    .unwrap();
    assert!(!end && rows.is_empty());
}

#[test]
fn the_kernels_error_is_handed_on() {
    let mut message = Vec::new();
    message.extend_from_slice(&36_u32.to_ne_bytes());
    message.extend_from_slice(&NLMSG_ERROR.to_ne_bytes());
    message.extend_from_slice(&[0, 0]);
    message.extend_from_slice(&1_u32.to_ne_bytes());
    message.extend_from_slice(&[0; 4]);
    message.extend_from_slice(&(-2_i32).to_ne_bytes());
    message.extend_from_slice(&[0; 16]);
    let error = read(&[message], Protocol::Tcp).unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::NotFound);
}

proptest! {
    #[test]
    fn a_damaged_dump_never_hurts(
        fixture in prop::sample::select(vec![TCP4, TCP6, UDP4]),
        cut in any::<prop::sample::Index>(),
        damage in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..8),
    ) {
        let mut datagram = datagrams(fixture).concat();
        for (place, byte) in damage {
            let place = place.index(datagram.len());
            datagram[place] = byte;
        }
        datagram.truncate(cut.index(datagram.len() + 1));
        let _ = read(&[datagram.clone()], Protocol::Tcp);
        let _ = read(&[datagram], Protocol::Udp);
    }
}

/// Writes the fixtures anew; to be run in an empty network namespace with its loopback up:
/// `unshare --net sh -c 'ip link set lo up; cargo test -p procnet-collect capture -- --ignored'`
#[test]
#[ignore = "writes the fixtures"]
fn capture() {
    let listener = TcpListener::bind("127.0.0.1:7001").unwrap();
    let mut client = TcpStream::connect("127.0.0.1:7001").unwrap();
    let (mut server, _) = listener.accept().unwrap();
    client.write_all(&[1; 1000]).unwrap();
    server.read_exact(&mut [0; 1000]).unwrap();
    server.write_all(&[2; 10]).unwrap();
    client.read_exact(&mut [0; 10]).unwrap();
    // One that the client half-closes, and one in TIME_WAIT.
    let half = TcpStream::connect("127.0.0.1:7001").unwrap();
    let (half_server, _) = listener.accept().unwrap();
    half.shutdown(Shutdown::Write).unwrap();
    drop(TcpStream::connect("127.0.0.1:7001").unwrap());
    drop(listener.accept().unwrap());
    let dual = TcpListener::bind((Ipv6Addr::UNSPECIFIED, 7002)).unwrap();
    let mapped = TcpStream::connect("127.0.0.1:7002").unwrap();
    let mapped_server = dual.accept().unwrap();
    let waiting = UdpSocket::bind("127.0.0.1:7003").unwrap();
    let connected = UdpSocket::bind("127.0.0.1:7004").unwrap();
    connected.connect("127.0.0.1:7003").unwrap();
    std::thread::sleep(Duration::from_millis(300));

    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/");
    for (name, family, protocol) in [
        ("tcp4.bin", Family::V4, Protocol::Tcp),
        ("tcp6.bin", Family::V6, Protocol::Tcp),
        ("udp4.bin", Family::V4, Protocol::Udp),
    ] {
        let diag = DiagSocket::open().unwrap();
        let request = inet_diag::request(family, protocol, ALL_STATES, 1);
        rustix::net::send(&diag.socket, &request, SendFlags::empty()).unwrap();
        let mut fixture = Vec::new();
        loop {
            let mut buffer = vec![0; BUFFER_LENGTH];
            let flags = RecvFlags::empty();
            let (length, _) =
                rustix::net::recv(&diag.socket, buffer.as_mut_slice(), flags).unwrap();
            fixture.extend_from_slice(&(length as u32).to_le_bytes());
            fixture.extend_from_slice(&buffer[..length]);
            let last = Messages::new(&buffer[..length]).any(|m| m.kind == NLMSG_DONE);
            if last {
                break;
            }
        }
        std::fs::write(format!("{folder}{name}"), fixture).unwrap();
    }
    drop((half, half_server, mapped, mapped_server, waiting));
}
