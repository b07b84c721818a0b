//! Which addresses are asked for, when, and for how long the answer holds.

use std::collections::VecDeque;
use std::net::IpAddr;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use rustc_hash::FxHashMap;

/// Most addresses that wait; of more, the oldest are left out until they are met again.
const MAX_WAITING: usize = 4_096;
/// Most addresses of which something is remembered; of more, the oldest are forgotten.
const MAX_KNOWN: usize = 16_384;
/// For how long a name holds.
const NAMED_FOR: Duration = Duration::from_secs(3600);
/// For how long it holds that there is none, or that nobody answered.
const UNNAMED_FOR: Duration = Duration::from_secs(600);
/// How far apart two questions are at least: twenty a second.
const BETWEEN: Duration = Duration::from_millis(50);

/// What waits, and what is known already.
#[derive(Debug, Default)]
pub(super) struct Queue {
    state: Mutex<State>,
    arrived: Condvar,
    next: Mutex<Option<Instant>>,
}

#[derive(Debug, Default)]
struct State {
    /// The most recent one last.
    waiting: VecDeque<IpAddr>,
    /// Until when it need not be asked for again; `None` while it waits or is being asked for.
    known: FxHashMap<IpAddr, Option<Instant>>,
    /// In the order in which they became known.
    order: VecDeque<IpAddr>,
}

impl Queue {
    /// Takes in addresses that came onto the map.
    pub(super) fn push(&self, addresses: &[IpAddr], now: Instant) {
        let mut state = lock(&self.state);
        let state = &mut *state;
        for ip in addresses {
            match state.known.get(ip) {
                Some(None) => continue,
                Some(Some(until)) if *until > now => continue,
                _ => {}
            }
            if state.known.insert(*ip, None).is_none() {
                state.order.push_back(*ip);
            }
            state.waiting.push_back(*ip);
            if state.waiting.len() > MAX_WAITING
                && let Some(oldest) = state.waiting.pop_front()
            {
                // Met again, it waits again.
                state.known.insert(oldest, Some(now));
            }
        }
        self.arrived.notify_all();
    }

    /// The most recent address that waits; waits that long for one.
    pub(super) fn pop(&self, longest: Duration) -> Option<IpAddr> {
        let (mut state, _) = self
            .arrived
            .wait_timeout_while(lock(&self.state), longest, |state| state.waiting.is_empty())
            .unwrap_or_else(PoisonError::into_inner);
        state.waiting.pop_back()
    }

    /// Waits until one more question may be asked.
    pub(super) fn wait_for_turn(&self) {
        let now = Instant::now();
        let turn = {
            let mut next = lock(&self.next);
            let turn = next.map_or(now, |next| next.max(now));
            *next = Some(turn + BETWEEN);
            turn
        };
        std::thread::sleep(turn.saturating_duration_since(now));
    }

    /// The answer is there. Returns what is forgotten for it.
    pub(super) fn done(&self, ip: IpAddr, named: bool, now: Instant) -> Vec<IpAddr> {
        let mut state = lock(&self.state);
        let state = &mut *state;
        state.known.insert(ip, Some(now + if named { NAMED_FOR } else { UNNAMED_FOR }));
        let mut forgotten = Vec::new();
        for _ in 0..state.order.len() {
            if state.known.len() <= MAX_KNOWN {
                break;
            }
            let Some(oldest) = state.order.pop_front() else { break };
            match state.known.get(&oldest) {
                // It waits: its turn to be forgotten comes again.
                Some(None) => state.order.push_back(oldest),
                _ => {
                    state.known.remove(&oldest);
                    forgotten.push(oldest);
                }
            }
        }
        forgotten
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ip(number: usize) -> IpAddr {
        IpAddr::from(u32::try_from(number).unwrap().to_be_bytes())
    }

    #[test]
    fn n1_the_most_recent_one_is_asked_for_first_and_each_once() {
        let (queue, now) = (Queue::default(), Instant::now());
        queue.push(&[ip(1), ip(2), ip(1), ip(3)], now);
        let popped: Vec<_> = std::iter::from_fn(|| queue.pop(Duration::ZERO)).collect();
        assert_eq!(popped, [ip(3), ip(2), ip(1)]);
        // While it is being asked for, and while the answer holds, it does not wait again.
        queue.push(&[ip(3)], now);
        assert_eq!(queue.pop(Duration::ZERO), None);
        queue.done(ip(3), true, now);
        queue.done(ip(2), false, now);
        let later = now + UNNAMED_FOR + Duration::from_secs(1);
        queue.push(&[ip(3), ip(2)], later);
        assert_eq!(queue.pop(Duration::ZERO), Some(ip(2)));
        assert_eq!(queue.pop(Duration::ZERO), None);
        queue.push(&[ip(3)], now + NAMED_FOR);
        assert_eq!(queue.pop(Duration::ZERO), Some(ip(3)));
    }

    #[test]
    fn n1_a_flood_of_addresses_keeps_within_bounds() {
        let (queue, now) = (Queue::default(), Instant::now());
        let many: Vec<IpAddr> = (0..MAX_KNOWN + 100).map(ip).collect();
        queue.push(&many, now);
        let mut asked = 0;
        let mut forgotten = Vec::new();
        while let Some(ip) = queue.pop(Duration::ZERO) {
            asked += 1;
            forgotten.extend(queue.done(ip, true, now));
        }
        assert_eq!(asked, MAX_WAITING);
        assert_eq!(forgotten.len(), 100);
        assert!(lock(&queue.state).known.len() <= MAX_KNOWN);
        // What was left out waits when it is met again.
        queue.push(&[many[200]], now);
        assert_eq!(queue.pop(Duration::ZERO), Some(many[200]));
    }
}
