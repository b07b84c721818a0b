//! Every promise of SECURITY.md names what shows it: a file, or a test in a file, that is there.

use super::Violation;
use crate::repository::SourceFile;

const PROMISES: &str = "SECURITY.md";

pub(super) fn check(files: &[SourceFile]) -> Vec<Violation> {
    let Some(promises) = files.iter().find(|file| file.path == PROMISES) else {
        return Vec::new();
    };
    let mut violations = Vec::new();
    let rows = promises.text.lines().enumerate().filter(|(_, line)| is_row(line));
    for (index, row) in rows {
        let cell = row.trim_end().trim_end_matches('|').rsplit('|').next().unwrap_or_default();
        let mut place: Option<&str> = None;
        let mut named = 0;
        // Between pairs of backticks; a test stands after its file.
        for name in cell.split('`').skip(1).step_by(2) {
            let wrong = if is_path(name) {
                place = Some(name);
                let is_there = |file: &&SourceFile| is_below(&file.path, name);
                files.iter().find(is_there).is_none().then(|| format!("there is no {name}"))
            } else {
                let has = |file: &&SourceFile| {
                    place.is_some_and(|place| file.path == place) && has_test(file, name)
                };
                files
                    .iter()
                    .find(has)
                    .is_none()
                    .then(|| format!("{} has no test {name}", place.unwrap_or("no file")))
            };
            named += 1;
            violations.extend(wrong.map(|wrong| Violation::at(promises, index, wrong)));
        }
        if named == 0 {
            let wrong = "a promise without a test: name it, or promise nothing";
            violations.push(Violation::at(promises, index, wrong));
        }
    }
    violations
}

/// A row of a table, but for its head.
fn is_row(line: &str) -> bool {
    line.starts_with('|') && !line.starts_with("| ---") && !line.trim_end().ends_with("| test |")
}

fn is_path(name: &str) -> bool {
    name.contains('/') || name == "fuzz"
}

fn is_below(path: &str, name: &str) -> bool {
    path == name || path.strip_prefix(name).is_some_and(|rest| rest.starts_with('/'))
}

fn has_test(file: &SourceFile, name: &str) -> bool {
    let function = format!("fn {name}(");
    file.text.contains(&function) || file.text.contains(&format!("test('{name}'"))
}

#[cfg(test)]
mod tests {
    use super::super::file;
    use super::*;

    const HEAD: &str = "| promise | test |\n| --- | --- |\n";

    fn wrong(rows: &str) -> Vec<String> {
        let files = [
            file(PROMISES, &format!("{HEAD}{rows}")),
            file("tests/e2e/a.rs", "#[test]\nfn it_is_so() {}\n"),
            file("web/tests/b.spec.ts", "test('it looks so', async () => {});"),
        ];
        check(&files).into_iter().map(|violation| violation.message).collect()
    }

    #[test]
    fn what_is_shown_may_be_promised() {
        assert_eq!(wrong("| `X` is so | `tests/e2e/a.rs`: `it_is_so` |\n"), [""; 0]);
        assert_eq!(wrong("| is so | `tests/e2e`; `web/tests/b.spec.ts`: `it looks so` |"), [""; 0]);
    }

    #[test]
    fn what_nothing_shows_may_not() {
        assert!(wrong("| is so | it is |\n")[0].contains("without a test"));
        assert_eq!(wrong("| is so | `tests/e2e/c.rs` |\n"), ["there is no tests/e2e/c.rs"]);
        let gone = wrong("| is so | `tests/e2e/a.rs`: `it_was_so` |\n");
        assert_eq!(gone, ["tests/e2e/a.rs has no test it_was_so"]);
        let elsewhere = wrong("| is so | `web/tests/b.spec.ts`: `it_is_so` |\n");
        assert_eq!(elsewhere, ["web/tests/b.spec.ts has no test it_is_so"]);
    }
}
