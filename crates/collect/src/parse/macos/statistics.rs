//! The messages of the kernel control `com.apple.network.statistics` (`bsd/net/ntstat.h`). They
//! belong to nobody's published interface: what they hold is known by their lengths alone, and a
//! length that is not known here is not read.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use procnet_core::{Counters, Endpoint, Protocol, Role, SocketState};

use super::super::netlink::array;
use super::super::row::peer;
use super::{tcp_state, udp_state, until_nul, without_scope};

/// The name of the kernel control.
pub const CONTROL_NAME: &str = "com.apple.network.statistics";

/// Length of every message's first part.
const HEADER_LENGTH: usize = 16;
/// Length of the counters within a message.
const COUNTERS_LENGTH: usize = 112;
/// Where the counters lie, after the source and what the message is about.
const COUNTERS: usize = 32;
const DESCRIPTION: usize = 40;
const UPDATE_DESCRIPTION: usize = COUNTERS + COUNTERS_LENGTH + 8;

/// All sources, where one is asked for.
pub const ALL_SOURCES: u64 = u64::MAX;

const SUCCESS: u32 = 0;
const ERROR: u32 = 1;
const ADD_ALL: u32 = 1002;
const GET_DESCRIPTION: u32 = 1005;
const GET_UPDATE: u32 = 1007;
const ADDED: u32 = 10_001;
const REMOVED: u32 = 10_002;
const DESCRIBED: u32 = 10_003;
const COUNTED: u32 = 10_004;
const UPDATED: u32 = 10_006;

/// `NSTAT_SOURCE_IS_INBOUND` and its sibling.
const INBOUND: u32 = 0x0400_0000;
const OUTBOUND: u32 = 0x0800_0000;

/// Who counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Provider {
    /// TCP in the kernel.
    Tcp,
    /// TCP in a process, by way of the network framework.
    UserlandTcp,
    /// UDP in the kernel.
    Udp,
    /// UDP in a process.
    UserlandUdp,
}

impl Provider {
    /// All that are asked for.
    pub const ALL: [Self; 4] = [Self::Tcp, Self::UserlandTcp, Self::Udp, Self::UserlandUdp];

    /// Its number in messages.
    pub const fn number(self) -> u32 {
        match self {
            Self::Tcp => 2,
            Self::UserlandTcp => 3,
            Self::Udp => 4,
            Self::UserlandUdp => 5,
        }
    }

    fn of(number: u32) -> Option<Self> {
        Self::ALL.into_iter().find(|provider| provider.number() == number)
    }

    const fn protocol(self) -> Protocol {
        match self {
            Self::Tcp | Self::UserlandTcp => Protocol::Tcp,
            Self::Udp | Self::UserlandUdp => Protocol::Udp,
        }
    }
}

/// Asks for all sources of one provider, those that are there and those that come.
pub fn watch(provider: Provider, context: u64) -> Vec<u8> {
    let mut message = header(context, ADD_ALL, 56);
    // No filter, no events of single sources.
    message.extend([0; 16]);
    message.extend(provider.number().to_le_bytes());
    // No process in particular.
    message.extend([0; 20]);
    message
}

/// Asks for the counters and the description of one source, or of [`ALL_SOURCES`].
pub fn ask_update(source: u64, context: u64) -> Vec<u8> {
    about(source, context, GET_UPDATE)
}

/// Asks for the description of one source.
pub fn ask_description(source: u64, context: u64) -> Vec<u8> {
    about(source, context, GET_DESCRIPTION)
}

fn about(source: u64, context: u64, kind: u32) -> Vec<u8> {
    let mut message = header(context, kind, 24);
    message.extend(source.to_le_bytes());
    message
}

fn header(context: u64, kind: u32, length: u16) -> Vec<u8> {
    let mut message = Vec::with_capacity(usize::from(length));
    message.extend(context.to_le_bytes());
    message.extend(kind.to_le_bytes());
    message.extend(length.to_le_bytes());
    message.extend([0; 2]);
    message
}

