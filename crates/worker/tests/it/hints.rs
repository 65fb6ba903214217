//! What a webhook only hints at is asked for, where that is wanted, and counts once.

use std::collections::BTreeMap;

use serde_json::json;
use waybill_common::broker::Queue;
use waybill_common::clock::Clock;
use waybill_common::config::{Config, Source};
use waybill_common::domain::envelope::Envelope;
use waybill_common::domain::{Effect, Verdict};
use waybill_common::id;
use waybill_common::storage::orders::Order;
use waybill_providers::{Message, adapter};
use waybill_test_support::eventually;
use waybill_test_support::provider::{Answer, TestProvider};

use crate::system::{SOON, TestSystem};

const MOLLIE: &str = "api.mollie.com";
const STRIPE: &str = "api.stripe.com";
const PAYMENT: &str = "/v2/payments/tr_1";

/// Sources in one namespace, and workers that may ask them at that provider.
fn asking(config: &mut Config, provider: &TestProvider) {
    let source = |provider| Source {
        namespace: Some("default".to_owned()),
        live: false,
        api_key: Some("key_1".into()),
        ..Source::new(provider)
    };
    let stripe = Source { secrets: vec!["whsec_thin".into()], ..source("stripe") };
    config
        .sources
        .insert("classic".to_owned(), source("mollie-classic"));
    config.sources.insert("thin".to_owned(), stripe);
    config.fetch = provider.config();
    config.fetch.hints = true;
    config.fetch.timeout_ms = 500;
    config.fetch.delays_seconds = vec![1, 2, 3];
}

/// With one worker that asks.
async fn start(provider: &TestProvider) -> anyhow::Result<TestSystem> {
    let mut system = TestSystem::new().await?;
    asking(&mut system.config, provider);
    system.start_worker()?;
    Ok(system)
}

/// A webhook of that source, as ingest would publish it.
fn received(config: &Config, source: &str, message: &Message) -> anyhow::Result<Envelope> {
    let adapter = adapter(source, &config.sources[source])?;
    let now = Clock::system().now();
    let signed = adapter.sign(message.clone(), now);
    let request = signed.request();
    let verified = adapter.verify(&request, now)?;
    let mut parsed = adapter.parse(&request, &verified, now)?;
    let event = parsed.remove(0);
    anyhow::ensure!(matches!(event.effect, Effect::Hint { .. }), "{:?}", event.effect);
    let webhook_id = id::at(now);
    Ok(Envelope {
        event: event.received(webhook_id, source, adapter.provider()),
        received_at: now,
        correlation_id: webhook_id.to_string(),
        body: message.body.clone(),
        headers: BTreeMap::new(),
    })
}

fn classic(config: &Config) -> anyhow::Result<Envelope> {
    received(config, "classic", &Message { headers: Vec::new(), body: b"id=tr_1".to_vec() })
}

fn thin(config: &Config, kind: &str, id: &str) -> anyhow::Result<Envelope> {
    let event = json!({
        "id": "evt_1", "object": "v2.core.event", "type": "v1.payment_intent.succeeded", "livemode": false,
        "created": "2026-11-24T12:00:00.000Z", "context": "acct_1",
        "related_object": { "id": id, "type": kind, "url": "https://evil.example.com/" },
    });
    received(config, "thin", &Message::json(event.to_string()))
}

fn payment(status: &str) -> String {
    json!({
        "resource": "payment", "id": "tr_1", "mode": "test", "status": status,
        "amount": { "currency": "EUR", "value": "99.99" }, "metadata": { "order_id": "1001" },
    })
    .to_string()
}

/// Waits until the order is so.
async fn until(system: &TestSystem, order: &str, is: impl Fn(&Order) -> bool) -> Order {
    eventually(SOON, async || {
        let found = system
            .order(order)
            .await
            .map_err(|error| error.to_string())?;
        if is(&found) { Ok(found) } else { Err(format!("{} {:?}", found.status, found.flags)) }
    })
    .await
}

async fn until_asked(provider: &TestProvider, path: &str, times: usize) {
    eventually(SOON, async || {
        let asked = provider.asked_for(path);
        if asked >= times { Ok(()) } else { Err(format!("asked {asked} times")) }
    })
    .await;
}

fn needs_fetch(order: &Order) -> bool {
    order.flags.iter().any(|flag| flag == "needs_fetch")
}

