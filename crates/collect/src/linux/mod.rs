//! Linux: `sock_diag` for the sockets, `/proc` for their owners, once per poll.

mod callers;
mod collector;
mod confine;
mod container_names;
mod ebpf;
mod examine;
mod host;
mod interfaces;
mod memberships;
mod netns;
mod owners;
mod privilege;
mod processes;
mod procfs;
mod routes;
mod scan;
mod search;
mod slack;
mod sock_diag;
mod sources;

pub use crate::unix_accounts::{account_named, invoking_account, own_account};
pub use callers::Callers;
pub use collector::Collector;
pub use confine::confine;
pub use host::host_facts;
pub use interfaces::local_interfaces;
pub use privilege::{raise_descriptor_limit, relinquish};
pub use scan::Scanner;
pub use slack::give_back_memory;
