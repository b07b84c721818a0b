//! Processes that come and go.

use std::process::Command;
use std::time::Duration;

use procnet_core::{Event, Process};

use crate::story::{Story, collector};

#[test]
fn a_process_that_lives_for_a_moment_is_told_with_its_parent() {
    let Some(mut collector) = collector() else { return };
    let mut story = Story::default();
    story.follow(&mut collector, |story| !story.world.processes.is_empty());
    let mut starts: Vec<std::sync::Arc<Process>> = Vec::new();
    let mut exits = Vec::new();
    let mut short = Command::new("true").spawn().expect("the child starts");
    let pid = short.id();
    short.wait().expect("the child ends");
    for _ in 0..500 {
        let Some(batch) = collector.next(Duration::from_millis(20)).unwrap() else { continue };
        for event in batch.events {
            match event {
                Event::ProcessStarted(process) if process.key.pid == pid => starts.push(process),
                Event::ProcessExited(key) if key.pid == pid => exits.push(key),
                _ => {}
            }
        }
        if !exits.is_empty() {
            break;
        }
    }
    let process = starts.last().expect("it was told");
    assert_eq!(process.name.as_ref(), "true");
    assert_eq!(process.parent.map(|parent| parent.pid), Some(std::process::id()));
    assert_eq!(process.user.as_ref().map(|user| user.id), Some(0));
    assert_eq!(exits, [process.key]);
}
