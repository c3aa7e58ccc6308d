//! What operators ask: `/health` and `/metrics`, on the API and the diagnostic addresses.
