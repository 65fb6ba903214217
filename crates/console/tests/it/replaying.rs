//! Replaying dead letters.

use reqwest::{Method, Response, StatusCode};
use serde_json::{Value, json};
use uuid::Uuid;
use waybill_common::access::{Role, Scope};
use waybill_common::domain::envelope::Envelope;
use waybill_common::domain::{Effect, Hint};
use waybill_common::id;
use waybill_common::storage::commit::{Pending, commit};
use waybill_common::storage::dead_letters::{DeathReason, begin_replay};
use waybill_common::storage::operator_actions;
use waybill_common::storage::place::Place;
use waybill_providers::{adapter, again};

use crate::support::{TestConsole, later, now, told};

/// A dead letter that would pay the order A-1.
async fn buried(console: &TestConsole) -> anyhow::Result<Uuid> {
    let letter = console.bury("A-1", "paid", 500).await?;
    Ok(letter.envelope.event.webhook_id)
}

async fn replay(console: &TestConsole, id: Uuid, body: &Value) -> anyhow::Result<Response> {
    let token = console.token(Role::Operator, &[Scope::DeadLetters]).await?;
    let path = format!("/api/v1/dead-letters/{id}/replay");
    Ok(console
        .with_token(Method::POST, &path, &token)
        .json(body)
        .send()
        .await?)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dead_letter_is_previewed_then_replayed_once_and_on_record() -> anyhow::Result<()> {
    let console = TestConsole::start().await?;
    console.tell("A-1", &["placed"]).await?;
    let id = buried(&console).await?;
    let (status, preview) = console
        .get(&format!("/api/v1/dead-letters/{id}/preview"))
        .await?;
    assert_eq!((status, &preview["verdict"]), (StatusCode::OK, &json!("applied")), "{preview}");
    assert_eq!(preview["effects"][0]["external_id"], "A-1");
    assert_eq!(preview["effects"][0]["changed"]["status"], json!(["pending", "paid"]));
    assert_eq!(preview["effects"][0]["changed"]["captured"], json!([0, 9999]));
    let (_, order) = console.get("/api/v1/orders/A-1").await?;
    assert_eq!(order["status"], "pending", "a preview changes nothing");

    let body = json!({ "reason": "the adapter understands it now" });
    let (status, replayed) = told(replay(&console, id, &body).await?).await?;
    assert_eq!((status, &replayed["verdict"]), (StatusCode::OK, &json!("applied")), "{replayed}");
    let (_, order) = console.get("/api/v1/orders/A-1").await?;
    assert_eq!((&order["status"], &order["captured"]), (&json!("paid"), &json!(9999)));
    let (_, again) = told(replay(&console, id, &body).await?).await?;
    assert_eq!(again["code"], "conflict");
    let (_, letters) = console
        .get("/api/v1/dead-letters?replay_state=replayed")
        .await?;
    assert_eq!(
        (&letters["items"][0]["replays"], letters["items"].as_array().unwrap().len()),
        (&json!(1), 1)
    );

    let mut conn = console.database.connection().await?;
    let place = Place { from: None, backward: false, limit: 10 };
    let actions = operator_actions::list(&mut conn, place).await?;
    assert_eq!(actions.len(), 1, "one won");
    assert_eq!((actions[0].action.as_str(), actions[0].actor.as_str()), ("replay", "token:test"));
    assert_eq!(actions[0].reason, "the adapter understands it now");
    console.finish().await
}

/// What Stripe's API said of a payment that a thin event named, which then failed too often to be committed.
fn fetched(console: &TestConsole) -> anyhow::Result<Pending> {
    let config = &console.application.app().config;
    let stripe = adapter("stripe", &config.sources["stripe"])?;
    let hint = Hint { object: "stripe::pi_1".to_owned(), at: now() };
    let body = json!({
        "id": "pi_1", "object": "payment_intent", "status": "succeeded", "livemode": true,
        "currency": "usd", "amount": 9999, "amount_received": 9999, "metadata": { "order_id": "A-1" },
    })
    .to_string()
    .into_bytes();
    let answer = stripe.answered(&hint, &body, later(1))?;
    let envelope = Envelope {
        event: answer.received(id::at(later(1)), "stripe", "stripe"),
        received_at: later(1),
        correlation_id: "c".to_owned(),
        body,
        headers: [again::kept(&hint)].into(),
    };
    let namespace = config.namespace_of("stripe").to_owned();
    Ok(Pending { envelope, namespace, attempts: 9, replayed: false, trace_id: None })
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_that_was_fetched_is_understood_as_one_again() -> anyhow::Result<()> {
    let console = TestConsole::start().await?;
    let pending = fetched(&console)?;
    let id = pending.envelope.event.webhook_id;
    console
        .bury_as(&pending, DeathReason::Exhausted, "it failed too often")
        .await?;

    let body = json!({ "reason": "the database is mended" });
    let (status, replayed) = told(replay(&console, id, &body).await?).await?;
    assert_eq!((status, &replayed["verdict"]), (StatusCode::OK, &json!("applied")), "{replayed}");
    let (_, order) = console.get("/api/v1/orders/A-1").await?;
    assert_eq!((&order["status"], &order["captured"]), (&json!("paid"), &json!(9999)));
    console.finish().await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_letter_whose_key_is_taken_is_previewed_as_the_duplicate_that_it_is() -> anyhow::Result<()>
{
    let console = TestConsole::start().await?;
    let pending = console.bury("A-1", "paid", 500).await?;
    let id = pending.envelope.event.webhook_id;
    // Its sender sent it again, and that one counted.
    let again = console.pending("A-1", "paid", 500)?;
    let mut conn = console.database.connection().await?;
    commit(&mut conn, &[again], later(1)).await?;
    let (_, preview) = console
        .get(&format!("/api/v1/dead-letters/{id}/preview"))
        .await?;
    assert_eq!((&preview["verdict"], &preview["effects"]), (&json!("duplicate"), &json!([])));
    let (_, replayed) = told(replay(&console, id, &json!({ "reason": "x" })).await?).await?;
    assert_eq!(replayed["verdict"], "duplicate");
    console.finish().await
}

#[tokio::test(flavor = "multi_thread")]
async fn of_two_operators_at_once_one_wins() -> anyhow::Result<()> {
    let console = TestConsole::start().await?;
    let id = buried(&console).await?;
    let body = json!({ "reason": "both press the button" });
    let (one, other) = tokio::join!(replay(&console, id, &body), replay(&console, id, &body));
    let mut statuses = [one?.status().as_u16(), other?.status().as_u16()];
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 409]);
    let (_, order) = console.get("/api/v1/orders/A-1").await?;
    assert_eq!((&order["captured"], &order["version"]), (&json!(9999), &json!("1")));
    console.finish().await
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_began_and_is_gone_holds_nobody_up_for_long() -> anyhow::Result<()> {
    let console = TestConsole::start().await?;
    let id = buried(&console).await?;
    let mut conn = console.database.connection().await?;
    assert!(begin_replay(&mut conn, id, (now(), now())).await?);
    let body = json!({ "reason": "the other console died" });
    assert_eq!(replay(&console, id, &body).await?.status(), 409);
    console.clock.set(later(61));
    assert_eq!(replay(&console, id, &body).await?.status(), 200);
    console.finish().await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_replay_needs_a_reason_a_letter_and_a_source() -> anyhow::Result<()> {
    let console = TestConsole::with(|config| {
        config.sources.remove("payments");
    })
    .await?;
    let id = buried(&console).await?;
    for body in [json!({}), json!({ "reason": " " }), json!({ "reason": "x", "more": 1 })] {
        assert_eq!(replay(&console, id, &body).await?.status(), 400, "{body}");
    }
    let body = json!({ "reason": "x" });
    assert_eq!(replay(&console, Uuid::nil(), &body).await?.status(), 404);
    assert_eq!(replay(&console, id, &body).await?.status(), 409, "its source is gone");
    console.finish().await
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_still_unusable_is_dead_again_and_can_be_replayed_again() -> anyhow::Result<()> {
    let console = TestConsole::start().await?;
    let mut pending = console.pending("A-1", "paid", 500)?;
    pending.envelope.event.effect = Effect::Unusable { reason: "no JSON".into() };
    pending.envelope.body = b"no JSON".to_vec();
    console
        .bury_as(&pending, DeathReason::Unusable, "no JSON")
        .await?;
    let id = pending.envelope.event.webhook_id;
    let (_, preview) = console
        .get(&format!("/api/v1/dead-letters/{id}/preview"))
        .await?;
    assert_eq!((&preview["verdict"], &preview["rule"]), (&json!("dead"), &json!("no JSON")));
    assert_eq!(preview["effects"], json!([]));
    let (_, replayed) = told(replay(&console, id, &json!({ "reason": "try" })).await?).await?;
    assert_eq!(replayed["verdict"], "dead", "{replayed}");
    let (_, letters) = console
        .get("/api/v1/dead-letters?replay_state=none")
        .await?;
    assert_eq!(letters["items"][0]["webhook_id"], json!(id));
    console.finish().await
}
