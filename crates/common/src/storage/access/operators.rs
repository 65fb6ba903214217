//! `operators`: the people.

use chrono::{DateTime, Utc};
use diesel::QueryResult;
use diesel::prelude::*;
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use uuid::Uuid;

use crate::access::{Grant, PasswordHash, Role};
use crate::domain::Timestamp;
use crate::id;
use crate::storage::schema::operators;
use crate::storage::statement::unreadable;

/// A person who may use the console.
#[derive(Clone, Debug, PartialEq, Eq, Queryable, Selectable)]
#[diesel(table_name = operators, check_for_backend(diesel::pg::Pg))]
pub struct Operator {
    pub id: Uuid,
    pub name: String,
    pub role: String,
    pub payload_read: bool,
    pub password_hash: Option<String>,
    pub issuer: Option<String>,
    pub subject: Option<String>,
    pub created_at: DateTime<Utc>,
    pub disabled_at: Option<DateTime<Utc>>,
}

impl Operator {
    /// What this person may do.
    ///
    /// # Errors
    /// A `DeserializationError` where the role is none that this program knows.
    pub fn grant(&self) -> QueryResult<Grant> {
        let role: Role = self.role.parse().map_err(unreadable)?;
        Ok(Grant::person(role, self.payload_read))
    }
}

/// A person to add.
#[derive(Clone, Debug)]
pub struct NewOperator<'a> {
    pub id: Uuid,
    pub name: &'a str,
    pub role: Role,
    pub payload_read: bool,
    pub password: Option<&'a PasswordHash>,
    /// Issuer and subject.
    pub identity: Option<(&'a str, &'a str)>,
}

/// Adds a person. Returns whether the name was free.
///
/// # Errors
/// As any statement.
pub async fn create_operator(
    conn: &mut AsyncPgConnection,
    new: &NewOperator<'_>,
    now: Timestamp,
) -> QueryResult<bool> {
    let added = diesel::insert_into(operators::table)
        .values((
            operators::id.eq(new.id),
            operators::name.eq(new.name),
            operators::role.eq(new.role.as_str()),
            operators::payload_read.eq(new.payload_read),
            operators::password_hash.eq(new.password.map(PasswordHash::as_str)),
            operators::issuer.eq(new.identity.map(|(issuer, _)| issuer)),
            operators::subject.eq(new.identity.map(|(_, subject)| subject)),
            operators::created_at.eq(now.to_datetime()),
        ))
        .on_conflict_do_nothing()
        .execute(conn)
        .await?;
    Ok(added == 1)
}

/// Everybody, by name.
///
/// # Errors
/// As any query.
pub async fn operators(conn: &mut AsyncPgConnection) -> QueryResult<Vec<Operator>> {
    operators::table
        .order(operators::name)
        .select(Operator::as_select())
        .load(conn)
        .await
}

/// # Errors
/// As any query.
pub async fn operator_by_name(
    conn: &mut AsyncPgConnection,
    name: &str,
) -> QueryResult<Option<Operator>> {
    operators::table
        .filter(operators::name.eq(name))
        .select(Operator::as_select())
        .first(conn)
        .await
        .optional()
}

/// Whom an identity provider means.
///
/// # Errors
/// As any query.
pub async fn operator_by_subject(
    conn: &mut AsyncPgConnection,
    issuer: &str,
    subject: &str,
) -> QueryResult<Option<Operator>> {
    operators::table
        .filter(operators::issuer.eq(issuer))
        .filter(operators::subject.eq(subject))
        .select(Operator::as_select())
        .first(conn)
        .await
        .optional()
}

/// Gives a person another password. Returns whether the person exists.
///
/// # Errors
/// As any statement.
pub async fn set_password(
    conn: &mut AsyncPgConnection,
    name: &str,
    password: &PasswordHash,
) -> QueryResult<bool> {
    let set = diesel::update(operators::table.filter(operators::name.eq(name)))
        .set(operators::password_hash.eq(password.as_str()))
        .execute(conn)
        .await?;
    Ok(set == 1)
}

/// Shuts a person out for good; the sessions end too. Returns whether the person could get in until now.
///
/// # Errors
/// As any statement.
pub async fn disable_operator(
    conn: &mut AsyncPgConnection,
    name: &str,
    now: Timestamp,
) -> QueryResult<bool> {
    let open = operators::table
        .filter(operators::name.eq(name))
        .filter(operators::disabled_at.is_null());
    let disabled: Option<Uuid> = diesel::update(open)
        .set(operators::disabled_at.eq(now.to_datetime()))
        .returning(operators::id)
        .get_result(conn)
        .await
        .optional()?;
    if let Some(id) = disabled {
        super::end_sessions_of(conn, id).await?;
    }
    Ok(disabled.is_some())
}

/// Somebody for whom an identity provider vouches.
#[derive(Clone, Copy, Debug)]
pub struct Identity<'a> {
    pub issuer: &'a str,
    pub subject: &'a str,
    /// As the provider names the person; that of an account that begins now.
    pub name: &'a str,
    pub role: Role,
    pub payload_read: bool,
}

/// The account of an identity, with the role that it has now; it begins where there is none yet. `None` where its name is
/// somebody else's: whoever names people elsewhere must not become one of ours.
///
/// # Errors
/// As any statement.
pub async fn admit_identity(
    conn: &mut AsyncPgConnection,
    identity: &Identity<'_>,
    now: Timestamp,
) -> QueryResult<Option<Operator>> {
    let Identity { issuer, subject, name, role, payload_read } = *identity;
    let new = NewOperator {
        id: id::at(now),
        name,
        role,
        payload_read,
        password: None,
        identity: Some((issuer, subject)),
    };
    if operator_by_subject(conn, issuer, subject).await?.is_none() {
        create_operator(conn, &new, now).await?;
    }
    diesel::update(
        operators::table
            .filter(operators::issuer.eq(issuer))
            .filter(operators::subject.eq(subject)),
    )
    .set((operators::role.eq(role.as_str()), operators::payload_read.eq(payload_read)))
    .returning(Operator::as_returning())
    .get_result(conn)
    .await
    .optional()
}
