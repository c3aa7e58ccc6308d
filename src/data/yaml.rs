//! YAML 1.1 as OPA reads it: into a [`Doc`](super::Doc), with the line of each key.
