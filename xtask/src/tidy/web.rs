//! The directions in which the page's modules may import: words ← wire ← scene ← layout ← draw ← panels.

use super::Violation;
use crate::repository::SourceFile;

/// The rooms, each of which may import itself and what stands before it.
const ROOMS: &[&str] = &["words", "wire", "scene", "layout", "draw", "panels"];
const SOURCE: &str = "web/src/";

pub(super) fn check(file: &SourceFile) -> Vec<Violation> {
    let Some(inside) = file.path.strip_prefix(SOURCE) else { return Vec::new() };
    let is_test = inside.contains(".test.");
    if !matches!(file.extension(), "ts" | "tsx") || is_test {
        return Vec::new();
    }
    let Some((own, _)) = inside.split_once('/') else {
        // A file at the top wires the rooms together and may import all of them.
        return Vec::new();
    };
    let mut violations = Vec::new();
    let Some(own_place) = ROOMS.iter().position(|room| *room == own) else {
        let message = format!("web/src/{own} is not one of the rooms {}", ROOMS.join(", "));
        return vec![Violation::new(&file.path, message)];
    };
    let folder = inside.rsplit_once('/').map_or("", |(folder, _)| folder);
    for (index, line) in file.text.lines().enumerate() {
        for specifier in specifiers(line) {
            let target = resolved(folder, specifier);
            let room = target.split('/').next().unwrap_or_default();
            // A room's own name is its index file; a file at the top is no room.
            let place = ROOMS.iter().position(|r| *r == room);
            let allowed = place.is_some_and(|place| place <= own_place);
            if !allowed {
                let message =
                    format!("{own} may not import {specifier:?}: imports go {}", ROOMS.join(" ← "));
                violations.push(Violation::at(file, index, message));
            }
        }
    }
    violations
}

/// The relative module specifiers on a line: `from "./x"`, `import "./x"`, `import("./x")`,
/// `new URL("./x", import.meta.url)`.
fn specifiers(line: &str) -> Vec<&str> {
    if line.trim_start().starts_with("//") || line.trim_start().starts_with('*') {
        return Vec::new();
    }
    let mut found = Vec::new();
    for opener in ["from ", "import ", "import(", "new URL("] {
        for (at, _) in line.match_indices(opener) {
            let rest = line.get(at + opener.len()..).unwrap_or_default().trim_start();
            let quote = rest.chars().next().filter(|c| matches!(c, '"' | '\''));
            if let Some(quote) = quote
                && let Some(specifier) = rest.get(1..).and_then(|r| r.split(quote).next())
                && specifier.starts_with('.')
            {
                found.push(specifier);
            }
        }
    }
    found
}

/// `specifier`, which a file in `folder` names, as a path from `web/src`.
fn resolved(folder: &str, specifier: &str) -> String {
    let mut path: Vec<&str> = folder.split('/').filter(|part| !part.is_empty()).collect();
    for part in specifier.split('/') {
        match part {
            "." | "" => {}
            ".." => {
                path.pop();
            }
            name => path.push(name),
        }
    }
    path.join("/")
}

#[cfg(test)]
mod tests {
    use super::super::file;
    use super::*;

    fn count(path: &str, text: &str) -> usize {
        check(&file(path, text)).len()
    }

    #[test]
    fn imports_go_one_way() {
        assert_eq!(count("web/src/draw/map.ts", "import { a } from \"../layout/flow\";"), 0);
        assert_eq!(count("web/src/draw/map.ts", "import { a } from './edges';"), 0);
        assert_eq!(count("web/src/layout/flow.ts", "import { a } from \"../draw/map\";"), 1);
        assert_eq!(count("web/src/wire/api.ts", "export * from '../scene/store.ts';"), 1);
        assert_eq!(count("web/src/scene/deep/a.ts", "import '../../panels/x';"), 1);
        assert_eq!(count("web/src/scene/a.ts", "const m = await import(\"../draw/x\");"), 1);
        assert_eq!(count("web/src/draw/a.ts", "import { h } from \"preact\";"), 0);
        assert_eq!(count("web/src/wire/api.ts", "import { words } from '../words';"), 0);
        assert_eq!(count("web/src/words/en.ts", "import { api } from '../wire/api';"), 1);
        assert_eq!(count("web/src/wire/api.ts", "import '../main';"), 1);
    }

    #[test]
    fn rooms_do_not_know_what_wires_them() {
        assert_eq!(count("web/src/scene/a.ts", "import { app } from \"../main\";"), 1);
        assert_eq!(count("web/src/main.tsx", "import { a } from \"./panels/x\";"), 0);
        assert_eq!(count("web/src/misc/a.ts", ""), 1);
    }
}
