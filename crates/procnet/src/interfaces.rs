//! Which interface has which of the machine's own addresses: asked now and then, beside everything
//! else.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Result;
use procnet_collect::confinement::Part;
use procnet_core::{Capability, CapabilityState, Interfaces};
use procnet_server::Live;

use crate::serve::spawn;
use crate::stop::Stop;

/// How long an address that came, or moved to another interface, may go unnoticed.
const INTERVAL: Duration = Duration::from_secs(10);

/// Where interfaces are listed.
pub(crate) type List = dyn Fn() -> io::Result<Option<Interfaces>> + Send;

/// Tells `live` now, and again whenever something has changed.
pub(crate) fn watch(list: Box<List>, live: &Arc<Live>, stop: &Stop) -> Result<()> {
    let first = list();
    live.add_capability(capability(&first));
    let Ok(Some(mut known)) = first else { return Ok(()) };
    live.know_interfaces(known.clone());
    let (live, stop) = (Arc::clone(live), stop.clone());
    spawn("procnet-links", Part::Listing, move || {
        while !stop.wait(INTERVAL) {
            // What could be asked once can be asked again; until then the last answer counts.
            if let Ok(Some(now)) = list()
                && now != known
            {
                live.know_interfaces(now.clone());
                known = now;
            }
        }
    })
}

fn capability(listed: &io::Result<Option<Interfaces>>) -> Capability {
    let (state, reason) = match listed {
        Ok(Some(_)) => (
            CapabilityState::Full,
            "Local addresses say which interface has them, but for those of containers with a \
             network of their own."
                .to_owned(),
        ),
        Ok(None) => (
            CapabilityState::Missing,
            "On this system interfaces are not asked for their addresses yet.".to_owned(),
        ),
        Err(error) => (
            CapabilityState::Missing,
            format!("The system does not list the addresses of its interfaces: {error}."),
        ),
    };
    Capability {
        id: "local-interfaces",
        title: "Interfaces of local addresses",
        state,
        reason: Arc::from(reason),
        remedy: None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn n5_what_cannot_be_listed_is_said() {
        assert_eq!(capability(&Ok(Some(Interfaces::default()))).state, CapabilityState::Full);
        assert_eq!(capability(&Ok(None)).state, CapabilityState::Missing);
        let refused = capability(&Err(io::ErrorKind::PermissionDenied.into()));
        assert_eq!(refused.state, CapabilityState::Missing);
        assert!(refused.reason.contains("permission denied"), "{}", refused.reason);
    }
}
