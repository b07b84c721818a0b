//! Each rung of privilege: a plain user with exactly these capabilities, and root.

use std::net::{TcpListener, TcpStream};
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;
use std::process::{Command, Stdio};

use serde_json::Value;

use crate::machine::{ARGUMENTS, PROCNET, PROGRAM, PUPPET, copy};
use crate::program::{Running, Server};
use crate::puppet;
use crate::workload::program::{account, find, is_root};
use crate::workload::{SCRIPTS, scripts};
use crate::{http, skip, wait_for};

/// Who runs it: `None` is root.
struct Rung {
    capabilities: Option<&'static [&'static str]>,
    arguments: &'static [&'static str],
    /// What `doctor` calls the collector.
    collector: &'static str,
    /// What it says is missing.
    missing: &'static [&'static str],
}

const NAMES: [&str; 6] =
    ["bpf", "perfmon", "net_admin", "sys_ptrace", "dac_read_search", "sys_admin"];

const RUNGS: [Rung; 5] = [
    Rung {
        capabilities: Some(&["bpf", "perfmon"]),
        arguments: &[],
        collector: "bpf",
        missing: &["cap_net_admin", "cap_sys_ptrace", "cap_dac_read_search", "cap_sys_admin"],
    },
    Rung {
        capabilities: Some(&["bpf", "perfmon", "net_admin"]),
        arguments: &[],
        collector: "bpf",
        missing: &["cap_sys_ptrace", "cap_dac_read_search", "cap_sys_admin"],
    },
    Rung {
        capabilities: Some(&[]),
        arguments: &[],
        collector: "scan",
        missing: &[
            "cap_bpf",
            "cap_perfmon",
            "cap_net_admin",
            "cap_sys_ptrace",
            "cap_dac_read_search",
            "cap_sys_admin",
        ],
    },
    Rung { capabilities: None, arguments: &[], collector: "bpf", missing: &[] },
    Rung {
        capabilities: None,
        arguments: &["--collector", "scan"],
        collector: "scan",
        missing: &[],
    },
];

impl Rung {
    /// The program, at this rung. The copy in `folder` is for those who may not read ours.
    fn command(&self, folder: &Path) -> Option<Command> {
        self.command_of(Path::new(PROCNET), folder)
    }

    /// A program, at this rung.
    fn command_of(&self, program: &Path, folder: &Path) -> Option<Command> {
        let Some(capabilities) = self.capabilities else { return Some(Command::new(program)) };
        let Ok(Some(nobody)) = account(&["nobody"]) else { return skip("there is no user nobody") };
        let Ok(setpriv) = find("setpriv") else { return skip("setpriv is not installed") };
        std::os::unix::fs::chown(folder, Some(nobody.uid), Some(nobody.gid)).unwrap();
        let own = folder.join(program.file_name().unwrap());
        if !own.exists() {
            copy(program, &own);
        }
        let set = ["-all".to_owned()].into_iter();
        let set: Vec<String> = set.chain(capabilities.iter().map(|c| format!("+{c}"))).collect();
        let set = set.join(",");
        let mut command = Command::new(setpriv);
        command
            .args([format!("--reuid={}", nobody.uid), format!("--regid={}", nobody.gid)])
            .args(["--clear-groups", "--inh-caps", &set, "--ambient-caps", &set])
            .arg(own)
            .current_dir(folder)
            .stdin(Stdio::null());
        Some(command)
    }
}

/// Calls `each` with every rung and a folder of its own.
fn climb(each: impl Fn(&Rung, &Path)) {
    if !is_root() {
        return skip("capabilities are given to others: run as root").unwrap_or_default();
    }
    for rung in &RUNGS {
        let folder = tempfile::tempdir().unwrap();
        each(rung, folder.path());
    }
}

