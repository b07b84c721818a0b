//! One term of a filter: what it asks, whether it fits, how it is written.

use std::fmt;
use std::net::IpAddr;

use regex::Regex;

use super::field::{Choice, Field, FieldInfo};
use super::number::NumberRange;
use super::subject::{Party, Subject};
use crate::container::Container;
use crate::endpoint::{Cidr, Endpoint, canonical, is_public};
use crate::registry::PortClass;
use crate::socket::Direction;
use crate::unit::Unit;

/// A value as it was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Written {
    pub(super) text: String,
    pub(super) quoted: bool,
}

impl fmt::Display for Written {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Behind a slash without quotes another one could make it a regular expression.
        if !self.quoted && !self.text.starts_with('/') {
            return f.write_str(&self.text);
        }
        f.write_str("\"")?;
        for c in self.text.chars() {
            if matches!(c, '"' | '\\') {
                f.write_str("\\")?;
            }
            write!(f, "{c}")?;
        }
        f.write_str("\"")
    }
}

/// A regular expression as it was written between its slashes.
#[derive(Clone, Debug)]
pub(super) struct Pattern {
    pub(super) regex: Regex,
    /// With every slash escaped.
    pub(super) source: String,
    pub(super) ignore_case: bool,
}

impl fmt::Display for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "/{}/{}", self.source, if self.ignore_case { "i" } else { "" })
    }
}

/// Finds a text ignoring case, by Unicode's simple folding.
#[derive(Clone, Debug)]
pub(super) struct Needle {
    regex: Regex,
    /// The text in lower case, if it is ASCII.
    ascii: Option<Box<[u8]>>,
    /// A needle without a blank lies in one argument of a command line, if in any.
    in_one_argument: bool,
    /// It has only characters that addresses have.
    in_an_address: bool,
}

/// In an ASCII text up to this long a plain search beats starting the regular expression.
const SHORT: usize = 64;

impl Needle {
    pub(super) fn new(text: &str) -> Result<Self, regex::Error> {
        let regex =
            regex::RegexBuilder::new(&regex::escape(text)).case_insensitive(true).build()?;
        Ok(Self {
            regex,
            ascii: text.is_ascii().then(|| text.to_ascii_lowercase().into_bytes().into()),
            in_one_argument: !text.contains(' '),
            in_an_address: text
                .chars()
                .all(|c| c.is_ascii_hexdigit() || matches!(c, '.' | ':' | '[' | ']')),
        })
    }

    fn is_in(&self, text: &str) -> bool {
        match &self.ascii {
            Some(needle) if text.len() <= SHORT && text.is_ascii() => {
                needle.is_empty()
                    || text
                        .as_bytes()
                        .windows(needle.len())
                        .any(|window| window.eq_ignore_ascii_case(needle))
            }
            _ => self.regex.is_match(text),
        }
    }

    fn is_in_command_line(&self, party: &Party<'_>) -> bool {
        party.process.is_some_and(|process| {
            if self.in_one_argument {
                process.arguments.iter().any(|argument| self.is_in(argument))
            } else {
                self.is_in(&process.command_line())
            }
        })
    }
}

/// An address block, or one endpoint.
#[derive(Clone, Copy, Debug)]
pub(super) enum Place {
    Block(Cidr),
    Endpoint(Endpoint),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Comparison {
    Greater,
    Less,
    AtLeast,
    AtMost,
}

impl Comparison {
    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Self::Greater => ">",
            Self::Less => "<",
            Self::AtLeast => ">=",
            Self::AtMost => "<=",
        }
    }

    const fn holds(self, value: u64, limit: u64) -> bool {
        match self {
            Self::Greater => value > limit,
            Self::Less => value < limit,
            Self::AtLeast => value >= limit,
            Self::AtMost => value <= limit,
        }
    }
}

