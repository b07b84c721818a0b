//! What one component of a control group's path says of containers.
//!
//! | form | written by |
//! | --- | --- |
//! | `PREFIX-ID.scope` | runc and crun under systemd: Docker, Podman, CRI-O, containerd |
//! | `SLICE:PREFIX:ID` | the same name taken for a path, where the driver is not systemd |
//! | `docker/ID`, `PREFIX-ID` | the same runtimes without systemd |
//! | `kubepods…/podUID/ID`, `kubepods…-podUID.slice` | kubelet, with either driver |
//! | `libpod-payload-ID` | `podman run --cgroups=split`, as Quadlet does, below the service |
//! | `lxc.payload.NAME`, `lxc/NAME` | LXC from version 4 on, and before |
//! | `machine-NAME.scope/payload` | systemd-nspawn; without `payload` before systemd 239 |

use std::borrow::Cow;

use procnet_core::Runtime;

use super::unit::unescaped;

/// A container that a component names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Found<'a> {
    pub(super) runtime: Runtime,
    pub(super) id: &'a [u8],
}

impl<'a> Found<'a> {
    /// The id, without the escapes of a machine's name in a unit.
    pub(super) fn plain_id(&self) -> Cow<'a, [u8]> {
        match self.runtime {
            Runtime::Nspawn | Runtime::Lxc => unescaped(self.id),
            _ => Cow::Borrowed(self.id),
        }
    }
}

/// What lies above a component.
#[derive(Debug, Default)]
pub(super) struct Place<'a> {
    parent: &'a [u8],
    grandparent: &'a [u8],
    kubernetes: bool,
}

impl<'a> Place<'a> {
    pub(super) fn descend(&mut self, component: &'a [u8]) {
        self.grandparent = self.parent;
        self.parent = component;
        self.kubernetes |= is_kubepods(component);
    }

    /// True where nspawn keeps what it does for a machine beside what the machine does.
    pub(super) fn leaves_machine(&self, component: &[u8]) -> bool {
        component == b"supervisor" && machine(self.parent).is_some()
    }
}

/// What runtimes write before the dash, and what runs the container then.
const PREFIXES: [(&[u8], Runtime); 9] = [
    (b"cri-containerd", Runtime::Containerd),
    (b"containerd", Runtime::Containerd),
    (b"nerdctl", Runtime::Containerd),
    (b"crio", Runtime::CriO),
    (b"docker", Runtime::Docker),
    (b"libpod-payload", Runtime::Podman),
    (b"libpod", Runtime::Podman),
    (b"podman", Runtime::Podman),
    (b"buildkit", Runtime::BuildKit),
];
/// Watches a container from outside.
const MONITORS: [&[u8]; 3] = [b"libpod-conmon-", b"crio-conmon-", b"conmon-"];

/// The container that begins with `component`.
pub(super) fn container<'a>(component: &'a [u8], place: &Place<'_>) -> Option<Found<'a>> {
    if MONITORS.iter().any(|monitor| component.starts_with(monitor)) {
        return None;
    }
    if let Some(machine) = machine(component) {
        return Some(machine);
    }
    let stem = component.strip_suffix(b".scope").unwrap_or(component);
    colons(component)
        .or_else(|| dashes(stem))
        .or_else(|| digits(component, place))
        .or_else(|| lxc(component, place))
        .or_else(|| other(component, place))
}

fn is_hex(text: &[u8]) -> bool {
    text.iter().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
}

/// 64 hexadecimal digits, as every OCI runtime's manager makes them.
fn is_id(text: &[u8]) -> bool {
    text.len() == 64 && is_hex(text)
}

fn runtime_of(prefix: &[u8]) -> Runtime {
    PREFIXES
        .iter()
        .find_map(|(known, runtime)| (*known == prefix).then_some(*runtime))
        .unwrap_or(Runtime::Unknown)
}

/// `SLICE:PREFIX:ID`
fn colons(component: &[u8]) -> Option<Found<'_>> {
    let mut parts = component.rsplitn(3, |&byte| byte == b':');
    let (id, prefix) = (parts.next()?, parts.next()?);
    (parts.next().is_some() && is_id(id)).then(|| Found { runtime: runtime_of(prefix), id })
}

/// `PREFIX-ID`
fn dashes(stem: &[u8]) -> Option<Found<'_>> {
    let dash = stem.len().checked_sub(65)?;
    let (prefix, id) = (stem.get(..dash)?, stem.get(dash + 1..)?);
    let fits = stem.get(dash) == Some(&b'-') && !prefix.is_empty() && is_id(id);
    fits.then(|| Found { runtime: runtime_of(prefix), id })
}

/// A bare id: what lies above tells whose.
fn digits<'a>(component: &'a [u8], place: &Place<'_>) -> Option<Found<'a>> {
    if !is_id(component) {
        return None;
    }
    let runtime = match (place.parent, place.grandparent) {
        (b"docker" | b"actions_job" | b"docker.service", _) => Runtime::Docker,
        (b"libpod_parent", _) => Runtime::Podman,
        (b"crio", _) => Runtime::CriO,
        _ if place.kubernetes => Runtime::Kubernetes,
        (b"containerd.service" | b"containerd" | b"default", _) => Runtime::Containerd,
        (b"buildkit", _) => Runtime::BuildKit,
        (b"ecs", _) | (_, b"ecs") => Runtime::Ecs,
        (b"garden", _) | (_, b"garden") => Runtime::Garden,
        _ => Runtime::Unknown,
    };
    Some(Found { runtime, id: component })
}

