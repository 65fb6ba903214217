//! What a worker counts (DESIGN.md, section 8). Labels come from closed sets, never from a message.

use std::time::Duration;

use opentelemetry::KeyValue;
use opentelemetry::metrics::{Counter, Gauge, Histogram};
use waybill_common::domain::{Timestamp, Verdict};
use waybill_common::telemetry::meter;

/// Instruments of one worker; cheap to clone.
#[derive(Clone, Debug)]
pub(crate) struct Metrics {
    verdicts: Counter<u64>,
    end_to_end: Histogram<f64>,
    batch_size: Histogram<u64>,
    commit: Histogram<f64>,
    lock_wait: Histogram<f64>,
    lock_busy: Counter<u64>,
    lockless: Counter<u64>,
    optimistic_conflicts: Counter<u64>,
    retries: Counter<u64>,
    deferrals: Counter<u64>,
    dead_letters: Counter<u64>,
    suspects: Counter<u64>,
    newer: Counter<u64>,
    unrouted: Counter<u64>,
    queue_depth: Gauge<u64>,
    consumers: Gauge<u64>,
    oldest: Gauge<f64>,
    breaker_open: Gauge<u64>,
    overdue: Gauge<u64>,
    fetches: Counter<u64>,
}

impl Metrics {
    pub(crate) fn new() -> Self {
        let meter = meter();
        let counter = |name, about| meter.u64_counter(name).with_description(about).build();
        let gauge = |name, about| meter.u64_gauge(name).with_description(about).build();
        let seconds = |name, about| {
            meter
                .f64_histogram(name)
                .with_unit("s")
                .with_description(about)
                .build()
        };
        Self {
            verdicts: counter("waybill.verdicts", "how events ended"),
            end_to_end: seconds("waybill.end_to_end", "from received to committed"),
            batch_size: meter
                .u64_histogram("waybill.batch.size")
                .with_description("events in a batch")
                .build(),
            commit: seconds("waybill.commit", "a batch's transactions"),
            lock_wait: seconds("waybill.lock.wait", "from busy to locked or deferred"),
            lock_busy: counter("waybill.lock.busy", "events whose order was locked by others"),
            lockless: counter("waybill.lock.unavailable", "batches that went on without locks"),
            optimistic_conflicts: counter(
                "waybill.optimistic_conflicts",
                "events whose order changed under them",
            ),
            retries: counter("waybill.retries", "retries, by level"),
            deferrals: counter("waybill.deferrals", "events put off without being at fault"),
            dead_letters: counter("waybill.dead_letters", "events given up"),
            suspects: counter("waybill.suspects", "messages to be processed alone"),
            newer: counter("waybill.unknown_versions", "messages of a newer Waybill"),
            unrouted: counter("waybill.unrouted", "topology incidents"),
            queue_depth: gauge("waybill.queue.depth", "messages ready"),
            consumers: gauge("waybill.consumers", "consumers of a queue"),
            oldest: meter
                .f64_gauge("waybill.oldest_in_hand")
                .with_unit("s")
                .with_description("age of the oldest delivery in hand")
                .build(),
            breaker_open: gauge("waybill.breaker.open", "1 while consumption is paused"),
            overdue: gauge("waybill.retries.overdue", "retries long due that did not come back"),
            fetches: counter(
                "waybill.fetches",
                "questions to providers about hints, and how they ended",
            ),
        }
    }

    pub(crate) fn settled(&self, source: &str, verdict: Verdict) {
        let labels = [
            KeyValue::new("source", source.to_owned()),
            KeyValue::new("verdict", verdict.as_str()),
        ];
        self.verdicts.add(1, &labels);
    }

    pub(crate) fn committed(&self, received_at: Timestamp, now: Timestamp) {
        let micros = now.micros().saturating_sub(received_at.micros()).max(0);
        let took = Duration::from_micros(micros.unsigned_abs());
        self.end_to_end.record(took.as_secs_f64(), &[]);
    }

    pub(crate) fn batch(&self, events: usize, took: Duration) {
        self.batch_size.record(count(events), &[]);
        self.commit.record(took.as_secs_f64(), &[]);
    }

    pub(crate) fn lock_busy(&self, events: usize) {
        self.lock_busy.add(count(events), &[]);
    }

    pub(crate) fn lock_waited(&self, waited: Duration) {
        self.lock_wait.record(waited.as_secs_f64(), &[]);
    }

    pub(crate) fn lockless(&self) {
        self.lockless.add(1, &[]);
    }

    pub(crate) fn missed(&self, events: usize) {
        self.optimistic_conflicts.add(count(events), &[]);
    }

    /// `delay_ms` tells the level.
    pub(crate) fn retried(&self, delay_ms: u64) {
        self.retries
            .add(1, &[KeyValue::new("delay_ms", delay_ms.to_string())]);
    }

    pub(crate) fn deferred(&self) {
        self.deferrals.add(1, &[]);
    }

    pub(crate) fn buried(&self, reason: &'static str) {
        self.dead_letters.add(1, &[KeyValue::new("reason", reason)]);
    }

    pub(crate) fn suspected(&self) {
        self.suspects.add(1, &[]);
    }

    pub(crate) fn newer(&self) {
        self.newer.add(1, &[]);
    }

    pub(crate) fn unrouted(&self) {
        self.unrouted.add(1, &[]);
    }

    pub(crate) fn queue(&self, name: String, ready: u32, consumers: u32) {
        let labels = [KeyValue::new("queue", name)];
        self.queue_depth.record(ready.into(), &labels);
        self.consumers.record(consumers.into(), &labels);
    }

    pub(crate) fn oldest_in_hand(&self, age: Duration) {
        self.oldest.record(age.as_secs_f64(), &[]);
    }

    pub(crate) fn breaker(&self, open: bool) {
        self.breaker_open.record(open.into(), &[]);
    }

    pub(crate) fn fetched(&self, outcome: &'static str) {
        self.fetches.add(1, &[KeyValue::new("outcome", outcome)]);
    }

    pub(crate) fn overdue(&self, events: u64) {
        self.overdue.record(events, &[]);
    }
}

fn count(events: usize) -> u64 {
    u64::try_from(events).unwrap_or(u64::MAX)
}
