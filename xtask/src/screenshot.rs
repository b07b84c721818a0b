//! `cargo xtask screenshot`: the page as it is, over programs that really talk to each other.

use std::io::Write;
use std::path::Path;
use std::process::{Child, Stdio};

use anyhow::{Context, Result, anyhow, bail};

use crate::command::{build_procnet, command, find, succeed};
use crate::serving::Serving;
use crate::workload::{Ports, Workload};
use crate::{repository, setup};

const SCRIPT: &str = include_str!("screenshot.mjs");

pub(crate) fn run() -> Result<()> {
    setup::node()?;
    let program = build_procnet(true)?;
    if !setup::is_root() {
        eprintln!("screenshot: without root it shows this machine's own programs too");
        return photograph(&program, Ports::Free);
    }
    // In namespaces of its own the workload is alone and may have its well-known ports.
    let own = std::env::current_exe().context("can't find xtask itself")?;
    let mut inside = command("unshare", &["--net", "--pid", "--fork", "--mount-proc"]);
    inside.args(["sh", "-c", "ip link set lo up && exec \"$0\" \"$@\""]).arg(own);
    succeed(inside.args(["screenshot", INSIDE]).arg(program))
}

/// The word that makes xtask photograph right where it is.
pub(crate) const INSIDE: &str = "inside";

pub(crate) fn run_inside(program: &str) -> Result<()> {
    photograph(Path::new(program), Ports::WellKnown)
}

fn photograph(program: &Path, ports: Ports) -> Result<()> {
    let chromium = find("chromium").context("chromium is not there: run `cargo xtask setup`")?;
    let workload = Workload::start(ports).map_err(|failure| anyhow!("{failure}"))?;
    let serving = Serving::start(program, &["serve", "--port", "0", "--udp"])?;
    let large = Serving::start(program, &["demo", "--size", "large", "--port", "0"])?;
    let pictures = repository::root().join("docs").join("pictures");
    std::fs::create_dir_all(&pictures)
        .with_context(|| format!("can't make the folder {}", pictures.display()))?;

    let mut node = command("node", &["--input-type=module", "-"]);
    node.current_dir(repository::root().join("web"))
        .env("URL", serving.url())
        .env("CHROMIUM", chromium)
        .env("LARGE", large.url())
        .env("PICTURES", &pictures)
        .stdin(Stdio::piped());
    let mut node = node.spawn().context("can't run node")?;
    feed(&mut node)?;
    let status = node.wait().context("node is gone")?;
    drop(workload);
    if !status.success() {
        bail!("the page could not be photographed ({status})");
    }
    eprintln!("screenshot: wrote those in {}", pictures.display());
    Ok(())
}

fn feed(node: &mut Child) -> Result<()> {
    let mut input = node.stdin.take().context("node has no input")?;
    input.write_all(SCRIPT.as_bytes()).context("node does not read its program")
}
