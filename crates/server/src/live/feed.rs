//! What goes out of one view: its latest deltas, shared by every client that looks at it.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, OnceLock};
use std::time::{Duration, Instant};

use bytes::Bytes;
use procnet_core::Timestamp;
use procnet_core::view::scene::Delta;
use procnet_wire::encode;
use procnet_wire::live::{DegradationInfo, GroupingInfo, Legend};
use tokio::sync::watch;

use super::locked;

/// Most steps that are kept for clients that lag or reconnect.
const MAX_STEPS: usize = 512;
/// Most changes that all kept steps hold together: beyond a few times a scene's budget, a fresh
/// scene is the shorter message.
const MAX_WEIGHT: usize = 8_192;

/// How long a scene is shared: it says what time it is.
const SHARED_FOR: Duration = Duration::from_millis(500);

/// What stands around a scene. Compared by pointer: a part that changes is a new one.
#[derive(Clone, Debug)]
pub(crate) struct Surroundings {
    pub(crate) grouping: Arc<GroupingInfo>,
    pub(crate) legend: Arc<Legend>,
    pub(crate) degradations: Arc<[DegradationInfo]>,
}

impl Surroundings {
    fn is_same(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.grouping, &other.grouping)
            && Arc::ptr_eq(&self.legend, &other.legend)
            && Arc::ptr_eq(&self.degradations, &other.degradations)
    }
}

/// What a client has: all that is kept of it here, however slow it is.
#[derive(Clone, Debug)]
pub(crate) struct Cursor {
    pub(crate) revision: u64,
    /// What it was last told; `None` if that is not known, as after a resume.
    pub(crate) surroundings: Option<Surroundings>,
}

/// What a client is to be sent.
#[derive(Debug)]
pub(crate) enum Next {
    /// It has everything.
    Nothing,
    /// A `delta` event, ready to send.
    Delta(Bytes),
    /// It lags too far behind: a whole scene.
    Scene,
}

pub(crate) struct Feed {
    epoch: String,
    state: Mutex<FeedState>,
    wake: watch::Sender<()>,
    clients: AtomicUsize,
    closed: AtomicBool,
    last_used: Mutex<Instant>,
    recent: Mutex<Option<Recent>>,
}

/// The scene as it was sent last: who comes while nothing has changed shares its bytes.
struct Recent {
    made: Instant,
    bytes: Bytes,
    cursor: Cursor,
}

struct FeedState {
    revision: u64,
    /// Counts everything that was published, also what leaves the revision as it is.
    version: u64,
    at: Timestamp,
    surroundings: Surroundings,
    steps: VecDeque<Step>,
    weight: usize,
}

#[derive(Clone)]
struct Step {
    delta: Arc<Delta>,
    at: Timestamp,
    weight: usize,
    /// The event's bytes, once a client needed just this step.
    encoded: Arc<OnceLock<Bytes>>,
}

impl Feed {
    pub(crate) fn new(
        epoch: String,
        revision: u64,
        surroundings: Surroundings,
        at: Timestamp,
    ) -> Self {
        Self {
            epoch,
            state: Mutex::new(FeedState {
                revision,
                version: 0,
                at,
                surroundings,
                steps: VecDeque::new(),
                weight: 0,
            }),
            wake: watch::Sender::new(()),
            clients: AtomicUsize::new(0),
            closed: AtomicBool::new(false),
            last_used: Mutex::new(Instant::now()),
            recent: Mutex::new(None),
        }
    }

    /// The scene's event, if it was made a moment ago and nothing has changed since.
    pub(crate) fn recent_scene(&self) -> Option<(Bytes, Cursor)> {
        let recent = locked(&self.recent);
        let known = recent.as_ref().filter(|known| known.made.elapsed() < SHARED_FOR)?;
        (known.cursor.revision == self.revision())
            .then(|| (known.bytes.clone(), known.cursor.clone()))
    }

    /// Keeps the scene's event for others.
    pub(crate) fn share_scene(&self, bytes: Bytes, cursor: Cursor) {
        *locked(&self.recent) = Some(Recent { made: Instant::now(), bytes, cursor });
    }

    pub(crate) fn epoch(&self) -> &str {
        &self.epoch
    }

    pub(crate) fn revision(&self) -> u64 {
        locked(&self.state).revision
    }

    /// Changes with everything that a scene message shows but the time.
    pub(crate) fn etag(&self) -> String {
        format!("W/\"{}.{:x}\"", self.epoch, locked(&self.state).version)
    }

    pub(crate) fn surroundings(&self) -> Surroundings {
        locked(&self.state).surroundings.clone()
    }

    /// What a client has that was just sent the whole scene. Only meaningful while no delta can
    /// be published: under the lock of the world.
    pub(crate) fn cursor(&self) -> Cursor {
        let state = locked(&self.state);
        Cursor { revision: state.revision, surroundings: Some(state.surroundings.clone()) }
    }

