//! A rule file as a list of flat mappings, each value with its line; from YAML or from JSON.

use std::fmt;

use serde::Deserialize;
use serde::de::{Deserializer, Error as _, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;
use serde_saphyr::Spanned;

use super::MAX_RULES;

/// More fields than this has no rule.
const MAX_FIELDS: usize = 64;
/// Deeper than this nests no rule file.
const MAX_DEPTH: usize = 16;

/// A value, as far as a rule needs to know it.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Value {
    Null,
    Bool(bool),
    Integer(i128),
    Float(f64),
    Text(String),
    List,
    Mapping,
}

impl Value {
    /// What it is, for an error.
    pub(super) fn describe(&self) -> String {
        match self {
            Self::Null => "nothing".to_owned(),
            Self::Bool(value) => format!("`{value}`"),
            Self::Integer(value) => format!("the number {value}"),
            Self::Float(value) => format!("the number {value}"),
            Self::Text(text) => {
                let short = crate::text::truncated(text, 40);
                format!("the text \"{short}{}\"", if short.len() < text.len() { "…" } else { "" })
            }
            Self::List => "a list".to_owned(),
            Self::Mapping => "a mapping".to_owned(),
        }
    }
}

#[derive(Clone, Debug, PartialEq)]
pub(super) struct LocatedField {
    pub(super) line: u64,
    pub(super) name: String,
    pub(super) value: Value,
}

/// An element of the list.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct LocatedRule {
    pub(super) line: u64,
    /// `Err`: it is no mapping, but this.
    pub(super) fields: Result<Vec<LocatedField>, Value>,
}

/// Why a text could not be read at all.
#[derive(Debug)]
pub(super) struct Unreadable {
    pub(super) line: Option<u64>,
    pub(super) message: String,
}

const NO_LIST: &str = "a list of rules is expected, each of which begins with `- `";

pub(super) fn from_yaml(text: &str) -> Result<Vec<LocatedRule>, Unreadable> {
    let mut options = serde_saphyr::options! {
        budget: serde_saphyr::budget! {
            max_depth: MAX_DEPTH,
            max_aliases: 1_000,
            max_anchors: 1_000,
            max_nodes: MAX_RULES * 12,
            max_events: MAX_RULES * 16,
            max_total_scalar_bytes: super::MAX_FILE_SIZE,
        },
        with_snippet: false,
        // Only `true` and `false`: a program may be called `y` or `on`.
        strict_booleans: true,
    };
    options.alias_limits.max_total_replayed_events = MAX_RULES * 16;
    match serde_saphyr::from_str_with_options::<Document>(text, options) {
        Ok(Document(rules)) => Ok(rules),
        Err(error) => {
            let error = error.without_snippet();
            let line = error.location().map(|at| at.line()).filter(|&line| line > 0);
            Err(Unreadable { line, message: yaml_message(error) })
        }
    }
}

/// The message without the position, which is told separately, and without advice for programmers;
/// with help where YAML's rules of quoting bite those who write regular expressions.
fn yaml_message(error: &serde_saphyr::Error) -> String {
    let text = error.to_string();
    if let serde_saphyr::Error::MultipleDocuments { .. } = error {
        return "a second document begins here: remove the line `---`".to_owned();
    }
    // An error inside an alias comes wrapped, so its kind is only to be had from its text.
    const LIMITS: [&str; 4] =
        ["budget breached", "alias replay", "alias expansion", "recursion limit"];
    if LIMITS.iter().any(|limit| text.contains(limit)) {
        return format!(
            "the file holds or repeats more than a rule file may (nesting {MAX_DEPTH}, \
             {MAX_RULES} rules)"
        );
    }
    let first = text.lines().next().unwrap_or_default();
    let reason = match first.split_once(": ") {
        Some((position, reason)) if position.starts_with("line ") => reason,
        _ => first,
    };
    let reason = reason.split(" at line ").next().unwrap_or(reason);
    let reason = reason.split(", set ").next().unwrap_or(reason).trim_end_matches(':').trim();
    if reason.contains("escape") {
        return format!(
            "{reason}; in double quotes YAML reads a backslash as its own: write the regular \
             expression in 'single quotes'"
        );
    }
    reason.to_owned()
}

