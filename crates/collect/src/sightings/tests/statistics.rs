//! The same stories, told by the messages of macOS' network statistics.

use super::*;
use crate::parse::macos::sources::Sources;
use crate::parse::macos::statistics::payloads::{
    Made, added, counted, described, removed, updated,
};
use crate::parse::macos::statistics::{Messages, Provider};

const CONNECTION: Made = Made {
    provider: Provider::Tcp,
    state: 4,
    pid: 1,
    local: "10.0.0.1:50000",
    remote: Some("192.0.2.7:443"),
    inbound: Some(false),
    with_user: true,
};

/// A machine whose events come from messages.
struct Mac {
    machine: Machine,
    sources: Sources,
}

impl Mac {
    fn new() -> Self {
        Self { machine: Machine::new(), sources: Sources::default() }
    }

    fn batch(&mut self, messages: &[Vec<u8>]) -> Vec<String> {
        let at = Timestamp::from_seconds(self.machine.second as i64 + 1);
        let sources = &mut self.sources;
        self.machine.batch_of(0, |sightings, differ, draft| {
            for bytes in messages {
                for message in Messages::new(bytes) {
                    let tell = |sighting| sightings.socket(&sighting, differ, draft);
                    sources.take(&message, at, tell);
                }
            }
        })
    }
}

#[test]
fn a_connection_from_connect_to_close() {
    let mut mac = Mac::new();
    let asking = Made { state: 2, ..CONNECTION };
    let told = mac.batch(&[added(7, Provider::Tcp), described(7, &asking)]);
    assert_eq!(told, ["tcp 10.0.0.1:50000 192.0.2.7:443 SYN_SENT client [1 observed]"]);
    let told = mac.batch(&[updated(7, 100, 0, &CONNECTION)]);
    assert_eq!(told, ["tcp 10.0.0.1:50000 192.0.2.7:443 ESTABLISHED client [1 observed] 100/0"]);
    // Told again, it is no news.
    let told = mac.batch(&[updated(7, 100, 4500, &CONNECTION), counted(7, 100, 4500)]);
    assert_eq!(told.last().unwrap(), "counted 10.0.0.1:50000 192.0.2.7:443 100/4500");
    assert!(mac.batch(&[counted(7, 100, 4500)]).is_empty());
    let told = mac.batch(&[counted(7, 101, 4500), removed(7)]);
    assert_eq!(
        told.last().unwrap(),
        "closed 10.0.0.1:50000 192.0.2.7:443 101/4500 at 105",
        "{told:?}"
    );
    // A number that is gone says nothing.
    assert!(mac.batch(&[counted(7, 1, 1), removed(7)]).is_empty());
}

#[test]
fn a_connection_that_lives_no_longer_than_a_batch() {
    let served = Made { local: "10.0.0.1:80", inbound: Some(true), ..CONNECTION };
    let told = Mac::new().batch(&[updated(7, 20, 10, &served), removed(7)]);
    assert_eq!(
        told,
        [
            "tcp 10.0.0.1:80 192.0.2.7:443 ESTABLISHED server [1 observed] 20/10",
            "closed 10.0.0.1:80 192.0.2.7:443 20/10 at 101",
        ]
    );
}

#[test]
fn which_end_it_is_may_be_told_later() {
    let mut mac = Mac::new();
    let told = mac.batch(&[described(7, &Made { inbound: None, ..CONNECTION })]);
    assert_eq!(told, ["tcp 10.0.0.1:50000 192.0.2.7:443 ESTABLISHED no role [1 observed]"]);
    mac.batch(&[counted(7, 5, 6)]);
    let told = mac.batch(&[described(7, &CONNECTION)]);
    assert_eq!(told, ["tcp 10.0.0.1:50000 192.0.2.7:443 ESTABLISHED client [1 observed] 5/6"]);
}

#[test]
fn datagram_sockets_are_counted_as_a_whole() {
    let mut mac = Mac::new();
    let bound = Made { provider: Provider::Udp, remote: None, inbound: None, ..CONNECTION };
    let told = mac.batch(&[updated(8, 40, 90, &bound)]);
    assert_eq!(told, ["udp 10.0.0.1:50000 nobody LISTEN no role [1 observed] 40/90"]);
    // It connects: the same number, other ends.
    let connected = Made { provider: Provider::Udp, ..CONNECTION };
    let told = mac.batch(&[updated(8, 50, 90, &connected)]);
    assert_eq!(
        told,
        [
            "closed 10.0.0.1:50000 0.0.0.0:0 40/90 at 102",
            "udp 10.0.0.1:50000 192.0.2.7:443 ESTABLISHED client [1 observed] 50/90",
        ]
    );
    // A snapshot of the tables names it alike.
    let before = mac.machine.differ.socket(&key_of(&told_socket(&connected))).is_some();
    assert!(before);
}

fn told_socket(made: &Made) -> Sighting {
    let bytes = described(1, made);
    let mut told = None;
    for message in Messages::new(&bytes) {
        Sources::default().take(&message, Timestamp::default(), |sighting| told = Some(sighting));
    }
    told.expect("a socket")
}

fn key_of(sighting: &Sighting) -> SocketKey {
    use crate::parse::macos::SocketRow;
    let row = SocketRow {
        protocol: sighting.protocol,
        state: SocketState::Established,
        local: sighting.local,
        remote: sighting.remote,
        v6_only: false,
        uid: None,
        pid: sighting.pid,
        effective_pid: 0,
        handle: 0,
        counters: Counters::default(),
    };
    row.key()
}

#[test]
fn messages_that_are_not_known_are_counted() {
    let mut mac = Mac::new();
    let mut longer = described(7, &CONNECTION);
    longer.extend([0; 8]);
    let length = (longer.len() as u16).to_le_bytes();
    longer[12..14].copy_from_slice(&length);
    assert!(mac.batch(&[longer]).is_empty());
    assert_eq!(mac.sources.untold(), 1);
}
