//! Whether anybody wants to see UNIX sockets: nobody is to pay for them unasked.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// A wish that whoever asks renews, and that ends by itself.
#[derive(Clone, Debug)]
pub struct UnixWish(Arc<Wish>);

#[derive(Debug)]
struct Wish {
    always: bool,
    /// Until when, in milliseconds since `began`; 0 for never asked.
    until: AtomicU64,
    began: Instant,
}

impl UnixWish {
    pub(super) fn new(always: bool) -> Self {
        let (until, began) = (AtomicU64::new(0), Instant::now());
        Self(Arc::new(Wish { always, until, began }))
    }

    /// True if they are to be collected now.
    pub fn get(&self) -> bool {
        self.0.always || self.now() < self.0.until.load(Ordering::Relaxed)
    }

    /// Wishes for them for so long from now on.
    pub(super) fn ask(&self, lasting: Duration) {
        let lasting = u64::try_from(lasting.as_millis()).unwrap_or(u64::MAX);
        self.0.until.fetch_max(self.now().saturating_add(lasting), Ordering::Relaxed);
    }

    fn now(&self) -> u64 {
        u64::try_from(self.0.began.elapsed().as_millis()).unwrap_or(u64::MAX)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wish_is_for_whoever_asks_and_ends_by_itself() {
        let wish = UnixWish::new(false);
        let collector = wish.clone();
        assert!(!collector.get());
        wish.ask(Duration::from_secs(3600));
        assert!(collector.get());
        // A shorter wish does not end a longer one.
        wish.ask(Duration::ZERO);
        assert!(collector.get());
        let short = UnixWish::new(false);
        short.ask(Duration::ZERO);
        assert!(!short.get());
        assert!(UnixWish::new(true).get());
    }
}
