//! Which crate may depend on which, from `cargo metadata`.

use anyhow::{Context, Result};
use serde_json::Value;

use super::Violation;
use crate::command::{cargo, output};

/// Each crate and which of ours it may import. Tests and benches may import more.
const ROOMS: &[(&str, &[&str])] = &[
    ("procnet-core", &[]),
    ("procnet-wire", &["procnet-core"]),
    ("procnet-sim", &["procnet-core"]),
    ("procnet-collect", &["procnet-core"]),
    ("procnet-server", &["procnet-core", "procnet-wire"]),
    (
        "procnet",
        &["procnet-core", "procnet-wire", "procnet-sim", "procnet-collect", "procnet-server"],
    ),
    ("xtask", &[]),
];

pub(super) fn check() -> Result<Vec<Violation>> {
    let metadata =
        output(&mut cargo(&["metadata", "--format-version=1", "--no-deps", "--locked"]))?;
    violations(&serde_json::from_str(&metadata).context("cargo metadata is no JSON")?)
}

fn violations(metadata: &Value) -> Result<Vec<Violation>> {
    let packages = metadata["packages"].as_array().context("cargo metadata names no packages")?;
    let mut violations = Vec::new();
    for package in packages {
        let name = package["name"].as_str().context("a package without a name")?;
        let Some((_, allowed)) = ROOMS.iter().find(|(room, _)| *room == name) else {
            let message = "is not in the table of rooms: add it, with what it may import";
            violations.push(Violation::new(name, message));
            continue;
        };
        let dependencies = package["dependencies"].as_array().map_or(&[][..], Vec::as_slice);
        for dependency in dependencies {
            let target = dependency["name"].as_str().unwrap_or_default();
            let is_ours = ROOMS.iter().any(|(room, _)| *room == target);
            let is_dev = dependency["kind"].as_str() == Some("dev");
            if is_ours && !is_dev && !allowed.contains(&target) {
                let message = format!("may not import {target}");
                violations.push(Violation::new(name, message));
            }
        }
    }
    Ok(violations)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn package(name: &str, dependency: &str, kind: Option<&str>) -> Value {
        json!({"packages": [
            {"name": name, "dependencies": [{"name": dependency, "kind": kind}]}
        ]})
    }

    #[test]
    fn imports_follow_the_table() {
        let check = |name, dependency, kind| violations(&package(name, dependency, kind)).unwrap();
        assert_eq!(check("procnet-core", "procnet-wire", None).len(), 1);
        assert_eq!(check("procnet-server", "procnet-collect", None).len(), 1);
        assert_eq!(check("procnet-server", "procnet-collect", Some("build")).len(), 1);
        assert_eq!(check("procnet-core", "procnet-sim", Some("dev")), []);
        assert_eq!(check("procnet-server", "procnet-wire", None), []);
        assert_eq!(check("procnet-core", "regex", None), []);
        assert_eq!(check("procnet-everything", "regex", None).len(), 1);
    }
}
