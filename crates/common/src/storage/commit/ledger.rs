//! An order while a batch is planned: each thing that happens to it changes its facts and adds a row to its trail.

use std::borrow::Cow;

use serde_json::Value;
use uuid::Uuid;

use super::Pending;
use crate::domain::audit::{
    Absorb, Absorbed, Acknowledged, GENESIS, Kind, Leaving, Part, Parted, Record, Row, TrailEffect,
};
use crate::domain::{
    CanonicalEvent, Facts, OrderMoney, OrderState, RULES, Reference, Status, Tallied, Timestamp,
    Told, Verdict, label, reason,
};
use crate::storage::operator_actions::By;
use crate::storage::order_changes::ChangeRow;
use crate::storage::orders::Held;
use crate::storage::text::storable;

/// An order, new or read.
#[derive(Debug)]
pub(super) struct Ledger {
    pub(super) id: Uuid,
    pub(super) namespace: String,
    pub(super) external_id: Option<String>,
    pub(super) facts: Tallied,
    /// The version that was read; 0 for a new order.
    pub(super) version: i64,
    pub(super) last_seq: i64,
    pub(super) head_hash: [u8; 32],
    pub(super) absorbed_into: Option<Uuid>,
    pub(super) created_at: Timestamp,
    /// None before the first row of a new order.
    status: Option<Status>,
    money: OrderMoney,
    /// Rows of its trail that changed its status or its money.
    pub(super) changes: Vec<ChangeRow>,
    /// Present once something happened to it.
    pub(super) state: Option<OrderState>,
}

/// An event on its way to an order. Everything in it can be stored and hashed.
pub(super) struct Entry<'a> {
    pub(super) event: &'a CanonicalEvent,
    /// The names by which it came here; of the event's own, those that an operator has not parted from the order.
    pub(super) order_refs: Cow<'a, [Reference]>,
    /// The event's effect as JSON.
    pub(super) effect: Value,
    pub(super) correlation_id: &'a str,
    pub(super) trace_id: Option<&'a str>,
    pub(super) now: Timestamp,
}

impl<'a> Entry<'a> {
    pub(super) fn new(pending: &'a Pending, effect: Value, now: Timestamp) -> Self {
        Self {
            event: &pending.envelope.event,
            order_refs: Cow::Borrowed(&pending.envelope.event.order_refs),
            effect,
            correlation_id: &pending.envelope.correlation_id,
            trace_id: pending.trace_id.as_deref(),
            now,
        }
    }

    /// What is said of names that the event tells and that are not believed; nothing where there is none.
    fn disregarded(&self) -> String {
        let told = self.event.order_refs.iter();
        let names: Vec<&str> = told
            .filter(|reference| !self.order_refs.contains(reference))
            .map(|reference| reference.name.as_str())
            .collect();
        if names.is_empty() { String::new() } else { reason::disregarded(&names) }
    }
}

impl From<Held> for Ledger {
    fn from(held: Held) -> Self {
        Self {
            id: held.id,
            namespace: held.namespace,
            external_id: held.external_id,
            facts: held.facts,
            version: held.version,
            last_seq: held.last_seq,
            head_hash: held.head_hash,
            absorbed_into: held.absorbed_into,
            created_at: held.created_at,
            status: Some(held.status),
            money: held.money,
            changes: Vec::new(),
            state: None,
        }
    }
}

impl Ledger {
    /// An order that nothing has happened to yet.
    pub(super) fn new(id: Uuid, namespace: &str, now: Timestamp) -> Self {
        Self {
            id,
            namespace: namespace.to_owned(),
            external_id: None,
            facts: Tallied::default(),
            version: 0,
            last_seq: 0,
            head_hash: GENESIS,
            absorbed_into: None,
            created_at: now,
            status: None,
            money: OrderMoney::default(),
            changes: Vec::new(),
            state: None,
        }
    }

    /// The order learns what an event tells; a merchant's name in it becomes the order's.
    pub(super) fn tell(&mut self, entry: &Entry<'_>) -> Row {
        let told = Told { order_refs: &entry.order_refs, ..Told::from(entry.event) };
        let learnt = self.facts.join(Facts::of(&told));
        let names = entry.order_refs.iter();
        if let Some(external_id) = names.filter_map(|name| name.external_id()).next() {
            self.external_id
                .get_or_insert_with(|| external_id.to_owned());
        }
        let to = self.refresh();
        let (verdict, reason) = match learnt {
            true => (Verdict::Applied, reason::applied(&told, self.status, to)),
            false => (Verdict::NoChange, reason::no_change(&told)),
        };
        let reason = reason + &entry.disregarded();
        self.append(entry, Kind::Event, (verdict, reason), entry.effect.clone())
    }

    /// The order notes that an event contradicts what stands.
    pub(super) fn contradict(&mut self, entry: &Entry<'_>, reason: String) -> Row {
        self.facts
            .mark_conflict(&entry.event.source, &entry.event.dedup_key);
        self.refresh();
        self.append(entry, Kind::Event, (Verdict::Conflict, reason), entry.effect.clone())
    }

