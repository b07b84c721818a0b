//! Sockets by their key. The table holds only their numbers: keys are large, there may be very many
//! of them, and each socket bears its own anyway.

use std::hash::BuildHasher;

use hashbrown::HashTable;
use rustc_hash::FxBuildHasher;
use slab::Slab;

use super::{SocketEntry, SocketId};
use crate::key::SocketKey;
use crate::memory::{is_slack, roomy};

/// Finds numbers of sockets that are in the slab that every call is given, and only of such.
#[derive(Clone, Debug, Default)]
pub(super) struct SocketIds(HashTable<SocketId>);

impl SocketIds {
    pub(super) fn get(&self, key: &SocketKey, sockets: &Slab<SocketEntry>) -> Option<SocketId> {
        self.0.find(hash(key), |id| bears(sockets, *id, key)).copied()
    }

    /// Enters a socket that is in the slab, and whose key is not here yet.
    pub(super) fn insert(&mut self, id: SocketId, sockets: &Slab<SocketEntry>) {
        self.0.insert_unique(hash_of(sockets, id), id, |id| hash_of(sockets, *id));
    }

    /// Takes a socket out, which is still in the slab.
    pub(super) fn remove(
        &mut self,
        key: &SocketKey,
        sockets: &Slab<SocketEntry>,
    ) -> Option<SocketId> {
        let entry = self.0.find_entry(hash(key), |id| bears(sockets, *id, key)).ok()?;
        Some(entry.remove().0)
    }

    /// Gives back what is not needed any more.
    pub(super) fn shrink(&mut self, sockets: &Slab<SocketEntry>) {
        let used = self.0.len();
        if is_slack(self.0.capacity(), used) {
            self.0.shrink_to(roomy(used), |id| hash_of(sockets, *id));
        }
    }
}

fn bears(sockets: &Slab<SocketEntry>, id: SocketId, key: &SocketKey) -> bool {
    sockets.get(id.index()).is_some_and(|entry| entry.socket.key == *key)
}

fn hash_of(sockets: &Slab<SocketEntry>, id: SocketId) -> u64 {
    sockets.get(id.index()).map_or(0, |entry| hash(&entry.socket.key))
}

fn hash(key: &SocketKey) -> u64 {
    FxBuildHasher.hash_one(key)
}
