//! Whether what keeps the program running is sound: the unit of systemd by systemd's own checks, the
//! property list of launchd by its contents.

use std::path::Path;

use anyhow::{Context, Result, bail, ensure};
use serde_json::Value;

use crate::command::{command, output, succeed};
use crate::repository;

const UNIT: &str = "packaging/procnet.service";
const PROPERTY_LIST: &str = "packaging/com.procitec.procnet.plist";
/// Where both say that the program is.
const PROGRAM: &str = "/usr/local/bin/procnet";
/// Most that `systemd-analyze security` may count, of 100: what is left is what it is for.
const MOST_EXPOSURE: u32 = 26;

pub(crate) fn check() -> Result<()> {
    check_unit()?;
    check_property_list()
}

fn read(path: &str) -> Result<String> {
    let file = repository::root().join(path);
    std::fs::read_to_string(&file).with_context(|| format!("can't read {path}"))
}

/// The unit for a program that lies there.
pub(crate) fn unit_of(program: &str) -> Result<String> {
    let unit = read(UNIT)?;
    ensure!(unit.contains(PROGRAM), "{UNIT} does not start {PROGRAM}");
    Ok(unit.replace(PROGRAM, program))
}

fn check_unit() -> Result<()> {
    // Systemd asks whether the program is there, which here it is not.
    let unit = unit_of("/bin/true")?;
    let folder = repository::target().join("packaging");
    std::fs::create_dir_all(&folder).with_context(|| format!("can't make {}", folder.display()))?;
    let copy = folder.join("procnet.service");
    std::fs::write(&copy, unit).with_context(|| format!("can't write {}", copy.display()))?;
    // What it does not understand it ignores, and only says so.
    let mut verify = command("systemd-analyze", &["verify", "--man=no"]);
    let said = verify.arg(&copy).output().context("can't run systemd-analyze")?;
    let words = String::from_utf8_lossy(&said.stderr);
    let complaints = complaints(&words);
    ensure!(said.status.success() && complaints.is_empty(), "{UNIT}: {}", complaints.join("; "));
    let mut security = command("systemd-analyze", &["security", "--offline=true", "--no-pager"]);
    security.arg(format!("--threshold={MOST_EXPOSURE}")).arg(&copy);
    succeed(security.stdout(std::process::Stdio::null()))
        .with_context(|| format!("{UNIT} leaves more open than {MOST_EXPOSURE} of 100"))
}

/// What it says of our unit; it may say things of others, too.
fn complaints(said: &str) -> Vec<&str> {
    said.lines().filter(|line| line.contains("procnet.service")).collect()
}

fn check_property_list() -> Result<()> {
    let script = "import json, plistlib, sys; print(json.dumps(plistlib.load(sys.stdin.buffer)))";
    let file = repository::root().join(PROPERTY_LIST);
    let list = std::fs::File::open(&file).with_context(|| format!("can't read {PROPERTY_LIST}"))?;
    let told = output(command("python3", &["-c", script]).stdin(list))?;
    let list: Value = serde_json::from_str(&told).context("python3 printed no JSON")?;
    sound(&list, Path::new(PROPERTY_LIST))
}

/// By launchd.plist(5).
fn sound(list: &Value, path: &Path) -> Result<()> {
    let stem = path.file_stem().unwrap_or_default().to_string_lossy();
    ensure!(list["Label"] == *stem, "its label is not its file's name");
    let words: Vec<&str> = list["ProgramArguments"]
        .as_array()
        .context("it has no ProgramArguments")?
        .iter()
        .filter_map(Value::as_str)
        .collect();
    ensure!(words.starts_with(&[PROGRAM, "serve"]), "it does not start {PROGRAM} serve");
    let at = words.iter().position(|word| *word == "--bind").and_then(|at| words.get(at + 1));
    ensure!(at == Some(&"127.0.0.1"), "it serves others than this machine");
    ensure!(list["RunAtLoad"] == true, "it does not start with the machine");
    ensure!(list["KeepAlive"]["SuccessfulExit"] == false, "it is not started again");
    ensure!(list["UserName"] == "nobody", "it has more rights than it needs");
    ensure!(list["Umask"] == 0o077, "others may read what it writes");
    let known = [
        "Label",
        "ProgramArguments",
        "UserName",
        "RunAtLoad",
        "KeepAlive",
        "ThrottleInterval",
        "ProcessType",
        "Umask",
    ];
    let keys = list.as_object().context("it is no dictionary")?.keys();
    match keys.into_iter().find(|key| !known.contains(&key.as_str())) {
        Some(key) => bail!("{key} is not known here: is it one of launchd's?"),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_property_list_that_is_not_sound_is_refused() {
        let list = json!({
            "Label": "com.procitec.procnet",
            "ProgramArguments": [PROGRAM, "serve", "--bind", "127.0.0.1"],
            "RunAtLoad": true,
            "KeepAlive": {"SuccessfulExit": false},
            "UserName": "nobody",
            "Umask": 63,
        });
        let check = |list: &Value| sound(list, Path::new(PROPERTY_LIST));
        check(&list).unwrap();
        for (key, value) in [
            ("Label", json!("other")),
            ("ProgramArguments", json!([PROGRAM, "serve", "--bind", "0.0.0.0"])),
            ("RunAtLoad", json!(false)),
            ("KeepAlive", json!(true)),
            ("UserName", json!("root")),
            ("Umask", json!(18)),
            ("Labell", json!("x")),
        ] {
            let mut wrong = list.clone();
            wrong[key] = value;
            assert!(check(&wrong).is_err(), "{key}");
        }
    }

    #[test]
    fn only_what_is_said_of_our_unit_counts() {
        let said = "procnet.service:9: Unknown key name 'Foo'\nother.service: strange\n";
        assert_eq!(complaints(said), ["procnet.service:9: Unknown key name 'Foo'"]);
    }
}
