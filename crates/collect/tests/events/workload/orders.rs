//! What puppets can do, each with one line: an order with its words, answered by a line.

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader, IoSlice, IoSliceMut, Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::os::fd::{AsFd as _, OwnedFd};
use std::os::unix::net::UnixStream;
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::Command;

use rustix::net::{
    RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, SendAncillaryBuffer,
    SendAncillaryMessage, SendFlags,
};

use super::puppet::{FAILED, FOLDER, INHERITED, ROLE, STRINGS};
use super::{part, ring};

type Result<T> = std::result::Result<T, Box<dyn std::error::Error>>;

/// No more is sent or received by one system call.
const PIECE: usize = 64 * 1024;

/// What a puppet holds.
struct Stage {
    strings: BufReader<UnixStream>,
    sockets: BTreeMap<String, OwnedFd>,
}

#[test]
#[ignore = "a child of the other tests"]
fn obey() {
    let folder = std::env::var(FOLDER).unwrap();
    let mut stage = Stage { strings: meet(Path::new(&folder)).unwrap(), sockets: BTreeMap::new() };
    if let Ok(name) = std::env::var(INHERITED) {
        stage.sockets.insert(name, std::io::stdin().as_fd().try_clone_to_owned().unwrap());
    }
    stage.obey();
}

/// Says who this is: a `/proc` that is mounted outside names processes as they are named there.
fn meet(folder: &Path) -> Result<BufReader<UnixStream>> {
    let mut strings = UnixStream::connect(folder.join(STRINGS))?;
    let me = std::fs::read_link("/proc/self")?;
    writeln!(strings, "{}", me.display())?;
    Ok(BufReader::new(strings))
}

impl Stage {
    /// Obeys until the test lets go, or orders to leave.
    fn obey(&mut self) -> ! {
        loop {
            let mut order = String::new();
            self.strings.read_line(&mut order).expect("the test speaks");
            let words: Vec<&str> = order.split_whitespace().collect();
            if words.is_empty() || words == ["leave"] {
                std::process::exit(0);
            }
            let answer = match self.carry_out(&words) {
                Ok(Some(answer)) => answer,
                // Somebody else than who was ordered, and already introduced.
                Ok(None) => continue,
                Err(error) => format!("{FAILED} {}: {error}", order.trim()),
            };
            writeln!(self.strings.get_mut(), "{answer}").expect("the test listens");
        }
    }

    fn carry_out(&mut self, words: &[&str]) -> Result<Option<String>> {
        let answer = match words {
            ["listen", name, at] => {
                let listener = TcpListener::bind(at.parse::<SocketAddr>()?)?;
                let address = listener.local_addr()?;
                self.keep(name, listener.into());
                address.to_string()
            }
            ["connect", name, to] => {
                let stream = TcpStream::connect(to.parse::<SocketAddr>()?)?;
                let address = stream.local_addr()?;
                self.keep(name, stream.into());
                address.to_string()
            }
            ["accept", listener, name] => {
                let (stream, from) = TcpListener::from(self.copy(listener)?).accept()?;
                self.keep(name, stream.into());
                from.to_string()
            }
            // Asks for no address.
            ["accept-blindly", listener, name] => {
                let stream = rustix::net::accept(self.socket(listener)?)?;
                self.keep(name, stream);
                "accepted".to_owned()
            }
            ["send", name, count] => {
                let mut stream = TcpStream::from(self.copy(name)?);
                each_piece(count.parse()?, |length| {
                    stream.write_all(&[b'x'; PIECE][..length])?;
                    Ok(length)
                })?
            }
            ["receive", name, count] => {
                let mut stream = TcpStream::from(self.copy(name)?);
                each_piece(count.parse()?, |length| Ok(stream.read(&mut [0; PIECE][..length])?))?
            }
            ["sendfile", name, count] => {
                let count = count.parse()?;
                let file = tempfile::tempfile()?;
                file.set_len(count)?;
                let socket = self.socket(name)?;
                each_piece(count, |length| Ok(rustix::fs::sendfile(socket, &file, None, length)?))?
            }
            ["splice", from, to, count] => self.splice(from, to, count.parse()?)?,
            ["close", name] => {
                self.sockets.remove(*name).ok_or("it is not held")?;
                "closed".to_owned()
            }
            ["duplicate", name, other] => {
                let copy = self.copy(name)?;
                self.keep(other, copy);
                "duplicated".to_owned()
            }
            ["pair", one, other] => {
                let (a, b) = UnixStream::pair()?;
                self.keep(one, a.into());
                self.keep(other, b.into());
                "paired".to_owned()
            }
            ["pass", name, carrier] => self.pass(name, carrier)?,
            ["take", carrier, name] => {
                let socket = self.take(carrier)?;
                self.keep(name, socket);
                "taken".to_owned()
            }
            ["in-thread", name, rest @ ..] => self.in_thread(name, rest)?,
            ["fork", folder] => return self.fork(Path::new(folder)),
            ["execute", program, folder, name] => {
                let socket = self.sockets.remove(*name).ok_or("it is not held")?;
                let mut command = Command::new(program);
                command.args(part(ROLE)).env(FOLDER, folder).env(INHERITED, name);
                return Err(command.stdin(socket).exec().into());
            }
            ["ring", kind, rest @ ..] => self.in_ring(kind, rest)?,
            _ => return Err("this is no order".into()),
        };
        Ok(Some(answer))
    }

