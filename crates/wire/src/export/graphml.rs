//! GraphML (graphml.graphdrawing.org): XML that graph editors and libraries read.

use std::fmt::Write as _;

use super::picture::{ExportEdge, ExportNode, ExportPicture, Kind, Value};

pub(super) fn write(picture: &ExportPicture) -> String {
    let mut text = String::from(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n\
         <graphml xmlns=\"http://graphml.graphdrawing.org/xmlns\" \
         xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\" \
         xsi:schemaLocation=\"http://graphml.graphdrawing.org/xmlns \
         http://graphml.graphdrawing.org/xmlns/1.0/graphml.xsd\">\n",
    );
    let mut line = |line: std::fmt::Arguments<'_>| {
        // Writing into a string cannot fail.
        let _ = text.write_fmt(line);
        text.push('\n');
    };
    for (prefix, of, fields) in
        [("n", "node", ExportNode::FIELDS), ("e", "edge", ExportEdge::FIELDS)]
    {
        for (name, kind) in attributes(fields) {
            let kind = match kind {
                Kind::Text => "string",
                Kind::Number => "long",
                Kind::Flag => "boolean",
            };
            line(format_args!(
                "  <key id=\"{prefix}_{name}\" for=\"{of}\" attr.name=\"{name}\" attr.type=\"{kind}\"/>"
            ));
        }
    }
    line(format_args!(
        "  <key id=\"title\" for=\"graph\" attr.name=\"title\" attr.type=\"string\"/>"
    ));
    line(format_args!("  <graph id=\"procnet\" edgedefault=\"directed\">"));
    line(format_args!("    <data key=\"title\">{}</data>", escaped(&picture.title())));
    for node in &picture.nodes {
        line(format_args!("    <node id=\"{}\">", escaped(&node.id)));
        for ((name, _), value) in ExportNode::FIELDS.iter().zip(node.values()) {
            if !is_of_the_element(name) {
                line(format_args!("      <data key=\"n_{name}\">{}</data>", content(value)));
            }
        }
        line(format_args!("    </node>"));
    }
    for edge in &picture.edges {
        line(format_args!(
            "    <edge id=\"{}\" source=\"{}\" target=\"{}\">",
            escaped(&edge.id),
            escaped(&edge.from),
            escaped(&edge.to)
        ));
        for ((name, _), value) in ExportEdge::FIELDS.iter().zip(edge.values()) {
            if !is_of_the_element(name) {
                line(format_args!("      <data key=\"e_{name}\">{}</data>", content(value)));
            }
        }
        line(format_args!("    </edge>"));
    }
    text.push_str("  </graph>\n</graphml>\n");
    text
}

fn attributes(
    fields: &'static [(&'static str, Kind)],
) -> impl Iterator<Item = &'static (&'static str, Kind)> {
    fields.iter().filter(|(name, _)| !is_of_the_element(name))
}

/// What stands in the element's own attributes.
fn is_of_the_element(name: &str) -> bool {
    matches!(name, "id" | "from" | "to")
}

fn content(value: Value<'_>) -> String {
    match value {
        Value::Text(text) => escaped(text),
        Value::List(list) => escaped(&list.join("; ")),
        Value::Number(number) => number.to_string(),
        Value::Flag(flag) => flag.to_string(),
    }
}

/// As XML has it in content and in quoted attributes. A reader turns line ends in content into line
/// feeds, and in attributes into blanks: written as numbers they stay. What XML cannot say at all is
/// replaced.
fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&apos;"),
            '\t' => escaped.push_str("&#9;"),
            '\n' => escaped.push_str("&#10;"),
            '\r' => escaped.push_str("&#13;"),
            '\0'..='\u{1f}' | '\u{fffe}' | '\u{ffff}' => escaped.push(char::REPLACEMENT_CHARACTER),
            c => escaped.push(c),
        }
    }
    escaped
}
