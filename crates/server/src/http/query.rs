//! What requests ask for: strict for `/api/v1`, lenient for the published `/api/graph`.

use std::collections::BTreeSet;
use std::sync::Arc;

use axum::extract::Query;
use http::Uri;
use procnet_core::filter::Filter;
use procnet_core::table::{Sort, SortField};
use procnet_core::view::{Grouping, RemoteGrouping, ViewSpec};
use procnet_wire::export::ExportFormat;
use procnet_wire::graph::GraphOptions;
use utoipa::IntoParams;

use super::error::ApiError;
use crate::live::ViewDefaults;

/// Most nodes that a view expands.
const MAX_EXPANDED: usize = 256;
/// Most filters that a view mutes.
const MAX_MUTES: usize = 16;
/// Longest key of a node.
const MAX_KEY_BYTES: usize = 1_024;
/// How many sockets are listed if a request does not say it, and at most.
const SOCKETS: usize = 1_000;
const MAX_SOCKETS: usize = 10_000;
const NO_QUERY: &str = "the query is not `name=value&…` in UTF-8";

/// How the graph is looked at. What is left out is as the program was started.
#[derive(Clone, Debug, Default, PartialEq, Eq, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct ViewParameters {
    /// A filter, as in the search box.
    filter: Option<String>,
    /// `auto`, `process`, `tree`, `container`, `unit`, `family`, `executable`, `user`, or `host`.
    group: Option<String>,
    /// How remotes are joined at the finest: `auto` (by the peers that they talk to), `endpoint`,
    /// `address`, `network` (by registered domain where a name is known, else IPv4 /24 and IPv6
    /// /48), or `internet` (the Internet as one, private networks as another).
    remotes: Option<String>,
    /// A filter: links and listeners that fit it are left out, and counted. May be given 16 times.
    #[param(required = false)]
    mute: Vec<String>,
    /// `none`: every process, every remote endpoint and an edge per service, or as fine as
    /// `group` and `remotes` say; up to 20,000 nodes and 100,000 edges. `auto`: what is legible.
    budget: Option<String>,
    /// 1: only links between processes.
    p2p_only: Option<bool>,
    /// 1: UDP too.
    udp: Option<bool>,
    /// 1: UNIX sockets too.
    unix: Option<bool>,
    /// 0: without listeners that nobody talks to.
    listeners: Option<bool>,
    /// The key of a node to show as its members. May be given several times.
    #[param(required = false)]
    expand: Vec<String>,
}

/// Which sockets are listed.
#[derive(Clone, Debug, Default, PartialEq, Eq, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct SocketParameters {
    /// At most this many; 1,000 if left out, 10,000 at most.
    #[param(minimum = 0, maximum = 10_000)]
    pub(crate) limit: Option<usize>,
    /// By what they are in order: `protocol`, `state`, `direction`, `local`, `remote`,
    /// `remote_name`, `process`, `pid`, `user`, `container`, `unit`, `bytes`, `sent`, `received`,
    /// `packets`, `rtt`, `retransmits`, `opened`, `age`, or `attribution`. Those that do not have
    /// it come last. Left out: in the order in which they became known.
    pub(crate) sort: Option<String>,
    /// `asc` or `desc`.
    pub(crate) order: Option<String>,
    /// How many to leave out before the first.
    pub(crate) offset: Option<usize>,
    /// The key of a node of the view: the sockets behind it.
    pub(crate) node: Option<String>,
    /// The key of an edge of the view: the sockets behind it.
    pub(crate) edge: Option<String>,
}

impl SocketParameters {
    pub(crate) fn limit(&self) -> usize {
        self.limit.unwrap_or(SOCKETS)
    }

    /// Which of them are listed.
    pub(crate) fn window(&self) -> std::ops::Range<usize> {
        let offset = self.offset.unwrap_or(0);
        offset..offset.saturating_add(self.limit())
    }

    /// In which order.
    pub(crate) fn sort(&self) -> Result<Option<Sort>, ApiError> {
        let descending = match self.order.as_deref() {
            None | Some("asc") => false,
            Some("desc") => true,
            Some(other) => {
                return Err(ApiError::bad_request(format!("order={other}: give asc or desc")));
            }
        };
        let Some(name) = &self.sort else { return Ok(None) };
        let Some(field) = SortField::from_name(name) else {
            let known = SortField::ALL.map(SortField::as_str).join(", ");
            let error = format!("sort={name}: sockets cannot be sorted by that, only by {known}");
            return Err(ApiError::bad_request(error));
        };
        Ok(Some(Sort { field, descending }))
    }
}

