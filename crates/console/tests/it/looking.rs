//! What the API shows of orders, webhooks and what happened to them.

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use waybill_common::access::{Role, Scope};
use waybill_common::domain::Effect;
use waybill_common::domain::counts::{SecretKind, SecretUse};
use waybill_common::storage::dead_letters::{Body, Burial, DeathReason, bury};
use waybill_common::storage::secret_uses;
use waybill_test_support::eventually;

use crate::support::{SOON, TestConsole, later, now, told};

/// The ids that a search finds, page by page, forward to the end and back to the beginning.
async fn walked(console: &TestConsole, path: &str) -> anyhow::Result<(Vec<Value>, Vec<Value>)> {
    let (mut forward, mut backward, mut cursor) = (Vec::new(), Vec::new(), None::<String>);
    let at = |cursor: &Option<String>| match cursor {
        Some(cursor) => format!("{path}&cursor={cursor}"),
        None => path.to_owned(),
    };
    let mut last = Value::Null;
    loop {
        let (status, body) = console.get(&at(&cursor)).await?;
        anyhow::ensure!(status == 200, "{status} {body}");
        forward.extend(body["items"].as_array().cloned().unwrap_or_default());
        cursor = body["next"].as_str().map(str::to_owned);
        last = if cursor.is_none() { body } else { last };
        if cursor.is_none() {
            break;
        }
    }
    let mut page = last["items"].as_array().cloned().unwrap_or_default();
    let mut cursor = last["previous"].as_str().map(str::to_owned);
    loop {
        page.extend(backward);
        backward = page;
        let Some(_) = &cursor else { break };
        let (_, body) = console.get(&at(&cursor)).await?;
        page = body["items"].as_array().cloned().unwrap_or_default();
        cursor = body["previous"].as_str().map(str::to_owned);
    }
    Ok((forward, backward))
}

