//! Somebody who follows orders, as a shop would: a few changes at a time, from where it stopped.

use std::collections::{HashMap, HashSet};

use anyhow::{Context as _, ensure};
use diesel::QueryDsl as _;
use diesel_async::{AsyncPgConnection, RunQueryDsl as _};
use uuid::Uuid;
use waybill_common::storage::order_changes::{Change, Position, changes_after};
use waybill_common::storage::orders;
use waybill_common::storage::schema::order_changes;

/// What it was told, in the order in which it was told.
#[derive(Debug)]
pub struct Follower {
    pub seen: Vec<Change>,
    step: i64,
}

impl Follower {
    /// Reads at most `step` changes at a time.
    #[must_use]
    pub fn new(step: i64) -> Self {
        Self { seen: Vec::new(), step }
    }

    #[must_use]
    pub fn position(&self) -> Position {
        self.seen
            .last()
            .map_or(Position::START, |change| change.position)
    }

    /// Reads once; whether anything was new.
    pub async fn read(&mut self, conn: &mut AsyncPgConnection) -> anyhow::Result<bool> {
        let new = changes_after(conn, self.position(), self.step).await?;
        let any = !new.is_empty();
        self.seen.extend(new);
        Ok(any)
    }

    /// Once nobody commits any more: no repeat and no gap; each order's changes in the order of its trail, each beginning
    /// where the one before ended; and the last one is what the order is.
    pub async fn check(&self, conn: &mut AsyncPgConnection) -> anyhow::Result<()> {
        let positions: HashSet<Position> = self.seen.iter().map(|change| change.position).collect();
        ensure!(positions.len() == self.seen.len(), "a change was told twice");
        ensure!(self.seen.is_sorted_by_key(|change| change.position), "they were not in order");
        let all: i64 = order_changes::table.count().get_result(conn).await?;
        ensure!(i64::try_from(self.seen.len())? == all, "{} of {all} were told", self.seen.len());
        let last = self.last_of_each()?;
        for order in orders::page(conn, None, 10_000).await? {
            let change = last.get(&order.id).context("an order without a change")?;
            let shown = (&change.to_status, &change.currency, change.exponent, change.total);
            ensure!(shown == (&order.status, &order.currency, order.exponent, order.total));
            let sums = (change.authorized, change.captured, change.refunded, change.disputed);
            ensure!(sums == (order.authorized, order.captured, order.refunded, order.disputed));
        }
        Ok(())
    }

    fn last_of_each(&self) -> anyhow::Result<HashMap<Uuid, &Change>> {
        let mut last: HashMap<Uuid, &Change> = HashMap::new();
        for change in &self.seen {
            let before = last.insert(change.order_id, change);
            let follows = before.is_none_or(|before| before.seq < change.seq);
            ensure!(follows, "{change:?} came after {before:?}");
            let from = before.map(|before| before.to_status.as_str());
            ensure!(change.from_status.as_deref() == from, "{change:?} came after {before:?}");
        }
        Ok(last)
    }
}
