//! Ingest and worker together: what no part can promise alone.

mod age;
mod trace;