struct Document(Vec<LocatedRule>);

impl<'de> Deserialize<'de> for Document {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct DocumentVisitor;

        impl<'de> Visitor<'de> for DocumentVisitor {
            type Value = Document;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a list of rules, each of which begins with `- `")
            }

            fn visit_unit<E>(self) -> Result<Document, E> {
                Ok(Document(Vec::new()))
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Document, A::Error> {
                let mut rules = Vec::new();
                while let Some(element) = list.next_element::<Spanned<Element>>()? {
                    if rules.len() == MAX_RULES {
                        let message = format!("the file has more than {MAX_RULES} rules");
                        return Err(A::Error::custom(message));
                    }
                    let line = element.referenced.line();
                    rules.push(LocatedRule { line, fields: element.value.0 });
                }
                Ok(Document(rules))
            }

            fn visit_map<A: MapAccess<'de>>(self, _: A) -> Result<Document, A::Error> {
                Err(A::Error::custom(NO_LIST))
            }

            fn visit_str<E: serde::de::Error>(self, _: &str) -> Result<Document, E> {
                Err(E::custom(NO_LIST))
            }

            fn visit_bool<E: serde::de::Error>(self, _: bool) -> Result<Document, E> {
                Err(E::custom(NO_LIST))
            }

            fn visit_i64<E: serde::de::Error>(self, _: i64) -> Result<Document, E> {
                Err(E::custom(NO_LIST))
            }

            fn visit_u64<E: serde::de::Error>(self, _: u64) -> Result<Document, E> {
                Err(E::custom(NO_LIST))
            }

            fn visit_f64<E: serde::de::Error>(self, _: f64) -> Result<Document, E> {
                Err(E::custom(NO_LIST))
            }
        }

        deserializer.deserialize_any(DocumentVisitor)
    }
}

/// An element of the list: the fields of a mapping, or what it is instead.
struct Element(Result<Vec<LocatedField>, Value>);

impl<'de> Deserialize<'de> for Element {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(ValueVisitor { with_fields: true }).map(|parsed| {
            Self(match parsed {
                Parsed::Fields(fields) => Ok(fields),
                Parsed::Value(value) => Err(value),
            })
        })
    }
}

impl<'de> Deserialize<'de> for Value {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(ValueVisitor { with_fields: false }).map(|parsed| match parsed
        {
            Parsed::Value(value) => value,
            Parsed::Fields(_) => Self::Mapping,
        })
    }
}

enum Parsed {
    Value(Value),
    Fields(Vec<LocatedField>),
}

struct ValueVisitor {
    with_fields: bool,
}

