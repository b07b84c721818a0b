//! A scene as a file for other programs: JSON, CSV, GraphML, DOT, Mermaid.
//!
//! A published form like the rest of this room, and pure: the server and `procnet export` write the
//! same. What stands in it was chosen by processes: each writer makes any text harmless in its own
//! format, and what was written can be read back.

mod csv;
mod dot;
mod graphml;
mod json;
mod mermaid;
mod picture;

use std::fmt;
use std::str::FromStr;

pub use self::csv::{field as csv_field, original as csv_original};
pub use self::picture::{ExportEdge, ExportGrouping, ExportNode, ExportPicture};

/// Longest part of a file's name that is the machine's.
const MAX_HOST_IN_NAME: usize = 64;

/// How a scene is written down.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ExportFormat {
    /// One object, with a node or an edge on each line.
    Json,
    /// A table with a line for each node and each edge.
    Csv,
    /// For Gephi, yEd, Cytoscape, NetworkX.
    GraphMl,
    /// For Graphviz.
    Dot,
    /// A flow chart for Markdown.
    Mermaid,
}

impl ExportFormat {
    /// Every format.
    pub const ALL: [Self; 5] = [Self::Json, Self::Csv, Self::GraphMl, Self::Dot, Self::Mermaid];

    /// `json`, `csv`, `graphml`, `dot`, or `mermaid`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Json => "json",
            Self::Csv => "csv",
            Self::GraphMl => "graphml",
            Self::Dot => "dot",
            Self::Mermaid => "mermaid",
        }
    }

    /// How names of such files end.
    pub const fn extension(self) -> &'static str {
        match self {
            Self::Mermaid => "mmd",
            _ => self.as_str(),
        }
    }

    /// What such a file is, for a browser.
    pub const fn media_type(self) -> &'static str {
        match self {
            Self::Json => "application/json",
            Self::Csv => "text/csv; charset=utf-8",
            Self::GraphMl => "application/graphml+xml",
            Self::Dot => "text/vnd.graphviz; charset=utf-8",
            Self::Mermaid => "text/vnd.mermaid; charset=utf-8",
        }
    }

    /// The picture in this format.
    pub fn write(self, picture: &ExportPicture) -> String {
        match self {
            Self::Json => json::write(picture),
            Self::Csv => csv::write(picture),
            Self::GraphMl => graphml::write(picture),
            Self::Dot => dot::write(picture),
            Self::Mermaid => mermaid::write(picture),
        }
    }

    /// A name for the file, which is one on every system: `procnet-HOST-20260131T235959Z.json`.
    pub fn file_name(self, picture: &ExportPicture) -> String {
        let is_plain = |c: &char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
        let host: String =
            picture.host.name.chars().take(MAX_HOST_IN_NAME).filter(is_plain).collect();
        let host = if host.is_empty() { "machine" } else { &host };
        let at: String = utc(picture.at).chars().filter(|c| !matches!(c, '-' | ':')).collect();
        format!("procnet-{host}-{at}.{}", self.extension())
    }
}

impl fmt::Display for ExportFormat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A format's name is not known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UnknownFormat;

impl FromStr for ExportFormat {
    type Err = UnknownFormat;

    fn from_str(text: &str) -> Result<Self, UnknownFormat> {
        Self::ALL.into_iter().find(|format| format.as_str() == text).ok_or(UnknownFormat)
    }
}

/// Milliseconds since the Unix epoch as RFC 3339 has them, to the second: `2026-01-31T23:59:59Z`.
fn utc(milliseconds: i64) -> String {
    let seconds = milliseconds.div_euclid(1_000);
    let (days, time) = (seconds.div_euclid(86_400), seconds.rem_euclid(86_400));
    // Years that begin in March have their leap day last: days from 0000-03-01, in eras of 400 years.
    let days = days + 719_468;
    let (era, day) = (days.div_euclid(146_097), days.rem_euclid(146_097));
    let year = (day - day / 1_460 + day / 36_524 - day / 146_096) / 365;
    let of_year = day - (365 * year + year / 4 - year / 100);
    let month = (5 * of_year + 2) / 153;
    let of_month = of_year - (153 * month + 2) / 5 + 1;
    let (month, next) = if month < 10 { (month + 3, 0) } else { (month - 9, 1) };
    format!(
        "{:04}-{month:02}-{of_month:02}T{:02}:{:02}:{:02}Z",
        era * 400 + year + next,
        time / 3_600,
        time / 60 % 60,
        time % 60
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_those_of_the_calendar() {
        for (seconds, text) in [
            (0, "1970-01-01T00:00:00Z"),
            (951_782_399, "2000-02-28T23:59:59Z"),
            (951_782_400, "2000-02-29T00:00:00Z"),
            (951_868_800, "2000-03-01T00:00:00Z"),
            (1_767_225_599, "2025-12-31T23:59:59Z"),
            (1_767_225_600, "2026-01-01T00:00:00Z"),
            (4_107_542_400, "2100-03-01T00:00:00Z"),
            (-1, "1969-12-31T23:59:59Z"),
        ] {
            assert_eq!(utc(seconds * 1_000 + 999), text);
        }
        // As far from any calendar as a number can be.
        assert!(utc(i64::MAX).ends_with('Z') && utc(i64::MIN).ends_with('Z'));
    }

    #[test]
    fn formats_have_names() {
        for format in ExportFormat::ALL {
            assert_eq!(format.as_str().parse(), Ok(format));
        }
        assert_eq!("xml".parse::<ExportFormat>(), Err(UnknownFormat));
    }
}
