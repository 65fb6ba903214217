//! Waiting between tries: the one file that uses the `backoff` crate (docs/adr/0001).
