//! Illegal rows cannot exist: every CHECK refuses something, by name.

use std::collections::BTreeSet;

use diesel::result::Error;
use diesel::{QueryableByName, sql_query, sql_types};
use diesel_async::{
    AsyncConnection as _, AsyncPgConnection, RunQueryDsl as _, SimpleAsyncConnection as _,
};
use serde_json::{Value, json};
use waybill_test_support::TestDatabase;

const HASH: &str = "\\x0000000000000000000000000000000000000000000000000000000000000000";
const ID: &str = "01890a5d-ac96-774b-bcce-b302099a8057";
/// Somebody whom sessions may belong to.
const OPERATOR: &str = "01890a5d-ac96-774b-bcce-b302099a8058";
const TIME: &str = "2026-11-24T12:00:00Z";
/// One more than the greatest number that JSON keeps exactly.
const TOO_MUCH: i64 = 1 << 53;

/// A row that is legal, by table.
fn legal(table: &str) -> Value {
    match table {
        "webhooks" => json!({
            "received_at": TIME, "id": ID, "source": "s", "provider": "p", "dedup_key": "k", "body_sha256": HASH,
            "native_type": "t", "order_id": ID, "state": "final", "verdict": "applied", "reason": "r", "attempts": 1,
            "correlation_id": "c", "committed_at": TIME, "processing_ms": 1, "body": "\\x00", "body_encoding": "base64",
            "headers": {},
        }),
        "event_keys" => json!({
            "key": "\\x00000000000000000000000000000000", "source": "s", "dedup_key": "k", "body_sha256": HASH,
            "webhook_id": ID,
        }),
        "orders" => json!({
            "id": ID, "namespace": "n", "status": "paid", "payment": "paid", "fulfilment": "unfulfilled",
            "dispute": "none", "lifecycle": "open", "currency": "EUR", "exponent": 2, "total": 1, "authorized": 0,
            "captured": 1, "refunded": 0, "disputed": 0, "flags": ["conflict"], "facts": {}, "version": 1,
            "last_seq": 1, "head_hash": HASH, "rules": 1, "created_at": TIME, "updated_at": TIME,
        }),
        "order_events" => json!({
            "order_id": ID, "seq": 1, "kind": "event", "webhook_id": ID, "source": "s", "dedup_key": "k",
            "body_sha256": HASH, "native_type": "t", "verdict": "applied", "label": "normal", "to_status": "paid",
            "reason": "r", "trust": "full", "order_refs": [], "effect": {}, "occurred_at": TIME, "recorded_at": TIME,
            "correlation_id": "c", "rules": 1, "prev_hash": HASH, "hash": HASH,
        }),
        "dead_letters" => json!({
            "webhook_id": ID, "received_at": TIME, "source": "s", "reason": "unusable", "error": "e", "attempts": 1,
            "first_failed_at": TIME, "last_failed_at": TIME, "message": "\\x00", "replay_state": "none", "replays": 0,
        }),
        "replays" => json!({
            "id": ID, "actor": "a", "reason": "r", "origin": "o", "filter": {}, "rate": 50, "state": "running",
            "matched": 1, "applied": 0, "no_change": 0, "duplicate": 0, "conflict": 0, "ignored": 0, "unusable": 0,
            "elsewhere": 0, "missed": 0, "created_at": TIME, "updated_at": TIME,
        }),
        "fetches" => {
            json!({ "namespace": "n", "object": "o", "hint_at": 1, "attempts": 1, "due_at": TIME, "given_up": false })
        }
        "operator_actions" => json!({
            "id": ID, "at": TIME, "actor": "a", "action": "x", "reason": "r", "origin": "o", "subject": "s",
        }),
        "operators" => json!({
            "id": ID, "name": "ada", "role": "admin", "payload_read": false, "created_at": TIME,
        }),
        "api_tokens" => json!({
            "id": ID, "name": "shop", "hash": HASH, "role": "viewer", "scopes": ["changes"], "created_by": "ada",
            "created_at": TIME, "expires_at": "2026-11-25T12:00:00Z",
        }),
        "sessions" => json!({
            "hash": HASH, "operator_id": OPERATOR, "created_at": TIME, "last_seen_at": TIME, "expires_at": TIME,
        }),
        "sign_in_links" => json!({ "hash": HASH, "operator_id": OPERATOR, "expires_at": TIME }),
        "sign_in_failures" => {
            json!({ "kind": "account", "subject": "ada", "failures": 1, "since": TIME })
        }
        other => legal_report(other),
    }
}

