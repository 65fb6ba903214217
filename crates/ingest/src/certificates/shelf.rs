//! What is known of each certificate that was asked for. Pure: what happens next is an answer, not a deed.

use std::collections::HashMap;
use std::sync::Arc;

use tokio::sync::watch;
use waybill_common::domain::Timestamp;

/// After a failure nobody asks again for so long.
pub(super) const REFUSED_FOR_SECONDS: i64 = 60;
/// Then what was believed is fetched again.
const KEPT_FOR_SECONDS: i64 = 24 * 3600;
/// Addresses that are remembered, whatever came of them; more than this forgets the one that was heard of first.
const ADDRESSES_MAX: usize = 256;

/// One certificate, wanted for one source, whose roots decide.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Wanted {
    pub(super) source: String,
    pub(super) address: String,
}

#[derive(Default)]
pub(super) struct Shelf(HashMap<Wanted, Known>);

struct Known {
    since: Timestamp,
    /// PEM that the adapter believed once.
    believed: Option<Arc<[u8]>>,
    state: State,
}

enum State {
    /// Somebody is fetching it; true once it is over.
    Fetching(watch::Receiver<bool>),
    Kept,
    Refused,
}

/// What the one who asks is to do.
pub(super) enum Step {
    Learn(Arc<[u8]>),
    Wait(watch::Receiver<bool>),
    Fetch(watch::Sender<bool>, watch::Receiver<bool>),
    GoWithout,
}

impl Shelf {
    /// Decides, and notes a fetch that begins. The budget is asked only where one would, for an address that was never
    /// believed.
    pub(super) fn step(
        &mut self,
        wanted: &Wanted,
        now: Timestamp,
        may_fetch: impl FnOnce() -> bool,
    ) -> Step {
        let mut believed = None;
        if let Some(known) = self.0.get(wanted) {
            let age = now.seconds() - known.since.seconds();
            match &known.state {
                State::Fetching(landed) => return Step::Wait(landed.clone()),
                State::Refused if age < REFUSED_FOR_SECONDS => return Step::GoWithout,
                State::Kept if age < KEPT_FOR_SECONDS => {
                    return known.believed.clone().map_or(Step::GoWithout, Step::Learn);
                }
                State::Refused | State::Kept => believed.clone_from(&known.believed),
            }
        }
        if believed.is_none() && !may_fetch() {
            return Step::GoWithout;
        }
        let (landing, landed) = watch::channel(false);
        let state = State::Fetching(landed.clone());
        self.note(wanted, Known { since: now, believed, state });
        Step::Fetch(landing, landed)
    }

    pub(super) fn keep(&mut self, wanted: &Wanted, pem: Arc<[u8]>, now: Timestamp) {
        self.note(wanted, Known { since: now, believed: Some(pem), state: State::Kept });
    }

    pub(super) fn refuse(&mut self, wanted: &Wanted, now: Timestamp) {
        let believed = self.believed(wanted);
        self.note(wanted, Known { since: now, believed, state: State::Refused });
    }

    pub(super) fn believed(&self, wanted: &Wanted) -> Option<Arc<[u8]>> {
        self.0.get(wanted)?.believed.clone()
    }

    /// Forgets strangers' addresses before one that was believed.
    fn note(&mut self, wanted: &Wanted, known: Known) {
        self.0.insert(wanted.clone(), known);
        if self.0.len() > ADDRESSES_MAX {
            let first = self
                .0
                .iter()
                .min_by_key(|(_, known)| (known.believed.is_some(), known.since))
                .map(|(wanted, _)| wanted.clone());
            first.and_then(|wanted| self.0.remove(&wanted));
        }
    }
}

#[cfg(test)]
mod tests;
