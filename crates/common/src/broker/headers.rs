//! The headers a message of ours may carry: an allow-list, so that nothing of RabbitMQ's own bookkeeping is ever copied.
//!
//! RabbitMQ before 4.0 believes an `x-death` that a client publishes; a copied one wedges a retry queue for good
//! (BROKER.md, section 2). What is not a field here cannot be written.

use lapin::types::{AMQPValue, FieldTable, ShortString};
use uuid::Uuid;

const ATTEMPT: &str = "waybill-attempt";
const DEFER: &str = "waybill-defer";
const REPLAY: &str = "waybill-replay";
const TRACEPARENT: &str = "traceparent";
const TRACESTATE: &str = "tracestate";

/// W3C Trace Context asks for at least 512 characters of `tracestate`; longer text is dropped, not cut.
const TRACE_TEXT_MAX: usize = 512;

/// Absent numbers are 0, and 0 is not written.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Headers {
    /// Tries that this event itself failed.
    pub attempt: u16,
    /// How often it was put off without being at fault: lock busy, version missed.
    pub defer: u16,
    /// The operator's replay that sent it.
    pub replay: Option<Uuid>,
    /// W3C Trace Context.
    pub traceparent: Option<String>,
    pub tracestate: Option<String>,
}

impl Headers {
    /// The AMQP headers.
    #[must_use]
    pub fn encode(&self) -> FieldTable {
        let mut table = FieldTable::default();
        let numbers = [(ATTEMPT, self.attempt), (DEFER, self.defer)];
        for (name, number) in numbers.into_iter().filter(|(_, number)| *number > 0) {
            table.insert(name.into(), AMQPValue::LongInt(number.into()));
        }
        let replay = self.replay.map(|id| id.to_string());
        let texts = [
            (REPLAY, replay.as_deref()),
            (TRACEPARENT, self.traceparent.as_deref()),
            (TRACESTATE, self.tracestate.as_deref()),
        ];
        for (name, text) in texts {
            if let Some(text) = text.filter(|text| text.len() <= TRACE_TEXT_MAX) {
                table.insert(name.into(), AMQPValue::LongString(text.into()));
            }
        }
        table
    }

    /// Reads what we understand of any message's headers and forgets the rest; never fails.
    #[must_use]
    pub fn decode(table: Option<&FieldTable>) -> Self {
        let Some(table) = table else {
            return Self::default();
        };
        Self {
            attempt: number(table, ATTEMPT),
            defer: number(table, DEFER),
            replay: text(table, REPLAY).and_then(|text| Uuid::parse_str(&text).ok()),
            traceparent: text(table, TRACEPARENT),
            tracestate: text(table, TRACESTATE),
        }
    }
}

/// `x-delivery-count` as RabbitMQ counts it: absent on the first delivery, which is 0.
pub(super) fn delivery_count(table: Option<&FieldTable>) -> u32 {
    let count = table
        .and_then(|table| table.inner().get("x-delivery-count"))
        .and_then(integer);
    count.map_or(0, |count| u32::try_from(count.max(0)).unwrap_or(u32::MAX))
}

fn number(table: &FieldTable, name: &str) -> u16 {
    let number = table.inner().get(name).and_then(integer);
    number.map_or(0, |number| u16::try_from(number.max(0)).unwrap_or(u16::MAX))
}

#[expect(clippy::wildcard_enum_match_arm, reason = "whatever else AMQP has or gets is not text")]
fn text(table: &FieldTable, name: &str) -> Option<String> {
    let bytes = match table.inner().get::<ShortString>(&name.into())? {
        AMQPValue::LongString(text) => text.as_bytes(),
        AMQPValue::ShortString(text) => text.as_str().as_bytes(),
        _ => return None,
    };
    let text = std::str::from_utf8(bytes).ok()?;
    (text.len() <= TRACE_TEXT_MAX).then(|| text.to_owned())
}

/// Other clients choose other widths for the same number.
#[expect(
    clippy::wildcard_enum_match_arm,
    reason = "whatever else AMQP has or gets is not a whole number"
)]
fn integer(value: &AMQPValue) -> Option<i64> {
    match value {
        AMQPValue::ShortShortInt(number) => Some((*number).into()),
        AMQPValue::ShortShortUInt(number) => Some((*number).into()),
        AMQPValue::ShortInt(number) => Some((*number).into()),
        AMQPValue::ShortUInt(number) => Some((*number).into()),
        AMQPValue::LongInt(number) => Some((*number).into()),
        AMQPValue::LongUInt(number) => Some((*number).into()),
        AMQPValue::LongLongInt(number) => Some(*number),
        _ => None,
    }
}

#[cfg(test)]
mod tests;
