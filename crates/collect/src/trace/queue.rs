//! Where records wait between the thread that hears them and the one that tells them.

use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use procnet_core::Protocol;
use procnet_core::memory::{is_slack, roomy};

use crate::parse::sighting::ProcessSighting;
use crate::parse::windows::etw::{
    self, NetworkChange, NetworkRecord, ResolvedRecord, TraceEvent, TraceRecord,
};

/// One record, which owns what it says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Traced {
    /// Something of a connection, or a datagram.
    Network(NetworkRecord),
    /// A process started or ended.
    Process(ProcessSighting),
    /// A process was told which addresses a name has.
    Named(Box<Named>),
}

/// An answer to a process that asked for a name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Named {
    /// The process.
    pub pid: u32,
    /// The name, sanitised.
    pub name: Arc<str>,
    /// Its addresses.
    pub addresses: Box<[IpAddr]>,
}

/// What came of an event that is asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Heard {
    /// It says this.
    Record(Traced),
    /// Nobody asked for it.
    Other,
    /// It can't be read, though it is one that is asked for.
    Unreadable,
}

impl Traced {
    /// What an event says. `drives`: each device's path, and the drive that it is.
    pub fn hear(event: &TraceEvent<'_>, drives: &[(&str, &str)]) -> Heard {
        if !event.provider.tells(event.id) {
            return Heard::Other;
        }
        match etw::parse(event) {
            Some(TraceRecord::Network(record)) => Heard::Record(Self::Network(record)),
            Some(TraceRecord::Started(record)) => {
                Heard::Record(Self::Process(record.sighting(drives)))
            }
            Some(TraceRecord::Stopped(record)) => Heard::Record(Self::Process(record.sighting())),
            Some(TraceRecord::Resolved(record)) => named(&record)
                .map_or(Heard::Other, |named| Heard::Record(Self::Named(Box::new(named)))),
            None => Heard::Unreadable,
        }
    }
}

/// `None` where nothing was found.
fn named(record: &ResolvedRecord<'_>) -> Option<Named> {
    let addresses: Box<[IpAddr]> = record.addresses().collect();
    let name = record.asked().filter(|_| record.status == 0 && !addresses.is_empty())?;
    Some(Named { pid: record.pid, name, addresses })
}

/// How many records came to nothing since that was asked last.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Missed {
    /// There was no room for them.
    pub dropped: u64,
    /// They could not be read.
    pub unreadable: u64,
}

#[derive(Debug, Default)]
struct Waiting {
    records: Vec<Traced>,
    missed: Missed,
}

/// The queue. It never waits for whoever takes records out, and wakes nobody: they are asked for.
#[derive(Debug)]
pub struct Queue {
    capacity: usize,
    waiting: Mutex<Waiting>,
}

impl Queue {
    /// A queue for as many records as fit into so many bytes.
    pub fn new(bytes: usize) -> Self {
        let capacity = (bytes / size_of::<Traced>()).max(1);
        Self { capacity, waiting: Mutex::default() }
    }

    /// Puts in what was heard, or counts it.
    pub fn push(&self, heard: Heard) {
        let record = match heard {
            Heard::Record(record) => record,
            Heard::Other => return,
            Heard::Unreadable => {
                self.lock().missed.unreadable += 1;
                return;
            }
        };
        let mut waiting = self.lock();
        let Waiting { records, missed } = &mut *waiting;
        if let (Some(Traced::Network(last)), Traced::Network(next)) = (records.last_mut(), &record)
            && carries_on(last, next)
        {
            return;
        }
        if records.len() < self.capacity {
            records.push(record);
        } else {
            missed.dropped += 1;
        }
    }

    /// Takes all records out into `records`, which gives its memory in exchange.
    pub fn take(&self, records: &mut Vec<Traced>) -> Missed {
        records.clear();
        if is_slack(records.capacity(), 0) {
            records.shrink_to(roomy(0));
        }
        let mut waiting = self.lock();
        std::mem::swap(records, &mut waiting.records);
        std::mem::take(&mut waiting.missed)
    }