    /// Adds a step and wakes the clients, if there is anything new for them.
    pub(crate) fn publish(&self, delta: Option<Delta>, surroundings: Surroundings, at: Timestamp) {
        let mut state = locked(&self.state);
        if delta.is_none() && state.surroundings.is_same(&surroundings) {
            return;
        }
        state.surroundings = surroundings;
        state.version += 1;
        state.at = at;
        if let Some(delta) = delta {
            state.revision = delta.to;
            let weight = weight(&delta);
            state.weight += weight;
            let delta = Arc::new(delta);
            state.steps.push_back(Step { delta, at, weight, encoded: Arc::default() });
            while state.steps.len() > MAX_STEPS || state.weight > MAX_WEIGHT {
                let Some(oldest) = state.steps.pop_front() else { break };
                state.weight -= oldest.weight;
            }
        }
        drop(state);
        self.wake.send_replace(());
    }

    /// Everything since `cursor` as one event; moves the cursor on.
    pub(crate) fn next(&self, cursor: &mut Cursor) -> Next {
        let state = locked(&self.state);
        let same = cursor.surroundings.as_ref().is_some_and(|s| s.is_same(&state.surroundings));
        if same && cursor.revision == state.revision {
            return Next::Nothing;
        }
        let begin = if cursor.revision == state.revision {
            state.steps.len()
        } else {
            // Steps follow each other without gaps, so the ones before are found by order.
            let begin = state.steps.partition_point(|step| step.delta.from < cursor.revision);
            match state.steps.get(begin) {
                Some(step) if step.delta.from == cursor.revision => begin,
                _ => return Next::Scene,
            }
        };
        let steps: Vec<Step> = state.steps.iter().skip(begin).cloned().collect();
        let (surroundings, at) = (state.surroundings.clone(), state.at);
        // Squashing and encoding must not hold up the driver.
        drop(state);

        let had = cursor.surroundings.replace(surroundings.clone());
        let known_revision = cursor.revision;
        if let Some(last) = steps.last() {
            cursor.revision = last.delta.to;
        }
        if let [step] = steps.as_slice()
            && same
        {
            let bytes = step.encoded.get_or_init(|| self.event(&step.delta, step.at, None));
            return Next::Delta(bytes.clone());
        }
        let squashed = steps
            .into_iter()
            .map(|step| Arc::unwrap_or_clone(step.delta))
            .reduce(Delta::squashed)
            .unwrap_or_else(|| Delta {
                from: known_revision,
                to: known_revision,
                ..Delta::default()
            });
        Next::Delta(self.event(&squashed, at, Some((had.as_ref(), &surroundings))))
    }

    /// A `delta` event with those of the surroundings that differ from what the client had.
    fn event(
        &self,
        delta: &Delta,
        at: Timestamp,
        surroundings: Option<(Option<&Surroundings>, &Surroundings)>,
    ) -> Bytes {
        let mut message = encode::delta_message(delta, at);
        if let Some((had, now)) = surroundings {
            if had.is_none_or(|had| !Arc::ptr_eq(&had.grouping, &now.grouping)) {
                message.grouping = Some((*now.grouping).clone());
            }
            if had.is_none_or(|had| !Arc::ptr_eq(&had.legend, &now.legend)) {
                message.legend = Some((*now.legend).clone());
            }
            if had.is_none_or(|had| !Arc::ptr_eq(&had.degradations, &now.degradations)) {
                message.degradations = Some(now.degradations.to_vec());
            }
        }
        event("delta", Some((&self.epoch, message.to)), &message)
    }

    pub(crate) fn watch(&self) -> watch::Receiver<()> {
        self.wake.subscribe()
    }

    /// Notes that a client looks at it until the guard is dropped.
    pub(crate) fn look(self: &Arc<Self>) -> Looking {
        self.clients.fetch_add(1, Ordering::Relaxed);
        Looking(Arc::clone(self))
    }

    /// Nothing comes any more: its clients are to ask for the view again.
    pub(crate) fn close(&self) {
        self.closed.store(true, Ordering::Release);
        self.wake.send_replace(());
    }

    pub(crate) fn is_closed(&self) -> bool {
        self.closed.load(Ordering::Acquire)
    }

    pub(crate) fn touch(&self) {
        *locked(&self.last_used) = Instant::now();
    }

    pub(crate) fn last_used(&self) -> Instant {
        *locked(&self.last_used)
    }

    pub(crate) fn is_idle(&self) -> bool {
        self.clients.load(Ordering::Relaxed) == 0
    }

    pub(crate) fn is_abandoned(&self, now: Instant, lingers: Duration) -> bool {
        self.is_idle() && now.saturating_duration_since(self.last_used()) > lingers
    }
}

/// A client that looks at a feed.
pub(crate) struct Looking(Arc<Feed>);

impl Drop for Looking {
    fn drop(&mut self) {
        self.0.touch();
        self.0.clients.fetch_sub(1, Ordering::Relaxed);
    }
}

