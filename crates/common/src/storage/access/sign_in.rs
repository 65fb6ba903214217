//! Signing in: links that work once, and how often somebody failed.

use chrono::{DateTime, Utc};
use diesel::QueryResult;
use diesel::prelude::*;
use diesel::sql_types::{Integer, Text, Timestamptz};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use uuid::Uuid;

use super::Operator;
use crate::domain::Timestamp;
use crate::domain::names::named;
use crate::storage::schema::{operators, sign_in_failures, sign_in_links};
use crate::storage::statement::statement;

/// Whose failures are counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum FailureKind {
    Account,
    Address,
}

named!(FailureKind { Account => "account", Address => "address" });

/// One failure to count.
#[derive(Clone, Copy, Debug)]
pub struct Count<'a> {
    pub kind: FailureKind,
    pub subject: &'a str,
    /// Failures from before this time are forgotten.
    pub since: Timestamp,
    pub now: Timestamp,
}

/// How often somebody failed, this time included.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Counted {
    pub failures: i32,
    pub since: Timestamp,
}

statement! {
    struct CountFailure<'a> {
        kind: &'a str => Text,
        subject: &'a str => Text,
        now: DateTime<Utc> => Timestamptz,
        cut: DateTime<Utc> => Timestamptz,
        cut_again: DateTime<Utc> => Timestamptz,
    }
    -> (Integer, Timestamptz);
    "INSERT INTO sign_in_failures AS known (kind, subject, failures, since) VALUES ($, $, 1, $) \
     ON CONFLICT (kind, subject) DO UPDATE SET \
         failures = CASE WHEN known.since < $ THEN 1 ELSE known.failures + 1 END, \
         since = CASE WHEN known.since < $ THEN EXCLUDED.since ELSE known.since END \
     RETURNING failures, since"
}

/// Counts a try before it is judged, so that many at once cannot all slip through.
///
/// # Errors
/// As any statement.
pub async fn count_failure(
    conn: &mut AsyncPgConnection,
    count: &Count<'_>,
) -> QueryResult<Counted> {
    let cut = count.since.to_datetime();
    let counted: Vec<(i32, DateTime<Utc>)> = CountFailure {
        kind: count.kind.as_str(),
        subject: count.subject,
        now: count.now.to_datetime(),
        cut,
        cut_again: cut,
    }
    .load(conn)
    .await?;
    let first = counted.into_iter().next();
    let (failures, since) = first.unwrap_or((1, count.now.to_datetime()));
    Ok(Counted { failures, since: Timestamp::saturating(since) })
}

/// Whoever signed in has not failed.
///
/// # Errors
/// As any statement.
pub async fn forget_failures(
    conn: &mut AsyncPgConnection,
    kind: FailureKind,
    subject: &str,
) -> QueryResult<()> {
    let theirs = sign_in_failures::table
        .filter(sign_in_failures::kind.eq(kind.as_str()))
        .filter(sign_in_failures::subject.eq(subject));
    diesel::delete(theirs)
        .execute(conn)
        .await
        .map(|_forgotten| ())
}

/// Keeps a link that signs somebody in once.
///
/// # Errors
/// As any statement.
pub async fn put_link(
    conn: &mut AsyncPgConnection,
    hash: &[u8; 32],
    operator_id: Uuid,
    expires_at: Timestamp,
) -> QueryResult<()> {
    diesel::insert_into(sign_in_links::table)
        .values((
            sign_in_links::hash.eq(hash.as_slice()),
            sign_in_links::operator_id.eq(operator_id),
            sign_in_links::expires_at.eq(expires_at.to_datetime()),
        ))
        .execute(conn)
        .await
        .map(|_put| ())
}

/// Takes a link away and says whose it was; one that expired is nobody's.
///
/// # Errors
/// As any statement.
pub async fn take_link(
    conn: &mut AsyncPgConnection,
    hash: &[u8; 32],
    now: Timestamp,
) -> QueryResult<Option<Uuid>> {
    let taken: Option<(Uuid, DateTime<Utc>)> =
        diesel::delete(sign_in_links::table.filter(sign_in_links::hash.eq(hash.as_slice())))
            .returning((sign_in_links::operator_id, sign_in_links::expires_at))
            .get_result(conn)
            .await
            .optional()?;
    Ok(taken
        .filter(|(_, expires_at)| now < Timestamp::saturating(*expires_at))
        .map(|(operator_id, _)| operator_id))
}

/// Who that is.
///
/// # Errors
/// As any query.
pub async fn operator_by_id(
    conn: &mut AsyncPgConnection,
    id: Uuid,
) -> QueryResult<Option<Operator>> {
    operators::table
        .filter(operators::id.eq(id))
        .select(Operator::as_select())
        .first(conn)
        .await
        .optional()
}
