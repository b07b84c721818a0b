//! One client's stream of events. Pull-based: the next event is made when the last one has been
//! taken, so a slow client has nothing queued up, only a revision to catch up from.

use std::str::FromStr;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use bytes::Bytes;
use procnet_wire::live::HeartbeatMessage;
use tokio::sync::{OwnedSemaphorePermit, watch};
use tokio::time::{Instant, Interval, MissedTickBehavior};

use super::feed::{Cursor, Looking, Next, event};
use super::{Feed, Live};

/// How often a stream says that it is alive.
const HEARTBEAT: Duration = Duration::from_secs(5);
/// The shortest time between two deltas: a frame of the screen. Sources tell batches at the same
/// pace, so that a lone event waits for nothing and a burst is one delta per frame.
const PACE: Duration = Duration::from_millis(16);
/// How long a browser waits before it reconnects.
const RETRY: &[u8] = b"retry: 1000\n\n";

/// The id of the last event that a client has seen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct LastEventId {
    epoch: String,
    revision: u64,
}

impl FromStr for LastEventId {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let (epoch, revision) = text.rsplit_once(':').ok_or(())?;
        Ok(Self { epoch: epoch.to_owned(), revision: revision.parse().map_err(|_| ())? })
    }
}

/// One client's stream.
pub(crate) struct Subscription {
    live: Arc<Live>,
    feed: Arc<Feed>,
    wake: watch::Receiver<()>,
    shutdown: watch::Receiver<bool>,
    /// What the client has; `None` until it was sent a scene.
    cursor: Option<Cursor>,
    greeted: bool,
    heartbeat: Interval,
    next_delta: Instant,
    _looking: Looking,
    _permit: OwnedSemaphorePermit,
}

impl Subscription {
    pub(crate) fn new(
        live: Arc<Live>,
        feed: Arc<Feed>,
        last: Option<LastEventId>,
        shutdown: watch::Receiver<bool>,
        permit: OwnedSemaphorePermit,
    ) -> Self {
        let cursor = last
            .filter(|last| last.epoch == feed.epoch() && last.revision <= feed.revision())
            .map(|last| Cursor { revision: last.revision, surroundings: None });
        let mut heartbeat = tokio::time::interval_at(Instant::now() + HEARTBEAT, HEARTBEAT);
        heartbeat.set_missed_tick_behavior(MissedTickBehavior::Delay);
        Self {
            wake: feed.watch(),
            _looking: feed.look(),
            live,
            feed,
            shutdown,
            cursor,
            greeted: false,
            heartbeat,
            next_delta: Instant::now(),
            _permit: permit,
        }
    }

    /// The next event; `None` when the server ends, or the view is made anew.
    pub(crate) async fn next(&mut self) -> Option<Bytes> {
        if !self.greeted {
            self.greeted = true;
            return Some(Bytes::from_static(RETRY));
        }
        loop {
            self.wake.mark_unchanged();
            if *self.shutdown.borrow() || self.feed.is_closed() {
                return None;
            }
            match self.cursor.as_mut().map_or(Next::Scene, |cursor| self.feed.next(cursor)) {
                Next::Delta(bytes) => {
                    self.next_delta = Instant::now() + PACE;
                    return Some(bytes);
                }
                Next::Scene => {
                    let (live, feed) = (Arc::clone(&self.live), Arc::clone(&self.feed));
                    // Waits for the driver, which a thread of the runtime must not.
                    let scene = tokio::task::spawn_blocking(move || live.scene_event(&feed)).await;
                    let (bytes, cursor) = scene.ok().flatten()?;
                    self.cursor = Some(cursor);
                    self.next_delta = Instant::now() + PACE;
                    return Some(bytes);
                }
                Next::Nothing => {}
            }
            tokio::select! {
                // Whichever comes first; the next turn finds out what there is to send.
                changed = self.wake.changed() => {
                    changed.ok()?;
                    tokio::select! {
                        () = tokio::time::sleep_until(self.next_delta) => {}
                        _ = self.shutdown.changed() => {}
                    }
                }
                _ = self.shutdown.changed() => return None,
                _ = self.heartbeat.tick() => return Some(self.heartbeat_event()),
            }
        }
    }

    fn heartbeat_event(&self) -> Bytes {
        let since_epoch = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
        let at = since_epoch.map_or(0, |d| i64::try_from(d.as_millis()).unwrap_or(i64::MAX));
        let revision = self.cursor.as_ref().map_or(0, |cursor| cursor.revision);
        event("heartbeat", None, &HeartbeatMessage { at, revision })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_event_id_is_epoch_and_revision() {
        let id: LastEventId = "18f.2:77".parse().unwrap();
        assert_eq!(id, LastEventId { epoch: "18f.2".into(), revision: 77 });
        for text in ["", "77", "a:", "a:-1", "a:b", "a:99999999999999999999"] {
            assert!(text.parse::<LastEventId>().is_err(), "{text}");
        }
    }
}
