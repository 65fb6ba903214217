//! Following the log.
//!
//! The log is ordered by the time of receipt, and rows appear when they are committed: one that was received earlier can
//! appear behind one that was printed. So each look goes [`OVERLAP`] further back than what was printed last, and prints
//! what is new there or has ended since. What is committed later than that after its successors, such as the end of a long
//! retry, is not printed; changes of orders are followed without gap (`waybill tail changes`).

use std::collections::BTreeMap;

use chrono::{DateTime, SecondsFormat, TimeDelta, Utc};
use uuid::Uuid;
use waybill_operate::page::LIMIT_MAX;
use waybill_operate::webhooks::{WebhookFilter, WebhookView};

use super::Line;
use crate::output::Output;
use crate::show::{at, color_of, plain, webhooks::ended};
use crate::way::{Trouble, Way};

const OVERLAP: TimeDelta = TimeDelta::seconds(10);

pub(super) struct Webhooks {
    /// Where to begin; none: with what comes from now on.
    since: Option<String>,
    began: bool,
    /// The latest that was printed, or was there at the beginning.
    newest: Option<DateTime<Utc>>,
    /// What was printed within the overlap, and how it had ended.
    seen: BTreeMap<(DateTime<Utc>, Uuid), String>,
}

impl Webhooks {
    pub(super) fn since(time: Option<String>) -> Self {
        Self { since: time, began: false, newest: None, seen: BTreeMap::new() }
    }

    pub(super) async fn look(&mut self, way: &Way, output: &Output) -> anyhow::Result<bool> {
        if !self.began && self.since.is_none() {
            self.pass_over_what_is_there(way).await?;
        }
        self.began = true;
        let mut found = false;
        for webhook in self.news(way).await?.iter().rev() {
            output.items(&[Line::Webhook(webhook)], || line(webhook, output))?;
            self.remember(webhook);
            found = true;
        }
        self.forget();
        Ok(found)
    }

    /// Where another run goes on: it repeats the overlap rather than missing what is still to appear in it.
    pub(super) fn time(&self) -> Option<String> {
        self.from()
    }

    async fn pass_over_what_is_there(&mut self, way: &Way) -> Result<(), Trouble> {
        let newest = WebhookFilter { limit: Some(1), ..WebhookFilter::default() };
        self.newest = way
            .webhooks(&newest)
            .await?
            .items
            .first()
            .map(|webhook| webhook.received_at);
        if self.newest.is_some() {
            for webhook in self.news(way).await? {
                self.remember(&webhook);
            }
        }
        Ok(())
    }

    /// What was not printed yet as it is now, the newest first.
    async fn news(&self, way: &Way) -> Result<Vec<WebhookView>, Trouble> {
        let mut news = Vec::new();
        let mut filter =
            WebhookFilter { from: self.from(), limit: Some(LIMIT_MAX), ..WebhookFilter::default() };
        loop {
            let page = way.webhooks(&filter).await?;
            news.extend(page.items.into_iter().filter(|webhook| {
                self.seen
                    .get(&(webhook.received_at, webhook.id))
                    .is_none_or(|seen| seen != ended(webhook))
            }));
            filter.cursor = page.next;
            if filter.cursor.is_none() {
                return Ok(news);
            }
        }
    }

    fn from(&self) -> Option<String> {
        let overlap = self.newest.map(|newest| newest - OVERLAP);
        overlap
            .map(|from| from.to_rfc3339_opts(SecondsFormat::Micros, true))
            .or_else(|| self.since.clone())
    }

    fn remember(&mut self, webhook: &WebhookView) {
        self.newest = self.newest.max(Some(webhook.received_at));
        let key = (webhook.received_at, webhook.id);
        self.seen.insert(key, ended(webhook).to_owned());
    }

    fn forget(&mut self) {
        if let Some(newest) = self.newest {
            self.seen = self.seen.split_off(&(newest - OVERLAP, Uuid::nil()));
        }
    }
}

fn line(webhook: &WebhookView, output: &Output) -> String {
    let verdict = ended(webhook);
    format!(
        "{}  {}  {} {}  {}  {}",
        at(webhook.received_at),
        webhook.id,
        plain(&webhook.source),
        plain(&webhook.native_type),
        output.paint(verdict, color_of(verdict)),
        plain(webhook.reason.as_deref().unwrap_or_default()),
    )
}
