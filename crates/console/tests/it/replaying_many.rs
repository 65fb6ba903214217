//! Replaying many dead letters by the API.

use reqwest::header::{ETAG, IF_NONE_MATCH, LOCATION};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use uuid::Uuid;
use waybill_common::access::{Role, Scope};
use waybill_common::domain::Timestamp;
use waybill_test_support::eventually;

use crate::support::{SOON, TestConsole, told};

const REPLAYS: &str = "/api/v1/replays";

/// Dead letters of that many orders, A-0, A-1, …: each would be paid.
async fn buried(console: &TestConsole, orders: i64) -> anyhow::Result<()> {
    for nth in 0..orders {
        console.bury(&format!("A-{nth}"), "paid", nth - 500).await?;
    }
    Ok(())
}

async fn ask(console: &TestConsole, body: &Value) -> anyhow::Result<(StatusCode, Value)> {
    let token = console.token(Role::Operator, &[Scope::DeadLetters]).await?;
    let request = console.with_token(Method::POST, REPLAYS, &token);
    told(request.json(body).send().await?).await
}

async fn cancel(
    console: &TestConsole,
    id: &str,
    query: &str,
) -> anyhow::Result<(StatusCode, Value)> {
    let token = console.token(Role::Operator, &[Scope::DeadLetters]).await?;
    let path = format!("{REPLAYS}/{id}{query}");
    told(
        console
            .with_token(Method::DELETE, &path, &token)
            .send()
            .await?,
    )
    .await
}

