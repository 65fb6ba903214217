//! How the server finds rows: by an index, whatever the tables' size was when a statement was first planned.

use std::collections::BTreeSet;

use diesel::{QueryableByName, sql_query, sql_types};
use diesel_async::{AsyncPgConnection, RunQueryDsl as _, SimpleAsyncConnection as _};
use waybill_common::domain::counts::Count;
use waybill_common::domain::{Effect, Reference};
use waybill_common::storage::commit::{Pending, commit};
use waybill_common::storage::order_changes::{Position, changes_after};
use waybill_common::storage::reconciliation::{Page, Window, reconciliation};
use waybill_common::storage::{accepted_counts, dead_letters, order_events, orders, webhooks};
use waybill_test_support::TestDatabase;

use super::sender::{captured, foreign, now, placed, refunded, webhook};

/// What only a constraint needs, no query.
const ONLY_UNIQUE: [&str; 3] =
    ["order_events_key", "order_events_webhook", "operator_actions_pkey"];

#[derive(QueryableByName)]
struct Prepared {
    #[diesel(sql_type = sql_types::Text)]
    name: String,
    #[diesel(sql_type = sql_types::Text)]
    statement: String,
    #[diesel(sql_type = sql_types::Integer)]
    parameters: i32,
}

#[derive(QueryableByName)]
struct Line {
    #[diesel(sql_type = sql_types::Text)]
    #[diesel(column_name = "QUERY PLAN")]
    line: String,
}

/// Runs every statement that services run, so that each is prepared on this connection.
async fn run_all(conn: &mut AsyncPgConnection) -> anyhow::Result<()> {
    let order = Reference::order("A-1");
    let charge = foreign("charge", "ch_1");
    let batch = [
        webhook("e1", std::slice::from_ref(&order), placed(10_00)),
        webhook("e2", std::slice::from_ref(&charge), refunded("r1", 1_00)),
        webhook("e3", &[], Effect::Unusable { reason: "no amount".into() }),
    ];
    let link = webhook("e4", &[order, charge], captured("c1", 10_00));
    let replay = Pending { replayed: true, ..batch[2].clone() };
    for batch in [&batch[..], &[link], &[replay], &batch[..]] {
        commit(conn, batch, now()).await?;
    }
    let [order] = orders::find(conn, "A-1")
        .await?
        .try_into()
        .expect("one order");
    order_events::trail(conn, order.id).await?;
    webhooks::find(conn, batch[0].envelope.event.webhook_id).await?;
    webhooks::overdue(conn, now()).await?;
    orders::page(conn, None, 10).await?;
    dead_letters::list(conn, None, 10).await?;
    changes_after(conn, Position::START, 10).await?;
    let count = Count { source: "stripe".into(), minute: now(), accepted: 1, recovered: 0 };
    accepted_counts::report(conn, "r", &[count]).await?;
    let window = Window { from: now(), to: now(), minutes: 1, overdue_before: now() };
    reconciliation(conn, &window, &Page { after: None, limit: 10 }).await?;
    Ok(())
}

async fn plan(conn: &mut AsyncPgConnection, prepared: &Prepared) -> anyhow::Result<String> {
    let nulls = vec!["NULL"; usize::try_from(prepared.parameters)?].join(", ");
    let parameters = if nulls.is_empty() { nulls } else { format!("({nulls})") };
    let explain = format!("EXPLAIN EXECUTE \"{}\"{parameters}", prepared.name);
    let lines: Vec<Line> = sql_query(explain).load(conn).await?;
    Ok(lines.into_iter().map(|line| line.line + "\n").collect())
}

#[tokio::test]
async fn every_statement_goes_by_an_index_and_every_index_is_used() -> anyhow::Result<()> {
    let database = TestDatabase::new().await?;
    let mut conn = database.connection().await?;
    run_all(&mut conn).await?;
    // The plan for any parameters, as it is kept after a few uses.
    conn.batch_execute("SET plan_cache_mode = force_generic_plan")
        .await?;
    let ours: Vec<Prepared> = sql_query(
        "SELECT name, statement, cardinality(parameter_types) AS parameters FROM pg_prepared_statements \
         WHERE statement ~* '(webhooks|event_keys|orders|order_aliases|order_events|dead_letters|order_changes|accepted_counts)' \
           AND statement !~ 'pg_prepared_statements'",
    )
    .load(&mut conn)
    .await?;
    assert!(ours.len() > 15, "only {} statements were prepared", ours.len());

    let mut plans = String::new();
    for prepared in &ours {
        let plan = plan(&mut conn, prepared).await?;
        for slow in ["Seq Scan", "Hash Join", "Merge Join"] {
            assert!(!plan.contains(slow), "{}\n{plan}", prepared.statement);
        }
        plans.push_str(&plan);
    }
    let indexes: Vec<Line> = sql_query(
        "SELECT c.relname::text AS \"QUERY PLAN\" FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid \
         WHERE c.relnamespace = 'public'::regnamespace AND NOT c.relispartition AND c.relname !~ '^__'",
    )
    .load(&mut conn)
    .await?;
    let used = |index: &&str| {
        // Of a partitioned table the plan names the partition's index.
        let stem = index
            .trim_end_matches("_pkey")
            .replace("webhooks_retrying", "webhooks");
        let suffix = if *index == "webhooks_retrying" { "due_at_idx" } else { "pkey" };
        plans.contains(*index) || (plans.contains(&format!("{stem}_")) && plans.contains(suffix))
    };
    let unused: BTreeSet<&str> = indexes
        .iter()
        .map(|index| index.line.as_str())
        .filter(|index| !used(index))
        .collect();
    assert_eq!(unused, BTreeSet::from(ONLY_UNIQUE));
    Ok(())
}
