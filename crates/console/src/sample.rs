//! A sample: one order's life as a source's own sender tells it, signed and sent to ingest, so that whoever tries Waybill
//! sees the whole road. In the demo profile only: in production nobody but a sender signs.

use std::net::Ipv4Addr;
use std::time::Duration;

use serde_json::json;
use waybill_common::config::{Config, Profile};
use waybill_common::domain::{Currency, Money};
use waybill_common::id;
use waybill_common::storage::operator_actions::{self, NewAction};
use waybill_providers::{Adapter, Message, Order, Scenario, adapter, scenarios};

use crate::access::Acting;
use crate::app::App;
use crate::problem::Problem;

/// What the sample's order costs, in minor units.
const TOTAL_MINOR: i64 = 99_99;
const ANSWER_TIMEOUT: Duration = Duration::from_secs(5);

/// What was sent.
pub(crate) struct Sent {
    /// The merchant's id.
    pub(crate) order: String,
    pub(crate) scenario: &'static str,
    pub(crate) webhooks: usize,
    /// Answered 2xx.
    pub(crate) accepted: usize,
}

/// The lives that a provider's orders can have here; none outside the demo profile.
pub(crate) fn lives(config: &Config, provider: &str) -> &'static [Scenario] {
    match config.profile {
        Profile::Demo => scenarios(provider),
        Profile::Production => &[],
    }
}

/// Sends one order's life.
///
/// # Errors
/// `NotFound` outside the demo profile, and for what is not configured or has no such life.
pub(crate) async fn send(
    app: &App,
    (source, scenario): (&str, &str),
    acting: &Acting,
) -> Result<Sent, Problem> {
    let configured = app
        .config
        .sources
        .get(source)
        .ok_or(Problem::NotFound("source"))?;
    let life = lives(&app.config, &configured.provider)
        .iter()
        .find(|life| life.name == scenario)
        .ok_or(Problem::NotFound("scenario"))?;
    let sender = adapter(source, configured).map_err(|error| Problem::Internal(error.into()))?;
    let code = configured.default_currency.as_deref().unwrap_or("USD");
    let total = Currency::parse(code).and_then(|currency| Money::from_minor(TOTAL_MINOR, currency));
    let now = app.clock.now();
    let id = id::at(now);
    let order = Order {
        id: id.to_string(),
        seed: id.as_u64_pair().1,
        total: total.map_err(|error| Problem::Internal(error.into()))?,
        now,
        live: configured.live,
        named_throughout: false,
    };
    record(app, source, (life, &order), acting).await?;
    let messages = (life.messages)(&order);
    let webhooks = messages.len();
    let accepted = deliver(app, (source, sender.as_ref()), messages).await?;
    Ok(Sent { order: order.id, scenario: life.name, webhooks, accepted })
}

async fn record(
    app: &App,
    source: &str,
    (life, order): (&Scenario, &Order),
    acting: &Acting,
) -> Result<(), Problem> {
    let mut conn = app.write().await?;
    let action = NewAction {
        actor: &acting.actor,
        action: "send_sample",
        reason: life.about,
        origin: &acting.origin,
        subject: &format!("source:{source}"),
        before: None,
        after: Some(json!({ "scenario": life.name, "order": order.id })),
    };
    operator_actions::record(&mut conn, &action, app.clock.now()).await?;
    Ok(())
}

/// Returns how many were accepted. One that is not is not repeated: this is to be seen.
async fn deliver(
    app: &App,
    (source, sender): (&str, &dyn Adapter),
    messages: Vec<Message>,
) -> Result<usize, Problem> {
    let client = reqwest::Client::builder()
        .timeout(ANSWER_TIMEOUT)
        .no_proxy()
        .build()
        .map_err(|error| Problem::Internal(error.into()))?;
    let url = format!("{}/webhooks/{source}", ingest(&app.config));
    let mut accepted = 0;
    for message in messages {
        let signed = sender.sign(message, app.clock.now());
        let request = signed
            .headers
            .into_iter()
            .fold(client.post(&url), |request, (name, value)| request.header(name, value));
        match request.body(signed.body).send().await {
            Ok(answer) if answer.status().is_success() => accepted += 1,
            Ok(answer) => tracing::info!(status = answer.status().as_u16(), "a sample was refused"),
            Err(error) => tracing::info!(%error, "a sample was not answered"),
        }
    }
    Ok(accepted)
}

/// The configured listener, seen from this machine.
fn ingest(config: &Config) -> String {
    let mut listen = config.ingest.listen;
    if listen.ip().is_unspecified() {
        listen.set_ip(Ipv4Addr::LOCALHOST.into());
    }
    format!("http://{listen}")
}