async fn ended(console: &TestConsole, id: &str) -> Value {
    let path = format!("{REPLAYS}/{id}");
    eventually(SOON, async || match console.get(&path).await {
        Ok((_, replay)) if replay["state"] != "running" => Ok(replay),
        other => Err(other),
    })
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn many_letters_are_looked_at_then_replayed_and_watched() -> anyhow::Result<()> {
    let console = TestConsole::start().await?;
    buried(&console, 3).await?;
    let dry = json!({ "filter": { "source": "payments" }, "dry_run": true });
    let (status, preview) = ask(&console, &dry).await?;
    assert_eq!((status, &preview["matched"]), (StatusCode::OK, &json!(3)), "{preview}");
    assert_eq!((&preview["is_sample"], &preview["counts"]["applied"]), (&json!(false), &json!(3)));
    assert_eq!(preview["orders"][0]["changed"]["status"], json!(["pending", "paid"]));
    assert_eq!(console.get("/api/v1/orders/A-0").await?.0, 404, "nothing happened");
    assert_eq!(console.get(REPLAYS).await?.1["items"], json!([]));

    let token = console.token(Role::Operator, &[Scope::DeadLetters]).await?;
    let asked = json!({ "filter": { "source": "payments" }, "rate": 500, "reason": "mended" });
    let answer = console
        .with_token(Method::POST, REPLAYS, &token)
        .json(&asked)
        .send()
        .await?;
    assert_eq!(answer.status(), StatusCode::ACCEPTED);
    let location = answer.headers()[LOCATION].to_str()?.to_owned();
    let (_, replay) = told(answer).await?;
    let id = replay["id"].as_str().unwrap();
    assert_eq!(location, format!("{REPLAYS}/{id}"));
    assert_eq!((&replay["matched"], &replay["rate"]), (&json!(3), &json!(500)));
    assert_eq!(replay["filter"], json!({ "source": "payments" }));
    assert_eq!((&replay["actor"], &replay["reason"]), (&json!("token:test"), &json!("mended")));

    let replay = ended(&console, id).await;
    assert_eq!((&replay["state"], &replay["done"]), (&json!("finished"), &json!(3)));
    assert_eq!(replay["counts"]["applied"], 3);
    let (_, order) = console.get("/api/v1/orders/A-0").await?;
    assert_eq!((&order["status"], &order["version"]), (&json!("paid"), &json!("1")));
    let (_, listed) = console.get(REPLAYS).await?;
    assert_eq!(listed["items"], json!([replay]));

    let stream = format!("{REPLAYS}/{id}/stream");
    let answer = console
        .with_token(Method::GET, &stream, &token)
        .send()
        .await?;
    assert_eq!(answer.headers()["content-type"], "text/event-stream");
    let events = answer.text().await?;
    assert!(events.starts_with("event: progress\ndata: {"), "{events}");
    assert!(events.contains(r#""state":"finished""#), "it ends with the replay: {events}");
    console.finish().await
}

#[tokio::test(flavor = "multi_thread")]
async fn viewers_ask_what_a_replay_would_do_and_begin_none() -> anyhow::Result<()> {
    let console = TestConsole::start().await?;
    buried(&console, 1).await?;
    let token = console.token(Role::Viewer, &[Scope::DeadLetters]).await?;
    for (dry_run, expected) in [(true, StatusCode::OK), (false, StatusCode::FORBIDDEN)] {
        let asked = json!({ "filter": { "all": true }, "reason": "why not", "dry_run": dry_run });
        let request = console.with_token(Method::POST, REPLAYS, &token);
        let (status, body) = told(request.json(&asked).send().await?).await?;
        assert_eq!(status, expected, "{body}");
    }
    assert_eq!(console.get(REPLAYS).await?.1["items"], json!([]));
    console.finish().await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_replay_has_a_tag_and_is_cancelled_once_with_a_reason() -> anyhow::Result<()> {
    let console = TestConsole::start().await?;
    buried(&console, 20).await?;
    let asked = json!({ "filter": { "all": true }, "rate": 1, "reason": "slowly" });
    let (_, replay) = ask(&console, &asked).await?;
    let id = replay["id"].as_str().unwrap();
    assert_eq!(cancel(&console, id, "").await?.0, 400, "why?");
    assert_eq!(cancel(&console, id, "?reason=%20").await?.0, 400);
    let nobody = Uuid::nil().to_string();
    assert_eq!(cancel(&console, &nobody, "?reason=x").await?.0, 404);
    // What was done is listed by its time.
    let later = console.clock.now().micros() + 1_000_000;
    console.clock.set(Timestamp::from_micros_saturating(later));
    let (status, replay) = cancel(&console, id, "?reason=too%20slow").await?;
    assert_eq!((status, &replay["state"]), (StatusCode::OK, &json!("cancelled")), "{replay}");
    let (status, refused) = cancel(&console, id, "?reason=again").await?;
    assert_eq!((status, &refused["code"]), (StatusCode::CONFLICT, &json!("conflict")));

    let token = console.token(Role::Viewer, &[Scope::DeadLetters]).await?;
    let path = format!("{REPLAYS}/{id}");
    // The letter that was in hand may still be counted.
    let tag = eventually(SOON, async || {
        let first = console.with_token(Method::GET, &path, &token).send().await;
        let first = first.map_err(|error| error.to_string())?;
        let tag = first.headers()[ETAG].clone();
        let request = console.with_token(Method::GET, &path, &token);
        let again = request.header(IF_NONE_MATCH, &tag).send().await;
        let status = again.map_err(|error| error.to_string())?.status();
        if status == 304 { Ok(tag) } else { Err(status.to_string()) }
    })
    .await;
    assert!(tag.to_str()?.starts_with('"'));
    assert_eq!(console.get(&format!("{REPLAYS}/{nobody}")).await?.0, 404);
    let (_, actions) = {
        let token = console.token(Role::Operator, &[Scope::Activity]).await?;
        told(
            console
                .with_token(Method::GET, "/api/v1/actions", &token)
                .send()
                .await?,
        )
        .await?
    };
    assert_eq!(actions["items"][0]["action"], "cancel_replay");
    assert_eq!(actions["items"][0]["reason"], "too slow");
    assert_eq!(actions["items"][1]["action"], "replay_many");
    console.finish().await
}

#[tokio::test(flavor = "multi_thread")]
async fn what_makes_no_sense_begins_nothing() -> anyhow::Result<()> {
    let console = TestConsole::start().await?;
    buried(&console, 1).await?;
    for body in [
        json!({}),
        json!({ "reason": "x" }),
        json!({ "filter": {}, "reason": "x" }),
        json!({ "filter": { "all": true } }),
        json!({ "filter": { "all": true }, "reason": " " }),
        json!({ "filter": { "all": true, "source": "payments" }, "reason": "x" }),
        json!({ "filter": { "all": true }, "reason": "x", "rate": 0 }),
        json!({ "filter": { "all": true }, "reason": "x", "rate": 501 }),
        json!({ "filter": { "reason": "bad luck" }, "reason": "x" }),
        json!({ "filter": { "from": "yesterday" }, "reason": "x" }),
        json!({ "filter": { "webhooks": [] }, "reason": "x" }),
        json!({ "filter": { "webhooks": ["x"] }, "reason": "x" }),
        json!({ "filter": { "colour": "blue" }, "reason": "x" }),
        json!({ "filter": {}, "dry_run": true }),
    ] {
        let (status, refused) = ask(&console, &body).await?;
        assert_eq!(
            (status, &refused["code"]),
            (StatusCode::BAD_REQUEST, &json!("invalid")),
            "{body}"
        );
    }
    assert_eq!(console.get(REPLAYS).await?.1["items"], json!([]));
    assert_eq!(console.get(&format!("{REPLAYS}?limit=0")).await?.0, 400);
    console.finish().await
}
