//! What goes wrong around procnet: while it does, the program answers; when it is over, the map is
//! the truth, which `/proc` tells.

mod files;
mod many;
mod shortage;
mod stopped;
mod truth;

use std::net::SocketAddr;
use std::process::Command;
use std::sync::atomic::{AtomicU16, Ordering};

use tempfile::TempDir;

use crate::machine;
use crate::program::{Running, Server};
use crate::puppet::{Puppet, address};
use crate::wait_for;

/// Both ways to collect: by events, where the kernel tells them, and by scanning.
const COLLECTORS: [&str; 2] = ["auto", "scan"];
/// How many connections come in each scene.
const EACH: usize = 40;

/// Two processes between which connections come and go.
pub(crate) struct Players {
    server: Puppet,
    client: Puppet,
    door: SocketAddr,
    scenes: usize,
    _folder: TempDir,
}

impl Players {
    pub(crate) fn enter() -> Self {
        let folder = machine::folder();
        let [mut server, client] = ["fault-server", "fault-client"].map(|name| {
            let program = machine::puppet(folder.path(), name);
            Puppet::start(&mut machine::run(&program))
        });
        let door = address(&server.order("listen\tdoor\t127.0.0.1:0"));
        Self { server, client, door, scenes: 0, _folder: folder }
    }

    /// Connections come, of which half go; and so do those who wait for datagrams.
    pub(crate) fn play(&mut self) {
        self.scenes += 1;
        let (scene, door) = (self.scenes, self.door);
        for half in ["stays", "goes"] {
            let name = format!("{half}{scene}-");
            self.client.order(format_args!("connect-many\t{name}\t{door}\t{}", EACH / 2));
            self.server.order(format_args!("accept-many\tdoor\t{name}\t{}", EACH / 2));
            self.server.order(format_args!("bind-many\tudp-{name}\t127.0.0.1:0\t4"));
        }
        for name in [format!("goes{scene}-"), format!("udp-goes{scene}-")] {
            self.client.order(format_args!("drop-many\t{name}"));
            self.server.order(format_args!("drop-many\t{name}"));
        }
    }

    /// What stayed since the beginning goes too.
    pub(crate) fn leave(&mut self) {
        for player in [&mut self.client, &mut self.server] {
            player.order("drop-many\tstays");
        }
    }

    fn pids(&self) -> [u32; 2] {
        [self.server.pid(), self.client.pid()]
    }

    /// Waits until the map shows what these two hold, and nothing else of theirs.
    pub(crate) fn settle(&self, server: &Server) {
        truth::settle(server, &self.pids());
    }
}

/// `procnet serve` at a port that was free a moment ago, started by a shell that does something first.
fn start_at(port: u16, shell: &str, arguments: &[&str]) -> Server {
    let mut serve = machine::command(&["serve"]);
    serve.args(["--interval", "0.2", "--port", &port.to_string()]).args(arguments);
    let mut command = Command::new("sh");
    command.args(["-c", shell]).arg(serve.get_program()).args(serve.get_args());
    command.envs(serve.get_envs().filter_map(|(name, value)| Some((name, value?))));
    let running = Running::start(&mut command);
    let address = format!("127.0.0.1:{port}");
    wait_for("procnet to answer", || std::net::TcpStream::connect(&address).ok());
    Server { running, address, token: machine::token() }
}

/// Below those that the kernel gives to whoever connects: thousands do.
fn free_port() -> u16 {
    static NEXT: AtomicU16 = AtomicU16::new(0);
    let begin = 20_000 + u16::try_from(std::process::id() % 6_000).unwrap_or_default();
    wait_for("a free port", || {
        let port = begin + NEXT.fetch_add(1, Ordering::Relaxed);
        std::net::TcpListener::bind(("127.0.0.1", port)).ok().map(|_| port)
    })
}
