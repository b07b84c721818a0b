//! Who is asked for names.

use std::collections::VecDeque;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError, mpsc};
use std::time::{Duration, Instant};

/// Somebody who knows what addresses are called.
pub(super) trait Resolver: Send + Sync {
    /// The name of an address. May take long.
    fn name_of(&self, ip: IpAddr) -> Option<String>;
}

/// The machine's own resolver: `/etc/hosts`, DNS, and whatever else it is set up with.
pub(super) struct SystemResolver;

impl Resolver for SystemResolver {
    fn name_of(&self, ip: IpAddr) -> Option<String> {
        dns_lookup::lookup_addr(&ip).ok()
    }
}

/// Asks for all of them, so many at a time, and returns what is known when the time is over. Who is
/// asked then is not waited for.
pub(super) fn at_once(
    resolver: &Arc<dyn Resolver>,
    addresses: Vec<IpAddr>,
    in_flight: usize,
    patience: Duration,
) -> Vec<(IpAddr, String)> {
    let workers = in_flight.min(addresses.len());
    let waiting = Arc::new(Mutex::new(VecDeque::from(addresses)));
    let (sender, answers) = mpsc::channel();
    for _ in 0..workers {
        let (resolver, waiting) = (Arc::clone(resolver), Arc::clone(&waiting));
        let sender = sender.clone();
        // Without threads there are no names, and nothing else is lost.
        let _ = std::thread::Builder::new().name("procnet-names".to_owned()).spawn(move || {
            let next = || waiting.lock().unwrap_or_else(PoisonError::into_inner).pop_front();
            while let Some(ip) = next() {
                if sender.send((ip, resolver.name_of(ip))).is_err() {
                    break;
                }
            }
        });
    }
    drop(sender);
    let deadline = Instant::now() + patience;
    let mut named = Vec::new();
    while let Ok((ip, name)) =
        answers.recv_timeout(deadline.saturating_duration_since(Instant::now()))
    {
        named.extend(name.map(|name| (ip, name)));
    }
    named
}