/// What a term asks of a field. Lists: one of them.
#[derive(Clone, Debug)]
pub(super) enum Test {
    Contains(Vec<(Needle, Written)>),
    Equals(Vec<Written>),
    Fits(Pattern),
    In(Vec<(NumberRange, String)>),
    Compares(Comparison, u64, String),
    Lies(Vec<(Place, String)>),
    Is(Vec<&'static Choice>),
}

/// What a bare word asks.
#[derive(Clone, Debug)]
pub(super) enum Word {
    Text(Needle, Written),
    Number(u64, Needle, String),
    Place(Place, Needle, String),
    Fits(Pattern),
}

#[derive(Clone, Debug)]
pub(super) enum Term {
    Word(Word),
    Field(&'static FieldInfo, Test),
}

impl Term {
    pub(super) fn matches(&self, subject: &Subject<'_>) -> bool {
        match self {
            Self::Word(word) => word.matches(subject),
            Self::Field(info, test) => test.matches(info.field, subject),
        }
    }
}

impl Word {
    fn matches(&self, subject: &Subject<'_>) -> bool {
        match self {
            Self::Text(needle, written) => {
                occurs(needle, subject)
                    || (needle.in_an_address && any_address(subject, |text| needle.is_in(text)))
                    || is_kind(subject, &written.text)
            }
            Self::Number(number, needle, _) => {
                ports(Field::Port, subject).any(|port| u64::from(port) == *number)
                    || pids(subject).any(|pid| u64::from(pid) == *number)
                    || occurs(needle, subject)
            }
            Self::Place(place, needle, _) => {
                places(Field::Ip, subject).any(|ip| place.holds(ip)) || occurs(needle, subject)
            }
            Self::Fits(pattern) => {
                let fits = |text: &str| pattern.regex.is_match(text);
                subject.parties().any(|party| {
                    party_texts(party).any(fits)
                        || party.process.is_some_and(|process| fits(&process.command_line()))
                }) || subject.path.is_some_and(fits)
                    || subject.remote_name.is_some_and(fits)
                    || any_address(subject, fits)
            }
        }
    }
}

/// True if the needle is in a text of a party, in the path, or in the far end's name.
fn occurs(needle: &Needle, subject: &Subject<'_>) -> bool {
    subject.parties().any(|party| {
        party_texts(party).any(|text| needle.is_in(text)) || needle.is_in_command_line(party)
    }) || [subject.path, subject.remote_name].into_iter().flatten().any(|text| needle.is_in(text))
}

fn container_of<'a>(party: &Party<'a>) -> Option<&'a Container> {
    party.process.and_then(|process| process.container.as_deref())
}

/// True if its name, its id or what is shown of that, or its pod fits.
fn container_fits(container: &Container, fits: impl Fn(&str) -> bool) -> bool {
    fits(container.label())
        || fits(&container.id)
        || fits(container.short_id())
        || container.pod.as_deref().is_some_and(fits)
}

fn unit_fits(unit: &Unit, fits: impl Fn(&str) -> bool) -> bool {
    fits(&unit.name) || unit.application.as_deref().is_some_and(fits)
}

/// Every text of a party but its command line.
fn party_texts<'a>(party: &'a Party<'_>) -> impl Iterator<Item = &'a str> {
    let process = party.process;
    [
        Some(party.label),
        Some(party.type_name),
        Some(party.host),
        process.map(|p| &*p.name),
        process.and_then(|p| p.exe.as_deref()),
        party.user().and_then(|u| u.name.as_deref()),
        // No ids: a number would be found in every tenth.
        container_of(party).and_then(|container| container.name.as_deref()),
        // A container's own unit has nothing but its id.
        process.filter(|p| p.container.is_none()).and_then(|p| p.unit.as_deref()).map(|u| &*u.name),
    ]
    .into_iter()
    .flatten()
}

/// True if `text` is the subject's protocol or one of its states.
fn is_kind(subject: &Subject<'_>, text: &str) -> bool {
    subject.protocol.is_some_and(|protocol| protocol.as_str().eq_ignore_ascii_case(text))
        || subject.states.iter().any(|state| state.as_str().eq_ignore_ascii_case(text))
}

fn any_address(subject: &Subject<'_>, fits: impl Fn(&str) -> bool) -> bool {
    subject.local.into_iter().chain(subject.remote).any(|end| fits(&end.to_string()))
        || subject.parties().filter_map(|party| party.ip).any(|ip| fits(&ip.to_string()))
}

