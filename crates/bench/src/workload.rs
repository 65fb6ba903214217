//! Webhooks as senders really tell them: lives of orders, interleaved, some orders much busier than others.

use std::collections::VecDeque;

use anyhow::Context as _;
use hyper::Method;
use hyper::header::{HOST, HeaderMap, HeaderValue};
use rand::rngs::StdRng;
use rand::{RngExt as _, SeedableRng as _};
use waybill_common::clock::Clock;
use waybill_common::domain::envelope::Envelope;
use waybill_common::domain::{Currency, Money, Timestamp, Trust};
use waybill_common::id;
use waybill_common::storage::commit::Pending;
use waybill_providers::{Adapter, Message, Order, Scenario, Verified, adapter, scenarios};

use crate::load::Prepared;
use crate::machine::sources;

/// Lives that go on at once: an order's next event comes a few hundred events after its last.
const OPEN_LIVES: usize = 128;
/// A payment is two operations, an intent and a charge: a thousand operations on one order, then it is another's turn.
const LIVES_ON_ONE_ORDER: u32 = 500;
const TOTAL: i64 = 99_99;

/// Orders that get a part of all lives.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Hot {
    pub(crate) share: f64,
    pub(crate) orders: u32,
    pub(crate) name: &'static str,
}

/// A tenth of all events on ten orders: what everything is measured with.
pub(crate) const MIX: &[Hot] = &[Hot { share: 0.1, orders: 10, name: "hot" }];
/// Half of all events on one order.
pub(crate) const ONE_ORDER: &[Hot] = &[Hot { share: 0.5, orders: 1, name: "hot" }];
/// As the mix, and one order more whose lock somebody else may hold.
pub(crate) const LEAKY: &[Hot] =
    &[Hot { share: 0.01, orders: 1, name: "leaky" }, Hot { share: 0.1, orders: 10, name: "hot" }];

/// A webhook that ingest would have accepted.
pub(crate) struct Accepted {
    pub(crate) envelope: Envelope,
    /// The message's body.
    pub(crate) encoded: Vec<u8>,
}

/// An endless stream of webhooks of one source.
pub(crate) struct Traffic {
    source: &'static str,
    adapter: Box<dyn Adapter>,
    scenario: &'static Scenario,
    hot: &'static [Hot],
    random: StdRng,
    open: Vec<VecDeque<Message>>,
    /// Makes ids unique among all runs.
    run: u32,
    lives: u32,
}

impl Traffic {
    /// Signed with HMAC-SHA-256: a card payment, four events.
    pub(crate) fn stripe(hot: &'static [Hot]) -> anyhow::Result<Self> {
        Self::of("stripe", "automatic", hot)
    }

    /// The native format, with a bearer token.
    pub(crate) fn native(hot: &'static [Hot]) -> anyhow::Result<Self> {
        Self::of("payments", "shipped", hot)
    }

    fn of(source: &'static str, scenario: &str, hot: &'static [Hot]) -> anyhow::Result<Self> {
        let config = sources();
        let configured = &config.sources[source];
        let scenario = scenarios(&configured.provider)
            .iter()
            .find(|known| known.name == scenario)
            .with_context(|| format!("there is no scenario {scenario}"))?;
        let adapter = adapter(source, configured)?;
        let (open, run) = (Vec::new(), rand::random());
        let random = StdRng::seed_from_u64(7);
        Ok(Self { source, adapter, scenario, hot, random, open, run, lives: 0 })
    }

    /// The merchant's id of the `nth` of the orders with that name.
    pub(crate) fn order(&self, name: &str, nth: u32) -> String {
        format!("{name}-{:08x}-{nth}", self.run)
    }

    /// Signed now; good for five minutes.
    pub(crate) fn requests(&mut self, count: usize) -> anyhow::Result<Vec<Prepared>> {
        let now = Clock::system().now();
        let requests = (0..count).map(|_| {
            let message = self.next(now)?;
            let signed = self.adapter.sign(message, now);
            let mut headers = HeaderMap::with_capacity(signed.headers.len() + 1);
            headers.insert(HOST, HeaderValue::from_static("localhost"));
            for (name, value) in signed.headers {
                headers.insert(name, value.parse()?);
            }
            let path = format!("/webhooks/{}", self.source);
            Ok(Prepared {
                method: Method::POST,
                wanted: 202,
                path,
                headers,
                body: signed.body.into(),
            })
        });
        requests.collect()
    }

    /// As ingest publishes them.
    pub(crate) fn accepted(&mut self, count: usize) -> anyhow::Result<Vec<Accepted>> {
        let mut all = Vec::with_capacity(count);
        while all.len() < count {
            let now = Clock::system().now();
            let message = self.next(now)?;
            let verified = Verified::by(Trust::Full, None);
            let parsed = self.adapter.parse(&message.request(), &verified, now)?;
            for event in parsed {
                let id = id::at(now);
                let envelope = Envelope {
                    event: event.received(id, self.source, self.adapter.provider()),
                    received_at: now,
                    correlation_id: id.to_string(),
                    body: message.body.clone(),
                    headers: [("content-type".to_owned(), "application/json".to_owned())].into(),
                };
                all.push(Accepted { encoded: envelope.encode(), envelope });
            }
        }
        Ok(all)
    }

    fn next(&mut self, now: Timestamp) -> anyhow::Result<Message> {
        if self.open.is_empty() {
            self.open.resize_with(OPEN_LIVES, VecDeque::new);
        }
        let place = self.random.random_range(0..self.open.len());
        if self.open[place].is_empty() {
            self.open[place] = self.life(now)?.into();
        }
        self.open[place].pop_front().context("a life has events")
    }

    fn life(&mut self, now: Timestamp) -> anyhow::Result<Vec<Message>> {
        self.lives += 1;
        let order = Order {
            id: self.whose(),
            seed: u64::from(self.run) << 32 | u64::from(self.lives),
            total: Money::from_minor(TOTAL, Currency::parse("EUR")?)?,
            now,
            live: false,
            named_throughout: false,
        };
        Ok((self.scenario.messages)(&order))
    }

    /// The order that lives next.
    fn whose(&mut self) -> String {
        let mut lot: f64 = self.random.random();
        for hot in self.hot {
            if lot < hot.share {
                let nth = self.random.random_range(0..hot.orders);
                let turn = self.turn(hot);
                return self.order(hot.name, turn * hot.orders + nth);
            }
            lot -= hot.share;
        }
        self.order("order", self.lives)
    }

    /// How often these orders have had as many operations as one may have.
    fn turn(&self, hot: &Hot) -> u32 {
        let lives_each = f64::from(self.lives) * hot.share / f64::from(hot.orders);
        lives_each as u32 / LIVES_ON_ONE_ORDER
    }
}

/// As a worker takes them.
pub(crate) fn pending(webhooks: &[Accepted]) -> Vec<Pending> {
    webhooks
        .iter()
        .map(|webhook| Pending {
            envelope: webhook.envelope.clone(),
            namespace: "default".to_owned(),
            attempts: 0,
            replayed: false,
            trace_id: None,
        })
        .collect()
}

#[cfg(test)]
mod tests;
