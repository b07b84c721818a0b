//! What the first Procnet Live did, on every system that the program runs on: the same tests over
//! the same puppets. `crate::machine` is what differs: how programs are run and ended there, and
//! what is known not to be told (`crate::limits`).

mod browser;
mod connections;
mod options;
mod page;
mod rules;

use std::net::SocketAddr;
use std::path::PathBuf;

use serde_json::Value;
use tempfile::TempDir;

use crate::machine;
use crate::puppet::{Puppet, address};

/// A puppet and the program that it runs.
struct Actor {
    puppet: Puppet,
    program: PathBuf,
}

impl Actor {
    fn start(folder: &TempDir, name: &str, arguments: &[&str]) -> Self {
        let name = format!("{name}{}", machine::EXE_SUFFIX);
        let program = machine::puppet(folder.path(), &name);
        let puppet = Puppet::start(machine::run(&program).args(arguments));
        Self { puppet, program }
    }

    fn pid(&self) -> u32 {
        self.puppet.pid()
    }

    /// An order, its words separated by spaces.
    fn order(&mut self, order: impl std::fmt::Display) -> String {
        self.puppet.order(order.to_string().replace(' ', "\t"))
    }

    fn place(&mut self, order: impl std::fmt::Display) -> SocketAddr {
        address(&self.order(order))
    }

    fn kill(&mut self) {
        machine::kill(&mut self.puppet);
    }
}

/// A server, a client, and their one connection.
struct Pair {
    server: Actor,
    client: Actor,
    /// Where the server listens.
    there: SocketAddr,
    /// Where the client calls from.
    near: SocketAddr,
    _folder: TempDir,
}

impl Pair {
    fn talk(server: &str, client: &str) -> Self {
        let folder = machine::folder();
        let mut server = Actor::start(&folder, server, &["the server"]);
        let mut client = Actor::start(&folder, client, &["the client"]);
        let there = server.place("listen door 127.0.0.1:0");
        let near = client.place(format_args!("connect call {there}"));
        server.place("accept door guest");
        Self { server, client, there, near, _folder: folder }
    }

    /// The edge's id in `/api/graph`.
    fn edge(&self) -> String {
        format!("{}->{}:{}", self.client.pid(), self.server.pid(), self.there.port())
    }
}

fn array(value: &Value) -> &[Value] {
    value.as_array().map(Vec::as_slice).unwrap_or_default()
}