    fn lock(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Adds what a connection carried to what it carried right before. A transfer is thousands of
/// events a second, and one record a frame.
fn carries_on(last: &mut NetworkRecord, next: &NetworkRecord) -> bool {
    let carried = matches!(next.change, NetworkChange::Sent | NetworkChange::Received);
    // Datagrams are counted.
    let same = next.protocol == Protocol::Tcp
        && carried
        && *next == NetworkRecord { at: next.at, size: next.size, ..*last };
    let sum = last.size.checked_add(next.size).filter(|_| same);
    if let Some(size) = sum {
        (last.at, last.size) = (next.at, size);
    }
    sum.is_some()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::parse::windows::etw::payloads::{network, resolved, started, stopped};

    fn hear(made: &etw::payloads::Made) -> Heard {
        Traced::hear(&made.event(), &[("\\Device\\HarddiskVolume3", "C:")])
    }

    fn taken(queue: &Queue) -> Vec<Traced> {
        let mut records = Vec::new();
        queue.take(&mut records);
        records
    }

    const NEAR: &str = "192.0.2.1:50000";
    const FAR: &str = "198.51.100.7:443";

    #[test]
    fn what_is_asked_for_is_heard_and_what_cannot_be_read_is_counted() {
        let queue = Queue::new(1 << 20);
        queue.push(hear(&network(12, 1, 42, 0, NEAR, FAR)));
        queue.push(hear(&started(2, 43, 42, "\\Device\\HarddiskVolume3\\a b\\c.exe")));
        queue.push(hear(&stopped(3, 43, 9)));
        queue.push(hear(&resolved(4, 42, "example.com", "192.0.2.9;2001:db8::9;")));
        // The copies of what was received, and answers that found nothing.
        queue.push(hear(&network(18, 4, 42, 10, NEAR, FAR)));
        queue.push(hear(&resolved(5, 42, "nobody.example", "")));
        queue.push(hear(&resolved(5, 42, "", "192.0.2.9;")));
        let mut newer = started(6, 44, 42, "x");
        newer.version = 99;
        queue.push(hear(&newer));
        let mut short = network(10, 7, 42, 10, NEAR, FAR);
        short.payload.truncate(11);
        queue.push(hear(&short));

        let mut records = Vec::new();
        assert_eq!(queue.take(&mut records), Missed { dropped: 0, unreadable: 2 });
        let [
            Traced::Network(_),
            Traced::Process(start),
            Traced::Process(end),
            Traced::Named(named),
        ] = &records[..]
        else {
            panic!("{records:?}");
        };
        assert_eq!((named.pid, &*named.name, named.addresses.len()), (42, "example.com", 2));
        assert!(matches!(start, ProcessSighting::Started { exe: Some(exe), name, .. }
            if &**exe == "C:\\a b\\c.exe" && &**name == "c.exe"));
        assert!(matches!(end, ProcessSighting::Exited(key) if key.pid == 43));
        assert_eq!(queue.take(&mut records), Missed::default());
        assert!(records.is_empty());
    }

    #[test]
    fn what_finds_no_room_is_counted() {
        let queue = Queue::new(3 * size_of::<Traced>());
        for port in 0..5 {
            queue.push(hear(&network(12, 1, 42, 0, &format!("192.0.2.1:{port}"), FAR)));
        }
        let mut records = Vec::new();
        assert_eq!(queue.take(&mut records), Missed { dropped: 2, unreadable: 0 });
        assert_eq!(records.len(), 3);
        queue.push(hear(&network(12, 1, 42, 0, NEAR, FAR)));
        assert_eq!(queue.take(&mut records), Missed::default());
        assert_eq!(records.len(), 1);
        assert_eq!(Queue::new(0).capacity, 1);
    }

    #[test]
    fn a_transfer_is_one_record() {
        let queue = Queue::new(1 << 20);
        for second in 1..=1000 {
            queue.push(hear(&network(10, second, 42, 1460, NEAR, FAR)));
        }
        queue.push(hear(&network(11, 1001, 42, 20, NEAR, FAR)));
        queue.push(hear(&network(10, 1002, 42, 1, NEAR, FAR)));
        let records = taken(&queue);
        let sizes: Vec<u32> = records
            .iter()
            .map(|record| match record {
                Traced::Network(record) => record.size,
                _ => 0,
            })
            .collect();
        assert_eq!(sizes, [1_460_000, 20, 1]);
        assert!(matches!(&records[0], Traced::Network(first) if first.at.as_millis() == 1_000_000));
    }

    #[test]
    fn datagrams_and_retransmissions_are_counted_one_by_one() {
        let queue = Queue::new(1 << 20);
        for id in [42, 42, 14, 14] {
            queue.push(hear(&network(id, 1, 42, 100, NEAR, FAR)));
        }
        // The sum of these does not fit into a record.
        for _ in 0..2 {
            queue.push(hear(&network(10, 1, 42, u32::MAX, NEAR, FAR)));
        }
        assert_eq!(taken(&queue).len(), 6);
    }
}
