//! PostgreSQL, the truth. The only place with SQL: a file per table, and [`commit`], the transaction of a batch.

pub mod accepted_counts;
pub mod access;
pub mod commit;
pub mod connection;
pub mod dead_letters;
pub mod failure;
pub mod fetches;
pub mod loose_ends;
pub mod migrate;
pub mod operator_actions;
pub mod order_changes;
pub mod order_events;
pub mod orders;
pub mod partitions;
pub mod place;
pub mod pool;
pub mod probe;
pub mod queue_looks;
pub mod recent;
pub mod reconciliation;
pub mod replays;
pub mod schema;
pub mod secret_uses;
pub mod survey;
pub mod webhooks;

mod event_keys;
mod order_aliases;
mod statement;
mod text;

pub use migrate::migrate;
pub use pool::{Connection, Pool};
