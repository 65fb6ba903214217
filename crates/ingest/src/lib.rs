//! Takes webhooks in: verify, validate, publish, answer. Never touches PostgreSQL.
//!
//! What one request meets, in order: [`connection`] and [`edge`] (time, correlation id), [`routes`], [`webhooks`]
//! (the sequence itself), [`waybill_common::client`] and [`admission`] (who, how often), [`body`], [`certificates`],
//! [`sources`] (whom to believe), [`transmissions`],
//! [`load`] with [`pressure`] (too much?), [`outbox`] with [`marker`] (known? confirmed!), [`error`] (what is said when it is not taken).
//! Beside the requests: [`counts`] (how much was accepted), [`secret_uses`] (by which secrets) and `reload` (new secrets without a restart).

pub mod admission;
mod app;
pub mod application;
pub mod body;
pub mod certificates;
pub mod connection;
pub mod correlation;
pub mod counts;
pub mod edge;
pub mod error;
pub mod kept;
pub mod load;
pub mod marker;
pub mod media_type;
pub mod metrics;
pub mod outbox;
pub mod pressure;
pub mod redis;
mod reload;
pub mod routes;
pub mod secret_uses;
pub mod sources;
pub mod transmissions;
pub mod webhooks;

pub use application::Application;