impl ViewParameters {
    /// The text of the filter and the filter.
    pub(crate) fn filter(&self) -> Result<Filter, ApiError> {
        let text = self.filter.as_deref().unwrap_or_default();
        Filter::parse(text).map_err(|error| ApiError::filter(text, &error))
    }

    pub(crate) fn spec(&self, defaults: ViewDefaults) -> Result<ViewSpec, ApiError> {
        let unlimited = match self.budget.as_deref() {
            None | Some("auto") => false,
            Some("none") => true,
            Some(other) => {
                let error = format!("budget={other}: give auto or none");
                return Err(ApiError::bad_request(error));
            }
        };
        let grouping = match &self.group {
            // Who wants to see all does not mean the program's own default.
            None if unlimited => Grouping::Auto,
            None => defaults.grouping,
            Some(text) => text.parse().map_err(|e| ApiError::bad_request(format!("group: {e}")))?,
        };
        let remotes = match &self.remotes {
            None => RemoteGrouping::Auto,
            Some(text) => {
                text.parse().map_err(|e| ApiError::bad_request(format!("remotes: {e}")))?
            }
        };
        let mutes = self.mute.iter().map(|text| {
            Filter::parse(text).map_err(|error| {
                let mut refused = ApiError::filter(text, &error);
                refused.answer.error = format!("mute={text}: {}", refused.answer.error);
                refused
            })
        });
        // An empty filter fits everything: as a mute it would leave nothing.
        let mutes = mutes.filter(|mute| !mute.as_ref().is_ok_and(Filter::is_empty));
        let mutes = mutes.collect::<Result<Vec<_>, _>>()?;
        let expanded: BTreeSet<Arc<str>> =
            self.expand.iter().map(|key| Arc::from(key.as_str())).collect();
        let spec = ViewSpec {
            filter: self.filter()?,
            mutes,
            grouping,
            remotes,
            p2p_only: self.p2p_only.unwrap_or(defaults.p2p_only),
            udp: self.udp.unwrap_or(defaults.udp),
            unix: self.unix.unwrap_or(defaults.unix),
            listeners: self.listeners.unwrap_or(true),
            expanded,
            ..ViewSpec::default()
        };
        Ok(if unlimited { spec.without_budget() } else { spec })
    }

    /// Takes a parameter in, if it is one of a view's.
    fn take(&mut self, name: &str, value: &str) -> Result<bool, ApiError> {
        match name {
            "filter" => self.filter = Some(value.to_owned()),
            "group" => self.group = Some(value.to_owned()),
            "remotes" => self.remotes = Some(value.to_owned()),
            "budget" => self.budget = Some(value.to_owned()),
            "mute" => {
                if self.mute.len() >= MAX_MUTES {
                    let error = format!("mute: at most {MAX_MUTES} filters");
                    return Err(ApiError::bad_request(error));
                }
                self.mute.push(value.to_owned());
            }
            "p2p_only" => self.p2p_only = Some(boolean(name, value)?),
            "udp" => self.udp = Some(boolean(name, value)?),
            "unix" => self.unix = Some(boolean(name, value)?),
            "listeners" => self.listeners = Some(boolean(name, value)?),
            "expand" => {
                if self.expand.len() >= MAX_EXPANDED || value.len() > MAX_KEY_BYTES {
                    return Err(ApiError::bad_request(format!(
                        "expand: at most {MAX_EXPANDED} keys of at most {MAX_KEY_BYTES} bytes"
                    )));
                }
                self.expand.push(value.to_owned());
            }
            _ => return Ok(false),
        }
        Ok(true)
    }
}

/// `<view>`.
pub(crate) fn view(uri: &Uri) -> Result<ViewParameters, ApiError> {
    let mut view = ViewParameters::default();
    for (name, value) in strict_pairs(uri)? {
        if !view.take(&name, &value)? {
            return Err(unknown(&name));
        }
    }
    Ok(view)
}

