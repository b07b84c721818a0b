//! What edges look like: PARITY rows 11 to 14.

use std::borrow::Cow;

use procnet_core::registry::{PortClass, UDP_COLOR, UNIX_COLOR};
use procnet_core::{Protocol, SocketState};

use super::{Dashes, Smooth};

/// The grey of a stale edge.
const STALE_COLOR: &str = "#bbbbbb";
/// The width of a stale edge.
const STALE_WIDTH: f32 = 2.5;
/// The width of an edge of one connection.
const WIDTH: f32 = 2.0;
/// What each doubling of the connections adds to the width, and the most that it comes to.
const WIDTH_PER_DOUBLING: f32 = 0.5;
const MAX_WIDTH: f32 = 8.0;

pub(crate) fn color(protocol: Protocol, port: u16, stale: bool) -> &'static str {
    match protocol {
        _ if stale => STALE_COLOR,
        Protocol::Udp => UDP_COLOR,
        Protocol::Unix => UNIX_COLOR,
        Protocol::Tcp => PortClass::of(port).color(),
    }
}

pub(crate) fn width(connections: u32, stale: bool) -> f32 {
    if stale {
        return STALE_WIDTH;
    }
    let doublings = connections.max(1).ilog2();
    // At most 31 doublings: exact in an f32.
    (WIDTH + WIDTH_PER_DOUBLING * doublings as f32).min(MAX_WIDTH)
}

pub(crate) const fn dashes(protocol: Protocol, state: SocketState, stale: bool) -> Dashes {
    if stale || matches!(protocol, Protocol::Udp) {
        return Dashes::Solid(false);
    }
    if matches!(protocol, Protocol::Unix) {
        return Dashes::Pattern([1, 4]);
    }
    match state {
        SocketState::SynSent => Dashes::Pattern([2, 6]),
        SocketState::SynReceived => Dashes::Pattern([6, 6]),
        SocketState::TimeWait => Dashes::Pattern([10, 6]),
        SocketState::CloseWait => Dashes::Pattern([4, 6]),
        _ => Dashes::Solid(false),
    }
}

/// The curve of the edge that is number `index` of `count` edges between the same two nodes.
/// `forward`: it runs from the node with the smaller id to the other. Which side a curve bows to
/// depends on the direction of its edge, so an edge back must be turned the other way round to
/// come out on the side that is meant.
pub(crate) fn smooth(index: usize, count: usize, forward: bool) -> Smooth {
    if count <= 1 {
        return Smooth { enabled: true, r#type: Cow::Borrowed("continuous"), roundness: 0.2 };
    }
    let clockwise = index.is_multiple_of(2) == forward;
    // 0.2, 0.33, 0.43, …: always different, never 1. Few enough to be exact in an f32.
    let tier = (index / 2).min(1_000) as f32 + 1.0;
    Smooth {
        enabled: true,
        r#type: Cow::Borrowed(if clockwise { "curvedCW" } else { "curvedCCW" }),
        roundness: 1.0 - 1.0 / (1.0 + 0.25 * tier),
    }
}

/// How near a state is to established: which of several stands for all.
pub(crate) const fn rank(state: SocketState) -> u8 {
    match state {
        SocketState::Established => 0,
        SocketState::SynReceived => 1,
        SocketState::SynSent => 2,
        SocketState::CloseWait => 3,
        SocketState::FinWait1 => 4,
        SocketState::FinWait2 => 5,
        SocketState::LastAck => 6,
        SocketState::Closing => 7,
        SocketState::TimeWait => 8,
        SocketState::Closed => 9,
        SocketState::Listen => 10,
    }
}
