//! From the core's types to the published ones. Pure: no I/O, no clock.

mod details;
mod rows;
mod scene;

pub use details::{
    MAX_PROCESS_SOCKETS, MAX_RELATIVES, capability_list, capability_row, facet_list, filter_help,
    process_details,
};
pub use rows::{socket_row, socket_row_of};
pub use scene::{
    Surroundings, base_legend, degradations, delta_message, edge_columns, grouping_info,
    legend_type, node_columns, scene_message, summary_info,
};