/// So that what the publisher of the test did not send is settled too.
async fn finish(system: TestSystem) -> anyhow::Result<()> {
    system.until_ready(Queue::Work { shard: 0 }, 0).await;
    system.finish(&[]).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_classic_webhook_becomes_what_mollie_says_of_its_payment() -> anyhow::Result<()> {
    let provider = TestProvider::start(MOLLIE)?;
    provider.answers(PAYMENT, [Answer::ok(payment("paid"))]);
    let system = start(&provider).await?;

    system.publish(&classic(&system.config)?).await?;
    let order = until(&system, "1001", |order| order.status == "paid").await;

    assert_eq!((order.captured, needs_fetch(&order)), (99_99, false));
    assert_eq!(provider.asked_for(PAYMENT), 1);
    let asked = &provider.asked()[0];
    assert_eq!(asked.headers["authorization"], "Bearer key_1");
    assert_eq!(asked.host, MOLLIE);

    // The refund is another hint about the same payment, and another answer.
    let refunded = payment("paid").replace(
        "\"status\"",
        "\"amountRefunded\":{\"currency\":\"EUR\",\"value\":\"25.00\"},\"status\"",
    );
    provider.answers(PAYMENT, [Answer::ok(refunded)]);
    system.publish(&classic(&system.config)?).await?;
    let order = until(&system, "1001", |order| order.refunded == 25_00).await;

    assert_eq!((order.captured, order.status.as_str()), (99_99, "partially_refunded"));
    finish(system).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_thin_event_becomes_what_stripe_says_of_its_object_and_its_charge() -> anyhow::Result<()>
{
    let provider = TestProvider::start(STRIPE)?;
    let charge = json!({
        "id": "ch_1", "object": "charge", "status": "succeeded", "captured": true, "currency": "eur",
        "amount": 9999, "amount_captured": 9999, "amount_refunded": 2500, "payment_intent": "pi_1",
    });
    let intent = json!({
        "id": "pi_1", "object": "payment_intent", "status": "succeeded", "livemode": false, "currency": "eur",
        "amount_received": 9999, "metadata": { "order_id": "1001" }, "latest_charge": charge,
    });
    provider.answers("/v1/payment_intents/pi_1", [Answer::ok(intent.to_string())]);
    let system = start(&provider).await?;

    system
        .publish(&thin(&system.config, "payment_intent", "pi_1")?)
        .await?;
    let order = until(&system, "1001", |order| order.captured == 99_99).await;

    assert_eq!((order.refunded, order.flags.len()), (25_00, 0));
    assert_eq!(provider.asked()[0].headers["stripe-account"], "acct_1");
    assert_eq!(provider.asked()[0].host, STRIPE);
    finish(system).await
}

#[tokio::test(flavor = "multi_thread")]
async fn an_object_that_the_provider_does_not_know_is_given_up_at_once() -> anyhow::Result<()> {
    let provider = TestProvider::start(MOLLIE)?;
    let system = start(&provider).await?;

    system.publish(&classic(&system.config)?).await?;
    until_asked(&provider, PAYMENT, 1).await;
    eventually(SOON, async || {
        let given_up = given_up(&system).await.map_err(|error| error.to_string())?;
        if given_up == [("the provider answered 404".to_owned(), 1)] {
            Ok(())
        } else {
            Err(format!("{given_up:?}"))
        }
    })
    .await;

    assert!(needs_fetch(&system.order("mollie.payment::tr_1").await?));
    // A later hint is a new reason to ask.
    provider.answers(PAYMENT, [Answer::ok(payment("paid"))]);
    system.publish(&classic(&system.config)?).await?;
    until(&system, "1001", |order| order.status == "paid" && !needs_fetch(order)).await;
    finish(system).await
}

/// Error and attempts of what was given up.
async fn given_up(system: &TestSystem) -> anyhow::Result<Vec<(String, i16)>> {
    use diesel::QueryDsl as _;
    use diesel_async::RunQueryDsl as _;
    use waybill_common::storage::schema::fetches;

    let mut conn = system.pool.get().await?;
    let rows: Vec<(Option<String>, i16)> = fetches::table
        .filter(fetches::given_up)
        .select((fetches::last_error, fetches::attempts))
        .load(&mut conn)
        .await?;
    Ok(rows
        .into_iter()
        .map(|(error, attempts)| (error.unwrap_or_default(), attempts))
        .collect())
}

/// Expects that such an answer is asked for again until there is a good one.
async fn check_again(bad: Answer) -> anyhow::Result<()> {
    let provider = TestProvider::start(MOLLIE)?;
    provider.answers(PAYMENT, [bad, Answer::ok(payment("paid"))]);
    let system = start(&provider).await?;

    system.publish(&classic(&system.config)?).await?;
    let order = until(&system, "1001", |order| !needs_fetch(order)).await;

    assert_eq!((order.status.as_str(), order.captured), ("paid", 99_99));
    assert_eq!(provider.asked_for(PAYMENT), 2);
    finish(system).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_provider_that_fails_is_asked_again() -> anyhow::Result<()> {
    check_again(Answer::of(503, "")).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_provider_that_does_not_answer_in_time_is_asked_again() -> anyhow::Result<()> {
    check_again(Answer::Never).await
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_about_something_else_is_none() -> anyhow::Result<()> {
    check_again(Answer::ok(payment("paid").replace("tr_1", "tr_2"))).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_provider_that_asks_us_to_wait_is_asked_no_sooner() -> anyhow::Result<()> {
    let provider = TestProvider::start(MOLLIE)?;
    let wait = Answer::of(429, "").with("retry-after", "4");
    provider.answers(PAYMENT, [wait, Answer::ok(payment("paid"))]);
    let system = start(&provider).await?;

    system.publish(&classic(&system.config)?).await?;
    until_asked(&provider, PAYMENT, 1).await;
    let began = std::time::Instant::now();
    until_asked(&provider, PAYMENT, 2).await;

    // Half a second of it may have gone by before the first question was seen.
    assert!(began.elapsed().as_millis() >= 3_500, "{:?}", began.elapsed());
    until(&system, "1001", |order| order.status == "paid").await;
    finish(system).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_provider_that_never_mends_is_given_up_after_the_last_delay() -> anyhow::Result<()> {
    let provider = TestProvider::start(MOLLIE)?;
    provider.answers(PAYMENT, [Answer::of(500, "")]);
    let mut system = TestSystem::new().await?;
    asking(&mut system.config, &provider);
    system.config.fetch.delays_seconds = vec![1];
    system.start_worker()?;

    system.publish(&classic(&system.config)?).await?;
    eventually(SOON, async || {
        let given_up = given_up(&system).await.map_err(|error| error.to_string())?;
        if given_up == [("the provider answered 500".to_owned(), 2)] {
            Ok(())
        } else {
            Err(format!("{given_up:?}"))
        }
    })
    .await;

    assert_eq!(provider.asked_for(PAYMENT), 2);
    finish(system).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_that_ends_between_question_and_publish_leaves_it_to_the_next()
-> anyhow::Result<()> {
    let provider = TestProvider::start(MOLLIE)?;
    provider.answers(PAYMENT, [Answer::Never]);
    let mut system = TestSystem::new().await?;
    asking(&mut system.config, &provider);
    system.config.fetch.timeout_ms = 3_000;
    system.start_worker()?;
    system.publish(&classic(&system.config)?).await?;
    until_asked(&provider, PAYMENT, 1).await;

    system.stop_worker().await?;
    assert!(given_up(&system).await?.is_empty());
    provider.answers(PAYMENT, [Answer::ok(payment("paid"))]);
    system.start_worker()?;

    let order = until(&system, "1001", |order| !needs_fetch(order)).await;
    assert_eq!(order.captured, 99_99);
    assert_eq!(provider.asked_for(PAYMENT), 2);
    finish(system).await
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_that_is_published_twice_counts_once() -> anyhow::Result<()> {
    let provider = TestProvider::start(MOLLIE)?;
    provider.answers(PAYMENT, [Answer::ok(payment("paid"))]);
    let mut system = TestSystem::new().await?;
    asking(&mut system.config, &provider);
    let hint = classic(&system.config)?;
    let answer = |at| -> anyhow::Result<Envelope> {
        let adapter = adapter("classic", &system.config.sources["classic"])?;
        let Effect::Hint { hint: told } = &hint.event.effect else { anyhow::bail!("no hint") };
        let body = payment("paid");
        let event = adapter.answered(told, body.as_bytes(), at)?;
        let webhook_id = id::at(at);
        Ok(Envelope {
            event: event.received(webhook_id, "classic", adapter.provider()),
            received_at: at,
            body: body.into_bytes(),
            ..hint.clone()
        })
    };
    // As after a crash between publish and note: both attempts got out.
    let now = Clock::system().now();
    let both = [answer(now)?, answer(now)?];
    system.config.fetch.hints = false;
    system.start_worker()?;
    system.publish(&hint).await?;
    system.publish_all(&both).await?;

    let mut verdicts = system.verdicts(&both).await;
    verdicts.sort();
    assert_eq!(verdicts, [Verdict::Applied, Verdict::Duplicate]);
    let order = system.order("1001").await?;
    assert_eq!((order.captured, needs_fetch(&order)), (99_99, false));
    finish(system).await
}

/// Expects that nobody is asked, and that the hint is kept.
async fn check_silent(change: impl FnOnce(&mut Config)) -> anyhow::Result<()> {
    let provider = TestProvider::start(MOLLIE)?;
    provider.answers(PAYMENT, [Answer::ok(payment("paid"))]);
    let mut system = TestSystem::new().await?;
    asking(&mut system.config, &provider);
    change(&mut system.config);
    system.start_worker()?;
    let hint = classic(&system.config)?;

    system.publish(&hint).await?;
    assert_eq!(system.verdicts([&hint]).await, [Verdict::Applied]);
    let order = until(&system, "mollie.payment::tr_1", needs_fetch).await;

    // Whatever it does not do, it has begun to do it by the time that later webhooks are through.
    for number in 0..20 {
        let later = system
            .payments
            .native(&format!("L-{number}"), "T", "paid", 1_00)?;
        system.publish(&later).await?;
        system.verdicts([&later]).await;
    }
    assert_eq!(provider.asked(), []);
    assert_eq!((order.captured, order.status.as_str()), (0, "pending"));
    finish(system).await
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_is_asked_unless_it_is_wanted() -> anyhow::Result<()> {
    check_silent(|config| config.fetch.hints = false).await
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_is_asked_without_a_key() -> anyhow::Result<()> {
    check_silent(|config| {
        for source in config.sources.values_mut() {
            source.api_key = None;
        }
    })
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_host_that_is_not_on_the_list_is_not_asked() -> anyhow::Result<()> {
    check_silent(|config| config.fetch.hosts = vec![STRIPE.to_owned()]).await
}
