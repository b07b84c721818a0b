//! The versioned serialised forms of what the core knows.
