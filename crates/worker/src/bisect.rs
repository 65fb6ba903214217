//! Finds the events that a batch fails for: halves what fails until the culprit is alone, and commits the rest.
//!
//! Pure: it says which part of the batch to commit next and is told what came of it.

use std::ops::Range;

use crate::outcome::Outcome;

/// What became of one event of a batch.
#[derive(Debug)]
pub(crate) enum Fate<S> {
    /// Committed, with its verdict.
    Settled(S),
    /// Somebody else changed its order meanwhile.
    Missed,
    /// It failed alone, and may go better later.
    Retry(anyhow::Error),
    /// It failed alone, and always will.
    Hopeless(anyhow::Error),
}

/// What became of a whole batch.
#[derive(Debug)]
pub(crate) struct Fates<S> {
    /// By index; `None` where an outage came first, so that nothing may be said.
    pub(crate) of: Vec<Option<Fate<S>>>,
    /// The outage.
    pub(crate) outage: Option<anyhow::Error>,
}

/// What one committed part of a batch says of its events, by index within the part.
pub(crate) struct Part<S> {
    pub(crate) settled: Vec<(usize, S)>,
    pub(crate) missed: Vec<usize>,
}

/// A batch that is being committed: the whole first, then halves of what failed. An event that fails alone has its fate;
/// an outage ends it at once.
pub(crate) struct Bisection<S> {
    /// Still to be committed; the last one next.
    parts: Vec<Range<usize>>,
    fates: Fates<S>,
}

impl<S> Bisection<S> {
    pub(crate) fn new(count: usize) -> Self {
        let of = std::iter::repeat_with(|| None).take(count).collect();
        let whole = 0..count;
        let parts = if whole.is_empty() { Vec::new() } else { vec![whole] };
        Self { parts, fates: Fates { of, outage: None } }
    }

    /// What to commit next, if anything is left.
    pub(crate) fn next_part(&mut self) -> Option<Range<usize>> {
        self.parts.pop()
    }

    /// Takes what came of a part.
    pub(crate) fn note(&mut self, part: &Range<usize>, outcome: Result<Part<S>, Outcome>) {
        match outcome {
            Ok(committed) => self.committed(part, committed),
            Err(Outcome::Infrastructure(cause)) => {
                self.fates.outage = Some(cause);
                self.parts.clear();
            }
            Err(_) if part.len() > 1 => {
                let middle = part.start + part.len() / 2;
                self.parts.extend([middle..part.end, part.start..middle]);
            }
            Err(Outcome::Permanent(cause)) => {
                self.fates.of[part.start] = Some(Fate::Hopeless(cause));
            }
            Err(Outcome::Transient(cause)) => {
                self.fates.of[part.start] = Some(Fate::Retry(cause));
            }
        }
    }

    pub(crate) fn fates(self) -> Fates<S> {
        self.fates
    }

    fn committed(&mut self, part: &Range<usize>, committed: Part<S>) {
        for (index, settled) in committed.settled {
            self.fates.of[part.start + index] = Some(Fate::Settled(settled));
        }
        for index in committed.missed {
            self.fates.of[part.start + index] = Some(Fate::Missed);
        }
    }
}

#[cfg(test)]
mod tests;
