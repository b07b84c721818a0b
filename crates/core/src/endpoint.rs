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
