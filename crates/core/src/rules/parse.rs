//! Rule files: the meaning of their fields, and what can be wrong with them.

use std::sync::Arc;

use regex::RegexBuilder;

use super::index::{Index, TooLarge};
use super::located::{LocatedField, LocatedRule, Unreadable, Value, from_json, from_yaml};
use super::{
    MAX_FILE_SIZE, MAX_PATTERN_SIZE, MAX_PATTERNS, MAX_RULE_LABEL, MAX_TYPE, Matcher, Rule,
    RuleError,
};
use crate::secrets::{MAX_MASKS, Mask};
use crate::suggest::closest;
use crate::text::sanitized;

/// The fields of a rule.
pub(super) const FIELDS: &[&str] = &["match_pid", "match_name", "match_cmd", "type", "label"];

/// What stands in the place of a rule and is none: a place of secrets in command lines.
const MASK: &str = "mask";

/// What a file says.
#[derive(Default)]
pub(super) struct Contents {
    pub(super) rules: Vec<Rule>,
    pub(super) index: Index,
    pub(super) masks: Vec<Mask>,
}

/// The rules of a file, and their index.
pub(super) fn parse(file: &str, text: &str) -> Result<Contents, RuleError> {
    let mut parser = Parser { file, patterns: 0 };
    if text.len() > MAX_FILE_SIZE {
        let message = format!(
            "the file is larger than {} KiB; shorten it or split the machines' rules",
            MAX_FILE_SIZE / 1024
        );
        return Err(parser.error(None, None, message));
    }
    // Editors on Windows begin a file with a byte order mark.
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    if text.trim().is_empty() {
        return Ok(Contents::default());
    }
    let located = located(file, text)
        .map_err(|Unreadable { line, message }| parser.error(line, None, message))?;
    let mut rules = Vec::with_capacity(located.len());
    let mut index = Index::default();
    let mut masks = Vec::new();
    for rule in located {
        if let Some(mask) = parser.mask(&rule)? {
            if masks.len() >= MAX_MASKS {
                let message = format!("the file has more than {MAX_MASKS} masks");
                return Err(parser.error(Some(rule.line), Some(MASK), message));
            }
            masks.push(mask);
            continue;
        }
        let rule = parser.rule(rule)?;
        index.push(&rule).map_err(|too_large| parser.too_large(&too_large))?;
        rules.push(rule);
    }
    let index = index.finished().map_err(|too_large| parser.too_large(&too_large))?;
    Ok(Contents { rules, index, masks })
}

fn located(file: &str, text: &str) -> Result<Vec<LocatedRule>, Unreadable> {
    if file.get(file.len().saturating_sub(5)..).is_some_and(|end| end.eq_ignore_ascii_case(".json"))
    {
        return from_json(text);
    }
    // JSON is nearly YAML; the rest (tabs, escapes) is left to JSON's own parser.
    if text.trim_start().starts_with('[')
        && let Ok(rules) = from_json(text)
    {
        return Ok(rules);
    }
    from_yaml(text)
}

struct Parser<'a> {
    file: &'a str,
    patterns: usize,
}

