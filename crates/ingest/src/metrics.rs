//! What ingest counts. Labels come from closed sets: configured names, reasons, positions.

use std::time::Duration;

use opentelemetry::KeyValue;
use opentelemetry::metrics::{Counter, Gauge, Histogram, UpDownCounter};
use waybill_common::domain::Timestamp;
use waybill_common::telemetry::meter;
use waybill_providers::Verified;

use crate::pressure::Pressure;

/// The label of requests that belong to no configured source.
pub const NO_SOURCE: &str = "none";

/// Every instrument.
#[derive(Clone)]
pub struct Metrics {
    accepted: Counter<u64>,
    repeats: Counter<u64>,
    rejected: Counter<u64>,
    accept: Histogram<f64>,
    in_flight: UpDownCounter<i64>,
    secret_used: Counter<u64>,
    signature_skew: Gauge<i64>,
    certificates: Counter<u64>,
    reloads: Counter<u64>,
    pressure: Gauge<u64>,
}

impl Default for Metrics {
    fn default() -> Self {
        let meter = meter();
        Self {
            accepted: meter
                .u64_counter("waybill.accepted")
                .with_description("Events that the broker has confirmed and the sender was told so")
                .build(),
            repeats: meter
                .u64_counter("waybill.repeats")
                .with_description("Events that were known and not published again")
                .build(),
            rejected: meter
                .u64_counter("waybill.rejected")
                .with_description("Requests that were refused, by reason")
                .build(),
            accept: meter
                .f64_histogram("waybill.accept")
                .with_unit("s")
                .with_description("From the end of the body to the answer")
                .build(),
            in_flight: meter
                .i64_up_down_counter("waybill.in_flight")
                .with_description("Requests being worked on")
                .build(),
            secret_used: meter
                .u64_counter("waybill.secret_used")
                .with_description("Which of a source's secrets matched, counted from 0")
                .build(),
            signature_skew: meter
                .i64_gauge("waybill.signature_skew")
                .with_unit("s")
                .with_description("Our clock minus the time that the last sender signed")
                .build(),
            pressure: meter
                .u64_gauge("waybill.pressure")
                .with_description("How much is refused for load: 0 nothing, 1 to 3 more and more, 4 everything")
                .build(),
            certificates: meter
                .u64_counter("waybill.certificates")
                .with_description("Certificates that were fetched to verify requests, and whether they were believed")
                .build(),
            reloads: meter
                .u64_counter("waybill.reloads")
                .with_description("Configurations that were read again, and whether they were taken over or refused")
                .build(),
        }
    }
}

impl Metrics {
    pub fn accepted(&self, source: &str, events: usize, took: Duration) {
        let labels = [label("source", source)];
        self.accepted
            .add(u64::try_from(events).unwrap_or(u64::MAX), &labels);
        self.accept.record(took.as_secs_f64(), &labels);
    }

    pub fn repeated(&self, source: &str, events: usize) {
        self.repeats
            .add(u64::try_from(events).unwrap_or(u64::MAX), &[label("source", source)]);
    }

    pub fn rejected(&self, source: &str, reason: &'static str) {
        self.rejected
            .add(1, &[label("source", source), KeyValue::new("reason", reason)]);
    }

    pub fn verified(&self, source: &str, verified: &Verified, now: Timestamp) {
        if let Some(secret) = verified.secret.or(verified.token) {
            let position = i64::try_from(secret).unwrap_or(i64::MAX);
            self.secret_used
                .add(1, &[label("source", source), KeyValue::new("secret", position)]);
        }
        if let Some(signed_at) = verified.signed_at {
            self.signature_skew
                .record(now.seconds() - signed_at.seconds(), &[label("source", source)]);
        }
    }

    pub fn certificate(&self, source: &str, believed: bool) {
        let outcome = if believed { "believed" } else { "refused" };
        self.certificates
            .add(1, &[label("source", source), KeyValue::new("outcome", outcome)]);
    }

    pub fn pressure(&self, pressure: Pressure) {
        self.pressure.record(pressure.level().into(), &[]);
    }

    pub fn reloaded(&self, taken_over: bool) {
        let outcome = if taken_over { "taken_over" } else { "refused" };
        self.reloads.add(1, &[KeyValue::new("outcome", outcome)]);
    }

    /// One more request is being worked on, until the returned value goes.
    #[must_use]
    pub fn request_begins(&self) -> InFlight {
        self.in_flight.add(1, &[]);
        InFlight(self.in_flight.clone())
    }
}

/// One request being worked on.
pub struct InFlight(UpDownCounter<i64>);

impl Drop for InFlight {
    fn drop(&mut self) {
        self.0.add(-1, &[]);
    }
}

fn label(name: &'static str, value: &str) -> KeyValue {
    KeyValue::new(name, value.to_owned())
}
