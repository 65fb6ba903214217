//! How long an answer and a verdict take at half the sustained rate, in an open loop.

use super::bench::Bench;
use super::end_to_end;
use super::ingest::{BARE, REMEMBERING};
use crate::ceiling::{http_with_publish, http_with_publish_and_markers, publish_by};
use crate::figure::{Row, Sample, Series, Target};
use crate::load::{Schedule, Tally};
use crate::measure::{measured, sample};
use crate::report::progress;
use crate::storm::{Load, Together, together};
use crate::workload::{MIX, Traffic};

/// Messages for the ceiling; it may publish them more than once.
const MESSAGES: usize = 2_000;

pub(super) async fn measure(bench: &mut Bench) -> anyhow::Result<Vec<Row>> {
    progress("latency: what can be sustained");
    let mut sustained = end_to_end::Samples::default();
    sustained.repetition(bench).await?;
    at_half(bench, sustained.sustained.median()).await
}

/// At half of what can be sustained.
pub(super) async fn at_half(bench: &mut Bench, sustained: f64) -> anyhow::Result<Vec<Row>> {
    let schedule = Schedule::lasting((sustained / 2.0).max(1.0), bench.lasts());
    let (mut accept, mut end_to_end) = (Series::default(), Series::default());
    let (mut publish, mut bare, mut remembering) =
        (Series::default(), Series::default(), Series::default());
    for nth in bench.repetitions() {
        progress(&format!("latency at {:.0}/s, {nth}", schedule.per_second));
        let (ran, disk) = measured(at(bench, schedule)).await?;
        accept.push(Sample { value: ran.tally.quantile_ms(0.99), disk });
        end_to_end.push(Sample { value: ran.end_to_end_p99_ms, disk });
        let webhooks = Traffic::stripe(MIX)?.accepted(MESSAGES)?;
        publish.push(sample(p99(publish_by(&bench.stage, &webhooks, schedule))).await?);
        let requests = Traffic::stripe(MIX)?.requests(MESSAGES)?;
        let answering = http_with_publish(&bench.stage, requests, Load::Open(schedule));
        bare.push(sample(p99(answering)).await?);
        let requests = Traffic::stripe(MIX)?.requests(MESSAGES)?;
        let answering = http_with_publish_and_markers(&bench.stage, requests, Load::Open(schedule));
        remembering.push(sample(p99(answering)).await?);
    }
    Ok(vec![
        Row::plain(at_half_rate(BARE), "ms", bare).beside(publish.clone()),
        Row::plain(at_half_rate(REMEMBERING), "ms", remembering).beside(publish.clone()),
        Row::plain("accept p99 at half rate", "ms", accept)
            .beside(publish)
            .target(Target::RatioAtMost(2.5)),
        Row::plain("received to committed p99 at half rate", "ms", end_to_end)
            .target(Target::ValueAtMost(50.0)),
    ])
}

fn at_half_rate(program: &str) -> String {
    format!("{program}, p99 at half rate")
}

/// Milliseconds.
async fn p99(tally: impl Future<Output = anyhow::Result<Tally>>) -> anyhow::Result<f64> {
    Ok(tally.await?.quantile_ms(0.99))
}

/// By a schedule.
pub(super) async fn at(bench: &mut Bench, schedule: Schedule) -> anyhow::Result<Together> {
    let requests = Traffic::stripe(MIX)?.requests(schedule.count)?;
    together(&mut bench.stage, requests, Load::Open(schedule)).await
}
