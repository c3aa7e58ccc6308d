//! What several tests need.

pub mod archive;
