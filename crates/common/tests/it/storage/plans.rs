//! How the server finds rows: by an index, whatever the tables' size was when a statement was first planned.

use std::collections::BTreeSet;
use std::time::Duration;

use diesel::{QueryableByName, sql_query, sql_types};
use diesel_async::{AsyncPgConnection, RunQueryDsl as _, SimpleAsyncConnection as _};
use uuid::Uuid;
use waybill_common::domain::counts::{Count, SecretKind, SecretUse};
use waybill_common::domain::{Effect, Flag, Payment, Reference, Status, Verdict};
use waybill_common::storage::access::{self, FailureKind};
use waybill_common::storage::commit::{Pending, commit, foresee};
use waybill_common::storage::dead_letters::{DeathReason, Selection};
use waybill_common::storage::fetches::{self, Attempted, Unanswered};
use waybill_common::storage::order_changes::{Position, changes_after};
use waybill_common::storage::orders::Search;
use waybill_common::storage::place::Place;
use waybill_common::storage::queue_looks::Look;
use waybill_common::storage::reconciliation::{Page, Window, reconciliation};
use waybill_common::storage::replays::{self, NewReplay, Note, Outcome};
use waybill_common::storage::webhooks::State;
use waybill_common::storage::{
    accepted_counts, dead_letters, operator_actions, order_events, orders, queue_looks, recent,
    secret_uses, webhooks,
};
use waybill_test_support::TestDatabase;

use super::by_hand::by_ada;
use super::sender::{captured, foreign, now, placed, refunded, webhook};

/// What only a constraint needs, no query.
const ONLY_UNIQUE: [&str; 6] = [
    // They pay among many rows only, and have a test of their own.
    "orders_unusual",
    "orders_unusual_payment",
    "orders_flagged",
    "webhooks_unusual",
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
    replay_many(conn, batch[2].envelope.event.webhook_id).await?;
    ask(conn).await?;
    changes_after(conn, Position::START, 10).await?;
    let count = Count { source: "stripe".into(), minute: now(), accepted: 1, recovered: 0 };
    accepted_counts::report(conn, "r", &[count]).await?;
    let used = SecretUse {
        source: "stripe".into(),
        kind: SecretKind::Secret,
        position: 0,
        since: now(),
        used: 1,
        last_used_at: Some(now()),
        told_at: now(),
    };
    secret_uses::report(conn, "r", &[used]).await?;
    secret_uses::uses(conn, now()).await?;
    secret_uses::fold(conn, now()).await?;
    let look =
        Look { worker: order.id, ready: vec![(0, 1)], oldest_age: Duration::ZERO, seen_at: now() };
    queue_looks::tell(conn, &look).await?;
    queue_looks::seen(conn).await?;
    let window = Window { from: now(), to: now(), minutes: 1, overdue_before: now() };
    reconciliation(conn, &window, &Page { after: None, limit: 10 }).await?;
    search(conn, order.id).await?;
    sign_in(conn).await
}

/// A replay of many letters, from its beginning to its end.
async fn replay_many(conn: &mut AsyncPgConnection, letter: Uuid) -> anyhow::Result<()> {
    let selection = Selection {
        source: Some("stripe".into()),
        reason: Some(DeathReason::Unusable),
        native_type: Some("charge.updated".into()),
        from: Some(now()),
        to: Some(now()),
        webhooks: Some(vec![letter]),
    };
    for selection in [&Selection::default(), &selection] {
        let new = NewReplay { by: by_ada(), selection, rate: 50, held: None };
        replays::create(conn, &new, now()).await?;
        dead_letters::waiting(conn, (selection, now()), (None, 10)).await?;
        dead_letters::of_replay(conn, (selection, now()), (Some(letter), 10)).await?;
    }
    let turn = replays::take(conn, Uuid::nil(), (now(), now())).await?;
    let turn = turn.expect("two wait");
    replays::take_one(conn, turn, (now(), now())).await?;
    dead_letters::begin_one_of_many(conn, letter, turn, (now(), now())).await?;
    dead_letters::standing(conn, letter).await?;
    dead_letters::give_back(conn, letter, Some(turn.replay)).await?;
    dead_letters::begin_replay(conn, letter, (now(), now())).await?;
    dead_letters::close(conn, letter).await?;
    dead_letters::messages(conn, &[letter]).await?;
    let done = Some((letter, Outcome::Applied));
    let note = Note { done, error: None, lease_until: now(), now: now() };
    replays::note(conn, turn, &note).await?;
    replays::finish(conn, turn, now()).await?;
    replays::release(conn, turn).await?;
    replays::cancel(conn, turn.replay, by_ada(), now()).await?;
    replays::find(conn, turn.replay).await?;
    for backward in [false, true] {
        let place = Place { from: Some(turn.replay), backward, limit: 10 };
        replays::list(conn, place).await?;
    }
    foresee(conn, &[webhook("e9", &[Reference::order("A-1")], placed(1_00))], now()).await?;
    Ok(())
}

