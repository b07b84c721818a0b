//! Messages on stderr: one line each, `procnet: what happened`.

use std::fmt;
use std::io::{IsTerminal, Write};

use tracing::{Event, Level, Subscriber};
use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::fmt::format::{FormatEvent, FormatFields, Writer};
use tracing_subscriber::fmt::{FmtContext, format};
use tracing_subscriber::registry::LookupSpan;

const LEVELS: &[&str] = &["off", "error", "warn", "info", "debug", "trace"];

/// A level or a filter, if `text` is one.
pub(crate) fn checked(text: &str) -> Result<String, String> {
    let expected = || {
        "expected error, warn, info, debug, trace, or a filter such as info,procnet_collect=debug"
            .to_owned()
    };
    // A lone word that is no level would be taken as the name of a module, and silence the rest;
    // so would a module whose level is left out.
    let is_word = !text.contains(['=', ',']);
    let is_cut_off = text.split(',').any(|part| {
        let part = part.trim();
        part.is_empty() || part.starts_with('=') || part.ends_with('=')
    });
    if is_cut_off || (is_word && !LEVELS.contains(&text)) || EnvFilter::try_new(text).is_err() {
        return Err(expected());
    }
    Ok(text.to_owned())
}

/// Starts telling, once.
pub(crate) fn start(filter: &str) -> anyhow::Result<()> {
    let set = |name: &str| std::env::var_os(name).is_some_and(|value| !value.is_empty());
    // The old console of Windows understands no colours, and sets neither.
    let understood = set("TERM") || set("WT_SESSION");
    let colour = std::io::stderr().is_terminal() && understood && !set("NO_COLOR");
    start_with(filter, std::io::stderr, colour)
}

/// Starts telling, once, by whatever `writer` makes.
pub(crate) fn start_with(
    filter: &str,
    writer: impl for<'a> MakeWriter<'a> + Send + Sync + 'static,
    colour: bool,
) -> anyhow::Result<()> {
    tracing_subscriber::fmt()
        .with_env_filter(EnvFilter::try_new(filter)?)
        .with_writer(writer)
        .with_ansi(colour)
        // It would complain on stderr, and panic where that is what can't be written.
        .log_internal_errors(false)
        .event_format(Line { colour })
        .fmt_fields(format::DefaultFields::new())
        .try_init()
        .map_err(|error| anyhow::anyhow!("can't start logging: {error}"))
}

/// Tells what is to be heard whatever is logged. That nobody can hear it, for the disk is full or the
/// reader gone, ends nothing.
pub(crate) fn say(line: impl fmt::Display) {
    let _ = std::io::stderr().write_all(format!("procnet: {line}\n").as_bytes());
}

/// The form of a line: news read as sentences, trouble is marked, details name their module.
struct Line {
    colour: bool,
}

impl<S, N> FormatEvent<S, N> for Line
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    N: for<'a> FormatFields<'a> + 'static,
{
    fn format_event(
        &self,
        context: &FmtContext<'_, S, N>,
        mut writer: Writer<'_>,
        event: &Event<'_>,
    ) -> fmt::Result {
        let metadata = event.metadata();
        let (mark, colour) = match *metadata.level() {
            Level::ERROR => ("error: ", "\x1b[1;31m"),
            Level::WARN => ("warning: ", "\x1b[33m"),
            Level::INFO => ("", ""),
            Level::DEBUG => ("debug: ", "\x1b[2m"),
            Level::TRACE => ("trace: ", "\x1b[2m"),
        };
        let (on, off) =
            if self.colour && !colour.is_empty() { (colour, "\x1b[0m") } else { ("", "") };
        write!(writer, "procnet: {on}{mark}{off}")?;
        if *metadata.level() >= Level::DEBUG {
            write!(writer, "{}: ", metadata.target())?;
        }
        context.field_format().format_fields(writer.by_ref(), event)?;
        writeln!(writer)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn levels_and_filters_are_taken_and_typing_errors_are_not() {
        for good in ["info", "off", "warn,procnet_server=debug", "procnet_collect=trace"] {
            assert!(checked(good).is_ok(), "{good}");
        }
        for bad in
            ["loud", "", "INFO!", "procnet_server=loud", "blah=", "=debug", "info,", "info,x="]
        {
            assert!(checked(bad).is_err(), "{bad}");
        }
    }
}
