//! What is known of an address beside itself: told by whoever asks for names, never by a collector.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::Arc;

use crate::endpoint::canonical;
use crate::key::NetnsId;
use crate::text::sanitized;

/// What is known of a remote address.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AddressFacts {
    /// What the name service calls it. Whoever answers for the address chose it.
    pub name: Option<Arc<str>>,
    /// Where it is: `DE`; empty if not known.
    pub country: Arc<str>,
    /// Whose network it is in: `AS64500 Example`; empty if not known.
    pub network: Arc<str>,
}

impl AddressFacts {
    /// True if nothing is known.
    pub fn is_empty(&self) -> bool {
        self.name.is_none() && self.country.is_empty() && self.network.is_empty()
    }
}

/// What a remote's name rests on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NameEvidence {
    /// The process asked for this name, and got the address.
    Asked,
    /// The name service calls the address so.
    Reverse,
}

impl NameEvidence {
    /// `asked` or `reverse`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Asked => "asked",
            Self::Reverse => "reverse",
        }
    }
}

/// Most addresses of interfaces that are remembered.
pub const MAX_INTERFACE_ADDRESSES: usize = 4096;
/// Longest name of an interface in bytes: Linux takes 15, Windows and macOS more.
const MAX_INTERFACE_NAME: usize = 64;

/// Which interface has which of the machine's own addresses, in one network namespace.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Interfaces {
    netns: NetnsId,
    names: BTreeMap<IpAddr, Arc<str>>,
    loopback: Option<Arc<str>>,
}

impl Interfaces {
    /// From what the system lists. An address that several interfaces have, as a link-local one may
    /// be, says nothing of which of them it is.
    pub fn new(netns: NetnsId, listed: impl IntoIterator<Item = (IpAddr, String)>) -> Self {
        let mut names: BTreeMap<IpAddr, Option<Arc<str>>> = BTreeMap::new();
        for (ip, name) in listed.into_iter().take(MAX_INTERFACE_ADDRESSES) {
            let name = sanitized(name.as_bytes(), MAX_INTERFACE_NAME);
            let known = names.entry(canonical(ip)).or_insert_with(|| Some(Arc::clone(&name)));
            if known.as_ref().is_some_and(|known| *known != name) {
                *known = None;
            }
        }
        let names: BTreeMap<IpAddr, Arc<str>> =
            names.into_iter().filter_map(|(ip, name)| Some((ip, name?))).collect();
        let loopback = names.iter().find(|(ip, _)| ip.is_loopback()).map(|(_, name)| name.clone());
        Self { netns, names, loopback }
    }

    /// The interface that has the address. All of 127/8 is the loopback interface's.
    pub fn name_of(&self, netns: NetnsId, ip: IpAddr) -> Option<&Arc<str>> {
        if netns != self.netns {
            return None;
        }
        let ip = canonical(ip);
        self.names.get(&ip).or_else(|| self.loopback.as_ref().filter(|_| ip.is_loopback()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn n5_an_address_says_its_interface_where_only_one_has_it() {
        let here = NetnsId(7);
        let listed = [
            ("127.0.0.1", "lo"),
            ("::1", "lo"),
            ("10.0.0.5", "eth0"),
            ("fe80::1", "docker0"),
            ("fe80::1", "veth1"),
            ("fe80::1", "docker0"),
            ("172.17.0.1", "dock\u{1b}er0"),
        ];
        let listed = listed.map(|(ip, name)| (ip.parse().unwrap(), name.to_owned()));
        let interfaces = Interfaces::new(here, listed);
        for (netns, ip, name) in [
            (here, "127.0.0.1", Some("lo")),
            (here, "127.8.8.8", Some("lo")),
            (here, "10.0.0.5", Some("eth0")),
            (here, "::ffff:10.0.0.5", Some("eth0")),
            (here, "fe80::1", None),
            (here, "172.17.0.1", Some("dock\u{fffd}er0")),
            (here, "10.0.0.6", None),
            (here, "0.0.0.0", None),
            (NetnsId(8), "10.0.0.5", None),
            (NetnsId(8), "127.0.0.1", None),
        ] {
            let found = interfaces.name_of(netns, ip.parse().unwrap());
            assert_eq!(found.map(|name| &**name), name, "{ip}");
        }
        let many = (0..10_000_u32).map(|n| (IpAddr::V4(n.into()), n.to_string()));
        assert_eq!(Interfaces::new(here, many).names.len(), MAX_INTERFACE_ADDRESSES);
    }
}
