//! PayPal's certificates: fetched where they may be, checked, kept; and a transmission counts for one body.

use std::sync::LazyLock;

use futures_util::future::join_all;
use serde_json::json;
use waybill_common::config::{Config, Secret, Source};
use waybill_common::domain::{Timestamp, Trust};
use waybill_providers::{Message, adapter};
use waybill_test_support::provider::{Answer, Authority, Issued, TestProvider, Validity};

use crate::forging::forge;
use crate::support::{TestIngest, now, told};

const HOST: &str = "api.paypal.com";
const PATH: &str = "/v1/notifications/certs/CERT-1";
const WEBHOOK: &str = "WH-1";

/// PayPal's own authority in these tests. Keys take a while to make.
static AUTHORITY: LazyLock<Authority> =
    LazyLock::new(|| Authority::new("PayPal's authority").expect("keys can be made"));
static SIGNER: LazyLock<Issued> = LazyLock::new(|| {
    AUTHORITY
        .issue(&["messageverificationcerts.paypal.com"], Validity::Now)
        .expect("keys can be made")
});

/// PayPal's API, and an ingest that trusts it.
struct PayPal {
    provider: TestProvider,
    ingest: TestIngest,
}

impl PayPal {
    async fn start() -> anyhow::Result<Self> {
        Self::with(|_| {}).await
    }

    async fn with(change: impl FnOnce(&mut Config)) -> anyhow::Result<Self> {
        let provider = TestProvider::start(HOST)?;
        let fetch = provider.config();
        let ingest = TestIngest::with(|config| {
            config.fetch = fetch;
            config.ingest.failures_per_minute = 1_000_000;
            config.ingest.trusted_proxies = vec!["127.0.0.0/8".parse().expect("a network")];
            let roots = vec![Secret::from(AUTHORITY.pem())];
            config.sources.insert("paypal".to_owned(), source(roots));
            change(config);
        })
        .await?;
        Ok(Self { provider, ingest })
    }

    async fn send(&self, message: &Message) -> anyhow::Result<u16> {
        self.send_from("198.51.100.7", message).await
    }

    async fn send_from(&self, client: &str, message: &Message) -> anyhow::Result<u16> {
        let mut request = self
            .ingest
            .http
            .post(self.ingest.url("/webhooks/paypal"))
            .header("x-forwarded-for", client);
        for (name, value) in &message.headers {
            request = request.header(*name, value);
        }
        let (status, body) = told(request.body(message.body.clone()).send().await?).await?;
        if status == 401 {
            assert_eq!(body, json!({ "message": "The webhook could not be authenticated" }));
        }
        Ok(status)
    }

    async fn finish(self) -> anyhow::Result<()> {
        self.ingest.end().await
    }
}

fn source(secrets: Vec<Secret>) -> Source {
    Source { secrets, webhook_id: Some(WEBHOOK.to_owned()), ..Source::new("paypal") }
}

/// Signed by that key, naming the certificate at that address.
fn signed_by(key: &str, address: &str, body: &[u8], at: Timestamp) -> Message {
    let signer = adapter("paypal", &source(vec![Secret::from(key)])).expect("the key is one");
    let mut message = signer.sign(Message::json(body), at);
    for (name, value) in &mut message.headers {
        if *name == "paypal-cert-url" {
            address.clone_into(value);
        }
    }
    message
}

fn event(id: &str) -> Vec<u8> {
    json!({
        "id": id, "event_type": "PAYMENT.CAPTURE.COMPLETED", "create_time": "2026-01-01T11:59:00Z",
        "resource": { "id": format!("C-{id}"), "custom_id": "1001", "amount": { "currency_code": "USD", "value": "99.99" } },
    })
    .to_string()
    .into_bytes()
}

fn signed(id: &str) -> Message {
    signed_by(&SIGNER.key, &format!("https://{HOST}{PATH}"), &event(id), now())
}

