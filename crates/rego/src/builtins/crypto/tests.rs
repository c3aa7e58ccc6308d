//! Calls and what OPA 1.22 answers to them.
