//! Runs of our programs that the kernel left out: one that would interrupt itself on a processor
//! is skipped, and only counted. The count (`recursion_misses`) needs no statistics to be enabled.

use std::path::PathBuf;
use std::time::{Duration, Instant};

/// How often the counts are read.
const LOOK_INTERVAL: Duration = Duration::from_millis(250);

/// Watches programs.
#[derive(Debug)]
pub(super) struct Skipped {
    programs: Vec<Program>,
    next_look: Instant,
}

#[derive(Debug)]
struct Program {
    /// What the kernel tells of its descriptor.
    file: PathBuf,
    /// Where another copy sees the same things, nothing is lost before both were skipped.
    copied: bool,
    before: u64,
}

impl Skipped {
    /// Watches the programs with these descriptors of this process; true with those that are
    /// copies of each other.
    pub(super) fn new(descriptors: impl IntoIterator<Item = (i32, bool)>) -> Self {
        let file = |number| PathBuf::from(format!("/proc/self/fdinfo/{number}"));
        Self::watch(descriptors.into_iter().map(|(number, copied)| (file(number), copied)))
    }

    fn watch(files: impl IntoIterator<Item = (PathBuf, bool)>) -> Self {
        let program = |(file, copied)| Program { file, copied, before: 0 };
        let programs = files.into_iter().map(program).collect();
        Self { programs, next_look: Instant::now() }
    }

    /// How many runs may have been lost since the last look, if it is time for one: of a copied
    /// program no more than the copy that was skipped least.
    pub(super) fn newly(&mut self, now: Instant) -> u64 {
        if now < self.next_look {
            return 0;
        }
        self.next_look = now + LOOK_INTERVAL;
        let (mut alone, mut both) = (0_u64, None::<u64>);
        for program in &mut self.programs {
            let count = std::fs::read_to_string(&program.file).ok().and_then(|text| count(&text));
            // An older kernel does not count.
            let Some(count) = count else { continue };
            let new = count.saturating_sub(std::mem::replace(&mut program.before, count));
            if program.copied {
                both = Some(both.map_or(new, |least| least.min(new)));
            } else {
                alone = alone.saturating_add(new);
            }
        }
        alone.saturating_add(both.unwrap_or(0))
    }
}

fn count(text: &str) -> Option<u64> {
    let line = text.lines().find_map(|line| line.strip_prefix("recursion_misses:"))?;
    line.trim().parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_one_copy_caught_is_not_lost() {
        let folder = tempfile::tempdir().unwrap();
        let write = |name: &str, count: u64| {
            let file = folder.path().join(name);
            let text = format!("prog_type:\t26\nrecursion_misses:\t{count}\nverified_insns:\t3\n");
            std::fs::write(&file, text).unwrap();
            file
        };
        let files = [(write("a", 0), true), (write("b", 0), true), (write("c", 0), false)];
        let mut skipped = Skipped::watch(files);
        let mut now = Instant::now();
        let mut look = |expected: u64| {
            now += LOOK_INTERVAL;
            assert_eq!(skipped.newly(now), expected);
            // Not before its time.
            assert_eq!(skipped.newly(now), 0);
        };
        look(0);
        write("a", 5);
        look(0);
        write("a", 8);
        write("b", 2);
        look(2);
        write("c", 7);
        look(7);
        std::fs::remove_file(folder.path().join("c")).unwrap();
        look(0);
    }

    #[test]
    fn a_kernel_that_does_not_count_is_no_loss() {
        assert_eq!(count("prog_type:\t26\n"), None);
        assert_eq!(count("recursion_misses:\tmany\n"), None);
    }
}
