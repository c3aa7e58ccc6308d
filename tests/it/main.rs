//! Integration tests: the real program, in process or as a binary, through its real sockets.

#[cfg(test)]
mod admin;
#[cfg(test)]
mod decision_log;
#[cfg(test)]
mod telemetry;
