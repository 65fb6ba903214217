//! Writes a plan. Whatever takes something (an order's version, a name, a key, a row of the log) counts what it took.

use std::collections::HashSet;

use diesel_async::AsyncPgConnection;
use futures_util::try_join;
use uuid::Uuid;

use super::Stop;
use super::component::Shared;
use super::known::Look;
use super::ledger::Ledger;
use super::plan::Plan;
use crate::domain::Timestamp;
use crate::storage::event_keys::Key;
use crate::storage::order_aliases::Name;
use crate::storage::order_changes::ChangeRow;
use crate::storage::orders::{self, OrderRow};
use crate::storage::{dead_letters, event_keys, order_aliases, order_events, webhooks};

pub(super) async fn write(
    conn: &mut AsyncPgConnection,
    plan: &Plan<'_>,
    look: Look,
) -> Result<(), Stop> {
    // Sent together and done by the server in this order. Of several losses the first is told; the rest goes with the
    // transaction. The trail is after the log: a webhook that is being settled elsewhere at this moment is told as lost
    // there, before its violation here.
    let shared = &*conn;
    try_join!(
        write_orders(shared, plan),
        write_names(shared, plan),
        take_keys(shared, plan),
        write_log(shared, plan, look),
        write_trail(shared, plan),
    )?;
    write_letters(conn, plan).await
}

async fn write_orders(conn: &AsyncPgConnection, plan: &Plan<'_>) -> Result<(), Stop> {
    if plan.orders.is_empty() {
        return Ok(());
    }
    let rows: Vec<OrderRow<'_>> = plan
        .orders
        .iter()
        .filter_map(|order| row(order, plan.now))
        .collect();
    let written: HashSet<Uuid> = orders::put(conn, &rows).await?.into_iter().collect();
    let lost = rows
        .iter()
        .map(|row| row.id)
        .filter(|id| !written.contains(id));
    missed(
        plan.webhooks_of(&lost.collect())
            .into_iter()
            .map(Shared::Webhook),
    )
}

/// Nothing, where nothing happened to it.
pub(super) fn row(order: &Ledger, now: Timestamp) -> Option<OrderRow<'_>> {
    Some(OrderRow {
        id: order.id,
        namespace: &order.namespace,
        external_id: order.external_id.as_deref(),
        state: order.state.as_ref()?,
        facts: &order.facts,
        version: order.version + 1,
        last_seq: order.last_seq,
        head_hash: &order.head_hash,
        absorbed_into: order.absorbed_into,
        created_at: order.created_at,
        updated_at: now,
    })
}

async fn write_names(conn: &AsyncPgConnection, plan: &Plan<'_>) -> Result<(), Stop> {
    if !plan.given.is_empty() {
        let new: Vec<(&Name, Uuid)> = plan.given.iter().map(|(name, id)| (name, *id)).collect();
        let given: HashSet<Name> = order_aliases::give(conn, &new).await?.into_iter().collect();
        let lost = plan.given.iter().filter(|(name, _)| !given.contains(name));
        missed(lost.map(|(name, _)| Shared::Name(name.clone())))?;
    }
    if !plan.handed.is_empty() {
        let moved: Vec<(&Name, Uuid, Uuid)> = plan
            .handed
            .iter()
            .map(|(name, from, to)| (name, *from, *to))
            .collect();
        let handed: HashSet<Name> = order_aliases::hand_over(conn, &moved)
            .await?
            .into_iter()
            .collect();
        let lost = plan
            .handed
            .iter()
            .filter(|(name, ..)| !handed.contains(name));
        // The name itself may be told by no event of this batch.
        let absorbed: HashSet<Uuid> = lost.map(|(_, from, _)| *from).collect();
        missed(plan.webhooks_of(&absorbed).into_iter().map(Shared::Webhook))?;
    }
    Ok(())
}

async fn take_keys(conn: &AsyncPgConnection, plan: &Plan<'_>) -> Result<(), Stop> {
    if plan.keys.is_empty() {
        return Ok(());
    }
    let taken: HashSet<Key> = event_keys::take(conn, &plan.keys)
        .await?
        .into_iter()
        .collect();
    let lost = plan
        .keys
        .iter()
        .map(|new| new.key)
        .filter(|key| !taken.contains(key));
    missed(lost.map(Shared::Key))
}

async fn write_letters(conn: &mut AsyncPgConnection, plan: &Plan<'_>) -> Result<(), Stop> {
    if !plan.dead.is_empty() {
        dead_letters::write(conn, &plan.dead).await?;
    }
    if !plan.replayed.is_empty() {
        let died_again: HashSet<Uuid> = plan.dead.iter().map(|dead| dead.webhook_id).collect();
        let alive = plan.replayed.iter().filter(|id| !died_again.contains(id));
        dead_letters::mark_replayed(conn, &alive.copied().collect::<Vec<_>>()).await?;
    }
    Ok(())
}

async fn write_log(conn: &AsyncPgConnection, plan: &Plan<'_>, look: Look) -> Result<(), Stop> {
    if plan.log.is_empty() {
        return Ok(());
    }
    let written = webhooks::write(conn, &plan.log, &plan.replayed).await?;
    let ids = plan.log.iter().map(|row| row.envelope.event.webhook_id);
    let lost: Vec<Shared> = ids
        .filter(|id| !written.contains(id))
        .map(Shared::Webhook)
        .collect();
    match (lost.is_empty(), look) {
        (true, _) => Ok(()),
        (false, Look::WhereLikely) => Err(Stop::LookAgain),
        (false, Look::Everywhere | Look::Ahead) => Err(Stop::Missed(lost)),
    }
}

async fn write_trail(conn: &AsyncPgConnection, plan: &Plan<'_>) -> Result<(), Stop> {
    if plan.trail.is_empty() {
        return Ok(());
    }
    let changes: Vec<ChangeRow> = plan.changes().collect();
    Ok(order_events::append(conn, &plan.trail, &changes).await?)
}

fn missed(lost: impl Iterator<Item = Shared>) -> Result<(), Stop> {
    let lost: Vec<Shared> = lost.collect();
    if lost.is_empty() { Ok(()) } else { Err(Stop::Missed(lost)) }
}
