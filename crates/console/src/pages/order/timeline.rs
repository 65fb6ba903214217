//! A picture of a trail: when things happened above, when they were recorded below, each event a line between the two.
//! Lines that cross tell that something came out of order. Drawn by rank, not by the clock: events of one payment lie
//! milliseconds apart, those of its refund weeks.

use waybill_common::domain::audit::{Kind, Row};

use crate::pages::badge::Badge;
use crate::pages::moment::Moment;

/// As many events are drawn, the newest ones.
const MARKS_MAX: usize = 40;
/// In units of the picture: before the first event and after the last, the width that is filled where that leaves room
/// between two of them, and what lies between two in any case and at most.
const MARGIN: usize = 28;
const WIDTH: usize = 960;
const STEP_MIN: usize = 48;
const STEP_MAX: usize = 140;

pub(in crate::pages) struct Timeline {
    pub(super) width: usize,
    pub(super) marks: Vec<Mark>,
    /// The same in words.
    pub(super) told: String,
    pub(super) first_happened: Moment,
    pub(super) last_happened: Moment,
    pub(super) first_recorded: Moment,
    pub(super) last_recorded: Moment,
}

pub(in crate::pages) struct Mark {
    pub(super) seq: i64,
    pub(super) tone: &'static str,
    pub(super) happened_x: usize,
    pub(super) recorded_x: usize,
    /// Something that happened later was recorded before it.
    pub(super) late: bool,
    pub(super) title: String,
}

impl Timeline {
    /// Of a trail, the oldest row first. Absent where there is nothing to compare.
    pub(super) fn of(rows: &[Row]) -> Option<Self> {
        let mut events: Vec<&Row> = rows
            .iter()
            .filter(|row| row.record.kind == Kind::Event)
            .collect();
        let events = events.split_off(events.len().saturating_sub(MARKS_MAX));
        let mut happened = events.clone();
        happened.sort_by_key(|row| (row.record.occurred_at, row.record.seq));
        let (first, last) = (events.first()?, events.last()?);
        let marks = marks(&events, &happened);
        let late: Vec<String> = marks
            .iter()
            .filter(|mark| mark.late)
            .map(|mark| format!("#{}", mark.seq))
            .collect();
        Some(Self {
            width: 2 * MARGIN + step(events.len()) * (events.len() - 1),
            told: told(events.len(), &late),
            first_happened: happened.first()?.record.occurred_at.to_datetime().into(),
            last_happened: happened.last()?.record.occurred_at.to_datetime().into(),
            first_recorded: first.record.recorded_at.to_datetime().into(),
            last_recorded: last.record.recorded_at.to_datetime().into(),
            marks,
        })
    }
}

fn step(events: usize) -> usize {
    let ways = events.saturating_sub(1).max(1);
    (WIDTH / ways).clamp(STEP_MIN, STEP_MAX)
}

fn marks(events: &[&Row], happened: &[&Row]) -> Vec<Mark> {
    let mut latest = None;
    let step = step(events.len());
    let x = |rank: usize| MARGIN + step * rank;
    events
        .iter()
        .enumerate()
        .map(|(rank, row)| {
            let record = &row.record;
            let late = latest.is_some_and(|latest| record.occurred_at < latest);
            latest = latest.max(Some(record.occurred_at));
            let found = happened
                .iter()
                .position(|other| other.record.seq == record.seq);
            Mark {
                seq: record.seq,
                tone: Badge::verdict(Some(record.verdict.as_str())).tone,
                happened_x: x(found.unwrap_or(rank)),
                recorded_x: x(rank),
                late,
                title: format!("#{} {} ({})", record.seq, record.native_type, record.source),
            }
        })
        .collect()
}

fn told(events: usize, late: &[String]) -> String {
    match (events, late) {
        (1, _) => "One event was recorded.".to_owned(),
        (events, []) => {
            format!("All {events} events were recorded in the order in which they happened.")
        }
        (events, [one]) => {
            format!("{one} of {events} events was recorded after something that happened later.")
        }
        (events, late) => format!(
            "{} of {events} events were recorded after something that happened later: {}.",
            late.len(),
            late.join(", ")
        ),
    }
}

#[cfg(test)]
mod tests;
