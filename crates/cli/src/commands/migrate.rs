//! `waybill migrate`: brings the database to this version's schema.

use anyhow::Context as _;
use serde::Serialize;
use waybill_common::config::Config;
use waybill_common::storage;

use crate::output::{Ending, Output};

#[derive(Serialize)]
struct Migrated {
    ran: Vec<String>,
    version: String,
}

pub(crate) async fn run(config: &Config, output: &Output) -> anyhow::Result<Ending> {
    let ran = storage::migrate(&config.database)
        .await
        .context("could not migrate the database")?;
    let migrated = Migrated { ran, version: storage::migrate::newest() };
    output.result(&migrated, |migrated| match migrated.ran.as_slice() {
        [] => format!("the schema is up to date at {}", migrated.version),
        ran => format!("ran {}; the schema is now {}", ran.join(", "), migrated.version),
    })?;
    Ok(Ending::Well)
}
