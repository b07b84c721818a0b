//! Finds the first rule that fits without trying them one by one: pids and exact names by hash,
//! regular expressions in sets.

use std::sync::Arc;

use regex::{RegexSet, RegexSetBuilder};
use rustc_hash::FxHashMap;

use super::{Matcher, Rule, haystack};
use crate::process::Process;

/// Patterns per set: a larger set outgrows its automaton's cache and becomes slow.
const SET: usize = 128;
/// Largest compiled set, in bytes.
const MAX_SET_SIZE: usize = 8 << 20;

#[derive(Debug, Default)]
pub(super) struct Index {
    pids: FxHashMap<u32, usize>,
    names: FxHashMap<Arc<str>, usize>,
    /// Lower case.
    commands: Vec<(Box<str>, usize)>,
    name_patterns: Vec<PatternSet>,
    command_patterns: Vec<PatternSet>,
}

/// Patterns of consecutive rules, and the rule of each.
#[derive(Debug)]
struct PatternSet {
    set: RegexSet,
    rules: Vec<usize>,
}

/// The patterns from this rule on are too large together.
#[derive(Debug)]
pub(super) struct TooLarge {
    pub(super) line: u64,
    pub(super) field: &'static str,
}

struct Pattern<'a> {
    rule: usize,
    line: u64,
    source: &'a str,
    ignore_case: bool,
}

impl Index {
    pub(super) fn new(rules: &[Rule]) -> Result<Self, TooLarge> {
        let mut index = Self::default();
        let mut name_patterns = Vec::new();
        let mut command_patterns = Vec::new();
        for (number, rule) in rules.iter().enumerate() {
            if let Some(pid) = rule.match_pid {
                index.pids.entry(pid).or_insert(number);
            }
            match &rule.match_name {
                Some(Matcher::Text(name)) => {
                    index.names.entry(Arc::clone(name)).or_insert(number);
                }
                Some(Matcher::Pattern { source, ignore_case }) => {
                    name_patterns.push(Pattern::new(number, rule, source, *ignore_case));
                }
                None => {}
            }
            match &rule.match_cmd {
                Some(Matcher::Text(text)) => {
                    index.commands.push((text.to_lowercase().into(), number));
                }
                Some(Matcher::Pattern { source, ignore_case }) => {
                    command_patterns.push(Pattern::new(number, rule, source, *ignore_case));
                }
                None => {}
            }
        }
        index.name_patterns = sets(&name_patterns, "match_name")?;
        index.command_patterns = sets(&command_patterns, "match_cmd")?;
        Ok(index)
    }

    /// The first rule that fits.
    pub(super) fn first(&self, process: &Process) -> Option<usize> {
        let mut best = usize::MAX;
        let mut consider = |rule: Option<&usize>| {
            best = rule.copied().unwrap_or(usize::MAX).min(best);
        };
        consider(self.pids.get(&process.key.pid));
        consider(self.names.get(&process.name));
        best = first_in(&self.name_patterns, &process.name, best);
        if !self.commands.is_empty() || !self.command_patterns.is_empty() {
            let text = haystack(process);
            best = first_in(&self.command_patterns, &text, best);
            let lower = text.to_lowercase();
            let found = self
                .commands
                .iter()
                .take_while(|(_, rule)| *rule < best)
                .find(|(needle, _)| lower.contains(&**needle));
            best = found.map_or(best, |(_, rule)| *rule);
        }
        (best != usize::MAX).then_some(best)
    }
}

/// The first rule before `best` that has a pattern in `text`, else `best`.
fn first_in(sets: &[PatternSet], text: &str, best: usize) -> usize {
    for set in sets {
        if set.rules.first().is_none_or(|&first| first >= best) {
            break;
        }
        let found = set.set.matches(text).iter().next().and_then(|i| set.rules.get(i).copied());
        if let Some(rule) = found {
            return rule.min(best);
        }
    }
    best
}

impl<'a> Pattern<'a> {
    fn new(number: usize, rule: &Rule, source: &'a str, ignore_case: bool) -> Self {
        Self { rule: number, line: rule.line, source, ignore_case }
    }
}

/// The patterns, each of which compiles by itself, in sets.
fn sets(patterns: &[Pattern<'_>], field: &'static str) -> Result<Vec<PatternSet>, TooLarge> {
    let set = |patterns: &[Pattern<'_>]| {
        let sources = patterns.iter().map(|pattern| {
            format!("{}{}", if pattern.ignore_case { "(?i)" } else { "" }, pattern.source)
        });
        match RegexSetBuilder::new(sources).size_limit(MAX_SET_SIZE).build() {
            Ok(set) => {
                Ok(PatternSet { set, rules: patterns.iter().map(|pattern| pattern.rule).collect() })
            }
            Err(_) => {
                Err(TooLarge { line: patterns.first().map_or(1, |pattern| pattern.line), field })
            }
        }
    };
    patterns.chunks(SET).map(set).collect()
}
