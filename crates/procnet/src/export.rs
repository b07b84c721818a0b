//! `procnet export`: the map of this machine as a file for other programs.

use std::ffi::OsStr;
use std::io::{self, Write};
use std::path::Path;

use anyhow::{Context, Result};
use procnet_core::view::{View, ViewSpec};
use procnet_wire::encode::{self, Surroundings};
use procnet_wire::export::{ExportFormat, ExportPicture};
use procnet_wire::live::ToggleInfo;

use crate::ls::{parse_filter, unless_nobody_reads};
use crate::machine::{self, Knowledge, Machine};
use crate::options::ExportOptions;
use crate::usage::UsageError;

pub(crate) fn run(options: &ExportOptions) -> Result<()> {
    let filter = parse_filter(&options.filter)?;
    let format = options.format.map_or_else(|| format_of(options.output.as_deref()), Ok)?;
    let knowledge = Knowledge::load(&options.knowledge)?;
    let mut collect = machine::for_one_look(options.collecting.collect());
    collect.scan.unix = options.unix;
    collect.scan.masking = knowledge.rules.masking().clone();
    let mut machine = Machine::look_once(&knowledge, false, collect)?;
    machine.ask_for_names(&knowledge.names);
    let spec = ViewSpec {
        filter,
        grouping: options.group_by,
        p2p_only: options.p2p_only,
        udp: options.udp,
        unix: options.unix,
        ..ViewSpec::default()
    };
    let text = format.write(&picture(&mut machine, spec));
    match &options.output {
        // At once, and only when everything is known: what was there before is not lost to an error.
        Some(file) => std::fs::write(file, text)
            .with_context(|| format!("can't write the map to {}", file.display())),
        None => print(&text).map_err(Into::into).or_else(unless_nobody_reads),
    }
}

fn print(text: &str) -> io::Result<()> {
    let mut out = io::stdout().lock();
    out.write_all(text.as_bytes())?;
    out.flush()
}

fn picture(machine: &mut Machine, spec: ViewSpec) -> ExportPicture {
    let graph = machine.engine().graph();
    let view = View::new(spec, graph);
    let grouping = encode::grouping_info(view.spec(), view.resolution());
    let spec = view.spec();
    ExportPicture::of(&encode::scene_message(
        view.scene(),
        "",
        graph.at(),
        &machine::host(),
        Surroundings {
            grouping: &grouping,
            toggles: ToggleInfo {
                p2p_only: spec.p2p_only,
                udp: spec.udp,
                unix: spec.unix,
                listeners: spec.listeners,
            },
            legend: &encode::base_legend(&|_| None),
            degradations: &encode::degradations(graph.degradations()),
        },
    ))
}

/// What the name of the file says; JSON without a file.
fn format_of(file: Option<&Path>) -> Result<ExportFormat, UsageError> {
    let Some(file) = file else { return Ok(ExportFormat::Json) };
    let ending = file.extension().and_then(OsStr::to_str).unwrap_or_default().to_ascii_lowercase();
    let of = |format: &ExportFormat| match ending.as_str() {
        "gv" => *format == ExportFormat::Dot,
        ending => [format.as_str(), format.extension()].contains(&ending),
    };
    ExportFormat::ALL.into_iter().find(of).ok_or_else(|| {
        let endings = ExportFormat::ALL.map(|format| format!(".{}", format.extension()));
        UsageError(format!(
            "-o {}: the name does not say the format: end it with {}, or give --format",
            file.display(),
            endings.join(", ")
        ))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_files_name_says_the_format() {
        for (name, format) in [
            ("a/map.json", ExportFormat::Json),
            ("map.CSV", ExportFormat::Csv),
            ("map.gv", ExportFormat::Dot),
            ("map.mmd", ExportFormat::Mermaid),
            ("map.mermaid", ExportFormat::Mermaid),
            ("map.graphml", ExportFormat::GraphMl),
        ] {
            assert_eq!(format_of(Some(Path::new(name))).unwrap(), format, "{name}");
        }
        assert_eq!(format_of(None).unwrap(), ExportFormat::Json);
        let error = format_of(Some(Path::new("map.txt"))).unwrap_err().to_string();
        assert!(error.contains(".graphml") && error.contains("--format"), "{error}");
    }
}