    /// The order takes another one in; the rows of both. Nothing happens to the other one afterwards.
    pub(super) fn absorb(&mut self, other: &mut Self, entry: &Entry<'_>) -> [Row; 2] {
        let facts = Facts::clone(&other.facts);
        let carried =
            Absorb { order_id: other.id, head_hash: other.head_hash, facts: facts.clone() };
        self.facts.join(facts);
        self.refresh();
        let effect = TrailEffect::Absorb(carried).to_value();
        let ending = (Verdict::Applied, reason::absorb(other.id));
        let absorbing = self.append(entry, Kind::Absorb, ending, effect);

        other.absorbed_into = Some(self.id);
        other.refresh();
        let effect = TrailEffect::Absorbed(Absorbed { into: self.id }).to_value();
        let ending = (Verdict::Applied, reason::absorbed(self.id));
        [absorbing, other.append(entry, Kind::Absorbed, ending, effect)]
    }

    /// An operator has seen what raises a flag.
    pub(super) fn acknowledge(&mut self, entry: &Entry<'_>, seen: Acknowledged, by: By<'_>) -> Row {
        self.facts
            .acknowledge(seen.flag, seen.causes.iter().cloned());
        self.refresh();
        let reason = reason::acknowledged(seen.flag, by.actor, by.reason.as_str());
        let effect = TrailEffect::Acknowledged(seen).to_value();
        self.append(entry, Kind::Acknowledge, (Verdict::Applied, reason), effect)
    }

    /// An operator undid a link: the order parts with some of its rows, and `other` begins with them; the rows of both.
    pub(super) fn part(
        &mut self,
        (other, leaving): (&mut Self, Leaving),
        entry: &Entry<'_>,
        (name, by): (&str, By<'_>),
    ) -> [Row; 2] {
        let head_hash = self.head_hash;
        let Leaving { rows, names, kept, facts, rest } = leaving;
        self.facts = rest.into();
        self.facts.part(names.iter().cloned(), kept.iter().cloned());
        self.refresh();
        let part = Part { order_id: other.id, rows, names, references: kept };
        let said = reason::part(name, other.id, by.actor, by.reason.as_str());
        let effect = TrailEffect::Part(part).to_value();
        let parting = self.append(entry, Kind::Part, (Verdict::Applied, said), effect);

        other.facts = facts.clone().into();
        other.refresh();
        let parted = Parted { order_id: self.id, head_hash, facts };
        let said = reason::parted(name, self.id, by.actor, by.reason.as_str());
        let effect = TrailEffect::Parted(parted).to_value();
        [parting, other.append(entry, Kind::Parted, (Verdict::Applied, said), effect)]
    }

    /// What the order was absorbed into, `left`, parted with it: it goes along with the other one.
    pub(super) fn follow(
        &mut self,
        (left, into): (Uuid, Uuid),
        entry: &Entry<'_>,
        (name, by): (&str, By<'_>),
    ) -> Row {
        self.absorbed_into = Some(into);
        self.refresh();
        let said = reason::parted(name, left, by.actor, by.reason.as_str());
        let effect = TrailEffect::Absorbed(Absorbed { into }).to_value();
        self.append(entry, Kind::Absorbed, (Verdict::Applied, said), effect)
    }

    fn refresh(&mut self) -> Status {
        let state = match self.absorbed_into {
            Some(_) => OrderState::absorbed(),
            None => self.facts.derive(),
        };
        let status = state.status;
        self.state = Some(state);
        status
    }

    fn append(
        &mut self,
        entry: &Entry<'_>,
        kind: Kind,
        (verdict, reason): (Verdict, String),
        effect: Value,
    ) -> Row {
        let Entry { event, now, .. } = entry;
        let state = self.state.as_ref();
        let to_status = state.map_or(Status::Pending, |state| state.status);
        let money = state.map_or(self.money, OrderState::money);
        let record = Record {
            order_id: self.id,
            seq: self.last_seq + 1,
            kind,
            webhook_id: event.webhook_id,
            source: event.source.clone(),
            dedup_key: event.dedup_key.clone(),
            body_sha256: event.body_sha256,
            native_type: event.native_type.clone(),
            verdict,
            label: label(self.status, to_status),
            from_status: self.status,
            to_status,
            reason,
            trust: event.trust,
            order_refs: entry.order_refs.to_vec(),
            effect,
            occurred_at: event.occurred_at.at,
            recorded_at: *now,
            correlation_id: storable(entry.correlation_id).into_owned(),
            trace_id: entry.trace_id.map(|trace| storable(trace).into_owned()),
            rules: RULES,
        };
        let prev_hash = self.head_hash;
        let hash = record
            .hash(&prev_hash)
            .expect("the entry was checked before it came here");
        if self.status != Some(to_status) || self.money != money {
            let (order_id, seq) = (self.id, record.seq);
            self.changes.push(ChangeRow { order_id, seq, money });
        }
        (self.last_seq, self.head_hash) = (record.seq, hash);
        (self.status, self.money) = (Some(to_status), money);
        Row { record, prev_hash, hash }
    }
}
