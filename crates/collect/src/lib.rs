//! What a machine knows: collectors for each platform and the snapshot differ.
