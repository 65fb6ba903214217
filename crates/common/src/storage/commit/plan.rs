//! Decides what a batch does, without the database. Events are taken in delivery order, each on what the ones before it
//! left behind, as if each had been committed alone.

use std::collections::{BTreeMap, HashMap, HashSet};

use uuid::Uuid;

use super::known::Known;
use super::ledger::{Entry, Ledger};
use super::link::{Reach, Target, reach};
use super::{Pending, Settled};
use crate::domain::audit::Row;
use crate::domain::canonical::{self, CanonicalError};
use crate::domain::{Effect, Reference, Timestamp, Verdict, reason};
use crate::storage::dead_letters::{DeadRow, DeathReason};
use crate::storage::event_keys::{Holder, Key, NewKey};
use crate::storage::order_aliases::Name;
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

/// What the log already says, or the claim of the event on its key (DESIGN.md, section 2).
#[derive(Debug)]
enum Claim {
    New,
    /// An earlier commit, or an earlier message in this batch, settled this very webhook.
    Redelivered(Logged),
    Repeated(Holder),
    Contradicted(Holder),
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

    fn claim(&self, pending: &Pending) -> Claim {
        let event = &pending.envelope.event;
        if let Some(logged) = self.logged.get(&event.webhook_id) {
            let comes_to_life = pending.replayed
                && logged.verdict == Some(Verdict::Dead)
                && !self.settled.contains(&event.webhook_id);
            if logged.verdict.is_some() && !comes_to_life {
                return Claim::Redelivered(logged.clone());
            }
        }
        match self.keys.get(&event.key()) {
            None => Claim::New,
            // Whoever holds the key was settled, though its month of the log may be gone.
            Some(holder) if holder.webhook_id == event.webhook_id => Claim::Redelivered(Logged {
                verdict: None,
                reason: None,
                order_id: holder.order_id,
            }),
            Some(holder) => {
                let order_id = holder.order_id.map(|id| self.living(id));
                let first = Holder { order_id, ..holder.clone() };
                match first.body_sha256 == event.body_sha256 {
                    true => Claim::Repeated(first),
                    false => Claim::Contradicted(first),
                }
            }
        }
    }

    /// The order itself, or whoever absorbed it in this batch.
    fn living(&self, id: Uuid) -> Uuid {
        let absorbed_into = self.orders.get(&id).and_then(|order| order.absorbed_into);
        absorbed_into.map_or(id, |absorbing| self.living(absorbing))
    }

