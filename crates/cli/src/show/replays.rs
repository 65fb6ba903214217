//! Replays of many letters, for people.

use std::collections::BTreeMap;

use waybill_common::storage::replays::Outcome;
use waybill_replay::preview::{OrderName, PreviewedOrder, ReplayPreview};
use waybill_replay::view::{ReplayCounts, ReplayView};

use super::{at, cell, changes, color_of, maybe, plain, word};
use crate::output::{Output, table};

/// Ways of ending that are shown: a rule may name a webhook, and then each letter has its own.
const OUTCOMES_MAX: usize = 20;

pub(crate) fn list(replays: &[ReplayView], output: &Output) -> String {
    let rows = replays.iter().map(|replay| {
        [
            cell(&at(replay.created_at)),
            word(&replay.state, output),
            cell(&progress(replay)),
            cell(&counts(&replay.counts)),
            cell(&filter(replay)),
            cell(&replay.actor),
            cell(&replay.reason),
            cell(&replay.id.to_string()),
        ]
    });
    table(["asked for", "state", "letters", "outcomes", "filter", "by", "reason", "id"], rows)
}

pub(crate) fn one(replay: &ReplayView, output: &Output) -> String {
    let lines = [
        ("replay", Some(replay.id.to_string())),
        ("state", Some(output.paint(&replay.state, color_of(&replay.state)))),
        ("letters", Some(progress(replay))),
        ("outcomes", Some(counts(&replay.counts))),
        (
            "left",
            replay
                .seconds_left
                .map(|seconds| format!("about {seconds} s")),
        ),
        ("filter", Some(filter(replay))),
        ("rate", Some(format!("{} in a second", replay.rate))),
        ("by", Some(format!("{} ({})", plain(&replay.actor), plain(&replay.origin)))),
        ("reason", Some(plain(&replay.reason))),
        ("asked for", Some(at(replay.created_at))),
        ("begun", replay.started_at.map(at)),
        ("counted", Some(at(replay.updated_at))),
        ("ended", replay.finished_at.map(at)),
        ("error", replay.last_error.as_deref().map(plain)),
    ];
    let told = lines
        .into_iter()
        .filter_map(|(name, value)| value.map(|value| format!("{name:<10} {value}")));
    told.collect::<Vec<_>>().join("\n")
}

fn progress(replay: &ReplayView) -> String {
    format!("{} of {}", replay.done, replay.matched)
}

fn filter(replay: &ReplayView) -> String {
    let narrowed = replay
        .filter
        .as_object()
        .is_some_and(|filter| !filter.is_empty());
    if narrowed { plain(&replay.filter.to_string()) } else { "all".to_owned() }
}

/// Those that there are.
fn counts(counts: &ReplayCounts) -> String {
    let told: Vec<String> = Outcome::ALL
        .iter()
        .filter(|outcome| counts.of(**outcome) > 0)
        .map(|outcome| format!("{} {}", counts.of(*outcome), name_of(*outcome)))
        .collect();
    if told.is_empty() { "none yet".to_owned() } else { told.join(", ") }
}

fn name_of(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::NoChange => "no change",
        Outcome::Elsewhere => "replayed elsewhere",
        Outcome::Applied
        | Outcome::Duplicate
        | Outcome::Conflict
        | Outcome::Ignored
        | Outcome::Unusable
        | Outcome::Missed => outcome.as_str(),
    }
}

pub(crate) fn preview(preview: &ReplayPreview) -> String {
    let mut parts = vec![format!("{} letters would be replayed", preview.matched)];
    if preview.is_sample {
        parts.push(format!(
            "the oldest {} were looked at; what follows is not all",
            preview.examined
        ));
    }
    if preview.examined > 0 {
        parts.push(outcomes(preview));
    }
    match preview.orders.is_empty() {
        true => parts.push("no order would change".to_owned()),
        false => parts.push(orders(&preview.orders)),
    }
    parts.join("\n")
}

/// Letters by how they would end and why, the most first.
fn outcomes(preview: &ReplayPreview) -> String {
    let mut letters: BTreeMap<(&str, &str), usize> = BTreeMap::new();
    for letter in &preview.letters {
        *letters
            .entry((letter.outcome.as_str(), letter.rule.as_str()))
            .or_default() += 1;
    }
    let mut letters: Vec<_> = letters.into_iter().collect();
    letters.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
    let more = letters.len().saturating_sub(OUTCOMES_MAX);
    let rows = letters
        .into_iter()
        .take(OUTCOMES_MAX)
        .map(|((outcome, rule), count)| [cell(&count.to_string()), cell(outcome), cell(rule)]);
    let table = table(["letters", "would be", "by"], rows);
    if more == 0 { table } else { format!("{table}\nand {more} more, which --json shows") }
}

/// Orders that would change.
pub(super) fn orders(orders: &[PreviewedOrder]) -> String {
    let rows = orders.iter().map(|order| {
        let mut changed: Vec<String> = changes(&order.changed, order.currency.as_deref()).collect();
        if let Some(into) = &order.absorbed_into {
            changed.insert(0, format!("becomes part of {}", name(into)));
        }
        let id = order
            .order_id
            .map_or_else(|| "would begin".to_owned(), |id| id.to_string());
        [maybe(order.external_id.as_deref()), cell(&id), lines(&changed)]
    });
    table(["order", "id", "would change"], rows)
}

/// Each on a line of its own.
fn lines(lines: &[String]) -> comfy_table::Cell {
    let lines: Vec<String> = lines.iter().map(|line| plain(line)).collect();
    comfy_table::Cell::new(lines.join("\n"))
}

fn name(name: &OrderName) -> String {
    match (&name.external_id, name.order_id) {
        (Some(external), _) => external.clone(),
        (None, Some(id)) => id.to_string(),
        (None, None) => "an order that would begin".to_owned(),
    }
}
