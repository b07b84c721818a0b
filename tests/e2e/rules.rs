//! Rules on a running program.

use crate::http;
use crate::program::{Server, command};
use crate::{shared_workload, wait_for};

fn rules(label: &str) -> String {
    format!("- match_cmd: worker.py\n  type: robots\n  label: {label}\n")
}

#[test]
fn parity_row_16_an_edit_shows_by_itself_and_a_broken_one_changes_nothing() {
    let Some(workload) = shared_workload() else { return };
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("rules.yaml");
    std::fs::write(&file, rules("first")).unwrap();
    // A relative path, in the working directory.
    let mut serve = command(&["serve"]);
    let server = Server::start_as(serve.current_dir(folder.path()), &["--rules", "rules.yaml"]);
    let labelled = |text: &'static str| {
        move |node: &serde_json::Value| {
            node["type"] == "robots" && node["label"].as_str().is_some_and(|l| l.contains(text))
        }
    };
    let worker = workload.workers[0].pid();
    server.node(worker, labelled("first"));

    // As editors do it: a new file in the old one's place.
    let new = folder.path().join("rules.yaml.new");
    std::fs::write(&new, rules("second")).unwrap();
    std::fs::rename(&new, &file).unwrap();
    server.node(worker, labelled("second"));

    std::fs::write(&file, "- match_cmd: worker.py\n  typ: robots\n").unwrap();
    wait_for("the complaint about the broken rules", || {
        let messages = server.running.messages();
        messages.iter().any(|m| m.contains("rules.yaml") && m.contains("line ")).then_some(())
    });
    server.node(worker, labelled("second"));
}

#[test]
fn parity_row_17_rules_are_read_again_on_request_and_only_the_named_file() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("rules.json");
    std::fs::write(&file, r#"[{"match_name": "a", "type": "service"}]"#).unwrap();
    let file = file.display().to_string();
    let server = Server::start(&["--rules", &file]);
    let reload =
        |path: &str, body: Option<&str>| http::request(&server.address, "POST", path, body);
    let answer = reload("/api/reload_rules", None);
    assert_eq!(answer.status, 200, "{}", answer.text());
    assert_eq!((&answer.json()["ok"], &answer.json()["rules"]), (&true.into(), &1.into()));
    wait_for("the news of the rules", || {
        let messages = server.running.messages();
        messages.iter().any(|m| m.contains(": 1 rule, read again")).then_some(())
    });
    let named = format!("{{\"path\": {file:?}}}");
    assert_eq!(reload("/api/reload_rules", Some(&named)).json()["ok"], true);
    for foreign in ["{\"path\": \"/etc/passwd\"}", "{\"path\": \"../rules.json\"}"] {
        let answer = reload("/api/reload_rules", Some(foreign));
        assert!(answer.status >= 400, "{foreign}: {}", answer.text());
        assert!(!answer.text().contains("root:"), "{}", answer.text());
    }
    std::fs::write(&file, "[{\"match_name\": \"a\"}]").unwrap();
    let answer = reload("/api/reload_rules", None);
    assert!(answer.status >= 400 && answer.text().contains("type"), "{}", answer.text());
}
