//! Which container and which unit processes are in: each control group is understood once, and
//! all of its processes share the result.

use std::sync::Arc;

use procnet_core::{Container, Process, Runtime, Unit};
use rustc_hash::FxHashMap;

use super::container_names::ContainerNames;
use crate::parse::cgroup::membership;

/// Most control groups, and most containers, that are remembered; beyond that all are understood
/// anew.
const MAX_REMEMBERED: usize = 16_384;
/// How often a container is asked for its name, in as many polls: some runtimes write it down only
/// after the container has started.
const MAX_ATTEMPTS: u8 = 4;

/// Where a process belongs.
#[derive(Clone, Debug, Default)]
pub(super) struct Belongs {
    pub(super) path: Option<Arc<str>>,
    pub(super) container: Option<Arc<Container>>,
    pub(super) unit: Option<Arc<Unit>>,
}

#[derive(Debug)]
struct Known {
    container: Arc<Container>,
    attempts: u8,
    /// Number of the poll in which its name was last asked for.
    asked: u64,
}

type Identity = (Runtime, Arc<str>);

#[derive(Debug)]
pub(super) struct Memberships {
    by_text: FxHashMap<Box<[u8]>, Belongs>,
    containers: FxHashMap<Identity, Known>,
    names: ContainerNames,
    /// Containers were named since [`Memberships::take_named`].
    named: bool,
}

fn identity(container: &Container) -> Identity {
    (container.runtime, container.id.clone())
}

impl Memberships {
    pub(super) fn new(names: ContainerNames) -> Self {
        Self {
            by_text: FxHashMap::default(),
            containers: FxHashMap::default(),
            names,
            named: false,
        }
    }

    /// What a `/proc/PID/cgroup` says.
    pub(super) fn of(&mut self, text: &[u8]) -> Belongs {
        if let Some(belongs) = self.by_text.get(text) {
            let mut belongs = belongs.clone();
            // It may have been named since.
            if let Some(container) = &mut belongs.container
                && let Some(known) = self.containers.get(&identity(container))
            {
                *container = known.container.clone();
            }
            return belongs;
        }
        if self.by_text.len() >= MAX_REMEMBERED || self.containers.len() >= MAX_REMEMBERED {
            self.by_text.clear();
            self.containers.clear();
        }
        let found = membership(text);
        let container = found.container.map(|container| {
            let new = || Known { container: Arc::new(container.clone()), attempts: 0, asked: 0 };
            self.containers.entry(identity(&container)).or_insert_with(new).container.clone()
        });
        let belongs = Belongs { path: found.path, container, unit: found.unit.map(Arc::new) };
        self.by_text.insert(Box::from(text), belongs.clone());
        belongs
    }

    /// Looks for the name of a container that has none yet. This reads files of the runtimes, so
    /// it is for scans, not for events.
    pub(super) fn name(&mut self, belongs: &mut Belongs, poll: u64) {
        let Some(container) = &mut belongs.container else { return };
        let Some(known) = self.containers.get_mut(&identity(container)) else { return };
        let untold = known.container.name.is_none();
        if untold && known.attempts < MAX_ATTEMPTS && known.asked != poll {
            known.attempts += 1;
            known.asked = poll;
            if let Some(name) = self.names.of(&known.container) {
                known.container =
                    Arc::new(Container { name: Some(name), ..(*known.container).clone() });
                self.named = true;
            }
        }
        *container = known.container.clone();
    }

    /// True if containers were named since this was last asked. What was read for that is
    /// forgotten.
    pub(super) fn take_named(&mut self) -> bool {
        self.names.forget();
        std::mem::take(&mut self.named)
    }

    /// The process with its container's name, if it was described before that was known.
    pub(super) fn renamed(&self, process: &Process) -> Option<Process> {
        let container = process.container.as_ref().filter(|c| c.name.is_none())?;
        let known = &self.containers.get(&identity(container))?.container;
        known.name.as_ref()?;
        Some(Process { container: Some(known.clone()), ..process.clone() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_control_group_is_understood_once_and_the_memory_is_bounded() {
        let mut memberships = Memberships::new(ContainerNames::nowhere());
        let text = b"0::/lxc.payload.web/system.slice/nginx.service\n";
        let (first, second) = (memberships.of(text), memberships.of(text));
        let same = |a: &Belongs, b: &Belongs| {
            Arc::ptr_eq(a.container.as_ref().unwrap(), b.container.as_ref().unwrap())
        };
        assert!(same(&first, &second));
        assert!(Arc::ptr_eq(first.unit.as_ref().unwrap(), second.unit.as_ref().unwrap()));
        // Another group of the same container.
        let other = memberships.of(b"0::/lxc.payload.web/init.scope\n");
        assert!(same(&first, &other));
        for number in 0..MAX_REMEMBERED + 10 {
            let unit = format!("0::/system.slice/a{number}.service\n");
            assert!(memberships.of(unit.as_bytes()).container.is_none());
        }
        assert!(memberships.by_text.len() <= MAX_REMEMBERED);
        assert_eq!(memberships.of(text).container.unwrap().id.as_ref(), "web");
    }
}
