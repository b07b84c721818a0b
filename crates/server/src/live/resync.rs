//! Whether everything is to be told anew: the map was, and knows nothing.

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use super::locked;

/// A wish that is granted by asking the source.
#[derive(Clone, Debug, Default)]
pub struct ResyncWish(Arc<Mutex<Option<Instant>>>);

impl ResyncWish {
    /// True once for each wish, when its time has come.
    pub fn take(&self) -> bool {
        locked(&self.0).take_if(|due| *due <= Instant::now()).is_some()
    }

    /// Wishes for it, so much later. A later wish takes the place of one that is not granted yet.
    pub(super) fn ask(&self, later: Duration) {
        *locked(&self.0) = Some(Instant::now() + later);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wish_is_granted_once_and_not_before_its_time() {
        let wish = ResyncWish::default();
        let collector = wish.clone();
        assert!(!collector.take());
        wish.ask(Duration::ZERO);
        assert!(collector.take() && !collector.take());
        wish.ask(Duration::from_secs(3600));
        assert!(!collector.take());
    }
}
