//! Addresses.

use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;

/// An address and a port. The address is always [`canonical`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Endpoint {
    /// The address; never an IPv4-mapped IPv6 address.
    pub ip: IpAddr,
    /// The port; 0 where there is none.
    pub port: u16,
}

impl Endpoint {
    /// An endpoint with the address made canonical.
    pub fn new(ip: IpAddr, port: u16) -> Self {
        Self { ip: canonical(ip), port }
    }
}

impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.ip {
            IpAddr::V4(ip) => write!(f, "{ip}:{}", self.port),
            IpAddr::V6(ip) => write!(f, "[{ip}]:{}", self.port),
        }
    }
}

/// The one form of an address: `::ffff:a.b.c.d` (RFC 4291 section 2.5.5.2) becomes `a.b.c.d`, so
/// that both ends of a connection through a dual-stack socket carry the same address.
pub fn canonical(ip: IpAddr) -> IpAddr {
    match ip {
        IpAddr::V6(v6) => v6.to_ipv4_mapped().map_or(ip, IpAddr::V4),
        IpAddr::V4(_) => ip,
    }
}

/// True if `ip` is on the Internet: not of this machine, of its own network, of a private one or of
/// a group.
///
/// Private is what is set aside for it: RFC 1918, RFC 6598 (carrier-grade NAT), RFC 4193 (unique
/// local), link-local.
pub fn is_public(ip: IpAddr) -> bool {
    match canonical(ip) {
        IpAddr::V4(v4) => {
            let [a, b, ..] = v4.octets();
            let shared = a == 100 && (64..128).contains(&b);
            let none = v4.is_unspecified() || v4.is_broadcast() || v4.is_multicast();
            !(none || shared || v4.is_loopback() || v4.is_private() || v4.is_link_local())
        }
        IpAddr::V6(v6) => {
            let none = v6.is_unspecified() || v6.is_multicast();
            let local = v6.is_unique_local() || v6.is_unicast_link_local();
            !(none || local || v6.is_loopback())
        }
    }
}

/// An address block such as `10.0.0.0/8`, or a single address.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Cidr(ipnet::IpNet);

impl Cidr {
    /// True if `ip`, made canonical, lies in the block.
    pub fn contains(&self, ip: IpAddr) -> bool {
        self.0.contains(&canonical(ip))
    }
}

impl fmt::Display for Cidr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl FromStr for Cidr {
    type Err = ipnet::AddrParseError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if let Ok(net) = text.parse::<ipnet::IpNet>() {
            return Ok(Self(net));
        }
        let bare = text.strip_prefix('[').and_then(|t| t.strip_suffix(']')).unwrap_or(text);
        match bare.parse::<IpAddr>() {
            Ok(ip) => Ok(Self(ipnet::IpNet::from(canonical(ip)))),
            Err(_) => text.parse::<ipnet::IpNet>().map(Self),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mapped_addresses_are_folded_into_ipv4() {
        let endpoint = Endpoint::new("::ffff:10.0.0.1".parse().unwrap(), 80);
        assert_eq!(endpoint.to_string(), "10.0.0.1:80");
        assert_eq!(Endpoint::new("::1".parse().unwrap(), 80).to_string(), "[::1]:80");
    }

    #[test]
    fn the_internet_is_what_is_set_aside_for_nothing_else() {
        let public = ["8.8.8.8", "172.32.0.1", "100.128.0.1", "2606:4700::1", "::ffff:8.8.8.8"];
        let others = [
            "127.0.0.1",
            "10.1.2.3",
            "172.31.0.1",
            "192.168.1.1",
            "169.254.0.1",
            "100.64.0.1",
            "0.0.0.0",
            "255.255.255.255",
            "224.0.0.251",
            "::",
            "::1",
            "fe80::1",
            "fd00::1",
            "ff02::fb",
            "::ffff:10.0.0.1",
        ];
        assert!(public.iter().all(|ip| is_public(ip.parse().unwrap())));
        assert!(others.iter().all(|ip| !is_public(ip.parse().unwrap())));
    }

    #[test]
    fn a_block_is_a_cidr_or_an_address() {
        let block: Cidr = "10.0.0.0/8".parse().unwrap();
        assert!(block.contains("10.255.0.1".parse().unwrap()));
        assert!(block.contains("::ffff:10.1.1.1".parse().unwrap()));
        assert!(!block.contains("11.0.0.1".parse().unwrap()));
        let one: Cidr = "[::1]".parse().unwrap();
        assert!(one.contains("::1".parse().unwrap()));
        assert!("10.0.0.0/33".parse::<Cidr>().is_err());
        assert!("nonsense".parse::<Cidr>().is_err());
    }
}
