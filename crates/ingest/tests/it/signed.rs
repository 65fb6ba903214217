//! Requests that are signed over their bytes: Stripe's.

use serde_json::json;
use waybill_common::config::Source;
use waybill_common::domain::Timestamp;
use waybill_providers::{Message, adapter};

use crate::support::{TestIngest, now, told};

fn event(id: &str, extra: &str) -> String {
    let intent = json!({
        "id": "pi_1", "object": "payment_intent", "amount": 9999, "amount_received": 9999,
        "currency": "usd", "status": "succeeded", "metadata": { "order_id": "1001" },
    });
    format!(
        r#"{{"id":"{id}","object":"event","created":1767268700,"livemode":false,"type":"payment_intent.succeeded","data":{{"object":{intent}}}{extra}}}"#
    )
}

fn signed(secret: &str, body: &str, at: Timestamp) -> Message {
    let source = Source { secrets: vec![secret.into()], ..Source::new("stripe") };
    adapter("stripe", &source)
        .expect("the source is complete")
        .sign(Message::json(body.as_bytes().to_vec()), at)
}

async fn post(ingest: &TestIngest, message: &Message) -> anyhow::Result<reqwest::Response> {
    let mut request = ingest.http.post(ingest.url("/webhooks/stripe"));
    for (name, value) in &message.headers {
        request = request.header(*name, value);
    }
    Ok(request.body(message.body.clone()).send().await?)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_signed_webhook_is_accepted_and_its_repeat_is_known_although_it_is_signed_anew()
-> anyhow::Result<()> {
    let ingest = TestIngest::start().await?;
    let body = event("evt_1", "");
    let (status, answer) = told(post(&ingest, &signed("whsec_test", &body, now())).await?).await?;
    assert_eq!((status, answer["status"].as_str()), (202, Some("queued")));
    let earlier = Timestamp::from_seconds(now().seconds() - 200)?;
    let repeat = event("evt_1", r#","pending_webhooks":1"#);
    let again = told(post(&ingest, &signed("whsec_older", &repeat, earlier)).await?).await?;
    assert_eq!(
        again,
        (200, json!({ "message": "Duplicate webhook detected", "status": "ignored" }))
    );

    let published = ingest.published().await?;
    assert_eq!(published.len(), 1);
    assert_eq!(published[0].event.webhook_id.to_string(), answer["webhook_log_id"]);
    assert_eq!(published[0].body, body.as_bytes());
    assert!(!published[0].headers.contains_key("stripe-signature"));
    ingest.finish().await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_request_that_was_tampered_with_is_not_believed() -> anyhow::Result<()> {
    let ingest = TestIngest::start().await?;
    let message = signed("whsec_test", &event("evt_1", ""), now());
    let header = |value: String| {
        let headers =
            vec![("content-type", "application/json".to_owned()), ("stripe-signature", value)];
        Message { headers, body: message.body.clone() }
    };
    let signature = message
        .headers
        .iter()
        .find(|(name, _)| *name == "stripe-signature")
        .unwrap();
    let more = Message { body: [message.body.as_slice(), b" "].concat(), ..message.clone() };
    let old =
        signed("whsec_test", &event("evt_1", ""), Timestamp::from_seconds(now().seconds() - 301)?);
    let twice = message
        .clone()
        .with("stripe-signature", signature.1.clone());
    for tampered in [
        more,
        old,
        twice,
        signed("whsec_other", &event("evt_1", ""), now()),
        header(signature.1.replace("v1=", "v0=")),
        header(signature.1.replace("t=1", "t=2")),
        header(signature.1.chars().take(40).collect()),
        header(String::new()),
    ] {
        let (status, body) = told(post(&ingest, &tampered).await?).await?;
        assert_eq!(status, 401, "{:?}", tampered.headers);
        assert_eq!(body, json!({ "message": "The webhook could not be authenticated" }));
    }
    ingest.finish().await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_authentic_event_that_cannot_be_used_is_accepted() -> anyhow::Result<()> {
    let ingest = TestIngest::start().await?;
    for (number, body) in [
        r#"{"id":"evt_1","object":"event","created":1767268700,"livemode":false,"type":"some.thing","data":{"object":{}}}"#,
        r#"{"id":"evt_2","object":"event","created":1767268700,"livemode":false,"type":"payment_intent.succeeded","data":{"object":{"id":7}}}"#,
    ]
    .into_iter()
    .enumerate()
    {
        let response = post(&ingest, &signed("whsec_test", body, now())).await?;
        assert_eq!(response.status(), 202, "{number}");
    }
    assert_eq!(ingest.published().await?.len(), 2);
    ingest.finish().await
}
