//! A tree that looks like `/proc`, through the production readers.

use procnet_core::secrets::Masking;
use std::fs;
use std::os::unix::fs::symlink;
use std::path::PathBuf;

use super::super::examine::examine_all;
use super::*;

struct Tree {
    folder: tempfile::TempDir,
    procfs: Procfs,
    readers: Vec<Reader>,
    processes: Processes,
    holders: Holders,
}

impl Tree {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let procfs = Procfs::open(folder.path()).unwrap();
        let (processes, holders) = (Processes::new(Masking::default()), Holders::default());
        Self { folder, procfs, readers: vec![Reader::new()], processes, holders }
    }

    fn path(&self, pid: u32) -> PathBuf {
        self.folder.path().join(pid.to_string())
    }

    /// `flags` as in field 9, `arguments_at` as in field 48 of the file.
    fn stat(&self, pid: u32, comm: &str, parent: u32, flags: u32, started: u64, state: char) {
        let mut fields = vec!["0".to_owned(); 52];
        fields[0] = pid.to_string();
        fields[1] = format!("({comm})");
        fields[2] = state.to_string();
        fields[3] = parent.to_string();
        fields[7] = "-1".to_owned();
        fields[8] = flags.to_string();
        fields[21] = started.to_string();
        fs::create_dir_all(self.path(pid)).unwrap();
        fs::write(self.path(pid).join("stat"), fields.join(" ") + "\n").unwrap();
    }

    fn process(&self, pid: u32, comm: &str, parent: u32, started: u64, sockets: &[u64]) {
        self.stat(pid, comm, parent, 0x40_0000, started, 'S');
        let path = self.path(pid);
        fs::create_dir_all(path.join("fd")).unwrap();
        fs::create_dir_all(path.join("ns")).unwrap();
        symlink("/dev/null", path.join("fd/0")).unwrap();
        // Doubled, as by dup(2).
        symlink(format!("socket:[{}]", 7), path.join("fd/1")).unwrap();
        symlink(format!("socket:[{}]", 7), path.join("fd/2")).unwrap();
        for (number, inode) in sockets.iter().enumerate() {
            symlink(format!("socket:[{inode}]"), path.join(format!("fd/{}", number + 3))).unwrap();
        }
        symlink("net:[4026531840]", path.join("ns/net")).unwrap();
        symlink("/usr/sbin/a-very-long-server-name (deleted)", path.join("exe")).unwrap();
        fs::write(path.join("status"), "Name:\tx\nUid:\t7\t4242424242\t7\t7\n").unwrap();
        fs::write(path.join("cgroup"), "0::/system.slice/x.service\n").unwrap();
        fs::write(path.join("cmdline"), b"server\0--evil\x1b[2J\0\xff\0").unwrap();
    }

    fn look(&mut self, full: bool) -> usize {
        let (processes, holders) = (&mut self.processes, &mut self.holders);
        let jobs = processes.list(&self.procfs, &mut self.readers[0], holders, full).unwrap();
        let reports = examine_all(&self.procfs, &jobs, &mut self.readers, || {});
        processes.apply(reports, holders);
        jobs.len()
    }

    fn known(&self, pid: u32) -> Arc<Process> {
        Arc::clone(self.processes.get(pid).unwrap().process.as_ref().unwrap())
    }
}

#[test]
fn a_process_is_described_from_its_files() {
    let mut tree = Tree::new();
    tree.process(10, "init", 0, 5, &[]);
    tree.process(20, "a-very-long-ser", 10, 90, &[100, 101]);
    tree.stat(2, "kthreadd", 0, 0x20_0000, 1, 'S');
    tree.stat(30, "gone", 10, 0, 95, 'Z');
    fs::create_dir_all(tree.folder.path().join("sys")).unwrap();
    assert_eq!(tree.look(true), 2);
    let process = tree.known(20);
    assert_eq!(process.name.as_ref(), "a-very-long-server-name");
    assert_eq!(process.exe.as_deref(), Some("/usr/sbin/a-very-long-server-name"));
    assert_eq!(process.parent.unwrap(), tree.known(10).key);
    assert_eq!(process.cgroup.as_deref(), Some("/system.slice/x.service"));
    assert_eq!(process.user.as_ref().unwrap().id, 4_242_424_242);
    let arguments: Vec<&str> = process.arguments.iter().map(AsRef::as_ref).collect();
    assert_eq!(arguments, ["server", "--evil\u{fffd}[2J", "\u{fffd}"]);
    assert_eq!(tree.processes.get(20).unwrap().netns, Some(Netns::Known(4_026_531_840)));
    assert_eq!(tree.holders.of(100), [20]);
    assert_eq!(tree.holders.of(7), [10, 20]);
}

#[test]
fn only_what_changed_is_looked_into() {
    let mut tree = Tree::new();
    tree.process(10, "server", 0, 5, &[100]);
    assert_eq!(tree.look(true), 1);
    let before = tree.known(10);
    assert_eq!(tree.look(false), 0);
    assert_eq!(tree.look(true), 1);
    assert!(Arc::ptr_eq(&before, &tree.known(10)), "nothing new, nothing allocated");

    tree.stat(10, "renamed", 0, 0, 5, 'S');
    assert_eq!(tree.look(false), 1);
    assert_eq!(tree.known(10).name.as_ref(), "renamed");
    assert_eq!(tree.known(10).key, before.key);
}

