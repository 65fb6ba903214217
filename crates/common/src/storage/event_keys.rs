//! `event_keys`: which event holds a deduplication key.

use std::collections::HashMap;

use diesel::QueryResult;
use diesel::sql_types::{Array, Binary, Nullable, Text, Uuid as SqlUuid};
use diesel_async::{AsyncPgConnection, RunQueryDsl as _};
use uuid::Uuid;

use super::statement::{column, fixed, statement};

/// See [`crate::domain::event_key`].
pub(super) type Key = [u8; 16];

/// Who holds a key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Holder {
    pub(super) body_sha256: [u8; 32],
    pub(super) webhook_id: Uuid,
    /// The order it reached, or whoever absorbed that one since.
    pub(super) order_id: Option<Uuid>,
}

/// A key to take.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct NewKey<'a> {
    pub(super) key: Key,
    pub(super) source: &'a str,
    pub(super) dedup_key: &'a str,
    pub(super) holder: Holder,
}

statement! {
    struct Find<'a> { keys: Vec<&'a [u8]> => Array<Binary> }
    -> (Binary, Binary, SqlUuid, Nullable<SqlUuid>);
    "SELECT k.key, k.body_sha256, k.webhook_id, waybill_living_order(k.order_id) \
     FROM UNNEST($) AS asked(key) JOIN event_keys k ON k.key = asked.key"
}

/// Who holds these keys; a key that nobody holds is absent.
pub(super) async fn find(
    mut conn: &AsyncPgConnection,
    keys: &[Key],
) -> QueryResult<HashMap<Key, Holder>> {
    type Row = (Vec<u8>, Vec<u8>, Uuid, Option<Uuid>);
    let rows: Vec<Row> = Find { keys: column(keys, Key::as_slice) }
        .load(&mut conn)
        .await?;
    let held = rows.into_iter().map(|(key, hash, webhook_id, order_id)| {
        Ok((fixed(&key)?, Holder { body_sha256: fixed(&hash)?, webhook_id, order_id }))
    });
    held.collect()
}

statement! {
    struct Take<'a> {
        keys: Vec<&'a [u8]> => Array<Binary>,
        sources: Vec<&'a str> => Array<Text>,
        dedup_keys: Vec<&'a str> => Array<Text>,
        hashes: Vec<&'a [u8]> => Array<Binary>,
        webhook_ids: Vec<Uuid> => Array<SqlUuid>,
        order_ids: Vec<Option<Uuid>> => Array<Nullable<SqlUuid>>,
    }
    -> (Binary,);
    "INSERT INTO event_keys (key, source, dedup_key, body_sha256, webhook_id, order_id) \
     SELECT * FROM UNNEST($, $, $, $, $, $) AS new(key, source, dedup_key, body_sha256, webhook_id, order_id) \
     ORDER BY key \
     ON CONFLICT (key) DO NOTHING RETURNING key"
}

/// Takes keys, waiting for whoever is taking one of them at this moment. Returns those that were free.
pub(super) async fn take(
    mut conn: &AsyncPgConnection,
    new: &[NewKey<'_>],
) -> QueryResult<Vec<Key>> {
    let take = Take {
        keys: column(new, |new| new.key.as_slice()),
        sources: column(new, |new| new.source),
        dedup_keys: column(new, |new| new.dedup_key),
        hashes: column(new, |new| new.holder.body_sha256.as_slice()),
        webhook_ids: column(new, |new| new.holder.webhook_id),
        order_ids: column(new, |new| new.holder.order_id),
    };
    let taken: Vec<(Vec<u8>,)> = take.load(&mut conn).await?;
    taken.iter().map(|(key,)| fixed(key)).collect()
}

statement! {
    struct Pass<'a> {
        to: Uuid => SqlUuid,
        keys: Vec<&'a [u8]> => Array<Binary>,
        webhook_ids: Vec<Uuid> => Array<SqlUuid>,
    }
    -> ();
    "UPDATE event_keys k SET order_id = $ FROM UNNEST($, $) AS moved(key, webhook_id) \
     WHERE k.key = moved.key AND k.webhook_id = moved.webhook_id"
}

/// What these webhooks told counts for another order from now on; keys that they do not hold stay as they are.
pub(super) async fn pass(
    conn: &mut AsyncPgConnection,
    held: &[(Key, Uuid)],
    to: Uuid,
) -> QueryResult<()> {
    let pass = Pass {
        to,
        keys: column(held, |(key, _)| key.as_slice()),
        webhook_ids: column(held, |(_, webhook_id)| *webhook_id),
    };
    pass.execute(conn).await?;
    Ok(())
}
