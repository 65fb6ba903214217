//! The worker on tables of years, beside the worker on empty ones.

use super::bench::Bench;
use super::large;
use crate::ceiling::{Slicing, commit_into, sql_alone, sql_alone_into};
use crate::drain::{Drained, drain, drain_into};
use crate::figure::{Disk, Row, Sample, Series, Target};
use crate::machine::{Database, Growing, TABLES, Tweak};
use crate::measure::{measured, sample};
use crate::report::progress;
use crate::workload::{MIX, Traffic};

/// Webhooks of which the rows are copies.
const BASE: usize = 2_000;

/// A database to be filled.
pub(super) struct Grown {
    pub(super) database: Database,
    growing: Growing,
}

impl Grown {
    pub(super) async fn start(bench: &mut Bench) -> anyhow::Result<Self> {
        let mut database = bench.stage.database().await?;
        let base = Traffic::stripe(&[])?.accepted(BASE)?;
        commit_into(&mut database, &base, Slicing::BATCHES).await?;
        let growing = Growing::from(&mut database, BASE as u64).await?;
        Ok(Self { database, growing })
    }

    pub(super) async fn fill(&mut self, rows: u64) -> anyhow::Result<()> {
        self.growing.fill(&mut self.database, rows).await
    }

    pub(super) async fn drain(&mut self, bench: &Bench) -> anyhow::Result<Drained> {
        let webhooks = Traffic::stripe(MIX)?.accepted(bench.events())?;
        drain_into(&bench.stage, &mut self.database, &webhooks, Tweak::default()).await
    }
}

#[derive(Default)]
struct Samples {
    rate: Series,
    log_bytes: Series,
}

impl Samples {
    fn push(&mut self, (drained, disk): (Drained, Disk)) {
        self.rate.push(Sample { value: drained.per_second, disk });
        self.log_bytes
            .push(Sample { value: drained.log_bytes, disk });
    }
}

pub(super) async fn measure(bench: &mut Bench) -> anyhow::Result<Vec<Row>> {
    large::filled(bench, on).await
}

/// On tables that were filled before.
pub(super) async fn on(grown: &mut Grown, bench: &mut Bench) -> anyhow::Result<Vec<Row>> {
    let rows = bench.options.rows;
    let (mut full, mut empty) = (Samples::default(), Samples::default());
    let (mut sql_full, mut sql_empty) = (Series::default(), Series::default());
    for nth in bench.repetitions() {
        progress(&format!("growth, {nth}"));
        full.push(measured(grown.drain(bench)).await?);
        let webhooks = Traffic::stripe(MIX)?.accepted(bench.events())?;
        let draining = drain(&mut bench.stage, &webhooks, Tweak::default());
        empty.push(measured(draining).await?);
        let webhooks = Traffic::stripe(MIX)?.accepted(bench.events())?;
        let committing = sql_alone_into(&mut grown.database, &webhooks, Slicing::BATCHES);
        sql_full.push(sample(committing).await?);
        let webhooks = Traffic::stripe(MIX)?.accepted(bench.events())?;
        let committing = sql_alone(&mut bench.stage, &webhooks, Slicing::BATCHES);
        sql_empty.push(sample(committing).await?);
    }
    let mut table = vec![
        Row::plain(format!("worker, {rows} rows before, beside none"), "/s", full.rate)
            .beside(empty.rate)
            .target(Target::RatioAtLeast(0.75)),
        Row::plain(format!("SQL alone, {rows} rows before, beside none"), "/s", sql_full)
            .beside(sql_empty),
        Row::plain("log an event, beside empty tables", "B", full.log_bytes)
            .beside(empty.log_bytes),
    ];
    for name in TABLES {
        let bytes = grown.database.table_bytes(name).await?;
        let (mebibytes, disk) = measured(async { Ok(bytes / f64::from(1 << 20)) }).await?;
        let size = Series(vec![Sample { value: mebibytes, disk }]);
        table.push(Row::plain(format!("table {name} with indexes"), "MiB", size));
    }
    Ok(table)
}