/// The tests of what this program shows, whoever runs it and however it collects.
#[test]
fn each_rung_passes_the_tests_of_map_listing_and_rules() {
    let tests = std::env::current_exe().unwrap();
    climb(|rung, folder| {
        if rung.command(folder).is_none() {
            return;
        }
        let Some(mut command) = rung.command_of(&tests, folder) else { return };
        // Root runs the program where it lies.
        let own = folder.join("procnet");
        for script in std::fs::read_dir(scripts()).unwrap().map(Result::unwrap) {
            if script.file_type().unwrap().is_file() {
                std::fs::copy(script.path(), folder.join(script.file_name())).unwrap();
            }
        }
        // Links to it are made by its owner alone (protected_hardlinks, proc_sys_fs(5)).
        let puppet = folder.join("puppet");
        std::fs::copy(puppet::beside_this_test(), &puppet).unwrap();
        let owner = folder.metadata().unwrap();
        std::os::unix::fs::chown(&puppet, Some(owner.uid()), Some(owner.gid())).unwrap();
        let program = if own.exists() { own } else { PROCNET.into() };
        let output = command
            .args(["map::", "listing::", "parity::connections::", "parity::rules::"])
            .arg("--test-threads=2")
            .env(PROGRAM, program)
            .env(PUPPET, puppet)
            .env(ARGUMENTS, rung.arguments.join(" "))
            .env(SCRIPTS, folder)
            .env("HOME", folder)
            .output()
            .unwrap();
        let told = String::from_utf8_lossy(&output.stdout);
        let complaints = String::from_utf8_lossy(&output.stderr);
        let (capabilities, arguments) = (rung.capabilities, rung.arguments);
        let ended_well = output.status.success();
        assert!(ended_well, "{capabilities:?} {arguments:?}: {told}{complaints}");
        assert!(
            ["parity_row_02", "parity_row_16"].iter().all(|test| told.contains(test))
                && !told.contains(" 0 passed"),
            "{told}"
        );
    });
}

#[test]
fn doctor_names_the_rung_what_is_missing_and_the_command() {
    climb(|rung, folder| {
        let Some(mut command) = rung.command(folder) else { return };
        let output = command.args(["doctor", "--json"]).args(rung.arguments).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let found: Value = serde_json::from_slice(&output.stdout).unwrap();
        let collecting = &found["collecting"];
        assert_eq!(collecting["collector"], rung.collector, "{found:#}");
        let missing: Vec<&str> = collecting["missing"]
            .as_array()
            .unwrap()
            .iter()
            .flat_map(|missing| missing["capabilities"].as_array().unwrap())
            .map(|name| name.as_str().unwrap())
            .collect();
        assert_eq!(missing, rung.missing, "{found:#}");

        let mut command = rung.command(folder).unwrap();
        let output = command.arg("doctor").args(rung.arguments).output().unwrap();
        let text = String::from_utf8(output.stdout).unwrap();
        let commands = text.lines().filter(|line| line.trim_start().starts_with("sudo setcap "));
        let commands: Vec<&str> = commands.collect();
        if rung.missing.is_empty() {
            assert_eq!(commands, [""; 0], "{text}");
        } else {
            let [command] = commands[..] else { panic!("{text}") };
            assert!(NAMES.iter().all(|name| command.contains(&format!("cap_{name}"))), "{command}");
        }
    });
}

/// The connection of a process that everybody may look at is on the map, whole, on each rung: it
/// is of the same user, or events told whose it is.
#[test]
fn a_connection_is_on_the_map_on_each_rung() {
    climb(|rung, folder| {
        let Some(mut command) = rung.command(folder) else { return };
        let server = Server::start_as(command.arg("serve"), rung.arguments);
        let fallback = rung.collector == "scan" && rung.arguments.is_empty();
        let told = server.running.messages();
        let told = told.iter().filter(|line| line.contains("no events from the kernel")).count();
        assert_eq!(told, usize::from(fallback), "{:?}", server.running.messages());

        // What there was at the start is known: from now on events tell.
        wait_for("the first look", || {
            let path = "/api/v1/sockets?filter=state:listen";
            let found = server.json(path);
            found["sockets"].as_array().filter(|sockets| !sockets.is_empty()).map(drop)
        });
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let client = TcpStream::connect(("127.0.0.1", port)).unwrap();
        let accepted = listener.accept().unwrap().0;
        let own = client.local_addr().unwrap().port();
        let path = format!("/api/v1/sockets?filter=port:{port}%20lport:{own}");
        let socket = wait_for("the connection", || {
            let found = server.json(&path)["sockets"].take();
            found.as_array().and_then(|sockets| sockets.first().cloned())
        });
        assert_eq!(socket["direction"], "outbound", "{socket}");
        let sees_owner = rung.capabilities.is_none() || rung.collector == "bpf";
        if sees_owner {
            wait_for("its owner", || {
                let socket = server.json(&path)["sockets"][0].take();
                (socket["owners"][0]["pid"] == std::process::id()).then_some(())
            });
        } else {
            assert_eq!(socket["unknown_owner"], "no permission", "{socket}");
        }
        drop((client, accepted));
        wait_for("its end", || {
            let sockets = server.json(&path)["sockets"].take();
            let live = |socket: &Value| socket["state"] == "ESTABLISHED";
            (!sockets.as_array()?.iter().any(live)).then_some(())
        });
    });
}

