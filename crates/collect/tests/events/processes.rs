//! Processes that come and go.

use std::io::{BufRead, BufReader, Write};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use procnet_collect::Collector;
use procnet_core::{Event, Process, ProcessKey};

use crate::common;
use crate::control_group::ControlGroup;
use crate::story::{PATIENCE, Story, collector, collector_between_snapshots};

/// A machine under such a load that records are lost each time is no place for this test.
const ATTEMPTS: usize = 10;

#[test]
fn a_process_that_lives_for_a_moment_is_told_with_its_parent() {
    let Some(mut collector) = collector() else { return };
    let mut story = Story::default();
    story.follow(&mut collector, |story| !story.world.processes.is_empty());
    // If records are lost, which has nothing to do with it, it may be among them.
    for _ in 0..ATTEMPTS {
        let (process, exits, lost) = a_moment(&mut collector);
        if lost > 0 {
            continue;
        }
        let process = process.expect("it was told");
        assert_eq!(process.name.as_ref(), "true");
        assert_eq!(process.parent.map(|parent| parent.pid), Some(std::process::id()));
        assert_eq!(process.user.as_ref().map(|user| user.id), Some(0));
        assert_eq!(exits, [process.key]);
        return;
    }
    panic!("records were lost in each of {ATTEMPTS} attempts");
}

#[test]
fn a_process_that_lives_for_a_moment_is_told_in_the_container_of_its_parent() {
    let Some(mut collector) = collector() else { return };
    let groups = ControlGroup::new();
    common::unless(groups.is_some(), "a cgroup2 that is mounted where this user may write");
    let Some(mut groups) = groups else { return };
    let id = "9ec39b91f3d70e1beff50a308f77067065ea6be0d91a3378375056cd4422cf3d";
    let unit = format!("docker-{id}.scope");
    let mut shell = Command::new("sh")
        .args(["-c", r#"echo $$ > "$0"; echo; while read _; do env true & wait; echo $!; done"#])
        .arg(groups.make(&unit).join("cgroup.procs"))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("the shell starts");
    let mut orders = shell.stdin.take().expect("stdin is a pipe");
    let mut answers = BufReader::new(shell.stdout.take().expect("stdout is a pipe"));
    // Once it is there, it is looked into.
    answers.read_line(&mut String::new()).expect("the shell says that it joined");
    let mut story = Story::default();
    story.follow(&mut collector, |story| story.world.has_process(shell.id()));
    for _ in 0..ATTEMPTS {
        writeln!(orders).expect("the shell reads");
        let mut line = String::new();
        answers.read_line(&mut line).expect("the shell answers");
        let pid: u32 = line.trim().parse().expect("it tells its child's pid");
        // By now the child is gone, and only the kernel's records tell of it.
        let (process, _, lost) = until_exit(&mut collector, pid);
        if lost > 0 {
            continue;
        }
        let process = process.expect("it was told");
        assert!(process.arguments.is_empty(), "nobody could look into it");
        assert_eq!(process.container.as_ref().map(|container| &*container.id), Some(id));
        assert_eq!(process.unit.as_ref().map(|unit| &*unit.name), Some(&*unit));
        assert!(process.cgroup.as_ref().is_some_and(|path| path.ends_with(&unit)));
        drop(orders);
        shell.wait().expect("the shell ends");
        return;
    }
    panic!("records were lost in each of {ATTEMPTS} attempts");
}

#[test]
fn a_process_that_renames_itself_is_told_by_its_new_name_before_the_next_snapshot() {
    let Some(mut collector) = collector_between_snapshots() else { return };
    let mut shell = Command::new("sh")
        .args(["-c", r#"while read name; do printf %s "$name" > /proc/$$/comm; done"#])
        .stdin(Stdio::piped())
        .spawn()
        .expect("the shell starts");
    let mut orders = shell.stdin.take().expect("stdin is a pipe");
    let mut story = Story::default();
    let known = |story: &Story| story.world.has_process(shell.id());
    assert!(story.follow(&mut collector, known), "it is told");
    writeln!(orders, "another name").expect("the shell reads");
    let process = |story: &Story| story.world.process(shell.id());
    let renamed = |story: &Story| &*process(story).name == "another name";
    assert!(story.follow(&mut collector, renamed), "{:?}", process(&story));
    assert!(process(&story).exe.is_some() && process(&story).arguments.len() == 3);
    // Nobody may be in time to look into it again.
    writeln!(orders, "last name").expect("the shell reads");
    drop(orders);
    shell.wait().expect("the shell ends");
    let (last, _, lost) = until_exit(&mut collector, shell.id());
    if lost > 0 {
        return; // Which has nothing to do with it.
    }
    let last = last.expect("it is told by its last name");
    assert_eq!((&*last.name, last.arguments.len()), ("last name", 3));
}

/// What is told of a process that ends at once: how it was told last, its ends, and the number of
/// records that were lost meanwhile.
fn a_moment(collector: &mut Collector) -> (Option<Arc<Process>>, Vec<ProcessKey>, u64) {
    let mut short = Command::new("true").spawn().expect("the child starts");
    short.wait().expect("the child ends");
    until_exit(collector, short.id())
}

/// What is told of a process until its end is, or a loss of records.
fn until_exit(collector: &mut Collector, pid: u32) -> (Option<Arc<Process>>, Vec<ProcessKey>, u64) {
    let (mut last, mut exits, mut lost) = (None, Vec::new(), 0);
    let end = Instant::now() + PATIENCE;
    while exits.is_empty() && lost == 0 && Instant::now() < end {
        let next = collector.next(Duration::from_millis(20)).expect("it collects");
        for event in next.into_iter().flat_map(|batch| batch.events) {
            match event {
                Event::ProcessStarted(process) if process.key.pid == pid => last = Some(process),
                Event::ProcessExited(key) if key.pid == pid => exits.push(key),
                Event::Gap { lost: more, .. } => lost += more,
                _ => {}
            }
        }
    }
    (last, exits, lost)
}
