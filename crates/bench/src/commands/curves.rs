//! What the charts show: figures over load, over batch size, over rows.

use super::bench::Bench;
use super::growth::Grown;
use super::{end_to_end, latency};
use crate::chart::{Axis, Chart, Curve};
use crate::drain::drain;
use crate::load::Schedule;
use crate::machine::Tweak;
use crate::report::progress;
use crate::workload::{MIX, Traffic};

/// Parts of the sustained rate.
const LOADS: [f64; 6] = [0.1, 0.25, 0.4, 0.55, 0.7, 0.85];
const BATCHES: [usize; 7] = [1, 10, 50, 100, 250, 500, 1_000];
/// Parts of `--rows`.
const FILLS: [f64; 4] = [0.0, 0.25, 0.5, 1.0];

pub(super) async fn measure(bench: &mut Bench) -> anyhow::Result<Vec<Chart>> {
    Ok(vec![over_load(bench).await?, over_batch(bench).await?, over_rows(bench).await?])
}

async fn over_load(bench: &mut Bench) -> anyhow::Result<Chart> {
    let mut sustained = end_to_end::Samples::default();
    sustained.repetition(bench).await?;
    let (mut accept, mut end_to_end) = (Vec::new(), Vec::new());
    for part in LOADS {
        let schedule = Schedule::lasting(sustained.sustained.median() * part, bench.lasts());
        progress(&format!("latency at {:.0}/s", schedule.per_second));
        let ran = latency::at(bench, schedule).await?;
        accept.push((schedule.per_second, ran.tally.quantile_ms(0.99)));
        end_to_end.push((schedule.per_second, ran.end_to_end_p99_ms));
    }
    Ok(Chart {
        file: "latency.svg",
        title: "Latency (p99) over load",
        x: Axis::linear("webhooks/s"),
        y: "ms",
        curves: vec![Curve::new("accepted", accept), Curve::new("committed", end_to_end)],
    })
}

async fn over_batch(bench: &mut Bench) -> anyhow::Result<Chart> {
    let mut points = Vec::new();
    for batch in BATCHES {
        progress(&format!("batches of {batch}"));
        let few = batch < 50;
        let count = if few { bench.events_one_by_one() } else { bench.events() };
        let webhooks = Traffic::stripe(MIX)?.accepted(count)?;
        let tweak = Tweak { batch: Some(batch), lanes: None };
        let drained = drain(&mut bench.stage, &webhooks, tweak).await?;
        points.push((batch as f64, drained.per_second));
    }
    Ok(Chart {
        file: "batch.svg",
        title: "Events committed a second, over the size of batches (2 lanes)",
        x: Axis::logarithmic("events in a batch"),
        y: "events/s",
        curves: vec![Curve::new("worker, 2 lanes", points)],
    })
}

async fn over_rows(bench: &mut Bench) -> anyhow::Result<Chart> {
    let mut grown = Grown::start(bench).await?;
    let mut points = Vec::new();
    for part in FILLS {
        let rows = bench.options.rows as f64 * part;
        progress(&format!("tables of {rows:.0} rows"));
        grown.fill(rows as u64).await?;
        points.push((rows, grown.drain(bench).await?.per_second));
    }
    bench.stage.drop_database(grown.database).await?;
    Ok(Chart {
        file: "growth.svg",
        title: "Events committed a second, over rows in the log (2 lanes)",
        x: Axis::linear("rows"),
        y: "events/s",
        curves: vec![Curve::new("worker, 2 lanes", points)],
    })
}
