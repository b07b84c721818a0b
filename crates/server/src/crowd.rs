//! Who may stay when there are too many connections.
//!
//! Whoever opens connections and does nothing with them must not keep others out. Connections that
//! have shown nothing yet share a part of the places; beyond it, and when all places are taken, the
//! one that has waited longest goes, of whoever has most of them. What is being answered stays.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::atomic::{AtomicU8, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;

use crate::access::Guesser;

/// They have just come, and the system is asked who they are.
const NEW: u8 = 0;
/// They have shown nothing that would let them in.
const UNPROVEN: u8 = 1;
/// They may ask, and ask nothing now.
const IDLE: u8 = 2;
/// They are being answered.
const BUSY: u8 = 3;

/// All who are connected.
#[derive(Debug)]
pub(crate) struct Crowd {
    /// Most connections.
    most: usize,
    /// Most of them that have shown nothing yet.
    most_unproven: usize,
    guests: Mutex<Guests>,
    left: Notify,
}

#[derive(Debug, Default)]
struct Guests {
    next: u64,
    /// In the order of their coming.
    all: BTreeMap<u64, Guest>,
}

#[derive(Debug)]
struct Guest {
    network: Guesser,
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    state: AtomicU8,
    leave: Notify,
}

/// One connection's place, for as long as this lives.
#[derive(Debug)]
pub(crate) struct Place {
    crowd: Arc<Crowd>,
    number: u64,
    shared: Arc<Shared>,
}

/// What one connection is being answered: that it stays until then.
#[derive(Debug)]
pub(crate) struct Busy {
    crowd: Arc<Crowd>,
    shared: Arc<Shared>,
}

impl Crowd {
    pub(crate) fn new(most: usize) -> Arc<Self> {
        Arc::new(Self {
            most,
            most_unproven: most.div_ceil(4),
            guests: Mutex::default(),
            left: Notify::new(),
        })
    }

    fn guests(&self) -> MutexGuard<'_, Guests> {
        self.guests.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits until somebody can come in, if need be in somebody's place.
    pub(crate) async fn room(&self) {
        loop {
            let left = self.left.notified();
            let has_room = {
                let guests = self.guests();
                guests.all.len() < self.most
                    || guests.all.values().any(|guest| guest.state() != BUSY)
            };
            if has_room {
                return;
            }
            left.await;
        }
    }

    /// Gives somebody a place; whoever has to leave for it is told.
    pub(crate) fn enter(self: &Arc<Self>, ip: IpAddr) -> Place {
        let mut guests = self.guests();
        if guests.all.len() >= self.most {
            guests.send_one_away();
        }
        let number = guests.next;
        guests.next = number.wrapping_add(1);
        let shared = Arc::new(Shared { state: AtomicU8::new(NEW), leave: Notify::new() });
        let network = Guesser::of_address(ip);
        guests.all.insert(number, Guest { network, shared: Arc::clone(&shared) });
        drop(guests);
        Place { crowd: Arc::clone(self), number, shared }
    }

    /// Makes room without need of a place: the system has none left.
    pub(crate) fn send_one_away(&self) {
        self.guests().send_one_away();
    }
}

impl Guests {
    fn send_one_away(&mut self) {
        let mut networks: BTreeMap<&Guesser, usize> = BTreeMap::new();
        for guest in self.all.values().filter(|guest| guest.state() == UNPROVEN) {
            *networks.entry(&guest.network).or_default() += 1;
        }
        let largest = networks.into_iter().max_by_key(|(_, count)| *count).map(|(key, _)| key);
        let unproven = self
            .all
            .iter()
            .find(|(_, guest)| guest.state() == UNPROVEN && Some(&guest.network) == largest);
        let first = |state| self.all.iter().find(|(_, guest)| guest.state() == state);
        let leaving = unproven.or_else(|| first(IDLE)).or_else(|| first(NEW));
        let leaving = leaving.map(|(number, _)| *number);
        if let Some(guest) = leaving.and_then(|number| self.all.remove(&number)) {
            guest.shared.leave.notify_one();
        }
    }
}

impl Guest {
    fn state(&self) -> u8 {
        self.shared.state.load(Ordering::Relaxed)
    }
}

impl Place {
    /// They may ask.
    pub(crate) fn proven(&self) {
        self.shared.state.store(IDLE, Ordering::Relaxed);
    }

    /// They will have to show something. Somebody has to leave if too many of those are here.
    pub(crate) fn unproven(&self) {
        self.shared.state.store(UNPROVEN, Ordering::Relaxed);
        let mut guests = self.crowd.guests();
        let unproven = guests.all.values().filter(|guest| guest.state() == UNPROVEN).count();
        if unproven > self.crowd.most_unproven {
            guests.send_one_away();
        }
    }

    /// They are being answered, until what is returned goes.
    pub(crate) fn busy(&self) -> Busy {
        self.shared.state.store(BUSY, Ordering::Relaxed);
        Busy { crowd: Arc::clone(&self.crowd), shared: Arc::clone(&self.shared) }
    }

    /// Waits until they have to leave.
    pub(crate) async fn told_to_leave(&self) {
        self.shared.leave.notified().await;
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.crowd.guests().all.remove(&self.number);
        self.crowd.left.notify_one();
    }
}

impl Drop for Busy {
    fn drop(&mut self) {
        self.shared.state.store(IDLE, Ordering::Relaxed);
        self.crowd.left.notify_one();
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt;

    use super::*;

    fn ip(last: u8) -> IpAddr {
        IpAddr::from([192, 0, 2, last])
    }

    fn must_leave(place: &Place) -> bool {
        place.told_to_leave().now_or_never().is_some()
    }

    #[test]
    fn who_shows_nothing_shares_a_part_and_the_largest_loses() {
        let crowd = Crowd::new(16);
        let owner = crowd.enter(ip(1));
        owner.proven();
        let unproven = |last| {
            let place = crowd.enter(ip(last));
            place.unproven();
            place
        };
        let lone = unproven(2);
        let many: Vec<Place> = (0..20).map(|_| unproven(3)).collect();
        let gone = many.iter().filter(|place| must_leave(place)).count();
        assert_eq!(gone, 17, "four may wait, one of which is another's");
        assert!(many[..17].iter().all(|place| !must_leave(place)), "each is told once");
        assert!(!must_leave(&owner) && !must_leave(&lone));
    }

    #[test]
    fn when_all_is_taken_who_idles_longest_goes_and_who_is_answered_stays() {
        let crowd = Crowd::new(3);
        let places: Vec<Place> = (0..3).map(|_| crowd.enter(ip(1))).collect();
        places.iter().for_each(Place::proven);
        let answered = places[0].busy();
        let next = crowd.enter(ip(1));
        assert!(!must_leave(&places[0]) && must_leave(&places[1]) && !must_leave(&places[2]));
        next.proven();
        drop(answered);
        let _last = crowd.enter(ip(1));
        assert!(must_leave(&places[0]), "it idles now");
    }

    #[test]
    fn where_everybody_is_answered_others_wait_until_one_goes() {
        let crowd = Crowd::new(2);
        let mut places: Vec<Place> = (0..2).map(|_| crowd.enter(ip(1))).collect();
        let busy: Vec<Busy> = places.iter().map(Place::busy).collect();
        assert!(crowd.room().now_or_never().is_none());
        drop(busy);
        assert!(crowd.room().now_or_never().is_some());
        let _busy: Vec<Busy> = places.iter().map(Place::busy).collect();
        assert!(crowd.room().now_or_never().is_none());
        places.pop();
        assert!(crowd.room().now_or_never().is_some());
    }
}
