//! What is known about one order: the join of everything that was told, in whatever order it arrived.
//!
//! Every part is a maximum, a minimum or a union over a total order, so the join of two `Facts` is commutative,
//! associative and idempotent. A new event and another order's facts are joined by the same function.

mod amount;
mod objects;
mod range;
mod standing;

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::derive::tally::Tally;
use super::{
    CanonicalEvent, Effect, Fact, Flag, Hint, INTEGER_MAX, Operation, OrderState, Reference,
    Timestamp, Trust, derive, first_at,
};

pub(in crate::domain) use amount::written;
pub(in crate::domain) use objects::{Object, Register};
pub(in crate::domain) use standing::{Standing, counting};

/// The source of operators' corrections. What it says replaces what it corrects and is never a contradiction of it
/// (DOMAIN.md, section 2).
pub const ADMIN: &str = "admin";

/// What the fold needs of one event; it is made from the event itself or from its row in the trail.
#[derive(Clone, Copy, Debug)]
pub struct Told<'a> {
    pub source: &'a str,
    pub dedup_key: &'a str,
    pub trust: Trust,
    pub occurred_at: Timestamp,
    pub order_refs: &'a [Reference],
    pub effect: &'a Effect,
}

impl<'a> From<&'a CanonicalEvent> for Told<'a> {
    fn from(event: &'a CanonicalEvent) -> Self {
        Self {
            source: &event.source,
            dedup_key: &event.dedup_key,
            trust: event.trust,
            occurred_at: event.occurred_at.at,
            order_refs: &event.order_refs,
            effect: &event.effect,
        }
    }
}

/// The join. Its JSON is the column `orders.facts` and what an `absorb` row carries (docs/AUDIT.md).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Facts {
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub(in crate::domain) operations: BTreeMap<Operation, BTreeMap<String, Standing>>,
    /// Snapshots, by object.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub(in crate::domain) objects: BTreeMap<String, Object>,
    /// The latest hint about each object, in microseconds capped at 2^53 − 1.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub(in crate::domain) hints: BTreeMap<String, i64>,
    #[serde(skip_serializing_if = "BTreeSet::is_empty")]
    pub(in crate::domain) references: BTreeSet<Reference>,
    /// Source and key of the events that contradicted.
    #[serde(skip_serializing_if = "BTreeSet::is_empty")]
    pub(in crate::domain) conflicts: BTreeSet<(String, String)>,
    /// Names that an operator took from the order: it never meets the order that has one of them again.
    #[serde(skip_serializing_if = "BTreeSet::is_empty")]
    pub(in crate::domain) parted: BTreeSet<String>,
    /// What operators have seen of each flag, cause by cause (docs/RULES.md, "Acknowledgements").
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub(in crate::domain) acknowledged: BTreeMap<Flag, BTreeSet<String>>,
}

impl Facts {
    /// What one event tells, alone.
    #[must_use]
    pub fn of(told: &Told<'_>) -> Self {
        let mut facts =
            Self { references: told.order_refs.iter().cloned().collect(), ..Self::default() };
        match told.effect {
            Effect::Facts { facts: statements } => facts.state(told, statements),
            Effect::Snapshot { snapshot, facts: statements } => {
                facts
                    .objects
                    .insert(snapshot.object.clone(), Object::of(told, snapshot));
                facts.state(told, statements);
            }
            Effect::Hint { hint: Hint { object, at } } => {
                facts.hints.insert(object.clone(), first_at(*at));
            }
            Effect::Control { .. } | Effect::Ignored { .. } | Effect::Unusable { .. } => {}
        }
        facts
    }

    /// Learns what `other` knows, moving it in. Returns whether anything was learnt.
    ///
    /// What only breaks ties or dates the latest word (a greater dedup key, a later time for the same statement) is
    /// joined as well but is nothing learnt: `false` says that the order means what it meant, not that the facts need
    /// no storing.
    pub fn join(&mut self, other: Self) -> bool {
        let mut learnt = false;
        for (operation, standings) in other.operations {
            let known = self.operations.entry(operation).or_default();
            learnt |= join_each(known, standings, Standing::join);
        }
        learnt |= join_each(&mut self.objects, other.objects, Object::join);
        learnt |= join_each(&mut self.hints, other.hints, |known, at| {
            let later = at > *known;
            *known = at.max(*known);
            later
        });
        learnt |= join_all(&mut self.references, other.references);
        learnt |= join_all(&mut self.conflicts, other.conflicts);
        learnt |= join_all(&mut self.parted, other.parted);
        for (flag, causes) in other.acknowledged {
            learnt |= join_all(self.acknowledged.entry(flag).or_default(), causes);
        }
        learnt
    }