impl<'de> Visitor<'de> for ValueVisitor {
    type Value = Parsed;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value")
    }

    fn visit_unit<E>(self) -> Result<Parsed, E> {
        Ok(Parsed::Value(Value::Null))
    }

    fn visit_bool<E>(self, value: bool) -> Result<Parsed, E> {
        Ok(Parsed::Value(Value::Bool(value)))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Parsed, E> {
        Ok(Parsed::Value(Value::Integer(value.into())))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Parsed, E> {
        Ok(Parsed::Value(Value::Integer(value.into())))
    }

    fn visit_i128<E>(self, value: i128) -> Result<Parsed, E> {
        Ok(Parsed::Value(Value::Integer(value)))
    }

    fn visit_u128<E>(self, value: u128) -> Result<Parsed, E> {
        Ok(Parsed::Value(Value::Integer(i128::try_from(value).unwrap_or(i128::MAX))))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Parsed, E> {
        Ok(Parsed::Value(Value::Float(value)))
    }

    fn visit_str<E>(self, value: &str) -> Result<Parsed, E> {
        Ok(Parsed::Value(Value::Text(value.to_owned())))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Parsed, A::Error> {
        while list.next_element::<IgnoredAny>()?.is_some() {}
        Ok(Parsed::Value(Value::List))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Parsed, A::Error> {
        if !self.with_fields {
            while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
            return Ok(Parsed::Value(Value::Mapping));
        }
        let mut fields = Vec::new();
        while let Some(key) = map.next_key::<Spanned<String>>()? {
            if fields.len() == MAX_FIELDS {
                let message = format!("the rule has more than {MAX_FIELDS} fields");
                return Err(A::Error::custom(message));
            }
            let value = map.next_value()?;
            fields.push(LocatedField { line: key.referenced.line(), name: key.value, value });
        }
        Ok(Parsed::Fields(fields))
    }
}

pub(super) fn from_json(text: &str) -> Result<Vec<LocatedRule>, Unreadable> {
    let unreadable = |error: serde_json::Error, line_offset: u64| {
        let message = error.to_string();
        let reason = message.split(" at line ").next().unwrap_or(&message).to_owned();
        let line = u64::try_from(error.line()).unwrap_or(1).max(1);
        Unreadable { line: Some(line.saturating_add(line_offset)), message: reason }
    };
    if !text.trim_start().starts_with('[') {
        // Syntax first: what is no JSON is told as that.
        let parsed: Option<IgnoredAny> =
            serde_json::from_str(text).map_err(|e| unreadable(e, 0))?;
        return match parsed {
            None => Ok(Vec::new()),
            Some(_) => Err(Unreadable {
                line: Some(1),
                message: "a list of rules is expected: [{…}, …]".to_owned(),
            }),
        };
    }
    let elements: Vec<&RawValue> = serde_json::from_str(text).map_err(|e| unreadable(e, 0))?;
    if elements.len() > MAX_RULES {
        let message = format!("the file has more than {MAX_RULES} rules");
        return Err(Unreadable { line: None, message });
    }
    let lines = Lines::new(text);
    let mut rules = Vec::with_capacity(elements.len());
    for element in elements {
        let line = lines.of(element.get());
        let fields = if element.get().starts_with('{') {
            let fields: Entries<'_> =
                serde_json::from_str(element.get()).map_err(|e| unreadable(e, line - 1))?;
            let mut located = Vec::with_capacity(fields.0.len());
            for (name, raw) in fields.0 {
                let line = lines.of(raw.get());
                let value = serde_json::from_str(raw.get()).map_err(|e| unreadable(e, line - 1))?;
                located.push(LocatedField { line, name, value });
            }
            Ok(located)
        } else {
            Err(serde_json::from_str(element.get()).map_err(|e| unreadable(e, line - 1))?)
        };
        rules.push(LocatedRule { line, fields });
    }
    Ok(rules)
}

/// The entries of a JSON object, doubles included.
struct Entries<'a>(Vec<(String, &'a RawValue)>);

impl<'de> Deserialize<'de> for Entries<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct EntriesVisitor;

        impl<'de> Visitor<'de> for EntriesVisitor {
            type Value = Entries<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a rule")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Entries<'de>, A::Error> {
                let mut entries = Vec::new();
                while let Some(entry) = map.next_entry()? {
                    if entries.len() == MAX_FIELDS {
                        let message = format!("the rule has more than {MAX_FIELDS} fields");
                        return Err(A::Error::custom(message));
                    }
                    entries.push(entry);
                }
                Ok(Entries(entries))
            }
        }

        deserializer.deserialize_map(EntriesVisitor)
    }
}

/// Finds the line of a part of a text.
struct Lines<'a> {
    text: &'a str,
    /// Where each line begins.
    starts: Vec<usize>,
}

impl<'a> Lines<'a> {
    fn new(text: &'a str) -> Self {
        let newlines = text.bytes().enumerate().filter(|&(_, byte)| byte == b'\n');
        Self { text, starts: std::iter::once(0).chain(newlines.map(|(at, _)| at + 1)).collect() }
    }

    /// The line, from 1, on which `part` begins: a slice of the text.
    fn of(&self, part: &str) -> u64 {
        let offset = (part.as_ptr() as usize).saturating_sub(self.text.as_ptr() as usize);
        let line = self.starts.partition_point(|&start| start <= offset);
        u64::try_from(line).unwrap_or(1).max(1)
    }
}
