//! Letters by what became of them when they were replayed, or would.

use waybill_common::storage::replays::Outcome;
use waybill_replay::view::ReplayCounts;

use super::badge::Badge;

/// So many letters ended so.
pub(super) struct OutcomeCount {
    /// As the API and the stream call it.
    pub(super) key: &'static str,
    pub(super) badge: Badge,
    pub(super) meaning: &'static str,
    pub(super) letters: i64,
}

/// Every outcome, in the order that people ask for them.
pub(super) fn outcomes(counts: &ReplayCounts) -> Vec<OutcomeCount> {
    let count = |outcome: &Outcome| OutcomeCount {
        key: outcome.as_str(),
        badge: Badge::outcome(outcome.as_str()),
        meaning: meaning(*outcome),
        letters: counts.of(*outcome),
    };
    Outcome::ALL.iter().map(count).collect()
}

fn meaning(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Applied => "It counts, and an order changes.",
        Outcome::NoChange => "It counts, and says nothing that was not known.",
        Outcome::Duplicate => "Its sender sent it again, and that one counted.",
        Outcome::Conflict => {
            "It contradicts what came under the same key. The first stands; the order says so."
        }
        Outcome::Ignored => "It is about nothing that Waybill keeps.",
        Outcome::Unusable => "Dead as before: it cannot be used today either.",
        Outcome::Elsewhere => "Somebody else replayed it.",
        Outcome::Missed => {
            "Dead as before: somebody else was at it or its order, or a statement failed."
        }
    }
}
