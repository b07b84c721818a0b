//! `cargo xtask bench`: measures and reports; it asserts nothing, for machines differ.

mod steady;

use anyhow::{Result, bail};

use crate::command::{cargo, succeed};

/// What can be measured.
const SUBJECTS: &[(&str, Measure)] = &[
    ("collect", Measure::Bench("procnet-collect", "snapshot")),
    ("events", Measure::Bench("procnet-collect", "events")),
    ("engine", Measure::Bench("procnet-core", "engine")),
    ("server", Measure::Bench("procnet-server", "encode")),
    ("steady", Measure::Steady),
];

#[derive(Clone, Copy)]
enum Measure {
    /// A bench target of a package.
    Bench(&'static str, &'static str),
    /// The program at rest.
    Steady,
}

pub(crate) fn run(arguments: &[String]) -> Result<()> {
    let quick = arguments.iter().any(|argument| argument == "--quick");
    let names: Vec<&str> =
        arguments.iter().map(String::as_str).filter(|name| *name != "--quick").collect();
    if let [steady::HOLD, rest @ ..] = names.as_slice() {
        return steady::hold(rest);
    }
    let chosen = match names.as_slice() {
        [] | ["all"] => SUBJECTS,
        [one] => match SUBJECTS.iter().position(|(name, _)| name == one) {
            Some(index) => SUBJECTS.get(index..=index).unwrap_or_default(),
            None => bail!(
                "can't measure {one:?}: expected collect, events, engine, server, steady or all"
            ),
        },
        _ => bail!("expected one of collect, events, engine, server, steady, all, and --quick"),
    };
    for (name, measure) in chosen {
        println!("\n## {name}\n");
        match measure {
            Measure::Bench(package, target) => {
                let mut bench = cargo(&[
                    "bench",
                    "--quiet",
                    "--locked",
                    "--package",
                    package,
                    "--bench",
                    target,
                ]);
                if quick {
                    bench.args(["--", "--quick"]);
                }
                succeed(&mut bench)?;
            }
            Measure::Steady => steady::run(quick)?,
        }
    }
    Ok(())
}