#[test]
fn a_command_line_that_an_exec_hides_is_read_at_the_next_look() {
    let mut tree = Tree::new();
    tree.process(10, "server", 0, 5, &[]);
    tree.look(true);
    tree.stat(10, "sleep", 0, 0, 5, 'S');
    fs::write(tree.path(10).join("cmdline"), b"").unwrap();
    tree.look(false);
    assert!(tree.known(10).arguments.is_empty());
    // Without ptrace access `stat` shows no difference to the moment before.
    fs::write(tree.path(10).join("cmdline"), b"sleep\x00600\0").unwrap();
    assert_eq!(tree.look(false), 1);
    assert_eq!(tree.known(10).arguments.join(" "), "sleep 600");
    fs::write(tree.path(10).join("cmdline"), b"").unwrap();
    tree.stat(10, "nameless", 0, 0, 5, 'S');
    assert_eq!([tree.look(false), tree.look(false), tree.look(false)], [1, 1, 0]);
}

#[test]
fn a_reused_pid_is_another_process_and_an_ended_one_holds_nothing() {
    let mut tree = Tree::new();
    tree.process(10, "one", 0, 5, &[100]);
    tree.look(true);
    fs::remove_dir_all(tree.path(10)).unwrap();
    tree.process(10, "two", 0, 6, &[200]);
    tree.look(false);
    assert_eq!((tree.known(10).name.as_ref(), tree.known(10).key.started), ("two", 6));
    assert!(tree.holders.of(100).is_empty());
    assert_eq!(tree.holders.of(200), [10]);
    fs::remove_dir_all(tree.path(10)).unwrap();
    tree.look(false);
    assert!(tree.processes.get(10).is_none());
    assert!(tree.holders.of(200).is_empty());
}

#[test]
fn a_pid_that_is_reused_in_mid_scan_is_not_mixed_up() {
    let mut tree = Tree::new();
    tree.process(10, "one", 0, 5, &[100]);
    let (processes, holders) = (&mut tree.processes, &mut tree.holders);
    let jobs = processes.list(&tree.procfs, &mut tree.readers[0], holders, true).unwrap();
    fs::remove_dir_all(tree.folder.path().join("10")).unwrap();
    tree.process(10, "two", 0, 6, &[200]);
    let reports = examine_all(&tree.procfs, &jobs, &mut tree.readers, || {});
    tree.processes.apply(reports, &mut tree.holders);
    assert!(tree.processes.get(10).unwrap().process.is_none());
    assert!(tree.holders.of(200).is_empty());
    tree.look(false);
    assert_eq!(tree.known(10).name.as_ref(), "two");
}

#[test]
fn files_that_are_missing_leave_a_bare_process() {
    let mut tree = Tree::new();
    tree.stat(10, "bare", 0, 0, 5, 'S');
    fs::write(tree.path(10).join("stat"), "10 (bare) S 0 0 0 0 -1 0 0 0 0 0 0 0 0 0 0 0 0 0 5 0\n")
        .unwrap();
    fs::create_dir_all(tree.path(11)).unwrap();
    fs::write(tree.path(11).join("stat"), b"\xff\xff").unwrap();
    assert_eq!(tree.look(true), 1);
    let process = tree.known(10);
    assert_eq!(
        (process.name.as_ref(), process.exe.as_deref(), process.user.as_ref()),
        ("bare", None, None)
    );
}

#[test]
fn many_processes_are_shared_among_threads() {
    let mut tree = Tree::new();
    for pid in 1..=100 {
        tree.process(pid, "worker", 1, u64::from(pid), &[1000 + u64::from(pid)]);
    }
    assert_eq!(tree.look(true), 100);
    for pid in 1..=100 {
        assert_eq!(tree.holders.of(1000 + u64::from(pid)), [pid]);
    }
    assert_eq!(tree.holders.of(7).len(), 100);
}

#[test]
fn containers_and_units_are_told_and_a_name_found_later_reaches_all_of_a_container() {
    const ID: &str = "9ec39b91f3d70e1beff50a308f77067065ea6be0d91a3378375056cd4422cf3d";
    let mut tree = Tree::new();
    let machine = tempfile::tempdir().unwrap();
    tree.processes.memberships = Memberships::new(ContainerNames::at(machine.path(), None));
    tree.process(9, "server", 0, 4, &[]);
    for pid in [10, 20] {
        tree.process(pid, "server", 0, 5, &[]);
        let text = format!("0::/system.slice/docker-{ID}.scope\n");
        fs::write(tree.path(pid).join("cgroup"), text).unwrap();
    }
    tree.look(true);
    assert_eq!(tree.known(9).unit.as_ref().unwrap().name.as_ref(), "x.service");
    assert_eq!(tree.known(9).container, None);
    let label = |tree: &Tree, pid| tree.known(pid).container.as_ref().unwrap().label().to_owned();
    assert_eq!(label(&tree, 10), "9ec39b91f3d7");
    assert_eq!(tree.known(20).unit.as_ref().unwrap().label(), "docker-9ec39b91f3d7.scope");

    let folder = machine.path().join("var/lib/docker/containers").join(ID);
    fs::create_dir_all(&folder).unwrap();
    fs::write(folder.join("config.v2.json"), r#"{"Name":"/web"}"#).unwrap();
    // Only one of the two is looked into again.
    tree.stat(10, "renamed", 0, 0, 5, 'S');
    assert_eq!(tree.look(false), 1);
    assert_eq!((label(&tree, 10), label(&tree, 20)), ("web".to_owned(), "web".to_owned()));
    let of = |tree: &Tree, pid| tree.known(pid).container.clone().unwrap();
    assert!(Arc::ptr_eq(&of(&tree, 10), &of(&tree, 20)), "all share one container");
}
