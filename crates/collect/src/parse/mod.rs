//! Pure parsers of what kernels write: bytes in, values out; compiled and tested on every
//! operating system. Nothing here panics, whatever the bytes are.

pub mod capability;
pub mod cgroup;
pub mod inet_diag;
pub mod kernel_flow;
pub mod kernel_record;
pub mod kernel_walk;
pub mod macos;
pub mod net_table;
pub mod netlink;
pub mod process;
pub mod route;
pub mod row;
pub mod sighting;
pub mod sockstat;
pub mod unix_diag;
pub mod unix_table;
pub mod windows;

pub use row::SocketRow;
