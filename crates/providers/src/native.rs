//! The native format: what a merchant's own systems send to `payments`, and operators to `admin`.
//!
//! Rules: DOMAIN.md, sections 2 and 3; answers: DESIGN.md, section 3.

mod payload;
mod scenarios;

use serde::Serialize;
use uuid::Uuid;
use waybill_common::config::{Secret, Source};
use waybill_common::domain::{Currency, Effect, Fact, Reference, Timestamp, Trust, first_at};

use crate::meaning::{canonical_sha256, normal};
use crate::registry::Provider;
use crate::setup::Setup;
use crate::statement::Spoken;
use crate::{
    Adapter, Answer, Message, ParseError, Parsed, Receipt, Request, SetupError, SignatureError,
    Verified, credential, json, statement,
};
use payload::Payload;

const NAME: &str = "native";
/// The source whose messages correct what others said: they act in the scope that `webhook_source` names.
const ADMIN: &str = "admin";

pub(crate) const PROVIDER: Provider =
    Provider { name: NAME, build, scenarios: &scenarios::SCENARIOS };

struct Native {
    source: String,
    tokens: Vec<Secret>,
    default_currency: Option<Currency>,
    duplicate_status: u16,
    book: String,
}

fn build(setup: Setup<'_>) -> Result<Box<dyn Adapter>, SetupError> {
    setup.uses_only(&["tokens", "default_currency", "duplicate_status"])?;
    let Source { tokens, default_currency, duplicate_status, .. } = setup.source;
    let default_currency = default_currency
        .as_deref()
        .map(Currency::parse)
        .transpose()
        .map_err(|wrong| setup.wrong("default_currency", wrong.to_string()))?;
    Ok(Box::new(Native {
        source: setup.name.to_owned(),
        tokens: setup.some("tokens", tokens)?,
        default_currency,
        duplicate_status: duplicate_status.unwrap_or(409),
        book: setup.book(),
    }))
}

impl Adapter for Native {
    fn provider(&self) -> &'static str {
        NAME
    }

    fn verify(&self, request: &Request<'_>, now: Timestamp) -> Result<Verified, SignatureError> {
        credential::by_bearer(&self.tokens, request, now)
    }

    fn parse(
        &self,
        request: &Request<'_>,
        verified: &Verified,
        now: Timestamp,
    ) -> Result<Vec<Parsed>, ParseError> {
        let body =
            json::parse(request.body).map_err(|why| ParseError::Malformed(why.to_string()))?;
        if body.object().is_none() {
            return Err(ParseError::Malformed("the body must be a JSON object".into()));
        }
        let payload =
            payload::read(&body, self.default_currency, now).map_err(ParseError::Invalid)?;
        Ok(vec![self.event(payload, verified.trust)])
    }

    fn accepted(&self, receipt: &Receipt<'_>) -> Answer {
        Answer::json(
            202,
            &Accepted {
                message: "Webhook received and queued for processing",
                webhook_log_id: receipt.webhook_id,
                txn_id: receipt.events.first().and_then(txn_of),
                status: "queued",
                processing_time_ms: hundredths(receipt.processing_ms),
            },
        )
    }

    fn repeated(&self, event: &Parsed) -> Answer {
        Answer::json(
            self.duplicate_status,
            &Duplicate {
                message: "Duplicate webhook detected",
                status: "ignored",
                txn_id: txn_of(event),
            },
        )
    }

    fn sign(&self, message: Message, now: Timestamp) -> Message {
        let token = credential::signing(&self.tokens, now);
        message.with("authorization", format!("Bearer {token}"))
    }
}

impl Native {
    fn event(&self, payload: Payload, trust: Trust) -> Parsed {
        let scope = self.scope(&payload);
        let order = normal(&payload.order);
        let txn = normal(&payload.txn);
        let money = payload.amount;
        let meant = (&order, &txn, payload.status, money.minor(), money.currency().code());
        Parsed {
            account: None,
            dedup_key: Some(dedup_key(&payload)),
            body_sha256: canonical_sha256(&meant).expect("text and 53-bit integers have a form"),
            native_type: payload.status.to_owned(),
            occurred_at: payload.occurred_at,
            trust,
            order_refs: vec![
                Reference::order(&order),
                Reference::foreign(NAME, "txn", scope, &txn),
            ],
            effect: Effect::Facts { facts: self.facts(&payload, scope, &txn) },
            correlation_id: payload.correlation_id,
            txn_id: Some(payload.txn),
            body: None,
        }
    }

    /// Whose transactions are meant. An operator's correction takes the place of what it corrects.
    fn scope<'a>(&'a self, payload: &'a Payload) -> &'a str {
        match &payload.webhook_source {
            Some(named) if self.source == ADMIN => named,
            Some(_) | None => &self.source,
        }
    }

    fn facts(&self, payload: &Payload, scope: &str, txn: &str) -> Vec<Fact> {
        statement::facts(
            payload.status,
            &Spoken {
                book: &self.book,
                scope: &format!("{NAME}:{scope}"),
                operation: txn,
                amount: Some(payload.amount),
                first: first_at(payload.occurred_at.at),
            },
        )
    }
}

/// Named by the sender, or by the statement itself: a retry repeats its bytes, a fresh timestamp is a fresh statement.
fn dedup_key(payload: &Payload) -> String {
    let Payload { event_id, txn, status, occurred_at, .. } = payload;
    match event_id {
        Some(id) => format!("e:{id}"),
        None => format!("t:{txn}:{status}:{}", occurred_at.at),
    }
}

#[derive(Serialize)]
struct Accepted<'a> {
    message: &'static str,
    webhook_log_id: Uuid,
    txn_id: Option<&'a str>,
    status: &'static str,
    processing_time_ms: f64,
}

#[derive(Serialize)]
struct Duplicate<'a> {
    message: &'static str,
    status: &'static str,
    txn_id: Option<&'a str>,
}

fn txn_of(event: &Parsed) -> Option<&str> {
    event.txn_id.as_deref()
}

/// Rounded for people.
fn hundredths(ms: f64) -> f64 {
    format!("{ms:.2}").parse().unwrap_or_default()
}

#[cfg(test)]
mod tests;
