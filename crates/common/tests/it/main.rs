//! `common` against the real servers.

mod broker;
mod lock;
mod storage;