/// Of the tables that tell how things go.
fn legal_report(table: &str) -> Value {
    match table {
        "accepted_counts" => {
            json!({ "source": "s", "minute": TIME, "replica": "r", "accepted": 1, "recovered": 0 })
        }
        "queue_looks" => {
            json!({ "worker": ID, "shard": 0, "ready": 0, "oldest_age_ms": 0, "seen_at": TIME })
        }
        "secret_uses" => json!({
            "source": "s", "kind": "token", "position": 0, "replica": "r", "since": TIME, "used": 0, "told_at": TIME,
        }),
        other => panic!("no legal row of {other} is known"),
    }
}

/// Of the tables that say who may use the console.
fn illegal_access() -> Vec<(&'static str, Value)> {
    vec![
        ("operators_name_is_plain", json!({ "name": "Ada <script>" })),
        ("operators_role_is_known", json!({ "role": "god" })),
        ("operators_password_hash_is_argon2id", json!({ "password_hash": "$2b$12$x" })),
        ("operators_subject_is_whole", json!({ "issuer": "https://id.example" })),
        ("api_tokens_hash_is_a_hash", json!({ "hash": "\\x00" })),
        ("api_tokens_have_a_name", json!({ "name": "" })),
        ("api_tokens_role_is_known", json!({ "role": "god" })),
        ("api_tokens_scopes_are_known", json!({ "scopes": ["everything"] })),
        ("api_tokens_expire_later", json!({ "expires_at": TIME })),
        ("sessions_hash_is_a_hash", json!({ "hash": "\\x00" })),
        ("sign_in_links_hash_is_a_hash", json!({ "hash": "\\x00" })),
        ("sign_in_failures_kind_is_known", json!({ "kind": "planet" })),
        ("sign_in_failures_are_counted", json!({ "failures": 0 })),
    ]
}

/// Of dead letters and their replays.
fn illegal_letters() -> Vec<(&'static str, Value)> {
    vec![
        ("dead_letters_reason_is_known", json!({ "reason": "odd" })),
        ("dead_letters_replay_state_is_known", json!({ "replay_state": "odd" })),
        ("dead_letters_replays_are_counted", json!({ "replays": 1 })),
        ("dead_letters_attempts_are_counted", json!({ "attempts": -1 })),
        ("dead_letters_fail_in_order", json!({ "first_failed_at": "2027-01-01T00:00:00Z" })),
        ("replays_have_a_reason", json!({ "reason": "" })),
        ("replays_rate_is_bounded", json!({ "rate": 501 })),
        ("replays_state_is_known", json!({ "state": "odd", "finished_at": TIME })),
        ("replays_end_when_they_do_not_run", json!({ "state": "finished" })),
        ("replays_lease_is_somebodys", json!({ "lease_until": TIME })),
        ("replays_are_counted", json!({ "missed": -1 })),
    ]
}

