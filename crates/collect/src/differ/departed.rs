//! Sockets whose end was told. Short connections leave one for each of their ends, and nothing else:
//! so an entry takes no more than it must, which for a cookie is a third of a key.

use procnet_core::{HostId, NetnsId, SocketIdentity, SocketKey, Timestamp};
use rustc_hash::FxHashMap;

/// By their keys, with the time of the last snapshot that may have named them.
#[derive(Debug, Default)]
pub(super) struct Departed {
    by_cookie: FxHashMap<(u64, NetnsId), Timestamp>,
    others: FxHashMap<SocketKey, Timestamp>,
}

/// The cookie of a socket of this machine, and where it counts.
fn cookie_of(key: &SocketKey) -> Option<(u64, NetnsId)> {
    match key {
        SocketKey { host: HostId::LOCAL, netns, identity: SocketIdentity::Cookie(cookie) } => {
            Some((*cookie, *netns))
        }
        _ => None,
    }
}

impl Departed {
    pub(super) fn len(&self) -> usize {
        self.by_cookie.len() + self.others.len()
    }

    pub(super) fn insert(&mut self, key: SocketKey, named: Timestamp) {
        match cookie_of(&key) {
            Some(cookie) => self.by_cookie.insert(cookie, named),
            None => self.others.insert(key, named),
        };
    }

    pub(super) fn remove(&mut self, key: &SocketKey) {
        match cookie_of(key) {
            Some(cookie) => self.by_cookie.remove(&cookie),
            None => self.others.remove(key),
        };
    }

    pub(super) fn get_mut(&mut self, key: &SocketKey) -> Option<&mut Timestamp> {
        match cookie_of(key) {
            Some(cookie) => self.by_cookie.get_mut(&cookie),
            None => self.others.get_mut(key),
        }
    }

    pub(super) fn contains(&self, key: &SocketKey) -> bool {
        match cookie_of(key) {
            Some(cookie) => self.by_cookie.contains_key(&cookie),
            None => self.others.contains_key(key),
        }
    }

    /// Keeps those alone that were named then or later.
    pub(super) fn forget_before(&mut self, oldest: Timestamp) {
        self.by_cookie.retain(|_, named| *named >= oldest);
        self.others.retain(|_, named| *named >= oldest);
    }
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use procnet_core::Endpoint;

    use super::*;

    #[test]
    fn each_key_is_one_of_its_own() {
        let key = |host, netns, identity| SocketKey {
            host: HostId(host),
            netns: NetnsId(netns),
            identity,
        };
        let cookie = SocketIdentity::Cookie(7);
        let remote = Endpoint::new(Ipv4Addr::LOCALHOST.into(), 53);
        let keys = [
            key(0, 1, cookie),
            key(0, 2, cookie),
            key(1, 1, cookie),
            key(0, 1, SocketIdentity::Cookie(8)),
            key(0, 1, SocketIdentity::Flow { cookie: 7, remote }),
        ];
        let mut departed = Departed::default();
        for (count, key) in keys.into_iter().enumerate() {
            assert!(!departed.contains(&key), "{key:?}");
            departed.insert(key, Timestamp(count as i64));
            assert_eq!(departed.len(), count + 1);
        }
        *departed.get_mut(&keys[0]).unwrap() = Timestamp(9);
        departed.forget_before(Timestamp(3));
        assert_eq!(keys.map(|key| departed.contains(&key)), [true, false, false, true, true]);
        departed.remove(&keys[0]);
        departed.remove(&keys[4]);
        assert_eq!(keys.map(|key| departed.contains(&key)), [false, false, false, true, false]);
        assert!(departed.get_mut(&keys[4]).is_none());
    }
}
