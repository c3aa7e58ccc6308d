//! Integration tests: the real program, in process or as a binary, through its real sockets.

#[cfg(test)]
mod bundle;
#[cfg(test)]
mod support;
