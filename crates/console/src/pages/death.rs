//! Why letters are dead, for people (docs/OPERATIONS.md).

use waybill_common::storage::dead_letters::DeathReason;

use super::badge::{Badge, words};

/// A reason, as the lists and the letter's page have it.
pub(super) struct Death {
    pub(super) badge: Badge,
    pub(super) meaning: &'static str,
}

impl Death {
    /// A reason that a newer worker writes is shown without a meaning.
    pub(super) fn new(name: &str) -> Self {
        Self { badge: Badge::death(name), meaning: name.parse().map_or("", meaning) }
    }
}

fn meaning(reason: DeathReason) -> &'static str {
    match reason {
        DeathReason::Unusable => {
            "Authentic, but not understood: the source's configuration or the adapter has to be mended."
        }
        DeathReason::Undecodable => {
            "Not a message of ours, so nothing can be read from it: find out who puts such into the queues."
        }
        DeathReason::Exhausted => "Failed at every try: the error says at what.",
        DeathReason::Refused => "The database refused what it says: the error names the rule.",
        DeathReason::Crashed => "Workers died with it in hand.",
    }
}

/// How far the replay of a letter has come.
pub(super) fn replay_state(name: &str) -> &str {
    match name {
        "none" => "not replayed",
        "replaying" => "being replayed",
        other => other,
    }
}

/// The same, with its colour.
pub(super) fn replay_badge(name: &str) -> Badge {
    let tone = match name {
        "none" => "warn",
        "replaying" => "info",
        "replayed" => "good",
        _ => "plain",
    };
    Badge { tone, text: words(replay_state(name)) }
}
