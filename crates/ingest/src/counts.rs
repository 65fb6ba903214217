//! How much this replica accepted, by source and minute, told to the workers through the broker.
//!
//! **What is counted.** Events, in the minute in which they were received: as `accepted` when the answer is decided to be
//! 202; as `recovered` when the broker confirms an event whose sender is told 503, or has gone. Confirm and answer meet in
//! [`Answering`] and [`Confirming`]: whichever ends second counts, so that each confirmed event is counted once.
//!
//! **What is guaranteed.** Nothing is counted that is not confirmed, so a count is never more than what is in the queues.
//! Reports are cumulative: repeats are harmless, and a lost one is made up for by the next. A replica that is killed leaves
//! at most its last seconds untold; the database then accounts for more than was told, which is a surplus and never a loss.
//! Reporting is a task of its own and delays no answer.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use uuid::Uuid;
use waybill_common::broker::{Headers, Publisher, Route};
use waybill_common::domain::Timestamp;
use waybill_common::domain::counts::{Count, Report};

use crate::outbox::Outbox;

/// What a killed replica leaves untold, at most.
pub const REPORT_EVERY: Duration = Duration::from_secs(5);
/// How long a minute may still grow: far longer than any confirm is waited for.
const GROWS_MINUTES: i64 = 15;
/// In one report: some hundred bytes each.
const COUNTS_PER_REPORT: usize = 1_000;
/// Kept while they cannot be told. The oldest are forgotten, which shows as a surplus.
const KEPT_MAX: usize = 50_000;
const MINUTE_MICROS: i64 = 60_000_000;

/// Whose events of which minute.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Key {
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

/// What the two ends of a request know of each other.
#[derive(Debug)]
enum Meeting {
    Open,
    /// So many events are confirmed, all of the request's; the answer is not decided yet.
    Confirmed(u64),
    /// The sender is not told 202, whatever comes.
    Gone,
    /// Counted.
    Over,
}

#[derive(Debug)]
struct Ticket {
    counts: Arc<Counts>,
    key: Arc<Key>,
    meeting: Mutex<Meeting>,
}

/// The request's end: dropped without [`accepted`](Self::accepted), the sender was told something else or hung up.
#[derive(Debug)]
pub struct Answering(Arc<Ticket>);

/// The publishing task's end.
#[derive(Debug)]
pub struct Confirming(Arc<Ticket>);

impl Counts {
    /// Both ends of a request's counting.
    pub fn begin(
        self: &Arc<Self>,
        source: &str,
        received_at: Timestamp,
    ) -> (Answering, Confirming) {
        let micros = received_at.micros();
        let minute = Timestamp::from_micros_saturating(micros - micros.rem_euclid(MINUTE_MICROS));
        let ticket = Arc::new(Ticket {
            counts: Arc::clone(self),
            key: Arc::new(Key { minute, source: source.to_owned() }),
            meeting: Mutex::new(Meeting::Open),
        });
        (Answering(Arc::clone(&ticket)), Confirming(ticket))
    }

    /// Events whose confirm came after their sender was told 503.
    pub fn recovered(&self, key: &Key, events: u64) {
        self.count(key, Tally { accepted: 0, recovered: events });
    }

    fn count(&self, key: &Key, more: Tally) {
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

    /// Tells what is untold. What could not be told stays for the next time.
    async fn report(&self, publisher: &Publisher) {
        loop {
            let counts = self.untold();
            if counts.is_empty() {
                return;
            }
            let body = Report::new(&self.replica, counts.clone()).encode();
            let headers = Headers::default();
            let published = publisher.publish(Route::Counts, Uuid::now_v7(), &headers, body);
            if let Err(error) = published.await {
                tracing::debug!(%error, "the counts could not be told yet");
                return;
            }
            self.told(&counts);
        }
    }
}

impl Outbox {
    /// Tells the workers what was accepted since the last time.
    pub async fn report(&self) {
        self.counts.report(&self.publisher).await;
    }
}

impl Ticket {
    fn meet(&self, next: impl FnOnce(&Meeting) -> (Meeting, Tally)) {
        let counted = {
            let mut meeting = self.meeting.lock().unwrap_or_else(PoisonError::into_inner);
            let (met, counted) = next(&meeting);
            *meeting = met;
            counted
        };
        if counted != Tally::default() {
            self.counts.count(&self.key, counted);
        }
    }
}

impl Answering {
    /// The answer is 202. To be decided after the confirm, and at once after it.
    pub fn accepted(self) {
        self.0.meet(|meeting| match meeting {
            Meeting::Confirmed(accepted) => {
                (Meeting::Over, Tally { accepted: *accepted, recovered: 0 })
            }
            Meeting::Open | Meeting::Gone | Meeting::Over => (Meeting::Over, Tally::default()),
        });
    }
}

impl Drop for Answering {
    fn drop(&mut self) {
        self.0.meet(|meeting| match meeting {
            Meeting::Open => (Meeting::Gone, Tally::default()),
            Meeting::Confirmed(recovered) => {
                (Meeting::Over, Tally { accepted: 0, recovered: *recovered })
            }
            Meeting::Gone | Meeting::Over => (Meeting::Over, Tally::default()),
        });
    }
}

impl Confirming {
    pub fn key(&self) -> &Arc<Key> {
        &self.0.key
    }

    /// So many of the request's events are confirmed. Where it is not all of them, the answer can only be 503.
    pub fn confirmed(self, events: usize, all: usize) {
        let confirmed = u64::try_from(events).unwrap_or(u64::MAX);
        let recovered = (Meeting::Over, Tally { accepted: 0, recovered: confirmed });
        self.0.meet(|meeting| match meeting {
            Meeting::Open if events == all => (Meeting::Confirmed(confirmed), Tally::default()),
            Meeting::Open | Meeting::Gone => recovered,
            Meeting::Confirmed(_) | Meeting::Over => (Meeting::Over, Tally::default()),
        });
    }
}

#[cfg(test)]
mod tests;
