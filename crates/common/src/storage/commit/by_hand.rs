//! What an operator does to an order by hand. The action on record, its row on the trail and the order's new state are one
//! transaction: none of them is there without the others.
//!
//! The order is locked as a batch locks it, so that no event comes in between; a row of the trail says what was done, so that
//! the state is the fold of the trail as ever. Nothing here needs the broker, a lane or Redis.

mod acknowledge;
mod unlink;

use std::borrow::Cow;

use diesel::QueryResult;
use diesel::result::Error;
use diesel_async::AsyncPgConnection;
use serde_json::{Value, json};
use uuid::Uuid;

use super::ledger::{Entry, Ledger};
use super::write::row;
use crate::domain::audit::Row;
use crate::domain::{
    ADMIN, CanonicalEvent, Effect, OccurredAt, Origin, Precision, Timestamp, Trust, canonical,
};
use crate::id;
use crate::storage::operator_actions::{self, By, NewAction};
use crate::storage::orders::{self, OrderRow};
use crate::storage::{order_changes::ChangeRow, order_events};

pub use acknowledge::{Acknowledgement, acknowledge};
pub use unlink::{Unlinked, Unlinking, preview, unlink};

/// Why it cannot be done as things stand.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}", self.as_str())]
pub enum Refusal {
    Gone,
    Absorbed,
    NotRaised,
    NoSuchName,
    OwnName,
    NothingLeft,
    Busy,
    Broken,
}

impl Refusal {
    /// For people.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Gone => "the order is gone",
            Self::Absorbed => "the order became part of another one: act on that one",
            Self::NotRaised => "nothing that is not acknowledged yet raises this flag",
            Self::NoSuchName => "the order has no such name",
            Self::OwnName => {
                "the merchant's own name is what the order is: it cannot be taken from it"
            }
            Self::NothingLeft => {
                "all that is known of the order hangs together by this name: nothing would be left"
            }
            Self::Busy => "the order is changing at this moment: try again",
            Self::Broken => "the order's trail does not hold: verify it",
        }
    }
}

/// Nothing was written.
#[derive(Debug, thiserror::Error)]
pub enum NotDone {
    #[error(transparent)]
    Refused(#[from] Refusal),
    #[error("the database refused it")]
    Failed(#[from] Error),
}

/// An action that is under way.
struct Action<'a> {
    id: Uuid,
    name: &'static str,
    by: By<'a>,
    now: Timestamp,
    /// As the trail has it.
    event: CanonicalEvent,
}

impl<'a> Action<'a> {
    fn new(name: &'static str, by: By<'a>, now: Timestamp) -> Self {
        let id = id::at(now);
        let meaning = json!([name, by.actor, by.reason.as_str()]);
        let event = CanonicalEvent {
            webhook_id: id,
            source: ADMIN.to_owned(),
            provider: ADMIN.to_owned(),
            account: None,
            dedup_key: format!("action:{id}"),
            body_sha256: canonical::sha256(&[], &meaning).expect("three texts without U+0000"),
            native_type: name.to_owned(),
            occurred_at: OccurredAt { at: now, precision: Precision::Us, origin: Origin::Received },
            // Like a native webhook: whoever holds the session or the token.
            trust: Trust::Bearer,
            order_refs: Vec::new(),
            effect: Effect::Control { control: name.to_owned() },
        };
        Self { id, name, by, now, event }
    }

    fn entry<'e>(&'e self, correlation_id: &'e str) -> Entry<'e> {
        Entry {
            event: &self.event,
            order_refs: Cow::Borrowed(&self.event.order_refs),
            effect: Value::Null,
            correlation_id,
            trace_id: None,
            now: self.now,
        }
    }

    /// Puts it on record.
    async fn record(
        &self,
        conn: &mut AsyncPgConnection,
        order: Uuid,
        (before, after): (Value, Value),
    ) -> QueryResult<()> {
        let action = NewAction {
            actor: self.by.actor,
            action: self.name,
            reason: self.by.reason.as_str(),
            origin: self.by.origin,
            subject: &format!("order:{order}"),
            before: Some(before),
            after: Some(after),
        };
        operator_actions::record_as(conn, self.id, &action, self.now).await
    }
}

/// The order, if it lives; nobody else changes it until the transaction ends.
async fn hold(conn: &mut AsyncPgConnection, order: Uuid) -> Result<Ledger, NotDone> {
    let held = orders::lock(conn, &[order], Vec::new())
        .await?
        .remove(&order);
    let ledger = Ledger::from(held.ok_or(Refusal::Gone)?);
    match ledger.absorbed_into {
        Some(_) => Err(Refusal::Absorbed.into()),
        None => Ok(ledger),
    }
}

/// Writes orders and what was added to their trails.
async fn write(
    conn: &mut AsyncPgConnection,
    orders: &[&Ledger],
    rows: &[Row],
    now: Timestamp,
) -> QueryResult<()> {
    let changed: Vec<OrderRow<'_>> = orders.iter().filter_map(|order| row(order, now)).collect();
    let written = orders::put(conn, &changed).await?;
    assert_eq!(written.len(), changed.len(), "they are locked, or new");
    let changes = orders
        .iter()
        .flat_map(|order| order.changes.iter().copied());
    order_events::append(conn, rows, &changes.collect::<Vec<ChangeRow>>()).await
}
