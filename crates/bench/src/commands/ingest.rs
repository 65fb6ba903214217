//! Accepted a second by 64 clients, beside the two things that an acceptance cannot do without.

use waybill_common::clock::Clock;

use super::bench::Bench;
use crate::ceiling::{http_alone, http_with_publish, http_with_publish_and_markers, publish_alone};
use crate::figure::{Row, Sample, Series, Target};
use crate::load::Tally;
use crate::measure::{measured, sample};
use crate::report::progress;
use crate::storm::{Load, accept, account_for};
use crate::workload::{MIX, Traffic};

/// Messages for the ceiling; it may publish them more than once.
const MESSAGES: usize = 2_000;

/// Of the same libraries, and nothing else in it: no signature, no marker, no event, no trace.
pub(crate) const BARE: &str = "HTTP and confirmed publish in one bare program";
/// A server more, which is asked before each publish and told after it.
pub(crate) const REMEMBERING: &str = "such a program with Redis's markers";

#[derive(Default)]
pub(crate) struct Samples {
    pub(crate) http: Series,
    pub(crate) publish: Series,
    pub(crate) bare: Series,
    pub(crate) remembering: Series,
    pub(crate) stripe: Series,
    pub(crate) native: Series,
    cpu_us: Series,
}

impl Samples {
    pub(crate) async fn ceilings(&mut self, bench: &mut Bench) -> anyhow::Result<()> {
        let lasts = bench.lasts();
        let requests = Traffic::stripe(MIX)?.requests(MESSAGES)?;
        let load = Load::Sustained(lasts);
        let answering = rate(http_alone(requests, load));
        self.http.push(sample(answering).await?);
        let webhooks = Traffic::stripe(MIX)?.accepted(MESSAGES)?;
        let publishing = publish_alone(&bench.stage, &webhooks, lasts);
        self.publish.push(sample(publishing).await?);
        let requests = Traffic::stripe(MIX)?.requests(MESSAGES)?;
        let publishing = rate(http_with_publish(&bench.stage, requests, load));
        self.bare.push(sample(publishing).await?);
        let requests = Traffic::stripe(MIX)?.requests(MESSAGES)?;
        let publishing = rate(http_with_publish_and_markers(&bench.stage, requests, load));
        self.remembering.push(sample(publishing).await?);
        Ok(())
    }

    pub(crate) async fn repetition(&mut self, bench: &mut Bench) -> anyhow::Result<()> {
        self.ceilings(bench).await?;
        let accepted = accepting(bench, Traffic::stripe(MIX)?).await?;
        self.stripe.push(accepted.rate);
        self.cpu_us.push(accepted.cpu_us);
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
            Row::plain(BARE, "/s", self.bare.clone()).beside(self.ceiling()),
            Row::plain(REMEMBERING, "/s", self.remembering.clone()).beside(self.ceiling()),
            Row::plain("ingest, HMAC", "/s", self.stripe.clone())
                .beside(self.ceiling())
                .target(Target::RatioAtLeast(0.75)),
            Row::plain(
                "ingest, HMAC, beside such a program with markers",
                "/s",
                self.stripe.clone(),
            )
            .beside(self.remembering.clone()),
            Row::plain("processor time of ingest a webhook", "µs", self.cpu_us.clone()),
        ];
        if !self.native.0.is_empty() {
            let row = Row::plain("ingest, native with bearer token", "/s", self.native.clone());
            rows.push(row.beside(self.ceiling()));
        }
        rows
    }
}

/// Answered a second.
async fn rate(tally: impl Future<Output = anyhow::Result<Tally>>) -> anyhow::Result<f64> {
    Ok(tally.await?.per_second())
}

struct Accepting {
    rate: Sample,
    cpu_us: Sample,
}

async fn accepting(bench: &mut Bench, mut traffic: Traffic) -> anyhow::Result<Accepting> {
    let lasts = bench.lasts();
    let requests = traffic.requests(bench.requests())?;
    bench.stage.ingest().await?;
    let since = Clock::system().now();
    let used_before = bench.stage.ingest_usage()?.cpu_seconds;
    let (tally, disk) = measured(accept(&mut bench.stage, requests, lasts)).await?;
    let used = bench.stage.ingest_usage()?.cpu_seconds - used_before;
    account_for(&mut bench.stage, tally.accepted, since).await?;
    Ok(Accepting {
        rate: Sample { value: tally.per_second(), disk },
        cpu_us: Sample { value: used * 1e6 / tally.accepted as f64, disk },
    })
}

pub(super) async fn measure(bench: &mut Bench) -> anyhow::Result<Vec<Row>> {
    let mut samples = Samples::default();
    for nth in bench.repetitions() {
        progress(&format!("ingest, {nth}"));
        samples.repetition(bench).await?;
        let native = accepting(bench, Traffic::native(MIX)?).await?;
        samples.native.push(native.rate);
    }
    Ok(samples.rows())
}
