//! PostgreSQL: the schema, its refusals, and the commit.

mod absorption;
mod beside;
mod by_hand;
mod changes;
mod commit;
mod concurrency;
mod constraints;
mod dead;
mod finding;
mod foreseen;
mod ledger;
mod loose_ends;
mod migrations;
mod partitions;
mod plans;
mod pool;
mod queue_looks;
mod reconciliation;
mod remembered;
mod schema;
mod secret_uses;
mod sender;
mod senders;
mod unlink;
