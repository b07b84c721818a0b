//! What a forked child inherits: the sockets of its parent are the child's too, used or not.

use std::collections::VecDeque;

use procnet_core::{Attribution, HostId, NetnsId, Owner, ProcessKey, SocketIdentity, SocketKey};

use super::iterators::Iterators;
use crate::differ::Draft;
use crate::platform::scan::Scanner;

/// Most children whose descriptors are walked over per frame; the others wait.
const MAX_PER_FRAME: usize = 16;
/// Most children that wait; the others' sockets come with the next snapshot.
const MAX_WAITING: usize = 4096;

/// Children whose descriptors are to be looked at.
#[derive(Debug, Default)]
pub(super) struct Inheritance {
    /// Forked in the last frame: most children execute something else or end before it is over.
    young: Vec<ProcessKey>,
    waiting: VecDeque<ProcessKey>,
}

impl Inheritance {
    /// Looks at the children of former frames that still live, and tells what they inherited.
    pub(super) fn settle(
        &mut self,
        iterators: &Iterators,
        forked: Vec<ProcessKey>,
        scanner: &mut Scanner,
        draft: &mut Draft,
    ) {
        let free = MAX_WAITING.saturating_sub(self.waiting.len());
        let grown = std::mem::replace(&mut self.young, forked);
        self.waiting.extend(grown.into_iter().take(free));
        let mut looked_at = 0;
        while looked_at < MAX_PER_FRAME {
            let Some(child) = self.waiting.pop_front() else { break };
            if scanner.differ_mut().knows_process(&child) {
                inherit(child, iterators, scanner, draft);
                looked_at += 1;
            }
        }
    }
}

fn inherit(child: ProcessKey, iterators: &Iterators, scanner: &mut Scanner, draft: &mut Draft) {
    for holder in iterators.held_by(child.pid) {
        if scanner.ticks(holder.started) != child.started {
            continue;
        }
        let netns = NetnsId(u64::from(holder.netns));
        let identity = SocketIdentity::Cookie(holder.cookie);
        let key = SocketKey { host: HostId::LOCAL, netns, identity };
        scanner.differ_mut().change_socket(&key, draft, |socket| {
            let known = socket.owners.iter().any(|owner| owner.process == child);
            if !known {
                let attribution = Attribution::Inherited;
                socket.owners.push(Owner { process: child, attribution });
                socket.owners.sort_unstable();
            }
            !known
        });
    }
}
