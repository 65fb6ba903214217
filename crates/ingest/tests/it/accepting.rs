//! What is published, when it is remembered, and what a repeat does.

use std::collections::BTreeMap;

use futures_util::future::join_all;
use serde_json::{Value, json};
use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpStream;
use waybill_common::broker::Queue;
use waybill_common::domain::{Reference, Trust};
use waybill_test_support::eventually;

use crate::support::{SOON, TOKEN, TestIngest, now, paid, told};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_message_is_the_whole_webhook_and_no_credential() -> anyhow::Result<()> {
    let ingest = TestIngest::start().await?;
    let body = format!(" {} ", paid("TXN_1"));
    let response = ingest
        .http
        .post(ingest.url("/webhooks/payments"))
        .header("authorization", TOKEN)
        .header("cookie", "session=secret")
        .header("content-type", "application/json")
        .header("user-agent", "shop/1")
        .header("x-correlation-id", "REQ-1")
        .header("traceparent", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01")
        .header("baggage", "secret=1")
        .body(body.clone())
        .send()
        .await?;
    let (_, answer) = told(response).await?;

    let message = ingest.broker.take(Queue::Work { shard: 0 }).await?.unwrap();
    let properties = &message.delivery.properties;
    assert_eq!(properties.message_id().as_ref().unwrap().as_str(), answer["webhook_log_id"]);
    assert_eq!(*properties.delivery_mode(), Some(2));
    let raw: Value = serde_json::from_slice(&message.data)?;
    assert_eq!(raw["v"], 1);
    assert!(!String::from_utf8_lossy(&message.data).contains("secret"), "{raw}");
    assert!(!String::from_utf8_lossy(&message.data).contains("test-token"), "{raw}");

    let envelope = waybill_common::domain::envelope::Envelope::decode(&message.data)?;
    let event = &envelope.event;
    assert_eq!(event.webhook_id.to_string(), answer["webhook_log_id"]);
    assert_eq!((event.source.as_str(), event.provider.as_str()), ("payments", "native"));
    assert_eq!((event.native_type.as_str(), event.trust), ("paid", Trust::Bearer));
    assert_eq!(event.order_refs[0], Reference::order("550e8400-e29b-41d4-a716-446655440000"));
    assert_eq!(envelope.body, body.as_bytes());
    assert_eq!(envelope.received_at, now());
    let millisecond = event.webhook_id.as_u128() >> 80;
    assert_eq!(
        millisecond,
        u128::try_from(now().micros() / 1000)?,
        "its row is found by its id alone"
    );
    assert_eq!(envelope.correlation_id, "REQ-1");
    let headers: BTreeMap<String, String> =
        [("content-type", "application/json"), ("user-agent", "shop/1")]
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .into();
    assert_eq!(envelope.headers, headers);
    ingest.finish().await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_id_that_comes_again_with_another_body_is_published_for_the_worker_to_judge()
-> anyhow::Result<()> {
    let ingest = TestIngest::start().await?;
    let mut other = paid("TXN_1");
    other["amount"] = json!(1);
    assert_eq!(ingest.pay(&paid("TXN_1")).await?.status(), 202);
    assert_eq!(ingest.pay(&other).await?.status(), 202);
    let published = ingest.published().await?;
    assert_eq!(published.len(), 2);
    assert_eq!(published[0].event.key(), published[1].event.key());
    assert_ne!(published[0].event.body_sha256, published[1].event.body_sha256);
    ingest.finish().await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_remembered_is_the_event_key_with_the_hash_of_what_was_meant() -> anyhow::Result<()>
{
    let ingest = TestIngest::start().await?;
    assert_eq!(ingest.pay(&paid("TXN_1")).await?.status(), 202);
    // Nobody waits for a marker, but whoever asks next finds it.
    assert_eq!(ingest.pay(&paid("TXN_1")).await?.status(), 409);
    let event = ingest.published().await?.remove(0).event;
    let key = format!("{}:seen:{}", ingest.redis.config.prefix, hex::encode(event.key()));
    assert_eq!(ingest.redis.keys()?, std::slice::from_ref(&key));
    let mut redis = ingest.redis.connect()?;
    let value: String = deadpool_redis::redis::cmd("GET")
        .arg(&key)
        .query(&mut redis)?;
    assert_eq!(value, hex::encode(event.body_sha256));
    let ttl: u64 = deadpool_redis::redis::cmd("TTL")
        .arg(&key)
        .query(&mut redis)?;
    assert!(ttl > 72 * 3600, "{ttl}");
    ingest.finish().await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sixty_four_at_once_are_all_accepted_or_known() -> anyhow::Result<()> {
    let ingest = TestIngest::start().await?;
    let webhook = paid("TXN_1");
    let answers = join_all((0..64).map(|_| ingest.pay(&webhook))).await;
    let mut accepted = 0;
    for answer in answers {
        match answer?.status().as_u16() {
            202 => accepted += 1,
            409 | 503 => {}
            status => panic!("{status}"),
        }
    }
    let published = ingest.published().await?;
    assert_eq!(published.len(), accepted);
    assert!(accepted >= 1);
    assert!(
        published
            .iter()
            .all(|one| one.event.key() == published[0].event.key())
    );
    ingest.finish().await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_sender_that_hangs_up_leaves_no_publish_without_its_marker() -> anyhow::Result<()> {
    let ingest = TestIngest::start().await?;
    let senders = 20;
    for number in 0..senders {
        let body = paid(&format!("TXN_{number}")).to_string();
        let mut socket = TcpStream::connect(ingest.application.addr).await?;
        let request = format!(
            "POST /webhooks/payments HTTP/1.1\r\nhost: x\r\nauthorization: {TOKEN}\r\n\
             content-length: {}\r\n\r\n{body}",
            body.len()
        );
        socket.write_all(request.as_bytes()).await?;
        // Reset, not closed: the server sees at once that nobody is there.
        socket.set_zero_linger()?;
    }
    // Whether it noticed in time decides how many were taken; those that were are both published and remembered.
    eventually(SOON, async || {
        let published = ingest
            .broker
            .ready(Queue::Work { shard: 0 })
            .await
            .map_err(|e| e.to_string())?;
        let marked = ingest
            .redis
            .keys()
            .map_err(|error| error.to_string())?
            .len();
        (published as usize == marked)
            .then_some(())
            .ok_or(format!("{published} {marked}"))
    })
    .await;
    ingest.published().await?;
    ingest.finish().await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_order_keeps_its_shard() -> anyhow::Result<()> {
    let ingest = TestIngest::with(|config| config.broker.shards = 2).await?;
    for number in 0..8 {
        let mut webhook = paid(&format!("TXN_{number}"));
        let order = if number % 2 == 0 { "0" } else { "3" };
        webhook["order_uuid"] = json!(format!("550e8400-e29b-41d4-a716-44665544000{order}"));
        assert_eq!(ingest.pay(&webhook).await?.status(), 202);
    }
    let mut orders: BTreeMap<String, u16> = BTreeMap::new();
    for shard in [0, 1] {
        while let Some(message) = ingest.broker.take(Queue::Work { shard }).await? {
            let envelope = waybill_common::domain::envelope::Envelope::decode(&message.data)?;
            let order = envelope.event.order_refs[0].name.clone();
            let before = orders.insert(order, shard);
            assert!(before.is_none_or(|before| before == shard));
        }
    }
    assert_eq!(orders.len(), 2);
    ingest.end().await
}