    fn keep(&mut self, name: &str, socket: OwnedFd) {
        self.sockets.insert(name.to_owned(), socket);
    }

    fn socket(&self, name: &str) -> Result<&OwnedFd> {
        Ok(self.sockets.get(name).ok_or_else(|| format!("no {name} is held"))?)
    }

    fn copy(&self, name: &str) -> Result<OwnedFd> {
        Ok(self.socket(name)?.try_clone()?)
    }

    /// Moves bytes from one socket to another without reading them.
    fn splice(&self, from: &str, to: &str, count: u64) -> Result<String> {
        let (from, to) = (self.socket(from)?, self.socket(to)?);
        let (exit, entrance) = rustix::pipe::pipe()?;
        let flags = rustix::pipe::SpliceFlags::MOVE;
        each_piece(count, |length| {
            let entered = rustix::pipe::splice(from, None, &entrance, None, length, flags)?;
            let mut left = entered;
            while left > 0 {
                let moved = rustix::pipe::splice(&exit, None, to, None, left, flags)?;
                left = left.checked_sub(moved).filter(|_| moved > 0).ok_or("it is closed")?;
            }
            Ok(entered)
        })
    }

    fn pass(&self, name: &str, carrier: &str) -> Result<String> {
        let sockets = [self.socket(name)?.as_fd()];
        let mut space = [std::mem::MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(1))];
        let mut control = SendAncillaryBuffer::new(&mut space);
        if !control.push(SendAncillaryMessage::ScmRights(&sockets)) {
            return Err("there is no room for it".into());
        }
        let data = [IoSlice::new(b"!")];
        rustix::net::sendmsg(self.socket(carrier)?, &data, &mut control, SendFlags::empty())?;
        Ok("passed".to_owned())
    }

    fn take(&self, carrier: &str) -> Result<OwnedFd> {
        let mut space = [std::mem::MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(1))];
        let mut control = RecvAncillaryBuffer::new(&mut space);
        let mut byte = [0];
        let mut data = [IoSliceMut::new(&mut byte)];
        let flags = RecvFlags::CMSG_CLOEXEC;
        rustix::net::recvmsg(self.socket(carrier)?, &mut data, &mut control, flags)?;
        let socket = control.drain().find_map(|message| match message {
            RecvAncillaryMessage::ScmRights(mut sockets) => sockets.next(),
            _ => None,
        });
        Ok(socket.ok_or("nothing was passed")?)
    }

    /// Has a thread of this process, with that name, carry it out.
    fn in_thread(&mut self, name: &str, words: &[&str]) -> Result<String> {
        let builder = std::thread::Builder::new().name(name.to_owned());
        std::thread::scope(|scope| {
            let work = || self.carry_out(words).map_err(|error| error.to_string());
            let result = builder.spawn_scoped(scope, work)?.join();
            Ok(result.map_err(|_| "the thread panicked")??.unwrap_or_default())
        })
    }

    fn fork(&mut self, folder: &Path) -> Result<Option<String>> {
        #[expect(unsafe_code, reason = "only a real fork shares what a process holds")]
        // SAFETY: nobody else is in the middle of anything: of this program's other threads only
        // libtest's lives, which waits for this one and holds no lock.
        let forked = unsafe { nix::unistd::fork() }?;
        if forked.is_child() {
            self.strings = meet(folder)?;
            return Ok(None);
        }
        Ok(Some("forked".to_owned()))
    }

    fn in_ring(&mut self, kind: &str, words: &[&str]) -> Result<String> {
        let mut ring = ring::Ring::new(kind == "polled")?;
        Ok(match words {
            ["try"] => "works".to_owned(),
            ["accept", listener, name] => {
                let stream = ring.accept(self.socket(listener)?.as_fd())?;
                self.keep(name, stream);
                "accepted".to_owned()
            }
            ["send", name, count] => {
                let socket = self.socket(name)?.as_fd();
                each_piece(count.parse()?, |length| {
                    Ok(ring.send(socket, &[b'x'; PIECE][..length])?)
                })?
            }
            ["receive", name, count] => {
                let socket = self.socket(name)?.as_fd();
                each_piece(count.parse()?, |length| {
                    Ok(ring.receive(socket, &mut [0; PIECE][..length])?)
                })?
            }
            _ => return Err("no ring does this".into()),
        })
    }
}

/// Does it piece by piece, each as long as it turns out to be; tells how much was done.
fn each_piece(count: u64, mut each: impl FnMut(usize) -> Result<usize>) -> Result<String> {
    let mut done = 0;
    while done < count {
        let length = usize::try_from(count - done)?.min(PIECE);
        match each(length)? {
            0 => break,
            more => done += more as u64,
        }
    }
    Ok(done.to_string())
}
