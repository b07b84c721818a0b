//! Messages on stderr: one line each, `procnet: what happened`.

use std::fmt;
use std::fs::File;
use std::io::{self, IsTerminal, Write};
use std::sync::Mutex;

use tracing::{Event, Level, Subscriber};
use tracing_subscriber::EnvFilter;
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
    tracing_subscriber::fmt()
        .with_env_filter(EnvFilter::try_new(filter)?)
        .with_writer(std::io::stderr)
        .with_ansi(colour)
        .event_format(Line { colour })
        .fmt_fields(format::DefaultFields::new())
        .try_init()
        .map_err(|error| anyhow::anyhow!("can't start logging: {error}"))
}

/// Starts telling, once: in a file that nobody tidies up, and so not without end.
#[cfg_attr(not(windows), expect(dead_code, reason = "only a Windows service has nobody to tell"))]
pub(crate) fn start_in(filter: &str, file: File) -> anyhow::Result<()> {
    tracing_subscriber::fmt()
        .with_env_filter(EnvFilter::try_new(filter)?)
        .with_writer(Mutex::new(Bounded { inner: file, room: MAX_FILE }))
        .with_ansi(false)
        .event_format(Line { colour: false })
        .fmt_fields(format::DefaultFields::new())
        .try_init()
        .map_err(|error| anyhow::anyhow!("can't start logging: {error}"))
}

/// Most bytes of such a file.
const MAX_FILE: usize = 4 << 20;

/// Writes so much, and drops what comes after.
struct Bounded<W> {
    inner: W,
    room: usize,
}

impl<W: Write> Write for Bounded<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if bytes.len() <= self.room {
            self.room -= bytes.len();
            self.inner.write_all(bytes)?;
        } else {
            // Nothing follows a line that is left out.
            self.room = 0;
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.inner.flush()
    }
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
    fn a_file_has_an_end() {
        let mut bounded = Bounded { inner: Vec::new(), room: 10 };
        for line in ["one\n", "three\n", "x\n", "y\n"] {
            bounded.write_all(line.as_bytes()).unwrap();
        }
        assert_eq!(bounded.inner, b"one\nthree\n");
    }

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
