//! Whether an event is new: by the log, then by its key.

use uuid::Uuid;

use super::{End, Planner, storable_effect, unusable};
use crate::domain::{Verdict, reason};
use crate::storage::commit::ledger::Entry;
use crate::storage::commit::{Pending, Settled};
use crate::storage::event_keys::Holder;
use crate::storage::webhooks::Logged;

/// What the log already says, or the claim of the event on its key (DESIGN.md, section 2).
#[derive(Debug)]
pub(super) enum Claim {
    New,
    /// An earlier commit, or an earlier message in this batch, settled this very webhook.
    Redelivered(Logged),
    Repeated(Holder),
    Contradicted(Holder),
}

impl<'a> Planner<'a> {
    pub(super) fn claim(&self, pending: &Pending) -> Claim {
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
    pub(super) fn contradicted(&mut self, pending: &'a Pending, first: &Holder) -> End {
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
}

pub(super) fn redelivered(index: usize, logged: Logged) -> Settled {
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
