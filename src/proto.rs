//! Generated protobuf types that no crate ships as we need them, and the descriptors for reflection.
