use super::*;
use crate::key::{HostId, ProcessKey};
use crate::process::User;
use proptest::prelude::*;

fn process(pid: u32, name: &str, arguments: &[&str]) -> Process {
    let key = ProcessKey { host: HostId::LOCAL, pid, started: 1 };
    let mut process = Process::bare(key, name);
    process.arguments = arguments.iter().map(|&a| Arc::from(a)).collect();
    process.user = Some(User { id: 1000, name: None });
    process
}

fn rules(yaml: &str) -> RuleSet {
    RuleSet::parse("rules.yaml", yaml).unwrap_or_else(|error| panic!("{error}"))
}

fn classified(set: &RuleSet, process: &Process) -> (String, String, ClassifiedBy) {
    let found = set.classify(process);
    (found.type_name.to_string(), found.label.to_string(), found.by)
}

/// PARITY row 16: the documented example, with its regular expressions in single quotes.
const DOCUMENTED: &str = r#"
- match_pid: 1234
  type: database
  label: "Local Postgres"

- match_name: "redis-server.exe"
  type: cache
  label: "Redis"

- match_name: "/chrome/i"
  type: app
  label: "Chrome"

- match_cmd: "--listen 0.0.0.0:5432"
  type: database
  label: "DB (Public)"

- match_cmd: '/--port\s+(3000|5173)/i'
  type: service
  label: "Dev Server"

- match_name: "/qt|qtwebengine/i"
  type: qt_desktop
  label: "Qt App"
"#;

#[test]
fn parity_16_the_documented_rules() {
    let set = rules(DOCUMENTED);
    assert_eq!(set.len(), 6);
    for (pid, name, arguments, type_name, label, by) in [
        (1234, "anything", &[][..], "database", "Local Postgres", Some(0)),
        (1, "redis-server.exe", &[], "cache", "Redis", Some(1)),
        // Exact: neither another case nor a part.
        (1, "Redis-Server.exe", &[], "app", "Redis-Server.exe", None),
        (1, "redis-server", &[], "app", "redis-server", None),
        (1, "google-CHROME-x", &[], "app", "Chrome", Some(2)),
        (1, "srv", &["srv", "--LISTEN", "0.0.0.0:5432"], "database", "DB (Public)", Some(3)),
        (1, "node", &["node", "a.js", "--port", "5173"], "service", "Dev Server", Some(4)),
        (1, "node", &["node", "a.js", "--port", "4000"], "app", "node a.js", None),
        (1, "MyQtTool", &[], "qt_desktop", "Qt App", Some(5)),
        // The first that fits wins: by pid, although the name fits a later one.
        (1234, "chrome", &[], "database", "Local Postgres", Some(0)),
        // match_cmd looks in the name too.
        (1, "--listen 0.0.0.0:5432", &[], "database", "DB (Public)", Some(3)),
        (1, "plain", &["plain"], "app", "plain", None),
    ] {
        let expected = (
            type_name.to_owned(),
            label.to_owned(),
            by.map_or(ClassifiedBy::Default, ClassifiedBy::Rule),
        );
        assert_eq!(classified(&set, &process(pid, name, arguments)), expected, "{name}");
    }
}

#[test]
fn parity_16_json_says_the_same_as_yaml() {
    let json = r#"[
        {"match_pid": 1234, "type": "database", "label": "Local Postgres"},
        {"match_name": "redis-server.exe", "type": "cache", "label": "Redis"},
        {"match_name": "/chrome/i", "type": "app", "label": "Chrome"},
        {"match_cmd": "--listen 0.0.0.0:5432", "type": "database", "label": "DB (Public)"},
        {"match_cmd": "/--port\\s+(3000|5173)/i", "type": "service", "label": "Dev Server"},
        {"match_name": "/qt|qtwebengine/i", "type": "qt_desktop", "label": "Qt App"}
    ]"#;
    let without_lines = |set: RuleSet| -> Vec<Rule> {
        set.rules().iter().map(|rule| Rule { line: 0, ..rule.clone() }).collect()
    };
    let expected = without_lines(rules(DOCUMENTED));
    assert_eq!(without_lines(RuleSet::parse("rules.json", json).unwrap()), expected);
    // JSON in a file that is called otherwise, even with tabs.
    let tabbed = json.replace("        ", "\t");
    assert_eq!(without_lines(RuleSet::parse("rules.yaml", &tabbed).unwrap()), expected);
}

