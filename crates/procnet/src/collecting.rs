//! The collector's thread: asks a source again and again, never waits for the engine, and begins anew
//! with another source when one breaks off.

use std::sync::{Arc, mpsc};
use std::time::{Duration, Instant};

use anyhow::Result;
use procnet_collect::Collector;
use procnet_collect::confinement::Part;
use procnet_core::{Batch, Degradation};
use procnet_server::{Live, Panicked, Restarts, catching};

use crate::inbox::{Inbox, Pushed};
use crate::serve::spawn;
use crate::stop::Stop;

/// The longest that a source is waited for: it is to hear of what is wished meanwhile.
const TURN: Duration = Duration::from_millis(250);
/// The pause after a new source could not be had.
const RETRY: Duration = Duration::from_secs(2);

/// What tells the engine what happens: this machine, or a simulated one.
pub(crate) trait Source: Send {
    /// Waits for something to happen, but no longer than that, and sees to it that asking again at
    /// once costs at most half of a core. An error is trouble of the moment.
    fn next(&mut self, longest: Duration) -> Result<Option<Batch>>;
    /// The next batch but those on their way is to tell everything, for a batch was lost.
    fn request_resync(&mut self);
    /// Whether UNIX sockets are to be told too.
    fn set_unix(&mut self, unix: bool);
    /// What asking it takes: nothing, for a simulated machine.
    fn part(&self) -> Part {
        Part::Serving(None)
    }
}

impl Source for Collector {
    fn next(&mut self, longest: Duration) -> Result<Option<Batch>> {
        Ok(Self::next(self, longest)?)
    }

    fn request_resync(&mut self) {
        Self::request_resync(self);
    }

    fn set_unix(&mut self, unix: bool) {
        Self::set_unix(self, unix);
    }

    fn part(&self) -> Part {
        Part::Collecting
    }
}

/// The source to begin with, and where others come from when that breaks off.
pub(crate) struct Sources {
    pub(crate) first: Box<dyn Source>,
    pub(crate) again: Box<dyn FnMut() -> Result<Box<dyn Source>> + Send>,
}

/// Starts the thread. What is returned is closed when the source has ended.
pub(crate) fn start(
    sources: Sources,
    live: Arc<Live>,
    inbox: Arc<Inbox>,
    stop: Stop,
) -> Result<mpsc::Receiver<()>> {
    let (running, over) = mpsc::channel();
    // Those that follow it are begun by the same thread, and take what the first one does.
    spawn("procnet-collect", sources.first.part(), move || {
        collect(sources, &live, &inbox, &stop);
        drop(running);
    })?;
    Ok(over)
}

fn collect(sources: Sources, live: &Live, inbox: &Inbox, stop: &Stop) {
    let Sources { first, mut again } = sources;
    let mut source = Some(first);
    let mut restarts = Restarts::default();
    let mut trouble = Trouble::default();
    while !stop.is_stopped() {
        let worked = catching(|| {
            let source = match &mut source {
                Some(known) => known,
                none => none.insert(again()?),
            };
            follow(source.as_mut(), &mut trouble, live, inbox, stop);
            anyhow::Ok(())
        });
        match worked {
            Ok(Ok(())) => {}
            Ok(Err(error)) => {
                trouble.is(&error, live);
                stop.wait(RETRY);
            }
            Err(panicked) => {
                // What it left half done ends with it, be that as it may: another one is begun.
                let _ = catching(|| drop(source.take()));
                stop.wait(broke_off(&mut restarts, &panicked, live));
            }
        }
    }
}

/// Tells that collecting broke off, and says how long to wait.
fn broke_off(restarts: &mut Restarts, panicked: &Panicked, live: &Live) -> Duration {
    if restarts.is_news(panicked) {
        tracing::error!(
            "collecting broke off ({panicked}) and begins anew: a mistake in procnet, please report it"
        );
    }
    let pause = restarts.note(Instant::now());
    live.degrade(Degradation {
        id: "collecting-anew",
        message: Arc::from(
            "A mistake in procnet broke collecting off, which began anew: what was short-lived then was \
             missed. If less is seen since, start procnet again. The log says more; please report it.",
        ),
        count: restarts.count(),
    });
    pause
}

/// Why nothing is collected at the moment. The same at each look is told once: in the log, and to
/// those who look.
#[derive(Default)]
struct Trouble(String);

impl Trouble {
    fn is(&mut self, error: &anyhow::Error, live: &Live) {
        let message = format!("{error:#}");
        if message != self.0 {
            tracing::warn!("{message}");
            live.degrade(degradation(&format!("Nothing new is seen: {message}."), 1));
            self.0 = message;
        }
    }

    fn is_over(&mut self, live: &Live) {
        if !self.0.is_empty() {
            tracing::info!("collecting again");
            live.degrade(degradation("", 0));
            self.0.clear();
        }
    }
}

fn degradation(message: &str, count: u64) -> Degradation {
    Degradation { id: "collecting-fails", message: Arc::from(message), count }
}

