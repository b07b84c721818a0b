//! Files that are not what they were, or not what they should be: the rule file, and icons.

use std::os::unix::fs::symlink;
use std::path::Path;
use std::process::Command;

use super::Players;
use crate::machine;
use crate::program::{Server, post};
use crate::wait_for;

const RULES: &str = "- match_name: fault-server\n  type: cache\n";
const OTHERS: &str = "- match_name: fault-server\n  type: database\n- match_name: x\n  type: web\n";

/// A pipe with a name (mkfifo(1)): who opens it waits for whoever writes.
fn pipe(path: &Path) {
    assert!(Command::new("mkfifo").arg(path).status().unwrap().success());
}

fn remove(path: &Path) {
    let _ = std::fs::remove_file(path).or_else(|_| std::fs::remove_dir(path));
}

#[test]
fn whatever_becomes_of_the_rule_file_the_rules_in_force_stay() {
    let mut players = Players::enter();
    players.play();
    let folder = machine::folder();
    let file = folder.path().join("rules.yaml");
    std::fs::write(&file, RULES).unwrap();
    let server = Server::start(&["--rules", &machine::path(&file)]);
    let [pid, _] = players.pids();
    let is = |kind: &str| {
        server.node(pid, |node| node["type"] == kind);
    };
    is("cache");

    // What is done to the file, and what of it is told.
    type Fault = (&'static str, fn(&Path), &'static str);
    let faults: [Fault; 7] = [
        ("truncated", |file| std::fs::write(file, &RULES[..30]).unwrap(), "rules.yaml"),
        ("a pipe", pipe, "it is no ordinary file"),
        ("a folder", |file| std::fs::create_dir(file).unwrap(), "it is a folder"),
        ("a circle of links", |file| symlink("rules.yaml", file).unwrap(), "can't read"),
        ("a device", |file| symlink("/dev/zero", file).unwrap(), "it is no ordinary file"),
        ("immense", |file| std::fs::write(file, "# \n".repeat(1 << 20)).unwrap(), "rules.yaml"),
        ("gone", |_| (), "can't read"),
    ];
    for (what, spoil, told) in faults {
        remove(&file);
        spoil(&file);
        // Whoever asks is answered, and not once for each pipe that somebody waits at.
        for _ in 0..12 {
            let answer = post(&server, "/api/reload_rules", None);
            assert_eq!(answer.status, 400, "{what}: {}", answer.text());
            assert!(answer.text().contains(told), "{what}: {}", answer.text());
        }
        is("cache");
    }
    // One that came while nobody asked is noticed too, and holds nothing up.
    remove(&file);
    let before = server.running.messages().len();
    pipe(&file);
    wait_for("the watch to tell of it", || {
        let messages = server.running.messages();
        let told = |line: &&String| line.contains("the rules in force stay in force");
        let mut told = messages.iter().skip(before).filter(told);
        told.any(|line| line.contains("no ordinary file")).then_some(())
    });
    // An editor puts another file in its place.
    let draft = folder.path().join("draft");
    std::fs::write(&draft, OTHERS).unwrap();
    std::fs::rename(&draft, &file).unwrap();
    is("database");
    players.play();
    players.settle(&server);
}

#[test]
fn no_icon_is_read_but_plain_files_of_a_decent_size() {
    let players = Players::enter();
    let folder = machine::folder();
    let icons = folder.path().join("icons");
    std::fs::create_dir(&icons).unwrap();
    let put = |name: &str, bytes: &[u8]| std::fs::write(icons.join(name), bytes).unwrap();
    put("app.png", b"no picture at all \0\xff <script>");
    put("empty.png", b"");
    put("huge.png", &vec![0; 3 << 20]);
    symlink("/etc/passwd", icons.join("linked.png")).unwrap();
    symlink("circle.png", icons.join("circle.png")).unwrap();
    pipe(&icons.join("pipe.png"));
    std::fs::create_dir(icons.join("folder.png")).unwrap();
    for number in 0..3_000 {
        put(&format!("many{number}.png"), b"x");
    }
    let server = Server::start(&["--icons-dir", &machine::path(&icons)]);
    for _ in 0..12 {
        for name in ["huge", "linked", "circle", "pipe", "folder", "none"] {
            let answer = server.get(&format!("/assets/{name}.png"));
            // One of our own in its place.
            assert_eq!(answer.header("content-type"), Some("image/svg+xml"), "{name}");
            assert!(answer.text_lossy().contains("<svg"), "{name}");
        }
    }
    // What is no picture is none to the browser either: it may not take it for anything else.
    let answer = server.get("/assets/app.png");
    assert_eq!((answer.status, answer.header("content-type")), (200, Some("image/png")));
    assert_eq!(answer.header("x-content-type-options"), Some("nosniff"));
    players.settle(&server);
}
