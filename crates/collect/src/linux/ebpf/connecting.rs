//! Connections that wait for an answer. The kernel chooses their local port only after it has told
//! that they connect; who is answered soon is told again with it, for the others it is looked up.

use std::time::{Duration, Instant};

use procnet_core::{SocketKey, SocketState};
use rustc_hash::FxHashMap;

use crate::differ::Draft;
use crate::platform::scan::Scanner;

/// How often ports are looked up, at most: it takes a walk over the table of all connections.
const LOOK_INTERVAL: Duration = Duration::from_millis(250);
/// Most connections that are waited for; the others get their port from the next snapshot.
const MAX_WAITING: usize = 4096;

/// Those whose port is not known yet.
#[derive(Debug, Default)]
pub(super) struct Connecting {
    /// They began in this batch: most will have been answered by the next one.
    news: Vec<SocketKey>,
    waiting: Vec<SocketKey>,
    looked: Option<Instant>,
}

impl Connecting {
    /// A connection began.
    pub(super) fn began(&mut self, key: SocketKey) {
        if self.news.len() < MAX_WAITING {
            self.news.push(key);
        }
    }

    /// Ends a batch: looks up the ports of those that have waited for longer than one.
    pub(super) fn look(&mut self, scanner: &mut Scanner, draft: &mut Draft) {
        self.waiting.retain(|key| is_waiting(key, scanner, draft));
        let due = self.looked.is_none_or(|looked| looked.elapsed() >= LOOK_INTERVAL);
        if due && !self.waiting.is_empty() {
            self.looked = Some(Instant::now());
            let mut ports = FxHashMap::default();
            for key in &self.waiting {
                ports.entry(key.netns).or_insert_with(|| scanner.connecting(key.netns));
            }
            for key in &self.waiting {
                let found = ports.get(&key.netns).and_then(|found| found.get(&key.identity));
                let Some(local) = found else { continue };
                scanner.differ_mut().change_socket(key, draft, |socket| {
                    socket.local = *local;
                    true
                });
            }
        }
        for key in std::mem::take(&mut self.news) {
            if self.waiting.len() < MAX_WAITING && is_waiting(&key, scanner, draft) {
                self.waiting.push(key);
            }
        }
    }
}

fn is_waiting(key: &SocketKey, scanner: &mut Scanner, draft: &Draft) -> bool {
    scanner
        .differ_mut()
        .drafted(key, draft)
        .is_some_and(|socket| socket.state == SocketState::SynSent && socket.local.port == 0)
}