#[test]
fn whoever_insists_on_events_is_told_what_is_missing() {
    climb(|rung, folder| {
        if rung.collector == "bpf" || !rung.arguments.is_empty() {
            return;
        }
        for command_line in [["ls", "--collector", "bpf"], ["serve", "--collector", "bpf"]] {
            let Some(mut command) = rung.command(folder) else { return };
            let output = command.args(command_line).args(["--log", "info"]).output().unwrap();
            let text = String::from_utf8(output.stderr).unwrap();
            assert_eq!(output.status.code(), Some(2), "{text}");
            assert!(text.starts_with("procnet: --collector bpf: no kernel events: "), "{text}");
            assert!(text.contains("cap_bpf") && text.contains("--collector scan"), "{text}");
            assert_eq!(text.lines().count(), 1, "{text}");
        }
    });
}

/// `CapPrm` and the like in what `status` of a process or a thread says (proc(5)).
fn status(text: &str, name: &str) -> u64 {
    let line = text.lines().find_map(|line| line.strip_prefix(name)).unwrap();
    u64::from_str_radix(line.trim_start_matches(':').trim(), 16).unwrap()
}

const PTRACE: u64 = 1 << 19;
const READ_SEARCH: u64 = 1 << 2;
const ADMIN: u64 = 1 << 21;
const BPF: u64 = 1 << 39;

/// A thread of a program: what it is called, and what its `status` says.
struct Thread {
    name: String,
    status: String,
}

/// The threads of a program as they are now: some come and go.
fn threads(pid: u32) -> Vec<Thread> {
    let tasks = std::fs::read_dir(format!("/proc/{pid}/task")).unwrap();
    let read = |task: std::path::PathBuf| {
        let name = std::fs::read_to_string(task.join("comm")).ok()?.trim().to_owned();
        Some(Thread { name, status: std::fs::read_to_string(task.join("status")).ok()? })
    };
    tasks.filter_map(|task| read(task.unwrap().path())).collect()
}

/// Which capabilities a thread of a server keeps, of those that a running collector needs.
fn kept_by(thread: &str, collecting: u64) -> u64 {
    match thread {
        "procnet-rules" => collecting & READ_SEARCH,
        "procnet-collect" | "procnet-scan" | "procnet-netns" | "walk" | "count" => collecting,
        _ => 0,
    }
}

/// Why a thread of a server is not confined to its part. It is given some time to be: it confines
/// itself before it does anything else.
fn unconfined(thread: &Thread, collecting: u64) -> Option<String> {
    let kept = kept_by(&thread.name, collecting);
    let wanted = [("CapPrm", kept), ("CapEff", kept), ("CapInh", 0), ("CapAmb", 0)];
    // 2: by filters.
    let wanted = wanted.into_iter().chain([("NoNewPrivs", 1), ("Seccomp", 2)]);
    let mut wrong = wanted.filter(|(name, value)| status(&thread.status, name) != *value);
    wrong.next().map(|(name, value)| format!("{name} of {} is not {value:x}", thread.name))
}

/// How far a server can do something, and why no further, as it is told to who asks.
fn told(server: &Server, id: &str) -> (String, String) {
    let one = wait_for(id, || {
        let told = server.json("/api/v1/capabilities");
        told["capabilities"].as_array()?.iter().find(|one| one["id"] == id).cloned()
    });
    let text = |field: &str| one[field].as_str().unwrap().to_owned();
    let (state, why) = (text("state"), text("reason"));
    assert!(!why.is_empty(), "{one}");
    (state, why)
}

/// The capabilities that this test has: root in a container may have less.
fn own_capabilities() -> u64 {
    status(&std::fs::read_to_string("/proc/self/status").unwrap(), "CapPrm")
}

