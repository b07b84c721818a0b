//! `/proc/PID/cgroup` (cgroups(7)): the container and the systemd unit that a process is in.
//!
//! A line is `ID:CONTROLLERS:PATH`. The unified hierarchy's is `0::PATH`; the others are those of
//! version 1, which on a hybrid host stand beside it and may disagree with it. A path is read from
//! left to right: what runs inside what. The innermost container counts, and the innermost unit,
//! be it that of a systemd within the container. The forms are those that the runtimes document
//! or are known to write; what none of them fits says nothing.

mod component;
mod unit;

use std::sync::Arc;

use procnet_core::text::{MAX_NAME, sanitized};
use procnet_core::{Container, Manager, Unit};

use component::{Found, Place};

/// Most lines that are looked at: no kernel has as many hierarchies.
const MAX_LINES: usize = 64;
/// Longest path that is looked at (`PATH_MAX` of the kernel).
const MAX_PATH: usize = 4096;
/// Longest name of a container or unit that is kept, in bytes (`NAME_MAX`).
const MAX_COMPONENT: usize = 255;

/// Where a process belongs.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Membership {
    /// The path that says most.
    pub path: Option<Arc<str>>,
    /// The container.
    pub container: Option<Container>,
    /// The unit.
    pub unit: Option<Unit>,
}

/// Reads a whole `/proc/PID/cgroup`.
pub fn membership(text: &[u8]) -> Membership {
    let read = |line| {
        let (rank, path) = ranked(line)?;
        let walk = walk(path);
        let says = (walk.container.is_some(), rank, walk.unit.is_some(), path.len());
        Some((says, path, walk))
    };
    // The container's line wins over a more modern one: where Docker keeps its containers in the
    // hierarchies of version 1, they stay in their starter's group of the unified one.
    let best = text
        .split(|&byte| byte == b'\n')
        .take(MAX_LINES)
        .filter_map(read)
        .reduce(|best, other| if other.0 > best.0 { other } else { best });
    best.map_or_else(Membership::default, |(_, path, walk)| walk.finish(path))
}

/// The path of a line and how much the line counts: the unified hierarchy first, then systemd's
/// own on a host where that one is unused, then the others.
fn ranked(line: &[u8]) -> Option<(u8, &[u8])> {
    let mut parts = line.splitn(3, |&byte| byte == b':');
    let (id, controllers, path) = (parts.next()?, parts.next()?, parts.next()?);
    // The kernel marks a group that was removed under a process that still is in it.
    let path = path.strip_suffix(b" (deleted)").unwrap_or(path);
    let path = path.get(..MAX_PATH).unwrap_or(path);
    if path.is_empty() {
        return None;
    }
    let rank = match (path, id, controllers) {
        (b"/", _, _) => 0,
        (_, b"0", b"") => 3,
        (_, _, b"name=systemd") => 2,
        _ => 1,
    };
    Some((rank, path))
}

/// What was found on the way down a path.
#[derive(Debug)]
struct Walk<'a> {
    container: Option<Found<'a>>,
    pod: Option<&'a [u8]>,
    unit: Option<Held<'a>>,
    /// The manager whose unit comes next.
    manager: Manager,
    /// The present manager's unit is found: what lies below is the unit's own affair.
    settled: bool,
    place: Place<'a>,
}

/// A unit and where it was found.
#[derive(Debug)]
struct Held<'a> {
    name: &'a [u8],
    manager: Manager,
    within: Option<Found<'a>>,
}

fn walk(path: &[u8]) -> Walk<'_> {
    let mut walk = Walk {
        container: None,
        pod: None,
        unit: None,
        manager: Manager::System,
        settled: false,
        place: Place::default(),
    };
    for component in path.split(|&byte| byte == b'/') {
        if !matches!(component, b"" | b"." | b"..") {
            walk.enter(component);
        }
    }
    walk
}

impl<'a> Walk<'a> {
    fn enter(&mut self, component: &'a [u8]) {
        // systemd puts an underscore before names that the kernel could take for its own files.
        let name = component.strip_prefix(b"_").unwrap_or(component);
        if let Some(pod) = component::pod(component, &self.place) {
            self.pod = Some(pod);
        }
        let found = component::container(component, &self.place);
        if unit::is_unit(name) && !self.settled {
            self.unit = Some(Held { name, manager: self.manager, within: self.container });
            match unit::user_manager(name) {
                Some(uid) => self.manager = Manager::User(uid),
                None => self.settled = true,
            }
        }
        if self.place.leaves_machine(component) {
            self.container = None;
        }
        if let Some(found) = found {
            self.container = Some(found);
            // A systemd of its own may run inside.
            (self.manager, self.settled) = (Manager::System, false);
        }
        self.place.descend(component);
    }

    fn finish(self, path: &[u8]) -> Membership {
        let text = |bytes: &[u8]| sanitized(bytes, MAX_COMPONENT);
        Membership {
            path: Some(sanitized(path, MAX_NAME)),
            unit: self.unit.map(|held| Unit {
                name: text(&unit::unescaped(held.name)),
                application: unit::application(held.name).map(|id| text(&id)),
                manager: held.manager,
                within: held.within.map(|container| text(&container.plain_id())),
            }),
            container: self.container.map(|found| Container {
                runtime: found.runtime,
                id: text(&found.plain_id()),
                name: None,
                pod: self.pod.map(|pod| text(&component::dashed(pod))),
            }),
        }
    }
}

#[cfg(test)]
mod tests;
