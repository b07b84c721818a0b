//! The page in Chromium, over a machine where programs really run.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};

use super::Pair;
use crate::program::Server;

#[test]
fn parity_row_05_the_page_follows_what_programs_do() {
    let mut pair = Pair::talk("map-server", "map-client");
    let server = Server::start(&[]);
    server.edges("/api/graph", |edge| edge["id"] == *pair.edge());

    let web = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../web");
    let address = pair.there.to_string();
    let live = serde_json::json!({
        "server": "map-server", "client": "map-client", "address": address,
    });
    let mut browser = Command::new(web.join("node_modules/.bin/playwright"))
        .arg("test")
        .current_dir(&web)
        .env("PROCNET_URL", format!("http://{}", server.address))
        .env("PROCNET_PAGE", server.page())
        .env("PROCNET_LIVE", live.to_string())
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .spawn()
        .expect("Playwright runs: `cargo xtask setup` gets it");
    // It sets itself a time, and ends.
    let mut told = Vec::new();
    let output = browser.stdout.take().expect("its output is a pipe");
    for line in BufReader::new(output).lines().map_while(Result::ok) {
        if line.contains("both are on the map") {
            pair.client.kill();
        }
        told.push(line);
    }
    assert!(browser.wait().unwrap().success(), "{}", told.join("\n"));
    assert!(told.iter().any(|line| line.contains("1 passed")), "{}", told.join("\n"));
}
