//! `sessions`: who is signed in with a browser.

use chrono::{DateTime, Utc};
use diesel::QueryResult;
use diesel::prelude::*;
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use uuid::Uuid;

use super::Operator;
use crate::domain::Timestamp;
use crate::storage::schema::{operators, sessions, sign_in_links};

/// A session, as it stands.
#[derive(Clone, Debug, PartialEq, Eq, Queryable, Selectable)]
#[diesel(table_name = sessions, check_for_backend(diesel::pg::Pg))]
pub struct Session {
    pub hash: Vec<u8>,
    pub operator_id: Uuid,
    pub created_at: DateTime<Utc>,
    pub last_seen_at: DateTime<Utc>,
    /// However busy it is.
    pub expires_at: DateTime<Utc>,
}

/// A session to begin.
#[derive(Clone, Copy, Debug)]
pub struct NewSession {
    pub hash: [u8; 32],
    pub operator_id: Uuid,
    pub expires_at: Timestamp,
}

/// # Errors
/// As any statement.
pub async fn begin_session(
    conn: &mut AsyncPgConnection,
    new: NewSession,
    now: Timestamp,
) -> QueryResult<()> {
    diesel::insert_into(sessions::table)
        .values((
            sessions::hash.eq(new.hash.as_slice()),
            sessions::operator_id.eq(new.operator_id),
            sessions::created_at.eq(now.to_datetime()),
            sessions::last_seen_at.eq(now.to_datetime()),
            sessions::expires_at.eq(new.expires_at.to_datetime()),
        ))
        .execute(conn)
        .await
        .map(|_begun| ())
}

/// A session with whose it is; whether it is still good is the caller's to say.
///
/// # Errors
/// As any query.
pub async fn session(
    conn: &mut AsyncPgConnection,
    hash: &[u8; 32],
) -> QueryResult<Option<(Session, Operator)>> {
    sessions::table
        .inner_join(operators::table.on(operators::id.eq(sessions::operator_id)))
        .filter(sessions::hash.eq(hash.as_slice()))
        .select((Session::as_select(), Operator::as_select()))
        .first(conn)
        .await
        .optional()
}

/// Remembers that somebody is there.
///
/// # Errors
/// As any statement.
pub async fn see_session(
    conn: &mut AsyncPgConnection,
    hash: &[u8],
    now: Timestamp,
) -> QueryResult<()> {
    diesel::update(sessions::table.filter(sessions::hash.eq(hash)))
        .set(sessions::last_seen_at.eq(now.to_datetime()))
        .execute(conn)
        .await
        .map(|_noted| ())
}

/// # Errors
/// As any statement.
pub async fn end_session(conn: &mut AsyncPgConnection, hash: &[u8; 32]) -> QueryResult<()> {
    diesel::delete(sessions::table.filter(sessions::hash.eq(hash.as_slice())))
        .execute(conn)
        .await
        .map(|_ended| ())
}

/// Ends every session of a person. Few people have few sessions: the table is read as a whole.
///
/// # Errors
/// As any statement.
pub async fn end_sessions_of(conn: &mut AsyncPgConnection, operator_id: Uuid) -> QueryResult<()> {
    diesel::delete(sessions::table.filter(sessions::operator_id.eq(operator_id)))
        .execute(conn)
        .await
        .map(|_ended| ())
}

/// Forgets what expired.
///
/// # Errors
/// As any statement.
pub async fn sweep(conn: &mut AsyncPgConnection, now: Timestamp) -> QueryResult<usize> {
    let now = now.to_datetime();
    let ended = diesel::delete(sessions::table.filter(sessions::expires_at.le(now)))
        .execute(conn)
        .await?;
    let links = diesel::delete(sign_in_links::table.filter(sign_in_links::expires_at.le(now)))
        .execute(conn)
        .await?;
    Ok(ended + links)
}
