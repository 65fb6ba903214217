//! Decides what a batch does, without the database. Events are taken in delivery order, each on what the ones before it
//! left behind, as if each had been committed alone.

use std::collections::{BTreeMap, HashMap, HashSet};

use uuid::Uuid;

mod claim;
mod reach;

use self::claim::{Claim, redelivered};
use super::known::Known;
use super::ledger::{Entry, Ledger};
use super::{Pending, Settled};
use crate::domain::audit::Row;
use crate::domain::canonical::{self, CanonicalError};
use crate::domain::{Effect, Timestamp, Verdict, reason};
use crate::storage::dead_letters::{DeadRow, DeathReason};
use crate::storage::event_keys::{Holder, Key, NewKey};
use crate::storage::order_aliases::Name;
use crate::storage::order_changes::ChangeRow;
use crate::storage::webhooks::{Ended, LogRow, Logged};

/// Everything to be written, and what the caller is told when it is.
pub(super) struct Plan<'a> {
    pub(super) settled: Vec<Settled>,
    /// Orders to which something happened, by id.
    pub(super) orders: Vec<Ledger>,
    /// New names of orders, sorted.
    pub(super) given: Vec<(Name, Uuid)>,
    /// Names that pass from one order to another, sorted.
    pub(super) handed: Vec<(Name, Uuid, Uuid)>,
    pub(super) keys: Vec<NewKey<'a>>,
    pub(super) trail: Vec<Row>,
    pub(super) log: Vec<LogRow<'a>>,
    pub(super) dead: Vec<DeadRow<'a>>,
    /// Asked for again by an operator.
    pub(super) replayed: Vec<Uuid>,
    pub(super) now: Timestamp,
}

/// How one event ends.
struct End {
    verdict: Verdict,
    reason: String,
    order_id: Option<Uuid>,
    death: Option<DeathReason>,
}

/// Whose a name is.
struct Owned {
    order_id: Uuid,
    /// Whose it was in the database; none for a new name.
    stored: Option<Uuid>,
}

struct Planner<'a> {
    now: Timestamp,
    logged: HashMap<Uuid, Logged>,
    keys: HashMap<Key, Holder>,
    names: BTreeMap<Name, Owned>,
    orders: BTreeMap<Uuid, Ledger>,
    /// Webhooks that this batch settled; a second message of one of them is a redelivery.
    settled: HashSet<Uuid>,
    plan: Plan<'a>,
}

pub(super) fn plan<'a>(events: &[(usize, &'a Pending)], known: Known, now: Timestamp) -> Plan<'a> {
    let stored = |(name, id)| (name, Owned { order_id: id, stored: Some(id) });
    let mut planner = Planner {
        now,
        logged: known.logged,
        keys: known.keys,
        names: known.names.into_iter().map(stored).collect(),
        orders: known
            .orders
            .into_iter()
            .map(|(id, held)| (id, held.into()))
            .collect(),
        settled: HashSet::new(),
        plan: Plan::at(now),
    };
    for &(index, pending) in events {
        planner.settle(index, pending);
    }
    planner.finish()
}

impl Plan<'_> {
    fn at(now: Timestamp) -> Self {
        Self {
            settled: Vec::new(),
            orders: Vec::new(),
            given: Vec::new(),
            handed: Vec::new(),
            keys: Vec::new(),
            trail: Vec::new(),
            log: Vec::new(),
            dead: Vec::new(),
            replayed: Vec::new(),
            now,
        }
    }

    /// Rows of the trail that changed an order's status or money, each order's in their order.
    pub(super) fn changes(&self) -> impl Iterator<Item = ChangeRow> {
        self.orders
            .iter()
            .flat_map(|order| order.changes.iter().copied())
    }

    /// The webhooks that did something to one of these orders.
    pub(super) fn webhooks_of(&self, orders: &HashSet<Uuid>) -> Vec<Uuid> {
        let rows = self.trail.iter().map(|row| &row.record);
        rows.filter(|record| orders.contains(&record.order_id))
            .map(|record| record.webhook_id)
            .collect()
    }
}

