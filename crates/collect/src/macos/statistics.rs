//! The network statistics: connected to, asked, and listened to.

use std::io;
use std::time::{Duration, Instant};

use procnet_core::Timestamp;

use super::System;
use crate::parse::macos::sources::Sources;
use crate::parse::macos::statistics::{
    ALL_SOURCES, Message, Messages, Provider, ask_update, watch,
};
use crate::parse::sighting::Sighting;

/// How often all sockets are asked what they carried.
const ROUND: Duration = Duration::from_secs(1);
/// Most buffers that are taken in at once, lest a flood of messages never ends it.
const MAX_BUFFERS: usize = 4096;
/// The context of all requests but those for a provider, whose context is its number.
const OTHER: u64 = 1 << 32;

/// A connection to the network statistics.
#[derive(Debug)]
pub(super) struct Statistics {
    sources: Sources,
    next_round: Instant,
    buffer: Vec<u8>,
    /// Buffers that ended with something that is no message.
    malformed: u64,
}

impl Statistics {
    /// Connects, and asks for everything.
    pub(super) fn connect(system: &mut impl System, now: Instant) -> io::Result<Self> {
        system.connect()?;
        for provider in Provider::ALL {
            system.ask(&watch(provider, u64::from(provider.number())))?;
        }
        let sources = Sources::default();
        Ok(Self { sources, next_round: now + ROUND, buffer: Vec::new(), malformed: 0 })
    }

    /// Takes in what was sent since the last call. An error ends it.
    pub(super) fn hear(
        &mut self,
        system: &mut impl System,
        now: Instant,
        mut tell: impl FnMut(Sighting),
    ) -> io::Result<()> {
        for _ in 0..MAX_BUFFERS {
            system.hear(&mut self.buffer)?;
            if self.buffer.is_empty() {
                break;
            }
            let at = system.now();
            let mut messages = Messages::new(&self.buffer);
            for message in messages.by_ref() {
                take(system, &mut self.sources, &message, at, &mut tell)?;
            }
            self.malformed += u64::from(messages.malformed());
        }
        if now >= self.next_round {
            self.next_round = now + ROUND;
            self.sources.begin_round();
            ask(system, &ask_update(ALL_SOURCES, OTHER))?;
        }
        Ok(())
    }

    /// What is known to be there.
    pub(super) fn sources(&self) -> &Sources {
        &self.sources
    }

    /// How many messages were not understood.
    pub(super) fn untold(&self) -> u64 {
        self.sources.untold().saturating_add(self.malformed)
    }
}

fn take(
    system: &mut impl System,
    sources: &mut Sources,
    message: &Message<'_>,
    at: Timestamp,
    tell: &mut impl FnMut(Sighting),
) -> io::Result<()> {
    match message {
        // It is not said which socket that is.
        Message::Added { source, .. } => ask(system, &ask_update(*source, OTHER))?,
        Message::Failed { context, error } if is_essential(*context) => {
            let error = i32::try_from(*error).unwrap_or_default();
            return Err(io::Error::from_raw_os_error(error));
        }
        message => sources.take(message, at, tell),
    }
    Ok(())
}

/// Whether that was a request without which there is nothing to listen to.
fn is_essential(context: u64) -> bool {
    let kernels = [Provider::Tcp, Provider::Udp];
    kernels.into_iter().any(|provider| u64::from(provider.number()) == context)
}

/// What finds no room now is asked again with all others.
fn ask(system: &mut impl System, message: &[u8]) -> io::Result<()> {
    match system.ask(message) {
        Err(error) if error.kind() == io::ErrorKind::WouldBlock => Ok(()),
        asked => asked,
    }
}
