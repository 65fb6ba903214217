//! `common` against the real servers.

mod storage;
