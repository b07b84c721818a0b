//! The sockets that were told of, by their key. The table holds only a pointer to each, for a hash
//! table has room for up to twice as many elements as it has; and what it takes to see that a
//! socket has not changed, for following a hundred thousand pointers takes longer than all else.

use std::hash::BuildHasher;
use std::sync::Arc;

use hashbrown::HashTable;
use procnet_core::{Counters, ProcessKey, Socket, SocketIdentity, SocketKey, SocketState};
use rustc_hash::FxBuildHasher;

/// Each key once.
#[derive(Debug, Default)]
pub(super) struct KnownSockets(HashTable<KnownSocket>);

/// One of them.
#[derive(Debug)]
pub(super) struct KnownSocket {
    /// The cookie that it is known by; 0, which no socket has, if it is known otherwise, or is a
    /// UNIX socket.
    cookie: u64,
    /// Marks what was named or told of since the current snapshot was begun.
    pub(super) generation: u32,
    /// A number for the one process that holds it; 0 if there is none, or several; [`LINGERING`].
    holder: u32,
    socket: Arc<Socket>,
}

impl KnownSocket {
    pub(super) fn new(socket: Arc<Socket>, generation: u32) -> Self {
        let cookie = match socket.key.identity {
            SocketIdentity::Cookie(cookie) if socket.unix.is_none() => cookie,
            _ => 0,
        };
        Self { cookie, generation, holder: holder(&socket), socket }
    }

    /// Whether it has a cookie, and is more than a connection that lingers after its end.
    pub(super) fn may_be_listed(&self) -> bool {
        self.cookie != 0 && self.holder != LINGERING
    }

    pub(super) fn socket(&self) -> &Arc<Socket> {
        &self.socket
    }

    /// Puts another description under the same key.
    pub(super) fn replace(&mut self, socket: Arc<Socket>) {
        self.holder = holder(&socket);
        self.socket = socket;
    }

    pub(super) fn count(&mut self, counters: Counters) {
        Arc::make_mut(&mut self.socket).counters = counters;
    }
}

/// Instead of a holder, for a connection that is over. It is no process' number, for none has pid 0.
const LINGERING: u32 = 1 << 22;

fn holder(socket: &Socket) -> u32 {
    match socket.owners.as_slice() {
        _ if socket.state == SocketState::TimeWait => LINGERING,
        [owner] => number_of(&owner.process),
        _ => 0,
    }
}

/// Different for any two processes, but for some that never lived at the same time: a pid has 22
/// bits (`PID_MAX_LIMIT` in `include/linux/threads.h`).
fn number_of(process: &ProcessKey) -> u32 {
    process.pid | (process.started as u32) << 22
}

impl KnownSockets {
    pub(super) fn len(&self) -> usize {
        self.0.len()
    }

    pub(super) fn capacity(&self) -> usize {
        self.0.capacity()
    }

    pub(super) fn reserve(&mut self, additional: usize) {
        self.0.reserve(additional, hash_of);
    }

    pub(super) fn shrink_to(&mut self, capacity: usize) {
        self.0.shrink_to(capacity, hash_of);
    }

    pub(super) fn get(&self, key: &SocketKey) -> Option<&KnownSocket> {
        self.0.find(hash(key), |known| known.socket.key == *key)
    }

    pub(super) fn get_mut(&mut self, key: &SocketKey) -> Option<&mut KnownSocket> {
        self.0.find_mut(hash(key), |known| known.socket.key == *key)
    }

    /// The socket that has this key, with a cookie, and that this process alone holds.
    pub(super) fn held_alone(
        &mut self,
        key: &SocketKey,
        process: &ProcessKey,
    ) -> Option<&mut KnownSocket> {
        let SocketIdentity::Cookie(cookie) = key.identity else { return None };
        // The kernel gives no cookie twice, in whatever network namespace (sock_gen_cookie).
        let known = self.0.find_mut(hash(key), |known| known.cookie == cookie && cookie != 0)?;
        (known.holder == number_of(process)).then_some(known)
    }

    /// Replaces what is known under the same key; true if nothing was.
    pub(super) fn insert(&mut self, known: KnownSocket) -> bool {
        if let Some(before) = self.get_mut(&known.socket.key) {
            *before = known;
            return false;
        }
        self.0.insert_unique(hash_of(&known), known, hash_of);
        true
    }

    pub(super) fn remove(&mut self, key: &SocketKey) -> Option<KnownSocket> {
        let entry = self.0.find_entry(hash(key), |known| known.socket.key == *key).ok()?;
        Some(entry.remove().0)
    }

    pub(super) fn values(&self) -> impl Iterator<Item = &KnownSocket> {
        self.0.iter()
    }

    pub(super) fn retain(&mut self, keep: impl FnMut(&mut KnownSocket) -> bool) {
        self.0.retain(keep);
    }
}

fn hash_of(known: &KnownSocket) -> u64 {
    hash(&known.socket.key)
}

fn hash(key: &SocketKey) -> u64 {
    FxBuildHasher.hash_one(key)
}
