//! Text to filter, by recursive descent.
//!
//! ```text
//! any     = all { ("OR" | "|") all }
//! all     = [ "AND" ] not { [ "AND" ] not }
//! not     = { "-" | "!" | "NOT" } ( "(" any ")" | term )
//! term    = field operator value { "," value } | word
//! ```

use std::ops::Range;

use regex::{Regex, RegexBuilder};

use super::field::{Choice, FIELDS, FieldInfo, FieldKind, Unit, field_named};
use super::number::{number, range};
use super::term::{Comparison, Needle, Pattern, Place, Term, Test, Word, Written};
use super::{FilterError, MAX_LENGTH, MAX_NESTING, MAX_REGEX_SIZE, MAX_TERMS, Node};
use crate::endpoint::{Cidr, Endpoint};
use crate::suggest::closest;

pub(super) fn parse(text: &str) -> Result<Option<Node>, FilterError> {
    if text.len() > MAX_LENGTH {
        return Err(FilterError {
            message: format!("the filter is longer than {MAX_LENGTH} bytes"),
            position: MAX_LENGTH..text.len(),
            suggestion: None,
        });
    }
    let mut parser = Parser { text, at: 0, terms: 0, nesting: 0 };
    parser.skip_blanks();
    if parser.rest().is_empty() {
        return Ok(None);
    }
    let root = parser.any()?;
    if !parser.rest().is_empty() {
        return Err(parser.error(parser.at..parser.at + 1, "`)` closes nothing: remove it"));
    }
    Ok(root)
}

struct Parser<'a> {
    text: &'a str,
    at: usize,
    terms: usize,
    nesting: usize,
}

/// The longest first, for one may begin with another.
const OPERATORS: &[&str] = &["!=", "!~", ">=", "<=", ":", "=", "~", ">", "<"];

