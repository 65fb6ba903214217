//! What the machine allows, without any program under test.

use super::bench::Bench;
use super::{ingest, worker};
use crate::figure::Row;
use crate::report::progress;

pub(super) async fn measure(bench: &mut Bench) -> anyhow::Result<Vec<Row>> {
    let (mut taking, mut committing) = (ingest::Samples::default(), worker::Samples::default());
    for nth in bench.repetitions() {
        progress(&format!("ceilings, {nth}"));
        taking.ceilings(bench).await?;
        committing.ceilings(bench).await?;
    }
    Ok(vec![
        Row::plain("HTTP alone, 64 clients", "/s", taking.http.clone()),
        Row::plain("confirmed publish alone, 64 in flight", "/s", taking.publish.clone()),
        Row::plain("both, one after the other", "/s", taking.ceiling()),
        Row::plain(ingest::BARE, "/s", taking.bare),
        Row::plain(ingest::REMEMBERING, "/s", taking.remembering),
        Row::plain("SQL alone, batches of 500", "/s", committing.sql),
        Row::plain("SQL alone, one by one, 16 tasks", "/s", committing.sql_one_by_one),
    ])
}
