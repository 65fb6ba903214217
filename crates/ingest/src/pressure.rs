//! How much is waiting, and what is refused because of it. Pure: what is seen comes in, a decision goes out.
//!
//! Between the soft and the hard limit the refusals grow in three steps, each one third of the way: first what moves no
//! money, from sources that send more than their share; then whatever moves no money; then also what moves money, from
//! sources above their share. Above the hard limit nothing new is taken. A sender that does not send again is never refused
//! while the broker accepts: its event would be lost.

use std::time::Duration;

use waybill_common::domain::Effect;

/// What was seen of the work that waits. Absent: not known, and then no reason to refuse anybody.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Seen {
    /// Messages ready for workers.
    pub depth: Option<u64>,
    /// How long the oldest message in a worker's hand has been on its way.
    pub age: Option<Duration>,
}

/// Above soft less is taken, above hard nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    pub depth_soft: u64,
    pub depth_hard: u64,
    pub age_soft: Duration,
    pub age_hard: Duration,
}

/// From nothing to too much.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Pressure {
    #[default]
    None,
    Soft,
    Firm,
    Severe,
    Hard,
}

/// Who asks to be let in, with what.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Asking {
    /// Whether the sender sends again what is refused.
    pub retries: bool,
    pub moves_money: bool,
    /// Whether its source sends more than its fair share.
    pub over_share: bool,
}

impl Limits {
    /// The greater of what depth and age say.
    #[must_use]
    pub fn pressure(&self, seen: Seen) -> Pressure {
        let millis = |time: Duration| u64::try_from(time.as_millis()).unwrap_or(u64::MAX);
        let depth = seen
            .depth
            .map(|depth| step(depth, self.depth_soft, self.depth_hard));
        // An old message is a sign of load only while others wait behind it.
        let age = seen
            .age
            .filter(|_| seen.depth != Some(0))
            .map(|age| step(millis(age), millis(self.age_soft), millis(self.age_hard)));
        depth.max(age).unwrap_or_default()
    }
}

impl Pressure {
    /// For the metric: 0 to 4.
    #[must_use]
    pub fn level(self) -> u8 {
        match self {
            Self::None => 0,
            Self::Soft => 1,
            Self::Firm => 2,
            Self::Severe => 3,
            Self::Hard => 4,
        }
    }

    #[must_use]
    pub fn of_level(level: u8) -> Self {
        match level {
            0 => Self::None,
            1 => Self::Soft,
            2 => Self::Firm,
            3 => Self::Severe,
            4.. => Self::Hard,
        }
    }

    #[must_use]
    pub fn refuses(self, asking: Asking) -> bool {
        let Asking { retries, moves_money, over_share } = asking;
        let refuses = match self {
            Self::None => false,
            Self::Soft => !moves_money && over_share,
            Self::Firm => !moves_money,
            Self::Severe => !moves_money || over_share,
            Self::Hard => true,
        };
        refuses && retries
    }
}

/// Where a value stands between its limits.
fn step(value: u64, soft: u64, hard: u64) -> Pressure {
    if value > hard {
        return Pressure::Hard;
    }
    let above = value.saturating_sub(soft);
    match above.saturating_mul(3) / hard.saturating_sub(soft).max(1) {
        _ if above == 0 => Pressure::None,
        0 => Pressure::Soft,
        1 => Pressure::Firm,
        _ => Pressure::Severe,
    }
}

/// Whether an event may move money or goods. A snapshot without facts only retells, a hint only points; what could not be
/// understood may be anything.
#[must_use]
pub fn moves_money(effect: &Effect) -> bool {
    match effect {
        Effect::Facts { .. } | Effect::Unusable { .. } => true,
        Effect::Snapshot { facts, .. } => !facts.is_empty(),
        Effect::Hint { .. } | Effect::Control { .. } | Effect::Ignored { .. } => false,
    }
}

#[cfg(test)]
mod tests;
