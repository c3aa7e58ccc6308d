//! Tables of what the engine makes of small policies.
