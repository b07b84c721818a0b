//! `cargo xtask bench`: measures and reports; it asserts nothing, for machines differ.

mod clients;
mod holders;
mod loaded;
mod page;
pub(crate) mod soak;
mod steady;

use std::process::Command;

use anyhow::{Result, bail};

use crate::command::{cargo, command, succeed};
use crate::setup;

/// What can be measured.
const SUBJECTS: &[(&str, &[Measure])] = &[
    (
        "collect",
        &[
            Measure::Bench("procnet-collect", "snapshot"),
            Measure::Bench("procnet-collect", "tables"),
            Measure::Isolated("procnet-collect", "events"),
            Measure::Loaded,
        ],
    ),
    ("events", &[Measure::Isolated("procnet-collect", "events")]),
    ("tables", &[Measure::Bench("procnet-collect", "tables")]),
    ("loaded", &[Measure::Loaded]),
    ("engine", &[Measure::Bench("procnet-core", "engine")]),
    ("server", &[Measure::Bench("procnet-server", "encode")]),
    ("steady", &[Measure::Steady]),
    ("clients", &[Measure::Clients]),
    ("page", &[Measure::Page]),
];
/// Those that no other subject includes.
const ALL: [&str; 6] = ["collect", "engine", "server", "steady", "clients", "page"];

#[derive(Clone, Copy)]
enum Measure {
    /// A bench target of a package.
    Bench(&'static str, &'static str),
    /// The same, for root in a network namespace of its own.
    Isolated(&'static str, &'static str),
    /// The program with very many sockets.
    Loaded,
    /// The program at rest.
    Steady,
    /// The program with thousands of clients.
    Clients,
    /// The page in a browser, beside the first Procnet Live's library.
    Page,
}

pub(crate) fn run(arguments: &[String]) -> Result<()> {
    let quick = arguments.iter().any(|argument| argument == "--quick");
    let names: Vec<&str> =
        arguments.iter().map(String::as_str).filter(|name| *name != "--quick").collect();
    let chosen: &[&str] = match names.as_slice() {
        [holders::HOLD, rest @ ..] => return holders::hold(rest),
        [clients::INSIDE, program] => return clients::run_inside(program, quick),
        [loaded::INSIDE, program] => return loaded::run_inside(program, quick),
        [] | ["all"] => &ALL,
        [_] => &names,
        _ => bail!("expected one thing to measure, and --quick"),
    };
    for name in chosen {
        let Some((_, measures)) = SUBJECTS.iter().find(|(subject, _)| subject == name) else {
            let known: Vec<&str> = SUBJECTS.iter().map(|(subject, _)| *subject).collect();
            bail!("can't measure {name:?}: expected {} or all", known.join(", "));
        };
        for measure in *measures {
            println!("\n## {}\n", measure.title(name));
            measure.run(quick)?;
        }
    }
    Ok(())
}

impl Measure {
    fn title(self, subject: &str) -> String {
        match self {
            Self::Bench(_, target) | Self::Isolated(_, target) if target != subject => {
                format!("{subject}: {target}")
            }
            Self::Loaded if subject != "loaded" => format!("{subject}: loaded"),
            _ => subject.to_owned(),
        }
    }

    fn run(self, quick: bool) -> Result<()> {
        match self {
            Self::Bench(package, target) => succeed(&mut bench(package, target, quick)),
            Self::Isolated(package, target) if setup::is_root() => {
                let bench = bench(package, target, quick);
                let mut alone = command("unshare", &["--net", "sh", "-c"]);
                alone.arg("ip link set lo up && exec \"$0\" \"$@\"").arg(bench.get_program());
                succeed(alone.args(bench.get_args()))
            }
            Self::Isolated(..) => {
                println!("skipped: kernel events need root");
                Ok(())
            }
            Self::Loaded => loaded::run(quick),
            Self::Steady => steady::run(quick),
            Self::Clients => clients::run(quick),
            Self::Page => page::run(quick),
        }
    }
}

fn bench(package: &str, target: &str, quick: bool) -> Command {
    let mut bench =
        cargo(&["bench", "--quiet", "--locked", "--package", package, "--bench", target]);
    if quick {
        bench.args(["--", "--quick"]);
    }
    bench
}
