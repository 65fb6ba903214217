//! Dead letters, for people.

use waybill_operate::dead_letters::{DeadLetterView, GroupView};
use waybill_replay::one::ReplayResult;
use waybill_replay::preview::Preview;

use super::{at, cell, color_of, plain, replays, word};
use crate::output::{Output, table};

pub(crate) fn list(letters: &[DeadLetterView], output: &Output) -> String {
    let rows = letters.iter().map(|letter| {
        [
            cell(&at(letter.received_at)),
            cell(&letter.source),
            cell(&letter.reason),
            cell(&letter.error),
            cell(&at(letter.last_failed_at)),
            word(&letter.replay_state, output),
            cell(&letter.webhook_id.to_string()),
        ]
    });
    let heading = ["received", "source", "reason", "error", "failed last", "replay", "webhook"];
    table(heading, rows)
}

pub(crate) fn groups(groups: &[GroupView]) -> String {
    let rows = groups.iter().map(|group| {
        [
            cell(&group.source),
            cell(&group.reason),
            cell(&group.letters.to_string()),
            cell(&at(group.first_failed_at)),
            cell(&at(group.last_failed_at)),
        ]
    });
    table(["source", "reason", "letters", "failed first", "failed last"], rows)
}

pub(crate) fn one(letter: &DeadLetterView, output: &Output) -> String {
    let state = output.paint(&letter.replay_state, color_of(&letter.replay_state));
    let replays = match letter.replayed_at {
        Some(last) => format!("{state}; begun so far: {}, last {}", letter.replays, at(last)),
        None => state,
    };
    let lines = [
        ("webhook", letter.webhook_id.to_string()),
        ("source", plain(&letter.source)),
        ("reason", plain(&letter.reason)),
        ("error", plain(&letter.error)),
        ("attempts", letter.attempts.to_string()),
        ("received", at(letter.received_at)),
        ("failed", format!("{} to {}", at(letter.first_failed_at), at(letter.last_failed_at))),
        ("replay", replays),
    ];
    let told: Vec<String> = lines
        .into_iter()
        .map(|(name, value)| format!("{name:<10} {value}"))
        .collect();
    told.join("\n")
}

pub(crate) fn preview(preview: &Preview, output: &Output) -> String {
    let verdict = output.paint(&preview.verdict, color_of(&preview.verdict));
    let would =
        format!("{} would end {verdict}: {}", plain(&preview.native_type), plain(&preview.rule));
    match preview.effects.is_empty() {
        true => format!("{would}\nno order would change"),
        false => format!("{would}\n{}", replays::orders(&preview.effects)),
    }
}

pub(crate) fn replayed(replayed: &ReplayResult, output: &Output) -> String {
    let verdict = output.paint(&replayed.verdict, color_of(&replayed.verdict));
    let order = replayed
        .order_id
        .map_or(String::new(), |id| format!("\nwaybill orders show {id}"));
    format!("{verdict}: {}{order}", plain(&replayed.rule))
}
