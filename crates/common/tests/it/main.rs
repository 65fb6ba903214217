//! `common` against the real servers.

mod broker;
mod storage;
