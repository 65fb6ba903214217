//! What tests share: databases, broker prefixes, private servers, signed webhooks, a proxy that can be cut.

pub mod broker;
pub mod collector;
pub mod database;
pub mod environment;
pub mod follower;
pub mod private;
pub mod provider;
pub mod proxy;
pub mod redis;
pub mod webhooks;

mod eventually;

pub use database::TestDatabase;
pub use eventually::eventually;
