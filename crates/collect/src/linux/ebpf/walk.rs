//! A walk over all descriptors that goes on beside everything else: with a hundred thousand sockets
//! it takes a while, and what happens meanwhile is to be told meanwhile.

use std::fs::File;
use std::io;
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::thread::Builder;
use std::time::Instant;

use super::iterators::read_all;
use crate::parse::kernel_walk::{HeldSocket, held_sockets};

/// Most of what the kernel told that waits to be taken in: this many pieces of up to 32 KiB.
const MAX_WAITING: usize = 64;

/// A walk that has begun. It ends when this goes.
#[derive(Debug)]
pub(in crate::platform) struct Walk {
    pieces: Receiver<Piece>,
    /// Parts that have not come to their end.
    unfinished: usize,
}

#[derive(Debug)]
enum Piece {
    Records(Vec<u8>),
    End,
    Failure(io::Error),
}

impl Walk {
    /// How many walk at once.
    pub(super) const THREADS: u32 = 2;

    /// Reads each part in a thread of its own, for most of it is waiting for memory.
    pub(super) fn begin<const PARTS: usize>(parts: [File; PARTS]) -> io::Result<Self> {
        let (give, pieces) = sync_channel(MAX_WAITING);
        for part in parts {
            let give = give.clone();
            Builder::new().name("walk".to_owned()).spawn(move || read(part, &give))?;
        }
        Ok(Self { pieces, unfinished: PARTS })
    }

    /// Hands over what has been told, and what is told until then; true if that was all.
    pub(in crate::platform) fn receive(
        &mut self,
        until: Instant,
        mut each: impl FnMut(HeldSocket),
    ) -> io::Result<bool> {
        while self.unfinished > 0 {
            let wait = until.saturating_duration_since(Instant::now());
            match self.pieces.recv_timeout(wait) {
                Ok(Piece::Records(bytes)) => held_sockets(&bytes).for_each(&mut each),
                Ok(Piece::End) => self.unfinished -= 1,
                Ok(Piece::Failure(error)) => return Err(error),
                Err(RecvTimeoutError::Timeout) => return Ok(false),
                Err(RecvTimeoutError::Disconnected) => {
                    return Err(io::Error::other("a walk over descriptors was left off"));
                }
            }
        }
        Ok(true)
    }
}

fn read(part: File, give: &SyncSender<Piece>) {
    // If nobody takes it any more, nobody wants to know.
    let walked = read_all(part, |bytes| give.send(Piece::Records(bytes)).is_ok());
    let _ = give.send(walked.map_or_else(Piece::Failure, |()| Piece::End));
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;
    use std::time::Duration;

    use super::*;

    /// A holder's record, without a socket's.
    fn record(pid: u32) -> [u8; 32] {
        let mut bytes = [0; 32];
        bytes[16..20].copy_from_slice(&pid.to_ne_bytes());
        bytes[30..32].copy_from_slice(&6_u16.to_ne_bytes());
        bytes
    }

    fn file(pids: std::ops::Range<u32>) -> File {
        let path = tempfile::NamedTempFile::new().unwrap();
        let mut file = path.reopen().unwrap();
        pids.for_each(|pid| file.write_all(&record(pid)).unwrap());
        path.reopen().unwrap()
    }

    #[test]
    fn it_hands_over_both_parts_and_then_says_so() {
        let mut walk = Walk::begin([file(1..3000), file(3000..5000)]).unwrap();
        let mut pids = Vec::new();
        let soon = || Instant::now() + Duration::from_secs(30);
        assert!(walk.receive(soon(), |held| pids.push(held.holder.pid)).unwrap());
        pids.sort_unstable();
        assert!(pids.into_iter().eq(1..5000));
    }

    #[test]
    fn what_can_not_be_read_is_a_failure() {
        let mut walk = Walk::begin([File::open("/proc/self").unwrap()]).unwrap();
        let soon = Instant::now() + Duration::from_secs(30);
        assert!(walk.receive(soon, |_| {}).is_err());
    }

    #[test]
    fn nobody_waits_longer_than_asked_for() {
        let (read, _write) = io::pipe().unwrap();
        let mut walk = Walk::begin([File::from(std::os::fd::OwnedFd::from(read))]).unwrap();
        assert!(!walk.receive(Instant::now(), |_| {}).unwrap());
    }
}
