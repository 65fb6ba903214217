//! PostgreSQL: the schema, its refusals, and the commit.

mod absorption;
mod commit;
mod concurrency;
mod dead;
mod ledger;
mod migrations;
mod pool;
mod schema;
mod sender;
