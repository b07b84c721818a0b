//! How often something is done that costs more the more there is.

use std::time::{Duration, Instant};

/// Not more often than this.
const SHORTEST: Duration = Duration::from_millis(250);
/// It may take one part in so many of the time.
const DUTY: u32 = 50;

/// Keeps a pace that costs at most one part in [`DUTY`] of a core.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Pace {
    began: Option<Instant>,
    interval: Duration,
}

impl Pace {
    /// Whether it is time to begin again.
    pub(super) fn is_due(&self, now: Instant) -> bool {
        self.began.is_none_or(|began| now.saturating_duration_since(began) >= self.interval)
    }

    /// It begins.
    pub(super) fn begins(&mut self, now: Instant) {
        self.began = Some(now);
        self.interval = SHORTEST;
    }

    /// What has begun took so long.
    pub(super) fn took(&mut self, took: Duration) {
        self.interval = took.saturating_mul(DUTY).max(SHORTEST);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn interval(took: Duration) -> Duration {
        let mut pace = Pace::default();
        pace.begins(Instant::now());
        pace.took(took);
        pace.interval
    }

    #[test]
    fn what_costs_little_is_done_four_times_a_second() {
        assert_eq!(interval(Duration::ZERO), SHORTEST);
        assert_eq!(interval(Duration::from_millis(5)), SHORTEST);
    }

    #[test]
    fn what_costs_much_is_done_seldom() {
        assert_eq!(interval(Duration::from_millis(40)), Duration::from_secs(2));
        assert_eq!(interval(Duration::from_secs(1)), Duration::from_secs(50));
        assert_eq!(interval(Duration::MAX), Duration::MAX);
    }

    #[test]
    fn it_is_done_at_once_and_then_not_too_soon() {
        let mut pace = Pace::default();
        let now = Instant::now();
        assert!(pace.is_due(now));
        pace.begins(now);
        assert!(!pace.is_due(now));
        pace.took(Duration::from_millis(40));
        assert!(!pace.is_due(now + Duration::from_millis(1999)));
        assert!(pace.is_due(now + Duration::from_secs(2)));
    }
}
