//! Decision logs against the recorded events of the peer.
