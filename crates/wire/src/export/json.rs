//! One JSON object, with a node or an edge on each line: readable, and `diff` can tell what changed.

use serde::Serialize;

use super::picture::ExportPicture;

pub(super) fn write(picture: &ExportPicture) -> String {
    // Taken apart, so that a new field cannot be forgotten here.
    let ExportPicture { at, host, grouping, summary, degradations, nodes, edges } = picture;
    format!(
        "{{\"at\":{at},\n\"host\":{},\n\"grouping\":{},\n\"summary\":{},\n\"degradations\":{},\n\
         \"nodes\":{},\n\"edges\":{}}}\n",
        text(host),
        text(grouping),
        text(summary),
        text(degradations),
        lines(nodes),
        lines(edges)
    )
}

fn lines<T: Serialize>(things: &[T]) -> String {
    let lines: Vec<String> = things.iter().map(text).collect();
    if lines.is_empty() { "[]".to_owned() } else { format!("[\n{}\n]", lines.join(",\n")) }
}

/// Plain structs of strings and numbers: this cannot fail.
fn text(value: &impl Serialize) -> String {
    serde_json::to_string(value).unwrap_or_else(|_| "null".to_owned())
}
