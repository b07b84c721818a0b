//! The names that people gave their containers, out of the files in which the runtimes keep them.
//! Nothing but the name is kept of what is read, and where it may not be read there is no name.

use std::ffi::OsStr;
use std::fs::File;
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use procnet_core::text::{MAX_NAME, sanitized};
use procnet_core::{Container, Runtime};
use rustc_hash::FxHashMap;
use rustix::fs::{CWD, FileType, Mode, OFlags};
use serde::Deserialize;

/// Largest file that is read.
const MAX_FILE: u64 = 8 << 20;
/// Most containers of a list that are looked at.
const MAX_LISTED: usize = 16_384;

/// Finds names. What it reads stays until [`ContainerNames::forget`], so that a list is read once
/// however many containers are new.
#[derive(Debug)]
pub(super) struct ContainerNames {
    /// Folders of Docker: the machine's and that of the user who runs this.
    docker: Vec<PathBuf>,
    /// Folders of containers/storage, which Podman and CRI-O use.
    storage: Vec<PathBuf>,
    /// Where kubelet links the logs of containers.
    logs: Option<PathBuf>,
    stored: Option<FxHashMap<String, Arc<str>>>,
    logged: Option<FxHashMap<String, Arc<str>>>,
}

/// Docker's `config.v2.json`.
#[derive(Deserialize)]
struct DockerConfig {
    #[serde(rename = "Name")]
    name: String,
}

/// An entry of containers/storage's `containers.json`.
#[derive(Deserialize)]
struct Stored {
    id: String,
    #[serde(default)]
    names: Vec<String>,
}

impl ContainerNames {
    /// Of a machine whose file system begins at `root`, and of the user whose data is in `data`.
    pub(super) fn at(root: &Path, data: Option<&Path>) -> Self {
        let both = |system: &str, own: &str| {
            let own = data.map(|data| data.join(own));
            std::iter::once(root.join(system)).chain(own).collect()
        };
        Self {
            docker: both("var/lib/docker/containers", "docker/containers"),
            storage: both(
                "var/lib/containers/storage/overlay-containers",
                "containers/storage/overlay-containers",
            ),
            logs: Some(root.join("var/log/containers")),
            stored: None,
            logged: None,
        }
    }

    /// Of this machine, and of the user who runs this (`XDG_DATA_HOME`).
    pub(super) fn of_machine() -> Self {
        let data = std::env::var_os("XDG_DATA_HOME")
            .map(PathBuf::from)
            .or_else(|| std::env::var_os("HOME").map(|home| Path::new(&home).join(".local/share")));
        Self::at(Path::new("/"), data.filter(|data| data.is_absolute()).as_deref())
    }

    /// Where there are no names.
    #[cfg(test)]
    pub(super) fn nowhere() -> Self {
        Self { docker: Vec::new(), storage: Vec::new(), logs: None, stored: None, logged: None }
    }

    /// The container's name.
    pub(super) fn of(&mut self, container: &Container) -> Option<Arc<str>> {
        let id = &*container.id;
        // An id goes into a path, and came from one that anybody may have named.
        if id.len() != 64 || !id.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return None;
        }
        match container.runtime {
            Runtime::Docker => self.docker(id),
            Runtime::Podman | Runtime::CriO => self.stored(id),
            Runtime::Containerd | Runtime::Kubernetes => self.logged(id),
            Runtime::Unknown => self.docker(id).or_else(|| self.stored(id)),
            _ => None,
        }
    }

    /// Drops the lists that were read.
    pub(super) fn forget(&mut self) {
        (self.stored, self.logged) = (None, None);
    }

    fn docker(&self, id: &str) -> Option<Arc<str>> {
        self.docker.iter().find_map(|folder| {
            let text = contents(&folder.join(id).join("config.v2.json"))?;
            let config: DockerConfig = serde_json::from_slice(&text).ok()?;
            readable(config.name.strip_prefix('/').unwrap_or(&config.name))
        })
    }

    fn stored(&mut self, id: &str) -> Option<Arc<str>> {
        let folders = &self.storage;
        let stored = self.stored.get_or_insert_with(|| {
            let mut names = FxHashMap::default();
            // The second is of containers that do not outlive a restart.
            let files = ["containers.json", "volatile-containers.json"];
            for file in folders.iter().flat_map(|folder| files.map(|file| folder.join(file))) {
                let list: Option<Vec<Stored>> =
                    contents(&file).and_then(|text| serde_json::from_slice(&text).ok());
                for entry in list.into_iter().flatten().take(MAX_LISTED) {
                    if let Some(name) = entry.names.first().and_then(|name| readable(name)) {
                        names.insert(entry.id, name);
                    }
                }
            }
            names
        });
        stored.get(id).cloned()
    }

    /// kubelet's links are named `POD_NAMESPACE_CONTAINER-ID.log`.
    fn logged(&mut self, id: &str) -> Option<Arc<str>> {
        let logs = self.logs.as_ref()?;
        let logged = self.logged.get_or_insert_with(|| {
            let entries = std::fs::read_dir(logs).into_iter().flatten().take(MAX_LISTED).flatten();
            entries.filter_map(|entry| logged_name(&entry.file_name())).collect()
        });
        logged.get(id).cloned()
    }
}

fn logged_name(file: &OsStr) -> Option<(String, Arc<str>)> {
    let (name, id) = file.to_str()?.strip_suffix(".log")?.rsplit_once('-')?;
    let mut parts = name.split('_');
    let (pod, _namespace, container) = (parts.next()?, parts.next()?, parts.next()?);
    Some((id.to_owned(), clean(&format!("{pod}/{container}"))?))
}