fn names(items: &[Value], field: &str) -> Vec<String> {
    items
        .iter()
        .map(|item| item[field].as_str().unwrap_or_default().to_owned())
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn lists_are_paged_both_ways_without_gap_or_repeat() -> anyhow::Result<()> {
    let console = TestConsole::start().await?;
    let orders: Vec<String> = (0..7).map(|nth| format!("A-{nth}")).collect();
    for order in &orders {
        console.tell(order, &["placed"]).await?;
    }
    let newest: Vec<String> = orders.iter().rev().cloned().collect();
    for limit in [1, 2, 3, 7, 8] {
        let (forward, backward) =
            walked(&console, &format!("/api/v1/orders?limit={limit}")).await?;
        assert_eq!(names(&forward, "external_id"), newest, "{limit}");
        assert_eq!(names(&backward, "external_id"), newest, "{limit}");
        let (forward, backward) =
            walked(&console, &format!("/api/v1/webhooks?limit={limit}")).await?;
        assert_eq!(forward.len(), 7);
        assert_eq!(names(&forward, "id"), names(&backward, "id"), "{limit}");
    }
    console.finish().await
}

#[tokio::test(flavor = "multi_thread")]
async fn each_filter_narrows_the_search_down() -> anyhow::Result<()> {
    let console = TestConsole::start().await?;
    console.tell("A-1", &["placed"]).await?;
    console.tell("A-2", &["placed", "paid"]).await?;
    console.tell("A-3", &["placed", "paid", "disputed"]).await?;
    let (_, order) = console.get("/api/v1/orders/A-2").await?;
    let (_, trail) = console.get("/api/v1/orders/A-2/events").await?;
    let id = order["id"].as_str().unwrap();
    let webhook = trail["items"][1]["record"]["webhook_id"].as_str().unwrap();
    let event = trail["items"][1]["record"]["dedup_key"].as_str().unwrap();
    for (query, expected) in [
        ("", vec!["A-3", "A-2", "A-1"]),
        ("status=paid", vec!["A-2"]),
        ("status=disputed", vec!["A-3"]),
        ("status=refunded", vec![]),
        ("payment=paid", vec!["A-3", "A-2"]),
        ("payment=unpaid&status=pending", vec!["A-1"]),
        ("source=payments", vec!["A-3", "A-2", "A-1"]),
        ("source=stripe", vec![]),
        ("q=A-1", vec!["A-1"]),
        ("q=order:A-3", vec!["A-3"]),
        (&format!("q={id}"), vec!["A-2"]),
        (&format!("q={webhook}"), vec!["A-2"]),
        ("q=A-1&status=paid", vec![]),
        ("q=A-", vec!["A-3", "A-2", "A-1"]),
        ("q=order:A", vec!["A-3", "A-2", "A-1"]),
        ("q=A-&status=paid", vec!["A-2"]),
        ("q=-1", vec![]),
        (&format!("q={event}"), vec!["A-2"]),
        ("q=nothing", vec![]),
        ("q=%00", vec![]),
        ("from=2026-01-01T12:00:00Z", vec!["A-3", "A-2", "A-1"]),
        ("to=2026-01-01T12:00:00Z", vec![]),
    ] {
        let (status, body) = console.get(&format!("/api/v1/orders?{query}")).await?;
        if query == "q=%00" {
            assert_eq!(status, 400);
            continue;
        }
        let found = names(body["items"].as_array().unwrap(), "external_id");
        assert_eq!(found, expected, "{query} {body}");
    }
    console.finish().await
}

#[tokio::test(flavor = "multi_thread")]
async fn an_order_is_shown_with_a_tag_that_changes_with_it() -> anyhow::Result<()> {
    let console = TestConsole::start().await?;
    console.tell("A-1", &["placed"]).await?;
    let token = console.token(Role::Viewer, &[Scope::Orders]).await?;
    let ask = |tag: &str| {
        console
            .with_token(Method::GET, "/api/v1/orders/A-1", &token)
            .header("if-none-match", tag)
            .send()
    };
    let answer = ask("\"other\"").await?;
    let tag = answer.headers()["etag"].to_str()?.to_owned();
    let (_, order) = told(answer).await?;
    assert_eq!(order["status"], "pending");
    assert_eq!(
        (&order["total"], &order["currency"], &order["exponent"]),
        (&json!(9999), &json!("EUR"), &json!(2))
    );
    assert_eq!(ask(&tag).await?.status(), StatusCode::NOT_MODIFIED);
    assert_eq!(ask(&format!("\"a\", W/{tag}")).await?.status(), StatusCode::NOT_MODIFIED);
    console.tell("A-1", &["paid"]).await?;
    assert_eq!(ask(&tag).await?.status(), StatusCode::OK);
    let (status, body) = console.get("/api/v1/orders/nothing").await?;
    assert_eq!((status.as_u16(), body["code"].as_str()), (404, Some("not_found")));
    console.finish().await
}

#[tokio::test(flavor = "multi_thread")]
async fn explain_tells_the_rule_and_what_each_event_changed() -> anyhow::Result<()> {
    let console = TestConsole::start().await?;
    console.tell("A-1", &["placed", "paid", "refunded"]).await?;
    let (_, explained) = console.get("/api/v1/orders/A-1/explain").await?;
    assert_eq!(explained["status"], "refunded");
    let steps = explained["steps"].as_array().unwrap();
    assert_eq!(steps.len(), 3);
    assert_eq!(steps[1]["changed"]["status"], json!(["pending", "paid"]));
    assert_eq!(steps[1]["changed"]["captured"], json!([0, 9999]));
    assert_eq!(steps[2]["changed"]["refunded"], json!([0, 9999]));
    assert!(steps[1]["changed"].get("refunded").is_none());
    assert_eq!((&steps[2]["verdict"], &steps[2]["late"]), (&json!("applied"), &json!(false)));
    assert!(
        steps[2]["rule"]
            .as_str()
            .unwrap()
            .contains("from paid to refunded")
    );
    assert_eq!(steps[0]["body_sha256"].as_str().unwrap().len(), 64);
    console.finish().await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_trail_is_read_in_parts_and_verified_as_a_whole() -> anyhow::Result<()> {
    let console = TestConsole::start().await?;
    console.tell("A-1", &["placed", "paid", "refunded"]).await?;
    let (_, first) = console.get("/api/v1/orders/A-1/events?limit=2").await?;
    assert_eq!((first["items"].as_array().unwrap().len(), &first["next"]), (2, &json!("2")));
    let (_, rest) = console
        .get("/api/v1/orders/A-1/events?limit=2&after=2")
        .await?;
    assert_eq!((rest["items"].as_array().unwrap().len(), &rest["next"]), (1, &Value::Null));
    assert_eq!(rest["items"][0]["prev_hash"], first["items"][1]["hash"]);

    let token = console.token(Role::Viewer, &[Scope::Orders]).await?;
    let verify = || {
        console
            .with_token(Method::POST, "/api/v1/orders/A-1/verify", &token)
            .send()
    };
    let (_, verified) = told(verify().await?).await?;
    assert_eq!((&verified["holds"], &verified["events"]), (&json!(true), &json!(3)));
    diesel_async::SimpleAsyncConnection::batch_execute(
        &mut console.database.owner().await?,
        "UPDATE orders SET captured = 1",
    )
    .await?;
    let (_, verified) = told(verify().await?).await?;
    assert_eq!(verified["holds"], json!(false));
    assert!(verified["faults"][0].as_str().unwrap().contains("captured"), "{verified}");
    console.finish().await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_raw_body_is_shown_on_permission_and_the_look_is_recorded() -> anyhow::Result<()> {
    let console = TestConsole::start().await?;
    console.tell("A-1", &["placed"]).await?;
    let (_, list) = console
        .get("/api/v1/webhooks?source=payments&verdict=applied")
        .await?;
    let id = list["items"][0]["id"].as_str().unwrap();
    let (status, webhook) = console.get(&format!("/api/v1/webhooks/{id}")).await?;
    assert_eq!((status.as_u16(), &webhook["verdict"]), (200, &json!("applied")));
    assert!(webhook.get("body").is_none());

    let path = format!("/api/v1/webhooks/{id}/body");
    let token = console.token(Role::Viewer, &[Scope::PayloadRead]).await?;
    let (_, raw) = told(
        console
            .with_token(Method::GET, &path, &token)
            .send()
            .await?,
    )
    .await?;
    assert_eq!(raw["encoding"], "utf8");
    assert!(raw["body"].as_str().unwrap().contains("A-1"), "{raw}");
    let operator = console.token(Role::Operator, &[Scope::Activity]).await?;
    let actions = console
        .with_token(Method::GET, "/api/v1/actions", &operator)
        .send()
        .await?;
    let (_, actions) = told(actions).await?;
    assert_eq!(actions["items"][0]["action"], "read_payload");
    assert_eq!(actions["items"][0]["subject"], format!("webhook:{id}"));
    let missing = "/api/v1/webhooks/01890a5d-ac96-774b-bcce-b302099a8057/body";
    let answer = console
        .with_token(Method::GET, missing, &token)
        .send()
        .await?;
    assert_eq!(answer.status(), 404);
    console.finish().await
}

#[tokio::test(flavor = "multi_thread")]
async fn dead_letters_are_listed_and_counted_by_reason() -> anyhow::Result<()> {
    let console = TestConsole::start().await?;
    let mut conn = console.database.connection().await?;
    for nth in 0..3 {
        let mut pending = console.pending("A-1", "placed", nth)?;
        pending.envelope.event.effect = Effect::Unusable { reason: "no amount".into() };
        let burial = Burial {
            body: Body::Event(&pending),
            reason: DeathReason::Unusable,
            error: "no amount".into(),
            attempts: 1,
        };
        assert_eq!(bury(&mut conn, &[burial], now()).await?.len(), 1);
    }
    let (forward, backward) =
        walked(&console, "/api/v1/dead-letters?limit=2&reason=unusable").await?;
    assert_eq!((forward.len(), backward.len()), (3, 3));
    let (_, none) = console.get("/api/v1/dead-letters?reason=crashed").await?;
    assert_eq!(none["items"], json!([]));
    for bad in ["reason=bad", "replay_state=bad"] {
        assert_eq!(console.get(&format!("/api/v1/dead-letters?{bad}")).await?.0, 400);
    }
    let (_, groups) = console.get("/api/v1/dead-letters/groups").await?;
    assert_eq!((&groups[0]["reason"], &groups[0]["letters"]), (&json!("unusable"), &json!(3)));
    console.finish().await
}

#[tokio::test(flavor = "multi_thread")]
async fn changes_are_followed_by_position_and_as_a_stream() -> anyhow::Result<()> {
    let console = TestConsole::start().await?;
    console.tell("A-1", &["placed", "paid"]).await?;
    // Readers wait for whatever writes anywhere in the server, other tests included.
    eventually(SOON, async || {
        let (_, all) = console.get("/api/v1/changes").await.expect("it answers");
        let told = all["items"].as_array().map_or(0, Vec::len);
        (told == 2).then_some(()).ok_or(all)
    })
    .await;
    let (_, first) = console.get("/api/v1/changes?limit=1").await?;
    let next = first["next"].as_str().unwrap();
    let (_, second) = console
        .get(&format!("/api/v1/changes?after={next}"))
        .await?;
    assert_eq!(second["items"][0]["to_status"], "paid");
    let end = second["next"].as_str().unwrap();
    let (_, nothing) = console.get(&format!("/api/v1/changes?after={end}")).await?;
    assert_eq!((&nothing["items"], &nothing["next"]), (&json!([]), &json!(end)));
    assert_eq!(console.get("/api/v1/changes?after=x").await?.0, 400);

    let token = console.token(Role::Viewer, &[Scope::Changes]).await?;
    let mut stream = console
        .with_token(Method::GET, "/api/v1/changes/stream", &token)
        .header("last-event-id", next)
        .send()
        .await?;
    assert_eq!(stream.headers()["content-type"], "text/event-stream");
    let chunk = stream.chunk().await?.expect("an event");
    let text = String::from_utf8_lossy(&chunk);
    assert!(text.starts_with(&format!("id: {end}\nevent: change\ndata: {{")), "{text}");
    console.finish().await
}

#[tokio::test(flavor = "multi_thread")]
async fn the_last_minute_is_told_once_and_again() -> anyhow::Result<()> {
    let console = TestConsole::start().await?;
    console.tell("A-1", &["placed", "paid"]).await?;
    console.clock.set(later(5));
    let (_, stats) = console.get("/api/v1/stats").await?;
    assert_eq!((&stats["received"], &stats["verdicts"]), (&json!(2), &json!({"applied": 2})));
    assert_eq!(stats["sources"][0]["source"], "payments");
    let token = console.token(Role::Viewer, &[Scope::Stats]).await?;
    let mut stream = console
        .with_token(Method::GET, "/api/v1/stream", &token)
        .send()
        .await?;
    for _ in 0..2 {
        let chunk = stream.chunk().await?.expect("an event");
        assert!(String::from_utf8_lossy(&chunk).starts_with("event: stats\ndata: {"));
    }
    console.finish().await
}

#[tokio::test(flavor = "multi_thread")]
async fn sources_are_shown_without_their_secrets() -> anyhow::Result<()> {
    let console = TestConsole::start().await?;
    let (_, sources) = console.get("/api/v1/sources").await?;
    assert_eq!(names(sources.as_array().unwrap(), "name"), ["payments", "stripe"]);
    assert_eq!(sources[1]["secrets"][0]["active"], json!(true));
    let text = sources.to_string();
    assert!(!text.contains("whsec_test") && !text.contains("test-token"), "{text}");
    let secret = &sources[1]["secrets"][0];
    assert_eq!((&secret["standing"], &secret["usage"]), (&json!("unknown"), &json!(null)));

    let used = SecretUse {
        source: "stripe".into(),
        kind: SecretKind::Secret,
        position: 0,
        since: now(),
        used: 3,
        last_used_at: Some(later(1)),
        told_at: later(2),
    };
    let mut conn = console.database.connection().await?;
    secret_uses::report(&mut conn, "r", &[used]).await?;
    let (_, sources) = console.get("/api/v1/sources").await?;
    assert_eq!(
        (&sources[1]["rotation"], &sources[1]["secrets"][0]["standing"]),
        (&json!("one is in use"), &json!("used"))
    );
    let usage = json!({
        "since": "2026-01-01T12:00:00Z", "used": 3, "last_used_at": "2026-01-01T12:00:01Z",
    });
    assert_eq!(sources[1]["secrets"][0]["usage"], usage);
    let (_, stats) = console.get("/api/v1/stats").await?;
    assert_eq!(stats["sources"][1]["last_verified_at"], "2026-01-01T12:00:01Z");
    assert_eq!(stats["sources"][1]["rotation"], "one is in use");
    console.finish().await
}

#[tokio::test(flavor = "multi_thread")]
async fn reconciliation_balances_what_the_log_has() -> anyhow::Result<()> {
    let console = TestConsole::start().await?;
    console.tell("A-1", &["placed", "paid"]).await?;
    let (status, balance) = console
        .get("/api/v1/reconciliation?minutes=60&to=2026-01-01T12:30:00Z")
        .await?;
    assert_eq!(status, 200, "{balance}");
    assert_eq!(
        (&balance["items"][0]["applied"], &balance["items"][0]["surplus"]),
        (&json!(2), &json!(2))
    );
    for bad in ["minutes=0", "from=2026-02-01T00:00:00Z", "from=2025-01-01T00:00:00Z", "cursor=x"] {
        let (status, _) = console
            .get(&format!("/api/v1/reconciliation?{bad}"))
            .await?;
        assert_eq!(status, 400, "{bad}");
    }
    console.finish().await
}
