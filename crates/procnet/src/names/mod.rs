//! What remote addresses are called, and where they are: asked for beside everything else.
//!
//! A thread of its own hears of addresses that come onto the map, asks the files of `--geoip` and the
//! system's own resolver, and hands on what they say. The resolver honours `/etc/hosts` and whatever
//! the machine is set up with; it may take half a minute to say nothing, so a few threads do nothing
//! but wait for it.

mod geoip;
mod queue;
mod resolver;

use std::net::IpAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::Result;
use procnet_collect::confinement::Part;
use procnet_core::text::sanitized;
use procnet_core::{AddressFacts, Capability, CapabilityState};

use self::geoip::GeoIp;
use self::queue::Queue;
use self::resolver::{Resolver, SystemResolver};
use crate::options::KnowledgeOptions;
use crate::serve::spawn;
use crate::stop::Stop;
use crate::usage::UsageError;

/// Longest name that DNS knows, in bytes.
const MAX_HOST_NAME: usize = 253;
/// How many are waited for at once.
const IN_FLIGHT: usize = 4;
/// How long a thread sleeps where there is nothing to ask.
const LONGEST_WAIT: Duration = Duration::from_secs(5);
/// How long a single look waits for names.
const PATIENCE: Duration = Duration::from_millis(500);
/// Most addresses of a single look that are asked for.
const MAX_OF_ONE_LOOK: usize = 256;

/// What becomes of what was found out.
pub(crate) type Tell = dyn Fn(Vec<(IpAddr, AddressFacts)>) + Send + Sync;

/// Where names and places come from.
#[derive(Clone)]
pub(crate) struct Names {
    geoip: Arc<GeoIp>,
    resolver: Option<Arc<dyn Resolver>>,
}

impl Names {
    /// Reads what the options name.
    pub(crate) fn new(options: &KnowledgeOptions) -> Result<Self, UsageError> {
        let resolver: Option<Arc<dyn Resolver>> =
            if options.no_dns { None } else { Some(Arc::new(SystemResolver)) };
        Ok(Self { geoip: Arc::new(GeoIp::open(&options.geoip)?), resolver })
    }

    /// As it is without options.
    pub(crate) fn by_default() -> Self {
        Self { geoip: Arc::default(), resolver: Some(Arc::new(SystemResolver)) }
    }

    /// Asks for nothing: of a simulated machine.
    pub(crate) fn none() -> Self {
        Self { geoip: Arc::default(), resolver: None }
    }

    /// True if there is nobody to ask.
    fn is_idle(&self) -> bool {
        self.resolver.is_none() && self.geoip.is_empty()
    }

    /// Whether names are asked for, as other things that can or cannot be seen.
    pub(crate) fn capability(&self) -> Capability {
        let (state, reason, remedy) = match self.resolver {
            Some(_) => (
                CapabilityState::Full,
                "The machine's own resolver is asked what remote addresses are called, at most 20 \
                 times a second; --no-dns asks for nothing.",
                None,
            ),
            None => (
                CapabilityState::Missing,
                "Nobody is asked what remote addresses are called.",
                Some(Arc::from("start procnet without --no-dns")),
            ),
        };
        Capability {
            id: "remote-names",
            title: "Names of remote addresses",
            state,
            reason: Arc::from(reason),
            remedy,
        }
    }

    /// Asks in the background until it is told to stop. What is returned takes addresses that came
    /// onto the map; it never waits.
    pub(crate) fn start(self, tell: Arc<Tell>, stop: &Stop) -> Result<Option<Arc<Hear>>> {
        if self.is_idle() {
            return Ok(None);
        }
        let queue = Arc::new(Queue::default());
        let workers = if self.resolver.is_some() { IN_FLIGHT } else { 1 };
        for _ in 0..workers {
            let (names, tell) = (self.clone(), Arc::clone(&tell));
            let (queue, stop) = (Arc::clone(&queue), stop.clone());
            spawn("procnet-names", Part::Naming, move || {
                while !stop.is_stopped() {
                    names.step(&queue, LONGEST_WAIT, &*tell);
                }
            })?;
        }
        Ok(Some(Arc::new(move |addresses: &[IpAddr]| queue.push(addresses, Instant::now()))))
    }

    /// Finds out about the next address, if there is one before long.
    fn step(&self, queue: &Queue, longest: Duration, tell: &Tell) {
        let Some(ip) = queue.pop(longest) else { return };
        let mut facts = self.geoip.facts(ip);
        if !facts.is_empty() {
            // At once, for the resolver may take its time.
            tell(vec![(ip, facts.clone())]);
        }
        if let Some(resolver) = self.resolver.as_ref().filter(|_| is_asked_for(ip)) {
            queue.wait_for_turn();
            facts.name = resolver.name_of(ip).and_then(|name| cleaned(&name));
            if facts.name.is_some() {
                tell(vec![(ip, facts.clone())]);
            }
        }
        for forgotten in queue.done(ip, facts.name.is_some(), Instant::now()) {
            tell(vec![(forgotten, AddressFacts::default())]);
        }
    }