#[test]
fn parity_16_any_one_field_is_enough() {
    let set = rules("- {match_pid: 7, match_name: alpha, match_cmd: --beta, type: t}");
    for (pid, name, argument, fits) in [
        (7, "x", "x", true),
        (1, "alpha", "x", true),
        (1, "x", "--beta", true),
        (1, "x", "x", false),
    ] {
        let by = set.classify(&process(pid, name, &[argument])).by;
        assert_eq!(by == ClassifiedBy::Rule(0), fits, "{pid} {name} {argument}");
    }
}

#[test]
fn an_empty_file_has_no_rules() {
    for (file, text) in [
        ("a.yaml", ""),
        ("a.yaml", "\u{feff}\n"),
        ("a.yaml", "# only a comment\n"),
        ("a.yaml", "---\n"),
        ("a.yaml", "[]"),
        ("a.yaml", "null\n"),
        ("a.json", " \n"),
        ("a.json", "[]"),
        ("a.json", "null"),
    ] {
        let set = RuleSet::parse(file, text).unwrap_or_else(|error| panic!("{text:?}: {error}"));
        assert!(set.is_empty(), "{text:?}");
    }
}

#[test]
fn a_rule_means_what_its_yaml_says() {
    let set = rules(concat!(
        "- &base {match_name: a, type: t}\n",
        "- <<: *base\n  label: 5432\n",
        "- match_name: y\n  match_cmd: ''\n  label: ~\n  type: on\n",
        "- match_cmd: /usr/lib/x\n  type: u\n",
    ));
    let rules = set.rules();
    assert_eq!(rules.len(), 4);
    assert_eq!(rules[1].match_name, Some(Matcher::Text(Arc::from("a"))));
    assert_eq!(rules[1].label.as_deref(), Some("5432"));
    // Neither `y` nor `on` is a truth value, and an empty field is none.
    assert_eq!(rules[2].match_name, Some(Matcher::Text(Arc::from("y"))));
    assert_eq!((rules[2].match_cmd.as_ref(), rules[2].label.as_deref()), (None, None));
    assert_eq!(&*rules[2].type_name, "on");
    assert_eq!(rules[3].match_cmd, Some(Matcher::Text(Arc::from("/usr/lib/x"))));
    assert_eq!(rules.iter().map(|rule| rule.line).collect::<Vec<_>>(), [1, 2, 4, 8]);
}

