//! Real control groups for tests: of our own, and gone when the test is.

use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

/// How long a control group may take to become empty after its last process was waited for.
const GRACE: Duration = Duration::from_secs(10);

/// A control group of our own with others in it. Dropping it removes all of them.
pub(crate) struct ControlGroup {
    /// Outer before inner.
    folders: Vec<PathBuf>,
}

impl ControlGroup {
    /// In the unified hierarchy, wherever that is mounted; none where none can be made.
    #[allow(clippy::panic, reason = "a test fails by panicking")]
    pub(crate) fn new() -> Option<Self> {
        static MADE: AtomicU32 = AtomicU32::new(0);
        let mounts = fs::read_to_string("/proc/self/mountinfo").expect("there is /proc");
        let number = MADE.fetch_add(1, Ordering::Relaxed);
        let name = format!("procnet-test-{}-{number}", std::process::id());
        for mount in mounts.lines().filter_map(unified) {
            let folder = Path::new(mount).join(&name);
            match fs::create_dir(&folder) {
                Ok(()) => return Some(Self { folders: vec![folder] }),
                Err(error) if error.kind() == ErrorKind::PermissionDenied => {}
                Err(error) if error.kind() == ErrorKind::ReadOnlyFilesystem => {}
                Err(error) => panic!("can't make the control group {}: {error}", folder.display()),
            }
        }
        None
    }

    /// Makes a group in it, each of `path` in the one before, and returns the innermost.
    pub(crate) fn make(&mut self, path: &str) -> PathBuf {
        let mut folder = self.folders[0].clone();
        for name in path.split('/') {
            folder.push(name);
            fs::create_dir(&folder).expect("a control group can be made in our own");
            self.folders.push(folder.clone());
        }
        folder
    }
}

impl Drop for ControlGroup {
    fn drop(&mut self) {
        let deadline = Instant::now() + GRACE;
        for folder in self.folders.iter().rev() {
            // Its files are the kernel's own, and go with it.
            while let Err(error) = fs::remove_dir(folder) {
                if error.kind() != ErrorKind::ResourceBusy || Instant::now() > deadline {
                    eprintln!("can't remove the control group {}: {error}", folder.display());
                    break;
                }
                std::thread::sleep(Duration::from_millis(20));
            }
        }
    }
}

/// Where a line of mountinfo (proc(5)) says that a unified hierarchy is mounted.
fn unified(line: &str) -> Option<&str> {
    let (mount, file_system) = line.split_once(" - ")?;
    file_system.starts_with("cgroup2 ").then(|| mount.split(' ').nth(4))?
}