/// A name as people know it: Kubernetes' `k8s_CONTAINER_POD_NAMESPACE_UID_ATTEMPT` is the
/// container of a pod.
fn readable(name: &str) -> Option<Arc<str>> {
    let mut parts = name.strip_prefix("k8s_").unwrap_or_default().split('_');
    match (parts.next(), parts.next(), parts.next()) {
        (Some(container), Some(pod), Some(_)) => clean(&format!("{pod}/{container}")),
        _ => clean(name),
    }
}

fn clean(name: &str) -> Option<Arc<str>> {
    (!name.is_empty()).then(|| sanitized(name.as_bytes(), MAX_NAME))
}

/// A file of reasonable size. Anything else that has its name (a link, a pipe) is left alone.
fn contents(path: &Path) -> Option<Vec<u8>> {
    let flags =
        OFlags::RDONLY | OFlags::CLOEXEC | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::NOCTTY;
    let file = File::from(rustix::fs::openat(CWD, path, flags, Mode::empty()).ok()?);
    let status = rustix::fs::fstat(&file).ok()?;
    if FileType::from_raw_mode(status.st_mode) != FileType::RegularFile {
        return None;
    }
    let mut text = Vec::new();
    let read = file.take(MAX_FILE + 1).read_to_end(&mut text).ok()?;
    (read as u64 <= MAX_FILE).then_some(text)
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::symlink;

    use super::*;

    const A: &str = "9ec39b91f3d70e1beff50a308f77067065ea6be0d91a3378375056cd4422cf3d";
    const B: &str = "db90aabe3ba00bab92a9bd3f0b4a9face4601651c91d28c02a953a8c81ce2cc4";

    fn container(runtime: Runtime, id: &str) -> Container {
        Container { runtime, id: Arc::from(id), name: None, pod: None }
    }

    #[test]
    fn names_are_found_where_the_runtimes_keep_them() {
        let root = tempfile::tempdir().unwrap();
        let path = |path: &str| root.path().join(path);
        let write = |file: &str, text: &str| {
            fs::create_dir_all(path(file).parent().unwrap()).unwrap();
            fs::write(path(file), text).unwrap();
        };
        write(
            &format!("var/lib/docker/containers/{A}/config.v2.json"),
            r#"{"ID":"x","Config":{"Env":["PASSWORD=x"]},"Name":"/shop-db-1"}"#,
        );
        write(
            "var/lib/containers/storage/overlay-containers/containers.json",
            &format!(r#"[{{"id":"{A}","names":["blog"]}},{{"id":"none"}}]"#),
        );
        write(
            "home/containers/storage/overlay-containers/volatile-containers.json",
            &format!(r#"[{{"id":"{B}","names":["k8s_web_shop-0_default_1-2_0"]}}]"#),
        );
        write(&format!("var/log/containers/shop-0_default_web-{B}.log"), "");
        let mut names = ContainerNames::at(root.path(), Some(&path("home")));
        let mut name = |runtime, id| names.of(&container(runtime, id)).map(|n| n.to_string());
        assert_eq!(name(Runtime::Docker, A).as_deref(), Some("shop-db-1"));
        assert_eq!(name(Runtime::Unknown, A).as_deref(), Some("shop-db-1"));
        assert_eq!(name(Runtime::Podman, A).as_deref(), Some("blog"));
        assert_eq!(name(Runtime::CriO, B).as_deref(), Some("shop-0/web"));
        assert_eq!(name(Runtime::Containerd, B).as_deref(), Some("shop-0/web"));
        assert_eq!(name(Runtime::Docker, B), None);
        assert_eq!(name(Runtime::Lxc, "web"), None);
    }

    #[test]
    fn what_is_no_plain_small_file_is_left_alone() {
        let root = tempfile::tempdir().unwrap();
        let folder = root.path().join("var/lib/docker/containers");
        let config = |id: &str| {
            let folder = folder.join(id);
            fs::create_dir_all(&folder).unwrap();
            folder.join("config.v2.json")
        };
        let target = root.path().join("target");
        fs::write(&target, r#"{"Name":"/linked"}"#).unwrap();
        symlink(&target, config(A)).unwrap();
        let too_large = format!(r#"{{"Name":"/large","x":"{}"}}"#, "x".repeat(9 << 20));
        fs::write(config(B), too_large).unwrap();
        let mut names = ContainerNames::at(root.path(), None);
        assert_eq!(names.of(&container(Runtime::Docker, A)), None);
        assert_eq!(names.of(&container(Runtime::Docker, B)), None);
        fs::remove_file(config(A)).unwrap();
        let mode = Mode::from_raw_mode(0o600);
        rustix::fs::mknodat(CWD, config(A), FileType::Fifo, mode, 0).unwrap();
        assert_eq!(names.of(&container(Runtime::Docker, A)), None);
        fs::write(config(B), r#"{"Name":"/a\u001b[2Jb"}"#).unwrap();
        let name = names.of(&container(Runtime::Docker, B)).unwrap();
        assert_eq!(&*name, "a\u{fffd}[2Jb");
        for broken in ["", "{", r#"{"Name":1}"#, r#"{"Name":"/"}"#, "[]"] {
            fs::write(config(B), broken).unwrap();
            assert_eq!(names.of(&container(Runtime::Docker, B)), None, "{broken}");
        }
        let outside = "../../../../../../../../../../../../../../../../../../../../../../../../a";
        assert_eq!(names.of(&container(Runtime::Docker, &outside[..64])), None);
    }
}
