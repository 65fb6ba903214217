//! `webhooks`: the log. Every event that ingest accepted is exactly one row of it.
//!
//! A webhook's id is a uuid v7 of the millisecond of its `received_at`, so its id alone tells the month it is in:
//! [`find`] looks only there. (Undecodable messages have no such id; their `dead_letters` row tells the time.)

mod few;
mod log;
mod lookup;
mod retrying;
mod search;

pub use lookup::{Body, Webhook, body, find};
pub use retrying::{Retrying, overdue, record_retrying};
pub use search::{Search, State, search};

pub(super) use log::{Ended, LogRow, Logged, logged, write};
