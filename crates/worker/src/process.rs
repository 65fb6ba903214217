//! Locks, commits, settles one batch.
//!
//! **Who acts.** A lane hands over what it gathered and waits; the batch runs in a task of its own, so nothing that ends
//! the lane cuts a transaction off.
//!
//! **What is guaranteed.** Every delivery that comes in leaves at most once: acknowledged after the commit that settled
//! it; or handed on to a delay queue, to the suspects or to the dead, with a confirm or a commit before its
//! acknowledgement; or returned to the lane because its order is locked by others. What does none of these stays
//! unacknowledged and comes again, and the claim decides.
//!
//! **What happens if a part dies.** Database or broker: the breaker opens, nothing is settled that is not known to be
//! committed or confirmed. Redis: no locks, and the version check decides. The worker: whatever was not acknowledged
//! comes again. A panic settles nothing.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Instant;

use futures_util::future::join;
use tracing::{Instrument as _, Span};
use waybill_common::domain::envelope::EnvelopeError;
use waybill_common::telemetry::{TraceContext, link};

use crate::engine::Engine;
use crate::locking::Locked;
use crate::parked::Waiting;
use crate::session::Session;
use crate::taken::{Event, Hand, Taken};

/// Processes a batch; returns what is to wait because others hold its orders' locks.
pub(crate) async fn process(
    engine: Arc<Engine>,
    session: Arc<Session>,
    batch: Vec<Waiting<Taken>>,
) -> Vec<Waiting<Taken>> {
    let sorted = Sorted::of(batch);
    engine.suspect(&session, sorted.suspects).await;
    engine.wait_for_newer(&session, sorted.newer).await;
    engine.bury_malformed(&session, sorted.malformed).await;
    let locked = engine.locking.lock(references(&sorted.events)).await;
    let (held, busy) = split(&engine, sorted.events, &locked);
    let (mut hands, pendings): (Vec<_>, Vec<_>) = held.into_iter().map(Event::into_parts).unzip();
    // Kept until the locks are back: another lane that has one of these names next would find it locked.
    let seats: Vec<_> = hands.iter_mut().map(Hand::leave_seat).collect();
    let fates = engine
        .commit(&pendings)
        .instrument(commit_span(&hands))
        .await;
    let settling = Box::pin(engine.settle(&session, hands, pendings, fates));
    join(locked.release(), settling).await;
    drop(seats);
    busy
}

/// The span of the batch's transactions, with which the span of each of its webhooks is linked.
fn commit_span(hands: &[Hand]) -> Span {
    let span = tracing::info_span!(
        parent: None,
        "commit",
        otel.kind = "client",
        db.system.name = "postgresql",
        db.operation.name = "COMMIT",
        db.operation.batch.size = hands.len(),
    );
    let batch = TraceContext::of(&span);
    for hand in hands {
        link(&hand.span, &batch);
    }
    span
}

/// A batch by what is to be done with its messages.
#[derive(Default)]
struct Sorted {
    events: Vec<Waiting<Box<Event>>>,
    suspects: Vec<Hand>,
    newer: Vec<(Hand, u64)>,
    malformed: Vec<(Hand, EnvelopeError)>,
}

impl Sorted {
    fn of(batch: Vec<Waiting<Taken>>) -> Self {
        let mut sorted = Self::default();
        for Waiting { item, since, tries } in batch {
            match item {
                taken if taken.hand().is_suspect() => sorted.suspects.push(taken.into_hand()),
                Taken::Webhook(item) => sorted.events.push(Waiting { item, since, tries }),
                Taken::Newer { hand, version } => sorted.newer.push((*hand, version)),
                Taken::Malformed { hand, error } => sorted.malformed.push((*hand, error)),
            }
        }
        sorted
    }
}

fn references(events: &[Waiting<Box<Event>>]) -> BTreeSet<&str> {
    events
        .iter()
        .flat_map(|waiting| waiting.item.references())
        .collect()
}

/// The events whose orders are ours for now, and those that must wait.
fn split(
    engine: &Engine,
    events: Vec<Waiting<Box<Event>>>,
    locked: &Locked,
) -> (Vec<Event>, Vec<Waiting<Taken>>) {
    let (mut held, mut busy) = (Vec::with_capacity(events.len()), Vec::new());
    for Waiting { item, since, tries } in events {
        let is_busy = item.references().any(|name| locked.busy.contains(name));
        if is_busy {
            busy.push(Waiting { item: Taken::Webhook(item), since, tries });
        } else {
            if let Some(since) = since {
                engine.metrics.lock_waited(Instant::now() - since);
            }
            held.push(*item);
        }
    }
    engine.metrics.lock_busy(busy.len());
    (held, busy)
}
