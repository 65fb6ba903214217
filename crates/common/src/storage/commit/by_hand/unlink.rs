//! An operator undoes a wrong link: a name that others gave, and what came by it, leaves the order that it was linked with
//! and becomes an order of its own, provisional until the merchant's side names it.
//!
//! **What is guaranteed.** Each row counts for one order, before and after: the order's fold leaves out the rows that left,
//! and the other order carries what they joined to. Names, keys and orders that had been absorbed by those rows follow. No
//! event links the two again, whatever names it tells: the order has parted with the name for good.

use std::collections::BTreeSet;

use diesel_async::{AsyncConnection as _, AsyncPgConnection};
use serde_json::json;
use uuid::Uuid;

use super::{Action, NotDone, Refusal, write};
use crate::domain::audit::{Kind, Leaving, Row, TrailEffect};
use crate::domain::{OrderState, Timestamp, event_key};
use crate::id;
use crate::storage::commit::ledger::{Entry, Ledger};
use crate::storage::operator_actions::By;
use crate::storage::order_aliases::{self, Name};
use crate::storage::orders::{self, Held};
use crate::storage::{event_keys, order_events};

/// What an undoing does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unlinking {
    /// The names that leave together.
    pub names: Vec<String>,
    /// The rows of the trail that leave, by `seq`.
    pub rows: Vec<i64>,
    pub before: OrderState,
    pub after: OrderState,
    /// The order that begins with what left.
    pub other: OrderState,
}

/// An undoing that was done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unlinked {
    /// Of the operator's action.
    pub id: Uuid,
    /// The row of the order's trail.
    pub seq: i64,
    /// The order that began.
    pub other_id: Uuid,
    pub what: Unlinking,
}

/// What undoing a link would do. Writes nothing.
///
/// # Errors
/// As [`unlink`].
pub async fn preview(
    conn: &mut AsyncPgConnection,
    (order, name): (Uuid, &str),
) -> Result<Unlinking, NotDone> {
    conn.build_transaction()
        .repeatable_read()
        .run(async |conn| {
            let found = orders::find(conn, &order.to_string()).await?;
            let stored = found.first().ok_or(Refusal::Gone)?.stored()?;
            if stored.absorbed_into.is_some() {
                return Err(Refusal::Absorbed.into());
            }
            let trail = order_events::trail(conn, order).await?;
            Ok(told(stored.state, &leaving(name, &trail)?))
        })
        .await
}

/// Undoes the link of an order with a name that others gave it.
///
/// # Errors
/// `Refused` where there is nothing to undo or nothing would be left; else as any statement.
pub async fn unlink(
    conn: &mut AsyncPgConnection,
    (order, name): (Uuid, &str),
    by: By<'_>,
    now: Timestamp,
) -> Result<Unlinked, NotDone> {
    let action = Action::new("unlink", by, now);
    conn.transaction(async |conn| {
        let (trail, held) = hold(conn, order).await?;
        let mut absorbed: Vec<Ledger> = held.into_iter().map(Ledger::from).collect();
        let place = absorbed.iter().position(|ledger| ledger.id == order);
        let mut parting = absorbed.swap_remove(place.ok_or(Refusal::Gone)?);
        if parting.absorbed_into.is_some() {
            return Err(Refusal::Absorbed.into());
        }
        let leaving = leaving(name, &trail)?;
        let what = told(parting.facts.derive(), &leaving);
        let gone: BTreeSet<Uuid> = absorbed_by(&trail, |seq| leaving.rows.contains(&seq));
        absorbed.retain(|ledger| gone.contains(&ledger.id));
        if absorbed.len() != gone.len() {
            return Err(Refusal::Busy.into());
        }

        let mut other = Ledger::new(id::at(now), &parting.namespace, now);
        let correlation_id = action.id.to_string();
        let entry = action.entry(&correlation_id);
        let mut rows = parting
            .part((&mut other, leaving), &entry, (name, by))
            .to_vec();
        let seq = rows[0].record.seq;
        rows.extend(follow(&mut absorbed, (order, other.id), &entry, (name, by)));
        let written: Vec<&Ledger> = [&parting, &other].into_iter().chain(&absorbed).collect();
        write(conn, &written, &rows, now).await?;
        hand_over(conn, &parting, other.id, &what).await?;
        pass_keys(conn, &trail, other.id, &what).await?;
        let after = json!({
            "name": name, "names": what.names, "rows": what.rows, "seq": seq, "other": other.id, "state": what.after,
        });
        action.record(conn, order, (json!({ "state": what.before }), after)).await?;
        Ok(Unlinked { id: action.id, seq, other_id: other.id, what })
    })
    .await
}

