//! Half of all events on one order, beside the usual mix.

use super::bench::Bench;
use crate::drain::drain;
use crate::figure::{Row, Sample, Series, Target};
use crate::machine::Tweak;
use crate::measure::sample;
use crate::report::progress;
use crate::workload::{Hot, MIX, ONE_ORDER, Traffic};

pub(super) async fn measure(bench: &mut Bench) -> anyhow::Result<Vec<Row>> {
    let (mut hot, mut mix) = (Series::default(), Series::default());
    for nth in bench.repetitions() {
        progress(&format!("hot order, {nth}"));
        hot.push(draining(bench, ONE_ORDER).await?);
        mix.push(draining(bench, MIX).await?);
    }
    let row = Row::plain("worker, half of all on one order, beside the mix", "/s", hot);
    Ok(vec![row.beside(mix).target(Target::RatioAtLeast(0.95))])
}

async fn draining(bench: &mut Bench, hot: &'static [Hot]) -> anyhow::Result<Sample> {
    let webhooks = Traffic::stripe(hot)?.accepted(bench.events())?;
    let draining = async {
        let drained = drain(&mut bench.stage, &webhooks, Tweak::default()).await?;
        Ok(drained.per_second)
    };
    sample(draining).await
}
