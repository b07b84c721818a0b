//! Processes that hold, or open and close, connections to each other for a measurement.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

/// The word that makes xtask hold sockets instead of measuring.
pub(super) const HOLD: &str = "hold";
/// How often a churning client opens its share of connections.
const TICK: Duration = Duration::from_millis(10);

/// Ends the processes when it goes.
pub(super) struct Holders(Vec<Child>);

impl Holders {
    /// Processes that hold that many idle sockets, some of them each.
    pub(super) fn start(sockets: usize, per_process: usize) -> Result<Self> {
        let mut holders = Self(Vec::new());
        let count = per_process.to_string();
        for _ in 0..sockets / per_process / 2 {
            let address = holders.add(&["listen", &count])?;
            holders.add(&["connect", &address, &count])?;
        }
        Ok(holders)
    }

    /// A server that reads each connection to its end, one after the other; its address.
    pub(super) fn add_server(&mut self) -> Result<String> {
        self.add(&["serve"])
    }

    /// A client that opens and closes that many connections each second.
    pub(super) fn add_churn(&mut self, server: &str, per_second: usize) -> Result<()> {
        self.add(&["churn", server, &per_second.to_string()]).map(drop)
    }

    /// Ends the one that was added last.
    pub(super) fn end_last(&mut self) {
        drop(Self(self.0.pop().into_iter().collect()));
    }

    /// Starts one and returns the first line that it prints.
    fn add(&mut self, arguments: &[&str]) -> Result<String> {
        let own = std::env::current_exe().context("can't find xtask itself")?;
        let mut child = Command::new(own)
            .args(["bench", HOLD])
            .args(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .context("can't start a holder of sockets")?;
        let output = child.stdout.take().context("a holder has no output")?;
        self.0.push(child);
        let mut line = String::new();
        BufReader::new(output).read_line(&mut line)?;
        if line.is_empty() {
            bail!("a holder of sockets ended early");
        }
        Ok(line.trim().to_owned())
    }
}

impl Drop for Holders {
    fn drop(&mut self) {
        for child in &mut self.0 {
            if let Err(error) = child.kill().and_then(|()| child.wait().map(drop)) {
                eprintln!("can't end a holder of sockets: {error}");
            }
        }
    }
}

/// What a holder does: its half of the connections, until its parent goes.
pub(super) fn hold(arguments: &[&str]) -> Result<()> {
    match arguments {
        ["listen", count] => {
            let listener = TcpListener::bind("127.0.0.1:0")?;
            begin(&listener.local_addr()?.to_string())?;
            let held = (0..count.parse()?).map(|_| Ok(listener.accept()?.0));
            wait(held.collect::<Result<Vec<TcpStream>>>()?)
        }
        ["connect", address, count] => {
            let held = (0..count.parse()?).map(|_| Ok(TcpStream::connect(address)?));
            let held = held.collect::<Result<Vec<TcpStream>>>()?;
            begin("connected")?;
            wait(held)
        }
        ["serve"] => {
            let listener = TcpListener::bind("127.0.0.1:0")?;
            begin(&listener.local_addr()?.to_string())?;
            std::thread::spawn(move || {
                for mut stream in listener.incoming().flatten() {
                    // Whoever breaks off is over too.
                    let _ = stream.read_to_end(&mut Vec::new());
                }
            });
            wait(Vec::new())
        }
        ["churn", address, per_second] => {
            let per_second: u128 = per_second.parse()?;
            let address = (*address).to_owned();
            begin("churning")?;
            std::thread::spawn(move || {
                let (began, mut made) = (Instant::now(), 0_u128);
                loop {
                    while made < began.elapsed().as_millis() * per_second / 1000 {
                        let stream = TcpStream::connect(&address);
                        let _ = stream.and_then(|mut stream| stream.write_all(b"hello"));
                        made += 1;
                    }
                    std::thread::sleep(TICK);
                }
            });
            wait(Vec::new())
        }
        _ => bail!("expected listen, connect, serve or churn with their arguments"),
    }
}

/// Tells our parent that all is in place.
fn begin(line: &str) -> Result<()> {
    println!("{line}");
    Ok(std::io::stdout().flush()?)
}

fn wait(held: Vec<TcpStream>) -> Result<()> {
    // Our parent holds the other end of this pipe for as long as it lives.
    std::io::stdin().read_to_end(&mut Vec::new())?;
    drop(held);
    Ok(())
}
