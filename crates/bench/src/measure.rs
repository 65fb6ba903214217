//! One measured run, between two probes of the disk.

use crate::figure::{Disk, Sample};
use crate::machine::probe_ms;

/// Runs it and says what the disk was like.
pub(crate) async fn measured<T>(
    run: impl Future<Output = anyhow::Result<T>>,
) -> anyhow::Result<(T, Disk)> {
    let before = probe_ms().await?;
    let result = run.await?;
    Ok((result, Disk::of(before, probe_ms().await?)))
}

/// A run that gives one number.
pub(crate) async fn sample(
    run: impl Future<Output = anyhow::Result<f64>>,
) -> anyhow::Result<Sample> {
    let (value, disk) = measured(run).await?;
    Ok(Sample { value, disk })
}
