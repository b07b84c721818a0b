//! Rules on a running program.

use serde_json::Value;

use super::Actor;
use crate::machine;
use crate::program::{Server, post};
use crate::wait_for;

/// As editors on Windows write it.
fn rules(label: &str) -> String {
    format!(
        "\u{feff}# Mine.\r\n- match_cmd: to be labelled\r\n  type: robots\r\n  label: {label}\r\n"
    )
}

#[test]
fn parity_row_16_an_edit_shows_by_itself_and_a_broken_one_changes_nothing() {
    let folder = machine::folder();
    let mut actor = Actor::start(&folder, "worker", &["to be labelled"]);
    actor.place("listen door 127.0.0.1:0");
    let inside = folder.path().join("мои правила");
    std::fs::create_dir(&inside).unwrap();
    let file = inside.join("my rules.yaml");
    std::fs::write(&file, rules("первый")).unwrap();
    // A relative path, in the working directory.
    let mut serve = machine::command(&["serve"]);
    let server = Server::start_as(serve.current_dir(&inside), &["--rules", "my rules.yaml"]);
    let labelled = |text: &'static str| {
        move |node: &Value| {
            node["type"] == "robots" && node["label"].as_str().is_some_and(|l| l.contains(text))
        }
    };
    server.node(actor.pid(), labelled("первый"));

    // As editors do it: a new file in the old one's place.
    let new = inside.join("my rules.yaml.new");
    std::fs::write(&new, rules("second")).unwrap();
    std::fs::rename(&new, &file).unwrap();
    server.node(actor.pid(), labelled("second"));

    std::fs::write(&file, "- match_cmd: to be labelled\n  typ: robots\n").unwrap();
    wait_for("the complaint about the broken rules", || {
        let messages = server.running.messages();
        messages.iter().any(|m| m.contains("my rules.yaml") && m.contains("line ")).then_some(())
    });
    server.node(actor.pid(), labelled("second"));
}

#[test]
fn parity_row_15_types_are_given_by_rules_and_by_what_is_well_known() {
    let folder = machine::folder();
    let actors = [("redis-server", "cache"), ("postgres", "database"), ("nobody-knows", "app")]
        .map(|(name, kind)| {
            let mut actor = Actor::start(&folder, name, &[]);
            actor.place("listen door 127.0.0.1:0");
            (actor, name, kind)
        });
    let server = Server::start(&[]);
    for (actor, name, kind) in &actors {
        let node = server.node(actor.pid(), |_| true);
        assert_eq!(node["type"], *kind, "{node}");
        assert!(node["label"].as_str().unwrap().starts_with(name), "{node}");
    }
    let plain = Server::start(&["--no-builtin-rules"]);
    for (actor, ..) in &actors {
        assert_eq!(plain.node(actor.pid(), |_| true)["type"], "app");
    }
}

#[test]
fn parity_row_17_rules_are_read_again_on_request_and_only_the_named_file() {
    let folder = machine::folder();
    let file = folder.path().join("rules.json");
    std::fs::write(&file, r#"[{"match_name": "a", "type": "service"}]"#).unwrap();
    let named = machine::path(&file);
    let server = Server::start(&["--rules", &named]);
    let reload = |body: Option<&str>| post(&server, "/api/reload_rules", body);
    let answer = reload(None);
    assert_eq!(answer.status, 200, "{}", answer.text());
    assert_eq!((&answer.json()["ok"], &answer.json()["rules"]), (&true.into(), &1.into()));
    wait_for("the news of the rules", || {
        let messages = server.running.messages();
        messages.iter().any(|m| m.contains(": 1 rule, read again")).then_some(())
    });
    let reload_from = |path: &str| reload(Some(&serde_json::json!({ "path": path }).to_string()));
    let answer = reload_from(&named);
    assert_eq!(answer.json()["ok"], true, "{}", answer.text());
    let secret = folder.path().join("secret.txt");
    std::fs::write(&secret, "nobody may read this").unwrap();
    let secret = machine::path(&secret);
    for foreign in [&*secret, "../rules.json", "/etc/passwd", r"C:\windows\win.ini"] {
        let answer = reload_from(foreign);
        assert!(answer.status >= 400, "{foreign}: {}", answer.text());
        let leaks = ["nobody may read", "root:", "[fonts]"];
        assert!(!leaks.iter().any(|leak| answer.text().contains(leak)), "{}", answer.text());
    }
    std::fs::write(&file, "[{\"match_name\": \"a\"}]").unwrap();
    let answer = reload(None);
    assert!(answer.status >= 400 && answer.text().contains("type"), "{}", answer.text());
}
