//! `api_tokens`: what programs present.

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};
use diesel::QueryResult;
use diesel::prelude::*;
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use uuid::Uuid;

use crate::access::{Grant, Role, Scope};
use crate::domain::Timestamp;
use crate::storage::schema::api_tokens;
use crate::storage::statement::unreadable;

/// A token, without the secret that nobody keeps.
#[derive(Clone, Debug, PartialEq, Eq, Queryable, Selectable)]
#[diesel(table_name = api_tokens, check_for_backend(diesel::pg::Pg))]
pub struct ApiToken {
    pub id: Uuid,
    pub name: String,
    pub hash: Vec<u8>,
    pub role: String,
    pub scopes: Vec<String>,
    pub created_by: String,
    pub created_at: DateTime<Utc>,
    pub expires_at: DateTime<Utc>,
    pub revoked_at: Option<DateTime<Utc>>,
    pub last_used_at: Option<DateTime<Utc>>,
}

impl ApiToken {
    /// What it may do.
    ///
    /// # Errors
    /// A `DeserializationError` where role or scope is none that this program knows.
    pub fn grant(&self) -> QueryResult<Grant> {
        let scopes = self
            .scopes
            .iter()
            .map(|scope| scope.parse::<Scope>())
            .collect::<Result<BTreeSet<_>, _>>()
            .map_err(unreadable)?;
        let role: Role = self.role.parse().map_err(unreadable)?;
        Ok(Grant { role, scopes })
    }

    /// Whether it is neither expired nor revoked.
    #[must_use]
    pub fn is_valid(&self, now: Timestamp) -> bool {
        self.revoked_at.is_none() && now < Timestamp::saturating(self.expires_at)
    }
}

/// A token to add.
#[derive(Clone, Debug)]
pub struct NewToken<'a> {
    pub id: Uuid,
    pub name: &'a str,
    pub hash: [u8; 32],
    pub grant: &'a Grant,
    pub created_by: &'a str,
    pub expires_at: Timestamp,
}

/// # Errors
/// As any statement.
pub async fn create_token(
    conn: &mut AsyncPgConnection,
    new: &NewToken<'_>,
    now: Timestamp,
) -> QueryResult<()> {
    let scopes: Vec<&str> = new
        .grant
        .scopes
        .iter()
        .map(|scope| scope.as_str())
        .collect();
    diesel::insert_into(api_tokens::table)
        .values((
            api_tokens::id.eq(new.id),
            api_tokens::name.eq(new.name),
            api_tokens::hash.eq(new.hash.as_slice()),
            api_tokens::role.eq(new.grant.role.as_str()),
            api_tokens::scopes.eq(scopes),
            api_tokens::created_by.eq(new.created_by),
            api_tokens::created_at.eq(now.to_datetime()),
            api_tokens::expires_at.eq(new.expires_at.to_datetime()),
        ))
        .execute(conn)
        .await
        .map(|_added| ())
}

/// All tokens, the newest first.
///
/// # Errors
/// As any query.
pub async fn tokens(conn: &mut AsyncPgConnection) -> QueryResult<Vec<ApiToken>> {
    api_tokens::table
        .order(api_tokens::id.desc())
        .select(ApiToken::as_select())
        .load(conn)
        .await
}

/// # Errors
/// As any query.
pub async fn token_by_hash(
    conn: &mut AsyncPgConnection,
    hash: &[u8; 32],
) -> QueryResult<Option<ApiToken>> {
    api_tokens::table
        .filter(api_tokens::hash.eq(hash.as_slice()))
        .select(ApiToken::as_select())
        .first(conn)
        .await
        .optional()
}

/// Revokes a token, now and for ever. Returns whether it stood until now.
///
/// # Errors
/// As any statement.
pub async fn revoke_token(
    conn: &mut AsyncPgConnection,
    id: Uuid,
    now: Timestamp,
) -> QueryResult<bool> {
    let standing = api_tokens::table
        .filter(api_tokens::id.eq(id))
        .filter(api_tokens::revoked_at.is_null());
    let revoked = diesel::update(standing)
        .set(api_tokens::revoked_at.eq(now.to_datetime()))
        .execute(conn)
        .await?;
    Ok(revoked == 1)
}

/// Remembers that a token was used.
///
/// # Errors
/// As any statement.
pub async fn use_token(conn: &mut AsyncPgConnection, id: Uuid, now: Timestamp) -> QueryResult<()> {
    diesel::update(api_tokens::table.filter(api_tokens::id.eq(id)))
        .set(api_tokens::last_used_at.eq(now.to_datetime()))
        .execute(conn)
        .await
        .map(|_noted| ())
}
