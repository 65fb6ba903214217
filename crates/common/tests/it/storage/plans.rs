//! How the server finds rows: by an index, whatever the tables' size was when a statement was first planned.

use std::collections::BTreeSet;

use diesel::{QueryableByName, sql_query, sql_types};
use diesel_async::{AsyncPgConnection, RunQueryDsl as _, SimpleAsyncConnection as _};
use uuid::Uuid;
use waybill_common::domain::counts::Count;
use waybill_common::domain::{Effect, Payment, Reference, Status, Verdict};
use waybill_common::storage::access::{self, FailureKind};
use waybill_common::storage::commit::{Pending, commit};
use waybill_common::storage::fetches::{self, Attempted, Unanswered};
use waybill_common::storage::order_changes::{Position, changes_after};
use waybill_common::storage::orders::Search;
use waybill_common::storage::place::Place;
use waybill_common::storage::reconciliation::{Page, Window, reconciliation};
use waybill_common::storage::{
    accepted_counts, dead_letters, operator_actions, order_events, orders, recent, webhooks,
};
use waybill_test_support::TestDatabase;

use super::sender::{captured, foreign, now, placed, refunded, webhook};

/// What only a constraint needs, no query.
const ONLY_UNIQUE: [&str; 4] = [
    // Pays among many orders only, and has a test of its own.
    "orders_unusual",
    "order_events_key",
    "order_events_webhook",
    // Links are taken by a DELETE, which diesel never keeps prepared.
    "sign_in_links_pkey",
];

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
    ask(conn).await?;
    changes_after(conn, Position::START, 10).await?;
    let count = Count { source: "stripe".into(), minute: now(), accepted: 1, recovered: 0 };
    accepted_counts::report(conn, "r", &[count]).await?;
    let window = Window { from: now(), to: now(), minutes: 1, overdue_before: now() };
    reconciliation(conn, &window, &Page { after: None, limit: 10 }).await?;
    search(conn, order.id).await?;
    sign_in(conn).await
}

/// Every filter of the console's search.
async fn search(conn: &mut AsyncPgConnection, id: Uuid) -> anyhow::Result<()> {
    let searches = [
        Search::default(),
        Search { status: Some(Status::Paid), ..Search::default() },
        Search { status: Some(Status::Disputed), ..Search::default() },
        Search { payment: Some(Payment::Overpaid), ..Search::default() },
        Search { source: Some("payments".into()), ..Search::default() },
        Search { called: Some("A-1".into()), ..Search::default() },
        Search { from: Some(now()), to: Some(now()), ..Search::default() },
    ];
    for search in searches {
        for backward in [false, true] {
            let place = Place { from: Some(id), backward, limit: 10 };
            orders::search(conn, &search, place).await?;
        }
    }
    let [order] = orders::find(conn, "A-1")
        .await?
        .try_into()
        .expect("one order");
    let [event, ..] = &order_events::trail_after(conn, order.id, (0, 1)).await?[..] else {
        panic!("an order has a trail")
    };
    let told = webhooks::Search {
        source: Some("stripe".into()),
        verdict: Some(Verdict::Applied),
        order_id: Some(order.id),
        from: Some(now()),
        to: Some(now()),
    };
    for backward in [false, true] {
        let place = Place { from: Some(event.record.webhook_id), backward, limit: 10 };
        webhooks::search(conn, &webhooks::Search::default(), place).await?;
        webhooks::search(conn, &told, place).await?;
        webhooks::body(conn, event.record.webhook_id).await?;
        dead_letters::search(conn, &dead_letters::Search::default(), place).await?;
        operator_actions::list(conn, place).await?;
    }
    dead_letters::groups(conn).await?;
    dead_letters::find(conn, order.id).await?;
    recent::recent(conn, now(), now()).await?;
    recent::waiting(conn).await?;
    Ok(())
}

/// Everything that a request or a sign-in asks. What happens once in minutes may read these few rows as a whole.
async fn sign_in(conn: &mut AsyncPgConnection) -> anyhow::Result<()> {
    let hash = [0; 32];
    let count =
        access::Count { kind: FailureKind::Account, subject: "ada", since: now(), now: now() };
    access::count_failure(conn, &count).await?;
    access::forget_failures(conn, FailureKind::Account, "ada").await?;
    access::operators(conn).await?;
    access::operator_by_name(conn, "ada").await?;
    access::operator_by_subject(conn, "issuer", "subject").await?;
    access::operator_by_id(conn, Uuid::nil()).await?;
    access::tokens(conn).await?;
    access::token_by_hash(conn, &hash).await?;
    access::session(conn, &hash).await?;
    Ok(())
}

async fn ask(conn: &mut AsyncPgConnection) -> anyhow::Result<()> {
    fetches::unanswered(conn, Uuid::nil(), 10).await?;
    let hint = Unanswered { namespace: "default".into(), object: "o".into(), hint_at: 1 };
    fetches::claim(conn, std::slice::from_ref(&hint), (now(), now())).await?;
    let attempted = Attempted { due_at: now(), given_up: true, error: Some("gone".into()) };
    fetches::note(conn, &hint, &attempted).await?;
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
         WHERE statement ~* '(webhooks|event_keys|orders|order_aliases|order_events|dead_letters|order_changes|accepted_counts|operators|operator_actions|api_tokens|sessions|sign_in_|fetches)' \
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

#[tokio::test]
async fn an_unusual_status_is_found_among_many_orders_by_its_own_index() -> anyhow::Result<()> {
    let database = TestDatabase::new().await?;
    database
        .owner()
        .await?
        .batch_execute(
            "INSERT INTO orders (id, namespace, status, payment, fulfilment, dispute, lifecycle, facts, version, last_seq, \
                 head_hash, rules, created_at, updated_at) \
             SELECT gen_random_uuid(), 'n', CASE WHEN n % 1000 = 0 THEN 'disputed' ELSE 'paid' END, 'paid', \
                 'unfulfilled', 'none', 'open', '{}', 1, 1, sha256(''), 1, '2026-11-24Z', '2026-11-24Z' \
             FROM generate_series(1, 20000) n; \
             ANALYZE orders",
        )
        .await?;
    let mut conn = database.connection().await?;
    let search = Search { status: Some(Status::Disputed), ..Search::default() };
    let place = Place { from: None, backward: false, limit: 51 };
    assert_eq!(orders::search(&mut conn, &search, place).await?.rows.len(), 20);
    // Planned anew each time, for the predicate makes the text one that is never kept; so the server is asked what it did.
    conn.batch_execute("SELECT pg_stat_force_next_flush()")
        .await?;
    let used: Prepared = sql_query(
        "SELECT indexrelname::text AS name, relname::text AS statement, idx_scan::integer AS parameters \
         FROM pg_stat_user_indexes WHERE indexrelname = 'orders_unusual'",
    )
    .get_result(&mut conn)
    .await?;
    assert_eq!(used.parameters, 1, "it was scanned once");
    Ok(())
}
