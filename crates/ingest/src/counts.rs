//! How much this replica accepted, by source and minute, told to the workers through the broker.
//!
//! **What is counted.** Events, in the minute in which they were received: as `accepted` when the answer is decided to be
//! 202; as `recovered` when the broker confirms an event whose sender is told 503, or has gone: [`Counting`] counts what was
//! confirmed before, and whatever is confirmed after counts itself, so that each confirmed event is counted once.
//!
//! **What is guaranteed.** Nothing is counted that is not confirmed, so a count is never more than what is in the queues.
//! Reports are cumulative: repeats are harmless, and a lost one is made up for by the next. A replica that is killed leaves
//! at most its last seconds untold; the database then accounts for more than was told, which is a surplus and never a loss.
//! Reporting is a task of its own and delays no answer.

use std::cell::Cell;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use uuid::Uuid;
use waybill_common::broker::{Headers, Publisher, Route};
use waybill_common::domain::Timestamp;
use waybill_common::domain::counts::{Count, Report};

use crate::outbox::Outbox;
use crate::sources::Sources;

/// What a killed replica leaves untold, at most.
pub const REPORT_EVERY: Duration = Duration::from_secs(5);
/// How long a minute may still grow: far longer than any confirm is waited for.
const GROWS_MINUTES: i64 = 15;
/// In one report: some hundred bytes each.
const COUNTS_PER_REPORT: usize = 1_000;
/// Likewise: more than anybody configures, as a rule.
const SECRETS_PER_REPORT: usize = 1_000;
/// Kept while they cannot be told. The oldest are forgotten, which shows as a surplus.
const KEPT_MAX: usize = 50_000;
const MINUTE_MICROS: i64 = 60_000_000;

/// Whose events of which minute.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Key {
    minute: Timestamp,
    source: String,
}

/// What is counted under one key.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Tally {
    accepted: u64,
    recovered: u64,
}

#[derive(Clone, Copy, Debug, Default)]
struct Entry {
    counted: Tally,
    /// What the broker has confirmed to have been told.
    told: Tally,
}

/// The counts of one life of this process.
#[derive(Debug)]
pub struct Counts {
    replica: String,
    entries: Mutex<BTreeMap<Key, Entry>>,
}

impl Default for Counts {
    fn default() -> Self {
        Self { replica: Uuid::now_v7().to_string(), entries: Mutex::default() }
    }
}

/// The confirmed events of one request until its answer is decided. Dropped without [`accepted`](Self::accepted), the
/// sender was told something else or hung up.
#[derive(Debug)]
pub struct Counting {
    counts: Arc<Counts>,
    key: Arc<Key>,
    confirmed: Cell<u64>,
}

impl Counts {
    /// Begins to count a request's events.
    pub fn begin(self: &Arc<Self>, source: &str, received_at: Timestamp) -> Counting {
        let micros = received_at.micros();
        let minute = Timestamp::from_micros_saturating(micros - micros.rem_euclid(MINUTE_MICROS));
        Counting {
            counts: Arc::clone(self),
            key: Arc::new(Key { minute, source: source.to_owned() }),
            confirmed: Cell::new(0),
        }
    }

    fn count(&self, key: &Key, more: Tally) {
        if more == Tally::default() {
            return;
        }
        let mut entries = self.entries();
        let counted = &mut entries.entry(key.clone()).or_default().counted;
        counted.accepted += more.accepted;
        counted.recovered += more.recovered;
        if entries.len() > KEPT_MAX {
            entries.pop_first();
        }
    }

    /// What has grown since it was told, as it stands now.
    fn untold(&self) -> Vec<Count> {
        let entries = self.entries();
        let grown = entries
            .iter()
            .filter(|(_, entry)| entry.counted != entry.told);
        grown
            .take(COUNTS_PER_REPORT)
            .map(|(Key { minute, source }, Entry { counted, .. })| Count {
                source: source.clone(),
                minute: *minute,
                accepted: counted.accepted,
                recovered: counted.recovered,
            })
            .collect()
    }

    /// These were told. Minutes that can grow no more are forgotten with it.
    fn told(&self, counts: &[Count]) {
        let mut entries = self.entries();
        for Count { source, minute, accepted, recovered } in counts {
            let key = Key { minute: *minute, source: source.clone() };
            if let Some(entry) = entries.get_mut(&key) {
                entry.told = Tally { accepted: *accepted, recovered: *recovered };
            }
        }
        let Some(newest) = entries.keys().next_back().map(|key| key.minute) else { return };
        let grows = newest.micros() - GROWS_MINUTES * MINUTE_MICROS;
        entries.retain(|key, entry| key.minute.micros() >= grows || entry.counted != entry.told);
    }

    fn entries(&self) -> MutexGuard<'_, BTreeMap<Key, Entry>> {
        self.entries.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Tells what is untold, in as many messages as it takes. What could not be told stays for the next time, and so does
    /// what comes meanwhile.
    async fn report(&self, publisher: &Publisher, sources: &Sources, now: Timestamp) {
        loop {
            let counts = self.untold();
            let secrets = sources.untold_secrets(now, SECRETS_PER_REPORT);
            if counts.is_empty() && secrets.is_empty() {
                return;
            }
            let report = Report::new(&self.replica, counts.clone()).with_secrets(secrets.clone());
            let headers = Headers::default();
            let published =
                publisher.publish(Route::Counts, Uuid::now_v7(), &headers, report.encode());
            if let Err(error) = published.await {
                tracing::debug!(%error, "the counts could not be told yet");
                return;
            }
            self.told(&counts);
            sources.told_secrets(&secrets);
            if counts.len() < COUNTS_PER_REPORT && secrets.len() < SECRETS_PER_REPORT {
                return;
            }
        }
    }
}

impl Outbox {
    /// Tells the workers what was accepted since the last time, and what secrets have verified.
    pub async fn report(&self, sources: &Sources, now: Timestamp) {
        self.counts.report(&self.publisher, sources, now).await;
    }
}

impl Counting {
    /// The broker has confirmed one more, in time.
    pub fn confirmed(&self) {
        self.confirmed.set(self.confirmed.get() + 1);
    }

    /// Counts one that the broker confirms when its sender was told 503, or has gone.
    pub fn recovered(&self) -> impl FnOnce() + Send + use<> + 'static {
        let (counts, key) = (Arc::clone(&self.counts), Arc::clone(&self.key));
        move || counts.count(&key, Tally { accepted: 0, recovered: 1 })
    }

    /// The answer is 202. To be decided when all are confirmed, and at once.
    pub fn accepted(self) {
        let accepted = self.confirmed.take();
        self.counts
            .count(&self.key, Tally { accepted, recovered: 0 });
    }
}

impl Drop for Counting {
    fn drop(&mut self) {
        let recovered = self.confirmed.take();
        self.counts
            .count(&self.key, Tally { accepted: 0, recovered });
    }
}

#[cfg(test)]
mod tests;
