//! Looking orders up.

use std::ops::Deref;

use chrono::{DateTime, Utc};
use diesel::QueryResult;
use diesel::prelude::*;
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use serde_json::Value;
use uuid::Uuid;

use crate::domain::audit::Stored;
use crate::domain::{Currency, OrderState, Reference};
use crate::storage::schema::{order_aliases, orders};
use crate::storage::statement::{fixed, unreadable};

/// An order without its facts, as lists show it.
#[derive(Clone, Debug, PartialEq, Queryable, Selectable)]
#[diesel(table_name = orders, check_for_backend(diesel::pg::Pg))]
pub struct Summary {
    pub id: Uuid,
    pub namespace: String,
    pub external_id: Option<String>,
    pub status: String,
    pub payment: String,
    pub fulfilment: String,
    pub dispute: String,
    pub lifecycle: String,
    pub currency: Option<String>,
    pub exponent: Option<i16>,
    pub total: Option<i64>,
    pub authorized: i64,
    pub captured: i64,
    pub refunded: i64,
    pub disputed: i64,
    pub flags: Vec<String>,
    pub version: i64,
    pub head_hash: Vec<u8>,
    pub absorbed_into: Option<Uuid>,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
}

/// An order as it is stored.
#[derive(Clone, Debug, PartialEq, Queryable, Selectable)]
#[diesel(table_name = orders, check_for_backend(diesel::pg::Pg))]
pub struct Order {
    #[diesel(embed)]
    pub summary: Summary,
    pub facts: Value,
    pub last_seq: i64,
    pub rules: i16,
}

/// An order is its summary and more, whoever looks at it.
impl Deref for Order {
    type Target = Summary;

    fn deref(&self) -> &Summary {
        &self.summary
    }
}

impl Order {
    /// The order in the domain's words, as [`crate::domain::audit::verify_trail`] compares it with its trail.
    ///
    /// # Errors
    /// A `DeserializationError` where a column holds what this program does not know.
    pub fn stored(&self) -> QueryResult<Stored> {
        Ok(Stored {
            id: self.id,
            state: self.state()?,
            facts: serde::Deserialize::deserialize(&self.facts).map_err(unreadable)?,
            head_hash: fixed(&self.head_hash)?,
            absorbed_into: self.absorbed_into,
        })
    }
}

impl Summary {
    fn state(&self) -> QueryResult<OrderState> {
        let currency = self.currency.as_deref().map(Currency::parse).transpose();
        let flags = self.flags.iter().map(|flag| flag.parse());
        Ok(OrderState {
            status: self.status.parse().map_err(unreadable)?,
            payment: self.payment.parse().map_err(unreadable)?,
            fulfilment: self.fulfilment.parse().map_err(unreadable)?,
            dispute: self.dispute.parse().map_err(unreadable)?,
            lifecycle: self.lifecycle.parse().map_err(unreadable)?,
            currency: currency.map_err(unreadable)?,
            total: self.total,
            authorized: self.authorized,
            captured: self.captured,
            refunded: self.refunded,
            disputed: self.disputed,
            flags: flags.collect::<Result<_, _>>().map_err(unreadable)?,
        })
    }
}

/// Orders by what a person calls them: an id of ours, the merchant's id, or a whole reference such as
/// `stripe.payment_intent:acct_1:pi_1`, in whatever namespace. More than one where namespaces use the same name.
///
/// # Errors
/// As any query.
pub async fn find(conn: &mut AsyncPgConnection, called: &str) -> QueryResult<Vec<Order>> {
    let ids = ids(conn, called).await?;
    orders::table
        .filter(orders::id.eq_any(ids))
        .order(orders::id)
        .select(Order::as_select())
        .load(conn)
        .await
}

pub(super) async fn ids(conn: &mut AsyncPgConnection, called: &str) -> QueryResult<Vec<Uuid>> {
    // PostgreSQL takes no U+0000, and nothing is called so.
    if called.contains('\0') {
        return Ok(Vec::new());
    }
    let mut ids: Vec<Uuid> = Uuid::try_parse(called).into_iter().collect();
    ids.extend(named(conn, called).await?);
    Ok(ids)
}

/// The names are unique within a namespace only, and namespaces are few: each is looked into.
async fn named(conn: &mut AsyncPgConnection, called: &str) -> QueryResult<Vec<Uuid>> {
    let namespaces = namespaces(conn).await?;
    order_aliases::table
        .filter(order_aliases::namespace.eq_any(namespaces))
        .filter(order_aliases::ref_.eq_any([Reference::order(called).name.as_str(), called]))
        .select(order_aliases::order_id)
        .load(conn)
        .await
}

/// Jumps from one namespace to the next, so that it costs as many index probes as there are namespaces.
pub(super) async fn namespaces(conn: &mut AsyncPgConnection) -> QueryResult<Vec<String>> {
    let mut found: Vec<String> = Vec::new();
    loop {
        let mut next = order_aliases::table
            .order(order_aliases::namespace)
            .select(order_aliases::namespace)
            .limit(1)
            .into_boxed();
        if let Some(last) = found.last() {
            next = next.filter(order_aliases::namespace.gt(last));
        }
        match next.first(conn).await.optional()? {
            Some(namespace) => found.push(namespace),
            None => return Ok(found),
        }
    }
}

/// Orders by id, at most `limit`, beyond `after`: how everything is read once, page by page.
///
/// # Errors
/// As any query.
pub async fn page(
    conn: &mut AsyncPgConnection,
    after: Option<Uuid>,
    limit: i64,
) -> QueryResult<Vec<Order>> {
    orders::table
        .filter(orders::id.gt(after.unwrap_or_default()))
        .order(orders::id)
        .limit(limit)
        .select(Order::as_select())
        .load(conn)
        .await
}
