//! Mermaid: a flow chart that Markdown viewers draw.

use std::fmt::Write as _;

use super::picture::ExportPicture;

pub(super) fn write(picture: &ExportPicture) -> String {
    let mut text = String::from("flowchart LR\n");
    let _ = writeln!(text, "  %% {}", comment(&picture.title()));
    for node in &picture.nodes {
        let (open, close) = if node.kind == "process" { ("[", "]") } else { ("([", "])") };
        let _ = writeln!(text, "  {}{open}\"{}\"{close}", node.id, label(&node.label));
    }
    for edge in &picture.edges {
        let line = match (edge.evidence.as_str(), edge.stale || edge.protocol != "tcp") {
            ("none", _) => "---",
            (_, true) => "-.->",
            (_, false) => "-->",
        };
        let caption = label(&edge.caption());
        let _ = writeln!(text, "  {} {line}|\"{caption}\"| {}", edge.from, edge.to);
    }
    text
}

/// Letters, digits and what stands in addresses and paths; everything else, such as quotes,
/// brackets, Markdown's marks, `%%{` that begins directives, and the signs that stand for entities
/// while Mermaid works, is written as the number of the character: `#34;`. Then no text ends a
/// label, and none means anything.
fn label(text: &str) -> String {
    let mut label = String::with_capacity(text.len());
    for (at, c) in text.char_indices() {
        let rest = &text[at..];
        let is_plain = match c {
            // It stands for `&` and `;` in what is being drawn.
            'ﬂ' => false,
            // A semicolon is lost on a line that looks like one of styles.
            's' => !rest.starts_with("style"),
            'c' => !rest.starts_with("classDef"),
            // Before a blank they begin or number lists.
            '.' | '-' => !rest[1..].starts_with(' '),
            c => c.is_alphanumeric() || matches!(c, ' ' | ',' | ':' | '/' | '×' | '·'),
        };
        if is_plain {
            label.push(c);
        } else {
            let _ = write!(label, "#{};", u32::from(c));
        }
    }
    // An empty string is no label.
    if label.is_empty() { "#8203;".to_owned() } else { label }
}

/// A comment ends with its line, and has no directive in it.
fn comment(text: &str) -> String {
    let is_plain = |c: char| c.is_alphanumeric() || matches!(c, ' ' | ',' | ':' | '.' | '-');
    text.chars().map(|c| if is_plain(c) { c } else { '_' }).collect()
}
