//! What ends a program on UNIX: SIGINT and SIGTERM.

use anyhow::{Context, Result};
use tokio::signal::unix::{Signal, SignalKind, signal};

/// The exit code of a program that a second Ctrl-C ended: 128 + SIGINT, as shells have it.
pub(super) const INTERRUPTED: i32 = 130;

/// The signals that are listened for.
pub(super) struct Signals {
    interrupt: Signal,
    terminate: Signal,
}

impl Signals {
    /// Begins to listen; a runtime must have been entered.
    pub(super) fn listen() -> Result<Self> {
        Ok(Self {
            interrupt: signal(SignalKind::interrupt()).context("can't handle SIGINT")?,
            terminate: signal(SignalKind::terminate()).context("can't handle SIGTERM")?,
        })
    }

    /// Resolves when the next one comes.
    pub(super) async fn next(&mut self) {
        tokio::select! { _ = self.interrupt.recv() => {}, _ = self.terminate.recv() => {} }
    }
}