/// `<view>` and `last_event_id`.
pub(crate) fn stream(uri: &Uri) -> Result<(ViewParameters, Option<String>), ApiError> {
    let (mut view, mut last) = (ViewParameters::default(), None);
    for (name, value) in strict_pairs(uri)? {
        if name == "last_event_id" {
            last = Some(value);
        } else if !view.take(&name, &value)? {
            return Err(unknown(&name));
        }
    }
    Ok((view, last))
}

/// `<view>`, `limit`, `offset`, `sort`, `order`, `node`, `edge`.
pub(crate) fn sockets(uri: &Uri) -> Result<(ViewParameters, SocketParameters), ApiError> {
    let (mut view, mut sockets) = (ViewParameters::default(), SocketParameters::default());
    for (name, value) in strict_pairs(uri)? {
        match name.as_str() {
            "limit" => match value.parse() {
                Ok(limit) if limit <= MAX_SOCKETS => sockets.limit = Some(limit),
                _ => {
                    return Err(ApiError::bad_request(format!(
                        "limit={value}: give a number from 0 to {MAX_SOCKETS}"
                    )));
                }
            },
            "sort" => sockets.sort = Some(value),
            "order" => sockets.order = Some(value),
            "offset" => match value.parse() {
                Ok(offset) => sockets.offset = Some(offset),
                Err(_) => {
                    let error = format!("offset={value}: give a number");
                    return Err(ApiError::bad_request(error));
                }
            },
            "node" => sockets.node = Some(value),
            "edge" => sockets.edge = Some(value),
            _ if view.take(&name, &value)? => {}
            _ => return Err(unknown(&name)),
        }
    }
    if sockets.node.is_some() && sockets.edge.is_some() {
        return Err(ApiError::bad_request("give either node or edge, not both"));
    }
    Ok((view, sockets))
}

/// `<view>` and `format`.
pub(crate) fn export(uri: &Uri) -> Result<(ViewParameters, ExportFormat), ApiError> {
    let (mut view, mut format) = (ViewParameters::default(), ExportFormat::Json);
    for (name, value) in strict_pairs(uri)? {
        if name == "format" {
            format = value.parse().map_err(|_| {
                let names = ExportFormat::ALL.map(ExportFormat::as_str).join(", ");
                ApiError::bad_request(format!(
                    "format={value}: there is no such format, only {names}"
                ))
            })?;
        } else if !view.take(&name, &value)? {
            return Err(unknown(&name));
        }
    }
    Ok((view, format))
}

/// A route without parameters.
pub(crate) fn nothing(uri: &Uri) -> Result<(), ApiError> {
    match strict_pairs(uri)?.first() {
        Some((name, _)) => Err(unknown(name)),
        None => Ok(()),
    }
}

/// The parameters of `/api/graph`. Names that it does not know are ignored, as they always were;
/// a value that means nothing is not, for whoever gave it wants something.
pub(crate) fn graph(uri: &Uri, defaults: ViewDefaults) -> Result<GraphOptions, ApiError> {
    let ViewDefaults { p2p_only, udp, unix, .. } = defaults;
    let mut options = GraphOptions { p2p_only, udp, unix };
    for (name, value) in pairs(uri)? {
        match name.as_str() {
            "p2p_only" => options.p2p_only = boolean(&name, &value)?,
            "udp" => options.udp = boolean(&name, &value)?,
            "unix" => options.unix = boolean(&name, &value)?,
            _ => {}
        }
    }
    Ok(options)
}

/// `path`, if it is given.
pub(crate) fn path(uri: &Uri) -> Option<String> {
    pairs(uri).ok()?.into_iter().find(|(name, _)| name == "path").map(|(_, value)| value)
}

fn pairs(uri: &Uri) -> Result<Vec<(String, String)>, ApiError> {
    Query::<Vec<(String, String)>>::try_from_uri(uri)
        .map(|Query(pairs)| pairs)
        .map_err(|_| ApiError::bad_request(NO_QUERY))
}

