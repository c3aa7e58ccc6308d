//! What built-ins keep across queries: compiled patterns, bounded in number.

/// Compiled patterns and the like; one for a policy, used by all its threads.
#[derive(Debug, Default)]
pub struct Caches {}
