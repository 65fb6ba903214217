//! PostgreSQL, the truth. The only place with SQL: a file per table, and [`commit`], the transaction of a batch.

pub mod commit;
pub mod connection;
pub mod failure;
pub mod migrate;
pub mod partitions;
pub mod pool;
pub mod schema;

mod statement;

pub use migrate::migrate;
pub use pool::{Connection, Pool};