impl<'a> Planner<'a> {
    fn settle(&mut self, index: usize, pending: &'a Pending) {
        let event = &pending.envelope.event;
        let end = match self.claim(pending) {
            Claim::Redelivered(logged) => {
                let settled = redelivered(index, logged);
                return self.plan.settled.push(settled);
            }
            Claim::Repeated(first) => End {
                verdict: Verdict::Duplicate,
                reason: reason::duplicate(first.webhook_id),
                order_id: first.order_id,
                death: None,
            },
            Claim::Contradicted(first) => self.contradicted(pending, &first),
            Claim::New => self.judge(pending),
        };
        self.log(pending, &end);
        let logged = Logged {
            verdict: Some(end.verdict),
            reason: Some(end.reason.clone()),
            order_id: end.order_id,
        };
        self.logged.insert(event.webhook_id, logged);
        self.settled.insert(event.webhook_id);
        let End { verdict, reason, order_id, .. } = end;
        let settled = Settled { index, verdict, reason, order_id, redelivered: false };
        self.plan.settled.push(settled);
    }

    /// A new event. Its key is taken unless it ends dead, so that a good repeat still counts.
    fn judge(&mut self, pending: &'a Pending) -> End {
        let event = &pending.envelope.event;
        let end = match (&event.effect, storable_effect(pending)) {
            (Effect::Unusable { reason }, _) => return unusable(reason.clone()),
            (_, Err(refused)) => return unusable(refused.to_string()),
            (Effect::Control { control }, _) => ignored(control),
            (Effect::Ignored { reason }, _) => ignored(reason),
            _ if event.order_refs.is_empty() => return unusable("it names no order".to_owned()),
            (Effect::Facts { .. } | Effect::Snapshot { .. } | Effect::Hint { .. }, Ok(effect)) => {
                let entry = Entry::new(pending, effect, self.now);
                self.reach(entry, &pending.namespace)
            }
        };
        let holder = Holder {
            body_sha256: event.body_sha256,
            webhook_id: event.webhook_id,
            order_id: end.order_id,
        };
        self.keys.insert(event.key(), holder.clone());
        let (source, dedup_key) = (event.source.as_str(), event.dedup_key.as_str());
        self.plan
            .keys
            .push(NewKey { key: event.key(), source, dedup_key, holder });
        end
    }

    fn log(&mut self, pending: &'a Pending, end: &End) {
        let event = &pending.envelope.event;
        if pending.replayed {
            self.plan.replayed.push(event.webhook_id);
        }
        if let Some(reason) = end.death {
            self.plan
                .dead
                .push(DeadRow::of(pending, reason, &end.reason, self.now));
        }
        self.plan.log.push(LogRow {
            envelope: &pending.envelope,
            trace_id: pending.trace_id.as_deref(),
            attempts: pending.attempts.saturating_add(1),
            ended: Ended::Final {
                verdict: end.verdict,
                reason: end.reason.clone(),
                order_id: end.order_id,
                error: end.death.map(|_| end.reason.clone()),
                at: self.now,
            },
        });
    }

    fn finish(self) -> Plan<'a> {
        let mut plan = self.plan;
        plan.orders = self
            .orders
            .into_values()
            .filter(|order| order.state.is_some())
            .collect();
        for (name, Owned { order_id, stored }) in self.names {
            match stored {
                None => plan.given.push((name, order_id)),
                Some(before) if before != order_id => plan.handed.push((name, before, order_id)),
                Some(_) => {}
            }
        }
        plan
    }
}

fn ignored(what: &str) -> End {
    let reason = what.to_owned();
    End { verdict: Verdict::Ignored, reason, order_id: None, death: None }
}

fn unusable(reason: String) -> End {
    let death = Some(DeathReason::Unusable);
    End { verdict: Verdict::Dead, reason, order_id: None, death }
}

/// The effect as JSON, if it and the event's own texts can be stored and hashed exactly.
fn storable_effect(pending: &Pending) -> Result<serde_json::Value, CanonicalError> {
    let event = &pending.envelope.event;
    let names = event
        .order_refs
        .iter()
        .map(|reference| reference.name.as_str());
    let texts = [&event.source, &event.dedup_key, &event.native_type, &pending.namespace];
    for text in texts.into_iter().map(String::as_str).chain(names) {
        if text.contains('\0') {
            return Err(CanonicalError::Nul);
        }
    }
    let effect = serde_json::to_value(&event.effect).map_err(|_no_form| CanonicalError::Number)?;
    canonical::check(&effect)?;
    Ok(effect)
}

#[cfg(test)]
mod tests;
