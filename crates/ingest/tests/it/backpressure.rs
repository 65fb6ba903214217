//! Who is refused first when too much is waiting.

use std::time::Duration;

use reqwest::Response;
use waybill_common::age::{self, Teller};
use waybill_common::config::Source;
use waybill_providers::{Message, adapter};
use waybill_test_support::eventually;
use waybill_test_support::redis::TestRedis;

use crate::support::{SOON, TestIngest, now, paid, told};

const SHOP_SECRET: &str = "a-secret-of-a-sender-that-gives-up";

/// Three kinds of senders, with something waiting already: an age means nothing in an empty queue.
async fn started() -> anyhow::Result<TestIngest> {
    let ingest = TestIngest::with(|config| {
        let mut hints = Source::new("mollie-classic");
        hints.tokens = vec!["hint-token".into()];
        let mut shop = Source::new("generic");
        shop.secrets = vec![SHOP_SECRET.into()];
        config.sources.insert("hints".into(), hints);
        config.sources.insert("shop".into(), shop);
    })
    .await?;
    ingest.until_redis_is_up().await;
    assert_eq!(ingest.pay(&paid("TXN_first")).await?.status(), 202);
    Ok(ingest)
}

/// Moves no money: it only names a payment.
async fn hint(ingest: &TestIngest, payment: u32) -> anyhow::Result<Response> {
    let request = ingest
        .http
        .post(ingest.url("/webhooks/hints?access_token=hint-token"))
        .header("content-type", "application/x-www-form-urlencoded")
        .body(format!("id=tr_{payment}"));
    Ok(request.send().await?)
}

/// Of a sender that never sends again.
async fn shop(ingest: &TestIngest, order: u32) -> anyhow::Result<Response> {
    let mut source = Source::new("generic");
    source.secrets = vec![SHOP_SECRET.into()];
    let body = format!(r#"{{"order":{{"id":"{order}"}},"type":"order.updated"}}"#);
    let mut message = Message::json(body.into_bytes());
    message = message.with("x-github-delivery", format!("delivery-{order}"));
    let signed = adapter("shop", &source)?.sign(message, now());
    let mut request = ingest.http.post(ingest.url("/webhooks/shop"));
    for (name, value) in &signed.headers {
        request = request.header(*name, value);
    }
    Ok(request.body(signed.body).send().await?)
}

/// Tells the age until ingest knows it, which a webhook that is refused shows.
async fn until_refused(
    ingest: &TestIngest,
    age: Duration,
    mut send: impl AsyncFnMut(u32) -> anyhow::Result<Response>,
) -> anyhow::Result<Response> {
    let mut teller = Teller::new(&ingest.redis.config)?;
    let mut number = 0;
    let refused = eventually(SOON, async || {
        teller.tell(age).await.expect("redis is there");
        number += 1;
        let response = send(number).await.expect("it serves");
        if response.status() == 503 { Ok(response) } else { Err(response.status()) }
    });
    Ok(refused.await)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_moves_no_money_is_refused_first_and_told_when_to_come_again() -> anyhow::Result<()> {
    let ingest = started().await?;
    let firm = Duration::from_secs(500);
    let refused = until_refused(&ingest, firm, async |number| hint(&ingest, number).await).await?;
    assert_eq!(refused.headers()["retry-after"], "30");
    let (_, body) = told(refused).await?;
    assert_eq!(body.as_object().map(|body| body.len()), Some(1), "{body}");
    assert_eq!(ingest.pay(&paid("TXN_1")).await?.status(), 202, "money still comes in");
    assert_eq!(ingest.pay(&paid("TXN_1")).await?.status(), 409, "a repeat costs nothing");
    eventually(SOON, async || {
        let status = hint(&ingest, 0).await.expect("it serves").status();
        (status == 202).then_some(()).ok_or(status)
    })
    .await;
    let kinds: Vec<String> = ingest
        .published()
        .await?
        .into_iter()
        .map(|envelope| envelope.event.source)
        .collect();
    assert_eq!(kinds.iter().filter(|source| *source == "payments").count(), 2);
    ingest.end().await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn above_the_hard_limit_only_who_never_sends_again_is_heard() -> anyhow::Result<()> {
    let ingest = started().await?;
    let hard = Duration::from_secs(901);
    let pay = async |number| ingest.pay(&paid(&format!("TXN_{number}"))).await;
    until_refused(&ingest, hard, pay).await?;
    assert_eq!(hint(&ingest, 1).await?.status(), 503);
    assert_eq!(shop(&ingest, 1).await?.status(), 202, "refused, it would be lost");
    ingest.published().await?;
    ingest.end().await
}

#[tokio::test]
async fn of_several_workers_the_oldest_message_counts_and_its_age_is_taken_back()
-> anyhow::Result<()> {
    let redis = TestRedis::new();
    let mut connection = redis.connect()?;
    let mut known = || age::ask(&redis.config.prefix).query::<(Option<u64>,)>(&mut connection);
    assert_eq!(known()?.0, None, "nobody has told it");
    let (mut one, mut other) = (Teller::new(&redis.config)?, Teller::new(&redis.config)?);
    one.tell(Duration::from_millis(700)).await?;
    other.tell(Duration::from_millis(20)).await?;
    assert_eq!(known()?.0, Some(700));
    one.tell(Duration::from_millis(10)).await?;
    assert_eq!(known()?.0, Some(10));
    other.tell(Duration::from_millis(20)).await?;
    assert_eq!(known()?.0, Some(20));
    Ok(())
}
