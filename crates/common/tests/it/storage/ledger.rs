//! Looks at a whole database: what must hold whatever was committed.

use std::collections::BTreeMap;

use diesel::{QueryableByName, sql_query, sql_types};
use diesel_async::{AsyncPgConnection, RunQueryDsl as _, SimpleAsyncConnection as _};
use uuid::Uuid;
use waybill_common::domain::audit::{Row, verify_trail};
use waybill_common::storage::order_events::trail;
use waybill_common::storage::orders::{self, Order};

/// More than any test makes.
const ORDERS_MAX: i64 = 1_000_000;

/// Every order with its trail; each trail was verified.
pub(crate) async fn verified(
    conn: &mut AsyncPgConnection,
) -> anyhow::Result<Vec<(Order, Vec<Row>)>> {
    let mut all = Vec::new();
    for order in orders::page(conn, None, ORDERS_MAX).await? {
        let rows = trail(conn, order.id).await?;
        let faults = verify_trail(&rows, &order.stored()?);
        assert_eq!(faults, [], "order {}", order.id);
        assert_eq!(i64::try_from(rows.len())?, order.last_seq);
        all.push((order, rows));
    }
    assert!(i64::try_from(all.len())? < ORDERS_MAX, "not all were looked at");
    assert_eq!(loose_ends(conn).await?, "", "something hangs loose");
    Ok(all)
}

/// A service's connection joins by index probes only, for the few keys of a batch; these are whole tables, some without
/// an index for it.
async fn loose_ends(conn: &mut AsyncPgConnection) -> anyhow::Result<String> {
    conn.batch_execute(
        "SET statement_timeout = 0; SET enable_hashjoin = on; SET enable_seqscan = on",
    )
    .await?;
    let found = text(conn, LOOSE_ENDS).await?;
    conn.batch_execute(
        "RESET statement_timeout; SET enable_hashjoin = off; SET enable_seqscan = off",
    )
    .await?;
    Ok(found)
}

/// Names that lead to no living order; keys without a webhook; rows of trails without an order.
const LOOSE_ENDS: &str = "SELECT coalesce(string_agg(told, '; '), '') AS told FROM ( \
    SELECT format('name %s leads to no living order', a.ref) AS told FROM order_aliases a \
        LEFT JOIN orders o ON o.id = a.order_id WHERE o.id IS NULL OR o.absorbed_into IS NOT NULL \
    UNION ALL SELECT format('key %s of %s has no webhook', k.dedup_key, k.webhook_id) FROM event_keys k \
        LEFT JOIN webhooks w ON w.id = k.webhook_id AND w.verdict IN ('applied', 'no_change', 'conflict', 'ignored') \
        WHERE w.id IS NULL \
    UNION ALL SELECT format('webhook %s holds no key', w.id) FROM webhooks w \
        LEFT JOIN event_keys k ON k.webhook_id = w.id \
        WHERE w.verdict IN ('applied', 'no_change', 'ignored') AND k.key IS NULL \
    UNION ALL SELECT format('trail of %s without an order', e.order_id) FROM order_events e \
        LEFT JOIN orders o ON o.id = e.order_id WHERE o.id IS NULL \
    UNION ALL SELECT format('webhook %s is on no trail', w.id) FROM webhooks w \
        WHERE w.verdict IN ('applied', 'no_change') AND NOT EXISTS ( \
            SELECT FROM order_events e WHERE e.webhook_id = w.id AND e.kind = 'event' AND e.verdict = w.verdict) \
    UNION ALL SELECT format('dead webhook %s has no letter', w.id) FROM webhooks w \
        LEFT JOIN dead_letters d ON d.webhook_id = w.id WHERE w.verdict = 'dead' AND d.webhook_id IS NULL) loose";

#[derive(QueryableByName)]
struct Told {
    #[diesel(sql_type = sql_types::Text)]
    told: String,
}

pub(crate) async fn text(conn: &mut AsyncPgConnection, query: &str) -> anyhow::Result<String> {
    Ok(sql_query(query).get_result::<Told>(conn).await?.told)
}

/// A fingerprint of every row of every table: equal means that nothing was written.
pub(crate) async fn fingerprint(conn: &mut AsyncPgConnection) -> anyhow::Result<Vec<String>> {
    let mut prints = Vec::new();
    for table in [
        "webhooks",
        "event_keys",
        "orders",
        "order_aliases",
        "order_events",
        "order_changes",
        "dead_letters",
        "replays",
    ] {
        let query = format!(
            "SELECT '{table} ' || md5(coalesce(string_agg(row::text, '|' ORDER BY row::text), '')) AS told \
             FROM {table} AS row"
        );
        prints.push(text(conn, &query).await?);
    }
    Ok(prints)
}

#[derive(QueryableByName)]
struct Ended {
    #[diesel(sql_type = sql_types::Uuid)]
    id: Uuid,
    #[diesel(sql_type = sql_types::Text)]
    verdict: String,
}

/// Each webhook's verdict, `retrying` where it has none; fails if one has two rows.
pub(crate) async fn verdicts(
    conn: &mut AsyncPgConnection,
) -> anyhow::Result<BTreeMap<Uuid, String>> {
    let rows: Vec<Ended> =
        sql_query("SELECT id, coalesce(verdict, state) AS verdict FROM webhooks")
            .load(conn)
            .await?;
    let count = rows.len();
    let by_id: BTreeMap<Uuid, String> = rows.into_iter().map(|row| (row.id, row.verdict)).collect();
    assert_eq!(by_id.len(), count, "each event has exactly one row");
    Ok(by_id)
}
