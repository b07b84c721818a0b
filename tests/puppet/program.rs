//! A process on strings: it does with sockets what a test orders, on every system alike.
//!
//! `puppet …` says `here PID` on stdout. Then each line on stdin is an order, its words separated
//! by tabs, and answered by one line: `done …`, or `cannot …` with the reason. It leaves when
//! stdin ends. Its arguments mean nothing to it: they are there to be seen.
//!
//! Each socket receives once, in vain, when it is made: Wine knows the process that a socket
//! belongs to only once that process has used it. And each connection ends abruptly unless it is
//! closed with care, so that nothing of it lingers in TIME_WAIT.

#![expect(clippy::unwrap_used, reason = "what a puppet can't do at all ends the test")]

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Lines, Read, Write};
use std::net::{Ipv6Addr, SocketAddr};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::time::Duration;

use socket2::{Domain, Protocol, Socket, Type};

type Result<T> = std::result::Result<T, Box<dyn std::error::Error>>;

/// How long somebody is waited for who should have called or sent something already.
const PATIENCE: Duration = Duration::from_secs(60);
/// How many callers may wait to be accepted.
const BACKLOG: i32 = 128;

/// What a puppet holds.
#[derive(Default)]
struct Stage {
    sockets: BTreeMap<String, Socket>,
    puppets: BTreeMap<String, Below>,
}

/// Another puppet, on this one's strings.
struct Below {
    child: Child,
    lines: Lines<BufReader<ChildStdout>>,
}

fn main() {
    let mut stage = Stage::default();
    say(&format!("here {}", std::process::id()));
    for order in std::io::stdin().lock().lines() {
        let order = order.unwrap();
        let words: Vec<&str> = order.split('\t').collect();
        say(&match stage.carry_out(&words) {
            Ok(answer) => format!("done {answer}"),
            Err(error) => format!("cannot {order}: {error}"),
        });
    }
}

fn say(line: &str) {
    let mut out = std::io::stdout().lock();
    writeln!(out, "{line}").unwrap();
    out.flush().unwrap();
}

impl Stage {
    fn carry_out(&mut self, words: &[&str]) -> Result<String> {
        Ok(match words {
            // Addresses are answered: of what was made, or of who called.
            ["listen", name, at] => self.listen(name, address(at)?, true)?,
            ["listen-dual", name] => {
                self.listen(name, SocketAddr::from((Ipv6Addr::UNSPECIFIED, 0)), false)?
            }
            ["connect", name, to] => self.connect(name, address(to)?)?,
            ["accept", listener, name] => self.accept(listener, name)?,
            ["bind", name, at] => self.bind(name, address(at)?)?,
            ["join", name, to] => {
                self.socket(name)?.connect(&address(to)?.into())?;
                self.local(name)?.to_string()
            }
            ["listen-many", prefix, at, count] => {
                let at = address(at)?;
                self.many(prefix, count, |stage, name| stage.listen(name, at, true))?
            }
            ["bind-many", prefix, at, count] => {
                let at = address(at)?;
                self.many(prefix, count, |stage, name| stage.bind(name, at))?
            }
            ["connect-many", prefix, to, count] => {
                let to = address(to)?;
                self.many(prefix, count, |stage, name| stage.connect(name, to))?
            }
            ["accept-many", listener, prefix, count] => {
                self.many(prefix, count, |stage, name| stage.accept(listener, name))?
            }
            // How much is answered.
            ["send", name, count] => {
                self.socket(name)?.write_all(&vec![b'x'; count.parse()?])?;
                (*count).to_owned()
            }
            ["send-to", name, to, count] => {
                let to = address(to)?.into();
                self.socket(name)?.send_to(&vec![b'x'; count.parse()?], &to)?.to_string()
            }
            ["receive", name, count] => {
                self.socket(name)?.read_exact(&mut vec![0; count.parse()?])?;
                (*count).to_owned()
            }
            // One datagram, however long.
            ["receive-one", name] => self.socket(name)?.read(&mut [0; 65_536])?.to_string(),
            // Orderly: the other end is told, and this one lingers.
            ["close", name] => {
                let socket = self.take(name)?;
                socket.set_linger(None)?;
                "closed".to_owned()
            }
            // A connection ends abruptly.
            ["drop", name] => {
                self.take(name)?;
                "dropped".to_owned()
            }
            ["drop-many", prefix] => {
                let before = self.sockets.len();
                self.sockets.retain(|name, _| !name.starts_with(prefix));
                (before - self.sockets.len()).to_string()
            }
            // The pid is answered.
            ["start", name, program, arguments @ ..] => self.start(name, program, arguments)?,
            ["tell", name, rest @ ..] => self.puppet(name)?.order(rest)?,
            ["kill", name] => {
                let mut below = self.puppets.remove(*name).ok_or("there is no such puppet")?;
                below.child.kill()?;
                below.child.wait()?;
                "killed".to_owned()
            }
            _ => return Err("this is no order".into()),
        })
    }

