//! Which processes hold which sockets, by inode: kept from poll to poll, corrected by each
//! descriptor table that is read.

use rustc_hash::FxHashMap;
use smallvec::SmallVec;

/// Both directions of "process holds socket".
#[derive(Debug, Default)]
pub(super) struct Holders {
    /// Sorted, each inode once.
    by_pid: FxHashMap<u32, Vec<u64>>,
    /// Sorted, each pid once, never empty.
    by_inode: FxHashMap<u64, SmallVec<[u32; 2]>>,
}

impl Holders {
    /// The pids of the processes that hold the socket, sorted.
    pub(super) fn of(&self, inode: u64) -> &[u32] {
        self.by_inode.get(&inode).map_or(&[], SmallVec::as_slice)
    }

    /// Notes the whole of a process' descriptor table; `inodes` is sorted, each inode once.
    pub(super) fn set(&mut self, pid: u32, inodes: Vec<u64>) {
        let former = self.by_pid.remove(&pid).unwrap_or_default();
        for inode in &former {
            if inodes.binary_search(inode).is_err() {
                self.release(*inode, pid);
            }
        }
        for inode in &inodes {
            if former.binary_search(inode).is_err() {
                let pids = self.by_inode.entry(*inode).or_default();
                if let Err(place) = pids.binary_search(&pid) {
                    pids.insert(place, pid);
                }
            }
        }
        if !inodes.is_empty() {
            self.by_pid.insert(pid, inodes);
        }
    }

    /// Forgets a process.
    pub(super) fn remove(&mut self, pid: u32) {
        for inode in self.by_pid.remove(&pid).unwrap_or_default() {
            self.release(inode, pid);
        }
    }

    fn release(&mut self, inode: u64, pid: u32) {
        if let Some(pids) = self.by_inode.get_mut(&inode) {
            pids.retain(|holder| *holder != pid);
            if pids.is_empty() {
                self.by_inode.remove(&inode);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_shared_socket_has_both_holders_until_one_lets_go() {
        let mut holders = Holders::default();
        holders.set(20, vec![1, 2]);
        holders.set(10, vec![2, 3]);
        assert_eq!(holders.of(2), [10, 20]);
        holders.set(20, vec![1]);
        assert_eq!(holders.of(2), [10]);
        holders.remove(10);
        assert!(holders.of(2).is_empty());
        assert_eq!(holders.of(1), [20]);
    }

    proptest! {
        #[test]
        fn both_directions_agree(tables in prop::collection::vec((0_u32..6, prop::collection::btree_set(0_u64..10, 0..6)), 0..30)) {
            let mut holders = Holders::default();
            let mut model = std::collections::BTreeMap::new();
            for (pid, inodes) in tables {
                if inodes.len() == 5 {
                    holders.remove(pid);
                    model.remove(&pid);
                } else {
                    holders.set(pid, inodes.iter().copied().collect());
                    model.insert(pid, inodes);
                }
                for inode in 0..10 {
                    let expected: Vec<u32> = model.iter().filter(|(_, set)| set.contains(&inode)).map(|(pid, _)| *pid).collect();
                    prop_assert_eq!(holders.of(inode), expected.as_slice());
                }
            }
        }
    }
}