    /// Notes that an event contradicted what stands; the event's own word is not joined.
    pub fn mark_conflict(&mut self, source: &str, dedup_key: &str) -> bool {
        self.conflicts
            .insert((source.to_owned(), dedup_key.to_owned()))
    }

    /// An operator took these names from the order; `kept` stay with it, though what told of them went along.
    pub fn part(
        &mut self,
        names: impl IntoIterator<Item = String>,
        kept: impl IntoIterator<Item = Reference>,
    ) {
        self.parted.extend(names);
        self.references.extend(kept);
    }

    /// Whether an operator took a name from this order that the other one has.
    #[must_use]
    pub fn has_parted_from(&self, other: &Self) -> bool {
        self.has_parted()
            && other
                .references
                .iter()
                .any(|reference| self.has_parted_with(&reference.name))
    }

    /// Whether an operator took any name from the order.
    #[must_use]
    pub fn has_parted(&self) -> bool {
        !self.parted.is_empty()
    }

    /// Whether an operator took this name from the order.
    #[must_use]
    pub fn has_parted_with(&self, name: &str) -> bool {
        self.parted.contains(name)
    }

    /// The same facts under fewer names.
    #[must_use]
    pub fn under(mut self, is_kept: impl Fn(&Reference) -> bool) -> Self {
        self.references.retain(is_kept);
        self
    }

    /// An operator has seen these causes of a flag: they alone raise it no more.
    pub fn acknowledge(&mut self, flag: Flag, causes: impl IntoIterator<Item = String>) {
        self.acknowledged.entry(flag).or_default().extend(causes);
    }

    /// What raises a flag and nobody has acknowledged yet; none where the flag is not raised.
    #[must_use]
    pub fn open_causes(&self, flag: Flag) -> BTreeSet<String> {
        let mut causes = derive::causes(self, flag);
        if let Some(known) = self.acknowledged.get(&flag) {
            causes.retain(|cause| !known.contains(cause));
        }
        causes
    }

    /// The state that follows from everything known (DOMAIN.md, section 3).
    #[must_use]
    pub fn derive(&self) -> OrderState {
        derive::state(self, &Tally::of(self))
    }

    /// Every name under which the order was told of.
    pub fn references(&self) -> impl Iterator<Item = &Reference> {
        self.references.iter()
    }

    /// How many operations and names are known: what facts take to read grows with these.
    #[must_use]
    pub fn size(&self) -> usize {
        let operations = self.operations.values().map(BTreeMap::len);
        operations.sum::<usize>() + self.references.len()
    }

    /// Each operation's references, in the order of [`Operation`].
    pub fn operations(&self) -> impl Iterator<Item = (Operation, &str)> {
        self.each()
            .map(|(operation, op_ref, _)| (operation, op_ref))
    }

    pub(in crate::domain) fn each(&self) -> impl Iterator<Item = (Operation, &str, &Standing)> {
        self.operations.iter().flat_map(|(operation, standings)| {
            standings
                .iter()
                .map(|(op_ref, standing)| (*operation, op_ref.as_str(), standing))
        })
    }

    pub(in crate::domain) fn of_operation(
        &self,
        operation: Operation,
    ) -> impl Iterator<Item = (&str, &Standing)> {
        self.operations
            .get(&operation)
            .into_iter()
            .flatten()
            .map(|(op_ref, standing)| (op_ref.as_str(), standing))
    }

    pub(in crate::domain) fn standing(
        &self,
        operation: Operation,
        op_ref: &str,
    ) -> Option<&Standing> {
        self.operations.get(&operation)?.get(op_ref)
    }

    fn state(&mut self, told: &Told<'_>, statements: &[Fact]) {
        for fact in statements {
            let standing = Standing::of(told, fact);
            // One event may state an operation twice, and that is a join too.
            let known = self.operations.entry(fact.op).or_default();
            join_each(known, [(fact.op_ref.clone(), standing)], Standing::join);
        }
    }
}

/// Joins by key; a new key is always something learnt.
fn join_each<V>(
    known: &mut BTreeMap<String, V>,
    told: impl IntoIterator<Item = (String, V)>,
    join: impl Fn(&mut V, V) -> bool,
) -> bool {
    let mut learnt = false;
    for (key, value) in told {
        learnt |= match known.entry(key) {
            Entry::Occupied(mut held) => join(held.get_mut(), value),
            Entry::Vacant(free) => {
                free.insert(value);
                true
            }
        };
    }
    learnt
}

fn join_all<V: Ord>(known: &mut BTreeSet<V>, told: BTreeSet<V>) -> bool {
    let before = known.len();
    known.extend(told);
    known.len() > before
}

/// Keeps `first` and versions within what JSON carries exactly; adapters never exceed it.
fn exact(number: i64) -> i64 {
    number.clamp(-INTEGER_MAX, INTEGER_MAX)
}

#[cfg(test)]
pub(in crate::domain) mod tests;
