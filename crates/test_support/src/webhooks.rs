//! Accepted webhooks, as ingest would publish them: built by the providers' own adapters from what senders send.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicI64, Ordering};

use crate::provider::Authority;
use anyhow::Context as _;
use uuid::Uuid;
use waybill_common::config::{self, Config};
use waybill_common::domain::envelope::Envelope;
use waybill_common::domain::{Currency, Money, Timestamp, Trust};
use waybill_common::id;
use waybill_providers::{
    Adapter, Headers, Message, Order, Parsed, Request, Scenario, Verified, adapter, scenarios,
};

/// The sources that tests send from: `payments` and `stripe`, in one namespace.
const SOURCES: &str = r#"
profile = "demo"
[sources.payments]
provider = "native"
namespace = "default"
tokens = ["demo-token"]
default_currency = "EUR"
[sources.stripe]
provider = "stripe"
namespace = "default"
live = false
secrets = ["whsec_demo"]
order_ref = "/metadata/order_id"
"#;

/// More senders about the same orders. `PayPal`'s has a root in its key's place, for nothing is verified here.
const OTHERS: &str = r#"
[sources.shop]
provider = "shopify"
namespace = "default"
secrets = ["shpss_demo"]
[sources.paypal]
provider = "paypal"
namespace = "default"
webhook_id = "WH-1"
secrets = ['''ROOT''']
"#;

/// The bearer token of `payments`.
pub const TOKEN: &str = "demo-token";

/// A configuration with the sources that tests send from, and nothing else set.
///
/// # Panics
/// Never: it is a constant.
#[must_use]
pub fn config() -> Config {
    config::from_toml(SOURCES).expect("the sources of tests are configured well")
}

/// One source, and its sender.
pub struct Sender {
    source: String,
    adapter: Box<dyn Adapter>,
    scenarios: &'static [Scenario],
    /// Microseconds; each webhook is received a millisecond after the one before.
    now: AtomicI64,
}

impl Sender {
    /// The native source `payments`. `now`: when it begins to send.
    #[must_use]
    pub fn payments(now: Timestamp) -> Self {
        Self::of("payments", now)
    }

    /// The source `stripe`, in test mode.
    #[must_use]
    pub fn stripe(now: Timestamp) -> Self {
        Self::of("stripe", now)
    }

    /// The source `shop`, a Shopify shop that shares its orders with the others.
    #[must_use]
    pub fn shop(now: Timestamp) -> Self {
        Self::of("shop", now)
    }

    /// The source `paypal`.
    #[must_use]
    pub fn paypal(now: Timestamp) -> Self {
        Self::of("paypal", now)
    }

    fn of(name: &str, now: Timestamp) -> Self {
        let authority = Authority::new("nobody").expect("a key can be made");
        let others = OTHERS.replace("ROOT", authority.pem());
        let config = config::from_toml(&format!("{SOURCES}{others}"))
            .expect("the sources of tests are configured well");
        let source = &config.sources[name];
        Self {
            source: name.to_owned(),
            adapter: adapter(name, source).expect("the sources of tests are configured well"),
            scenarios: scenarios(&source.provider),
            now: AtomicI64::new(now.micros()),
        }
    }

    /// A payment in the native format: `paid`, `refunded`, … of a transaction. Sent again with the same words it is a
    /// duplicate.
    ///
    /// # Errors
    /// Where the adapter does not understand it.
    pub fn native(
        &self,
        order: &str,
        txn: &str,
        status: &str,
        minor: i64,
    ) -> anyhow::Result<Envelope> {
        let now = Timestamp::from_micros_saturating(self.now.load(Ordering::SeqCst));
        let body = serde_json::json!({
            "order_uuid": order,
            "txn_id": txn,
            "status": status,
            "amount": format!("{}.{:02}", minor / 100, minor % 100),
            "timestamp": now,
            "event_id": format!("{txn}-{status}"),
            "metadata": { "currency": "EUR" },
        });
        let mut accepted = self.accept(&Message::json(body.to_string()))?;
        accepted.pop().context("a native webhook is one event")
    }

    /// An order's life, in the order in which it happened. `named_throughout`: whether every event names the merchant's
    /// order; else some name only the payment, as in reality.
    ///
    /// # Errors
    /// Where there is no such scenario, or the adapter does not understand a message.
    pub fn life(
        &self,
        scenario: &str,
        order: &str,
        (seed, named_throughout): (u64, bool),
    ) -> anyhow::Result<Vec<Envelope>> {
        let scenario = self
            .scenarios
            .iter()
            .find(|known| known.name == scenario)
            .with_context(|| format!("there is no scenario {scenario}"))?;
        let total = Money::from_minor(99_99, Currency::parse("EUR")?)?;
        let order = Order {
            id: order.to_owned(),
            seed,
            total,
            now: Timestamp::from_micros_saturating(self.now.load(Ordering::SeqCst)),
            live: false,
            named_throughout,
        };
        let mut life = Vec::new();
        for message in (scenario.messages)(&order) {
            life.extend(self.accept(&message)?);
        }
        Ok(life)
    }

    /// The webhook once more, as its sender repeats it: the same event under an id of its own.
    #[must_use]
    pub fn again(&self, sent: &Envelope) -> Envelope {
        let (webhook_id, received_at) = self.receive();
        let mut again = sent.clone();
        again.event.webhook_id = webhook_id;
        again.received_at = received_at;
        again
    }

    fn accept(&self, message: &Message) -> anyhow::Result<Vec<Envelope>> {
        let headers: Headers<'_> = message
            .headers
            .iter()
            .map(|(name, value)| (*name, value.as_bytes()))
            .collect();
        let request = Request { headers, query: "", body: &message.body };
        let verified = Verified::by(Trust::Full, None);
        let now = Timestamp::from_micros_saturating(self.now.load(Ordering::SeqCst));
        let parsed = self.adapter.parse(&request, &verified, now)?;
        let accepted = parsed
            .into_iter()
            .map(|parsed| self.envelope(parsed, message));
        Ok(accepted.collect())
    }

    fn envelope(&self, parsed: Parsed, message: &Message) -> Envelope {
        let (webhook_id, received_at) = self.receive();
        let correlation_id = parsed.correlation_id.clone();
        let body = parsed.body.clone();
        Envelope {
            event: parsed.received(webhook_id, &self.source, self.adapter.provider()),
            received_at,
            correlation_id: correlation_id.unwrap_or_else(|| webhook_id.to_string()),
            body: body.unwrap_or_else(|| message.body.clone()),
            headers: BTreeMap::new(),
        }
    }

    /// An id and the time that it tells.
    fn receive(&self) -> (Uuid, Timestamp) {
        let now = self.now.fetch_add(1_000, Ordering::SeqCst);
        let received_at = Timestamp::from_micros_saturating(now);
        (id::at(received_at), received_at)
    }
}