    fn socket(&self, name: &str) -> Result<&Socket> {
        Ok(self.sockets.get(name).ok_or_else(|| format!("no {name} is held"))?)
    }

    fn take(&mut self, name: &str) -> Result<Socket> {
        Ok(self.sockets.remove(name).ok_or_else(|| format!("no {name} is held"))?)
    }

    fn keep(&mut self, name: &str, socket: Socket) -> Result<()> {
        use_once(&socket)?;
        socket.set_read_timeout(Some(PATIENCE))?;
        if socket.r#type()? == Type::STREAM {
            socket.set_linger(Some(Duration::ZERO))?;
        }
        self.sockets.insert(name.to_owned(), socket);
        Ok(())
    }

    fn local(&self, name: &str) -> Result<SocketAddr> {
        let local = self.socket(name)?.local_addr()?;
        Ok(local.as_socket().ok_or("it has no address")?)
    }

    fn listen(&mut self, name: &str, at: SocketAddr, only_v6: bool) -> Result<String> {
        let socket = Socket::new(Domain::for_address(at), Type::STREAM, Some(Protocol::TCP))?;
        if at.is_ipv6() {
            socket.set_only_v6(only_v6)?;
        }
        socket.bind(&at.into())?;
        socket.listen(BACKLOG)?;
        self.keep(name, socket)?;
        Ok(self.local(name)?.to_string())
    }

    fn connect(&mut self, name: &str, to: SocketAddr) -> Result<String> {
        let socket = Socket::new(Domain::for_address(to), Type::STREAM, Some(Protocol::TCP))?;
        socket.connect(&to.into())?;
        self.keep(name, socket)?;
        Ok(self.local(name)?.to_string())
    }

    fn accept(&mut self, listener: &str, name: &str) -> Result<String> {
        let (socket, from) = self.socket(listener)?.accept()?;
        self.keep(name, socket)?;
        Ok(from.as_socket().ok_or("who called has no address")?.to_string())
    }

    fn bind(&mut self, name: &str, at: SocketAddr) -> Result<String> {
        let socket = Socket::new(Domain::for_address(at), Type::DGRAM, Some(Protocol::UDP))?;
        socket.bind(&at.into())?;
        self.keep(name, socket)?;
        Ok(self.local(name)?.to_string())
    }

    fn many(
        &mut self,
        prefix: &str,
        count: &str,
        mut each: impl FnMut(&mut Self, &str) -> Result<String>,
    ) -> Result<String> {
        let count: usize = count.parse()?;
        let made: Result<Vec<String>> =
            (0..count).map(|index| each(self, &format!("{prefix}{index}"))).collect();
        Ok(made?.join(" "))
    }

    fn start(&mut self, name: &str, program: &str, arguments: &[&str]) -> Result<String> {
        let mut command = Command::new(program);
        command.args(arguments).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = command.spawn()?;
        let output = child.stdout.take().ok_or("it has no output")?;
        let mut below = Below { child, lines: BufReader::new(output).lines() };
        let here = below.line()?;
        let pid = here.strip_prefix("here ").ok_or("it is no puppet")?.to_owned();
        self.puppets.insert(name.to_owned(), below);
        Ok(pid)
    }

    fn puppet(&mut self, name: &str) -> Result<&mut Below> {
        Ok(self.puppets.get_mut(name).ok_or("there is no such puppet")?)
    }
}

impl Below {
    fn line(&mut self) -> Result<String> {
        Ok(self.lines.next().ok_or("it has ended")??)
    }

    fn order(&mut self, words: &[&str]) -> Result<String> {
        let mut input = self.child.stdin.as_ref().ok_or("it has no input")?;
        writeln!(input, "{}", words.join("\t"))?;
        let answer = self.line()?;
        Ok(answer.strip_prefix("done ").ok_or_else(|| answer.clone())?.to_owned())
    }
}

fn address(word: &str) -> Result<SocketAddr> {
    Ok(word.parse()?)
}

/// Receives nothing. A listener never does, and says so.
fn use_once(socket: &Socket) -> Result<()> {
    socket.set_nonblocking(true)?;
    let mut socket_too = socket;
    if socket_too.read(&mut [0; 1]).is_ok() {
        return Err("it has received something already".into());
    }
    Ok(socket.set_nonblocking(false)?)
}
