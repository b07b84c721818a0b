//! Small answers: errors, health, rules, and help about the filter language.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Why a request was refused.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ErrorAnswer {
    /// What is wrong and what to do about it.
    pub error: String,
    /// Where in the filter: begin and end, in UTF-16 code units, as JavaScript counts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub position: Option<[u32; 2]>,
    /// What was probably meant there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub suggestion: Option<String>,
}

/// An answer of `GET /healthz`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct HealthAnswer {
    /// True.
    pub ok: bool,
    /// The version of procnet.
    pub version: String,
    /// When the last batch of events arrived, in milliseconds since the Unix epoch.
    pub at: i64,
    /// Processes known.
    pub processes: u32,
    /// Sockets known.
    pub sockets: u32,
    /// Open streams.
    pub streams: u32,
}

/// An answer of `POST /api/reload_rules`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ReloadAnswer {
    /// True if the rules were read and are now in force.
    pub ok: bool,
    /// How many rules there are.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rules: Option<u32>,
    /// Why the rules were not read; those in force stay in force.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
}

/// The body of `POST /api/reload_rules`, which may be left out.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ReloadRequest {
    /// The rule file. Only the one that was named at start is accepted.
    #[serde(default)]
    pub path: Option<String>,
}

/// An answer of `GET /api/v1/filter`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct FilterHelp {
    /// Every field of the filter language.
    pub fields: Vec<FilterField>,
}

/// One field of the filter language.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct FilterField {
    /// Its name.
    pub name: String,
    /// Other names of it.
    pub aliases: Vec<String>,
    /// What kind of value it has: `text`, `address`, `choice`, `count`, `bytes`, `time` (a
    /// duration), `port`, or `when` (a point in time).
    pub kind: String,
    /// The operators that it knows.
    pub operators: Vec<String>,
    /// The words that it knows, if it is a choice.
    pub words: Vec<String>,
    /// What it tests.
    pub help: String,
    /// A filter that uses it.
    pub example: String,
}

/// An answer of `GET /api/v1/facets`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct FacetList {
    /// `proc`, `user`, `container`, `unit`, `remote`, `port`, `state`, `proto`, `class`, `dir`.
    pub facets: Vec<FacetRow>,
}

/// The values of one field.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct FacetRow {
    /// The field's name in the filter language.
    pub field: String,
    /// Its values, the most frequent first, at most 20.
    pub values: Vec<FacetValueRow>,
    /// How many values there are beside those.
    pub others: u32,
}

/// One value of a field.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct FacetValueRow {
    /// As people read it.
    pub value: String,
    /// The filter that asks for it.
    pub filter: String,
    /// How many live sockets have it; two that are the ends of one connection count once.
    pub count: u32,
}
