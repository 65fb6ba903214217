//! What is measured on tables of years. Filling them takes longest, so all of it can be measured on the same ones.

use super::bench::Bench;
use super::growth::Grown;
use super::{console, growth};
use crate::figure::Row;
use crate::report::progress;

pub(super) async fn measure(bench: &mut Bench) -> anyhow::Result<Vec<Row>> {
    filled(bench, async |grown: &mut Grown, bench: &mut Bench| {
        let mut table = console::on(grown, bench).await?;
        table.extend(growth::on(grown, bench).await?);
        Ok(table)
    })
    .await
}

/// Measures on tables with as many rows as are asked for.
pub(super) async fn filled(
    bench: &mut Bench,
    measuring: impl AsyncFnOnce(&mut Grown, &mut Bench) -> anyhow::Result<Vec<Row>>,
) -> anyhow::Result<Vec<Row>> {
    let rows = bench.options.rows;
    progress(&format!("filling tables with {rows} rows"));
    let mut grown = Grown::start(bench).await?;
    grown.fill(rows).await?;
    let table = measuring(&mut grown, bench).await?;
    bench.stage.drop_database(grown.database).await?;
    Ok(table)
}