fn later(seconds: i64) -> Timestamp {
    Timestamp::from_seconds(now().seconds() + seconds).expect("a time of this century")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_request_is_believed_by_a_certificate_that_is_fetched_once() -> anyhow::Result<()> {
    let paypal = PayPal::start().await?;
    paypal
        .provider
        .answers(PATH, [Answer::ok(SIGNER.chain.clone())]);

    assert_eq!(paypal.send(&signed("1")).await?, 202);
    assert_eq!(paypal.send(&signed("2")).await?, 202);

    assert_eq!(paypal.provider.asked_for(PATH), 1);
    assert_eq!(paypal.provider.asked()[0].host, HOST);
    let published = paypal.ingest.published().await?;
    assert_eq!(published.len(), 2);
    assert_eq!(published[0].event.trust, Trust::Checksum);
    paypal.finish().await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_comes_at_the_same_time_waits_for_the_same_fetch() -> anyhow::Result<()> {
    let paypal = PayPal::start().await?;
    paypal
        .provider
        .answers(PATH, [Answer::ok(SIGNER.chain.clone())]);
    let messages: Vec<Message> = (0..32).map(|id| signed(&id.to_string())).collect();

    let statuses = join_all(messages.iter().map(|message| paypal.send(message))).await;

    for status in statuses {
        assert_eq!(status?, 202);
    }
    assert_eq!(paypal.provider.asked_for(PATH), 1);
    paypal.ingest.published().await?;
    paypal.finish().await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_certificate_is_fetched_again_after_a_day_and_goes_on_if_that_fails() -> anyhow::Result<()>
{
    let paypal = PayPal::start().await?;
    paypal
        .provider
        .answers(PATH, [Answer::ok(SIGNER.chain.clone()), Answer::of(500, "")]);
    let address = format!("https://{HOST}{PATH}");
    let sign = |id: &str, at| signed_by(&SIGNER.key, &address, &event(id), at);

    assert_eq!(paypal.send(&sign("1", now())).await?, 202);
    paypal.ingest.clock.set(later(24 * 3600 - 1));
    assert_eq!(paypal.send(&sign("2", later(24 * 3600 - 1))).await?, 202);
    assert_eq!(paypal.provider.asked_for(PATH), 1);
    paypal.ingest.clock.set(later(24 * 3600));
    assert_eq!(paypal.send(&sign("3", later(24 * 3600))).await?, 202);

    assert_eq!(paypal.provider.asked_for(PATH), 2);
    assert_eq!(paypal.ingest.published().await?.len(), 3);
    paypal.finish().await
}

/// Expects 401, and that PayPal's API was asked so often.
async fn check_refused(answer: Answer, asked: usize) -> anyhow::Result<()> {
    let paypal = PayPal::with(|config| config.fetch.timeout_ms = 300).await?;
    paypal.provider.answers(PATH, [answer]);
    paypal
        .provider
        .answers("/elsewhere", [Answer::ok(SIGNER.chain.clone())]);

    assert_eq!(paypal.send(&signed("1")).await?, 401);
    assert_eq!(paypal.send(&signed("2")).await?, 401, "and the failure is remembered");

    assert_eq!(paypal.provider.asked_for(PATH), asked);
    assert_eq!(paypal.provider.asked_for("/elsewhere"), 0);
    assert!(paypal.ingest.published().await?.is_empty());
    paypal.finish().await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_redirect_is_not_followed() -> anyhow::Result<()> {
    let location = format!("https://{HOST}/elsewhere");
    check_refused(Answer::of(302, SIGNER.chain.clone()).with("location", location), 1).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_answer_of_more_than_64_kib_is_none() -> anyhow::Result<()> {
    let mut chain = SIGNER.chain.clone().into_bytes();
    chain.resize(64 * 1024 + 1, b'\n');
    check_refused(Answer::ok(chain), 1).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_answer_that_does_not_come_in_time_is_none() -> anyhow::Result<()> {
    check_refused(Answer::Never, 1).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_no_certificate_is_not_believed() -> anyhow::Result<()> {
    check_refused(Answer::ok("no certificate"), 1).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_certificate_of_another_authority_is_not_believed() -> anyhow::Result<()> {
    let other = Authority::new("PayPal's authority")?;
    let issued = other.issue(&["messageverificationcerts.paypal.com"], Validity::Now)?;
    let paypal = PayPal::start().await?;
    paypal.provider.answers(PATH, [Answer::ok(issued.chain)]);
    let message = signed_by(&issued.key, &format!("https://{HOST}{PATH}"), &event("1"), now());
    assert_eq!(paypal.send(&message).await?, 401);
    assert_eq!(paypal.provider.asked_for(PATH), 1);
    paypal.finish().await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_certificate_that_is_over_or_for_somebody_else_is_not_believed() -> anyhow::Result<()> {
    for (names, validity) in [
        (["messageverificationcerts.paypal.com"], Validity::Over),
        (["messageverificationcerts.paypal.com.example.com"], Validity::Now),
        (["example.com"], Validity::Now),
    ] {
        let issued = AUTHORITY.issue(&names, validity)?;
        let paypal = PayPal::start().await?;
        paypal.provider.answers(PATH, [Answer::ok(issued.chain)]);
        let message = signed_by(&issued.key, &format!("https://{HOST}{PATH}"), &event("1"), now());
        assert_eq!(paypal.send(&message).await?, 401, "{names:?} {validity:?}");
        assert_eq!(paypal.provider.asked_for(PATH), 1);
        paypal.finish().await?;
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nobody_is_asked_where_the_address_is_not_paypals_or_not_https() -> anyhow::Result<()> {
    let paypal = PayPal::start().await?;
    paypal
        .provider
        .answers(PATH, [Answer::ok(SIGNER.chain.clone())]);
    for address in [
        format!("http://{HOST}{PATH}"),
        format!("https://{HOST}.example.com{PATH}"),
        format!("https://{}{PATH}", paypal.provider.addr),
        format!("https://{HOST}:{}{PATH}", paypal.provider.addr.port()),
        format!("https://{HOST}/elsewhere"),
    ] {
        let message = signed_by(&SIGNER.key, &address, &event("1"), now());
        assert_eq!(paypal.send(&message).await?, 401, "{address}");
    }
    let old =
        signed_by(&SIGNER.key, &format!("https://{HOST}{PATH}"), &event("1"), later(-81 * 3600));
    assert_eq!(paypal.send(&old).await?, 401);
    assert_eq!(paypal.provider.asked(), []);
    paypal.finish().await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_host_that_is_not_on_the_list_is_not_asked() -> anyhow::Result<()> {
    let paypal = PayPal::with(|config| config.fetch.hosts.retain(|host| host != HOST)).await?;
    paypal
        .provider
        .answers(PATH, [Answer::ok(SIGNER.chain.clone())]);
    assert_eq!(paypal.send(&signed("1")).await?, 401);
    assert_eq!(paypal.provider.asked(), []);
    paypal.finish().await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_failure_is_remembered_for_a_minute() -> anyhow::Result<()> {
    let paypal = PayPal::start().await?;
    paypal
        .provider
        .answers(PATH, [Answer::of(503, ""), Answer::ok(SIGNER.chain.clone())]);
    assert_eq!(paypal.send(&signed("1")).await?, 401);
    paypal.ingest.clock.set(later(59));
    assert_eq!(paypal.send(&signed("1")).await?, 401);
    assert_eq!(paypal.provider.asked_for(PATH), 1);
    paypal.ingest.clock.set(later(60));
    assert_eq!(paypal.send(&signed("1")).await?, 202);
    assert_eq!(paypal.provider.asked_for(PATH), 2);
    assert_eq!(paypal.ingest.published().await?.len(), 1);
    paypal.finish().await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stranger_cannot_make_us_ask_at_will() -> anyhow::Result<()> {
    let paypal = PayPal::start().await?;
    for number in 0..50 {
        let address = format!("https://{HOST}/v1/notifications/certs/CERT-x{number}");
        let forged = signed_by(&SIGNER.key, &address, &event("1"), now());
        assert_eq!(paypal.send_from("203.0.113.9", &forged).await?, 401);
    }
    assert_eq!(paypal.provider.asked().len(), 4, "one client's budget of a minute");
    paypal
        .provider
        .answers(PATH, [Answer::ok(SIGNER.chain.clone())]);
    assert_eq!(paypal.send(&signed("1")).await?, 202, "the provider's own is whole");
    paypal.ingest.published().await?;
    paypal.finish().await
}

/// A genuine delivery, and another body that its signature covers just as well.
fn forged() -> (Message, Message) {
    let genuine = signed("WH-genuine");
    let body = forge(&genuine.body, "\"99.99\"", "\"9999.00\"");
    (genuine.clone(), Message { body, ..genuine })
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn another_body_under_a_transmission_is_refused_though_its_checksum_is_the_same()
-> anyhow::Result<()> {
    let paypal = PayPal::start().await?;
    paypal
        .provider
        .answers(PATH, [Answer::ok(SIGNER.chain.clone())]);
    paypal.ingest.until_redis_is_up().await;
    let (genuine, forged) = forged();

    assert_eq!(paypal.send(&genuine).await?, 202);
    assert_eq!(paypal.send(&forged).await?, 401);
    assert_eq!(paypal.send(&genuine).await?, 200, "the sender's own repeat");

    let published = paypal.ingest.published().await?;
    assert_eq!(published.len(), 1);
    assert_eq!(published[0].body, genuine.body);
    paypal.finish().await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_redis_a_forged_body_is_let_through_and_says_how_little_it_is_trusted()
-> anyhow::Result<()> {
    let nowhere = format!("redis://127.0.0.1:{}/0", 1);
    let paypal = PayPal::with(|config| config.redis.url = nowhere.as_str().into()).await?;
    paypal
        .provider
        .answers(PATH, [Answer::ok(SIGNER.chain.clone())]);
    let (genuine, forged) = forged();

    assert_eq!(paypal.send(&genuine).await?, 202);
    assert_eq!(paypal.send(&forged).await?, 202);

    let published = paypal.ingest.published().await?;
    assert_eq!(published.len(), 2, "the database's keys decide between them");
    assert_eq!(published[0].event.key(), published[1].event.key());
    assert_ne!(published[0].event.body_sha256, published[1].event.body_sha256);
    assert_eq!(published[1].event.trust, Trust::Checksum);
    paypal.finish().await
}
