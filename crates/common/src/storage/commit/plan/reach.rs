//! What an event does to the order it reaches, or to the orders it would tear apart.

use std::borrow::Cow;

use uuid::Uuid;

use super::{End, Owned, Planner};
use crate::domain::{Reference, Verdict, reason};
use crate::id;
use crate::storage::commit::ledger::{Entry, Ledger};
use crate::storage::commit::link::{Reach, Target, reach};
use crate::storage::order_aliases::Name;

impl<'a> Planner<'a> {
    pub(super) fn reach(&mut self, mut entry: Entry<'a>, namespace: &str) -> End {
        let event = entry.event;
        let (targets, disregarded) = self.believed(self.targets(&event.order_refs, namespace));
        if !disregarded.is_empty() {
            let mut believed = event.order_refs.clone();
            believed.retain(|told| !self.leads_to_any(told, namespace, &disregarded));
            entry.order_refs = Cow::Owned(believed);
        }
        let (entry, references) = (&entry, entry.order_refs.as_ref());
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

    /// Orders that an operator has parted never meet again: the one that has what was taken from the other goes on. Returns
    /// those that go on, and those that give way.
    fn believed(&self, mut targets: Vec<Target<'a>>) -> (Vec<Target<'a>>, Vec<Uuid>) {
        let mut disregarded = Vec::new();
        // Each round takes one away whose better stays, so one stays.
        while let Some(id) = self.gives_way(&targets) {
            targets.retain(|target| target.id != id);
            disregarded.push(id);
        }
        (targets, disregarded)
    }

    /// The latest of those that have parted with a name of another one.
    fn gives_way(&self, targets: &[Target<'a>]) -> Option<Uuid> {
        let facts = |target: &Target<'_>| &self.orders[&target.id].facts;
        targets
            .iter()
            .filter(|one| {
                targets
                    .iter()
                    .any(|other| other.id != one.id && facts(one).has_parted_from(facts(other)))
            })
            .map(|target| target.id)
            .max()
    }

    fn leads_to_any(&self, told: &Reference, namespace: &str, orders: &[Uuid]) -> bool {
        self.names
            .get(&Name::of(namespace, told))
            .is_some_and(|owned| orders.contains(&owned.order_id))
    }

    fn is_known(&self, reference: &Reference, namespace: &str) -> bool {
        self.names.contains_key(&Name::of(namespace, reference))
    }

    fn open(&mut self, entry: &Entry<'_>, namespace: &str) -> Uuid {
        let id = id::at(self.now);
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
}
