//! The bounded queue between a source and the engine.
//!
//! It never blocks the source and never grows without limit: when it is full, a batch is
//! dropped and counted, and the engine gets a `Gap` in its place. Whoever pushes learns of it and
//! asks its source for the whole truth.

use std::collections::VecDeque;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use procnet_core::{Batch, Event, GapReason};

/// Most events that wait: some 100 MB if all of them open sockets.
pub(crate) const CAPACITY: usize = 500_000;
/// Most events of small batches that are taken out together: the views are brought up to date once
/// for all of them, and readers wait no longer than for one batch of that size.
const AT_ONCE: usize = 10_000;
/// Most degradations that are kept of batches that were dropped.
const KEPT_DEGRADATIONS: usize = 64;

/// What became of a batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Pushed {
    /// It waits for the engine.
    Queued,
    /// It was dropped: the source should tell everything anew.
    Dropped,
}

/// The queue. Shared by reference between the two threads.
#[derive(Debug)]
pub(crate) struct Inbox {
    capacity: usize,
    state: Mutex<State>,
    arrived: Condvar,
}

#[derive(Debug, Default)]
struct State {
    batches: VecDeque<Batch>,
    events: usize,
    /// What stands for the batches that were dropped since the last one that was not.
    dropped: Option<Batch>,
}

impl Inbox {
    /// A queue for that many events; a single larger batch passes if nothing else waits.
    pub(crate) fn new(capacity: usize) -> Self {
        Self { capacity, state: Mutex::new(State::default()), arrived: Condvar::new() }
    }

    /// Puts a batch in, or drops it.
    pub(crate) fn push(&self, batch: Batch) -> Pushed {
        let mut state = self.lock();
        let fits = state.batches.is_empty() || state.events + batch.events.len() <= self.capacity;
        if !fits {
            match &mut state.dropped {
                Some(dropped) => merge(dropped, batch),
                none => *none = Some(remains(batch)),
            }
            return Pushed::Dropped;
        }
        if let Some(dropped) = state.dropped.take() {
            state.events += dropped.events.len();
            state.batches.push_back(dropped);
        }
        state.events += batch.events.len();
        state.batches.push_back(batch);
        self.arrived.notify_one();
        Pushed::Queued
    }

