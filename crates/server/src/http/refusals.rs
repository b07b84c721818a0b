//! What the log says of refusals: each, until there are too many to be worth a line.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use axum::extract::Request;

use super::error::ApiError;
use crate::access::Visitor;

/// Most lines in one period.
const LINES: u32 = 20;
/// The period.
const PERIOD: Duration = Duration::from_secs(60);

/// How many were told of late.
#[derive(Debug, Default)]
pub(crate) struct Refusals {
    latest: Mutex<Option<Latest>>,
}

#[derive(Clone, Copy, Debug)]
struct Latest {
    began: Instant,
    count: u32,
}

impl Refusals {
    pub(crate) fn tell(&self, refusal: &ApiError, visitor: &Visitor, request: &Request) {
        let number = self.count(Instant::now());
        if number > LINES {
            return;
        }
        // What is asked for has no secret in its path, and its query is left out. It is hostile text,
        // so it comes with what is no plain character escaped.
        tracing::warn!(
            method = ?request.method().as_str(),
            path = ?request.uri().path(),
            peer = %visitor.peer,
            status = refusal.status.as_u16(),
            "refused a request: {refusal}"
        );
        if number == LINES {
            tracing::warn!("there are too many refused requests to tell more of them this minute");
        }
    }

    /// Which one of its period this is.
    fn count(&self, now: Instant) -> u32 {
        let mut latest = self.latest.lock().unwrap_or_else(PoisonError::into_inner);
        let known = latest
            .filter(|known| now.saturating_duration_since(known.began) < PERIOD)
            .unwrap_or(Latest { began: now, count: 0 });
        let count = known.count.saturating_add(1);
        *latest = Some(Latest { count, ..known });
        count
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_period_counts_anew() {
        let refusals = Refusals::default();
        let start = Instant::now();
        assert_eq!((refusals.count(start), refusals.count(start)), (1, 2));
        assert_eq!(refusals.count(start + PERIOD), 1);
    }
}