/// Every filter of the orders' search, alone and with every other.
fn searches() -> Vec<Search> {
    let mut all = Vec::new();
    for status in [None, Some(Status::Paid), Some(Status::Disputed)] {
        for payment in [None, Some(Payment::Paid), Some(Payment::Overpaid)] {
            for source in [None, Some("payments".to_owned())] {
                // A whole name, the beginning of some, an event's id.
                for called in [None, Some("A-1"), Some("A-"), Some("e1")] {
                    for (flag, time) in [(None, None), (Some(Flag::Conflict), Some(now()))] {
                        all.push(Search {
                            status,
                            payment,
                            flag,
                            source: source.clone(),
                            called: called.map(str::to_owned),
                            from: time,
                            to: time,
                        });
                    }
                }
            }
        }
    }
    all
}

/// Likewise of the log's.
fn log_searches(order: Uuid) -> Vec<webhooks::Search> {
    let mut all = Vec::new();
    for source in [None, Some("stripe".to_owned())] {
        for verdict in [None, Some(Verdict::Applied), Some(Verdict::Dead)] {
            for order_id in [None, Some(order)] {
                for (state, from, to) in [
                    (None, None, None),
                    (None, Some(now()), None),
                    (Some(State::Final), None, Some(now())),
                    (Some(State::Retrying), None, None),
                ] {
                    all.push(webhooks::Search {
                        source: source.clone(),
                        state,
                        verdict,
                        order_id,
                        from,
                        to,
                    });
                }
            }
        }
    }
    all
}

/// Likewise of dead letters'.
fn letter_searches() -> Vec<dead_letters::Search> {
    let mut all = Vec::new();
    for source in [None, Some("stripe".to_owned())] {
        for reason in [None, Some(DeathReason::Unusable)] {
            for replay_state in [None, Some("none".to_owned())] {
                let source = source.clone();
                all.push(dead_letters::Search { source, reason, replay_state });
            }
        }
    }
    all
}

/// Likewise of what people did.
fn action_searches() -> Vec<operator_actions::Search> {
    let mut all = Vec::new();
    let ada = || Some("operator:ada".to_owned());
    for actor in [None, ada()] {
        for action in [None, Some("sign_in".to_owned())] {
            for (subject, time) in [(None, None), (ada(), None), (None, Some(now()))] {
                let (actor, action) = (actor.clone(), action.clone());
                all.push(operator_actions::Search { actor, action, subject, from: time, to: time });
            }
        }
    }
    all
}

/// The first page, and those before and behind a place.
fn places(id: Uuid) -> [Place; 3] {
    [(None, false), (Some(id), false), (Some(id), true)].map(|(from, backward)| Place {
        from,
        backward,
        limit: 10,
    })
}

