//! The versioned serialised forms of what the core knows.
//!
//! These types are the published interface: they are written down on their own, never derived
//! from the core's, so that the core can change without breaking anybody's script. Fields may be
//! added, never renamed or dropped. The OpenAPI document and the page's TypeScript types are
//! generated from them.
//!
//! Encoding is pure: `encode` turns the core's types into these, and nothing here does I/O.

pub mod answers;
pub mod columns;
pub mod encode;
pub mod export;
pub mod graph;
pub mod key;
pub mod live;
pub mod rows;
