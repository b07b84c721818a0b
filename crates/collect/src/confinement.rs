//! What a thread of this program may still ask of the system, once it is confined to its part.
//!
//! Threads are confined one by one, each to what its part takes, and what they start is confined as
//! they are. They share one memory all the same: confinement bounds what a request, a file or a
//! message can make this program do, not what could be done by code that somebody brought into it.

use std::path::Path;
use std::sync::Arc;

use procnet_core::{Capability, CapabilityState};

use crate::platform;

/// What a thread does, and so what it may go on to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Part {
    /// Looks at the machine: reads files, asks the kernel over netlink, reads the maps of programs.
    Collecting,
    /// Answers requests and works out the answers: opens no file but those of this folder, and reaches
    /// nobody.
    Serving(Option<Arc<Path>>),
    /// Asks the system's resolver.
    Naming,
    /// Lists the addresses of interfaces.
    Listing,
    /// Reads the rule file when it changes.
    Reading,
}

/// How far the system holds a thread to its part.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Hold {
    /// As far as it was asked to.
    Whole,
    /// Less, and why.
    Partly(String),
    /// Not at all, and why.
    Not(String),
}

/// What came of confining a thread.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Confinement {
    /// To the system calls of its part.
    pub calls: Hold,
    /// To the files and connections of its part; `None` where its system calls are all that bounds it.
    pub files: Option<Hold>,
}

impl Confinement {
    /// That nothing confines threads here.
    pub fn none(why: &str) -> Self {
        Self { calls: Hold::Not(why.to_owned()), files: Some(Hold::Not(why.to_owned())) }
    }

    /// True if the system does all that it was asked to.
    pub fn is_whole(&self) -> bool {
        self.calls == Hold::Whole && self.files.iter().all(|files| *files == Hold::Whole)
    }

    /// As it is told with what can be seen and what cannot.
    pub fn capabilities(&self) -> Vec<Capability> {
        let calls = capability(
            "confined-calls",
            "Confinement to system calls",
            &self.calls,
            "Each thread may make only the system calls that its part takes: none starts or traces a \
             program or writes a file, and what answers requests opens no connection.",
        );
        let files = self.files.as_ref().map(|files| {
            capability(
                "confined-files",
                "Confinement to files",
                files,
                "What answers requests opens no file but those of --icons-dir, and no connection.",
            )
        });
        [Some(calls), files].into_iter().flatten().collect()
    }
}

fn capability(id: &'static str, title: &'static str, hold: &Hold, whole: &str) -> Capability {
    let (state, reason) = match hold {
        Hold::Whole => (CapabilityState::Full, whole),
        Hold::Partly(why) => (CapabilityState::Partial, why.as_str()),
        Hold::Not(why) => (CapabilityState::Missing, why.as_str()),
    };
    Capability { id, title, state, reason: Arc::from(reason), remedy: None }
}

/// What confining would come to: a thread is made for that, confined as one that answers requests, and
/// ends.
pub fn try_confinement() -> Confinement {
    std::thread::Builder::new()
        .name("procnet-try".to_owned())
        .spawn(|| platform::confine(&Part::Serving(None)))
        .map_err(|error| error.to_string())
        .and_then(|tried| tried.join().map_err(|_| "confining it failed".to_owned()))
        .unwrap_or_else(|why| Confinement::none(&format!("No thread could be tried: {why}.")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn c30_what_does_not_confine_is_told() {
        let told = |confinement: Confinement| {
            let all = confinement.capabilities();
            all.iter().map(|one| (one.id, one.state, one.reason.to_string())).collect::<Vec<_>>()
        };
        let why = "Here is none.";
        let none = told(Confinement::none(why));
        assert_eq!(
            none,
            [
                ("confined-calls", CapabilityState::Missing, why.to_owned()),
                ("confined-files", CapabilityState::Missing, why.to_owned()),
            ]
        );
        let half = Confinement { calls: Hold::Whole, files: Some(Hold::Partly(why.to_owned())) };
        assert!(!half.is_whole());
        let half = told(half);
        assert_eq!([half[0].1, half[1].1], [CapabilityState::Full, CapabilityState::Partial]);
        let whole = Confinement { calls: Hold::Whole, files: None };
        assert!(whole.is_whole());
        assert_eq!(told(whole).len(), 1);
    }
}
