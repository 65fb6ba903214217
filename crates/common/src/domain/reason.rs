//! The one sentence that a verdict comes with: it names the rule, so that a person can see why.

use uuid::Uuid;

use super::{ADMIN, Effect, Fact, Flag, Status, Told};

/// `applied`: the join learnt something.
#[must_use]
pub fn applied(told: &Told<'_>, from: Option<Status>, to: Status) -> String {
    let step = match from {
        Some(from) if from == to => format!("the order stays {to}"),
        Some(from) => format!("the order goes from {from} to {to}"),
        None => format!("the order begins as {to}"),
    };
    format!("{}the join learnt: {}; {step}", speaker(told), gist(told.effect))
}

/// `no_change`: authentic and new, but nothing was learnt.
#[must_use]
pub fn no_change(told: &Told<'_>) -> String {
    format!(
        "{}the join already knew as much, or something that takes precedence over: {}",
        speaker(told),
        gist(told.effect)
    )
}

/// `duplicate`: the event key is taken by an event that meant the same.
#[must_use]
pub fn duplicate(first: Uuid) -> String {
    format!("the key and the hash of webhook {first}, which stands: counted once")
}

/// `conflict`: the event key is taken by an event that meant something else.
#[must_use]
pub fn contradicted_key(first: Uuid) -> String {
    format!("the key of webhook {first} with another body: the first stands")
}

/// `conflict`: the event names two orders of the merchant, which are never merged.
#[must_use]
pub fn two_orders(other: &str) -> String {
    format!("names this order and {other}: two orders of the merchant are never merged")
}

/// `conflict`: a reference, or a transaction, belongs to an order already.
#[must_use]
pub fn claimed_reference(reference: &str, other: &str) -> String {
    format!(
        "{} belongs to this order and is claimed for {other}: the first stands",
        short(reference)
    )
}

/// Of a row of kind `absorb`.
#[must_use]
pub fn absorb(other: Uuid) -> String {
    format!("an event links this order with {other}: they are one, and this one goes on")
}

/// Of a row of kind `absorbed`.
#[must_use]
pub fn absorbed(into: Uuid) -> String {
    format!("an event links this order with {into}: they are one, and that one goes on")
}

/// Of a row of kind `acknowledge`.
#[must_use]
pub fn acknowledged(flag: Flag, actor: &str, why: &str) -> String {
    format!("{ADMIN}: {actor} has seen what raises {flag}: {why}")
}

/// Of a row of kind `part`.
#[must_use]
pub fn part(name: &str, other: Uuid, actor: &str, why: &str) -> String {
    let name = short(name);
    format!(
        "{ADMIN}: {actor} undid the link with {name}, which counts for {other} from now on: {why}"
    )
}

/// Of a row of kind `parted`, and of rows by which orders that the other one had absorbed follow.
#[must_use]
pub fn parted(name: &str, other: Uuid, actor: &str, why: &str) -> String {
    let name = short(name);
    format!("{ADMIN}: {actor} undid the link of {name} with {other}: {why}")
}

/// What is added where an event tells names that an operator has parted from its others.
#[must_use]
pub fn disregarded(names: &[&str]) -> String {
    let names: Vec<&str> = names.iter().map(|name| short(name)).collect();
    format!("; an operator undid the link with {}, which is not believed", names.join(" and "))
}

/// Operators' corrections are told from what senders say.
fn speaker(told: &Told<'_>) -> &'static str {
    if told.source == ADMIN { "admin: " } else { "" }
}

/// The verdict's sentence of an event that tells an order nothing, or what it tells.
fn gist(effect: &Effect) -> String {
    match effect {
        Effect::Facts { facts } => of_facts(facts),
        Effect::Snapshot { snapshot, facts } if facts.is_empty() => {
            format!("a snapshot of {}", short(&snapshot.object))
        }
        Effect::Snapshot { snapshot, facts } => {
            format!("a snapshot of {} and {}", short(&snapshot.object), of_facts(facts))
        }
        Effect::Hint { hint } => format!("{} changed, ask its provider", short(&hint.object)),
        Effect::Control { control } => format!("a message of control ({})", short(control)),
        Effect::Ignored { reason } | Effect::Unusable { reason } => short(reason).to_owned(),
    }
}

fn of_facts(facts: &[Fact]) -> String {
    let named: Vec<String> = facts.iter().take(SAID_MAX).map(of_fact).collect();
    let rest = facts.len().saturating_sub(SAID_MAX);
    match (named.is_empty(), rest) {
        (true, _) => "nothing".into(),
        (false, 0) => named.join(" and "),
        (false, rest) => format!("{} and {rest} more", named.join(", ")),
    }
}

fn of_fact(fact: &Fact) -> String {
    let amount = fact
        .amount
        .map_or_else(String::new, |amount| format!(", {amount}"));
    format!("{} {} {}{amount}", fact.op, short(&fact.op_ref), fact.outcome)
}

/// Facts named in one sentence.
const SAID_MAX: usize = 3;

/// A sender's text within a sentence of ours, cut where it would drown it.
fn short(text: &str) -> &str {
    const CHARACTERS_MAX: usize = 80;
    match text.char_indices().nth(CHARACTERS_MAX) {
        Some((end, _)) => &text[..end],
        None => text,
    }
}

#[cfg(test)]
mod tests;
