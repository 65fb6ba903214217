//! What a person may type to find an order, beside its own names.
//!
//! Everything here is a probe of an index that the worker writes anyway. Names are compared byte by byte, so the primary
//! key of `order_aliases` finds those that begin with something; and the index by which an event is counted once finds the
//! event by its sender's id.

use diesel::QueryResult;
use diesel::prelude::*;
use diesel::sql_types::{Text, Uuid as SqlUuid};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use uuid::Uuid;

use super::find::{ids, namespaces};
use crate::domain::Reference;
use crate::storage::schema::order_aliases;
use crate::storage::statement::statement;
use crate::storage::webhooks;

/// Names that one search takes of all in a namespace that begin alike: what more of them share says little.
const NAMES_MAX: i64 = 1_000;
/// No character is greater.
const LAST: char = char::MAX;

statement! {
    // From source to source, so that it costs as many probes as there are sources; in each one event has the key.
    struct CountedBy<'a> { key: &'a str => Text }
    -> (SqlUuid,);
    "WITH RECURSIVE told(source) AS ( \
         (SELECT source FROM order_events WHERE kind = 'event' AND verdict IN ('applied', 'no_change') \
          ORDER BY source LIMIT 1) \
         UNION ALL \
         SELECT (SELECT e.source FROM order_events e WHERE e.source > told.source \
                     AND e.kind = 'event' AND e.verdict IN ('applied', 'no_change') ORDER BY e.source LIMIT 1) \
         FROM told WHERE told.source IS NOT NULL) \
     SELECT e.order_id FROM told JOIN order_events e ON e.source = told.source AND e.dedup_key = $ \
         AND e.kind = 'event' AND e.verdict IN ('applied', 'no_change')"
}

/// The ids of orders that are called so: by their own id, a name, a webhook's id, an event's id at its sender. Where nothing
/// is called exactly so, of those with a name that begins so.
pub(super) async fn called_ids(
    conn: &mut AsyncPgConnection,
    called: &str,
) -> QueryResult<Vec<Uuid>> {
    if called.contains('\0') {
        return Ok(Vec::new());
    }
    let mut found = ids(conn, called).await?;
    if let Ok(id) = Uuid::try_parse(called)
        && let Some(order) = webhooks::find(conn, id)
            .await?
            .and_then(|webhook| webhook.order_id)
    {
        found.push(order);
    }
    if found.is_empty() {
        let counted: Vec<(Uuid,)> = CountedBy { key: called }.load(conn).await?;
        found.extend(counted.into_iter().map(|(order,)| order));
    }
    if found.is_empty() {
        for namespace in namespaces(conn).await? {
            for beginning in [Reference::order(called).name.as_str(), called] {
                found.extend(named_from(conn, &namespace, beginning).await?);
            }
        }
    }
    Ok(found)
}

async fn named_from(
    conn: &mut AsyncPgConnection,
    namespace: &str,
    beginning: &str,
) -> QueryResult<Vec<Uuid>> {
    order_aliases::table
        .filter(order_aliases::namespace.eq(namespace))
        .filter(order_aliases::ref_.ge(beginning))
        .filter(order_aliases::ref_.lt(format!("{beginning}{LAST}")))
        .order(order_aliases::ref_)
        .select(order_aliases::order_id)
        .limit(NAMES_MAX)
        .load(conn)
        .await
}
