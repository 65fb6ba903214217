//! What the database knows about a batch's events, read at the start of its transaction.

use std::collections::{BTreeSet, HashMap};

use diesel::QueryResult;
use diesel_async::AsyncPgConnection;
use futures_util::try_join;
use uuid::Uuid;

use super::Pending;
use super::component::Shared;
use super::memory::Memory;
use crate::domain::Timestamp;
use crate::storage::event_keys::{self, Holder, Key};
use crate::storage::order_aliases::{self, Name};
use crate::storage::orders::{self, Held};
use crate::storage::statement::unreadable;
use crate::storage::webhooks::{Logged, logged};

/// Something leads to an order that is not there. The event to which this happens ends dead, and `waybill verify` tells what
/// else hangs loose.
#[derive(Debug, thiserror::Error)]
#[error("a name or a key leads to the order {0}, which is not there")]
struct NoSuchOrder(Uuid);

/// Of which events the log is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Look {
    /// Of those that were tried or settled before, as far as can be told. Nearly all events are new, and asking for each
    /// of them costs a tenth of the batch.
    WhereLikely,
    Everywhere,
    /// Of all, and no order is held: what is planned will not be written.
    Ahead,
}

/// All that the plan needs to know.
#[derive(Debug, Default)]
pub(super) struct Known {
    pub(super) logged: HashMap<Uuid, Logged>,
    pub(super) keys: HashMap<Key, Holder>,
    pub(super) names: HashMap<Name, Uuid>,
    /// Locked until the transaction ends, unless it only looks ahead.
    pub(super) orders: HashMap<Uuid, Held>,
}

impl Known {
    pub(super) async fn read(
        conn: &mut AsyncPgConnection,
        events: &[(usize, &Pending)],
        (look, memory): (Look, &Memory),
    ) -> QueryResult<Self> {
        let keys: BTreeSet<Key> = events
            .iter()
            .map(|(_, pending)| pending.envelope.event.key())
            .collect();
        let keys: Vec<Key> = keys.into_iter().collect();
        let names: BTreeSet<Name> = events
            .iter()
            .flat_map(|(_, pending)| pending.names())
            .collect();
        let names: Vec<Name> = names.into_iter().collect();
        let shared = &*conn;
        let (keys, mut known) =
            try_join!(event_keys::find(shared, &keys), order_aliases::find(shared, &names),)?;
        let asked = asked_of_the_log(events, &keys, look);
        let logged = match asked.is_empty() {
            true => HashMap::new(),
            false => logged(conn, &asked).await?,
        };
        let ids: BTreeSet<Uuid> = known
            .values()
            .copied()
            .chain(keys.values().filter_map(|key| key.order_id))
            .collect();
        let ids: Vec<Uuid> = ids.into_iter().collect();
        let orders = match (ids.is_empty(), look) {
            (true, _) => HashMap::new(),
            (false, Look::Ahead) => orders::look(conn, &ids).await?,
            (false, Look::WhereLikely | Look::Everywhere) => {
                orders::lock(conn, &ids, memory.take(&ids)).await?
            }
        };
        for (name, id) in orders.values().flat_map(merchants_names) {
            // Got between the reading of the names and the lock: an event that tells it is not about another order.
            if names.binary_search(&name).is_ok() {
                known.entry(name).or_insert(id);
            }
        }
        match ids.into_iter().find(|id| !orders.contains_key(id)) {
            // Orders are never deleted, so a restore or a hand has broken the tables.
            Some(id) => Err(unreadable(NoSuchOrder(id))),
            None => Ok(Self { logged, keys, names: known, orders }),
        }
    }

    /// What leads to orders that became part of others, or parted with the name, between the reading of their names and
    /// the lock.
    pub(super) fn stale(&self) -> Vec<Shared> {
        let moved = self
            .orders
            .values()
            .filter(|order| order.absorbed_into.is_some() || self.has_lost_a_name(order));
        moved.flat_map(|order| self.leads_to(order.id)).collect()
    }

    fn has_lost_a_name(&self, order: &Held) -> bool {
        let mut names = self.names.iter();
        // Hardly any order has; all names of the batch are looked at for one that has.
        order.facts.has_parted()
            && names
                .any(|(name, id)| *id == order.id && order.facts.has_parted_with(&name.reference))
    }

    /// The names and keys by which this batch's events reach an order.
    pub(super) fn leads_to(&self, order_id: Uuid) -> Vec<Shared> {
        let names = self.names.iter().filter(|(_, id)| **id == order_id);
        let keys = self
            .keys
            .iter()
            .filter(|(_, holder)| holder.order_id == Some(order_id));
        names
            .map(|(name, _)| Shared::Name(name.clone()))
            .chain(keys.map(|(key, _)| Shared::Key(*key)))
            .collect()
    }
}

/// The names that the merchant gave an order, as it says itself. Those that somebody else gave are not asked for here: where
/// one was got meanwhile, its writing finds it taken, and the event is missed.
fn merchants_names(order: &Held) -> impl Iterator<Item = (Name, Uuid)> {
    let living = order.absorbed_into.is_none();
    let told = order.facts.references().filter(move |reference| {
        living && reference.merchant && !order.facts.has_parted_with(&reference.name)
    });
    told.map(|reference| (Name::of(&order.namespace, reference), order.id))
}

fn asked_of_the_log(
    events: &[(usize, &Pending)],
    keys: &HashMap<Key, Holder>,
    look: Look,
) -> Vec<(Timestamp, Uuid)> {
    let is_likely = |pending: &Pending| {
        pending.attempts > 0 || pending.replayed || keys.contains_key(&pending.envelope.event.key())
    };
    events
        .iter()
        .filter(|(_, pending)| look != Look::WhereLikely || is_likely(pending))
        .map(|(_, pending)| (pending.envelope.received_at, pending.envelope.event.webhook_id))
        .collect()
}
