//! Processes, as an enriching collector describes them.

use std::sync::Arc;

use crate::container::Container;
use crate::icon::Icon;
use crate::key::ProcessKey;
use crate::secrets::Masking;
use crate::time::Timestamp;
use crate::unit::Unit;

/// A user account.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct User {
    /// The uid; on Windows the last sub-authority of the SID.
    pub id: u32,
    /// The account's name, if it has one.
    pub name: Option<Arc<str>>,
}

impl User {
    /// The name, or the number where there is no name.
    pub fn label(&self) -> Arc<str> {
        self.name.clone().unwrap_or_else(|| Arc::from(self.id.to_string()))
    }
}

/// One process. All text is bounded and free of control characters (see [`crate::text`]).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Process {
    /// Its identity.
    pub key: ProcessKey,
    /// Its short name: the executable's file name where the kernel's is truncated.
    pub name: Arc<str>,
    /// The executable's path, if it may be read.
    pub exe: Option<Arc<str>>,
    /// The command line, argument by argument, its secrets hidden ([`crate::secrets`]); empty for
    /// kernel threads and where unreadable.
    pub arguments: Arc<[Arc<str>]>,
    /// How many secrets were hidden in it.
    pub masked: u32,
    /// The command line as it is, if something in it was hidden and its owner asked for it.
    pub revealed: Option<Arc<[Arc<str>]>>,
    /// Whose it is.
    pub user: Option<User>,
    /// Its parent, at the time of enrichment.
    pub parent: Option<ProcessKey>,
    /// When it started, by the wall clock.
    pub started: Timestamp,
    /// The control group's path, on Linux.
    pub cgroup: Option<Arc<str>>,
    /// The container that it runs in.
    pub container: Option<Arc<Container>>,
    /// The unit that systemd keeps it in; on Windows the services that run in it,
    /// or the package that it came in.
    pub unit: Option<Arc<Unit>>,
    /// The icon in its executable, on Windows. It may be told later than the rest.
    pub icon: Option<Arc<Icon>>,
}

impl Process {
    /// A process of which nothing is known but its identity and name.
    pub fn bare(key: ProcessKey, name: impl Into<Arc<str>>) -> Self {
        Self {
            key,
            name: name.into(),
            exe: None,
            arguments: Arc::from([]),
            masked: 0,
            revealed: None,
            user: None,
            parent: None,
            started: Timestamp::default(),
            cgroup: None,
            container: None,
            unit: None,
            icon: None,
        }
    }

    /// Sets the command line: without its secrets.
    pub fn set_arguments(&mut self, masking: &Masking, arguments: &Arc<[Arc<str>]>) {
        let masked = masking.mask(arguments);
        (self.arguments, self.masked) = (masked.arguments, masked.count);
        self.revealed = masked.revealed;
    }

    /// The command line as one string, arguments separated by spaces.
    pub fn command_line(&self) -> String {
        let mut line = String::with_capacity(self.arguments.iter().map(|a| a.len() + 1).sum());
        for (index, argument) in self.arguments.iter().enumerate() {
            if index > 0 {
                line.push(' ');
            }
            line.push_str(argument);
        }
        line
    }
}
