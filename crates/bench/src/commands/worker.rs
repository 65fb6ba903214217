//! Committed a second from a filled queue, beside the transactions alone and beside a worker that commits one by one.

use super::bench::Bench;
use crate::ceiling::{Slicing, sql_alone};
use crate::drain::{Drained, drain};
use crate::figure::{Disk, Row, Sample, Series, Target};
use crate::machine::Tweak;
use crate::measure::{measured, sample};
use crate::report::progress;
use crate::workload::{MIX, Traffic};

#[derive(Default)]
pub(crate) struct Samples {
    pub(crate) sql: Series,
    pub(crate) sql_one_by_one: Series,
    pub(crate) worker: Series,
    pub(crate) one_by_one: Series,
    cpu_us: Series,
}

impl Samples {
    pub(crate) async fn ceilings(&mut self, bench: &mut Bench) -> anyhow::Result<()> {
        let webhooks = Traffic::stripe(MIX)?.accepted(bench.events())?;
        let alone = sql_alone(&mut bench.stage, &webhooks, Slicing::BATCHES);
        self.sql.push(sample(alone).await?);
        let webhooks = Traffic::stripe(MIX)?.accepted(bench.events_one_by_one())?;
        let alone = sql_alone(&mut bench.stage, &webhooks, Slicing::ONE_BY_ONE);
        self.sql_one_by_one.push(sample(alone).await?);
        Ok(())
    }

    pub(crate) async fn subject(&mut self, bench: &mut Bench) -> anyhow::Result<()> {
        let events = bench.events();
        let (drained, disk) = draining(bench, events, Tweak::default()).await?;
        self.worker.push(Sample { value: drained.per_second, disk });
        let cpu_us = drained.usage.cpu_seconds * 1e6 / events as f64;
        self.cpu_us.push(Sample { value: cpu_us, disk });
        Ok(())
    }

    pub(crate) async fn repetition(&mut self, bench: &mut Bench) -> anyhow::Result<()> {
        self.subject(bench).await?;
        self.ceilings(bench).await?;
        let events = bench.events_one_by_one();
        let (drained, disk) = draining(bench, events, Tweak::ONE_BY_ONE).await?;
        self.one_by_one
            .push(Sample { value: drained.per_second, disk });
        Ok(())
    }

    pub(crate) fn rows(&self) -> Vec<Row> {
        let worker = || Row::plain("", "/s", self.worker.clone());
        let named = |figure: &str, row: Row| Row { figure: figure.to_owned(), ..row };
        vec![
            named("worker, beside SQL alone", worker().beside(self.sql.clone()))
                .target(Target::RatioAtLeast(0.80)),
            named("worker, beside itself one by one", worker().beside(self.one_by_one.clone()))
                .target(Target::RatioAtLeast(10.0)),
            named(
                "worker, beside SQL alone one by one",
                worker().beside(self.sql_one_by_one.clone()),
            ),
            Row::plain("processor time of the worker an event", "µs", self.cpu_us.clone()),
        ]
    }
}

async fn draining(
    bench: &mut Bench,
    events: usize,
    tweak: Tweak,
) -> anyhow::Result<(Drained, Disk)> {
    let webhooks = Traffic::stripe(MIX)?.accepted(events)?;
    measured(drain(&mut bench.stage, &webhooks, tweak)).await
}

pub(super) async fn measure(bench: &mut Bench) -> anyhow::Result<Vec<Row>> {
    let mut samples = Samples::default();
    for nth in bench.repetitions() {
        progress(&format!("worker, {nth}"));
        samples.repetition(bench).await?;
    }
    Ok(samples.rows())
}
