//! Where a page of a list that is searched begins, how far one page looks, and what it found.

use uuid::Uuid;

use crate::domain::Timestamp;

/// Where a page begins, which way it goes, and how long it is.
#[derive(Clone, Copy, Debug)]
pub struct Place {
    pub from: Option<Uuid>,
    /// Towards the newer ones; the rows then come in that order.
    pub backward: bool,
    pub limit: i64,
}

/// What a search found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found<R> {
    pub rows: Vec<R>,
    /// Rows beyond this one were not examined.
    pub stopped_at: Option<Uuid>,
}

/// Rows that one page looks at for a filter without an index.
pub const EXAMINED_MAX: i64 = 2_000;

/// The rows of a list that is ordered by that column, from a place on.
macro_rules! placed {
    ($query:expr, $id:expr, $place:expr) => {
        match ($place.backward, $place.from) {
            (false, None) => $query.order($id.desc()),
            (false, Some(from)) => $query.filter($id.lt(from)).order($id.desc()),
            (true, None) => $query.order($id.asc()),
            (true, Some(from)) => $query.filter($id.gt(from)).order($id.asc()),
        }
    };
}

/// No further than that row, where there is one.
macro_rules! until {
    ($query:expr, $id:expr, $last:expr, $place:expr) => {
        match ($last, $place.backward) {
            (None, _) => $query,
            (Some(last), true) => $query.filter($id.le(last)),
            (Some(last), false) => $query.filter($id.ge(last)),
        }
    };
}

/// The rows within the bounds of time of a search. The id's millisecond finds the place, the column decides.
macro_rules! bounded {
    ($query:expr, $id:expr, $at:expr, $search:expr) => {{
        let mut query = $query;
        if let Some(from) = $search.from {
            let least = $crate::storage::place::first_at(from);
            query = query
                .filter($id.ge(least))
                .filter($at.ge(from.to_datetime()));
        }
        if let Some(to) = $search.to {
            let beyond = $crate::storage::place::first_behind(to);
            query = query
                .filter($id.lt(beyond))
                .filter($at.lt(to.to_datetime()));
        }
        query
    }};
}

/// The last row that a page examines along a query, if there are more.
macro_rules! last_examined {
    ($conn:expr, $query:expr, $id:expr) => {
        $query
            .select($id)
            .offset($crate::storage::place::EXAMINED_MAX - 1)
            .first::<::uuid::Uuid>($conn)
            .await
            .optional()
    };
}

pub(super) use {bounded, last_examined, placed, until};

/// No id of a uuid v7 of that millisecond or later is less.
pub(super) fn first_at(time: Timestamp) -> Uuid {
    let milliseconds = u128::try_from(time.micros() / 1_000).unwrap_or_default();
    Uuid::from_u128(milliseconds << 80)
}

/// No id of a uuid v7 of that millisecond or earlier is as great.
pub(super) fn first_behind(time: Timestamp) -> Uuid {
    first_at(Timestamp::from_micros_saturating(time.micros().saturating_add(1_000)))
}