#[test]
fn c30_every_thread_is_confined_to_its_part_and_keeps_no_capability_that_it_does_not_need() {
    climb(|rung, folder| {
        let rules = folder.join("rules.yaml");
        std::fs::write(&rules, "- match_name: a\n  type: service\n").unwrap();
        let Some(mut command) = rung.command(folder) else { return };
        let command = command.arg("serve").arg("--rules").arg(&rules);
        let server = Server::start_as(command, rung.arguments);
        wait_for("an answer, from a thread of its own", || {
            (server.get("/healthz").status == 200).then_some(())
        });
        // A kernel that tells of no events leaves less to keep.
        let messages = server.running.messages();
        let tells_events = !messages.iter().any(|line| line.contains("no events from the kernel"));
        let events = if rung.collector == "bpf" && tells_events { BPF } else { 0 };
        let kept = match rung.capabilities {
            None => (PTRACE | READ_SEARCH | ADMIN | events) & own_capabilities(),
            Some(_) => events,
        };
        let (state, why) = told(&server, "confined-calls");
        if state != "full" {
            return skip(&why).unwrap_or_default();
        }
        // Older kernels and some containers have no Landlock. Filters and capabilities are as anywhere.
        let (state, why) = told(&server, "confined-files");
        if state != "full" {
            eprintln!("SKIPPED: what Landlock keeps from a server. {why}");
        }
        let pid = server.running.pid();
        let seen = wait_for("every thread to be confined", || {
            let threads = threads(pid);
            let wrong = threads.iter().find_map(|thread| unconfined(thread, kept));
            if let Some(wrong) = &wrong {
                eprintln!("{:?}: {wrong}", rung.capabilities);
            }
            wrong.is_none().then_some(threads)
        });
        for name in
            ["procnet", "procnet-collect", "procnet-engine", "procnet-http", "procnet-signals"]
        {
            assert!(seen.iter().any(|thread| thread.name == name), "there is no {name}");
        }
        for thread in &seen {
            // Only who may set capabilities may bound them.
            if rung.capabilities.is_none() {
                assert_eq!(status(&thread.status, "CapBnd") & !kept, 0, "of {}", thread.name);
            }
        }

        if events != 0 {
            let mut command = rung.command(folder).unwrap();
            let watch = Running::start(command.args(["ls", "--watch", "--json"]));
            watch.line("the first line", |_| Some(()));
            for thread in threads(watch.pid()) {
                let given_up = status(&thread.status, "CapPrm") & !kept;
                assert_eq!(given_up, 0, "of {}", thread.name);
                assert_eq!(status(&thread.status, "NoNewPrivs"), 1, "of {}", thread.name);
            }
        }
    });
}

/// What is confined goes on reading what it was told to, also in folders that others may not enter.
#[test]
fn c30_rules_and_icons_are_read_again_by_who_is_confined() {
    climb(|rung, folder| {
        let icons = folder.join("icons");
        std::fs::create_dir(&icons).unwrap();
        let rules = folder.join("rules.yaml");
        std::fs::write(&rules, "- match_name: a\n  type: service\n").unwrap();
        let Some(mut command) = rung.command(folder) else { return };
        if let Ok(Some(nobody)) = account(&["nobody"]) {
            // A home of somebody, whom root serves too.
            for owned in [folder, &icons, &rules] {
                std::os::unix::fs::chown(owned, Some(nobody.uid), Some(nobody.gid)).unwrap();
            }
            // Root in a container may not be let into it.
            if own_capabilities() & READ_SEARCH != 0 {
                let private = std::os::unix::fs::PermissionsExt::from_mode(0o700);
                std::fs::set_permissions(folder, private).unwrap();
            }
        }
        command.arg("serve").arg("--rules").arg(&rules).arg("--icons-dir").arg(&icons);
        let server = Server::start_as(&mut command, rung.arguments);
        let (state, why) = told(&server, "confined-files");
        if state == "missing" && rung.capabilities.is_none() {
            // What nothing keeps from other files may not search others' folders either.
            eprintln!("SKIPPED: icons in a home of somebody. {why}");
            return;
        }
        let icon = b"\x89PNG\r\n\x1a\n of a test";
        std::fs::write(icons.join("service.png"), icon).unwrap();
        wait_for("an icon that came later", || {
            let answer = server.get("/assets/service.png");
            (answer.status == 200 && answer.body == icon).then_some(())
        });
        std::fs::write(&rules, "- match_name: a\n  type: [\n").unwrap();
        let reload = || http::request(&server.address, None, "POST", "/api/reload_rules", None);
        wait_for("rules that are none to be refused", || (reload().status == 400).then_some(()));
        std::fs::write(&rules, "- match_name: b\n  type: cache\n").unwrap();
        wait_for("rules to be read again", || (reload().status == 200).then_some(()));
    });
}
