//! What tests share: databases, broker prefixes, private servers, signed webhooks, a proxy that can be cut.

pub mod database;
pub mod environment;

pub use database::TestDatabase;
