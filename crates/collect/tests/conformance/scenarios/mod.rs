//! What happens. Each scenario is a function of a stage, and names no system.

mod connections;
mod processes;
mod sockets;

pub(crate) use connections::{
    a_listener_for_both_families, an_orderly_end, connections_come_and_go, connections_over_ipv6,
    connections_shorter_than_any_interval, what_connections_carry,
};
pub(crate) use processes::{
    a_pid_that_is_used_again, names_in_every_script, processes_and_what_they_leave,
};
pub(crate) use sockets::{
    listeners_come_and_go, many_sockets_in_growing_tables, udp_sockets_and_their_peers,
};
