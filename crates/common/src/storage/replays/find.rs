//! Looking replays up.

use chrono::{DateTime, Utc};
use diesel::QueryResult;
use diesel::prelude::*;
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use serde_json::Value;
use uuid::Uuid;

use super::Outcome;
use crate::domain::Timestamp;
use crate::storage::dead_letters::Selection;
use crate::storage::place::{Place, placed};
use crate::storage::schema::replays;
use crate::storage::statement::unreadable;

/// A replay of many letters.
#[derive(Clone, Debug, PartialEq, Queryable, Selectable)]
#[diesel(table_name = replays, check_for_backend(diesel::pg::Pg))]
pub struct Replay {
    pub id: Uuid,
    /// As operator actions name who acted.
    pub actor: String,
    pub reason: String,
    pub origin: String,
    pub filter: Value,
    /// Letters in a second, at most.
    pub rate: i32,
    /// `running`, `finished` or `cancelled`.
    pub state: String,
    /// Letters when it was asked for.
    pub matched: i64,
    #[diesel(embed)]
    pub counts: Counts,
    /// The last letter that is counted.
    pub position: Option<Uuid>,
    pub holder: Option<Uuid>,
    pub lease_until: Option<DateTime<Utc>>,
    pub created_at: DateTime<Utc>,
    pub started_at: Option<DateTime<Utc>>,
    pub updated_at: DateTime<Utc>,
    pub finished_at: Option<DateTime<Utc>>,
    pub last_error: Option<String>,
}

/// Letters by what became of them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Queryable, Selectable)]
#[diesel(table_name = replays, check_for_backend(diesel::pg::Pg))]
pub struct Counts {
    pub applied: i64,
    pub no_change: i64,
    pub duplicate: i64,
    pub conflict: i64,
    pub ignored: i64,
    pub unusable: i64,
    pub elsewhere: i64,
    pub missed: i64,
}

impl Counts {
    /// All that are counted.
    #[must_use]
    pub fn done(&self) -> i64 {
        let Self { applied, no_change, duplicate, conflict, ignored, unusable, elsewhere, missed } =
            self;
        applied + no_change + duplicate + conflict + ignored + unusable + elsewhere + missed
    }

    pub fn add(&mut self, outcome: Outcome) {
        let count = match outcome {
            Outcome::Applied => &mut self.applied,
            Outcome::NoChange => &mut self.no_change,
            Outcome::Duplicate => &mut self.duplicate,
            Outcome::Conflict => &mut self.conflict,
            Outcome::Ignored => &mut self.ignored,
            Outcome::Unusable => &mut self.unusable,
            Outcome::Elsewhere => &mut self.elsewhere,
            Outcome::Missed => &mut self.missed,
        };
        *count += 1;
    }
}

impl Replay {
    #[must_use]
    pub fn is_running(&self) -> bool {
        self.state == "running"
    }

    /// Which letters.
    ///
    /// # Errors
    /// A `DeserializationError` where the filter holds what this program does not know.
    pub fn selection(&self) -> QueryResult<Selection> {
        serde_json::from_value(self.filter.clone()).map_err(unreadable)
    }

    /// Letters that died later are not in it.
    #[must_use]
    pub fn asked_at(&self) -> Timestamp {
        Timestamp::saturating(self.created_at)
    }
}

/// # Errors
/// As any query.
pub async fn find(conn: &mut AsyncPgConnection, id: Uuid) -> QueryResult<Option<Replay>> {
    replays::table
        .find(id)
        .select(Replay::as_select())
        .first(conn)
        .await
        .optional()
}

/// Replays, the newest first.
///
/// # Errors
/// As any query.
pub async fn list(conn: &mut AsyncPgConnection, place: Place) -> QueryResult<Vec<Replay>> {
    let all = replays::table.into_boxed();
    placed!(all, replays::id, place)
        .limit(place.limit)
        .select(Replay::as_select())
        .load(conn)
        .await
}
