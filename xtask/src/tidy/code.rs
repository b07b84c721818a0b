//! Rust source with comments and the insides of literals blanked out, line for line: what is
//! left is what the compiler acts on.

/// `source` with every character of a comment, string or character literal replaced by a space.
pub(super) fn only(source: &str) -> String {
    let chars: Vec<char> = source.chars().collect();
    let mut code = String::with_capacity(source.len());
    let mut at = 0;
    while let Some(&c) = chars.get(at) {
        let rest = chars.get(at..).unwrap_or_default();
        let skipped = match c {
            '/' if rest.starts_with(&['/', '/']) => line_comment(rest),
            '/' if rest.starts_with(&['/', '*']) => block_comment(rest),
            '"' => quoted(rest),
            'r' | 'b' | 'c' if !follows_word(&chars, at) => raw_or_prefixed(rest),
            '\'' => character(rest),
            _ => 0,
        };
        if skipped == 0 {
            code.push(c);
            at += 1;
        } else {
            let blank = rest.iter().take(skipped);
            code.extend(blank.map(|&c| if c == '\n' { '\n' } else { ' ' }));
            at += skipped;
        }
    }
    code
}

fn follows_word(chars: &[char], at: usize) -> bool {
    at.checked_sub(1)
        .and_then(|before| chars.get(before))
        .is_some_and(|c| c.is_alphanumeric() || *c == '_')
}

fn line_comment(rest: &[char]) -> usize {
    rest.iter().position(|&c| c == '\n').unwrap_or(rest.len())
}

fn block_comment(rest: &[char]) -> usize {
    let mut depth = 0_usize;
    let mut at = 0;
    while at < rest.len() {
        let here = rest.get(at..).unwrap_or_default();
        if here.starts_with(&['/', '*']) {
            depth += 1;
            at += 2;
        } else if here.starts_with(&['*', '/']) {
            depth -= 1;
            at += 2;
            if depth == 0 {
                return at;
            }
        } else {
            at += 1;
        }
    }
    rest.len()
}

/// The length of a literal that starts with a quotation mark and ends with the next unescaped one.
fn quoted(rest: &[char]) -> usize {
    let mut escaped = false;
    for (index, &c) in rest.iter().enumerate().skip(1) {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            '"' => return index + 1,
            _ => {}
        }
    }
    rest.len()
}

/// `r"…"`, `r#"…"#`, `b"…"`, `br#"…"#`, `c"…"`; 0 if it is only a word that starts so.
fn raw_or_prefixed(rest: &[char]) -> usize {
    let letters = rest.iter().take_while(|c| matches!(c, 'r' | 'b' | 'c')).count();
    let raw = rest.iter().take(letters).any(|&c| c == 'r');
    let after = rest.get(letters..).unwrap_or_default();
    let hashes = after.iter().take_while(|&&c| c == '#').count();
    let literal = after.get(hashes..).unwrap_or_default();
    if letters > 2 || literal.first() != Some(&'"') || (hashes > 0 && !raw) {
        return 0;
    }
    if !raw {
        return letters + quoted(literal);
    }
    let end: Vec<char> = std::iter::once('"').chain(std::iter::repeat_n('#', hashes)).collect();
    let body = literal.get(1..).unwrap_or_default();
    let length = body.windows(end.len()).position(|w| w == end).unwrap_or(body.len());
    (letters + hashes + 1 + length + end.len()).min(rest.len())
}

/// The length of a character literal; 0 for a lifetime.
fn character(rest: &[char]) -> usize {
    match rest {
        ['\'', '\\', ..] => {
            let end = rest.iter().skip(3).position(|&c| c == '\'');
            end.map_or(0, |index| index + 4)
        }
        ['\'', _, '\'', ..] => 3,
        _ => 0,
    }
}

/// The paths that `use` statements of `code` name, braces expanded: `use a::{b, c::{d}}` is
/// `a::b` and `a::c::d`. Each with the index of the line where its statement begins.
pub(super) fn used_paths(code: &str) -> Vec<(usize, String)> {
    let mut paths = Vec::new();
    let mut line = 0;
    for statement in code.split_inclusive(';') {
        let lead = statement.len() - statement.trim_start().len();
        let starts = line + statement.get(..lead).unwrap_or_default().matches('\n').count();
        // An item or an opening brace may stand before the statement that ends here.
        let own = statement.rsplit_once('}').filter(|(_, tail)| has_use(tail));
        let tail = own.map_or(statement, |(_, tail)| tail);
        if let Some(tree) = after_use(statement).or_else(|| after_use(tail)) {
            let tree: String = tree.chars().filter(|c| !c.is_whitespace() && *c != ';').collect();
            expand("", &tree, &mut |path| paths.push((starts, path)));
        }
        line += statement.matches('\n').count();
    }
    paths
}

fn has_use(text: &str) -> bool {
    after_use(text).is_some()
}

/// What follows the word `use`.
fn after_use(text: &str) -> Option<&str> {
    text.match_indices("use ").find_map(|(at, word)| {
        let before = text.get(..at).unwrap_or_default().chars().next_back();
        let whole = before.is_none_or(|c| !c.is_alphanumeric() && c != '_');
        whole.then(|| text.get(at + word.len()..)).flatten()
    })
}

fn expand(prefix: &str, tree: &str, found: &mut impl FnMut(String)) {
    let Some((head, inner)) = tree.split_once('{') else {
        found(format!("{prefix}{tree}"));
        return;
    };
    let prefix = format!("{prefix}{head}");
    let inner = inner.strip_suffix('}').unwrap_or(inner);
    let mut depth = 0_usize;
    let mut from = 0;
    for (at, c) in inner.char_indices() {
        match c {
            '{' => depth += 1,
            '}' => depth = depth.saturating_sub(1),
            ',' if depth == 0 => {
                expand(&prefix, inner.get(from..at).unwrap_or_default(), found);
                from = at + 1;
            }
            _ => {}
        }
    }
    if let Some(last) = inner.get(from..).filter(|last| !last.is_empty()) {
        expand(&prefix, last, found);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn comments_and_literals_are_blank_and_lines_stay() {
        let code = only("let a = \"unsafe\"; // unsafe\n/* unsafe /* \n */ */ b(r#\"un\"safe\"#)");
        assert!(!code.contains("unsafe") && !code.contains("safe"), "{code}");
        assert_eq!(code.lines().count(), 3);
        assert!(code.contains("let a =") && code.contains("b("));
    }

    #[test]
    fn lifetimes_are_not_characters() {
        let code = only("fn f<'a>(x: &'a str) -> char { '\"' } unsafe {} let q = '\\''; z");
        assert!(code.contains("unsafe") && code.contains("<'a>") && code.ends_with('z'), "{code}");
    }

    #[test]
    fn escaped_quotes_do_not_end_a_string() {
        assert!(only(r#"f("a\"unsafe"); g"#).ends_with("; g"));
        assert!(only("br.unsafe").contains("unsafe"));
    }

    #[test]
    fn use_trees_are_expanded() {
        let paths: Vec<_> =
            used_paths("//\nuse std::{fs, time::{Instant, Duration}};\nmod a;\npub use b::c;\n")
                .into_iter()
                .map(|(_, path)| path)
                .collect();
        assert_eq!(paths, ["std::fs", "std::time::Instant", "std::time::Duration", "b::c"]);
    }

    #[test]
    fn use_statements_have_their_line() {
        let paths = used_paths("mod a;\n\nuse std::fs;\nfn f() {}\nuse std::env;");
        assert_eq!(paths, [(2, "std::fs".to_owned()), (3, "std::env".to_owned())]);
    }
}
