//! One page of a list, and how to get to the next and the one before.

use std::str::FromStr;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;
use waybill_common::domain::Timestamp;
use waybill_common::storage::place::Place;

use crate::cursor::Cursor;
use crate::refusal::Refusal;

/// Most items that one page has.
pub const LIMIT_MAX: i64 = 200;
const LIMIT: i64 = 50;

/// Some items of a list, the newest first.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
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

/// Which part of a list is asked for.
#[derive(Clone, Copy, Debug)]
pub struct Paging {
    pub limit: i64,
    pub cursor: Option<Cursor>,
}

impl Paging {
    /// # Errors
    /// `Invalid` where limit or cursor make no sense.
    pub fn read(asked: Option<i64>, cursor: Option<&str>) -> Result<Self, Refusal> {
        let cursor = cursor.map(Cursor::parse).transpose()?;
        Ok(Self { limit: limit(asked)?, cursor })
    }

    /// The rows to read: one more than asked for, to know whether there are more.
    #[must_use]
    pub fn place(self) -> Place {
        Place {
            from: self.cursor.map(Cursor::id),
            backward: self.cursor.is_some_and(Cursor::is_backward),
            limit: self.limit + 1,
        }
    }
}

/// How many items are asked for.
///
/// # Errors
/// `Invalid` outside 1 to [`LIMIT_MAX`].
pub fn limit(asked: Option<i64>) -> Result<i64, Refusal> {
    let limit = asked.unwrap_or(LIMIT);
    if (1..=LIMIT_MAX).contains(&limit) {
        Ok(limit)
    } else {
        Err(Refusal::invalid("limit", format!("must be 1 to {LIMIT_MAX}")))
    }
}

/// Makes a page of rows that were read in the cursor's direction, one more than `limit` if there are more.
pub fn page<R, T>(
    mut rows: Vec<R>,
    Paging { limit, cursor }: Paging,
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

/// A parameter that is one of a closed set of names.
///
/// # Errors
/// `Invalid` where it is none of them.
pub fn named<T: FromStr>(parameter: &str, text: Option<&str>) -> Result<Option<T>, Refusal> {
    let unknown = "must be one of the names in the documentation";
    text.map(str::parse)
        .transpose()
        .map_err(|_unknown| Refusal::invalid(parameter, unknown))
}

/// A parameter that is any text. PostgreSQL knows no U+0000.
///
/// # Errors
/// `Invalid` where it holds U+0000.
pub fn text(parameter: &str, text: Option<&str>) -> Result<Option<String>, Refusal> {
    if text.is_some_and(|text| text.contains('\0')) {
        return Err(Refusal::invalid(parameter, "must not hold U+0000"));
    }
    Ok(text.map(str::to_owned))
}

/// A parameter that is a bound of time, however far away.
///
/// # Errors
/// `Invalid` where it is none.
pub fn time(parameter: &str, text: Option<&str>) -> Result<Option<Timestamp>, Refusal> {
    text.map(Timestamp::parse_bound)
        .transpose()
        .map_err(|error| Refusal::invalid(parameter, error.to_string()))
}
