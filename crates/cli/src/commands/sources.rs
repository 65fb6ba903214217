//! `waybill sources`: what is configured, without its secrets, and what they have verified.

use crate::output::{Ending, Output};
use crate::show;
use crate::way::Way;

pub(crate) async fn run(way: &Way, output: &Output) -> anyhow::Result<Ending> {
    let sources = way.sources().await?;
    output.result(&sources, |sources| show::sources::list(sources))
}
