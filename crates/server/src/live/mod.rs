//! The engine and everything that looks at it.

mod answer;
mod feed;
mod icons;
mod resync;
mod stream;
mod unix;

use std::collections::BTreeSet;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError, RwLock};
use std::time::{Duration, Instant, SystemTime};

use procnet_core::engine::{Engine, STALE_AFTER};
use procnet_core::event::Batch;
use procnet_core::graph::Graph;
use procnet_core::rules::RuleSet;
use procnet_core::view::{Grouping, RemoteGrouping, Resolution, View, ViewSpec};
use procnet_core::{AddressFacts, Capability, Degradation, Interfaces, Moment};
use procnet_wire::encode;
use procnet_wire::graph::EdgeMemory;
use procnet_wire::live::{DegradationInfo, HostInfo, Legend};

use answer::GraphCache;
pub(crate) use answer::{NodeOrEdge, Tagged, json};
pub(crate) use feed::Feed;
use feed::Surroundings;
pub(crate) use icons::{IconDirectory, is_icon_name};
pub use resync::ResyncWish;
pub(crate) use stream::{LastEventId, Subscription};
pub use unix::UnixWish;

use crate::panics::{Panicked, Restarts, catching};

/// Most distinct views at a time.
const MAX_VIEWS: usize = 64;
/// How long a view that nobody looks at is kept, so that a page that reloads finds it again.
const VIEW_LINGERS: Duration = Duration::from_secs(30);
/// Most node types in a legend.
const MAX_TYPES: usize = 256;

/// What a view is where a request does not say it.
#[derive(Clone, Copy, Debug)]
pub struct ViewDefaults {
    /// Only links between processes.
    pub p2p_only: bool,
    /// UDP too.
    pub udp: bool,
    /// UNIX sockets too.
    pub unix: bool,
    /// How nodes are grouped.
    pub grouping: Grouping,
}

/// The engine and the views of the connected clients. Shared by the driver and the server.
pub struct Live {
    state: RwLock<State>,
    host: HostInfo,
    defaults: ViewDefaults,
    /// Tells this run's epochs from those of earlier runs.
    nonce: u64,
    icons: OnceLock<IconDirectory>,
    graphs: Mutex<GraphCache>,
    unix: UnixWish,
    resync: ResyncWish,
    remotes: OnceLock<Box<OnRemotes>>,
    capabilities: Mutex<Vec<Capability>>,
}

/// Hears of remote addresses.
type OnRemotes = dyn Fn(&[IpAddr]) + Send + Sync;

struct State {
    engine: Engine,
    memory: EdgeMemory,
    now: Moment,
    /// Counts everything that was applied.
    generation: u64,
    degradations: Vec<DegradationInfo>,
    slots: Vec<Slot>,
    /// How many views there have been.
    views: u64,
    /// How often everything was made anew.
    restarts: Restarts,
}

/// A view and what goes out of it.
struct Slot {
    key: SpecKey,
    view: View,
    /// As its clients were told.
    resolution: Resolution,
    feed: Arc<Feed>,
}

/// What tells views apart: two filters that mean the same have the same canonical text.
#[derive(Clone, Debug, PartialEq, Eq)]
struct SpecKey {
    filter: String,
    mutes: Vec<String>,
    grouping: Grouping,
    remotes: RemoteGrouping,
    toggles: [bool; 5],
    expanded: BTreeSet<Arc<str>>,
}

impl SpecKey {
    fn of(spec: &ViewSpec) -> Self {
        Self {
            filter: spec.filter.to_string(),
            mutes: spec.mutes.iter().map(ToString::to_string).collect(),
            grouping: spec.grouping,
            remotes: spec.remotes,
            toggles: [spec.p2p_only, spec.udp, spec.unix, spec.listeners, spec.everything],
            expanded: spec.expanded.clone(),
        }
    }
}

/// Why a view cannot be had.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("too many different views are open (at most {MAX_VIEWS}): close one, or ask again later")]
pub(crate) struct TooManyViews;

impl Live {
    /// A new world around `engine`. `host` is what clients are told about the machine.
    pub fn new(engine: Engine, host: HostInfo, defaults: ViewDefaults) -> Arc<Self> {
        let since_epoch = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
        let degradations = encode::degradations(engine.graph().degradations());
        Arc::new(Self {
            state: RwLock::new(State {
                engine,
                memory: EdgeMemory::new(STALE_AFTER),
                now: Moment::default(),
                generation: 0,
                degradations,
                slots: Vec::new(),
                views: 0,
                restarts: Restarts::default(),
            }),
            host,
            defaults,
            nonce: since_epoch.map_or(0, |d| u64::try_from(d.as_millis()).unwrap_or(0)),
            icons: OnceLock::new(),
            graphs: Mutex::default(),
            unix: UnixWish::new(defaults.unix),
            resync: ResyncWish::default(),
            remotes: OnceLock::new(),
            capabilities: Mutex::default(),
        })
    }

