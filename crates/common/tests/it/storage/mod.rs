//! PostgreSQL: the schema, its refusals, and the commit.

mod migrations;
mod pool;
mod schema;
