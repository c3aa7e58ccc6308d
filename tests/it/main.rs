//! Integration tests: the real program, in process or as a binary, through its real sockets.

mod config;