    /// Folds batches in, brings every view up to date once for all of them and wakes the streams.
    pub fn ingest(&self, batches: impl IntoIterator<Item = Batch>, now: Moment) {
        self.change(|state| {
            for batch in batches {
                state.engine.apply(batch, now);
            }
            state.now = state.now.max(now);
        });
    }

    /// Takes in what is known of remote addresses, which nobody waited for.
    pub fn know_addresses(&self, known: Vec<(IpAddr, AddressFacts)>) {
        self.change(|state| state.engine.know_addresses(known));
    }

    /// Takes in which interface has which of the machine's own addresses.
    pub fn know_interfaces(&self, interfaces: Interfaces) {
        self.change(|state| state.engine.know_interfaces(interfaces));
    }

    /// Says who hears of the remote addresses of new links. `hear` runs in the driver's thread, so it
    /// only notes them. Only the first call counts.
    pub fn on_remotes(&self, hear: impl Fn(&[IpAddr]) + Send + Sync + 'static) {
        let _ = self.remotes.set(Box::new(hear));
    }

    /// Adds to what is told of what can be seen: something that is no matter of the collector.
    pub fn add_capability(&self, capability: Capability) {
        locked(&self.capabilities).push(capability);
    }

    /// What can be seen beside what the collector tells.
    pub(crate) fn more_capabilities(&self) -> Vec<Capability> {
        locked(&self.capabilities).clone()
    }

    /// Lets time pass.
    pub fn tick(&self, now: Moment) {
        self.change(|state| {
            state.engine.tick(now);
            state.now = state.now.max(now);
        });
    }

    /// Applies other rules.
    pub fn set_rules(&self, rules: Arc<RuleSet>) {
        self.change(|state| state.engine.set_rules(rules));
    }

    /// Asks the graph. Holds up the driver as long as `f` runs.
    pub fn with_graph<R>(&self, f: impl FnOnce(&Graph) -> R) -> R {
        f(self.read().engine.graph())
    }

    /// Takes in what is not seen for reasons that are no source's.
    pub fn degrade(&self, degradation: Degradation) {
        self.change(|state| state.engine.degrade(degradation));
    }

    /// Whether everything is to be told anew, from now on and for ever: for whoever collects.
    pub fn resync_wish(&self) -> ResyncWish {
        self.resync.clone()
    }

    /// Whether anybody asks for UNIX sockets, from now on and for ever: for whoever collects them.
    pub fn unix_wish(&self) -> UnixWish {
        self.unix.clone()
    }

    /// What clients are told about the machine.
    pub(crate) fn host(&self) -> &HostInfo {
        &self.host
    }

    pub(crate) fn defaults(&self) -> ViewDefaults {
        self.defaults
    }

    /// Says where the user's own icons are. Only the first call counts: there is one server.
    pub(crate) fn set_icons(&self, icons: IconDirectory) {
        // A second server on the same world keeps the first one's icons.
        let _ = self.icons.set(icons);
    }

    /// Changes the world. Whatever panics meanwhile may have left anything half done: then it is made
    /// anew.
    fn change(&self, apply: impl FnOnce(&mut State)) {
        let mut state = self.state.write().unwrap_or_else(PoisonError::into_inner);
        if let Err(panicked) = catching(|| self.bring_up_to_date(&mut state, apply)) {
            self.begin_anew(&mut state, &panicked);
        }
    }

    fn bring_up_to_date(&self, state: &mut State, apply: impl FnOnce(&mut State)) {
        apply(state);
        let changes = state.engine.take_changes();
        if !changes.remotes.is_empty()
            && let Some(hear) = self.remotes.get()
        {
            hear(&changes.remotes);
        }
        let graph = state.engine.graph();
        state.generation += 1;
        state.memory.update(graph, changes.links.iter().copied(), state.now);

        let degradations = encode::degradations(graph.degradations());
        let degraded = degradations != state.degradations;
        if degraded {
            state.degradations = degradations;
        }
        let image = |name: &str| self.image(name);
        state.slots.retain(|slot| !slot.feed.is_abandoned(Instant::now(), VIEW_LINGERS));
        if state.slots.iter().any(|slot| slot.view.spec().unix) {
            self.unix.ask(VIEW_LINGERS);
        }
        for slot in &mut state.slots {
            let delta = slot.view.update(graph, &changes);
            let mut surroundings = slot.feed.surroundings();
            if degraded {
                surroundings.degradations = state.degradations.clone().into();
            }
            let resolution = slot.view.resolution();
            if slot.resolution != resolution {
                slot.resolution = resolution;
                surroundings.grouping = encode::grouping_info(slot.view.spec(), resolution).into();
            }
            if let Some(delta) = &delta {
                let nodes = delta.nodes.added.iter();
                let nodes = nodes.chain(delta.nodes.changed.iter().map(|(_, after)| after));
                let types = nodes.map(|node| &*node.type_name);
                if let Some(legend) = extended(&surroundings.legend, types, &image) {
                    surroundings.legend = legend.into();
                }
            }
            slot.feed.publish(delta, surroundings, graph.at());
        }
    }

