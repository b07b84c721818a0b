//! How often somebody may show a wrong token.
//!
//! Nobody guesses 256 bits. What this keeps small is what trying costs, and what it fills the log
//! with. Sessions and users who are known are not asked for a token, so nobody can lock them out.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// Wrong tokens that are looked at in one period.
const FAILURES: u32 = 10;
/// The period.
pub(crate) const PERIOD: Duration = Duration::from_secs(60);
/// Most guessers that are remembered; of more, those are forgotten whose period began first.
const MAX_GUESSERS: usize = 1_024;

/// Whose attempts are counted together.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Guesser {
    /// A user of this machine.
    User(String),
    /// An address, or a network of IPv6: its owner has all the addresses in it.
    Network(IpAddr),
}

impl Guesser {
    pub(crate) fn of_address(ip: IpAddr) -> Self {
        Self::Network(match ip.to_canonical() {
            IpAddr::V6(ip) => {
                let network = u128::from(ip) >> 64 << 64;
                IpAddr::V6(network.into())
            }
            ip => ip,
        })
    }
}

#[derive(Clone, Copy, Debug)]
struct Failures {
    began: Instant,
    count: u32,
}

/// The failures of late.
#[derive(Debug, Default)]
pub(crate) struct Attempts {
    failures: Mutex<BTreeMap<Guesser, Failures>>,
}

impl Attempts {
    /// True if that one may show a token.
    pub(crate) fn may_try(&self, guesser: &Guesser, now: Instant) -> bool {
        let failures = self.failures.lock().unwrap_or_else(PoisonError::into_inner);
        failures.get(guesser).is_none_or(|known| {
            known.count < FAILURES || now.saturating_duration_since(known.began) >= PERIOD
        })
    }

    /// Counts a wrong token.
    pub(crate) fn failed(&self, guesser: Guesser, now: Instant) {
        let mut failures = self.failures.lock().unwrap_or_else(PoisonError::into_inner);
        if failures.len() >= MAX_GUESSERS && !failures.contains_key(&guesser) {
            let oldest = failures.iter().min_by_key(|(_, known)| known.began);
            if let Some(oldest) = oldest.map(|(guesser, _)| guesser.clone()) {
                failures.remove(&oldest);
            }
        }
        let known = failures.entry(guesser).or_insert(Failures { began: now, count: 0 });
        if now.saturating_duration_since(known.began) >= PERIOD {
            *known = Failures { began: now, count: 0 };
        }
        known.count = known.count.saturating_add(1);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(text: &str) -> Guesser {
        Guesser::of_address(text.parse().unwrap())
    }

    #[test]
    fn who_fails_too_often_waits_and_nobody_else_does() {
        let attempts = Attempts::default();
        let now = Instant::now();
        let (bad, good) = (of("192.0.2.7"), of("192.0.2.8"));
        for _ in 0..FAILURES {
            assert!(attempts.may_try(&bad, now));
            attempts.failed(bad.clone(), now);
        }
        assert!(!attempts.may_try(&bad, now) && attempts.may_try(&good, now));
        assert!(attempts.may_try(&Guesser::User("alice".into()), now));
        assert!(attempts.may_try(&bad, now + PERIOD));
        attempts.failed(bad.clone(), now + PERIOD);
        assert!(attempts.may_try(&bad, now + PERIOD), "a new period has begun");
    }

    #[test]
    fn a_network_of_ipv6_is_one_guesser_and_mapped_addresses_are_themselves() {
        assert_eq!(of("2001:db8::1"), of("2001:db8::ffff:1"));
        assert_ne!(of("2001:db8::1"), of("2001:db8:0:1::1"));
        assert_eq!(of("::ffff:192.0.2.7"), of("192.0.2.7"));
        assert_ne!(of("192.0.2.7"), of("192.0.2.8"));
    }

    #[test]
    fn the_table_does_not_grow_and_forgets_the_oldest() {
        let attempts = Attempts::default();
        let start = Instant::now();
        let guesser = |number: u32| of(&format!("10.1.{}.{}", number >> 8, number & 255));
        let count = u32::try_from(MAX_GUESSERS).unwrap();
        for number in 0..=count {
            for _ in 0..FAILURES {
                attempts.failed(guesser(number), start + Duration::from_millis(number.into()));
            }
        }
        assert_eq!(attempts.failures.lock().unwrap().len(), MAX_GUESSERS);
        let later = start + Duration::from_secs(5);
        assert!(attempts.may_try(&guesser(0), later));
        assert!(!attempts.may_try(&guesser(count), later) && !attempts.may_try(&guesser(1), later));
    }
}
