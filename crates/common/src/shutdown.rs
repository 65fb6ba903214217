//! Stopping a service in order: everything that runs beside a request is spawned here, so that stopping waits for it.

use std::future::Future;
use std::pin::pin;
use std::time::Duration;

use tokio::signal::unix::{SignalKind, signal};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// One service's wish to stop and its running tasks. Clones share both.
#[derive(Clone, Debug, Default)]
pub struct Shutdown {
    token: CancellationToken,
    tasks: TaskTracker,
}

impl Shutdown {
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Is cancelled when the service should stop.
    #[must_use]
    pub fn token(&self) -> &CancellationToken {
        &self.token
    }

    /// Runs a task that [`finish`](Self::finish) waits for. Long loops must watch [`token`](Self::token).
    pub fn spawn<F>(&self, task: F) -> JoinHandle<F::Output>
    where
        F: Future + Send + 'static,
        F::Output: Send + 'static,
    {
        self.tasks.spawn(task)
    }

    /// Asks everything to stop.
    pub fn begin(&self) {
        self.token.cancel();
    }

    /// Waits until the service should stop.
    pub async fn begun(&self) {
        self.token.cancelled().await;
    }

    /// Asks everything to stop and waits for what still runs. Returns whether all of it ended in time.
    pub async fn finish(&self, within: Duration) -> bool {
        self.begin();
        self.tasks.close();
        tokio::time::timeout(within, self.tasks.wait())
            .await
            .is_ok()
    }
}

/// Waits for the signal of a person (SIGINT) or of a supervisor (SIGTERM) to stop.
///
/// # Errors
/// Where the process may not listen to signals.
pub async fn signalled() -> std::io::Result<()> {
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
    Ok(())
}

/// [`signalled`], for a service that reads nothing again: SIGHUP, which ends a process by default and is sent to all
/// services alike to tell them of new secrets, is told in the log and nothing else.
///
/// # Errors
/// Where the process may not listen to signals.
pub async fn signalled_beyond_hangups() -> std::io::Result<()> {
    let mut hangup = signal(SignalKind::hangup())?;
    let mut stopped = pin!(signalled());
    loop {
        tokio::select! {
            stopped = &mut stopped => return stopped,
            _ = hangup.recv() => {
                tracing::info!("SIGHUP: nothing is read again here, a new configuration needs a restart");
            }
        }
    }
}