    /// What can be found out about these before a person gets impatient.
    pub(crate) fn of_one_look(&self, addresses: Vec<IpAddr>) -> Vec<(IpAddr, AddressFacts)> {
        if self.is_idle() || addresses.is_empty() {
            return Vec::new();
        }
        let mut known: Vec<_> = addresses.iter().map(|ip| (*ip, self.geoip.facts(*ip))).collect();
        if let Some(resolver) = &self.resolver {
            let asked: Vec<IpAddr> = addresses
                .into_iter()
                .filter(|ip| is_asked_for(*ip))
                .take(MAX_OF_ONE_LOOK)
                .collect();
            for (ip, name) in resolver::at_once(resolver, asked, IN_FLIGHT, PATIENCE) {
                if let Some((_, facts)) = known.iter_mut().find(|(of, _)| *of == ip) {
                    facts.name = cleaned(&name);
                }
            }
        }
        known.retain(|(_, facts)| !facts.is_empty());
        known
    }
}

/// What takes addresses that came onto the map.
pub(crate) type Hear = dyn Fn(&[IpAddr]) + Send + Sync;

/// Addresses that some name service may know. Nobody knows those of this machine alone, and asking
/// for link-local ones would send multicasts to everybody on the link.
fn is_asked_for(ip: IpAddr) -> bool {
    if ip.is_loopback() || ip.is_unspecified() || ip.is_multicast() {
        return false;
    }
    match ip {
        IpAddr::V4(ip) => !ip.is_link_local() && !ip.is_broadcast(),
        IpAddr::V6(ip) => !ip.is_unicast_link_local(),
    }
}

/// Whoever answers for the address chose the name: bounded, without control characters, and no
/// address, which would say that it is another one.
fn cleaned(name: &str) -> Option<Arc<str>> {
    let name = name.trim_end_matches('.');
    let name = name.split('%').next().unwrap_or(name);
    if name.is_empty() || name.parse::<IpAddr>().is_ok() {
        return None;
    }
    Some(sanitized(name.as_bytes(), MAX_HOST_NAME))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::sync::Mutex;

    use super::*;

    struct Book(BTreeMap<IpAddr, &'static str>, Mutex<Vec<IpAddr>>);

    impl Resolver for Book {
        fn name_of(&self, ip: IpAddr) -> Option<String> {
            self.1.lock().unwrap().push(ip);
            self.0.get(&ip).map(|name| (*name).to_owned())
        }
    }

    fn ip(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    fn names(book: &Arc<Book>) -> Names {
        let resolver: Arc<dyn Resolver> = book.clone();
        Names { geoip: Arc::default(), resolver: Some(resolver) }
    }

    fn book(names: &[(&str, &'static str)]) -> Arc<Book> {
        Arc::new(Book(names.iter().map(|(a, n)| (ip(a), *n)).collect(), Mutex::default()))
    }

    #[test]
    fn n1_names_are_told_and_each_address_is_asked_for_once() {
        let book = book(&[("192.0.2.1", "one.example."), ("10.0.0.7", "printer.lan")]);
        let names = names(&book);
        let queue = Queue::default();
        let now = Instant::now();
        let all = ["192.0.2.1", "192.0.2.2", "10.0.0.7", "192.0.2.1", "127.0.0.1", "169.254.1.1"];
        queue.push(&all.map(ip), now);
        let told = Arc::new(Mutex::new(Vec::new()));
        let heard = Arc::clone(&told);
        let tell = move |facts: Vec<(IpAddr, AddressFacts)>| {
            heard.lock().unwrap().extend(facts.into_iter().map(|(ip, facts)| (ip, facts.name)));
        };
        for _ in 0..all.len() {
            names.step(&queue, Duration::ZERO, &tell);
        }
        queue.push(&all.map(ip), Instant::now());
        names.step(&queue, Duration::ZERO, &tell);
        let told = told.lock().unwrap();
        let expected = [
            (ip("10.0.0.7"), Some(Arc::from("printer.lan"))),
            (ip("192.0.2.1"), Some(Arc::from("one.example"))),
        ];
        let mut sorted = told.clone();
        sorted.sort();
        assert_eq!(sorted, expected);
        let mut asked = book.1.lock().unwrap().clone();
        asked.sort();
        assert_eq!(asked, [ip("10.0.0.7"), ip("192.0.2.1"), ip("192.0.2.2")]);
    }

    #[test]
    fn n1_a_single_look_does_not_wait_for_ever() {
        struct Silent;
        impl Resolver for Silent {
            fn name_of(&self, _: IpAddr) -> Option<String> {
                std::thread::sleep(Duration::from_secs(3600));
                None
            }
        }
        let names = Names { geoip: Arc::default(), resolver: Some(Arc::new(Silent)) };
        assert!(names.of_one_look(vec![ip("192.0.2.1")]).is_empty());
        assert!(Names::none().of_one_look(vec![ip("192.0.2.1")]).is_empty());
        let known = super::tests::names(&book(&[("192.0.2.1", "a.example")]));
        let found = known.of_one_look(vec![ip("192.0.2.1"), ip("192.0.2.2")]);
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].1.name.as_deref(), Some("a.example"));
    }

    #[test]
    fn n2_a_name_from_the_network_is_hostile_text() {
        assert_eq!(
            cleaned("a\u{202e}b\u{1b}[31m.example.").as_deref(),
            Some("a\u{fffd}b\u{fffd}[31m.example")
        );
        assert_eq!(cleaned("8.8.8.8"), None);
        assert_eq!(cleaned("fe80::1%eth0"), None);
        assert_eq!(cleaned("."), None);
        assert!(cleaned(&"x".repeat(10_000)).unwrap().len() <= MAX_HOST_NAME);
    }
}
