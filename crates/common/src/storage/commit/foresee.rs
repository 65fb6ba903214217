//! What a commit would do, without doing it: the same reading and the same plan, and nothing is written.
//!
//! Writing and rolling back would show the same, for the plan decides everything, and would hold orders, names and keys
//! against the workers for as long as it takes. So this looks at one snapshot in a transaction that cannot write. What it
//! cannot know: that the schema would refuse a row (a letter that is dead as `refused`), and what happens between now and
//! the commit.

use std::collections::HashMap;

use diesel::QueryResult;
use diesel_async::AsyncPgConnection;
use uuid::Uuid;

use super::known::{Known, Look};
use super::ledger::Ledger;
use super::memory::Memory;
use super::{Pending, Settled, plan};
use crate::domain::{Facts, OrderState, Timestamp};
use crate::storage::orders::Held;
use crate::storage::statement::unreadable;

/// See `waybill verify`.
#[derive(Debug, thiserror::Error)]
#[error("a name leads to an order that became part of another one, or parted with it")]
struct Misleading;

/// What would happen.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Foreseen {
    /// How each event would end, in the order of the batch. The id of an order that would begin is good within this
    /// answer only.
    pub settled: Vec<Settled>,
    /// The orders to which something would happen, by id.
    pub orders: Vec<ForeseenOrder>,
}

/// What would happen to an order.
#[derive(Clone, Debug, PartialEq)]
pub struct ForeseenOrder {
    pub id: Uuid,
    /// There is no such order yet.
    pub begins: bool,
    pub external_id: Option<String>,
    pub before: OrderState,
    pub after: OrderState,
    /// Its events link it with this one, and it would be part of that.
    pub absorbed_into: Option<Uuid>,
}

/// Looks ahead: each event is judged on what the ones before it in the batch would leave behind.
///
/// # Errors
/// As any query.
pub async fn foresee(
    conn: &mut AsyncPgConnection,
    batch: &[Pending],
    now: Timestamp,
) -> QueryResult<Foreseen> {
    let events: Vec<(usize, &Pending)> = batch.iter().enumerate().collect();
    // One snapshot: between names and orders nobody can absorb anything, so only broken tables are stale.
    conn.build_transaction()
        .read_only()
        .repeatable_read()
        .run(async |conn| {
            let known = Known::read(conn, &events, (Look::Ahead, &Memory::default())).await?;
            if !known.stale().is_empty() {
                return Err(unreadable(Misleading));
            }
            let before: HashMap<Uuid, OrderState> = known
                .orders
                .iter()
                .map(|(id, held)| (*id, state(held)))
                .collect();
            let plan = plan::plan(&events, known, now);
            let orders = plan.orders.into_iter();
            let orders = orders.filter_map(|order| foreseen(order, &before));
            Ok(Foreseen { settled: plan.settled, orders: orders.collect() })
        })
        .await
}

fn state(held: &Held) -> OrderState {
    match held.absorbed_into {
        Some(_) => OrderState::absorbed(),
        None => held.facts.derive(),
    }
}

fn foreseen(order: Ledger, before: &HashMap<Uuid, OrderState>) -> Option<ForeseenOrder> {
    let stands = before.get(&order.id);
    Some(ForeseenOrder {
        id: order.id,
        begins: stands.is_none(),
        external_id: order.external_id,
        before: stands.cloned().unwrap_or_else(|| Facts::default().derive()),
        after: order.state?,
        absorbed_into: order.absorbed_into,
    })
}
