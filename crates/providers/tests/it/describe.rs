//! Events as one line each, so that a table of them can be read.

use waybill_common::domain::{Effect, Fact, Mode, Snapshot};
use waybill_providers::Parsed;

/// What an event says, without who said it.
pub(crate) fn effect(event: &Parsed) -> String {
    match &event.effect {
        Effect::Facts { facts: said } => facts(said),
        Effect::Snapshot { snapshot: said, facts: more } if more.is_empty() => snapshot(said),
        Effect::Snapshot { snapshot: said, facts: more } => {
            format!("{}; {}", snapshot(said), facts(more))
        }
        Effect::Hint { hint } => format!("hint {} at {}", hint.object, hint.at),
        Effect::Control { control } => format!("control {control}"),
        Effect::Ignored { reason } => format!("ignored: {reason}"),
        Effect::Unusable { reason } => format!("unusable: {reason}"),
    }
}

/// Under which names the event's order is known.
pub(crate) fn references(event: &Parsed) -> String {
    event
        .order_refs
        .iter()
        .map(|reference| reference.name.as_str())
        .collect::<Vec<_>>()
        .join(" ")
}

fn facts(facts: &[Fact]) -> String {
    facts.iter().map(fact).collect::<Vec<_>>().join("; ")
}

fn fact(fact: &Fact) -> String {
    let mut words = vec![word(&fact.op), word(&fact.outcome)];
    words.extend(fact.partial.then(|| "in part".to_owned()));
    words.extend(fact.amount.map(|amount| amount.to_string()));
    words.extend((fact.mode == Mode::Cumulative).then(|| "in all".to_owned()));
    words.push(format!("by {}", fact.op_ref));
    words.extend(
        fact.group
            .as_ref()
            .filter(|group| **group != fact.op_ref)
            .map(|group| format!("of {group}")),
    );
    words.extend(fact.group.is_none().then(|| "alone".to_owned()));
    words.extend((fact.first != 0).then(|| format!("at {}", fact.first)));
    words.extend(fact.reason.as_ref().map(|reason| format!("for {reason}")));
    words.extend((fact.book != "payments").then(|| format!("in book {}", fact.book)));
    words.join(" ")
}

fn snapshot(said: &Snapshot) -> String {
    let mut words = vec![format!("{} at {}", said.object, said.first)];
    words.extend(said.lifecycle.map(|state| word(&state)));
    words.extend(said.payment.map(|state| word(&state)));
    words.extend(said.fulfilment.map(|state| word(&state)));
    words.extend(said.total.map(|amount| format!("total {amount}")));
    words.extend(said.captured.map(|amount| format!("captured {amount}")));
    words.extend(said.refunded.map(|amount| format!("refunded {amount}")));
    words.extend(said.deleted.map(|deleted| format!("deleted {deleted}")));
    format!("{} in book {}", words.join(" "), said.book)
}

/// The word that stands in JSON.
fn word(value: &impl serde::Serialize) -> String {
    let json = serde_json::to_value(value).expect("unit variants have a form");
    json.as_str().unwrap_or_default().to_owned()
}