/// What a message says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Message<'a> {
    /// The request of this context was carried out.
    Done {
        /// Of which request.
        context: u64,
    },
    /// The request of this context was refused.
    Failed {
        /// Of which request.
        context: u64,
        /// Why: an error number.
        error: u32,
    },
    /// A socket is counted from now on.
    Added {
        /// Its number.
        source: u64,
        /// Who counts, if that was asked for.
        provider: Option<Provider>,
    },
    /// A socket is gone.
    Removed {
        /// Its number.
        source: u64,
    },
    /// Which socket it is.
    Described {
        /// Its number.
        source: u64,
        /// Its ends and its process.
        description: Description<'a>,
    },
    /// What it has carried.
    Counted {
        /// Its number.
        source: u64,
        /// In all.
        counters: Counters,
    },
    /// Which socket it is, and what it has carried.
    Updated {
        /// Its number.
        source: u64,
        /// In all.
        counters: Counters,
        /// Its ends and its process.
        description: Description<'a>,
    },
    /// Something that is not read here: another kind, or another length.
    Unknown {
        /// Its kind.
        kind: u32,
        /// Its length.
        length: usize,
    },
}

/// A socket, and the process that it belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Description<'a> {
    /// Transport protocol.
    pub protocol: Protocol,
    /// Where it is in its life.
    pub state: SocketState,
    /// The local end.
    pub local: Endpoint,
    /// The remote end, if there is one.
    pub remote: Option<Endpoint>,
    /// Which end it is, where the kernel says so.
    pub role: Option<Role>,
    /// Its process.
    pub pid: u32,
    /// The process on whose behalf that one acts; often the same.
    pub effective_pid: u32,
    /// Its process' user, which older systems don't tell.
    pub uid: Option<u32>,
    /// Its process' name, up to 63 bytes of any kind.
    pub name: &'a [u8],
}

/// The messages of one buffer. One that does not fit ends the walk: see [`Messages::malformed`].
#[derive(Clone, Debug)]
pub struct Messages<'a> {
    rest: &'a [u8],
    malformed: bool,
}

impl<'a> Messages<'a> {
    /// Walks the messages in `buffer`.
    pub fn new(buffer: &'a [u8]) -> Self {
        Self { rest: buffer, malformed: false }
    }

    /// True if the walk ended at bytes that are no message.
    pub fn malformed(&self) -> bool {
        self.malformed
    }
}

impl<'a> Iterator for Messages<'a> {
    type Item = Message<'a>;

    fn next(&mut self) -> Option<Message<'a>> {
        if self.rest.is_empty() {
            return None;
        }
        let length = array(self.rest, 12).map(u16::from_le_bytes).map_or(0, usize::from);
        match self.rest.split_at_checked(length) {
            Some((message, rest)) if length >= HEADER_LENGTH => {
                self.rest = rest;
                read(message)
            }
            _ => {
                self.malformed = true;
                self.rest = &[];
                None
            }
        }
    }
}

fn read(message: &[u8]) -> Option<Message<'_>> {
    let kind = u32::from_le_bytes(array(message, 8)?);
    let unknown = Message::Unknown { kind, length: message.len() };
    Some(known(kind, message).unwrap_or(unknown))
}

fn known(kind: u32, message: &[u8]) -> Option<Message<'_>> {
    let long = |offset| Some(u64::from_le_bytes(array(message, offset)?));
    let number = |offset| Some(u32::from_le_bytes(array(message, offset)?));
    let context = long(0)?;
    Some(match (kind, message.len()) {
        (SUCCESS, _) => Message::Done { context },
        (ERROR, 20 | 24) => Message::Failed { context, error: number(16)? },
        (ADDED, 32) => Message::Added { source: long(16)?, provider: Provider::of(number(24)?) },
        (REMOVED, 24) => Message::Removed { source: long(16)? },
        (COUNTED, 144) => {
            Message::Counted { source: long(16)?, counters: counters(message.get(COUNTERS..)?)? }
        }
        (DESCRIBED, _) => {
            let provider = Provider::of(number(32)?)?;
            let description = description(provider, message.get(DESCRIPTION..)?)?;
            Message::Described { source: long(16)?, description }
        }
        (UPDATED, _) => {
            let provider = Provider::of(number(UPDATE_DESCRIPTION - 8)?)?;
            Message::Updated {
                source: long(16)?,
                counters: counters(message.get(COUNTERS..)?)?,
                description: description(provider, message.get(UPDATE_DESCRIPTION..)?)?,
            }
        }
        _ => return None,
    })
}

