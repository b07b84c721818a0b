//! The page in Chromium, beside the library that the first Procnet Live drew with: what a picture,
//! a change and a frame cost the browser, and how soon a connection is seen.

use anyhow::{Context, Result};

use crate::command::{build_procnet, command, find, npm, succeed};
use crate::{repository, setup};

pub(super) fn run(quick: bool) -> Result<()> {
    setup::node()?;
    let folder = repository::root().join("web").join("bench");
    // The peer is nothing that the page or its tests need, so it has a folder of its own.
    succeed(npm(&["ci", "--no-audit", "--no-fund", "--legacy-peer-deps"]).current_dir(&folder))?;
    let program = build_procnet(true)?;
    let chromium = find("chromium").context("chromium is not there: run `cargo xtask setup`")?;
    // In a network namespace of its own nothing but the measured connections is on the map.
    let mut node = if setup::is_root() {
        let mut alone = command("unshare", &["--net", "sh", "-c"]);
        alone.args(["ip link set lo up && exec \"$0\" \"$@\"", "node"]);
        alone
    } else {
        println!(
            "(not root: sockets are looked at once a second, and this machine's own are seen)"
        );
        command("node", &[])
    };
    node.arg("page.mjs").current_dir(folder).env("PROCNET", program).env("CHROMIUM", chromium);
    if quick {
        node.env("QUICK", "1");
    }
    succeed(&mut node)
}
