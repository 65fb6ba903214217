//! What every measurement shares: the stage, the options, and how many events make a run of the wanted length.

use std::time::Duration;

use crate::arguments::Options;
use crate::ceiling::{Slicing, sql_alone};
use crate::machine::Stage;
use crate::report::progress;
use crate::workload::{MIX, Traffic};

/// Of log, before anything is measured, for each second of a run.
const WARM_UP_MIB: f64 = 256.0;
/// Enough to tell a rate by.
const TRIAL: f64 = 2_000.0;
const EVENTS_LEAST: f64 = 400.0;
/// A run of a single batch would have no rate.
const BATCHED_LEAST: f64 = 3_000.0;
/// More requests than anybody accepts in a second on few processors; each is a kilobyte of memory.
const REQUESTS_A_SECOND: f64 = 30_000.0;

pub(crate) struct Bench {
    pub(crate) stage: Stage,
    pub(crate) options: Options,
    /// Committed a second in batches, roughly.
    sql_rate: f64,
}

impl Bench {
    pub(crate) async fn set_up(options: Options) -> anyhow::Result<Self> {
        progress("starting a PostgreSQL of its own, declaring queues");
        let mut stage = Stage::set_up(options.environment.clone()).await?;
        let sized = options.seconds.min(4.0);
        stage.warm_up((sized * WARM_UP_MIB) as u32).await?;
        let trial = Traffic::stripe(MIX)?.accepted((sized * TRIAL).max(BATCHED_LEAST) as usize)?;
        let sql_rate = sql_alone(&mut stage, &trial, Slicing::BATCHES).await?;
        Ok(Self { stage, options, sql_rate })
    }

    pub(crate) fn lasts(&self) -> Duration {
        self.options.duration()
    }

    pub(crate) fn repetitions(&self) -> std::ops::RangeInclusive<u32> {
        1..=self.options.repetitions
    }

    /// So many that committing them in batches takes a run's time.
    pub(crate) fn events(&self) -> usize {
        (self.sql_rate * self.options.seconds).max(BATCHED_LEAST) as usize
    }

    /// So many that committing them one by one takes about as long.
    pub(crate) fn events_one_by_one(&self) -> usize {
        (self.sql_rate * self.options.seconds / 8.0).max(EVENTS_LEAST) as usize
    }

    pub(crate) fn requests(&self) -> usize {
        (REQUESTS_A_SECOND * self.options.seconds) as usize
    }

    pub(crate) async fn clean_up(self) -> anyhow::Result<()> {
        self.stage.clean_up().await
    }
}
