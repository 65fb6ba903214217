//! The transaction of a batch: the one place where events become state.
//!
//! **Who acts.** A worker's lane hands over a batch and one connection. The lane may hold a Redis lock on the orders, or
//! not: nothing here needs it. Other lanes and other workers may be at the same orders at the same moment.
//!
//! **What happens**, in one READ COMMITTED transaction:
//!
//! 1. [`known`] reads what is known: the log (for events that may be in it), the keys, the names, and then the orders
//!    behind them, `ORDER BY id FOR NO KEY UPDATE`. From here on nobody else changes these orders.
//! 2. [`plan`] decides everything, without the database: whether each event is new, which order it reaches, what it does
//!    to the order's facts, what is written about it.
//! 3. [`mod@write`] writes the plan: orders (compare-and-set on `version`), names, keys, log, trail, dead letters. Rows travel as
//!    arrays, so each statement has one text for ever.
//!
//! **What is guaranteed.** All of an event's traces are written together or not at all. An event is counted once: its
//! key is unique (`event_keys`), and so is its row on a trail. An order changes only from the version that was read. An
//! event that a former commit settled is recognised by its row in the log, or by holding its key, and writes nothing.
//!
//! **Misses.** Names, keys and log rows are not locked by reading, because they may not be there yet. Each write that takes
//! one says how many it took; fewer than sent means that somebody else was faster. Then the transaction is rolled back,
//! the events that share anything with what was lost leave the batch, and the rest is committed at once. So is a batch
//! that met a deadlock, a serialisation failure or a lock timeout, but there the server does not say whose fault it was, and
//! all of it is missed. Missed events are the caller's to try again.
//!
//! **What if it dies.** Before COMMIT: nothing was written. After COMMIT, before the acknowledgement: the broker delivers
//! again, and step 1 finds the events settled. If COMMIT's answer is lost, the error says so and the next delivery decides.
//!
//! **What is remembered.** A [`Memory`] holds the facts of large orders as former commits left them, so that they need not be
//! read again. It decides nothing: the order is read and locked all the same, and its version and the hash that its trail
//! ends with say whether what is remembered is what is there. What is not known to be committed is not remembered.
//!
//! **No deadlocks by design**: every transaction takes its locks in the same order of kinds (orders, names, keys, log) and
//! sorted within each kind.

pub mod by_hand;

mod component;
mod foresee;
mod known;
mod ledger;
mod link;
mod memory;
mod plan;
mod write;

pub use foresee::{Foreseen, ForeseenOrder, foresee};
pub use memory::Memory;

use diesel::QueryResult;
use diesel::result::Error;
use diesel_async::AsyncPgConnection;
use uuid::Uuid;

use self::component::Shared;
use self::known::{Known, Look};
use super::failure::Failure;
use super::order_aliases::Name;
use crate::domain::envelope::Envelope;
use crate::domain::{Timestamp, Verdict};

/// One event that waits for its verdict.
#[derive(Clone, Debug)]
pub struct Pending {
    pub envelope: Envelope,
    /// Where its references are looked up.
    pub namespace: String,
    /// Tries that failed before this one.
    pub attempts: u16,
    /// An operator asked for it again: a dead row may come to life.
    pub replayed: bool,
    /// The trace of the webhook, 32 hex digits.
    pub trace_id: Option<String>,
}

impl Pending {
    /// The names by which the event tells its order. One with U+0000 can be nobody's and cannot be asked for; the plan
    /// lets its event end dead.
    fn names(&self) -> impl Iterator<Item = Name> {
        let references = self.envelope.event.order_refs.iter();
        references
            .filter(|reference| !reference.name.contains('\0'))
            .map(|reference| Name::of(&self.namespace, reference))
    }
}

/// How one event of the batch ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settled {
    /// Its place in the batch.
    pub index: usize,
    pub verdict: Verdict,
    /// One sentence that names the rule.
    pub reason: String,
    pub order_id: Option<Uuid>,
    /// An earlier commit had settled it already; nothing was written now.
    pub redelivered: bool,
}

/// What became of a batch. Each index of it is in exactly one of the two lists, which are sorted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Committed {
    pub settled: Vec<Settled>,
    /// Somebody else was at their orders at the same moment. Nothing of them was written; try them again apart.
    pub missed: Vec<usize>,
}

/// Why a transaction was rolled back.
enum Stop {
    /// Somebody else was faster with these.
    Missed(Vec<Shared>),
    /// The log knows events of which it was not asked.
    LookAgain,
    Failed(Error),
}

impl From<Error> for Stop {
    fn from(error: Error) -> Self {
        Self::Failed(error)
    }
}

/// Commits a batch, in delivery order: of two events that contradict each other the first stands.
///
/// # Errors
/// Whatever the database said; nothing of the batch is written then. [`Failure`] tells what it means.
pub async fn commit(
    conn: &mut AsyncPgConnection,
    batch: &[Pending],
    now: Timestamp,
) -> QueryResult<Committed> {
    commit_with(conn, batch, now, &Memory::default()).await
}

/// As [`commit`], with what earlier commits left in a memory, and leaves there what this one wrote.
///
/// # Errors
/// As [`commit`].
pub async fn commit_with(
    conn: &mut AsyncPgConnection,
    batch: &[Pending],
    now: Timestamp,
    memory: &Memory,
) -> QueryResult<Committed> {
    let mut included: Vec<usize> = (0..batch.len()).collect();
    let mut missed = Vec::new();
    let mut look = Look::WhereLikely;
    // Ends: each round settles everything, looks more closely (once), or has fewer events than the last.
    while !included.is_empty() {
        match attempt(conn, (batch, &included), now, (look, memory)).await {
            Ok(settled) => return Ok(Committed { settled, missed: sorted(missed) }),
            Err(Stop::LookAgain) => look = Look::Everywhere,
            Err(Stop::Missed(lost)) => {
                let leaving = component::touched_by(batch, &included, lost);
                assert!(!leaving.is_empty(), "what was lost was somebody's");
                included.retain(|index| !leaving.contains(index));
                missed.extend(leaving);
            }
            Err(Stop::Failed(error)) if Failure::of(&error) == Failure::Contention => {
                missed.append(&mut included);
            }
            Err(Stop::Failed(error)) => return Err(error),
        }
    }
    Ok(Committed { settled: Vec::new(), missed: sorted(missed) })
}

fn sorted(mut indices: Vec<usize>) -> Vec<usize> {
    indices.sort_unstable();
    indices
}

async fn attempt(
    conn: &mut AsyncPgConnection,
    (batch, included): (&[Pending], &[usize]),
    now: Timestamp,
    (look, memory): (Look, &Memory),
) -> Result<Vec<Settled>, Stop> {
    let events: Vec<(usize, &Pending)> = included
        .iter()
        .map(|&index| (index, &batch[index]))
        .collect();
    let (settled, orders) = conn
        .build_transaction()
        .read_committed()
        .run(async |conn| {
            let known = Known::read(conn, &events, (look, memory)).await?;
            let stale = known.stale();
            if !stale.is_empty() {
                return Err(Stop::Missed(stale));
            }
            let plan = plan::plan(&events, known, now);
            write::write(conn, &plan, look).await?;
            Ok((plan.settled, plan.orders))
        })
        .await?;
    memory.keep(orders);
    Ok(settled)
}
