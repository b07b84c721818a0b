//! Gives the kernel back what a burst of events needed. The allocator keeps freed memory for later,
//! and what one thread freed for another for ever: after the first look at a busy machine that is
//! more than all that stays in use.

use std::time::{Duration, Instant};

use procnet_core::{Batch, Event};

/// A batch of at least so many events is a burst.
const BURST: usize = 8192;
/// By then whoever was told of a burst is done with it; and no more often, for it takes a while.
const AFTER: Duration = Duration::from_secs(5);

/// Remembers that there is something to give back.
#[derive(Debug, Default)]
pub(super) struct Slack {
    due: Option<Instant>,
}

impl Slack {
    /// Takes note of a batch that is told now.
    pub(super) fn note(&mut self, batch: &Batch, now: Instant) {
        let whole = matches!(batch.events.first(), Some(Event::Resync));
        if self.due.is_none() && (whole || batch.events.len() >= BURST) {
            self.due = now.checked_add(AFTER);
        }
    }

    /// Gives it back, if it is time to.
    pub(super) fn give_back(&mut self, now: Instant) {
        if self.due.is_some_and(|due| due <= now) {
            self.due = None;
            give_back_memory();
        }
    }
}

/// Gives the system back what is freed and kept. Other C libraries give back by themselves.
#[cfg(target_env = "gnu")]
#[expect(unsafe_code, reason = "nobody offers a safe malloc_trim")]
pub fn give_back_memory() {
    // SAFETY: malloc_trim(3) takes no pointer, may be called at any time by any thread, and returns
    // to the kernel only pages that hold nothing allocated.
    unsafe {
        nix::libc::malloc_trim(0);
    }
}

/// Other C libraries give back by themselves.
#[cfg(not(target_env = "gnu"))]
pub fn give_back_memory() {}

#[cfg(test)]
mod tests {
    use procnet_core::{HostId, ProcessKey, Timestamp};

    use super::*;

    fn batch(events: Vec<Event>) -> Batch {
        Batch { host: HostId::LOCAL, sequence: 1, at: Timestamp::default(), events }
    }

    #[test]
    fn a_burst_is_followed_by_one_giving_back_once_it_was_told() {
        let now = Instant::now();
        let exited = ProcessKey { host: HostId::LOCAL, pid: 1, started: 1 };
        let mut slack = Slack::default();
        slack.note(&batch(vec![Event::ProcessExited(exited); BURST - 1]), now);
        assert_eq!(slack.due, None);
        slack.note(&batch(vec![Event::ProcessExited(exited); BURST]), now);
        assert_eq!(slack.due, Some(now + AFTER));
        slack.note(&batch(vec![Event::Resync]), now + AFTER / 2);
        slack.give_back(now + AFTER / 2);
        assert_eq!(slack.due, Some(now + AFTER), "however often it is told");
        slack.give_back(now + AFTER);
        assert_eq!(slack.due, None);
        slack.note(&batch(vec![Event::Resync]), now);
        assert!(slack.due.is_some(), "a whole truth may be a burst of what it replaced");
    }
}
