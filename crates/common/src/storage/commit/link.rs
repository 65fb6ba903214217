//! Which order an event is about, by the names it tells (DOMAIN.md, section 3, "Early facts").

use uuid::Uuid;

use crate::domain::Reference;

/// An order that a name of the event leads to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Target<'a> {
    pub(super) id: Uuid,
    /// The merchant told its name; otherwise it is provisional.
    pub(super) is_merchants: bool,
    /// The first name that led to it.
    pub(super) by: &'a Reference,
}

/// The answer.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Reach<'a> {
    /// Its names are all unknown: a new order, provisional unless one of them is the merchant's.
    New,
    One(Uuid),
    /// One order was known as several; the first goes on.
    Several {
        absorbing: Uuid,
        absorbed: Vec<Uuid>,
    },
    /// Two orders of the merchant, which are never merged; the second may not exist yet.
    Torn {
        involved: Vec<Target<'a>>,
    },
}

/// Decides. `targets` are distinct orders; `new_merchant` says that the event tells a merchant's name that no order has.
pub(super) fn reach<'a>(targets: &[Target<'a>], new_merchant: bool) -> Reach<'a> {
    let merchants = targets.iter().filter(|target| target.is_merchants).count();
    if merchants + usize::from(new_merchant) > 1 {
        return Reach::Torn { involved: targets.to_vec() };
    }
    let rank = |target: &&Target<'_>| (!target.is_merchants, target.id);
    let Some(absorbing) = targets.iter().min_by_key(rank).map(|target| target.id) else {
        return Reach::New;
    };
    let mut absorbed: Vec<Uuid> = targets
        .iter()
        .map(|target| target.id)
        .filter(|id| *id != absorbing)
        .collect();
    absorbed.sort_unstable();
    match absorbed.is_empty() {
        true => Reach::One(absorbing),
        false => Reach::Several { absorbing, absorbed },
    }
}

#[cfg(test)]
mod tests;
