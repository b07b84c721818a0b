//! How often something is done that costs more the more there is.

use std::time::{Duration, Instant};

/// Not more often than this.
const SHORTEST: Duration = Duration::from_millis(250);
/// It may take one part in so many of the time.
const DUTY: u32 = 50;

/// Keeps a pace that costs at most one part in [`DUTY`] of a core.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Pace {
    next: Option<Instant>,
}

impl Pace {
    /// Does it, if it is time to.
    pub(super) fn keep(&mut self, doing: impl FnOnce()) {
        let begin = Instant::now();
        if self.next.is_some_and(|next| begin < next) {
            return;
        }
        doing();
        self.next = begin.checked_add(interval(begin.elapsed()));
    }
}

/// From one beginning to the next, of what takes so long.
fn interval(took: Duration) -> Duration {
    took.saturating_mul(DUTY).max(SHORTEST)
}

#[cfg(test)]
mod tests {
    use super::*;

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
        let mut done = 0;
        pace.keep(|| done += 1);
        assert_eq!(done, 1);
        let mut soon = Pace { next: Instant::now().checked_add(Duration::from_secs(3600)) };
        soon.keep(|| done += 1);
        assert_eq!(done, 1);
    }
}
