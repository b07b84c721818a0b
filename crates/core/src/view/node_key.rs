//! Which node a party belongs to.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::net::IpAddr;
use std::sync::Arc;

use super::level::Level;
use super::scene::NodeId;
use super::spec::Grouping;
use crate::container::Runtime;
use crate::endpoint::Endpoint;
use crate::graph::{Graph, Party};
use crate::key::{HostId, NetnsId, ProcessKey};
use crate::network::{Network, Scope};
use crate::process::Process;
use crate::program::program_of_all;
use crate::registry::{DEFAULT_TYPE, PortClass};
use crate::unit::Manager;

/// The identity of a node within a view.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum NodeKey {
    Process {
        key: ProcessKey,
        within: Option<Arc<str>>,
    },
    Tree {
        root: ProcessKey,
    },
    Container {
        host: HostId,
        runtime: Runtime,
        id: Arc<str>,
    },
    Unit {
        host: HostId,
        manager: Manager,
        within: Option<Arc<str>>,
        name: Arc<str>,
    },
    Family {
        host: HostId,
        type_name: Arc<str>,
        label: Arc<str>,
    },
    Executable {
        host: HostId,
        type_name: Arc<str>,
        program: Arc<str>,
    },
    /// What a user's programs do that are of no known type and not busy.
    Others {
        host: HostId,
        user: Option<Arc<str>>,
    },
    User {
        host: HostId,
        user: Option<Arc<str>>,
    },
    Host {
        host: HostId,
    },
    Remote {
        group: Remotes,
        part: Part,
    },
    Unattributed {
        host: HostId,
        netns: NetnsId,
        uid: Option<u32>,
    },
}

/// What remotes have in common before they are told apart by where they are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Remotes {
    pub(crate) host: HostId,
    pub(crate) inbound: bool,
    pub(crate) scope: Scope,
    /// What they talk about; `None` for all that they do.
    pub(crate) about: Option<About>,
}

/// What remotes talk about, with one node or with any.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct About {
    pub(crate) class: PortClass,
    pub(crate) peer: Option<NodeId>,
}

/// Which of a group's remotes.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Part {
    All,
    Network(Network),
    /// `within`: the network that it was expanded out of.
    Address {
        ip: IpAddr,
        within: Option<Network>,
    },
    Endpoint {
        endpoint: Endpoint,
        within: Option<Network>,
    },
}

impl Part {
    /// The part that has this remote when a group of this part is expanded; `None` for what is no
    /// group.
    pub(crate) fn finer(&self, endpoint: Endpoint, name: Option<&str>) -> Option<Self> {
        match self {
            Self::All => Some(Self::Network(Network::of(endpoint.ip, name))),
            Self::Network(network) => {
                Some(Self::Address { ip: endpoint.ip, within: Some(network.clone()) })
            }
            // A client has no port that tells anything.
            Self::Address { within, .. } if endpoint.port != 0 => {
                Some(Self::Endpoint { endpoint, within: within.clone() })
            }
            Self::Address { .. } | Self::Endpoint { .. } => None,
        }
    }

    fn write(&self, text: &mut String) -> std::fmt::Result {
        let (part, within) = match self {
            Self::All => return Ok(()),
            Self::Network(network) => return write!(text, "/n:{network}"),
            Self::Address { ip, within } => (format!("/a:{ip}"), within),
            Self::Endpoint { endpoint, within } => (format!("/e:{endpoint}"), within),
        };
        if let Some(network) = within {
            write!(text, "/n:{network}")?;
        }
        text.push_str(&part);
        Ok(())
    }
}

/// Programs, as [`program_of_all`] calls them.
pub(crate) type Kept = BTreeSet<Arc<str>>;

/// Longest chain of parents that is climbed: real ones are short, and a hostile one may be a ring.
const MAX_CLIMB: usize = 64;

/// The oldest of `key`'s ancestors, itself included, that is the same program: same executable,
/// same label, and a parent chain without another program in between.
pub(crate) fn tree_root(graph: &Graph, key: ProcessKey) -> ProcessKey {
    let mut root = key;
    let Some(entry) = graph.process(key) else { return root };
    let same_program = |p: &Process, label: &str| {
        label == &*entry.label && p.exe == entry.process.exe && p.name == entry.process.name
    };
    let mut parent = entry.process.parent;
    for _ in 0..MAX_CLIMB {
        let Some(above) = parent.and_then(|p| graph.process(p)) else { break };
        if !same_program(&above.process, &above.label) || above.process.key == key {
            break;
        }
        root = above.process.key;
        parent = above.process.parent;
    }
    root
}