fn lxc<'a>(component: &'a [u8], place: &Place<'_>) -> Option<Found<'a>> {
    let named = component.strip_prefix(b"lxc.payload.");
    let below = matches!(place.parent, b"lxc" | b"lxc.payload").then_some(component);
    let id = named.or(below).filter(|id| !id.is_empty() && !is_slice(id))?;
    Some(Found { runtime: Runtime::Lxc, id })
}

fn is_slice(component: &[u8]) -> bool {
    component.ends_with(b".slice")
}

/// The ids of those who do not use 64 digits, each below a directory of its own.
fn other<'a>(component: &'a [u8], place: &Place<'_>) -> Option<Found<'a>> {
    let found = |runtime| Some(Found { runtime, id: component });
    let lower = |byte: &u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
    match place.parent {
        // Twenty-five characters in base 36.
        b"buildkit" if component.len() == 25 && component.iter().all(lower) => {
            found(Runtime::BuildKit)
        }
        // The id of the task, 32 digits, and a number within it.
        _ if (place.parent == b"ecs" || place.grandparent == b"ecs") && is_task(component) => {
            found(Runtime::Ecs)
        }
        _ if (place.parent == b"garden" || place.grandparent == b"garden")
            && is_guid(component) =>
        {
            found(Runtime::Garden)
        }
        _ => None,
    }
}

fn is_task(component: &[u8]) -> bool {
    let (id, number) = component.split_at(component.len().min(32));
    let number = number.strip_prefix(b"-").unwrap_or_default();
    id.len() == 32 && is_hex(id) && !number.is_empty() && number.iter().all(u8::is_ascii_digit)
}

/// Groups of hexadecimal digits: eight, then four groups of four, the last one sometimes of twelve.
fn is_guid(text: &[u8]) -> bool {
    const LENGTHS: [usize; 4] = [8, 4, 4, 4];
    let mut groups = text.split(|byte| matches!(byte, b'-' | b'_'));
    LENGTHS.iter().all(|length| groups.next().is_some_and(|g| g.len() == *length && is_hex(g)))
        && groups.next().is_some_and(|g| matches!(g.len(), 4 | 12) && is_hex(g))
        && groups.next().is_none()
}

/// The machine that `machine-NAME.scope` or `systemd-nspawn@NAME.service` is about: one of
/// nspawn's, or of libvirt's containers, but none of the virtual machines that are registered too.
fn machine(component: &[u8]) -> Option<Found<'_>> {
    const DASH: &[u8] = b"\\x2d";
    let service =
        component.strip_prefix(b"systemd-nspawn@").and_then(|c| c.strip_suffix(b".service"));
    let scope = component.strip_prefix(b"machine-").and_then(|c| c.strip_suffix(b".scope"));
    let id = service.or(scope).filter(|id| !id.is_empty())?;
    let after = |prefix: &[u8]| id.strip_prefix(prefix).and_then(|id| id.strip_prefix(DASH));
    if after(b"qemu").is_some() {
        return None;
    }
    if let Some(numbered) = after(b"lxc") {
        // libvirt writes the machine's number before its name.
        let dash = numbered.windows(DASH.len()).position(|window| window == DASH)?;
        let id = numbered.get(dash + DASH.len()..).filter(|id| !id.is_empty())?;
        return Some(Found { runtime: Runtime::Lxc, id });
    }
    Some(Found { runtime: Runtime::Nspawn, id })
}

fn is_kubepods(component: &[u8]) -> bool {
    component.windows(8).any(|window| window == b"kubepods")
}

/// The uid of a Kubernetes pod, which may have underscores for dashes: in `podUID` below
/// `kubepods`, and in `kubepods-podUID.slice` and its like.
pub(super) fn pod<'a>(component: &'a [u8], place: &Place<'_>) -> Option<&'a [u8]> {
    let uid = if place.kubernetes && component.starts_with(b"pod") {
        component.get(3..)?
    } else if is_kubepods(component) {
        let slice = component.split(|&byte| byte == b':').next()?;
        let stem = slice.strip_suffix(b".slice")?;
        let at = stem.windows(4).rposition(|window| window == b"-pod")?;
        stem.get(at + 4..)?
    } else {
        return None;
    };
    // A static pod's uid is a hash of its file.
    (is_guid(uid) || (uid.len() == 32 && is_hex(uid))).then_some(uid)
}

/// A pod's uid as Kubernetes writes it.
pub(super) fn dashed(uid: &[u8]) -> Cow<'_, [u8]> {
    if !uid.contains(&b'_') {
        return Cow::Borrowed(uid);
    }
    Cow::Owned(uid.iter().map(|byte| if *byte == b'_' { b'-' } else { *byte }).collect())
}
