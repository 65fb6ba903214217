//! Accepted a second by 64 clients, beside the two things that an acceptance cannot do without.

use waybill_common::clock::Clock;

use super::bench::Bench;
use crate::ceiling::{http_alone, publish_alone};
use crate::figure::{Row, Series, Target};
use crate::measure::sample;
use crate::report::progress;
use crate::storm::{accept, account_for};
use crate::workload::{MIX, Traffic};

/// Messages for the ceiling; it may publish them more than once.
const MESSAGES: usize = 2_000;

#[derive(Default)]
pub(crate) struct Samples {
    pub(crate) http: Series,
    pub(crate) publish: Series,
    pub(crate) stripe: Series,
    pub(crate) native: Series,
}

impl Samples {
    pub(crate) async fn ceilings(&mut self, bench: &mut Bench) -> anyhow::Result<()> {
        let lasts = bench.lasts();
        let requests = Traffic::stripe(MIX)?.requests(MESSAGES)?;
        self.http.push(sample(http_alone(requests, lasts)).await?);
        let webhooks = Traffic::stripe(MIX)?.accepted(MESSAGES)?;
        let publishing = publish_alone(&bench.stage, &webhooks, lasts);
        self.publish.push(sample(publishing).await?);
        Ok(())
    }

    pub(crate) async fn repetition(&mut self, bench: &mut Bench) -> anyhow::Result<()> {
        self.ceilings(bench).await?;
        let accepted = accepting(bench, Traffic::stripe(MIX)?);
        self.stripe.push(accepted.await?);
        Ok(())
    }

    /// Both steps, one after the other.
    pub(crate) fn ceiling(&self) -> Series {
        self.http.in_series_with(&self.publish)
    }

    pub(crate) fn rows(&self) -> Vec<Row> {
        let mut rows = vec![
            Row::plain("HTTP alone, 64 clients", "/s", self.http.clone()),
            Row::plain("confirmed publish alone, 64 in flight", "/s", self.publish.clone()),
            Row::plain("ingest, HMAC", "/s", self.stripe.clone())
                .beside(self.ceiling())
                .target(Target::RatioAtLeast(0.75)),
        ];
        if !self.native.0.is_empty() {
            let row = Row::plain("ingest, native with bearer token", "/s", self.native.clone());
            rows.push(row.beside(self.ceiling()));
        }
        rows
    }
}

async fn accepting(
    bench: &mut Bench,
    mut traffic: Traffic,
) -> anyhow::Result<crate::figure::Sample> {
    let lasts = bench.lasts();
    let requests = traffic.requests(bench.requests())?;
    bench.stage.ingest().await?;
    let since = Clock::system().now();
    let mut accepted = 0;
    let sampled = sample(async {
        let tally = accept(&mut bench.stage, requests, lasts).await?;
        accepted = tally.accepted;
        Ok(tally.per_second())
    })
    .await?;
    account_for(&mut bench.stage, accepted, since).await?;
    Ok(sampled)
}

pub(super) async fn measure(bench: &mut Bench) -> anyhow::Result<Vec<Row>> {
    let mut samples = Samples::default();
    for nth in bench.repetitions() {
        progress(&format!("ingest, {nth}"));
        samples.repetition(bench).await?;
        let native = accepting(bench, Traffic::native(MIX)?).await?;
        samples.native.push(native);
    }
    Ok(samples.rows())
}