/// All that lists and searches ask.
async fn search(conn: &mut AsyncPgConnection, order: Uuid) -> anyhow::Result<()> {
    for search in searches() {
        for place in places(order) {
            orders::search(conn, &search, place).await?;
        }
    }
    let [event, ..] = &order_events::trail_after(conn, order, (0, 1)).await?[..] else {
        panic!("an order has a trail")
    };
    let webhook = event.record.webhook_id;
    for search in log_searches(order) {
        for place in places(webhook) {
            webhooks::search(conn, &search, place).await?;
        }
    }
    for place in places(webhook) {
        for search in letter_searches() {
            dead_letters::search(conn, &search, place).await?;
        }
        operator_actions::list(conn, place).await?;
        for search in action_searches() {
            operator_actions::search(conn, &search, place).await?;
        }
    }
    webhooks::body(conn, webhook).await?;
    dead_letters::groups(conn).await?;
    dead_letters::find(conn, order).await?;
    recent::recent(conn, now(), now()).await?;
    recent::waiting(conn).await?;
    recent::accepted(conn, now()).await?;
    recent::last_accepted(conn, &["stripe"]).await?;
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

/// How often tables were read from end to end, by name; those of people and tokens are small.
async fn whole_reads(conn: &mut AsyncPgConnection) -> anyhow::Result<Vec<(String, i32)>> {
    conn.batch_execute("SELECT pg_stat_force_next_flush()")
        .await?;
    let tables: Vec<Prepared> = sql_query(
        "SELECT relname::text AS name, '' AS statement, seq_scan::integer AS parameters FROM pg_stat_user_tables \
         WHERE relname ~ '^(webhooks|event_keys|orders|order_aliases|order_events|order_changes|dead_letters)' \
         ORDER BY relname",
    )
    .load(conn)
    .await?;
    let counts = tables
        .into_iter()
        .map(|table| (table.name, table.parameters));
    Ok(counts.collect())
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
    // Tables that stay small are read whole by what keeps them so.
    let ours: Vec<Prepared> = sql_query(
        "SELECT name, statement, cardinality(parameter_types) AS parameters FROM pg_prepared_statements \
         WHERE statement ~* '(webhooks|event_keys|orders|order_aliases|order_events|dead_letters|order_changes|accepted_counts|secret_uses|queue_looks|operators|operator_actions|api_tokens|sessions|sign_in_|fetches|replays)' \
           AND statement !~ 'pg_prepared_statements|DELETE FROM (secret_uses|queue_looks)'",
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
    // Of a partitioned table the plan names the partitions' indexes.
    let indexes: Vec<Line> = sql_query(
        "SELECT c.relname || COALESCE((SELECT string_agg(' ' || p.relname, '') FROM pg_inherits JOIN pg_class p \
                 ON p.oid = inhrelid WHERE inhparent = c.oid), '') AS \"QUERY PLAN\" \
         FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid \
         WHERE c.relnamespace = 'public'::regnamespace AND NOT c.relispartition AND c.relname !~ '^__'",
    )
    .load(&mut conn)
    .await?;
    let named: BTreeSet<&str> = plans.split([' ', '\n']).collect();
    let unused: BTreeSet<&str> = indexes
        .iter()
        .filter(|index| !index.line.split(' ').any(|name| named.contains(name)))
        .filter_map(|index| index.line.split(' ').next())
        .collect();
    assert_eq!(unused, BTreeSet::from(ONLY_UNIQUE));
    Ok(())
}

#[tokio::test]
async fn what_is_rare_is_found_among_many_orders_by_its_own_index() -> anyhow::Result<()> {
    let database = TestDatabase::new().await?;
    database
        .owner()
        .await?
        .batch_execute(
            "INSERT INTO orders (id, namespace, status, payment, fulfilment, dispute, lifecycle, flags, facts, version, \
                 last_seq, head_hash, rules, created_at, updated_at) \
             SELECT gen_random_uuid(), 'n', CASE WHEN n % 1000 = 0 THEN 'disputed' ELSE 'paid' END, \
                 CASE WHEN n % 800 = 0 THEN 'voided' ELSE 'paid' END, \
                 'unfulfilled', 'none', 'open', CASE WHEN n % 500 = 0 THEN '{overpaid}'::text[] ELSE '{}' END, '{}', 1, \
                 1, sha256(''), 1, '2026-11-24Z', '2026-11-24Z' \
             FROM generate_series(1, 20000) n; \
             ANALYZE orders",
        )
        .await?;
    let mut conn = database.connection().await?;
    let disputed = Search { status: Some(Status::Disputed), ..Search::default() };
    let voided = Search { payment: Some(Payment::Voided), ..Search::default() };
    let overpaid = Search { flag: Some(Flag::Overpaid), ..Search::default() };
    for (search, found, index) in [
        (disputed, 20, "orders_unusual"),
        (voided, 25, "orders_unusual_payment"),
        (overpaid, 40, "orders_flagged"),
    ] {
        let place = Place { from: None, backward: false, limit: 51 };
        let seen = orders::search(&mut conn, &search, place).await?;
        assert_eq!((seen.rows.len(), seen.stopped_at), (found, None), "{index}");
        assert!(scans(&mut conn, index).await? > 0, "{index}");
    }
    Ok(())
}

#[tokio::test]
async fn what_is_rare_is_found_in_a_long_log_by_its_own_index() -> anyhow::Result<()> {
    let database = TestDatabase::new().await?;
    database
        .owner()
        .await?
        .batch_execute(
            "INSERT INTO webhooks (received_at, id, source, provider, dedup_key, body_sha256, native_type, order_id, state, \
                 verdict, reason, attempts, correlation_id, committed_at, due_at, last_error, body, body_encoding, headers) \
             SELECT '2026-11-24Z'::timestamptz + n * interval '1 second', gen_random_uuid(), 'shop', 'p', n::text, sha256(''), 't', \
                 CASE WHEN n % 300 = 0 THEN NULL ELSE gen_random_uuid() END, \
                 CASE WHEN n % 900 = 0 THEN 'retrying' ELSE 'final' END, \
                 CASE WHEN n % 900 = 0 THEN NULL WHEN n % 300 = 0 THEN 'dead' ELSE 'applied' END, 'r', 1, 'c', \
                 CASE WHEN n % 900 = 0 THEN NULL ELSE now() END, CASE WHEN n % 900 = 0 THEN now() END, \
                 CASE WHEN n % 300 = 0 THEN 'e' END, '', 'utf8', '{}' \
             FROM generate_series(1, 20000) n; \
             ANALYZE webhooks",
        )
        .await?;
    let mut conn = database.connection().await?;
    let dead = webhooks::Search { verdict: Some(Verdict::Dead), ..Default::default() };
    let retrying = webhooks::Search { state: Some(State::Retrying), ..Default::default() };
    let of_shop = webhooks::Search { source: Some("shop".into()), ..dead.clone() };
    for (search, found, index) in [
        (dead, 44, "webhooks_unusual"),
        (retrying, 22, "webhooks_waiting"),
        (of_shop, 44, "webhooks_unusual"),
    ] {
        let place = Place { from: None, backward: false, limit: 51 };
        let seen = webhooks::search(&mut conn, &search, place).await?;
        assert_eq!((seen.rows.len(), seen.stopped_at), (found, None), "{index}");
        assert!(scans(&mut conn, index).await? > 0, "{index}");
    }
    Ok(())
}

/// How often an index was scanned, in any partition. Asked of the server, for a predicate makes the statement's text one
/// that is never kept.
async fn scans(conn: &mut AsyncPgConnection, index: &str) -> anyhow::Result<i32> {
    conn.batch_execute("SELECT pg_stat_force_next_flush()")
        .await?;
    let used: Prepared = sql_query(format!(
        "SELECT '' AS name, '' AS statement, sum(idx_scan)::integer AS parameters FROM pg_stat_user_indexes \
         WHERE indexrelid = '{index}'::regclass \
            OR indexrelid IN (SELECT inhrelid FROM pg_inherits WHERE inhparent = '{index}'::regclass)"
    ))
    .get_result(conn)
    .await?;
    Ok(used.parameters)
}

/// Statements whose text is not kept, too: the server is asked what it did.
#[tokio::test]
async fn no_list_and_no_search_reads_a_table_from_end_to_end() -> anyhow::Result<()> {
    let database = TestDatabase::new().await?;
    let mut conn = database.connection().await?;
    let order = Reference::order("A-1");
    commit(&mut conn, &[webhook("e1", std::slice::from_ref(&order), placed(10_00))], now()).await?;
    let [order] = orders::find(&mut conn, "A-1")
        .await?
        .try_into()
        .expect("one order");
    let before = whole_reads(&mut conn).await?;
    search(&mut conn, order.id).await?;
    assert_eq!(whole_reads(&mut conn).await?, before);
    Ok(())
}

#[tokio::test]
async fn names_that_begin_alike_are_found_by_a_range_of_their_index() -> anyhow::Result<()> {
    let database = TestDatabase::new().await?;
    let mut conn = database.connection().await?;
    let order = Reference::order("A-1");
    commit(&mut conn, &[webhook("e1", std::slice::from_ref(&order), placed(10_00))], now()).await?;
    let search = Search { called: Some("A-".into()), ..Search::default() };
    let found = orders::search(&mut conn, &search, places(Uuid::nil())[0]).await?;
    assert_eq!(found.rows.len(), 1);
    conn.batch_execute("SET plan_cache_mode = force_generic_plan")
        .await?;
    let ranged: Prepared = sql_query(
        "SELECT name, statement, cardinality(parameter_types) AS parameters FROM pg_prepared_statements \
         WHERE statement ~ 'ref\"? >='",
    )
    .get_result(&mut conn)
    .await?;
    let plan = plan(&mut conn, &ranged).await?;
    assert!(
        plan.contains("Index Cond: ((namespace = $1) AND (ref >= $2) AND (ref < $3))"),
        "{plan}"
    );
    Ok(())
}