/// One server-sent event (HTML Living Standard, section 9.2). JSON has no raw line breaks, so
/// one `data` line is enough.
pub(crate) fn event(name: &str, id: Option<(&str, u64)>, data: &impl serde::Serialize) -> Bytes {
    let mut text = Vec::with_capacity(512);
    if let Some((epoch, revision)) = id {
        text.extend_from_slice(format!("id: {epoch}:{revision}\n").as_bytes());
    }
    text.extend_from_slice(format!("event: {name}\ndata: ").as_bytes());
    if let Err(error) = serde_json::to_writer(&mut text, data) {
        // Our messages are plain structs of strings and numbers: this cannot fail.
        tracing::error!(%error, event = name, "cannot encode an event");
    }
    text.extend_from_slice(b"\n\n");
    Bytes::from(text)
}

/// How many things a delta touches; at least 1.
fn weight(delta: &Delta) -> usize {
    let (nodes, edges) = (&delta.nodes, &delta.edges);
    1 + nodes.added.len()
        + nodes.changed.len()
        + nodes.removed.len()
        + edges.added.len()
        + edges.changed.len()
        + edges.removed.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn grouping(level: &str) -> GroupingInfo {
        GroupingInfo {
            asked: "auto".into(),
            level: level.into(),
            remotes_asked: "auto".into(),
            remotes: "auto".into(),
            budget: "auto".into(),
            coarsened: false,
        }
    }

    fn surroundings() -> Surroundings {
        Surroundings {
            grouping: Arc::new(grouping("process")),
            legend: Arc::new(encode::base_legend(&|_| None)),
            degradations: Arc::from([]),
        }
    }

    fn step(from: u64) -> Delta {
        Delta { from, to: from + 1, ..Delta::default() }
    }

    fn range(next: Next) -> Option<(u64, u64)> {
        let Next::Delta(bytes) = next else { return None };
        let text = String::from_utf8(bytes.to_vec()).unwrap();
        let data = text.lines().find_map(|line| line.strip_prefix("data: ")).unwrap();
        let message: procnet_wire::live::DeltaMessage = serde_json::from_str(data).unwrap();
        Some((message.from, message.to))
    }

    #[test]
    fn a_slow_client_gets_all_it_missed_at_once() {
        let around = surroundings();
        let feed = Feed::new("e".into(), 0, around.clone(), Timestamp(0));
        let mut slow = feed.cursor();
        let mut fast = feed.cursor();
        assert!(matches!(feed.next(&mut slow), Next::Nothing));
        for revision in 0..3 {
            feed.publish(Some(step(revision)), around.clone(), Timestamp(0));
            assert_eq!(range(feed.next(&mut fast)), Some((revision, revision + 1)));
        }
        assert_eq!(range(feed.next(&mut slow)), Some((0, 3)));
        assert!(matches!(feed.next(&mut slow), Next::Nothing));
        assert!(matches!(feed.next(&mut fast), Next::Nothing));
    }

    #[test]
    fn the_newest_step_is_encoded_once_for_all() {
        let around = surroundings();
        let feed = Feed::new("e".into(), 0, around.clone(), Timestamp(0));
        let mut cursors = [feed.cursor(), feed.cursor()];
        feed.publish(Some(step(0)), around, Timestamp(0));
        let [Next::Delta(a), Next::Delta(b)] = cursors.each_mut().map(|c| feed.next(c)) else {
            panic!("two deltas")
        };
        assert_eq!(a.as_ptr(), b.as_ptr());
    }

    #[test]
    fn who_lags_beyond_the_log_gets_a_scene() {
        let around = surroundings();
        let feed = Feed::new("e".into(), 0, around.clone(), Timestamp(0));
        let mut cursor = feed.cursor();
        let steps = u64::try_from(MAX_STEPS).unwrap() + 1;
        for revision in 0..steps {
            feed.publish(Some(step(revision)), around.clone(), Timestamp(0));
        }
        assert!(matches!(feed.next(&mut cursor), Next::Scene));
        cursor.revision = 1;
        assert_eq!(range(feed.next(&mut cursor)), Some((1, steps)));
        cursor.revision = steps + 5;
        assert!(matches!(feed.next(&mut cursor), Next::Scene), "a revision from the future");
    }

    #[test]
    fn surroundings_travel_without_a_change_of_the_scene() {
        let around = surroundings();
        let feed = Feed::new("e".into(), 7, around.clone(), Timestamp(0));
        let mut cursor = feed.cursor();
        let hidden = DegradationInfo { id: "x".into(), message: "y".into(), count: 1 };
        let changed = Surroundings { degradations: Arc::from([hidden]), ..around };
        feed.publish(None, changed.clone(), Timestamp(0));
        let Next::Delta(bytes) = feed.next(&mut cursor) else { panic!("a delta") };
        let text = String::from_utf8(bytes.to_vec()).unwrap();
        assert!(text.starts_with("id: e:7\nevent: delta\ndata: {"), "{text}");
        assert!(
            text.contains(r#""degradations":[{"id":"x""#) && !text.contains("legend"),
            "{text}"
        );
        feed.publish(None, changed, Timestamp(0));
        assert!(matches!(feed.next(&mut cursor), Next::Nothing));
    }
}
