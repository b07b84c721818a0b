//! Processes that come and go.

use std::process::Command;
use std::sync::Arc;
use std::time::{Duration, Instant};

use procnet_collect::Collector;
use procnet_core::{Event, Process, ProcessKey};

use crate::story::{PATIENCE, Story, collector};

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

/// What is told of a process that ends at once: how it was told last, its ends, and the number of
/// records that were lost meanwhile.
fn a_moment(collector: &mut Collector) -> (Option<Arc<Process>>, Vec<ProcessKey>, u64) {
    let (mut last, mut exits, mut lost) = (None, Vec::new(), 0);
    let mut short = Command::new("true").spawn().expect("the child starts");
    let pid = short.id();
    short.wait().expect("the child ends");
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
