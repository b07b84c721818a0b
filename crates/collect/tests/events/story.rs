//! What a collector tells, folded into a story that a test can wait for.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use procnet_collect::{CollectOptions, Collector, CollectorKind, host_facts};
use procnet_core::{Batch, Counters, Event, Socket, SocketKey};

use crate::common::{self, World};

/// No condition is waited for longer.
const PATIENCE: Duration = Duration::from_secs(60);

pub(crate) fn collector() -> Option<Collector> {
    let root = host_facts().uid == 0;
    common::unless(root, "root, for events from the kernel");
    if !root {
        return None;
    }
    let options = CollectOptions { kind: CollectorKind::Events, ..CollectOptions::default() };
    Some(Collector::new(options).expect("this kernel tells of events"))
}

/// All that was told of each socket, and who was told of.
#[derive(Default)]
pub(crate) struct Story {
    pub(crate) world: World,
    pub(crate) opened: BTreeMap<SocketKey, Socket>,
    pub(crate) closed: BTreeMap<SocketKey, Option<Counters>>,
    pub(crate) lost: u64,
    /// The ports of the test's servers.
    pub(crate) ports: Vec<u16>,
    /// How many ends of their connections were told from opening to closing, by an event each.
    pub(crate) told: usize,
}

impl Story {
    pub(crate) fn apply(&mut self, batch: Batch) {
        for event in &batch.events {
            match event {
                Event::SocketOpened(socket) => {
                    drop(self.opened.insert(socket.key, (**socket).clone()));
                }
                Event::SocketClosed { key, totals } => {
                    self.closed.insert(*key, *totals);
                    let ends = self.opened.get(key).is_some_and(|socket| {
                        let ports = [Some(socket.local.port), socket.remote.map(|to| to.port)];
                        socket.role.is_some()
                            && ports.into_iter().flatten().any(|port| self.ports.contains(&port))
                    });
                    self.told += usize::from(ends && totals.is_some());
                }
                Event::Gap { lost, .. } => self.lost += lost,
                _ => {}
            }
        }
        self.world.apply(batch);
    }

    /// Follows until `done`, which is asked after each batch and each quiet frame.
    pub(crate) fn follow(
        &mut self,
        collector: &mut Collector,
        mut done: impl FnMut(&Self) -> bool,
    ) -> bool {
        let end = Instant::now() + PATIENCE;
        while Instant::now() < end {
            if let Some(batch) = collector.next(Duration::from_millis(20)).expect("it collects") {
                self.apply(batch);
            }
            if done(self) {
                return true;
            }
        }
        false
    }
}

/// Lets the first snapshot pass.
pub(crate) fn settled(collector: &mut Collector) -> Story {
    let mut story = Story::default();
    let me = std::process::id();
    collector.request_resync();
    assert!(story.follow(collector, |story| story.world.has_process(me)));
    story
}
