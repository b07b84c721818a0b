//! What requests ask for.

use crate::formats::Format;

/// The query of a request's address.
pub(crate) fn queries() -> Format {
    let seeds = [
        "udp=1&p2p_only=0&filter=port%3A443%20proc~/a/&mute=x&expand=a%20b&group=unit&remotes=network",
        "budget=none&sort=pid&order=desc&limit=5&offset=6&node=k&unix=1&listeners=0",
        "format=csv&path=rules.yaml&last_event_id=a.1:7",
    ];
    Format {
        name: "requests: queries",
        seeds: seeds.map(|seed| seed.as_bytes().to_vec()).into(),
        read: |bytes| procnet_server::routes_that_take(&String::from_utf8_lossy(bytes)),
    }
}
