//! Which local address the kernel would choose towards a remote one (rtnetlink(7), RTM_GETROUTE).

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::netlink::{Attributes, HEADER_LENGTH, array};

/// Message type of the question.
const RTM_GETROUTE: u16 = 26;
/// Message type of the answer.
pub const RTM_NEWROUTE: u16 = 24;
const NLM_F_REQUEST: u16 = 1;
/// Attribute: the destination.
const RTA_DST: u16 = 1;
/// Attribute: the local address that goes with it.
const RTA_PREFSRC: u16 = 7;
/// Length of `struct rtmsg`.
const ROUTE_LENGTH: usize = 12;

/// Asks for the route to one address.
pub fn request(remote: IpAddr, sequence: u32) -> Vec<u8> {
    let (family, bits, address): (u8, u8, Vec<u8>) = match remote {
        IpAddr::V4(ip) => (2, 32, ip.octets().to_vec()),
        IpAddr::V6(ip) => (10, 128, ip.octets().to_vec()),
    };
    // The longest is 48 bytes.
    let attribute = u16::try_from(4 + address.len()).unwrap_or(u16::MAX);
    let length = HEADER_LENGTH + ROUTE_LENGTH + usize::from(attribute);
    let mut request = Vec::with_capacity(length);
    request.extend_from_slice(&u32::try_from(length).unwrap_or(u32::MAX).to_ne_bytes());
    request.extend_from_slice(&RTM_GETROUTE.to_ne_bytes());
    request.extend_from_slice(&NLM_F_REQUEST.to_ne_bytes());
    request.extend_from_slice(&sequence.to_ne_bytes());
    request.extend_from_slice(&[0; 4]);
    request.extend_from_slice(&[family, bits]);
    request.extend_from_slice(&[0; ROUTE_LENGTH - 2]);
    request.extend_from_slice(&attribute.to_ne_bytes());
    request.extend_from_slice(&RTA_DST.to_ne_bytes());
    request.extend_from_slice(&address);
    request
}

/// The local address that an answer names.
pub fn parse(payload: &[u8]) -> Option<IpAddr> {
    let [family] = array(payload, 0)?;
    let mut attributes = Attributes::new(payload.get(ROUTE_LENGTH..)?);
    let (_, value) = attributes.find(|(kind, _)| *kind == RTA_PREFSRC)?;
    match family {
        2 => Some(IpAddr::V4(Ipv4Addr::from(array::<4>(value, 0)?))),
        10 => Some(IpAddr::V6(Ipv6Addr::from(array::<16>(value, 0)?))),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_question_names_the_destination() {
        let question = request("192.0.2.1".parse().unwrap(), 7);
        assert_eq!(question.len(), 36);
        assert_eq!(question[..4], 36_u32.to_ne_bytes());
        assert_eq!(question[8..12], 7_u32.to_ne_bytes());
        assert_eq!(question[16..18], [2, 32]);
        assert_eq!(question[32..], [192, 0, 2, 1]);
        assert_eq!(request("2001:db8::1".parse().unwrap(), 7).len(), 48);
    }

    #[test]
    fn an_answer_names_the_source() {
        let mut answer = vec![2, 32, 0, 0, 254, 0, 0, 1, 0, 0, 0, 0];
        for (kind, address) in [(RTA_DST, [192, 0, 2, 1]), (RTA_PREFSRC, [198, 51, 100, 9])] {
            answer.extend_from_slice(&8_u16.to_ne_bytes());
            answer.extend_from_slice(&kind.to_ne_bytes());
            answer.extend_from_slice(&address);
        }
        assert_eq!(parse(&answer), Some("198.51.100.9".parse().unwrap()));
        assert_eq!(parse(&answer[..ROUTE_LENGTH + 8]), None, "a route without one");
    }

    proptest! {
        #[test]
        fn nothing_makes_it_panic(bytes in prop::collection::vec(any::<u8>(), 0..128)) {
            let _ = parse(&bytes);
        }
    }
}
