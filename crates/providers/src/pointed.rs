//! Payloads that Waybill does not know: JSON pointers say where things stand, and a type says a status of the native
//! vocabulary.

use waybill_common::config::Map;
use waybill_common::domain::{Currency, Effect, Money, OccurredAt, Origin, Reference, first_at};

use crate::json::Json;
use crate::meaning::{Without, ignored, is_id, is_name, unusable};
use crate::setup::{Setup, SetupError};
use crate::statement::{self, Spoken};
use crate::{minor, time};

/// Where things stand in a source's payloads.
pub(crate) struct Pointed {
    provider: &'static str,
    source: String,
    book: String,
    order: String,
    map: Map,
    currency: Option<Currency>,
}

/// What a provider's payloads look like where nothing is configured.
pub(crate) struct Shape {
    pub(crate) order: &'static str,
    pub(crate) kind: &'static str,
    pub(crate) operations: &'static [&'static str],
    pub(crate) amount: &'static str,
    pub(crate) currency: &'static str,
    pub(crate) time: &'static str,
    /// Whether a number counts minor units. Text is always decimal.
    pub(crate) minor: bool,
}

/// What one event says of itself, outside its payload.
pub(crate) struct Told<'a> {
    /// The operation's name where the payload has none.
    pub(crate) event: &'a str,
    /// The event's type, where it stands outside the payload.
    pub(crate) kind: Option<&'a str>,
    pub(crate) at: Option<OccurredAt>,
}

impl Pointed {
    pub(crate) fn new(setup: Setup<'_>, shape: &Shape) -> Result<Self, SetupError> {
        let or = |pointer: &Option<String>, default: &str| {
            Some(pointer.clone().unwrap_or_else(|| default.to_owned()))
        };
        let configured = setup.source.map.clone().unwrap_or_default();
        for status in configured.statuses.values() {
            if statement::name(status).is_none() {
                let why = format!("must name one of {}", statement::names());
                return Err(setup.wrong("map.statuses", why));
            }
        }
        let operations = if configured.operations.is_empty() {
            shape
                .operations
                .iter()
                .map(|pointer| (*pointer).to_owned())
                .collect()
        } else {
            configured.operations
        };
        Ok(Self {
            provider: setup.provider,
            source: setup.name.to_owned(),
            book: setup.book(),
            order: setup.order_ref_or(shape.order),
            map: Map {
                kind: or(&configured.kind, shape.kind),
                operations,
                amount: or(&configured.amount, shape.amount),
                currency: or(&configured.currency, shape.currency),
                time: or(&configured.time, shape.time),
                minor: Some(configured.minor.unwrap_or(shape.minor)),
                statuses: configured.statuses,
            },
            currency: match setup.source.default_currency {
                Some(_) => Some(setup.currency()?),
                None => None,
            },
        })
    }

    /// The event's type, in the payload.
    pub(crate) fn kind<'a>(&self, payload: &'a Json<'_>) -> Option<&'a str> {
        at(payload, self.map.kind.as_ref())
            .text()
            .filter(|kind| is_name(kind))
    }

    /// The event's time, in the payload.
    pub(crate) fn time(&self, payload: &Json<'_>) -> Option<OccurredAt> {
        time::rfc3339(at(payload, self.map.time.as_ref()), Origin::Event)
    }

    /// What the payload says, and of which order.
    pub(crate) fn meaning(
        &self,
        payload: &Json<'_>,
        told: &Told<'_>,
    ) -> Result<(Vec<Reference>, Effect), Without> {
        let Some(kind) = told.kind.or_else(|| self.kind(payload)) else {
            return unusable("the event does not tell what happened");
        };
        let Some(status) = self.status(kind) else {
            return ignored(format!("{kind} is no status that this source maps"));
        };
        let named = self.operation(payload)?;
        let facts = statement::facts(
            status,
            &Spoken {
                book: &self.book,
                scope: &format!("{}:{}", self.provider, self.source),
                operation: named.unwrap_or(told.event),
                amount: self.amount(payload)?,
                first: told.at.map_or(0, |time| first_at(time.at)),
            },
        );
        Ok((self.references(payload, named)?, Effect::Facts { facts }))
    }

    /// As configured, else the type itself or its last word.
    fn status<'a>(&'a self, kind: &'a str) -> Option<&'a str> {
        let last = kind.rsplit('.').next().unwrap_or_default();
        self.map
            .statuses
            .get(kind)
            .map(String::as_str)
            .or_else(|| statement::name(kind))
            .or_else(|| statement::name(last))
    }

    fn operation<'a>(&self, payload: &'a Json<'_>) -> Result<Option<&'a str>, Without> {
        let found = self
            .map
            .operations
            .iter()
            .map(|pointer| payload.pointer(pointer))
            .find(|value| !value.is_null());
        match found.map(|value| value.decimal().filter(|id| is_id(id))) {
            Some(Some(id)) => Ok(Some(id)),
            Some(None) => unusable("the operation's id is no id"),
            None => Ok(None),
        }
    }

    fn amount(&self, payload: &Json<'_>) -> Result<Option<Money>, Without> {
        let value = at(payload, self.map.amount.as_ref());
        if value.is_null() {
            return Ok(None);
        }
        let told = at(payload, self.map.currency.as_ref()).text();
        let code = told.or(self.currency.map(Currency::code));
        match (value.integer(), code) {
            (Some(count), Some(code)) if self.map.minor == Some(true) => {
                minor::money(count, code, Currency::exponent)
            }
            _ => minor::decimal(value.decimal(), code),
        }
        .map(Some)
    }

    fn references(
        &self,
        payload: &Json<'_>,
        operation: Option<&str>,
    ) -> Result<Vec<Reference>, Without> {
        let merchant = match payload.pointer(&self.order).decimal() {
            Some(name) if is_name(name) => Some(Reference::order(name)),
            Some(_) => return unusable(format!("{} is no name of an order", self.order)),
            None => None,
        };
        let foreign =
            operation.map(|id| Reference::foreign(self.provider, "operation", &self.source, id));
        let names: Vec<_> = merchant.into_iter().chain(foreign).collect();
        if names.is_empty() { unusable("the event names no order") } else { Ok(names) }
    }
}

fn at<'a, 'b>(payload: &'a Json<'b>, pointer: Option<&String>) -> &'a Json<'b> {
    pointer.map_or(&Json::Null, |pointer| payload.pointer(pointer))
}
