//! Where an address is: on the Internet or in a private network, and in which network of it.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::sync::Arc;

use public_suffix::DEFAULT_PROVIDER;

use crate::endpoint::is_public;

/// Whether an address can be anywhere, or only near.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Scope {
    /// An address of the Internet.
    Internet,
    /// One that means something only in the networks that this machine is part of.
    Private,
}

impl Scope {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Internet, Self::Private];

    /// The scope of `ip`. What is sent to many at once stays near, and counts as private.
    pub fn of(ip: IpAddr) -> Self {
        if is_public(ip) { Self::Internet } else { Self::Private }
    }

    /// `internet` or `private`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Internet => "internet",
            Self::Private => "private",
        }
    }

    /// What people read.
    pub const fn title(self) -> &'static str {
        match self {
            Self::Internet => "Internet",
            Self::Private => "Private network",
        }
    }
}

/// Addresses that belong together.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Network {
    /// Those with names that somebody registered: `github.com`.
    Domain(Arc<str>),
    /// An IPv4 block of 256, by its first address.
    V4(Ipv4Addr),
    /// An IPv6 site (RFC 6177): a block of 2⁸⁰, by its first address.
    V6(Ipv6Addr),
}

impl Network {
    /// The network of an address, by the name that it is called by if there is one.
    pub fn of(ip: IpAddr, name: Option<&str>) -> Self {
        if let Some(domain) = name.and_then(registrable) {
            return Self::Domain(Arc::from(domain.to_ascii_lowercase()));
        }
        match ip {
            IpAddr::V4(ip) => {
                let [a, b, c, _] = ip.octets();
                Self::V4(Ipv4Addr::new(a, b, c, 0))
            }
            IpAddr::V6(ip) => {
                let [a, b, c, ..] = ip.segments();
                Self::V6(Ipv6Addr::new(a, b, c, 0, 0, 0, 0, 0))
            }
        }
    }
}

impl fmt::Display for Network {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Domain(name) => f.write_str(name),
            Self::V4(ip) => write!(f, "{ip}/24"),
            Self::V6(ip) => write!(f, "{ip}/48"),
        }
    }
}

/// The part of a name that somebody registered, by the public suffix list: `github.com` of
/// `api.github.com`, `bbc.co.uk` of `www.bbc.co.uk`. A name of a single label is its own. `None`
/// for what is no name, or one under which anybody may register.
///
/// The list also has suffixes deep within a company's domain (`compute-1.amazonaws.com`), so that
/// each customer's pages keep to themselves. Here the company is what tells: a suffix counts only
/// if what is above it is one too.
pub fn registrable(name: &str) -> Option<&str> {
    let name = name.strip_suffix('.').unwrap_or(name);
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | 0x80..);
    let sound = |label: &str| !label.is_empty() && label.len() <= 63 && label.bytes().all(plain);
    if !name.split('.').all(sound) || name.parse::<IpAddr>().is_ok() {
        return None;
    }
    if !name.contains('.') {
        return Some(name);
    }
    // The list is in lower case.
    let lower = name.to_ascii_lowercase();
    let mut suffix = DEFAULT_PROVIDER.public_suffix(&lower);
    while let Some((_, above)) = suffix.split_once('.')
        && !DEFAULT_PROVIDER.is_effective_tld(above)
    {
        suffix = DEFAULT_PROVIDER.public_suffix(above);
    }
    let before = name.get(..name.len().checked_sub(suffix.len() + 1)?)?;
    name.get(before.rfind('.').map_or(0, |dot| dot + 1)..)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn what_is_private_is_not_the_internet() {
        for (ip, scope) in [
            ("10.1.2.3", Scope::Private),
            ("172.16.0.1", Scope::Private),
            ("172.32.0.1", Scope::Internet),
            ("192.168.1.1", Scope::Private),
            ("169.254.169.254", Scope::Private),
            ("127.0.0.1", Scope::Private),
            ("100.64.0.1", Scope::Private),
            ("100.128.0.1", Scope::Internet),
            ("224.0.0.251", Scope::Private),
            ("255.255.255.255", Scope::Private),
            ("198.51.100.1", Scope::Internet),
            ("8.8.8.8", Scope::Internet),
            ("fd00::1", Scope::Private),
            ("fe80::1", Scope::Private),
            ("::1", Scope::Private),
            ("ff02::fb", Scope::Private),
            ("::ffff:10.0.0.1", Scope::Private),
            ("2001:db8::1", Scope::Internet),
        ] {
            assert_eq!(Scope::of(ip.parse().unwrap()), scope, "{ip}");
        }
    }

    #[test]
    fn a_network_is_a_registered_domain_else_a_block() {
        for (ip, name, network) in [
            ("140.82.112.3", None, "140.82.112.0/24"),
            ("140.82.112.3", Some("LB-1.GitHub.com"), "github.com"),
            ("140.82.112.3", Some("github.com"), "github.com"),
            ("192.0.2.1", Some("www.bbc.co.uk."), "bbc.co.uk"),
            ("192.0.2.1", Some("someone.github.io"), "someone.github.io"),
            ("192.0.2.1", Some("ec2-192-0-2-1.compute-1.amazonaws.com"), "amazonaws.com"),
            ("192.0.2.1", Some("a.b.c.d.city.kawasaki.jp"), "city.kawasaki.jp"),
            ("192.168.1.7", Some("nas"), "nas"),
            ("192.168.1.7", Some("printer.lan"), "printer.lan"),
            ("192.0.2.1", Some("co.uk"), "192.0.2.0/24"),
            ("192.0.2.1", Some("192.0.2.1"), "192.0.2.0/24"),
            ("192.0.2.1", Some("a..b"), "192.0.2.0/24"),
            ("192.0.2.1", Some("a/b.example"), "192.0.2.0/24"),
            ("2001:db8:1:2:3::4", None, "2001:db8:1::/48"),
        ] {
            assert_eq!(Network::of(ip.parse().unwrap(), name).to_string(), network, "{name:?}");
        }
    }

    proptest! {
        #[test]
        fn no_name_makes_it_panic_and_each_domain_is_its_own(name in "[a-z.é\\-]{0,24}(\\.(com|co\\.uk|ck|amazonaws\\.com))?") {
            if let Some(domain) = registrable(&name) {
                prop_assert!(name.trim_end_matches('.').ends_with(domain));
                prop_assert_eq!(registrable(domain), Some(domain));
            }
        }
    }
}
