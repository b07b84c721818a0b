//! The one thread that reads the rule file again: when it has changed, and when somebody asks. What
//! answers requests opens no such file itself.

use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::time::Duration;

use anyhow::Result;
use procnet_collect::confinement::Part;
use procnet_server::{Live, ReloadRules};

use crate::machine::Knowledge;
use crate::rules_file::{RulesSource, Watcher};
use crate::serve::spawn;
use crate::stop::Stop;
use crate::words::counted;

/// How often the rule file is looked at.
const INTERVAL: Duration = Duration::from_secs(1);
/// Most requests that wait for the file to be read.
const MAX_WAITING: usize = 16;
/// How long a request waits: a large file on a slow disk takes a few seconds.
const PATIENCE: Duration = Duration::from_secs(20);

/// How many rules there are now, or why those in force stay.
type Answer = Result<usize, String>;

/// Begins to watch the rule file, if one was named. What is returned has it read at once.
pub(crate) fn start(
    knowledge: &Knowledge,
    live: &Arc<Live>,
    stop: &Stop,
) -> Result<Option<ReloadRules>> {
    let source = knowledge.source.clone();
    let Some(file) = source.file().map(std::path::Path::to_path_buf) else { return Ok(None) };
    let Some(watcher) = Watcher::new(source.clone()) else { return Ok(None) };
    let (asks, asked) = sync_channel(MAX_WAITING);
    let reader = Reader { source, watcher, live: Arc::clone(live) };
    let stop = stop.clone();
    spawn("procnet-rules", Part::Reading, move || reader.run(&asked, &stop))?;
    Ok(Some(ReloadRules::new(file, move || ask(&asks, PATIENCE))))
}

/// Has the file read, and waits for what came of it.
fn ask(asks: &SyncSender<SyncSender<Answer>>, patience: Duration) -> Answer {
    let (answers, answer) = sync_channel(1);
    asks.try_send(answers)
        .map_err(|_| "too many ask for the rules to be read again: try later".to_owned())?;
    answer.recv_timeout(patience).unwrap_or_else(|_| {
        Err(format!("the rules were not read within {} s: see the log", patience.as_secs()))
    })
}

struct Reader {
    source: RulesSource,
    watcher: Watcher,
    live: Arc<Live>,
}

impl Reader {
    fn run(mut self, asked: &Receiver<SyncSender<Answer>>, stop: &Stop) {
        while !stop.is_stopped() {
            match asked.recv_timeout(INTERVAL) {
                // Whoever asked may have given up waiting.
                Ok(answers) => drop(answers.send(self.read())),
                Err(RecvTimeoutError::Timeout) => self.look(),
                // The server has ended.
                Err(RecvTimeoutError::Disconnected) => return,
            }
        }
    }

    fn read(&self) -> Answer {
        let rules = self.source.load()?;
        let count = rules.len();
        self.live.set_rules(rules);
        tracing::info!("{}, read again on request", rules_counted(count));
        Ok(count)
    }

    fn look(&mut self) {
        match self.watcher.look() {
            None => {}
            Some(Ok(rules)) => {
                tracing::info!("{}, for the file has changed", rules_counted(rules.len()));
                self.live.set_rules(rules);
            }
            Some(Err(error)) => tracing::error!("{error}; the rules in force stay in force"),
        }
    }
}

/// So many, in words.
pub(crate) fn rules_counted(rules: usize) -> String {
    counted(rules, "rule", "rules")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_crowd_that_asks_is_told_to_come_back() {
        let (asks, asked) = sync_channel(1);
        let late = ask(&asks, Duration::ZERO).unwrap_err();
        assert!(late.contains("not read within"), "{late}");
        // The first still stands in line.
        let many = ask(&asks, Duration::from_secs(60)).unwrap_err();
        assert!(many.contains("too many"), "{many}");
        drop(asked);
    }
}
