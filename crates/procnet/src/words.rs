//! Words for people: counts and lines.

/// `1 rule`, `7 rules`.
pub(crate) fn counted(count: usize, one: &str, several: &str) -> String {
    format!("{count} {}", if count == 1 { one } else { several })
}

/// Lines of at most `width` characters, but for words that are longer.
pub(crate) fn wrapped(text: &str, width: usize) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    let mut used = 0;
    for word in text.split_whitespace() {
        let length = word.chars().count();
        match lines.last_mut() {
            Some(line) if used + 1 + length <= width => {
                line.push(' ');
                line.push_str(word);
                used += 1 + length;
            }
            _ => {
                lines.push(word.to_owned());
                used = length;
            }
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_is_singular() {
        let rules = |count| counted(count, "rule", "rules");
        assert_eq!((rules(0), rules(1)), ("0 rules".to_owned(), "1 rule".to_owned()));
        assert_eq!((rules(2), rules(21)), ("2 rules".to_owned(), "21 rules".to_owned()));
    }

    #[test]
    fn words_stay_whole() {
        assert_eq!(wrapped("as many  words as fit", 8), ["as many", "words as", "fit"]);
        assert_eq!(wrapped("a wordthatislong b", 8), ["a", "wordthatislong", "b"]);
        assert!(wrapped("", 8).is_empty());
    }
}
