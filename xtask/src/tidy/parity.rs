//! Every row of the parity table has a test that names it, or a written reason.
//!
//! A test names row 7 as `parity_row_07` in a Rust function or `parity row 07` in a title of a
//! TypeScript test. `docs/PARITY.md` excuses a row by `no test:` and a reason in that row's line.

use super::Violation;
use crate::repository::SourceFile;

const ROWS: std::ops::RangeInclusive<u32> = 1..=22;
const TABLE: &str = "docs/PARITY.md";
const SHORTEST_REASON: usize = 20;

pub(super) fn check(files: &[SourceFile]) -> Vec<Violation> {
    let excuses = files.iter().find(|f| f.path == TABLE).map_or("", |f| f.text.as_str());
    ROWS.filter(|row| !files.iter().any(|f| names(f, *row)) && !excused(excuses, *row))
        .map(|row| {
            let message = format!(
                "row {row} has no test called parity_row_{row:02} (\"parity row {row:02}\" in \
                 TypeScript), and no `no test: reason` in its line"
            );
            Violation::new(TABLE, message)
        })
        .collect()
}

fn names(file: &SourceFile, row: u32) -> bool {
    match file.extension() {
        // The rules' own tests name rows too, and prove nothing about the program.
        "rs" => {
            let name = format!("fn parity_row_{row:02}");
            !file.path.starts_with("xtask/")
                && file.text.match_indices(&name).any(|(at, name)| {
                    let next = file.text.get(at + name.len()..).and_then(|t| t.chars().next());
                    next.is_some_and(|c| !c.is_ascii_digit())
                })
        }
        "ts" | "tsx" => file.text.to_lowercase().contains(&format!("parity row {row:02}")),
        _ => false,
    }
}

fn excused(table: &str, row: u32) -> bool {
    table
        .lines()
        .filter(|line| {
            let number = line.trim_start().strip_prefix('|').and_then(|l| l.split('|').next());
            number.is_some_and(|n| n.trim().parse() == Ok(row))
        })
        .filter_map(|line| line.split_once("no test:"))
        .any(|(_, reason)| reason.trim().trim_end_matches('|').trim().len() >= SHORTEST_REASON)
}

#[cfg(test)]
mod tests {
    use super::super::file;
    use super::*;

    #[test]
    fn each_row_needs_a_test_or_a_reason() {
        let rust: String =
            (1..=20).map(|n| format!("fn parity_row_{n:02}_works() {{}}\n")).collect();
        let mut files = vec![
            file("tests/e2e/a.rs", &rust),
            file("web/tests/a.ts", "test(\"Parity row 21: vendor files\""),
            file(TABLE, "| 22 | logging | no test: |\n"),
        ];
        let missing = check(&files);
        assert_eq!(missing.len(), 1);
        assert!(missing[0].message.starts_with("row 22 "));
        files[2].text = "| 22 | logging | no test: nothing is chosen at run time |".to_owned();
        assert_eq!(check(&files), []);
    }

    #[test]
    fn a_longer_number_or_our_own_tests_do_not_count() {
        let elsewhere = file("crates/core/src/a.rs", "fn parity_row_011() {}");
        assert!(!names(&elsewhere, 1));
        assert!(!names(&file("xtask/src/a.rs", "fn parity_row_01_x() {}"), 1));
        assert!(names(&file("crates/core/src/a.rs", "fn parity_row_01() {}"), 1));
    }
}
