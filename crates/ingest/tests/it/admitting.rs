//! How often a client may come, and who the client is.

use serde_json::json;
use waybill_common::config::{RateLimit, RateLimitPer, Source};
use waybill_providers::{Message, adapter};

use crate::support::{TOKEN, TestIngest, now, paid, told};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn more_than_a_sources_limit_is_429_with_the_time_to_wait() -> anyhow::Result<()> {
    let ingest = TestIngest::start().await?;
    ingest.until_redis_is_up().await;
    let admin = async |number: u32| {
        let body = paid(&format!("TXN_{number}")).to_string();
        ingest
            .send("/webhooks/admin", "Bearer admin-token", body)
            .await
    };
    for number in 0..3 {
        assert_eq!(admin(number).await?.status(), 202);
    }
    let response = admin(3).await?;
    let header = response.headers()["retry-after"].to_str()?.to_owned();
    let (status, body) = told(response).await?;
    let wait = body["retry_after"].as_u64().unwrap();
    assert!((1..=20).contains(&wait), "{body}");
    let expected = json!({
        "message": "Too many requests", "retry_after": wait, "limit": 3, "window": "1 minute(s)",
    });
    assert_eq!((status, body, header), (429, expected, wait.to_string()));
    assert_eq!(ingest.pay(&paid("TXN_9")).await?.status(), 202, "another source has its own");
    assert_eq!(ingest.published().await?.len(), 4);
    ingest.finish().await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stranger_spends_its_own_budget_and_nobody_elses() -> anyhow::Result<()> {
    let ingest = TestIngest::with(|config| {
        config.ingest.failures_per_minute = 5;
        config.ingest.trusted_proxies = vec!["127.0.0.0/8".parse().unwrap()];
    })
    .await?;
    let from = async |client: &str, path: &str, authorization: &str, txn: &str| {
        ingest
            .http
            .post(ingest.url(path))
            .header("authorization", authorization)
            .header("x-forwarded-for", format!("6.6.6.6, {client}"))
            .body(paid(txn).to_string())
            .send()
            .await
    };
    for number in 0..5 {
        let path = if number % 2 == 0 { "/webhooks/admin" } else { "/webhooks/nobody" };
        assert_eq!(
            from("203.0.113.9", path, "Bearer wrong", "T")
                .await?
                .status(),
            401
        );
    }
    let (status, body) =
        told(from("203.0.113.9", "/webhooks/admin", "Bearer admin-token", "T").await?).await?;
    assert_eq!((status, body["limit"].as_u64()), (429, Some(5)), "{body}");
    for number in 0..3 {
        let txn = format!("TXN_{number}");
        let answer = from("198.51.100.7", "/webhooks/admin", "Bearer admin-token", &txn).await?;
        assert_eq!(answer.status(), 202, "the provider's quota is whole");
    }
    assert_eq!(ingest.published().await?.len(), 3);
    ingest.finish().await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn only_a_trusted_proxy_names_the_client() -> anyhow::Result<()> {
    let untrusting = TestIngest::start().await?;
    untrusting.until_redis_is_up().await;
    let mut statuses = Vec::new();
    for number in 0..4 {
        let response = untrusting
            .http
            .post(untrusting.url("/webhooks/admin"))
            .header("authorization", "Bearer admin-token")
            .header("x-forwarded-for", format!("198.51.100.{number}"))
            .body(paid(&format!("TXN_{number}")).to_string())
            .send()
            .await?;
        statuses.push(response.status().as_u16());
    }
    assert_eq!(statuses, [202, 202, 202, 429], "a new address each time bought nothing");
    assert_eq!(untrusting.published().await?.len(), 3);
    untrusting.finish().await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_limit_per_source_is_shared_by_all_clients() -> anyhow::Result<()> {
    let ingest = TestIngest::with(|config| {
        config.ingest.trusted_proxies = vec!["127.0.0.0/8".parse().unwrap()];
    })
    .await?;
    // Until then each replica counts for itself, and begins anew.
    ingest.until_redis_is_up().await;
    let mut statuses = Vec::new();
    for number in 0..3 {
        let response = ingest
            .http
            .post(ingest.url("/webhooks/shared"))
            .header("authorization", "Bearer shared-token")
            .header("x-forwarded-for", format!("198.51.100.{number}"))
            .body(paid(&format!("TXN_{number}")).to_string())
            .send()
            .await?;
        let window = (response.status() == 429).then(|| response.json::<serde_json::Value>());
        statuses.push(match window {
            Some(body) => body.await?["window"].to_string(),
            None => "accepted".to_owned(),
        });
    }
    assert_eq!(statuses, ["accepted", "accepted", "\"60 minute(s)\""]);
    assert_eq!(ingest.published().await?.len(), 2);
    ingest.finish().await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_second_secret_works_while_the_first_is_being_replaced() -> anyhow::Result<()> {
    let ingest = TestIngest::start().await?;
    let older = ingest
        .send("/webhooks/payments", "Bearer older-token", paid("TXN_1").to_string())
        .await?;
    let newer = ingest
        .send("/webhooks/payments", TOKEN, paid("TXN_2").to_string())
        .await?;
    assert_eq!((older.status().as_u16(), newer.status().as_u16()), (202, 202));
    assert_eq!(ingest.published().await?.len(), 2);
    ingest.finish().await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_source_hears_only_the_networks_that_it_allows() -> anyhow::Result<()> {
    let ingest = TestIngest::with(|config| {
        config.ingest.trusted_proxies = vec!["127.0.0.0/8".parse().unwrap()];
        let source = config.sources.get_mut("payments").unwrap();
        source.allow_from =
            vec!["198.51.100.0/24".parse().unwrap(), "2001:db8::/32".parse().unwrap()];
    })
    .await?;
    let mut told_so = Vec::new();
    for (client, expected) in [
        ("198.51.100.7", 202),
        ("2001:db8:7::1", 202),
        ("::ffff:198.51.100.8", 202),
        ("198.51.101.7", 401),
        ("2001:db9::1", 401),
        ("nobody", 401),
    ] {
        let response = ingest
            .http
            .post(ingest.url("/webhooks/payments"))
            .header("authorization", TOKEN)
            .header("x-forwarded-for", client)
            .body(paid(&format!("TXN_{client}")).to_string())
            .send()
            .await?;
        let (status, body) = told(response).await?;
        assert_eq!(status, expected, "{client}");
        if status == 401 {
            told_so.push(body);
        }
    }
    let unknown = ingest
        .send("/webhooks/nobody", TOKEN, paid("T").to_string())
        .await?;
    let (_, unknown) = told(unknown).await?;
    assert!(told_so.iter().all(|body| *body == unknown), "{told_so:?}");
    assert_eq!(ingest.published().await?.len(), 3);
    ingest.finish().await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_never_sends_again_is_held_to_no_rate() -> anyhow::Result<()> {
    let once_an_hour = RateLimit { requests: 1, window_seconds: 3_600, per: RateLimitPer::Source };
    let mut sends_once = Source::new("woocommerce");
    sends_once.secrets = vec!["a-secret-of-a-shop".into()];
    sends_once.rate_limit = Some(once_an_hour);
    let shop = adapter("shop", &sends_once)?;
    let ingest = TestIngest::with(|config| {
        config.sources.insert("shop".into(), sends_once);
    })
    .await?;
    for number in 0..3 {
        let body = json!({
            "id": number, "status": "processing", "total": "1.00", "currency": "EUR",
            "date_modified_gmt": "2026-01-01T11:00:00", "refunds": [],
        });
        let message =
            Message::json(body.to_string()).with("x-wc-webhook-topic", "order.updated".to_owned());
        let mut request = ingest.http.post(ingest.url("/webhooks/shop"));
        let signed = shop.sign(message, now());
        for (name, value) in signed.headers {
            request = request.header(name, value);
        }
        assert_eq!(
            request.body(signed.body).send().await?.status(),
            202,
            "refused, it would be lost"
        );
    }
    assert_eq!(ingest.published().await?.len(), 3);
    ingest.finish().await
}
