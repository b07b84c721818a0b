//! How often a machine is looked at: never so often that looking is what it does most.

use std::time::{Duration, Instant};

/// When to look again after a look that began then and has just ended: an interval after it began,
/// but not before a rest as long as it took.
pub(crate) fn next_look(began: Instant, interval: Duration) -> Instant {
    let ended = Instant::now();
    let took = ended.saturating_duration_since(began);
    ended + interval.saturating_sub(took).max(took)
}

#[cfg(test)]
mod tests {
    use super::*;

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
}