#[test]
fn parity_16_an_error_names_file_line_and_field() {
    for (file, text, expected) in [
        (
            "rules.yaml",
            "- match_name: a\n  type: t\n\n- match_nmae: b\n  type: t\n",
            "line 4: unknown field `match_nmae`; did you mean `match_name`?",
        ),
        (
            "rules.json",
            "[\n  {\"match_name\": \"a\",\n   \"colour\": 1, \"type\": \"t\"}\n]",
            "line 3: unknown field `colour`; a rule knows match_pid, match_name, match_cmd, type, \
             label",
        ),
        (
            "r.yaml",
            "- match_name: a\n",
            "line 1: the rule has no `type`; add one, such as `type: service`",
        ),
        (
            "r.yaml",
            "# c\n- type: t\n",
            "line 2: the rule matches nothing: add `match_name`, `match_cmd` or `match_pid`",
        ),
        (
            "r.yaml",
            "- match_pid: abc\n  type: t\n",
            "line 1: `match_pid` expects a process id (a whole number), not the text \"abc\"",
        ),
        (
            "r.json",
            "[{\"type\": \"t\",\n\"match_pid\": \"12\"}]",
            "line 2: `match_pid` expects a process id (a whole number), not the text \"12\"",
        ),
        (
            "r.yaml",
            "- match_pid: -1\n  type: t\n",
            "line 1: `match_pid` expects a process id from 0 to 4294967295, not -1",
        ),
        (
            "r.yaml",
            "- type: t\n  match_pid: 1.5\n",
            "line 2: `match_pid` expects a process id (a whole number), not the number 1.5",
        ),
        (
            "r.yaml",
            "- type: t\n  match_name: 42\n",
            "line 2: `match_name` expects text, not the number 42; write it in quotes",
        ),
        ("r.yaml", "- type: [t]\n  match_name: a\n", "line 1: `type` expects text, not a list"),
        (
            "r.yaml",
            "- type: t\n  match_cmd: '/(a/'\n",
            "line 2: `match_cmd` is a bad regular expression: unclosed group",
        ),
        (
            "r.yaml",
            "- type: t\n  match_name: '/\\w{9999}/'\n",
            "line 2: `match_name` is too large as a regular expression; shorten its repetitions",
        ),
        (
            "r.yaml",
            "- type: t\n  match_cmd: \"/--port\\s+1/\"\n",
            "line 2: while parsing a quoted scalar, found unknown escape character; in double \
             quotes YAML reads a backslash as its own: write the regular expression in 'single \
             quotes'",
        ),
        (
            "r.yaml",
            "- type: t\n  type: u\n  match_name: a\n",
            "line 2: duplicate mapping key: type",
        ),
        (
            "r.json",
            "[{\"type\": \"t\", \"match_name\": \"a\",\n \"type\": \"u\"}]",
            "line 2: `type` stands twice in one rule",
        ),
        (
            "r.yaml",
            "- just text\n",
            "line 1: a rule is expected here (`type: …` and a match), not the text \"just text\"",
        ),
        ("r.json", "[{]", "line 1: key must be a string"),
        ("r.json", "\n{\"type\": 1}", "line 1: a list of rules is expected: [{…}, …]"),
    ] {
        let error = RuleSet::parse(file, text).expect_err(text);
        assert_eq!(error.to_string(), format!("cannot read {file}: {expected}"), "{text}");
        assert_eq!(error.file, file);
    }
    for text in ["type: t\n", "text", "42", "true"] {
        let error = RuleSet::parse("r.yaml", text).expect_err(text);
        assert!(error.message.starts_with("a list of rules is expected"), "{error}");
    }
    let error = RuleSet::parse("r.yaml", "- {match_nam: a, type: t}").expect_err("unknown field");
    assert_eq!((error.line, error.field.as_deref()), (Some(1), Some("match_nam")));
}

#[test]
fn everything_has_a_limit() {
    let many = "- {match_name: a, type: t}\n".repeat(MAX_RULES + 1);
    let patterns = "- {match_name: /a/, type: t}\n".repeat(MAX_PATTERNS + 1);
    let fat = "- {match_name: '/\\w{18}/', type: t}\n".repeat(16);
    let long_type = format!("- {{match_name: a, type: {}}}", "t".repeat(MAX_TYPE + 1));
    let long_label = format!("- {{match_name: a, type: t, label: {}}}", "l".repeat(257));
    let fields: String = (0..70).map(|i| format!("f{i}: 1, ")).collect();
    let fields = format!("- {{{fields}}}");
    let bomb = {
        let mut text = "- &a0 [x, x, x, x, x, x, x, x, x, x]\n".to_owned();
        for level in 1..12 {
            let aliases = format!("*a{}, ", level - 1).repeat(10);
            text.push_str(&format!("- &a{level} [{aliases}]\n"));
        }
        text
    };
    let deep = format!("- {}{}", "[".repeat(5000), "]".repeat(5000));
    for (text, expected) in [
        (" ".repeat(MAX_FILE_SIZE + 1), "the file is larger than 1024 KiB"),
        (many, "the file has more than 10000 rules"),
        (patterns, "the file has more than 2000 regular expressions"),
        (fat, "are too large together"),
        (long_type, "`type` is longer than 64 bytes"),
        (long_label, "`label` is longer than 256 bytes"),
        (fields, "the rule has more than 64 fields"),
        (bomb, "the file holds or repeats more than a rule file may"),
        (deep, "the file holds or repeats more than a rule file may"),
    ] {
        let error = RuleSet::parse("r.yaml", &text).expect_err(expected);
        assert!(error.message.contains(expected), "{expected}: {error}");
    }
}

#[test]
fn control_characters_of_a_label_are_shown() {
    let set = rules("- {match_name: a, type: t, label: \"x\\u001b[31m\"}");
    assert_eq!(set.rules()[0].label.as_deref(), Some("x\u{fffd}[31m"));
}