impl<'a> Parser<'a> {
    fn rest(&self) -> &'a str {
        self.text.get(self.at..).unwrap_or_default()
    }

    fn skip_blanks(&mut self) {
        self.at = self.text.len() - self.rest().trim_start().len();
    }

    fn error(&self, position: Range<usize>, message: impl Into<String>) -> FilterError {
        FilterError { message: message.into(), position, suggestion: None }
    }

    /// Takes `text` if it is next.
    fn take(&mut self, text: &str) -> bool {
        let found = self.rest().starts_with(text);
        if found {
            self.at += text.len();
        }
        found
    }

    /// Takes a keyword if it is next and ends there.
    fn take_keyword(&mut self, keyword: &str) -> bool {
        let ends = |rest: &str| rest.chars().next().is_none_or(is_delimiter);
        let found = self.rest().strip_prefix(keyword).is_some_and(ends);
        if found {
            self.at += keyword.len();
        }
        found
    }

    fn any(&mut self) -> Result<Option<Node>, FilterError> {
        let mut parts = Vec::new();
        loop {
            let start = self.at;
            let Some(part) = self.all()? else {
                let message = if parts.is_empty() && !self.rest().starts_with('|') {
                    "a term is missing here"
                } else {
                    "`OR` needs a term on both sides"
                };
                return Err(self.error(start..self.at.max(start), message));
            };
            parts.push(part);
            if self.take_keyword("OR") || self.take("|") {
                // `||` is what programmers type.
                self.take("|");
                self.skip_blanks();
            } else {
                return Ok(Node::any(parts));
            }
        }
    }

    fn all(&mut self) -> Result<Option<Node>, FilterError> {
        let mut parts = Vec::new();
        loop {
            self.skip_blanks();
            let start = self.at;
            if self.take_keyword("AND") {
                self.skip_blanks();
                if parts.is_empty() || self.ends_here() {
                    return Err(self.error(start..start + 3, "`AND` needs a term on both sides"));
                }
            }
            if self.ends_here() {
                return Ok(Node::all(parts));
            }
            parts.push(self.not()?);
        }
    }

    /// True before what ends a sequence of terms.
    fn ends_here(&self) -> bool {
        let rest = self.rest();
        let or = rest.strip_prefix("OR").is_some_and(|r| r.chars().next().is_none_or(is_delimiter));
        rest.is_empty() || rest.starts_with([')', '|']) || or
    }

    fn not(&mut self) -> Result<Node, FilterError> {
        let mut negated = false;
        loop {
            let start = self.at;
            if self.take_keyword("NOT") {
                self.skip_blanks();
            } else if !self.take("-") && !self.take("!") {
                break;
            }
            negated = !negated;
            if self.ends_here() || self.rest().starts_with(char::is_whitespace) {
                return Err(self.error(start..self.at, "a negation needs a term behind it"));
            }
        }
        let node = self.group_or_term()?;
        Ok(if negated { node.negated() } else { node })
    }

    fn group_or_term(&mut self) -> Result<Node, FilterError> {
        let start = self.at;
        if !self.take("(") {
            return self.term();
        }
        self.nesting += 1;
        if self.nesting > MAX_NESTING {
            let message = format!("parentheses are nested deeper than {MAX_NESTING}");
            return Err(self.error(start..self.at, message));
        }
        let inner = self.any()?;
        if !self.take(")") {
            return Err(self.error(start..start + 1, "`(` is never closed: add `)`"));
        }
        self.nesting -= 1;
        inner.ok_or_else(|| self.error(start..self.at, "a term is missing between `(` and `)`"))
    }

    fn count_term(&mut self, start: usize) -> Result<(), FilterError> {
        self.terms += 1;
        if self.terms > MAX_TERMS {
            let message = format!("the filter has more than {MAX_TERMS} terms");
            return Err(self.error(start..self.at.max(start), message));
        }
        Ok(())
    }

    fn term(&mut self) -> Result<Node, FilterError> {
        let start = self.at;
        let rest = self.rest();
        if rest.starts_with('/')
            && let Some(pattern) = self.slashed()?
        {
            self.count_term(start)?;
            return Ok(term(Term::Word(Word::Fits(pattern))));
        }
        if rest.starts_with('"') {
            let written = self.quoted()?;
            self.count_term(start)?;
            let needle = self.needle(&written.text, start)?;
            return Ok(term(Term::Word(Word::Text(needle, written))));
        }
        let end = rest.find(is_delimiter).unwrap_or(rest.len());
        let word = rest.get(..end).unwrap_or_default();
        // `fe80::1` and `10.0.0.1:80` are addresses, not fields.
        if let Some(place) = place(word) {
            self.at += end;
            self.count_term(start)?;
            let needle = self.needle(word, start)?;
            return Ok(term(Term::Word(Word::Place(place, needle, word.to_owned()))));
        }
        let name_end =
            word.find(|c: char| !c.is_ascii_alphabetic() && c != '_').unwrap_or(word.len());
        let (name, behind) = word.split_at(name_end);
        let operator = OPERATORS.iter().copied().find(|operator| behind.starts_with(operator));
        if let (Some(operator), false) = (operator, name.is_empty()) {
            return self.field_term(name, operator);
        }
        self.at += end;
        // Behind another one, or a negation.
        if word == "AND" {
            return Err(self.error(start..self.at, "`AND` needs a term on both sides"));
        }
        self.count_term(start)?;
        let needle = self.needle(word, start)?;
        let digits = word.bytes().all(|b| b.is_ascii_digit());
        Ok(term(Term::Word(match word.parse::<u64>() {
            Ok(number) if digits => Word::Number(number, needle, word.to_owned()),
            _ => Word::Text(needle, Written { text: word.to_owned(), quoted: false }),
        })))
    }

    fn needle(&self, text: &str, start: usize) -> Result<Needle, FilterError> {
        Needle::new(text).map_err(|_| self.error(start..self.at, "the text is too long"))
    }

    fn field_term(&mut self, name: &str, operator: &'static str) -> Result<Node, FilterError> {
        let start = self.at;
        self.at += name.len();
        let Some(info) = field_named(name) else {
            let names = FIELDS.iter().flat_map(|f| std::iter::once(&f.name).chain(f.aliases));
            let meant = closest(name, names.copied());
            let hint = meant.map_or_else(
                || "put it in quotes to search for the text".to_owned(),
                |meant| format!("did you mean `{meant}`?"),
            );
            let error = self.error(start..self.at, format!("unknown field `{name}`; {hint}"));
            return Err(FilterError { suggestion: meant.map(str::to_owned), ..error });
        };
        self.at += operator.len();
        if !info.operators().contains(&operator) {
            let known = info.operators().join(" ");
            let message =
                format!("`{}` cannot be asked with `{operator}`, only with {known}", info.name);
            return Err(self.error(start..self.at, message));
        }
        let comparison = match operator {
            ">" => Some(Comparison::Greater),
            "<" => Some(Comparison::Less),
            ">=" => Some(Comparison::AtLeast),
            "<=" => Some(Comparison::AtMost),
            _ => None,
        };
        let test = match comparison {
            Some(comparison) => self.comparison(info, comparison)?,
            None if operator.ends_with('~') => Test::Fits(self.pattern(info)?),
            None => self.values(info, operator)?,
        };
        let node = term(Term::Field(info, test));
        Ok(if operator.starts_with('!') { node.negated() } else { node })
    }

    fn comparison(
        &mut self,
        info: &'static FieldInfo,
        comparison: Comparison,
    ) -> Result<Test, FilterError> {
        let start = self.at;
        let value = self.value(info)?;
        self.count_term(start)?;
        let unit = match info.kind {
            FieldKind::Number(unit) => unit,
            _ => Unit::Count,
        };
        match number(&value.text, unit) {
            Some(limit) => Ok(Test::Compares(comparison, limit, value.text)),
            None => Err(self.unexpected(start..self.at, info, &value.text, unit.expected())),
        }
    }

    /// The values of `:`, `=` and `!=`.
    fn values(
        &mut self,
        info: &'static FieldInfo,
        operator: &'static str,
    ) -> Result<Test, FilterError> {
        let is_text = matches!(info.kind, FieldKind::Text | FieldKind::Address);
        if operator == ":" && is_text && self.rest().starts_with('/') {
            let start = self.at;
            if let Some(pattern) = self.slashed()? {
                self.count_term(start)?;
                return Ok(Test::Fits(pattern));
            }
        }
        let mut values = Vec::new();
        loop {
            let start = self.at;
            let value = self.value(info)?;
            self.count_term(start)?;
            values.push((start..self.at, value));
            if !self.take(",") {
                break;
            }
        }
        match info.kind {
            FieldKind::Text if operator == ":" => {
                let needles = values
                    .into_iter()
                    .map(|(at, written)| Ok((self.needle(&written.text, at.start)?, written)));
                Ok(Test::Contains(needles.collect::<Result<_, FilterError>>()?))
            }
            FieldKind::Text => Ok(Test::Equals(values.into_iter().map(|(_, v)| v).collect())),
            FieldKind::Number(unit) => {
                let ranges = values.into_iter().map(|(at, value)| match range(&value.text, unit) {
                    Some(range) => Ok((range, value.text)),
                    None => Err(self.unexpected(at, info, &value.text, unit.expected())),
                });
                Ok(Test::In(ranges.collect::<Result<_, FilterError>>()?))
            }
            FieldKind::Address => {
                let expected = "an address such as 10.0.0.1 or ::1, a block such as 10.0.0.0/8, \
                                or a /regex/";
                let places = values.into_iter().map(|(at, value)| match place(&value.text) {
                    Some(place) => Ok((place, value.text)),
                    None => Err(self.unexpected(at, info, &value.text, expected)),
                });
                Ok(Test::Lies(places.collect::<Result<_, FilterError>>()?))
            }
            FieldKind::Choice(choices) => {
                let known = values.into_iter().map(|(at, value)| {
                    choice(choices, &value.text)
                        .ok_or_else(|| self.unknown_choice(at, info, choices, &value.text))
                });
                Ok(Test::Is(known.collect::<Result<_, FilterError>>()?))
            }
        }
    }

    fn unexpected(
        &self,
        position: Range<usize>,
        info: &FieldInfo,
        value: &str,
        expected: &str,
    ) -> FilterError {
        let message = format!("`{}` expects {expected}, not `{value}`", info.name);
        self.error(position, message)
    }

    fn unknown_choice(
        &self,
        position: Range<usize>,
        info: &FieldInfo,
        choices: &[Choice],
        value: &str,
    ) -> FilterError {
        let names = || choices.iter().map(|choice| choice.name);
        let meant = closest(value, names());
        let message = match meant {
            Some(meant) => {
                format!("`{}` knows no `{value}`; did you mean `{meant}`?", info.name)
            }
            None => {
                let known = names().collect::<Vec<_>>().join(", ");
                format!("`{}` knows no `{value}`, only {known}", info.name)
            }
        };
        let error = self.error(position, message);
        FilterError { suggestion: meant.map(str::to_owned), ..error }
    }

    /// One value: quoted, or up to a blank, comma or delimiter.
    fn value(&mut self, info: &FieldInfo) -> Result<Written, FilterError> {
        if self.rest().starts_with('"') {
            return self.quoted();
        }
        let rest = self.rest();
        let end = rest.find(|c| c == ',' || is_delimiter(c)).unwrap_or(rest.len());
        let text = rest.get(..end).unwrap_or_default();
        if text.is_empty() {
            let message = format!("`{}` needs a value here, as in `{}`", info.name, info.example);
            return Err(self.error(self.at..self.at, message));
        }
        self.at += end;
        Ok(Written { text: text.to_owned(), quoted: false })
    }

    /// A text in double quotes, in which a backslash keeps a quote or a backslash.
    fn quoted(&mut self) -> Result<Written, FilterError> {
        let start = self.at;
        let mut text = String::new();
        let mut chars = self.rest().char_indices().skip(1);
        while let Some((offset, c)) = chars.next() {
            match c {
                '"' => {
                    self.at += offset + 1;
                    return Ok(Written { text, quoted: true });
                }
                '\\' => match chars.next() {
                    Some((_, c @ ('"' | '\\'))) => text.push(c),
                    Some((_, c)) => text.extend(['\\', c]),
                    None => break,
                },
                c => text.push(c),
            }
        }
        Err(self.error(start..self.text.len(), "the quote is never closed: add `\"`"))
    }

    /// `/regex/` or `/regex/i`, if the next slash without a backslash ends the word; else `None`,
    /// for a path is a text.
    fn slashed(&mut self) -> Result<Option<Pattern>, FilterError> {
        let start = self.at;
        let rest = self.rest();
        let mut escaped = false;
        let closing = rest.char_indices().skip(1).find(|&(_, c)| {
            let closes = c == '/' && !escaped;
            escaped = c == '\\' && !escaped;
            closes
        });
        let Some((end, _)) = closing else { return Ok(None) };
        let source = rest.get(1..end).unwrap_or_default();
        let behind = rest.get(end + 1..).unwrap_or_default();
        let (ignore_case, behind) =
            behind.strip_prefix('i').map_or((false, behind), |behind| (true, behind));
        if source.is_empty() || !behind.chars().next().is_none_or(is_delimiter) {
            return Ok(None);
        }
        self.at = self.text.len() - behind.len();
        self.compiled(source, ignore_case, start).map(Some)
    }

    /// The pattern behind `~`: between slashes, in quotes, or up to a delimiter.
    fn pattern(&mut self, info: &FieldInfo) -> Result<Pattern, FilterError> {
        let start = self.at;
        self.count_term(start)?;
        if self.rest().starts_with('/')
            && let Some(pattern) = self.slashed()?
        {
            return Ok(pattern);
        }
        if self.rest().starts_with('"') {
            let written = self.quoted()?;
            return self.compiled(&written.text, false, start);
        }
        let rest = self.rest();
        let end = rest.find(is_delimiter).unwrap_or(rest.len());
        let source = rest.get(..end).unwrap_or_default();
        if source.is_empty() {
            let message =
                format!("`{}~` needs a regular expression between slashes: `/…/`", info.name);
            return Err(self.error(self.at..self.at, message));
        }
        self.at += end;
        self.compiled(source, false, start)
    }

    fn compiled(
        &self,
        source: &str,
        ignore_case: bool,
        start: usize,
    ) -> Result<Pattern, FilterError> {
        let source = with_slashes_escaped(source);
        if source.is_empty() {
            return Err(self.error(start..self.at, "the regular expression is empty"));
        }
        let regex = compile(&source, ignore_case)
            .map_err(|error| self.error(start..self.at, regex_message(&error)))?;
        Ok(Pattern { regex, source, ignore_case })
    }
}

