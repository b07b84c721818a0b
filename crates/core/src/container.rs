//! Containers: what runs a process apart from the rest of its machine.

use std::fmt;
use std::sync::Arc;

/// What runs a container, as far as its control group tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Runtime {
    /// Docker Engine.
    Docker,
    /// Podman.
    Podman,
    /// containerd, called by Kubernetes or by itself.
    Containerd,
    /// CRI-O.
    CriO,
    /// A Kubernetes pod's container whose runtime the control group does not name.
    Kubernetes,
    /// LXC, LXD, Incus, or libvirt's containers.
    Lxc,
    /// systemd-nspawn.
    Nspawn,
    /// A build step of BuildKit.
    BuildKit,
    /// Amazon ECS.
    Ecs,
    /// Garden of Cloud Foundry.
    Garden,
    /// A container by its id; nothing says whose.
    Unknown,
}

impl Runtime {
    /// Every runtime.
    pub const ALL: [Self; 11] = [
        Self::Docker,
        Self::Podman,
        Self::Containerd,
        Self::CriO,
        Self::Kubernetes,
        Self::Lxc,
        Self::Nspawn,
        Self::BuildKit,
        Self::Ecs,
        Self::Garden,
        Self::Unknown,
    ];

    /// `docker`, `podman`, `containerd`, `cri-o`, `kubernetes`, `lxc`, `systemd-nspawn`,
    /// `buildkit`, `ecs`, `garden`, or `unknown`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Docker => "docker",
            Self::Podman => "podman",
            Self::Containerd => "containerd",
            Self::CriO => "cri-o",
            Self::Kubernetes => "kubernetes",
            Self::Lxc => "lxc",
            Self::Nspawn => "systemd-nspawn",
            Self::BuildKit => "buildkit",
            Self::Ecs => "ecs",
            Self::Garden => "garden",
            Self::Unknown => "unknown",
        }
    }
}

impl fmt::Display for Runtime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// One container. Shared by all of its processes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Container {
    /// What runs it.
    pub runtime: Runtime,
    /// Its identity: 64 hexadecimal digits, or the name of a container that is known by name.
    pub id: Arc<str>,
    /// The name that people gave it, where it may be read.
    pub name: Option<Arc<str>>,
    /// The uid of its Kubernetes pod.
    pub pod: Option<Arc<str>>,
}

/// As many digits of an id are shown, as everywhere in the field.
const SHORT_ID: usize = 12;
/// A run of hexadecimal digits at least this long is an id, not a name.
const LONG_ID: usize = 32;

impl Container {
    /// Its name, or the beginning of its id.
    pub fn label(&self) -> &str {
        self.name.as_deref().unwrap_or_else(|| self.short_id())
    }

    /// The first twelve digits of the id; all of an id that is a name.
    pub fn short_id(&self) -> &str {
        match self.id.get(..SHORT_ID) {
            Some(short) if is_long_id(&self.id) => short,
            _ => &self.id,
        }
    }
}

fn is_long_id(text: &str) -> bool {
    text.len() >= LONG_ID && text.bytes().all(|byte| byte.is_ascii_hexdigit())
}

/// `text` with every id in it cut to twelve digits: `docker-0123456789ab.scope`.
pub(crate) fn with_short_ids(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    let mut rest = text;
    while !rest.is_empty() {
        let digits = rest.bytes().take_while(u8::is_ascii_hexdigit).count();
        let others = rest.bytes().skip(digits).take_while(|b| !b.is_ascii_hexdigit()).count();
        let (run, after) = rest.split_at(digits);
        let (between, after) = after.split_at(others);
        shown.push_str(if digits >= LONG_ID { &run[..SHORT_ID] } else { run });
        shown.push_str(between);
        rest = after;
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    fn container(id: &str, name: Option<&str>) -> Container {
        Container {
            runtime: Runtime::Docker,
            id: Arc::from(id),
            name: name.map(Arc::from),
            pod: None,
        }
    }

    #[test]
    fn a_container_is_called_by_name_else_by_the_beginning_of_its_id() {
        let id = "0123456789abcdef".repeat(4);
        assert_eq!(container(&id, Some("web")).label(), "web");
        assert_eq!(container(&id, None).label(), "0123456789ab");
        assert_eq!(container("mailserver-of-the-house", None).label(), "mailserver-of-the-house");
        assert_eq!(container("bäckerei-und-konditorei-am-markt", None).short_id().len(), 33);
    }

    #[test]
    fn ids_in_text_are_cut_and_words_are_not() {
        let id = "0123456789abcdef".repeat(4);
        assert_eq!(with_short_ids(&format!("docker-{id}.scope")), "docker-0123456789ab.scope");
        assert_eq!(with_short_ids("decade-facade.service"), "decade-facade.service");
        assert_eq!(with_short_ids("ä€.scope"), "ä€.scope");
        assert_eq!(with_short_ids(""), "");
    }

    #[test]
    fn runtimes_have_distinct_names() {
        let names: std::collections::BTreeSet<_> = Runtime::ALL.map(Runtime::as_str).into();
        assert_eq!(names.len(), Runtime::ALL.len());
    }
}
