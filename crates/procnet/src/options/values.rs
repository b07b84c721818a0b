//! How the values of options are read, and what is said of those that can't be.

use std::collections::BTreeSet;
use std::net::IpAddr;
use std::time::Duration;

use procnet_core::registry::ServicePorts;
use procnet_core::view::Grouping;
use procnet_wire::export::ExportFormat;

pub(super) fn port(text: &str) -> Result<u16, String> {
    text.parse().map_err(|_| "expected a port number from 0 to 65535; 0 is any free one".to_owned())
}

pub(super) fn interval(text: &str) -> Result<Duration, String> {
    let expected = "expected seconds from 0.1 to 3600";
    let seconds: f64 = text.parse().map_err(|_| expected.to_owned())?;
    if (0.1..=3600.0).contains(&seconds) {
        Ok(Duration::from_secs_f64(seconds))
    } else {
        Err(expected.to_owned())
    }
}

pub(super) fn address(text: &str) -> Result<IpAddr, String> {
    let bare = text.strip_prefix('[').and_then(|t| t.strip_suffix(']')).unwrap_or(text);
    bare.parse().map_err(|_| "expected an IP address such as 127.0.0.1, ::1 or 0.0.0.0".to_owned())
}

pub(super) fn host_name(text: &str) -> Result<String, String> {
    let bare = text.strip_prefix('[').and_then(|t| t.strip_suffix(']')).unwrap_or(text);
    let is_name = !text.is_empty()
        && text.len() <= 253
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-' | b'_'));
    if is_name || bare.parse::<IpAddr>().is_ok() {
        Ok(text.to_ascii_lowercase())
    } else {
        Err("expected a host name without scheme and port, such as maps.example.org".to_owned())
    }
}

/// Where a page is: without a path, for the token goes there.
pub(super) fn page_address(text: &str) -> Result<String, String> {
    let expected = "expected the address of a page, such as http://127.0.0.1:8765/";
    let rest = text.strip_prefix("http://").or_else(|| text.strip_prefix("https://"));
    let host = rest.map(|rest| rest.strip_suffix('/').unwrap_or(rest)).unwrap_or_default();
    let is_host = !host.is_empty()
        && host.bytes().all(|b| {
            b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-' | b'_' | b':' | b'[' | b']')
        });
    if is_host { Ok(format!("{}/", text.trim_end_matches('/'))) } else { Err(expected.to_owned()) }
}

pub(super) fn seed(text: &str) -> Result<u64, String> {
    text.parse().map_err(|_| format!("expected a whole number from 0 to {}", u64::MAX))
}

pub(super) fn service_ports(text: &str) -> Result<ServicePorts, String> {
    let ports: Result<BTreeSet<u16>, String> = text
        .split(',')
        .map(|port| match port.trim().parse() {
            Ok(number) if number > 0 => Ok(number),
            _ => Err(format!(
                "expected port numbers from 1 to 65535 with commas between, such as 9000,9090; \
                 {port:?} is none"
            )),
        })
        .collect();
    Ok(ServicePorts { extra: ports? })
}

/// The groupings' own names, so that help and completions list them.
pub(super) fn grouping_parser() -> impl clap::builder::TypedValueParser<Value = Grouping> {
    use clap::builder::TypedValueParser;

    let value = |grouping: Grouping| {
        clap::builder::PossibleValue::new(grouping.as_str()).help(match grouping {
            Grouping::Auto => "Trees, or something coarser where those are too many",
            Grouping::Process => "Every process by itself",
            Grouping::Tree => "A program and its workers",
            Grouping::Container => "A container; trees outside of containers",
            Grouping::Unit => "A unit of systemd; trees outside of units",
            Grouping::Family => "All processes of one name or label",
            Grouping::Executable => "All processes of one program, whatever it was told to do",
            Grouping::User => "All processes of a user",
            Grouping::Host => "All processes of the machine",
        })
    };
    clap::builder::PossibleValuesParser::new(Grouping::ALL.map(value))
        .try_map(|name| name.parse::<Grouping>().map_err(|_| "no such grouping"))
}

/// The formats' own names, so that help and completions list them.
pub(super) fn format_parser() -> impl clap::builder::TypedValueParser<Value = ExportFormat> {
    use clap::builder::TypedValueParser;

    let value = |format: ExportFormat| {
        clap::builder::PossibleValue::new(format.as_str()).help(match format {
            ExportFormat::Json => "One object; a node or an edge on each line",
            ExportFormat::Csv => "A table: nodes, then edges",
            ExportFormat::GraphMl => "For Gephi, yEd, Cytoscape, NetworkX",
            ExportFormat::Dot => "For Graphviz",
            ExportFormat::Mermaid => "A flow chart for Markdown",
        })
    };
    clap::builder::PossibleValuesParser::new(ExportFormat::ALL.map(value))
        .try_map(|name| name.parse::<ExportFormat>().map_err(|_| "no such format"))
}

/// More than that takes long to simulate, and shows nothing that fewer do not.
const MAX_SIMULATED_SOCKETS: usize = 200_000;

pub(super) fn simulated_sockets(text: &str) -> Result<usize, String> {
    text.parse()
        .ok()
        .filter(|number| (1..=MAX_SIMULATED_SOCKETS).contains(number))
        .ok_or_else(|| format!("expected a number from 1 to {MAX_SIMULATED_SOCKETS}"))
}
