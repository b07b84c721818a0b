//! Every dependency says why it is there.

use super::Violation;
use crate::repository::SourceFile;

pub(super) fn check(file: &SourceFile) -> Vec<Violation> {
    if file.path != "Cargo.toml" {
        return Vec::new();
    }
    let mut violations = Vec::new();
    let mut inside = false;
    let mut reason = false;
    for (index, line) in file.text.lines().enumerate() {
        let line = line.trim();
        if line.starts_with('[') {
            inside = line == "[workspace.dependencies]";
            reason = false;
        } else if line.is_empty() {
            reason = false;
        } else if line.starts_with('#') {
            reason = true;
        } else if inside && !reason {
            let name = line.split('=').next().unwrap_or_default().trim();
            let message = format!("{name} has no comment above its group that says why");
            violations.push(Violation::at(file, index, message));
        }
    }
    violations
}

#[cfg(test)]
mod tests {
    use super::super::file;
    use super::*;

    #[test]
    fn a_dependency_needs_a_reason_above_its_group() {
        let good = "[workspace.dependencies]\n# HTTP.\na = \"1\"\nb = \"1\"\n\n# Time.\nc = \"1\"\n[x]\ny=1";
        assert_eq!(check(&file("Cargo.toml", good)), []);
        let bad = "[workspace.dependencies]\n# HTTP.\na = \"1\"\n\nb = \"1\"\n";
        let violations = check(&file("Cargo.toml", bad));
        assert_eq!(violations.len(), 1);
        assert!(violations[0].place.ends_with(":5") && violations[0].message.starts_with("b "));
    }
}