/// Asks a source until the end.
fn follow(source: &mut dyn Source, trouble: &mut Trouble, live: &Live, inbox: &Inbox, stop: &Stop) {
    let (unix, resync) = (live.unix_wish(), live.resync_wish());
    let mut dropping = false;
    while !stop.is_stopped() {
        source.set_unix(unix.get());
        if resync.take() {
            source.request_resync();
        }
        match source.next(TURN) {
            Ok(batch) => {
                let Some(batch) = batch else { continue };
                trouble.is_over(live);
                let dropped = inbox.push(batch) == Pushed::Dropped;
                if dropped {
                    source.request_resync();
                }
                if dropped && !dropping {
                    tracing::warn!("the engine does not keep up: events are dropped");
                }
                dropping = dropped;
            }
            Err(error) => trouble.is(&error, live),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use procnet_core::engine::{Engine, EngineOptions};
    use procnet_core::view::Grouping;
    use procnet_core::{Event, Moment};
    use procnet_server::ViewDefaults;
    use procnet_sim::{World, WorldOptions};
    use procnet_wire::live::HostInfo;

    use super::*;
    use crate::inbox;

    /// Tells a world, and breaks off when it has told so many batches: in its work, and in its end.
    struct Breaking {
        world: Arc<Mutex<World>>,
        turns: usize,
        begun: bool,
        resync: bool,
    }

    impl Source for Breaking {
        fn next(&mut self, _longest: Duration) -> Result<Option<Batch>> {
            assert!(self.turns > 0, "injected");
            std::thread::sleep(Duration::from_millis(2));
            self.turns -= 1;
            let mut world = self.world.lock().unwrap();
            let batch = world.step(Duration::from_secs(1));
            let whole = !std::mem::replace(&mut self.begun, true) || self.resync;
            self.resync = false;
            Ok(Some(if whole { world.resync() } else { batch }))
        }

        fn request_resync(&mut self) {
            self.resync = true;
        }

        fn set_unix(&mut self, _unix: bool) {}
    }

    impl Drop for Breaking {
        fn drop(&mut self) {
            assert!(self.turns > 0, "injected into its end");
        }
    }

    fn live() -> Arc<Live> {
        let text = || "x".to_owned();
        let host = HostInfo { name: text(), os: text(), version: text() };
        let defaults =
            ViewDefaults { p2p_only: false, udp: true, unix: true, grouping: Grouping::Process };
        Live::new(Engine::new(EngineOptions::default()), host, defaults)
    }

    /// Fails twice, and then tells an empty machine.
    struct Failing(usize);

    impl Source for Failing {
        fn next(&mut self, _longest: Duration) -> Result<Option<Batch>> {
            std::thread::sleep(Duration::from_millis(2));
            self.0 += 1;
            anyhow::ensure!(!(10..500).contains(&self.0), "no descriptors are left");
            Ok(Some(World::new(WorldOptions::of_sockets(10, 1)).resync()))
        }

        fn request_resync(&mut self) {}

        fn set_unix(&mut self, _unix: bool) {}
    }

    #[test]
    fn c2_that_nothing_is_collected_is_told_and_told_to_be_over() {
        let (live, inbox, stop) = (live(), Inbox::new(inbox::CAPACITY), Stop::default());
        let again = Box::new(|| anyhow::bail!("nobody asks for another"));
        let sources = Sources { first: Box::new(Failing(0)), again };
        let told = || {
            let messages = |it: &Degradation| (it.id, it.message.to_string());
            live.with_graph(|graph| graph.degradations().map(messages).collect::<Vec<_>>())
        };
        std::thread::scope(|scope| {
            scope.spawn(|| collect(sources, &live, &inbox, &stop));
            let failing = loop {
                let told = told();
                if !told.is_empty() {
                    break told;
                }
                std::thread::yield_now();
            };
            let message = "Nothing new is seen: no descriptors are left.".to_owned();
            assert_eq!(failing, [("collecting-fails", message)]);
            while !told().is_empty() {
                std::thread::yield_now();
            }
            stop.stop();
        });
    }

    #[test]
    fn c29_a_source_that_breaks_off_is_followed_by_another_and_the_map_is_the_truth() {
        let world = World::new(WorldOptions::of_sockets(300, 7));
        let world = Arc::new(Mutex::new(world));
        let source = |turns| {
            let world = Arc::clone(&world);
            Box::new(Breaking { world, turns, begun: false, resync: false })
        };
        let (live, inbox, stop) = (live(), Inbox::new(inbox::CAPACITY), Stop::default());
        let begun = Arc::new(Mutex::new(0));
        let count = Arc::clone(&begun);
        // One is not to be had, one breaks off at once, and one lasts.
        let mut others = vec![Ok(source(usize::MAX)), Ok(source(3)), Err(anyhow::anyhow!("later"))];
        let again = move || {
            *count.lock().unwrap() += 1;
            others.pop().expect("no more are asked for").map(|it| it as Box<dyn Source>)
        };
        let sources = Sources { first: source(5), again: Box::new(again) };
        std::thread::scope(|scope| {
            scope.spawn(|| collect(sources, &live, &inbox, &stop));
            let mut whole = 0;
            while *begun.lock().unwrap() < 3 || whole < 3 {
                let batches = inbox.pop(Duration::from_millis(10));
                let resyncs = batches.iter().filter(|it| it.events.first() == Some(&Event::Resync));
                whole += resyncs.count();
                live.ingest(batches, Moment(1));
            }
            stop.stop();
        });
        let rest =
            std::iter::from_fn(|| Some(inbox.pop(Duration::ZERO)).filter(|it| !it.is_empty()));
        rest.for_each(|batches| live.ingest(batches, Moment(1)));
        let truth = {
            let mut engine = Engine::new(EngineOptions::default());
            engine.apply(world.lock().unwrap().resync(), Moment(1));
            engine.graph().conclusions()
        };
        let (told, degraded) = live.with_graph(|graph| {
            let degraded: Vec<_> = graph.degradations().map(|it| (it.id, it.count)).collect();
            (graph.conclusions(), degraded)
        });
        assert_eq!(
            told.sockets.keys().collect::<Vec<_>>(),
            truth.sockets.keys().collect::<Vec<_>>()
        );
        assert_eq!(told.links.keys().collect::<Vec<_>>(), truth.links.keys().collect::<Vec<_>>());
        assert_eq!(degraded, [("collecting-anew", 2)]);
    }
}
