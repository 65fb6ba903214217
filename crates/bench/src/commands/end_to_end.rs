//! Ingest and worker at once, beside what each reaches alone.

use super::bench::Bench;
use super::{ingest, worker};
use crate::figure::{Row, Sample, Series, Target, steady_rate};
use crate::machine::Usage;
use crate::measure::measured;
use crate::report::progress;
use crate::storm::{Load, together};
use crate::workload::{MIX, Traffic};

#[derive(Default)]
pub(crate) struct Samples {
    pub(crate) sustained: Series,
    cpu_us: Series,
    ingest_cpu_us: Series,
    worker_cpu_us: Series,
    ingest_mib: Series,
    worker_mib: Series,
}

impl Samples {
    pub(crate) async fn repetition(&mut self, bench: &mut Bench) -> anyhow::Result<()> {
        let requests = Traffic::stripe(MIX)?.requests(bench.requests())?;
        let load = Load::Sustained(bench.lasts());
        let (ran, disk) = measured(together(&mut bench.stage, requests, load)).await?;
        let sample = |value| Sample { value, disk };
        self.sustained.push(sample(steady_rate(&ran.commits)));
        let each = |usage: Usage| usage.cpu_seconds * 1e6 / ran.tally.accepted as f64;
        let (by_ingest, by_worker) = (each(ran.ingest), each(ran.worker));
        self.cpu_us.push(sample(by_ingest + by_worker));
        self.ingest_cpu_us.push(sample(by_ingest));
        self.worker_cpu_us.push(sample(by_worker));
        self.ingest_mib.push(sample(ran.ingest.peak_mib));
        self.worker_mib.push(sample(ran.worker.peak_mib));
        Ok(())
    }

    pub(crate) fn rows(&self, alone: (&Series, &Series)) -> Vec<Row> {
        let (ingest, worker) = alone;
        vec![
            Row::plain("end to end, sustained", "/s", self.sustained.clone())
                .beside(ingest.in_series_with(worker))
                .target(Target::RatioAtLeast(0.80)),
            Row::plain("ingest, resident at saturation", "MiB", self.ingest_mib.clone())
                .target(Target::ValueAtMost(64.0)),
            Row::plain("worker, resident at saturation", "MiB", self.worker_mib.clone())
                .target(Target::ValueAtMost(160.0)),
            Row::plain("processor time of both a webhook", "µs", self.cpu_us.clone())
                .target(Target::ValueAtMost(80.0)),
            Row::plain("— of which ingest", "µs", self.ingest_cpu_us.clone()),
            Row::plain("— of which worker", "µs", self.worker_cpu_us.clone()),
        ]
    }
}

pub(super) async fn measure(bench: &mut Bench) -> anyhow::Result<Vec<Row>> {
    let (mut taking, mut committing) = (ingest::Samples::default(), worker::Samples::default());
    let mut samples = Samples::default();
    for nth in bench.repetitions() {
        progress(&format!("end to end, {nth}"));
        taking.repetition(bench).await?;
        committing.subject(bench).await?;
        samples.repetition(bench).await?;
    }
    Ok(samples.rows((&taking.stripe, &committing.worker)))
}