fn term(term: Term) -> Node {
    Node::Term(Box::new(term))
}

fn is_delimiter(c: char) -> bool {
    c.is_whitespace() || matches!(c, '(' | ')' | '|' | '"')
}

/// An address, a block, or an address with a port.
fn place(text: &str) -> Option<Place> {
    // `1` and `80` are numbers: an address has a dot or a colon.
    if !text.contains(['.', ':']) {
        return None;
    }
    if let Ok(block) = text.parse::<Cidr>() {
        return Some(Place::Block(block));
    }
    let address = text.parse::<std::net::SocketAddr>().ok()?;
    Some(Place::Endpoint(Endpoint::new(address.ip(), address.port())))
}

fn choice(choices: &'static [Choice], text: &str) -> Option<&'static Choice> {
    let is = |name: &str| {
        name.len() == text.len()
            && name
                .bytes()
                .zip(text.bytes())
                .all(|(a, b)| a.eq_ignore_ascii_case(&b) || (a == b'_' && b == b'-'))
    };
    choices.iter().find(|choice| is(choice.name) || choice.aliases.iter().any(|name| is(name)))
}

fn with_slashes_escaped(source: &str) -> String {
    let mut escaped = String::with_capacity(source.len());
    let mut after_backslash = false;
    for c in source.chars() {
        if c == '/' && !after_backslash {
            escaped.push('\\');
        }
        after_backslash = c == '\\' && !after_backslash;
        escaped.push(c);
    }
    escaped
}

fn compile(source: &str, ignore_case: bool) -> Result<Regex, regex::Error> {
    RegexBuilder::new(source)
        .case_insensitive(ignore_case)
        .size_limit(MAX_REGEX_SIZE)
        .dfa_size_limit(MAX_REGEX_SIZE)
        .build()
}

/// A syntax error in one line: the crate draws the place below the pattern.
fn regex_message(error: &regex::Error) -> String {
    match error {
        regex::Error::CompiledTooBig(_) => {
            "the regular expression is too large: shorten its repetitions".to_owned()
        }
        error => {
            let text = error.to_string();
            let reason = text.lines().next_back().unwrap_or_default().trim();
            format!("bad regular expression: {}", reason.strip_prefix("error: ").unwrap_or(reason))
        }
    }
}