    /// The key's order, if it reached one, hears of the contradiction; what the event says is not joined.
    fn contradicted(&mut self, pending: &'a Pending, first: &Holder) -> End {
        let reason = reason::contradicted_key(first.webhook_id);
        let effect = match storable_effect(pending) {
            Ok(effect) => effect,
            Err(refused) => return unusable(refused.to_string()),
        };
        if let Some(id) = first.order_id {
            let order = self
                .orders
                .get_mut(&id)
                .expect("the key's order was locked");
            let entry = Entry::new(pending, effect, self.now);
            self.plan
                .trail
                .push(order.contradict(&entry, reason.clone()));
        }
        End { verdict: Verdict::Conflict, reason, order_id: first.order_id, death: None }
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
                self.reach(&entry, &pending.namespace)
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

    fn reach(&mut self, entry: &Entry<'a>, namespace: &str) -> End {
        let references = &entry.event.order_refs;
        let targets = self.targets(references, namespace);
        let new_merchant = references
            .iter()
            .any(|reference| reference.merchant && !self.is_known(reference, namespace));
        let (id, absorbed) = match reach(&targets, new_merchant) {
            Reach::New => (self.open(entry, namespace), Vec::new()),
            Reach::One(id) => (id, Vec::new()),
            Reach::Several { absorbing, absorbed } => (absorbing, absorbed),
            Reach::Torn { involved } => return self.tear(entry, &involved),
        };
        for reference in references {
            let owned = Owned { order_id: id, stored: None };
            self.names
                .entry(Name::of(namespace, reference))
                .or_insert(owned);
        }
        let order = self
            .orders
            .get_mut(&id)
            .expect("it was reached, so it is there");
        let row = order.tell(entry);
        let (verdict, reason) = (row.record.verdict, row.record.reason.clone());
        self.plan.trail.push(row);
        for other in absorbed {
            self.absorb(entry, id, other);
        }
        End { verdict, reason, order_id: Some(id), death: None }
    }

    /// The distinct orders behind an event's names, in the order of the names.
    fn targets(&self, references: &'a [Reference], namespace: &str) -> Vec<Target<'a>> {
        let mut targets: Vec<Target<'a>> = Vec::new();
        for by in references {
            let Some(owned) = self.names.get(&Name::of(namespace, by)) else { continue };
            let id = owned.order_id;
            if targets.iter().all(|target| target.id != id) {
                let is_merchants = self.orders[&id].external_id.is_some();
                targets.push(Target { id, is_merchants, by });
            }
        }
        targets
    }

    fn is_known(&self, reference: &Reference, namespace: &str) -> bool {
        self.names.contains_key(&Name::of(namespace, reference))
    }

    fn open(&mut self, entry: &Entry<'_>, namespace: &str) -> Uuid {
        let id = new_id(self.now);
        self.orders
            .insert(id, Ledger::new(id, namespace, entry.now));
        id
    }

    fn absorb(&mut self, entry: &Entry<'_>, absorbing: Uuid, absorbed: Uuid) {
        let mut other = self
            .orders
            .remove(&absorbed)
            .expect("it was reached, so it is there");
        let order = self
            .orders
            .get_mut(&absorbing)
            .expect("it was reached, so it is there");
        self.plan.trail.extend(order.absorb(&mut other, entry));
        for reference in other.facts.references() {
            let name = Name::of(&other.namespace, reference);
            self.names
                .entry(name)
                .or_insert(Owned { order_id: absorbing, stored: Some(absorbed) })
                .order_id = absorbing;
        }
        self.orders.insert(absorbed, other);
    }

    /// Every order that exists hears of the conflict; none is made, and every name stays whose it is.
    fn tear(&mut self, entry: &Entry<'_>, involved: &[Target<'_>]) -> End {
        // The order by whose foreign name the event came owns what is claimed for the other.
        let owner = involved
            .iter()
            .find(|target| !target.by.merchant)
            .unwrap_or(&involved[0]);
        let mut said = String::new();
        for target in involved {
            let reason = self.torn_reason(entry, involved, target);
            if target.id == owner.id {
                said.clone_from(&reason);
            }
            let order = self
                .orders
                .get_mut(&target.id)
                .expect("it was reached, so it is there");
            self.plan.trail.push(order.contradict(entry, reason));
        }
        End { verdict: Verdict::Conflict, reason: said, order_id: Some(owner.id), death: None }
    }

    fn torn_reason(&self, entry: &Entry<'_>, involved: &[Target<'_>], this: &Target<'_>) -> String {
        let mut names = entry.event.order_refs.iter();
        let merchants = names.find_map(Reference::external_id);
        match merchants {
            Some(claimed) if !this.by.merchant => reason::claimed_reference(&this.by.name, claimed),
            _ => {
                let others = involved.iter().filter(|target| target.id != this.id);
                let name = others.map(|target| self.name_of(target.id)).next();
                reason::two_orders(&name.unwrap_or_default())
            }
        }
    }

    fn name_of(&self, id: Uuid) -> String {
        self.orders[&id]
            .external_id
            .clone()
            .unwrap_or_else(|| id.to_string())
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

fn redelivered(index: usize, logged: Logged) -> Settled {
    Settled {
        index,
        verdict: logged.verdict.unwrap_or(Verdict::Duplicate),
        reason: logged
            .reason
            .unwrap_or_else(|| "it was settled before".to_owned()),
        order_id: logged.order_id,
        redelivered: true,
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

/// A uuid v7 of the commit's time: new rows go where the index ends.
fn new_id(now: Timestamp) -> Uuid {
    let seconds = u64::try_from(now.seconds()).expect("times begin in 1970");
    let nanoseconds = u32::try_from(now.micros() % 1_000_000).expect("less than a second") * 1_000;
    Uuid::new_v7(uuid::Timestamp::from_unix(uuid::NoContext, seconds, nanoseconds))
}

#[cfg(test)]
mod tests;