fn ports(field: Field, subject: &Subject<'_>) -> impl Iterator<Item = u16> {
    let local = subject.local.map(|end| end.port);
    let remote = subject.remote.map(|end| end.port);
    match field {
        Field::LocalPort => [local, None, None],
        Field::RemotePort => [remote, None, None],
        _ => [subject.service_port, local, remote],
    }
    .into_iter()
    .flatten()
    .filter(|&port| port != 0)
}

fn pids(subject: &Subject<'_>) -> impl Iterator<Item = u32> {
    subject.parties().filter_map(|party| party.process).map(|process| process.key.pid)
}

/// The addresses that a field is about, with their ports where they are known.
fn places(field: Field, subject: &Subject<'_>) -> impl Iterator<Item = (IpAddr, Option<u16>)> {
    let wants_local = matches!(field, Field::Ip | Field::Local);
    let wants_remote = matches!(field, Field::Ip | Field::Remote);
    let end = |end: Endpoint| (end.ip, Some(end.port));
    let parties = subject.parties().filter_map(|party| party.ip).map(|ip| (ip, None));
    let local = subject.local.filter(|_| wants_local).map(end);
    let remote = subject.remote.filter(|_| wants_remote).map(end);
    local.into_iter().chain(remote).chain(parties.filter(move |_| field == Field::Ip))
}

impl Place {
    fn holds(&self, (ip, port): (IpAddr, Option<u16>)) -> bool {
        match self {
            Self::Block(block) => block.contains(ip),
            Self::Endpoint(endpoint) => endpoint.ip == canonical(ip) && port == Some(endpoint.port),
        }
    }
}

impl Test {
    fn matches(&self, field: Field, subject: &Subject<'_>) -> bool {
        match self {
            Self::Contains(needles) if field == Field::Command => {
                needles.iter().any(|(n, _)| subject.parties().any(|p| n.is_in_command_line(p)))
            }
            Self::Contains(needles) => {
                any_text(field, subject, |text| needles.iter().any(|(n, _)| n.is_in(text)))
                    || any_uid(field, subject, needles.iter().map(|(_, written)| written))
            }
            Self::Equals(values) => {
                any_text(field, subject, |text| values.iter().any(|value| value.text == text))
                    || any_uid(field, subject, values)
            }
            Self::Fits(pattern) => any_text(field, subject, |text| pattern.regex.is_match(text)),
            Self::In(ranges) => any_number(field, subject, |number| {
                ranges.iter().any(|&((from, to), _)| (from..=to).contains(&number))
            }),
            Self::Compares(comparison, limit, _) => {
                any_number(field, subject, |number| comparison.holds(number, *limit))
            }
            Self::Lies(blocks) => places(field, subject)
                .any(|place| blocks.iter().any(|(block, _)| block.holds(place))),
            Self::Is(choices) => {
                choices.iter().any(|choice| is_choice(field, subject, choice.name))
            }
        }
    }
}

/// True if a text of the field fits.
fn any_text(field: Field, subject: &Subject<'_>, fits: impl Fn(&str) -> bool) -> bool {
    let named = |party: &Party<'_>| {
        fits(party.label) || party.process.is_some_and(|process| fits(&process.name))
    };
    let executable =
        |party: &Party<'_>| party.process.and_then(|p| p.exe.as_deref()).is_some_and(&fits);
    let each = |test: &dyn Fn(&Party<'_>) -> bool| subject.parties().any(test);
    match field {
        Field::Process => each(&named),
        Field::Client => subject.client.as_ref().is_some_and(named),
        Field::Server => subject.server.as_ref().is_some_and(named),
        Field::Label => each(&|party| fits(party.label)),
        Field::Type => each(&|party| fits(party.type_name)),
        Field::Host => each(&|party| fits(party.host)),
        Field::Command => each(&|party| party.process.is_some_and(|p| fits(&p.command_line()))),
        Field::Executable => each(&executable),
        Field::Path => subject.path.is_some_and(&fits) || each(&executable),
        Field::Domain => subject.remote_name.is_some_and(&fits),
        Field::Country => subject.about.is_some_and(|about| fits(&about.country)),
        Field::Network => subject.about.is_some_and(|about| fits(&about.network)),
        Field::Container => {
            each(&|party| container_of(party).is_some_and(|c| container_fits(c, &fits)))
        }
        Field::Unit => each(&|party| {
            party.process.and_then(|p| p.unit.as_deref()).is_some_and(|unit| unit_fits(unit, &fits))
        }),
        Field::User => {
            each(&|party| party.user().and_then(|u| u.name.as_deref()).is_some_and(&fits))
        }
        Field::Ip | Field::Local | Field::Remote => {
            places(field, subject).any(|(ip, _)| fits(&ip.to_string()))
        }
        _ => false,
    }
}