impl NodeKey {
    /// The node of a party that is no remote, before groups are expanded.
    ///
    /// `kept`: the busiest programs, where others of no known type are joined.
    pub(crate) fn of_local(graph: &Graph, level: Level, kept: &Kept, party: Party) -> Self {
        let key = match party {
            Party::Process(key) => key,
            Party::Unattributed { host, netns, uid } => {
                return Self::Unattributed { host, netns, uid };
            }
            Party::Remote { host, .. } => return Self::Host { host },
        };
        let host = key.host;
        let Some(entry) = graph.process(key) else {
            return match level.processes {
                Grouping::Host => Self::Host { host },
                Grouping::User => Self::User { host, user: None },
                _ => Self::Process { key, within: None },
            };
        };
        let process = &entry.process;
        let user = || process.user.as_ref().map(crate::process::User::label);
        match level.joins(process) {
            Grouping::Host => Self::Host { host },
            Grouping::User => Self::User { host, user: user() },
            Grouping::Family => Self::Family {
                host,
                type_name: entry.type_name.clone(),
                label: entry.label.clone(),
            },
            Grouping::Executable => {
                let program = program_of_all(process);
                let typed = &*entry.type_name != DEFAULT_TYPE;
                if level.keeps_busiest() && !typed && !kept.contains(&program) {
                    return Self::Others { host, user: user() };
                }
                Self::Executable { host, type_name: entry.type_name.clone(), program }
            }
            Grouping::Tree | Grouping::Auto => Self::Tree { root: tree_root(graph, key) },
            Grouping::Process => Self::Process { key, within: None },
            Grouping::Container => process.container.as_ref().map_or(
                Self::Process { key, within: None },
                |container| Self::Container {
                    host,
                    runtime: container.runtime,
                    id: container.id.clone(),
                },
            ),
            Grouping::Unit => {
                process.unit.as_ref().map_or(Self::Process { key, within: None }, |unit| {
                    Self::Unit {
                        host,
                        manager: unit.manager,
                        within: unit.within.clone(),
                        name: unit.name.clone(),
                    }
                })
            }
        }
    }

    /// True if the node can stand for several things.
    pub(crate) const fn is_group(&self) -> bool {
        !matches!(
            self,
            Self::Process { .. }
                | Self::Remote { part: Part::Endpoint { .. }, .. }
                | Self::Unattributed { .. }
        )
    }

    /// The node's lasting identity as text. `peer` gives the text of another node.
    pub(crate) fn text(&self, peer: impl Fn(NodeId) -> Arc<str>) -> Arc<str> {
        let mut text = String::new();
        // Writing to a String cannot fail.
        let _ = match self {
            Self::Process { key, .. } => {
                host_prefix(&mut text, key.host);
                write!(text, "p/{}-{}", key.pid, key.started)
            }
            Self::Tree { root } => {
                host_prefix(&mut text, root.host);
                write!(text, "t/{}-{}", root.pid, root.started)
            }
            Self::Container { host, runtime, id } => {
                host_prefix(&mut text, *host);
                write!(text, "c/{runtime}/{id}")
            }
            Self::Unit { host, manager, within, name } => {
                host_prefix(&mut text, *host);
                text.push_str("s/");
                if let Some(container) = within {
                    let _ = write!(text, "in/{container}/");
                }
                match manager {
                    Manager::System => write!(text, "system/{name}"),
                    Manager::User(uid) => write!(text, "user/{uid}/{name}"),
                }
            }
            Self::Family { host, type_name, label } => {
                host_prefix(&mut text, *host);
                write!(text, "f/{type_name}/{label}")
            }
            Self::Executable { host, type_name, program } => {
                host_prefix(&mut text, *host);
                write!(text, "b/{type_name}/{program}")
            }
            Self::Others { host, user } => {
                host_prefix(&mut text, *host);
                write!(text, "o/{}", user.as_deref().unwrap_or("?"))
            }
            Self::User { host, user } => {
                host_prefix(&mut text, *host);
                write!(text, "u/{}", user.as_deref().unwrap_or("?"))
            }
            Self::Host { host } => write!(text, "h/{}", host.0),
            Self::Remote { group, part } => group.write(part, &mut text, &peer),
            Self::Unattributed { host, netns, uid } => {
                host_prefix(&mut text, *host);
                match uid {
                    Some(uid) => write!(text, "x/{}/{uid}", netns.0),
                    None => write!(text, "x/{}/?", netns.0),
                }
            }
        };
        Arc::from(text)
    }
}

impl Remotes {
    /// The peer stands last: what it is called may be anything.
    fn write(
        &self,
        part: &Part,
        text: &mut String,
        peer: &impl Fn(NodeId) -> Arc<str>,
    ) -> std::fmt::Result {
        host_prefix(text, self.host);
        let way = if self.inbound { "in" } else { "out" };
        write!(text, "{way}/{}", self.scope.as_str())?;
        if let Some(About { class, .. }) = self.about {
            write!(text, "/{}", class.as_str())?;
        }
        part.write(text)?;
        match self.about {
            None => Ok(()),
            Some(About { peer: None, .. }) => write!(text, "/*"),
            Some(About { peer: Some(id), .. }) => write!(text, "/{}", peer(id)),
        }
    }
}

fn host_prefix(text: &mut String, host: HostId) {
    if host != HostId::LOCAL {
        let _ = write!(text, "@{}/", host.0);
    }
}
