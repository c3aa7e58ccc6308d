//! Answers of OPA, one row a call.
