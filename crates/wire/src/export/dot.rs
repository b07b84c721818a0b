//! DOT, the language of Graphviz: `dot -Tsvg`.

use std::fmt::Write as _;

use procnet_core::registry::{PortClass, UDP_COLOR, UNIX_COLOR, node_type};

use super::picture::{ExportEdge, ExportNode, ExportPicture, Value};

pub(super) fn write(picture: &ExportPicture) -> String {
    let mut text = String::new();
    let title = label(&picture.title());
    let _ = write!(
        text,
        "digraph procnet {{\n  graph [rankdir=LR, charset=\"UTF-8\", label={title}];\n  \
         node [shape=box, style=rounded, fontname=\"sans-serif\"];\n  \
         edge [fontname=\"sans-serif\", fontsize=10];\n"
    );
    for node in &picture.nodes {
        let mut own = vec![
            format!("label={}", label(&node.label)),
            format!("tooltip={}", label(&node.detail)),
            format!("color={}", quoted(node_type(&node.node_type).color)),
        ];
        if node.kind != "process" {
            own.push("shape=ellipse".to_owned());
        }
        if node.stale {
            own.push("style=\"rounded,dashed\"".to_owned());
        }
        own.extend(rest(ExportNode::FIELDS, &node.values()));
        let _ = writeln!(text, "  {} [{}];", quoted(&node.id), own.join(", "));
    }
    for edge in &picture.edges {
        let mut own = vec![
            format!("label={}", label(&edge.caption())),
            format!("color={}", quoted(color(edge))),
        ];
        if edge.stale {
            own.push("style=dotted".to_owned());
        } else if edge.protocol != "tcp" {
            own.push("style=dashed".to_owned());
        }
        if edge.evidence == "none" {
            own.push("dir=none".to_owned());
        }
        own.extend(rest(ExportEdge::FIELDS, &edge.values()));
        let (from, to) = (quoted(&edge.from), quoted(&edge.to));
        let _ = writeln!(text, "  {from} -> {to} [{}];", own.join(", "));
    }
    text.push_str("}\n");
    text
}

fn color(edge: &ExportEdge) -> &'static str {
    match edge.protocol.as_str() {
        "udp" => UDP_COLOR,
        "unix" => UNIX_COLOR,
        _ => PortClass::from_name(&edge.class).unwrap_or(PortClass::Other).color(),
    }
}

/// The fields that Graphviz keeps without knowing them. `class`, `key` and `id` mean something to
/// it that does no harm: they become the classes and ids of an SVG file.
fn rest<'a>(
    fields: &'a [(&'static str, super::picture::Kind)],
    values: &'a [Value<'a>],
) -> impl Iterator<Item = String> + 'a {
    fields.iter().zip(values).filter_map(|((name, _), value)| {
        let value = match *value {
            _ if matches!(*name, "id" | "from" | "to" | "label") => return None,
            Value::Text(text) => quoted(text),
            Value::List(list) => quoted(&list.join("; ")),
            Value::Number(number) => number.to_string(),
            Value::Flag(flag) => flag.to_string(),
        };
        Some(format!("{name}={value}"))
    })
}

/// A text that Graphviz draws: there a backslash begins an escape (`\N` is the node's name) and an
/// ampersand an entity.
fn label(text: &str) -> String {
    quoted(&text.replace('&', "&amp;"))
}

/// A quoted string. A backslash would take the meaning of the quote or letter after it.
fn quoted(text: &str) -> String {
    let mut quoted = String::with_capacity(text.len() + 2);
    quoted.push('"');
    for c in text.chars() {
        match c {
            '"' => quoted.push_str("\\\""),
            '\\' => quoted.push_str("\\\\"),
            '\n' => quoted.push_str("\\n"),
            '\0' => quoted.push(char::REPLACEMENT_CHARACTER),
            c => quoted.push(c),
        }
    }
    quoted.push('"');
    quoted
}