/// True if the field is the user, and a value is a uid by number.
fn any_uid<'a>(
    field: Field,
    subject: &Subject<'_>,
    values: impl IntoIterator<Item = &'a Written>,
) -> bool {
    field == Field::User
        && values
            .into_iter()
            .filter_map(|value| value.text.parse::<u32>().ok())
            .any(|uid| subject.parties().filter_map(Party::user).any(|user| user.id == uid))
}

/// True if a number of the field fits.
fn any_number(field: Field, subject: &Subject<'_>, fits: impl Fn(u64) -> bool) -> bool {
    match field {
        Field::Port | Field::LocalPort | Field::RemotePort => {
            ports(field, subject).any(|port| fits(u64::from(port)))
        }
        Field::Pid => pids(subject).any(|pid| fits(u64::from(pid))),
        Field::Bytes => fits(subject.received_bytes.saturating_add(subject.sent_bytes)),
        Field::Sent => fits(subject.sent_bytes),
        Field::Received => fits(subject.received_bytes),
        // 0 means that nobody measured it.
        Field::Rtt => subject.rtt_us != 0 && fits(u64::from(subject.rtt_us)),
        Field::Retransmits => fits(subject.retransmits),
        Field::Opened => subject
            .opened
            .and_then(|opened| u64::try_from(opened.as_millis()).ok())
            .is_some_and(fits),
        Field::Sockets => fits(u64::from(subject.sockets)),
        _ => false,
    }
}

fn is_choice(field: Field, subject: &Subject<'_>, choice: &str) -> bool {
    match field {
        Field::Protocol => subject.protocol.is_some_and(|p| p.as_str() == choice),
        Field::State => subject.states.iter().any(|state| state.as_str() == choice),
        Field::Direction => subject.direction.is_some_and(|direction| match direction {
            Direction::Inbound => choice == "in",
            Direction::Outbound => choice == "out",
            Direction::Listen => choice == "listen",
            Direction::Unknown => choice == "unknown",
        }),
        Field::Class => {
            subject.service_port.is_some_and(|port| PortClass::of(port).as_str() == choice)
        }
        Field::Is => match choice {
            "listener" => subject.listener,
            "stale" => subject.stale,
            "external" => subject.external,
            "internet" => subject.remote.is_some_and(|remote| is_public(remote.ip)),
            "exposed" => subject.is_exposed(),
            "unattributed" => subject.unattributed,
            _ => false,
        },
        _ => false,
    }
}

impl fmt::Display for Term {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Word(Word::Text(_, written)) => written.fmt(f),
            Self::Word(Word::Number(_, _, text) | Word::Place(_, _, text)) => f.write_str(text),
            Self::Word(Word::Fits(pattern)) => pattern.fmt(f),
            Self::Field(info, test) => {
                f.write_str(info.name)?;
                match test {
                    Test::Contains(needles) => list(f, ":", needles.iter().map(|(_, w)| w)),
                    Test::Equals(values) => list(f, "=", values),
                    Test::Fits(pattern) => write!(f, "~{pattern}"),
                    Test::In(ranges) => list(f, ":", ranges.iter().map(|(_, text)| text)),
                    Test::Compares(comparison, _, text) => {
                        write!(f, "{}{text}", comparison.as_str())
                    }
                    Test::Lies(blocks) => list(f, ":", blocks.iter().map(|(_, text)| text)),
                    Test::Is(choices) => list(f, ":", choices.iter().map(|c| c.name)),
                }
            }
        }
    }
}

fn list<T: fmt::Display>(
    f: &mut fmt::Formatter<'_>,
    operator: &str,
    values: impl IntoIterator<Item = T>,
) -> fmt::Result {
    f.write_str(operator)?;
    for (index, value) in values.into_iter().enumerate() {
        if index > 0 {
            f.write_str(",")?;
        }
        value.fmt(f)?;
    }
    Ok(())
}
