//! Which webhooks are sent: scenarios of the configured sources, lived by new orders.

use std::sync::Arc;

use anyhow::{Context as _, bail};
use rand::rngs::StdRng;
use rand::seq::{IndexedRandom as _, SliceRandom as _};
use rand::{RngExt as _, SeedableRng as _};
use waybill_common::clock::Clock;
use waybill_common::config::Config;
use waybill_common::domain::{Currency, Money, Timestamp};
use waybill_providers::{Adapter, Order, Scenario, adapter, scenarios};

use crate::arguments::Sending;
use crate::sending::Outgoing;

/// Totals of sample orders, in minor units.
const TOTALS: std::ops::RangeInclusive<i64> = 1_000..=50_000;
/// Ids of sample orders are numbers, which every kind of sender can give an order; as large as Shopify's, which are more
/// than a float can hold.
const NUMBERS: std::ops::Range<u64> = 1_000_000_000_000_000_000..9_000_000_000_000_000_000;

/// What will be sent, and for which orders.
pub(crate) struct Plan {
    /// The merchant's ids.
    pub(crate) orders: Vec<String>,
    pub(crate) webhooks: Vec<Outgoing>,
    /// Repeats the same plan, but for the time.
    pub(crate) seed: u64,
}

/// A source that scenarios can be sent to.
struct Sender {
    name: Arc<str>,
    adapter: Arc<dyn Adapter>,
    currency: Currency,
    live: bool,
}

/// Makes a plan order by order.
pub(crate) struct Planner {
    senders: Vec<Sender>,
    random: StdRng,
    now: Timestamp,
    plan: Plan,
}

impl Planner {
    /// For every configured source of that provider, or of all that have scenarios.
    pub(crate) fn new(config: &Config, provider: &str, sending: &Sending) -> anyhow::Result<Self> {
        let mut senders = Vec::new();
        for (name, source) in &config.sources {
            // Corrections are an operator's, not a sample's.
            let wanted = (provider == "all" || provider == source.provider) && name != "admin";
            if wanted && !scenarios(&source.provider).is_empty() {
                senders.push(Sender {
                    name: name.as_str().into(),
                    adapter: adapter(name, source)?.into(),
                    currency: Currency::parse(source.default_currency.as_deref().unwrap_or("USD"))?,
                    live: source.live,
                });
            }
        }
        if senders.is_empty() {
            bail!("no configured source has scenarios of «{provider}»; see `waybill config print`");
        }
        let seed = sending.seed.unwrap_or_else(rand::random);
        let plan = Plan { orders: Vec::new(), webhooks: Vec::new(), seed };
        let random = StdRng::seed_from_u64(seed);
        Ok(Self { senders, random, now: Clock::system().now(), plan })
    }

    /// One more order for every scenario of that name (or all) of every source.
    pub(crate) fn live_each(&mut self, scenario: &str) -> anyhow::Result<()> {
        for (sender, life) in self.lives(scenario)? {
            self.live_alone(sender, life)?;
        }
        Ok(())
    }

    /// One more order that every source tells about, in one of its scenarios of that name (or any).
    pub(crate) fn live_together(&mut self, scenario: &str) -> anyhow::Result<()> {
        let lives = self.lives(scenario)?;
        let order = self.order()?;
        for sender in 0..self.senders.len() {
            let own: Vec<_> = lives.iter().filter(|(of, _)| *of == sender).collect();
            if let Some((_, life)) = own.choose(&mut self.random) {
                self.live(sender, life, &order)?;
            }
        }
        self.plan.orders.push(order.id);
        Ok(())
    }

    /// One more order that lives any scenario of any source.
    pub(crate) fn live_any(&mut self) -> anyhow::Result<()> {
        let sender = self.random.random_range(0..self.senders.len());
        let known = scenarios(self.senders[sender].adapter.provider());
        let life = known
            .choose(&mut self.random)
            .context("a sender without scenarios was left out")?;
        self.live_alone(sender, life)
    }

    /// The whole plan, repeated and shuffled as asked.
    pub(crate) fn finish(mut self, sending: &Sending) -> Plan {
        let once = std::mem::take(&mut self.plan.webhooks);
        self.plan.webhooks = once
            .into_iter()
            .flat_map(|webhook| std::iter::repeat_n(webhook, sending.duplicate as usize))
            .collect();
        if sending.shuffle {
            self.plan.webhooks.shuffle(&mut self.random);
        }
        self.plan
    }

    /// The scenarios of that name (or all) of every source.
    fn lives(&self, scenario: &str) -> anyhow::Result<Vec<(usize, &'static Scenario)>> {
        let senders = self.senders.iter().enumerate();
        let lives: Vec<_> = senders
            .flat_map(|(index, sender)| {
                let known = scenarios(sender.adapter.provider()).iter();
                known.map(move |known| (index, known))
            })
            .filter(|(_, known)| scenario == "all" || scenario == known.name)
            .collect();
        if lives.is_empty() {
            bail!("no scenario is called «{scenario}»; `--scenario list` prints them");
        }
        Ok(lives)
    }

    /// An order of one source. The native format gives an order a UUID.
    fn live_alone(&mut self, sender: usize, life: &Scenario) -> anyhow::Result<()> {
        let mut order = self.order()?;
        if self.senders[sender].adapter.provider() == "native" {
            let id = uuid::Builder::from_random_bytes(self.random.random());
            order.id = id.into_uuid().to_string();
        }
        self.live(sender, life, &order)?;
        self.plan.orders.push(order.id);
        Ok(())
    }

    /// An order that nobody has told about.
    fn order(&mut self) -> anyhow::Result<Order> {
        Ok(Order {
            id: self.random.random_range(NUMBERS).to_string(),
            seed: 0,
            total: Money::from_minor(self.random.random_range(TOTALS), Currency::parse("USD")?)?,
            now: self.now,
            live: true,
            named_throughout: false,
        })
    }

    /// That sender's messages of the order's life, in its own currency and under ids of its own.
    fn live(&mut self, sender: usize, life: &Scenario, order: &Order) -> anyhow::Result<()> {
        let Sender { name, adapter, currency, live } = &self.senders[sender];
        let order = Order {
            seed: self.random.random(),
            total: Money::from_minor(order.total.minor(), *currency)?,
            live: *live,
            ..order.clone()
        };
        let told = (life.messages)(&order).into_iter().map(|message| Outgoing {
            source: Arc::clone(name),
            adapter: Arc::clone(adapter),
            message,
        });
        self.plan.webhooks.extend(told);
        Ok(())
    }
}

#[cfg(test)]
mod tests;
