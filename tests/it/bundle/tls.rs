//! The client of services over TLS: whom it believes, and what it shows of itself.
