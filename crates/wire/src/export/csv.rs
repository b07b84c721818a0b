//! Comma-separated values (RFC 4180, with line feeds as line ends): a line for each node, then one
//! for each edge. Both have the columns of both; the first one says which it is.

use std::borrow::Cow;

use super::picture::{ExportEdge, ExportNode, ExportPicture, Value};

/// How a formula begins for the spreadsheets that there are: also after a full-width character of
/// an input method, and after blanks that they skip.
const FORMULA: [char; 11] =
    ['=', '+', '-', '@', '\t', '\r', '\n', '\u{ff1d}', '\u{ff0b}', '\u{ff0d}', '\u{ff20}'];

pub(super) fn write(picture: &ExportPicture) -> String {
    let mut columns = vec!["record"];
    for (name, _) in ExportNode::FIELDS.iter().chain(ExportEdge::FIELDS) {
        if !columns.contains(name) {
            columns.push(name);
        }
    }
    let mut text = columns.join(",");
    text.push('\n');
    let mut line =
        |record: &str, names: &[(&'static str, super::picture::Kind)], values: &[Value<'_>]| {
            for (index, column) in columns.iter().enumerate() {
                if index == 0 {
                    text.push_str(record);
                    continue;
                }
                text.push(',');
                if let Some(at) = names.iter().position(|(name, _)| name == column) {
                    text.push_str(&cell(values[at]));
                }
            }
            text.push('\n');
        };
    for node in &picture.nodes {
        line("node", ExportNode::FIELDS, &node.values());
    }
    for edge in &picture.edges {
        line("edge", ExportEdge::FIELDS, &edge.values());
    }
    text
}

fn cell(value: Value<'_>) -> Cow<'_, str> {
    match value {
        Value::Text(text) => field(text),
        Value::List(list) => Cow::Owned(field(&list.join("; ")).into_owned()),
        // Ours, and never a formula: a guard would make text of a number.
        Value::Number(number) => Cow::Owned(number.to_string()),
        Value::Flag(flag) => Cow::Borrowed(if flag { "true" } else { "false" }),
    }
}

/// One field: quoted where it must be, and never a formula.
///
/// Processes choose their own names, and a spreadsheet would run one that begins like a formula. An
/// apostrophe in front makes it text. So that nothing is lost, what begins with apostrophes and then
/// like a formula gets one more: [`original`] takes exactly that one away.
pub fn field(text: &str) -> Cow<'_, str> {
    let guard = is_formula(text);
    // Semicolons and tabs part fields too where a spreadsheet is set up so.
    if !guard && !text.contains([',', ';', '\t', '"', '\n', '\r', '\'']) && text.trim() == text {
        return Cow::Borrowed(text);
    }
    let apostrophe = if guard { "'" } else { "" };
    Cow::Owned(format!("\"{apostrophe}{}\"", text.replace('"', "\"\"")))
}

/// What a field said before it was guarded; `read` is the field as a reader of the format gives it.
pub fn original(read: &str) -> &str {
    match read.strip_prefix('\'') {
        Some(rest) if is_formula(rest) => rest,
        _ => read,
    }
}

fn is_formula(text: &str) -> bool {
    text.trim_start_matches(['\'', ' ']).starts_with(FORMULA)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_quoted_where_they_must_be() {
        assert_eq!(field("nginx"), "nginx");
        assert_eq!(field(""), "");
        assert_eq!(field("a,b \"c\""), "\"a,b \"\"c\"\"\"");
    }

    #[test]
    fn no_field_begins_a_formula() {
        for (text, written) in [
            ("=HYPERLINK(1)", "\"'=HYPERLINK(1)\""),
            ("+1", "\"'+1\""),
            ("-2", "\"'-2\""),
            ("@SUM(A1)", "\"'@SUM(A1)\""),
            ("@/tmp/.X11-unix/X0", "\"'@/tmp/.X11-unix/X0\""),
            ("\t=1", "\"'\t=1\""),
            ("\r=1", "\"'\r=1\""),
            (" =1", "\"' =1\""),
            ("＝1", "\"'＝1\""),
            ("'=1", "\"''=1\""),
            ("'quoted'", "\"'quoted'\""),
            ("a=1", "a=1"),
        ] {
            assert_eq!(field(text), written, "{text}");
            let read = written.trim_matches('"');
            assert_eq!(original(read), text);
        }
    }
}
