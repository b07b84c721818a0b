//! What a session of event tracing is to the rest: it can be opened or not, loses events, and ends.

use std::sync::Arc;
use std::time::{Duration, Instant};

use super::queue::Queue;
use crate::parse::windows::etw::Provider;

/// Who may trace: for people.
const REMEDY: &str = "run procnet as administrator, or add yourself to Performance Log Users and \
                      log on again";

/// Opens sessions.
pub trait Tracer {
    /// One that runs.
    type Session: Session;

    /// Opens one, which fills the queue from now on.
    fn open(&mut self, queue: &Arc<Queue>) -> Result<Self::Session, TraceError>;
}

/// A session that runs. It ends with this.
pub trait Session {
    /// Whose events could not be had.
    fn lacks(&self) -> &[Provider];

    /// What it has lost so far; an error if it has ended.
    fn lost(&mut self) -> Result<Totals, TraceError>;
}

/// Why there is no session.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TraceError {
    /// This user may open none.
    #[error("event tracing (ETW) is for administrators and Performance Log Users")]
    Denied,
    /// Another procnet has the only one.
    #[error("another procnet on this machine holds the event tracing session")]
    Taken,
    /// There are as many as there may be.
    #[error("as many event tracing sessions run as Windows allows")]
    Full,
    /// Something else.
    #[error("cannot {operation}: {reason}")]
    Failed {
        /// What was tried, and by which function.
        operation: &'static str,
        /// What the system said.
        reason: String,
    },
    /// Somebody, or something, ended it.
    #[error("the event tracing session was ended from outside")]
    Ended,
}

impl TraceError {
    /// What people can do about it.
    pub fn remedy(&self) -> Option<&'static str> {
        match self {
            Self::Denied => Some(REMEDY),
            Self::Taken => Some("end the other procnet, or look at its page"),
            Self::Full => {
                Some("`logman query -ets` lists the sessions: stop one that nobody needs")
            }
            Self::Failed { .. } | Self::Ended => None,
        }
    }

    /// Whether it may pass. Rights never come to a program that runs.
    fn may_pass(&self) -> bool {
        *self != Self::Denied
    }
}

/// What a session has lost since it was opened. Both wrap around.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Totals {
    /// Events for which there was no room.
    pub events: u32,
    /// Buffers that nobody fetched in time. How many events were in each, nobody says.
    pub buffers: u32,
}

impl Totals {
    /// How much more was lost than `before`: at least so many events.
    pub(super) fn since(self, before: Self) -> u64 {
        u64::from(self.events.wrapping_sub(before.events))
            + u64::from(self.buffers.wrapping_sub(before.buffers))
    }
}

/// When to try again to open a session.
#[derive(Clone, Copy, Debug)]
pub(super) struct Restart {
    delay: Duration,
    /// `None`: never.
    due: Option<Instant>,
}

impl Restart {
    const SHORTEST: Duration = Duration::from_secs(1);
    const LONGEST: Duration = Duration::from_secs(120);
    /// A session that lived so long is no part of a row of failures.
    const STABLE: Duration = Duration::from_secs(60);

    /// At once.
    pub(super) fn new(now: Instant) -> Self {
        Self { delay: Self::SHORTEST, due: Some(now) }
    }

    pub(super) fn due(&self) -> Option<Instant> {
        self.due
    }

    /// There is no session now, for this reason; the last one, if there was one, lived so long.
    pub(super) fn failed(&mut self, error: &TraceError, lived: Duration, now: Instant) {
        if lived >= Self::STABLE {
            self.delay = Self::SHORTEST;
        }
        self.due = error.may_pass().then(|| now + self.delay);
        self.delay = (self.delay * 2).min(Self::LONGEST);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn totals_wrap_around() {
        let totals = |events, buffers| Totals { events, buffers };
        assert_eq!(totals(5, 1).since(totals(3, 1)), 2);
        assert_eq!(totals(1, 3).since(totals(u32::MAX, 2)), 3);
        assert_eq!(totals(7, 7).since(totals(7, 7)), 0);
    }

    #[test]
    fn it_is_tried_again_ever_more_seldom_unless_it_lived_long() {
        let now = Instant::now();
        let mut restart = Restart::new(now);
        assert_eq!(restart.due(), Some(now));
        let mut waits = Vec::new();
        for _ in 0..9 {
            restart.failed(&TraceError::Taken, Duration::ZERO, now);
            waits.push((restart.due().unwrap() - now).as_secs());
        }
        assert_eq!(waits, [1, 2, 4, 8, 16, 32, 64, 120, 120]);
        restart.failed(&TraceError::Ended, Restart::STABLE, now);
        assert_eq!(restart.due(), Some(now + Restart::SHORTEST));
    }

    #[test]
    fn rights_are_not_waited_for() {
        let now = Instant::now();
        let mut restart = Restart::new(now);
        restart.failed(&TraceError::Denied, Duration::ZERO, now);
        assert_eq!(restart.due(), None);
        assert!(TraceError::Denied.remedy().unwrap().contains("Performance Log Users"));
    }
}
