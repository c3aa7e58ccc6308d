//! The composition root: builds the floors bottom-up, binds every socket before any is served.
