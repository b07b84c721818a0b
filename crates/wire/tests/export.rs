//! What is exported can be read back, whatever processes are called.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test fails by panicking, and its helpers with it"
)]

mod support;

use std::collections::BTreeMap;

use procnet_core::Timestamp;
use procnet_core::view::{Grouping, View, ViewSpec};
use procnet_wire::encode::{self, Surroundings};
use procnet_wire::export::{ExportFormat, ExportNode, ExportPicture, csv_original};
use procnet_wire::live::{HostInfo, SceneMessage, ToggleInfo};
use proptest::prelude::*;
use serde_json::Value;
use support::{START, engine, everyday, seconds};

fn scene() -> SceneMessage {
    let mut machine = everyday();
    machine.unix(200, 300, "/run/postgresql/.s.PGSQL.5432");
    let mut engine = engine("- match_name: postgres\n  type: database\n");
    engine.apply(machine.batch(), seconds(1));
    let spec =
        ViewSpec { grouping: Grouping::Process, udp: true, unix: true, ..ViewSpec::default() };
    let view = View::new(spec, engine.graph());
    let host = HostInfo { name: "web-1".into(), os: "linux".into(), version: "1.2.3".into() };
    encode::scene_message(
        view.scene(),
        "epoch",
        Timestamp::from_seconds(START),
        &host,
        Surroundings {
            grouping: &encode::grouping_info(view.spec(), view.resolution()),
            toggles: ToggleInfo::default(),
            legend: &encode::base_legend(&|_| None),
            degradations: &[],
        },
    )
}