#[test]
fn built_in_rules_come_after_the_users_own() {
    let own = "- {match_name: redis-server, type: mine}";
    let redis = process(1, "redis-server", &["redis-server", "*:6379"]);
    let nginx = process(1, "nginx", &["nginx: worker process"]);
    let with = rules(own).with_builtin();
    assert_eq!(with.len(), 1, "built-in rules do not count");
    assert_eq!(classified(&with, &redis).0, "mine");
    assert_eq!(
        classified(&with, &nginx),
        ("load_balancer".to_owned(), "nginx".to_owned(), ClassifiedBy::BuiltIn)
    );
    assert_eq!(classified(&rules(own), &nginx).0, "app");
    assert_eq!(classified(&RuleSet::default(), &redis).0, "app");
}

#[test]
fn built_in_rules_know_programs() {
    let set = RuleSet::builtin();
    for (name, arguments, type_name, label) in [
        ("postgres", &["postgres: alice shop 127.0.0.1(4711) idle"][..], "database", "postgres"),
        ("mysqld", &["/usr/sbin/mysqld"], "database", "mysqld"),
        ("redis-server", &["redis-server *:6379"], "cache", "redis-server"),
        ("redis-cli", &["redis-cli"], "app", "redis-cli"),
        ("psql", &["psql"], "app", "psql"),
        ("memcached", &["memcached"], "cache", "memcached"),
        ("beam.smp", &["beam.smp", "-sname", "rabbit@h"], "message_broker", "RabbitMQ"),
        ("beam.smp", &["beam.smp", "-name", "couchdb@h"], "database", "CouchDB"),
        ("beam.smp", &["beam.smp", "-sname", "shop"], "app", "beam.smp"),
        ("java", &["java", "-cp", "x", "kafka.Kafka", "s.properties"], "message_broker", "Kafka"),
        ("java", &["java", "-Dx=org.elasticsearch", "shop.Main"], "app", "java shop.Main"),
        (
            "java",
            &["java", "org.apache.cassandra.service.CassandraDaemon"],
            "database",
            "Cassandra",
        ),
        ("nats-server", &[], "message_broker", "nats-server"),
        ("haproxy", &[], "load_balancer", "haproxy"),
        ("sshd", &["sshd: alice@pts/0"], "remote_access", "sshd"),
        ("systemd-resolved", &[], "service", "systemd-resolved"),
        ("systemd-resolve", &[], "service", "systemd-resolve"),
        ("NetworkManager", &[], "service", "NetworkManager"),
        ("dockerd", &[], "container", "dockerd"),
        ("containerd-shim-runc-v2", &[], "container", "containerd-shim-runc-v2"),
        ("Firefox.exe", &[], "browser", "Firefox.exe"),
        ("chrome", &["/opt/google/chrome/chrome", "--type=utility"], "browser", "chrome"),
        ("QtWebEngineProcess", &[], "qt_desktop", "QtWebEngineProcess"),
        ("vlc", &[], "qt_desktop", "vlc"),
        ("gnome-shell", &[], "desktop", "gnome-shell"),
        ("prometheus", &[], "monitoring", "prometheus"),
        ("php-fpm8.2", &["php-fpm: pool www"], "service", "php-fpm8.2"),
        (
            "python3.11",
            &["python3", "/usr/bin/fail2ban-server"],
            "service",
            "python fail2ban-server",
        ),
        ("python3", &["python3", "app.py"], "app", "python app.py"),
        ("node", &["node", "server.js"], "app", "node server.js"),
    ] {
        let found = set.classify(&process(9, name, arguments));
        assert_eq!((&*found.type_name, &*found.label), (type_name, label), "{name} {arguments:?}");
    }
}

/// The rules tried one by one, as the specification has it.
fn first_by_trying(set: &RuleSet, process: &Process) -> Option<usize> {
    let fits = |matcher: &Matcher, text: &str, part: bool| match matcher {
        Matcher::Text(wanted) if part => text.to_lowercase().contains(&wanted.to_lowercase()),
        Matcher::Text(wanted) => text == &**wanted,
        Matcher::Pattern { source, ignore_case } => regex::RegexBuilder::new(source)
            .case_insensitive(*ignore_case)
            .build()
            .unwrap()
            .is_match(text),
    };
    set.rules().iter().position(|rule| {
        rule.match_pid == Some(process.key.pid)
            || rule.match_name.as_ref().is_some_and(|m| fits(m, &process.name, false))
            || rule.match_cmd.as_ref().is_some_and(|m| fits(m, &haystack(process), true))
    })
}

