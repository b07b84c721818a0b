//! One word for everybody: stop. Said by Ctrl-C and its like, heard by threads and by tasks.

#[cfg(windows)]
#[path = "stop/windows.rs"]
mod signals;
#[cfg(not(windows))]
#[path = "stop/unix.rs"]
mod signals;

use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use anyhow::Context;
use procnet_collect::confinement::Part;
use tokio::sync::watch;

use self::signals::{INTERRUPTED, Signals};

/// How long the program may take to end: who reads its output may have stopped reading, and a
/// thread that waits to write hears nothing.
const GRACE: Duration = Duration::from_millis(900);

/// Whether to stop. Clones are the same.
#[derive(Clone, Debug, Default)]
pub(crate) struct Stop {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    stopped: Mutex<bool>,
    changed: Condvar,
    told: watch::Sender<bool>,
}

impl Default for Shared {
    fn default() -> Self {
        Self {
            stopped: Mutex::new(false),
            changed: Condvar::new(),
            told: watch::Sender::new(false),
        }
    }
}

impl Stop {
    /// Tells everybody.
    pub(crate) fn stop(&self) {
        *self.lock() = true;
        self.shared.changed.notify_all();
        self.shared.told.send_replace(true);
    }

    /// True if it was said.
    pub(crate) fn is_stopped(&self) -> bool {
        *self.lock()
    }

    /// Waits that long, or until it is said: then true.
    pub(crate) fn wait(&self, longest: Duration) -> bool {
        let guard = self.lock();
        let (guard, _) = self
            .shared
            .changed
            .wait_timeout_while(guard, longest, |stopped| !*stopped)
            .unwrap_or_else(PoisonError::into_inner);
        *guard
    }

    /// Resolves when it is said.
    pub(crate) fn told(&self) -> impl Future<Output = ()> + Send + 'static {
        let mut told = self.shared.told.subscribe();
        async move {
            // The sender can't be gone before it has said it: this future's owner holds a clone.
            let _ = told.wait_for(|stopped| *stopped).await;
        }
    }

    /// From now on the first Ctrl-C, SIGTERM or the like says it. The second ends the program at
    /// once, and so does the end of the grace that the first one gives.
    pub(crate) fn on_signals(&self) -> anyhow::Result<()> {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_io()
            .enable_time()
            .build()
            .context("can't start listening for signals")?;
        let mut signals = {
            let _inside = runtime.enter();
            Signals::listen()?
        };
        let stop = self.clone();
        std::thread::Builder::new()
            .name("procnet-signals".to_owned())
            .spawn(move || {
                // It waits, and ends the program.
                let _ = procnet_collect::confine(&Part::Serving(None));
                runtime.block_on(async {
                    signals.next().await;
                    stop.stop();
                    tokio::select! {
                        () = signals.next() => {},
                        () = tokio::time::sleep(GRACE) => {},
                    }
                    std::process::exit(INTERRUPTED);
                });
            })
            .context("can't start the thread for signals")?;
        Ok(())
    }

    fn lock(&self) -> MutexGuard<'_, bool> {
        self.shared.stopped.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everybody_hears_it() {
        let stop = Stop::default();
        assert!(!stop.is_stopped() && !stop.wait(Duration::ZERO));
        let other = stop.clone();
        let waiting = std::thread::spawn(move || other.wait(Duration::from_secs(3600)));
        let told = stop.told();
        stop.stop();
        assert!(waiting.join().unwrap() && stop.is_stopped());
        tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(told);
        assert!(stop.wait(Duration::from_secs(3600)));
    }
}
