//! Which interface has which of the machine's addresses: rtnetlink, as getifaddrs(3) asks it.

use std::io;
use std::net::IpAddr;

use nix::ifaddrs::{InterfaceAddress, getifaddrs};
use procnet_core::{Interfaces, NetnsId};

/// Those of the network namespace that this program is in; `None` where no system tells.
pub fn local_interfaces() -> io::Result<Option<Interfaces>> {
    let netns = rustix::fs::stat(c"/proc/self/ns/net")?.st_ino;
    let listed = getifaddrs()?.filter_map(|listed| Some((ip_of(&listed)?, listed.interface_name)));
    Ok(Some(Interfaces::new(NetnsId(netns), listed)))
}

fn ip_of(listed: &InterfaceAddress) -> Option<IpAddr> {
    let address = listed.address?;
    let v4 = address.as_sockaddr_in().map(|v4| IpAddr::V4(v4.ip()));
    v4.or_else(|| address.as_sockaddr_in6().map(|v6| IpAddr::V6(v6.ip())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn loopback_has_its_interface() {
        let interfaces = local_interfaces().unwrap().unwrap();
        let here = NetnsId(rustix::fs::stat(c"/proc/self/ns/net").unwrap().st_ino);
        let name = interfaces.name_of(here, "127.0.0.1".parse().unwrap());
        assert_eq!(name.map(|name| &**name), Some("lo"));
    }
}