fn a_rule() -> impl Strategy<Value = String> {
    let matcher = prop_oneof!["[abAB]{1,2}", "/[ab]{1,2}[|]\\^b/i?", "/a[.][?]b\\$/i?"];
    let other = matcher.clone();
    (0..4u8, 0..3u32, matcher, other).prop_map(|(kind, pid, name, command)| match kind {
        0 => format!("- {{match_pid: {pid}, type: t}}\n"),
        1 => format!("- {{match_name: '{name}', type: t}}\n"),
        2 => format!("- {{match_cmd: '{command}', type: t}}\n"),
        _ => format!("- {{match_pid: 9, match_name: '{name}', match_cmd: '{command}', type: t}}\n"),
    })
}

proptest! {
    #[test]
    fn the_index_finds_what_trying_finds(
        texts in prop_oneof![
            9 => proptest::collection::vec(a_rule(), 0..12),
            // More than one set of patterns.
            1 => proptest::collection::vec(a_rule(), 60..100),
        ],
        pid in 0..3u32,
        name in "[abAB]{0,3}",
        arguments in proptest::collection::vec("[abAB]{0,3}", 0..3),
    ) {
        let set = rules(&texts.concat());
        let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
        let process = process(pid, &name, &arguments);
        let expected =
            first_by_trying(&set, &process).map_or(ClassifiedBy::Default, ClassifiedBy::Rule);
        prop_assert_eq!(set.classify(&process).by, expected);
    }

    #[test]
    fn no_text_makes_the_parser_panic(text in ".{0,300}") {
        let _ = RuleSet::parse("r.yaml", &text);
        let _ = RuleSet::parse("r.json", &text);
    }

    #[test]
    fn no_near_rule_file_makes_the_parser_panic(
        text in r#"([-\[\]{}:,#&*!|>'"%@ \n\t]|match_name|type|label|null|/|a|1|\.|\\){0,60}"#,
    ) {
        let _ = RuleSet::parse("r.yaml", &text);
        let _ = RuleSet::parse("r.json", &text);
    }
}

#[test]
fn c28_a_rule_file_names_what_else_is_hidden() {
    let text = "- mask: pin\n- match_cmd: ••••\n  type: service\n- mask: '/licence (\\S+)/i'\n";
    let set = RuleSet::parse("rules.yaml", text).unwrap();
    assert_eq!(set.len(), 1);
    let shown = set.masked(Arc::new(process(1, "app", &["app", "--pin", "1234", "Licence K-1"])));
    assert_eq!(shown.command_line(), "app --pin •••• Licence ••••");
    assert_eq!(shown.masked, 2);
    // Rules see what is shown.
    assert_eq!(&*set.classify(&shown).type_name, "service");
    let plain = Arc::new(process(2, "app", &["app", "x"]));
    assert!(Arc::ptr_eq(&set.masked(Arc::clone(&plain)), &plain));
    assert!(!RuleSet::parse("r.yaml", "- type: a\n  match_name: b").unwrap().masking().has_more());
}

#[test]
fn c28_a_bad_mask_says_what_would_be_right() {
    for (text, message) in [
        ("- mask: a\n  type: b", "stands alone"),
        ("- mask: ''", "is empty"),
        ("- mask: 5", "expects text, not"),
        ("- mask: '/(/'", "is a bad regular expression"),
        ("- maks: a", "did you mean `mask`?"),
    ] {
        let error = RuleSet::parse("rules.yaml", text).unwrap_err();
        assert!(error.to_string().contains(message), "{text}: {error}");
        assert!(error.line.is_some());
    }
    let many = "- mask: a\n".repeat(crate::secrets::MAX_MASKS + 1);
    let error = RuleSet::parse("rules.yaml", &many).unwrap_err().to_string();
    assert!(error.contains("more than 200 masks"), "{error}");
}
