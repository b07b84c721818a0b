//! The sockets that were told of, by their key. The table holds only a pointer to each, for a hash
//! table has room for up to twice as many elements as it has.

use std::hash::BuildHasher;
use std::sync::Arc;

use hashbrown::HashTable;
use procnet_core::{Socket, SocketKey};
use rustc_hash::FxBuildHasher;

use super::Known;

/// Each key once.
#[derive(Debug, Default)]
pub(super) struct KnownSockets(HashTable<Known<Arc<Socket>>>);

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

    pub(super) fn get(&self, key: &SocketKey) -> Option<&Known<Arc<Socket>>> {
        self.0.find(hash(key), |known| known.value.key == *key)
    }

    /// Whoever changes the socket leaves its key as it is.
    pub(super) fn get_mut(&mut self, key: &SocketKey) -> Option<&mut Known<Arc<Socket>>> {
        self.0.find_mut(hash(key), |known| known.value.key == *key)
    }

    /// Replaces what is known under the same key; true if nothing was.
    pub(super) fn insert(&mut self, known: Known<Arc<Socket>>) -> bool {
        if let Some(before) = self.get_mut(&known.value.key) {
            *before = known;
            return false;
        }
        self.0.insert_unique(hash_of(&known), known, hash_of);
        true
    }

    pub(super) fn remove(&mut self, key: &SocketKey) -> Option<Known<Arc<Socket>>> {
        let entry = self.0.find_entry(hash(key), |known| known.value.key == *key).ok()?;
        Some(entry.remove().0)
    }

    pub(super) fn values(&self) -> impl Iterator<Item = &Known<Arc<Socket>>> {
        self.0.iter()
    }

    pub(super) fn retain(&mut self, keep: impl FnMut(&mut Known<Arc<Socket>>) -> bool) {
        self.0.retain(keep);
    }
}

fn hash_of(known: &Known<Arc<Socket>>) -> u64 {
    hash(&known.value.key)
}

fn hash(key: &SocketKey) -> u64 {
    FxBuildHasher.hash_one(key)
}
