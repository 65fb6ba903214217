//! `order_aliases`: under which names an order is known.

use std::collections::HashMap;

use diesel::QueryResult;
use diesel::sql_types::{Array, Text, Uuid as SqlUuid};
use diesel_async::{AsyncPgConnection, RunQueryDsl as _};
use uuid::Uuid;

use crate::domain::Reference;

use super::statement::{column, statement};

/// A name within its namespace.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct Name {
    pub(super) namespace: String,
    pub(super) reference: String,
}

impl Name {
    pub(super) fn of(namespace: &str, reference: &Reference) -> Self {
        Self { namespace: namespace.to_owned(), reference: reference.name.clone() }
    }
}

statement! {
    struct Find<'a> {
        namespaces: Vec<&'a str> => Array<Text>,
        references: Vec<&'a str> => Array<Text>,
    }
    -> (Text, Text, SqlUuid);
    "SELECT a.namespace, a.ref, a.order_id FROM UNNEST($, $) AS asked(namespace, ref) \
     JOIN order_aliases a ON a.namespace = asked.namespace AND a.ref = asked.ref"
}

/// Whose these names are; a name that is nobody's is absent.
pub(super) async fn find(
    mut conn: &AsyncPgConnection,
    names: &[Name],
) -> QueryResult<HashMap<Name, Uuid>> {
    let find = Find {
        namespaces: column(names, |name| name.namespace.as_str()),
        references: column(names, |name| name.reference.as_str()),
    };
    let rows: Vec<(String, String, Uuid)> = find.load(&mut conn).await?;
    let owned = rows
        .into_iter()
        .map(|(namespace, reference, order_id)| (Name { namespace, reference }, order_id));
    Ok(owned.collect())
}

statement! {
    struct Give<'a> {
        namespaces: Vec<&'a str> => Array<Text>,
        references: Vec<&'a str> => Array<Text>,
        order_ids: Vec<Uuid> => Array<SqlUuid>,
    }
    -> (Text, Text);
    "INSERT INTO order_aliases (namespace, ref, order_id) \
     SELECT * FROM UNNEST($, $, $) AS new(namespace, ref, order_id) ORDER BY namespace, ref \
     ON CONFLICT (namespace, ref) DO NOTHING RETURNING namespace, ref"
}

/// Gives new names to orders. Returns those that were free.
pub(super) async fn give(
    mut conn: &AsyncPgConnection,
    new: &[(&Name, Uuid)],
) -> QueryResult<Vec<Name>> {
    let give = Give {
        namespaces: column(new, |(name, _)| name.namespace.as_str()),
        references: column(new, |(name, _)| name.reference.as_str()),
        order_ids: column(new, |(_, order_id)| *order_id),
    };
    names(give.load(&mut conn).await?)
}

statement! {
    struct Hand<'a> {
        namespaces: Vec<&'a str> => Array<Text>,
        references: Vec<&'a str> => Array<Text>,
        from: Vec<Uuid> => Array<SqlUuid>,
        to: Vec<Uuid> => Array<SqlUuid>,
    }
    -> (Text, Text);
    "UPDATE order_aliases a SET order_id = moved.absorbing \
     FROM UNNEST($, $, $, $) AS moved(namespace, ref, absorbed, absorbing) \
     WHERE a.namespace = moved.namespace AND a.ref = moved.ref AND a.order_id = moved.absorbed \
     RETURNING a.namespace, a.ref"
}

/// Names that pass from an absorbed order to the one that absorbs it. Returns those that still were the first one's.
pub(super) async fn hand_over(
    mut conn: &AsyncPgConnection,
    moved: &[(&Name, Uuid, Uuid)],
) -> QueryResult<Vec<Name>> {
    let hand = Hand {
        namespaces: column(moved, |(name, ..)| name.namespace.as_str()),
        references: column(moved, |(name, ..)| name.reference.as_str()),
        from: column(moved, |(_, from, _)| *from),
        to: column(moved, |(_, _, to)| *to),
    };
    names(hand.load(&mut conn).await?)
}

fn names(rows: Vec<(String, String)>) -> QueryResult<Vec<Name>> {
    let names = rows.into_iter();
    Ok(names
        .map(|(namespace, reference)| Name { namespace, reference })
        .collect())
}
