//! What sockets carry, told a few times a second for those that carried something.

use procnet_core::{Counters, HostId, NetnsId, SocketIdentity, SocketKey};

use super::iterators::Iterators;
use super::pace::Pace;
use crate::differ::Draft;
use crate::parse::kernel_record::KernelRow;
use crate::platform::scan::Scanner;

/// Most counts that wait for their socket to be told.
const MAX_EARLY: usize = 4096;

/// Counts, at a pace that is affordable.
#[derive(Debug, Default)]
pub(super) struct Counting {
    pace: Pace,
    /// Counts of sockets that nobody had told of: the record was still on its way.
    early: Vec<(SocketKey, Counters)>,
    /// Sockets may have come up since the last count.
    news: bool,
}

impl Counting {
    /// Notes that sockets may have come up.
    pub(super) fn expect_news(&mut self) {
        self.news = true;
    }

    /// Tells what sockets have carried since they were counted last, if it is time to. What can't
    /// be read now is told with the next count.
    pub(super) fn count(
        &mut self,
        iterators: &mut Iterators,
        scanner: &mut Scanner,
        draft: &mut Draft,
    ) {
        let Self { pace, early, news } = self;
        let differ = scanner.differ_mut();
        for (key, counters) in early.drain(..) {
            differ.socket_counted(key, counters, draft);
        }
        pace.keep(|| {
            if std::mem::take(news) {
                let _ = iterators.remember_all();
            }
            let _ = iterators.count(|row| {
                let KernelRow::Counted { cookie, netns, counters, .. } = row else { return };
                let netns = NetnsId(u64::from(netns));
                let identity = SocketIdentity::Cookie(cookie);
                let key = SocketKey { host: HostId::LOCAL, netns, identity };
                if !differ.socket_counted(key, counters, draft) && early.len() < MAX_EARLY {
                    early.push((key, counters));
                }
            });
        });
    }
}