    /// Takes the oldest batches out, one large one or several small ones; waits that long for the
    /// first. None came if there is none.
    pub(crate) fn pop(&self, longest: Duration) -> Vec<Batch> {
        let (mut state, _) = self
            .arrived
            .wait_timeout_while(self.lock(), longest, |state| {
                state.batches.is_empty() && state.dropped.is_none()
            })
            .unwrap_or_else(PoisonError::into_inner);
        let mut taken = Vec::new();
        let mut events = 0;
        while let Some(next) = state.batches.front()
            && (taken.is_empty() || events + next.events.len() <= AT_ONCE)
        {
            events += next.events.len();
            taken.extend(state.batches.pop_front());
        }
        state.events -= events;
        if taken.is_empty() {
            taken.extend(state.dropped.take());
        }
        taken
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What is left of a dropped batch: the gap, and what no snapshot would tell again. It keeps the
/// sequence number of the first, so that the engine sees one gap and not also a jump.
fn remains(batch: Batch) -> Batch {
    let lost = u64::try_from(batch.events.len()).unwrap_or(u64::MAX);
    let mut events = vec![Event::Gap { lost, reason: GapReason::InboxFull }];
    events.extend(batch.events.into_iter().filter(Event::is_lasting).take(KEPT_DEGRADATIONS));
    Batch { events, ..batch }
}

fn merge(dropped: &mut Batch, batch: Batch) {
    dropped.at = batch.at;
    let more = u64::try_from(batch.events.len()).unwrap_or(u64::MAX);
    if let Some(Event::Gap { lost, .. }) = dropped.events.first_mut() {
        *lost = lost.saturating_add(more);
    }
    for event in batch.events.into_iter().filter(Event::is_lasting) {
        // The newest word about each thing is the one that counts.
        dropped.events.retain(|known| match (known, &event) {
            (Event::Capabilities(_), Event::Capabilities(_)) => false,
            (Event::Degraded(known), Event::Degraded(new)) => known.id != new.id,
            _ => true,
        });
        if dropped.events.len() <= KEPT_DEGRADATIONS {
            dropped.events.push(event);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use procnet_core::{Degradation, HostId, ProcessKey, Timestamp};

    use super::*;

    fn exits(sequence: u64, count: u32) -> Batch {
        let key = |pid| ProcessKey { host: HostId::LOCAL, pid, started: 0 };
        let events = (0..count).map(|pid| Event::ProcessExited(key(pid))).collect();
        Batch { host: HostId::LOCAL, sequence, at: Timestamp::default(), events }
    }

    fn degraded(id: &'static str, count: u64) -> Event {
        Event::Degraded(Degradation { id, message: Arc::from("why"), count })
    }

    fn drain(inbox: &Inbox) -> Vec<Batch> {
        std::iter::from_fn(|| Some(inbox.pop(Duration::ZERO)).filter(|taken| !taken.is_empty()))
            .flatten()
            .collect()
    }

    #[test]
    fn batches_come_out_as_they_went_in() {
        let inbox = Inbox::new(10);
        assert_eq!(inbox.push(exits(1, 3)), Pushed::Queued);
        assert_eq!(inbox.push(exits(2, 7)), Pushed::Queued);
        assert_eq!(drain(&inbox), [exits(1, 3), exits(2, 7)]);
        assert_eq!(inbox.pop(Duration::ZERO), []);
    }

    #[test]
    fn small_batches_come_out_together_and_a_large_one_alone() {
        let many = u32::try_from(AT_ONCE).unwrap();
        let inbox = Inbox::new(10 * AT_ONCE);
        for (sequence, count) in [(1, 1), (2, 2), (3, many), (4, 1)] {
            inbox.push(exits(sequence, count));
        }
        let taken = |batches: Vec<Batch>| batches.iter().map(|b| b.sequence).collect::<Vec<_>>();
        assert_eq!(taken(inbox.pop(Duration::ZERO)), [1, 2]);
        assert_eq!(taken(inbox.pop(Duration::ZERO)), [3]);
        assert_eq!(taken(inbox.pop(Duration::ZERO)), [4]);
        assert_eq!(inbox.push(exits(5, 10 * many)), Pushed::Queued, "nothing is left in it");
    }

    #[test]
    fn a_full_inbox_drops_counts_and_says_so_in_order() {
        let inbox = Inbox::new(10);
        inbox.push(exits(1, 8));
        assert_eq!(inbox.push(exits(2, 3)), Pushed::Dropped);
        assert_eq!(inbox.push(exits(3, 4)), Pushed::Dropped);
        assert_eq!(inbox.pop(Duration::ZERO), [exits(1, 8)]);
        assert_eq!(inbox.push(exits(4, 1)), Pushed::Queued);
        let out = drain(&inbox);
        assert_eq!(out.len(), 2);
        assert_eq!(out[0].sequence, 2);
        assert_eq!(out[0].events, [Event::Gap { lost: 7, reason: GapReason::InboxFull }]);
        assert_eq!(out[1], exits(4, 1));
    }

    #[test]
    fn the_gap_comes_out_even_if_nothing_follows() {
        let inbox = Inbox::new(1);
        inbox.push(exits(1, 1));
        inbox.push(exits(2, 1));
        assert_eq!(drain(&inbox).len(), 2);
    }

    #[test]
    fn one_batch_larger_than_the_inbox_passes() {
        let inbox = Inbox::new(10);
        assert_eq!(inbox.push(exits(1, 100)), Pushed::Queued);
        assert_eq!(inbox.push(exits(2, 1)), Pushed::Dropped);
    }

    #[test]
    fn what_no_snapshot_repeats_survives_a_drop() {
        let inbox = Inbox::new(1);
        inbox.push(exits(1, 1));
        for count in [3, 0] {
            let mut batch = exits(2, 5);
            batch.events.push(degraded("owners-hidden", count));
            inbox.push(batch);
        }
        let out = drain(&inbox);
        let gap = Event::Gap { lost: 12, reason: GapReason::InboxFull };
        assert_eq!(out[1].events, [gap, degraded("owners-hidden", 0)]);
    }
}
