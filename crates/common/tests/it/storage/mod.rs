//! PostgreSQL: the schema, its refusals, and the commit.

mod absorption;
mod changes;
mod commit;
mod concurrency;
mod constraints;
mod dead;
mod ledger;
mod loose_ends;
mod migrations;
mod partitions;
mod plans;
mod pool;
mod reconciliation;
mod schema;
mod sender;
mod senders;
