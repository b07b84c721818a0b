//! Which names programs asked for, and what addresses they were told.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use procnet_core::Moment;
use rustc_hash::FxHashMap;

use crate::parse::sighting::Sighting;

/// Most answers that are remembered: one is a program, an address, and the name of it.
const MAX_ANSWERS: usize = 65_536;
/// How long they are. Programs go on using an address long after its time to live; and by then its
/// next owner may have another name.
const REMEMBERED: Duration = Duration::from_secs(3600);

/// The answers that programs got.
#[derive(Debug, Default)]
pub(super) struct Names {
    /// By process id.
    answers: FxHashMap<u32, FxHashMap<IpAddr, Answer>>,
    count: usize,
    untold: u64,
}

#[derive(Debug)]
struct Answer {
    name: Arc<str>,
    at: Moment,
}

impl Names {
    /// A process was told that a name has these addresses.
    pub(super) fn told(
        &mut self,
        pid: u32,
        name: &Arc<str>,
        addresses: impl Iterator<Item = IpAddr>,
        now: Moment,
    ) {
        for address in addresses {
            let answer = Answer { name: Arc::clone(name), at: now };
            let known = self.answers.get_mut(&pid).and_then(|of| of.get_mut(&address));
            if let Some(known) = known {
                *known = answer;
            } else if self.count < MAX_ANSWERS {
                self.answers.entry(pid).or_default().insert(address, answer);
                self.count += 1;
            } else {
                self.untold = self.untold.saturating_add(1);
            }
        }
    }

    /// The name by which the process asked for the address last.
    pub(super) fn get(&self, pid: u32, address: IpAddr) -> Option<&Arc<str>> {
        self.answers.get(&pid)?.get(&address).map(|answer| &answer.name)
    }

    /// The name by which the process asked for the remote end of what was seen.
    pub(super) fn of(&self, sighting: &Sighting) -> Option<&Arc<str>> {
        self.get(sighting.pid, sighting.remote?.ip)
    }

    /// Forgets what was told long ago.
    pub(super) fn forget(&mut self, now: Moment) {
        self.answers.retain(|_, of| {
            of.retain(|_, answer| now.saturating_since(answer.at) < REMEMBERED);
            !of.is_empty()
        });
        self.count = self.answers.values().map(FxHashMap::len).sum();
    }

    /// Forgets what was told to a process that has ended: its id will be another's.
    pub(super) fn forget_process(&mut self, pid: u32) {
        if let Some(of) = self.answers.remove(&pid) {
            self.count = self.count.saturating_sub(of.len());
        }
    }

    /// How many answers there was no room for.
    pub(super) fn untold(&self) -> u64 {
        self.untold
    }
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use super::*;

    fn address(number: u32) -> IpAddr {
        Ipv4Addr::from(number).into()
    }

    fn after(seconds: u64) -> Moment {
        Moment::default().saturating_add(Duration::from_secs(seconds))
    }

    #[test]
    fn each_process_has_its_own_names_and_the_last_one_counts() {
        let mut names = Names::default();
        let (one, other): (Arc<str>, Arc<str>) = ("one.example".into(), "other.example".into());
        names.told(7, &one, [address(1), address(2)].into_iter(), after(0));
        names.told(8, &other, [address(1)].into_iter(), after(0));
        assert_eq!(names.get(7, address(1)), Some(&one));
        assert_eq!(names.get(8, address(1)), Some(&other));
        assert_eq!((names.get(8, address(2)), names.get(9, address(1))), (None, None));
        names.told(7, &other, [address(1)].into_iter(), after(1));
        assert_eq!(
            (names.get(7, address(1)), names.get(7, address(2))),
            (Some(&other), Some(&one))
        );
        names.forget_process(7);
        assert_eq!((names.get(7, address(1)), names.count), (None, 1));
    }

    #[test]
    fn what_is_old_or_too_much_is_forgotten() {
        let mut names = Names::default();
        let name: Arc<str> = "a.example".into();
        names.told(7, &name, (0..70_000).map(address), after(0));
        assert_eq!((names.count, names.untold()), (MAX_ANSWERS, 70_000 - MAX_ANSWERS as u64));
        names.told(7, &name, [address(0)].into_iter(), after(3000));
        names.forget(after(3600));
        assert_eq!((names.count, names.get(7, address(0))), (1, Some(&name)));
        names.forget(after(6600));
        assert_eq!((names.count, names.answers.len()), (0, 0));
    }
}