fn leaving(name: &str, trail: &[Row]) -> Result<Leaving, Refusal> {
    let found = Leaving::with(name, trail).map_err(|_unreadable| Refusal::Broken)?;
    let own = |row: &Row| {
        row.record
            .order_refs
            .iter()
            .any(|told| told.merchant && told.name == name)
    };
    match found {
        None if trail.iter().any(own) => Err(Refusal::OwnName),
        None => Err(Refusal::NoSuchName),
        Some(leaving) if leaving.kept.is_empty() && leaving.rest.references().next().is_none() => {
            Err(Refusal::NothingLeft)
        }
        Some(leaving) => Ok(leaving),
    }
}

fn told(before: OrderState, leaving: &Leaving) -> Unlinking {
    Unlinking {
        names: leaving.names.iter().cloned().collect(),
        rows: leaving.rows.iter().copied().collect(),
        before,
        after: leaving.rest.derive(),
        other: leaving.facts.derive(),
    }
}

/// The order with all that it absorbed, locked in the order of their ids as every commit locks, and its trail since then.
async fn hold(conn: &mut AsyncPgConnection, order: Uuid) -> Result<(Vec<Row>, Vec<Held>), NotDone> {
    let before = order_events::trail(conn, order).await?;
    let mut ids = absorbed_by(&before, |_| true);
    ids.insert(order);
    let ids: Vec<Uuid> = ids.into_iter().collect();
    let held = orders::lock(conn, &ids, Vec::new()).await?;
    // Nothing is added to it any more.
    let trail = order_events::trail(conn, order).await?;
    Ok((trail, held.into_values().collect()))
}

/// The orders that rows of a trail took in.
fn absorbed_by(trail: &[Row], is_asked: impl Fn(i64) -> bool) -> BTreeSet<Uuid> {
    let records = trail.iter().map(|row| &row.record);
    let effects = records
        .filter(|record| record.kind == Kind::Absorb && is_asked(record.seq))
        .filter_map(|record| TrailEffect::read(record.kind, &record.effect).ok());
    effects
        .filter_map(|effect| match effect {
            TrailEffect::Absorb(absorb) => Some(absorb.order_id),
            TrailEffect::Event(_)
            | TrailEffect::Absorbed(_)
            | TrailEffect::Acknowledged(_)
            | TrailEffect::Part(_)
            | TrailEffect::Parted(_) => None,
        })
        .collect()
}

/// Orders that were absorbed by rows that leave.
fn follow(
    absorbed: &mut [Ledger],
    way: (Uuid, Uuid),
    entry: &Entry<'_>,
    said: (&str, By<'_>),
) -> Vec<Row> {
    let orders = absorbed.iter_mut();
    orders.map(|order| order.follow(way, entry, said)).collect()
}

async fn hand_over(
    conn: &mut AsyncPgConnection,
    parting: &Ledger,
    to: Uuid,
    what: &Unlinking,
) -> Result<(), NotDone> {
    let name = |reference: &String| Name {
        namespace: parting.namespace.clone(),
        reference: reference.clone(),
    };
    let names: Vec<Name> = what.names.iter().map(name).collect();
    let moved: Vec<(&Name, Uuid, Uuid)> = names.iter().map(|name| (name, parting.id, to)).collect();
    let handed = order_aliases::hand_over(conn, &moved).await?;
    if handed.len() == names.len() { Ok(()) } else { Err(Refusal::Busy.into()) }
}

/// A contradiction of what left is one of the order where it counts.
async fn pass_keys(
    conn: &mut AsyncPgConnection,
    trail: &[Row],
    to: Uuid,
    what: &Unlinking,
) -> Result<(), NotDone> {
    let held: Vec<_> = trail
        .iter()
        .map(|row| &row.record)
        .filter(|record| record.kind == Kind::Event && what.rows.contains(&record.seq))
        .map(|record| (event_key(&record.source, &record.dedup_key), record.webhook_id))
        .collect();
    event_keys::pass(conn, &held, to).await?;
    Ok(())
}
