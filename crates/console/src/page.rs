//! One page of a list, and how to get to the next and the one before.

use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::cursor::Cursor;
use crate::problem::Problem;

/// Most items that one page has.
pub const LIMIT_MAX: i64 = 200;
const LIMIT: i64 = 50;

/// Some items of a list, the newest first.
#[derive(Debug, Serialize, ToSchema)]
pub struct Page<T> {
    pub items: Vec<T>,
    /// Where the older ones are; absent: this is the end.
    pub next: Option<String>,
    /// Where the newer ones are; absent: this is the beginning. A page read to its end keeps it, so that a list can be
    /// followed.
    pub previous: Option<String>,
}

impl<T> Page<T> {
    /// Goes on where the search stopped, if it did before the page was full.
    #[must_use]
    pub fn unless_stopped(mut self, stopped_at: Option<Uuid>, cursor: Option<Cursor>) -> Self {
        let Some(last) = stopped_at else { return self };
        if cursor.is_some_and(Cursor::is_backward) {
            self.previous
                .get_or_insert_with(|| Cursor::Before(last).to_string());
        } else {
            self.next
                .get_or_insert_with(|| Cursor::After(last).to_string());
        }
        self
    }
}

/// How many items are asked for.
///
/// # Errors
/// `Invalid` outside 1 to [`LIMIT_MAX`].
pub fn limit(asked: Option<i64>) -> Result<i64, Problem> {
    let limit = asked.unwrap_or(LIMIT);
    if (1..=LIMIT_MAX).contains(&limit) {
        Ok(limit)
    } else {
        Err(Problem::invalid("limit", format!("must be 1 to {LIMIT_MAX}")))
    }
}

/// Makes a page of rows that were read in the cursor's direction, one more than `limit` if there are more.
pub fn page<R, T>(
    mut rows: Vec<R>,
    (limit, cursor): (i64, Option<Cursor>),
    id: impl Fn(&R) -> Uuid,
    item: impl FnMut(R) -> T,
) -> Page<T> {
    let limit = usize::try_from(limit).unwrap_or_default();
    let more = rows.len() > limit;
    rows.truncate(limit);
    let backward = cursor.is_some_and(Cursor::is_backward);
    if backward {
        rows.reverse();
    }
    let has_next = more || backward;
    let has_previous = if backward { more } else { cursor.is_some() };
    let next = rows
        .last()
        .filter(|_| has_next)
        .map(|row| Cursor::After(id(row)));
    let previous = rows
        .first()
        .filter(|_| has_previous)
        .map(|row| Cursor::Before(id(row)));
    Page {
        items: rows.into_iter().map(item).collect(),
        next: next.map(|cursor| cursor.to_string()),
        previous: previous.map(|cursor| cursor.to_string()),
    }
}
