//! Every figure, those that are compared with each other in turn.

use super::bench::Bench;
use super::{end_to_end, growth, hot_order, ingest, latency, leaked_lock, worker};
use crate::figure::Row;
use crate::report::progress;

pub(super) async fn measure(bench: &mut Bench) -> anyhow::Result<Vec<Row>> {
    let (mut taking, mut committing) = (ingest::Samples::default(), worker::Samples::default());
    let mut both = end_to_end::Samples::default();
    for nth in bench.repetitions() {
        progress(&format!("ingest, {nth}"));
        taking.repetition(bench).await?;
        progress(&format!("worker, {nth}"));
        committing.repetition(bench).await?;
        progress(&format!("end to end, {nth}"));
        both.repetition(bench).await?;
    }
    let mut rows = taking.rows();
    rows.extend(committing.rows());
    rows.extend(both.rows((&taking.stripe, &committing.worker)));
    rows.extend(latency::at_half(bench, both.sustained.median()).await?);
    rows.extend(growth::measure(bench).await?);
    rows.extend(hot_order::measure(bench).await?);
    rows.extend(leaked_lock::measure(bench).await?);
    Ok(rows)
}