impl Parser<'_> {
    fn error(
        &self,
        line: Option<u64>,
        field: Option<&str>,
        message: impl Into<String>,
    ) -> RuleError {
        RuleError {
            file: self.file.to_owned(),
            line,
            field: field.map(str::to_owned),
            message: message.into(),
        }
    }

    fn too_large(&self, TooLarge { line, field }: &TooLarge) -> RuleError {
        let message = format!(
            "the regular expressions of `{field}` from here on are too large together; shorten \
             their repetitions"
        );
        self.error(Some(*line), Some(field), message)
    }

    fn field_error(&self, field: &LocatedField, message: impl AsRef<str>) -> RuleError {
        let message = format!("`{}` {}", field.name, message.as_ref());
        self.error(Some(field.line), Some(&field.name), message)
    }

    /// `- mask: NAME` or `- mask: /regex/`, which stands alone.
    fn mask(&self, located: &LocatedRule) -> Result<Option<Mask>, RuleError> {
        let Ok(fields) = &located.fields else { return Ok(None) };
        let Some(field) = fields.iter().find(|field| field.name == MASK) else { return Ok(None) };
        if fields.len() > 1 {
            let message = "stands alone, as `- mask: …`: it hides secrets of every process";
            return Err(self.field_error(field, message));
        }
        match &field.value {
            Value::Text(text) if text.is_empty() => {
                Err(self.field_error(field, "is empty: give a name such as `pin`, or `/regex/`"))
            }
            Value::Text(text) if text.len() > MAX_RULE_LABEL && !text.starts_with('/') => {
                Err(self.field_error(field, format!("is longer than {MAX_RULE_LABEL} bytes")))
            }
            Value::Text(text) => Mask::parse(text)
                .map(Some)
                .map_err(|error| self.field_error(field, regex_message(&error))),
            value => {
                let what = value.describe();
                Err(self
                    .field_error(field, format!("expects text, not {what}; write it in quotes")))
            }
        }
    }

    fn rule(&mut self, located: LocatedRule) -> Result<Rule, RuleError> {
        let line = located.line;
        let fields = located.fields.map_err(|value| {
            let what = value.describe();
            let message = format!("a rule is expected here (`type: …` and a match), not {what}");
            self.error(Some(line), None, message)
        })?;
        let mut rule = Rule {
            match_pid: None,
            match_name: None,
            match_cmd: None,
            type_name: Arc::from(""),
            label: None,
            line,
        };
        for (index, field) in fields.iter().enumerate() {
            if fields.iter().take(index).any(|earlier| earlier.name == field.name) {
                return Err(self.field_error(field, "stands twice in one rule"));
            }
            match (field.name.as_str(), &field.value) {
                // A field without a value is as good as none.
                (name, Value::Null) if FIELDS.contains(&name) => {}
                ("match_pid", value) => rule.match_pid = Some(self.pid(field, value)?),
                ("match_name", Value::Text(text)) => {
                    rule.match_name = self.matcher(field, text)?;
                }
                ("match_cmd", Value::Text(text)) => rule.match_cmd = self.matcher(field, text)?,
                ("type", Value::Text(text)) => {
                    rule.type_name = self.text(field, text.trim(), MAX_TYPE)?;
                }
                ("label", Value::Text(text)) => {
                    let label = self.text(field, text, MAX_RULE_LABEL)?;
                    rule.label = (!label.is_empty()).then_some(label);
                }
                ("label", Value::Integer(number)) => {
                    rule.label = Some(Arc::from(number.to_string()));
                }
                (name, value) if FIELDS.contains(&name) => {
                    let quotes = match value {
                        Value::Bool(_) | Value::Integer(_) | Value::Float(_) => {
                            "; write it in quotes"
                        }
                        _ => "",
                    };
                    let what = value.describe();
                    return Err(
                        self.field_error(field, format!("expects text, not {what}{quotes}"))
                    );
                }
                (name, _) => return Err(self.unknown(field, name)),
            }
        }
        if rule.type_name.is_empty() {
            let message = "the rule has no `type`; add one, such as `type: service`";
            return Err(self.error(Some(line), Some("type"), message));
        }
        if rule.match_pid.is_none() && rule.match_name.is_none() && rule.match_cmd.is_none() {
            let message = "the rule matches nothing: add `match_name`, `match_cmd` or `match_pid`";
            return Err(self.error(Some(line), Some("match_name"), message));
        }
        Ok(rule)
    }

    fn unknown(&self, field: &LocatedField, name: &str) -> RuleError {
        let shown = sanitized(name.as_bytes(), 40);
        let hint = match closest(name, FIELDS.iter().copied().chain([MASK])) {
            Some(meant) => format!("did you mean `{meant}`?"),
            None => format!("a rule knows {}", FIELDS.join(", ")),
        };
        let message = format!("unknown field `{shown}`; {hint}");
        self.error(Some(field.line), Some(&shown), message)
    }

    fn pid(&self, field: &LocatedField, value: &Value) -> Result<u32, RuleError> {
        let Value::Integer(number) = value else {
            let what = value.describe();
            let message = format!("expects a process id (a whole number), not {what}");
            return Err(self.field_error(field, message));
        };
        u32::try_from(*number).map_err(|_| {
            let message = format!("expects a process id from 0 to {}, not {number}", u32::MAX);
            self.field_error(field, message)
        })
    }

    /// An empty text matches nothing, as if the field were not there.
    fn matcher(&mut self, field: &LocatedField, text: &str) -> Result<Option<Matcher>, RuleError> {
        if text.is_empty() {
            return Ok(None);
        }
        let matcher = Matcher::parse(text);
        if let Matcher::Pattern { source, ignore_case } = &matcher {
            self.patterns += 1;
            if self.patterns > MAX_PATTERNS {
                let message = format!("the file has more than {MAX_PATTERNS} regular expressions");
                return Err(self.error(Some(field.line), Some(&field.name), message));
            }
            RegexBuilder::new(source)
                .case_insensitive(*ignore_case)
                .size_limit(MAX_PATTERN_SIZE)
                .build()
                .map_err(|error| self.field_error(field, regex_message(&error)))?;
        }
        Ok(Some(matcher))
    }

    fn text(&self, field: &LocatedField, text: &str, limit: usize) -> Result<Arc<str>, RuleError> {
        if text.len() > limit {
            return Err(self.field_error(field, format!("is longer than {limit} bytes")));
        }
        // Replacing a control character can lengthen the text, never beyond three times.
        Ok(sanitized(text.as_bytes(), 3 * limit))
    }
}

/// A regular expression's fault in one line: the crate draws the place below the pattern.
fn regex_message(error: &regex::Error) -> String {
    match error {
        regex::Error::CompiledTooBig(_) => {
            "is too large as a regular expression; shorten its repetitions".to_owned()
        }
        error => {
            let text = error.to_string();
            let last = text.lines().next_back().unwrap_or_default().trim();
            let reason = last.strip_prefix("error: ").unwrap_or(last);
            format!("is a bad regular expression: {reason}")
        }
    }
}
