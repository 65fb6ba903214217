//! A connection for one command, with words for the two things that go wrong.

use anyhow::Context as _;
use waybill_common::config::Config;
use waybill_common::storage::pool::{self, Connection};

pub(crate) async fn connect(config: &Config) -> anyhow::Result<Connection> {
    let pool = pool::connect(&config.database, 1).context("could not read database.url")?;
    pool.get()
        .await
        .context("could not connect to the database")
}
