//! Finds the first rule that fits without trying them one by one: pids and exact names by hash,
//! regular expressions in sets.

use std::sync::Arc;

use regex::{RegexSet, RegexSetBuilder};
use rustc_hash::FxHashMap;

use super::{Matcher, Rule, haystack};
use crate::process::Process;

/// Patterns per set: a larger set outgrows its automaton's cache and becomes slow. Fewer in unit
/// tests, so that few rules fill several sets.
const SET: usize = if cfg!(test) { 16 } else { 128 };
/// Largest compiled set, in bytes.
const MAX_SET_SIZE: usize = 8 << 20;

#[derive(Debug, Default)]
pub(super) struct Index {
    /// How many rules it knows.
    rules: usize,
    pids: FxHashMap<u32, usize>,
    names: FxHashMap<Arc<str>, usize>,
    /// Lower case.
    commands: Vec<(Box<str>, usize)>,
    name_patterns: PatternSets,
    command_patterns: PatternSets,
}

/// Sets of patterns in the order of their rules, and the patterns that wait for a set.
#[derive(Debug, Default)]
struct PatternSets {
    sets: Vec<PatternSet>,
    waiting: Vec<Pattern>,
}

/// Patterns of consecutive rules, and the rule of each.
#[derive(Debug)]
struct PatternSet {
    set: RegexSet,
    rules: Vec<usize>,
}

/// A pattern that compiles by itself.
#[derive(Debug)]
struct Pattern {
    rule: usize,
    line: u64,
    source: String,
}

/// The patterns from this line on are too large together.
#[derive(Debug)]
pub(super) struct TooLarge {
    pub(super) line: u64,
    pub(super) field: &'static str,
}

impl Index {
    /// Adds the next rule. Sets are compiled as they fill, so that a file of monsters is refused
    /// at its first hundred.
    pub(super) fn push(&mut self, rule: &Rule) -> Result<(), TooLarge> {
        let number = self.rules;
        self.rules += 1;
        if let Some(pid) = rule.match_pid {
            self.pids.entry(pid).or_insert(number);
        }
        match &rule.match_name {
            Some(Matcher::Text(name)) => {
                self.names.entry(Arc::clone(name)).or_insert(number);
            }
            Some(Matcher::Pattern { source, ignore_case }) => {
                let pattern = Pattern::new(number, rule, source, *ignore_case);
                self.name_patterns.push(pattern, "match_name")?;
            }
            None => {}
        }
        match &rule.match_cmd {
            Some(Matcher::Text(text)) => self.commands.push((text.to_lowercase().into(), number)),
            Some(Matcher::Pattern { source, ignore_case }) => {
                let pattern = Pattern::new(number, rule, source, *ignore_case);
                self.command_patterns.push(pattern, "match_cmd")?;
            }
            None => {}
        }
        Ok(())
    }

    /// The index, after the last rule.
    pub(super) fn finished(mut self) -> Result<Self, TooLarge> {
        self.name_patterns.compile("match_name")?;
        self.command_patterns.compile("match_cmd")?;
        Ok(self)
    }

    /// The first rule that fits.
    pub(super) fn first(&self, process: &Process) -> Option<usize> {
        let mut best = usize::MAX;
        let mut consider = |rule: Option<&usize>| {
            best = rule.copied().unwrap_or(usize::MAX).min(best);
        };
        consider(self.pids.get(&process.key.pid));
        consider(self.names.get(&process.name));
        best = self.name_patterns.first(&process.name, best);
        if !self.commands.is_empty() || !self.command_patterns.sets.is_empty() {
            let text = haystack(process);
            best = self.command_patterns.first(&text, best);
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

impl PatternSets {
    fn push(&mut self, pattern: Pattern, field: &'static str) -> Result<(), TooLarge> {
        self.waiting.push(pattern);
        if self.waiting.len() < SET { Ok(()) } else { self.compile(field) }
    }

    fn compile(&mut self, field: &'static str) -> Result<(), TooLarge> {
        let Some(first) = self.waiting.first() else { return Ok(()) };
        let line = first.line;
        let set = RegexSetBuilder::new(self.waiting.iter().map(|pattern| &pattern.source))
            .size_limit(MAX_SET_SIZE)
            .build()
            .map_err(|_| TooLarge { line, field })?;
        let rules = self.waiting.drain(..).map(|pattern| pattern.rule).collect();
        self.sets.push(PatternSet { set, rules });
        Ok(())
    }

    /// The first rule before `best` that has a pattern in `text`, else `best`.
    fn first(&self, text: &str, best: usize) -> usize {
        for PatternSet { set, rules } in &self.sets {
            if rules.first().is_none_or(|&first| first >= best) {
                break;
            }
            let found = set.matches(text).iter().next().and_then(|index| rules.get(index));
            if let Some(&rule) = found {
                return rule.min(best);
            }
        }
        best
    }
}

impl Pattern {
    fn new(number: usize, rule: &Rule, source: &str, ignore_case: bool) -> Self {
        let flag = if ignore_case { "(?i)" } else { "" };
        Self { rule: number, line: rule.line, source: format!("{flag}{source}") }
    }
}
