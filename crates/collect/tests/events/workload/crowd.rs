//! Many short connections: servers that answer whoever comes, and clients that ask each of them
//! in turn.

use std::io::BufReader;
use std::net::Ipv4Addr;
use std::process::ChildStdout;
use std::thread::JoinHandle;

use super::puppet::Puppet;
use super::{FROM, PORT, child_by, namespace, told};
use crate::common::Child;

/// Servers, and as many clients.
pub(crate) const SIDE: usize = 4;

/// A process that answers.
pub(crate) struct Server {
    pub(crate) process: Child,
    pub(crate) port: u16,
    _output: BufReader<ChildStdout>,
}

/// A process that asks, from an address of its own, by which servers know it.
pub(crate) struct Client {
    pub(crate) process: Child,
    pub(crate) address: Ipv4Addr,
    asks: JoinHandle<String>,
}

impl Client {
    /// Whether it has had all its answers.
    pub(crate) fn is_done(&self) -> bool {
        self.asks.is_finished()
    }
}

/// All of them, in a network namespace of their own: what they leave in TIME_WAIT ends with it,
/// rather than burden every look at this machine for a minute. Clients wait to be told to go on.
pub(crate) struct Crowd {
    pub(crate) servers: Vec<Server>,
    pub(crate) clients: Vec<Client>,
    _place: Puppet,
}

/// `None` if this machine makes no network namespaces.
pub(crate) fn gather() -> Option<Crowd> {
    let place = namespace::network()?;
    let pid = place.pid().to_string();
    let launcher = ["nsenter", "--net", "--target", &pid];
    let servers: Vec<Server> = (0..SIDE)
        .map(|_| {
            let (process, mut output) = child_by(&launcher, "workload::serve", &[]);
            let port = told(&mut output, "port: ").parse().expect("a port");
            Server { process, port, _output: output }
        })
        .collect();
    let ports: Vec<String> = servers.iter().map(|server| server.port.to_string()).collect();
    let clients = (0..SIDE)
        .zip(2..)
        .map(|(_, last)| {
            let address = Ipv4Addr::new(127, 0, 0, last);
            let surroundings = [(PORT, ports.join(" ")), (FROM, address.to_string())];
            let (process, mut output) = child_by(&launcher, "workload::ask", &surroundings);
            let asks = std::thread::spawn(move || told(&mut output, "asked: "));
            Client { process, address, asks }
        })
        .collect();
    Some(Crowd { servers, clients, _place: place })
}