/// A scene of one edge in which every text of both nodes is `text`.
fn named(text: &str) -> ExportPicture {
    let mut scene = scene();
    let nodes = scene.nodes.id.len();
    let every = || vec![text.to_owned(); nodes];
    let columns = &mut scene.nodes;
    (columns.label, columns.detail, columns.user) = (every(), every(), every());
    (columns.container, columns.unit, columns.r#type) = (every(), every(), every());
    columns.program = every();
    columns.listeners = vec![vec![text.to_owned()]; nodes];
    scene.edges.path = vec![text.to_owned(); scene.edges.id.len()];
    scene.host.name = text.to_owned();
    ExportPicture::of(&scene)
}

#[test]
fn x1_each_format_is_as_published() {
    let picture = ExportPicture::of(&scene());
    for format in ExportFormat::ALL {
        insta::assert_snapshot!(format!("export_{format}"), format.write(&picture));
    }
    assert_eq!(ExportFormat::Mermaid.file_name(&picture), "procnet-web-1-20260101T000000Z.mmd");
}

#[test]
fn x1_file_names_are_names_on_every_system() {
    for host in ["../../etc/passwd", "a\r\nSet-Cookie: x", "", "\u{202e}", "CON"] {
        let name = ExportFormat::Csv.file_name(&named(host));
        let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
        assert!(name.starts_with("procnet-") && name.chars().all(plain), "{name}");
        assert!(!name.contains("..") && name.len() < 128, "{name}");
    }
}

/// Text as hostile as a process can make it, and what breaks each of the formats.
fn hostile() -> impl Strategy<Value = String> {
    let pieces = prop_oneof![
        any::<String>(),
        "[=+@\\-\t\r\n' ;,\"]{1,6}",
        proptest::sample::select(vec![
            "]]>",
            "<!--",
            "&amp;",
            "&#0;",
            "\\N",
            "\\\"",
            "\\",
            "\"]; click n1 href \"x\"",
            "#quot;",
            "#35;",
            "%%{init: {}}%%",
            "ﬂ°°35¶ß",
            "style x:a#b;",
            "classDef y:z#;",
            "1. x",
            "- x",
            "`**x**`",
            "-->|",
            "\u{202e}",
            "\u{0}",
            "\u{1b}[31m",
            "\u{ffff}",
            "\u{fffe}",
            "</data>",
            "=cmd|'/c calc'!A1",
            "fa:fa-car",
        ])
        .prop_map(str::to_owned),
    ];
    proptest::collection::vec(pieces, 0..4).prop_map(|pieces| pieces.concat())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, ..ProptestConfig::default() })]

    #[test]
    fn x2_json_reads_back(text in hostile()) {
        let picture = named(&text);
        let written = ExportFormat::Json.write(&picture);
        prop_assert_eq!(serde_json::from_str::<ExportPicture>(&written).unwrap(), picture);
        x2_harmless(&written);
    }

    #[test]
    fn x2_csv_reads_back(text in hostile()) {
        let picture = named(&text);
        let written = ExportFormat::Csv.write(&picture);
        x2_harmless(&written);
        let mut reader = csv::ReaderBuilder::new().from_reader(written.as_bytes());
        let header = reader.headers().unwrap().clone();
        let records: Vec<BTreeMap<String, String>> = reader
            .records()
            .map(|record| {
                let record = record.unwrap();
                for (name, value) in header.iter().zip(&record) {
                    let numeric = matches!(name, "since");
                    prop_assert!(
                        numeric || !value.starts_with(['=', '+', '-', '@', '\t', '\r']),
                        "{name}: {value}"
                    );
                }
                let fields = header.iter().zip(&record);
                Ok(fields.map(|(n, v)| (n.to_owned(), csv_original(v).to_owned())).collect())
            })
            .collect::<Result<_, TestCaseError>>()?;
        let (nodes, edges): (Vec<_>, Vec<_>) =
            records.into_iter().partition(|record| record["record"] == "node");
        prop_assert_eq!((nodes.len(), edges.len()), (picture.nodes.len(), picture.edges.len()));
        for (read, node) in nodes.iter().zip(&picture.nodes) {
            same(read, &serde_json::to_value(node).unwrap())?;
        }
        for (read, edge) in edges.iter().zip(&picture.edges) {
            same(read, &serde_json::to_value(edge).unwrap())?;
        }
    }

    #[test]
    fn x2_graphml_reads_back(text in hostile()) {
        let picture = named(&text);
        let written = ExportFormat::GraphMl.write(&picture);
        x2_harmless(&written);
        let document = roxmltree::Document::parse(&written).unwrap();
        let of = |tag: &'static str| {
            document.descendants().filter(move |e| e.tag_name().name() == tag)
        };
        let names: BTreeMap<&str, &str> = of("key")
            .map(|key| (key.attribute("id").unwrap(), key.attribute("attr.name").unwrap()))
            .collect();
        let data = |element: roxmltree::Node<'_, '_>| -> BTreeMap<String, String> {
            let all = element.children().filter(|child| child.is_element());
            all.map(|data| {
                let name = names[data.attribute("key").unwrap()].to_owned();
                (name, data.text().unwrap_or_default().to_owned())
            })
            .collect()
        };
        prop_assert_eq!(of("node").count(), picture.nodes.len());
        prop_assert_eq!(of("edge").count(), picture.edges.len());
        for (element, node) in of("node").zip(&picture.nodes) {
            prop_assert_eq!(element.attribute("id"), Some(&*node.id));
            same(&data(element), &serde_json::to_value(node).unwrap())?;
        }
        for (element, edge) in of("edge").zip(&picture.edges) {
            prop_assert_eq!(element.attribute("source"), Some(&*edge.from));
            prop_assert_eq!(element.attribute("target"), Some(&*edge.to));
            same(&data(element), &serde_json::to_value(edge).unwrap())?;
        }
    }

    #[test]
    fn x2_dot_reads_back(text in hostile()) {
        let picture = named(&text);
        let written = ExportFormat::Dot.write(&picture);
        x2_harmless(&written);
        let statements = dot_statements(&written);
        let of = |arrow: bool| statements.iter().filter(move |s| s.0.contains(&"->".to_owned()) == arrow);
        let nodes: Vec<_> = of(false).filter(|s| s.0[0].starts_with('n') && s.0[0] != "node").collect();
        prop_assert_eq!((nodes.len(), of(true).count()), (picture.nodes.len(), picture.edges.len()));
        for ((names, attributes), node) in nodes.into_iter().zip(&picture.nodes) {
            prop_assert_eq!(&names[0], &node.id);
            prop_assert_eq!(attributes["label"].replace("&amp;", "&"), node.label.clone());
            prop_assert_eq!(&attributes["user"], &node.user);
            prop_assert_eq!(&attributes["listeners"], &node.listeners.join("; "));
        }
        for ((names, attributes), edge) in of(true).zip(&picture.edges) {
            prop_assert_eq!((&names[0], &names[2]), (&edge.from, &edge.to));
            prop_assert_eq!(&attributes["path"], &edge.path);
        }
    }

    #[test]
    fn x2_mermaid_reads_back(text in hostile()) {
        let picture = named(&text);
        let written = ExportFormat::Mermaid.write(&picture);
        x2_harmless(&written);
        let mut lines = written.lines();
        prop_assert_eq!(lines.next(), Some("flowchart LR"));
        prop_assert!(lines.next().unwrap().starts_with("  %% "));
        let lines: Vec<&str> = lines.collect();
        prop_assert_eq!(lines.len(), picture.nodes.len() + picture.edges.len());
        for (line, node) in lines.iter().zip(&picture.nodes) {
            let label = mermaid_label(line)?;
            prop_assert_eq!(label, shown(&node.label), "{}", line);
            let begin = format!("  {}", node.id);
            prop_assert!(line.starts_with(&begin), "{}", line);
        }
        for (line, edge) in lines.iter().skip(picture.nodes.len()).zip(&picture.edges) {
            if edge.port == 0 && !edge.path.is_empty() {
                prop_assert_eq!(mermaid_label(line)?, shown(&edge.path), "{}", line);
            }
            let end = format!("| {}", edge.to);
            prop_assert!(line.ends_with(&end), "{}", line);
        }
    }
}