    /// Forgets the machine, ends the streams, whose clients come back for the new world, and has
    /// everything told anew.
    fn begin_anew(&self, state: &mut State, panicked: &Panicked) {
        if state.restarts.is_news(panicked) {
            tracing::error!(
                "the map broke off ({panicked}) and is made anew: a mistake in procnet, please \
                 report it"
            );
        }
        for slot in state.slots.drain(..) {
            slot.feed.close();
        }
        let pause = state.restarts.note(Instant::now());
        state.engine.begin_anew();
        state.engine.degrade(Degradation {
            id: "map-anew",
            message: Arc::from(
                "A mistake in procnet broke the map off, which was made anew: what had ended by \
                 then is forgotten. The log says more; please report it.",
            ),
            count: state.restarts.count(),
        });
        state.memory = EdgeMemory::new(STALE_AFTER);
        state.generation += 1;
        state.degradations = encode::degradations(state.engine.graph().degradations());
        self.resync.ask(pause);
    }

    /// The view of `spec`: the one that is there, or a new one.
    pub(crate) fn feed(&self, spec: &ViewSpec) -> Result<Arc<Feed>, TooManyViews> {
        if spec.unix {
            self.unix.ask(VIEW_LINGERS);
        }
        let key = SpecKey::of(spec);
        if let Some(slot) = self.read().slots.iter().find(|slot| slot.key == key) {
            slot.feed.touch();
            return Ok(Arc::clone(&slot.feed));
        }
        let mut state = self.state.write().unwrap_or_else(PoisonError::into_inner);
        let state = &mut *state;
        // Somebody may have made it between the two locks.
        if let Some(slot) = state.slots.iter().find(|slot| slot.key == key) {
            slot.feed.touch();
            return Ok(Arc::clone(&slot.feed));
        }
        if state.slots.len() >= MAX_VIEWS {
            let idle = state.slots.iter().enumerate().filter(|(_, slot)| slot.feed.is_idle());
            let Some((oldest, _)) = idle.min_by_key(|(_, slot)| slot.feed.last_used()) else {
                return Err(TooManyViews);
            };
            state.slots.swap_remove(oldest);
        }
        let graph = state.engine.graph();
        let view = View::new(spec.clone(), graph);
        let image = |name: &str| self.image(name);
        let base = encode::base_legend(&image);
        let types = view.scene().nodes.values().map(|node| &*node.type_name);
        let legend = extended(&base, types, &image).unwrap_or(base);
        let surroundings = Surroundings {
            grouping: Arc::new(encode::grouping_info(spec, view.resolution())),
            legend: Arc::new(legend),
            degradations: state.degradations.clone().into(),
        };
        state.views += 1;
        let epoch = format!("{:x}.{:x}", self.nonce, state.views);
        let feed = Arc::new(Feed::new(epoch, view.scene().revision, surroundings, graph.at()));
        let resolution = view.resolution();
        state.slots.push(Slot { key, view, resolution, feed: Arc::clone(&feed) });
        Ok(feed)
    }

    /// The URL of the user's own icon for a node type.
    fn image(&self, type_name: &str) -> Option<String> {
        self.icons.get()?.url(type_name)
    }

    fn read(&self) -> std::sync::RwLockReadGuard<'_, State> {
        // Who panicked while it held the lock was making a view, and added none.
        self.state.read().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn slot(&self, feed: &Arc<Feed>) -> Option<&Slot> {
        self.slots.iter().find(|slot| Arc::ptr_eq(&slot.feed, feed))
    }
}

/// The legend with every one of `types` in it; `None` if they all are.
fn extended<'a>(
    legend: &Legend,
    types: impl Iterator<Item = &'a str>,
    image: &dyn Fn(&str) -> Option<String>,
) -> Option<Legend> {
    let mut longer: Option<Legend> = None;
    for name in types {
        let known = &longer.as_ref().unwrap_or(legend).types;
        if known.len() < MAX_TYPES && !known.iter().any(|info| info.name == name) {
            let longer = longer.get_or_insert_with(|| legend.clone());
            longer.types.push(encode::legend_type(name, image));
        }
    }
    longer
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
