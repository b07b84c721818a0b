//! What is seen with less than all privileges.

use std::io::BufReader;
use std::process::{Command, Stdio};
use std::time::Duration;

use procnet_collect::{CollectOptions, Collector, CollectorKind};
use procnet_core::Event;

use crate::common::Child;
use crate::story::collector;
use crate::workload::told;

#[test]
#[ignore = "a child of the other tests"]
fn tell_what_can_be_seen() {
    let mut collector = Collector::new(CollectOptions::default()).unwrap();
    let first = collector.next(Duration::from_secs(10)).unwrap().expect("the whole truth");
    assert_eq!(first.events.first(), Some(&Event::Resync));
    let events = collector.capabilities().iter().find(|c| c.id == "kernel-events").unwrap();
    println!(
        "seen: {:?} {:?} {} for more: {}",
        collector.kind(),
        events.state,
        events.reason,
        events.remedy.as_deref().unwrap_or("nothing")
    );
    let options = CollectOptions { kind: CollectorKind::Events, ..CollectOptions::default() };
    println!("insisted: {}", Collector::new(options).map_or("refused", |_| "granted"));
}

/// What a child without these capabilities sees.
fn without(capabilities: &str) -> (String, String) {
    let program = std::env::current_exe().expect("this program has a path");
    let mut command = Command::new("setpriv");
    command
        .args(["--bounding-set", capabilities, "--inh-caps", "-all"])
        .arg(program)
        .args(["--exact", "rungs::tell_what_can_be_seen", "--ignored", "--nocapture"])
        .stdin(Stdio::null())
        .stdout(Stdio::piped());
    let mut child = Child::spawn(&mut command);
    let mut output = BufReader::new(child.take_output());
    (told(&mut output, "seen: "), told(&mut output, "insisted: "))
}

#[test]
fn each_rung_of_privilege_sees_what_it_may_and_says_what_is_missing() {
    if collector().is_none() {
        return;
    }
    let (all, insisted) = without("+all");
    assert!(all.starts_with("Events Full") && all.ends_with("for more: nothing"), "{all}");
    assert_eq!(insisted, "granted");

    let (some, insisted) = without("-net_admin,-sys_admin");
    assert!(some.starts_with("Events Partial") && some.contains("cap_net_admin"), "{some}");
    assert!(some.contains("who accepts a connection"), "{some}");
    assert_eq!(insisted, "granted");

    let (none, insisted) = without("-bpf,-perfmon,-net_admin,-sys_admin");
    assert!(none.starts_with("Scan Missing") && none.contains("setcap cap_"), "{none}");
    assert_eq!(insisted, "refused");
}
