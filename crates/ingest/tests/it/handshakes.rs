//! What senders of `CloudEvents` ask before they send.

use reqwest::{Method, Response};
use serde_json::json;
use waybill_common::config::Source;

use crate::support::{TestIngest, told};

/// With a source `events`, which hears one network only, told by a trusted proxy.
async fn started() -> anyhow::Result<TestIngest> {
    TestIngest::with(|config| {
        let mut events = Source::new("cloudevents");
        events.tokens = vec!["events-token".into()];
        events.allow_from = vec!["198.51.100.0/24".parse().expect("a network")];
        config.sources.insert("events".into(), events);
        config.ingest.trusted_proxies = vec!["127.0.0.0/8".parse().expect("a network")];
    })
    .await
}

async fn ask(
    ingest: &TestIngest,
    source: &str,
    client: &str,
    headers: &[(&str, &str)],
) -> anyhow::Result<Response> {
    let mut request = ingest
        .http
        .request(Method::OPTIONS, ingest.url(&format!("/webhooks/{source}")))
        .header("x-forwarded-for", client);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    Ok(request.send().await?)
}

const ORIGIN: (&str, &str) = ("webhook-request-origin", "eventemitter.example.com");
const CLIENT: &str = "198.51.100.7";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_asks_may_send_and_is_told_how_often_if_it_asks_that_too() -> anyhow::Result<()> {
    let ingest = started().await?;
    let granted = ask(&ingest, "events", CLIENT, &[ORIGIN]).await?;
    assert_eq!(granted.status(), 200);
    assert_eq!(granted.headers()["webhook-allowed-origin"], ORIGIN.1);
    assert_eq!(granted.headers()["allow"], "POST");
    assert!(!granted.headers().contains_key("webhook-allowed-rate"));

    let asked = [ORIGIN, ("webhook-request-rate", "100000")];
    let granted = ask(&ingest, "events", CLIENT, &asked).await?;
    assert_eq!(granted.headers()["webhook-allowed-rate"], "120");

    let event = json!({
        "specversion": "1.0", "id": "1", "source": "/shop", "type": "com.example.order.paid",
        "time": "2026-01-01T11:59:30Z",
        "data": { "order_id": "1001", "payment_id": "p", "amount": "99.99", "currency": "EUR" },
    });
    let sent = ingest
        .http
        .post(ingest.url("/webhooks/events"))
        .header("authorization", "Bearer events-token")
        .header("content-type", "application/cloudevents+json")
        .header("x-forwarded-for", CLIENT)
        .header(ORIGIN.0, ORIGIN.1)
        .body(event.to_string())
        .send()
        .await?;
    assert_eq!(sent.status(), 202);
    assert_eq!(ingest.published().await?.len(), 1);
    ingest.finish().await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_is_not_meant_is_told_nothing() -> anyhow::Result<()> {
    let ingest = started().await?;
    let refused = [
        ask(&ingest, "events", CLIENT, &[]).await?,
        ask(&ingest, "events", "203.0.113.9", &[ORIGIN]).await?,
        ask(&ingest, "payments", CLIENT, &[ORIGIN]).await?,
        ask(&ingest, "nobody", CLIENT, &[ORIGIN]).await?,
    ];
    let mut bodies = Vec::new();
    for response in refused {
        assert!(!response.headers().contains_key("webhook-allowed-origin"));
        bodies.push(told(response).await?);
    }
    assert_eq!(bodies[0].0, 405);
    assert!(bodies.iter().all(|body| *body == bodies[0]), "{bodies:?}");
    ingest.finish().await
}