/// As [`pairs`], where bytes that are no UTF-8 are an error: replaced, they would ask for something
/// that nobody meant.
fn strict_pairs(uri: &Uri) -> Result<Vec<(String, String)>, ApiError> {
    let found = pairs(uri)?;
    let replaced = |text: &String| text.contains(char::REPLACEMENT_CHARACTER);
    let meant = || uri.query().unwrap_or_default().to_ascii_lowercase().contains("%ef%bf%bd");
    if found.iter().any(|(name, value)| replaced(name) || replaced(value)) && !meant() {
        return Err(ApiError::bad_request(NO_QUERY));
    }
    Ok(found)
}

fn unknown(name: &str) -> ApiError {
    ApiError::bad_request(format!(
        "there is no parameter {name:?} here: see /api/v1/openapi.json for those that there are"
    ))
}

fn boolean(name: &str, value: &str) -> Result<bool, ApiError> {
    match value.to_ascii_lowercase().as_str() {
        "1" | "true" | "yes" | "on" => Ok(true),
        "0" | "false" | "no" | "off" => Ok(false),
        _ => Err(ApiError::bad_request(format!("{name}={value}: give 1 or 0"))),
    }
}

/// Reads `text` as the query of every route, and says how many of them take it. The fuzz target and
/// the test of hostile queries ask.
#[cfg(any(test, fuzzing))]
pub fn routes_that_take(text: &str) -> usize {
    let Ok(uri) = Uri::builder().path_and_query(format!("/x?{text}")).build() else { return 0 };
    let defaults =
        ViewDefaults { p2p_only: true, udp: false, unix: false, grouping: Grouping::Family };
    let spec = view(&uri).and_then(|view| view.spec(defaults));
    if let Ok(spec) = &spec {
        assert!(spec.mutes.len() <= MAX_MUTES && spec.expanded.len() <= MAX_EXPANDED);
    }
    let sort = sockets(&uri).and_then(|(_, sockets)| {
        assert!(sockets.limit() <= MAX_SOCKETS);
        sockets.sort()
    });
    let told = [
        spec.is_ok(),
        sort.is_ok(),
        stream(&uri).is_ok(),
        export(&uri).is_ok(),
        nothing(&uri).is_ok(),
        graph(&uri, defaults).is_ok(),
        path(&uri).is_some(),
    ];
    told.into_iter().filter(|told| *told).count()
}

#[cfg(test)]
#[path = "../../../collect/tests/hostile/mutation.rs"]
mod mutation;

#[cfg(test)]
mod tests {
    use super::mutation::Mutations;
    use super::*;

    const DEFAULTS: ViewDefaults =
        ViewDefaults { p2p_only: true, udp: false, unix: false, grouping: Grouping::Family };

    fn spec(query: &str) -> Result<ViewSpec, ApiError> {
        view(&format!("/x{query}").parse().unwrap())?.spec(DEFAULTS)
    }

    #[test]
    fn what_is_left_out_is_as_the_program_was_started() {
        let plain = spec("").unwrap();
        assert!(plain.p2p_only && !plain.udp && !plain.unix && plain.listeners);
        assert_eq!(plain.grouping, Grouping::Family);
        let other =
            spec("?p2p_only=0&udp=1&unix=1&listeners=0&group=user&expand=a%20b&expand=c").unwrap();
        assert!(!other.p2p_only && other.udp && other.unix && !other.listeners);
        assert_eq!(other.grouping, Grouping::User);
        assert_eq!(other.expanded.iter().map(|k| &**k).collect::<Vec<_>>(), ["a b", "c"]);
    }

    #[test]
    fn all_that_there_is_can_be_asked_for() {
        let all = spec("?budget=none&mute=port:22&mute=%20").unwrap();
        assert!(all.everything && all.max_nodes == 20_000 && all.max_edges == 100_000);
        assert_eq!((all.grouping, all.remotes), (Grouping::Auto, RemoteGrouping::Auto));
        assert_eq!(all.mutes, [Filter::parse("port:22").unwrap()], "the empty one mutes nothing");
        let some = spec("?budget=none&group=unit&remotes=network").unwrap();
        assert_eq!((some.grouping, some.remotes), (Grouping::Unit, RemoteGrouping::Network));
    }

