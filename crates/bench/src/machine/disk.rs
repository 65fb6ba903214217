//! How long the disk takes to keep what is written, right now.

use std::fs::File;
use std::os::unix::fs::FileExt as _;
use std::time::{Duration, Instant};

use anyhow::Context as _;

use crate::figure::median;

/// As PostgreSQL's pages.
const WRITE: [u8; 8192] = [7; 8192];
/// Enough for a median; a quarter of a second where each takes 4 ms.
const WRITES: u64 = 64;
/// What a slow disk may take in all.
const PATIENCE: Duration = Duration::from_secs(2);

/// The median of `fdatasync` after a write in place, in milliseconds, in the folder of temporary files: that is where the
/// bench's PostgreSQL lives.
pub(crate) async fn probe_ms() -> anyhow::Result<f64> {
    tokio::task::spawn_blocking(probe)
        .await
        .context("the probe of the disk panicked")?
        .context("could not probe the disk")
}

fn probe() -> anyhow::Result<f64> {
    let file = tempfile::tempfile()?;
    file.set_len(0)?;
    for nth in 0..WRITES {
        file.write_all_at(&WRITE, nth * WRITE.len() as u64)?;
    }
    file.sync_all()?;
    let began = Instant::now();
    let mut took = Vec::new();
    for nth in 0..WRITES {
        took.push(once(&file, nth)?.as_secs_f64() * 1e3);
        if began.elapsed() > PATIENCE {
            break;
        }
    }
    median(took).context("nothing was written")
}

fn once(file: &File, nth: u64) -> std::io::Result<Duration> {
    let began = Instant::now();
    file.write_all_at(&WRITE, nth * WRITE.len() as u64)?;
    file.sync_data()?;
    Ok(began.elapsed())
}
