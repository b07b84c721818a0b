//! The machine's sockets: by the tables of `sysctl`, else by the descriptors of all processes that
//! may be looked into.

use std::io;

use procnet_core::{Attribution, Owner, Protocol, Socket};
use rustc_hash::FxHashMap;
use smallvec::SmallVec;

use super::System;
use crate::census::Census;
use crate::parse::macos::SocketRow;
use crate::parse::macos::pcblist::Sockets as Rows;
use crate::parse::macos::socket_info::{self, sockets_among};

/// Most sockets that are told.
const MAX_SOCKETS: usize = 524_288;

/// What one look says of the sockets.
#[derive(Debug, Default)]
pub(super) struct Sockets {
    rows: Vec<SocketRow>,
    holders: Holders,
    buffer: Vec<u8>,
    /// Tables that could be read at any time.
    seen: SmallVec<[Protocol; 2]>,
    /// Those that could not be at the last look, and why the last of them could not.
    lacking: SmallVec<[Protocol; 2]>,
    error: Option<io::Error>,
    unreadable: u64,
    left_out: u64,
}

/// Who holds which socket, by what descriptors say.
#[derive(Debug, Default)]
struct Holders {
    /// By the handle of the socket.
    pids: FxHashMap<u64, SmallVec<[u32; 2]>>,
    /// What the descriptor that was found first says.
    rows: Vec<SocketRow>,
    descriptors: Vec<u8>,
    answer: Vec<u8>,
    /// Processes that may not be looked into.
    hidden: u64,
}

impl Sockets {
    /// Reads the tables of these protocols.
    pub(super) fn read_tables(&mut self, system: &mut impl System, protocols: &[Protocol]) {
        self.rows.clear();
        self.lacking.clear();
        (self.unreadable, self.left_out, self.error) = (0, 0, None);
        for &protocol in protocols {
            match self.read_table(system, protocol) {
                Ok(()) if self.seen.contains(&protocol) => {}
                Ok(()) => self.seen.push(protocol),
                Err(error) => {
                    self.rows.retain(|row| row.protocol != protocol);
                    self.error = Some(error);
                    self.lacking.push(protocol);
                }
            }
        }
    }

    /// Reads the descriptors of all processes, which takes long: they say who holds what, and stand
    /// in for the tables that could not be read.
    pub(super) fn read_descriptors(&mut self, system: &mut impl System, census: &Census) {
        self.holders.read(system, census);
        let Self { rows, holders, lacking, .. } = self;
        let held = holders.rows.iter().filter(|row| lacking.contains(&row.protocol));
        rows.extend(held.take(MAX_SOCKETS.saturating_sub(rows.len())));
    }

    /// True if a table could not be read that could be before: what it said is not taken back.
    pub(super) fn lacks_what_was_seen(&self) -> bool {
        self.lacking.iter().any(|protocol| self.seen.contains(protocol))
    }

    fn read_table(&mut self, system: &mut impl System, protocol: Protocol) -> io::Result<()> {
        system.sockets(protocol, &mut self.buffer)?;
        let mut walk = Rows::new(protocol, &self.buffer);
        for row in walk.by_ref() {
            if self.rows.len() < MAX_SOCKETS {
                self.rows.push(row);
            } else {
                self.left_out += 1;
            }
        }
        self.unreadable += u64::from(walk.unreadable());
        if walk.malformed() {
            let message = "its records have another layout than is known";
            return Err(io::Error::new(io::ErrorKind::InvalidData, message));
        }
        Ok(())
    }

    /// What was read, with the processes behind it.
    pub(super) fn iter<'a>(&'a self, census: &'a Census) -> impl Iterator<Item = Socket> + 'a {
        self.rows.iter().map(|row| {
            let mut socket = row.socket(census.key(row.pid));
            let holders = self.holders.pids.get(&row.handle).filter(|_| row.handle != 0);
            for holder in holders.into_iter().flatten() {
                let Some(process) = census.key(*holder) else { continue };
                if socket.owners.iter().all(|owner| owner.process != process) {
                    socket.owners.push(Owner { process, attribution: Attribution::Held });
                }
            }
            socket.owners.sort_unstable();
            socket
        })
    }

    /// How many tables could not be read.
    pub(super) fn failed(&self) -> usize {
        self.lacking.len()
    }

    /// Why the last of them could not.
    pub(super) fn take_error(&mut self) -> Option<io::Error> {
        self.error.take()
    }

    /// How many rows of the tables make no sense.
    pub(super) fn unreadable(&self) -> u64 {
        self.unreadable
    }

    /// How many were left out because there are too many.
    pub(super) fn left_out(&self) -> u64 {
        self.left_out
    }

    /// How many processes could not be looked into.
    pub(super) fn hidden(&self) -> u64 {
        self.holders.hidden
    }
}

impl Holders {
    fn read(&mut self, system: &mut impl System, census: &Census) {
        self.pids.clear();
        self.rows.clear();
        self.hidden = 0;
        let Self { pids, rows, descriptors, answer, hidden } = self;
        let mut processes: Vec<u32> = census.iter().map(|process| process.key.pid).collect();
        // Of those that share a socket the first names it, always the same.
        processes.sort_unstable();
        for pid in processes {
            if system.descriptors(pid, descriptors).is_err() {
                *hidden += 1;
                continue;
            }
            for descriptor in sockets_among(descriptors) {
                // What was closed meanwhile is no error.
                if system.socket(pid, descriptor, answer).is_err() || rows.len() >= MAX_SOCKETS {
                    continue;
                }
                let Some(row) = socket_info::parse(pid, answer) else { continue };
                let holders = pids.entry(row.handle).or_default();
                if holders.is_empty() || row.handle == 0 {
                    rows.push(row);
                }
                if !holders.contains(&pid) {
                    holders.push(pid);
                }
            }
        }
    }
}
