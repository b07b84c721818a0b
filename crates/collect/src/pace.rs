//! How often a machine is looked at: never so often that looking is what it does most.

use std::time::{Duration, Instant};

use procnet_core::Batch;

use crate::CollectError;

/// When to look again after a look that began then and has just ended: an interval after it began,
/// but not before a rest as long as it took.
pub fn next_look(began: Instant, interval: Duration) -> Instant {
    let ended = Instant::now();
    let took = ended.saturating_duration_since(began);
    ended + interval.saturating_sub(took).max(took)
}

/// When a machine that tells of no events is looked at.
#[derive(Debug)]
pub struct Looks {
    interval: Duration,
    /// When the next is due.
    pub next: Instant,
}

impl Looks {
    /// The first is due.
    pub fn new(interval: Duration) -> Self {
        Self { interval, next: Instant::now() }
    }

    /// Looks if it is time to.
    pub fn look(
        &mut self,
        look: impl FnOnce() -> Result<Batch, CollectError>,
    ) -> Result<Option<Batch>, CollectError> {
        let began = Instant::now();
        if began < self.next {
            return Ok(None);
        }
        let batch = look();
        self.next = next_look(began, self.interval);
        batch.map(Some)
    }
}

/// What has something to tell from time to time.
pub trait Source {
    /// When asking again is worth it.
    fn next_poll(&self) -> Instant;

    /// What happened since the last call, at once. `None` if nothing did.
    fn poll(&mut self) -> Result<Option<Batch>, CollectError>;
}

/// Waits until the source has something to tell, but no longer than that.
pub fn wait(source: &mut impl Source, longest: Duration) -> Result<Option<Batch>, CollectError> {
    let end = Instant::now() + longest;
    loop {
        let next = source.next_poll();
        std::thread::sleep(next.min(end).saturating_duration_since(Instant::now()));
        if next > end {
            return Ok(None);
        }
        if let Some(batch) = source.poll()? {
            return Ok(Some(batch));
        }
    }
}

#[cfg(test)]
mod tests {
    use procnet_core::{HostId, Timestamp};

    use super::*;

    fn batch() -> Batch {
        Batch { host: HostId::LOCAL, sequence: 1, at: Timestamp::default(), events: Vec::new() }
    }

    #[test]
    fn a_look_that_takes_long_is_followed_by_as_long_a_rest() {
        let interval = Duration::from_secs(1);
        for took in [Duration::ZERO, Duration::from_millis(400), Duration::from_secs(7)] {
            let Some(began) = Instant::now().checked_sub(took) else { continue };
            let next = next_look(began, interval);
            let rest = next.saturating_duration_since(began) - took;
            assert!(rest >= took && next >= began + interval, "{took:?}: {rest:?}");
        }
    }

    #[test]
    fn looks_come_when_they_are_due_even_after_one_that_failed() {
        let mut looks = Looks::new(Duration::from_secs(3600));
        let failure = || Err(CollectError::Unsupported { os: "this" });
        assert!(looks.look(failure).is_err());
        assert!(looks.look(|| unreachable!("it is not due for an hour")).unwrap().is_none());
        looks.next = Instant::now();
        assert!(looks.look(|| Ok(batch())).unwrap().is_some());
        assert!(looks.look(|| unreachable!("it is not due for an hour")).unwrap().is_none());
    }

    /// Tells something when it is asked for the last time that it has a time for.
    struct Script {
        times: Vec<Instant>,
        polled: usize,
    }

    impl Source for Script {
        fn next_poll(&self) -> Instant {
            self.times[self.polled]
        }

        fn poll(&mut self) -> Result<Option<Batch>, CollectError> {
            assert!(Instant::now() >= self.times[self.polled], "it was asked too early");
            self.polled += 1;
            Ok((self.polled == self.times.len()).then(batch))
        }
    }

    #[test]
    fn it_is_asked_when_it_says_so_until_it_tells_something() {
        let now = Instant::now();
        let times = vec![now, now + Duration::from_millis(3), now + Duration::from_millis(5)];
        let mut script = Script { times, polled: 0 };
        assert!(wait(&mut script, Duration::from_secs(3600)).unwrap().is_some());
        assert_eq!(script.polled, 3);
    }

    #[test]
    fn nobody_is_asked_after_the_longest_time_to_wait() {
        let now = Instant::now();
        let times = vec![now, now + Duration::from_secs(3600)];
        let mut script = Script { times, polled: 0 };
        assert!(wait(&mut script, Duration::from_millis(2)).unwrap().is_none());
        assert_eq!(script.polled, 1);
    }
}
