//! What a trail's rows join to.
//!
//! Effect, references and trust of rows that were applied or changed nothing; of a conflict only its mark; of an absorption
//! what it carries; of an acknowledgement what was seen. Where an order parted with some of its rows, these are left out
//! from then on, and so the rest is joined again.

use std::collections::BTreeSet;

use uuid::Uuid;

use super::{Fault, Record, TrailEffect};
use crate::domain::{Facts, OrderState, Told, Verdict};

/// What all rows join to.
///
/// # Errors
/// `Unreadable` for the first row whose effect is not of its kind.
pub fn fold_trail<'a>(rows: impl IntoIterator<Item = &'a Record>) -> Result<Facts, Fault> {
    let mut fold = Fold::default();
    for record in rows {
        fold.take(record)?;
    }
    Ok(fold.facts)
}

/// The order's state after each row of its trail: what each row changed is what differs from the one before.
///
/// # Errors
/// `Unreadable` for the first row whose effect is not of its kind.
pub fn states_of_trail<'a>(
    rows: impl IntoIterator<Item = &'a Record>,
) -> Result<Vec<OrderState>, Fault> {
    let mut fold = Fold::default();
    let state = |record: &'a Record| fold.take(record).map(|()| fold.state());
    rows.into_iter().map(state).collect()
}

/// The rows that count, each with what it tells by itself; an order may have parted with others.
pub(super) fn counting(records: &[&Record]) -> Result<Vec<(i64, Facts)>, Fault> {
    let mut fold = Fold::default();
    for record in records {
        fold.take(record)?;
    }
    let counting = records
        .iter()
        .filter(|record| !fold.left_out.contains(&record.seq));
    let told = |record: &&Record| {
        let mut facts = Facts::default();
        join(&mut facts, record, read(record)?)?;
        Ok((record.seq, facts))
    };
    counting.map(told).collect()
}

/// A fold under way.
#[derive(Default)]
pub(super) struct Fold<'a> {
    pub(super) facts: Facts,
    /// The order that absorbed this one, as the latest row says.
    pub(super) absorbed_into: Option<Uuid>,
    taken: Vec<&'a Record>,
    left_out: BTreeSet<i64>,
}

impl<'a> Fold<'a> {
    pub(super) fn take(&mut self, record: &'a Record) -> Result<(), Fault> {
        let effect = read(record)?;
        self.taken.push(record);
        if let TrailEffect::Part(part) = &effect {
            self.left_out.extend(&part.rows);
            self.facts = Facts::default();
            let kept = self
                .taken
                .iter()
                .filter(|row| !self.left_out.contains(&row.seq));
            for row in kept {
                join(&mut self.facts, row, read(row)?)?;
            }
            return Ok(());
        }
        if let TrailEffect::Absorbed(absorbed) = &effect {
            self.absorbed_into = Some(absorbed.into);
        }
        join(&mut self.facts, record, effect)
    }

    pub(super) fn state(&self) -> OrderState {
        match self.absorbed_into {
            Some(_) => OrderState::absorbed(),
            None => self.facts.derive(),
        }
    }
}

fn read(record: &Record) -> Result<TrailEffect, Fault> {
    TrailEffect::read(record.kind, &record.effect)
        .map_err(|_not_of_its_kind| Fault::Unreadable { seq: record.seq })
}

fn join(facts: &mut Facts, record: &Record, effect: TrailEffect) -> Result<(), Fault> {
    match (effect, record.verdict) {
        (TrailEffect::Event(effect), Verdict::Applied | Verdict::NoChange) => {
            facts.join(Facts::of(&Told {
                source: &record.source,
                dedup_key: &record.dedup_key,
                trust: record.trust,
                occurred_at: record.occurred_at,
                order_refs: &record.order_refs,
                effect: &effect,
            }));
        }
        (TrailEffect::Event(_), Verdict::Conflict) => {
            facts.mark_conflict(&record.source, &record.dedup_key);
        }
        (TrailEffect::Event(_), Verdict::Duplicate | Verdict::Ignored | Verdict::Dead) => {
            return Err(Fault::Verdict { seq: record.seq });
        }
        (TrailEffect::Absorb(absorb), _) => {
            facts.join(absorb.facts);
        }
        (TrailEffect::Absorbed(_), _) => {}
        (TrailEffect::Acknowledged(seen), _) => facts.acknowledge(seen.flag, seen.causes),
        (TrailEffect::Part(part), _) => facts.part(part.names, part.references),
        (TrailEffect::Parted(parted), _) => {
            facts.join(parted.facts);
        }
    }
    Ok(())
}
