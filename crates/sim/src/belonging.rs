//! Where simulated processes belong: containers and units, as a real machine would have them.

use std::sync::Arc;

use fastrand::Rng;
use procnet_core::{Container, Manager, Process, Runtime, Unit};

/// The control group of a process and what it stands for.
#[derive(Clone, Debug)]
pub(crate) struct Belonging {
    cgroup: Arc<str>,
    container: Option<Arc<Container>>,
    unit: Option<Arc<Unit>>,
}

fn unit(name: &str) -> Option<Arc<Unit>> {
    let name = Arc::from(name);
    Some(Arc::new(Unit { name, manager: Manager::System, application: None, within: None }))
}

impl Belonging {
    /// A unit of the machine's own.
    pub(crate) fn unit(name: &str) -> Self {
        let slice = if name == "init.scope" { "" } else { "/system.slice" };
        Self { cgroup: Arc::from(format!("{slice}/{name}")), container: None, unit: unit(name) }
    }

    /// A container of an application: Docker's, a pod's or Podman's, by turns.
    pub(crate) fn container(app: &str, name: &str, stack: usize, random: &mut Rng) -> Self {
        let id: String = (0..64).map(|_| random.digit(16)).collect();
        let pod = format!(
            "{:08x}-{:04x}-4{:03x}-a{:03x}-{:012x}",
            random.u32(..),
            random.u16(..),
            random.u16(..0x1000),
            random.u16(..0x1000),
            random.u64(..1 << 48)
        );
        let (runtime, slice, scope, name, pod) = match stack % 3 {
            0 => {
                let name = format!("{app}-{name}-1");
                (
                    Runtime::Docker,
                    "/system.slice".to_owned(),
                    format!("docker-{id}.scope"),
                    name,
                    None,
                )
            }
            1 => (
                Runtime::Containerd,
                format!("/kubepods.slice/kubepods-pod{}.slice", pod.replace('-', "_")),
                format!("cri-containerd-{id}.scope"),
                format!("{app}-0/{name}"),
                Some(Arc::from(pod)),
            ),
            _ => {
                let name = format!("{app}_{name}");
                (
                    Runtime::Podman,
                    "/machine.slice".to_owned(),
                    format!("libpod-{id}.scope"),
                    name,
                    None,
                )
            }
        };
        Self {
            cgroup: Arc::from(format!("{slice}/{scope}")),
            container: Some(Arc::new(Container {
                runtime,
                id: Arc::from(id),
                name: Some(Arc::from(name)),
                pod,
            })),
            unit: unit(&scope),
        }
    }

    /// Where a process belongs.
    pub(crate) fn of(process: &Process) -> Self {
        Self {
            cgroup: process.cgroup.clone().unwrap_or_default(),
            container: process.container.clone(),
            unit: process.unit.clone(),
        }
    }

    /// Puts a process there.
    pub(crate) fn give(&self, process: Process) -> Process {
        Process {
            cgroup: Some(self.cgroup.clone()),
            container: self.container.clone(),
            unit: self.unit.clone(),
            ..process
        }
    }
}