fn counters(bytes: &[u8]) -> Option<Counters> {
    let long = |offset| Some(u64::from_le_bytes(array(bytes, offset)?));
    let round_trip = u32::from_le_bytes(array(bytes, 80 + 24)?);
    Some(Counters {
        received_packets: long(0)?,
        received_bytes: long(8)?,
        sent_packets: long(16)?,
        sent_bytes: long(24)?,
        // In 32nds of a millisecond.
        rtt_us: u32::try_from(u64::from(round_trip) * 1000 / 32).unwrap_or(u32::MAX),
        // What was sent again is told in bytes.
        retransmits: 0,
    })
}

/// Where the fields of a description lie.
struct Layout {
    state: Option<usize>,
    pid: usize,
    effective_pid: usize,
    local: usize,
    remote: usize,
    name: usize,
    uid: Option<usize>,
    properties: usize,
}

impl Layout {
    /// `None` for a length that is not known. Descriptions have had the user since macOS 13.
    const fn of(protocol: Protocol, length: usize) -> Option<Self> {
        let tcp = Self {
            state: Some(76),
            pid: 116,
            effective_pid: 120,
            local: 124,
            remote: 152,
            name: 196,
            uid: None,
            properties: 328,
        };
        let udp = Self {
            state: None,
            pid: 128,
            effective_pid: 196,
            local: 56,
            remote: 84,
            name: 132,
            uid: None,
            properties: 264,
        };
        Some(match (protocol, length) {
            (Protocol::Tcp, 336) => tcp,
            (Protocol::Tcp, 344) => Self { uid: Some(328), properties: 336, ..tcp },
            (Protocol::Udp, 272) => udp,
            (Protocol::Udp, 280) => Self { uid: Some(268), properties: 272, ..udp },
            _ => return None,
        })
    }
}

fn description(provider: Provider, bytes: &[u8]) -> Option<Description<'_>> {
    let protocol = provider.protocol();
    let layout = Layout::of(protocol, bytes.len())?;
    let number = |offset| Some(u32::from_le_bytes(array(bytes, offset)?));
    let remote = address(bytes.get(layout.remote..)?)?;
    let local = address(bytes.get(layout.local..)?)?;
    // An end that is not known is of no family: then of the other end's.
    let local = local.or_else(|| remote.map(|remote| unspecified(remote.ip)));
    let local = local.unwrap_or(unspecified(IpAddr::V4(Ipv4Addr::UNSPECIFIED)));
    let remote = remote.and_then(peer);
    let properties = number(layout.properties)?;
    Some(Description {
        protocol,
        state: match layout.state {
            Some(offset) => tcp_state(number(offset)?)?,
            None => udp_state(local, remote),
        },
        local,
        remote,
        role: match (properties & OUTBOUND != 0, properties & INBOUND != 0) {
            (true, false) => Some(Role::Client),
            (false, true) => Some(Role::Server),
            _ => None,
        },
        pid: number(layout.pid)?,
        effective_pid: number(layout.effective_pid)?,
        uid: layout.uid.and_then(number),
        name: until_nul(bytes.get(layout.name..layout.name + 64)?),
    })
}

fn unspecified(like: IpAddr) -> Endpoint {
    let ip = match like {
        IpAddr::V4(_) => IpAddr::V4(Ipv4Addr::UNSPECIFIED),
        IpAddr::V6(_) => IpAddr::V6(Ipv6Addr::UNSPECIFIED),
    };
    Endpoint { ip, port: 0 }
}

/// A `sockaddr_in` or `sockaddr_in6`: length, family, port, address. `Some(None)` if there is none;
/// `None` if it is of another family, or cut off.
fn address(bytes: &[u8]) -> Option<Option<Endpoint>> {
    let [_, family] = array(bytes, 0)?;
    let port = u16::from_be_bytes(array(bytes, 2)?);
    let ip = match family {
        0 => return Some(None),
        2 => IpAddr::V4(Ipv4Addr::from(array::<4>(bytes, 4)?)),
        30 => IpAddr::V6(without_scope(array::<16>(bytes, 8)?.into())),
        _ => return None,
    };
    Some(Some(Endpoint::new(ip, port)))
}

#[cfg(test)]
pub(crate) mod payloads;
#[cfg(test)]
mod tests;
