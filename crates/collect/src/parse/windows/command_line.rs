//! A Windows program is started with one string, and splits it into arguments itself. Nearly all
//! do it by the rules of Microsoft's C library ("Parsing C command-line arguments").

use std::sync::Arc;

use procnet_core::text::{MAX_ARGUMENTS, MAX_COMMAND_LINE, sanitized};

use super::text::decoded;

/// The arguments of a command line in UTF-16, the program first; at most [`MAX_ARGUMENTS`] of
/// [`MAX_COMMAND_LINE`] bytes altogether.
pub fn arguments(command_line: &[u8]) -> Vec<Arc<str>> {
    let text = decoded(super::text::until_nul(command_line), MAX_COMMAND_LINE);
    let mut room = MAX_COMMAND_LINE;
    let mut arguments = Vec::new();
    let mut rest = text.as_str();
    while arguments.len() < MAX_ARGUMENTS {
        rest = rest.trim_start_matches(BLANKS);
        if rest.is_empty() {
            break;
        }
        let split = if arguments.is_empty() { program(rest) } else { argument(rest) };
        let argument = sanitized(split.0.as_bytes(), room);
        room -= argument.len();
        arguments.push(argument);
        rest = split.1;
        if room == 0 {
            break;
        }
    }
    arguments
}

const BLANKS: [char; 2] = [' ', '\t'];

/// The program's path, in which a backslash is only ever a backslash, and what follows it.
fn program(text: &str) -> (String, &str) {
    let mut quoted = false;
    let mut path = String::new();
    for (at, c) in text.char_indices() {
        match c {
            '"' => quoted = !quoted,
            _ if !quoted && BLANKS.contains(&c) => return (path, text.get(at..).unwrap_or("")),
            _ => path.push(c),
        }
    }
    (path, "")
}

/// One argument, and what follows it. Of the backslashes before a quotation mark half are meant;
/// an odd one makes the mark a character. Two marks within a quotation are one character.
fn argument(text: &str) -> (String, &str) {
    let mut quoted = false;
    let mut backslashes = 0;
    let mut argument = String::new();
    let mut characters = text.char_indices().peekable();
    while let Some((at, c)) = characters.next() {
        if c == '\\' {
            backslashes += 1;
            continue;
        }
        let meant = if c == '"' { backslashes / 2 } else { backslashes };
        argument.extend(std::iter::repeat_n('\\', meant));
        let escaped = c == '"' && backslashes % 2 == 1;
        backslashes = 0;
        match c {
            '"' if escaped => argument.push('"'),
            '"' if quoted && characters.peek().is_some_and(|&(_, next)| next == '"') => {
                characters.next();
                argument.push('"');
            }
            '"' => quoted = !quoted,
            _ if !quoted && BLANKS.contains(&c) => {
                return (argument, text.get(at..).unwrap_or(""));
            }
            _ => argument.push(c),
        }
    }
    argument.extend(std::iter::repeat_n('\\', backslashes));
    (argument, "")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::text::encoded;
    use super::*;

    fn split(text: &str) -> Vec<String> {
        arguments(&encoded(text)).iter().map(ToString::to_string).collect()
    }

    #[test]
    fn a_program_with_spaces_in_its_path() {
        assert_eq!(
            split(r#""C:\Program Files\Дом\a.exe"  --name "x y""#),
            [r"C:\Program Files\Дом\a.exe", "--name", "x y"]
        );
        assert_eq!(split(r"C:\dir\\a.exe b"), [r"C:\dir\\a.exe", "b"]);
        assert_eq!(split("\"a\\\" b"), ["a\\", "b"]);
        assert!(split("").is_empty() && split(" \t ").is_empty());
    }

    /// The examples that Microsoft gives beside its rules.
    #[test]
    fn microsofts_examples() {
        for (line, expected) in [
            (r#"p "a b c" d e"#, &["a b c", "d", "e"][..]),
            (r#"p "ab\"c" "\\" d"#, &["ab\"c", r"\", "d"]),
            (r#"p a\\\b d"e f"g h"#, &[r"a\\\b", "de fg", "h"]),
            (r#"p a\\\"b c d"#, &[r#"a\"b"#, "c", "d"]),
            (r#"p a\\\\"b c" d e"#, &[r"a\\b c", "d", "e"]),
            (r#"p a"b"" c d"#, &[r#"ab" c d"#]),
        ] {
            assert_eq!(split(line)[1..], *expected, "{line}");
        }
    }

    #[test]
    fn an_empty_argument_is_one() {
        assert_eq!(split(r#"p "" b"#), ["p", "", "b"]);
        assert_eq!(split(r"p c:\dir\"), ["p", r"c:\dir\"]);
    }

    #[test]
    fn what_is_too_long_is_cut_off() {
        assert_eq!(split(&"a ".repeat(1000)).len(), MAX_ARGUMENTS);
        let long = split(&format!("p {} {}", "数".repeat(2000), "b".repeat(9000)));
        assert!(long.iter().map(String::len).sum::<usize>() <= MAX_COMMAND_LINE);
        assert_eq!(long[1], "数".repeat(2000));
        assert_eq!(split("a b\0c"), ["a", "b"]);
    }

    proptest! {
        #[test]
        fn nothing_makes_it_panic(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
            let told = arguments(&bytes);
            prop_assert!(told.iter().map(|a| a.len()).sum::<usize>() <= MAX_COMMAND_LINE);
        }

        #[test]
        fn quoting_by_the_rules_is_undone(words in prop::collection::vec("[a\\\\\" \t]{0,8}", 0..6)) {
            let mut line = "p".to_owned();
            for word in &words {
                line.push_str(" \"");
                let mut backslashes = 0;
                for c in word.chars() {
                    if c == '"' {
                        line.extend(std::iter::repeat_n('\\', backslashes + 1));
                    }
                    backslashes = if c == '\\' { backslashes + 1 } else { 0 };
                    line.push(c);
                }
                line.extend(std::iter::repeat_n('\\', backslashes));
                line.push('"');
            }
            let expected: Vec<String> = words
                .iter()
                .map(|word| word.replace('\t', "\u{fffd}"))
                .collect();
            prop_assert_eq!(&split(&line)[1..], expected.as_slice());
        }
    }
}