/// Constraint, and the change to a legal row that it refuses.
fn illegal() -> Vec<(&'static str, Value)> {
    vec![
        ("webhooks_state_is_known", json!({ "state": "lost", "committed_at": null })),
        ("webhooks_verdict_is_known", json!({ "verdict": "maybe" })),
        ("webhooks_retrying_have_no_verdict", json!({ "verdict": null })),
        ("webhooks_retrying_are_due", json!({ "due_at": TIME })),
        ("webhooks_final_are_committed", json!({ "committed_at": null })),
        ("webhooks_final_have_a_reason", json!({ "reason": null })),
        ("webhooks_dead_have_an_error", json!({ "verdict": "dead" })),
        ("webhooks_applied_have_an_order", json!({ "order_id": null })),
        ("webhooks_attempts_are_counted", json!({ "attempts": -1 })),
        ("webhooks_processing_takes_time", json!({ "processing_ms": -1 })),
        ("webhooks_body_sha256_is_a_hash", json!({ "body_sha256": "\\x00" })),
        ("webhooks_body_encoding_is_known", json!({ "body_encoding": "hex" })),
        ("event_keys_key_is_half_a_hash", json!({ "key": "\\x00" })),
        ("event_keys_body_sha256_is_a_hash", json!({ "body_sha256": "\\x00" })),
        ("orders_status_is_known", json!({ "status": "shipped" })),
        ("orders_payment_is_known", json!({ "payment": "maybe" })),
        ("orders_fulfilment_is_known", json!({ "fulfilment": "maybe" })),
        ("orders_dispute_is_known", json!({ "dispute": "maybe" })),
        ("orders_lifecycle_is_known", json!({ "lifecycle": "maybe" })),
        ("orders_flags_are_known", json!({ "flags": ["conflict", "odd"] })),
        ("orders_currency_is_a_code", json!({ "currency": "eur" })),
        ("orders_exponent_goes_with_currency", json!({ "exponent": null })),
        ("orders_exponent_is_small", json!({ "exponent": 5 })),
        ("orders_total_is_exact", json!({ "total": TOO_MUCH })),
        ("orders_authorized_is_exact", json!({ "authorized": -TOO_MUCH })),
        ("orders_captured_is_exact", json!({ "captured": TOO_MUCH })),
        ("orders_refunded_is_exact", json!({ "refunded": TOO_MUCH })),
        ("orders_disputed_is_exact", json!({ "disputed": TOO_MUCH })),
        ("orders_version_counts_commits", json!({ "version": 0 })),
        ("orders_last_seq_counts_rows", json!({ "version": 2 })),
        ("orders_head_hash_is_a_hash", json!({ "head_hash": "\\x00" })),
        ("orders_absorbed_say_by_whom", json!({ "status": "absorbed" })),
        ("orders_absorbed_have_no_money", json!({ "status": "absorbed", "absorbed_into": ID })),
        ("order_events_kind_is_known", json!({ "kind": "odd" })),
        ("order_events_verdict_is_known", json!({ "verdict": "dead" })),
        ("order_events_label_is_known", json!({ "label": "odd" })),
        ("order_events_statuses_are_known", json!({ "to_status": "odd" })),
        ("order_events_trust_is_known", json!({ "trust": "odd" })),
        ("order_events_seq_counts_from_one", json!({ "seq": 0, "from_status": "paid" })),
        ("order_events_first_comes_from_nowhere", json!({ "from_status": "paid" })),
        ("order_events_body_sha256_is_a_hash", json!({ "body_sha256": "\\x00" })),
        ("order_events_prev_hash_is_a_hash", json!({ "prev_hash": "\\x00" })),
        ("order_events_hash_is_a_hash", json!({ "hash": "\\x00" })),
        ("accepted_counts_minute_is_whole", json!({ "minute": "2026-11-24T12:00:01Z" })),
        ("accepted_counts_are_counted", json!({ "accepted": -1 })),
        ("accepted_counts_recovered_are_counted", json!({ "recovered": -1 })),
        ("queue_looks_shards_are_counted", json!({ "shard": -1 })),
        ("queue_looks_ready_are_counted", json!({ "ready": -1 })),
        ("queue_looks_ages_are_past", json!({ "oldest_age_ms": -1 })),
        ("secret_uses_kind_is_known", json!({ "kind": "odd" })),
        ("secret_uses_have_a_place", json!({ "position": -1 })),
        ("secret_uses_are_counted", json!({ "used": -1 })),
        ("fetches_attempts_are_counted", json!({ "attempts": 0 })),
        ("fetches_given_up_have_an_error", json!({ "given_up": true })),
        ("operator_actions_have_a_reason", json!({ "reason": "" })),
    ]
}

#[derive(QueryableByName)]
struct Check {
    #[diesel(sql_type = sql_types::Text)]
    table: String,
    #[diesel(sql_type = sql_types::Text)]
    name: String,
}

async fn checks(conn: &mut AsyncPgConnection) -> anyhow::Result<Vec<Check>> {
    let query = "SELECT t.relname::text AS table, c.conname::text AS name FROM pg_constraint c \
                 JOIN pg_class t ON t.oid = c.conrelid \
                 WHERE c.contype = 'c' AND c.conislocal AND NOT t.relispartition \
                   AND c.connamespace = 'public'::regnamespace";
    Ok(sql_query(query).load(conn).await?)
}