    #[test]
    fn mistakes_are_told() {
        for (query, part) in [
            ("?udp=maybe", "udp=maybe"),
            ("?group=galaxy", "galaxy"),
            ("?grp=auto", "grp"),
            ("?remotes=moon", "network, internet"),
            ("?budget=much", "auto or none"),
            ("?mute=port:80&mute=(", "mute=("),
            ("?filter=(", ""),
        ] {
            let error = spec(query).unwrap_err();
            assert_eq!(error.status.as_u16(), 400, "{query}");
            assert!(error.to_string().contains(part), "{error}");
        }
        assert!(spec("?filter=(").unwrap_err().answer.position.is_some());
        for (one, most) in [("expand=k&", MAX_EXPANDED), ("mute=x&", MAX_MUTES)] {
            assert!(spec(&format!("?{}", one.repeat(most))).is_ok());
            assert!(spec(&format!("?{}", one.repeat(most + 1))).is_err());
        }
    }

    #[test]
    fn sockets_of_one_thing_and_within_bounds() {
        let parse = |query: &str| sockets(&format!("/x?{query}").parse().unwrap());
        assert_eq!(parse("").unwrap().1.limit(), SOCKETS);
        assert_eq!(parse("limit=0").unwrap().1.limit(), 0);
        assert!(parse("limit=10001").is_err());
        assert!(parse("limit=-1").is_err());
        assert!(parse("node=a&edge=b").is_err());
        assert_eq!(parse("offset=20&limit=10").unwrap().1.window(), 20..30);
        let huge = format!("offset={}", usize::MAX);
        assert_eq!(parse(&huge).unwrap().1.window(), usize::MAX..usize::MAX);
        assert!(parse("offset=-1").is_err());
        let sort = |query: &str| parse(query).unwrap().1.sort();
        assert_eq!(sort("order=desc").unwrap(), None);
        for field in SortField::ALL {
            let descending = Sort { field, descending: true };
            let query = format!("sort={}&order=desc", field.as_str());
            assert_eq!(sort(&query).unwrap(), Some(descending));
        }
        assert!(sort("sort=colour").unwrap_err().to_string().contains("remote_name"));
        assert!(sort("sort=pid&order=up").unwrap_err().to_string().contains("asc or desc"));
    }

    #[test]
    fn bytes_that_are_no_text_ask_for_nothing() {
        for bad in ["?filter=%ff", "?expand=a%C3", "?%80=1"] {
            assert_eq!(spec(bad).unwrap_err().status.as_u16(), 400, "{bad}");
        }
        assert!(spec("?filter=%ef%bf%bd").is_ok() && spec("?filter=%C3%A9").is_ok());
    }

    #[test]
    fn the_published_interface_ignores_what_it_does_not_know() {
        let parse = |query: &str| graph(&format!("/x{query}").parse().unwrap(), DEFAULTS);
        let options = |query: &str| parse(query).unwrap();
        assert_eq!(options(""), GraphOptions { p2p_only: true, ..GraphOptions::default() });
        assert_eq!(
            options("?udp=1&p2p_only=0"),
            GraphOptions { udp: true, ..GraphOptions::default() }
        );
        assert_eq!(
            options("?x=%FF&_=1"),
            GraphOptions { p2p_only: true, ..GraphOptions::default() }
        );
        for bad in ["udp=maybe", "p2p_only=", "x=1&udp=2"] {
            let error = parse(&format!("?{bad}")).unwrap_err();
            assert_eq!(error.status.as_u16(), 400, "{bad}");
            assert!(error.to_string().contains("give 1 or 0"), "{error}");
        }
    }

    #[test]
    fn hostile_queries_are_understood_or_refused() {
        let seeds = [
            "udp=1&p2p_only=0&filter=port%3A443%20proc~/a/&mute=x&expand=a%20b&group=unit&remotes=network",
            "budget=none&sort=pid&order=desc&limit=5&offset=6&node=k&unix=1&listeners=0",
            "format=csv&path=rules.yaml&last_event_id=a.1:7",
        ];
        let seeds = seeds.map(|seed| seed.as_bytes().to_vec());
        let mut mutations = Mutations::new(0x0071_7565_7279);
        let (mut bytes, mut understood) = (Vec::new(), 0);
        for _ in 0..20_000 {
            mutations.mutate(&seeds, &mut bytes);
            understood += routes_that_take(&String::from_utf8_lossy(&bytes));
        }
        assert!(understood > 2_000, "only {understood} get anywhere");
    }
}