/// Nothing in a file steers the terminal that it is shown on, or turns its text around.
fn x2_harmless(written: &str) {
    let steers = |c: char| c.is_control() && c != '\n' || ('\u{2028}'..='\u{202e}').contains(&c);
    assert!(!written.contains(steers), "{written:?}");
}

/// The fields that were read are those of the row, but for those that its format says elsewhere.
fn same(read: &BTreeMap<String, String>, row: &Value) -> Result<(), TestCaseError> {
    for (name, value) in row.as_object().unwrap() {
        let text = match value {
            Value::String(text) => text.clone(),
            Value::Array(list) => {
                list.iter().map(|v| v.as_str().unwrap()).collect::<Vec<_>>().join("; ")
            }
            other => other.to_string(),
        };
        match read.get(name) {
            Some(read) => prop_assert_eq!(read, &text, "{}", name),
            None => prop_assert!(matches!(name.as_str(), "id" | "from" | "to"), "{}", name),
        }
    }
    Ok(())
}

type Statement = (Vec<String>, BTreeMap<String, String>);

/// The statements of a DOT file, by the grammar's own rules: identifiers, numbers, quoted strings.
fn dot_statements(text: &str) -> Vec<Statement> {
    let body = text.strip_prefix("digraph procnet {\n").unwrap().strip_suffix("}\n").unwrap();
    let mut tokens = Vec::new();
    let mut chars = body.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            ' ' | '\n' => {}
            '"' => {
                let mut string = String::new();
                loop {
                    match chars.next().expect("a string ends") {
                        '"' => break,
                        '\\' => string.push(chars.next().expect("an escape is two characters")),
                        c => string.push(c),
                    }
                }
                tokens.push((string, true));
            }
            '-' if chars.peek() == Some(&'>') => {
                chars.next();
                tokens.push(("->".to_owned(), false));
            }
            '[' | ']' | '=' | ',' | ';' => tokens.push((c.to_string(), false)),
            c if c.is_ascii_alphanumeric() || c == '-' || c == '_' => {
                let mut word = c.to_string();
                while let Some(c) = chars.next_if(|c| c.is_ascii_alphanumeric() || *c == '_') {
                    word.push(c);
                }
                tokens.push((word, false));
            }
            other => panic!("{other:?} stands outside of a string"),
        }
    }
    tokens
        .split(|token| *token == (";".to_owned(), false))
        .filter(|statement| !statement.is_empty())
        .map(|statement| {
            let open = statement.iter().position(|t| *t == ("[".to_owned(), false)).unwrap();
            assert_eq!(statement.last(), Some(&("]".to_owned(), false)));
            let attributes = statement[open + 1..statement.len() - 1]
                .split(|token| *token == (",".to_owned(), false))
                .map(|own| {
                    let [name, equals, value] = own else { panic!("{own:?} is no attribute") };
                    assert_eq!(equals, &("=".to_owned(), false));
                    (name.0.clone(), value.0.clone())
                })
                .collect();
            (statement[..open].iter().map(|token| token.0.clone()).collect(), attributes)
        })
        .collect()
}

/// The one label of a line, with the numbers turned back into characters.
fn mermaid_label(line: &str) -> Result<String, TestCaseError> {
    let parts: Vec<&str> = line.split('"').collect();
    let [_, label, _] = parts.as_slice() else {
        return Err(TestCaseError::fail(format!("not one label: {line}")));
    };
    for bad in ["%%", "`", "ﬂ", "<", ">", "\\", "style", "classDef", "{", "[", "|"] {
        prop_assert!(!label.contains(bad), "{} in {}", bad, line);
    }
    let mut text = String::new();
    let mut rest = *label;
    while let Some(at) = rest.find('#') {
        text.push_str(&rest[..at]);
        let end = rest[at..].find(';').expect("a number ends") + at;
        let number: u32 = rest[at + 1..end].parse().expect("a number of a character");
        text.push(char::from_u32(number).unwrap());
        rest = &rest[end + 1..];
    }
    text.push_str(rest);
    Ok(text)
}

/// An empty label is written as a blank of no width.
fn shown(label: &str) -> String {
    if label.is_empty() { "\u{200b}".to_owned() } else { label.to_owned() }
}

#[test]
fn x2_rows_have_what_scripts_were_promised() {
    let node = serde_json::to_value(ExportNode::default()).unwrap();
    for field in ["label", "type", "user", "container", "unit", "program", "count", "listeners"] {
        assert!(node.get(field).is_some(), "{field}");
    }
}