/// Inserts a legal row with a change; undone in any case.
async fn insert(conn: &mut AsyncPgConnection, table: &str, change: &Value) -> Result<(), Error> {
    let mut row = legal(table);
    for (column, value) in change.as_object().expect("changes are objects") {
        row[column] = value.clone();
    }
    let insert =
        format!("INSERT INTO {table} SELECT * FROM jsonb_populate_record(NULL::{table}, $1)");
    let undone = conn
        .transaction::<(), Error, _>(async |conn| {
            sql_query(insert)
                .bind::<sql_types::Jsonb, _>(row)
                .execute(conn)
                .await?;
            Err(Error::RollbackTransaction)
        })
        .await;
    match undone {
        Err(Error::RollbackTransaction) => Ok(()),
        refused => refused,
    }
}

#[tokio::test]
async fn every_check_refuses_what_it_is_named_for() -> anyhow::Result<()> {
    let database = TestDatabase::new().await?;
    let mut conn = database.owner().await?;
    let operator = format!(
        "INSERT INTO operators (id, name, role, payload_read, created_at) VALUES ('{OPERATOR}', 'bob', 'viewer', false, '{TIME}')"
    );
    conn.batch_execute(&operator).await?;
    let checks = checks(&mut conn).await?;
    let known: BTreeSet<&str> = checks.iter().map(|check| check.name.as_str()).collect();
    let tried = [illegal(), illegal_letters(), illegal_access()].concat();
    assert_eq!(known, tried.iter().map(|(name, _)| *name).collect());
    for (name, change) in tried {
        let table = &checks
            .iter()
            .find(|check| check.name == name)
            .expect("just compared")
            .table;
        insert(&mut conn, table, &json!({})).await?;
        match insert(&mut conn, table, &change).await {
            Err(Error::DatabaseError(_, told)) => {
                assert_eq!(told.constraint_name(), Some(name), "{change}: {}", told.message());
            }
            other => panic!("{name} did not refuse {change}: {other:?}"),
        }
    }
    Ok(())
}

#[tokio::test]
async fn the_trail_is_append_only_for_everybody() -> anyhow::Result<()> {
    let database = TestDatabase::new().await?;
    let mut owner = database.owner().await?;
    for table in ["order_events", "operator_actions"] {
        for change in [
            format!("UPDATE {table} SET reason = 'other'"),
            format!("DELETE FROM {table}"),
            format!("TRUNCATE {table}"),
            // What replication tools do to step over triggers.
            format!("SET session_replication_role = replica; DELETE FROM {table}"),
        ] {
            let told = owner.batch_execute(&change).await.unwrap_err().to_string();
            assert!(told.contains("is append-only"), "{change}: {told}");
            let mut service = database.connection().await?;
            let told = service
                .batch_execute(&change)
                .await
                .unwrap_err()
                .to_string();
            assert!(told.contains("permission denied"), "{change}: {told}");
        }
    }
    Ok(())
}

#[tokio::test]
async fn services_may_do_no_more_than_they_need() -> anyhow::Result<()> {
    let database = TestDatabase::new().await?;
    let mut service = database.connection().await?;
    for change in [
        "DELETE FROM webhooks",
        "TRUNCATE webhooks",
        "UPDATE event_keys SET webhook_id = webhook_id",
        "UPDATE event_keys SET body_sha256 = body_sha256",
        "DELETE FROM event_keys",
        "DELETE FROM orders",
        "UPDATE order_aliases SET ref = 'other'",
        "DELETE FROM dead_letters",
        "UPDATE replays SET reason = 'another'",
        "DELETE FROM replays",
        "DROP TABLE accepted_counts",
        "DELETE FROM accepted_counts",
        "UPDATE order_changes SET stamp = 0",
        "DELETE FROM order_changes",
        "CREATE TABLE mine (id int)",
        "INSERT INTO __diesel_schema_migrations (version) VALUES ('9')",
    ] {
        let told = service.batch_execute(change).await.unwrap_err().to_string();
        let refused = told.contains("permission denied") || told.contains("must be owner");
        assert!(refused, "{change}: {told}");
    }
    Ok(())
}
